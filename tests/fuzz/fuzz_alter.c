/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER TABLE and CALL: what is read are changes that make sense of the statement; what is not is
 * named with its place. */
#include "fuzz.h"

#include "pipeline/alter_int.h"

const char *const fuzz_tokens[] = {
    "ALTER TABLE ",
    "IF EXISTS ",
    "raw.orders ",
    "ADD COLUMN ",
    "ADD COLUMNS (",
    "DROP COLUMN ",
    "RENAME COLUMN ",
    " TO ",
    "ALTER COLUMN ",
    " TYPE ",
    " SET DATA TYPE ",
    " DROP NOT NULL",
    " SET NOT NULL",
    " COMMENT 'x'",
    " DEFAULT 5",
    " FIRST",
    " AFTER b",
    " BEFORE c",
    "struct<a: int, b: list<string>>",
    "STRUCT(a INTEGER, b VARCHAR[])",
    "decimal(9,2)",
    "timestamp(6) with time zone",
    "map<string, ",
    "int[]",
    "ADD PARTITION FIELD bucket(16, id)",
    "REPLACE PARTITION FIELD ",
    "DROP PARTITION FIELD ",
    "SET PARTITIONED BY (day(ts), b)",
    "WRITE ORDERED BY a DESC NULLS LAST, b",
    "SET IDENTIFIER FIELDS a, b",
    "SET TBLPROPERTIES ('a' = 'b')",
    "UNSET TBLPROPERTIES ('a')",
    "CREATE BRANCH b AS OF VERSION 5 RETAIN 7 DAYS",
    "CREATE TAG IF NOT EXISTS t",
    "WITH SNAPSHOT RETENTION 3 SNAPSHOTS 2 DAYS",
    "REPLACE BRANCH ",
    "DROP TAG ",
    "CALL lake.system.fast_forward('raw.orders', 'main', 'b')",
    "CALL system.rollback_to_snapshot(table => 'raw.t', snapshot_id => 5)",
    "`",
    "\"",
    "'",
    "--",
    ",",
    "(",
    ")",
    NULL,
};

static void check(const alter_script *s, firn_str sql)
{
    fuzz_require(s->table_parts >= 1 || s->changes.n == 0, "changes of no table");
    fuzz_require(s->table_offset <= sql.n, "the table at %zu", s->table_offset);
    for (size_t i = 0; i < s->changes.n; i++) {
        const alter_change *c = &s->changes.v[i];
        fuzz_require(c->offset <= sql.n, "change %zu at %zu", i, c->offset);
        for (size_t k = 0; k < c->name_count; k++)
            fuzz_require(c->names[k].p, "name %zu of change %zu", k, i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    const firn_query_conf conf = {.sql = {(const char *)data, size}, .line = 1, .column = 1};
    alter_reader r = {0};
    alter_script script = {0};
    firn_code code = firn_alter_lex(&conf, a, &r, &err);
    if (code == FIRN_OK)
        code = firn_alter_parse(&r, &script, &err);
    if (fuzz_ok(code, &err))
        check(&script, conf.sql);
    else
        fuzz_require(code == FIRN_E_LIMIT || err.where[0], "no place: %s", err.text);
    fuzz_free(a, size, (size_t)1 << 20, 2000);
    return 0;
}
