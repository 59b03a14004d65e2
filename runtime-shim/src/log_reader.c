#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "inflate.h"
#include "log_files.h"
#include "log_line.h"
#include "message.h"
#include "verbs.h"

#define IN_SIZE (192U << 10)
#define OUT_SIZE (256U << 10)
#define BLOCK_SIZE (64U << 10)

struct reader {
    int connection;
    const char *path, *prefix;
    size_t prefix_length;
    bool streams[3], timestamps, raw, follow, bounded;
    int64_t since, until, tail;
    char *in; /* what was read and not yet understood: at most the beginning of one line */
    size_t in_used;
    bool overlong; /* inside of a line that is too long to be one of ours */
    char *out;
    size_t out_used;
    bool counting; /* only count what would be sent */
    uint64_t matched, skip;
    bool done; /* past `until`, or the daemon has gone */
};

static int flush(struct reader *r) {
    if (r->out_used > 0 && write_all(r->connection, r->out, r->out_used) < 0)
        r->done = true;
    r->out_used = 0;
    return r->done ? -1 : 0;
}

static bool wanted(struct reader *r, const struct log_line *record) {
    int64_t time;

    if (!r->streams[record->stream])
        return false;
    if (!r->bounded)
        return true;
    time = log_line_time(record);
    if (time > r->until && r->follow && !r->counting)
        r->done = true;
    return time >= r->since && time <= r->until;
}

static void emit(struct reader *r, const struct log_line *record) {
    char *start, *out;

    if (r->out_used + FRAME_HEADER + 32 + r->prefix_length + record->text_length > OUT_SIZE &&
        flush(r) < 0)
        return;
    start = out = r->out + r->out_used;
    if (!r->raw)
        out += FRAME_HEADER;
    if (r->timestamps) {
        out = log_line_put_time(out, record);
        *out++ = ' ';
    }
    memcpy(out, r->prefix, r->prefix_length);
    out = log_line_decode(out + r->prefix_length, record);
    if (!r->raw)
        frame_header((unsigned char *)start, record->stream == 1 ? FRAME_STDOUT : FRAME_STDERR,
                     (size_t)(out - start) - FRAME_HEADER);
    r->out_used += (size_t)(out - start);
}

static bool matches(struct reader *r, const char *line, const char *end, struct log_line *record) {
    return log_line_parse(record, line, end) && wanted(r, record);
}

static void take_line(struct reader *r, const char *line, const char *end) {
    struct log_line record;

    if (!matches(r, line, end, &record))
        return;
    if (r->counting)
        r->matched++;
    else if (r->skip > 0)
        r->skip--;
    else
        emit(r, &record);
}

/* Takes the whole lines from `in`. What cannot be understood is passed over. */
static int take_lines(struct reader *r) {
    const char *at = r->in, *end = r->in + r->in_used, *newline;

    while (!r->done && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        if (!r->overlong)
            take_line(r, at, newline);
        r->overlong = false;
        at = newline + 1;
    }
    r->in_used = (size_t)(end - at);
    memmove(r->in, at, r->in_used);
    if (r->in_used == IN_SIZE) {
        r->overlong = true;
        r->in_used = 0;
    }
    return r->done ? 1 : 0;
}

static int take_piece(void *context, const char *data, size_t length) {
    struct reader *r = context;

    while (length > 0) {
        size_t most = IN_SIZE - r->in_used, n = length < most ? length : most;

        memcpy(r->in + r->in_used, data, n);
        r->in_used += n;
        data += n;
        length -= n;
        if (take_lines(r) != 0)
            return 1;
    }
    return 0;
}

/* To the file's end, or until the daemon has gone. */
static void read_source(struct reader *r, const struct log_source *source) {
    if (source->compressed) {
        gunzip(source->fd, take_piece, r);
        return;
    }
    while (!r->done) {
        ssize_t n = read(source->fd, r->in + r->in_used, IN_SIZE - r->in_used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        r->in_used += (size_t)n;
        take_lines(r);
    }
}

/* Going backwards through a file: `in` ends with `used` bytes of a line whose beginning has not
 * been read yet. */
struct backwards {
    off_t position; /* of the first byte in the buffer */
    char *start;
    size_t used;
    bool torn; /* no newline was met so far: what is after the last one is no line yet */
};

/* Takes the whole lines in the buffer, last first. True once enough were found; `position` is then
 * that of the first of them. */
static bool take_lines_backwards(struct reader *r, struct backwards *b, uint64_t wanted_lines) {
    char *end = b->start + b->used;

    for (;;) {
        size_t length = (size_t)(end - b->start);
        char *newline = b->torn ? memrchr(b->start, '\n', length)
                                : memrchr(b->start, '\n', length == 0 ? 0 : length - 1);
        char *line = newline == NULL ? b->start : newline + 1;
        struct log_line record;

        if (newline == NULL && (b->torn || b->position > 0)) {
            b->used = length;
            return false;
        }
        if (!b->torn && end > line && matches(r, line, end - 1, &record))
            r->matched++;
        b->torn = false;
        end = line;
        if (r->matched >= wanted_lines || newline == NULL) {
            b->position += line - b->start;
            return true;
        }
    }
}

/* Places the file at the first of its last lines, of which `lines` are wanted; true if it has so
 * many. */
static bool seek_tail(struct reader *r, int fd, uint64_t *lines) {
    off_t size = lseek(fd, 0, SEEK_END);
    struct backwards b = {.position = size < 0 ? 0 : size, .torn = true};

    r->counting = true;
    r->matched = 0;
    while (b.position > 0) {
        size_t n = b.position < (off_t)BLOCK_SIZE ? (size_t)b.position : BLOCK_SIZE;

        if (b.used + n > IN_SIZE)
            b.used = 0; /* no line of ours is so long */
        memmove(r->in + IN_SIZE - b.used, b.start == NULL ? r->in : b.start, b.used);
        b.start = r->in + IN_SIZE - b.used - n;
        b.position -= (off_t)n;
        if (pread(fd, b.start, n, b.position) != (ssize_t)n)
            break;
        b.used += n;
        if (take_lines_backwards(r, &b, *lines))
            break;
    }
    r->counting = false;
    *lines -= r->matched < *lines ? r->matched : *lines;
    lseek(fd, b.position, SEEK_SET);
    return *lines == 0;
}

/* As seek_tail for what can only be read forwards: counts first, then has as many lines skipped. */
static bool count_tail(struct reader *r, const struct log_source *source, uint64_t *lines) {
    r->counting = true;
    r->matched = 0;
    read_source(r, source);
    r->counting = false;
    r->in_used = 0;
    r->overlong = false;
    lseek(source->fd, 0, SEEK_SET);
    r->skip = r->matched > *lines ? r->matched - *lines : 0;
    *lines -= r->matched - r->skip;
    return *lines == 0;
}

/* The index of the oldest file that is to be read. */
static int find_start(struct reader *r, const struct log_source *sources, int count) {
    uint64_t lines = (uint64_t)r->tail;
    int i = 0;

    for (; i < count; i++) {
        if (r->bounded && sources[i].modified.tv_sec < r->since / 1000000000)
            break;
        if (r->tail >= 0 && (sources[i].compressed ? count_tail(r, &sources[i], &lines)
                                                   : seek_tail(r, sources[i].fd, &lines)))
            return i;
    }
    return i - 1;
}

/* Reads what is there; the newest file stays open, to be followed. */
static struct log_source read_all_sources(struct reader *r) {
    static struct log_source sources[MAX_LOG_FILES];
    int count = log_sources_open(r->path, sources);

    for (int i = find_start(r, sources, count); i >= 0 && !r->done; i--) {
        read_source(r, &sources[i]);
        if (i > 0)
            r->in_used = 0;
    }
    for (int i = 1; i < count; i++)
        close(sources[i].fd);
    return count > 0 ? sources[0] : (struct log_source){.fd = -1};
}

/* Goes on where the last reading stopped: to the end of the newest file, over those that came in
 * between. */
static void catch_up(struct reader *r, struct log_source *source) {
    while (!r->done) {
        struct log_source next;
        struct stat st;

        if (source->fd < 0) {
            int count;
            static struct log_source sources[MAX_LOG_FILES];

            count = log_sources_open(r->path, sources);
            if (count == 0)
                return;
            *source = sources[count - 1];
            for (int i = 0; i < count - 1; i++)
                close(sources[i].fd);
        }
        if (!source->compressed && fstat(source->fd, &st) == 0 &&
            st.st_size < lseek(source->fd, 0, SEEK_CUR)) {
            lseek(source->fd, 0, SEEK_SET); /* with a single file, rotation empties it */
            r->in_used = 0;
        }
        if (!source->compressed)
            read_source(r, source);
        if (!source->compressed && !log_source_ended(r->path, source))
            return;
        if (!source->compressed)
            read_source(r, source); /* what was written until the other took its place */
        next = log_source_after(r->path, source);
        if (next.fd < 0)
            return;
        close(source->fd);
        *source = next;
        r->in_used = 0;
        if (source->compressed)
            read_source(r, source);
    }
}

static int watch(const char *path) {
    char directory[4096];
    const char *slash = strrchr(path, '/');
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    snprintf(directory, sizeof directory, "%.*s", slash == NULL ? 1 : (int)(slash - path),
             slash == NULL ? "." : path);
    if (fd >= 0)
        inotify_add_watch(fd, directory,
                          IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
    return fd;
}

static int milliseconds_left(const struct reader *r) {
    struct timespec now;
    int64_t left;

    if (r->until == INT64_MAX)
        return -1;
    clock_gettime(CLOCK_REALTIME, &now);
    left = r->until / 1000000 - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000) + 1;
    return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

static void rest(struct reader *r) {
    if (r->in_used == 0)
        madvise(r->in, IN_SIZE, MADV_DONTNEED);
    madvise(r->out, OUT_SIZE, MADV_DONTNEED);
}

static void follow(struct reader *r, int watched, struct log_source *source) {
    for (bool last = false; !r->done;) {
        struct pollfd fds[2] = {{.fd = r->connection, .events = POLLIN | POLLRDHUP},
                                {.fd = watched, .events = POLLIN}};
        char events[4096];
        int left;

        catch_up(r, source);
        if (flush(r) < 0 || last)
            return;
        left = milliseconds_left(r);
        if (poll(fds, 2, 0) == 0) {
            rest(r);
            poll(fds, 2, left);
        }
        while (fds[1].revents != 0 && read(watched, events, sizeof events) > 0)
            continue;
        last = fds[0].revents != 0 || left == 0;
    }
}

static int parse_time(const struct json *request, const char *key, int64_t otherwise,
                      int64_t *value, struct error *err) {
    const char *text = json_string_or(request, key, NULL);
    char *end;

    *value = otherwise;
    if (text == NULL)
        return 0;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (*end != 0 || *text == 0)
        return fail(err, "protocol", "%s: nanoseconds were expected", key);
    return 0;
}

static int parse(struct reader *r, const struct json *request, struct error *err) {
    if (json_string(request, "path", &r->path, err) < 0 ||
        json_int(request, "tail", &r->tail, err) < 0 ||
        json_flag(request, "follow", &r->follow, err) < 0 ||
        json_flag(request, "stdout", &r->streams[1], err) < 0 ||
        json_flag(request, "stderr", &r->streams[2], err) < 0 ||
        parse_time(request, "since", INT64_MIN, &r->since, err) < 0 ||
        parse_time(request, "until", INT64_MAX, &r->until, err) < 0)
        return -1;
    r->timestamps = json_flag_or(request, "timestamps", false);
    r->raw = json_flag_or(request, "raw", false);
    r->prefix = json_string_or(request, "prefix", "");
    r->prefix_length = strlen(r->prefix);
    if (r->prefix_length > OUT_SIZE - IN_SIZE - 64)
        return fail(err, "protocol", "prefix: too long");
    r->bounded = r->since != INT64_MIN || r->until != INT64_MAX;
    r->in =
        mmap(NULL, IN_SIZE + OUT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r->in == MAP_FAILED)
        return fail_errno(err, "logs", "mmap");
    r->out = r->in + IN_SIZE;
    return 0;
}

int verb_logs(int connection, const struct json *request, struct error *err) {
    struct reader r = {.connection = connection};
    struct log_source newest;
    autoclose int watched = -1;

    if (parse(&r, request, err) < 0)
        return -1;
    if (r.follow)
        watched = watch(r.path);
    if (send_ok(connection) < 0)
        return 0;
    newest = read_all_sources(&r);
    flush(&r);
    if (r.follow)
        follow(&r, watched, &newest);
    close_fd(&newest.fd);
    munmap(r.in, IN_SIZE + OUT_SIZE);
    return 0;
}
