import type { Duplex } from 'node:stream'
import { containerEvent } from '../containers/container-event.ts'
import type { ContainerService } from '../containers/container-service.ts'
import type { HealthResult, RunningContainers } from '../containers/running-containers.ts'
import type { EventService } from '../events/event-service.ts'
import { log } from '../log.ts'
import type { ExecService } from './exec-service.ts'
import { afterProbe, cutOutput, nextProbeMs, STARTING } from './health.ts'
import { type HealthConfig, healthConfig } from './health-config.ts'

const SIGKILL = 9
/** Of a probe's output is kept what is shown, and a little more. */
const READ_BYTES = 8192

export type HealthServiceDeps = {
  readonly containers: ContainerService
  readonly running: RunningContainers
  readonly execs: ExecService
  readonly events: EventService
}

type Monitor = {
  readonly config: HealthConfig
  readonly startedAtMs: number
  timer: NodeJS.Timeout | undefined
  isOver: boolean
}

/** Probes running containers that have a health check. All its times are of the monotonic clock. */
export class HealthService implements Disposable {
  readonly #deps: HealthServiceDeps
  readonly #monitors = new Map<string, Monitor>()

  constructor(deps: HealthServiceDeps) {
    this.#deps = deps
    const { running } = deps
    running.on('started', (id) => this.#begin(id))
    running.on('resumed', (id) => this.#begin(id))
    running.on('paused', (id) => this.#end(id))
    running.on('ended', (id) => this.#end(id))
  }

  [Symbol.dispose](): void {
    for (const monitor of this.#monitors.values()) stop(monitor)
    this.#monitors.clear()
  }

  #begin(id: string): void {
    const { config } = this.#deps.containers.get(id)
    const check = healthConfig(config.Healthcheck, config.Shell)
    if (!check) return
    const before = this.#monitors.get(id)
    if (before) stop(before)
    const monitor: Monitor = {
      config: check,
      startedAtMs: performance.now(),
      timer: undefined,
      isOver: false,
    }
    this.#monitors.set(id, monitor)
    this.#deps.running.setHealth(id, { ...STARTING, Log: this.#deps.running.health(id)?.Log ?? [] })
    this.#schedule(id, monitor)
  }

  /** Docker shows a container that is not probed any more as unhealthy, and tells nobody. */
  #end(id: string): void {
    const monitor = this.#monitors.get(id)
    if (!monitor) return
    stop(monitor)
    this.#monitors.delete(id)
    const health = this.#deps.running.health(id)
    if (health) this.#deps.running.setHealth(id, { ...health, Status: 'unhealthy' })
  }

  #schedule(id: string, monitor: Monitor): void {
    const status = this.#deps.running.health(id)?.Status ?? 'starting'
    const sinceStartMs = performance.now() - monitor.startedAtMs
    monitor.timer = setTimeout(
      () => void this.#probe(id, monitor),
      nextProbeMs(monitor.config, status, sinceStartMs),
    )
  }

  /** Never rejects. */
  async #probe(id: string, monitor: Monitor): Promise<void> {
    try {
      const result = await this.#run(id, monitor.config)
      if (monitor.isOver) return
      this.#record(id, monitor, result)
    } catch (err) {
      log.exec.warn({ container: id, err }, 'a health check could not be run')
    }
    if (!monitor.isOver) this.#schedule(id, monitor)
  }

  #record(id: string, monitor: Monitor, result: HealthResult): void {
    const { running, events, containers } = this.#deps
    const before = running.health(id) ?? STARTING
    const inStartPeriod = performance.now() - monitor.startedAtMs < monitor.config.startPeriodMs
    const health = afterProbe(before, result, { retries: monitor.config.retries, inStartPeriod })
    running.setHealth(id, health)
    if (health.Status === before.Status) return
    events.publish(containerEvent(containers.get(id), `health_status: ${health.Status}`))
  }

  async #run(id: string, { args, timeoutMs }: HealthConfig): Promise<HealthResult> {
    const Start = new Date().toISOString()
    const { Id } = this.#deps.execs.create(id, {
      Cmd: args,
      AttachStdout: true,
      AttachStderr: true,
    })
    const { stream, ended } = this.#deps.execs.start(Id)
    const output = new Output()
    let hasTimedOut = false
    const timer = setTimeout(() => {
      hasTimedOut = true
      this.#deps.execs.kill(Id, SIGKILL).catch(() => {}) // it has ended just now
      output.close()
    }, timeoutMs)
    try {
      await output.read(await stream)
      if (!hasTimedOut) await ended
    } catch (err) {
      output.add(Buffer.from(String((err as Error).message)))
    } finally {
      clearTimeout(timer)
    }
    const text = cutOutput(output.bytes)
    const End = new Date().toISOString()
    if (!hasTimedOut) {
      return { Start, End, ExitCode: this.#deps.execs.inspect(Id).ExitCode ?? -1, Output: text }
    }
    const said = `Health check exceeded timeout (${goDuration(timeoutMs)})`
    return { Start, End, ExitCode: -1, Output: text === '' ? said : `${said}: ${text}` }
  }
}

/** The first bytes of a framed stream, without the frames. */
class Output {
  bytes: Buffer = Buffer.alloc(0)
  #stream: Duplex | undefined
  #isClosed = false

  async read(stream: Duplex): Promise<void> {
    this.#stream = stream
    if (this.#isClosed) this.close()
    let rest = Buffer.alloc(0)
    try {
      for await (const chunk of stream) rest = this.#takeFrames(Buffer.concat([rest, chunk]))
    } catch (err) {
      if (!this.#isClosed) throw err
    }
    stream.destroy()
  }

  add(payload: Buffer): void {
    if (this.bytes.length < READ_BYTES) this.bytes = Buffer.concat([this.bytes, payload])
  }

  close(): void {
    this.#isClosed = true
    this.#stream?.destroy()
  }

  #takeFrames(buffer: Buffer): Buffer<ArrayBuffer> {
    let at = 0
    while (buffer.length >= at + 8) {
      const length = buffer.readUInt32BE(at + 4)
      if (buffer.length < at + 8 + length) break
      this.add(buffer.subarray(at + 8, at + 8 + length))
      at += 8 + length
    }
    return Buffer.from(buffer.subarray(at))
  }
}

function stop(monitor: Monitor): void {
  monitor.isOver = true
  clearTimeout(monitor.timer)
}

/** 90000 → `1m30s`, as Go prints it. */
function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`
  const seconds = ms / 1000
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = `${Number((seconds % 60).toFixed(3))}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}
