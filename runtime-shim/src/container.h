#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup.h"
#include "error.h"
#include "json.h"
#include "process.h"

struct ucred;

/* One end of the container's input and output that is ours; -1 where there is none. */
struct stdio_ends {
    int in, out, err, tty;
};

/* A container that `run` has set up and that waits for its go; what the supervisor takes over. */
struct container {
    const char *id, *directory, *status_file, *boot_id;
    pid_t pid;
    int pidfd;
    char start_time[24];
    int control; /* the daemon's connection */
    int listen;  /* shim.sock */
    int sync;    /* to the process until it executes */
    int64_t attachers;
    bool own_pid_namespace;
    struct stdio_ends stdio;
    struct process_spec process;
    struct cgroup cgroup;
    const struct json *log;
};

/* What goes over `sync`. The process and the shim are the same program until exec, so pointers to
 * literals stay good. */
enum sync_kind {
    SYNC_PLACED = 'P',
    SYNC_GO = 'G',
    SYNC_READY = 'R',
    SYNC_TTY = 'T',
    SYNC_FAILED = 'E'
};

struct sync_message {
    enum sync_kind kind;
    struct error error;
};

int sync_send(int fd, enum sync_kind kind, const struct error *err);
/* A descriptor with the message; 0 where the other end is gone. */
int sync_send_fd(int fd, enum sync_kind kind, int passed);
ssize_t sync_receive(int fd, struct sync_message *message, int *passed);

/* Field 22 of /proc/PID/stat; "" where there is no such process. */
void process_start_time(pid_t pid, char text[static 24]);
/* A pidfd of the process of a {"pid","startTime"}, checked to be that one. */
int open_process(const struct json *identity, struct error *err);
