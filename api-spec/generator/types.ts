import { type Schema, Spec } from './spec.ts'

const indent = (text: string) => text.replaceAll('\n', '\n  ')
const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`)

function objectType(schema: Schema): string {
  const required = new Set(schema.required ?? [])
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, property]) =>
      `  ${key(name)}${required.has(name) ? '' : '?'}: ${indent(typeOf(property))}`,
  )
  if (members.length > 0) return `{\n${members.join('\n')}\n}`
  const { additionalProperties } = schema
  if (typeof additionalProperties === 'object')
    return `Record<string, ${typeOf(additionalProperties)}>`
  return 'Record<string, unknown>'
}

function singleType(type: string, schema: Schema): string {
  switch (type) {
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'string':
      return schema.enum ? schema.enum.map((value) => JSON.stringify(value)).join(' | ') : 'string'
    case 'array':
      return `${parenthesised(typeOf(schema.items ?? {}))}[]`
    case 'null':
      return 'null'
    default:
      return objectType(schema)
  }
}

const parenthesised = (text: string) => (/^[\w.]+$/.test(text) ? text : `(${text})`)

/** The TypeScript type of a schema. */
export function typeOf(schema: Schema): string {
  if (schema.$ref) return Spec.nameOf(schema.$ref)
  if (schema.allOf) return schema.allOf.map(typeOf).join(' & ')
  if (schema.properties && !schema.type) return objectType(schema)
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length === 0) return 'unknown'
  const all = types.map((type) => singleType(type, schema))
  // what Go keeps in a slice is null on the wire when it is empty, wherever that is not said otherwise
  if (types.includes('array') && !all.includes('null')) all.push('null')
  return all.join(' | ')
}

/** `types.ts`: every schema by its name. */
export function typesFile(spec: Spec): string {
  const names = [...spec.schemas.keys()].sort()
  const types = names.map(
    (name) => `export type ${name} = ${typeOf(spec.schemas.get(name) ?? {})}\n`,
  )
  return `// Written by api-spec/generate.ts. Do not edit.\n\n${types.join('\n')}`
}
