/* SPDX-License-Identifier: Apache-2.0 */
/* metadata_table.h — a table's metadata as tables: t$snapshots, t$files, …
 *
 * Names, order and types of the columns are those of Iceberg's own metadata tables (Java 1.10, as
 * Spark shows them).  Rows are read while they are asked for: of files one manifest at a time.
 * The three functions at the end are those of a firn_row_source. */
#ifndef FIRN_METADATA_TABLE_H
#define FIRN_METADATA_TABLE_H

#include "base/column.h"
#include "iceberg/manifest.h"

typedef enum firn_metadata_table_kind {
    FIRN_MT_SNAPSHOTS,
    FIRN_MT_HISTORY,
    FIRN_MT_REFS,
    FIRN_MT_METADATA_LOG_ENTRIES,
    FIRN_MT_PROPERTIES,
    FIRN_MT_MANIFESTS,
    FIRN_MT_PARTITIONS,
    FIRN_MT_FILES,
    FIRN_MT_DATA_FILES,
    FIRN_MT_DELETE_FILES,
    FIRN_MT_ENTRIES,
    FIRN_MT_ALL_MANIFESTS,
    FIRN_MT_ALL_FILES,
    FIRN_MT_ALL_DATA_FILES,
    FIRN_MT_ALL_DELETE_FILES,
    FIRN_MT_ALL_ENTRIES,
    FIRN_MT_KIND_COUNT
} firn_metadata_table_kind;

/* Finds the kind by the word behind the '$', "files", without regard to case; false if there is no
 * such metadata table. */
bool firn_metadata_table_find(firn_str word, firn_metadata_table_kind *ret);

/* The word of a kind. */
const char *firn_metadata_table_word(firn_metadata_table_kind kind);

/* Raises FIRN_E_SQL: there is no metadata table of this word; the advice names the nearest one, or
 * all. */
firn_code firn_metadata_table_unknown(firn_str word, firn_err *err);

/* Whether the table depends on a snapshot, so that AT makes sense.  The others (snapshots, history,
 * refs, all_…) are of the whole table. */
bool firn_metadata_table_takes_at(firn_metadata_table_kind kind);

typedef struct firn_metadata_table firn_metadata_table;

/* Opens one at a snapshot (NULL: an empty table); everything lives in `a`, which must outlive the
 * workers, as must `io` and `m`.  Nothing is read yet.
 * FIRN_E_UNSUPPORTED if partition fields of different specs contradict each other. */
FIRN_NODISCARD firn_code firn_metadata_table_open(const firn_io *io, const firn_metadata *m,
                                                  const firn_snapshot *s,
                                                  firn_metadata_table_kind kind, firn_arena *a,
                                                  const firn_metadata_table **ret, firn_err *err);

/* The columns, a struct; types are such that the engine can take them (fixed becomes binary). */
const firn_type *firn_metadata_table_type(const firn_metadata_table *t);

/* For firn_row_source: arg is the firn_metadata_table; `threads` must be 1, as each worker returns
 * all rows (a statement that reads the table twice opens two). */
FIRN_NODISCARD firn_code firn_metadata_table_worker(void *table, void **ret, firn_err *err);
FIRN_NODISCARD firn_code firn_metadata_table_fill(void *worker, firn_column *root, size_t max,
                                                  size_t *ret_rows, firn_err *err);
void firn_metadata_table_worker_close(void *worker);

#endif
