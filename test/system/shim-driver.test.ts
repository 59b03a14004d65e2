import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { can } from '../helpers/needs.ts'
import { ShimWorld } from '../helpers/run-request.ts'
import { waitFor } from '../helpers/wait-for.ts'

const isAble = can.root && can.overlay && !can.cgroupV2

test.skipIf(!isAble)(
  'a container runs, its output is in the log, its exit code is told',
  async () => {
    await using world = await ShimWorld.open()
    const request = world.request(['sh', '-c', 'echo hello; exit 3'])

    const shim = await world.driver.start(request)

    expect(await shim.exited).toMatchObject({ exitCode: 3, oomKilled: false, shimDied: false })
    expect(readFileSync(join(world.directory(request.id), 'log.json'), 'utf8')).toContain('hello')
    await waitFor('the shim to be gone', () => !existsSync(request.directory))
  },
)

test.skipIf(!isAble)('what is attached before the start misses no byte', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['echo', 'first words'], { attachers: 1 })
  const opened = Promise.withResolvers<NodeJS.ReadableStream>()
  const options = { stdin: false, stdout: true, stderr: true, stdinOnce: false }

  await world.driver.start(request, [{ options, opened: opened.resolve, failed: opened.reject }])

  expect(await text(await opened.promise)).toBe('\u0001\0\0\0\0\0\0\ffirst words\n')
})

test.skipIf(!isAble)('a program that is not there fails the start and leaves nothing', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['nosuch'])

  await expect(world.driver.start(request)).rejects.toMatchObject({
    step: 'exec',
    code: 'ENOENT',
    message: expect.stringContaining('executable file not found in $PATH'),
  })

  await waitFor('the directory to be gone', () => !existsSync(request.directory))
  expect(world.cgroups(request.id).filter((it) => existsSync(it))).toEqual([])
})

test.skipIf(!isAble)('kill, pause, exec and stdin reach the container', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['cat'], {
    stdio: { tty: false, stdin: true, rows: 0, columns: 0 },
  })
  const shim = await world.driver.start(request)
  const stream = await shim.attach({ stdin: true, stdout: true, stderr: true, stdinOnce: false })

  stream.write('round trip\n')
  const [chunk] = await once(stream, 'data')
  expect(chunk.subarray(8).toString()).toBe('round trip\n')

  await shim.pause()
  await shim.resume()
  const exec = await shim.exec({
    op: 'exec',
    exec: 'e1',
    attach: true,
    stdout: true,
    stderr: true,
    process: { ...request.process, args: ['sh', '-c', 'echo from exec; exit 7'] },
    stdio: { tty: false, stdin: false, rows: 0, columns: 0 },
  })
  if (!exec.stream) throw new Error('no stream')
  expect(await text(exec.stream)).toContain('from exec')
  expect(await exec.exited).toBe(7)

  await shim.kill(9)
  expect(await shim.exited).toMatchObject({ exitCode: 137, shimDied: false })
  stream.destroy()
})

test.skipIf(!isAble)('a second daemon adopts what the first has started', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['sleep', '100'])
  const first = await world.driver.start(request)
  const remains = { statusFile: request.statusFile, cgroups: request.cgroup.directories }

  const driver = await world.secondDriver()
  const shim = await driver.adopt(request.id, remains)

  expect(driver.list()).toEqual([request.id])
  expect(shim).toMatchObject({ pid: first.pid, startTime: first.startTime, paused: false })
  await shim?.kill(15)
  await shim?.kill(9)
  expect((await shim?.exited)?.exitCode).toBe(137)
})

test.skipIf(!isAble)('a container does not outlive its shim', async () => {
  await using world = await ShimWorld.open()
  const request = world.request(['sleep', '100'])
  const shim = await world.driver.start(request)
  const status = readFileSync(`/proc/${shim.pid}/status`, 'utf8')
  const shimPid = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1])

  process.kill(shimPid, 'SIGKILL')

  expect(await shim.exited).toMatchObject({ exitCode: 137, shimDied: true })
  await waitFor('the process to be gone', () => !existsSync(`/proc/${shim.pid}/exe`))
  expect(world.cgroups(request.id).filter((it) => existsSync(it))).toEqual([])
  expect(world.driver.list()).toEqual([])
})

test.skipIf(!isAble)('a shim that does not answer is an error, not a wait', async () => {
  await using world = await ShimWorld.open()
  const shim = await world.driver.start(world.request(['sleep', '100']))
  const status = readFileSync(`/proc/${shim.pid}/status`, 'utf8')
  const shimPid = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1])
  process.kill(shimPid, 'SIGSTOP')
  try {
    await expect(shim.resume()).rejects.toThrow('shim does not answer')
  } finally {
    process.kill(shimPid, 'SIGCONT')
  }
  await shim.kill(9)
  expect((await shim.exited).exitCode).toBe(137)
})
