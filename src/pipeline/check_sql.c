/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of checks: which rows are looked at, and which of them fail. */
#include "pipeline/checks_int.h"

#include "base/str.h"
#include "engine/sql.h"
#include "iceberg/scan.h"
#include "pipeline/writer.h"

#include <string.h>

/* --- tables that are looked into ----------------------------------------------------------- */

static bool is_itself(const firn_checking *c, const firn_check *k)
{
    return firn_ident_eq(k->to, c->in->ident);
}

/* Collects the tables of a statement that reads them all. */
static firn_code list_others(firn_checking *c, firn_err *err)
{
    c->others = firn_arena_array(c->a, c->in->check_count + 1, sizeof *c->others);
    if (!c->others)
        return firn_arena_raise(c->a, err);
    if (c->in->committed)
        c->others[c->other_count++] = c->in->ident;
    for (size_t i = 0; i < c->in->check_count; i++) {
        const firn_check *k = &c->in->checks[i];
        bool known = k->kind != FIRN_CHECK_RELATIONSHIPS || is_itself(c, k);
        for (size_t j = 0; j < c->other_count; j++)
            known = known || firn_ident_eq(c->others[j], k->to);
        if (!known)
            c->others[c->other_count++] = k->to;
    }
    return FIRN_OK;
}

/* lake."curated"."dim_owner": levels of a namespace stand apart. */
static firn_code add_full_name(const firn_checking *c, firn_ident ident, firn_buf *out,
                               firn_err *err)
{
    FIRN_TRY(firn_sql_ident(out, c->run->catalog->name, err));
    firn_str rest = ident.ns;
    while (rest.p) {
        FIRN_TRY(firn_buf_addc(out, '.', err));
        FIRN_TRY(firn_sql_ident(out, firn_str_cut(&rest, '.'), err));
    }
    FIRN_TRY(firn_buf_addc(out, '.', err));
    return firn_sql_ident(out, ident.name, err);
}

static const firn_check *check_into(const firn_checking *c, firn_ident ident)
{
    for (size_t i = 0; i < c->in->check_count; i++)
        if (c->in->checks[i].kind == FIRN_CHECK_RELATIONSHIPS &&
            firn_ident_eq(c->in->checks[i].to, ident))
            return &c->in->checks[i];
    return NULL;
}

static firn_code not_there(const firn_checking *c, firn_ident ident, firn_err *err)
{
    const firn_check *k = check_into(c, ident);
    firn_raise(err, FIRN_E_NOTFOUND, "there is no table %.*s.%.*s", FIRN_STR_ARG(ident.ns),
               FIRN_STR_ARG(ident.name));
    firn_err_advise(err,
                    "make it first: firn run %.*s.%.*s; `firn tables` lists those that are "
                    "there",
                    FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name));
    if (!k)
        return FIRN_E_NOTFOUND;
    firn_wrap(err, "check %s", firn_quote(k->name).s);
    return firn_err_place(err, k->place);
}

static bool is_there(const firn_checking *c, firn_ident ident)
{
    const firn_metadata *m;
    for (size_t i = 0; i < c->run->view_count; i++)
        if (firn_ident_eq(c->run->views[i].ident, ident))
            return true;
    return firn_table_load(c->run->catalog, c->run->io, ident, c->a, &m, NULL) == FIRN_OK;
}

/* The statement was written here: what is wrong with it is said in words of the check. */
static firn_code explain(const firn_checking *c, firn_err *err)
{
    for (size_t i = 0; err->code == FIRN_E_SQL && i < c->other_count; i++)
        if (!is_there(c, c->others[i]))
            return not_there(c, c->others[i], err);
    return err->code;
}

static firn_code find_others(firn_checking *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_sql_origin origin = {.line = 1, .column = 1};
    FIRN_TRY(firn_buf_adds(&sql, "SELECT 1 FROM ", err));
    for (size_t i = 0; i < c->other_count; i++) {
        FIRN_TRY(firn_buf_adds(&sql, i ? ", " : "", err));
        FIRN_TRY(add_full_name(c, c->others[i], &sql, err));
    }
    firn_str text = firn_arena_str(c->a, firn_buf_str(&sql));
    if (!text.p)
        return firn_arena_raise(c->a, err);
    if (firn_tables_find(c->run, text, &origin, c->a, &c->inputs, err) != FIRN_OK)
        return explain(c, err);
    bool all = c->inputs.statement.count == c->other_count;
    return all ? FIRN_OK : not_there(c, c->others[0], err);
}

static firn_code open_others(firn_checking *c, firn_err *err)
{
    FIRN_TRY(list_others(c, err));
    if (c->other_count == 0)
        return FIRN_OK;
    if (!c->run->catalog)
        return not_there(c, c->others[0], err);
    FIRN_TRY(find_others(c, err));
    FIRN_TRY(firn_tables_open(c->run, c->session, &c->inputs, c->a, &c->tables, err));
    c->tables_open = true;
    return firn_tables_views(&c->tables, err);
}

/* ALIAS."curated"."dim_owner", as the engine knows it. */
static firn_code add_other(const firn_checking *c, firn_ident ident, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < c->other_count; i++) {
        if (!firn_ident_eq(c->others[i], ident))
            continue;
        firn_ref_target t = c->inputs.statement.targets[i];
        const firn_ident *name = t.kind == FIRN_REF_VIEW ? &c->inputs.views[t.index].in_engine.name
                                                         : &c->inputs.v[t.index].in_engine.name;
        FIRN_TRY(firn_buf_addf(out, err, "%s.", c->tables.alias));
        FIRN_TRY(firn_sql_ident(out, name->ns, err));
        FIRN_TRY(firn_buf_addc(out, '.', err));
        return firn_sql_ident(out, name->name, err);
    }
    return firn_raise(err, FIRN_E_BUG, "a table that was not looked for");
}

/* --- rows ---------------------------------------------------------------------------------- */

static firn_code select_fresh(firn_checking *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_written_select(c->run, c->in->schema, c->in->files, c->in->file_count, c->a, &sql,
                                 err));
    c->fresh = firn_arena_str(c->a, firn_buf_str(&sql));
    c->schema = c->in->schema;
    return c->fresh.p ? FIRN_OK : firn_arena_raise(c->a, err);
}

/* The table as it is; its columns are asked of the engine, for a view has no schema. */
static firn_code select_committed(firn_checking *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_statement_kind kind;
    firn_result_column *columns;
    size_t count;
    firn_type *schema = firn_arena_zalloc(c->a, sizeof *schema);
    FIRN_TRY(firn_buf_adds(&sql, "SELECT * FROM ", err));
    FIRN_TRY(add_other(c, c->in->ident, &sql, err));
    c->fresh = firn_arena_str(c->a, firn_buf_str(&sql));
    if (!schema || !c->fresh.p)
        return firn_arena_raise(c->a, err);
    FIRN_TRY(c->run->ops->describe(c->session, c->fresh, c->a, &kind, &columns, &count, err));
    *schema = (firn_type){.kind = FIRN_T_STRUCT, .field_count = count};
    schema->fields = firn_arena_array(c->a, count, sizeof *schema->fields);
    if (!schema->fields)
        return firn_arena_raise(c->a, err);
    for (size_t i = 0; i < count; i++)
        schema->fields[i] = (firn_field){.name = columns[i].name, .type = columns[i].type};
    c->schema = schema;
    c->all = c->fresh;
    return FIRN_OK;
}

firn_code firn_checking_open(firn_checking *c, firn_err *err)
{
    FIRN_TRY(open_others(c, err));
    return c->in->committed ? select_committed(c, err) : select_fresh(c, err);
}

void firn_checking_close(firn_checking *c)
{
    firn_view_close(&c->keep);
    if (c->tables_open)
        firn_tables_close(&c->tables);
}

/* Columns by name; a new column is null in the old rows. */
firn_code firn_checking_all(firn_checking *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_scan_plan plan;
    if (c->all.p)
        return FIRN_OK;
    c->all = c->fresh;
    if (!c->in->before)
        return FIRN_OK;
    const firn_metadata *m = c->in->before;
    FIRN_TRY(firn_scan_plan_make(c->run->io, m, firn_metadata_current(m), NULL, c->a, &plan, err));
    if (plan.count == 0)
        return FIRN_OK;
    const firn_view_request request = {
        .io = c->run->io,
        .metadata = m,
        .schema = m->schema,
        .plan = &plan,
        .memory = firn_shadow_memory(c->run->shadow),
    };
    c->keep = (firn_view_keep){.ops = c->run->ops, .engine = c->run->engine, .arena = c->a};
    FIRN_TRY(firn_view_select(c->session, &request, &c->keep, &sql, err));
    /* in brackets: it may be a UNION of its own, whose other parts would go by position */
    FIRN_TRY(firn_buf_adds(&sql, " UNION ALL BY NAME (", err));
    FIRN_TRY(firn_buf_addstr(&sql, c->fresh, err));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    c->all = firn_arena_str(c->a, firn_buf_str(&sql));
    return c->all.p ? FIRN_OK : firn_arena_raise(c->a, err);
}

/* --- columns ------------------------------------------------------------------------------- */

static const firn_field *field_of(const firn_type *t, firn_str name)
{
    for (size_t i = 0; t && i < t->field_count; i++)
        if (firn_str_ieq(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

const firn_type *firn_checking_type(const firn_checking *c, firn_str path)
{
    const firn_field *f = field_of(c->schema, path);
    firn_str rest = path;
    const firn_type *t = c->schema;
    if (f)
        return &f->type;
    while (rest.p && t) {
        f = field_of(t, firn_str_cut(&rest, '.'));
        t = f ? &f->type : NULL;
    }
    return t;
}

firn_code firn_checking_column(const firn_checking *c, firn_str path, firn_buf *out, firn_err *err)
{
    if (field_of(c->schema, path))
        return firn_sql_ident(out, path, err);
    firn_str rest = path;
    for (bool first = true; rest.p; first = false) {
        if (!first)
            FIRN_TRY(firn_buf_addc(out, '.', err));
        FIRN_TRY(firn_sql_ident(out, firn_str_cut(&rest, '.'), err));
    }
    return FIRN_OK;
}

/* --- the statements ------------------------------------------------------------------------ */

bool firn_check_has_rows(const firn_check *k)
{
    return k->kind != FIRN_CHECK_ROW_COUNT && k->kind != FIRN_CHECK_FRESHNESS;
}

firn_code firn_checking_from(const firn_checking *c, const firn_check *k, firn_str select,
                             firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, k->where.n ? " FROM (SELECT * FROM (" : " FROM (", err));
    FIRN_TRY(firn_buf_addstr(out, select, err));
    if (k->where.n) {
        FIRN_TRY(firn_buf_adds(out, ") AS ", err));
        FIRN_TRY(firn_sql_ident(out, c->in->ident.name, err));
        FIRN_TRY(firn_buf_adds(out, " WHERE (", err));
        FIRN_TRY(firn_buf_addstr(out, k->where, err));
        FIRN_TRY(firn_buf_adds(out, "\n)", err));
    }
    FIRN_TRY(firn_buf_adds(out, ") AS ", err));
    return firn_sql_ident(out, c->in->ident.name, err);
}

static firn_code add_values(const firn_check *k, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < k->values.n; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_sql_text(out, k->values.v[i], err));
    }
    return FIRN_OK;
}

/* The condition that a failing row satisfies. */
static firn_code add_condition(const firn_checking *c, const firn_check *k, firn_buf *out,
                               firn_err *err)
{
    if (k->kind == FIRN_CHECK_EXPRESSION) {
        /* as CHECK in SQL: a condition that is null does not fail */
        FIRN_TRY(firn_buf_adds(out, "NOT (", err));
        FIRN_TRY(firn_buf_addstr(out, k->sql, err));
        return firn_buf_adds(out, "\n)", err);
    }
    FIRN_TRY(firn_checking_column(c, k->column, out, err));
    if (k->kind == FIRN_CHECK_NOT_NULL)
        return firn_buf_adds(out, " IS NULL", err);
    if (k->kind == FIRN_CHECK_RELATIONSHIPS)
        return firn_buf_adds(out, " IS NOT NULL", err);
    /* texts take the column's type, so that 1.50 is 1.5; null is neither in nor not in */
    FIRN_TRY(firn_buf_adds(out, " NOT IN (", err));
    FIRN_TRY(add_values(k, out, err));
    return firn_buf_addc(out, ')', err);
}

/* Rows without a partner there. */
static firn_code add_anti_join(firn_checking *c, const firn_check *k, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, " ANTI JOIN (SELECT ", err));
    if (is_itself(c, k))
        FIRN_TRY(firn_checking_column(c, k->field, out, err));
    else
        FIRN_TRY(firn_sql_ident(out, k->field, err));
    FIRN_TRY(firn_buf_adds(out, " AS firn_value FROM ", err));
    if (is_itself(c, k)) {
        FIRN_TRY(firn_checking_all(c, err));
        FIRN_TRY(firn_buf_addc(out, '(', err));
        FIRN_TRY(firn_buf_addstr(out, c->all, err));
        FIRN_TRY(firn_buf_addc(out, ')', err));
    } else {
        FIRN_TRY(add_other(c, k->to, out, err));
    }
    FIRN_TRY(firn_buf_adds(out, ") AS firn_to ON firn_value = ", err));
    return firn_checking_column(c, k->column, out, err);
}

static firn_code add_keys(const firn_checking *c, const firn_check *k, firn_buf *out, firn_err *err)
{
    bool one = k->columns.n == 1;
    for (size_t i = 0; i < k->columns.n; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(firn_checking_column(c, k->columns.v[i], out, err));
        FIRN_TRY(firn_buf_adds(out, " AS ", err));
        FIRN_TRY(firn_sql_ident(out, one ? FIRN_STR_LIT("value") : k->columns.v[i], err));
    }
    return FIRN_OK;
}

static bool has_key(const firn_check *k, const char *name)
{
    for (size_t i = 0; k->columns.n > 1 && i < k->columns.n; i++)
        if (firn_str_ieq(k->columns.v[i], firn_str_of(name)))
            return true;
    return false;
}

/* SELECT of the values that occur more than once, without those with a null in them. */
static firn_code add_doubles(firn_checking *c, const firn_check *k, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_checking_all(c, err));
    FIRN_TRY(firn_buf_adds(out, "(SELECT ", err));
    FIRN_TRY(add_keys(c, k, out, err));
    FIRN_TRY(
        firn_buf_addf(out, err, ", count(*) AS %s", has_key(k, "times") ? "firn_times" : "times"));
    FIRN_TRY(firn_checking_from(c, k, c->all, out, err));
    for (size_t i = 0; i < k->columns.n; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? " AND " : " WHERE ", err));
        FIRN_TRY(firn_checking_column(c, k->columns.v[i], out, err));
        FIRN_TRY(firn_buf_adds(out, " IS NOT NULL", err));
    }
    FIRN_TRY(firn_buf_adds(out, " GROUP BY ", err));
    for (size_t i = 0; i < k->columns.n; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%s%zu", i ? ", " : "", i + 1));
    return firn_buf_adds(out, " HAVING count(*) > 1) AS firn_doubles", err);
}

firn_code firn_checking_failing(firn_checking *c, const firn_check *k, const char *what,
                                firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, what, err));
    if (k->kind == FIRN_CHECK_UNIQUE) {
        FIRN_TRY(firn_buf_adds(out, " FROM ", err));
        return add_doubles(c, k, out, err);
    }
    FIRN_TRY(firn_checking_from(c, k, c->fresh, out, err));
    if (k->kind == FIRN_CHECK_RELATIONSHIPS)
        FIRN_TRY(add_anti_join(c, k, out, err));
    FIRN_TRY(firn_buf_adds(out, " WHERE ", err));
    return add_condition(c, k, out, err);
}

firn_code firn_checking_rows(firn_checking *c, const firn_check *k, const char *what, firn_buf *out,
                             firn_err *err)
{
    if (k->kind != FIRN_CHECK_UNIQUE)
        return firn_checking_failing(c, k, what, out, err);
    FIRN_TRY(firn_checking_all(c, err));
    FIRN_TRY(firn_buf_adds(out, what, err));
    FIRN_TRY(firn_checking_from(c, k, c->all, out, err));
    FIRN_TRY(firn_buf_adds(out, " SEMI JOIN ", err));
    FIRN_TRY(add_doubles(c, k, out, err));
    bool one = k->columns.n == 1;
    for (size_t i = 0; i < k->columns.n; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? " AND " : " ON ", err));
        FIRN_TRY(firn_sql_ident(out, c->in->ident.name, err));
        FIRN_TRY(firn_buf_addc(out, '.', err));
        FIRN_TRY(firn_checking_column(c, k->columns.v[i], out, err));
        FIRN_TRY(firn_buf_adds(out, " = firn_doubles.", err));
        FIRN_TRY(firn_sql_ident(out, one ? FIRN_STR_LIT("value") : k->columns.v[i], err));
    }
    return FIRN_OK;
}
