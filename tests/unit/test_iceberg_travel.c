/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/travel, iceberg/moved: which state is meant, and where its files lie.  Source: Iceberg
 * table spec, "Point in Time Reads (Time Travel)", "Snapshot References". */
#include "check.h"
#include "ice_help.h"

#include "iceberg/moved.h"
#include "iceberg/travel.h"

#include <inttypes.h>

/* Snapshots 20 → 30 → 40 on main, rolled back to 30, and 50 on a branch; 10 is expired.  Schema 0
 * was that of 20. */
static const char table[] =
    "{'format-version':2,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1','location':'/lake/t',"
    "'last-sequence-number':5,'last-updated-ms':9000,'last-column-id':2,'current-schema-id':1,"
    "'schemas':[{'type':'struct','schema-id':0,'fields':["
    "{'id':1,'name':'x','required':true,'type':'int'}]},"
    "{'type':'struct','schema-id':1,'fields':["
    "{'id':1,'name':'x','required':true,'type':'long'}]}],"
    "'default-spec-id':0,'partition-specs':[{'spec-id':0,'fields':[]}],'last-partition-id':999,"
    "'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],"
    "'current-snapshot-id':30,'snapshots':["
    "{'snapshot-id':20,'parent-snapshot-id':10,'timestamp-ms':2000,'sequence-number':2,"
    "'summary':{'operation':'append'},'manifest-list':'/lake/t/s.avro','schema-id':0},"
    "{'snapshot-id':30,'parent-snapshot-id':20,'timestamp-ms':3000,'sequence-number':3,"
    "'summary':{'operation':'append'},'manifest-list':'/lake/t/s.avro','schema-id':0},"
    "{'snapshot-id':40,'parent-snapshot-id':30,'timestamp-ms':4000,'sequence-number':4,"
    "'summary':{'operation':'append'},'manifest-list':'/lake/t/s.avro','schema-id':1},"
    "{'snapshot-id':50,'parent-snapshot-id':30,'timestamp-ms':5000,'sequence-number':5,"
    "'summary':{'operation':'append'},'manifest-list':'/lake/t/s.avro'}],"
    "'refs':{'main':{'snapshot-id':30,'type':'branch'},'audit':{'snapshot-id':50,'type':'branch'},"
    "'v1':{'snapshot-id':20,'type':'tag'},'2026':{'snapshot-id':40,'type':'tag'}}%s}";

static const char log_of_main[] = ",'snapshot-log':[{'snapshot-id':20,'timestamp-ms':2000},"
                                  "{'snapshot-id':30,'timestamp-ms':3000},"
                                  "{'snapshot-id':40,'timestamp-ms':4000},"
                                  "{'snapshot-id':30,'timestamp-ms':6000}]";

static const firn_metadata *parse(const char *log)
{
    const firn_metadata *m;
    const char *text = text_of(json_of(firn_arena_printf(A, table, log)));
    check_ok(firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)},
                                 s_("/lake/t/metadata/00007-u.metadata.json"), A, &m, &E),
             &E);
    return m;
}

/* "20 schema 0", or the error's text. */
static const char *resolved(const firn_metadata *m, firn_at at)
{
    const firn_snapshot *s;
    const firn_schema *schema;
    firn_err err = {0};
    if (firn_at_resolve(m, &at, &s, &schema, &err) != FIRN_OK)
        return firn_arena_printf(A, "%s | %s", err.text, err.advice);
    return firn_arena_printf(A, "%" PRId64 " schema %d", s ? s->snapshot_id : -1,
                             (int)schema->schema_id);
}

static firn_at time_at(int64_t ms)
{
    return (firn_at){.kind = FIRN_AT_TIMESTAMP, .timestamp_ms = ms};
}

static firn_at named(firn_at_kind kind, const char *name)
{
    return (firn_at){.kind = kind, .name = s_(name)};
}

static void resolve(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(log_of_main);
    const struct {
        firn_at at;
        const char *want;
    } cases[] = {
        {{0}, "30 schema 1"}, /* the current state has the current schema */
        {{.kind = FIRN_AT_VERSION, .snapshot_id = 20}, "20 schema 0"},
        {{.kind = FIRN_AT_VERSION, .snapshot_id = 30}, "30 schema 0"},
        {{.kind = FIRN_AT_VERSION, .snapshot_id = 50}, "50 schema 1"}, /* it names none */
        {{.kind = FIRN_AT_VERSION, .snapshot_id = 2026, .name = s_("2026")}, "40 schema 1"},
        {time_at(2000), "20 schema 0"},
        {time_at(2999), "20 schema 0"},
        {time_at(4500), "40 schema 1"},
        {time_at(5999), "40 schema 1"},
        {time_at(6000), "30 schema 0"}, /* rolled back */
        {time_at(INT64_MAX / 2000), "30 schema 0"},
        {named(FIRN_AT_BRANCH, "audit"), "50 schema 1"},
        {named(FIRN_AT_BRANCH, "main"), "30 schema 1"},
        {named(FIRN_AT_TAG, "v1"), "20 schema 0"},
        {named(FIRN_AT_REF, "v1"), "20 schema 0"},
        {named(FIRN_AT_REF, "audit"), "50 schema 1"},
        {time_at(1999), "the table has no snapshot of 1970-01-01 00:00:01.999 UTC or before | its "
                        "first one is 20 of 1970-01-01 00:00:02 UTC; earlier ones are expired"},
        {{.kind = FIRN_AT_VERSION, .snapshot_id = 10},
         "snapshot 10 of the table is expired | it has 20 (1970-01-01 00:00:02 UTC), "
         "50 (1970-01-01 00:00:05 UTC), 40 (1970-01-01 00:00:04 UTC), 30 (1970-01-01 00:00:03 "
         "UTC); `firn history` lists them"},
        {named(FIRN_AT_BRANCH, "v1"), "'v1' is a tag of the table, not a branch | write AT (TAG => "
                                      "'v1')"},
        {named(FIRN_AT_TAG, "audit"), "'audit' is a branch of the table, not a tag | write AT "
                                      "(BRANCH => 'audit')"},
        {named(FIRN_AT_BRANCH, "aduit"), "the table has no branch 'aduit' | did you mean branch "
                                         "'audit'?"},
        {named(FIRN_AT_REF, "v1 "), "the table has no branch or tag 'v1 ' | did you mean tag "
                                    "'v1'?"},
        {named(FIRN_AT_TAG, "main"), "'main' is a branch of the table, not a tag | write AT "
                                     "(BRANCH => 'main')"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        const char *got = resolved(m, cases[i].at);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("case %zu\n  gives '%s'\n  not   '%s'", i, got, cases[i].want);
    }
}

/* The log is optional: then what the current snapshot was made from counts. */
static void resolve_without_log(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse("");
    assert_string_equal(resolved(m, time_at(2500)), "20 schema 0");
    assert_string_equal(resolved(m, time_at(4500)), "30 schema 0");
    assert_non_null(strstr(resolved(m, time_at(1000)), "its first one is 20"));
}

/* Expired while the log still names it. */
static void resolve_expired(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(",'snapshot-log':[{'snapshot-id':10,'timestamp-ms':1000},"
                                   "{'snapshot-id':30,'timestamp-ms':3000}]");
    const char *got = resolved(m, time_at(1500));
    if (!firn_str_starts(s_(got), "at 1970-01-01 00:00:01.500 UTC: snapshot 10 of the table is "
                                  "expired | "))
        fail_msg("%s", got);
}

static void parse_at(void **state FIRN_UNUSED)
{
    /* 1793527200000 is 2026-11-01T10:00:00Z (date -d … +%s) */
    static const struct {
        const char *text;
        firn_at_kind kind;
        int64_t value;
        const char *name;
    } cases[] = {
        {"123", FIRN_AT_VERSION, 123, "123"},
        {" 9223372036854775807 ", FIRN_AT_VERSION, INT64_MAX, "9223372036854775807"},
        {"2026-11-01", FIRN_AT_TIMESTAMP, 1793491200000, NULL},
        {"2026-11-01 10:00", FIRN_AT_TIMESTAMP, 1793527200000, NULL},
        {"2026-11-01T10:00:00", FIRN_AT_TIMESTAMP, 1793527200000, NULL},
        {"2026-11-01T10:00:00Z", FIRN_AT_TIMESTAMP, 1793527200000, NULL},
        {"2026-11-01 10:00:00 UTC", FIRN_AT_TIMESTAMP, 1793527200000, NULL},
        {"2026-11-01 10:00:00.999999", FIRN_AT_TIMESTAMP, 1793527200999, NULL},
        {"2026-11-01T12:00:00+02:00", FIRN_AT_TIMESTAMP, 1793527200000, NULL},
        {"2026-11-01 05:00:00 -0500", FIRN_AT_TIMESTAMP, 1793527200000, NULL},
        {"1969-12-31 23:59:59.9999", FIRN_AT_TIMESTAMP, -1, NULL},
        {"main", FIRN_AT_REF, 0, "main"},
        {"2026-q1", FIRN_AT_REF, 0, "2026-q1"},
        {"-5", FIRN_AT_REF, 0, "-5"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_at at;
        check_ok(firn_at_parse(s_(cases[i].text), &at, &E), &E);
        assert_int_equal(at.kind, cases[i].kind);
        if (at.kind != FIRN_AT_REF)
            check_i64(at.kind == FIRN_AT_VERSION ? at.snapshot_id : at.timestamp_ms,
                      cases[i].value);
        if (cases[i].name)
            check_str(at.name, cases[i].name);
        else
            assert_null(at.name.p);
    }
    static const char *const wrong[] = {"",
                                        "  ",
                                        "99999999999999999999",
                                        "2026-13-01",
                                        "2026-11-01 25:00",
                                        "2026-11-01T10:00:00+xx"};
    for (size_t i = 0; i < FIRN_COUNT_OF(wrong); i++) {
        firn_at at = {.snapshot_id = 77};
        assert_int_equal(firn_at_parse(s_(wrong[i]), &at, &E), FIRN_E_USAGE);
        check_i64(at.snapshot_id, 77);
    }
}

/* --- moved tables -------------------------------------------------------------------------- */

static void moved(void **state FIRN_UNUSED)
{
    static const struct {
        const char *location;
        const char *folder;
        const char *given;
        const char *path;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"/a/wh/db/t", "/b/wh/db/t", NULL, "/a/wh/db/t/data/x", "/b/wh/db/t/data/x"},
        {"/a/wh/db/t", "/b/wh/db/t", NULL, "/a/wh/other/x", "/b/wh/other/x"},
        {"/a/wh/db/t", "/b/copy", NULL, "/a/wh/db/t/data/x", "/b/copy/data/x"},
        {"/a/wh/db/t", "/b/copy", NULL, "/a/wh/db/t2/data/x", "/a/wh/db/t2/data/x"},
        {"file:///a/t", "/b/t", NULL, "file:/a/t/x", "/b/t/x"},
        {"file:/a/t/", "/b/c", NULL, "/a/t/x", "/b/c/x"},
        {"data/p/t", "/b/t", NULL, "data/p/t/x", "/b/t/x"},
        {"file://data/p/t", "/b/t", NULL, "file://data/p/t/x", "/b/t/x"},
        {"s3://bucket/wh/t", "/b/t", NULL, "s3://bucket/wh/t/x", "/b/t/x"},
        {"s3://bucket/wh/t", "/b/t", NULL, "s3://other/wh/t/x", "s3://other/wh/t/x"},
        {"/t", "/b/t", NULL, "/t/x", "/b/t/x"},
        {"/a/wh/t", "/b/wh/t", "/a/wh/t", "/a/wh/t/x", "/b/wh/t/x"},
        {"/a/wh/t", "/b/wh/t", "/a/wh/t", "/a/wh/u/x", "/a/wh/u/x"},
        {"/a/wh/t", "/b/wh/t", "/a", "/a/wh/u/x", "/b/wh/u/x"},
        {"/a/wh/t", "/b/wh/t", "file:///a/", "/a/q", "/b/q"},
        {"/a/wh/t", "/b/t", "/c", NULL, NULL},
        {"/a/wh/t", "/b/t", "/a/w", NULL, NULL},
        {"/a/wh/t", "/b/t", "", NULL, NULL},
        {"/a/wh/t", "/b/copy", "/a/wh", NULL, NULL}, /* …/copy does not end with /t */
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        firn_moved mv;
        firn_str given = cases[i].given ? s_(cases[i].given) : (firn_str){NULL, 0};
        firn_code code =
            firn_moved_make(s_(cases[i].location), s_(cases[i].folder), given, A, &mv, &E);
        if (!cases[i].want) {
            assert_int_equal(code, FIRN_E_CONFIG);
            continue;
        }
        firn_str place;
        check_ok(code, &E);
        check_ok(firn_moved_place(&mv, s_(cases[i].path), A, &place, &E), &E);
        check_str(place, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(resolve),         ICE_TEST(resolve_without_log),
        ICE_TEST(resolve_expired), ICE_TEST(parse_at),
        ICE_TEST(moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
