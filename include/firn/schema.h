/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h — a table's columns: reading a table's schemas, making one for a new table.
 *
 * A schema is made in one of three ways: column by column with a builder, from Iceberg's JSON, or
 * from an Arrow schema (arrow.h).  Schemas of tables belong to the table, those made here to the
 * caller. */
#ifndef FIRN_API_SCHEMA_H
#define FIRN_API_SCHEMA_H

#include <firn/type.h>

FIRN_BEGIN_C

typedef struct firn_schema firn_schema;

/* --- reading --- */

/* The schema's id within its table; 0 for one that was made. */
FIRN_API int32_t firn_schema_id(const firn_schema *schema);

/* Columns, in order.  NULL for an index out of range. */
FIRN_API size_t firn_schema_column_count(const firn_schema *schema);
FIRN_API const firn_field *firn_schema_column(const firn_schema *schema, size_t index);

/* The field at a dotted path ("address.city", "lines.element.amount", "m.value.x"), or with an id
 * anywhere in the tree; NULL if there is none. */
FIRN_API const firn_field *firn_schema_by_name(const firn_schema *schema, const char *path);
FIRN_API const firn_field *firn_schema_by_id(const firn_schema *schema, int32_t id);

/* Ids of the fields that identify a row; none: count 0. */
FIRN_API size_t firn_schema_identifier_count(const firn_schema *schema);
FIRN_API int32_t firn_schema_identifier(const firn_schema *schema, size_t index);

/* Returns the schema as Iceberg's JSON; free it with firn_free. */
FIRN_CHECKED FIRN_API firn_status firn_schema_format_json(const firn_schema *schema, char **ret,
                                                          firn_error *error);

/* --- making --- */

enum {
    FIRN_COLUMN_REQUIRED = 1 << 0,  /* never null */
    FIRN_COLUMN_IDENTIFIER = 1 << 1 /* one of those that identify a row; also required */
};

typedef struct firn_schema_builder firn_schema_builder;

/* Begins a schema without columns. */
FIRN_CHECKED FIRN_API firn_status firn_schema_builder_new(firn_schema_builder **ret,
                                                          firn_error *error);
FIRN_API void firn_schema_builder_free(firn_schema_builder *builder); /* accepts NULL */

/* Adds a column at the end.
 *   name   any text; it may hold dots
 *   type   as Iceberg prints types: "long", "decimal(18,2)", "timestamptz", "list<string>",
 *          "struct<street: string, zip: string>", "map<string, double>"; SQL's words for them do
 *          as well.  What is inside is optional.
 *   flags  FIRN_COLUMN_…
 *   doc    NULL: none
 * FIRN_STATUS_EXISTS for a name that is there already, FIRN_STATUS_INVALID for a type that is
 * none.  The builder is unchanged then. */
FIRN_CHECKED FIRN_API firn_status firn_schema_builder_add(firn_schema_builder *builder,
                                                          const char *name, const char *type,
                                                          uint32_t flags, const char *doc,
                                                          firn_error *error);

/* Returns the schema, with ids 1, 2, … for the columns, then for what is inside of them; free it
 * with firn_schema_free.  The builder stays usable. */
FIRN_CHECKED FIRN_API firn_status firn_schema_builder_build(const firn_schema_builder *builder,
                                                            firn_schema **ret, firn_error *error);

/* Reads Iceberg's JSON: {"type": "struct", "fields": [{"id": 1, "name": …}]}.  Ids are kept.
 * FIRN_STATUS_DATA says what is wrong. */
FIRN_CHECKED FIRN_API firn_status firn_schema_parse_json(const char *json, firn_schema **ret,
                                                         firn_error *error);

/* Frees a schema that was made (built, parsed, imported), never one of a table.  Accepts NULL. */
FIRN_API void firn_schema_free(firn_schema *schema);

/* Frees a text that the library returned through a `char **`.  Accepts NULL. */
FIRN_API void firn_free(void *text);

FIRN_END_C

#endif
