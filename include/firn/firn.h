/* SPDX-License-Identifier: Apache-2.0 */
/* firn.h — rows in and out of Iceberg tables over Arrow streams: libfirn (pkg-config firn).
 *
 * libfirn holds everything of libfirn-iceberg: link one of them.  Parquet is read and written by
 * the SQL engine, a module (firn_engine_duckdb.so) that is loaded from lib/firn beside the library
 * at the first use. */
#ifndef FIRN_API_FIRN_H
#define FIRN_API_FIRN_H

#include <firn/iceberg.h>

FIRN_BEGIN_C

/* How the engine works.  Zero it, set `size`; or pass NULL. */
typedef struct firn_engine_options {
    uint32_t size;
    uint32_t threads;           /* 0: as many as there are processors, 8 at most */
    uint64_t memory_bytes;      /* the engine's buffers; 0: 1 GiB */
    const char *scratch_folder; /* for files being written and for spilling; absolute; must be on
                                   the file system of local tables.  NULL: a hidden folder in the
                                   table's (or, with a storage of your own, in $TMPDIR or /tmp) */
} firn_engine_options;

enum {
    FIRN_WRITE_IGNORE_EXTRA = 1 << 0 /* columns of the stream that the table does not have */
};

/* Writes the rows of a stream as data files of the table and adds them to the transaction, as
 * firn_transaction_add_file does; nothing of them is visible before its commit, and
 * firn_transaction_free of one that was not committed removes them.
 *
 * Columns are matched by field id (PARQUET:field_id) where the stream has ids, else by name; values
 * become values of the table's types exactly or the call fails.  Columns of the table that the
 * stream does not have get their default, else null (FIRN_STATUS_INVALID if required).  The stream
 * is read to its end and released by the library, whatever happens; its batches are read one at a
 * time, in order. The transaction must not have changed columns or partitions before.
 *
 *   flags     FIRN_WRITE_…
 *   ret_rows  how many were written; may be NULL
 * FIRN_STATUS_INVALID names a column that does not fit, FIRN_STATUS_DATA a value. */
FIRN_CHECKED FIRN_API firn_status firn_write(firn_transaction *tx, struct ArrowArrayStream *stream,
                                             uint32_t flags, const firn_engine_options *options,
                                             int64_t *ret_rows, firn_error *error);

/* Appends the rows of a stream to a table in one commit: firn_write in a transaction of its own.
 * The table handle holds the new state afterwards.  A stream without rows commits nothing. */
FIRN_CHECKED FIRN_API firn_status firn_append(firn_table *table, struct ArrowArrayStream *stream,
                                              const firn_engine_options *options,
                                              firn_error *error);

/* Returns the rows of a scan as a stream: columns selected, filter applied, deleted rows left out,
 * in no particular order; batches of up to 65,536 rows; PARQUET:field_id in the metadata of the
 * fields.  Plans the scanner if that was not done.  The caller calls ret->release, before the
 * scanner is freed; reading need not come to the end.  The stream is one thread's at a time. */
FIRN_CHECKED FIRN_API firn_status firn_scan(firn_scanner *scanner,
                                            const firn_engine_options *options,
                                            struct ArrowArrayStream *ret, firn_error *error);

FIRN_END_C

#endif
