import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config.ts'
import type { TrashService } from '../layers/trash-service.ts'
import { log } from '../log.ts'
import type { NetworkService } from '../networks/network-service.ts'
import type { Remains, ShimDriver } from '../shim/shim-driver.ts'
import { cgroupDirectories } from './cgroup-config.ts'
import { type Container, isRunning } from './container.ts'
import type { ContainerRemoval } from './container-removal.ts'
import type { ContainerStore } from './container-store.ts'
import type { HostFacts } from './host.ts'
import type { LifecycleService } from './lifecycle-service.ts'
import { shouldRestart } from './restart-policy.ts'
import type { SupervisorService } from './supervisor-service.ts'

/** Docker's exit code of a container whose end nobody saw. */
const UNKNOWN_EXIT_CODE = 255
const SIGKILL = 9

export type RestoreDeps = {
  readonly config: Config
  readonly host: HostFacts
  readonly containers: ContainerStore
  readonly removal: ContainerRemoval
  readonly supervisor: SupervisorService
  readonly lifecycle: LifecycleService
  readonly networks: NetworkService
  readonly shims: ShimDriver
  readonly trash: TrashService
}

/**
 * At the daemon's start, and only then: what the database says is brought in line with what the kernel says. Running
 * containers are adopted, the ends of others are recorded, what nobody knows is removed.
 */
export async function restore(deps: RestoreDeps): Promise<void> {
  const before = new Map(deps.containers.notStopped().map((it) => [it.id, it]))
  const found = new Set(deps.shims.list())
  const adopted = new Set<string>()
  await Promise.all(
    [...found].map(async (id) => {
      if (await adopt(deps, id)) adopted.add(id)
    }),
  )
  const dead = [...before.values()].filter(({ id }) => !adopted.has(id))
  await Promise.all(dead.map((it) => recordDeath(deps, it)))
  await removeOrphans(deps, adopted)
  void startByPolicy(deps, before)
}

/** Whether the container's shim lives and is ours to keep. */
async function adopt(deps: RestoreDeps, id: string): Promise<boolean> {
  const { containers, shims, supervisor } = deps
  const container = containers.find(id)
  const shim = await shims.adopt(id, remainsOf(deps, id))
  if (!shim) {
    if (!container || !isRunning(container)) await endUnknown(deps, id)
    return false
  }
  if (container && container.status !== 'removing') {
    supervisor.adopt(container, shim)
    return true
  }
  await shim.kill(SIGKILL).catch(() => {}) // it has ended, or is killed below
  await endUnknown(deps, id)
  return false
}

/** A half-started container, or one without a row. */
async function endUnknown({ config, host, shims }: RestoreDeps, id: string): Promise<void> {
  const cgroups = cgroupDirectories({ id, hostConfig: {} }, config, host)
  await shims.killGroups(cgroups).catch((err) => {
    log.containers.error({ container: id, err }, 'cannot end what is left of an unknown container')
  })
  shims.removeDirectory(id)
}

async function recordDeath(deps: RestoreDeps, container: Container): Promise<void> {
  const { supervisor, removal, shims, containers } = deps
  const { id, status, pid, pidStartTime } = container
  if (status === 'removing') {
    removal.remove(container, { volumes: true })
    return
  }
  if (status === 'restarting') return
  const exit = await shims.afterDeath({ id, pid, startTime: pidStartTime }, remainsOf(deps, id))
  const isOtherBoot = container.bootId !== deps.host.bootId
  const exitCode = exit.shimDied && isOtherBoot ? UNKNOWN_EXIT_CODE : exit.exitCode
  supervisor.recordExit(id, { ...exit, exitCode, shimDied: exit.shimDied && !isOtherBoot })
  if (containers.hasId(id)) log.containers.info({ container: id, exitCode }, 'ended meanwhile')
}

/** What no row knows: directories, groups of processes, endpoints. */
async function removeOrphans(deps: RestoreDeps, adopted: ReadonlySet<string>): Promise<void> {
  const { config, host, containers, networks, shims, trash } = deps
  const root = join(config.dataRoot, 'containers')
  const orphans = listDirectory(root).filter((id) => !containers.hasId(id))
  if (orphans.length > 0) {
    trash.put(...orphans.map((id) => join(root, id)))
    trash.run()
  }
  for (const { id } of containers.list()) {
    if (!adopted.has(id) && networks.endpointsOf(id).length > 0) networks.disconnect(id)
  }
  const groups = cgroupDirectories({ id: 'any', hostConfig: {} }, config, host)
    .map((directory) => dirname(directory))
    .flatMap((parent) => listDirectory(parent).map((id) => ({ id, path: join(parent, id) })))
    .filter(({ id }) => /^[0-9a-f]{64}$/.test(id) && !adopted.has(id))
  if (groups.length === 0) return
  await shims
    .killGroups(groups.map(({ path }) => path))
    .catch((err) => log.containers.error({ err }, 'cannot remove groups of unknown containers'))
}

/** Never rejects. Those that wait for a restart, and those that ended with the machine or while no daemon ran. */
async function startByPolicy(
  { containers, supervisor, lifecycle }: RestoreDeps,
  before: ReadonlyMap<string, Container>,
): Promise<void> {
  for (const { id } of containers.list()) {
    const container = containers.find(id)
    if (!container || supervisor.running.get(id) || supervisor.isRestartDue(id)) continue
    if (!isWantedAtBoot(container, before.get(id))) continue
    await lifecycle.start(id).catch((err) => {
      log.containers.warn({ container: id, err }, 'cannot restart')
      supervisor.giveUpRestart(container, { byUser: false })
    })
  }
}

/** `always` starts again whoever stopped it; the others only what nobody stopped. */
function isWantedAtBoot(container: Container, before: Container | undefined): boolean {
  const { status, startedAt, hostConfig, exitCode, restartCount, stoppedByUser } = container
  if (status === 'restarting') return true
  if (status !== 'exited' || startedAt === null) return false
  const policy = hostConfig.RestartPolicy
  if (policy?.Name === 'always') return true
  if (policy?.Name === 'on-failure' && !before) return false
  return shouldRestart(policy, { exitCode, restartCount, stoppedByUser })
}

function remainsOf({ config, host, containers }: RestoreDeps, id: string): Remains {
  const hostConfig = containers.find(id)?.hostConfig ?? {}
  return {
    statusFile: join(config.dataRoot, 'containers', id, 'status.json'),
    cgroups: cgroupDirectories({ id, hostConfig }, config, host),
  }
}

function listDirectory(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}
