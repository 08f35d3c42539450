/* SPDX-License-Identifier: Apache-2.0 */
/* What a view returns and reads, found out without reading any row. */
#include "pipeline/tables.h"

#include "base/str.h"
#include "engine/sql.h"

firn_str firn_view_doc(const firn_view_def *v, firn_str column)
{
    for (size_t i = 0; i < v->doc_count; i++)
        if (firn_str_ieq(v->docs[2 * i], column))
            return v->docs[2 * i + 1];
    return (firn_str){NULL, 0};
}

static firn_code located(const firn_tables *t, const firn_view_def *v, firn_str sql, int before,
                         firn_err *err)
{
    firn_sql_origin origin = v->origin;
    origin.before = before;
    if (!err || err->code != FIRN_E_SQL)
        return err ? err->code : FIRN_E_SQL;
    firn_sql_locate(err, sql, &origin);
    firn_tables_advise(t->run, err);
    if (!err->where[0] && origin.file)
        firn_err_where(err, "%.200s:%d:%d", origin.file, origin.line, origin.column);
    return err->code;
}

static firn_code try_it(firn_tables *t, const firn_view_def *v, firn_str sql, firn_err *err)
{
    const char *full = firn_arena_printf(t->a, FIRN_TRIED "%.*s", FIRN_STR_ARG(sql));
    if (!full)
        return firn_arena_raise(t->a, err);
    if (firn_tables_try_view(t, sql, err) == FIRN_OK)
        return FIRN_OK;
    return located(t, v, firn_str_of(full), FIRN_TRIED_COLUMNS, err);
}

static firn_code describe(firn_tables *t, const firn_view_def *v, firn_bound_view *ret,
                          firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_tables_rewrite(t, &sql, err));
    firn_str text = firn_buf_str(&sql);
    if (firn_tables_describe(t, text, &ret->kind, &ret->columns, &ret->column_count, err) !=
        FIRN_OK)
        return located(t, v, text, 0, err);
    return ret->kind == FIRN_STATEMENT_SELECT ? try_it(t, v, text, err) : FIRN_OK;
}

firn_code firn_view_bind(firn_context *run, const firn_view_def *v, firn_arena *a,
                         firn_bound_view *ret, firn_err *err)
{
    firn_session *s = NULL;
    firn_tables t;
    *ret = (firn_bound_view){.column_count = 0};
    FIRN_TRY(firn_tables_find(run, v->sql, &v->origin, a, &ret->inputs, err));
    FIRN_TRY(firn_context_session(run, &s, err));
    firn_code code = firn_tables_open(run, s, &ret->inputs, a, &t, err);
    if (code == FIRN_OK) {
        code = describe(&t, v, ret, err);
        firn_tables_close(&t);
    }
    firn_context_session_close(run, s);
    return code;
}
