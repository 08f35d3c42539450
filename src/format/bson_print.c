/* SPDX-License-Identifier: Apache-2.0 */
/* Checked BSON as Extended JSON v2, canonical or relaxed, and as the texts of columns. */
#include "format/bson.h"

#include "base/hash.h"
#include "base/str.h"
#include "format/extjson.h"

#include <inttypes.h>
#include <math.h>

typedef enum spelling { CANONICAL, RELAXED } spelling;

static firn_code print_value(spelling how, uint8_t type, const uint8_t *p, size_t n, firn_buf *out,
                             firn_err *err);

/* The text of a string: behind its length, without the zero. */
static firn_str string_of(const uint8_t *p)
{
    return (firn_str){(const char *)p + 4, (size_t)firn_bson_i32(p) - 1};
}

static firn_code add_wrapped(firn_buf *out, const char *key, const char *text, size_t n,
                             firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "{\"$", err));
    FIRN_TRY(firn_buf_adds(out, key, err));
    FIRN_TRY(firn_buf_add(out, "\":\"", 3, err));
    FIRN_TRY(firn_buf_add(out, text, n, err));
    return firn_buf_add(out, "\"}", 2, err);
}

#define INTEGER_TEXT_MAX 24

/* Writes the digits at the end of `text`; returns where they begin. */
static size_t print_integer(int64_t v, char text[INTEGER_TEXT_MAX])
{
    size_t at = INTEGER_TEXT_MAX;
    uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (v < 0)
        text[--at] = '-';
    return at;
}

static firn_code add_integer(firn_buf *out, const char *key, int64_t v, firn_err *err)
{
    char text[INTEGER_TEXT_MAX];
    size_t at = print_integer(v, text);
    return add_wrapped(out, key, text + at, sizeof text - at, err);
}

static int64_t integer_of(uint8_t type, const uint8_t *p)
{
    return type == FIRN_BSON_INT ? firn_bson_i32(p) : firn_bson_i64(p);
}

/* What the relaxed spelling writes in another way. */
static bool is_bare(uint8_t type, const uint8_t *p)
{
    int64_t us;
    return type == FIRN_BSON_INT || type == FIRN_BSON_LONG ||
           (type == FIRN_BSON_DOUBLE && isfinite(firn_bson_f64(p))) ||
           (type == FIRN_BSON_DATE && firn_bson_i64(p) >= 0 &&
            firn_ms_to_us(firn_bson_i64(p), &us));
}

static firn_code add_bare(uint8_t type, const uint8_t *p, firn_buf *out, firn_err *err)
{
    char integer[INTEGER_TEXT_MAX];
    char text[FIRN_MS_TEXT_MAX];
    if (type == FIRN_BSON_DOUBLE)
        return firn_buf_add(out, text, firn_f64_print(firn_bson_f64(p), text), err);
    if (type == FIRN_BSON_DATE)
        return add_wrapped(out, "date", text, firn_ms_print(firn_bson_i64(p), text), err);
    size_t at = print_integer(integer_of(type, p), integer);
    return firn_buf_add(out, integer + at, sizeof integer - at, err);
}

static firn_code add_double(firn_buf *out, double d, firn_err *err)
{
    char text[FIRN_F64_TEXT_MAX];
    size_t n = firn_f64_print(d, text);
    return add_wrapped(out, "numberDouble", text, n, err);
}

static firn_code add_decimal(firn_buf *out, const uint8_t *p, firn_err *err)
{
    char text[FIRN_D128_TEXT_MAX];
    firn_d128 d = firn_d128_read(p);
    size_t n = firn_d128_print(&d, text);
    return add_wrapped(out, "numberDecimal", text, n, err);
}

static firn_code add_object_id(firn_buf *out, const uint8_t *p, firn_err *err)
{
    char hex[25];
    firn_hex(p, 12, hex);
    return add_wrapped(out, "oid", hex, 24, err);
}

static firn_code add_date(firn_buf *out, int64_t ms, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "{\"$date\":", err));
    FIRN_TRY(add_integer(out, "numberLong", ms, err));
    return firn_buf_addc(out, '}', err);
}

/* {"$symbol":"…"}: a text that may need escapes. */
static firn_code add_text(firn_buf *out, const char *key, firn_str text, const char *close,
                          firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, key, err));
    FIRN_TRY(firn_json_add_string(out, text, err));
    return firn_buf_adds(out, close, err);
}

static firn_code add_binary(firn_buf *out, const uint8_t *p, firn_err *err)
{
    size_t skip = p[4] == 2 ? 4 : 0; /* the old one has its length twice */
    firn_slice bytes = {p + 5 + skip, (size_t)firn_bson_i32(p) - skip};
    FIRN_TRY(firn_buf_adds(out, "{\"$binary\":{\"base64\":\"", err));
    FIRN_TRY(firn_base64(bytes, out, err));
    return firn_buf_addf(out, err, "\",\"subType\":\"%02x\"}}", p[4]);
}

static firn_code add_regex(firn_buf *out, const uint8_t *p, firn_err *err)
{
    firn_str pattern = firn_str_of((const char *)p);
    firn_str options = firn_str_of((const char *)p + pattern.n + 1);
    FIRN_TRY(add_text(out, "{\"$regularExpression\":{\"pattern\":", pattern, "", err));
    return add_text(out, ",\"options\":", options, "}}", err);
}

static firn_code add_pointer(firn_buf *out, const uint8_t *p, size_t n, firn_err *err)
{
    FIRN_TRY(add_text(out, "{\"$dbPointer\":{\"$ref\":", string_of(p), ",\"$id\":", err));
    FIRN_TRY(add_object_id(out, p + n - 12, err));
    return firn_buf_adds(out, "}}", err);
}

static firn_code add_scoped(spelling how, firn_buf *out, const uint8_t *p, size_t n, firn_err *err)
{
    size_t code = 4 + (size_t)firn_bson_i32(p + 4);
    FIRN_TRY(add_text(out, "{\"$code\":", string_of(p + 4), ",\"$scope\":", err));
    FIRN_TRY(print_value(how, FIRN_BSON_DOCUMENT, p + 4 + code, n - 4 - code, out, err));
    return firn_buf_addc(out, '}', err);
}

static firn_code add_timestamp(firn_buf *out, const uint8_t *p, firn_err *err)
{
    return firn_buf_addf(out, err, "{\"$timestamp\":{\"t\":%" PRIu32 ",\"i\":%" PRIu32 "}}",
                         (uint32_t)firn_bson_i32(p + 4), (uint32_t)firn_bson_i32(p));
}

/* Recursion ends with the depth of checked documents. */
static firn_code add_members(spelling how, const uint8_t *p, size_t n, bool object, firn_buf *out,
                             firn_err *err)
{
    const uint8_t *end = p + n - 1;
    FIRN_TRY(firn_buf_addc(out, object ? '{' : '[', err));
    p += 4;
    for (bool first = true; p < end; first = false) {
        bool empty;
        uint8_t type = *p++;
        firn_str key = firn_str_of((const char *)p);
        p += key.n + 1;
        size_t bytes = firn_bson_value_bytes(type, p, end, &empty);
        if (!first)
            FIRN_TRY(firn_buf_addc(out, ',', err));
        if (object) {
            FIRN_TRY(firn_json_add_string(out, key, err));
            FIRN_TRY(firn_buf_addc(out, ':', err));
        }
        FIRN_TRY(print_value(how, type, p, bytes, out, err));
        p += bytes;
    }
    return firn_buf_addc(out, object ? '}' : ']', err);
}

static firn_code print_value(spelling how, uint8_t type, const uint8_t *p, size_t n, firn_buf *out,
                             firn_err *err)
{
    if (how == RELAXED && is_bare(type, p))
        return add_bare(type, p, out, err);
    switch (type) {
    case FIRN_BSON_DOUBLE:
        return add_double(out, firn_bson_f64(p), err);
    case FIRN_BSON_STRING:
        return firn_json_add_string(out, string_of(p), err);
    case FIRN_BSON_DOCUMENT:
        return add_members(how, p, n, true, out, err);
    case FIRN_BSON_ARRAY:
        return add_members(how, p, n, false, out, err);
    case FIRN_BSON_BINARY:
        return add_binary(out, p, err);
    case FIRN_BSON_UNDEFINED:
        return firn_buf_adds(out, "{\"$undefined\":true}", err);
    case FIRN_BSON_OBJECT_ID:
        return add_object_id(out, p, err);
    case FIRN_BSON_BOOLEAN:
        return firn_buf_adds(out, *p ? "true" : "false", err);
    case FIRN_BSON_DATE:
        return add_date(out, firn_bson_i64(p), err);
    case FIRN_BSON_REGEX:
        return add_regex(out, p, err);
    case FIRN_BSON_DB_POINTER:
        return add_pointer(out, p, n, err);
    case FIRN_BSON_CODE:
        return add_text(out, "{\"$code\":", string_of(p), "}", err);
    case FIRN_BSON_SYMBOL:
        return add_text(out, "{\"$symbol\":", string_of(p), "}", err);
    case FIRN_BSON_CODE_WITH_SCOPE:
        return add_scoped(how, out, p, n, err);
    case FIRN_BSON_INT:
        return add_integer(out, "numberInt", firn_bson_i32(p), err);
    case FIRN_BSON_TIMESTAMP:
        return add_timestamp(out, p, err);
    case FIRN_BSON_LONG:
        return add_integer(out, "numberLong", firn_bson_i64(p), err);
    case FIRN_BSON_DECIMAL128:
        return add_decimal(out, p, err);
    case FIRN_BSON_MIN_KEY:
        return firn_buf_adds(out, "{\"$minKey\":1}", err);
    case FIRN_BSON_MAX_KEY:
        return firn_buf_adds(out, "{\"$maxKey\":1}", err);
    default:
        return firn_buf_adds(out, "null", err);
    }
}

firn_code firn_bson_print(uint8_t type, firn_slice value, firn_buf *out, firn_err *err)
{
    return print_value(CANONICAL, type, value.p, value.n, out, err);
}

/* --- texts of columns ---------------------------------------------------------------------- */

static firn_code add_binary_text(firn_buf *out, const uint8_t *p, firn_err *err)
{
    char text[FIRN_UUID_TEXT];
    size_t skip = p[4] == 2 ? 4 : 0;
    firn_slice bytes = {p + 5 + skip, (size_t)firn_bson_i32(p) - skip};
    if (p[4] != 4 || bytes.n != 16)
        return firn_base64(bytes, out, err);
    firn_uuid_print(bytes.p, text);
    return firn_buf_add(out, text, sizeof text, err);
}

static firn_code add_decimal_text(firn_buf *out, const uint8_t *p, firn_err *err)
{
    char text[FIRN_D128_TEXT_MAX];
    firn_d128 d = firn_d128_read(p);
    return firn_buf_add(out, text, firn_d128_print(&d, text), err);
}

firn_code firn_bson_print_cell(uint8_t type, firn_slice value, bool json, firn_buf *out,
                               firn_err *err)
{
    char text[FIRN_MS_TEXT_MAX];
    const uint8_t *p = value.p;
    switch (type) {
    case FIRN_BSON_DECIMAL128:
        if (!json || firn_d128_read(p).kind == FIRN_D128_FINITE)
            return add_decimal_text(out, p, err);
        break;
    case FIRN_BSON_DOUBLE:
        if (!json)
            return firn_buf_add(out, text, firn_f64_print(firn_bson_f64(p), text), err);
        break;
    case FIRN_BSON_DATE:
        if (!json)
            return firn_buf_add(out, text, firn_ms_print(firn_bson_i64(p), text), err);
        break;
    case FIRN_BSON_BINARY:
        if (!json)
            return add_binary_text(out, p, err);
        break;
    case FIRN_BSON_CODE:
    case FIRN_BSON_SYMBOL:
        if (!json)
            return firn_buf_addstr(out, string_of(p), err);
        break;
    default:
        break;
    }
    return print_value(RELAXED, type, p, value.n, out, err);
}
