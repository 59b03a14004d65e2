#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"

int sync_send(int fd, enum sync_kind kind, const struct error *err) {
    struct sync_message message = {.kind = kind};

    if (err != NULL)
        message.error = *err;
    return send(fd, &message, sizeof message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int sync_send_fd(int fd, enum sync_kind kind, int passed) {
    struct sync_message message = {.kind = kind};
    struct iovec part = {&message, sizeof message};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &passed, sizeof passed);
    return sendmsg(fd, &header, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

ssize_t sync_receive(int fd, struct sync_message *message, int *passed) {
    struct iovec part = {message, sizeof *message};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    struct cmsghdr *cmsg;
    ssize_t n;

    do
        n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    cmsg = n > 0 ? CMSG_FIRSTHDR(&header) : NULL;
    if (cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS && passed != NULL)
        memcpy(passed, CMSG_DATA(cmsg), sizeof *passed);
    return n;
}

void process_start_time(pid_t pid, char text[static 24]) {
    char path[32], stat[1024], *at;
    autoclose int fd = -1;
    ssize_t n;

    text[0] = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);
    if (n <= 0)
        return;
    stat[n] = 0;
    at = strrchr(stat, ')'); /* the name may hold anything */
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at != NULL)
        snprintf(text, 24, "%.*s", (int)strcspn(at + 1, " "), at + 1);
}

int open_process(const struct json *identity, struct error *err) {
    const char *start_time;
    char actual[24];
    int64_t pid;
    autoclose int fd = -1;

    if (json_int(identity, "pid", &pid, err) < 0 ||
        json_string(identity, "startTime", &start_time, err) < 0)
        return -1;
    fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (fd < 0)
        return fail_errno(err, "namespace", "open process %d", (int)pid);
    process_start_time((pid_t)pid, actual);
    if (strcmp(actual, start_time) != 0)
        return fail_as(err, "namespace", ESRCH, "process %d is another one by now", (int)pid);
    return take_fd(&fd);
}
