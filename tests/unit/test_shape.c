/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes: types that follow from values (DESIGN.md §4, decoder contract in shape.h), and the laws
 * of the join. */
#include "json_help.h"

#define MEGABYTE ((size_t)1 << 20)

/* --- inferred types ------------------------------------------------------------------------ */

/* Values of the key "v", one record each, separated by blanks; the type of the column. */
static const struct {
    const char *values;
    const char *type; /* NULL: not known */
} type_cases[] = {
    {"null null", NULL},
    {"true", "boolean"},
    {"true null false", "boolean"},
    {"1", "long"},
    {"0 -5 9223372036854775807 -9223372036854775808", "long"},
    {"5.0 5e0 50e-1 1E3", "long"},
    {"1.5", "double"},
    {"1 0.1", "double"},
    {"1e300", "double"},
    {"5e-324", "double"},
    {"-0", "double"}, /* no long is negative zero */
    {"-0.0 3", "double"},
    {"0.30000000000000004", "double"},
    {"0.3000000000000001", "double"},
    /* 2^53 + 1 is a long; with a fraction beside it, no double */
    {"9007199254740993", "long"},
    {"9007199254740993 0.5", "decimal(17,1)"},
    {"9007199254740992 0.5", "double"},
    /* 2^63 = 9223372036854775808: the nearest double prints as 9223372036854775807-ish digits */
    {"9223372036854775808", "decimal(19,0)"},
    {"-9223372036854775809 1", "decimal(19,0)"},
    {"18446744073709551615 0.25", "decimal(22,2)"},
    {"0.12345678901234567890", "decimal(20,20)"},                     /* written so, kept so */
    {"0.12345678901234567890 1234567890123456789", "decimal(38,19)"}, /* if there is room */
    {"12345.12345678901234567891", "decimal(25,20)"},
    {"0.1234567890123456789 1234567890123456789", "decimal(38,19)"},
    {"0.12345678901234567891 1234567890123456789", "string"}, /* 39 digits */
    {"1e400", "string"},
    {"1e-400", "string"},
    {"1e999999999999", "string"},
    {"1.0000000000000000000000000000000000000000000", "long"},
    {"\"x\"", "string"},
    {"\"\"", "string"},
    {"\"2025-05-31\" null", "date"},
    {"\"2025-02-30\"", "string"},
    {"\"2025-05-31T10:11:12Z\" \"2025-05-31T10:11:12.5+02:00\"", "timestamptz"},
    {"\"2025-05-31T10:11:12\"", "timestamp"},
    {"\"2025-05-31T10:11:12\" \"2025-05-31T10:11:12Z\"", "string"},
    {"\"2025-05-31\" \"2025-05-31T10:11:12\"", "string"},
    {"\"31.05.2025\"", "date"},
    {"\"31/05/2025\" \"01/02/2025\"", "date"},
    {"\"05/31/2025\" \"01/02/2025\"", "date"},
    {"\"01/02/2025\"", "string"}, /* both orders read it */
    {"\"31/05/2025\" \"05/31/2025\"", "string"},
    {"\"29-Jun-17\"", "date"},
    {"\"01/02/03\"", "string"},
    {"1 \"x\"", "string"},
    {"true 1", "string"},
    {"{\"a\":1} [1]", "string"},
    {"{\"a\":1} 5", "string"},
    {"{}", "string"},
    {"{\"a\":null}", "string"},
    {"{\"a\":null} {\"a\":1,\"b\":null}", "struct<a: long>"},
    {"{\"a\":1} {\"b\":\"x\"} null", "struct<a: long, b: string>"},
    {"[]", "list<string>"},
    {"[null]", "list<string>"},
    {"[1] [2.5,null] []", "list<double>"},
    {"[[]] [[1]]", "list<list<long>>"},
    {"[{\"a\":1},{\"b\":[true]}]", "list<struct<a: long, b: list<boolean>>>"},
    {"[1,\"x\"]", "list<string>"},
};

/* Writes the values of a case as records. */
static void records_of(const char *values, char *out, size_t size)
{
    size_t n = 0;
    firn_str rest = firn_str_of(values);
    while (rest.p) {
        firn_str value = firn_str_cut(&rest, ' ');
        n += (size_t)snprintf(out + n, size - n, "{\"v\":%.*s}\n", FIRN_STR_ARG(value));
    }
}

static void test_inferred_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIRN_COUNT_OF(type_cases); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        char text[1024];
        firn_err err = {0};
        firn_type type;
        bool known;
        firn_shape *root = firn_shape_new(a);
        records_of(type_cases[i].values, text, sizeof text);
        walk_text(text, root, a);
        assert_int_equal(root->field_count, 1);
        check_ok(firn_shape_type(root->fields[0].shape, NULL, a, &type, &known, &err), &err);
        const char *got = known ? firn_type_text(&type, a) : "(unknown)";
        const char *want = type_cases[i].type ? type_cases[i].type : "(unknown)";
        if (strcmp(got, want) != 0)
            fail_msg("%s: %s instead of %s", type_cases[i].values, got, want);
    }
}

static const struct {
    const char *cell;
    const char *type; /* NULL: null */
} cell_cases[] = {
    {"", NULL},           {"5", "long"},        {"-5", "long"},      {"0", "long"},
    {"007", "string"},    {"+5", "string"},     {"-07", "string"},   {"00", "string"},
    {"0.50", "double"},   {".5", "double"},     {"-.5", "double"},   {"5.", "string"},
    {".", "string"},      {"-", "string"},      {"1e5", "long"},     {"1e", "string"},
    {"1e+", "string"},    {"1.5e-3", "double"}, {"e5", "string"},    {"NaN", "string"},
    {"inf", "string"},    {"0x10", "string"},   {"1_000", "string"}, {"true", "boolean"},
    {"False", "boolean"}, {"TRUE", "boolean"},  {"yes", "string"},   {"2025-05-31", "date"},
    {"1,5", "string"},    {"0e5", "long"},      {"12 ", "string"},
};

static void test_cells(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(cell_cases); i++) {
        firn_err err = {0};
        firn_type type;
        bool known;
        firn_shape *s = firn_shape_new(a);
        firn_shape_add_cell(s, firn_str_of(cell_cases[i].cell));
        check_ok(firn_shape_type(s, NULL, a, &type, &known, &err), &err);
        const char *got = known ? firn_type_text(&type, a) : "(null)";
        const char *want = cell_cases[i].type ? cell_cases[i].type : "(null)";
        if (strcmp(got, want) != 0)
            fail_msg("cell '%s': %s instead of %s", cell_cases[i].cell, got, want);
    }
}

/* max_depth counts structs and lists from the root, max_fields the keys of one object. */
static void test_limits(void **state)
{
    (void)state;
    static const struct {
        firn_shape_limits limits;
        const char *text;
        const char *type;
    } cases[] = {
        {{2, 32}, "{\"v\":{\"a\":1,\"b\":2}}", "struct<v: struct<a: long, b: long>>"},
        {{2, 32}, "{\"v\":{\"a\":1,\"b\":2,\"c\":3}}", "struct<v: string>"},
        {{10, 1}, "{\"v\":{\"a\":1}}", "struct<v: string>"},
        {{10, 2}, "{\"v\":{\"a\":[1]}}", "struct<v: struct<a: string>>"},
        {{10, 3}, "{\"v\":{\"a\":[1]}}", "struct<v: struct<a: list<long>>>"},
        {{10, 3}, "{\"v\":{\"a\":[[1]]}}", "struct<v: struct<a: list<string>>>"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_err err = {0};
        firn_type type;
        bool known;
        firn_shape *root = firn_shape_new(a);
        walk_text(cases[i].text, root, a);
        check_ok(firn_shape_type(root, &cases[i].limits, a, &type, &known, &err), &err);
        assert_true(known);
        assert_string_equal(firn_type_text(&type, a), cases[i].type);
    }
}

/* --- the laws of the join ------------------------------------------------------------------ */

static void random_value(uint64_t *seed, int depth, firn_buf *out);

static void random_scalar(uint64_t *seed, firn_buf *out)
{
    static const char *const some[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "7",
        "123456789",
        "9223372036854775807",
        "9223372036854775808",
        "0.1",
        "1.50",
        "1e3",
        "1e400",
        "1e-7",
        "0.12345678901234567890",
        "12345678901234567890123.5",
        "\"\"",
        "\"x\"",
        "\"2025-05-31\"",
        "\"2025-05-31T01:02:03Z\"",
        "\"2025-05-31 01:02:03\"",
        "\"31.05.2025\"",
        "\"05/06/2025\"",
        "\"31/05/2025\"",
        "\"05/31/2025\"",
        "\"01/02/03\"",
        "\"29-Jun-17\"",
        "[]",
        "{}",
    };
    const char *pick = some[below(seed, FIRN_COUNT_OF(some))];
    assert_int_equal(firn_buf_adds(out, pick, NULL), FIRN_OK);
}

static void random_items(uint64_t *seed, int depth, bool object, firn_buf *out)
{
    static const char *const keys[] = {"a", "b", "c", "A", "", "long key number one"};
    unsigned n = below(seed, 4);
    assert_int_equal(firn_buf_addc(out, object ? '{' : '[', NULL), FIRN_OK);
    for (unsigned i = 0; i < n; i++) {
        if (i)
            assert_int_equal(firn_buf_addc(out, ',', NULL), FIRN_OK);
        if (object)
            assert_int_equal(
                firn_buf_addf(out, NULL, "\"%s\":", keys[below(seed, FIRN_COUNT_OF(keys))]),
                FIRN_OK);
        random_value(seed, depth - 1, out);
    }
    assert_int_equal(firn_buf_addc(out, object ? '}' : ']', NULL), FIRN_OK);
}

static void random_value(uint64_t *seed, int depth, firn_buf *out)
{
    unsigned kind = depth > 0 ? below(seed, 3) : 2;
    if (kind == 2)
        random_scalar(seed, out);
    else
        random_items(seed, depth, kind == 0, out);
}

/* The order of fields is that of first appearance and no part of the law. */
static void sort_fields(firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++) {
        sort_fields(&t->fields[i].type);
        for (size_t j = i; j > 0; j--) {
            if (t->kind != FIRN_T_STRUCT ||
                firn_str_cmp(t->fields[j - 1].name, t->fields[j].name) <= 0)
                break;
            firn_field swap = t->fields[j];
            t->fields[j] = t->fields[j - 1];
            t->fields[j - 1] = swap;
        }
    }
}

static const char *sorted_type(const firn_shape *s, firn_arena *a)
{
    firn_err err = {0};
    firn_type type;
    bool known;
    check_ok(firn_shape_type(s, NULL, a, &type, &known, &err), &err);
    if (!known)
        return "(unknown)";
    sort_fields(&type);
    return firn_type_text(&type, a);
}

enum { VALUES = 12 };

static firn_shape *join_of(firn_shape *const *shapes, size_t n, uint64_t *seed, firn_arena *a);

/* Joins some shapes in a random order and grouping, some of them more than once. */
static firn_shape *join_of(firn_shape *const *shapes, size_t n, uint64_t *seed, firn_arena *a)
{
    firn_err err = {0};
    firn_shape *left = firn_shape_new(a);
    if (n == 1) {
        check_ok(firn_shape_join(left, shapes[0], a, &err), &err);
        if (below(seed, 4) == 0)
            check_ok(firn_shape_join(left, shapes[0], a, &err), &err);
        return left;
    }
    size_t cut = 1 + below(seed, (unsigned)n - 1);
    firn_shape *parts[2] = {join_of(shapes, cut, seed, a), join_of(shapes + cut, n - cut, seed, a)};
    unsigned first = below(seed, 2);
    check_ok(firn_shape_join(left, parts[first], a, &err), &err);
    check_ok(firn_shape_join(left, parts[!first], a, &err), &err);
    if (below(seed, 4) == 0)
        check_ok(firn_shape_join(left, parts[first], a, &err), &err);
    return left;
}

static void shuffle(firn_shape **shapes, size_t n, uint64_t *seed)
{
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = below(seed, (unsigned)i + 1);
        firn_shape *swap = shapes[i];
        shapes[i] = shapes[j];
        shapes[j] = swap;
    }
}

static void test_join_is_a_lattice(void **state)
{
    (void)state;
    uint64_t seed = 20260101;
    for (int round = 0; round < 400; round++) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
        firn_shape *shapes[VALUES];
        firn_shape *all = firn_shape_new(a);
        for (int i = 0; i < VALUES; i++) {
            FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(MEGABYTE);
            random_items(&seed, 4, true, &text);
            shapes[i] = firn_shape_new(a);
            walk_text(firn_buf_cstr(&text), shapes[i], a);
            walk_text(firn_buf_cstr(&text), all, a);
        }
        const char *type = sorted_type(all, a);
        for (int order = 0; order < 5; order++) {
            shuffle(shapes, VALUES, &seed);
            firn_shape *joined = join_of(shapes, VALUES, &seed, a);
            if (!firn_shape_eq(joined, all) || !firn_shape_eq(all, joined))
                fail_msg("round %d order %d: shapes differ", round, order);
            assert_string_equal(sorted_type(joined, a), type);
        }
    }
}

/* Two shapes that differ in one value that matters are not equal. */
static void test_eq_sees_differences(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"a\":1}",
        "{\"a\":12}",
        "{\"a\":1.5}",
        "{\"a\":0.12345678901234567890}",
        "{\"a\":null}",
        "{\"a\":\"x\"}",
        "{\"a\":\"2025-05-31\"}",
        "{\"a\":\"01/02/03\"}",
        "{\"b\":1}",
        "{\"a\":1,\"b\":1}",
        "{\"a\":[]}",
        "{\"a\":[1]}",
        "{\"a\":{}}",
        "{\"a\":{\"x\":1}}",
        "{\"a\":true}",
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(texts); i++) {
        for (size_t j = 0; j < FIRN_COUNT_OF(texts); j++) {
            firn_shape *x = firn_shape_new(a);
            firn_shape *y = firn_shape_new(a);
            walk_text(texts[i], x, a);
            walk_text(texts[j], y, a);
            if (firn_shape_eq(x, y) != (i == j))
                fail_msg("%s and %s", texts[i], texts[j]);
        }
    }
}

/* --- keys that are data -------------------------------------------------------------------- */

static void add_keys(firn_shape *s, int from, int count, firn_arena *a)
{
    for (int i = from; i < from + count; i++) {
        char key[32];
        snprintf(key, sizeof key, "key %d", i);
        firn_shape *field = firn_shape_field_of(s, firn_str_of(key), a);
        assert_non_null(field);
        firn_shape_add_number(field, FIRN_STR_LIT("1"));
    }
    firn_shape_add_object(s);
}

static void test_too_many_keys(void **state)
{
    (void)state;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_type type;
    bool known;
    firn_shape *full = firn_shape_new(a);
    add_keys(full, 0, FIRN_SHAPE_MAX_KEYS, a);
    assert_int_equal(full->field_count, FIRN_SHAPE_MAX_KEYS);
    assert_null(full->rest);

    /* halves that are below the limit alone and above it together, in both orders */
    firn_shape *left = firn_shape_new(a);
    firn_shape *right = firn_shape_new(a);
    add_keys(left, 0, 6000, a);
    add_keys(right, 5000, 6000, a);
    firn_shape *one = firn_shape_new(a);
    firn_shape *two = firn_shape_new(a);
    check_ok(firn_shape_join(one, left, a, &err), &err);
    check_ok(firn_shape_join(one, right, a, &err), &err);
    check_ok(firn_shape_join(two, right, a, &err), &err);
    check_ok(firn_shape_join(two, left, a, &err), &err);
    assert_non_null(one->rest);
    assert_int_equal(one->field_count, 0);
    assert_true(firn_shape_eq(one, two));
    assert_false(firn_shape_eq(one, left));
    check_ok(firn_shape_join(left, one, a, &err), &err);
    assert_true(firn_shape_eq(one, left));
    firn_shape_limits wide = {.max_fields = 1000000, .max_depth = 32};
    check_ok(firn_shape_type(one, &wide, a, &type, &known, &err), &err);
    assert_string_equal(firn_type_text(&type, a), "string");
}

/* --- memory -------------------------------------------------------------------------------- */

static firn_code join_and_type(size_t limit_bytes, firn_err *err)
{
    static const char *const texts[] = {"{\"a\":1,\"b\":{\"c\":[1,{\"d\":\"x\"}]}}",
                                        "{\"a\":\"x\",\"e\":[[true]]}"};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", limit_bytes);
    firn_shape *all = a ? firn_shape_new(a) : NULL;
    if (!all)
        return a ? firn_arena_raise(a, err) : firn_raise_nomem(err);
    for (size_t i = 0; i < FIRN_COUNT_OF(texts); i++) {
        firn_type type;
        bool known;
        firn_record record = {.length = (uint32_t)strlen(texts[i])};
        firn_batch b = {
            .bytes = {(const uint8_t *)texts[i], record.length}, .records = &record, .count = 1};
        firn_shape *one = firn_shape_new(a);
        if (!one)
            return firn_arena_raise(a, err);
        FIRN_TRY(firn_decoder_json.walk(&b, NULL, one, a, &known, err));
        FIRN_TRY(firn_shape_join(all, one, a, err));
        FIRN_TRY(firn_shape_type(all, NULL, a, &type, &known, err));
    }
    return FIRN_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    uint64_t refused = 1;
    for (uint64_t n = 1; refused; n++) {
        firn_err err = {0};
        firn_mem_fail_nth(n, false);
        firn_code code = join_and_type(0, &err);
        refused = firn_mem_failed();
        firn_mem_fail_nth(0, false);
        assert_int_equal(code, refused ? FIRN_E_NOMEM : FIRN_OK);
    }
}

/* Close to its limit an arena refuses single objects, so that each request fails once. */
static void test_arena_limits(void **state)
{
    (void)state;
    firn_code code = FIRN_E_LIMIT;
    for (size_t limit = 16; code != FIRN_OK; limit += 16) {
        firn_err err = {0};
        code = join_and_type(limit, &err);
        assert_true(code == FIRN_OK || code == FIRN_E_LIMIT);
        assert_true(limit < MEGABYTE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inferred_types),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_join_is_a_lattice),
        cmocka_unit_test(test_eq_sees_differences),
        cmocka_unit_test(test_too_many_keys),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_arena_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
