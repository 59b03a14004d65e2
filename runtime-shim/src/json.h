#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* JSON as the daemon sends it (RFC 8259): parsed in place into one block of nodes, at most 32
 * levels deep. Strings are unescaped, checked to be UTF-8 without NUL, and end with a NUL. */
enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_type type;
    uint32_t length;    /* of a string in bytes, or of an array or object in elements */
    const char *key;    /* of a member of an object */
    const char *string; /* of a string or a number */
    const struct json *first, *next;
};

struct json_document {
    struct json *root;
    void *nodes;
    size_t nodes_bytes;
};

/* Parses text, which must stay as long as the document and is written to. text[length] must be
 * writable. */
int json_parse(struct json_document *document, char *text, size_t length, struct error *err);
void json_free(struct json_document *document);

/* Iterates over the elements of an array or the members of an object; nothing for any other value
 * or NULL. */
#define json_each(element, parent)                                                                 \
    for (const struct json *element = json_first(parent); element != NULL; element = element->next)

const struct json *json_first(const struct json *value);
/* The member, or NULL where there is none or it is null. */
const struct json *json_get(const struct json *object, const char *key);

/* Accessors for a member; absent is the default for the optional ones and an error for the others.
 */
int json_string(const struct json *object, const char *key, const char **value, struct error *err);
int json_int(const struct json *object, const char *key, int64_t *value, struct error *err);
int json_flag(const struct json *object, const char *key, bool *value, struct error *err);
const char *json_string_or(const struct json *object, const char *key, const char *otherwise);
int64_t json_int_or(const struct json *object, const char *key, int64_t otherwise);
bool json_flag_or(const struct json *object, const char *key, bool otherwise);
/* An unsigned number written in a string, in base 10 or 16. */
int json_u64(const struct json *object, const char *key, int base, uint64_t *value,
             struct error *err);
/* Elements of an array; 0 where it is absent. */
size_t json_length(const struct json *object, const char *key);

/* A writer into a fixed buffer; what does not fit makes it `full` and is dropped. */
struct json_writer {
    char *text;
    size_t used, size;
    bool full, comma;
};

void json_begin(struct json_writer *w, char *buffer, size_t size);
void json_open(struct json_writer *w, const char *key, char bracket);
void json_close(struct json_writer *w, char bracket);
void json_put_string(struct json_writer *w, const char *key, const char *value);
void json_put_bytes(struct json_writer *w, const char *key, const char *value, size_t length);
void json_put_int(struct json_writer *w, const char *key, int64_t value);
void json_put_flag(struct json_writer *w, const char *key, bool value);
/* A 64-bit number as a string of decimal digits. */
void json_put_u64(struct json_writer *w, const char *key, uint64_t value);
