import { expect, test } from 'vitest'
import { archivedImages } from '../../../daemon/images/archive-format.ts'

const json = (files: Record<string, unknown>) =>
  new Map(Object.entries(files).map(([name, it]) => [name, Buffer.from(JSON.stringify(it))]))
const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const blob = (letter: string) => `blobs/sha256/${letter.repeat(64)}`

test('manifest.json says which files make an image', () => {
  const files = { 'manifest.json': [{ Config: 'c.json', RepoTags: null, Layers: ['1/layer.tar'] }] }

  expect(archivedImages(json(files), 'amd64')).toEqual([
    { config: 'c.json', layers: ['1/layer.tar'], tags: [] },
  ])
})

test('an OCI layout is read through its index, and only for this machine', () => {
  const manifest = (config: string, layer: string) => ({
    config: { digest: digest(config) },
    layers: [{ digest: digest(layer) }],
  })
  const files = {
    'index.json': {
      manifests: [
        {
          digest: digest('1'),
          annotations: { 'io.containerd.image.name': 'docker.io/library/a:b' },
        },
      ],
    },
    [blob('1')]: {
      manifests: [
        { digest: digest('2'), platform: { architecture: 'amd64', os: 'linux' } },
        { digest: digest('3'), platform: { architecture: 's390x', os: 'linux' } },
      ],
    },
    [blob('2')]: manifest('c', 'd'),
    [blob('3')]: manifest('e', 'f'),
  }

  expect(archivedImages(json(files), 'amd64')).toEqual([
    { config: blob('c'), layers: [blob('d')], tags: ['docker.io/library/a:b'] },
  ])
})

test('an index that leads back to itself is refused', () => {
  const files = {
    'index.json': { manifests: [{ digest: digest('1') }] },
    [blob('1')]: { manifests: [{ digest: digest('1') }] },
  }
  expect(() => archivedImages(json(files), 'amd64')).toThrow('too deep an index')
})

test('an archive without a manifest is refused', () => {
  expect(() => archivedImages(json({}), 'amd64')).toThrow('does not contain a manifest.json')
})
