import { readFileSync, writeFileSync } from 'node:fs'
import { bodiesFile } from './generator/bodies.ts'
import { operationsFile } from './generator/operations.ts'
import { Spec } from './generator/spec.ts'
import { typesFile } from './generator/types.ts'

/** Writes generated/ from the description; with --check says whether it is what it would write. */
const spec = new Spec()
const files = {
  'types.ts': typesFile(spec),
  'operations.ts': operationsFile(spec),
  'bodies.js': bodiesFile(spec),
}

let stale = false
for (const [name, content] of Object.entries(files)) {
  const path = new URL(`generated/${name}`, import.meta.url)
  if (!process.argv.includes('--check')) writeFileSync(path, content)
  else if (readFileSync(path, 'utf8') !== content) {
    stale = true
    process.stderr.write(
      `api-spec/generated/${name} is not what the description says: npm run generate\n`,
    )
  }
}
process.exitCode = stale ? 1 : 0
