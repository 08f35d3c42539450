/* SPDX-License-Identifier: Apache-2.0 */
#include "base/datetime.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

int64_t firn_floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - ((a % b != 0) && ((a < 0) != (b < 0)));
}

/* Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (public domain). */
int32_t firn_days_from_civil(firn_civil c)
{
    int32_t y = c.year - (c.month <= 2);
    int32_t era = (y >= 0 ? y : y - 399) / 400;
    int32_t year_of_era = y - era * 400;
    int32_t day_of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

firn_civil firn_civil_from_days(int32_t days)
{
    int64_t z = (int64_t)days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t mp = (5 * day_of_year + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    return (firn_civil){
        .year = (int32_t)(year_of_era + era * 400 + (month <= 2)),
        .month = (int32_t)month,
        .day = (int32_t)(day_of_year - (153 * mp + 2) / 5 + 1),
    };
}

bool firn_civil_valid(firn_civil c)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (c.month < 1 || c.month > 12 || c.day < 1)
        return false;
    bool leap = (c.year % 4 == 0 && c.year % 100 != 0) || c.year % 400 == 0;
    return c.day <= days[c.month - 1] + (c.month == 2 && leap);
}

/* Reads exactly n digits at p. */
static bool fixed_digits(const char *p, size_t n, int32_t *ret)
{
    int32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(unsigned char)p[i] - '0';
        if (d > 9)
            return false;
        v = v * 10 + (int32_t)d;
    }
    *ret = v;
    return true;
}

bool firn_date_parse(firn_str s, int32_t *ret_days)
{
    firn_civil c;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-')
        return false;
    if (!fixed_digits(s.p, 4, &c.year) || !fixed_digits(s.p + 5, 2, &c.month) ||
        !fixed_digits(s.p + 8, 2, &c.day))
        return false;
    if (c.year < 1 || !firn_civil_valid(c))
        return false;
    *ret_days = firn_days_from_civil(c);
    return true;
}

/* Reads ".123456" at s; *ret_used is 0 when there is none.  False on lost digits. */
static bool parse_fraction(firn_str s, int32_t *ret_us, size_t *ret_used)
{
    *ret_us = 0;
    *ret_used = 0;
    if (s.n < 2 || (s.p[0] != '.' && s.p[0] != ','))
        return true;
    int32_t us = 0;
    size_t i = 1;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        if (i <= 6)
            us = us * 10 + (s.p[i] - '0');
        else if (s.p[i] != '0')
            return false;
    }
    for (size_t digits = i - 1; digits < 6; digits++)
        us *= 10;
    *ret_us = us;
    *ret_used = i;
    return i > 1;
}

/* Reads "22:31[:08[.123]]" at the start of s; returns its length, 0 if there is none. */
static size_t parse_clock(firn_str s, int64_t *ret_us)
{
    int32_t h;
    int32_t m;
    int32_t sec = 0;
    int32_t us = 0;
    size_t used = 5;
    if (s.n < 5 || s.p[2] != ':' || !fixed_digits(s.p, 2, &h) || !fixed_digits(s.p + 3, 2, &m))
        return 0;
    if (s.n >= 8 && s.p[5] == ':') {
        size_t fraction;
        if (!fixed_digits(s.p + 6, 2, &sec))
            return 0;
        if (!parse_fraction((firn_str){s.p + 8, s.n - 8}, &us, &fraction))
            return 0;
        used = 8 + fraction;
    }
    if (h > 23 || m > 59 || sec > 59)
        return 0;
    *ret_us = ((int64_t)h * 3600 + m * 60 + sec) * FIRN_US_PER_SECOND + us;
    return used;
}

bool firn_time_parse(firn_str s, int64_t *ret_us)
{
    int64_t us;
    if (s.n < 8 || parse_clock(s, &us) != s.n)
        return false;
    *ret_us = us;
    return true;
}

/* Reads "02", "0200" or "02:00": the whole text. */
static bool parse_hours(firn_str s, int32_t *ret_h, int32_t *ret_m)
{
    *ret_m = 0;
    if (s.n < 2 || !fixed_digits(s.p, 2, ret_h))
        return false;
    if (s.n == 5)
        return s.p[2] == ':' && fixed_digits(s.p + 3, 2, ret_m);
    return s.n == 2 || (s.n == 4 && fixed_digits(s.p + 2, 2, ret_m));
}

/* Reads "", "Z", "+02", "+0200" or "+02:00": the whole rest. */
static bool parse_offset(firn_str s, int64_t *ret_us, bool *ret_zoned)
{
    int32_t h;
    int32_t m;
    *ret_us = 0;
    *ret_zoned = s.n > 0;
    if (s.n == 0 || (s.n == 1 && (s.p[0] == 'Z' || s.p[0] == 'z')))
        return true;
    if (s.p[0] != '+' && s.p[0] != '-')
        return false;
    if (!parse_hours((firn_str){s.p + 1, s.n - 1}, &h, &m) || h > 18 || m > 59)
        return false;
    int64_t us = ((int64_t)h * 3600 + m * 60) * FIRN_US_PER_SECOND;
    *ret_us = s.p[0] == '-' ? -us : us;
    return true;
}

bool firn_timestamp_parse(firn_str s, int64_t *ret_us, bool *ret_zoned)
{
    int32_t days;
    int64_t clock;
    int64_t offset;
    bool zoned;
    if (s.n < 16 || (s.p[10] != 'T' && s.p[10] != ' ' && s.p[10] != 't'))
        return false;
    if (!firn_date_parse((firn_str){s.p, 10}, &days))
        return false;
    size_t used = parse_clock((firn_str){s.p + 11, s.n - 11}, &clock);
    if (!used)
        return false;
    used += 11;
    if (!parse_offset((firn_str){s.p + used, s.n - used}, &offset, &zoned))
        return false;
    int64_t us = days * FIRN_US_PER_DAY + clock - offset;
    if (us < FIRN_DATE_MIN * FIRN_US_PER_DAY || us >= (FIRN_DATE_MAX + 1) * FIRN_US_PER_DAY)
        return false;
    *ret_us = us;
    *ret_zoned = zoned;
    return true;
}

size_t firn_date_print(int32_t days, char out[FIRN_TIME_TEXT_MAX])
{
    firn_civil c = firn_civil_from_days(days);
    return (size_t)snprintf(out, FIRN_TIME_TEXT_MAX, "%04d-%02d-%02d", c.year, c.month, c.day);
}

size_t firn_time_print(int64_t us, char out[FIRN_TIME_TEXT_MAX])
{
    int64_t s = us / FIRN_US_PER_SECOND;
    int fraction = (int)(us % FIRN_US_PER_SECOND);
    int n = snprintf(out, FIRN_TIME_TEXT_MAX, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60),
                     (int)(s % 60));
    if (fraction)
        n += snprintf(out + n, FIRN_TIME_TEXT_MAX - (size_t)n, fraction % 1000 ? ".%06d" : ".%03d",
                      fraction % 1000 ? fraction : fraction / 1000);
    return (size_t)n;
}

size_t firn_timestamp_print(int64_t us, bool zoned, char out[FIRN_TIME_TEXT_MAX])
{
    int64_t days = firn_floor_div(us, FIRN_US_PER_DAY);
    size_t n = firn_date_print((int32_t)days, out);
    int64_t rest = us % FIRN_US_PER_DAY; /* days × a day need not fit */
    char clock[FIRN_TIME_TEXT_MAX];
    size_t clock_n = firn_time_print(rest < 0 ? rest + FIRN_US_PER_DAY : rest, clock);
    out[n++] = 'T';
    memcpy(out + n, clock, clock_n);
    n += clock_n;
    if (zoned)
        out[n++] = 'Z';
    out[n] = '\0';
    return n;
}

bool firn_duration_parse(firn_str s, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},    {"min", 60000},
                 {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
    s = firn_str_trim(s);
    size_t digits = 0;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    int64_t v;
    if (digits > 12 || !firn_str_i64((firn_str){s.p, digits}, &v))
        return false;
    firn_str unit = firn_str_trim((firn_str){s.p + digits, s.n - digits});
    for (size_t i = 0; i < FIRN_COUNT_OF(units); i++) {
        if (!firn_str_eqc(unit, units[i].unit))
            continue;
        return !__builtin_mul_overflow(v, units[i].ms, ret_ms);
    }
    return false;
}
