/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to columns: add, drop, rename, move, widen, relax, document, identify. */
#include "iceberg/evolve_int.h"

#include "base/str.h"

#include <string.h>

/* --- names --------------------------------------------------------------------------------- */

/* Metadata columns of Iceberg and its engines. */
static const char *const reserved[] = {
    "_file",
    "_pos",
    "_deleted",
    "_spec_id",
    "_partition",
    "_row_id",
    "_last_updated_sequence_number",
    "_change_type",
    "_change_ordinal",
    "_commit_snapshot_id",
};

static firn_code check_name_form(firn_str name, firn_err *err)
{
    if (name.n == 0)
        return firn_raise(err, FIRN_E_INVAL, "a column without a name");
    if (!firn_utf8_valid(name.p, name.n) || memchr(name.p, '\0', name.n))
        return firn_raise(err, FIRN_E_INVAL, "the name %s is not UTF-8", firn_quote(name).s);
    if (memchr(name.p, '.', name.n))
        return firn_raise(err, FIRN_E_INVAL,
                          "the name %s holds a dot, which stands between a struct and its parts",
                          firn_quote(name).s);
    for (size_t i = 0; i < FIRN_COUNT_OF(reserved); i++)
        if (firn_str_ieq(name, firn_str_of(reserved[i])))
            return firn_raise(err, FIRN_E_INVAL,
                              "the name %s is reserved for Iceberg's own columns",
                              firn_quote(name).s);
    return FIRN_OK;
}

/* A partition field has a column's name only if it is that column's values. */
static firn_code check_against_spec(const firn_evolution *e, firn_str name, int32_t id,
                                    firn_err *err)
{
    for (size_t i = 0; i < e->spec.n; i++) {
        const firn_partition_field *f = &e->spec.v[i];
        bool own = f->source_id == id && f->transform.kind == FIRN_TRANSFORM_IDENTITY;
        if (firn_str_eq(f->name, name) && !own)
            return firn_raise(err, FIRN_E_EXISTS, "a partition field is called %s already",
                              firn_quote(name).s);
    }
    return FIRN_OK;
}

/* `id`: the column that gets the name; 0: a new one. */
static firn_code check_name(const firn_evolution *e, const firn_type *in, firn_str name, int32_t id,
                            firn_err *err)
{
    FIRN_TRY(check_name_form(name, err));
    for (size_t i = 0; i < in->field_count; i++) {
        const firn_field *f = &in->fields[i];
        if (f->id == id || !firn_str_ieq(f->name, name))
            continue;
        if (firn_str_eq(f->name, name))
            return firn_raise(err, FIRN_E_EXISTS, "there is a column %s already",
                              firn_quote(name).s);
        firn_raise(err, FIRN_E_INVAL, "the name %s differs from column %s only in case",
                   firn_quote(name).s, firn_quote(f->name).s);
        return firn_err_advise(err, "SQL does not tell them apart: take another name");
    }
    return in == &e->view.type ? check_against_spec(e, name, id, err) : FIRN_OK;
}

/* --- places -------------------------------------------------------------------------------- */

/* Where `place` is in a struct; `index` is where the column stands now. */
static firn_code place_index(const firn_evolution *e, const firn_type *in, firn_move place,
                             size_t index, size_t *ret, firn_err *err)
{
    const firn_field *other = NULL;
    *ret = 0;
    if (place.kind == FIRN_MOVE_FIRST)
        return FIRN_OK;
    for (size_t fold = 0; fold < 2 && !other; fold++)
        for (size_t i = 0; i < in->field_count && !other; i++)
            if (fold ? firn_str_ieq(in->fields[i].name, place.other)
                     : firn_str_eq(in->fields[i].name, place.other))
                other = &in->fields[i];
    if (!other) {
        firn_column_node node;
        FIRN_TRY(firn_evolve_find(e, place.other, &node, err));
        if (firn_evolve_parent(&e->view.type, node.field->id) != in)
            return firn_raise(err, FIRN_E_INVAL,
                              "column %s is in another struct; columns move within their own",
                              firn_quote(place.other).s);
        other = node.field;
    }
    size_t at = (size_t)(other - in->fields);
    if (at == index)
        return firn_raise(err, FIRN_E_INVAL, "column %s cannot be moved beside itself",
                          firn_quote(place.other).s);
    at -= at > index; /* it is taken out first */
    *ret = place.kind == FIRN_MOVE_AFTER ? at + 1 : at;
    return FIRN_OK;
}

static firn_code put_at(json_t *fields, size_t from, size_t to, firn_err *err)
{
    json_t *field = json_incref(json_array_get(fields, from));
    json_array_remove(fields, from);
    if (json_array_insert_new(fields, to, field) != 0)
        return firn_raise_nomem(err);
    return FIRN_OK;
}

firn_code firn_evolve_move_column(firn_evolution *e, firn_str path, firn_move place, firn_err *err)
{
    firn_column_node node;
    size_t to;
    FIRN_TRY(firn_evolve_find(e, path, &node, err));
    const firn_type *in = firn_evolve_parent(&e->view.type, node.field->id);
    if (!in)
        return firn_raise(err, FIRN_E_INVAL, "%s is an item of a list or map and has no place",
                          firn_quote(path).s);
    if (place.kind == FIRN_MOVE_NONE)
        return FIRN_OK;
    FIRN_TRY(place_index(e, in, place, node.index, &to, err));
    FIRN_TRY(put_at(node.siblings, node.index, to, err));
    return firn_evolve_refresh(e, err);
}

/* --- add ----------------------------------------------------------------------------------- */

/* The first type in the tree that format version 2 does not have. */
static const firn_type *newer_type(const firn_type *t)
{
    bool newer = t->kind == FIRN_T_TIMESTAMP_NS || t->kind == FIRN_T_TIMESTAMPTZ_NS ||
                 t->kind == FIRN_T_UNKNOWN;
    if (newer)
        return t;
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_type *found = newer_type(&t->fields[i].type);
        if (found)
            return found;
    }
    return NULL;
}

static bool has_foreign(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (has_foreign(&t->fields[i].type))
            return true;
    return t->kind == FIRN_T_FOREIGN;
}

static firn_code check_type(const firn_evolution *e, const firn_type *t, firn_err *err)
{
    const firn_type *newer = newer_type(t);
    if (has_foreign(t))
        return firn_raise(err, FIRN_E_UNSUPPORTED, "type %s is not supported",
                          firn_type_text(t, e->a));
    if (!newer)
        return FIRN_OK;
    const char *what = firn_arena_printf(e->a, "type %s", firn_type_text(newer, e->a));
    return what ? firn_evolve_need(e, 3, what, err) : firn_arena_raise(e->a, err);
}

static firn_code check_inner_names(const firn_type *t, firn_err *err)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        if (t->kind == FIRN_T_STRUCT)
            FIRN_TRY(check_name_form(f->name, err));
        for (size_t k = 0; t->kind == FIRN_T_STRUCT && k < i; k++)
            if (firn_str_ieq(t->fields[k].name, f->name))
                return firn_raise(err, FIRN_E_INVAL, "the struct has two parts called %s",
                                  firn_quote(f->name).s);
        FIRN_TRY(check_inner_names(&f->type, err));
    }
    if (t->kind == FIRN_T_STRUCT && t->field_count == 0)
        return firn_raise(err, FIRN_E_INVAL, "a struct without parts");
    return FIRN_OK;
}

static void forget_ids(firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++) {
        t->fields[i].id = 0;
        forget_ids(&t->fields[i].type);
    }
}

static firn_code check_defaults(const firn_evolution *e, const firn_new_column *c, firn_err *err)
{
    if (c->initial_default.p || c->write_default.p)
        FIRN_TRY(firn_evolve_need(e, 3, "a default of a column", err));
    if (!c->required || c->initial_default.p)
        return FIRN_OK;
    firn_raise(err, FIRN_E_INVAL,
               "a new column that is required needs a default: rows that are there have no value "
               "for it");
    return firn_err_advise(err, e->version >= 3 ? "say it with DEFAULT, or leave NOT NULL out"
                                                : "leave NOT NULL out");
}

static firn_code set_default(json_t *field, const char *key, const firn_type *type, firn_str json,
                             firn_err *err)
{
    json_t *value = NULL;
    if (!json.p)
        return FIRN_OK;
    FIRN_TRY(firn_evolve_default_json(type, json, &value, err));
    return firn_json_set(field, key, value, err);
}

/* Makes the JSON of the new field with ids from *last_id. */
static firn_code new_field(const firn_evolution *e, const firn_new_column *c, firn_str name,
                           int32_t *last_id, firn_field *ret, json_t **ret_json, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *root = NULL;
    firn_field *f = firn_arena_zalloc(e->a, sizeof *f);
    if (!f)
        return firn_arena_raise(e->a, err);
    *f = (firn_field){.name = firn_arena_str(e->a, name),
                      .required = c->required,
                      .doc = c->doc.p ? firn_arena_str(e->a, c->doc) : c->doc,
                      .type = firn_type_copy(c->type, e->a)};
    if (!f->name.p || f->type.kind == FIRN_TYPE_KIND_COUNT || (c->doc.p && !f->doc.p))
        return firn_arena_raise(e->a, err);
    forget_ids(&f->type);
    firn_schema one = {.type = {.kind = FIRN_T_STRUCT, .fields = f, .field_count = 1}};
    firn_schema_assign_ids(&one.type, last_id);
    FIRN_TRY(firn_schema_to_json(&one, &root, err));
    json_t *json = json_array_get(json_object_get(root, "fields"), 0);
    FIRN_TRY(set_default(json, "initial-default", &f->type, c->initial_default, err));
    FIRN_TRY(set_default(json, "write-default", &f->type, c->write_default, err));
    *ret = *f;
    *ret_json = json_incref(json);
    return FIRN_OK;
}

/* "a.b.c" gives "a.b" and "c". */
static firn_str split_path(firn_str path, firn_str *ret_name)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '.')
        at--;
    *ret_name = (firn_str){path.p + at, path.n - at};
    return (firn_str){path.p, at ? at - 1 : 0};
}

/* The id of the field whose parts a struct of the view holds; 0: the table itself. */
static int32_t owner_of(const firn_type *type, const firn_type *in)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (&type->fields[i].type == in)
            return type->fields[i].id;
        int32_t below = owner_of(&type->fields[i].type, in);
        if (below)
            return below;
    }
    return 0;
}

firn_code firn_evolve_add_column(firn_evolution *e, const firn_new_column *c, firn_err *err)
{
    firn_str name;
    json_t *fields;
    const firn_type *in;
    size_t to;
    firn_field field;
    json_t *json = NULL;
    int32_t last_id = e->last_column_id;
    firn_str parent = split_path(c->path, &name);
    FIRN_TRY(firn_evolve_struct(e, parent, &fields, &in, err));
    FIRN_TRY(check_name(e, in, name, 0, err));
    FIRN_TRY(check_type(e, c->type, err));
    FIRN_TRY(check_inner_names(c->type, err));
    FIRN_TRY(check_defaults(e, c, err));
    to = in->field_count;
    if (c->place.kind != FIRN_MOVE_NONE)
        FIRN_TRY(place_index(e, in, c->place, SIZE_MAX, &to, err));
    FIRN_TRY(new_field(e, c, name, &last_id, &field, &json, err));
    if (json_array_insert_new(fields, to, json) != 0)
        return firn_raise_nomem(err);
    e->last_column_id = last_id;
    FIRN_TRY(firn_evolve_mapping_add(e, owner_of(&e->view.type, in), &field, err));
    return firn_evolve_refresh(e, err);
}

/* --- drop ---------------------------------------------------------------------------------- */

static bool is_identifier(const firn_evolution *e, int32_t id)
{
    for (size_t i = 0; i < e->view.identifier_count; i++)
        if (e->view.identifier_ids[i] == id)
            return true;
    return false;
}

/* Refuses if the field, or one below it, is in use. */
static firn_code check_unused(const firn_evolution *e, const firn_field *f, firn_err *err)
{
    const char *user = firn_evolve_user_of(e, f->id);
    if (user) {
        firn_raise(err, FIRN_E_INVAL, "column %s cannot be dropped: %s stands on it",
                   firn_quotec(firn_evolve_path(e, &e->view.type, f->id)).s, user);
        return firn_err_advise(err, "drop that first");
    }
    if (is_identifier(e, f->id)) {
        firn_raise(err, FIRN_E_INVAL, "column %s cannot be dropped: it is an identifier field",
                   firn_quotec(firn_evolve_path(e, &e->view.type, f->id)).s);
        return firn_err_advise(err, "drop identifier fields first");
    }
    for (size_t i = 0; i < f->type.field_count; i++)
        FIRN_TRY(check_unused(e, &f->type.fields[i], err));
    return FIRN_OK;
}

firn_code firn_evolve_drop_column(firn_evolution *e, firn_str path, firn_err *err)
{
    firn_column_node node;
    FIRN_TRY(firn_evolve_find(e, path, &node, err));
    const firn_type *in = firn_evolve_parent(&e->view.type, node.field->id);
    if (!in)
        return firn_raise(err, FIRN_E_INVAL, "%s is an item of a list or map and goes only with it",
                          firn_quote(path).s);
    if (firn_evolve_in_key(&e->view.type, node.field->id))
        return firn_raise(err, FIRN_E_INVAL, "%s is part of a map's key; keys do not change",
                          firn_quote(path).s);
    if (in->field_count == 1)
        return firn_raise(err, FIRN_E_INVAL, "column %s is the last one of the %s",
                          firn_quote(path).s, in == &e->view.type ? "table" : "struct");
    FIRN_TRY(check_unused(e, node.field, err));
    json_array_remove(node.siblings, node.index);
    return firn_evolve_refresh(e, err);
}

/* --- rename, type, required, doc, default -------------------------------------------------- */

static firn_code set_member(firn_evolution *e, const firn_column_node *node, const char *key,
                            json_t *value, firn_err *err)
{
    FIRN_TRY(firn_json_set(node->json, key, value, err));
    return firn_evolve_refresh(e, err);
}

firn_code firn_evolve_rename_column(firn_evolution *e, firn_str path, firn_str name, firn_err *err)
{
    firn_column_node node;
    firn_str last;
    FIRN_TRY(firn_evolve_find(e, path, &node, err));
    const firn_type *in = firn_evolve_parent(&e->view.type, node.field->id);
    if (!in)
        return firn_raise(err, FIRN_E_INVAL, "%s is an item of a list or map and has no other name",
                          firn_quote(path).s);
    /* "a.b" to "a.c" is what people write as well */
    firn_str parent = split_path(name, &last);
    size_t n = path.n;
    while (n && path.p[n - 1] != '.')
        n--;
    if (parent.n && n && firn_str_ieq(parent, (firn_str){path.p, n - 1}))
        name = last;
    FIRN_TRY(check_name(e, in, name, node.field->id, err));
    FIRN_TRY(firn_evolve_mapping_rename(e, node.field->id, name, err));
    return set_member(e, &node, "name", firn_json_new_str(name), err);
}

static bool same_primitive(const firn_type *x, const firn_type *y)
{
    return x->kind == y->kind && x->precision == y->precision && x->scale == y->scale &&
           x->length == y->length;
}

/* The partition values of a date and of the timestamp of its midnight are the same only for these.
 */
static bool keeps_partitions(const firn_evolution *e, int32_t id)
{
    for (size_t i = 0; i < e->base->spec_count; i++)
        for (size_t k = 0; k < e->base->specs[i].field_count; k++) {
            const firn_partition_field *f = &e->base->specs[i].fields[k];
            bool same = f->transform.kind == FIRN_TRANSFORM_YEAR ||
                        f->transform.kind == FIRN_TRANSFORM_MONTH ||
                        f->transform.kind == FIRN_TRANSFORM_DAY ||
                        f->transform.kind == FIRN_TRANSFORM_VOID;
            if (f->source_id == id && !same)
                return false;
        }
    return true;
}

static bool widens(const firn_type *from, const firn_type *to)
{
    if (from->kind == FIRN_T_INT)
        return to->kind == FIRN_T_LONG;
    if (from->kind == FIRN_T_FLOAT)
        return to->kind == FIRN_T_DOUBLE;
    if (from->kind == FIRN_T_DECIMAL)
        return to->kind == FIRN_T_DECIMAL && from->scale == to->scale &&
               from->precision < to->precision;
    return false;
}

static bool widens_in_v3(const firn_type *from, const firn_type *to)
{
    if (from->kind == FIRN_T_DATE)
        return to->kind == FIRN_T_TIMESTAMP || to->kind == FIRN_T_TIMESTAMP_NS;
    return from->kind == FIRN_T_UNKNOWN && to->kind < FIRN_T_UNKNOWN;
}

static firn_code refuse_type(const firn_evolution *e, firn_str path, const firn_field *f,
                             const firn_type *to, firn_err *err)
{
    firn_raise(err, FIRN_E_INVAL, "column %s is %s and cannot become %s", firn_quote(path).s,
               firn_type_text(&f->type, e->a), firn_type_text(to, e->a));
    if (firn_type_is_nested(f->type.kind) || firn_type_is_nested(to->kind))
        return firn_err_advise(err,
                               "structs, lists and maps change by their parts: add, drop or "
                               "change %.*s.NAME",
                               FIRN_STR_ARG(path));
    return firn_err_advise(err, "types widen only: int to long, float to double, decimals to more "
                                "digits before the point, date to timestamp (format version 3)");
}

/* The defaults of a date that becomes a timestamp: its midnight. */
static firn_code move_defaults(firn_evolution *e, const firn_column_node *node,
                               const firn_type *type, firn_err *err)
{
    static const char *const keys[] = {"initial-default", "write-default"};
    for (size_t i = 0; node->siblings && i < FIRN_COUNT_OF(keys); i++) {
        firn_str json;
        const json_t *old = json_object_get(node->json, keys[i]);
        if (!json_is_string(old))
            continue;
        FIRN_TRY(firn_evolve_default(type, firn_json_text(old), e->a, &json, err));
        FIRN_TRY(set_default(node->json, keys[i], type, json, err));
    }
    return FIRN_OK;
}

firn_code firn_evolve_column_type(firn_evolution *e, firn_str path, const firn_type *type,
                                  firn_err *err)
{
    firn_column_node node;
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(64);
    FIRN_TRY(firn_evolve_find(e, path, &node, err));
    const firn_type *from = &node.field->type;
    if (!firn_type_is_nested(from->kind) && same_primitive(from, type))
        return FIRN_OK;
    if (widens_in_v3(from, type))
        FIRN_TRY(firn_evolve_need(e, 3, "this change of type", err));
    else if (!widens(from, type))
        return refuse_type(e, path, node.field, type, err);
    if (firn_evolve_in_key(&e->view.type, node.field->id))
        return firn_raise(err, FIRN_E_INVAL, "%s is the key of a map; keys do not change",
                          firn_quote(path).s);
    if (from->kind == FIRN_T_DATE && !keeps_partitions(e, node.field->id))
        return firn_raise(err, FIRN_E_INVAL,
                          "column %s partitions the table, or did, in a way that gives other "
                          "values for a timestamp",
                          firn_quote(path).s);
    if (from->kind == FIRN_T_DATE)
        FIRN_TRY(move_defaults(e, &node, type, err));
    FIRN_TRY(firn_type_print(type, &text, err));
    return set_member(e, &node, node.type_key, json_string(firn_buf_cstr(&text)), err);
}

/* An identifier field below an optional struct would not identify. */
static bool holds_identifier(const firn_evolution *e, const firn_field *f)
{
    for (size_t i = 0; i < e->view.identifier_count; i++) {
        int32_t id = e->view.identifier_ids[i];
        if (id == f->id || firn_schema_field(&f->type, id))
            return true;
    }
    return false;
}

firn_code firn_evolve_column_required(firn_evolution *e, firn_str path, bool required,
                                      firn_err *err)
{
    firn_column_node node;
    FIRN_TRY(firn_evolve_find(e, path, &node, err));
    if (node.field->required == required)
        return FIRN_OK;
    if (required) {
        firn_raise(err, FIRN_E_INVAL,
                   "column %s may be null and cannot become required: nobody knows whether rows "
                   "that are there have a value",
                   firn_quote(path).s);
        return firn_err_advise(err, "a check says it for new rows: checks: [not_null]");
    }
    if (!node.required_key)
        return firn_raise(err, FIRN_E_INVAL, "the key of a map is never null");
    if (holds_identifier(e, node.field)) {
        firn_raise(err, FIRN_E_INVAL, "column %s is, or holds, an identifier field",
                   firn_quote(path).s);
        return firn_err_advise(err, "drop identifier fields first");
    }
    return set_member(e, &node, node.required_key, json_false(), err);
}

firn_code firn_evolve_column_doc(firn_evolution *e, firn_str path, firn_str doc, firn_err *err)
{
    firn_column_node node;
    FIRN_TRY(firn_evolve_find(e, path, &node, err));
    if (!node.siblings)
        return firn_raise(err, FIRN_E_INVAL, "an item of a list or map has no comment");
    if (doc.p)
        return set_member(e, &node, "doc", firn_json_new_str(doc), err);
    json_object_del(node.json, "doc");
    return firn_evolve_refresh(e, err);
}

firn_code firn_evolve_write_default(firn_evolution *e, firn_str path, firn_str json, firn_err *err)
{
    firn_column_node node;
    FIRN_TRY(firn_evolve_find(e, path, &node, err));
    if (!node.siblings)
        return firn_raise(err, FIRN_E_INVAL, "an item of a list or map has no default");
    FIRN_TRY(firn_evolve_need(e, 3, "a default of a column", err));
    if (json.p) {
        FIRN_TRY(set_default(node.json, "write-default", &node.field->type, json, err));
        return firn_evolve_refresh(e, err);
    }
    if (node.field->required && json_object_get(node.json, "initial-default"))
        return firn_raise(err, FIRN_E_INVAL,
                          "column %s is required: without its default, rows written without it "
                          "would have no value",
                          firn_quote(path).s);
    json_object_del(node.json, "write-default");
    return firn_evolve_refresh(e, err);
}

/* --- identifier fields --------------------------------------------------------------------- */

/* All that hold the field are required structs. */
static bool is_always_there(const firn_type *type, int32_t id)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const firn_field *f = &type->fields[i];
        if (f->id == id)
            return true;
        if (firn_schema_field(&f->type, id))
            return f->required && f->type.kind == FIRN_T_STRUCT && is_always_there(&f->type, id);
    }
    return false;
}

static firn_code check_identifier(const firn_evolution *e, firn_str path, const firn_field *f,
                                  firn_err *err)
{
    const char *why = NULL;
    if (firn_type_is_nested(f->type.kind))
        why = "it is not a single value";
    else if (f->type.kind == FIRN_T_FLOAT || f->type.kind == FIRN_T_DOUBLE)
        why = "floating-point numbers do not compare well";
    else if (firn_schema_is_repeated(&e->view.type, f->id))
        why = "it is in a list or map";
    else if (!f->required)
        why = "it may be null";
    else if (!is_always_there(&e->view.type, f->id))
        why = "the struct it is in may be null";
    if (!why)
        return FIRN_OK;
    return firn_raise(err, FIRN_E_INVAL, "column %s cannot be an identifier field: %s",
                      firn_quote(path).s, why);
}

static firn_code put_identifiers(firn_evolution *e, json_t *ids, firn_err *err)
{
    if (json_array_size(ids) == 0) {
        json_decref(ids);
        json_object_del(e->schema, "identifier-field-ids");
        return firn_evolve_refresh(e, err);
    }
    FIRN_TRY(firn_json_set(e->schema, "identifier-field-ids", ids, err));
    return firn_evolve_refresh(e, err);
}

static bool holds_id(const json_t *ids, int32_t id)
{
    for (size_t i = 0; i < json_array_size(ids); i++)
        if (json_integer_value(json_array_get(ids, i)) == id)
            return true;
    return false;
}

firn_code firn_evolve_set_identifiers(firn_evolution *e, const firn_str *paths, size_t count,
                                      firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *ids = json_array();
    for (size_t i = 0; i < count; i++) {
        firn_column_node node;
        FIRN_TRY(firn_evolve_find(e, paths[i], &node, err));
        FIRN_TRY(check_identifier(e, paths[i], node.field, err));
        if (!holds_id(ids, node.field->id))
            FIRN_TRY(firn_json_append(ids, json_integer(node.field->id), err));
    }
    return ids ? put_identifiers(e, json_incref(ids), err) : firn_raise_nomem(err);
}

firn_code firn_evolve_drop_identifiers(firn_evolution *e, const firn_str *paths, size_t count,
                                       firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *ids = json_array();
    FIRN_VEC(int32_t) gone = {0};
    for (size_t i = 0; i < count; i++) {
        firn_column_node node;
        FIRN_TRY(firn_evolve_find(e, paths[i], &node, err));
        if (!is_identifier(e, node.field->id))
            return firn_raise(err, FIRN_E_NOTFOUND, "column %s is no identifier field",
                              firn_quote(paths[i]).s);
        if (!firn_vec_push(e->a, &gone, node.field->id))
            return firn_arena_raise(e->a, err);
    }
    for (size_t i = 0; i < e->view.identifier_count; i++) {
        bool drop = false;
        for (size_t k = 0; k < gone.n; k++)
            drop = drop || gone.v[k] == e->view.identifier_ids[i];
        if (!drop)
            FIRN_TRY(firn_json_append(ids, json_integer(e->view.identifier_ids[i]), err));
    }
    return ids ? put_identifiers(e, json_incref(ids), err) : firn_raise_nomem(err);
}
