import { createConnection, type Socket } from 'node:net'
import { encodeMessage, type Message, MessageReader } from './frames.ts'
import type { ShimFailure } from './protocol.ts'
import { ShimError, shimGone } from './shim-error.ts'

/** Connects and sends the request; what the peer answers is left in the socket. */
export async function openConnection(path: string, request: object): Promise<Socket> {
  const socket = createConnection({ path, allowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.removeAllListeners('error')
  socket.on('error', ignore) // whoever reads sees 'close'; without a listener an error would end the daemon
  socket.write(encodeMessage(request))
  return socket
}

function ignore(): void {}

type Pending = {
  readonly resolve: (reply: Message) => void
  readonly reject: (err: Error) => void
  readonly timer: NodeJS.Timeout
}

/** A control connection: notices as they come, and requests with an id and a deadline. */
export class ShimConnection {
  readonly #socket: Socket
  readonly #reader: MessageReader
  readonly #onNotice: (notice: Message) => void
  readonly #pending = new Map<number, Pending>()
  readonly closed: Promise<void>
  #nextId = 1

  constructor(socket: Socket, onNotice: (notice: Message) => void) {
    this.#socket = socket
    this.#reader = new MessageReader(socket)
    this.#onNotice = onNotice
    this.closed = new Promise((resolve) => {
      socket.on('end', () => socket.destroy())
      socket.on('close', () => {
        this.#failAll()
        resolve()
      })
    })
    socket.on('readable', () => this.#read())
    process.nextTick(() => this.#read()) // what had arrived before says nothing any more
  }

  request(request: object, { timeoutMs = 10_000 } = {}): Promise<Message> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(shimGone('the shim has ended'))
        return
      }
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(shimGone('shim does not answer'))
      }, timeoutMs)
      this.#pending.set(id, { resolve, reject, timer })
      this.#socket.write(encodeMessage({ ...request, id }))
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(): void {
    try {
      for (let message = this.#reader.take(); message; message = this.#reader.take()) {
        if (typeof message.id === 'number') this.#settle(message.id, message)
        else this.#onNotice(message)
      }
    } catch {
      this.#socket.destroy() // what comes after nonsense cannot be understood either
    }
  }

  #settle(id: number, reply: Message): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    if (reply.error === undefined) pending.resolve(reply)
    else pending.reject(new ShimError(reply.error as ShimFailure))
  }

  #failAll(): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(shimGone('the shim has ended'))
    }
    this.#pending.clear()
  }
}
