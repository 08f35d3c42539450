/* SPDX-License-Identifier: Apache-2.0 */
/* partition.h — partition specs and their transforms.
 * Source: Iceberg table spec, "Partitioning"; ICEBERG.md §5. */
#ifndef FIRN_PARTITION_H
#define FIRN_PARTITION_H

#include "iceberg/schema.h"
#include "iceberg/value.h"

/* Ids of partition fields start here. */
#define FIRN_PARTITION_FIRST_ID 1000

typedef enum firn_transform_kind {
    FIRN_TRANSFORM_IDENTITY,
    FIRN_TRANSFORM_YEAR,
    FIRN_TRANSFORM_MONTH,
    FIRN_TRANSFORM_DAY,
    FIRN_TRANSFORM_HOUR,
    FIRN_TRANSFORM_VOID,
    FIRN_TRANSFORM_BUCKET,
    FIRN_TRANSFORM_TRUNCATE,
    FIRN_TRANSFORM_UNKNOWN, /* of a later version: ignored when reading */
} firn_transform_kind;

typedef struct firn_transform {
    firn_transform_kind kind;
    int64_t width; /* of bucket and truncate */
    firn_str text; /* as in the metadata */
} firn_transform;

typedef struct firn_partition_field {
    int32_t source_id;
    int32_t field_id;
    firn_str name;
    firn_transform transform;
} firn_partition_field;

typedef struct firn_spec {
    int32_t spec_id;
    firn_partition_field *fields;
    size_t field_count;
} firn_spec;

/* Whether it is year, month, day or hour: Iceberg refuses specs with two of these on one column. */
static inline bool firn_transform_is_time(firn_transform_kind kind)
{
    return kind >= FIRN_TRANSFORM_YEAR && kind <= FIRN_TRANSFORM_HOUR;
}

/* Reads "day", "bucket[16]", …; a text that is no known transform becomes UNKNOWN. */
firn_transform firn_transform_parse(firn_str text);

/* Returns the type of a transform's result for a source type; false if the transform does not
 * apply to it (hour of a date, day of a string) or is not one firn computes. */
bool firn_transform_result(firn_transform tr, const firn_type *source, firn_type *ret);

/* Computes the partition value of a source value; null gives null.  The transform must apply. */
firn_value firn_transform_apply(firn_transform tr, const firn_type *source, const firn_value *v);

/* Reads a spec's JSON ({"spec-id", "fields"}) or a bare array of fields (format v1). */
FIRN_NODISCARD firn_code firn_spec_parse(const json_t *j, int32_t spec_id_if_bare, firn_arena *a,
                                         firn_spec *ret, firn_err *err);
/* The array of fields; *ret is a new reference. */
FIRN_NODISCARD firn_code firn_spec_fields_to_json(const firn_spec *s, json_t **ret, firn_err *err);

/* A term as people write it: "month(date)", "country", "identity(x)", "bucket(16, id)". */
typedef struct firn_partition_term {
    firn_transform_kind kind;
    int64_t width;   /* of bucket and truncate */
    firn_str column; /* dotted path */
} firn_partition_term;

/* The transform of a term, its text in `a`. */
FIRN_NODISCARD firn_code firn_transform_of_term(const firn_partition_term *term, firn_arena *a,
                                                firn_transform *ret, firn_err *err);

/* Makes a spec for a schema, field ids from *last_partition_id + 1, names as Java's builder gives
 * them (ts_day; the column's own name for identity).  FIRN_E_CONFIG names a column that is not
 * there, lies in a list or map, or whose type the transform does not take. */
FIRN_NODISCARD firn_code firn_spec_make(const firn_type *schema, const firn_partition_term *terms,
                                        size_t count, int32_t *last_partition_id, firn_arena *a,
                                        firn_spec *ret, firn_err *err);

/* Whether firn knows what the values of all fields mean, so that it can write files of the spec. */
bool firn_spec_is_known(const firn_spec *s);

/* Same fields: source, transform and name. */
bool firn_spec_same(const firn_spec *a, const firn_spec *b);

/* Returns the source column of a field, or NULL (it was dropped). */
const firn_field *firn_spec_source(const firn_type *schema, const firn_partition_field *f);

/* Appends a partition value for people, as Java spells it: "2017-11", "1.0E7", "null", base64. */
FIRN_NODISCARD firn_code firn_partition_text(const firn_partition_field *f, const firn_type *type,
                                             const firn_value *v, firn_buf *out, firn_err *err);

/* Appends the folder of a partition, "event_day=2017-11-16/kind=a+b": Java's URL encoding of
 * name and value; nothing for an unpartitioned table.  `types` are the result types. */
FIRN_NODISCARD firn_code firn_partition_path(const firn_spec *spec, const firn_type *types,
                                             const firn_value *values, firn_buf *out,
                                             firn_err *err);

/* Appends bytes that are equal for two files exactly if they lie in the same partition: null and
 * the text "null" differ, as do -0.0 and +0.0; all NaNs are one. */
FIRN_NODISCARD firn_code firn_partition_key(const firn_spec *spec, const firn_type *types,
                                            const firn_value *values, firn_buf *out, firn_err *err);

/* Result types of all fields of a spec, in `a`, by one schema; fields of unknown transforms, or
 * whose source is not in the schema, become string.  See firn_metadata_partition_types. */
FIRN_NODISCARD firn_code firn_spec_types(const firn_type *schema, const firn_spec *spec,
                                         firn_arena *a, firn_type **ret, firn_err *err);

#endif
