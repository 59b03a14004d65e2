#include "inflate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"

#define WINDOW 65536U
#define FAST_BITS 10
#define MAX_BITS 15

/* Codes of at most FAST_BITS are found in `fast` (symbol << 4 | length); longer ones by counting
 * along their lengths. */
struct huffman {
    uint16_t fast[1 << FAST_BITS];
    uint16_t count[MAX_BITS + 1], symbol[288];
};

struct inflater {
    int fd;
    unsigned char in[32768];
    size_t in_at, in_end;
    uint64_t bits;
    unsigned bit_count, borrowed; /* zero bytes that were given where the input had ended */
    unsigned char window[WINDOW];
    uint64_t total;
    inflate_sink *sink;
    void *context;
    int result;
    struct huffman literals, distances;
};

static int corrupt(struct inflater *f) {
    if (f->result == 0) {
        errno = EBADMSG;
        f->result = -1;
    }
    return -1;
}

static int next_byte(struct inflater *f) {
    if (f->in_at == f->in_end) {
        ssize_t n = f->borrowed > 0 ? 0 : read(f->fd, f->in, sizeof f->in);

        if (n <= 0) {
            f->borrowed++;
            return 0;
        }
        f->in_at = 0;
        f->in_end = (size_t)n;
    }
    return f->in[f->in_at++];
}

static void fill(struct inflater *f) {
    while (f->bit_count <= 48) {
        f->bits |= (uint64_t)next_byte(f) << f->bit_count;
        f->bit_count += 8;
    }
}

static unsigned take(struct inflater *f, unsigned count) {
    unsigned value;

    if (f->bit_count < count)
        fill(f);
    value = (unsigned)(f->bits & ((1ULL << count) - 1));
    f->bits >>= count;
    f->bit_count -= count;
    return value;
}

/* More was taken than there is. */
static bool overrun(const struct inflater *f) {
    return f->borrowed * 8 > f->bit_count;
}

static unsigned reverse(unsigned code, unsigned length) {
    unsigned reversed = 0;

    for (; length > 0; length--, code >>= 1)
        reversed = reversed << 1 | (code & 1);
    return reversed;
}

/* RFC 1951, 3.2.2: codes of the same length are consecutive, in the order of their symbols. */
static int build(struct huffman *h, const unsigned char *lengths, unsigned n) {
    unsigned offset[MAX_BITS + 2], code[MAX_BITS + 2];
    int left = 1;

    memset(h, 0, sizeof *h);
    for (unsigned i = 0; i < n; i++)
        h->count[lengths[i]]++;
    h->count[0] = 0;
    offset[1] = code[1] = 0;
    for (unsigned length = 1; length <= MAX_BITS; length++) {
        left = left * 2 - h->count[length];
        if (left < 0)
            return -1;
        offset[length + 1] = offset[length] + h->count[length];
        code[length + 1] = (code[length] + h->count[length]) << 1;
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned length = lengths[i];

        if (length == 0)
            continue;
        h->symbol[offset[length]++] = (uint16_t)i;
        if (length <= FAST_BITS)
            for (unsigned at = reverse(code[length], length); at < 1 << FAST_BITS;
                 at += 1U << length)
                h->fast[at] = (uint16_t)(i << 4 | length);
        code[length]++;
    }
    return 0;
}

static int decode(struct inflater *f, const struct huffman *h) {
    unsigned code = 0, first = 0, index = 0, entry;

    if (f->bit_count < MAX_BITS)
        fill(f);
    entry = h->fast[f->bits & ((1 << FAST_BITS) - 1)];
    if (entry != 0) {
        f->bits >>= entry & 15;
        f->bit_count -= entry & 15;
        return (int)(entry >> 4);
    }
    for (unsigned length = 1; length <= MAX_BITS; length++) {
        code |= (unsigned)(f->bits >> (length - 1)) & 1;
        if (code < first + h->count[length]) {
            f->bits >>= length;
            f->bit_count -= length;
            return h->symbol[index + code - first];
        }
        index += h->count[length];
        first = (first + h->count[length]) << 1;
        code <<= 1;
    }
    return corrupt(f);
}

static int put(struct inflater *f, unsigned byte) {
    f->window[f->total++ % WINDOW] = (unsigned char)byte;
    if (f->total % WINDOW == 0)
        f->result = f->sink(f->context, (const char *)f->window, WINDOW);
    return f->result;
}

/* Length and distance codes: how many extra bits, and from which value (RFC 1951, 3.2.5). */
static unsigned length_of(struct inflater *f, unsigned code) {
    unsigned extra;

    if (code < 8 || code == 28)
        return code == 28 ? 258 : code + 3;
    extra = (code - 4) >> 2;
    return 3 + ((4 + (code & 3)) << extra) + take(f, extra);
}

static unsigned distance_of(struct inflater *f, unsigned code) {
    unsigned extra;

    if (code < 4)
        return code + 1;
    extra = (code - 2) >> 1;
    return 1 + ((2 + (code & 1)) << extra) + take(f, extra);
}

static int copy(struct inflater *f, int symbol) {
    unsigned length, distance;
    int code;

    if (symbol > 285)
        return corrupt(f);
    length = length_of(f, (unsigned)symbol - 257);
    code = decode(f, &f->distances);
    if (code < 0 || code > 29)
        return corrupt(f);
    distance = distance_of(f, (unsigned)code);
    if (distance > f->total || overrun(f))
        return corrupt(f);
    while (length-- > 0)
        if (put(f, f->window[(f->total - distance) % WINDOW]) != 0)
            return -1;
    return 0;
}

static int compressed_block(struct inflater *f) {
    for (;;) {
        int symbol = decode(f, &f->literals);

        if (symbol < 0 || overrun(f))
            return corrupt(f);
        if (symbol == 256)
            return 0;
        if ((symbol < 256 ? put(f, (unsigned)symbol) : copy(f, symbol)) != 0)
            return -1;
    }
}

static int stored_block(struct inflater *f) {
    unsigned length;

    take(f, f->bit_count % 8);
    length = take(f, 16);
    if ((take(f, 16) ^ length) != 0xffff)
        return corrupt(f);
    while (length-- > 0) {
        unsigned byte = take(f, 8);

        if (overrun(f))
            return corrupt(f);
        if (put(f, byte) != 0)
            return -1;
    }
    return 0;
}

static void fixed_codes(struct inflater *f) {
    unsigned char lengths[288];

    for (unsigned i = 0; i < 288; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    build(&f->literals, lengths, 288);
    memset(lengths, 5, 30);
    build(&f->distances, lengths, 30);
}

/* RFC 1951, 3.2.7: the lengths of the codes are themselves compressed. */
static int dynamic_codes(struct inflater *f) {
    static const unsigned char order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                            11, 4,  12, 3, 13, 2, 14, 1, 15};
    unsigned char lengths[320] = {0};
    unsigned literals = take(f, 5) + 257, distances = take(f, 5) + 1, n = take(f, 4) + 4, at = 0;

    for (unsigned i = 0; i < n; i++)
        lengths[order[i]] = (unsigned char)take(f, 3);
    if (literals > 286 || distances > 30 || build(&f->literals, lengths, 19) < 0)
        return corrupt(f);
    memset(lengths, 0, sizeof lengths);
    while (at < literals + distances) {
        int symbol = decode(f, &f->literals);
        unsigned repeat, value = 0;

        if (symbol < 0 || overrun(f) || (symbol == 16 && at == 0))
            return corrupt(f);
        if (symbol < 16) {
            lengths[at++] = (unsigned char)symbol;
            continue;
        }
        if (symbol == 16)
            value = lengths[at - 1];
        repeat = symbol == 16 ? 3 + take(f, 2) : symbol == 17 ? 3 + take(f, 3) : 11 + take(f, 7);
        if (at + repeat > literals + distances)
            return corrupt(f);
        memset(lengths + at, (int)value, repeat);
        at += repeat;
    }
    if (build(&f->literals, lengths, literals) < 0 ||
        build(&f->distances, lengths + literals, distances) < 0)
        return corrupt(f);
    return 0;
}

/* RFC 1952, 2.3. */
static int header(struct inflater *f) {
    unsigned flags;

    if (take(f, 16) != 0x8b1f || take(f, 8) != 8)
        return corrupt(f);
    flags = take(f, 8);
    take(f, 24);
    take(f, 24);
    if ((flags & 4) != 0)
        for (unsigned n = take(f, 16); n > 0 && !overrun(f); n--)
            take(f, 8);
    for (unsigned text = flags >> 3 & 3; text > 0; text &= text - 1) /* a name and a comment */
        while (take(f, 8) != 0 && !overrun(f))
            continue;
    if ((flags & 2) != 0)
        take(f, 16);
    return overrun(f) ? corrupt(f) : 0;
}

static int blocks(struct inflater *f) {
    for (bool last = false; !last;) {
        unsigned kind;

        last = take(f, 1) != 0;
        kind = take(f, 2);
        if (kind == 3 || overrun(f))
            return corrupt(f);
        if (kind == 1)
            fixed_codes(f);
        if (kind == 2 && dynamic_codes(f) < 0)
            return -1;
        if ((kind == 0 ? stored_block(f) : compressed_block(f)) < 0)
            return -1;
    }
    return 0;
}

int gunzip(int fd, inflate_sink *sink, void *context) {
    autofree struct inflater *f = calloc(1, sizeof *f);
    int error;

    if (f == NULL)
        return -1;
    f->fd = fd;
    f->sink = sink;
    f->context = context;
    if (header(f) == 0)
        blocks(f);
    error = errno;
    if ((f->result == 0 || (f->result == -1 && error == EBADMSG)) && f->total % WINDOW != 0) {
        int result = sink(context, (const char *)f->window, f->total % WINDOW);

        if (result != 0)
            return result;
    }
    errno = error;
    return f->result;
}
