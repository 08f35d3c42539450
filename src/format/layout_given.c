/* SPDX-License-Identifier: Apache-2.0 */
/* The `columns:` of an ingest entry as a tree: paths are taken apart, types with parts unfolded. */
#include "format/layout_int.h"

#include "base/str.h"

#include <string.h>

const firn_given_node *firn_given_child(const firn_given_node *g, firn_str name)
{
    for (size_t i = 0; g && i < g->children.n; i++)
        if (firn_str_eq(g->children.v[i]->name, name))
            return g->children.v[i];
    return NULL;
}

const firn_given_node *firn_given_by_key(const firn_given_node *g, firn_str key)
{
    for (size_t i = 0; g && i < g->children.n; i++) {
        const firn_given_node *child = g->children.v[i];
        if (firn_str_eq(child->from.p ? child->from : child->name, key))
            return child;
    }
    return NULL;
}

/* Returns the child with this name, made if new; NULL when memory is out. */
static firn_given_node *child_of(firn_given_node *parent, firn_str name, firn_arena *a)
{
    for (size_t i = 0; i < parent->children.n; i++)
        if (firn_str_eq(parent->children.v[i]->name, name))
            return parent->children.v[i];
    firn_given_node *child = firn_arena_zalloc(a, sizeof *child);
    if (!child)
        return NULL;
    child->name = firn_arena_str(a, name);
    if (!child->name.p || !firn_vec_push(a, &parent->children, child))
        return NULL;
    return child;
}

/* The same for the element of a list. */
static firn_given_node *element_of(firn_given_node *list, firn_arena *a)
{
    if (!list->element)
        list->element = firn_arena_zalloc(a, sizeof *list->element);
    return list->element;
}

/* --- types --------------------------------------------------------------------------------- */

/* Makes a node say `type`, and a node below it for each part of a struct or list. */
static firn_code unfold(firn_given_node *g, const firn_type *type, firn_arena *a, firn_err *err)
{
    g->has_type = true;
    g->type = *type;
    if (type->kind != FIRN_T_STRUCT && type->kind != FIRN_T_LIST)
        return FIRN_OK;
    for (size_t i = 0; i < type->field_count; i++) {
        firn_given_node *part =
            type->kind == FIRN_T_LIST ? element_of(g, a) : child_of(g, type->fields[i].name, a);
        if (!part)
            return firn_arena_raise(a, err);
        if (part->has_type)
            return firn_raise(err, FIRN_E_CONFIG, "field %s is there twice",
                              firn_quote(part->name).s);
        part->required = type->fields[i].required;
        FIRN_TRY(unfold(part, &type->fields[i].type, a, err));
    }
    return FIRN_OK;
}

static bool is_time(firn_type_kind kind)
{
    return kind == FIRN_T_DATE || kind == FIRN_T_TIMESTAMP || kind == FIRN_T_TIMESTAMPTZ;
}

/* A format without a type says the type as well. */
static firn_type type_of_format(const firn_datefmt *format)
{
    if (!firn_datefmt_has_clock(format))
        return (firn_type){.kind = FIRN_T_DATE};
    if (firn_datefmt_has_zone(format))
        return (firn_type){.kind = FIRN_T_TIMESTAMPTZ};
    return (firn_type){.kind = FIRN_T_TIMESTAMP};
}

static firn_code set_type(firn_given_node *g, const firn_given *entry, firn_arena *a, firn_err *err)
{
    firn_type type = {0};
    if (entry->format.p) {
        FIRN_TRY(firn_datefmt_compile(entry->format, a, &g->format, err));
        type = type_of_format(g->format);
    }
    if (entry->has_type) {
        type = firn_type_copy(&entry->type, a);
        if (type.kind == FIRN_TYPE_KIND_COUNT)
            return firn_arena_raise(a, err);
    }
    if (g->format && !is_time(type.kind))
        return firn_raise(err, FIRN_E_CONFIG, "a format is for dates and times, the type is %s",
                          firn_type_text(&type, a));
    if (g->children.n || g->element)
        return firn_raise(err, FIRN_E_CONFIG, "it has a type, and so have parts of it");
    return unfold(g, &type, a, err);
}

/* --- paths --------------------------------------------------------------------------------- */

static firn_code bad_path(firn_str path, const char *why, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFIG, "column %s: %s", firn_quote(path).s, why);
    return firn_err_advise(err, "nested columns are written as address.city or lines[].amount");
}

/* Cuts the next step off a path: a name, and how many [] stand behind it. */
static firn_code cut_step(firn_str path, firn_str *rest, firn_str *ret_name, size_t *ret_lists,
                          firn_err *err)
{
    firn_str step = firn_str_cut(rest, '.');
    size_t lists = 0;
    while (step.n >= 2 && memcmp(step.p + step.n - 2, "[]", 2) == 0) {
        step.n -= 2;
        lists++;
    }
    if (step.n == 0)
        return bad_path(path, "a name is missing", err);
    *ret_name = step;
    *ret_lists = lists;
    return FIRN_OK;
}

static firn_code enter(firn_given_node *g, firn_str path, bool list, firn_err *err)
{
    if (g->has_type)
        return bad_path(path, "it lies inside of a column whose type is given", err);
    if (list ? g->children.n > 0 : g->element != NULL)
        return bad_path(path, "it is a list in one entry and not in another", err);
    return FIRN_OK;
}

static firn_code node_of_path(firn_given_node *root, firn_str path, firn_arena *a,
                              firn_given_node **ret, firn_err *err)
{
    firn_given_node *at = root;
    firn_str rest = path;
    size_t depth = 0;
    while (rest.p) {
        firn_str name = {0};
        size_t lists = 0;
        FIRN_TRY(cut_step(path, &rest, &name, &lists, err));
        depth += lists + 1;
        if (depth > FIRN_GIVEN_MAX_DEPTH)
            return bad_path(path, "it is nested too deep", err);
        FIRN_TRY(enter(at, path, false, err));
        at = child_of(at, name, a);
        for (size_t i = 0; at && i < lists; i++) {
            FIRN_TRY(enter(at, path, true, err));
            at = element_of(at, a);
        }
        if (!at)
            return firn_arena_raise(a, err);
    }
    *ret = at;
    return FIRN_OK;
}

/* A column of the source or table may have a point in its name. */
static bool is_whole_name(const firn_layout_in *in, const firn_given *entry)
{
    for (size_t i = 0; in->old && i < in->old->child_count; i++)
        if (firn_str_eq(in->old->children[i].name, entry->name))
            return true;
    for (size_t i = 0; in->seen && i < in->seen->field_count; i++)
        if (firn_str_eq(in->seen->fields[i].key, entry->name))
            return true;
    return false;
}

/* The node of an entry: a column of that very name, or what its path leads to. */
static firn_code node_of_entry(const firn_layout_in *in, const firn_given *entry,
                               firn_given_node *root, firn_arena *a, firn_given_node **ret,
                               firn_err *err)
{
    if (!entry->name.n || !is_whole_name(in, entry))
        return node_of_path(root, entry->name, a, ret, err);
    firn_given_node *g = child_of(root, entry->name, a);
    if (!g)
        return firn_arena_raise(a, err);
    *ret = g;
    return FIRN_OK;
}

static firn_code add_entry(const firn_layout_in *in, const firn_given *entry, firn_given_node *root,
                           firn_arena *a, firn_err *err)
{
    firn_given_node *g = root;
    FIRN_TRY(node_of_entry(in, entry, root, a, &g, err));
    if (g->named)
        return bad_path(entry->name, "it is given twice", err);
    g->named = true;
    g->required = entry->required;
    g->json = entry->json;
    g->contract = entry->contract;
    if (entry->from.p) {
        g->from = firn_arena_str(a, entry->from);
        if (!g->from.p)
            return firn_arena_raise(a, err);
    }
    if (!entry->has_type && !entry->format.p)
        return FIRN_OK;
    firn_code code = set_type(g, entry, a, err);
    return code ? firn_wrap(err, "column %s", firn_quote(entry->name).s) : FIRN_OK;
}

/* Two columns cannot read one key, and two names must differ in more than case. */
static firn_code check_siblings(const firn_given_node *g, firn_err *err)
{
    for (size_t i = 0; i < g->children.n; i++) {
        const firn_given_node *x = g->children.v[i];
        for (size_t j = 0; j < i; j++) {
            const firn_given_node *y = g->children.v[j];
            if (firn_str_ieq(x->name, y->name))
                return firn_raise(err, FIRN_E_CONFIG, "columns %s and %s differ only in case",
                                  firn_quote(y->name).s, firn_quote(x->name).s);
            if (firn_str_eq(x->from.p ? x->from : x->name, y->from.p ? y->from : y->name))
                return firn_raise(err, FIRN_E_CONFIG, "columns %s and %s read the same key",
                                  firn_quote(y->name).s, firn_quote(x->name).s);
        }
        FIRN_TRY(check_siblings(x, err));
    }
    return g->element ? check_siblings(g->element, err) : FIRN_OK;
}

firn_code firn_given_tree(const firn_layout_in *in, firn_arena *a, const firn_given_node **ret,
                          firn_err *err)
{
    firn_given_node *root = firn_arena_zalloc(a, sizeof *root);
    if (!root)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < in->given_count; i++)
        FIRN_TRY(add_entry(in, &in->given[i], root, a, err));
    FIRN_TRY(check_siblings(root, err));
    *ret = root;
    return FIRN_OK;
}
