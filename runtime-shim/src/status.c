#include "status.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "message.h"

static void begin(struct json_writer *w, char *buffer, size_t size, const struct container *c,
                  const char *state) {
    json_begin(w, buffer, size);
    json_open(w, NULL, '{');
    json_put_string(w, "id", c->id);
    json_put_int(w, "pid", c->pid);
    json_put_string(w, "startTime", c->start_time);
    json_put_string(w, "bootId", c->boot_id);
    json_put_string(w, "state", state);
}

int status_write_running(const struct container *container) {
    autoclose int fd = open("state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char buffer[1024];
    struct json_writer w;

    begin(&w, buffer, sizeof buffer, container, "running");
    json_close(&w, '}');
    return fd < 0 ? -1 : write_all(fd, w.text, w.used);
}

static int sync_directory_of(const char *path) {
    char directory[4096];
    const char *slash = strrchr(path, '/');
    autoclose int fd = -1;

    snprintf(directory, sizeof directory, "%.*s", slash == NULL ? 1 : (int)(slash - path),
             slash == NULL ? "." : path);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : fsync(fd);
}

int status_write_exited(const struct container *container, const struct ending *ending) {
    char buffer[1024], temporary[4200];
    autoclose int fd = -1;
    struct json_writer w;

    begin(&w, buffer, sizeof buffer, container, "exited");
    json_put_int(&w, "exitCode", ending->exit_code);
    json_put_flag(&w, "oomKilled", ending->oom_killed);
    json_put_u64(&w, "finishedAt", (uint64_t)ending->finished_ns);
    json_close(&w, '}');
    snprintf(temporary, sizeof temporary, "%s.tmp", container->status_file);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write_all(fd, w.text, w.used) < 0 || fdatasync(fd) < 0 ||
        rename(temporary, container->status_file) < 0)
        return -1;
    return sync_directory_of(container->status_file);
}
