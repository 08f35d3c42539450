/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/summary.h"

#include "base/str.h"

#include <stdio.h>

static firn_code note_partition(firn_summary *s, const firn_data_file *f, const firn_spec *spec,
                                const firn_type *types, firn_err *err)
{
    static int present;
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_BUF((size_t)64 << 20);
    FIRN_TRY(firn_buf_addf(&key, err, "%d:", (int)spec->spec_id));
    FIRN_TRY(firn_partition_key(spec, types, f->partition, &key, err));
    if (firn_map_get(&s->partitions, firn_buf_str(&key)))
        return FIRN_OK;
    firn_str kept = firn_arena_str(s->partitions.arena, firn_buf_str(&key));
    if (!kept.p || !firn_map_put(&s->partitions, kept, &present))
        return firn_arena_raise(s->partitions.arena, err);
    return FIRN_OK;
}

static void count_removed_deletes(firn_summary *s, const firn_data_file *f)
{
    if (f->content == FIRN_CONTENT_EQUALITY_DELETES) {
        s->removed_equality_files++;
        s->removed_equality_deletes = firn_sum(s->removed_equality_deletes, f->record_count);
        return;
    }
    s->removed_position_deletes = firn_sum(s->removed_position_deletes, f->record_count);
    if (f->content_size_in_bytes > 0)
        s->removed_vectors++;
    else
        s->removed_position_files++;
}

firn_code firn_summary_add(firn_summary *s, const firn_data_file *f, bool deleted,
                           const firn_spec *spec, const firn_type *types, firn_err *err)
{
    if (f->content != FIRN_CONTENT_DATA) {
        firn_assert(deleted); /* firn adds none */
        count_removed_deletes(s, f);
        s->removed_files_size = firn_sum(s->removed_files_size, f->file_size_in_bytes);
    } else if (deleted) {
        s->deleted_data_files++;
        s->deleted_records = firn_sum(s->deleted_records, f->record_count);
        s->removed_files_size = firn_sum(s->removed_files_size, f->file_size_in_bytes);
    } else {
        s->added_data_files++;
        s->added_records = firn_sum(s->added_records, f->record_count);
        s->added_files_size = firn_sum(s->added_files_size, f->file_size_in_bytes);
    }
    return note_partition(s, f, spec, types, err);
}

static firn_code set_count(json_t *out, const char *key, int64_t v, firn_err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    return firn_json_set(out, key, json_string(text), err);
}

static firn_code set_if(json_t *out, const char *key, int64_t v, firn_err *err)
{
    return v ? set_count(out, key, v, err) : FIRN_OK;
}

/* A total: what is added to an empty table, else previous + added − removed. */
static firn_code set_total(const firn_summary *s, json_t *out, const char *key,
                           const firn_snapshot *previous, int64_t added, int64_t removed,
                           firn_err *err)
{
    int64_t before = 0;
    if (s->whole || !previous)
        return set_count(out, key, added, err);
    firn_str text = firn_snapshot_summary(previous, key);
    if (!text.p || !firn_str_i64(text, &before) || before < 0 || before > INT64_MAX - added)
        return FIRN_OK; /* another program's, and no total */
    int64_t total = before + added - removed;
    return total < 0 ? FIRN_OK : set_count(out, key, total, err);
}

firn_code firn_summary_write(const firn_summary *s, const char *operation,
                             const firn_snapshot *previous, json_t *out, firn_err *err)
{
    FIRN_TRY(firn_json_set(out, "operation", json_string(operation), err));
    FIRN_TRY(set_if(out, "added-data-files", s->added_data_files, err));
    FIRN_TRY(set_if(out, "deleted-data-files", s->deleted_data_files, err));
    FIRN_TRY(set_if(out, "added-records", s->added_records, err));
    FIRN_TRY(set_if(out, "deleted-records", s->deleted_records, err));
    FIRN_TRY(set_if(out, "added-files-size", s->added_files_size, err));
    FIRN_TRY(set_if(out, "removed-files-size", s->removed_files_size, err));
    int64_t delete_files =
        s->removed_position_files + s->removed_vectors + s->removed_equality_files;
    FIRN_TRY(set_if(out, "removed-delete-files", delete_files, err));
    FIRN_TRY(set_if(out, "removed-position-delete-files", s->removed_position_files, err));
    FIRN_TRY(set_if(out, "removed-dvs", s->removed_vectors, err));
    FIRN_TRY(set_if(out, "removed-equality-delete-files", s->removed_equality_files, err));
    FIRN_TRY(set_if(out, "removed-position-deletes", s->removed_position_deletes, err));
    FIRN_TRY(set_if(out, "removed-equality-deletes", s->removed_equality_deletes, err));
    FIRN_TRY(set_count(out, "changed-partition-count", (int64_t)s->partitions.n, err));
    FIRN_TRY(
        set_total(s, out, "total-records", previous, s->added_records, s->deleted_records, err));
    FIRN_TRY(set_total(s, out, "total-files-size", previous, s->added_files_size,
                       s->removed_files_size, err));
    FIRN_TRY(set_total(s, out, "total-data-files", previous, s->added_data_files,
                       s->deleted_data_files, err));
    FIRN_TRY(set_total(s, out, "total-delete-files", previous, 0, delete_files, err));
    FIRN_TRY(
        set_total(s, out, "total-position-deletes", previous, 0, s->removed_position_deletes, err));
    return set_total(s, out, "total-equality-deletes", previous, 0, s->removed_equality_deletes,
                     err);
}
