#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"

#define MAX_FILE (4 << 20)
#define MAX_ID 2147483647L

/* The file's content, or "" where there is none. Only a regular file is read (a fifo would block),
 * and not more than 4 MiB. */
static char *read_database(const char *path) {
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    char *text;
    size_t used = 0;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return strdup("");
    text = malloc((st.st_size < MAX_FILE ? (size_t)st.st_size : MAX_FILE) + 1);
    if (text == NULL)
        return NULL;
    while (used < (size_t)st.st_size && used < MAX_FILE) {
        ssize_t n =
            read(fd, text + used, (st.st_size < MAX_FILE ? (size_t)st.st_size : MAX_FILE) - used);

        if (n <= 0)
            break;
        used += (size_t)n;
    }
    text[used] = 0;
    return text;
}

/* Cuts the next line off *at and splits it at colons; the number of fields, or -1 at the end. */
static int next_fields(char **at, char *fields[], int most) {
    char *line = *at, *end;
    int n = 0;

    if (*line == 0)
        return -1;
    end = strchr(line, '\n');
    *at = end == NULL ? line + strlen(line) : end + 1;
    if (end != NULL)
        *end = 0;
    while (n < most && line != NULL) {
        fields[n++] = line;
        line = n < most ? strchr(line, ':') : NULL;
        if (line != NULL)
            *line++ = 0;
    }
    return n;
}

static bool number(const char *text, long *value) {
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtol(text, &end, 10);
    return errno == 0 && *end == 0;
}

static void add_group(struct user *user, gid_t gid) {
    for (size_t i = 0; i < user->group_count; i++)
        if (user->groups[i] == gid)
            return;
    if (user->group_count < MAX_GROUPS)
        user->groups[user->group_count++] = gid;
}

/* passwd(5): name:password:uid:gid:gecos:home:shell. `name` gets the user's own name where there is
 * one. */
static int find_user(char *passwd, const char *wanted, struct user *user, char name[static 256],
                     struct error *err) {
    char *fields[7];
    long id = -1, uid, gid;
    bool numeric = number(wanted, &id);

    name[0] = 0;
    for (int n; (n = next_fields(&passwd, fields, 7)) >= 0;) {
        if (n < 4 || !number(fields[2], &uid) || !number(fields[3], &gid))
            continue;
        if (numeric ? uid != id : strcmp(fields[0], wanted) != 0)
            continue;
        user->uid = (uid_t)uid;
        user->gid = (gid_t)gid;
        snprintf(name, 256, "%s", fields[0]);
        if (n > 5)
            snprintf(user->home, sizeof user->home, "%s", fields[5]);
        return 0;
    }
    if (!numeric)
        return fail(err, "user", "unable to find user %s: no matching entries in passwd file",
                    wanted);
    if (id > MAX_ID)
        return fail(err, "user", "uids and gids must be in range 0-2147483647");
    user->uid = (uid_t)id;
    user->gid = 0;
    return 0;
}

static bool has_member(char *members, const char *name) {
    char *rest;

    for (char *member = strtok_r(members, ",", &rest); member != NULL;
         member = strtok_r(NULL, ",", &rest))
        if (strcmp(member, name) == 0)
            return true;
    return false;
}

/* group(5): name:password:gid:members. */
static int find_group(const char *groups, const char *wanted, gid_t *gid, struct error *err) {
    char *copy = strdup(groups), *at = copy, *fields[4];
    long id = -1, found;
    bool numeric = number(wanted, &id), there = false;

    for (int n; copy != NULL && !there && (n = next_fields(&at, fields, 4)) >= 0;)
        if (n >= 3 && number(fields[2], &found) &&
            (numeric ? found == id : strcmp(fields[0], wanted) == 0))
            there = true;
    free(copy);
    if (!there && !numeric)
        return fail(err, "user", "unable to find group %s: no matching entries in group file",
                    wanted);
    if (!there && id > MAX_ID)
        return fail(err, "user", "uids and gids must be in range 0-2147483647");
    *gid = (gid_t)(there ? found : id);
    return 0;
}

static void add_memberships(const char *groups, const char *name, struct user *user) {
    char *copy = strdup(groups), *at = copy, *fields[4];
    long gid;

    for (int n; copy != NULL && (n = next_fields(&at, fields, 4)) >= 0;)
        if (n == 4 && number(fields[2], &gid) && has_member(fields[3], name))
            add_group(user, (gid_t)gid);
    free(copy);
}

int user_resolve(const char *spec, const struct json *extra_groups, struct user *user,
                 struct error *err) {
    autofree char *passwd = read_database("/etc/passwd"), *groups = read_database("/etc/group");
    autofree char *wanted = strdup(*spec == 0 ? "0" : spec);
    char name[256], *group;

    memset(user, 0, sizeof *user);
    if (passwd == NULL || groups == NULL || wanted == NULL)
        return fail(err, "user", "out of memory");
    group = strchr(wanted, ':');
    if (group != NULL)
        *group++ = 0;
    if (find_user(passwd, *wanted == 0 ? "0" : wanted, user, name, err) < 0)
        return -1;
    if (group != NULL && *group != 0) {
        if (find_group(groups, group, &user->gid, err) < 0)
            return -1;
    } else if (name[0] != 0) {
        add_memberships(groups, name, user);
    }
    add_group(user, user->gid);
    json_each(extra, extra_groups) {
        gid_t gid = 0;

        if (extra->type != JSON_STRING || find_group(groups, extra->string, &gid, err) < 0)
            return extra->type == JSON_STRING
                       ? -1
                       : fail(err, "config", "groups: a string was expected");
        add_group(user, gid);
    }
    if (user->home[0] != '/')
        snprintf(user->home, sizeof user->home, "/");
    return 0;
}
