/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL front: names lie inside of the statement, splitting what was split changes nothing,
 * rewriting what is not there changes nothing. */
#include "fuzz.h"

#include "engine/sql_refs.h"

#include <stdio.h>

const char *const fuzz_tokens[] = {
    "SELECT ",
    "FROM ",
    "raw.orders",
    "lake.raw.orders",
    "\"My NS\".t",
    "'",
    "\"",
    "$$",
    "$t$",
    "--",
    "/*",
    "*/",
    ";",
    "E'",
    "\\'",
    "\n",
    " AT (VERSION => 1)",
    " AT (TIMESTAMP => '2024-01-01')",
    " FOR VERSION AS OF 1 ",
    " FOR SYSTEM_TIME AS OF ",
    " FOR TIMESTAMP AS OF '2024-01-01' ",
    " VERSION AS OF 'b' ",
    "iceberg('/a')",
    "iceberg_scan('",
    "t$files",
    "\"t$files\"",
    "SHOW TABLES",
    "DESCRIBE ",
    "raw.orders.snapshots",
    "moved => true",
    "version => 3",
    "branch_x",
    "at_timestamp_1",
    "ALTER TABLE ",
    " ADD COLUMN ",
    "\xc2\xa0",
    ".",
    "(",
    ")",
    ",",
    "::",
    "x'AB'",
    "now()",
    "read_csv(",
    NULL,
};

static void check_names(firn_str sql, firn_arena *a)
{
    firn_err err = {0};
    firn_sql_name *names;
    size_t n;
    if (!fuzz_ok(firn_sql_names(sql, a, &names, &n, &err), &err))
        return;
    size_t behind = 0;
    for (size_t i = 0; i < n; i++) {
        fuzz_require(names[i].part_count >= 1, "name %zu has no parts", i);
        for (size_t k = 0; k < names[i].part_count; k++) {
            fuzz_require(names[i].starts[k] >= behind && names[i].ends[k] > names[i].starts[k] &&
                             names[i].ends[k] <= sql.n,
                         "part %zu of name %zu: %zu to %zu", k, i, names[i].starts[k],
                         names[i].ends[k]);
            behind = names[i].ends[k];
            (void)firn_sql_name_is(&names[i], FIRN_STR_LIT("lake"), FIRN_STR_LIT("raw"),
                                   names[i].parts[k]);
        }
    }
}

static void check_split(firn_str sql, firn_arena *a)
{
    firn_err err = {0};
    firn_str *parts;
    firn_str *again;
    size_t n;
    size_t n_again;
    if (!sql.n || !fuzz_ok(firn_sql_split(sql, a, &parts, &n, &err), &err))
        return;
    for (size_t i = 0; i < n; i++) {
        fuzz_require(parts[i].p >= sql.p && parts[i].p + parts[i].n <= sql.p + sql.n, "part %zu",
                     i);
        fuzz_require(!firn_sql_is_empty(parts[i]), "part %zu is empty", i);
        if (i < 20 && parts[i].n < 2000 &&
            fuzz_ok(firn_sql_split(parts[i], a, &again, &n_again, &err), &err))
            fuzz_require(n_again == 1 && firn_str_eq(again[0], parts[i]), "part %zu again: %zu", i,
                         n_again);
    }
    /* what is no blank to the engine may be one at the end of a statement */
    fuzz_require(n || memchr(sql.p, '\v', sql.n) || firn_sql_is_empty(sql), "a statement is lost");
}

/* Every reference is put in place of by itself and by another text. */
static void check_edits(firn_str sql, const firn_sql_ref *refs, size_t n, firn_arena *a)
{
    firn_err err = {0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 24);
    bool one_line = true; /* line ends in what is replaced are kept behind it */
    firn_sql_edit *edits = firn_arena_array(a, n, sizeof *edits);
    fuzz_require(edits, "no memory");
    for (size_t i = 0; i < n; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 24);
        size_t from = refs[i].name.starts[0];
        fuzz_require(from < refs[i].end && refs[i].end <= sql.n, "reference %zu", i);
        fuzz_require(i == 0 || from >= edits[i - 1].to, "references overlap");
        if (!refs[i].call)
            (void)fuzz_ok(firn_sql_ref_text(sql, &refs[i], FIRN_STR_LIT("q1"), FIRN_STR_LIT("a$"),
                                            a, &text, &err),
                          &err);
        edits[i] = (firn_sql_edit){from, refs[i].end, {sql.p + from, refs[i].end - from}};
        one_line = one_line && !memchr(edits[i].text.p, '\n', edits[i].text.n);
    }
    if (fuzz_ok(firn_sql_apply(sql, edits, n, &out, &err), &err) && one_line)
        fuzz_require(firn_str_eq(firn_buf_str(&out), sql), "put in place by itself");
    for (size_t i = 0; i < n; i++)
        edits[i].text = i % 2 ? FIRN_STR_LIT("") : FIRN_STR_LIT("\"something longer\".x");
    firn_buf_clear(&out);
    (void)fuzz_ok(firn_sql_apply(sql, edits, n, &out, &err), &err);
}

static void check_refs(firn_str sql, firn_arena *a)
{
    static const firn_ident tables[] = {{{"raw", 3}, {"orders", 6}},
                                        {{"raw", 3}, {"t", 1}},
                                        {{"raw", 3}, {"T", 1}},
                                        {{"curated.shared", 14}, {"dim", 3}},
                                        {{"My NS", 5}, {"t\"x", 3}}};
    static const firn_sql_known known = {{"lake", 4}, tables, FIRN_COUNT_OF(tables)};
    const firn_sql_origin origin = {.line = 1, .column = 1};
    firn_err err = {0};
    firn_sql_ref *refs;
    size_t n;
    if (fuzz_ok(firn_sql_refs(sql, &origin, &known, a, &refs, &n, &err), &err))
        check_edits(sql, refs, n, a);
}

/* A message of the engine that quotes the statement. */
static void check_locate(firn_str sql)
{
    firn_err err = {.code = FIRN_E_SQL};
    snprintf(err.text, sizeof err.text, "%.*s", (int)FIRN_MIN(sql.n, sizeof err.text - 1), sql.p);
    for (char *p = err.text; *p; p++)
        if ((unsigned char)*p < 0x20 && *p != '\n')
            *p = ' ';
    const firn_sql_origin origin = {.file = sql.n % 2 ? "a.sql" : NULL, .line = 3, .column = 7};
    firn_sql_locate(&err, sql, &origin);
    fuzz_require(strlen(err.text) < sizeof err.text && strlen(err.where) < sizeof err.where, "end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_str sql = {(const char *)data, size};
    firn_arena *a = fuzz_arena();
    check_names(sql, a);
    check_split(sql, a);
    check_refs(sql, a);
    if (size)
        check_locate(sql);
    (void)firn_sql_is_volatile(sql);
    fuzz_free(a, size, (size_t)1 << 20, 2000);
    return 0;
}
