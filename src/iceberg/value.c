/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/value.h"

#include "base/datetime.h"
#include "base/hash.h"
#include "base/str.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* How a value of a kind is stored in firn_value. */
typedef enum storage { IN_B, IN_I, IN_F, IN_D, IN_DEC, IN_BYTES, IN_NOTHING } storage;

static storage storage_of(firn_type_kind k)
{
    static const uint8_t table[FIRN_TYPE_KIND_COUNT] = {
        [FIRN_T_BOOLEAN] = IN_B,       [FIRN_T_INT] = IN_I,
        [FIRN_T_LONG] = IN_I,          [FIRN_T_FLOAT] = IN_F,
        [FIRN_T_DOUBLE] = IN_D,        [FIRN_T_DECIMAL] = IN_DEC,
        [FIRN_T_DATE] = IN_I,          [FIRN_T_TIME] = IN_I,
        [FIRN_T_TIMESTAMP] = IN_I,     [FIRN_T_TIMESTAMPTZ] = IN_I,
        [FIRN_T_TIMESTAMP_NS] = IN_I,  [FIRN_T_TIMESTAMPTZ_NS] = IN_I,
        [FIRN_T_UNKNOWN] = IN_NOTHING, [FIRN_T_FOREIGN] = IN_NOTHING,
        [FIRN_T_STRING] = IN_BYTES,    [FIRN_T_UUID] = IN_BYTES,
        [FIRN_T_FIXED] = IN_BYTES,     [FIRN_T_BINARY] = IN_BYTES,
        [FIRN_T_STRUCT] = IN_NOTHING,  [FIRN_T_LIST] = IN_NOTHING,
        [FIRN_T_MAP] = IN_NOTHING,
    };
    return (storage)table[k];
}

static bool is_four_bytes(firn_type_kind k)
{
    return k == FIRN_T_INT || k == FIRN_T_DATE;
}

static int cmp_double(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) != 0) - (isnan(b) != 0);
    if (a < b)
        return -1;
    if (a > b)
        return 1;
    return (signbit(b) != 0) - (signbit(a) != 0);
}

int firn_value_cmp(const firn_type *t, const firn_value *a, const firn_value *b)
{
    switch (storage_of(t->kind)) {
    case IN_B:
        return (int)a->u.b - (int)b->u.b;
    case IN_I:
        return (a->u.i > b->u.i) - (a->u.i < b->u.i);
    case IN_F:
        return cmp_double((double)a->u.f, (double)b->u.f);
    case IN_D:
        return cmp_double(a->u.d, b->u.d);
    case IN_DEC:
        return (a->u.dec > b->u.dec) - (a->u.dec < b->u.dec);
    case IN_BYTES:
        return firn_str_cmp((firn_str){(const char *)a->u.bytes.p, a->u.bytes.n},
                            (firn_str){(const char *)b->u.bytes.p, b->u.bytes.n});
    case IN_NOTHING:
        break;
    }
    firn_assert(storage_of(t->kind) != IN_NOTHING);
    return 0;
}

bool firn_value_eq(const firn_type *t, const firn_value *a, const firn_value *b)
{
    if (a->is_null || b->is_null)
        return a->is_null && b->is_null;
    return firn_value_cmp(t, a, b) == 0;
}

static firn_code add_le(firn_buf *out, uint64_t v, size_t n, firn_err *err)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
    return firn_buf_add(out, bytes, n, err);
}

static uint64_t get_le(firn_slice s)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v |= (uint64_t)s.p[i] << (8 * i);
    return v;
}

firn_code firn_value_to_bytes(const firn_type *t, const firn_value *v, firn_buf *out, firn_err *err)
{
    firn_assert(!v->is_null);
    uint8_t be[16];
    uint32_t half;
    uint64_t whole;
    switch (storage_of(t->kind)) {
    case IN_B:
        return firn_buf_addc(out, v->u.b ? 1 : 0, err);
    case IN_I:
        return add_le(out, (uint64_t)v->u.i, is_four_bytes(t->kind) ? 4 : 8, err);
    case IN_F:
        memcpy(&half, &v->u.f, sizeof half);
        return add_le(out, half, 4, err);
    case IN_D:
        memcpy(&whole, &v->u.d, sizeof whole);
        return add_le(out, whole, 8, err);
    case IN_DEC:
        return firn_buf_add(out, be, firn_dec_to_be(v->u.dec, be), err);
    case IN_BYTES:
        return firn_buf_add(out, v->u.bytes.p, v->u.bytes.n, err);
    case IN_NOTHING:
        break;
    }
    return firn_raise(err, FIRN_E_BUG, "a nested value has no single-value form");
}

/* False beyond the years that nanoseconds can count. */
static bool ns_of(int64_t us, int64_t *ret)
{
    return !__builtin_mul_overflow(us, INT64_C(1000), ret);
}

static bool is_ns(firn_type_kind k)
{
    return k == FIRN_T_TIMESTAMP_NS || k == FIRN_T_TIMESTAMPTZ_NS;
}

static bool is_zoned(firn_type_kind k)
{
    return k == FIRN_T_TIMESTAMPTZ || k == FIRN_T_TIMESTAMPTZ_NS;
}

/* A moment that was written as a date. */
static bool moment_from_days(const firn_type *t, int64_t days, int64_t *ret)
{
    int64_t us;
    if (t->kind == FIRN_T_TIMESTAMP)
        return !__builtin_mul_overflow(days, FIRN_US_PER_DAY, ret);
    return t->kind == FIRN_T_TIMESTAMP_NS && !__builtin_mul_overflow(days, FIRN_US_PER_DAY, &us) &&
           ns_of(us, ret);
}

static bool integral_from(const firn_type *t, firn_slice s, firn_value *ret)
{
    if (s.n == 4 && (is_four_bytes(t->kind) || t->kind == FIRN_T_LONG))
        ret->u.i = (int32_t)get_le(s);
    else if (s.n == 8 && !is_four_bytes(t->kind))
        ret->u.i = (int64_t)get_le(s);
    else
        return s.n == 4 && moment_from_days(t, (int32_t)get_le(s), &ret->u.i);
    return true;
}

static bool float_from(const firn_type *t, firn_slice s, firn_value *ret)
{
    uint32_t half = (uint32_t)get_le(s);
    uint64_t whole = get_le(s);
    float f;
    memcpy(&f, &half, 4);
    if (t->kind == FIRN_T_FLOAT && s.n == 4)
        ret->u.f = f;
    else if (t->kind == FIRN_T_DOUBLE && s.n == 4)
        ret->u.d = (double)f;
    else if (t->kind == FIRN_T_DOUBLE && s.n == 8)
        memcpy(&ret->u.d, &whole, 8);
    else
        return false;
    return true;
}

static bool bytes_from(const firn_type *t, firn_slice s, firn_value *ret)
{
    ret->u.bytes = s;
    return (t->kind != FIRN_T_UUID || s.n == 16) &&
           (t->kind != FIRN_T_FIXED || (int64_t)s.n == t->length);
}

static bool boolean_from(firn_slice s, firn_value *ret)
{
    ret->u.b = s.n == 1 && s.p[0] != 0;
    return s.n == 1;
}

bool firn_value_from_bytes(const firn_type *t, firn_slice bytes, firn_value *ret)
{
    firn_value v = {0};
    bool ok = false;
    switch (storage_of(t->kind)) {
    case IN_B:
        ok = boolean_from(bytes, &v);
        break;
    case IN_I:
        ok = integral_from(t, bytes, &v);
        break;
    case IN_F:
    case IN_D:
        ok = (bytes.n == 4 || bytes.n == 8) && float_from(t, bytes, &v);
        break;
    case IN_DEC:
        ok = firn_dec_from_be(bytes, &v.u.dec);
        break;
    case IN_BYTES:
        ok = bytes_from(t, bytes, &v);
        break;
    case IN_NOTHING:
        break;
    }
    if (ok)
        *ret = v;
    return ok;
}

/* --- the engine's texts -------------------------------------------------------------------- */

/* Takes the seventh to ninth digit behind the second out of the text. */
static firn_str without_ns(firn_str text, firn_arena *a, int64_t *ret)
{
    static const int64_t unit[] = {100, 10, 1};
    const char *point = memchr(text.p, '.', text.n);
    char *copy = firn_arena_strndup(a, text.p, text.n);
    size_t at = point ? (size_t)(point - text.p) + 7 : text.n;
    size_t n = 0;
    *ret = 0;
    if (!copy)
        return (firn_str){NULL, 0};
    for (; at + n < text.n && n < 3 && text.p[at + n] >= '0' && text.p[at + n] <= '9'; n++)
        *ret += (text.p[at + n] - '0') * unit[n];
    if (n)
        memmove(copy + at, copy + at + n, text.n - at - n);
    return (firn_str){copy, text.n - n};
}

static bool timestamp_from_engine(const firn_type *t, firn_str text, firn_arena *a, int64_t *ret)
{
    bool zoned;
    int64_t below = 0;
    if (is_ns(t->kind))
        text = without_ns(text, a, &below);
    /* '2024-01-01 00:00:00+00' for timestamptz, always UTC */
    if (!text.p || !firn_timestamp_parse(text, ret, &zoned) || zoned != is_zoned(t->kind))
        return false;
    return !is_ns(t->kind) || (ns_of(*ret, ret) && !__builtin_add_overflow(*ret, below, ret));
}

static bool uuid_from_text(firn_str text, firn_arena *a, firn_slice *ret)
{
    char hex[32];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '-')
            continue;
        if (n == sizeof hex)
            return false;
        hex[n++] = text.p[i];
    }
    uint8_t *bytes = firn_arena_alloc(a, 16);
    if (n != 32 || !bytes || !firn_unhex((firn_str){hex, 32}, bytes))
        return false;
    *ret = (firn_slice){bytes, 16};
    return true;
}

static bool bytes_from_engine(const firn_type *t, firn_str text, firn_arena *a, firn_slice *ret)
{
    if (t->kind == FIRN_T_UUID)
        return uuid_from_text(text, a, ret);
    if (t->kind == FIRN_T_STRING) {
        *ret = firn_arena_copy(a, (firn_slice){(const uint8_t *)text.p, text.n});
        return ret->p != NULL;
    }
    uint8_t *bytes = firn_arena_alloc(a, text.n / 2 + 1);
    if (!bytes || !firn_unhex(text, bytes))
        return false;
    *ret = (firn_slice){bytes, text.n / 2};
    return true;
}

static bool integral_from_engine(const firn_type *t, firn_str text, firn_arena *a, int64_t *ret)
{
    int32_t days;
    if (t->kind == FIRN_T_DATE) {
        if (!firn_date_parse(text, &days))
            return false;
        *ret = days;
        return true;
    }
    if (t->kind == FIRN_T_TIME)
        return firn_time_parse(text, ret);
    if (t->kind == FIRN_T_TIMESTAMP || t->kind == FIRN_T_TIMESTAMPTZ || is_ns(t->kind))
        return timestamp_from_engine(t, text, a, ret);
    int64_t v;
    if (!firn_str_i64(text, &v) || (t->kind == FIRN_T_INT && v != (int32_t)v))
        return false;
    *ret = v;
    return true;
}

static bool boolean_from_engine(firn_str text, bool *ret)
{
    *ret = firn_str_eqc(text, "1") || firn_str_eqc(text, "true");
    return *ret || firn_str_eqc(text, "0") || firn_str_eqc(text, "false");
}

bool firn_value_from_engine(const firn_type *t, firn_str text, firn_arena *a, firn_value *ret)
{
    firn_value v = {0};
    double d = 0;
    bool ok = false;
    switch (storage_of(t->kind)) {
    case IN_B:
        ok = boolean_from_engine(text, &v.u.b);
        break;
    case IN_I:
        ok = integral_from_engine(t, text, a, &v.u.i);
        break;
    case IN_F:
        ok = firn_str_f64(text, &d) && !isnan(d);
        v.u.f = (float)d;
        break;
    case IN_D:
        ok = firn_str_f64(text, &v.u.d) && !isnan(v.u.d);
        break;
    case IN_DEC:
        ok = firn_dec_parse(text, t->precision, t->scale, &v.u.dec) == FIRN_DEC_OK;
        break;
    case IN_BYTES:
        ok = bytes_from_engine(t, text, a, &v.u.bytes);
        break;
    case IN_NOTHING:
        break;
    }
    if (ok)
        *ret = v;
    return ok;
}

/* --- texts for people ---------------------------------------------------------------------- */

static firn_code print_uuid(firn_slice b, firn_buf *out, firn_err *err)
{
    char hex[33];
    firn_hex(b.p, 16, hex);
    return firn_buf_addf(out, err, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                         hex + 20);
}

/* As Java does: three more digits where there are any. */
static void print_ns(int64_t ns, char text[FIRN_TIME_TEXT_MAX])
{
    int64_t us = firn_floor_div(ns, 1000);
    int64_t below = ns - us * 1000;
    firn_timestamp_print(us, false, text);
    if (below == 0)
        return;
    size_t n = strlen(text);
    bool fraction = memchr(text, '.', n) != NULL;
    snprintf(text + n, FIRN_TIME_TEXT_MAX - n, "%s%03d", fraction ? "" : ".000000", (int)below);
}

static firn_code print_integral(const firn_type *t, int64_t i, firn_buf *out, firn_err *err)
{
    char text[FIRN_TIME_TEXT_MAX];
    if (t->kind == FIRN_T_DATE)
        firn_date_print((int32_t)i, text);
    else if (t->kind == FIRN_T_TIME)
        firn_time_print(i, text);
    else if (t->kind == FIRN_T_TIMESTAMP || t->kind == FIRN_T_TIMESTAMPTZ)
        firn_timestamp_print(i, false, text);
    else if (is_ns(t->kind))
        print_ns(i, text);
    else
        snprintf(text, sizeof text, "%" PRId64, i);
    FIRN_TRY(firn_buf_adds(out, text, err));
    return is_zoned(t->kind) ? firn_buf_adds(out, "+00:00", err) : FIRN_OK;
}

/* 5e+07 becomes 50000000.0, 2 becomes 2.0: as DuckDB and Python print them. */
static void spell_out(double d, const char *shortest, char ret[64])
{
    bool large = strchr(shortest, 'e') && fabs(d) >= 1.0 && fabs(d) < 1e16;
    bool digits_only = !strpbrk(shortest, ".ein"); /* also no inf, no nan */
    if (large)
        snprintf(ret, 64, "%.0f.0", d);
    else
        snprintf(ret, 64, "%s%s", shortest, digits_only ? ".0" : "");
}

/* The shortest text that reads back as the same number.  What has at most 15 digits (a float: 6) is
 * found by asking for so many, unless the number is so small that it has fewer bits. */
static firn_code print_double(double d, int max_digits, bool is_float, firn_buf *out, firn_err *err)
{
    char text[40];
    int safe = is_float ? 6 : 15;
    bool small = fabs(d) < (is_float ? 1e-36 : 1e-290);
    for (int digits = small ? 1 : safe; digits <= max_digits; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, d);
        double back;
        if (!firn_str_f64(firn_str_of(text), &back))
            break; /* inf and nan */
        if (is_float ? (float)back == (float)d : back == d)
            break;
    }
    char spelt[64];
    spell_out(d, text, spelt);
    return firn_buf_adds(out, spelt, err);
}

static firn_code print_bytes(const firn_type *t, firn_slice bytes, firn_buf *out, firn_err *err)
{
    if (t->kind == FIRN_T_UUID && bytes.n == 16)
        return print_uuid(bytes, out, err);
    if (t->kind == FIRN_T_STRING)
        return firn_buf_add(out, bytes.p, bytes.n, err);
    return firn_base64(bytes, out, err);
}

firn_code firn_value_print(const firn_type *t, const firn_value *v, firn_buf *out, firn_err *err)
{
    char text[FIRN_DEC_TEXT_MAX];
    if (v->is_null)
        return firn_buf_adds(out, "null", err);
    switch (storage_of(t->kind)) {
    case IN_B:
        return firn_buf_adds(out, v->u.b ? "true" : "false", err);
    case IN_I:
        return print_integral(t, v->u.i, out, err);
    case IN_F:
        return print_double((double)v->u.f, 9, true, out, err);
    case IN_D:
        return print_double(v->u.d, 17, false, out, err);
    case IN_DEC:
        firn_dec_print(v->u.dec, t->scale, text);
        return firn_buf_adds(out, text, err);
    case IN_BYTES:
        return print_bytes(t, v->u.bytes, out, err);
    case IN_NOTHING:
        break;
    }
    return firn_raise(err, FIRN_E_BUG, "a nested value has no text form");
}

bool firn_value_copy(const firn_type *t, const firn_value *v, firn_arena *a, firn_value *ret)
{
    *ret = *v;
    if (v->is_null || storage_of(t->kind) != IN_BYTES)
        return true;
    ret->u.bytes = firn_arena_copy(a, v->u.bytes);
    return ret->u.bytes.p != NULL;
}

/* --- truncated bounds ---------------------------------------------------------------------- */

/* Returns the bytes of the first `length` code points or bytes. */
static size_t prefix_bytes(const firn_type *t, firn_slice s, size_t length)
{
    if (t->kind != FIRN_T_STRING)
        return FIRN_MIN(s.n, length);
    size_t at = 0;
    for (size_t i = 0; i < length && at < s.n; i++) {
        uint32_t cp;
        size_t n = firn_utf8_decode((const char *)s.p + at, s.n - at, &cp);
        at += n ? n : 1;
    }
    return FIRN_MIN(at, s.n);
}

firn_slice firn_bound_lower(const firn_type *t, firn_slice bytes, size_t length)
{
    if (t->kind != FIRN_T_STRING && t->kind != FIRN_T_BINARY)
        return bytes;
    return (firn_slice){bytes.p, prefix_bytes(t, bytes, length)};
}

/* Increments the last byte below 0xff and drops what follows; returns the new length, 0 if there
 * is none. */
static size_t bump_bytes(uint8_t *p, size_t n)
{
    while (n && p[n - 1] == 0xff)
        n--;
    if (n)
        p[n - 1]++;
    return n;
}

/* The same by code points: p holds room for one more byte (a successor may be longer). */
static size_t bump_text(uint8_t *p, size_t n)
{
    while (n) {
        size_t start = n - 1;
        while (start && (p[start] & 0xc0) == 0x80)
            start--;
        uint32_t cp;
        if (!firn_utf8_decode((const char *)p + start, n - start, &cp))
            return 0;
        if (cp < 0x10ffff) {
            cp = cp == 0xd7ff ? 0xe000 : cp + 1;
            char next[4];
            size_t next_n = firn_utf8_encode(cp, next);
            memcpy(p + start, next, next_n);
            return start + next_n;
        }
        n = start;
    }
    return 0;
}

firn_code firn_bound_upper(const firn_type *t, firn_slice bytes, size_t length, firn_arena *a,
                           firn_slice *ret, bool *ret_has, firn_err *err)
{
    bool text = t->kind == FIRN_T_STRING;
    size_t n = text || t->kind == FIRN_T_BINARY ? prefix_bytes(t, bytes, length) : bytes.n;
    *ret_has = true;
    if (n == bytes.n) {
        *ret = bytes;
        return FIRN_OK;
    }
    uint8_t *p = firn_arena_alloc(a, n + 4);
    if (!p)
        return firn_arena_raise(a, err);
    memcpy(p, bytes.p, n);
    size_t bumped = text ? bump_text(p, n) : bump_bytes(p, n);
    *ret_has = bumped > 0;
    *ret = (firn_slice){p, bumped};
    return FIRN_OK;
}
