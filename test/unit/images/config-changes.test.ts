import { expect, test } from 'vitest'
import type { ImageConfig } from '../../../api-spec/generated/types.ts'
import { applyChanges } from '../../../daemon/images/config-changes.ts'

test.each<[string, ImageConfig]>([
  ['CMD ["a", "b c"]', { Cmd: ['a', 'b c'] }],
  ['CMD a b', { Cmd: ['/bin/sh', '-c', 'a b'] }],
  ['entrypoint ["/x"]', { Entrypoint: ['/x'] }],
  ['ENV A=1 B="two words"', { Env: ['A=1', 'B=two words'] }],
  ['ENV A the rest', { Env: ['A=the rest'] }],
  ['LABEL a.b=c', { Labels: { 'a.b': 'c' } }],
  ['EXPOSE 80 53/udp', { ExposedPorts: { '80/tcp': {}, '53/udp': {} } }],
  ['VOLUME ["/a"]', { Volumes: { '/a': {} } }],
  ['USER bob', { User: 'bob' }],
  ['WORKDIR /srv', { WorkingDir: '/srv' }],
  ['STOPSIGNAL SIGQUIT', { StopSignal: 'SIGQUIT' }],
])('--change %s', (change, expected) => {
  expect(applyChanges({}, [change])).toEqual(expected)
})

test('a variable that is there already is replaced', () => {
  expect(applyChanges({ Env: ['A=1', 'B=2'] }, ['ENV A=3']).Env).toEqual(['B=2', 'A=3'])
})

test.each([
  ['RUN true', 'run is not a valid change command'],
  ['CMD', 'CMD requires at least one argument'],
])('%s is refused', (change, text) => {
  expect(() => applyChanges({}, [change])).toThrow(text)
})
