import { SpecError } from '../../api-spec/parse.ts'
import { isOlder } from '../util/api-version.ts'

export const API_VERSION = '1.51'
export const MIN_API_VERSION = '1.24'

/** A version that is not served. Clients that are too old cannot read errors in JSON. */
export class VersionError extends SpecError {
  override name = 'VersionError'

  get isPlain(): boolean {
    return this.message.includes(' is too old.')
  }
}

/** What a URL asks for: the version of its prefix, the newest without one; the path behind it. */
export type Versioned = { readonly version: string; readonly path: string; readonly error?: string }

/** `/v1.44/containers/json?all=1` → 1.44 and the rest. A version we do not speak comes with Docker's words for it. */
export function splitVersion(url: string): Versioned {
  const [, version, path = '/'] = /^\/v([0-9.]+)(\/.*)?$/s.exec(url) ?? []
  if (version === undefined) return { version: API_VERSION, path: url }
  if (isOlder(API_VERSION, version)) {
    const error = `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`
    return { version, path, error }
  }
  if (isOlder(version, MIN_API_VERSION)) {
    const error = `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`
    return { version, path, error }
  }
  return { version, path }
}
