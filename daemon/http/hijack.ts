import type { Duplex } from 'node:stream'
import { isOlder } from '../util/api-version.ts'
import { API_VERSION } from './api-version.ts'
import { DetachScanner } from './detach-keys.ts'
import { toHttpError } from './error-handler.ts'
import { SERVER } from './server-name.ts'

const HEADERS = (extra: string) =>
  `Api-Version: ${API_VERSION}\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: ${SERVER}\r\n${extra}\r\n`

const REASON: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Payload Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
}

export function streamType(tty: boolean, apiVersion: string): string {
  const isRaw = tty || isOlder(apiVersion, '1.42')
  return isRaw ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream'
}

/** A connection that was taken out of HTTP. */
export class Hijacked {
  readonly #socket: Duplex
  readonly #upgraded: boolean
  readonly #head: Buffer

  constructor(
    socket: Duplex,
    { upgraded, head = Buffer.alloc(0) }: { readonly upgraded: boolean; readonly head?: Buffer },
  ) {
    this.#socket = socket
    this.#upgraded = upgraded
    this.#head = head
    socket.on('error', () => {}) // the client has left; `close` follows
    // without an upgrade HTTP's parser is still there: it would read the client's input as a request, and end at its half-close
    if (!upgraded) for (const event of ['data', 'end']) socket.removeAllListeners(event)
  }

  /** An ordinary answer, since nothing has been hijacked yet. */
  fail(err: unknown): void {
    const { status, message } = toHttpError(err)
    this.answer(status, { message })
  }

  answer(status: number, json?: object): void {
    const body = json === undefined ? '' : `${JSON.stringify(json)}\n`
    const type = json === undefined ? '' : 'Content-Type: application/json\r\n'
    this.#socket.end(
      `HTTP/1.1 ${status} ${REASON[status] ?? 'OK'}\r\n${HEADERS(`${type}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n`)}${body}`,
    )
  }

  begin(tty: boolean, apiVersion: string): void {
    if (this.#upgraded) {
      const type = streamType(tty, apiVersion)
      this.#socket.write(
        `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${HEADERS('')}`,
      )
    } else {
      this.#socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n${HEADERS('')}`,
      )
    }
  }

  /** Text for the user's eyes, on the standard output of a stream that has begun. */
  say(text: string, tty: boolean): void {
    const payload = Buffer.from(text)
    if (!tty) {
      const header = Buffer.alloc(8)
      header[0] = 1
      header.writeUInt32BE(payload.length, 4)
      this.#socket.write(header)
    }
    this.#socket.write(payload)
  }

  write(data: Buffer): boolean {
    return this.#socket.write(data)
  }

  end(): void {
    this.#socket.end()
  }

  get signal(): AbortSignal {
    const gone = new AbortController()
    if (this.#socket.destroyed) gone.abort()
    else this.#socket.once('close', () => gone.abort())
    return gone.signal
  }

  /**
   * Joins the client and a stream of the shim, both ways, until that ends or the client leaves. With keys, typing them leaves: the
   * result says whether that happened.
   */
  async join(
    stream: Duplex,
    keys: readonly number[] | undefined,
  ): Promise<{ isDetached: boolean }> {
    const socket = this.#socket
    let isDetached = false
    const scanner = keys ? new DetachScanner(keys) : undefined
    const leave = () => {
      isDetached = true
      stream.destroy()
    }
    const onData = (chunk: Buffer) => {
      const typed = scanner?.scan(chunk) ?? { data: chunk, isDetached: false }
      if (typed.data.length > 0 && stream.writable && !stream.write(typed.data)) socket.pause()
      if (typed.isDetached) leave()
    }
    stream.on('error', () => stream.destroy())
    stream.on('drain', () => socket.resume())
    stream.on('data', (chunk: Buffer) => {
      if (!socket.write(chunk)) stream.pause()
    })
    socket.on('drain', () => stream.resume())
    if (this.#head.length > 0) onData(this.#head)
    socket.on('data', onData)
    socket.on('end', () => stream.writable && stream.end())
    socket.on('close', () => stream.destroy())
    if (socket.destroyed) stream.destroy()
    socket.resume()
    await new Promise<void>((resolve) => {
      stream.once('end', resolve)
      stream.once('close', resolve)
    })
    return { isDetached }
  }
}
