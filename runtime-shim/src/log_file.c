#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "deflate.h"
#include "fd.h"

#define OUT_SIZE (256 << 10)
/* The longest a part can become: every byte as six, and what is around it. */
#define PART_SIZE (6 * LOG_PART + 4096)

/* A machine that lost power may have left half a line, which the next must not become part of. */
static void end_torn_line(struct log_file *log) {
    autoclose int fd = open(log->path, O_RDONLY | O_CLOEXEC);
    char last;

    if (log->size > 0 && fd >= 0 && pread(fd, &last, 1, (off_t)log->size - 1) == 1 &&
        last != '\n' && write(log->fd, "\n", 1) == 1)
        log->size++;
}

int log_open(struct log_file *log, const struct json *target, struct error *err) {
    const char *path = json_string_or(target, "path", NULL);
    struct stat st;

    memset(log, 0, sizeof *log);
    log->fd = -1;
    if (path == NULL)
        return 0;
    log->path = strdup(path);
    log->attrs = strdup(json_string_or(target, "attrs", ""));
    log->max_size = (uint64_t)json_int_or(target, "maxSizeBytes", 0);
    log->max_files = json_int_or(target, "maxFiles", 1);
    log->compress = json_flag_or(target, "compress", false);
    log->rotate_at = log->max_size;
    log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (log->fd < 0 || fstat(log->fd, &st) < 0)
        return fail_errno(err, "log", "open %s", path);
    log->size = (uint64_t)st.st_size;
    end_torn_line(log);
    return 0;
}

static void reopen(struct log_file *log) {
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

static void name(char text[static 4200], const struct log_file *log, int64_t n,
                 const char *suffix) {
    snprintf(text, 4200, "%s.%lld%s", log->path, (long long)n, suffix);
}

/* The newest rotated file into .1.gz; under another name until it is whole, so that a crash leaves
 * the original. */
static void compress_first(struct log_file *log) {
    char from[4200], temporary[4200], to[4200];

    name(from, log, 1, "");
    name(temporary, log, 1, ".gz.tmp");
    name(to, log, 1, ".gz");
    log->compressor = fork();
    if (log->compressor != 0)
        return;
    syscall(SYS_close_range, 0, ~0U, 0); /* a connection must not stay open for our sake */
    setpriority(PRIO_PROCESS, 0, 10);
    if (gzip_file(from, temporary) == 0 && rename(temporary, to) == 0)
        unlink(from);
    else
        unlink(temporary);
    _exit(0);
}

/* False while it is still at work; a log that grows faster than it can be compressed has to wait.
 */
static bool compressor_done(struct log_file *log) {
    bool wait = log->size >= 2 * log->max_size;

    if (log->compressor > 0 && waitpid(log->compressor, NULL, wait ? 0 : WNOHANG) == 0)
        return false;
    log->compressor = 0;
    return true;
}

static void shift(const struct log_file *log) {
    static const char *const suffixes[] = {"", ".gz"};
    char from[4200], to[4200];

    for (int64_t n = log->max_files - 1; n >= 1; n--)
        for (int i = 0; i < 2; i++) {
            name(from, log, n, suffixes[i]);
            name(to, log, n + 1, suffixes[i]);
            if (n == log->max_files - 1)
                unlink(from);
            else
                rename(from, to);
        }
}

/* At every moment in between, a reader finds each line in one of the files, and a new start goes on
 * where this one stopped. */
static void rotate(struct log_file *log) {
    char to[4200];

    if (!compressor_done(log)) {
        log->rotate_at = log->size + OUT_SIZE;
        return;
    }
    log->rotate_at = log->max_size;
    if (log->max_files < 2) {
        if (ftruncate(log->fd, 0) == 0)
            log->size = 0;
        return;
    }
    shift(log);
    name(to, log, 1, "");
    if (rename(log->path, to) < 0 && errno != ENOENT) {
        log->rotate_at = log->size + log->max_size; /* better a large log than none */
        return;
    }
    close_fd(&log->fd);
    reopen(log);
    log->size = 0;
    if (log->compress)
        compress_first(log);
}

/* A full disk must not stop the container: what does not fit is lost, but whole lines of it. */
void log_flush(struct log_file *log) {
    size_t at = 0;

    if (log->fd < 0)
        reopen(log);
    while (at < log->out_used) {
        ssize_t n = log->fd < 0 ? -1 : write(log->fd, log->out + at, log->out_used - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (at < log->out_used) {
        char *newline = memrchr(log->out, '\n', at);
        size_t whole = newline == NULL ? 0 : (size_t)(newline - log->out) + 1;

        if (whole < at && ftruncate(log->fd, (off_t)(log->size + whole)) < 0)
            whole = at; /* then a reader has to skip it */
        at = whole;
        log->lost += log->out_used - at;
    }
    log->size += at;
    log->out_used = 0;
}

/* Whole lines only, so that a rotation never cuts one. */
static void make_room(struct log_file *log, size_t wanted) {
    if (log->out == NULL) {
        log->out = mmap(NULL, OUT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (log->out == MAP_FAILED)
            abort();
    }
    if (log->max_size != 0 && log->size + log->out_used >= log->rotate_at) {
        log_flush(log);
        if (log->size >= log->rotate_at)
            rotate(log);
    }
    if (log->out_used + wanted > OUT_SIZE)
        log_flush(log);
}

/* How many bytes from s on can be copied as they are. */
static size_t plain_run(const unsigned char *s, size_t length) {
    size_t i = 0;

#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
                  less = _mm_set1_epi8('<'), more = _mm_set1_epi8('>'), and = _mm_set1_epi8('&'),
                  space = _mm_set1_epi8(0x20);

    for (; i + 16 <= length; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(s + i));
        /* signed comparison: control characters and everything from 0x80 on are below a space */
        __m128i special = _mm_or_si128(
            _mm_or_si128(_mm_cmplt_epi8(v, space), _mm_cmpeq_epi8(v, quote)),
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, slash), _mm_cmpeq_epi8(v, less)),
                         _mm_or_si128(_mm_cmpeq_epi8(v, more), _mm_cmpeq_epi8(v, and))));
        int mask = _mm_movemask_epi8(special);

        if (mask != 0)
            return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (i < length && s[i] >= 0x20 && s[i] < 0x80 && s[i] != '"' && s[i] != '\\' &&
           s[i] != '<' && s[i] != '>' && s[i] != '&')
        i++;
    return i;
}

static size_t sequence(const unsigned char *s, size_t left) {
    if (s[0] >= 0xc2 && s[0] < 0xe0 && left >= 2 && (s[1] & 0xc0) == 0x80)
        return 2;
    if ((s[0] & 0xf0) == 0xe0 && left >= 3 && (s[1] & 0xc0) == 0x80 && (s[2] & 0xc0) == 0x80 &&
        !(s[0] == 0xe0 && s[1] < 0xa0) && !(s[0] == 0xed && s[1] > 0x9f))
        return 3;
    if (s[0] >= 0xf0 && s[0] < 0xf5 && left >= 4 && (s[1] & 0xc0) == 0x80 &&
        (s[2] & 0xc0) == 0x80 && (s[3] & 0xc0) == 0x80 && !(s[0] == 0xf0 && s[1] < 0x90) &&
        !(s[0] == 0xf4 && s[1] > 0x8f))
        return 4;
    return 0;
}

/* One character that is not plain; the number of bytes it took. */
static size_t escape_one(char **out, const unsigned char *s, size_t left) {
    size_t n;

    switch (*s) {
    case '"':
    case '\\':
        *(*out)++ = '\\';
        *(*out)++ = (char)*s;
        return 1;
    case '\n':
        memcpy(*out, "\\n", 2);
        *out += 2;
        return 1;
    case '\r':
        memcpy(*out, "\\r", 2);
        *out += 2;
        return 1;
    default:
        break;
    }
    if (*s < 0x80) {
        *out += sprintf(*out, "\\u%04x", *s);
        return 1;
    }
    n = sequence(s, left);
    if (n == 0 || (n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] & 0xfe) == 0xa8)) {
        /* what is not UTF-8, and U+2028 and U+2029, which end a line in JavaScript */
        *out += sprintf(*out, n == 0 ? "\\ufffd" : "\\u20%02x", 0x28 + (n == 0 ? 0 : s[2] & 1));
        return n == 0 ? 1 : 3;
    }
    memcpy(*out, s, n);
    *out += n;
    return n;
}

static char *encode(char *out, const unsigned char *s, size_t length) {
    for (size_t i = 0; i < length;) {
        size_t run = plain_run(s + i, length - i);

        memcpy(out, s + i, run);
        out += run;
        i += run;
        if (i < length)
            i += escape_one(&out, s + i, length - i);
    }
    return out;
}

static char *put(char *out, const char *text, size_t length) {
    memcpy(out, text, length);
    return out + length;
}

/* RFC 3339 with as many digits of a second as are not zero, as Go prints it. */
static char *put_time(struct log_file *log, char *out, const struct timespec *now) {
    char digits[12];
    size_t length = 9;
    struct tm tm;

    if (log->second != now->tv_sec) {
        gmtime_r(&now->tv_sec, &tm);
        strftime(log->stamp, sizeof log->stamp, "%Y-%m-%dT%H:%M:%S", &tm);
        log->second = now->tv_sec;
    }
    out = put(out, log->stamp, 19);
    for (long value = now->tv_nsec, i = 8; i >= 0; i--, value /= 10)
        digits[i] = (char)('0' + value % 10);
    while (length > 0 && digits[length - 1] == '0')
        length--;
    if (length > 0) {
        *out++ = '.';
        out = put(out, digits, length);
    }
    *out++ = 'Z';
    return out;
}

/* One record: what was carried, then data. Joined first, for a character may lie across both. */
static void record(struct log_file *log, int stream, const struct timespec *now,
                   struct log_carry *carry, const char *data, size_t length) {
    char *out;

    if (carry->used > 0) {
        memcpy(carry->data + carry->used, data, length);
        data = carry->data;
        length += carry->used;
    }
    make_room(log, PART_SIZE + strlen(log->attrs));
    out = put(log->out + log->out_used, "{\"log\":\"", 8);
    out = encode(out, (const unsigned char *)data, length);
    out = stream == 1 ? put(out, "\",\"stream\":\"stdout\",", 20)
                      : put(out, "\",\"stream\":\"stderr\",", 20);
    if (*log->attrs != 0) {
        out = put(out, "\"attrs\":", 8);
        out = put(out, log->attrs, strlen(log->attrs));
        *out++ = ',';
    }
    out = put(out, "\"time\":\"", 8);
    out = put_time(log, out, now);
    out = put(out, "\"}\n", 3);
    log->out_used = (size_t)(out - log->out);
}

void log_append(struct log_file *log, struct log_carry *carry, int stream, const char *data,
                size_t length) {
    struct timespec now;

    if (log->path == NULL)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    while (length > 0) {
        size_t most = LOG_PART - carry->used, take = length < most ? length : most;
        const char *newline = memchr(data, '\n', take);

        if (newline != NULL)
            take = (size_t)(newline - data) + 1;
        if (newline != NULL || take == most) {
            record(log, stream, carry->partial ? &carry->since : &now, carry, data, take);
            /* All parts of a long line have the time of the first. */
            if (newline == NULL && !carry->partial)
                carry->since = now;
            carry->partial = newline == NULL;
            carry->used = 0;
        } else {
            if (carry->data == NULL && (carry->data = malloc(LOG_PART)) == NULL)
                abort();
            memcpy(carry->data + carry->used, data, take);
            carry->used += take;
        }
        data += take;
        length -= take;
    }
    log_flush(log);
}

void log_finish(struct log_file *log, struct log_carry *carry, int stream) {
    struct timespec now;

    if (log->path != NULL && carry->used > 0) {
        clock_gettime(CLOCK_REALTIME, &now);
        record(log, stream, carry->partial ? &carry->since : &now, carry, "", 0);
        log_flush(log);
    }
    carry->used = 0;
    carry->partial = false;
    free(carry->data);
    carry->data = NULL;
}

void log_rest(struct log_file *log) {
    if (log->out != NULL)
        madvise(log->out, OUT_SIZE, MADV_DONTNEED);
    if (log->compressor > 0 && waitpid(log->compressor, NULL, WNOHANG) > 0)
        log->compressor = 0;
}
