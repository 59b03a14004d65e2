#include "deflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "message.h"

/* DEFLATE (RFC 1951) in blocks with the fixed Huffman codes: repetitions within 32 KiB are found
 * through a hash of the next four bytes. Log lines repeat themselves so much that better codes
 * would gain little. */
#define WINDOW 32768
#define HASH_BITS 15
#define SHORTEST 4
#define LONGEST 258

struct writer {
    int fd;
    unsigned char buffer[65536];
    size_t used;
    uint64_t bits;
    unsigned count;
    int failed;
};

static void put_byte(struct writer *w, unsigned byte) {
    w->buffer[w->used++] = (unsigned char)byte;
    if (w->used == sizeof w->buffer) {
        if (write_all(w->fd, w->buffer, w->used) < 0)
            w->failed = 1;
        w->used = 0;
    }
}

static void put_bits(struct writer *w, unsigned value, unsigned count) {
    w->bits |= (uint64_t)value << w->count;
    w->count += count;
    while (w->count >= 8) {
        put_byte(w, (unsigned)(w->bits & 0xff));
        w->bits >>= 8;
        w->count -= 8;
    }
}

/* Huffman codes go most significant bit first. */
static void put_code(struct writer *w, unsigned code, unsigned count) {
    unsigned reversed = 0;

    for (unsigned i = 0; i < count; i++)
        reversed |= (code >> i & 1) << (count - 1 - i);
    put_bits(w, reversed, count);
}

/* RFC 1951, 3.2.6. */
static void put_symbol(struct writer *w, unsigned symbol) {
    if (symbol < 144)
        put_code(w, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(w, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(w, symbol - 256, 7);
    else
        put_code(w, 0xc0 + symbol - 280, 8);
}

/* RFC 1951, 3.2.5: lengths and distances are a code and some extra bits. */
static void put_match(struct writer *w, unsigned length, unsigned distance) {
    unsigned extra, code;

    if (length == LONGEST) {
        put_symbol(w, 285);
    } else {
        length -= 3;
        extra = length < 8 ? 0 : (unsigned)(31 - __builtin_clz(length)) - 2;
        code = length < 8 ? length : (extra << 2) + (length >> extra);
        put_symbol(w, 257 + code);
        put_bits(w, length & ((1U << extra) - 1), extra);
    }
    distance -= 1;
    extra = distance < 4 ? 0 : (unsigned)(31 - __builtin_clz(distance)) - 1;
    code = distance < 4 ? distance : (extra << 1) + (distance >> extra);
    put_code(w, code, 5);
    put_bits(w, distance & ((1U << extra) - 1), extra);
}

static unsigned hash(const unsigned char *at) {
    uint32_t four;

    memcpy(&four, at, 4);
    return four * 2654435761U >> (32 - HASH_BITS);
}

static unsigned match_length(const unsigned char *a, const unsigned char *b, size_t left) {
    unsigned most = left < LONGEST ? (unsigned)left : LONGEST, n = 0;

    while (n < most && a[n] == b[n])
        n++;
    return n;
}

static void deflate(struct writer *w, const unsigned char *data, size_t length,
                    uint32_t *last_seen) {
    size_t at = 0;

    put_bits(w, 1, 1); /* the last block, */
    put_bits(w, 1, 2); /* with the fixed codes */
    while (at < length) {
        unsigned matched = 0, h;
        size_t candidate;

        if (length - at >= SHORTEST) {
            h = hash(data + at);
            candidate = last_seen[h];
            last_seen[h] = (uint32_t)at + 1;
            if (candidate != 0 && at - (candidate - 1) <= WINDOW)
                matched = match_length(data + candidate - 1, data + at, length - at);
            if (matched >= SHORTEST) {
                put_match(w, matched, (unsigned)(at - (candidate - 1)));
                for (size_t i = at + 1; i < at + matched && i + SHORTEST <= length; i += 2)
                    last_seen[hash(data + i)] = (uint32_t)i + 1;
                at += matched;
                continue;
            }
        }
        put_symbol(w, data[at++]);
    }
    put_symbol(w, 256);
    if (w->count > 0)
        put_bits(w, 0, 8 - w->count);
}

static uint32_t crc32(const unsigned char *data, size_t length) {
    uint32_t table[256], crc = 0xffffffff;

    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] & 1 ? table[i] >> 1 ^ 0xedb88320 : table[i] >> 1;
    }
    for (size_t i = 0; i < length; i++)
        crc = table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

static void put_u32(struct writer *w, uint32_t value) {
    for (int i = 0; i < 4; i++)
        put_byte(w, value >> (8 * i) & 0xff);
}

int gzip_file(const char *from, const char *to) {
    static const unsigned char header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    autoclose int in = open(from, O_RDONLY | O_CLOEXEC);
    autofree struct writer *w = calloc(1, sizeof *w);
    autofree uint32_t *last_seen = calloc(1U << HASH_BITS, sizeof *last_seen);
    unsigned char *data = NULL;
    struct stat st;

    if (in < 0 || w == NULL || last_seen == NULL || fstat(in, &st) < 0 ||
        st.st_size > UINT32_MAX - 1)
        return -1;
    if (st.st_size > 0) {
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, in, 0);
        if (data == MAP_FAILED)
            return -1;
    }
    w->fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (w->fd >= 0) {
        for (size_t i = 0; i < sizeof header; i++)
            put_byte(w, header[i]);
        deflate(w, data, (size_t)st.st_size, last_seen);
        put_u32(w, crc32(data, (size_t)st.st_size));
        put_u32(w, (uint32_t)st.st_size);
        w->failed |= write_all(w->fd, w->buffer, w->used) < 0;
        /* The time tells a reader of the original that this is its copy. */
        futimens(w->fd, (struct timespec[2]){st.st_atim, st.st_mtim});
        close(w->fd);
    }
    if (data != NULL)
        munmap(data, (size_t)st.st_size);
    return w->fd < 0 || w->failed ? -1 : 0;
}
