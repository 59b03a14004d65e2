#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fd.h"
#include "loop.h"

#define READ_SIZE (256 << 10)
#define INPUT_SIZE (64 << 10)
#define BUSY_PIPE (512 << 10)

static void take(struct process *process, struct source *source, enum source_kind kind, int fd,
                 int stream) {
    *source = (struct source){.kind = kind, .fd = fd, .owner = process, .stream = stream};
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_NONBLOCK);
}

void process_sources(struct process *process, const struct stdio_ends *ends) {
    bool tty = ends->tty >= 0;

    process->tty = tty;
    take(process, &process->out, SOURCE_OUTPUT, tty ? ends->tty : ends->out, 1);
    take(process, &process->err, SOURCE_OUTPUT, tty ? -1 : ends->err, 2);
    take(process, &process->in, SOURCE_INPUT, tty ? fcntl(ends->tty, F_DUPFD_CLOEXEC, 3) : ends->in,
         0);
}

void process_start_reading(struct process *process) {
    if (process->out.fd >= 0)
        watch(process->shim, &process->out, EPOLLIN);
    if (process->err.fd >= 0)
        watch(process->shim, &process->err, EPOLLIN);
}

static void end_output(struct process *process, struct source *source) {
    unwatch(process->shim, source);
    close_fd(&source->fd);
    if (process->log != NULL)
        log_finish(process->log, &process->carry[source->stream - 1], source->stream);
}

static char *read_buffer(struct shim *shim) {
    if (shim->buffer == NULL) {
        shim->buffer =
            mmap(NULL, READ_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (shim->buffer == MAP_FAILED)
            abort();
    }
    shim->buffer_used = true;
    return shim->buffer;
}

void process_output(struct process *process, struct source *source) {
    char *buffer = read_buffer(process->shim);
    ssize_t n;

    if (clients_hold(process)) {
        unwatch(process->shim,
                source); /* watched for nothing, a hang-up would still be told for ever */
        return;
    }
    n = read(source->fd, buffer, READ_SIZE);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_output(process, source); /* a terminal whose other end is closed answers EIO */
        return;
    }
    if (n == 65536 && !process->tty)
        fcntl(source->fd, F_SETPIPE_SZ, BUSY_PIPE); /* it filled the pipe while we were away */
    if (process->log != NULL)
        log_append(process->log, &process->carry[source->stream - 1], source->stream, buffer,
                   (size_t)n);
    clients_output(process, source->stream, buffer, (size_t)n);
}

size_t process_input_room(const struct process *process) {
    return process == NULL || process->in.fd < 0 ? INPUT_SIZE : INPUT_SIZE - process->input_used;
}

void process_input(struct process *process) {
    while (process->in.fd >= 0 && process->input_at < process->input_used) {
        ssize_t n = write(process->in.fd, process->input + process->input_at,
                          process->input_used - process->input_at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            watch(process->shim, &process->in, EPOLLOUT);
            return;
        }
        if (n < 0) {
            process->input_ends = true; /* nobody reads it any more */
            process->input_at = process->input_used;
            break;
        }
        process->input_at += (size_t)n;
    }
    process->input_at = process->input_used = 0;
    free(process->input);
    process->input = NULL;
    unwatch(process->shim, &process->in);
    if (process->input_ends)
        close_fd(&process->in.fd);
    for (struct client *client = process->shim->clients; client != NULL; client = client->next)
        if (client->process == process && client->in && !client->dead && !client->in_ended)
            watch(process->shim, &client->source,
                  EPOLLIN | EPOLLRDHUP | (client->spill.head < client->spill.tail ? EPOLLOUT : 0));
}

size_t process_feed(struct process *process, const char *data, size_t length) {
    if (process->in.fd < 0 || process->input_ends)
        return length; /* closed: swallowed, as a pipe to nobody */
    if (process->input == NULL && (process->input = malloc(INPUT_SIZE)) == NULL)
        abort();
    if (length > INPUT_SIZE - process->input_used)
        length = INPUT_SIZE - process->input_used;
    memcpy(process->input + process->input_used, data, length);
    process->input_used += length;
    if (process->started)
        process_input(process);
    return length;
}

void process_end_input(struct process *process) {
    process->input_ends = true;
    if (process->input_used == 0 && process->in.fd >= 0) {
        unwatch(process->shim, &process->in);
        close_fd(&process->in.fd);
    }
}

bool process_drained(struct process *process) {
    if (process->out.fd < 0 && process->err.fd < 0)
        return true;
    return process->exited && now_ms() - process->exited_ms >= DRAIN_MS && !clients_hold(process);
}

void process_drop_streams(struct process *process) {
    struct source *outputs[2] = {&process->out, &process->err};

    for (int i = 0; i < 2; i++)
        if (outputs[i]->fd >= 0)
            end_output(process, outputs[i]);
    if (process->in.fd >= 0) {
        unwatch(process->shim, &process->in);
        close_fd(&process->in.fd);
    }
    free(process->input);
    process->input = NULL;
}
