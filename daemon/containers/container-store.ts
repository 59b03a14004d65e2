import type { Database } from '../db/database.ts'
import { EngineError, noSuch } from '../errors.ts'
import type { Container, ContainerState, ContainerStatus, NewContainer } from './container.ts'

type Row = {
  id: string
  name: string
  image_id: string
  image: string
  created_at: number
  config: string
  host_config: string
  networking: string
  mounts: string
  status: ContainerStatus
  pid: number
  pid_start_time: string
  boot_id: string
  exit_code: number
  error: string
  oom_killed: number
  started_at: number | null
  finished_at: number | null
  restart_count: number
  stopped_by_user: number
}

const STATE_COLUMNS = `status = :status, pid = :pid, pid_start_time = :pid_start_time, boot_id = :boot_id,
  exit_code = :exit_code, error = :error, oom_killed = :oom_killed, started_at = :started_at,
  finished_at = :finished_at, restart_count = :restart_count, stopped_by_user = :stopped_by_user`

/**
 * The tables container and container_layer. Records are kept in memory as well, parsed: reading one or all costs no query. The
 * database is written first, so that memory is never ahead of it but inside a transaction that is then rolled back.
 */
export class ContainerStore {
  readonly #byId = new Map<string, Container>()
  readonly #idOfName = new Map<string, string>()
  #sorted: readonly Container[] | undefined
  readonly #insert
  readonly #insertLayer
  readonly #setState
  readonly #rename
  readonly #setHostConfig
  readonly #delete
  readonly #layers

  constructor(db: Database) {
    this.#insert = db.prepare<NewRow>(`
      INSERT INTO container (id, name, image_id, image, created_at, config, host_config, networking, mounts, status)
      VALUES (:id, :name, :image_id, :image, :created_at, :config, :host_config, :networking, :mounts, 'created')`)
    this.#insertLayer = db.prepare<{ container_id: string; position: number; diff_id: string }>(`
      INSERT INTO container_layer (container_id, position, diff_id) VALUES (:container_id, :position, :diff_id)`)
    this.#setState = db.prepare<StateRow>(`UPDATE container SET ${STATE_COLUMNS} WHERE id = :id`)
    this.#rename = db.prepare<{ id: string; name: string }>(
      'UPDATE container SET name = :name WHERE id = :id',
    )
    this.#setHostConfig = db.prepare<{ id: string; host_config: string }>(
      'UPDATE container SET host_config = :host_config WHERE id = :id',
    )
    this.#delete = db.prepare<{ id: string }>('DELETE FROM container WHERE id = :id')
    this.#layers = db.prepare<{ id: string }, { diff_id: string }>(
      'SELECT diff_id FROM container_layer WHERE container_id = :id ORDER BY position',
    )
    for (const row of db
      .prepare<object, Row>('SELECT * FROM container ORDER BY created_at')
      .all({})) {
      this.#keep(fromRow(row))
    }
  }

  /** By id, name, or unique id prefix; an exact match beats a prefix. */
  find(ref: string): Container | undefined {
    const exact =
      this.#byId.get(ref) ?? this.#byId.get(this.#idOfName.get(ref.replace(/^\//, '')) ?? '')
    if (exact || !/^[0-9a-f]{1,63}$/.test(ref)) return exact
    const matches = [...this.#byId.keys()].filter((id) => id.startsWith(ref))
    if (matches.length > 1) {
      throw new EngineError('invalid-parameter', `multiple IDs found with provided prefix: ${ref}`)
    }
    return this.#byId.get(matches[0] ?? '')
  }

  get(ref: string): Container {
    const container = this.find(ref)
    if (!container) throw noSuch('container', ref)
    return container
  }

  hasId(id: string): boolean {
    return this.#byId.has(id)
  }

  hasName(name: string): boolean {
    return this.#idOfName.has(name)
  }

  /** Newest first. */
  list(): readonly Container[] {
    this.#sorted ??= [...this.#byId.values()].reverse()
    return this.#sorted
  }

  /** Those that a daemon that starts has to look at. */
  notStopped(): readonly Container[] {
    return this.list().filter(({ status }) =>
      ['running', 'paused', 'restarting', 'removing'].includes(status),
    )
  }

  /** Layers bottom first. Throws a conflict where the name is taken. */
  insert(container: NewContainer, diffIds: readonly string[]): Container {
    this.#assertFree(container.name)
    this.#insert.run(toNewRow(container))
    for (const [position, diff_id] of diffIds.entries()) {
      this.#insertLayer.run({ container_id: container.id, position, diff_id })
    }
    return this.#keep({ ...container, ...INITIAL_STATE })
  }

  setState(id: string, change: Partial<ContainerState>): Container {
    const container = { ...this.get(id), ...change }
    this.#setState.run(toStateRow(container))
    return this.#keep(container)
  }

  rename(id: string, name: string): void {
    const container = this.get(id)
    this.#assertFree(name)
    this.#rename.run({ id, name })
    this.#idOfName.delete(container.name)
    this.#keep({ ...container, name })
  }

  setHostConfig(id: string, hostConfig: Container['hostConfig']): void {
    this.#setHostConfig.run({ id, host_config: JSON.stringify(hostConfig) })
    this.#keep({ ...this.get(id), hostConfig })
  }

  delete(id: string): void {
    const container = this.#byId.get(id)
    this.#delete.run({ id })
    if (!container) return
    this.#byId.delete(id)
    this.#idOfName.delete(container.name)
    this.#sorted = undefined
  }

  /** Of its image's layers, bottom first. */
  diffIds(id: string): string[] {
    return this.#layers.all({ id }).map(({ diff_id }) => diff_id)
  }

  #assertFree(name: string): void {
    const holder = this.#idOfName.get(name)
    if (holder === undefined) return
    throw new EngineError(
      'conflict',
      `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
    )
  }

  #keep(container: Container): Container {
    this.#byId.set(container.id, container)
    this.#idOfName.set(container.name, container.id)
    this.#sorted = undefined
    return container
  }
}

const INITIAL_STATE: ContainerState = {
  status: 'created',
  pid: 0,
  pidStartTime: '',
  bootId: '',
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: null,
  finishedAt: null,
  restartCount: 0,
  stoppedByUser: false,
}

type NewRow = Pick<
  Row,
  | 'id'
  | 'name'
  | 'image_id'
  | 'image'
  | 'created_at'
  | 'config'
  | 'host_config'
  | 'networking'
  | 'mounts'
>

function toNewRow(container: NewContainer): NewRow {
  return {
    id: container.id,
    name: container.name,
    image_id: container.imageId,
    image: container.image,
    created_at: container.createdAt.getTime(),
    config: JSON.stringify(container.config),
    host_config: JSON.stringify(container.hostConfig),
    networking: JSON.stringify(container.networking),
    mounts: JSON.stringify(container.mounts),
  }
}

type StateRow = Omit<Row, Exclude<keyof NewRow, 'id'>>

function toStateRow(container: Container): StateRow {
  return {
    id: container.id,
    status: container.status,
    pid: container.pid,
    pid_start_time: container.pidStartTime,
    boot_id: container.bootId,
    exit_code: container.exitCode,
    error: container.error,
    oom_killed: Number(container.oomKilled),
    started_at: container.startedAt?.getTime() ?? null,
    finished_at: container.finishedAt?.getTime() ?? null,
    restart_count: container.restartCount,
    stopped_by_user: Number(container.stoppedByUser),
  }
}

const toDate = (ms: number | null) => (ms === null ? null : new Date(ms))

function fromRow(row: Row): Container {
  return {
    id: row.id,
    name: row.name,
    imageId: row.image_id,
    image: row.image,
    createdAt: new Date(row.created_at),
    config: JSON.parse(row.config) as Container['config'],
    hostConfig: JSON.parse(row.host_config) as Container['hostConfig'],
    networking: JSON.parse(row.networking) as Container['networking'],
    mounts: JSON.parse(row.mounts) as Container['mounts'],
    status: row.status,
    pid: row.pid,
    pidStartTime: row.pid_start_time,
    bootId: row.boot_id,
    exitCode: row.exit_code,
    error: row.error,
    oomKilled: row.oom_killed !== 0,
    startedAt: toDate(row.started_at),
    finishedAt: toDate(row.finished_at),
    restartCount: row.restart_count,
    stoppedByUser: row.stopped_by_user !== 0,
  }
}
