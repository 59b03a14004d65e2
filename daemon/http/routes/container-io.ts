import type { LifecycleService } from '../../containers/lifecycle-service.ts'
import { EngineError } from '../../errors.ts'
import type { LogService } from '../../logs/log-service.ts'
import type { StatsService } from '../../stats/stats-service.ts'
import { isOlder } from '../../util/api-version.ts'
import { attach } from '../attach.ts'
import { unixNano } from '../filters.ts'
import { Hijacked, streamType } from '../hijack.ts'
import { type Handlers, STREAMED } from '../operations.ts'
import { sendBytes, sendText } from '../streams.ts'

type Services = {
  readonly lifecycle: LifecycleService
  readonly logs: LogService
  readonly stats: StatsService
}

type Ids = 'ContainerLogs' | 'ContainerStats' | 'ContainerAttach'

export function containerIoRoutes({ lifecycle, logs, stats }: Services): Handlers<Ids> {
  return {
    async ContainerLogs({ path, query, apiVersion, response, signal }) {
      if (!query.stdout && !query.stderr) {
        throw new EngineError(
          'invalid-parameter',
          'Bad parameters: you must choose at least one stream',
        )
      }
      const { tty, stream } = await logs.read(path.id, logOptions(query), { signal })
      return sendBytes(response, streamType(tty, apiVersion), stream)
    },
    async ContainerStats({ path, query, apiVersion, response, signal }) {
      const oneShot = query['one-shot'] === true && !isOlder(apiVersion, '1.41')
      if (query.stream === false) return stats.once(path.id, { oneShot })
      if (oneShot)
        throw new EngineError('invalid-parameter', 'cannot have stream=true and one-shot=true')
      const samples = stats.stream(path.id, { signal })
      const first = await samples.next() // an unknown container is a 404, not an empty stream
      return sendText(response, 'application/json', jsonLines(first.value, samples))
    },
    async ContainerAttach({ path, query, apiVersion, response }) {
      const { socket } = response
      if (!socket) return STREAMED
      await attach(new Hijacked(socket, { upgraded: false }), {
        ref: path.id,
        query,
        apiVersion,
        lifecycle,
        logs,
      })
      return STREAMED
    },
  }
}

type LogQuery = {
  follow?: boolean
  stdout?: boolean
  stderr?: boolean
  since?: string
  until?: string
  timestamps?: boolean
  tail?: string
  details?: boolean
}

function logOptions(query: LogQuery) {
  const tail = query.tail === undefined || !/^\d+$/.test(query.tail) ? -1 : Number(query.tail)
  return {
    stdout: query.stdout === true,
    stderr: query.stderr === true,
    follow: query.follow === true,
    timestamps: query.timestamps === true,
    details: query.details === true,
    tail,
    since: unixNano(query.since, 'since'),
    until: unixNano(query.until, 'until'),
  }
}

async function* jsonLines(first: unknown, rest: AsyncIterable<unknown>): AsyncGenerator<string> {
  if (first === undefined) return
  yield `${JSON.stringify(first)}\n`
  for await (const item of rest) yield `${JSON.stringify(item)}\n`
}
