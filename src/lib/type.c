/* SPDX-License-Identifier: Apache-2.0 */
/* Types, fields, specs, snapshots and refs: the core's own structs, seen from outside. */
#include "lib/lib_int.h"

/* --- types --------------------------------------------------------------------------------- */

firn_kind firn_type_get_kind(const firn_type *type)
{
    static const uint8_t kinds[FIRN_TYPE_KIND_COUNT] = {
        [FIRN_T_BOOLEAN] = FIRN_KIND_BOOLEAN,
        [FIRN_T_INT] = FIRN_KIND_INT,
        [FIRN_T_LONG] = FIRN_KIND_LONG,
        [FIRN_T_FLOAT] = FIRN_KIND_FLOAT,
        [FIRN_T_DOUBLE] = FIRN_KIND_DOUBLE,
        [FIRN_T_DECIMAL] = FIRN_KIND_DECIMAL,
        [FIRN_T_DATE] = FIRN_KIND_DATE,
        [FIRN_T_TIME] = FIRN_KIND_TIME,
        [FIRN_T_TIMESTAMP] = FIRN_KIND_TIMESTAMP,
        [FIRN_T_TIMESTAMPTZ] = FIRN_KIND_TIMESTAMPTZ,
        [FIRN_T_TIMESTAMP_NS] = FIRN_KIND_TIMESTAMP_NS,
        [FIRN_T_TIMESTAMPTZ_NS] = FIRN_KIND_TIMESTAMPTZ_NS,
        [FIRN_T_STRING] = FIRN_KIND_STRING,
        [FIRN_T_UUID] = FIRN_KIND_UUID,
        [FIRN_T_FIXED] = FIRN_KIND_FIXED,
        [FIRN_T_BINARY] = FIRN_KIND_BINARY,
        [FIRN_T_UNKNOWN] = FIRN_KIND_UNKNOWN,
        [FIRN_T_STRUCT] = FIRN_KIND_STRUCT,
        [FIRN_T_LIST] = FIRN_KIND_LIST,
        [FIRN_T_MAP] = FIRN_KIND_MAP,
    };
    return (firn_kind)kinds[type->kind];
}

int32_t firn_type_precision(const firn_type *type)
{
    return type->kind == FIRN_T_DECIMAL ? type->precision : 0;
}

int32_t firn_type_scale(const firn_type *type)
{
    return type->kind == FIRN_T_DECIMAL ? type->scale : 0;
}

int64_t firn_type_fixed_bytes(const firn_type *type)
{
    return type->kind == FIRN_T_FIXED ? type->length : 0;
}

size_t firn_type_child_count(const firn_type *type)
{
    return type->field_count;
}

const firn_field *firn_type_child(const firn_type *type, size_t index)
{
    return index < type->field_count ? &type->fields[index] : NULL;
}

size_t firn_type_format(const firn_type *type, char *out, size_t capacity)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    if (firn_type_print(type, &text, NULL) != FIRN_OK)
        firn_buf_clear(&text);
    return firn_lib_print(firn_buf_str(&text), out, capacity);
}

/* Names end in NUL: they come out of firn_arena_str, JSON, or are literals. */
int32_t firn_field_id(const firn_field *field)
{
    return field->id;
}

const char *firn_field_name(const firn_field *field)
{
    return field->name.p;
}

const char *firn_field_doc(const firn_field *field)
{
    return field->doc.p;
}

bool firn_field_is_required(const firn_field *field)
{
    return field->required;
}

const firn_type *firn_field_type(const firn_field *field)
{
    return &field->type;
}

/* --- specs --------------------------------------------------------------------------------- */

int32_t firn_spec_get_id(const firn_spec *spec)
{
    return spec->spec_id;
}

size_t firn_spec_field_count(const firn_spec *spec)
{
    return spec->field_count;
}

const char *firn_spec_field_name(const firn_spec *spec, size_t index)
{
    return index < spec->field_count ? spec->fields[index].name.p : NULL;
}

const char *firn_spec_field_transform(const firn_spec *spec, size_t index)
{
    return index < spec->field_count ? spec->fields[index].transform.text.p : NULL;
}

int32_t firn_spec_field_source_id(const firn_spec *spec, size_t index)
{
    return index < spec->field_count ? spec->fields[index].source_id : 0;
}

int32_t firn_spec_field_id(const firn_spec *spec, size_t index)
{
    return index < spec->field_count ? spec->fields[index].field_id : 0;
}

/* --- snapshots ----------------------------------------------------------------------------- */

int64_t firn_snapshot_get_id(const firn_snapshot *snapshot)
{
    return snapshot->snapshot_id;
}

int64_t firn_snapshot_parent_id(const firn_snapshot *snapshot)
{
    return snapshot->parent_id;
}

int64_t firn_snapshot_sequence_number(const firn_snapshot *snapshot)
{
    return snapshot->sequence_number;
}

int64_t firn_snapshot_timestamp_ms(const firn_snapshot *snapshot)
{
    return snapshot->timestamp_ms;
}

int32_t firn_snapshot_schema_id(const firn_snapshot *snapshot)
{
    return snapshot->schema_id;
}

const char *firn_snapshot_manifest_list(const firn_snapshot *snapshot)
{
    return snapshot->manifest_list.p;
}

const char *firn_snapshot_property(const firn_snapshot *snapshot, const char *key)
{
    return json_string_value(json_object_get(snapshot->summary, key));
}

/* The index-th text of an object of texts; what is not a text is passed over. */
static bool text_at(const json_t *object, size_t index, const char **key, const char **value)
{
    json_t *o = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(o); at; at = json_object_iter_next(o, at)) {
        const char *text = json_string_value(json_object_iter_value(at));
        if (!text)
            continue;
        if (index-- == 0) {
            *key = json_object_iter_key(at);
            *value = text;
            return true;
        }
    }
    return false;
}

bool firn_snapshot_property_at(const firn_snapshot *snapshot, size_t index, const char **key,
                               const char **value)
{
    return text_at(snapshot->summary, index, key, value);
}

const char *firn_ref_name(const firn_ref *ref)
{
    return ref->name.p;
}

int64_t firn_ref_snapshot_id(const firn_ref *ref)
{
    return ref->snapshot_id;
}

bool firn_ref_is_branch(const firn_ref *ref)
{
    return ref->is_branch;
}

/* --- what tables have ---------------------------------------------------------------------- */

const char *firn_table_uuid(const firn_table *table)
{
    return table->m->uuid.p;
}

const char *firn_table_metadata_location(const firn_table *table)
{
    return table->m->location_of_file.p;
}

int32_t firn_table_format_version(const firn_table *table)
{
    return table->m->format_version;
}

int64_t firn_table_last_updated_ms(const firn_table *table)
{
    return table->m->last_updated_ms;
}

const firn_schema *firn_table_schema(const firn_table *table)
{
    return table->m->schema;
}

const firn_schema *firn_table_schema_by_id(const firn_table *table, int32_t schema_id)
{
    return firn_metadata_schema(table->m, schema_id);
}

const firn_spec *firn_table_spec(const firn_table *table)
{
    return table->m->spec;
}

const firn_spec *firn_table_spec_by_id(const firn_table *table, int32_t spec_id)
{
    return firn_metadata_spec(table->m, spec_id);
}

const char *firn_table_property(const firn_table *table, const char *key)
{
    return firn_metadata_property(table->m, key).p;
}

bool firn_table_property_at(const firn_table *table, size_t index, const char **key,
                            const char **value)
{
    return text_at(table->m->properties, index, key, value);
}

const firn_snapshot *firn_table_snapshot(const firn_table *table)
{
    return firn_metadata_current(table->m);
}

size_t firn_table_snapshot_count(const firn_table *table)
{
    return table->m->snapshot_count;
}

const firn_snapshot *firn_table_snapshot_at(const firn_table *table, size_t index)
{
    return index < table->m->snapshot_count ? &table->m->snapshots[index] : NULL;
}

const firn_snapshot *firn_table_snapshot_by_id(const firn_table *table, int64_t id)
{
    return firn_metadata_snapshot(table->m, id);
}

const firn_snapshot *firn_table_snapshot_as_of(const firn_table *table, int64_t timestamp_ms)
{
    return firn_metadata_as_of(table->m, timestamp_ms);
}

size_t firn_table_ref_count(const firn_table *table)
{
    return table->m->ref_count;
}

const firn_ref *firn_table_ref_at(const firn_table *table, size_t index)
{
    return index < table->m->ref_count ? &table->m->refs[index] : NULL;
}

const firn_ref *firn_table_ref_by_name(const firn_table *table, const char *name)
{
    return firn_metadata_ref(table->m, firn_str_of(name));
}
