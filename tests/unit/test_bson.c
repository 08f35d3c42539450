/* SPDX-License-Identifier: Apache-2.0 */
/* BSON: checking, printing, framing in pieces, and what becomes of refused memory.  Bytes and texts
 * are from bsonspec.org, the specification of Extended JSON v2 and IEEE 754. */
#include "format/bson.h"

#include "base/hash.h"
#include "base/mem.h"
#include "check.h"
#include "format/extjson.h"
#include "format/json_lex.h"
#include "json_help.h"

#include <math.h>

#define BYTES_OF(lit)                                                                              \
    {                                                                                              \
        (const uint8_t *)(lit), sizeof(lit) - 1                                                    \
    }

/* A document from its elements. */
#define DOCUMENT(n, body) n "\0\0\0" body "\0"

static const char all_types[] = "\x32\0\0\0" /* {a: 1, l: [true], o: an ObjectId, t: a date} */
                                "\x10"
                                "a\0\x01\0\0\0"
                                "\x04l\0\x09\0\0\0\x08"
                                "0\0\x01\0"
                                "\x07o\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c"
                                "\x09t\0\xff\xff\xff\xff\xff\xff\xff\xff\0";

static firn_slice first_document(void)
{
    return (firn_slice)BYTES_OF(all_types);
}

/* --- decimals ------------------------------------------------------------------------------ */

static void test_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *hex; /* the highest byte first */
        const char *text;
        int precision;
        int scale;
        firn_fit fit;
        long long value;
    } cases[] = {
        {"30400000000000000000000000000000", "0", 5, 2, FIRN_FIT_OK, 0},
        {"b0400000000000000000000000000000", "-0", 5, 2, FIRN_FIT_OK, 0},
        {"303c0000000000000000000000000096", "1.50", 5, 2, FIRN_FIT_OK, 150},
        {"b03c0000000000000000000000000096", "-1.50", 5, 1, FIRN_FIT_OK, -15},
        {"303c0000000000000000000000000096", "1.50", 5, 0, FIRN_FIT_INEXACT, 0},
        {"303c0000000000000000000000000096", "1.50", 2, 2, FIRN_FIT_RANGE, 0},
        {"30420000000000000000000000000001", "1E+1", 4, 2, FIRN_FIT_OK, 1000},
        {"30420000000000000000000000000001", "1E+1", 3, 2, FIRN_FIT_RANGE, 0},
        {"5fffed09bead87c0378d8e63ffffffff", "9.999999999999999999999999999999999E+6144", 38, 0,
         FIRN_FIT_RANGE, 0},
        {"00000000000000000000000000000001", "1E-6176", 38, 38, FIRN_FIT_INEXACT, 0},
        {"78000000000000000000000000000000", "Infinity", 38, 0, FIRN_FIT_RANGE, 0},
        {"f8000000000000000000000000000000", "-Infinity", 38, 0, FIRN_FIT_RANGE, 0},
        {"7e000000000000000000000000000000", "NaN", 38, 0, FIRN_FIT_RANGE, 0},
        {"6c100000000000000000000000000000", "0", 38, 0, FIRN_FIT_OK, 0},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        uint8_t big[16];
        uint8_t bytes[16];
        char text[FIRN_D128_TEXT_MAX];
        firn_i128 value = 0;
        firn_d128 back;
        assert_true(firn_unhex(firn_str_of(cases[i].hex), big));
        for (size_t k = 0; k < 16; k++)
            bytes[k] = big[15 - k];
        firn_d128 d = firn_d128_read(bytes);
        firn_str printed = {text, firn_d128_print(&d, text)};
        check_str(printed, cases[i].text);
        check_i64(firn_d128_to_dec(&d, cases[i].precision, cases[i].scale, &value), cases[i].fit);
        check_i64(value, cases[i].value);
        assert_true(firn_d128_parse(printed, &back));
        assert_true(back.kind == d.kind && back.coefficient == d.coefficient);
        int64_t usual;
        if (firn_d128_usual(bytes, 2, 100000, &usual))
            check_i64(usual, firn_str_eqc(printed, "-1.50") ? -150 : 150);
    }
}

static void test_decimal_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *printed; /* NULL: it is none */
    } cases[] = {
        {"+12", "12"},
        {"001.50", "1.50"},
        {"1e3", "1E+3"},
        {".5", "0.5"},
        {"5.", "5"},
        {"inf", "Infinity"},
        {"-INFINITY", "-Infinity"},
        {"nan", "NaN"},
        {"0E+9999", "0E+6111"},
        {"1E6112", "1.0E+6112"},
        {"0.0000001", "1E-7"},
        {"0.000001", "0.000001"},
        {"10000000000000000000000000000000000", "1.000000000000000000000000000000000E+34"},
        {"", NULL},
        {"-", NULL},
        {".", NULL},
        {"1e", NULL},
        {"1e+", NULL},
        {"1.2.3", NULL},
        {" 1", NULL},
        {"1 ", NULL},
        {"0x1", NULL},
        {"1E6145", NULL},
        {"1E-6177", NULL},
        {"infin", NULL},
        {"12345678901234567890123456789012345", NULL},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_d128 d;
        char text[FIRN_D128_TEXT_MAX];
        bool good = firn_d128_parse(firn_str_of(cases[i].text), &d);
        if (good != (cases[i].printed != NULL))
            fail_msg("'%s'", cases[i].text);
        if (good)
            check_str(((firn_str){text, firn_d128_print(&d, text)}), cases[i].printed);
    }
}

/* --- texts --------------------------------------------------------------------------------- */

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        double d;
        const char *text;
    } doubles[] = {{0.0, "0.0"},
                   {-0.0, "-0.0"},
                   {1.0, "1.0"},
                   {0.1, "0.1"},
                   {-1.2345678921232e18, "-1.2345678921232E+18"},
                   {5e-324, "5E-324"},
                   {1.7976931348623157e308, "1.7976931348623157E+308"},
                   {0.1 + 0.2, "0.30000000000000004"},
                   {(double)INFINITY, "Infinity"},
                   {-(double)INFINITY, "-Infinity"},
                   {(double)NAN, "NaN"}};
    static const struct {
        int64_t ms;
        const char *text;
    } dates[] = {
        {0, "1970-01-01T00:00:00Z"},          {1356351330501, "2012-12-24T12:15:30.501Z"},
        {-1, "1969-12-31T23:59:59.999Z"},     {-62135596800000, "0001-01-01T00:00:00Z"},
        {-62135596800001, "-62135596800001"}, {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "253402300800000"}, {INT64_MIN, "-9223372036854775808"}};
    char text[FIRN_MS_TEXT_MAX];
    for (size_t i = 0; i < FIRN_COUNT_OF(doubles); i++)
        check_str(((firn_str){text, firn_f64_print(doubles[i].d, text)}), doubles[i].text);
    for (size_t i = 0; i < FIRN_COUNT_OF(dates); i++)
        check_str(((firn_str){text, firn_ms_print(dates[i].ms, text)}), dates[i].text);
}

static void test_relaxed(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *relaxed; /* NULL: there was nothing to relax */
    } cases[] = {
        {"{\"a\": {\"$numberInt\": \"5\"}}", "{\"a\":5}"},
        {"[{\"$numberLong\":\"-5\"},{\"$numberDouble\":\"4.0\"}]", "[-5,4.0]"},
        {"{\"a\":{\"$numberDouble\":\"NaN\"}}", "{\"a\":{\"$numberDouble\":\"NaN\"}}"},
        {"{\"d\":{\"$date\":{\"$numberLong\":\"1356351330501\"}}}",
         "{\"d\":{\"$date\":\"2012-12-24T12:15:30.501Z\"}}"},
        {"{\"d\":{\"$date\":{\"$numberLong\":\"-1\"}}}",
         "{\"d\":{\"$date\":{\"$numberLong\":\"-1\"}}}"},
        {"{\"a\" : \"$x\", \"$b\" : 1 }", NULL},
        {"{\"$scope\":{\"x\":{\"$numberInt\":\"1\"}}}", "{\"$scope\":{\"x\":1}}"},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        bool any;
        size_t n = strlen(cases[i].json);
        char *text = firn_arena_zalloc(a, n + FIRN_JSON_SLACK);
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(1000);
        memcpy(text, cases[i].json, n);
        check_ok(firn_extjson_relax(text, text + n, FIRN_EXTENDED_AUTO, a, &out, &any, &err), &err);
        check_i64(any, cases[i].relaxed != NULL);
        if (any)
            check_str(firn_buf_str(&out), cases[i].relaxed);
    }
}

/* --- documents ----------------------------------------------------------------------------- */

static void test_print(void **state)
{
    (void)state;
    static const struct {
        firn_slice document;
        const char *json;
    } cases[] = {
        {BYTES_OF(DOCUMENT("\x05", "")), "{}"},
        {BYTES_OF("\x16\0\0\0\x02hello\0\x06\0\0\0world\0\0"), "{\"hello\":\"world\"}"},
        {BYTES_OF("\x31\0\0\0\x04"
                  "BSON\0\x26\0\0\0\x02"
                  "0\0\x08\0\0\0awesome\0\x01"
                  "1\0\x33\x33\x33\x33\x33\x33\x14\x40\x10"
                  "2\0\xc2\x07\0\0\0\0"),
         "{\"BSON\":[\"awesome\",{\"$numberDouble\":\"5.05\"},{\"$numberInt\":\"1986\"}]}"},
        {BYTES_OF("\x0d\0\0\0\x02"
                  "a\0\x01\0\0\0\0\0"),
         "{\"a\":\"\"}"},
        {BYTES_OF("\x10\0\0\0\x02"
                  "a\0\x04\0\0\0\"\0\n\0\0"),
         "{\"a\":\"\\\"\\u0000\\n\"}"},
        {BYTES_OF("\x0f\0\0\0\x0b"
                  "a\0^a\"\0im\0\0"),
         "{\"a\":{\"$regularExpression\":{\"pattern\":\"^a\\\"\",\"options\":\"im\"}}}"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_bson_why why;
        FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(1000);
        if (!firn_bson_check(cases[i].document, &why))
            fail_msg("document %zu: %s at %zu", i, why.what, why.at);
        check_ok(firn_bson_print(FIRN_BSON_DOCUMENT, cases[i].document, &out, &err), &err);
        check_str(firn_buf_str(&out), cases[i].json);
    }
}

/* A document is wrong as soon as it is cut anywhere, or its length is another one. */
static void test_check(void **state)
{
    (void)state;
    firn_slice whole = first_document();
    firn_bson_why why;
    uint8_t copy[sizeof all_types];
    assert_true(firn_bson_check(whole, &why));
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *cut = firn_mem_alloc(n ? n : 1);
        memcpy(cut, whole.p, n);
        for (size_t length = 0; length <= whole.n + 1 && n >= 4; length++) {
            cut[0] = (uint8_t)length;
            if (n >= 4 && firn_bson_check((firn_slice){cut, n}, &why))
                fail_msg("%zu bytes of length %zu", n, length);
        }
        firn_mem_free(cut);
    }
    for (size_t i = 4; i < whole.n; i++) { /* a type or length that is another one */
        memcpy(copy, whole.p, whole.n);
        copy[i] ^= 0x80;
        bool good = firn_bson_check((firn_slice){copy, whole.n}, &why);
        assert_true(good || (why.id && why.at <= whole.n));
    }
}

/* --- framing ------------------------------------------------------------------------------- */

/* Cuts in pieces; returns how many records there are, or -1 with the error. */
static int cut_all(firn_slice data, size_t piece, size_t max, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    const firn_format_opt opt = {.max_record_bytes = max};
    firn_framer *f;
    firn_record records[4];
    size_t at = 0;
    size_t end = 0;
    int count = 0;
    if (firn_bson_open(&opt, data, true, a, &f, err) != FIRN_OK)
        return -1;
    while (end < data.n || at < data.n) {
        firn_cut cut = {.records = records, .cap = 4};
        end = FIRN_MIN(end + piece, data.n);
        firn_slice bytes = {data.p + at, end - at};
        if (firn_bson_cut(f, bytes, end == data.n, false, &cut, err) != FIRN_OK)
            return -1;
        at += cut.consumed;
        count += (int)cut.n;
        for (size_t i = 0; i < cut.n; i++)
            assert_true((size_t)records[i].offset + records[i].length <= cut.consumed);
    }
    return count;
}

static void test_frames(void **state)
{
    (void)state;
    enum { COUNT = 7 };
    uint8_t data[COUNT * sizeof all_types + 8];
    firn_slice one = first_document();
    for (size_t i = 0; i < COUNT; i++)
        memcpy(data + i * one.n, one.p, one.n);
    firn_slice all = {data, COUNT * one.n};
    for (size_t piece = 1; piece <= all.n; piece++) {
        firn_err err = {0};
        check_i64(cut_all(all, piece, 0, &err), COUNT);
        check_i64(cut_all(all, piece, 20, &err), COUNT); /* all of them too long */
        check_i64(cut_all((firn_slice){data, all.n - 1}, piece, 0, &err), -1);
        assert_non_null(strstr(err.text, "byte 300: the file ends inside of a document"));
        check_i64(cut_all((firn_slice){data, all.n - 1}, piece, 20, &err), -1);
        data[one.n * 2 - 1] = 1;
        check_i64(cut_all(all, piece, 0, &err), -1);
        assert_non_null(strstr(err.text, "byte 99:"));
        check_i64(cut_all(all, piece, 20, &err), -1);
        assert_non_null(strstr(err.text, "byte 99:"));
        data[one.n * 2 - 1] = 0;
        data[one.n * 2] = 4;
        check_i64(cut_all(all, piece, 0, &err), -1);
        assert_non_null(strstr(err.text, "byte 100: a document cannot be 4 bytes long"));
        data[one.n * 2] = one.p[0];
    }
}

static void test_looks(void **state)
{
    (void)state;
    static const struct {
        firn_slice head;
        bool whole;
        bool bson;
    } cases[] = {
        {BYTES_OF(all_types), true, true},
        {BYTES_OF("\x05\0\0\0\0"), true, true},
        {BYTES_OF("\x05\0\0\0\0\x05\0\0"), true, true},
        {BYTES_OF("\x00\x10\0\0\x07_id"), false, true},
        {BYTES_OF("\x00\x10\0\0\x07_id"), true, false},
        {BYTES_OF("{\"a\": 1}\n"), true, false},
        {BYTES_OF("a,b\n1,2\n"), true, false},
        {BYTES_OF("PAR1\x15\0\x15\0"), false, false},
        {BYTES_OF("\x04\0\0\0\0"), true, false},
        {BYTES_OF(""), true, false},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++)
        if (firn_bson_looks_like(cases[i].head, cases[i].whole) != cases[i].bson)
            fail_msg("case %zu", i);
}

/* --- refused memory ------------------------------------------------------------------------ */

/* One document lands quickly, one on the way of JSON (its key is there twice and a list holds
 * another type), one is a reject, one cannot be read. */
static firn_code decode(firn_arena *a, size_t *ret_rows, size_t *ret_rejects, firn_err *err)
{
    static const char text[] =
        DOCUMENT("\x1d", "\x07_id\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x10n\0\x01\0\0\0")
            DOCUMENT("\x1e", "\x10n\0\x01\0\0\0\x10n\0\x02\0\0\0\x01"
                             "d\0\0\0\0\0\0\0\xf8\x3f") DOCUMENT("\x0e", "\x02n\0\x02\0\0\0x\0")
                DOCUMENT("\x0e", "\x02n\0\x09\0\0\0x\0");
    firn_slice all = BYTES_OF(text);
    firn_record records[4];
    firn_cut cut = {.records = records, .cap = 4};
    const firn_format_opt opt = {0};
    firn_framer *f;
    firn_type type;
    const firn_layout *l;
    firn_column root;
    bool misfit;
    size_t next = 0;
    firn_rejects rejects = {.arena = a};
    FIRN_TRY(firn_bson_open(&opt, all, true, a, &f, err));
    FIRN_TRY(firn_bson_cut(f, all, true, false, &cut, err));
    firn_batch b = {.bytes = all, .records = records, .count = cut.n, .lineless = true};
    FIRN_TRY(firn_type_parse(firn_str_of("struct<_id: string, n: int, d: decimal(5,2)>"), a, &type,
                             err));
    FIRN_TRY(firn_layout_of_type(&type, NULL, 0, NULL, a, &l, err));
    firn_shape *seen = firn_shape_new(a);
    if (!seen)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_bson_walk(&b, NULL, seen, a, &misfit, err));
    FIRN_TRY(firn_bson_walk(&b, l, seen, a, &misfit, err));
    FIRN_TRY(firn_columns_in_arena(&l->type, 4, a, &root, err));
    FIRN_TRY(firn_bson_fill(&b, &next, l, &root, 0, 4, ret_rows, &rejects, a, err));
    *ret_rejects = rejects.n;
    return FIRN_OK;
}

static void test_decode(void **state)
{
    (void)state;
    firn_err err = {0};
    size_t rows;
    size_t rejects;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    check_ok(decode(a, &rows, &rejects, &err), &err);
    check_i64(rows, 2);
    check_i64(rejects, 2);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    uint64_t refused = 1;
    uint64_t n = 0;
    uint64_t failures = 0;
    while (refused) {
        firn_err err = {0};
        size_t rows;
        size_t rejects;
        firn_mem_fail_nth(++n, false);
        firn_arena *a = firn_arena_new("test", 0);
        firn_code code = a ? decode(a, &rows, &rejects, &err) : FIRN_E_NOMEM;
        refused = firn_mem_failed();
        firn_mem_fail_nth(0, false);
        firn_arena_free(a);
        if (code != FIRN_OK && (code != FIRN_E_NOMEM || !refused))
            fail_msg("allocation %llu: code %d: %s", (unsigned long long)n, (int)code, err.text);
        failures += code != FIRN_OK;
    }
    if (failures <= 10 || failures + 4 < n) /* messages do without what is refused */
        fail_msg("%llu of %llu", (unsigned long long)failures, (unsigned long long)n);
}

static void test_arena_limits(void **state)
{
    (void)state;
    firn_code code = FIRN_E_LIMIT;
    for (size_t limit = 64; code != FIRN_OK; limit += 64) {
        firn_err err = {0};
        size_t rows;
        size_t rejects;
        FIRN_AUTO(firn_arena_freep) firn_arena *small = firn_arena_new("small", limit);
        code = decode(small, &rows, &rejects, &err);
        if (code != FIRN_OK && code != FIRN_E_LIMIT)
            fail_msg("limit %zu: %s", limit, err.text);
        assert_true(limit < (size_t)1 << 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimals),     cmocka_unit_test(test_decimal_texts),
        cmocka_unit_test(test_texts),        cmocka_unit_test(test_relaxed),
        cmocka_unit_test(test_print),        cmocka_unit_test(test_check),
        cmocka_unit_test(test_frames),       cmocka_unit_test(test_looks),
        cmocka_unit_test(test_decode),       cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_arena_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
