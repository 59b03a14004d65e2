import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly allOf?: readonly Schema[]
  readonly required?: readonly string[]
  readonly enum?: readonly (string | number)[]
  readonly 'x-string-or-array'?: boolean
}

export type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'path' | 'query' | 'header'
    readonly schema: Schema
  }[]
  readonly requestBody?: {
    readonly required?: boolean
    readonly content: Readonly<Record<string, { readonly schema?: Schema }>>
  }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >
  readonly 'x-unsupported'?: { readonly status: number; readonly message: string }
  readonly 'x-since'?: string
}

export type Route = {
  readonly method: string
  readonly path: string
  readonly tag: string
} & Operation

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** The whole description, its files loaded once; refuses a $ref that leads nowhere and an operationId that is there twice. */
export class Spec {
  readonly #files = new Map<string, Record<string, unknown>>()
  readonly routes: readonly Route[]
  /** Every named schema that a route or another schema mentions, by name. */
  readonly schemas = new Map<string, Schema>()

  constructor() {
    this.routes = this.#loadRoutes()
    this.#loadSchemas()
    this.#check()
  }

  /** The name a reference ends in: schemas are known by it in all files. */
  static nameOf($ref: string): string {
    return $ref.slice($ref.lastIndexOf('/') + 1)
  }

  resolve(schema: Schema): Schema {
    if (!schema.$ref) return schema
    const found = this.schemas.get(Spec.nameOf(schema.$ref))
    if (!found) throw new Error(`no schema for ${schema.$ref}`)
    return this.resolve(found)
  }

  #file(name: string): Record<string, unknown> {
    let content = this.#files.get(name)
    if (!content) {
      content = parse(readFileSync(join(ROOT, name), 'utf8')) as Record<string, unknown>
      this.#files.set(name, content)
    }
    return content
  }

  #loadRoutes(): Route[] {
    const { paths } = this.#file('engine.yaml') as { paths: Record<string, { $ref: string }> }
    return Object.entries(paths).flatMap(([path, { $ref }]) => {
      const [file = ''] = $ref.split('#')
      const operations = this.#file(file)[path] as Record<string, Operation> | undefined
      if (!operations) throw new Error(`engine.yaml: ${$ref} leads nowhere`)
      const tag = file.slice(file.lastIndexOf('/') + 1, -'.yaml'.length)
      return Object.entries(operations).map(([method, operation]) => ({
        ...operation,
        method: method.toUpperCase(),
        path,
        tag,
      }))
    })
  }

  #loadSchemas(): void {
    const seen = new Set<string>()
    const visit = (value: unknown, base: string): void => {
      if (typeof value !== 'object' || value === null) return
      const { $ref } = value as { $ref?: unknown }
      if (typeof $ref === 'string') this.#loadSchema($ref, base, seen, visit)
      else for (const item of Object.values(value)) visit(item, base)
    }
    for (const route of this.routes) visit(route, 'paths')
  }

  #loadSchema(
    $ref: string,
    base: string,
    seen: Set<string>,
    visit: (value: unknown, base: string) => void,
  ): void {
    const [relative = ''] = $ref.split('#')
    const file = relative === '' ? base : join(base === 'paths' ? 'paths' : 'schemas', relative)
    const name = Spec.nameOf($ref)
    if (seen.has(`${file}#${name}`)) return
    seen.add(`${file}#${name}`)
    const schema = this.#file(file)[name] as Schema | undefined
    if (!schema) throw new Error(`${$ref} (from ${base}) leads nowhere`)
    this.schemas.set(name, schema)
    visit(schema, file)
  }

  #check(): void {
    const ids = this.routes.map(({ operationId }) => operationId)
    const twice = ids.find((id, index) => ids.indexOf(id) !== index)
    if (twice) throw new Error(`operationId ${twice} is there twice`)
  }
}
