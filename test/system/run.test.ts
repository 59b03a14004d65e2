import { expect, test } from 'vitest'
import { docker } from '../helpers/docker.ts'
import { inspect, runDetached, sharedDaemon } from '../helpers/engine.ts'
import { waitFor } from '../helpers/wait-for.ts'

const daemon = sharedDaemon()
const run = (...args: string[]) => daemon().docker('run', '--rm', '--network', 'none', ...args)

test('docker run shows both streams and passes the exit code on', async () => {
  const { code, stdout, stderr } = await run(
    'busybox',
    'sh',
    '-c',
    'echo out; echo err >&2; exit 3',
  )

  expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' })
})

test('docker run -i gives stdin to the process, and its end', async () => {
  const { stdout, code } = await docker(
    daemon().socket,
    ['run', '--rm', '-i', '--network', 'none', 'busybox', 'cat'],
    { stdin: 'a line\n'.repeat(10_000) },
  )

  expect(code).toBe(0)
  expect(stdout).toBe('a line\n'.repeat(10_000))
})

test.each([
  ['nosuch', 127, 'exec: "nosuch": executable file not found in $PATH'],
  ['/nosuch', 127, 'no such file or directory'],
  ['/etc/passwd', 126, 'permission denied'],
  ['/etc', 126, /is a directory|permission denied/],
])('docker run %s exits %i and says why', async (command, exitCode, text) => {
  const { code, stderr } = await run('busybox', command)

  expect(code).toBe(exitCode)
  expect(stderr).toMatch(text)
})

test('an image that is not there is named', async () => {
  const { status, body } = await daemon().call('POST', '/containers/create', {
    Image: 'nope',
    Cmd: ['x'],
  })

  expect(status).toBe(404)
  expect(body).toEqual({ message: 'No such image: nope:latest' })
})

test('docker run --rm leaves nothing', async () => {
  await run('--name', 'brief', 'busybox', 'true')

  const { status } = await daemon().call('GET', '/containers/brief/json')
  expect(status).toBe(404)
})

test('a start that fails leaves a container that says so', async () => {
  await daemon().docker('create', '--name', 'broken', '--network', 'none', 'busybox', 'nosuch')
  const { code, stderr } = await daemon().docker('start', 'broken')

  expect(code).toBe(1)
  expect(stderr).toContain('executable file not found in $PATH')
  const { State } = await inspect(daemon(), 'broken')
  expect(State).toMatchObject({ Status: 'created', ExitCode: 127, Pid: 0 })
  expect(State.Error).toContain('executable file not found')
  await daemon().docker('rm', 'broken')
})

test('two containers cannot have one name', async () => {
  const id = await runDetached(daemon(), '--name', 'twin', 'busybox', 'sleep', '100')
  const { status, body } = await daemon().call('POST', '/containers/create?name=twin', {
    Image: 'busybox',
    Cmd: ['true'],
  })

  expect(status).toBe(409)
  expect(body.message).toBe(
    `Conflict. The container name "/twin" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  )
  await daemon().docker('rm', '-f', 'twin')
})

test('a container sees its name, its environment, its user and its directory', async () => {
  const { stdout } = await run(
    ...['-e', 'COLOUR=blue', '-u', 'bob', '-w', '/tmp', '--hostname', 'box', 'busybox'],
    ...['sh', '-c', 'hostname; echo $COLOUR; id -u; id -g; pwd; echo $HOME'],
  )

  expect(stdout.split('\n')).toEqual(['box', 'blue', '1000', '1000', '/tmp', '/home', ''])
})

test('a container has a process tree and a file system of its own', async () => {
  const { stdout } = await run('busybox', 'sh', '-c', 'echo $$; ls /; cat /proc/1/comm')

  expect(stdout).toContain('1\n')
  expect(stdout).toContain('bin\n')
  expect(stdout).not.toContain('usr')
})

test('memory that is too much is taken away, and docker inspect says so', async () => {
  const id = await runDetached(
    daemon(),
    ...['-m', '16m', 'busybox', 'sh', '-c', 'head -c 200000000 /dev/zero | tail'],
  )
  await daemon().docker('wait', id)

  const { State } = await inspect(daemon(), id)
  expect(State.OOMKilled).toBe(true)
  await daemon().docker('rm', id)
})

test('a tty is a tty', async () => {
  const id = await runDetached(daemon(), '-t', 'busybox', 'sh', '-c', 'tty; stty size; sleep 100')
  const { status } = await daemon().call('POST', `/containers/${id}/resize?h=33&w=101`)
  expect(status).toBe(200)

  const exec = await daemon().docker('exec', '-t', id, 'tty')
  expect(exec.stdout).toMatch(/^\/dev\/(pts\/\d+|console)\r\n$/)
  const logs = await waitFor('output', async () => {
    const { stdout } = await daemon().docker('logs', id)
    return stdout.includes('console') || stdout.includes('pts') ? stdout : undefined
  })
  expect(logs).toContain('\r\n')
  await daemon().docker('rm', '-f', id)
})

test('logs has what was written, with tail, timestamps and both streams', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sh', '-c', 'seq 5; echo oops >&2')
  await daemon().docker('wait', id)

  expect((await daemon().docker('logs', id)).stdout).toBe('1\n2\n3\n4\n5\n')
  expect((await daemon().docker('logs', id)).stderr).toBe('oops\n')
  const { stdout } = await daemon().docker('logs', '-t', '--tail', '2', id)
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 5\n$/)
  await daemon().docker('rm', id)
})

test('logs -f follows to the end', async () => {
  const id = await runDetached(
    daemon(),
    'busybox',
    'sh',
    '-c',
    'for i in 1 2 3; do echo $i; sleep 0.2; done',
  )
  const { stdout } = await daemon().docker('logs', '-f', id)

  expect(stdout).toBe('1\n2\n3\n')
  await daemon().docker('rm', id)
})

test('docker cp brings files in and out, running or not', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sleep', '100')
  const here = new URL('run.test.ts', import.meta.url).pathname
  const copied = await daemon().docker('cp', here, `${id}:/tmp/test.ts`)
  expect(copied.stderr).not.toContain('Error')
  const { stdout } = await daemon().docker('exec', id, 'wc', '-l', '/tmp/test.ts')
  expect(Number(stdout.split(' ')[0])).toBeGreaterThan(50)

  await daemon().docker('kill', id)
  const out = await daemon().docker('cp', `${id}:/tmp/test.ts`, '-')
  expect(out.stdout).toContain('docker cp brings files in and out')
  const missing = await daemon().docker('cp', `${id}:/tmp/nope`, '-')
  expect(missing.stderr).toContain(`Could not find the file /tmp/nope in container ${id}`)
  await daemon().docker('rm', id)
})

test('diff, commit and export show what a container has changed', async () => {
  await daemon().docker(
    'run',
    '--name',
    'changed',
    '--network',
    'none',
    'busybox',
    'sh',
    '-c',
    'echo new > /added; rm /etc/group',
  )

  expect((await daemon().docker('diff', 'changed')).stdout.split('\n').sort()).toEqual(
    ['', 'A /added', 'C /etc', 'D /etc/group'].sort(),
  )
  const { code } = await daemon().docker(
    'commit',
    '-c',
    'CMD ["cat", "/added"]',
    'changed',
    'mine:1',
  )
  expect(code).toBe(0)
  expect((await run('mine:1')).stdout).toBe('new\n')
  expect((await run('mine:1', 'ls', '/etc')).stdout).not.toContain('group')
  const exported = await daemon().docker('export', 'changed')
  expect(exported.stdout).toContain('added')
  await daemon().docker('rm', 'changed')
  await daemon().docker('rmi', 'mine:1')
})
