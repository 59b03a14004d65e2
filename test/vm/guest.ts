import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Engine } from '../bench/engine.ts'
import { imageArchive } from '../helpers/image.ts'
import { waitFor } from '../helpers/wait-for.ts'

/**
 * Runs inside the VM, as root, under systemd and cgroup v2, against the daemon that systemd runs. Prints `ok NAME` or `not ok NAME: WHY`
 * for the host to count.
 */
const SOCKET = '/var/run/tsd.sock'

type Inspect = {
  State: { Pid: number; ExitCode: number; OOMKilled: boolean; Running: boolean; Status: string }
}

let engine = new Engine('tsd', SOCKET)

async function reconnect(): Promise<void> {
  engine = new Engine('tsd', SOCKET)
  await waitFor(
    'the daemon',
    () =>
      engine.call('GET', '/_ping').then(
        () => true,
        () => false,
      ),
    { timeoutMs: 60_000 },
  )
}

async function create(command: string[], hostConfig: object = {}): Promise<string> {
  const body = {
    Image: 'busybox',
    Cmd: command,
    HostConfig: { NetworkMode: 'none', ...hostConfig },
  }
  return (await engine.call<{ Id: string }>('POST', '/containers/create', body)).Id
}

const inspect = (id: string) => engine.call<Inspect>('GET', `/containers/${id}/json`)

async function output(id: string): Promise<string> {
  const { body } = await engine.raw('GET', `/containers/${id}/logs?stdout=1&stderr=1`)
  const framed = Buffer.from(await body.arrayBuffer())
  let text = ''
  for (let at = 0; at + 8 <= framed.length; at += 8 + framed.readUInt32BE(at + 4)) {
    text += framed.toString('utf8', at + 8, at + 8 + framed.readUInt32BE(at + 4))
  }
  return text
}

/** Runs to the end; what it said, and how it ended. */
async function run(
  command: string[],
  hostConfig: object = {},
): Promise<{ text: string; state: Inspect['State'] }> {
  const id = await create(command, hostConfig)
  await engine.start(id)
  await engine.wait(id)
  const result = { text: await output(id), state: (await inspect(id)).State }
  await engine.remove(id)
  return result
}

async function running<T>(use: (id: string) => Promise<T>, hostConfig: object = {}): Promise<T> {
  const id = await create(['sleep', '600'], hostConfig)
  await engine.start(id)
  const result = await use(id)
  await engine.remove(id)
  return result
}

function assert(isSo: boolean, why: string): void {
  if (!isSo) throw new Error(why)
}

const equal = (is: unknown, wanted: unknown) =>
  assert(is === wanted, `${JSON.stringify(is)} is not ${JSON.stringify(wanted)}`)

async function exec(id: string, command: string[]): Promise<number> {
  const { Id } = await engine.call<{ Id: string }>('POST', `/containers/${id}/exec`, {
    Cmd: command,
  })
  await engine.call('POST', `/exec/${Id}/start`, { Detach: true })
  const done = await waitFor('the exec to end', async () => {
    const state = await engine.call<{ Running: boolean; ExitCode: number }>(
      'GET',
      `/exec/${Id}/json`,
    )
    return state.Running ? undefined : { code: state.ExitCode }
  })
  return done.code
}

const read = (file: string) => ['cat', `/sys/fs/cgroup/${file}`]

async function survivesRestart(signal: string): Promise<void> {
  await running(async (id) => {
    const before = (await inspect(id)).State.Pid
    if (signal === '') execFileSync('systemctl', ['restart', 'tsd'])
    else execFileSync('systemctl', ['kill', '--kill-whom=main', `--signal=${signal}`, 'tsd'])
    await sleep(300)
    await reconnect()
    const { State } = await inspect(id)
    assert(State.Running, 'it does not run any more')
    equal(State.Pid, before)
    equal(await exec(id, ['true']), 0)
  })
}

const TESTS: Readonly<Record<string, () => Promise<void>>> = {
  'the engine knows that this is cgroup v2': async () => {
    equal((await engine.call<{ CgroupVersion: string }>('GET', '/info')).CgroupVersion, '2')
  },
  'a limit of memory is what the container sees': async () => {
    equal((await run(read('memory.max'), { Memory: 64 << 20 })).text, `${64 << 20}\n`)
  },
  'limits of cpu and of processes are what the container sees': async () => {
    equal((await run(read('cpu.max'), { NanoCpus: 5e8 })).text, '50000 100000\n')
    equal((await run(read('pids.max'), { PidsLimit: 50 })).text, '50\n')
  },
  'a container that takes more memory than it may is killed, and said to be': async () => {
    const { state } = await run(['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'], {
      Memory: 32 << 20,
    })
    equal(state.ExitCode, 137)
    equal(state.OOMKilled, true)
  },
  'stats come from cgroup v2': () =>
    running(async (id) => {
      const stats = await engine.call<{
        memory_stats: { usage: number }
        pids_stats: { current: number }
      }>('GET', `/containers/${id}/stats?stream=0&one-shot=1`)
      assert(stats.memory_stats.usage > 0, 'no memory is used')
      equal(stats.pids_stats.current, 1)
    }),
  'a paused container is frozen, and goes on when it is unpaused': () =>
    running(async (id) => {
      const { Pid } = (await inspect(id)).State
      const group = readFileSync(`/proc/${Pid}/cgroup`, 'utf8').trim().replace('0::', '')
      const frozen = () =>
        /^frozen (\d)/m.exec(readFileSync(`/sys/fs/cgroup${group}/cgroup.events`, 'utf8'))?.[1]
      await engine.call('POST', `/containers/${id}/pause`)
      equal(frozen(), '1')
      await engine.call('POST', `/containers/${id}/unpause`)
      equal(frozen(), '0')
    }),
  'an exec runs in the cgroup of its container': () =>
    running(async (id) => {
      equal(await exec(id, ['sh', '-c', 'test "$(cat /proc/self/cgroup)" = "0::/"']), 0)
      equal(await exec(id, ['sh', '-c', 'exit 7']), 7)
    }),
  'an update changes the limit of a running container': () =>
    running(async (id) => {
      await engine.call('POST', `/containers/${id}/update`, { Memory: 96 << 20 })
      equal(
        await exec(id, ['sh', '-c', `test "$(cat /sys/fs/cgroup/memory.max)" = ${96 << 20}`]),
        0,
      )
    }),
  'a device that was not given cannot be opened, one that was can': async () => {
    const open = [
      'sh',
      '-c',
      'mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk >/dev/null && echo opened; head -c 1 /dev/zero | wc -c',
    ]
    equal((await run(open)).text.includes('opened'), false)
    assert((await run(open)).text.endsWith('1\n'), '/dev/zero cannot be read')
    const given = {
      Devices: [{ PathOnHost: '/dev/vda', PathInContainer: '/dev/vda', CgroupPermissions: 'r' }],
    }
    equal((await run(['sh', '-c', 'head -c 1 /dev/vda | wc -c'], given)).text, '1\n')
  },
  'containers do not notice a restart of the service': () => survivesRestart(''),
  'containers do not notice that the daemon is killed': () => survivesRestart('SIGKILL'),
  'nothing is left in the cgroup tree': async () => {
    const left = () =>
      readdirSync('/sys/fs/cgroup/tsd', { withFileTypes: true }).filter((it) => it.isDirectory())
    await waitFor('the last cgroup to go', () => left().length === 0)
  },
}

execFileSync('systemctl', ['start', 'tsd'])
await reconnect()
const archive = await imageArchive()
const response = await fetchLoad(archive)
process.stdout.write(
  `guest: daemon is up, image loaded (${response}) after ${process.uptime().toFixed(1)} s\n`,
)
for (const [name, test] of Object.entries(TESTS)) {
  const verdict = await test().then(
    () => `ok ${name}`,
    (err: Error) => `not ok ${name}: ${err.message}`,
  )
  process.stdout.write(`${verdict}\n`)
}
process.exit(0)

async function fetchLoad(image: Buffer): Promise<number> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: SOCKET, method: 'POST', path: '/images/load?quiet=1' },
      (reply) => {
        reply.resume().on('end', () => resolve(reply.statusCode ?? 0))
      },
    )
    sent.on('error', reject).end(image)
  })
}
