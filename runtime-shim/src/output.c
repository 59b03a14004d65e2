#include "output.h"

#include <string.h>

static int flush(struct output *output, struct error *err) {
    if (output->used > 0 &&
        send_frame(output->connection, FRAME_STDOUT, output->buffer, output->used) < 0)
        return fail_errno(err, "protocol", "send data");
    output->used = 0;
    return 0;
}

int output_put(struct output *output, const void *data, size_t length, struct error *err) {
    const char *at = data;

    while (length > 0) {
        size_t room = sizeof output->buffer - output->used, n = length < room ? length : room;

        memcpy(output->buffer + output->used, at, n);
        output->used += n;
        at += n;
        length -= n;
        if (output->used == sizeof output->buffer && flush(output, err) < 0)
            return -1;
    }
    return 0;
}

int output_zeros(struct output *output, uint64_t count, struct error *err) {
    static const char zeros[1024];

    for (; count > 0; count -= count < sizeof zeros ? count : sizeof zeros)
        if (output_put(output, zeros, count < sizeof zeros ? count : sizeof zeros, err) < 0)
            return -1;
    return 0;
}

int output_end(struct output *output, struct error *err) {
    return flush(output, err) < 0 || send_ok(output->connection) < 0 ? -1 : 0;
}
