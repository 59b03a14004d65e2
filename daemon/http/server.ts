import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import {
  type OperationEntry,
  type OperationId,
  operations,
} from '../../api-spec/generated/operations.ts'
import { parseBody, parseQuery, SpecError } from '../../api-spec/parse.ts'
import type { Config } from '../config.ts'
import { EngineError } from '../errors.ts'
import { isOlder } from '../util/api-version.ts'
import { API_VERSION, splitVersion, VersionError } from './api-version.ts'
import { readBody, readJsonBody } from './body.ts'
import { toHttpError } from './error-handler.ts'
import { type Call, STREAMED } from './operations.ts'
import { HEADERS } from './server-name.ts'
import { handleUpgrade, type UpgradeServices } from './upgrade-routes.ts'

export type HttpServer = FastifyInstance

export type AnyHandler = (call: Call<OperationId>) => unknown

type Options = {
  readonly config: Config
  readonly handlers: Readonly<Partial<Record<OperationId, AnyHandler>>>
  readonly upgrades: UpgradeServices
}

const PING_HEADERS = {
  ...HEADERS,
  'Builder-Version': '1',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  'Content-Type': 'text/plain; charset=utf-8',
  Pragma: 'no-cache',
  Swarm: 'inactive',
}

type VersionedRequest = IncomingMessage & { apiVersion?: string; versionError?: string }

const PING = /^(?:\/v[0-9.]+)?\/_ping(?:\?.*)?$/
const DIRTY = /\/\/|\/\.\.?(?:\/|$)/

/** The API on HTTP: each operation of the specification mounted, headers, errors and versions as Docker has them. */
export function createServer(options: Options): HttpServer {
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: (err, _request, reply) => {
      reply.hijack()
      sendError(reply.raw, err)
    },
    rewriteUrl: (request) => rewrite(request as VersionedRequest),
    serverFactory: (handler) => makeServer(handler, options),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setNotFoundHandler((_request, reply) => {
    reply.hijack()
    sendJson(reply.raw, 404, { message: 'page not found' }, {})
  })
  app.setErrorHandler((err, _request, reply) => {
    reply.hijack()
    sendError(reply.raw, err)
  })
  mount(app, options)
  app.addHook('preClose', (done) => closeNow(app.server, done))
  return app
}

/** Streams may last for days and hijacked connections are no longer HTTP's: all are cut. */
function closeNow(server: Server & Connections, done: () => void): void {
  server.close(() => done())
  for (const socket of server.sockets ?? []) socket.destroy()
}

type Connections = { sockets?: Set<Duplex> }

/** Requests that leave HTTP; the like of `Upgrade: h2c`, which some clients offer on every request, is left unanswered. */
const UPGRADABLE = /\/(?:containers\/[^/]+\/attach|exec\/[^/]+\/start)(?:\?|$)/

function makeServer(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  options: Options,
): Server {
  const server = createHttpServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 0,
      keepAliveTimeout: 300_000,
      shouldUpgradeCallback: ({ method, url = '' }) => method === 'POST' && UPGRADABLE.test(url),
    },
    (request, response) => {
      const url = request.url ?? ''
      if (PING.test(url)) answerPing(request, response)
      else if (request.method === 'OPTIONS') sendEmpty(response, 200)
      else if (DIRTY.test(url.split('?')[0] ?? '')) redirect(url, response)
      else handler(request, response)
    },
  )
  const sockets = new Set<Duplex>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    void handleUpgrade({ request, socket, head, ...options.upgrades })
  })
  server.on('clientError', (_err, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    else socket.destroy()
  })
  return Object.assign(server, { sockets })
}

/** The first thing every client asks, and what monitors ask again and again: answered before any routing. */
function answerPing(request: IncomingMessage, response: ServerResponse): void {
  const { error } = splitVersion(request.url ?? '')
  if (error) {
    sendError(response, new VersionError(error))
    return
  }
  const isHead = request.method === 'HEAD'
  if (!isHead && request.method !== 'GET') {
    sendJson(response, 404, { message: 'page not found' }, {})
    return
  }
  response.writeHead(200, { ...PING_HEADERS, 'Content-Length': isHead ? 0 : 2 })
  response.end(isHead ? undefined : 'OK')
}

function redirect(url: string, response: ServerResponse): void {
  const [path = '', query] = url.split('?')
  const clean = new URL(path.replace(/\/{2,}/g, '/'), 'http://x').pathname.replace(/\/{2,}/g, '/')
  response.writeHead(301, {
    ...HEADERS,
    Location: query === undefined ? clean : `${clean}?${query}`,
    'Content-Length': 0,
  })
  response.end()
}

function rewrite(request: VersionedRequest): string {
  const { version, path, error } = splitVersion(request.url ?? '/')
  request.apiVersion = version
  if (error) request.versionError = error
  return path.replace(/^\/(networks|volumes)\/(?=\?|$)/, '/$1')
}

function mount(app: FastifyInstance, options: Options): void {
  const wildcards = new Map<string, WildcardRoute[]>()
  for (const [id, entry] of Object.entries(operations) as [OperationId, OperationEntry][]) {
    if (entry.tag === 'system' && entry.path === '/_ping') continue
    const run = (request: VersionedRequest, response: ServerResponse, params: Params) =>
      handle({ id, entry, request, response, params, ...options })
    if (entry.path.includes('{name}') && /^\/(images|plugins|distribution)\//.test(entry.path)) {
      const [prefix = '', suffix = ''] = entry.path.split('{name}')
      const key = `${entry.method} ${prefix}`
      wildcards.set(key, [...(wildcards.get(key) ?? []), { suffix, run }])
      continue
    }
    app.route({
      method: entry.method as 'GET',
      url: entry.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => {
        reply.hijack()
        void run(request.raw, reply.raw, {
          path: request.params as Record<string, string>,
          query: request.query as Query,
        })
      },
    })
  }
  for (const [key, routes] of wildcards) mountWildcard(app, key, routes)
}

type Query = Record<string, string | string[]>
type Params = { readonly path: Record<string, string>; readonly query: Query }
type Run = (request: VersionedRequest, response: ServerResponse, params: Params) => Promise<void>
type WildcardRoute = { readonly suffix: string; readonly run: Run }

/** Names of images have slashes in them: the operation is told by what stands at the end. */
function mountWildcard(app: FastifyInstance, key: string, routes: readonly WildcardRoute[]): void {
  const [method = '', prefix = ''] = key.split(' ')
  const longestFirst = [...routes].sort((a, b) => b.suffix.length - a.suffix.length)
  app.route({
    method: method as 'GET',
    url: `${prefix}*`,
    handler: (request, reply) => {
      reply.hijack()
      const rest = (request.params as { '*': string })['*']
      const route = longestFirst.find(
        ({ suffix }) => rest.endsWith(suffix) && rest.length > suffix.length,
      )
      if (!route) return sendJson(reply.raw, 404, { message: 'page not found' }, {})
      const name = rest.slice(0, rest.length - route.suffix.length)
      return void route.run(request.raw, reply.raw, {
        path: { name },
        query: request.query as Query,
      })
    },
  })
}

type Handling = Options & {
  readonly id: OperationId
  readonly entry: OperationEntry
  readonly request: VersionedRequest
  readonly response: ServerResponse
  readonly params: Params
}

/** Never rejects: what goes wrong is the answer. */
async function handle(handling: Handling): Promise<void> {
  const { entry, response } = handling
  try {
    const result = await perform(handling)
    if (result === STREAMED) return
    if (result === undefined) sendEmpty(response, entry.success)
    else sendJson(response, entry.success, result)
  } catch (err) {
    if (response.headersSent) response.destroy()
    else sendError(response, err)
  }
}

async function perform(handling: Handling): Promise<unknown> {
  const { id, entry, handlers, request, response, params, config } = handling
  const apiVersion = request.apiVersion ?? API_VERSION
  assertVersion(entry, request)
  const handler = handlers[id]
  if (!handler) throw unsupported(id, entry)
  const query = parseQuery(id, { ...params.query, ...(await formOf(request, entry, config)) })
  const body =
    entry.body === 'json'
      ? parseBody(id, await readJsonBody(request, config.maxJsonBodyBytes))
      : undefined
  const call = {
    path: params.path,
    query,
    body,
    apiVersion,
    request,
    response,
    get signal() {
      return goneSignal(response)
    },
  }
  return handler(call as unknown as Call<OperationId>)
}

/** A form is as good as a query where nothing else is expected. */
async function formOf(
  request: IncomingMessage,
  { method, body }: OperationEntry,
  { maxJsonBodyBytes }: Config,
): Promise<Query> {
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
  if (!isForm || method !== 'POST' || body !== 'none') return {}
  const text = (await readBody(request, maxJsonBodyBytes)).toString('utf8')
  const form = new URLSearchParams(text)
  return Object.fromEntries([...form.keys()].map((key) => [key, form.getAll(key)]))
}

function assertVersion(
  { since, method, path }: OperationEntry,
  { versionError, apiVersion }: VersionedRequest,
): void {
  if (versionError) throw new VersionError(versionError)
  if (since && apiVersion && isOlder(apiVersion, since)) {
    throw new SpecError(`${method} ${path} requires minimum API version ${since}`)
  }
}

function unsupported(id: OperationId, { unsupported }: OperationEntry): EngineError {
  const message = unsupported?.message ?? `${id} is not implemented by tsd yet`
  return new EngineError(unsupported?.status === 503 ? 'unavailable' : 'not-implemented', message)
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (response.closed || response.destroyed) gone.abort()
  else response.once('close', () => gone.abort())
  return gone.signal
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = HEADERS,
): void {
  const body = Buffer.from(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  })
  response.end(body)
}

const DRAIN_MS = 2000

/** A client that is still sending looks for the answer only afterwards: what it sends is thrown away for a moment. */
function sendTooLarge(response: ServerResponse, message: string): void {
  const { req } = response
  response.shouldKeepAlive = false
  const answer = () => {
    clearTimeout(timer)
    if (!response.headersSent && !response.destroyed) sendJson(response, 413, { message })
  }
  const timer = setTimeout(answer, DRAIN_MS)
  req.once('end', answer).once('close', answer).resume()
}

function sendText(response: ServerResponse, status: number, text: string): void {
  const body = Buffer.from(`${text}\n`)
  response.writeHead(status, {
    ...HEADERS,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
  })
  response.end(body)
}

function sendEmpty(response: ServerResponse, status: number): void {
  const hasLength = status !== 204 && status !== 304
  response.writeHead(status, hasLength ? { ...HEADERS, 'Content-Length': 0 } : HEADERS)
  response.end()
}

function sendError(response: ServerResponse, err: unknown): void {
  const { status, message } = toHttpError(err)
  if (response.destroyed) return
  if (status === 413) sendTooLarge(response, message)
  else if (status === 304) sendEmpty(response, 304)
  else if (err instanceof VersionError && err.isPlain) sendText(response, status, message)
  else sendJson(response, status, { message })
}
