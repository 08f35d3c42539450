/* SPDX-License-Identifier: Apache-2.0 */
/* Columns by path: in the view, and in the JSON that is changed. */
#include "iceberg/evolve_int.h"

#include "base/str.h"

#include <string.h>

/* --- in the view --------------------------------------------------------------------------- */

static const firn_field *child(const firn_type *t, firn_str name, bool fold)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (fold ? firn_str_ieq(t->fields[i].name, name) : firn_str_eq(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

static const firn_field *find(const firn_type *t, firn_str path, bool fold)
{
    const firn_field *whole = child(t, path, fold);
    if (whole)
        return whole;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] != '.')
            continue;
        const firn_field *head = child(t, (firn_str){path.p, i}, fold);
        const firn_field *found =
            head ? find(&head->type, (firn_str){path.p + i + 1, path.n - i - 1}, fold) : NULL;
        if (found)
            return found;
    }
    if (t->kind != FIRN_T_LIST && t->kind != FIRN_T_MAP)
        return NULL;
    const firn_type *item = &t->fields[t->field_count - 1].type;
    return item->kind == FIRN_T_STRUCT ? find(item, path, fold) : NULL;
}

const firn_field *firn_evolve_lookup(const firn_type *type, firn_str path)
{
    const firn_field *exact = find(type, path, false);
    return exact ? exact : find(type, path, true);
}

const firn_type *firn_evolve_parent(const firn_type *type, int32_t id)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].id == id)
            return type->kind == FIRN_T_STRUCT ? type : NULL;
        if (firn_schema_field(&type->fields[i].type, id))
            return firn_evolve_parent(&type->fields[i].type, id);
    }
    return NULL;
}

bool firn_evolve_in_key(const firn_type *type, int32_t id)
{
    for (size_t i = 0; i < type->field_count; i++) {
        bool below = firn_schema_field(&type->fields[i].type, id) != NULL;
        if (type->fields[i].id == id || below)
            return (type->kind == FIRN_T_MAP && i == 0) ||
                   (below && firn_evolve_in_key(&type->fields[i].type, id));
    }
    return false;
}

static bool print_path(const firn_type *type, int32_t id, firn_buf *out)
{
    size_t start = out->n;
    for (size_t i = 0; i < type->field_count; i++) {
        const firn_field *f = &type->fields[i];
        if (f->id != id && !firn_schema_field(&f->type, id))
            continue;
        if ((start && firn_buf_addc(out, '.', NULL) != FIRN_OK) ||
            firn_buf_addstr(out, f->name, NULL) != FIRN_OK)
            return false;
        return f->id == id || print_path(&f->type, id, out);
    }
    return false;
}

const char *firn_evolve_path(const firn_evolution *e, const firn_type *type, int32_t id)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(EVOLVE_TEXT_MAX);
    const char *path =
        print_path(type, id, &text) ? firn_arena_strdup(e->a, firn_buf_cstr(&text)) : NULL;
    return path ? path : "?";
}

/* --- the nearest name ---------------------------------------------------------------------- */

typedef struct name_list {
    const firn_evolution *e;
    firn_str v[256];
    size_t n;
} name_list;

static void collect(const firn_type *t, name_list *names)
{
    for (size_t i = 0; i < t->field_count && names->n < FIRN_COUNT_OF(names->v); i++) {
        names->v[names->n++] =
            firn_str_of(firn_evolve_path(names->e, &names->e->view.type, t->fields[i].id));
        collect(&t->fields[i].type, names);
    }
}

static firn_code no_column(const firn_evolution *e, firn_str path, firn_err *err)
{
    name_list names = {.e = e};
    firn_raise(err, FIRN_E_NOTFOUND, "there is no column %s", firn_quote(path).s);
    collect(&e->view.type, &names);
    int near = firn_str_nearest(path, names.v, names.n);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names.v[near]));
    return FIRN_E_NOTFOUND;
}

/* --- in the JSON --------------------------------------------------------------------------- */

static json_t *typed(json_t *holder, const char *key)
{
    json_t *type = json_object_get(holder, key);
    return json_is_object(type) ? type : NULL;
}

static bool has_id(const json_t *holder, const char *key, int32_t id)
{
    return json_integer_value(json_object_get(holder, key)) == id;
}

static bool node_of(json_t *type, int32_t id, firn_column_node *ret);

static bool node_of_item(json_t *type, int32_t id, firn_column_node *ret)
{
    static const char *const items[][3] = {{"element", "element-id", "element-required"},
                                           {"key", "key-id", NULL},
                                           {"value", "value-id", "value-required"}};
    for (size_t i = 0; i < FIRN_COUNT_OF(items); i++) {
        if (!json_object_get(type, items[i][0]))
            continue;
        if (has_id(type, items[i][1], id)) {
            *ret = (firn_column_node){
                .json = type, .type_key = items[i][0], .required_key = items[i][2]};
            return true;
        }
        if (node_of(typed(type, items[i][0]), id, ret))
            return true;
    }
    return false;
}

/* The depth is that of the view, which its parser limits. */
static bool node_of(json_t *type, int32_t id, firn_column_node *ret)
{
    json_t *fields = json_object_get(type, "fields");
    if (!fields)
        return type && node_of_item(type, id, ret);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        json_t *field = json_array_get(fields, i);
        if (has_id(field, "id", id)) {
            *ret = (firn_column_node){.json = field,
                                      .type_key = "type",
                                      .required_key = "required",
                                      .siblings = fields,
                                      .index = i};
            return true;
        }
        if (node_of(typed(field, "type"), id, ret))
            return true;
    }
    return false;
}

static firn_column_node node_of_id(const firn_evolution *e, int32_t id)
{
    firn_column_node node = {0};
    bool found = node_of(e->schema, id, &node);
    firn_assert(found);
    node.field = firn_schema_field(&e->view.type, id);
    return node;
}

firn_code firn_evolve_find(const firn_evolution *e, firn_str path, firn_column_node *ret,
                           firn_err *err)
{
    const firn_field *f = firn_evolve_lookup(&e->view.type, path);
    if (!f)
        return no_column(e, path, err);
    *ret = node_of_id(e, f->id);
    return FIRN_OK;
}

firn_code firn_evolve_struct(const firn_evolution *e, firn_str path, json_t **ret,
                             const firn_type **ret_type, firn_err *err)
{
    firn_column_node node;
    *ret = json_object_get(e->schema, "fields");
    *ret_type = &e->view.type;
    if (path.n == 0)
        return FIRN_OK;
    FIRN_TRY(firn_evolve_find(e, path, &node, err));
    const firn_type *t = &node.field->type;
    json_t *type = typed(node.json, node.type_key);
    if (t->kind == FIRN_T_LIST || t->kind == FIRN_T_MAP) {
        type = typed(type, t->kind == FIRN_T_LIST ? "element" : "value");
        t = &t->fields[t->field_count - 1].type;
    }
    if (t->kind != FIRN_T_STRUCT)
        return firn_raise(err, FIRN_E_INVAL, "column %s is %s, not a struct: it has no parts",
                          firn_quote(path).s, firn_type_text(&node.field->type, e->a));
    if (firn_evolve_in_key(&e->view.type, node.field->id))
        return firn_raise(err, FIRN_E_INVAL,
                          "%s is the key of a map; keys do not change, or rows written before "
                          "would not be found by them",
                          firn_quote(path).s);
    *ret = json_object_get(type, "fields");
    *ret_type = t;
    return FIRN_OK;
}
