/* SPDX-License-Identifier: Apache-2.0 */
/* Dates and times in text.  ISO 8601 in its usual lengths is read eight bytes at a time: one
 * comparison says that all digits and separators are where they should be. */
#include "format/scalar_int.h"

#include "base/datetime.h"
#include "base/str.h"

#include <string.h>

#define DAY_BYTES 10 /* 2025-05-31 */

/* --- fixed positions ----------------------------------------------------------------------- */

/* Bytes above 9, or above 0 where `limits` says so, once the form was taken away by xor; the limit
 * is 0x80 less the smallest byte that is too large. */
static bool misplaced(uint64_t x, uint64_t limits)
{
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    return ((((x & low) + limits) | x) & ~low) != 0;
}

/* Puts ten times each byte plus the next one into the byte: the value of two digits. */
static uint64_t pairs(uint64_t x)
{
    return x * 10 + (x >> 8);
}

static uint32_t byte_at(uint64_t x, unsigned i)
{
    return (uint32_t)(x >> (8 * i) & 0xff);
}

/* Reads "2025-05-31" at p. */
static inline bool day_at(const char *p, int32_t *ret)
{
    static const uint16_t before[2][16] = {
        {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365, 365, 365},
        {0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366, 366, 366}};
    uint64_t x = firn_load8(p) ^ UINT64_C(0x2d30302d30303030); /* "0000-00-" */
    uint32_t tens = (uint32_t)(unsigned char)p[8] - '0';
    uint32_t ones = (uint32_t)(unsigned char)p[9] - '0';
    if (misplaced(x, UINT64_C(0x7f76767f76767676)) || tens > 3 || ones > 9)
        return false;
    x = pairs(x);
    uint32_t year = byte_at(x, 0) * 100 + byte_at(x, 2);
    uint32_t month = byte_at(x, 5);
    uint32_t day = tens * 10 + ones;
    if (year == 0 || month == 0 || month > 12 || day == 0)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const uint16_t *starts = before[leap];
    if (day > (uint32_t)(starts[month + 1] - starts[month]))
        return false;
    uint32_t past = year - 1;
    int32_t days_past = (int32_t)(past * 365 + past / 4 - past / 100 + past / 400);
    *ret = days_past + starts[month] + (int32_t)day - 1 + FIRN_DATE_MIN;
    return true;
}

/* Reads "22:31:08" at p as seconds. */
static inline bool clock_at(const char *p, int32_t *ret)
{
    uint64_t x = firn_load8(p) ^ UINT64_C(0x30303a30303a3030); /* "00:00:00" */
    if (misplaced(x, UINT64_C(0x76767f76767f7676)))
        return false;
    x = pairs(x);
    uint32_t hour = byte_at(x, 0);
    uint32_t minute = byte_at(x, 3);
    uint32_t second = byte_at(x, 6);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ret = (int32_t)(hour * 3600 + minute * 60 + second);
    return true;
}

bool firn_fast_date(const char *p, size_t n, int32_t *ret_days)
{
    return n == DAY_BYTES && day_at(p, ret_days);
}

/* Reads the six digits behind the point of "2025-05-31T22:31:08.123456". */
static inline bool micros_at(const char *p, int32_t *ret)
{
    enum { LOADED = 18 }; /* two bytes before the digits are loaded as well, and not looked at */
    uint64_t x = firn_load8(p + LOADED) ^ UINT64_C(0x3030303030300000);
    x &= ~UINT64_C(0xffff);
    if (misplaced(x, UINT64_C(0x7676767676760000)))
        return false;
    x = pairs(x);
    *ret = (int32_t)(byte_at(x, 2) * 10000 + byte_at(x, 4) * 100 + byte_at(x, 6));
    return true;
}

/* Reads one to six digits at p[0..n) as millionths. */
static bool fraction_at(const char *p, size_t n, int32_t *ret)
{
    static const int32_t scales[] = {0, 100000, 10000, 1000, 100, 10, 1};
    int32_t v = 0;
    if (n == 0 || n > 6)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(unsigned char)p[i] - '0';
        if (d > 9)
            return false;
        v = v * 10 + (int32_t)d;
    }
    *ret = v * scales[n];
    return true;
}

bool firn_fast_timestamp(const char *p, size_t n, int64_t *ret_us, bool *ret_zoned)
{
    enum { SECONDS = 19, MICROS = 26 }; /* bytes of 2025-05-31T22:31:08 and with .123456 */
    int32_t days;
    int32_t seconds;
    int32_t us = 0;
    if (n < SECONDS || (p[DAY_BYTES] != 'T' && p[DAY_BYTES] != ' '))
        return false;
    if (!day_at(p, &days) || !clock_at(p + DAY_BYTES + 1, &seconds))
        return false;
    bool zoned = p[n - 1] == 'Z';
    n -= zoned;
    if (n > SECONDS) {
        bool all = n == MICROS;
        if (p[SECONDS] != '.' ||
            !(all ? micros_at(p, &us) : fraction_at(p + SECONDS + 1, n - SECONDS - 1, &us)))
            return false;
    }
    *ret_us = days * FIRN_US_PER_DAY + seconds * FIRN_US_PER_SECOND + us;
    *ret_zoned = zoned;
    return true;
}

/* --- ISO in all its spellings -------------------------------------------------------------- */

/* What a day or a point in time turned out to be. */
typedef struct moment {
    int64_t us;
    bool has_clock;
    bool zoned;
} moment;

static bool parse_iso(firn_str s, moment *ret)
{
    moment m = {.has_clock = true};
    int32_t days;
    if (s.n != DAY_BYTES) {
        if (!firn_fast_timestamp(s.p, s.n, &m.us, &m.zoned) &&
            !firn_timestamp_parse(s, &m.us, &m.zoned))
            return false;
        *ret = m;
        return true;
    }
    if (!day_at(s.p, &days))
        return false;
    *ret = (moment){.us = days * FIRN_US_PER_DAY};
    return true;
}

/* Why parse_iso failed: with another year in its place, would it be a day? */
static firn_fit why_not_iso(firn_str s)
{
    char text[64];
    moment m = {.us = 0};
    if (s.n < DAY_BYTES || s.n > sizeof text)
        return FIRN_FIT_SYNTAX;
    bool at_an_end =
        memcmp(s.p, "0000", 4) == 0 || memcmp(s.p, "0001", 4) == 0 || memcmp(s.p, "9999", 4) == 0;
    memcpy(text, s.p, s.n);
    memcpy(text, s.p[3] == '0' ? "2000" : "2001", 4); /* 0000 would be a leap year */
    return at_an_end && parse_iso((firn_str){text, s.n}, &m) ? FIRN_FIT_RANGE : FIRN_FIT_SYNTAX;
}

static firn_fit read_moment(firn_str s, const firn_scalar_opt *opt, moment *ret)
{
    if (!opt->format)
        return parse_iso(s, ret) ? FIRN_FIT_OK : why_not_iso(s);
    if (!firn_datefmt_parse(opt->format, s, &ret->us))
        return FIRN_FIT_SYNTAX;
    ret->has_clock = firn_datefmt_has_clock(opt->format);
    ret->zoned = firn_datefmt_has_zone(opt->format);
    return FIRN_FIT_OK;
}

firn_fit firn_scalar_date(firn_str s, const firn_scalar_opt *opt, int32_t *ret_days)
{
    moment m = {.us = 0};
    if (!opt->format && firn_fast_date(s.p, s.n, ret_days))
        return FIRN_FIT_OK;
    firn_fit fit = read_moment(s, opt, &m);
    if (fit)
        return fit;
    int64_t days = firn_floor_div(m.us, FIRN_US_PER_DAY);
    if (m.us != days * FIRN_US_PER_DAY || (m.has_clock && !opt->given))
        return FIRN_FIT_INEXACT;
    *ret_days = (int32_t)days;
    return FIRN_FIT_OK;
}

firn_fit firn_scalar_time(firn_str s, int64_t *ret_us)
{
    return firn_time_parse(s, ret_us) ? FIRN_FIT_OK : FIRN_FIT_SYNTAX;
}

firn_fit firn_scalar_timestamp(firn_str s, const firn_scalar_opt *opt, int64_t *ret_us)
{
    moment m = {.us = 0};
    bool zoned = false;
    if (!opt->format && firn_fast_timestamp(s.p, s.n, &m.us, &zoned) && !zoned) {
        *ret_us = m.us;
        return FIRN_FIT_OK;
    }
    firn_fit fit = read_moment(s, opt, &m);
    if (fit)
        return fit;
    if (!m.has_clock && !opt->given)
        return FIRN_FIT_SYNTAX;
    if (m.zoned && !(opt->format && opt->given))
        return FIRN_FIT_INEXACT;
    *ret_us = m.us;
    return FIRN_FIT_OK;
}

firn_fit firn_scalar_timestamptz(firn_str s, const firn_scalar_opt *opt, int64_t *ret_us)
{
    moment m = {.us = 0};
    bool zoned = false;
    if (!opt->format && firn_fast_timestamp(s.p, s.n, &m.us, &zoned) && zoned) {
        *ret_us = m.us;
        return FIRN_FIT_OK;
    }
    firn_fit fit = read_moment(s, opt, &m);
    if (fit)
        return fit;
    if (!opt->given && !(m.has_clock && m.zoned))
        return FIRN_FIT_SYNTAX;
    *ret_us = m.us;
    return FIRN_FIT_OK;
}
