import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
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
import { API_VERSION, splitVersion } from './api-version.ts'
import { readJsonBody } from './body.ts'
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
  return app
}

function makeServer(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  options: Options,
): Server {
  const server = createHttpServer(
    { headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 300_000 },
    (request, response) => {
      const url = request.url ?? ''
      if (PING.test(url)) answerPing(request, response)
      else if (request.method === 'OPTIONS') sendEmpty(response, 200)
      else if (DIRTY.test(url.split('?')[0] ?? '')) redirect(url, response)
      else handler(request, response)
    },
  )
  server.on('upgrade', (request, socket, head) => {
    void handleUpgrade({ request, socket, head, ...options.upgrades })
  })
  server.on('clientError', (_err, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    else socket.destroy()
  })
  return server
}

/** The first thing every client asks, and what monitors ask again and again: answered before any routing. */
function answerPing(request: IncomingMessage, response: ServerResponse): void {
  const { error } = splitVersion(request.url ?? '')
  if (error) {
    sendJson(response, 400, { message: error })
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
  return path === '' ? '/' : path
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
  if (entry.unsupported || !handler) throw unsupported(id, entry)
  const query = parseQuery(id, params.query)
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

function assertVersion(
  { since, method, path }: OperationEntry,
  { versionError, apiVersion }: VersionedRequest,
): void {
  if (versionError) throw new SpecError(versionError)
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
  response.once('close', () => gone.abort())
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

function sendEmpty(response: ServerResponse, status: number): void {
  const hasLength = status !== 204 && status !== 304
  response.writeHead(status, hasLength ? { ...HEADERS, 'Content-Length': 0 } : HEADERS)
  response.end()
}

function sendError(response: ServerResponse, err: unknown): void {
  const { status, message } = toHttpError(err)
  if (status === 413) response.shouldKeepAlive = false
  if (status === 304) sendEmpty(response, 304)
  else sendJson(response, status, { message })
}
