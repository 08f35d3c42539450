/* SPDX-License-Identifier: Apache-2.0 */
/* Reading metadata.json into its view, and looking things up in it. */
#include "iceberg/metadata_int.h"

#include "base/mem.h"
#include "base/str.h"
#include "iceberg/location.h"

#include <string.h>
#include <zlib.h>

#define MAX_METADATA_BYTES ((size_t)2 << 30)
#define CLOCK_TOLERANCE_MS 60000

/* --- gzip ---------------------------------------------------------------------------------- */

static firn_code inflate_all(z_stream *z, firn_buf *out, firn_err *err)
{
    int state = Z_OK;
    while (state != Z_STREAM_END) {
        FIRN_TRY(firn_buf_reserve(out, (size_t)1 << 16, err));
        size_t room = out->cap - out->n - 1;
        z->next_out = out->p + out->n;
        z->avail_out = (uInt)FIRN_MIN(room, (size_t)1 << 30);
        uInt before = z->avail_out;
        state = inflate(z, Z_NO_FLUSH);
        out->n += before - z->avail_out;
        if (state != Z_OK && state != Z_STREAM_END)
            return firn_raise(err, FIRN_E_DATA, "damaged gzip data");
    }
    return FIRN_OK;
}

static firn_code gunzip(firn_slice in, firn_buf *out, firn_err *err)
{
    z_stream z = {0};
    if (in.n > UINT32_MAX || inflateInit2(&z, 15 + 16) != Z_OK)
        return firn_raise_nomem(err);
    z.next_in = (Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    firn_code code = inflate_all(&z, out, err);
    inflateEnd(&z);
    return code;
}

/* --- parts --------------------------------------------------------------------------------- */

/* Version 1 may leave the id out: `schema`, which it requires, is the current one then. */
static firn_code find_current_schema(const json_t *j, firn_metadata *m, firn_err *err)
{
    int32_t current = 0;
    const json_t *only = json_object_get(j, "schema");
    bool has_id = json_object_get(j, "current-schema-id") != NULL;
    if (m->format_version > 1 || has_id || !only)
        FIRN_TRY(firn_json_i32(j, "current-schema-id", &current, err));
    else if (json_object_get(only, "schema-id"))
        FIRN_TRY(firn_json_i32(only, "schema-id", &current, err));
    m->schema = firn_metadata_schema(m, current);
    if (!m->schema)
        return firn_raise(err, FIRN_E_DATA, "current schema %d is not among the schemas", current);
    return FIRN_OK;
}

static firn_code parse_schemas(const json_t *j, firn_arena *a, firn_metadata *m, firn_err *err)
{
    json_t *list;
    FIRN_TRY(firn_json_opt_array(j, "schemas", &list, err));
    size_t n = list ? json_array_size(list) : 1;
    m->schemas = firn_arena_array(a, n, sizeof *m->schemas);
    if (!m->schemas)
        return firn_arena_raise(a, err);
    m->schema_count = n;
    if (!list) { /* version 1 may have nothing but `schema` */
        json_t *only;
        FIRN_TRY(firn_json_object(j, "schema", &only, err));
        FIRN_TRY(firn_schema_parse(only, a, &m->schemas[0], err));
        m->schema = &m->schemas[0];
        return FIRN_OK;
    }
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(firn_schema_parse(json_array_get(list, i), a, &m->schemas[i], err));
    return find_current_schema(j, m, err);
}

/* Version 1 may leave the id out: the newest spec is the default then. */
static firn_code find_default_spec(const json_t *j, firn_metadata *m, firn_err *err)
{
    int32_t current = 0;
    for (size_t i = 0; i < m->spec_count; i++)
        current = FIRN_MAX(current, m->specs[i].spec_id);
    if (m->format_version > 1 || json_object_get(j, "default-spec-id"))
        FIRN_TRY(firn_json_i32(j, "default-spec-id", &current, err));
    m->spec = firn_metadata_spec(m, current);
    if (!m->spec)
        return firn_raise(err, FIRN_E_DATA, "default partition spec %d is not among the specs",
                          current);
    return FIRN_OK;
}

static firn_code parse_specs(const json_t *j, firn_arena *a, firn_metadata *m, firn_err *err)
{
    json_t *list;
    FIRN_TRY(firn_json_opt_array(j, "partition-specs", &list, err));
    size_t n = list ? json_array_size(list) : 1;
    m->specs = firn_arena_array(a, n, sizeof *m->specs);
    if (!m->specs)
        return firn_arena_raise(a, err);
    m->spec_count = n;
    if (!list) {
        json_t *only;
        FIRN_TRY(firn_json_array(j, "partition-spec", &only, err));
        FIRN_TRY(firn_spec_parse(only, 0, a, &m->specs[0], err));
        m->spec = &m->specs[0];
        return FIRN_OK;
    }
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(firn_spec_parse(json_array_get(list, i), 0, a, &m->specs[i], err));
    return find_default_spec(j, m, err);
}

static firn_code parse_snapshot(const json_t *j, firn_snapshot *s, firn_err *err)
{
    int64_t schema_id;
    json_t *part;
    FIRN_TRY(firn_json_i64(j, "snapshot-id", &s->snapshot_id, err));
    FIRN_TRY(firn_json_opt_i64(j, "parent-snapshot-id", FIRN_NO_SNAPSHOT, &s->parent_id, err));
    FIRN_TRY(firn_json_opt_i64(j, "sequence-number", 0, &s->sequence_number, err));
    FIRN_TRY(firn_json_i64(j, "timestamp-ms", &s->timestamp_ms, err));
    FIRN_TRY(firn_json_opt_i64(j, "schema-id", -1, &schema_id, err));
    FIRN_TRY(firn_json_opt_str(j, "manifest-list", &s->manifest_list, err));
    FIRN_TRY(firn_json_opt_array(j, "manifests", &part, err));
    s->schema_id = (int32_t)schema_id;
    s->manifests = part;
    FIRN_TRY(firn_json_opt_object(j, "summary", &part, err));
    s->summary = part;
    FIRN_TRY(firn_json_opt_i64(j, "first-row-id", -1, &s->first_row_id, err));
    FIRN_TRY(firn_json_opt_i64(j, "added-rows", -1, &s->added_rows, err));
    FIRN_TRY(firn_json_opt_str(j, "key-id", &s->key_id, err));
    /* one made in version 1 keeps its own list of manifests when the table is upgraded */
    if (!s->manifest_list.p && !s->manifests)
        return firn_raise(err, FIRN_E_DATA, "snapshot %lld has no manifest list",
                          (long long)s->snapshot_id);
    return FIRN_OK;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const firn_snapshot_place *)a)->snapshot_id;
    int64_t y = ((const firn_snapshot_place *)b)->snapshot_id;
    return (x > y) - (x < y);
}

static firn_code index_snapshots(firn_metadata *m, firn_arena *a, firn_err *err)
{
    size_t n = m->snapshot_count;
    m->snapshots_by_id = firn_arena_array(a, n, sizeof *m->snapshots_by_id);
    if (!m->snapshots_by_id)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        m->snapshots_by_id[i] = (firn_snapshot_place){m->snapshots[i].snapshot_id, i};
    if (n > 1)
        qsort(m->snapshots_by_id, n, sizeof *m->snapshots_by_id, by_id);
    for (size_t i = 1; i < n; i++)
        if (m->snapshots_by_id[i].snapshot_id == m->snapshots_by_id[i - 1].snapshot_id)
            return firn_raise(err, FIRN_E_DATA, "snapshot %lld stands twice",
                              (long long)m->snapshots_by_id[i].snapshot_id);
    return FIRN_OK;
}

static firn_code parse_snapshots(const json_t *j, firn_arena *a, firn_metadata *m, firn_err *err)
{
    json_t *list;
    FIRN_TRY(firn_json_opt_array(j, "snapshots", &list, err));
    size_t n = json_array_size(list);
    m->snapshots = firn_arena_array(a, n, sizeof *m->snapshots);
    if (!m->snapshots)
        return firn_arena_raise(a, err);
    m->snapshot_count = n;
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(parse_snapshot(json_array_get(list, i), &m->snapshots[i], err));
    FIRN_TRY(index_snapshots(m, a, err));
    FIRN_TRY(firn_json_opt_i64(j, "current-snapshot-id", FIRN_NO_SNAPSHOT, &m->current_snapshot_id,
                               err));
    if (m->current_snapshot_id != FIRN_NO_SNAPSHOT && !firn_metadata_current(m))
        return firn_raise(err, FIRN_E_DATA, "current snapshot %lld is not among the snapshots",
                          (long long)m->current_snapshot_id);
    return FIRN_OK;
}

static firn_code parse_ref(const char *name, const json_t *j, firn_ref *ret, firn_err *err)
{
    firn_str type;
    FIRN_TRY(firn_json_i64(j, "snapshot-id", &ret->snapshot_id, err));
    FIRN_TRY(firn_json_str(j, "type", &type, err));
    FIRN_TRY(firn_json_opt_i64(j, "max-ref-age-ms", -1, &ret->max_ref_age_ms, err));
    FIRN_TRY(firn_json_opt_i64(j, "min-snapshots-to-keep", -1, &ret->min_snapshots_to_keep, err));
    FIRN_TRY(firn_json_opt_i64(j, "max-snapshot-age-ms", -1, &ret->max_snapshot_age_ms, err));
    ret->name = firn_str_of(name);
    ret->is_branch = firn_str_eqc(type, "branch");
    return FIRN_OK;
}

static firn_code parse_refs(const json_t *j, firn_arena *a, firn_metadata *m, firn_err *err)
{
    json_t *refs;
    FIRN_TRY(firn_json_opt_object(j, "refs", &refs, err));
    m->refs = firn_arena_array(a, json_object_size(refs), sizeof *m->refs);
    if (!m->refs)
        return firn_arena_raise(a, err);
    const char *name;
    json_t *value;
    json_object_foreach(refs, name, value)
    {
        firn_ref *ref = &m->refs[m->ref_count++];
        FIRN_TRY(parse_ref(name, value, ref, err));
        if (!firn_metadata_snapshot(m, ref->snapshot_id))
            return firn_raise(err, FIRN_E_DATA, "ref %s names snapshot %lld, which is not there",
                              firn_quotec(name).s, (long long)ref->snapshot_id);
    }
    /* refs may be missing (version 1, old writers), but not disagree */
    const firn_ref *main = firn_metadata_ref(m, FIRN_STR_LIT("main"));
    if (main && main->snapshot_id != m->current_snapshot_id)
        return firn_raise(err, FIRN_E_DATA, "ref main is snapshot %lld, the current one is %lld",
                          (long long)main->snapshot_id, (long long)m->current_snapshot_id);
    return FIRN_OK;
}

/* A log must be sorted, and nothing in it may be much later than the metadata itself: Java refuses
 * to load a table otherwise. */
static firn_code check_log(const json_t *j, const char *key, int64_t last_updated_ms, firn_err *err)
{
    json_t *log;
    FIRN_TRY(firn_json_opt_array(j, key, &log, err));
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < json_array_size(log); i++) {
        int64_t at;
        FIRN_TRY(firn_json_i64(json_array_get(log, i), "timestamp-ms", &at, err));
        if (newest != INT64_MIN && at < newest - CLOCK_TOLERANCE_MS)
            return firn_raise(err, FIRN_E_DATA, "%s is not in order", key);
        newest = FIRN_MAX(newest, at);
    }
    if (newest != INT64_MIN && last_updated_ms < newest - CLOCK_TOLERANCE_MS)
        return firn_raise(err, FIRN_E_DATA, "last-updated-ms is before the newest entry of %s",
                          key);
    return FIRN_OK;
}

static firn_code parse_header(const json_t *j, firn_metadata *m, firn_err *err)
{
    int64_t id;
    FIRN_TRY(firn_json_i32(j, "format-version", &m->format_version, err));
    if (m->format_version < 1 || m->format_version > 3)
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the table has format version %d; versions 1 to 3 are supported",
                          m->format_version);
    bool v2 = m->format_version >= 2;
    FIRN_TRY(firn_json_opt_str(j, "table-uuid", &m->uuid, err));
    if (v2 && !m->uuid.p)
        return firn_raise(err, FIRN_E_DATA, "'table-uuid' is missing");
    FIRN_TRY(firn_json_str(j, "location", &m->location, err));
    while (m->location.n > 1 && m->location.p[m->location.n - 1] == '/')
        m->location.n--;
    if (v2)
        FIRN_TRY(firn_json_i64(j, "last-sequence-number", &m->last_sequence_number, err));
    FIRN_TRY(firn_json_i64(j, "last-updated-ms", &m->last_updated_ms, err));
    FIRN_TRY(firn_json_i32(j, "last-column-id", &m->last_column_id, err));
    FIRN_TRY(firn_json_opt_i64(j, "default-sort-order-id", 0, &id, err));
    m->default_sort_order_id = (int32_t)id;
    if (m->format_version >= 3)
        FIRN_TRY(firn_json_i64(j, "next-row-id", &m->next_row_id, err));
    if (m->next_row_id < 0)
        return firn_raise(err, FIRN_E_DATA, "'next-row-id' is negative");
    return FIRN_OK;
}

static int32_t highest_partition_id(const firn_metadata *m)
{
    int32_t max = FIRN_PARTITION_FIRST_ID - 1;
    for (size_t i = 0; i < m->spec_count; i++)
        for (size_t k = 0; k < m->specs[i].field_count; k++)
            max = FIRN_MAX(max, m->specs[i].fields[k].field_id);
    return max;
}

/* What version 2 requires and version 1 may leave out. */
static firn_code check_required(const json_t *j, const firn_metadata *m, firn_err *err)
{
    static const char *const required[] = {"schemas", "partition-specs", "sort-orders"};
    if (m->format_version < 2)
        return FIRN_OK;
    for (size_t i = 0; i < FIRN_COUNT_OF(required); i++)
        if (!json_is_array(json_object_get(j, required[i])))
            return firn_raise(err, FIRN_E_DATA, "'%s' is missing", required[i]);
    if (!json_is_integer(json_object_get(j, "last-partition-id")))
        return firn_raise(err, FIRN_E_DATA, "'last-partition-id' is missing");
    return FIRN_OK;
}

firn_code firn_metadata_view(json_t *root, firn_str location_of_file, firn_arena *a,
                             const firn_metadata **ret, firn_err *err)
{
    firn_metadata *m = firn_arena_zalloc(a, sizeof *m);
    if (!m)
        return firn_arena_raise(a, err);
    if (!json_is_object(root))
        return firn_raise(err, FIRN_E_DATA, "the metadata is no JSON object");
    m->root = root;
    m->location_of_file = location_of_file;
    FIRN_TRY(parse_header(root, m, err));
    FIRN_TRY(check_required(root, m, err));
    FIRN_TRY(parse_schemas(root, a, m, err));
    FIRN_TRY(parse_specs(root, a, m, err));
    int64_t last_partition;
    FIRN_TRY(firn_json_opt_i64(root, "last-partition-id", highest_partition_id(m), &last_partition,
                               err));
    m->last_partition_id = (int32_t)FIRN_MAX(last_partition, highest_partition_id(m));
    FIRN_TRY(parse_snapshots(root, a, m, err));
    FIRN_TRY(parse_refs(root, a, m, err));
    FIRN_TRY(check_log(root, "snapshot-log", m->last_updated_ms, err));
    FIRN_TRY(check_log(root, "metadata-log", m->last_updated_ms, err));
    json_t *properties;
    FIRN_TRY(firn_json_opt_object(root, "properties", &properties, err));
    m->properties = properties;
    *ret = m;
    return FIRN_OK;
}

static void unref(void *j)
{
    json_decref(j);
}

firn_code firn_json_keep(json_t *j, firn_arena *a, firn_err *err)
{
    firn_code code = firn_arena_defer(a, unref, j, err);
    if (code != FIRN_OK)
        json_decref(j);
    return code;
}

firn_code firn_metadata_parse(firn_slice text, firn_str location_of_file, firn_arena *a,
                              const firn_metadata **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf plain = FIRN_BUF(MAX_METADATA_BYTES);
    if (text.n > 2 && text.p[0] == 0x1f && text.p[1] == 0x8b) {
        FIRN_TRY(gunzip(text, &plain, err));
        text = firn_buf_slice(&plain);
    }
    json_t *root = NULL;
    FIRN_TRY(firn_json_parse(text, &root, err));
    FIRN_TRY(firn_json_keep(root, a, err));
    firn_str where = firn_arena_str(a, location_of_file);
    if (!where.p)
        return firn_arena_raise(a, err);
    return firn_metadata_view(root, where, a, ret, err);
}

firn_code firn_metadata_load(const firn_io *io, firn_str location, firn_arena *a,
                             const firn_metadata **ret, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *text_arena = firn_arena_new("a metadata file", 0);
    firn_slice text;
    if (!text_arena)
        return firn_raise_nomem(err);
    FIRN_TRY(io->read(io->ctx, location, MAX_METADATA_BYTES, text_arena, &text, err));
    firn_code code = firn_metadata_parse(text, location, a, ret, err);
    return code == FIRN_OK ? code : firn_wrap(err, "metadata %s", firn_quote(location).s);
}

/* --- lookups ------------------------------------------------------------------------------- */

const firn_snapshot *firn_metadata_snapshot(const firn_metadata *m, int64_t snapshot_id)
{
    size_t lo = 0;
    size_t hi = m->snapshot_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const firn_snapshot_place *p = &m->snapshots_by_id[mid];
        if (p->snapshot_id == snapshot_id)
            return &m->snapshots[p->place];
        if (p->snapshot_id < snapshot_id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const firn_snapshot *firn_metadata_current(const firn_metadata *m)
{
    return firn_metadata_snapshot(m, m->current_snapshot_id);
}

const firn_schema *firn_metadata_schema(const firn_metadata *m, int32_t schema_id)
{
    for (size_t i = 0; i < m->schema_count; i++)
        if (m->schemas[i].schema_id == schema_id)
            return &m->schemas[i];
    return NULL;
}

const firn_spec *firn_metadata_spec(const firn_metadata *m, int32_t spec_id)
{
    for (size_t i = 0; i < m->spec_count; i++)
        if (m->specs[i].spec_id == spec_id)
            return &m->specs[i];
    return NULL;
}

const firn_ref *firn_metadata_ref(const firn_metadata *m, firn_str name)
{
    for (size_t i = 0; i < m->ref_count; i++)
        if (firn_str_eq(m->refs[i].name, name))
            return &m->refs[i];
    return NULL;
}

const firn_snapshot *firn_metadata_as_of(const firn_metadata *m, int64_t timestamp_ms)
{
    const json_t *log = json_object_get(m->root, "snapshot-log");
    const firn_snapshot *found = NULL;
    for (size_t i = 0; i < json_array_size(log); i++) {
        const json_t *entry = json_array_get(log, i);
        if (json_integer_value(json_object_get(entry, "timestamp-ms")) > timestamp_ms)
            continue;
        found =
            firn_metadata_snapshot(m, json_integer_value(json_object_get(entry, "snapshot-id")));
    }
    return found;
}

bool firn_metadata_partition_type(const firn_metadata *m, const firn_partition_field *f,
                                  firn_type *ret)
{
    const firn_field *source = firn_spec_source(&m->schema->type, f);
    for (size_t i = m->schema_count; i > 0 && !source; i--)
        source = firn_spec_source(&m->schemas[i - 1].type, f);
    if (source && firn_transform_result(f->transform, &source->type, ret))
        return true;
    *ret = (firn_type){.kind = FIRN_T_STRING};
    return false;
}

firn_code firn_metadata_partition_types(const firn_metadata *m, const firn_spec *spec,
                                        firn_arena *a, firn_type **ret, firn_err *err)
{
    firn_type *types = firn_arena_array(a, spec->field_count, sizeof *types);
    if (!types)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < spec->field_count; i++)
        firn_metadata_partition_type(m, &spec->fields[i], &types[i]);
    *ret = types;
    return FIRN_OK;
}

firn_code firn_metadata_need_spec(const firn_metadata *m, int64_t spec_id, const firn_spec **ret,
                                  firn_err *err)
{
    bool fits = spec_id >= INT32_MIN && spec_id <= INT32_MAX;
    const firn_spec *spec = fits ? firn_metadata_spec(m, (int32_t)spec_id) : NULL;
    if (!spec)
        return firn_raise(err, FIRN_E_DATA, "partition spec %lld is not in the metadata",
                          (long long)spec_id);
    *ret = spec;
    return FIRN_OK;
}

firn_code firn_metadata_use_spec(const firn_metadata *m, int32_t spec_id, firn_arena *a,
                                 firn_spec_use *use, firn_err *err)
{
    firn_spec_use next;
    if (use->spec && use->spec->spec_id == spec_id)
        return FIRN_OK;
    FIRN_TRY(firn_metadata_need_spec(m, spec_id, &next.spec, err));
    FIRN_TRY(firn_metadata_partition_types(m, next.spec, a, &next.types, err));
    *use = next;
    return FIRN_OK;
}

firn_str firn_metadata_property(const firn_metadata *m, const char *key)
{
    const json_t *v = json_object_get(m->properties, key);
    return json_is_string(v) ? firn_json_text(v) : (firn_str){NULL, 0};
}

int64_t firn_metadata_property_i64(const firn_metadata *m, const char *key, int64_t otherwise)
{
    int64_t v = otherwise;
    firn_str text = firn_metadata_property(m, key);
    if (text.p)
        firn_str_i64(text, &v);
    return v;
}

firn_str firn_snapshot_summary(const firn_snapshot *s, const char *key)
{
    const json_t *v = json_object_get(s->summary, key);
    return json_is_string(v) ? firn_json_text(v) : (firn_str){NULL, 0};
}

/* --- names --------------------------------------------------------------------------------- */

firn_code firn_metadata_folder_of(firn_str location, const json_t *properties, firn_arena *a,
                                  firn_str *ret, firn_err *err)
{
    const json_t *v = json_object_get(properties, "write.metadata.path");
    firn_str path = json_is_string(v) ? firn_json_text(v) : (firn_str){NULL, 0};
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    const char *text = path.p ? firn_arena_strndup(a, path.p, path.n)
                              : firn_arena_printf(a, "%.*s/metadata", FIRN_STR_ARG(location));
    if (!text)
        return firn_arena_raise(a, err);
    *ret = firn_str_of(text);
    return FIRN_OK;
}

firn_code firn_metadata_folder(const firn_metadata *m, firn_arena *a, firn_str *ret, firn_err *err)
{
    return firn_metadata_folder_of(m->location, m->properties, a, ret, err);
}

firn_code firn_data_folder(const firn_metadata *m, firn_arena *a, firn_str *ret, firn_err *err)
{
    firn_data_layout l;
    FIRN_TRY(firn_data_layout_read(m->location, m->properties, a, &l, err));
    *ret = l.folder;
    return FIRN_OK;
}

int64_t firn_metadata_file_version(firn_str location)
{
    size_t start = location.n;
    while (start && location.p[start - 1] != '/')
        start--;
    firn_str name = {location.p + start, location.n - start};
    if (name.n && name.p[0] == 'v')
        name = (firn_str){name.p + 1, name.n - 1};
    size_t digits = 0;
    while (digits < name.n && name.p[digits] >= '0' && name.p[digits] <= '9')
        digits++;
    int64_t v;
    if (digits == name.n || (name.p[digits] != '-' && name.p[digits] != '.'))
        return -1;
    return firn_str_i64((firn_str){name.p, digits}, &v) ? v : -1;
}
