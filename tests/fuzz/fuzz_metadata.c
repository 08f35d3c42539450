/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.json: what is read and printed is read again as the same; a change can be made to it;
 * looking for things in it, its snapshots among them, ends. */
#include "fuzz_ice.h"

#include "iceberg/position.h"
#include "iceberg/scan.h"

const char *const fuzz_tokens[] = {
    "\"format-version\":1",
    "\"format-version\":3",
    "\"current-snapshot-id\":",
    "\"snapshots\":[",
    "\"parent-snapshot-id\":",
    "\"manifest-list\":\"/m\"",
    "\"manifests\":[\"/m\"]",
    "\"refs\":{\"main\":{\"snapshot-id\":1,\"type\":\"branch\"}}",
    "\"snapshot-log\":[",
    "\"metadata-log\":[{\"timestamp-ms\":1,\"metadata-file\":\"/x\"}]",
    "\"schema-id\":",
    "\"current-schema-id\":",
    "\"default-spec-id\":",
    "\"transform\":\"bucket[16]\"",
    "\"source-id\":",
    "\"field-id\":",
    "\"type\":\"struct\"",
    "\"type\":\"list\",\"element-id\":9,",
    "\"type\":\"map\",\"key-id\":8,",
    "\"decimal(38,10)\"",
    "\"initial-default\":",
    "\"write-default\":",
    "\"identifier-field-ids\":[1]",
    "\"summary\":{\"operation\":\"append\"}",
    "\"firn.position\":\"{}\"",
    "\"first-row-id\":0",
    "\"next-row-id\":5",
    "\"statistics\":[",
    "null",
    "true",
    "{}",
    "[]",
    "\\u0000",
    NULL,
};

static firn_str where(void)
{
    return FIRN_STR_LIT("file:///t/metadata/00003-a.metadata.json");
}

static void print(const firn_metadata *m, firn_buf *out)
{
    firn_err err = {0};
    fuzz_require(firn_metadata_print(m, out, &err) == FIRN_OK, "%s", err.text);
}

/* Prints, reads and prints again. */
static void round_trip(const firn_metadata *m, firn_arena *a)
{
    firn_err err = {0};
    const firn_metadata *again;
    FIRN_AUTO(firn_buf_free) firn_buf one = FIRN_BUF((size_t)1 << 28);
    FIRN_AUTO(firn_buf_free) firn_buf two = FIRN_BUF((size_t)1 << 28);
    print(m, &one);
    firn_code code = firn_metadata_parse(firn_buf_slice(&one), where(), a, &again, &err);
    fuzz_require(code == FIRN_OK, "what was printed is not read: %s", err.text);
    print(again, &two);
    fuzz_require(firn_str_eq(firn_buf_str(&one), firn_buf_str(&two)), "printed otherwise");
    fuzz_require(again->snapshot_count == m->snapshot_count && again->ref_count == m->ref_count &&
                     again->current_snapshot_id == m->current_snapshot_id,
                 "another table");
}

/* Whatever a table is asked, it answers from what is there. */
static void look_around(const firn_metadata *m, firn_arena *a)
{
    firn_err err = {0};
    firn_type *types;
    firn_str folder;
    for (size_t i = 0; i < m->spec_count; i++)
        (void)fuzz_ok(firn_metadata_partition_types(m, &m->specs[i], a, &types, &err), &err);
    for (size_t i = 0; i < m->snapshot_count; i++) {
        const firn_snapshot *s = &m->snapshots[i];
        const firn_snapshot *found = firn_metadata_snapshot(m, s->snapshot_id);
        fuzz_require(found && found->snapshot_id == s->snapshot_id, "a snapshot is not found");
        (void)firn_snapshot_summary(s, "operation");
    }
    (void)firn_metadata_as_of(m, INT64_C(1700000000000));
    (void)firn_metadata_as_of(m, INT64_MIN);
    (void)firn_metadata_ref(m, FIRN_STR_LIT("main"));
    (void)firn_metadata_property_i64(m, "commit.retry.num-retries", 4);
    (void)fuzz_ok(firn_metadata_folder(m, a, &folder, &err), &err);
    (void)fuzz_ok(firn_data_folder(m, a, &folder, &err), &err);
    const firn_snapshot *current = firn_metadata_current(m);
    fuzz_require(!current || current->snapshot_id == m->current_snapshot_id, "current");
}

/* Files that are not there, or that hold nothing useful. */
static void look_into_files(const firn_metadata *m, firn_slice text)
{
    fuzz_io io;
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    firn_position p;
    firn_scan_plan plan;
    fuzz_io_open(&io);
    for (int i = 0; i < 2; i++) {
        if (i == 1)
            io.any = (firn_str){(const char *)text.p, text.n};
        (void)fuzz_ok(firn_position_find(&io.io, m, a, &p, &err), &err);
        (void)fuzz_ok(
            firn_scan_plan_make(&io.io, m, firn_metadata_current(m), NULL, a, &plan, &err), &err);
        fuzz_require(io.reads < 2000, "%zu files were asked for", io.reads);
    }
    fuzz_io_close(&io);
    firn_arena_free(a);
}

static void change(const firn_metadata *m, firn_arena *a)
{
    firn_err err = {0};
    firn_updates u;
    const firn_metadata *next;
    fuzz_require(firn_updates_new(a, &u, &err) == FIRN_OK, "%s", err.text);
    fuzz_require(firn_update_property(&u, "fuzz", FIRN_STR_LIT("1"), &err) == FIRN_OK, "%s",
                 err.text);
    if (fuzz_ok(firn_metadata_apply(m, &u, INT64_C(1800000000000), a, &next, &err), &err)) {
        fuzz_require(firn_str_eqc(firn_metadata_property(next, "fuzz"), "1"), "no property");
        round_trip(next, a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    const firn_metadata *m;
    firn_slice text = {data, size};
    if (fuzz_ok(firn_metadata_parse(text, where(), a, &m, &err), &err)) {
        round_trip(m, a);
        look_around(m, a);
        look_into_files(m, text);
        change(m, a);
    }
    /* a gzip that is read may inflate to 200 times its size */
    fuzz_free(a, size, (size_t)4 << 20, 20000);
    return 0;
}
