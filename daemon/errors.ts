/** What went wrong, in the API's own terms. http/error-handler.ts is the only place that knows status codes. */
export type ErrorKind =
  | 'not-modified'
  | 'invalid-parameter'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'system'
  | 'not-implemented'
  | 'unavailable'

/**
 * A failure the caller can act on. Any other thrown value is a bug: it answers 500 and is logged with its stack.
 * `system` answers 500 too, but is expected (a full disk, a command that does not start) and needs no stack.
 */
export class EngineError extends Error {
  override name = 'EngineError'
  readonly kind: ErrorKind

  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

export function noSuch(
  what: 'container' | 'image' | 'network' | 'volume' | 'exec instance',
  name: string,
): EngineError {
  return new EngineError('not-found', `No such ${what}: ${name}`)
}

/** Something outside went wrong, and there is a text for it. */
export function failed(message: string, cause: unknown, kind: ErrorKind = 'system'): EngineError {
  return new EngineError(kind, message, { cause })
}
