#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static void fill(struct error *err, const char *step,
                                                       int errnum, const char *fmt, va_list args) {
    err->step = step;
    err->errnum = errnum;
    vsnprintf(err->text, sizeof err->text, fmt, args);
}

int fail(struct error *err, const char *step, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    fill(err, step, 0, fmt, args);
    va_end(args);
    return -1;
}

int fail_as(struct error *err, const char *step, int errnum, const char *fmt, ...) {
    va_list args;

    va_start(args, fmt);
    fill(err, step, errnum, fmt, args);
    va_end(args);
    return -1;
}

int fail_errno(struct error *err, const char *step, const char *fmt, ...) {
    int errnum = errno;
    size_t used;
    va_list args;

    va_start(args, fmt);
    fill(err, step, errnum, fmt, args);
    va_end(args);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(errnum));
    return -1;
}

const char *errno_name(int errnum) {
    static const struct {
        int errnum;
        const char *name;
    } names[] = {
        {EPERM, "EPERM"},
        {ENOENT, "ENOENT"},
        {ESRCH, "ESRCH"},
        {EIO, "EIO"},
        {E2BIG, "E2BIG"},
        {ENOEXEC, "ENOEXEC"},
        {EBADF, "EBADF"},
        {EAGAIN, "EAGAIN"},
        {ENOMEM, "ENOMEM"},
        {EACCES, "EACCES"},
        {EBUSY, "EBUSY"},
        {EEXIST, "EEXIST"},
        {EXDEV, "EXDEV"},
        {ENODEV, "ENODEV"},
        {ENOTDIR, "ENOTDIR"},
        {EISDIR, "EISDIR"},
        {EINVAL, "EINVAL"},
        {EMFILE, "EMFILE"},
        {ENFILE, "ENFILE"},
        {ENOSPC, "ENOSPC"},
        {EROFS, "EROFS"},
        {ELOOP, "ELOOP"},
        {ENAMETOOLONG, "ENAMETOOLONG"},
        {EDQUOT, "EDQUOT"},
        {ENOTEMPTY, "ENOTEMPTY"},
        {EOPNOTSUPP, "EOPNOTSUPP"},
        {ENOSYS, "ENOSYS"},
        {ETIMEDOUT, "ETIMEDOUT"},
        {EADDRINUSE, "EADDRINUSE"},
        {ERANGE, "ERANGE"},
        {EUSERS, "EUSERS"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].errnum == errnum)
            return names[i].name;
    return "";
}
