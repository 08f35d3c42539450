/* SPDX-License-Identifier: Apache-2.0 */
/* One text becomes one value: a reader a type makes the bits, which are stored by width. */
#include "format/scalar_int.h"

#include "base/str.h"

#include <string.h>

const char *firn_fit_text(firn_fit fit)
{
    switch (fit) {
    case FIRN_FIT_OK:
        return "fits";
    case FIRN_FIT_SYNTAX:
        return "is not a value of this type";
    case FIRN_FIT_RANGE:
        return "is out of range for this type";
    case FIRN_FIT_INEXACT:
        return "would lose something in this type";
    case FIRN_FIT_UTF8:
        return "is not UTF-8";
    case FIRN_FIT_NOMEM:
        return "needs more memory than there is";
    case FIRN_FIT_COUNT:
        break;
    }
    return "is unknown";
}

/* What a reader makes: integers widen to `i`, whatever the width of the column. */
typedef union value {
    firn_i128 i;
    float f;
    double d;
    firn_strview view;
} value;

/* a == NULL: only whether it fits is asked; a binary is then not decoded. */
typedef firn_fit (*reader)(const firn_type *type, firn_str s, const firn_scalar_opt *opt,
                           firn_arena *a, value *ret);

/* The word of eight bytes is enough for most cells; the rest is ASCII as a rule. */
static bool is_utf8(firn_str s)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t bits = 0;
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8)
        bits |= firn_load8(s.p + i);
    for (; i < s.n; i++)
        bits |= (uint8_t)s.p[i];
    return (bits & high) == 0 || firn_utf8_valid(s.p, s.n);
}

static firn_fit read_string(const firn_type *type FIRN_UNUSED, firn_str s,
                            const firn_scalar_opt *opt FIRN_UNUSED, firn_arena *a FIRN_UNUSED,
                            value *ret)
{
    if (!is_utf8(s))
        return FIRN_FIT_UTF8;
    if (s.n > UINT32_MAX)
        return FIRN_FIT_RANGE;
    ret->view = firn_strview_of(s.p, s.n);
    return FIRN_FIT_OK;
}

/* --- binary: RFC 4648 base64 with padding, nothing else between ----------------------------- */

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes four characters, of which the last `padding` are '='; bits that are left over must be
 * zero, or two texts would be one value.  Writes only with an `out`. */
static bool decode_four(const char *p, size_t padding, uint8_t *out)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int bits = i < 4 - padding ? sextet(p[i]) : 0;
        if (bits < 0)
            return false;
        v = v << 6 | (uint32_t)bits;
    }
    if (v & ((UINT32_C(1) << (8 * padding)) - 1))
        return false;
    for (size_t i = 0; out && i < 3 - padding; i++)
        out[i] = (uint8_t)(v >> (16 - 8 * i));
    return true;
}

static firn_fit read_binary(const firn_type *type FIRN_UNUSED, firn_str s,
                            const firn_scalar_opt *opt FIRN_UNUSED, firn_arena *a, value *ret)
{
    if (s.n % 4)
        return FIRN_FIT_SYNTAX;
    if (s.n > UINT32_MAX)
        return FIRN_FIT_RANGE;
    size_t padding = 0;
    while (padding < 2 && padding < s.n && s.p[s.n - 1 - padding] == '=')
        padding++;
    uint8_t *out = a ? firn_arena_alloc(a, s.n / 4 * 3) : NULL;
    if (a && !out)
        return FIRN_FIT_NOMEM;
    for (size_t i = 0; i < s.n; i += 4)
        if (!decode_four(s.p + i, i + 4 == s.n ? padding : 0, out ? out + i / 4 * 3 : NULL))
            return FIRN_FIT_SYNTAX;
    if (out)
        ret->view = firn_strview_of((const char *)out, s.n / 4 * 3 - padding);
    return FIRN_FIT_OK;
}

/* --- booleans, uuids ----------------------------------------------------------------------- */

static firn_fit read_boolean(const firn_type *type FIRN_UNUSED, firn_str s,
                             const firn_scalar_opt *opt FIRN_UNUSED, firn_arena *a FIRN_UNUSED,
                             value *ret)
{
    bool yes = firn_str_ieq(s, FIRN_STR_LIT("true"));
    if (!yes && !firn_str_ieq(s, FIRN_STR_LIT("false")))
        return FIRN_FIT_SYNTAX;
    ret->i = yes;
    return FIRN_FIT_OK;
}

/* Reads eight hex digits, any case; false if one is none.  The sums carry into bit 7 of a byte
 * from the byte named behind them on. */
static bool hex8(uint64_t x, uint32_t *ret)
{
    const uint64_t one = UINT64_C(0x0101010101010101);
    const uint64_t high = one * 0x80;
    uint64_t lower = x | one * 0x20;
    if (x & high)
        return false;
    uint64_t digits = (x + one * 0x50) & ~(x + one * 0x46);          /* '0', ':' */
    uint64_t letters = (lower + one * 0x1f) & ~(lower + one * 0x19); /* 'a', 'g' */
    if (((digits | letters) & high) != high)
        return false;
    uint64_t v = (x & one * 0x0f) + ((x >> 6) & one) * 9;
    v = ((v << 4) | (v >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    v = ((v << 8) | (v >> 16)) & UINT64_C(0x0000ffff0000ffff);
    *ret = (uint32_t)((v << 16) | (v >> 32));
    return true;
}

static firn_fit read_uuid(const firn_type *type FIRN_UNUSED, firn_str s,
                          const firn_scalar_opt *opt FIRN_UNUSED, firn_arena *a FIRN_UNUSED,
                          value *ret)
{
    uint32_t v[4];
    if (s.n != 36 || s.p[8] != '-' || s.p[13] != '-' || s.p[18] != '-' || s.p[23] != '-')
        return FIRN_FIT_SYNTAX;
    if (!hex8(firn_load8(s.p), &v[0]) || !hex8(firn_load4x2(s.p + 9, s.p + 14), &v[1]) ||
        !hex8(firn_load4x2(s.p + 19, s.p + 24), &v[2]) || !hex8(firn_load8(s.p + 28), &v[3]))
        return FIRN_FIT_SYNTAX;
    /* column.h: the signed order is the order of the bytes */
    firn_u128 high = (uint64_t)(v[0] ^ UINT32_C(0x80000000)) << 32 | v[1];
    ret->i = (firn_i128)(high << 64 | (uint64_t)v[2] << 32 | v[3]);
    return FIRN_FIT_OK;
}

/* --- numbers and times --------------------------------------------------------------------- */

static firn_fit read_int(const firn_type *type, firn_str s, const firn_scalar_opt *opt,
                         firn_arena *a FIRN_UNUSED, value *ret)
{
    bool narrow = type->kind == FIRN_T_INT;
    int64_t v;
    if (!opt->given && firn_number_is_padded(s))
        return FIRN_FIT_INEXACT;
    firn_fit fit =
        firn_scalar_int(s, narrow ? INT32_MIN : INT64_MIN, narrow ? INT32_MAX : INT64_MAX, &v);
    if (fit == FIRN_FIT_OK)
        ret->i = v;
    return fit;
}

static firn_fit read_decimal(const firn_type *type, firn_str s, const firn_scalar_opt *opt,
                             firn_arena *a FIRN_UNUSED, value *ret)
{
    if (!opt->given && firn_number_is_padded(s))
        return FIRN_FIT_INEXACT;
    return firn_scalar_dec(s, type->precision, type->scale, &ret->i);
}

static firn_fit read_float(const firn_type *type FIRN_UNUSED, firn_str s,
                           const firn_scalar_opt *opt, firn_arena *a FIRN_UNUSED, value *ret)
{
    if (!opt->given && firn_number_is_padded(s))
        return FIRN_FIT_INEXACT;
    return firn_scalar_float(s, opt->given, &ret->f);
}

static firn_fit read_double(const firn_type *type FIRN_UNUSED, firn_str s,
                            const firn_scalar_opt *opt, firn_arena *a FIRN_UNUSED, value *ret)
{
    if (!opt->given && firn_number_is_padded(s))
        return FIRN_FIT_INEXACT;
    return firn_scalar_double(s, opt->given, &ret->d);
}

static firn_fit read_date(const firn_type *type FIRN_UNUSED, firn_str s, const firn_scalar_opt *opt,
                          firn_arena *a FIRN_UNUSED, value *ret)
{
    int32_t days = 0;
    firn_fit fit = firn_scalar_date(s, opt, &days);
    ret->i = days;
    return fit;
}

static firn_fit read_time(const firn_type *type, firn_str s, const firn_scalar_opt *opt,
                          firn_arena *a FIRN_UNUSED, value *ret)
{
    int64_t us = 0;
    firn_fit fit;
    if (type->kind == FIRN_T_TIME)
        fit = firn_scalar_time(s, &us);
    else if (type->kind == FIRN_T_TIMESTAMP)
        fit = firn_scalar_timestamp(s, opt, &us);
    else
        fit = firn_scalar_timestamptz(s, opt, &us);
    ret->i = us;
    return fit;
}

static const reader readers[FIRN_TYPE_KIND_COUNT] = {
    [FIRN_T_BOOLEAN] = read_boolean, [FIRN_T_INT] = read_int,
    [FIRN_T_LONG] = read_int,        [FIRN_T_FLOAT] = read_float,
    [FIRN_T_DOUBLE] = read_double,   [FIRN_T_DECIMAL] = read_decimal,
    [FIRN_T_DATE] = read_date,       [FIRN_T_TIME] = read_time,
    [FIRN_T_TIMESTAMP] = read_time,  [FIRN_T_TIMESTAMPTZ] = read_time,
    [FIRN_T_STRING] = read_string,   [FIRN_T_UUID] = read_uuid,
    [FIRN_T_BINARY] = read_binary,
};

/* --- one value ----------------------------------------------------------------------------- */

/* Maybe white space: worth a closer look. */
static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

static firn_fit read_value(const firn_type *type, firn_str text, const firn_scalar_opt *opt,
                           firn_arena *a, value *ret)
{
    reader read = readers[type->kind];
    if (!read)
        return FIRN_FIT_SYNTAX;
    bool verbatim = type->kind == FIRN_T_STRING || type->kind == FIRN_T_BINARY;
    if (!verbatim && text.n && (is_blank(text.p[0]) || is_blank(text.p[text.n - 1])))
        text = firn_str_trim(text);
    return read(type, text, opt, a, ret);
}

/* The usual spellings of what is an integer in memory, without the way through a table. */
static bool read_usual(const firn_type *type, firn_str s, const firn_scalar_opt *opt, int64_t *ret)
{
    int32_t days;
    bool zoned;
    switch ((int)type->kind) {
    case FIRN_T_LONG:
        return firn_fast_i64(s.p, s.n, ret) && (opt->given || !firn_number_is_padded(s));
    case FIRN_T_DATE:
        if (opt->format || !firn_fast_date(s.p, s.n, &days))
            return false;
        *ret = days;
        return true;
    case FIRN_T_TIMESTAMP:
        return !opt->format && firn_fast_timestamp(s.p, s.n, ret, &zoned) && !zoned;
    case FIRN_T_TIMESTAMPTZ:
        return !opt->format && firn_fast_timestamp(s.p, s.n, ret, &zoned) && zoned;
    default:
        return false;
    }
}

static void store(firn_column *col, size_t row, const value *v)
{
    switch ((int)col->type->kind) {
    case FIRN_T_FLOAT:
        ((float *)col->data)[row] = v->f;
        break;
    case FIRN_T_DOUBLE:
        ((double *)col->data)[row] = v->d;
        break;
    case FIRN_T_STRING:
    case FIRN_T_BINARY:
        ((firn_strview *)col->data)[row] = v->view;
        break;
    case FIRN_T_BOOLEAN:
        ((uint8_t *)col->data)[row] = (uint8_t)v->i;
        break;
    default:
        firn_column_put_dec(col, row, v->i);
    }
}

firn_fit firn_scalar_put(firn_column *col, size_t row, firn_str text, const firn_scalar_opt *opt,
                         firn_arena *a)
{
    value v;
    int64_t usual;
    if (read_usual(col->type, text, opt, &usual)) {
        firn_column_put_dec(col, row, usual);
        firn_column_set_valid(col, row);
        return FIRN_FIT_OK;
    }
    firn_fit fit = read_value(col->type, text, opt, a, &v);
    if (FIRN_UNLIKELY(fit != FIRN_FIT_OK))
        return fit;
    store(col, row, &v);
    firn_column_set_valid(col, row);
    return FIRN_FIT_OK;
}

firn_fit firn_scalar_fits(const firn_type *type, firn_str text, const firn_scalar_opt *opt)
{
    value v;
    int64_t usual;
    if (read_usual(type, text, opt, &usual))
        return FIRN_FIT_OK;
    return read_value(type, text, opt, NULL, &v);
}
