import { afterAll, beforeAll } from 'vitest'
import { type DaemonOptions, startDaemon, type TestDaemon } from './daemon.ts'
import { type ImageOptions, loadBusybox } from './image.ts'

/** One daemon with busybox for all tests of a file; removes every container between them. */
export function sharedDaemon(
  options: DaemonOptions = {},
  image: ImageOptions = {},
): () => TestDaemon {
  let daemon: TestDaemon | undefined
  beforeAll(async () => {
    daemon = await startDaemon(options)
    await loadBusybox(daemon, image)
  })
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]()
  })
  return () => {
    if (!daemon) throw new Error('no daemon')
    return daemon
  }
}

type State = {
  readonly Status: string
  readonly ExitCode: number
  readonly Pid: number
  readonly Error: string
  readonly OOMKilled: boolean
  readonly Health?: { readonly Status: string; readonly Log: { Output: string }[] }
}

export type Inspect = {
  readonly Id: string
  readonly Name: string
  readonly State: State
  readonly RestartCount: number
  readonly HostConfig: Record<string, unknown>
  readonly Config: Record<string, unknown>
}

export async function inspect(daemon: TestDaemon, ref: string): Promise<Inspect> {
  const { status, body } = await daemon.call<Inspect>('GET', `/containers/${ref}/json`)
  if (status !== 200) throw new Error(`inspect ${ref}: ${status} ${JSON.stringify(body)}`)
  return body
}

/** `docker run -d`, its id. */
export async function runDetached(daemon: TestDaemon, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.docker('run', '-d', '--network', 'none', ...args)
  if (code !== 0) throw new Error(`docker run ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

type EngineEvent = {
  readonly Type: string
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Record<string, string> }
}

/** Events of a container so far, oldest first. */
export async function eventsOf(daemon: TestDaemon, container: string): Promise<EngineEvent[]> {
  const filters = encodeURIComponent(JSON.stringify({ container: [container] }))
  const until = (Date.now() / 1000).toFixed(3)
  const { body } = await daemon.call<unknown>(
    'GET',
    `/events?since=1&until=${until}&filters=${filters}`,
  )
  const lines = typeof body === 'string' ? body.split('\n') : [JSON.stringify(body)]
  return lines.filter(Boolean).map((line) => JSON.parse(line) as EngineEvent)
}
