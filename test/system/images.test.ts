import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { docker } from '../helpers/docker.ts'
import { sharedDaemon } from '../helpers/engine.ts'
import { imageArchive } from '../helpers/image.ts'

const daemon = sharedDaemon()
const files = mkdtempSync(join(tmpdir(), 'tsd-images-'))
afterAll(() => rmSync(files, { recursive: true }))

test('a saved image is loaded again, and is the same', async () => {
  const file = join(files, 'saved.tar')
  const { stdout: id } = await daemon().docker('images', '-q', '--no-trunc', 'busybox')
  await daemon().docker('tag', 'busybox', 'copy:1')
  expect((await daemon().docker('save', '-o', file, 'copy:1')).code).toBe(0)
  await daemon().docker('rmi', 'copy:1')

  const { stdout } = await daemon().docker('load', '-i', file)

  expect(stdout).toContain('Loaded image: copy:1')
  expect((await daemon().docker('images', '-q', '--no-trunc', 'copy:1')).stdout).toBe(id)
  await daemon().docker('rmi', 'copy:1')
})

test('a compressed archive is loaded', async () => {
  const archive = gzipSync(await imageArchive({ tags: ['zipped:1'] }), { level: 1 })
  const { stdout } = await docker(daemon().socket, ['load'], { stdin: archive })

  expect(stdout).toContain('Loaded image: zipped:1')
  await daemon().docker('rmi', 'zipped:1')
})

test.each([
  ['rubbish', Buffer.from('this is no archive, and never was one'.repeat(100))],
  ['nothing', Buffer.alloc(0)],
])('%s is refused, and leaves nothing', async (_, archive) => {
  const before = await daemon().docker('images', '-aq')
  const { code } = await docker(daemon().socket, ['load'], { stdin: archive })

  expect(code).not.toBe(0)
  expect(await daemon().docker('images', '-aq')).toEqual(before)
})

test('half an archive is refused, and leaves nothing', async () => {
  const archive = await imageArchive({ tags: ['half:1'], config: { Labels: { half: 'yes' } } })
  const { code, stdout } = await docker(daemon().socket, ['load'], {
    stdin: archive.subarray(0, Math.floor(archive.length / 2)),
  })

  expect({ code, stdout }).not.toMatchObject({ code: 0, stdout: expect.stringContaining('Loaded') })
  expect((await daemon().docker('images', '-q', 'half:1')).stdout).toBe('')
})

test('import makes an image of a tar', async () => {
  await daemon().docker('run', '--name', 'origin', '--network', 'none', 'busybox', 'true')
  const file = join(files, 'rootfs.tar')
  await daemon().docker('export', '-o', file, 'origin')
  const { stdout, stderr } = await daemon().docker(
    'import',
    '-c',
    'CMD ["echo", "imported"]',
    '-c',
    'ENV PATH=/bin',
    file,
    'imported:1',
  )
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/)

  expect((await daemon().docker('run', '--rm', '--network', 'none', 'imported:1')).stdout).toBe(
    'imported\n',
  )
  await daemon().docker('rm', 'origin')
  await daemon().docker('rmi', 'imported:1')
})

test('an image that a container uses is not removed', async () => {
  await daemon().docker('create', '--name', 'user', 'busybox', 'true')
  const { stderr, code } = await daemon().docker('rmi', 'busybox')

  expect(code).toBe(1)
  expect(stderr).toMatch(
    /conflict: unable to remove repository reference "busybox:latest" \(must force\) - container [0-9a-f]{12} is using its referenced image [0-9a-f]{12}/,
  )
  await daemon().docker('rm', 'user')
})

test('a tag among several goes alone', async () => {
  await daemon().docker('tag', 'busybox', 'second:name')
  const { stdout } = await daemon().docker('rmi', 'second:name')

  expect(stdout).toBe('Untagged: second:name\n')
  expect((await daemon().docker('images', '-q', 'busybox')).stdout).not.toBe('')
})

test('history and inspect show what the config says', async () => {
  expect((await daemon().docker('history', '--format', '{{.CreatedBy}}', 'busybox')).stdout).toBe(
    'busybox\n',
  )
  const { stdout } = await daemon().docker(
    'inspect',
    '--format',
    '{{json .Config.Cmd}} {{.Os}} {{len .RootFS.Layers}}',
    'busybox',
  )
  expect(stdout).toBe('["sh"] linux 1\n')
})

test.each([
  ['GET', '/images/nope/json', 404, 'No such image: nope:latest'],
  ['DELETE', '/images/nope', 404, 'No such image: nope:latest'],
  ['POST', '/images/nope/tag?repo=x', 404, 'No such image: nope:latest'],
  [
    'POST',
    '/images/busybox/tag?repo=UPPER',
    400,
    'invalid reference format: repository name (library/UPPER) must be lowercase',
  ],
] as const)('%s %s answers %i %s', async (method, path, status, message) => {
  const reply = await daemon().call(method, path)
  expect({ status: reply.status, message: reply.body.message }).toEqual({ status, message })
})
