import type { IncomingMessage } from 'node:http'
import { EngineError } from '../errors.ts'

const DEADLINE_MS = 30_000

function assertJson({ headers }: IncomingMessage): void {
  const type = headers['content-type']
  const hasBody =
    (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined
  if (!hasBody || type === undefined || type === '') return
  const [name = ''] = type.split(';')
  if (name.trim().toLowerCase() === 'application/json') return
  throw new EngineError(
    'invalid-parameter',
    `unsupported Content-Type header (${name.trim()}): must be 'application/json'`,
  )
}

/** A JSON body, as text. */
export async function readJsonBody(request: IncomingMessage, most: number): Promise<string> {
  assertJson(request)
  return (await readBody(request, most)).toString('utf8')
}

/** A body of at most `most` bytes that is not slower than 30 s. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const tooLarge = () => new EngineError('too-large', `request body is larger than ${most} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  const timer = setTimeout(() => request.destroy(), DEADLINE_MS)
  try {
    // the connection outlives a body that is refused: there is an answer to send
    const stream = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
    for await (const chunk of stream) {
      size += chunk.length
      if (size > most) throw tooLarge()
      chunks.push(chunk)
    }
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(chunks)
}
