import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunRequest } from '../../daemon/shim/protocol.ts'
import { ShimDriver } from '../../daemon/shim/shim-driver.ts'

const SHIM =
  process.env.TSD_SHIM ?? new URL('../../runtime-shim/build/tsd-shim', import.meta.url).pathname
const CAPABILITIES = 'a80425fb'

/** A driver with a launcher, a layer with busybox in it, and a cgroup parent of its own. */
export class ShimWorld implements AsyncDisposable {
  readonly root: string
  readonly parent = `tsd-${randomBytes(3).toString('hex')}`
  readonly driver: ShimDriver
  readonly #drivers: ShimDriver[]

  private constructor(root: string, driver: ShimDriver) {
    this.root = root
    this.driver = driver
    this.#drivers = [driver]
  }

  static async open(): Promise<ShimWorld> {
    const root = mkdtempSync(join(tmpdir(), 'tsd-shim-'))
    const layer = join(root, 'layers/a')
    mkdirSync(join(layer, 'bin'), { recursive: true })
    execFileSync('cp', ['/bin/busybox', join(layer, 'bin/busybox')])
    for (const name of ['sh', 'cat', 'sleep', 'true', 'echo', 'kill', 'ls']) {
      symlinkSync('busybox', join(layer, 'bin', name))
    }
    return new ShimWorld(root, await openDriver(root))
  }

  /** As a daemon started after the first would have one. */
  async secondDriver(): Promise<ShimDriver> {
    const driver = await openDriver(this.root)
    this.#drivers.push(driver)
    return driver
  }

  cgroups(id: string): string[] {
    return ['memory', 'pids', 'freezer', 'devices'].map((it) =>
      join('/sys/fs/cgroup', it, this.parent, id),
    )
  }

  directory(id: string): string {
    return join(this.root, 'containers', id)
  }

  request(args: readonly string[], changes: Partial<RunRequest> = {}): RunRequest {
    const id = changes.id ?? randomBytes(32).toString('hex')
    const directory = this.directory(id)
    mkdirSync(directory, { recursive: true })
    const [memory = '', , freezer = ''] = this.cgroups(id)
    return {
      verb: 'run',
      id,
      directory: join(this.root, 'run/c', id),
      statusFile: join(directory, 'status.json'),
      bootId: 'this-boot',
      attachers: 0,
      namespaces: { pid: 'new', ipc: 'new', uts: 'new', net: 'new', cgroup: 'host', user: 'host' },
      uidMap: [],
      gidMap: [],
      hostname: 'test',
      domainname: '',
      cgroup: {
        version: 1,
        directories: this.cgroups(id),
        writes: [],
        memory,
        freezer,
        deviceProgram: null,
      },
      rootfs: {
        base: join(this.root, 'layers'),
        lower: ['a'],
        upper: join(directory, 'upper'),
        work: join(directory, 'work'),
        readonly: false,
        propagation: 0,
      },
      mounts: [
        { type: 'proc', source: 'proc', target: '/proc', flags: 14, data: '', propagation: 0 },
        {
          type: 'tmpfs',
          source: 'tmpfs',
          target: '/dev',
          flags: 2,
          data: 'mode=755',
          propagation: 0,
        },
        {
          type: 'devpts',
          source: 'devpts',
          target: '/dev/pts',
          flags: 10,
          data: 'newinstance,ptmxmode=0666,mode=0620,gid=5',
          propagation: 0,
        },
      ],
      devices: [{ path: '/dev/null', type: 'c', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0 }],
      links: [],
      maskedPaths: [],
      readonlyPaths: [],
      sysctls: [],
      interfaces: [],
      init: false,
      process: {
        args,
        env: ['PATH=/bin'],
        cwd: '/',
        user: '',
        groups: [],
        capabilities: {
          bounding: CAPABILITIES,
          permitted: CAPABILITIES,
          effective: CAPABILITIES,
          inheritable: '0',
          ambient: '0',
        },
        noNewPrivileges: false,
        seccomp: null,
        apparmor: null,
        rlimits: [],
        oomScoreAdj: 0,
        umask: 0o22,
      },
      stdio: { tty: false, stdin: false, rows: 0, columns: 0 },
      log: {
        path: join(directory, 'log.json'),
        maxSizeBytes: 0,
        maxFiles: 1,
        compress: false,
        attrs: '',
      },
      ...changes,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of readdirSync(join(this.root, 'run/c'))) {
      await this.driver.call({ verb: 'cgroup-kill', directories: this.cgroups(id) })
    }
    for (const driver of this.#drivers) await driver[Symbol.asyncDispose]()
    for (const it of ['memory', 'pids', 'freezer', 'devices']) {
      const directory = join('/sys/fs/cgroup', it, this.parent)
      if (existsSync(directory)) rmdirSync(directory)
    }
    rmSync(this.root, { recursive: true, force: true })
  }
}

function openDriver(root: string): Promise<ShimDriver> {
  return ShimDriver.open({ execRoot: join(root, 'run'), shimPath: SHIM })
}
