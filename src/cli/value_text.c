/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_text.h"

#include "base/datetime.h"
#include "base/json.h"
#include "base/str.h"
#include "iceberg/value_column.h"

#include <math.h>
#include <string.h>

bool firn_value_is_number(const firn_type *t)
{
    return t->kind == FIRN_T_INT || t->kind == FIRN_T_LONG || t->kind == FIRN_T_FLOAT ||
           t->kind == FIRN_T_DOUBLE || t->kind == FIRN_T_DECIMAL;
}

/* --- for people ---------------------------------------------------------------------------- */

static firn_code nested_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    if (!firn_column_is_valid(col, row))
        return firn_buf_adds(out, "NULL", err);
    return firn_value_text(col, row, out, err);
}

static firn_code struct_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '{', err));
    for (size_t i = 0; i < col->child_count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_buf_addstr(out, col->type->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(out, ": ", err));
        FIRN_TRY(nested_text(&col->children[i], row, out, err));
    }
    return firn_buf_addc(out, '}', err);
}

static firn_code list_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    firn_listview v = ((const firn_listview *)col->data)[row];
    FIRN_TRY(firn_buf_addc(out, '[', err));
    for (uint64_t i = 0; i < v.length; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(nested_text(&col->children[0], v.offset + i, out, err));
    }
    return firn_buf_addc(out, ']', err);
}

static firn_code map_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    firn_listview v = ((const firn_listview *)col->data)[row];
    FIRN_TRY(firn_buf_addc(out, '{', err));
    for (uint64_t i = 0; i < v.length; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(nested_text(&col->children[0].children[0], v.offset + i, out, err));
        FIRN_TRY(firn_buf_addc(out, '=', err));
        FIRN_TRY(nested_text(&col->children[0].children[1], v.offset + i, out, err));
    }
    return firn_buf_addc(out, '}', err);
}

static firn_code binary_text(firn_slice bytes, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < bytes.n; i++)
        FIRN_TRY(firn_buf_addf(out, err, "\\x%02X", bytes.p[i]));
    return FIRN_OK;
}

/* "2025-05-31 10:11:12", with +00 where the type has a zone. */
static firn_code timestamp_text(const firn_type *t, const firn_value *v, firn_buf *out,
                                firn_err *err)
{
    size_t at = out->n;
    FIRN_TRY(firn_value_print(t, v, out, err));
    char *mark = memchr(out->p + at, 'T', out->n - at);
    if (mark)
        *mark = ' ';
    if (t->kind == FIRN_T_TIMESTAMPTZ) /* "+00:00" → "+00" */
        out->n -= 3;
    return FIRN_OK;
}

/* --- the common types, written in place ---------------------------------------------------- */

static size_t print_i64(int64_t v, char out[24])
{
    char rev[24];
    size_t n = 0;
    size_t at = 0;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        rev[n++] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0)
        out[at++] = '-';
    while (n)
        out[at++] = rev[--n];
    return at;
}

/* A decimal of up to 18 digits: arithmetic of 64 bits is much quicker. */
static size_t print_short_dec(int64_t v, int scale, char out[48])
{
    char digits[24];
    bool negative = v < 0;
    size_t n = print_i64(v, digits);
    const char *p = digits + negative;
    size_t count = n - negative;
    size_t at = 0;
    size_t behind = (size_t)scale;
    if (negative)
        out[at++] = '-';
    if (count <= behind) {
        out[at++] = '0';
        out[at++] = '.';
        for (size_t i = count; i < behind; i++)
            out[at++] = '0';
        memcpy(out + at, p, count);
        return at + count;
    }
    memcpy(out + at, p, count - behind);
    at += count - behind;
    out[at++] = '.';
    memcpy(out + at, p + count - behind, behind);
    return at + behind;
}

/* The shortest text of m × 2^-shift that reads back as the same binary number, tried from `digits`
 * digits on, where fewer could not be told apart; 0: none of up to `most` digits.  Exact: all of it
 * fits into 128 bits for numbers from 1e-4 to 1e15.  `k` is the decimal exponent. */
static size_t print_shortest(uint64_t m, int shift, int k, int digits, int most, char out[48])
{
    for (; digits <= most; digits++) {
        int scale = digits - 1 - k;
        if (scale < 0)
            return 0;
        firn_u128 power = (firn_u128)firn_dec_pow10(scale);
        firn_u128 exact = m * power;
        firn_u128 d = exact >> shift;
        firn_u128 rest = exact - (d << shift);
        firn_u128 half = (firn_u128)1 << (shift - 1);
        d += rest > half || (rest == half && (d & 1));
        firn_u128 off = d << shift > exact ? (d << shift) - exact : exact - (d << shift);
        if (2 * off > power || (2 * off == power && (m & 1)))
            continue;
        uint64_t number = (uint64_t)d;
        while (scale > 1 && number % 10 == 0) {
            number /= 10;
            scale--;
        }
        return scale ? print_short_dec((int64_t)number, scale, out)
                     : print_short_dec((int64_t)number * 10, 1, out);
    }
    return 0;
}

static int decimal_exponent(double size)
{
    static const double powers[] = {1e-4, 1e-3, 1e-2, 1e-1, 1,    10,   1e2,  1e3,  1e4,  1e5,
                                    1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    int i = 0;
    while (i + 1 < (int)FIRN_COUNT_OF(powers) && size >= powers[i + 1])
        i++;
    return i - 4;
}

/* A double or float as it is printed everywhere else, but quickly; 0: it is not of a common size.
 */
static size_t print_real(double d, bool is_float, char out[48])
{
    int e;
    double size = fabs(d);
    if (!(size >= 1e-4 && size < (is_float ? 1e6 : 1e15)))
        return 0;
    int bits = is_float ? 24 : 53;
    uint64_t m = (uint64_t)ldexp(frexp(size, &e), bits);
    if ((m & (m - 1)) == 0)
        return 0; /* the neighbours are not equally far */
    size_t sign = d < 0;
    out[0] = '-';
    size_t n = print_shortest(m, bits - e, decimal_exponent(size), is_float ? 6 : 15,
                              is_float ? 9 : 17, out + sign);
    return n ? n + sign : 0;
}

static void put2(char *out, uint32_t v)
{
    out[0] = (char)('0' + v / 10);
    out[1] = (char)('0' + v % 10);
}

/* 2025-05-31; 0: not a year of four digits. */
static size_t print_day(int32_t days, char *out)
{
    if (days < FIRN_DATE_MIN || days > FIRN_DATE_MAX)
        return 0;
    firn_civil c = firn_civil_from_days(days);
    put2(out, (uint32_t)c.year / 100);
    put2(out + 2, (uint32_t)c.year % 100);
    out[4] = '-';
    put2(out + 5, (uint32_t)c.month);
    out[7] = '-';
    put2(out + 8, (uint32_t)c.day);
    return 10;
}

/* 2025-05-31 10:11:12[.123456][+00] */
static size_t print_moment(int64_t us, bool zoned, char *out)
{
    int64_t days = firn_floor_div(us, FIRN_US_PER_DAY);
    if (days < FIRN_DATE_MIN || days > FIRN_DATE_MAX)
        return 0;
    size_t n = print_day((int32_t)days, out);
    uint64_t rest = (uint64_t)(us - days * FIRN_US_PER_DAY);
    uint32_t seconds = (uint32_t)(rest / 1000000);
    uint32_t fraction = (uint32_t)(rest % 1000000);
    out[n] = ' ';
    put2(out + n + 1, seconds / 3600);
    out[n + 3] = ':';
    put2(out + n + 4, seconds / 60 % 60);
    out[n + 6] = ':';
    put2(out + n + 7, seconds % 60);
    n += 9;
    if (fraction) { /* milliseconds or microseconds */
        uint32_t last = fraction % 1000 ? 1 : 1000;
        out[n++] = '.';
        for (uint32_t unit = 100000; unit >= last; unit /= 10)
            out[n++] = (char)('0' + fraction / unit % 10);
    }
    if (zoned) {
        memcpy(out + n, "+00", 3);
        n += 3;
    }
    return n;
}

/* Writes a value that needs no more than 48 bytes; 0: the long way is to be taken. */
static size_t print_in_place(const firn_column *col, size_t row, char out[48])
{
    const firn_type *t = col->type;
    if (t->kind == FIRN_T_INT)
        return print_i64(((const int32_t *)col->data)[row], out);
    if (t->kind == FIRN_T_LONG)
        return print_i64(((const int64_t *)col->data)[row], out);
    if (t->kind == FIRN_T_DOUBLE)
        return print_real(((const double *)col->data)[row], false, out);
    if (t->kind == FIRN_T_FLOAT)
        return print_real((double)((const float *)col->data)[row], true, out);
    if (t->kind == FIRN_T_DECIMAL && col->width <= 8 && t->scale > 0)
        return print_short_dec((int64_t)firn_column_dec(col, row), t->scale, out);
    return 0;
}

/* Values of the less common types. */
static firn_code long_way(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    uint8_t uuid[16];
    const firn_type *t = col->type;
    if (t->kind == FIRN_T_STRUCT)
        return struct_text(col, row, out, err);
    if (t->kind == FIRN_T_LIST)
        return list_text(col, row, out, err);
    if (t->kind == FIRN_T_MAP)
        return map_text(col, row, out, err);
    firn_value v = firn_value_of_column(col, row, uuid);
    if (t->kind == FIRN_T_BINARY || t->kind == FIRN_T_FIXED)
        return binary_text(v.u.bytes, out, err);
    if (t->kind == FIRN_T_TIMESTAMP || t->kind == FIRN_T_TIMESTAMPTZ ||
        t->kind == FIRN_T_TIMESTAMP_NS)
        return timestamp_text(t, &v, out, err);
    return firn_value_print(t, &v, out, err);
}

firn_code firn_value_text(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    char small[48];
    const firn_type *t = col->type;
    if (!firn_column_is_valid(col, row))
        return FIRN_OK;
    if (t->kind == FIRN_T_STRING)
        return firn_buf_addstr(out, firn_strview_str(&((const firn_strview *)col->data)[row]), err);
    size_t n = print_in_place(col, row, small);
    if (!n && t->kind == FIRN_T_DATE)
        n = print_day(((const int32_t *)col->data)[row], small);
    else if (!n && (t->kind == FIRN_T_TIMESTAMP || t->kind == FIRN_T_TIMESTAMPTZ))
        n = print_moment(((const int64_t *)col->data)[row], t->kind == FIRN_T_TIMESTAMPTZ, small);
    return n ? firn_buf_add(out, small, n, err) : long_way(col, row, out, err);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static firn_code struct_json(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '{', err));
    for (size_t i = 0; i < col->child_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_addc(out, ',', err));
        FIRN_TRY(firn_json_escape(col->type->fields[i].name, out, err));
        FIRN_TRY(firn_buf_addc(out, ':', err));
        FIRN_TRY(firn_value_json(&col->children[i], row, out, err));
    }
    return firn_buf_addc(out, '}', err);
}

static firn_code list_json(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    firn_listview v = ((const firn_listview *)col->data)[row];
    FIRN_TRY(firn_buf_addc(out, '[', err));
    for (uint64_t i = 0; i < v.length; i++) {
        if (i)
            FIRN_TRY(firn_buf_addc(out, ',', err));
        FIRN_TRY(firn_value_json(&col->children[0], v.offset + i, out, err));
    }
    return firn_buf_addc(out, ']', err);
}

static firn_code map_json(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    firn_listview v = ((const firn_listview *)col->data)[row];
    const firn_column *keys = &col->children[0].children[0];
    const firn_column *values = &col->children[0].children[1];
    bool object = keys->type->kind == FIRN_T_STRING;
    FIRN_TRY(firn_buf_addc(out, object ? '{' : '[', err));
    for (uint64_t i = 0; i < v.length; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? "," : "", err));
        FIRN_TRY(firn_buf_adds(out, object ? "" : "[", err));
        FIRN_TRY(firn_value_json(keys, v.offset + i, out, err));
        FIRN_TRY(firn_buf_addc(out, object ? ':' : ',', err));
        FIRN_TRY(firn_value_json(values, v.offset + i, out, err));
        FIRN_TRY(firn_buf_adds(out, object ? "" : "]", err));
    }
    return firn_buf_addc(out, object ? '}' : ']', err);
}

static firn_code quoted_json(const firn_type *t, const firn_value *v, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 30);
    FIRN_TRY(firn_value_print(t, v, &text, err));
    return firn_json_escape(firn_buf_str(&text), out, err);
}

static bool is_finite(const firn_type *t, const firn_value *v)
{
    if (t->kind == FIRN_T_DOUBLE)
        return isfinite(v->u.d);
    return t->kind != FIRN_T_FLOAT || isfinite(v->u.f);
}

/* "2025-05-31T10:11:12+00:00", quotes included; 0: the long way. */
static size_t print_json_moment(const firn_column *col, size_t row, char out[48])
{
    const firn_type *t = col->type;
    size_t n = 0;
    out[0] = '"';
    if (t->kind == FIRN_T_DATE)
        n = print_day(((const int32_t *)col->data)[row], out + 1);
    else if (t->kind == FIRN_T_TIMESTAMP || t->kind == FIRN_T_TIMESTAMPTZ)
        n = print_moment(((const int64_t *)col->data)[row], false, out + 1);
    if (!n)
        return 0;
    if (t->kind != FIRN_T_DATE)
        out[11] = 'T';
    if (t->kind == FIRN_T_TIMESTAMPTZ) {
        memcpy(out + 1 + n, "+00:00", 6);
        n += 6;
    }
    out[n + 1] = '"';
    return n + 2;
}

firn_code firn_value_json(const firn_column *col, size_t row, firn_buf *out, firn_err *err)
{
    uint8_t uuid[16];
    char small[48];
    const firn_type *t = col->type;
    if (!firn_column_is_valid(col, row))
        return firn_buf_adds(out, "null", err);
    if (t->kind == FIRN_T_STRING)
        return firn_json_escape(firn_strview_str(&((const firn_strview *)col->data)[row]), out,
                                err);
    size_t n = print_in_place(col, row, small);
    if (!n)
        n = print_json_moment(col, row, small);
    if (n)
        return firn_buf_add(out, small, n, err);
    if (t->kind == FIRN_T_STRUCT)
        return struct_json(col, row, out, err);
    if (t->kind == FIRN_T_LIST)
        return list_json(col, row, out, err);
    if (t->kind == FIRN_T_MAP)
        return map_json(col, row, out, err);
    firn_value v = firn_value_of_column(col, row, uuid);
    bool bare = t->kind == FIRN_T_BOOLEAN || (firn_value_is_number(t) && is_finite(t, &v));
    return bare ? firn_value_print(t, &v, out, err) : quoted_json(t, &v, out, err);
}
