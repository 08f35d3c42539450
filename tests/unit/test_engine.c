/* SPDX-License-Identifier: Apache-2.0 */
/* The engine module through its table of operations: loading, settings, types both ways, results.
 * Expected values come from SQL that computes them another way. */
#include "engine_open.h"

/* --- loading ------------------------------------------------------------------------------- */

static void load(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    const char *given = getenv("FIRN_ENGINE_MODULE");
    char *kept = given ? strdup(given) : NULL;
    assert_non_null(kept);
    setenv("FIRN_ENGINE_MODULE", "/nowhere/firn_engine_duckdb.so", 1);
    check_fails(firn_engine_load(&ops, &err), FIRN_E_NOTFOUND, &err, "does not load");
    assert_true(err.advice[0]);
    setenv("FIRN_ENGINE_MODULE", "libjansson.so.4", 1);
    check_fails(firn_engine_load(&ops, &err), FIRN_E_UNSUPPORTED, &err, "belongs to another firn");
    unsetenv("FIRN_ENGINE_MODULE");
    check_fails(firn_engine_load(&ops, &err), FIRN_E_NOTFOUND, &err, "not beside the program");
    assert_null(ops);
    setenv("FIRN_ENGINE_MODULE", kept, 1);
    check_ok(firn_engine_load(&ops, &err), &err);
    setenv("FIRN_ENGINE_MODULE", "/nowhere", 1);
    const firn_engine_ops *again = NULL;
    check_ok(firn_engine_load(&again, &err), &err); /* loaded once */
    assert_ptr_equal(again, ops);
    setenv("FIRN_ENGINE_MODULE", kept, 1);
    free(kept);
    assert_int_equal(ops->abi, FIRN_ENGINE_ABI);
    assert_string_equal(ops->name, "duckdb");
    assert_string_equal(ops->version(), "v1.5.5");
}

static void open_failures(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_engine *e = NULL;
    firn_engine_conf conf = {
        .memory_bytes = 1 << 28, .threads = 1, .httpfs = "/no'where/x.duckdb_extension"};
    check_fails(ops->open(&conf, &e, &err), FIRN_E_IO, &err, "x.duckdb_extension");
    assert_null(e);
    conf = (firn_engine_conf){.memory_bytes = 1 << 28, .threads = 0};
    assert_int_not_equal(ops->open(&conf, &e, &err), FIRN_OK);
    assert_null(e);
}

static void settings(void **state FIRN_UNUSED)
{
    char want[256];
    check_rows(ops, session,
               "SELECT current_setting('TimeZone') AS tz, current_setting('threads')::INT AS t, "
               "current_setting('memory_limit') AS m, "
               "current_setting('preserve_insertion_order') AS o, "
               "current_setting('autoload_known_extensions') AS l, "
               "current_setting('autoinstall_known_extensions') AS i",
               "{tz: 'UTC', t: 4, m: '512.0 MiB', o: false, l: false, i: false}");
    snprintf(want, sizeof want, "{d: '%s'}", scratch);
    check_rows(ops, session, "SELECT current_setting('temp_directory') AS d", want);
    /* in every session, and whatever the process's own zone is */
    check_rows(ops, session, "SELECT CAST(TIMESTAMPTZ '2024-01-01 00:30:00+00' AS DATE)::VARCHAR d",
               "{d: '2024-01-01'}");
}

/* --- describe ------------------------------------------------------------------------------ */

static void types(void **state FIRN_UNUSED)
{
    static const struct {
        const char *value;
        const char *engine_type;
        bool mapped;
        bool refuse;
        const char *type;
        const char *cast;
    } cases[] = {
        {"true", "BOOLEAN", true, false, "boolean", "BOOLEAN"},
        {"1::TINYINT", "TINYINT", false, false, "int", "INTEGER"},
        {"1::SMALLINT", "SMALLINT", false, false, "int", "INTEGER"},
        {"1::INTEGER", "INTEGER", true, false, "int", "INTEGER"},
        {"1::BIGINT", "BIGINT", true, false, "long", "BIGINT"},
        {"1::UTINYINT", "UTINYINT", false, false, "int", "INTEGER"},
        {"1::USMALLINT", "USMALLINT", false, false, "int", "INTEGER"},
        {"1::UINTEGER", "UINTEGER", false, false, "long", "BIGINT"},
        {"1::UBIGINT", "UBIGINT", false, false, "decimal(20,0)", "DECIMAL(20,0)"},
        {"1::HUGEINT", "HUGEINT", false, false, "decimal(38,0)", "DECIMAL(38,0)"},
        {"1::UHUGEINT", "UHUGEINT", false, true, "string", "VARCHAR"},
        {"1::BIGNUM", "BIGNUM", false, true, "string", "VARCHAR"},
        {"1::FLOAT", "FLOAT", true, false, "float", "FLOAT"},
        {"1::DOUBLE", "DOUBLE", true, false, "double", "DOUBLE"},
        {"1::DECIMAL(4,1)", "DECIMAL(4,1)", true, false, "decimal(4,1)", "DECIMAL(4,1)"},
        {"0.5::DECIMAL(38,38)", "DECIMAL(38,38)", true, false, "decimal(38,38)", "DECIMAL(38,38)"},
        {"DATE '2024-01-01'", "DATE", true, false, "date", "DATE"},
        {"TIME '10:00'", "TIME", true, false, "time", "TIME"},
        {"'10:00:00+00'::TIMETZ", "TIME WITH TIME ZONE", false, true, "string", "VARCHAR"},
        {"'10:00'::TIME_NS", "TIME_NS", false, true, "string", "VARCHAR"},
        {"TIMESTAMP '2024-01-01'", "TIMESTAMP", true, false, "timestamp", "TIMESTAMP"},
        {"'2024-01-01'::TIMESTAMP_S", "TIMESTAMP_S", false, false, "timestamp", "TIMESTAMP"},
        {"'2024-01-01'::TIMESTAMP_MS", "TIMESTAMP_MS", false, false, "timestamp", "TIMESTAMP"},
        {"'2024-01-01'::TIMESTAMP_NS", "TIMESTAMP_NS", false, true, "string", "VARCHAR"},
        {"TIMESTAMPTZ '2024-01-01 00:00:00+00'", "TIMESTAMP WITH TIME ZONE", true, false,
         "timestamptz", "TIMESTAMP WITH TIME ZONE"},
        {"INTERVAL 1 DAY", "INTERVAL", false, true, "string", "VARCHAR"},
        {"'x'", "VARCHAR", true, false, "string", "VARCHAR"},
        {"'{}'::JSON", "JSON", false, false, "string", "VARCHAR"},
        {"'a'::ENUM('a', 'b')", "ENUM", false, false, "string", "VARCHAR"},
        {"'101'::BIT", "BIT", false, true, "string", "VARCHAR"},
        {"'a'::BLOB", "BLOB", true, false, "binary", "BLOB"},
        {"uuid()", "UUID", true, false, "uuid", "UUID"},
        {"NULL", "INTEGER", true, false, "int", "INTEGER"},
        {"union_value(a := 1)", "UNION", false, true, "string", "VARCHAR"},
        {"1::VARIANT", "VARIANT", false, true, "string", "VARCHAR"},
        {"'POINT(1 1)'::GEOMETRY", "GEOMETRY", false, true, "string", "VARCHAR"},
        {"row(1, 2)", "STRUCT without names", false, true, "string", "VARCHAR"},
        {"[1]", "INTEGER[]", true, false, "list<int>", "INTEGER[]"},
        {"[[1::TINYINT]]", "TINYINT[][]", false, false, "list<list<int>>", "INTEGER[][]"},
        {"[1, 2]::INTEGER[2]", "INTEGER[2]", false, false, "list<int>", "INTEGER[]"},
        {"['{}'::JSON]", "JSON[]", false, false, "list<string>", "VARCHAR[]"},
        {"{'a': 1, 'b c': {'d': 1::HUGEINT}}",
         "STRUCT(\"a\" INTEGER, \"b c\" STRUCT(\"d\" HUGEINT))", false, false,
         "struct<a: int, b c: struct<d: decimal(38,0)>>",
         "STRUCT(\"a\" INTEGER, \"b c\" STRUCT(\"d\" DECIMAL(38,0)))"},
        {"{'q\"': 1}", "STRUCT(\"q\"\"\" INTEGER)", true, false, "struct<q\": int>",
         "STRUCT(\"q\"\"\" INTEGER)"},
        {"MAP {'k': [1::UBIGINT]}", "MAP(VARCHAR, UBIGINT[])", false, false,
         "map<string, list<decimal(20,0)>>", "MAP(VARCHAR, DECIMAL(20,0)[])"},
        {"[{'a': INTERVAL 1 DAY}]", "STRUCT(\"a\" INTERVAL)[]", false, true,
         "list<struct<a: string>>", "STRUCT(\"a\" VARCHAR)[]"},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_statement_kind kind;
        firn_result_column *c;
        size_t n;
        firn_result *r;
        const char *sql = firn_arena_printf(a, "SELECT %s AS v", cases[i].value);
        check_ok(ops->describe(session, firn_str_of(sql), a, &kind, &c, &n, &err), &err);
        assert_int_equal(n, 1);
        assert_int_equal(kind, FIRN_STATEMENT_SELECT);
        check_str(c->name, "v");
        check_str(c->engine_type, cases[i].engine_type);
        check_str(c->cast, cases[i].cast);
        if (c->mapped != cases[i].mapped || c->refuse != cases[i].refuse ||
            strcmp(firn_type_text(&c->type, a), cases[i].type) != 0)
            fail_msg("%s: %d %d %s", cases[i].value, c->mapped, c->refuse,
                     firn_type_text(&c->type, a));
        /* the cast must be valid SQL, and give the type that was promised */
        sql = firn_arena_printf(a, "SELECT CAST(v AS %s) AS v FROM (SELECT %s AS v)", cases[i].cast,
                                cases[i].value);
        check_ok(ops->query(session, firn_str_of(sql), &r, &err), &err);
        if (!firn_type_eq(&ops->result_type(r)->fields[0].type, &c->type))
            fail_msg("%s casts to %s", cases[i].value,
                     firn_type_text(&ops->result_type(r)->fields[0].type, a));
        ops->result_close(r);
    }
}

static void kinds(void **state FIRN_UNUSED)
{
    static const struct {
        const char *sql;
        firn_statement_kind kind;
        size_t columns;
    } cases[] = {
        {"SELECT 1, 2", FIRN_STATEMENT_SELECT, 2},
        {"FROM range(3)", FIRN_STATEMENT_SELECT, 1},
        {"VALUES (1)", FIRN_STATEMENT_SELECT, 1},
        {"WITH x AS (SELECT 1) FROM x;", FIRN_STATEMENT_SELECT, 1},
        {"SHOW TABLES", FIRN_STATEMENT_SELECT, 1},
        {"DESCRIBE SELECT 1", FIRN_STATEMENT_SELECT, 6},
        {"SUMMARIZE SELECT 1", FIRN_STATEMENT_SELECT, 12},
        {"EXPLAIN SELECT 1", FIRN_STATEMENT_SELECT, 2},
        {"SELECT a AS x, a AS x FROM kinds_t", FIRN_STATEMENT_SELECT, 2},
        {"PIVOT kinds_t ON b USING sum(a)", FIRN_STATEMENT_SELECT, 1},
        {"INSERT INTO kinds_t VALUES (1, 'x')", FIRN_STATEMENT_CHANGE, 1},
        {"UPDATE kinds_t SET a = 2", FIRN_STATEMENT_CHANGE, 1},
        {"DELETE FROM kinds_t", FIRN_STATEMENT_CHANGE, 1},
        {"TRUNCATE kinds_t", FIRN_STATEMENT_CHANGE, 1},
        {"MERGE INTO kinds_t USING (SELECT 1 a) s ON kinds_t.a = s.a WHEN MATCHED THEN DELETE",
         FIRN_STATEMENT_CHANGE, 1},
        {"CREATE TABLE kinds_u AS SELECT 1", FIRN_STATEMENT_CHANGE, 1},
        {"ALTER TABLE kinds_t ADD COLUMN c INT", FIRN_STATEMENT_CHANGE, 1},
        {"DROP TABLE kinds_t", FIRN_STATEMENT_CHANGE, 1},
        {"BEGIN", FIRN_STATEMENT_CHANGE, 1},
        {"SET threads = 1", FIRN_STATEMENT_OTHER, 1},
        {"COPY kinds_t TO '/tmp/x.csv'", FIRN_STATEMENT_OTHER, 1},
        {"ATTACH ':memory:' AS kinds_db", FIRN_STATEMENT_OTHER, 1},
        {"LOAD json", FIRN_STATEMENT_OTHER, 1},
        {"CALL range(3)", FIRN_STATEMENT_OTHER, 1},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    check_ok(ops->exec(session,
                       FIRN_STR_LIT("CREATE TABLE kinds_t(a INT, b VARCHAR); "
                                    "INSERT INTO kinds_t VALUES (1, 'x'), (2, 'x')"),
                       &err),
             &err);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_statement_kind kind;
        firn_result_column *c;
        size_t n;
        check_ok(ops->describe(session, firn_str_of(cases[i].sql), a, &kind, &c, &n, &err), &err);
        if (kind != cases[i].kind || n != cases[i].columns)
            fail_msg("%s: kind %d, %zu columns", cases[i].sql, (int)kind, n);
    }
    /* none of them was run */
    check_rows(ops, session, "SELECT a FROM kinds_t ORDER BY a", "{a: 1} {a: 2}");
    check_rows(ops, session, "PIVOT kinds_t ON b USING sum(a)::BIGINT", "{x: 3}");
}

static void bad_statements(void **state FIRN_UNUSED)
{
    static const struct {
        const char *sql;
        size_t n; /* 0: all of it */
        firn_code code;
        const char *part;
    } cases[] = {
        {"", 0, FIRN_E_SQL, "no statement"},
        {" -- x", 0, FIRN_E_SQL, "no statement"},
        {"SELEC 1", 0, FIRN_E_SQL, "syntax error"},
        {"SELECT 1; SELECT 2", 0, FIRN_E_SQL, "more than one statement"},
        {"SELECT nope", 0, FIRN_E_SQL, "nope"},
        {"SELECT 1\0", 9, FIRN_E_SQL, "NUL"},
        {"FROM read_parquet('/nowhere/x.parquet')", 0, FIRN_E_IO, "No files found"},
        {"FROM firn_rows(NULL)", 0, FIRN_E_SQL, "no such source"},
        {"FROM firn_rows(0)", 0, FIRN_E_SQL, "no such source"},
        {"FROM firn_rows(-1)", 0, FIRN_E_SQL, "no such source"},
        {"FROM firn_rows(64)", 0, FIRN_E_SQL, "no such source"},
        {"FROM firn_rows(9223372036854775807)", 0, FIRN_E_SQL, "no such source"},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_err err = {0};
        firn_statement_kind kind;
        firn_result_column *c = NULL;
        size_t n;
        firn_result *r = NULL;
        firn_str sql = {cases[i].sql, cases[i].n ? cases[i].n : strlen(cases[i].sql)};
        check_fails(ops->describe(session, sql, a, &kind, &c, &n, &err), cases[i].code, &err,
                    cases[i].part);
        check_fails(ops->query(session, sql, &r, &err), cases[i].code, &err, cases[i].part);
        assert_null(c);
        assert_null(r);
    }
    firn_err err = {0};
    check_fails(ops->exec(session, FIRN_STR_LIT("SELECT 1\0"), &err), FIRN_E_SQL, &err, "NUL");
    check_fails(ops->exec(session, FIRN_STR_LIT("SELECT 1/'x'"), &err), FIRN_E_SQL, &err, "'x'");
    firn_result *r = NULL;
    check_fails(ops->query(session, FIRN_STR_LIT("SELECT 1::UHUGEINT AS h"), &r, &err), FIRN_E_BUG,
                &err, "HUGEINT"); /* the caller forgot the cast */
}

/* --- results ------------------------------------------------------------------------------- */

static void results(void **state FIRN_UNUSED)
{
    static const struct {
        const char *sql;
        const char *rows;
    } cases[] = {
        {"SELECT 1 AS a WHERE false", ""},
        {"SELECT true a, false b, NULL::BOOLEAN c", "{a: true, b: false, c: null}"},
        {"SELECT (-2147483648)::INT a, 9223372036854775807 b",
         "{a: -2147483648, b: 9223372036854775807}"},
        {"SELECT 'nan'::DOUBLE a, 'inf'::FLOAT b, '-inf'::DOUBLE c, -0.0::DOUBLE d, 1.5::FLOAT e",
         "{a: nan, b: inf, c: -inf, d: -0, e: 1.5}"},
        {"SELECT 999.9::DECIMAL(4,1) a, -99999.9999::DECIMAL(9,4) b, "
         "-999999999999999999::DECIMAL(18,0) c, "
         "99999999999999999999999999999999999999::DECIMAL(38,0) d, "
         "-0.00000000000000000000000000000000000001::DECIMAL(38,38) e",
         "{a: 999.9, b: -99999.9999, c: -999999999999999999, "
         "d: 99999999999999999999999999999999999999, "
         "e: -0.00000000000000000000000000000000000001}"},
        {"SELECT DATE '1969-12-31' a, TIME '23:59:59.999999' b, "
         "TIMESTAMP '1969-12-31 23:59:59.999999' c, TIMESTAMPTZ '1970-01-01 01:00:00+01' d",
         "{a: -1, b: 86399999999, c: -1, d: 0}"},
        {"SELECT '00000000-0000-0000-0000-000000000000'::UUID a, "
         "'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID b, "
         "'f79c3e09-677c-4bbd-a479-3f349cb785e7'::UUID c",
         "{a: 00000000000000000000000000000000, b: ffffffffffffffffffffffffffffffff, "
         "c: f79c3e09677c4bbda4793f349cb785e7}"},
        {"SELECT '\\x00\\xFF\\x00'::BLOB a, ''::BLOB b, '0123456789abcdef'::BLOB c",
         "{a: x00ff00, b: x, c: x30313233343536373839616263646566}"},
        {"SELECT '' a, '123456789012' b, '1234567890123' c, 'd\xC3\xA9j\xC3\xA0' d",
         "{a: '', b: '123456789012', c: '1234567890123', d: 'd\xC3\xA9j\xC3\xA0'}"},
        {"SELECT '{\"a\": 1}'::JSON j", "{j: '{\"a\": 1}'}"},
        {"SELECT sum(range) s, 170141183460469231731687303715884105727::HUGEINT h FROM range(5)",
         "{s: 10, h: 170141183460469231731687303715884105727}"},
        {"SELECT [1, NULL, 3] a, []::INT[] b, NULL::INT[] c, [[1], [], NULL] d",
         "{a: [1, null, 3], b: [], c: null, d: [[1], [], null]}"},
        {"SELECT {'a': 1, 'b': NULL::INT} a, NULL::STRUCT(x INT) b, {'s': {'t': [1]}} c",
         "{a: {a: 1, b: null}, b: null, c: {s: {t: [1]}}}"},
        {"SELECT [{'a': 1, 'l': ['x', NULL]}, NULL, {'a': NULL, 'l': NULL}] a",
         "{a: [{a: 1, l: ['x', null]}, null, {a: null, l: null}]}"},
        {"SELECT MAP {'k': 1, 'l': NULL} a, MAP {}::MAP(VARCHAR, INT) b, NULL::MAP(INT, INT) c, "
         "MAP {'k': {'v': [1.5]}} d",
         "{a: [{key: 'k', value: 1}, {key: 'l', value: null}], b: [], c: null, "
         "d: [{key: 'k', value: {v: [1.5]}}]}"},
        {"SELECT * FROM (VALUES (1, 'a'), (NULL, NULL), (3, 'c')) t(i, s)",
         "{i: 1, s: 'a'} {i: null, s: null} {i: 3, s: 'c'}"},
        /* the values of constant and of shared vectors */
        {"SELECT [7, 8] l, {'a': range} s FROM range(2) ORDER BY range",
         "{l: [7, 8], s: {a: 0}} {l: [7, 8], s: {a: 1}}"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++)
        check_rows(ops, session, cases[i].sql, cases[i].rows);
}

static void empty_result_has_types(void **state FIRN_UNUSED)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    firn_err err = {0};
    firn_result *r;
    const firn_column *root;
    size_t n = 7;
    check_ok(ops->query(session, FIRN_STR_LIT("SELECT 1 AS a, [{'x': 'y'}] AS \"b c\" WHERE false"),
                        &r, &err),
             &err);
    assert_string_equal(firn_type_text(ops->result_type(r), a),
                        "struct<a: int, b c: list<struct<x: string>>>");
    check_ok(ops->next(r, &root, &n, &err), &err);
    assert_int_equal(n, 0);
    check_ok(ops->next(r, &root, &n, &err), &err); /* and again */
    assert_int_equal(n, 0);
    ops->result_close(r);
}

/* More rows than a chunk or a row group holds, with texts of all lengths. */
static void many_rows(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_result *r;
    int64_t rows = 0;
    int64_t sum = 0;
    check_ok(ops->query(session,
                        FIRN_STR_LIT("SELECT range AS i, repeat('x', range::INT % 40) AS s, "
                                     "range(range % 5) AS l FROM range(300000)"),
                        &r, &err),
             &err);
    for (;;) {
        const firn_column *root;
        size_t n;
        check_ok(ops->next(r, &root, &n, &err), &err);
        if (n == 0)
            break;
        const firn_column *c = root->children;
        for (size_t k = 0; k < n; k++) {
            int64_t i = ((const int64_t *)c[0].data)[k];
            firn_str s = firn_strview_str(&((const firn_strview *)c[1].data)[k]);
            firn_listview l = ((const firn_listview *)c[2].data)[k];
            assert_int_equal(s.n, i % 40);
            assert_true(s.n == 0 || (s.p[0] == 'x' && s.p[s.n - 1] == 'x'));
            assert_int_equal(l.length, i % 5);
            for (uint64_t e = 0; e < l.length; e++)
                assert_int_equal(((const int64_t *)c[2].children[0].data)[l.offset + e], e);
            sum += i;
        }
        rows += (int64_t)n;
    }
    ops->result_close(r);
    assert_int_equal(rows, 300000);
    assert_int_equal(sum, INT64_C(300000) * 299999 / 2);
}

static void long_text(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_result *r;
    const firn_column *root;
    size_t n;
    check_ok(ops->query(session, FIRN_STR_LIT("SELECT repeat('ab', 5000000) AS s"), &r, &err),
             &err);
    check_ok(ops->next(r, &root, &n, &err), &err);
    firn_str s = firn_strview_str(&((const firn_strview *)root->children[0].data)[0]);
    assert_int_equal(s.n, 10000000);
    assert_memory_equal(s.p + s.n - 2, "ab", 2);
    ops->result_close(r);
}

/* Rows are made while they are read, so an error may come late; it must come. */
static void late_error(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 28);
    check_fails(run(ops, session,
                    "SELECT CASE WHEN range = 900000 THEN error('too late') ELSE 'x' END AS x "
                    "FROM range(1000000)",
                    &out, &err),
                FIRN_E_SQL, &err, "too late");
    check_rows(ops, session, "SELECT 1 AS a", "{a: 1}");
}

static void closed_early(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    for (int reads = 0; reads < 3; reads++) {
        firn_result *r;
        const firn_column *root;
        size_t n;
        check_ok(
            ops->query(session, FIRN_STR_LIT("SELECT range AS i FROM range(10000000)"), &r, &err),
            &err);
        for (int i = 0; i < reads; i++)
            check_ok(ops->next(r, &root, &n, &err), &err);
        ops->result_close(r);
    }
    check_rows(ops, session, "SELECT 1 AS a", "{a: 1}");
    ops->result_close(NULL);
    ops->session_close(NULL);
}

static void sessions(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_session *other;
    check_ok(ops->session(engine, &other, &err), &err);
    check_ok(ops->exec(session, FIRN_STR_LIT("CREATE TABLE shared_t AS SELECT 5 AS a"), &err),
             &err);
    check_ok(ops->exec(session, FIRN_STR_LIT("CREATE TEMP TABLE own_t AS SELECT 6 AS a"), &err),
             &err);
    check_rows(ops, other, "SELECT a FROM shared_t", "{a: 5}");
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(65536);
    check_fails(run(ops, other, "SELECT a FROM own_t", &out, &err), FIRN_E_SQL, &err, "own_t");
    ops->session_close(other);
    check_rows(ops, session, "SELECT a FROM own_t", "{a: 6}");
}

static void out_of_memory(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_engine *small;
    firn_session *s;
    firn_engine_conf conf = {.memory_bytes = 32 << 20, .threads = 1};
    check_ok(ops->open(&conf, &small, &err), &err);
    check_ok(ops->session(small, &s, &err), &err);
    check_fails(ops->exec(s,
                          FIRN_STR_LIT("CREATE TABLE t AS SELECT random() r, uuid() u FROM "
                                       "range(5000000)"),
                          &err),
                FIRN_E_NOMEM, &err, "emory");
    assert_true(strstr(err.advice, "--memory"));
    ops->session_close(s);
    ops->close(small);
}

int main(void)
{
    const struct CMUnitTest loading[] = {cmocka_unit_test(load)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_failures),
        cmocka_unit_test(settings),
        cmocka_unit_test(types),
        cmocka_unit_test(kinds),
        cmocka_unit_test(bad_statements),
        cmocka_unit_test(results),
        cmocka_unit_test(empty_result_has_types),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(long_text),
        cmocka_unit_test(late_error),
        cmocka_unit_test(closed_early),
        cmocka_unit_test(sessions),
        cmocka_unit_test(out_of_memory),
    };
    int failed = cmocka_run_group_tests_name("loading", loading, NULL, NULL);
    return failed + cmocka_run_group_tests_name("engine", tests, open_engine, close_engine);
}
