/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables a statement reads, in which state. */
#include "pipeline/tables.h"

#include "base/str.h"
#include "engine/sql.h"

#include <string.h>

#define NO_INPUT SIZE_MAX

typedef struct finding {
    firn_context *run;
    firn_str sql;
    const firn_sql_origin *origin;
    firn_arena *a;
    firn_sql_known known;
    const firn_metadata **loaded; /* by place in the catalog's list; NULL: not yet */
    FIRN_VEC(firn_input) inputs;
    firn_session *session; /* for times to be computed; opened when there is one */
} finding;

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

static firn_code compute_time(finding *f, const firn_sql_ref *ref, firn_at *at, firn_err *err)
{
    firn_err local = {0};
    if (!ref->at.expr.p || query_time(f, ref->at.expr, &at->timestamp_ms, &local) == FIRN_OK)
        return FIRN_OK;
    firn_sql_locate(&local, (firn_str){NULL, 0}, &(firn_sql_origin){NULL, 1, 1});
    firn_raise(err, local.code, "this is no time: %s", local.text);
    firn_err_advise(err, "write TIMESTAMP '2026-11-01 10:00:00' (UTC), "
                         "TIMESTAMP '2026-11-01 10:00:00+02:00' or DATE '2026-11-01'");
    return firn_sql_place(err, f->sql, ref->at.offset, f->origin);
}

/* --- inputs -------------------------------------------------------------------------------- */

static firn_code load_table(finding *f, const firn_sql_ref *ref, firn_input *in, firn_err *err)
{
    in->ident = f->known.tables[ref->table];
    in->io = f->run->io;
    if (!f->loaded[ref->table])
        FIRN_TRY(firn_table_load(f->run->catalog, f->run->io, in->ident, f->a,
                                 &f->loaded[ref->table], err));
    in->metadata = f->loaded[ref->table];
    return FIRN_OK;
}

static firn_code load_located(finding *f, const firn_sql_ref *ref, firn_input *in, firn_err *err)
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
        return firn_sql_place(err, f->sql, ref->name.starts[0], f->origin);
    }
    in->ident = (firn_ident){.ns = FIRN_STR_LIT(""), .name = c->where};
    in->metadata = t->metadata;
    in->io = t->io;
    in->located = t;
    return code;
}

static firn_code resolve_state(finding *f, const firn_sql_ref *ref, firn_input *in, firn_err *err)
{
    firn_at at = ref->at.at;
    FIRN_TRY(compute_time(f, ref, &at, err));
    firn_code code = firn_at_resolve(in->metadata, &at, &in->snapshot, &in->schema, err);
    if (code == FIRN_OK)
        return FIRN_OK;
    if (in->located)
        firn_wrap(err, "%s", firn_quote(in->ident.name).s);
    else
        firn_wrap(err, "table %.*s.%.*s", FIRN_STR_ARG(in->ident.ns), FIRN_STR_ARG(in->ident.name));
    return firn_sql_place(err, f->sql, ref->at.offset, f->origin);
}

static firn_code open_metadata_table(finding *f, const firn_sql_ref *ref, firn_input *in,
                                     firn_err *err)
{
    firn_metadata_table_kind kind;
    if (!ref->metadata.p || !firn_metadata_table_find(ref->metadata, &kind))
        return FIRN_OK;
    in->metadata_word = firn_str_of(firn_metadata_table_word(kind));
    if (ref->at.at.kind && !firn_metadata_table_takes_at(kind)) {
        firn_raise(err, FIRN_E_SQL, "%.*s of a table are those of all its history",
                   FIRN_STR_ARG(in->metadata_word));
        firn_err_advise(err, "leave the clause out");
        return firn_sql_place(err, f->sql, ref->at.offset, f->origin);
    }
    return firn_metadata_table_open(in->io, in->metadata, in->snapshot, kind, f->a,
                                    &in->metadata_table, err);
}

static bool same_input(const firn_input *x, const firn_input *y)
{
    return !x->located && !y->located && x->metadata == y->metadata && x->snapshot == y->snapshot &&
           x->schema == y->schema && firn_str_eq(x->metadata_word, y->metadata_word);
}

static bool clash(const firn_input *x, firn_str ns, firn_str name)
{
    return firn_str_ieq(x->view.ns, ns) && firn_str_ieq(x->view.name, name);
}

static bool is_taken(const finding *f, firn_str ns, firn_str name)
{
    for (size_t i = 0; i < f->inputs.n; i++)
        if (clash(&f->inputs.v[i], ns, name))
            return true;
    return false;
}

/* raw.orders again, in another state: _1$raw.orders. */
static firn_code make_unique(const finding *f, firn_input *in, firn_err *err)
{
    firn_str ns = in->view.ns;
    for (unsigned n = 1; is_taken(f, in->view.ns, in->view.name); n++) {
        const char *prefix = firn_arena_printf(f->a, "_%u$", n);
        const char *text =
            prefix ? firn_arena_printf(f->a, "%s%.*s", prefix, FIRN_STR_ARG(ns)) : NULL;
        if (!text)
            return firn_arena_raise(f->a, err);
        in->prefix = firn_str_of(prefix);
        in->view.ns = firn_str_of(text);
    }
    return FIRN_OK;
}

/* The names of the view, as short as in the statement. */
static firn_code name_view(finding *f, firn_input *in, firn_err *err)
{
    if (in->located) {
        in->view = (firn_ident){FIRN_STR_LIT("main"), FIRN_STR_LIT("iceberg")};
        return make_unique(f, in, err);
    }
    FIRN_TRY(firn_sql_flat_namespace(in->ident.ns, f->a, &in->view.ns, err));
    in->view.name = in->ident.name;
    if (in->metadata_word.p) {
        const char *name = firn_arena_printf(f->a, "%.*s$%.*s", FIRN_STR_ARG(in->ident.name),
                                             FIRN_STR_ARG(in->metadata_word));
        if (!name)
            return firn_arena_raise(f->a, err);
        in->view.name = firn_str_of(name);
    }
    return make_unique(f, in, err);
}

static firn_code add_input(finding *f, const firn_sql_ref *ref, size_t *ret, firn_err *err)
{
    firn_input in = {.prefix = {"", 0}};
    FIRN_TRY(ref->call ? load_located(f, ref, &in, err) : load_table(f, ref, &in, err));
    FIRN_TRY(resolve_state(f, ref, &in, err));
    FIRN_TRY(open_metadata_table(f, ref, &in, err));
    for (size_t i = 0; i < f->inputs.n; i++) {
        if (!same_input(&f->inputs.v[i], &in))
            continue;
        *ret = i;
        return FIRN_OK;
    }
    FIRN_TRY(name_view(f, &in, err));
    *ret = f->inputs.n;
    return firn_vec_push(f->a, &f->inputs, in) ? FIRN_OK : firn_arena_raise(f->a, err);
}

/* lake.raw.orders.id: the input whose table it is a column of. */
static size_t input_of_column(const finding *f, const firn_sql_ref *ref)
{
    for (size_t i = 0; i < f->inputs.n; i++) {
        const firn_input *in = &f->inputs.v[i];
        if (!in->located && firn_ident_eq(in->ident, f->known.tables[ref->table]) &&
            (in->metadata_word.p != NULL) == (ref->metadata.p != NULL))
            return i;
    }
    return NO_INPUT;
}

static firn_code add_inputs(finding *f, firn_inputs *ret, firn_err *err)
{
    for (size_t i = 0; i < ret->ref_count; i++)
        if (!ret->refs[i].column)
            FIRN_TRY(add_input(f, &ret->refs[i], &ret->input_of_ref[i], err));
    for (size_t i = 0; i < ret->ref_count; i++)
        if (ret->refs[i].column)
            ret->input_of_ref[i] = input_of_column(f, &ret->refs[i]);
    ret->v = f->inputs.v;
    ret->n = f->inputs.n;
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

/* The catalog is asked only where the statement can name a table of it: by a dotted name. */
static firn_code list_known(finding *f, firn_err *err)
{
    firn_sql_name *names;
    firn_ident *tables;
    size_t count;
    if (!f->run->catalog)
        return FIRN_OK;
    f->known.catalog = f->run->catalog->name;
    FIRN_TRY(firn_sql_names(f->sql, f->a, &names, &count, err));
    if (count == 0 && !may_travel(f->sql))
        return FIRN_OK;
    FIRN_TRY(f->run->catalog->ops->list_tables(f->run->catalog, f->a, &tables, &count, err));
    f->loaded = firn_arena_array(f->a, count, sizeof *f->loaded);
    if (!f->loaded)
        return firn_arena_raise(f->a, err);
    f->known.tables = tables;
    f->known.count = count;
    return FIRN_OK;
}

static firn_code find(finding *f, firn_inputs *ret, firn_err *err)
{
    FIRN_TRY(list_known(f, err));
    FIRN_TRY(firn_sql_refs(f->sql, f->origin, &f->known, f->a, &ret->refs, &ret->ref_count, err));
    ret->input_of_ref = firn_arena_array(f->a, ret->ref_count, sizeof *ret->input_of_ref);
    if (!ret->input_of_ref)
        return firn_arena_raise(f->a, err);
    FIRN_TRY(add_inputs(f, ret, err));
    return ret->n ? find_meta_columns(f->sql, f->a, &ret->meta_columns, err) : FIRN_OK;
}

firn_code firn_tables_find(firn_context *run, firn_str sql, const firn_sql_origin *origin,
                           firn_arena *a, firn_inputs *ret, firn_err *err)
{
    finding f = {.run = run, .sql = sql, .origin = origin, .a = a};
    *ret = (firn_inputs){.sql = sql};
    firn_code code = find(&f, ret, err);
    if (f.session)
        firn_context_session_close(run, f.session);
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
