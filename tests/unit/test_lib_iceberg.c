/* SPDX-License-Identifier: Apache-2.0 */
/* The public library over a storage and a catalog of the caller's: include/firn/iceberg.h. */
#include "lib_help.h"

#include "base/mem.h"

#include <pthread.h>

/* --- errors and structs --- */

static void test_errors(void **state)
{
    (void)state;
    firn_error error = FIRN_ERROR_INIT;
    assert_int_equal(firn_error_set(&error, FIRN_STATUS_IO, "%s %d", "disk", 7), FIRN_STATUS_IO);
    assert_string_equal(error.message, "disk 7");
    assert_int_equal(error.size, sizeof error);
    firn_error_clear(&error);
    assert_int_equal(error.status, FIRN_STATUS_OK);
    assert_string_equal(error.message, "");
    assert_int_equal(firn_error_set(NULL, FIRN_STATUS_DATA, "x"), FIRN_STATUS_DATA);
    assert_string_equal(firn_status_name(FIRN_STATUS_COMMIT_UNKNOWN), "commit unknown");
    assert_string_equal(firn_status_name((firn_status)99), "unknown status");
    assert_true(firn_status_is_retryable(FIRN_STATUS_NETWORK));
    assert_false(firn_status_is_retryable(FIRN_STATUS_DATA));
    assert_false(firn_status_is_retryable(FIRN_STATUS_OK));
    assert_false(firn_status_is_retryable(FIRN_STATUS_COMMIT_UNKNOWN));
    assert_string_equal(firn_version(), "0.1.0");
}

/* An error of an older, smaller version is not written beyond its size. */
static void test_small_error(void **state)
{
    (void)state;
    struct {
        firn_error error;
        char guard[16];
    } small;
    memset(&small, 0x5a, sizeof small);
    small.error.size = (uint32_t)offsetof(firn_error, advice);
    firn_error_set(&small.error, FIRN_STATUS_IO, "text");
    assert_string_equal(small.error.message, "text");
    assert_int_equal(small.error.advice[0], 0x5a);
    assert_int_equal(small.error.where[10], 0x5a);
}

static void test_struct_sizes(void **state)
{
    (void)state;
    firn_error error;
    firn_catalog *c = NULL;
    struct {
        firn_catalog_functions f;
        uint64_t later;
    } newer = {.f = {.size = sizeof newer, .load = world_load}};
    firn_catalog_functions none = {.load = world_load};
    FAILS(firn_catalog_open_functions(&none, &c, &error), FIRN_STATUS_INVALID, "no size");
    OK(firn_catalog_open_functions(&newer.f, &c, &error)); /* what it adds is zero */
    firn_catalog_close(c);
    newer.later = 1;
    FAILS(firn_catalog_open_functions(&newer.f, &c, &error), FIRN_STATUS_UNSUPPORTED, "more than");
    FAILS(firn_catalog_open_functions(NULL, &c, &error), FIRN_STATUS_INVALID, "NULL");
}

/* --- schemas --- */

static void test_schema_builder(void **state)
{
    (void)state;
    firn_error error;
    firn_schema_builder *b = NULL;
    firn_schema *s = NULL;
    char text[128];
    char *json = NULL;
    OK(firn_schema_builder_new(&b, &error));
    OK(firn_schema_builder_add(b, "id", "long", FIRN_COLUMN_IDENTIFIER, "key", &error));
    OK(firn_schema_builder_add(b, "a.b", "decimal(9,2)", 0, NULL, &error));
    OK(firn_schema_builder_add(b, "addr", "struct<street: string, geo: struct<lat: double>>", 0,
                               NULL, &error));
    OK(firn_schema_builder_add(b, "tags", "map<string, list<int>>", 0, NULL, &error));
    FAILS(firn_schema_builder_add(b, "id", "int", 0, NULL, &error), FIRN_STATUS_EXISTS, "'id'");
    FAILS(firn_schema_builder_add(b, "x", "integr", 0, NULL, &error), FIRN_STATUS_INVALID, "'x'");
    FAILS(firn_schema_builder_add(b, "x", "int", 8, NULL, &error), FIRN_STATUS_UNSUPPORTED,
          "flags");
    FAILS(firn_schema_builder_add(b, "\xff", "int", 0, NULL, &error), FIRN_STATUS_INVALID, "UTF-8");
    OK(firn_schema_builder_build(b, &s, &error));
    firn_schema_builder_free(b);
    /* ids as Java gives them: columns first, then level by level */
    assert_int_equal(firn_schema_column_count(s), 4);
    assert_int_equal(firn_field_id(firn_schema_by_name(s, "a.b")), 2);
    assert_int_equal(firn_field_id(firn_schema_by_name(s, "addr.street")), 5);
    assert_int_equal(firn_field_id(firn_schema_by_name(s, "addr.geo.lat")), 7);
    assert_int_equal(firn_field_id(firn_schema_by_name(s, "tags.key")), 8);
    assert_string_equal(firn_field_name(firn_schema_by_id(s, 7)), "lat");
    assert_null(firn_schema_by_id(s, 99));
    assert_null(firn_schema_by_name(s, "addr.nope"));
    assert_int_equal(firn_schema_identifier_count(s), 1);
    assert_int_equal(firn_schema_identifier(s, 0), 1);
    const firn_field *id = firn_schema_column(s, 0);
    assert_true(firn_field_is_required(id));
    assert_string_equal(firn_field_doc(id), "key");
    assert_null(firn_field_doc(firn_schema_column(s, 1)));
    const firn_type *dec = firn_field_type(firn_schema_column(s, 1));
    assert_int_equal(firn_type_get_kind(dec), FIRN_KIND_DECIMAL);
    assert_int_equal(firn_type_precision(dec), 9);
    assert_int_equal(firn_type_scale(dec), 2);
    assert_int_equal(firn_type_format(firn_field_type(firn_schema_column(s, 3)), text, sizeof text),
                     strlen("map<string, list<int>>"));
    assert_string_equal(text, "map<string, list<int>>");
    assert_int_equal(firn_type_format(dec, text, 5), strlen("decimal(9,2)"));
    assert_string_equal(text, "deci");
    OK(firn_schema_format_json(s, &json, &error));
    firn_schema *again = NULL;
    OK(firn_schema_parse_json(json, &again, &error));
    assert_int_equal(firn_field_id(firn_schema_by_name(again, "addr.geo.lat")), 7);
    firn_free(json);
    firn_schema_free(again);
    firn_schema_free(s);
    FAILS(firn_schema_parse_json("{", &again, &error), FIRN_STATUS_DATA, "");
    FAILS(firn_schema_parse_json("{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"v\","
                                 "\"required\":false,\"type\":\"wonder\"}]}",
                                 &again, &error),
          FIRN_STATUS_DATA, "'wonder'");
}

/* --- tables --- */

static void test_create_and_open(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_table *other = NULL;
    const firn_storage storage = world_storage(w);
    FAILS(firn_table_open(c, &storage, "ns", "t", &t, &error), FIRN_STATUS_NOT_FOUND, "no table");
    OK(make_table(w, c, &t, &error));
    assert_int_equal(firn_table_format_version(t), 2);
    assert_string_equal(firn_table_location(t), "mem://bucket/ns/t");
    assert_string_equal(firn_table_metadata_location(t), w->current);
    assert_null(firn_table_snapshot(t));
    assert_int_equal(firn_table_last_updated_ms(t), 1717200000000);
    const firn_spec *spec = firn_table_spec(t);
    assert_int_equal(firn_spec_field_count(spec), 2);
    assert_string_equal(firn_spec_field_name(spec, 1), "ts_day");
    assert_string_equal(firn_spec_field_transform(spec, 1), "day");
    assert_int_equal(firn_spec_field_id(spec, 1), 1001);
    assert_int_equal(firn_spec_field_source_id(spec, 1), 3);
    assert_null(firn_spec_field_name(spec, 2));
    FAILS(make_table(w, c, &other, &error), FIRN_STATUS_EXISTS, "already");
    OK(firn_table_open(c, &storage, "ns", "t", &other, &error));
    assert_string_equal(firn_table_uuid(other), firn_table_uuid(t));
    firn_table_close(other);
    OK(firn_table_open_metadata(&storage, w->current, &other, &error));
    firn_transaction *tx = NULL;
    FAILS(firn_transaction_begin(other, &tx, &error), FIRN_STATUS_UNSUPPORTED, "read only");
    FAILS(firn_table_refresh(other, &error), FIRN_STATUS_UNSUPPORTED, "refresh");
    firn_table_close(other);
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

static void test_definitions(void **state)
{
    (void)state;
    static const char *const unknown[] = {"nope"};
    static const char *const wrong[] = {"hour(id)"};
    static const char *const broken[] = {"bucket(0, id)"};
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_schema *s = NULL;
    const firn_storage storage = world_storage(w);
    OK(firn_schema_parse_json("{\"type\":\"struct\",\"fields\":[{\"id\":7,\"name\":\"id\","
                              "\"required\":false,\"type\":\"long\"}]}",
                              &s, &error));
    firn_table_definition d = {.size = sizeof d, .schema = s, .location = "relative/t"};
    FAILS(firn_table_create(c, &storage, "ns", "t", &d, &t, &error), FIRN_STATUS_INVALID,
          "not absolute");
    d.location = "mem://bucket/t";
    d.partition_by_count = 1;
    d.partition_by = unknown;
    FAILS(firn_table_create(c, &storage, "ns", "t", &d, &t, &error), FIRN_STATUS_INVALID, "nope");
    d.partition_by = wrong;
    FAILS(firn_table_create(c, &storage, "ns", "t", &d, &t, &error), FIRN_STATUS_INVALID, "hour");
    d.partition_by = broken;
    FAILS(firn_table_create(c, &storage, "ns", "t", &d, &t, &error), FIRN_STATUS_INVALID, "bucket");
    d.partition_by_count = 0;
    d.format_version = 7;
    FAILS(firn_table_create(c, &storage, "ns", "t", &d, &t, &error), FIRN_STATUS_UNSUPPORTED, "7");
    d.format_version = 0;
    FAILS(firn_table_create(c, &storage, "", "t", &d, &t, &error), FIRN_STATUS_INVALID,
          "namespace");
    d.schema = NULL;
    FAILS(firn_table_create(c, &storage, "ns", "t", &d, &t, &error), FIRN_STATUS_INVALID, "schema");
    d.schema = s;
    assert_int_equal(w->count, 0);
    OK(firn_table_create(c, &storage, "ns", "t", &d, &t, &error));
    assert_int_equal(firn_field_id(firn_schema_by_name(firn_table_schema(t), "id")), 1);
    firn_table_close(t);
    firn_schema_free(s);
    firn_catalog_close(c);
    free_world(w);
}

/* The names of the planned files, and what is left of the filter for the first one. */
static void check_plan(firn_table *t, firn_filter *filter, const char *files, const char *residual)
{
    firn_error error;
    firn_scanner *s = NULL;
    char names[64] = "";
    char text[256] = "";
    OK(firn_scanner_new(t, &s, &error));
    if (filter)
        OK(firn_scanner_filter(s, filter, &error));
    OK(firn_scanner_plan(s, &error));
    for (size_t i = 0; i < firn_scanner_file_count(s); i++) {
        const char *path = firn_scanner_file(s, i)->file->path;
        const char *name = strrchr(path, '/') + 1;
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%c", name[0]);
    }
    /* the order of files is no promise */
    for (char *p = names; *p; p++)
        for (char *q = p + 1; *q; q++)
            if (*q < *p) {
                char swap = *p;
                *p = *q;
                *q = swap;
            }
    assert_string_equal(names, files);
    if (firn_scanner_file_count(s) && firn_scanner_file(s, 0)->residual)
        firn_filter_format(firn_scanner_file(s, 0)->residual, text, sizeof text);
    assert_string_equal(text, residual);
    assert_null(firn_scanner_file(s, firn_scanner_file_count(s)));
    firn_scanner_free(s);
}

/* --- commits --- */

static void test_append(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_transaction *tx = NULL;
    OK(make_table(w, c, &t, &error));
    OK(firn_transaction_begin(t, &tx, &error));
    OK(add_given(tx, "a", "eu", "2024-05-31", 0, &error));
    FAILS(add_given(tx, "a", "eu", "2024-05-31", 0, &error), FIRN_STATUS_EXISTS, "a.parquet");
    FAILS(add_given(tx, "b", "eu", "May", 0, &error), FIRN_STATUS_INVALID, "'May'");
    OK(firn_transaction_note(tx, "job", "nightly", &error));
    FAILS(firn_transaction_note(tx, "total-records", "7", &error), FIRN_STATUS_INVALID, "total");
    firn_commit_result r = {.size = 0};
    FAILS(firn_transaction_commit(tx, &r, &error), FIRN_STATUS_INVALID, "no size");
    r.size = sizeof r;
    OK(firn_transaction_commit(tx, &r, &error));
    FAILS(firn_transaction_commit(tx, &r, &error), FIRN_STATUS_INVALID, "already");
    firn_transaction_free(tx);
    const firn_snapshot *s = firn_table_snapshot(t);
    assert_int_equal(firn_snapshot_get_id(s), r.snapshot_id);
    assert_int_equal(firn_snapshot_parent_id(s), FIRN_NONE);
    assert_string_equal(firn_snapshot_property(s, "job"), "nightly");
    assert_string_equal(firn_snapshot_property(s, "added-records"), "10");
    assert_string_equal(firn_snapshot_property(s, "operation"), "append");
    assert_null(firn_snapshot_property(s, "nope"));
    OK(append_given(t, "b", "us", "2024-06-01", 10, &error));
    assert_int_equal(firn_table_snapshot_count(t), 2);
    assert_string_equal(firn_snapshot_property(firn_table_snapshot(t), "total-records"), "20");
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

/* What contradicts the table is refused before anything is written. */
static void test_bad_files(void **state)
{
    (void)state;
    static const int64_t descending[] = {100, 4};
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_transaction *tx = NULL;
    OK(make_table(w, c, &t, &error));
    OK(firn_transaction_begin(t, &tx, &error));
    const firn_literal partition[] = {firn_literal_text("eu"), firn_literal_integer(19874)};
    firn_column_stats column = {.field_id = 1, .value_count = 10, .size_bytes = 9, .nan_count = -1};
    const firn_file good = {.size = sizeof good,
                            .path = "mem://bucket/f.parquet",
                            .record_count = 10,
                            .file_size_bytes = 100,
                            .partition = partition,
                            .partition_count = 2};
    firn_file f = good;
    f.path = "data/f.parquet";
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "not absolute");
    f = good;
    f.path = NULL;
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "path");
    f = good;
    f.format = "ORC";
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_UNSUPPORTED, "ORC");
    f = good;
    f.content = FIRN_FILE_POSITION_DELETES;
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_UNSUPPORTED, "data files");
    f = good;
    f.record_count = -1;
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "negative");
    f = good;
    f.file_size_bytes = 0;
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "size");
    f = good;
    f.partition_count = 1;
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "1 partition values");
    f = good;
    f.split_offsets = descending;
    f.split_offset_count = 2;
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "ascend");
    f = good;
    f.columns = &column;
    f.column_count = 1;
    column.null_count = 1; /* id is required */
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "required");
    column.null_count = 0;
    column.field_id = 12;
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "12");
    column.field_id = 1;
    column.value_count = 11;
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "values");
    column.value_count = 10;
    column.lower = firn_literal_integer(8);
    column.upper = firn_literal_integer(7);
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "lower bound");
    column.upper = firn_literal_text("x");
    FAILS(firn_transaction_add_file(tx, &f, &error), FIRN_STATUS_INVALID, "'x' of id is no long");
    column.upper = firn_literal_integer(8);
    OK(firn_transaction_add_file(tx, &f, &error));
    firn_transaction_free(tx);
    assert_null(firn_table_snapshot(t));
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

static void test_evolve(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_transaction *tx = NULL;
    OK(make_table(w, c, &t, &error));
    OK(append_given(t, "a", "eu", "2024-05-31", 0, &error));
    OK(firn_transaction_begin(t, &tx, &error));
    OK(firn_transaction_add_column(tx, "place", "struct<zip: int>", "where", &error));
    OK(firn_transaction_add_column(tx, "place.city", "string", NULL, &error));
    OK(firn_transaction_widen_column(tx, "place.zip", "long", &error));
    OK(firn_transaction_rename_column(tx, "place.zip", "code", &error));
    OK(firn_transaction_move_column(tx, "place", "id", &error));
    OK(firn_transaction_make_optional(tx, "id", &error));
    OK(firn_transaction_describe_column(tx, "ts", "when", &error));
    FAILS(firn_transaction_drop_column(tx, "region", &error), FIRN_STATUS_INVALID, "region");
    FAILS(firn_transaction_widen_column(tx, "region", "long", &error), FIRN_STATUS_INVALID,
          "region");
    FAILS(firn_transaction_drop_column(tx, "nope", &error), FIRN_STATUS_NOT_FOUND, "nope");
    FAILS(firn_transaction_add_column(tx, "ts", "int", NULL, &error), FIRN_STATUS_EXISTS, "ts");
    OK(firn_transaction_set_property(tx, "owner", "me", &error));
    FAILS(firn_transaction_set_property(tx, "nobody", NULL, &error), FIRN_STATUS_NOT_FOUND,
          "nobody");
    OK(firn_transaction_set_ref(tx, FIRN_REF_TAG, "v1", FIRN_NONE, NULL, &error));
    OK(add_given(tx, "b", "eu", "2024-06-01", 10, &error));
    FAILS(firn_transaction_partition_by(tx, NULL, 0, &error), FIRN_STATUS_INVALID, "files");
    OK(firn_transaction_commit(tx, NULL, &error));
    firn_transaction_free(tx);
    const firn_schema *s = firn_table_schema(t);
    assert_string_equal(firn_field_name(firn_schema_column(s, 1)), "place");
    assert_int_equal(firn_type_get_kind(firn_field_type(firn_schema_by_name(s, "place.code"))),
                     FIRN_KIND_LONG);
    assert_non_null(firn_schema_by_name(s, "place.city"));
    assert_false(firn_field_is_required(firn_schema_by_name(s, "id")));
    assert_string_equal(firn_field_doc(firn_schema_by_name(s, "ts")), "when");
    assert_string_equal(firn_table_property(t, "owner"), "me");
    assert_int_equal(firn_table_snapshot_count(t), 2);
    const firn_ref *tag = firn_table_ref_by_name(t, "v1");
    assert_false(firn_ref_is_branch(tag));
    assert_int_equal(firn_ref_snapshot_id(tag), firn_snapshot_get_id(firn_table_snapshot_at(t, 0)));
    /* the old schema is still there */
    assert_int_equal(firn_schema_column_count(firn_table_schema_by_id(t, 0)), 3);
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

/* Two handles: appends go together, a replacement does not go with an append. */
static void test_conflicts(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    const firn_storage storage = world_storage(w);
    firn_table *t = NULL;
    firn_table *u = NULL;
    firn_transaction *tx = NULL;
    OK(make_table(w, c, &t, &error));
    OK(firn_table_open(c, &storage, "ns", "t", &u, &error));
    OK(append_given(t, "a", "eu", "2024-05-31", 0, &error));
    OK(append_given(u, "b", "eu", "2024-05-31", 10, &error)); /* rebased */
    assert_string_equal(firn_snapshot_property(firn_table_snapshot(u), "total-records"), "20");
    OK(firn_transaction_begin(t, &tx, &error)); /* has not seen b */
    OK(firn_transaction_replace(tx, FIRN_REPLACE_TABLE, &error));
    OK(add_given(tx, "c", "eu", "2024-05-31", 0, &error));
    FAILS(firn_transaction_commit(tx, NULL, &error), FIRN_STATUS_CONFLICT, "");
    firn_transaction_free(tx);
    OK(firn_table_refresh(t, &error));
    OK(firn_transaction_begin(t, &tx, &error));
    OK(firn_transaction_replace(tx, FIRN_REPLACE_TABLE, &error));
    OK(add_given(tx, "c", "eu", "2024-05-31", 0, &error));
    OK(firn_transaction_commit(tx, NULL, &error));
    firn_transaction_free(tx);
    assert_string_equal(firn_snapshot_property(firn_table_snapshot(t), "total-records"), "10");
    firn_table_close(u);
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

/* The catalog's answer is lost: looked up, found or not. */
static void test_unknown(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    OK(make_table(w, c, &t, &error));
    w->swap_says = FIRN_STATUS_COMMIT_UNKNOWN;
    w->swap_done_anyway = true;
    OK(append_given(t, "a", "eu", "2024-05-31", 0, &error));
    assert_int_equal(firn_table_snapshot_count(t), 1);
    w->swap_says = FIRN_STATUS_COMMIT_UNKNOWN;
    w->swap_done_anyway = false;
    OK(append_given(t, "b", "eu", "2024-05-31", 0, &error)); /* surely not there: tried again */
    assert_int_equal(firn_table_snapshot_count(t), 2);
    w->swap_says = FIRN_STATUS_DENIED;
    FAILS(append_given(t, "c", "eu", "2024-05-31", 0, &error), FIRN_STATUS_DENIED, "as told");
    OK(firn_table_refresh(t, &error));
    assert_int_equal(firn_table_snapshot_count(t), 2);
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

/* Replacing the partitions that are touched leaves the others. */
static void test_replace_partitions(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_transaction *tx = NULL;
    OK(make_table(w, c, &t, &error));
    OK(append_given(t, "a", "eu", "2024-05-31", 0, &error));
    OK(append_given(t, "b", "us", "2024-05-31", 10, &error));
    OK(append_given(t, "c", NULL, "2024-05-31", 20, &error));
    OK(firn_transaction_begin(t, &tx, &error));
    OK(firn_transaction_replace(tx, FIRN_REPLACE_PARTITIONS, &error));
    OK(add_given(tx, "d", "us", "2024-05-31", 30, &error));
    OK(add_given(tx, "e", NULL, "2024-05-31", 40, &error));
    OK(firn_transaction_commit(tx, NULL, &error));
    firn_transaction_free(tx);
    check_plan(t, NULL, "ade", "");
    assert_string_equal(firn_snapshot_property(firn_table_snapshot(t), "operation"), "overwrite");
    /* the table emptied: a snapshot without files */
    OK(firn_transaction_begin(t, &tx, &error));
    OK(firn_transaction_replace(tx, FIRN_REPLACE_TABLE, &error));
    OK(firn_transaction_commit(tx, NULL, &error));
    firn_transaction_free(tx);
    check_plan(t, NULL, "", "");
    /* nothing in it: no commit at all */
    size_t objects = w->count;
    OK(firn_transaction_begin(t, &tx, &error));
    OK(firn_transaction_commit(tx, NULL, &error));
    firn_transaction_free(tx);
    assert_int_equal(w->count, objects);
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

/* Rows of version 3 have ids, which files take one after the other. */
static void test_version_3(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_scanner *s = NULL;
    firn_transaction *tx = NULL;
    OK(make_table(w, c, &t, &error));
    OK(firn_transaction_begin(t, &tx, &error));
    OK(firn_transaction_upgrade(tx, 3, &error));
    FAILS(add_given(tx, "a", "eu", "2024-05-31", 0, &error), FIRN_STATUS_INVALID, "partitions");
    FAILS(firn_transaction_upgrade(tx, 2, &error), FIRN_STATUS_INVALID, "");
    OK(firn_transaction_commit(tx, NULL, &error));
    firn_transaction_free(tx);
    assert_int_equal(firn_table_format_version(t), 3);
    OK(append_given(t, "a", "eu", "2024-05-31", 0, &error));
    OK(append_given(t, "b", "eu", "2024-05-31", 0, &error));
    OK(firn_scanner_new(t, &s, &error));
    OK(firn_scanner_plan(s, &error));
    assert_int_equal(firn_scanner_file_count(s), 2);
    int64_t first = firn_scanner_file(s, 0)->file->first_row_id;
    int64_t second = firn_scanner_file(s, 1)->file->first_row_id;
    assert_true((first == 0 && second == 10) || (first == 10 && second == 0));
    firn_scanner_free(s);
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

/* --- scans --- */

static firn_filter *id_is(firn_comparison c, int64_t v)
{
    return firn_filter_compare("id", c, firn_literal_integer(v));
}

static firn_filter *region_is(const char *v)
{
    return firn_filter_compare("region", FIRN_EQUAL, firn_literal_text(v));
}

static firn_filter *ts_is(firn_comparison c, const char *v)
{
    return firn_filter_compare("ts", c, firn_literal_text(v));
}

static void test_scan(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    OK(make_table(w, c, &t, &error));
    check_plan(t, NULL, "", "");
    OK(append_given(t, "a", "eu", "2024-05-31", 0, &error));
    OK(append_given(t, "b", "us", "2024-05-31", 10, &error));
    OK(append_given(t, "c", "us", "2024-06-01", 20, &error));
    OK(append_given(t, "d", NULL, "2024-06-01", 30, &error));
    check_plan(t, NULL, "abcd", "");
    check_plan(t, region_is("eu"), "a", "");
    check_plan(t, firn_filter_not(region_is("eu")), "bc", "NOT (\"region\" = 'eu')");
    check_plan(t, firn_filter_is_null("region"), "d", "");
    check_plan(t, firn_filter_is_not_null("region"), "abc", "");
    check_plan(t, id_is(FIRN_LESS, 5), "a", "\"id\" < 5");
    check_plan(t, id_is(FIRN_GREATER_EQUAL, 39), "d", "\"id\" >= 39");
    check_plan(t, id_is(FIRN_EQUAL, 100), "", "");
    check_plan(t, firn_filter_not(id_is(FIRN_LESS, 30)), "d", "NOT (\"id\" < 30)");
    check_plan(t, firn_filter_and(region_is("us"), id_is(FIRN_GREATER, 15)), "bc", "\"id\" > 15");
    check_plan(t, firn_filter_or(region_is("eu"), id_is(FIRN_EQUAL, 33)), "ad", "\"id\" = 33");
    /* a day that lies wholly inside leaves nothing; one that is cut leaves the comparison */
    check_plan(t, ts_is(FIRN_GREATER_EQUAL, "2024-06-01"), "cd", "");
    check_plan(t, ts_is(FIRN_LESS, "2024-06-01T00:00:00Z"), "ab", "");
    check_plan(t, ts_is(FIRN_GREATER, "2024-06-01T12:00:00"), "cd",
               "\"ts\" > '2024-06-01T12:00:00'");
    const firn_literal regions[] = {firn_literal_text("eu"), firn_literal_text("asia")};
    check_plan(t, firn_filter_in("region", regions, 2), "a", "");
    check_plan(t, firn_filter_in("region", NULL, 0), "", "");
    check_plan(t, firn_filter_compare("region", FIRN_STARTS_WITH, firn_literal_text("u")), "bc",
               "");
    check_plan(t, firn_filter_compare("region", FIRN_EQUAL, firn_literal_null()), "", "");
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

static void test_scan_requests(void **state)
{
    (void)state;
    static const char *const columns[] = {"ts", "id"};
    static const char *const unknown[] = {"nope"};
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_scanner *s = NULL;
    OK(make_table(w, c, &t, &error));
    OK(append_given(t, "a", "eu", "2024-05-31", 0, &error));
    int64_t first = firn_snapshot_get_id(firn_table_snapshot(t));
    w->now_ms += 1000;
    OK(append_given(t, "b", "us", "2024-05-31", 10, &error));
    OK(firn_scanner_new(t, &s, &error));
    FAILS(firn_scanner_use_snapshot(s, 5, &error), FIRN_STATUS_NOT_FOUND, "5");
    assert_non_null(strstr(error.advice, "it has "));
    assert_null(strstr(error.advice, "firn history")); /* a command, not for programs */
    FAILS(firn_scanner_use_ref(s, "nope", &error), FIRN_STATUS_NOT_FOUND, "nope");
    FAILS(firn_scanner_use_time(s, 1000, &error), FIRN_STATUS_NOT_FOUND, "");
    FAILS(firn_scanner_select(s, unknown, 1, &error), FIRN_STATUS_NOT_FOUND, "nope");
    FAILS(firn_scanner_filter(s, firn_filter_is_null("nope"), &error), FIRN_STATUS_NOT_FOUND,
          "nope");
    FAILS(firn_scanner_filter(s, firn_filter_compare("id", FIRN_EQUAL, firn_literal_text("x")),
                              &error),
          FIRN_STATUS_INVALID, "'x'");
    FAILS(firn_scanner_filter(
              s, firn_filter_compare("id", FIRN_STARTS_WITH, firn_literal_integer(1)), &error),
          FIRN_STATUS_INVALID, "no string");
    OK(firn_scanner_use_time(s, 1717200000500, &error));
    OK(firn_scanner_select(s, columns, 2, &error));
    FAILS(firn_scanner_use_ref(s, "main", &error), FIRN_STATUS_INVALID, "before columns");
    OK(firn_scanner_plan(s, &error));
    assert_int_equal(firn_snapshot_get_id(firn_scanner_snapshot(s)), first);
    assert_int_equal(firn_scanner_file_count(s), 1);
    assert_int_equal(firn_scanner_column_count(s), 2);
    assert_string_equal(firn_field_name(firn_scanner_column(s, 1)), "id");
    const firn_planned_file *f = firn_scanner_file(s, 0);
    assert_int_equal(f->size, sizeof *f);
    assert_int_equal(f->sequence_number, 1);
    assert_int_equal(f->snapshot_id, first);
    assert_int_equal(f->file->record_count, 10);
    assert_int_equal(f->file->file_size_bytes, 1234);
    assert_int_equal(f->file->partition_count, 2);
    assert_int_equal(f->file->partition[0].kind, FIRN_LITERAL_TEXT);
    assert_memory_equal(f->file->partition[0].value.bytes.data, "eu", 2);
    assert_int_equal(f->file->partition[1].value.integer, 19874); /* 2024-05-31 */
    assert_int_equal(f->delete_count, 0);
    firn_plan_counts counts = {.size = sizeof counts};
    OK(firn_scanner_counts(s, &counts, &error));
    assert_int_equal(counts.rows, 10);
    assert_int_equal(counts.manifests_total, 1);
    FAILS(firn_scanner_plan(s, &error), FIRN_STATUS_INVALID, "already");
    FAILS(firn_scanner_filter(s, firn_filter_is_null("id"), &error), FIRN_STATUS_INVALID, "");
    FAILS(firn_scanner_filter(s, NULL, &error), FIRN_STATUS_NO_MEMORY, "");
    firn_scanner_free(s);
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

static void test_filters(void **state)
{
    (void)state;
    char text[256];
    firn_filter *deep = firn_filter_is_null("a");
    firn_filter *wide = firn_filter_is_null("a");
    for (int i = 0; i < 100000; i++)
        wide = firn_filter_and(wide, firn_filter_is_null("b"));
    assert_non_null(wide);
    firn_filter_free(wide);
    for (int i = 0; i < 300; i++)
        deep = firn_filter_not(deep);
    firn_filter_format(deep, text, sizeof text);
    assert_non_null(strstr(text, "too deeply"));
    firn_filter_free(deep);
    assert_null(firn_filter_and(NULL, firn_filter_is_null("a")));
    assert_null(firn_filter_not(NULL));
    firn_filter_free(NULL);
    firn_filter *f = firn_filter_or(
        firn_filter_and(firn_filter_compare("a\"b", FIRN_NOT_EQUAL, firn_literal_text("it's")),
                        firn_filter_compare("x", FIRN_LESS, firn_literal_double(0.5))),
        firn_filter_compare("y", FIRN_EQUAL, firn_literal_bytes("\x01\xff", 2)));
    firn_filter_format(f, text, sizeof text);
    assert_string_equal(text, "(\"a\"\"b\" <> 'it''s' AND \"x\" < 0.5) OR \"y\" = X'01FF'");
    firn_filter_free(f);
}

/* --- listing --- */

typedef struct seen {
    world *w;
    size_t count[6];
    int stop_after;
} seen;

static firn_status see(void *argument, const firn_listed_file *f, firn_error *e)
{
    seen *s = argument;
    assert_int_equal(f->size, sizeof *f);
    s->count[f->kind]++;
    /* what the library wrote is there; data files are the caller's */
    if (f->kind != FIRN_LISTED_DATA)
        assert_non_null(find_object(s->w, f->path));
    if (s->stop_after && --s->stop_after == 0)
        return firn_error_set(e, FIRN_STATUS_CANCELLED, "enough");
    return FIRN_STATUS_OK;
}

static void test_listing(void **state)
{
    (void)state;
    firn_error error;
    world *w = new_world();
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    OK(make_table(w, c, &t, &error));
    OK(append_given(t, "a", "eu", "2024-05-31", 0, &error));
    OK(append_given(t, "b", "us", "2024-05-31", 10, &error));
    seen s = {.w = w};
    OK(firn_table_list_files(t, NULL, 0, see, &s, &error));
    assert_int_equal(s.count[FIRN_LISTED_METADATA], 3);
    assert_int_equal(s.count[FIRN_LISTED_MANIFEST_LIST], 2);
    assert_int_equal(s.count[FIRN_LISTED_MANIFEST], 2);
    assert_int_equal(s.count[FIRN_LISTED_DATA], 2);
    /* everything that the library wrote is named: nothing is left behind */
    assert_int_equal(w->count, 3 + 2 + 2);
    int64_t first = firn_snapshot_get_id(firn_table_snapshot_at(t, 0));
    s = (seen){.w = w};
    OK(firn_table_list_files(t, &first, 1, see, &s, &error));
    assert_int_equal(s.count[FIRN_LISTED_DATA], 1);
    assert_int_equal(s.count[FIRN_LISTED_METADATA], 3);
    const int64_t nope = 5;
    FAILS(firn_table_list_files(t, &nope, 1, see, &s, &error), FIRN_STATUS_NOT_FOUND, "5");
    s = (seen){.w = w, .stop_after = 2};
    FAILS(firn_table_list_files(t, NULL, 0, see, &s, &error), FIRN_STATUS_CANCELLED, "enough");
    /* a manifest is gone: no file is named at all */
    const firn_snapshot *now = firn_table_snapshot(t);
    OK(world_remove(w, firn_snapshot_manifest_list(now), &error));
    s = (seen){.w = w};
    FAILS(firn_table_list_files(t, NULL, 0, see, &s, &error), FIRN_STATUS_NOT_FOUND, "");
    assert_int_equal(s.count[FIRN_LISTED_METADATA], 0);
    firn_table_close(t);
    firn_catalog_close(c);
    free_world(w);
}

/* --- calls that fail --- */

static firn_status do_all(world *w, firn_error *e)
{
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    firn_scanner *s = NULL;
    firn_transaction *tx = NULL;
    seen all = {.w = w};
    firn_status status = make_table(w, c, &t, e);
    if (status == FIRN_STATUS_OK)
        status = append_given(t, "a", "eu", "2024-05-31", 0, e);
    if (status == FIRN_STATUS_OK)
        status = firn_transaction_begin(t, &tx, e);
    if (status == FIRN_STATUS_OK)
        status = firn_transaction_add_column(tx, "note", "string", NULL, e);
    if (status == FIRN_STATUS_OK)
        status = add_given(tx, "b", "us", "2024-05-31", 0, e);
    if (status == FIRN_STATUS_OK)
        status = firn_transaction_replace(tx, FIRN_REPLACE_PARTITIONS, e);
    if (status == FIRN_STATUS_OK)
        status = firn_transaction_commit(tx, NULL, e);
    firn_transaction_free(tx);
    if (status == FIRN_STATUS_OK)
        status = firn_table_refresh(t, e);
    if (status == FIRN_STATUS_OK)
        status = firn_scanner_new(t, &s, e);
    if (status == FIRN_STATUS_OK)
        status = firn_scanner_filter(s, region_is("us"), e);
    if (status == FIRN_STATUS_OK)
        status = firn_scanner_plan(s, e);
    firn_scanner_free(s);
    if (status == FIRN_STATUS_OK && w->fail_at == 0)
        status = firn_table_list_files(t, NULL, 0, see, &all, e);
    firn_table_close(t);
    firn_catalog_close(c);
    return status;
}

/* What the catalog names is whole: every file of it can be read, and so many snapshots it has. */
static size_t check_whole(world *w)
{
    firn_error error;
    firn_catalog *c = world_catalog(w);
    firn_table *t = NULL;
    const firn_storage storage = world_storage(w);
    size_t count = 0;
    seen s = {.w = w};
    w->fail_at = 0;
    if (w->current[0]) {
        OK(firn_table_open(c, &storage, "ns", "t", &t, &error));
        OK(firn_table_list_files(t, NULL, 0, see, &s, &error));
        count = firn_table_snapshot_count(t);
        firn_table_close(t);
    }
    firn_catalog_close(c);
    return count;
}

static void fail_each_call(bool for_ever, firn_status with)
{
    firn_error error;
    world *w = new_world();
    OK(do_all(w, &error));
    uint64_t calls = w->calls;
    free_world(w);
    assert_true(calls > 20);
    for (uint64_t n = 1; n <= calls; n++) {
        w = new_world();
        w->fail_at = n;
        w->for_ever = for_ever;
        w->fail_with = with;
        error = (firn_error)FIRN_ERROR_INIT;
        firn_status status = do_all(w, &error);
        size_t snapshots = check_whole(w);
        assert_true(snapshots <= 2);
        if (status == FIRN_STATUS_OK && snapshots != 2)
            fail_msg("call %llu failed, and nobody noticed", (unsigned long long)n);
        if (status != FIRN_STATUS_OK && !error.message[0])
            fail_msg("call %llu: an error without a text", (unsigned long long)n);
        if (with == FIRN_STATUS_CONFLICT) /* of a swap: tried again; of others: nonsense */
            assert_true(status == FIRN_STATUS_OK || status == FIRN_STATUS_IO);
        if (status == FIRN_STATUS_COMMIT_UNKNOWN)
            assert_non_null(strstr(error.advice, "delete none"));
        free_world(w);
    }
}

static void test_nth_call_fails(void **state)
{
    (void)state;
    fail_each_call(false, FIRN_STATUS_IO);
    fail_each_call(true, FIRN_STATUS_IO);
    fail_each_call(false, FIRN_STATUS_NO_MEMORY);
    fail_each_call(false, FIRN_STATUS_CONFLICT);
    fail_each_call(false, FIRN_STATUS_COMMIT_UNKNOWN);
    fail_each_call(true, FIRN_STATUS_COMMIT_UNKNOWN);
}

/* Memory is out once, at every allocation in turn: an error or the whole, and nothing leaks. */
static void test_nth_allocation_fails(void **state)
{
    (void)state;
    firn_error error;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        world *w = new_world();
        /* what the test itself needs does not fail */
        firn_catalog *c = world_catalog(w);
        firn_table *t = NULL;
        OK(make_table(w, c, &t, &error));
        error = (firn_error)FIRN_ERROR_INIT;
        firn_mem_fail_nth(n, false);
        firn_status status = append_given(t, "a", "eu", "2024-05-31", 0, &error);
        firn_scanner *s = NULL;
        if (status == FIRN_STATUS_OK)
            status = firn_scanner_new(t, &s, &error);
        if (status == FIRN_STATUS_OK)
            status = firn_scanner_filter(
                s, firn_filter_or(region_is("eu"), firn_filter_not(id_is(FIRN_LESS, 5))), &error);
        if (status == FIRN_STATUS_OK)
            status = firn_scanner_plan(s, &error);
        done = firn_mem_failed() == 0;
        firn_mem_fail_nth(0, false);
        if (status != FIRN_STATUS_OK && status != FIRN_STATUS_NO_MEMORY)
            fail_msg("allocation %llu: %s: %s", (unsigned long long)n, firn_status_name(status),
                     error.message);
        firn_scanner_free(s);
        firn_table_close(t);
        firn_catalog_close(c);
        assert_true(check_whole(w) <= 1);
        free_world(w);
        assert_true(n < 5000);
    }
}

/* --- threads --- */

typedef struct worker {
    firn_catalog *catalog;
    firn_storage storage;
    char name[16];
    char location[128];
    firn_status status;
    firn_error error;
} worker;

static firn_status work(worker *w, const firn_schema *schema)
{
    firn_table *t = NULL;
    firn_transaction *tx = NULL;
    char path[200];
    const firn_table_definition d = {.size = sizeof d, .schema = schema, .location = w->location};
    firn_status s = firn_table_create(w->catalog, &w->storage, "ns", w->name, &d, &t, &w->error);
    for (int i = 0; i < 5 && s == FIRN_STATUS_OK; i++) {
        snprintf(path, sizeof path, "%s/data/%d.parquet", w->location, i);
        const firn_file f = {
            .size = sizeof f, .path = path, .record_count = 1, .file_size_bytes = 10};
        s = firn_transaction_begin(t, &tx, &w->error);
        if (s == FIRN_STATUS_OK)
            s = firn_transaction_add_file(tx, &f, &w->error);
        if (s == FIRN_STATUS_OK)
            s = firn_transaction_commit(tx, NULL, &w->error);
        firn_transaction_free(tx);
        tx = NULL;
    }
    firn_table_close(t);
    return s;
}

static const firn_schema *shared_schema;

static void *run_worker(void *arg)
{
    worker *w = arg;
    w->error = (firn_error)FIRN_ERROR_INIT;
    w->status = work(w, shared_schema);
    return NULL;
}

/* One catalog and one storage, a table a thread. */
static void test_threads(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    firn_error error;
    firn_schema *schema = NULL;
    firn_catalog *c = NULL;
    firn_storage local = {.size = sizeof local};
    char folder[] = "/tmp/firn-lib-XXXXXX";
    char file[64];
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/catalog.db", folder);
    OK(firn_storage_local_open(&local, &error));
    OK(firn_catalog_open_sqlite(file, "lake", 0, &c, &error));
    OK(firn_schema_parse_json("{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"id\","
                              "\"required\":false,\"type\":\"long\"}]}",
                              &schema, &error));
    shared_schema = schema;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.catalog = c, .storage = local};
        snprintf(workers[i].name, sizeof workers[i].name, "t%d", i);
        snprintf(workers[i].location, sizeof workers[i].location, "%s/t%d", folder, i);
        assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        firn_table *t = NULL;
        if (workers[i].status != FIRN_STATUS_OK)
            fail_msg("thread %d: %s", i, workers[i].error.message);
        OK(firn_table_open(c, NULL, "ns", workers[i].name, &t, &error));
        assert_int_equal(firn_table_snapshot_count(t), 5);
        firn_table_close(t);
    }
    firn_schema_free(schema);
    firn_catalog_close(c);
    firn_storage_local_free(&local);
    remove_all(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_small_error),
        cmocka_unit_test(test_struct_sizes),
        cmocka_unit_test(test_schema_builder),
        cmocka_unit_test(test_create_and_open),
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_evolve),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_replace_partitions),
        cmocka_unit_test(test_version_3),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_scan_requests),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_nth_call_fails),
        cmocka_unit_test(test_nth_allocation_fails),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
