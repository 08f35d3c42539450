/* SPDX-License-Identifier: Apache-2.0 */
/* Checks as they are written in a model's header: what they mean, and what is said of wrong ones.
 */
#include "arena_help.h"
#include "check.h"

#include "base/mem.h"
#include "pipeline/model.h"

static firn_code parse(const char *header, firn_model *ret, firn_err *err)
{
    const char *text = firn_arena_printf(arena, "/* firn\n%s\n*/\nSELECT 1 AS a", header);
    const firn_ident ident = {FIRN_STR_LIT("curated"), FIRN_STR_LIT("t")};
    return firn_model_parse(firn_str_of(text), ident, "t.sql", arena, ret, err);
}

static const firn_check *only(const char *header)
{
    firn_err err = {0};
    firn_model m;
    check_ok(parse(header, &m, &err), &err);
    check_i64(m.table.check_count, 1);
    return &m.table.checks[0];
}

static void names(void **state FIRN_UNUSED)
{
    static const struct {
        const char *header;
        const char *name;
        firn_check_kind kind;
    } rows[] = {
        {"checks: ['a > 0']", "a > 0", FIRN_CHECK_EXPRESSION},
        {"columns: {a: {checks: [not_null]}}", "not_null(a)", FIRN_CHECK_NOT_NULL},
        {"columns: {a.b: {checks: [unique]}}", "unique(a.b)", FIRN_CHECK_UNIQUE},
        {"checks: [{unique: [a, b]}]", "unique(a, b)", FIRN_CHECK_UNIQUE},
        {"checks: [{unique: a}]", "unique(a)", FIRN_CHECK_UNIQUE},
        {"columns: {a: {checks: [{accepted_values: [x]}]}}", "accepted_values(a)",
         FIRN_CHECK_ACCEPTED_VALUES},
        {"columns: {a: {checks: [{relationships: {to: n.u, field: id}}]}}",
         "relationships(a, n.u.id)", FIRN_CHECK_RELATIONSHIPS},
        {"checks: [{relationships: {column: a, to: n.u}}]", "relationships(a, n.u.a)",
         FIRN_CHECK_RELATIONSHIPS},
        {"checks: [{row_count: 3}]", "row_count", FIRN_CHECK_ROW_COUNT},
        {"columns: {a: {checks: [{freshness: 2d}]}}", "freshness(a)", FIRN_CHECK_FRESHNESS},
        {"checks: [{freshness: {column: a, max_age: 2d}}]", "freshness(a)", FIRN_CHECK_FRESHNESS},
        {"checks: [{check: 'a > 0', name: positive}]", "positive", FIRN_CHECK_EXPRESSION},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        const firn_check *k = only(rows[i].header);
        check_str(k->name, rows[i].name);
        check_i64(k->kind, rows[i].kind);
        check_i64(k->severity, FIRN_SEVERITY_ERROR);
    }
}

static void parts(void **state FIRN_UNUSED)
{
    const firn_check *k = only("columns: {a: {checks: [{accepted_values: {values: [1, 'x'], "
                               "quote: false}, severity: warn, where: ' b > 1 '}]}}");
    check_i64(k->values.n, 2);
    check_str(k->values.v[1], "x");
    check_i64(k->severity, FIRN_SEVERITY_WARN);
    check_str(k->where, "b > 1");
    k = only("checks: [{unique: [a, b.c]}]");
    check_i64(k->columns.n, 2);
    check_str(k->columns.v[1], "b.c");
    check_str(k->column, "");
    k = only("columns: {a: {checks: [{relationships: {to: n.m.u, field: id}}]}}");
    check_str(k->to.ns, "n.m");
    check_str(k->to.name, "u");
    check_str(k->field, "id");
    k = only("checks: [{row_count: {min: 2}}]");
    check_i64(k->min_rows, 2);
    check_i64(k->max_rows, INT64_MAX);
    k = only("checks: [{row_count: {max: 2}}]");
    check_i64(k->min_rows, 0);
    check_i64(k->max_rows, 2);
    k = only("columns: {a: {checks: [{freshness: 36h}]}}");
    check_i64(k->max_age_ms, (int64_t)36 * 3600 * 1000);
}

static void wrong(void **state FIRN_UNUSED)
{
    static const struct {
        const char *header;
        const char *text;
        const char *where;
    } rows[] = {
        {"checks: [1, []]", "not a list", "t.sql:2:13"},
        {"checks: ['']", "not nothing", "t.sql:2:10"},
        {"columns: {a: {checks: [notnull]}}", "there is no check 'notnull'", "t.sql:2:24"},
        {"checks: [unique]", "a check of a column", "t.sql:2:10"},
        {"columns: {'a[].b': {checks: [unique]}}", "cannot look into a list", "t.sql:2:30"},
        {"columns: {a: {checks: [freshness]}}", "does not say enough", "t.sql:2:24"},
        {"checks: [{name: x}]", "does not say what to check", "t.sql:2:10"},
        {"checks: [{row_count: -1}]", "a number of rows", "t.sql:2:22"},
        {"checks: [{row_count: {min: -1}}]", "min", "t.sql:2:28"},
        {"checks: [{freshness: {column: a, max_age: 0d}}]", "max_age", "t.sql:2:43"},
        {"columns: {a: {checks: [{accepted_values: [[1]]}]}}", "a value is a text", "t.sql:2:43"},
        {"checks: [{relationships: {to: n.u__rejects, column: a}}]", "__rejects", "t.sql:2:31"},
        {"checks: ['a > 0', {check: 'a > 0'}]", "two checks", "t.sql:2:19"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        firn_model m;
        check_fails(parse(rows[i].header, &m, &err), FIRN_E_CONFIG, &err, rows[i].text);
        check_str(firn_str_of(err.where), rows[i].where);
        assert_true(err.advice[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
