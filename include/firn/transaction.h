/* SPDX-License-Identifier: Apache-2.0 */
/* transaction.h — changes to a table that become visible together, or not at all.
 *
 *   firn_transaction *tx = NULL;
 *   status = firn_transaction_begin(table, &tx, &error);
 *   if (status == FIRN_STATUS_OK)
 *       status = firn_transaction_add_column(tx, "note", "string", NULL, &error);
 *   if (status == FIRN_STATUS_OK)
 *       status = firn_transaction_add_file(tx, &file, &error);
 *   if (status == FIRN_STATUS_OK)
 *       status = firn_transaction_commit(tx, NULL, &error);
 *   firn_transaction_free(tx);
 *
 * A transaction holds changes to columns, partitions, properties and refs (each is checked as it
 * comes, against the table with the changes so far) and at most one snapshot: files that are
 * added, alone or in the place of others, on the branch main.  Nothing is written before the
 * commit.  A call that fails leaves the transaction as it was.
 *
 * One thread at a time, together with its table. */
#ifndef FIRN_API_TRANSACTION_H
#define FIRN_API_TRANSACTION_H

#include <firn/file.h>
#include <firn/table.h>

FIRN_BEGIN_C

typedef struct firn_transaction firn_transaction;

/* Begins on the table's state as it was loaded.  FIRN_STATUS_UNSUPPORTED: the table is read only.
 */
FIRN_CHECKED FIRN_API firn_status firn_transaction_begin(firn_table *table, firn_transaction **ret,
                                                         firn_error *error);

/* Gives a transaction up, or frees it after its commit.  Accepts NULL. */
FIRN_API void firn_transaction_free(firn_transaction *tx);

/* --- columns: named by dotted paths, as they are called with the changes so far --- */

/* Adds an optional column at the end of the table, or ("address.zip") of a struct.  `type` as in
 * firn_schema_builder_add; doc may be NULL.  FIRN_STATUS_EXISTS. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_add_column(firn_transaction *tx,
                                                              const char *path, const char *type,
                                                              const char *doc, firn_error *error);
/* Adds a column of format version 3 with a default: that of the rows that are there already and of
 * new ones that do not give it.  required: it is never null. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_add_column_default(
    firn_transaction *tx, const char *path, const char *type, firn_literal value, bool required,
    const char *doc, firn_error *error);
/* FIRN_STATUS_NOT_FOUND; FIRN_STATUS_INVALID for one that partitions or order need. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_drop_column(firn_transaction *tx,
                                                               const char *path, firn_error *error);
/* `name` is the new last part of the path. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_rename_column(firn_transaction *tx,
                                                                 const char *path, const char *name,
                                                                 firn_error *error);
/* int → long, float → double, decimals with more digits before the point. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_widen_column(firn_transaction *tx,
                                                                const char *path, const char *type,
                                                                firn_error *error);
/* Lets a required column be null. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_make_optional(firn_transaction *tx,
                                                                 const char *path,
                                                                 firn_error *error);
/* Puts a column first (after == NULL) or behind another one of its struct. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_move_column(firn_transaction *tx,
                                                               const char *path, const char *after,
                                                               firn_error *error);
/* doc == NULL takes the description away. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_describe_column(firn_transaction *tx,
                                                                   const char *path,
                                                                   const char *doc,
                                                                   firn_error *error);
/* The columns that identify a row from now on; required ones; count == 0: none. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_identify_by(firn_transaction *tx,
                                                               const char *const *paths,
                                                               size_t count, firn_error *error);

/* --- partitions, order --- */

/* How files written from now on are parted (partition.h); count == 0: not at all. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_partition_by(firn_transaction *tx,
                                                                const char *const *terms,
                                                                size_t count, firn_error *error);
/* In which order their rows should lie; count == 0: in none. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_sort_by(firn_transaction *tx,
                                                           const char *const *terms, size_t count,
                                                           firn_error *error);

/* --- properties, refs, version --- */

/* value == NULL removes the property: FIRN_STATUS_NOT_FOUND if it is not set. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_set_property(firn_transaction *tx,
                                                                const char *key, const char *value,
                                                                firn_error *error);

typedef enum firn_ref_kind { FIRN_REF_TAG = 0, FIRN_REF_BRANCH = 1 } firn_ref_kind;

/* How long a ref is kept by those who expire snapshots. */
typedef struct firn_ref_retention {
    uint32_t size;
    uint32_t reserved;             /* 0 */
    int64_t max_ref_age_ms;        /* then the ref itself goes; 0: not said, as in the next two */
    int64_t min_snapshots_to_keep; /* of branches */
    int64_t max_snapshot_age_ms;   /* of branches */
} firn_ref_retention;

/* Makes a branch or tag, or moves the one of this name.  snapshot_id == FIRN_NONE: the current
 * snapshot.  retention may be NULL. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_set_ref(firn_transaction *tx, firn_ref_kind kind,
                                                           const char *name, int64_t snapshot_id,
                                                           const firn_ref_retention *retention,
                                                           firn_error *error);
FIRN_CHECKED FIRN_API firn_status firn_transaction_drop_ref(firn_transaction *tx,
                                                            firn_ref_kind kind, const char *name,
                                                            firn_error *error);
/* Moves a branch (also "main") to a descendant: where another branch or tag stands. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_fast_forward(firn_transaction *tx,
                                                                const char *branch, const char *to,
                                                                firn_error *error);
/* 1 → 2 → 3; never back. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_upgrade(firn_transaction *tx,
                                                           int32_t format_version,
                                                           firn_error *error);

/* --- files --- */

/* Adds a data file that is in its place already.  Copied.  The library does not open it: the
 * caller answers for what it says of it; what contradicts the table (partition values, unknown
 * columns, negative counts, bounds that are not in order) is FIRN_STATUS_INVALID, a path that was
 * given before FIRN_STATUS_EXISTS.  Columns must carry the field ids of firn_table_schema(). */
FIRN_CHECKED FIRN_API firn_status firn_transaction_add_file(firn_transaction *tx,
                                                            const firn_file *file,
                                                            firn_error *error);

/* What becomes of the files that are there; FIRN_KEEP unless said. */
typedef enum firn_replacement {
    FIRN_KEEP = 0,
    FIRN_REPLACE_TABLE = 1,     /* the files added are all there is afterwards */
    FIRN_REPLACE_PARTITIONS = 2 /* … in the partitions that they touch */
} firn_replacement;
/* Says so for the files added, whether before or after this call. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_replace(firn_transaction *tx,
                                                           firn_replacement replacement,
                                                           firn_error *error);

/* Notes something in the summary of the snapshot.  Keys that the library writes itself
 * ("operation", "added-…", "total-…") are FIRN_STATUS_INVALID. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_note(firn_transaction *tx, const char *key,
                                                        const char *value, firn_error *error);

/* --- the end --- */

/* What a commit did.  Set `size`. */
typedef struct firn_commit_result {
    uint32_t size;
    uint32_t reserved;
    int64_t snapshot_id; /* FIRN_NONE: it made no snapshot */
} firn_commit_result;

/* Makes everything visible.  When others commit at the same time, changes that go together with
 * theirs are tried again (20 times, with growing waits); so appends never conflict with appends.
 *   FIRN_STATUS_OK              the table handle holds the new state
 *   FIRN_STATUS_CONFLICT        the change does not go together with another: nothing is visible
 *   FIRN_STATUS_COMMIT_UNKNOWN  see error.h: delete none of the files
 * After any other failure nothing is visible and what the library wrote is removed again; data
 * files given are the caller's.  A transaction without changes is FIRN_STATUS_OK and writes
 * nothing.  May be called once.  result may be NULL. */
FIRN_CHECKED FIRN_API firn_status firn_transaction_commit(firn_transaction *tx,
                                                          firn_commit_result *result,
                                                          firn_error *error);

FIRN_END_C

#endif
