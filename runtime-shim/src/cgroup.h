#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "json.h"

#define MAX_CGROUPS 16

/* Cgroup of daemon/shim/protocol.ts. Strings point into the request. */
struct cgroup {
    int version;
    const char *directories[MAX_CGROUPS];
    int count;
    const char *memory, *freezer, *device_program;
    const struct json *writes;
};

int cgroup_parse(const struct json *request, struct cgroup *cgroup, struct error *err);
/* Makes the directories and sets the limits. What was made is removed on failure. */
int cgroup_create(const struct cgroup *cgroup, struct error *err);
/* A descriptor of the v2 directory, for CLONE_INTO_CGROUP; -1 on v1. */
int cgroup_open(const struct cgroup *cgroup);
/* v1: moves a process into every directory. */
int cgroup_join(const struct cgroup *cgroup, pid_t pid, struct error *err);
int cgroup_write(const struct json *writes, struct error *err);
int cgroup_freeze(const struct cgroup *cgroup, bool freeze, struct error *err);
/* Processes killed by the kernel for want of memory, so far. */
long cgroup_oom_kills(const struct cgroup *cgroup);
/* A descriptor that becomes readable (or, on v2, has POLLPRI) when that number may have changed; -1
 * where there is none. */
int cgroup_watch_oom(const struct cgroup *cgroup);
int cgroup_kill(const struct cgroup *cgroup, int signal);
/* Kills what is left, waits until it is gone, removes the directories. */
void cgroup_destroy(const struct cgroup *cgroup);
int cgroup_destroy_directory(const char *directory, struct error *err);
/* Loads a device program (v2), base64, and attaches it. */
int cgroup_attach_devices(const struct cgroup *cgroup, const char *base64, struct error *err);
