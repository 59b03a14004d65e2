#pragma once

#include "error.h"
#include "json.h"

/* What the launcher can be asked for; each runs in a process of its own. On failure the caller
 * reports err on the connection. */
typedef int verb(int connection, const struct json *request, struct error *err);

verb verb_run, verb_bridge, verb_link_delete, verb_cgroup_kill, verb_ping, verb_sync, verb_logs;
verb verb_layer_unpack, verb_layer_join, verb_layer_pack, verb_changes, verb_disk_usage,
    verb_remove_tree;
verb verb_archive_stat, verb_archive_get, verb_archive_put, verb_export;

/* The end of a request that is followed by raw bytes, when it fails. */
int refuse_upload(int connection, const struct error *err);

/* Gives the memory of the request being served back; nothing of it may be used after. */
void forget_request(void);

/* `tsd-shim launcher DIRECTORY`. */
int launcher_main(const char *directory);
