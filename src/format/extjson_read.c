/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the values of Extended JSON among objects. */
#include "format/extjson.h"

#include "base/datetime.h"
#include "base/hash.h"
#include "base/str.h"
#include "format/json_lex.h"

#include <stdio.h>

/* One value being read. */
typedef struct reading {
    const char *end;
    firn_extended mode;
    firn_arena *a;
    firn_typed *ret;
} reading;

/* --- tokens -------------------------------------------------------------------------------- */

/* Reads a string; returns what is behind it, NULL if there is none. */
static const char *read_string(const reading *r, const char *p, firn_str *ret)
{
    bool escaped;
    firn_json_why why;
    if (p >= r->end || *p != '"')
        return NULL;
    const char *close = firn_json_string(p + 1, r->end, &escaped, &why);
    if (!close)
        return NULL;
    *ret = (firn_str){p + 1, (size_t)(close - p - 1)};
    if (!escaped)
        return close + 1;
    char *text = firn_arena_alloc(r->a, ret->n);
    if (!text) {
        r->ret->kind = FIRN_TYPED_NOMEM;
        return NULL;
    }
    *ret = (firn_str){text, firn_json_unescape(p + 1, ret->n, text)};
    return close + 1;
}

/* Reads a key and moves to its value. */
static const char *read_key(const reading *r, const char *p, firn_str *ret)
{
    p = read_string(r, p, ret);
    p = p ? firn_json_space(p, r->end) : NULL;
    return p && p < r->end && *p == ':' ? firn_json_space(p + 1, r->end) : NULL;
}

/* Moves behind the brace that must stand here, or at the next key. */
static const char *read_close(const reading *r, const char *p)
{
    p = p ? firn_json_space(p, r->end) : NULL;
    return p && p < r->end && *p == '}' ? p + 1 : NULL;
}

static const char *read_comma(const reading *r, const char *p)
{
    p = p ? firn_json_space(p, r->end) : NULL;
    return p && p < r->end && *p == ',' ? firn_json_space(p + 1, r->end) : NULL;
}

static const char *open_object(const reading *r, const char *p)
{
    return p < r->end && *p == '{' ? firn_json_space(p + 1, r->end) : NULL;
}

/* Keeps a text that was made here. */
static bool keep_text(const reading *r, const char *p, size_t n)
{
    r->ret->text = firn_arena_str(r->a, (firn_str){p, n});
    if (!r->ret->text.p)
        r->ret->kind = FIRN_TYPED_NOMEM;
    return r->ret->text.p != NULL;
}

/* --- numbers ------------------------------------------------------------------------------- */

static const char *read_integer(const reading *r, const char *p, firn_typed_kind kind)
{
    int64_t v;
    firn_str s;
    p = read_string(r, p, &s);
    if (!p || !firn_str_i64(s, &v) || (kind == FIRN_TYPED_INT && (v < INT32_MIN || v > INT32_MAX)))
        return NULL;
    r->ret->kind = kind;
    r->ret->text = s;
    if (s.n == 1 || s.p[s.p[0] == '-'] != '0') /* no zeros in front */
        return p;
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)v);
    return keep_text(r, text, (size_t)n) ? p : NULL;
}

static const char *read_int(const reading *r, const char *p)
{
    return read_integer(r, p, FIRN_TYPED_INT);
}

static const char *read_long(const reading *r, const char *p)
{
    return read_integer(r, p, FIRN_TYPED_LONG);
}

static bool double_of(firn_str s, double *ret)
{
    if (firn_str_eqc(s, "NaN"))
        *ret = __builtin_nan("");
    else if (firn_str_eqc(s, "Infinity"))
        *ret = __builtin_inf();
    else if (firn_str_eqc(s, "-Infinity"))
        *ret = -__builtin_inf();
    else if (s.n == 0 || memchr("0123456789-+.", s.p[0], 13) == NULL || memchr(s.p, 'x', s.n) ||
             memchr(s.p, 'X', s.n) || !firn_str_f64(s, ret) || __builtin_isinf(*ret))
        return false;
    return true;
}

static const char *read_double(const reading *r, const char *p)
{
    char text[FIRN_F64_TEXT_MAX];
    firn_str s;
    p = read_string(r, p, &s);
    if (!p || !double_of(s, &r->ret->d))
        return NULL;
    r->ret->kind = FIRN_TYPED_DOUBLE;
    size_t n = firn_f64_print(r->ret->d, text);
    return keep_text(r, text, n) ? p : NULL;
}

static const char *read_decimal(const reading *r, const char *p)
{
    char text[FIRN_D128_TEXT_MAX];
    firn_str s;
    p = read_string(r, p, &s);
    if (!p || !firn_d128_parse(s, &r->ret->dec))
        return NULL;
    r->ret->kind = FIRN_TYPED_DECIMAL;
    size_t n = firn_d128_print(&r->ret->dec, text);
    return keep_text(r, text, n) ? p : NULL;
}

/* --- dates --------------------------------------------------------------------------------- */

static bool keep_date(const reading *r, int64_t ms, int32_t us)
{
    char text[FIRN_TIME_TEXT_MAX + FIRN_MS_TEXT_MAX];
    int64_t whole;
    r->ret->kind = FIRN_TYPED_DATE;
    r->ret->ms = ms;
    r->ret->us = us;
    size_t n = us && firn_ms_to_us(ms, &whole) ? firn_timestamp_print(whole + us, true, text)
                                               : firn_ms_print(ms, text);
    return keep_text(r, text, n);
}

static const char *read_iso(const reading *r, const char *p)
{
    int64_t us;
    bool zoned;
    firn_str s;
    p = read_string(r, p, &s);
    if (!p || !firn_timestamp_parse(s, &us, &zoned) || !zoned)
        return NULL;
    int64_t ms = firn_floor_div(us, 1000);
    return keep_date(r, ms, (int32_t)(us - ms * 1000)) ? p : NULL;
}

/* {"$numberLong": "…"} */
static const char *read_date_object(const reading *r, const char *p)
{
    firn_str key;
    int64_t ms;
    p = open_object(r, p);
    p = p ? read_key(r, p, &key) : NULL;
    if (!p || !firn_str_eqc(key, "$numberLong"))
        return NULL;
    p = read_close(r, read_long(r, p));
    if (!p || !firn_str_i64(r->ret->text, &ms))
        return NULL;
    return keep_date(r, ms, 0) ? p : NULL;
}

static const char *read_date_number(const reading *r, const char *p)
{
    firn_json_number v;
    const char *behind = firn_json_read_number(p, r->end, &v);
    if (!behind || behind >= r->end || !v.plain || v.fraction)
        return NULL;
    int64_t ms = v.negative ? -(int64_t)v.digits : (int64_t)v.digits;
    return keep_date(r, ms, 0) ? behind : NULL;
}

static const char *read_date(const reading *r, const char *p)
{
    if (p >= r->end)
        return NULL;
    if (*p == '"')
        return read_iso(r, p);
    if (*p == '{')
        return read_date_object(r, p);
    return r->mode == FIRN_EXTENDED_TRUE ? read_date_number(r, p) : NULL;
}

/* --- texts --------------------------------------------------------------------------------- */

static const char *read_text(const reading *r, const char *p)
{
    r->ret->kind = FIRN_TYPED_TEXT;
    return read_string(r, p, &r->ret->text);
}

static const char *read_oid(const reading *r, const char *p)
{
    uint8_t bytes[12];
    char hex[25];
    p = read_text(r, p);
    if (!p || r->ret->text.n != 24 || !firn_unhex(r->ret->text, bytes))
        return NULL;
    firn_hex(bytes, sizeof bytes, hex);
    if (memcmp(hex, r->ret->text.p, 24) == 0) /* else it has large letters */
        return p;
    return keep_text(r, hex, 24) ? p : NULL;
}

static const char *read_undefined(const reading *r, const char *p)
{
    if (r->end - p < 4 || memcmp(p, "true", 4) != 0)
        return NULL;
    r->ret->kind = FIRN_TYPED_NULL;
    return p + 4;
}

/* --- binaries ------------------------------------------------------------------------------ */

static bool keep_uuid(const reading *r, const uint8_t bytes[16])
{
    char text[FIRN_UUID_TEXT];
    r->ret->kind = FIRN_TYPED_UUID;
    r->ret->bytes = firn_arena_copy(r->a, (firn_slice){bytes, 16});
    firn_uuid_print(bytes, text);
    if (!r->ret->bytes.p)
        r->ret->kind = FIRN_TYPED_NOMEM;
    return r->ret->bytes.p && keep_text(r, text, sizeof text);
}

/* Lets firn_scalar_put read a text into a single value. */
static bool scalar_of(const reading *r, firn_type_kind kind, firn_str text, void *data)
{
    const firn_scalar_opt opt = {.format = NULL};
    const firn_type type = {.kind = kind};
    firn_column one = {.type = &type, .width = 16, .capacity = 1, .data = data};
    firn_fit fit = firn_scalar_put(&one, 0, text, &opt, r->a);
    if (fit == FIRN_FIT_NOMEM)
        r->ret->kind = FIRN_TYPED_NOMEM;
    return fit == FIRN_FIT_OK;
}

static bool keep_binary(const reading *r, firn_str base64, uint64_t subtype)
{
    firn_strview view;
    if (!scalar_of(r, FIRN_T_BINARY, base64, &view))
        return false;
    firn_str s = firn_strview_str(&view);
    if (subtype == 4 && s.n == 16)
        return keep_uuid(r, (const uint8_t *)s.p);
    r->ret->kind = FIRN_TYPED_BINARY;
    r->ret->text = base64;
    r->ret->bytes = firn_arena_copy(r->a, (firn_slice){(const uint8_t *)s.p, s.n});
    if (!r->ret->bytes.p)
        r->ret->kind = FIRN_TYPED_NOMEM;
    return r->ret->bytes.p != NULL;
}

/* One or two hexadecimal digits. */
static bool subtype_of(firn_str s, uint64_t *ret)
{
    uint8_t byte;
    char two[2] = {'0', s.n ? s.p[0] : '0'};
    if (s.n == 2)
        memcpy(two, s.p, 2);
    if (s.n < 1 || s.n > 2 || !firn_unhex((firn_str){two, 2}, &byte))
        return false;
    *ret = byte;
    return true;
}

/* Reads two members whose keys are these, in any order. */
static const char *read_pair(const reading *r, const char *p, const char *first_key,
                             firn_str *ret_first, const char *second_key, firn_str *ret_second)
{
    bool first_seen = false;
    for (int i = 0; p && i < 2; i++) {
        firn_str key;
        p = read_key(r, p, &key);
        bool first = p && firn_str_eqc(key, first_key);
        if (!p || (!first && !firn_str_eqc(key, second_key)) || (i == 1 && first == first_seen))
            return NULL;
        p = read_string(r, p, first ? ret_first : ret_second);
        first_seen = first;
        if (i == 0)
            p = read_comma(r, p);
    }
    return p;
}

/* {"$binary": {"base64": "…", "subType": "00"}}, and of old {"$binary": "…", "$type": "00"} */
static const char *read_binary(const reading *r, const char *p)
{
    firn_str base64 = {0};
    firn_str subtype = {0};
    uint64_t number;
    if (p < r->end && *p == '"' && r->mode == FIRN_EXTENDED_TRUE) {
        firn_str key = {0};
        p = read_comma(r, read_string(r, p, &base64));
        p = p ? read_key(r, p, &key) : NULL;
        p = p && firn_str_eqc(key, "$type") ? read_string(r, p, &subtype) : NULL;
    } else {
        p = open_object(r, p);
        p = read_close(r, p ? read_pair(r, p, "base64", &base64, "subType", &subtype) : NULL);
    }
    if (!p || !subtype_of(subtype, &number) || !keep_binary(r, base64, number))
        return NULL;
    return p;
}

static const char *read_uuid(const reading *r, const char *p)
{
    firn_u128 v;
    firn_str s;
    uint8_t bytes[16];
    p = read_string(r, p, &s);
    if (!p || !scalar_of(r, FIRN_T_UUID, s, &v))
        return NULL;
    const firn_type type = {.kind = FIRN_T_UUID};
    const firn_column one = {.type = &type, .width = 16, .capacity = 1, .data = &v};
    firn_column_uuid(&one, 0, bytes);
    return keep_uuid(r, bytes) ? p : NULL;
}

/* --- objects ------------------------------------------------------------------------------- */

typedef const char *(*reader)(const reading *r, const char *p);

static reader reader_of(firn_str key)
{
    static const struct {
        const char *key;
        reader read;
    } readers[] = {
        {"$oid", read_oid},
        {"$date", read_date},
        {"$numberInt", read_int},
        {"$numberLong", read_long},
        {"$numberDouble", read_double},
        {"$numberDecimal", read_decimal},
        {"$binary", read_binary},
        {"$uuid", read_uuid},
        {"$symbol", read_text},
        {"$code", read_text},
        {"$undefined", read_undefined},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(readers); i++)
        if (firn_str_eqc(key, readers[i].key))
            return readers[i].read;
    return NULL;
}

/* Reads the first key of what may be a value; returns where its own value begins. */
static const char *first_key(const reading *r, const char *p, firn_str *ret)
{
    if (r->mode == FIRN_EXTENDED_FALSE || !firn_extjson_maybe(p))
        return NULL;
    p = open_object(r, p);
    if (!p || p + 1 >= r->end || p[0] != '"' || p[1] != '$')
        return NULL;
    return read_key(r, p, ret);
}

const char *firn_extjson_read(const char *p, const char *end, firn_extended mode, firn_arena *a,
                              firn_typed *ret)
{
    const reading r = {end, mode, a, ret};
    firn_str key;
    *ret = (firn_typed){.kind = FIRN_TYPED_NULL};
    p = first_key(&r, p, &key);
    reader read = p ? reader_of(key) : NULL;
    return read ? read_close(&r, read(&r, p)) : NULL;
}

const char *firn_extjson_inside(const char *p, const char *end, firn_extended mode)
{
    static const char *const around[] = {"$timestamp", "$regularExpression", "$dbPointer"};
    if (FIRN_LIKELY(!firn_extjson_maybe(p)) || mode == FIRN_EXTENDED_FALSE)
        return p;
    const char *at = firn_json_space(p + 1, end);
    if (at[0] != '"' || at[1] != '$')
        return p;
    firn_json_key key = firn_json_item_key(&at, end);
    const char *behind = firn_json_space(firn_json_behind(at, end), end);
    firn_str name = {key.p, key.n};
    if (*behind != '}')
        return p;
    for (size_t i = 0; i < FIRN_COUNT_OF(around); i++)
        if (*at == '{' && firn_str_eqc(name, around[i]))
            return at;
    return p;
}
