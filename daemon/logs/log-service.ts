import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Config } from '../config.ts'
import { type Container, isRunning } from '../containers/container.ts'
import type { ContainerService } from '../containers/container-service.ts'
import { logDetails } from '../containers/log-config.ts'
import type { RunningContainers } from '../containers/running-containers.ts'
import { EngineError } from '../errors.ts'
import type { LogsRequest } from '../shim/protocol.ts'
import type { ShimDriver } from '../shim/shim-driver.ts'

export type LogOptions = {
  readonly stdout: boolean
  readonly stderr: boolean
  readonly follow: boolean
  readonly timestamps: boolean
  readonly details: boolean
  /** −1 for all. */
  readonly tail: number
  /** Nanoseconds since the epoch. */
  readonly since?: bigint | undefined
  readonly until?: bigint | undefined
}

type Deps = {
  readonly config: Config
  readonly containers: ContainerService
  readonly running: RunningContainers
  readonly shims: ShimDriver
}

/** What containers have said. The reading and the framing is done by a process of the shim's program; bytes pass through here. */
export class LogService {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Bytes as the API sends them: framed, or with a tty as they are. */
  async read(
    ref: string,
    options: LogOptions,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<{ tty: boolean; stream: Duplex }> {
    const { containers, running, shims } = this.#deps
    const container = containers.get(ref)
    if (container.hostConfig.LogConfig?.Type === 'none') {
      throw new EngineError('not-implemented', 'configured logging driver does not support reading')
    }
    const alive = options.follow && isRunning(container) ? running.get(container.id) : undefined
    const { socket } = await shims.raw(
      this.#request(container, { ...options, follow: alive !== undefined }),
      { signal },
    )
    if (alive) {
      // half-closing tells the reader that nothing more will come
      alive.shim.exited.then(
        () => socket.end(),
        () => socket.end(),
      )
    } else {
      socket.end()
    }
    return { tty: container.config.Tty === true, stream: socket }
  }

  #request(container: Container, options: LogOptions): LogsRequest {
    const { config } = this.#deps
    const { since, until, details, ...rest } = options
    return {
      verb: 'logs',
      path: join(config.dataRoot, 'containers', container.id, `${container.id}-json.log`),
      ...(since === undefined ? {} : { since: String(since) }),
      ...(until === undefined ? {} : { until: String(until) }),
      ...rest,
      raw: container.config.Tty === true,
      prefix: details ? `${logDetails(container, config)} ` : '',
    }
  }
}
