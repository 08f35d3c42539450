/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/manifest_read: manifests as other engines, older versions and broken writers leave them.
 * Made here with our Avro writer and schemas of our own; the real ones are read by
 * tests/suites/iceberg_core.py. */
#include "check.h"
#include "ice_help.h"

#include "format/avro.h"
#include "iceberg/scan.h"

/* --- values -------------------------------------------------------------------------------- */

static firn_avro_value null_(void)
{
    return (firn_avro_value){.kind = FIRN_AVRO_NULL};
}

static firn_avro_value num(int64_t v)
{
    return (firn_avro_value){.kind = FIRN_AVRO_LONG, .u.i = v};
}

static firn_avro_value text(const char *s)
{
    return (firn_avro_value){.kind = FIRN_AVRO_BYTES, .u.bytes = {(const uint8_t *)s, strlen(s)}};
}

#define END ((firn_avro_value){.kind = (firn_avro_kind)99})

/* Copies what stands before END. */
static firn_avro_value items(firn_avro_kind kind, const firn_avro_value *v)
{
    size_t n = 0;
    while ((int)v[n].kind != 99)
        n++;
    firn_avro_value *copy = firn_arena_array(A, n, sizeof *copy);
    if (n)
        memcpy(copy, v, n * sizeof *v);
    return (firn_avro_value){.kind = kind, .u.items = {copy, n}};
}

#define RECORD(...) items(FIRN_AVRO_RECORD, (firn_avro_value[]){__VA_ARGS__, END})
#define EMPTY       items(FIRN_AVRO_RECORD, (firn_avro_value[]){END})
#define ARRAY(...)  items(FIRN_AVRO_ARRAY, (firn_avro_value[]){__VA_ARGS__, END})

/* Writes records as an Avro file; ' stands for " in the schema. */
static void write_avro(mem_io *io, const char *path, const char *schema,
                       const firn_avro_meta_entry *meta, size_t meta_count,
                       const firn_avro_value *records, size_t count)
{
    firn_buf out = FIRN_BUF(1 << 20);
    firn_avro_writer *w;
    const uint8_t sync[16] = "0123456789abcdef";
    check_ok(firn_avro_writer_new(s_(text_of(json_of(schema))), meta, meta_count,
                                  FIRN_AVRO_CODEC_DEFLATE, sync, &out, A, &w, &E),
             &E);
    for (size_t i = 0; i < count; i++)
        check_ok(firn_avro_write(w, &records[i], &E), &E);
    check_ok(firn_avro_finish(w, &E), &E);
    check_ok(mem_write(io, s_(path), firn_buf_slice(&out), &E), &E);
    firn_buf_free(&out);
}

/* --- a table ------------------------------------------------------------------------------- */

/* Column 1 `a` int, column 2 `b` date, and these specs. */
static const firn_metadata *table_of(const char *specs, const char *schemas)
{
    json_t *j = json_of("{'format-version':2,'table-uuid':'u','location':'/t',"
                        "'last-sequence-number':9,'last-updated-ms':1,'last-column-id':99,"
                        "'current-schema-id':1,'default-spec-id':0,'last-partition-id':1099,"
                        "'sort-orders':[],'default-sort-order-id':0}");
    static const char usual[] =
        "[{'schema-id':1,'fields':[{'id':1,'name':'a','required':false,'type':'int'},"
        "{'id':2,'name':'b','required':false,'type':'date'}]}]";
    json_object_set(j, "schemas", json_of(schemas ? schemas : usual));
    json_object_set(j, "partition-specs", json_of(specs));
    const firn_metadata *m;
    const char *t = text_of(j);
    check_ok(firn_metadata_parse((firn_slice){(const uint8_t *)t, strlen(t)}, s_("f"), A, &m, &E),
             &E);
    return m;
}

#define NO_SPEC "[{'spec-id':0,'fields':[]}]"
#define BY_A                                                                                       \
    "[{'spec-id':0,'fields':[{'source-id':1,'field-id':1000,'name':'a','transform':'identity'}]}]"

typedef struct got {
    firn_manifest_entry v[4];
    size_t n;
    bool has_partition; /* of one field, of this type */
    firn_type type;
} got;

static firn_code take(void *arg, const firn_manifest_entry *e, bool *stop, firn_err *err)
{
    got *g = arg;
    firn_type none[1] = {{.kind = FIRN_T_STRING}};
    g->v[g->n] = *e;
    firn_value *p = e->file.partition;
    FIRN_TRY(firn_data_file_copy(&e->file, none, 0, A, &g->v[g->n].file, err));
    g->v[g->n].file.partition = firn_arena_array(A, 1, sizeof *p);
    if (g->has_partition && !firn_value_copy(&g->type, p, A, g->v[g->n].file.partition))
        return firn_arena_raise(A, err);
    g->n++;
    *stop = g->n == FIRN_COUNT_OF(g->v);
    return FIRN_OK;
}

static firn_code read(const mem_io *io, const firn_metadata *m, firn_manifest_file mf, got *g)
{
    *g = (got){0};
    mf.manifest_path = s_("/m");
    const firn_spec *spec = &m->specs[m->spec_count - 1];
    g->has_partition = spec->field_count > 0;
    if (g->has_partition)
        firn_metadata_partition_type(m, &spec->fields[0], &g->type);
    return firn_manifest_read(&io->io, m, &mf, FIRN_DETAIL_ALL, take, g, &E);
}

/* --- version 1 ----------------------------------------------------------------------------- */

#define FILE_HEAD                                                                                  \
    "{'name':'file_path','type':'string','field-id':100},"                                         \
    "{'name':'file_format','type':'string','field-id':101},"
#define FILE_TAIL                                                                                  \
    "{'name':'record_count','type':'long','field-id':103},"                                        \
    "{'name':'file_size_in_bytes','type':'long','field-id':104}"
#define PARTITION(fields)                                                                          \
    "{'name':'partition','type':{'type':'record','name':'r102','fields':[" fields                  \
    "]},'field-id':102},"
#define ENTRY(head, file)                                                                          \
    "{'type':'record','name':'manifest_entry','fields':[" head                                     \
    ",{'name':'data_file','field-id':2,'type':{'type':'record','name':'r2','fields':[" file        \
    "]}}]}"
#define V1_HEAD                                                                                    \
    "{'name':'status','type':'int','field-id':0},"                                                 \
    "{'name':'snapshot_id','type':'long','field-id':1}"
#define V2_HEAD                                                                                    \
    "{'name':'status','type':'int','field-id':0},"                                                 \
    "{'name':'snapshot_id','type':['null','long'],'field-id':1},"                                  \
    "{'name':'sequence_number','type':['null','long'],'field-id':3},"                              \
    "{'name':'file_sequence_number','type':['null','long'],'field-id':4}"
#define PART_A "{'name':'a','type':['null','int'],'field-id':1000}"

static void version_one_has_sequence_number_zero(void **state FIRN_UNUSED)
{
    static const char schema[] =
        ENTRY(V1_HEAD, FILE_HEAD PARTITION(PART_A) FILE_TAIL
              ",{'name':'block_size_in_bytes','type':'long','field-id':105}");
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = table_of(BY_A, NULL);
    const firn_avro_value records[] = {
        RECORD(num(1), num(5),
               RECORD(text("/a"), text("parquet"), RECORD(num(7)), num(3), num(40), num(67108864))),
        RECORD(
            num(0), num(4),
            RECORD(text("/b"), text("PARQUET"), RECORD(null_()), num(3), num(40), num(67108864))),
    };
    write_avro(&io, "/m", schema, NULL, 0, records, 2);
    got g;
    check_ok(read(&io, m, (firn_manifest_file){.added_snapshot_id = 5}, &g), &E);
    assert_int_equal(g.n, 2);
    check_i64(g.v[0].sequence_number, 0);
    check_i64(g.v[1].sequence_number, 0);
    check_i64(g.v[1].file_sequence_number, 0);
    check_i64(g.v[1].snapshot_id, 4);
    check_i64(g.v[0].file.partition[0].u.i, 7);
    assert_true(g.v[1].file.partition[0].is_null);
    assert_int_equal(g.v[0].file.content, FIRN_CONTENT_DATA);
    assert_int_equal(g.v[0].file.sort_order_id, -1);
    mem_close(&io);
}

/* A list of version 1 does not name the spec: the manifest does. */
static void the_header_may_name_the_spec(void **state FIRN_UNUSED)
{
    static const char specs[] =
        "[{'spec-id':0,'fields':[]},{'spec-id':4,'fields':[{'source-id':1,'field-id':1000,"
        "'name':'a','transform':'identity'}]}]";
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = table_of(specs, NULL);
    const firn_avro_meta_entry meta = {"partition-spec-id", {(const uint8_t *)"4", 1}};
    const firn_avro_value record = RECORD(
        num(1), num(5), RECORD(text("/a"), text("parquet"), RECORD(num(7)), num(3), num(40)));
    write_avro(&io, "/m", ENTRY(V1_HEAD, FILE_HEAD PARTITION(PART_A) FILE_TAIL), &meta, 1, &record,
               1);
    got g;
    check_ok(read(&io, m, (firn_manifest_file){.partition_spec_id = -1}, &g), &E);
    assert_int_equal(g.v[0].file.spec_id, 4);
    check_i64(g.v[0].file.partition[0].u.i, 7);
    /* and a scan, which has planned with another spec before it looks inside */
    firn_snapshot snap = {.snapshot_id = 5, .manifests = json_of("['/m']")};
    firn_scan_plan plan;
    check_ok(firn_scan_plan_make(&io.io, m, &snap, NULL, A, &plan, &E), &E);
    assert_int_equal(plan.count, 1);
    check_i64(plan.files[0].file.partition[0].u.i, 7);
    mem_close(&io);
    /* what it says must be a number */
    mem_open(&io);
    const firn_avro_meta_entry empty = {"partition-spec-id", {(const uint8_t *)"", 0}};
    write_avro(&io, "/m", ENTRY(V1_HEAD, FILE_HEAD PARTITION(PART_A) FILE_TAIL), &empty, 1, &record,
               1);
    check_fails(read(&io, m, (firn_manifest_file){.partition_spec_id = -1}, &g), FIRN_E_DATA, &E,
                "partition-spec-id is ''");
    mem_close(&io);
    /* and one that 32 bits hold: 2^32 + 4 is not 4 */
    mem_open(&io);
    const firn_avro_meta_entry large = {"partition-spec-id", {(const uint8_t *)"4294967300", 10}};
    write_avro(&io, "/m", ENTRY(V1_HEAD, FILE_HEAD PARTITION(PART_A) FILE_TAIL), &large, 1, &record,
               1);
    check_fails(read(&io, m, (firn_manifest_file){.partition_spec_id = -1}, &g), FIRN_E_DATA, &E,
                "partition spec 4294967300 is not in the metadata");
    mem_close(&io);
}

/* --- inheritance --------------------------------------------------------------------------- */

static void numbers_are_inherited_by_added_entries(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = table_of(NO_SPEC, NULL);
    const firn_avro_value file = RECORD(text("/a"), text("parquet"), EMPTY, num(3), num(40));
    const firn_avro_value records[] = {
        RECORD(num(1), null_(), null_(), null_(), file), /* all inherited */
        RECORD(num(1), num(3), num(2), null_(), file),   /* moved: keeps its data's number */
        RECORD(num(0), num(3), num(2), num(1), file),
        RECORD(num(2), num(8), num(2), null_(), file),
    };
    write_avro(&io, "/m", ENTRY(V2_HEAD, FILE_HEAD PARTITION("") FILE_TAIL), NULL, 0, records, 4);
    got g;
    const firn_manifest_file mf = {.sequence_number = 8, .added_snapshot_id = 77};
    check_ok(read(&io, m, mf, &g), &E);
    static const int64_t want[4][3] = {{77, 8, 8}, {3, 2, 8}, {3, 2, 1}, {8, 2, 2}};
    for (size_t i = 0; i < 4; i++) {
        check_i64(g.v[i].snapshot_id, want[i][0]);
        check_i64(g.v[i].sequence_number, want[i][1]);
        check_i64(g.v[i].file_sequence_number, want[i][2]);
    }
    mem_close(&io);
}

/* --- partitions ---------------------------------------------------------------------------- */

/* Field 1000 is what the spec says; the writer's Avro type and the value vary. */
static const struct {
    const char *source; /* type of column 1 */
    const char *transform;
    const char *avro; /* of the partition field */
    firn_avro_kind kind;
    int64_t i;
    const char *bytes; /* hex */
    const char *want;  /* of the result type; "null"; NULL: refused */
} partitions[] = {
    {"int", "identity", "'int'", FIRN_AVRO_LONG, 5, NULL, "5"},
    {"long", "identity", "'int'", FIRN_AVRO_LONG, 5, NULL, "5"}, /* promoted since */
    {"double", "identity", "'float'", FIRN_AVRO_FLOAT, 0, NULL, "1.5"},
    {"date", "day", "'int'", FIRN_AVRO_LONG, 17501, NULL, "2017-12-01"},
    {"date", "day", "{'type':'int','logicalType':'date'}", FIRN_AVRO_LONG, 17501, NULL,
     "2017-12-01"},
    {"decimal(20,2)", "identity", "{'type':'fixed','name':'d','size':2}", FIRN_AVRO_BYTES, 0,
     "0159", "3.45"},
    {"decimal(20,2)", "identity", "'bytes'", FIRN_AVRO_BYTES, 0, "ed2979", "-12345.67"},
    {"string", "bucket[4]", "'int'", FIRN_AVRO_LONG, 3, NULL, "3"},
    {"string", "truncate[2]", "'string'", FIRN_AVRO_BYTES, 0, "6162", "ab"},
    {"string", "zorder", "'int'", FIRN_AVRO_LONG, 3, NULL, "null"}, /* ignored */
    {"string", "zorder", "'string'", FIRN_AVRO_BYTES, 0, "6162", "null"},
    {"int", "void", "'int'", FIRN_AVRO_LONG, 3, NULL, "3"},
    {"string", "identity", "'int'", FIRN_AVRO_LONG, 3, NULL, NULL},
    {"int", "identity", "'string'", FIRN_AVRO_BYTES, 0, "6162", NULL},
    {"int", "identity", "'boolean'", FIRN_AVRO_BOOLEAN, 0, NULL, NULL},
    {"double", "identity", "'long'", FIRN_AVRO_LONG, 3, NULL, NULL},
    {"uuid", "identity", "'long'", FIRN_AVRO_LONG, 3, NULL, NULL},
    {"uuid", "identity", "'bytes'", FIRN_AVRO_BYTES, 0, "6162", NULL},
    {"decimal(9,2)", "identity", "'bytes'", FIRN_AVRO_BYTES, 0, "", NULL},
    {"date", "day", "'double'", FIRN_AVRO_DOUBLE, 0, NULL, NULL},
};

static firn_avro_value partition_record(size_t i)
{
    firn_avro_value v = {.kind = partitions[i].kind};
    if (v.kind == FIRN_AVRO_LONG)
        v.u.i = partitions[i].i;
    else if (v.kind == FIRN_AVRO_FLOAT)
        v.u.f = 1.5f;
    else if (v.kind == FIRN_AVRO_DOUBLE)
        v.u.d = 1.5;
    else if (v.kind == FIRN_AVRO_BYTES)
        v.u.bytes = unhex(partitions[i].bytes);
    return RECORD(num(1), null_(), null_(), null_(),
                  RECORD(text("/a"), text("parquet"), RECORD(v), num(3), num(40)));
}

static void partition_values_are_what_the_spec_says_or_refused(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(partitions); i++) {
        mem_io io;
        mem_open(&io);
        const firn_metadata *m = table_of(
            firn_arena_printf(A,
                              "[{'spec-id':0,'fields':[{'source-id':1,'field-id':1000,"
                              "'name':'p','transform':'%s'}]}]",
                              partitions[i].transform),
            firn_arena_printf(A,
                              "[{'schema-id':1,'fields':[{'id':1,'name':'a','required':false,"
                              "'type':'%s'}]}]",
                              partitions[i].source));
        const char *part =
            firn_arena_printf(A, "{'name':'p','type':%s,'field-id':1000}", partitions[i].avro);
        const char *schema = firn_arena_printf(A, ENTRY(V2_HEAD, FILE_HEAD "%s" FILE_TAIL),
                                               firn_arena_printf(A, PARTITION("%s"), part));
        const firn_avro_value record = partition_record(i);
        write_avro(&io, "/m", schema, NULL, 0, &record, 1);
        got g;
        firn_type t;
        firn_metadata_partition_type(m, &m->spec->fields[0], &t);
        const firn_manifest_file mf = {.sequence_number = 8, .added_snapshot_id = 77};
        firn_code code = read(&io, m, mf, &g);
        if ((code == FIRN_OK) != (partitions[i].want != NULL))
            fail_msg("%s of %s from %s: code %d", partitions[i].transform, partitions[i].source,
                     partitions[i].avro, (int)code);
        if (partitions[i].want) {
            firn_value want = value_of(&t, partitions[i].want);
            if (!firn_value_eq(&t, &g.v[0].file.partition[0], &want))
                fail_msg("%s of %s from %s is not %s", partitions[i].transform,
                         partitions[i].source, partitions[i].avro, partitions[i].want);
        } else {
            assert_non_null(strstr(E.text, "a partition value is no"));
        }
        mem_close(&io);
    }
}

/* The column that the table was partitioned by was dropped: old files must still be found, be it
 * through an older schema, or with no trace of the column at all. */
static void a_dropped_partition_column_does_no_harm(void **state FIRN_UNUSED)
{
    static const char specs[] =
        "[{'spec-id':0,'fields':[]},{'spec-id':1,'fields':[{'source-id':1,'field-id':1000,"
        "'name':'a','transform':'identity'}]}]";
    static const char *const schemas[] = {
        "[{'schema-id':0,'fields':[{'id':1,'name':'a','required':false,'type':'int'}]},"
        "{'schema-id':1,'fields':[]}]",
        "[{'schema-id':1,'fields':[]}]"};
    for (size_t i = 0; i < 2; i++) {
        mem_io io;
        mem_open(&io);
        const firn_metadata *m = table_of(specs, schemas[i]);
        const firn_avro_value record =
            RECORD(num(1), null_(), null_(), null_(),
                   RECORD(text("/a"), text("parquet"), RECORD(num(7)), num(3), num(40)));
        write_avro(&io, "/m", ENTRY(V2_HEAD, FILE_HEAD PARTITION(PART_A) FILE_TAIL), NULL, 0,
                   &record, 1);
        const firn_manifest_file mf = {.manifest_path = s_("/m"),
                                       .partition_spec_id = 1,
                                       .sequence_number = 3,
                                       .added_snapshot_id = 3,
                                       .added_files_count = 1};
        const firn_manifest_list_head head = {3, FIRN_NO_SNAPSHOT, 3, 0, m, NULL, {NULL, 0}};
        check_ok(firn_manifest_list_write(&io.io, s_("/l"), &head, &mf, 1, &E), &E);
        firn_snapshot snap = {.snapshot_id = 3, .manifest_list = s_("/l")};
        firn_scan_plan plan;
        check_ok(firn_scan_plan_make(&io.io, m, &snap, NULL, A, &plan, &E), &E);
        assert_int_equal(plan.count, 1);
        assert_int_equal(plan.files[0].file.partition[0].is_null, i == 1);
        mem_close(&io);
    }
}

/* --- metrics ------------------------------------------------------------------------------- */

/* Maps with other ids each, in any order; PyIceberg's equality_ids are longs. */
static void metrics_are_joined_by_id(void **state FIRN_UNUSED)
{
    static const char schema[] = ENTRY(
        V2_HEAD, FILE_HEAD PARTITION("") FILE_TAIL
        ",{'name':'v','field-id':109,'type':['null',{'type':'array','logicalType':'map','items':"
        "{'type':'record','name':'k119_v120','fields':[{'name':'key','type':'int','field-id':119},"
        "{'name':'value','type':'long','field-id':120}]}}]},"
        "{'name':'n','field-id':110,'type':['null',{'type':'array','logicalType':'map','items':"
        "{'type':'record','name':'k121_v122','fields':[{'name':'key','type':'int','field-id':121},"
        "{'name':'value','type':'long','field-id':122}]}}]},"
        "{'name':'l','field-id':125,'type':['null',{'type':'array','logicalType':'map','items':"
        "{'type':'record','name':'k126_v127','fields':[{'name':'key','type':'int','field-id':126},"
        "{'name':'value','type':'bytes','field-id':127}]}}]},"
        "{'name':'e','field-id':135,'type':['null',{'type':'array','items':'long',"
        "'element-id':136}]}");
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = table_of(NO_SPEC, NULL);
    const firn_avro_value record = RECORD(
        num(1), null_(), null_(), null_(),
        RECORD(text("/a"), text("parquet"), EMPTY, num(3), num(40),
               ARRAY(RECORD(num(5), num(50)), RECORD(num(1), num(10)), RECORD(num(3), num(30))),
               ARRAY(RECORD(num(3), num(31)), RECORD(num(4), num(41)), RECORD(num(1), num(11))),
               ARRAY(RECORD(num(1), text("x")), RECORD(num(9), text(""))), ARRAY(num(3), num(1))));
    write_avro(&io, "/m", schema, NULL, 0, &record, 1);
    got g;
    check_ok(read(&io, m, (firn_manifest_file){.sequence_number = 1}, &g), &E);
    static const int64_t want[][3] = {
        {1, 10, 11}, {3, 30, 31}, {4, -1, 41}, {5, 50, -1}, {9, -1, -1}};
    const firn_data_file *f = &g.v[0].file;
    assert_int_equal(f->metrics_count, FIRN_COUNT_OF(want));
    for (size_t i = 0; i < FIRN_COUNT_OF(want); i++) {
        check_i64(f->metrics[i].field_id, want[i][0]);
        check_i64(f->metrics[i].value_count, want[i][1]);
        check_i64(f->metrics[i].null_value_count, want[i][2]);
        check_i64(f->metrics[i].nan_value_count, -1);
    }
    assert_string_equal(hex_of(f->metrics[0].lower_bound), "78");
    assert_non_null(f->metrics[4].lower_bound.p);
    assert_int_equal(f->equality_ids[0], 3);
    mem_close(&io);
}

/* --- what is refused ----------------------------------------------------------------------- */

static void broken_entries_are_refused(void **state FIRN_UNUSED)
{
    static const char schema[] =
        ENTRY(V2_HEAD,
              "{'name':'content','type':'int','field-id':134}," FILE_HEAD PARTITION("") FILE_TAIL);
#define FILE_(content, path, format, rows, size)                                                   \
    RECORD(num(content), text(path), text(format), EMPTY, num(rows), num(size))
    const struct {
        firn_avro_value record;
        const char *part;
    } rows[] = {
        {RECORD(num(3), null_(), null_(), null_(), FILE_(0, "/a", "p", 1, 1)), "status 3"},
        {RECORD(num(-1), null_(), null_(), null_(), FILE_(0, "/a", "p", 1, 1)), "status -1"},
        {RECORD(num(0), num(1), null_(), null_(), FILE_(0, "/a", "p", 1, 1)), "sequence number"},
        {RECORD(num(2), num(1), null_(), null_(), FILE_(0, "/a", "p", 1, 1)), "sequence number"},
        {RECORD(num(1), num(1), null_(), null_(), FILE_(0, "", "p", 1, 1)), "file_path"},
        {RECORD(num(1), num(1), null_(), null_(), FILE_(0, "/a", "", 1, 1)), "file_format"},
        {RECORD(num(1), num(1), null_(), null_(), FILE_(0, "/a", "p", -1, 1)), "negative"},
        {RECORD(num(1), num(1), null_(), null_(), FILE_(0, "/a", "p", 1, -1)), "negative"},
        {RECORD(num(1), num(1), null_(), null_(), FILE_(1, "/a", "p", 1, 1)), "content 1"},
        {RECORD(num(1), num(1), null_(), null_(), FILE_(7, "/a", "p", 1, 1)), "content 7"},
    };
    const firn_metadata *m = table_of(NO_SPEC, NULL);
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        mem_io io;
        mem_open(&io);
        got g;
        write_avro(&io, "/m", schema, NULL, 0, &rows[i].record, 1);
        check_fails(read(&io, m, (firn_manifest_file){.sequence_number = 4}, &g), FIRN_E_DATA, &E,
                    rows[i].part);
        assert_non_null(strstr(E.text, "manifest '/m'"));
        mem_close(&io);
    }
}

#define SUMMARY                                                                                    \
    "{'type':'record','name':'r508','fields':["                                                    \
    "{'name':'contains_null','type':'boolean','field-id':509}]}"
#define LIST(partitions)                                                                           \
    "{'type':'record','name':'manifest_file','fields':["                                           \
    "{'name':'manifest_path','type':'string','field-id':500},"                                     \
    "{'name':'manifest_length','type':'long','field-id':501},"                                     \
    "{'name':'partition_spec_id','type':'int','field-id':502},"                                    \
    "{'name':'partitions','field-id':507,'type':" partitions "}]}"

/* Summaries that are no records, whatever the writer's schema calls them. */
static void broken_summaries_are_refused(void **state FIRN_UNUSED)
{
    const struct {
        const char *schema;
        firn_avro_value partitions;
        const char *why; /* NULL: there are none, and that is fine */
    } rows[] = {
        {LIST("{'type':'array','items':['null'," SUMMARY "]}"), ARRAY(null_()),
         "a partition summary is no record"},
        {LIST("{'type':'array','items':['null'," SUMMARY "]}"),
         ARRAY(RECORD((firn_avro_value){.kind = FIRN_AVRO_BOOLEAN, .u.b = true}), null_()),
         "a partition summary is no record"},
        {LIST("{'type':'array','items':'null'}"), ARRAY(null_()),
         "a partition summary is no record"},
        {LIST("{'type':'array','items':'long'}"), ARRAY(num(1)), "where records are expected"},
        {LIST("{'type':'array','items':['null','string']}"), ARRAY(text("x")),
         "where records are expected"},
        {LIST("{'type':'array','items':{'type':'array','items':" SUMMARY "}}"),
         ARRAY(ARRAY(RECORD((firn_avro_value){.kind = FIRN_AVRO_BOOLEAN, .u.b = true}))),
         "a partition summary is no record"},
        {LIST("'long'"), num(1), "where records are expected"},
        {LIST("'null'"), null_(), NULL},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++) {
        mem_io io;
        mem_open(&io);
        firn_avro_value record = RECORD(text("/m"), num(1), num(0), rows[i].partitions);
        write_avro(&io, "/l", rows[i].schema, NULL, 0, &record, 1);
        firn_snapshot snap = {.snapshot_id = 9, .manifest_list = s_("/l")};
        firn_manifest_file *list = NULL;
        size_t n = 0;
        if (rows[i].why) {
            check_fails(firn_manifest_list_read(&io.io, &snap, NULL, A, &list, &n, NULL, &E),
                        FIRN_E_DATA, &E, rows[i].why);
        } else {
            check_ok(firn_manifest_list_read(&io.io, &snap, NULL, A, &list, &n, NULL, &E), &E);
            assert_int_equal(list[0].partition_count, 0);
        }
        mem_close(&io);
    }
}

static void an_unknown_spec_is_refused(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = table_of(NO_SPEC, NULL);
    const firn_avro_value record =
        RECORD(num(1), num(5), RECORD(text("/a"), text("parquet"), EMPTY, num(3), num(40)));
    write_avro(&io, "/m", ENTRY(V1_HEAD, FILE_HEAD PARTITION("") FILE_TAIL), NULL, 0, &record, 1);
    got g;
    check_fails(read(&io, m, (firn_manifest_file){.partition_spec_id = 9}, &g), FIRN_E_DATA, &E,
                "partition spec 9");
    mem_close(&io);
}

static void a_scan_refuses_what_it_cannot_read(void **state FIRN_UNUSED)
{
    mem_io io;
    mem_open(&io);
    const firn_metadata *m = table_of(NO_SPEC, NULL);
    const firn_avro_value record =
        RECORD(num(1), num(5), RECORD(text("/a"), text("orc"), EMPTY, num(3), num(40)));
    write_avro(&io, "/m", ENTRY(V1_HEAD, FILE_HEAD PARTITION("") FILE_TAIL), NULL, 0, &record, 1);
    firn_manifest_file mf = {.manifest_path = s_("/m"), .added_files_count = 1};
    const firn_manifest_list_head head = {3, FIRN_NO_SNAPSHOT, 3, 0, m, NULL, {NULL, 0}};
    firn_snapshot snap = {.snapshot_id = 3, .manifest_list = s_("/l")};
    firn_scan_plan plan;
    check_ok(firn_manifest_list_write(&io.io, s_("/l"), &head, &mf, 1, &E), &E);
    check_fails(firn_scan_plan_make(&io.io, m, &snap, NULL, A, &plan, &E), FIRN_E_UNSUPPORTED, &E,
                "'/a' is 'orc'; only Parquet");
    snap.manifest_list = s_("/l3");
    mf.added_files_count = 0; /* holds nothing that is alive */
    check_ok(firn_manifest_list_write(&io.io, s_("/l3"), &head, &mf, 1, &E), &E);
    check_ok(firn_scan_plan_make(&io.io, m, &snap, NULL, A, &plan, &E), &E);
    assert_int_equal(plan.count, 0);
    mem_close(&io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(version_one_has_sequence_number_zero),
        ICE_TEST(the_header_may_name_the_spec),
        ICE_TEST(numbers_are_inherited_by_added_entries),
        ICE_TEST(partition_values_are_what_the_spec_says_or_refused),
        ICE_TEST(a_dropped_partition_column_does_no_harm),
        ICE_TEST(metrics_are_joined_by_id),
        ICE_TEST(broken_entries_are_refused),
        ICE_TEST(broken_summaries_are_refused),
        ICE_TEST(an_unknown_spec_is_refused),
        ICE_TEST(a_scan_refuses_what_it_cannot_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
