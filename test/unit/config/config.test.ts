import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configSchema, loadConfig } from '../../../daemon/config.ts'

function aFile(content: object): string {
  const path = join(mkdtempSync(join(tmpdir(), 'tsd-config-')), 'daemon.json')
  writeFileSync(path, JSON.stringify(content))
  return path
}

const NO_FILE = aFile({})
const load = (...argv: string[]) => loadConfig(['--config-file', NO_FILE, ...argv], {})

test('a daemon with data of its own gets names of its own for all it makes on the host', () => {
  const [one, other] = [load('--data-root', '/srv/a'), load('--data-root', '/srv/b')]

  for (const name of ['instanceId', 'nftTable', 'cgroupParent'] as const) {
    expect(one[name]).not.toBe(other[name])
  }
  expect(one.bridge.name).not.toBe(other.bridge.name)
  expect(load().bridge.name).toBe('tsd0')
})

test('an option may come by flag, by file, or by the environment', () => {
  const file = aFile({ mtu: 1400, 'log-opts': { 'max-size': '1m' } })

  const config = loadConfig(['--config-file', file, '--icc=false', '-H', 'unix:///tmp/a.sock'], {
    TSD_DATA_ROOT: '/srv/a',
    TSD_SHUTDOWN_TIMEOUT: '3',
  })

  expect(config.bridge).toMatchObject({ mtu: 1400, icc: false })
  expect(config.hosts).toEqual(['unix:///tmp/a.sock'])
  expect(config.dataRoot).toBe('/srv/a')
  expect(config.shutdownTimeoutSeconds).toBe(3)
  expect(config.logOpts['max-size']).toBe('1m')
})

test('the same option in flags and file is refused, and named', () => {
  const file = aFile({ mtu: 1400 })

  expect(() => loadConfig(['--config-file', file, '--mtu', '9000'], {})).toThrow(
    'specified both as a flag and in the configuration file: mtu: (from flag: 9000, from file: 1400)',
  )
})

test('a key nobody knows is named, with the one that was meant', () => {
  const file = aFile({ 'log-level': 'info', 'cgroup-parnt': '/x' })

  expect(() => loadConfig(['--config-file', file], {})).toThrow(
    "don't match any configuration option: cgroup-parnt (did you mean cgroup-parent?)",
  )
})

test.each([
  [['--log-level', 'loud'], 'invalid logging level: loud'],
  [['--host', 'tcp://0.0.0.0:2375'], 'only unix:// sockets are served'],
  [['--default-ulimit', 'nofile=many'], 'invalid ulimit argument: nofile=many'],
  [['--log-driver', 'syslog'], "no log driver named 'syslog' is registered"],
  [['--instance-id', 'Much Too Long'], 'is not 1 to 10 of'],
  [['--data-root', 'relative'], 'is not an absolute path'],
  [['--mtu', 'big'], 'is not a number'],
])('%j is refused', (argv, text) => {
  expect(() => load(...argv)).toThrow(text)
})

test('the schema of daemon.json has every key and no other', () => {
  expect(configSchema()).toMatchObject({
    additionalProperties: false,
    properties: { 'data-root': { type: 'string' }, hosts: { type: 'array' } },
  })
})
