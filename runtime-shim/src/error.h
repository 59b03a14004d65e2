#pragma once

#include <stddef.h>

/* How every function here fails: it returns -1 and fills err once, at the call that failed. Callers
 * pass err up; only a verb's end reports it. */
struct error {
    const char *step; /* what was being done: "mount", "exec", … */
    int errnum;       /* 0 where no system call was to blame */
    char text[512];
};

int fail(struct error *err, const char *step, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As fail, with errno and its text. */
int fail_errno(struct error *err, const char *step, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As fail, for an errno that the caller names; its text is not appended. */
int fail_as(struct error *err, const char *step, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* `ENOENT` and its like, or "" for one we have no name for. */
const char *errno_name(int errnum);
