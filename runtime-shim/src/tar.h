#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "error.h"

/* Tar as images have it: ustar, GNU's long names and numbers, pax (POSIX.1-2001). */
#define TAR_BLOCK 512
#define TAR_NAME 4096

struct tar_entry {
    char type; /* '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' directory,
                  '6' fifo */
    char path[TAR_NAME]; /* relative, without `.` and `..`; "" is the root */
    char link[TAR_NAME]; /* as it is */
    uint64_t size; /* of the content that follows; read it with tar_data before the next entry */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct timespec mtime;
    unsigned major, minor;
    const char *pax; /* records, for tar_xattrs */
    size_t pax_length;
};

/* Hears every byte that is no content of a file. */
typedef int (*tar_tap)(void *context, const char *data, size_t length);

struct tar_reader {
    int fd;
    char *buffer; /* from mmap */
    size_t at, end;
    tar_tap tap;
    void *context;
    char *pax;
    size_t pax_used, pax_size;
    uint64_t padding; /* after the content of the entry at hand */
    uint64_t left;    /* of that content */
};

int tar_open(struct tar_reader *r, int fd, tar_tap tap, void *context, struct error *err);
/* 1 for an entry, 0 at the end. What is left of the content of the one before is passed over. */
int tar_next(struct tar_reader *r, struct tar_entry *entry, struct error *err);
/* The next piece of content, NULL and 0 at its end; -1 if it is cut off. */
ssize_t tar_data(struct tar_reader *r, const char **data, struct error *err);
/* Takes what follows the end of the archive, to the end of the input. */
int tar_finish(struct tar_reader *r, struct error *err);
void tar_close(struct tar_reader *r);
/* Calls visit for each extended attribute of the entry. */
int tar_xattrs(const struct tar_entry *entry,
               int (*visit)(void *context, const char *name, const char *value, size_t length),
               void *context);
/* Brings a path into the form of tar_entry.path; -1 if it leads out of the root or is too long. */
int tar_clean_path(char out[static TAR_NAME], const char *path);
