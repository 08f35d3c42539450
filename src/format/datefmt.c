/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign spellings of dates: a format becomes a list of steps, each of which reads one directive
 * or one literal byte.  Reading is greedy and never goes back, as strptime does. */
#include "format/datefmt.h"

#include "base/datetime.h"
#include "base/str.h"

#include <string.h>

/* What a directive fills in; a format names each at most once. */
typedef enum part {
    PART_YEAR,
    PART_MONTH,
    PART_DAY,
    PART_DAY_OF_YEAR,
    PART_HOUR,
    PART_PM,
    PART_MINUTE,
    PART_SECOND,
    PART_FRACTION, /* microseconds */
    PART_ZONE,     /* minutes east of UTC */
    PART_WEEKDAY,
    PART_COUNT
} part;

static const char *const part_names[PART_COUNT] = {
    "year",   "month",  "day",      "day of the year", "hour",           "half of the day",
    "minute", "second", "fraction", "offset from UTC", "day of the week"};

typedef enum reading {
    READ_NUMBER,
    READ_PADDED, /* a number, or a blank and one digit, as strftime's %e prints */
    READ_YEAR2,
    READ_MONTH_NAME,
    READ_DAY_NAME,
    READ_HALF,
    READ_FRACTION,
    READ_ZONE,
} reading;

typedef struct directive {
    char letter;
    uint8_t part;
    uint8_t reading;
    uint8_t min_digits;
    uint8_t max_digits;
    uint16_t low;
    uint16_t high;
} directive;

static const directive directives[] = {
    {'Y', PART_YEAR, READ_NUMBER, 4, 4, 1, 9999},
    {'y', PART_YEAR, READ_YEAR2, 2, 2, 0, 99},
    {'m', PART_MONTH, READ_NUMBER, 1, 2, 1, 12},
    {'b', PART_MONTH, READ_MONTH_NAME, 0, 0, 0, 0},
    {'B', PART_MONTH, READ_MONTH_NAME, 0, 0, 0, 0},
    {'d', PART_DAY, READ_NUMBER, 1, 2, 1, 31},
    {'e', PART_DAY, READ_PADDED, 1, 2, 1, 31},
    {'j', PART_DAY_OF_YEAR, READ_NUMBER, 1, 3, 1, 366},
    {'H', PART_HOUR, READ_NUMBER, 1, 2, 0, 23},
    {'I', PART_HOUR, READ_NUMBER, 1, 2, 1, 12},
    {'p', PART_PM, READ_HALF, 0, 0, 0, 0},
    {'M', PART_MINUTE, READ_NUMBER, 1, 2, 0, 59},
    {'S', PART_SECOND, READ_NUMBER, 1, 2, 0, 59},
    {'f', PART_FRACTION, READ_FRACTION, 1, 6, 0, 0},
    {'z', PART_ZONE, READ_ZONE, 0, 0, 0, 0},
    {'a', PART_WEEKDAY, READ_DAY_NAME, 0, 0, 0, 0},
    {'A', PART_WEEKDAY, READ_DAY_NAME, 0, 0, 0, 0},
};

typedef struct step {
    const directive *d; /* NULL: the literal byte */
    char byte;
} step;

struct firn_datefmt {
    firn_str text;
    step *steps;
    size_t count;
    uint32_t has; /* bits of part */
    bool half;    /* the hour is %I */
};

static bool has(const firn_datefmt *f, part p)
{
    return f->has >> p & 1u;
}

/* --- compiling ----------------------------------------------------------------------------- */

static const directive *find_directive(char letter)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(directives); i++)
        if (directives[i].letter == letter)
            return &directives[i];
    return NULL;
}

static firn_code not_understood(firn_str rest, firn_err *err)
{
    /* %-d and %ed: what is shown should be what was meant as one directive */
    size_t n = rest.n > 2 && !find_directive(rest.p[1]) && strchr("-_0^#EO:", rest.p[1]) ? 3 : 2;
    firn_raise(err, FIRN_E_CONFIG, "directive %s is not understood",
               firn_quote((firn_str){rest.p, FIRN_MIN(n, rest.n)}).s);
    return firn_err_advise(err, "use %%Y %%y %%m %%d %%e %%b %%B %%j %%H %%I %%p %%M %%S %%f %%z "
                                "%%a %%A %%%% and literal text; %%d, %%m and %%H also read one "
                                "digit");
}

static firn_code missing(const char *what, const char *directives_of, firn_err *err)
{
    return firn_raise(err, FIRN_E_CONFIG, "the %s is missing: %s", what, directives_of);
}

static firn_code check_clock(const firn_datefmt *f, firn_err *err)
{
    if (f->half && !has(f, PART_PM))
        return missing("half of the day", "%I needs %p", err);
    if (has(f, PART_PM) && !f->half)
        return missing("hour", "%p needs %I", err);
    if (has(f, PART_MINUTE) && !has(f, PART_HOUR))
        return missing("hour", "%M needs %H or %I", err);
    if (has(f, PART_SECOND) && !has(f, PART_MINUTE))
        return missing("minute", "%S needs %M", err);
    if (has(f, PART_FRACTION) && !has(f, PART_SECOND))
        return missing("second", "%f needs %S", err);
    return FIRN_OK;
}

static firn_code check_parts(const firn_datefmt *f, firn_err *err)
{
    if (!has(f, PART_YEAR))
        return missing("year", "%Y or %y", err);
    if (has(f, PART_DAY_OF_YEAR) && (has(f, PART_MONTH) || has(f, PART_DAY)))
        return firn_raise(err, FIRN_E_CONFIG, "%%j says the month and the day a second time");
    if (!has(f, PART_DAY_OF_YEAR) && !has(f, PART_MONTH))
        return missing("month", "%m, %b or %B", err);
    if (!has(f, PART_DAY_OF_YEAR) && !has(f, PART_DAY))
        return missing("day", "%d, %e or %j", err);
    return check_clock(f, err);
}

static firn_code add_directive(firn_datefmt *f, firn_str rest, firn_err *err)
{
    const directive *d = rest.n > 1 ? find_directive(rest.p[1]) : NULL;
    if (!d)
        return not_understood(rest, err);
    if (has(f, (part)d->part))
        return firn_raise(err, FIRN_E_CONFIG, "%%%c names the %s a second time", d->letter,
                          part_names[d->part]);
    f->has |= 1u << d->part;
    f->half |= d->letter == 'I';
    f->steps[f->count++] = (step){.d = d};
    return FIRN_OK;
}

static firn_code compile_steps(firn_datefmt *f, firn_err *err)
{
    firn_str rest = f->text;
    while (rest.n) {
        size_t used = 1;
        if (rest.p[0] == '%' && !(rest.n > 1 && rest.p[1] == '%')) {
            FIRN_TRY(add_directive(f, rest, err));
            used = 2;
        } else {
            used += rest.p[0] == '%';
            f->steps[f->count++] = (step){.byte = rest.p[0]};
        }
        rest = (firn_str){rest.p + used, rest.n - used};
    }
    return check_parts(f, err);
}

firn_code firn_datefmt_compile(firn_str format, firn_arena *a, const firn_datefmt **ret,
                               firn_err *err)
{
    firn_datefmt *f = firn_arena_zalloc(a, sizeof *f);
    if (!f)
        return firn_arena_raise(a, err);
    f->text = firn_arena_str(a, format);
    f->steps = firn_arena_array(a, format.n, sizeof *f->steps);
    if (!f->text.p || !f->steps)
        return firn_arena_raise(a, err);
    if (compile_steps(f, err))
        return firn_wrap(err, "date format %s", firn_quote(format).s);
    *ret = f;
    return FIRN_OK;
}

firn_str firn_datefmt_text(const firn_datefmt *f)
{
    return f->text;
}

bool firn_datefmt_has_clock(const firn_datefmt *f)
{
    return has(f, PART_HOUR);
}

bool firn_datefmt_has_zone(const firn_datefmt *f)
{
    return has(f, PART_ZONE);
}

/* --- reading ------------------------------------------------------------------------------- */

static void skip(firn_str *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

/* Reads as many digits as there are, up to `max`; returns how many. */
static size_t read_digits(firn_str *s, size_t max, int32_t *ret)
{
    size_t n = 0;
    int32_t v = 0;
    while (n < max && n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        v = v * 10 + (s->p[n++] - '0');
    skip(s, n);
    *ret = v;
    return n;
}

static bool read_number(firn_str *s, const directive *d, int32_t *ret)
{
    size_t n = read_digits(s, d->max_digits, ret);
    return n >= d->min_digits && *ret >= d->low && *ret <= d->high;
}

static bool read_padded(firn_str *s, const directive *d, int32_t *ret)
{
    if (s->n < 2 || s->p[0] != ' ')
        return read_number(s, d, ret);
    skip(s, 1);
    return read_digits(s, 1, ret) == 1 && *ret >= d->low;
}

/* POSIX: 69–99 are of the last century. */
static int32_t whole_year(int32_t two_digits)
{
    return two_digits + (two_digits >= 69 ? 1900 : 2000);
}

static bool read_year2(firn_str *s, int32_t *ret)
{
    if (read_digits(s, 2, ret) != 2)
        return false;
    *ret = whole_year(*ret);
    return true;
}

/* Reads one of `names` (lower case), whole or its first three letters; 1 for the first. */
static bool read_name(firn_str *s, const char *const *names, size_t count, int32_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        firn_str whole = firn_str_of(names[i]);
        size_t n = whole.n;
        if (s->n < n || !firn_str_ieq((firn_str){s->p, n}, whole))
            n = 3;
        if (s->n < n || !firn_str_ieq((firn_str){s->p, n}, (firn_str){whole.p, n}))
            continue;
        skip(s, n);
        *ret = (int32_t)i + 1;
        return true;
    }
    return false;
}

static bool read_month_name(firn_str *s, int32_t *ret)
{
    static const char *const months[] = {"january",   "february", "march",    "april",
                                         "may",       "june",     "july",     "august",
                                         "september", "october",  "november", "december"};
    return read_name(s, months, FIRN_COUNT_OF(months), ret);
}

static bool read_day_name(firn_str *s, int32_t *ret)
{
    static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};
    return read_name(s, days, FIRN_COUNT_OF(days), ret);
}

static bool read_half(firn_str *s, int32_t *ret)
{
    if (s->n < 2 || (s->p[1] | 0x20) != 'm')
        return false;
    char half = (char)(s->p[0] | 0x20);
    skip(s, 2);
    *ret = half == 'p';
    return half == 'a' || half == 'p';
}

static bool read_fraction(firn_str *s, const directive *d, int32_t *ret)
{
    size_t n = read_digits(s, d->max_digits, ret);
    for (size_t i = n; i < 6; i++)
        *ret *= 10;
    return n >= d->min_digits;
}

/* Z, ±hh, ±hhmm, ±hh:mm */
static bool read_zone(firn_str *s, int32_t *ret)
{
    int32_t hours;
    int32_t minutes = 0;
    if (s->n == 0)
        return false;
    char sign = s->p[0];
    skip(s, 1);
    *ret = 0;
    if (sign == 'Z' || sign == 'z')
        return true;
    if ((sign != '+' && sign != '-') || read_digits(s, 2, &hours) != 2)
        return false;
    bool colon = s->n && s->p[0] == ':';
    if (colon)
        skip(s, 1);
    size_t n = read_digits(s, 2, &minutes);
    if (n == 1 || (colon && n == 0) || hours > 18 || minutes > 59)
        return false;
    *ret = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

static bool read_part(firn_str *s, const directive *d, int32_t *ret)
{
    switch ((reading)d->reading) {
    case READ_NUMBER:
        return read_number(s, d, ret);
    case READ_PADDED:
        return read_padded(s, d, ret);
    case READ_YEAR2:
        return read_year2(s, ret);
    case READ_MONTH_NAME:
        return read_month_name(s, ret);
    case READ_DAY_NAME:
        return read_day_name(s, ret);
    case READ_HALF:
        return read_half(s, ret);
    case READ_FRACTION:
        return read_fraction(s, d, ret);
    case READ_ZONE:
        return read_zone(s, ret);
    }
    return false;
}

static bool day_of(const firn_datefmt *f, const int32_t v[PART_COUNT], int32_t *ret)
{
    firn_civil day = {v[PART_YEAR], v[PART_MONTH], v[PART_DAY]};
    if (has(f, PART_DAY_OF_YEAR))
        day = (firn_civil){v[PART_YEAR], 1, 1};
    if (!firn_civil_valid(day))
        return false;
    *ret = firn_days_from_civil(day);
    if (!has(f, PART_DAY_OF_YEAR))
        return true;
    *ret += v[PART_DAY_OF_YEAR] - 1;
    return firn_civil_from_days(*ret).year == v[PART_YEAR];
}

static int64_t clock_of(const firn_datefmt *f, const int32_t v[PART_COUNT])
{
    int64_t hour = v[PART_HOUR];
    if (f->half)
        hour = hour % 12 + 12 * v[PART_PM];
    int64_t minutes = hour * 60 + v[PART_MINUTE] - v[PART_ZONE];
    return (minutes * 60 + v[PART_SECOND]) * FIRN_US_PER_SECOND + v[PART_FRACTION];
}

bool firn_datefmt_parse(const firn_datefmt *f, firn_str s, int64_t *ret_us)
{
    int32_t v[PART_COUNT] = {0};
    int32_t days;
    for (size_t i = 0; i < f->count; i++) {
        const step *at = &f->steps[i];
        if (at->d) {
            if (!read_part(&s, at->d, &v[at->d->part]))
                return false;
            continue;
        }
        if (s.n == 0 || s.p[0] != at->byte)
            return false;
        skip(&s, 1);
    }
    if (s.n || !day_of(f, v, &days))
        return false;
    int64_t us = days * FIRN_US_PER_DAY + clock_of(f, v);
    if (us < FIRN_DATE_MIN * FIRN_US_PER_DAY || us >= (FIRN_DATE_MAX + 1) * FIRN_US_PER_DAY)
        return false;
    *ret_us = us;
    return true;
}

/* --- the spellings that are looked for ----------------------------------------------------- */

const char *firn_spelling_format(firn_spelling sp)
{
    static const char *const formats[FIRN_SP_COUNT] = {
        [FIRN_SP_DMY_DOT] = "%d.%m.%Y",       [FIRN_SP_DMY_SLASH] = "%d/%m/%Y",
        [FIRN_SP_MDY_SLASH] = "%m/%d/%Y",     [FIRN_SP_YMD_SLASH] = "%Y/%m/%d",
        [FIRN_SP_DMY_DASH] = "%d-%m-%Y",      [FIRN_SP_MDY_DASH] = "%m-%d-%Y",
        [FIRN_SP_D_MON_Y] = "%d-%b-%Y",       [FIRN_SP_D_MON_YY] = "%d-%b-%y",
        [FIRN_SP_D_MON_Y_BLANK] = "%d %b %Y",
    };
    return sp < FIRN_SP_COUNT ? formats[sp] : NULL;
}

static uint32_t bit(firn_spelling sp)
{
    return 1u << sp;
}

static bool is_day(int32_t year, int32_t month, int32_t day)
{
    return year >= 1 && firn_civil_valid((firn_civil){year, month, day});
}

static uint32_t iso_spellings(firn_str s)
{
    int32_t days;
    int64_t us;
    bool zoned;
    if (s.n == 10)
        return firn_date_parse(s, &days) ? bit(FIRN_SP_ISO_DATE) : 0;
    if (!firn_timestamp_parse(s, &us, &zoned))
        return 0;
    return bit(zoned ? FIRN_SP_ISO_TIMESTAMPTZ : FIRN_SP_ISO_TIMESTAMP);
}

/* 2025/05/31; the year is read. */
static uint32_t year_first_spellings(firn_str s, int32_t year)
{
    int32_t month;
    int32_t day;
    skip(&s, 1);
    if (!read_digits(&s, 2, &month) || s.n == 0 || s.p[0] != '/')
        return 0;
    skip(&s, 1);
    if (!read_digits(&s, 2, &day) || s.n || !is_day(year, month, day))
        return 0;
    return bit(FIRN_SP_YMD_SLASH);
}

/* 31.05.2025, 31/05/2025, 05/31/2025, 31-05-2025, 05-31-2025; the first number is read, a digit
 * follows the separator. */
static uint32_t number_spellings(firn_str s, int32_t first)
{
    int32_t second;
    int32_t year;
    char sep = s.p[0];
    skip(&s, 1);
    if (!read_digits(&s, 2, &second) || s.n != 5 || s.p[0] != sep)
        return 0;
    skip(&s, 1);
    if (read_digits(&s, 4, &year) != 4)
        return 0;
    bool dmy = is_day(year, second, first);
    bool mdy = is_day(year, first, second);
    if (sep == '.')
        return dmy ? bit(FIRN_SP_DMY_DOT) : 0;
    uint32_t dmy_bit = bit(sep == '/' ? FIRN_SP_DMY_SLASH : FIRN_SP_DMY_DASH);
    uint32_t mdy_bit = bit(sep == '/' ? FIRN_SP_MDY_SLASH : FIRN_SP_MDY_DASH);
    return (dmy ? dmy_bit : 0) | (mdy ? mdy_bit : 0);
}

/* 31-May-2025, 29-Jun-17, 31 May 2025; the day is read. */
static uint32_t name_spellings(firn_str s, int32_t day)
{
    int32_t month;
    int32_t year;
    char sep = s.p[0];
    skip(&s, 1);
    if (!read_month_name(&s, &month) || s.n == 0 || s.p[0] != sep)
        return 0;
    skip(&s, 1);
    bool two = s.n == 2 && sep == '-';
    bool read = two ? read_year2(&s, &year) : s.n == 4 && read_digits(&s, 4, &year) == 4;
    if (!read || !is_day(year, month, day))
        return 0;
    if (sep == ' ')
        return bit(FIRN_SP_D_MON_Y_BLANK);
    return bit(two ? FIRN_SP_D_MON_YY : FIRN_SP_D_MON_Y);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

uint32_t firn_spellings_of(firn_str s)
{
    enum { SHORTEST = 8 /* "1.5.2025", "1-Jun-17" */ };
    if (s.n < SHORTEST || !is_digit(s.p[0]))
        return 0;
    int32_t first;
    firn_str rest = s;
    size_t digits = read_digits(&rest, 4, &first);
    char sep = rest.p[0]; /* there are two more bytes: 8 were there, 4 were read at most */
    bool number = is_digit(rest.p[1]);
    if (digits == 4 && sep == '-')
        return iso_spellings(s);
    if (digits == 4)
        return sep == '/' ? year_first_spellings(rest, first) : 0;
    if (digits > 2)
        return 0;
    if (number)
        return sep == '.' || sep == '/' || sep == '-' ? number_spellings(rest, first) : 0;
    return sep == '-' || sep == ' ' ? name_spellings(rest, first) : 0;
}

/* Reads "1/2/03": three numbers of one or two digits with one separator between them. */
static bool read_short_date(firn_str s, int32_t v[3], size_t digits[3])
{
    digits[0] = read_digits(&s, 2, &v[0]);
    char sep = s.p[0];
    if (sep != '.' && sep != '/' && sep != '-')
        return false;
    for (size_t i = 1; i < 3; i++) {
        if (s.n == 0 || s.p[0] != sep)
            return false;
        skip(&s, 1);
        digits[i] = read_digits(&s, 2, &v[i]);
        if (!digits[i])
            return false;
    }
    return s.n == 0;
}

bool firn_date_is_ambiguous(firn_str s)
{
    int32_t v[3];
    size_t digits[3];
    if (s.n < 6 || s.n > 8 || !is_digit(s.p[0]) || !read_short_date(s, v, digits))
        return false;
    int32_t last = whole_year(v[2]);
    if (digits[2] == 2 && (is_day(last, v[1], v[0]) || is_day(last, v[0], v[1])))
        return true;
    return digits[0] == 2 && is_day(whole_year(v[0]), v[1], v[2]);
}
