/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h — which files must be opened to read a table, and what is to be done with each.
 *
 *   firn_scanner *s = NULL;
 *   status = firn_scanner_new(table, &s, &error);
 *   … firn_scanner_filter(s, firn_filter_compare("id", FIRN_EQUAL, firn_literal_integer(7)), …)
 *   … firn_scanner_plan(s, &error)
 *   for (size_t i = 0; i < firn_scanner_file_count(s); i++)
 *       read(firn_scanner_file(s, i)->file->path);
 *   firn_scanner_free(s);
 *
 * To have the rows read by the library, give the scanner to firn_scan() of firn.h.
 *
 * A scanner belongs to its table, which must not be refreshed, committed to or closed before it is
 * freed.  One thread at a time; what a planned scanner returns may be read by any. */
#ifndef FIRN_API_SCAN_H
#define FIRN_API_SCAN_H

#include <firn/file.h>
#include <firn/filter.h>
#include <firn/table.h>

FIRN_BEGIN_C

typedef struct firn_scanner firn_scanner;

/* Begins a scan of all rows of the current snapshot. */
FIRN_CHECKED FIRN_API firn_status firn_scanner_new(const firn_table *table, firn_scanner **ret,
                                                   firn_error *error);
FIRN_API void firn_scanner_free(firn_scanner *scanner); /* accepts NULL */

/* --- what is to be read: before firn_scanner_plan --- */

/* Another state: a snapshot, a time (milliseconds since 1970 UTC), a branch or tag.  Branches are
 * read with the table's current schema, all others with the schema the snapshot was written with.
 * FIRN_STATUS_NOT_FOUND; FIRN_STATUS_INVALID after a filter or a selection of columns. */
FIRN_CHECKED FIRN_API firn_status firn_scanner_use_snapshot(firn_scanner *scanner,
                                                            int64_t snapshot_id, firn_error *error);
FIRN_CHECKED FIRN_API firn_status firn_scanner_use_time(firn_scanner *scanner, int64_t timestamp_ms,
                                                        firn_error *error);
FIRN_CHECKED FIRN_API firn_status firn_scanner_use_ref(firn_scanner *scanner, const char *name,
                                                       firn_error *error);

/* The columns wanted, in this order: names of the schema's columns, not paths into them.  Without
 * this call: all. */
FIRN_CHECKED FIRN_API firn_status firn_scanner_select(firn_scanner *scanner,
                                                      const char *const *columns, size_t count,
                                                      firn_error *error);

/* Only rows for which the filter is true.  Takes the filter over, also on failure; NULL is
 * FIRN_STATUS_NO_MEMORY (see filter.h).  Several filters must all be true.  Names are looked up in
 * the schema of the state chosen before.
 * FIRN_STATUS_NOT_FOUND names a column that is not there, FIRN_STATUS_INVALID a value that is none
 * of its column's type. */
FIRN_CHECKED FIRN_API firn_status firn_scanner_filter(firn_scanner *scanner, firn_filter *filter,
                                                      firn_error *error);

/* --- the plan --- */

/* Reads manifests and leaves out those, and files, that hold no row for which the filter is true.
 * May be called once. */
FIRN_CHECKED FIRN_API firn_status firn_scanner_plan(firn_scanner *scanner, firn_error *error);

/* A data file to be read. */
typedef struct firn_planned_file {
    uint32_t size;
    uint32_t reserved;
    const firn_file *file;
    int64_t sequence_number; /* of its rows: deletes with greater (equality) or equal and greater
                                (position) numbers apply, and are those listed */
    int64_t snapshot_id;     /* that added it */

    /* Files of deletes that may concern it. */
    const firn_file *const *deletes;
    size_t delete_count;

    /* What is left of the filter after what the file's partition proves: the rows for which it is
     * true are wanted; NULL: all of them. */
    const firn_filter *residual;
} firn_planned_file;

/* The files, until the scanner is freed.  NULL for an index out of range, and before the plan. */
FIRN_API size_t firn_scanner_file_count(const firn_scanner *scanner);
FIRN_API const firn_planned_file *firn_scanner_file(const firn_scanner *scanner, size_t index);

/* What a plan leaves out and leaves in.  Set `size`. */
typedef struct firn_plan_counts {
    uint32_t size;
    uint32_t reserved;
    int64_t files;       /* in the plan */
    int64_t files_total; /* data files of the snapshot */
    int64_t rows;        /* in the files of the plan, deleted ones included */
    int64_t bytes;
    int64_t manifests_read;
    int64_t manifests_total;
} firn_plan_counts;
/* FIRN_STATUS_INVALID before the plan. */
FIRN_CHECKED FIRN_API firn_status firn_scanner_counts(const firn_scanner *scanner,
                                                      firn_plan_counts *ret, firn_error *error);

/* What is scanned: the snapshot (NULL: the table is empty), and the schema it is read with. */
FIRN_API const firn_snapshot *firn_scanner_snapshot(const firn_scanner *scanner);
FIRN_API const firn_schema *firn_scanner_schema(const firn_scanner *scanner);

/* The columns selected, in order. */
FIRN_API size_t firn_scanner_column_count(const firn_scanner *scanner);
FIRN_API const firn_field *firn_scanner_column(const firn_scanner *scanner, size_t index);

FIRN_END_C

#endif
