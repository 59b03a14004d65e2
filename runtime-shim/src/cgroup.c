#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"

int cgroup_parse(const struct json *request, struct cgroup *cgroup, struct error *err) {
    const struct json *object = json_get(request, "cgroup"),
                      *directories = json_get(object, "directories");
    int64_t version;

    memset(cgroup, 0, sizeof *cgroup);
    if (json_int(object, "version", &version, err) < 0)
        return -1;
    if (version != 1 && version != 2)
        return fail(err, "config", "cgroup.version: 1 or 2 was expected");
    cgroup->version = (int)version;
    json_each(directory, directories) {
        if (directory->type != JSON_STRING || directory->string[0] != '/' ||
            cgroup->count == MAX_CGROUPS)
            return fail(err, "config",
                        "cgroup.directories: at most %d absolute paths were expected", MAX_CGROUPS);
        cgroup->directories[cgroup->count++] = directory->string;
    }
    if (version == 2 && cgroup->count != 1)
        return fail(err, "config", "cgroup.directories: one was expected");
    cgroup->memory = json_string_or(object, "memory", NULL);
    cgroup->freezer = json_string_or(object, "freezer", NULL);
    cgroup->device_program = json_string_or(object, "deviceProgram", NULL);
    cgroup->writes = json_get(object, "writes");
    return 0;
}

static int make_directories(const char *path) {
    char text[4096], *slash = text;

    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT || snprintf(text, sizeof text, "%s", path) >= (int)sizeof text)
        return -1;
    while ((slash = strchr(slash + 1, '/')) != NULL) {
        *slash = 0;
        if (mkdir(text, 0755) < 0 && errno != EEXIST && errno != EROFS)
            return -1;
        *slash = '/';
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -1;
}

static int write_text(const char *directory, const char *file, const char *value) {
    char path[4096];
    autoclose int fd = -1;

    if (snprintf(path, sizeof path, "%s%s%s", directory, *file == 0 ? "" : "/", file) >=
        (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    return write(fd, value, strlen(value)) < 0 ? -1 : 0;
}

int cgroup_write(const struct json *writes, struct error *err) {
    json_each(item, writes) {
        const char *file, *value;

        if (json_string(item, "file", &file, err) < 0 ||
            json_string(item, "value", &value, err) < 0)
            return -1;
        if (write_text(file, "", value) < 0 && !json_flag_or(item, "optional", false))
            return fail_errno(err, "cgroup", "write %s to %s", value, file);
    }
    return 0;
}

int cgroup_create(const struct cgroup *cgroup, struct error *err) {
    for (int i = 0; i < cgroup->count; i++)
        if (make_directories(cgroup->directories[i]) < 0) {
            fail_errno(err, "cgroup", "mkdir %s", cgroup->directories[i]);
            cgroup_destroy(cgroup);
            return -1;
        }
    if (cgroup_write(cgroup->writes, err) < 0 ||
        (cgroup->device_program != NULL &&
         cgroup_attach_devices(cgroup, cgroup->device_program, err) < 0)) {
        cgroup_destroy(cgroup);
        return -1;
    }
    return 0;
}

int cgroup_open(const struct cgroup *cgroup) {
    if (cgroup->version != 2)
        return -1;
    return open(cgroup->directories[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int cgroup_join(const struct cgroup *cgroup, pid_t pid, struct error *err) {
    char text[16];

    snprintf(text, sizeof text, "%d", pid);
    for (int i = 0; i < cgroup->count; i++)
        if (write_text(cgroup->directories[i], "cgroup.procs", text) < 0)
            return fail_errno(err, "cgroup", "join %s", cgroup->directories[i]);
    return 0;
}

static ssize_t read_text(const char *directory, const char *file, char *text, size_t size) {
    char path[4096];
    autoclose int fd = -1;
    ssize_t n;

    snprintf(path, sizeof path, "%s/%s", directory, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = read(fd, text, size - 1);
    if (n >= 0)
        text[n] = 0;
    return n;
}

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Freezing takes as long as the processes need to come to rest; the kernel gives no word on v1, so
 * we look. */
int cgroup_freeze(const struct cgroup *cgroup, bool freeze, struct error *err) {
    bool v1 = cgroup->version == 1;
    char state[256];

    if (cgroup->freezer == NULL)
        return fail_as(err, "pause", EOPNOTSUPP, "no freezer cgroup");
    for (int tries = 0; tries < 2000; tries++) {
        const char *value = v1 ? (freeze ? "FROZEN" : "THAWED") : (freeze ? "1" : "0");

        if ((tries % 50 == 0) &&
            write_text(cgroup->freezer, v1 ? "freezer.state" : "cgroup.freeze", value) < 0)
            return fail_errno(err, "pause", "write to %s", cgroup->freezer);
        if (read_text(cgroup->freezer, v1 ? "freezer.state" : "cgroup.events", state,
                      sizeof state) < 0)
            return fail_errno(err, "pause", "read %s", cgroup->freezer);
        if (v1 ? strncmp(state, value, 6) == 0
               : strstr(state, freeze ? "frozen 1" : "frozen 0") != NULL)
            return 0;
        pause_ms(tries < 20 ? 1 : 5);
    }
    write_text(cgroup->freezer, v1 ? "freezer.state" : "cgroup.freeze", v1 ? "THAWED" : "0");
    return fail_as(err, "pause", ETIMEDOUT, "the processes did not come to rest");
}

long cgroup_oom_kills(const struct cgroup *cgroup) {
    char text[1024];
    const char *at;

    if (cgroup->memory == NULL ||
        read_text(cgroup->memory, cgroup->version == 1 ? "memory.oom_control" : "memory.events",
                  text, sizeof text) < 0)
        return 0;
    at = strstr(text, "oom_kill ");
    return at == NULL ? 0 : strtol(at + 9, NULL, 10);
}

int cgroup_watch_oom(const struct cgroup *cgroup) {
    char path[4096], text[64];
    int events, control;

    if (cgroup->memory == NULL)
        return -1;
    if (cgroup->version == 2) {
        events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        snprintf(path, sizeof path, "%s/memory.events", cgroup->memory);
        if (events >= 0 && inotify_add_watch(events, path, IN_MODIFY) < 0)
            close_fd(&events);
        return events;
    }
    snprintf(path, sizeof path, "%s/memory.oom_control", cgroup->memory);
    control = open(path, O_RDONLY | O_CLOEXEC);
    events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    snprintf(text, sizeof text, "%d %d", events, control);
    if (control < 0 || events < 0 || write_text(cgroup->memory, "cgroup.event_control", text) < 0)
        close_fd(&events);
    close_fd(&control);
    return events;
}

/* Signals every process in a directory; the number of them. */
static int signal_all(const char *directory, int signal) {
    char path[4096];
    FILE *file;
    int pid, count = 0;

    snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fscanf(file, "%d", &pid) == 1)
        if (pid > 0) {
            kill(pid, signal);
            count++;
        }
    fclose(file);
    return count;
}

int cgroup_kill(const struct cgroup *cgroup, int signal) {
    if (cgroup->count == 0)
        return 0;
    if (signal == SIGKILL && cgroup->version == 2 &&
        write_text(cgroup->directories[0], "cgroup.kill", "1") == 0)
        return 1;
    return signal_all(cgroup->directories[0], signal);
}

int cgroup_destroy_directory(const char *directory, struct error *err) {
    for (int tries = 0; tries < 500; tries++) {
        if (rmdir(directory) == 0 || errno == ENOENT)
            return 0;
        if (errno != EBUSY)
            break;
        if (write_text(directory, "cgroup.kill", "1") < 0) {
            signal_all(directory, SIGKILL);
            write_text(directory, "freezer.state",
                       "THAWED"); /* a frozen process does not die on v1 */
        }
        pause_ms(tries < 10 ? 1 : 10);
    }
    return fail_errno(err, "cgroup", "rmdir %s", directory);
}

void cgroup_destroy(const struct cgroup *cgroup) {
    struct error ignored;

    for (int i = 0; i < cgroup->count; i++)
        cgroup_destroy_directory(cgroup->directories[i], &ignored);
}

static int decode_base64(const char *text, unsigned char *out, size_t size) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0, pending = 0;
    size_t used = 0;

    for (; *text != 0 && *text != '='; text++) {
        const char *found = strchr(alphabet, *text);

        if (found == NULL || used == size)
            return -1;
        bits = bits << 6 | (unsigned)(found - alphabet);
        pending += 6;
        if (pending >= 8) {
            pending -= 8;
            out[used++] = (unsigned char)(bits >> pending);
        }
    }
    return (int)used;
}

int cgroup_attach_devices(const struct cgroup *cgroup, const char *base64, struct error *err) {
    size_t size = strlen(base64);
    autofree unsigned char *program = malloc(size + 1);
    autoclose int loaded = -1, directory = cgroup_open(cgroup);
    int bytes = program == NULL ? -1 : decode_base64(base64, program, size);
    union bpf_attr attr;

    if (bytes <= 0 || bytes % 8 != 0)
        return fail(err, "config", "deviceProgram: not a BPF program in base64");
    memset(&attr, 0, sizeof attr);
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = (uint64_t)(uintptr_t)program;
    attr.insn_cnt = (uint32_t)bytes / 8;
    attr.license = (uint64_t)(uintptr_t) "Apache-2.0";
    loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
    if (loaded < 0)
        return fail_errno(err, "cgroup", "load the device program");
    memset(&attr, 0, sizeof attr);
    attr.target_fd = (uint32_t)directory;
    attr.attach_bpf_fd = (uint32_t)loaded;
    attr.attach_type = BPF_CGROUP_DEVICE;
    attr.attach_flags = BPF_F_ALLOW_MULTI;
    if (directory < 0 || syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr) < 0)
        return fail_errno(err, "cgroup", "attach the device program");
    return 0;
}
