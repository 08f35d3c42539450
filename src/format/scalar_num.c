/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text: integers, decimals, and doubles that are read right and compared exactly.
 *
 * A double is w × 10^e with at most 19 digits in w.  For |e| ≤ 27 the power of five fits 64 bits,
 * so that one division or multiplication of 128-bit integers gives the right rounding, and the
 * question whether the text is what the double prints back as is one comparison of integers. */
#include "format/scalar_int.h"

#include "base/str.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_DIGITS   19                 /* that always fit 64 bits */
#define MAX_POW5     27                 /* 5^27 < 2^63 */
#define MAX_EXPONENT (INT64_C(1) << 40) /* more than a text has digits */
#define FAR_EXPONENT INT64_C(10000000)  /* firn_dec_parse takes this much and more */

static const int64_t tens[] = {1,
                               10,
                               100,
                               1000,
                               10000,
                               100000,
                               1000000,
                               10000000,
                               100000000,
                               1000000000,
                               10000000000,
                               100000000000,
                               1000000000000,
                               10000000000000,
                               100000000000000,
                               1000000000000000,
                               10000000000000000,
                               100000000000000000,
                               1000000000000000000};

/* --- plain digits -------------------------------------------------------------------------- */

static bool all_digits8(uint64_t x)
{
    const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0);
    const uint64_t zeros = UINT64_C(0x3030303030303030);
    return ((x & high) ^ zeros) == 0 && (((x + UINT64_C(0x0606060606060606)) & high) ^ zeros) == 0;
}

/* The number of eight digits: neighbours are joined to pairs, pairs to fours, fours to all. */
static uint32_t value8(uint64_t x)
{
    x &= UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x * 10 + (x >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x * 100 + (x >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(x * 10000 + (x >> 32));
}

bool firn_fast_i64(const char *p, size_t n, int64_t *ret)
{
    bool negative = n && *p == '-';
    p += negative;
    n -= negative;
    if (n == 0 || n > 18)
        return false;
    uint64_t v = 0;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t x = firn_load8(p);
        if (!all_digits8(x))
            return false;
        v = v * 100000000 + value8(x);
    }
    for (; n; p++, n--) {
        unsigned d = (unsigned)(unsigned char)*p - '0';
        if (d > 9)
            return false;
        v = v * 10 + d;
    }
    if (negative && v == 0)
        return false;
    *ret = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

bool firn_fast_dec64(const char *p, size_t n, int scale, int64_t *ret)
{
    bool negative = n && *p == '-';
    p += negative;
    n -= negative;
    size_t point = n;
    size_t digits = 0;
    uint64_t v = 0;
    if (n > MAX_DIGITS)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(unsigned char)p[i] - '0';
        if (d <= 9) {
            v = v * 10 + d;
            digits++;
        } else if (p[i] == '.' && point == n) {
            point = i;
        } else {
            return false;
        }
    }
    size_t fraction = digits - FIRN_MIN(point, digits);
    if (digits == 0 || fraction > (size_t)scale || digits - fraction + (size_t)scale > 18)
        return false;
    int64_t unscaled = (int64_t)v * tens[(size_t)scale - fraction];
    *ret = negative ? -unscaled : unscaled;
    return true;
}

bool firn_number_is_padded(firn_str s)
{
    if (s.n && s.p[0] == '+')
        return true;
    size_t i = s.n && s.p[0] == '-';
    return s.n > i + 1 && s.p[i] == '0' && s.p[i + 1] >= '0' && s.p[i + 1] <= '9';
}

/* --- a number in text ---------------------------------------------------------------------- */

/* w × 10^exponent, `more` if digits other than zero follow behind those of w. */
typedef struct number {
    uint64_t w;
    int64_t exponent;
    int digits; /* of w */
    bool negative;
    bool more;
} number;

/* Reads digits at s.p[at..]; those behind the point lower the exponent.  Returns their end. */
static size_t scan_digits(firn_str s, size_t at, bool fraction, number *ret)
{
    for (; at < s.n; at++) {
        unsigned d = (unsigned)(unsigned char)s.p[at] - '0';
        if (d > 9)
            break;
        if (ret->digits == MAX_DIGITS) {
            ret->more |= d != 0;
            ret->exponent += !fraction;
            continue;
        }
        ret->w = ret->w * 10 + d;
        ret->digits += ret->w != 0;
        ret->exponent -= fraction;
    }
    return at;
}

/* Reads "[+-]digits" as the whole of s; far exponents become ±MAX_EXPONENT. */
static bool scan_exponent(firn_str s, int64_t *ret)
{
    bool negative = s.n && s.p[0] == '-';
    size_t i = negative || (s.n && s.p[0] == '+');
    int64_t v = 0;
    if (i == s.n)
        return false;
    for (; i < s.n; i++) {
        unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
        if (d > 9)
            return false;
        v = FIRN_MIN(v * 10 + d, MAX_EXPONENT);
    }
    *ret = negative ? -v : v;
    return true;
}

static bool scan_number(firn_str s, number *ret)
{
    number v = {.negative = s.n && s.p[0] == '-'};
    size_t start = v.negative || (s.n && s.p[0] == '+');
    size_t at = scan_digits(s, start, false, &v);
    size_t count = at - start;
    if (at < s.n && s.p[at] == '.') {
        size_t end = scan_digits(s, at + 1, true, &v);
        count += end - at - 1;
        at = end;
    }
    if (count == 0)
        return false;
    if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
        int64_t exponent;
        if (!scan_exponent((firn_str){s.p + at + 1, s.n - at - 1}, &exponent))
            return false;
        v.exponent += exponent;
        at = s.n;
    }
    *ret = v;
    return at == s.n;
}

/* Moves zeros at the end of w to the exponent, so that digits counts those that matter. */
static void strip_zeros(number *v)
{
    while (v->w && v->w % 10 == 0) {
        v->w /= 10;
        v->exponent++;
        v->digits--;
    }
}

/* --- integers and decimals ----------------------------------------------------------------- */

static firn_fit fit_of(firn_dec_result r)
{
    switch (r) {
    case FIRN_DEC_OK:
        return FIRN_FIT_OK;
    case FIRN_DEC_SYNTAX:
        return FIRN_FIT_SYNTAX;
    case FIRN_DEC_RANGE:
        return FIRN_FIT_RANGE;
    case FIRN_DEC_INEXACT:
        return FIRN_FIT_INEXACT;
    }
    return FIRN_FIT_SYNTAX;
}

static firn_fit slow_dec(firn_str s, int precision, int scale, firn_i128 *ret)
{
    number v;
    if (!scan_number(s, &v))
        return FIRN_FIT_SYNTAX;
    if (v.w == 0) {
        *ret = 0;
        return FIRN_FIT_OK;
    }
    if (v.exponent >= FAR_EXPONENT)
        return FIRN_FIT_RANGE;
    if (v.exponent <= -FAR_EXPONENT)
        return FIRN_FIT_INEXACT;
    return fit_of(firn_dec_parse(s, precision, scale, ret));
}

firn_fit firn_scalar_dec(firn_str s, int precision, int scale, firn_i128 *ret)
{
    int64_t v;
    if (!firn_fast_dec64(s.p, s.n, scale, &v))
        return slow_dec(s, precision, scale, ret);
    if (precision < (int)FIRN_COUNT_OF(tens) && (v >= tens[precision] || v <= -tens[precision]))
        return FIRN_FIT_RANGE;
    *ret = v;
    return FIRN_FIT_OK;
}

firn_fit firn_scalar_int(firn_str s, int64_t low, int64_t high, int64_t *ret)
{
    int64_t v;
    if (!firn_fast_i64(s.p, s.n, &v)) {
        firn_i128 wide;
        firn_fit fit = slow_dec(s, FIRN_DEC_MAX_PRECISION, 0, &wide);
        if (fit)
            return fit;
        if (wide == 0 && s.p[0] == '-')
            return FIRN_FIT_INEXACT;
        if (wide < low || wide > high)
            return FIRN_FIT_RANGE;
        v = (int64_t)wide;
    }
    if (v < low || v > high)
        return FIRN_FIT_RANGE;
    *ret = v;
    return FIRN_FIT_OK;
}

/* --- doubles ------------------------------------------------------------------------------- */

static uint64_t pow5(int n)
{
    static const uint64_t fives[MAX_POW5 + 1] = {
        UINT64_C(1),
        UINT64_C(5),
        UINT64_C(25),
        UINT64_C(125),
        UINT64_C(625),
        UINT64_C(3125),
        UINT64_C(15625),
        UINT64_C(78125),
        UINT64_C(390625),
        UINT64_C(1953125),
        UINT64_C(9765625),
        UINT64_C(48828125),
        UINT64_C(244140625),
        UINT64_C(1220703125),
        UINT64_C(6103515625),
        UINT64_C(30517578125),
        UINT64_C(152587890625),
        UINT64_C(762939453125),
        UINT64_C(3814697265625),
        UINT64_C(19073486328125),
        UINT64_C(95367431640625),
        UINT64_C(476837158203125),
        UINT64_C(2384185791015625),
        UINT64_C(11920928955078125),
        UINT64_C(59604644775390625),
        UINT64_C(298023223876953125),
        UINT64_C(1490116119384765625),
        UINT64_C(7450580596923828125),
    };
    return fives[n];
}

static int bit_length(firn_u128 v)
{
    uint64_t high = (uint64_t)(v >> 64);
    return high ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)v);
}

/* Rounds v × 2^e, v ≥ 1, half to even; `sticky`: a little more than that.  The result is a normal
 * number. */
static double round_to_double(firn_u128 v, int e, bool sticky)
{
    int shift = bit_length(v) - DBL_MANT_DIG;
    if (shift <= 0) {
        v <<= -shift;
    } else {
        firn_u128 half = (firn_u128)1 << (shift - 1);
        firn_u128 rest = v & (half * 2 - 1);
        v >>= shift;
        v += rest > half || (rest == half && (sticky || (v & 1)));
    }
    e += shift;
    if (v >> DBL_MANT_DIG) {
        v >>= 1;
        e++;
    }
    uint64_t bits =
        (uint64_t)(e + 1075) << 52 | ((uint64_t)v & ((UINT64_C(1) << (DBL_MANT_DIG - 1)) - 1));
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* w × 10^e for w ≥ 1 and |e| ≤ MAX_POW5. */
static double near_double(uint64_t w, int e)
{
    if (e >= 0)
        return round_to_double((firn_u128)w * pow5(e), e, false);
    uint64_t five = pow5(-e);
    int w_shift = __builtin_clzll(w);
    int five_shift = __builtin_clzll(five);
    firn_u128 dividend = (firn_u128)(w << w_shift) << 63;
    uint64_t divisor = five << five_shift;
    uint64_t quotient = (uint64_t)(dividend / divisor); /* 2^62 < quotient < 2^64 */
    bool sticky = dividend != (firn_u128)quotient * divisor;
    return round_to_double(quotient, e + five_shift - w_shift - 63, sticky);
}

/* The double nearest to w × 10^e; infinite or zero where it is out of range. */
static double double_of(uint64_t w, int64_t e)
{
    static const double exact_tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (w == 0)
        return 0;
    /* both are exact, so that one operation rounds once */
    if (w <= UINT64_C(1) << DBL_MANT_DIG && e >= -22 && e <= 22)
        return e < 0 ? (double)w / exact_tens[-e] : (double)w * exact_tens[e];
    if (e >= -MAX_POW5 && e <= MAX_POW5)
        return near_double(w, (int)e);
    char text[48];
    double d = 0;
    int n = snprintf(text, sizeof text, "%" PRIu64 "e%" PRId64, w, e);
    return firn_str_f64((firn_str){text, (size_t)n}, &d) ? d : 0;
}

/* Reads all digits of the text, of which v holds only the first. */
static bool long_double_of(firn_str s, const number *v, double *ret)
{
    double below = double_of(v->w, v->exponent);
    if (v->w < UINT64_MAX && below == double_of(v->w + 1, v->exponent)) {
        *ret = v->negative ? -below : below;
        return true;
    }
    return firn_str_f64(s, ret);
}

static firn_fit read_double(firn_str s, number *v, double *ret)
{
    double d;
    if (!scan_number(s, v))
        return FIRN_FIT_SYNTAX;
    if (!v->more)
        d = v->negative ? -double_of(v->w, v->exponent) : double_of(v->w, v->exponent);
    else if (!long_double_of(s, v, &d))
        return FIRN_FIT_NOMEM;
    if (isinf(d) || (d == 0 && v->w))
        return FIRN_FIT_RANGE;
    *ret = d;
    return FIRN_FIT_OK;
}

/* --- what a double prints back as ---------------------------------------------------------- */

/* Twice the distance of a and b against a unit: whether w is the multiple of the unit nearest to
 * the double; a tie goes to the even one, as printf has it. */
static bool is_nearest(firn_u128 a, firn_u128 b, firn_u128 unit, uint64_t w)
{
    firn_u128 distance = 2 * (a > b ? a - b : b - a);
    return distance < unit || (distance == unit && w % 2 == 0);
}

/* Answers whether w × 10^e, of at most 17 digits, is the nearest to d among the numbers with that
 * many digits.  Both sides are multiplied until they are integers: below 2^121. */
static bool is_nearest_decimal(uint64_t w, int e, double d)
{
    const uint64_t hidden = UINT64_C(1) << (DBL_MANT_DIG - 1);
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    uint64_t m = (bits & (hidden - 1)) | hidden;
    int q = (int)(bits >> 52) - 1075; /* d = m × 2^q, a normal number */
    if (e < 0) {
        firn_u128 b = (firn_u128)m * pow5(-e);
        int shift = -(q - e);
        if (shift <= 0)
            return w == b << -shift;
        return is_nearest((firn_u128)w << shift, b, (firn_u128)1 << shift, w);
    }
    firn_u128 a = (firn_u128)w * pow5(e);
    int shift = q - e;
    if (shift >= 0)
        return is_nearest(a, (firn_u128)m << shift, pow5(e), w);
    return is_nearest(a << -shift, m, (firn_u128)pow5(e) << -shift, w);
}

/* As below for 16 or 17 digits and a small exponent: no number with fewer digits reads as d
 * (if any does, one of the two neighbours does), and this one is the nearest. */
static bool prints_back_near(const number *v, double d)
{
    uint64_t below = v->w - v->w % 10;
    return is_nearest_decimal(v->w, (int)v->exponent, d) && double_of(below, v->exponent) != d &&
           double_of(below + 10, v->exponent) != d;
}

/* Prints |d| with `digits` digits. */
static number print_number(double d, int digits)
{
    char text[40];
    number v = {0};
    int n = snprintf(text, sizeof text, "%.*e", digits - 1, d);
    for (char *p = text; *p && *p != 'e'; p++)
        if (*p >= '0' && *p <= '9')
            v.w = v.w * 10 + (uint64_t)(*p - '0');
    char *e = memchr(text, 'e', (size_t)n);
    if (e)
        scan_exponent((firn_str){e + 1, (size_t)(text + n - e - 1)}, &v.exponent);
    v.exponent -= digits - 1;
    v.digits = digits;
    return v;
}

static bool reads_as(const number *v, double d, bool single)
{
    double back = double_of(v->w, v->exponent);
    return single ? (float)back == (float)d : back == d;
}

/* The definition itself: from few digits to many, the first that reads as d must be v. */
static bool prints_back(const number *v, double d, bool single, int from)
{
    for (int digits = FIRN_MIN(from, v->digits); digits <= v->digits; digits++) {
        number printed = print_number(d, digits);
        if (!reads_as(&printed, d, single))
            continue;
        strip_zeros(&printed);
        return printed.w == v->w && printed.exponent == v->exponent;
    }
    return false;
}

/* v without its sign is what was read as |d|. */
static bool double_is_exact(number v, double d)
{
    if (v.w == 0)
        return true;
    strip_zeros(&v);
    if (v.more || v.digits > DBL_DECIMAL_DIG)
        return false;
    /* far from the ends of the range, 15 digits always come back */
    int64_t magnitude = v.exponent + v.digits;
    if (magnitude < DBL_MIN_10_EXP + 2 || magnitude > DBL_MAX_10_EXP)
        return prints_back(&v, d, false, 1);
    if (v.digits <= DBL_DIG)
        return true;
    if (v.exponent >= -MAX_POW5 && v.exponent <= MAX_POW5)
        return prints_back_near(&v, d);
    return prints_back(&v, d, false, DBL_DIG);
}

static bool float_is_exact(number v, float f)
{
    if (v.w == 0)
        return true;
    strip_zeros(&v);
    if (v.more || v.digits > FLT_DECIMAL_DIG)
        return false;
    return prints_back(&v, (double)f, true, 1);
}

bool firn_double_is_exact(firn_str token)
{
    number v;
    double d;
    return read_double(token, &v, &d) == FIRN_FIT_OK && double_is_exact(v, fabs(d));
}

/* Reads plain digits with a point, at most DBL_DIG of them but for zeros in front: exact, and one
 * operation. */
static bool fast_double(firn_str s, double *ret)
{
    bool negative = s.n && s.p[0] == '-';
    size_t point = s.n;
    uint64_t v = 0;
    size_t start = negative;
    if (s.n - start > MAX_DIGITS)
        return false;
    for (size_t i = start; i < s.n; i++) {
        unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
        if (d <= 9)
            v = v * 10 + d;
        else if (s.p[i] == '.' && point == s.n)
            point = i;
        else
            return false;
    }
    size_t fraction = point == s.n ? 0 : s.n - point - 1;
    if (s.n - start == (point < s.n) || v >= (uint64_t)tens[DBL_DIG])
        return false;
    double d = (double)v / (double)tens[fraction];
    *ret = negative ? -d : d;
    return true;
}

firn_fit firn_scalar_double(firn_str s, bool may_round, double *ret)
{
    number v;
    double d;
    if (fast_double(s, ret))
        return FIRN_FIT_OK;
    firn_fit fit = read_double(s, &v, &d);
    if (fit)
        return fit;
    if (!may_round && !double_is_exact(v, fabs(d)))
        return FIRN_FIT_INEXACT;
    *ret = d;
    return FIRN_FIT_OK;
}

firn_fit firn_scalar_float(firn_str s, bool may_round, float *ret)
{
    number v;
    double d;
    firn_fit fit = read_double(s, &v, &d);
    if (fit)
        return fit;
    float f = (float)d;
    if (isinf(f) || (f == 0 && v.w))
        return FIRN_FIT_RANGE;
    if (!may_round && !float_is_exact(v, fabsf(f)))
        return FIRN_FIT_INEXACT;
    *ret = f;
    return FIRN_FIT_OK;
}
