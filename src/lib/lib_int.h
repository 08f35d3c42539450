/* SPDX-License-Identifier: Apache-2.0 */
/* lib_int.h — what the files of lib/ share: the public handles behind their names, and the way from
 * the core's errors, texts and structs to the public ones. */
#ifndef FIRN_LIB_INT_H
#define FIRN_LIB_INT_H

#include "base/datetime.h"
#include "base/map.h"
#include "base/str.h"
#include "env/env.h"
#include "firn/iceberg.h"
#include "iceberg/commit.h"
#include "iceberg/evolve.h"
#include "iceberg/scan.h"

/* --- errors and structs -------------------------------------------------------------------- */

/* Fills the caller's error, which may be NULL, from the core's and returns the status. */
firn_status firn_lib_fail(firn_code code, const firn_err *err, firn_error *out);

/* Ends a public function: `return firn_lib_end(work(…, &err), &err, error)`. */
static inline firn_status firn_lib_end(firn_code code, const firn_err *err, firn_error *out)
{
    return FIRN_LIKELY(code == FIRN_OK) ? FIRN_STATUS_OK : firn_lib_fail(code, err, out);
}

/* The way back: what a callback of the caller's returned becomes an error of the core.  Only a swap
 * may speak of conflicts and of commits that may have happened: from others that is FIRN_E_IO. */
firn_code firn_lib_raise(firn_err *err, firn_status status, const firn_error *from,
                         const char *what);
firn_code firn_lib_raise_swap(firn_err *err, firn_status status, const firn_error *from,
                              const char *what);

/* Reads a struct that begins with its size into one as this library knows it: what the caller did
 * not have is zero.  FIRN_E_INVAL without a size, FIRN_E_UNSUPPORTED if it says more than is
 * known here.  src == NULL: all zero. */
FIRN_NODISCARD firn_code firn_lib_take(void *dst, size_t known, const void *src, const char *what,
                                       firn_err *err);
/* Writes one as far as the caller knows it, leaving its size; dst may be NULL. */
void firn_lib_give(void *dst, const void *src, size_t known);

/* FIRN_E_INVAL for a location that begins with neither "/" nor a scheme. */
FIRN_NODISCARD firn_code firn_lib_absolute(firn_str location, firn_err *err);

/* FIRN_E_INVAL where an argument is NULL, or a text that is not UTF-8. */
FIRN_NODISCARD firn_code firn_lib_need(const void *arg, const char *what, firn_err *err);
FIRN_NODISCARD firn_code firn_lib_text(const char *arg, const char *what, firn_str *ret,
                                       firn_err *err);

/* Prints into a caller's buffer as snprintf does; returns the length of the text. */
size_t firn_lib_print(firn_str text, char *out, size_t capacity);

/* --- storage ------------------------------------------------------------------------------- */

/* The core's io table over local files or over functions of the caller's. */
typedef struct firn_lib_storage {
    firn_io io;
    firn_env *env;      /* local files; clock and random numbers that the caller leaves out */
    firn_storage given; /* .size == 0: local */
    firn_arena *arena;  /* its own memory */
} firn_lib_storage;

FIRN_NODISCARD firn_code firn_lib_storage_open(const firn_storage *given, firn_lib_storage **ret,
                                               firn_err *err);
void firn_lib_storage_close(firn_lib_storage *s); /* accepts NULL */

/* --- tables -------------------------------------------------------------------------------- */

struct firn_table {
    firn_arena *own; /* lives as long as the table */
    firn_lib_storage *storage;
    firn_catalog *catalog; /* NULL: read only */
    firn_ident ident;
    const char *location;
    firn_arena *arena; /* of the metadata; a new one with each state */
    const firn_metadata *m;
};

/* Puts another state, which lives in `arena`, in the place of the table's. */
void firn_lib_table_become(firn_table *t, firn_arena *arena, const firn_metadata *m);

/* The core's name for messages: "raw.orders". */
FIRN_NODISCARD firn_code firn_lib_ident(const char *ns, const char *name, firn_arena *a,
                                        firn_ident *ret, firn_err *err);

/* Whether the catalog can be written to. */
bool firn_lib_catalog_writable(const firn_catalog *c);

/* --- schemas ------------------------------------------------------------------------------- */

/* One that the caller owns: the schema comes first, so that one pointer is both. */
typedef struct firn_lib_schema {
    firn_schema schema;
    firn_arena *arena;
} firn_lib_schema;

/* Makes an owned schema from a type in whatever arena; ids that are 0 are given. */
FIRN_NODISCARD firn_code firn_lib_schema_make(const firn_type *type, const int32_t *identifiers,
                                              size_t identifier_count, firn_schema **ret,
                                              firn_err *err);

/* --- values -------------------------------------------------------------------------------- */

/* Makes a value of a primitive type from a literal; FIRN_E_INVAL, naming `what`, if it is none. */
FIRN_NODISCARD firn_code firn_lib_value(const firn_type *t, const firn_literal *v, firn_arena *a,
                                        const char *what, firn_value *ret, firn_err *err);
/* The way back, into `a`. */
FIRN_NODISCARD firn_code firn_lib_literal(const firn_type *t, const firn_value *v, firn_arena *a,
                                          firn_literal *ret, firn_err *err);

/* --- terms --------------------------------------------------------------------------------- */

FIRN_NODISCARD firn_code firn_lib_partition_terms(const char *const *texts, size_t count,
                                                  firn_arena *a, firn_partition_term **ret,
                                                  firn_err *err);
FIRN_NODISCARD firn_code firn_lib_sort_terms(const char *const *texts, size_t count, firn_arena *a,
                                             firn_sort_term **ret, firn_err *err);

/* --- filters ------------------------------------------------------------------------------- */

/* Makes the core's predicate from a filter; what the core cannot say becomes true.  Checks names
 * and values. */
FIRN_NODISCARD firn_code firn_lib_filter_bind(const firn_filter *f, const firn_schema *schema,
                                              firn_arena *a, const firn_expr **ret, firn_err *err);

/* What is left of a filter for the files of a partition; *ret == NULL: nothing.  In `a`; shares
 * with `f`. */
FIRN_NODISCARD firn_code firn_lib_filter_residual(const firn_filter *f, const firn_schema *schema,
                                                  const firn_spec *spec, const firn_type *types,
                                                  const firn_value *partition, firn_arena *a,
                                                  const firn_filter **ret, firn_err *err);

/* Appends a filter on `schema` as SQL of the engine; columns are those of the relation `alias`, by
 * the names they have in `named`. */
FIRN_NODISCARD firn_code firn_lib_filter_sql(const firn_filter *f, const firn_schema *schema,
                                             const firn_schema *named, const char *alias,
                                             firn_buf *out, firn_err *err);

/* --- scanners ------------------------------------------------------------------------------ */

struct firn_scanner {
    const firn_table *table;
    firn_arena *arena;
    const firn_snapshot *snapshot;
    const firn_schema *schema;
    const firn_field **columns; /* selected */
    size_t column_count;
    bool selected;       /* by the caller */
    firn_filter *filter; /* owned; NULL: all rows */
    bool planned;
    firn_scan_plan plan;
    firn_planned_file *files;
};

#endif
