#pragma once

#include "tar.h"

/* Makes the entries of a tar below the current directory. The process has to be confined to a root
 * of its own (chroot), as links are followed. */
struct extract {
    bool whiteouts;    /* `.wh.` names become overlay's (OCI image-spec, layer.md) */
    bool no_overwrite; /* a directory does not take a file's place, nor the other way round */
    uint64_t most_entries, most_bytes; /* 0: no limit */
    uint64_t entries, files, bytes;
    /* Called before the content of a file is taken; may be NULL. */
    int (*file)(void *context, const struct tar_entry *entry, struct error *err);
    /* Called before a file is removed for another entry of its name; may be NULL. */
    int (*replaced)(void *context, const char *path, struct error *err);
    void *context;
    struct directory_time *directories;
    size_t directory_count, directory_size;
};

int extract_all(struct extract *x, struct tar_reader *tar, struct error *err);
/* Removes a tree below a directory; never follows a link or leaves the file system. 0 also where
 * there is none. */
int remove_tree(int directory, const char *name, struct error *err);
