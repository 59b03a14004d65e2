import { afterAll, beforeAll, expect, test } from 'vitest'
import { docker } from '../helpers/docker.ts'
import { eventsOf, inspect, runDetached, sharedDaemon } from '../helpers/engine.ts'
import { waitFor } from '../helpers/wait-for.ts'

const daemon = sharedDaemon()
let id = ''

beforeAll(async () => {
  id = await runDetached(
    daemon(),
    '--name',
    'host',
    '-e',
    'FROM=container',
    'busybox',
    'sleep',
    '1000',
  )
})
afterAll(async () => {
  await daemon().call('DELETE', `/containers/${id}?force=1`)
})

test('exec shows both streams and passes the exit code on', async () => {
  const { code, stdout, stderr } = await daemon().docker(
    'exec',
    id,
    'sh',
    '-c',
    'echo o; echo e >&2; exit 6',
  )

  expect({ code, stdout, stderr }).toEqual({ code: 6, stdout: 'o\n', stderr: 'e\n' })
})

test('exec -i gives stdin to the process, and its end', async () => {
  const { stdout } = await docker(daemon().socket, ['exec', '-i', id, 'cat'], {
    stdin: 'through\n',
  })
  expect(stdout).toBe('through\n')
})

test('exec has the environment of the container, its own, a user and a directory', async () => {
  const { stdout } = await daemon().docker(
    ...['exec', '-e', 'MORE=1', '-u', 'bob', '-w', '/tmp', id],
    ...['sh', '-c', 'echo $FROM $MORE; id -u; pwd'],
  )
  expect(stdout).toBe('container 1\n1000\n/tmp\n')
})

test.each([
  [['nosuch'], 127, 'executable file not found in $PATH'],
  [['/etc/passwd'], 126, 'permission denied'],
])('exec %j exits %i and says why', async (command, exitCode, text) => {
  const { code, stdout, stderr } = await daemon().docker('exec', id, ...command)

  expect(code).toBe(exitCode)
  expect(stdout + stderr).toContain(text)
})

test('exec -d runs on its own; inspect knows how it ended', async () => {
  const created = await daemon().call<{ Id: string }>('POST', `/containers/${id}/exec`, {
    Cmd: ['sh', '-c', 'sleep 0.2; exit 7'],
  })
  const exec = `/exec/${created.body.Id}`
  const before = await daemon().call('GET', `${exec}/json`)
  expect(before.body).toMatchObject({ Running: false, ExitCode: null, Pid: 0, ContainerID: id })

  expect((await daemon().call('POST', `${exec}/start`, { Detach: true })).status).toBe(200)
  const running = await daemon().call('GET', `${exec}/json`)
  expect(running.body).toMatchObject({ Running: true, ExitCode: null })
  const ended = await waitFor('its end', async () => {
    const { body } = await daemon().call('GET', `${exec}/json`)
    return body.Running === false ? body : undefined
  })
  expect(ended.ExitCode).toBe(7)
  const again = await daemon().call('POST', `${exec}/start`, { Detach: true })
  expect(again.status).toBe(409)
})

test.each([
  ['/containers/nope/exec', { Cmd: ['x'] }, 404, 'No such container: nope'],
  ['/containers/host/exec', { Cmd: [] }, 400, 'No exec command specified'],
  ['/exec/nope/start', {}, 404, 'No such exec instance: nope'],
])('POST %s %j answers %i %s', async (path, body, status, message) => {
  const reply = await daemon().call('POST', path, body)
  expect({ status: reply.status, message: reply.body.message }).toEqual({ status, message })
})

test('exec waits for no paused container', async () => {
  await daemon().docker('pause', id)
  const { body, status } = await daemon().call('POST', `/containers/${id}/exec`, { Cmd: ['true'] })
  await daemon().docker('unpause', id)

  expect(status).toBe(409)
  expect(body.message).toBe(`Container ${id} is paused, unpause the container before exec`)
})

test('a health check makes a container healthy, or unhealthy', async () => {
  const checked = await runDetached(
    daemon(),
    ...[
      '--health-cmd',
      'test -f /ok && echo fine',
      '--health-interval',
      '100ms',
      '--health-retries',
      '2',
    ],
    ...['busybox', 'sleep', '1000'],
  )
  const status = (wanted: string) =>
    waitFor(`it to be ${wanted}`, async () => {
      const { State } = await inspect(daemon(), checked)
      return State.Health?.Status === wanted ? State.Health : undefined
    })
  expect((await inspect(daemon(), checked)).State.Health?.Status).toMatch(/starting|unhealthy/)

  await status('unhealthy')
  await daemon().docker('exec', checked, 'touch', '/ok')
  const health = await status('healthy')

  expect(health.Log.at(-1)?.Output).toBe('fine\n')
  const changes = (await eventsOf(daemon(), checked)).filter(({ Action }) =>
    Action.startsWith('health'),
  )
  expect(changes.map(({ Action }) => Action)).toEqual([
    'health_status: unhealthy',
    'health_status: healthy',
  ])
  await daemon().docker('rm', '-f', checked)
})
