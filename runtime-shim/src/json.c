#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_DEPTH 32

struct parser {
    char *at, *end;
    struct json *nodes;
    size_t used, size;
    struct error *err;
};

static int refuse(struct parser *p, const char *why) {
    return fail(p->err, "config", "invalid JSON: %s", why);
}

static void skip_space(struct parser *p) {
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static int hex4(const char *at, unsigned *value) {
    *value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        unsigned digit;

        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            digit = (unsigned)((c | 32) - 'a' + 10);
        else
            return -1;
        *value = *value << 4 | digit;
    }
    return 0;
}

static char *put_utf8(char *out, unsigned point) {
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

/* \uXXXX, p->at after the u; surrogates must come in pairs. */
static int unicode_escape(struct parser *p, char **out) {
    unsigned point, low;

    if (p->end - p->at < 4 || hex4(p->at, &point) < 0 || point == 0)
        return refuse(p, "bad \\u escape");
    p->at += 4;
    if (point >= 0xd800 && point < 0xdc00) {
        if (p->end - p->at < 6 || p->at[0] != '\\' || p->at[1] != 'u' ||
            hex4(p->at + 2, &low) < 0 || low < 0xdc00 || low > 0xdfff)
            return refuse(p, "lone surrogate");
        p->at += 6;
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else if (point >= 0xdc00 && point < 0xe000) {
        return refuse(p, "lone surrogate");
    }
    *out = put_utf8(*out, point);
    return 0;
}

static int escape(struct parser *p, char **out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char c;

    if (p->at == p->end)
        return refuse(p, "unterminated string");
    c = *p->at++;
    if (c == 'u')
        return unicode_escape(p, out);
    found = c == 0 ? NULL : strchr(from, c);
    if (found == NULL)
        return refuse(p, "bad escape");
    *(*out)++ = to[found - from];
    return 0;
}

/* Length of the UTF-8 sequence at s, or 0 where it is not one (RFC 3629). */
static size_t utf8_length(const unsigned char *s, size_t left) {
    if (s[0] >= 0xc2 && s[0] < 0xe0 && left >= 2 && (s[1] & 0xc0) == 0x80)
        return 2;
    if ((s[0] & 0xf0) == 0xe0 && left >= 3 && (s[1] & 0xc0) == 0x80 && (s[2] & 0xc0) == 0x80 &&
        !(s[0] == 0xe0 && s[1] < 0xa0) && !(s[0] == 0xed && s[1] > 0x9f))
        return 3;
    if (s[0] >= 0xf0 && s[0] < 0xf5 && left >= 4 && (s[1] & 0xc0) == 0x80 &&
        (s[2] & 0xc0) == 0x80 && (s[3] & 0xc0) == 0x80 && !(s[0] == 0xf0 && s[1] < 0x90) &&
        !(s[0] == 0xf4 && s[1] > 0x8f))
        return 4;
    return 0;
}

/* p->at after the opening quote; writes the string over its own source. */
static int parse_string(struct parser *p, const char **value, uint32_t *length) {
    char *start = p->at, *out = p->at;

    for (;;) {
        size_t n;
        unsigned char c;

        if (p->at == p->end)
            return refuse(p, "unterminated string");
        c = (unsigned char)*p->at;
        if (c == '"')
            break;
        if (c < 0x20)
            return refuse(p, "control character in a string");
        if (c == '\\') {
            p->at++;
            if (escape(p, &out) < 0)
                return -1;
            continue;
        }
        n = c < 0x80 ? 1 : utf8_length((unsigned char *)p->at, (size_t)(p->end - p->at));
        if (n == 0)
            return refuse(p, "invalid UTF-8");
        while (n-- > 0)
            *out++ = *p->at++;
    }
    p->at++;
    *out = 0;
    *value = start;
    *length = (uint32_t)(out - start);
    return 0;
}

static void skip_digits(struct parser *p) {
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
}

static bool at_any(const struct parser *p, const char *these) {
    return p->at < p->end && *p->at != 0 && strchr(these, *p->at) != NULL;
}

static int parse_number(struct parser *p, struct json *node) {
    char *start = p->at, *digits;

    p->at += at_any(p, "-");
    digits = p->at;
    skip_digits(p);
    if (p->at == digits || (*digits == '0' && p->at - digits > 1))
        return refuse(p, "unexpected character");
    if (at_any(p, ".")) {
        digits = ++p->at;
        skip_digits(p);
    }
    if (p->at > digits && at_any(p, "eE")) {
        p->at++;
        p->at += at_any(p, "+-");
        digits = p->at;
        skip_digits(p);
    }
    if (p->at == digits || p->at - start > 32)
        return refuse(p, "unexpected character");
    node->type = JSON_NUMBER;
    node->string = start;
    node->length = (uint32_t)(p->at - start);
    return 0;
}

static int parse_word(struct parser *p, const char *word, struct json *node, enum json_type type) {
    size_t length = strlen(word);

    if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0)
        return refuse(p, "unexpected character");
    p->at += length;
    node->type = type;
    return 0;
}

static int parse_value(struct parser *p, struct json *node, int depth);

static struct json *new_node(struct parser *p) {
    if (p->used == p->size) {
        refuse(p, "too many values");
        return NULL;
    }
    return &p->nodes[p->used++];
}

static int parse_key(struct parser *p, struct json *node) {
    uint32_t length;

    skip_space(p);
    if (p->at == p->end || *p->at++ != '"')
        return refuse(p, "a key was expected");
    if (parse_string(p, &node->key, &length) < 0)
        return -1;
    skip_space(p);
    if (p->at == p->end || *p->at++ != ':')
        return refuse(p, "a colon was expected");
    return 0;
}

/* p->at after the opening bracket. */
static int parse_container(struct parser *p, struct json *node, char closing, int depth) {
    const struct json **tail = &node->first;

    if (depth == MAX_DEPTH)
        return refuse(p, "too deep");
    node->type = closing == ']' ? JSON_ARRAY : JSON_OBJECT;
    skip_space(p);
    if (p->at < p->end && *p->at == closing) {
        p->at++;
        return 0;
    }
    for (;;) {
        struct json *child = new_node(p);

        if (child == NULL || (closing == '}' && parse_key(p, child) < 0) ||
            parse_value(p, child, depth + 1) < 0)
            return -1;
        *tail = child;
        tail = &child->next;
        node->length++;
        skip_space(p);
        if (p->at == p->end)
            return refuse(p, "unexpected end");
        if (*p->at == closing) {
            p->at++;
            return 0;
        }
        if (*p->at++ != ',')
            return refuse(p, "a comma was expected");
    }
}

static int parse_value(struct parser *p, struct json *node, int depth) {
    skip_space(p);
    if (p->at == p->end)
        return refuse(p, "unexpected end");
    switch (*p->at) {
    case '{':
        p->at++;
        return parse_container(p, node, '}', depth);
    case '[':
        p->at++;
        return parse_container(p, node, ']', depth);
    case '"':
        p->at++;
        node->type = JSON_STRING;
        return parse_string(p, &node->string, &node->length);
    case 't':
        return parse_word(p, "true", node, JSON_TRUE);
    case 'f':
        return parse_word(p, "false", node, JSON_FALSE);
    case 'n':
        return parse_word(p, "null", node, JSON_NULL);
    default:
        return parse_number(p, node);
    }
}

/* No value is shorter than two bytes with its separator, so this many nodes always do. */
static size_t most_nodes(const char *text, size_t length) {
    size_t count = 2;

    for (size_t i = 0; i < length; i++)
        if (text[i] == ',' || text[i] == '[' || text[i] == '{')
            count++;
    return count;
}

int json_parse(struct json_document *document, char *text, size_t length, struct error *err) {
    struct parser p = {.at = text, .end = text + length, .err = err};

    p.size = most_nodes(text, length);
    document->nodes_bytes = p.size * sizeof *p.nodes;
    document->nodes = mmap(NULL, document->nodes_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (document->nodes == MAP_FAILED) {
        document->nodes = NULL;
        return fail_errno(err, "config", "mmap %zu bytes", document->nodes_bytes);
    }
    p.nodes = document->nodes;
    document->root = new_node(&p);
    if (parse_value(&p, document->root, 0) == 0) {
        skip_space(&p);
        if (p.at == p.end)
            return 0;
        refuse(&p, "content after the value");
    }
    json_free(document);
    return -1;
}

void json_free(struct json_document *document) {
    if (document->nodes != NULL)
        munmap(document->nodes, document->nodes_bytes);
    document->nodes = NULL;
    document->root = NULL;
}

const struct json *json_first(const struct json *value) {
    return value == NULL ? NULL : value->first;
}

const struct json *json_get(const struct json *object, const char *key) {
    if (object == NULL || object->type != JSON_OBJECT)
        return NULL;
    json_each(member, object) if (strcmp(member->key, key) == 0) return member->type == JSON_NULL
        ? NULL
        : member;
    return NULL;
}

int json_string(const struct json *object, const char *key, const char **value, struct error *err) {
    const struct json *member = json_get(object, key);

    if (member == NULL || member->type != JSON_STRING)
        return fail(err, "config", "%s: a string was expected", key);
    *value = member->string;
    return 0;
}

static bool to_int(const struct json *member, int64_t *value) {
    char text[40], *end;

    if (member == NULL || member->type != JSON_NUMBER || member->length >= sizeof text)
        return false;
    memcpy(text, member->string, member->length);
    text[member->length] = 0;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return errno == 0 && *end == 0;
}

int json_int(const struct json *object, const char *key, int64_t *value, struct error *err) {
    if (!to_int(json_get(object, key), value))
        return fail(err, "config", "%s: an integer was expected", key);
    return 0;
}

int json_flag(const struct json *object, const char *key, bool *value, struct error *err) {
    const struct json *member = json_get(object, key);

    if (member == NULL || (member->type != JSON_TRUE && member->type != JSON_FALSE))
        return fail(err, "config", "%s: true or false was expected", key);
    *value = member->type == JSON_TRUE;
    return 0;
}

const char *json_string_or(const struct json *object, const char *key, const char *otherwise) {
    const struct json *member = json_get(object, key);

    return member != NULL && member->type == JSON_STRING ? member->string : otherwise;
}

int64_t json_int_or(const struct json *object, const char *key, int64_t otherwise) {
    int64_t value;

    return to_int(json_get(object, key), &value) ? value : otherwise;
}

bool json_flag_or(const struct json *object, const char *key, bool otherwise) {
    const struct json *member = json_get(object, key);

    if (member == NULL || (member->type != JSON_TRUE && member->type != JSON_FALSE))
        return otherwise;
    return member->type == JSON_TRUE;
}

int json_u64(const struct json *object, const char *key, int base, uint64_t *value,
             struct error *err) {
    const struct json *member = json_get(object, key);
    char *end = NULL;

    if (member != NULL && member->type == JSON_STRING && member->length > 0 &&
        member->string[0] != '-') {
        errno = 0;
        *value = strtoull(member->string, &end, base);
        if (errno == 0 && *end == 0)
            return 0;
    }
    return fail(err, "config", "%s: a number in a string was expected", key);
}

size_t json_length(const struct json *object, const char *key) {
    const struct json *member = json_get(object, key);

    return member != NULL && member->type == JSON_ARRAY ? member->length : 0;
}

void json_begin(struct json_writer *w, char *buffer, size_t size) {
    *w = (struct json_writer){.text = buffer, .size = size};
    buffer[0] = 0;
}

static void put(struct json_writer *w, const char *text, size_t length) {
    if (w->full || w->used + length + 1 > w->size) {
        w->full = true;
        return;
    }
    memcpy(w->text + w->used, text, length);
    w->used += length;
    w->text[w->used] = 0;
}

static void put_quoted(struct json_writer *w, const char *value, size_t length) {
    put(w, "\"", 1);
    for (size_t i = 0; i < length;) {
        const unsigned char *at = (const unsigned char *)value + i;
        size_t n = *at < 0x80 ? 1 : utf8_length(at, length - i);
        char escaped[8];

        if (n == 0) {
            put(w, "\\ufffd", 6);
            n = 1;
        } else if (*at < 0x20 || *at == '"' || *at == '\\') {
            snprintf(escaped, sizeof escaped, "\\u%04x", *at);
            put(w, escaped, 6);
        } else {
            put(w, value + i, n);
        }
        i += n;
    }
    put(w, "\"", 1);
}

static void begin_value(struct json_writer *w, const char *key) {
    if (w->comma)
        put(w, ",", 1);
    w->comma = true;
    if (key != NULL) {
        put_quoted(w, key, strlen(key));
        put(w, ":", 1);
    }
}

void json_open(struct json_writer *w, const char *key, char bracket) {
    begin_value(w, key);
    put(w, &bracket, 1);
    w->comma = false;
}

void json_close(struct json_writer *w, char bracket) {
    put(w, &bracket, 1);
    w->comma = true;
}

void json_put_bytes(struct json_writer *w, const char *key, const char *value, size_t length) {
    begin_value(w, key);
    put_quoted(w, value, length);
}

void json_put_string(struct json_writer *w, const char *key, const char *value) {
    json_put_bytes(w, key, value, strlen(value));
}

void json_put_int(struct json_writer *w, const char *key, int64_t value) {
    char text[24];

    begin_value(w, key);
    put(w, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void json_put_flag(struct json_writer *w, const char *key, bool value) {
    begin_value(w, key);
    put(w, value ? "true" : "false", value ? 4 : 5);
}

void json_put_u64(struct json_writer *w, const char *key, uint64_t value) {
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    json_put_string(w, key, text);
}
