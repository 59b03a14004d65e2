#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "container.h"
#include "log_file.h"

/* The running shim: one epoll loop over sources. What a source is decides who handles it. */
enum source_kind {
    SOURCE_LISTEN,
    SOURCE_CLIENT,
    SOURCE_OUTPUT,
    SOURCE_INPUT,
    SOURCE_SYNC,
    SOURCE_PROCESS,
    SOURCE_OOM
};

struct source {
    enum source_kind kind;
    int fd; /* -1 when there is none */
    uint32_t events;
    void *owner;
    int stream; /* of an output: 1 or 2 */
};

/* What a client has not taken yet: an unlinked file, read at `head`, written at `tail`; the disk
 * has `freed` bytes back. */
struct spill {
    int fd;
    off_t head, tail, freed;
};

#define SPILL_MOST (64 << 20)
#define SPILL_STEP (4 << 20)
#define STALL_MS 10000
#define DRAIN_MS 2000

struct shim;
struct process;

enum role { ROLE_NEW, ROLE_CONTROL, ROLE_STREAM };

struct client {
    struct source source;
    struct shim *shim;
    enum role role;
    char *request; /* what has come of the next message */
    size_t request_used;
    struct spill spill;
    struct process *process; /* whose streams it carries */
    bool in, out, err, stdin_once;
    bool in_ended;  /* nothing more comes from it */
    bool finishing; /* to be closed once everything is delivered */
    bool dead;
    int64_t progress_ms;
    struct client *next;
};

/* The container's process, or one that was executed in it, with its ends of stdio. */
struct process {
    struct shim *shim;
    char exec[65]; /* "" for the container's own */
    pid_t pid;
    char start_time[24];
    bool tty, started, exited, drained;
    int exit_code;
    int64_t exited_ms;
    struct source out, err, in, sync, end;
    struct log_file *log; /* NULL for an exec */
    struct log_carry carry[2];
    char *input; /* for its stdin, not yet taken */
    size_t input_at, input_used;
    bool input_ends;
    struct client *origin; /* the connection that asked for the exec */
    struct process *next;
};

struct shim {
    struct container *container;
    int epoll;
    struct source listen, oom;
    struct client *clients;
    struct process main, *execs;
    struct log_file log;
    char *buffer; /* for reading; given back while idle */
    bool buffer_used, paused, go_sent, finished;
    long oom_kills;
    int oom_looks;         /* how often to look again whether the kernel has killed */
    int own_pid_namespace; /* a descriptor of the shim's own */
    int64_t attachers;
    int64_t finished_ns;
    bool oom_killed;
    int64_t lost_told_ms;
    struct error *failure; /* filled if the start fails */
};

int64_t now_ms(void);
void watch(struct shim *shim, struct source *source, uint32_t events);
void unwatch(struct shim *shim, struct source *source);

/* client.c */
void client_accept(struct shim *shim);
void client_add(struct shim *shim, int fd, enum role role);
void client_event(struct client *client, uint32_t events);
void client_send(struct client *client, const void *data, size_t length);
/* A frame for everyone who wants this output of the process. */
void clients_output(struct process *process, int stream, const char *data, size_t length);
void client_finish(struct client *client);
void clients_tick(struct shim *shim);
void clients_sweep(struct shim *shim);
/* Whether someone is so far behind that the process's output must wait. */
bool clients_hold(const struct process *process);
void clients_notice(struct shim *shim, struct json_writer *w);

/* control.c */
void client_request(struct client *client, const struct json *request);
void reply_error(struct client *client, int64_t id, const struct error *err);
void put_state(struct shim *shim, struct json_writer *w);

/* stream.c */
void process_sources(struct process *process, const struct stdio_ends *ends);
void process_start_reading(struct process *process);
void process_output(struct process *process, struct source *source);
void process_input(struct process *process);
/* Bytes for stdin; the number taken. */
size_t process_feed(struct process *process, const char *data, size_t length);
size_t process_input_room(const struct process *process);
void process_end_input(struct process *process);
/* Takes note of the end of its outputs; true once nothing more can come. */
bool process_drained(struct process *process);
void process_drop_streams(struct process *process);

/* exec.c */
void exec_start(struct client *client, const struct json *request);
void exec_sync(struct process *process);
void exec_ended(struct process *process);
/* Frees it if it has ended and all it said is delivered; outside of any walk over events. */
void exec_sweep(struct process *process);
/* Kills what is left of it and tells its end, drained or not. */
void exec_drop(struct process *process);
