/* SPDX-License-Identifier: Apache-2.0 */
/* Looks whether a document of BSON is one: what all other code may then rely on. */
#include "format/bson.h"

#include "base/str.h"

#include <stdio.h>

/* --- sizes of values ----------------------------------------------------------------------- */

/* A length of at least `least`, behind it that many bytes; 0: they are not there. */
static size_t counted(const uint8_t *p, const uint8_t *end, int32_t least, size_t around)
{
    if (end - p < 4)
        return 0;
    int32_t n = firn_bson_i32(p);
    if (n < least || (size_t)n + around > (size_t)(end - p))
        return 0;
    return (size_t)n + around;
}

/* A length, a text, a zero. */
static size_t string_bytes(const uint8_t *p, const uint8_t *end)
{
    size_t n = counted(p, end, 1, 4);
    return n && p[n - 1] == 0 ? n : 0;
}

static size_t cstring_bytes(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *zero = p < end ? memchr(p, 0, (size_t)(end - p)) : NULL;
    return zero ? (size_t)(zero - p) + 1 : 0;
}

static size_t document_bytes(const uint8_t *p, const uint8_t *end)
{
    size_t n = counted(p, end, FIRN_BSON_MIN_BYTES, 0);
    return n && p[n - 1] == 0 ? n : 0;
}

static size_t regex_bytes(const uint8_t *p, const uint8_t *end)
{
    size_t pattern = cstring_bytes(p, end);
    size_t options = pattern ? cstring_bytes(p + pattern, end) : 0;
    return options ? pattern + options : 0;
}

static size_t pointer_bytes(const uint8_t *p, const uint8_t *end)
{
    size_t n = string_bytes(p, end);
    return n && (size_t)(end - p) - n >= 12 ? n + 12 : 0;
}

/* A length of all, a string, a document. */
static size_t scoped_bytes(const uint8_t *p, const uint8_t *end)
{
    size_t n = counted(p, end, 14, 0);
    size_t code = n ? string_bytes(p + 4, p + n) : 0;
    size_t scope = code ? document_bytes(p + 4 + code, p + n) : 0;
    return scope && 4 + code + scope == n ? n : 0;
}

static size_t fixed(size_t n, const uint8_t *p, const uint8_t *end)
{
    return (size_t)(end - p) >= n ? n : 0;
}

size_t firn_bson_value_bytes(uint8_t type, const uint8_t *p, const uint8_t *end, bool *ret_empty)
{
    *ret_empty = false;
    switch (type) {
    case FIRN_BSON_NULL:
    case FIRN_BSON_UNDEFINED:
    case FIRN_BSON_MIN_KEY:
    case FIRN_BSON_MAX_KEY:
        *ret_empty = true;
        return 0;
    case FIRN_BSON_BOOLEAN:
        return fixed(1, p, end);
    case FIRN_BSON_INT:
        return fixed(4, p, end);
    case FIRN_BSON_DOUBLE:
    case FIRN_BSON_DATE:
    case FIRN_BSON_TIMESTAMP:
    case FIRN_BSON_LONG:
        return fixed(8, p, end);
    case FIRN_BSON_OBJECT_ID:
        return fixed(12, p, end);
    case FIRN_BSON_DECIMAL128:
        return fixed(16, p, end);
    case FIRN_BSON_STRING:
    case FIRN_BSON_CODE:
    case FIRN_BSON_SYMBOL:
        return string_bytes(p, end);
    case FIRN_BSON_DOCUMENT:
    case FIRN_BSON_ARRAY:
        return document_bytes(p, end);
    case FIRN_BSON_BINARY:
        return counted(p, end, 0, 5);
    case FIRN_BSON_REGEX:
        return regex_bytes(p, end);
    case FIRN_BSON_DB_POINTER:
        return pointer_bytes(p, end);
    case FIRN_BSON_CODE_WITH_SCOPE:
        return scoped_bytes(p, end);
    default:
        return 0;
    }
}

/* --- documents ----------------------------------------------------------------------------- */

/* The way to a value, innermost first. */
typedef struct step {
    const struct step *parent;
    const char *key;
} step;

typedef struct checking {
    const uint8_t *start;
    firn_bson_why *why;
} checking;

static void print_path(const step *s, char *out, size_t size)
{
    if (!s)
        return;
    print_path(s->parent, out, size);
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s%s", used ? "." : "", s->key);
}

static bool wrong(const checking *c, uint16_t id, const uint8_t *at, const step *s,
                  const char *what)
{
    *c->why = (firn_bson_why){.id = id, .what = what, .at = (size_t)(at - c->start)};
    print_path(s, c->why->path, sizeof c->why->path);
    c->why->path[firn_utf8_valid_prefix(c->why->path, strlen(c->why->path))] = '\0';
    return false;
}

static bool check_document(const checking *c, bool keyed, const uint8_t *p, size_t n,
                           unsigned level, const step *s);

static bool check_text(const checking *c, const uint8_t *p, size_t n, const step *s)
{
    if (firn_utf8_valid((const char *)p, n))
        return true;
    return wrong(c, FIRN_REJ_UTF8, p, s, "a text is not UTF-8");
}

static bool check_scoped(const checking *c, const uint8_t *p, size_t n, unsigned level,
                         const step *s)
{
    size_t code = 4 + (size_t)firn_bson_i32(p + 4);
    return check_text(c, p + 8, code - 5, s) &&
           check_document(c, true, p + 4 + code, n - 4 - code, level + 1, s);
}

static bool check_regex(const checking *c, const uint8_t *p, size_t n, const step *s)
{
    size_t pattern = strlen((const char *)p);
    return check_text(c, p, pattern, s) && check_text(c, p + pattern + 1, n - pattern - 2, s);
}

/* The old binary has its length twice. */
static bool check_binary(const checking *c, const uint8_t *p, const step *s)
{
    int32_t n = firn_bson_i32(p);
    if (p[4] == 2 && (n < 4 || firn_bson_i32(p + 5) != n - 4))
        return wrong(c, FIRN_REJ_SYNTAX, p, s, "the two lengths of a binary differ");
    return true;
}

/* What lies in n bytes of a value. */
static bool check_value(const checking *c, uint8_t type, const uint8_t *p, size_t n, unsigned level,
                        const step *s)
{
    switch (type) {
    case FIRN_BSON_STRING:
    case FIRN_BSON_CODE:
    case FIRN_BSON_SYMBOL:
        return check_text(c, p + 4, n - 5, s);
    case FIRN_BSON_DB_POINTER:
        return check_text(c, p + 4, n - 17, s);
    case FIRN_BSON_DOCUMENT:
    case FIRN_BSON_ARRAY:
        return check_document(c, type == FIRN_BSON_DOCUMENT, p, n, level + 1, s);
    case FIRN_BSON_CODE_WITH_SCOPE:
        return check_scoped(c, p, n, level + 1, s);
    case FIRN_BSON_BINARY:
        return check_binary(c, p, s);
    case FIRN_BSON_REGEX:
        return check_regex(c, p, n, s);
    case FIRN_BSON_BOOLEAN:
        return *p <= 1 || wrong(c, FIRN_REJ_SYNTAX, p, s, "a boolean is neither 0 nor 1");
    default:
        return true;
    }
}

static bool is_type(uint8_t type)
{
    return (type >= FIRN_BSON_DOUBLE && type <= FIRN_BSON_DECIMAL128) ||
           type == FIRN_BSON_MIN_KEY || type == FIRN_BSON_MAX_KEY;
}

/* Checks the element at p; NULL: it is wrong.  What stands for a key in an array is not looked at.
 */
static const uint8_t *check_element(const checking *c, bool keyed, const uint8_t *p,
                                    const uint8_t *end, unsigned level, const step *s)
{
    bool empty;
    uint8_t type = *p;
    size_t key = cstring_bytes(p + 1, end);
    if (!key) {
        wrong(c, FIRN_REJ_SYNTAX, p + 1, s, "a key does not end");
        return NULL;
    }
    const step here = {s, (const char *)p + 1};
    const uint8_t *value = p + 1 + key;
    size_t n = firn_bson_value_bytes(type, value, end, &empty);
    if (!is_type(type)) {
        wrong(c, FIRN_REJ_SYNTAX, p, &here, "there is no such type of a value");
        return NULL;
    }
    if (!n && !empty) {
        wrong(c, FIRN_REJ_SYNTAX, value, &here,
              "a value is longer than the document around it, or "
              "does not end where its length says");
        return NULL;
    }
    if ((keyed && !check_text(c, p + 1, key - 1, &here)) ||
        !check_value(c, type, value, n, level, &here))
        return NULL;
    return value + n;
}

/* A document whose n bytes end with a zero. */
static bool check_document(const checking *c, bool keyed, const uint8_t *p, size_t n,
                           unsigned level, const step *s)
{
    const uint8_t *end = p + n - 1;
    if (level > FIRN_BSON_MAX_DEPTH)
        return wrong(c, FIRN_REJ_DEPTH, p, s, "it is nested deeper than 100 levels");
    p += 4;
    while (p < end) {
        p = check_element(c, keyed, p, end, level, s);
        if (!p)
            return false;
    }
    return true;
}

bool firn_bson_check(firn_slice document, firn_bson_why *why)
{
    const checking c = {document.p, why};
    *why = (firn_bson_why){0};
    if (document_bytes(document.p, document.p + document.n) != document.n)
        return wrong(&c, FIRN_REJ_SYNTAX, document.p, NULL, "the length of the document is wrong");
    return check_document(&c, true, document.p, document.n, 1, NULL);
}

bool firn_bson_check_value(uint8_t type, firn_slice value, unsigned level, firn_bson_why *why)
{
    const checking c = {value.p, why};
    *why = (firn_bson_why){0};
    if (!is_type(type))
        return wrong(&c, FIRN_REJ_SYNTAX, value.p, NULL, "there is no such type of a value");
    return check_value(&c, type, value.p, value.n, level, NULL);
}
