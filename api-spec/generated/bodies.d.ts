// Beside bodies.js, which api-spec/generate.ts writes.
export type Shape =
  | 1
  | 2
  | { readonly [lower: string]: readonly [string, Shape] }
  | readonly [Shape]

/** The module also exports one of these under each operationId that takes a JSON body. */
export type BodyValidator = {
  (value: unknown): boolean
  errors?:
    | readonly { readonly instancePath: string; readonly params: { readonly type?: unknown } }[]
    | null
}

export const shapes: Readonly<Record<string, Shape>>
