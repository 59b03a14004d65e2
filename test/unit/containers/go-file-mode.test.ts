import { expect, test } from 'vitest'
import { goFileMode } from '../../../daemon/containers/go-file-mode.ts'

test.each([
  ['a directory', 0o040755, 2147484141],
  ['a link', 0o120777, 134218239],
  ['a file', 0o100644, 420],
  ['a setuid program', 0o104755, 0o755 + 2 ** 23],
  ['/tmp', 0o041777, 2 ** 31 + 2 ** 20 + 0o777],
  ['a character device', 0o020666, 2 ** 26 + 2 ** 21 + 0o666],
])('the mode of %s is as Go has it', (_, mode, expected) => {
  expect(goFileMode(mode)).toBe(expected)
})
