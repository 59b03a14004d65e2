/** One row an option: its flag (`data-root`; also the environment's TSD_DATA_ROOT), its key in daemon.json (dockerd's, where it has one), its meaning. */
export type OptionKind = 'string' | 'integer' | 'boolean' | 'list' | 'map' | 'ulimits'

export type Option = {
  readonly flag: string
  readonly short?: string
  /** Key in daemon.json; '' where the option is for the command line only. */
  readonly key: string
  readonly kind: OptionKind
  readonly default: unknown
  readonly help: string
  /** Taken, so that a configuration written for dockerd works, and without effect here. */
  readonly ignored?: boolean
}

const option = (
  ...[flag, kind, fallback, help, more = {}]: [
    string,
    OptionKind,
    unknown,
    string,
    Partial<Option>?,
  ]
): Option => ({ flag, key: flag, kind, default: fallback, help, ...more })

const ignored = (flag: string, kind: OptionKind, key = flag): Option =>
  option(flag, kind, undefined, 'accepted and without effect', { key, ignored: true })

export const OPTIONS = {
  dataRoot: option(
    'data-root',
    'string',
    '/var/lib/tsd',
    'directory for images, containers and the database',
  ),
  execRoot: option(
    'exec-root',
    'string',
    '/run/tsd',
    'directory for sockets and state that a reboot may take',
  ),
  hosts: option('host', 'list', ['unix:///var/run/tsd.sock'], 'where to listen', {
    short: 'H',
    key: 'hosts',
  }),
  pidfile: option('pidfile', 'string', '/var/run/tsd.pid', 'file to write the process id to', {
    short: 'p',
  }),
  group: option('group', 'string', 'tsd', 'group of the unix socket', { short: 'G' }),
  configFile: option('config-file', 'string', '/etc/tsd/daemon.json', 'file with more options', {
    key: '',
  }),
  logLevel: option('log-level', 'string', 'info', 'debug, info, warn, error or fatal', {
    short: 'l',
  }),
  debug: option('debug', 'boolean', false, 'log at level debug', { short: 'D' }),
  labels: option('label', 'list', [], 'key=value labels of the daemon, shown by info', {
    key: 'labels',
  }),
  instanceId: option(
    'instance-id',
    'string',
    '',
    'short name that keeps what this daemon makes on the host apart; derived from the data root if empty',
  ),
  bridge: option('bridge', 'string', '', 'name of the default bridge; none for no network', {
    short: 'b',
  }),
  bip: option(
    'bip',
    'string',
    '',
    'address and prefix length of the default bridge; the first free one if empty',
  ),
  mtu: option('mtu', 'integer', 1500, 'MTU of container interfaces'),
  icc: option('icc', 'boolean', true, 'let containers on the default bridge reach each other'),
  ipMasq: option('ip-masq', 'boolean', true, 'masquerade what leaves the bridge'),
  ipForward: option('ip-forward', 'boolean', true, 'turn on forwarding of IPv4'),
  iptables: option('iptables', 'boolean', true, 'let tsd write firewall rules (with nftables)'),
  nftTable: option(
    'nft-table',
    'string',
    '',
    'name of the nftables table; tsd-<instance> if empty',
  ),
  dns: option('dns', 'list', [], 'name servers for containers'),
  dnsSearch: option('dns-search', 'list', [], 'search domains for containers'),
  dnsOptions: option('dns-opt', 'list', [], 'resolver options for containers', { key: 'dns-opts' }),
  cgroupParent: option(
    'cgroup-parent',
    'string',
    '',
    'cgroup below which containers get theirs; /tsd, or /tsd-<instance>, if empty',
  ),
  defaultUlimits: option(
    'default-ulimit',
    'ulimits',
    {},
    'limits for containers that set none: name=soft[:hard]',
    { key: 'default-ulimits' },
  ),
  defaultShmSize: option('default-shm-size', 'string', '64M', 'size of /dev/shm'),
  defaultCgroupnsMode: option('default-cgroupns-mode', 'string', '', 'private or host'),
  defaultIpcMode: option('default-ipc-mode', 'string', 'private', 'private or shareable'),
  logDriver: option('log-driver', 'string', 'json-file', 'json-file, local or none'),
  logOpts: option('log-opt', 'map', {}, 'options of the log driver: key=value', {
    key: 'log-opts',
  }),
  init: option('init', 'boolean', false, 'run an init that reaps in each container'),
  seccompProfile: option('seccomp-profile', 'string', 'builtin', 'builtin, unconfined or a file'),
  noNewPrivileges: option(
    'no-new-privileges',
    'boolean',
    false,
    'set no_new_privs for containers that say nothing of it',
  ),
  registryMirrors: option('registry-mirror', 'list', [], 'mirrors to pull from', {
    key: 'registry-mirrors',
  }),
  insecureRegistries: option(
    'insecure-registry',
    'list',
    [],
    'registries without, or with bad, TLS',
    { key: 'insecure-registries' },
  ),
  shutdownTimeout: option('shutdown-timeout', 'integer', 15, 'seconds'),
  maxJsonBody: option(
    'max-json-body',
    'integer',
    1 << 20,
    'largest JSON body of a request in bytes',
  ),
  shimPath: option('shim', 'string', '', 'the tsd-shim program', { key: '' }),
  liveRestore: ignored('live-restore', 'boolean'),
  userlandProxy: ignored('userland-proxy', 'boolean'),
  experimental: ignored('experimental', 'boolean'),
  storageDriver: ignored('storage-driver', 'string'),
  execOpts: ignored('exec-opt', 'list', 'exec-opts'),
  containerd: ignored('containerd', 'string'),
  maxDownloads: ignored('max-concurrent-downloads', 'integer'),
  maxUploads: ignored('max-concurrent-uploads', 'integer'),
  ip6tables: ignored('ip6tables', 'boolean'),
  ipv6: ignored('ipv6', 'boolean'),
} as const satisfies Record<string, Option>

export type OptionName = keyof typeof OPTIONS
