/* SPDX-License-Identifier: Apache-2.0 */
/* What a checked document holds, recorded in a shape: the same as its Extended JSON would leave
 * there, without making it. */
#include "format/bson_slow.h"

#include "base/hash.h"
#include "format/extjson.h"

#include <math.h>

typedef struct seeing {
    firn_arena *a; /* of the shapes */
    firn_err *err;
} seeing;

static firn_code see_value(const seeing *x, firn_shape *s, uint8_t type, const uint8_t *p,
                           size_t n);

static firn_str string_of(const uint8_t *p)
{
    return (firn_str){(const char *)p + 4, (size_t)firn_bson_i32(p) - 1};
}

/* --- numbers ------------------------------------------------------------------------------- */

static void see_double(firn_shape *s, double d)
{
    char text[FIRN_F64_TEXT_MAX];
    if (!isfinite(d)) {
        firn_shape_add_not_finite(s, FIRN_NUMBER_DOUBLE);
    } else if (fabs(d) < 1e15 && d == (double)(int64_t)d && !(d == 0 && signbit(d))) {
        firn_shape_add_integer(s, FIRN_NUMBER_DOUBLE, (int64_t)d);
    } else {
        size_t n = firn_f64_print(d, text);
        firn_shape_add_number_of(s, FIRN_NUMBER_DOUBLE, (firn_str){text, n});
    }
}

static void see_decimal(firn_shape *s, const uint8_t *p)
{
    char text[FIRN_D128_TEXT_MAX];
    firn_d128 d = firn_d128_read(p);
    bool small = d.exponent <= 0 && d.exponent >= -18 && d.coefficient < UINT64_MAX;
    if (d.kind != FIRN_D128_FINITE) {
        firn_shape_add_not_finite(s, FIRN_NUMBER_DECIMAL);
    } else if (small) {
        firn_shape_add_scaled(s, FIRN_NUMBER_DECIMAL, (uint64_t)d.coefficient, -d.exponent);
    } else {
        size_t n = firn_d128_print(&d, text);
        firn_shape_add_number_of(s, FIRN_NUMBER_DECIMAL, (firn_str){text, n});
    }
}

/* --- texts and binaries -------------------------------------------------------------------- */

static void see_object_id(firn_shape *s, const uint8_t *p)
{
    char hex[25];
    if (!s->plain_text || !s->ambiguous_date) /* else nothing can be learned of a text */
        firn_hex(p, 12, hex);
    firn_shape_add_text(s, (firn_str){hex, 24});
}

static void see_binary(firn_shape *s, const uint8_t *p)
{
    bool uuid = p[4] == 4 && firn_bson_i32(p) == 16;
    firn_shape_add_kind(s, uuid ? FIRN_SEEN_UUID : FIRN_SEEN_BINARY);
}

static void see_date(firn_shape *s, int64_t ms)
{
    int64_t us;
    firn_shape_add_kind(s, FIRN_SEEN_DATE);
    s->far_date |= !firn_ms_to_us(ms, &us);
}

/* --- objects ------------------------------------------------------------------------------- */

/* Keys tend to come in the order in which they came before: `hint` is looked at first. */
static firn_code field_of(const seeing *x, firn_shape *s, firn_str key, size_t hint,
                          firn_shape **ret)
{
    if (hint < s->field_count && firn_str_eq(s->fields[hint].key, key)) {
        *ret = s->fields[hint].shape;
        return FIRN_OK;
    }
    firn_shape *field = firn_shape_field_of(s, key, x->a);
    if (!field)
        return firn_arena_raise(x->a, x->err);
    *ret = field;
    return FIRN_OK;
}

static firn_code see_members(const seeing *x, firn_shape *s, const uint8_t *p, size_t n)
{
    const uint8_t *end = p + n - 1;
    firn_shape_add_object(s);
    p += 4;
    for (size_t i = 0; p < end; i++) {
        bool empty;
        uint8_t type = *p++;
        firn_shape *field = NULL;
        firn_str key = firn_str_of((const char *)p);
        p += key.n + 1;
        size_t bytes = firn_bson_value_bytes(type, p, end, &empty);
        FIRN_TRY(field_of(x, s, key, i, &field));
        FIRN_TRY(see_value(x, field, type, p, bytes));
        p += bytes;
    }
    return FIRN_OK;
}

static firn_code see_items(const seeing *x, firn_shape *s, const uint8_t *p, size_t n)
{
    const uint8_t *end = p + n - 1;
    firn_shape_add_array(s);
    p += 4;
    firn_shape *element = p < end ? firn_shape_element_of(s, x->a) : NULL;
    if (p < end && !element)
        return firn_arena_raise(x->a, x->err);
    while (p < end) {
        bool empty;
        uint8_t type = *p++;
        p += strlen((const char *)p) + 1;
        size_t bytes = firn_bson_value_bytes(type, p, end, &empty);
        FIRN_TRY(see_value(x, element, type, p, bytes));
        p += bytes;
    }
    return FIRN_OK;
}

static firn_code see_text_field(const seeing *x, firn_shape *s, const char *key, firn_str text)
{
    firn_shape *field = NULL;
    FIRN_TRY(field_of(x, s, firn_str_of(key), SIZE_MAX, &field));
    firn_shape_add_text(field, text);
    return FIRN_OK;
}

static firn_code see_number_field(const seeing *x, firn_shape *s, const char *key, int64_t v)
{
    firn_shape *field = NULL;
    FIRN_TRY(field_of(x, s, firn_str_of(key), SIZE_MAX, &field));
    firn_shape_add_integer(field, FIRN_NUMBER_PLAIN, v);
    return FIRN_OK;
}

/* Values that Iceberg has nothing for are objects, as in Extended JSON. */
static firn_code see_object(const seeing *x, firn_shape *s, uint8_t type, const uint8_t *p,
                            size_t n)
{
    char hex[25];
    const char *text = (const char *)p;
    firn_shape *scope = NULL;
    firn_shape_add_object(s);
    switch (type) {
    case FIRN_BSON_REGEX:
        FIRN_TRY(see_text_field(x, s, "pattern", firn_str_of(text)));
        return see_text_field(x, s, "options", firn_str_of(text + strlen(text) + 1));
    case FIRN_BSON_DB_POINTER:
        firn_hex(p + n - 12, 12, hex);
        FIRN_TRY(see_text_field(x, s, "$ref", string_of(p)));
        return see_text_field(x, s, "$id", (firn_str){hex, 24});
    case FIRN_BSON_TIMESTAMP:
        FIRN_TRY(see_number_field(x, s, "t", (uint32_t)firn_bson_i32(p + 4)));
        return see_number_field(x, s, "i", (uint32_t)firn_bson_i32(p));
    case FIRN_BSON_CODE_WITH_SCOPE: {
        size_t code = 8 + (size_t)firn_bson_i32(p + 4);
        FIRN_TRY(see_text_field(x, s, "$code", string_of(p + 4)));
        FIRN_TRY(field_of(x, s, FIRN_STR_LIT("$scope"), SIZE_MAX, &scope));
        return see_members(x, scope, p + code, n - code);
    }
    case FIRN_BSON_MIN_KEY:
        return see_number_field(x, s, "$minKey", 1);
    default:
        return see_number_field(x, s, "$maxKey", 1);
    }
}

/* Recursion ends with the depth of checked documents. */
static firn_code see_value(const seeing *x, firn_shape *s, uint8_t type, const uint8_t *p, size_t n)
{
    switch (type) {
    case FIRN_BSON_DOCUMENT:
        return see_members(x, s, p, n);
    case FIRN_BSON_ARRAY:
        return see_items(x, s, p, n);
    case FIRN_BSON_STRING:
    case FIRN_BSON_CODE:
    case FIRN_BSON_SYMBOL:
        firn_shape_add_text(s, string_of(p));
        break;
    case FIRN_BSON_OBJECT_ID:
        see_object_id(s, p);
        break;
    case FIRN_BSON_BOOLEAN:
        firn_shape_add_boolean(s);
        break;
    case FIRN_BSON_INT:
        firn_shape_add_integer(s, FIRN_NUMBER_INT, firn_bson_i32(p));
        break;
    case FIRN_BSON_LONG:
        firn_shape_add_integer(s, FIRN_NUMBER_LONG, firn_bson_i64(p));
        break;
    case FIRN_BSON_DOUBLE:
        see_double(s, firn_bson_f64(p));
        break;
    case FIRN_BSON_DECIMAL128:
        see_decimal(s, p);
        break;
    case FIRN_BSON_DATE:
        see_date(s, firn_bson_i64(p));
        break;
    case FIRN_BSON_BINARY:
        see_binary(s, p);
        break;
    case FIRN_BSON_NULL:
    case FIRN_BSON_UNDEFINED:
        firn_shape_add_null(s);
        break;
    default:
        return see_object(x, s, type, p, n);
    }
    return FIRN_OK;
}

firn_code firn_bson_see(firn_slice document, firn_shape *seen, firn_arena *a, firn_err *err)
{
    const seeing x = {a, err};
    return see_members(&x, seen, document.p, document.n);
}
