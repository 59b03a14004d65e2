#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "loop.h"
#include "message.h"
#include "status.h"
#include "verbs.h"

#define ATTACHERS_MS 10000
#define REST_MS 1000
#define OOM_LOOKS 25

int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void watch(struct shim *shim, struct source *source, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = source};

    if (source->fd < 0 || (source->events == (events | 1U << 31)))
        return;
    epoll_ctl(shim->epoll, source->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, source->fd, &event);
    source->events = events | 1U << 31; /* the high bit: registered, though perhaps for nothing */
}

void unwatch(struct shim *shim, struct source *source) {
    if (source->fd >= 0 && source->events != 0)
        epoll_ctl(shim->epoll, EPOLL_CTL_DEL, source->fd, NULL);
    source->events = 0;
}

static void notice(struct shim *shim, const char *event) {
    char buffer[256];
    struct json_writer w;

    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_string(&w, "event", event);
    json_close(&w, '}');
    clients_notice(shim, &w);
}

static void tell_started(struct shim *shim) {
    char buffer[256];
    struct json_writer w;

    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_string(&w, "event", "started");
    json_put_int(&w, "pid", shim->main.pid);
    json_put_string(&w, "startTime", shim->main.start_time);
    json_close(&w, '}');
    clients_notice(shim, &w);
}

static void tell_exited(struct shim *shim, const struct ending *ending) {
    char buffer[256];
    struct json_writer w;

    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_string(&w, "event", "exited");
    json_put_int(&w, "exitCode", ending->exit_code);
    json_put_flag(&w, "oomKilled", ending->oom_killed);
    json_put_u64(&w, "finishedAt", (uint64_t)ending->finished_ns);
    json_close(&w, '}');
    clients_notice(shim, &w);
}

static void tell_lost(struct shim *shim) {
    char buffer[256];
    struct json_writer w;

    if (shim->log.lost == 0 || (!shim->main.exited && now_ms() - shim->lost_told_ms < REST_MS))
        return;
    shim->lost_told_ms = now_ms();
    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_string(&w, "event", "log-lost");
    json_put_u64(&w, "bytes", shim->log.lost);
    json_close(&w, '}');
    clients_notice(shim, &w);
    shim->log.lost = 0;
}

/* The process has been executed, or could not be. */
static int main_sync(struct shim *shim) {
    struct sync_message message;
    ssize_t n = sync_receive(shim->main.sync.fd, &message, NULL);

    if (n > 0 && message.kind == SYNC_FAILED) {
        *shim->failure = message.error;
        return -1;
    }
    unwatch(shim, &shim->main.sync);
    close_fd(&shim->main.sync.fd);
    shim->main.started = true;
    status_write_running(shim->container);
    tell_started(shim);
    process_start_reading(&shim->main);
    watch(shim, &shim->main.end, EPOLLIN);
    process_input(&shim->main);
    return 0;
}

static void check_oom(struct shim *shim) {
    uint64_t ignored[64];
    long kills;

    if (shim->oom.fd >= 0 && read(shim->oom.fd, ignored, sizeof ignored) < 0 && errno != EAGAIN)
        unwatch(shim, &shim->oom);
    kills = cgroup_oom_kills(&shim->container->cgroup);
    if (kills > shim->oom_kills)
        notice(shim, "oom");
    shim->oom_looks = kills > shim->oom_kills ? 0 : shim->oom_looks - 1;
    shim->oom_kills = kills;
}

static void main_ended(struct shim *shim) {
    int status = 0;
    struct timespec now;

    if (shim->main.exited || waitpid(shim->main.pid, &status, WNOHANG) != shim->main.pid)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    shim->finished_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
    shim->main.exited = true;
    shim->main.exited_ms = now_ms();
    shim->main.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    unwatch(shim, &shim->main.end);
    if (!shim->container->own_pid_namespace)
        cgroup_kill(&shim->container->cgroup, SIGKILL);
}

static void handle_output(struct shim *shim, struct source *source) {
    process_output(source->owner, source);
    tell_lost(shim);
}

static int handle(struct shim *shim, struct source *source, uint32_t events) {
    struct process *process = source->owner;

    switch (source->kind) {
    case SOURCE_LISTEN:
        client_accept(shim);
        break;
    case SOURCE_CLIENT:
        client_event(source->owner, events);
        break;
    case SOURCE_OUTPUT:
        handle_output(shim, source);
        break;
    case SOURCE_INPUT:
        if ((events & EPOLLOUT) == 0)
            process_end_input(process);
        process_input(process);
        break;
    case SOURCE_SYNC:
        if (process == &shim->main)
            return main_sync(shim);
        exec_sync(process);
        break;
    case SOURCE_PROCESS:
        if (process == &shim->main)
            main_ended(shim);
        else
            exec_ended(process);
        break;
    case SOURCE_OOM:
        shim->oom_looks = OOM_LOOKS; /* v1 tells of the want, and counts the kill later */
        check_oom(shim);
        break;
    }
    return 0;
}

static bool control_is_there(const struct shim *shim) {
    for (const struct client *client = shim->clients; client != NULL; client = client->next)
        if (client->role == ROLE_CONTROL && !client->dead)
            return true;
    return false;
}

/* Lets the process go once all who want to see its first byte are here. */
static int try_go(struct shim *shim, int64_t deadline) {
    if (shim->go_sent)
        return 0;
    if (!control_is_there(shim))
        return fail(shim->failure, "start", "the daemon has gone");
    if (shim->attachers < shim->container->attachers && now_ms() < deadline)
        return 0;
    shim->go_sent = true;
    sync_send(shim->main.sync.fd, SYNC_GO, NULL);
    return 0;
}

static void resume_held(struct process *process) {
    if (!process->started || clients_hold(process))
        return;
    process_start_reading(process);
}

static int timeout(const struct shim *shim) {
    if (!shim->go_sent || shim->main.exited)
        return 20;
    for (const struct process *exec = shim->execs; exec != NULL; exec = exec->next)
        if (exec->exited)
            return 20;
    if (shim->oom_looks > 0)
        return 20;
    for (const struct client *client = shim->clients; client != NULL; client = client->next)
        if (client->spill.head < client->spill.tail)
            return 500;
    return shim->buffer_used || shim->log.compressor > 0 ? REST_MS : -1;
}

static void rest(struct shim *shim) {
    if (shim->buffer != NULL)
        madvise(shim->buffer, 256 << 10, MADV_DONTNEED);
    log_rest(&shim->log);
    shim->buffer_used = false;
}

/* Who was cut off no longer holds an output back, so that is looked at last. */
static void between_events(struct shim *shim) {
    struct process *next;

    clients_tick(shim);
    clients_sweep(shim);
    if (shim->oom_looks > 0)
        check_oom(shim);
    for (struct process *exec = shim->execs; exec != NULL; exec = next) {
        next = exec->next;
        resume_held(exec);
        exec_sweep(exec);
    }
    resume_held(&shim->main);
    clients_sweep(shim);
}

/* All that was said is in the log, and whoever was in it with an exec knows the end. */
static bool ended(struct shim *shim) {
    return shim->main.exited && process_drained(&shim->main) &&
           (shim->execs == NULL || now_ms() - shim->main.exited_ms >= DRAIN_MS);
}

/* Events until the container has ended and all it said is in the log; -1 if it could not be
 * started. */
static int run_loop(struct shim *shim) {
    int64_t deadline = now_ms() + ATTACHERS_MS;

    for (;;) {
        struct epoll_event events[32];
        int n;

        if (try_go(shim, deadline) < 0)
            return -1;
        n = epoll_wait(shim->epoll, events, 32, timeout(shim));
        if (n == 0 && shim->buffer_used && !shim->main.exited)
            rest(shim);
        for (int i = 0; i < n; i++)
            if (handle(shim, events[i].data.ptr, events[i].events) < 0)
                return -1;
        between_events(shim);
        if (ended(shim))
            return 0;
    }
}

/* The clients' last bytes; nobody is waited for who takes nothing. */
static void linger(struct shim *shim) {
    for (struct client *client = shim->clients; client != NULL; client = client->next)
        client_finish(client);
    clients_sweep(shim);
    while (shim->clients != NULL) {
        struct epoll_event events[32];
        int n = epoll_wait(shim->epoll, events, 32, 500);

        for (int i = 0; i < n; i++) {
            struct source *source = events[i].data.ptr;

            if (source->kind == SOURCE_CLIENT)
                client_event(source->owner, events[i].events);
        }
        clients_tick(shim);
        clients_sweep(shim);
    }
}

static void finish(struct shim *shim) {
    struct container *c = shim->container;
    struct ending ending;

    unwatch(shim, &shim->listen);
    close_fd(&shim->listen.fd);
    while (shim->execs != NULL)
        exec_drop(shim->execs);
    process_drop_streams(&shim->main);
    tell_lost(shim);
    check_oom(shim);
    unwatch(shim, &shim->oom);
    shim->oom_killed = shim->oom_kills > 0;
    ending = (struct ending){shim->main.exit_code, shim->oom_killed, shim->finished_ns};
    status_write_exited(c, &ending);
    cgroup_destroy(&c->cgroup);
    unlink("shim.sock");
    unlink("state.json");
    rmdir(c->directory);
    shim->finished = true;
    tell_exited(shim, &ending);
    linger(shim);
    if (shim->log.compressor > 0)
        waitpid(shim->log.compressor, NULL, 0);
}

/* Copies what is needed for longer than the start, so that the request's memory can go. */
static void keep(struct container *c) {
    c->id = strdup(c->id);
    c->directory = strdup(c->directory);
    c->status_file = strdup(c->status_file);
    c->boot_id = strdup(c->boot_id);
    for (int i = 0; i < c->cgroup.count; i++)
        c->cgroup.directories[i] = strdup(c->cgroup.directories[i]);
    c->cgroup.memory = c->cgroup.memory == NULL ? NULL : strdup(c->cgroup.memory);
    c->cgroup.freezer = c->cgroup.freezer == NULL ? NULL : strdup(c->cgroup.freezer);
    c->cgroup.writes = NULL;
    c->cgroup.device_program = NULL;
    c->log = NULL;
    process_free(&c->process);
}

static void take_over(struct shim *shim, struct container *c) {
    struct process *p = &shim->main;

    shim->container = c;
    shim->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->shim = shim;
    p->pid = c->pid;
    p->log = &shim->log;
    memcpy(p->start_time, c->start_time, sizeof p->start_time);
    process_sources(p, &c->stdio);
    p->sync = (struct source){.kind = SOURCE_SYNC, .fd = c->sync, .owner = p};
    p->end = (struct source){.kind = SOURCE_PROCESS, .fd = c->pidfd, .owner = p};
    shim->listen = (struct source){.kind = SOURCE_LISTEN, .fd = c->listen, .owner = NULL};
    shim->oom =
        (struct source){.kind = SOURCE_OOM, .fd = cgroup_watch_oom(&c->cgroup), .owner = NULL};
    shim->own_pid_namespace = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    client_add(shim, c->control, ROLE_CONTROL);
    watch(shim, &p->sync, EPOLLIN);
    watch(shim, &shim->listen, EPOLLIN);
    watch(shim, &shim->oom, EPOLLIN);
}

int supervise(struct container *container, struct error *err) {
    static struct shim shim;

    for (int number = SIGHUP; number <= SIGTERM; number++)
        if (number == SIGHUP || number == SIGINT || number == SIGTERM || number == SIGPIPE ||
            number == SIGQUIT)
            signal(number, SIG_IGN); /* a shim ends with its container, and not otherwise */
    /* What the launcher has from the daemon is not to be held open for as long as a container
     * lives. */
    dup2(STDIN_FILENO, STDOUT_FILENO);
    dup2(STDIN_FILENO, STDERR_FILENO);
    shim.failure = err;
    if (log_open(&shim.log, container->log, err) < 0)
        return -1;
    take_over(&shim, container);
    keep(container);
    forget_request();
    if (run_loop(&shim) < 0) {
        /* the caller reports on the connection, which must not block it for ever */
        return -1;
    }
    finish(&shim);
    return 0;
}
