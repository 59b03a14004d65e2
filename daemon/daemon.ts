import { randomUUID } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { type Config, ConfigError } from './config.ts'
import { ArchiveService } from './containers/archive-service.ts'
import { prepareCgroups } from './containers/cgroup-driver.ts'
import { CommitService } from './containers/commit-service.ts'
import { isRunning } from './containers/container.ts'
import { ContainerRemoval } from './containers/container-removal.ts'
import { ContainerService } from './containers/container-service.ts'
import { ContainerStore } from './containers/container-store.ts'
import { ExitWaiters } from './containers/exit-waiters.ts'
import { readHostFacts } from './containers/host.ts'
import { LifecycleService } from './containers/lifecycle-service.ts'
import { PendingAttachments } from './containers/pending-attachments.ts'
import { restore } from './containers/restore.ts'
import { RunningContainers } from './containers/running-containers.ts'
import { SupervisorService } from './containers/supervisor-service.ts'
import { BootStore } from './db/boot-store.ts'
import { DataLock } from './db/data-lock.ts'
import { Database } from './db/database.ts'
import { EventService } from './events/event-service.ts'
import { EventStore } from './events/event-store.ts'
import { ExecService } from './exec/exec-service.ts'
import { HealthService } from './exec/health-service.ts'
import { API_VERSION, MIN_API_VERSION } from './http/api-version.ts'
import { archiveRoutes } from './http/routes/archive.ts'
import { containerRoutes } from './http/routes/container.ts'
import { containerIoRoutes } from './http/routes/container-io.ts'
import { execRoutes } from './http/routes/exec.ts'
import { imageRoutes } from './http/routes/image.ts'
import { systemRoutes } from './http/routes/system.ts'
import { type AnyHandler, createServer, type HttpServer } from './http/server.ts'
import { ENGINE_VERSION } from './http/server-name.ts'
import { ImageService } from './images/image-service.ts'
import { ImageStore } from './images/image-store.ts'
import { SaveLoadService } from './images/save-load-service.ts'
import { LayerService } from './layers/layer-service.ts'
import { LayerStore } from './layers/layer-store.ts'
import { TrashService } from './layers/trash-service.ts'
import { TrashStore } from './layers/trash-store.ts'
import { log } from './log.ts'
import { LogService } from './logs/log-service.ts'
import { NetworkService } from './networks/network-service.ts'
import { NetworkStore } from './networks/network-store.ts'
import { ShimDriver } from './shim/shim-driver.ts'
import { StatsService } from './stats/stats-service.ts'
import { SystemService } from './system/system-service.ts'

/** The engine and the API on its sockets. */
export async function openDaemon(config: Config): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack()
  mkdirSync(config.dataRoot, { recursive: true, mode: 0o710 })
  mkdirSync(config.execRoot, { recursive: true, mode: 0o700 })
  undo.use(new DataLock(join(config.dataRoot, 'lock.db')))
  const base = await openBase(config, undo)
  const engine = openEngine(base)
  undo.use(new HealthService(engine))
  await restore({ ...engine, containers: base.store })
  const handlers = openRoutes(base, engine)
  const logs = new LogService({ ...base, containers: engine.containers })
  const { lifecycle, execs: exec } = engine
  for (const address of config.hosts) {
    const app = createServer({
      config,
      handlers: handlers(logs),
      upgrades: { lifecycle, exec, logs },
    })
    undo.defer(() => app.close())
    await listen(app, address, config)
  }
  mkdirSync(dirname(config.pidfile), { recursive: true })
  writeFileSync(config.pidfile, String(process.pid))
  undo.defer(() => rmSync(config.pidfile, { force: true }))
  const opened = undo.move()
  return { [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

type Base = Awaited<ReturnType<typeof openBase>>

/** What touches the host and the database, and the services that stand on it: the rows below containers. */
async function openBase(config: Config, undo: AsyncDisposableStack) {
  const db = undo.use(new Database(join(config.dataRoot, 'tsd.db')))
  const boots = new BootStore(db)
  const host = readHostFacts()
  boots.begin(host.bootId)
  undo.defer(() => boots.end())
  prepareCgroups(host, config)
  const shims = undo.use(await ShimDriver.open(config))
  const events = undo.use(new EventService({ db, events: new EventStore(db) }))
  const trash = new TrashService({ db, trash: new TrashStore(db), shims })
  const layers = new LayerService({
    dataRoot: config.dataRoot,
    db,
    layers: new LayerStore(db),
    trash,
    shims,
  })
  const store = new ContainerStore(db)
  const images = new ImageService({
    db,
    images: new ImageStore(db),
    layers,
    events,
    containersUsing: (imageId) =>
      store
        .list()
        .filter((it) => it.imageId === imageId)
        .map((it) => ({ id: it.id, running: isRunning(it) })),
  })
  const networks = await NetworkService.open({
    config,
    db,
    networks: new NetworkStore(db),
    events,
    call: (request) => shims.call(request),
    nameOf: (id) => store.find(id)?.name ?? '',
  })
  const running = new RunningContainers()
  return { config, host, db, boots, shims, events, trash, layers, images, networks, running, store }
}

type Engine = ReturnType<typeof openEngine>

/** Containers and what runs in them. */
function openEngine(base: Base) {
  const { store } = base
  const waiters = new ExitWaiters()
  const attachments = new PendingAttachments()
  const deps = { ...base, containers: store, waiters, attachments }
  const removal = new ContainerRemoval(deps)
  const supervisor = new SupervisorService({ ...deps, removal })
  const lifecycle = new LifecycleService({ containers: store, supervisor })
  const containers = new ContainerService({ ...deps, removal, lifecycle })
  const execs = new ExecService({ ...base, containers })
  return { ...base, removal, supervisor, lifecycle, containers, execs }
}

/** One handler for each operation we serve. */
function openRoutes(base: Base, { containers, lifecycle, execs }: Engine) {
  const { config, host, boots, images, layers, events, networks, store } = base
  const stats = new StatsService({ config, host, containers })
  const versions = { engine: ENGINE_VERSION, api: API_VERSION, minApi: MIN_API_VERSION }
  const engineId = boots.engineId(randomUUID)
  const system = new SystemService({ config, host, engineId, versions, containers, images, layers })
  const archives = new SaveLoadService({ images, layers })
  const rows = { ...base, containers: store }
  return (logs: LogService) =>
    ({
      ...containerRoutes({ containers, lifecycle }),
      ...containerIoRoutes({ lifecycle, logs, stats }),
      ...archiveRoutes({ archives: new ArchiveService(rows) }),
      ...execRoutes({ exec: execs }),
      ...imageRoutes({ images, archives, commits: new CommitService(rows) }),
      ...systemRoutes({ system, events, networks }),
    }) as unknown as Record<string, AnyHandler>
}

async function listen(app: HttpServer, address: string, config: Config): Promise<void> {
  const path = address.slice('unix://'.length)
  mkdirSync(dirname(path), { recursive: true })
  if (await answers(path))
    throw new ConfigError(`host ${address}: another daemon is listening there`)
  rmSync(path, { force: true }) // left by one that was killed
  await app.ready()
  await new Promise<void>((resolve, reject) => {
    app.server.once('error', reject)
    app.server.listen(path, resolve)
  })
  chmodSync(path, 0o660)
  chownSync(path, 0, groupId(config.group))
  log.daemon.info({ socket: path }, 'listening')
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path, () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

/** Of a group by its name, or root's where there is none. */
function groupId(name: string): number {
  const groups = readFileSync('/etc/group', 'utf8')
  const line = groups.split('\n').find((it) => it.startsWith(`${name}:`))
  return Number(line?.split(':')[2] ?? 0)
}
