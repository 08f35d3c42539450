/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/manifest: what is written comes back; inheritance; what other writers may do.
 * ICEBERG.md §4; Iceberg table spec, "Manifests", "Sequence Number Inheritance". */
#include "check.h"
#include "ice_help.h"

#include "format/avro.h"
#include "iceberg/manifest.h"

#include <math.h>

/* --- a table ------------------------------------------------------------------------------- */

/* Columns 1 … of these types, partitioned by identity of all of them. */
static const firn_metadata *table_of(const char *const *types, size_t count, const char *properties)
{
    json_t *fields = json_array();
    json_t *parts = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(fields, json_pack("{s:i, s:s, s:b, s:s}", "id", (int)i + 1, "name",
                                                firn_arena_printf(A, "c%zu", i), "required", 0,
                                                "type", types[i]));
        json_array_append_new(parts,
                              json_pack("{s:i, s:i, s:s, s:s}", "source-id", (int)i + 1, "field-id",
                                        (int)i + 1000, "name", firn_arena_printf(A, "p %zu", i),
                                        "transform", "identity"));
    }
    json_t *j = json_of("{'format-version':2,'table-uuid':'u','location':'/t',"
                        "'last-sequence-number':9,'last-updated-ms':1,'last-column-id':99,"
                        "'current-schema-id':3,'default-spec-id':5,'last-partition-id':1099,"
                        "'sort-orders':[],'default-sort-order-id':0}");
    json_object_set_new(j, "schemas", json_pack("[{s:i, s:o}]", "schema-id", 3, "fields", fields));
    json_object_set_new(j, "partition-specs",
                        json_pack("[{s:i, s:o}]", "spec-id", 5, "fields", parts));
    json_object_set(j, "properties", json_of(properties));
    const firn_metadata *m;
    const char *text = text_of(j);
    check_ok(
        firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)}, s_("f"), A, &m, &E),
        &E);
    return m;
}

static const firn_metadata *simple_table(void)
{
    static const char *const types[] = {"int"};
    return table_of(types, 1, "{}");
}

static firn_data_file data_file(const char *path, firn_value *partition)
{
    return (firn_data_file){.file_path = s_(path),
                            .file_format = s_("PARQUET"),
                            .spec_id = 5,
                            .partition = partition,
                            .record_count = 10,
                            .file_size_in_bytes = 100,
                            .sort_order_id = -1};
}

/* --- reading all entries ------------------------------------------------------------------- */

typedef struct got {
    firn_manifest_entry v[16];
    size_t n;
    const firn_type *types;
    size_t type_count;
} got;

static firn_code take(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                      firn_err *err)
{
    got *g = arg;
    assert_true(g->n < FIRN_COUNT_OF(g->v));
    firn_manifest_entry *copy = &g->v[g->n++];
    *copy = *e;
    return firn_data_file_copy(&e->file, g->types, g->type_count, A, &copy->file, err);
}

static firn_code read_all(const mem_io *io, const firn_metadata *m, const firn_manifest_file *mf,
                          firn_manifest_detail detail, got *g)
{
    firn_type *types;
    const firn_spec *spec = firn_metadata_spec(m, mf->partition_spec_id);
    spec = spec ? spec : m->spec;
    check_ok(firn_metadata_partition_types(m, spec, A, &types, &E), &E);
    *g = (got){.types = types, .type_count = spec->field_count};
    return firn_manifest_read(&io->io, m, mf, detail, take, g, &E);
}

/* --- writing and reading ------------------------------------------------------------------- */

static const char *const all_types[] = {
    "boolean", "int",       "long",   "float", "double", "decimal(9,2)", "decimal(38,0)", "date",
    "time",    "timestamp", "string", "uuid",  "binary", "timestamptz",  "decimal(9,2)"};
static const char *const some_values[][FIRN_COUNT_OF(all_types)] = {
    {"true", "-5", "9223372036854775807", "-0.0", "1.5", "-1234567.89",
     "-99999999999999999999999999999999999999", "1969-12-31", "00:00:01", "2020-01-01 00:00:00",
     "é 1", "f79c3e09-677c-4bbd-a479-3f349cb785e7", "00ff", "2020-01-01 00:00:00+00", "0.01"},
    {"false", "7", "-1", "0.0", "-1e300", "0.00", "1", "2020-02-29", "23:59:59.999999",
     "0001-01-01 00:00:00", "", "00000000-0000-0000-0000-000000000000", "",
     "9999-12-31 23:59:59.999999+00", "-0.01"},
    {"null", "null", "null", "null", "null", "null", "null", "null", "null", "null", "null", "null",
     "null", "null", "null"},
};

static void partition_values_of_all_types_come_back(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = table_of(all_types, FIRN_COUNT_OF(all_types), "{}");
    firn_type *types;
    check_ok(firn_metadata_partition_types(m, m->spec, A, &types, &E), &E);
    firn_manifest_entry in[FIRN_COUNT_OF(some_values)];
    for (size_t i = 0; i < FIRN_COUNT_OF(in); i++) {
        firn_value *p = firn_arena_array(A, FIRN_COUNT_OF(all_types), sizeof *p);
        for (size_t k = 0; k < FIRN_COUNT_OF(all_types); k++)
            p[k] = value_of(&types[k], some_values[i][k]);
        in[i] = (firn_manifest_entry){FIRN_ENTRY_ADDED, 77, -1, -1, data_file("/f", p)};
    }
    firn_manifest_file mf;
    check_ok(firn_manifest_write(&io.io, m, m->spec, s_("/m.avro"), 77, in, FIRN_COUNT_OF(in), A,
                                 &mf, &E),
             &E);
    mf.sequence_number = 8;
    got g;
    check_ok(read_all(&io, m, &mf, FIRN_DETAIL_ALL, &g), &E);
    assert_int_equal(g.n, FIRN_COUNT_OF(in));
    for (size_t i = 0; i < g.n; i++)
        for (size_t k = 0; k < FIRN_COUNT_OF(all_types); k++)
            if (!firn_value_eq(&types[k], &g.v[i].file.partition[k], &in[i].file.partition[k]))
                fail_msg("%s %s does not come back", all_types[k], some_values[i][k]);
    /* the summary says what there is in each field: low, high, null */
    assert_int_equal(mf.partition_count, FIRN_COUNT_OF(all_types));
    for (size_t k = 0; k < FIRN_COUNT_OF(all_types); k++)
        assert_true(mf.partitions[k].contains_null);
    assert_string_equal(hex_of(mf.partitions[1].lower_bound), "fbffffff");
    assert_string_equal(hex_of(mf.partitions[1].upper_bound), "07000000");
    assert_string_equal(hex_of(mf.partitions[3].lower_bound), "00000080"); /* -0.0 < 0.0 */
    assert_string_equal(hex_of(mf.partitions[3].upper_bound), "00000000");
    assert_int_equal(mf.partitions[3].contains_nan, 0);
    assert_int_equal(mf.partitions[1].contains_nan, -1);
    assert_string_equal(hex_of(mf.partitions[10].lower_bound), "");
    assert_non_null(mf.partitions[10].lower_bound.p); /* the empty text is a bound, not none */
    mem_close(&io);
}

static void nan_is_no_bound_of_a_summary(void **state FIRN_UNUSED)
{
    static const char *const types[] = {"double"};
    const firn_metadata *m = table_of(types, 1, "{}");
    mem_io io;
    mem_open(&io);
    firn_value nan = {.u.d = (double)NAN};
    firn_value two = {.u.d = 2};
    firn_manifest_entry in[] = {{FIRN_ENTRY_ADDED, 1, -1, -1, data_file("/a", &nan)},
                                {FIRN_ENTRY_ADDED, 1, -1, -1, data_file("/b", &two)}};
    firn_manifest_file mf;
    check_ok(firn_manifest_write(&io.io, m, m->spec, s_("/m"), 1, in, 2, A, &mf, &E), &E);
    assert_int_equal(mf.partitions[0].contains_nan, 1);
    assert_false(mf.partitions[0].contains_null);
    assert_string_equal(hex_of(mf.partitions[0].lower_bound), "0000000000000040");
    assert_string_equal(hex_of(mf.partitions[0].upper_bound), "0000000000000040");
    check_ok(firn_manifest_write(&io.io, m, m->spec, s_("/n"), 1, in, 1, A, &mf, &E), &E);
    assert_null(mf.partitions[0].lower_bound.p);
    got g;
    mf.sequence_number = 1;
    check_ok(read_all(&io, m, &mf, FIRN_DETAIL_FILES, &g), &E);
    assert_true(isnan(g.v[0].file.partition[0].u.d));
    mem_close(&io);
}

static firn_slice bound(const char *hex)
{
    return unhex(hex);
}

static void all_of_a_data_file_comes_back(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = simple_table();
    firn_value one = {.u.i = 1};
    firn_column_metrics metrics[] = {
        {1, 50, 10, 2, -1, bound("01000000"), bound("05000000")},
        {2, -1, 10, 10, -1, {NULL, 0}, {NULL, 0}},
        {7, 9, -1, -1, 0, bound(""), {NULL, 0}},
        {2000, 1, 2, 3, 4, {NULL, 0}, bound("ff")},
    };
    int64_t offsets[] = {4, 900, 123456789012};
    int32_t ids[] = {1, 7};
    firn_data_file f = data_file("/data/é.parquet", &one);
    f.metrics = metrics;
    f.metrics_count = FIRN_COUNT_OF(metrics);
    f.split_offsets = offsets;
    f.split_offset_count = 3;
    f.equality_ids = ids;
    f.equality_id_count = 2;
    f.sort_order_id = 0;
    f.key_metadata = bound("0102");
    f.referenced_data_file = s_("/data/other");
    const firn_manifest_entry in = {FIRN_ENTRY_EXISTING, 5, 3, 2, f};
    firn_manifest_file mf;
    check_ok(firn_manifest_write(&io.io, m, m->spec, s_("/m"), 77, &in, 1, A, &mf, &E), &E);
    got g;
    check_ok(read_all(&io, m, &mf, FIRN_DETAIL_ALL, &g), &E);
    const firn_data_file *b = &g.v[0].file;
    check_str(b->file_path, "/data/é.parquet");
    check_i64(b->file_size_in_bytes, 100);
    assert_int_equal(b->metrics_count, FIRN_COUNT_OF(metrics));
    for (size_t i = 0; i < FIRN_COUNT_OF(metrics); i++) {
        assert_int_equal(b->metrics[i].field_id, metrics[i].field_id);
        check_i64(b->metrics[i].column_size, metrics[i].column_size);
        check_i64(b->metrics[i].value_count, metrics[i].value_count);
        check_i64(b->metrics[i].null_value_count, metrics[i].null_value_count);
        check_i64(b->metrics[i].nan_value_count, metrics[i].nan_value_count);
        assert_int_equal(b->metrics[i].lower_bound.p != NULL, metrics[i].lower_bound.p != NULL);
        assert_string_equal(hex_of(b->metrics[i].lower_bound), hex_of(metrics[i].lower_bound));
        assert_string_equal(hex_of(b->metrics[i].upper_bound), hex_of(metrics[i].upper_bound));
    }
    assert_int_equal(b->split_offset_count, 3);
    check_i64(b->split_offsets[2], 123456789012);
    assert_int_equal(b->equality_id_count, 2);
    assert_int_equal(b->equality_ids[1], 7);
    assert_int_equal(b->sort_order_id, 0);
    check_str(b->referenced_data_file, "/data/other");
    assert_string_equal(hex_of(b->key_metadata), "0102");
    check_i64(g.v[0].snapshot_id, 5);
    check_i64(g.v[0].sequence_number, 3);
    check_i64(g.v[0].file_sequence_number, 2);
    mem_close(&io);
}

static void the_header_names_schema_and_spec(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = simple_table();
    firn_value one = {.u.i = 1};
    const firn_manifest_entry in = {FIRN_ENTRY_ADDED, 1, -1, -1, data_file("/a", &one)};
    firn_manifest_file mf;
    check_ok(firn_manifest_write(&io.io, m, m->spec, s_("/m"), 1, &in, 1, A, &mf, &E), &E);
    firn_avro_reader *r;
    check_i64(mf.manifest_length, mem_bytes(&io, "/m").n);
    check_ok(firn_avro_open(mem_bytes(&io, "/m"), 1 << 20, A, &r, &E), &E);
    const struct {
        const char *key;
        const char *value;
    } rows[] = {{"schema-id", "3"},
                {"partition-spec-id", "5"},
                {"format-version", "2"},
                {"content", "data"},
                {"avro.codec", "deflate"},
                {"partition-spec", "[{\"source-id\":1,\"field-id\":1000,\"name\":\"p 0\","
                                   "\"transform\":\"identity\"}]"}};
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_slice got_value = firn_avro_meta(r, rows[i].key);
        check_str(((firn_str){(const char *)got_value.p, got_value.n}), rows[i].value);
    }
    firn_avro_close(r);
    mem_close(&io);
}

static void counts_and_sequence_numbers_are_summed_up(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = simple_table();
    firn_value one = {.u.i = 1};
    const struct {
        firn_manifest_entry e[3];
        size_t n;
        int64_t min; /* -1: the snapshot's */
    } rows[] = {
        {{{FIRN_ENTRY_ADDED, 1, -1, -1, data_file("/a", &one)}}, 1, -1},
        {{{FIRN_ENTRY_ADDED, 1, -1, -1, data_file("/a", &one)},
          {FIRN_ENTRY_ADDED, 1, 4, -1, data_file("/b", &one)}},
         2,
         4},
        {{{FIRN_ENTRY_EXISTING, 1, 6, 6, data_file("/a", &one)},
          {FIRN_ENTRY_EXISTING, 1, 3, 6, data_file("/b", &one)},
          {FIRN_ENTRY_DELETED, 1, 2, 2, data_file("/c", &one)}},
         3,
         3},
        {{{FIRN_ENTRY_DELETED, 1, 2, 2, data_file("/c", &one)}}, 1, -1},
        {{{FIRN_ENTRY_EXISTING, 1, 0, 0, data_file("/a", &one)}}, 1, 0},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        firn_manifest_file mf;
        const char *path = firn_arena_printf(A, "/m%zu", i);
        check_ok(
            firn_manifest_write(&io.io, m, m->spec, s_(path), 1, rows[i].e, rows[i].n, A, &mf, &E),
            &E);
        int32_t files[3] = {0};
        for (size_t k = 0; k < rows[i].n; k++)
            files[rows[i].e[k].status]++;
        assert_int_equal(mf.existing_files_count, files[0]);
        assert_int_equal(mf.added_files_count, files[1]);
        assert_int_equal(mf.deleted_files_count, files[2]);
        check_i64(mf.added_rows_count, files[1] * 10);
        check_i64(mf.min_sequence_number, rows[i].min);
        check_i64(mf.sequence_number, -1);
    }
    mem_close(&io);
}

static void an_unknown_transform_is_not_written(void **state FIRN_UNUSED)
{
    const firn_metadata *m = simple_table();
    mem_io io;
    mem_open(&io);
    firn_value one = {.u.i = 1};
    firn_partition_field f = m->spec->fields[0];
    f.transform = firn_transform_parse(s_("zorder"));
    const firn_spec spec = {5, &f, 1};
    const firn_manifest_entry in = {FIRN_ENTRY_ADDED, 1, -1, -1, data_file("/a", &one)};
    firn_manifest_file mf;
    check_fails(firn_manifest_write(&io.io, m, &spec, s_("/m"), 1, &in, 1, A, &mf, &E),
                FIRN_E_UNSUPPORTED, &E, "does not know");
    assert_int_equal(io.count, 0);
    mem_close(&io);
}

/* --- lists --------------------------------------------------------------------------------- */

static firn_snapshot snapshot_of(const char *list)
{
    return (firn_snapshot){.snapshot_id = 9, .manifest_list = s_(list)};
}

static void a_list_comes_back_with_its_header(void **state FIRN_UNUSED)
{
    static const char *const codecs[][2] = {
        {"{}", "deflate"},
        {"{'write.manifest.compression-codec':'none'}", "null"},
        {"{'write.manifest.compression-codec':'zstd'}", "zstandard"}};
    static const char *const types[] = {"int"};
    firn_field_summary summary = {true, 0, bound("01"), bound("")};
    const firn_manifest_file in[] = {
        {.manifest_path = s_("/m/1"),
         .manifest_length = 123456789012,
         .partition_spec_id = 5,
         .sequence_number = -1,
         .min_sequence_number = -1,
         .added_snapshot_id = 9,
         .added_files_count = 1,
         .added_rows_count = 10,
         .partitions = &summary,
         .partition_count = 1},
        {.manifest_path = s_("/m/2"),
         .manifest_length = 1,
         .deletes = true,
         .sequence_number = 3,
         .min_sequence_number = 2,
         .added_snapshot_id = 4,
         .existing_files_count = 2,
         .existing_rows_count = 3,
         .deleted_files_count = 4,
         .deleted_rows_count = 5,
         .key_metadata = bound("aa")},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(codecs); i++) {
        mem_io io;
        mem_open(&io);
        const firn_metadata *m = table_of(types, 1, codecs[i][0]);
        const firn_manifest_list_head head = {9, 8, 7, 0, m, "firn.position", bound("313233")};
        check_ok(firn_manifest_list_write(&io.io, s_("/l"), &head, in, 2, &E), &E);
        firn_manifest_file *list;
        size_t n;
        firn_slice meta;
        firn_snapshot snap = snapshot_of("/l");
        check_ok(firn_manifest_list_read(&io.io, &snap, "firn.position", A, &list, &n, &meta, &E),
                 &E);
        assert_int_equal(n, 2);
        assert_string_equal(hex_of(meta), "313233");
        check_str(list[0].manifest_path, "/m/1");
        check_i64(list[0].manifest_length, 123456789012);
        check_i64(list[0].sequence_number, 7);
        check_i64(list[0].min_sequence_number, 7);
        assert_true(list[0].partitions[0].contains_null);
        assert_int_equal(list[0].partitions[0].contains_nan, 0);
        assert_string_equal(hex_of(list[0].partitions[0].lower_bound), "01");
        assert_non_null(list[0].partitions[0].upper_bound.p);
        assert_true(list[1].deletes);
        check_i64(list[1].sequence_number, 3);
        check_i64(list[1].min_sequence_number, 2);
        check_i64(list[1].deleted_rows_count, 5);
        assert_int_equal(list[1].partition_count, 0);
        assert_string_equal(hex_of(list[1].key_metadata), "aa");
        check_ok(firn_manifest_list_read(&io.io, &snap, "schema", A, &list, &n, &meta, &E), &E);
        assert_null(meta.p);
        firn_avro_reader *r;
        check_ok(firn_avro_open(mem_bytes(&io, "/l"), 1 << 20, A, &r, &E), &E);
        firn_slice codec = firn_avro_meta(r, "avro.codec");
        check_str(((firn_str){(const char *)codec.p, codec.n}), codecs[i][1]);
        firn_slice parent = firn_avro_meta(r, "parent-snapshot-id");
        check_str(((firn_str){(const char *)parent.p, parent.n}), "8");
        firn_avro_close(r);
        mem_close(&io);
    }
}

static void a_missing_or_damaged_list_is_named(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    firn_snapshot snap = snapshot_of("/gone");
    firn_manifest_file *list;
    size_t n;
    check_fails(firn_manifest_list_read(&io.io, &snap, NULL, A, &list, &n, NULL, &E),
                FIRN_E_NOTFOUND, &E, "manifest list '/gone'");
    check_ok(mem_write(&io, s_("/gone"), bound("00010203"), &E), &E);
    check_fails(firn_manifest_list_read(&io.io, &snap, NULL, A, &list, &n, NULL, &E), FIRN_E_DATA,
                &E, "manifest list '/gone'");
    mem_close(&io);
}

static void a_snapshot_of_version_one_lists_manifests_itself(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    firn_snapshot snap = {.snapshot_id = 9, .manifests = json_of("['/a','/b']")};
    firn_manifest_file *list;
    size_t n;
    check_ok(firn_manifest_list_read(&io.io, &snap, NULL, A, &list, &n, NULL, &E), &E);
    assert_int_equal(n, 2);
    check_str(list[1].manifest_path, "/b");
    assert_int_equal(list[1].partition_spec_id, -1);
    assert_int_equal(list[1].added_files_count, -1);
    snap.manifests = json_of("[7]");
    check_fails(firn_manifest_list_read(&io.io, &snap, NULL, A, &list, &n, NULL, &E), FIRN_E_DATA,
                &E, "is no path");
    mem_close(&io);
}

/* A reader of one column is spared the metrics of the others. */
static void metrics_of_some_columns(void **state FIRN_UNUSED)
{
    static const int32_t wanted[] = {300, 2};
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = simple_table();
    firn_value one = {.u.i = 1};
    firn_column_metrics c[] = {{1, 10, 11, 12, -1, bound("01"), bound("02")},
                               {2, 20, 21, 22, 23, bound("03"), bound("")},
                               {300, 30, 31, 32, -1, {NULL, 0}, bound("04")}};
    firn_manifest_entry in = {FIRN_ENTRY_ADDED, 1, -1, -1, data_file("/a", &one)};
    in.file.metrics = c;
    in.file.metrics_count = 3;
    firn_manifest_file mf;
    check_ok(firn_manifest_write(&io.io, m, m->spec, s_("/m"), 1, &in, 1, A, &mf, &E), &E);
    firn_manifest_reader *r;
    const firn_manifest_entry *e;
    check_ok(firn_manifest_open(&io.io, m, &mf, FIRN_DETAIL_STATS, &r, &E), &E);
    firn_manifest_only_columns(r, wanted, FIRN_COUNT_OF(wanted));
    check_ok(firn_manifest_next(r, &e, &E), &E);
    assert_int_equal(e->file.metrics_count, 2);
    const firn_column_metrics *x = e->file.metrics;
    check_i64(x[0].field_id, 2);
    check_i64(x[0].value_count, 21);
    check_i64(x[0].null_value_count, 22);
    check_i64(x[0].nan_value_count, 23);
    assert_string_equal(hex_of(x[0].lower_bound), "03");
    assert_non_null(x[0].upper_bound.p);
    check_i64(x[1].field_id, 300);
    check_i64(x[1].null_value_count, 32);
    assert_null(x[1].lower_bound.p);
    assert_string_equal(hex_of(x[1].upper_bound), "04");
    check_ok(firn_manifest_next(r, &e, &E), &E);
    assert_null(e);
    firn_manifest_close(r);
    mem_close(&io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(partition_values_of_all_types_come_back),
        ICE_TEST(nan_is_no_bound_of_a_summary),
        ICE_TEST(all_of_a_data_file_comes_back),
        ICE_TEST(metrics_of_some_columns),
        ICE_TEST(the_header_names_schema_and_spec),
        ICE_TEST(counts_and_sequence_numbers_are_summed_up),
        ICE_TEST(an_unknown_transform_is_not_written),
        ICE_TEST(a_list_comes_back_with_its_header),
        ICE_TEST(a_missing_or_damaged_list_is_named),
        ICE_TEST(a_snapshot_of_version_one_lists_manifests_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
