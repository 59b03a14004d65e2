import { expect, test } from 'vitest'
import type { Container } from '../../../daemon/containers/container.ts'
import {
  containerFilter,
  type FilterContext,
  type Filters,
  impliesAll,
} from '../../../daemon/containers/container-filters.ts'

const CREATED = Date.parse('2026-01-01')

function aContainer(changes: Partial<Container>): Container {
  return {
    id: 'a'.repeat(64),
    name: 'web',
    imageId: 'sha256:1',
    image: 'busybox',
    createdAt: new Date(CREATED),
    config: { Labels: { tier: 'front', empty: '' }, ExposedPorts: { '80/tcp': {} } },
    hostConfig: { PortBindings: { '8080/tcp': [{ HostPort: '80' }] } },
    networking: {},
    mounts: [],
    status: 'running',
    exitCode: 0,
    startedAt: new Date(CREATED),
    ...changes,
  } as Container
}

const old = aContainer({ id: 'b'.repeat(64), name: 'old', createdAt: new Date(CREATED - 1000) })

const context: FilterContext = {
  health: () => 'healthy',
  networks: () => ['bridge'],
  imageIds: (reference) => (reference === 'busybox' ? ['sha256:1'] : []),
  container: () => old,
}

const matches = (filters: Filters, changes: Partial<Container> = {}) =>
  containerFilter(filters, context)(aContainer(changes))

test.each<[Filters, boolean]>([
  [{}, true],
  [{ id: ['aaaa'] }, true],
  [{ id: ['^bbb'] }, false],
  [{ name: ['we'] }, true],
  [{ name: ['^/web$'] }, true],
  [{ name: ['^eb'] }, false],
  [{ label: ['tier'] }, true],
  [{ label: ['tier=front'] }, true],
  [{ label: ['tier=front', 'missing'] }, false],
  [{ label: ['empty='] }, true],
  [{ status: ['running', 'exited'] }, true],
  [{ status: ['paused'] }, false],
  [{ ancestor: ['busybox'] }, true],
  [{ ancestor: ['alpine'] }, false],
  [{ since: ['old'] }, true],
  [{ before: ['old'] }, false],
  [{ network: ['bridge'] }, true],
  [{ network: ['mine'] }, false],
  [{ health: ['healthy'] }, true],
  [{ health: ['none'] }, false],
  [{ expose: ['80'] }, true],
  [{ expose: ['70-90/tcp'] }, true],
  [{ expose: ['80/udp'] }, false],
  [{ publish: ['8080'] }, true],
  [{ publish: ['80'] }, false],
  [{ 'is-task': ['true'] }, false],
  [{ name: ['web'], status: ['exited'] }, false],
])('filters %j match: %j', (filters, expected) => {
  expect(matches(filters)).toBe(expected)
})

test('exited means ended with that code', () => {
  expect(matches({ exited: ['3'] }, { status: 'exited', exitCode: 3 })).toBe(true)
  expect(matches({ exited: ['3'] }, { status: 'running', exitCode: 3 })).toBe(false)
  expect(matches({ exited: ['0'] }, { status: 'exited', exitCode: 0, startedAt: null })).toBe(false)
})

test('volumes are found by name and by where they are mounted', () => {
  const mounts = [{ Name: 'data', Destination: '/srv' }] as Container['mounts']
  expect(matches({ volume: ['data'] }, { mounts })).toBe(true)
  expect(matches({ volume: ['/srv'] }, { mounts })).toBe(true)
  expect(matches({ volume: ['/else'] }, { mounts })).toBe(false)
})

test.each<[Filters, string]>([
  [{ colour: ['red'] }, "invalid filter 'colour'"],
  [{ status: ['sleepy'] }, "invalid filter 'status=sleepy'"],
  [{ exited: ['soon'] }, "invalid filter 'exited=[soon]'"],
  [{ publish: ['http'] }, "invalid filter 'publish=[http]'"],
])('filters %j are refused', (filters, text) => {
  expect(() => matches(filters)).toThrow(text)
})

test('a filter by state shows containers that do not run', () => {
  expect(impliesAll({ status: ['exited'] })).toBe(true)
  expect(impliesAll({ name: ['x'] })).toBe(false)
})
