/* SPDX-License-Identifier: Apache-2.0 */
/* Which names of a statement are tables of the catalog, and the statement with others in their
 * place. */
#include "sql_help.h"

#include "base/arena.h"
#include "engine/sql_refs.h"

#define IDENT(ns, name)                                                                            \
    {                                                                                              \
        {(ns), sizeof(ns) - 1},                                                                    \
        {                                                                                          \
            (name), sizeof(name) - 1                                                               \
        }                                                                                          \
    }

static const firn_ident tables[] = {
    IDENT("curated.shared", "dim"), IDENT("My NS", "a\"b"), IDENT("raw", "Orders"),
    IDENT("raw", "orders"),         IDENT("raw", "t"),      IDENT("raw", "t$real"),
    IDENT("lake", "raw"),           IDENT("version", "at"), IDENT("raw", "t"),
};
static const firn_sql_known known = {{"lake", 4}, tables, FIRN_COUNT_OF(tables)};
static const firn_sql_origin start = {.file = "m.sql", .line = 3, .column = 5};

static const char *ref_text(const firn_sql_ref *r, firn_arena *a)
{
    static const char *const states[] = {"",           " at version", " at time",
                                         " at branch", " at tag",     " at ref"};
    const char *what =
        r->call ? firn_arena_printf(a, "iceberg(%.*s%s%s%.*s v%lld)", FIRN_STR_ARG(r->call->where),
                                    r->call->moved ? " moved" : "",
                                    r->call->moved_from.p ? " from " : "",
                                    FIRN_STR_ARG(r->call->moved_from), (long long)r->call->version)
                : firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(tables[r->table].ns),
                                    FIRN_STR_ARG(tables[r->table].name));
    return firn_arena_printf(a, "%s%s%.*s%s%s@%zu-%zu", what, r->metadata.p ? "$" : "",
                             FIRN_STR_ARG(r->metadata), r->column ? " column" : "",
                             states[r->at.at.kind], r->name.starts[0], r->end);
}

static const char *refs_text(firn_str sql, firn_arena *a)
{
    firn_err err = {0};
    firn_sql_ref *refs;
    size_t count;
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(65536);
    if (firn_sql_refs(sql, &start, &known, a, &refs, &count, &err) != FIRN_OK)
        return firn_arena_printf(a, "error %s: %s", err.where, err.text);
    for (size_t i = 0; i < count; i++) {
        check_ok(firn_buf_adds(&out, i ? "; " : "", &err), &err);
        check_ok(firn_buf_adds(&out, ref_text(&refs[i], a), &err), &err);
    }
    return firn_arena_strdup(a, firn_buf_cstr(&out));
}

static void finds_tables(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"SELECT 1", ""},
        {"FROM raw.t", "raw.t@5-10"},
        {"FROM RAW.T", "raw.t@5-10"},
        {"FROM lake.raw.t", "raw.t@5-15"},
        {"FROM lake.raw", "lake.raw@5-13"},
        {"FROM raw.orders JOIN raw.\"Orders\" USING (id)", "raw.orders@5-15; raw.Orders@21-33"},
        {"FROM RAW.\"Orders\"", "raw.Orders@5-17"},
        {"FROM curated.shared.dim", "curated.shared.dim@5-23"},
        {"FROM \"curated.shared\".dim", "curated.shared.dim@5-25"},
        {"FROM lake.curated.shared.dim d", "curated.shared.dim@5-28"},
        {"FROM \"My NS\".\"a\"\"b\"", "My NS.a\"b@5-19"},
        {"FROM version.at", "version.at@5-15"},
        {"SELECT raw.t.id, t.id, lake.raw.t.id FROM raw.t",
         "raw.t column@7-12; raw.t column@23-33; raw.t@42-47"},
        {"SELECT raw.t.* FROM raw.t", "raw.t column@7-12; raw.t@20-25"},
        {"SELECT 'FROM raw.t', $$raw.t$$ -- raw.t\n /* raw.t */", ""},
        {"SELECT raw.nope.x", ""},
        {"SELECT (x).raw.t", ""},
        {"FROM raw.nope", ""},
    };
    check_samples(refs_text, cases, FIRN_COUNT_OF(cases));
}

static void finds_states(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"FROM raw.t AT (VERSION => 1)", "raw.t at version@5-10"},
        {"FROM raw.t o AT (VERSION => 1)", "raw.t at version@5-10"},
        {"FROM raw.t AS o (a, b) AT (TAG x)", "raw.t at tag@5-10"},
        {"FROM raw.t AT (TAG x) AS o", "raw.t at tag@5-10"},
        {"FROM raw.t FOR VERSION AS OF 1, raw.t VERSION AS OF 'x' y",
         "raw.t at version@5-10; raw.t at ref@32-37"},
        {"FROM raw.t a JOIN raw.t AT (TIMESTAMP '2026-11-01') b ON a.id = b.id",
         "raw.t@5-10; raw.t at time@18-23"},
        {"FROM raw.t at (version, x)", "raw.t@5-10"},
        {"FROM raw.t WHERE at (version => 1)", "raw.t@5-10"},
        {"SELECT ts AT TIME ZONE 'UTC' FROM raw.t FOR UPDATE", "raw.t@34-39"},
        {"FROM version.at AT (VERSION 1)", "version.at at version@5-15"},
        {"FROM raw.t.branch_b", "raw.t at branch@5-19"},
        {"FROM raw.t.tag_x y, raw.t.snapshot_id_7", "raw.t at tag@5-16; raw.t at version@20-39"},
        {"SELECT raw.t.branch_b FROM raw.t", "raw.t column@7-12; raw.t@27-32"},
        {"FROM raw.orders AT (VERSION 1) JOIN raw.orders AT (VERSION 2) USING (id)",
         "raw.orders at version@5-15; raw.orders at version@36-46"},
        {"WITH x AS (FROM raw.t AT (VERSION 1)) FROM x", "raw.t at version@16-21"},
    };
    check_samples(refs_text, cases, FIRN_COUNT_OF(cases));
}

static void finds_metadata(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"FROM raw.t$files", "raw.t$files@5-16"},
        {"FROM raw.\"t$files\"", "raw.t$files@5-18"},
        {"FROM lake.raw.\"t$SNAPSHOTS\"", "raw.t$SNAPSHOTS@5-27"},
        {"FROM raw.t$real", "raw.t$real@5-15"}, /* a table of that name */
        {"FROM raw.t.files", "raw.t$files@5-16"},
        {"SELECT raw.t.files FROM raw.t", "raw.t column@7-12; raw.t@24-29"},
        {"SELECT a, raw.t.files FROM raw.t", "raw.t column@10-15; raw.t@27-32"},
        {"FROM raw.orders a, raw.t.files", "raw.orders@5-15; raw.t$files@19-30"},
        {"FROM (raw.orders a JOIN raw.t.files b ON true)", "raw.orders@6-16; raw.t$files@24-35"},
        {"SELECT extract(year FROM raw.t.files) FROM raw.t", "raw.t column@25-30; raw.t@43-48"},
        {"SELECT a IS DISTINCT FROM raw.t.files FROM raw.t", "raw.t column@26-31; raw.t@43-48"},
        {"SELECT * FROM raw.t WHERE x IN (FROM raw.t.refs)", "raw.t@14-19; raw.t$refs@37-47"},
        {"FROM raw.t ORDER BY a, raw.t.files", "raw.t@5-10; raw.t column@23-28"},
        {"DESCRIBE raw.t.files", "raw.t$files@9-20"},
        {"FROM raw.t$files AT (VERSION 1)", "raw.t$files at version@5-16"},
    };
    check_samples(refs_text, cases, FIRN_COUNT_OF(cases));
}

static void finds_calls(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"FROM iceberg('x')", "iceberg(x v-1)@5-17"},
        {"FROM Iceberg_Scan ( 'it''s' ) o", "iceberg(it's v-1)@5-29"},
        {"FROM iceberg('x', moved => true)", "iceberg(x moved v-1)@5-32"},
        {"FROM iceberg('x', moved_from => '/a', version => 3)", "iceberg(x moved from /a v3)@5-51"},
        {"FROM iceberg('x', allow_moved_paths = true, version := 'v3')",
         "iceberg(x moved v3)@5-60"},
        {"FROM iceberg('x') AT (TAG t), iceberg('y', snapshot => 5)",
         "iceberg(x v-1) at tag@5-17; iceberg(y v-1) at version@30-57"},
        {"SELECT iceberg('x')", ""},
        {"FROM iceberg", ""},
        {"FROM a.iceberg('x')", ""},
    };
    check_samples(refs_text, cases, FIRN_COUNT_OF(cases));
}

static void refuses(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"FROM raw.nope AT (VERSION 1)", "error m.sql:3:10: there is no table 'raw.nope'"},
        {"FROM\n t AT (VERSION 1)", "error m.sql:4:2: there is no table 't'"},
        {"FROM \xC3\xA9, raw.nope FOR VERSION AS OF 1",
         "error m.sql:3:13: there is no table 'raw.nope'"},
        {"FROM raw.ORDERS", "error m.sql:3:10: raw.Orders and raw.orders differ only in case"},
        {"FROM raw.t.nope", "error m.sql:3:10: there is no table 'raw.t.nope'"},
        {"FROM a.b.c.d", "error m.sql:3:10: there is no table 'a.b.c.d'"},
        {"FROM curated.shared.dmi", "error m.sql:3:10: there is no table 'curated.shared.dmi'"},
        {"FROM raw.t AT (VERSION 1) AT (VERSION 2)",
         "error m.sql:3:31: the table's state is said twice"},
        {"FROM raw.t.tag_x AT (VERSION 2)", "error m.sql:3:22: the table's state is said twice"},
        {"FROM iceberg()", "error m.sql:3:18: iceberg takes the place of a table as a text"},
        {"FROM iceberg('')", "error m.sql:3:18: the place of the table is empty"},
        {"FROM iceberg('x', 5)",
         "error m.sql:3:23: arguments behind the place are written name => value"},
        {"FROM iceberg('x', moved)",
         "error m.sql:3:23: arguments behind the place are written name => value"},
        {"FROM iceberg('x', moved => maybe)", "error m.sql:3:23: the value of this is not right"},
        {"FROM iceberg('x'", "error m.sql:3:21: a ')' or ',' is missing here"},
    };
    check_samples(refs_text, cases, FIRN_COUNT_OF(cases));
}

/* --- edits --------------------------------------------------------------------------------- */

/* What firn_tables_rewrite does, with _1$ before the namespaces of earlier states. */
static const char *rewritten(const char *text, firn_arena *a)
{
    firn_err err = {0};
    firn_str sql = firn_str_of(text);
    firn_sql_ref *refs;
    size_t count;
    size_t n = 0;
    firn_sql_edit edits[32];
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(65536);
    check_ok(firn_sql_refs(sql, &start, &known, a, &refs, &count, &err), &err);
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_BUF(4096);
        firn_str alias = refs[i].first ? FIRN_STR_LIT("_0__") : (firn_str){NULL, 0};
        firn_str prefix = refs[i].at.at.kind ? FIRN_STR_LIT("_1$") : FIRN_STR_LIT("");
        check_ok(firn_sql_ref_text(sql, &refs[i], alias, prefix, a, &name, &err), &err);
        edits[n++] = (firn_sql_edit){refs[i].name.starts[0], refs[i].end,
                                     firn_arena_str(a, firn_buf_str(&name))};
        if (refs[i].at.end > refs[i].at.offset)
            edits[n++] = (firn_sql_edit){refs[i].at.offset, refs[i].at.end, {"", 0}};
    }
    check_ok(firn_sql_apply(sql, edits, n, &out, &err), &err);
    return firn_arena_strdup(a, firn_buf_cstr(&out));
}

static void edits(void **state FIRN_UNUSED)
{
    static const sample cases[] = {
        {"", ""},
        {"SELECT 1", "SELECT 1"},
        {"FROM raw.t WHERE x", "FROM raw.t WHERE x"},
        {"FROM lake.raw.t WHERE x", "FROM _0__.raw.t WHERE x"},
        {"FROM \"lake\".raw.t WHERE x", "FROM _0__.raw.t   WHERE x"},
        {"FROM curated.shared.dim WHERE x", "FROM curated$shared.dim WHERE x"},
        {"FROM \"curated\".\"shared\".dim x", "FROM \"curated$shared\".dim   x"},
        {"FROM \"curated.shared\".dim x", "FROM \"curated$shared\".dim x"},
        {"SELECT lake.curated.shared.dim.k", "SELECT _0__.curated$shared.dim.k"},
        {"FROM raw.t AT (VERSION => 1) WHERE x", "FROM _1$raw.t                WHERE x"},
        {"FROM raw.t o AT (VERSION => 1) WHERE x", "FROM _1$raw.t o                WHERE x"},
        {"FROM raw.t o VERSION AS OF 1, x", "FROM _1$raw.t o             , x"},
        /* lines stay, and their columns */
        {"FROM raw.t AT (\n  VERSION => 1\n ) o", "FROM _1$raw.t \n\n   o"},
        {"FROM raw.t\n  AT (VERSION => 1) o", "FROM _1$raw.t\n                    o"},
        {"FROM raw /* a\n */ .t x", "FROM raw.t\n       x"},
        {"FROM raw.t AT (TAG '\xC3\xA9\xC3\xA9\xC3\xA9') x", "FROM _1$raw.t             x"},
        {"FROM raw.\"t$files\" x", "FROM raw.\"t$files\" x"},
        {"FROM raw.t.files x", "FROM raw.t$files x"},
        {"FROM raw.t.tag_x WHERE", "FROM _1$raw.t    WHERE"},
        {"FROM iceberg('x') o", "FROM main.iceberg o"},
        {"FROM iceberg('x', moved => true) o", "FROM main.iceberg                o"},
        {"FROM iceberg('x') AT (TAG t) o", "FROM _1$main.iceberg         o"},
    };
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        const char *got = rewritten(cases[i].sql, a);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s\n  gives '%s'\n  not   '%s'", cases[i].sql, got, cases[i].want);
    }
}

/* A statement cut at every place ends in time and reads no byte behind its end (ASan). */
static void cut_anywhere(void **state FIRN_UNUSED)
{
    static const char text[] = "WITH a AS (FROM lake.curated.shared.dim AT (TAG x)) SELECT (b).c "
                               "FROM raw.t.files o(a, b), iceberg('x', moved_from => '/y') FOR "
                               "VERSION AS OF 1 JOIN raw.\"t$refs\" ON true";
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = firn_arena_alloc(a, n + 1);
        memcpy(copy, text, n);
        assert_non_null(refs_text((firn_str){copy, n}, a));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_tables),   cmocka_unit_test(finds_states),
        cmocka_unit_test(finds_metadata), cmocka_unit_test(finds_calls),
        cmocka_unit_test(refuses),        cmocka_unit_test(edits),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
