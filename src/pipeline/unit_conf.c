/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests as they are written: files of YAML in the project's folder of tests. */
#include "pipeline/unit_int.h"

#include "base/str.h"
#include "pipeline/project_int.h"
#include "pipeline/yaml.h"

#include <string.h>

#define MAX_DEPTH 16
#define MAX_TESTS 100000

/* --- keys ---------------------------------------------------------------------------------- */

typedef struct file_raw {
    const firn_conf *unit_tests;
    const firn_conf *version;
} file_raw;

static const firn_option file_options[] = {
    {.key = "unit_tests",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(file_raw, unit_tests),
     .shapes = FIRN_CONF_LIST,
     .example = "[{name: …, model: …, given: …, expect: …}]",
     .help = "The tests of this file."},
    {.key = "version",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(file_raw, version),
     .shapes = FIRN_CONF_TEXT,
     .example = "2",
     .help = "Taken for dbt's sake."},
    {.key = NULL},
};

typedef struct test_raw {
    const firn_conf *name;
    firn_str description;
    const firn_conf *model;
    const firn_conf *vars;
    const firn_conf *given;
    const firn_conf *expect;
} test_raw;

const firn_option firn_unit_test_options[] = {
    {.key = "name",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(test_raw, name),
     .shapes = FIRN_CONF_TEXT,
     .example = "a missing contact is John Doe",
     .help = "What the test says; another one for each test of a model."},
    {.key = "description",
     .kind = FIRN_OPT_STRING,
     .offset = offsetof(test_raw, description),
     .example = "as agreed with sales",
     .help = "More about it."},
    {.key = "model",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(test_raw, model),
     .shapes = FIRN_CONF_TEXT,
     .example = "curated.orders",
     .help = "The model that is tested; its name alone where no other model has it."},
    {.key = "vars",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(test_raw, vars),
     .shapes = FIRN_CONF_MAP,
     .example = "{today: 2025-01-31}",
     .help = "Values of variables, also of the built-in ones, over those of the project."},
    {.key = "given",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(test_raw, given),
     .shapes = FIRN_CONF_MAP,
     .example = "{raw.orders: [{id: 1}, {id: 2}]}",
     .help = "Rows of tables, by name: those that the model reads, or that the models it reads "
             "read. The others are empty."},
    {.key = "expect",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(test_raw, expect),
     .shapes = FIRN_CONF_LIST | FIRN_CONF_MAP,
     .example = "[{id: 1, contact: John Doe}]",
     .help = "The rows that the model makes; only columns named here are compared, rows in any "
             "order."},
    {.key = NULL},
};

typedef struct rows_raw {
    const firn_conf *rows;
    const firn_conf *csv;
    const firn_conf *sql;
    const firn_conf *columns;
    bool ordered;
    const firn_conf *tolerance;
} rows_raw;

#define ROWS_AS_CSV                                                                                \
    {                                                                                              \
        .key = "csv", .kind = FIRN_OPT_CONF, .offset = offsetof(rows_raw, csv),                    \
        .shapes = FIRN_CONF_TEXT, .example = "\"id,city\\n1,Bonn\"",                               \
        .help = "Rows as CSV with a header; an empty cell is null, \"\" the empty text."           \
    }

const firn_option firn_unit_given_options[] = {
    {.key = "rows",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(rows_raw, rows),
     .shapes = FIRN_CONF_LIST,
     .example = "[{id: 1}, {id: 2}]",
     .help = "Rows as maps; a column that is not there is null."},
    ROWS_AS_CSV,
    {.key = "sql",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(rows_raw, sql),
     .shapes = FIRN_CONF_TEXT,
     .example = "SELECT i AS id FROM range(3) t(i)",
     .help = "Rows as a SELECT that reads no table."},
    {.key = "columns",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(rows_raw, columns),
     .shapes = FIRN_CONF_MAP,
     .example = "{amount: decimal(18,2)}",
     .help = "Types of columns, over what is known of the table."},
    {.key = NULL},
};

const firn_option firn_unit_expect_options[] = {
    {.key = "rows",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(rows_raw, rows),
     .shapes = FIRN_CONF_LIST,
     .example = "[{id: 1}, {id: 2}]",
     .help = "Rows as maps; a column that other rows name and this one does not is null."},
    ROWS_AS_CSV,
    {.key = "sql",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(rows_raw, sql),
     .shapes = FIRN_CONF_TEXT,
     .example = "SELECT 1 AS id",
     .help = "Rows as a SELECT that reads no table."},
    {.key = "ordered",
     .kind = FIRN_OPT_BOOL,
     .offset = offsetof(rows_raw, ordered),
     .otherwise = "false",
     .example = "true",
     .help = "The rows come in this order."},
    {.key = "tolerance",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(rows_raw, tolerance),
     .shapes = FIRN_CONF_TEXT,
     .computed = "none: equal or not",
     .example = "0.001",
     .help = "How far apart floating-point numbers may be; decimals and integers are always "
             "exact."},
    {.key = NULL},
};

/* --- rows ---------------------------------------------------------------------------------- */

static firn_code bad_rows(firn_place place, const char *what, firn_err *err)
{
    firn_raise_conf(err, place, FIRN_ID_UNIT_TEST, "%s", what);
    firn_err_advise(err, "write rows like this: [{id: 1, city: Bonn}, {id: 2}], or as "
                         "{csv: …} or {sql: SELECT …}");
    return FIRN_E_CONFIG;
}

static firn_code set_items(const firn_conf *list, firn_arena *a, firn_unit_rows *ret, firn_err *err)
{
    ret->items = firn_arena_array(a, list->count, sizeof *ret->items);
    if (!ret->items)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].kind != FIRN_CONF_MAP)
            return bad_rows(list->items[i].place, "a row is a map of columns", err);
        ret->items[ret->count++] = list->items[i];
    }
    return FIRN_OK;
}

static firn_code read_rows(const firn_conf *c, const rows_raw *raw, firn_arena *a,
                           firn_unit_rows *ret, firn_err *err)
{
    int forms = (raw->rows != NULL) + (raw->csv != NULL) + (raw->sql != NULL);
    ret->columns = raw->columns;
    ret->csv = raw->csv != NULL;
    if (forms > 1)
        return bad_rows(c->place, "only one of rows, csv and sql can say the rows", err);
    if (raw->csv)
        return firn_unit_csv(raw->csv, a, &ret->items, &ret->count, err);
    if (raw->sql) {
        ret->sql = firn_str_trim(raw->sql->text);
        ret->place = raw->sql->place;
        while (firn_str_ends(ret->sql, ";"))
            ret->sql = firn_str_trim((firn_str){ret->sql.p, ret->sql.n - 1});
        return ret->sql.n ? FIRN_OK : bad_rows(raw->sql->place, "the statement is empty", err);
    }
    return raw->rows ? set_items(raw->rows, a, ret, err) : FIRN_OK;
}

static firn_code read_given(const firn_conf *c, firn_arena *a, firn_unit_given *ret, firn_err *err)
{
    rows_raw raw = {0};
    const char *fault = firn_ident_fault(c->key);
    ret->place = c->key_place;
    ret->rows.place = c->place;
    if (fault) {
        firn_raise_conf(err, c->key_place, FIRN_ID_NAME, "%s is not the name of a table: %s",
                        firn_quote(c->key).s, fault);
        firn_err_advise(err, "write it like this: given: {raw.orders: [{id: 1}]}");
        return FIRN_E_CONFIG;
    }
    ret->ident = firn_ident_of(c->key);
    if (firn_conf_is_null(c))
        return FIRN_OK;
    if (c->kind == FIRN_CONF_TEXT)
        return bad_rows(c->place, "rows are a list of maps, not a text", err);
    if (c->kind == FIRN_CONF_LIST)
        raw.rows = c;
    else
        FIRN_TRY(firn_options_fill(firn_unit_given_options, c, true, &raw, a, err));
    return read_rows(c, &raw, a, &ret->rows, err);
}

static firn_code read_all_given(const firn_conf *map, firn_arena *a, firn_unit_test *ret,
                                firn_err *err)
{
    ret->given = firn_arena_array(a, map->count, sizeof *ret->given);
    if (!ret->given)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < map->count; i++)
        FIRN_TRY(read_given(&map->items[i], a, &ret->given[ret->given_count++], err));
    return FIRN_OK;
}

static firn_code read_tolerance(const firn_conf *c, firn_unit_test *ret, firn_err *err)
{
    bool good = firn_str_f64(c->text, &ret->tolerance) && ret->tolerance > 0;
    if (good)
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "tolerance: %s is no number above 0",
                    firn_conf_quote(c).s);
    firn_err_advise(err, "write it like this: tolerance: 0.001");
    return FIRN_E_CONFIG;
}

static firn_code read_expect(const firn_conf *c, firn_arena *a, firn_unit_test *ret, firn_err *err)
{
    rows_raw raw = {0};
    ret->expect.place = c->place;
    if (c->kind == FIRN_CONF_LIST)
        raw.rows = c;
    else
        FIRN_TRY(firn_options_fill(firn_unit_expect_options, c, true, &raw, a, err));
    ret->ordered = raw.ordered;
    if (!raw.rows && !raw.csv && !raw.sql)
        return bad_rows(c->place, "the expected rows are not there", err);
    if (raw.tolerance)
        FIRN_TRY(read_tolerance(raw.tolerance, ret, err));
    FIRN_TRY(read_rows(c, &raw, a, &ret->expect, err));
    for (size_t i = 0; i < ret->expect.count; i++)
        if (ret->expect.items[i].count == 0)
            return bad_rows(ret->expect.items[i].place, "an expected row names no column", err);
    return FIRN_OK;
}

/* --- a test -------------------------------------------------------------------------------- */

static firn_code check_text(const firn_conf *c, const char *what, firn_err *err)
{
    if (!firn_conf_is_null(c) && firn_str_trim(c->text).n)
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "%s is empty", what);
    firn_err_advise(err, "write it like this: {name: a missing contact is John Doe, model: "
                         "curated.orders, given: …, expect: …}");
    return FIRN_E_CONFIG;
}

static firn_code read_test(const firn_conf *c, firn_arena *a, firn_unit_test *ret, firn_err *err)
{
    test_raw raw = {0};
    if (c->kind != FIRN_CONF_MAP) {
        firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "a unit test is a map, not %s",
                        firn_conf_kind_name(c->kind));
        firn_err_advise(err, "write it like this: - {name: …, model: …, given: …, expect: …}");
        return FIRN_E_CONFIG;
    }
    FIRN_TRY(firn_options_fill(firn_unit_test_options, c, true, &raw, a, err));
    FIRN_TRY(check_text(raw.name, "the name", err));
    FIRN_TRY(check_text(raw.model, "the model's name", err));
    *ret = (firn_unit_test){.name = firn_str_trim(raw.name->text),
                            .description = raw.description,
                            .model_name = firn_str_trim(raw.model->text),
                            .model_place = raw.model->place,
                            .vars = raw.vars,
                            .place = c->place};
    if (raw.given)
        FIRN_TRY(read_all_given(raw.given, a, ret, err));
    return read_expect(raw.expect, a, ret, err);
}

static firn_code refuse_twice(const firn_unit_vec *tests, const firn_unit_test *t, firn_err *err)
{
    for (size_t i = 0; i < tests->n; i++) {
        const firn_unit_test *o = &tests->v[i];
        if (!firn_str_eq(o->name, t->name) || !firn_str_ieq(o->model_name, t->model_name))
            continue;
        firn_raise_conf(err, t->place, FIRN_ID_CLASH, "model %s has two tests %s",
                        firn_quote(t->model_name).s, firn_quote(t->name).s);
        firn_err_advise(err, "the first one is in %s:%u; give this one another name", o->place.file,
                        o->place.line);
        return FIRN_E_CONFIG;
    }
    return FIRN_OK;
}

firn_code firn_unit_tests_parse(firn_str text, const char *file, firn_arena *a,
                                firn_unit_vec *tests, firn_err *err)
{
    firn_conf *root;
    file_raw raw = {0};
    FIRN_TRY(firn_yaml_parse(text, file, a, &root, err));
    if (!root || firn_conf_is_null(root))
        return FIRN_OK;
    if (root->kind != FIRN_CONF_MAP)
        return bad_rows(root->place, "a file of tests is a map with the key unit_tests", err);
    FIRN_TRY(firn_options_fill(file_options, root, true, &raw, a, err));
    for (size_t i = 0; i < raw.unit_tests->count; i++) {
        firn_unit_test t;
        FIRN_TRY(read_test(&raw.unit_tests->items[i], a, &t, err));
        FIRN_TRY(refuse_twice(tests, &t, err));
        if (tests->n >= MAX_TESTS)
            return firn_raise(err, FIRN_E_LIMIT, "more than %d unit tests", MAX_TESTS);
        if (!firn_vec_push(a, tests, t))
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

/* --- all files ----------------------------------------------------------------------------- */

typedef struct walker {
    firn_env *env;
    const firn_project *p;
    firn_arena *a;
    firn_unit_vec tests;
    size_t files;
} walker;

static bool is_yaml(firn_str name)
{
    return firn_str_ends(name, ".yml") || firn_str_ends(name, ".yaml");
}

static firn_code load_file(walker *w, const char *path, const char *shown, firn_err *err)
{
    firn_slice bytes;
    firn_code code = firn_fs_read(w->env, path, FIRN_YAML_MAX_BYTES, w->a, &bytes, err);
    if (code == FIRN_E_LIMIT) {
        firn_raise_conf(err, firn_place_in(shown, 0, 0), FIRN_ID_TOO_LARGE,
                        "a file of tests has at most 1 MB");
        firn_err_advise(err, "split it: every .yml in the folder of tests is read");
        return FIRN_E_CONFIG;
    }
    if (code != FIRN_OK) {
        firn_err_place(err, firn_place_in(shown, 0, 0));
        return code;
    }
    w->files++;
    return firn_unit_tests_parse((firn_str){(const char *)bytes.p, bytes.n}, shown, w->a, &w->tests,
                                 err);
}

/* Recursion is bounded by MAX_DEPTH; links that lead back end there. */
static firn_code load_folder(walker *w, firn_str relative, int depth, firn_err *err)
{
    const char *sep = relative.n ? "/" : "";
    const char *path =
        firn_arena_printf(w->a, "%s%s%.*s", w->p->tests, sep, FIRN_STR_ARG(relative));
    firn_str *names;
    size_t count;
    if (!path)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(firn_fs_list(w->env, path, w->a, &names, &count, err));
    for (size_t i = 0; i < count; i++) {
        firn_stat st;
        const char *child = firn_arena_printf(w->a, "%.*s%s%.*s", FIRN_STR_ARG(relative), sep,
                                              FIRN_STR_ARG(names[i]));
        const char *full = child ? firn_arena_printf(w->a, "%s/%s", w->p->tests, child) : NULL;
        const char *shown =
            child ? firn_arena_printf(w->a, "%s/%s", w->p->tests_shown, child) : NULL;
        if (!full || !shown)
            return firn_arena_raise(w->a, err);
        if (names[i].p[0] == '.' || names[i].p[0] == '_')
            continue;
        FIRN_TRY(firn_fs_stat(w->env, full, &st, err));
        if (st.is_dir && depth < MAX_DEPTH)
            FIRN_TRY(load_folder(w, firn_str_of(child), depth + 1, err));
        else if (!st.is_dir && is_yaml(names[i]))
            FIRN_TRY(load_file(w, full, shown, err));
    }
    return FIRN_OK;
}

firn_code firn_unit_tests_load(firn_env *env, const firn_project *p, firn_arena *a,
                               firn_unit_tests *ret, firn_err *err)
{
    walker w = {.env = env, .p = p, .a = a};
    firn_stat st = {0};
    bool there = firn_fs_stat(env, p->tests, &st, NULL) == FIRN_OK;
    if (there ? !st.is_dir : p->tests_place.line != 0) {
        firn_place place =
            p->tests_place.line ? p->tests_place : firn_place_in(p->tests_shown, 0, 0);
        firn_raise_conf(err, place, FIRN_ID_UNIT_TEST, "the folder of tests %s %s",
                        firn_quotec(p->tests_shown).s, there ? "is not a folder" : "is not there");
        firn_err_advise(err, "make it, or take the key 'tests' out");
        return FIRN_E_CONFIG;
    }
    if (there)
        FIRN_TRY(load_folder(&w, (firn_str){"", 0}, 0, err));
    *ret = (firn_unit_tests){w.tests.v, w.tests.n, w.files};
    return FIRN_OK;
}

/* --- their models -------------------------------------------------------------------------- */

static firn_code no_model(const firn_unit_test *t, const firn_graph *g, firn_err *err)
{
    firn_str names[256];
    size_t n = 0;
    for (size_t i = 0; i < g->count && n < FIRN_COUNT_OF(names); i++)
        if (g->nodes[i].model)
            names[n++] = g->nodes[i].name;
    firn_raise_conf(err, t->model_place, FIRN_ID_UNIT_TEST, "there is no model %s",
                    firn_quote(t->model_name).s);
    int near = firn_str_nearest(t->model_name, names, n);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    else
        firn_err_advise(err, "write the name of its table, like curated.orders; `firn graph` "
                             "shows the models");
    return FIRN_E_CONFIG;
}

static firn_code bind(firn_unit_test *t, const firn_graph *g, firn_err *err)
{
    const firn_node *alone = NULL; /* with this name in some namespace */
    size_t count = 0;
    for (size_t i = 0; i < g->count; i++) {
        const firn_node *n = &g->nodes[i];
        if (!n->model)
            continue;
        if (firn_str_ieq(n->name, t->model_name)) {
            t->node = n;
            return FIRN_OK;
        }
        if (firn_str_ieq(n->ident.name, t->model_name)) {
            alone = n;
            count++;
        }
    }
    if (count != 1)
        return no_model(t, g, err);
    t->node = alone;
    return FIRN_OK;
}

firn_code firn_unit_tests_bind(firn_unit_tests *tests, const firn_graph *g, firn_err *err)
{
    for (size_t i = 0; i < tests->n; i++)
        FIRN_TRY(bind(&tests->v[i], g, err));
    return FIRN_OK;
}
