/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's side of a feed: workers that turn released batches into columns. */
#include "pipeline/feed_int.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

/* One thread of the engine.  Batches stay alive until the call after the one that used them: the
 * engine's strings point into them. */
typedef struct feed_worker {
    firn_feed *feed;
    firn_arena *arena; /* decoded texts of the last call */
    firn_arena *rejects;
    feed_slot *current;
    size_t next_record;
    FIRN_VEC(feed_slot *) held;
    firn_arena *held_arena;
} feed_worker;

static void release_held(feed_worker *w)
{
    for (size_t i = 0; i < w->held.n; i++)
        firn_feed_release(w->feed, w->held.v[i]);
    w->held.n = 0;
}

static void close_worker(void *p)
{
    feed_worker *w = p;
    release_held(w);
    if (w->current)
        firn_feed_release(w->feed, w->current);
    firn_arena_free(w->arena);
    firn_arena_free(w->rejects);
    firn_arena_free(w->held_arena);
    firn_mem_free(w);
}

static firn_code open_worker(void *arg, void **ret, firn_err *err)
{
    feed_worker *w = firn_mem_alloc(sizeof *w);
    if (!w)
        return firn_raise_nomem(err);
    *w = (feed_worker){.feed = arg};
    w->arena = firn_arena_new("decoded texts", 0);
    w->rejects = firn_arena_new("rejected records", 0);
    w->held_arena = firn_arena_new("batches in use", 0);
    if (!w->arena || !w->rejects || !w->held_arena) {
        close_worker(w);
        return firn_raise_nomem(err);
    }
    *ret = w;
    return FIRN_OK;
}

/* --- ids of rows --------------------------------------------------------------------------- */

/* What of a row's id is the same for all rows of a file. */
static uint64_t hash_of_file(const firn_feed *f, size_t i)
{
    const firn_source_file *file = &f->conf->files[i];
    const uint64_t parts[] = {firn_hash64(f->conf->stream.p, f->conf->stream.n),
                              firn_hash64(file->name.p, file->name.n), file->stat.size,
                              f->conf->by_content ? (uint64_t)file->stat.mtime_ns : 0};
    return firn_hash64(parts, sizeof parts);
}

/* An id that follows from where a record is: a landing that is repeated gives the same one. */
static void put_row_id(firn_column *col, size_t row, uint64_t file, uint64_t offset)
{
    const uint64_t low[] = {file, offset, 1};
    const uint64_t high[] = {file, offset, 2};
    const uint64_t halves[] = {firn_hash64(low, sizeof low), firn_hash64(high, sizeof high)};
    uint8_t bytes[16];
    memcpy(bytes, halves, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x80); /* version 8: made by rules of our own */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    firn_column_put_uuid(col, row, bytes);
    firn_column_set_valid(col, row);
}

/* Writes the ids of the rows that records first … end - 1 became: those that are no rejects. */
static void put_row_ids(const feed_worker *w, firn_column *root, size_t row, size_t first,
                        size_t end, const firn_rejects *rejects)
{
    const firn_layout *layout = w->feed->layout;
    const firn_batch *b = &w->current->raw->batch;
    size_t next = 0;
    if (!layout->row_id)
        return;
    uint64_t file = hash_of_file(w->feed, w->current->file);
    for (size_t i = first; i < end; i++) {
        bool lands = true;
        for (; next < rejects->n && rejects->v[next].record == i; next++)
            lands &= rejects->v[next].value.p != NULL;
        if (lands)
            put_row_id(&root->children[layout->row_id - 1], row++, file,
                       b->first_offset + b->records[i].offset);
    }
}

/* Fills rows from the current batch. */
static firn_code fill_some(feed_worker *w, firn_column *root, size_t row, size_t max,
                           size_t *ret_rows, firn_err *err)
{
    firn_feed *f = w->feed;
    const firn_batch *b = &w->current->raw->batch;
    size_t before = w->next_record;
    firn_rejects rejects = {.arena = w->rejects};
    FIRN_TRY(f->conf->decoder->fill(b, &w->next_record, f->layout, root, row, max, ret_rows,
                                    &rejects, w->arena, err));
    put_row_ids(w, root, row, before, w->next_record, &rejects);
    FIRN_TRY(firn_feed_account(f, w->current, w->next_record - before, &rejects, err));
    if (rejects.n || rejects.conflicts.n)
        firn_arena_reset(w->rejects);
    if (w->next_record < b->count)
        return FIRN_OK;
    if (!firn_vec_push(w->held_arena, &w->held, w->current))
        return firn_arena_raise(w->held_arena, err);
    w->current = NULL;
    return FIRN_OK;
}

/* --- zeros --------------------------------------------------------------------------------- */

static bool floats_hold_one(const firn_column *col, size_t rows)
{
    const uint32_t *bits = col->data;
    for (size_t i = 0; i < rows; i++)
        if (bits[i] == UINT32_C(1) << 31 && firn_column_is_valid(col, i))
            return true;
    return false;
}

static bool doubles_hold_one(const firn_column *col, size_t rows)
{
    const uint64_t *bits = col->data;
    for (size_t i = 0; i < rows; i++)
        if (bits[i] == UINT64_C(1) << 63 && firn_column_is_valid(col, i))
            return true;
    return false;
}

static bool holds_negative_zero(const firn_column *col, size_t rows)
{
    if (col->type->kind == FIRN_T_FLOAT)
        return floats_hold_one(col, rows);
    if (col->type->kind == FIRN_T_DOUBLE)
        return doubles_hold_one(col, rows);
    bool repeated = col->type->kind == FIRN_T_LIST || col->type->kind == FIRN_T_MAP;
    for (size_t i = 0; i < col->child_count; i++)
        if (holds_negative_zero(&col->children[i], repeated ? col->children[i].length : rows))
            return true;
    return false;
}

bool firn_feed_has_negative_zeros(const firn_feed *f)
{
    return atomic_load(&f->negative_zeros);
}

/* --- rows ---------------------------------------------------------------------------------- */

static firn_code fill(void *p, firn_column *root, size_t max, size_t *ret_rows, firn_err *err)
{
    feed_worker *w = p;
    size_t row = 0;
    release_held(w);
    firn_arena_reset(w->arena);
    while (row < max) {
        if (!w->current) {
            w->next_record = 0;
            FIRN_TRY(firn_feed_take(w->feed, row == 0, &w->current, err));
        }
        if (!w->current)
            break;
        size_t rows = 0;
        FIRN_TRY(fill_some(w, root, row, max - row, &rows, err));
        row += rows;
    }
    if (holds_negative_zero(root, row))
        atomic_store(&w->feed->negative_zeros, true);
    *ret_rows = row;
    return FIRN_OK;
}

void firn_feed_source(firn_feed *f, firn_row_source *source, unsigned threads)
{
    *source = (firn_row_source){
        .type = f->layout ? &f->layout->type : NULL,
        .threads = threads,
        .arg = f,
        .open_worker = open_worker,
        .fill = fill,
        .close_worker = close_worker,
    };
}
