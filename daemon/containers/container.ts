import type {
  ContainerConfig,
  EndpointSettings,
  HostConfig,
  MountPoint,
} from '../../api-spec/generated/types.ts'

export type ContainerStatus =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'removing'
  | 'dead'

/** A row of the container table. PascalCase inside config, hostConfig and so on: as it came off the wire, defaults filled in. */
export type Container = {
  readonly id: string
  /** Without the leading slash. */
  readonly name: string
  readonly imageId: string
  /** As the client named it. */
  readonly image: string
  readonly createdAt: Date
  readonly config: ContainerConfig
  readonly hostConfig: HostConfig
  readonly networking: Readonly<Record<string, EndpointSettings>>
  readonly mounts: readonly MountPoint[]
  readonly status: ContainerStatus
  readonly pid: number
  readonly pidStartTime: string
  readonly bootId: string
  readonly exitCode: number
  readonly error: string
  readonly oomKilled: boolean
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly restartCount: number
  readonly stoppedByUser: boolean
}

export type ContainerState = Pick<
  Container,
  | 'status'
  | 'pid'
  | 'pidStartTime'
  | 'bootId'
  | 'exitCode'
  | 'error'
  | 'oomKilled'
  | 'startedAt'
  | 'finishedAt'
  | 'restartCount'
  | 'stoppedByUser'
>

/** What create decides; the rest begins with defaults. */
export type NewContainer = Omit<Container, keyof ContainerState>

/** Running as the API counts it: a paused one does, and so does one that waits for its restart. */
export function isRunning({ status }: Pick<Container, 'status'>): boolean {
  return status === 'running' || status === 'paused' || status === 'restarting'
}
