import { readdirSync, readFileSync } from 'node:fs'
import { type Engine, median, pssKiB, times } from './engine.ts'

/** A figure of one engine; less is better unless `more`. */
export type Measure = {
  readonly name: string
  readonly unit: string
  readonly more?: boolean
  readonly take: (engine: Engine) => Promise<number>
}

async function cycle(engine: Engine, network: string): Promise<void> {
  const id = await engine.create(['true'], network)
  await engine.start(id)
  await engine.wait(id)
  await engine.remove(id)
}

async function inParallel(count: number, width: number, what: () => Promise<void>): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left-- > 0) await what()
    }),
  )
}

async function withContainer<T>(
  engine: Engine,
  command: string[],
  use: (id: string) => Promise<T>,
): Promise<T> {
  const id = await engine.create(command)
  await engine.start(id)
  try {
    return await use(id)
  } finally {
    await engine.remove(id)
  }
}

/** Create and start through the API, on the one connection, as an SDK does. */
async function execTrue(engine: Engine): Promise<number> {
  return withContainer(engine, ['sleep', '600'], async (id) => {
    const taken = await times(40, async () => {
      const { Id } = await engine.call<{ Id: string }>('POST', `/v1.44/containers/${id}/exec`, {
        Cmd: ['true'],
      })
      await engine.call('POST', `/v1.44/exec/${Id}/start`, { Detach: true })
      for (;;) {
        const { Running } = await engine.call<{ Running: boolean }>('GET', `/v1.44/exec/${Id}/json`)
        if (!Running) return
      }
    })
    return median(taken)
  })
}

async function fifty(engine: Engine): Promise<number> {
  const ids: string[] = []
  const begun = performance.now()
  await inParallel(50, 8, async () => {
    const id = await engine.create(['sleep', '600'], 'bridge')
    ids.push(id)
    await engine.start(id)
  })
  const taken = performance.now() - begun
  for (const id of ids) await engine.remove(id)
  return taken
}

async function listThousand(engine: Engine): Promise<number> {
  const ids: string[] = []
  for (let n = 0; n < 1000; n++) ids.push(await engine.create(['true']))
  const taken = await times(9, () => engine.call('GET', '/v1.44/containers/json?all=1'))
  for (const id of ids) await engine.remove(id)
  return median(taken)
}

const LINES_MB = 100
const WRITE_LINES = `yes 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456 | head -n ${LINES_MB * 10_000}`

async function logWriting(engine: Engine): Promise<number> {
  const id = await engine.create(['sh', '-c', WRITE_LINES])
  const begun = performance.now()
  await engine.start(id)
  await engine.wait(id)
  const rate = LINES_MB / ((performance.now() - begun) / 1000)
  await engine.remove(id)
  return rate
}

async function logReading(engine: Engine): Promise<number> {
  const id = await engine.create(['sh', '-c', WRITE_LINES])
  await engine.start(id)
  await engine.wait(id)
  const begun = performance.now()
  const { body } = await engine.raw('GET', `/v1.44/containers/${id}/logs?stdout=1`)
  let bytes = 0
  for await (const chunk of body) bytes += (chunk as Buffer).length
  const rate = bytes / 1e6 / ((performance.now() - begun) / 1000)
  await engine.remove(id)
  return rate
}

/** Processes that serve containers: shims. Told by their parent's container ids in their arguments or by being the shim's program. */
function shimPss(): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isShim(name))
    .reduce((sum, pid) => sum + pssKiB(pid), 0)
}

function isShim(pid: string): boolean {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
    return name === 'tsd-shim' || name.startsWith('containerd-shim')
  } catch {
    return false
  }
}

async function memoryPerContainer(engine: Engine): Promise<number> {
  const before = shimPss()
  const ids: string[] = []
  for (let n = 0; n < 50; n++) {
    const id = await engine.create(['sleep', '600'])
    ids.push(id)
    await engine.start(id)
  }
  const perContainer = (shimPss() - before) / ids.length / 1024
  for (const id of ids) await engine.remove(id)
  return perContainer
}

async function pings(engine: Engine): Promise<number> {
  const count = 20_000
  const begun = performance.now()
  await inParallel(count, 1, async () => {
    const { body } = await engine.raw('GET', '/_ping')
    await body.dump()
  })
  return count / ((performance.now() - begun) / 1000)
}

export const MEASURES: readonly Measure[] = [
  {
    name: 'create+start+wait+remove of true, no network',
    unit: 'ms',
    take: async (e) => median(await times(40, () => cycle(e, 'none'))),
  },
  {
    name: 'create+start+wait+remove of true, bridge',
    unit: 'ms',
    take: async (e) => median(await times(40, () => cycle(e, 'bridge'))),
  },
  {
    name: 'docker run --rm busybox true, bridge',
    unit: 'ms',
    take: async (e) => median(await times(15, () => e.cli('run', '--rm', 'busybox', 'true'))),
  },
  {
    name: 'docker run --rm --network none',
    unit: 'ms',
    take: async (e) =>
      median(await times(15, () => e.cli('run', '--rm', '--network', 'none', 'busybox', 'true'))),
  },
  { name: 'exec of true', unit: 'ms', take: execTrue },
  { name: '50 containers, 8 at a time', unit: 'ms', take: fifty },
  { name: 'list of 1,000 containers', unit: 'ms', take: listThousand },
  { name: 'log writing', unit: 'MB/s', more: true, take: logWriting },
  { name: 'log reading', unit: 'MB/s', more: true, take: logReading },
  { name: 'memory per container (PSS of its shim)', unit: 'MB', take: memoryPerContainer },
  { name: '/_ping, one connection', unit: '/s', more: true, take: pings },
]
