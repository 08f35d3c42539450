/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/lineage.h"

#include "base/str.h"
#include "engine/sql.h"
#include "engine/sql_refs.h"

#include <stdlib.h>
#include <string.h>

/* The line and column of an offset into a statement that begins at `place`. */
static firn_place place_at(firn_str sql, size_t offset, const firn_sql_origin *origin)
{
    int line = 1;
    int column = 1;
    for (size_t i = 0; i < offset && i < sql.n; i++) {
        bool continues = ((unsigned char)sql.p[i] & 0xc0) == 0x80;
        column = sql.p[i] == '\n' ? 1 : column + !continues;
        line += sql.p[i] == '\n';
    }
    column = firn_sql_unshift(origin, line, column) + (line == 1 ? origin->column - 1 : 0);
    return firn_place_in(origin->file, (uint32_t)(line + origin->line - 1), (uint32_t)column);
}

/* --- the parser's tree --------------------------------------------------------------------- */

static firn_code read_tree(const firn_engine_ops *ops, firn_result *r, json_t **ret, firn_err *err)
{
    const firn_column *root;
    size_t rows;
    FIRN_TRY(ops->next(r, &root, &rows, err));
    if (rows == 0)
        return firn_raise(err, FIRN_E_BUG, "the engine parsed nothing");
    firn_str text = firn_strview_str(&((const firn_strview *)root->children[0].data)[0]);
    return firn_json_parse_loose((firn_slice){(const uint8_t *)text.p, text.n}, ret, err);
}

static firn_code parse(firn_context *run, firn_session *s, firn_str sql, json_t **ret,
                       firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf q = FIRN_SQL_BUF;
    firn_result *r;
    FIRN_TRY(firn_buf_adds(&q, "SELECT json_serialize_sql(", err));
    FIRN_TRY(firn_sql_text(&q, sql, err));
    FIRN_TRY(firn_buf_addc(&q, ')', err));
    FIRN_TRY(run->ops->query(s, firn_buf_str(&q), &r, err));
    firn_code code = read_tree(run->ops, r, ret, err);
    run->ops->result_close(r);
    return code;
}

static firn_code parser_error(const json_t *tree, firn_str sql, const firn_sql_origin *origin,
                              firn_err *err)
{
    const char *message = json_string_value(json_object_get(tree, "error_message"));
    const char *position = json_string_value(json_object_get(tree, "position"));
    bool no_select = message && strstr(message, "Only SELECT");
    firn_place place = place_at(sql, position ? strtoul(position, NULL, 10) : 0, origin);
    firn_raise(err, no_select ? FIRN_E_CONFIG : FIRN_E_SQL, "%s",
               no_select ? "a model is one SELECT"
               : message ? message
                         : "it does not parse");
    if (no_select)
        firn_err_advise(err, FIRN_ONE_SELECT_ADVICE);
    else
        firn_sql_advise(err);
    return firn_err_place(err, place);
}

/* --- tables -------------------------------------------------------------------------------- */

typedef struct visiting {
    firn_arena *a;
    FIRN_VEC(firn_table_ref) tables;
    FIRN_VEC(firn_str) ctes;
} visiting;

static firn_str member(const json_t *obj, const char *key, firn_arena *a)
{
    const json_t *v = json_object_get(obj, key);
    return firn_arena_str(a, json_is_string(v) ? firn_json_text(v) : FIRN_STR_LIT(""));
}

static firn_code add_table(visiting *v, const json_t *node, firn_err *err)
{
    double offset = json_number_value(json_object_get(node, "query_location"));
    firn_table_ref t = {
        .catalog = member(node, "catalog_name", v->a),
        .ns = member(node, "schema_name", v->a),
        .name = member(node, "table_name", v->a),
        .offset = offset < 1e9 ? (size_t)offset : 0, /* 2^64 - 1: not known */
    };
    if (!t.catalog.p || !t.ns.p || !t.name.p || !firn_vec_push(v->a, &v->tables, t))
        return firn_arena_raise(v->a, err);
    return FIRN_OK;
}

static firn_code add_ctes(visiting *v, const json_t *node, firn_err *err)
{
    const json_t *map = json_object_get(json_object_get(node, "cte_map"), "map");
    for (size_t i = 0; i < json_array_size(map); i++) {
        firn_str name = member(json_array_get(map, i), "key", v->a);
        if (!name.p || !firn_vec_push(v->a, &v->ctes, name))
            return firn_arena_raise(v->a, err);
    }
    return FIRN_OK;
}

static firn_code visit(visiting *v, const json_t *node, firn_err *err)
{
    for (size_t i = 0; i < json_array_size(node); i++)
        FIRN_TRY(visit(v, json_array_get(node, i), err));
    if (!json_is_object(node))
        return FIRN_OK;
    const char *type = json_string_value(json_object_get(node, "type"));
    if (type && strcmp(type, "BASE_TABLE") == 0)
        FIRN_TRY(add_table(v, node, err));
    FIRN_TRY(add_ctes(v, node, err));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)node, key, value) FIRN_TRY(visit(v, value, err));
    return FIRN_OK;
}

static bool is_cte(const visiting *v, const firn_table_ref *t)
{
    for (size_t i = 0; i < v->ctes.n && t->ns.n == 0; i++)
        if (firn_str_ieq(v->ctes.v[i], t->name))
            return true;
    return false;
}

firn_code firn_lineage_tables(firn_context *run, firn_session *s, firn_str sql,
                              const firn_sql_origin *origin, firn_arena *a, firn_table_ref **ret,
                              size_t *ret_count, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *tree = NULL;
    visiting v = {.a = a};
    FIRN_TRY(parse(run, s, sql, &tree, err));
    if (json_is_true(json_object_get(tree, "error")))
        return parser_error(tree, sql, origin, err);
    const json_t *statements = json_object_get(tree, "statements");
    if (json_array_size(statements) != 1) {
        firn_raise(err, FIRN_E_CONFIG, "a model is one SELECT, and here are %zu",
                   json_array_size(statements));
        return firn_err_place(err, place_at(sql, 0, origin));
    }
    FIRN_TRY(visit(&v, statements, err));
    size_t n = 0;
    for (size_t i = 0; i < v.tables.n; i++)
        if (!is_cte(&v, &v.tables.v[i]))
            v.tables.v[n++] = v.tables.v[i];
    *ret = v.tables.v;
    *ret_count = n;
    return FIRN_OK;
}

/* --- checking ------------------------------------------------------------------------------ */

/* Everything a statement may read. */
typedef struct known_tables {
    firn_str catalog;
    FIRN_VEC(firn_ident) idents;
    FIRN_VEC(firn_str) names;    /* "ns.table" */
    FIRN_VEC(firn_str) prefixes; /* "ns.table__": what flattening makes is known when it is there */
} known_tables;

static firn_code add_known(known_tables *k, firn_ident i, firn_arena *a, firn_err *err)
{
    const char *name = firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(i.ns), FIRN_STR_ARG(i.name));
    if (!name || !firn_vec_push(a, &k->names, firn_str_of(name)) ||
        !firn_vec_push(a, &k->idents, i))
        return firn_arena_raise(a, err);
    return FIRN_OK;
}

static firn_code add_prefix(known_tables *k, const firn_node *n, firn_arena *a, firn_err *err)
{
    if (!n->ingest || n->ingest->policy.nested != FIRN_NESTED_FLATTEN)
        return FIRN_OK;
    const char *prefix =
        firn_arena_printf(a, "%.*s.%.*s__", FIRN_STR_ARG(n->ident.ns), FIRN_STR_ARG(n->ident.name));
    return prefix && firn_vec_push(a, &k->prefixes, firn_str_of(prefix)) ? FIRN_OK
                                                                         : firn_arena_raise(a, err);
}

static firn_code collect_known(firn_context *run, const firn_graph *graph, firn_arena *a,
                               known_tables *k, firn_err *err)
{
    firn_ident *tables = NULL;
    size_t count = 0;
    for (size_t i = 0; i < graph->count; i++) {
        firn_ident rejects = graph->nodes[i].ident;
        FIRN_TRY(add_known(k, graph->nodes[i].ident, a, err));
        const char *name = firn_arena_printf(a, "%.*s" FIRN_REJECTS_SUFFIX,
                                             FIRN_STR_ARG(graph->nodes[i].ident.name));
        if (!name)
            return firn_arena_raise(a, err);
        rejects.name = firn_str_of(name);
        if (graph->nodes[i].ingest)
            FIRN_TRY(add_known(k, rejects, a, err));
        FIRN_TRY(add_prefix(k, &graph->nodes[i], a, err));
    }
    if (run->catalog)
        FIRN_TRY(run->catalog->ops->list_tables(run->catalog, a, &tables, &count, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(add_known(k, tables[i], a, err));
    FIRN_TRY(firn_views_list(NULL, 0, run->catalog, a, &tables, &count, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(add_known(k, tables[i], a, err));
    return FIRN_OK;
}

/* Levels of a namespace are joined by '$' where the parser knows but one. */
static bool same_flat(firn_str name, firn_str flat)
{
    if (name.n != flat.n)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        bool joint = name.p[i] == '.' && flat.p[i] == '$';
        if (!joint && !firn_str_ieq((firn_str){name.p + i, 1}, (firn_str){flat.p + i, 1}))
            return false;
    }
    return true;
}

static bool is_known(const known_tables *k, firn_str name)
{
    const char *dollar = memrchr(name.p, '$', name.n);
    firn_str base = {name.p, dollar ? (size_t)(dollar - name.p) : name.n}; /* t$files */
    for (size_t i = 0; i < k->names.n; i++)
        if (same_flat(k->names.v[i], name) || same_flat(k->names.v[i], base))
            return true;
    for (size_t i = 0; i < k->prefixes.n; i++)
        if (name.n > k->prefixes.v[i].n &&
            same_flat(k->prefixes.v[i], (firn_str){name.p, k->prefixes.v[i].n}))
            return true;
    return false;
}

/* A name like a file: FROM 'x.csv'. */
static bool is_file(const firn_table_ref *t)
{
    return t->ns.n == 0 && (memchr(t->name.p, '.', t->name.n) || memchr(t->name.p, '/', t->name.n));
}

/* For a name without a namespace: a known table that ends with it. */
static int same_table(const known_tables *k, firn_str name)
{
    for (size_t i = 0; i < k->names.n; i++) {
        firn_str rest = k->names.v[i];
        firn_str last = rest;
        while (rest.p)
            last = firn_str_cut(&rest, '.');
        if (firn_str_ieq(last, name))
            return (int)i;
    }
    return -1;
}

static firn_code unknown_table(const known_tables *k, const firn_model *m, const firn_table_ref *t,
                               firn_str name, firn_err *err)
{
    int near = t->ns.n ? firn_str_nearest(name, k->names.v, k->names.n) : same_table(k, t->name);
    const firn_sql_origin origin = firn_model_origin(m);
    firn_place place = place_at(m->sql, t->offset, &origin);
    if (t->ns.n)
        firn_raise(err, FIRN_E_CONFIG, "there is no table %s", firn_quote(name).s);
    else
        firn_raise(err, FIRN_E_CONFIG, "table %s is named without its namespace",
                   firn_quote(name).s);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(k->names.v[near]));
    else
        firn_err_advise(err, "a table is an ingest entry's `into`, a model, or in the catalog "
                             "(`firn tables`)");
    return firn_err_place(err, place);
}

static firn_code check_ref(const known_tables *k, const firn_model *m, const firn_table_ref *t,
                           firn_arena *a, firn_err *err)
{
    bool other_catalog = t->catalog.n && !firn_str_ieq(t->catalog, k->catalog);
    const char *name =
        t->ns.n ? firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(t->ns), FIRN_STR_ARG(t->name))
                : t->name.p;
    if (!name)
        return firn_arena_raise(a, err);
    if (is_file(t) || (t->ns.n && !other_catalog && is_known(k, firn_str_of(name))))
        return FIRN_OK;
    if (firn_str_ieq(t->ns, FIRN_STR_LIT("information_schema")))
        return FIRN_OK;
    return unknown_table(k, m, t, firn_str_of(name), err);
}

/* What stands for a reference where only the parser reads it. */
static firn_code plain_text(const known_tables *k, firn_str sql, const firn_sql_ref *r,
                            firn_arena *a, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_SQL_BUF;
    firn_str alias = r->first ? k->catalog : (firn_str){NULL, 0};
    *ret = FIRN_STR_LIT("\"/iceberg\"");
    if (r->call)
        return FIRN_OK;
    FIRN_TRY(firn_sql_ref_text(sql, r, alias, FIRN_STR_LIT(""), a, &out, err));
    *ret = firn_arena_str(a, firn_buf_str(&out));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

/* The statement in names and clauses that the engine's parser knows. */
static firn_code plain_sql(const known_tables *k, const firn_model *m, firn_arena *a, firn_str *ret,
                           firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_SQL_BUF;
    const firn_sql_known known = {k->catalog, k->idents.v, k->idents.n};
    const firn_sql_origin origin = firn_model_origin(m);
    firn_sql_ref *refs;
    size_t count;
    size_t n = 0;
    FIRN_TRY(firn_sql_refs(m->sql, &origin, &known, a, &refs, &count, err));
    firn_sql_edit *edits = firn_arena_array(a, 2 * count, sizeof *edits);
    if (!edits)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        firn_sql_edit e = {.from = refs[i].name.starts[0], .to = refs[i].end};
        FIRN_TRY(plain_text(k, m->sql, &refs[i], a, &e.text, err));
        edits[n++] = e;
        if (refs[i].at.end > refs[i].at.offset)
            edits[n++] = (firn_sql_edit){refs[i].at.offset, refs[i].at.end, {"", 0}};
    }
    FIRN_TRY(firn_sql_apply(m->sql, edits, n, &out, err));
    *ret = firn_arena_str(a, firn_buf_str(&out));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code check_model(firn_context *run, firn_session *s, const known_tables *k,
                             const firn_model *m, firn_arena *a, firn_err *err)
{
    firn_table_ref *tables;
    size_t count;
    firn_str sql;
    FIRN_TRY(plain_sql(k, m, a, &sql, err));
    const firn_sql_origin origin = firn_model_origin(m);
    FIRN_TRY(firn_lineage_tables(run, s, sql, &origin, a, &tables, &count, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(check_ref(k, m, &tables[i], a, err));
    return FIRN_OK;
}

firn_code firn_lineage_check(firn_context *run, const firn_project *project,
                             const firn_graph *graph, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("checking models", 0);
    known_tables k = {.catalog = project->catalog.name};
    firn_session *s = NULL;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(collect_known(run, graph, a, &k, err));
    FIRN_TRY(firn_context_session(run, &s, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < graph->count; i++)
        if (graph->nodes[i].model)
            code = check_model(run, s, &k, graph->nodes[i].model, a, err);
    firn_context_session_close(run, s);
    return code;
}
