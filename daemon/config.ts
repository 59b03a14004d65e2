import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { OPTIONS, type Option, type OptionName } from './config-options.ts'
import { parseBytes } from './util/bytes.ts'

export type Ulimit = { readonly Name: string; readonly Soft: number; readonly Hard: number }

/** Everything on the host that a daemon makes follows from its configuration, so that any number of them share one. */
export type Config = {
  readonly dataRoot: string
  readonly execRoot: string
  readonly hosts: readonly string[]
  readonly pidfile: string
  readonly group: string
  readonly logLevel: string
  readonly labels: readonly string[]
  readonly instanceId: string
  readonly bridge: {
    /** '' where there is no default network. */
    readonly name: string
    readonly bip: string
    readonly mtu: number
    readonly icc: boolean
    readonly ipMasq: boolean
    readonly ipForward: boolean
    readonly firewall: boolean
  }
  readonly nftTable: string
  readonly cgroupParent: string
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOptions: readonly string[]
  readonly defaultUlimits: Readonly<Record<string, Ulimit>>
  readonly defaultShmSizeBytes: number
  readonly defaultCgroupnsMode: string
  readonly defaultIpcMode: string
  readonly logDriver: string
  readonly logOpts: Readonly<Record<string, string>>
  readonly initDefault: boolean
  readonly seccompProfile: string
  readonly noNewPrivileges: boolean
  readonly registryMirrors: readonly string[]
  readonly insecureRegistries: readonly string[]
  readonly shutdownTimeoutSeconds: number
  readonly maxJsonBodyBytes: number
  readonly shimPath: string
}

/** A configuration that cannot be; the text is for whoever wrote it. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

type Values = Partial<Record<OptionName, unknown>>

const DEFAULT_SHIM = new URL('../runtime-shim/build/tsd-shim', import.meta.url).pathname
const DEFAULT_DATA_ROOT = String(OPTIONS.dataRoot.default)
/** Docker's logs grow without bound; these do not, unless asked to. */
const LOG_DEFAULTS = { 'max-size': '20m', 'max-file': '5', compress: 'true' }

const entries = Object.entries(OPTIONS) as [OptionName, Option][]

/** Flags win over the environment, which wins over the file; an option in both flags and file is refused, as dockerd does. */
export function loadConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Config {
  const flags = readFlags(argv)
  const file = readFile(String(flags.configFile ?? env.TSD_CONFIG_FILE ?? ''))
  const both = entries
    .filter(([name]) => flags[name] !== undefined && file[name] !== undefined)
    .map(([name, { key }]) => `${key}: (from flag: ${flags[name]}, from file: ${file[name]})`)
  if (both.length > 0) {
    throw new ConfigError(
      `the following directives are specified both as a flag and in the configuration file: ${both.join(', ')}`,
    )
  }
  const fromEnv: Values = {}
  for (const [name, row] of entries) {
    const text = env[variableOf(row)]
    if (text !== undefined && text !== '') fromEnv[name] = fromText(row, text)
  }
  return toConfig({ ...file, ...fromEnv, ...flags })
}

/** `--data-root` is also TSD_DATA_ROOT. */
function variableOf({ flag }: Option): string {
  return `TSD_${flag.toUpperCase().replaceAll('-', '_')}`
}

function fromText(row: Option, text: string): unknown {
  if (row.kind === 'boolean') return !['0', 'false', 'no'].includes(text.toLowerCase())
  return fromFlag(row, row.kind === 'string' || row.kind === 'integer' ? text : text.split(','))
}

function readFlags(argv: readonly string[]): Values {
  const options = Object.fromEntries(
    entries.map(([, { flag, short, kind }]) => [
      flag,
      {
        type: kind === 'boolean' ? ('boolean' as const) : ('string' as const),
        multiple: kind === 'list' || kind === 'map' || kind === 'ulimits',
        ...(short ? { short } : {}),
      },
    ]),
  )
  const { args, explicit } = withoutExplicitBooleans(argv)
  try {
    const { values } = parseArgs({ args, options, allowNegative: true })
    const given = { ...(values as Record<string, unknown>), ...explicit }
    return Object.fromEntries(
      entries.flatMap(([name, row]) =>
        given[row.flag] === undefined ? [] : [[name, fromFlag(row, given[row.flag])]],
      ),
    )
  } catch (err) {
    throw new ConfigError((err as Error).message, { cause: err })
  }
}

/** `--icc=false`, as Go's flags allow and Node's do not. */
function withoutExplicitBooleans(argv: readonly string[]) {
  const explicit: Record<string, boolean> = {}
  const args = argv.filter((arg) => {
    const [, flag = '', value] = /^--([a-z0-9-]+)=(true|false|1|0)$/.exec(arg) ?? []
    if (!entries.some(([, row]) => row.flag === flag && row.kind === 'boolean')) return true
    explicit[flag] = value === 'true' || value === '1'
    return false
  })
  return { args, explicit }
}

function fromFlag({ kind, flag }: Option, value: unknown): unknown {
  if (kind === 'integer') {
    if (!/^-?\d+$/.test(String(value))) throw new ConfigError(`--${flag}: ${value} is not a number`)
    return Number(value)
  }
  if (kind === 'map') {
    return Object.fromEntries((value as string[]).map((pair) => splitPair(pair, flag)))
  }
  if (kind === 'ulimits') {
    return Object.fromEntries((value as string[]).map((pair) => ulimit(splitPair(pair, flag))))
  }
  return value
}

function splitPair(pair: string, flag: string): [string, string] {
  const at = pair.indexOf('=')
  if (at < 1) throw new ConfigError(`--${flag}: ${pair} is not of the form key=value`)
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function ulimit([name, limits]: [string, string]): [string, Ulimit] {
  const [soft = '', hard = soft] = limits.split(':')
  if (!/^-?\d+$/.test(soft) || !/^-?\d+$/.test(hard))
    throw new ConfigError(`invalid ulimit argument: ${name}=${limits}`)
  return [name, { Name: name, Soft: Number(soft), Hard: Number(hard) }]
}

function readFile(path: string): Values {
  const name = path === '' ? String(OPTIONS.configFile.default) : path
  if (!existsSync(name)) {
    if (path === '') return {}
    throw new ConfigError(
      `unable to configure the daemon with file ${name}: no such file or directory`,
    )
  }
  let content: unknown
  try {
    content = JSON.parse(readFileSync(name, 'utf8'))
  } catch (err) {
    throw new ConfigError(
      `unable to configure the daemon with file ${name}: ${(err as Error).message}`,
      { cause: err },
    )
  }
  return Object.fromEntries(
    Object.entries(content as Record<string, unknown>).map(([key, value]) => {
      const row = entries.find(([, it]) => it.key === key && key !== '')
      if (!row) throw unknownKey(name, key)
      return [row[0], fromJson(row[1], value, name)]
    }),
  )
}

function unknownKey(file: string, key: string): ConfigError {
  const keys = entries.map(([, row]) => row.key).filter((it) => it !== '')
  const nearest = keys.reduce((best, it) => (distance(it, key) < distance(best, key) ? it : best))
  const hint = distance(nearest, key) <= 3 ? ` (did you mean ${nearest}?)` : ''
  return new ConfigError(
    `${file}: the following directives don't match any configuration option: ${key}${hint}`,
  )
}

/** How many letters to add, drop or replace to get from one to the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (let at = 1; at <= to.length; at++) {
      const replaced = (row[at - 1] ?? 0) + (letter === to[at - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}

const JSON_TYPE = {
  string: 'string',
  integer: 'number',
  boolean: 'boolean',
  map: 'object',
  ulimits: 'object',
}

function fromJson({ key, kind }: Option, value: unknown, file: string): unknown {
  const fits = kind === 'list' ? Array.isArray(value) : typeof value === JSON_TYPE[kind]
  if (!fits) throw new ConfigError(`${file}: ${key}: a value of type ${kind} was expected`)
  return value
}

function toConfig(values: Values): Config {
  const get = <T>(name: OptionName): T => (values[name] ?? OPTIONS[name].default) as T
  const dataRoot = get<string>('dataRoot')
  const instanceId = get<string>('instanceId') || instanceOf(dataRoot)
  const isDefault = instanceId === 'tsd'
  const bridge = get<string>('bridge') || (isDefault ? 'tsd0' : `br-${instanceId}`.slice(0, 15))
  const logDriver = get<string>('logDriver')
  const config: Config = {
    dataRoot,
    execRoot: get('execRoot'),
    hosts: get('hosts'),
    pidfile: get('pidfile'),
    group: get('group'),
    logLevel: get<boolean>('debug') ? 'debug' : get('logLevel'),
    labels: get('labels'),
    instanceId,
    bridge: {
      name: bridge === 'none' ? '' : bridge,
      bip: get('bip'),
      mtu: get('mtu'),
      icc: get('icc'),
      ipMasq: get('ipMasq'),
      ipForward: get('ipForward'),
      firewall: get('iptables'),
    },
    nftTable: get<string>('nftTable') || (isDefault ? 'tsd' : `tsd-${instanceId}`),
    cgroupParent: get<string>('cgroupParent') || (isDefault ? '/tsd' : `/tsd-${instanceId}`),
    dns: get('dns'),
    dnsSearch: get('dnsSearch'),
    dnsOptions: get('dnsOptions'),
    defaultUlimits: get('defaultUlimits'),
    defaultShmSizeBytes: parseBytes(get('defaultShmSize')),
    defaultCgroupnsMode: get('defaultCgroupnsMode'),
    defaultIpcMode: get('defaultIpcMode'),
    logDriver,
    logOpts: {
      ...(logDriver === 'none' ? {} : LOG_DEFAULTS),
      ...get<Record<string, string>>('logOpts'),
    },
    initDefault: get('init'),
    seccompProfile: get('seccompProfile'),
    noNewPrivileges: get('noNewPrivileges'),
    registryMirrors: get('registryMirrors'),
    insecureRegistries: get('insecureRegistries'),
    shutdownTimeoutSeconds: get('shutdownTimeout'),
    maxJsonBodyBytes: get('maxJsonBody'),
    shimPath: get<string>('shimPath') || DEFAULT_SHIM,
  }
  assertSensible(config)
  return Object.freeze(config)
}

function assertSensible(config: Config): void {
  if (!['debug', 'info', 'warn', 'error', 'fatal'].includes(config.logLevel)) {
    throw new ConfigError(`invalid logging level: ${config.logLevel}`)
  }
  if (!/^[a-z0-9-]{1,10}$/.test(config.instanceId)) {
    throw new ConfigError(`instance-id: ${config.instanceId} is not 1 to 10 of a-z, 0-9 and -`)
  }
  if (config.bridge.name.length > 15)
    throw new ConfigError(`bridge: ${config.bridge.name} is longer than 15 characters`)
  const unserved = config.hosts.find((host) => !/^unix:\/\/\/./.test(host))
  if (unserved !== undefined)
    throw new ConfigError(`host ${unserved}: only unix:// sockets are served`)
  if (!['json-file', 'local', 'none'].includes(config.logDriver))
    throw new ConfigError(`log-driver: no log driver named '${config.logDriver}' is registered`)
  if (!['', 'private', 'host'].includes(config.defaultCgroupnsMode))
    throw new ConfigError(
      `default-cgroupns-mode: ${config.defaultCgroupnsMode} is not private or host`,
    )
  for (const path of [config.dataRoot, config.execRoot]) {
    if (!path.startsWith('/')) throw new ConfigError(`${path} is not an absolute path`)
  }
}

/** Daemons with different data get different names for what they make on the host. */
function instanceOf(dataRoot: string): string {
  if (dataRoot === DEFAULT_DATA_ROOT) return 'tsd'
  return `t${createHash('sha256').update(dataRoot).digest('hex').slice(0, 6)}`
}

/** What `--help` prints. */
export function usage(): string {
  const rows = entries
    .filter(([, row]) => !row.ignored)
    .map(
      ([, { flag, short, help }]) =>
        `  ${short ? `-${short}, ` : '    '}--${flag.padEnd(24)} ${help}`,
    )
  return `Usage: tsd-daemon [OPTIONS]\n\n${rows.join('\n')}\n`
}

const SCHEMA_TYPE = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  boolean: { type: 'boolean' },
  list: { type: 'array', items: { type: 'string' } },
  map: { type: 'object', additionalProperties: { type: 'string' } },
  ulimits: {
    type: 'object',
    additionalProperties: {
      type: 'object',
      properties: {
        Name: { type: 'string' },
        Soft: { type: 'integer' },
        Hard: { type: 'integer' },
      },
    },
  },
}

/** The JSON schema of daemon.json. */
export function configSchema(): object {
  const properties = Object.fromEntries(
    entries
      .filter(([, { key }]) => key !== '')
      .map(([, { key, kind, help }]) => [key, { ...SCHEMA_TYPE[kind], description: help }]),
  )
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'tsd daemon.json',
    type: 'object',
    additionalProperties: false,
    properties,
  }
}
