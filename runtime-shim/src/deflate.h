#pragma once

/* Writes a gzip file (RFC 1952) of another file's content; 0, or -1 with errno. */
int gzip_file(const char *from, const char *to);
