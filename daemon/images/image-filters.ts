import { matchesGlob } from 'node:path'
import { EngineError } from '../errors.ts'
import type { Image } from './image.ts'

export type Filters = Readonly<Record<string, readonly string[]>>

type Lookup = {
  readonly get: (ref: string) => Image
  readonly untilMs: (text: string) => number
}

const KEYS = ['before', 'since', 'dangling', 'label', 'label!', 'reference', 'until']

/** Which images a listing or a prune is about; `dangling` of prune is its caller's. */
export function imageFilter(filters: Filters, { get, untilMs }: Lookup): (image: Image) => boolean {
  const unknown = Object.keys(filters).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) throw invalid(`invalid filter '${unknown}'`)
  const { before, since, until, label = [], reference } = filters
  const createdMs = (image: Image) => image.createdAt?.getTime() ?? 0
  const olderThan = before && Math.min(...before.map((it) => createdMs(get(it))))
  const newerThan = since && Math.max(...since.map((it) => createdMs(get(it))))
  const untilTime = until && Math.min(...until.map(untilMs))
  const isDangling = filters.dangling && toBoolean('dangling', filters.dangling)
  return (image) =>
    (olderThan === undefined || createdMs(image) < olderThan) &&
    (newerThan === undefined || createdMs(image) > newerThan) &&
    (untilTime === undefined || createdMs(image) < untilTime) &&
    (isDangling === undefined || isDangling === (image.repoTags.length === 0)) &&
    label.every((it) => hasLabel(image, it)) &&
    !(filters['label!'] ?? []).some((it) => hasLabel(image, it)) &&
    (reference === undefined || reference.some((it) => hasReference(image, it)))
}

export function toBoolean(key: string, values: readonly string[]): boolean {
  const [value = ''] = values
  if (values.length === 1 && ['true', '1'].includes(value)) return true
  if (values.length === 1 && ['false', '0'].includes(value)) return false
  throw invalid(`invalid filter '${key}=[${values.join(' ')}]'`)
}

function hasLabel({ config }: Image, wanted: string): boolean {
  const [key = '', ...value] = wanted.split('=')
  const label = config.Labels?.[key]
  return label !== undefined && (value.length === 0 || label === value.join('='))
}

function hasReference({ repoTags, repoDigests }: Image, pattern: string): boolean {
  return [...repoTags, ...repoDigests].some((name) => matchesReference(name, pattern))
}

function matchesReference(name: string, pattern: string): boolean {
  const repository = name.replace(/(?:@.*|:[^/:]*)$/, '')
  return matchesGlob(name, pattern) || matchesGlob(repository, pattern)
}

/** Of an image's names, a filter by reference shows those that match it. */
export function shownNames(names: readonly string[], patterns?: readonly string[]): string[] {
  return names.filter((name) => !patterns || patterns.some((it) => matchesReference(name, it)))
}

function invalid(message: string): EngineError {
  return new EngineError('invalid-parameter', message)
}
