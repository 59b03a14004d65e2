import type { ImageConfig } from '../../api-spec/generated/types.ts'

export type History = {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

/** The image config as it is stored, of the OCI image specification (config.md). */
export type ImageDocument = {
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  readonly 'os.version'?: string
  readonly created?: string
  readonly author?: string
  readonly comment?: string
  readonly config?: ImageConfig
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] }
  readonly history?: readonly History[]
}

export type Image = {
  /** `sha256:…` of the document. */
  readonly id: string
  readonly document: ImageDocument
  readonly config: ImageConfig
  /** Bottom first. */
  readonly diffIds: readonly string[]
  readonly parentId: string
  readonly sizeBytes: number
  readonly createdAt: Date | null
  readonly storedAt: Date
  readonly lastTaggedAt: Date | null
  /** Familiar. */
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
}

/** Throws for what is no image's config. */
export function parseDocument(bytes: Buffer): ImageDocument {
  const document = JSON.parse(bytes.toString('utf8')) as Partial<ImageDocument> | null
  const diffIds = document?.rootfs?.diff_ids
  if (
    !document ||
    !Array.isArray(diffIds) ||
    !diffIds.every((it) => /^sha256:[0-9a-f]{64}$/.test(it))
  ) {
    throw new Error('invalid image JSON, no RootFS key')
  }
  return {
    ...document,
    architecture: document.architecture ?? '',
    os: document.os ?? 'linux',
  } as ImageDocument
}

export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12)
}
