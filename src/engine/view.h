/* SPDX-License-Identifier: Apache-2.0 */
/* view.h — an Iceberg snapshot as a SELECT over its Parquet files, columns found by field id. */
#ifndef FIRN_VIEW_H
#define FIRN_VIEW_H

#include "engine/engine.h"
#include "iceberg/scan.h"

/* Appends a SELECT that returns the table's current columns from these files.  Columns a file
 * does not have are null, narrower ones are widened; renamed fields inside of structs and lists are
 * found by id as well (then the files' own schemas are looked up through the session).
 * FIRN_E_UNSUPPORTED for a file without ids in a table with a name mapping. */
FIRN_NODISCARD firn_code firn_view_select(const firn_engine_ops *ops, firn_session *s,
                                          const firn_metadata *m, const firn_scan_file *files,
                                          size_t count, firn_buf *out, firn_err *err);

/* The same over files given by path that all have the schema given (files not committed yet). */
FIRN_NODISCARD firn_code firn_view_select_paths(const firn_type *schema, const firn_str *paths,
                                                size_t count, firn_buf *out, firn_err *err);

#endif
