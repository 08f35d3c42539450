/* SPDX-License-Identifier: Apache-2.0 */
/* parquet.h — Parquet files as a source: what columns they have, and what these become.
 *
 * The engine reads them; types and nesting are the file's own.  Files with the same columns make a
 * group, which one SELECT can read. */
#ifndef FIRN_PARQUET_H
#define FIRN_PARQUET_H

#include "engine/engine.h"
#include "format/layout.h"
#include "source/files.h"

/* A column of a file. */
typedef struct firn_parquet_column {
    firn_str name;
    firn_type type; /* of `value`; TIMESTAMP_NS as it is */
    firn_str value; /* SQL: the column, cast to a type that firn has */
    bool nothing;   /* has no type: all of it is null */
    bool refused;   /* set by firn_parquet_layout: the contract rejects rows that have a value */
    bool cut;       /* likewise: fields that the table's column has not are left out */
} firn_parquet_column;

typedef struct firn_parquet_group {
    firn_parquet_column *columns;
    size_t count;
    firn_str signature;
    size_t example; /* a file that has them, by its place */
} firn_parquet_group;

typedef struct firn_parquet {
    firn_parquet_group *groups;
    size_t group_count;
    size_t group_cap;
    size_t *group_of; /* by file */
    uint64_t *rows;   /* by file */
} firn_parquet;

/* Looks at the footers of all files; everything in `a`.  FIRN_E_DATA names a file that is damaged
 * or no Parquet, FIRN_E_UNSUPPORTED a column that no table can keep and that no `given` column
 * settles. */
FIRN_NODISCARD firn_code firn_parquet_look(const firn_engine_ops *ops, firn_session *s,
                                           const firn_source_file *files, size_t count,
                                           const firn_given *given, size_t given_count,
                                           firn_arena *a, firn_parquet *ret, firn_err *err);

typedef struct firn_parquet_in {
    const firn_layout *old;    /* of the existing table; NULL: none, or it is replaced */
    const firn_type *old_type; /* the table's columns with their defaults; NULL: none */
    const firn_given *given;
    size_t given_count;
    const firn_str *reserved;
    size_t reserved_count;
    const firn_layout_policy *policy; /* NULL: everything evolves */
    const firn_source_file *files;    /* for messages */
} firn_parquet_in;

typedef struct firn_parquet_out {
    const firn_layout
        *layout; /* its columns in order; fields that must have a value are required */
    firn_layout_note *notes;
    size_t note_count;
} firn_parquet_out;

/* Joins the columns of all groups with what is there and what was given.  FIRN_E_CONFLICT names
 * column and files where no type holds both. */
FIRN_NODISCARD firn_code firn_parquet_layout(const firn_parquet *p, const firn_parquet_in *in,
                                             firn_arena *a, firn_parquet_out *ret, firn_err *err);

/* The column of a group that goes to a column of the layout, or NULL. */
const firn_parquet_column *firn_parquet_column_of(const firn_parquet_group *g,
                                                  const firn_layout *to);

/* A condition that rows must hold to land. */
typedef struct firn_parquet_check {
    firn_str sql;  /* never null */
    firn_str path; /* of the column */
    firn_str reason;
    uint16_t id;
} firn_parquet_check;

/* Appends the SELECT list of a group for the columns of the layout: "a", CAST("b" AS …) AS "b", …;
 * *ret: the conditions, in `a`. */
FIRN_NODISCARD firn_code firn_parquet_select(const firn_parquet_group *g, const firn_layout *layout,
                                             const firn_given *given, size_t given_count,
                                             firn_arena *a, firn_buf *list,
                                             firn_parquet_check **ret, size_t *ret_count,
                                             firn_err *err);

/* Makes an error of the engine one that names the file; others stay as they are. */
firn_code firn_parquet_damaged(const firn_source_file *file, firn_err *err);

/* Appends "read_parquet(['…', '…'])" of files. */
FIRN_NODISCARD firn_code firn_parquet_from(const firn_source_file *files, size_t count,
                                           firn_buf *out, firn_err *err);

#endif
