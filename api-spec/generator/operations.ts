import type { Route, Schema, Spec } from './spec.ts'
import { typeOf } from './types.ts'

type ParameterKind = 'bool' | 'int' | 'string' | 'array'

function kindOf({ type }: Schema): ParameterKind {
  switch ([type].flat()[0]) {
    case 'boolean':
      return 'bool'
    case 'integer':
      return 'int'
    case 'array':
      return 'array'
    default:
      return 'string'
  }
}

const TYPE_OF_KIND = { bool: 'boolean', int: 'number', string: 'string', array: 'string[]' }
const quote = (text: string) => JSON.stringify(text)

const parametersOf = (route: Route, where: 'path' | 'query') =>
  (route.parameters ?? []).filter((parameter) => parameter.in === where)

/** Path parameters may be declared or just stand in the path. */
const pathNames = ({ path }: Route) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

function bodyOf({ requestBody }: Route): 'none' | 'json' | 'stream' {
  if (!requestBody) return 'none'
  return requestBody.content['application/json'] ? 'json' : 'stream'
}

function success(route: Route): { status: number; schema: Schema | undefined } {
  const status = Object.keys(route.responses).find((code) => /^[12]/.test(code)) ?? '200'
  const code = status === '101' ? '200' : status
  return {
    status: Number(code),
    schema: route.responses[code]?.content?.['application/json']?.schema,
  }
}

function operationType(route: Route): string {
  const members = (entries: string[]) =>
    entries.length === 0 ? 'Nothing' : `{ ${entries.join('; ')} }`
  const path = members(pathNames(route).map((name) => `${name}: string`))
  const query = members(
    parametersOf(route, 'query').map(
      ({ name, schema }) =>
        `${/^\w+$/.test(name) ? name : quote(name)}?: ${TYPE_OF_KIND[kindOf(schema)]}`,
    ),
  )
  const json = route.requestBody?.content['application/json']?.schema
  const body = json
    ? `${qualified(json)}${route.requestBody?.required ? '' : ' | undefined'}`
    : 'undefined'
  return `  ${route.operationId}: { path: ${path}; query: ${query}; body: ${body} }`
}

/** Names of schemas are those of types.ts, imported as a namespace. */
function qualified(schema: Schema): string {
  return typeOf(schema).replace(/\b([A-Z]\w+)\b(?!\s*[?]?:)/g, (name) =>
    name === 'Record' ? name : `types.${name}`,
  )
}

function operationEntry(route: Route): string {
  const fields = [
    `method: ${quote(route.method)}`,
    `path: ${quote(route.path)}`,
    `tag: ${quote(route.tag)}`,
  ]
  fields.push(`success: ${success(route).status}`, `body: ${quote(bodyOf(route))}`)
  if (route.requestBody?.required) fields.push('bodyRequired: true')
  const query = parametersOf(route, 'query')
  const kinds = query.map(({ name, schema }) => `${quote(name)}: ${quote(kindOf(schema))}`)
  fields.push(`query: { ${kinds.join(', ')} }`)
  if (route['x-since']) fields.push(`since: ${quote(route['x-since'])}`)
  const unsupported = route['x-unsupported']
  if (unsupported) {
    fields.push(
      `unsupported: { status: ${unsupported.status}, message: ${quote(unsupported.message)} }`,
    )
  }
  return `  ${route.operationId}: { ${fields.join(', ')} }`
}

/** `operations.ts`: what each operation is asked with, as types and as a table. */
export function operationsFile(spec: Spec): string {
  return `// Written by api-spec/generate.ts. Do not edit.
import type * as types from './types.ts'

type Nothing = Record<never, never>

export type Operations = {
${spec.routes.map(operationType).join('\n')}
}

export type OperationId = keyof Operations

export type ParameterKind = 'bool' | 'int' | 'string' | 'array'

export type OperationEntry = {
  readonly method: string
  readonly path: string
  readonly tag: string
  readonly success: number
  readonly body: 'none' | 'json' | 'stream'
  readonly bodyRequired?: boolean
  readonly query: Readonly<Record<string, ParameterKind>>
  /** The first API version that has it, where that is newer than the oldest we speak. */
  readonly since?: string
  readonly unsupported?: { readonly status: number; readonly message: string }
}

export const operations: Readonly<Record<OperationId, OperationEntry>> = {
${spec.routes.map(operationEntry).join(',\n')},
}
`
}
