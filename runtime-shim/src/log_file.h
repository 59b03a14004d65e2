#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "error.h"
#include "json.h"

/* The container's log: one JSON object a line, as Docker's json-file driver writes it; rotated by
 * size. A line longer than 16 KiB is split, all parts but the last without a newline. */
#define LOG_PART (16 << 10)

struct log_file {
    char *path; /* NULL: nothing is logged */
    char *attrs;
    int fd;
    uint64_t size, max_size, rotate_at;
    int64_t max_files;
    bool compress;
    pid_t compressor;
    uint64_t lost; /* bytes that could not be written, since last told */
    char *out;     /* what is encoded and not yet written */
    size_t out_used;
    time_t second; /* for which `stamp` holds the text */
    char stamp[24];
};

/* Output that has no newline yet. */
struct log_carry {
    char *data;
    size_t used;
    bool partial;          /* parts of the line were written already, */
    struct timespec since; /* with this time */
};

int log_open(struct log_file *log, const struct json *target, struct error *err);
/* Takes what a stream ('1' out, '2' err) has said. Never fails: what cannot be written is counted
 * as lost. */
void log_append(struct log_file *log, struct log_carry *carry, int stream, const char *data,
                size_t length);
/* Ends a stream's last line. */
void log_finish(struct log_file *log, struct log_carry *carry, int stream);
void log_flush(struct log_file *log);
/* Gives buffers back while nothing is being said. */
void log_rest(struct log_file *log);
