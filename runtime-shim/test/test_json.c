/* JSON is what RFC 8259 says, and nothing else. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static int parses(const char *text, size_t length) {
    struct json_document document;
    struct error err;
    char *copy = malloc(length + 1);
    int result;

    memcpy(copy, text, length);
    copy[length] = 0;
    result = json_parse(&document, copy, length, &err);
    if (result == 0)
        json_free(&document);
    free(copy);
    return result == 0;
}

static void accepts_and_refuses(void) {
    static const char *const good[] = {"{}",
                                       "[]",
                                       "null",
                                       " true ",
                                       "0",
                                       "-1.5e+3",
                                       "\"\\u00e9\\ud83d\\ude00\\n\"",
                                       "{\"a\":[1,{\"b\":null}]}",
                                       "\"\x7f\""};
    static const char *const bad[] = {
        "",         "{",     "[1,]",  "{\"a\"}",    "{\"a\":}", "{,}",         "01",
        "+1",       ".5",    "nul",   "\"",         "\"\\x\"",  "\"\\ud800\"", "\"\n\"",
        "\"\xff\"", "[1 2]", "{} {}", "{\"a\":1,}", "'a'",      "\"\\u0000\"", "\"\xed\xa0\x80\"",
        "[",        "]"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!parses(good[i], strlen(good[i]))) {
            fprintf(stderr, "refused: %s\n", good[i]);
            abort();
        }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (parses(bad[i], strlen(bad[i]))) {
            fprintf(stderr, "accepted: %s\n", bad[i]);
            abort();
        }
}

static void depth_is_bounded(void) {
    char text[200];

    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    assert(!parses(text, 200));
    assert(parses(text + 90, 20));
}

static void values_are_found(void) {
    char text[] = "{\"name\":\"a\\\"b\",\"n\":42,\"big\":\"18446744073709551615\",\"hex\":\"ff\","
                  "\"yes\":true,\"none\":null,"
                  "\"list\":[\"x\",\"y\"]}";
    struct json_document document;
    struct error err;
    const char *string;
    int64_t number;
    uint64_t large;

    assert(json_parse(&document, text, strlen(text), &err) == 0);
    assert(json_string(document.root, "name", &string, &err) == 0 && strcmp(string, "a\"b") == 0);
    assert(json_int(document.root, "n", &number, &err) == 0 && number == 42);
    assert(json_u64(document.root, "big", 10, &large, &err) == 0 && large == UINT64_MAX);
    assert(json_u64(document.root, "hex", 16, &large, &err) == 0 && large == 255);
    assert(json_flag_or(document.root, "yes", false) && !json_flag_or(document.root, "no", false));
    assert(json_get(document.root, "none") == NULL && json_length(document.root, "list") == 2);
    assert(json_string(document.root, "n", &string, &err) < 0 &&
           json_int(document.root, "name", &number, &err) < 0);
    json_free(&document);
}

static void what_is_written_parses(void) {
    char buffer[256];
    struct json_document document;
    struct json_writer w;
    struct error err;
    const char *string;

    json_begin(&w, buffer, sizeof buffer - 1);
    json_open(&w, NULL, '{');
    json_put_string(&w, "a", "quote \" slash \\ line \n tab \t \x01 h\xc3\xa9");
    json_put_int(&w, "b", -5);
    json_put_flag(&w, "c", true);
    json_put_u64(&w, "d", UINT64_MAX);
    json_close(&w, '}');
    assert(!w.full);
    assert(json_parse(&document, w.text, w.used, &err) == 0);
    assert(json_string(document.root, "a", &string, &err) == 0);
    assert(strcmp(string, "quote \" slash \\ line \n tab \t \x01 h\xc3\xa9") == 0);
    json_free(&document);
    json_begin(&w, buffer, 10);
    json_put_string(&w, "long", "much more than there is room for");
    assert(w.full);
}

int main(void) {
    accepts_and_refuses();
    depth_is_bounded();
    values_are_found();
    what_is_written_parses();
    puts("json: ok");
    return 0;
}
