import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import type { TestDaemon } from './daemon.ts'

const BUSYBOX = '/bin/busybox'
const APPLETS =
  'sh true false sleep cat echo ls id ps kill touch mkdir rm cp mv head tail wc grep dd seq stty tty env pwd hostname mount umount nc wget ip test printf stat find tar chmod chown date sed awk yes sort sync ln readlink nslookup'.split(
    ' ',
  )

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** The files of a small Linux: busybox and what it wants. */
async function layer(): Promise<Buffer> {
  const tar = pack()
  for (const name of ['bin', 'etc', 'home', 'root', 'tmp', 'var', 'proc', 'sys', 'dev']) {
    tar.entry({ name, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755 })
  }
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync(BUSYBOX))
  for (const name of APPLETS) {
    tar.entry({ name: `bin/${name}`, type: 'symlink', linkname: 'busybox' })
  }
  tar.entry(
    { name: 'etc/passwd' },
    'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/home:/bin/sh\n',
  )
  tar.entry({ name: 'etc/group' }, 'root:x:0:\nbob:x:1000:\nwheel:x:10:bob\n')
  tar.finalize()
  return buffer(tar)
}

export type ImageOptions = {
  readonly tags?: readonly string[]
  readonly config?: Readonly<Record<string, unknown>>
}

let busyboxLayer: Promise<Buffer> | undefined

/** What `docker save` would write of a busybox image. */
export async function imageArchive({
  tags = ['busybox:latest'],
  config = {},
}: ImageOptions = {}): Promise<Buffer> {
  busyboxLayer ??= layer()
  const bytes = await busyboxLayer
  const document = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      created: '2026-01-01T00:00:00Z',
      config: { Cmd: ['sh'], Env: ['PATH=/bin'], ...config },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(bytes)}`] },
      history: [{ created: '2026-01-01T00:00:00Z', created_by: 'busybox' }],
    }),
  )
  const tar = pack()
  const configName = `blobs/sha256/${sha256(document)}`
  const layerName = `blobs/sha256/${sha256(bytes)}`
  tar.entry({ name: layerName }, bytes)
  tar.entry({ name: configName }, document)
  tar.entry(
    { name: 'manifest.json' },
    JSON.stringify([{ Config: configName, RepoTags: tags, Layers: [layerName] }]),
  )
  tar.finalize()
  return buffer(tar)
}

/** Gives a daemon the image `busybox:latest`. */
export async function loadBusybox(daemon: TestDaemon, options: ImageOptions = {}): Promise<void> {
  const { statusCode, body } = await daemon.http.request({
    method: 'POST',
    path: '/images/load?quiet=1',
    headers: { 'content-type': 'application/x-tar' },
    body: await imageArchive(options),
  })
  const said = await body.text()
  if (statusCode !== 200 || !said.includes('Loaded image')) {
    throw new Error(`cannot load busybox: ${statusCode} ${said}`)
  }
}
