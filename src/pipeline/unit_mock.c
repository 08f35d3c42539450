/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a unit test, in the engine's memory: given rows, empty tables, and the models in
 * between as views over them. */
#include "pipeline/unit_int.h"

#include "base/str.h"
#include "engine/sql.h"
#include "pipeline/project_int.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64
#define ADDED_MAX 100 /* columns of a test that only statements name */

/* --- names --------------------------------------------------------------------------------- */

static firn_code add_name(const firn_unit_work *w, firn_ident ident, firn_buf *out, firn_err *err)
{
    firn_str flat;
    FIRN_TRY(firn_sql_flat_namespace(ident.ns, w->a, &flat, err));
    FIRN_TRY(firn_buf_addf(out, err, "%s.", w->alias));
    FIRN_TRY(firn_sql_ident(out, flat, err));
    FIRN_TRY(firn_buf_addc(out, '.', err));
    return firn_sql_ident(out, ident.name, err);
}

static firn_code add_schema(const firn_unit_work *w, firn_ident ident, firn_buf *out, firn_err *err)
{
    firn_str flat;
    FIRN_TRY(firn_sql_flat_namespace(ident.ns, w->a, &flat, err));
    FIRN_TRY(firn_buf_addf(out, err, "CREATE SCHEMA IF NOT EXISTS %s.", w->alias));
    FIRN_TRY(firn_sql_ident(out, flat, err));
    return firn_buf_adds(out, "; ", err);
}

static firn_code exec(const firn_unit_work *w, const firn_buf *sql, firn_err *err)
{
    return w->bench->run->ops->exec(w->bench->session, firn_buf_str(sql), err);
}

/* --- what is known of a table --------------------------------------------------------------- */

static firn_code make_source(firn_unit_work *w, size_t i, firn_err *err);
static firn_code rewrite(firn_unit_work *w, const firn_model *model, firn_str *ret, firn_err *err);

static firn_code describe(const firn_unit_work *w, firn_str sql, firn_unit_fields *fields,
                          firn_err *err)
{
    firn_statement_kind kind;
    firn_result_column *columns;
    size_t count;
    FIRN_TRY(
        w->bench->run->ops->describe(w->bench->session, sql, w->a, &kind, &columns, &count, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_unit_add_field(w, fields, columns[i].name, &columns[i].type, err));
    return FIRN_OK;
}

/* What is known of a source's columns; *ret_all: they are all it has. */
static firn_code known_columns(firn_unit_work *w, size_t i, firn_unit_fields *fields, bool *ret_all,
                               firn_err *err)
{
    firn_unit_source *s = &w->bench->sources[i];
    firn_err ignored = {0};
    firn_str sql;
    *ret_all = true;
    if (s->node && s->node->model) {
        /* its statement tells, as far as what it reads is known */
        if (rewrite(w, s->node->model, &sql, &ignored) == FIRN_OK &&
            describe(w, sql, fields, &ignored) == FIRN_OK)
            return FIRN_OK;
        fields->n = 0;
    }
    if (s->in_catalog)
        return firn_unit_catalog_columns(w, s, fields, err);
    *ret_all = false;
    return firn_unit_ingest_columns(w, s->ident, fields, err);
}

/* --- tables -------------------------------------------------------------------------------- */

static firn_code create_table(const firn_unit_work *w, firn_ident ident,
                              const firn_unit_fields *fields, firn_buf *sql, firn_err *err)
{
    FIRN_TRY(add_schema(w, ident, sql, err));
    FIRN_TRY(firn_buf_adds(sql, "CREATE TABLE ", err));
    FIRN_TRY(add_name(w, ident, sql, err));
    FIRN_TRY(firn_buf_adds(sql, " (", err));
    for (size_t i = 0; i < fields->n; i++) {
        FIRN_TRY(firn_buf_adds(sql, i ? ", " : "", err));
        FIRN_TRY(firn_sql_ident(sql, fields->v[i].name, err));
        FIRN_TRY(firn_buf_addc(sql, ' ', err));
        FIRN_TRY(firn_sql_type(sql, &fields->v[i].type, err));
    }
    /* a table has a column at least */
    return firn_buf_adds(sql, fields->n ? "); " : "firn_nothing INTEGER); ", err);
}

const firn_conf *firn_unit_cell_of(const firn_conf *row, firn_str column)
{
    for (size_t i = 0; i < row->count; i++)
        if (firn_str_ieq(row->items[i].key, column))
            return &row->items[i];
    return NULL;
}

static firn_code add_row(const firn_conf *row, const firn_type *columns, firn_buf *out,
                         firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '(', err));
    for (size_t i = 0; i < columns->field_count; i++) {
        const firn_conf *c = firn_unit_cell_of(row, columns->fields[i].name);
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        if (!c)
            FIRN_TRY(firn_buf_adds(out, "NULL", err));
        else if (firn_unit_literal(c, &columns->fields[i].type, false, out, err) != FIRN_OK)
            return firn_wrap(err, "column %s", firn_quote(c->key).s);
    }
    return firn_buf_addc(out, ')', err);
}

static firn_code insert_rows(const firn_unit_work *w, const firn_unit_given *g,
                             const firn_unit_fields *fields, firn_buf *sql, firn_err *err)
{
    const firn_type columns = {
        .kind = FIRN_T_STRUCT, .fields = fields->v, .field_count = fields->n};
    if (g->rows.count == 0)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(sql, "INSERT INTO ", err));
    FIRN_TRY(add_name(w, g->ident, sql, err));
    FIRN_TRY(firn_buf_adds(sql, " VALUES ", err));
    for (size_t i = 0; i < g->rows.count; i++) {
        FIRN_TRY(firn_buf_adds(sql, i ? ", " : "", err));
        FIRN_TRY(fields->n ? add_row(&g->rows.items[i], &columns, sql, err)
                           : firn_buf_adds(sql, "(NULL)", err));
    }
    return FIRN_OK;
}

firn_code firn_unit_sql_error(const firn_unit_rows *rows, firn_err *err)
{
    if (err->code == FIRN_E_CANCELLED || err->code == FIRN_E_NOMEM || err->where[0])
        return err->code;
    /* the excerpt may show a statement nobody wrote */
    firn_sql_locate(err, (firn_str){NULL, 0}, &(firn_sql_origin){.line = 1, .column = 1});
    err->where[0] = '\0';
    err->code = FIRN_E_CONFIG;
    firn_err_id(err, FIRN_ID_UNIT_TEST);
    if (!err->advice[0])
        firn_err_advise(err, "mend the rows of the test; a column's type can be said: {columns: "
                             "{x: date}, rows: […]}");
    return firn_err_place(err, rows->place);
}

static firn_code mock_given_sql(firn_unit_work *w, const firn_unit_given *g, bool all,
                                firn_unit_fields *fields, firn_buf *sql, firn_err *err)
{
    firn_unit_fields asked = {0};
    FIRN_TRY(describe(w, g->rows.sql, &asked, err));
    for (size_t i = 0; i < asked.n; i++) {
        const firn_conf name = {.key = asked.v[i].name, .key_place = g->rows.place};
        if (firn_unit_find_field(fields, asked.v[i].name))
            continue;
        if (all)
            return firn_unit_no_column(&name, g->ident, fields, err);
        FIRN_TRY(firn_unit_add_field(w, fields, asked.v[i].name, &asked.v[i].type, err));
    }
    FIRN_TRY(create_table(w, g->ident, fields, sql, err));
    FIRN_TRY(firn_buf_adds(sql, "INSERT INTO ", err));
    FIRN_TRY(add_name(w, g->ident, sql, err));
    FIRN_TRY(firn_buf_adds(sql, " BY NAME (", err));
    FIRN_TRY(firn_buf_addstr(sql, g->rows.sql, err));
    return firn_buf_adds(sql, "\n)", err);
}

static firn_code mock_given(firn_unit_work *w, size_t i, const firn_unit_given *g, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_unit_fields fields = {0};
    bool all = false;
    FIRN_TRY(known_columns(w, i, &fields, &all, err));
    FIRN_TRY(firn_unit_given_types(w, g->rows.columns, &fields, err));
    if (g->rows.sql.p) {
        if (mock_given_sql(w, g, all, &fields, &sql, err) != FIRN_OK)
            return firn_unit_sql_error(&g->rows, err);
    } else {
        FIRN_TRY(all ? firn_unit_refuse_unknown(&g->rows, g->ident, &fields, err)
                     : firn_unit_add_told(w, i, &fields, err));
        FIRN_TRY(create_table(w, g->ident, &fields, &sql, err));
        FIRN_TRY(insert_rows(w, g, &fields, &sql, err));
    }
    return exec(w, &sql, err) == FIRN_OK ? FIRN_OK : firn_unit_sql_error(&g->rows, err);
}

static firn_code mock_empty(firn_unit_work *w, size_t i, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_unit_fields fields = {0};
    bool all;
    FIRN_TRY(known_columns(w, i, &fields, &all, err));
    if (!all)
        FIRN_TRY(firn_unit_add_told(w, i, &fields, err));
    FIRN_TRY(create_table(w, w->bench->sources[i].ident, &fields, &sql, err));
    return exec(w, &sql, err);
}

/* --- columns nobody named ------------------------------------------------------------------ */

/* The name in `Referenced column "x" not found` and `… does not have a column named "x"`. */
static firn_str missing_column(const firn_err *err)
{
    static const char *const words[] = {"Referenced column \"", "does not have a column named \""};
    for (size_t i = 0; err->code == FIRN_E_SQL && i < FIRN_COUNT_OF(words); i++) {
        const char *at = strstr(err->text, words[i]);
        const char *from = at ? at + strlen(words[i]) : NULL;
        const char *to = from ? strchr(from, '"') : NULL;
        if (to && to > from)
            return (firn_str){from, (size_t)(to - from)};
    }
    return (firn_str){NULL, 0};
}

/* A column that is not given is null: where a table was never landed, its name is told by the
 * statement that asks for it. */
bool firn_unit_add_missing(firn_unit_work *w, const firn_err *err)
{
    firn_str name = missing_column(err);
    bool added = false;
    for (size_t i = 0; name.p && w->added < ADDED_MAX && i < w->bench->source_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
        firn_err ignored = {0};
        if (!w->open_ended[i] || w->states[i] != FIRN_MOCK_MADE)
            continue;
        bool done = firn_buf_adds(&sql, "ALTER TABLE ", &ignored) == FIRN_OK &&
                    add_name(w, w->bench->sources[i].ident, &sql, &ignored) == FIRN_OK &&
                    firn_buf_adds(&sql, " ADD COLUMN ", &ignored) == FIRN_OK &&
                    firn_sql_ident(&sql, name, &ignored) == FIRN_OK &&
                    firn_buf_adds(&sql, " VARCHAR", &ignored) == FIRN_OK &&
                    exec(w, &sql, &ignored) == FIRN_OK;
        added = added || done;
    }
    w->added++;
    return added;
}

/* --- models -------------------------------------------------------------------------------- */

static size_t source_of(const firn_unit_bench *b, firn_ident ident)
{
    size_t i = 0;
    while (i < b->source_count && !firn_ident_eq(b->sources[i].ident, ident))
        i++;
    return i;
}

/* Whether rows are given for something that the model stands on. */
static bool stands_on_given(const firn_unit_work *w, const firn_node *n, unsigned depth)
{
    const firn_unit_bench *b = w->bench;
    for (size_t i = 0; depth < DEPTH_MAX && i < n->need_count; i++) {
        const firn_node *need = &b->graph->nodes[n->needs[i]];
        if (w->given[source_of(b, need->ident)] || stands_on_given(w, need, depth + 1))
            return true;
    }
    return false;
}

firn_code firn_unit_model_error(const firn_unit_work *w, const firn_model *model, firn_str sql,
                                firn_err *err)
{
    firn_sql_origin origin = firn_model_origin(model);
    bool column = strstr(err->text, "column") && strstr(err->text, "not found");
    if (err->code != FIRN_E_SQL)
        return err->code;
    firn_sql_locate(err, sql, &origin);
    if (!sql.p)
        err->where[0] = '\0'; /* of a statement nobody wrote */
    if (w->bench->run->catalog)
        firn_tables_advise(w->bench->run, err);
    if (column && !err->advice[0])
        firn_err_advise(err, "a table that was never landed has the columns that its rows in the "
                             "test name, or that are typed: given: {raw.x: {columns: {a: date}, "
                             "rows: […]}}, or columns: of its entry in the project");
    return err->where[0] ? err->code : firn_err_place(err, model->sql_place);
}

static firn_code refuse_ref(const firn_model *model, const firn_sql_ref *r, firn_err *err)
{
    const firn_sql_origin origin = firn_model_origin(model);
    if (r->call)
        firn_raise(err, FIRN_E_UNSUPPORTED, "a unit test cannot give rows to iceberg('…')");
    else
        firn_raise(err, FIRN_E_UNSUPPORTED, "a unit test has no snapshots: $%.*s cannot be read",
                   FIRN_STR_ARG(r->metadata));
    firn_err_advise(err, "put what reads it into a model of its own, and give that one rows");
    firn_sql_place(err, model->sql, r->name.starts[0], &origin);
    return FIRN_E_UNSUPPORTED;
}

/* Names become those of the test's tables; a clause for an earlier state is left out. */
static firn_code apply(firn_unit_work *w, const firn_model *model, const firn_sql_ref *refs,
                       size_t count, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_sql_edit *edits = firn_arena_array(w->a, 2 * count + 1, sizeof *edits);
    size_t n = 0;
    if (!edits)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
        const firn_sql_ref *r = &refs[i];
        firn_str alias = r->first ? firn_str_of(w->alias) : (firn_str){NULL, 0};
        FIRN_TRY(firn_sql_ref_text(model->sql, r, alias, (firn_str){"", 0}, w->a, &text, err));
        edits[n] = (firn_sql_edit){.from = r->name.starts[0], .to = r->end};
        edits[n].text = firn_arena_str(w->a, firn_buf_str(&text));
        if (!edits[n++].text.p)
            return firn_arena_raise(w->a, err);
        if (r->at.end > r->at.offset)
            edits[n++] = (firn_sql_edit){.from = r->at.offset, .to = r->at.end, .text = {"", 0}};
    }
    FIRN_TRY(firn_sql_apply(model->sql, edits, n, &sql, err));
    *ret = firn_arena_str(w->a, firn_buf_str(&sql));
    return ret->p ? FIRN_OK : firn_arena_raise(w->a, err);
}

/* The model with the values of the test's variables. */
static firn_code fill(const firn_unit_work *w, const firn_model *model, firn_model *ret,
                      firn_err *err)
{
    *ret = *model;
    return w->test->vars ? firn_model_fill(ret, &w->vars, w->a, err) : FIRN_OK;
}

static firn_code rewrite_filled(firn_unit_work *w, const firn_model *m, firn_str *ret,
                                firn_err *err)
{
    firn_unit_bench *b = w->bench;
    const firn_sql_origin origin = firn_model_origin(m);
    const firn_sql_known known = {b->project->catalog.name, b->names, b->source_count};
    firn_sql_ref *refs;
    size_t count;
    FIRN_TRY(firn_sql_refs(m->sql, &origin, &known, w->a, &refs, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (refs[i].call || refs[i].metadata.p)
            return refuse_ref(m, &refs[i], err);
        if (!refs[i].column)
            FIRN_TRY(make_source(w, refs[i].table, err));
    }
    return apply(w, m, refs, count, ret, err);
}

static firn_code rewrite(firn_unit_work *w, const firn_model *model, firn_str *ret, firn_err *err)
{
    firn_model m;
    FIRN_TRY(fill(w, model, &m, err));
    return rewrite_filled(w, &m, ret, err);
}

/* The statement alone tells the place. */
static firn_code view_error(const firn_unit_work *w, const firn_model *m, firn_str statement,
                            firn_err *err)
{
    firn_unit_fields ignored = {0};
    firn_err alone = {0};
    if (describe(w, statement, &ignored, &alone) == FIRN_OK)
        return firn_unit_model_error(w, m, (firn_str){NULL, 0}, err);
    *err = alone;
    return firn_unit_model_error(w, m, statement, err);
}

static firn_code mock_model(firn_unit_work *w, const firn_node *n, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_model m;
    firn_str statement;
    bool empty = n->model->materialize == FIRN_MATERIALIZE_TABLE && !stands_on_given(w, n, 0);
    FIRN_TRY(fill(w, n->model, &m, err));
    FIRN_TRY(rewrite_filled(w, &m, &statement, err));
    FIRN_TRY(add_schema(w, n->ident, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, "CREATE VIEW ", err));
    FIRN_TRY(add_name(w, n->ident, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, empty ? " AS SELECT * FROM (" : " AS FROM (", err));
    FIRN_TRY(firn_buf_addstr(&sql, statement, err));
    FIRN_TRY(firn_buf_adds(&sql, empty ? "\n) LIMIT 0" : "\n)", err));
    firn_code code = exec(w, &sql, err);
    while (code != FIRN_OK && firn_unit_add_missing(w, err)) {
        firn_err_clear(err);
        code = exec(w, &sql, err);
    }
    return code == FIRN_OK ? FIRN_OK : view_error(w, &m, statement, err);
}

/* --- one source ---------------------------------------------------------------------------- */

static firn_code make_unmade(firn_unit_work *w, size_t i, firn_err *err)
{
    const firn_unit_source *s = &w->bench->sources[i];
    if (w->given[i])
        return mock_given(w, i, w->given[i], err);
    if (s->node && s->node->model)
        return mock_model(w, s->node, err);
    return mock_empty(w, i, err);
}

/* Recursion is bounded by DEPTH_MAX. */
static firn_code make_source(firn_unit_work *w, size_t i, firn_err *err)
{
    if (w->states[i] == FIRN_MOCK_MADE)
        return FIRN_OK;
    if (w->states[i] == FIRN_MOCK_OPEN || w->depth >= DEPTH_MAX) {
        firn_raise(err, FIRN_E_CONFIG, "models stand on each other more than %d deep", DEPTH_MAX);
        return firn_err_advise(err, "give rows to one of the models in between");
    }
    w->states[i] = FIRN_MOCK_OPEN;
    w->depth++;
    firn_code code = make_unmade(w, i, err);
    w->depth--;
    w->states[i] = code == FIRN_OK ? FIRN_MOCK_MADE : FIRN_MOCK_NONE;
    return code;
}

/* --- the model under test ------------------------------------------------------------------ */

static firn_code not_read(const firn_unit_work *w, const firn_unit_given *g, firn_err *err)
{
    const firn_unit_bench *b = w->bench;
    const firn_ident *model = &w->test->node->ident;
    firn_str names[256];
    size_t n = 0;
    const char *name = firn_arena_printf(w->a, "%.*s.%.*s", FIRN_STR_ARG(g->ident.ns),
                                         FIRN_STR_ARG(g->ident.name));
    for (size_t i = 0; i < b->source_count && n < FIRN_COUNT_OF(names); i++)
        if (w->states[i] == FIRN_MOCK_MADE && !w->given[i] && b->sources[i].node)
            names[n++] = b->sources[i].node->name;
    firn_raise_conf(err, g->place, FIRN_ID_UNIT_TEST, "model %.*s.%.*s does not read %s",
                    FIRN_STR_ARG(model->ns), FIRN_STR_ARG(model->name), name ? name : "");
    int near = name ? firn_str_nearest(firn_str_of(name), names, n) : -1;
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, "take it out; `firn graph +%.*s.%.*s` shows what the model stands on",
                        FIRN_STR_ARG(model->ns), FIRN_STR_ARG(model->name));
    return FIRN_E_CONFIG;
}

firn_code firn_unit_mock(firn_unit_work *w, const firn_model *model, firn_str *ret, firn_err *err)
{
    firn_model m;
    FIRN_TRY(fill(w, model, &m, err));
    FIRN_TRY(rewrite_filled(w, &m, ret, err));
    for (size_t i = 0; i < w->test->given_count; i++) {
        const firn_unit_given *g = &w->test->given[i];
        if (w->states[source_of(w->bench, g->ident)] != FIRN_MOCK_MADE)
            return not_read(w, g, err);
    }
    return FIRN_OK;
}
