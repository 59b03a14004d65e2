#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "json.h"

/* ProcessSpec and Stdio of daemon/shim/protocol.ts. Strings point into the request, which must
 * stay. */
struct process_spec {
    const struct json *args, *env, *groups, *rlimits;
    const char *cwd, *user, *apparmor;
    uint64_t bounding, permitted, effective, inheritable, ambient;
    bool no_new_privileges;
    struct sock_filter *filter; /* from mmap; NULL for none */
    size_t filter_length;       /* in instructions */
    int64_t oom_score_adj, umask;
    bool tty, stdin_open;
    int64_t rows, columns;
};

/* Reads `process` and `stdio` of a request; loads the seccomp program. */
int process_parse(const struct json *request, struct process_spec *spec, struct error *err);
void process_free(struct process_spec *spec);

/* What process_prepare found out: what to execute. */
struct process_image {
    char path[4096];
    char **argv, **envp;
};

/* In the container's root and namespaces: resolves user, directory and executable; changes nothing
 * that is later needed. */
struct user;
int process_prepare(const struct process_spec *spec, struct user *user, struct process_image *image,
                    struct error *err);
/* Gives up privileges and executes. Returns only on failure. */
int process_execute(const struct process_spec *spec, const struct user *user,
                    const struct process_image *image, struct error *err);
/* Makes the tty at fd 0 the controlling one of a new session, or just a new session. */
int process_session(bool tty, struct error *err);
