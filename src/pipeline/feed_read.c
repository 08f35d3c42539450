/* SPDX-License-Identifier: Apache-2.0 */
/* The readers: each takes the next file in order and puts its batches into the queue. */
#include "pipeline/feed_int.h"

#include "base/str.h"
#include "format/csv.h"

/* How many files beyond the one being landed may be read ahead. */
#define FILES_AHEAD 64

/* What the buffers, arenas and types around a batch take, however small it is. */
#define SLOT_COST ((size_t)32 << 10)

/* A reader may add to the queue when there is room, or when everybody waits for its file.  The
 * batches that are looked at ahead stay in the queue, so it may overflow then: the engine rests
 * and leaves its memory. */
static bool may_add(const firn_feed *f, size_t file)
{
    if (f->queued_cost < f->conf->queue_bytes)
        return true;
    if (f->looking && file == f->ahead.file && f->files[file].slots.n <= f->ahead.slot)
        return true;
    return file == f->head.file && f->files[file].queued == 0;
}

/* About the memory of a batch: where records are shorter than what is noted of each, that. */
static size_t cost_of(const firn_raw_batch *raw)
{
    size_t noted = raw->batch.count * sizeof *raw->records;
    return raw->batch.bytes.n + SLOT_COST +
           (noted > raw->batch.bytes.n ? noted - raw->batch.bytes.n : 0);
}

static firn_code add_batch(firn_feed *f, size_t i, firn_raw_batch *raw, firn_err *err)
{
    feed_file *file = &f->files[i];
    feed_slot *s = firn_arena_zalloc(file->arena, sizeof *s);
    if (!s) {
        firn_raw_batch_free(raw);
        return firn_arena_raise(file->arena, err);
    }
    *s = (feed_slot){.raw = raw,
                     .bytes = raw->batch.bytes.n,
                     .cost = cost_of(raw),
                     .file = i,
                     .state = SLOT_RAW};
    pthread_mutex_lock(&f->lock);
    while (!f->stop && !may_add(f, i))
        firn_feed_wait(f);
    firn_code code = FIRN_OK;
    if (f->stop || !firn_vec_push(file->arena, &file->slots, s)) {
        code = f->stop ? FIRN_E_CANCELLED : firn_arena_raise(file->arena, err);
        firn_raw_batch_free(raw);
    } else {
        f->queued_cost += s->cost;
        file->queued += s->cost;
        f->totals.bytes += s->bytes;
    }
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    return code;
}

static void count_stored(firn_feed *f, const firn_file_reader *r, uint64_t *counted)
{
    uint64_t now = firn_file_reader_stored(r);
    pthread_mutex_lock(&f->lock);
    f->totals.stored += now - *counted;
    pthread_mutex_unlock(&f->lock);
    *counted = now;
}

/* What became of the batches of a file. */
typedef struct reading {
    size_t batches;
    uint64_t raw;    /* bytes in them */
    uint64_t seen;   /* records */
    bool only_begun; /* the rest is not looked at */
} reading;

/* Of a part of a file the first batches become rows, the next ones are counted. */
static firn_code take_batch(firn_feed *f, size_t i, firn_raw_batch *raw, reading *got,
                            firn_err *err)
{
    const firn_feed_part *part = f->conf->parts ? &f->conf->parts[i] : NULL;
    bool counted = part && got->raw >= part->decoded;
    got->raw += raw->batch.bytes.n;
    got->seen += raw->batch.count;
    if (counted) {
        firn_raw_batch_free(raw);
        return FIRN_OK;
    }
    got->batches++;
    return add_batch(f, i, raw, err);
}

static firn_code read_batches(firn_feed *f, size_t i, firn_file_reader *r, reading *got,
                              firn_err *err)
{
    uint64_t stored = 0;
    for (;;) {
        firn_raw_batch *raw;
        bool end;
        FIRN_TRY(firn_file_reader_next(r, &raw, &end, err));
        count_stored(f, r, &stored);
        if (end)
            return FIRN_OK;
        FIRN_TRY(take_batch(f, i, raw, got, err));
        const firn_feed_part *part = f->conf->parts ? &f->conf->parts[i] : NULL;
        got->only_begun =
            part && got->raw >= part->decoded && firn_file_reader_consumed(r) >= part->framed;
        if (got->only_begun)
            return FIRN_OK;
    }
}

/* A CSV file that is nothing but its header still names columns. */
static firn_code note_header(firn_feed *f, size_t i, const firn_file_reader *r, firn_err *err)
{
    const firn_str *names;
    const void *info = firn_file_reader_info(r);
    if (f->conf->decoder != &firn_decoder_csv || !info)
        return FIRN_OK;
    size_t count = firn_csv_header(info, &names);
    if (count == 0)
        return FIRN_OK;
    firn_shape *shape = firn_shape_new(f->arena);
    if (!shape)
        return firn_arena_raise(f->arena, err);
    firn_shape_add_object(shape);
    for (size_t k = 0; k < count; k++) {
        firn_shape *field = firn_shape_field_of(shape, names[k], f->arena);
        if (!field)
            return firn_arena_raise(f->arena, err);
        firn_shape_add_null(field);
    }
    f->files[i].header = shape;
    f->header_seen = true;
    return FIRN_OK;
}

static firn_code finish_file(firn_feed *f, size_t i, firn_file_reader *r, const reading *got,
                             firn_err *err)
{
    feed_file *file = &f->files[i];
    uint64_t hash = 0;
    firn_stat st = f->conf->files[i].stat;
    if (!got->only_begun)
        FIRN_TRY(firn_file_reader_finish(r, &hash, &st, err));
    pthread_mutex_lock(&f->lock);
    file->result.hash = hash;
    file->result.stat = st;
    file->result.seen = got->seen;
    file->result.raw = got->raw;
    file->result.consumed = got->only_begun ? firn_file_reader_consumed(r) : st.size;
    file->result.note = firn_arena_str(f->arena, firn_file_reader_note(r));
    firn_code code = got->seen ? FIRN_OK : note_header(f, i, r, err);
    file->read_done = true;
    if (file->released == file->slots.n)
        firn_feed_drop_file(file);
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    return code;
}

static firn_code read_file(firn_feed *f, size_t i, firn_err *err)
{
    const firn_file_reader_opt opt = {
        .decoder = f->conf->decoder,
        .format = f->conf->format,
        .batch_bytes = f->conf->batch_bytes,
    };
    firn_file_reader *r;
    reading got = {0};
    f->files[i].arena = firn_arena_new("a file", 0);
    if (!f->files[i].arena)
        return firn_raise_nomem(err);
    FIRN_TRY(
        firn_file_reader_open(f->conf->env, &f->conf->files[i], &opt, f->files[i].arena, &r, err));
    firn_code code = read_batches(f, i, r, &got, err);
    if (code == FIRN_OK)
        code = finish_file(f, i, r, &got, err);
    firn_file_reader_close(r);
    return code;
}

/* Whether a file is not too far ahead of the one being landed or looked at. */
static bool near(const firn_feed *f, size_t file)
{
    size_t at = f->looking ? f->ahead.file : f->head.file;
    return file < at + FILES_AHEAD;
}

/* A file whose other files stand for it. */
static void pass_over(firn_feed *f, size_t i)
{
    f->files[i].result.stat = f->conf->files[i].stat;
    f->files[i].read_done = true;
    pthread_cond_broadcast(&f->changed);
}

/* Takes the next file; false: none is left. */
static bool next_file(firn_feed *f, size_t *ret)
{
    bool found = false;
    pthread_mutex_lock(&f->lock);
    while (!f->stop && f->next_file < f->conf->file_count && !found) {
        bool passed = f->conf->parts && f->conf->parts[f->next_file].framed == 0;
        if (passed) {
            pass_over(f, f->next_file++);
            continue;
        }
        found = near(f, f->next_file);
        if (!found)
            firn_feed_wait(f);
    }
    if (found)
        *ret = f->next_file++;
    pthread_mutex_unlock(&f->lock);
    return found;
}

static void *reader(void *arg)
{
    firn_feed *f = arg;
    size_t i;
    while (next_file(f, &i)) {
        firn_err err = {0};
        if (read_file(f, i, &err) == FIRN_OK)
            continue;
        pthread_mutex_lock(&f->lock);
        firn_feed_fail(f, &err);
        pthread_mutex_unlock(&f->lock);
        break;
    }
    return NULL;
}

firn_code firn_feed_start_readers(firn_feed *f, firn_err *err)
{
    size_t want = FIRN_MIN((size_t)f->conf->readers, f->conf->file_count);
    while (f->thread_count < want) {
        int rc = pthread_create(&f->threads[f->thread_count], NULL, reader, f);
        if (rc != 0 && f->thread_count == 0)
            return firn_raise_errno(err, rc, "a thread to read files");
        if (rc != 0)
            break; /* fewer do as well */
        f->thread_count++;
    }
    return FIRN_OK;
}

/* --- infer: full --------------------------------------------------------------------------- */

static firn_code survey_file(firn_feed *f, size_t i, firn_shape *into, firn_arena *a, firn_err *err)
{
    const firn_file_reader_opt opt = {
        .decoder = f->conf->decoder,
        .format = f->conf->format,
        .batch_bytes = f->conf->batch_bytes,
    };
    firn_file_reader *r;
    FIRN_TRY(firn_file_reader_open(f->conf->env, &f->conf->files[i], &opt, a, &r, err));
    firn_code code = FIRN_OK;
    bool end = false;
    while (code == FIRN_OK && !end) {
        firn_raw_batch *raw = NULL;
        bool misfit;
        code = firn_file_reader_next(r, &raw, &end, err);
        if (code == FIRN_OK && !end)
            code = f->conf->decoder->walk(&raw->batch, NULL, into, f->arena, &misfit, err);
        firn_raw_batch_free(raw);
    }
    firn_file_reader_close(r);
    return code;
}

firn_code firn_feed_survey(firn_feed *f, firn_err *err)
{
    firn_shape *shape = firn_shape_new(f->arena);
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a file", 0);
    if (!shape || !a)
        return firn_raise_nomem(err);
    for (size_t i = 0; i < f->conf->file_count; i++) {
        firn_arena_reset(a);
        FIRN_TRY(survey_file(f, i, shape, a, err));
    }
    if (shape->seen)
        f->survey = shape;
    return FIRN_OK;
}
