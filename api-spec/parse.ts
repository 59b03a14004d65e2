import * as bodies from './generated/bodies.js'
import { type OperationId, type Operations, operations } from './generated/operations.ts'

/** A request that does not have the shape the specification asks for; the text is meant for the client. */
export class SpecError extends Error {
  override name = 'SpecError'
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const MAX_DEPTH = 64

/**
 * A request body as Go's decoder would take it: keys match in any case, unknown ones are left out, null is as absent.
 * Throws SpecError with Go's own words where a type is wrong.
 */
export function parseBody<Id extends OperationId>(id: Id, text: string): Operations[Id]['body'] {
  const entry = operations[id]
  if (text.trim() === '') {
    if (entry.bodyRequired) throw new SpecError('invalid JSON: got EOF while reading request body')
    return undefined as Operations[Id]['body']
  }
  const value = parseJson(text)
  const shape = bodies.shapes[id]
  if (value === null || shape === undefined) return {} as Operations[Id]['body']
  const body = intoCase(value, shape, 0)
  const validate = validatorOf(id)
  if (validate && !validate(body)) throw new SpecError(mismatch(id, body, validate.errors?.[0]))
  return body as Operations[Id]['body']
}

type Shape = bodies.Shape
type Validate = bodies.BodyValidator

function validatorOf(id: OperationId): Validate | undefined {
  return (bodies as unknown as Record<string, Validate | undefined>)[id]
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (err) {
    const reason = (err as Error).message
    const trailing = /after JSON/.test(reason)
    throw new SpecError(trailing ? 'unexpected content after JSON' : `invalid JSON: ${reason}`, {
      cause: err,
    })
  }
}

function isMap(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function intoCase(value: Json, shape: Shape, depth: number): Json {
  if (depth > MAX_DEPTH) throw new SpecError('invalid JSON: exceeded max depth')
  if (shape === 1 || shape === 2) {
    assertShallow(value, depth)
    return shape === 2 && typeof value === 'string' ? [value] : value
  }
  if (Array.isArray(shape)) return mapValues(value, shape[0] as Shape, depth)
  return isMap(value)
    ? members(value, shape as Extract<Shape, { [lower: string]: unknown }>, depth)
    : value
}

function mapValues(value: Json, inner: Shape, depth: number): Json {
  if (Array.isArray(value)) return value.map((item) => intoCase(item, inner, depth + 1))
  if (!isMap(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, intoCase(item, inner, depth + 1)]),
  )
}

type Members = { readonly [lower: string]: readonly [string, Shape] }

function members(value: { [key: string]: Json }, shape: Members, depth: number): Json {
  const result: { [key: string]: Json } = {}
  for (const [key, item] of Object.entries(value)) {
    const member = Object.hasOwn(shape, key.toLowerCase()) ? shape[key.toLowerCase()] : undefined
    if (!member || item === null) continue
    result[member[0]] = intoCase(item, member[1], depth + 1)
  }
  return result
}

function assertShallow(value: Json, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH) throw new SpecError('invalid JSON: exceeded max depth')
  for (const item of Object.values(value)) assertShallow(item, depth + 1)
}

const GO_TYPE: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'int64',
  number: 'float64',
  boolean: 'bool',
  array: '[]string',
  object: 'map',
}

type AjvError = NonNullable<Validate['errors']>[number]

/** As encoding/json says it: `json: cannot unmarshal string into Go struct field HostConfig.Memory of type int64`. */
function mismatch(id: OperationId, body: Json, error: AjvError | undefined): string {
  const path = (error?.instancePath ?? '').split('/').slice(1)
  let value: Json | undefined = body
  for (const key of path) {
    value = (value as { [key: string]: Json } | undefined)?.[key.replaceAll('~1', '/')]
  }
  const types = [error?.params.type ?? []].flat().filter((type) => type !== 'null')
  const wanted = GO_TYPE[String(types[0])] ?? 'value'
  const field = path.length === 0 ? id : path.filter((key) => !/^\d+$/.test(key)).join('.')
  const of = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return `invalid JSON: json: cannot unmarshal ${of} into Go struct field ${field} of type ${wanted}`
}

const FALSE = new Set(['', '0', 'no', 'false', 'none'])

function parameter(name: string, kind: string, raw: string | string[]): unknown {
  const last = Array.isArray(raw) ? (raw[0] ?? '') : raw
  switch (kind) {
    case 'array':
      return Array.isArray(raw) ? raw : [raw]
    case 'bool':
      return !FALSE.has(last.trim().toLowerCase())
    case 'int': {
      if (last === '') return undefined
      if (!/^[+-]?\d+$/.test(last)) {
        throw new SpecError(
          `invalid value for ${name}: strconv.Atoi: parsing ${JSON.stringify(last)}: invalid syntax`,
        )
      }
      return Number(last)
    }
    default:
      return last
  }
}

/** Query parameters that the operation knows, each of its kind; others are left out. */
export function parseQuery<Id extends OperationId>(
  id: Id,
  query: Readonly<Record<string, string | string[]>>,
): Operations[Id]['query'] {
  const result: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(operations[id].query)) {
    const raw = query[name]
    if (raw === undefined) continue
    const value = parameter(name, kind, raw)
    if (value !== undefined) result[name] = value
  }
  return result as Operations[Id]['query']
}
