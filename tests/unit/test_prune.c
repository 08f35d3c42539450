/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and plans as DuckDB 1.5.5 prints them (EXPLAIN (FORMAT json) over empty tables with
 * FIRN_PRUNE_OPTIMIZERS off); tests/suites/engine_parquet.py compares with the engine at hand. */
#include "check.h"

#include "engine/prune.h"
#include "iceberg/schema.h"

/* --- predicates as text -------------------------------------------------------------------- */

static const char *const op_words[] = {[FIRN_EXPR_TRUE] = "true",
                                       [FIRN_EXPR_FALSE] = "false",
                                       [FIRN_EXPR_AND] = "and",
                                       [FIRN_EXPR_OR] = "or",
                                       [FIRN_EXPR_EQ] = "=",
                                       [FIRN_EXPR_NE] = "!=",
                                       [FIRN_EXPR_LT] = "<",
                                       [FIRN_EXPR_LE] = "<=",
                                       [FIRN_EXPR_GT] = ">",
                                       [FIRN_EXPR_GE] = ">=",
                                       [FIRN_EXPR_IN] = "in",
                                       [FIRN_EXPR_IS_NULL] = "null",
                                       [FIRN_EXPR_NOT_NULL] = "not-null",
                                       [FIRN_EXPR_STARTS_WITH] = "starts"};

/* (and (>= 3 2024-05-01) …): operator, field id, values. */
static void print(const firn_expr *e, firn_buf *out, firn_err *err)
{
    check_ok(firn_buf_addf(out, err, "(%s", op_words[e->op]), err);
    if (e->type)
        check_ok(firn_buf_addf(out, err, " %d", (int)e->field_id), err);
    for (size_t i = 0; i < e->value_count; i++) {
        check_ok(firn_buf_addc(out, ' ', err), err);
        check_ok(firn_value_print(e->type, &e->values[i], out, err), err);
    }
    for (size_t i = 0; i < e->part_count; i++) {
        check_ok(firn_buf_addc(out, ' ', err), err);
        print(e->parts[i], out, err);
    }
    check_ok(firn_buf_addc(out, ')', err), err);
}

static const char *text_of(const firn_expr *e, firn_arena *a)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 20);
    if (!e)
        return "all rows";
    print(e, &out, &err);
    return firn_arena_strdup(a, firn_buf_cstr(&out));
}

/* Ids level by level: id 1 … bl 18, then st.a 19, st.b 20, st.in 21, st.in.x 22. */
static firn_type *schema_of(const char *text, firn_arena *a)
{
    firn_err err = {0};
    int32_t last = 0;
    firn_type *t = firn_arena_zalloc(a, sizeof *t);
    check_ok(firn_type_parse(firn_str_of(text), a, t, &err), &err);
    firn_schema_assign_ids(t, &last);
    return t;
}

#define WIDE                                                                                       \
    "struct<id: int, l: long, d: date, ts: timestamptz, tn: timestamp, name: string, "             \
    "st: struct<a: int, b: string, in: struct<x: int>>, amt: decimal(18,2), bo: boolean, "         \
    "dd: double, f: float, big: decimal(38,0), small: decimal(4,1), u: uuid, tt: time, "           \
    "bl: binary, li: list<int>, m: map<string, int>>"

static const struct {
    const char *text;
    const char *want;
} understood[] = {
    /* every operator */
    {"id=5", "(= 1 5)"},
    {"id!=5", "(!= 1 5)"},
    {"id<5", "(< 1 5)"},
    {"id<=5", "(<= 1 5)"},
    {"id>5", "(> 1 5)"},
    {"id>=5", "(>= 1 5)"},
    {"(id IS NULL)", "(null 1)"},
    {"(id IS NOT NULL)", "(not-null 1)"},
    {"optional: id IN (1, 5, 9)", "(in 1 1 5 9)"},
    {"id>=1 AND id<=3", "(and (>= 1 1) (<= 1 3))"},
    {"id!=3 AND id>=1 AND id<=5", "(and (!= 1 3) (>= 1 1) (<= 1 5))"},
    {"id<7 AND optional: id IN (1, 5, 9)", "(and (< 1 7) (in 1 1 5 9))"},
    {"optional: id=1 OR id=2", "(or (= 1 1) (= 1 2))"},
    {"optional: id>5 OR id<3", "(or (> 1 5) (< 1 3))"},
    /* every type */
    {"id=-5", "(= 1 -5)"},
    {"l=9223372036854775807", "(= 2 9223372036854775807)"},
    {"l=-9223372036854775808", "(= 2 -9223372036854775808)"},
    {"d>='2024-05-01'::DATE AND d<'2024-05-02'::DATE", "(and (>= 3 2024-05-01) (< 3 2024-05-02))"},
    {"d>'0001-01-01'::DATE", "(> 3 0001-01-01)"},
    {"optional: d IN ('2024-01-01'::DATE, '2024-02-01'::DATE)", "(in 3 2024-01-01 2024-02-01)"},
    {"optional: d='2024-01-01'::DATE OR d='2024-02-01'::DATE",
     "(or (= 3 2024-01-01) (= 3 2024-02-01))"},
    {"ts>='2024-01-01 00:00:00.123456+00'::TIMESTAMP WITH TIME ZONE",
     "(>= 4 2024-01-01T00:00:00.123456+00:00)"},
    {"tn>='2024-01-01 00:00:00.123'::TIMESTAMP", "(>= 5 2024-01-01T00:00:00.123)"},
    {"tn<'1969-12-31 23:59:59.999999'::TIMESTAMP", "(< 5 1969-12-31T23:59:59.999999)"},
    {"tn='9999-12-31 23:59:59.999999'::TIMESTAMP", "(= 5 9999-12-31T23:59:59.999999)"},
    {"name='it''s'", "(= 6 it's)"},
    {"name=''", "(= 6 )"},
    {"name='a\tb'", "(= 6 a\tb)"},
    {"name='a\\nb'", "(= 6 a\\nb)"},
    {"name='x AND id=5'", "(= 6 x AND id=5)"},
    {"name='optional: id=5'", "(= 6 optional: id=5)"},
    {"name>='abc' AND name<'abd'", "(and (>= 6 abc) (< 6 abd))"},
    {"name!='b' AND name>'a' AND name<'c'", "(and (!= 6 b) (> 6 a) (< 6 c))"},
    {"optional: name IN ('a', 'b''c')", "(in 6 a b'c)"},
    {"optional: name='x' OR name='y'", "(or (= 6 x) (= 6 y))"},
    {"starts_with(name, 'a''b')", "(starts 6 a'b)"},
    {"st.a=5", "(= 19 5)"},
    {"st.b='x'", "(= 20 x)"},
    {"st.in.x>3", "(> 22 3)"},
    {"amt=1.00", "(= 8 1.00)"},
    {"amt>=-0.01", "(>= 8 -0.01)"},
    {"bo=true", "(= 9 true)"},
    {"bo!=true", "(!= 9 true)"},
    {"bo", "(= 9 true)"},
    {"(NOT bo)", "(= 9 false)"},
    {"optional: bo IN (true, false)", "(in 9 true false)"},
    {"dd=-1.5e-07", "(= 10 -1.5e-07)"},
    {"dd=1000000000000000.0", "(= 10 1000000000000000.0)"},
    {"dd=1e+16", "(= 10 1e+16)"},
    {"dd=0.0", "(= 10 0.0)"},
    {"dd=123456789.12345679", "(= 10 123456789.12345679)"},
    {"dd<1e1000", "(< 10 inf)"},
    {"dd>-1e1000", "(> 10 -inf)"},
    {"f=0.1", "(= 11 0.1)"},
    {"f=3.4e+38", "(= 11 3.4e+38)"},
    {"big=12345678901234567890123456789012345678", "(= 12 12345678901234567890123456789012345678)"},
    {"small>99.0", "(> 13 99.0)"},
    {"u>'f79c3e09-677c-4bbd-a479-3f349cb785e7'::UUID",
     "(> 14 f79c3e09-677c-4bbd-a479-3f349cb785e7)"},
    {"tt>='10:00:00.5'::TIME", "(>= 15 10:00:00.500)"},
    /* days of timestamps, moments of dates */
    {"(CAST(ts AS DATE) = '2024-01-01'::DATE)",
     "(and (>= 4 2024-01-01T00:00:00+00:00) (<= 4 2024-01-01T23:59:59.999999+00:00))"},
    {"(CAST(tn AS DATE) > '2024-01-01'::DATE)", "(>= 5 2024-01-02T00:00:00)"},
    {"(CAST(tn AS DATE) >= '2024-01-01'::DATE)", "(>= 5 2024-01-01T00:00:00)"},
    {"(CAST(tn AS DATE) < '2024-01-01'::DATE)", "(<= 5 2023-12-31T23:59:59.999999)"},
    {"(CAST(tn AS DATE) <= '1969-12-31'::DATE)", "(<= 5 1969-12-31T23:59:59.999999)"},
    {"(CAST(ts AS DATE) BETWEEN '2024-01-01'::DATE AND '2024-01-31'::DATE)",
     "(and (>= 4 2024-01-01T00:00:00+00:00) (<= 4 2024-01-31T23:59:59.999999+00:00))"},
    {"(CAST(d AS TIMESTAMP) < '2024-01-01 10:00:00'::TIMESTAMP)", "(<= 3 2024-01-01)"},
    {"(CAST(d AS TIMESTAMP) < '2024-01-01 00:00:00'::TIMESTAMP)", "(<= 3 2023-12-31)"},
    {"(CAST(d AS TIMESTAMP) <= '2024-01-01 00:00:00'::TIMESTAMP)", "(<= 3 2024-01-01)"},
    {"(CAST(d AS TIMESTAMP) > '2024-01-01 00:00:00'::TIMESTAMP)", "(>= 3 2024-01-02)"},
    {"(CAST(d AS TIMESTAMP) >= '2024-01-01 00:00:00'::TIMESTAMP)", "(>= 3 2024-01-01)"},
    {"(CAST(d AS TIMESTAMP) >= '2024-01-01 00:00:00.000001'::TIMESTAMP)", "(>= 3 2024-01-02)"},
    {"(CAST(d AS TIMESTAMP) > '1969-12-30 10:00:00'::TIMESTAMP)", "(>= 3 1969-12-31)"},
    {"(CAST(d AS TIMESTAMP WITH TIME ZONE) > "
     "'2026-11-14 12:41:22.021872+00'::TIMESTAMP WITH TIME ZONE)",
     "(>= 3 2026-11-15)"},
    {"(CAST(d AS TIMESTAMP) = '2024-01-01 00:00:00'::TIMESTAMP)",
     "(and (>= 3 2024-01-01) (<= 3 2024-01-01))"},
};

static void conditions(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    const firn_type *schema = schema_of(WIDE, a);
    for (size_t i = 0; i < FIRN_COUNT_OF(understood); i++) {
        firn_err err = {0};
        const firn_expr *e;
        check_ok(firn_prune_condition(firn_str_of(understood[i].text), schema, a, &e, &err), &err);
        if (strcmp(text_of(e, a), understood[i].want) != 0)
            fail_msg("%s\n  gives %s\n  not   %s", understood[i].text, text_of(e, a),
                     understood[i].want);
    }
}

/* What the engine prints and a planner must not read anything into, and damaged forms of what it
 * reads. */
static const char *const opaque[] = {
    "",
    " ",
    "id",
    "id=",
    "id=5 ",
    "id=5 AND",
    "id=5 AND ",
    "id=5 OR",
    "id=5 XOR id=6",
    "id=5)",
    "(id=5",
    "id=five",
    "id=5::BIGINT",
    "id='5'",
    "id=5.5",
    "id=99999999999999999999",
    "rowid=5",
    "idx=5",
    "optional: Dynamic Filter (id)",
    "id<5 AND optional: id=1 OR id=7", /* what comes first cannot be told */
    "optional: id=1 OR id=7 AND optional: id<5 OR id>6",
    "id=1 OR id=7 AND id<5",
    "(id NOT IN (1, 2))",
    "optional: id IN (1, NULL)",
    "optional: id IN (1, 2",
    "optional: id IN ()",
    "(id IS NOT DISTINCT FROM 5)",
    "(id IS DISTINCT FROM 5)",
    "((id IS NULL) OR (id = 5))",
    "(id IS NULL) OR",
    "(COALESCE(id, 0) = 5)",
    "(-(id) > 5)",
    "(abs(id) = 5)",
    "(hash(id) = 5)",
    "(CAST(id AS BIGINT) > 2147483648)",
    "(CAST(id AS DECIMAL(11,1)) = 1.0)",
    "(CAST(id AS VARCHAR) = '5')",
    "(CAST(amt AS DECIMAL(19,3)) > 1.555)",
    "(CAST(f AS DOUBLE) > 1e+39)",
    "(CAST(ts AS DATE) != '2024-01-01'::DATE)",
    "(CAST(ts AS DATE) IS NULL)",
    "(CAST(ts AS DATE) = '2024-01-01'::TIMESTAMP)",
    "(CAST(ts AS DATE) = '2024-01-01'::DATE",
    "(CAST(ts AS TIMESTAMP) >= '2024-01-01 00:00:00'::TIMESTAMP)",
    "(CAST(tn AS TIMESTAMP) = '2024-01-01 00:00:00'::TIMESTAMP)",
    "(CAST(ts AS TIMESTAMP WITH TIME ZONE) > '2024-01-01 00:00:00+00'::TIMESTAMP)",
    "(CAST(name AS DATE) = '2024-01-01'::DATE)",
    "((CAST(ts AS DATE) = '2024-01-01'::DATE) OR (CAST(ts AS DATE) = '2024-01-02'::DATE))",
    "((d + '1 day'::INTERVAL) > '2024-01-01 00:00:00'::TIMESTAMP)",
    "(\"year\"(d) = 2024)",
    "(\"year\"(ts) = 2024) AND (\"month\"(ts) = 5)",
    "(timezone('UTC', ts) > '2024-01-01 00:00:00'::TIMESTAMP)",
    "CASE  WHEN ((id = 5)) THEN (true) ELSE false END",
    "list_contains([1, 2], id)",
    "d='0044-03-15 (BC)'::DATE",
    "d='infinity'::DATE",
    "d>'10000-01-01'::DATE",
    "d='2024-02-30'::DATE",
    "d='2024-01-01'",
    "d='2024-01-01'::TIMESTAMP",
    "tn>'10000-01-01 00:00:00'::TIMESTAMP",
    "tn='2024-01-01 00:00:00+00'::TIMESTAMP WITH TIME ZONE",
    "tn='2024-01-01 00:00:00'::TIMESTAMP_S",
    "tn='2024-01-01 00:00:00'::TIMESTAMP_NS",
    "ts='2024-01-01 00:00:00'::TIMESTAMP",
    "tt='25:00:00'::TIME",
    "dd<'nan'::DOUBLE",
    "optional: dd IN (1.0, 'nan'::DOUBLE)",
    "amt=1.005",
    "amt=99999999999999999999.00",
    "bl='\\xAA\\x01'::BLOB",
    "u='f79c3e09'::UUID",
    "u='f79c3e09-677c-4bbd-a479-3f349cb785e7'",
    "bo=maybe",
    "bo=1",
    "(NOT id)",
    "(NOT (bo))",
    "name=chr(0)",
    "name='",
    "name='it''s",
    "name='a' || 'b'",
    "name='a'::VARCHAR",
    "(name ~~ 'a_c%')",
    "(name ~~* 'ab%')",
    "(name ^@ 'ab')",
    "(lower(name) = 'a')",
    "suffix(name, 'c')",
    "name>='\xF4\x8F\xBF\xBF' AND prefix(name, '\xF4\x8F\xBF\xBF')",
    "like_escape(name, 'a\\%%', '\\')",
    "regexp_full_match(name, 'ab.*')",
    "starts_with(name, 'ab'",
    "starts_with(name)",
    "starts_with(id, 'ab')",
    "st IS NULL",
    "(st IS NOT NULL)",
    "st.c=5",
    "st.=5",
    "(struct_extract(st, 'a') IS NULL)",
    "(st = {'a': 1, 'b': 'x', 'in': {'x': 1}})",
    "(li = [1, 2])",
    "(array_extract(li, 1) = 5)",
    "(map_extract_value(m, 'a') = 1)",
};

static void not_understood(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    const firn_type *schema = schema_of(WIDE, a);
    for (size_t i = 0; i < FIRN_COUNT_OF(opaque); i++) {
        firn_err err = {0};
        const firn_expr *e;
        check_ok(firn_prune_condition(firn_str_of(opaque[i]), schema, a, &e, &err), &err);
        if (e->op != FIRN_EXPR_TRUE)
            fail_msg("'%s' is taken for %s", opaque[i], text_of(e, a));
    }
}

/* The plan prints names without quotes: a name that reads like a condition stops all pruning of its
 * table, others are found with the longest match. */
static void odd_names(void **state FIRN_UNUSED)
{
    static const struct {
        const char *name; /* of the second column, beside "a" */
        const char *text;
        const char *want;
    } cases[] = {
        {"b", "a=1", "(= 1 1)"},
        {"My Col", "My Col>3", "(> 2 3)"},
        {"a b", "a b=5", "(= 2 5)"},
        {"ab", "ab=5", "(= 2 5)"},
        {"\xC3\xA9", "\xC3\xA9=5", "(= 2 5)"},
        {"select", "select=5", "(= 2 5)"},
        {"CAST", "CAST=5", "(= 2 5)"},
        {"optional", "optional=5", "(= 2 5)"},
        {"a=1 AND b", "a=1 AND b=5", "(true)"},
        {"a ANDY", "a=1", "(true)"},
        {"q\"x", "a=1", "(true)"},
        {"it's", "a=1", "(true)"},
        {"a.b", "a.b=5", "(true)"},
        {"a IS b", "a=1", "(true)"},
        {"x IN y", "a=1", "(true)"},
        {"f(x)", "a=1", "(true)"},
        {"a,b", "a=1", "(true)"},
        {"optional: a", "optional: a=5", "(true)"},
        {"c\nd", "a=1", "(true)"},
        {" b", "a=1", "(true)"},
        {"b ", "a=1", "(true)"},
        {"", "a=1", "(true)"},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        const firn_expr *e;
        firn_field fields[] = {
            {.id = 1, .name = FIRN_STR_LIT("a"), .type = {.kind = FIRN_T_INT}},
            {.id = 2, .name = firn_str_of(cases[i].name), .type = {.kind = FIRN_T_INT}}};
        firn_type schema = {.kind = FIRN_T_STRUCT, .fields = fields, .field_count = 2};
        check_ok(firn_prune_condition(firn_str_of(cases[i].text), &schema, a, &e, &err), &err);
        if (strcmp(text_of(e, a), cases[i].want) != 0)
            fail_msg("%s beside %s gives %s", cases[i].text, cases[i].name, text_of(e, a));
    }
}

/* A name inside of a list counts as well: what the plan prints of it may hold a quote. */
static void odd_names_below(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    const firn_expr *e;
    firn_type *schema = schema_of("struct<id: int, li: list<struct<x: int>>>", a);
    schema->fields[1].type.fields[0].type.fields[0].name = FIRN_STR_LIT("it's");
    check_ok(firn_prune_condition(FIRN_STR_LIT("id=5"), schema, a, &e, &err), &err);
    assert_int_equal(e->op, FIRN_EXPR_TRUE);
}

/* --- plans --------------------------------------------------------------------------------- */

#define SCAN(table, filters)                                                                       \
    "{\"name\": \"SEQ_SCAN\", \"children\": [], \"extra_info\": {\"Table\": \"" table "\", "       \
    "\"Type\": \"Sequential Scan\", \"Projections\": \"id\"" filters "}}"
#define FILTERS(json) ", \"Filters\": " json
#define NODE(name, children)                                                                       \
    "{\"name\": \"" name "\", \"children\": [" children "], \"extra_info\": {}}"

static void plans(void **state FIRN_UNUSED)
{
    static const struct {
        const char *plan;
        const char *want; /* for lake.raw.t */
    } cases[] = {
        {"[" SCAN("lake.raw.t", FILTERS("\"id=5\"")) "]", "(= 1 5)"},
        {"[" SCAN("lake.raw.t", FILTERS("[\"id>=3 AND id<=9\", \"d='2024-01-01'::DATE\"]")) "]",
         "(and (and (>= 1 3) (<= 1 9)) (= 2 2024-01-01))"},
        {"[" SCAN("lake.raw.t", "") "]", "all rows"},
        {"[" SCAN("LAKE.Raw.T", FILTERS("\"id=5\"")) "]", "(= 1 5)"},
        {"[" SCAN("\\\"lake\\\".raw.\\\"t\\\"", FILTERS("\"id=5\"")) "]", "(= 1 5)"},
        /* what is not understood is left out of the conjunction */
        {"[" SCAN("lake.raw.t", FILTERS("[\"(abs(id) = 5)\", \"id>3\"]")) "]", "(> 1 3)"},
        {"[" SCAN("lake.raw.t", FILTERS("[\"id=5\", \"optional: Dynamic Filter (d)\"]")) "]",
         "(= 1 5)"},
        {"[" SCAN("lake.raw.t", FILTERS("[\"(abs(id) = 5)\"]")) "]", "all rows"},
        /* other tables */
        {"[" SCAN("lake.raw.t2", FILTERS("\"id=5\"")) "]", "all rows"},
        {"[" SCAN("lake.raw.\\\"t2\\\"", FILTERS("\"id=5\"")) "]", "all rows"},
        {"[" SCAN("lake.raw.", FILTERS("\"id=5\"")) "]", "all rows"},
        {"[" NODE("HASH_JOIN", SCAN("lake.raw.t2", FILTERS("\"id=5\"")) ", " SCAN(
                                   "lake.raw.t", FILTERS("\"id=7\""))) "]",
         "(= 1 7)"},
        /* a join with itself: what either needs */
        {"[" NODE("PROJECTION",
                  NODE("HASH_JOIN", SCAN("lake.raw.t", FILTERS("\"id=5\"")) ", " SCAN(
                                        "lake.raw.t", FILTERS("\"d='2024-01-01'::DATE\"")))) "]",
         "(or (= 1 5) (= 2 2024-01-01))"},
        {"[" NODE("HASH_JOIN",
                  SCAN("lake.raw.t", FILTERS("\"id=5\"")) ", " SCAN("lake.raw.t", "")) "]",
         "all rows"},
        {"[" NODE("UNION", SCAN("lake.raw.t", FILTERS("\"id=1\"")) ", " SCAN(
                               "lake.raw.t", FILTERS("\"id=2\""))) "]",
         "(or (= 1 1) (= 1 2))"},
        /* a materialized CTE; its reader has a FILTER of its own, which does not count */
        {"[" NODE("CTE", SCAN("lake.raw.t",
                              FILTERS("\"id=5\"")) ", "
                                                   "{\"name\": \"FILTER\", \"children\": "
                                                   "[{\"name\": \"CTE_SCAN\", \"children\": [], "
                                                   "\"extra_info\": {\"CTE Index\": \"0\"}}], "
                                                   "\"extra_info\": {\"Expression\": "
                                                   "\"(d = '2024-01-03'::DATE)\"}}") "]",
         "(= 1 5)"},
        /* OR stays in a FILTER above the scan */
        {"[{\"name\": \"FILTER\", \"children\": [" SCAN(
             "lake.raw.t", "") "], \"extra_info\": "
                               "{\"Expression\": \"((id = 3) OR (name = 'a'))\"}}]",
         "all rows"},
        {"[{\"name\": \"FILTER\", \"children\": [" SCAN(
             "lake.raw.t",
             FILTERS(
                 "\"optional: id=1 OR id=2\"")) "], \"extra_info\": {\"Expression\": \"((id = 1) "
                                                "OR (id = 2))\"}}]",
         "(or (= 1 1) (= 1 2))"},
        /* EXISTS with a subquery on the same table */
        {"[" NODE("RIGHT_DELIM_JOIN",
                  SCAN("lake.raw.t", FILTERS("\"d='2024-01-01'::DATE\"")) ", " NODE(
                      "HASH_JOIN", SCAN("lake.raw.t", FILTERS("\"name='x'\"")))) "]",
         "(or (= 2 2024-01-01) (= 3 x))"},
        {"[" NODE("EMPTY_RESULT", "") "]", "all rows"},
        {"[]", "all rows"},
        {"{}", "all rows"},
        /* line ends in texts cut conditions: name = 'x<newline>id>=5<newline>y' */
        {"[" SCAN("lake.raw.t", FILTERS("[\"name='x\", \"id>=5\", \"y'\"]")) "]", "all rows"},
        {"[" SCAN("lake.raw.t", FILTERS("[\"name='q''\", \"id>=5\", \"''q'\"]")) "]", "all rows"},
        {"[" SCAN("lake.raw.t", FILTERS("[\"id=5\", \"(name IS NOT DISTINCT FROM 'x\", \"id>=5\", "
                                        "\"y')\"]")) "]",
         "all rows"},
        {"[" SCAN("lake.raw.t", FILTERS("[\"optional: name IN ('a', 'b\", \"c', 'd')\"]")) "]",
         "all rows"},
        /* and a NUL ends it: name = chr(0) || 'x' */
        {"[" SCAN("lake.raw.t", FILTERS("\"name='\"")) "]", "all rows"},
        /* forms that never came */
        {"[" SCAN("lake.raw.t", FILTERS("5")) "]", "all rows"},
        {"[" SCAN("lake.raw.t", FILTERS("[5, null, {}, \"id=5\"]")) "]", "(= 1 5)"},
        {"[5, null, {\"extra_info\": []}, {\"children\": {}}]", "all rows"},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    const firn_type *schema = schema_of("struct<id: int, d: date, name: string>", a);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        FIRN_AUTO(firn_json_unref) json_t *plan = NULL;
        firn_str text = firn_str_of(cases[i].plan);
        const firn_expr *e;
        check_ok(firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, &plan, &err), &err);
        check_ok(firn_prune_filter(plan, FIRN_STR_LIT("lake.raw.t"), schema, a, &e, &err), &err);
        if (strcmp(text_of(e, a), cases[i].want) != 0)
            fail_msg("%s\n  gives %s\n  not   %s", cases[i].plan, text_of(e, a), cases[i].want);
    }
}

/* Names with dots, quotes and capitals are quoted by the plan. */
static void quoted_table(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    FIRN_AUTO(firn_json_unref) json_t *plan = NULL;
    firn_err err = {0};
    const firn_expr *e;
    const firn_type *schema = schema_of("struct<id: int>", a);
    firn_str text = FIRN_STR_LIT(
        "[" SCAN("\\\"al.i'as\\\".\\\"my.ns\\\".\\\"t\\\"\\\"x\\\"", FILTERS("\"id=5\"")) "]");
    check_ok(firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, &plan, &err), &err);
    check_ok(firn_prune_filter(plan, FIRN_STR_LIT("al.i'as.my.ns.t\"x"), schema, a, &e, &err),
             &err);
    assert_string_equal(text_of(e, a), "(= 1 5)");
}

/* A plan deeper than any statement makes is refused, not followed. */
static void deep_plan(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    const firn_expr *e;
    const firn_type *schema = schema_of("struct<id: int>", a);
    json_t *node = json_pack("{s:s, s:[]}", "name", "SEQ_SCAN", "children");
    for (int i = 0; i < 1100; i++)
        node = json_pack("{s:s, s:[o]}", "name", "PROJECTION", "children", node);
    FIRN_AUTO(firn_json_unref) json_t *plan = json_pack("[o]", node);
    check_fails(firn_prune_filter(plan, FIRN_STR_LIT("t"), schema, a, &e, &err), FIRN_E_LIMIT, &err,
                "1000 levels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions), cmocka_unit_test(not_understood),
        cmocka_unit_test(odd_names),  cmocka_unit_test(odd_names_below),
        cmocka_unit_test(plans),      cmocka_unit_test(quoted_table),
        cmocka_unit_test(deep_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
