import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import {
  encodeFrame,
  encodeMessage,
  FrameStream,
  MessageReader,
} from '../../../daemon/shim/frames.ts'
import { openConnection } from '../../../daemon/shim/shim-connection.ts'

let count = 0

/** Two ends of a socket: ours, and the one that plays the shim. */
async function pair(): Promise<{ ours: Socket; theirs: Socket } & AsyncDisposable> {
  const path = join(tmpdir(), `tsd-frames-${process.pid}-${count++}`)
  const server = createServer({ allowHalfOpen: true }).listen(path)
  const connected = once(server, 'connection')
  await once(server, 'listening')
  const ours = await openConnection(path, {})
  const [theirs] = (await connected) as [Socket]
  return {
    ours,
    theirs,
    async [Symbol.asyncDispose]() {
      ours.destroy()
      theirs.destroy()
      server.close()
    },
  }
}

test('what follows a message stays in the socket, even if it came with it', async () => {
  await using both = await pair()
  both.theirs.end(Buffer.concat([encodeMessage({ ok: true }), Buffer.from('raw bytes')]))

  expect(await new MessageReader(both.ours).next()).toEqual({ ok: true })
  expect(await text(both.ours)).toBe('raw bytes')
})

test('a message that comes byte by byte is read', async () => {
  await using both = await pair()
  const reply = new MessageReader(both.ours).next()
  for (const byte of encodeMessage({ text: 'häppchenweise' })) both.theirs.write(Buffer.of(byte))

  expect(await reply).toEqual({ text: 'häppchenweise' })
})

test('data frames become a stream that ends with their trailer', async () => {
  await using both = await pair()
  both.theirs.write(encodeFrame(1, Buffer.alloc(300_000, 'a')))
  both.theirs.write(encodeFrame(1, Buffer.alloc(0)))
  both.theirs.write(encodeFrame(1, Buffer.from('end')))
  both.theirs.end(encodeMessage({ ok: true }))

  expect(await text(new FrameStream(both.ours))).toBe(`${'a'.repeat(300_000)}end`)
})

test('a failure in the trailer is the error of the stream', async () => {
  await using both = await pair()
  const error = { step: 'tree', errno: 5, code: 'EIO', message: 'read x: Input/output error' }
  both.theirs.end(Buffer.concat([encodeFrame(1, Buffer.from('half')), encodeMessage({ error })]))

  await expect(text(new FrameStream(both.ours))).rejects.toThrow('read x: Input/output error')
})

test('a peer that hangs up without a trailer is an error, not an end', async () => {
  await using both = await pair()
  both.theirs.end(encodeFrame(1, Buffer.from('half')))

  await expect(text(new FrameStream(both.ours))).rejects.toThrow('the shim hung up')
})

test('a wait for a message ends with the signal', async () => {
  await using both = await pair()
  const reply = new MessageReader(both.ours).next(AbortSignal.timeout(10))

  await expect(reply).rejects.toThrow('aborted due to timeout')
})
