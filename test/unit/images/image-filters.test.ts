import { expect, test } from 'vitest'
import type { Image } from '../../../daemon/images/image.ts'
import { type Filters, imageFilter } from '../../../daemon/images/image-filters.ts'

const createdAt = new Date('2026-01-02')
const image = {
  config: { Labels: { a: 'b' } },
  createdAt,
  repoTags: ['busybox:1.36', 'me/app:latest'],
  repoDigests: [],
} as unknown as Image
const older = { createdAt: new Date('2026-01-01') } as Image
const lookup = { get: () => older, untilMs: (text: string) => Date.parse(text) }

test.each<[Filters, boolean]>([
  [{}, true],
  [{ reference: ['busy*'] }, true],
  [{ reference: ['busybox'] }, true],
  [{ reference: ['busybox:2*'] }, false],
  [{ reference: ['*/*:latest'] }, true],
  [{ label: ['a'] }, true],
  [{ label: ['a=c'] }, false],
  [{ 'label!': ['a=b'] }, false],
  [{ dangling: ['true'] }, false],
  [{ dangling: ['0'] }, true],
  [{ since: ['older'] }, true],
  [{ before: ['older'] }, false],
  [{ until: ['2026-01-03'] }, true],
  [{ until: ['2026-01-01'] }, false],
])('filters %j match: %j', (filters, expected) => {
  expect(imageFilter(filters, lookup)(image)).toBe(expected)
})

test.each<[Filters, string]>([
  [{ shape: ['round'] }, "invalid filter 'shape'"],
  [{ dangling: ['perhaps'] }, "invalid filter 'dangling=[perhaps]'"],
])('filters %j are refused', (filters, text) => {
  expect(() => imageFilter(filters, lookup)).toThrow(text)
})
