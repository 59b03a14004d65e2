import { once } from 'node:events'
import { enableCompileCache } from 'node:module'
import { ConfigError, configSchema, loadConfig, usage } from './config.ts'
import { log, setLogLevel } from './log.ts'

enableCompileCache()
const args = process.argv.slice(2)

if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(usage())
} else if (args.includes('--print-config-schema')) {
  process.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`)
} else {
  await main()
}

async function main(): Promise<void> {
  const config = readConfig()
  if (!config) return
  setLogLevel(config.logLevel)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  process.on('SIGHUP', () => setLogLevel(readConfig()?.logLevel ?? config.logLevel))
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fault, (err) => {
      log.daemon.fatal({ err }, 'a bug: ending, so that what runs next starts from what is on disk')
      process.exit(1)
    })
  }
  try {
    const { openDaemon } = await import('./daemon.ts')
    await using _daemon = await openDaemon(config)
    await once(stop.signal, 'abort')
    setTimeout(() => process.exit(0), 4000).unref()
  } catch (err) {
    log.daemon.fatal({ err }, 'failed to start daemon')
    process.exitCode = 1
  }
}

function readConfig() {
  try {
    const config = loadConfig(
      args.filter((arg) => arg !== '--validate'),
      process.env,
    )
    if (!args.includes('--validate')) return config
    process.stdout.write('configuration OK\n')
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err
    process.stderr.write(`${err.message}\n`)
    process.exitCode = 1
  }
  return undefined
}
