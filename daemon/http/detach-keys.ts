import { EngineError } from '../errors.ts'

const DEFAULT = [16, 17] // ctrl-p ctrl-q
const CONTROL = '@abcdefghijklmnopqrstuvwxyz[\\]^_'

function keyCode(key: string, all: string): number {
  if (key.length === 1) return key.charCodeAt(0)
  const code = key.startsWith('ctrl-') && key.length === 6 ? CONTROL.indexOf(key.slice(5)) : -1
  if (code < 0) throw new EngineError('invalid-parameter', `Invalid detach keys (${all}) provided`)
  return code
}

/** `ctrl-p,ctrl-q` → the bytes. */
export function parseDetachKeys(text: string | undefined): readonly number[] {
  if (text === undefined || text === '') return DEFAULT
  return text.split(',').map((key) => keyCode(key, text))
}

/** Looks for the keys in what is typed; bytes that may begin them are held back until that is known. */
export class DetachScanner {
  readonly #keys: readonly number[]
  #matched = 0

  constructor(keys: readonly number[]) {
    this.#keys = keys
  }

  /** What to pass on, and whether the keys were completed in it. */
  scan(chunk: Buffer): { readonly data: Buffer; readonly isDetached: boolean } {
    const out: number[] = []
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#matched]) {
        out.push(...this.#keys.slice(0, this.#matched))
        this.#matched = 0
      }
      if (byte === this.#keys[this.#matched]) this.#matched++
      else out.push(byte)
      if (this.#matched === this.#keys.length) return { data: Buffer.from(out), isDetached: true }
    }
    return { data: Buffer.from(out), isDetached: false }
  }
}
