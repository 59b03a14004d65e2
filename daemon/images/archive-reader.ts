import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import { EngineError } from '../errors.ts'

const MAX_JSON_BYTES = 8 << 20
const GZIP = Buffer.from([0x1f, 0x8b])
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const UNSERVED = [
  { magic: Buffer.from('BZh'), name: 'bzip2' },
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), name: 'xz' },
]

/** What an archive of images holds, in the order in which it comes. */
export type ArchiveEntry =
  | { readonly kind: 'json'; readonly name: string; readonly bytes: Buffer }
  | { readonly kind: 'link'; readonly name: string; readonly target: string }
  /** A tar of a layer, uncompressed; it has to be read to its end before the next entry is asked for. */
  | { readonly kind: 'layer'; readonly name: string; readonly tar: Readable; readonly size: number }

/** The entries of what `docker save`, skopeo and their like write; the archive and its layers may be compressed. */
export async function* readArchive(
  source: Readable,
  signal?: AbortSignal,
): AsyncGenerator<ArchiveEntry> {
  const tar = extract()
  const plain = await decompress(source)
  const fail = (err: Error) => tar.destroy(err)
  plain.on('error', fail)
  signal?.addEventListener('abort', () => fail(signal.reason), { once: true })
  plain.pipe(tar)
  try {
    for await (const entry of tar) {
      const read = await toEntry(entry.header, Readable.from(entry))
      if (read) yield read
      entry.resume()
    }
  } finally {
    source.destroy()
  }
}

async function toEntry(
  { name, type, linkname, size = 0 }: Header,
  body: Readable,
): Promise<ArchiveEntry | undefined> {
  const path = name.replace(/^\.\//, '')
  if (type === 'symlink' || type === 'link') {
    return { kind: 'link', name: path, target: resolveLink(path, linkname ?? '', type) }
  }
  if (type !== 'file') return undefined
  if (size === 0) return undefined
  const { head, stream } = await peek(body)
  const isJson = head[0] === 0x7b || head[0] === 0x5b
  if (!isJson && !/\.tar$|^blobs\//.test(path)) return undefined
  if (!isJson) return { kind: 'layer', name: path, tar: await decompress(stream), size }
  if (size > MAX_JSON_BYTES) {
    throw new EngineError('invalid-parameter', `invalid archive: ${path} is too large`)
  }
  return { kind: 'json', name: path, bytes: Buffer.concat(await stream.toArray()) }
}

/** Of a link's target, which entry is meant; hard links name it whole. */
function resolveLink(path: string, target: string, type: string): string {
  if (type === 'link') return target.replace(/^\.\//, '')
  const parts = path.split('/').slice(0, -1)
  for (const part of target.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  }
  return parts.join('/')
}

/** Looks at the first bytes for what compressed it, if anything did. */
export async function decompress(source: Readable): Promise<Readable> {
  const { head, stream } = await peek(source)
  const unserved = UNSERVED.find(({ magic }) => startsWith(head, magic))
  if (unserved) {
    throw new EngineError(
      'invalid-parameter',
      `archives compressed with ${unserved.name} are not served`,
    )
  }
  const decoder = startsWith(head, GZIP)
    ? createGunzip()
    : startsWith(head, ZSTD)
      ? createZstdDecompress()
      : undefined
  if (!decoder) return stream
  stream.on('error', (err) => decoder.destroy(err))
  return stream.pipe(decoder)
}

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic)
}

/** The first chunk, and the stream with it still in it. */
async function peek(source: Readable): Promise<{ head: Buffer; stream: Readable }> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let head: Buffer = Buffer.alloc(0)
  let isDone = false
  while (head.length < 8 && !isDone) {
    const next = await iterator.next()
    isDone = next.done === true
    if (!next.done) head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  const rest = { [Symbol.asyncIterator]: () => iterator }
  async function* all() {
    if (head.length > 0) yield head
    if (!isDone) yield* rest
  }
  return { head, stream: Readable.from(all(), { objectMode: false, highWaterMark: 256 * 1024 }) }
}
