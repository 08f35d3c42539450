/* SPDX-License-Identifier: Apache-2.0 */
/* type.h — the types of columns, in Iceberg's words, and a tree of fields with ids.
 *
 * A type is plain data in an arena; it is shared freely and never changed after it was built. */
#ifndef FIRN_TYPE_H
#define FIRN_TYPE_H

#include "base/arena.h"
#include "base/buf.h"

typedef enum firn_type_kind {
    FIRN_T_BOOLEAN,
    FIRN_T_INT,
    FIRN_T_LONG,
    FIRN_T_FLOAT,
    FIRN_T_DOUBLE,
    FIRN_T_DECIMAL,
    FIRN_T_DATE,
    FIRN_T_TIME,
    FIRN_T_TIMESTAMP,
    FIRN_T_TIMESTAMPTZ,
    FIRN_T_TIMESTAMP_NS,
    FIRN_T_TIMESTAMPTZ_NS,
    FIRN_T_STRING,
    FIRN_T_UUID,
    FIRN_T_FIXED,
    FIRN_T_BINARY,
    FIRN_T_UNKNOWN, /* all values are null; not in files */
    FIRN_T_FOREIGN, /* known by name only (variant, geometry, geography): kept, never read */
    FIRN_T_STRUCT,
    FIRN_T_LIST,
    FIRN_T_MAP,
    FIRN_TYPE_KIND_COUNT
} firn_type_kind;

typedef struct firn_type firn_type;
typedef struct firn_field firn_field;

struct firn_type {
    firn_type_kind kind;
    int precision;      /* decimal */
    int scale;          /* decimal */
    int64_t length;     /* fixed: bytes */
    firn_str text;      /* foreign: as in the metadata */
    firn_field *fields; /* struct: its fields; list: one, "element"; map: "key" and "value" */
    size_t field_count;
};

struct firn_field {
    int32_t id; /* Iceberg field id; 0 = not given yet */
    bool required;
    firn_str name;
    firn_str doc; /* .p == NULL: none */
    /* JSON of a single value, as in the metadata (ICEBERG.md §6.1); .p == NULL: none */
    firn_str initial_default; /* of rows in files without the column */
    firn_str write_default;   /* of new rows that do not give it */
    firn_type type;
};

bool firn_type_is_nested(firn_type_kind kind); /* struct, list, map */

/* Equal in kind and parameters, names, order and requiredness of fields; ids and docs are ignored.
 */
bool firn_type_eq(const firn_type *a, const firn_type *b);

/* Returns the field of a struct with this name (bytes compared), or NULL. */
const firn_field *firn_type_field(const firn_type *t, firn_str name);

/* Iceberg's own name of a primitive kind ("timestamptz"); nested: "struct", "list", "map". */
const char *firn_type_kind_name(firn_type_kind kind);

/* Reads a primitive as Iceberg prints it; blanks inside the parentheses are accepted. */
bool firn_type_parse_primitive(firn_str text, firn_type *ret);

/* Reads what people type: the above, SQL's spellings (bigint, varchar, text, real, timestamp with
 * time zone, decimal without parameters = decimal(38,9) … refused), and struct<a: int, b: string>,
 * list<…> or array<…>, map<…, …>, nested to 32 levels.  Case does not matter in type words.
 * Raises FIRN_E_CONFIG naming the part that is no type. */
FIRN_NODISCARD firn_code firn_type_parse(firn_str text, firn_arena *a, firn_type *ret,
                                         firn_err *err);

/* Prints "decimal(9,2)", "struct<a: int, b: list<string>>". */
FIRN_NODISCARD firn_code firn_type_print(const firn_type *t, firn_buf *out, firn_err *err);
/* The same in an arena, for messages; "?" when memory is out. */
const char *firn_type_text(const firn_type *t, firn_arena *a);

/* Returns a deep copy whose names live in `a`; .kind == FIRN_TYPE_KIND_COUNT when memory is out. */
firn_type firn_type_copy(const firn_type *t, firn_arena *a);

#endif
