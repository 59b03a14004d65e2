#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop.h"
#include "message.h"

static void reply(struct client *client, struct json_writer *w) {
    unsigned char header[FRAME_HEADER];

    frame_header(header, FRAME_MESSAGE, w->used);
    client_send(client, header, sizeof header);
    client_send(client, w->text, w->used);
}

void reply_error(struct client *client, int64_t id, const struct error *err) {
    char buffer[4096];
    struct json_writer w;

    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    if (id >= 0)
        json_put_int(&w, "id", id);
    put_error(&w, err);
    json_close(&w, '}');
    reply(client, &w);
}

static void reply_ok(struct client *client, int64_t id) {
    char buffer[64];
    struct json_writer w;

    json_begin(&w, buffer, sizeof buffer);
    json_open(&w, NULL, '{');
    if (id >= 0)
        json_put_int(&w, "id", id);
    json_put_flag(&w, "ok", true);
    json_close(&w, '}');
    reply(client, &w);
}

void put_state(struct shim *shim, struct json_writer *w) {
    const char *state = shim->finished        ? "exited"
                        : !shim->main.started ? "starting"
                        : shim->paused        ? "paused"
                                              : "running";

    json_open(w, NULL, '{');
    json_put_string(w, "event", "state");
    json_put_int(w, "pid", shim->main.pid);
    json_put_string(w, "startTime", shim->main.start_time);
    json_put_string(w, "state", state);
    if (shim->finished) {
        json_put_int(w, "exitCode", shim->main.exit_code);
        json_put_flag(w, "oomKilled", shim->oom_killed);
        json_put_u64(w, "finishedAt", (uint64_t)shim->finished_ns);
    }
    json_open(w, "execs", '[');
    for (struct process *exec = shim->execs; exec != NULL; exec = exec->next)
        if (exec->started && !exec->exited) {
            json_open(w, NULL, '{');
            json_put_string(w, "exec", exec->exec);
            json_put_int(w, "pid", exec->pid);
            json_close(w, '}');
        }
    json_close(w, ']');
    json_close(w, '}');
}

static void begin_control(struct client *client) {
    static char buffer[32768];
    struct json_writer w;

    client->role = ROLE_CONTROL;
    json_begin(&w, buffer, sizeof buffer);
    put_state(client->shim, &w);
    reply(client, &w);
}

static void begin_attach(struct client *client, const struct json *request) {
    struct shim *shim = client->shim;

    client->role = ROLE_STREAM;
    client->process = &shim->main;
    client->in = json_flag_or(request, "stdin", false) && shim->main.in.fd >= 0;
    client->out = json_flag_or(request, "stdout", false);
    client->err = json_flag_or(request, "stderr", false);
    client->stdin_once = json_flag_or(request, "stdinOnce", false);
    reply_ok(client, -1);
    shim->attachers++;
    if (shim->finished)
        client_finish(client);
}

static struct process *find_process(struct shim *shim, const struct json *request,
                                    struct error *err) {
    const char *id = json_string_or(request, "exec", "");

    if (*id == 0)
        return &shim->main;
    for (struct process *exec = shim->execs; exec != NULL; exec = exec->next)
        if (strcmp(exec->exec, id) == 0)
            return exec;
    fail_as(err, "control", ESRCH, "no such exec");
    return NULL;
}

static int send_signal(struct process *process, int64_t number, struct error *err) {
    if (process->exited || process->pid <= 0)
        return fail_as(err, "kill", ESRCH, "the process has ended");
    if (syscall(SYS_pidfd_send_signal, process->end.fd, (int)number, NULL, 0) < 0)
        return fail_errno(err, "kill", "signal %d", (int)number);
    return 0;
}

static int do_kill(struct shim *shim, const struct json *request, struct error *err) {
    struct process *process = find_process(shim, request, err);
    int64_t number;

    if (process == NULL || json_int(request, "signal", &number, err) < 0)
        return -1;
    if (json_flag_or(request, "all", false)) {
        cgroup_kill(&shim->container->cgroup, (int)number);
        return 0;
    }
    return send_signal(process, number, err);
}

static int do_resize(struct shim *shim, const struct json *request, struct error *err) {
    struct process *process = find_process(shim, request, err);
    struct winsize size = {0};

    if (process == NULL)
        return -1;
    size.ws_row = (unsigned short)json_int_or(request, "rows", 0);
    size.ws_col = (unsigned short)json_int_or(request, "columns", 0);
    if (!process->tty || process->out.fd < 0)
        return fail_as(err, "resize", ENOTTY, "there is no terminal");
    if (ioctl(process->out.fd, TIOCSWINSZ, &size) < 0)
        return fail_errno(err, "resize", "set the size");
    return 0;
}

static int do_pause(struct shim *shim, bool freeze, struct error *err) {
    if (cgroup_freeze(&shim->container->cgroup, freeze, err) < 0)
        return -1;
    shim->paused = freeze;
    return 0;
}

static int do_update(struct shim *shim, const struct json *request, struct error *err) {
    const char *program = json_string_or(request, "deviceProgram", NULL);

    if (cgroup_write(json_get(request, "writes"), err) < 0)
        return -1;
    return program == NULL ? 0 : cgroup_attach_devices(&shim->container->cgroup, program, err);
}

static int perform(struct shim *shim, const char *op, const struct json *request,
                   struct error *err) {
    if (strcmp(op, "kill") == 0 || strcmp(op, "exec-kill") == 0)
        return do_kill(shim, request, err);
    if (strcmp(op, "resize") == 0)
        return do_resize(shim, request, err);
    if (strcmp(op, "pause") == 0 || strcmp(op, "resume") == 0)
        return do_pause(shim, *op == 'p', err);
    if (strcmp(op, "update") == 0)
        return do_update(shim, request, err);
    if (strcmp(op, "close-stdin") == 0) {
        process_end_input(&shim->main);
        return 0;
    }
    return fail(err, "protocol", "unknown op %s", op);
}

void client_request(struct client *client, const struct json *request) {
    const char *op = json_string_or(request, "op", "");
    int64_t id = json_int_or(request, "id", -1);
    struct error err = {0};

    if (client->role == ROLE_NEW && strcmp(op, "control") == 0)
        begin_control(client);
    else if (client->role == ROLE_NEW && strcmp(op, "attach") == 0)
        begin_attach(client, request);
    else if (client->role == ROLE_NEW && strcmp(op, "exec") == 0)
        exec_start(client, request);
    else if (perform(client->shim, op, request, &err) < 0)
        reply_error(client, id, &err);
    else
        reply_ok(client, id);
}
