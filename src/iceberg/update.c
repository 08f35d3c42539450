/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to a table's metadata: made in the REST catalog's words, applied to a copy of the tree.
 */
#include "iceberg/metadata_int.h"

#include "base/str.h"

#include <string.h>

#define DEFAULT_METADATA_LOG 100

/* --- making changes ------------------------------------------------------------------------ */

firn_code firn_updates_new(firn_arena *a, firn_updates *ret, firn_err *err)
{
    json_t *list = json_array();
    if (!list)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_keep(list, a, err));
    *ret = (firn_updates){.list = list, .arena = a};
    return FIRN_OK;
}

static firn_code add(firn_updates *u, const char *action, json_t **ret, firn_err *err)
{
    json_t *obj = json_object();
    FIRN_TRY(firn_json_append(u->list, obj, err));
    *ret = obj;
    return firn_json_set(obj, "action", json_string(action), err);
}

firn_code firn_update_assign_uuid(firn_updates *u, const char *uuid, firn_err *err)
{
    json_t *obj;
    FIRN_TRY(add(u, "assign-uuid", &obj, err));
    return firn_json_set(obj, "uuid", json_string(uuid), err);
}

firn_code firn_update_format_version(firn_updates *u, int version, firn_err *err)
{
    json_t *obj;
    FIRN_TRY(add(u, "upgrade-format-version", &obj, err));
    return firn_json_set(obj, "format-version", json_integer(version), err);
}

firn_code firn_update_location(firn_updates *u, firn_str location, firn_err *err)
{
    json_t *obj;
    FIRN_TRY(add(u, "set-location", &obj, err));
    return firn_json_set(obj, "location", firn_json_new_str(location), err);
}

firn_code firn_update_schema(firn_updates *u, const firn_schema *s, int32_t last_column_id,
                             firn_err *err)
{
    json_t *obj;
    json_t *schema = NULL;
    FIRN_TRY(firn_schema_to_json(s, &schema, err));
    firn_code code = add(u, "add-schema", &obj, err);
    if (code != FIRN_OK) {
        json_decref(schema);
        return code;
    }
    FIRN_TRY(firn_json_set(obj, "schema", schema, err));
    FIRN_TRY(firn_json_set(obj, "last-column-id", json_integer(last_column_id), err));
    FIRN_TRY(add(u, "set-current-schema", &obj, err));
    return firn_json_set(obj, "schema-id", json_integer(-1), err);
}

firn_code firn_update_spec(firn_updates *u, const firn_spec *s, firn_err *err)
{
    json_t *obj;
    json_t *fields = NULL;
    FIRN_TRY(firn_spec_fields_to_json(s, &fields, err));
    FIRN_AUTO(firn_json_unref) json_t *spec = json_object();
    FIRN_TRY(firn_json_set(spec, "spec-id", json_integer(s->spec_id), err));
    FIRN_TRY(firn_json_set(spec, "fields", fields, err));
    FIRN_TRY(add(u, "add-spec", &obj, err));
    FIRN_TRY(firn_json_set(obj, "spec", json_incref(spec), err));
    FIRN_TRY(add(u, "set-default-spec", &obj, err));
    return firn_json_set(obj, "spec-id", json_integer(-1), err);
}

firn_code firn_update_unsorted(firn_updates *u, firn_err *err)
{
    json_t *obj;
    FIRN_AUTO(firn_json_unref) json_t *order = json_object();
    FIRN_TRY(firn_json_set(order, "order-id", json_integer(0), err));
    FIRN_TRY(firn_json_set(order, "fields", json_array(), err));
    FIRN_TRY(add(u, "add-sort-order", &obj, err));
    FIRN_TRY(firn_json_set(obj, "sort-order", json_incref(order), err));
    FIRN_TRY(add(u, "set-default-sort-order", &obj, err));
    return firn_json_set(obj, "sort-order-id", json_integer(-1), err);
}

firn_code firn_update_property(firn_updates *u, const char *key, firn_str value, firn_err *err)
{
    json_t *obj;
    FIRN_AUTO(firn_json_unref) json_t *values = json_object();
    FIRN_TRY(firn_json_set(values, key, firn_json_new_str(value), err));
    FIRN_TRY(add(u, "set-properties", &obj, err));
    return firn_json_set(obj, "updates", json_incref(values), err);
}

firn_code firn_update_remove_property(firn_updates *u, const char *key, firn_err *err)
{
    json_t *obj;
    FIRN_AUTO(firn_json_unref) json_t *keys = json_array();
    FIRN_TRY(firn_json_append(keys, json_string(key), err));
    FIRN_TRY(add(u, "remove-properties", &obj, err));
    return firn_json_set(obj, "removals", json_incref(keys), err);
}

firn_code firn_update_snapshot(firn_updates *u, json_t *snapshot, firn_err *err)
{
    json_t *obj;
    firn_code code = add(u, "add-snapshot", &obj, err);
    if (code != FIRN_OK) {
        json_decref(snapshot);
        return code;
    }
    return firn_json_set(obj, "snapshot", snapshot, err);
}

firn_code firn_update_ref(firn_updates *u, const char *name, int64_t snapshot_id, bool branch,
                          firn_err *err)
{
    json_t *obj;
    FIRN_TRY(add(u, "set-snapshot-ref", &obj, err));
    FIRN_TRY(firn_json_set(obj, "ref-name", json_string(name), err));
    FIRN_TRY(firn_json_set(obj, "type", json_string(branch ? "branch" : "tag"), err));
    return firn_json_set(obj, "snapshot-id", json_integer(snapshot_id), err);
}

/* --- applying them ------------------------------------------------------------------------- */

/* What one application carries along. */
typedef struct state {
    json_t *root;
    const firn_metadata *base; /* NULL: a new table */
    int64_t now_ms;
    int64_t last_schema_id; /* what -1 means in set-current-schema … */
    int64_t last_spec_id;
    int64_t last_order_id;
} state;

/* As json_copy; jansson leaves out what it has no memory for, and that is no copy. */
static json_t *shallow_copy(const json_t *j)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)j);
    if (json_array_size(copy) == json_array_size(j) &&
        json_object_size(copy) == json_object_size(j))
        return copy;
    json_decref(copy);
    return NULL;
}

/* The tree shares all members with the one it was copied from.  What is to be changed is copied
 * first, one level deep: the elements stay shared, and nobody changes them. */
static json_t *own(json_t *parent, const char *key, json_t *copy)
{
    return copy && json_object_set_new(parent, key, copy) == 0 ? copy : NULL;
}

/* Returns the array at a key, free to be changed; made if it is missing. */
static json_t *array_at(json_t *root, const char *key)
{
    json_t *list = json_object_get(root, key);
    return own(root, key, json_is_array(list) ? shallow_copy(list) : json_array());
}

static json_t *object_at(json_t *root, const char *key)
{
    json_t *obj = json_object_get(root, key);
    return own(root, key, json_is_object(obj) ? shallow_copy(obj) : json_object());
}

static json_t *without(const json_t *obj, const char *key)
{
    json_t *copy = shallow_copy(obj);
    if (copy)
        json_object_del(copy, key);
    return copy;
}

/* Adds an object to a list, giving it the next id; one that is there already (ids apart) is
 * reused.  *ret_id is the id it has. */
static firn_code add_numbered(json_t *list, const json_t *obj, const char *id_key, int64_t *ret_id,
                              firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *bare = without(obj, id_key);
    if (!list || !bare)
        return firn_raise_nomem(err);
    int64_t next = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *have = json_array_get(list, i);
        FIRN_AUTO(firn_json_unref) json_t *have_bare = without(have, id_key);
        int64_t id = json_integer_value(json_object_get(have, id_key));
        next = FIRN_MAX(next, id + 1);
        if (have_bare && json_equal(bare, have_bare)) {
            *ret_id = id;
            return FIRN_OK;
        }
    }
    json_t *copy = shallow_copy(obj);
    *ret_id = next;
    FIRN_TRY(firn_json_append(list, copy, err));
    return firn_json_set(copy, id_key, json_integer(next), err);
}

static firn_code set_max(json_t *root, const char *key, int64_t value, firn_err *err)
{
    int64_t have = json_integer_value(json_object_get(root, key));
    return firn_json_set(root, key, json_integer(FIRN_MAX(have, value)), err);
}

static firn_code apply_add_schema(state *st, const json_t *u, firn_err *err)
{
    const json_t *schema = json_object_get(u, "schema");
    FIRN_TRY(
        add_numbered(array_at(st->root, "schemas"), schema, "schema-id", &st->last_schema_id, err));
    return set_max(st->root, "last-column-id",
                   json_integer_value(json_object_get(u, "last-column-id")), err);
}

/* The list's element with this id, for version 1's own fields; a new reference. */
static json_t *numbered(const json_t *list, const char *id_key, int64_t id)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        if (json_integer_value(json_object_get(item, id_key)) == id)
            return json_incref(item);
    }
    return NULL;
}

static int64_t version_of(const state *st)
{
    return json_integer_value(json_object_get(st->root, "format-version"));
}

static bool is_v1(const state *st)
{
    return version_of(st) == 1;
}

static firn_code apply_set_schema(state *st, const json_t *u, firn_err *err)
{
    int64_t id = json_integer_value(json_object_get(u, "schema-id"));
    id = id < 0 ? st->last_schema_id : id;
    FIRN_TRY(firn_json_set(st->root, "current-schema-id", json_integer(id), err));
    if (!is_v1(st))
        return FIRN_OK;
    return firn_json_set(st->root, "schema",
                         numbered(json_object_get(st->root, "schemas"), "schema-id", id), err);
}

static firn_code apply_add_spec(state *st, const json_t *u, firn_err *err)
{
    const json_t *spec = json_object_get(u, "spec");
    FIRN_TRY(add_numbered(array_at(st->root, "partition-specs"), spec, "spec-id", &st->last_spec_id,
                          err));
    int64_t last = FIRN_PARTITION_FIRST_ID - 1;
    const json_t *fields = json_object_get(spec, "fields");
    for (size_t i = 0; i < json_array_size(fields); i++) {
        int64_t id = json_integer_value(json_object_get(json_array_get(fields, i), "field-id"));
        last = FIRN_MAX(last, id);
    }
    return set_max(st->root, "last-partition-id", last, err);
}

static firn_code apply_set_spec(state *st, const json_t *u, firn_err *err)
{
    int64_t id = json_integer_value(json_object_get(u, "spec-id"));
    id = id < 0 ? st->last_spec_id : id;
    FIRN_TRY(firn_json_set(st->root, "default-spec-id", json_integer(id), err));
    if (!is_v1(st))
        return FIRN_OK;
    FIRN_AUTO(firn_json_unref)
    json_t *spec = numbered(json_object_get(st->root, "partition-specs"), "spec-id", id);
    return firn_json_set(st->root, "partition-spec", json_incref(json_object_get(spec, "fields")),
                         err);
}

/* The unsorted order has the id 0 also where version 1 left the list out. */
static firn_code apply_add_order(state *st, const json_t *u, firn_err *err)
{
    const json_t *order = json_object_get(u, "sort-order");
    json_t *list = array_at(st->root, "sort-orders");
    bool missing = json_array_size(list) == 0 && json_array_size(json_object_get(order, "fields"));
    if (missing) {
        json_t *unsorted = json_object();
        FIRN_TRY(firn_json_append(list, unsorted, err));
        FIRN_TRY(firn_json_set(unsorted, "order-id", json_integer(0), err));
        FIRN_TRY(firn_json_set(unsorted, "fields", json_array(), err));
    }
    return add_numbered(list, order, "order-id", &st->last_order_id, err);
}

static firn_code apply_set_order(state *st, const json_t *u, firn_err *err)
{
    int64_t id = json_integer_value(json_object_get(u, "sort-order-id"));
    return firn_json_set(st->root, "default-sort-order-id",
                         json_integer(id < 0 ? st->last_order_id : id), err);
}

/* A snapshot of version 3 takes the ids of its rows from the table. */
static firn_code advance_row_ids(state *st, const json_t *snapshot, firn_err *err)
{
    int64_t first;
    int64_t added;
    int64_t next = json_integer_value(json_object_get(st->root, "next-row-id"));
    if (version_of(st) < 3)
        return FIRN_OK;
    FIRN_TRY(firn_json_i64(snapshot, "first-row-id", &first, err));
    FIRN_TRY(firn_json_i64(snapshot, "added-rows", &added, err));
    if (first < next)
        return firn_raise(err, FIRN_E_CONFLICT, "first-row-id %lld is before next-row-id %lld",
                          (long long)first, (long long)next);
    if (added < 0 || __builtin_add_overflow(first, added, &next))
        return firn_raise(err, FIRN_E_DATA, "added-rows %lld", (long long)added);
    return firn_json_set(st->root, "next-row-id", json_integer(next), err);
}

static firn_code apply_add_snapshot(state *st, const json_t *u, firn_err *err)
{
    const json_t *s = json_object_get(u, "snapshot");
    int64_t sequence = json_integer_value(json_object_get(s, "sequence-number"));
    int64_t last = json_integer_value(json_object_get(st->root, "last-sequence-number"));
    if (!is_v1(st) && sequence <= last && json_object_get(s, "parent-snapshot-id"))
        return firn_raise(err, FIRN_E_CONFLICT, "sequence number %lld is not after %lld",
                          (long long)sequence, (long long)last);
    json_t *list = array_at(st->root, "snapshots");
    if (!list)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_append(list, json_incref((json_t *)(uintptr_t)s), err));
    int64_t at = json_integer_value(json_object_get(s, "timestamp-ms"));
    FIRN_TRY(set_max(st->root, "last-updated-ms", at, err));
    FIRN_TRY(advance_row_ids(st, s, err));
    return is_v1(st) ? FIRN_OK : set_max(st->root, "last-sequence-number", sequence, err);
}

static firn_code log_snapshot(state *st, int64_t snapshot_id, firn_err *err)
{
    json_t *log = array_at(st->root, "snapshot-log");
    json_t *entry = json_object();
    if (!log)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_append(log, entry, err));
    int64_t at = json_integer_value(json_object_get(st->root, "last-updated-ms"));
    FIRN_TRY(firn_json_set(entry, "timestamp-ms", json_integer(at), err));
    return firn_json_set(entry, "snapshot-id", json_integer(snapshot_id), err);
}

static firn_code apply_ref(state *st, const json_t *u, firn_err *err)
{
    static const char *const retention[] = {"min-snapshots-to-keep", "max-snapshot-age-ms",
                                            "max-ref-age-ms"};
    const char *name = json_string_value(json_object_get(u, "ref-name"));
    int64_t id = json_integer_value(json_object_get(u, "snapshot-id"));
    json_t *refs = object_at(st->root, "refs");
    if (!refs || !name)
        return firn_raise_nomem(err);
    json_t *ref = object_at(refs, name); /* retention settings of others stay */
    if (!ref)
        return firn_raise_nomem(err);
    bool moved = json_integer_value(json_object_get(ref, "snapshot-id")) != id;
    FIRN_TRY(firn_json_set(ref, "snapshot-id", json_integer(id), err));
    FIRN_TRY(firn_json_set(ref, "type", json_incref(json_object_get(u, "type")), err));
    for (size_t i = 0; i < FIRN_COUNT_OF(retention); i++) {
        json_t *value = json_object_get(u, retention[i]);
        if (value)
            FIRN_TRY(firn_json_set(ref, retention[i], json_incref(value), err));
    }
    if (strcmp(name, "main") != 0 || !moved)
        return FIRN_OK;
    FIRN_TRY(firn_json_set(st->root, "current-snapshot-id", json_integer(id), err));
    return log_snapshot(st, id, err);
}

static firn_code apply_remove_ref(state *st, const json_t *u, firn_err *err)
{
    json_t *refs = object_at(st->root, "refs");
    if (!refs)
        return firn_raise_nomem(err);
    json_object_del(refs, json_string_value(json_object_get(u, "ref-name")));
    return FIRN_OK;
}

static firn_code apply_set_properties(state *st, const json_t *u, firn_err *err)
{
    json_t *properties = object_at(st->root, "properties");
    if (!properties || json_object_update(properties, json_object_get(u, "updates")) != 0)
        return firn_raise_nomem(err);
    return FIRN_OK;
}

static firn_code apply_remove_properties(state *st, const json_t *u, firn_err *err)
{
    json_t *properties = object_at(st->root, "properties");
    if (!properties)
        return firn_raise_nomem(err);
    const json_t *keys = json_object_get(u, "removals");
    for (size_t i = 0; i < json_array_size(keys); i++)
        json_object_del(properties, json_string_value(json_array_get(keys, i)));
    return FIRN_OK;
}

static firn_code copy_member(state *st, const json_t *u, const char *from, const char *to,
                             firn_err *err)
{
    return firn_json_set(st->root, to, json_incref(json_object_get(u, from)), err);
}

static firn_code apply_uuid(state *st, const json_t *u, firn_err *err)
{
    return copy_member(st, u, "uuid", "table-uuid", err);
}

/* What version 2 requires and version 1 may leave out. */
static firn_code complete_v2(state *st, const firn_metadata *base, firn_err *err)
{
    json_t *root = st->root;
    json_t *old_spec = json_object_get(root, "partition-spec");
    if (!json_is_array(json_object_get(root, "schemas"))) {
        FIRN_AUTO(firn_json_unref) json_t *only = shallow_copy(json_object_get(root, "schema"));
        int32_t id = base ? base->schema->schema_id : 0;
        FIRN_TRY(firn_json_set(only, "schema-id", json_integer(id), err));
        FIRN_TRY(firn_json_append(array_at(root, "schemas"), json_incref(only), err));
        FIRN_TRY(firn_json_set(root, "current-schema-id", json_integer(id), err));
    }
    if (!json_is_array(json_object_get(root, "partition-specs"))) {
        json_t *spec = json_object();
        FIRN_TRY(firn_json_append(array_at(root, "partition-specs"), spec, err));
        FIRN_TRY(firn_json_set(spec, "spec-id", json_integer(0), err));
        FIRN_TRY(firn_json_set(spec, "fields", json_incref(old_spec), err));
    }
    if (!json_is_array(json_object_get(root, "sort-orders"))) {
        json_t *order = json_object();
        FIRN_TRY(firn_json_append(array_at(root, "sort-orders"), order, err));
        FIRN_TRY(firn_json_set(order, "order-id", json_integer(0), err));
        FIRN_TRY(firn_json_set(order, "fields", json_array(), err));
        FIRN_TRY(firn_json_set(root, "default-sort-order-id", json_integer(0), err));
    }
    return FIRN_OK;
}

/* From version 1 to 2: the fields that stand for lists go, what was left out is given. */
static firn_code upgrade_to_v2(state *st, const firn_metadata *base, firn_err *err)
{
    json_t *root = st->root;
    FIRN_TRY(complete_v2(st, base, err));
    json_object_del(root, "schema");
    json_object_del(root, "partition-spec");
    if (base) {
        FIRN_TRY(
            firn_json_set(root, "current-schema-id", json_integer(base->schema->schema_id), err));
        FIRN_TRY(firn_json_set(root, "default-spec-id", json_integer(base->spec->spec_id), err));
        FIRN_TRY(
            firn_json_set(root, "last-partition-id", json_integer(base->last_partition_id), err));
        FIRN_TRY(firn_json_set(root, "default-sort-order-id",
                               json_integer(base->default_sort_order_id), err));
    }
    return firn_json_set(root, "last-sequence-number", json_integer(0), err);
}

/* Rows that are there get their ids with the first snapshot that version 3 makes. */
static firn_code apply_format_version(state *st, const json_t *u, firn_err *err)
{
    int64_t from = version_of(st);
    int64_t to = json_integer_value(json_object_get(u, "format-version"));
    if (to < from)
        return firn_raise(err, FIRN_E_CONFLICT, "format version %lld cannot become %lld",
                          (long long)from, (long long)to);
    if (to > 3)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "format version %lld", (long long)to);
    if (from == 1 && to > 1)
        FIRN_TRY(upgrade_to_v2(st, st->base, err));
    if (from < 3 && to == 3)
        FIRN_TRY(firn_json_set(st->root, "next-row-id", json_integer(0), err));
    return copy_member(st, u, "format-version", "format-version", err);
}

static firn_code apply_location(state *st, const json_t *u, firn_err *err)
{
    return copy_member(st, u, "location", "location", err);
}

static const struct {
    const char *action;
    firn_code (*apply)(state *st, const json_t *u, firn_err *err);
} actions[] = {
    {"assign-uuid", apply_uuid},
    {"upgrade-format-version", apply_format_version},
    {"set-location", apply_location},
    {"add-schema", apply_add_schema},
    {"set-current-schema", apply_set_schema},
    {"add-spec", apply_add_spec},
    {"set-default-spec", apply_set_spec},
    {"add-sort-order", apply_add_order},
    {"set-default-sort-order", apply_set_order},
    {"add-snapshot", apply_add_snapshot},
    {"set-snapshot-ref", apply_ref},
    {"remove-snapshot-ref", apply_remove_ref},
    {"set-properties", apply_set_properties},
    {"remove-properties", apply_remove_properties},
};

static firn_code apply_one(state *st, const json_t *u, firn_err *err)
{
    firn_str action;
    FIRN_TRY(firn_json_str(u, "action", &action, err));
    for (size_t i = 0; i < FIRN_COUNT_OF(actions); i++)
        if (firn_str_eqc(action, actions[i].action))
            return actions[i].apply(st, u, err);
    return firn_raise(err, FIRN_E_BUG, "unknown change %s", firn_quote(action).s);
}

/* The tree of a table that does not exist yet, in the order in which Java writes it. */
static json_t *empty_root(void)
{
    return json_pack("{s:i, s:s, s:s, s:I, s:I, s:i, s:i, s:[], s:i, s:[], s:i, s:i, s:[], s:{}, "
                     "s:I, s:{}, s:[], s:[], s:[], s:[], s:[]}",
                     "format-version", 2, "table-uuid", "", "location", "", "last-sequence-number",
                     (json_int_t)0, "last-updated-ms", (json_int_t)0, "last-column-id", 0,
                     "current-schema-id", 0, "schemas", "default-spec-id", 0, "partition-specs",
                     "last-partition-id", FIRN_PARTITION_FIRST_ID - 1, "default-sort-order-id", 0,
                     "sort-orders", "properties", "current-snapshot-id", (json_int_t)-1, "refs",
                     "snapshots", "statistics", "partition-statistics", "snapshot-log",
                     "metadata-log");
}

/* Enters the file that is being replaced, and drops the oldest entries beyond the maximum. */
static firn_code log_previous_file(state *st, const firn_metadata *base, firn_err *err)
{
    json_t *log = array_at(st->root, "metadata-log");
    json_t *entry = json_object();
    if (!log)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_append(log, entry, err));
    FIRN_TRY(firn_json_set(entry, "timestamp-ms", json_integer(base->last_updated_ms), err));
    FIRN_TRY(firn_json_set(entry, "metadata-file", firn_json_new_str(base->location_of_file), err));
    int64_t keep = firn_metadata_property_i64(base, "write.metadata.previous-versions-max",
                                              DEFAULT_METADATA_LOG);
    keep = FIRN_MAX(keep, 1);
    while ((int64_t)json_array_size(log) > keep)
        json_array_remove(log, 0);
    return FIRN_OK;
}

firn_code firn_metadata_apply(const firn_metadata *base, const firn_updates *u, int64_t now_ms,
                              firn_arena *a, const firn_metadata **ret, firn_err *err)
{
    json_t *root = base ? shallow_copy(base->root) : empty_root();
    if (!root)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_keep(root, a, err));
    state st = {.root = root, .base = base};
    st.now_ms = base ? FIRN_MAX(now_ms, base->last_updated_ms) : now_ms;
    FIRN_TRY(firn_json_set(root, "last-updated-ms", json_integer(st.now_ms), err));
    for (size_t i = 0; i < json_array_size(u->list); i++)
        FIRN_TRY(apply_one(&st, json_array_get(u->list, i), err));
    if (base)
        FIRN_TRY(log_previous_file(&st, base, err));
    return firn_metadata_view(root, FIRN_STR_LIT(""), a, ret, err);
}

firn_code firn_metadata_print(const firn_metadata *m, firn_buf *out, firn_err *err)
{
    return firn_json_print(m->root, 0, out, err);
}
