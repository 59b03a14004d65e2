#pragma once

#include <sys/types.h>

#include "error.h"
#include "json.h"

/* rtnetlink(7), as far as a container's interfaces need it. */

/* On the host: makes each veth pair, our end on its bridge and up, the other in the network
 * namespace of a process. */
int netlink_create_interfaces(const struct json *interfaces, pid_t pid, struct error *err);
/* In the container's namespace: loopback up, addresses, default routes. */
int netlink_configure(const struct json *interfaces, struct error *err);
/* Makes the bridge if absent, gives it addresses, brings it up. */
int netlink_bridge(const struct json *request, bool *created, struct error *err);
/* Deletes a link; that it is not there is no error. */
int netlink_delete_link(const char *name, struct error *err);
