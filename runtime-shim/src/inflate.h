#pragma once

#include <stddef.h>

/* Takes the next piece of what was compressed; a value other than 0 ends the expansion. */
typedef int inflate_sink(void *context, const char *data, size_t length);

/* Expands a gzip file (RFC 1952, 1951) from where fd is. 0, what sink returned, or -1 with errno
 * (EBADMSG for what is no such file, after sink got all that could be read). */
int gunzip(int fd, inflate_sink *sink, void *context);
