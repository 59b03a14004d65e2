/** The messages of runtime-shim/PROTOCOL.md. The C side is runtime-shim/src/config.c. */

/** A namespace is the host's, a new one, or the one a live process is in. */
export type NamespaceChoice = 'host' | 'new' | ProcessIdentity

/** A pid alone may be recycled; with its start time (field 22 of /proc/PID/stat) it names one process. */
export type ProcessIdentity = { readonly pid: number; readonly startTime: string }

export type IdMap = { readonly inside: number; readonly outside: number; readonly count: number }

/** An overlay; lower directories are relative to `base`, topmost first. */
export type Rootfs = {
  readonly base: string
  readonly lower: readonly string[]
  readonly upper: string
  readonly work: string
  readonly readonly: boolean
  /** MS_* propagation of the rootfs mount, 0 for private. */
  readonly propagation: number
}

export type Mount = {
  /** A file system type, or 'bind'. */
  readonly type: string
  readonly source: string
  /** Absolute in the container; resolved inside its root; made if missing. */
  readonly target: string
  /** MS_* flags of mount(2); for a bind MS_REC is honoured. */
  readonly flags: number
  /** Mount data (`mode=755,size=65536k`). */
  readonly data: string
  /** MS_PRIVATE, MS_SLAVE, MS_SHARED, each with or without MS_REC; 0 leaves it. */
  readonly propagation: number
  /** Read-only for the whole tree (mount_setattr(2)): 'force' fails where the kernel cannot, 'try' does not. */
  readonly readonlyRecursive?: 'try' | 'force'
  /** tmpfs only: start with the files the rootfs has there. */
  readonly copyUp?: boolean
  /** A failure is not an error. */
  readonly optional?: boolean
}

export type DeviceNode = {
  readonly path: string
  readonly type: 'c' | 'b' | 'p'
  readonly major: number
  readonly minor: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export type Rlimit = { readonly resource: number; readonly soft: string; readonly hard: string }

export type Capabilities = {
  /** 64-bit masks in hexadecimal. */
  readonly bounding: string
  readonly permitted: string
  readonly effective: string
  readonly inheritable: string
  readonly ambient: string
}

export type ProcessSpec = {
  readonly args: readonly string[]
  readonly env: readonly string[]
  /** Made if missing. */
  readonly cwd: string
  /** `USER[:GROUP]` as the user wrote it, resolved in the container's own /etc/passwd and /etc/group; '' is root. */
  readonly user: string
  readonly groups: readonly string[]
  /** Of a root user; a user other than 0 keeps only bounding, inheritable and ambient. */
  readonly capabilities: Capabilities
  readonly noNewPrivileges: boolean
  /** Path of a file with the compiled BPF program (array of struct sock_filter), or null for none. */
  readonly seccomp: string | null
  /** As for /proc/self/attr/exec, or null. */
  readonly apparmor: string | null
  readonly rlimits: readonly Rlimit[]
  readonly oomScoreAdj: number
  readonly umask: number
}

export type CgroupWrite = {
  /** Absolute path of a cgroup file. */
  readonly file: string
  readonly value: string
  readonly optional?: boolean
}

export type Cgroup = {
  readonly version: 1 | 2
  /** Each is made, joined before the process runs, and removed at the end. One on v2, one a hierarchy on v1. */
  readonly directories: readonly string[]
  /** Done before anything joins. */
  readonly writes: readonly CgroupWrite[]
  /** Directory with memory.oom_control or memory.events, or null. */
  readonly memory: string | null
  /** Directory with freezer.state or cgroup.freeze, or null. */
  readonly freezer: string | null
  /** v2: BPF_PROG_TYPE_CGROUP_DEVICE program, base64, or null. */
  readonly deviceProgram: string | null
}

export type Interface = {
  /** Name of our end of the veth pair, on the host. */
  readonly hostName: string
  readonly name: string
  readonly bridge: string
  readonly mac: string
  readonly mtu: number
  /** CIDR. */
  readonly addresses: readonly string[]
  /** Next hops of the default routes, at most one a family. */
  readonly gateways: readonly string[]
}

export type LogTarget = {
  /** The file to append to, or null for none. */
  readonly path: string | null
  /** Rotation at this size; 0 for never. */
  readonly maxSizeBytes: number
  readonly maxFiles: number
  readonly compress: boolean
  /** JSON object text put in each line as `attrs`, or ''. */
  readonly attrs: string
}

export type Stdio = {
  readonly tty: boolean
  /** Keep stdin open for attachers; otherwise it is /dev/null. */
  readonly stdin: boolean
  /** Initial size of the tty, 0 for unset. */
  readonly rows: number
  readonly columns: number
}

/** Everything a container's start needs, decided. */
export type RunRequest = {
  readonly verb: 'run'
  readonly id: string
  /** `<exec-root>/c/<id>`: made by the shim, mode 0700. */
  readonly directory: string
  readonly statusFile: string
  readonly bootId: string
  /** Attach connections to wait for before the process is started. */
  readonly attachers: number
  readonly namespaces: {
    readonly pid: NamespaceChoice
    readonly ipc: NamespaceChoice
    readonly uts: NamespaceChoice
    readonly net: NamespaceChoice
    readonly cgroup: NamespaceChoice
    readonly user: NamespaceChoice
  }
  readonly uidMap: readonly IdMap[]
  readonly gidMap: readonly IdMap[]
  readonly hostname: string
  readonly domainname: string
  readonly cgroup: Cgroup
  readonly rootfs: Rootfs
  /** In order; /proc, /dev, /sys and the rest are in it like any other. */
  readonly mounts: readonly Mount[]
  readonly devices: readonly DeviceNode[]
  /** Symbolic links to make: path → target. */
  readonly links: readonly { readonly path: string; readonly target: string }[]
  readonly maskedPaths: readonly string[]
  readonly readonlyPaths: readonly string[]
  readonly sysctls: readonly { readonly name: string; readonly value: string }[]
  readonly interfaces: readonly Interface[]
  /** PID 1 is a reaper that starts the process as its child and passes signals on. */
  readonly init: boolean
  readonly process: ProcessSpec
  readonly stdio: Stdio
  readonly log: LogTarget
}

export type ExecRequest = {
  readonly op: 'exec'
  readonly exec: string
  readonly attach: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly process: ProcessSpec
  readonly stdio: Stdio
}

export type ShimFailure = {
  /** What was being done: 'config', 'cgroup', 'namespace', 'mount', 'network', 'user', 'cwd', 'exec', … */
  readonly step: string
  readonly errno: number
  /** Symbolic errno (`ENOENT`), or ''. */
  readonly code: string
  readonly message: string
}

export type ShimState = {
  readonly pid: number
  readonly startTime: string
  readonly state: 'starting' | 'running' | 'paused' | 'exited'
  readonly exitCode?: number
  readonly oomKilled?: boolean
  readonly finishedAt?: string
  readonly execs: readonly { readonly exec: string; readonly pid: number }[]
}

export type Notice =
  | { readonly event: 'listening' }
  | { readonly event: 'started'; readonly pid: number; readonly startTime: string }
  | { readonly event: 'failed'; readonly error: ShimFailure }
  | { readonly event: 'oom' }
  | ({ readonly event: 'exited' } & ExitStatus)
  | { readonly event: 'exec-exited'; readonly exec: string; readonly exitCode: number }
  | { readonly event: 'log-lost'; readonly bytes: string }
  | ({ readonly event: 'state' } & ShimState)

export type ExitStatus = {
  readonly exitCode: number
  readonly oomKilled: boolean
  /** Nanoseconds since the epoch. */
  readonly finishedAt: string
}

export type ArchiveTarget =
  | ProcessIdentity
  | { readonly rootfs: Rootfs; readonly mounts: readonly Mount[] }

export type ArchiveStat = {
  readonly name: string
  readonly size: string
  /** st_mode. */
  readonly mode: number
  /** Nanoseconds since the epoch. */
  readonly mtime: string
  readonly linkTarget: string
  /** The path with every link but the last resolved, inside the root. */
  readonly path: string
}

export type LogsRequest = {
  readonly verb: 'logs'
  readonly path: string
  readonly since?: string
  readonly until?: string
  readonly tail: number
  readonly follow: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly timestamps: boolean
  readonly raw: boolean
  readonly prefix: string
}
