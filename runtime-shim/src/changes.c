#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "message.h"
#include "pack.h"
#include "verbs.h"

#define MOST_LAYERS 512

enum kind { MODIFIED, ADDED, DELETED };

/* The messages that are being written. */
struct report {
    int connection;
    char buffer[32768];
    struct json_writer w;
    size_t count;
    const struct json *skip;
};

/* A directory of the upper layer, and those of the lower ones that it is merged with, topmost
 * first. */
struct level {
    const struct level *parent;
    char path[4096];
    bool *told; /* so that it appears once, before what is in it */
    int upper, *lower, lower_count;
};

static void begin(struct report *r) {
    json_begin(&r->w, r->buffer, sizeof r->buffer);
    json_open(&r->w, NULL, '{');
    json_open(&r->w, "changes", '[');
    r->count = 0;
}

static void flush(struct report *r) {
    json_close(&r->w, ']');
    json_close(&r->w, '}');
    if (r->count > 0)
        send_message(r->connection, &r->w);
    begin(r);
}

static void tell(struct report *r, const char *path, enum kind kind) {
    if (sizeof r->buffer - r->w.used < 6 * strlen(path) + 64)
        flush(r);
    json_open(&r->w, NULL, '{');
    json_put_string(&r->w, "path", path);
    json_put_int(&r->w, "kind", kind);
    json_close(&r->w, '}');
    r->count++;
}

/* What changes in a directory changes the directory, as Docker has it. */
static void tell_directories(struct report *r, const struct level *level) {
    if (level->parent == NULL || *level->told)
        return;
    tell_directories(r, level->parent);
    *level->told = true;
    tell(r, level->path, MODIFIED);
}

static bool is_skipped(const struct report *r, const char *path) {
    json_each(skip, r->skip) if (skip->type == JSON_STRING &&
                                 strcmp(skip->string, path) == 0) return true;
    return false;
}

/* What the lower layers have under this name; false if nothing. */
static bool find_lower(const struct level *level, const char *name, struct stat *st) {
    for (int i = 0; i < level->lower_count; i++)
        if (fstatat(level->lower[i], name, st, AT_SYMLINK_NOFOLLOW) == 0)
            return !(S_ISCHR(st->st_mode) && st->st_rdev == 0);
    return false;
}

static void open_lower(const struct level *level, const char *name, struct level *below) {
    below->lower = calloc((size_t)level->lower_count + 1, sizeof *below->lower);
    if (below->lower == NULL || is_opaque(below->upper))
        return;
    for (int i = 0; i < level->lower_count; i++) {
        int fd = openat(level->lower[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0)
            return; /* a file or a whiteout hides what is further down */
        below->lower[below->lower_count++] = fd;
        if (is_opaque(fd))
            return;
    }
}

static bool same_directory(const struct stat *a, const struct stat *b) {
    return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void compare_level(struct report *r, const struct level *level);

static void compare_directory(struct report *r, const struct level *level, const char *name,
                              struct level *below) {
    below->parent = level;
    below->upper = openat(level->upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below->upper < 0)
        return;
    open_lower(level, name, below);
    compare_level(r, below);
    for (int i = 0; i < below->lower_count; i++)
        close(below->lower[i]);
    free(below->lower);
    close(below->upper);
}

/* Whether the directory was touched only because something is mounted in it. */
static bool holds_skipped(const struct report *r, const char *path) {
    size_t length = strlen(path);

    json_each(skip, r->skip) if (skip->type == JSON_STRING &&
                                 strncmp(skip->string, path, length) == 0 &&
                                 skip->string[length] == '/') return true;
    return false;
}

static void compare_one(struct report *r, const struct level *level, const char *name) {
    struct level *below = calloc(1, sizeof *below);
    struct stat st, lower;
    bool told = false, is_there;

    if (below == NULL)
        return;
    if (snprintf(below->path, sizeof below->path, "%s/%s", level->path, name) <
            (int)sizeof below->path &&
        !is_skipped(r, below->path) && fstatat(level->upper, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        below->told = &told;
        is_there = find_lower(level, name, &lower);
        if (is_whiteout(level->upper, name)) {
            tell_directories(r, level);
            tell(r, below->path, DELETED);
        } else if (!(S_ISDIR(st.st_mode) && is_there && S_ISDIR(lower.st_mode) &&
                     (same_directory(&st, &lower) || holds_skipped(r, below->path))) &&
                   (is_there || !S_ISDIR(st.st_mode) || !holds_skipped(r, below->path))) {
            tell_directories(r, level);
            tell(r, below->path, is_there ? MODIFIED : ADDED);
            told = true;
        }
        if (S_ISDIR(st.st_mode))
            compare_directory(r, level, name, below);
    }
    free(below);
}

static void compare_level(struct report *r, const struct level *level) {
    char **names = list_directory(level->upper);

    for (char **name = names; name != NULL && *name != NULL; name++)
        compare_one(r, level, *name);
    free_list(names);
}

int verb_changes(int connection, const struct json *request, struct error *err) {
    static struct report report;
    static int lower[MOST_LAYERS];
    static struct level root = {.lower = lower};
    const char *upper, *base;
    autoclose int directory = -1;

    if (json_string(request, "upper", &upper, err) < 0 ||
        json_string(request, "base", &base, err) < 0)
        return -1;
    root.upper = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root.upper < 0 || directory < 0)
        return fail_errno(err, "changes", "open %s", root.upper < 0 ? upper : base);
    json_each(layer, json_get(request, "lower")) {
        int fd = layer->type != JSON_STRING
                     ? -1
                     : openat(directory, layer->string, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || root.lower_count == MOST_LAYERS)
            return fail_errno(err, "changes", "open a layer");
        lower[root.lower_count++] = fd;
    }
    report.connection = connection;
    report.skip = json_get(request, "skip");
    begin(&report);
    compare_level(&report, &root);
    flush(&report);
    send_ok(connection);
    return 0;
}
