/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/checks.h"

#include "base/str.h"
#include "engine/sql.h"
#include "engine/sql_front.h"
#include "engine/view.h"
#include "iceberg/scan.h"

#include <inttypes.h>

#define SAMPLE_ROWS 3

/* One table being checked. */
typedef struct checking {
    firn_context *run;
    const firn_check_input *in;
    firn_session *session;
    firn_arena *a;
    firn_str fresh; /* SELECT of the new rows */
    firn_str all;   /* SELECT of all rows; made when it is needed */
    firn_view_keep keep;
    size_t warnings;
    size_t errors;
    firn_err first; /* of the checks that failed with severity error */
} checking;

/* --- what is looked at --------------------------------------------------------------------- */

static firn_code select_fresh(checking *c, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_str *paths = firn_arena_array(c->a, c->in->file_count, sizeof *paths);
    if (!paths)
        return firn_arena_raise(c->a, err);
    for (size_t i = 0; i < c->in->file_count; i++)
        paths[i] = c->in->files[i].file_path;
    FIRN_TRY(firn_view_select_paths(c->in->schema, paths, c->in->file_count, &sql, err));
    c->fresh = firn_arena_str(c->a, firn_buf_str(&sql));
    return c->fresh.p ? FIRN_OK : firn_arena_raise(c->a, err);
}

/* The rows that are there already and the new ones; columns by name, a new column is null in the
 * old rows. */
static firn_code select_all(checking *c, firn_err *err)
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
        .io = c->run->io, .metadata = m, .schema = m->schema, .plan = &plan};
    c->keep = (firn_view_keep){.ops = c->run->ops, .engine = c->run->engine, .arena = c->a};
    FIRN_TRY(firn_view_select(c->session, &request, &c->keep, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, " UNION ALL BY NAME ", err));
    FIRN_TRY(firn_buf_addstr(&sql, c->fresh, err));
    c->all = firn_arena_str(c->a, firn_buf_str(&sql));
    return c->all.p ? FIRN_OK : firn_arena_raise(c->a, err);
}

/* --- the statements ------------------------------------------------------------------------ */

/* "x", or for a path into structs "a"."b". */
static firn_code add_column(const checking *c, firn_str path, firn_buf *out, firn_err *err)
{
    if (firn_type_field(c->in->schema, path))
        return firn_sql_ident(out, path, err);
    firn_str rest = path;
    for (bool first = true; rest.p; first = false) {
        if (!first)
            FIRN_TRY(firn_buf_addc(out, '.', err));
        FIRN_TRY(firn_sql_ident(out, firn_str_cut(&rest, '.'), err));
    }
    return FIRN_OK;
}

/* The condition that a failing row satisfies. */
static firn_code add_failing(const checking *c, const firn_check *k, firn_buf *out, firn_err *err)
{
    if (k->kind == FIRN_CHECK_NOT_NULL) {
        FIRN_TRY(add_column(c, k->column, out, err));
        return firn_buf_adds(out, " IS NULL", err);
    }
    /* as CHECK in SQL: a condition that is null does not fail */
    FIRN_TRY(firn_buf_adds(out, "NOT (", err));
    FIRN_TRY(firn_buf_addstr(out, k->sql, err));
    return firn_buf_adds(out, "\n)", err);
}

static firn_code add_from(firn_str select, firn_str name, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, " FROM (", err));
    FIRN_TRY(firn_buf_addstr(out, select, err));
    FIRN_TRY(firn_buf_adds(out, ") AS ", err));
    return firn_sql_ident(out, name, err);
}

static firn_code rows_statement(const checking *c, const firn_check *k, const char *what,
                                const char *behind, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, what, err));
    FIRN_TRY(add_from(c->fresh, c->in->ident.name, out, err));
    FIRN_TRY(firn_buf_adds(out, " WHERE ", err));
    FIRN_TRY(add_failing(c, k, out, err));
    return firn_buf_adds(out, behind, err);
}

/* Values that occur more than once. */
static firn_code doubles_statement(const checking *c, const firn_check *k, const char *what,
                                   const char *behind, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf column = FIRN_BUF((size_t)1 << 20);
    FIRN_TRY(add_column(c, k->column, &column, err));
    const char *col = firn_buf_cstr(&column);
    FIRN_TRY(firn_buf_addf(out, err, "%s FROM (SELECT %s AS value, count(*) AS times", what, col));
    FIRN_TRY(add_from(c->all, c->in->ident.name, out, err));
    return firn_buf_addf(out, err,
                         " WHERE %s IS NOT NULL GROUP BY 1 HAVING count(*) > 1) AS doubles%s", col,
                         behind);
}

/* --- running them -------------------------------------------------------------------------- */

static firn_code query_count(checking *c, firn_str sql, int64_t *ret, firn_err *err)
{
    firn_result *r;
    const firn_column *root;
    size_t rows;
    FIRN_TRY(c->run->ops->query(c->session, sql, &r, err));
    firn_code code = c->run->ops->next(r, &root, &rows, err);
    if (code == FIRN_OK)
        *ret = rows ? ((const int64_t *)root->children[0].data)[0] : 0;
    c->run->ops->result_close(r);
    return code;
}

/* A few failing rows as JSON texts. */
static firn_code query_samples(checking *c, firn_str sql, json_t *list, firn_err *err)
{
    firn_result *r;
    const firn_column *root;
    size_t rows;
    FIRN_TRY(c->run->ops->query(c->session, sql, &r, err));
    firn_code code = c->run->ops->next(r, &root, &rows, err);
    for (size_t i = 0; code == FIRN_OK && i < rows; i++)
        code = firn_json_append(
            list,
            firn_json_new_str(firn_strview_str(&((const firn_strview *)root->children[0].data)[i])),
            err);
    c->run->ops->result_close(r);
    return code;
}

static firn_code statement(const checking *c, const firn_check *k, bool samples, firn_buf *out,
                           firn_err *err)
{
    char limit[32];
    snprintf(limit, sizeof limit, " LIMIT %d", SAMPLE_ROWS);
    if (k->kind == FIRN_CHECK_UNIQUE)
        return doubles_statement(
            c, k, samples ? "SELECT CAST(to_json(doubles) AS VARCHAR)" : "SELECT count(*)",
            samples ? limit : "", out, err);
    if (!samples)
        return rows_statement(c, k, "SELECT count(*)", "", out, err);
    FIRN_AUTO(firn_buf_free) firn_buf what = FIRN_BUF((size_t)1 << 16);
    FIRN_TRY(firn_buf_adds(&what, "SELECT CAST(to_json(", err));
    FIRN_TRY(firn_sql_ident(&what, c->in->ident.name, err));
    FIRN_TRY(firn_buf_adds(&what, ") AS VARCHAR)", err));
    return rows_statement(c, k, firn_buf_cstr(&what), limit, out, err);
}

static firn_code send_event(checking *c, const firn_check *k, int64_t count, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_AUTO(firn_json_unref) json_t *samples = json_array();
    if (!samples)
        return firn_raise_nomem(err);
    if (count) {
        FIRN_TRY(statement(c, k, true, &sql, err));
        FIRN_TRY(query_samples(c, firn_buf_str(&sql), samples, err));
    }
    bool warn = k->severity == FIRN_SEVERITY_WARN;
    firn_event(&c->run->events, "check",
               json_pack("{s:o, s:o, s:o, s:s, s:I, s:O}", "namespace",
                         firn_json_new_str(c->in->ident.ns), "table",
                         firn_json_new_str(c->in->ident.name), "check", firn_json_new_str(k->name),
                         "severity", warn ? "warn" : "error", "failing", (json_int_t)count,
                         "samples", samples));
    return FIRN_OK;
}

static void keep_failure(checking *c, const firn_check *k, int64_t count)
{
    if (k->severity == FIRN_SEVERITY_WARN) {
        c->warnings++;
        return;
    }
    if (c->errors++ > 0)
        return;
    firn_raise(&c->first, FIRN_E_CHECK, "check %s of %.*s.%.*s found %" PRId64 " %s",
               firn_quote(k->name).s, FIRN_STR_ARG(c->in->ident.ns),
               FIRN_STR_ARG(c->in->ident.name), count,
               k->kind == FIRN_CHECK_UNIQUE ? (count == 1 ? "value that is there more than once"
                                                          : "values that are there more than once")
               : count == 1                 ? "row"
                                            : "rows");
    firn_err_advise(&c->first, "nothing of the table was committed; mend the data or the model, or "
                               "give the check `severity: warn`");
    firn_err_place(&c->first, k->place);
}

static firn_code run_check(checking *c, const firn_check *k, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    int64_t count = 0;
    if (k->kind == FIRN_CHECK_UNIQUE)
        FIRN_TRY(select_all(c, err));
    FIRN_TRY(statement(c, k, false, &sql, err));
    if (query_count(c, firn_buf_str(&sql), &count, err) != FIRN_OK) {
        /* the excerpt shows a statement nobody wrote */
        firn_sql_locate(err, (firn_str){NULL, 0}, &(firn_sql_origin){NULL, 1, 1});
        err->where[0] = '\0';
        firn_wrap(err, "check %s", firn_quote(k->name).s);
        return firn_err_place(err, k->place);
    }
    FIRN_TRY(send_event(c, k, count, err));
    if (count)
        keep_failure(c, k, count);
    return FIRN_OK;
}

static firn_code run_all(checking *c, firn_err *err)
{
    FIRN_TRY(select_fresh(c, err));
    for (size_t i = 0; i < c->in->check_count; i++)
        FIRN_TRY(run_check(c, &c->in->checks[i], err));
    if (c->errors == 0)
        return FIRN_OK;
    *err = c->first;
    if (c->errors > 1)
        return firn_wrap(err, "%zu checks failed, the first", c->errors);
    return err->code;
}

firn_code firn_checks_run(firn_context *run, const firn_check_input *in, size_t *ret_warnings,
                          firn_err *err)
{
    *ret_warnings = 0;
    if (in->check_count == 0)
        return FIRN_OK;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("checks", 0);
    checking c = {.run = run, .in = in, .a = a};
    firn_err local = {0};
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_context_session(run, &c.session, err));
    firn_code code = run_all(&c, err ? err : &local);
    firn_view_close(&c.keep);
    firn_context_session_close(run, c.session);
    *ret_warnings = c.warnings;
    return code;
}
