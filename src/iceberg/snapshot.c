/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/snapshot.h"

#include "base/str.h"

firn_code firn_snapshot_ancestors(const firn_metadata *m, const firn_snapshot *s, firn_arena *a,
                                  bool **ret, firn_err *err)
{
    bool *in = firn_arena_array(a, m->snapshot_count + 1, sizeof *in);
    if (!in)
        return firn_arena_raise(a, err);
    while (s && !in[s - m->snapshots]) { /* a chain that bites its tail ends too */
        in[s - m->snapshots] = true;
        s = firn_metadata_snapshot(m, s->parent_id);
    }
    *ret = in;
    return FIRN_OK;
}

bool firn_snapshot_was_main(const firn_metadata *m, int64_t snapshot_id)
{
    const json_t *log = json_object_get(m->root, "snapshot-log");
    size_t i;
    const json_t *entry;
    json_array_foreach(log, i, entry)
    {
        int64_t id;
        if (firn_json_i64(entry, "snapshot-id", &id, NULL) == FIRN_OK && id == snapshot_id)
            return true;
    }
    return false;
}

/* --- totals -------------------------------------------------------------------------------- */

static bool summary_says(const firn_snapshot *s, const char *key, int64_t *ret)
{
    firn_str text = firn_snapshot_summary(s, key);
    return text.p && firn_str_i64(text, ret) && *ret >= 0;
}

static bool totals_by_summary(const firn_snapshot *s, firn_totals *ret)
{
    return summary_says(s, "total-records", &ret->rows) &&
           summary_says(s, "total-data-files", &ret->data_files) &&
           summary_says(s, "total-delete-files", &ret->delete_files) &&
           summary_says(s, "total-position-deletes", &ret->position_deletes) &&
           summary_says(s, "total-equality-deletes", &ret->equality_deletes) &&
           summary_says(s, "total-files-size", &ret->bytes);
}

static firn_code add_entry(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                           firn_err *err FIRN_UNUSED)
{
    firn_totals *t = arg;
    if (e->status == FIRN_ENTRY_DELETED)
        return FIRN_OK;
    const firn_data_file *f = &e->file;
    t->bytes += f->content_size_in_bytes > 0 ? f->content_size_in_bytes : f->file_size_in_bytes;
    if (f->content == FIRN_CONTENT_DATA) {
        t->data_files++;
        t->rows += f->record_count;
        return FIRN_OK;
    }
    t->delete_files++;
    if (f->content == FIRN_CONTENT_POSITION_DELETES)
        t->position_deletes += f->record_count;
    else
        t->equality_deletes += f->record_count;
    return FIRN_OK;
}

static firn_code totals_by_manifests(const firn_io *io, const firn_metadata *m,
                                     const firn_snapshot *s, firn_totals *ret, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("totals of a snapshot", 0);
    firn_manifest_file *manifests;
    size_t count;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_manifest_list_read(io, s, NULL, a, &manifests, &count, NULL, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_manifest_read(io, m, &manifests[i], FIRN_DETAIL_FILES, add_entry, ret, err));
    return FIRN_OK;
}

firn_code firn_snapshot_totals(const firn_io *io, const firn_metadata *m, const firn_snapshot *s,
                               firn_totals *ret, firn_err *err)
{
    firn_totals t = {0};
    if (s && !totals_by_summary(s, &t)) {
        t = (firn_totals){0};
        FIRN_TRY(totals_by_manifests(io, m, s, &t, err));
    }
    *ret = t;
    return FIRN_OK;
}
