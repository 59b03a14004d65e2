import type { CommitService } from '../../containers/commit-service.ts'
import { EngineError } from '../../errors.ts'
import type { ImageService } from '../../images/image-service.ts'
import type { SaveLoadService } from '../../images/save-load-service.ts'
import { isOlder } from '../../util/api-version.ts'
import { momentMs, parseFilters } from '../filters.ts'
import type { Handlers } from '../operations.ts'
import { sendBytes, sendJsonLines } from '../streams.ts'
import { imageInspectFor, imageSummaryFor } from '../versions/image.ts'

type Services = {
  readonly images: ImageService
  readonly archives: SaveLoadService
  readonly commits: CommitService
}

type Ids =
  | 'ImageList'
  | 'ImageInspect'
  | 'ImageHistory'
  | 'ImageTag'
  | 'ImageDelete'
  | 'ImagePrune'
  | 'ImageLoad'
  | 'ImageGet'
  | 'ImageGetAll'
  | 'ImageCreate'
  | 'ImageCommit'

export function imageRoutes({ images, archives, commits }: Services): Handlers<Ids> {
  return {
    ImageList({ query, apiVersion }) {
      const filters = { ...parseFilters(query.filters) }
      if (query.filter && isOlder(apiVersion, '1.41')) filters.reference = [query.filter]
      const list = images.list(
        { all: query.all, sharedSize: query['shared-size'], filters },
        momentMs,
      )
      return list.map((it) => imageSummaryFor(it, apiVersion))
    },
    ImageInspect: ({ path, apiVersion }) => imageInspectFor(images.inspect(path.name), apiVersion),
    ImageHistory: ({ path }) => images.history(path.name),
    ImageTag({ path, query }) {
      images.tag(path.name, query.repo ?? '', query.tag)
    },
    ImageDelete: ({ path, query }) =>
      images.remove(path.name, { force: query.force, noPrune: query.noprune }),
    ImagePrune: ({ query }) => images.prune(parseFilters(query.filters), momentMs),
    ImageLoad: ({ query, request, response, signal }) =>
      sendJsonLines(response, archives.load(request, { quiet: query.quiet === true, signal })),
    ImageGet: ({ path, response, signal }) =>
      sendBytes(response, 'application/x-tar', archives.save([path.name], { signal })),
    ImageGetAll: ({ query, response, signal }) =>
      sendBytes(response, 'application/x-tar', archives.save(query.names ?? [], { signal })),
    ImageCreate({ query, request, response, signal }) {
      if (query.fromSrc === undefined) {
        throw new EngineError(
          'not-implemented',
          `pulling ${query.fromImage ?? ''} is not implemented by tsd yet: load the image from an archive`,
        )
      }
      if (query.fromSrc !== '-')
        throw new EngineError(
          'not-implemented',
          'importing from a URL is not implemented by tsd yet',
        )
      const { repo, tag, message, platform, changes = [] } = query
      return sendJsonLines(
        response,
        archives.import(request, {
          repo,
          tag,
          message,
          platform,
          changes,
          signal,
        }),
      )
    },
    ImageCommit: ({ query, body }) =>
      commits.commit(query.container ?? '', { ...query, config: body }),
  }
}
