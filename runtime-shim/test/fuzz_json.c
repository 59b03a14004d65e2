/* No text makes the parser read or write beyond it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const struct json *value) {
    size_t sum = value->string == NULL ? 0 : strlen(value->string);

    json_each(element, value) sum += walk(element);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct json_document document;
    struct error err;
    char *copy = malloc(size + 1);

    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = 0;
    if (json_parse(&document, copy, size, &err) == 0) {
        walk(document.root);
        json_free(&document);
    }
    free(copy);
    return 0;
}
