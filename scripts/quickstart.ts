import { spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type Dispatcher } from 'undici'
import { embeddedImage } from './embedded-image.ts'

const SOCKET = process.env.TSD_HOST?.replace('unix://', '') ?? '/var/run/tsd.sock'
const LOG = '/var/log/tsd.log'
const MAIN = new URL('../daemon/main.ts', import.meta.url).pathname
const http = new Client('http://tsd', { socketPath: SOCKET })

const say = (text: string) => process.stdout.write(`quickstart: ${text}\n`)

async function call(
  method: Dispatcher.HttpMethod,
  path: string,
  body?: Buffer | object,
): Promise<string> {
  const isJson = body !== undefined && !Buffer.isBuffer(body)
  const { statusCode, body: reply } = await http.request({
    method,
    path,
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
    headers:
      body === undefined
        ? {}
        : { 'content-type': isJson ? 'application/json' : 'application/x-tar' },
  })
  const text = await reply.text()
  if (statusCode >= 400) throw new Error(`${method} ${path}: ${text.trim()}`)
  return text
}

const answers = () =>
  call('GET', '/_ping').then(
    () => true,
    () => false,
  )

async function ensureDaemon(): Promise<void> {
  if (await answers()) {
    say(`a daemon is running at ${SOCKET}`)
    return
  }
  say(`starting a daemon at ${SOCKET}; it logs to ${LOG}`)
  mkdirSync('/var/log', { recursive: true })
  const log = openSync(LOG, 'a')
  const args = process.env.TSD_HOST ? ['--host', process.env.TSD_HOST] : []
  const daemon = spawn(process.execPath, ['--max-semi-space-size=2', MAIN, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  let hasEnded = false
  daemon.once('exit', () => {
    hasEnded = true
  })
  daemon.unref()
  for (let tries = 0; tries < 300 && !(await answers()); tries++) {
    if (hasEnded) throw new Error(`the daemon ended; see ${LOG}`)
    await sleep(50)
  }
}

/** Output of a container without a tty comes in frames of eight bytes of header and a payload. */
function payloads(framed: Buffer): string {
  const parts: Buffer[] = []
  for (let at = 0; at + 8 <= framed.length; ) {
    const length = framed.readUInt32BE(at + 4)
    parts.push(framed.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return Buffer.concat(parts).toString('utf8')
}

async function runHello(): Promise<void> {
  say('making the image tsd/hello from scripts/hello and loading it')
  await call('POST', '/images/load?quiet=1', await embeddedImage())
  say('running it: create, start, wait, logs, remove')
  const begun = performance.now()
  const { Id } = JSON.parse(await call('POST', '/containers/create', { Image: 'tsd/hello' })) as {
    Id: string
  }
  await call('POST', `/containers/${Id}/start`)
  await call('POST', `/containers/${Id}/wait`)
  const took = performance.now() - begun
  const { body } = await http.request({ method: 'GET', path: `/containers/${Id}/logs?stdout=1` })
  process.stdout.write(`\n${payloads(Buffer.from(await body.arrayBuffer()))}\n`)
  await call('DELETE', `/containers/${Id}`)
  say(`created, started and waited for in ${took.toFixed(0)} ms`)
}

if (process.getuid?.() !== 0) {
  say('not root: a container engine needs it')
  process.exitCode = 1
} else {
  await ensureDaemon()
  await runHello()
  say('point docker at it:')
  process.stdout.write(`\n    export DOCKER_HOST=unix://${SOCKET}\n\n`)
  await http.close()
}
