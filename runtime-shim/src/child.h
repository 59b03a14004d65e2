#pragma once

#include "container.h"

/* The process that becomes the container's first: sets up its root and namespaces, waits for its
 * go, and executes. */
struct child {
    const struct json *request;
    struct container *container;
    int sync;
    int stdin_fd, stdout_fd, stderr_fd; /* its ends of the pipes; unused with a tty */
    int joined[8]; /* pidfds of processes whose namespaces are joined, with the flags beside */
    int joined_flags[8];
    int joined_count;
    bool new_cgroup_namespace, new_network, placed, init;
};

_Noreturn void child_main(struct child *child);
/* PID 1 of --init: starts `run` as its child, passes signals on, reaps, ends as it ended. */
_Noreturn void init_main(pid_t child);
