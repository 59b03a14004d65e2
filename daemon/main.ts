import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { enableCompileCache, flushCompileCache } from 'node:module'
import tsd from '../package.json' with { type: 'json' }
import { ConfigError, configSchema, loadConfig, usage } from './config.ts'
import { log, setLogLevel } from './log.ts'

enableCompileCache()
const args = process.argv.slice(2)

if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(usage())
} else if (args.includes('--version') || args.includes('-v')) {
  process.stdout.write(`tsd version ${tsd.version}\n`)
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
  process.on('SIGHUP', () => {
    setLogLevel(readConfig()?.logLevel ?? config.logLevel)
    process.exitCode = 0 // a file that is wrong by now ends nobody
  })
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fault, (err) => {
      log.daemon.fatal({ err }, 'a bug: ending, so that what runs next starts from what is on disk')
      process.exit(1)
    })
  }
  try {
    const { openDaemon } = await import('./daemon.ts')
    await using _daemon = await openDaemon(config)
    notifyReady()
    flushCompileCache() // for the next start; this one may end by SIGKILL
    if (!stop.signal.aborted) await once(stop.signal, 'abort')
    setTimeout(() => process.exit(0), 4000).unref()
  } catch (err) {
    log.daemon.fatal({ err }, 'failed to start daemon')
    process.exitCode = 1
  }
}

/** Tells systemd, where it asked: sd_notify(3). */
function notifyReady(): void {
  if (!process.env.NOTIFY_SOCKET) return
  const child = spawn('systemd-notify', ['--ready', `--pid=${process.pid}`], { stdio: 'ignore' })
  child.on('error', (err) => log.daemon.warn({ err }, 'systemd was not told'))
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
