#include "log_line.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define NANOSECONDS 1000000000

/* The first quote or backslash from s on, or end. */
static const char *skip_plain(const char *s, const char *end) {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');

    for (; end - s >= 16; s += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)s);
        int mask =
            _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)));

        if (mask != 0)
            return s + __builtin_ctz((unsigned)mask);
    }
#endif
    while (s < end && *s != '"' && *s != '\\')
        s++;
    return s;
}

/* The quote that ends the string whose text begins at s, or NULL. */
static const char *string_end(const char *s, const char *end) {
    for (;;) {
        s = skip_plain(s, end);
        if (s >= end)
            return NULL;
        if (*s == '"')
            return s;
        if (end - s < 2)
            return NULL;
        s += 2;
    }
}

/* What follows the value at s, or NULL. */
static const char *skip_value(const char *s, const char *end) {
    int depth = 0;

    while (s < end) {
        if (*s == '"') {
            s = string_end(s + 1, end);
            if (s == NULL)
                return NULL;
        } else if (*s == '{' || *s == '[') {
            depth++;
        } else if (*s == '}' || *s == ']') {
            if (depth == 0)
                return s;
            depth--;
        } else if (*s == ',' && depth == 0) {
            return s;
        }
        s++;
    }
    return NULL;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_time(const char *s, size_t length) {
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";

    if (length < 20 || length > 30 || s[length - 1] != 'Z' ||
        (length > 20 && (length < 22 || s[19] != '.')))
        return false;
    for (size_t i = 0; i < 19; i++)
        if (shape[i] == 'd' ? !is_digit(s[i]) : s[i] != shape[i])
            return false;
    for (size_t i = 20; i + 1 < length; i++)
        if (!is_digit(s[i]))
            return false;
    return true;
}

static bool is(const char *s, size_t length, const char *text) {
    return strlen(text) == length && memcmp(s, text, length) == 0;
}

static const char *member(struct log_line *record, const char *s, const char *end) {
    const char *key = s + 1, *key_end, *value;

    if (end - s < 2 || *s != '"' || (key_end = string_end(key, end)) == NULL || end - key_end < 3 ||
        key_end[1] != ':')
        return NULL;
    value = key_end + 2;
    if (*value != '"')
        return skip_value(value, end);
    s = string_end(++value, end);
    if (s == NULL)
        return NULL;
    if (is(key, (size_t)(key_end - key), "log")) {
        record->text = value;
        record->text_length = (size_t)(s - value);
    } else if (is(key, (size_t)(key_end - key), "stream")) {
        record->stream = is(value, (size_t)(s - value), "stdout")   ? 1
                         : is(value, (size_t)(s - value), "stderr") ? 2
                                                                    : 0;
    } else if (is(key, (size_t)(key_end - key), "time")) {
        record->time = value;
        record->time_length = (size_t)(s - value);
    }
    return s + 1;
}

bool log_line_parse(struct log_line *record, const char *line, const char *end) {
    const char *s = line;

    memset(record, 0, sizeof *record);
    if (end - s < 2 || *s != '{')
        return false;
    do {
        s = member(record, s + 1, end);
        if (s == NULL || s >= end)
            return false;
    } while (*s == ',');
    return *s == '}' && record->text != NULL && record->stream != 0 && record->time != NULL &&
           is_time(record->time, record->time_length);
}

static int hex(const char *s) {
    int value = 0;

    for (int i = 0; i < 4; i++) {
        char c = s[i];
        int digit = is_digit(c)                          ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static char *put_utf8(char *out, int point) {
    if (point < 0x80) {
        *out++ = (char)point;
    } else if (point < 0x800) {
        *out++ = (char)(0xc0 | point >> 6);
        *out++ = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        *out++ = (char)(0xe0 | point >> 12);
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
        *out++ = (char)(0x80 | (point & 0x3f));
    } else {
        *out++ = (char)(0xf0 | point >> 18);
        *out++ = (char)(0x80 | (point >> 12 & 0x3f));
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
        *out++ = (char)(0x80 | (point & 0x3f));
    }
    return out;
}

/* The escape at s, which is a backslash with at least one byte after it; returns what follows it.
 */
static const char *unescape(char **out, const char *s, const char *end) {
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    const char *found;
    int point, low;

    if (s[1] != 'u' || end - s < 6 || (point = hex(s + 2)) < 0) {
        found = memchr(from, s[1], 5);
        *(*out)++ = found == NULL ? s[1] : to[found - from];
        return s + 2;
    }
    s += 6;
    if (point >= 0xd800 && point < 0xdc00 && end - s >= 6 && s[0] == '\\' && s[1] == 'u' &&
        (low = hex(s + 2)) >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        s += 6;
    } else if (point >= 0xd800 && point < 0xe000) {
        point = 0xfffd;
    }
    *out = put_utf8(*out, point);
    return s;
}

char *log_line_decode(char *out, const struct log_line *record) {
    const char *s = record->text, *end = s + record->text_length;

    while (s < end) {
        const char *stop = skip_plain(s, end);

        memcpy(out, s, (size_t)(stop - s));
        out += stop - s;
        s = stop;
        if (end - s >= 2)
            s = unescape(&out, s, end);
        else if (s < end)
            s++;
    }
    return out;
}

static int64_t number(const char *s, int digits) {
    int64_t value = 0;

    while (digits-- > 0)
        value = value * 10 + (*s++ - '0');
    return value;
}

int64_t log_line_time(const struct log_line *record) {
    const char *s = record->time;
    int64_t year = number(s, 4), month = number(s + 5, 2), fraction = 0, days, seconds;

    /* Days since the epoch with years that begin in March, so that the leap day is the last. */
    year -= month <= 2;
    days = 365 * year + year / 4 - year / 100 + year / 400 +
           (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + number(s + 8, 2) - 1 - 719468;
    for (size_t i = 0; i < 9; i++)
        fraction = fraction * 10 + (20 + i + 1 < record->time_length ? s[20 + i] - '0' : 0);
    seconds = days * 86400 + number(s + 11, 2) * 3600 + number(s + 14, 2) * 60 + number(s + 17, 2);
    if (seconds >= INT64_MAX / NANOSECONDS || seconds <= INT64_MIN / NANOSECONDS)
        return seconds > 0 ? INT64_MAX : INT64_MIN;
    return seconds * NANOSECONDS + fraction;
}

char *log_line_put_time(char *out, const struct log_line *record) {
    size_t digits = record->time_length > 20 ? record->time_length - 21 : 0;

    memcpy(out, record->time, 19);
    out[19] = '.';
    memset(out + 20, '0', 9);
    memcpy(out + 20, record->time + 20, digits);
    out[29] = 'Z';
    return out + 30;
}
