import type { ShimFailure } from './protocol.ts'

/** What a shim or the launcher answered instead of doing what it was asked. */
export class ShimError extends Error implements ShimFailure {
  override name = 'ShimError'
  readonly step: string
  readonly errno: number
  readonly code: string

  constructor({ step, errno, code, message }: ShimFailure) {
    super(message)
    this.step = step
    this.errno = errno
    this.code = code
  }
}

/** The peer hung up, or did not answer in time. */
export function shimGone(message: string): ShimError {
  return new ShimError({ step: 'connection', errno: 0, code: '', message })
}
