import { posix } from 'node:path'
import type { Mount as ApiMount, HostConfig, MountPoint } from '../../api-spec/generated/types.ts'
import { EngineError } from '../errors.ts'
import type { Mount } from '../shim/protocol.ts'

/** mount(2) */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REC: 0x4000,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
  RELATIME: 1 << 21,
  STRICTATIME: 1 << 24,
} as const

const PROPAGATION: Readonly<Record<string, number>> = {
  private: MS.PRIVATE,
  rprivate: MS.PRIVATE | MS.REC,
  slave: MS.SLAVE,
  rslave: MS.SLAVE | MS.REC,
  shared: MS.SHARED,
  rshared: MS.SHARED | MS.REC,
}

/** A mount that the user asked for, whichever of the API's ways it came by. */
export type UserMount = {
  readonly type: 'bind' | 'tmpfs'
  readonly source: string
  readonly target: string
  /** The option text of a bind, as inspect shows it. */
  readonly mode: string
  readonly readonly: boolean
  readonly propagation: string
  readonly isRecursive: boolean
  readonly readonlyRecursive: 'no' | 'try' | 'force'
  /** A missing source of a bind is made as a directory. */
  readonly createsSource: boolean
  readonly data: string
  readonly flags: number
  /** Of HostConfig.Tmpfs, which inspect does not list. */
  readonly isHidden: boolean
}

const refuse = (message: string) => new EngineError('invalid-parameter', message)

function notServed(what: string): EngineError {
  return new EngineError('not-implemented', `${what}: volumes are not implemented by tsd yet`)
}

function absolute(target: string, spec: string): string {
  if (!target.startsWith('/'))
    throw refuse(
      `invalid volume specification: '${spec}': invalid mount config for type "volume": invalid mount path: '${target}' mount path must be absolute`,
    )
  const clean = posix.normalize(target).replace(/(.)\/$/, '$1')
  if (clean === '/')
    throw refuse(
      `invalid volume specification: '${spec}': invalid mount config for type "bind": invalid specification: destination can't be '/'`,
    )
  return clean
}

const MODES = new Set([
  'rw',
  'ro',
  'z',
  'Z',
  'nocopy',
  'cached',
  'delegated',
  'consistent',
  'bind',
  'rbind',
  '',
  'rro',
])

/** What is no path is the name of a volume. */
function assertPath(source: string): void {
  if (source.startsWith('/')) return
  if (source.startsWith('.') || source.includes('/')) {
    throw refuse(
      `create ${source}: "${source}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    )
  }
  throw notServed(`volume ${source}`)
}

/** `SOURCE:TARGET[:OPTIONS]` */
export function parseBind(spec: string): UserMount {
  const [source = '', rawTarget, mode = '', ...rest] = spec.split(':')
  if (rawTarget === undefined) throw notServed(`bind ${spec}`)
  if (rest.length > 0 || source === '' || rawTarget === '')
    throw refuse(`invalid volume specification: '${spec}'`)
  const options = mode.split(',')
  const propagation = options.find((option) => option in PROPAGATION)
  const unknown = options.find((option) => !MODES.has(option) && !(option in PROPAGATION))
  if (unknown !== undefined)
    throw refuse(`invalid volume specification: '${spec}': invalid mode: ${mode}`)
  const target = absolute(rawTarget, spec)
  assertPath(source)
  return {
    type: 'bind',
    source: posix.normalize(source),
    target,
    mode,
    readonly: options.includes('ro') || options.includes('rro'),
    propagation: propagation ?? 'rprivate',
    isRecursive: !options.includes('bind'),
    readonlyRecursive: options.includes('rro') ? 'force' : options.includes('ro') ? 'try' : 'no',
    createsSource: true,
    data: '',
    flags: 0,
    isHidden: false,
  }
}

function fromBindMount({
  Source = '',
  Target = '',
  ReadOnly = false,
  BindOptions,
}: ApiMount): UserMount {
  const invalid = (why: string) => refuse(`invalid mount config for type "bind": ${why}`)
  if (Source === '') throw invalid('field Source must not be empty')
  if (Target === '') throw invalid('field Target must not be empty')
  if (!Source.startsWith('/'))
    throw invalid(`invalid mount path: '${Source}' mount path must be absolute`)
  const propagation = BindOptions?.Propagation ?? ''
  if (propagation !== '' && !(propagation in PROPAGATION))
    throw invalid(`invalid propagation mode: ${propagation}`)
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive } = BindOptions ?? {}
  return {
    type: 'bind',
    source: posix.normalize(Source),
    target: absolute(Target, Target),
    mode: '',
    readonly: ReadOnly,
    propagation: propagation || 'rprivate',
    isRecursive: BindOptions?.NonRecursive !== true,
    readonlyRecursive:
      !ReadOnly || ReadOnlyNonRecursive ? 'no' : ReadOnlyForceRecursive ? 'force' : 'try',
    createsSource: BindOptions?.CreateMountpoint === true,
    data: '',
    flags: 0,
    isHidden: false,
  }
}

const TMPFS_FLAGS: Readonly<Record<string, readonly [set: number, clear: number]>> = {
  ro: [MS.RDONLY, 0],
  rw: [0, MS.RDONLY],
  nosuid: [MS.NOSUID, 0],
  suid: [0, MS.NOSUID],
  nodev: [MS.NODEV, 0],
  dev: [0, MS.NODEV],
  noexec: [MS.NOEXEC, 0],
  exec: [0, MS.NOEXEC],
}

function tmpfsMount(target: string, options: string[], isHidden: boolean): UserMount {
  let flags: number = MS.NOSUID | MS.NODEV | MS.NOEXEC
  const data: string[] = []
  for (const option of options.filter((text) => text !== '')) {
    const known = TMPFS_FLAGS[option]
    if (known) flags = (flags | known[0]) & ~known[1]
    else if (/^(size|nr_inodes|nr_blocks|mode|uid|gid|mpol)=/.test(option)) data.push(option)
    else throw refuse(`invalid tmpfs option [${JSON.stringify(option)}]`)
  }
  return {
    type: 'tmpfs',
    source: '',
    target: absolute(target, target),
    mode: '',
    readonly: (flags & MS.RDONLY) !== 0,
    propagation: '',
    isRecursive: false,
    readonlyRecursive: 'no',
    createsSource: false,
    data: data.join(','),
    flags,
    isHidden,
  }
}

function fromTmpfsMount({ Target = '', Source = '', ReadOnly, TmpfsOptions }: ApiMount): UserMount {
  if (Source !== '')
    throw refuse('invalid mount config for type "tmpfs": field Source must not be specified')
  if (Target === '')
    throw refuse('invalid mount config for type "tmpfs": field Target must not be empty')
  const options: string[] = []
  if (ReadOnly) options.push('ro')
  if (TmpfsOptions?.SizeBytes) options.push(`size=${TmpfsOptions.SizeBytes}`)
  if (TmpfsOptions?.Mode) options.push(`mode=${TmpfsOptions.Mode.toString(8)}`)
  return tmpfsMount(Target, options, false)
}

function fromMount(mount: ApiMount): UserMount {
  switch (mount.Type) {
    case 'bind':
      return fromBindMount(mount)
    case 'tmpfs':
      return fromTmpfsMount(mount)
    case 'volume':
      throw notServed(`mount ${mount.Source ?? ''}:${mount.Target ?? ''}`)
    case undefined:
      throw refuse('invalid mount config for type "": mount type must not be empty')
    default:
      throw refuse(`invalid mount config for type "${mount.Type}": mount type unknown`)
  }
}

/** Every mount that a HostConfig asks for. Two at one place are refused. */
export function userMounts(hostConfig: HostConfig): UserMount[] {
  const mounts = [
    ...(hostConfig.Binds ?? []).map(parseBind),
    ...(hostConfig.Mounts ?? []).map(fromMount),
    ...Object.entries(hostConfig.Tmpfs ?? {}).map(([target, options]) =>
      tmpfsMount(target, options.split(','), true),
    ),
  ]
  const targets = mounts.map(({ target }) => target)
  const twice = targets.find((target, index) => targets.indexOf(target) !== index)
  if (twice !== undefined) throw refuse(`Duplicate mount point: ${twice}`)
  return mounts
}

/** As inspect lists them. */
export function mountPoints(mounts: readonly UserMount[]): MountPoint[] {
  return mounts
    .filter(({ isHidden }) => !isHidden)
    .map(({ type, source, target, mode, readonly, propagation }) => ({
      Type: type,
      Source: source,
      Destination: target,
      Mode: mode,
      RW: !readonly,
      Propagation: propagation,
    }))
}

function shimMount(mount: UserMount): Mount {
  const { type, source, target, data, propagation } = mount
  if (type === 'tmpfs')
    return { type, source: 'tmpfs', target, flags: mount.flags, data, propagation: 0 }
  const recursive = mount.readonlyRecursive
  return {
    type: 'bind',
    source,
    target,
    flags: (mount.isRecursive ? MS.REC : 0) | (mount.readonly ? MS.RDONLY : 0),
    data: '',
    propagation: PROPAGATION[propagation] ?? MS.PRIVATE | MS.REC,
    ...(recursive === 'no' ? {} : { readonlyRecursive: recursive }),
  }
}

/** For the shim, in the order of their targets' depth, so that none hides another. */
export function shimMounts(mounts: readonly UserMount[]): Mount[] {
  const depth = (path: string) => path.split('/').length
  return [...mounts].sort((a, b) => depth(a.target) - depth(b.target)).map(shimMount)
}

/** What the rootfs' own propagation has to be for a bind to be able to share (0: private). */
export function rootPropagation(mounts: readonly UserMount[]): number {
  const all = mounts.map(({ propagation }) => propagation)
  if (all.some((it) => it.endsWith('shared'))) return MS.SHARED | MS.REC
  return all.some((it) => it.endsWith('slave')) ? MS.SLAVE | MS.REC : 0
}
