#include "tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFER_SIZE (256U << 10)
#define PAX_MOST (1U << 20)

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100],
        magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], rest[12];
};

_Static_assert(sizeof(struct header) == TAR_BLOCK, "a header is a block");

int tar_open(struct tar_reader *r, int fd, tar_tap tap, void *context, struct error *err) {
    memset(r, 0, sizeof *r);
    r->fd = fd;
    r->tap = tap;
    r->context = context;
    r->buffer = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r->buffer == MAP_FAILED) {
        r->buffer = NULL;
        return fail_errno(err, "tar", "mmap");
    }
    return 0;
}

void tar_close(struct tar_reader *r) {
    if (r->buffer != NULL)
        munmap(r->buffer, BUFFER_SIZE);
    free(r->pax);
    memset(r, 0, sizeof *r);
}

/* Makes sure that there is something in the buffer; 0 at the end of the input. */
static int fill(struct tar_reader *r, struct error *err) {
    ssize_t n;

    if (r->at < r->end)
        return 1;
    do
        n = read(r->fd, r->buffer, BUFFER_SIZE);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail_errno(err, "tar", "read the archive");
    r->at = 0;
    r->end = (size_t)n;
    return n > 0;
}

static int tap(struct tar_reader *r, const char *data, size_t length, struct error *err) {
    if (r->tap != NULL && r->tap(r->context, data, length) < 0)
        return fail_errno(err, "tar", "keep the archive's headers");
    return 0;
}

/* Reads length bytes that are no content of a file; 0 if there is nothing more at all. `to` may be
 * NULL. */
static int take(struct tar_reader *r, char *to, uint64_t length, struct error *err) {
    bool began = false;

    while (length > 0) {
        size_t n;
        int filled = fill(r, err);

        if (filled < 0)
            return -1;
        if (filled == 0)
            return began ? fail(err, "tar", "unexpected EOF") : 0;
        n = r->end - r->at < length ? r->end - r->at : (size_t)length;
        if (tap(r, r->buffer + r->at, n, err) < 0)
            return -1;
        if (to != NULL) {
            memcpy(to, r->buffer + r->at, n);
            to += n;
        }
        r->at += n;
        length -= n;
        began = true;
    }
    return 1;
}

static int take_all(struct tar_reader *r, char *to, uint64_t length, struct error *err) {
    int taken = length == 0 ? 1 : take(r, to, length, err);

    return taken == 0 ? fail(err, "tar", "unexpected EOF") : taken;
}

ssize_t tar_data(struct tar_reader *r, const char **data, struct error *err) {
    size_t n;
    int filled;

    *data = NULL;
    if (r->left == 0)
        return 0;
    filled = fill(r, err);
    if (filled <= 0)
        return filled < 0 ? -1 : fail(err, "tar", "unexpected EOF");
    n = r->end - r->at < r->left ? r->end - r->at : (size_t)r->left;
    *data = r->buffer + r->at;
    r->at += n;
    r->left -= n;
    return (ssize_t)n;
}

int tar_finish(struct tar_reader *r, struct error *err) {
    for (;;) {
        int filled = fill(r, err);

        if (filled <= 0)
            return filled;
        if (tap(r, r->buffer + r->at, r->end - r->at, err) < 0)
            return -1;
        r->at = r->end;
    }
}

/* Octal digits, or big endian with the highest bit set (GNU). */
static int number(const char *field, size_t length, uint64_t *value) {
    size_t i = 0;

    *value = 0;
    if ((field[0] & 0x80) != 0) {
        if ((field[0] & 0x40) != 0) { /* negative: a time before 1970 */
            return 0;
        }
        *value = (unsigned char)field[0] & 0x3f;
        for (i = 1; i < length; i++) {
            if (*value >> 55 != 0)
                return -1;
            *value = *value << 8 | (unsigned char)field[i];
        }
        return 0;
    }
    while (i < length && field[i] == ' ')
        i++;
    for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(field[i] - '0');
    return i < length && field[i] != 0 && field[i] != ' ' ? -1 : 0;
}

static bool checksum_is_right(const struct header *h) {
    const unsigned char *bytes = (const unsigned char *)h;
    uint64_t expected;
    uint64_t sum = 0;
    int64_t signed_sum = 0;

    for (size_t i = 0; i < TAR_BLOCK; i++) {
        bool own = i >= 148 && i < 156;

        sum += own ? ' ' : bytes[i];
        signed_sum += own ? ' ' : (signed char)bytes[i];
    }
    return number(h->checksum, sizeof h->checksum, &expected) == 0 &&
           (expected == sum || (int64_t)expected == signed_sum);
}

static bool is_zero(const struct header *h) {
    static const char zeros[TAR_BLOCK];

    return memcmp(h, zeros, sizeof zeros) == 0;
}

int tar_clean_path(char out[static TAR_NAME], const char *path) {
    size_t used = 0;

    out[0] = 0;
    while (*path != 0) {
        size_t length = strcspn(path, "/");

        if (length == 2 && path[0] == '.' && path[1] == '.') {
            char *slash = strrchr(out, '/');

            if (used == 0)
                return -1;
            used = slash == NULL ? 0 : (size_t)(slash - out);
            out[used] = 0;
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            if (used + length + 2 > TAR_NAME)
                return -1;
            if (used > 0)
                out[used++] = '/';
            memcpy(out + used, path, length);
            used += length;
            out[used] = 0;
        }
        path += length;
        path += *path == '/';
    }
    return 0;
}

/* One `LENGTH KEY=VALUE\n`; what follows it, or NULL at the end or where it is none. */
static const char *pax_record(const char *at, const char *end, const char **key, const char **value,
                              size_t *length) {
    size_t total = 0;
    const char *digits = at, *stop, *equals;

    while (at < end && *at >= '0' && *at <= '9' && total < PAX_MOST)
        total = total * 10 + (size_t)(*at++ - '0');
    if (at >= end || *at != ' ' || total < 5 || total > (size_t)(end - digits) ||
        digits[total - 1] != '\n')
        return NULL;
    stop = digits + total - 1;
    *key = at + 1;
    if (*key >= stop)
        return NULL;
    equals = memchr(*key, '=', (size_t)(stop - *key));
    if (equals == NULL)
        return NULL;
    *value = equals + 1;
    *length = (size_t)(stop - *value);
    return stop + 1;
}

static bool key_is(const char *key, const char *value, const char *name) {
    size_t length = (size_t)(value - key) - 1;

    return strlen(name) == length && memcmp(key, name, length) == 0;
}

static int copy_name(char out[static TAR_NAME], const char *text, size_t length) {
    if (length >= TAR_NAME || memchr(text, 0, length) != NULL)
        return -1;
    memcpy(out, text, length);
    out[length] = 0;
    return 0;
}

static int pax_time(const char *value, size_t length, struct timespec *time) {
    bool negative = length > 0 && *value == '-';
    long digit = 100000000;
    size_t i = negative ? 1 : 0;

    *time = (struct timespec){0};
    for (; i < length && value[i] >= '0' && value[i] <= '9'; i++)
        if (time->tv_sec < INT64_MAX / 20)
            time->tv_sec = time->tv_sec * 10 + (value[i] - '0');
    if (i < length && value[i] == '.')
        for (i++; i < length && value[i] >= '0' && value[i] <= '9'; i++, digit /= 10)
            time->tv_nsec += digit * (value[i] - '0');
    if (negative)
        *time = (struct timespec){0};
    return i == length ? 0 : -1;
}

static int pax_number(const char *value, size_t length, uint64_t *number_out) {
    *number_out = 0;
    if (length == 0 || length > 18)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9')
            return -1;
        *number_out = *number_out * 10 + (uint64_t)(value[i] - '0');
    }
    return 0;
}

/* What the pax records say goes before what the header says. */
static int apply_pax(struct tar_entry *entry, char path[static TAR_NAME], struct error *err) {
    const char *at = entry->pax, *end = at + entry->pax_length, *key, *value;
    size_t length;

    while (at != NULL && at < end && (at = pax_record(at, end, &key, &value, &length)) != NULL) {
        uint64_t n = 0;
        int result = 0;

        if (key_is(key, value, "path"))
            result = copy_name(path, value, length);
        else if (key_is(key, value, "linkpath"))
            result = copy_name(entry->link, value, length);
        else if (key_is(key, value, "size"))
            result = pax_number(value, length, &entry->size);
        else if (key_is(key, value, "mtime"))
            result = pax_time(value, length, &entry->mtime);
        else if (key_is(key, value, "uid") && (result = pax_number(value, length, &n)) == 0)
            entry->uid = (uid_t)n;
        else if (key_is(key, value, "gid") && (result = pax_number(value, length, &n)) == 0)
            entry->gid = (gid_t)n;
        else if (value - key > 11 && memcmp(key, "GNU.sparse.", 11) == 0)
            return fail(err, "tar", "sparse files are not supported");
        if (result < 0)
            return fail(err, "tar", "invalid pax record");
    }
    return at == NULL ? fail(err, "tar", "invalid pax record") : 0;
}

int tar_xattrs(const struct tar_entry *entry,
               int (*visit)(void *context, const char *name, const char *value, size_t length),
               void *context) {
    static const char prefix[] = "SCHILY.xattr.";
    const char *at = entry->pax, *end = at + entry->pax_length, *key, *value;
    size_t length;

    while (at != NULL && at < end && (at = pax_record(at, end, &key, &value, &length)) != NULL) {
        char name[256];
        size_t name_length = (size_t)(value - key) - 1;

        if (name_length < sizeof prefix || name_length - sizeof prefix + 1 >= sizeof name ||
            memcmp(key, prefix, sizeof prefix - 1) != 0)
            continue;
        name_length -= sizeof prefix - 1;
        memcpy(name, key + sizeof prefix - 1, name_length);
        name[name_length] = 0;
        if (visit(context, name, value, length) < 0)
            return -1;
    }
    return 0;
}

static int take_long(struct tar_reader *r, uint64_t size, char out[static TAR_NAME],
                     struct error *err) {
    if (size == 0 || size > TAR_NAME - 1)
        return fail_as(err, "tar", ENAMETOOLONG, "a name of %llu bytes", (unsigned long long)size);
    out[size] = 0;
    return take_all(r, out, size, err) < 0 || take_all(r, NULL, -size % TAR_BLOCK, err) < 0 ? -1
                                                                                            : 0;
}

static int take_pax(struct tar_reader *r, uint64_t size, bool keep, struct error *err) {
    if (size > PAX_MOST)
        return fail(err, "tar", "pax records of %llu bytes", (unsigned long long)size);
    if (keep && size > r->pax_size) {
        char *larger = realloc(r->pax, size);

        if (larger == NULL)
            return fail(err, "tar", "out of memory");
        r->pax = larger;
        r->pax_size = size;
    }
    if (keep)
        r->pax_used = size;
    return take_all(r, keep ? r->pax : NULL, size, err) < 0 ||
                   take_all(r, NULL, -size % TAR_BLOCK, err) < 0
               ? -1
               : 0;
}

static void header_path(const struct header *h, char path[static TAR_NAME]) {
    bool ustar = memcmp(h->magic, "ustar\0", 6) == 0;
    size_t prefix = ustar ? strnlen(h->prefix, sizeof h->prefix) : 0,
           length = strnlen(h->name, sizeof h->name);

    if (prefix > 0) {
        memcpy(path, h->prefix, prefix);
        path[prefix++] = '/';
    }
    memcpy(path + prefix, h->name, length);
    path[prefix + length] = 0;
}

static int parse(const struct header *h, struct tar_entry *entry, struct error *err) {
    uint64_t mode, uid, gid, mtime, major_number = 0, minor_number = 0;

    if (number(h->mode, sizeof h->mode, &mode) < 0 || number(h->uid, sizeof h->uid, &uid) < 0 ||
        number(h->gid, sizeof h->gid, &gid) < 0 ||
        number(h->size, sizeof h->size, &entry->size) < 0 ||
        number(h->mtime, sizeof h->mtime, &mtime) < 0)
        return fail(err, "tar", "invalid tar header");
    if ((h->type == '3' || h->type == '4') &&
        (number(h->major, sizeof h->major, &major_number) < 0 ||
         number(h->minor, sizeof h->minor, &minor_number) < 0))
        return fail(err, "tar", "invalid tar header");
    entry->type = h->type == 0 || h->type == '7' ? '0' : h->type;
    entry->mode = (mode_t)mode & 07777;
    entry->uid = (uid_t)uid;
    entry->gid = (gid_t)gid;
    entry->mtime = (struct timespec){(time_t)mtime, 0};
    entry->major = (unsigned)major_number;
    entry->minor = (unsigned)minor_number;
    return 0;
}

/* The header's own fields, then the long names and pax records that came before it. */
static int complete(struct tar_reader *r, const struct header *h, struct tar_entry *entry,
                    const char *name, const char *link, struct error *err) {
    char path[TAR_NAME];

    header_path(h, path);
    memcpy(entry->link, h->link, sizeof h->link);
    entry->link[sizeof h->link] = 0;
    if (*name != 0)
        memcpy(path, name, TAR_NAME);
    if (*link != 0)
        memcpy(entry->link, link, TAR_NAME);
    entry->pax = r->pax_used > 0 ? r->pax : "";
    entry->pax_length = r->pax_used;
    if (apply_pax(entry, path, err) < 0)
        return -1;
    if (entry->type == '0' && path[0] != 0 && path[strlen(path) - 1] == '/')
        entry->type = '5'; /* as old archives have directories */
    if (entry->type >= '1' && entry->type <= '6')
        entry->size = 0;
    if (entry->size > INT64_MAX - TAR_BLOCK)
        return fail(err, "tar", "invalid tar header");
    if (tar_clean_path(entry->path, path) < 0)
        return fail(err, "tar", "invalid path \"%.200s\"", path);
    r->left = entry->size;
    r->padding = -entry->size % TAR_BLOCK;
    return 1;
}

static int skip_rest(struct tar_reader *r, struct error *err) {
    if (take_all(r, NULL, r->left, err) < 0)
        return -1;
    r->left = 0;
    if (take_all(r, NULL, r->padding, err) < 0)
        return -1;
    r->padding = 0;
    return 0;
}

int tar_next(struct tar_reader *r, struct tar_entry *entry, struct error *err) {
    char name[TAR_NAME] = "", link[TAR_NAME] = "";

    if (skip_rest(r, err) < 0)
        return -1;
    r->pax_used = 0;
    for (;;) {
        struct header h;
        int taken = take(r, (char *)&h, sizeof h, err);

        if (taken <= 0)
            return taken;
        if (is_zero(&h))
            return 0;
        if (!checksum_is_right(&h) || parse(&h, entry, err) < 0)
            return fail(err, "tar", "invalid tar header");
        if (h.type == 'L' && take_long(r, entry->size, name, err) < 0)
            return -1;
        if (h.type == 'K' && take_long(r, entry->size, link, err) < 0)
            return -1;
        if ((h.type == 'x' || h.type == 'g') && take_pax(r, entry->size, h.type == 'x', err) < 0)
            return -1;
        if (h.type != 'L' && h.type != 'K' && h.type != 'x' && h.type != 'g')
            return complete(r, &h, entry, name, link, err);
    }
}
