#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define JSMN_STRICT
#include <jsmn.h>
#undef JSMN_HEADER
#include "engine.h"
#include "json.h"

/* A day's number as Excel counts, or NaN. */
static double excel_serial(int year, int month, int day)
{
    int y, m, d;
    double days = date_of(year, month, day);
    split_date(days, &y, &m, &d);
    return y == year && m == month && d == day ? days + 25569 : NAN;
}

json json_parse(const char *text, size_t length)
{
    json document = {text, NULL, -1};
    jsmn_parser parser;
    jsmn_init(&parser);
    int count = jsmn_parse(&parser, text, length, NULL, 0);
    if (count < 1)
        return document;
    document.tokens = malloc((size_t)count * sizeof *document.tokens);
    jsmn_init(&parser);
    document.count = jsmn_parse(&parser, text, length, document.tokens, (unsigned)count);
    return document;
}

void json_free(json *document)
{
    free(document->tokens);
    document->tokens = NULL;
}

int json_skip(const json *document, int token)
{
    int end = document->tokens[token].end;
    do
        token++;
    while (token < document->count && document->tokens[token].start < end);
    return token;
}

int json_equals(const json *document, int token, const char *text)
{
    const jsmntok_t *t = &document->tokens[token];
    size_t length = (size_t)(t->end - t->start);
    if (memchr(document->text + t->start, '\\', length) != NULL) {
        char *plain = json_text(document, token);
        int same = strcmp(plain, text) == 0;
        free(plain);
        return same;
    }
    return length == strlen(text) && memcmp(document->text + t->start, text, length) == 0;
}

int json_equals_in_any_case(const json *document, int token, const char *text)
{
    const jsmntok_t *t = &document->tokens[token];
    size_t length = (size_t)(t->end - t->start);
    if (memchr(document->text + t->start, '\\', length) != NULL) {
        char *plain = json_text(document, token);
        int same = strcasecmp(plain, text) == 0;
        free(plain);
        return same;
    }
    return length == strlen(text) && strncasecmp(document->text + t->start, text, length) == 0;
}

static int find_member(const json *document, int object, const char *name, int (*equals)(const json *, int, const char *))
{
    if (object < 0 || document->count < 1 || document->tokens[object].type != JSMN_OBJECT)
        return -1;
    int token = object + 1;
    for (int i = 0; i < document->tokens[object].size; i++) {
        if (equals(document, token, name))
            return token + 1;
        token = json_skip(document, token + 1);
    }
    return -1;
}

int json_member(const json *document, int object, const char *name)
{
    return find_member(document, object, name, json_equals);
}

int json_member_in_any_case(const json *document, int object, const char *name)
{
    return find_member(document, object, name, json_equals_in_any_case);
}

int json_is_true(const json *document, int token)
{
    return document->tokens[token].type == JSMN_PRIMITIVE && document->text[document->tokens[token].start] == 't';
}

void json_put(buffer *to, const json *document, int token)
{
    const jsmntok_t *t = &document->tokens[token];
    int quotes = t->type == JSMN_STRING; /* which a token of text leaves out */
    put_bytes(to, document->text + t->start - quotes, (size_t)(t->end - t->start + 2 * quotes));
}

int json_is_null(const json *document, int token)
{
    return document->tokens[token].type == JSMN_PRIMITIVE && document->text[document->tokens[token].start] == 'n';
}

static char *put_code_point(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

static uint32_t hexadecimal(const char *digits)
{
    char four[5] = {digits[0], digits[1], digits[2], digits[3], 0};
    return (uint32_t)strtoul(four, NULL, 16);
}

char *json_text(const json *document, int token)
{
    const char *from = document->text + document->tokens[token].start;
    const char *end = document->text + document->tokens[token].end;
    char *text = malloc((size_t)(end - from) + 1), *to = text;
    while (from < end) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        from++;
        switch (*from++) {
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case 't': *to++ = '\t'; break;
        case 'u': {
            uint32_t code = hexadecimal(from);
            from += 4;
            if (code >= 0xD800 && code < 0xDC00 && end - from >= 6 && from[0] == '\\' && from[1] == 'u') {
                code = 0x10000 + ((code - 0xD800) << 10) + (hexadecimal(from + 2) - 0xDC00);
                from += 6;
            }
            to = put_code_point(to, code);
            break;
        }
        default: *to++ = from[-1];
        }
    }
    *to = 0;
    return text;
}

/* Text as Excel reads it where a number belongs: with a currency sign, thousands separators or a per cent sign, with
 * spaces around it, as a truth value, or as a date in ISO form. */
static double excel_number(const char *text)
{
    char digits[64];
    size_t length = 0;
    int year, month, day, read = 0, group = 0, grouped = 0, fraction = 0;
    text += strspn(text, " ");
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &read) == 3 && read == 10 && text[10 + strspn(text + 10, " ")] == 0)
        return excel_serial(year, month, day);
    double sign = 1;
    if (*text == '-' || *text == '+')
        sign = *text++ == '-' ? -1 : 1;
    if (*text == '$')
        text++;
    for (; *text && !strchr(" %", *text) && length < sizeof digits - 1; text++) {
        if (*text == ',' && !fraction && length > 0 && (!grouped ? length <= 3 : group == 3)) {
            grouped = 1;
            group = 0;
        } else if (strchr("0123456789.eE+-", *text)) {
            fraction |= !(*text >= '0' && *text <= '9');
            if (fraction && grouped && group != 3)
                return NAN;
            group += !fraction;
            digits[length++] = *text;
        } else {
            break;
        }
    }
    digits[length] = 0;
    if (grouped && !fraction && group != 3)
        return NAN;
    char *end;
    double value = sign * strtod(digits, &end);
    if (length == 0 || *end != 0 || !strchr("0123456789.", *digits))
        return NAN;
    if (*text == '%') {
        value /= 100;
        text++;
    }
    return text[strspn(text, " ")] == 0 ? value : NAN;
}

double json_number(const json *document, int token)
{
    const jsmntok_t *t = &document->tokens[token];
    if (t->type == JSMN_PRIMITIVE) {
        switch (document->text[t->start]) {
        case 'n':
        case 'f': return 0;
        case 't': return 1;
        default: return strtod(document->text + t->start, NULL);
        }
    }
    if (t->type != JSMN_STRING)
        return NAN;
    char *text = json_text(document, token);
    double value = strcasecmp(text, "TRUE") == 0 ? 1 : strcasecmp(text, "FALSE") == 0 ? 0 : excel_number(text);
    free(text);
    return value;
}

void put_bytes(buffer *to, const char *text, size_t length)
{
    if (to->length + length + 1 > to->capacity) {
        to->capacity = (to->length + length + 1) * 2;
        to->text = realloc(to->text, to->capacity);
    }
    memcpy(to->text + to->length, text, length);
    to->length += length;
    to->text[to->length] = 0;
}

void put(buffer *to, const char *text)
{
    put_bytes(to, text, strlen(text));
}

void put_string(buffer *to, const char *text)
{
    put(to, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char escaped[8];
        if (c == '"' || c == '\\') {
            escaped[0] = '\\';
            escaped[1] = (char)c;
            put_bytes(to, escaped, 2);
        } else if (c < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
            put_bytes(to, escaped, 6);
        } else {
            put_bytes(to, text, 1);
        }
    }
    put(to, "\"");
}

/* Numbers of up to six decimals, which most are, without the slow way through printf. */
static int put_decimal(buffer *to, double value)
{
    char text[32];
    double scaled = value * 1e6;
    if (!(fabs(scaled) < 9e15) || (value == 0 && signbit(value)))
        return 0;
    long long digits = llround(scaled);
    if ((double)digits / 1e6 != value)
        return 0;
    long long whole = llabs(digits) / 1000000;
    int decimals = (int)(llabs(digits) % 1000000), places = 6;
    char *end = text + sizeof text, *at = end; /* from the last digit to the first */
    while (decimals && decimals % 10 == 0) {
        decimals /= 10;
        places--;
    }
    if (decimals) {
        for (; places > 0; places--, decimals /= 10)
            *--at = (char)('0' + decimals % 10);
        *--at = '.';
    }
    do
        *--at = (char)('0' + whole % 10);
    while (whole /= 10);
    if (digits < 0)
        *--at = '-';
    put_bytes(to, at, (size_t)(end - at));
    return 1;
}

void put_number(buffer *to, double value)
{
    char text[32];
    if (put_decimal(to, value))
        return;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    put(to, text);
}
