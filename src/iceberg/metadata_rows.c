/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the metadata tables that come from metadata.json and from manifest lists, and the worker
 * that reads any of them. */
#include "iceberg/metadata_table_int.h"

#include "base/str.h"
#include "iceberg/snapshot.h"

#include <string.h>

/* --- snapshots, history, refs, log, properties --------------------------------------------- */

/* An object of texts as a map, without one key. */
static firn_code put_texts(firn_mt_worker *w, firn_column *col, size_t row, json_t *object,
                           const char *without, firn_err *err)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    size_t at;
    if (!object)
        return firn_column_null(col, row, err);
    json_object_foreach(object, key, value)
    {
        n += json_is_string(value) && strcmp(key, without) != 0;
    }
    FIRN_TRY(firn_put_list(col, row, n, &at, err));
    firn_column *pair = &col->children[0];
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value) || strcmp(key, without) == 0)
            continue;
        FIRN_TRY(firn_put_text(&pair->children[0], at, firn_str_of(key), w->batch, err));
        FIRN_TRY(firn_put_text(&pair->children[1], at++, firn_json_text(value), w->batch, err));
    }
    return FIRN_OK;
}

static firn_code snapshot_row(firn_mt_worker *w, firn_column *root, size_t row, bool *end,
                              firn_err *err)
{
    firn_column *c = root->children;
    if (w->next == w->t->m->snapshot_count) {
        *end = true;
        return FIRN_OK;
    }
    const json_t *list = json_object_get(w->t->m->root, "snapshots");
    const json_t *tree = json_array_get(list, w->next);
    const firn_snapshot *s = &w->t->m->snapshots[w->next++];
    firn_put_i64(&c[0], row, s->timestamp_ms * 1000);
    firn_put_i64(&c[1], row, s->snapshot_id);
    FIRN_TRY(firn_put_opt_i64(&c[2], row, s->parent_id, err));
    FIRN_TRY(firn_put_text(&c[3], row, firn_snapshot_summary(s, "operation"), w->batch, err));
    FIRN_TRY(firn_put_text(&c[4], row, s->manifest_list, w->batch, err));
    return put_texts(w, &c[5], row, json_object_get(tree, "summary"), "operation", err);
}

static firn_code history_row(firn_mt_worker *w, firn_column *root, size_t row, bool *end,
                             firn_err *err)
{
    const firn_metadata *m = w->t->m;
    const json_t *log = json_object_get(m->root, "snapshot-log");
    firn_column *c = root->children;
    if (!w->ancestors)
        FIRN_TRY(
            firn_snapshot_ancestors(m, firn_metadata_current(m), w->arena, &w->ancestors, err));
    if (w->next >= json_array_size(log)) {
        *end = true;
        return FIRN_OK;
    }
    const json_t *entry = json_array_get(log, w->next++);
    int64_t ms;
    int64_t id;
    FIRN_TRY(firn_json_i64(entry, "timestamp-ms", &ms, err));
    FIRN_TRY(firn_json_i64(entry, "snapshot-id", &id, err));
    const firn_snapshot *s = firn_metadata_snapshot(m, id);
    firn_put_i64(&c[0], row, ms * 1000);
    firn_put_i64(&c[1], row, id);
    FIRN_TRY(firn_put_opt_i64(&c[2], row, s ? s->parent_id : FIRN_NO_SNAPSHOT, err));
    firn_put_bool(&c[3], row, s && w->ancestors[s - m->snapshots]);
    return FIRN_OK;
}

static firn_code ref_row(firn_mt_worker *w, firn_column *root, size_t row, bool *end, firn_err *err)
{
    const firn_metadata *m = w->t->m;
    firn_column *c = root->children;
    /* tables of version 1 may have no refs: main is then the current snapshot */
    firn_ref main = {.name = FIRN_STR_LIT("main"),
                     .snapshot_id = m->current_snapshot_id,
                     .is_branch = true,
                     .max_ref_age_ms = -1,
                     .min_snapshots_to_keep = -1,
                     .max_snapshot_age_ms = -1};
    bool implied = m->ref_count == 0 && m->current_snapshot_id != FIRN_NO_SNAPSHOT;
    if (w->next == (implied ? 1 : m->ref_count)) {
        *end = true;
        return FIRN_OK;
    }
    const firn_ref *ref = implied ? &main : &m->refs[w->next];
    w->next++;
    firn_str type = ref->is_branch ? FIRN_STR_LIT("BRANCH") : FIRN_STR_LIT("TAG");
    FIRN_TRY(firn_put_text(&c[0], row, ref->name, w->batch, err));
    FIRN_TRY(firn_put_text(&c[1], row, type, w->batch, err));
    firn_put_i64(&c[2], row, ref->snapshot_id);
    FIRN_TRY(firn_put_opt_i64(&c[3], row, ref->max_ref_age_ms, err));
    FIRN_TRY(firn_put_opt_i32(&c[4], row, ref->min_snapshots_to_keep, err));
    return firn_put_opt_i64(&c[5], row, ref->max_snapshot_age_ms, err);
}

/* The previous files, then the current one. */
static firn_code log_row(firn_mt_worker *w, firn_column *root, size_t row, bool *end, firn_err *err)
{
    const firn_metadata *m = w->t->m;
    const json_t *log = json_object_get(m->root, "metadata-log");
    size_t n = json_array_size(log);
    firn_column *c = root->children;
    int64_t ms = m->last_updated_ms;
    firn_str file = m->location_of_file;
    if (w->next > n) {
        *end = true;
        return FIRN_OK;
    }
    if (w->next < n) {
        const json_t *entry = json_array_get(log, w->next);
        FIRN_TRY(firn_json_i64(entry, "timestamp-ms", &ms, err));
        FIRN_TRY(firn_json_str(entry, "metadata-file", &file, err));
    }
    w->next++;
    const firn_snapshot *s = firn_metadata_as_of(m, ms);
    firn_put_i64(&c[0], row, ms * 1000);
    FIRN_TRY(firn_put_text(&c[1], row, file, w->batch, err));
    FIRN_TRY(firn_put_opt_i64(&c[2], row, s ? s->snapshot_id : -1, err));
    FIRN_TRY(firn_put_opt_i32(&c[3], row, s ? s->schema_id : -1, err));
    return firn_put_opt_i64(&c[4], row, s ? s->sequence_number : -1, err);
}

static firn_code property_row(firn_mt_worker *w, firn_column *root, size_t row, bool *end,
                              firn_err *err)
{
    json_t *properties = json_object_get(w->t->m->root, "properties");
    void *it = json_object_iter(properties);
    for (size_t i = 0; it && i < w->next; i++)
        it = json_object_iter_next(properties, it);
    if (!it) {
        *end = true;
        return FIRN_OK;
    }
    w->next++;
    FIRN_TRY(firn_put_text(&root->children[0], row, firn_str_of(json_object_iter_key(it)), w->batch,
                           err));
    const json_t *value = json_object_iter_value(it);
    firn_str text = json_is_string(value) ? firn_json_text(value) : (firn_str){NULL, 0};
    return firn_put_text(&root->children[1], row, text, w->batch, err);
}

/* --- manifests ----------------------------------------------------------------------------- */

/* The next snapshot whose manifests are to be read, NULL: no more. */
static const firn_snapshot *next_snapshot(firn_mt_worker *w)
{
    const firn_metadata_table *t = w->t;
    if (!firn_mt_is_all(t->kind))
        return w->next_snapshot++ == 0 ? t->s : NULL;
    return w->next_snapshot < t->m->snapshot_count ? &t->m->snapshots[w->next_snapshot++] : NULL;
}

static firn_code is_new(firn_mt_worker *w, firn_str path, bool *ret, firn_err *err)
{
    *ret = !firn_map_get(&w->seen, path);
    if (!*ret)
        return FIRN_OK;
    firn_str kept = firn_arena_str(w->arena, path);
    if (!kept.p || !firn_map_put(&w->seen, kept, w))
        return firn_arena_raise(w->arena, err);
    return FIRN_OK;
}

firn_code firn_mt_next_manifest(firn_mt_worker *w, const firn_manifest_file **ret, firn_err *err)
{
    bool once = firn_mt_is_all(w->t->kind) && w->t->kind != FIRN_MT_ALL_MANIFESTS;
    *ret = NULL;
    while (!*ret) {
        if (w->next_manifest == w->manifest_count) {
            w->snapshot = next_snapshot(w);
            if (!w->snapshot)
                return FIRN_OK;
            firn_arena_reset(w->list);
            w->next_manifest = w->manifest_count = 0;
            FIRN_TRY(firn_manifest_list_read(w->t->io, w->snapshot, NULL, w->list, &w->manifests,
                                             &w->manifest_count, NULL, err));
            continue;
        }
        const firn_manifest_file *mf = &w->manifests[w->next_manifest++];
        bool wanted = true;
        if (once)
            FIRN_TRY(is_new(w, mf->manifest_path, &wanted, err));
        if (wanted)
            *ret = mf;
    }
    return FIRN_OK;
}

static firn_code put_bound(firn_mt_worker *w, firn_column *col, size_t row,
                           const firn_partition_field *f, const firn_type *type, firn_slice bytes,
                           firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    firn_value v;
    if (!bytes.p || !firn_value_from_bytes(type, bytes, &v))
        return firn_column_set_null(col, row, err);
    FIRN_TRY(firn_partition_text(f, type, &v, &text, err));
    return firn_put_text(col, row, (firn_str){firn_buf_cstr(&text), text.n}, w->batch, err);
}

static firn_code put_summary(firn_mt_worker *w, firn_column *c, size_t row,
                             const firn_field_summary *sum, const firn_partition_field *f,
                             firn_err *err)
{
    firn_type type;
    firn_put_bool(&c[0], row, sum->contains_null);
    if (sum->contains_nan < 0)
        FIRN_TRY(firn_column_set_null(&c[1], row, err));
    else
        firn_put_bool(&c[1], row, sum->contains_nan > 0);
    bool known = f && firn_metadata_partition_type(w->t->m, f, &type);
    if (!known) {
        FIRN_TRY(firn_column_set_null(&c[2], row, err));
        return firn_column_set_null(&c[3], row, err);
    }
    FIRN_TRY(put_bound(w, &c[2], row, f, &type, sum->lower_bound, err));
    return put_bound(w, &c[3], row, f, &type, sum->upper_bound, err);
}

static firn_code put_summaries(firn_mt_worker *w, firn_column *col, size_t row,
                               const firn_manifest_file *mf, firn_err *err)
{
    const firn_spec *spec = firn_metadata_spec(w->t->m, mf->partition_spec_id);
    size_t at;
    FIRN_TRY(firn_put_list(col, row, mf->partition_count, &at, err));
    for (size_t i = 0; i < mf->partition_count; i++)
        FIRN_TRY(put_summary(w, col->children[0].children, at + i, &mf->partitions[i],
                             spec && i < spec->field_count ? &spec->fields[i] : NULL, err));
    return FIRN_OK;
}

static firn_code manifest_row(firn_mt_worker *w, firn_column *root, size_t row, bool *end,
                              firn_err *err)
{
    const firn_manifest_file *mf;
    firn_column *c = root->children;
    FIRN_TRY(firn_mt_next_manifest(w, &mf, err));
    *end = !mf;
    if (!mf)
        return FIRN_OK;
    int64_t counts[] = {mf->added_files_count, mf->existing_files_count, mf->deleted_files_count};
    firn_put_i32(&c[0], row, mf->deletes ? 1 : 0);
    FIRN_TRY(firn_put_text(&c[1], row, mf->manifest_path, w->batch, err));
    firn_put_i64(&c[2], row, mf->manifest_length);
    FIRN_TRY(firn_put_opt_i32(&c[3], row, mf->partition_spec_id, err));
    FIRN_TRY(firn_put_opt_i64(&c[4], row, mf->added_snapshot_id, err));
    for (size_t i = 0; i < 3; i++) {
        FIRN_TRY(firn_put_opt_i32(&c[5 + i], row, mf->deletes ? 0 : counts[i], err));
        FIRN_TRY(firn_put_opt_i32(&c[8 + i], row, mf->deletes ? counts[i] : 0, err));
    }
    FIRN_TRY(put_summaries(w, &c[11], row, mf, err));
    if (w->t->kind != FIRN_MT_ALL_MANIFESTS)
        return FIRN_OK;
    firn_put_i64(&c[12], row, w->snapshot->snapshot_id);
    return firn_put_bytes(&c[13], row, mf->key_metadata, w->batch, err);
}

/* --- workers ------------------------------------------------------------------------------- */

static firn_mt_row_fn row_fn(firn_metadata_table_kind kind)
{
    static const firn_mt_row_fn fns[FIRN_MT_KIND_COUNT] = {
        [FIRN_MT_SNAPSHOTS] = snapshot_row,
        [FIRN_MT_HISTORY] = history_row,
        [FIRN_MT_REFS] = ref_row,
        [FIRN_MT_METADATA_LOG_ENTRIES] = log_row,
        [FIRN_MT_PROPERTIES] = property_row,
        [FIRN_MT_MANIFESTS] = manifest_row,
        [FIRN_MT_ALL_MANIFESTS] = manifest_row,
        [FIRN_MT_PARTITIONS] = firn_mt_partition_row,
    };
    return fns[kind] ? fns[kind] : firn_mt_file_row;
}

firn_code firn_metadata_table_worker(void *table, void **ret, firn_err *err)
{
    firn_arena *a = firn_arena_new("rows of metadata", 0);
    firn_mt_worker *w = a ? firn_arena_zalloc(a, sizeof *w) : NULL;
    if (!w) {
        firn_arena_free(a);
        return firn_raise_nomem(err);
    }
    *w = (firn_mt_worker){.t = table, .arena = a, .seen = FIRN_MAP(a), .groups = FIRN_MAP(a)};
    w->batch = firn_arena_new("texts of rows of metadata", 0);
    w->list = firn_arena_new("a manifest list", 0);
    if (!w->batch || !w->list) {
        firn_metadata_table_worker_close(w);
        return firn_raise_nomem(err);
    }
    *ret = w;
    return FIRN_OK;
}

firn_code firn_metadata_table_fill(void *worker, firn_column *root, size_t max, size_t *ret_rows,
                                   firn_err *err)
{
    firn_mt_worker *w = worker;
    firn_mt_row_fn fn = row_fn(w->t->kind);
    bool end = false;
    size_t rows = 0;
    firn_arena_reset(w->batch);
    while (rows < max) {
        FIRN_TRY(fn(w, root, rows, &end, err));
        if (end)
            break;
        rows++;
    }
    *ret_rows = rows;
    return FIRN_OK;
}

void firn_metadata_table_worker_close(void *worker)
{
    firn_mt_worker *w = worker;
    firn_manifest_close(w->reader);
    firn_arena_free(w->batch);
    firn_arena_free(w->list);
    firn_arena_free(w->arena);
}
