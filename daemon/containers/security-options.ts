import { EngineError } from '../errors.ts'

export type SecurityOptions = {
  /** 'unconfined', 'builtin', or a profile's JSON; undefined for the daemon's default. */
  readonly seccomp?: string
  readonly apparmor?: string
  readonly noNewPrivileges?: boolean
  /** No masked and no read-only paths. */
  readonly systempathsUnconfined?: boolean
  readonly writableCgroups?: boolean
}

const invalid = (option: string) =>
  new EngineError('invalid-parameter', `invalid --security-opt 2: ${JSON.stringify(option)}`)

function flag(value: string, option: string): boolean {
  if (value === '' || value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw new EngineError('invalid-parameter', `invalid --security-opt 2: ${JSON.stringify(option)}`)
}

function one(option: string): SecurityOptions {
  const match = /^([a-z-]+)(?:[=:](.*))?$/s.exec(option)
  const [, name = '', value = ''] = match ?? []
  switch (name) {
    case 'no-new-privileges':
      return { noNewPrivileges: flag(value, option) }
    case 'seccomp':
      return { seccomp: value }
    case 'apparmor':
      return { apparmor: value }
    case 'systempaths':
      if (value !== 'unconfined') throw invalid(option)
      return { systempathsUnconfined: true }
    case 'writable-cgroups':
      return { writableCgroups: flag(value, option) }
    case 'label':
    case 'disable':
      return {} // SELinux: taken, and without effect
    default:
      throw invalid(option)
  }
}

/** `--security-opt` of Docker. Throws on what is not known. */
export function securityOptions(options: readonly string[]): SecurityOptions {
  return Object.assign({}, ...options.map(one)) as SecurityOptions
}
