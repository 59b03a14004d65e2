#pragma once

#include <sys/types.h>

#include "error.h"
#include "json.h"

#define MAX_GROUPS 1024

struct user {
    uid_t uid;
    gid_t gid;
    gid_t groups[MAX_GROUPS];
    size_t group_count;
    char home[1024];
};

/* Resolves `USER[:GROUP]` and additional groups in the /etc/passwd and /etc/group of the current
 * root, as Docker does: names must be there, numbers need not. */
int user_resolve(const char *spec, const struct json *extra_groups, struct user *user,
                 struct error *err);
