import { expect, test } from 'vitest'
import { canonical, familiar, parseReference, tagged } from '../../../daemon/images/reference.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`

test.each([
  ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
  ['me/app', 'docker.io/me/app:latest', 'me/app:latest'],
  ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
  ['localhost:5000/app:x', 'localhost:5000/app:x', 'localhost:5000/app:x'],
  ['ghcr.io/a/b/c', 'ghcr.io/a/b/c:latest', 'ghcr.io/a/b/c:latest'],
  [`busybox@${DIGEST}`, `docker.io/library/busybox@${DIGEST}`, `busybox@${DIGEST}`],
])('%s is %s, and shown as %s', (text, whole, short) => {
  const reference = tagged(parseReference(text))
  expect(canonical(reference)).toBe(whole)
  expect(familiar(reference)).toBe(short)
})

test.each([
  ['', 'invalid reference format'],
  ['UPPER', 'invalid reference format: repository name (library/UPPER) must be lowercase'],
  ['a//b', 'invalid reference format'],
  ['a:', 'invalid reference format'],
  ['a:b:c', 'invalid reference format'],
  ['a.b__c/d', 'invalid reference format'],
  ['-a', 'invalid reference format'],
  [`a@sha256:12`, 'invalid reference format'],
  ['a'.repeat(300), 'repository name must not be more than 255 characters'],
  ['0'.repeat(64), 'cannot specify 64-byte hexadecimal strings'],
])('%s is refused', (text, message) => {
  expect(() => parseReference(text)).toThrow(message)
})
