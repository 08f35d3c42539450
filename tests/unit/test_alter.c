/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline/alter: statements that were damaged are read or refused, never worse. */
#include "check.h"
#include "ice_help.h"

#include "pipeline/alter_int.h"

static const char *const statements[] = {
    "ALTER TABLE IF EXISTS lake.raw.t ADD COLUMNS (a int COMMENT 'it''s', b STRUCT(c INT, d "
    "VARCHAR[]) NOT NULL AFTER \"x y\", e map<string, list<decimal(9, 2)>> DEFAULT -1.5e-3 FIRST)",
    "ALTER TABLE t ALTER COLUMN a.b.c TYPE timestamp(6) with time zone, DROP COLUMN IF EXISTS z, "
    "RENAME COLUMN `q` TO r, ALTER COLUMN f SET DEFAULT DATE '2025-01-01'",
    "ALTER TABLE t REPLACE PARTITION FIELD bucket[4](id) WITH truncate(name, 3) AS n, "
    "ADD PARTITION FIELD IF NOT EXISTS days(ts), PARTITION BY (a, year(b)), DROP PARTITION FIELD x",
    "ALTER TABLE t WRITE DISTRIBUTED BY PARTITION LOCALLY ORDERED BY a DESC NULLS LAST, day(b)",
    "ALTER TABLE t SET TBLPROPERTIES ('a' = 'b', c.d-e=5), UNSET PROPERTIES IF EXISTS ('x', y)",
    "ALTER TABLE t SET PROPERTIES partitioning = ARRAY['day(a)', 'b'], format_version = 2",
    "ALTER TABLE t CREATE OR REPLACE BRANCH IF NOT EXISTS b AS OF VERSION 123 RETAIN 5 DAYS WITH "
    "SNAPSHOT RETENTION 3 SNAPSHOTS 2 HOURS",
    "ALTER TABLE t SET IDENTIFIER FIELDS a, b.c, DROP IDENTIFIER FIELDS d",
    "CALL lake.system.fast_forward(table => 'raw.t', branch => 'main', to => 'b')",
    "ALTER TABLE t RENAME TO lake.x.y -- a comment /* in */ it",
};

static firn_code read_statement(firn_str sql, alter_script *ret, firn_err *err)
{
    alter_reader r;
    const firn_query_conf conf = {.sql = sql, .line = 1, .column = 1};
    FIRN_TRY(firn_alter_lex(&conf, A, &r, err));
    return firn_alter_parse(&r, ret, err);
}

static void they_are_read(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(statements); i++) {
        alter_script s;
        check_ok(read_statement(s_(statements[i]), &s, &E), &E);
        assert_true(s.changes.n > 0);
    }
    alter_script s;
    check_ok(read_statement(s_(statements[0]), &s, &E), &E);
    check_i64(s.changes.n, 3);
    check_str(s.changes.v[0].doc, "it's");
    check_str(s.changes.v[1].place.other, "x y");
    check_str(s.changes.v[2].literal, "-1.5e-3");
    check_ok(read_statement(s_(statements[6]), &s, &E), &E);
    check_i64(s.changes.v[0].retention.max_ref_age_ms, 5 * 86400000);
    check_i64(s.changes.v[0].retention.max_snapshot_age_ms, 2 * 3600000);
    check_i64(s.changes.v[0].retention.min_snapshots_to_keep, 3);
    check_i64(s.changes.v[0].at.snapshot_id, 123);
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Bytes changed, runs taken out, doubled, or cut off. */
static size_t damage(char *text, size_t n, size_t cap, uint32_t *seed)
{
    static const char signs[] = "()[]<>,.;:='\"`-/*+0aA \n\t\xff\xc3\0";
    for (uint32_t k = next(seed) % 4 + 1; k && n; k--) {
        size_t at = next(seed) % n;
        size_t length = next(seed) % 12;
        length = FIRN_MIN(length, n - at);
        uint32_t how = next(seed) % 4;
        if (how == 0) {
            text[at] = signs[next(seed) % (sizeof signs - 1)];
        } else if (how == 1) {
            memmove(text + at, text + at + length, n - at - length);
            n -= length;
        } else if (how == 2 && n + length < cap) {
            memmove(text + at + length, text + at, n - at);
            n += length;
        } else {
            n = at;
        }
    }
    return n;
}

static void damaged_ones_are_read_or_refused(void **state FIRN_UNUSED)
{
    uint32_t seed = 7;
    size_t refused = 0;
    for (int i = 0; i < 60000; i++) {
        char text[1024];
        const char *from = statements[next(&seed) % FIRN_COUNT_OF(statements)];
        size_t n = strlen(from);
        memcpy(text, from, n);
        n = damage(text, n, sizeof text, &seed);
        /* of its exact size, so that a byte too far is found */
        char *exact = malloc(n + !n);
        memcpy(exact, text, n);
        alter_script s;
        firn_err_clear(&E);
        firn_code code = read_statement((firn_str){exact, n}, &s, &E);
        bool known = code == FIRN_OK || code == FIRN_E_SQL || code == FIRN_E_UNSUPPORTED ||
                     code == FIRN_E_CONFIG || code == FIRN_E_USAGE || code == FIRN_E_LIMIT;
        if (!known || (code == FIRN_E_SQL && !E.where[0]))
            fail_msg("%.*s: code %d %s", (int)n, exact, (int)code, E.text);
        refused += code != FIRN_OK;
        free(exact);
        firn_arena_reset(A);
    }
    assert_true(refused > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(they_are_read),
        ICE_TEST(damaged_ones_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
