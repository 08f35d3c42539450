/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/views.h"

#include "base/str.h"
#include "iceberg/view_metadata.h"

#include <stdlib.h>

static bool same_name(firn_ident x, firn_ident y)
{
    return firn_str_ieq(x.ns, y.ns) && firn_str_ieq(x.name, y.name);
}

const firn_view_def *firn_view_among(const firn_view_def *views, size_t count, firn_ident ident)
{
    for (size_t i = 0; i < count; i++)
        if (same_name(views[i].ident, ident))
            return &views[i];
    return NULL;
}

/* --- views of the catalog ------------------------------------------------------------------ */

static firn_code read_docs(const firn_type *columns, firn_arena *a, firn_view_def *ret,
                           firn_err *err)
{
    firn_str *docs = firn_arena_array(a, 2 * columns->field_count, sizeof *docs);
    if (!docs)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < columns->field_count; i++) {
        if (!columns->fields[i].doc.p)
            continue;
        docs[2 * ret->doc_count] = columns->fields[i].name;
        docs[2 * ret->doc_count++ + 1] = columns->fields[i].doc;
    }
    ret->docs = docs;
    return FIRN_OK;
}

firn_code firn_view_stored(firn_catalog *c, const firn_io *io, firn_ident ident, firn_arena *a,
                           const firn_view_def **ret, firn_err *err)
{
    const firn_view_metadata *m;
    firn_view_def *v = firn_arena_zalloc(a, sizeof *v);
    if (!v)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_view_load(c, io, ident, a, &m, err));
    bool ours = firn_str_ieq(m->dialect, FIRN_STR_LIT(FIRN_VIEW_DIALECT));
    const char *file = firn_arena_printf(
        a, "view %.*s.%.*s%s%.*s%s", FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name),
        ours ? "" : " (", ours ? 0 : (int)m->dialect.n, m->dialect.p, ours ? "" : ")");
    if (!file)
        return firn_arena_raise(a, err);
    v->ident = ident;
    v->sql = m->sql;
    v->origin = (firn_sql_origin){.file = file, .line = 1, .column = 1};
    v->description = firn_view_property(m, "comment");
    FIRN_TRY(read_docs(&m->schema.type, a, v, err));
    *ret = v;
    return FIRN_OK;
}

/* --- names --------------------------------------------------------------------------------- */

static int by_name(const void *x, const void *y)
{
    const firn_ident *a = x;
    const firn_ident *b = y;
    int c = firn_str_cmp(a->ns, b->ns);
    return c ? c : firn_str_cmp(a->name, b->name);
}

firn_code firn_views_list(const firn_view_def *views, size_t view_count, firn_catalog *c,
                          firn_arena *a, firn_ident **ret, size_t *ret_count, firn_err *err)
{
    firn_ident *stored = NULL;
    size_t stored_count = 0;
    size_t n = 0;
    if (c && c->ops->list_views)
        FIRN_TRY(c->ops->list_views(c, a, &stored, &stored_count, err));
    firn_ident *all = firn_arena_array(a, view_count + stored_count, sizeof *all);
    if (!all)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < view_count; i++)
        all[n++] = views[i].ident;
    for (size_t i = 0; i < stored_count; i++)
        if (!firn_view_among(views, view_count, stored[i]))
            all[n++] = stored[i];
    if (n)
        qsort(all, n, sizeof *all, by_name);
    *ret = all;
    *ret_count = n;
    return FIRN_OK;
}
