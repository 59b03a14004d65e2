import { randomBytes } from 'node:crypto'

/** 64 hexadecimal digits, of which the first twelve are never all decimal: a short id is not mistaken for a number. */
export function randomId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex')
    if (!/^\d+$/.test(id.slice(0, 12))) return id
  }
}
