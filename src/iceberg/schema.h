/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h — a table's columns: field ids, Iceberg's JSON, evolution.
 * Source: Iceberg table spec, "Schemas and Data Types", "Schema Evolution", Appendix C. */
#ifndef FIRN_SCHEMA_H
#define FIRN_SCHEMA_H

#include "base/json.h"
#include "base/type.h"

typedef struct firn_schema {
    int32_t schema_id;
    firn_type type; /* struct; every field below has its id */
    int32_t *identifier_ids;
    size_t identifier_count;
} firn_schema;

/* Reads a schema's JSON.  Types that firn knows by name only become FIRN_T_FOREIGN.  FIRN_E_DATA
 * names a type that is none, a field without id, a duplicate id or a wrong form. */
FIRN_NODISCARD firn_code firn_schema_parse(const json_t *j, firn_arena *a, firn_schema *ret,
                                           firn_err *err);

/* Returns the JSON; *ret is a new reference. */
FIRN_NODISCARD firn_code firn_schema_to_json(const firn_schema *s, json_t **ret, firn_err *err);

/* Gives every field of `type` an id, level by level (the columns 1..n, then their children) as
 * Java and PyIceberg do; *last_id is the highest one in use and is advanced.  Fields that have an
 * id keep it. */
void firn_schema_assign_ids(firn_type *type, int32_t *last_id);

/* Returns the highest id in a type tree; 0 if there is none. */
int32_t firn_schema_max_id(const firn_type *type);

/* Returns the field with this id anywhere in the tree, or NULL. */
const firn_field *firn_schema_field(const firn_type *type, int32_t id);

/* Returns the field at a dotted path of names ("address.city"); list elements and map keys and
 * values are named element, key, value.  A name that holds a dot matches as well.  NULL if there
 * is none. */
const firn_field *firn_schema_find(const firn_type *type, firn_str path);

/* Advises the column that is nearest to a path that is none, or those there are; returns the code
 * of the error. */
firn_code firn_schema_advise(const firn_type *type, firn_str path, firn_err *err);

/* Whether the field with this id lies inside of a list or map: no metrics, no partitioning. */
bool firn_schema_is_repeated(const firn_type *type, int32_t id);

/* Whether a column of type `from` may become `to` in place (int→long, float→double, decimal with
 * more digits before the point and the same scale), or is equal. */
bool firn_schema_promotes(const firn_type *from, const firn_type *to);

/* The same by what a format version allows: version 3 adds date→timestamp (and timestamp_ns) and
 * unknown→any primitive.  Says nothing about partition fields that would change their values. */
bool firn_schema_may_become(const firn_type *from, const firn_type *to, int32_t format_version);

/* FIRN_E_UNSUPPORTED names the first column, at any depth, of a type that firn reads or keeps but
 * does not write to files. */
FIRN_NODISCARD firn_code firn_schema_refuse_unwritable(const firn_type *type, firn_err *err);

/* Merges wanted columns into a table's schema: fields are matched by name, existing ones keep id,
 * place and requiredness and may be widened as above, new ones come at the end of their struct,
 * optional, with fresh ids from *last_id.  Columns that `want` does not name stay.
 * FIRN_E_CONFLICT names a column whose type cannot become the wanted one.
 * *ret_changed says whether anything differs from `have`. */
FIRN_NODISCARD firn_code firn_schema_merge(const firn_type *have, const firn_type *want,
                                           int32_t *last_id, firn_arena *a, firn_type *ret,
                                           bool *ret_changed, firn_err *err);

/* Equal in names, ids, types, requiredness, docs and defaults. */
bool firn_schema_same(const firn_type *a, const firn_type *b);

#endif
