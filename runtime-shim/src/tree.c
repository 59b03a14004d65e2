#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract.h"
#include "fd.h"
#include "message.h"
#include "verbs.h"

static int remove_below(int directory, dev_t device, struct error *err);

static int remove_directory(int parent, const char *name, dev_t device, struct error *err) {
    autoclose int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (directory < 0 || fstat(directory, &st) < 0)
        return errno == ENOENT ? 0 : fail_errno(err, "remove", "open %s", name);
    if (st.st_dev != device)
        return fail_as(err, "remove", EBUSY, "%s is a mount point", name);
    if (remove_below(directory, device, err) < 0)
        return -1;
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return fail_errno(err, "remove", "rmdir %s", name);
    return 0;
}

static bool is_dot(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Goes on after an error, and returns the first. */
static int remove_below(int directory, dev_t device, struct error *err) {
    int copy = dup(directory), result = 0;
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (entries == NULL) {
        close_fd(&copy);
        return fail_errno(err, "remove", "read a directory");
    }
    while ((entry = readdir(entries)) != NULL) {
        struct error ignored, *use = result == 0 ? err : &ignored;

        if (is_dot(entry->d_name))
            continue;
        if (entry->d_type != DT_DIR && unlinkat(directory, entry->d_name, 0) == 0)
            continue;
        if (entry->d_type != DT_DIR && errno == ENOENT)
            continue;
        if (entry->d_type != DT_DIR && errno != EISDIR)
            result = fail_errno(use, "remove", "unlink %s", entry->d_name);
        else if (remove_directory(directory, entry->d_name, device, use) < 0)
            result = -1;
    }
    closedir(entries);
    return result;
}

int remove_tree(int parent, const char *name, struct error *err) {
    struct stat st;

    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR)
        return fail_errno(err, "remove", "unlink %s", name);
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : fail_errno(err, "remove", "stat %s", name);
    return remove_directory(parent, name, st.st_dev, err);
}

int verb_remove_tree(int connection, const struct json *request, struct error *err) {
    struct error first = {0}, ignored;
    bool failed = false;

    json_each(path, json_get(request, "paths")) {
        if (path->type != JSON_STRING || path->string[0] != '/')
            return fail(err, "protocol", "paths: absolute paths were expected");
        if (remove_tree(AT_FDCWD, path->string, failed ? &ignored : &first) < 0)
            failed = true;
    }
    if (failed) {
        *err = first;
        return -1;
    }
    send_ok(connection);
    return 0;
}

/* Inodes with several names that were counted already: an open hash table of inode numbers. */
struct seen {
    ino_t *slots;
    size_t size, used;
};

static bool seen_insert(struct seen *seen, ino_t inode) {
    size_t at;

    if ((seen->used + 1) * 2 > seen->size) {
        struct seen larger = {.size = seen->size == 0 ? 1024 : seen->size * 2};

        larger.slots = calloc(larger.size, sizeof *larger.slots);
        if (larger.slots == NULL)
            return true;
        for (size_t i = 0; i < seen->size; i++)
            if (seen->slots[i] != 0)
                seen_insert(&larger, seen->slots[i]);
        free(seen->slots);
        *seen = larger;
    }
    for (at = (size_t)inode * 2654435761U % seen->size; seen->slots[at] != 0;
         at = (at + 1) % seen->size)
        if (seen->slots[at] == inode)
            return false;
    seen->slots[at] = inode;
    seen->used++;
    return true;
}

struct usage {
    struct seen seen;
    uint64_t bytes, files;
    dev_t device;
};

static void add_usage(struct usage *usage, int directory) {
    int copy = dup(directory);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (entries == NULL) {
        close_fd(&copy);
        return;
    }
    while ((entry = readdir(entries)) != NULL) {
        struct stat st;

        if (is_dot(entry->d_name) ||
            fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            st.st_dev != usage->device)
            continue;
        if (S_ISDIR(st.st_mode)) {
            autoclose int below =
                openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

            if (below >= 0)
                add_usage(usage, below);
        } else if (st.st_nlink == 1 || seen_insert(&usage->seen, st.st_ino)) {
            usage->files++;
            usage->bytes += S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? (uint64_t)st.st_size : 0;
        }
    }
    closedir(entries);
}

int verb_disk_usage(int connection, const struct json *request, struct error *err) {
    const char *path;
    struct usage usage = {0};
    struct json_writer w;
    struct stat st;
    char buffer[128];
    autoclose int directory = -1;

    if (json_string(request, "path", &path, err) < 0)
        return -1;
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fstat(directory, &st) < 0)
        return fail_errno(err, "disk-usage", "open %s", path);
    usage.device = st.st_dev;
    add_usage(&usage, directory);
    free(usage.seen.slots);
    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_flag(&w, "ok", true);
    json_put_u64(&w, "bytes", usage.bytes);
    json_put_int(&w, "files", (int64_t)usage.files);
    json_close(&w, '}');
    send_message(connection, &w);
    return 0;
}
