#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "fd.h"
#include "message.h"
#include "netlink.h"
#include "supervisor.h"
#include "verbs.h"

/* Everything a start makes, for its undoing. */
struct start {
    struct container container;
    struct child child;
    unsigned long long clone_flags;
    int pid_namespace; /* pidfd of a process whose pid namespace is joined, or -1 */
    int child_ends[3];
    int child_sync;
    bool directory_made, cgroup_made;
};

static const struct {
    const char *name;
    int flag;
} namespaces[] = {{"user", CLONE_NEWUSER}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS},
                  {"net", CLONE_NEWNET},   {"pid", CLONE_NEWPID}, {"cgroup", CLONE_NEWCGROUP}};

static int choose_namespace(struct start *start, const struct json *choice, int flag,
                            struct error *err) {
    struct child *child = &start->child;
    int process;

    if (choice != NULL && choice->type == JSON_STRING && strcmp(choice->string, "host") == 0)
        return 0;
    if (choice != NULL && choice->type == JSON_STRING && strcmp(choice->string, "new") == 0) {
        if (flag == CLONE_NEWCGROUP)
            child->new_cgroup_namespace =
                true; /* later: its root is the cgroup one is in by then */
        else
            start->clone_flags |= (unsigned)flag;
        return 0;
    }
    if (choice == NULL || choice->type != JSON_OBJECT)
        return fail(err, "config", "namespaces: host, new or a process was expected");
    process = open_process(choice, err);
    if (process < 0)
        return -1;
    if (flag == CLONE_NEWPID) {
        start->pid_namespace = process;
        return 0;
    }
    child->joined[child->joined_count] = process;
    child->joined_flags[child->joined_count++] = flag;
    return 0;
}

static int choose_namespaces(struct start *start, const struct json *request, struct error *err) {
    const struct json *choices = json_get(request, "namespaces");

    start->clone_flags = CLONE_NEWNS;
    start->pid_namespace = -1;
    for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
        if (choose_namespace(start, json_get(choices, namespaces[i].name), namespaces[i].flag,
                             err) < 0)
            return -1;
    start->container.own_pid_namespace = (start->clone_flags & CLONE_NEWPID) != 0;
    start->child.new_network = (start->clone_flags & CLONE_NEWNET) != 0;
    start->child.init = json_flag_or(request, "init", false) && start->container.own_pid_namespace;
    return 0;
}

static int listen_in(struct start *start, struct error *err) {
    struct container *c = &start->container;
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "shim.sock"};

    if (mkdir(c->directory, 0700) < 0)
        return fail_errno(err, "directory", "mkdir %s", c->directory);
    start->directory_made = true;
    if (chdir(c->directory) < 0)
        return fail_errno(err, "directory", "chdir %s", c->directory);
    c->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->listen < 0 || bind(c->listen, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(c->listen, 256) < 0)
        return fail_errno(err, "directory", "listen at shim.sock");
    return 0;
}

static int make_pipe(int *ours, int *theirs, bool we_read, struct error *err) {
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail_errno(err, "stdio", "pipe");
    *ours = ends[we_read ? 0 : 1];
    *theirs = ends[we_read ? 1 : 0];
    return 0;
}

static int make_stdio(struct start *start, struct error *err) {
    struct container *c = &start->container;

    if (c->process.tty)
        return 0;
    if (c->process.stdin_open) {
        if (make_pipe(&c->stdio.in, &start->child_ends[0], false, err) < 0)
            return -1;
    } else {
        start->child_ends[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    if (make_pipe(&c->stdio.out, &start->child_ends[1], true, err) < 0 ||
        make_pipe(&c->stdio.err, &start->child_ends[2], true, err) < 0)
        return -1;
    start->child.stdin_fd = start->child_ends[0];
    start->child.stdout_fd = start->child_ends[1];
    start->child.stderr_fd = start->child_ends[2];
    return 0;
}

static pid_t clone_child(struct start *start, struct error *err) {
    autoclose int cgroup = cgroup_open(&start->container.cgroup);
    struct clone_args args = {.flags = start->clone_flags | CLONE_PIDFD,
                              .pidfd = (uint64_t)(uintptr_t)&start->container.pidfd,
                              .exit_signal = SIGCHLD};
    pid_t pid;

    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    if (start->pid_namespace >= 0 && setns(start->pid_namespace, CLONE_NEWPID) < 0)
        return fail_errno(err, "namespace", "join the pid namespace");
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) {
        close(start->container.sync);
        child_main(&start->child);
    }
    if (pid < 0)
        return fail_errno(err, "namespace", "clone3");
    return pid;
}

static int write_map(pid_t pid, const char *file, const struct json *map, struct error *err) {
    char path[64], text[4096];
    size_t used = 0;
    autoclose int fd = -1;

    json_each(range, map) used += (size_t)snprintf(
        text + used, sizeof text - used, "%lld %lld %lld\n",
        (long long)json_int_or(range, "inside", 0), (long long)json_int_or(range, "outside", 0),
        (long long)json_int_or(range, "count", 0));
    if (used >= sizeof text)
        return fail(err, "config", "%s: too long", file);
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, used) < 0)
        return fail_errno(err, "namespace", "write %s", path);
    return 0;
}

static void write_oom_score(pid_t pid, int64_t score) {
    char path[64];
    autoclose int fd = -1;

    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", pid);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        dprintf(fd, "%d", (int)score); /* lowering it takes CAP_SYS_RESOURCE, which we may lack */
}

/* What only the host's side can do for the child, while it mounts. */
static int place_child(struct start *start, const struct json *request, struct error *err) {
    struct container *c = &start->container;

    if ((start->clone_flags & CLONE_NEWUSER) != 0 &&
        (write_map(c->pid, "uid_map", json_get(request, "uidMap"), err) < 0 ||
         write_map(c->pid, "gid_map", json_get(request, "gidMap"), err) < 0))
        return -1;
    write_oom_score(c->pid, c->process.oom_score_adj);
    if (c->cgroup.version == 1 && cgroup_join(&c->cgroup, c->pid, err) < 0)
        return -1;
    if (start->child.new_network &&
        netlink_create_interfaces(json_get(request, "interfaces"), c->pid, err) < 0)
        return -1;
    sync_send(c->sync, SYNC_PLACED, NULL);
    return 0;
}

/* Waits until the child is ready to execute. The daemon's leaving gives the start up. */
static int await_ready(struct start *start, struct error *err) {
    struct container *c = &start->container;

    for (;;) {
        struct sync_message message;
        struct pollfd fds[2] = {{.fd = c->sync, .events = POLLIN},
                                {.fd = c->control, .events = POLLRDHUP}};
        ssize_t n;

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return fail_errno(err, "start", "poll");
        if (fds[1].revents != 0)
            return fail(err, "start", "the daemon has gone");
        if (fds[0].revents == 0)
            continue;
        n = sync_receive(c->sync, &message, &c->stdio.tty);
        if (n <= 0)
            return fail(err, "start", "the process died while it was being set up");
        if (message.kind == SYNC_FAILED) {
            *err = message.error;
            return -1;
        }
        if (message.kind == SYNC_READY)
            return 0;
    }
}

static void undo(struct start *start) {
    struct container *c = &start->container;

    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
        waitpid(c->pid, NULL, 0);
    }
    if (start->cgroup_made)
        cgroup_destroy(&c->cgroup);
    if (start->directory_made) {
        unlink("shim.sock");
        unlink("state.json");
        rmdir(c->directory);
    }
}

static int parse(struct start *start, const struct json *request, struct error *err) {
    struct container *c = &start->container;

    if (json_string(request, "id", &c->id, err) < 0 ||
        json_string(request, "directory", &c->directory, err) < 0 ||
        json_string(request, "statusFile", &c->status_file, err) < 0 ||
        json_string(request, "bootId", &c->boot_id, err) < 0 ||
        json_int(request, "attachers", &c->attachers, err) < 0)
        return -1;
    c->log = json_get(request, "log");
    return cgroup_parse(request, &c->cgroup, err) < 0 ||
                   process_parse(request, &c->process, err) < 0 ||
                   choose_namespaces(start, request, err) < 0
               ? -1
               : 0;
}

static int prepare(struct start *start, const struct json *request, struct error *err) {
    static const char listening[] = "{\"event\":\"listening\"}";
    struct container *c = &start->container;
    int sync[2];

    if (listen_in(start, err) < 0)
        return -1;
    send_frame(c->control, FRAME_MESSAGE, listening, sizeof listening - 1);
    if (cgroup_create(&c->cgroup, err) < 0)
        return -1;
    start->cgroup_made = true;
    if (make_stdio(start, err) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync) < 0)
        return fail_errno(err, "start", "socketpair");
    c->sync = sync[0];
    start->child.sync = sync[1];
    start->child.request = request;
    start->child.container = c;
    c->pid = clone_child(start, err);
    if (c->pid < 0)
        return -1;
    close(sync[1]);
    for (int i = 0; i < 3; i++)
        close_fd(&start->child_ends[i]);
    process_start_time(c->pid, c->start_time);
    return place_child(start, request, err) < 0 || await_ready(start, err) < 0 ? -1 : 0;
}

int verb_run(int connection, const struct json *request, struct error *err) {
    static struct start start;
    struct container *c = &start.container;
    char buffer[4096];
    struct json_writer w;

    start.container = (struct container){
        .control = connection, .listen = -1, .sync = -1, .pidfd = -1, .stdio = {-1, -1, -1, -1}};
    start.child_ends[0] = start.child_ends[1] = start.child_ends[2] = -1;
    setsid();
    if (parse(&start, request, err) == 0 && prepare(&start, request, err) == 0 &&
        supervise(c, err) == 0)
        return 0;
    undo(&start);
    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_string(&w, "event", "failed");
    put_error(&w, err);
    json_close(&w, '}');
    send_message(connection, &w);
    return 0;
}
