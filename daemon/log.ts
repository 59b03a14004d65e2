import pino from 'pino'

const root = pino({
  name: 'tsd',
  level: process.env.TSD_LOG_LEVEL ?? 'info',
  base: null,
})

/** Changes the level of every logger, as `--log-level` and SIGHUP do. */
export function setLogLevel(level: string): void {
  root.level = level
  for (const logger of Object.values(log)) logger.level = level
}

/** One logger for each folder of the daemon. Nobody makes another. */
export const log = {
  daemon: root.child({ in: 'daemon' }),
  containers: root.child({ in: 'containers' }),
  events: root.child({ in: 'events' }),
  exec: root.child({ in: 'exec' }),
  http: root.child({ in: 'http' }),
  images: root.child({ in: 'images' }),
  layers: root.child({ in: 'layers' }),
  logs: root.child({ in: 'logs' }),
  networks: root.child({ in: 'networks' }),
  shim: root.child({ in: 'shim' }),
  stats: root.child({ in: 'stats' }),
}
