import type { ExecService } from '../../exec/exec-service.ts'
import { execStart } from '../exec-start.ts'
import { Hijacked } from '../hijack.ts'
import { type Handlers, STREAMED } from '../operations.ts'

type Ids = 'ContainerExec' | 'ExecStart' | 'ExecResize' | 'ExecInspect'

export function execRoutes({ exec }: { readonly exec: ExecService }): Handlers<Ids> {
  return {
    ContainerExec: ({ path, body }) => exec.create(path.id, body ?? {}),
    async ExecStart({ path, body, apiVersion, response }) {
      if (body?.Detach) {
        await exec.startDetached(path.id, body)
        return undefined
      }
      const { socket } = response
      if (!socket) return STREAMED
      await execStart(new Hijacked(socket, { upgraded: false }), {
        id: path.id,
        body,
        apiVersion,
        exec,
      })
      return STREAMED
    },
    async ExecResize({ path, query }) {
      await exec.resize(path.id, { rows: query.h ?? 0, columns: query.w ?? 0 })
    },
    ExecInspect: ({ path }) => exec.inspect(path.id),
  }
}
