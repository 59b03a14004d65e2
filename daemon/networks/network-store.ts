import type { Database } from '../db/database.ts'

export type EndpointRow = {
  readonly id: string
  readonly network_id: string
  readonly container_id: string
  readonly mac: string
  readonly ipv4: string
  readonly created_at: number
}

/** The tables network and endpoint, and the address that was chosen for the default bridge. */
export class NetworkStore {
  readonly #endpoints
  readonly #insertEndpoint
  readonly #deleteEndpoints
  readonly #putNetwork
  readonly #setting
  readonly #setSetting

  constructor(db: Database) {
    this.#endpoints = db.prepare<object, EndpointRow>('SELECT * FROM endpoint ORDER BY created_at')
    this.#insertEndpoint = db.prepare<EndpointRow>(`
      INSERT INTO endpoint (id, network_id, container_id, mac, ipv4, created_at)
      VALUES (:id, :network_id, :container_id, :mac, :ipv4, :created_at)`)
    this.#deleteEndpoints = db.prepare<{ container_id: string }>(
      'DELETE FROM endpoint WHERE container_id = :container_id',
    )
    this.#putNetwork = db.prepare<{
      id: string
      name: string
      driver: string
      created_at: number
    }>(`
      INSERT INTO network (id, name, driver, created_at, config) VALUES (:id, :name, :driver, :created_at, '{}')
      ON CONFLICT (id) DO UPDATE SET name = name RETURNING created_at`)
    this.#setting = db.prepare<{ key: string }, { value: string }>(
      'SELECT value FROM setting WHERE key = :key',
    )
    this.#setSetting = db.prepare<{ key: string; value: string }>(
      'INSERT INTO setting (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = :value',
    )
  }

  endpoints(): EndpointRow[] {
    return this.#endpoints.all({})
  }

  insertEndpoint(row: EndpointRow): void {
    this.#insertEndpoint.run(row)
  }

  deleteEndpoints(containerId: string): void {
    this.#deleteEndpoints.run({ container_id: containerId })
  }

  /** Makes the row if it is not there; returns when it was made. */
  ensureNetwork(network: {
    readonly id: string
    readonly name: string
    readonly driver: string
  }): Date {
    const row = this.#putNetwork.get({ ...network, created_at: Date.now() }) as {
      created_at: number
    }
    return new Date(row.created_at)
  }

  get bip(): string | undefined {
    return this.#setting.get({ key: 'bridge.bip' })?.value
  }

  set bip(value: string) {
    this.#setSetting.run({ key: 'bridge.bip', value })
  }
}
