#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "fd.h"
#include "message.h"
#include "netlink.h"
#include "verbs.h"

#define VERSION "0.1.0"

static const struct {
    const char *name;
    verb *run;
} verbs[] = {
    {"run", verb_run},
    {"ping", verb_ping},
    {"bridge", verb_bridge},
    {"link-delete", verb_link_delete},
    {"cgroup-kill", verb_cgroup_kill},
    {"sync", verb_sync},
    {"logs", verb_logs},
    {"layer-unpack", verb_layer_unpack},
    {"layer-join", verb_layer_join},
    {"layer-pack", verb_layer_pack},
    {"changes", verb_changes},
    {"disk-usage", verb_disk_usage},
    {"remove-tree", verb_remove_tree},
    {"archive-stat", verb_archive_stat},
    {"archive-get", verb_archive_get},
    {"archive-put", verb_archive_put},
    {"export", verb_export},
};

int verb_ping(int connection, const struct json *request, struct error *err) {
    static const char reply[] = "{\"ok\":true,\"version\":\"" VERSION "\"}";

    (void)request;
    if (send_frame(connection, FRAME_MESSAGE, reply, sizeof reply - 1) < 0)
        return fail_errno(err, "protocol", "reply");
    return 0;
}

int verb_bridge(int connection, const struct json *request, struct error *err) {
    char buffer[128];
    struct json_writer w;
    bool created;

    if (netlink_bridge(request, &created, err) < 0)
        return -1;
    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_flag(&w, "ok", true);
    json_put_flag(&w, "created", created);
    json_close(&w, '}');
    send_message(connection, &w);
    return 0;
}

int verb_link_delete(int connection, const struct json *request, struct error *err) {
    json_each(name,
              json_get(request, "names")) if (name->type == JSON_STRING &&
                                              netlink_delete_link(name->string, err) < 0) return -1;
    send_ok(connection);
    return 0;
}

int verb_cgroup_kill(int connection, const struct json *request, struct error *err) {
    json_each(directory,
              json_get(request, "directories")) if (directory->type == JSON_STRING &&
                                                    cgroup_destroy_directory(directory->string,
                                                                             err) < 0) return -1;
    send_ok(connection);
    return 0;
}

int verb_sync(int connection, const struct json *request, struct error *err) {
    const char *path;
    autoclose int fd = -1;

    if (json_string(request, "path", &path, err) < 0)
        return -1;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) < 0)
        return fail_errno(err, "sync", "syncfs %s", path);
    send_ok(connection);
    return 0;
}

static int dispatch(int connection, const struct json *request, struct error *err) {
    const char *name;

    if (json_string(request, "verb", &name, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return verbs[i].run(connection, request, err);
    return fail(err, "protocol", "unknown verb %s", name);
}

static struct request request;

void forget_request(void) {
    request_free(&request);
}

static _Noreturn void serve(int connection) {
    struct error err = {0};
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (check_peer(connection) < 0)
        _exit(1);
    if (request_read(connection, MAX_REQUEST, &request, &err) < 0 ||
        dispatch(connection, request.document.root, &err) < 0) {
        send_error(connection, &err);
        _exit(1);
    }
    _exit(0);
}

/* Runs from a sealed copy in memory, so that no container finds a way to write to the program
 * (CVE-2019-5736). */
static void leave_the_disk(char *directory) {
    char *argv[] = {"tsd-shim", "launcher", directory, NULL}, *envp[] = {"TSD_SEALED=1", NULL};
    autoclose int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int copy = memfd_create("tsd-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct stat st;

    if (program < 0 || copy < 0 || fstat(program, &st) < 0)
        return;
    while (st.st_size > 0) {
        ssize_t n = sendfile(copy, program, NULL, (size_t)st.st_size);

        if (n <= 0)
            return;
        st.st_size -= n;
    }
    if (fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return;
    fexecve(copy, argv, envp);
}

static int listen_at(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    unlink(name);
    umask(0077);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0)
        return -1;
    umask(0022);
    return fd;
}

static void accept_one(int listening, const struct pollfd *fds) {
    int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    pid_t pid;

    if (connection < 0)
        return;
    pid = fork();
    if (pid == 0) {
        close(listening);
        close(fds[0].fd);
        close(fds[2].fd);
        open("/dev/null", O_RDONLY); /* in place of stdin, which was 0 */
        serve(connection);
    }
    if (pid < 0) {
        struct error err = {0};

        fail_errno(&err, "fork", "fork");
        send_error(connection, &err);
    }
    close(connection);
}

static void write_score(const char *score) {
    autoclose int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0 && write(fd, score, strlen(score)) < 0)
        return; /* lowering it takes CAP_SYS_RESOURCE: we stay as likely a victim as the daemon */
}

int launcher_main(const char *directory) {
    struct pollfd fds[3];
    sigset_t signals;

    if (getenv("TSD_SEALED") == NULL)
        leave_the_disk((char *)directory);
    syscall(SYS_close_range, 3, ~0U, 0); /* what the daemon's starter left open is not for us */
    prctl(PR_SET_NAME, "tsd-shim");
    if (chdir(directory) < 0) {
        perror(directory);
        return 1;
    }
    write_score("-999");
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGINT, SIG_IGN); /* ^C at a terminal is for the daemon; we end with our stdin */
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = listen_at("launcher.sock"), .events = POLLIN};
    fds[2] = (struct pollfd){.fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN};
    if (fds[1].fd < 0) {
        perror("launcher.sock");
        return 1;
    }
    if (write(STDOUT_FILENO, "ready\n", 6) != 6)
        return 1;
    for (;;) {
        char byte[128];

        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            return 1;
        if (fds[0].revents != 0 && read(STDIN_FILENO, byte, sizeof byte) <= 0)
            return 0;
        if (fds[2].revents != 0 && read(fds[2].fd, byte, sizeof byte) > 0)
            while (waitpid(-1, NULL, WNOHANG) > 0)
                continue;
        if (fds[1].revents != 0)
            accept_one(fds[1].fd, fds);
    }
}
