/* SPDX-License-Identifier: Apache-2.0 */
/* table.h — a table as it was when it was opened, refreshed or committed to.
 *
 * What a table returns (schemas, specs, snapshots, texts) belongs to it and lives until it is
 * closed, refreshed or committed to.  Functions that take `const firn_table *` may be called by
 * several threads at once; open the table once more for a thread that changes it. */
#ifndef FIRN_API_TABLE_H
#define FIRN_API_TABLE_H

#include <firn/catalog.h>
#include <firn/partition.h>
#include <firn/schema.h>
#include <firn/snapshot.h>
#include <firn/storage.h>

FIRN_BEGIN_C

typedef struct firn_table firn_table;

/* --- opening --- */

/* Opens a table of a catalog.  storage == NULL: local files.  The catalog must stay open.
 * FIRN_STATUS_NOT_FOUND: there is no such table; FIRN_STATUS_DATA: its metadata is damaged or
 * gone. */
FIRN_CHECKED FIRN_API firn_status firn_table_open(firn_catalog *catalog,
                                                  const firn_storage *storage,
                                                  const char *name_space, const char *name,
                                                  firn_table **ret, firn_error *error);

/* Opens a table, read only, by the location of a metadata file (….metadata.json). */
FIRN_CHECKED FIRN_API firn_status firn_table_open_metadata(const firn_storage *storage,
                                                           const char *metadata_location,
                                                           firn_table **ret, firn_error *error);

/* A key with its value. */
typedef struct firn_key_value {
    const char *key;
    const char *value;
} firn_key_value;

/* A table to be.  Zero it, set `size`. */
typedef struct firn_table_definition {
    uint32_t size;
    int32_t format_version;          /* 0: 2 */
    const firn_schema *schema;       /* required; ids are given anew as Iceberg's own writers do */
    const char *location;            /* required: the table's folder, absolute */
    const char *const *partition_by; /* "day(ts)", "bucket(16, id)", "region" … */
    size_t partition_by_count;
    const char *const *sort_by; /* "ts desc nulls last" … */
    size_t sort_by_count;
    const firn_key_value *properties; /* of the table: "write.parquet.compression-codec" … */
    size_t property_count;
} firn_table_definition;

/* Creates a table without rows and opens it.  FIRN_STATUS_EXISTS: there is one of the name;
 * FIRN_STATUS_INVALID: the definition is not right. */
FIRN_CHECKED FIRN_API firn_status firn_table_create(firn_catalog *catalog,
                                                    const firn_storage *storage,
                                                    const char *name_space, const char *name,
                                                    const firn_table_definition *definition,
                                                    firn_table **ret, firn_error *error);

/* Loads the table's current state.  On failure it stays as it was.  Tables opened by
 * firn_table_open_metadata have nothing to refresh: FIRN_STATUS_UNSUPPORTED. */
FIRN_CHECKED FIRN_API firn_status firn_table_refresh(firn_table *table, firn_error *error);

/* Closes a table; its scanners and transactions must be freed before.  Accepts NULL. */
FIRN_API void firn_table_close(firn_table *table);

/* --- what it is --- */

/* What the metadata says of the table as a whole. */
FIRN_API const char *firn_table_uuid(const firn_table *table);
FIRN_API const char *firn_table_location(const firn_table *table);          /* its folder */
FIRN_API const char *firn_table_metadata_location(const firn_table *table); /* the file read */
FIRN_API int32_t firn_table_format_version(const firn_table *table);
FIRN_API int64_t firn_table_last_updated_ms(const firn_table *table);

/* The current schema; one by its id, NULL if there is none. */
FIRN_API const firn_schema *firn_table_schema(const firn_table *table);
FIRN_API const firn_schema *firn_table_schema_by_id(const firn_table *table, int32_t schema_id);

/* The default partition spec, that of new files; one by its id, NULL if there is none. */
FIRN_API const firn_spec *firn_table_spec(const firn_table *table);
FIRN_API const firn_spec *firn_table_spec_by_id(const firn_table *table, int32_t spec_id);

/* A table property; NULL if it is not set.  The second one after the other, as
 * firn_snapshot_property_at. */
FIRN_API const char *firn_table_property(const firn_table *table, const char *key);
FIRN_API bool firn_table_property_at(const firn_table *table, size_t index, const char **key,
                                     const char **value);

/* --- its states --- */

/* The current snapshot; NULL: the table never had rows. */
FIRN_API const firn_snapshot *firn_table_snapshot(const firn_table *table);

/* All snapshots, oldest first.  NULL for an index out of range. */
FIRN_API size_t firn_table_snapshot_count(const firn_table *table);
FIRN_API const firn_snapshot *firn_table_snapshot_at(const firn_table *table, size_t index);
FIRN_API const firn_snapshot *firn_table_snapshot_by_id(const firn_table *table, int64_t id);

/* The snapshot that was current at a time; NULL: there was none. */
FIRN_API const firn_snapshot *firn_table_snapshot_as_of(const firn_table *table,
                                                        int64_t timestamp_ms);

/* Branches and tags.  NULL for an index out of range. */
FIRN_API size_t firn_table_ref_count(const firn_table *table);
FIRN_API const firn_ref *firn_table_ref_at(const firn_table *table, size_t index);
FIRN_API const firn_ref *firn_table_ref_by_name(const firn_table *table, const char *name);

FIRN_END_C

#endif
