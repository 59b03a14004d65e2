/* Archives of every kind are unpacked, and joined back byte for byte; hostile ones are refused.
 * Needs root, for chroot. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"
#include "tar.h"
#include "verbs.h"

static char directory[] = "/tmp/tsd-test-layer-XXXXXX";

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

static void append(struct bytes *b, const char *data, size_t length) {
    if (b->data == NULL || room(b->length) < b->length + length + 1)
        b->data = realloc(b->data, room(b->length + length));
    memcpy(b->data + b->length, data, length);
    b->length += length;
    b->data[b->length] = 0;
}

static void shell(const char *command) {
    char text[1000];

    snprintf(text, sizeof text, "cd %s && %s", directory, command);
    if (system(text) != 0) {
        fprintf(stderr, "failed: %s\n", text);
        abort();
    }
}

static struct bytes read_file(const char *name) {
    struct bytes b = {NULL, 0};
    char buffer[65536], path[300];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    fd = open(path, O_RDONLY);
    assert(fd >= 0);
    append(&b, "", 0);
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        append(&b, buffer, (size_t)n);
    close(fd);
    return b;
}

/* A verb in a process of its own, as the launcher has it; its end of the conversation. */
static int ask(verb *run, const char *request, pid_t *pid) {
    int ends[2];

    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    fflush(stdout);
    *pid = fork();
    if (*pid == 0) {
        struct json_document document;
        struct error err = {0};
        char *text = strdup(request);

        close(ends[0]);
        assert(json_parse(&document, text, strlen(text), &err) == 0);
        if (run(ends[1], document.root, &err) < 0)
            send_error(ends[1], &err);
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static struct bytes unpack(const char *name, const char *tar, size_t length) {
    struct bytes reply = {NULL, 0};
    char request[500], buffer[4096];
    ssize_t n;
    pid_t pid;
    int fd, status;

    snprintf(request, sizeof request,
             "{\"directory\":\"%s/%s\",\"split\":\"%s/"
             "%s.split\",\"limits\":{\"entries\":1000,\"bytes\":\"10000000\"}}",
             directory, name, directory, name);
    fd = ask(verb_layer_unpack, request, &pid);
    for (size_t at = 0; at < length; at += (size_t)n)
        if ((n = send(fd, tar + at, length - at, MSG_NOSIGNAL)) <= 0)
            break;
    shutdown(fd, SHUT_WR);
    append(&reply, "", 0);
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        append(&reply, buffer, (size_t)n);
    close(fd);
    waitpid(pid, &status, 0);
    assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert(reply.length > FRAME_HEADER);
    memmove(reply.data, reply.data + FRAME_HEADER, reply.length - FRAME_HEADER + 1);
    return reply;
}

static struct bytes join(const char *name) {
    struct bytes all = {NULL, 0};
    char request[500];
    unsigned char header[FRAME_HEADER];
    pid_t pid;
    int fd;

    snprintf(request, sizeof request, "{\"directory\":\"%s/%s\",\"split\":\"%s/%s.split\"}",
             directory, name, directory, name);
    fd = ask(verb_layer_join, request, &pid);
    append(&all, "", 0);
    while (read_all(fd, header, sizeof header) == 0) {
        size_t length = (size_t)header[5] << 16 | (size_t)header[6] << 8 | header[7];
        char *data = malloc(length + 1);

        assert(read_all(fd, data, length) == 0);
        if (header[0] == FRAME_STDOUT)
            append(&all, data, length);
        else
            assert(length == 11 && memcmp(data, "{\"ok\":true}", 11) == 0);
        free(data);
    }
    close(fd);
    waitpid(pid, NULL, 0);
    return all;
}

static void make_tree(void) {
    shell("mkdir -p tree/a/b tree/empty && echo hello > tree/a/file && ln tree/a/file tree/a/hard "
          "&& ln -s ../a/file tree/a/soft"
          " && head -c 300000 /dev/urandom > tree/a/b/large && mkfifo tree/fifo && mknod tree/null "
          "c 1 3 && chmod 4711 tree/a/file"
          " && chown 1234:5678 tree/a/b/large && touch -d 2001-02-03T04:05:06 tree/a/b && : > "
          "tree/nothing"
          " && mkdir -p tree/$(printf '%0100d' 0)/$(printf '%0100d' 0) && echo deep > "
          "tree/$(printf '%0100d' 0)/$(printf '%0100d' 0)/x");
}

static void what_is_unpacked_is_joined(void) {
    static const char *const formats[] = {
        "gnu", "pax", "posix",
        "gnu tree && tar --numeric-owner -rf in.tar tree/a/b/large tree/a/file"};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char command[300], name[16];
        struct bytes tar, reply, joined;

        snprintf(command, sizeof command, "tar --numeric-owner -cf in.tar --format=%s%s",
                 formats[i], i == 3 ? "" : " tree");
        shell(command);
        snprintf(name, sizeof name, "l%zu", i);
        tar = read_file("in.tar");
        reply = unpack(name, tar.data, tar.length);
        if (strstr(reply.data, "\"ok\":true") == NULL) {
            fprintf(stderr, "%s: %s\n", formats[i], reply.data);
            abort();
        }
        joined = join(name);
        assert(joined.length == tar.length && memcmp(joined.data, tar.data, tar.length) == 0);
        if (i < 3) {
            snprintf(command, sizeof command,
                     "diff -r --no-dereference tree/a %s/tree/a && cd %s/tree && test $(stat -c "
                     "%%a%%u%%g a/file) = 471100"
                     " && test $(stat -c %%u:%%g a/b/large) = 1234:5678 && test a/file -ef a/hard "
                     "&& test -p fifo -a -c null"
                     " && test $(date -d @$(stat -c %%Y a/b) +%%Y) = 2001 && test -f */*/x",
                     name, name);
            shell(command);
        }
        free(tar.data);
        free(reply.data);
        free(joined.data);
    }
}

static void put_octal(char *field, size_t length, unsigned value) {
    snprintf(field, length, "%0*o", (int)length - 1, value);
}

static void add_entry(struct bytes *tar, const char *name, char type, const char *link) {
    char block[TAR_BLOCK] = {0};
    unsigned sum = 0;

    snprintf(block, 100, "%s", name);
    put_octal(block + 100, 8, 0755);
    put_octal(block + 108, 8, 0);
    put_octal(block + 116, 8, 0);
    put_octal(block + 124, 12, 0);
    put_octal(block + 136, 12, 0);
    memset(block + 148, ' ', 8);
    block[156] = type;
    snprintf(block + 157, 100, "%s", link);
    memcpy(block + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof block; i++)
        sum += (unsigned char)block[i];
    put_octal(block + 148, 7, sum);
    append(tar, block, sizeof block);
}

static void expect(const char *name, const struct bytes *tar, const char *answer) {
    struct bytes reply = unpack(name, tar->data, tar->length);

    if (strstr(reply.data, answer) == NULL) {
        fprintf(stderr, "%s: %s\n", name, reply.data);
        abort();
    }
    free(reply.data);
}

static void hostile_archives_reach_nothing_outside(void) {
    static const char *const names[] = {"../evil", "a/../../evil", "..",
                                        "a/.wh..", "a/.wh...",     ".wh."};
    static const char zeros[2 * TAR_BLOCK];
    struct bytes tar = {NULL, 0};
    char name[16], target[200];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tar.length = 0;
        add_entry(&tar, names[i], '0', "");
        snprintf(name, sizeof name, "h%zu", i);
        expect(name, &tar, "invalid ");
    }
    tar.length = 0;
    snprintf(target, sizeof target, "/../../..%s", directory);
    add_entry(&tar, "out", '2', target);
    add_entry(&tar, "out/evil", '0', "");
    append(&tar, zeros, sizeof zeros);
    expect("h8", &tar, "\"error\"");
    tar.length = 0;
    add_entry(&tar, "dir", '5', "");
    add_entry(&tar, "dir/.wh..wh..opq", '0', "");
    add_entry(&tar, "dir/.wh.gone", '0', "");
    append(&tar, zeros, sizeof zeros);
    expect("h9", &tar, "\"ok\":true");
    shell("test ! -e evil && test -c h9/dir/gone && test ! -e h9/dir/.wh.gone");
    free(tar.data);
}

static void what_is_cut_off_is_refused(void) {
    struct bytes tar;

    shell("tar -cf in.tar tree/a/b tree/a/file");
    tar = read_file("in.tar");
    for (size_t at = 100; at < 300000; at = at * 3 + 77) {
        struct bytes part = {tar.data, at};
        char name[32];

        snprintf(name, sizeof name, "c%zu", at);
        expect(name, &part, "unexpected EOF");
    }
    free(tar.data);
}

int main(void) {
    if (geteuid() != 0) {
        puts("layer: skipped (needs root)");
        return 0;
    }
    assert(mkdtemp(directory) != NULL);
    make_tree();
    what_is_unpacked_is_joined();
    hostile_archives_reach_nothing_outside();
    what_is_cut_off_is_refused();
    shell("rm -rf ./*");
    rmdir(directory);
    puts("layer: ok");
    return 0;
}
