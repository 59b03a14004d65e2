import { SpecError } from '../../api-spec/parse.ts'
import { EngineError, type ErrorKind } from '../errors.ts'
import { log } from '../log.ts'

const STATUS: Record<ErrorKind, number> = {
  'not-modified': 304,
  'invalid-parameter': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  system: 500,
  'not-implemented': 501,
  unavailable: 503,
}

/** The status and the text of anything that was thrown; what nobody expected is logged here, and nowhere else. */
export function toHttpError(err: unknown): { status: number; message: string } {
  if (err instanceof EngineError) return { status: STATUS[err.kind], message: err.message }
  if (err instanceof SpecError) return { status: 400, message: err.message }
  const { statusCode, message } = err as { statusCode?: number; message?: string }
  if (statusCode !== undefined && statusCode < 500)
    return { status: statusCode, message: message ?? 'bad request' }
  log.http.error({ err }, 'request failed')
  return { status: 500, message: message ?? String(err) }
}
