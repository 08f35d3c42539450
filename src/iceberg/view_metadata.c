/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/view_metadata.h"

#include "base/str.h"
#include "iceberg/commit.h"
#include "iceberg/metadata_int.h"

#include <string.h>

#define MAX_FILE     ((uint64_t)64 << 20)
#define MAX_VERSIONS 10

/* --- reading ------------------------------------------------------------------------------- */

/* The member of an array whose `key` is `id`. */
static const json_t *by_id(const json_t *array, const char *key, int64_t id)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *x = json_array_get(array, i);
        const json_t *v = json_object_get(x, key);
        if (json_is_integer(v) && json_integer_value(v) == id)
            return x;
    }
    return NULL;
}

static firn_code read_sql(const json_t *version, firn_view_metadata *v, firn_err *err)
{
    json_t *list;
    FIRN_TRY(firn_json_array(version, "representations", &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *x = json_array_get(list, i);
        firn_str type;
        firn_str dialect;
        FIRN_TRY(firn_json_str(x, "type", &type, err));
        if (!firn_str_eqc(type, "sql"))
            continue;
        FIRN_TRY(firn_json_str(x, "dialect", &dialect, err));
        bool ours = firn_str_ieq(dialect, FIRN_STR_LIT(FIRN_VIEW_DIALECT));
        if (v->sql.p && !ours)
            continue;
        v->dialect = dialect;
        FIRN_TRY(firn_json_str(x, "sql", &v->sql, err));
        if (ours)
            return FIRN_OK;
    }
    return v->sql.p ? FIRN_OK : firn_raise(err, FIRN_E_DATA, "the view has no statement");
}

static firn_code read_namespace(const json_t *version, firn_arena *a, firn_view_metadata *v,
                                firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf joined = FIRN_BUF((size_t)1 << 20);
    json_t *levels;
    FIRN_TRY(firn_json_opt_array(version, "default-namespace", &levels, err));
    for (size_t i = 0; i < json_array_size(levels); i++) {
        const json_t *level = json_array_get(levels, i);
        FIRN_TRY(firn_buf_adds(&joined, i ? "." : "", err));
        if (json_is_string(level))
            FIRN_TRY(firn_buf_addstr(&joined, firn_json_text(level), err));
    }
    v->default_namespace = firn_arena_str(a, firn_buf_str(&joined));
    return v->default_namespace.p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code read_version(const json_t *root, firn_arena *a, firn_view_metadata *v,
                              firn_err *err)
{
    json_t *versions;
    json_t *schemas;
    int64_t schema_id;
    FIRN_TRY(firn_json_array(root, "versions", &versions, err));
    FIRN_TRY(firn_json_array(root, "schemas", &schemas, err));
    const json_t *version = by_id(versions, "version-id", v->version_id);
    if (!version)
        return firn_raise(err, FIRN_E_DATA, "the view's current version is not in its list");
    FIRN_TRY(firn_json_i64(version, "timestamp-ms", &v->timestamp_ms, err));
    FIRN_TRY(firn_json_i64(version, "schema-id", &schema_id, err));
    FIRN_TRY(firn_json_opt_str(version, "default-catalog", &v->default_catalog, err));
    FIRN_TRY(read_namespace(version, a, v, err));
    FIRN_TRY(read_sql(version, v, err));
    const json_t *schema = by_id(schemas, "schema-id", schema_id);
    if (!schema)
        return firn_raise(err, FIRN_E_DATA, "the view's schema is not in its list");
    return firn_schema_parse(schema, a, &v->schema, err);
}

static firn_code read_root(const json_t *root, firn_arena *a, firn_view_metadata *v, firn_err *err)
{
    int64_t format;
    json_t *properties;
    FIRN_TRY(firn_json_i64(root, "format-version", &format, err));
    if (format != 1)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "views of format version %lld are not read",
                          (long long)format);
    FIRN_TRY(firn_json_str(root, "view-uuid", &v->uuid, err));
    FIRN_TRY(firn_json_str(root, "location", &v->location, err));
    FIRN_TRY(firn_json_i64(root, "current-version-id", &v->version_id, err));
    FIRN_TRY(firn_json_opt_object(root, "properties", &properties, err));
    v->properties = properties;
    return read_version(root, a, v, err);
}

firn_code firn_view_metadata_load(const firn_io *io, firn_str location, firn_arena *a,
                                  const firn_view_metadata **ret, firn_err *err)
{
    firn_slice text;
    json_t *root;
    firn_view_metadata *v = firn_arena_zalloc(a, sizeof *v);
    if (!v)
        return firn_arena_raise(a, err);
    FIRN_TRY(io->read(io->ctx, location, MAX_FILE, a, &text, err));
    FIRN_TRY(firn_json_parse(text, &root, err));
    FIRN_TRY(firn_json_keep(root, a, err));
    v->json = root;
    v->location_of_file = location;
    firn_code code = read_root(root, a, v, err);
    if (code != FIRN_OK)
        return firn_wrap(err, "view metadata %s", firn_quote(location).s);
    *ret = v;
    return FIRN_OK;
}

firn_code firn_view_load(firn_catalog *c, const firn_io *io, firn_ident ident, firn_arena *a,
                         const firn_view_metadata **ret, firn_err *err)
{
    firn_str location;
    if (!c->ops->load_view)
        return firn_raise(err, FIRN_E_NOTFOUND, "the catalog %s keeps no views",
                          firn_quote(c->name).s);
    FIRN_TRY(c->ops->load_view(c, ident, a, &location, err));
    firn_code code = firn_view_metadata_load(io, location, a, ret, err);
    if (code == FIRN_E_NOTFOUND)
        firn_raise(err, FIRN_E_DATA, "the catalog names the metadata file %s, which is not there",
                   firn_quote(location).s);
    if (code != FIRN_OK)
        firn_err_where(err, "view %.100s.%.100s", firn_quote(ident.ns).s, firn_quote(ident.name).s);
    return code != FIRN_OK && err ? err->code : code;
}

firn_str firn_view_property(const firn_view_metadata *v, const char *key)
{
    const json_t *value = json_object_get(v->properties, key);
    return json_is_string(value) ? firn_json_text(value) : (firn_str){NULL, 0};
}

/* --- writing ------------------------------------------------------------------------------- */

static firn_code set_properties(json_t *root, const firn_view_metadata *before,
                                const firn_view_wanted *want, firn_err *err)
{
    json_t *p = before && before->properties ? json_deep_copy(before->properties) : json_object();
    FIRN_TRY(firn_json_set(root, "properties", p, err));
    for (size_t i = 0; i < want->property_count; i++) {
        const firn_property *x = &want->properties[i];
        if (!x->value.p)
            json_object_del(p, x->key);
        else
            FIRN_TRY(firn_json_set(p, x->key, firn_json_new_str(x->value), err));
    }
    return FIRN_OK;
}

/* Adds the schema, or finds it among those that are there. */
static firn_code set_schemas(json_t *root, const firn_view_metadata *before,
                             const firn_view_wanted *want, int64_t *ret_id, firn_err *err)
{
    const json_t *old = before ? json_object_get(before->json, "schemas") : NULL;
    json_t *list = old ? json_deep_copy(old) : json_array();
    firn_schema schema = {.type = *want->columns};
    FIRN_TRY(firn_json_set(root, "schemas", list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *x = json_array_get(list, i);
        FIRN_AUTO(firn_json_unref) json_t *same = NULL;
        FIRN_TRY(firn_json_i32(x, "schema-id", &schema.schema_id, err));
        FIRN_TRY(firn_schema_to_json(&schema, &same, err));
        *ret_id = schema.schema_id;
        if (json_equal(x, same))
            return FIRN_OK;
    }
    json_t *added;
    schema.schema_id = json_array_size(list) ? schema.schema_id + 1 : 0;
    *ret_id = schema.schema_id;
    FIRN_TRY(firn_schema_to_json(&schema, &added, err));
    return firn_json_append(list, added, err);
}

static firn_code new_namespace(firn_str ns, json_t **ret, firn_err *err)
{
    json_t *list = json_array();
    if (!list)
        return firn_raise_nomem(err);
    while (ns.p) {
        firn_code code = firn_json_append(list, firn_json_new_str(firn_str_cut(&ns, '.')), err);
        if (code == FIRN_OK)
            continue;
        json_decref(list);
        return code;
    }
    *ret = list;
    return FIRN_OK;
}

static firn_code new_version(const firn_view_wanted *want, int64_t id, int64_t schema_id,
                             json_t **ret, firn_err *err)
{
    json_t *levels;
    FIRN_TRY(new_namespace(want->ident.ns, &levels, err));
    json_t *v = json_pack(
        "{s:I, s:I, s:I, s:{s:s, s:s, s:s}, s:[{s:s, s:o, s:s}], s:o}", "version-id",
        (json_int_t)id, "timestamp-ms", (json_int_t)want->now_ms, "schema-id",
        (json_int_t)schema_id, "summary", "operation", id > 1 ? "replace" : "create", "engine-name",
        "firn", "engine-version", want->engine_version, "representations", "type", "sql", "sql",
        firn_json_new_str(want->sql), "dialect", FIRN_VIEW_DIALECT, "default-namespace", levels);
    if (!v)
        return firn_raise_nomem(err);
    *ret = v;
    return FIRN_OK;
}

static bool same_statement(const firn_view_metadata *before, const firn_view_wanted *want,
                           int64_t schema_id)
{
    return before && firn_str_eq(before->sql, want->sql) &&
           firn_str_eqc(before->dialect, FIRN_VIEW_DIALECT) &&
           before->schema.schema_id == schema_id;
}

bool firn_view_metadata_is(const firn_view_metadata *v, const firn_view_wanted *want)
{
    FIRN_AUTO(firn_json_unref) json_t *had = NULL;
    FIRN_AUTO(firn_json_unref) json_t *wanted = NULL;
    const firn_schema schema = {.schema_id = v->schema.schema_id, .type = *want->columns};
    for (size_t i = 0; i < want->property_count; i++) {
        firn_str is = firn_view_property(v, want->properties[i].key);
        if ((is.p == NULL) != (want->properties[i].value.p == NULL) ||
            !firn_str_eq(is, want->properties[i].value))
            return false;
    }
    if (!same_statement(v, want, v->schema.schema_id))
        return false;
    return firn_schema_to_json(&v->schema, &had, NULL) == FIRN_OK &&
           firn_schema_to_json(&schema, &wanted, NULL) == FIRN_OK && json_equal(had, wanted);
}

static firn_code add_version(json_t *root, const firn_view_metadata *before,
                             const firn_view_wanted *want, int64_t schema_id, firn_err *err)
{
    json_t *versions = json_object_get(root, "versions");
    json_t *log = json_object_get(root, "version-log");
    int64_t id = before ? before->version_id : 0;
    for (size_t i = 0; i < json_array_size(versions); i++)
        id = FIRN_MAX(
            id, json_integer_value(json_object_get(json_array_get(versions, i), "version-id")));
    id++;
    json_t *version;
    FIRN_TRY(new_version(want, id, schema_id, &version, err));
    FIRN_TRY(firn_json_append(versions, version, err));
    FIRN_TRY(firn_json_append(log,
                              json_pack("{s:I, s:I}", "timestamp-ms", (json_int_t)want->now_ms,
                                        "version-id", (json_int_t)id),
                              err));
    while (json_array_size(versions) > MAX_VERSIONS)
        json_array_remove(versions, 0);
    /* the log names versions that are there: it begins behind the last one that is not */
    for (size_t i = json_array_size(log); i > 0; i--) {
        int64_t logged =
            json_integer_value(json_object_get(json_array_get(log, i - 1), "version-id"));
        if (by_id(versions, "version-id", logged))
            continue;
        for (size_t k = 0; k < i; k++)
            json_array_remove(log, 0);
        break;
    }
    return firn_json_set(root, "current-version-id", json_integer(id), err);
}

static firn_code set_versions(json_t *root, const firn_view_metadata *before,
                              const firn_view_wanted *want, int64_t schema_id, firn_err *err)
{
    const json_t *versions = before ? json_object_get(before->json, "versions") : NULL;
    const json_t *log = before ? json_object_get(before->json, "version-log") : NULL;
    FIRN_TRY(
        firn_json_set(root, "versions", versions ? json_deep_copy(versions) : json_array(), err));
    FIRN_TRY(firn_json_set(root, "version-log", log ? json_deep_copy(log) : json_array(), err));
    if (same_statement(before, want, schema_id))
        return firn_json_set(root, "current-version-id", json_integer(before->version_id), err);
    return add_version(root, before, want, schema_id, err);
}

firn_code firn_view_metadata_next(const firn_view_metadata *before, const firn_view_wanted *want,
                                  firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *root = json_object();
    int64_t schema_id = 0;
    firn_str uuid = before ? before->uuid : firn_str_of(want->uuid);
    firn_str location = before ? before->location : want->location;
    if (!root)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_json_set(root, "view-uuid", firn_json_new_str(uuid), err));
    FIRN_TRY(firn_json_set(root, "format-version", json_integer(1), err));
    FIRN_TRY(firn_json_set(root, "location", firn_json_new_str(location), err));
    FIRN_TRY(set_schemas(root, before, want, &schema_id, err));
    FIRN_TRY(set_versions(root, before, want, schema_id, err));
    FIRN_TRY(set_properties(root, before, want, err));
    return firn_json_print(root, 2, out, err);
}
