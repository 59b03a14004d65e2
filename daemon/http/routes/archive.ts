import type { ArchiveService } from '../../containers/archive-service.ts'
import type { Handlers } from '../operations.ts'
import { sendBytes } from '../streams.ts'

type Ids =
  | 'ContainerChanges'
  | 'ContainerExport'
  | 'ContainerArchive'
  | 'ContainerArchiveInfo'
  | 'PutContainerArchive'

const STAT_HEADER = 'X-Docker-Container-Path-Stat'

const encodeStat = (stat: object) => Buffer.from(JSON.stringify(stat)).toString('base64')

export function archiveRoutes({ archives }: { readonly archives: ArchiveService }): Handlers<Ids> {
  return {
    ContainerChanges: ({ path }) => archives.changes(path.id),
    async ContainerExport({ path, response, signal }) {
      return sendBytes(
        response,
        'application/octet-stream',
        await archives.export(path.id, { signal }),
      )
    },
    async ContainerArchive({ path, query, response, signal }) {
      const { stat, tar } = await archives.get(path.id, query.path ?? '', { signal })
      return sendBytes(response, 'application/x-tar', tar, { [STAT_HEADER]: encodeStat(stat) })
    },
    async ContainerArchiveInfo({ path, query, response }) {
      const stat = await archives.stat(path.id, query.path ?? '')
      response.setHeader(STAT_HEADER, encodeStat(stat))
    },
    async PutContainerArchive({ path, query, request, signal }) {
      const isTrue = (text: string | undefined) => text === '1' || text?.toLowerCase() === 'true'
      const noOverwriteDirNonDir = isTrue(query.noOverwriteDirNonDir)
      await archives.put(path.id, query.path ?? '', {
        source: request,
        noOverwriteDirNonDir,
        signal,
      })
    },
  }
}
