/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/query.h"

#include "base/str.h"
#include "engine/sql.h"
#include "engine/sql_front.h"
#include "engine/sql_token.h"

#include <string.h>

typedef struct querying {
    firn_context *run;
    firn_session *session;
    const firn_query_conf *conf;
    firn_query_fn fn;
    void *arg;
    firn_arena *a;
    firn_inputs inputs;
    firn_tables tables;
} querying;

static firn_code refuse_change(const querying *q, firn_err *err)
{
    firn_str rest = q->conf->sql;
    firn_str word = firn_str_cut(&rest, ' ');
    firn_raise(err, FIRN_E_UNSUPPORTED, "firn sql reads tables; %s is not supported",
               firn_quote(word).s);
    return firn_err_advise(err,
                           "tables are written by `firn run` and `firn load`, and changed by ALTER "
                           "TABLE and `firn alter`");
}

/* Whether the statement would write, by its first word: the engine, which knows no table of ours,
 * says something else of it. */
static bool is_change(firn_str sql)
{
    static const char *const words[] = {"insert", "delete",   "update", "create",
                                        "drop",   "truncate", "merge"};
    firn_sql_token t = firn_sql_next(sql, 0);
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (firn_sql_is_word(sql, t, words[i]))
            return true;
    return false;
}

/* Moves the engine's "LINE n" into err->where; `sql` as the engine had it, `shift` columns to the
 * right. */
static firn_code located(const querying *q, firn_str sql, int shift, firn_err *err)
{
    const firn_sql_origin origin = {
        .file = q->conf->file, .line = q->conf->line, .column = q->conf->column, .before = shift};
    if (err->code != FIRN_E_SQL) {
        firn_sql_advise(err);
        return err->code;
    }
    if (is_change(q->conf->sql))
        return refuse_change(q, err);
    firn_sql_locate(err, sql, &origin);
    firn_tables_advise(q->run, err);
    return err->code;
}

/* The same for a statement that was explained. */
static firn_code located_explain(const querying *q, firn_str sql, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf full = FIRN_SQL_BUF;
    if (firn_buf_adds(&full, FIRN_EXPLAIN, NULL) != FIRN_OK ||
        firn_buf_addstr(&full, sql, NULL) != FIRN_OK)
        return err->code;
    return located(q, firn_buf_str(&full), FIRN_EXPLAIN_COLUMNS, err);
}

/* A result column that neither prints nor is JSON in memory as it is; of a file also what the
 * engine would write there as something less exact. */
static bool needs_cast(const firn_query_conf *conf, const firn_result_column *c)
{
    if (c->mapped || firn_str_eqc(c->engine_type, "JSON"))
        return false;
    return conf->copy_to || !firn_str_eqc(c->engine_type, "HUGEINT");
}

/* SELECT #1, CAST(#2 AS VARCHAR) … around the statement, by place: names may be there twice. */
static firn_code wrap(const firn_query_conf *conf, const firn_result_column *columns, size_t count,
                      firn_str sql, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        if (needs_cast(conf, &columns[i]))
            FIRN_TRY(firn_buf_addf(out, err, "CAST(#%zu AS %.*s)", i + 1,
                                   FIRN_STR_ARG(columns[i].cast)));
        else
            FIRN_TRY(firn_buf_addf(out, err, "#%zu", i + 1));
        FIRN_TRY(firn_buf_adds(out, " AS ", err));
        FIRN_TRY(firn_sql_ident(out, columns[i].name, err));
    }
    FIRN_TRY(firn_buf_adds(out, " FROM (", err));
    FIRN_TRY(firn_buf_addstr(out, sql, err));
    return firn_buf_adds(out, "\n)", err);
}

firn_code firn_query_copy(const firn_query_conf *conf, firn_str sql, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "COPY (", err));
    FIRN_TRY(firn_buf_addstr(out, sql, err));
    FIRN_TRY(firn_buf_adds(out, "\n) TO ", err));
    FIRN_TRY(firn_sql_text(out, firn_str_of(conf->copy_to), err));
    return firn_buf_adds(out, " (FORMAT parquet, COMPRESSION zstd)", err);
}

static firn_code report_tables(querying *q, firn_query_table **ret, firn_err *err)
{
    firn_query_table *list = firn_arena_array(q->a, q->inputs.n, sizeof *list);
    if (!list)
        return firn_arena_raise(q->a, err);
    for (size_t i = 0; i < q->inputs.n; i++) {
        const firn_input *in = &q->inputs.v[i];
        list[i] = (firn_query_table){
            .ident = in->ident,
            .snapshot_id = in->snapshot ? in->snapshot->snapshot_id : FIRN_NO_SNAPSHOT,
            .files_total = in->plan.files_total,
            .files_opened = (int64_t)in->plan.count,
            .manifests_total = in->plan.manifests_total,
            .manifests_read = in->plan.manifests_read,
        };
    }
    *ret = list;
    return FIRN_OK;
}

static firn_code run_statement(querying *q, firn_str sql, firn_err *err)
{
    firn_query_table *tables;
    firn_result *r;
    FIRN_TRY(report_tables(q, &tables, err));
    FIRN_TRY(q->run->ops->query(q->session, sql, &r, err));
    firn_code code = q->fn(q->arg, q->run->ops, r, tables, q->inputs.n, err);
    q->run->ops->result_close(r);
    return code;
}

/* Characters that were put before a statement. */
static int characters_before(firn_str outer, firn_str sql)
{
    const char *at = sql.n ? memmem(outer.p, outer.n, sql.p, sql.n) : NULL;
    int n = 0;
    for (const char *p = outer.p; at && p < at; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    return n;
}

static firn_code run_described(querying *q, firn_str sql, firn_err *err)
{
    const firn_str asked = sql;
    firn_statement_kind kind;
    firn_result_column *columns;
    size_t count;
    bool cast = false;
    FIRN_AUTO(firn_buf_free) firn_buf wrapped = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf copy = FIRN_SQL_BUF;
    if (q->run->ops->describe(q->session, sql, q->a, &kind, &columns, &count, err) != FIRN_OK)
        return located(q, sql, 0, err);
    if (kind == FIRN_STATEMENT_CHANGE)
        return refuse_change(q, err);
    for (size_t i = 0; i < count; i++)
        cast = cast || needs_cast(q->conf, &columns[i]);
    if (cast && kind == FIRN_STATEMENT_SELECT) {
        FIRN_TRY(wrap(q->conf, columns, count, sql, &wrapped, err));
        sql = firn_buf_str(&wrapped);
    }
    if (q->conf->copy_to && kind == FIRN_STATEMENT_SELECT) {
        FIRN_TRY(firn_query_copy(q->conf, sql, &copy, err));
        sql = firn_buf_str(&copy);
    }
    if (run_statement(q, sql, err) == FIRN_OK)
        return FIRN_OK;
    return located(q, sql, characters_before(sql, asked), err);
}

/* From here to the end of the result the statement may be interrupted. */
static firn_code run_watched(querying *q, firn_str sql, firn_err *err)
{
    firn_context_busy(q->run, true);
    firn_code code = firn_context_check(q->run, err);
    if (code == FIRN_OK)
        code = run_described(q, sql, err);
    firn_context_busy(q->run, false);
    return code;
}

/* Behind EXPLAIN [ANALYZE] [(…)]; 0 if the statement does not begin so. */
static size_t behind_explain(firn_str sql)
{
    firn_sql_token t = firn_sql_next(sql, 0);
    if (!firn_sql_is_word(sql, t, "explain"))
        return 0;
    size_t at = t.offset + t.length;
    t = firn_sql_next(sql, at);
    if (firn_sql_is_word(sql, t, "analyze"))
        at = t.offset + t.length;
    t = firn_sql_next(sql, at);
    if (!firn_sql_is_sign(sql, t, '('))
        return at;
    while (t.kind != FIRN_SQL_END && !firn_sql_is_sign(sql, t, ')'))
        t = firn_sql_next(sql, t.offset + t.length);
    firn_sql_token next = firn_sql_next(sql, t.offset + t.length);
    bool options = next.kind == FIRN_SQL_NAME; /* else the query stands in parentheses */
    return options ? t.offset + t.length : at;
}

/* The statement to be planned: of EXPLAIN what it explains. */
static firn_code planned(querying *q, firn_str sql, firn_str *ret, firn_err *err)
{
    size_t skip = behind_explain(sql);
    char *copy = firn_arena_strndup(q->a, sql.p, sql.n);
    if (!copy)
        return firn_arena_raise(q->a, err);
    for (size_t i = 0; i < skip; i++)
        copy[i] = copy[i] == '\n' ? '\n' : ' ';
    *ret = (firn_str){copy, sql.n};
    return FIRN_OK;
}

static firn_code run_rewritten(querying *q, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_str plan;
    FIRN_TRY(firn_tables_rewrite(&q->tables, &sql, err));
    FIRN_TRY(planned(q, firn_buf_str(&sql), &plan, err));
    bool prune = q->conf->prune && q->inputs.n;
    if (prune && firn_tables_prune(&q->tables, plan, err) != FIRN_OK)
        return located_explain(q, plan, err);
    FIRN_TRY(firn_tables_views(&q->tables, err));
    return run_watched(q, firn_buf_str(&sql), err);
}

/* now() is the time at which a transaction began: the plan and the run must see the same one. */
static firn_code run_in_transaction(querying *q, firn_err *err)
{
    const firn_engine_ops *ops = q->run->ops;
    FIRN_TRY(ops->exec(q->session, FIRN_STR_LIT("BEGIN"), err));
    firn_code code = run_rewritten(q, err);
    firn_code end = ops->exec(q->session, FIRN_STR_LIT("ROLLBACK"), NULL);
    (void)end; /* nothing was changed */
    return code;
}

static firn_code query(querying *q, firn_err *err)
{
    const firn_query_conf *c = q->conf;
    const firn_sql_origin origin = {.file = c->file, .line = c->line, .column = c->column};
    FIRN_TRY(firn_tables_find(q->run, c->sql, &origin, q->a, &q->inputs, err));
    if (!q->run->catalog && q->inputs.n == 0)
        return run_watched(q, c->sql, err);
    FIRN_TRY(firn_tables_open(q->run, q->session, &q->inputs, q->a, &q->tables, err));
    firn_code code = run_in_transaction(q, err);
    firn_tables_close(&q->tables);
    return code;
}

firn_code firn_query(firn_context *run, firn_session *s, const firn_query_conf *conf,
                     firn_query_fn fn, void *arg, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a query", 0);
    firn_err local = {0};
    querying q = {.run = run, .session = s, .conf = conf, .fn = fn, .arg = arg, .a = a};
    if (!a)
        return firn_raise_nomem(err);
    return query(&q, err ? err : &local);
}
