/* SPDX-License-Identifier: Apache-2.0 */
/* view.h — an Iceberg snapshot as a SELECT over its Parquet files, columns found by field id, rows
 * that were deleted left out. */
#ifndef FIRN_VIEW_H
#define FIRN_VIEW_H

#include "engine/engine.h"
#include "iceberg/moved.h"
#include "iceberg/scan.h"

/* Appends the path of a file as read_parquet wants it, which takes every path for a pattern.
 * FIRN_E_UNSUPPORTED for one that it cannot be told. */
FIRN_NODISCARD firn_code firn_view_add_path(firn_str path, firn_buf *out, firn_err *err);

/* Columns that no file has: where a row is, and since when. */
typedef enum firn_meta_column {
    FIRN_META_FILE = 1 << 0,     /* _file string: path of the data file, as in the manifest */
    FIRN_META_POS = 1 << 1,      /* _pos long: place in the file, from 0 */
    FIRN_META_ROW_ID = 1 << 2,   /* _row_id long: null in tables before version 3 */
    FIRN_META_SEQUENCE = 1 << 3, /* _last_updated_sequence_number long: the same */
    FIRN_META_SPEC_ID = 1 << 4,  /* _spec_id int: of the file's partition */
} firn_meta_column;

enum { FIRN_META_COLUMN_COUNT = 5 };

/* The column's name for bit `i`, and the bit of a name (letters in any case); 0: none. */
const char *firn_meta_column_name(unsigned i);
unsigned firn_meta_column_of(firn_str name);

/* Those of them that no column of the schema hides by its name. */
unsigned firn_meta_columns_for(const firn_type *schema, unsigned meta_columns);

/* FIRN_E_UNSUPPORTED names the first column, at any depth, of a type that is not read. */
FIRN_NODISCARD firn_code firn_view_refuse_types(const firn_type *schema, firn_err *err);

/* Finds files whose rows are in a table of the engine, with columns c0, c1, … of *ret_type, and not
 * on a disk; .p == NULL: it is a file like any other. */
typedef struct firn_view_memory {
    void *arg;
    firn_str (*table)(void *arg, firn_str file_path, const firn_type **ret_type);
} firn_view_memory;

/* What a view reads. */
typedef struct firn_view_request {
    const firn_io *io; /* deletion vectors are read through it */
    const firn_metadata *metadata;
    const firn_schema *schema; /* to read with: the current one, or a snapshot's own */
    const firn_scan_plan *plan;
    unsigned meta_columns; /* FIRN_META_… behind the schema's columns */
    /* NULL: files lie where their paths say; else the engine opens firn_moved_place(path) */
    const firn_moved *moved;
    const firn_view_memory *memory; /* NULL: all files are files */
} firn_view_request;

/* What views keep in the engine while they are in use: bitmaps of deleted rows, mostly. */
typedef struct firn_view_keep {
    const firn_engine_ops *ops;
    firn_engine *engine;
    firn_arena *arena;
    FIRN_VEC(int64_t) sets;
} firn_view_keep;

/* Takes everything out of the engine again; no view may be in use.  Accepts a zeroed one. */
void firn_view_close(firn_view_keep *keep);

/* Appends a SELECT that returns the schema's columns, and then the metadata columns asked for,
 * from the plan's files.  Columns that a file does not have are their initial default or null,
 * narrower ones are widened; renamed fields inside of structs and lists are found by id as well,
 * files without ids by the table's name mapping (then the files' own schemas are looked up through
 * the session).  Rows deleted by position, by deletion vector or by key are left out.  What the
 * SELECT needs in the engine goes into `keep`, which lives at least as long as the view.
 * FIRN_E_UNSUPPORTED names a column of a type that is not read. */
FIRN_NODISCARD firn_code firn_view_select(firn_session *s, const firn_view_request *rq,
                                          firn_view_keep *keep, firn_buf *out, firn_err *err);

/* The same over files given by path that all have the schema given (files not committed yet). */
FIRN_NODISCARD firn_code firn_view_select_paths(const firn_type *schema, const firn_str *paths,
                                                size_t count, firn_buf *out, firn_err *err);

/* The same for such a table, with metadata columns that are null behind the schema's. */
FIRN_NODISCARD firn_code firn_view_select_memory(const firn_type *schema, unsigned meta_columns,
                                                 firn_str table, const firn_type *have,
                                                 firn_buf *out, firn_err *err);

/* Appends a default of the metadata as an expression of a type. */
FIRN_NODISCARD firn_code firn_view_default(const firn_type *t, firn_str json, firn_buf *out,
                                           firn_err *err);

#endif
