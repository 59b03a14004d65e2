#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "loop.h"
#include "message.h"

static void die(struct client *client) {
    client->dead = true;
}

static void await(struct client *client) {
    uint32_t events = 0;

    if (!client->in_ended &&
        (client->role != ROLE_STREAM || !client->in || process_input_room(client->process) > 0))
        events |= EPOLLIN | EPOLLRDHUP;
    if (client->spill.head < client->spill.tail)
        events |= EPOLLOUT;
    watch(client->shim, &client->source, events);
}

void client_add(struct shim *shim, int fd, enum role role) {
    struct client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        close(fd);
        return;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    client->source = (struct source){.kind = SOURCE_CLIENT, .fd = fd, .owner = client};
    client->shim = shim;
    client->role = role;
    client->spill.fd = -1;
    client->next = shim->clients;
    shim->clients = client;
    await(client);
}

void client_accept(struct shim *shim) {
    int fd;

    while ((fd = accept4(shim->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        if (check_peer(fd) < 0)
            close(fd);
        else
            client_add(shim, fd, ROLE_NEW);
    }
}

/* Beside the status file: that is on a disk, the exec root often in memory. */
static int spill_open(struct client *client) {
    char directory[4096];
    const char *file = client->shim->container->status_file, *slash = strrchr(file, '/');
    int fd;

    snprintf(directory, sizeof directory, "%.*s", slash == NULL ? 1 : (int)(slash - file),
             slash == NULL ? "." : file);
    fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd
                   : memfd_create("spill", MFD_CLOEXEC); /* a file system that has no such files */
}

static void spill(struct client *client, const char *data, size_t length) {
    struct spill *s = &client->spill;

    if (s->fd < 0)
        s->fd = spill_open(client);
    if (s->head == s->tail)
        client->progress_ms = now_ms();
    while (length > 0) {
        ssize_t n = pwrite(s->fd, data, length, s->tail);

        if (n <= 0) {
            die(client); /* nowhere to keep it: better cut off than wrong */
            return;
        }
        s->tail += n;
        data += n;
        length -= (size_t)n;
    }
    await(client);
}

void client_send(struct client *client, const void *data, size_t length) {
    const char *at = data;

    if (client->dead)
        return;
    if (client->spill.head == client->spill.tail) {
        while (length > 0) {
            ssize_t n = send(client->source.fd, at, length, MSG_DONTWAIT | MSG_NOSIGNAL);

            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0 && errno != EAGAIN) {
                die(client);
                return;
            }
            if (n < 0)
                break;
            at += n;
            length -= (size_t)n;
        }
    }
    if (length > 0)
        spill(client, at, length);
}

static void drain_spill(struct client *client) {
    struct spill *s = &client->spill;
    char buffer[16384];

    while (s->head < s->tail) {
        ssize_t got = pread(s->fd, buffer, sizeof buffer, s->head);
        ssize_t n = got <= 0
                        ? -1
                        : send(client->source.fd, buffer, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && got > 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            die(client);
            return;
        }
        s->head += n;
        client->progress_ms = now_ms();
    }
    if (s->head - s->freed >= SPILL_STEP && s->head < s->tail) {
        fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, s->freed, s->head - s->freed);
        s->freed = s->head;
    }
    if (s->head == s->tail && s->tail > 0) {
        s->head = s->tail = s->freed = 0;
        close_fd(&s->fd);
        if (client->finishing)
            die(client);
    }
    await(client);
}

static void send_framed(struct client *client, const struct process *process, int stream,
                        const char *data, size_t length) {
    unsigned char header[FRAME_HEADER];

    if (!process->tty) {
        struct iovec parts[2] = {{header, sizeof header}, {(void *)data, length}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t n = 0;

        frame_header(header, stream == 1 ? FRAME_STDOUT : FRAME_STDERR, length);
        if (client->spill.head == client->spill.tail)
            n = sendmsg(client->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) {
            die(client);
            return;
        }
        if (n < 0)
            n = 0;
        if (n < FRAME_HEADER) {
            client_send(client, header + n, sizeof header - (size_t)n);
            n = FRAME_HEADER;
        }
        data += n - FRAME_HEADER;
        length -= (size_t)(n - FRAME_HEADER);
    }
    if (length > 0)
        client_send(client, data, length);
}

void clients_output(struct process *process, int stream, const char *data, size_t length) {
    for (struct client *client = process->shim->clients; client != NULL; client = client->next)
        if (client->role == ROLE_STREAM && client->process == process && !client->dead &&
            !client->finishing && (stream == 1 ? client->out : client->err))
            send_framed(client, process, stream, data, length);
}

bool clients_hold(const struct process *process) {
    for (const struct client *client = process->shim->clients; client != NULL;
         client = client->next)
        if (client->process == process && !client->dead &&
            client->spill.tail - client->spill.head >= SPILL_MOST)
            return true;
    return false;
}

void client_finish(struct client *client) {
    client->finishing = true;
    if (client->spill.head == client->spill.tail)
        die(client);
}

/* Cuts off who takes nothing. */
void clients_tick(struct shim *shim) {
    static const char text[] =
        "attach: this client took nothing for 10 s and was cut off; use the logs\n";

    for (struct client *client = shim->clients; client != NULL; client = client->next) {
        unsigned char header[FRAME_HEADER];
        bool full = client->spill.tail - client->spill.head >= SPILL_MOST || client->finishing;

        if (client->dead || client->spill.head == client->spill.tail || !full ||
            now_ms() - client->progress_ms < STALL_MS)
            continue;
        frame_header(header, FRAME_ERROR, sizeof text - 1);
        if (client->process != NULL && !client->process->tty &&
            send(client->source.fd, header, sizeof header, MSG_DONTWAIT | MSG_NOSIGNAL) ==
                sizeof header)
            send(client->source.fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        die(client);
    }
}

static void end_of_input(struct client *client) {
    client->in_ended = true;
    if (client->role != ROLE_STREAM) {
        die(client);
        return;
    }
    if (client->in && client->stdin_once && !client->process->tty)
        process_end_input(client->process);
    else if (client->in && client->process->exec[0] == 0)
        client_finish(client);
    await(client);
}

static void read_stdin(struct client *client) {
    char buffer[16384];
    size_t room = client->in ? process_input_room(client->process) : sizeof buffer;
    ssize_t n;

    if (room == 0) {
        await(client);
        return;
    }
    n = recv(client->source.fd, buffer, room < sizeof buffer ? room : sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        if (n < 0)
            die(client);
        else
            end_of_input(client);
        return;
    }
    if (client->in)
        process_feed(client->process, buffer, (size_t)n);
    await(client);
}

static void parse_request(struct client *client, size_t length) {
    struct json_document document;
    struct error err = {0};
    char *text = client->request;

    client->request = NULL;
    client->request_used = 0;
    if (json_parse(&document, text + FRAME_HEADER, length, &err) < 0) {
        reply_error(client, -1, &err);
    } else {
        client_request(client, document.root);
        json_free(&document);
    }
    free(text);
}

/* An exec may have as large an environment as a container. */
static int64_t request_length(const struct client *client) {
    return frame_length((unsigned char *)client->request, FRAME_MESSAGE,
                        client->role == ROLE_NEW ? MAX_REQUEST : MAX_MESSAGE);
}

/* Reads as much as the message at hand needs, and no byte of what follows it. */
static void read_request(struct client *client) {
    size_t wanted = FRAME_HEADER;
    int64_t length = 0;
    ssize_t n;

    if (client->request == NULL && (client->request = malloc(FRAME_HEADER + 1)) == NULL) {
        die(client);
        return;
    }
    if (client->request_used >= FRAME_HEADER) {
        length = request_length(client);
        wanted += (size_t)length;
    }
    n = recv(client->source.fd, client->request + client->request_used,
             wanted - client->request_used, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_of_input(client);
        return;
    }
    client->request_used += (size_t)n;
    if (client->request_used == FRAME_HEADER && length == 0) {
        char *larger;

        length = request_length(client);
        larger = length <= 0 ? NULL : realloc(client->request, FRAME_HEADER + (size_t)length + 1);
        if (larger == NULL) {
            die(client);
            return;
        }
        client->request = larger;
        read_request(client);
    } else if (client->request_used == wanted && wanted > FRAME_HEADER) {
        parse_request(client, (size_t)length);
    }
}

/* It has closed both directions; what it sent before is still taken. */
static void peer_gone(struct client *client) {
    if (client->role != ROLE_STREAM || !client->in || client->in_ended) {
        die(client);
        return;
    }
    if (process_input_room(client->process) == 0) {
        unwatch(client->shim,
                &client->source); /* until there is room: a hang-up would be told for ever */
        return;
    }
    read_stdin(client);
    if (client->in_ended)
        die(client);
}

void client_event(struct client *client, uint32_t events) {
    if (client->dead)
        return;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        peer_gone(client);
        return;
    }
    if ((events & EPOLLOUT) != 0)
        drain_spill(client);
    if (client->dead || client->in_ended || (events & (EPOLLIN | EPOLLRDHUP)) == 0)
        return;
    if (client->role == ROLE_STREAM)
        read_stdin(client);
    else
        read_request(client);
}

/* Frees the dead; outside of any walk over the list. */
void clients_sweep(struct shim *shim) {
    struct client **at = &shim->clients;

    while (*at != NULL) {
        struct client *client = *at;

        if (!client->dead) {
            at = &client->next;
            continue;
        }
        *at = client->next;
        for (struct process *exec = shim->execs; exec != NULL; exec = exec->next)
            if (exec->origin == client)
                exec->origin = NULL;
        unwatch(shim, &client->source);
        close(client->source.fd);
        close_fd(&client->spill.fd);
        free(client->request);
        free(client);
    }
}

void clients_notice(struct shim *shim, struct json_writer *w) {
    unsigned char header[FRAME_HEADER];

    frame_header(header, FRAME_MESSAGE, w->used);
    for (struct client *client = shim->clients; client != NULL; client = client->next)
        if (client->role == ROLE_CONTROL) {
            client_send(client, header, sizeof header);
            client_send(client, w->text, w->used);
        }
}
