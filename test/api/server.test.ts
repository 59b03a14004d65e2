import { mkdtempSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../daemon/config.ts'
import { EngineError } from '../../daemon/errors.ts'
import { type AnyHandler, createServer, type HttpServer } from '../../daemon/http/server.ts'

const socket = join(mkdtempSync(join(tmpdir(), 'tsd-http-')), 's')
const config = loadConfig(['--data-root', '/nowhere', '--max-json-body', '1000'], {
  TSD_LOG_LEVEL: 'fatal',
})

const handlers: Record<string, AnyHandler> = {
  ContainerInspect: ({ path }) => ({ Id: (path as { id: string }).id }),
  ContainerCreate: ({ body }) => ({ Id: (body as { Image?: string }).Image, Warnings: [] }),
  ContainerStop: ({ query }) => {
    throw new EngineError('conflict', JSON.stringify(query))
  },
  ContainerStart: () => {
    throw new EngineError('not-modified', 'it runs')
  },
  ContainerPause: () => undefined,
  ImageInspect: ({ path }) => ({ Id: (path as { name: string }).name }),
  SystemInfo: () => ({}),
}

let app: HttpServer

beforeAll(async () => {
  app = createServer({ config, handlers, upgrades: {} as never })
  await app.ready()
  await new Promise<void>((resolve) => app.server.listen(socket, resolve))
})

afterAll(() => app.close())

/** What the daemon answers to these very bytes; the connection is closed once it has. */
async function raw(
  head: string,
  body = '',
): Promise<{ status: number; head: string; body: string }> {
  const client = connect(socket)
  client.on('error', () => {})
  client.write(`${head}\r\nHost: d\r\nConnection: close\r\n\r\n${body}`)
  const [top = '', ...rest] = (await text(client)).split('\r\n\r\n')
  return { status: Number(top.split(' ')[1]), head: top, body: rest.join('\r\n\r\n') }
}

const post = (path: string, body: string, type = 'application/json') =>
  raw(
    `POST ${path} HTTP/1.1\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}`,
    body,
  )

test('ping answers with what clients negotiate by', async () => {
  const get = await raw('GET /v1.41/_ping HTTP/1.1')
  const head = await raw('HEAD /_ping HTTP/1.1')

  expect(get).toMatchObject({ status: 200, body: 'OK' })
  for (const header of ['Api-Version: 1.51', 'Ostype: linux', 'Swarm: inactive', 'Builder-Version'])
    expect(get.head).toContain(header)
  expect(head).toMatchObject({ status: 200, body: '' })
})

test.each([
  ['GET /nope', 404, '{"message":"page not found"}\n'],
  ['DELETE /info', 404, '{"message":"page not found"}\n'],
  ['GET /v1.44/containers/web/json', 200, '{"Id":"web"}\n'],
  ['GET /images/localhost:5000/a%2Fb:c/json', 200, '{"Id":"localhost:5000/a/b:c"}\n'],
  ['POST /containers/web/start', 304, ''],
  ['POST /containers/web/pause', 204, ''],
  ['OPTIONS /anything', 200, ''],
  ['GET /containers//json', 301, ''],
  ['GET /containers/x%zz/json', 400, /not a valid url/],
  ['GET /v1.99/info', 400, /client version 1.99 is too new/],
  ['GET /swarm', 503, /This node is not a swarm manager/],
  ['POST /build', 501, /not implemented/],
])('%s is answered with %i', async (line, status, body) => {
  const answer = await raw(`${line} HTTP/1.1`)

  expect(answer.status).toBe(status)
  expect(answer.body).toEqual(typeof body === 'string' ? body : expect.stringMatching(body))
  if (answer.body !== '') expect(answer.head).toMatch(/Content-Type: application\/json\r\n/)
})

test('a client that is too old to read JSON gets its error as text', async () => {
  const answer = await raw('GET /v1.20/info HTTP/1.1')

  expect(answer.head).toContain('text/plain')
  expect(answer.body).toMatch(/^client version 1.20 is too old/)
})

test.each([
  ['{"image":"x","unknown":1}', 201, 'x'],
  ['', 400, 'invalid JSON: got EOF while reading request body'],
  ['{"Image":"x"} y', 400, 'unexpected content after JSON'],
  ['{"Image":', 400, 'invalid JSON: '],
  ['{"Image":7}', 400, 'cannot unmarshal number into Go struct field Image of type string'],
  [`{"Image":"${'x'.repeat(1000)}"}`, 413, 'request body is larger than 1000 bytes'],
])('the body %s is answered with %i', async (body, status, part) => {
  const answer = await post('/containers/create', body)

  expect(answer.status).toBe(status)
  expect(answer.body).toContain(part)
})

test('a large body without a length is refused too, and the client gets to read why', async () => {
  const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`

  const answer = await raw(
    'POST /containers/create HTTP/1.1\r\nTransfer-Encoding: chunked',
    `${chunk.repeat(20)}0\r\n\r\n`,
  )

  expect(answer.status).toBe(413)
})

test('a body of another type is refused', async () => {
  const answer = await post('/containers/create', '{}', 'text/plain')

  expect(answer.body).toContain(
    "unsupported Content-Type header (text/plain): must be 'application/json'",
  )
})

test('a form is as good as a query', async () => {
  const { body } = await post('/containers/x/stop', 't=5', 'application/x-www-form-urlencoded')

  expect(JSON.parse(JSON.parse(body).message)).toEqual({ t: 5 })
})

test('an upgrade that nobody asked of HTTP is passed over', async () => {
  const answer = await raw('GET /info HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade')

  expect(answer).toMatchObject({ status: 200, body: '{}\n' })
})
