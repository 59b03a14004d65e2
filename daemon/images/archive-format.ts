import { EngineError } from '../errors.ts'

/** One image of an archive: where in it the config and the layers are. */
export type ArchivedImage = {
  readonly config: string
  /** Bottom first. */
  readonly layers: readonly string[]
  /** As written there; may be none. */
  readonly tags: readonly string[]
}

type Descriptor = {
  readonly mediaType?: string
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly architecture?: string; readonly os?: string }
}

type Index = { readonly manifests?: readonly Descriptor[] }
type Manifest = Index & { readonly config: Descriptor; readonly layers: readonly Descriptor[] }
type DockerManifest = readonly {
  readonly Config: string
  readonly RepoTags?: readonly string[] | null
  readonly Layers: readonly string[]
}[]

const MAX_DEPTH = 4

/** By `manifest.json` of Docker, else by `index.json` of an OCI layout. */
export function archivedImages(
  json: ReadonlyMap<string, Buffer>,
  architecture: string,
): ArchivedImage[] {
  const docker = parse<DockerManifest>(json, 'manifest.json')
  if (docker) {
    return docker.map(({ Config, RepoTags, Layers }) => ({
      config: Config,
      layers: Layers,
      tags: RepoTags ?? [],
    }))
  }
  const index = parse<Index>(json, 'index.json')
  if (!index) {
    throw new EngineError('invalid-parameter', 'invalid archive: does not contain a manifest.json')
  }
  return (index.manifests ?? []).flatMap((it) => ociImages(json, it, { architecture, depth: 0 }))
}

function ociImages(
  json: ReadonlyMap<string, Buffer>,
  descriptor: Descriptor,
  { architecture, depth }: { readonly architecture: string; readonly depth: number },
): ArchivedImage[] {
  const { digest, platform, annotations = {} } = descriptor
  if (depth > MAX_DEPTH)
    throw new EngineError('invalid-parameter', 'invalid archive: too deep an index')
  const isOther = platform?.architecture && platform.architecture !== architecture && depth > 0
  const manifest = isOther ? undefined : parse<Manifest>(json, blobPath(digest))
  if (!manifest) return []
  const name =
    annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name']
  const tags = name?.includes('/') || name?.includes(':') ? [name] : []
  if (manifest.manifests) {
    const below = manifest.manifests.flatMap((it) =>
      ociImages(json, it, { architecture, depth: depth + 1 }),
    )
    return below.map((it) => ({ ...it, tags: it.tags.length > 0 ? it.tags : tags }))
  }
  return [
    {
      config: blobPath(manifest.config.digest),
      layers: manifest.layers.map((it) => blobPath(it.digest)),
      tags,
    },
  ]
}

export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

function parse<T>(json: ReadonlyMap<string, Buffer>, name: string): T | undefined {
  const bytes = json.get(name)
  if (!bytes) return undefined
  try {
    return JSON.parse(bytes.toString('utf8')) as T
  } catch (cause) {
    throw Object.assign(
      new EngineError('invalid-parameter', `invalid archive: ${name}: ${(cause as Error).message}`),
      { cause },
    )
  }
}
