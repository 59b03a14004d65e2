import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'

const SOURCE = new URL('./hello/hello.c', import.meta.url).pathname
/** The same every time: the image's id follows from the program alone. */
const EPOCH = new Date(0)

const digestOf = (data: Buffer) => createHash('sha256').update(data).digest('hex')

function compile(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'tsd-hello-'))
  try {
    const program = join(directory, 'hello')
    execFileSync('musl-gcc', ['-static', '-Os', '-s', '-o', program, SOURCE])
    return readFileSync(program)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

type File = { readonly name: string; readonly mode: number; readonly content: Buffer }

async function tar(files: readonly File[]): Promise<Buffer> {
  const archive = pack()
  for (const { name, mode, content } of files)
    archive.entry({ name, mode, mtime: EPOCH, size: content.length }, content)
  archive.finalize()
  return buffer(archive)
}

/** The image `tsd/hello`, made here from a program of ours, as an archive that `docker load` takes. */
export async function embeddedImage(): Promise<Buffer> {
  const layer = await tar([{ name: 'hello', mode: 0o755, content: compile() }])
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      created: EPOCH.toISOString(),
      config: { Cmd: ['/hello'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digestOf(layer)}`] },
      history: [{ created: EPOCH.toISOString(), created_by: 'tsd embedded image' }],
    }),
  )
  const manifest = [
    { Config: `${digestOf(config)}.json`, RepoTags: ['tsd/hello:latest'], Layers: ['layer.tar'] },
  ]
  return tar([
    { name: 'layer.tar', mode: 0o644, content: layer },
    { name: `${digestOf(config)}.json`, mode: 0o644, content: config },
    { name: 'manifest.json', mode: 0o644, content: Buffer.from(JSON.stringify(manifest)) },
  ])
}
