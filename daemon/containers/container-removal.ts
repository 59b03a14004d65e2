import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { EventService } from '../events/event-service.ts'
import type { TrashService } from '../layers/trash-service.ts'
import type { NetworkService } from '../networks/network-service.ts'
import { failPoint } from '../util/fail-point.ts'
import type { Container } from './container.ts'
import { containerEvent } from './container-event.ts'
import type { ContainerStore } from './container-store.ts'
import type { ExitWaiters } from './exit-waiters.ts'
import type { PendingAttachments } from './pending-attachments.ts'
import type { RunningContainers } from './running-containers.ts'

type Deps = {
  readonly config: Config
  readonly db: Database
  readonly containers: ContainerStore
  readonly running: RunningContainers
  readonly networks: NetworkService
  readonly trash: TrashService
  readonly events: EventService
  readonly waiters: ExitWaiters
  readonly attachments: PendingAttachments
}

/** The end of a container that does not run: its row goes at once, its files in the background. */
export class ContainerRemoval {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  remove(container: Container, _options: { readonly volumes: boolean }): void {
    const { config, db, containers, running, networks, trash, events, waiters } = this.#deps
    const { id } = container
    failPoint('remove.before-row')
    db.transaction(() => {
      networks.disconnect(id)
      containers.delete(id)
      trash.put(join(config.dataRoot, 'containers', id))
      events.publish(containerEvent(container, 'destroy'))
    })
    failPoint('remove.after-row')
    running.forget(id)
    this.#deps.attachments.fail(id)
    waiters.removed(id, container.exitCode)
    trash.run()
  }
}
