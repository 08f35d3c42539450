/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/value: single values as bytes, as the engine's text, as text for people; truncated
 * bounds.  Vectors: ICEBERG.md §6.1, §6.3; Iceberg table spec, Appendix D. */
#include "check.h"
#include "ice_help.h"

#include <math.h>

/* --- bytes --------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    const char *text; /* as the engine prints it */
    const char *hex;
} bytes[] = {
    {"boolean", "false", "00"},
    {"boolean", "1", "01"},
    {"int", "84202", "ea480100"},
    {"int", "-1", "ffffffff"},
    {"int", "2147483647", "ffffff7f"},
    {"int", "-2147483648", "00000080"},
    {"long", "200", "c800000000000000"},
    {"long", "-9223372036854775808", "0000000000000080"},
    {"long", "9223372036854775807", "ffffffffffffff7f"},
    {"float", "-4.5", "000090c0"},
    {"float", "0", "00000000"},
    {"float", "-0.0", "00000080"},
    {"double", "6.0", "0000000000001840"},
    {"double", "-0.0", "0000000000000080"},
    {"date", "1972-09-27", "e8030000"},
    {"date", "1969-12-31", "ffffffff"},
    {"time", "00:00:00.000001", "0100000000000000"},
    {"time", "22:31:08", "008307e012000000"},
    {"timestamp", "2017-11-16 22:31:08", "00c3262d215e0500"},
    {"timestamp", "1969-12-31 23:59:59.999999", "ffffffffffffffff"},
    {"timestamptz", "2017-11-16 22:31:08+00", "00c3262d215e0500"},
    {"timestamp_ns", "2017-11-16 22:31:08.000001001", "e9bb695f98b1f714"},
    {"timestamp_ns", "1969-12-31 23:59:59.999999999", "ffffffffffffffff"},
    {"timestamptz_ns", "1970-01-01 00:00:00.1+00", "00e1f50500000000"},
    {"decimal(9,2)", "3.45", "0159"},
    {"decimal(9,4)", "123.4567", "12d687"},
    {"decimal(9,4)", "-123.4567", "ed2979"},
    {"decimal(9,3)", "0.011", "0b"},
    {"decimal(9,2)", "0", "00"},
    {"decimal(9,2)", "1.28", "0080"},
    {"decimal(9,2)", "-1.28", "80"},
    {"decimal(9,2)", "-1.00", "9c"},
    {"decimal(9,2)", "14.20", "058c"},
    {"decimal(38,0)", "10000000000000000000000000000000000000", "0785ee10d5da46d900f436a000000000"},
    {"decimal(38,0)", "-99999999999999999999999999999999999999",
     "b4c4b357a5793b85f675ddc000000001"},
    {"string", "ABC", "414243"},
    {"string", "", ""},
    {"string", "é", "c3a9"},
    {"uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7", "f79c3e09677c4bbda4793f349cb785e7"},
    {"binary", "00ff", "00ff"},
    {"binary", "", ""},
    {"fixed[3]", "0102ff", "0102ff"},
};

static void single_values_have_the_bytes_of_the_specification(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(bytes); i++) {
        firn_type t = type_of(bytes[i].type);
        firn_value v = value_of(&t, bytes[i].text);
        firn_value back;
        firn_buf out = FIRN_BUF(4096);
        check_ok(firn_value_to_bytes(&t, &v, &out, &E), &E);
        assert_string_equal(hex_of(firn_buf_slice(&out)), bytes[i].hex);
        assert_true(firn_value_from_bytes(&t, unhex(bytes[i].hex), &back));
        if (!firn_value_eq(&t, &v, &back))
            fail_msg("%s %s does not come back from its bytes", bytes[i].type, bytes[i].text);
        firn_buf_free(&out);
    }
}

/* Bounds keep the type at write time: a long may have been an int, a double a float, and a decimal
 * may have any length. */
static void bytes_of_a_narrower_type_are_read(void **state FIRN_UNUSED)
{
    firn_type l = type_of("long");
    firn_type d = type_of("double");
    firn_type dec = type_of("decimal(20,2)");
    firn_value v;
    assert_true(firn_value_from_bytes(&l, unhex("feffffff"), &v));
    check_i64(v.u.i, -2);
    assert_true(firn_value_from_bytes(&d, unhex("000090c0"), &v));
    assert_true(v.u.d == -4.5);
    assert_true(firn_value_from_bytes(&dec, unhex("ffffffffffffff80"), &v));
    check_i64((int64_t)v.u.dec, -128);
    /* version 3: a timestamp may have been a date (1972-09-27 and the day before the epoch) */
    firn_type ts = type_of("timestamp");
    firn_type ns = type_of("timestamp_ns");
    assert_true(firn_value_from_bytes(&ts, unhex("e8030000"), &v));
    check_i64(v.u.i, INT64_C(86400000000000));
    assert_true(firn_value_from_bytes(&ns, unhex("ffffffff"), &v));
    check_i64(v.u.i, INT64_C(-86400000000000));
}

static void bytes_of_a_wrong_length_are_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *type;
        const char *hex;
    } wrong[] = {
        {"boolean", ""},
        {"boolean", "0000"},
        {"int", "0000"},
        {"int", "0000000000000000"},
        {"date", "0000000000000000"},
        {"long", "000000"},
        {"long", "000000000000000000"},
        {"time", "00000000"},
        {"timestamp", "000000"},
        {"timestamptz", "00000000"},
        {"timestamptz_ns", "00000000"},
        {"timestamp_ns", "ff7fff7f"}, /* a date that nanoseconds do not reach */
        {"float", "0000000000000000"},
        {"double", "0000"},
        {"double", ""},
        {"decimal(9,2)", ""},
        {"decimal(38,2)", "0000000000000000000000000000000000"},
        {"uuid", "f79c3e09"},
        {"uuid", ""},
        {"fixed[3]", "0102"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(wrong); i++) {
        firn_type t = type_of(wrong[i].type);
        firn_value v = {.u.i = 77};
        if (firn_value_from_bytes(&t, unhex(wrong[i].hex), &v))
            fail_msg("%s takes %s", wrong[i].type, wrong[i].hex);
        check_i64(v.u.i, 77);
    }
}

/* --- the engine's texts -------------------------------------------------------------------- */

static void texts_that_are_no_value_are_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *type;
        const char *text;
    } wrong[] = {
        {"boolean", "yes"},
        {"int", "2147483648"},
        {"int", "-2147483649"},
        {"int", "1.5"},
        {"int", ""},
        {"long", "9223372036854775808"},
        {"float", "nan"},
        {"double", "nan"},
        {"double", "NaN"},
        {"double", "x"},
        {"decimal(4,2)", "100"},
        {"decimal(4,2)", "0.001"},
        {"date", "infinity"},
        {"date", "-infinity"},
        {"date", "0044-03-15 (BC)"},
        {"date", "0000-01-01"},
        {"date", "10000-01-01"},
        {"date", "2023-02-29"},
        {"time", "25:00:00"},
        {"timestamp", "infinity"},
        {"timestamp", "2024-01-01 00:00:00+00"},
        {"timestamptz", "2024-01-01 00:00:00"},
        {"timestamptz", "infinity"},
        {"uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e"},
        {"uuid", "g79c3e09-677c-4bbd-a479-3f349cb785e7"},
        {"binary", "0"},
        {"binary", "zz"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(wrong); i++) {
        firn_type t = type_of(wrong[i].type);
        firn_value v = {.u.i = 77};
        if (firn_value_from_engine(&t, s_(wrong[i].text), A, &v))
            fail_msg("'%s' was read as %s", wrong[i].text, wrong[i].type);
        check_i64(v.u.i, 77);
    }
}

/* --- order --------------------------------------------------------------------------------- */

/* Each list ascends strictly.  §6.2: −0.0 < +0.0; NaN is above all. */
static const char *const ascending[][9] = {
    {"boolean", "false", "true"},
    {"int", "-2147483648", "-1", "0", "1", "2147483647"},
    {"long", "-9223372036854775808", "-1", "0", "9223372036854775807"},
    {"float", "-3.4e38", "-1", "-0.0", "0.0", "1e-45", "3.4e38"},
    {"double", "-1.7e308", "-5e-324", "-0.0", "0.0", "5e-324", "1.7e308"},
    {"decimal(38,2)", "-999999999999999999999999999999999999.99", "-0.01", "0", "0.01",
     "999999999999999999999999999999999999.99"},
    {"date", "0001-01-01", "1969-12-31", "1970-01-01", "9999-12-31"},
    {"time", "00:00:00", "00:00:00.000001", "23:59:59.999999"},
    {"timestamp", "0001-01-01 00:00:00", "1969-12-31 23:59:59.999999", "1970-01-01 00:00:00"},
    {"string", "", "A", "AA", "a", "é", "\xef\xbf\xbf", "😀"},
    {"uuid", "00000000-0000-0000-0000-000000000001", "7fffffff-ffff-ffff-ffff-ffffffffffff",
     "80000000-0000-0000-0000-000000000000"},
    {"binary", "", "00", "0000", "7f", "80", "ff"},
    {"fixed[1]", "00", "7f", "80", "ff"},
};

static void values_are_ordered(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(ascending); i++) {
        firn_type t = type_of(ascending[i][0]);
        for (size_t x = 1; x < 9 && ascending[i][x]; x++) {
            for (size_t y = 1; y < 9 && ascending[i][y]; y++) {
                firn_value a = value_of(&t, ascending[i][x]);
                firn_value b = value_of(&t, ascending[i][y]);
                int c = firn_value_cmp(&t, &a, &b);
                if ((c > 0) - (c < 0) != (x > y) - (x < y))
                    fail_msg("%s: %s <=> %s gives %d", ascending[i][0], ascending[i][x],
                             ascending[i][y], c);
                assert_int_equal(firn_value_eq(&t, &a, &b), x == y);
            }
        }
    }
}

static void nan_is_last_and_equal_to_itself(void **state FIRN_UNUSED)
{
    firn_type d = type_of("double");
    firn_type f = type_of("float");
    firn_value nan_d = {.u.d = (double)NAN};
    firn_value inf_d = {.u.d = (double)INFINITY};
    firn_value nan_f = {.u.f = NAN};
    firn_value inf_f = {.u.f = INFINITY};
    firn_value null = FIRN_VALUE_NULL;
    assert_true(firn_value_cmp(&d, &nan_d, &inf_d) > 0);
    assert_true(firn_value_cmp(&d, &inf_d, &nan_d) < 0);
    assert_true(firn_value_cmp(&f, &nan_f, &inf_f) > 0);
    assert_true(firn_value_eq(&d, &nan_d, &nan_d));
    assert_true(firn_value_eq(&d, &null, &null));
    assert_false(firn_value_eq(&d, &null, &nan_d));
}

/* --- texts for people ---------------------------------------------------------------------- */

static void values_are_printed_for_people(void **state FIRN_UNUSED)
{
    static const struct {
        const char *type;
        const char *text;
        const char *printed;
    } rows[] = {
        {"boolean", "1", "true"},
        {"int", "-7", "-7"},
        {"long", "9223372036854775807", "9223372036854775807"},
        {"float", "0.1", "0.1"},
        {"float", "16777216.0", "16777216.0"},
        {"double", "0.1", "0.1"},
        {"double", "-0.0", "-0.0"},
        {"double", "1e300", "1e+300"},
        {"double", "0.30000000000000004", "0.30000000000000004"},
        {"decimal(9,2)", "-0.5", "-0.50"},
        {"decimal(5,0)", "12", "12"},
        {"date", "2017-11-16", "2017-11-16"},
        {"time", "22:31:08", "22:31:08"},
        {"time", "22:31:08.5", "22:31:08.500"}, /* as Java prints it */
        {"timestamp", "2017-11-16 22:31:08", "2017-11-16T22:31:08"},
        {"timestamptz", "2017-11-16 22:31:08.000001+00", "2017-11-16T22:31:08.000001+00:00"},
        {"string", "a b", "a b"},
        {"uuid", "F79C3E09677C4BBDA4793F349CB785E7", "f79c3e09-677c-4bbd-a479-3f349cb785e7"},
        {"binary", "00ff", "AP8="},
        {"fixed[1]", "00", "AA=="},
        {"int", "null", "null"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type t = type_of(rows[i].type);
        firn_value v = value_of(&t, rows[i].text);
        firn_buf out = FIRN_BUF(4096);
        check_ok(firn_value_print(&t, &v, &out, &E), &E);
        assert_string_equal(firn_buf_cstr(&out), rows[i].printed);
        firn_buf_free(&out);
    }
}

/* --- truncated bounds ---------------------------------------------------------------------- */

#define X5       "xxxxx"
#define X20      X5 X5 X5 X5
#define E5       "ééééé"
#define E20      E5 E5 E5 E5
#define LAST_CP  "\xf4\x8f\xbf\xbf" /* U+10FFFF */
#define D7FF     "\xed\x9f\xbf"
#define E000     "\xee\x80\x80"
#define NO_BOUND NULL

static const struct {
    const char *text;
    size_t length;
    const char *lower;
    const char *upper;
} texts[] = {
    {"abcd", 3, "abc", "abd"},
    {"abc", 3, "abc", "abc"}, /* exact: neither cut nor incremented */
    {"ab", 3, "ab", "ab"},
    {"", 3, "", ""},
    {"aa" D7FF "z", 3, "aa" D7FF, "aa" E000}, /* skips the surrogates */
    {"a" LAST_CP LAST_CP LAST_CP, 3, "a" LAST_CP LAST_CP, "b"},
    {LAST_CP LAST_CP LAST_CP LAST_CP, 3, LAST_CP LAST_CP LAST_CP, NO_BOUND},
    {X20, 16, X5 X5 X5 "x", X5 X5 X5 "y"},
    {E20, 16, E5 E5 E5 "é", E5 E5 E5 "ê"},
    {"a\x7f"
     "b",
     2, "a\x7f", "a\xc2\x80"}, /* the successor takes a byte more */
    {"\xdf\xbf!", 1, "\xdf\xbf", "\xe0\xa0\x80"},
    {"\xef\xbf\xbf!", 1, "\xef\xbf\xbf", "\xf0\x90\x80\x80"},
};

static firn_slice slice_of(const char *text)
{
    return (firn_slice){(const uint8_t *)text, strlen(text)};
}

static void check_upper(const firn_type *t, firn_slice in, size_t length, const char *want)
{
    firn_slice got = {NULL, 0};
    bool has = false;
    check_ok(firn_bound_upper(t, in, length, A, &got, &has, &E), &E);
    assert_int_equal(has, want != NULL);
    if (want)
        assert_string_equal(hex_of(got), want);
}

static void bounds_of_text_are_cut_at_code_points(void **state FIRN_UNUSED)
{
    firn_type t = type_of("string");
    for (size_t i = 0; i < FIRN_COUNT_OF(texts); i++) {
        firn_slice in = slice_of(texts[i].text);
        const char *upper = texts[i].upper ? hex_of(slice_of(texts[i].upper)) : NULL;
        assert_string_equal(hex_of(firn_bound_lower(&t, in, texts[i].length)),
                            hex_of(slice_of(texts[i].lower)));
        check_upper(&t, in, texts[i].length, upper);
    }
}

static void bounds_of_binaries_are_cut_at_bytes(void **state FIRN_UNUSED)
{
    firn_type t = type_of("binary");
    firn_type f = type_of("fixed[4]");
    assert_string_equal(hex_of(firn_bound_lower(&t, unhex("0102ff05"), 3)), "0102ff");
    check_upper(&t, unhex("0102ff05"), 3, "0103");
    check_upper(&t, unhex("ffffff00"), 3, NULL);
    check_upper(&t, unhex("ffffff"), 3, "ffffff");
    check_upper(&t, unhex("000000"), 2, "0001");
    /* fixed and all other types keep their length */
    check_upper(&f, unhex("01020304"), 2, "01020304");
    assert_string_equal(hex_of(firn_bound_lower(&f, unhex("01020304"), 2)), "01020304");
}

/* Whatever is cut: lower <= value <= upper, both valid, both at most one unit longer. */
static void cut_bounds_enclose_random_texts(void **state FIRN_UNUSED)
{
    static const uint32_t points[] = {0,      0x41,   0x7f,   0x80,    0x7ff,   0x800,
                                      0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
    firn_type t = type_of("string");
    uint64_t seed = 5;
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t n = 0;
        size_t length = 1 + (size_t)(splitmix(&seed) % 4);
        for (size_t k = splitmix(&seed) % 7; k > 0; k--)
            n += firn_utf8_encode(points[splitmix(&seed) % FIRN_COUNT_OF(points)], text + n);
        firn_value v = {.u.bytes = {(uint8_t *)text, n}};
        firn_value low = {.u.bytes = firn_bound_lower(&t, v.u.bytes, length)};
        firn_value high = v;
        bool has;
        check_ok(firn_bound_upper(&t, v.u.bytes, length, A, &high.u.bytes, &has, &E), &E);
        assert_true(firn_value_cmp(&t, &low, &v) <= 0);
        assert_true(firn_utf8_valid((const char *)low.u.bytes.p, low.u.bytes.n));
        if (!has)
            continue;
        assert_true(firn_value_cmp(&t, &v, &high) <= 0);
        assert_true(firn_utf8_valid((const char *)high.u.bytes.p, high.u.bytes.n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(single_values_have_the_bytes_of_the_specification),
        ICE_TEST(bytes_of_a_narrower_type_are_read),
        ICE_TEST(bytes_of_a_wrong_length_are_refused),
        ICE_TEST(texts_that_are_no_value_are_refused),
        ICE_TEST(values_are_ordered),
        ICE_TEST(nan_is_last_and_equal_to_itself),
        ICE_TEST(values_are_printed_for_people),
        ICE_TEST(bounds_of_text_are_cut_at_code_points),
        ICE_TEST(bounds_of_binaries_are_cut_at_bytes),
        ICE_TEST(cut_bounds_enclose_random_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
