#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void frame_header(unsigned char header[FRAME_HEADER], enum frame_type type, size_t length) {
    memset(header, 0, FRAME_HEADER);
    header[0] = (unsigned char)type;
    for (int i = 0; i < 4; i++)
        header[4 + i] = (unsigned char)(length >> (24 - 8 * i));
}

int64_t frame_length(const unsigned char header[FRAME_HEADER], enum frame_type type, size_t most) {
    uint32_t length = (uint32_t)header[4] << 24 | (uint32_t)header[5] << 16 |
                      (uint32_t)header[6] << 8 | header[7];

    if (header[0] != type || header[1] != 0 || header[2] != 0 || header[3] != 0 || length > most)
        return -1;
    return length;
}

int write_all(int fd, const void *data, size_t length) {
    const char *at = data;

    while (length > 0) {
        ssize_t n = write(fd, at, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

int read_all(int fd, void *data, size_t length) {
    char *at = data;

    while (length > 0) {
        ssize_t n = read(fd, at, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ECONNRESET;
        if (n <= 0)
            return -1;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

int request_read(int fd, size_t most, struct request *request, struct error *err) {
    unsigned char header[FRAME_HEADER];
    int64_t length;

    memset(request, 0, sizeof *request);
    if (read_all(fd, header, sizeof header) < 0)
        return fail_errno(err, "protocol", "read a frame");
    length = frame_length(header, FRAME_MESSAGE, most);
    if (length < 0)
        return fail(err, "protocol", "a message of at most %zu bytes was expected", most);
    request->size = (size_t)length + 1;
    request->text =
        mmap(NULL, request->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (request->text == MAP_FAILED) {
        request->text = NULL;
        return fail_errno(err, "protocol", "mmap %zu bytes", request->size);
    }
    if (read_all(fd, request->text, (size_t)length) < 0)
        fail_errno(err, "protocol", "read a message");
    else if (json_parse(&request->document, request->text, (size_t)length, err) == 0)
        return 0;
    request_free(request);
    return -1;
}

void request_free(struct request *request) {
    json_free(&request->document);
    if (request->text != NULL)
        munmap(request->text, request->size);
    request->text = NULL;
}

int send_frame(int fd, enum frame_type type, const void *data, size_t length) {
    unsigned char header[FRAME_HEADER];
    struct iovec parts[2] = {{header, sizeof header}, {(void *)data, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t n;

    frame_header(header, type, length);
    do
        n = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -1;
    if ((size_t)n < sizeof header) {
        if (write_all(fd, header + n, sizeof header - (size_t)n) < 0)
            return -1;
        n = sizeof header;
    }
    return write_all(fd, (const char *)data + (n - FRAME_HEADER),
                     length - (size_t)(n - FRAME_HEADER));
}

int send_message(int fd, struct json_writer *w) {
    if (w->full) {
        errno = EMSGSIZE;
        return -1;
    }
    return send_frame(fd, FRAME_MESSAGE, w->text, w->used);
}

int send_ok(int fd) {
    static const char ok[] = "{\"ok\":true}";

    return send_frame(fd, FRAME_MESSAGE, ok, sizeof ok - 1);
}

void put_error(struct json_writer *w, const struct error *err) {
    json_open(w, "error", '{');
    json_put_string(w, "step", err->step == NULL ? "" : err->step);
    json_put_int(w, "errno", err->errnum);
    json_put_string(w, "code", errno_name(err->errnum));
    json_put_string(w, "message", err->text);
    json_close(w, '}');
}

int send_error(int fd, const struct error *err) {
    char buffer[4096];
    struct json_writer w;

    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    put_error(&w, err);
    json_close(&w, '}');
    return send_message(fd, &w);
}

int check_peer(int fd) {
    struct ucred peer;
    socklen_t length = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || peer.uid != 0) {
        errno = EPERM;
        return -1;
    }
    return 0;
}
