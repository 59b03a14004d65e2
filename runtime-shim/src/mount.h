#pragma once

#include <stdbool.h>

#include "error.h"
#include "json.h"

enum make { MAKE_NOTHING, MAKE_DIRECTORY, MAKE_FILE };

/* Opens a path inside a root directory, O_PATH, resolving every link inside it (openat2(2)
 * RESOLVE_IN_ROOT); what is missing is made. */
int open_in_root(int root, const char *path, enum make make, struct error *err);

/* Mounts the overlay described by a Rootfs at `target` and returns a descriptor of its root. */
int mount_overlay(const struct json *rootfs, const char *target, struct error *err);

/* Called before a mount of type cgroup or cgroup2, once: the process is then in its cgroup and
 * namespace. */
typedef int (*before_cgroup)(void *context, struct error *err);

/* Mounts a list of Mount below a root. */
int mount_all(int root, const struct json *mounts, before_cgroup before, void *context,
              struct error *err);

/* Hides paths behind nothing, or makes them read-only, below a root; what is not there is skipped.
 */
int mask_paths(int root, const struct json *paths, struct error *err);
int protect_paths(int root, const struct json *paths, struct error *err);

/* Makes root the root of the process, with no way back (pivot_root(2)). */
int enter_root(int root, struct error *err);
/* Turns the mount at this descriptor read-only. */
int make_readonly(int root, bool recursive, struct error *err);
