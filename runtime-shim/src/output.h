#pragma once

#include "error.h"
#include "message.h"

/* A stream of data frames to the daemon, in large pieces. */
struct output {
    int connection;
    char buffer[65536];
    size_t used;
};

int output_put(struct output *output, const void *data, size_t length, struct error *err);
int output_zeros(struct output *output, uint64_t count, struct error *err);
/* Sends what is held, then the message that says that this was all. */
int output_end(struct output *output, struct error *err);
