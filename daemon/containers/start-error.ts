import { EngineError } from '../errors.ts'

type Failure = { readonly step: string; readonly message: string }

const TASK =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: '
const EXEC = 'OCI runtime exec failed: exec failed: unable to start container process: '
const WRONG_KIND =
  ': Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type'

/** A process that could not be started, as State.Error and the client read it. */
export class StartError extends EngineError {
  readonly exitCode: number

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(exitCode === 128 ? 'system' : 'invalid-parameter', message, options)
    this.exitCode = exitCode
  }
}

/**
 * Clients tell the kinds of failure apart by words in the text (docker/cli, cli/command/container/run.go), so it reads as
 * if runc had said it. The codes: 127 not found, 126 found but no program, 128 anything else.
 */
export function startError(failure: Failure): StartError {
  const text =
    failure.step === 'user' ? failure.message : `${TASK}${asGo(failure.message)}: unknown`
  const exitCode = exitCodeOf(text)
  const isNotDirectory = exitCode === 128 && text.includes('not a directory')
  return isNotDirectory
    ? new StartError(126, text + WRONG_KIND, { cause: failure })
    : new StartError(exitCode, text, { cause: failure })
}

/** Of a further process in a running container. */
export function execError(failure: Failure): StartError {
  if (failure.step === 'user') return new StartError(126, failure.message, { cause: failure })
  const text = `${EXEC}${asGo(failure.message)}: unknown`
  return new StartError(exitCodeOf(text) === 127 ? 127 : 126, text, { cause: failure })
}

function exitCodeOf(text: string): number {
  if (/executable file not found|no such file or directory/.test(text)) return 127
  if (/permission denied|is a directory/.test(text)) return 126
  return 128
}

/** strerror(3) begins with a capital, Go's texts do not; clients compare with Go's. */
function asGo(message: string): string {
  return message.replace(
    /: ([A-Z])(?=[a-z]+ |[a-z]+$)/g,
    (_, letter: string) => `: ${letter.toLowerCase()}`,
  )
}
