/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests as they are written: files, CSV, values and their types, and the comparing of rows. */
#include "arena_help.h"
#include "check.h"

#include "base/mem.h"
#include "pipeline/unit_int.h"
#include "pipeline/yaml.h"

static firn_code parse(const char *yaml, firn_unit_vec *ret, firn_err *err)
{
    *ret = (firn_unit_vec){0};
    return firn_unit_tests_parse(firn_str_of(yaml), "t.yml", arena, ret, err);
}

/* --- files --------------------------------------------------------------------------------- */

static void a_file(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_unit_vec v;
    check_ok(parse("version: 2\n"
                   "unit_tests:\n"
                   "  - name: a\n"
                   "    model: curated.t\n"
                   "    vars: {today: 2025-01-31}\n"
                   "    given:\n"
                   "      raw.x: [{a: 1, b: null}, {a: 2}]\n"
                   "      raw.y:\n"
                   "      raw.z: {sql: 'SELECT 1 AS i; '}\n"
                   "    expect: {rows: [{a: 1}], ordered: true, tolerance: 0.5}\n"
                   "  - {name: b, model: t, expect: []}\n",
                   &v, &err),
             &err);
    check_i64(v.n, 2);
    const firn_unit_test *t = &v.v[0];
    check_str(t->name, "a");
    check_str(t->model_name, "curated.t");
    check_i64(t->place.line, 3);
    check_i64(t->given_count, 3);
    check_str(t->given[0].ident.ns, "raw");
    check_i64(t->given[0].rows.count, 2);
    check_i64(t->given[1].rows.count, 0);
    check_str(t->given[2].rows.sql, "SELECT 1 AS i");
    assert_true(t->ordered);
    assert_true(t->tolerance == 0.5);
    check_i64(t->expect.count, 1);
    check_i64(v.v[1].expect.count, 0);
    check_ok(parse("# nothing\n", &v, &err), &err);
    check_i64(v.n, 0);
}

static void wrong_files(void **state FIRN_UNUSED)
{
    static const struct {
        const char *yaml;
        const char *text;
        const char *where;
    } rows[] = {
        {"a: 1", "unknown key", "t.yml:1:1"},
        {"unit_tests: [{model: t, expect: []}]", "name", "t.yml:1:14"},
        {"unit_tests: [{name: a, model: t, expect: x}]", "expect", "t.yml:1:42"},
        {"unit_tests: [{name: ' ', model: t, expect: []}]", "the name is empty", "t.yml:1:21"},
        {"unit_tests: [{name: a, model: t, expect: [], given: {x: []}}]", "no namespace",
         "t.yml:1:54"},
        {"unit_tests: [{name: a, model: t, expect: {sql: ';'}}]", "the statement is empty",
         "t.yml:1:48"},
        {"unit_tests: [{name: a, model: t, expect: {rows: [], tolerance: 0}}]", "tolerance",
         "t.yml:1:64"},
        {"unit_tests: [{name: a, model: t, expect: [1]}]", "a row is a map", "t.yml:1:43"},
        {"unit_tests: [{name: a, model: t, expect: []}, {name: a, model: T, expect: []}]",
         "two tests", "t.yml:1:47"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        firn_unit_vec v;
        check_fails(parse(rows[i].yaml, &v, &err), FIRN_E_CONFIG, &err, rows[i].text);
        check_str(firn_str_of(err.where), rows[i].where);
        assert_true(err.advice[0] != '\0');
    }
}

/* --- CSV ----------------------------------------------------------------------------------- */

/* "a=1 b='x'|…": plain cells bare, quoted ones in quotes, null as ~. */
static const char *csv(const char *text, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(4096);
    const firn_conf c = {.kind = FIRN_CONF_TEXT, .text = firn_str_of(text), .place = {"f", 5, 3}};
    firn_conf *rows;
    size_t count;
    if (firn_unit_csv(&c, arena, &rows, &count, err) != FIRN_OK)
        return NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < rows[i].count; k++) {
            const firn_conf *cell = &rows[i].items[k];
            const char *q = cell->plain ? "" : "'";
            check_ok(firn_buf_addf(
                         &out, err, "%s%.*s=%s%.*s%s",
                         k   ? " "
                         : i ? "|"
                             : "",
                         FIRN_STR_ARG(cell->key), q,
                         FIRN_STR_ARG(firn_conf_is_null(cell) ? FIRN_STR_LIT("~") : cell->text), q),
                     err);
        }
    return firn_arena_strndup(arena, firn_buf_cstr(&out), out.n);
}

static void cells(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    assert_string_equal(csv("a,b\n1,x\n", &err), "a=1 b=x");
    assert_string_equal(csv("a, b\r\n1 ,\"\"\r\n,\"x, \"\"y\"\"\"", &err),
                        "a=1 b=''|a=~ b='x, \"y\"'");
    assert_string_equal(csv("a\n1\n\n2\n", &err), "a=1|a=~|a=2");
    assert_string_equal(csv("a,b\n\n1,2\n\n", &err), "a=1 b=2");
    assert_string_equal(csv("a,b\n\"x\ny\",2", &err), "a='x\ny' b=2");
    assert_string_equal(csv("a", &err), "");
}

static void wrong_csv(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        const char *part;
        const char *where;
    } rows[] = {
        {"", "the header is not there", "f:5:3"},
        {"a,,b\n", "no name", "f:5:3"},
        {"a,A\n", "twice", "f:5:3"},
        {"a,b\n1\n", "fewer cells", "f:6:3"},
        {"a,b\n1,2\n1,2,3\n", "more cells", "f:7:3"},
        {"a\n\"x", "not closed", "f:6:3"},
        {"a\n\"x\"y", "behind a quoted", "f:6:3"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        assert_null(csv(rows[i].text, &err));
        if (!strstr(err.text, rows[i].part))
            fail_msg("%s: %s", rows[i].text, err.text);
        check_str(firn_str_of(err.where), rows[i].where);
    }
}

/* --- values -------------------------------------------------------------------------------- */

static const firn_conf *value(const char *yaml)
{
    firn_err err = {0};
    firn_conf *root;
    check_ok(firn_yaml_parse(firn_str_of(yaml), "f", arena, &root, &err), &err);
    return root;
}

static void looks(void **state FIRN_UNUSED)
{
    static const struct {
        const char *list;
        const char *type;
    } rows[] = {
        {"[1, 2]", "list<long>"},
        {"[1, 2.5, null]", "list<double>"},
        {"['1']", "list<string>"},
        {"[1, x]", "list<string>"},
        {"[true, false]", "list<boolean>"},
        {"[2025-01-31]", "list<date>"},
        {"[2025-01-31, 2025-01-31T10:00:00]", "list<timestamp>"},
        {"[2025-01-31T10:00:00Z]", "list<timestamptz>"},
        {"[{a: 1}, {b: x, a: 1.5}]", "list<struct<a: double, b: string>>"},
        {"[[1], [], null]", "list<list<long>>"},
        {"[[1], 2]", "list<string>"},
        {"[007]", "list<string>"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        firn_type t = {.kind = FIRN_T_UNKNOWN};
        check_ok(firn_unit_infer(value(rows[i].list), arena, &t, &err), &err);
        assert_string_equal(firn_type_text(&t, arena), rows[i].type);
    }
}

static firn_code literal(const char *yaml, const char *type, bool strict, const char **ret,
                         firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(4096);
    firn_type t;
    check_ok(firn_type_parse(firn_str_of(type), arena, &t, err), err);
    firn_code code = firn_unit_literal(value(yaml), &t, strict, &out, err);
    *ret = firn_arena_strndup(arena, firn_buf_cstr(&out), out.n);
    return code;
}

static void literals(void **state FIRN_UNUSED)
{
    static const struct {
        const char *yaml;
        const char *type;
        const char *sql;
    } rows[] = {
        {"null", "int", "NULL"},
        {"'null'", "string", "'null'"},
        {"it's", "string", "'it''s'"},
        {"12", "int", "CAST('12' AS INTEGER)"},
        {"1.5", "decimal(9,2)", "CAST('1.50' AS DECIMAL(9,2))"},
        {"'1e1'", "decimal(9,2)", "CAST('10.00' AS DECIMAL(9,2))"},
        {"true", "boolean", "true"},
        {".inf", "double", "CAST('inf' AS DOUBLE)"},
        {"2025-01-31", "timestamptz", "CAST('2025-01-31T00:00:00Z' AS TIMESTAMPTZ)"},
        {"2025-01-31T12:00:00+02:00", "timestamptz", "CAST('2025-01-31T10:00:00Z' AS TIMESTAMPTZ)"},
        {"0x6869", "binary", "unhex('6869')"},
        {"hi", "binary", "encode('hi')"},
        {"[1, null]", "list<int>", "CAST([CAST('1' AS INTEGER), NULL] AS INTEGER[])"},
        {"{B: x}", "struct<a: int, b: string>",
         "CAST(struct_pack(\"a\" := NULL, \"b\" := 'x') AS STRUCT(\"a\" INTEGER, \"b\" VARCHAR))"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        const char *sql;
        check_ok(literal(rows[i].yaml, rows[i].type, false, &sql, &err), &err);
        assert_string_equal(sql, rows[i].sql);
    }
}

static void wrong_values(void **state FIRN_UNUSED)
{
    static const struct {
        const char *yaml;
        const char *type;
        bool strict;
    } rows[] = {
        {"x", "int", false},
        {"1.5", "int", false},
        {"2147483648", "int", false},
        {"'1'", "int", true},
        {"'true'", "boolean", true},
        {"yes", "boolean", false},
        {"1.505", "decimal(9,2)", false},
        {"12345678", "decimal(9,2)", false},
        {"x", "decimal(9,2)", false},
        {"2025-02-30", "date", false},
        {"31.1.2025", "date", false},
        {"2025-01-31T10:00:00Z", "timestamp", false},
        {"'25:00:00'", "time", false},
        {"8f14e45f", "uuid", false},
        {"[1]", "int", false},
        {"{a: 1}", "list<int>", false},
        {"x", "list<int>", false},
        {"{c: 1}", "struct<a: int>", false},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_err err = {0};
        const char *sql;
        firn_code code = literal(rows[i].yaml, rows[i].type, rows[i].strict, &sql, &err);
        if (code != FIRN_E_CONFIG)
            fail_msg("%s as %s: code %d, %s", rows[i].yaml, rows[i].type, (int)code, sql);
        assert_true(err.where[0] && err.advice[0]);
    }
}

/* --- rows ---------------------------------------------------------------------------------- */

static void same_cells(void **state FIRN_UNUSED)
{
    static const struct {
        const char *x;
        const char *y; /* NULL: null */
        firn_unit_class kind;
        double tolerance;
        bool same;
    } rows[] = {
        {"12.50", "12.5", FIRN_UNIT_NUMBER, 0, true},
        {"12.50", "12.5", FIRN_UNIT_EXACT, 0, false},
        {"10", "1", FIRN_UNIT_NUMBER, 0, false},
        {"10.0", "10", FIRN_UNIT_NUMBER, 0, true},
        {"-0.0", "0", FIRN_UNIT_NUMBER, 0, true},
        {"100", "10", FIRN_UNIT_NUMBER, 0, false},
        {"0.3", "0.30000000000000004", FIRN_UNIT_FLOAT, 0, false},
        {"0.3", "0.30000000000000004", FIRN_UNIT_FLOAT, 1e-9, true},
        {"1e1", "10.0", FIRN_UNIT_FLOAT, 0, true},
        {"nan", "nan", FIRN_UNIT_FLOAT, 0, true},
        {"1.01", "1.00", FIRN_UNIT_NUMBER, 1, false},
        {NULL, NULL, FIRN_UNIT_EXACT, 0, true},
        {NULL, "", FIRN_UNIT_EXACT, 0, false},
        {"NULL", NULL, FIRN_UNIT_EXACT, 0, false},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_unit_cell x = {.text = {rows[i].x, rows[i].x ? strlen(rows[i].x) : 0}};
        firn_unit_cell y = {.text = {rows[i].y, rows[i].y ? strlen(rows[i].y) : 0}};
        assert_int_equal(firn_unit_cell_eq(&x, &y, rows[i].kind, rows[i].tolerance), rows[i].same);
        assert_int_equal(firn_unit_cell_eq(&y, &x, rows[i].kind, rows[i].tolerance), rows[i].same);
        x.alien = "a text";
        assert_false(firn_unit_cell_eq(&x, &x, rows[i].kind, 0));
    }
}

/* Rows of two columns, "a1|b2": changed ≠, missing -, unexpected +. */
static const char *compare(const char *expected, const char *found, bool ordered)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(4096);
    static const firn_unit_class classes[2] = {FIRN_UNIT_EXACT, FIRN_UNIT_EXACT};
    const firn_unit_test test = {.ordered = ordered};
    firn_unit_table tables[2] = {{0}};
    firn_unit_result r = {.column_count = 2};
    firn_err err = {0};
    const char *texts[2] = {expected, found};
    for (size_t k = 0; k < 2; k++) {
        firn_str rest = firn_str_of(texts[k]);
        tables[k].rows = firn_arena_array(arena, 16, sizeof *tables[k].rows);
        while (rest.p && rest.n) {
            firn_str row = firn_str_cut(&rest, '|');
            firn_unit_cell *c = firn_arena_array(arena, 2, sizeof *c);
            c[0].text = (firn_str){row.p, 1};
            c[1].text = (firn_str){row.p + 1, row.n - 1};
            tables[k].rows[tables[k].count++] = c;
        }
    }
    check_ok(firn_unit_compare(&test, classes, &tables[0], &tables[1], arena, &r, &err), &err);
    assert_int_equal(r.status, r.diff_count ? FIRN_UNIT_FAILED : FIRN_UNIT_PASSED);
    for (size_t i = 0; i < r.diff_count; i++) {
        const firn_unit_diff *d = &r.diffs[i];
        static const firn_unit_cell none[2];
        const firn_unit_cell *c = d->expected ? d->expected : d->found ? d->found : none;
        const char *mark = !d->found ? "-" : !d->expected ? "+" : "=";
        check_ok(firn_buf_addf(&out, &err, "%s%s%.*s%.*s", i ? " " : "", mark,
                               FIRN_STR_ARG(c[0].text), FIRN_STR_ARG(c[1].text)),
                 &err);
        if (d->differs)
            check_ok(firn_buf_addf(&out, &err, "(%d%d)", d->differs[0], d->differs[1]), &err);
    }
    return firn_arena_strndup(arena, firn_buf_cstr(&out), out.n);
}

static void rows_compared(void **state FIRN_UNUSED)
{
    assert_string_equal(compare("a1|b2", "b2|a1", false), "");
    assert_string_equal(compare("a1|b2", "b2|a1", true), "=a1(11) =b2(11)");
    assert_string_equal(compare("a1|a1", "a1", false), "-a1");
    assert_string_equal(compare("a1", "a1|a1", false), "+a1");
    assert_string_equal(compare("a1|b2|c3", "c3|b4|a1", false), "=b2(01)");
    assert_string_equal(compare("a1|b2", "x8|y9", false), "-a1 -b2 +x8 +y9");
    assert_string_equal(compare("a1|b2", "b3|a4", false), "=a1(01) =b2(01)");
    assert_string_equal(compare("a1", "x8", false), "=a1(11)"); /* nothing else to be meant */
    assert_string_equal(compare("", "", false), "");
    assert_string_equal(compare("a1|b2", "a1", true), "-b2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cells, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_csv, set_up, tear_down),
        cmocka_unit_test_setup_teardown(looks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(literals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(same_cells, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_compared, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
