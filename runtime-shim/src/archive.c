#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container.h"
#include "extract.h"
#include "fd.h"
#include "mount.h"
#include "pack.h"
#include "verbs.h"

/* The host's /proc/self/fd, kept for when another root is ours: it names what a descriptor is. */
static int descriptors = -1;

/* Makes the container's root ours: by its process if it runs, else by mounting what it would have.
 */
static int enter_target(const struct json *request, struct error *err) {
    const struct json *target = json_get(request, "target");
    char directory[4096];
    autoclose int process = -1, root = -1;

    descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (json_get(target, "pid") != NULL) {
        process = open_process(target, err);
        if (process < 0)
            return -1;
        if (setns(process, CLONE_NEWNS) < 0)
            return fail_errno(err, "archive", "enter the container's mount namespace");
        return chdir("/") < 0 ? fail_errno(err, "archive", "chdir /") : 0;
    }
    if (getcwd(directory, sizeof directory - 2) == NULL || unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return fail_errno(err, "archive", "make a mount namespace");
    memcpy(directory + strlen(directory), "/c", 3); /* only hidden from ourselves */
    root = mount_overlay(json_get(target, "rootfs"), directory, err);
    if (root < 0 || mount_all(root, json_get(target, "mounts"), NULL, NULL, err) < 0)
        return -1;
    if (json_flag_or(json_get(target, "rootfs"), "readonly", false) &&
        make_readonly(root, false, err) < 0)
        return -1;
    return enter_root(root, err);
}

struct place {
    char path[4096]; /* as asked for, absolute */
    char name[256];  /* the last element: what the archive's entries begin with */
    char resolved[4096];
    char link_target[4096];
    struct stat st;
};

static bool name_of(int fd, char text[static 4096]) {
    char number[16];
    ssize_t n;

    snprintf(number, sizeof number, "%d", fd);
    n = readlinkat(descriptors, number, text, 4095);
    if (n < 0)
        return false;
    text[n] = 0;
    return text[0] == '/';
}

/* Where a link leads to, inside the root; by its text alone if there is nothing. */
static void resolve_link(struct place *place) {
    autoclose int fd = open(place->path, O_PATH | O_CLOEXEC);
    char text[4096], joined[8192], clean[TAR_NAME], *slash;
    ssize_t n;

    if (fd >= 0 && name_of(fd, place->link_target))
        return;
    n = readlink(place->path, text, sizeof text - 1);
    text[n < 0 ? 0 : n] = 0;
    snprintf(joined, sizeof joined, "%s", place->resolved);
    slash = strrchr(joined, '/');
    if (text[0] == '/' || slash == NULL)
        slash = joined;
    snprintf(slash, sizeof joined - (size_t)(slash - joined), "/%s", text);
    if (tar_clean_path(clean, joined) == 0)
        snprintf(place->link_target, sizeof place->link_target, "/%.4000s", clean);
}

/* Links are followed in all elements but the last, and there too if a slash or a dot comes after
 * it. */
static int find_place(const struct json *request, struct place *place, struct error *err) {
    const char *path, *base, *end;
    char parent[4096], above[4096];
    autoclose int fd = -1;

    if (json_string(request, "path", &path, err) < 0)
        return -1;
    if (snprintf(place->path, sizeof place->path, "%s%s", *path == '/' ? "" : "/", path) >=
        (int)sizeof place->path)
        return fail_as(err, "archive", ENAMETOOLONG, "%s: name too long", path);
    if (lstat(place->path, &place->st) < 0) {
        if (errno == ENOTDIR)
            errno = ENOENT; /* below a file there is nothing */
        return fail_errno(err, "archive", "lstat %s", place->path);
    }
    for (end = place->path + strlen(place->path); end > place->path + 1 && end[-1] == '/';)
        end--;
    for (base = end; base > place->path && base[-1] != '/';)
        base--;
    snprintf(place->name, sizeof place->name, "%.*s", end - base > 255 ? 255 : (int)(end - base),
             base);
    if (end == place->path + 1)
        snprintf(place->name, sizeof place->name, "/");
    snprintf(parent, sizeof parent, "%.*s", (int)(base - place->path), place->path);
    fd = open(parent, O_PATH | O_CLOEXEC);
    if (fd < 0 || !name_of(fd, above))
        memcpy(above, parent, sizeof above);
    snprintf(place->resolved, sizeof place->resolved, "%.3800s%s%s", above,
             above[strlen(above) - 1] == '/' ? "" : "/",
             strcmp(place->name, "/") == 0 ? "" : place->name);
    if (S_ISLNK(place->st.st_mode))
        resolve_link(place);
    return 0;
}

static void reply_stat(int connection, const struct place *place) {
    static char buffer[32768];
    struct json_writer w;

    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_flag(&w, "ok", true);
    json_open(&w, "stat", '{');
    json_put_string(&w, "name", place->name);
    json_put_u64(&w, "size", (uint64_t)place->st.st_size);
    json_put_int(&w, "mode", place->st.st_mode);
    json_put_u64(&w, "mtime",
                 place->st.st_mtim.tv_sec < 0 ? 0
                                              : (uint64_t)place->st.st_mtim.tv_sec * 1000000000 +
                                                    (uint64_t)place->st.st_mtim.tv_nsec);
    json_put_string(&w, "linkTarget", place->link_target);
    json_put_string(&w, "path", place->resolved);
    json_close(&w, '}');
    json_close(&w, '}');
    send_message(connection, &w);
}

int verb_archive_stat(int connection, const struct json *request, struct error *err) {
    static struct place place;

    if (enter_target(request, err) < 0 || find_place(request, &place, err) < 0)
        return -1;
    reply_stat(connection, &place);
    return 0;
}

static struct output output;

int verb_archive_get(int connection, const struct json *request, struct error *err) {
    static struct place place;
    struct pack p = {.output = &output};

    output.connection = connection;
    if (enter_target(request, err) < 0 || find_place(request, &place, err) < 0)
        return -1;
    reply_stat(connection, &place);
    if (pack_tree(&p, AT_FDCWD, place.path, strcmp(place.name, "/") == 0 ? "." : place.name, err) <
            0 ||
        pack_end(&p, err) < 0)
        return -1;
    return output_end(&output, err);
}

int verb_export(int connection, const struct json *request, struct error *err) {
    struct pack p = {.output = &output, .one_mount = true};
    struct statx st;

    output.connection = connection;
    if (enter_target(request, err) < 0)
        return -1;
    if (syscall(SYS_statx, AT_FDCWD, "/", 0, STATX_MNT_ID, &st) < 0)
        return fail_errno(err, "export", "stat /");
    p.mount = st.stx_mnt_id;
    send_ok(connection);
    if (pack_tree(&p, AT_FDCWD, "/", "", err) < 0 || pack_end(&p, err) < 0)
        return -1;
    return output_end(&output, err);
}

static int put(int connection, const struct json *request, struct error *err) {
    static struct place place;
    struct extract x = {.no_overwrite = json_flag_or(request, "noOverwriteDirNonDir", false)};
    struct tar_reader tar;
    int result;

    if (enter_target(request, err) < 0 || find_place(request, &place, err) < 0)
        return -1;
    if (chdir(place.path) < 0)
        return fail_errno(err, "archive", "chdir %s", place.path);
    if (tar_open(&tar, connection, NULL, NULL, err) < 0)
        return -1;
    result = extract_all(&x, &tar, err);
    tar_close(&tar);
    return result;
}

int verb_archive_put(int connection, const struct json *request, struct error *err) {
    if (put(connection, request, err) < 0)
        return refuse_upload(connection, err);
    send_ok(connection);
    return 0;
}

int verb_layer_pack(int connection, const struct json *request, struct error *err) {
    struct pack p = {.output = &output, .layer = true};
    const char *upper;
    autoclose int directory = -1;

    output.connection = connection;
    if (json_string(request, "upper", &upper, err) < 0)
        return -1;
    directory = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return fail_errno(err, "pack", "open %s", upper);
    send_ok(connection);
    if (pack_tree(&p, directory, ".", "", err) < 0 || pack_end(&p, err) < 0)
        return -1;
    return output_end(&output, err);
}
