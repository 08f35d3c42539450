/* SPDX-License-Identifier: Apache-2.0 */
/* The Avro schemas, spelled as Java spells them. */
#include "iceberg/manifest_schema.h"

#include "base/str.h"

#define LIST_SCHEMA_FIELDS                                                                         \
    "{\"type\":\"record\",\"name\":\"manifest_file\",\"fields\":["                                 \
    "{\"name\":\"manifest_path\",\"type\":\"string\",\"field-id\":500},"                           \
    "{\"name\":\"manifest_length\",\"type\":\"long\",\"field-id\":501},"                           \
    "{\"name\":\"partition_spec_id\",\"type\":\"int\",\"field-id\":502},"                          \
    "{\"name\":\"content\",\"type\":\"int\",\"field-id\":517},"                                    \
    "{\"name\":\"sequence_number\",\"type\":\"long\",\"field-id\":515},"                           \
    "{\"name\":\"min_sequence_number\",\"type\":\"long\",\"field-id\":516},"                       \
    "{\"name\":\"added_snapshot_id\",\"type\":\"long\",\"field-id\":503},"                         \
    "{\"name\":\"added_files_count\",\"type\":\"int\",\"field-id\":504},"                          \
    "{\"name\":\"existing_files_count\",\"type\":\"int\",\"field-id\":505},"                       \
    "{\"name\":\"deleted_files_count\",\"type\":\"int\",\"field-id\":506},"                        \
    "{\"name\":\"added_rows_count\",\"type\":\"long\",\"field-id\":512},"                          \
    "{\"name\":\"existing_rows_count\",\"type\":\"long\",\"field-id\":513},"                       \
    "{\"name\":\"deleted_rows_count\",\"type\":\"long\",\"field-id\":514},"                        \
    "{\"name\":\"partitions\",\"type\":[\"null\",{\"type\":\"array\",\"items\":"                   \
    "{\"type\":\"record\",\"name\":\"r508\",\"fields\":["                                          \
    "{\"name\":\"contains_null\",\"type\":\"boolean\",\"field-id\":509},"                          \
    "{\"name\":\"contains_nan\",\"type\":[\"null\",\"boolean\"],\"default\":null,"                 \
    "\"field-id\":518},"                                                                           \
    "{\"name\":\"lower_bound\",\"type\":[\"null\",\"bytes\"],\"default\":null,\"field-id\":510},"  \
    "{\"name\":\"upper_bound\",\"type\":[\"null\",\"bytes\"],\"default\":null,\"field-id\":511}]}" \
    ","                                                                                            \
    "\"element-id\":508}],\"default\":null,\"field-id\":507},"                                     \
    "{\"name\":\"key_metadata\",\"type\":[\"null\",\"bytes\"],\"default\":null,"                   \
    "\"field-id\":519}"

static const char list_schema_v2[] = LIST_SCHEMA_FIELDS "]}";

static const char list_schema_v3[] =
    LIST_SCHEMA_FIELDS ",{\"name\":\"first_row_id\",\"type\":[\"null\",\"long\"],\"default\":null,"
                       "\"field-id\":520}]}";

const char *firn_manifest_list_avro_schema(int32_t version)
{
    return version < 3 ? list_schema_v2 : list_schema_v3;
}

/* An int-keyed map: an array of records, as Avro's own maps have text keys. */
#define MAP_FIELD(name, id, key_id, value_id, value_type)                                          \
    "{\"name\":\"" name "\",\"type\":[\"null\",{\"type\":\"array\",\"items\":"                     \
    "{\"type\":\"record\",\"name\":\"k" key_id "_v" value_id "\",\"fields\":["                     \
    "{\"name\":\"key\",\"type\":\"int\",\"field-id\":" key_id "},"                                 \
    "{\"name\":\"value\",\"type\":\"" value_type "\",\"field-id\":" value_id "}]},"                \
    "\"logicalType\":\"map\"}],\"default\":null,\"field-id\":" id "},"

static const char entry_before_partition[] =
    "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":["
    "{\"name\":\"status\",\"type\":\"int\",\"field-id\":0},"
    "{\"name\":\"snapshot_id\",\"type\":[\"null\",\"long\"],\"default\":null,\"field-id\":1},"
    "{\"name\":\"sequence_number\",\"type\":[\"null\",\"long\"],\"default\":null,"
    "\"field-id\":3},"
    "{\"name\":\"file_sequence_number\",\"type\":[\"null\",\"long\"],\"default\":null,"
    "\"field-id\":4},"
    "{\"name\":\"data_file\",\"type\":{\"type\":\"record\",\"name\":\"r2\",\"fields\":["
    "{\"name\":\"content\",\"type\":\"int\",\"field-id\":134},"
    "{\"name\":\"file_path\",\"type\":\"string\",\"field-id\":100},"
    "{\"name\":\"file_format\",\"type\":\"string\",\"field-id\":101},"
    "{\"name\":\"partition\",\"type\":{\"type\":\"record\",\"name\":\"r102\",\"fields\":[";

static const char entry_after_partition[] =
    "]},\"field-id\":102},"
    "{\"name\":\"record_count\",\"type\":\"long\",\"field-id\":103},"
    "{\"name\":\"file_size_in_bytes\",\"type\":\"long\",\"field-id\":104}," MAP_FIELD(
        "column_sizes", "108", "117", "118", "long")
        MAP_FIELD("value_counts", "109", "119", "120", "long") MAP_FIELD("null_value_counts", "110",
                                                                         "121", "122", "long")
            MAP_FIELD("nan_value_counts", "137", "138", "139", "long")
                MAP_FIELD("lower_bounds", "125", "126", "127", "bytes")
                    MAP_FIELD("upper_bounds", "128", "129", "130",
                              "bytes") "{\"name\":\"key_metadata\",\"type\":[\"null\",\"bytes\"],"
                                       "\"default\":null,\"field-id\":131},"
                                       "{\"name\":\"split_offsets\",\"type\":[\"null\",{\"type\":"
                                       "\"array\",\"items\":\"long\","
                                       "\"element-id\":133}],\"default\":null,\"field-id\":132},"
                                       "{\"name\":\"equality_ids\",\"type\":[\"null\",{\"type\":"
                                       "\"array\",\"items\":\"int\","
                                       "\"element-id\":136}],\"default\":null,\"field-id\":135},"
                                       "{\"name\":\"sort_order_id\",\"type\":[\"null\",\"int\"],"
                                       "\"default\":null,\"field-id\":140},";

static const char referenced_field[] = "{\"name\":\"referenced_data_file\",\"type\":[\"null\","
                                       "\"string\"],\"default\":null,\"field-id\":143}";

#define OPTIONAL_LONG(name, id)                                                                    \
    "{\"name\":\"" name "\",\"type\":[\"null\",\"long\"],\"default\":null,\"field-id\":" id "}"

static const char entry_end[] = "]},\"field-id\":2}]}";

/* The Avro type of a partition value. */
static firn_code add_avro_type(const firn_type *t, firn_buf *out, firn_err *err)
{
    static const char *const plain[FIRN_TYPE_KIND_COUNT] = {
        [FIRN_T_BOOLEAN] = "\"boolean\"",
        [FIRN_T_INT] = "\"int\"",
        [FIRN_T_LONG] = "\"long\"",
        [FIRN_T_FLOAT] = "\"float\"",
        [FIRN_T_DOUBLE] = "\"double\"",
        [FIRN_T_STRING] = "\"string\"",
        [FIRN_T_BINARY] = "\"bytes\"",
        [FIRN_T_DATE] = "{\"type\":\"int\",\"logicalType\":\"date\"}",
        [FIRN_T_TIME] = "{\"type\":\"long\",\"logicalType\":\"time-micros\"}",
        [FIRN_T_TIMESTAMP] = "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\","
                             "\"adjust-to-utc\":false}",
        [FIRN_T_TIMESTAMPTZ] = "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\","
                               "\"adjust-to-utc\":true}",
        [FIRN_T_TIMESTAMP_NS] = "{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\","
                                "\"adjust-to-utc\":false}",
        [FIRN_T_TIMESTAMPTZ_NS] = "{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\","
                                  "\"adjust-to-utc\":true}",
        [FIRN_T_UUID] = "{\"type\":\"fixed\",\"name\":\"uuid_fixed\",\"size\":16,"
                        "\"logicalType\":\"uuid\"}",
    };
    if (t->kind == FIRN_T_DECIMAL)
        return firn_buf_addf(out, err,
                             "{\"type\":\"fixed\",\"name\":\"decimal_%d_%d\",\"size\":%d,"
                             "\"logicalType\":\"decimal\",\"precision\":%d,\"scale\":%d}",
                             t->precision, t->scale, firn_dec_min_bytes(t->precision), t->precision,
                             t->scale);
    if (t->kind == FIRN_T_FIXED)
        return firn_buf_addf(out, err, "{\"type\":\"fixed\",\"name\":\"fixed_%lld\",\"size\":%lld}",
                             (long long)t->length, (long long)t->length);
    firn_assert(plain[t->kind]);
    return firn_buf_adds(out, plain[t->kind], err);
}

/* A named Avro type may be defined once; later uses give its name. */
static bool is_repeated_name(const firn_type *types, size_t i)
{
    firn_type_kind k = types[i].kind;
    if (k != FIRN_T_DECIMAL && k != FIRN_T_FIXED && k != FIRN_T_UUID)
        return false;
    for (size_t j = 0; j < i; j++)
        if (firn_type_eq(&types[j], &types[i]))
            return true;
    return false;
}

static firn_code add_type_name(const firn_type *t, firn_buf *out, firn_err *err)
{
    if (t->kind == FIRN_T_UUID)
        return firn_buf_adds(out, "\"uuid_fixed\"", err);
    if (t->kind == FIRN_T_FIXED)
        return firn_buf_addf(out, err, "\"fixed_%lld\"", (long long)t->length);
    return firn_buf_addf(out, err, "\"decimal_%d_%d\"", t->precision, t->scale);
}

static firn_code add_partition_field(const firn_partition_field *f, const firn_type *types,
                                     size_t i, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a name", 0);
    if (!a)
        return firn_raise_nomem(err);
    firn_str name = firn_avro_sanitize(f->name, a);
    if (!name.p)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_buf_addf(out, err, "%s{\"name\":\"%.*s\",\"type\":[\"null\",", i ? "," : "",
                           FIRN_STR_ARG(name)));
    FIRN_TRY(is_repeated_name(types, i) ? add_type_name(&types[i], out, err)
                                        : add_avro_type(&types[i], out, err));
    FIRN_TRY(firn_buf_addf(out, err, "],\"default\":null,\"field-id\":%d", (int)f->field_id));
    if (!firn_str_eq(name, f->name)) {
        FIRN_TRY(firn_buf_adds(out, ",\"iceberg-field-name\":", err));
        FIRN_TRY(firn_json_escape(f->name, out, err));
    }
    return firn_buf_addc(out, '}', err);
}

firn_code firn_manifest_avro_schema(int32_t version, const firn_spec *spec, const firn_type *types,
                                    firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, entry_before_partition, err));
    for (size_t i = 0; i < spec->field_count; i++)
        FIRN_TRY(add_partition_field(&spec->fields[i], types, i, out, err));
    FIRN_TRY(firn_buf_adds(out, entry_after_partition, err));
    if (version >= 3)
        FIRN_TRY(firn_buf_adds(out, OPTIONAL_LONG("first_row_id", "142") ",", err));
    FIRN_TRY(firn_buf_adds(out, referenced_field, err));
    if (version >= 3)
        FIRN_TRY(firn_buf_adds(out,
                               "," OPTIONAL_LONG("content_offset", "144") "," OPTIONAL_LONG(
                                   "content_size_in_bytes", "145"),
                               err));
    return firn_buf_adds(out, entry_end, err);
}
