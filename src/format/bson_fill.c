/* SPDX-License-Identifier: Apache-2.0 */
/* BSON into columns: the fast loop first; what it does not take goes the way of JSON, which either
 * lands it or says exactly why it cannot land. */
#define FIRN_BSON_STORE 1
#include "format/bson_fast.h"

#include "format/bson_slow.h"
#include "format/json.h"

/* One call of fill. */
typedef struct filler {
    firn_json_run run;
    firn_json_filler *slow;
    const firn_layout *layout;
    firn_column *root;
    firn_rejects *rejects;
} filler;

/* --- the way of JSON ----------------------------------------------------------------------- */

firn_code firn_bson_to_json(firn_str document, firn_arena *a, firn_str *ret, firn_bson_why *why,
                            firn_err *err)
{
    static const char slack[FIRN_JSON_SLACK] = {0};
    firn_slice bytes = {(const uint8_t *)document.p, document.n};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(document.n * 24 + 4096);
    *ret = (firn_str){NULL, 0};
    if (!firn_bson_check(bytes, why))
        return FIRN_OK;
    FIRN_TRY(firn_buf_reserve(&out, document.n * 3 + sizeof slack, err));
    FIRN_TRY(firn_bson_print(FIRN_BSON_DOCUMENT, bytes, &out, err));
    size_t n = out.n;
    FIRN_TRY(firn_buf_add(&out, slack, sizeof slack, err));
    firn_slice copy = firn_arena_copy(a, firn_buf_slice(&out));
    if (!copy.p)
        return firn_arena_raise(a, err);
    *ret = (firn_str){(const char *)copy.p, n};
    return FIRN_OK;
}

firn_code firn_bson_text(const firn_batch *b, size_t record, firn_arena *a, firn_str *ret,
                         firn_err *err)
{
    firn_bson_why why;
    const firn_record *rec = &b->records[record];
    firn_str document = {(const char *)b->bytes.p + rec->offset, rec->length};
    firn_str text = {NULL, 0};
    if (!(rec->flags & FIRN_REC_OVERSIZE))
        FIRN_TRY(firn_bson_to_json(document, a, &text, &why, err));
    *ret = text;
    return FIRN_OK;
}

static firn_code reject_unreadable(filler *f, size_t record, const firn_bson_why *why)
{
    return firn_rejects_add(f->rejects, record, why->id, firn_str_of(why->path), f->run.err,
                            "%s, at byte %zu of the document", why->what, why->at);
}

static firn_code land_as_json(filler *f, size_t record, firn_str document, size_t row,
                              bool *ret_landed)
{
    firn_str text;
    firn_bson_why why;
    firn_err *err = f->run.err;
    firn_json_undo(&f->run, row);
    if (!f->slow)
        FIRN_TRY(
            firn_json_filler_open(f->layout, f->root, f->rejects, f->run.arena, &f->slow, err));
    FIRN_TRY(firn_bson_to_json(document, f->run.arena, &text, &why, err));
    if (!text.p)
        return reject_unreadable(f, record, &why);
    return firn_json_filler_land(f->slow, record, text, row, ret_landed);
}

/* --- records ------------------------------------------------------------------------------- */

/* Lands a document in `row`, or rejects it. */
static firn_code fill_record(filler *f, const firn_batch *b, size_t record, size_t row,
                             bool *ret_landed)
{
    firn_json_run *run = &f->run;
    const firn_record *rec = &b->records[record];
    *ret_landed = false;
    if (FIRN_UNLIKELY(rec->flags & FIRN_REC_OVERSIZE))
        return firn_rejects_add(f->rejects, record, FIRN_REJ_OVERSIZE, (firn_str){"", 0}, run->err,
                                "the document is longer than the limit; it begins with the %u "
                                "bytes kept here",
                                rec->length);
    firn_str document = firn_json_span(b, rec, run->arena);
    if (!document.p)
        return firn_arena_raise(run->arena, run->err);
    firn_json_save(run);
    if (FIRN_UNLIKELY(!bson_record(run, row, document)))
        return run->code ? run->code : land_as_json(f, record, document, row, ret_landed);
    *ret_landed = true;
    f->rejects->duplicate_keys += run->duplicate_keys;
    if (!f->layout->residual)
        return FIRN_OK;
    return firn_column_null(&f->root->children[f->layout->residual - 1], row, run->err);
}

static firn_code fill_rows(filler *f, const firn_batch *b, size_t *next, size_t row,
                           size_t max_rows, size_t *ret_rows)
{
    size_t rows = 0;
    while (*next < b->count && rows < max_rows) {
        bool landed;
        FIRN_TRY(fill_record(f, b, *next, row + rows, &landed));
        rows += landed;
        ++*next;
    }
    *ret_rows = rows;
    return FIRN_OK;
}

firn_code firn_bson_fill(const firn_batch *b, size_t *next, const firn_layout *layout,
                         firn_column *root, size_t row, size_t max_rows, size_t *ret_rows,
                         firn_rejects *rejects, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *plan = firn_arena_new("a plan", 0);
    if (!plan)
        return firn_raise_nomem(err);
    filler f = {.layout = layout, .root = root, .rejects = rejects};
    f.run = (firn_json_run){.arena = a, .scratch = plan, .plan = plan, .bson = true};
    FIRN_TRY(firn_json_plan(&f.run, layout, root, err));
    firn_code code = fill_rows(&f, b, next, row, max_rows, ret_rows);
    firn_json_filler_close(f.slow);
    return code;
}
