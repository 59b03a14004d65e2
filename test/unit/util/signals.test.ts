import { expect, test } from 'vitest'
import { parseSignal } from '../../../daemon/util/signals.ts'

test.each([
  ['KILL', 9],
  ['SIGKILL', 9],
  ['sigterm', 15],
  ['9', 9],
  ['64', 64],
  ['RTMIN', 34],
  ['RTMIN+3', 37],
  ['SIGRTMAX-1', 63],
  ['FOO', undefined],
  ['0', undefined],
  ['65', undefined],
  ['RTMIN+31', undefined],
  ['', undefined],
])('%s is signal %s', (text, signal) => {
  expect(parseSignal(text)).toBe(signal)
})
