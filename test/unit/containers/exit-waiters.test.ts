import { expect, test } from 'vitest'
import { ExitWaiters, parseWaitCondition } from '../../../daemon/containers/exit-waiters.ts'

const pending = Symbol('pending')
const settled = <T>(promise: Promise<T>) =>
  Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])

test('a restart by policy ends the wait for the next exit, not the one for standing still', async () => {
  const waiters = new ExitWaiters()
  const next = waiters.add('a', 'next-exit')
  const still = waiters.add('a', 'not-running')

  waiters.exited('a', 3, { restarting: true })

  expect(await settled(next)).toEqual({ StatusCode: 3 })
  expect(await settled(still)).toBe(pending)
})

test('an exit does not end the wait for removal; removal ends them all', async () => {
  const waiters = new ExitWaiters()
  const removed = waiters.add('a', 'removed')
  waiters.exited('a', 0, { restarting: false })
  expect(await settled(removed)).toBe(pending)

  waiters.removed('a', 7)

  expect(await settled(removed)).toEqual({ StatusCode: 7 })
})

test('a client that has gone is not waited for', async () => {
  const waiters = new ExitWaiters()
  const client = new AbortController()
  const wait = waiters.add('a', 'next-exit', client.signal)

  client.abort()
  waiters.exited('a', 0, { restarting: false })

  expect(await settled(wait)).toBe(pending)
})

test('a removal that fails is told to those who wait for it', async () => {
  const waiters = new ExitWaiters()
  const wait = waiters.add('a', 'removed')

  waiters.removalFailed('a', 1, 'disk on fire')

  expect(await settled(wait)).toEqual({ StatusCode: 1, Error: { Message: 'disk on fire' } })
})

test.each([
  [undefined, 'not-running'],
  ['', 'not-running'],
  ['removed', 'removed'],
])('condition %j means %s', (text, condition) => {
  expect(parseWaitCondition(text)).toBe(condition)
})

test('an unknown condition is refused', () => {
  expect(() => parseWaitCondition('tomorrow')).toThrow('invalid condition: "tomorrow"')
})
