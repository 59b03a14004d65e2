#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract.h"
#include "fd.h"
#include "message.h"
#include "output.h"
#include "verbs.h"

/* A split file is a layer's tar without what is in its files: records of a kind, a length and
 * perhaps bytes. bytes   as they were in the tar zeros   so many of them file    the content of a
 * file: its size, and its path as the bytes kept    the content of the n-th file, as a later entry
 * of the same name took its place: n, and the content as the bytes */
enum record { RECORD_BYTES = 'B', RECORD_ZEROS = 'Z', RECORD_FILE = 'F', RECORD_KEPT = 'K' };

struct record_header {
    uint64_t value;  /* how many zeros, the size of the file, or its number */
    uint32_t length; /* of the bytes that follow */
    uint32_t kind;
};

#define LONG_ZEROS 32
#define BUFFER_SIZE (64U << 10)

struct splitter {
    int fd, root;
    char buffer[BUFFER_SIZE];
    size_t used;
    struct file_name { /* of every file with content, to find what is replaced */
        char *path;
        uint64_t size;
    } * files;
    size_t count, size;
};

static int flush(struct splitter *s) {
    int result = write_all(s->fd, s->buffer, s->used);

    s->used = 0;
    return result;
}

static int put(struct splitter *s, const void *data, size_t length) {
    if (s->used + length > BUFFER_SIZE && flush(s) < 0)
        return -1;
    if (length > BUFFER_SIZE)
        return write_all(s->fd, data, length);
    if (length > 0)
        memcpy(s->buffer + s->used, data, length);
    s->used += length;
    return 0;
}

static int put_record(struct splitter *s, enum record kind, uint64_t value, const void *data,
                      size_t length) {
    struct record_header header = {.value = value, .length = (uint32_t)length, .kind = kind};

    return put(s, &header, sizeof header) < 0 || put(s, data, length) < 0 ? -1 : 0;
}

static size_t zeros_at(const char *data, size_t length) {
    size_t n = 0;

    while (n < length && data[n] == 0)
        n++;
    return n;
}

/* Headers are mostly zeros. */
static int split_bytes(void *context, const char *data, size_t length) {
    struct splitter *s = context;
    size_t start = 0;

    for (size_t at = 0; at < length;) {
        size_t zeros = zeros_at(data + at, length - at);

        if (zeros >= LONG_ZEROS) {
            if ((at > start && put_record(s, RECORD_BYTES, 0, data + start, at - start) < 0) ||
                put_record(s, RECORD_ZEROS, zeros, NULL, 0) < 0)
                return -1;
            start = at + zeros;
        }
        at += zeros > 0 ? zeros : 1;
    }
    return length > start ? put_record(s, RECORD_BYTES, 0, data + start, length - start) : 0;
}

static int split_file(void *context, const struct tar_entry *entry, struct error *err) {
    struct splitter *s = context;

    if (s->count == s->size) {
        size_t size = s->size == 0 ? 256 : s->size * 2;
        struct file_name *larger = realloc(s->files, size * sizeof *larger);

        if (larger == NULL)
            return fail(err, "unpack", "out of memory");
        s->files = larger;
        s->size = size;
    }
    s->files[s->count] = (struct file_name){strdup(entry->path), entry->size};
    if (s->files[s->count++].path == NULL)
        return fail(err, "unpack", "out of memory");
    if (put_record(s, RECORD_FILE, entry->size, entry->path, strlen(entry->path)) < 0)
        return fail_errno(err, "unpack", "write the split file");
    return 0;
}

/* What is about to be lost is kept here. */
static int split_replaced(void *context, const char *path, struct error *err) {
    struct splitter *s = context;

    for (size_t n = s->count; n-- > 0;) {
        autoclose int fd = -1;
        char buffer[16384];
        uint64_t left = s->files[n].size;

        if (strcmp(s->files[n].path, path) != 0)
            continue;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        while (left > 0) {
            ssize_t got = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);

            if (got <= 0 || put_record(s, RECORD_KEPT, n, buffer, (size_t)got) < 0)
                return fail_errno(err, "unpack", "keep /%s", path);
            left -= (uint64_t)got < left ? (uint64_t)got : left;
        }
        s->files[n].path[0] = 0;
        return 0;
    }
    return 0;
}

static int confine(const char *directory, struct error *err) {
    if (chroot(directory) < 0 || chdir("/") < 0)
        return fail_errno(err, "unpack", "chroot %s", directory);
    return 0;
}

static int unpack(int connection, const char *directory, struct splitter *s, struct extract *x,
                  struct error *err) {
    struct tar_reader tar;
    int result;

    if (mkdir(directory, 0755) < 0)
        return fail_errno(err, "unpack", "mkdir %s", directory);
    if (confine(directory, err) < 0 ||
        tar_open(&tar, connection, s->fd < 0 ? NULL : split_bytes, s, err) < 0)
        return -1;
    x->context = s;
    if (s->fd >= 0) {
        x->file = split_file;
        x->replaced = split_replaced;
    }
    result = extract_all(x, &tar, err);
    if (result == 0 && s->fd >= 0 && flush(s) < 0)
        result = fail_errno(err, "unpack", "write the split file");
    tar_close(&tar);
    return result;
}

static void reply_unpacked(int connection, const struct extract *x) {
    char buffer[192];
    struct json_writer w;

    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    json_put_flag(&w, "ok", true);
    json_put_int(&w, "entries", (int64_t)x->entries);
    json_put_int(&w, "files", (int64_t)x->files);
    json_put_u64(&w, "bytes", x->bytes);
    json_close(&w, '}');
    send_message(connection, &w);
}

/* The error goes out at once; what the daemon is still sending is taken, or it would not get to
 * read it. */
int refuse_upload(int connection, const struct error *err) {
    char ignored[16384];
    ssize_t n;

    send_error(connection, err);
    shutdown(connection, SHUT_WR);
    do
        n = read(connection, ignored, sizeof ignored);
    while (n > 0 || (n < 0 && errno == EINTR));
    return 0;
}

int verb_layer_unpack(int connection, const struct json *request, struct error *err) {
    static struct splitter s;
    const struct json *limits = json_get(request, "limits");
    const char *directory, *split = json_string_or(request, "split", NULL);
    struct extract x = {.whiteouts = true};

    s.fd = -1;
    x.most_entries = (uint64_t)json_int_or(limits, "entries", 0);
    if (json_string(request, "directory", &directory, err) < 0 ||
        (json_get(limits, "bytes") != NULL &&
         json_u64(limits, "bytes", 10, &x.most_bytes, err) < 0))
        return -1;
    if (split != NULL) {
        s.fd = open(split, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (s.fd < 0)
            fail_errno(err, "unpack", "create %s", split);
    }
    if ((split != NULL && s.fd < 0) || unpack(connection, directory, &s, &x, err) < 0)
        return refuse_upload(connection, err);
    reply_unpacked(connection, &x);
    return 0;
}

/* --- and back --- */

struct joiner {
    const char *at, *start, *end;
    uint64_t file; /* the number of the next */
    bool any_kept;
    struct output *output;
};

static const char *next_record(const char **at, const char *end, struct record_header *header) {
    const char *bytes;

    if ((size_t)(end - *at) < sizeof *header)
        return NULL;
    memcpy(header, *at, sizeof *header);
    bytes = *at + sizeof *header;
    if (header->length > (size_t)(end - bytes))
        return NULL;
    *at = bytes + header->length;
    return bytes;
}

/* 1 if the content was kept in the split file, and is sent. */
static int join_kept(struct joiner *j, uint64_t number, struct error *err) {
    const char *at = j->start, *bytes;
    struct record_header header;
    int found = 0;

    if (!j->any_kept)
        return 0;
    while ((bytes = next_record(&at, j->end, &header)) != NULL)
        if (header.kind == RECORD_KEPT && header.value == number) {
            if (output_put(j->output, bytes, header.length, err) < 0)
                return -1;
            found = 1;
        }
    return found;
}

static int join_file(struct joiner *j, const struct record_header *header, const char *name,
                     struct error *err) {
    char path[TAR_NAME], buffer[65536];
    uint64_t left = header->value;
    autoclose int fd = -1;
    int kept = join_kept(j, j->file++, err);

    if (kept != 0)
        return kept < 0 ? -1 : 0;
    if (header->length >= sizeof path)
        return fail(err, "join", "the split file is damaged");
    memcpy(path, name, header->length);
    path[header->length] = 0;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "join", "open /%s", path);
    while (left > 0) {
        ssize_t n = read(fd, buffer, left < sizeof buffer ? (size_t)left : sizeof buffer);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? fail_errno(err, "join", "read /%s", path)
                         : fail(err, "join", "/%s is shorter than it was", path);
        if (output_put(j->output, buffer, (size_t)n, err) < 0)
            return -1;
        left -= (uint64_t)n;
    }
    return 0;
}

static int join_one(struct joiner *j, const struct record_header *header, const char *bytes,
                    struct error *err) {
    switch (header->kind) {
    case RECORD_BYTES:
        return output_put(j->output, bytes, header->length, err);
    case RECORD_ZEROS:
        return output_zeros(j->output, header->value, err);
    case RECORD_FILE:
        return join_file(j, header, bytes, err);
    case RECORD_KEPT:
        return 0;
    default:
        return fail(err, "join", "the split file is damaged");
    }
}

static int join(struct joiner *j, struct error *err) {
    struct record_header header;
    const char *bytes;

    j->at = j->start;
    while (next_record(&j->at, j->end, &header) != NULL)
        j->any_kept |= header.kind == RECORD_KEPT;
    if (j->at != j->end)
        return fail(err, "join", "the split file is damaged");
    j->at = j->start;
    while ((bytes = next_record(&j->at, j->end, &header)) != NULL)
        if (join_one(j, &header, bytes, err) < 0)
            return -1;
    return output_end(j->output, err);
}

int verb_layer_join(int connection, const struct json *request, struct error *err) {
    static struct output output;
    struct joiner j = {.output = &output};
    const char *directory, *split;
    autoclose int fd = -1;
    struct stat st;

    if (json_string(request, "directory", &directory, err) < 0 ||
        json_string(request, "split", &split, err) < 0)
        return -1;
    fd = open(split, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail_errno(err, "join", "open %s", split);
    if (st.st_size > 0) {
        j.start = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (j.start == MAP_FAILED)
            return fail_errno(err, "join", "mmap %s", split);
        j.end = j.start + st.st_size;
    }
    if (confine(directory, err) < 0)
        return -1;
    output.connection = connection;
    send_ok(connection);
    return join(&j, err);
}
