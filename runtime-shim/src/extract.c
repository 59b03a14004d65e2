#include "extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fd.h"
#include "message.h"

struct directory_time {
    char *path;
    struct timespec time;
};

static const char *or_dot(const char *path) {
    return *path == 0 ? "." : path;
}

static int make_parents(const char *path, struct error *err) {
    char text[TAR_NAME];

    memcpy(text, path, strlen(path) + 1);
    for (char *slash = strchr(text, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(text, 0755) < 0 && errno != EEXIST)
            return fail_errno(err, "unpack", "mkdir /%s", text);
        *slash = '/';
    }
    return 0;
}

/* Takes away what is at the entry's place, unless both are directories. */
static int make_way(struct extract *x, const struct tar_entry *entry, const char *path,
                    struct error *err) {
    struct stat st;
    bool directory = entry->type == '5';

    if (lstat(or_dot(path), &st) < 0)
        return errno == ENOENT ? make_parents(path, err)
                               : fail_errno(err, "unpack", "stat /%s", path);
    if (S_ISDIR(st.st_mode) && directory)
        return 0;
    if (x->no_overwrite && S_ISDIR(st.st_mode) && !directory)
        return fail(err, "unpack", "cannot overwrite directory \"/%s\" with non-directory", path);
    if (x->no_overwrite && !S_ISDIR(st.st_mode) && directory)
        return fail(err, "unpack", "cannot overwrite non-directory \"/%s\" with directory", path);
    if (*path == 0)
        return fail(err, "unpack", "the root of the archive is no directory");
    if (x->replaced != NULL && S_ISREG(st.st_mode) && x->replaced(x->context, path, err) < 0)
        return -1;
    return remove_tree(AT_FDCWD, path, err);
}

static int copy_content(struct extract *x, struct tar_reader *tar, int fd, const char *path,
                        struct error *err) {
    const char *data;
    ssize_t n;

    while ((n = tar_data(tar, &data, err)) > 0) {
        if (write_all(fd, data, (size_t)n) < 0)
            return fail_errno(err, "unpack", "write /%s", path);
        x->bytes += (uint64_t)n;
        if (x->most_bytes != 0 && x->bytes > x->most_bytes)
            return fail(err, "unpack", "the archive has more than %llu bytes",
                        (unsigned long long)x->most_bytes);
    }
    return n < 0 ? -1 : 0;
}

static int make_file(struct extract *x, struct tar_reader *tar, const struct tar_entry *entry,
                     struct error *err) {
    const char *path = entry->path;
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    autoclose int fd = open(path, flags, 0600);

    if (fd < 0) {
        if (make_way(x, entry, path, err) < 0)
            return -1;
        fd = open(path, flags, 0600);
    }
    if (fd < 0)
        return fail_errno(err, "unpack", "create /%s", path);
    x->files++;
    if (x->file != NULL && entry->size > 0 && x->file(x->context, entry, err) < 0)
        return -1;
    return copy_content(x, tar, fd, path, err);
}

static int make_node(const struct tar_entry *entry, const char *path) {
    char target[TAR_NAME];

    switch (entry->type) {
    case '1':
        if (tar_clean_path(target, entry->link) < 0) {
            errno = EINVAL;
            return -1;
        }
        return linkat(AT_FDCWD, target, AT_FDCWD, path, 0);
    case '2':
        return symlink(entry->link, path);
    case '3':
        return mknod(path, S_IFCHR | 0600, makedev(entry->major, entry->minor));
    case '4':
        return mknod(path, S_IFBLK | 0600, makedev(entry->major, entry->minor));
    case '5':
        return mkdir(or_dot(path), 0700) == 0 || errno == EEXIST ? 0 : -1;
    case '6':
        return mkfifo(path, 0600);
    default:
        errno = EOPNOTSUPP;
        return -1;
    }
}

/* Most entries are new and have their directory, so that is tried first. */
static int make_other(struct extract *x, const struct tar_entry *entry, struct error *err) {
    struct stat st;
    char target[TAR_NAME];
    bool exists = entry->type == '5' && lstat(or_dot(entry->path), &st) == 0;

    if (!exists && make_node(entry, entry->path) == 0)
        return 0;
    if (exists && S_ISDIR(st.st_mode))
        return 0;
    if (entry->type == '1' && tar_clean_path(target, entry->link) == 0 &&
        strcmp(target, entry->path) == 0)
        return 0; /* GNU tar's way of having a file twice */
    if (make_way(x, entry, entry->path, err) < 0)
        return -1;
    if (make_node(entry, entry->path) < 0)
        return fail_errno(err, "unpack", "make /%s", entry->path);
    return 0;
}

static int set_xattr(void *context, const char *name, const char *value, size_t length) {
    const char *path = context;

    if (strncmp(name, "trusted.overlay.", 16) == 0)
        return 0; /* what overlay makes of a layer is not for the layer to say */
    if (lsetxattr(path, name, value, length, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
        return -1;
    return 0;
}

static int remember_directory(struct extract *x, const struct tar_entry *entry, struct error *err) {
    if (x->directory_count == x->directory_size) {
        size_t size = x->directory_size == 0 ? 64 : x->directory_size * 2;
        struct directory_time *larger = realloc(x->directories, size * sizeof *larger);

        if (larger == NULL)
            return fail(err, "unpack", "out of memory");
        x->directories = larger;
        x->directory_size = size;
    }
    x->directories[x->directory_count] = (struct directory_time){strdup(entry->path), entry->mtime};
    if (x->directories[x->directory_count].path == NULL)
        return fail(err, "unpack", "out of memory");
    x->directory_count++;
    return 0;
}

/* Owner first: a change of owner takes set-user-ID away. */
static int set_attributes(struct extract *x, const struct tar_entry *entry, struct error *err) {
    const char *path = or_dot(entry->path);
    struct timespec times[2] = {entry->mtime, entry->mtime};

    if (entry->type == '1')
        return 0;
    if (lchown(path, entry->uid, entry->gid) < 0)
        return fail_errno(err, "unpack", "chown /%s", entry->path);
    if (entry->type != '2' && chmod(path, entry->mode) < 0)
        return fail_errno(err, "unpack", "chmod /%s", entry->path);
    if (entry->pax_length > 0 && tar_xattrs(entry, set_xattr, (void *)path) < 0)
        return fail_errno(err, "unpack", "set an extended attribute of /%s", entry->path);
    if (entry->type == '5')
        return remember_directory(x, entry, err);
    utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
    return 0;
}

/* True if the entry stands for something that is not there (and was dealt with, or -1 in *result).
 */
static bool whiteout(struct extract *x, struct tar_entry *entry, int *result, struct error *err) {
    char *slash = strrchr(entry->path, '/'), *name = slash == NULL ? entry->path : slash + 1,
         hidden[TAR_NAME];

    *result = 0;
    if (!x->whiteouts || strncmp(name, ".wh.", 4) != 0)
        return false;
    if (strcmp(name, ".wh..wh..opq") == 0) {
        char directory[TAR_NAME] = ".";

        if (slash != NULL) {
            memcpy(directory, entry->path, (size_t)(slash - entry->path));
            directory[slash - entry->path] = 0;
        }
        if (make_parents(entry->path, err) < 0)
            *result = -1;
        else if (lsetxattr(directory, "trusted.overlay.opaque", "y", 1, 0) < 0)
            *result = fail_errno(err, "unpack", "make /%s opaque", directory);
        return true;
    }
    if (strncmp(name, ".wh..wh.", 8) == 0)
        return true; /* AUFS kept its own things under such names */
    if (name[4] == 0 || strcmp(name + 4, ".") == 0 || strcmp(name + 4, "..") == 0) {
        *result = fail(err, "unpack", "invalid whiteout \"%.200s\"", entry->path);
        return true;
    }
    memcpy(hidden, entry->path, (size_t)(name - entry->path));
    memcpy(hidden + (name - entry->path), name + 4, strlen(name + 4) + 1);
    memcpy(entry->path, hidden, strlen(hidden) + 1);
    entry->type = '3';
    entry->major = entry->minor = 0;
    *result = make_other(x, entry, err);
    return true;
}

static int extract_one(struct extract *x, struct tar_reader *tar, struct tar_entry *entry,
                       struct error *err) {
    int result;

    if (whiteout(x, entry, &result, err))
        return result;
    if (entry->type < '0' || entry->type > '6')
        return fail(err, "unpack", "unhandled tar header type %d", entry->type);
    if (*entry->path == 0 && entry->type != '5')
        return fail(err, "unpack", "the root of the archive is no directory");
    if ((entry->type == '0' ? make_file(x, tar, entry, err) : make_other(x, entry, err)) < 0)
        return -1;
    return set_attributes(x, entry, err);
}

static void forget_directories(struct extract *x, bool apply) {
    while (x->directory_count > 0) {
        struct directory_time *directory = &x->directories[--x->directory_count];
        struct timespec times[2] = {directory->time, directory->time};

        if (apply)
            utimensat(AT_FDCWD, or_dot(directory->path), times, AT_SYMLINK_NOFOLLOW);
        free(directory->path);
    }
    free(x->directories);
    x->directories = NULL;
    x->directory_size = 0;
}

int extract_all(struct extract *x, struct tar_reader *tar, struct error *err) {
    static struct tar_entry entry;
    int result;

    umask(0);
    while ((result = tar_next(tar, &entry, err)) > 0) {
        if (x->most_entries != 0 && ++x->entries > x->most_entries)
            result = fail(err, "unpack", "the archive has more than %llu entries",
                          (unsigned long long)x->most_entries);
        else
            result = extract_one(x, tar, &entry, err);
        if (result < 0)
            break;
        x->entries += x->most_entries == 0;
    }
    forget_directories(x, result == 0);
    return result == 0 ? tar_finish(tar, err) : -1;
}
