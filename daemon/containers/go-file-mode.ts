const S_IFMT = 0o170000
const KINDS = new Map([
  [0o040000, 2 ** 31], // directory
  [0o120000, 2 ** 27], // symbolic link
  [0o060000, 2 ** 26], // block device
  [0o020000, 2 ** 26 + 2 ** 21], // character device
  [0o010000, 2 ** 25], // named pipe
  [0o140000, 2 ** 24], // socket
])

/** st_mode as Go's os.FileMode has it, which is what travels in X-Docker-Container-Path-Stat. */
export function goFileMode(mode: number): number {
  const setuid = mode & 0o4000 ? 2 ** 23 : 0
  const setgid = mode & 0o2000 ? 2 ** 22 : 0
  const sticky = mode & 0o1000 ? 2 ** 20 : 0
  return (KINDS.get(mode & S_IFMT) ?? 0) + setuid + setgid + sticky + (mode & 0o777)
}
