import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Host pids of every process in a container, groups that it made itself included. */
export async function containerPids(cgroups: readonly string[]): Promise<number[]> {
  const [directory] = cgroups
  return directory === undefined ? [] : pidsBelow(directory)
}

async function pidsBelow(directory: string): Promise<number[]> {
  const [procs, entries] = await Promise.all([
    readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => ''),
    readdir(directory, { withFileTypes: true }).catch(() => []),
  ])
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => pidsBelow(join(directory, name)))
  const own = procs.split('\n').filter(Boolean).map(Number)
  return [...own, ...(await Promise.all(below)).flat()]
}
