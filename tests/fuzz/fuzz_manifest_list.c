/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest lists: what is read can be written and is read again as the same. */
#include "fuzz_ice.h"

const char *const fuzz_tokens[] = {
    "Obj\x01",       "manifest_path",   "manifest_length",    "partition_spec_id",    "content",
    "\"field-id\":", "sequence_number", "contains_null",      "lower_bound",          "snapshot-id",
    "firn.position", "avro.codec",      "[\"null\",\"int\"]", "\xff\xff\xff\xff\x0f", NULL,
};

static bool same_bytes(firn_slice a, firn_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void same(const firn_manifest_file *x, const firn_manifest_file *y)
{
    fuzz_require(firn_str_eq(x->manifest_path, y->manifest_path), "path");
    fuzz_require(x->partition_spec_id == y->partition_spec_id && x->deletes == y->deletes,
                 "spec or content");
    fuzz_require(x->added_snapshot_id == y->added_snapshot_id, "snapshot");
    fuzz_require(x->partition_count == y->partition_count, "%zu and %zu summaries",
                 x->partition_count, y->partition_count);
    for (size_t i = 0; i < x->partition_count; i++)
        fuzz_require(x->partitions[i].contains_null == y->partitions[i].contains_null &&
                         same_bytes(x->partitions[i].lower_bound, y->partitions[i].lower_bound) &&
                         same_bytes(x->partitions[i].upper_bound, y->partitions[i].upper_bound),
                     "summary %zu", i);
}

static bool read(const firn_io *io, const char *name, firn_arena *a, firn_manifest_file **ret,
                 size_t *ret_count)
{
    firn_err err = {0};
    firn_slice meta;
    const firn_snapshot s = {.snapshot_id = 5,
                             .parent_id = FIRN_NO_SNAPSHOT,
                             .sequence_number = 9,
                             .schema_id = -1,
                             .manifest_list = firn_str_of(name)};
    return fuzz_ok(firn_manifest_list_read(io, &s, "firn.position", a, ret, ret_count, &meta, &err),
                   &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_io m;
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    firn_manifest_file *found;
    firn_manifest_file *again;
    size_t n;
    size_t n_again;
    fuzz_io_open(&m);
    fuzz_io_put(&m, "in.avro", (firn_slice){data, size});
    if (read(&m.io, "in.avro", a, &found, &n)) {
        const firn_manifest_list_head head = {
            .snapshot_id = 5, .parent_id = FIRN_NO_SNAPSHOT, .sequence_number = 9};
        firn_code code =
            firn_manifest_list_write(&m.io, FIRN_STR_LIT("again.avro"), &head, found, n, &err);
        if (fuzz_ok(code, &err)) {
            fuzz_require(read(&m.io, "again.avro", a, &again, &n_again) && n == n_again,
                         "what was written");
            for (size_t i = 0; i < n; i++)
                same(&found[i], &again[i]);
        }
    }
    fuzz_io_close(&m);
    fuzz_free(a, size, (size_t)16 << 20, 8000);
    return 0;
}
