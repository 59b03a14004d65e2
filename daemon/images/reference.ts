import { EngineError } from '../errors.ts'

/** `docker.io/library/busybox:latest`, taken apart. */
export type Reference = {
  readonly domain: string
  /** Within the domain: `library/busybox`. */
  readonly path: string
  readonly tag?: string
  readonly digest?: string
}

const DEFAULT_DOMAIN = 'docker.io'
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::\d+)?$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/
const MAX_NAME_LENGTH = 255

/** Throws with Docker's text for what is no reference. Gives no default tag: see `tagged`. */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  }
  const [beforeDigest = '', ...digests] = text.split('@')
  const digest = digests[0]
  if (digests.length > 1 || (digest !== undefined && !DIGEST.test(digest))) throw invalidFormat()
  const colon = beforeDigest.lastIndexOf(':')
  const hasTag = colon > beforeDigest.lastIndexOf('/')
  const tag = hasTag ? beforeDigest.slice(colon + 1) : undefined
  if (tag !== undefined && !TAG.test(tag)) throw invalidFormat()
  const { domain, path } = splitDomain(hasTag ? beforeDigest.slice(0, colon) : beforeDigest)
  assertName(domain, path)
  return {
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

function assertName(domain: string, path: string): void {
  if (!DOMAIN.test(domain)) throw invalidFormat()
  if (!PATH.test(path)) {
    throw PATH.test(path.toLowerCase())
      ? invalid(`invalid reference format: repository name (${path}) must be lowercase`)
      : invalidFormat()
  }
  if (domain.length + 1 + path.length > MAX_NAME_LENGTH) {
    throw invalid(`repository name must not be more than ${MAX_NAME_LENGTH} characters`)
  }
}

/** With `latest` where neither tag nor digest says what is meant. */
export function tagged(reference: Reference): Reference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: 'latest' }
}

export function canonical({ domain, path, tag, digest }: Reference): string {
  return `${domain}/${path}${suffix(tag, digest)}`
}

/** As people write it: without what goes without saying. */
export function familiar(reference: Reference): string {
  return `${familiarName(reference)}${suffix(reference.tag, reference.digest)}`
}

export function familiarName({ domain, path }: Reference): string {
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`
  return path.replace(/^library\/(?=[^/]+$)/, '')
}

function suffix(tag: string | undefined, digest: string | undefined): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const isDomain = /[.:A-Z]/.test(first) || first === 'localhost'
  const domain = isDomain ? first.replace(/^index\.docker\.io$/, DEFAULT_DOMAIN) : DEFAULT_DOMAIN
  const path = isDomain ? name.slice(slash + 1) : name
  return {
    domain,
    path: domain === DEFAULT_DOMAIN && !path.includes('/') ? `library/${path}` : path,
  }
}

function invalidFormat(): EngineError {
  return invalid('invalid reference format')
}

function invalid(message: string): EngineError {
  return new EngineError('invalid-parameter', message)
}
