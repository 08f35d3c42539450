/* SPDX-License-Identifier: Apache-2.0 */
/* evolve.h — changes to what a table is: columns, partitions, sort order, branches and tags,
 * properties, format version.
 *
 * An evolution begins on a table's metadata, takes any number of changes, each checked as it comes,
 * and ends as updates for one commit: all of it or none.  After a failed change it must not be used
 * any more, unless the code is FIRN_E_NOTFOUND or FIRN_E_EXISTS: then nothing was changed, and the
 * caller may go on (IF EXISTS, IF NOT EXISTS).
 *
 * Columns are named by dotted paths: "city", "address.city", in lists and maps
 * "lines.element.amount", "m.value.x" or, shorter, "lines.amount", "m.x".  A name that holds a dot
 * matches as a whole; where no name is equal, one that differs only in case is meant.
 *
 * Codes that callers branch on, beside those of memory:
 *   FIRN_E_NOTFOUND     there is no such column, field, ref or snapshot (advice: the nearest)
 *   FIRN_E_EXISTS       there is one already
 *   FIRN_E_UNSUPPORTED  the table's format version does not have it (advice: upgrade)
 *   FIRN_E_INVAL        Iceberg, or firn, does not allow it; the text says why
 * Source: Iceberg table spec, "Schema Evolution", "Partition Evolution", "Snapshot References";
 * Java's SchemaUpdate and BaseUpdatePartitionSpec for names; ICEBERG.md §5.1, §9. */
#ifndef FIRN_EVOLVE_H
#define FIRN_EVOLVE_H

#include "iceberg/metadata.h"
#include "iceberg/sort_order.h"

typedef struct firn_evolution firn_evolution;

/* Begins on `base`, which lives as long as `a`.  Everything handed in may go once its call has
 * returned.  Not for two threads at once. */
FIRN_NODISCARD firn_code firn_evolve_begin(const firn_metadata *base, firn_arena *a,
                                           firn_evolution **ret, firn_err *err);

/* Appends what has changed to `u`: nothing if nothing has.  May be called once. */
FIRN_NODISCARD firn_code firn_evolve_updates(firn_evolution *e, firn_updates *u, firn_err *err);

/* Appends what has changed for a person: one line a change, beginning with "+ ", "- " or "~ ". */
FIRN_NODISCARD firn_code firn_evolve_print(const firn_evolution *e, firn_buf *out, firn_err *err);

/* The columns as they are with the changes so far. */
const firn_type *firn_evolve_columns(const firn_evolution *e);

/* A column by its path, or NULL; it lives until the next change. */
const firn_field *firn_evolve_column(const firn_evolution *e, firn_str path);

/* --- columns ------------------------------------------------------------------------------- */

typedef enum firn_move_kind {
    FIRN_MOVE_NONE, /* a new column: at the end */
    FIRN_MOVE_FIRST,
    FIRN_MOVE_AFTER,
    FIRN_MOVE_BEFORE,
} firn_move_kind;

/* A place within a struct. */
typedef struct firn_move {
    firn_move_kind kind;
    firn_str other; /* AFTER, BEFORE: a column of the same struct, its name or its whole path */
} firn_move;

typedef struct firn_new_column {
    firn_str path;         /* the parent must be there: "address.city" */
    const firn_type *type; /* ids in it mean nothing; new ones are given */
    bool required;         /* needs a default and format version 3 */
    firn_str doc;          /* .p == NULL: none */
    /* Primitive types, format version 3: what rows written before have, and what rows get that are
     * written without the column; JSON of a single value as in firn_field.  .p == NULL: null. */
    firn_str initial_default;
    firn_str write_default;
    firn_move place;
} firn_new_column;

FIRN_NODISCARD firn_code firn_evolve_add_column(firn_evolution *e, const firn_new_column *c,
                                                firn_err *err);
/* Refused for columns that the partition spec, the sort order or the identifier fields use. */
FIRN_NODISCARD firn_code firn_evolve_drop_column(firn_evolution *e, firn_str path, firn_err *err);
/* `name` is the new last part of the path. */
FIRN_NODISCARD firn_code firn_evolve_rename_column(firn_evolution *e, firn_str path, firn_str name,
                                                   firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_move_column(firn_evolution *e, firn_str path, firn_move place,
                                                 firn_err *err);
/* int→long, float→double, decimals with more digits before the point; version 3: date→timestamp,
 * unknown→anything.  Structs, lists and maps change by their parts. */
FIRN_NODISCARD firn_code firn_evolve_column_type(firn_evolution *e, firn_str path,
                                                 const firn_type *type, firn_err *err);
/* required == true is refused unless the column is required already. */
FIRN_NODISCARD firn_code firn_evolve_column_required(firn_evolution *e, firn_str path,
                                                     bool required, firn_err *err);
/* doc.p == NULL takes it away. */
FIRN_NODISCARD firn_code firn_evolve_column_doc(firn_evolution *e, firn_str path, firn_str doc,
                                                firn_err *err);
/* Format version 3; JSON as in firn_field, .p == NULL takes it away. */
FIRN_NODISCARD firn_code firn_evolve_write_default(firn_evolution *e, firn_str path, firn_str json,
                                                   firn_err *err);
/* The JSON of a default from what a person writes for a value of the type: 5, 'a text', true,
 * 2025-05-31, X'00ff' or 00ff.  FIRN_E_INVAL if the text is no value of the type. */
FIRN_NODISCARD firn_code firn_evolve_default(const firn_type *type, firn_str text, firn_arena *a,
                                             firn_str *ret_json, firn_err *err);

/* Required primitive columns that identify a row; not float, not double, not in lists and maps.
 * The columns given are all there are afterwards (none: count == 0). */
FIRN_NODISCARD firn_code firn_evolve_set_identifiers(firn_evolution *e, const firn_str *paths,
                                                     size_t count, firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_drop_identifiers(firn_evolution *e, const firn_str *paths,
                                                      size_t count, firn_err *err);

/* --- partitions ---------------------------------------------------------------------------- */

/* Adds a field at the end of the spec.  name.p == NULL: as Java's UpdatePartitionSpec calls it
 * (ts_day, id_bucket_16, data_trunc_4; the column's own name for identity). */
FIRN_NODISCARD firn_code firn_evolve_add_partition(firn_evolution *e,
                                                   const firn_partition_term *term, firn_str name,
                                                   firn_err *err);
/* Removes a field, by its term or by its name; in format version 1 its transform becomes void. */
FIRN_NODISCARD firn_code firn_evolve_drop_partition(firn_evolution *e,
                                                    const firn_partition_term *term, firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_drop_partition_named(firn_evolution *e, firn_str name,
                                                          firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_rename_partition(firn_evolution *e, firn_str name,
                                                      firn_str new_name, firn_err *err);
/* The terms given are all there are afterwards; fields that stay keep id and name. */
FIRN_NODISCARD firn_code firn_evolve_partition_by(firn_evolution *e,
                                                  const firn_partition_term *terms, size_t count,
                                                  firn_err *err);

/* --- sort order ---------------------------------------------------------------------------- */

/* count == 0: unsorted. */
FIRN_NODISCARD firn_code firn_evolve_sort_by(firn_evolution *e, const firn_sort_term *terms,
                                             size_t count, firn_err *err);

/* --- branches and tags --------------------------------------------------------------------- */

/* What a ref says about its being kept; -1: nothing. */
typedef struct firn_retention {
    int64_t max_ref_age_ms;
    int64_t min_snapshots_to_keep; /* branches */
    int64_t max_snapshot_age_ms;   /* branches */
} firn_retention;
#define FIRN_RETENTION_NONE ((firn_retention){-1, -1, -1})

/* Which refs a change of a ref is for. */
typedef enum firn_ref_mode {
    FIRN_REF_CREATE,           /* FIRN_E_EXISTS if there is one of the name */
    FIRN_REF_REPLACE,          /* FIRN_E_NOTFOUND if there is none */
    FIRN_REF_CREATE_OR_REPLACE /* either */
} firn_ref_mode;

typedef struct firn_ref_change {
    firn_str name;
    bool is_branch;
    firn_ref_mode mode;
    int64_t snapshot_id; /* FIRN_NO_SNAPSHOT: the current one */
    firn_retention retention;
} firn_ref_change;

/* Makes or moves a branch or tag.  A tag does not become a branch, nor the other way round; main is
 * not moved (that is a rollback), and the tag `firn` is firn's own. */
FIRN_NODISCARD firn_code firn_evolve_set_ref(firn_evolution *e, const firn_ref_change *c,
                                             firn_err *err);
/* Moves a branch (main too) to where another branch or tag stands, which must be a descendant. */
FIRN_NODISCARD firn_code firn_evolve_fast_forward(firn_evolution *e, firn_str branch, firn_str to,
                                                  firn_err *err);
/* Sets what is not -1 in `r`; main has no max_ref_age_ms. */
FIRN_NODISCARD firn_code firn_evolve_retention(firn_evolution *e, firn_str name,
                                               const firn_retention *r, firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_drop_ref(firn_evolution *e, firn_str name, bool is_branch,
                                              firn_err *err);
FIRN_NODISCARD firn_code firn_evolve_rename_branch(firn_evolution *e, firn_str name,
                                                   firn_str new_name, firn_err *err);

/* --- the table ----------------------------------------------------------------------------- */

/* Keys that are no properties but settings of the format (format-version, location, uuid …) and
 * those that firn keeps its own state in (firn.…) are refused. */
FIRN_NODISCARD firn_code firn_evolve_set_property(firn_evolution *e, firn_str key, firn_str value,
                                                  firn_err *err);
/* FIRN_E_NOTFOUND if it is not set. */
FIRN_NODISCARD firn_code firn_evolve_unset_property(firn_evolution *e, firn_str key, firn_err *err);
/* 1 → 2 → 3; never back. */
FIRN_NODISCARD firn_code firn_evolve_format_version(firn_evolution *e, int version, firn_err *err);
/* Where new files go; those that are there stay where they are. */
FIRN_NODISCARD firn_code firn_evolve_location(firn_evolution *e, firn_str uri, firn_err *err);

#endif
