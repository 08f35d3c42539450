/* SPDX-License-Identifier: Apache-2.0 */
/* Rows deleted by position: from files of positions, read by the engine, and from deletion
 * vectors. */
#include "engine/view_int.h"

#include "base/str.h"
#include "format/puffin.h"

#include <string.h>

#define MAX_PUFFIN_BYTES ((uint64_t)1 << 30)

/* All bitmaps of a view together. */
#define MAX_BITMAP_BYTES ((size_t)512 << 20)

/* A data file whose rows are being marked. */
typedef struct target target;
struct target {
    const firn_scan_file *file;
    firn_bitmap *deleted;
    target *same; /* the next entry of the same path: a table may list a file twice */
};

typedef struct loading {
    firn_view_work *w;
    target *targets;
    size_t count;
    firn_map by_path;
    size_t bytes; /* of all bitmaps */
} loading;

static void free_bitmap(void *b)
{
    firn_bitmap_free(b);
}

static firn_code keep_bitmap(loading *l, firn_bitmap *b, target *t, firn_err *err)
{
    firn_code code = firn_arena_defer(l->w->keep->arena, free_bitmap, b, err);
    if (code != FIRN_OK)
        firn_bitmap_free(b);
    else
        t->deleted = b;
    return code;
}

static firn_code new_bitmap(loading *l, target *t, firn_err *err)
{
    firn_bitmap *b = firn_bitmap_new(MAX_BITMAP_BYTES);
    return b ? keep_bitmap(l, b, t, err) : firn_raise_nomem(err);
}

static firn_code count_bytes(loading *l, size_t before, size_t after, firn_err *err)
{
    l->bytes = l->bytes - before + after;
    if (l->bytes <= MAX_BITMAP_BYTES)
        return FIRN_OK;
    firn_raise(err, FIRN_E_LIMIT, "positions of deleted rows take more than %zu MB",
               MAX_BITMAP_BYTES >> 20);
    return firn_err_advise(err, "compact the table with the engine that deletes its rows, or read "
                                "less of it at once");
}

/* --- deletion vectors ---------------------------------------------------------------------- */

static bool is_vector(const firn_scan_delete *d)
{
    return firn_str_ieq(d->file.file_format, FIRN_STR_LIT("puffin"));
}

static const firn_scan_delete *vector_of(const firn_scan_file *f)
{
    for (size_t i = 0; i < f->delete_count; i++)
        if (is_vector(f->deletes[i]))
            return f->deletes[i];
    return NULL;
}

/* The footer, where it can be read, must list the blob as what the manifest says it is; where it
 * cannot (it may be compressed), the blob's own length and checksum have to do. */
static firn_code check_footer(firn_slice file, const firn_data_file *d, firn_arena *a,
                              firn_err *err)
{
    firn_puffin p;
    firn_err local = {0};
    firn_code code = firn_puffin_read(file, a, &p, &local);
    if (code == FIRN_E_UNSUPPORTED)
        return FIRN_OK;
    if (code != FIRN_OK) {
        if (err)
            *err = local;
        return code;
    }
    for (size_t i = 0; i < p.blob_count; i++) {
        const firn_puffin_blob *b = &p.blobs[i];
        firn_slice ignored;
        if (b->offset != d->content_offset || b->length != d->content_size_in_bytes)
            continue;
        if (!firn_str_eqc(b->type, FIRN_PUFFIN_DELETION_VECTOR))
            return firn_raise(err, FIRN_E_DATA, "a blob of type %s is no deletion vector",
                              firn_quote(b->type).s);
        return firn_puffin_bytes(file, b, &ignored, err);
    }
    return firn_raise(err, FIRN_E_DATA, "the footer lists no blob of %lld bytes at %lld",
                      (long long)d->content_size_in_bytes, (long long)d->content_offset);
}

static firn_code read_vector(loading *l, firn_slice file, const firn_data_file *d, firn_arena *a,
                             target *t, firn_err *err)
{
    firn_bitmap *b = NULL;
    uint64_t offset = (uint64_t)d->content_offset;
    uint64_t size = (uint64_t)d->content_size_in_bytes;
    if (offset > file.n || size > file.n - offset)
        return firn_raise(err, FIRN_E_DATA, "%llu bytes at %llu lie outside of the file",
                          (unsigned long long)size, (unsigned long long)offset);
    FIRN_TRY(check_footer(file, d, a, err));
    FIRN_TRY(
        firn_deletion_vector_read((firn_slice){file.p + offset, size}, MAX_BITMAP_BYTES, &b, err));
    uint64_t count = firn_bitmap_count(b);
    FIRN_TRY(keep_bitmap(l, b, t, err));
    if (count != (uint64_t)d->record_count)
        return firn_raise(err, FIRN_E_DATA, "%llu positions where the manifest says %lld",
                          (unsigned long long)count, (long long)d->record_count);
    return count_bytes(l, 0, firn_bitmap_bytes(b), err);
}

static int by_puffin(const void *a, const void *b)
{
    const firn_scan_delete *x = vector_of((*(target *const *)a)->file);
    const firn_scan_delete *y = vector_of((*(target *const *)b)->file);
    int c = firn_str_cmp(x->file.file_path, y->file.file_path);
    if (c)
        return c;
    return (x->file.content_offset > y->file.content_offset) -
           (x->file.content_offset < y->file.content_offset);
}

static firn_code targets_with_vectors(loading *l, target ***ret, size_t *ret_n, firn_err *err)
{
    target **list = firn_arena_array(l->w->a, l->count, sizeof *list);
    size_t n = 0;
    if (!list)
        return firn_arena_raise(l->w->a, err);
    for (size_t i = 0; i < l->count; i++)
        if (vector_of(l->targets[i].file))
            list[n++] = &l->targets[i];
    if (n > 1)
        qsort(list, n, sizeof *list, by_puffin);
    *ret = list;
    *ret_n = n;
    return FIRN_OK;
}

/* Each Puffin file is read once, whatever the number of its vectors. */
static firn_code load_vectors(loading *l, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a Puffin file", 0);
    const firn_io *io = l->w->rq->io;
    target **list = NULL;
    size_t n = 0;
    firn_str open = {NULL, 0};
    firn_slice file = {NULL, 0};
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(targets_with_vectors(l, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const firn_data_file *d = &vector_of(list[i]->file)->file;
        if (!open.p || !firn_str_eq(open, d->file_path)) {
            firn_arena_reset(a);
            open = d->file_path;
            FIRN_TRY(io->read(io->ctx, open, MAX_PUFFIN_BYTES, a, &file, err));
        }
        if (read_vector(l, file, d, a, list[i], err) != FIRN_OK)
            return firn_wrap(err, "deletion vector of %s in %s",
                             firn_quote(d->referenced_data_file).s, firn_quote(d->file_path).s);
    }
    return FIRN_OK;
}

/* --- files of positions -------------------------------------------------------------------- */

static bool is_positions(const firn_scan_delete *d)
{
    return d->file.content == FIRN_CONTENT_POSITION_DELETES && !is_vector(d);
}

/* Each file once, in the plan's order. */
static firn_code position_files(loading *l, firn_view_file **ret, size_t *ret_n, firn_err *err)
{
    const firn_scan_plan *plan = l->w->rq->plan;
    bool *used = firn_arena_array(l->w->a, plan->delete_count, sizeof *used);
    firn_view_file *files = firn_arena_array(l->w->a, plan->delete_count, sizeof *files);
    size_t n = 0;
    if (!used || !files)
        return firn_arena_raise(l->w->a, err);
    for (size_t i = 0; i < l->count; i++)
        for (size_t k = 0; k < l->targets[i].file->delete_count; k++)
            if (is_positions(l->targets[i].file->deletes[k]))
                used[l->targets[i].file->deletes[k]->place] = true;
    for (size_t i = 0; i < plan->delete_count; i++)
        if (used[i])
            files[n++] = (firn_view_file){.file = &plan->deletes[i]->file,
                                          .sequence_number = plan->deletes[i]->sequence_number};
    *ret = files;
    *ret_n = n;
    return FIRN_OK;
}

static firn_code query_positions(loading *l, const firn_view_file *files, size_t n,
                                 firn_result **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_field fields[] = {
        {.id = FIRN_ID_DELETE_PATH, .type = {.kind = FIRN_T_STRING}},
        {.id = FIRN_ID_DELETE_POS, .type = {.kind = FIRN_T_LONG}},
    };
    const firn_type want = {.kind = FIRN_T_STRUCT, .fields = fields, .field_count = 2};
    FIRN_TRY(
        firn_buf_adds(&sql, "SELECT c0, c1, CAST(file_index AS BIGINT) FROM read_parquet(", err));
    FIRN_TRY(firn_view_paths(l->w, files, n, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, ", hive_partitioning = false, schema = ", err));
    FIRN_TRY(firn_view_schema_map(&want, false, &sql, err));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    return l->w->keep->ops->query(l->w->s, firn_buf_str(&sql), ret, err);
}

static size_t bytes_of(const target *t)
{
    size_t bytes = 0;
    for (; t; t = t->same)
        bytes += firn_bitmap_bytes(t->deleted);
    return bytes;
}

/* The entries of a path, with a bitmap each; NULL: it is not read. */
static firn_code find_targets(loading *l, firn_str path, target **ret, firn_err *err)
{
    *ret = firn_map_get(&l->by_path, path);
    for (target *t = *ret; t; t = t->same)
        if (!t->deleted)
            FIRN_TRY(new_bitmap(l, t, err));
    return FIRN_OK;
}

static firn_code mark(target *t, int64_t sequence_number, int64_t position, firn_err *err)
{
    for (; t; t = t->same)
        if (sequence_number >= t->file->sequence_number)
            FIRN_TRY(firn_bitmap_add(t->deleted, position, err));
    return FIRN_OK;
}

/* Marks the rows of one chunk.  A file of positions may name files that are not read, or that came
 * after it under the same path. */
static firn_code mark_chunk(loading *l, const firn_view_file *files, const firn_column *c,
                            size_t rows, firn_err *err)
{
    firn_str last = {NULL, 0};
    target *t = NULL;
    size_t before = 0;
    for (size_t i = 0; i < rows; i++) {
        if (!firn_column_is_valid(&c[0], i) || !firn_column_is_valid(&c[1], i))
            return firn_raise(err, FIRN_E_DATA, "position deletes without file_path or pos");
        firn_str path = firn_strview_str(&((const firn_strview *)c[0].data)[i]);
        if (!last.p || !firn_str_eq(path, last)) {
            FIRN_TRY(count_bytes(l, before, bytes_of(t), err));
            FIRN_TRY(find_targets(l, path, &t, err));
            before = bytes_of(t);
            last = path;
        }
        const firn_view_file *f = &files[((const int64_t *)c[2].data)[i]];
        FIRN_TRY(mark(t, f->sequence_number, ((const int64_t *)c[1].data)[i], err));
    }
    return count_bytes(l, before, bytes_of(t), err);
}

static firn_code mark_all(loading *l, const firn_view_file *files, firn_result *r, firn_err *err)
{
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(l->w->keep->ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        FIRN_TRY(mark_chunk(l, files, root->children, rows, err));
    }
}

static firn_code load_positions(loading *l, firn_err *err)
{
    firn_view_file *files;
    size_t n;
    firn_result *r = NULL;
    FIRN_TRY(position_files(l, &files, &n, err));
    if (n == 0)
        return FIRN_OK;
    for (size_t i = 0; i < l->count; i++) {
        firn_str path = l->targets[i].file->file.file_path;
        if (vector_of(l->targets[i].file))
            continue;
        l->targets[i].same = firn_map_get(&l->by_path, path);
        if (!firn_map_put(&l->by_path, path, &l->targets[i]))
            return firn_arena_raise(l->w->a, err);
    }
    if (query_positions(l, files, n, &r, err) != FIRN_OK)
        return firn_wrap(err, "position deletes");
    firn_code code = mark_all(l, files, r, err);
    l->w->keep->ops->result_close(r);
    return code == FIRN_OK ? code : firn_wrap(err, "position deletes");
}

firn_code firn_view_load_deleted(firn_view_work *w, const size_t *places, size_t count,
                                 firn_view_file *files, firn_err *err)
{
    loading l = {.w = w, .count = count, .by_path = FIRN_MAP(w->a)};
    l.targets = firn_arena_array(w->a, count, sizeof *l.targets);
    if (!l.targets)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++)
        l.targets[i].file = &w->rq->plan->files[places[i]];
    FIRN_TRY(load_vectors(&l, err));
    FIRN_TRY(load_positions(&l, err));
    for (size_t i = 0; i < count; i++)
        files[i].deleted = l.targets[i].deleted;
    return FIRN_OK;
}
