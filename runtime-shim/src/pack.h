#pragma once

#include <stdbool.h>

#include "error.h"
#include "output.h"

/* Writes trees as a tar (POSIX.1-2001, pax where ustar has no room). */
struct pack {
    struct output *output;
    bool layer;            /* overlay's whiteouts become `.wh.` names */
    bool one_mount;        /* what is mounted below becomes an empty file or directory */
    uint64_t mount;        /* of the tree's root, for that */
    struct linked *linked; /* files with several names that were written already */
    size_t linked_count, linked_size;
};

/* What is called `name` in a directory, as `path` ("" for the root of the archive, which gets no
 * entry of its own). */
int pack_tree(struct pack *p, int directory, const char *name, const char *path, struct error *err);
/* Two blocks of zeros. */
int pack_end(struct pack *p, struct error *err);
/* Sorted, so that the same tree gives the same archive; NULL-terminated, one allocation an entry.
 */
char **list_directory(int directory);
void free_list(char **names);
/* Whether this is how overlay says that a name is gone, or that a directory hides what is below it.
 */
bool is_whiteout(int directory, const char *name);
bool is_opaque(int directory);
