/* SPDX-License-Identifier: Apache-2.0 */
/* type.h — the types of columns, in Iceberg's words: reading them.
 *
 * Types and fields belong to the schema or table they were taken from and live as long.  Immutable;
 * any thread.  Types are made with schema.h. */
#ifndef FIRN_API_TYPE_H
#define FIRN_API_TYPE_H

#include <firn/error.h>

FIRN_BEGIN_C

/* The numbers are part of the interface; later versions may add some. */
typedef enum firn_kind {
    FIRN_KIND_OTHER = 0, /* of a later version of Iceberg: known by its text only */
    FIRN_KIND_BOOLEAN = 1,
    FIRN_KIND_INT = 2,
    FIRN_KIND_LONG = 3,
    FIRN_KIND_FLOAT = 4,
    FIRN_KIND_DOUBLE = 5,
    FIRN_KIND_DECIMAL = 6,
    FIRN_KIND_DATE = 7,
    FIRN_KIND_TIME = 8,         /* microseconds since midnight */
    FIRN_KIND_TIMESTAMP = 9,    /* microseconds, without time zone */
    FIRN_KIND_TIMESTAMPTZ = 10, /* microseconds since 1970 UTC */
    FIRN_KIND_TIMESTAMP_NS = 11,
    FIRN_KIND_TIMESTAMPTZ_NS = 12,
    FIRN_KIND_STRING = 13,
    FIRN_KIND_UUID = 14,
    FIRN_KIND_FIXED = 15,
    FIRN_KIND_BINARY = 16,
    FIRN_KIND_STRUCT = 17,
    FIRN_KIND_LIST = 18,
    FIRN_KIND_MAP = 19,
    FIRN_KIND_UNKNOWN = 20 /* Iceberg's own type `unknown`: all values are null */
} firn_kind;

typedef struct firn_type firn_type;
typedef struct firn_field firn_field;

/* What kind of type it is. */
FIRN_API firn_kind firn_type_get_kind(const firn_type *type);

/* Of decimals; 0 for all others. */
FIRN_API int32_t firn_type_precision(const firn_type *type);
FIRN_API int32_t firn_type_scale(const firn_type *type);

/* Of fixed: bytes; 0 for all others. */
FIRN_API int64_t firn_type_fixed_bytes(const firn_type *type);

/* What is inside: of a struct its fields, of a list one ("element"), of a map two ("key" and
 * "value"), of all others none.  NULL for an index out of range. */
FIRN_API size_t firn_type_child_count(const firn_type *type);
FIRN_API const firn_field *firn_type_child(const firn_type *type, size_t index);

/* Prints a type as Iceberg does, "decimal(9,2)", "struct<a: int, b: list<string>>", into `out`,
 * cut off at `capacity` bytes (its NUL included).  Returns the length of the whole text, 0 when
 * memory is out. */
FIRN_API size_t firn_type_format(const firn_type *type, char *out, size_t capacity);

/* A field's id is what data files know it by; names may change. */
FIRN_API int32_t firn_field_id(const firn_field *field);
FIRN_API const char *firn_field_name(const firn_field *field);
FIRN_API const char *firn_field_doc(const firn_field *field); /* NULL: none */
FIRN_API bool firn_field_is_required(const firn_field *field);
FIRN_API const firn_type *firn_field_type(const firn_field *field);

FIRN_END_C

#endif
