/* SPDX-License-Identifier: Apache-2.0 */
/* arrow.h — Arrow's C data and C stream interfaces, and schemas from and to them.
 *
 * The structs are Arrow's own, guarded as its specification asks, so that this header goes together
 * with nanoarrow, Arrow C++ and ADBC.  https://arrow.apache.org/docs/format/CDataInterface.html */
#ifndef FIRN_API_ARROW_H
#define FIRN_API_ARROW_H

#include <firn/schema.h>

FIRN_BEGIN_C

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE           2
#define ARROW_FLAG_MAP_KEYS_SORTED    4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/* Makes a schema for a new table from an Arrow one (a struct, "+s": its children are the columns).
 * Field ids are taken from the metadata PARQUET:field_id where all fields have one, else given as
 * by firn_schema_builder_build.  `arrow` stays the caller's.  What becomes of Arrow's types stands
 * in docs/C-API.md; FIRN_STATUS_UNSUPPORTED names a column whose type Iceberg does not have.
 * Free it with firn_schema_free. */
FIRN_CHECKED FIRN_API firn_status firn_schema_import_arrow(const struct ArrowSchema *arrow,
                                                           firn_schema **ret, firn_error *error);

/* Makes the Arrow schema of a table's columns, with PARQUET:field_id in the metadata of each field.
 * The caller calls ret->release. */
FIRN_CHECKED FIRN_API firn_status firn_schema_export_arrow(const firn_schema *schema,
                                                           struct ArrowSchema *ret,
                                                           firn_error *error);

FIRN_END_C

#endif
