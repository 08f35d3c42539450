/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in statements: what stands where they stood, and where errors behind them are. */
#include "sql_help.h"

#include "base/arena.h"
#include "pipeline/vars.h"

static void add(firn_variables *vars, const char *word)
{
    firn_err err = {0};
    check_ok(firn_variables_add_word(vars, word, &err), &err);
}

static firn_variables usual(firn_arena *a)
{
    firn_variables vars = {.a = a};
    firn_err err = {0};
    check_ok(firn_variables_add_built_in(&vars, 1738281600000000, FIRN_STR_LIT("run"), &err), &err);
    add(&vars, "rate=0.06");
    add(&vars, "below=-5");
    add(&vars, "text=It's");
    add(&vars, "day=2025-05-31");
    add(&vars, "at=2025-05-31T10:00:00+02:00");
    add(&vars, "local=2025-05-31 10:00:00");
    add(&vars, "nothing=");
    add(&vars, "zero='007'");
    add(&vars, "octal=007");
    add(&vars, "lines=a\nb\\");
    add(&vars, "flag=true");
    add(&vars, "i=7");
    return vars;
}

/* 1738281600 is 2025-01-31T00:00:00Z (date -d … +%s). */
static void values(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"SELECT 1", "SELECT 1"},
        {"${rate}", "0.06"},
        {"1 -${below}", "1 -(-5)"},
        {"${text}", "'It''s'"},
        {"'${text}'", "'It''s'"},
        {"\"${text}\"", "\"It's\""},
        {"'a ${rate} b ${text}'", "'a 0.06 b It''s'"},
        {"${day}", "DATE '2025-05-31'"},
        {"'${day}'", "'2025-05-31'"},
        {"${at}", "TIMESTAMPTZ '2025-05-31T10:00:00+02:00'"},
        {"${local}", "TIMESTAMP '2025-05-31 10:00:00'"},
        {"${nothing}", "''"},
        {"${zero} ${octal}", "'007' '007'"},
        {"${lines}", "E'a\\nb\\\\'"},
        {"E'${lines}'", "E'a\\nb\\\\'"},
        {"${flag}", "true"},
        {"${i}", "7"},
        {"${today}", "DATE '2025-01-31'"},
        {"${now}", "TIMESTAMPTZ '2025-01-31T00:00:00Z'"},
        {"${run_id}", "'run'"},
        {"1+${i}AS x", "1+7 AS x"},
        {"a,${i},${i}", "a,7,7"},
        {"'x'${i}", "'x' 7"},
        {"${other:-3}", "3"},
        {"${other:-}", "''"},
        {"${other:-a b}", "'a b'"},
        {"${i:-3}", "7"},
        {"'$${i}'", "'${i}'"},
        {"'$$${i}'", "'$${i}'"},
        {"-- ${none}\n${i}", "-- ${none}\n7"},
        {"/* ${none} */ ${i}", "/* ${none} */ 7"},
        {"$$ ${none} $$", "$$ ${none} $$"},
        {"$t$ ${none} $t$ || ${i}", "$t$ ${none} $t$ || 7"},
        {"$1 ${i}", "$1 7"},
        {"{'a': ${i}}", "{'a': 7}"},
    };
    firn_arena *a = firn_arena_new("a test", 0);
    firn_variables vars = usual(a);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_filled f;
        firn_str sql = firn_str_of(cases[i].sql);
        check_ok(firn_variables_fill(&vars, sql, firn_place_in("m.sql", 1, 1), a, &f, &err), &err);
        check_str(f.sql, cases[i].want);
    }
    firn_arena_free(a);
}

static void mistakes(void **state FIRN_UNUSED)
{
    static const struct {
        const char *sql;
        const char *text;
        const char *where;
    } cases[] = {
        {"SELECT ${rat}", "there is no variable rat", "m.sql:3:12"},
        {"SELECT\n  'x ${rat}'", "there is no variable rat", "m.sql:4:6"},
        {"a_${rate}", "is not a variable", "m.sql:3:5"},
        {"${rate", "is not a variable", "m.sql:3:5"},
        {"${\nrate}", "is not a variable", "m.sql:3:5"},
        {"${1x}", "is not a variable", "m.sql:3:5"},
        {"${}", "is not a variable", "m.sql:3:5"},
        {"${rate:?x}", "is not a variable", "m.sql:3:5"},
        {"'${lines}'", "has several lines", "m.sql:3:6"},
        /* the brace of a text stands in it */
        {"'${i:-x' || '${i}'", "is not a variable", "m.sql:3:6"},
        {"\"${i:-x\" || '${i}'", "is not a variable", "m.sql:3:6"},
    };
    firn_arena *a = firn_arena_new("a test", 0);
    firn_variables vars = usual(a);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_filled f;
        check_fails(firn_variables_fill(&vars, firn_str_of(cases[i].sql),
                                        firn_place_in("m.sql", 3, 5), a, &f, &err),
                    FIRN_E_CONFIG, &err, cases[i].text);
        check_str(firn_str_of(err.where), cases[i].where);
    }
    firn_err err = {0};
    check_fails(firn_variables_add_word(&vars, "rate", &err), FIRN_E_USAGE, &err, "name=value");
    check_fails(firn_variables_add_word(&vars, "1=2", &err), FIRN_E_USAGE, &err, "name=value");
    check_fails(firn_variables_add_word(&vars, "today=x", &err), FIRN_E_USAGE, &err, "a date");
    firn_arena_free(a);
}

/* Each character of the statement that is none of a value has the column it was written at. */
static void columns(void **state FIRN_UNUSED)
{
    static const char *const cases[] = {
        "${i} a",
        "${today} + ${i} - b",
        "'é${text}' c, ${rate} d",
        "x\n ${day} e ${i} f\n${i} g",
        "${a_long_name:-1} h",
    };
    firn_arena *a = firn_arena_new("a test", 0);
    firn_variables vars = usual(a);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_filled f;
        firn_str sql = firn_str_of(cases[i]);
        check_ok(firn_variables_fill(&vars, sql, firn_place_in("m.sql", 10, 4), a, &f, &err), &err);
        const firn_sql_origin was = {.file = "m.sql", .line = 10, .column = 4};
        const firn_sql_origin is = {.file = "m.sql",
                                    .line = 10,
                                    .column = 4,
                                    .shifts = f.shifts,
                                    .shift_count = f.shift_count};
        for (char c = 'a'; c <= 'h'; c++) {
            char word[] = {' ', c, '\0'};
            const char *w = strstr(cases[i], word);
            const char *t = strstr(f.sql.p, word);
            if (!w)
                continue;
            firn_err x = {.code = FIRN_E_SQL};
            firn_err y = {.code = FIRN_E_SQL};
            firn_sql_place(&x, sql, (size_t)(w + 1 - cases[i]), &was);
            firn_sql_place(&y, f.sql, (size_t)(t + 1 - f.sql.p), &is);
            check_str(firn_str_of(y.where), x.where);
        }
    }
    firn_arena_free(a);
}

/* Whatever is written: it is filled or refused, and what has no variables stays as it is. */
static void anything(void **state FIRN_UNUSED)
{
    static const char *const parts[] = {"${", "}",   "$",  "'",  "\"",      "i",      ":-", "/*",
                                        "*/", "--",  "\n", "E'", "$$",      "${i}",   "a",  " ",
                                        "\\", "$t$", "é",  "0",  "${text}", "${x:-1}"};
    uint32_t r = 7;
    for (int round = 0; round < 20000; round++) {
        char text[256] = "";
        firn_arena *a = firn_arena_new("a test", 0);
        firn_variables vars = {.a = a};
        firn_err err = {0};
        firn_filled f;
        add(&vars, "i=7");
        add(&vars, "text=It's");
        for (int k = 0; k < 12; k++) {
            r = r * 1664525u + 1013904223u;
            const char *part = parts[(r >> 16) % FIRN_COUNT_OF(parts)];
            size_t n = strlen(text);
            snprintf(text + n, sizeof text - n, "%s", part);
        }
        firn_str sql = firn_str_of(text);
        firn_code code = firn_variables_fill(&vars, sql, firn_place_in("m.sql", 1, 1), a, &f, &err);
        assert_true(code == FIRN_OK || code == FIRN_E_CONFIG);
        if (code == FIRN_OK && !strstr(text, "${"))
            assert_true(firn_str_eq(f.sql, sql));
        for (size_t i = 0; code == FIRN_OK && i < f.shift_count; i++)
            assert_true(f.shifts[i].line > 0 && f.shifts[i].column > 0 && f.shifts[i].written > 3);
        firn_arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(columns),
        cmocka_unit_test(anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
