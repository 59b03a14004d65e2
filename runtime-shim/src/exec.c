#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "loop.h"
#include "message.h"
#include "user.h"

#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)

static void reply_started(struct process *exec, const struct error *err) {
    struct client *client = exec->origin;
    unsigned char header[FRAME_HEADER];
    char buffer[4096];
    struct json_writer w;

    if (client == NULL)
        return;
    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_string(&w, "event", err == NULL ? "exec-started" : "exec-failed");
    json_put_string(&w, "exec", exec->exec);
    if (err == NULL)
        json_put_int(&w, "pid", exec->pid);
    else
        put_error(&w, err);
    json_close(&w, '}');
    frame_header(header, FRAME_MESSAGE, w.used);
    client_send(client, header, sizeof header);
    client_send(client, w.text, w.used);
}

/* --- the child's side --- */

struct exec_child {
    const struct shim *shim;
    const struct process_spec *spec;
    int sync, in, out, err;
};

static int open_tty(const struct exec_child *child, struct error *err) {
    struct winsize size = {.ws_row = (unsigned short)child->spec->rows,
                           .ws_col = (unsigned short)child->spec->columns};
    autoclose int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int unlock = 0, slave;

    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
        return fail_errno(err, "tty", "open a terminal");
    slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return fail_errno(err, "tty", "open the terminal's other end");
    if (size.ws_row != 0 && size.ws_col != 0)
        ioctl(master, TIOCSWINSZ, &size);
    if (sync_send_fd(child->sync, SYNC_TTY, master) < 0)
        return fail_errno(err, "tty", "hand over the terminal");
    return slave;
}

static void write_oom_score(int64_t score) {
    char text[16];
    autoclose int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    snprintf(text, sizeof text, "%d", (int)score);
    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        return; /* lowering it takes CAP_SYS_RESOURCE, which we may lack */
}

static int exec_child(const struct exec_child *child, struct error *err) {
    static struct user user;
    static struct process_image image;
    const struct container *container = child->shim->container;
    int stdio[3] = {child->in, child->out, child->err};
    sigset_t none;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return fail_errno(err, "process", "prctl");
    if (container->cgroup.version == 1 && cgroup_join(&container->cgroup, 0, err) < 0)
        return -1;
    write_oom_score(child->spec->oom_score_adj);
    if (setns(child->shim->main.end.fd, NAMESPACES | CLONE_NEWUSER) < 0 &&
        setns(child->shim->main.end.fd, NAMESPACES) < 0)
        return fail_errno(err, "namespace", "join the container's namespaces");
    if (child->spec->tty) {
        stdio[0] = open_tty(child, err);
        if (stdio[0] < 0)
            return -1;
        stdio[1] = stdio[2] = stdio[0];
    }
    for (int i = 0; i < 3; i++)
        if (dup2(stdio[i], i) < 0)
            return fail_errno(err, "stdio", "dup2");
    for (int number = 1; number < _NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (process_prepare(child->spec, &user, &image, err) < 0 ||
        process_session(child->spec->tty, err) < 0)
        return -1;
    return process_execute(child->spec, &user, &image, err);
}

/* --- the shim's side --- */

static int make_stdio(const struct process_spec *spec, struct stdio_ends *ours, int theirs[3],
                      struct error *err) {
    int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};

    if (spec->tty)
        return 0;
    for (int i = 0; i < 3; i++)
        if ((i > 0 || spec->stdin_open) && pipe2(pipes[i], O_CLOEXEC) < 0)
            return fail_errno(err, "stdio", "pipe");
    ours->in = pipes[0][1];
    ours->out = pipes[1][0];
    ours->err = pipes[2][0];
    theirs[0] = spec->stdin_open ? pipes[0][0] : open("/dev/null", O_RDWR | O_CLOEXEC);
    theirs[1] = pipes[1][1];
    theirs[2] = pipes[2][1];
    return 0;
}

/* Forks into the container's pid namespace and, on v2, its cgroup. */
static pid_t fork_into(struct shim *shim, int *pidfd, struct error *err) {
    autoclose int cgroup = cgroup_open(&shim->container->cgroup);
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)pidfd, .exit_signal = SIGCHLD};
    pid_t pid;

    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    if (setns(shim->main.end.fd, CLONE_NEWPID) < 0)
        return fail_errno(err, "namespace", "join the pid namespace");
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        return 0;
    setns(shim->own_pid_namespace, CLONE_NEWPID);
    if (pid < 0)
        return fail_errno(err, "namespace", "clone3");
    return pid;
}

static int start(struct process *exec, const struct process_spec *spec, struct error *err) {
    struct shim *shim = exec->shim;
    struct stdio_ends ours = {-1, -1, -1, -1};
    struct exec_child child = {.shim = shim, .spec = spec};
    int theirs[3] = {-1, -1, -1}, sync[2], pidfd = -1;

    if (make_stdio(spec, &ours, theirs, err) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync) < 0)
        return fail_errno(err, "start", "socketpair");
    child.sync = sync[1];
    child.in = theirs[0];
    child.out = theirs[1];
    child.err = theirs[2];
    exec->pid = fork_into(shim, &pidfd, err);
    if (exec->pid == 0) {
        exec_child(&child, err);
        sync_send(child.sync, SYNC_FAILED, err);
        _exit(127);
    }
    close(sync[1]);
    for (int i = 0; i < 3; i++)
        close_fd(&theirs[i]);
    process_sources(exec, &ours);
    exec->tty = spec->tty;
    exec->sync = (struct source){.kind = SOURCE_SYNC, .fd = sync[0], .owner = exec};
    exec->end = (struct source){.kind = SOURCE_PROCESS, .fd = pidfd, .owner = exec};
    if (exec->pid < 0)
        return -1;
    watch(shim, &exec->sync, EPOLLIN);
    return 0;
}

static void forget(struct process *exec) {
    struct process **at = &exec->shim->execs;

    for (struct client *client = exec->shim->clients; client != NULL; client = client->next)
        if (client->process == exec) {
            client_finish(client);
            client->process = &exec->shim->main;
            client->in = client->out = client->err = false;
        }
    process_drop_streams(exec);
    unwatch(exec->shim, &exec->sync);
    close_fd(&exec->sync.fd);
    unwatch(exec->shim, &exec->end);
    close_fd(&exec->end.fd);
    while (*at != exec)
        at = &(*at)->next;
    *at = exec->next;
    free(exec);
}

static void failed(struct process *exec, const struct error *err) {
    reply_started(exec, err);
    if (exec->pid > 0)
        waitpid(exec->pid, NULL, 0);
    forget(exec);
}

void exec_start(struct client *client, const struct json *request) {
    struct shim *shim = client->shim;
    struct process *exec = calloc(1, sizeof *exec);
    struct process_spec spec;
    struct error err = {0};

    client->role = ROLE_STREAM;
    client->process = &shim->main;
    if (exec == NULL) {
        client_finish(client);
        return;
    }
    exec->shim = shim;
    exec->origin = client;
    exec->next = shim->execs;
    shim->execs = exec;
    exec->out.fd = exec->err.fd = exec->in.fd = exec->sync.fd = exec->end.fd = -1;
    snprintf(exec->exec, sizeof exec->exec, "%s", json_string_or(request, "exec", ""));
    client->process = exec;
    if (!shim->main.started || shim->main.exited || shim->paused) {
        fail_as(&err, "exec", ESRCH,
                shim->paused ? "the container is paused" : "the container is not running");
        failed(exec, &err);
        return;
    }
    if (process_parse(request, &spec, &err) < 0) {
        failed(exec, &err);
        return;
    }
    if (json_flag_or(request, "attach", false)) {
        client->in = spec.stdin_open;
        client->out = json_flag_or(request, "stdout", true);
        client->err = json_flag_or(request, "stderr", true);
        client->stdin_once = true;
    }
    if (start(exec, &spec, &err) < 0)
        failed(exec, &err);
    process_free(&spec);
}

/* The child says that it could not, hands over its terminal, or is executed: then the socket
 * closes. */
void exec_sync(struct process *exec) {
    struct sync_message message;
    int tty = -1;
    ssize_t n = sync_receive(exec->sync.fd, &message, &tty);

    if (n > 0 && message.kind == SYNC_TTY) {
        struct stdio_ends ends = {-1, -1, -1, tty};

        process_sources(exec, &ends);
        return;
    }
    if (n > 0 && message.kind == SYNC_FAILED) {
        failed(exec, &message.error);
        return;
    }
    unwatch(exec->shim, &exec->sync);
    close_fd(&exec->sync.fd);
    exec->started = true;
    reply_started(exec, NULL);
    process_start_reading(exec);
    watch(exec->shim, &exec->end, EPOLLIN);
    process_input(exec);
    if (exec->origin != NULL && !exec->origin->out && !exec->origin->err && !exec->origin->in)
        client_finish(exec->origin);
}

static void tell_exited(struct process *exec, int exit_code) {
    char buffer[256];
    struct json_writer w;

    exec->exited = true;
    exec->exited_ms = now_ms();
    exec->exit_code = exit_code;
    unwatch(exec->shim, &exec->end);
    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_string(&w, "event", "exec-exited");
    json_put_string(&w, "exec", exec->exec);
    json_put_int(&w, "exitCode", exec->exit_code);
    json_close(&w, '}');
    clients_notice(exec->shim, &w);
}

void exec_ended(struct process *exec) {
    int status = 0;

    if (!exec->exited && waitpid(exec->pid, &status, WNOHANG) == exec->pid)
        tell_exited(exec, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

void exec_sweep(struct process *exec) {
    if (exec->exited && process_drained(exec))
        forget(exec);
}

void exec_drop(struct process *exec) {
    if (!exec->exited) {
        syscall(SYS_pidfd_send_signal, exec->end.fd, SIGKILL, NULL, 0);
        tell_exited(exec, 128 + SIGKILL);
    }
    forget(exec);
}
