import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { EngineError } from '../errors.ts'

const MOST = 64 << 10
const DEADLINE_MS = 30_000

type Body = { readonly text: string; readonly rest: Buffer }

/** Whether all of a chunked body (RFC 9112, 7.1) is here: its text and what follows it. */
function unchunk(data: Buffer): Body | undefined {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const end = data.indexOf('\r\n', at)
    if (end < 0) return undefined
    const size = Number.parseInt(data.toString('latin1', at, end), 16)
    if (!Number.isInteger(size) || size < 0)
      throw new EngineError('invalid-parameter', 'malformed chunked body')
    const next = end + 2 + size + 2
    if (data.length < next) return undefined
    parts.push(data.subarray(end + 2, end + 2 + size))
    if (size === 0)
      return { text: Buffer.concat(parts).toString('utf8'), rest: data.subarray(next) }
    at = next
  }
}

function complete(data: Buffer, { headers }: IncomingMessage): Body | undefined {
  if (headers['transfer-encoding'] !== undefined) return unchunk(data)
  const length = Number(headers['content-length'] ?? 0)
  if (data.length < length) return undefined
  return { text: data.toString('utf8', 0, length), rest: data.subarray(length) }
}

/** Node leaves the body of a request with `Upgrade` on the socket: this cuts it off; what comes behind it is the client's input. */
export async function readUpgradeBody(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<Body> {
  let data = head
  for (;;) {
    const body = complete(data, request)
    if (body) return body
    if (data.length > MOST)
      throw new EngineError('too-large', `request body is larger than ${MOST} bytes`)
    data = Buffer.concat([data, await nextChunk(socket)])
  }
}

function nextChunk(socket: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(), DEADLINE_MS)
    const onData = (chunk: Buffer) => {
      socket.pause()
      done()
      resolve(chunk)
    }
    const onClose = () => {
      done()
      reject(new EngineError('invalid-parameter', 'the client left in the middle of its request'))
    }
    const done = () => {
      clearTimeout(timer)
      socket.off('data', onData)
      socket.off('close', onClose)
    }
    socket.on('data', onData)
    socket.once('close', onClose)
    socket.resume()
  })
}
