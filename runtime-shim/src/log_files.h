#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* A log's files: `path` is being written, `path.1` was before it, and so on; a rotated one may be
 * compressed (`.gz`). They are renamed under the reader at any time. */
struct log_source {
    int fd; /* -1: none */
    bool compressed;
    dev_t device;
    ino_t inode;
    struct timespec modified;
};

#define MAX_LOG_FILES 512

/* Opens all there are, newest first, as they were at one moment; the number of them. Each fd is the
 * caller's. */
int log_sources_open(const char *path, struct log_source sources[static MAX_LOG_FILES]);
/* Whether another file than this one is now being written. */
bool log_source_ended(const char *path, const struct log_source *source);
/* Opens the file that came after this one, which has ended; the oldest there is if this one is
 * gone. */
struct log_source log_source_after(const char *path, const struct log_source *source);
