/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.h — metadata.json: reading versions 1 to 3, changing it, writing it back.
 *
 * The JSON tree that was read stays the truth: changes edit a copy of it, so that fields of other
 * engines survive.  The structs are a view of the tree, valid as long as their arena.
 * Source: Iceberg table spec, "Table Metadata", Appendix C; ICEBERG.md §3. */
#ifndef FIRN_METADATA_H
#define FIRN_METADATA_H

#include "base/io.h"
#include "iceberg/partition.h"
#include "iceberg/schema.h"

#define FIRN_NO_SNAPSHOT INT64_C(-1)

typedef struct firn_snapshot {
    int64_t snapshot_id;
    int64_t parent_id; /* FIRN_NO_SNAPSHOT: none */
    int64_t sequence_number;
    int64_t timestamp_ms;
    int32_t schema_id;      /* -1: not said */
    firn_str manifest_list; /* .p == NULL: a snapshot of version 1 that lists manifests itself */
    const json_t *manifests;
    const json_t *summary; /* object or NULL */
    int64_t first_row_id;  /* -1: made before version 3 */
    int64_t added_rows;    /* -1: not said */
    firn_str key_id;       /* of the key its manifest list is encrypted with; .p == NULL: none */
} firn_snapshot;

typedef struct firn_ref {
    firn_str name;
    int64_t snapshot_id;
    bool is_branch;
    int64_t max_ref_age_ms; /* these three: -1 if not said */
    int64_t min_snapshots_to_keep;
    int64_t max_snapshot_age_ms;
} firn_ref;

/* Where a snapshot stands in the list. */
typedef struct firn_snapshot_place {
    int64_t snapshot_id;
    size_t place;
} firn_snapshot_place;

typedef struct firn_metadata {
    json_t *root;              /* owned through the arena */
    firn_str location_of_file; /* where this metadata was read from; "" for a table to be */
    int32_t format_version;
    firn_str uuid;
    firn_str location; /* of the table, without a slash at the end */
    int64_t last_sequence_number;
    int64_t last_updated_ms;
    int32_t last_column_id;
    int32_t last_partition_id;
    firn_schema *schemas;
    size_t schema_count;
    const firn_schema *schema; /* the current one */
    firn_spec *specs;
    size_t spec_count;
    const firn_spec *spec; /* the default one */
    int32_t default_sort_order_id;
    int64_t next_row_id;      /* version 3; else 0 */
    const json_t *properties; /* object or NULL */
    int64_t current_snapshot_id;
    firn_snapshot *snapshots;
    size_t snapshot_count;
    firn_snapshot_place *snapshots_by_id; /* ascending ids */
    firn_ref *refs;
    size_t ref_count;
} firn_metadata;

/* Reads metadata.json (plain or gzip) from memory.  FIRN_E_UNSUPPORTED for version 4 and later and
 * for what firn does not know; FIRN_E_DATA for what contradicts itself. */
FIRN_NODISCARD firn_code firn_metadata_parse(firn_slice text, firn_str location_of_file,
                                             firn_arena *a, const firn_metadata **ret,
                                             firn_err *err);

/* Reads it through `io`. */
FIRN_NODISCARD firn_code firn_metadata_load(const firn_io *io, firn_str location, firn_arena *a,
                                            const firn_metadata **ret, firn_err *err);

/* Lookups; NULL if there is none. */
const firn_snapshot *firn_metadata_snapshot(const firn_metadata *m, int64_t snapshot_id);
const firn_snapshot *firn_metadata_current(const firn_metadata *m);
const firn_schema *firn_metadata_schema(const firn_metadata *m, int32_t schema_id);
const firn_spec *firn_metadata_spec(const firn_metadata *m, int32_t spec_id);
const firn_ref *firn_metadata_ref(const firn_metadata *m, firn_str name);

/* Result type of a partition field: the source column is looked for in the current schema, then in
 * older ones.  False, and string in *ret, if firn cannot tell: the transform is of a later version,
 * or no schema has the source any more. */
bool firn_metadata_partition_type(const firn_metadata *m, const firn_partition_field *f,
                                  firn_type *ret);
/* The types of all fields of a spec, in `a`. */
FIRN_NODISCARD firn_code firn_metadata_partition_types(const firn_metadata *m,
                                                       const firn_spec *spec, firn_arena *a,
                                                       firn_type **ret, firn_err *err);

/* The spec that must be there: FIRN_E_DATA if it is not. */
FIRN_NODISCARD firn_code firn_metadata_need_spec(const firn_metadata *m, int64_t spec_id,
                                                 const firn_spec **ret, firn_err *err);

/* The spec of the file looked at last, for who looks at one file after the other; {0} before. */
typedef struct firn_spec_use {
    const firn_spec *spec;
    firn_type *types; /* of its fields */
} firn_spec_use;
/* Makes *use that of a spec, its types in `a`, which must be the same one for each call. */
FIRN_NODISCARD firn_code firn_metadata_use_spec(const firn_metadata *m, int32_t spec_id,
                                                firn_arena *a, firn_spec_use *use, firn_err *err);

/* Returns the snapshot that was current at a time: the newest entry of the snapshot log not later
 * than it.  NULL if there is none. */
const firn_snapshot *firn_metadata_as_of(const firn_metadata *m, int64_t timestamp_ms);

/* Returns a table property, .p == NULL if it is not set; or as a number, `otherwise` if it is not
 * set or not one. */
firn_str firn_metadata_property(const firn_metadata *m, const char *key);
int64_t firn_metadata_property_i64(const firn_metadata *m, const char *key, int64_t otherwise);

/* Returns a summary entry of a snapshot, .p == NULL if it is absent. */
firn_str firn_snapshot_summary(const firn_snapshot *s, const char *key);

/* --- changes ------------------------------------------------------------------------------- */

/* A list of changes in the words of the REST catalog's `updates` ({"action": "add-snapshot", …}).
 * A catalog server gets it as it is; for the others it is applied here. */
typedef struct firn_updates {
    json_t *list; /* array; owned through the arena */
    firn_arena *arena;
} firn_updates;

FIRN_NODISCARD firn_code firn_updates_new(firn_arena *a, firn_updates *ret, firn_err *err);

FIRN_NODISCARD firn_code firn_update_assign_uuid(firn_updates *u, const char *uuid, firn_err *err);
FIRN_NODISCARD firn_code firn_update_format_version(firn_updates *u, int version, firn_err *err);
FIRN_NODISCARD firn_code firn_update_location(firn_updates *u, firn_str location, firn_err *err);
/* Adds a schema and makes it the current one; last_column_id as after firn_schema_assign_ids. */
FIRN_NODISCARD firn_code firn_update_schema(firn_updates *u, const firn_schema *s,
                                            int32_t last_column_id, firn_err *err);
/* Adds a spec and makes it the default. */
FIRN_NODISCARD firn_code firn_update_spec(firn_updates *u, const firn_spec *s, firn_err *err);
/* Adds the unsorted order; part of creating a table. */
FIRN_NODISCARD firn_code firn_update_unsorted(firn_updates *u, firn_err *err);
FIRN_NODISCARD firn_code firn_update_property(firn_updates *u, const char *key, firn_str value,
                                              firn_err *err);
FIRN_NODISCARD firn_code firn_update_remove_property(firn_updates *u, const char *key,
                                                     firn_err *err);
/* Adds a snapshot from its JSON, taking the reference over. */
FIRN_NODISCARD firn_code firn_update_snapshot(firn_updates *u, json_t *snapshot, firn_err *err);
FIRN_NODISCARD firn_code firn_update_ref(firn_updates *u, const char *name, int64_t snapshot_id,
                                         bool branch, firn_err *err);

/* Applies the changes to `base` (NULL: a new table) and returns the metadata that results, with
 * clock and metadata log brought forward.  `now_ms` is the wall clock; it never goes back behind
 * the base's.  FIRN_E_CONFLICT when a change contradicts the base. */
FIRN_NODISCARD firn_code firn_metadata_apply(const firn_metadata *base, const firn_updates *u,
                                             int64_t now_ms, firn_arena *a,
                                             const firn_metadata **ret, firn_err *err);

/* Prints the JSON as it is written to a file. */
FIRN_NODISCARD firn_code firn_metadata_print(const firn_metadata *m, firn_buf *out, firn_err *err);

/* --- names of files ------------------------------------------------------------------------ */

/* "<location>/metadata" or write.metadata.path; the folder of data files: location.h. */
FIRN_NODISCARD firn_code firn_metadata_folder_of(firn_str location, const json_t *properties,
                                                 firn_arena *a, firn_str *ret, firn_err *err);
FIRN_NODISCARD firn_code firn_metadata_folder(const firn_metadata *m, firn_arena *a, firn_str *ret,
                                              firn_err *err);
FIRN_NODISCARD firn_code firn_data_folder(const firn_metadata *m, firn_arena *a, firn_str *ret,
                                          firn_err *err);

/* The number in "…/00012-uuid.metadata.json" or "…/v12.metadata.json"; -1 if there is none. */
int64_t firn_metadata_file_version(firn_str location);

#endif
