#pragma once

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

/* Frames of PROTOCOL.md. All functions work on blocking stream sockets. */
enum frame_type { FRAME_STDIN, FRAME_STDOUT, FRAME_STDERR, FRAME_ERROR, FRAME_MESSAGE };

#define FRAME_HEADER 8
#define MAX_REQUEST (1 << 20)
#define MAX_MESSAGE (64 << 10)

void frame_header(unsigned char header[FRAME_HEADER], enum frame_type type, size_t length);
/* The payload's length, or -1 if this is not the header of a frame of this type and of at most this
 * size. */
int64_t frame_length(const unsigned char header[FRAME_HEADER], enum frame_type type, size_t most);

/* A request: its text (from mmap, to be given back by request_free) and what was parsed from it. */
struct request {
    char *text;
    size_t size;
    struct json_document document;
};

int request_read(int fd, size_t most, struct request *request, struct error *err);
void request_free(struct request *request);

/* 0, or -1 with errno: the peer is gone. */
int write_all(int fd, const void *data, size_t length);
int read_all(int fd, void *data, size_t length);
int send_frame(int fd, enum frame_type type, const void *data, size_t length);
int send_message(int fd, struct json_writer *w);
int send_ok(int fd);
/* Puts `"error": {…}` into an object that is being written. */
void put_error(struct json_writer *w, const struct error *err);
int send_error(int fd, const struct error *err);

/* 0 if the process at the other end of the socket runs as root. */
int check_peer(int fd);
