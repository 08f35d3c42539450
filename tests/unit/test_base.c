/* SPDX-License-Identifier: Apache-2.0 */
/* base/: the vectors are from reference pages and standards, never from the code's own output. */
#include "check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/column.h"
#include "base/dec.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/datetime.h"
#include "base/type.h"

#include <stdlib.h>

static firn_str s(const char *text)
{
    return firn_str_of(text);
}

static void errors_carry_context(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_raise(&err, FIRN_E_DATA, "byte %d", 7);
    firn_wrap(&err, "file %s", firn_quotec("a\nb").s);
    firn_err_where(&err, "p.yml:3:5");
    firn_err_where(&err, "outer.yml");
    assert_string_equal(err.text, "file 'a\\x0ab': byte 7");
    assert_string_equal(err.where, "p.yml:3:5");
    assert_int_equal(err.id, 2001);
    /* a cause may be rephrased from its own text */
    firn_raise(&err, FIRN_E_IO, "because %s", err.text);
    assert_string_equal(err.text, "because file 'a\\x0ab': byte 7");
}

static void long_errors_are_cut_not_overrun(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    char big[4000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    firn_raise(&err, FIRN_E_DATA, "%s", big);
    for (int i = 0; i < 5; i++)
        firn_wrap(&err, "%s", big);
    assert_true(strlen(err.text) < sizeof err.text);
    firn_raise_errno(&err, 28, "%s", big);
    assert_int_equal(err.code, FIRN_E_NOSPC);
    assert_non_null(strstr(err.text, "No space left"));
}

static void error_ids_ascend(void **state FIRN_UNUSED)
{
    for (size_t i = 1; i < firn_errid_count; i++)
        assert_true(firn_errids[i - 1].id < firn_errids[i].id);
    for (int c = 1; c < FIRN_CODE_COUNT; c++)
        assert_non_null(firn_errid_find(firn_code_policy_of((firn_code)c)->generic_id));
}

static int closed;
static void count_close(void *arg)
{
    closed = closed * 10 + *(int *)arg;
}

static void arenas_close_in_reverse(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    int one = 1;
    int two = 2;
    firn_arena *a = firn_arena_new("test", 0);
    check_ok(firn_arena_defer(a, count_close, &one, &err), &err);
    check_ok(firn_arena_defer(a, count_close, &two, &err), &err);
    firn_arena_free(a);
    assert_int_equal(closed, 21);
}

static void arenas_keep_their_limit(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_arena *a = firn_arena_new("the batch", 100000);
    while (firn_arena_alloc(a, 1000))
        ;
    assert_true(firn_arena_used(a) <= 100000);
    assert_true(firn_arena_used(a) > 90000);
    check_fails(firn_arena_raise(a, &err), FIRN_E_LIMIT, &err, "the batch needs more");
    firn_arena_reset(a);
    assert_non_null(firn_arena_alloc(a, 1000));
    firn_mem_fail_nth(1, true);
    assert_null(firn_arena_alloc(a, 50000));
    firn_mem_fail_nth(0, false);
    check_fails(firn_arena_raise(a, &err), FIRN_E_NOMEM, &err, "memory");
    firn_arena_free(a);
}

static void buffers_keep_their_maximum(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_buf b = FIRN_BUF(10);
    check_ok(firn_buf_adds(&b, "12345678", &err), &err);
    check_fails(firn_buf_adds(&b, "abc", &err), FIRN_E_LIMIT, &err, "10 bytes");
    check_str(firn_buf_str(&b), "12345678");
    check_ok(firn_buf_addf(&b, &err, "%d", 42), &err);
    check_str(firn_buf_str(&b), "1234567842");
    firn_buf_free(&b);
}

static void maps_find_what_was_put(void **state FIRN_UNUSED)
{
    firn_arena *a = firn_arena_new("test", 0);
    firn_map m = FIRN_MAP(a);
    assert_null(firn_map_get(&m, s("x")));
    static int values[5000];
    for (int i = 0; i < 5000; i++)
        assert_true(firn_map_put(&m, s(firn_arena_printf(a, "key%d", i)), &values[i]));
    for (int i = 0; i < 5000; i++)
        assert_ptr_equal(firn_map_get(&m, s(firn_arena_printf(a, "key%d", i))), &values[i]);
    assert_true(firn_map_put(&m, s("key7"), &values[0]));
    assert_ptr_equal(firn_map_get(&m, s("key7")), &values[0]);
    check_i64(m.n, 5000);
    assert_null(firn_map_get(&m, s("key5000")));
    firn_arena_free(a);
}

static void utf8_is_the_standards(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        size_t n;
        bool valid;
    } rows[] = {
        {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10, true},
        {"\xc0\x80", 2, false},         /* overlong NUL */
        {"\xe0\x9f\xbf", 3, false},     /* overlong */
        {"\xed\xa0\x80", 3, false},     /* surrogate */
        {"\xed\x9f\xbf", 3, true},      /* U+D7FF */
        {"\xf4\x8f\xbf\xbf", 4, true},  /* U+10FFFF */
        {"\xf4\x90\x80\x80", 4, false}, /* beyond */
        {"\xe2\x82", 2, false},         /* cut */
        {"12345678\xff", 9, false},
        {"\xf5\x80\x80\x80", 4, false},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++)
        assert_int_equal(firn_utf8_valid(rows[i].text, rows[i].n), rows[i].valid);
    check_i64(firn_utf8_valid_prefix("12345678abc\xff", 12), 11);
    for (uint32_t cp = 0; cp <= 0x10ffff; cp += 7) {
        if (cp >= 0xd800 && cp <= 0xdfff)
            continue;
        char b[4];
        uint32_t back;
        size_t n = firn_utf8_encode(cp, b);
        check_i64(firn_utf8_decode(b, n, &back), n);
        check_i64(back, cp);
    }
}

static void quoting_caps_and_escapes(void **state FIRN_UNUSED)
{
    char big[300];
    memset(big, 'y', sizeof big);
    firn_quoted q = firn_quote((firn_str){big, sizeof big});
    assert_true(strlen(q.s) < 136);
    assert_non_null(strstr(q.s, "…"));
    big[0] = '/';
    q = firn_quote((firn_str){big, sizeof big});
    assert_int_equal(strlen(q.s), sizeof big + 2);
    memcpy(big, "file://", 7);
    q = firn_quote((firn_str){big, sizeof big});
    assert_int_equal(strlen(q.s), sizeof big + 2);
    char longer[1000];
    memset(longer, '/', sizeof longer);
    q = firn_quote((firn_str){longer, sizeof longer});
    assert_true(strlen(q.s) < sizeof q.s);
    assert_non_null(strstr(q.s, "…"));
    assert_string_equal(firn_quote((firn_str){"a\x1b[2J\xff", 6}).s, "'a\\x1b[2J\\xff'");
    assert_string_equal(firn_quotec("Zürich").s, "'Zürich'");
}

/* Texts longer than any buffer, against the C library, which reads all their digits. */
static void check_long_double(const char *head, int zeros, const char *tail)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 20);
    check_ok(firn_buf_adds(&text, head, &err), &err);
    for (int i = 0; i < zeros; i++)
        check_ok(firn_buf_addc(&text, '0', &err), &err);
    check_ok(firn_buf_adds(&text, tail, &err), &err);
    char *end;
    double want = strtod(firn_buf_cstr(&text), &end);
    double got = -7;
    bool whole = *end == '\0' && end != firn_buf_cstr(&text);
    assert_int_equal(firn_str_f64(firn_buf_str(&text), &got), whole);
    if (!whole)
        want = -7;
    assert_memory_equal(&got, &want, sizeof got);
}

/* 1 + 2^-53 lies half-way between two doubles, and so do the others: the last digit decides. */
static void doubles_of_any_length(void **state FIRN_UNUSED)
{
    static const char *const heads[] = {
        "1.00000000000000011102230246251565404236316680908203125",
        "-9007199254740993.",
        "9007199254740993",
        "0.",
        "",
        "+.",
        "2.4703282292062327208e-324",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017"
        "977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273"
        "854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704"
        "342711559699508093042880177904174497791.",
    };
    static const char *const tails[] = {"",       "1",       "1e-5",    "5e2000", "e-999999999999",
                                        "9e-900", "9e-2000", "1e99999", "x",      "1.5",
                                        "e",      "1e+",     "1e-1000"};
    static const int zeros[] = {0, 700, 746, 747, 770, 799, 800, 801, 1000, 3000};
    for (size_t i = 0; i < FIRN_COUNT_OF(heads); i++)
        for (size_t k = 0; k < FIRN_COUNT_OF(tails); k++)
            for (size_t z = 0; z < FIRN_COUNT_OF(zeros); z++)
                check_long_double(heads[i], zeros[z], tails[k]);
    /* digits all the way */
    char nines[4000];
    memset(nines, '7', sizeof nines);
    memcpy(nines + 1000, ".", 1);
    memcpy(nines + sizeof nines - 6, "e-900", 6);
    check_long_double(nines, 0, "");
}

static void numbers_in_text(void **state FIRN_UNUSED)
{
    int64_t i = 0;
    uint64_t u = 0;
    double d = 0;
    assert_true(firn_str_i64(s("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_false(firn_str_i64(s("9223372036854775808"), &i));
    assert_false(firn_str_i64(s("-9223372036854775809"), &i));
    assert_false(firn_str_i64(s(""), &i));
    assert_false(firn_str_i64(s("-"), &i));
    assert_false(firn_str_i64(s("1 "), &i));
    assert_true(firn_str_f64(s("1e-3"), &d));
    assert_false(firn_str_f64(s(" 1"), &d));
    assert_true(firn_str_bytes(s("128MB"), &u));
    check_i64(u, 134217728);
    assert_true(firn_str_bytes(s("1.5 GiB"), &u));
    check_i64(u, 1610612736);
    assert_false(firn_str_bytes(s("12 parsecs"), &u));
    assert_false(firn_str_bytes(s("MB"), &u));
}

static void nearest_words(void **state FIRN_UNUSED)
{
    firn_str words[] = {s("warehouse"), s("catalog"), s("sources"), s("models")};
    check_i64(firn_str_nearest(s("warehose"), words, 4), 0);
    check_i64(firn_str_nearest(s("soruces"), words, 4), 2);
    check_i64(firn_str_nearest(s("xyzzy"), words, 4), -1);
    check_i64(firn_str_distance(s("ca"), s("ac")), 1);
}

static void names_in_natural_order(void **state FIRN_UNUSED)
{
    assert_true(firn_str_natural_cmp(s("p2.json"), s("p10.json")) < 0);
    assert_true(firn_str_natural_cmp(s("p02"), s("p2")) != 0);
    assert_true(firn_str_natural_cmp(s("a"), s("ab")) < 0);
    assert_int_equal(firn_str_natural_cmp(s("x9"), s("x9")), 0);
}

/* ICEBERG.md §2 minBytes, §6.1 decimals */
static void decimals(void **state FIRN_UNUSED)
{
    static const int min_bytes[] = {1,  1,  2,  2,  3,  3,  4,  4,  4,  5,  5,  6,  6,
                                    6,  7,  7,  8,  8,  9,  9,  9,  10, 10, 11, 11, 11,
                                    12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16};
    for (int p = 1; p <= 38; p++)
        check_i64(firn_dec_min_bytes(p), min_bytes[p - 1]);
    static const struct {
        int64_t v;
        const char *hex;
    } be[] = {{345, "0159"}, {1234567, "12d687"}, {-1234567, "ed2979"}, {0, "00"},  {128, "0080"},
              {-128, "80"},  {-100, "9c"},        {11, "0b"},           {-1, "ff"}, {1420, "058c"}};
    for (size_t i = 0; i < FIRN_COUNT_OF(be); i++) {
        uint8_t bytes[16];
        char hex[33];
        size_t n = firn_dec_to_be(be[i].v, bytes);
        firn_hex(bytes, n, hex);
        assert_string_equal(hex, be[i].hex);
        firn_i128 back;
        assert_true(firn_dec_from_be((firn_slice){bytes, n}, &back));
        assert_true(back == be[i].v);
    }
    uint8_t bytes[16];
    char hex[33];
    firn_hex(bytes, firn_dec_to_be(firn_dec_pow10(37), bytes), hex);
    assert_string_equal(hex, "0785ee10d5da46d900f436a000000000");
}

static void decimal_texts(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        int precision, scale;
        firn_dec_result result;
        const char *printed;
    } rows[] = {
        {"12.50", 9, 2, FIRN_DEC_OK, "12.50"},
        {"-0.05", 9, 2, FIRN_DEC_OK, "-0.05"},
        {"1e3", 9, 2, FIRN_DEC_OK, "1000.00"},
        {"1234.5e-2", 9, 3, FIRN_DEC_OK, "12.345"},
        {"0.0000000000000000000", 3, 1, FIRN_DEC_OK, "0.0"},
        {"1.25", 9, 1, FIRN_DEC_INEXACT, ""},
        {"1.20", 9, 1, FIRN_DEC_OK, "1.2"},
        {"12345678.00", 9, 2, FIRN_DEC_RANGE, ""},
        {"9999999.99", 9, 2, FIRN_DEC_OK, "9999999.99"},
        {"99999999999999999999999999999999999999", 38, 0, FIRN_DEC_OK,
         "99999999999999999999999999999999999999"},
        {"100000000000000000000000000000000000000", 38, 0, FIRN_DEC_RANGE, ""},
        {"1e400", 38, 0, FIRN_DEC_RANGE, ""},
        {"0e400", 38, 0, FIRN_DEC_OK, "0"},
        {"1e-400", 38, 0, FIRN_DEC_INEXACT, ""},
        {"", 9, 2, FIRN_DEC_SYNTAX, ""},
        {".", 9, 2, FIRN_DEC_SYNTAX, ""},
        {"1e", 9, 2, FIRN_DEC_SYNTAX, ""},
        {"1,5", 9, 2, FIRN_DEC_SYNTAX, ""},
        {"+.5", 9, 2, FIRN_DEC_OK, "0.50"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_i128 v = 0;
        firn_dec_result r = firn_dec_parse(s(rows[i].text), rows[i].precision, rows[i].scale, &v);
        if (r != rows[i].result)
            fail_msg("%s: %d, not %d", rows[i].text, r, rows[i].result);
        if (r != FIRN_DEC_OK)
            continue;
        char text[FIRN_DEC_TEXT_MAX];
        firn_dec_print(v, rows[i].scale, text);
        assert_string_equal(text, rows[i].printed);
    }
    firn_i128 max = firn_dec_pow10(38) - 1;
    char text[FIRN_DEC_TEXT_MAX];
    check_i64(firn_dec_print(-max, 38, text), 41);
    assert_string_equal(text, "-0.99999999999999999999999999999999999999");
}

static void decimal_shapes(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        int64_t digits, scale;
    } rows[] = {{"0", 0, 0},       {"007", 1, 0},
                {"100", 3, 0},     {"0.5", 0, 1},
                {"12.3400", 2, 2}, {"1e400", 401, 0},
                {"1e-3", 0, 3},    {"120e-1", 2, 0},
                {"0.00120", 0, 4}, {"9223372036854775808", 19, 0}};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_dec_shape shape;
        assert_true(firn_dec_shape_of(s(rows[i].text), &shape));
        if (shape.int_digits != rows[i].digits || shape.scale != rows[i].scale)
            fail_msg("%s: %lld.%lld", rows[i].text, (long long)shape.int_digits,
                     (long long)shape.scale);
    }
}

/* ICEBERG.md §5.4 */
static void calendar(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        int32_t days;
    } rows[] = {{"1970-01-01", 0},       {"1968-02-29", -672},  {"1900-01-01", -25567},
                {"2017-12-01", 17501},   {"2024-02-29", 19782}, {"0001-01-01", -719162},
                {"9999-12-31", 2932896}, {"2017-11-16", 17486}};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        int32_t days = 0;
        char text[FIRN_TIME_TEXT_MAX];
        assert_true(firn_date_parse(s(rows[i].text), &days));
        check_i64(days, rows[i].days);
        firn_date_print(days, text);
        assert_string_equal(text, rows[i].text);
    }
    int32_t days;
    assert_false(firn_date_parse(s("2023-02-29"), &days));
    assert_false(firn_date_parse(s("0000-01-01"), &days));
    assert_false(firn_date_parse(s("2023-1-01"), &days));
    for (int32_t d = -800000; d < 3000000; d += 997)
        check_i64(firn_days_from_civil(firn_civil_from_days(d)), d);
}

static void timestamps(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        int64_t us;
        bool zoned;
    } rows[] = {
        {"2017-11-16T22:31:08", 1510871468000000, false},
        {"2017-11-16 22:31:08.000001", 1510871468000001, false},
        {"2017-11-16T22:31:08Z", 1510871468000000, true},
        {"2017-11-16T14:31:08-08:00", 1510871468000000, true},
        {"1969-12-31T23:59:59.999999", -1, false},
        {"1970-01-01T01:00+0100", 0, true},
        {"1970-01-01T01:00:00.120+01", 120000, true},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        int64_t us = 0;
        bool zoned = false;
        if (!firn_timestamp_parse(s(rows[i].text), &us, &zoned))
            fail_msg("%s", rows[i].text);
        check_i64(us, rows[i].us);
        assert_int_equal(zoned, rows[i].zoned);
    }
    static const char *const bad[] = {"2017-11-16",
                                      "2017-11-16T24:00:00",
                                      "2017-11-16T22:31:60",
                                      "2017-11-16T22:31:08.1234567",
                                      "2017-11-16T22:31:08 Z",
                                      "2017-11-16T22",
                                      "0001-01-01T00:00:00+01:00"};
    for (size_t i = 0; i < FIRN_COUNT_OF(bad); i++) {
        int64_t us;
        bool zoned;
        if (firn_timestamp_parse(s(bad[i]), &us, &zoned))
            fail_msg("%s was read", bad[i]);
    }
    char text[FIRN_TIME_TEXT_MAX];
    firn_timestamp_print(-1, true, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
    int64_t ms = 0;
    assert_true(firn_duration_parse(s("30d"), &ms));
    check_i64(ms, INT64_C(2592000000));
    assert_false(firn_duration_parse(s("30"), &ms));
    assert_false(firn_duration_parse(s("d"), &ms));
}

static void types_are_read_and_printed(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_arena *a = firn_arena_new("test", 0);
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"decimal(9, 2)", "decimal(9,2)"},
        {"BIGINT", "long"},
        {"fixed[16]", "fixed[16]"},
        {"timestamp with time zone", "timestamptz"},
        {"array<struct<a: int, b: decimal(18,2)>>", "list<struct<a: int, b: decimal(18,2)>>"},
        {"map<string, list<long>>", "map<string, list<long>>"},
        {"NUMERIC(38)", "decimal(38,0)"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type t;
        check_ok(firn_type_parse(s(rows[i].in), a, &t, &err), &err);
        assert_string_equal(firn_type_text(&t, a), rows[i].out);
        firn_type copy = firn_type_copy(&t, a);
        assert_true(firn_type_eq(&t, &copy));
    }
    firn_type t;
    check_fails(firn_type_parse(s("decimal"), a, &t, &err), FIRN_E_CONFIG, &err, "'decimal'");
    assert_non_null(strstr(err.advice, "decimal(18,2)"));
    check_fails(firn_type_parse(s("decimal(39,2)"), a, &t, &err), FIRN_E_CONFIG, &err, "39");
    check_fails(firn_type_parse(s("strng"), a, &t, &err), FIRN_E_CONFIG, &err, "strng");
    assert_non_null(strstr(err.advice, "string"));
    check_fails(firn_type_parse(s("list<int"), a, &t, &err), FIRN_E_CONFIG, &err, "list<int");
    check_fails(firn_type_parse(s("map<int>"), a, &t, &err), FIRN_E_CONFIG, &err, "int");
    FIRN_AUTO(firn_buf_free) firn_buf deep = FIRN_BUF(2000);
    for (int i = 0; i < 100; i++)
        check_ok(firn_buf_adds(&deep, "list<", &err), &err);
    check_ok(firn_buf_adds(&deep, "int", &err), &err);
    for (int i = 0; i < 100; i++)
        check_ok(firn_buf_addc(&deep, '>', &err), &err);
    check_fails(firn_type_parse(s(firn_buf_cstr(&deep)), a, &t, &err), FIRN_E_LIMIT, &err, "32");
    firn_arena_free(a);
}

static void columns_grow_and_keep(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_arena *a = firn_arena_new("test", 0);
    firn_type t;
    check_ok(
        firn_type_parse(s("struct<id: long, tags: list<struct<k: string, v: int>>>"), a, &t, &err),
        &err);
    firn_column root;
    check_ok(firn_columns_in_arena(&t, 100, a, &root, &err), &err);
    firn_column *items = &root.children[1].children[0];
    check_ok(firn_column_reserve(items, 10, &err), &err);
    ((int32_t *)items->children[1].data)[9] = 77;
    check_ok(firn_column_set_null(&items->children[0], 3, &err), &err);
    check_ok(firn_column_reserve(items, 1000, &err), &err);
    assert_true(items->children[1].capacity >= 1000);
    check_i64(((int32_t *)items->children[1].data)[9], 77);
    assert_false(firn_column_is_valid(&items->children[0], 3));
    assert_true(firn_column_is_valid(&items->children[0], 4));
    assert_true(firn_column_is_valid(&items->children[0], 999));
    check_ok(firn_column_null(&root, 5, &err), &err);
    assert_false(firn_column_is_valid(&root.children[0], 5));
    firn_strview v = firn_strview_of("a text of more than twelve bytes", 32);
    check_str(firn_strview_str(&v), "a text of more than twelve bytes");
    firn_arena_free(a);
}

static void digests(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    uint8_t sha[32];
    char hex[65];
    check_ok(firn_sha256("abc", 3, sha, &err), &err); /* FIPS 180-2, B.1 */
    firn_hex(sha, 32, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    firn_hash64_state *h = firn_hash64_new();
    firn_hash64_add(h, "hello ", 6);
    firn_hash64_add(h, "world", 5);
    assert_true(firn_hash64_value(h) == firn_hash64("hello world", 11));
    firn_hash64_free(h);
    static const char *const base64[][2] = {/* RFC 4648 §10 */
                                            {"", ""},
                                            {"f", "Zg=="},
                                            {"fo", "Zm8="},
                                            {"foo", "Zm9v"},
                                            {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < FIRN_COUNT_OF(base64); i++) {
        FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(100);
        FIRN_AUTO(firn_buf_free) firn_buf back = FIRN_BUF(100);
        firn_slice in = {(const uint8_t *)base64[i][0], strlen(base64[i][0])};
        check_ok(firn_base64(in, &b, &err), &err);
        check_str(firn_buf_str(&b), base64[i][1]);
        check_ok(firn_unbase64(firn_buf_str(&b), &back, &err), &err);
        check_str(firn_buf_str(&back), base64[i][0]);
    }
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(100);
    check_fails(firn_unbase64(s("Zg="), &b, &err), FIRN_E_DATA, &err, "base64");
}

static void json_keeps_integers(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_json_unref) json_t *j = NULL;
    const char *text = "{\"id\":9223372036854775807,\"n\":null,\"s\":\"x\\u0000y\"}";
    check_ok(firn_json_parse((firn_slice){(const uint8_t *)text, strlen(text)}, &j, &err), &err);
    int64_t id = 0;
    firn_str str;
    check_ok(firn_json_i64(j, "id", &id, &err), &err);
    assert_true(id == INT64_MAX);
    check_fails(firn_json_str(j, "id", &str, &err), FIRN_E_DATA, &err, "should be a string");
    check_fails(firn_json_i64(j, "n", &id, &err), FIRN_E_DATA, &err, "missing");
    check_ok(firn_json_str(j, "s", &str, &err), &err);
    check_i64(str.n, 3);
    json_t *dup = NULL;
    check_fails(firn_json_parse((firn_slice){(const uint8_t *)"{\"a\":1,\"a\":2}", 13}, &dup, &err),
                FIRN_E_DATA, &err, "line 1");
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(1000);
    check_ok(firn_json_escape((firn_str){"a\"\\\n\x01\xff€", 9}, &b, &err), &err);
    check_str(firn_buf_str(&b), "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd€\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_carry_context),
        cmocka_unit_test(long_errors_are_cut_not_overrun),
        cmocka_unit_test(error_ids_ascend),
        cmocka_unit_test(arenas_close_in_reverse),
        cmocka_unit_test(arenas_keep_their_limit),
        cmocka_unit_test(buffers_keep_their_maximum),
        cmocka_unit_test(maps_find_what_was_put),
        cmocka_unit_test(utf8_is_the_standards),
        cmocka_unit_test(quoting_caps_and_escapes),
        cmocka_unit_test(numbers_in_text),
        cmocka_unit_test(doubles_of_any_length),
        cmocka_unit_test(nearest_words),
        cmocka_unit_test(names_in_natural_order),
        cmocka_unit_test(decimals),
        cmocka_unit_test(decimal_texts),
        cmocka_unit_test(decimal_shapes),
        cmocka_unit_test(calendar),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(types_are_read_and_printed),
        cmocka_unit_test(columns_grow_and_keep),
        cmocka_unit_test(digests),
        cmocka_unit_test(json_keeps_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
