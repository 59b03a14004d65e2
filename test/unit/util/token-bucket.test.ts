import { expect, test } from 'vitest'
import { TokenBucket } from '../../../daemon/util/token-bucket.ts'

test('a burst is free, what comes after is spread over time', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 })
  const start = performance.now() + 60_000

  expect([bucket.take(start), bucket.take(start)]).toEqual([0, 0])
  expect(bucket.take(start)).toBeCloseTo(100, 0)
  expect(bucket.take(start)).toBeCloseTo(200, 0)
})

test('rest gives the burst back', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 })
  const start = performance.now() + 60_000
  for (let i = 0; i < 5; i++) bucket.take(start)

  expect(bucket.take(start + 10_000)).toBe(0)
})
