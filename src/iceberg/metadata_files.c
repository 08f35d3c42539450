/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the metadata tables that come from manifests: files, entries, partitions. */
#include "iceberg/metadata_table_int.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* --- entries ------------------------------------------------------------------------------- */

static bool wants_deleted(firn_metadata_table_kind kind)
{
    return kind == FIRN_MT_ENTRIES || kind == FIRN_MT_ALL_ENTRIES;
}

static bool wants_manifest(firn_metadata_table_kind kind, const firn_manifest_file *mf)
{
    if (kind == FIRN_MT_DATA_FILES || kind == FIRN_MT_ALL_DATA_FILES)
        return !mf->deletes;
    if (kind == FIRN_MT_DELETE_FILES || kind == FIRN_MT_ALL_DELETE_FILES)
        return mf->deletes;
    return true;
}

static firn_code open_next(firn_mt_worker *w, bool *end, firn_err *err)
{
    const firn_manifest_file *mf;
    firn_manifest_detail detail =
        w->t->kind == FIRN_MT_PARTITIONS ? FIRN_DETAIL_FILES : FIRN_DETAIL_ALL;
    do {
        FIRN_TRY(firn_mt_next_manifest(w, &mf, err));
        *end = !mf;
        if (!mf)
            return FIRN_OK;
    } while (!wants_manifest(w->t->kind, mf));
    return firn_manifest_open(w->t->io, w->t->m, mf, detail, &w->reader, err);
}

/* The next entry that the table shows; *ret == NULL: no more. */
static firn_code next_entry(firn_mt_worker *w, const firn_manifest_entry **ret, firn_err *err)
{
    const firn_manifest_entry *e = NULL;
    bool end = false;
    while (!e) {
        if (!w->reader)
            FIRN_TRY(open_next(w, &end, err));
        if (end)
            break;
        FIRN_TRY(firn_manifest_next(w->reader, &e, err));
        if (!e) {
            firn_manifest_close(w->reader);
            w->reader = NULL;
        } else if (e->status == FIRN_ENTRY_DELETED && !wants_deleted(w->t->kind)) {
            e = NULL;
        }
    }
    *ret = e;
    return FIRN_OK;
}

/* --- columns of a data file ---------------------------------------------------------------- */

/* The partition of a file as one of all specs; fields its spec does not have are null. */
static firn_code union_values(firn_mt_worker *w, const firn_data_file *f, firn_value *out,
                              size_t *ret_projected, firn_err *err)
{
    const firn_mt_union *u = &w->t->parts;
    const firn_spec *spec;
    FIRN_TRY(firn_metadata_need_spec(w->t->m, f->spec_id, &spec, err));
    size_t at = (size_t)(spec - w->t->m->specs);
    for (size_t i = 0; i < u->spec.field_count; i++) {
        int32_t place = u->places[at][i];
        out[i] = place < 0 ? FIRN_VALUE_NULL : f->partition[place];
    }
    *ret_projected = u->projected[at];
    return FIRN_OK;
}

static firn_code put_partition(firn_mt_worker *w, firn_column *col, size_t row,
                               const firn_value *values, firn_err *err)
{
    const firn_mt_union *u = &w->t->parts;
    for (size_t i = 0; i < u->spec.field_count; i++)
        FIRN_TRY(firn_put_value(&col->children[i], row, &u->types[i], &values[i], w->batch, err));
    return FIRN_OK;
}

static firn_code put_file_partition(firn_mt_worker *w, firn_column *col, size_t row,
                                    const firn_data_file *f, firn_err *err)
{
    size_t projected;
    firn_value *values = firn_arena_array(w->batch, w->t->parts.spec.field_count, sizeof *values);
    if (!values)
        return firn_arena_raise(w->batch, err);
    FIRN_TRY(union_values(w, f, values, &projected, err));
    return put_partition(w, col, row, values, err);
}

typedef enum metric {
    COLUMN_SIZE,
    VALUE_COUNT,
    NULL_VALUE_COUNT,
    NAN_VALUE_COUNT,
    LOWER_BOUND,
    UPPER_BOUND,
    METRIC_COUNT,
} metric;

static int64_t count_of(const firn_column_metrics *c, metric which)
{
    const int64_t counts[] = {c->column_size, c->value_count, c->null_value_count,
                              c->nan_value_count};
    return counts[which];
}

static firn_slice bound_of(const firn_column_metrics *c, metric which)
{
    return which == LOWER_BOUND ? c->lower_bound : c->upper_bound;
}

static bool has_metric(const firn_column_metrics *c, metric which)
{
    return which < LOWER_BOUND ? count_of(c, which) >= 0 : bound_of(c, which).p != NULL;
}

/* One of the maps of field ids; null if the file says nothing. */
static firn_code put_metric_map(firn_mt_worker *w, firn_column *col, size_t row,
                                const firn_data_file *f, metric which, firn_err *err)
{
    size_t n = 0;
    size_t at;
    for (size_t i = 0; i < f->metrics_count; i++)
        n += has_metric(&f->metrics[i], which);
    if (n == 0)
        return firn_column_null(col, row, err);
    FIRN_TRY(firn_put_list(col, row, n, &at, err));
    firn_column *pair = col->children[0].children;
    for (size_t i = 0; i < f->metrics_count; i++) {
        const firn_column_metrics *c = &f->metrics[i];
        if (!has_metric(c, which))
            continue;
        firn_put_i32(&pair[0], at, c->field_id);
        if (which < LOWER_BOUND)
            firn_put_i64(&pair[1], at, count_of(c, which));
        else
            FIRN_TRY(firn_put_bytes(&pair[1], at, bound_of(c, which), w->batch, err));
        at++;
    }
    return FIRN_OK;
}

static firn_code put_split_offsets(firn_column *col, size_t row, const firn_data_file *f,
                                   firn_err *err)
{
    size_t at;
    if (f->split_offset_count == 0)
        return firn_column_null(col, row, err);
    FIRN_TRY(firn_put_list(col, row, f->split_offset_count, &at, err));
    for (size_t i = 0; i < f->split_offset_count; i++)
        firn_put_i64(&col->children[0], at + i, f->split_offsets[i]);
    return FIRN_OK;
}

static firn_code put_equality_ids(firn_column *col, size_t row, const firn_data_file *f,
                                  firn_err *err)
{
    size_t at;
    if (f->equality_id_count == 0)
        return firn_column_null(col, row, err);
    FIRN_TRY(firn_put_list(col, row, f->equality_id_count, &at, err));
    for (size_t i = 0; i < f->equality_id_count; i++)
        firn_put_i32(&col->children[0], at + i, f->equality_ids[i]);
    return FIRN_OK;
}

/* Writers spell it either way, Java shows it in capitals. */
static firn_code put_format(firn_mt_worker *w, firn_column *col, size_t row, firn_str format,
                            firn_err *err)
{
    char text[32];
    size_t n = FIRN_MIN(format.n, sizeof text);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)toupper((unsigned char)format.p[i]);
    return firn_put_text(col, row, (firn_str){text, n}, w->batch, err);
}

/* The columns from content to content_size_in_bytes, from `c` on. */
static firn_code put_data_file(firn_mt_worker *w, firn_column *c, size_t row,
                               const firn_data_file *f, firn_err *err)
{
    firn_put_i32(c++, row, (int32_t)f->content);
    FIRN_TRY(firn_put_text(c++, row, f->file_path, w->batch, err));
    FIRN_TRY(put_format(w, c++, row, f->file_format, err));
    firn_put_i32(c++, row, f->spec_id);
    if (w->t->parts.spec.field_count)
        FIRN_TRY(put_file_partition(w, c++, row, f, err));
    firn_put_i64(c++, row, f->record_count);
    firn_put_i64(c++, row, f->file_size_in_bytes);
    for (metric i = COLUMN_SIZE; i < METRIC_COUNT; i++)
        FIRN_TRY(put_metric_map(w, c++, row, f, i, err));
    FIRN_TRY(firn_put_bytes(c++, row, f->key_metadata, w->batch, err));
    FIRN_TRY(put_split_offsets(c++, row, f, err));
    FIRN_TRY(put_equality_ids(c++, row, f, err));
    FIRN_TRY(firn_put_opt_i32(c++, row, f->sort_order_id, err));
    FIRN_TRY(firn_put_opt_i64(c++, row, f->first_row_id, err));
    FIRN_TRY(firn_put_text(c++, row, f->referenced_data_file, w->batch, err));
    FIRN_TRY(firn_put_opt_i64(c++, row, f->content_offset, err));
    return firn_put_opt_i64(c, row, f->content_size_in_bytes, err);
}

/* --- readable metrics ---------------------------------------------------------------------- */

static firn_code put_readable_bound(firn_mt_worker *w, firn_column *col, size_t row,
                                    const firn_type *t, firn_slice bytes, firn_err *err)
{
    firn_value v;
    if (t->kind == FIRN_T_FOREIGN)
        return firn_put_bytes(col, row, bytes, w->batch, err);
    if (!bytes.p || !firn_value_from_bytes(t, bytes, &v))
        return firn_column_set_null(col, row, err);
    return firn_put_value(col, row, t, &v, w->batch, err);
}

static firn_code put_leaf(firn_mt_worker *w, firn_column *col, size_t row, const firn_mt_leaf *leaf,
                          const firn_column_metrics *c, firn_err *err)
{
    if (!c) {
        for (size_t i = 0; i < METRIC_COUNT; i++)
            FIRN_TRY(firn_column_set_null(&col->children[i], row, err));
        return FIRN_OK;
    }
    for (metric i = COLUMN_SIZE; i < LOWER_BOUND; i++)
        FIRN_TRY(firn_put_opt_i64(&col->children[i], row, count_of(c, i), err));
    FIRN_TRY(
        put_readable_bound(w, &col->children[LOWER_BOUND], row, leaf->type, c->lower_bound, err));
    return put_readable_bound(w, &col->children[UPPER_BOUND], row, leaf->type, c->upper_bound, err);
}

/* Metrics and columns both in the order of their ids. */
static firn_code put_readable(firn_mt_worker *w, firn_column *col, size_t row,
                              const firn_data_file *f, firn_err *err)
{
    const firn_metadata_table *t = w->t;
    size_t at = 0;
    for (size_t i = 0; i < t->leaf_count; i++) {
        const firn_mt_leaf *leaf = &t->leaves[t->leaves_by_id[i]];
        while (at < f->metrics_count && f->metrics[at].field_id < leaf->id)
            at++;
        bool found = at < f->metrics_count && f->metrics[at].field_id == leaf->id;
        FIRN_TRY(put_leaf(w, &col->children[t->leaves_by_id[i]], row, leaf,
                          found ? &f->metrics[at] : NULL, err));
    }
    return FIRN_OK;
}

firn_code firn_mt_file_row(firn_mt_worker *w, firn_column *root, size_t row, bool *end,
                           firn_err *err)
{
    const firn_manifest_entry *e;
    firn_column *c = root->children;
    firn_column *readable = w->t->leaf_count ? &c[root->child_count - 1] : NULL;
    FIRN_TRY(next_entry(w, &e, err));
    *end = !e;
    if (!e)
        return FIRN_OK;
    if (wants_deleted(w->t->kind)) {
        firn_put_i32(&c[0], row, (int32_t)e->status);
        FIRN_TRY(firn_put_opt_i64(&c[1], row, e->snapshot_id, err));
        FIRN_TRY(firn_put_opt_i64(&c[2], row, e->sequence_number, err));
        FIRN_TRY(firn_put_opt_i64(&c[3], row, e->file_sequence_number, err));
        FIRN_TRY(put_data_file(w, c[4].children, row, &e->file, err));
    } else {
        FIRN_TRY(put_data_file(w, c, row, &e->file, err));
    }
    return readable ? put_readable(w, readable, row, &e->file, err) : FIRN_OK;
}

/* --- partitions ---------------------------------------------------------------------------- */

struct firn_mt_group {
    firn_value *values;
    int32_t spec_id;
    int64_t records[3]; /* by content */
    int32_t files[3];
    int64_t bytes;                /* of data files */
    const firn_snapshot *updated; /* NULL: it has expired */
};

/* Files of specs that have different fields of the union are apart even where their values are
 * the same, as in Java. */
static firn_code group_of(firn_mt_worker *w, const firn_data_file *f, firn_mt_group **ret,
                          firn_err *err)
{
    const firn_mt_union *u = &w->t->parts;
    size_t n = u->spec.field_count;
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_BUF((size_t)1 << 30);
    size_t projected;
    firn_value *values = firn_arena_array(w->batch, n, sizeof *values);
    if (!values)
        return firn_arena_raise(w->batch, err);
    FIRN_TRY(union_values(w, f, values, &projected, err));
    FIRN_TRY(firn_buf_add(&key, &projected, sizeof projected, err));
    FIRN_TRY(firn_partition_key(&u->spec, u->types, values, &key, err));
    *ret = firn_map_get(&w->groups, firn_buf_str(&key));
    if (*ret)
        return FIRN_OK;
    firn_str kept = firn_arena_str(w->arena, firn_buf_str(&key));
    firn_mt_group *g = firn_arena_zalloc(w->arena, sizeof *g);
    firn_value *copies = firn_arena_array(w->arena, n, sizeof *copies);
    bool ok = kept.p && g && copies;
    for (size_t i = 0; ok && i < n; i++)
        ok = firn_value_copy(&u->types[i], &values[i], w->arena, &copies[i]);
    if (!ok || !firn_map_put(&w->groups, kept, g))
        return firn_arena_raise(w->arena, err);
    g->values = copies;
    *ret = g;
    return FIRN_OK;
}

static firn_code add_to_group(firn_mt_worker *w, const firn_manifest_entry *e, firn_err *err)
{
    firn_mt_group *g;
    FIRN_TRY(group_of(w, &e->file, &g, err));
    const firn_snapshot *s = firn_metadata_snapshot(w->t->m, e->snapshot_id);
    if (s && (!g->updated || s->timestamp_ms > g->updated->timestamp_ms)) {
        g->spec_id = e->file.spec_id;
        g->updated = s;
    }
    g->records[e->file.content] += e->file.record_count;
    g->files[e->file.content]++;
    if (e->file.content == FIRN_CONTENT_DATA)
        g->bytes += e->file.file_size_in_bytes;
    return FIRN_OK;
}

static firn_code make_groups(firn_mt_worker *w, firn_err *err)
{
    for (;;) {
        const firn_manifest_entry *e;
        FIRN_TRY(next_entry(w, &e, err));
        if (!e)
            break;
        FIRN_TRY(add_to_group(w, e, err));
        firn_arena_reset(w->batch);
    }
    w->grouped = true;
    return FIRN_OK;
}

firn_code firn_mt_partition_row(firn_mt_worker *w, firn_column *root, size_t row, bool *end,
                                firn_err *err)
{
    firn_column *c = root->children;
    if (!w->grouped)
        FIRN_TRY(make_groups(w, err));
    if (w->next == w->groups.n) {
        *end = true;
        return FIRN_OK;
    }
    const firn_mt_group *g = w->groups.v[w->next++].value;
    if (w->t->parts.spec.field_count) {
        FIRN_TRY(put_partition(w, c++, row, g->values, err));
        firn_put_i32(c++, row, g->spec_id);
    }
    firn_put_i64(c++, row, g->records[FIRN_CONTENT_DATA]);
    firn_put_i32(c++, row, g->files[FIRN_CONTENT_DATA]);
    firn_put_i64(c++, row, g->bytes);
    firn_put_i64(c++, row, g->records[FIRN_CONTENT_POSITION_DELETES]);
    firn_put_i32(c++, row, g->files[FIRN_CONTENT_POSITION_DELETES]);
    firn_put_i64(c++, row, g->records[FIRN_CONTENT_EQUALITY_DELETES]);
    firn_put_i32(c++, row, g->files[FIRN_CONTENT_EQUALITY_DELETES]);
    FIRN_TRY(firn_put_opt_i64(c++, row, g->updated ? g->updated->timestamp_ms * 1000 : -1, err));
    return firn_put_opt_i64(c, row, g->updated ? g->updated->snapshot_id : -1, err);
}
