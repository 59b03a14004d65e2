import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestDaemon } from '../helpers/daemon.ts'

type Listed = { readonly Id: string; readonly State: string }

/** What is wrong on the host or in the database, in words; nothing, if all that is there belongs to something. */
export async function violations(daemon: TestDaemon): Promise<string[]> {
  const { body } = await daemon.call<Listed[]>('GET', '/containers/json?all=1')
  const all = new Set(body.map(({ Id }) => Id))
  const alive = new Set(
    body.filter(({ State }) => ['running', 'paused'].includes(State)).map(({ Id }) => Id),
  )
  return [
    ...unknown('cgroup of no running container', cgroups(daemon), alive),
    ...unknown('directory of a shim that is gone', list(join(daemon.execRoot, 'c')), alive),
    ...unknown('directory of no container', list(join(daemon.dataRoot, 'containers')), all),
    ...mounts(daemon),
    ...database(daemon, alive),
    ...body
      .filter(({ Id, State }) => State === 'running' && !hasProcess(daemon, Id))
      .map(({ Id }) => `running without a process: ${Id}`),
  ]
}

function unknown(what: string, ids: readonly string[], known: ReadonlySet<string>): string[] {
  return ids.filter((id) => !known.has(id)).map((id) => `${what}: ${id}`)
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}

function groupsOf(daemon: TestDaemon): string[] {
  return ['', ...list('/sys/fs/cgroup')]
    .map((name) => join('/sys/fs/cgroup', name, daemon.cgroupParent))
    .filter((it) => existsSync(it))
}

function cgroups(daemon: TestDaemon): string[] {
  const names = groupsOf(daemon).flatMap((it) => list(it))
  return [...new Set(names)].filter((name) => /^[0-9a-f]{64}$/.test(name))
}

function hasProcess(daemon: TestDaemon, id: string): boolean {
  return groupsOf(daemon).some((group) => {
    const file = join(group, id, 'cgroup.procs')
    return existsSync(file) && readFileSync(file, 'utf8').trim() !== ''
  })
}

/** Root file systems are mounted in the containers' own namespaces only. */
function mounts(daemon: TestDaemon): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${daemon.root}/`))
    .map((line) => `mount on the host: ${line}`)
}

function database(daemon: TestDaemon, alive: ReadonlySet<string>): string[] {
  using db = new DatabaseSync(join(daemon.dataRoot, 'tsd.db'), { readOnly: true })
  const [integrity] = db.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[]
  const broken = db.prepare('PRAGMA foreign_key_check').all()
  const endpoints = db.prepare('SELECT container_id FROM endpoint').all() as {
    container_id: string
  }[]
  const ids = db.prepare('SELECT id FROM event ORDER BY id').all() as { id: number }[]
  const gaps = ids.filter(({ id }, at) => at > 0 && id !== (ids[at - 1]?.id ?? 0) + 1)
  return [
    ...(integrity?.integrity_check === 'ok' ? [] : ['the database is damaged']),
    ...broken.map((it) => `a foreign key leads nowhere: ${JSON.stringify(it)}`),
    ...unknown(
      'endpoint of no running container',
      endpoints.map((it) => it.container_id),
      alive,
    ),
    ...gaps.map(({ id }) => `a gap in the events before ${id}`),
  ]
}
