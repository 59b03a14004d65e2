#include "pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fd.h"
#include "tar.h"

#define PAX_MOST 65536

struct linked {
    dev_t device;
    ino_t inode;
    char *path;
};

/* What is to be written of one entry. */
struct item {
    const char *path;
    char link[TAR_NAME];
    char type;
    struct stat st;
    uint64_t size;
    int fd; /* of a file, or -1 */
};

static void octal(char *field, size_t length, uint64_t value) {
    field[length - 1] = 0;
    for (size_t i = length - 1; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

static size_t digits(size_t n) {
    size_t count = 1;

    for (; n >= 10; n /= 10)
        count++;
    return count;
}

/* `LENGTH KEY=VALUE\n`, where the length counts itself. */
static void add_record(char *text, size_t *used, const char *key, const char *value,
                       size_t length) {
    size_t rest = strlen(key) + length + 3, total = rest + digits(rest);

    if (digits(total) != digits(rest))
        total = rest + digits(total);
    if (*used + total >= PAX_MOST)
        return;
    *used += (size_t)sprintf(text + *used, "%zu %s=", total, key);
    memcpy(text + *used, value, length);
    *used += length;
    text[(*used)++] = '\n';
}

static void add_number(char *text, size_t *used, const char *key, uint64_t value) {
    char number[24];

    add_record(text, used, key, number,
               (size_t)snprintf(number, sizeof number, "%llu", (unsigned long long)value));
}

static void add_xattrs(char *text, size_t *used, const struct item *item) {
    char names[4096], value[4096], key[300];
    ssize_t length = item->fd < 0 ? 0 : flistxattr(item->fd, names, sizeof names);

    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        const char *name = names + at;
        ssize_t n;

        if (strcmp(name, "security.capability") != 0 && strncmp(name, "user.", 5) != 0)
            continue;
        n = fgetxattr(item->fd, name, value, sizeof value);
        if (n >= 0 && snprintf(key, sizeof key, "SCHILY.xattr.%s", name) < (int)sizeof key)
            add_record(text, used, key, value, (size_t)n);
    }
}

static int put_header(struct pack *p, const struct item *item, const char *name, char type,
                      uint64_t size, struct error *err) {
    char block[TAR_BLOCK] = {0};
    unsigned sum = 0;

    memcpy(block, name, strnlen(name, 100));
    octal(block + 100, 8, item->st.st_mode & 07777);
    octal(block + 108, 8, item->st.st_uid > 07777777 ? 0 : item->st.st_uid);
    octal(block + 116, 8, item->st.st_gid > 07777777 ? 0 : item->st.st_gid);
    octal(block + 124, 12, size > 077777777777 ? 0 : size);
    octal(block + 136, 12, item->st.st_mtime < 0 ? 0 : (uint64_t)item->st.st_mtime);
    memset(block + 148, ' ', 8);
    block[156] = type;
    memcpy(block + 157, item->link, strnlen(item->link, 100));
    memcpy(block + 257, "ustar\00000", 8);
    octal(block + 329, 8, type == '3' || type == '4' ? major(item->st.st_rdev) : 0);
    octal(block + 337, 8, type == '3' || type == '4' ? minor(item->st.st_rdev) : 0);
    for (size_t i = 0; i < sizeof block; i++)
        sum += (unsigned char)block[i];
    octal(block + 148, 7, sum);
    return output_put(p->output, block, sizeof block, err);
}

static int put_pax(struct pack *p, const struct item *item, const char *name, struct error *err) {
    static char text[PAX_MOST];
    static struct item records;
    size_t used = 0;

    if (strlen(name) > 100)
        add_record(text, &used, "path", name, strlen(name));
    if (strlen(item->link) > 100)
        add_record(text, &used, "linkpath", item->link, strlen(item->link));
    if (item->size > 077777777777)
        add_number(text, &used, "size", item->size);
    if (item->st.st_uid > 07777777)
        add_number(text, &used, "uid", item->st.st_uid);
    if (item->st.st_gid > 07777777)
        add_number(text, &used, "gid", item->st.st_gid);
    add_xattrs(text, &used, item);
    if (used == 0)
        return 0;
    records.st.st_mode = 0644;
    if (put_header(p, &records, "PaxHeaders/entry", 'x', used, err) < 0 ||
        output_put(p->output, text, used, err) < 0)
        return -1;
    return output_zeros(p->output, -used % TAR_BLOCK, err);
}

static int put_content(struct pack *p, const struct item *item, struct error *err) {
    char buffer[65536];
    uint64_t left = item->size;

    while (left > 0) {
        ssize_t n = read(item->fd, buffer, left < sizeof buffer ? (size_t)left : sizeof buffer);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "pack", "read /%s", item->path);
        if (n == 0) /* it has become shorter */
            return output_zeros(p->output, left + -item->size % TAR_BLOCK, err);
        if (output_put(p->output, buffer, (size_t)n, err) < 0)
            return -1;
        left -= (uint64_t)n;
    }
    return output_zeros(p->output, -item->size % TAR_BLOCK, err);
}

static int put_item(struct pack *p, const struct item *item, struct error *err) {
    char name[TAR_NAME + 2];

    snprintf(name, sizeof name, "%s%s", item->path, item->type == '5' ? "/" : "");
    if (put_pax(p, item, name, err) < 0 ||
        put_header(p, item, name, item->type, item->size, err) < 0)
        return -1;
    return item->size > 0 ? put_content(p, item, err) : 0;
}

/* The path under which a file with several names was written before, or NULL, and then it is
 * remembered. */
static const char *other_name(struct pack *p, const struct item *item) {
    for (size_t i = 0; i < p->linked_count; i++)
        if (p->linked[i].inode == item->st.st_ino && p->linked[i].device == item->st.st_dev)
            return p->linked[i].path;
    if (p->linked_count == p->linked_size) {
        size_t size = p->linked_size == 0 ? 64 : p->linked_size * 2;
        struct linked *larger = realloc(p->linked, size * sizeof *larger);

        if (larger == NULL)
            return NULL;
        p->linked = larger;
        p->linked_size = size;
    }
    p->linked[p->linked_count++] =
        (struct linked){item->st.st_dev, item->st.st_ino, strdup(item->path)};
    return NULL;
}

static uint64_t mount_of(int directory, const char *name) {
    struct statx st;

    if (syscall(SYS_statx, directory, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_MNT_ID,
                &st) < 0)
        return 0;
    return st.stx_mnt_id;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **list_directory(int directory) {
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;
    char **names = calloc(16, sizeof *names);
    size_t count = 0, size = 16;

    while (entries != NULL && names != NULL && (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (count + 1 == size) {
            char **larger = realloc(names, 2 * size * sizeof *names);

            if (larger == NULL)
                break;
            names = larger;
            size *= 2;
        }
        names[count++] = strdup(entry->d_name);
    }
    if (entries != NULL)
        closedir(entries);
    if (names != NULL) {
        names[count] = NULL;
        qsort(names, count, sizeof *names, compare);
    }
    return names;
}

void free_list(char **names) {
    for (char **name = names; name != NULL && *name != NULL; name++)
        free(*name);
    free(names);
}

bool is_whiteout(int directory, const char *name) {
    struct stat st;

    return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
           st.st_rdev == 0;
}

bool is_opaque(int directory) {
    char value[2];

    return fgetxattr(directory, "trusted.overlay.opaque", value, sizeof value) == 1 &&
           value[0] == 'y';
}

static int put_whiteout(struct pack *p, const char *directory, const char *name,
                        struct error *err) {
    static struct item item;
    char path[TAR_NAME];

    if (snprintf(path, sizeof path, "%s%s.wh.%s", directory, *directory == 0 ? "" : "/", name) >=
        (int)sizeof path)
        return fail_as(err, "pack", ENAMETOOLONG, "%s: name too long", name);
    item = (struct item){.path = path, .type = '0', .fd = -1, .st = {.st_mode = 0600}};
    return put_item(p, &item, err);
}

static int pack_below(struct pack *p, int directory, const char *path, struct error *err) {
    char **names = list_directory(directory);
    int result = 0;

    if (p->layer && *path != 0 && is_opaque(directory))
        result = put_whiteout(p, path, ".wh..opq", err);
    for (char **name = names; result == 0 && name != NULL && *name != NULL; name++) {
        char below[TAR_NAME];

        if (snprintf(below, sizeof below, "%s%s%s", path, *path == 0 ? "" : "/", *name) >=
            (int)sizeof below)
            result = fail_as(err, "pack", ENAMETOOLONG, "%s: name too long", *name);
        else if (p->layer && is_whiteout(directory, *name))
            result = put_whiteout(p, path, *name, err);
        else
            result = pack_tree(p, directory, *name, below, err);
    }
    free_list(names);
    return result;
}

/* Fills in what the entry is; 0 if there is nothing to write. */
static int examine(struct pack *p, int directory, const char *name, struct item *item,
                   struct error *err) {
    mode_t mode = item->st.st_mode;
    const char *linked;
    ssize_t n;

    item->type = S_ISDIR(mode)    ? '5'
                 : S_ISLNK(mode)  ? '2'
                 : S_ISCHR(mode)  ? '3'
                 : S_ISBLK(mode)  ? '4'
                 : S_ISFIFO(mode) ? '6'
                                  : '0';
    if (S_ISSOCK(mode))
        return 0;
    if (item->type != '5' && item->st.st_nlink > 1 && (linked = other_name(p, item)) != NULL) {
        item->type = '1';
        snprintf(item->link, sizeof item->link, "%s", linked);
        return 1;
    }
    if (S_ISLNK(mode)) {
        n = readlinkat(directory, name, item->link, sizeof item->link - 1);
        if (n < 0)
            return fail_errno(err, "pack", "read the link /%s", item->path);
        item->link[n] = 0;
    }
    if (S_ISREG(mode) || S_ISDIR(mode)) {
        item->fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (item->fd < 0)
            return errno == ENOENT ? 0 : fail_errno(err, "pack", "open /%s", item->path);
        item->size = S_ISREG(mode) ? (uint64_t)item->st.st_size : 0;
    }
    return 1;
}

int pack_tree(struct pack *p, int directory, const char *name, const char *path,
              struct error *err) {
    struct item *item = calloc(1, sizeof *item); /* not on the stack: trees are deep */
    bool mounted = p->one_mount && mount_of(directory, name) != p->mount;
    int result;

    if (item == NULL)
        return fail(err, "pack", "out of memory");
    item->path = path;
    item->fd = -1;
    if (fstatat(directory, name, &item->st, AT_SYMLINK_NOFOLLOW) < 0)
        result = errno == ENOENT ? 0 : fail_errno(err, "pack", "stat /%s", path);
    else
        result = examine(p, directory, name, item, err);
    if (mounted)
        item->size = 0;
    if (result > 0) {
        result = *path == 0 ? 0 : put_item(p, item, err);
        if (result == 0 && item->type == '5' && !mounted)
            result = pack_below(p, item->fd, path, err);
    }
    close_fd(&item->fd);
    free(item);
    return result;
}

int pack_end(struct pack *p, struct error *err) {
    for (size_t i = 0; i < p->linked_count; i++)
        free(p->linked[i].path);
    free(p->linked);
    p->linked = NULL;
    return output_zeros(p->output, 2 * (uint64_t)TAR_BLOCK, err);
}
