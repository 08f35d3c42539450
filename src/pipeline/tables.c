/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables a statement reads, in which state. */
#include "pipeline/tables.h"

#include "base/str.h"
#include "engine/sql.h"

#include <string.h>

/* A name that a statement may use. */
typedef struct known_name {
    bool is_view;
    const firn_view_def *view;     /* of a view; NULL: the catalog has it, not loaded yet */
    const firn_metadata *metadata; /* of a table; NULL: not loaded yet */
    size_t used;                   /* of a view: its place among those used + 1; 0: not used yet */
    bool open;                     /* a view whose own statement is being read */
} known_name;

typedef struct finding {
    firn_context *run;
    firn_arena *a;
    bool listed; /* the catalog was asked */
    firn_sql_known known;
    known_name *names; /* one for each known table */
    FIRN_VEC(firn_input) inputs;
    FIRN_VEC(firn_used_view) views;
    firn_session *session; /* for times to be computed; opened when there is one */
} finding;

/* One statement whose names are looked up: the whole one, or a view's. */
typedef struct reading {
    firn_str sql;
    const firn_sql_origin *origin;
    firn_refs *refs;
    unsigned meta_columns;
    unsigned depth; /* of views in views */
} reading;

/* --- columns that no file has -------------------------------------------------------------- */

static firn_code find_meta_columns(firn_str sql, firn_arena *a, unsigned *ret, firn_err *err)
{
    *ret = 0;
    firn_sql_token t = firn_sql_next(sql, 0);
    for (; t.kind != FIRN_SQL_END; t = firn_sql_next(sql, t.offset + t.length)) {
        firn_str name;
        size_t mark = t.kind == FIRN_SQL_QUOTED;
        bool candidate =
            firn_sql_is_identifier(t) && t.length > mark && sql.p[t.offset + mark] == '_';
        if (!candidate)
            continue;
        FIRN_TRY(firn_sql_unquote(sql, t, a, &name, err));
        *ret |= firn_meta_column_of(name);
    }
    return FIRN_OK;
}

/* --- times that must be computed ----------------------------------------------------------- */

static firn_code read_time(const firn_engine_ops *ops, firn_result *r, int64_t *ret, firn_err *err)
{
    const firn_column *root;
    size_t rows;
    FIRN_TRY(ops->next(r, &root, &rows, err));
    bool there = rows && root->child_count == 1 && firn_column_is_valid(&root->children[0], 0);
    if (!there)
        return firn_raise(err, FIRN_E_SQL, "the time is null");
    *ret = ((const int64_t *)root->children[0].data)[0];
    return FIRN_OK;
}

static firn_code query_time(finding *f, firn_str sql, int64_t *ret, firn_err *err)
{
    firn_result *r;
    if (!f->session)
        FIRN_TRY(firn_context_session(f->run, &f->session, err));
    FIRN_TRY(f->run->ops->query(f->session, sql, &r, err));
    firn_code code = read_time(f->run->ops, r, ret, err);
    f->run->ops->result_close(r);
    return code;
}

static firn_code compute_time(finding *f, const reading *r, const firn_sql_ref *ref, firn_at *at,
                              firn_err *err)
{
    firn_err local = {0};
    if (!ref->at.expr.p || query_time(f, ref->at.expr, &at->timestamp_ms, &local) == FIRN_OK)
        return FIRN_OK;
    firn_sql_locate(&local, (firn_str){NULL, 0}, &(firn_sql_origin){.line = 1, .column = 1});
    firn_raise(err, local.code, "this is no time: %s", local.text);
    firn_err_advise(err, "write TIMESTAMP '2026-11-01 10:00:00' (UTC), "
                         "TIMESTAMP '2026-11-01 10:00:00+02:00' or DATE '2026-11-01'");
    return firn_sql_place(err, r->sql, ref->at.offset, r->origin);
}

/* --- inputs -------------------------------------------------------------------------------- */

static firn_code load_table(finding *f, const firn_sql_ref *ref, firn_input *in, firn_err *err)
{
    known_name *known = &f->names[ref->table];
    in->ident = f->known.tables[ref->table];
    in->io = f->run->io;
    if (!known->metadata)
        FIRN_TRY(
            firn_table_load(f->run->catalog, f->run->io, in->ident, f->a, &known->metadata, err));
    in->metadata = known->metadata;
    return FIRN_OK;
}

static firn_code load_located(finding *f, const reading *r, const firn_sql_ref *ref, firn_input *in,
                              firn_err *err)
{
    const firn_sql_call *c = ref->call;
    const firn_located_conf conf = {
        .where = c->where, .moved = c->moved, .moved_from = c->moved_from, .version = c->version};
    firn_located *t = firn_arena_zalloc(f->a, sizeof *t);
    if (!t)
        return firn_arena_raise(f->a, err);
    firn_code code = firn_located_load(f->run->env, &conf, f->a, t, err);
    if (code != FIRN_OK && err) {
        err->where[0] = '\0';
        return firn_sql_place(err, r->sql, ref->name.starts[0], r->origin);
    }
    in->ident = (firn_ident){.ns = FIRN_STR_LIT(""), .name = c->where};
    in->metadata = t->metadata;
    in->io = t->io;
    in->located = t;
    return code;
}

static firn_code resolve_state(finding *f, const reading *r, const firn_sql_ref *ref,
                               firn_input *in, firn_err *err)
{
    firn_at at = ref->at.at;
    FIRN_TRY(compute_time(f, r, ref, &at, err));
    firn_code code = firn_at_resolve(in->metadata, &at, &in->snapshot, &in->schema, err);
    if (code == FIRN_OK)
        return FIRN_OK;
    if (in->located)
        firn_wrap(err, "%s", firn_quote(in->ident.name).s);
    else
        firn_wrap(err, "table %.*s.%.*s", FIRN_STR_ARG(in->ident.ns), FIRN_STR_ARG(in->ident.name));
    return firn_sql_place(err, r->sql, ref->at.offset, r->origin);
}

static firn_code open_metadata_table(finding *f, const reading *r, const firn_sql_ref *ref,
                                     firn_input *in, firn_err *err)
{
    firn_metadata_table_kind kind;
    if (!ref->metadata.p || !firn_metadata_table_find(ref->metadata, &kind))
        return FIRN_OK;
    in->metadata_word = firn_str_of(firn_metadata_table_word(kind));
    if (ref->at.at.kind && !firn_metadata_table_takes_at(kind)) {
        firn_raise(err, FIRN_E_SQL, "%.*s of a table are those of all its history",
                   FIRN_STR_ARG(in->metadata_word));
        firn_err_advise(err, "leave the clause out");
        return firn_sql_place(err, r->sql, ref->at.offset, r->origin);
    }
    return firn_metadata_table_open(in->io, in->metadata, in->snapshot, kind, f->a,
                                    &in->metadata_table, err);
}

static bool same_input(const firn_input *x, const firn_input *y)
{
    return !x->located && !y->located && x->metadata == y->metadata && x->snapshot == y->snapshot &&
           x->schema == y->schema && firn_str_eq(x->metadata_word, y->metadata_word);
}

static bool clash(const firn_in_engine *x, firn_ident name)
{
    return firn_str_ieq(x->name.ns, name.ns) && firn_str_ieq(x->name.name, name.name);
}

static bool is_taken(const finding *f, firn_ident name)
{
    for (size_t i = 0; i < f->inputs.n; i++)
        if (clash(&f->inputs.v[i].in_engine, name))
            return true;
    for (size_t i = 0; i < f->views.n; i++)
        if (clash(&f->views.v[i].in_engine, name))
            return true;
    return false;
}

/* raw.orders again, in another state: _1$raw.orders. */
static firn_code make_unique(const finding *f, firn_in_engine *x, firn_err *err)
{
    firn_str ns = x->name.ns;
    for (unsigned n = 1; is_taken(f, x->name); n++) {
        const char *prefix = firn_arena_printf(f->a, "_%u$", n);
        const char *text =
            prefix ? firn_arena_printf(f->a, "%s%.*s", prefix, FIRN_STR_ARG(ns)) : NULL;
        if (!text)
            return firn_arena_raise(f->a, err);
        x->prefix = firn_str_of(prefix);
        x->name.ns = firn_str_of(text);
    }
    return FIRN_OK;
}

/* The names in the engine, as short as in the statement. */
static firn_code name_input(finding *f, firn_input *in, firn_err *err)
{
    firn_in_engine *x = &in->in_engine;
    x->prefix = (firn_str){"", 0};
    if (in->located) {
        x->name = (firn_ident){FIRN_STR_LIT("main"), FIRN_STR_LIT("iceberg")};
        return make_unique(f, x, err);
    }
    FIRN_TRY(firn_sql_flat_namespace(in->ident.ns, f->a, &x->name.ns, err));
    x->name.name = in->ident.name;
    if (in->metadata_word.p) {
        const char *name = firn_arena_printf(f->a, "%.*s$%.*s", FIRN_STR_ARG(in->ident.name),
                                             FIRN_STR_ARG(in->metadata_word));
        if (!name)
            return firn_arena_raise(f->a, err);
        x->name.name = firn_str_of(name);
    }
    return make_unique(f, x, err);
}

static firn_code add_input(finding *f, const reading *r, const firn_sql_ref *ref,
                           firn_ref_target *ret, firn_err *err)
{
    firn_input in = {.meta_columns = r->meta_columns};
    FIRN_TRY(ref->call ? load_located(f, r, ref, &in, err) : load_table(f, ref, &in, err));
    FIRN_TRY(resolve_state(f, r, ref, &in, err));
    FIRN_TRY(open_metadata_table(f, r, ref, &in, err));
    for (size_t i = 0; i < f->inputs.n; i++) {
        if (!same_input(&f->inputs.v[i], &in))
            continue;
        f->inputs.v[i].meta_columns |= in.meta_columns;
        *ret = (firn_ref_target){FIRN_REF_INPUT, i};
        return FIRN_OK;
    }
    FIRN_TRY(name_input(f, &in, err));
    *ret = (firn_ref_target){FIRN_REF_INPUT, f->inputs.n};
    return firn_vec_push(f->a, &f->inputs, in) ? FIRN_OK : firn_arena_raise(f->a, err);
}

/* --- views --------------------------------------------------------------------------------- */

static firn_code read_names(finding *f, reading *r, firn_err *err);

static firn_code refuse_state(const reading *r, firn_ident view, const firn_sql_ref *ref,
                              firn_err *err)
{
    if (ref->metadata.p)
        firn_raise(err, FIRN_E_SQL, "%.*s.%.*s is a view: it has no %s", FIRN_STR_ARG(view.ns),
                   FIRN_STR_ARG(view.name), firn_quote(ref->metadata).s);
    else
        firn_raise(err, FIRN_E_SQL,
                   "%.*s.%.*s is a view: it has no states of its own, only the tables it reads do",
                   FIRN_STR_ARG(view.ns), FIRN_STR_ARG(view.name));
    if (ref->metadata.p)
        firn_err_advise(err, "ask one of the tables that it reads");
    else
        firn_err_advise(err, "put the clause behind the tables in its statement, or make it a "
                             "table: materialize: table");
    size_t at = ref->metadata.p ? ref->name.starts[0] : ref->at.offset;
    return firn_sql_place(err, r->sql, at, r->origin);
}

static firn_code refuse_circle(const reading *r, const firn_view_def *v, const firn_sql_ref *ref,
                               firn_err *err)
{
    firn_raise(err, FIRN_E_CONFIG, "view %.*s.%.*s stands on itself", FIRN_STR_ARG(v->ident.ns),
               FIRN_STR_ARG(v->ident.name));
    firn_err_advise(err, "take it out of this FROM; a view may name tables and other views");
    firn_sql_place(err, r->sql, ref->name.starts[0], r->origin);
    return FIRN_E_CONFIG;
}

static firn_code refuse_depth(const reading *r, const firn_sql_ref *ref, firn_err *err)
{
    firn_raise(err, FIRN_E_LIMIT, "views stand on views more than %d deep", FIRN_VIEW_DEPTH_MAX);
    firn_err_advise(err, "make one of them a table: materialize: table");
    firn_sql_place(err, r->sql, ref->name.starts[0], r->origin);
    return FIRN_E_LIMIT;
}

/* Reads the view's own statement first, so that what it stands on comes before it. */
static firn_code use_view(finding *f, const reading *r, const firn_sql_ref *ref, firn_err *err)
{
    known_name *known = &f->names[ref->table];
    if (!known->view)
        FIRN_TRY(firn_view_stored(f->run->catalog, f->run->io, f->known.tables[ref->table], f->a,
                                  &known->view, err));
    firn_used_view v = {.def = known->view};
    if (known->open)
        return refuse_circle(r, v.def, ref, err);
    if (r->depth >= FIRN_VIEW_DEPTH_MAX)
        return refuse_depth(r, ref, err);
    reading inner = {
        .sql = v.def->sql, .origin = &v.def->origin, .refs = &v.refs, .depth = r->depth + 1};
    known->open = true;
    FIRN_TRY(read_names(f, &inner, err));
    known->open = false;
    FIRN_TRY(firn_sql_flat_namespace(v.def->ident.ns, f->a, &v.in_engine.name.ns, err));
    v.in_engine.name.name = v.def->ident.name;
    v.in_engine.prefix = (firn_str){"", 0};
    FIRN_TRY(make_unique(f, &v.in_engine, err));
    if (!firn_vec_push(f->a, &f->views, v))
        return firn_arena_raise(f->a, err);
    known->used = f->views.n;
    return FIRN_OK;
}

static firn_code add_view(finding *f, const reading *r, const firn_sql_ref *ref,
                          firn_ref_target *ret, firn_err *err)
{
    const known_name *known = &f->names[ref->table];
    if (ref->at.at.kind || ref->metadata.p)
        return refuse_state(r, f->known.tables[ref->table], ref, err);
    if (!known->used)
        FIRN_TRY(use_view(f, r, ref, err));
    *ret = (firn_ref_target){FIRN_REF_VIEW, known->used - 1};
    return FIRN_OK;
}

/* --- a statement --------------------------------------------------------------------------- */

/* lake.raw.orders.id: the input or view that it is a column of. */
static firn_ref_target target_of_column(const finding *f, const firn_sql_ref *ref)
{
    const known_name *known = &f->names[ref->table];
    if (known->is_view)
        return known->used ? (firn_ref_target){FIRN_REF_VIEW, known->used - 1}
                           : (firn_ref_target){FIRN_REF_NONE, 0};
    for (size_t i = 0; i < f->inputs.n; i++) {
        const firn_input *in = &f->inputs.v[i];
        if (!in->located && firn_ident_eq(in->ident, f->known.tables[ref->table]) &&
            (in->metadata_word.p != NULL) == (ref->metadata.p != NULL))
            return (firn_ref_target){FIRN_REF_INPUT, i};
    }
    return (firn_ref_target){FIRN_REF_NONE, 0};
}

static firn_code add_targets(finding *f, const reading *r, firn_err *err)
{
    firn_refs *refs = r->refs;
    for (size_t i = 0; i < refs->count; i++) {
        const firn_sql_ref *ref = &refs->refs[i];
        bool view = !ref->call && f->names[ref->table].is_view;
        if (ref->column)
            continue;
        FIRN_TRY(view ? add_view(f, r, ref, &refs->targets[i], err)
                      : add_input(f, r, ref, &refs->targets[i], err));
    }
    for (size_t i = 0; i < refs->count; i++)
        if (refs->refs[i].column)
            refs->targets[i] = target_of_column(f, &refs->refs[i]);
    return FIRN_OK;
}

/* A clause needs a table: then those that there are are told. */
static bool may_travel(firn_str sql)
{
    firn_sql_token t = firn_sql_next(sql, 0);
    for (; t.kind != FIRN_SQL_END; t = firn_sql_next(sql, t.offset + t.length))
        if (firn_sql_is_word(sql, t, "at") || firn_sql_is_word(sql, t, "of"))
            return true;
    return false;
}

/* A view of the project stands before what the catalog has under its name, in any case. */
static firn_code list_names(finding *f, firn_err *err)
{
    const firn_context *run = f->run;
    firn_ident *tables;
    firn_ident *views;
    size_t count;
    size_t view_count;
    size_t n = 0;
    FIRN_TRY(run->catalog->ops->list_tables(run->catalog, f->a, &tables, &count, err));
    FIRN_TRY(
        firn_views_list(run->views, run->view_count, run->catalog, f->a, &views, &view_count, err));
    firn_ident *all = firn_arena_array(f->a, count + view_count, sizeof *all);
    f->names = firn_arena_array(f->a, count + view_count, sizeof *f->names);
    if (!all || !f->names)
        return firn_arena_raise(f->a, err);
    for (size_t i = 0; i < view_count; i++) {
        f->names[n].is_view = true;
        f->names[n].view = firn_view_among(run->views, run->view_count, views[i]);
        all[n++] = views[i];
    }
    for (size_t i = 0; i < count; i++)
        if (!firn_view_among(run->views, run->view_count, tables[i]))
            all[n++] = tables[i];
    f->known.tables = all;
    f->known.count = n;
    f->listed = true;
    return FIRN_OK;
}

/* The catalog is asked only where the statement can name a table of it: by a dotted name. */
static firn_code list_known(finding *f, firn_str sql, firn_err *err)
{
    firn_sql_name *names;
    size_t count;
    if (!f->run->catalog || f->listed)
        return FIRN_OK;
    f->known.catalog = f->run->catalog->name;
    FIRN_TRY(firn_sql_names(sql, f->a, &names, &count, err));
    return count || may_travel(sql) ? list_names(f, err) : FIRN_OK;
}

static firn_code read_names(finding *f, reading *r, firn_err *err)
{
    firn_refs *refs = r->refs;
    refs->sql = r->sql;
    FIRN_TRY(list_known(f, r->sql, err));
    FIRN_TRY(firn_sql_refs(r->sql, r->origin, &f->known, f->a, &refs->refs, &refs->count, err));
    refs->targets = firn_arena_array(f->a, refs->count, sizeof *refs->targets);
    if (!refs->targets)
        return firn_arena_raise(f->a, err);
    if (refs->count)
        FIRN_TRY(find_meta_columns(r->sql, f->a, &r->meta_columns, err));
    return add_targets(f, r, err);
}

firn_code firn_tables_find(firn_context *run, firn_str sql, const firn_sql_origin *origin,
                           firn_arena *a, firn_inputs *ret, firn_err *err)
{
    finding f = {.run = run, .a = a};
    *ret = (firn_inputs){.v = NULL};
    reading whole = {.sql = sql, .origin = origin, .refs = &ret->statement};
    firn_code code = read_names(&f, &whole, err);
    if (f.session)
        firn_context_session_close(run, f.session);
    ret->v = f.inputs.v;
    ret->n = f.inputs.n;
    ret->views = f.views.v;
    ret->view_count = f.views.n;
    return code;
}

/* --- tables that are not there ------------------------------------------------------------- */

/* How the engine begins to say that a table is not there. */
#define NO_TABLE "Catalog Error: Table with name "

/* The engine knows only the tables that the statement and the catalog have in common: of one that
 * is not there it would say that not even its namespace is. */
void firn_tables_advise(firn_context *run, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("names", 0);
    firn_ident *tables;
    size_t count;
    firn_str names[512];
    bool missing_table = firn_str_starts(firn_str_of(err->text), NO_TABLE);
    const char *name = missing_table ? err->text + sizeof NO_TABLE - 1 : err->text;
    const char *end = strstr(name, " does not exist");
    if (!a || !missing_table || !end || !run->catalog ||
        run->catalog->ops->list_tables(run->catalog, a, &tables, &count, NULL) != FIRN_OK)
        return;
    firn_str missing = firn_str_trim((firn_str){name, (size_t)(end - name)});
    if (missing.n > 2 && missing.p[0] == '"')
        missing = (firn_str){missing.p + 1, missing.n - 2};
    missing = firn_arena_str(a, missing);
    count = FIRN_MIN(count, FIRN_COUNT_OF(names));
    for (size_t i = 0; i < count; i++)
        names[i] = firn_str_of(firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(tables[i].ns),
                                                 FIRN_STR_ARG(tables[i].name)));
    char where[sizeof err->where];
    memcpy(where, err->where, sizeof where);
    firn_raise(err, FIRN_E_SQL, "there is no table %s", firn_quote(missing).s);
    firn_err_where(err, "%s", where);
    int near = firn_str_nearest(missing, names, count);
    for (size_t i = 0; i < count; i++) /* named without its namespace */
        if (firn_str_ieq(tables[i].name, missing))
            near = (int)i;
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, "tables are named namespace.table; `firn tables` lists them");
}
