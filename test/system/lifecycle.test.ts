import { expect, test } from 'vitest'
import { eventsOf, inspect, runDetached, sharedDaemon } from '../helpers/engine.ts'
import { waitFor } from '../helpers/wait-for.ts'

const daemon = sharedDaemon()
const call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
  daemon().call(method, path, body)
const remove = (id: string) => call('DELETE', `/containers/${id}?force=1`)

const TRAP = 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
const ready = (id: string) =>
  waitFor('the trap to be set', async () =>
    (await daemon().docker('logs', id)).stdout.includes('ready'),
  )

test('stop asks first: the process may clean up', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sh', '-c', TRAP)
  await ready(id)

  expect((await call('POST', `/containers/${id}/stop?t=10`)).status).toBe(204)

  expect((await inspect(daemon(), id)).State).toMatchObject({
    Status: 'exited',
    ExitCode: 5,
    Pid: 0,
  })
  expect((await call('POST', `/containers/${id}/stop`)).status).toBe(304)
  await remove(id)
})

test('stop kills what does not listen', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sleep', '100') // pid 1 ignores what it does not handle
  await call('POST', `/containers/${id}/stop?t=0`)

  expect((await inspect(daemon(), id)).State).toMatchObject({ Status: 'exited', ExitCode: 137 })
  await remove(id)
})

test('start tells whether there was anything to do', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sleep', '100')

  expect((await call('POST', `/containers/${id}/start`)).status).toBe(304)
  await call('POST', `/containers/${id}/kill`)
  expect((await call('POST', `/containers/${id}/start`)).status).toBe(204)
  await remove(id)
})

test.each([
  ['POST', '/containers/nope/start', 404, 'No such container: nope'],
  ['POST', '/containers/nope/stop', 404, 'No such container: nope'],
  ['POST', '/containers/nope/wait', 404, 'No such container: nope'],
  ['DELETE', '/containers/nope', 404, 'No such container: nope'],
  [
    'POST',
    '/containers/asleep/kill',
    409,
    'cannot kill container: asleep: container ID is not running',
  ],
  ['POST', '/containers/asleep/pause', 409, 'container ID is not running'],
  ['POST', '/containers/asleep/unpause', 500, 'Container ID is not paused'],
  ['POST', '/containers/asleep/kill?signal=FOO', 400, 'invalid signal: FOO'],
  ['POST', '/containers/asleep/wait?condition=never', 400, 'invalid condition: "never"'],
  ['GET', '/containers/asleep/top', 409, 'container ID is not running'],
  ['POST', '/containers/asleep/resize?h=1&w=1', 409, 'container ID is not running'],
  [
    'POST',
    '/containers/asleep/rename?name=asleep',
    400,
    'Renaming a container with the same name as its current name',
  ],
  ['POST', '/containers/asleep/rename?name=', 400, 'Neither old nor new names may be empty'],
  [
    'POST',
    '/containers/asleep/rename?name=a/b',
    400,
    'Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  ],
] as const)('%s %s answers %i %s', async (method, path, status, message) => {
  const { body } = await call('POST', '/containers/create?name=asleep', {
    Image: 'busybox',
    Cmd: ['true'],
  })
  const id = String(body.Id)
  const reply = await call(method, path)

  expect({ status: reply.status, message: reply.body.message }).toEqual({
    status,
    message: message.replace('ID', id),
  })
  await remove(id)
})

test('pause holds a container still; it can be killed, not started', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sleep', '100')
  expect((await call('POST', `/containers/${id}/pause`)).status).toBe(204)
  expect((await inspect(daemon(), id)).State).toMatchObject({
    Status: 'paused',
    Running: true,
    Paused: true,
  })

  const again = await call('POST', `/containers/${id}/pause`)
  expect(again).toMatchObject({
    status: 409,
    body: { message: `Container ${id} is already paused` },
  })
  expect((await call('POST', `/containers/${id}/start`)).body.message).toBe(
    'cannot start a paused container, try unpause instead',
  )
  expect((await call('POST', `/containers/${id}/unpause`)).status).toBe(204)
  await call('POST', `/containers/${id}/pause`)
  expect((await call('POST', `/containers/${id}/kill`)).status).toBe(204)
  expect((await inspect(daemon(), id)).State).toMatchObject({ Status: 'exited', ExitCode: 137 })
  await remove(id)
})

test('a running container is not removed unless by force', async () => {
  const id = await runDetached(daemon(), '--name', 'busy', 'busybox', 'sleep', '100')
  const refused = await call('DELETE', '/containers/busy')

  expect(refused).toMatchObject({
    status: 409,
    body: {
      message:
        'cannot remove container "busy": container is running: stop the container before removing or force remove',
    },
  })
  expect((await call('DELETE', `/containers/${id}?force=1`)).status).toBe(204)
  expect((await call('GET', `/containers/${id}/json`)).status).toBe(404)
})

test('kill works while a slow stop waits', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sleep', '100')
  const stop = call('POST', `/containers/${id}/stop?t=60`)
  await waitFor('the stop to wait', async () =>
    (await eventsOf(daemon(), id)).some(({ Action }) => Action === 'kill'),
  )

  expect((await call('POST', `/containers/${id}/kill`)).status).toBe(204)
  expect((await stop).status).toBe(204)
  await remove(id)
})

test('restart starts what runs and what does not', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sleep', '100')
  const before = (await inspect(daemon(), id)).State.Pid

  expect((await call('POST', `/containers/${id}/restart?t=0`)).status).toBe(204)
  const { State } = await inspect(daemon(), id)
  expect(State.Status).toBe('running')
  expect(State.Pid).not.toBe(before)
  await call('POST', `/containers/${id}/kill`)
  await call('POST', `/containers/${id}/restart`)
  expect((await inspect(daemon(), id)).State.Status).toBe('running')
  await remove(id)
})

test('restart keeps a container that is to be removed at its end', async () => {
  const id = await runDetached(daemon(), '--rm', 'busybox', 'sleep', '100')
  expect((await call('POST', `/containers/${id}/restart?t=0`)).status).toBe(204)
  expect((await inspect(daemon(), id)).State.Status).toBe('running')
  await call('POST', `/containers/${id}/stop?t=0`)
  expect((await call('GET', `/containers/${id}/json`)).status).toBe(404)
})

test('on-failure restarts as often as it may, then leaves it', async () => {
  const id = await runDetached(daemon(), '--restart', 'on-failure:2', 'busybox', 'false')
  await waitFor('the last end', async () => {
    const { State, RestartCount } = await inspect(daemon(), id)
    return State.Status === 'exited' && RestartCount === 2
  })
  await remove(id)
})

test('always restarts, until it is stopped', async () => {
  const id = await runDetached(daemon(), '--restart', 'always', 'busybox', 'true')
  await waitFor('a restart', async () => (await inspect(daemon(), id)).RestartCount >= 2)
  expect((await call('POST', `/containers/${id}/stop?t=0`)).status).toBe(204)

  const { RestartCount } = await inspect(daemon(), id)
  await waitFor('time to restart', async () => {
    const { State } = await inspect(daemon(), id)
    return State.Status === 'exited'
  })
  expect((await inspect(daemon(), id)).RestartCount).toBe(RestartCount)
  await remove(id)
})

test('events tell the life of a container in order', async () => {
  await daemon().docker(
    'run',
    '--rm',
    '--name',
    'told',
    '--network',
    'none',
    'busybox',
    'sh',
    '-c',
    'exit 4',
  )

  const events = await eventsOf(daemon(), 'told')
  expect(events.map(({ Action }) => Action)).toEqual([
    'create',
    'attach',
    'start',
    'die',
    'destroy',
  ])
  expect(events[3]?.Actor.Attributes).toMatchObject({
    exitCode: '4',
    image: 'busybox',
    name: 'told',
  })
})

test('ps finds containers by what they are', async () => {
  const id = await runDetached(
    daemon(),
    '--name',
    'found',
    '-l',
    'kind=test',
    'busybox',
    'sleep',
    '100',
  )
  await daemon().docker('create', '--name', 'lost', '-l', 'kind=test', 'busybox', 'true')
  const ps = async (...filters: string[]) => {
    const args = filters.flatMap((it) => ['--filter', it])
    const { stdout } = await daemon().docker('ps', '-a', '--format', '{{.Names}}', ...args)
    return stdout.trim().split('\n').filter(Boolean).sort()
  }

  expect(await ps('label=kind=test')).toEqual(['found', 'lost'])
  expect(await ps('label=kind=test', 'status=running')).toEqual(['found'])
  expect(await ps('name=los')).toEqual(['lost'])
  expect(await ps(`id=${id.slice(0, 12)}`)).toEqual(['found'])
  expect(await ps('since=found')).toEqual(['lost'])
  expect(await ps('before=lost', 'label=kind')).toEqual(['found'])
  expect(await ps('ancestor=busybox', 'label=kind')).toEqual(['found', 'lost'])
  await daemon().docker('rm', '-f', 'found', 'lost')
})

test('rename, top and update reach a running container', async () => {
  const id = await runDetached(daemon(), '--name', 'before', '-m', '64m', 'busybox', 'sleep', '100')
  await daemon().docker('rename', 'before', 'after')
  expect((await inspect(daemon(), id)).Name).toBe('/after')

  expect((await daemon().docker('top', 'after')).stdout).toContain('sleep 100')
  const update = await daemon().docker('update', '-m', '128m', '--memory-swap', '256m', 'after')
  expect(update).toMatchObject({ code: 0 })
  expect((await inspect(daemon(), id)).HostConfig.Memory).toBe(128 << 20)
  await remove(id)
})

test('prune removes what does not run', async () => {
  await daemon().docker('create', '--name', 'old', 'busybox', 'true')
  const id = await runDetached(daemon(), 'busybox', 'sleep', '100')

  const { stdout } = await daemon().docker('container', 'prune', '-f')

  expect(stdout).toContain('Total reclaimed space')
  expect((await call('GET', '/containers/old/json')).status).toBe(404)
  expect((await inspect(daemon(), id)).State.Status).toBe('running')
  await remove(id)
})

test('attach sees the output from now on, and its end', async () => {
  const id = await runDetached(daemon(), 'busybox', 'sh', '-c', 'sleep 0.5; echo late; exit 2')
  const { stdout, code } = await daemon().docker('attach', id)

  expect({ stdout, code }).toEqual({ stdout: 'late\n', code: 2 })
  await remove(id)
})
