import type { HostConfig } from '../../api-spec/generated/types.ts'
import type { Config } from '../config.ts'
import { EngineError } from '../errors.ts'
import type { LogTarget } from '../shim/protocol.ts'
import { parseBytes } from '../util/bytes.ts'
import type { Container } from './container.ts'

type LogConfig = NonNullable<HostConfig['LogConfig']>

const DRIVERS = ['json-file', 'local', 'none']
const OPTIONS = new Set([
  'max-size',
  'max-file',
  'compress',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
  'mode',
  'max-buffer-size',
])

const refuse = (message: string) => new EngineError('invalid-parameter', message)

/** With the daemon's defaults. Throws Docker's words for what is not known. */
export function completeLogConfig(given: LogConfig | undefined, config: Config): LogConfig {
  const driver = given?.Type || config.logDriver
  if (!DRIVERS.includes(driver))
    throw refuse(`logger: no log driver named '${driver}' is registered`)
  const own = given?.Config ?? {}
  const unknown = Object.keys(own).find((name) => !OPTIONS.has(name))
  if (unknown !== undefined) throw refuse(`unknown log opt '${unknown}' for ${driver} log driver`)
  for (const name of ['max-size', 'max-file'] as const) {
    const value = own[name]
    if (value !== undefined && Number.isNaN(parseBytes(value.replace('-1', '0')))) {
      throw refuse(`invalid value for ${name}: ${value}`)
    }
  }
  // what the daemon adds of itself is not shown: inspect has what was asked for
  return { Type: driver as NonNullable<LogConfig['Type']>, Config: own }
}

const pattern = (text: string | undefined) => (text ? new RegExp(text) : undefined)

/** What goes into each line as `attrs`: labels and variables named by the options, and a tag. */
function attributes(
  { config }: Container,
  options: Readonly<Record<string, string>>,
): Record<string, string> {
  const result: Record<string, string> = {}
  const take = (
    pairs: [string, string][],
    names: string | undefined,
    regex: RegExp | undefined,
  ) => {
    const wanted = (names ?? '').split(',')
    for (const [name, value] of pairs)
      if (wanted.includes(name) || regex?.test(name)) result[name] = value
  }
  const env = (config.Env ?? []).map((pair): [string, string] => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  take(Object.entries(config.Labels ?? {}), options.labels, pattern(options['labels-regex']))
  take(env, options.env, pattern(options['env-regex']))
  if (options.tag) result.tag = options.tag
  return result
}

export function logOptions(
  { hostConfig }: Pick<Container, 'hostConfig'>,
  config: Config,
): Record<string, string> {
  return { ...config.logOpts, ...(hostConfig.LogConfig?.Config ?? {}) }
}

/** What a line's details are, as the logs API shows them; '' where there are none. */
export function logDetails(container: Container, config: Config): string {
  return Object.entries(attributes(container, logOptions(container, config)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join(',')
}

export function logTarget(container: Container, path: string, config: Config): LogTarget {
  const options = logOptions(container, config)
  const attrs = attributes(container, options)
  const maxSize = options['max-size'] ?? '-1'
  return {
    path: container.hostConfig.LogConfig?.Type === 'none' ? null : path,
    maxSizeBytes: maxSize.startsWith('-') ? 0 : parseBytes(maxSize),
    maxFiles: Number(options['max-file'] ?? 1),
    compress: options.compress === 'true',
    attrs: Object.keys(attrs).length > 0 ? JSON.stringify(attrs) : '',
  }
}
