/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

firn_str firn_str_of(const char *cstr)
{
    return cstr ? (firn_str){cstr, strlen(cstr)} : (firn_str){"", 0};
}

bool firn_str_eq(firn_str a, firn_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool firn_str_eqc(firn_str a, const char *b)
{
    return firn_str_eq(a, firn_str_of(b));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool firn_str_ieq(firn_str a, firn_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

int firn_str_cmp(firn_str a, firn_str b)
{
    size_t n = FIRN_MIN(a.n, b.n);
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    return (a.n > b.n) - (a.n < b.n);
}

bool firn_str_starts(firn_str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool firn_str_ends(firn_str s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

firn_str firn_str_trim(firn_str s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

firn_str firn_str_cut(firn_str *rest, char sep)
{
    const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
    if (!at) {
        firn_str all = *rest;
        *rest = (firn_str){NULL, 0};
        return all;
    }
    firn_str head = {rest->p, (size_t)(at - rest->p)};
    *rest = (firn_str){at + 1, rest->n - head.n - 1};
    return head;
}

bool firn_str_u64(firn_str s, uint64_t *ret)
{
    if (s.n == 0 || s.n > 20)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    }
    *ret = v;
    return true;
}

bool firn_str_i64(firn_str s, int64_t *ret)
{
    bool negative = s.n && s.p[0] == '-';
    firn_str digits = negative ? (firn_str){s.p + 1, s.n - 1} : s;
    uint64_t v;
    if (!firn_str_u64(digits, &v))
        return false;
    if (v > (uint64_t)INT64_MAX + (negative ? 1u : 0u))
        return false;
    *ret = negative ? (int64_t)(0u - v) : (int64_t)v;
    return true;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* No two doubles, and no point half-way between two, differ only behind this many digits: beyond
 * them all that counts is whether something follows. */
enum { F64_DIGITS = 770, F64_TEXT = 800 };

/* A decimal number cut down: its digits as an integer, times 10 to the exponent. */
typedef struct short_number {
    char digits[F64_TEXT];
    size_t n;
    int64_t exponent;
    bool more; /* a digit other than 0 was left out */
} short_number;

static size_t take_digits(firn_str s, size_t at, bool fraction, short_number *v)
{
    for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++) {
        bool leading = v->n == 0 && s.p[at] == '0';
        bool kept = !leading && v->n < F64_DIGITS;
        if (kept)
            v->digits[v->n++] = s.p[at];
        v->more |= !kept && s.p[at] != '0';
        v->exponent += (fraction ? -1 : 0) + (kept || leading ? 0 : 1);
    }
    return at;
}

/* Adds what "e-12" at the end of s says; false if there is anything else. */
static bool take_exponent(firn_str s, size_t at, short_number *v)
{
    int64_t e = 0;
    if (at == s.n)
        return true;
    if (s.p[at] != 'e' && s.p[at] != 'E')
        return false;
    at++;
    bool negative = at < s.n && s.p[at] == '-';
    if (at < s.n && (s.p[at] == '-' || s.p[at] == '+'))
        at++;
    size_t first = at;
    for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++)
        e = FIRN_MIN(e * 10 + (s.p[at] - '0'), INT64_C(1) << 56);
    v->exponent += negative ? -e : e;
    return at == s.n && at > first;
}

/* Writes a decimal number of any length as one that fits; 0 if it is none. */
static size_t shorten(firn_str s, char out[2 * F64_TEXT])
{
    short_number v = {.n = 0};
    bool sign = s.p[0] == '-' || s.p[0] == '+';
    size_t first = sign ? 1 : 0;
    size_t at = take_digits(s, first, false, &v);
    size_t digits = at - first;
    if (at < s.n && s.p[at] == '.') {
        size_t point = at + 1;
        at = take_digits(s, point, true, &v);
        digits += at - point;
    }
    if (digits == 0 || !take_exponent(s, at, &v))
        return 0;
    if (v.n == 0)
        v.digits[v.n++] = '0';
    return (size_t)snprintf(out, 2 * F64_TEXT, "%s%.*s%se%" PRId64, s.p[0] == '-' ? "-" : "",
                            (int)v.n, v.digits, v.more ? "1" : "", v.exponent - (v.more ? 1 : 0));
}

bool firn_str_f64(firn_str s, double *ret)
{
    char text[2 * F64_TEXT];
    if (s.n == 0 || is_space(s.p[0]))
        return false;
    size_t n = s.n;
    if (n < F64_TEXT)
        memcpy(text, s.p, n);
    else
        n = shorten(s, text);
    text[n] = '\0';

    pthread_once(&c_locale_once, make_c_locale);
    char *end;
    double v = strtod_l(text, &end, c_locale);
    bool whole = n > 0 && end == text + n;
    if (whole)
        *ret = v;
    return whole;
}

bool firn_str_bytes(firn_str s, uint64_t *ret)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"", 0},     {"b", 0},   {"k", 10},   {"kb", 10}, {"kib", 10},
                 {"m", 20},   {"mb", 20}, {"mib", 20}, {"g", 30},  {"gb", 30},
                 {"gib", 30}, {"t", 40},  {"tb", 40},  {"tib", 40}};
    s = firn_str_trim(s);
    size_t digits = 0;
    while (digits < s.n && (isdigit((unsigned char)s.p[digits]) || s.p[digits] == '.'))
        digits++;
    double v;
    if (!firn_str_f64((firn_str){s.p, digits}, &v))
        return false;
    firn_str unit = firn_str_trim((firn_str){s.p + digits, s.n - digits});
    for (size_t i = 0; i < FIRN_COUNT_OF(units); i++) {
        if (!firn_str_ieq(unit, firn_str_of(units[i].name)))
            continue;
        v *= (double)(UINT64_C(1) << units[i].shift);
        if (v > 9e18)
            return false;
        *ret = (uint64_t)v;
        return true;
    }
    return false;
}

size_t firn_utf8_decode(const char *p, size_t n, uint32_t *ret)
{
    const uint8_t *b = (const uint8_t *)p;
    if (b[0] < 0x80) {
        *ret = b[0];
        return 1;
    }
    size_t len = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    if (b[0] < 0xc2 || b[0] > 0xf4 || len > n)
        return 0;
    uint32_t cp = b[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        cp = cp << 6 | (b[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return 0;
    *ret = cp;
    return len;
}

size_t firn_utf8_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

size_t firn_utf8_valid_prefix(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        /* eight ASCII bytes at a time: most text is */
        uint64_t word;
        if (i + 8 <= n && (memcpy(&word, p + i, 8), (word & UINT64_C(0x8080808080808080)) == 0)) {
            i += 8;
            continue;
        }
        uint32_t cp;
        size_t len = firn_utf8_decode(p + i, n - i, &cp);
        if (!len)
            return i;
        i += len;
    }
    return n;
}

bool firn_utf8_valid(const char *p, size_t n)
{
    return firn_utf8_valid_prefix(p, n) == n;
}

/* A location is copied from the message into a command: it is kept whole where a value is cut. */
static size_t quote_room(firn_str s)
{
    enum { OF_A_VALUE = 136 };
    bool location = firn_str_starts(s, "/") ||
                    (s.n > 3 && memmem(s.p, FIRN_MIN(s.n, (size_t)16), "://", 3) != NULL);
    size_t room = location ? sizeof(firn_quoted) : OF_A_VALUE;
    return room - sizeof "'…'"; /* what is always kept for the end */
}

firn_quoted firn_quote(firn_str s)
{
    firn_quoted q;
    size_t room = quote_room(s);
    size_t n = 0;
    size_t i = 0;
    q.s[n++] = '\'';
    while (i < s.n) {
        uint32_t cp = 0;
        size_t len = firn_utf8_decode(s.p + i, s.n - i, &cp);
        char piece[8];
        size_t piece_n;
        if (len && cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0)) {
            memcpy(piece, s.p + i, len);
            piece_n = len;
        } else {
            len = 1;
            piece_n = (size_t)snprintf(piece, sizeof piece, "\\x%02x", (unsigned char)s.p[i]);
        }
        if (n + piece_n > room)
            break;
        memcpy(q.s + n, piece, piece_n);
        n += piece_n;
        i += len;
    }
    const char *end = i < s.n ? "…'" : "'";
    memcpy(q.s + n, end, strlen(end) + 1);
    return q;
}

firn_quoted firn_quotec(const char *cstr)
{
    return firn_quote(firn_str_of(cstr));
}

unsigned firn_str_distance(firn_str a, firn_str b)
{
    enum { CAP = 32 };
    size_t an = FIRN_MIN(a.n, (size_t)CAP);
    size_t bn = FIRN_MIN(b.n, (size_t)CAP);
    unsigned d[CAP + 1][CAP + 1];
    for (size_t i = 0; i <= an; i++)
        d[i][0] = (unsigned)i;
    for (size_t j = 0; j <= bn; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= an; i++) {
        for (size_t j = 1; j <= bn; j++) {
            unsigned cost = lower(a.p[i - 1]) != lower(b.p[j - 1]);
            unsigned best = FIRN_MIN(d[i - 1][j] + 1, d[i][j - 1] + 1);
            best = FIRN_MIN(best, d[i - 1][j - 1] + cost);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                best = FIRN_MIN(best, d[i - 2][j - 2] + 1);
            d[i][j] = best;
        }
    }
    return d[an][bn];
}

int firn_str_nearest(firn_str s, const firn_str *words, size_t count)
{
    int best = -1;
    unsigned best_distance = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned distance = firn_str_distance(s, words[i]);
        unsigned limit = (unsigned)FIRN_MAX(words[i].n, s.n) / 3 + 1;
        if (distance > limit || distance >= words[i].n)
            continue;
        if (best >= 0 && distance >= best_distance)
            continue;
        best = (int)i;
        best_distance = distance;
    }
    return best;
}

static size_t digit_run(firn_str s, size_t i)
{
    size_t j = i;
    while (j < s.n && isdigit((unsigned char)s.p[j]))
        j++;
    return j - i;
}

/* Compares two digit runs as numbers; leading zeros do not count. */
static int compare_numbers(firn_str a, firn_str b)
{
    while (a.n && a.p[0] == '0') {
        a.p++;
        a.n--;
    }
    while (b.n && b.p[0] == '0') {
        b.p++;
        b.n--;
    }
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return firn_str_cmp(a, b);
}

int firn_str_natural_cmp(firn_str a, firn_str b)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a.n && j < b.n) {
        size_t an = digit_run(a, i);
        size_t bn = digit_run(b, j);
        if (an && bn) {
            int c = compare_numbers((firn_str){a.p + i, an}, (firn_str){b.p + j, bn});
            if (c)
                return c;
            i += an;
            j += bn;
            continue;
        }
        if (a.p[i] != b.p[j])
            return (unsigned char)a.p[i] < (unsigned char)b.p[j] ? -1 : 1;
        i++;
        j++;
    }
    if (i < a.n || j < b.n)
        return i < a.n ? 1 : -1;
    return firn_str_cmp(a, b); /* "01" and "1": still a total order */
}
