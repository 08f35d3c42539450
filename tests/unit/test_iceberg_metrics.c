/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/metrics: what the engine says of a file, as Iceberg's column metrics.  ICEBERG.md §6.2,
 * §6.3. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/metrics.h"

static const firn_metadata *table_with(const char *properties)
{
    json_t *j = json_of("{'format-version':1,'location':'/t','last-updated-ms':1,"
                        "'last-column-id':1,'schema':{'fields':[]},'partition-spec':[]}");
    json_object_set(j, "properties", json_of(properties));
    const firn_metadata *m;
    const char *text = text_of(j);
    check_ok(
        firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)}, s_("f"), A, &m, &E),
        &E);
    return m;
}

/* --- rules --------------------------------------------------------------------------------- */

static void modes_are_read(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        firn_metrics_mode mode;
        size_t length;
    } rows[] = {
        {"none", FIRN_METRICS_NONE, 0},
        {"counts", FIRN_METRICS_COUNTS, 0},
        {"full", FIRN_METRICS_FULL, 0},
        {"truncate(16)", FIRN_METRICS_TRUNCATE, 16},
        {"truncate(1)", FIRN_METRICS_TRUNCATE, 1},
        {"truncate(0)", FIRN_METRICS_TRUNCATE, 16},
        {"truncate()", FIRN_METRICS_TRUNCATE, 16},
        {"truncate(x)", FIRN_METRICS_TRUNCATE, 16},
        {"truncate(-3)", FIRN_METRICS_TRUNCATE, 16},
        {"", FIRN_METRICS_TRUNCATE, 16},
        {"(", FIRN_METRICS_TRUNCATE, 16},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_metrics_rule rule = firn_metrics_rule_parse(s_(rows[i].text));
        assert_int_equal(rule.mode, rows[i].mode);
        if (rule.mode == FIRN_METRICS_TRUNCATE)
            assert_int_equal(rule.length, rows[i].length);
    }
}

static void a_column_has_its_own_rule_or_the_default(void **state FIRN_UNUSED)
{
    const firn_metadata *m = table_with("{'write.metadata.metrics.column.a.b':'full',"
                                        "'write.metadata.metrics.column.c':'none'}");
    assert_int_equal(firn_metrics_rule_for(m, s_("a.b"), 500).mode, FIRN_METRICS_FULL);
    assert_int_equal(firn_metrics_rule_for(m, s_("c"), 0).mode, FIRN_METRICS_NONE);
    assert_int_equal(firn_metrics_rule_for(m, s_("d"), 99).mode, FIRN_METRICS_TRUNCATE);
    assert_int_equal(firn_metrics_rule_for(m, s_("d"), 100).mode, FIRN_METRICS_NONE);
    m = table_with("{'write.metadata.metrics.default':'truncate(4)'}");
    assert_int_equal(firn_metrics_rule_for(m, s_("d"), 1000).length, 4);
    assert_int_equal(firn_metrics_rule_for(NULL, s_("d"), 0).length, 16);
    assert_int_equal(firn_metrics_rule_for(NULL, s_("d"), 100).mode, FIRN_METRICS_NONE);
}

/* --- filling ------------------------------------------------------------------------------- */

static firn_type schema_of(const char *columns)
{
    firn_type t = type_of(firn_arena_printf(A, "struct<%s>", columns));
    int32_t last = 0;
    firn_schema_assign_ids(&t, &last);
    return t;
}

/* A column as the engine reports it; NULL for a text that it does not. */
static firn_engine_column column(const char *path, const char *min, const char *max)
{
    return (firn_engine_column){.path = s_(path),
                                .has_min = min != NULL,
                                .has_max = max != NULL,
                                .min = s_(min),
                                .max = s_(max),
                                .null_count = 2,
                                .column_size = 50,
                                .has_nan = -1};
}

static firn_data_file fill(const firn_metadata *m, const firn_type *schema,
                           const firn_engine_column *columns, size_t n)
{
    firn_data_file f = {.record_count = 10};
    check_ok(firn_metrics_fill(m, schema, columns, n, A, &f, &E), &E);
    return f;
}

static void counts_and_bounds_are_filled_in(void **state FIRN_UNUSED)
{
    firn_type t = schema_of("a: long, s: string, d: date");
    const firn_engine_column columns[] = {
        column("\"s\"", "apple", "zebra"),
        column("\"a\"", "-5", "7"),
        column("\"d\"", "1970-01-02", "1970-01-03"),
    };
    firn_data_file f = fill(NULL, &t, columns, 3);
    assert_int_equal(f.metrics_count, 3);
    static const char *const bounds[][2] = {{"fbffffffffffffff", "0700000000000000"},
                                            {"6170706c65", "7a65627261"},
                                            {"01000000", "02000000"}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(f.metrics[i].field_id, i + 1); /* ascending */
        check_i64(f.metrics[i].value_count, 10);
        check_i64(f.metrics[i].null_value_count, 2);
        check_i64(f.metrics[i].nan_value_count, -1);
        check_i64(f.metrics[i].column_size, 50);
        assert_string_equal(hex_of(f.metrics[i].lower_bound), bounds[i][0]);
        assert_string_equal(hex_of(f.metrics[i].upper_bound), bounds[i][1]);
    }
}

/* One column of a type with these texts; what comes out, as hex, "" for none. */
static const struct {
    const char *type;
    const char *min;
    const char *max;
    const char *lower;
    const char *upper;
} bounds[] = {
    {"int", NULL, NULL, "", ""},
    {"int", "1", NULL, "01000000", ""},
    {"boolean", "0", "1", "00", "01"},
    {"double", "0.0", "0.0", "0000000000000080", "0000000000000000"}, /* the safe zeros */
    {"double", "-0.0", "-0.0", "0000000000000080", "0000000000000000"},
    {"float", "0", "1.5", "00000080", "0000c03f"},
    {"double", "nan", "nan", "", ""}, /* NaN is no bound */
    {"double", "1", "nan", "000000000000f03f", ""},
    {"decimal(9,2)", "-1.28", "1.28", "80", "0080"},
    {"string", "0123456789abcdefg", "0123456789abcdefg", "30313233343536373839616263646566",
     "30313233343536373839616263646567"},
    {"string", "0123456789abcdef", "0123456789abcdef", "30313233343536373839616263646566",
     "30313233343536373839616263646566"},
    {"string", "", "", NULL, NULL}, /* empty, and there */
    {"binary", "ffffffffffffffffffffffffffffffff", "ffffffffffffffffffffffffffffffffff",
     "ffffffffffffffffffffffffffffffff", ""},
    {"binary", "no hex", "00", "", "00"},
    {"uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7", "f79c3e09-677c-4bbd-a479-3f349cb785e7",
     "f79c3e09677c4bbda4793f349cb785e7", "f79c3e09677c4bbda4793f349cb785e7"},
    {"timestamptz", "1970-01-01 00:00:00.000001+00", "1970-01-01 00:00:00.000002+00",
     "0100000000000000", "0200000000000000"},
    {"time", "00:00:00", "25:00:00", "0000000000000000", ""},
};

static void bounds_follow_the_type(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(bounds); i++) {
        firn_type t = schema_of(firn_arena_printf(A, "a: %s", bounds[i].type));
        const firn_engine_column c = column("\"a\"", bounds[i].min, bounds[i].max);
        firn_data_file f = fill(NULL, &t, &c, 1);
        firn_slice lower = f.metrics[0].lower_bound;
        firn_slice upper = f.metrics[0].upper_bound;
        const char *want_lower = bounds[i].lower ? bounds[i].lower : "";
        const char *want_upper = bounds[i].upper ? bounds[i].upper : "";
        if (strcmp(hex_of(lower), want_lower) != 0 || strcmp(hex_of(upper), want_upper) != 0)
            fail_msg("%s %s..%s gives %s..%s", bounds[i].type, bounds[i].min, bounds[i].max,
                     hex_of(lower), hex_of(upper));
        assert_int_equal(lower.p != NULL, !bounds[i].lower || *bounds[i].lower);
        assert_int_equal(upper.p != NULL, !bounds[i].upper || *bounds[i].upper);
    }
}

static void modes_say_how_much_is_kept(void **state FIRN_UNUSED)
{
    firn_type t = schema_of("a: string");
    const firn_engine_column c = column("\"a\"", "0123456789abcdefg", "0123456789abcdefg");
    firn_data_file f = fill(table_with("{'write.metadata.metrics.default':'none'}"), &t, &c, 1);
    assert_int_equal(f.metrics_count, 0);
    f = fill(table_with("{'write.metadata.metrics.default':'counts'}"), &t, &c, 1);
    check_i64(f.metrics[0].value_count, 10);
    assert_null(f.metrics[0].lower_bound.p);
    assert_null(f.metrics[0].upper_bound.p);
    f = fill(table_with("{'write.metadata.metrics.default':'full'}"), &t, &c, 1);
    assert_int_equal(f.metrics[0].upper_bound.n, 17);
    f = fill(table_with("{'write.metadata.metrics.default':'truncate(2)'}"), &t, &c, 1);
    assert_string_equal(hex_of(f.metrics[0].lower_bound), "3031");
    assert_string_equal(hex_of(f.metrics[0].upper_bound), "3032");
}

static void nan_counts_are_zero_or_unknown(void **state FIRN_UNUSED)
{
    firn_type t = schema_of("a: double");
    static const int64_t want[] = {-1, 0, -1};
    for (int has = -1; has <= 1; has++) {
        firn_engine_column c = column("\"a\"", "1", "2");
        c.has_nan = has;
        firn_data_file f = fill(NULL, &t, &c, 1);
        check_i64(f.metrics[0].nan_value_count, want[has + 1]);
    }
}

/* Struct members have metrics, what lies in lists and maps has none. */
static void paths_lead_through_structs_only(void **state FIRN_UNUSED)
{
    firn_type t = schema_of("addr: struct<geo: struct<lat: double>>, tags: list<string>, "
                            "m: map<string, int>, ls: list<struct<x: int>>");
    const firn_engine_column columns[] = {
        column("\"addr\".\"geo\".\"lat\"", "1", "2"),
        column("\"tags\".\"list\".\"element\"", "a", "b"),
        column("\"tags\".\"element\"", "a", "b"),
        column("\"m\".\"key_value\".\"key\"", "a", "b"),
        column("\"m\".\"value\"", "1", "2"),
        column("\"ls\".\"element\".\"x\"", "1", "2"),
        column("\"addr\"", "1", "2"),
        column("\"addr\".\"nope\"", "1", "2"),
        column("\"nope\"", "1", "2"),
        column("addr", "1", "2"),
        column("", "1", "2"),
    };
    firn_data_file f = fill(NULL, &t, columns, FIRN_COUNT_OF(columns));
    assert_int_equal(f.metrics_count, 1);
    assert_int_equal(f.metrics[0].field_id, firn_schema_find(&t, s_("addr.geo.lat"))->id);
}

static void names_may_hold_dots_and_quotes(void **state FIRN_UNUSED)
{
    firn_field fields[] = {
        {.id = 1, .name = s_("a.b"), .type = {.kind = FIRN_T_INT}},
        {.id = 2, .name = s_("say \"hi\""), .type = {.kind = FIRN_T_INT}},
    };
    const firn_type t = {.kind = FIRN_T_STRUCT, .fields = fields, .field_count = 2};
    const firn_engine_column columns[] = {column("\"a.b\"", "1", "2"),
                                          column("\"say \"\"hi\"\"\"", "3", "4")};
    firn_data_file f = fill(NULL, &t, columns, 2);
    assert_int_equal(f.metrics_count, 2);
    assert_string_equal(hex_of(f.metrics[1].lower_bound), "03000000");
}

/* A date that no reader can show must not enter a table, whatever the mode. */
static void impossible_moments_are_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *type;
        const char *text;
    } rows[] = {
        {"date", "infinity"},        {"date", "-infinity"},
        {"date", "0044-03-15 (BC)"}, {"date", "10000-01-01"},
        {"timestamp", "infinity"},   {"timestamp", "294247-01-10 04:00:54.775806"},
        {"timestamptz", "infinity"},
    };
    static const char *const modes[] = {"full", "counts", "none", "truncate(4)"};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type t = schema_of(firn_arena_printf(A, "at: %s", rows[i].type));
        for (size_t k = 0; k < 2 * FIRN_COUNT_OF(modes); k++) {
            const firn_metadata *m = table_with(
                firn_arena_printf(A, "{'write.metadata.metrics.default':'%s'}", modes[k / 2]));
            const firn_engine_column c =
                column("\"at\"", k % 2 ? rows[i].text : NULL, k % 2 ? NULL : rows[i].text);
            firn_data_file f = {.record_count = 1};
            check_fails(firn_metrics_fill(m, &t, &c, 1, A, &f, &E), FIRN_E_DATA, &E,
                        "column 'at' holds");
            assert_non_null(strstr(E.advice, "0001 to 9999"));
        }
    }
}

/* Lists and maps have no metrics, but what lies in them is not to be lost sight of. */
static void impossible_moments_in_lists_are_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *column;
        const char *path;
    } rows[] = {
        {"at: list<date>", "\"at\".\"element\""},
        {"at: list<struct<x: int, y: list<timestamp>>>", "\"at\".\"element\".\"y\".\"element\""},
        {"at: map<date, int>", "\"at\".\"key\""},
        {"at: map<int, timestamptz>", "\"at\".\"value\""},
        {"at: struct<list: list<struct<value: date>>>", "\"at\".\"list\".\"element\".\"value\""},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_type t = schema_of(rows[i].column);
        for (size_t k = 0; k < 2; k++) {
            const firn_engine_column c =
                column(rows[i].path, k ? "infinity" : NULL, k ? NULL : "infinity");
            firn_data_file f = {.record_count = 1};
            check_fails(firn_metrics_fill(NULL, &t, &c, 1, A, &f, &E), FIRN_E_DATA, &E,
                        "column 'at.");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(modes_are_read),
        ICE_TEST(a_column_has_its_own_rule_or_the_default),
        ICE_TEST(counts_and_bounds_are_filled_in),
        ICE_TEST(bounds_follow_the_type),
        ICE_TEST(modes_say_how_much_is_kept),
        ICE_TEST(nan_counts_are_zero_or_unknown),
        ICE_TEST(paths_lead_through_structs_only),
        ICE_TEST(names_may_hold_dots_and_quotes),
        ICE_TEST(impossible_moments_are_refused),
        ICE_TEST(impossible_moments_in_lists_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
