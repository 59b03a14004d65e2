#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One record of a json-file log, as it lies in the file. */
struct log_line {
    const char *text; /* still escaped */
    size_t text_length;
    int stream;       /* 1 or 2 */
    const char *time; /* 2026-01-02T03:04:05[.fraction]Z, checked */
    size_t time_length;
};

/* Reads the record between line and end (its newline left out); false if it is none. */
bool log_line_parse(struct log_line *record, const char *line, const char *end);
/* Writes the text without its escapes, at most as long as it is with them; returns the end of what
 * was written. */
char *log_line_decode(char *out, const struct log_line *record);
/* Nanoseconds since the epoch. */
int64_t log_line_time(const struct log_line *record);
/* Writes the time with nine digits of a second (30 bytes). */
char *log_line_put_time(char *out, const struct log_line *record);
