import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileSeccomp } from './compile.ts'
import { parseProfile, type SeccompContext } from './profile.ts'

const BUILTIN = new URL('./default.json', import.meta.url)

/** Compiled filters, one file each, shared by all containers with the same profile and capabilities. */
const compiled = new Map<string, string>()

/** The file with the program of a profile (JSON text; undefined for the built-in one). */
export function seccompFile(
  execRoot: string,
  profile: string | undefined,
  context: SeccompContext,
): string {
  const key = createHash('sha256')
    .update(
      JSON.stringify([profile ?? '', context.capabilities, context.architecture, context.kernel]),
    )
    .digest('hex')
    .slice(0, 32)
  const directory = join(execRoot, 'seccomp')
  const path = join(directory, `${key}.bpf`)
  if (compiled.get(key) === path && existsSync(path)) return path
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const program = compileSeccomp(parseProfile(profile ?? readFileSync(BUILTIN, 'utf8')), context)
  writeFileSync(`${path}.tmp`, program)
  renameSync(`${path}.tmp`, path)
  compiled.set(key, path)
  return path
}
