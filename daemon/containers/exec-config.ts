import type { ProcessSpec } from '../shim/protocol.ts'
import type { Container } from './container.ts'
import { environment, type ProcessContext, processRights } from './process-config.ts'

export type ExecProcess = {
  readonly Cmd?: readonly string[] | null | undefined
  readonly Env?: readonly string[] | null | undefined
  readonly User?: string | undefined
  readonly WorkingDir?: string | undefined
  readonly Privileged?: boolean | undefined
  readonly Tty?: boolean | undefined
}

/** A further process: as the container's own, but for what the request says. */
export function execProcess(
  container: Container,
  request: ExecProcess,
  context: ProcessContext,
): ProcessSpec {
  const { config, hostConfig } = container
  const isPrivileged = request.Privileged === true || hostConfig.Privileged === true
  return {
    args: request.Cmd ?? [],
    env: environment(container, request.Tty === true, request.Env ?? []),
    cwd: request.WorkingDir || config.WorkingDir || '/',
    user: request.User || config.User || '',
    ...processRights(container, isPrivileged, context),
  }
}
