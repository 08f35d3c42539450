/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg/manifest_merge: which manifests become one (ICEBERG.md §11), what stands in it, and that
 * a retry uses it again. */
#include "check.h"
#include "ice_help.h"

#include "iceberg/manifest_merge.h"

#define NOW 50 /* the snapshot being made */

static const firn_metadata *table(const char *properties, const char *transform)
{
    const char *text = firn_arena_printf(
        A,
        "{'format-version':2,'table-uuid':'u','location':'/t','last-sequence-number':9,"
        "'last-updated-ms':1,'last-column-id':1,'current-schema-id':0,'default-spec-id':0,"
        "'schemas':[{'type':'struct','schema-id':0,'fields':[{'id':1,'name':'a','required':false,"
        "'type':'int'}]}],'partition-specs':[{'spec-id':0,'fields':[]},{'spec-id':1,'fields':["
        "{'source-id':1,'field-id':1000,'name':'p','transform':'%s'}]}],'last-partition-id':1000,"
        "'sort-orders':[],'default-sort-order-id':0,'properties':{%s}}",
        transform, properties);
    json_t *j = json_of(text);
    const char *plain = text_of(j);
    const firn_metadata *m;
    check_ok(firn_metadata_parse((firn_slice){(const uint8_t *)plain, strlen(plain)}, s_("f"), A,
                                 &m, &E),
             &E);
    return m;
}

/* A manifest of one file, of the length asked for (the file itself is shorter). */
static firn_manifest_file manifest(const mem_io *io, const firn_metadata *m, int number,
                                   int64_t length, int64_t snapshot, firn_entry_status status)
{
    firn_manifest_file mf;
    firn_manifest_entry e = {.status = status,
                             .snapshot_id = snapshot,
                             .sequence_number = status == FIRN_ENTRY_ADDED ? -1 : 1,
                             .file_sequence_number = status == FIRN_ENTRY_ADDED ? -1 : 1,
                             .file = {.file_path = s_(firn_arena_printf(A, "/d%d", number)),
                                      .file_format = s_("PARQUET"),
                                      .record_count = number + 1,
                                      .sort_order_id = -1,
                                      .first_row_id = -1,
                                      .content_offset = -1,
                                      .content_size_in_bytes = -1}};
    check_ok(firn_manifest_write(&io->io, m, m->spec, s_(firn_arena_printf(A, "/m%d", number)),
                                 snapshot, &e, 1, A, &mf, &E),
             &E);
    mf.manifest_length = length;
    mf.sequence_number = snapshot == NOW ? -1 : number;
    return mf;
}

static firn_code new_path(void *arg, firn_str *ret, firn_err *err FIRN_UNUSED)
{
    int *n = arg;
    *ret = s_(firn_arena_printf(A, "/merged%d", (*n)++));
    return FIRN_OK;
}

typedef struct bench {
    mem_io io;
    firn_map done;
    int made;
    firn_manifest_file list[32];
    size_t count;
    size_t replaced;
} bench;

static void merge(bench *b, const firn_metadata *m)
{
    firn_merge_job job = {.io = &b->io.io,
                          .m = m,
                          .snapshot_id = NOW,
                          .arena = A,
                          .done = &b->done,
                          .new_path = new_path,
                          .arg = &b->made};
    check_ok(firn_manifests_merge(&job, b->list, &b->count, &E), &E);
    b->replaced = job.replaced;
}

/* The list as text: "m9 merged0(3) …", the number of files in brackets. */
static const char *text_of_list(const bench *b)
{
    const char *text = "";
    for (size_t i = 0; i < b->count; i++) {
        const firn_manifest_file *mf = &b->list[i];
        int files = mf->added_files_count + mf->existing_files_count + mf->deleted_files_count;
        text = firn_arena_printf(A, "%s%s%.*s(%d)", text, i ? " " : "",
                                 FIRN_STR_ARG(mf->manifest_path), files);
    }
    return text;
}

/* Newest first, as in a list; the first one is of the snapshot being made. */
static void bins(void **state FIRN_UNUSED)
{
    static const struct {
        const char *properties;
        int64_t lengths[8];
        const char *list;
    } rows[] = {
        {"'commit.manifest.min-count-to-merge':'3'", {10, 10}, "/m0(1) /m1(1)"},
        {"'commit.manifest.min-count-to-merge':'3'", {10, 10, 10}, "/merged0(3)"},
        {"'commit.manifest.min-count-to-merge':'3','commit.manifest-merge.enabled':'false'",
         {10, 10, 10},
         "/m0(1) /m1(1) /m2(1)"},
        /* packed from the end: the under-filled bin is the newest, and waits */
        {"'commit.manifest.min-count-to-merge':'3','commit.manifest.target-size-bytes':'100'",
         {40, 40, 40, 40},
         "/m0(1) /m1(1) /merged0(2)"},
        /* without the newest a bin does not wait */
        {"'commit.manifest.min-count-to-merge':'9','commit.manifest.target-size-bytes':'100'",
         {10, 60, 50, 50},
         "/m0(1) /m1(1) /merged0(2)"},
        {"'commit.manifest.min-count-to-merge':'2','commit.manifest.target-size-bytes':'100'",
         {10, 100, 10, 200, 10, 10},
         "/m0(1) /m1(1) /m2(1) /m3(1) /merged0(2)"},
        {"'commit.manifest.min-count-to-merge':'2','commit.manifest.target-size-bytes':'100'",
         {50, 50, 100, 50, 50},
         "/merged0(2) /m2(1) /merged1(2)"},
    };
    for (size_t r = 0; r < FIRN_COUNT_OF(rows); r++) {
        bench b = {.done = FIRN_MAP(A)};
        mem_open(&b.io);
        const firn_metadata *m = table(rows[r].properties, "identity");
        for (; rows[r].lengths[b.count]; b.count++)
            b.list[b.count] = manifest(&b.io, m, (int)b.count, rows[r].lengths[b.count],
                                       b.count ? 7 : NOW, FIRN_ENTRY_ADDED);
        merge(&b, m);
        assert_string_equal(text_of_list(&b), rows[r].list);
        mem_close(&b.io);
    }
}

static void what_a_merged_manifest_holds(void **state FIRN_UNUSED)
{
    bench b = {.done = FIRN_MAP(A)};
    mem_open(&b.io);
    const firn_metadata *m = table("'commit.manifest.min-count-to-merge':'2'", "identity");
    b.list[0] = manifest(&b.io, m, 0, 10, NOW, FIRN_ENTRY_ADDED);
    b.list[1] = manifest(&b.io, m, 1, 10, NOW, FIRN_ENTRY_DELETED);
    b.list[2] = manifest(&b.io, m, 2, 10, 7, FIRN_ENTRY_ADDED);
    b.list[3] = manifest(&b.io, m, 3, 10, 7, FIRN_ENTRY_DELETED); /* told before: left out */
    b.list[4] = manifest(&b.io, m, 4, 10, 7, FIRN_ENTRY_EXISTING);
    b.count = 5;
    merge(&b, m);
    assert_string_equal(text_of_list(&b), "/merged0(4)");
    assert_int_equal(b.replaced, 3);
    const firn_manifest_file *mf = &b.list[0];
    check_i64(mf->added_files_count, 1);
    check_i64(mf->existing_files_count, 2);
    check_i64(mf->deleted_files_count, 1);
    check_i64(mf->added_rows_count, 1);
    check_i64(mf->existing_rows_count, 3 + 5);
    check_i64(mf->sequence_number, -1);    /* the snapshot's */
    check_i64(mf->min_sequence_number, 1); /* of the existing one of m4 */
    check_i64(mf->added_snapshot_id, NOW);
    mem_close(&b.io);
}

static void a_retry_uses_it_again(void **state FIRN_UNUSED)
{
    bench b = {.done = FIRN_MAP(A)};
    mem_open(&b.io);
    const firn_metadata *m =
        table("'commit.manifest.min-count-to-merge':'2','commit.manifest.target-size-bytes':'30'",
              "identity");
    firn_manifest_file all[5];
    for (int i = 0; i < 5; i++)
        all[i] = manifest(&b.io, m, i, i ? 15 : 10, i ? 7 : NOW, FIRN_ENTRY_ADDED);
    memcpy(b.list, all, sizeof all);
    b.count = 5;
    merge(&b, m);
    assert_string_equal(text_of_list(&b), "/m0(1) /merged0(2) /merged1(2)");
    /* somebody else's manifest came first: the bins behind it are those of before */
    b.list[0] = all[0];
    b.list[1] = manifest(&b.io, m, 9, 15, 8, FIRN_ENTRY_ADDED);
    memcpy(b.list + 2, all + 1, 4 * sizeof *all);
    b.count = 6;
    merge(&b, m);
    assert_string_equal(text_of_list(&b), "/merged2(2) /merged0(2) /merged1(2)");
    assert_int_equal(b.made, 3);
    mem_close(&b.io);
}

static void what_cannot_be_written_stays(void **state FIRN_UNUSED)
{
    bench b = {.done = FIRN_MAP(A)};
    mem_open(&b.io);
    const firn_metadata *m = table("'commit.manifest.min-count-to-merge':'2'", "zorder");
    for (int i = 0; i < 6; i++)
        b.list[i] = manifest(&b.io, m, i, 10, 7, FIRN_ENTRY_ADDED);
    b.list[1].partition_spec_id = b.list[2].partition_spec_id = 1;  /* of an unknown transform */
    b.list[3].partition_spec_id = 8;                                /* of none at all */
    b.list[4].key_metadata = (firn_slice){(const uint8_t *)"k", 1}; /* encrypted */
    b.count = 6;
    merge(&b, m);
    assert_string_equal(text_of_list(&b), "/m3(1) /m1(1) /m2(1) /m4(1) /merged0(2)");
    mem_close(&b.io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICE_TEST(bins),
        ICE_TEST(what_a_merged_manifest_holds),
        ICE_TEST(a_retry_uses_it_again),
        ICE_TEST(what_cannot_be_written_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
