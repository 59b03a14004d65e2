import type {
  ImageHistoryResponseItem,
  ImageInspect,
  ImageSummary,
} from '../../api-spec/generated/types.ts'
import type { Image } from './image.ts'

const NEVER = '0001-01-01T00:00:00Z'

export function imageInspect(image: Image): ImageInspect {
  const { document, config } = image
  return {
    Id: image.id,
    RepoTags: [...image.repoTags],
    RepoDigests: [...image.repoDigests],
    Comment: document.comment ?? '',
    Created: document.created ?? NEVER,
    Author: document.author ?? '',
    Config: { Cmd: null, Entrypoint: null, Env: null, ...config },
    Architecture: document.architecture,
    ...(document.variant ? { Variant: document.variant } : {}),
    Os: document.os,
    ...(document['os.version'] ? { OsVersion: document['os.version'] } : {}),
    Size: image.sizeBytes,
    GraphDriver: { Name: 'overlay2', Data: {} },
    RootFS: { Type: 'layers', Layers: [...image.diffIds] },
    Metadata: { LastTagTime: image.lastTaggedAt?.toISOString() ?? NEVER },
  }
}

export function imageSummary(image: Image, containers: number, sharedBytes: number): ImageSummary {
  return {
    Containers: containers,
    Created: Math.floor((image.createdAt?.getTime() ?? 0) / 1000),
    Id: image.id,
    Labels: (image.config.Labels ?? null) as ImageSummary['Labels'],
    ParentId: image.parentId,
    RepoDigests: [...image.repoDigests],
    RepoTags: [...image.repoTags],
    SharedSize: sharedBytes,
    Size: image.sizeBytes,
  }
}

/** Newest first; only the top one is known to be an image. */
export function imageHistory(
  image: Image,
  layerBytes: (diffId: string) => number,
): ImageHistoryResponseItem[] {
  let layer = 0
  const steps = (image.document.history ?? []).map((step) => {
    const diffId = step.empty_layer ? undefined : image.diffIds[layer++]
    return {
      Id: '<missing>',
      Created: Math.floor(Date.parse(step.created ?? NEVER) / 1000),
      CreatedBy: step.created_by ?? '',
      Tags: null as string[] | null,
      Size: diffId === undefined ? 0 : layerBytes(diffId),
      Comment: step.comment ?? '',
    }
  })
  const [top, ...rest] = steps.reverse()
  if (!top) return []
  const tags = image.repoTags.length > 0 ? [...image.repoTags] : null
  return [{ ...top, Id: image.id, Tags: tags }, ...rest]
}
