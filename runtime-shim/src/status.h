#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "container.h"

/* How a container ended, for the daemon to read should nobody be there to be told. */
struct ending {
    int exit_code;
    bool oom_killed;
    int64_t finished_ns; /* since the epoch */
};

/* Writes `state.json` in the exec root: pid and start time of a running container. */
int status_write_running(const struct container *container);
/* Writes the status file so that it survives a power cut. */
int status_write_exited(const struct container *container, const struct ending *ending);
