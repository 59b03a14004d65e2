import type { Operations } from '../../api-spec/generated/operations.ts'
import type { ExecService } from '../exec/exec-service.ts'
import { parseDetachKeys } from './detach-keys.ts'
import type { Hijacked } from './hijack.ts'

type ExecStart = {
  readonly id: string
  readonly body: Operations['ExecStart']['body']
  readonly apiVersion: string
  readonly exec: ExecService
}

/** Starts an exec and joins its streams. What goes wrong once it is tried is told in the stream, as Docker does. */
export async function execStart(
  connection: Hijacked,
  { id, body, apiVersion, exec }: ExecStart,
): Promise<void> {
  if (body?.Detach) {
    await exec.startDetached(id, body)
    connection.answer(200)
    return
  }
  const { tty, stream, ended } = exec.start(id, body ?? {})
  connection.begin(tty, apiVersion)
  try {
    const { isDetached } = await connection.join(
      await stream,
      tty ? parseDetachKeys(exec.detachKeys(id)) : undefined,
    )
    if (isDetached) exec.detached(id)
    else await ended // whoever asks after the end of the stream is to see that it has ended
  } catch (err) {
    connection.say(`${(err as Error).message}\r\n`, tty)
  }
  connection.end()
}
