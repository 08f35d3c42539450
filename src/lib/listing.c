/* SPDX-License-Identifier: Apache-2.0 */
/* Everything a table needs: gathered whole before the first file is named. */
#include "lib/lib_int.h"

/* What is gathered; files in the order in which they were found. */
typedef struct gathering {
    const firn_table *t;
    firn_arena *arena;
    firn_map seen;
    FIRN_VEC(firn_listed_file) files;
    int64_t snapshot_id; /* being looked through */
} gathering;

static firn_code add(gathering *g, firn_str path, firn_listed_kind kind, int64_t bytes,
                     bool *ret_new, firn_err *err)
{
    static int present;
    *ret_new = false;
    if (firn_map_get(&g->seen, path))
        return FIRN_OK;
    firn_str kept = firn_arena_str(g->arena, path);
    const firn_listed_file f = {.size = sizeof f,
                                .kind = kind,
                                .path = kept.p,
                                .size_bytes = bytes,
                                .snapshot_id = g->snapshot_id};
    if (!kept.p || !firn_map_put(&g->seen, kept, &present) ||
        !firn_vec_push(g->arena, &g->files, f))
        return firn_arena_raise(g->arena, err);
    *ret_new = true;
    return FIRN_OK;
}

static firn_code take_entry(void *arg, const firn_manifest_entry *e, bool *stop, firn_err *err)
{
    bool is_new;
    (void)stop;
    if (e->status == FIRN_ENTRY_DELETED)
        return FIRN_OK; /* not needed here; whichever snapshot needs it says so itself */
    firn_listed_kind kind =
        e->file.content == FIRN_CONTENT_DATA ? FIRN_LISTED_DATA : FIRN_LISTED_DELETES;
    return add(arg, e->file.file_path, kind, e->file.file_size_in_bytes, &is_new, err);
}

static firn_code add_manifest(gathering *g, const firn_manifest_file *mf, firn_err *err)
{
    bool is_new;
    FIRN_TRY(add(g, mf->manifest_path, FIRN_LISTED_MANIFEST, mf->manifest_length, &is_new, err));
    if (!is_new)
        return FIRN_OK;
    return firn_manifest_read(&g->t->storage->io, g->t->m, mf, FIRN_DETAIL_FILES, take_entry, g,
                              err);
}

static firn_code add_snapshot(gathering *g, const firn_snapshot *s, firn_err *err)
{
    firn_manifest_file *manifests;
    size_t count;
    bool is_new;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a manifest list", 0);
    if (!a)
        return firn_raise_nomem(err);
    g->snapshot_id = s->snapshot_id;
    if (s->manifest_list.p)
        FIRN_TRY(add(g, s->manifest_list, FIRN_LISTED_MANIFEST_LIST, -1, &is_new, err));
    FIRN_TRY(
        firn_manifest_list_read(&g->t->storage->io, s, NULL, a, &manifests, &count, NULL, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(add_manifest(g, &manifests[i], err));
    return FIRN_OK;
}

static firn_code add_text(gathering *g, const json_t *object, const char *key,
                          firn_listed_kind kind, firn_err *err)
{
    bool is_new;
    const json_t *text = json_object_get(object, key);
    if (!json_is_string(text))
        return FIRN_OK;
    return add(g, firn_json_text(text), kind, -1, &is_new, err);
}

/* Metadata files, and statistics of whatever snapshot. */
static firn_code add_table(gathering *g, firn_err *err)
{
    bool is_new;
    const firn_metadata *m = g->t->m;
    const json_t *log = json_object_get(m->root, "metadata-log");
    const json_t *statistics = json_object_get(m->root, "statistics");
    const json_t *partitions = json_object_get(m->root, "partition-statistics");
    g->snapshot_id = FIRN_NONE;
    FIRN_TRY(add(g, m->location_of_file, FIRN_LISTED_METADATA, -1, &is_new, err));
    for (size_t i = 0; i < json_array_size(log); i++)
        FIRN_TRY(add_text(g, json_array_get(log, i), "metadata-file", FIRN_LISTED_METADATA, err));
    for (size_t i = 0; i < json_array_size(statistics); i++)
        FIRN_TRY(add_text(g, json_array_get(statistics, i), "statistics-path",
                          FIRN_LISTED_STATISTICS, err));
    for (size_t i = 0; i < json_array_size(partitions); i++)
        FIRN_TRY(add_text(g, json_array_get(partitions, i), "statistics-path",
                          FIRN_LISTED_STATISTICS, err));
    return FIRN_OK;
}

static firn_code gather(gathering *g, const int64_t *snapshot_ids, size_t count, firn_err *err)
{
    const firn_metadata *m = g->t->m;
    FIRN_TRY(add_table(g, err));
    for (size_t i = 0; !snapshot_ids && i < m->snapshot_count; i++)
        FIRN_TRY(add_snapshot(g, &m->snapshots[i], err));
    for (size_t i = 0; snapshot_ids && i < count; i++) {
        const firn_snapshot *s = firn_metadata_snapshot(m, snapshot_ids[i]);
        if (!s)
            return firn_raise(err, FIRN_E_NOTFOUND, "there is no snapshot %lld",
                              (long long)snapshot_ids[i]);
        FIRN_TRY(add_snapshot(g, s, err));
    }
    return FIRN_OK;
}

firn_status firn_table_list_files(const firn_table *table, const int64_t *snapshot_ids,
                                  size_t count, firn_listed_file_function each, void *argument,
                                  firn_error *error)
{
    firn_err err = {0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a list of files", 0);
    gathering g = {.t = table, .arena = a, .seen = FIRN_MAP(a)};
    firn_code code = a ? firn_lib_need(table, "table", &err) : firn_raise_nomem(&err);
    if (code == FIRN_OK)
        code = firn_lib_need((const void *)(uintptr_t)each, "each", &err);
    if (code == FIRN_OK)
        code = gather(&g, snapshot_ids, count, &err);
    if (code != FIRN_OK)
        return firn_lib_fail(code, &err, error);
    for (size_t i = 0; i < g.files.n; i++) {
        firn_status status = each(argument, &g.files.v[i], error);
        if (status != FIRN_STATUS_OK)
            return status;
    }
    return FIRN_STATUS_OK;
}
