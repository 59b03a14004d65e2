import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts'
import { loadBusybox } from '../helpers/image.ts'
import { can } from '../helpers/needs.ts'

let daemon: TestDaemon

beforeAll(async () => {
  daemon = await startDaemon({ network: true })
  await loadBusybox(daemon)
})
afterAll(() => daemon[Symbol.asyncDispose]())

const status = (field: string) => `grep ^${field}: /proc/self/status | tr -d ' \\t'`

/** What a user would look at inside to see that the option did something. */
const SEEN: readonly (readonly [options: string, script: string, seen: string])[] = [
  ['--init', 'cat /proc/1/comm', 'docker-init'],
  ['--privileged', 'test -w /proc/sys/kernel/domainname && echo yes', 'yes'],
  ['--read-only', 'touch /x 2>/dev/null || echo refused', 'refused'],
  ['--tmpfs /t:size=1m', 'df -k /t | tail -n 1 | tr -s " " | cut -d" " -f2', '1024'],
  ['--shm-size 8m', 'df -k /dev/shm | tail -n 1 | tr -s " " | cut -d" " -f2', '8192'],
  ['--cap-drop ALL', status('CapEff'), 'CapEff:0000000000000000'],
  ['--cap-drop ALL --cap-add NET_RAW', status('CapEff'), 'CapEff:0000000000002000'],
  ['--cap-add ALL --cap-drop ALL', 'id -u', '0'],
  ['--security-opt seccomp=unconfined', status('Seccomp'), 'Seccomp:0'],
  ['--memory-swappiness -1', status('Seccomp'), 'Seccomp:2'],
  ['--security-opt no-new-privileges', status('NoNewPrivs'), 'NoNewPrivs:1'],
  ['-v /tmp:/h:ro', 'touch /h/x 2>/dev/null || echo refused', 'refused'],
  ['--group-add 5', 'id -G', '0 5'],
  ['-u 1000:1000', 'id -u; id -g', '1000\n1000'],
  ['--sysctl net.core.somaxconn=99', 'cat /proc/sys/net/core/somaxconn', '99'],
  ['--ulimit nofile=64', 'ulimit -n', '64'],
  ['-h web --domainname example.org', 'hostname', 'web'],
  ['--add-host db:192.0.2.7', 'grep db /etc/hosts | tr "\\t" " "', '192.0.2.7 db'],
  ['--dns 192.0.2.53', 'cat /etc/resolv.conf', 'nameserver 192.0.2.53'],
  ['--oom-score-adj 100', 'cat /proc/self/oom_score_adj', '100'],
  ['-w /made/up', 'pwd', '/made/up'],
  ['-e A=b', 'echo $A', 'b'],
  ['--cpuset-cpus 0', status('Cpus_allowed_list'), 'Cpus_allowed_list:0'],
  ['--network none', 'ls /sys/class/net', 'lo'],
  ['--device /dev/null:/dev/mine', 'echo x > /dev/mine && echo written', 'written'],
]

test.skipIf(!can.root).each(SEEN)('docker run %s is seen inside', async (options, script, seen) => {
  const { stdout, stderr } = await daemon.docker(
    'run',
    '--rm',
    ...options.split(' '),
    'busybox',
    'sh',
    '-c',
    script,
  )

  expect(stderr).toBe('')
  expect(stdout.trim()).toBe(seen)
})

const REFUSED: readonly (readonly [options: string, words: string])[] = [
  ['-m 1m', 'Minimum memory limit allowed is 6MB'],
  [
    '--memory-swap 64m',
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  ],
  ['--cpus 99', 'CPUs is from 0.01 to'],
  ['--cpuset-cpus 99', 'Requested CPUs are not available'],
  ['--cap-add NOSUCH', 'invalid CapAdd: unknown capability: "CAP_NOSUCH"'],
  [
    '--mount type=bind,src=/no/such/place,dst=/x',
    'bind source path does not exist: /no/such/place',
  ],
  ['--network nosuch', 'not implemented by tsd yet'],
  ['-p 80:80', 'publishing ports is not implemented by tsd yet'],
  ['-v named:/x', 'volumes are not implemented by tsd yet'],
  ['--runtime nosuch', 'unknown or invalid runtime name: nosuch'],
]

test.skipIf(!can.root).each(REFUSED)(
  'docker run %s is refused in words, and leaves nothing',
  async (options, words) => {
    const { code, stderr } = await daemon.docker(
      'run',
      '--rm',
      ...options.split(' '),
      'busybox',
      'true',
    )

    expect(code).toBe(125)
    expect(stderr).toContain(words)
    expect((await daemon.docker('ps', '-aq')).stdout).toBe('')
  },
)

test.skipIf(!can.root)(
  'a container on the default bridge reaches its gateway, and a second one',
  async () => {
    await daemon.docker('run', '-d', '--name', 'peer', 'busybox', 'sleep', '600')
    const address = (
      await daemon.docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'peer')
    ).stdout.trim()
    const gateway = (
      await daemon.docker('inspect', '-f', '{{.NetworkSettings.Gateway}}', 'peer')
    ).stdout.trim()

    const { code } = await daemon.docker(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      `ping -c1 -W2 ${address} && ping -c1 -W2 ${gateway}`,
    )
    expect(code).toBe(0)
    await daemon.docker('rm', '-f', 'peer')
  },
)
