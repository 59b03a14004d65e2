import { expect, test } from 'vitest'
import type { Health, HealthResult } from '../../../daemon/containers/running-containers.ts'
import { afterProbe, cutOutput, nextProbeMs, STARTING } from '../../../daemon/exec/health.ts'
import { healthConfig } from '../../../daemon/exec/health-config.ts'

const result = (ExitCode: number): HealthResult => ({ Start: '', End: '', ExitCode, Output: '' })
const rules = { retries: 3, inStartPeriod: false }

/** Health after probes that ended so. */
function after(exitCodes: readonly number[], options = rules): Health {
  return exitCodes.reduce((health, code) => afterProbe(health, result(code), options), STARTING)
}

test.each<[number[], string, number]>([
  [[0], 'healthy', 0],
  [[1, 1], 'starting', 2],
  [[1, 1, 1], 'unhealthy', 3],
  [[0, 1, 1], 'healthy', 2],
  [[0, 1, 1, 1], 'unhealthy', 3],
  [[1, 1, 1, 0], 'healthy', 0],
  [[1, 1, 0, 1], 'healthy', 1],
])('probes that end with %j make it %s', (exitCodes, status, streak) => {
  expect(after(exitCodes)).toMatchObject({ Status: status, FailingStreak: streak })
})

test('failures within the start period do not count, but are shown', () => {
  const health = after([1, 1, 1, 1], { retries: 3, inStartPeriod: true })

  expect(health).toMatchObject({ Status: 'starting', FailingStreak: 0 })
  expect(health.Log).toHaveLength(4)
})

test('the last five results are kept', () => {
  expect(after([1, 2, 3, 4, 5, 6, 7]).Log.map(({ ExitCode }) => ExitCode)).toEqual([3, 4, 5, 6, 7])
})

test('output is cut at 4096 bytes, not within a character', () => {
  expect(cutOutput(Buffer.from('é'.repeat(3000)))).toBe(`${'é'.repeat(2048)}...`)
  expect(cutOutput(Buffer.from(`x${'é'.repeat(3000)}`))).toBe(`x${'é'.repeat(2047)}...`)
  expect(cutOutput(Buffer.from('short'))).toBe('short')
})

test.each<[string[] | undefined, string[] | undefined]>([
  [undefined, undefined],
  [[], undefined],
  [['NONE'], undefined],
  [
    ['CMD', 'curl', 'localhost'],
    ['curl', 'localhost'],
  ],
  [
    ['CMD-SHELL', 'curl localhost || exit 1'],
    ['/bin/sh', '-c', 'curl localhost || exit 1'],
  ],
])('a check of %j runs %j', (Test, args) => {
  expect(healthConfig(Test ? { Test } : undefined, null)?.args).toEqual(args)
})

test('a shell of the image runs a shell check', () => {
  const config = healthConfig({ Test: ['CMD-SHELL', 'true'] }, ['/bin/bash', '-ec'])
  expect(config?.args).toEqual(['/bin/bash', '-ec', 'true'])
})

test('what is not given has the defaults of Docker', () => {
  expect(healthConfig({ Test: ['CMD', 'true'], Interval: 0 }, null)).toEqual({
    args: ['true'],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5_000,
    retries: 3,
  })
})

test('the start interval holds while it is starting within the start period', () => {
  const config = healthConfig({ Test: ['CMD', 'true'], StartPeriod: 60e9 }, null)
  if (!config) throw new Error('no config')

  expect(nextProbeMs(config, 'starting', 1000)).toBe(5_000)
  expect(nextProbeMs(config, 'healthy', 1000)).toBe(30_000)
  expect(nextProbeMs(config, 'starting', 61_000)).toBe(30_000)
})
