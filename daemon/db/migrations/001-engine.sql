-- Times are milliseconds since the epoch unless the name says otherwise.

CREATE TABLE setting (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- One row a start of the daemon; `clean` is set when it ended as asked.
CREATE TABLE boot (
  id         INTEGER PRIMARY KEY,
  boot_id    TEXT NOT NULL,               -- /proc/sys/kernel/random/boot_id
  started_at INTEGER NOT NULL,
  clean      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE event (
  id         INTEGER PRIMARY KEY,         -- without gaps, in order of time
  time_nano  INTEGER NOT NULL,
  type       TEXT NOT NULL,
  action     TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  attributes TEXT NOT NULL                -- JSON object of strings
) STRICT;
CREATE INDEX event_by_time ON event (time_nano);

-- Directories that are to be deleted; their rows are already gone from their owners' tables.
CREATE TABLE trash (
  id         INTEGER PRIMARY KEY,
  path       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE layer (
  diff_id    TEXT PRIMARY KEY,            -- sha256:… of the uncompressed tar
  directory  TEXT NOT NULL UNIQUE,        -- below <data-root>/layers; short, as overlay's option string is
  size_bytes INTEGER NOT NULL,            -- sum of the sizes of its files
  tar_bytes  INTEGER NOT NULL,
  file_count INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE image (
  id             TEXT PRIMARY KEY,        -- sha256:… of config
  config         BLOB NOT NULL,           -- the image config, byte for byte
  parent_id      TEXT,                    -- the image it was made from here (commit, build)
  size_bytes     INTEGER NOT NULL,
  created_at     INTEGER,                 -- as the config says
  stored_at      INTEGER NOT NULL,
  last_tagged_at INTEGER
) STRICT;

CREATE TABLE image_layer (
  image_id TEXT NOT NULL REFERENCES image ON DELETE CASCADE,
  position INTEGER NOT NULL,              -- 0 is the lowest
  diff_id  TEXT NOT NULL REFERENCES layer ON DELETE RESTRICT,
  PRIMARY KEY (image_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_layer_by_diff_id ON image_layer (diff_id);

CREATE TABLE image_tag (
  reference TEXT PRIMARY KEY,             -- canonical: docker.io/library/busybox:latest
  image_id  TEXT NOT NULL REFERENCES image ON DELETE CASCADE
) STRICT;
CREATE INDEX image_tag_by_image ON image_tag (image_id);

CREATE TABLE image_digest (
  reference TEXT PRIMARY KEY,             -- canonical: docker.io/library/busybox@sha256:…
  image_id  TEXT NOT NULL REFERENCES image ON DELETE CASCADE
) STRICT;
CREATE INDEX image_digest_by_image ON image_digest (image_id);

CREATE TABLE container (
  id              TEXT PRIMARY KEY,       -- 64 hex digits
  name            TEXT NOT NULL UNIQUE,   -- without the leading slash
  image_id        TEXT NOT NULL,          -- may outlive the image (rmi -f); its layers stay by container_layer
  image           TEXT NOT NULL,          -- as the client named it
  created_at      INTEGER NOT NULL,
  config          TEXT NOT NULL,          -- ContainerConfig, merged with the image's
  host_config     TEXT NOT NULL,          -- HostConfig as the client sent it, defaults filled in
  networking      TEXT NOT NULL,          -- EndpointsConfig of the request
  mounts          TEXT NOT NULL,          -- MountPoint[] of inspect
  status          TEXT NOT NULL CHECK (status IN ('created', 'running', 'paused', 'restarting', 'exited', 'removing', 'dead')),
  pid             INTEGER NOT NULL DEFAULT 0,
  pid_start_time  TEXT NOT NULL DEFAULT '',
  boot_id         TEXT NOT NULL DEFAULT '',
  exit_code       INTEGER NOT NULL DEFAULT 0,
  error           TEXT NOT NULL DEFAULT '',
  oom_killed      INTEGER NOT NULL DEFAULT 0,
  started_at      INTEGER,
  finished_at     INTEGER,
  restart_count   INTEGER NOT NULL DEFAULT 0,
  stopped_by_user INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX container_by_image ON container (image_id);

CREATE TABLE container_layer (
  container_id TEXT NOT NULL REFERENCES container ON DELETE CASCADE,
  position     INTEGER NOT NULL,
  diff_id      TEXT NOT NULL REFERENCES layer ON DELETE RESTRICT,
  PRIMARY KEY (container_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX container_layer_by_diff_id ON container_layer (diff_id);

CREATE TABLE network (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  driver     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  config     TEXT NOT NULL                -- JSON: IPAM, options, labels
) STRICT;

CREATE TABLE endpoint (
  id           TEXT PRIMARY KEY,
  network_id   TEXT NOT NULL REFERENCES network ON DELETE RESTRICT,
  container_id TEXT NOT NULL REFERENCES container ON DELETE CASCADE,
  mac          TEXT NOT NULL,
  ipv4         TEXT,                      -- without prefix length
  ipv6         TEXT,
  created_at   INTEGER NOT NULL,
  UNIQUE (network_id, container_id),
  UNIQUE (network_id, ipv4)
) STRICT;
