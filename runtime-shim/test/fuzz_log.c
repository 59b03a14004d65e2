/* Nothing in a log file, compressed or not, may harm its reader. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inflate.h"
#include "log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *context, const char *piece, size_t length) {
    size_t *total = context;

    (void)piece;
    *total += length;
    return *total > 1 << 20 ? 1 : 0;
}

static void as_lines(const char *data, size_t size) {
    const char *end = data + size;

    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data)),
                   *stop = newline == NULL ? end : newline;
        struct log_line record;

        if (log_line_parse(&record, data, stop)) {
            char *out = malloc(record.text_length + 31);

            assert(log_line_put_time(out, &record) == out + 30);
            assert(log_line_decode(out, &record) <= out + record.text_length);
            log_line_time(&record);
            free(out);
        }
        data = stop + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t total = 0;
    char *copy = malloc(size);
    int fd = memfd_create("gz", MFD_CLOEXEC);

    if (size > 0)
        memcpy(copy, data, size);
    as_lines(copy, size);
    free(copy);
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0)
        gunzip(fd, count, &total);
    if (fd >= 0)
        close(fd);
    return 0;
}
