/* SPDX-License-Identifier: Apache-2.0 */
/* The careful half of the JSON tokens: strings with escapes, whole values, and what is wrong. */
#include "format/json_lex.h"

#include "base/str.h"
#include "format/decoder.h"

static const char *bad(firn_json_why *why, uint16_t id, const char *at, const char *what)
{
    *why = (firn_json_why){id, at, what};
    return NULL;
}

static const char *no_json(firn_json_why *why, const char *at, const char *what)
{
    return bad(why, FIRN_REJ_SYNTAX, at, what);
}

/* --- strings ------------------------------------------------------------------------------- */

/* Reads four hex digits; false if they are not. */
static bool hex4(const char *p, const char *end, uint32_t *ret)
{
    uint32_t v = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                            : 16;
        if (d > 15)
            return false;
        v = v << 4 | d;
    }
    *ret = v;
    return true;
}

static bool is_high_surrogate(uint32_t cp)
{
    return cp >= 0xd800 && cp < 0xdc00;
}

static bool is_low_surrogate(uint32_t cp)
{
    return cp >= 0xdc00 && cp < 0xe000;
}

/* Checks the escape at p (a backslash) and returns what is behind it. */
static const char *escape_end(const char *p, const char *end, firn_json_why *why)
{
    uint32_t cp;
    uint32_t low;
    if (end - p < 2)
        return no_json(why, p, "a string is not closed");
    if (p[1] != 'u') {
        bool known = p[1] && strchr("\"\\/bfnrt", p[1]);
        return known ? p + 2 : no_json(why, p, "there is no such escape");
    }
    if (!hex4(p + 2, end, &cp))
        return no_json(why, p, "\\u needs four hex digits");
    if (!is_high_surrogate(cp) && !is_low_surrogate(cp))
        return p + 6;
    bool pair = is_high_surrogate(cp) && end - p >= 8 && p[6] == '\\' && p[7] == 'u' &&
                hex4(p + 8, end, &low) && is_low_surrogate(low);
    return pair ? p + 12 : bad(why, FIRN_REJ_UTF8, p, "half of a surrogate pair is no character");
}

const char *firn_json_string(const char *p, const char *end, bool *ret_escaped, firn_json_why *why)
{
    bool escaped = false;
    for (;;) {
        bool high;
        const char *stop = firn_json_plain(p, end, &high);
        if (stop >= end)
            return no_json(why, end, "a string is not closed");
        if (high) {
            size_t n = (size_t)(stop - p);
            size_t good = firn_utf8_valid_prefix(p, n);
            if (good < n)
                return bad(why, FIRN_REJ_UTF8, p + good, "a byte is not UTF-8");
        }
        if (*stop == '"') {
            *ret_escaped = escaped;
            return stop;
        }
        if (*stop != '\\')
            return no_json(why, stop, "a control byte in a string must be escaped");
        escaped = true;
        p = escape_end(stop, end, why);
        if (!p)
            return NULL;
    }
}

static char unescaped(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* Writes the character of a checked \u escape; returns what is behind it. */
static const char *unescape_unicode(const char *p, const char *end, char *out, size_t *ret_n)
{
    uint32_t cp = 0;
    uint32_t low = 0;
    bool ok = hex4(p + 2, end, &cp);
    p += 6;
    if (ok && is_high_surrogate(cp)) {
        ok = hex4(p + 2, end, &low);
        cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    }
    firn_assert(ok);
    *ret_n = firn_utf8_encode(cp, out);
    return p;
}

size_t firn_json_unescape(const char *p, size_t n, char *out)
{
    const char *end = p + n;
    char *to = out;
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((slash ? slash : end) - p);
        memcpy(to, p, run);
        to += run;
        p += run;
        if (p == end)
            break;
        if (p[1] == 'u') {
            size_t made;
            p = unescape_unicode(p, end, to, &made);
            to += made;
        } else {
            *to++ = unescaped(p[1]);
            p += 2;
        }
    }
    return (size_t)(to - out);
}

/* --- whole values -------------------------------------------------------------------------- */

static const char *skip_word(const char *p, const char *end, firn_json_why *why)
{
    static const firn_str words[] = {
        {"null", 4},
        {"true", 4},
        {"false", 5},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if ((size_t)(end - p) >= words[i].n && memcmp(p, words[i].p, words[i].n) == 0)
            return p + words[i].n;
    return no_json(why, p, "a value is missing, or is none of JSON's");
}

static const char *skip_scalar(const char *p, const char *end, firn_json_why *why)
{
    if (p >= end)
        return no_json(why, end, "it ends where a value should be");
    if (*p == '"') {
        bool escaped;
        const char *close = firn_json_string(p + 1, end, &escaped, why);
        return close ? close + 1 : NULL;
    }
    if (*p != '-' && (*p < '0' || *p > '9'))
        return skip_word(p, end, why);
    firn_json_number number;
    const char *behind = firn_json_read_number(p, end, &number);
    if (!behind || behind > end)
        return no_json(why, p, "this is not a number of JSON");
    return behind;
}

/* Reads a key and its colon; returns where the value begins. */
static const char *skip_key(const char *p, const char *end, firn_json_why *why)
{
    bool escaped;
    if (p >= end || *p != '"')
        return no_json(why, FIRN_MIN(p, end), "a key in double quotes is missing");
    p = firn_json_string(p + 1, end, &escaped, why);
    if (!p)
        return NULL;
    p = firn_json_space(p + 1, end);
    if (p >= end || *p != ':')
        return no_json(why, FIRN_MIN(p, end), "a colon is missing behind a key");
    return firn_json_space(p + 1, end);
}

/* The objects and arrays that are open, one bit each: set for an object. */
typedef struct nest {
    uint64_t objects[2];
    unsigned depth;
} nest;

static void push(nest *n, bool object)
{
    uint64_t bit = UINT64_C(1) << (n->depth % 64);
    uint64_t *word = &n->objects[n->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    n->depth++;
}

static bool in_object(const nest *n)
{
    unsigned top = n->depth - 1;
    return n->objects[top / 64] >> (top % 64) & 1;
}

/* Behind a value: closes what ends here; returns the next value, or the end with depth 0. */
static const char *after_value(const char *p, const char *end, nest *n, firn_json_why *why)
{
    while (n->depth) {
        bool object = in_object(n);
        p = firn_json_space(p, end);
        if (p >= end)
            return no_json(why, end, object ? "an object is not closed" : "an array is not closed");
        if (*p == ',') {
            p = firn_json_space(p + 1, end);
            return object ? skip_key(p, end, why) : p;
        }
        if (*p != (object ? '}' : ']'))
            return no_json(why, p, object ? "a comma or } is missing" : "a comma or ] is missing");
        p++;
        n->depth--;
    }
    return p;
}

/* An object that is only the spelling of a value of Extended JSON has up to three levels. */
static bool is_too_deep(const char *p, const char *end, unsigned level)
{
    bool spelling = end - p > 2 && p[0] == '{' && p[1] == '"' && p[2] == '$';
    return level >= FIRN_JSON_MAX_DEPTH + 3 || (level == FIRN_JSON_MAX_DEPTH && !spelling);
}

const char *firn_json_skip(const char *p, const char *end, unsigned depth, firn_json_why *why)
{
    nest n = {.depth = 0};
    do {
        bool object = *p == '{';
        if (p < end && (object || *p == '[')) {
            if (is_too_deep(p, end, depth + n.depth))
                return bad(why, FIRN_REJ_DEPTH, p, "it is nested deeper than 100 levels");
            push(&n, object);
            p = firn_json_space(p + 1, end);
            if (p < end && *p == (object ? '}' : ']')) {
                n.depth--;
                p = after_value(p + 1, end, &n, why);
            } else if (object) {
                p = skip_key(p, end, why);
            }
        } else {
            p = skip_scalar(p, end, why);
            p = p ? after_value(p, end, &n, why) : NULL;
        }
    } while (p && n.depth);
    return p;
}

bool firn_json_check(const char *p, const char *end, firn_json_why *why)
{
    p = firn_json_space(p, end);
    const char *start = p;
    p = firn_json_skip(p, end, 0, why);
    if (!p)
        return false;
    p = firn_json_space(p, end);
    if (p < end)
        return no_json(why, p, "there is something behind the record");
    if (*start != '{')
        return no_json(why, start, "the record is not an object");
    return true;
}

bool firn_json_is_value(const char *p, const char *end)
{
    firn_json_why why;
    p = firn_json_skip(firn_json_space(p, end), end, 0, &why);
    return p && firn_json_space(p, end) == end;
}

/* --- inside of what was checked ------------------------------------------------------------ */

bool firn_json_first_item(const char **p, const char *end)
{
    *p = firn_json_space(*p + 1, end);
    bool some = **p != ']' && **p != '}';
    *p += !some;
    return some;
}

bool firn_json_next_item(const char **p, const char *end)
{
    const char *at = firn_json_space(*p, end);
    bool some = *at == ',';
    *p = some ? firn_json_space(at + 1, end) : at + 1;
    return some;
}

firn_json_key firn_json_item_key(const char **p, const char *end)
{
    firn_json_why why;
    firn_json_key key = {.p = *p + 1};
    const char *close = firn_json_string(key.p, end, &key.escaped, &why);
    firn_assert(close);
    key.n = (size_t)(close - key.p);
    const char *colon = firn_json_space(close + 1, end);
    *p = firn_json_space(colon + 1, end);
    return key;
}

const char *firn_json_behind(const char *p, const char *end)
{
    firn_json_why why;
    const char *behind = firn_json_skip(p, end, 0, &why);
    firn_assert(behind);
    return behind;
}
