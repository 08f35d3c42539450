/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/partition: transforms, specs, paths, keys.  ICEBERG.md §5. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/partition.h"

#include <math.h>

static firn_transform transform(const char *text)
{
    return firn_transform_parse(s_(text));
}

/* --- transforms ---------------------------------------------------------------------------- */

static void transforms_are_read_by_name(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        firn_transform_kind kind;
        int64_t width;
    } rows[] = {
        {"identity", FIRN_TRANSFORM_IDENTITY, 0},  {"year", FIRN_TRANSFORM_YEAR, 0},
        {"month", FIRN_TRANSFORM_MONTH, 0},        {"day", FIRN_TRANSFORM_DAY, 0},
        {"hour", FIRN_TRANSFORM_HOUR, 0},          {"void", FIRN_TRANSFORM_VOID, 0},
        {"bucket[16]", FIRN_TRANSFORM_BUCKET, 16}, {"truncate[4]", FIRN_TRANSFORM_TRUNCATE, 4},
        {"bucket[0]", FIRN_TRANSFORM_UNKNOWN, 0},  {"bucket[]", FIRN_TRANSFORM_UNKNOWN, 0},
        {"bucket", FIRN_TRANSFORM_UNKNOWN, 0},     {"bucket[16", FIRN_TRANSFORM_UNKNOWN, 0},
        {"zorder", FIRN_TRANSFORM_UNKNOWN, 0},     {"", FIRN_TRANSFORM_UNKNOWN, 0},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_transform tr = transform(rows[i].text);
        if (tr.kind != rows[i].kind)
            fail_msg("'%s' is read as %d", rows[i].text, (int)tr.kind);
        if (rows[i].width)
            check_i64(tr.width, rows[i].width);
        check_str(tr.text, rows[i].text);
    }
}

/* Which transform takes which type, and what it gives; "" = it does not. */
static void transforms_apply_to_some_types(void **state FIRN_UNUSED)
{
    static const char *const kinds[] = {"identity", "year",      "month",       "day",
                                        "hour",     "bucket[4]", "truncate[4]", "void"};
    static const struct {
        const char *type;
        const char *results[FIRN_COUNT_OF(kinds)];
    } rows[] = {
        {"boolean", {"boolean", "", "", "", "", "", "", "boolean"}},
        {"int", {"int", "", "", "", "", "int", "int", "int"}},
        {"long", {"long", "", "", "", "", "int", "long", "long"}},
        {"float", {"float", "", "", "", "", "", "", "float"}},
        {"double", {"double", "", "", "", "", "", "", "double"}},
        {"decimal(9,2)", {"decimal(9,2)", "", "", "", "", "int", "decimal(9,2)", "decimal(9,2)"}},
        {"date", {"date", "int", "int", "date", "", "int", "", "date"}},
        {"time", {"time", "", "", "", "", "int", "", "time"}},
        {"timestamp", {"timestamp", "int", "int", "date", "int", "int", "", "timestamp"}},
        {"timestamptz", {"timestamptz", "int", "int", "date", "int", "int", "", "timestamptz"}},
        {"string", {"string", "", "", "", "", "int", "string", "string"}},
        {"uuid", {"uuid", "", "", "", "", "int", "", "uuid"}},
        {"fixed[4]", {"fixed[4]", "", "", "", "", "int", "", "fixed[4]"}},
        {"binary", {"binary", "", "", "", "", "int", "binary", "binary"}},
        {"list<int>", {"", "", "", "", "", "", "", ""}},
        {"struct<a: int>", {"", "", "", "", "", "", "", ""}},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type source = type_of(rows[i].type);
        for (size_t k = 0; k < FIRN_COUNT_OF(kinds); k++) {
            firn_type result;
            bool ok = firn_transform_result(transform(kinds[k]), &source, &result);
            const char *got = ok ? firn_type_text(&result, A) : "";
            if (strcmp(got, rows[i].results[k]) != 0)
                fail_msg("%s of %s is '%s'", kinds[k], rows[i].type, got);
        }
    }
}

/* ICEBERG.md §5.4: floor division, also below 1970. */
static void times_are_transformed(void **state FIRN_UNUSED)
{
    static const struct {
        const char *at;
        int64_t year;
        int64_t month;
        int64_t day;
        int64_t hour;
    } rows[] = {
        {"1969-12-31 23:59:59.999999", -1, -1, -1, -1},
        {"1970-01-01 00:00:00", 0, 0, 0, 0},
        {"1968-02-29 12:00:00", -2, -23, -672, -16116},
        {"1900-01-01 00:00:00", -70, -840, -25567, -613608},
        {"2017-12-01 10:12:55.038194", 47, 575, 17501, 420034},
        {"2024-02-29 23:00:00", 54, 649, 19782, 474791},
        {"0001-01-01 00:00:00", -1969, -23628, -719162, -17259888},
        {"9999-12-31 23:59:59.999999", 8029, 96359, 2932896, 70389527},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type ts = type_of("timestamp");
        firn_type tz = type_of("timestamptz");
        firn_type date = type_of("date");
        firn_value at = value_of(&ts, rows[i].at);
        firn_value day = value_of(&date, firn_arena_printf(A, "%.10s", rows[i].at));
        const struct {
            const char *name;
            int64_t want;
        } parts[] = {{"year", rows[i].year},
                     {"month", rows[i].month},
                     {"day", rows[i].day},
                     {"hour", rows[i].hour}};
        for (size_t k = 0; k < FIRN_COUNT_OF(parts); k++) {
            firn_transform tr = transform(parts[k].name);
            check_i64(firn_transform_apply(tr, &ts, &at).u.i, parts[k].want);
            check_i64(firn_transform_apply(tr, &tz, &at).u.i, parts[k].want);
            if (tr.kind != FIRN_TRANSFORM_HOUR)
                check_i64(firn_transform_apply(tr, &date, &day).u.i, parts[k].want);
        }
    }
}

static void null_gives_null_and_void_gives_nothing_else(void **state FIRN_UNUSED)
{
    static const char *const kinds[] = {"identity", "year", "month", "day", "hour", "void"};
    firn_type ts = type_of("timestamp");
    firn_value null = FIRN_VALUE_NULL;
    firn_value one = {.u.i = 1};
    for (size_t i = 0; i < FIRN_COUNT_OF(kinds); i++)
        assert_true(firn_transform_apply(transform(kinds[i]), &ts, &null).is_null);
    assert_true(firn_transform_apply(transform("void"), &ts, &one).is_null);
    check_i64(firn_transform_apply(transform("identity"), &ts, &one).u.i, 1);
}

/* Every transform keeps the order: what pruning by ranges stands on. */
static void time_transforms_keep_the_order(void **state FIRN_UNUSED)
{
    static const char *const kinds[] = {"year", "month", "day", "hour"};
    firn_type ts = type_of("timestamp");
    uint64_t seed = 3;
    for (int round = 0; round < 20000; round++) {
        const int64_t span = INT64_C(9999) * 366 * 86400 * 1000000;
        firn_value a = {.u.i = (int64_t)(splitmix(&seed) % (uint64_t)span) - span / 2};
        firn_value b = {.u.i = a.u.i + (int64_t)(splitmix(&seed) % 100000000000)};
        for (size_t k = 0; k < FIRN_COUNT_OF(kinds); k++) {
            firn_transform tr = transform(kinds[k]);
            assert_true(firn_transform_apply(tr, &ts, &a).u.i <=
                        firn_transform_apply(tr, &ts, &b).u.i);
        }
    }
}

/* --- specs --------------------------------------------------------------------------------- */

static void a_spec_comes_back_from_its_json(void **state FIRN_UNUSED)
{
    static const char fields[] =
        "[{'source-id':3,'field-id':1000,'name':'ts_day','transform':'day'},"
        "{'source-id':1,'field-id':1001,'name':'id_bucket_16','transform':'bucket[16]'},"
        "{'source-id':2,'field-id':1002,'name':'new','transform':'zorder[3]'}]";
    firn_spec spec;
    json_t *back = NULL;
    const char *json = firn_arena_printf(A, "{'spec-id':7,'fields':%s}", fields);
    check_ok(firn_spec_parse(json_of(json), 0, A, &spec, &E), &E);
    assert_int_equal(spec.spec_id, 7);
    assert_false(firn_spec_is_known(&spec));
    check_ok(firn_spec_fields_to_json(&spec, &back, &E), &E);
    check_json(back, fields);
    json_decref(back);
    /* version 1: a bare list, ids may be missing */
    check_ok(firn_spec_parse(json_of("[{'source-id':1,'name':'a','transform':'identity'},"
                                     "{'source-id':2,'name':'b','transform':'identity'}]"),
                             5, A, &spec, &E),
             &E);
    assert_int_equal(spec.spec_id, 5);
    assert_int_equal(spec.fields[1].field_id, 1001);
    assert_true(firn_spec_is_known(&spec));
}

static void what_is_no_spec_is_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *json;
        const char *part;
    } rows[] = {
        {"{'spec-id':1}", "without 'fields'"},
        {"{'fields':[]}", "'spec-id' is missing"},
        {"[{'field-id':1000,'name':'a','transform':'day'}]", "'source-id' is missing"},
        {"[{'source-id':1,'transform':'day'}]", "'name' is missing"},
        {"[{'source-id':1,'name':'a'}]", "'transform' is missing"},
        {"[7]", "'source-id' is missing"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_spec spec;
        check_fails(firn_spec_parse(json_of(rows[i].json), 0, A, &spec, &E), FIRN_E_DATA, &E,
                    rows[i].part);
    }
}

static firn_type columns(void)
{
    firn_type t = type_of("struct<id: long, ts: timestamp, d: date, kind: string, ts_day: int, "
                          "s: struct<at: timestamptz>, l: list<date>>");
    int32_t last = 0;
    firn_schema_assign_ids(&t, &last);
    return t;
}

static void specs_are_made_from_terms(void **state FIRN_UNUSED)
{
    const firn_type t = columns();
    const firn_partition_term terms[] = {{.kind = FIRN_TRANSFORM_MONTH, .column = s_("d")},
                                         {.kind = FIRN_TRANSFORM_IDENTITY, .column = s_("kind")},
                                         {.kind = FIRN_TRANSFORM_HOUR, .column = s_("s.at")},
                                         {.kind = FIRN_TRANSFORM_YEAR, .column = s_("ts")},
                                         {FIRN_TRANSFORM_BUCKET, 16, s_("id")},
                                         {FIRN_TRANSFORM_TRUNCATE, 4, s_("kind")}};
    firn_spec spec;
    json_t *json = NULL;
    int32_t last = 1002;
    check_ok(firn_spec_make(&t, terms, 6, &last, A, &spec, &E), &E);
    assert_int_equal(last, 1008);
    check_ok(firn_spec_fields_to_json(&spec, &json, &E), &E);
    check_json(json, "[{'source-id':3,'field-id':1003,'name':'d_month','transform':'month'},"
                     "{'source-id':4,'field-id':1004,'name':'kind','transform':'identity'},"
                     "{'source-id':8,'field-id':1005,'name':'s.at_hour','transform':'hour'},"
                     "{'source-id':2,'field-id':1006,'name':'ts_year','transform':'year'},"
                     "{'source-id':1,'field-id':1007,'name':'id_bucket','transform':'bucket[16]'},"
                     "{'source-id':4,'field-id':1008,'name':'kind_trunc',"
                     "'transform':'truncate[4]'}]");
    json_decref(json);
}

static void wrong_terms_are_refused(void **state FIRN_UNUSED)
{
    const firn_type t = columns();
    const struct {
        firn_partition_term terms[2];
        size_t count;
        const char *part;
    } rows[] = {
        {{{.kind = FIRN_TRANSFORM_DAY, .column = s_("nope")}}, 1, "'nope' is not in the table"},
        {{{.kind = FIRN_TRANSFORM_DAY, .column = s_("l.element")}}, 1, "lies in a list or map"},
        {{{.kind = FIRN_TRANSFORM_DAY, .column = s_("id")}},
         1,
         "day('id') does not work: the column is long"},
        {{{.kind = FIRN_TRANSFORM_HOUR, .column = s_("d")}}, 1, "hour('d')"},
        {{{.kind = FIRN_TRANSFORM_IDENTITY, .column = s_("s")}}, 1, "identity('s')"},
        {{{.kind = FIRN_TRANSFORM_DAY, .column = s_("ts")}}, 1, "'ts_day' like a column"},
        {{{.kind = FIRN_TRANSFORM_DAY, .column = s_("d")},
          {.kind = FIRN_TRANSFORM_DAY, .column = s_("d")}},
         2,
         "stands twice"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_spec spec;
        int32_t last = 999;
        check_fails(firn_spec_make(&t, rows[i].terms, rows[i].count, &last, A, &spec, &E),
                    FIRN_E_CONFIG, &E, rows[i].part);
        assert_int_equal(last, 999);
    }
}

static void specs_are_the_same_apart_from_their_ids(void **state FIRN_UNUSED)
{
    static const char *const others[] = {
        "[{'source-id':2,'field-id':1000,'name':'a','transform':'day'}]",
        "[{'source-id':1,'field-id':1000,'name':'b','transform':'day'}]",
        "[{'source-id':1,'field-id':1000,'name':'a','transform':'hour'}]",
        "[]",
    };
    firn_spec a;
    firn_spec b;
    check_ok(firn_spec_parse(json_of("[{'source-id':1,'field-id':1000,'name':'a',"
                                     "'transform':'day'}]"),
                             1, A, &a, &E),
             &E);
    check_ok(firn_spec_parse(json_of("[{'source-id':1,'field-id':1007,'name':'a',"
                                     "'transform':'day'}]"),
                             2, A, &b, &E),
             &E);
    assert_true(firn_spec_same(&a, &b));
    for (size_t i = 0; i < FIRN_COUNT_OF(others); i++) {
        check_ok(firn_spec_parse(json_of(others[i]), 2, A, &b, &E), &E);
        assert_false(firn_spec_same(&a, &b));
    }
}

/* --- paths and keys ------------------------------------------------------------------------ */

/* A spec of one field called `name` over a column of this type. */
static firn_spec one_field(const char *name, const char *tr, const char *type, firn_type *ret_type)
{
    firn_partition_field *f = firn_arena_zalloc(A, sizeof *f);
    firn_type source = type_of(type);
    *f = (firn_partition_field){1, 1000, s_(name), transform(tr)};
    assert_true(firn_transform_result(f->transform, &source, ret_type));
    return (firn_spec){.fields = f, .field_count = 1};
}

/* ICEBERG.md §5.5: names and values in Java's URL encoding. */
static void partitions_have_readable_paths(void **state FIRN_UNUSED)
{
    static const struct {
        const char *name;
        const char *transform;
        const char *type;
        const char *value; /* of the result type */
        const char *path;
    } rows[] = {
        {"ts_year", "year", "date", "-1", "ts_year=1969"},
        {"ts_year", "year", "date", "-1969", "ts_year=0001"},
        {"ts_month", "month", "date", "-1", "ts_month=1969-12"},
        {"ts_month", "month", "date", "575", "ts_month=2017-12"},
        {"ts_day", "day", "timestamp", "1969-12-31", "ts_day=1969-12-31"},
        {"ts_hour", "hour", "timestamp", "-1", "ts_hour=1969-12-31-23"},
        {"ts_hour", "hour", "timestamp", "420034", "ts_hour=2017-12-01-10"},
        {"kind", "identity", "string", "a b/c", "kind=a+b%2Fc"},
        {"kind", "identity", "string", "é=%", "kind=%C3%A9%3D%25"},
        {"kind", "identity", "string", "..", "kind=.."},
        {"kind", "identity", "string", "", "kind="},
        {"ki/nd", "identity", "string", "x~*-_.", "ki%2Fnd=x%7E*-_."},
        {"kind", "identity", "string", "null", "kind=null"},
        {"kind", "identity", "int", "null", "kind=null"},
        {"b", "identity", "binary", "00ff", "b=AP8%3D"},
        {"at", "identity", "timestamp", "2017-11-16 22:31:08", "at=2017-11-16T22%3A31%3A08"},
        {"d", "identity", "decimal(9,2)", "-1.5", "d=-1.50"},
        {"ok", "identity", "boolean", "true", "ok=true"},
        {"v", "void", "int", "null", "v=null"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type t;
        firn_buf out = FIRN_BUF(4096);
        firn_spec spec = one_field(rows[i].name, rows[i].transform, rows[i].type, &t);
        firn_value v = value_of(&t, rows[i].value);
        check_ok(firn_partition_path(&spec, &t, &v, &out, &E), &E);
        assert_string_equal(firn_buf_cstr(&out), rows[i].path);
        firn_buf_free(&out);
    }
}

static void long_values_make_short_and_distinct_paths(void **state FIRN_UNUSED)
{
    char text[2][5001];
    firn_buf out[2] = {FIRN_BUF(65536), FIRN_BUF(65536)};
    for (int i = 0; i < 2; i++) {
        memset(text[i], 'x', 5000);
        text[i][4999] = (char)('a' + i);
        text[i][5000] = '\0';
        firn_type t;
        firn_spec spec = one_field("k", "identity", "string", &t);
        firn_value v = value_of(&t, text[i]);
        check_ok(firn_partition_path(&spec, &t, &v, &out[i], &E), &E);
        assert_true(out[i].n <= 255);
    }
    assert_string_not_equal(firn_buf_cstr(&out[0]), firn_buf_cstr(&out[1]));
    firn_buf_free(&out[0]);
    firn_buf_free(&out[1]);
}

static const char *key_of(const firn_spec *spec, const firn_type *types, const firn_value *values)
{
    firn_buf out = FIRN_BUF(4096);
    check_ok(firn_partition_key(spec, types, values, &out, &E), &E);
    const char *hex = hex_of(firn_buf_slice(&out));
    firn_buf_free(&out);
    return hex;
}

/* What is replaced by partition must be told apart exactly. */
static void keys_differ_when_partitions_do(void **state FIRN_UNUSED)
{
    firn_partition_field fields[2] = {{1, 1000, s_("a"), transform("identity")},
                                      {2, 1001, s_("b"), transform("identity")}};
    firn_spec spec = {.fields = fields, .field_count = 2};
    firn_type types[2] = {type_of("string"), type_of("string")};
    static const char *const values[][2] = {{"null", "null"}, {"null", ""}, {"", "null"},
                                            {"", ""},         {"a", "bc"},  {"ab", "c"},
                                            {"abc", ""},      {"", "abc"}};
    const char *keys[FIRN_COUNT_OF(values) + 1];
    for (size_t i = 0; i < FIRN_COUNT_OF(values); i++) {
        firn_value v[2] = {value_of(&types[0], values[i][0]), value_of(&types[1], values[i][1])};
        keys[i] = key_of(&spec, types, v);
    }
    firn_value word[2] = {{.u.bytes = {(const uint8_t *)"null", 4}}, FIRN_VALUE_NULL};
    keys[FIRN_COUNT_OF(values)] = key_of(&spec, types, word);
    for (size_t i = 0; i < FIRN_COUNT_OF(keys); i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(keys[i], keys[k]);
}

static void keys_of_floats_follow_their_bits(void **state FIRN_UNUSED)
{
    firn_partition_field field = {1, 1000, s_("a"), transform("identity")};
    firn_spec spec = {.fields = &field, .field_count = 1};
    firn_type t = type_of("double");
    firn_value nan = {.u.d = (double)NAN};
    firn_value other_nan = {.u.d = -(double)NAN};
    firn_value zero = {.u.d = 0.0};
    firn_value minus_zero = {.u.d = -0.0};
    assert_string_equal(key_of(&spec, &t, &nan), key_of(&spec, &t, &other_nan));
    assert_string_not_equal(key_of(&spec, &t, &zero), key_of(&spec, &t, &minus_zero));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(transforms_are_read_by_name),
        ICE_TEST(transforms_apply_to_some_types),
        ICE_TEST(times_are_transformed),
        ICE_TEST(null_gives_null_and_void_gives_nothing_else),
        ICE_TEST(time_transforms_keep_the_order),
        ICE_TEST(a_spec_comes_back_from_its_json),
        ICE_TEST(what_is_no_spec_is_refused),
        ICE_TEST(specs_are_made_from_terms),
        ICE_TEST(wrong_terms_are_refused),
        ICE_TEST(specs_are_the_same_apart_from_their_ids),
        ICE_TEST(partitions_have_readable_paths),
        ICE_TEST(long_values_make_short_and_distinct_paths),
        ICE_TEST(keys_differ_when_partitions_do),
        ICE_TEST(keys_of_floats_follow_their_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
