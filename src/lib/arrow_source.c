/* SPDX-License-Identifier: Apache-2.0 */
/* An Arrow stream as a source of rows.  One worker reads it: streams are for one thread, and the
 * rows stay in order.  A call hands out rows of one batch at most, so that texts may point into it
 * until the next call. */
#include "lib/arrow_read.h"

#include <errno.h>
#include <string.h>

struct firn_arrow_source {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    int64_t at; /* rows of the batch handed out */
    bool done;
    const firn_type *type;
    firn_arrow_plan plan;
    int64_t rows;
};

static firn_code stream_error(struct ArrowArrayStream *s, int code, const char *what, firn_err *err)
{
    const char *text = s->get_last_error ? s->get_last_error(s) : NULL;
    firn_code kind = code == ENOMEM      ? FIRN_E_NOMEM
                     : code == ECANCELED ? FIRN_E_CANCELLED
                                         : FIRN_E_IO;
    return firn_raise(err, kind, "%s of the Arrow stream: %.700s", what,
                      text && text[0] ? text : strerror(code));
}

static void release_batch(firn_arrow_source *s)
{
    if (s->batch.release)
        s->batch.release(&s->batch);
    s->batch.release = NULL;
}

void firn_arrow_source_close(firn_arrow_source *s)
{
    if (!s)
        return;
    release_batch(s);
    if (s->schema.release)
        s->schema.release(&s->schema);
    if (s->stream.release)
        s->stream.release(&s->stream);
    s->schema.release = NULL;
    s->stream.release = NULL;
}

static firn_code read_schema(firn_arrow_source *s, bool ignore_extra, firn_arena *a, firn_err *err)
{
    int code = s->stream.get_schema(&s->stream, &s->schema);
    if (code) {
        s->schema.release = NULL;
        return stream_error(&s->stream, code, "the schema", err);
    }
    if (!s->schema.format || strcmp(s->schema.format, "+s") != 0)
        return firn_raise(err, FIRN_E_INVAL, "the batches of the Arrow stream are no structs");
    bool by_id = s->schema.n_children > 0 && firn_arrow_has_ids(&s->schema);
    return firn_arrow_plan_struct(s->type, &s->schema, "", 0, by_id, ignore_extra, a, &s->plan,
                                  err);
}

firn_code firn_arrow_source_open(struct ArrowArrayStream *stream, const firn_type *want,
                                 bool ignore_extra, firn_arena *a, firn_arrow_source **ret,
                                 firn_err *err)
{
    firn_arrow_source *s = firn_arena_zalloc(a, sizeof *s);
    if (!s) {
        stream->release(stream);
        return firn_arena_raise(a, err);
    }
    s->stream = *stream;
    stream->release = NULL; /* moved */
    s->type = want;
    firn_code code = read_schema(s, ignore_extra, a, err);
    if (code != FIRN_OK) {
        firn_arrow_source_close(s);
        return code;
    }
    *ret = s;
    return FIRN_OK;
}

/* --- the engine's side --------------------------------------------------------------------- */

static firn_code open_worker(void *arg, void **ret, firn_err *err)
{
    (void)err;
    *ret = arg;
    return FIRN_OK;
}

static void close_worker(void *worker)
{
    (void)worker;
}

static firn_code next_batch(firn_arrow_source *s, firn_err *err)
{
    release_batch(s);
    s->at = 0;
    int code = s->stream.get_next(&s->stream, &s->batch);
    if (code) {
        s->batch.release = NULL;
        s->done = true;
        return stream_error(&s->stream, code, "the next batch", err);
    }
    s->done = s->batch.release == NULL;
    return s->done ? FIRN_OK : firn_arrow_check(&s->plan, &s->batch, err);
}

static firn_code fill(void *worker, firn_column *root, size_t max, size_t *ret_rows, firn_err *err)
{
    firn_arrow_source *s = worker;
    *ret_rows = 0;
    while (!s->done && (!s->batch.release || s->at >= s->batch.length))
        FIRN_TRY(next_batch(s, err));
    if (s->done)
        return FIRN_OK;
    size_t n = FIRN_MIN(max, (size_t)(s->batch.length - s->at));
    FIRN_TRY(firn_arrow_fill(&s->plan, &s->batch, s->at, n, root, 0, err));
    s->at += (int64_t)n;
    s->rows += (int64_t)n;
    *ret_rows = n;
    return FIRN_OK;
}

firn_row_source firn_arrow_rows(firn_arrow_source *s)
{
    return (firn_row_source){.type = s->type,
                             .threads = 1,
                             .arg = s,
                             .open_worker = open_worker,
                             .fill = fill,
                             .close_worker = close_worker};
}

int64_t firn_arrow_source_rows(const firn_arrow_source *s)
{
    return s->rows;
}

bool firn_arrow_source_has(const firn_arrow_source *s, size_t index)
{
    return !s->plan.children[index].missing;
}
