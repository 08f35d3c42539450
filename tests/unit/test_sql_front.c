/* SPDX-License-Identifier: Apache-2.0 */
/* The tokenizer and what is built on it.  What is a blank, a string, a comment, and the messages
 * with their carets, were observed on DuckDB 1.5.5. */
#include "check.h"

#include "base/arena.h"
#include "engine/sql_front.h"

/* --- names --------------------------------------------------------------------------------- */

/* All dotted names as "part|part@offset+first_length part|part@…". */
static const char *names_text(firn_str sql, firn_arena *a)
{
    firn_err err = {0};
    firn_sql_name *names;
    size_t count;
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(65536);
    check_ok(firn_sql_names(sql, a, &names, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < names[i].part_count; k++)
            check_ok(firn_buf_addf(&out, &err, "%s%.*s",
                                   k   ? "|"
                                   : i ? " "
                                       : "",
                                   FIRN_STR_ARG(names[i].parts[k])),
                     &err);
        check_ok(firn_buf_addf(&out, &err, "@%zu+%zu", names[i].starts[0],
                               names[i].ends[0] - names[i].starts[0]),
                 &err);
    }
    return firn_arena_strdup(a, firn_buf_cstr(&out));
}

static void names(void **state FIRN_UNUSED)
{
    static const struct {
        const char *sql;
        const char *names;
    } cases[] = {
        {"SELECT 1", ""},
        {"FROM raw.orders", "raw|orders@5+3"},
        {"FROM lake.raw.orders o", "lake|raw|orders@5+4"},
        {"FROM a.b.c.d", "a|b|c|d@5+1"},
        {"FROM \"My NS\".\"a\"\"b\".t", "My NS|a\"b|t@5+7"},
        {"FROM raw . orders", "raw|orders@5+3"},
        {"FROM raw/* x.y */./* z */orders -- k.l\n", "raw|orders@5+3"},
        {"SELECT o.*, o.a FROM raw.o o", "o|a@12+1 raw|o@21+3"},
        {"SELECT 'raw.x', \"raw.x\", $$raw.x$$, $t$raw.x $$ $t$ FROM a.b", "a|b@57+1"},
        {"SELECT 'it''s raw.x', a.b", "a|b@22+1"},
        {"SELECT 'a\\', b.c", "b|c@13+1"},       /* no backslash in a plain string */
        {"SELECT E'a\\' x.y', b.c", "b|c@19+1"}, /* but in this one */
        {"SELECT e'a'' x.y', b.c", "b|c@19+1"},  /* and doubled quotes too */
        {"SELECT x'AB', b.c", "b|c@14+1"},
        {"/* a.b /* c.d */ e.f */ FROM g.h", "g|h@29+1"},
        {"-- a.b\rFROM g.h", "g|h@12+1"}, /* a lone CR ends the comment */
        {"-- a.b\r\nFROM g.h", "g|h@13+1"},
        {"FROM caf\xC3\xA9.d\xC3\xA9p\xC3\xB4t", "caf\xC3\xA9|d\xC3\xA9p\xC3\xB4t@5+5"},
        {"FROM\xC2\xA0raw.t\xE3\x80\x80x", "raw|t@6+3"}, /* spaces of Unicode are blanks */
        {"\xEF\xBB\xBF"
         "FROM raw.t",
         "raw|t@8+3"},
        {"SELECT 1.5, 1.e5, .5, 1_000.5, 0x1F.a FROM r.t", "r|t@43+1"},
        {"SELECT 1and r.t", "r|t@12+1"},
        {"SELECT (st).a.b, st[1].c.d FROM r.t", "r|t@32+1"}, /* fields, not tables */
        {"SELECT $1, a.b, $2", "a|b@11+1"},
        {"SELECT $1$ FROM a.b", "a|b@16+1"}, /* a parameter, not a dollar quote */
        {"SELECT a$b.c$d", "a$b|c$d@7+3"},
        {"FROM raw.t$snapshots", "raw|t$snapshots@5+3"},
        {"FROM raw.", ""},
        {"FROM a..b", ""},
        {"SELECT a.b::int, c.d", "a|b@7+1 c|d@17+1"},
        {"SELECT s.f(x.y)", "s|f@7+1 x|y@11+1"},
        /* unterminated: the rest belongs to it, the engine says what is wrong */
        {"FROM a.b WHERE x = 'c.d", "a|b@5+1"},
        {"FROM a.b WHERE x = E'c.d\\'", "a|b@5+1"},
        {"FROM a.b, \"c.d", "a|b@5+1"},
        {"FROM a.b /* c.d /* */", "a|b@5+1"},
        {"FROM a.b -- c.d", "a|b@5+1"},
        {"FROM a.b, $$c.d", "a|b@5+1"},
        {"FROM a.b, $x$c.d$y$ e.f", "a|b@5+1"},
        {"FROM a.\"", "a|@5+1"},
        {"'", ""},
        {"\"", ""},
        {"$", ""},
        {"$$", ""},
        {"/*", ""},
        {"/", ""},
        {"-", ""},
        {"E'", ""},
        {"", ""},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        const char *got = names_text(firn_str_of(cases[i].sql), a);
        if (strcmp(got, cases[i].names) != 0)
            fail_msg("%s\n  gives '%s'\n  not   '%s'", cases[i].sql, got, cases[i].names);
    }
}

/* A text cut at every place ends in time and reads no byte behind its end (ASan). */
static void cut_anywhere(void **state FIRN_UNUSED)
{
    static const char text[] = "SELECT E'a\\'b', $t$x$t$, \"q\"\"r\".s, 1.5e3 /* a /* b */ c */ "
                               "FROM caf\xC3\xA9\xE2\x80\x83.x -- y\r\n;'it''s'$$";
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = firn_arena_alloc(a, n + 1); /* exact: no NUL behind it within the block */
        firn_err err = {0};
        firn_str *parts;
        size_t count;
        memcpy(copy, text, n);
        firn_str cut = {copy, n};
        assert_non_null(names_text(cut, a));
        check_ok(firn_sql_split(cut, a, &parts, &count, &err), &err);
        assert_true(count <= 2);
        assert_false(firn_sql_is_volatile(cut));
    }
}

/* --- split, empty -------------------------------------------------------------------------- */

static void split(void **state FIRN_UNUSED)
{
    static const struct {
        const char *script;
        size_t count;
        const char *parts[4];
    } cases[] = {
        {"", 0, {0}},
        {" \n ;; -- x\n ; /* y */", 0, {0}},
        {"SELECT 1", 1, {"SELECT 1"}},
        {" SELECT 1 ; ", 1, {"SELECT 1"}},
        {"a;b;;c", 3, {"a", "b", "c"}},
        {"SELECT ';' ; SELECT \";\"", 2, {"SELECT ';'", "SELECT \";\""}},
        {"SELECT $$;$$;SELECT $x$;$$;$x$", 2, {"SELECT $$;$$", "SELECT $x$;$$;$x$"}},
        {"SELECT E'\\';'; b", 2, {"SELECT E'\\';'", "b"}},
        {"-- first; no\na; /* ; /* ; */ ; */ b", 2, {"-- first; no\na", "/* ; /* ; */ ; */ b"}},
        {"a; 'open ; c", 2, {"a", "'open ; c"}},
        {"a;\r\nb\r\n;", 2, {"a", "b"}},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_str script = firn_str_of(cases[i].script);
        firn_str *parts = NULL;
        size_t count;
        check_ok(firn_sql_split(script, a, &parts, &count, &err), &err);
        check_i64(count, cases[i].count);
        for (size_t k = 0; k < count; k++) {
            check_str(parts[k], cases[i].parts[k]);
            assert_true(parts[k].p >= script.p && parts[k].p + parts[k].n <= script.p + script.n);
        }
    }
}

static void empty(void **state FIRN_UNUSED)
{
    assert_true(firn_sql_is_empty((firn_str){NULL, 0}));
    assert_true(firn_sql_is_empty(FIRN_STR_LIT(" ;\t; -- a\n/* b */\xC2\xA0")));
    assert_true(firn_sql_is_empty(FIRN_STR_LIT("/* open")));
    assert_false(firn_sql_is_empty(FIRN_STR_LIT("-- a\nx")));
    assert_false(firn_sql_is_empty(FIRN_STR_LIT("''")));
}

/* --- volatile ------------------------------------------------------------------------------ */

static void is_volatile(void **state FIRN_UNUSED)
{
    static const char *const yes[] = {
        "SELECT now()",
        "SELECT NOW ( )",
        "SELECT \"now\"()",
        "SELECT current_date",
        "SELECT x FROM t WHERE d > Current_Timestamp",
        "SELECT random()",
        "SELECT uuid(), gen_random_uuid()",
        "SELECT age(d) FROM t",
        "SELECT nextval('s')",
        "SELECT current_setting('x')",
        "SELECT getenv('HOME')",
        "FROM read_csv('x.csv')",
        "FROM Read_Parquet('x')",
        "FROM glob('*')",
        "FROM 'x.csv'",
        "FROM a JOIN 'b' USING (id)",
        "FROM t, 'x.csv'",
        "FROM \"x.parquet\"",
        "FROM x.csv",
        "FROM t, \"s3://b/x\"",
        "FROM t TABLESAMPLE 10%",
        "FROM t USING SAMPLE 5",
        "FROM duckdb_tables()",
        "FROM information_schema.tables",
        "FROM query('SELECT 1')",
    };
    static const char *const no[] = {
        "",
        "SELECT 1",
        "SELECT a, b FROM raw.t WHERE d > DATE '2024-01-01'",
        "SELECT 'now()' -- random()\n FROM t /* today() */",
        "SELECT \"current_date\" FROM t",
        "SELECT version, uuid, query, age, random FROM t",
        "SELECT x IN ('a', 'b') FROM raw.t",
        "SELECT replace(a, 'from', 'join') FROM t",
        "SELECT a FROM raw.known_now",
        "SELECT using_sample, sample FROM t JOIN u USING (sample)",
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(yes); i++)
        if (!firn_sql_is_volatile(firn_str_of(yes[i])))
            fail_msg("taken for stable: %s", yes[i]);
    for (size_t i = 0; i < FIRN_COUNT_OF(no); i++)
        if (firn_sql_is_volatile(firn_str_of(no[i])))
            fail_msg("taken for volatile: %s", no[i]);
}

/* --- places of errors ---------------------------------------------------------------------- */

static void locate(void **state FIRN_UNUSED)
{
    static const struct {
        const char *text;
        const char *file;
        int first_line;
        int first_column;
        const char *where;
        const char *rest;
    } cases[] = {
        {"Binder Error: x\nCandidate bindings: \"a\"\n\nLINE 1: select b from t\n               ^",
         NULL, 1, 1, "line 1, column 8", "Binder Error: x\nCandidate bindings: \"a\""},
        {"E\n\nLINE 1: select b from t\n               ^", "m.sql", 1, 1, "m.sql:1:8", "E"},
        /* a statement that begins on line 5, column 3 of its file */
        {"E\n\nLINE 1: select b from t\n               ^", "m.sql", 5, 3, "m.sql:5:10", "E"},
        {"E\n\nLINE 2: from t where b\n                      ^", "m.sql", 5, 3, "m.sql:6:15", "E"},
        {"E\n\nLINE 12: from t where b\n                       ^", "m.sql", 1, 1, "m.sql:12:15",
         "E"},
        /* indented: the blanks belong to the line */
        {"E\n\nLINE 2:        b\n               ^", "m.sql", 1, 1, "m.sql:2:8", "E"},
        {"E\n\nLINE 4:    ( zz = 3 )\n             ^", NULL, 1, 1, "line 4, column 6", "E"},
        /* tabs have no width for the engine, wide characters two */
        {"E\n\nLINE 2: \t\tb\n        ^", "m.sql", 1, 1, "m.sql:2:3", "E"},
        {"E\n\nLINE 1: select * from\traw.t\twhere\tb=1\n                               ^", "m.sql",
         1, 1, "m.sql:1:27", "E"},
        {"E\n\nLINE 1: select '\xC3\xA9\xC3\xA9\xC3\xA9', b from raw.t\n                      ^",
         "m.sql", 1, 1, "m.sql:1:15", "E"},
        {"E\n\nLINE 1: select '\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA"
         "\x9E', b from raw.t\n                               ^",
         "m.sql", 1, 1, "m.sql:1:18", "E"},
        /* the middle of a long line: no column is known */
        {"E\n\nLINE 3: ..., a as c38, a as c39, b from raw.t\n                                 ^",
         "m.sql", 1, 1, "m.sql:3", "E"},
        {"E\n\nLINE 3: ..., a as c38, a as c39, b from raw.t\n                                 ^",
         NULL, 2, 9, "line 4", "E"},
        /* cut at its end: the column is right */
        {"E\n\nLINE 1: select a, b, c...\n                  ^", "m.sql", 1, 1, "m.sql:1:11", "E"},
        /* what only looks like a mark */
        {"x\n\nLINE 1: foo", "m.sql", 1, 1, "", "x\n\nLINE 1: foo"},
        {"x\n\nLINE one: foo\n   ^", "m.sql", 1, 1, "", "x\n\nLINE one: foo\n   ^"},
        {"x\n\nLINE 1:", "m.sql", 1, 1, "", "x\n\nLINE 1:"},
        {"x\n\nLINE 7: foo\n\nLINE 2: a b\n          ^", "m.sql", 1, 1, "m.sql:2:3",
         "x\n\nLINE 7: foo"},
        {"IO Error: no such file", "m.sql", 1, 1, "", "IO Error: no such file"},
        {"", NULL, 1, 1, "", ""},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_raise(&err, FIRN_E_SQL, "%s", cases[i].text);
        const firn_sql_origin origin = {
            .file = cases[i].file, .line = cases[i].first_line, .column = cases[i].first_column};
        firn_sql_locate(&err, (firn_str){NULL, 0}, &origin);
        if (strcmp(err.where, cases[i].where) != 0 || strcmp(err.text, cases[i].rest) != 0)
            fail_msg("case %zu: '%s' '%s'", i, err.where, err.text);
    }
    firn_sql_locate(NULL, (firn_str){NULL, 0}, NULL);
}

/* The engine shows the middle of a long line: the statement tells where that is, if it is there
 * but once. */
static void locate_in_long_lines(void **state FIRN_UNUSED)
{
    static const struct {
        const char *excerpt; /* of line `line`, the caret below its b */
        int line;
        const char *sql;
        const char *where;
    } cases[] = {
        {"..., a as c38, b...", 3, "x, a as c38, b\n\n\xC3\xA9lect c, a as c, a as c38, b, c",
         "m.sql:6:28"},
        {"..., a as c38, b...", 1, "select c, a as c38, b, a as c38, b, c", "m.sql:4"},
        {"..., a as c38, b...", 1, "select a, a, a, a as c38, b, c", "m.sql:4:31"},
        {"..., a as c38, b", 1, "select a, a, a, a as c38, b", "m.sql:4:31"},
        {"..., a as c38, b...", 2, "select a as c38, b", "m.sql:5"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        const firn_sql_origin origin = {.file = "m.sql", .line = 4, .column = 5};
        firn_raise(&err, FIRN_E_SQL, "E\n\nLINE %d: %s\n%*s^", cases[i].line, cases[i].excerpt, 23,
                   "");
        firn_sql_locate(&err, firn_str_of(cases[i].sql), &origin);
        if (strcmp(err.where, cases[i].where) != 0 || strcmp(err.text, "E") != 0)
            fail_msg("case %zu: '%s' '%s'", i, err.where, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(split),
        cmocka_unit_test(empty),
        cmocka_unit_test(is_volatile),
        cmocka_unit_test(locate),
        cmocka_unit_test(locate_in_long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
