import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { RunRequest } from '../../daemon/shim/protocol.ts'
import type { Shim } from '../../daemon/shim/shim.ts'
import { can } from '../helpers/needs.ts'
import { ShimWorld } from '../helpers/run-request.ts'
import { waitFor } from '../helpers/wait-for.ts'

const isAble = can.root && can.overlay && !can.cgroupV2
const OUTPUT = { stdin: false, stdout: true, stderr: true, stdinOnce: false }
const PIPED = { tty: false, stdin: true, rows: 0, columns: 0 }

/** Starts it once all these attachments are there. */
async function startAttached(
  world: ShimWorld,
  request: RunRequest,
  attachments: readonly (typeof OUTPUT)[],
): Promise<{ shim: Shim; streams: Duplex[] }> {
  const opened = attachments.map(() => Promise.withResolvers<Duplex>())
  const shim = await world.driver.start(
    { ...request, attachers: attachments.length },
    attachments.map((options, index) => ({
      options,
      opened: (stream) => opened[index]?.resolve(stream),
      failed: (err) => opened[index]?.reject(err),
    })),
  )
  return { shim, streams: await Promise.all(opened.map((it) => it.promise)) }
}

/** The payload of Docker's frames. */
function unframe(bytes: Buffer): string {
  let payload = ''
  for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32BE(at + 4)) {
    payload += bytes.toString('utf8', at + 8, at + 8 + bytes.readUInt32BE(at + 4))
  }
  return payload
}

function logOf(world: ShimWorld, { id }: RunRequest): string {
  return readFileSync(join(world.directory(id), 'log.json'), 'utf8')
}

function isAlive(pid: number): boolean {
  return (
    existsSync(`/proc/${pid}/stat`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  )
}

function shimPid({ directory }: RunRequest): number {
  const found = readdirSync('/proc').find((pid) => {
    try {
      const isShim = readFileSync(`/proc/${pid}/comm`, 'utf8') === 'tsd-shim\n'
      return isShim && readlinkSync(`/proc/${pid}/cwd`) === directory
    } catch {
      return false // no process, or one that has just ended
    }
  })
  if (!found) throw new Error('no shim')
  return Number(found)
}

test.skipIf(!isAble)('everyone who is attached gets every byte', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['busybox', 'seq', '1', '20000'])

  const { streams } = await startAttached(world, request, Array(5).fill(OUTPUT))

  const outputs = await Promise.all(streams.map(async (it) => unframe(await buffer(it))))
  const expected = Array.from({ length: 20_000 }, (_, n) => `${n + 1}\n`).join('')
  expect(outputs.every((it) => it === expected)).toBe(true)
})

test.skipIf(!isAble)('input arrives whole at a reader who takes his time', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['sh', '-c', 'sleep 0.5; busybox md5sum'], { stdio: PIPED })
  const input = randomBytes(3_000_000)

  const { streams } = await startAttached(world, request, [
    { ...OUTPUT, stdin: true, stdinOnce: true },
  ])
  const [stream] = streams
  if (!stream) throw new Error('not attached')
  stream.end(input)

  expect(unframe(await buffer(stream))).toContain(createHash('md5').update(input).digest('hex'))
})

test.skipIf(!isAble)('with a terminal there are lines of a size, and no frames', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['sh', '-c', 'read line; busybox stty size; exit 7'], {
    stdio: { tty: true, stdin: true, rows: 30, columns: 100 },
  })

  const { shim, streams } = await startAttached(world, request, [{ ...OUTPUT, stdin: true }])
  const [stream] = streams
  await shim.resize({ rows: 40, columns: 120 })
  stream?.write('go\n')

  expect(await text(stream as Readable)).toContain('40 120\r\n')
  expect(await shim.exited).toMatchObject({ exitCode: 7 })
})

test.skipIf(!isAble)(
  'a client who takes nothing is cut off, and neither the log nor another client suffers',
  async () => {
    await using world = await ShimWorld.open()
    const request = world.request([
      'sh',
      '-c',
      'busybox head -c 90000000 /dev/zero | busybox tr "\\0" x | busybox fold -w 99; echo; echo done',
    ])
    const devices = [
      ...request.devices,
      {
        path: '/dev/zero',
        type: 'c' as const,
        major: 1,
        minor: 5,
        mode: 0o666,
        uid: 0,
        gid: 0,
      },
    ]

    const { shim, streams } = await startAttached(world, { ...request, devices }, [OUTPUT, OUTPUT])
    const [stalled, good] = streams
    let received = 0
    good?.on('data', (chunk: Buffer) => {
      received += chunk.length
    })

    expect(await shim.exited).toMatchObject({ exitCode: 0 })
    await waitFor('the good client to have all', () => received > 90_900_000)
    const log = join(world.directory(request.id), 'log.json')
    expect(statSync(log).size).toBeGreaterThan(90_000_000)
    expect(execFileSync('tail', ['-n', '1', log], { encoding: 'utf8' })).toContain('"done\\n"')
    stalled?.destroy()
  },
)

test.skipIf(!isAble)('an exec ends for its client when the container is killed', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['sleep', '1000'])
  const shim = await world.driver.start(request)
  const exec = await shim.exec({
    op: 'exec',
    exec: 'e1',
    attach: true,
    stdout: true,
    stderr: true,
    process: { ...request.process, args: ['sh', '-c', 'echo begun; sleep 1000'] },
    stdio: { tty: false, stdin: false, rows: 0, columns: 0 },
  })

  const [first] = await once(exec.stream as Readable, 'data')
  expect(first.toString()).toContain('begun')
  await shim.kill(9)

  await text(exec.stream as Readable)
  expect(await exec.exited).toBe(137)
  expect(await shim.exited).toMatchObject({ exitCode: 137, shimDied: false })
})

test.skipIf(!isAble)('a container of another user does not outlive its shim either', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['sh', '-c', 'sleep 1000 & sleep 1000'])
  const shim = await world.driver.start({
    ...request,
    process: { ...request.process, user: '1234:1234' },
  })

  process.kill(shimPid(request), 'SIGKILL')

  await waitFor('its process to be gone', () => !isAlive(shim.pid))
  expect(await shim.exited).toMatchObject({ exitCode: 137, shimDied: true })
})

test.skipIf(!isAble)('a shim does not end because somebody asks it to', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['sh', '-c', 'read line; exit 5'], { stdio: PIPED })
  const shim = await world.driver.start(request)

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.kill(shimPid(request), signal)
  }
  await shim.closeStdin()

  expect(await shim.exited).toMatchObject({ exitCode: 5, shimDied: false })
})

test.skipIf(!isAble)('a process that wants more memory than it may is told of', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(
    ['sh', '-c', 'busybox dd if=/dev/zero of=/dev/null bs=100M; read x'],
    {
      stdio: PIPED,
    },
  )
  const limit = join(request.cgroup.memory ?? '', 'memory.limit_in_bytes')
  const cgroup = { ...request.cgroup, writes: [{ file: limit, value: '20000000' }] }
  const devices = [
    { path: '/dev/zero', type: 'c' as const, major: 1, minor: 5, mode: 0o666, uid: 0, gid: 0 },
  ]
  const shim = await world.driver.start({ ...request, cgroup, devices })

  await new Promise<void>((resolve) => shim.once('oom', () => resolve()))
  await shim.closeStdin()

  expect(await shim.exited).toMatchObject({ oomKilled: true })
})

test.skipIf(!isAble)('a full disk loses lines of the log, not the container', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['sh', '-c', 'busybox seq 1 100000; sleep 0.1'])
  const small = join(world.directory(request.id), 'small')
  await mkdir(small)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
  try {
    const path = join(small, 'log.json')
    const shim = await world.driver.start({ ...request, log: { ...request.log, path } })
    const lost = new Promise<string>((resolve) => shim.once('log-lost', resolve))

    expect(Number(await lost)).toBeGreaterThan(0)
    expect(await shim.exited).toMatchObject({ exitCode: 0 })
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).log).slice(0, 2)).toEqual(['1\n', '2\n'])
  } finally {
    execFileSync('umount', [small])
  }
})

test.skipIf(!isAble)('logs are followed over rotations to the last line', async () => {
  await using world = await ShimWorld.open()
  const request = world.request([
    'sh',
    '-c',
    'for i in 1 2 3 4 5 6 7 8; do busybox seq $((i * 1000)) $((i * 1000 + 999)); sleep 0.05; done',
  ])
  const log = { ...request.log, maxSizeBytes: 50_000, maxFiles: 100, compress: true }
  const shim = await world.driver.start({ ...request, log })
  const { socket } = await world.driver.raw({
    verb: 'logs',
    path: log.path,
    tail: -1,
    follow: true,
    stdout: true,
    stderr: true,
    timestamps: false,
    raw: true,
    prefix: '',
  })
  void shim.exited.then(() => socket.end())

  const expected = Array.from({ length: 8000 }, (_, n) => `${n + 1000}\n`).join('')
  expect((await text(socket)) === expected).toBe(true)
  expect(existsSync(`${log.path}.2.gz`)).toBe(true)
})

test.skipIf(!isAble)('the last lines are found in rotated files', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['busybox', 'seq', '1', '3000'])
  const log = { ...request.log, maxSizeBytes: 20_000, maxFiles: 100, compress: false }
  const shim = await world.driver.start({ ...request, log })
  await shim.exited

  const { socket } = await world.driver.raw({
    verb: 'logs',
    path: log.path,
    tail: 2500,
    follow: false,
    stdout: true,
    stderr: false,
    timestamps: false,
    raw: false,
    prefix: '',
  })
  const lines = unframe(await buffer(socket))

  expect(lines.split('\n').length).toBe(2501)
  expect(lines.startsWith('501\n')).toBe(true)
  expect(logOf(world, request)).toContain('"3000\\n"')
})
