/* SPDX-License-Identifier: Apache-2.0 */
/* The queue between readers and the engine's workers, and the sequencer in it. */
#include "pipeline/feed_int.h"

#include "base/mem.h"
#include "base/str.h"
#include "format/residual.h"

#include <string.h>

#define WAIT_MS       100
#define REJECTS_BYTES ((size_t)64 << 20)
/* A share of fewer records says little. */
#define RATIO_FROM 1000
/* Enough to find the record by. */
#define KEPT_OF_OVERSIZE ((size_t)64 << 10)
/* Of one batch: what documents whose keys are data come to. */
#define SHAPES_BYTES ((size_t)64 << 20)

/* --- waiting ------------------------------------------------------------------------------- */

/* Waits for any change, at most WAIT_MS: nothing may hang on a signal that was missed. */
void firn_feed_wait(firn_feed *f)
{
    (void)firn_env_wait(&f->changed, &f->lock, WAIT_MS);
}

/* Keeps the first error; everybody stops. */
void firn_feed_fail(firn_feed *f, const firn_err *err)
{
    if (f->err.code == FIRN_OK)
        f->err = *err;
    f->stop = true;
    pthread_cond_broadcast(&f->changed);
}

static firn_code pass_error(firn_feed *f, firn_err *err)
{
    if (err)
        *err = f->err;
    return f->err.code;
}

/* --- slots in order ------------------------------------------------------------------------ */

/* Moves a cursor to the next slot in landing order.  False if it is not there yet (*ret_end:
 * never will be). */
static bool slot_at(firn_feed *f, feed_cursor *at, feed_slot **ret, bool *ret_end)
{
    *ret_end = false;
    while (at->file < f->conf->file_count) {
        feed_file *file = &f->files[at->file];
        if (at->slot < file->slots.n) {
            *ret = file->slots.v[at->slot];
            return true;
        }
        if (!file->read_done)
            return false;
        at->file++;
        at->slot = 0;
    }
    *ret_end = true;
    return false;
}

static void free_slot(firn_feed *f, feed_slot *s)
{
    if (s->raw) {
        f->queued_cost -= s->cost;
        f->files[s->file].queued -= s->cost;
        firn_raw_batch_free(s->raw);
        s->raw = NULL;
    }
    firn_arena_free(s->arena);
    s->arena = NULL;
}

/* The slots themselves lie in the file's arena. */
void firn_feed_drop_file(feed_file *file)
{
    file->slots.v = NULL;
    file->slots.n = 0;
    file->slots.cap = 0;
    file->released = 0;
    firn_arena_free(file->arena);
    file->arena = NULL;
}

/* The memory of a file goes when its last batch was filled. */
void firn_feed_release(firn_feed *f, feed_slot *s)
{
    pthread_mutex_lock(&f->lock);
    feed_file *file = &f->files[s->file];
    free_slot(f, s);
    s->state = SLOT_DONE;
    file->released++;
    if (file->read_done && file->released == file->slots.n)
        firn_feed_drop_file(file);
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

/* --- walking ------------------------------------------------------------------------------- */

/* Returns a slot that nobody has looked at under the current layout, the earliest first. */
static feed_slot *find_raw(firn_feed *f)
{
    feed_cursor at = f->head;
    feed_slot *s;
    bool end;
    while (slot_at(f, &at, &s, &end)) {
        if (s->state == SLOT_RAW)
            return s;
        at.slot++;
    }
    return NULL;
}

/* Looks at a batch; the lock is given up meanwhile. */
static firn_code walk_slot(firn_feed *f, feed_slot *s, firn_err *err)
{
    const firn_layout *layout = f->layout;
    s->state = SLOT_WALKING;
    pthread_mutex_unlock(&f->lock);

    bool misfit = false;
    firn_code code = FIRN_OK;
    firn_arena *arena = firn_arena_new("the types of a batch", SHAPES_BYTES);
    firn_shape *shape = arena ? firn_shape_new(arena) : NULL;
    if (!shape)
        code = firn_raise_nomem(err);
    else
        code = f->conf->decoder->walk(&s->raw->batch, layout, shape, arena, &misfit, err);

    pthread_mutex_lock(&f->lock);
    s->arena = arena;
    s->shape = shape;
    s->misfit = layout ? misfit : true;
    s->state = SLOT_WALKED;
    if (code != FIRN_OK) {
        firn_err local = {.code = code};
        firn_feed_fail(f, err ? err : &local);
    }
    pthread_cond_broadcast(&f->changed);
    return code;
}

/* --- the sequencer ------------------------------------------------------------------------- */

/* Releases batches in order as long as they fit; closes the unit where one does not. */
static void sequence(firn_feed *f)
{
    feed_slot *s;
    bool end;
    while (!f->closed) {
        if (!slot_at(f, &f->head, &s, &end)) {
            f->closed = end;
            f->exhausted = end;
            break;
        }
        if (s->state != SLOT_WALKED)
            break;
        if (s->misfit || (f->unit_bytes && f->unit_bytes + s->bytes > f->unit_max)) {
            f->closed = true;
            break;
        }
        f->unit_bytes += s->bytes;
        s->state = SLOT_READY;
        s->next_ready = NULL;
        if (f->ready_tail)
            f->ready_tail->next_ready = s;
        else
            f->ready_head = s;
        f->ready_tail = s;
        f->head.slot++;
    }
    pthread_cond_broadcast(&f->changed);
}

static feed_slot *pop_ready(firn_feed *f)
{
    feed_slot *s = f->ready_head;
    if (!s)
        return NULL;
    f->ready_head = s->next_ready;
    if (!f->ready_head)
        f->ready_tail = NULL;
    s->state = SLOT_FILLING;
    return s;
}

/* Returns the next batch to fill from, NULL at the end of the unit.  With may_wait false also NULL
 * when none is ready. */
firn_code firn_feed_take(firn_feed *f, bool may_wait, feed_slot **ret, firn_err *err)
{
    firn_code code = FIRN_OK;
    *ret = NULL;
    pthread_mutex_lock(&f->lock);
    while (!f->stop) {
        sequence(f);
        *ret = pop_ready(f);
        if (*ret || f->closed || !may_wait)
            break;
        feed_slot *raw = find_raw(f);
        if (raw)
            code = walk_slot(f, raw, err);
        else
            firn_feed_wait(f);
        if (code != FIRN_OK)
            break;
    }
    if (f->stop && !*ret)
        code = pass_error(f, err);
    pthread_mutex_unlock(&f->lock);
    return code;
}

/* --- looking ahead ------------------------------------------------------------------------- */

/* Waits for the batch that is to be looked at next, which the readers must be allowed to add. */
static void wait_ahead(firn_feed *f, feed_cursor at)
{
    bool moved = f->ahead.file != at.file || f->ahead.slot != at.slot;
    f->ahead = at;
    if (moved)
        pthread_cond_broadcast(&f->changed);
    firn_feed_wait(f);
}

/* Joins the shapes of batches from the head on, in order, until `cost` was seen or the input ends:
 * the same batches whatever the memory and the number of threads.  They stay in the queue. */
static firn_code join_ahead(firn_feed *f, uint64_t cost, firn_shape *into, firn_err *err)
{
    feed_cursor at = f->head;
    uint64_t seen = 0;
    while (seen < cost) {
        feed_slot *s;
        bool end;
        if (f->stop)
            return pass_error(f, err);
        if (!slot_at(f, &at, &s, &end)) {
            if (end)
                break;
            wait_ahead(f, at);
            continue;
        }
        if (s->state == SLOT_RAW)
            FIRN_TRY(walk_slot(f, s, err));
        if (s->state != SLOT_WALKED) {
            firn_feed_wait(f);
            continue;
        }
        FIRN_TRY(firn_shape_join(into, s->shape, f->arena, err));
        seen += s->cost;
        at.slot++;
    }
    return FIRN_OK;
}

/* Files without a record still have a header. */
static firn_code join_headers(firn_feed *f, firn_shape *into, firn_err *err)
{
    for (size_t i = 0; i < f->conf->file_count; i++) {
        const feed_file *file = &f->files[i];
        if (file->header)
            FIRN_TRY(firn_shape_join(into, file->header, f->arena, err));
    }
    return FIRN_OK;
}

/* After the layout changed, what was seen under the old one counts no more; everything that was
 * joined fits now, or is left to the rejects. */
static void settle(firn_feed *f, uint64_t cost)
{
    feed_cursor at = f->head;
    feed_slot *s;
    bool end;
    uint64_t seen = 0;
    while (slot_at(f, &at, &s, &end)) {
        bool joined = seen < cost && s->state == SLOT_WALKED;
        if (joined)
            s->misfit = false;
        else if (s->state == SLOT_WALKED && s->misfit)
            s->state = SLOT_RAW;
        seen += s->cost;
        at.slot++;
    }
}

static firn_code keep_notes(firn_feed *f, const firn_layout_out *out, firn_err *err)
{
    for (size_t i = 0; i < out->note_count; i++)
        if (!firn_vec_push(f->arena, &f->notes, out->notes[i]))
            return firn_arena_raise(f->arena, err);
    return FIRN_OK;
}

static firn_code make_layout(firn_feed *f, const firn_shape *seen, firn_err *err)
{
    const firn_layout_in in = {
        .old = f->layout,
        .seen = seen,
        .given = f->conf->given,
        .given_count = f->conf->given_count,
        .limits = f->conf->limits,
        .policy = f->conf->policy,
        .exists = f->conf->exists,
        .reserved = f->conf->reserved,
        .reserved_count = f->conf->reserved_count,
        .null_columns = f->conf->decoder == &firn_decoder_csv,
    };
    firn_layout_out out;
    FIRN_TRY(firn_layout_make(&in, f->arena, &out, err));
    f->layout = out.layout;
    return keep_notes(f, &out, err);
}

/* Keeps what was seen, for people to look at. */
static firn_code remember(firn_feed *f, const firn_shape *seen, bool first, firn_err *err)
{
    if (!f->seen)
        f->seen = firn_shape_new(f->arena);
    if (!f->seen)
        return firn_arena_raise(f->arena, err);
    f->looked_at += first ? seen->count : 0;
    return firn_shape_join(f->seen, seen, f->arena, err);
}

static firn_code look_ahead(firn_feed *f, firn_err *err)
{
    bool first = f->layout == NULL;
    uint64_t cost = first ? f->conf->lookahead_bytes : f->conf->window_bytes;
    firn_shape *seen = firn_shape_new(f->arena);
    if (!seen)
        return firn_arena_raise(f->arena, err);
    f->ahead = f->head;
    f->looking = true;
    firn_code code = join_ahead(f, cost, seen, err);
    f->looking = false;
    FIRN_TRY(code);
    FIRN_TRY(join_headers(f, seen, err));
    const firn_shape *all = first && f->survey ? f->survey : seen; /* which has seen it as well */
    FIRN_TRY(make_layout(f, all, err));
    FIRN_TRY(remember(f, all, first, err));
    settle(f, cost);
    f->looked_ahead = true;
    return FIRN_OK;
}

/* Whether the batch at the head is one that ended the last unit by not fitting. */
static bool head_misfits(firn_feed *f)
{
    feed_slot *s;
    bool end;
    return slot_at(f, &f->head, &s, &end) && s->state == SLOT_WALKED && s->misfit;
}

/* Waits for the first batch; false when there is none at all. */
static bool has_input(firn_feed *f)
{
    feed_slot *s;
    bool end = false;
    while (!f->stop && !slot_at(f, &f->head, &s, &end) && !end)
        firn_feed_wait(f);
    return !end;
}

static firn_code begin_unit(firn_feed *f, uint64_t max_bytes, bool *ret_more, firn_err *err)
{
    bool more = has_input(f);
    if (f->stop)
        return pass_error(f, err);
    bool look = f->layout == NULL || (more && head_misfits(f));
    if (look && (more || f->header_seen || f->survey))
        FIRN_TRY(look_ahead(f, err));
    f->unit_bytes = 0;
    f->unit_max = max_bytes;
    f->closed = false;
    *ret_more = more;
    return FIRN_OK;
}

firn_code firn_feed_begin_unit(firn_feed *f, uint64_t max_bytes, const firn_layout **ret,
                               bool *ret_more, firn_err *err)
{
    pthread_mutex_lock(&f->lock);
    firn_code code = begin_unit(f, max_bytes, ret_more, err);
    *ret = f->layout;
    pthread_mutex_unlock(&f->lock);
    return code;
}

/* --- rejects ------------------------------------------------------------------------------- */

/* The record; of one that is too long its beginning, whole characters if it is text. */
static firn_slice kept_of(const firn_batch *b, const firn_record *rec)
{
    firn_slice raw = {b->bytes.p + rec->offset, rec->length};
    if (!(rec->flags & FIRN_REC_OVERSIZE) || raw.n <= KEPT_OF_OVERSIZE)
        return raw;
    raw.n = KEPT_OF_OVERSIZE;
    for (int i = 0; i < 3 && (raw.p[raw.n] & 0xc0) == 0x80; i++)
        raw.n--;
    return raw;
}

/* What a line of the file is called: files without lines are counted by records. */
static const char *line_word(const firn_feed *f)
{
    return f->conf->decoder->lineless ? "document" : "line";
}

/* A record that is no text, as one. */
static firn_code text_of(firn_feed *f, const firn_batch *b, size_t record, firn_str *ret,
                         firn_err *err)
{
    const firn_decoder_ops *ops = f->conf->decoder;
    return ops->text ? ops->text(b, record, f->reject_arena, ret, err) : FIRN_OK;
}

static firn_code add_reject(firn_feed *f, const feed_slot *s, const firn_reject *r, firn_err *err)
{
    const firn_batch *b = &s->raw->batch;
    const firn_record *rec = &b->records[r->record];
    bool landed = r->value.p != NULL;
    firn_feed_reject x = {
        .file = s->file,
        .line = firn_batch_line(b, r->record),
        .offset = b->first_offset + rec->offset,
        .id = r->id,
        .cut = rec->flags & FIRN_REC_OVERSIZE,
        .path = firn_arena_str(f->reject_arena, r->path),
        .reason = firn_arena_str(f->reject_arena, r->reason),
        .landed = landed,
        .value = landed ? firn_arena_str(f->reject_arena, r->value) : (firn_str){NULL, 0},
        .binary = f->conf->decoder->text && !landed,
        .raw = firn_arena_copy(f->reject_arena, kept_of(b, rec)),
    };
    firn_code code = landed ? FIRN_OK : text_of(f, b, r->record, &x.text, err);
    if (!code && x.path.p && x.reason.p && x.raw.p &&
        firn_vec_push(f->reject_arena, &f->rejects, x))
        return FIRN_OK;
    if (!code)
        firn_arena_raise(f->reject_arena, err);
    return firn_err_advise(err, "the rejected records do not fit into memory: look at the first of "
                                "them with a smaller rejects.max");
}

/* The first in the files' order; with several threads it need not be the first one found. */
static const firn_feed_reject *first_reject(const firn_feed *f)
{
    const firn_feed_reject *first = &f->rejects.v[0];
    for (size_t i = 1; i < f->rejects.n; i++) {
        const firn_feed_reject *r = &f->rejects.v[i];
        if (r->file < first->file || (r->file == first->file && r->offset < first->offset))
            first = r;
    }
    return first;
}

static firn_code too_many(const firn_feed *f, firn_err *err)
{
    const firn_feed_reject *r = first_reject(f);
    firn_raise(err, FIRN_E_LIMIT,
               "%zu of %llu records were rejected, the first in %s %s %llu: "
               "%.*s",
               f->rejects.n, (unsigned long long)f->totals.records,
               firn_quote(f->conf->files[r->file].name).s, line_word(f),
               (unsigned long long)r->line, FIRN_STR_ARG(r->reason));
    return firn_err_advise(err, "nothing was landed; give the columns their types, or raise "
                                "rejects.max and rejects.max_ratio");
}

/* A flood ends the run as soon as it is one. */
static firn_code check_rejects(const firn_feed *f, firn_err *err)
{
    double share = f->totals.records ? (double)f->rejects.n / (double)f->totals.records : 0;
    bool by_share = f->totals.records > RATIO_FROM && share > f->conf->rejects_ratio;
    if (f->rejects.n <= f->conf->rejects_max && !by_share)
        return FIRN_OK;
    return too_many(f, err);
}

/* A value that must not be there ends the landing. */
static firn_code breach(const firn_feed *f, const feed_slot *s, const firn_reject *r, firn_err *err)
{
    firn_raise(err, FIRN_E_DATA, "%s %s %llu: %s: %.*s", firn_quote(f->conf->files[s->file].name).s,
               line_word(f), (unsigned long long)firn_batch_line(&s->raw->batch, r->record),
               firn_quote(r->path).s, FIRN_STR_ARG(r->reason));
    firn_err_id(err, FIRN_ID_BREACH);
    return firn_err_advise(err, "nothing was landed: the stream's contract (freeze) or "
                                "on_conflict_of_types (fail) says so; discard_value lands the "
                                "record without the value, reject puts it aside");
}

firn_code firn_feed_account(firn_feed *f, const feed_slot *s, uint64_t records,
                            const firn_rejects *rejects, firn_err *err)
{
    firn_code code = FIRN_OK;
    pthread_mutex_lock(&f->lock);
    f->totals.records += records;
    f->files[s->file].result.records += records;
    f->totals.duplicate_keys += rejects->duplicate_keys;
    for (size_t i = 0; code == FIRN_OK && i < rejects->n; i++)
        code = rejects->v[i].fatal ? breach(f, s, &rejects->v[i], err)
                                   : add_reject(f, s, &rejects->v[i], err);
    for (size_t i = 0; code == FIRN_OK && i < rejects->conflicts.n; i++)
        code = firn_conflicts_add(&f->conflicts, &rejects->conflicts.v[i], f->reject_arena, err);
    f->conflicts.residual += rejects->conflicts.residual;
    if (code == FIRN_OK && f->rejects.n > f->conf->rejects_max)
        code = too_many(f, err);
    pthread_mutex_unlock(&f->lock);
    return code;
}

firn_code firn_feed_end_unit(firn_feed *f, uint64_t *ret_bytes, firn_err *err)
{
    pthread_mutex_lock(&f->lock);
    *ret_bytes = f->unit_bytes;
    firn_code code = check_rejects(f, err);
    pthread_mutex_unlock(&f->lock);
    return code;
}

/* --- what the caller asks ------------------------------------------------------------------ */

const firn_feed_reject *firn_feed_rejects(const firn_feed *f, size_t *ret_count)
{
    *ret_count = f->rejects.n;
    return f->rejects.v;
}

firn_feed_seen_result firn_feed_seen(const firn_feed *f)
{
    return (firn_feed_seen_result){f->seen, f->looked_at, &f->conflicts};
}

const firn_layout_note *firn_feed_notes(const firn_feed *f, size_t *ret_count)
{
    *ret_count = f->notes.n;
    return f->notes.v;
}

firn_feed_totals firn_feed_total(firn_feed *f)
{
    pthread_mutex_lock(&f->lock);
    firn_feed_totals t = f->totals;
    t.waiting = FIRN_MIN((uint64_t)f->queued_cost, t.bytes);
    pthread_mutex_unlock(&f->lock);
    return t;
}

const firn_feed_file *firn_feed_files(const firn_feed *f)
{
    for (size_t i = 0; i < f->conf->file_count; i++)
        f->results[i] = f->files[i].result;
    return f->results;
}

/* --- opening and closing ------------------------------------------------------------------- */

static firn_code prepare(firn_feed *f, firn_err *err)
{
    size_t n = f->conf->file_count;
    f->arena = firn_arena_new("the layout of a stream", 0);
    f->reject_arena = firn_arena_new("rejected records", REJECTS_BYTES);
    if (!f->arena || !f->reject_arena)
        return firn_raise_nomem(err);
    f->files = firn_arena_array(f->arena, n, sizeof *f->files);
    f->results = firn_arena_array(f->arena, n, sizeof *f->results);
    f->threads = firn_arena_array(f->arena, f->conf->readers, sizeof *f->threads);
    if (!f->files || !f->results || !f->threads)
        return firn_arena_raise(f->arena, err);
    if (f->conf->infer_full && !f->layout && !f->conf->parts)
        FIRN_TRY(firn_feed_survey(f, err));
    return firn_feed_start_readers(f, err);
}

firn_code firn_feed_open(const firn_feed_conf *conf, firn_feed **ret, firn_err *err)
{
    firn_feed *f = firn_mem_alloc(sizeof *f);
    if (!f)
        return firn_raise_nomem(err);
    memset(f, 0, sizeof *f);
    f->conf = conf;
    f->layout = conf->layout;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    firn_code code = prepare(f, err);
    if (code != FIRN_OK) {
        firn_feed_close(f);
        return code;
    }
    *ret = f;
    return FIRN_OK;
}

static void close_files(firn_feed *f)
{
    for (size_t i = 0; f->files && i < f->conf->file_count; i++) {
        feed_file *file = &f->files[i];
        for (size_t k = 0; k < file->slots.n; k++)
            free_slot(f, file->slots.v[k]);
        firn_feed_drop_file(file);
    }
}

void firn_feed_close(firn_feed *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    if (f->err.code == FIRN_OK)
        firn_raise(&f->err, FIRN_E_CANCELLED, "cancelled");
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    for (size_t i = 0; i < f->thread_count; i++)
        pthread_join(f->threads[i], NULL);
    close_files(f);
    firn_arena_free(f->reject_arena);
    firn_arena_free(f->arena);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    firn_mem_free(f);
}
