/* SPDX-License-Identifier: Apache-2.0 */
/* Running the checks of a table: counting what fails, saying it, keeping it. */
#include "pipeline/checks_int.h"
#include "pipeline/graph.h"

#include "base/datetime.h"
#include "base/str.h"
#include "engine/sql.h"
#include "engine/sql_front.h"

#include <inttypes.h>
#include <stdio.h>

#define SAMPLE_ROWS 3

/* --- asking the engine --------------------------------------------------------------------- */

/* Reads the first row of a statement whose first column is a BIGINT; *ret_there: it is not null.
 * `ret_text` (may be NULL) gets the second column. */
static firn_code query_number(firn_checking *c, firn_str sql, int64_t *ret, bool *ret_there,
                              firn_str *ret_text, firn_err *err)
{
    const firn_engine_ops *ops = c->run->ops;
    firn_result *r;
    const firn_column *root;
    size_t rows;
    FIRN_TRY(ops->query(c->session, sql, &r, err));
    firn_code code = ops->next(r, &root, &rows, err);
    *ret_there = code == FIRN_OK && rows && firn_column_is_valid(&root->children[0], 0);
    if (*ret_there)
        *ret = ((const int64_t *)root->children[0].data)[0];
    if (*ret_there && ret_text) {
        *ret_text = firn_arena_str(
            c->a, firn_strview_str(&((const firn_strview *)root->children[1].data)[0]));
        if (!ret_text->p)
            code = firn_arena_raise(c->a, err);
    }
    ops->result_close(r);
    return code;
}

/* A few failing rows as JSON texts. */
static firn_code query_samples(firn_checking *c, firn_str sql, json_t *list, firn_err *err)
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

/* --- what each kind counts ----------------------------------------------------------------- */

static firn_code count_failing(firn_checking *c, const firn_check *k, firn_finding *ret,
                               firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    bool there;
    FIRN_TRY(firn_checking_failing(c, k, "SELECT count(*)", &sql, err));
    return query_number(c, firn_buf_str(&sql), &ret->failing, &there, NULL, err);
}

static firn_code set_fact(firn_checking *c, json_t *fact, firn_finding *ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *owned = fact;
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 16);
    if (!owned)
        return firn_raise_nomem(err);
    ret->failing = 1;
    FIRN_TRY(firn_json_print(owned, 0, &text, err));
    ret->fact = firn_arena_str(c->a, firn_buf_str(&text));
    return ret->fact.p ? FIRN_OK : firn_arena_raise(c->a, err);
}

static firn_code count_rows(firn_checking *c, const firn_check *k, firn_finding *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    int64_t rows = 0;
    bool there;
    FIRN_TRY(firn_checking_all(c, err));
    FIRN_TRY(firn_buf_adds(&sql, "SELECT count(*)", err));
    FIRN_TRY(firn_checking_from(c, k, c->all, &sql, err));
    FIRN_TRY(query_number(c, firn_buf_str(&sql), &rows, &there, NULL, err));
    if (rows >= k->min_rows && rows <= k->max_rows)
        return FIRN_OK;
    json_t *fact = json_pack("{s:I, s:I}", "rows", (json_int_t)rows, "min", k->min_rows);
    bool few = rows < k->min_rows;
    snprintf(ret->text, sizeof ret->text, "%" PRId64 " row%s, %s %" PRId64 " were wanted", rows,
             rows == 1 ? "" : "s",
             k->min_rows == k->max_rows ? "exactly"
             : few                      ? "at least"
                                        : "at most",
             few ? k->min_rows : k->max_rows);
    if (fact && k->max_rows != INT64_MAX)
        json_object_set_new(fact, "max", json_integer(k->max_rows));
    return set_fact(c, fact, ret, err);
}

/* "2d", "36h", "90s": as long as nothing is lost. */
static void print_age(int64_t ms, char out[32])
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;
    while (ms % units[i].ms)
        i++;
    snprintf(out, 32, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
}

static firn_code wants_time(const firn_checking *c, const firn_check *k, firn_err *err)
{
    const firn_type *t = firn_checking_type(c, k->column);
    if (!t || t->kind == FIRN_T_DATE || t->kind == FIRN_T_TIMESTAMP ||
        t->kind == FIRN_T_TIMESTAMPTZ || t->kind == FIRN_T_TIMESTAMP_NS ||
        t->kind == FIRN_T_TIMESTAMPTZ_NS)
        return FIRN_OK; /* a column that is not there is the engine's to tell */
    firn_raise(err, FIRN_E_SQL, "freshness looks at a date or timestamp; column %s is %s",
               firn_quote(k->column).s, firn_type_text(t, c->a));
    return firn_err_advise(err, "make it one in the model or in columns: of the ingest entry, or "
                                "name another column");
}

static firn_code query_newest(firn_checking *c, const firn_check *k, firn_str rows, int64_t *ret_us,
                              bool *ret_there, firn_str *ret_text, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf column = FIRN_BUF((size_t)1 << 20);
    FIRN_TRY(firn_checking_column(c, k->column, &column, err));
    const char *col = firn_buf_cstr(&column);
    FIRN_TRY(
        firn_buf_addf(&sql, err, "SELECT epoch_us(max(%s)), CAST(max(%s) AS VARCHAR)", col, col));
    FIRN_TRY(firn_checking_from(c, k, rows, &sql, err));
    return query_number(c, firn_buf_str(&sql), ret_us, ret_there, ret_text, err);
}

/* New rows are mostly newer: only if they are not, the others are looked at. */
static firn_code check_age(firn_checking *c, const firn_check *k, firn_finding *ret, firn_err *err)
{
    int64_t newest = 0;
    bool there;
    firn_str text = {NULL, 0};
    char max_age[32];
    int64_t limit = k->max_age_ms < INT64_MAX / 2000 ? c->now_us - k->max_age_ms * 1000 : INT64_MIN;
    FIRN_TRY(wants_time(c, k, err));
    FIRN_TRY(query_newest(c, k, c->fresh, &newest, &there, &text, err));
    if (there && newest >= limit)
        return FIRN_OK;
    FIRN_TRY(firn_checking_all(c, err));
    if (c->all.p != c->fresh.p)
        FIRN_TRY(query_newest(c, k, c->all, &newest, &there, &text, err));
    if (there && newest >= limit)
        return FIRN_OK;
    print_age(k->max_age_ms, max_age);
    if (there)
        snprintf(ret->text, sizeof ret->text, "the newest value at %.*s, older than %s",
                 FIRN_STR_ARG(text), max_age);
    else
        snprintf(ret->text, sizeof ret->text, "no value, one of at most %s was wanted", max_age);
    return set_fact(c,
                    json_pack("{s:o, s:s}", "newest", there ? firn_json_new_str(text) : json_null(),
                              "max_age", max_age),
                    ret, err);
}

static firn_code look(firn_checking *c, const firn_check *k, firn_finding *ret, firn_err *err)
{
    if (k->kind == FIRN_CHECK_ROW_COUNT)
        return count_rows(c, k, ret, err);
    if (k->kind == FIRN_CHECK_FRESHNESS)
        return check_age(c, k, ret, err);
    return count_failing(c, k, ret, err);
}

/* --- saying it ----------------------------------------------------------------------------- */

static firn_code sample_rows(firn_checking *c, const firn_finding *f, json_t *samples,
                             firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    if (f->fact.p)
        return firn_json_append(samples, firn_json_new_str(f->fact), err);
    FIRN_TRY(firn_buf_adds(&sql, "SELECT CAST(to_json(firn_row) AS VARCHAR) FROM (", err));
    FIRN_TRY(firn_checking_failing(c, f->check, "SELECT *", &sql, err));
    FIRN_TRY(firn_buf_addf(&sql, err, " LIMIT %d) AS firn_row", SAMPLE_ROWS));
    return query_samples(c, firn_buf_str(&sql), samples, err);
}

/* "3 rows", "2 values that are there more than once", "12 rows, at most 10 were wanted". */
static void say_failing(firn_finding *f)
{
    bool one = f->failing == 1;
    if (f->text[0])
        return;
    snprintf(f->text, sizeof f->text, "%" PRId64 " %s", f->failing,
             f->check->kind == FIRN_CHECK_UNIQUE ? (one ? "value that is there more than once"
                                                        : "values that are there more than once")
             : one                               ? "row"
                                                 : "rows");
}

static firn_code send_event(firn_checking *c, const firn_finding *f, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *samples = json_array();
    const firn_check *k = f->check;
    bool warn = k->severity == FIRN_SEVERITY_WARN;
    if (!samples)
        return firn_raise_nomem(err);
    if (f->failing)
        FIRN_TRY(sample_rows(c, f, samples, err));
    firn_event(&c->run->events, "check",
               json_pack("{s:o, s:o, s:o, s:s, s:I, s:s, s:O}", "namespace",
                         firn_json_new_str(c->in->ident.ns), "table",
                         firn_json_new_str(c->in->ident.name), "check", firn_json_new_str(k->name),
                         "severity", warn ? "warn" : "error", "failing", (json_int_t)f->failing,
                         "text", f->text, "samples", samples));
    return FIRN_OK;
}

static void raise_failure(const firn_checking *c, const firn_finding *f, firn_err *err)
{
    const firn_ident *i = &c->in->ident;
    firn_raise(err, FIRN_E_CHECK, "check %s of %.*s.%.*s found %s", firn_quote(f->check->name).s,
               FIRN_STR_ARG(i->ns), FIRN_STR_ARG(i->name), f->text);
}

/* The error of the first check that fails is what the caller gets. */
static void keep_error(firn_checking *c, const firn_finding *f)
{
    const firn_ident *i = &c->in->ident;
    if (c->counts.errors++ > 0)
        return;
    raise_failure(c, f, &c->first);
    if (c->in->committed)
        firn_err_advise(&c->first,
                        "look at the rows: firn sql \"FROM %.*s.%.*s" FIRN_FAILURES_SUFFIX "\"",
                        FIRN_STR_ARG(i->ns), FIRN_STR_ARG(i->name));
    else
        firn_err_advise(&c->first,
                        "nothing of the table was committed; the rows: firn sql \"FROM "
                        "%.*s.%.*s" FIRN_FAILURES_SUFFIX "\"; mend the data or the model, or give "
                        "the check `severity: warn`",
                        FIRN_STR_ARG(i->ns), FIRN_STR_ARG(i->name));
    firn_err_place(&c->first, f->check->place);
}

static firn_code keep_finding(firn_checking *c, const firn_finding *f, firn_err *err)
{
    if (f->failing == 0) {
        c->counts.passed++;
        return FIRN_OK;
    }
    if (f->check->severity == FIRN_SEVERITY_WARN)
        c->counts.warnings++;
    else
        keep_error(c, f);
    return firn_vec_push(c->a, &c->found, *f) ? FIRN_OK : firn_arena_raise(c->a, err);
}

/* --- running them -------------------------------------------------------------------------- */

static firn_code at_check(const firn_check *k, firn_err *err)
{
    /* the excerpt shows a statement nobody wrote */
    firn_sql_locate(err, (firn_str){NULL, 0}, &(firn_sql_origin){.line = 1, .column = 1});
    if (err && !err->advice[0])
        firn_err_advise(err, "a check is an SQL condition, as behind WHERE: \"amount >= 0\"");
    err->where[0] = '\0';
    firn_wrap(err, "check %s", firn_quote(k->name).s);
    return firn_err_place(err, k->place);
}

static firn_code run_check(firn_checking *c, const firn_check *k, firn_err *err)
{
    firn_finding f = {.check = k};
    if (look(c, k, &f, err) != FIRN_OK)
        return at_check(k, err);
    say_failing(&f);
    FIRN_TRY(send_event(c, &f, err));
    return keep_finding(c, &f, err);
}

/* That rows could not be kept stops a commit, but does not hide that a check does. */
static firn_code keep_rows(firn_checking *c, firn_err *err)
{
    if (firn_checking_keep(c, err) == FIRN_OK)
        return FIRN_OK;
    firn_wrap(err, "the table of failing rows");
    if (c->counts.errors == 0 || err->code == FIRN_E_CANCELLED)
        return err->code;
    firn_event_note(&c->run->events, (firn_str){"", 0}, c->in->ident.ns, c->in->ident.name,
                    firn_str_of(err->text));
    firn_err_clear(err);
    return FIRN_OK;
}

static firn_code run_all(firn_checking *c, firn_err *err)
{
    FIRN_TRY(firn_checking_open(c, err));
    for (size_t i = 0; i < c->in->check_count; i++)
        FIRN_TRY(run_check(c, &c->in->checks[i], err));
    FIRN_TRY(keep_rows(c, err));
    if (c->counts.errors == 0)
        return FIRN_OK;
    *err = c->first;
    if (c->counts.errors > 1)
        return firn_wrap(err, "%zu checks failed, the first", c->counts.errors);
    return err->code;
}

/* A table whose checks were taken away has no failing rows any more. */
static firn_code forget_rows(firn_checking *c, firn_err *err)
{
    firn_err local = {0};
    if (firn_checking_keep(c, &local) == FIRN_OK)
        return FIRN_OK;
    firn_wrap(&local, "the table of failing rows");
    if (err)
        *err = local;
    return local.code;
}

firn_code firn_checks_run(firn_context *run, const firn_check_input *in, firn_check_counts *ret,
                          firn_err *err)
{
    *ret = (firn_check_counts){0};
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("checks", 0);
    firn_checking c = {.run = run, .in = in, .a = a, .now_us = firn_env_now_us(run->env)};
    firn_err local = {0};
    if (!a)
        return firn_raise_nomem(err);
    if (in->check_count == 0)
        return forget_rows(&c, err);
    FIRN_TRY(firn_context_session(run, &c.session, err));
    firn_code code = run_all(&c, err ? err : &local);
    firn_checking_close(&c);
    firn_context_session_close(run, c.session);
    *ret = c.counts;
    return code;
}

/* --- what they depend on ------------------------------------------------------------------- */

firn_code firn_check_print(const firn_check *k, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "check %d %d %.*s %.*s", (int)k->kind, (int)k->severity,
                           FIRN_STR_ARG(k->column), FIRN_STR_ARG(k->sql)));
    if (k->where.n)
        FIRN_TRY(firn_buf_addf(out, err, " where %.*s", FIRN_STR_ARG(k->where)));
    for (size_t i = 0; k->column.n == 0 && i < k->columns.n; i++)
        FIRN_TRY(firn_buf_addf(out, err, " column %.*s", FIRN_STR_ARG(k->columns.v[i])));
    for (size_t i = 0; i < k->values.n; i++)
        FIRN_TRY(firn_buf_addf(out, err, " value %.*s", FIRN_STR_ARG(k->values.v[i])));
    if (k->kind == FIRN_CHECK_RELATIONSHIPS)
        FIRN_TRY(firn_buf_addf(out, err, " to %.*s.%.*s.%.*s", FIRN_STR_ARG(k->to.ns),
                               FIRN_STR_ARG(k->to.name), FIRN_STR_ARG(k->field)));
    if (k->kind == FIRN_CHECK_ROW_COUNT)
        FIRN_TRY(firn_buf_addf(out, err, " %" PRId64 " %" PRId64, k->min_rows, k->max_rows));
    if (k->kind == FIRN_CHECK_FRESHNESS)
        FIRN_TRY(firn_buf_addf(out, err, " %" PRId64, k->max_age_ms));
    return FIRN_OK;
}

firn_code firn_checks_needs(const firn_table_conf *table, firn_arena *a, firn_ident **ret,
                            size_t *ret_count, firn_err *err)
{
    *ret_count = 0;
    *ret = firn_arena_array(a, table->check_count, sizeof **ret);
    if (!*ret)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < table->check_count; i++)
        if (table->checks[i].kind == FIRN_CHECK_RELATIONSHIPS &&
            !firn_ident_eq(table->checks[i].to, table->ident))
            (*ret)[(*ret_count)++] = table->checks[i].to;
    return FIRN_OK;
}

/* --- whether they can be run --------------------------------------------------------------- */

static firn_code no_target(firn_context *run, const firn_graph *g, const firn_check *k,
                           const firn_ident *tables, size_t count, firn_arena *a, firn_err *err)
{
    firn_str names[512];
    size_t n = 0;
    const char *wanted =
        firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(k->to.ns), FIRN_STR_ARG(k->to.name));
    for (size_t i = 0; i < g->count && n < FIRN_COUNT_OF(names); i++)
        names[n++] = g->nodes[i].name;
    for (size_t i = 0; i < count && n < FIRN_COUNT_OF(names); i++)
        names[n++] = firn_str_of(firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(tables[i].ns),
                                                   FIRN_STR_ARG(tables[i].name)));
    if (!wanted)
        return firn_arena_raise(a, err);
    firn_raise_conf(err, k->place, FIRN_ID_CHECK, "check %s: there is no table %s",
                    firn_quote(k->name).s, wanted);
    int near = firn_str_nearest(firn_str_of(wanted), names, n);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, run->catalog ? "`firn tables` lists those that are there"
                                          : "nothing has landed yet: name a table of the project");
    return FIRN_E_CONFIG;
}

static bool has_target(const firn_graph *g, const firn_ident *tables, size_t count,
                       const firn_ident *to)
{
    for (size_t i = 0; i < g->count; i++)
        if (firn_ident_eq(g->nodes[i].ident, *to))
            return true;
    for (size_t i = 0; i < count; i++)
        if (firn_ident_eq(tables[i], *to))
            return true;
    return false;
}

firn_code firn_checks_targets(firn_context *run, const firn_graph *g, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("names", 0);
    firn_ident *tables = NULL;
    size_t count = 0;
    if (!a)
        return firn_raise_nomem(err);
    if (run->catalog)
        FIRN_TRY(run->catalog->ops->list_tables(run->catalog, a, &tables, &count, err));
    for (size_t i = 0; i < g->count; i++) {
        const firn_node *n = &g->nodes[i];
        const firn_table_conf *t = n->ingest ? &n->ingest->table : &n->model->table;
        for (size_t k = 0; k < t->check_count; k++) {
            const firn_check *c = &t->checks[k];
            if (c->kind == FIRN_CHECK_RELATIONSHIPS && !has_target(g, tables, count, &c->to))
                return no_target(run, g, c, tables, count, a, err);
        }
    }
    return FIRN_OK;
}
