import { expect, test } from 'vitest'
import { splitVersion } from '../../../daemon/http/api-version.ts'
import { DetachScanner, parseDetachKeys } from '../../../daemon/http/detach-keys.ts'
import { momentMs, parseFilters, unixNano } from '../../../daemon/http/filters.ts'
import { eventJson } from '../../../daemon/http/routes/system.ts'
import { imageInspectFor, imageSummaryFor } from '../../../daemon/http/versions/image.ts'
import { diskUsageFor, infoFor } from '../../../daemon/http/versions/system.ts'

test.each([
  ['/containers/json', '1.51', '/containers/json', undefined],
  ['/v1.44/info', '1.44', '/info', undefined],
  ['/v1.24/info', '1.24', '/info', undefined],
  ['/v1.9/info', '1.9', '/info', 'client version 1.9 is too old.'],
  ['/v1.52/info', '1.52', '/info', 'client version 1.52 is too new.'],
])('%s asks for version %s', (url, version, path, error) => {
  const split = splitVersion(url)

  expect(split).toMatchObject({ version, path })
  expect(split.error?.slice(0, error?.length)).toBe(error)
})

test('both ways to write filters mean the same', () => {
  const wanted = { label: ['a=b', 'c'], status: ['exited'] }

  expect(parseFilters('{"label":["a=b","c"], "status": ["exited"]}')).toEqual(wanted)
  expect(parseFilters('{"label":{"a=b":true,"c":false},"status":{"exited":true}}')).toEqual(wanted)
  expect(parseFilters('')).toEqual({})
})

test.each(['foo', '[1]', '"x"', '{"a":1}'])('%s is no filter', (text) => {
  expect(() => parseFilters(text)).toThrow('invalid filter')
})

test('moments keep their nanoseconds', () => {
  expect(unixNano('1767225600.000000001', 'since')).toBe(1767225600000000001n)
  expect(unixNano('1767225600.5', 'since')).toBe(1767225600500000000n)
  expect(unixNano('', 'since')).toBeUndefined()
  expect(momentMs('2026-01-01T00:00:00Z')).toBe(1767225600000)
  expect(Date.now() - momentMs('1h30m')).toBeGreaterThanOrEqual(5_400_000)
  expect(() => unixNano('yesterday', 'since')).toThrow('invalid value for since')
})

test('detach keys are found across chunks, and what only began like them is passed on', () => {
  const scanner = new DetachScanner(parseDetachKeys('ctrl-p,ctrl-q'))

  expect(scanner.scan(Buffer.from('a\x10'))).toEqual({ data: Buffer.from('a'), isDetached: false })
  expect(scanner.scan(Buffer.from('b\x10')).data.toString()).toBe('\x10b')
  expect(scanner.scan(Buffer.from('\x11never sent')).isDetached).toBe(true)
})

test.each(['ctrl-', 'ctrl-1', 'two', 'a,,b'])('%s are no detach keys', (keys) => {
  expect(() => parseDetachKeys(keys)).toThrow(`Invalid detach keys (${keys}) provided`)
})

test('the time of an event is exact, and clients before 1.52 find its old names', () => {
  const event = {
    id: 7,
    type: 'container',
    action: 'start',
    actorId: 'c1',
    attributes: { image: 'busybox' },
    timeNano: 1767225600123456789n,
  }

  expect(eventJson(event, '1.51')).toContain('"timeNano":1767225600123456789}')
  expect(JSON.parse(eventJson(event, '1.51'))).toMatchObject({
    status: 'start',
    id: 'c1',
    from: 'busybox',
    time: 1767225600,
    scope: 'local',
  })
  expect(JSON.parse(eventJson(event, '1.52'))).not.toHaveProperty('status')
})

const IMAGE = { Id: 'sha256:1', Size: 5, RepoTags: [], RepoDigests: [], Containers: 2 }

test('each version finds an image in the list as it knows it', () => {
  const at = (version: string) => imageSummaryFor(IMAGE as never, version)

  expect(at('1.51')).toEqual(IMAGE)
  expect(at('1.50')).toMatchObject({ Containers: -1 })
  expect(at('1.50')).not.toHaveProperty('VirtualSize')
  expect(at('1.43')).toMatchObject({ VirtualSize: 5, RepoTags: [] })
  expect(at('1.42')).toMatchObject({ RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] })
})

test('each version finds one image as it knows it', () => {
  const at = (version: string) =>
    imageInspectFor({ Id: 'x', Size: 5, Config: {} } as never, version)

  expect(at('1.51')).not.toHaveProperty('Config.Hostname')
  expect(at('1.49')).toHaveProperty('Config.Hostname', '')
  expect(at('1.45')).not.toHaveProperty('Container')
  expect(at('1.44')).toHaveProperty('ContainerConfig')
  expect(at('1.43')).toMatchObject({ VirtualSize: 5, Created: '0001-01-01T00:00:00Z' })
})

test('each version finds the info as it knows it', () => {
  const commit = { ID: 'abc' }
  const info = {
    ContainerdCommit: commit,
    RuncCommit: commit,
    InitCommit: commit,
    FirewallBackend: {},
    DiscoveredDevices: [],
    RegistryConfig: {},
    Runtimes: { runc: { path: 'runc', status: {} } },
  }
  const at = (version: string) => infoFor(info, version)

  expect(at('1.51')).toEqual(info)
  expect(at('1.49')).toMatchObject({ BridgeNfIptables: false, FirewallBackend: {} })
  expect(at('1.48')).not.toHaveProperty('FirewallBackend')
  expect(at('1.48')).toHaveProperty('RuncCommit.Expected', 'abc')
  expect(at('1.43')).not.toHaveProperty('Runtimes.runc.status')
})

test('each version finds the disk usage as it knows it', () => {
  const usage = { Images: [{ Size: 5 }] }

  expect(diskUsageFor(usage, '1.44')).toBe(usage)
  expect(diskUsageFor(usage, '1.43')).toEqual({ Images: [{ Size: 5, VirtualSize: 5 }] })
  expect(diskUsageFor(usage, '1.41')).toHaveProperty('BuilderSize', 0)
})
