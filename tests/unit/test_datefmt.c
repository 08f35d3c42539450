/* SPDX-License-Identifier: Apache-2.0 */
/* format/datefmt: expected values by the calendar (days since 1970 as GNU date counts them) and by
 * POSIX's strptime, never from the code's own output. */
#include "check.h"

#include "base/arena.h"
#include "base/datetime.h"
#include "base/mem.h"
#include "format/datefmt.h"

static firn_str s(const char *text)
{
    return firn_str_of(text);
}

static firn_arena *arena;

static int set_up(void **state FIRN_UNUSED)
{
    arena = firn_arena_new("test", 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state FIRN_UNUSED)
{
    firn_arena_free(arena);
    return 0;
}

static const firn_datefmt *compiled(const char *format)
{
    firn_err err = {0};
    const firn_datefmt *f = NULL;
    check_ok(firn_datefmt_compile(s(format), arena, &f, &err), &err);
    return f;
}

/* --- reading ------------------------------------------------------------------------------- */

#define NONE   INT64_MIN
#define DAY    INT64_C(86400)
#define US     INT64_C(1000000)
#define D0531  (INT64_C(20239) * DAY) /* 2025-05-31 */
#define AT(h)  ((h)*INT64_C(3600))
#define MIN(m) ((m)*INT64_C(60))

static const struct {
    const char *format;
    const char *text;
    int64_t seconds; /* NONE: is not read */
    int64_t us;
} readings[] = {
    {"%Y-%m-%d", "2025-05-31", D0531, 0},
    {"%Y-%m-%d", "2025-5-31", D0531, 0},
    {"%Y-%m-%d", "2025-05-31 ", NONE, 0},
    {"%Y-%m-%d", " 2025-05-31", NONE, 0},
    {"%Y-%m-%d", "", NONE, 0},
    {"%Y-%m-%d", "2025-05-", NONE, 0},
    {"%Y-%m-%d", "2025-05", NONE, 0},
    {"%Y-%m-%d", "205-05-31", NONE, 0},
    {"%Y-%m-%d", "12025-05-31", NONE, 0},
    {"%Y-%m-%d", "2025-02-29", NONE, 0},
    {"%Y-%m-%d", "2024-02-29", INT64_C(19782) * DAY, 0},
    {"%Y-%m-%d", "1900-02-29", NONE, 0},
    {"%Y-%m-%d", "2000-02-29", INT64_C(11016) * DAY, 0},
    {"%Y-%m-%d", "2025-04-31", NONE, 0},
    {"%Y-%m-%d", "2025-13-01", NONE, 0},
    {"%Y-%m-%d", "2025-00-01", NONE, 0},
    {"%Y-%m-%d", "2025-01-00", NONE, 0},
    {"%Y-%m-%d", "2025-01-32", NONE, 0},
    {"%Y-%m-%d", "0000-01-01", NONE, 0},
    {"%Y-%m-%d", "0001-01-01", INT64_C(-719162) * DAY, 0},
    {"%Y-%m-%d", "9999-12-31", INT64_C(2932896) * DAY, 0},
    {"%Y%m%d", "20250531", D0531, 0},
    {"%Y%m%d", "2025531", NONE, 0},                 /* greedy: month 53 */
    {"%Y%m%d", "2025115", INT64_C(20397) * DAY, 0}, /* November, the 5th */
    {"%d.%m.%Y", "31.05.2025", D0531, 0},
    {"%d.%m.%Y", "31.5.2025", D0531, 0},
    {"%d.%m.%Y", "031.5.2025", NONE, 0},
    {"%d.%m.%y", "29.01.22", INT64_C(19021) * DAY, 0},
    {"%d-%b-%y", "29-Jun-17", INT64_C(17346) * DAY, 0},
    {"%d-%b-%y", "29-JUN-17", INT64_C(17346) * DAY, 0},
    {"%d-%b-%y", "29-june-17", INT64_C(17346) * DAY, 0},
    {"%d-%B-%y", "29-jun-17", INT64_C(17346) * DAY, 0},
    {"%d-%b-%y", "29-Ju-17", NONE, 0},
    {"%d-%b-%y", "29-Juni-17", NONE, 0},
    {"%d-%b-%y", "29-Jun-7", NONE, 0},
    {"%d-%b-%y", "29-Jun-2017", NONE, 0},
    {"%d %b %y", "1 May 69", INT64_C(-245) * DAY, 0},  /* 1969 */
    {"%d %b %y", "1 May 68", INT64_C(35915) * DAY, 0}, /* 2068 */
    {"%d %b %y", "1 May 99", INT64_C(10712) * DAY, 0},
    {"%d %b %y", "1 May 00", INT64_C(11078) * DAY, 0},
    {"%e %B %Y", "1 December 1999", INT64_C(10926) * DAY, 0},
    {"%e %B %Y", " 1 December 1999", INT64_C(10926) * DAY, 0},
    {"%e %B %Y", " 11 December 1999", NONE, 0},
    {"%e %B %Y", " 0 December 1999", NONE, 0},
    {"%Y-%j", "2024-366", INT64_C(20088) * DAY, 0},
    {"%Y-%j", "2025-366", NONE, 0},
    {"%Y-%j", "2025-000", NONE, 0},
    {"%Y-%j", "2025-1", INT64_C(20089) * DAY, 0},
    {"%Y-%j", "2025-151", D0531, 0},
    {"%Y-%m-%dT%H:%M:%S", "2025-05-31T22:31:08", D0531 + AT(22) + MIN(31) + 8, 0},
    {"%Y-%m-%d %H:%M", "2025-05-31 7:05", D0531 + AT(7) + MIN(5), 0},
    {"%Y-%m-%d %H:%M", "2025-05-31 24:00", NONE, 0},
    {"%Y-%m-%d %H:%M", "2025-05-31 22:60", NONE, 0},
    {"%Y-%m-%d %H:%M:%S", "2025-05-31 22:31:60", NONE, 0},
    {"%Y-%m-%d %H:%M:%S.%f", "2025-05-31 22:31:08.5", D0531 + AT(22) + MIN(31) + 8, 500000},
    {"%Y-%m-%d %H:%M:%S.%f", "2025-05-31 22:31:08.000001", D0531 + AT(22) + MIN(31) + 8, 1},
    {"%Y-%m-%d %H:%M:%S.%f", "2025-05-31 22:31:08.1234567", NONE, 0},
    {"%Y-%m-%d %H:%M:%S.%f", "2025-05-31 22:31:08.", NONE, 0},
    {"%m/%d/%Y %I:%M %p", "05/31/2025 12:00 AM", D0531, 0},
    {"%m/%d/%Y %I:%M %p", "05/31/2025 12:00 PM", D0531 + AT(12), 0},
    {"%m/%d/%Y %I:%M %p", "5/31/2025 1:05 pm", D0531 + AT(13) + MIN(5), 0},
    {"%m/%d/%Y %I:%M %p", "5/31/2025 11:59 aM", D0531 + AT(11) + MIN(59), 0},
    {"%m/%d/%Y %I:%M %p", "5/31/2025 13:05 pm", NONE, 0},
    {"%m/%d/%Y %I:%M %p", "5/31/2025 0:05 am", NONE, 0},
    {"%m/%d/%Y %I:%M %p", "5/31/2025 1:05 xm", NONE, 0},
    {"%m/%d/%Y %I:%M %p", "5/31/2025 1:05 p", NONE, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08Z", D0531 + AT(22) + MIN(31) + 8, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08+02", D0531 + AT(20) + MIN(31) + 8, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08+0530", D0531 + AT(17) + MIN(1) + 8, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08-05:30", D0531 + AT(28) + MIN(1) + 8, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08", NONE, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08+2", NONE, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08+023", NONE, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08+02:", NONE, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08+02:3", NONE, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "2025-05-31T22:31:08+0260", NONE, 0},
    {"%Y-%m-%dT%H:%M:%S%z", "0001-01-01T00:00:00+01:00", NONE, 0}, /* in the year before */
    {"%Y-%m-%dT%H:%M:%S%z", "9999-12-31T23:59:59-00:01", NONE, 0},
    {"%Y-%m-%d%z", "2025-05-31+02:00", D0531 - AT(2), 0},
    {"%a, %d %b %Y", "Sat, 31 May 2025", D0531, 0},
    {"%A %d %b %Y", "saturday 31 May 2025", D0531, 0},
    {"%a %d %b %Y", "saturday 31 May 2025", D0531, 0},
    {"%a %d %b %Y", "Sam 31 May 2025", NONE, 0},
    {"%d%%%m%%%Y", "31%05%2025", D0531, 0},
    {"le %d/%m/%Y \xc3\xa0 %H h", "le 31/05/2025 \xc3\xa0 7 h", D0531 + AT(7), 0},
};

static void formats_read_texts(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(readings); i++) {
        int64_t us = NONE;
        bool ok = firn_datefmt_parse(compiled(readings[i].format), s(readings[i].text), &us);
        int64_t want =
            readings[i].seconds == NONE ? NONE : readings[i].seconds * US + readings[i].us;
        if (ok != (want != NONE) || us != want)
            fail_msg("%s with %s: %d, %lld instead of %lld", readings[i].text, readings[i].format,
                     ok, (long long)us, (long long)want);
    }
}

/* --- compiling ----------------------------------------------------------------------------- */

static const struct {
    const char *format;
    const char *part; /* of the message */
} refused[] = {
    {"", "the year is missing: %Y or %y"},
    {"%m-%d", "the year is missing"},
    {"%Y-%d", "the month is missing: %m, %b or %B"},
    {"%Y-%m", "the day is missing: %d, %e or %j"},
    {"%H:%M", "the year is missing"},
    {"%Y-%m-%d %I:%M", "%I needs %p"},
    {"%Y-%m-%d %H:%M %p", "%p needs %I"},
    {"%Y-%m-%d %M", "%M needs %H or %I"},
    {"%Y-%m-%d %H %S", "%S needs %M"},
    {"%Y-%m-%d %H:%M.%f", "%f needs %S"},
    {"%Y-%m-%d %H %I %p", "%I names the hour a second time"},
    {"%Y-%y-%m-%d", "%y names the year a second time"},
    {"%Y-%m-%b-%d", "%b names the month a second time"},
    {"%d.%m.%Y %d", "%d names the day a second time"},
    {"%Y-%m-%d %j", "%j says the month and the day a second time"},
    {"%Y-%j-%d", "%j says the month and the day a second time"},
    {"%Y-%m-%d %Q", "directive '%Q' is not understood"},
    {"%-d.%m.%Y", "directive '%-d' is not understood"},
    {"%F", "directive '%F' is not understood"},
    {"%Y-%m-%d %", "directive '%' is not understood"},
    {"%", "date format '%': directive '%' is not understood"},
    {"dd.MM.yyyy", "date format 'dd.MM.yyyy': the year is missing"},
};

static void wrong_formats_are_refused(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    const firn_datefmt *f = NULL;
    for (size_t i = 0; i < FIRN_COUNT_OF(refused); i++)
        check_fails(firn_datefmt_compile(s(refused[i].format), arena, &f, &err), FIRN_E_CONFIG,
                    &err, refused[i].part);
    assert_null(f);
}

static void formats_say_what_they_hold(void **state FIRN_UNUSED)
{
    const firn_datefmt *day = compiled("%d.%m.%Y");
    const firn_datefmt *clock = compiled("%d.%m.%Y %I %p");
    const firn_datefmt *zone = compiled("%d.%m.%Y %H%z");
    assert_false(firn_datefmt_has_clock(day));
    assert_true(firn_datefmt_has_clock(clock));
    assert_true(firn_datefmt_has_clock(zone));
    assert_false(firn_datefmt_has_zone(clock));
    assert_true(firn_datefmt_has_zone(zone));
    check_str(firn_datefmt_text(zone), "%d.%m.%Y %H%z");
}

static void compiling_survives_a_lack_of_memory(void **state FIRN_UNUSED)
{
    uint64_t nth = 1;
    for (;; nth++) {
        firn_err err = {0};
        const firn_datefmt *f = NULL;
        firn_mem_fail_nth(nth, true);
        firn_arena *a = firn_arena_new("test", 0);
        firn_code code =
            a ? firn_datefmt_compile(s("%Y-%m-%d"), a, &f, &err) : firn_raise_nomem(&err);
        bool failed = firn_mem_failed() > 0;
        firn_mem_fail_nth(0, false);
        firn_arena_free(a);
        if (!failed) {
            check_ok(code, &err);
            break;
        }
        assert_int_equal(code, FIRN_E_NOMEM);
        assert_null(f);
    }
    assert_true(nth > 2);
}

/* --- spellings ----------------------------------------------------------------------------- */

#define B(name) (1u << FIRN_SP_##name)

static const struct {
    const char *text;
    uint32_t mask;
} spelled[] = {
    {"2025-05-31", B(ISO_DATE)},
    {"2025-02-29", 0},
    {"2025-5-31", 0},
    {"0000-05-31", 0},
    {"2025-05-31T10:11:12", B(ISO_TIMESTAMP)},
    {"2025-05-31 10:11:12", B(ISO_TIMESTAMP)},
    {"2025-05-31 10:11:12.123456", B(ISO_TIMESTAMP)},
    {"2025-05-31 10:11:12.1234567", 0},
    {"2025-05-31T10:11:12Z", B(ISO_TIMESTAMPTZ)},
    {"2025-05-31T10:11:12.5+02:00", B(ISO_TIMESTAMPTZ)},
    {"2025-05-31T10:11:12-0230", B(ISO_TIMESTAMPTZ)},
    {"2025-05-31T25:11:12", 0},
    {"31.05.2025", B(DMY_DOT)},
    {"1.5.2025", B(DMY_DOT)},
    {"05.31.2025", 0},
    {"31.05.25", 0},
    {"31/05/2025", B(DMY_SLASH)},
    {"05/31/2025", B(MDY_SLASH)},
    {"05/04/2025", B(DMY_SLASH) | B(MDY_SLASH)},
    {"31/31/2025", 0},
    {"2025/05/31", B(YMD_SLASH)},
    {"2025/5/1", B(YMD_SLASH)},
    {"2025/31/05", 0},
    {"31-05-2025", B(DMY_DASH)},
    {"05-31-2025", B(MDY_DASH)},
    {"5-4-2025", B(DMY_DASH) | B(MDY_DASH)},
    {"12-5-2025", B(DMY_DASH) | B(MDY_DASH)},
    {"31-05/2025", 0},
    {"31/05-2025", 0},
    {"31-May-2025", B(D_MON_Y)},
    {"31-may-2025", B(D_MON_Y)},
    {"1-September-2025", B(D_MON_Y)},
    {"29-Jun-17", B(D_MON_YY)},
    {"1-Jun-17", B(D_MON_YY)},
    {"31-Jun-17", 0},
    {"29-Feb-00", B(D_MON_YY)},
    {"29-Feb-99", 0},
    {"31 May 2025", B(D_MON_Y_BLANK)},
    {"31 May 25", 0},
    {"31-May 2025", 0},
    {"01/02/03", 0},
    {"", 0},
    {"1", 0},
    {"12345678", 0},
    {"1234567890", 0},
    {"12345678901234567890", 0},
    {"1234-567", 0},
    {"1.234.567", 0},
    {"12.34.5678", 0},
    {"192.168.1.10", 0},
    {"-2025-05-31", 0},
    {"1-800-555-0100", 0},
    {"2025-05-31x", 0},
    {"x2025-05-31", 0},
    {"31.05.2025 ", 0},
    {" 31.05.2025", 0},
    {"31.05.20255", 0},
    {"31.05.", 0},
    {"31..05.2025", 0},
    {"100.05.2025", 0},
    {"2025-05-31T10:11:12 UTC", 0},
};

static void spellings_are_told_apart(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(spelled); i++) {
        uint32_t mask = firn_spellings_of(s(spelled[i].text));
        if (mask != spelled[i].mask)
            fail_msg("%s: %x instead of %x", spelled[i].text, mask, spelled[i].mask);
    }
}

/* What reads a text of this spelling, by the documented functions. */
static bool reads(int sp, const firn_datefmt *format, firn_str text)
{
    int32_t days;
    int64_t us;
    bool zoned;
    if (format)
        return firn_datefmt_parse(format, text, &us);
    if (sp == FIRN_SP_ISO_DATE)
        return firn_date_parse(text, &days);
    return firn_timestamp_parse(text, &us, &zoned) && zoned == (sp == FIRN_SP_ISO_TIMESTAMPTZ);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Texts near to dates: a sample with some bytes changed. */
static size_t mutated(uint64_t *random, char *out)
{
    static const char *const samples[] = {"2025-05-31",  "2025-05-31T10:11:12.5Z",
                                          "31.05.2025",  "31/05/2025",
                                          "2025/05/31",  "05-31-2025",
                                          "31-May-2025", "29-Jun-17",
                                          "3 Dec 2025",  "01/02/03"};
    static const char bytes[] = "0123456789-/. :TZMJanuney+";
    const char *from = samples[next_random(random) % FIRN_COUNT_OF(samples)];
    size_t n = strlen(from);
    memcpy(out, from, n);
    for (size_t edits = next_random(random) % 3; edits; edits--) {
        size_t at = next_random(random) % n;
        if (next_random(random) % 4 == 0) {
            memmove(out + at, out + at + 1, n - at - 1);
            n--;
        } else {
            out[at] = bytes[next_random(random) % (sizeof bytes - 1)];
        }
    }
    return n;
}

/* A bit is set if and only if what stands for the spelling reads the text. */
static void masks_agree_with_formats(void **state FIRN_UNUSED)
{
    const firn_datefmt *formats[FIRN_SP_COUNT] = {NULL};
    size_t found = 0;
    for (int sp = 0; sp < FIRN_SP_COUNT; sp++)
        if (firn_spelling_format((firn_spelling)sp))
            formats[sp] = compiled(firn_spelling_format((firn_spelling)sp));
    assert_null(formats[FIRN_SP_ISO_TIMESTAMPTZ]);
    assert_non_null(formats[FIRN_SP_DMY_DOT]);

    uint64_t random = 42;
    for (int i = 0; i < 300000; i++) {
        char text[40];
        firn_str t = {text, mutated(&random, text)};
        uint32_t want = 0;
        for (int sp = 0; sp < FIRN_SP_COUNT; sp++)
            want |= reads(sp, formats[sp], t) ? 1u << sp : 0;
        found += want != 0;
        if (firn_spellings_of(t) != want)
            fail_msg("%s: %x instead of %x", firn_quote(t).s, firn_spellings_of(t), want);
    }
    assert_true(found > 50000);
}

static const struct {
    const char *text;
    bool ambiguous;
} short_dates[] = {
    {"01/02/03", true},     {"1/2/03", true},     {"29.01.22", true},    {"31-12-99", true},
    {"99-12-31", true},     {"25/5/1", true},     {"1/2/3", false},      {"99/99/99", false},
    {"31/31/31", false},    {"00/00/00", false},  {"01/02/2003", false}, {"2003-02-01", false},
    {"01/02-03", false},    {"10:20:30", false},  {"123456", false},     {"1.2.33", true},
    {"10.0.12", false},     {"01/02/03 ", false}, {"01/02/", false},     {"a1/02/03", false},
    {"01/02/03/04", false}, {"29-Jun-17", false}, {"", false},           {"30/02/29", false},
    {"29/02/29", false},    {"29/02/28", true},
};

static void short_dates_are_ambiguous(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(short_dates); i++)
        if (firn_date_is_ambiguous(s(short_dates[i].text)) != short_dates[i].ambiguous)
            fail_msg("%s", short_dates[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_read_texts),
        cmocka_unit_test(wrong_formats_are_refused),
        cmocka_unit_test(formats_say_what_they_hold),
        cmocka_unit_test(compiling_survives_a_lack_of_memory),
        cmocka_unit_test(spellings_are_told_apart),
        cmocka_unit_test(masks_agree_with_formats),
        cmocka_unit_test(short_dates_are_ambiguous),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
