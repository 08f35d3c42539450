/* SPDX-License-Identifier: Apache-2.0 */
/* Literals as values of a column's type, and back. */
#include "lib/lib_int.h"

#include "base/dec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static firn_code no_value(const firn_type *t, const char *what, const char *of, firn_arena *a,
                          firn_err *err)
{
    return firn_raise(err, FIRN_E_INVAL, "%s of %s is no %s", of, what, firn_type_text(t, a));
}

static bool integer_as(const firn_type *t, int64_t i, firn_value *ret)
{
    char text[24];
    switch (t->kind) {
    case FIRN_T_INT:
    case FIRN_T_DATE:
        ret->u.i = i;
        return i == (int32_t)i;
    case FIRN_T_LONG:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
        ret->u.i = i;
        return true;
    case FIRN_T_TIME:
        ret->u.i = i;
        return i >= 0 && i < FIRN_US_PER_DAY;
    case FIRN_T_FLOAT:
        ret->u.f = (float)i;
        return i >= -(1 << 24) && i <= 1 << 24;
    case FIRN_T_DOUBLE:
        ret->u.d = (double)i;
        return i >= -(INT64_C(1) << 53) && i <= INT64_C(1) << 53;
    case FIRN_T_DECIMAL:
        snprintf(text, sizeof text, "%lld", (long long)i);
        return firn_dec_parse(firn_str_of(text), t->precision, t->scale, &ret->u.dec) ==
               FIRN_DEC_OK;
    case FIRN_T_BOOLEAN:
    case FIRN_T_STRING:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return false;
}

static bool double_as(const firn_type *t, double d, firn_value *ret)
{
    if (t->kind == FIRN_T_DOUBLE)
        ret->u.d = d;
    else if (t->kind == FIRN_T_FLOAT)
        ret->u.f = (float)d;
    else
        return false;
    return true;
}

static bool bytes_as(const firn_type *t, firn_slice s, firn_arena *a, firn_value *ret)
{
    bool fits = t->kind == FIRN_T_BINARY || (t->kind == FIRN_T_UUID && s.n == 16) ||
                (t->kind == FIRN_T_FIXED && (int64_t)s.n == t->length);
    ret->u.bytes = firn_arena_copy(a, s);
    return fits && ret->u.bytes.p;
}

static bool is_timestamp(const firn_type *t)
{
    return t->kind == FIRN_T_TIMESTAMP || t->kind == FIRN_T_TIMESTAMPTZ ||
           t->kind == FIRN_T_TIMESTAMP_NS || t->kind == FIRN_T_TIMESTAMPTZ_NS;
}

static bool text_as(const firn_type *t, firn_str s, firn_arena *a, firn_value *ret)
{
    if (t->kind == FIRN_T_FIXED || t->kind == FIRN_T_BINARY)
        return bytes_as(t, (firn_slice){(const uint8_t *)s.p, s.n}, a, ret);
    if (t->kind == FIRN_T_STRING && !firn_utf8_valid(s.p, s.n))
        return false;
    /* as it is, else with what may be left out: the time of day, the zone (UTC) */
    static const char *const left_out[] = {"", "T00:00:00", "Z", "T00:00:00Z"};
    size_t forms = is_timestamp(t) ? FIRN_COUNT_OF(left_out) : 1;
    for (size_t i = 0; i < forms; i++) {
        const char *full = firn_arena_printf(a, "%.*s%s", FIRN_STR_ARG(s), left_out[i]);
        if (full && firn_value_from_engine(t, firn_str_of(full), a, ret))
            return true;
    }
    return false;
}

firn_code firn_lib_value(const firn_type *t, const firn_literal *v, firn_arena *a, const char *what,
                         firn_value *ret, firn_err *err)
{
    firn_value made = {0};
    firn_slice bytes = {v->value.bytes.data, v->value.bytes.size};
    switch (v->kind) {
    case FIRN_LITERAL_NULL:
        *ret = FIRN_VALUE_NULL;
        return FIRN_OK;
    case FIRN_LITERAL_BOOLEAN:
        made.u.b = v->value.boolean;
        if (t->kind != FIRN_T_BOOLEAN)
            return no_value(t, what, "a boolean", a, err);
        break;
    case FIRN_LITERAL_INTEGER:
        if (!integer_as(t, v->value.integer, &made))
            return no_value(t, what, "an integer", a, err);
        break;
    case FIRN_LITERAL_DOUBLE:
        if (!double_as(t, v->value.number, &made))
            return no_value(t, what, "a double", a, err);
        break;
    case FIRN_LITERAL_TEXT:
        if (!text_as(t, (firn_str){(const char *)bytes.p, bytes.n}, a, &made))
            return no_value(t, what, firn_quote((firn_str){(const char *)bytes.p, bytes.n}).s, a,
                            err);
        break;
    case FIRN_LITERAL_BYTES:
        if (!bytes_as(t, bytes, a, &made))
            return no_value(t, what, "a value of bytes", a, err);
        break;
    default:
        return firn_raise(err, FIRN_E_INVAL, "the literal of %s has no kind", what);
    }
    *ret = made;
    return FIRN_OK;
}

/* --- the way back -------------------------------------------------------------------------- */

static firn_code decimal_literal(const firn_type *t, firn_i128 v, firn_arena *a, firn_literal *ret,
                                 firn_err *err)
{
    char text[FIRN_DEC_TEXT_MAX];
    size_t n = firn_dec_print(v, t->scale, text);
    const char *copy = firn_arena_strndup(a, text, n);
    if (!copy)
        return firn_arena_raise(a, err);
    *ret = firn_literal_text(copy);
    return FIRN_OK;
}

static firn_code bytes_literal(const firn_type *t, firn_slice s, firn_arena *a, firn_literal *ret,
                               firn_err *err)
{
    firn_slice copy = firn_arena_copy(a, s);
    if (!copy.p)
        return firn_arena_raise(a, err);
    *ret = firn_literal_bytes(copy.p, copy.n);
    if (t->kind == FIRN_T_STRING)
        ret->kind = FIRN_LITERAL_TEXT;
    return FIRN_OK;
}

firn_code firn_lib_literal(const firn_type *t, const firn_value *v, firn_arena *a,
                           firn_literal *ret, firn_err *err)
{
    *ret = firn_literal_null();
    if (v->is_null)
        return FIRN_OK;
    switch (t->kind) {
    case FIRN_T_BOOLEAN:
        *ret = firn_literal_boolean(v->u.b);
        return FIRN_OK;
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_DATE:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
        *ret = firn_literal_integer(v->u.i);
        return FIRN_OK;
    case FIRN_T_FLOAT:
        *ret = firn_literal_double((double)v->u.f);
        return FIRN_OK;
    case FIRN_T_DOUBLE:
        *ret = firn_literal_double(v->u.d);
        return FIRN_OK;
    case FIRN_T_DECIMAL:
        return decimal_literal(t, v->u.dec, a, ret, err);
    case FIRN_T_STRING:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
        return bytes_literal(t, v->u.bytes, a, ret, err);
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return FIRN_OK;
}
