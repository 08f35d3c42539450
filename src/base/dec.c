/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dec.h"

#include "base/str.h"

#include <string.h>

firn_i128 firn_dec_pow10(int n)
{
    firn_assert(n >= 0 && n <= FIRN_DEC_MAX_PRECISION);
    firn_i128 v = 1;
    for (int i = 0; i < n; i++)
        v *= 10;
    return v;
}

/* The parts of a number in text. */
typedef struct literal {
    bool negative;
    bool has_point;
    firn_str whole;    /* digits before the point */
    firn_str fraction; /* digits behind it */
    int64_t exponent;
} literal;

static firn_str digits_at(firn_str s, size_t at)
{
    size_t end = at;
    while (end < s.n && s.p[end] >= '0' && s.p[end] <= '9')
        end++;
    return (firn_str){s.p + at, end - at};
}

static bool parse_exponent(firn_str s, int64_t *ret)
{
    if (s.n && s.p[0] == '+')
        s = (firn_str){s.p + 1, s.n - 1};
    if (s.n && s.p[0] == '-' ? s.n < 2 : s.n < 1)
        return false;
    if (firn_str_i64(s, ret))
        return *ret > -100000000 && *ret < 100000000;
    return false;
}

static bool parse_literal(firn_str s, literal *ret)
{
    literal l = {0};
    size_t i = 0;
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
        l.negative = s.p[i++] == '-';
    l.whole = digits_at(s, i);
    i += l.whole.n;
    if (i < s.n && s.p[i] == '.') {
        l.has_point = true;
        l.fraction = digits_at(s, ++i);
        i += l.fraction.n;
    }
    if (l.whole.n + l.fraction.n == 0)
        return false;
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        l.has_point = true;
        if (!parse_exponent((firn_str){s.p + i + 1, s.n - i - 1}, &l.exponent))
            return false;
        i = s.n;
    }
    *ret = l;
    return i == s.n;
}

static size_t leading_zeros(firn_str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] == '0')
        n++;
    return n;
}

bool firn_dec_shape_of(firn_str s, firn_dec_shape *ret)
{
    literal l;
    if (!parse_literal(s, &l))
        return false;
    firn_dec_shape shape = {.negative = l.negative, .has_point = l.has_point};

    /* position of the first and one past the last non-zero digit, counted from the point */
    size_t total = l.whole.n + l.fraction.n;
    size_t first = leading_zeros(l.whole);
    if (first == l.whole.n)
        first += leading_zeros(l.fraction);
    size_t last = l.fraction.n;
    while (last && l.fraction.p[last - 1] == '0')
        last--;
    last += l.whole.n;
    if (last == l.whole.n)
        while (last && l.whole.p[last - 1] == '0')
            last--;
    shape.zero = first == total;
    if (!shape.zero) {
        int64_t point = (int64_t)l.whole.n + l.exponent;
        shape.int_digits = FIRN_MAX(point - (int64_t)first, 0);
        shape.scale = FIRN_MAX((int64_t)last - point, 0);
    }
    shape.written_scale = FIRN_MAX((int64_t)l.fraction.n - l.exponent, 0);
    *ret = shape;
    return true;
}

/* Adds one digit to v; false when the value leaves 38 digits. */
static bool add_digit(firn_u128 *v, unsigned digit, firn_u128 limit)
{
    if (*v > (limit - digit) / 10)
        return false;
    *v = *v * 10 + digit;
    return true;
}

firn_dec_result firn_dec_parse(firn_str s, int precision, int scale, firn_i128 *ret)
{
    literal l;
    if (!parse_literal(s, &l))
        return FIRN_DEC_SYNTAX;

    firn_u128 limit = (firn_u128)firn_dec_pow10(precision) - 1;
    firn_u128 v = 0;
    int64_t total = (int64_t)(l.whole.n + l.fraction.n);
    int64_t keep = (int64_t)l.whole.n + l.exponent + scale; /* digits that belong to the value */
    for (int64_t i = 0; i < total; i++) {
        char c = i < (int64_t)l.whole.n ? l.whole.p[i] : l.fraction.p[i - (int64_t)l.whole.n];
        unsigned digit = (unsigned)(c - '0');
        if (i >= keep) {
            if (digit)
                return FIRN_DEC_INEXACT;
            continue;
        }
        if (!add_digit(&v, digit, limit))
            return FIRN_DEC_RANGE;
    }
    for (int64_t i = total; v && i < keep; i++)
        if (!add_digit(&v, 0, limit))
            return FIRN_DEC_RANGE;
    *ret = l.negative ? -(firn_i128)v : (firn_i128)v;
    return FIRN_DEC_OK;
}

size_t firn_dec_print(firn_i128 v, int scale, char out[FIRN_DEC_TEXT_MAX])
{
    char rev[FIRN_DEC_TEXT_MAX];
    size_t n = 0;
    firn_u128 u = v < 0 ? -(firn_u128)v : (firn_u128)v;
    do {
        if (scale > 0 && n == (size_t)scale)
            rev[n++] = '.';
        rev[n++] = (char)('0' + (int)(u % 10));
        u /= 10;
    } while (u || (scale > 0 && n < (size_t)scale + 2));
    if (v < 0)
        rev[n++] = '-';
    for (size_t i = 0; i < n; i++)
        out[i] = rev[n - 1 - i];
    out[n] = '\0';
    return n;
}

int firn_dec_digits(firn_i128 v)
{
    firn_u128 u = v < 0 ? -(firn_u128)v : (firn_u128)v;
    int n = 1;
    while (u >= 10) {
        u /= 10;
        n++;
    }
    return n;
}

int firn_dec_min_bytes(int precision)
{
    firn_i128 max = firn_dec_pow10(precision) - 1;
    int n = 1;
    while (n < 16 && max > ((firn_i128)1 << (8 * n - 1)) - 1)
        n++;
    return n;
}

size_t firn_dec_to_be(firn_i128 v, uint8_t out[16])
{
    size_t n = 16;
    while (n > 1) {
        /* the byte above may go when it only repeats the sign of the one below */
        int top = (int)(v >> (8 * (n - 1)) & 0xff);
        int next_sign = (int)(v >> (8 * (n - 1) - 1) & 1);
        if (!(top == 0 && next_sign == 0) && !(top == 0xff && next_sign == 1))
            break;
        n--;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> (8 * (n - 1 - i)) & 0xff);
    return n;
}

bool firn_dec_from_be(firn_slice be, firn_i128 *ret)
{
    if (be.n == 0 || be.n > 16)
        return false;
    firn_u128 v = be.p[0] & 0x80 ? ~(firn_u128)0 : 0;
    for (size_t i = 0; i < be.n; i++)
        v = v << 8 | be.p[i];
    *ret = (firn_i128)v;
    return true;
}
