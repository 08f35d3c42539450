/* SPDX-License-Identifier: Apache-2.0 */
#include "format/decimal128.h"

#include "base/str.h"

#include <stdio.h>

#define BIAS      6176
#define HIGH_BITS 49 /* of the coefficient, in the upper half */

/* 10^34 */
static inline firn_u128 limit(void)
{
    return (firn_u128)UINT64_C(0x0001ed09bead87c0) << 64 | UINT64_C(0x378d8e6400000000);
}

firn_d128 firn_d128_read(const uint8_t *bytes)
{
    uint64_t low = firn_load8((const char *)bytes);
    uint64_t high = firn_load8((const char *)bytes + 8);
    firn_d128 d = {.negative = high >> 63};
    if ((high >> 58 & 0x1f) >= 0x1e) {
        d.kind = (high >> 58 & 1) ? FIRN_D128_NAN : FIRN_D128_INFINITE;
        return d;
    }
    if ((high >> 61 & 3) == 3) { /* a coefficient of 2^113 and more: beyond 34 digits */
        d.exponent = (int)(high >> 47 & 0x3fff) - BIAS;
        return d;
    }
    d.exponent = (int)(high >> HIGH_BITS & 0x3fff) - BIAS;
    d.coefficient = (firn_u128)(high & ((UINT64_C(1) << HIGH_BITS) - 1)) << 64 | low;
    if (FIRN_UNLIKELY(d.coefficient >= limit()))
        d.coefficient = 0;
    return d;
}

/* --- texts --------------------------------------------------------------------------------- */

static bool parse_special(firn_str s, firn_d128 *d)
{
    if (firn_str_ieq(s, FIRN_STR_LIT("inf")) || firn_str_ieq(s, FIRN_STR_LIT("infinity")))
        d->kind = FIRN_D128_INFINITE;
    else if (firn_str_ieq(s, FIRN_STR_LIT("nan")))
        d->kind = FIRN_D128_NAN;
    else
        return false;
    return true;
}

/* Reads digits with at most one point; zeros behind the 34th digit only move the exponent. */
static bool parse_digits(firn_str s, size_t *at, firn_d128 *d, int64_t *exponent)
{
    bool any = false;
    bool point = false;
    for (; *at < s.n; ++*at) {
        char c = s.p[*at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        any = true;
        if (d->coefficient < limit() / 10) {
            d->coefficient = d->coefficient * 10 + (unsigned)(c - '0');
            *exponent -= point;
        } else if (c != '0') {
            return false;
        } else {
            *exponent += !point;
        }
    }
    return any;
}

static bool parse_exponent(firn_str s, size_t *at, int64_t *exponent)
{
    if (*at == s.n)
        return true;
    if (s.p[*at] != 'e' && s.p[*at] != 'E')
        return false;
    ++*at;
    bool negative = *at < s.n && s.p[*at] == '-';
    *at += negative || (*at < s.n && s.p[*at] == '+');
    int64_t e = 0;
    size_t first = *at;
    for (; *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9'; ++*at)
        e = FIRN_MIN(e * 10 + (s.p[*at] - '0'), INT64_C(1000000000));
    *exponent += negative ? -e : e;
    return *at > first && *at == s.n;
}

/* Brings the exponent into its range by zeros at the end of the coefficient. */
static bool clamp(firn_d128 *d, int64_t exponent)
{
    if (d->coefficient == 0)
        exponent = FIRN_MAX(FIRN_MIN(exponent, (int64_t)FIRN_D128_MAX_EXPONENT),
                            (int64_t)FIRN_D128_MIN_EXPONENT);
    for (; exponent > FIRN_D128_MAX_EXPONENT && d->coefficient < limit() / 10; exponent--)
        d->coefficient *= 10;
    for (; exponent < FIRN_D128_MIN_EXPONENT && d->coefficient % 10 == 0; exponent++)
        d->coefficient /= 10;
    d->exponent = (int)exponent;
    return exponent <= FIRN_D128_MAX_EXPONENT && exponent >= FIRN_D128_MIN_EXPONENT;
}

bool firn_d128_parse(firn_str s, firn_d128 *ret)
{
    firn_d128 d = {.negative = s.n && s.p[0] == '-'};
    size_t at = d.negative || (s.n && s.p[0] == '+');
    int64_t exponent = 0;
    bool special = parse_special((firn_str){s.p + at, s.n - at}, &d);
    if (!special && (!parse_digits(s, &at, &d, &exponent) || !parse_exponent(s, &at, &exponent) ||
                     !clamp(&d, exponent)))
        return false;
    *ret = d;
    return true;
}

static size_t print_digits(firn_u128 v, char out[FIRN_D128_DIGITS + 1])
{
    char reversed[FIRN_D128_DIGITS + 1];
    size_t n = 0;
    do {
        reversed[n++] = (char)('0' + (unsigned)(v % 10));
        v /= 10;
    } while (v);
    for (size_t i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    return n;
}

/* The text of IEEE 754-2008 that Extended JSON uses: plain as long as it is short. */
size_t firn_d128_print(const firn_d128 *d, char out[FIRN_D128_TEXT_MAX])
{
    char digits[FIRN_D128_DIGITS + 1];
    const char *sign = d->negative ? "-" : "";
    if (d->kind == FIRN_D128_NAN)
        return (size_t)snprintf(out, FIRN_D128_TEXT_MAX, "NaN");
    if (d->kind == FIRN_D128_INFINITE)
        return (size_t)snprintf(out, FIRN_D128_TEXT_MAX, "%sInfinity", sign);
    int n = (int)print_digits(d->coefficient, digits);
    int adjusted = d->exponent + n - 1;
    int whole = n + d->exponent; /* digits before the point */
    if (d->exponent > 0 || adjusted < -6)
        return (size_t)snprintf(out, FIRN_D128_TEXT_MAX, "%s%c%s%.*sE%+d", sign, digits[0],
                                n > 1 ? "." : "", n - 1, digits + 1, adjusted);
    if (d->exponent == 0)
        return (size_t)snprintf(out, FIRN_D128_TEXT_MAX, "%s%.*s", sign, n, digits);
    if (whole > 0)
        return (size_t)snprintf(out, FIRN_D128_TEXT_MAX, "%s%.*s.%.*s", sign, whole, digits,
                                n - whole, digits + whole);
    return (size_t)snprintf(out, FIRN_D128_TEXT_MAX, "%s0.%.*s%.*s", sign, -whole, "000000", n,
                            digits);
}

/* --- decimals ------------------------------------------------------------------------------ */

static firn_fit shift_up(firn_u128 *v, int by, firn_u128 below)
{
    for (; by > 0 && *v; by--) {
        if (*v >= below / 10 + 1)
            return FIRN_FIT_RANGE;
        *v *= 10;
    }
    return *v < below ? FIRN_FIT_OK : FIRN_FIT_RANGE;
}

static firn_fit shift_down(firn_u128 *v, int by, firn_u128 below)
{
    for (; by > 0 && *v; by--) {
        if (*v % 10)
            return FIRN_FIT_INEXACT;
        *v /= 10;
    }
    return *v < below ? FIRN_FIT_OK : FIRN_FIT_RANGE;
}

firn_fit firn_d128_to_dec(const firn_d128 *d, int precision, int scale, firn_i128 *ret)
{
    if (d->kind != FIRN_D128_FINITE)
        return FIRN_FIT_RANGE;
    firn_u128 v = d->coefficient;
    firn_u128 below = (firn_u128)firn_dec_pow10(precision);
    int shift = d->exponent + scale;
    firn_fit fit = shift >= 0 ? shift_up(&v, shift, below) : shift_down(&v, -shift, below);
    if (fit == FIRN_FIT_OK)
        *ret = d->negative ? -(firn_i128)v : (firn_i128)v;
    return fit;
}
