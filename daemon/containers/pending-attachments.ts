import type { Duplex } from 'node:stream'
import { EngineError } from '../errors.ts'
import type { AttachOptions } from '../shim/shim.ts'
import type { PendingAttach } from '../shim/shim-driver.ts'

/** Clients that are attached to containers which do not run yet. */
export class PendingAttachments {
  readonly #pending = new Map<string, Set<PendingAttach>>()

  /** Resolves with the stream when the container starts; rejects when it cannot, or is removed. */
  add(id: string, options: AttachOptions, signal?: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const attach: PendingAttach = { options, opened: resolve, failed: reject }
      const attachments = this.#pending.get(id) ?? new Set()
      this.#pending.set(id, attachments.add(attach))
      signal?.addEventListener('abort', () => {
        attachments.delete(attach)
        reject(signal.reason)
      })
    })
  }

  take(id: string): PendingAttach[] {
    const attachments = this.#pending.get(id)
    this.#pending.delete(id)
    return attachments ? [...attachments] : []
  }

  fail(id: string): void {
    for (const { failed } of this.take(id)) {
      failed(new EngineError('conflict', `container ${id} is not running`))
    }
  }
}
