import { EngineError } from '../errors.ts'

export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

export type WaitResult = {
  readonly StatusCode: number
  readonly Error?: { readonly Message: string }
}

type Waiter = { readonly condition: WaitCondition; readonly resolve: (result: WaitResult) => void }

export function parseWaitCondition(text: string | undefined): WaitCondition {
  if (text === undefined || text === '') return 'not-running'
  if (text === 'not-running' || text === 'next-exit' || text === 'removed') return text
  throw new EngineError('invalid-parameter', `invalid condition: ${JSON.stringify(text)}`)
}

/** Who waits for the end of which container. */
export class ExitWaiters {
  readonly #waiters = new Map<string, Set<Waiter>>()

  /** Stays pending for ever once the signal is aborted: nobody is left to be told. */
  add(id: string, condition: WaitCondition, signal?: AbortSignal): Promise<WaitResult> {
    return new Promise((resolve) => {
      const waiter = { condition, resolve }
      const waiters = this.#waiters.get(id) ?? new Set()
      this.#waiters.set(id, waiters.add(waiter))
      signal?.addEventListener('abort', () => this.#drop(id, waiter), { once: true })
    })
  }

  /** It has stopped, for good or only to be restarted by its policy. */
  exited(id: string, exitCode: number, { restarting }: { readonly restarting: boolean }): void {
    this.#settle(id, { StatusCode: exitCode }, ({ condition }) =>
      restarting ? condition === 'next-exit' : condition !== 'removed',
    )
  }

  removed(id: string, exitCode: number): void {
    this.#settle(id, { StatusCode: exitCode }, () => true)
  }

  removalFailed(id: string, exitCode: number, message: string): void {
    const result = { StatusCode: exitCode, Error: { Message: message } }
    this.#settle(id, result, ({ condition }) => condition === 'removed')
  }

  #settle(id: string, result: WaitResult, isMet: (waiter: Waiter) => boolean): void {
    for (const waiter of this.#waiters.get(id) ?? []) {
      if (!isMet(waiter)) continue
      this.#drop(id, waiter)
      waiter.resolve(result)
    }
  }

  #drop(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id)
    waiters?.delete(waiter)
    if (waiters?.size === 0) this.#waiters.delete(id)
  }
}
