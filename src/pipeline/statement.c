/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/statement_int.h"

#include "base/str.h"
#include "engine/sql.h"
#include "pipeline/alter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- words --------------------------------------------------------------------------------- */

firn_sql_token firn_showing_next(const firn_showing *w)
{
    return firn_sql_next(w->conf->sql, w->at);
}

bool firn_showing_word(firn_showing *w, const char *word)
{
    firn_sql_token t = firn_showing_next(w);
    if (!firn_sql_is_word(w->conf->sql, t, word))
        return false;
    w->at = t.offset + t.length;
    return true;
}

firn_code firn_showing_fail(const firn_showing *w, size_t offset, firn_err *err, const char *fmt,
                            ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    firn_raise(err, FIRN_E_SQL, "%s", text);
    return firn_sql_place(err, w->conf->sql, offset, &w->origin);
}

firn_code firn_showing_end(const firn_showing *w, firn_err *err)
{
    firn_sql_token t = firn_showing_next(w);
    if (t.kind == FIRN_SQL_END)
        return FIRN_OK;
    return firn_showing_fail(w, t.offset, err, "%s is not understood here",
                             firn_quote(firn_sql_text_of(w->conf->sql, t)).s);
}

/* Whether the words begin the statement, one after the other. */
static bool begins_with(firn_str sql, const char *first, const char *second)
{
    firn_sql_token t = firn_sql_next(sql, 0);
    if (!firn_sql_is_word(sql, t, first))
        return false;
    return !second || firn_sql_is_word(sql, firn_sql_next(sql, t.offset + t.length), second);
}

/* By its first words only. */
static bool statement_changes(firn_str sql)
{
    return begins_with(sql, "alter", "table") || begins_with(sql, "comment", "on") ||
           begins_with(sql, "call", NULL);
}

firn_code firn_statement_script_changes(firn_str script, firn_arena *a, bool *ret, firn_err *err)
{
    firn_str *list;
    size_t count;
    FIRN_TRY(firn_sql_split(script, a, &list, &count, err));
    *ret = false;
    for (size_t i = 0; i < count; i++)
        *ret = *ret || statement_changes(list[i]);
    return FIRN_OK;
}

/* --- Spark's quotes ------------------------------------------------------------------------ */

/* Appends the name in backticks that begins at `at` as the engine quotes it; *ret_end is behind it,
 * or `at` if it is not closed. */
static firn_code add_backticked(firn_str sql, size_t at, firn_buf *out, size_t *ret_end,
                                firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_SQL_BUF;
    for (size_t i = at + 1; i < sql.n; i++) {
        bool twice = i + 1 < sql.n && sql.p[i + 1] == '`';
        if (sql.p[i] == '`' && !twice) {
            *ret_end = i + 1;
            return firn_sql_ident(out, firn_buf_str(&name), err);
        }
        FIRN_TRY(firn_buf_addc(&name, sql.p[i], err));
        i += sql.p[i] == '`';
    }
    *ret_end = at;
    return FIRN_OK;
}

/* SHOW and DESCRIBE are typed as Spark has them, `names` in backticks too; the rest reads them as
 * "names".  Offsets stay the same but for names with quotes in them. */
static firn_code without_backticks(firn_str sql, firn_arena *a, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_SQL_BUF;
    size_t copied = 0;
    *ret = sql;
    if (!sql.n || !memchr(sql.p, '`', sql.n))
        return FIRN_OK;
    for (firn_sql_token t = firn_sql_next(sql, 0); t.kind != FIRN_SQL_END;) {
        size_t end = t.offset;
        if (firn_sql_is_sign(sql, t, '`')) {
            FIRN_TRY(firn_buf_add(&out, sql.p + copied, t.offset - copied, err));
            FIRN_TRY(add_backticked(sql, t.offset, &out, &end, err));
            copied = end;
        }
        t = firn_sql_next(sql, end > t.offset ? end : t.offset + t.length);
    }
    FIRN_TRY(firn_buf_add(&out, sql.p + copied, sql.n - copied, err));
    *ret = firn_arena_str(a, firn_buf_str(&out));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

/* --- results ------------------------------------------------------------------------------- */

firn_code firn_listing_add(firn_listing *l, const firn_str *row, firn_err *err)
{
    for (size_t i = 0; i < l->column_count; i++) {
        firn_str cell = row[i].p ? firn_arena_str(l->a, row[i]) : row[i];
        if ((row[i].p && !cell.p) || !firn_vec_push(l->a, &l->cells, cell))
            return firn_arena_raise(l->a, err);
    }
    return FIRN_OK;
}

static firn_code add_row(const firn_listing *l, size_t row, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < l->column_count; i++) {
        firn_str cell = l->cells.v[row * l->column_count + i];
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "(", err));
        FIRN_TRY(cell.p ? firn_sql_text(out, cell, err) : firn_buf_adds(out, "NULL", err));
    }
    return firn_buf_addc(out, ')', err);
}

/* Appends the SELECT that returns the rows. */
static firn_code listing_sql(const firn_listing *l, firn_buf *out, firn_err *err)
{
    size_t rows = l->cells.n / l->column_count;
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < l->column_count; i++) {
        FIRN_TRY(firn_buf_addf(out, err, "%sCAST(c%zu AS VARCHAR) AS ", i ? ", " : "", i));
        FIRN_TRY(firn_sql_ident(out, firn_str_of(l->columns[i]), err));
    }
    FIRN_TRY(firn_buf_adds(out, " FROM (VALUES ", err));
    for (size_t i = 0; i < rows; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(add_row(l, i, out, err));
    }
    for (size_t i = 0; rows == 0 && i < l->column_count; i++)
        FIRN_TRY(firn_buf_adds(out, i ? ", NULL" : "(NULL", err));
    FIRN_TRY(firn_buf_adds(out, rows ? ") AS t(" : ")) AS t(", err));
    for (size_t i = 0; i < l->column_count; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%sc%zu", i ? ", " : "", i));
    return firn_buf_adds(out, rows ? ")" : ") WHERE false", err);
}

/* --- names --------------------------------------------------------------------------------- */

firn_code firn_showing_namespace(firn_showing *w, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf joined = FIRN_SQL_BUF;
    firn_sql_name n;
    firn_sql_token t = firn_showing_next(w);
    if (!firn_sql_is_identifier(t))
        return firn_showing_fail(w, t.offset, err, "the name of a namespace is missing here");
    FIRN_TRY(firn_sql_chain(w->conf->sql, t, w->a, &n, err));
    w->at = n.ends[n.part_count - 1];
    bool catalog = n.part_count > 1 && firn_str_ieq(n.parts[0], w->run->catalog->name);
    for (size_t i = catalog; i < n.part_count; i++) {
        FIRN_TRY(firn_buf_adds(&joined, i > (size_t)catalog ? "." : "", err));
        FIRN_TRY(firn_buf_addstr(&joined, n.parts[i], err));
    }
    *ret = firn_arena_str(w->a, firn_buf_str(&joined));
    return ret->p ? FIRN_OK : firn_arena_raise(w->a, err);
}

static firn_code no_table(const firn_showing *w, firn_err *err)
{
    firn_sql_token t = firn_showing_next(w);
    firn_sql_name n;
    if (!firn_sql_is_identifier(t))
        return firn_showing_fail(w, t.offset, err, "the name of a table is missing here");
    FIRN_TRY(firn_sql_chain(w->conf->sql, t, w->a, &n, err));
    firn_ident *tables;
    firn_sql_known known = {.catalog = w->run->catalog->name};
    FIRN_TRY(w->run->catalog->ops->list_tables(w->run->catalog, w->a, &tables, &known.count, err));
    known.tables = tables;
    return firn_sql_no_table(w->conf->sql, &w->origin, &known, &n, w->a, err);
}

/* The statement from the table on, as a query: the words before it give their room to FROM. */
firn_code firn_showing_relation(firn_showing *w, const firn_input **ret,
                                const firn_view_def **ret_view, firn_err *err)
{
    static const char from[] = "FROM ";
    size_t begin = firn_showing_next(w).offset;
    firn_str sql = w->conf->sql;
    char *query = firn_arena_strndup(w->a, sql.p, sql.n);
    firn_inputs *inputs = firn_arena_zalloc(w->a, sizeof *inputs);
    if (!query || !inputs)
        return firn_arena_raise(w->a, err);
    firn_assert(begin >= sizeof from - 1);
    for (size_t i = 0; i < begin; i++)
        if (query[i] != '\n')
            query[i] = ' ';
    memcpy(query + begin - (sizeof from - 1), from, sizeof from - 1);
    FIRN_TRY(firn_tables_find(w->run, (firn_str){query, sql.n}, &w->origin, w->a, inputs, err));
    const firn_sql_ref *r = inputs->statement.refs;
    bool first = inputs->statement.count && r->name.starts[0] == begin;
    if (!first || r->column)
        return no_table(w, err);
    w->at = FIRN_MAX(r->end, r->at.end > r->at.offset ? r->at.end : 0);
    firn_ref_target target = inputs->statement.targets[0];
    bool view = target.kind == FIRN_REF_VIEW;
    *ret = view ? NULL : &inputs->v[target.index];
    *ret_view = view ? inputs->views[target.index].def : NULL;
    return FIRN_OK;
}

firn_code firn_showing_table(firn_showing *w, const firn_input **ret, firn_err *err)
{
    size_t begin = firn_showing_next(w).offset;
    const firn_view_def *view;
    FIRN_TRY(firn_showing_relation(w, ret, &view, err));
    if (!view)
        return FIRN_OK;
    return firn_showing_fail(w, begin, err, "%.*s.%.*s is a view; this is for tables",
                             FIRN_STR_ARG(view->ident.ns), FIRN_STR_ARG(view->ident.name));
}

/* --- what is asked ------------------------------------------------------------------------- */

typedef enum answer {
    ANSWER_OTHERS, /* the engine's */
    ANSWER_OURS,
} answer;

static firn_code show(firn_showing *w, answer *ret, firn_err *err)
{
    *ret = ANSWER_OURS;
    if (firn_showing_word(w, "tables"))
        return firn_show_tables(w, err);
    if (firn_showing_word(w, "views"))
        return firn_show_views(w, err);
    if (firn_showing_word(w, "schemas") || firn_showing_word(w, "databases") ||
        firn_showing_word(w, "namespaces"))
        return firn_show_namespaces(w, err);
    if (firn_showing_word(w, "columns"))
        return firn_show_columns(w, err);
    if (firn_showing_word(w, "partitions"))
        return firn_show_partitions(w, err);
    if (firn_showing_word(w, "tblproperties"))
        return firn_show_properties(w, err);
    if (firn_showing_word(w, "create")) {
        if (firn_showing_word(w, "table") || firn_showing_word(w, "view"))
            return firn_show_create(w, err);
        firn_sql_token t = firn_showing_next(w);
        return firn_showing_fail(w, t.offset, err,
                                 "SHOW CREATE is for tables and views: SHOW CREATE TABLE "
                                 "namespace.table");
    }
    *ret = ANSWER_OTHERS;
    return FIRN_OK;
}

/* DESCRIBE SELECT … is the engine's; a name without a namespace may be one that it knows. */
static bool describes_query(const firn_showing *w)
{
    static const char *const words[] = {"select",  "from",      "with", "values",  "pivot",
                                        "unpivot", "summarize", "show", "describe"};
    firn_sql_token t = firn_showing_next(w);
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (firn_sql_is_word(w->conf->sql, t, words[i]))
            return true;
    return !firn_sql_is_identifier(t);
}

static bool is_one_name(const firn_showing *w)
{
    firn_sql_token t = firn_showing_next(w);
    firn_sql_token next = firn_sql_next(w->conf->sql, t.offset + t.length);
    return next.kind == FIRN_SQL_END;
}

static firn_code describe(firn_showing *w, answer *ret, firn_err *err)
{
    *ret = ANSWER_OURS;
    if (firn_showing_word(w, "namespace") || firn_showing_word(w, "schema") ||
        firn_showing_word(w, "database"))
        return firn_describe_namespace(w, err);
    bool table = firn_showing_word(w, "table");
    bool extended = firn_showing_word(w, "extended") || firn_showing_word(w, "formatted");
    *ret = ANSWER_OTHERS;
    if (!table && !extended && (describes_query(w) || is_one_name(w)))
        return FIRN_OK;
    *ret = ANSWER_OURS;
    return firn_describe_table(w, extended, err);
}

static firn_code answer_it(firn_showing *w, answer *ret, firn_err *err)
{
    *ret = ANSWER_OTHERS;
    if (!w->run->catalog)
        return FIRN_OK;
    if (firn_showing_word(w, "show"))
        return show(w, ret, err);
    if (firn_showing_word(w, "describe") || firn_showing_word(w, "desc"))
        return describe(w, ret, err);
    return FIRN_OK;
}

/* --- running ------------------------------------------------------------------------------- */

static firn_code run_made(firn_context *run, firn_session *s, const firn_query_conf *conf,
                          firn_str sql, firn_query_fn fn, void *arg, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf copy = FIRN_SQL_BUF;
    firn_result *r;
    if (conf->copy_to) {
        FIRN_TRY(firn_query_copy(conf, sql, &copy, err));
        sql = firn_buf_str(&copy);
    }
    FIRN_TRY(run->ops->query(s, sql, &r, err));
    firn_code code = fn(arg, run->ops, r, NULL, 0, err);
    run->ops->result_close(r);
    return code;
}

static firn_code run_showing(firn_showing *w, firn_session *s, firn_query_fn fn, void *arg,
                             firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    answer whose;
    FIRN_TRY(answer_it(w, &whose, err));
    if (whose == ANSWER_OTHERS)
        return firn_query(w->run, s, w->conf, fn, arg, err);
    if (w->sql.p) {
        firn_query_conf conf = *w->conf;
        conf.sql = w->sql;
        return firn_query(w->run, s, &conf, fn, arg, err);
    }
    FIRN_TRY(listing_sql(&w->out, &sql, err));
    return run_made(w->run, s, w->conf, firn_buf_str(&sql), fn, arg, err);
}

firn_code firn_statement_run(firn_context *run, firn_session *s, const firn_query_conf *conf,
                             firn_query_fn fn, void *arg, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a statement", 0);
    firn_err local = {0};
    firn_err *e = err ? err : &local;
    if (!a)
        return firn_raise_nomem(e);
    if (statement_changes(conf->sql) && run->catalog) {
        firn_str sql;
        FIRN_TRY(firn_alter_statement(run, conf, a, &sql, e));
        return run_made(run, s, conf, sql, fn, arg, e);
    }
    firn_query_conf asked = *conf;
    if (begins_with(conf->sql, "show", NULL) || begins_with(conf->sql, "describe", NULL) ||
        begins_with(conf->sql, "desc", NULL))
        FIRN_TRY(without_backticks(conf->sql, a, &asked.sql, e));
    firn_showing w = {.run = run,
                      .conf = &asked,
                      .a = a,
                      .origin = {.file = conf->file, .line = conf->line, .column = conf->column},
                      .out = {.a = a}};
    return run_showing(&w, s, fn, arg, e);
}
