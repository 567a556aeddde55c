/* JSON in and out: tokens by jsmn, text by a growing buffer. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>

#define JSMN_HEADER
#include <jsmn.h>

typedef struct {
    const char *text;
    jsmntok_t *tokens;
    int count; /* negative: not JSON */
} json;

json json_parse(const char *text, size_t length);
void json_free(json *document);
int json_skip(const json *document, int token);                     /* the token behind this value */
int json_member(const json *document, int object, const char *name); /* the value's token, or -1 */
int json_is_null(const json *document, int token);
int json_is_true(const json *document, int token);
int json_member_in_any_case(const json *document, int object, const char *name);
int json_equals_in_any_case(const json *document, int token, const char *text);
int json_equals(const json *document, int token, const char *text);
char *json_text(const json *document, int token);     /* malloc'd; a string unescaped, anything else as it stands */
double json_number(const json *document, int token); /* what Excel makes a number of; null is 0, anything else NaN */

typedef struct {
    char *text;
    size_t length, capacity;
} buffer;

void json_put(buffer *to, const json *document, int token); /* as it stands in the document */
void put(buffer *to, const char *text);
void put_bytes(buffer *to, const char *text, size_t length);
void put_string(buffer *to, const char *text); /* quoted and escaped */
void put_number(buffer *to, double value);     /* the shortest text that reads back as the same number */

#endif
