#pragma once

#include "container.h"

/* Lets a container go and stays with it to its end: serves control, attach and exec connections,
 * writes its log and its status, then removes its cgroups and directory. Returns 0 when it has
 * ended, -1 if it could not be started (the caller undoes). */
int supervise(struct container *container, struct error *err);
