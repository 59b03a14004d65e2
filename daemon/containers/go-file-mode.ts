const S_IFMT = 0o170000
const KINDS: Readonly<Record<number, number>> = {
  9604: 2 ** 31, // directory
  21609: 2 ** 27, // symbolic link
  14406: 2 ** 26, // block device
  4802: 2 ** 26 + 2 ** 21, // character device
  2401: 2 ** 25, // named pipe
  26411: 2 ** 24, // socket
}

/** st_mode as Go's os.FileMode has it, which is what travels in X-Docker-Container-Path-Stat. */
export function goFileMode(mode: number): number {
  const setuid = mode & 0o4000 ? 2 ** 23 : 0
  const setgid = mode & 0o2000 ? 2 ** 22 : 0
  const sticky = mode & 0o1000 ? 2 ** 20 : 0
  return (KINDS[mode & S_IFMT] ?? 0) + setuid + setgid + sticky + (mode & 0o777)
}
