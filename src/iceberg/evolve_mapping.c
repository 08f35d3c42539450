/* SPDX-License-Identifier: Apache-2.0 */
/* The table's name mapping kept true: files without ids find columns by any name that they have
 * had.  As Java's MappingUtil does it: new columns are added, renamed ones get a name more, and a
 * name belongs to the column that got it last. */
#include "iceberg/evolve_int.h"

#include "base/str.h"

#define MAPPING "schema.name-mapping.default"

firn_code firn_evolve_mapping_load(firn_evolution *e, firn_err *err)
{
    firn_str text = firn_metadata_property(e->base, MAPPING);
    json_t *root = NULL;
    if (!text.p)
        return FIRN_OK;
    firn_code code = firn_json_parse((firn_slice){(const uint8_t *)text.p, text.n}, &root, err);
    if (code != FIRN_OK)
        return firn_wrap(err, "property " MAPPING);
    FIRN_TRY(firn_json_keep(root, e->a, err));
    if (!json_is_array(root))
        return firn_raise(err, FIRN_E_DATA, "property " MAPPING " is no JSON array");
    e->mapping = root;
    return FIRN_OK;
}

/* The mapped field of an id in the tree below `list`. */
static json_t *mapped(json_t *list, int32_t id, int depth)
{
    for (size_t i = 0; depth < 100 && i < json_array_size(list); i++) {
        json_t *field = json_array_get(list, i);
        const json_t *have = json_object_get(field, "field-id");
        if (json_is_integer(have) && json_integer_value(have) == id)
            return field;
        json_t *below = mapped(json_object_get(field, "fields"), id, depth + 1);
        if (below)
            return below;
    }
    return NULL;
}

/* The list in which the fields of a column are; id 0: the table's own. */
static firn_code list_of(firn_evolution *e, int32_t parent_id, json_t **ret, firn_err *err)
{
    *ret = e->mapping;
    if (parent_id == 0)
        return FIRN_OK;
    json_t *parent = mapped(e->mapping, parent_id, 0);
    *ret = parent ? json_object_get(parent, "fields") : NULL;
    if (!parent || *ret)
        return FIRN_OK;
    *ret = json_array();
    return firn_json_set(parent, "fields", *ret, err);
}

static bool holds(const json_t *names, firn_str name, size_t *ret_index)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        *ret_index = i;
        const json_t *have = json_array_get(names, i);
        if (json_is_string(have) && firn_str_eq(firn_json_text(have), name))
            return true;
    }
    return false;
}

/* Another column of the struct loses the name. */
static void take_name(json_t *list, const json_t *except, firn_str name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *field = json_array_get(list, i);
        json_t *names = json_object_get(field, "names");
        size_t at;
        if (field != except && holds(names, name, &at))
            json_array_remove(names, at);
    }
}

static firn_code add_field(json_t *list, const firn_field *f, firn_err *err)
{
    json_t *obj = json_object();
    FIRN_TRY(firn_json_append(list, obj, err));
    json_t *names = json_array();
    FIRN_TRY(firn_json_set(obj, "field-id", json_integer(f->id), err));
    FIRN_TRY(firn_json_set(obj, "names", names, err));
    FIRN_TRY(firn_json_append(names, firn_json_new_str(f->name), err));
    if (f->type.field_count == 0)
        return FIRN_OK;
    json_t *below = json_array();
    FIRN_TRY(firn_json_set(obj, "fields", below, err));
    for (size_t i = 0; i < f->type.field_count; i++)
        FIRN_TRY(add_field(below, &f->type.fields[i], err));
    return FIRN_OK;
}

firn_code firn_evolve_mapping_add(firn_evolution *e, int32_t parent_id, const firn_field *field,
                                  firn_err *err)
{
    json_t *list;
    if (!e->mapping)
        return FIRN_OK;
    FIRN_TRY(list_of(e, parent_id, &list, err));
    if (!list) /* the mapping leaves the parent out on purpose */
        return FIRN_OK;
    take_name(list, NULL, field->name);
    e->mapping_changed = true;
    return add_field(list, field, err);
}

static json_t *list_with(json_t *list, const json_t *field, int depth)
{
    for (size_t i = 0; depth < 100 && i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        if (item == field)
            return list;
        json_t *below = list_with(json_object_get(item, "fields"), field, depth + 1);
        if (below)
            return below;
    }
    return NULL;
}

firn_code firn_evolve_mapping_rename(firn_evolution *e, int32_t id, firn_str name, firn_err *err)
{
    json_t *field = mapped(e->mapping, id, 0);
    json_t *names = json_object_get(field, "names");
    size_t at;
    if (!json_is_array(names))
        return FIRN_OK;
    take_name(list_with(e->mapping, field, 0), field, name);
    e->mapping_changed = true;
    return holds(names, name, &at) ? FIRN_OK
                                   : firn_json_append(names, firn_json_new_str(name), err);
}
