/* SPDX-License-Identifier: Apache-2.0 */
/* Evolutions as a whole: begin, updates, properties, format version, location. */
#include "iceberg/evolve_int.h"

#include "base/str.h"
#include "iceberg/position.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAPPING "schema.name-mapping.default"

/* --- begin --------------------------------------------------------------------------------- */

firn_code firn_evolve_refresh(firn_evolution *e, firn_err *err)
{
    return firn_schema_parse(e->schema, e->a, &e->view, err);
}

/* The current schema's JSON, copied as a whole: it is changed in place. */
static firn_code copy_schema(firn_evolution *e, firn_err *err)
{
    const json_t *list = json_object_get(e->base->root, "schemas");
    const json_t *found = list ? NULL : json_object_get(e->base->root, "schema");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        if (json_integer_value(json_object_get(s, "schema-id")) == e->base->schema->schema_id)
            found = s;
    }
    e->schema = json_deep_copy(found);
    if (!e->schema)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_keep(e->schema, e->a, err));
    return firn_evolve_refresh(e, err);
}

static firn_code copy_object(firn_evolution *e, const char *key, json_t **ret, firn_err *err)
{
    const json_t *have = json_object_get(e->base->root, key);
    json_t *copy = json_is_object(have) ? json_deep_copy(have) : json_object();
    if (!copy)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_keep(copy, e->a, err));
    *ret = copy;
    return FIRN_OK;
}

static firn_code copy_parts(firn_evolution *e, firn_err *err)
{
    FIRN_TRY(copy_schema(e, err));
    for (size_t i = 0; i < e->base->spec->field_count; i++)
        if (!firn_vec_push(e->a, &e->spec, e->base->spec->fields[i]))
            return firn_arena_raise(e->a, err);
    FIRN_TRY(firn_metadata_sort_order(e->base, e->a, &e->base_sort, err));
    e->sort = e->base_sort;
    FIRN_TRY(copy_object(e, "refs", &e->refs, err));
    FIRN_TRY(copy_object(e, "properties", &e->properties, err));
    FIRN_TRY(firn_updates_new(e->a, &e->others, err));
    return firn_evolve_mapping_load(e, err);
}

firn_code firn_evolve_begin(const firn_metadata *base, firn_arena *a, firn_evolution **ret,
                            firn_err *err)
{
    firn_evolution *e = firn_arena_zalloc(a, sizeof *e);
    if (!e)
        return firn_arena_raise(a, err);
    e->base = base;
    e->a = a;
    e->version = base->format_version;
    e->last_column_id = base->last_column_id;
    e->last_partition_id = base->last_partition_id;
    FIRN_TRY(copy_parts(e, err));
    *ret = e;
    return FIRN_OK;
}

const firn_type *firn_evolve_columns(const firn_evolution *e)
{
    return &e->view.type;
}

const firn_field *firn_evolve_column(const firn_evolution *e, firn_str path)
{
    return firn_evolve_lookup(&e->view.type, path);
}

/* --- what the files share ------------------------------------------------------------------ */

firn_code firn_evolve_note(firn_evolution *e, firn_err *err, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char *kept = firn_arena_strdup(e->a, text);
    if (!kept || !firn_vec_push(e->a, &e->notes, kept))
        return firn_arena_raise(e->a, err);
    return FIRN_OK;
}

firn_code firn_evolve_other(firn_evolution *e, const char *action, json_t **ret, firn_err *err)
{
    json_t *obj = json_object();
    FIRN_TRY(firn_json_append(e->others.list, obj, err));
    *ret = obj;
    return firn_json_set(obj, "action", json_string(action), err);
}

firn_code firn_evolve_need(const firn_evolution *e, int version, const char *what, firn_err *err)
{
    if (e->version >= version)
        return FIRN_OK;
    firn_raise(err, FIRN_E_UNSUPPORTED, "%s needs format version %d; the table has version %d",
               what, version, e->version);
    return firn_err_advise(err,
                           "upgrade it first, if everybody who reads it knows version %d: set "
                           "format-version=%d",
                           version, version);
}

/* --- properties ---------------------------------------------------------------------------- */

/* Java's reserved ones: they stand for members of the metadata. */
static const char *const reserved[] = {
    "format-version",         "uuid",           "location",
    "snapshot-count",         "current-schema", "current-snapshot-summary",
    "current-snapshot-id",    "provider",       "current-snapshot-timestamp-ms",
    "default-partition-spec", "sort-order",     "default-sort-order",
    "identifier-fields",
};

static firn_code check_property(firn_str key, firn_err *err)
{
    if (key.n == 0 || !firn_utf8_valid(key.p, key.n) || memchr(key.p, '\0', key.n))
        return firn_raise(err, FIRN_E_INVAL, "%s is no name of a property", firn_quote(key).s);
    for (size_t i = 0; i < FIRN_COUNT_OF(reserved); i++)
        if (firn_str_eqc(key, reserved[i]))
            return firn_raise(err, FIRN_E_INVAL,
                              "property %s is reserved: it is a part of the table's metadata",
                              firn_quote(key).s);
    if (firn_str_starts(key, "firn."))
        return firn_raise(err, FIRN_E_INVAL,
                          "property %s is reserved: firn keeps its own state under this name",
                          firn_quote(key).s);
    return FIRN_OK;
}

/* A mapping set by hand is the one that column changes go on from. */
static firn_code take_mapping(firn_evolution *e, firn_str value, firn_err *err)
{
    json_t *root = NULL;
    FIRN_TRY(firn_json_parse((firn_slice){(const uint8_t *)value.p, value.n}, &root, err));
    FIRN_TRY(firn_json_keep(root, e->a, err));
    if (!json_is_array(root))
        return firn_raise(err, FIRN_E_INVAL, "a name mapping is a JSON array");
    e->mapping = root;
    e->mapping_changed = false;
    return FIRN_OK;
}

static firn_code put_property(firn_evolution *e, firn_str key, firn_str value, firn_err *err)
{
    json_t *obj;
    json_t *values = json_object();
    FIRN_TRY(firn_evolve_other(e, "set-properties", &obj, err));
    FIRN_TRY(firn_json_set(obj, "updates", values, err));
    FIRN_TRY(firn_json_setn(values, key, firn_json_new_str(value), err));
    return firn_json_setn(e->properties, key, firn_json_new_str(value), err);
}

firn_code firn_evolve_set_property(firn_evolution *e, firn_str key, firn_str value, firn_err *err)
{
    FIRN_TRY(check_property(key, err));
    if (!firn_utf8_valid(value.p, value.n))
        return firn_raise(err, FIRN_E_INVAL, "the value of property %s is not UTF-8",
                          firn_quote(key).s);
    const json_t *have = json_object_getn(e->properties, key.p, key.n);
    bool same = json_is_string(have) && firn_str_eq(firn_json_text(have), value);
    if (same)
        return FIRN_OK;
    if (firn_str_eqc(key, MAPPING))
        FIRN_TRY(take_mapping(e, value, err));
    FIRN_TRY(firn_evolve_note(e, err, "%s property %.200s = %s", have ? "~" : "+",
                              firn_quote(key).s, firn_quote(value).s));
    return put_property(e, key, value, err);
}

firn_code firn_evolve_advise_key(const firn_evolution *e, json_t *object, firn_str key,
                                 firn_err *err)
{
    const char *name;
    json_t *value;
    FIRN_VEC(firn_str) names = {0};
    json_object_foreach(object, name, value)
    {
        if (!firn_vec_push(e->a, &names, firn_str_of(name)))
            return FIRN_E_NOTFOUND;
    }
    int near = firn_str_nearest(key, names.v, names.n);
    if (near >= 0)
        firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names.v[near]));
    return FIRN_E_NOTFOUND;
}

static firn_code no_property(const firn_evolution *e, firn_str key, firn_err *err)
{
    firn_raise(err, FIRN_E_NOTFOUND, "property %s is not set", firn_quote(key).s);
    return firn_evolve_advise_key(e, e->properties, key, err);
}

static firn_code drop_property(firn_evolution *e, firn_str key, firn_err *err)
{
    json_t *obj;
    json_t *keys = json_array();
    FIRN_TRY(firn_evolve_other(e, "remove-properties", &obj, err));
    FIRN_TRY(firn_json_set(obj, "removals", keys, err));
    FIRN_TRY(firn_json_append(keys, firn_json_new_str(key), err));
    json_object_deln(e->properties, key.p, key.n);
    return FIRN_OK;
}

firn_code firn_evolve_unset_property(firn_evolution *e, firn_str key, firn_err *err)
{
    FIRN_TRY(check_property(key, err));
    if (!json_object_getn(e->properties, key.p, key.n))
        return no_property(e, key, err);
    if (firn_str_eqc(key, MAPPING))
        e->mapping = NULL;
    FIRN_TRY(firn_evolve_note(e, err, "- property %s", firn_quote(key).s));
    return drop_property(e, key, err);
}

/* --- format version, location -------------------------------------------------------------- */

firn_code firn_evolve_format_version(firn_evolution *e, int version, firn_err *err)
{
    json_t *obj;
    if (version == e->version)
        return FIRN_OK;
    if (version < 1 || version > 3)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "there are format versions 1 to 3, not %d",
                          version);
    if (version < e->version)
        return firn_raise(err, FIRN_E_INVAL,
                          "the table has format version %d; there is no way back to %d", e->version,
                          version);
    if (!e->base->uuid.p)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the table has no uuid; upgrade it with the engine that made it");
    FIRN_TRY(firn_evolve_note(e, err, "~ format version %d → %d", e->version, version));
    e->version = version;
    FIRN_TRY(firn_evolve_other(e, "upgrade-format-version", &obj, err));
    return firn_json_set(obj, "format-version", json_integer(version), err);
}

firn_code firn_evolve_location(firn_evolution *e, firn_str uri, firn_err *err)
{
    json_t *obj;
    while (uri.n > 1 && uri.p[uri.n - 1] == '/')
        uri.n--;
    if (firn_str_eq(uri, e->base->location))
        return FIRN_OK;
    if (!firn_str_starts(uri, "file:///")) {
        firn_raise(err, FIRN_E_UNSUPPORTED, "%s is no place that firn writes to",
                   firn_quote(uri).s);
        return firn_err_advise(err, "write it as file:///folder/table");
    }
    FIRN_TRY(firn_evolve_note(e, err, "~ location %s → %s", firn_quote(e->base->location).s,
                              firn_quote(uri).s));
    FIRN_TRY(firn_evolve_other(e, "set-location", &obj, err));
    return firn_json_set(obj, "location", firn_json_new_str(uri), err);
}

/* --- properties that name columns ---------------------------------------------------------- */

/* What Java's SchemaUpdate moves along with a column. */
static const char *const of_columns[] = {
    "write.metadata.metrics.column.",         "write.parquet.bloom-filter-enabled.column.",
    "write.parquet.bloom-filter-fpp.column.", "write.parquet.bloom-filter-ndv.column.",
    "write.parquet.stats-enabled.column.",
};

static firn_code follow_column(firn_evolution *e, const char *prefix, firn_str key, firn_err *err)
{
    size_t n = strlen(prefix);
    const firn_field *old =
        firn_schema_find(&e->base->schema->type, (firn_str){key.p + n, key.n - n});
    if (!old)
        return FIRN_OK;
    const char *now = firn_schema_field(&e->view.type, old->id)
                          ? firn_evolve_path(e, &e->view.type, old->id)
                          : NULL;
    const char *moved = now ? firn_arena_printf(e->a, "%s%s", prefix, now) : NULL;
    if (moved && firn_str_eqc(key, moved))
        return FIRN_OK;
    const json_t *value = json_object_getn(e->properties, key.p, key.n);
    firn_str text = firn_arena_str(e->a, firn_json_text(value));
    if ((now && !moved) || !text.p)
        return firn_arena_raise(e->a, err);
    FIRN_TRY(drop_property(e, key, err));
    bool taken = moved && json_object_get(e->properties, moved);
    return moved && !taken ? put_property(e, firn_str_of(moved), text, err) : FIRN_OK;
}

static firn_code follow_columns(firn_evolution *e, firn_err *err)
{
    const char *name;
    json_t *value;
    FIRN_VEC(firn_str) keys = {0};
    json_object_foreach(e->properties, name, value)
    {
        if (json_is_string(value) && json_object_get(e->base->properties, name) &&
            !firn_vec_push(e->a, &keys, firn_arena_str(e->a, firn_str_of(name))))
            return firn_arena_raise(e->a, err);
    }
    for (size_t i = 0; i < keys.n; i++)
        for (size_t k = 0; k < FIRN_COUNT_OF(of_columns); k++)
            if (keys.v[i].p && firn_str_starts(keys.v[i], of_columns[k]))
                FIRN_TRY(follow_column(e, of_columns[k], keys.v[i], err));
    return FIRN_OK;
}

/* --- updates ------------------------------------------------------------------------------- */

/* A schema as firn would write it, without its id, to compare. */
static firn_code plain_schema(const firn_schema *s, json_t **ret, firn_err *err)
{
    firn_schema bare = *s;
    bare.schema_id = 0;
    return firn_schema_to_json(&bare, ret, err);
}

static firn_code same_schema(const firn_schema *x, const firn_schema *y, bool *ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *jx = NULL;
    FIRN_AUTO(firn_json_unref) json_t *jy = NULL;
    FIRN_TRY(plain_schema(x, &jx, err));
    FIRN_TRY(plain_schema(y, &jy, err));
    *ret = json_equal(jx, jy);
    return FIRN_OK;
}

static firn_code set_current_schema(firn_updates *u, int64_t id, firn_err *err)
{
    json_t *obj = json_object();
    FIRN_TRY(firn_json_append(u->list, obj, err));
    FIRN_TRY(firn_json_set(obj, "action", json_string("set-current-schema"), err));
    return firn_json_set(obj, "schema-id", json_integer(id), err);
}

static firn_code add_schema(const firn_evolution *e, firn_updates *u, int64_t id, firn_err *err)
{
    json_t *obj = json_object();
    FIRN_TRY(firn_json_append(u->list, obj, err));
    FIRN_TRY(firn_json_set(obj, "action", json_string("add-schema"), err));
    FIRN_TRY(firn_json_set(e->schema, "schema-id", json_integer(id), err));
    FIRN_TRY(firn_json_set(obj, "schema", json_incref(e->schema), err));
    FIRN_TRY(firn_json_set(obj, "last-column-id", json_integer(e->last_column_id), err));
    return set_current_schema(u, -1, err);
}

static firn_code schema_updates(const firn_evolution *e, firn_updates *u, firn_err *err)
{
    bool same;
    int64_t next = 0;
    FIRN_TRY(same_schema(&e->view, e->base->schema, &same, err));
    if (same)
        return FIRN_OK;
    for (size_t i = 0; i < e->base->schema_count; i++) {
        const firn_schema *old = &e->base->schemas[i];
        FIRN_TRY(same_schema(&e->view, old, &same, err));
        if (same)
            return set_current_schema(u, old->schema_id, err);
        next = FIRN_MAX(next, (int64_t)old->schema_id + 1);
    }
    return add_schema(e, u, next, err);
}

static firn_code mapping_updates(firn_evolution *e, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(EVOLVE_TEXT_MAX);
    if (!e->mapping || !e->mapping_changed)
        return FIRN_OK;
    FIRN_TRY(firn_json_print(e->mapping, 0, &text, err));
    return put_property(e, FIRN_STR_LIT(MAPPING), firn_buf_str(&text), err);
}

firn_code firn_evolve_updates(firn_evolution *e, firn_updates *u, firn_err *err)
{
    FIRN_TRY(mapping_updates(e, err));
    FIRN_TRY(follow_columns(e, err));
    /* the version first: what comes behind it may need it */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < json_array_size(e->others.list); i++) {
            json_t *one = json_array_get(e->others.list, i);
            const char *action = json_string_value(json_object_get(one, "action"));
            bool first = action && strcmp(action, "upgrade-format-version") == 0;
            if (first == (pass == 0))
                FIRN_TRY(firn_json_append(u->list, json_incref(one), err));
        }
        if (pass == 0) {
            FIRN_TRY(schema_updates(e, u, err));
            FIRN_TRY(firn_evolve_spec_updates(e, u, err));
        }
    }
    return FIRN_OK;
}

firn_code firn_evolve_print(const firn_evolution *e, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_evolve_diff_columns(e, out, err));
    FIRN_TRY(firn_evolve_diff_layout(e, out, err));
    for (size_t i = 0; i < e->notes.n; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%s\n", e->notes.v[i]));
    return FIRN_OK;
}
