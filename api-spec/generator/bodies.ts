import { Ajv } from 'ajv'
import standaloneModule from 'ajv/dist/standalone/index.js'
import type { Schema, Spec } from './spec.ts'

const standalone = standaloneModule as unknown as typeof standaloneModule.default

/**
 * How a JSON object's keys are brought into the spec's case (Go's decoder does not mind it): lower-cased key to the right one and
 * what is below it. `1` stands for a value that is taken as it is, `2` for an array that may also
 * come as its one string, `[shape]` for an array or a map of such values.
 */
type Shape = 1 | 2 | { [lower: string]: [string, Shape] } | [Shape]

function shapeOf(spec: Spec, schema: Schema): Shape {
  const resolved = spec.resolve(schema)
  const members = membersOf(spec, resolved)
  if (members.length > 0) {
    return Object.fromEntries(
      members.map(([name, property]) => [name.toLowerCase(), [name, shapeOf(spec, property)]]),
    )
  }
  if (resolved['x-string-or-array']) return 2
  const inner = resolved.items ?? resolved.additionalProperties
  if (typeof inner !== 'object') return 1
  const below = shapeOf(spec, inner)
  return below === 1 ? 1 : [below]
}

function membersOf(spec: Spec, schema: Schema): [string, Schema][] {
  const resolved = spec.resolve(schema)
  return [
    ...(resolved.allOf ?? []).flatMap((part) => membersOf(spec, part)),
    ...Object.entries(resolved.properties ?? {}),
  ]
}

/** What ajv is to check: types only, and null for anything, as Go's decoder does; whether a value makes sense is for services. */
function checkable(spec: Spec, schema: Schema): object {
  const resolved = spec.resolve(schema)
  const members = membersOf(spec, resolved)
  if (members.length > 0) {
    const properties = Object.fromEntries(
      members.map(([name, part]) => [name, checkable(spec, part)]),
    )
    return { type: ['object', 'null'], properties }
  }
  const types = [resolved.type ?? []].flat().filter((type) => type !== 'null')
  if (types.length === 0) return {}
  const result: Record<string, unknown> = { type: [...types, 'null'] }
  if (resolved.items) result.items = checkable(spec, resolved.items)
  if (typeof resolved.additionalProperties === 'object') {
    result.additionalProperties = checkable(spec, resolved.additionalProperties)
  }
  return result
}

/** `bodies.js`: ajv's standalone validators of request bodies, and the tables for their keys. */
export function bodiesFile(spec: Spec): string {
  const ajv = new Ajv({
    code: { source: true, esm: true, lines: false },
    allowUnionTypes: true,
    strict: false,
  })
  const shapes: Record<string, Shape> = {}
  const names: Record<string, string> = {}
  for (const route of spec.routes) {
    const schema = route.requestBody?.content['application/json']?.schema
    if (!schema || route['x-unsupported']) continue
    shapes[route.operationId] = shapeOf(spec, schema)
    names[route.operationId] = route.operationId
    ajv.addSchema({ $id: route.operationId, ...checkable(spec, schema) }, route.operationId)
  }
  const code = standalone(ajv, names)
  return `// Written by api-spec/generate.ts. Do not edit.\n${code}\nexport const shapes = ${JSON.stringify(shapes)};\n`
}
