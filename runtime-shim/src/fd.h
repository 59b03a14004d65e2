#pragma once

#include <stdlib.h>
#include <unistd.h>

/* `autoclose int fd` is closed when it leaves its scope. Hand it on with take_fd(). */
#define autoclose __attribute__((cleanup(close_fd)))
#define autofree __attribute__((cleanup(free_pointer)))

static inline void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static inline int take_fd(int *fd) {
    int taken = *fd;

    *fd = -1;
    return taken;
}

static inline void free_pointer(void *pointer) {
    free(*(void **)pointer);
}
