/* SPDX-License-Identifier: Apache-2.0 */
/* Running a unit test: its tables, the model over them, the expected rows beside what came out. */
#include "pipeline/unit_int.h"

#include "base/str.h"
#include "engine/sql.h"
#include "pipeline/project_int.h"

#include <stdio.h>
#include <string.h>

#define MAX_ROWS 10000 /* that are compared */

/* --- what all tests share ------------------------------------------------------------------ */

static bool is_known(const firn_unit_bench *b, firn_ident ident)
{
    for (size_t i = 0; i < b->source_count; i++)
        if (firn_ident_eq(b->sources[i].ident, ident))
            return true;
    return false;
}

static void add_source(firn_unit_bench *b, firn_ident ident, const firn_node *node)
{
    if (is_known(b, ident))
        return;
    b->names[b->source_count] = ident;
    b->sources[b->source_count++] = (firn_unit_source){.ident = ident, .node = node};
}

static size_t count_given(const firn_unit_tests *tests)
{
    size_t n = 0;
    for (size_t i = 0; i < tests->n; i++)
        n += tests->v[i].given_count;
    return n;
}

/* Tables that the project makes, that the catalog has, and that others will make: some test says
 * their rows. */
static firn_code list_sources(firn_unit_bench *b, firn_err *err)
{
    firn_ident *tables = NULL;
    size_t count = 0;
    firn_catalog *catalog = b->run->catalog;
    if (catalog)
        FIRN_TRY(catalog->ops->list_tables(catalog, b->a, &tables, &count, err));
    size_t room = b->graph->count + count + count_given(b->tests) + 1;
    b->sources = firn_arena_array(b->a, room, sizeof *b->sources);
    b->names = firn_arena_array(b->a, room, sizeof *b->names);
    if (!b->sources || !b->names)
        return firn_arena_raise(b->a, err);
    for (size_t i = 0; i < b->graph->count; i++)
        add_source(b, b->graph->nodes[i].ident, &b->graph->nodes[i]);
    for (size_t i = 0; i < count; i++)
        add_source(b, tables[i], NULL);
    for (size_t i = 0; i < b->tests->n; i++)
        for (size_t k = 0; k < b->tests->v[i].given_count; k++)
            add_source(b, b->tests->v[i].given[k].ident, NULL);
    for (size_t i = 0; i < b->source_count; i++)
        for (size_t k = 0; k < count && !b->sources[i].in_catalog; k++)
            b->sources[i].in_catalog = firn_ident_eq(b->sources[i].ident, tables[k]);
    return FIRN_OK;
}

firn_code firn_unit_bench_open(firn_context *run, const firn_project *p, const firn_graph *g,
                               const firn_unit_tests *tests, const firn_variables *vars,
                               firn_unit_bench **ret, firn_err *err)
{
    firn_arena *a = firn_arena_new("unit tests", 0);
    firn_unit_bench *b = a ? firn_arena_zalloc(a, sizeof *b) : NULL;
    if (!b) {
        firn_arena_free(a);
        return firn_raise_nomem(err);
    }
    *b = (firn_unit_bench){
        .run = run, .project = p, .graph = g, .tests = tests, .vars = vars, .a = a};
    firn_code code = list_sources(b, err);
    if (code == FIRN_OK)
        code = firn_context_session(run, &b->session, err);
    if (code != FIRN_OK) {
        firn_arena_free(a);
        return code;
    }
    *ret = b;
    return FIRN_OK;
}

void firn_unit_bench_close(firn_unit_bench *b)
{
    if (!b)
        return;
    firn_context_session_close(b->run, b->session);
    firn_arena_free(b->a);
}

/* --- a SELECT and its columns -------------------------------------------------------------- */

typedef struct selected {
    firn_str sql;
    firn_result_column *columns;
    size_t count;
} selected;

static firn_code describe(const firn_unit_work *w, firn_str sql, selected *ret, firn_err *err)
{
    firn_statement_kind kind;
    ret->sql = sql;
    FIRN_TRY(w->bench->run->ops->describe(w->bench->session, sql, w->a, &kind, &ret->columns,
                                          &ret->count, err));
    return kind == FIRN_STATEMENT_SELECT ? FIRN_OK
                                         : firn_raise(err, FIRN_E_SQL, "this is no SELECT");
}

static const firn_result_column *find_column(const selected *s, firn_str name)
{
    for (size_t i = 0; i < s->count; i++)
        if (firn_str_ieq(s->columns[i].name, name))
            return &s->columns[i];
    return NULL;
}

/* The type of a column that is known to be there. */
static const firn_type *type_of(const selected *s, firn_str name)
{
    static const firn_type unknown = {.kind = FIRN_T_UNKNOWN};
    const firn_result_column *c = find_column(s, name);
    return c ? &c->type : &unknown;
}

static bool is_text_kind(firn_type_kind k)
{
    return k == FIRN_T_STRING || k == FIRN_T_UUID || k == FIRN_T_BINARY || k == FIRN_T_FIXED;
}

static firn_unit_class class_of(const firn_type *t)
{
    if (t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE)
        return FIRN_UNIT_FLOAT;
    if (t->kind == FIRN_T_INT || t->kind == FIRN_T_LONG || t->kind == FIRN_T_DECIMAL)
        return FIRN_UNIT_NUMBER;
    return FIRN_UNIT_EXACT;
}

/* SELECT a, to_json(b) … as texts: nested values as JSON, so that null and 'null' differ. */
static firn_code add_texts(const selected *s, const firn_unit_column *columns, size_t count,
                           firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < count; i++) {
        const firn_result_column *c = find_column(s, columns[i].name);
        bool nested = c && firn_type_is_nested(c->type.kind) && c->mapped;
        FIRN_TRY(firn_buf_adds(out, i ? ", CAST(" : "CAST(", err));
        FIRN_TRY(firn_buf_adds(out, nested ? "to_json(" : "", err));
        if (c)
            FIRN_TRY(firn_sql_ident(out, c->name, err));
        else
            FIRN_TRY(firn_buf_adds(out, "NULL", err));
        FIRN_TRY(firn_buf_adds(out, nested ? ") AS VARCHAR)" : " AS VARCHAR)", err));
    }
    FIRN_TRY(firn_buf_adds(out, count ? " FROM (" : "1 FROM (", err));
    FIRN_TRY(firn_buf_addstr(out, s->sql, err));
    return firn_buf_adds(out, "\n) AS firn_rows", err);
}

typedef FIRN_VEC(firn_unit_cell *) row_vec;

static firn_code copy_row(const firn_column *root, size_t row, size_t columns, firn_arena *a,
                          row_vec *rows, firn_err *err)
{
    firn_unit_cell *cells = firn_arena_array(a, columns + 1, sizeof *cells);
    if (!cells)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < columns; i++) {
        const firn_column *c = &root->children[i];
        if (!firn_column_is_valid(c, row))
            continue;
        cells[i].text = firn_arena_str(a, firn_strview_str(&((const firn_strview *)c->data)[row]));
        if (!cells[i].text.p)
            return firn_arena_raise(a, err);
    }
    return firn_vec_push(a, rows, cells) ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code too_many(const firn_unit_work *w, firn_err *err)
{
    firn_raise_conf(err, w->test->place, FIRN_ID_UNIT_TEST, "more than %d rows to compare",
                    MAX_ROWS);
    firn_err_advise(err, "give the test fewer rows, or test a model that sums them up");
    return FIRN_E_CONFIG;
}

static firn_code read_rows(firn_unit_work *w, const selected *s, const firn_unit_column *columns,
                           size_t count, firn_unit_table *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_engine_ops *ops = w->bench->run->ops;
    firn_result *r;
    const firn_column *root;
    size_t n;
    row_vec rows = {0};
    FIRN_TRY(add_texts(s, columns, count, &sql, err));
    FIRN_TRY(ops->query(w->bench->session, firn_buf_str(&sql), &r, err));
    firn_code code = ops->next(r, &root, &n, err);
    while (code == FIRN_OK && n) {
        for (size_t i = 0; code == FIRN_OK && i < n; i++)
            code = copy_row(root, i, count, w->a, &rows, err);
        if (code == FIRN_OK && rows.n > MAX_ROWS)
            code = too_many(w, err);
        if (code == FIRN_OK)
            code = ops->next(r, &root, &n, err);
    }
    ops->result_close(r);
    *ret = (firn_unit_table){rows.v, rows.n};
    return code;
}

/* --- expected rows ------------------------------------------------------------------------- */

static firn_code no_column(const firn_unit_work *w, firn_str name, firn_place place,
                           const selected *found, firn_err *err)
{
    firn_str names[256];
    size_t n = FIRN_MIN(found->count, FIRN_COUNT_OF(names));
    const firn_ident *model = &w->test->node->ident;
    for (size_t i = 0; i < n; i++)
        names[i] = found->columns[i].name;
    firn_raise_conf(err, place, FIRN_ID_UNIT_TEST, "model %.*s.%.*s makes no column %s",
                    FIRN_STR_ARG(model->ns), FIRN_STR_ARG(model->name), firn_quote(name).s);
    int near = firn_str_nearest(name, names, n);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, "take it out, or add it to the model's SELECT");
    return FIRN_E_CONFIG;
}

static firn_place place_of_key(const firn_unit_rows *rows, firn_str name)
{
    for (size_t i = 0; i < rows->count; i++)
        for (size_t k = 0; k < rows->items[i].count; k++)
            if (firn_str_ieq(rows->items[i].items[k].key, name))
                return rows->items[i].items[k].key_place;
    return rows->place;
}

static firn_code set_columns(firn_unit_work *w, const selected *found, const firn_str *names,
                             size_t count, firn_unit_result *ret, firn_err *err)
{
    ret->columns = firn_arena_array(w->a, count + 1, sizeof *ret->columns);
    if (!ret->columns)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++) {
        const firn_result_column *c = find_column(found, names[i]);
        if (!c)
            return no_column(w, names[i], place_of_key(&w->test->expect, names[i]), found, err);
        ret->columns[ret->column_count++] = (firn_unit_column){
            .name = c->name, .type = c->engine_type, .text = is_text_kind(c->type.kind)};
    }
    return FIRN_OK;
}

/* No rows expected: then all columns show what came instead. */
static firn_code named_columns(firn_unit_work *w, const selected *found, const selected *expected,
                               firn_unit_result *ret, firn_err *err)
{
    firn_unit_fields fields = {0};
    if (!expected)
        FIRN_TRY(firn_unit_columns_of(&w->test->expect, w->a, &fields, err));
    const selected *from = expected ? expected : fields.n == 0 ? found : NULL;
    size_t count = from ? from->count : fields.n;
    firn_str *names = firn_arena_array(w->a, count, sizeof *names);
    if (!names)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++)
        names[i] = from ? from->columns[i].name : fields.v[i].name;
    return set_columns(w, found, names, count, ret, err);
}

/* What was written but cannot be in the column. */
typedef struct alien {
    size_t row;
    size_t column;
    const firn_conf *conf;
} alien;
typedef FIRN_VEC(alien) alien_vec;

static firn_code add_cell(firn_unit_work *w, const firn_conf *c, const firn_type *t, alien where,
                          alien_vec *aliens, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf literal = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf type = FIRN_SQL_BUF;
    firn_err local = {0};
    firn_code code = c ? firn_unit_literal(c, t, !w->test->expect.csv, &literal, &local)
                       : firn_buf_adds(&literal, "NULL", &local);
    if (code != FIRN_OK && code != FIRN_E_CONFIG) {
        *err = local;
        return code;
    }
    FIRN_TRY(firn_sql_type(&type, t, err));
    if (code == FIRN_OK)
        return firn_buf_addf(out, err, "CAST(%s AS %s)", firn_buf_cstr(&literal),
                             firn_buf_cstr(&type));
    where.conf = c;
    if (!firn_vec_push(w->a, aliens, where))
        return firn_arena_raise(w->a, err);
    return firn_buf_addf(out, err, "CAST(NULL AS %s)", firn_buf_cstr(&type));
}

/* SELECT * FROM (VALUES (…), …) AS t("a", "b"), in the types of the columns found. */
static firn_code select_items(firn_unit_work *w, const selected *found, const firn_unit_result *r,
                              alien_vec *aliens, firn_buf *out, firn_err *err)
{
    const firn_unit_rows *rows = &w->test->expect;
    FIRN_TRY(firn_buf_adds(out, "SELECT * FROM (VALUES ", err));
    for (size_t i = 0; i < rows->count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", (" : "(", err));
        for (size_t k = 0; k < r->column_count; k++) {
            const firn_type *type = type_of(found, r->columns[k].name);
            const alien where = {.row = i, .column = k};
            FIRN_TRY(firn_buf_adds(out, k ? ", " : "", err));
            FIRN_TRY(add_cell(w, firn_unit_cell_of(&rows->items[i], r->columns[k].name), type,
                              where, aliens, out, err));
        }
        FIRN_TRY(firn_buf_addc(out, ')', err));
    }
    FIRN_TRY(firn_buf_adds(out, ") AS firn_expected(", err));
    for (size_t k = 0; k < r->column_count; k++) {
        FIRN_TRY(firn_buf_adds(out, k ? ", " : "", err));
        FIRN_TRY(firn_sql_ident(out, r->columns[k].name, err));
    }
    return firn_buf_addc(out, ')', err);
}

static firn_code alien_text(const firn_conf *c, firn_arena *a, firn_unit_cell *ret, firn_err *err)
{
    const char *type = firn_unit_looks(c);
    ret->text = c->kind == FIRN_CONF_TEXT ? c->text : firn_str_of(type);
    ret->alien = firn_arena_strdup(a, c->kind == FIRN_CONF_TEXT ? type : "");
    return ret->alien ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code expect_items(firn_unit_work *w, const selected *found, firn_unit_result *ret,
                              firn_unit_table *rows, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    alien_vec aliens = {0};
    selected s;
    FIRN_TRY(named_columns(w, found, NULL, ret, err));
    if (w->test->expect.count == 0)
        return FIRN_OK;
    FIRN_TRY(select_items(w, found, ret, &aliens, &sql, err));
    FIRN_TRY(describe(w, firn_buf_str(&sql), &s, err));
    FIRN_TRY(read_rows(w, &s, ret->columns, ret->column_count, rows, err));
    for (size_t i = 0; i < aliens.n; i++)
        FIRN_TRY(alien_text(aliens.v[i].conf, w->a,
                            &rows->rows[aliens.v[i].row][aliens.v[i].column], err));
    return FIRN_OK;
}

/* Whether values of the two types can be the same. */
static bool comparable(const firn_type *x, const firn_type *y)
{
    bool numbers = class_of(x) != FIRN_UNIT_EXACT && class_of(y) != FIRN_UNIT_EXACT;
    return numbers || (x->kind == y->kind && !firn_type_is_nested(x->kind)) || firn_type_eq(x, y);
}

static firn_code mark_aliens(firn_unit_work *w, const selected *found, const selected *expected,
                             const firn_unit_result *r, firn_unit_table *rows, firn_err *err)
{
    for (size_t k = 0; k < r->column_count; k++) {
        const firn_result_column *x = find_column(expected, r->columns[k].name);
        if (!x || comparable(&x->type, type_of(found, r->columns[k].name)))
            continue;
        const char *type = firn_arena_strndup(w->a, x->engine_type.p, x->engine_type.n);
        if (!type)
            return firn_arena_raise(w->a, err);
        for (size_t i = 0; i < rows->count; i++)
            if (rows->rows[i][k].text.p)
                rows->rows[i][k].alien = type;
    }
    return FIRN_OK;
}

static firn_code expect_sql(firn_unit_work *w, const selected *found, firn_unit_result *ret,
                            firn_unit_table *rows, firn_err *err)
{
    selected s;
    FIRN_TRY(describe(w, w->test->expect.sql, &s, err));
    FIRN_TRY(named_columns(w, found, &s, ret, err));
    FIRN_TRY(read_rows(w, &s, ret->columns, ret->column_count, rows, err));
    return mark_aliens(w, found, &s, ret, rows, err);
}

static firn_code expected_rows(firn_unit_work *w, const selected *found, firn_unit_result *ret,
                               firn_unit_table *rows, firn_err *err)
{
    firn_code code = w->test->expect.sql.p ? expect_sql(w, found, ret, rows, err)
                                           : expect_items(w, found, ret, rows, err);
    return code == FIRN_OK ? FIRN_OK : firn_unit_sql_error(&w->test->expect, err);
}

/* --- one test ------------------------------------------------------------------------------ */

/* Of the model under test, with the values that it had. */
static firn_code model_error(const firn_unit_work *w, firn_str sql, firn_err *err)
{
    firn_model m = *w->test->node->model;
    if (w->test->vars && err->code == FIRN_E_SQL) {
        firn_err ignored = {0};
        firn_code code = firn_model_fill(&m, &w->vars, w->a, &ignored);
        (void)code; /* it was filled before */
    }
    return firn_unit_model_error(w, &m, sql, err);
}

static firn_code compare(firn_unit_work *w, const selected *found, firn_unit_result *ret,
                         firn_err *err)
{
    firn_unit_table expected = {0};
    firn_unit_table rows = {0};
    FIRN_TRY(expected_rows(w, found, ret, &expected, err));
    firn_unit_class *classes = firn_arena_array(w->a, ret->column_count + 1, sizeof *classes);
    if (!classes)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < ret->column_count; i++)
        classes[i] = class_of(type_of(found, ret->columns[i].name));
    if (read_rows(w, found, ret->columns, ret->column_count, &rows, err) != FIRN_OK)
        return model_error(w, (firn_str){NULL, 0}, err);
    return firn_unit_compare(w->test, classes, &expected, &rows, w->a, ret, err);
}

static firn_code run_model(firn_unit_work *w, firn_unit_result *ret, firn_err *err)
{
    firn_str sql;
    selected found;
    FIRN_TRY(firn_unit_mock(w, w->test->node->model, &sql, err));
    firn_code code = describe(w, sql, &found, err);
    while (code != FIRN_OK && firn_unit_add_missing(w, err)) {
        firn_err_clear(err);
        code = describe(w, sql, &found, err);
    }
    if (code != FIRN_OK)
        return model_error(w, sql, err);
    return compare(w, &found, ret, err);
}

static firn_code run_attached(firn_unit_work *w, firn_unit_result *ret, firn_err *err)
{
    const firn_engine_ops *ops = w->bench->run->ops;
    firn_err ignored = {0};
    char sql[128];
    snprintf(sql, sizeof sql, "ATTACH ':memory:' AS %s; USE %s", w->alias, w->alias);
    FIRN_TRY(ops->exec(w->bench->session, firn_str_of(sql), err));
    firn_code code = run_model(w, ret, err);
    snprintf(sql, sizeof sql, "USE memory; DETACH %s", w->alias);
    firn_code end = ops->exec(w->bench->session, firn_str_of(sql), &ignored);
    (void)end; /* it goes with the engine */
    return code;
}

/* As long as the catalog's name where that is possible, so that places in messages stay true. */
static void make_alias(firn_unit_work *w)
{
    size_t want = FIRN_MIN(w->bench->project->catalog.name.n, sizeof w->alias - 1);
    int len = snprintf(w->alias, sizeof w->alias, "_%u", ++w->bench->begun);
    for (size_t i = (size_t)len; i < want; i++)
        w->alias[i] = '_';
    w->alias[FIRN_MAX(want, (size_t)len)] = '\0';
}

static firn_code set_variables(firn_unit_work *w, firn_err *err)
{
    const firn_variables *base = w->bench->vars;
    w->vars.a = w->a;
    for (size_t i = 0; i < base->list.n; i++)
        if (!firn_vec_push(w->a, &w->vars.list, base->list.v[i]))
            return firn_arena_raise(w->a, err);
    return firn_variables_add_conf(&w->vars, w->test->vars, true, err);
}

static firn_code set_given(firn_unit_work *w, firn_err *err)
{
    const firn_unit_bench *b = w->bench;
    w->states = firn_arena_array(w->a, b->source_count + 1, sizeof *w->states);
    w->given = firn_arena_array(w->a, b->source_count + 1, sizeof *w->given);
    w->open_ended = firn_arena_array(w->a, b->source_count + 1, sizeof *w->open_ended);
    if (!w->states || !w->given || !w->open_ended)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < w->test->given_count; i++)
        for (size_t k = 0; k < b->source_count; k++)
            if (firn_ident_eq(b->sources[k].ident, w->test->given[i].ident))
                w->given[k] = &w->test->given[i];
    return FIRN_OK;
}

static firn_code run_test(firn_unit_work *w, firn_unit_result *ret, firn_err *err)
{
    FIRN_TRY(firn_context_check(w->bench->run, err));
    make_alias(w);
    FIRN_TRY(set_variables(w, err));
    FIRN_TRY(set_given(w, err));
    return run_attached(w, ret, err);
}

firn_code firn_unit_test_run(firn_unit_bench *b, const firn_unit_test *test, firn_arena *a,
                             firn_unit_result *ret, firn_err *err)
{
    firn_unit_work w = {.bench = b, .test = test, .a = a};
    int64_t began = firn_env_mono_us(b->run->env);
    *ret = (firn_unit_result){.test = test};
    firn_code code = run_test(&w, ret, &ret->err);
    ret->duration_us = firn_env_mono_us(b->run->env) - began;
    if (code == FIRN_OK)
        return FIRN_OK;
    ret->status = FIRN_UNIT_ERROR;
    bool beyond = code == FIRN_E_NOMEM || code == FIRN_E_CANCELLED || code == FIRN_E_BUG;
    if (!beyond)
        return FIRN_OK;
    *err = ret->err;
    return code;
}
