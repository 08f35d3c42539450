/* SPDX-License-Identifier: Apache-2.0 */
/* One table's part of an attempt: from a change and the metadata it is based on to manifests, a
 * manifest list, and the updates that make the new metadata. */
#include "iceberg/commit_int.h"
#include "iceberg/manifest_merge.h"
#include "iceberg/metadata_int.h"
#include "iceberg/summary.h"

#include "base/str.h"
#include "env/fail.h"

#include <stdio.h>

#define MAX_KEY_BYTES ((size_t)64 << 20)

/* --- metadata apart from the snapshot ------------------------------------------------------ */

static firn_code creation_updates(firn_commit_work *w, firn_pending *p, firn_err *err)
{
    const firn_table_change *c = p->change;
    char uuid[FIRN_RUN_UUID_TEXT];
    const firn_schema schema = {.schema_id = 0,
                                .type = *c->schema,
                                .identifier_ids = c->identifier_ids,
                                .identifier_count = c->identifier_count};
    const firn_spec unpartitioned = {0};
    /* a table's own id is random through and through, not one of the run's */
    firn_run_names own;
    FIRN_TRY(firn_run_names_new(w->ctx->io, &own, err));
    FIRN_TRY(w->ctx->io->random(w->ctx->io->ctx, &own.next, sizeof own.next, err));
    firn_run_names_next(&own, uuid);
    FIRN_TRY(firn_update_assign_uuid(&p->updates, uuid, err));
    FIRN_TRY(
        firn_update_format_version(&p->updates, c->format_version ? c->format_version : 2, err));
    firn_str location = c->location;
    while (location.n > 1 && location.p[location.n - 1] == '/')
        location.n--;
    FIRN_TRY(firn_update_location(&p->updates, location, err));
    FIRN_TRY(firn_update_schema(&p->updates, &schema, c->last_column_id, err));
    FIRN_TRY(firn_update_spec(&p->updates, c->spec ? c->spec : &unpartitioned, err));
    FIRN_TRY(firn_update_unsorted(&p->updates, err));
    return c->sort_order ? firn_update_sort_order(&p->updates, c->sort_order, err) : FIRN_OK;
}

/* The identifier fields that are still there, and required. */
static firn_code keep_identifiers(const firn_schema *old, firn_arena *a, firn_schema *ret,
                                  firn_err *err)
{
    ret->identifier_count = 0;
    ret->identifier_ids = firn_arena_array(a, old->identifier_count, sizeof *ret->identifier_ids);
    if (!ret->identifier_ids)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < old->identifier_count; i++) {
        const firn_field *f = firn_schema_field(&ret->type, old->identifier_ids[i]);
        if (f && f->required)
            ret->identifier_ids[ret->identifier_count++] = f->id;
    }
    return FIRN_OK;
}

/* A table whose sort columns go is unsorted. */
static firn_code keep_order(firn_commit_work *w, firn_pending *p, firn_err *err)
{
    firn_sort_order order;
    const firn_sort_order unsorted = {.order_id = FIRN_UNSORTED_ID};
    FIRN_TRY(firn_metadata_sort_order(p->base, w->arena, &order, err));
    for (size_t i = 0; i < order.field_count; i++)
        if (!firn_schema_field(p->change->schema, order.fields[i].source_id))
            return firn_update_sort_order(&p->updates, &unsorted, err);
    return FIRN_OK;
}

static firn_code schema_updates(firn_commit_work *w, firn_pending *p, firn_err *err)
{
    const firn_table_change *c = p->change;
    if (!c->schema || firn_schema_same(c->schema, &p->base->schema->type))
        return FIRN_OK;
    firn_schema schema = {.type = *c->schema};
    FIRN_TRY(keep_identifiers(p->base->schema, w->arena, &schema, err));
    FIRN_TRY(firn_update_schema(&p->updates, &schema, c->last_column_id, err));
    return keep_order(w, p, err);
}

static firn_code property_updates(firn_pending *p, firn_err *err)
{
    const firn_table_change *c = p->change;
    for (size_t i = 0; i < c->property_count; i++) {
        const firn_property *x = &c->properties[i];
        FIRN_TRY(x->value.p ? firn_update_property(&p->updates, x->key, x->value, err)
                            : firn_update_remove_property(&p->updates, x->key, err));
    }
    return FIRN_OK;
}

/* --- manifests ----------------------------------------------------------------------------- */

/* What one attempt at a snapshot gathers. */
typedef struct building {
    firn_commit_work *w;
    firn_pending *p;
    int attempt;
    const firn_metadata *m; /* the base with the schema change applied: what manifests name */
    const firn_type *types; /* of the default spec's fields */
    firn_str folder;
    FIRN_VEC(firn_manifest_file) list;
    size_t replaced; /* manifests whose entries stand in others now */
    firn_summary summary;
} building;

static firn_code manifest_path(building *b, firn_str *ret, firn_err *err)
{
    char uuid[FIRN_RUN_UUID_TEXT];
    firn_run_names_next(b->w->ctx->names, uuid);
    const char *path =
        firn_arena_printf(b->w->arena, "%.*s/%s-m0.avro", FIRN_STR_ARG(b->folder), uuid);
    if (!path)
        return firn_arena_raise(b->w->arena, err);
    *ret = firn_str_of(path);
    return FIRN_OK;
}

static firn_code push_manifest(building *b, firn_manifest_file mf, firn_err *err)
{
    if (!firn_vec_push(b->w->arena, &b->list, mf))
        return firn_arena_raise(b->w->arena, err);
    return FIRN_OK;
}

/* The manifest of new files: written by the first attempt, good for all. */
static firn_code write_added(building *b, firn_err *err)
{
    firn_pending *p = b->p;
    const firn_table_change *c = p->change;
    firn_str path;
    firn_arena *a = b->w->arena;
    FIRN_TRY(FIRN_FAIL("commit.before_manifest", err));
    firn_manifest_entry *entries = firn_arena_array(a, c->file_count, sizeof *entries);
    if (!entries)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < c->file_count; i++) {
        entries[i] = (firn_manifest_entry){.status = FIRN_ENTRY_ADDED,
                                           .snapshot_id = p->snapshot_id,
                                           .sequence_number = -1,
                                           .file_sequence_number = -1,
                                           .file = c->files[i]};
        entries[i].file.first_row_id = -1; /* inherited */
    }
    FIRN_TRY(manifest_path(b, &path, err));
    FIRN_TRY(firn_commit_note(b->w, path, ATTEMPT_ALL, p, err));
    FIRN_TRY(firn_manifest_write(b->w->ctx->io, b->m, b->m->spec, path, p->snapshot_id, entries,
                                 c->file_count, a, &p->added, err));
    p->has_added = true;
    return FIRN_FAIL("commit.after_manifest", err);
}

static firn_code add_new_files(building *b, firn_err *err)
{
    const firn_table_change *c = b->p->change;
    if (c->file_count == 0)
        return FIRN_OK;
    if (!b->p->has_added)
        FIRN_TRY(write_added(b, err));
    for (size_t i = 0; i < c->file_count; i++)
        FIRN_TRY(firn_summary_add(&b->summary, &c->files[i], false, b->m->spec, b->types, err));
    return push_manifest(b, b->p->added, err);
}

/* --- counts that old writers left out ------------------------------------------------------ */

static firn_code count_one(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                           firn_err *err FIRN_UNUSED)
{
    firn_manifest_file *mf = arg;
    int32_t *files[] = {&mf->existing_files_count, &mf->added_files_count,
                        &mf->deleted_files_count};
    int64_t *rows[] = {&mf->existing_rows_count, &mf->added_rows_count, &mf->deleted_rows_count};
    ++*files[e->status];
    *rows[e->status] += e->file.record_count;
    return FIRN_OK;
}

/* Version 2 requires the counts that version 1 could leave out. */
static firn_code complete_counts(building *b, firn_manifest_file *mf, firn_err *err)
{
    bool known = mf->added_files_count >= 0 && mf->existing_files_count >= 0 &&
                 mf->deleted_files_count >= 0 && mf->added_rows_count >= 0 &&
                 mf->existing_rows_count >= 0 && mf->deleted_rows_count >= 0;
    if (known)
        return FIRN_OK;
    mf->added_files_count = mf->existing_files_count = mf->deleted_files_count = 0;
    mf->added_rows_count = mf->existing_rows_count = mf->deleted_rows_count = 0;
    firn_manifest_file reading = *mf;
    return firn_manifest_read(b->w->ctx->io, b->m, &reading, FIRN_DETAIL_FILES, count_one, mf, err);
}

/* --- removing files ------------------------------------------------------------------------ */

/* One old manifest being looked through. */
typedef struct filtering {
    building *b;
    const firn_spec *spec;
    const firn_type *types;
    const firn_map *partitions; /* keys of those that are replaced; NULL: all of them */
    FIRN_VEC(firn_manifest_entry) entries;
    size_t removed;
} filtering;

static firn_code is_replaced(const filtering *f, const firn_data_file *file, bool *ret,
                             firn_err *err)
{
    *ret = true;
    if (!f->partitions)
        return FIRN_OK;
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_BUF(MAX_KEY_BYTES);
    FIRN_TRY(firn_partition_key(f->spec, f->types, file->partition, &key, err));
    *ret = firn_map_get(f->partitions, firn_buf_str(&key)) != NULL;
    return FIRN_OK;
}

static firn_code filter_entry(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                              firn_err *err)
{
    filtering *f = arg;
    bool replaced;
    if (e->status == FIRN_ENTRY_DELETED)
        return FIRN_OK; /* told by the snapshot that deleted it */
    FIRN_TRY(is_replaced(f, &e->file, &replaced, err));
    firn_manifest_entry kept = *e;
    kept.status = replaced ? FIRN_ENTRY_DELETED : FIRN_ENTRY_EXISTING;
    if (replaced) {
        kept.snapshot_id = f->b->p->snapshot_id;
        f->removed++;
        FIRN_TRY(firn_summary_add(&f->b->summary, &e->file, true, f->spec, f->types, err));
    }
    FIRN_TRY(firn_data_file_copy(&e->file, f->types, f->spec->field_count, f->b->w->arena,
                                 &kept.file, err));
    if (!firn_vec_push(f->b->w->arena, &f->entries, kept))
        return firn_arena_raise(f->b->w->arena, err);
    return FIRN_OK;
}

/* Looks a manifest through; one without a removed file is kept as it is. */
static firn_code filter_manifest(building *b, firn_manifest_file *mf, const firn_map *partitions,
                                 firn_err *err)
{
    firn_type *types;
    firn_str path;
    filtering f = {.b = b, .partitions = partitions};
    FIRN_TRY(firn_metadata_need_spec(b->m, mf->partition_spec_id, &f.spec, err));
    /* deletes reach no file of another spec, or all: then of those that stay, too */
    if (partitions && f.spec != b->m->spec && mf->deletes) {
        FIRN_TRY(complete_counts(b, mf, err));
        return push_manifest(b, *mf, err);
    }
    if (partitions && f.spec != b->m->spec)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the table's partition spec was changed: files of the old one cannot be "
                          "replaced by partition");
    FIRN_TRY(firn_metadata_partition_types(b->m, f.spec, b->w->arena, &types, err));
    f.types = types;
    FIRN_TRY(firn_manifest_read(b->w->ctx->io, b->m, mf, FIRN_DETAIL_ALL, filter_entry, &f, err));
    if (f.removed == 0) {
        FIRN_TRY(complete_counts(b, mf, err));
        return push_manifest(b, *mf, err);
    }
    firn_manifest_file rewritten;
    FIRN_TRY(manifest_path(b, &path, err));
    FIRN_TRY(firn_commit_note(b->w, path, b->attempt, b->p, err));
    FIRN_TRY(firn_manifest_write(b->w->ctx->io, b->m, f.spec, path, b->p->snapshot_id, f.entries.v,
                                 f.entries.n, b->w->arena, &rewritten, err));
    b->replaced++;
    return push_manifest(b, rewritten, err);
}

/* The partitions that the new files touch. */
static firn_code touched_partitions(building *b, firn_map *ret, firn_err *err)
{
    static int present;
    *ret = FIRN_MAP(b->w->arena);
    for (size_t i = 0; i < b->p->change->file_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_BUF(MAX_KEY_BYTES);
        FIRN_TRY(
            firn_partition_key(b->m->spec, b->types, b->p->change->files[i].partition, &key, err));
        if (firn_map_get(ret, firn_buf_str(&key)))
            continue;
        firn_str kept = firn_arena_str(b->w->arena, firn_buf_str(&key));
        if (!kept.p || !firn_map_put(ret, kept, &present))
            return firn_arena_raise(b->w->arena, err);
    }
    return FIRN_OK;
}

static firn_code replace_old(building *b, firn_manifest_file *old, size_t count, firn_err *err)
{
    bool whole = b->p->change->operation == FIRN_OP_REPLACE;
    firn_map partitions;
    if (!whole)
        FIRN_TRY(touched_partitions(b, &partitions, err));
    b->summary.whole = whole;
    for (size_t i = 0; i < count; i++) {
        bool live = old[i].added_files_count != 0 || old[i].existing_files_count != 0;
        if (!live)
            continue; /* holds nothing but files deleted before */
        FIRN_TRY(filter_manifest(b, &old[i], whole ? NULL : &partitions, err));
    }
    return FIRN_OK;
}

static firn_code keep_old(building *b, firn_manifest_file *old, size_t count, firn_err *err)
{
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(complete_counts(b, &old[i], err));
        bool live = old[i].added_files_count > 0 || old[i].existing_files_count > 0;
        if (live)
            FIRN_TRY(push_manifest(b, old[i], err));
    }
    return FIRN_OK;
}

/* --- the snapshot -------------------------------------------------------------------------- */

static firn_code choose_snapshot_id(firn_commit_work *w, firn_pending *p, firn_err *err)
{
    const firn_io *io = w->ctx->io;
    while (p->snapshot_id == FIRN_NO_SNAPSHOT) {
        uint64_t random;
        FIRN_TRY(io->random(io->ctx, &random, sizeof random, err));
        int64_t id = (int64_t)(random & INT64_MAX);
        if (id > 0 && !(p->base && firn_metadata_snapshot(p->base, id)))
            p->snapshot_id = id;
    }
    return FIRN_OK;
}

static firn_code base_position(building *b, firn_position *ret, firn_err *err)
{
    const firn_table_change *c = b->p->change;
    *ret = (firn_position){.state = FIRN_POSITION_NONE, .snapshot_id = FIRN_NO_SNAPSHOT};
    if (!b->p->base || c->reset_position)
        return FIRN_OK;
    if (!c->accept_position)
        return firn_position_find(b->w->ctx->io, b->p->base, b->w->arena, ret, err);
    const firn_snapshot *s = firn_metadata_snapshot(b->p->base, c->accept_position);
    json_t *root = NULL;
    if (s)
        FIRN_TRY(firn_position_of(b->w->ctx->io, s, b->w->arena, &root, err));
    if (!root)
        return firn_raise(err, FIRN_E_NOTFOUND, "snapshot %lld has no position to accept",
                          (long long)c->accept_position);
    *ret = (firn_position){FIRN_POSITION_FOUND, root, c->accept_position};
    return FIRN_OK;
}

/* Stamps the snapshot; *ret_stamped is false for a table into which nothing is landed. */
static firn_code stamp(building *b, json_t *summary, firn_position_stamp *ret, bool *ret_stamped,
                       firn_err *err)
{
    const firn_table_change *c = b->p->change;
    firn_position position;
    json_t *next;
    *ret = (firn_position_stamp){0};
    FIRN_TRY(base_position(b, &position, err));
    /* a reset that moves nothing must say so too, or the stamp before it would hold again */
    bool reset = c->reset_position && firn_metadata_property(b->m, FIRN_POSITION_PROPERTY).p;
    *ret_stamped = c->move_count > 0 || position.state == FIRN_POSITION_FOUND || reset;
    if (!*ret_stamped)
        return FIRN_OK;
    FIRN_TRY(firn_position_advance(&position, c->moves, c->move_count, b->w->arena, &next, err));
    return firn_position_stamp_make(next, b->w->arena, summary, ret, err);
}

static const char *operation_name(const building *b)
{
    bool removed = b->summary.deleted_data_files > 0;
    if (b->p->change->operation == FIRN_OP_APPEND)
        return "append";
    return removed && b->p->change->file_count == 0 ? "delete" : "overwrite";
}

static firn_code set_number(json_t *summary, const char *key, size_t n, firn_err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", n);
    return firn_json_set(summary, key, json_string(text), err);
}

static firn_code count_manifests(const building *b, json_t *summary, firn_err *err)
{
    size_t created = 0;
    for (size_t i = 0; i < b->list.n; i++)
        created += b->list.v[i].added_snapshot_id == b->p->snapshot_id;
    FIRN_TRY(set_number(summary, "manifests-created", created, err));
    FIRN_TRY(set_number(summary, "manifests-kept", b->list.n - created, err));
    return set_number(summary, "manifests-replaced", b->replaced, err);
}

static firn_code make_summary(building *b, json_t *summary, firn_err *err)
{
    const firn_table_change *c = b->p->change;
    const firn_snapshot *previous = b->p->base ? firn_metadata_current(b->p->base) : NULL;
    FIRN_TRY(firn_summary_write(&b->summary, operation_name(b), previous, summary, err));
    FIRN_TRY(count_manifests(b, summary, err));
    FIRN_TRY(firn_json_set(summary, "engine-name", json_string("firn"), err));
    FIRN_TRY(firn_json_set(summary, "engine-version", json_string(b->w->ctx->engine_version), err));
    for (size_t i = 0; i < c->summary_count; i++)
        FIRN_TRY(
            firn_json_set(summary, c->summary[i].key, firn_json_new_str(c->summary[i].value), err));
    return FIRN_OK;
}

/* Gives the rows of each manifest their ids, as far as it has none: the running number grows by all
 * rows in it, those that have ids of their own as well.  Source: ICEBERG.md §4.2. */
static firn_code assign_row_ids(building *b, int64_t *ret_added, firn_err *err)
{
    int64_t next = b->m->next_row_id;
    *ret_added = 0;
    for (size_t i = 0; i < b->list.n && b->m->format_version >= 3; i++) {
        firn_manifest_file *mf = &b->list.v[i];
        if (mf->deletes || mf->first_row_id >= 0)
            continue;
        mf->first_row_id = next;
        if (__builtin_add_overflow(next, mf->added_rows_count, &next) ||
            __builtin_add_overflow(next, mf->existing_rows_count, &next))
            return firn_raise(err, FIRN_E_DATA, "row ids beyond 64 bits");
    }
    *ret_added = next - b->m->next_row_id;
    return FIRN_OK;
}

static firn_code write_list(building *b, const firn_position_stamp *st, int64_t sequence,
                            int64_t parent, firn_str *ret, firn_err *err)
{
    char uuid[FIRN_RUN_UUID_TEXT];
    firn_run_names_next(b->w->ctx->names, uuid);
    const char *path =
        firn_arena_printf(b->w->arena, "%.*s/snap-%lld-%d-%s.avro", FIRN_STR_ARG(b->folder),
                          (long long)b->p->snapshot_id, b->attempt + 1, uuid);
    if (!path)
        return firn_arena_raise(b->w->arena, err);
    const firn_manifest_list_head head = {.metadata = b->m,
                                          .snapshot_id = b->p->snapshot_id,
                                          .parent_id = parent,
                                          .sequence_number = sequence,
                                          .first_row_id = b->m->next_row_id,
                                          .meta_key = st->header_key,
                                          .meta_value = st->header_value};
    FIRN_TRY(firn_commit_note(b->w, firn_str_of(path), b->attempt, NULL, err));
    FIRN_TRY(firn_manifest_list_write(b->w->ctx->io, firn_str_of(path), &head, b->list.v, b->list.n,
                                      err));
    *ret = firn_str_of(path);
    return FIRN_FAIL("commit.after_manifest_list", err);
}

static firn_code snapshot_json(const building *b, int64_t parent, int64_t sequence, int64_t now_ms,
                               json_t *summary, firn_str list, json_t *s, firn_err *err)
{
    FIRN_TRY(firn_json_set(s, "snapshot-id", json_integer(b->p->snapshot_id), err));
    if (parent != FIRN_NO_SNAPSHOT)
        FIRN_TRY(firn_json_set(s, "parent-snapshot-id", json_integer(parent), err));
    FIRN_TRY(firn_json_set(s, "sequence-number", json_integer(sequence), err));
    FIRN_TRY(firn_json_set(s, "timestamp-ms", json_integer(now_ms), err));
    FIRN_TRY(firn_json_set(s, "summary", json_incref(summary), err));
    FIRN_TRY(firn_json_set(s, "manifest-list", firn_json_new_str(list), err));
    return firn_json_set(s, "schema-id", json_integer(b->m->schema->schema_id), err);
}

static firn_code ref_updates(building *b, bool stamped, firn_err *err)
{
    firn_updates *u = &b->p->updates;
    FIRN_TRY(firn_update_ref(u, "main", b->p->snapshot_id, true, err));
    if (!stamped)
        return FIRN_OK;
    FIRN_TRY(firn_update_ref(u, FIRN_POSITION_TAG, b->p->snapshot_id, false, err));
    if (firn_metadata_property(b->m, FIRN_POSITION_PROPERTY).p)
        return FIRN_OK;
    return firn_update_property(u, FIRN_POSITION_PROPERTY, FIRN_STR_LIT("true"), err);
}

static firn_code merged_path(void *arg, firn_str *ret, firn_err *err)
{
    building *b = arg;
    FIRN_TRY(manifest_path(b, ret, err));
    return firn_commit_note(b->w, *ret, ATTEMPT_ALL, b->p, err);
}

/* Manifests that were written for this list and merged into others since are not in it. */
static firn_code mark_unused(building *b, firn_err *err)
{
    static int present;
    firn_map list = FIRN_MAP(b->w->arena);
    for (size_t i = 0; i < b->list.n; i++)
        if (!firn_map_put(&list, b->list.v[i].manifest_path, &present))
            return firn_arena_raise(b->w->arena, err);
    for (size_t i = 0; i < b->w->written.n; i++) {
        firn_written *f = &b->w->written.v[i];
        if (f->manifest_of == b->p)
            f->unused = firn_map_get(&list, f->path) == NULL;
    }
    return FIRN_OK;
}

static firn_code merge_manifests(building *b, firn_err *err)
{
    firn_merge_job job = {.io = b->w->ctx->io,
                          .m = b->m,
                          .snapshot_id = b->p->snapshot_id,
                          .arena = b->w->arena,
                          .done = &b->p->merged,
                          .new_path = merged_path,
                          .arg = b};
    FIRN_TRY(firn_manifests_merge(&job, b->list.v, &b->list.n, err));
    b->replaced += job.replaced;
    return mark_unused(b, err);
}

static firn_code gather_manifests(building *b, firn_err *err)
{
    const firn_snapshot *current = b->p->base ? firn_metadata_current(b->p->base) : NULL;
    firn_manifest_file *old = NULL;
    size_t count = 0;
    FIRN_TRY(add_new_files(b, err));
    if (!current)
        return FIRN_OK;
    if (!current->manifest_list.p)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the current snapshot has no manifest list (format version 1); write the "
                          "table once with the engine that made it");
    FIRN_TRY(firn_manifest_list_read(b->w->ctx->io, current, NULL, b->w->arena, &old, &count, NULL,
                                     err));
    if (b->p->change->operation == FIRN_OP_APPEND)
        FIRN_TRY(keep_old(b, old, count, err));
    else
        FIRN_TRY(replace_old(b, old, count, err));
    return merge_manifests(b, err);
}

static firn_code build_snapshot(building *b, int64_t now_ms, firn_err *err)
{
    firn_position_stamp st;
    bool stamped;
    int64_t added_rows;
    firn_str list;
    const firn_metadata *base = b->p->base;
    int64_t parent = base ? base->current_snapshot_id : FIRN_NO_SNAPSHOT;
    int64_t sequence = base ? firn_sum(base->last_sequence_number, 1) : 1;
    FIRN_AUTO(firn_json_unref) json_t *summary = json_object();
    FIRN_AUTO(firn_json_unref) json_t *s = json_object();
    if (!summary || !s)
        return firn_raise_nomem(err);
    FIRN_TRY(gather_manifests(b, err));
    FIRN_TRY(make_summary(b, summary, err));
    FIRN_TRY(stamp(b, summary, &st, &stamped, err));
    FIRN_TRY(assign_row_ids(b, &added_rows, err));
    FIRN_TRY(write_list(b, &st, sequence, parent, &list, err));
    FIRN_TRY(snapshot_json(b, parent, sequence, now_ms, summary, list, s, err));
    if (b->m->format_version >= 3) {
        FIRN_TRY(firn_json_set(s, "first-row-id", json_integer(b->m->next_row_id), err));
        FIRN_TRY(firn_json_set(s, "added-rows", json_integer(added_rows), err));
    }
    FIRN_TRY(firn_update_snapshot(&b->p->updates, json_incref(s), err));
    return ref_updates(b, stamped, err);
}

firn_code firn_commit_build(firn_commit_work *w, firn_pending *p, int attempt, firn_err *err)
{
    const firn_io *io = w->ctx->io;
    building b = {.w = w, .p = p, .attempt = attempt};
    firn_type *types;
    int64_t now_ms = io->now_ms(io->ctx);
    if (p->base)
        now_ms = FIRN_MAX(now_ms, p->base->last_updated_ms);
    FIRN_TRY(firn_updates_new(w->arena, &p->updates, err));
    FIRN_TRY(p->base ? schema_updates(w, p, err) : creation_updates(w, p, err));
    FIRN_TRY(property_updates(p, err));
    if (p->change->evolve)
        FIRN_TRY(p->change->evolve(p->change->evolve_arg, p->base, w->arena, &p->updates, err));
    if (p->change->operation != FIRN_OP_NONE) {
        FIRN_TRY(choose_snapshot_id(w, p, err));
        /* manifests name the schema the table will have */
        b.m = p->base;
        if (json_array_size(p->updates.list) > 0)
            FIRN_TRY(firn_metadata_apply(p->base, &p->updates, now_ms, w->arena, &b.m, err));
        FIRN_TRY(firn_metadata_folder(b.m, w->arena, &b.folder, err));
        FIRN_TRY(firn_metadata_partition_types(b.m, b.m->spec, w->arena, &types, err));
        b.types = types;
        b.summary.partitions = FIRN_MAP(w->arena);
        FIRN_TRY(build_snapshot(&b, now_ms, err));
    }
    return firn_metadata_apply(p->base, &p->updates, now_ms, w->arena, &p->next, err);
}
