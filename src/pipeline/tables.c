/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tables.h"

#include "base/str.h"
#include "engine/prune.h"
#include "engine/sql.h"
#include "engine/sql_front.h"
#include "engine/view.h"

#include <stdio.h>
#include <string.h>

/* --- which tables -------------------------------------------------------------------------- */

/* What stands behind the name of a table is a column. */
static bool is_mentioned(const firn_sql_name *names, size_t count, firn_str catalog, firn_ident t)
{
    for (size_t i = 0; i < count; i++)
        if (firn_sql_name_is(&names[i], catalog, t.ns, t.name))
            return true;
    return false;
}

firn_code firn_tables_find(firn_context *run, firn_str sql, firn_arena *a, firn_input **ret,
                           size_t *ret_count, firn_err *err)
{
    firn_sql_name *names;
    size_t name_count;
    firn_ident *tables = NULL;
    size_t table_count = 0;
    FIRN_VEC(firn_input) inputs = {0};
    *ret = NULL;
    *ret_count = 0;
    if (!run->catalog)
        return FIRN_OK;
    FIRN_TRY(firn_sql_names(sql, a, &names, &name_count, err));
    if (name_count)
        FIRN_TRY(run->catalog->ops->list_tables(run->catalog, a, &tables, &table_count, err));
    for (size_t i = 0; i < table_count; i++) {
        firn_input in = {.ident = tables[i]};
        if (!is_mentioned(names, name_count, run->catalog->name, tables[i]))
            continue;
        FIRN_TRY(firn_table_load(run->catalog, run->io, in.ident, a, &in.metadata, err));
        in.snapshot = firn_metadata_current(in.metadata);
        if (!firn_vec_push(a, &inputs, in))
            return firn_arena_raise(a, err);
    }
    *ret = inputs.v;
    *ret_count = inputs.n;
    return FIRN_OK;
}

/* --- the session's catalog ----------------------------------------------------------------- */

static firn_code exec_buf(const firn_tables *t, const firn_buf *sql, firn_err *err)
{
    return t->run->ops->exec(t->session, firn_buf_str(sql), err);
}

static firn_code qualified(const firn_tables *t, firn_ident ident, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "%s.", t->alias));
    FIRN_TRY(firn_sql_ident(out, ident.ns, err));
    FIRN_TRY(firn_buf_addc(out, '.', err));
    return firn_sql_ident(out, ident.name, err);
}

static firn_code make_schemas(const firn_tables *t, firn_err *err)
{
    for (size_t i = 0; i < t->input_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
        FIRN_TRY(firn_buf_addf(&sql, err, "CREATE SCHEMA IF NOT EXISTS %s.", t->alias));
        FIRN_TRY(firn_sql_ident(&sql, t->inputs[i].ident.ns, err));
        FIRN_TRY(exec_buf(t, &sql, err));
    }
    return FIRN_OK;
}

/* As long as the catalog's own name where that is possible, so that the positions in the engine's
 * messages stay true; unlike any name a person would choose. */
static void make_alias(firn_tables *t)
{
    unsigned n = atomic_fetch_add(&t->run->scratch_next, 1);
    size_t want = FIRN_MIN(t->run->catalog->name.n, sizeof t->alias - 1);
    int len = snprintf(t->alias, sizeof t->alias, "_%u", n);
    for (size_t i = (size_t)len; i < want; i++)
        t->alias[i] = '_';
    t->alias[FIRN_MAX(want, (size_t)len)] = '\0';
}

firn_code firn_tables_open(firn_context *run, firn_session *s, firn_input *inputs, size_t count,
                           firn_arena *a, firn_tables *ret, firn_err *err)
{
    firn_tables t = {.run = run, .session = s, .a = a, .inputs = inputs, .input_count = count};
    char sql[128];
    make_alias(&t);
    snprintf(sql, sizeof sql, "ATTACH ':memory:' AS %s; USE %s", t.alias, t.alias);
    FIRN_TRY(run->ops->exec(s, firn_str_of(sql), err));
    *ret = t;
    firn_code code = make_schemas(&t, err);
    if (code != FIRN_OK)
        firn_tables_close(&t);
    return code;
}

void firn_tables_close(firn_tables *t)
{
    char sql[128];
    firn_err ignored = {0};
    snprintf(sql, sizeof sql, "USE memory; DETACH %s", t->alias);
    firn_code code = t->run->ops->exec(t->session, firn_str_of(sql), &ignored);
    (void)code; /* it goes with the engine */
}

firn_code firn_tables_rewrite(const firn_tables *t, firn_str sql, firn_buf *out, firn_err *err)
{
    firn_str *nested = firn_arena_array(t->a, t->input_count, sizeof *nested);
    size_t count = 0;
    if (!nested)
        return firn_arena_raise(t->a, err);
    for (size_t i = 0; i < t->input_count; i++)
        if (memchr(t->inputs[i].ident.ns.p, '.', t->inputs[i].ident.ns.n))
            nested[count++] = t->inputs[i].ident.ns;
    return firn_sql_rename_tables(sql, t->run->catalog->name, firn_str_of(t->alias), nested, count,
                                  out, err);
}

/* --- pruning ------------------------------------------------------------------------------- */

/* SQL does not tell such columns apart; Iceberg and the files do. */
static firn_code refuse_clashes(const firn_input *in, firn_err *err)
{
    const firn_type *schema = &in->metadata->schema->type;
    for (size_t i = 0; i < schema->field_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (!firn_str_ieq(schema->fields[i].name, schema->fields[k].name))
                continue;
            firn_raise(err, FIRN_E_UNSUPPORTED,
                       "table %.*s.%.*s: columns %s and %s differ only in case",
                       FIRN_STR_ARG(in->ident.ns), FIRN_STR_ARG(in->ident.name),
                       firn_quote(schema->fields[k].name).s, firn_quote(schema->fields[i].name).s);
            return firn_err_advise(err, "SQL does not tell them apart: rename one of them with "
                                        "the engine that made the table");
        }
    }
    return FIRN_OK;
}

static firn_code make_stub(const firn_tables *t, const firn_input *in, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_type *schema = &in->metadata->schema->type;
    FIRN_TRY(firn_buf_adds(&sql, "CREATE TABLE ", err));
    FIRN_TRY(qualified(t, in->ident, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, " (", err));
    for (size_t i = 0; i < schema->field_count; i++) {
        FIRN_TRY(firn_buf_adds(&sql, i ? ", " : "", err));
        FIRN_TRY(firn_sql_ident(&sql, schema->fields[i].name, err));
        FIRN_TRY(firn_buf_addc(&sql, ' ', err));
        FIRN_TRY(firn_sql_type(&sql, &schema->fields[i].type, err));
    }
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    firn_code code = exec_buf(t, &sql, err);
    return code == FIRN_E_SQL && refuse_clashes(in, err) != FIRN_OK ? FIRN_E_UNSUPPORTED : code;
}

static firn_code drop_stub(const firn_tables *t, const firn_input *in, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_adds(&sql, "DROP TABLE ", err));
    FIRN_TRY(qualified(t, in->ident, &sql, err));
    return exec_buf(t, &sql, err);
}

static firn_code read_plan(firn_tables *t, firn_result *r, json_t **ret, firn_err *err)
{
    const firn_column *root;
    size_t rows;
    FIRN_TRY(t->run->ops->next(r, &root, &rows, err));
    if (rows == 0 || root->child_count < 2)
        return firn_raise(err, FIRN_E_BUG, "the engine explained nothing");
    firn_str text = firn_strview_str(&((const firn_strview *)root->children[1].data)[0]);
    return firn_json_parse_loose((firn_slice){(const uint8_t *)text.p, text.n}, ret, err);
}

static firn_code explain(firn_tables *t, firn_str rewritten, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r;
    FIRN_TRY(firn_buf_adds(&sql, FIRN_EXPLAIN, err));
    FIRN_TRY(firn_buf_addstr(&sql, rewritten, err));
    FIRN_TRY(t->run->ops->query(t->session, firn_buf_str(&sql), &r, err));
    firn_code code = read_plan(t, r, ret, err);
    t->run->ops->result_close(r);
    return code;
}

static firn_code set_filters(firn_tables *t, const json_t *plan, firn_err *err)
{
    for (size_t i = 0; i < t->input_count; i++) {
        firn_input *in = &t->inputs[i];
        const char *name =
            firn_arena_printf(t->a, "%s.%.*s.%.*s", t->alias, FIRN_STR_ARG(in->ident.ns),
                              FIRN_STR_ARG(in->ident.name));
        if (!name)
            return firn_arena_raise(t->a, err);
        FIRN_TRY(firn_prune_filter(plan, firn_str_of(name), &in->metadata->schema->type, t->a,
                                   &in->filter, err));
    }
    return FIRN_OK;
}

static firn_code prune(firn_tables *t, firn_str rewritten, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *plan = NULL;
    for (size_t i = 0; i < t->input_count; i++)
        FIRN_TRY(make_stub(t, &t->inputs[i], err));
    FIRN_TRY(explain(t, rewritten, &plan, err));
    FIRN_TRY(set_filters(t, plan, err));
    for (size_t i = 0; i < t->input_count; i++)
        FIRN_TRY(drop_stub(t, &t->inputs[i], err));
    return FIRN_OK;
}

/* The optimizer would fold an empty table away by its statistics: they are left out while plans
 * are made.  The setting is global to the engine, hence the lock. */
firn_code firn_tables_prune(firn_tables *t, firn_str rewritten, firn_err *err)
{
    const firn_engine_ops *ops = t->run->ops;
    pthread_mutex_lock(&t->run->lock);
    firn_code code = ops->exec(
        t->session, FIRN_STR_LIT("SET disabled_optimizers = 'statistics_propagation'"), err);
    if (code == FIRN_OK)
        code = prune(t, rewritten, err);
    firn_code reset = ops->exec(t->session, FIRN_STR_LIT("SET disabled_optimizers = ''"),
                                code == FIRN_OK ? err : NULL);
    pthread_mutex_unlock(&t->run->lock);
    return code == FIRN_OK ? reset : code;
}

/* --- views --------------------------------------------------------------------------------- */

static firn_code make_view(firn_tables *t, firn_input *in, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_scan_plan_make(t->run->io, in->metadata, in->snapshot, in->filter, t->a,
                                 &in->plan, err));
    FIRN_TRY(firn_buf_adds(&sql, "CREATE VIEW ", err));
    FIRN_TRY(qualified(t, in->ident, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, " AS ", err));
    FIRN_TRY(firn_view_select(t->run->ops, t->session, in->metadata, in->plan.files, in->plan.count,
                              &sql, err));
    return exec_buf(t, &sql, err);
}

firn_code firn_tables_views(firn_tables *t, firn_err *err)
{
    for (size_t i = 0; i < t->input_count; i++) {
        if (make_view(t, &t->inputs[i], err) != FIRN_OK)
            return firn_wrap(err, "table %.*s.%.*s", FIRN_STR_ARG(t->inputs[i].ident.ns),
                             FIRN_STR_ARG(t->inputs[i].ident.name));
    }
    return FIRN_OK;
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
