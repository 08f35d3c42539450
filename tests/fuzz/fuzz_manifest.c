/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests: each detail names the same files, and what was read can be written and is read again
 * as the same. */
#include "fuzz_ice.h"

const char *const fuzz_tokens[] = {
    "Obj\x01",
    "partition-spec-id",
    "partition-spec",
    "\"field-id\":",
    "data_file",
    "file_path",
    "record_count",
    "lower_bounds",
    "format-version",
    "content",
    "\"type\":\"int\"",
    "\"type\":\"long\"",
    "PARQUET",
    "[\"null\",\"long\"]",
    "deletes",
    "avro.codec",
    "\xff\xff\xff\xff\x0f",
    NULL,
};

#define MAX_ENTRIES 2000

typedef struct entries {
    FIRN_VEC(firn_manifest_entry) v;
    const firn_type *types;
    size_t type_count;
    firn_arena *a;
} entries;

static firn_code keep(void *arg, const firn_manifest_entry *e, bool *stop, firn_err *err)
{
    entries *x = arg;
    firn_manifest_entry copy = *e;
    FIRN_TRY(firn_data_file_copy(&e->file, x->types, x->type_count, x->a, &copy.file, err));
    if (!firn_vec_push(x->a, &x->v, copy))
        return firn_arena_raise(x->a, err);
    *stop = x->v.n == MAX_ENTRIES;
    return FIRN_OK;
}

static bool read(const firn_io *io, const firn_metadata *m, const firn_manifest_file *mf,
                 firn_manifest_detail detail, firn_arena *a, entries *ret)
{
    firn_err err = {0};
    firn_type *types;
    const firn_spec *spec = firn_metadata_spec(m, mf->partition_spec_id);
    *ret = (entries){.a = a};
    if (firn_metadata_partition_types(m, spec, a, &types, &err) != FIRN_OK)
        fuzz_require(false, "%s", err.text);
    ret->types = types;
    ret->type_count = spec->field_count;
    return fuzz_ok(firn_manifest_read(io, m, mf, detail, keep, ret, &err), &err);
}

static void same_files(const entries *x, const entries *y)
{
    fuzz_require(x->v.n == y->v.n, "%zu and %zu entries", x->v.n, y->v.n);
    for (size_t i = 0; i < x->v.n; i++) {
        const firn_data_file *a = &x->v.v[i].file;
        const firn_data_file *b = &y->v.v[i].file;
        fuzz_require(x->v.v[i].status == y->v.v[i].status, "status of entry %zu", i);
        fuzz_require(firn_str_eq(a->file_path, b->file_path) && a->record_count == b->record_count,
                     "entry %zu", i);
        for (size_t k = 0; k < x->type_count; k++)
            fuzz_require(firn_value_eq(&x->types[k], &a->partition[k], &b->partition[k]) ||
                             a->partition[k].is_null == b->partition[k].is_null,
                         "partition value %zu of entry %zu", k, i);
    }
}

static bool same_bytes(firn_slice a, firn_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The next metrics from *i on that say something. */
static const firn_column_metrics *next_metrics(const firn_data_file *f, size_t *i)
{
    for (; *i < f->metrics_count; ++*i) {
        const firn_column_metrics *m = &f->metrics[*i];
        if (m->column_size >= 0 || m->value_count >= 0 || m->null_value_count >= 0 ||
            m->nan_value_count >= 0 || m->lower_bound.p || m->upper_bound.p)
            return &f->metrics[(*i)++];
    }
    return NULL;
}

/* What is unknown, or no count, is not written. */
static bool same_count(int64_t a, int64_t b)
{
    return a == b || (a < 0 && b < 0);
}

static void same_metrics(const firn_data_file *a, const firn_data_file *b)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        const firn_column_metrics *x = next_metrics(a, &i);
        const firn_column_metrics *y = next_metrics(b, &k);
        if (!x && !y)
            return;
        fuzz_require(x && y && x->field_id == y->field_id, "%zu and %zu metrics", i, k);
        fuzz_require(same_count(x->value_count, y->value_count) &&
                         same_count(x->null_value_count, y->null_value_count) &&
                         same_count(x->nan_value_count, y->nan_value_count),
                     "counts of field %d", (int)x->field_id);
        fuzz_require(same_bytes(x->lower_bound, y->lower_bound) &&
                         same_bytes(x->upper_bound, y->upper_bound),
                     "bounds of field %d", (int)x->field_id);
    }
}

/* Writes what was read.  A refusal is fine (a fixed of another length); what was written must be
 * what is read. */
static void write_again(fuzz_io *m, const firn_metadata *meta, const firn_manifest_file *mf,
                        const entries *x, firn_arena *a)
{
    firn_err err = {0};
    firn_manifest_file made;
    entries again;
    const firn_spec *spec = firn_metadata_spec(meta, mf->partition_spec_id);
    firn_code code = firn_manifest_write(&m->io, meta, spec, FIRN_STR_LIT("again.avro"), 7, x->v.v,
                                         x->v.n, a, &made, &err);
    if (!fuzz_ok(code, &err))
        return;
    made.sequence_number = 5;
    fuzz_require(made.added_files_count + made.existing_files_count + made.deleted_files_count ==
                     (int64_t)x->v.n,
                 "counts of the manifest");
    fuzz_require(read(&m->io, meta, &made, FIRN_DETAIL_ALL, a, &again), "what was written");
    same_files(x, &again);
    for (size_t i = 0; i < x->v.n; i++)
        same_metrics(&x->v.v[i].file, &again.v.v[i].file);
}

static void try_manifest(firn_slice file, int32_t spec_id, bool deletes, int64_t sequence)
{
    fuzz_io m;
    firn_arena *a = fuzz_arena();
    const firn_metadata *meta = fuzz_table(a);
    entries found[3];
    bool ok[3];
    fuzz_io_open(&m);
    fuzz_io_put(&m, "in.avro", file);
    firn_manifest_file mf = {.manifest_path = FIRN_STR_LIT("in.avro"),
                             .manifest_length = (int64_t)file.n,
                             .partition_spec_id = spec_id,
                             .deletes = deletes,
                             .sequence_number = sequence,
                             .min_sequence_number = sequence,
                             .added_snapshot_id = 3};
    for (int i = 0; i < 3; i++)
        ok[i] = read(&m.io, meta, &mf, (firn_manifest_detail)i, a, &found[i]);
    fuzz_require(ok[0] || !ok[1], "read with statistics, but not without");
    if (ok[1])
        same_files(&found[0], &found[1]);
    if (ok[2]) {
        same_files(&found[1], &found[2]);
        if (!deletes && found[2].v.n)
            write_again(&m, meta, &mf, &found[2], a);
    }
    fuzz_io_close(&m);
    fuzz_free(a, file.n, (size_t)16 << 20, 20000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_slice file = {data, size};
    for (int32_t spec = 0; spec < 3; spec++)
        try_manifest(file, spec, false, spec == 1 ? 0 : 4);
    try_manifest(file, 1, true, 4);
    return 0;
}
