/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/scan.h"

#include "base/str.h"

typedef struct planning {
    const firn_metadata *m;
    const firn_expr *filter;
    const firn_spec *spec; /* of the file looked at last */
    const firn_type *types;
    int64_t stamp_of; /* the snapshot looked at last, */
    bool stamp_known;
    bool stamped; /* and whether firn made it */
    firn_arena *a;
    FIRN_VEC(firn_scan_file) files;
    firn_scan_plan *plan;
    int64_t live; /* files seen alive in the manifests that were read */
} planning;

static firn_code use_spec(planning *p, int32_t spec_id, firn_err *err)
{
    firn_type *types;
    if (p->spec && p->spec->spec_id == spec_id)
        return FIRN_OK;
    const firn_spec *spec = firn_metadata_spec(p->m, spec_id);
    if (!spec)
        return firn_raise(err, FIRN_E_DATA, "partition spec %d is not in the metadata",
                          (int)spec_id);
    FIRN_TRY(firn_metadata_partition_types(p->m, spec, p->a, &types, err));
    p->spec = spec;
    p->types = types;
    return FIRN_OK;
}

/* firn's own files have all columns; its snapshots are stamped with the run. */
static bool is_ours(planning *p, int64_t snapshot_id)
{
    if (!p->stamp_known || p->stamp_of != snapshot_id) {
        const firn_snapshot *s = firn_metadata_snapshot(p->m, snapshot_id);
        p->stamped = s && firn_snapshot_summary(s, "firn.run").p;
        p->stamp_of = snapshot_id;
        p->stamp_known = true;
    }
    return p->stamped;
}

/* A column that is partitioned by as it is, and is still in the table. */
static bool is_kept_identity(const planning *p, const firn_partition_field *f)
{
    return f->transform.kind == FIRN_TRANSFORM_IDENTITY &&
           firn_schema_field(&p->m->schema->type, f->source_id);
}

static bool is_unproven(planning *p, const firn_manifest_entry *e)
{
    for (size_t i = 0; i < p->spec->field_count; i++)
        if (is_kept_identity(p, &p->spec->fields[i]) && !e->file.partition[i].is_null)
            return !is_ours(p, e->snapshot_id);
    return false;
}

static firn_code take_entry(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                            firn_err *err)
{
    planning *p = arg;
    if (e->status == FIRN_ENTRY_DELETED)
        return FIRN_OK;
    p->live++;
    FIRN_TRY(use_spec(p, e->file.spec_id, err));
    if (p->filter && !firn_expr_file_may_match(p->filter, p->spec, p->types, &e->file))
        return FIRN_OK;
    if (!firn_str_ieq(e->file.file_format, FIRN_STR_LIT("parquet")))
        return firn_raise(err, FIRN_E_UNSUPPORTED, "data file %s is %s; only Parquet is read",
                          firn_quote(e->file.file_path).s, firn_quote(e->file.file_format).s);
    firn_scan_file f = {.sequence_number = e->sequence_number, .snapshot_id = e->snapshot_id};
    f.partition_column_unproven = is_unproven(p, e);
    firn_data_file bare = e->file;
    bare.metrics_count = 0; /* they did their work */
    FIRN_TRY(firn_data_file_copy(&bare, p->types, p->spec->field_count, p->a, &f.file, err));
    if (!firn_vec_push(p->a, &p->files, f))
        return firn_arena_raise(p->a, err);
    p->plan->rows += f.file.record_count;
    p->plan->bytes += f.file.file_size_in_bytes;
    return FIRN_OK;
}

static firn_code plan_manifest(const firn_io *io, planning *p, const firn_manifest_file *mf,
                               firn_err *err)
{
    bool spec_known = mf->partition_spec_id >= 0; /* else the manifest itself says */
    if (spec_known)
        FIRN_TRY(use_spec(p, mf->partition_spec_id, err));
    if (p->filter && spec_known &&
        !firn_expr_manifest_may_match(p->filter, p->spec, p->types, mf)) {
        p->live += FIRN_MAX(mf->added_files_count, 0) + FIRN_MAX(mf->existing_files_count, 0);
        return FIRN_OK;
    }
    p->plan->manifests_read++;
    firn_manifest_detail detail = p->filter ? FIRN_DETAIL_STATS : FIRN_DETAIL_FILES;
    return firn_manifest_read(io, p->m, mf, detail, take_entry, p, err);
}

static bool has_live_entries(const firn_manifest_file *mf)
{
    return mf->added_files_count != 0 || mf->existing_files_count != 0;
}

firn_code firn_scan_plan_make(const firn_io *io, const firn_metadata *m, const firn_snapshot *s,
                              const firn_expr *filter, firn_arena *a, firn_scan_plan *ret,
                              firn_err *err)
{
    firn_scan_plan plan = {0};
    planning p = {.m = m, .filter = filter, .a = a, .plan = &plan};
    firn_manifest_file *manifests = NULL;
    size_t count = 0;
    if (s)
        FIRN_TRY(firn_manifest_list_read(io, s, NULL, a, &manifests, &count, NULL, err));
    plan.manifests_total = count;
    for (size_t i = 0; i < count; i++) {
        if (!has_live_entries(&manifests[i]))
            continue;
        if (manifests[i].deletes)
            return firn_raise(err, FIRN_E_UNSUPPORTED,
                              "the table has delete files (merge-on-read), which this version "
                              "does not read; compact the table with the engine that wrote them");
        FIRN_TRY(plan_manifest(io, &p, &manifests[i], err));
    }
    plan.files = p.files.v;
    plan.count = p.files.n;
    plan.files_total = p.live;
    *ret = plan;
    return FIRN_OK;
}
