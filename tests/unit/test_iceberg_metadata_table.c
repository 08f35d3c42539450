/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/metadata_table, iceberg/snapshot: tables of metadata that rest on metadata.json alone,
 * the struct of partitions of all specs, reading in pieces, and running out of memory.  All columns
 * are compared with PyIceberg and Spark in tests/suites/metadata_tables.py. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/metadata_table.h"
#include "iceberg/snapshot.h"

/* Snapshot 1 ← 2 ← 3 (current), 4 ← 2 on a branch, 5 rolled back, and 1's parent has expired. */
static const char head[] =
    "{'format-version':2,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1',"
    "'location':'file:///lake/t','last-sequence-number':34,'last-updated-ms':1602638573590,"
    "'last-column-id':4,'current-schema-id':0,'schemas':["
    "{'type':'struct','schema-id':0,'fields':["
    "{'id':1,'name':'id','required':true,'type':'long'},"
    "{'id':2,'name':'day','required':false,'type':'date'},"
    "{'id':3,'name':'s','required':false,'type':{'type':'struct','fields':["
    "{'id':4,'name':'fx','required':false,'type':'fixed[3]'}]}}]}],"
    "'default-spec-id':0,'last-partition-id':1002,'default-sort-order-id':0,"
    "'sort-orders':[{'order-id':0,'fields':[]}],'properties':{'k':'v'},"
    "'current-snapshot-id':3,'snapshots':["
    "{'snapshot-id':1,'parent-snapshot-id':9,'timestamp-ms':1000,'sequence-number':1,"
    "'summary':{'operation':'append','x':'y'},'manifest-list':'file:///l1','schema-id':0},"
    "{'snapshot-id':2,'parent-snapshot-id':1,'timestamp-ms':2000,'sequence-number':2,"
    "'summary':{'operation':'append'},'manifest-list':'file:///l2'},"
    "{'snapshot-id':5,'parent-snapshot-id':2,'timestamp-ms':2500,'sequence-number':3,"
    "'manifest-list':'file:///l5'},"
    "{'snapshot-id':4,'parent-snapshot-id':2,'timestamp-ms':2600,'sequence-number':4,"
    "'summary':{'operation':'delete'},'manifest-list':'file:///l4'},"
    "{'snapshot-id':3,'parent-snapshot-id':2,'timestamp-ms':3000,'sequence-number':5,"
    "'summary':{'operation':'append','total-records':'9','total-data-files':'2',"
    "'total-delete-files':'1','total-position-deletes':'3','total-equality-deletes':'0',"
    "'total-files-size':'77'},'manifest-list':'file:///l3'}],"
    "'refs':{'main':{'snapshot-id':3,'type':'branch','min-snapshots-to-keep':4},"
    "'b':{'snapshot-id':4,'type':'branch','max-ref-age-ms':7},"
    "'t':{'snapshot-id':1,'type':'tag'}},"
    "'snapshot-log':[{'snapshot-id':1,'timestamp-ms':1000},{'snapshot-id':2,'timestamp-ms':2000},"
    "{'snapshot-id':5,'timestamp-ms':2500},{'snapshot-id':3,'timestamp-ms':3000}],"
    "'metadata-log':[{'timestamp-ms':500,'metadata-file':'file:///a'},"
    "{'timestamp-ms':2100,'metadata-file':'file:///b'}],'partition-specs':";

#define NO_SPEC "[{'spec-id':0,'fields':[]}]"

static const firn_metadata *table_of(const char *specs)
{
    const firn_metadata *m;
    const char *text = text_of(json_of(firn_arena_printf(A, "%s%s}", head, specs)));
    check_ok(firn_metadata_parse((firn_slice){(const uint8_t *)text, strlen(text)},
                                 s_("file:///lake/t/metadata/00007-u.metadata.json"), A, &m, &E),
             &E);
    return m;
}

static firn_code open_kind(const firn_metadata *m, firn_metadata_table_kind kind,
                           const firn_metadata_table **ret, firn_err *err)
{
    static mem_io io;
    mem_open(&io);
    return firn_metadata_table_open(&io.io, m, firn_metadata_current(m), kind, A, ret, err);
}

/* All rows of a table, at most two at a time, into columns of the arena. */
static size_t read_all(const firn_metadata *m, firn_metadata_table_kind kind, firn_column *root)
{
    const firn_metadata_table *t;
    void *w;
    size_t rows;
    check_ok(open_kind(m, kind, &t, &E), &E);
    check_ok(firn_columns_in_arena(firn_metadata_table_type(t), 16, A, root, &E), &E);
    union {
        const void *from;
        void *to;
    } arg = {t};
    check_ok(firn_metadata_table_worker(arg.to, &w, &E), &E);
    check_ok(firn_arena_defer(A, firn_metadata_table_worker_close, w, &E), &E);
    check_ok(firn_metadata_table_fill(w, root, 16, &rows, &E), &E);
    return rows;
}

static int64_t i64_at(const firn_column *root, size_t column, size_t row)
{
    const firn_column *c = &root->children[column];
    return firn_column_is_valid(c, row) ? ((const int64_t *)c->data)[row] : -1;
}

static firn_str text_at(const firn_column *root, size_t column, size_t row)
{
    const firn_column *c = &root->children[column];
    if (!firn_column_is_valid(c, row))
        return s_("NULL");
    return firn_strview_str(&((const firn_strview *)c->data)[row]);
}

/* --- names --------------------------------------------------------------------------------- */

static void words_are_found(void **state FIRN_UNUSED)
{
    firn_metadata_table_kind kind;
    for (int i = 0; i < FIRN_MT_KIND_COUNT; i++) {
        const char *word = firn_metadata_table_word((firn_metadata_table_kind)i);
        assert_true(firn_metadata_table_find(s_(word), &kind));
        assert_int_equal(kind, i);
    }
    assert_true(firn_metadata_table_find(s_("FiLeS"), &kind));
    assert_int_equal(kind, FIRN_MT_FILES);
    assert_false(firn_metadata_table_find(s_("file"), &kind));
    assert_false(firn_metadata_table_find(s_(""), &kind));
    assert_true(firn_metadata_table_takes_at(FIRN_MT_PARTITIONS));
    assert_false(firn_metadata_table_takes_at(FIRN_MT_SNAPSHOTS));
    assert_false(firn_metadata_table_takes_at(FIRN_MT_ALL_FILES));
    check_fails(firn_metadata_table_unknown(s_("snapshot"), &E), FIRN_E_SQL, &E, "'snapshot'");
    assert_non_null(strstr(E.advice, "did you mean $snapshots?"));
    assert_non_null(strstr(E.advice, "all_entries"));
    check_fails(firn_metadata_table_unknown(s_("zzzzzzzzz"), &E), FIRN_E_SQL, &E, "'zzzzzzzzz'");
    assert_non_null(strstr(E.advice, "there are snapshots, history"));
}

/* --- rows ---------------------------------------------------------------------------------- */

static void snapshots(void **state FIRN_UNUSED)
{
    firn_column root;
    assert_int_equal(read_all(table_of(NO_SPEC), FIRN_MT_SNAPSHOTS, &root), 5);
    check_i64(i64_at(&root, 0, 0), 1000000);
    check_i64(i64_at(&root, 1, 0), 1);
    check_i64(i64_at(&root, 2, 0), 9);
    check_str(text_at(&root, 3, 0), "append");
    check_str(text_at(&root, 4, 0), "file:///l1");
    check_str(text_at(&root, 3, 2), "NULL"); /* without a summary */
    assert_false(firn_column_is_valid(&root.children[5], 2));
    const firn_listview *summaries = root.children[5].data;
    check_i64(summaries[0].length, 1); /* x: the operation has its own column */
    check_str(text_at(&root.children[5].children[0], 0, summaries[0].offset), "x");
    check_i64(summaries[1].length, 0);
    check_i64(summaries[4].length, 6);
}

static void history(void **state FIRN_UNUSED)
{
    firn_column root;
    assert_int_equal(read_all(table_of(NO_SPEC), FIRN_MT_HISTORY, &root), 4);
    static const int64_t ids[] = {1, 2, 5, 3};
    static const bool ancestors[] = {true, true, false, true};
    for (size_t i = 0; i < 4; i++) {
        check_i64(i64_at(&root, 1, i), ids[i]);
        check_i64(((const uint8_t *)root.children[3].data)[i], ancestors[i]);
    }
}

static void refs(void **state FIRN_UNUSED)
{
    firn_column root;
    assert_int_equal(read_all(table_of(NO_SPEC), FIRN_MT_REFS, &root), 3);
    check_str(text_at(&root, 0, 1), "b");
    check_str(text_at(&root, 1, 1), "BRANCH");
    check_str(text_at(&root, 1, 2), "TAG");
    check_i64(i64_at(&root, 3, 1), 7);
    check_i64(i64_at(&root, 3, 0), -1);
    check_i64(((const int32_t *)root.children[4].data)[0], 4);
}

static void metadata_log(void **state FIRN_UNUSED)
{
    firn_column root;
    assert_int_equal(read_all(table_of(NO_SPEC), FIRN_MT_METADATA_LOG_ENTRIES, &root), 3);
    check_str(text_at(&root, 1, 0), "file:///a");
    check_i64(i64_at(&root, 2, 0), -1); /* before the first snapshot */
    check_i64(i64_at(&root, 2, 1), 2);
    check_i64(i64_at(&root, 2, 2), 3);
    check_str(text_at(&root, 1, 2), "file:///lake/t/metadata/00007-u.metadata.json");
    assert_int_equal(read_all(table_of(NO_SPEC), FIRN_MT_PROPERTIES, &root), 1);
    check_str(text_at(&root, 1, 0), "v");
}

/* --- partitions of all specs --------------------------------------------------------------- */

#define P(source, id, name, transform)                                                             \
    "{'source-id':" #source ",'field-id':" #id ",'name':'" name "','transform':'" transform "'}"

static const char *partition_type(const char *specs)
{
    const firn_metadata_table *t;
    check_ok(open_kind(table_of(specs), FIRN_MT_FILES, &t, &E), &E);
    const firn_field *f = firn_type_field(firn_metadata_table_type(t), s_("partition"));
    return f ? firn_type_text(&f->type, A) : "none";
}

static void partitions_are_those_of_all_specs(void **state FIRN_UNUSED)
{
    static const struct {
        const char *specs;
        const char *wanted;
    } rows[] = {
        {NO_SPEC, "none"},
        {"[{'spec-id':0,'fields':[" P(2, 1000, "d", "month") "]}]", "struct<d: int>"},
        /* the newest name, in the order of the ids */
        {"[{'spec-id':0,'fields':[" P(2, 1000, "d", "day") "]},{'spec-id':1,'fields':[" P(
             1, 1001, "b", "bucket[4]") "," P(2, 1000, "e", "day") "]}]",
         "struct<e: date, b: int>"},
        /* version 1 makes dropped fields void: the type is what it was */
        {"[{'spec-id':0,'fields':[" P(2, 1000, "d", "year") "]},{'spec-id':1,'fields':[" P(
             2, 1000, "gone", "void") "]}]",
         "struct<gone: int>"},
        /* a column that is no longer there takes its fields with it */
        {"[{'spec-id':0,'fields':[" P(2, 1000, "d", "day") "]},{'spec-id':1,'fields':[" P(
             17, 1001, "x", "identity") "]}]",
         "struct<d: date>"},
        {"[{'spec-id':0,'fields':[" P(4, 1000, "f", "identity") "]}]", "struct<f: binary>"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(rows); i++)
        assert_string_equal(partition_type(rows[i].specs), rows[i].wanted);
    const firn_metadata_table *t;
    check_fails(
        open_kind(table_of("[{'spec-id':0,'fields':[" P(
                      2, 1000, "d", "day") "]},{'spec-id':1,'fields':[" P(1, 1000, "e",
                                                                          "identity") "]}]"),
                  FIRN_MT_FILES, &t, &E),
        FIRN_E_UNSUPPORTED, &E, "have one id, 1000");
}

static void metrics_of_what_holds_values(void **state FIRN_UNUSED)
{
    const firn_metadata_table *t;
    check_ok(open_kind(table_of(NO_SPEC), FIRN_MT_ENTRIES, &t, &E), &E);
    const firn_field *f = firn_type_field(firn_metadata_table_type(t), s_("readable_metrics"));
    assert_non_null(f);
    check_i64(f->type.field_count, 3);
    check_str(f->type.fields[0].name, "day");
    check_str(f->type.fields[2].name, "s.fx");
    assert_int_equal(f->type.fields[2].type.fields[4].type.kind, FIRN_T_BINARY);
}

/* --- snapshots ----------------------------------------------------------------------------- */

static void ancestors_end_where_a_parent_has_expired(void **state FIRN_UNUSED)
{
    const firn_metadata *m = table_of(NO_SPEC);
    bool *in;
    check_ok(firn_snapshot_ancestors(m, firn_metadata_snapshot(m, 4), A, &in, &E), &E);
    static const bool wanted[] = {true, true, false, true, false};
    for (size_t i = 0; i < 5; i++)
        check_i64(in[i], wanted[i]);
    check_ok(firn_snapshot_ancestors(m, NULL, A, &in, &E), &E);
    assert_false(in[0]);
    assert_true(firn_snapshot_was_main(m, 5));
    assert_false(firn_snapshot_was_main(m, 4));
}

static void totals_come_from_the_summary(void **state FIRN_UNUSED)
{
    const firn_metadata *m = table_of(NO_SPEC);
    firn_totals t;
    mem_io io;
    mem_open(&io);
    check_ok(firn_snapshot_totals(&io.io, m, firn_metadata_current(m), &t, &E), &E);
    check_i64(t.rows, 9);
    check_i64(t.data_files, 2);
    check_i64(t.delete_files, 1);
    check_i64(t.position_deletes, 3);
    check_i64(t.bytes, 77);
    check_ok(firn_snapshot_totals(&io.io, m, NULL, &t, &E), &E);
    check_i64(t.rows, 0);
    check_fails(firn_snapshot_totals(&io.io, m, firn_metadata_snapshot(m, 1), &t, &E),
                FIRN_E_NOTFOUND, &E, "file:///l1"); /* by its manifests, which are not here */
    mem_close(&io);
}

/* --- rows of manifests --------------------------------------------------------------------- */

#define BY_DAY "[{'spec-id':0,'fields':[" P(2, 1000, "d", "day") "]}]"

/* Files of snapshot 3: 20 that were there, one removed, one added, by turns of day 17 and null. */
static void write_files(mem_io *io, const firn_metadata *m)
{
    firn_manifest_entry e[22];
    firn_value days[] = {{.u.i = 17}, FIRN_VALUE_NULL};
    firn_column_metrics metrics = {.field_id = 1,
                                   .column_size = 9,
                                   .value_count = 5,
                                   .null_value_count = -1,
                                   .nan_value_count = -1,
                                   .lower_bound = unhex("0700000000000000"),
                                   .upper_bound = unhex("0900000000000000")};
    int64_t offsets[] = {4, 90};
    firn_manifest_file mf;
    for (size_t i = 0; i < FIRN_COUNT_OF(e); i++) {
        const firn_data_file f = {.file_path = s_(firn_arena_printf(A, "file:///data/%zu", i)),
                                  .file_format = s_("parquet"),
                                  .partition = &days[i % 2],
                                  .record_count = 5,
                                  .file_size_in_bytes = 10,
                                  .metrics = &metrics,
                                  .metrics_count = 1,
                                  .split_offsets = offsets,
                                  .split_offset_count = 2,
                                  .sort_order_id = -1,
                                  .first_row_id = -1,
                                  .content_offset = -1,
                                  .content_size_in_bytes = -1};
        e[i] = (firn_manifest_entry){FIRN_ENTRY_EXISTING, 2, 2, 2, f};
    }
    e[20].status = FIRN_ENTRY_DELETED;
    e[21].status = FIRN_ENTRY_ADDED;
    e[21].snapshot_id = 3;
    check_ok(firn_manifest_write(&io->io, m, m->spec, s_("file:///m"), 3, e, FIRN_COUNT_OF(e), A,
                                 &mf, &E),
             &E);
    const firn_manifest_list_head list = {.snapshot_id = 3, .parent_id = 2, .sequence_number = 5};
    check_ok(firn_manifest_list_write(&io->io, s_("file:///l3"), &list, &mf, 1, &E), &E);
}

static void *worker_over(const mem_io *io, const firn_metadata *m, firn_metadata_table_kind kind,
                         firn_column *root)
{
    const firn_metadata_table *t;
    void *w;
    check_ok(firn_metadata_table_open(&io->io, m, firn_metadata_current(m), kind, A, &t, &E), &E);
    check_ok(firn_columns_in_arena(firn_metadata_table_type(t), 16, A, root, &E), &E);
    union {
        const void *from;
        void *to;
    } arg = {t};
    check_ok(firn_metadata_table_worker(arg.to, &w, &E), &E);
    return w;
}

static void files_come_a_few_at_a_time(void **state FIRN_UNUSED)
{
    const firn_metadata *m = table_of(BY_DAY);
    firn_column root;
    mem_io io;
    size_t rows;
    size_t all = 0;
    mem_open(&io);
    write_files(&io, m);
    void *w = worker_over(&io, m, FIRN_MT_FILES, &root);
    do {
        check_ok(firn_metadata_table_fill(w, &root, 8, &rows, &E), &E);
        if (rows)
            check_str(text_at(&root, 2, 0), "PARQUET");
        all += rows;
    } while (rows);
    check_i64(all, 21); /* without the one that was removed */
    check_i64(io.reads, 2);
    firn_metadata_table_worker_close(w);
    w = worker_over(&io, m, FIRN_MT_ENTRIES, &root);
    check_ok(firn_metadata_table_fill(w, &root, 1, &rows, &E), &E);
    firn_metadata_table_worker_close(w); /* in the middle of a manifest */
    mem_close(&io);
}

static void partitions_are_summed_up(void **state FIRN_UNUSED)
{
    const firn_metadata *m = table_of(BY_DAY);
    firn_column root;
    mem_io io;
    size_t rows;
    mem_open(&io);
    write_files(&io, m);
    void *w = worker_over(&io, m, FIRN_MT_PARTITIONS, &root);
    check_ok(firn_metadata_table_fill(w, &root, 16, &rows, &E), &E);
    check_i64(rows, 2);
    const firn_column *day = &root.children[0].children[0];
    check_i64(((const int32_t *)day->data)[0], 17);
    assert_false(firn_column_is_valid(day, 1));
    check_i64(i64_at(&root, 2, 0), 50);
    check_i64(i64_at(&root, 2, 1), 55);
    check_i64(i64_at(&root, 10, 0), 2); /* last touched by */
    check_i64(i64_at(&root, 10, 1), 3);
    firn_metadata_table_worker_close(w);
    mem_close(&io);
}

/* --- memory -------------------------------------------------------------------------------- */

static firn_code read_once(const mem_io *io, const firn_metadata *m, firn_metadata_table_kind kind,
                           firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("one reading", 0);
    const firn_metadata_table *t;
    firn_column root;
    void *w;
    size_t rows;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_metadata_table_open(&io->io, m, firn_metadata_current(m), kind, a, &t, err));
    FIRN_TRY(firn_columns_in_arena(firn_metadata_table_type(t), 8, a, &root, err));
    union {
        const void *from;
        void *to;
    } arg = {t};
    FIRN_TRY(firn_metadata_table_worker(arg.to, &w, err));
    firn_code code = firn_metadata_table_fill(w, &root, 8, &rows, err);
    firn_metadata_table_worker_close(w);
    return code;
}

static void memory_runs_out(void **state FIRN_UNUSED)
{
    const firn_metadata *m = table_of(BY_DAY);
    mem_io io;
    mem_open(&io);
    write_files(&io, m);
    for (int kind = 0; kind < FIRN_MT_KIND_COUNT; kind++) {
        firn_code code = FIRN_E_NOMEM;
        for (uint64_t n = 1; code == FIRN_E_NOMEM; n++) {
            firn_err err = {0};
            firn_mem_fail_nth(n, n % 2);
            code = read_once(&io, m, (firn_metadata_table_kind)kind, &err);
            firn_mem_fail_nth(0, false);
            assert_true(n < 5000);
        }
        /* those of all snapshots come as far as the manifest lists, which are not here */
        bool all = kind >= FIRN_MT_ALL_MANIFESTS;
        assert_int_equal(code, all ? FIRN_E_NOTFOUND : FIRN_OK);
    }
    mem_close(&io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(words_are_found),
        ICE_TEST(snapshots),
        ICE_TEST(history),
        ICE_TEST(refs),
        ICE_TEST(metadata_log),
        ICE_TEST(partitions_are_those_of_all_specs),
        ICE_TEST(metrics_of_what_holds_values),
        ICE_TEST(ancestors_end_where_a_parent_has_expired),
        ICE_TEST(totals_come_from_the_summary),
        ICE_TEST(files_come_a_few_at_a_time),
        ICE_TEST(partitions_are_summed_up),
        ICE_TEST(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
