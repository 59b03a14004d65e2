import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OperationId, Operations } from '../../api-spec/generated/operations.ts'

/** What a handler is given. */
export type Call<Id extends OperationId> = {
  readonly path: Operations[Id]['path']
  readonly query: Operations[Id]['query']
  readonly body: Operations[Id]['body']
  readonly apiVersion: string
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal
  /** The body of an operation that takes a stream. */
  readonly request: IncomingMessage
  /** For handlers that answer with a stream: they return STREAMED. */
  readonly response: ServerResponse
}

/** The handler has written, or is writing, the answer itself. */
export const STREAMED = Symbol('streamed')

/** One handler for each operation; a missing or misspelt one does not compile. What it returns is the JSON of the answer. */
export type Handlers<Id extends OperationId> = {
  readonly [K in Id]: (call: Call<K>) => unknown
}
