import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { FAIL_POINTS } from '../../daemon/util/fail-point.ts'
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts'
import { eventsOf, inspect, runDetached } from '../helpers/engine.ts'
import { loadBusybox } from '../helpers/image.ts'
import { can } from '../helpers/needs.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { violations } from './invariants.ts'

const isAble = can.root && can.overlay

async function daemonWithBusybox(): Promise<TestDaemon> {
  const daemon = await startDaemon()
  await loadBusybox(daemon)
  return daemon
}

/** After a fault things may take a moment to be cleared up, but not longer. */
async function expectSound(daemon: TestDaemon): Promise<void> {
  await waitFor('nothing to be left', async () => (await violations(daemon)).length === 0, {
    timeoutMs: 5000,
    intervalMs: 50,
  }).catch(() => {})
  expect(await violations(daemon)).toEqual([])
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

const isGone = (pid: number) =>
  !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))

test.skipIf(!isAble)('containers do not notice that the daemon was killed', async () => {
  await using daemon = await daemonWithBusybox()
  const id = await runDetached(
    daemon,
    'busybox',
    'sh',
    '-c',
    'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done',
  )
  const before = (await inspect(daemon, id)).State

  await daemon.restart('SIGKILL')

  const after = (await inspect(daemon, id)).State
  expect(after).toEqual(before)
  const { stdout } = await daemon.docker('exec', id, 'echo', 'still here')
  expect(stdout).toBe('still here\n')
  await waitFor(
    'more output',
    async () => (await daemon.docker('logs', '--tail', '1', id)).stdout !== '',
  )
  const lines = (await daemon.docker('logs', id)).stdout.trim().split('\n').map(Number)
  expect(lines).toEqual(lines.map((_, index) => index + 1))
  await expectSound(daemon)
})

test.skipIf(!isAble)('what ends while no daemon runs has its true exit code', async () => {
  await using daemon = await daemonWithBusybox()
  const id = await runDetached(
    daemon,
    'busybox',
    'sh',
    '-c',
    'trap "exit 43" TERM; while :; do sleep 0.02; done',
  )
  const removed = await runDetached(daemon, '--rm', 'busybox', 'sleep', '100')
  const [pid, other] = [
    (await inspect(daemon, id)).State.Pid,
    (await inspect(daemon, removed)).State.Pid,
  ]
  await daemon.end('SIGKILL')

  process.kill(pid, 'SIGTERM')
  process.kill(other, 'SIGKILL')
  await waitFor('both to end', () => isGone(pid) && isGone(other))
  await daemon.start()

  expect((await inspect(daemon, id)).State).toMatchObject({ Status: 'exited', ExitCode: 43 })
  expect((await daemon.call('GET', `/containers/${removed}/json`)).status).toBe(404)
  expect((await eventsOf(daemon, id)).filter(({ Action }) => Action === 'die')).toHaveLength(1)
  await expectSound(daemon)
})

test.skipIf(!isAble)('restart policies are kept over a kill of the daemon', async () => {
  await using daemon = await daemonWithBusybox()
  const policies = ['always', 'unless-stopped', 'on-failure', 'no']
  const ids = new Map<string, string>()
  for (const policy of policies) {
    ids.set(
      policy,
      await runDetached(daemon, '--name', policy, '--restart', policy, 'busybox', 'sleep', '100'),
    )
  }
  const stopped = await runDetached(
    daemon,
    '--restart',
    'unless-stopped',
    'busybox',
    'sleep',
    '100',
  )
  await daemon.call('POST', `/containers/${stopped}/stop?t=0`)
  const pids = await Promise.all(policies.map(async (it) => (await inspect(daemon, it)).State.Pid))
  await daemon.end('SIGKILL')
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await waitFor('all to end', () => pids.every(isGone))

  await daemon.start()

  for (const policy of ['always', 'unless-stopped', 'on-failure']) {
    await waitFor(policy, async () => (await inspect(daemon, policy)).State.Status === 'running')
  }
  expect((await inspect(daemon, 'no')).State).toMatchObject({ Status: 'exited', ExitCode: 137 })
  expect((await inspect(daemon, stopped)).State.Status).toBe('exited')
  await expectSound(daemon)
})

test.skipIf(!isAble)('a container ends with its shim, and nothing of it stays', async () => {
  await using daemon = await daemonWithBusybox()
  const id = await runDetached(daemon, 'busybox', 'sleep', '100')
  const paused = await runDetached(daemon, 'busybox', 'sleep', '100')
  await daemon.call('POST', `/containers/${paused}/pause`)
  const waited = daemon.call('POST', `/containers/${id}/wait`)
  const pids = [(await inspect(daemon, id)).State.Pid, (await inspect(daemon, paused)).State.Pid]

  for (const pid of pids) process.kill(parentOf(pid), 'SIGKILL')

  expect((await waited).body).toMatchObject({ StatusCode: 137 })
  for (const it of [id, paused]) {
    await waitFor('its end', async () => (await inspect(daemon, it)).State.Status === 'exited')
    expect((await inspect(daemon, it)).State).toMatchObject({ ExitCode: 137, Error: 'shim died' })
  }
  await waitFor('no process to be left', () => pids.every(isGone))
  await expectSound(daemon)
})

test.skipIf(!isAble)(
  'daemon, shim and process killed at once are as a reboot of the container',
  async () => {
    await using daemon = await daemonWithBusybox()
    const id = await runDetached(daemon, '--restart', 'always', 'busybox', 'sleep', '100')
    const { Pid } = (await inspect(daemon, id)).State
    const shim = parentOf(Pid)

    process.kill(daemon.pid, 'SIGKILL')
    process.kill(shim, 'SIGKILL')
    await waitFor('both to be gone', () => isGone(Pid) && isGone(shim))
    await daemon.start().catch(() => daemon.start())

    await waitFor('it to run again', async () => {
      const { State } = await inspect(daemon, id)
      return State.Status === 'running' && State.Pid !== Pid
    })
    await expectSound(daemon)
  },
)

test.skipIf(!isAble)('a killed launcher is replaced, and nobody notices', async () => {
  await using daemon = await daemonWithBusybox()
  const id = await runDetached(daemon, 'busybox', 'sleep', '100')
  const launcher = Number(
    readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8').trim().split(' ')[0],
  )

  process.kill(launcher, 'SIGKILL')
  await waitFor('it to be gone', () => isGone(launcher))

  await waitFor(
    'another',
    async () =>
      (await daemon.docker('run', '--rm', '--network', 'none', 'busybox', 'echo', 'x')).stdout ===
      'x\n',
  )
  expect((await inspect(daemon, id)).State.Status).toBe('running')
  await expectSound(daemon)
})

test.skipIf(!isAble)(
  'a shim that hangs holds up nobody else, and a stop of it says so',
  async () => {
    await using daemon = await daemonWithBusybox()
    const id = await runDetached(daemon, 'busybox', 'sleep', '100')
    const shim = parentOf((await inspect(daemon, id)).State.Pid)
    process.kill(shim, 'SIGSTOP')
    try {
      const stop = daemon.call('POST', `/containers/${id}/stop?t=0`)
      expect((await daemon.docker('ps', '-q')).stdout.trim()).toBe(id.slice(0, 12))
      expect(
        (await daemon.docker('run', '--rm', '--network', 'none', 'busybox', 'echo', 'x')).stdout,
      ).toBe('x\n')
      const { status, body } = await stop
      expect(status).toBe(500)
      expect(body.message).toContain('shim does not answer')
    } finally {
      process.kill(shim, 'SIGCONT')
    }
    await daemon.call('DELETE', `/containers/${id}?force=1`)
    await expectSound(daemon)
  },
)

test.skipIf(!isAble)(
  'SIGTERM ends the daemon at once, though clients hold on; containers stay',
  async () => {
    await using daemon = await daemonWithBusybox()
    const id = await runDetached(daemon, 'busybox', 'sleep', '100')
    const holding = [
      daemon.docker('logs', '-f', id),
      daemon.docker('attach', '--no-stdin', id),
      daemon.docker('events'),
      daemon.docker('wait', id),
    ]
    const { Pid } = (await inspect(daemon, id)).State
    const began = performance.now()

    expect(await daemon.end('SIGTERM')).toBe(0)

    expect(performance.now() - began).toBeLessThan(5000)
    await Promise.all(holding)
    expect(isGone(Pid)).toBe(false)
    await daemon.start()
    expect((await inspect(daemon, id)).State).toMatchObject({ Status: 'running', Pid })
  },
)

test.skipIf(!isAble).each(FAIL_POINTS)(
  'killed at %s, the daemon comes back sound',
  async (point) => {
    const done = join(mkdtempSync(join(tmpdir(), 'tsd-fail-')), 'done')
    await using daemon = await startDaemon({
      env: { TSD_TEST: '1', TSD_FAILPOINTS: `${point}=1*kill`, TSD_FAILPOINTS_DONE: done },
    })
    await loadBusybox(daemon)
    const created = await daemon
      .call<{ Id?: string }>('POST', '/containers/create?name=victim', {
        Image: 'busybox',
        Cmd: ['sleep', '100'],
        HostConfig: { NetworkMode: 'none' },
      })
      .catch(() => undefined)
    const steps = ['start', 'stop?t=0']
    for (const step of steps) {
      await daemon.call('POST', `/containers/victim/${step}`).catch(() => {})
    }
    await daemon.call('DELETE', '/containers/victim').catch(() => {})
    await waitFor('the daemon to be killed', () => existsSync(done) && isGone(daemon.pid))
    await daemon.start()
    rmSync(dirname(done), { recursive: true })

    await expectSound(daemon)
    const { status, body } = await daemon.call<{ Id: string }>('GET', '/containers/victim/json')
    if (created?.body.Id && !['remove.after-row'].includes(point)) {
      expect({ status, id: body.Id }).toEqual({ status: 200, id: created.body.Id })
    }
  },
)

test.skipIf(!isAble)(
  'killed at any moment, the daemon loses nothing that was acknowledged',
  async () => {
    await using daemon = await daemonWithBusybox()
    for (let round = 0; round < 8; round++) {
      const acknowledged = new Map<string, 'there' | 'gone'>()
      const churn = Array.from({ length: 3 }, () => churnUntilDeath(daemon, acknowledged))
      const delayMs = 20 + ((round * 37) % 150)
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      await daemon.end('SIGKILL')
      await Promise.all(churn)
      await daemon.start()

      for (const [id, expected] of acknowledged) {
        const { status } = await daemon.call('GET', `/containers/${id}/json`)
        expect({ id, round, status }).toEqual({
          id,
          round,
          status: expected === 'there' ? 200 : 404,
        })
      }
      await expectSound(daemon)
    }
  },
  60_000,
)

/** Creates, starts and removes containers until the daemon does not answer; notes what it has been told. */
async function churnUntilDeath(
  daemon: TestDaemon,
  acknowledged: Map<string, 'there' | 'gone'>,
): Promise<void> {
  const Cmd = ['true']
  try {
    for (;;) {
      const { body } = await daemon.call<{ Id: string }>('POST', '/containers/create', {
        Image: 'busybox',
        Cmd,
        HostConfig: { NetworkMode: 'none' },
      })
      acknowledged.set(body.Id, 'there')
      await daemon.call('POST', `/containers/${body.Id}/start`)
      await daemon.call('POST', `/containers/${body.Id}/wait`)
      if (Math.random() < 0.5) continue
      const before = acknowledged.get(body.Id)
      acknowledged.delete(body.Id) // until it is answered, either may be
      const { status } = await daemon.call('DELETE', `/containers/${body.Id}`)
      acknowledged.set(body.Id, status === 204 ? 'gone' : (before ?? 'there'))
    }
  } catch {
    // it was killed
  }
}
