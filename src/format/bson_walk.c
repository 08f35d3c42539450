/* SPDX-License-Identifier: Apache-2.0 */
/* Does a batch fit its layout?  The fast loop answers for whole documents; what it does not take is
 * looked at as JSON. */
#define FIRN_BSON_STORE 0
#include "format/bson_fast.h"

#include "format/bson_slow.h"
#include "format/json.h"

/* One call of walk. */
typedef struct walker {
    firn_json_run run;
    firn_json_walker *slow;
    const firn_layout *layout;
    firn_shape *seen;
    firn_arena *a;     /* of the shapes */
    firn_arena *texts; /* of one document */
    bool misfit;
} walker;

static firn_code see_as_json(walker *w, firn_str document)
{
    firn_str text;
    firn_bson_why why;
    firn_err *err = w->run.err;
    if (!w->slow)
        FIRN_TRY(firn_json_walker_open(w->layout, w->a, &w->slow, err));
    FIRN_TRY(firn_bson_to_json(document, w->texts, &text, &why, err));
    if (text.p) /* else fill says what is wrong */
        FIRN_TRY(firn_json_walker_see(w->slow, text, w->seen, &w->misfit));
    firn_arena_reset(w->texts);
    return FIRN_OK;
}

/* Without a layout; unreadable documents are left to fill. */
static firn_code see_all(walker *w, firn_str document)
{
    firn_bson_why why;
    firn_slice bytes = {(const uint8_t *)document.p, document.n};
    if (!firn_bson_check(bytes, &why))
        return FIRN_OK;
    w->misfit = true;
    return firn_bson_see(bytes, w->seen, w->a, w->run.err);
}

static firn_code walk_batch(walker *w, const firn_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const firn_record *rec = &b->records[i];
        if (rec->flags & FIRN_REC_OVERSIZE)
            continue;
        firn_str document = firn_json_span(b, rec, w->run.plan);
        if (!document.p)
            return firn_arena_raise(w->run.plan, w->run.err);
        if (w->layout && bson_record(&w->run, 0, document))
            continue;
        FIRN_TRY(w->run.code);
        FIRN_TRY(w->layout ? see_as_json(w, document) : see_all(w, document));
    }
    return FIRN_OK;
}

firn_code firn_bson_walk(const firn_batch *b, const firn_layout *layout, firn_shape *seen,
                         firn_arena *a, bool *ret_misfit, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *plan = firn_arena_new("a plan", 0);
    FIRN_AUTO(firn_arena_freep) firn_arena *texts = firn_arena_new("a document", 0);
    if (!plan || !texts)
        return firn_raise_nomem(err);
    walker w = {.layout = layout, .seen = seen, .a = a, .texts = texts};
    w.run = (firn_json_run){.arena = plan, .scratch = texts, .plan = plan, .bson = true};
    w.run.err = err;
    if (layout)
        FIRN_TRY(firn_json_plan(&w.run, layout, NULL, err));
    firn_code code = walk_batch(&w, b);
    firn_json_walker_close(w.slow);
    if (code == FIRN_OK)
        *ret_misfit = w.misfit;
    return code;
}
