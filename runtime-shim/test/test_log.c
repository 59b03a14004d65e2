/* The log's writer, its compression and its reader's parts: what goes in comes out. */
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deflate.h"
#include "inflate.h"
#include "log_file.h"
#include "log_line.h"
#include "verbs.h"

static char directory[] = "/tmp/tsd-test-log-XXXXXX";
static char path[128];

struct bytes {
    char *data;
    size_t length;
};

/* Grown by doubling: under the sanitizers each realloc moves. */
static size_t room(size_t length) {
    size_t size = 64;

    while (size < length + 1)
        size *= 2;
    return size;
}

static int append(void *context, const char *data, size_t length) {
    struct bytes *b = context;

    if (b->data == NULL || room(b->length) < b->length + length + 1)
        b->data = realloc(b->data, room(b->length + length));
    memcpy(b->data + b->length, data, length);
    b->length += length;
    b->data[b->length] = 0;
    return 0;
}

static struct bytes read_file(const char *name) {
    struct bytes b = {NULL, 0};
    char buffer[4096];
    int fd = open(name, O_RDONLY);
    ssize_t n;

    append(&b, "", 0);
    while (fd >= 0 && (n = read(fd, buffer, sizeof buffer)) > 0)
        append(&b, buffer, (size_t)n);
    if (fd >= 0)
        close(fd);
    return b;
}

static void open_log(struct log_file *log, unsigned max_size, unsigned max_files, bool compress,
                     const char *attrs) {
    static char text[1024];
    struct json_document document;
    struct error err;
    int n = snprintf(
        text, sizeof text,
        "{\"path\":\"%s\",\"maxSizeBytes\":%u,\"maxFiles\":%u,\"compress\":%s,\"attrs\":\"%s\"}",
        path, max_size, max_files, compress ? "true" : "false", attrs);

    assert(json_parse(&document, text, (size_t)n, &err) == 0);
    assert(log_open(log, document.root, &err) == 0);
    json_free(&document);
}

static void close_log(struct log_file *log) {
    if (log->compressor > 0)
        waitpid(log->compressor, NULL, 0);
    close(log->fd);
    free(log->path);
    free(log->attrs);
}

static void clean(void) {
    char command[200];

    snprintf(command, sizeof command, "rm -f %s/*", directory);
    assert(system(command) == 0);
}

static void write_lines(unsigned max_size, unsigned max_files, bool compress, const char *data,
                        size_t length, size_t step) {
    struct log_file log;
    struct log_carry carry = {0};

    open_log(&log, max_size, max_files, compress, "");
    for (size_t at = 0; at < length; at += step)
        log_append(&log, &carry, 1, data + at, length - at < step ? length - at : step);
    log_finish(&log, &carry, 1);
    assert(log.lost == 0);
    close_log(&log);
}

struct reading {
    int connection;
    const struct json *request;
};

static void *answer(void *context) {
    struct reading *reading = context;
    struct error err;

    assert(verb_logs(reading->connection, reading->request, &err) == 0);
    close(reading->connection);
    return NULL;
}

/* What the launcher's `logs` sends for this request, without the frame of its reply. */
static struct bytes ask(const char *options) {
    static char text[1024];
    struct json_document document;
    struct error err;
    struct bytes all = {NULL, 0};
    struct reading reading;
    char buffer[65536];
    int pipes[2], n = snprintf(text, sizeof text,
                               "{\"path\":\"%s\",\"follow\":false,\"raw\":true,%s}", path, options);
    pthread_t thread;
    ssize_t got;

    assert(json_parse(&document, text, (size_t)n, &err) == 0);
    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pipes) == 0);
    reading = (struct reading){pipes[1], document.root};
    assert(pthread_create(&thread, NULL, answer, &reading) == 0);
    append(&all, "", 0);
    while ((got = read(pipes[0], buffer, sizeof buffer)) > 0)
        append(&all, buffer, (size_t)got);
    close(pipes[0]);
    pthread_join(thread, NULL);
    json_free(&document);
    assert(all.length >= 19 && memcmp(all.data + 8, "{\"ok\":true}", 11) == 0);
    all.length -= 19;
    memmove(all.data, all.data + 19, all.length + 1);
    return all;
}

#define ALL "\"tail\":-1,\"stdout\":true,\"stderr\":true"

static void lines_are_as_docker_writes_them(void) {
    static const struct {
        const char *said, *written;
    } cases[] = {
        {"text\n", "{\"log\":\"text\\n\",\"stream\":\"stdout\",\"time\":"},
        {"no end", "{\"log\":\"no end\",\"stream\":\"stdout\",\"time\":"},
        {"\n", "{\"log\":\"\\n\",\"stream\":\"stdout\",\"time\":"},
        {"a \"b\" \\ </> & \t\r\n",
         "{\"log\":\"a \\\"b\\\" \\\\ \\u003c/\\u003e \\u0026 \\u0009\\r\\n\",\"stream\""},
        {"\x1b[31m \x7f\n", "{\"log\":\"\\u001b[31m \x7f\\n\",\"stream\""},
        {"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n",
         "{\"log\":\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\\n\",\"stream\""},
        {"\xff\xc3(\xe2\x82\n", "{\"log\":\"\\ufffd\\ufffd(\\ufffd\\ufffd\\n\",\"stream\""},
        {"\xe2\x80\xa8 \xe2\x80\xa9\n", "{\"log\":\"\\u2028 \\u2029\\n\",\"stream\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes file;

        clean();
        write_lines(0, 1, false, cases[i].said, strlen(cases[i].said), 1000);
        file = read_file(path);
        if (strncmp(file.data, cases[i].written, strlen(cases[i].written)) != 0) {
            fprintf(stderr, "expected %s\ngot      %s", cases[i].written, file.data);
            abort();
        }
        free(file.data);
    }
}

static void attributes_are_in_each_line(void) {
    struct log_file log;
    struct log_carry carry = {0};
    struct bytes file, said;

    clean();
    open_log(&log, 0, 1, false, "{\\\"a\\\":\\\"}\\\"}");
    log_append(&log, &carry, 2, "x\n", 2);
    close_log(&log);
    file = read_file(path);
    assert(strstr(file.data,
                  "{\"log\":\"x\\n\",\"stream\":\"stderr\",\"attrs\":{\"a\":\"}\"},\"time\":\"2") ==
           file.data);
    said = ask(ALL ",\"prefix\":\"a=b \"");
    assert(strcmp(said.data, "a=b x\n") == 0);
    free(file.data);
    free(said.data);
}

/* Random text, with every kind of character and some long lines, in whatever pieces it comes. */
static struct bytes random_text(size_t length, unsigned seed) {
    static const char *const pieces[] = {"a",
                                         "\"",
                                         "\\",
                                         "<",
                                         "\n",
                                         "\x01",
                                         "\xc3\xa9",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x98\x80",
                                         "plain text of some length ",
                                         "\xe2\x80\xa8",
                                         "\x7f",
                                         "\r\n",
                                         "0123456789012345678901234567890123456789"};
    struct bytes text = {NULL, 0};

    srand(seed);
    while (text.length < length) {
        const char *piece = pieces[(unsigned)rand() % (sizeof pieces / sizeof pieces[0])];

        if (*piece == '\n' && seed % 2 == 1 && rand() % 4096 != 0)
            continue;
        append(&text, piece, strlen(piece));
    }
    return text;
}

static void what_is_said_is_read_back(void) {
    for (unsigned seed = 0; seed < 9; seed++) {
        struct bytes said = random_text(150000, seed), got;

        /* Long lines would be cut inside of a character, as Docker does, so those are of single
         * bytes. */
        for (size_t i = 0; seed % 2 == 1 && i < said.length; i++)
            if ((said.data[i] & 0x80) != 0)
                said.data[i] = 'x';
        clean();
        write_lines(seed % 3 == 0 ? 0 : 20000, 100, seed % 3 == 2, said.data, said.length,
                    1 + (size_t)seed * 977);
        got = ask(ALL);
        assert(got.length == said.length && memcmp(got.data, said.data, said.length) == 0);
        free(got.data);
        free(said.data);
    }
}

static void any_bytes_give_readable_lines(void) {
    for (unsigned seed = 0; seed < 5; seed++) {
        char noise[50000];
        size_t lines = 0, read_lines = 0;
        struct bytes got;

        srand(seed);
        for (size_t i = 0; i < sizeof noise; i++) {
            noise[i] = (char)rand();
            lines += noise[i] == '\n';
        }
        clean();
        write_lines(0, 1, false, noise, sizeof noise, 777);
        got = ask(ALL);
        for (size_t i = 0; i < got.length; i++)
            read_lines += got.data[i] == '\n';
        assert(lines == read_lines);
        free(got.data);
    }
}

static void compression_is_undone(void) {
    for (unsigned seed = 0; seed < 5; seed++) {
        struct bytes in = seed == 0 ? (struct bytes){NULL, 0}
                                    : random_text(1U << (4 * seed + 4), seed),
                     out = {NULL, 0};
        char command[300], compressed[200];
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        if (seed == 3)
            for (size_t i = 0; i < in.length; i++)
                in.data[i] = (char)rand();
        assert(write(fd, in.data == NULL ? "" : in.data, in.length) == (ssize_t)in.length);
        close(fd);
        snprintf(compressed, sizeof compressed, "%s.x.gz", path);
        assert(gzip_file(path, compressed) == 0);
        snprintf(command, sizeof command, "gzip -t %s && gzip -dc %s | cmp - %s", compressed,
                 compressed, path);
        assert(system(command) == 0);
        for (int level = 0; level < 4; level++) {
            static const char *const others[] = {
                "", "gzip -1", "gzip -9 --name",
                "python3 -c 'import "
                "sys,zlib;c=zlib.compressobj(0,8,31);sys.stdout.buffer.write(c.compress(sys.stdin."
                "buffer.read())+c.flush())'"};

            if (level > 0) {
                snprintf(command, sizeof command, "%s < %s > %s", others[level], path, compressed);
                assert(system(command) == 0);
            }
            fd = open(compressed, O_RDONLY);
            out.length = 0;
            assert(gunzip(fd, append, &out) == 0);
            close(fd);
            assert(out.length == in.length &&
                   memcmp(out.data == NULL ? "" : out.data, in.data == NULL ? "" : in.data,
                          in.length) == 0);
        }
        free(in.data);
        free(out.data);
    }
}

static void a_tail_is_the_end_of_it_all(void) {
    for (int compress = 0; compress < 2; compress++) {
        char said[60 * 40];
        size_t used = 0, starts[61];

        for (int i = 0; i < 60; i++) {
            starts[i] = used;
            used +=
                (size_t)sprintf(said + used, "line %d %.*s\n", i, i % 20, "....................");
        }
        clean();
        write_lines(700, 100, compress == 1, said, used, 100);
        for (int n = 0; n < 64; n++) {
            char options[128];
            struct bytes got;
            size_t from = n == 0 ? used : n > 60 ? 0 : starts[60 - n];

            snprintf(options, sizeof options, "\"tail\":%d,\"stdout\":true,\"stderr\":true", n);
            got = ask(options);
            assert(got.length == used - from && memcmp(got.data, said + from, got.length) == 0);
            free(got.data);
        }
    }
}

static void put_file(const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void expect(const char *options, const char *answer) {
    struct bytes got = ask(options);

    if (strcmp(got.data, answer) != 0) {
        fprintf(stderr, "%s: expected %s\ngot %s\n", options, answer, got.data);
        abort();
    }
    free(got.data);
}

static void filters_and_times(void) {
    clean();
    put_file("{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}\n"
             "{\"log\":\"b\\n\",\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:05.5Z\"}\n"
             "garbage\n{\"log\":\"torn\n\n{\"log\":1}\n"
             "{\"log\":\"c\\u00e9\\ud83d\\ude00\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-"
             "02T03:04:06.000000001Z\"}\n"
             "{\"log\":\"no end yet");
    expect(ALL, "a\nb\nc\xc3\xa9\xf0\x9f\x98\x80\n");
    expect("\"tail\":-1,\"stdout\":false,\"stderr\":true", "b\n");
    expect("\"tail\":2,\"stdout\":true,\"stderr\":false", "a\nc\xc3\xa9\xf0\x9f\x98\x80\n");
    expect("\"tail\":1,\"stdout\":false,\"stderr\":true,\"timestamps\":true",
           "2026-01-02T03:04:05.500000000Z b\n");
    expect(ALL ",\"since\":\"1767323045500000000\"", "b\nc\xc3\xa9\xf0\x9f\x98\x80\n");
    expect(ALL ",\"until\":\"1767323045500000000\"", "a\nb\n");
    expect("\"tail\":1,\"stdout\":true,\"stderr\":true,\"until\":\"1767323045500000000\"", "b\n");
    expect(ALL ",\"since\":\"1767323045000000001\",\"until\":\"1767323046000000000\"", "b\n");
    expect(ALL ",\"since\":\"4000000000000000000\"", "");
}

/* A new start after half a line was left by a loss of power. */
static void a_torn_line_spoils_no_other(void) {
    clean();
    put_file(
        "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}\n{\"log\":\"b");
    write_lines(0, 1, false, "c\n", 2, 2);
    expect(ALL, "a\nc\n");
}

static void parts_of_a_long_line_have_one_time(void) {
    struct log_file log;
    struct log_carry carry = {0};
    char part[LOG_PART];
    struct bytes got;

    clean();
    memset(part, 'x', sizeof part);
    open_log(&log, 0, 1, false, "");
    for (int i = 0; i < 3; i++) {
        log_append(&log, &carry, 1, part, sizeof part);
        usleep(2000);
    }
    log_append(&log, &carry, 1, "\n", 1);
    log_finish(&log, &carry, 1);
    close_log(&log);
    got = ask(ALL ",\"timestamps\":true");
    assert(got.length == 3 * (sizeof part + 31) + 32);
    for (size_t i = 1; i < 4; i++)
        assert(memcmp(got.data, got.data + i * (sizeof part + 31), 30) == 0);
    free(got.data);
}

/* The reader sees every line once while files are rotated, compressed and removed under it. */
static void following_over_rotations(bool compress) {
    static char text[1024];
    struct json_document document;
    struct error err;
    int ends[2], n, expected = 0;
    char line[64];
    FILE *in;
    pid_t reader, writer;

    clean();
    put_file("");
    n = snprintf(text, sizeof text, "{\"path\":\"%s\",\"follow\":true,\"raw\":true," ALL "}", path);
    assert(json_parse(&document, text, (size_t)n, &err) == 0);
    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    reader = fork();
    if (reader == 0) {
        close(ends[0]);
        _exit(verb_logs(ends[1], document.root, &err) == 0 ? 0 : 1);
    }
    close(ends[1]);
    assert(read(ends[0], text, 19) == 19);
    writer = fork();
    if (writer == 0) {
        struct log_file log;
        struct log_carry carry = {0};

        open_log(&log, compress ? 12000 : 4000, 1000, compress, "");
        for (int i = 0; i < 4000; i++) {
            int length = sprintf(line, "line %d\n", i);

            log_append(&log, &carry, 1, line, (size_t)length);
            if (i % 100 == 0)
                usleep(500);
        }
        close_log(&log);
        _exit(0);
    }
    in = fdopen(ends[0], "r");
    while (expected < 4000 && fgets(line, sizeof line, in) != NULL) {
        int number;

        assert(sscanf(line, "line %d", &number) == 1);
        assert(number == expected);
        expected++;
        if (expected % 1000 == 0)
            usleep(20000);
    }
    assert(expected == 4000);
    shutdown(ends[0], SHUT_WR);
    assert(fgets(line, sizeof line, in) == NULL);
    fclose(in);
    waitpid(reader, NULL, 0);
    waitpid(writer, NULL, 0);
    json_free(&document);
}

int main(void) {
    assert(mkdtemp(directory) != NULL);
    snprintf(path, sizeof path, "%s/c-json.log", directory);
    lines_are_as_docker_writes_them();
    attributes_are_in_each_line();
    what_is_said_is_read_back();
    any_bytes_give_readable_lines();
    compression_is_undone();
    a_tail_is_the_end_of_it_all();
    filters_and_times();
    a_torn_line_spoils_no_other();
    parts_of_a_long_line_have_one_time();
    following_over_rotations(false);
    following_over_rotations(true);
    clean();
    rmdir(directory);
    puts("log: ok");
    return 0;
}
