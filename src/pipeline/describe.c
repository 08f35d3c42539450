/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/describe.h"

#include "base/str.h"
#include "iceberg/evolve.h"

#include <stdio.h>
#include <string.h>

#define COMMENT "comment"

typedef struct describing {
    firn_context *run;
    const firn_table_conf *conf;
    firn_arena *a;
    const firn_str *paths; /* of conf->docs, as evolve.h has them; .p == NULL: not there */
} describing;

/* lines[].amount → lines.element.amount */
static firn_code path_of(firn_str column, firn_arena *a, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 20);
    for (size_t i = 0; i < column.n; i++) {
        bool list = column.p[i] == '[' && i + 1 < column.n && column.p[i + 1] == ']';
        FIRN_TRY(list ? firn_buf_adds(&path, ".element", err)
                      : firn_buf_addc(&path, column.p[i], err));
        i += list;
    }
    *ret = firn_arena_str(a, firn_buf_str(&path));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_str comment_of(const firn_metadata *m)
{
    const json_t *v = json_object_get(m->properties, COMMENT);
    return json_is_string(v) ? firn_json_text(v) : (firn_str){NULL, 0};
}

static void note_missing(const describing *d, firn_str column)
{
    char text[512];
    snprintf(text, sizeof text, "there is no column %s to be described", firn_quote(column).s);
    firn_event_note(&d->run->events, FIRN_STR_LIT(""), d->conf->ident.ns, d->conf->ident.name,
                    firn_str_of(text));
}

/* Whether anything is to be written. */
static firn_code differs(describing *d, const firn_metadata *m, bool *ret, firn_err *err)
{
    const firn_table_conf *c = d->conf;
    firn_evolution *e;
    firn_str *paths = firn_arena_array(d->a, c->doc_count, sizeof *paths);
    if (!paths)
        return firn_arena_raise(d->a, err);
    *ret = c->description.p && !firn_str_eq(comment_of(m), c->description);
    FIRN_TRY(firn_evolve_begin(m, d->a, &e, err));
    for (size_t i = 0; i < c->doc_count; i++) {
        FIRN_TRY(path_of(c->docs[i].column, d->a, &paths[i], err));
        const firn_field *f = firn_evolve_column(e, paths[i]);
        if (!f) {
            note_missing(d, c->docs[i].column);
            paths[i] = (firn_str){NULL, 0};
            continue;
        }
        *ret = *ret || !firn_str_eq(f->doc, c->docs[i].text);
    }
    d->paths = paths;
    return FIRN_OK;
}

static firn_code evolve(void *arg, const firn_metadata *base, firn_arena *a, firn_updates *u,
                        firn_err *err)
{
    const describing *d = arg;
    const firn_table_conf *c = d->conf;
    firn_evolution *e;
    FIRN_TRY(firn_evolve_begin(base, a, &e, err));
    if (c->description.p)
        FIRN_TRY(firn_evolve_set_property(e, FIRN_STR_LIT(COMMENT), c->description, err));
    for (size_t i = 0; i < c->doc_count; i++)
        if (d->paths[i].p && firn_evolve_column(e, d->paths[i]))
            FIRN_TRY(firn_evolve_column_doc(e, d->paths[i], c->docs[i].text, err));
    return firn_evolve_updates(e, u, err);
}

static firn_code write_it(describing *d, const firn_metadata *m, firn_err *err)
{
    firn_commit_ctx ctx = firn_context_commit(d->run);
    firn_table_result result;
    const firn_table_change change = {.ident = d->conf->ident,
                                      .start = m,
                                      .evolve = evolve,
                                      .evolve_arg = d,
                                      .operation = FIRN_OP_NONE};
    return firn_commit(&ctx, &change, 1, d->a, &result, err);
}

firn_code firn_describe(firn_context *run, const firn_table_conf *conf, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = NULL;
    const firn_metadata *m;
    bool changes;
    firn_err local = {0};
    if (!conf->description.p && conf->doc_count == 0)
        return FIRN_OK;
    a = firn_arena_new("a description", 0);
    if (!a)
        return firn_raise_nomem(err);
    describing d = {.run = run, .conf = conf, .a = a};
    firn_code code = firn_table_load(run->catalog, run->io, conf->ident, a, &m, &local);
    if (code == FIRN_E_NOTFOUND)
        return FIRN_OK;
    if (code != FIRN_OK) {
        *err = local;
        return code;
    }
    FIRN_TRY(differs(&d, m, &changes, err));
    return changes ? write_it(&d, m, err) : FIRN_OK;
}
