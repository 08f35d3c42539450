/* SPDX-License-Identifier: Apache-2.0 */
/* Time travel in statements: which words ask for it, and which only look like it.  The forms are
 * those of the documentation of DuckDB 1.5, Spark 3.5 and Trino 476. */
#include "sql_help.h"

#include "base/arena.h"
#include "base/datetime.h"
#include "engine/sql_travel.h"

static const firn_sql_origin start = {.line = 1, .column = 1};

/* "version 12", "time 1000", "branch b", … and where the clause ends; "-" for none. */
static const char *clause_text(firn_str sql, firn_arena *a)
{
    static const char *const words[] = {"-", "version", "time", "branch", "tag", "ref"};
    firn_err err = {0};
    firn_sql_at at;
    if (firn_sql_travel(sql, 0, &start, a, &at, &err) != FIRN_OK)
        return firn_arena_printf(a, "error %s", err.where);
    if (at.at.kind == FIRN_AT_CURRENT)
        return "-";
    const char *word = words[at.at.kind];
    if (at.expr.p)
        return firn_arena_printf(a, "%s (%.*s) @%zu", word, FIRN_STR_ARG(at.expr), at.end);
    if (at.at.kind == FIRN_AT_VERSION)
        return firn_arena_printf(a, "%s %lld @%zu", word, (long long)at.at.snapshot_id, at.end);
    if (at.at.kind == FIRN_AT_TIMESTAMP)
        return firn_arena_printf(a, "%s %lld @%zu", word, (long long)at.at.timestamp_ms, at.end);
    return firn_arena_printf(a, "%s %.*s @%zu", word, FIRN_STR_ARG(at.at.name), at.end);
}

/* 1793527200000 is 2026-11-01T10:00:00Z (date -d … +%s). */
static void clauses(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"AT (VERSION => 123) x", "version 123 @19"},
        {"at(version=>123)", "version 123 @16"},
        {"AT (VERSION 123)", "version 123 @16"},
        {"AT (VERSION := 123)", "version 123 @19"},
        {"AT (VERSION = 123)", "version 123 @18"},
        {"AT (VERSION => '123')", "version 123 @21"},
        {"AT (VERSION => 'audit')", "ref audit @23"},
        {"AT (VERSION => audit)", "ref audit @21"},
        {"AT (VERSION 9223372036854775807)", "version 9223372036854775807 @32"},
        {"AT (TIMESTAMP => TIMESTAMP '2026-11-01 10:00:00')", "time 1793527200000 @49"},
        {"AT (TIMESTAMP '2026-11-01 10:00:00')", "time 1793527200000 @36"},
        {"AT (TIMESTAMP => '2026-11-01T10:00:00Z')", "time 1793527200000 @40"},
        {"AT (TIMESTAMP => TIMESTAMPTZ '2026-11-01 12:00:00+02')", "time 1793527200000 @54"},
        {"AT (TIMESTAMP => TIMESTAMP WITH TIME ZONE '2026-11-01 05:00:00 -05:00')",
         "time 1793527200000 @71"},
        {"AT (TIMESTAMP => DATE '2026-11-01')", "time 1793491200000 @35"},
        {"AT (TIMESTAMP '2026-11-01')", "time 1793491200000 @27"},
        {"AT (TIMESTAMP => 1793527200)", "time 1793527200000 @28"},
        {"AT (TIMESTAMP => '2026-11-01 10:00:00.1239 UTC')", "time 1793527200123 @48"},
        {"AT (TIMESTAMP => '2026-11-01 10:00:00 Europe/Vienna')",
         "time (SELECT epoch_ms(CAST(('2026-11-01 10:00:00 Europe/Vienna'\n) AS TIMESTAMPTZ))) "
         "@53"},
        {"AT (TIMESTAMP => now() - INTERVAL 1 DAY) o",
         "time (SELECT epoch_ms(CAST((now() - INTERVAL 1 DAY\n) AS TIMESTAMPTZ))) @40"},
        {"AT (TIMESTAMP => CAST('x)' AS TIMESTAMP))",
         "time (SELECT epoch_ms(CAST((CAST('x)' AS TIMESTAMP)\n) AS TIMESTAMPTZ))) @41"},
        {"AT (BRANCH b)", "branch b @13"},
        {"AT (BRANCH => 'my b')", "branch my b @21"},
        {"AT (BRANCH \"My-B\")", "branch My-B @18"},
        {"AT (BRANCH audit-2026)", "branch audit-2026 @22"},
        {"AT (TAG => 't''1')", "tag t'1 @18"},
        {"AT /* a */ ( -- b\n TAG t )", "tag t @26"},
        {"FOR VERSION AS OF 123 AS o", "version 123 @21"},
        {"FOR VERSION AS OF 'v1'", "ref v1 @22"},
        {"FOR VERSION AS OF '123'", "version 123 @23"},
        {"FOR SYSTEM_VERSION AS OF 123", "version 123 @28"},
        {"VERSION AS OF 123 WHERE x", "version 123 @17"},
        {"version as of \"audit\"", "ref audit @21"},
        {"FOR TIMESTAMP AS OF TIMESTAMP '2026-11-01 10:00:00' AS o", "time 1793527200000 @51"},
        {"FOR SYSTEM_TIME AS OF '2026-11-01 12:00:00+02:00', raw.x", "time 1793527200000 @49"},
        {"TIMESTAMP AS OF '2026-11-01 10:00:00' o", "time 1793527200000 @37"},
        {"TIMESTAMP AS OF 1793527200", "time 1793527200000 @26"},
        {"TIMESTAMP AS OF DATE '2026-11-01' - INTERVAL '1' DAY o",
         "time (SELECT epoch_ms(CAST((DATE '2026-11-01' - INTERVAL '1' DAY\n) AS TIMESTAMPTZ))) "
         "@52"},
        {"FOR TIMESTAMP AS OF current_timestamp - interval '1' hour WHERE y",
         "time (SELECT epoch_ms(CAST((current_timestamp - interval '1' hour\n) AS "
         "TIMESTAMPTZ))) @57"},
        {"TIMESTAMP AS OF date_sub(x, (1)) AS o",
         "time (SELECT epoch_ms(CAST((date_sub(x, (1))\n) AS TIMESTAMPTZ))) @32"},
        {"TIMESTAMP AS OF ('2026-11-01' || 'x') o",
         "time (SELECT epoch_ms(CAST((('2026-11-01' || 'x')\n) AS TIMESTAMPTZ))) @37"},
        {"TIMESTAMP AS OF '2026-11-01'::TIMESTAMP AT TIME ZONE 'Asia/Tokyo' o",
         "time (SELECT epoch_ms(CAST(('2026-11-01'::TIMESTAMP AT TIME ZONE 'Asia/Tokyo'\n) AS "
         "TIMESTAMPTZ))) @65"},
    };
    check_samples(clause_text, cases, FIRN_COUNT_OF(cases));
}

static void look_alikes(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"AT TIME ZONE 'UTC'", "-"},
        {"at (a, b)", "-"},
        {"at (version)", "-"},
        {"at (version, timestamp)", "-"},
        {"at (timestamp, x) WHERE", "-"},
        {"AT", "-"},
        {"AT (", "-"},
        {"AT ('VERSION' => 1)", "-"},
        {"\"at\" (VERSION => 1)", "-"},
        {"'AT (VERSION => 1)'", "-"},
        {"FOR UPDATE", "-"},
        {"FOR SHARE", "-"},
        {"FOR version IN (1, 2)", "-"},
        {"version", "-"},
        {"version AS o", "-"},
        {"timestamp AS of2", "-"},
        {"branch AS OF 'b'", "-"},
        {"ASOF JOIN t", "-"},
        {"x AT (VERSION => 1)", "-"},
        {"", "-"},
    };
    check_samples(clause_text, cases, FIRN_COUNT_OF(cases));
}

static void mistakes(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"AT (OFFSET => -60)", "error line 1, column 5"},
        {"AT (VERSION => )", "error line 1, column 15"},
        {"AT (VERSION => 1, 2)", "error line 1, column 15"},
        {"AT (VERSION => -1)", "error line 1, column 15"},
        {"AT (VERSION => 1.5)", "error line 1, column 16"},
        {"AT (VERSION => 99999999999999999999)", "error line 1, column 16"},
        {"AT (VERSION => '')", "error line 1, column 16"},
        {"AT (VERSION => 1", "error line 1, column 4"},
        {"AT (TIMESTAMP => )", "error line 1, column 17"},
        {"AT (TIMESTAMP => 1793527200000)", "error line 1, column 18"}, /* milliseconds */
        {"AT (BRANCH => a b)", "error line 1, column 14"},
        {"AT (TAG => '')", "error line 1, column 11"},
        {"VERSION AS OF", "error line 1, column 12"},
        {"FOR SYSTEM_TIME FROM '2026-01-01' TO '2026-02-01'", "error line 1, column 17"},
        {"FOR SYSTEM_TIME BETWEEN 1 AND 2", "error line 1, column 17"},
    };
    check_samples(clause_text, cases, FIRN_COUNT_OF(cases));
}

static void selectors(void **state FIRN_UNUSED)
{
    firn_at at;
    assert_true(firn_sql_travel_selector(FIRN_STR_LIT("branch_a_b"), &at));
    assert_int_equal(at.kind, FIRN_AT_BRANCH);
    check_str(at.name, "a_b");
    assert_true(firn_sql_travel_selector(FIRN_STR_LIT("TAG_x"), &at));
    assert_int_equal(at.kind, FIRN_AT_TAG);
    assert_true(firn_sql_travel_selector(FIRN_STR_LIT("snapshot_id_42"), &at));
    check_i64(at.snapshot_id, 42);
    assert_true(firn_sql_travel_selector(FIRN_STR_LIT("at_timestamp_1793527200000"), &at));
    check_i64(at.timestamp_ms, INT64_C(1793527200000));
    assert_false(firn_sql_travel_selector(FIRN_STR_LIT("branch_"), &at));
    assert_false(firn_sql_travel_selector(FIRN_STR_LIT("snapshot_id_x"), &at));
    assert_false(firn_sql_travel_selector(FIRN_STR_LIT("branches"), &at));
}

/* A clause cut at every place ends in time and reads no byte behind its end (ASan). */
static void cut_anywhere(void **state FIRN_UNUSED)
{
    static const char *const texts[] = {
        "AT (TIMESTAMP => CAST('2026' AS TIMESTAMP) - INTERVAL (1 + 2) DAYS)",
        "FOR TIMESTAMP AS OF TIMESTAMP WITH TIME ZONE '2026-11-01'::TIMESTAMP(3) AT TIME ZONE 'x'",
        "FOR SYSTEM_VERSION AS OF E'a\\'b'",
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(texts); i++) {
        for (size_t n = 0; n <= strlen(texts[i]); n++) {
            char *copy = firn_arena_alloc(a, n + 1);
            memcpy(copy, texts[i], n);
            assert_non_null(clause_text((firn_str){copy, n}, a));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clauses),   cmocka_unit_test(look_alikes),  cmocka_unit_test(mistakes),
        cmocka_unit_test(selectors), cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
