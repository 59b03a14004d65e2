import { expect, test } from 'vitest'
import { execError, startError } from '../../../daemon/containers/start-error.ts'

const failure = (step: string, message: string) => ({ step, errno: 0, code: '', message })

test.each([
  ['exec', 'exec: "nosuch": executable file not found in $PATH', 127],
  ['exec', 'exec: "/nosuch": stat /nosuch: no such file or directory', 127],
  ['exec', 'exec: "/etc/passwd": permission denied', 126],
  ['exec', 'exec: "/etc": is a directory', 126],
  ['cgroup', 'make the cgroup: Device or resource busy', 128],
])(
  'a failed %s (%s) gives exit code %i, which the docker CLI tells by its words',
  (step, text, exitCode) => {
    const error = startError(failure(step, text))

    expect(error.exitCode).toBe(exitCode)
    expect(error.kind).toBe(exitCode === 128 ? 'system' : 'invalid-parameter')
    expect(error.message).toMatch(
      /^failed to create task for container: .*OCI runtime create failed/,
    )
    expect(error.message).toMatch(/: unknown$/)
  },
)

test('an unknown user is named without a word of runc', () => {
  const text = 'unable to find user bob: no matching entries in passwd file'
  expect(startError(failure('user', text)).message).toBe(text)
})

test('a directory mounted on a file gets the hint that people search for', () => {
  const { message, exitCode } = startError(
    failure('mount', 'mount /a at /etc/passwd: Not a directory'),
  )

  expect(message).toContain(
    'not a directory: unknown: Are you trying to mount a directory onto a file',
  )
  expect(exitCode).toBe(126)
})

test('an exec that cannot be started reads as one of runc', () => {
  const { message, exitCode } = execError(
    failure('exec', 'exec: "x": executable file not found in $PATH'),
  )

  expect(message).toBe(
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "x": executable file not found in $PATH: unknown',
  )
  expect(exitCode).toBe(127)
})
