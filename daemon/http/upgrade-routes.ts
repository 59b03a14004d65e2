import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { parseBody, parseQuery, SpecError } from '../../api-spec/parse.ts'
import type { LifecycleService } from '../containers/lifecycle-service.ts'
import type { ExecService } from '../exec/exec-service.ts'
import type { LogService } from '../logs/log-service.ts'
import { splitVersion } from './api-version.ts'
import { attach } from './attach.ts'
import { execStart } from './exec-start.ts'
import { Hijacked } from './hijack.ts'
import { readUpgradeBody } from './upgrade.ts'

export type UpgradeServices = {
  readonly lifecycle: LifecycleService
  readonly exec: ExecService
  readonly logs: LogService
}

type Upgrade = UpgradeServices & {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** A request that asks to leave HTTP. Never rejects: what goes wrong is the answer. */
export async function handleUpgrade({
  request,
  socket,
  head,
  ...services
}: Upgrade): Promise<void> {
  socket.on('error', () => socket.destroy())
  let connection = new Hijacked(socket, { upgraded: true })
  try {
    const { version, path, error } = splitVersion(request.url ?? '/')
    if (error) throw new SpecError(error)
    const url = new URL(path, 'http://tsd')
    const query = Object.fromEntries(url.searchParams)
    const [, what, id = '', verb] =
      /^\/(containers|exec)\/([^/]+)\/(attach|start)$/.exec(url.pathname) ?? []
    const { text, rest } = await readUpgradeBody(request, socket, head)
    connection = new Hijacked(socket, { upgraded: true, head: rest })
    const ref = decodeURIComponent(id)
    if (request.method === 'POST' && what === 'containers' && verb === 'attach') {
      await attach(connection, {
        ref,
        query: parseQuery('ContainerAttach', query),
        apiVersion: version,
        ...services,
      })
    } else if (request.method === 'POST' && what === 'exec' && verb === 'start') {
      await execStart(connection, {
        id: ref,
        body: parseBody('ExecStart', text),
        apiVersion: version,
        ...services,
      })
    } else {
      connection.answer(404, { message: 'page not found' })
    }
  } catch (err) {
    connection.fail(err)
  }
}
