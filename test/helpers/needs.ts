import { accessSync, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name))
      return true
    } catch {
      return false
    }
  })
}

const controllers = existsSync('/proc/cgroups') ? readFileSync('/proc/cgroups', 'utf8') : ''

/** What this machine is able to do; a test that needs more skips by name. */
export const can = {
  root: process.getuid?.() === 0,
  overlay: readFileSync('/proc/filesystems', 'utf8').includes('overlay'),
  cgroupV2: existsSync('/sys/fs/cgroup/cgroup.controllers'),
  memoryCgroup: /^memory\s/m.test(controllers) || existsSync('/sys/fs/cgroup/cgroup.controllers'),
  has: hasProgram,
}
