#include "log_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fd.h"

static const struct log_source none = {.fd = -1};

static struct log_source open_one(const char *path, int n, bool compressed) {
    struct log_source source = {.compressed = compressed};
    char name[4200];
    struct stat st;

    if (n == 0)
        source.fd = open(path, O_RDONLY | O_CLOEXEC);
    else if (snprintf(name, sizeof name, "%s.%d%s", path, n, compressed ? ".gz" : "") <
             (int)sizeof name)
        source.fd = open(name, O_RDONLY | O_CLOEXEC);
    else
        return none;
    if (source.fd < 0)
        return none;
    if (fstat(source.fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(source.fd);
        return none;
    }
    source.device = st.st_dev;
    source.inode = st.st_ino;
    source.modified = st.st_mtim;
    return source;
}

/* A file is kept until its compressed copy is whole, so it goes first. */
static struct log_source open_numbered(const char *path, int n) {
    struct log_source source = open_one(path, n, false);

    return source.fd < 0 && n > 0 ? open_one(path, n, true) : source;
}

static bool same(const struct log_source *a, const struct log_source *b) {
    return a->device == b->device && a->inode == b->inode;
}

static bool known(const struct log_source *sources, int count, const struct log_source *source) {
    for (int i = 0; i < count; i++)
        if (same(&sources[i], source))
            return true;
    return false;
}

static int open_all(const char *path, struct log_source *sources) {
    int count = 0;

    /* While files are being renamed there may be a hole of one number. */
    for (int n = 0, missing = 0; missing < 3 && count < MAX_LOG_FILES; n++) {
        struct log_source source = open_numbered(path, n);

        if (source.fd < 0) {
            missing++;
        } else if (known(sources, count, &source)) {
            close(source.fd);
        } else {
            sources[count++] = source;
            missing = 0;
        }
    }
    return count;
}

static bool is_current(const char *path, const struct log_source *source) {
    struct stat st;

    return stat(path, &st) == 0 && st.st_dev == source->device && st.st_ino == source->inode;
}

int log_sources_open(const char *path, struct log_source sources[static MAX_LOG_FILES]) {
    for (int tries = 0;; tries++) {
        int count = open_all(path, sources);

        if (tries == 20 || count == 0 || is_current(path, &sources[0]))
            return count;
        while (count > 0)
            close(sources[--count].fd);
        usleep(1000);
    }
}

bool log_source_ended(const char *path, const struct log_source *source) {
    struct stat st;

    return stat(path, &st) == 0 && (st.st_dev != source->device || st.st_ino != source->inode);
}

/* A compressed copy has the time of what it was made from. */
static bool is_copy_of(const struct log_source *source, const struct log_source *candidate) {
    struct stat st;

    if (same(source, candidate))
        return true;
    if (!candidate->compressed || source->compressed || fstat(source->fd, &st) < 0)
        return false;
    return st.st_mtim.tv_sec == candidate->modified.tv_sec &&
           st.st_mtim.tv_nsec == candidate->modified.tv_nsec;
}

/* The number a file has now, or that of the oldest plus one. */
static int find(const char *path, const struct log_source *source) {
    int oldest = 0;

    for (int n = 0, missing = 0; missing < 3 && n < MAX_LOG_FILES; n++) {
        struct log_source candidate = open_numbered(path, n);
        bool found = candidate.fd >= 0 && is_copy_of(source, &candidate);

        if (candidate.fd < 0) {
            missing++;
            continue;
        }
        close(candidate.fd);
        missing = 0;
        oldest = n;
        if (found)
            return n;
    }
    return oldest + 1;
}

struct log_source log_source_after(const char *path, const struct log_source *source) {
    for (int tries = 0; tries < 20; tries++) {
        int n = find(path, source);
        struct log_source next = n == 0 ? none : open_numbered(path, n - 1);

        /* Unless files were renamed in between. */
        if (next.fd >= 0 && find(path, source) == n)
            return next;
        close_fd(&next.fd);
        usleep(1000);
    }
    return none;
}
