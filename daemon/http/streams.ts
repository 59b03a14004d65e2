import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { toHttpError } from './error-handler.ts'
import { STREAMED } from './operations.ts'
import { HEADERS } from './server-name.ts'

type Headers = Readonly<Record<string, string>>

/** Begins an answer whose body comes later; clients wait for these headers. */
export function beginStream(
  response: ServerResponse,
  contentType: string,
  headers: Headers = {},
): void {
  response.writeHead(200, { ...HEADERS, 'Content-Type': contentType, ...headers })
  response.flushHeaders()
}

/** One JSON object a line. What is thrown after the first becomes Docker's error object, for the status has gone out. */
export async function sendJsonLines(
  response: ServerResponse,
  lines: AsyncIterable<unknown>,
  separator = '\r\n',
): Promise<typeof STREAMED> {
  const iterator = lines[Symbol.asyncIterator]()
  const first = await iterator.next() // an early error is an HTTP error
  beginStream(response, 'application/json')
  try {
    for (let item = first; !item.done; item = await iterator.next()) {
      await write(response, `${JSON.stringify(item.value)}${separator}`)
    }
  } catch (err) {
    const { message } = toHttpError(err)
    response.write(`${JSON.stringify({ errorDetail: { message }, error: message })}${separator}`)
  }
  response.end()
  return STREAMED
}

/** Text as it comes; a slow client slows the source. */
export async function sendText(
  response: ServerResponse,
  contentType: string,
  texts: AsyncIterable<string>,
): Promise<typeof STREAMED> {
  beginStream(response, contentType)
  for await (const text of texts) {
    if (response.destroyed) break
    await write(response, text)
  }
  response.end()
  return STREAMED
}

async function write(response: ServerResponse, text: string): Promise<void> {
  if (response.write(text) || response.destroyed) return
  const gone = new AbortController()
  const onClose = () => gone.abort()
  response.once('close', onClose)
  await once(response, 'drain', { signal: gone.signal }).catch(() => undefined)
  response.off('close', onClose)
}

/** Bytes as they come. The client's leaving ends the source. */
export async function sendBytes(
  response: ServerResponse,
  contentType: string,
  source: Readable,
  headers: Headers = {},
): Promise<typeof STREAMED> {
  beginStream(response, contentType, headers)
  await pipeline(source, response).catch(() => response.destroy())
  return STREAMED
}
