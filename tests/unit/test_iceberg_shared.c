/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/: metadata and tables that other engines wrote (FIRN_SHARED/iceberg-tables).  What stands
 * in them is compared with another reader by tests/suites/iceberg_core.py. */
#include "check.h"
#include "ice_help.h"

#include "env/env.h"
#include "iceberg/scan.h"

static firn_env *env;
static const char *tables;

static int open_env(void **state FIRN_UNUSED)
{
    const char *shared = getenv("FIRN_SHARED");
    open_arena(state);
    check_ok(firn_env_new(&env, &E), &E);
    tables = shared && *shared ? firn_arena_printf(A, "%s/iceberg-tables", shared) : NULL;
    return 0;
}

static int close_env(void **state)
{
    firn_env_free(env);
    return close_arena(state);
}

static void need_tables(void)
{
    if (tables)
        return;
    print_message("FIRN_SHARED is not set\n");
    skip();
}

/* --- metadata of iceberg-rust's tests ------------------------------------------------------ */

#define TESTDATA "metadata-json/crates/iceberg/testdata/"
#define TABLE    TESTDATA "table_metadata/TableMetadata"

static const struct {
    const char *file;
    firn_code code;
    const char *part; /* of the message */
} files[] = {
    {TABLE "V1Compat.json", FIRN_OK, NULL},
    {TABLE "V1PartitionSpecsWithoutDefaultId.json", FIRN_OK, NULL},
    {TABLE "V1SchemasWithoutCurrentId.json", FIRN_OK, NULL},
    {TABLE "V1Valid.json", FIRN_OK, NULL},
    {TABLE "V2Valid.json", FIRN_OK, NULL},
    {TABLE "V2ValidMinimal.json", FIRN_OK, NULL},
    {TABLE "V1NoValidSchema.json", FIRN_E_DATA, "'current-schema-id' is missing"},
    {TABLE "V2CurrentSchemaNotFound.json", FIRN_E_DATA, "current schema 2 is not among"},
    {TABLE "V2MissingLastPartitionId.json", FIRN_E_DATA, "'last-partition-id' is missing"},
    {TABLE "V2MissingPartitionSpecs.json", FIRN_E_DATA, "'partition-specs' is missing"},
    {TABLE "V2MissingSchemas.json", FIRN_E_DATA, "'schemas' is missing"},
    {TABLE "V2MissingSortOrder.json", FIRN_E_DATA, "'sort-orders' is missing"},
    {TABLE "UnsupportedVersion.json", FIRN_E_DATA, "'next-row-id' is missing"},
    {TABLE "V3ValidMinimal.json", FIRN_OK, NULL},
    {TABLE "V3ValidEncryption.json", FIRN_OK, NULL}, /* refused when its files are asked for */
    {TESTDATA "view_metadata/ViewMetadataV1Valid.json", FIRN_E_DATA, "'format-version'"},
    {"metadata-json/crates/integrations/datafusion/testdata/table_metadata/TableMetadataV2.json",
     FIRN_OK, NULL},
};

static void metadata_is_loaded_or_refused_by_name(void **state FIRN_UNUSED)
{
    need_tables();
    for (size_t i = 0; i < FIRN_COUNT_OF(files); i++) {
        const firn_metadata *m = NULL;
        const char *path = firn_arena_printf(A, "%s/%s", tables, files[i].file);
        firn_err_clear(&E);
        firn_code code = firn_metadata_load(firn_env_io(env), s_(path), A, &m, &E);
        if (strstr(path, "ViewMetadata") && code != FIRN_OK)
            continue; /* refused, for whichever reason comes first */
        if (code != files[i].code || (files[i].part && !strstr(E.text, files[i].part)))
            fail_msg("%s: code %d: %s", files[i].file, (int)code, E.text);
        if (files[i].part)
            assert_non_null(strstr(E.text, "metadata '"));
    }
}

/* Templates of the same collection: {{ … }} stands for paths. */
static void examples_of_version_two_are_loaded(void **state FIRN_UNUSED)
{
    static const char *const names[] = {
        "example_table_metadata_v2.json", "example_table_metadata_v2_partition_evolution.json",
        "example_empty_table_metadata_v2.json", "example_table_metadata_v2_deep_history.json"};
    need_tables();
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++) {
        const firn_metadata *m = NULL;
        const char *path = firn_arena_printf(A, "%s/" TESTDATA "%s", tables, names[i]);
        check_ok(firn_metadata_load(firn_env_io(env), s_(path), A, &m, &E), &E);
        assert_int_equal(m->format_version, 2);
        /* what it says comes back, whole */
        firn_updates u;
        const firn_metadata *next;
        check_ok(firn_updates_new(A, &u, &E), &E);
        check_ok(firn_metadata_apply(m, &u, 0, A, &next, &E), &E);
        json_t *want = json_deep_copy(m->root);
        json_object_del(want, "metadata-log");
        json_t *got = json_deep_copy(next->root);
        json_object_del(got, "metadata-log");
        assert_true(json_equal(want, got));
        json_decref(want);
        json_decref(got);
    }
}

/* --- tables -------------------------------------------------------------------------------- */

/* Reads files of a table that was moved: what begins with its location lies below `home`. */
typedef struct moved {
    firn_io io;
    firn_str location;
    const char *home;
} moved;

static firn_code moved_read(void *ctx, firn_str uri, uint64_t max, firn_arena *a, firn_slice *ret,
                            firn_err *err)
{
    const moved *m = ctx;
    const firn_io *io = firn_env_io(env);
    if (uri.n > m->location.n && memcmp(uri.p, m->location.p, m->location.n) == 0)
        uri = s_(firn_arena_printf(a, "%s%.*s", m->home, (int)(uri.n - m->location.n),
                                   uri.p + m->location.n));
    return io->read(io->ctx, uri, max, a, ret, err);
}

static size_t lists_read;

typedef struct tally {
    const firn_metadata *m;
    int64_t data_files;
    int64_t delete_files;
    int64_t rows;
} tally;

static firn_code count_entry(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                             firn_err *err FIRN_UNUSED)
{
    tally *t = arg;
    if (e->status == FIRN_ENTRY_DELETED)
        return FIRN_OK;
    bool data = e->file.content == FIRN_CONTENT_DATA;
    t->data_files += data;
    t->delete_files += !data;
    t->rows += data ? e->file.record_count : 0;
    assert_true(e->sequence_number >= 0 && e->sequence_number <= t->m->last_sequence_number);
    return FIRN_OK;
}

static void check_total(const firn_snapshot *s, const char *key, int64_t got)
{
    int64_t want;
    firn_str text = firn_snapshot_summary(s, key);
    if (text.p && firn_str_i64(text, &want) && want != got)
        fail_msg("%s is %lld, the summary says %lld", key, (long long)got, (long long)want);
}

static void check_snapshot(const firn_io *io, const firn_metadata *m, const firn_snapshot *s)
{
    firn_manifest_file *list;
    size_t n;
    tally t = {.m = m};
    firn_code read = firn_manifest_list_read(io, s, NULL, A, &list, &n, NULL, &E);
    if (read == FIRN_E_NOTFOUND)
        return; /* the collection leaves a few lists out */
    check_ok(read, &E);
    lists_read++;
    for (size_t i = 0; i < n; i++)
        check_ok(firn_manifest_read(io, m, &list[i], FIRN_DETAIL_ALL, count_entry, &t, &E), &E);
    check_total(s, "total-data-files", t.data_files);
    check_total(s, "total-delete-files", t.delete_files);
    check_total(s, "total-records", t.rows);
    firn_scan_plan plan;
    check_ok(firn_scan_plan_make(io, m, s, NULL, A, &plan, &E), &E);
    check_i64(plan.count, t.data_files);
    check_i64(plan.rows, t.rows);
}

static void check_table(const char *path)
{
    const firn_metadata *m;
    check_ok(firn_metadata_load(firn_env_io(env), s_(path), A, &m, &E), &E);
    const char *end = strstr(path, "/metadata/");
    moved home = {.io = *firn_env_io(env),
                  .location = m->location,
                  .home = firn_arena_strndup(A, path, (size_t)(end - path))};
    home.io.ctx = &home;
    home.io.read = moved_read;
    for (size_t i = 0; i < m->snapshot_count; i++)
        check_snapshot(&home.io, m, &m->snapshots[i]);
}

/* Walks the folders; returns how many metadata files there were. */
static size_t walk(const char *path, int depth)
{
    firn_stat st;
    firn_str *names;
    size_t n;
    size_t found = 0;
    check_ok(firn_fs_stat(env, path, &st, &E), &E);
    if (!st.is_dir) {
        bool metadata = firn_str_ends(s_(path), ".metadata.json");
        if (metadata)
            check_table(path);
        return metadata;
    }
    assert_true(depth < 10);
    check_ok(firn_fs_list(env, path, A, &names, &n, &E), &E);
    for (size_t i = 0; i < n; i++)
        if (!firn_str_eqc(names[i], "metadata-json"))
            found += walk(firn_arena_printf(A, "%s/%.*s", path, FIRN_STR_ARG(names[i])), depth + 1);
    return found;
}

static void tables_of_others_are_read(void **state FIRN_UNUSED)
{
    need_tables();
    assert_true(walk(tables, 0) >= 30);
    print_message("%zu lists\n", lists_read);
    assert_true(lists_read >= 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(metadata_is_loaded_or_refused_by_name, open_env, close_env),
        cmocka_unit_test_setup_teardown(examples_of_version_two_are_loaded, open_env, close_env),
        cmocka_unit_test_setup_teardown(tables_of_others_are_read, open_env, close_env),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
