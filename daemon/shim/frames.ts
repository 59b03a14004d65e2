import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { ShimFailure } from './protocol.ts'
import { ShimError, shimGone } from './shim-error.ts'

export const FRAME = { stdin: 0, stdout: 1, stderr: 2, systemError: 3, message: 4 } as const

const HEADER_BYTES = 8
const MAX_MESSAGE_BYTES = 1 << 20

export type Message = Readonly<Record<string, unknown>>

/** One message frame, ready to be written at once. */
export function encodeMessage(message: object): Buffer {
  const text = JSON.stringify(message)
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length)
  frame.fill(0, 0, 4)
  frame[0] = FRAME.message
  frame.writeUInt32BE(length, 4)
  frame.write(text, HEADER_BYTES, 'utf8')
  return frame
}

export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  frame.fill(0, 0, 4)
  frame[0] = type
  frame.writeUInt32BE(payload.length, 4)
  frame.set(payload, HEADER_BYTES)
  return frame
}

export function decodeMessage(payload: Buffer): Message {
  const message: unknown = JSON.parse(payload.toString('utf8'))
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw shimGone('the shim sent something that is not a message')
  }
  return message as Message
}

/** Throws what the peer reports, if the message is a failure. */
export function throwIfFailed(message: Message): Message {
  if (message.error !== undefined) throw new ShimError(message.error as ShimFailure)
  return message
}

/**
 * Takes messages off a socket in paused mode, so that whatever follows them stays in the socket: the same socket can be
 * handed on as a stream.
 */
export class MessageReader {
  readonly #socket: Socket
  #length = -1

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** The next message if it has arrived in whole. */
  take(): Message | undefined {
    if (this.#length < 0) {
      const header: Buffer | null = this.#read(HEADER_BYTES)
      if (!header) return undefined
      if (header[0] !== FRAME.message) throw shimGone('the shim sent an unexpected frame')
      this.#length = header.readUInt32BE(4)
      if (this.#length > MAX_MESSAGE_BYTES) throw shimGone('the shim sent too long a message')
    }
    const payload = this.#read(this.#length)
    if (!payload) return undefined
    this.#length = -1
    return decodeMessage(payload)
  }

  /** Resolves with the next message; rejects at the end of the stream and when the signal is aborted. */
  next(signal?: AbortSignal): Promise<Message> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        socket
          .off('readable', onReadable)
          .off('end', onEnd)
          .off('close', onEnd)
          .off('error', onError)
        signal?.removeEventListener('abort', onAbort)
        act()
      }
      const onReadable = () => {
        try {
          const message = this.take()
          if (message) settle(() => resolve(message))
        } catch (err) {
          settle(() => reject(err))
        }
      }
      const onEnd = () => settle(() => reject(shimGone('the shim hung up')))
      const onError = (err: Error) => settle(() => reject(err))
      const onAbort = () => {
        socket.destroy()
        settle(() => reject(signal?.reason))
      }
      if (signal?.aborted) {
        onAbort()
        return
      }
      signal?.addEventListener('abort', onAbort)
      socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError)
      onReadable()
    })
  }

  #read(length: number): Buffer | null {
    if (length === 0) return Buffer.alloc(0)
    return readExactly(this.#socket, length)
  }
}

/** null until that many bytes are there; asking makes the socket buffer as much. */
function readExactly(socket: Socket, length: number): Buffer | null {
  const bytes: Buffer | null = socket.read(length)
  if (bytes && bytes.length < length) throw shimGone('the shim hung up')
  return bytes
}

/** The payloads of a socket's data frames, up to the message that ends them; a failure there destroys the stream. */
export class FrameStream extends Readable {
  readonly #socket: Socket
  #type = 0
  #left = -1
  #wanted = false
  #finished = false

  constructor(socket: Socket) {
    super({ highWaterMark: 256 * 1024 })
    this.#socket = socket
    socket.on('readable', () => this.#pump())
    socket.on('end', () => this.#pump())
    socket.on('error', (err) => this.destroy(err))
    socket.on('close', () => {
      if (!this.readableEnded && !this.#finished) this.destroy(shimGone('the shim hung up'))
    })
  }

  override _read(): void {
    this.#wanted = true
    this.#pump()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy()
    callback(error)
  }

  #pump(): void {
    try {
      while (this.#wanted && !this.#finished && this.#step()) {}
    } catch (err) {
      this.destroy(err as Error)
    }
  }

  /** Whether something was taken from the socket. */
  #step(): boolean {
    if (this.#left < 0) return this.#header()
    if (this.#type === FRAME.message) return this.#trailer()
    const available = Math.min(this.#left, this.#socket.readableLength)
    if (available === 0 && this.#left > 0) return this.#starved()
    const chunk: Buffer | null = available > 0 ? this.#socket.read(available) : null
    this.#left -= chunk?.length ?? 0
    if (this.#left === 0) this.#left = -1
    if (chunk) this.#wanted = this.push(chunk)
    return true
  }

  #header(): boolean {
    const header = readExactly(this.#socket, HEADER_BYTES)
    if (!header) return this.#starved()
    this.#type = header[0] ?? 0
    this.#left = header.readUInt32BE(4)
    return true
  }

  #trailer(): boolean {
    const payload = readExactly(this.#socket, this.#left)
    if (!payload) return this.#starved()
    throwIfFailed(decodeMessage(payload))
    this.#finished = true
    this.push(null)
    this.#socket.destroy()
    return false
  }

  #starved(): false {
    if (this.#socket.readableEnded) throw shimGone('the shim hung up')
    this.#socket.read(0)
    return false
  }
}
