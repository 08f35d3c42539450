/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/metadata, iceberg/update: reading metadata.json, changing it, what survives.
 * ICEBERG.md §3. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/metadata.h"

#include <zlib.h>

/* A table of version 2 with two snapshots, and fields that only other engines know. */
static const char table[] =
    "{'format-version':2,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1',"
    "'location':'file:///lake/t','last-sequence-number':34,'last-updated-ms':1602638573590,"
    "'last-column-id':2,'current-schema-id':1,'schemas':["
    "{'type':'struct','schema-id':0,'fields':[{'id':1,'name':'x','required':true,'type':'int'}]},"
    "{'type':'struct','schema-id':1,'x-note':[1],'identifier-field-ids':[1],'fields':["
    "{'id':1,'name':'x','required':true,'type':'long','x-hint':{'deep':[1,2,{'k':null}]}},"
    "{'id':2,'name':'y','required':false,'type':'date'}]}],"
    "'default-spec-id':0,'partition-specs':[{'spec-id':0,'x-by':'z','fields':["
    "{'source-id':2,'field-id':1000,'name':'y_day','transform':'day','x-f':1.5}]}],"
    "'last-partition-id':1000,'default-sort-order-id':3,'sort-orders':[{'order-id':3,'fields':["
    "{'transform':'identity','source-id':1,'direction':'asc','null-order':'nulls-first'}]}],"
    "'properties':{'owner':'someone','write.metadata.previous-versions-max':'2'},"
    "'current-snapshot-id':3055729675574597004,'snapshots':["
    "{'snapshot-id':3051729675574597004,'timestamp-ms':1515100955770,'sequence-number':0,"
    "'summary':{'operation':'append','x-engine':'1'},'manifest-list':'file:///lake/t/s1.avro'},"
    "{'snapshot-id':3055729675574597004,'parent-snapshot-id':3051729675574597004,"
    "'timestamp-ms':1555100955770,'sequence-number':34,'x-extra':{'a':9007199254740993},"
    "'summary':{'operation':'append','total-records':'9'},"
    "'manifest-list':'file:///lake/t/s2.avro','schema-id':1}],"
    "'refs':{'main':{'snapshot-id':3055729675574597004,'type':'branch','max-ref-age-ms':7},"
    "'old':{'snapshot-id':3051729675574597004,'type':'tag','x-who':'me'}},"
    "'snapshot-log':[{'snapshot-id':3051729675574597004,'timestamp-ms':1515100955770},"
    "{'snapshot-id':3055729675574597004,'timestamp-ms':1555100955770}],"
    "'metadata-log':[{'timestamp-ms':1515100955770,'metadata-file':'file:///lake/t/a.json','x':1}],"
    "'statistics':[{'snapshot-id':3051729675574597004,'statistics-path':'p','x-blob':[]}],"
    "'x-top':{'list':[{'n':1}],'text':'é'}}";

#define CURRENT INT64_C(3055729675574597004)
#define OLDER   INT64_C(3051729675574597004)
#define UPDATED INT64_C(1602638573590)

static const firn_metadata *parse_tree(const json_t *j)
{
    const firn_metadata *m;
    const char *text = text_of(j);
    check_ok(firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)},
                                 s_("file:///lake/t/metadata/00007-u.metadata.json"), A, &m, &E),
             &E);
    return m;
}

static const firn_metadata *parse(const char *json)
{
    return parse_tree(json_of(json));
}

/* --- reading ------------------------------------------------------------------------------- */

static void a_table_is_read(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(table);
    assert_int_equal(m->format_version, 2);
    check_str(m->uuid, "9c12d441-03fe-4693-9a96-a0705ddf69c1");
    check_str(m->location, "file:///lake/t");
    check_i64(m->last_sequence_number, 34);
    check_i64(m->last_updated_ms, UPDATED);
    assert_int_equal(m->last_column_id, 2);
    assert_int_equal(m->last_partition_id, 1000);
    assert_int_equal(m->default_sort_order_id, 3);
    assert_int_equal(m->schema->schema_id, 1);
    assert_int_equal(m->schema->type.fields[0].type.kind, FIRN_T_LONG);
    assert_int_equal(m->spec->fields[0].field_id, 1000);
    assert_int_equal(firn_metadata_current(m)->snapshot_id == CURRENT, true);
    check_i64(firn_metadata_current(m)->parent_id, OLDER);
    check_i64(firn_metadata_snapshot(m, OLDER)->parent_id, FIRN_NO_SNAPSHOT);
    assert_int_equal(firn_metadata_snapshot(m, OLDER)->schema_id, -1);
    assert_null(firn_metadata_snapshot(m, 1));
    assert_null(firn_metadata_schema(m, 2));
    assert_null(firn_metadata_spec(m, 1));
    assert_false(firn_metadata_ref(m, s_("old"))->is_branch);
    assert_null(firn_metadata_ref(m, s_("firn")));
    check_str(firn_snapshot_summary(firn_metadata_current(m), "total-records"), "9");
    assert_null(firn_snapshot_summary(firn_metadata_current(m), "x").p);
    check_str(firn_metadata_property(m, "owner"), "someone");
    check_i64(firn_metadata_property_i64(m, "write.metadata.previous-versions-max", 100), 2);
    check_i64(firn_metadata_property_i64(m, "owner", 5), 5);
    check_i64(firn_metadata_property_i64(m, "absent", 5), 5);
}

static void the_snapshot_of_a_time_is_found(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(table);
    assert_null(firn_metadata_as_of(m, INT64_C(1515100955769)));
    check_i64(firn_metadata_as_of(m, INT64_C(1515100955770))->snapshot_id, OLDER);
    check_i64(firn_metadata_as_of(m, INT64_C(1555100955769))->snapshot_id, OLDER);
    check_i64(firn_metadata_as_of(m, INT64_C(1555100955770))->snapshot_id, CURRENT);
    check_i64(firn_metadata_as_of(m, INT64_MAX)->snapshot_id, CURRENT);
}

/* A tree with a member replaced, or removed (value NULL). */
static json_t *with(const char *base, const char *key, const char *value)
{
    json_t *j = json_of(base);
    if (value)
        json_object_set(j, key, json_of(value));
    else
        json_object_del(j, key);
    return j;
}

static void absent_and_null_and_minus_one_are_no_snapshot(void **state FIRN_UNUSED)
{
    static const char *const values[] = {"-1", "null", NULL};
    for (size_t i = 0; i < FIRN_COUNT_OF(values); i++) {
        json_t *j = with(table, "current-snapshot-id", values[i]);
        json_object_del(j, "refs");
        const firn_metadata *m = parse_tree(j);
        check_i64(m->current_snapshot_id, FIRN_NO_SNAPSHOT);
        assert_null(firn_metadata_current(m));
    }
}

static void metadata_that_contradicts_itself_is_refused(void **state FIRN_UNUSED)
{
    static const struct {
        const char *key;
        const char *value;
        firn_code code;
        const char *part;
    } rows[] = {
        {"format-version", "3", FIRN_E_DATA, "'next-row-id' is missing"},
        {"format-version", "4", FIRN_E_UNSUPPORTED, "format version 4"},
        {"format-version", "0", FIRN_E_UNSUPPORTED, "format version 0"},
        {"format-version", NULL, FIRN_E_DATA, "'format-version' is missing"},
        {"format-version", "'2'", FIRN_E_DATA, "'format-version' should be"},
        {"table-uuid", NULL, FIRN_E_DATA, "'table-uuid' is missing"},
        {"location", NULL, FIRN_E_DATA, "'location' is missing"},
        {"last-sequence-number", NULL, FIRN_E_DATA, "'last-sequence-number' is missing"},
        {"last-updated-ms", NULL, FIRN_E_DATA, "'last-updated-ms' is missing"},
        {"last-column-id", NULL, FIRN_E_DATA, "'last-column-id' is missing"},
        {"schemas", NULL, FIRN_E_DATA, "'schemas' is missing"},
        {"schemas", "[]", FIRN_E_DATA, "current schema 1"},
        {"current-schema-id", NULL, FIRN_E_DATA, "'current-schema-id' is missing"},
        {"current-schema-id", "9", FIRN_E_DATA, "current schema 9"},
        {"partition-specs", NULL, FIRN_E_DATA, "'partition-specs' is missing"},
        {"default-spec-id", NULL, FIRN_E_DATA, "'default-spec-id' is missing"},
        {"default-spec-id", "5", FIRN_E_DATA, "default partition spec 5"},
        {"last-partition-id", NULL, FIRN_E_DATA, "'last-partition-id' is missing"},
        {"sort-orders", NULL, FIRN_E_DATA, "'sort-orders' is missing"},
        {"current-snapshot-id", "12", FIRN_E_DATA, "current snapshot 12"},
        {"current-snapshot-id", "3051729675574597004", FIRN_E_DATA, "ref main is snapshot"},
        {"current-snapshot-id", "-1", FIRN_E_DATA, "ref main is snapshot"},
        {"refs", "{'b':{'snapshot-id':5,'type':'branch'}}", FIRN_E_DATA, "ref 'b' names"},
        {"refs", "{'b':{'snapshot-id':5}}", FIRN_E_DATA, "'type' is missing"},
        {"snapshots", "[{'snapshot-id':3055729675574597004,'timestamp-ms':1}]", FIRN_E_DATA,
         "has no manifest list"},
        {"snapshots",
         "[{'snapshot-id':3055729675574597004,'timestamp-ms':1,'manifest-list':'a'},"
         "{'snapshot-id':3055729675574597004,'timestamp-ms':1,'manifest-list':'a'}]",
         FIRN_E_DATA, "stands twice"},
        {"snapshots", "{}", FIRN_E_DATA, "'snapshots' should be an array"},
        /* the clock rule: 60 s of tolerance */
        {"last-updated-ms", "1555100895769", FIRN_E_DATA, "last-updated-ms is before"},
        {"snapshot-log",
         "[{'snapshot-id':1,'timestamp-ms':200000},{'snapshot-id':1,'timestamp-ms':139999}]",
         FIRN_E_DATA, "snapshot-log is not in order"},
        {"metadata-log",
         "[{'metadata-file':'a','timestamp-ms':200000},{'metadata-file':'b','timestamp-ms':1}]",
         FIRN_E_DATA, "metadata-log is not in order"},
        {"properties", "[]", FIRN_E_DATA, "'properties' should be"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        const firn_metadata *m;
        const char *text = text_of(with(table, rows[i].key, rows[i].value));
        check_fails(firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)}, s_("f"),
                                        A, &m, &E),
                    rows[i].code, &E, rows[i].part);
    }
    const firn_metadata *m = parse_tree(with(table, "last-updated-ms", "1555100895770"));
    check_i64(m->last_updated_ms, INT64_C(1555100895770));
}

static void what_is_no_json_is_refused(void **state FIRN_UNUSED)
{
    static const char *const texts[] = {"", "{", "[]", "7", "{}", "\x1f\x8bxx"};
    for (size_t i = 0; i < FIRN_COUNT_OF(texts); i++) {
        const firn_metadata *m;
        check_fails(firn_metadata_parse((firn_slice){(const uint8_t *)texts[i], strlen(texts[i])},
                                        s_("f"), A, &m, &E),
                    FIRN_E_DATA, &E, "");
    }
}

static firn_slice gzipped(const char *text)
{
    z_stream z = {0};
    size_t cap = strlen(text) + 1000;
    uint8_t *out = firn_arena_alloc(A, cap);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)strlen(text);
    z.next_out = out;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = z.total_out;
    deflateEnd(&z);
    return (firn_slice){out, n};
}

static void gzip_is_read_whole_or_not_at_all(void **state FIRN_UNUSED)
{
    const firn_metadata *m;
    firn_slice gz = gzipped(text_of(json_of(table)));
    check_ok(firn_metadata_parse(gz, s_("00000-x.gz.metadata.json"), A, &m, &E), &E);
    check_i64(m->current_snapshot_id, CURRENT);
    for (size_t n = 2; n < gz.n; n += 17)
        check_fails(firn_metadata_parse((firn_slice){gz.p, n}, s_("f"), A, &m, &E), FIRN_E_DATA, &E,
                    n < 3 ? "" : "gzip");
}

/* Version 1: no sequence numbers, one schema and spec beside the lists, or instead of them. */
static void version_one_is_read(void **state FIRN_UNUSED)
{
    static const char v1[] =
        "{'format-version':1,'location':'/t/','last-updated-ms':1,'last-column-id':3,"
        "'schema':{'type':'struct','fields':[{'id':1,'name':'x','required':true,'type':'long'}]},"
        "'partition-spec':[{'name':'x','transform':'identity','source-id':1}],"
        "'current-snapshot-id':5,'snapshots':[{'snapshot-id':5,'timestamp-ms':1,"
        "'manifests':['/t/m.avro']}]}";
    const firn_metadata *m = parse(v1);
    assert_int_equal(m->format_version, 1);
    check_str(m->location, "/t");
    assert_null(m->uuid.p);
    check_i64(m->last_sequence_number, 0);
    assert_int_equal(m->last_partition_id, 1000);
    assert_null(firn_metadata_current(m)->manifest_list.p);
    assert_int_equal(m->spec->fields[0].field_id, 1000);
    /* lists without the ids of what is current */
    m = parse_tree(with(v1, "schemas",
                        "[{'schema-id':0,'fields':[]},{'schema-id':1,'fields':[{'id':1,'name':'x',"
                        "'required':true,'type':'long'}]}]"));
    assert_int_equal(m->schema->schema_id, 0);
    m = parse_tree(
        with(v1, "partition-specs", "[{'spec-id':1,'fields':[]},{'spec-id':2,'fields':[]}]"));
    assert_int_equal(m->spec->spec_id, 2);
}

static void partition_types_are_found_in_older_schemas(void **state FIRN_UNUSED)
{
    json_t *j = with(table, "partition-specs",
                     "[{'spec-id':0,'fields':["
                     "{'source-id':1,'field-id':1000,'name':'a','transform':'identity'},"
                     "{'source-id':2,'field-id':1001,'name':'b','transform':'day'},"
                     "{'source-id':9,'field-id':1002,'name':'c','transform':'identity'},"
                     "{'source-id':2,'field-id':1003,'name':'d','transform':'zorder'}]}]");
    json_object_set(json_array_get(json_object_get(j, "schemas"), 1), "fields", json_of("[]"));
    const firn_metadata *m = parse_tree(j);
    firn_type *types;
    check_ok(firn_metadata_partition_types(m, m->spec, A, &types, &E), &E);
    assert_int_equal(types[0].kind, FIRN_T_INT); /* x was an int in schema 0 */
    assert_int_equal(types[1].kind, FIRN_T_STRING);
    firn_type t;
    assert_true(firn_metadata_partition_type(m, &m->spec->fields[0], &t));
    assert_false(firn_metadata_partition_type(m, &m->spec->fields[1], &t));
    assert_false(firn_metadata_partition_type(m, &m->spec->fields[2], &t));
    assert_false(firn_metadata_partition_type(m, &m->spec->fields[3], &t));
    assert_int_equal(t.kind, FIRN_T_STRING);
}

/* --- changing ------------------------------------------------------------------------------ */

static json_t *new_snapshot(int64_t id, int64_t parent, int64_t sequence, int64_t at)
{
    json_t *j = json_pack("{s:I, s:I, s:I, s:{s:s}, s:s}", "snapshot-id", (json_int_t)id,
                          "sequence-number", (json_int_t)sequence, "timestamp-ms", (json_int_t)at,
                          "summary", "operation", "append", "manifest-list", "file:///l.avro");
    if (parent != FIRN_NO_SNAPSHOT)
        json_object_set_new(j, "parent-snapshot-id", json_integer(parent));
    return j;
}

static const firn_metadata *apply(const firn_metadata *base, const firn_updates *u, int64_t now)
{
    const firn_metadata *next;
    check_ok(firn_metadata_apply(base, u, now, A, &next, &E), &E);
    /* what is written can be read */
    return parse_tree(next->root);
}

static firn_updates updates(void)
{
    firn_updates u;
    check_ok(firn_updates_new(A, &u, &E), &E);
    return u;
}

static void add_snapshot(firn_updates *u, int64_t id, int64_t parent, int64_t sequence, int64_t at)
{
    check_ok(firn_update_snapshot(u, new_snapshot(id, parent, sequence, at), &E), &E);
    check_ok(firn_update_ref(u, "main", id, true, &E), &E);
}

static void a_new_table_has_all_that_others_require(void **state FIRN_UNUSED)
{
    firn_updates u = updates();
    firn_type t = type_of("struct<a: int>");
    int32_t last = 0;
    firn_schema_assign_ids(&t, &last);
    const firn_schema schema = {.type = t};
    const firn_spec spec = {0};
    check_ok(firn_update_assign_uuid(&u, "u-1", &E), &E);
    check_ok(firn_update_format_version(&u, 2, &E), &E);
    check_ok(firn_update_location(&u, s_("file:///lake/n"), &E), &E);
    check_ok(firn_update_schema(&u, &schema, last, &E), &E);
    check_ok(firn_update_spec(&u, &spec, &E), &E);
    check_ok(firn_update_unsorted(&u, &E), &E);
    const firn_metadata *m = apply(NULL, &u, 77);
    check_json(m->root,
               "{'format-version':2,'table-uuid':'u-1','location':'file:///lake/n',"
               "'last-sequence-number':0,'last-updated-ms':77,'last-column-id':1,"
               "'current-schema-id':0,'schemas':[{'type':'struct','schema-id':0,'fields':["
               "{'id':1,'name':'a','required':false,'type':'int'}]}],'default-spec-id':0,"
               "'partition-specs':[{'spec-id':0,'fields':[]}],'last-partition-id':999,"
               "'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],"
               "'properties':{},'current-snapshot-id':-1,'refs':{},'snapshots':[],"
               "'statistics':[],'partition-statistics':[],'snapshot-log':[],'metadata-log':[]}");
}

static json_t *new_v3_snapshot(int64_t id, int64_t sequence, int64_t first, int64_t added)
{
    json_t *j = new_snapshot(id, FIRN_NO_SNAPSHOT, sequence, UPDATED + sequence);
    json_object_set_new(j, "first-row-id", json_integer(first));
    json_object_set_new(j, "added-rows", json_integer(added));
    return j;
}

/* ICEBERG.md §4.2: an upgrade starts at 0, a snapshot takes what it says, even beyond its rows. */
static void row_ids_are_counted_in_version_3(void **state FIRN_UNUSED)
{
    const firn_metadata *base = parse(table);
    firn_updates u = updates();
    check_ok(firn_update_format_version(&u, 3, &E), &E);
    const firn_metadata *m = apply(base, &u, UPDATED + 5);
    check_i64(m->format_version, 3);
    check_i64(m->next_row_id, 0);
    check_i64(m->snapshots[0].first_row_id, -1);
    check_i64(m->snapshot_count, base->snapshot_count);

    u = updates();
    check_ok(firn_update_snapshot(&u, new_v3_snapshot(77, 40, 0, 375), &E), &E);
    m = apply(m, &u, UPDATED + 50);
    check_i64(m->next_row_id, 375);
    check_i64(firn_metadata_snapshot(m, 77)->first_row_id, 0);
    check_i64(firn_metadata_snapshot(m, 77)->added_rows, 375);
}

static void row_ids_never_go_back(void **state FIRN_UNUSED)
{
    json_t *j = with(table, "format-version", "3");
    json_object_set(j, "next-row-id", json_of("375"));
    const firn_metadata *m = parse_tree(j);
    const firn_metadata *next;
    firn_updates u = updates();
    check_ok(firn_update_snapshot(&u, new_v3_snapshot(78, 41, 374, 1), &E), &E);
    check_fails(firn_metadata_apply(m, &u, UPDATED + 60, A, &next, &E), FIRN_E_CONFLICT, &E,
                "first-row-id 374 is before next-row-id 375");
    u = updates();
    check_ok(firn_update_snapshot(&u, new_v3_snapshot(78, 41, 375, INT64_MAX), &E), &E);
    check_fails(firn_metadata_apply(m, &u, UPDATED + 60, A, &next, &E), FIRN_E_DATA, &E,
                "added-rows");
    u = updates();
    check_ok(firn_update_format_version(&u, 2, &E), &E);
    check_fails(firn_metadata_apply(m, &u, UPDATED + 60, A, &next, &E), FIRN_E_CONFLICT, &E,
                "3 cannot become 2");
}

static void version_1_gets_what_version_2_requires(void **state FIRN_UNUSED)
{
    const firn_metadata *base =
        parse("{'format-version':1,'table-uuid':'u','location':'/t','last-updated-ms':1,"
              "'last-column-id':1,'schema':{'type':'struct','schema-id':4,'fields':["
              "{'id':1,'name':'a','required':false,'type':'date'}]},'partition-spec':["
              "{'source-id':1,'field-id':1000,'name':'a_day','transform':'day'}]}");
    firn_updates u = updates();
    check_ok(firn_update_format_version(&u, 2, &E), &E);
    const firn_metadata *m = apply(base, &u, 9);
    check_i64(m->format_version, 2);
    check_i64(m->schema->schema_id, 4);
    check_i64(m->spec->fields[0].field_id, 1000);
    check_i64(m->last_partition_id, 1000);
    assert_null(json_object_get(m->root, "schema"));
    assert_null(json_object_get(m->root, "partition-spec"));
    check_json(json_object_get(m->root, "sort-orders"), "[{'order-id':0,'fields':[]}]");
}

static void what_others_wrote_survives_a_change(void **state FIRN_UNUSED)
{
    const firn_metadata *base = parse(table);
    const char *before = text_of(base->root);
    firn_updates u = updates();
    add_snapshot(&u, 42, CURRENT, 35, UPDATED + 5);
    check_ok(firn_update_ref(&u, "firn", 42, false, &E), &E);
    check_ok(firn_update_property(&u, "firn.stamped", s_("true"), &E), &E);
    check_ok(firn_update_remove_property(&u, "owner", &E), &E);
    const firn_metadata *m = apply(base, &u, UPDATED + 5);

    json_t *want = json_of(table);
    json_object_set(want, "last-updated-ms", json_of("1602638573595"));
    json_object_set(want, "last-sequence-number", json_of("35"));
    json_object_set(want, "current-snapshot-id", json_of("42"));
    json_object_set(want, "properties",
                    json_of("{'firn.stamped':'true','write.metadata.previous-versions-max':'2'}"));
    json_array_append_new(json_object_get(want, "snapshots"),
                          new_snapshot(42, CURRENT, 35, UPDATED + 5));
    json_object_set(want, "refs",
                    json_of("{'main':{'snapshot-id':42,'type':'branch','max-ref-age-ms':7},"
                            "'old':{'snapshot-id':3051729675574597004,'type':'tag','x-who':'me'},"
                            "'firn':{'snapshot-id':42,'type':'tag'}}"));
    json_array_append(json_object_get(want, "snapshot-log"),
                      json_of("{'snapshot-id':42,'timestamp-ms':1602638573595}"));
    json_array_append(json_object_get(want, "metadata-log"),
                      json_of("{'timestamp-ms':1602638573590,'metadata-file':"
                              "'file:///lake/t/metadata/00007-u.metadata.json'}"));
    check_json(m->root, text_of(want));
    /* and the base is as it was: the copy shares its parts */
    assert_string_equal(text_of(base->root), before);
}

/* The copy must not lean on memory of the table it was made from. */
static void a_changed_table_outlives_its_base(void **state FIRN_UNUSED)
{
    firn_arena *other = firn_arena_new("base", 0);
    const firn_metadata *base;
    const char *text = text_of(json_of(table));
    check_ok(firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)}, s_("f"), other,
                                 &base, &E),
             &E);
    firn_updates u = updates();
    add_snapshot(&u, 42, CURRENT, 35, UPDATED);
    const firn_metadata *m = apply(base, &u, UPDATED);
    const firn_metadata *direct;
    check_ok(firn_metadata_apply(base, &u, UPDATED, A, &direct, &E), &E);
    firn_arena_free(other);
    check_str(m->location, "file:///lake/t");
    check_str(direct->location, "file:///lake/t");
    check_str(direct->spec->fields[0].transform.text, "day");
    check_str(firn_snapshot_summary(firn_metadata_snapshot(direct, CURRENT), "total-records"), "9");
    assert_true(strlen(text_of(direct->root)) > 1000);
}

/* Clock rule: a clock that steps back by ten minutes must not make a table that nobody loads. */
static void the_clock_may_step_back(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(table);
    int64_t parent = CURRENT;
    for (int64_t i = 0; i < 5; i++) {
        int64_t now = UPDATED + 1000 - i * 600000; /* ten minutes back each time */
        int64_t last = m->last_updated_ms;
        firn_updates u = updates();
        add_snapshot(&u, 50 + i, parent, 35 + i, FIRN_MAX(now, last));
        m = apply(m, &u, now);
        assert_true(m->last_updated_ms >= last);
        parent = 50 + i;
    }
    json_t *log = json_object_get(m->root, "snapshot-log");
    int64_t before = 0;
    for (size_t i = 0; i < json_array_size(log); i++) {
        int64_t at = json_integer_value(json_object_get(json_array_get(log, i), "timestamp-ms"));
        assert_true(at >= before);
        before = at;
    }
    assert_true(m->last_updated_ms >= before);
}

static void the_metadata_log_keeps_the_newest_entries(void **state FIRN_UNUSED)
{
    static const struct {
        const char *property; /* write.metadata.previous-versions-max */
        size_t want;
    } rows[] = {{"'3'", 3}, {"'1'", 1}, {"'0'", 1}, {"'-5'", 1}, {"'many'", 100}, {NULL, 100}};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        json_t *j = json_of(table);
        json_object_set(j, "properties", json_of("{}"));
        if (rows[i].property)
            json_object_set(json_object_get(j, "properties"),
                            "write.metadata.previous-versions-max", json_of(rows[i].property));
        const firn_metadata *m = parse_tree(j);
        for (int k = 0; k < 110; k++) {
            firn_updates u = updates();
            check_ok(firn_update_property(&u, "k", s_(firn_arena_printf(A, "%d", k)), &E), &E);
            m = apply(m, &u, UPDATED + k + 1);
        }
        json_t *log = json_object_get(m->root, "metadata-log");
        assert_int_equal(json_array_size(log), rows[i].want);
        json_t *newest = json_array_get(log, rows[i].want - 1);
        check_i64(json_integer_value(json_object_get(newest, "timestamp-ms")), UPDATED + 109);
    }
}

static void the_snapshot_log_follows_main_only(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(table);
    firn_updates u = updates();
    check_ok(firn_update_snapshot(&u, new_snapshot(42, CURRENT, 35, UPDATED), &E), &E);
    check_ok(firn_update_ref(&u, "audit", 42, true, &E), &E);
    m = apply(m, &u, UPDATED);
    assert_int_equal(json_array_size(json_object_get(m->root, "snapshot-log")), 2);
    check_i64(m->current_snapshot_id, CURRENT);
    u = updates();
    check_ok(firn_update_ref(&u, "main", 42, true, &E), &E);
    m = apply(m, &u, UPDATED + 9);
    assert_int_equal(json_array_size(json_object_get(m->root, "snapshot-log")), 3);
    check_i64(m->current_snapshot_id, 42);
    u = updates(); /* to where it is */
    check_ok(firn_update_ref(&u, "main", 42, true, &E), &E);
    m = apply(m, &u, UPDATED + 10);
    assert_int_equal(json_array_size(json_object_get(m->root, "snapshot-log")), 3);
}

static void a_sequence_number_must_rise(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(table);
    const firn_metadata *next;
    firn_updates u = updates();
    add_snapshot(&u, 42, CURRENT, 34, UPDATED);
    check_fails(firn_metadata_apply(m, &u, UPDATED, A, &next, &E), FIRN_E_CONFLICT, &E,
                "sequence number 34 is not after 34");
}

static void an_equal_schema_or_spec_is_used_again(void **state FIRN_UNUSED)
{
    const firn_metadata *m = parse(table);
    firn_updates u = updates();
    firn_schema old = m->schemas[0];
    check_ok(firn_update_schema(&u, &old, 1, &E), &E);
    m = apply(m, &u, UPDATED);
    assert_int_equal(m->schema_count, 2);
    assert_int_equal(m->schema->schema_id, 0);
    assert_int_equal(m->last_column_id, 2); /* it never falls */
    u = updates();
    firn_type wide = type_of("struct<x: long, z: string>");
    wide.fields[0].id = 1;
    wide.fields[1].id = 3;
    const firn_schema added = {.schema_id = 0, .type = wide};
    check_ok(firn_update_schema(&u, &added, 3, &E), &E);
    m = apply(m, &u, UPDATED);
    assert_int_equal(m->schema_count, 3);
    assert_int_equal(m->schema->schema_id, 2);
    assert_int_equal(m->last_column_id, 3);
    u = updates();
    firn_partition_field f = {1, 1001, s_("x"), firn_transform_parse(s_("identity"))};
    const firn_spec spec = {.fields = &f, .field_count = 1};
    check_ok(firn_update_spec(&u, &spec, &E), &E);
    m = apply(m, &u, UPDATED);
    assert_int_equal(m->spec->spec_id, 1);
    assert_int_equal(m->last_partition_id, 1001);
}

/* --- names --------------------------------------------------------------------------------- */

static void versions_are_read_from_file_names(void **state FIRN_UNUSED)
{
    static const struct {
        const char *name;
        int64_t version;
    } rows[] = {
        {"s3://b/t/metadata/00012-ab-cd.metadata.json", 12},
        {"/t/metadata/100000-u.gz.metadata.json", 100000},
        {"v7.metadata.json", 7},
        {"/t/v8.gz.metadata.json", 8},
        {"/00001-x/metadata.json", -1},
        {"/t/metadata/final.metadata.json", -1},
        {"/t/metadata/", -1},
        {"", -1},
        {"99999999999999999999-u.metadata.json", -1},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++)
        check_i64(firn_metadata_file_version(s_(rows[i].name)), rows[i].version);
}

static void folders_may_be_given(void **state FIRN_UNUSED)
{
    firn_str folder;
    const firn_metadata *m = parse(table);
    check_ok(firn_metadata_folder(m, A, &folder, &E), &E);
    check_str(folder, "file:///lake/t/metadata");
    check_ok(firn_data_folder(m, A, &folder, &E), &E);
    check_str(folder, "file:///lake/t/data");
    m = parse_tree(with(table, "properties",
                        "{'write.metadata.path':'s3://m/x/','write.data.path':'s3://d'}"));
    check_ok(firn_metadata_folder(m, A, &folder, &E), &E);
    check_str(folder, "s3://m/x");
    check_ok(firn_data_folder(m, A, &folder, &E), &E);
    check_str(folder, "s3://d");
}

static void many_snapshots_are_found(void **state FIRN_UNUSED)
{
    json_t *j = json_of(table);
    json_t *list = json_object_get(j, "snapshots");
    uint64_t seed = 9;
    int64_t ids[2000];
    for (size_t i = 0; i < FIRN_COUNT_OF(ids); i++) {
        ids[i] = (int64_t)(splitmix(&seed) >> 1);
        json_array_append_new(list, new_snapshot(ids[i], CURRENT, 1, 1));
    }
    const firn_metadata *m = parse_tree(j);
    for (size_t i = 0; i < FIRN_COUNT_OF(ids); i++)
        check_i64(firn_metadata_snapshot(m, ids[i])->snapshot_id, ids[i]);
    check_i64(firn_metadata_snapshot(m, CURRENT)->snapshot_id, CURRENT);
    assert_null(firn_metadata_snapshot(m, ids[0] ^ 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(a_table_is_read),
        ICE_TEST(the_snapshot_of_a_time_is_found),
        ICE_TEST(absent_and_null_and_minus_one_are_no_snapshot),
        ICE_TEST(metadata_that_contradicts_itself_is_refused),
        ICE_TEST(what_is_no_json_is_refused),
        ICE_TEST(gzip_is_read_whole_or_not_at_all),
        ICE_TEST(version_one_is_read),
        ICE_TEST(partition_types_are_found_in_older_schemas),
        ICE_TEST(a_new_table_has_all_that_others_require),
        ICE_TEST(row_ids_are_counted_in_version_3),
        ICE_TEST(row_ids_never_go_back),
        ICE_TEST(version_1_gets_what_version_2_requires),
        ICE_TEST(what_others_wrote_survives_a_change),
        ICE_TEST(a_changed_table_outlives_its_base),
        ICE_TEST(the_clock_may_step_back),
        ICE_TEST(the_metadata_log_keeps_the_newest_entries),
        ICE_TEST(the_snapshot_log_follows_main_only),
        ICE_TEST(a_sequence_number_must_rise),
        ICE_TEST(an_equal_schema_or_spec_is_used_again),
        ICE_TEST(versions_are_read_from_file_names),
        ICE_TEST(folders_may_be_given),
        ICE_TEST(many_snapshots_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
