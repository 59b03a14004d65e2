import type { StartedExec } from '../shim/shim.ts'

/** What the client asked for at creation (ExecConfig of the spec). */
export type ExecConfig = {
  readonly AttachStdin?: boolean
  readonly AttachStdout?: boolean
  readonly AttachStderr?: boolean
  readonly Tty?: boolean
  readonly DetachKeys?: string
  readonly Env?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly Privileged?: boolean
  readonly User?: string
  readonly WorkingDir?: string
  readonly ConsoleSize?: readonly number[] | null
}

/** A process to run, running or run in a container besides its own. Kept in memory only. */
export type Exec = {
  readonly id: string
  readonly containerId: string
  readonly config: ExecConfig
  readonly args: readonly string[]
  status: 'created' | 'running' | 'exited'
  pid: number
  exitCode: number | null
  tty: boolean
  started: Promise<StartedExec> | undefined
}

export type ExecInspect = {
  readonly ID: string
  readonly Running: boolean
  readonly ExitCode: number | null
  readonly ProcessConfig: {
    readonly tty: boolean
    readonly entrypoint: string
    readonly arguments: readonly string[]
    readonly privileged: boolean
    readonly user?: string
  }
  readonly OpenStdin: boolean
  readonly OpenStderr: boolean
  readonly OpenStdout: boolean
  readonly CanRemove: boolean
  readonly ContainerID: string
  readonly DetachKeys: string
  readonly Pid: number
}

export function inspectExec({
  id,
  containerId,
  config,
  args,
  status,
  pid,
  exitCode,
}: Exec): ExecInspect {
  const [entrypoint = '', ...rest] = args
  return {
    ID: id,
    Running: status === 'running',
    ExitCode: exitCode,
    ProcessConfig: {
      tty: config.Tty === true,
      entrypoint,
      arguments: rest,
      privileged: config.Privileged === true,
      ...(config.User ? { user: config.User } : {}),
    },
    OpenStdin: config.AttachStdin === true,
    OpenStderr: config.AttachStderr === true,
    OpenStdout: config.AttachStdout === true,
    CanRemove: status === 'exited',
    ContainerID: containerId,
    DetachKeys: '',
    Pid: pid,
  }
}

/** `exec_create: sh -c true`, as the events of Docker name it. */
export function execAction(action: 'exec_create' | 'exec_start', { args }: Exec): string {
  return `${action}: ${args.join(' ')}`
}
