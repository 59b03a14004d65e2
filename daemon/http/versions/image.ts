import type { ImageInspect, ImageSummary } from '../../../api-spec/generated/types.ts'
import { isOlder } from '../../util/api-version.ts'

const NEVER = '0001-01-01T00:00:00Z'

const isEmpty = (list: readonly unknown[] | null | undefined) => !list || list.length === 0

/** An image in the list, as its version knew it. */
export function imageSummaryFor(summary: ImageSummary, apiVersion: string): ImageSummary {
  const result: Record<string, unknown> = { ...summary }
  if (isOlder(apiVersion, '1.43') && isEmpty(summary.RepoTags) && isEmpty(summary.RepoDigests)) {
    result.RepoTags = ['<none>:<none>']
    result.RepoDigests = ['<none>@<none>']
  }
  if (isOlder(apiVersion, '1.44')) result.VirtualSize = summary.Size
  if (isOlder(apiVersion, '1.51')) result.Containers = -1
  return result as ImageSummary
}

/** Fields of a container that old versions showed in an image's config. */
const LEGACY_CONFIG = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
}

/** One image, as its version knew it. */
export function imageInspectFor(inspect: ImageInspect, apiVersion: string): ImageInspect {
  const result: Record<string, unknown> = { ...inspect }
  if (isOlder(apiVersion, '1.44')) {
    result.VirtualSize = inspect.Size
    result.Created ??= NEVER
  }
  if (isOlder(apiVersion, '1.45')) {
    result.Container = ''
    result.ContainerConfig = { ...LEGACY_CONFIG, Env: null, Cmd: null, Labels: null }
  }
  if (isOlder(apiVersion, '1.50')) result.Config = { ...LEGACY_CONFIG, ...(inspect.Config ?? {}) }
  return result as ImageInspect
}
