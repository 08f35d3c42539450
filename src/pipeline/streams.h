/* SPDX-License-Identifier: Apache-2.0 */
/* streams.h — which streams a folder holds: files whose names differ only in numbers are one. */
#ifndef FIRN_STREAMS_H
#define FIRN_STREAMS_H

#include "source/files.h"

typedef struct firn_found_stream {
    firn_str pattern; /* a path or glob below the folder */
    firn_str table;   /* a name made of it; different in each stream of a folder */
    firn_file_kind kind;
    firn_source_file *files;
    size_t file_count;
    uint64_t bytes;
} firn_found_stream;

/* Finds the data files below a folder, at any depth, by the endings of their names, and groups
 * them; hidden files, warehouses and what mongodump writes beside its data are passed over.
 * FIRN_E_NOTFOUND if there is none. */
FIRN_NODISCARD firn_code firn_streams_find(firn_env *env, firn_str folder, firn_arena *a,
                                           firn_found_stream **ret, size_t *ret_count,
                                           firn_err *err);

/* The name of a table made of a text: small letters, digits, '_'; "" if nothing is left. */
FIRN_NODISCARD firn_code firn_stream_table_name(firn_str text, firn_arena *a, firn_str *ret,
                                                firn_err *err);

#endif
