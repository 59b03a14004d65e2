import { EngineError } from '../../errors.ts'

/** A profile as Docker and OCI write it. */
export type SeccompProfile = {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly syscalls?: readonly SeccompRule[] | null
}

export type SeccompRule = {
  readonly names?: readonly string[]
  readonly name?: string
  readonly action: string
  readonly errnoRet?: number
  readonly args?: readonly SeccompCondition[] | null
  readonly includes?: SeccompSelector
  readonly excludes?: SeccompSelector
}

export type SeccompCondition = {
  readonly index: number
  readonly value: number
  readonly valueTwo?: number
  readonly op: string
}

type SeccompSelector = {
  readonly caps?: readonly string[]
  readonly arches?: readonly string[]
  readonly minKernel?: string
}

/** What a profile's rules are chosen by. */
export type SeccompContext = {
  readonly capabilities: readonly string[]
  readonly architecture: 'amd64' | 'arm64'
  readonly kernel: string
}

function isKernelAtLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10))
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

function isIncluded({ includes }: SeccompRule, context: SeccompContext): boolean {
  const { caps = [], arches = [], minKernel } = includes ?? {}
  return (
    caps.every((cap) => context.capabilities.includes(cap)) &&
    (arches.length === 0 || arches.some((arch) => archMatches(arch, context))) &&
    (!minKernel || isKernelAtLeast(context.kernel, minKernel))
  )
}

function isExcluded({ excludes }: SeccompRule, context: SeccompContext): boolean {
  const { caps = [], arches = [], minKernel } = excludes ?? {}
  return (
    caps.some((cap) => context.capabilities.includes(cap)) ||
    arches.some((arch) => archMatches(arch, context)) ||
    (minKernel !== undefined && minKernel !== '' && isKernelAtLeast(context.kernel, minKernel))
  )
}

const ARCHES: Readonly<Record<string, readonly string[]>> = {
  amd64: ['amd64', 'x86', 'x32'],
  arm64: ['arm64', 'arm'],
}

const archMatches = (arch: string, { architecture }: SeccompContext) =>
  ARCHES[architecture]?.includes(arch) === true

/** The rules that apply to a container with these capabilities on this host. */
export function rulesFor(profile: SeccompProfile, context: SeccompContext): SeccompRule[] {
  return (profile.syscalls ?? []).filter(
    (rule) => isIncluded(rule, context) && !isExcluded(rule, context),
  )
}

export function parseProfile(text: string): SeccompProfile {
  let profile: SeccompProfile
  try {
    profile = JSON.parse(text) as SeccompProfile
  } catch (err) {
    throw new EngineError(
      'invalid-parameter',
      `opening seccomp profile (${text.slice(0, 80)}) failed: ${(err as Error).message}`,
      { cause: err },
    )
  }
  if (typeof profile?.defaultAction !== 'string') {
    throw new EngineError(
      'invalid-parameter',
      'Decoding seccomp profile failed: defaultAction is missing',
    )
  }
  return profile
}
