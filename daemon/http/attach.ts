import type { Operations } from '../../api-spec/generated/operations.ts'
import type { LifecycleService } from '../containers/lifecycle-service.ts'
import type { LogService } from '../logs/log-service.ts'
import { parseDetachKeys } from './detach-keys.ts'
import type { Hijacked } from './hijack.ts'

type Attach = {
  readonly ref: string
  readonly query: Operations['ContainerAttach']['query']
  readonly apiVersion: string
  readonly lifecycle: LifecycleService
  readonly logs: LogService
}

/** What the container has said, on request, and then what it says, with the client's input the other way. */
export async function attach(
  connection: Hijacked,
  { ref, query, apiVersion, lifecycle, logs }: Attach,
): Promise<void> {
  const keys = parseDetachKeys(query.detachKeys)
  const { signal } = connection
  if (!query.stream) return replay(connection, { ref, query, apiVersion, lifecycle, logs })
  const wanted = {
    stdin: query.stdin === true,
    stdout: query.stdout === true,
    stderr: query.stderr === true,
  }
  const { id, tty, stream } = await lifecycle.attach(ref, { ...wanted, signal })
  stream.catch(() => {}) // awaited below; until then nobody else may be told of it
  connection.begin(tty, apiVersion)
  if (query.logs) await sendLogs(connection, { ref, query, logs })
  try {
    const { isDetached } = await connection.join(
      await stream,
      tty && wanted.stdin ? keys : undefined,
    )
    if (isDetached) lifecycle.detached(id)
  } catch {
    // it was never started, or the client left first
  }
  connection.end()
}

async function replay(
  connection: Hijacked,
  { ref, query, apiVersion, lifecycle, logs }: Attach,
): Promise<void> {
  const tty = lifecycle.hasTty(ref)
  connection.begin(tty, apiVersion)
  if (query.logs) await sendLogs(connection, { ref, query, logs })
  connection.end()
}

async function sendLogs(
  connection: Hijacked,
  { ref, query, logs }: Pick<Attach, 'ref' | 'query' | 'logs'>,
): Promise<void> {
  const { stream } = await logs.read(ref, {
    stdout: query.stdout === true,
    stderr: query.stderr === true,
    follow: false,
    timestamps: false,
    details: false,
    tail: -1,
  })
  for await (const chunk of stream) connection.write(chunk as Buffer)
}
