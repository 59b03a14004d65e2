#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x01
#define MOUNT_ATTR_NOSUID 0x02
#define MOUNT_ATTR_NODEV 0x04
#define MOUNT_ATTR_NOEXEC 0x08
#define MOUNT_ATTR_NOATIME 0x10
#define MOUNT_ATTR_STRICTATIME 0x20
#define MOUNT_ATTR_NODIRATIME 0x80
#define MOUNT_ATTR__ATIME 0x70
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

struct mount_attributes {
    uint64_t attr_set, attr_clr, propagation, userns_fd;
};

static int open_at(int root, const char *path, int flags, uint64_t resolve) {
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                           .resolve = resolve | RESOLVE_NO_MAGICLINKS};
    int fd;

    do
        fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    while (fd < 0 && errno == EAGAIN); /* a rename was under way: openat2(2) */
    return fd;
}

/* Makes each missing directory of the path's parent; the last component too, as asked. */
static int make_path(int root, const char *path, enum make make, struct error *err) {
    char text[4096];
    size_t length = strlen(path);

    if (length >= sizeof text)
        return fail_as(err, "mount", ENAMETOOLONG, "path is too long");
    for (size_t end = 0; end < length;) {
        autoclose int parent = -1, made = -1;
        const char *name;

        while (path[end] == '/')
            end++;
        if (path[end] == 0)
            break;
        memcpy(text, path, end);
        text[end] = 0;
        parent = open_at(root, end == 0 ? "." : text, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
        name = path + end;
        end += strcspn(name, "/");
        if (parent < 0)
            return fail_errno(err, "mount", "open %s", text);
        memcpy(text, name, (size_t)(path + end - name));
        text[path + end - name] = 0;
        if (path[end] == 0 && make == MAKE_FILE) {
            made = openat(parent, text, O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
            if (made < 0 && errno != EEXIST)
                return fail_errno(err, "mount", "create mount target %s", path);
        } else if (mkdirat(parent, text, 0755) < 0 && errno != EEXIST) {
            return fail_errno(err, "mount", "create mount target %s", path);
        }
    }
    return 0;
}

int open_in_root(int root, const char *path, enum make make, struct error *err) {
    int fd = open_at(root, path, O_PATH, RESOLVE_IN_ROOT);

    if (fd < 0 && errno == ENOENT && make != MAKE_NOTHING) {
        if (make_path(root, path, make, err) < 0)
            return -1;
        fd = open_at(root, path, O_PATH, RESOLVE_IN_ROOT);
    }
    if (fd < 0)
        return fail_errno(err, "mount", "open %s", path);
    return fd;
}

static void fd_path(int fd, char path[static 32]) {
    snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static int append(char *text, size_t size, size_t *used, const char *part) {
    size_t length = strlen(part);

    if (*used + length >= size)
        return -1;
    memcpy(text + *used, part, length + 1);
    *used += length;
    return 0;
}

/* overlayfs reads its options from one page; lower directories are relative to the working
 * directory to fit (mount(2)). */
static int overlay_options(const struct json *rootfs, char *options, size_t size,
                           struct error *err) {
    const struct json *lower = json_get(rootfs, "lower");
    const char *upper, *work;
    size_t used = 0;
    int ret = append(options, size, &used, "index=off,redirect_dir=off,metacopy=off,lowerdir=");

    if (lower == NULL || lower->length == 0)
        return fail(err, "config", "rootfs.lower: empty");
    if (json_string(rootfs, "upper", &upper, err) < 0 ||
        json_string(rootfs, "work", &work, err) < 0)
        return -1;
    json_each(directory, lower) {
        if (directory->type != JSON_STRING || strpbrk(directory->string, ":,\\") != NULL)
            return fail(err, "config", "rootfs.lower: a plain path was expected");
        ret |= append(options, size, &used, directory->string);
        if (directory->next != NULL)
            ret |= append(options, size, &used, ":");
    }
    ret |= append(options, size, &used, ",upperdir=");
    ret |= append(options, size, &used, upper);
    ret |= append(options, size, &used, ",workdir=");
    ret |= append(options, size, &used, work);
    return ret == 0 ? 0 : fail_as(err, "mount", E2BIG, "too many layers for one overlay mount");
}

int mount_overlay(const struct json *rootfs, const char *target, struct error *err) {
    const char *base, *upper = json_string_or(rootfs, "upper", ""),
                      *work = json_string_or(rootfs, "work", "");
    char options[4096];
    int64_t propagation = json_int_or(rootfs, "propagation", 0);
    int root;

    if (json_string(rootfs, "base", &base, err) < 0 ||
        overlay_options(rootfs, options, sizeof options, err) < 0)
        return -1;
    if ((mkdir(upper, 0755) < 0 && errno != EEXIST) || (mkdir(work, 0700) < 0 && errno != EEXIST))
        return fail_errno(err, "mount", "mkdir %s", upper);
    if (chdir(base) < 0)
        return fail_errno(err, "mount", "chdir %s", base);
    if (mount("overlay", target, "overlay", 0, options) < 0)
        return fail_errno(err, "mount", "mount overlay");
    if (propagation != 0 && mount(NULL, target, NULL, (unsigned long)propagation, NULL) < 0)
        return fail_errno(err, "mount", "set the propagation of the rootfs");
    root = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? fail_errno(err, "mount", "open the rootfs") : root;
}

static int set_attributes(int fd, bool recursive, struct mount_attributes *attributes) {
    return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0),
                        attributes, sizeof *attributes);
}

static uint64_t to_attributes(unsigned long flags) {
    static const struct {
        unsigned long flag;
        uint64_t attribute;
    } pairs[] = {{MS_RDONLY, MOUNT_ATTR_RDONLY},
                 {MS_NOSUID, MOUNT_ATTR_NOSUID},
                 {MS_NODEV, MOUNT_ATTR_NODEV},
                 {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
                 {MS_NODIRATIME, MOUNT_ATTR_NODIRATIME}};
    uint64_t set = 0;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (flags & pairs[i].flag)
            set |= pairs[i].attribute;
    return set;
}

static int clone_tree(int directory, const char *path, bool recursive) {
    return (int)syscall(SYS_open_tree, directory, path,
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*path == 0 ? AT_EMPTY_PATH : 0) |
                            (recursive ? AT_RECURSIVE : 0));
}

static int place(int tree, int target) {
    return (int)syscall(SYS_move_mount, tree, "", target, "",
                        MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int bind(int root, const struct json *mount, const char *source, const char *target,
                struct error *err) {
    unsigned long flags = (unsigned long)json_int_or(mount, "flags", 0);
    unsigned long propagation = (unsigned long)json_int_or(mount, "propagation", 0);
    const char *recursively = json_string_or(mount, "readonlyRecursive", NULL);
    struct mount_attributes attributes = {.attr_set = to_attributes(flags)};
    autoclose int at = -1, tree = clone_tree(AT_FDCWD, source, (flags & MS_REC) != 0);
    struct stat st;

    if (tree < 0 || fstat(tree, &st) < 0)
        return fail_errno(err, "mount", "bind source %s", source);
    at = open_in_root(root, target, S_ISDIR(st.st_mode) ? MAKE_DIRECTORY : MAKE_FILE, err);
    if (at < 0)
        return -1;
    if (attributes.attr_set != 0 && set_attributes(tree, false, &attributes) < 0)
        return fail_errno(err, "mount", "set the flags of %s", target);
    if (recursively != NULL) {
        attributes = (struct mount_attributes){.attr_set = MOUNT_ATTR_RDONLY};
        if (set_attributes(tree, true, &attributes) < 0 && strcmp(recursively, "force") == 0)
            return fail_errno(err, "mount", "make %s read-only recursively", target);
    }
    if (propagation != 0) {
        attributes = (struct mount_attributes){.propagation = propagation & ~(unsigned long)MS_REC};
        if (set_attributes(tree, (propagation & MS_REC) != 0, &attributes) < 0)
            return fail_errno(err, "mount", "set the propagation of %s", target);
    }
    if (place(tree, at) < 0)
        return fail_as(err, "mount", errno, "mount %s at %s: %s", source, target,
                       errno == ENOTDIR ? "not a directory: Are you trying to mount a directory "
                                          "onto a file (or vice-versa)? Check if the "
                                          "specified host path exists and is the expected type"
                                        : strerror(errno));
    return 0;
}

/* proc, sysfs and the like must land on a directory of the image itself: a link there is an attack
 * (CVE-2026-41579). */
static int open_plain_directory(int root, const char *target, struct error *err) {
    int fd = open_at(root, target, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

    if (fd < 0 && errno == ENOENT && make_path(root, target, MAKE_DIRECTORY, err) < 0)
        return -1;
    if (fd < 0)
        fd = open_at(root, target, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    return fd < 0
               ? fail_errno(err, "mount", "open %s, which must be a directory and no link", target)
               : fd;
}

static int copy_up(int from, int to, struct error *err);

static int mount_new(int root, const struct json *object, const char *type, const char *target,
                     struct error *err) {
    unsigned long flags = (unsigned long)json_int_or(object, "flags", 0);
    const char *data = json_string_or(object, "data", ""),
               *source = json_string_or(object, "source", type);
    bool tmpfs = strcmp(type, "tmpfs") == 0;
    autoclose int at = tmpfs && strncmp(target, "/dev", 4) != 0 && strncmp(target, "/sys", 4) != 0
                           ? open_in_root(root, target, MAKE_DIRECTORY, err)
                           : open_plain_directory(root, target, err);
    autoclose int mounted = -1;
    char path[32];

    if (at < 0)
        return -1;
    fd_path(at, path);
    if (mount(source, path, type, flags, *data == 0 ? NULL : data) < 0)
        return fail_errno(err, "mount", "mount %s at %s", type, target);
    if (!tmpfs || !json_flag_or(object, "copyUp", false))
        return 0;
    mounted = open_at(root, target, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT);
    return mounted < 0 ? fail_errno(err, "mount", "open %s", target) : copy_up(at, mounted, err);
}

/* Content of regular files and links, with owner and mode; what a tmpfs over a populated directory
 * starts with. */
static int copy_up(int from, int to, struct error *err) {
    (void)from;
    (void)to;
    return fail(err, "config", "copyUp is not supported");
}

int mount_all(int root, const struct json *mounts, before_cgroup before, void *context,
              struct error *err) {
    bool placed = false;

    json_each(object, mounts) {
        const char *type, *target, *source = json_string_or(object, "source", "");
        int ret;

        if (json_string(object, "type", &type, err) < 0 ||
            json_string(object, "target", &target, err) < 0)
            return -1;
        if (target[0] != '/')
            return fail(err, "config", "mounts: target %s is not absolute", target);
        if (!placed && before != NULL && strncmp(type, "cgroup", 6) == 0) {
            if (before(context, err) < 0)
                return -1;
            placed = true;
        }
        ret = strcmp(type, "bind") == 0 ? bind(root, object, source, target, err)
                                        : mount_new(root, object, type, target, err);
        if (ret < 0 && !json_flag_or(object, "optional", false))
            return -1;
    }
    return 0;
}

/* A file is hidden by the host's own null device, never by the container's (CVE-2025-31133); a
 * directory by an empty tmpfs. */
static int mask(int root, const char *path, int *empty, struct error *err) {
    autoclose int target = open_at(root, path, O_PATH, RESOLVE_IN_ROOT), tree = -1;
    struct stat st;
    char name[32];

    if (target < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail_errno(err, "mask", "open %s", path);
    if (fstat(target, &st) < 0)
        return fail_errno(err, "mask", "stat %s", path);
    if (S_ISDIR(st.st_mode) && *empty < 0) {
        fd_path(target, name);
        if (mount("tmpfs", name, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  "size=0,nr_inodes=2") < 0)
            return fail_errno(err, "mask", "hide %s", path);
        *empty = open_at(root, path, O_PATH, RESOLVE_IN_ROOT);
        return 0;
    }
    tree = S_ISDIR(st.st_mode) ? clone_tree(*empty, "", false)
                               : clone_tree(AT_FDCWD, "/dev/null", false);
    if (tree < 0 || place(tree, target) < 0)
        return fail_errno(err, "mask", "hide %s", path);
    return 0;
}

int mask_paths(int root, const struct json *paths, struct error *err) {
    autoclose int empty = -1;

    json_each(path, paths) if (path->type != JSON_STRING || mask(root, path->string, &empty, err) <
                                                                0) return path->type == JSON_STRING
        ? -1
        : fail(err, "config", "maskedPaths: a string was expected");
    return 0;
}

int protect_paths(int root, const struct json *paths, struct error *err) {
    struct mount_attributes attributes = {.attr_set = MOUNT_ATTR_RDONLY};

    json_each(path, paths) {
        autoclose int target = -1, tree = -1;

        if (path->type != JSON_STRING)
            return fail(err, "config", "readonlyPaths: a string was expected");
        target = open_at(root, path->string, O_PATH, RESOLVE_IN_ROOT);
        if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
            continue;
        tree = target < 0 ? -1 : clone_tree(target, "", true);
        if (tree < 0 || set_attributes(tree, true, &attributes) < 0 || place(tree, target) < 0)
            return fail_errno(err, "protect", "make %s read-only", path->string);
    }
    return 0;
}

int make_readonly(int root, bool recursive, struct error *err) {
    struct mount_attributes attributes = {.attr_set = MOUNT_ATTR_RDONLY};

    if (set_attributes(root, recursive, &attributes) < 0)
        return fail_errno(err, "mount", "make the rootfs read-only");
    return 0;
}

int enter_root(int root, struct error *err) {
    autoclose int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (host < 0)
        return fail_errno(err, "pivot", "open /");
    if (fchdir(root) < 0)
        return fail_errno(err, "pivot", "chdir to the rootfs");
    /* pivot_root(".", ".") stacks the old root on the new one, so no directory is needed to hold
     * it; detaching it there lifts the host away. See pivot_root(2), NOTES. */
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        return fail_errno(err, "pivot", "pivot_root");
    if (fchdir(host) < 0)
        return fail_errno(err, "pivot", "chdir to the host's root");
    if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
        return fail_errno(err, "pivot", "make the host's root a slave");
    if (umount2(".", MNT_DETACH) < 0)
        return fail_errno(err, "pivot", "detach the host's root");
    if (chdir("/") < 0)
        return fail_errno(err, "pivot", "chdir /");
    return 0;
}
