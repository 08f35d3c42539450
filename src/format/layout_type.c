/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts from the schema of a table, and what of a layout must be remembered beside it. */
#include "format/layout_int.h"

#include "base/str.h"

firn_code firn_layout_index(firn_layout *node, const uint8_t *rank, firn_arena *a, firn_err *err)
{
    node->by_key = FIRN_MAP(a);
    for (uint8_t r = 0; r < 3; r++) {
        for (size_t i = 0; i < node->child_count; i++) {
            firn_layout *child = &node->children[i];
            if (child->role != FIRN_ROLE_VALUE)
                continue;
            uint8_t own = rank ? rank[i] : !firn_str_eq(child->key, child->name);
            if (own == r && !firn_map_put(&node->by_key, child->key, child))
                return firn_arena_raise(a, err);
        }
    }
    return FIRN_OK;
}

firn_code firn_layout_from_type(const firn_type *type, firn_str name, bool given, bool required,
                                firn_arena *a, firn_layout *ret, firn_err *err)
{
    bool is_struct = type->kind == FIRN_T_STRUCT;
    firn_layout node = {.given = given, .required = required, .read = {.given = given}};
    node.type = *type;
    node.name = firn_arena_str(a, name);
    node.key = firn_arena_str(a, name);
    node.child_count = type->field_count;
    node.children = firn_arena_array(a, type->field_count, sizeof *node.children);
    if (!node.name.p || !node.key.p || !node.children)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < type->field_count; i++) {
        const firn_field *f = &type->fields[i];
        FIRN_TRY(firn_layout_from_type(&f->type, is_struct ? f->name : FIRN_STR_LIT(""), given,
                                       f->required, a, &node.children[i], err));
    }
    if (is_struct)
        FIRN_TRY(firn_layout_index(&node, NULL, a, err));
    *ret = node;
    return FIRN_OK;
}

/* --- a saved layout ------------------------------------------------------------------------ */

/* Returns the child that a path element of a saved entry names, or NULL. */
static firn_layout *child_named(firn_layout *node, firn_str name)
{
    for (size_t i = 0; i < node->child_count; i++)
        if (firn_str_eq(node->type.fields[i].name, name))
            return &node->children[i];
    return NULL;
}

static firn_code node_at(firn_layout *root, const json_t *path, firn_layout **ret, firn_err *err)
{
    firn_layout *node = root;
    for (size_t i = 0; node && i < json_array_size(path); i++) {
        const json_t *name = json_array_get(path, i);
        if (!json_is_string(name))
            return firn_raise(err, FIRN_E_DATA, "the saved layout has a path that holds no names");
        node = child_named(node, firn_json_text(name));
    }
    *ret = node == root ? NULL : node;
    return FIRN_OK;
}

/* What a string or uuid is for; the columns that no key leads to are those of the record itself. */
static void apply_holds(firn_layout *root, firn_layout *node, bool is_top, firn_str holds)
{
    bool is_string = node->type.kind == FIRN_T_STRING;
    if (!holds.p)
        return;
    node->json = is_string && firn_str_eqc(holds, "json");
    if (is_top && is_string && firn_str_eqc(holds, "residual")) {
        node->role = FIRN_ROLE_RESIDUAL;
        root->residual = 1 + (size_t)(node - root->children);
    }
    if (is_top && node->type.kind == FIRN_T_UUID && firn_str_eqc(holds, "row_id")) {
        node->role = FIRN_ROLE_ROW_ID;
        root->row_id = 1 + (size_t)(node - root->children);
    }
}

static firn_code apply_entry(firn_layout *root, const json_t *entry, firn_arena *a, firn_err *err)
{
    json_t *path;
    firn_str key;
    firn_str format;
    firn_str holds;
    firn_layout *node = NULL;
    FIRN_TRY(firn_json_array(entry, "path", &path, err));
    FIRN_TRY(firn_json_opt_str(entry, "key", &key, err));
    FIRN_TRY(firn_json_opt_str(entry, "format", &format, err));
    FIRN_TRY(firn_json_opt_str(entry, "holds", &holds, err));
    FIRN_TRY(node_at(root, path, &node, err));
    if (!node)
        return FIRN_OK; /* the column was dropped */
    if (key.p)
        node->key = firn_arena_str(a, key);
    if (!node->key.p)
        return firn_arena_raise(a, err);
    apply_holds(root, node, json_array_size(path) == 1, holds);
    bool is_time = node->type.kind == FIRN_T_DATE || node->type.kind == FIRN_T_TIMESTAMP ||
                   node->type.kind == FIRN_T_TIMESTAMPTZ;
    if (format.p && is_time)
        FIRN_TRY(firn_datefmt_compile(format, a, &node->read.format, err));
    return FIRN_OK;
}

static firn_code index_all(firn_layout *node, firn_arena *a, firn_err *err)
{
    for (size_t i = 0; i < node->child_count; i++)
        FIRN_TRY(index_all(&node->children[i], a, err));
    return node->type.kind == FIRN_T_STRUCT ? firn_layout_index(node, NULL, a, err) : FIRN_OK;
}

static firn_code apply_saved(firn_layout *root, const json_t *saved, firn_arena *a, firn_err *err)
{
    if (!json_is_array(saved))
        return firn_raise(err, FIRN_E_DATA, "the saved layout is not an array");
    for (size_t i = 0; i < json_array_size(saved); i++) {
        const json_t *entry = json_array_get(saved, i);
        if (!json_is_object(entry))
            return firn_raise(err, FIRN_E_DATA,
                              "the saved layout holds an entry that is no object");
        FIRN_TRY(apply_entry(root, entry, a, err));
    }
    return index_all(root, a, err);
}

/* --- from and to the table ----------------------------------------------------------------- */

static bool is_skipped(firn_str name, const firn_str *skip, size_t skip_count)
{
    for (size_t i = 0; i < skip_count; i++)
        if (firn_str_eq(name, skip[i]))
            return true;
    return false;
}

static firn_code without(const firn_type *schema, const firn_str *skip, size_t skip_count,
                         firn_arena *a, firn_type *ret, firn_err *err)
{
    firn_type type = firn_type_copy(schema, a);
    if (type.kind == FIRN_TYPE_KIND_COUNT)
        return firn_arena_raise(a, err);
    size_t n = 0;
    for (size_t i = 0; i < type.field_count; i++)
        if (!is_skipped(type.fields[i].name, skip, skip_count))
            type.fields[n++] = type.fields[i];
    type.field_count = n;
    *ret = type;
    return FIRN_OK;
}

firn_code firn_layout_of_type(const firn_type *schema, const firn_str *skip, size_t skip_count,
                              const json_t *saved, firn_arena *a, const firn_layout **ret,
                              firn_err *err)
{
    firn_type type;
    firn_layout *root = firn_arena_zalloc(a, sizeof *root);
    if (!root)
        return firn_arena_raise(a, err);
    FIRN_TRY(without(schema, skip, skip_count, a, &type, err));
    for (size_t i = 0; i < type.field_count; i++) /* what has no value gets the default */
        type.fields[i].required &= !type.fields[i].write_default.p;
    FIRN_TRY(firn_layout_from_type(&type, FIRN_STR_LIT(""), false, false, a, root, err));
    if (saved)
        FIRN_TRY(apply_saved(root, saved, a, err));
    *ret = root;
    return FIRN_OK;
}

/* The way from the root to a node, innermost first. */
typedef struct path {
    const struct path *parent;
    firn_str name;
} path;

static firn_code add_names(json_t *names, const path *at, firn_err *err)
{
    if (!at->parent)
        return FIRN_OK;
    FIRN_TRY(add_names(names, at->parent, err));
    return firn_json_append(names, firn_json_new_str(at->name), err);
}

static firn_code save_node(const firn_layout *node, const path *at, json_t *out, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *entry = json_object();
    FIRN_AUTO(firn_json_unref) json_t *names = json_array();
    if (!entry || !names)
        return firn_raise_nomem(err);
    FIRN_TRY(add_names(names, at, err));
    FIRN_TRY(firn_json_set(entry, "path", json_incref(names), err));
    FIRN_TRY(firn_json_set(entry, "key", firn_json_new_str(node->key), err));
    if (node->read.format)
        FIRN_TRY(firn_json_set(entry, "format",
                               firn_json_new_str(firn_datefmt_text(node->read.format)), err));
    const char *holds = node->role == FIRN_ROLE_RESIDUAL ? "residual"
                        : node->role == FIRN_ROLE_ROW_ID ? "row_id"
                                                         : "json";
    if (node->json || node->role != FIRN_ROLE_VALUE)
        FIRN_TRY(firn_json_set(entry, "holds", json_string(holds), err));
    return firn_json_append(out, json_incref(entry), err);
}

static firn_code save_below(const firn_layout *node, const path *at, json_t *out, firn_err *err)
{
    bool is_struct = node->type.kind == FIRN_T_STRUCT;
    for (size_t i = 0; i < node->child_count; i++) {
        const firn_layout *child = &node->children[i];
        path here = {at, node->type.fields[i].name};
        bool renamed = is_struct && !firn_str_eq(child->key, child->name);
        if (renamed || child->read.format || child->json || child->role != FIRN_ROLE_VALUE)
            FIRN_TRY(save_node(child, &here, out, err));
        FIRN_TRY(save_below(child, &here, out, err));
    }
    return FIRN_OK;
}

firn_code firn_layout_save(const firn_layout *l, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *out = json_array();
    path root = {0};
    if (!out)
        return firn_raise_nomem(err);
    FIRN_TRY(save_below(l, &root, out, err));
    *ret = json_incref(out);
    return FIRN_OK;
}
