/* SPDX-License-Identifier: Apache-2.0 */
/* arrow_build.h — columns of the engine gathered into Arrow arrays. */
#ifndef FIRN_LIB_ARROW_BUILD_H
#define FIRN_LIB_ARROW_BUILD_H

#include "base/column.h"
#include "lib/arrow_int.h"

/* An array being built for a column of a type. */
typedef struct firn_arrow_builder firn_arrow_builder;
struct firn_arrow_builder {
    const firn_type *type;
    bool entries; /* the struct within a map, whose type is the map's */
    int64_t length;
    int64_t null_count;
    firn_buf validity; /* bits */
    firn_buf data;     /* values, bits of booleans, or 32-bit offsets */
    firn_buf texts;
    firn_arrow_builder *children;
    size_t child_count;
};

/* Makes builders for a type; the tree lives in `a`, its buffers until firn_arrow_builder_free.
 * FIRN_E_UNSUPPORTED for types that do not come out of the engine whole. */
FIRN_NODISCARD firn_code firn_arrow_builder_new(const firn_type *type, firn_arena *a,
                                                firn_arrow_builder *ret, firn_err *err);
void firn_arrow_builder_free(firn_arrow_builder *b);

/* Appends rows from … of a column. */
FIRN_NODISCARD firn_code firn_arrow_builder_add(firn_arrow_builder *b, const firn_column *col,
                                                size_t from, size_t count, firn_err *err);

/* Bytes in its largest run of texts. */
size_t firn_arrow_builder_bytes(const firn_arrow_builder *b);

/* Hands everything over as an array and leaves the builder empty. */
FIRN_NODISCARD firn_code firn_arrow_builder_finish(firn_arrow_builder *b, struct ArrowArray *ret,
                                                   firn_err *err);

#endif
