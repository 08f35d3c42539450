/* SPDX-License-Identifier: Apache-2.0 */
/* arrow_read.h — rows of an Arrow stream as a source of the engine. */
#ifndef FIRN_LIB_ARROW_READ_H
#define FIRN_LIB_ARROW_READ_H

#include "engine/engine.h"
#include "lib/arrow_int.h"

typedef struct firn_arrow_source firn_arrow_source;

/* Takes the stream over (also on failure it is released), reads its schema and matches it with the
 * columns of `want`, which outlives the source.  Everything lives in `a`; close it before. */
FIRN_NODISCARD firn_code firn_arrow_source_open(struct ArrowArrayStream *stream,
                                                const firn_type *want, bool ignore_extra,
                                                firn_arena *a, firn_arrow_source **ret,
                                                firn_err *err);
void firn_arrow_source_close(firn_arrow_source *s); /* accepts NULL */

/* The source as the engine wants it, for one worker: batches come in order. */
firn_row_source firn_arrow_rows(firn_arrow_source *s);

/* Whether the stream has the index-th column of the table. */
bool firn_arrow_source_has(const firn_arrow_source *s, size_t index);

/* How many rows the engine has taken. */
int64_t firn_arrow_source_rows(const firn_arrow_source *s);

/* --- one column ---------------------------------------------------------------------------- */

/* How an Arrow array becomes a column of a type. */
typedef struct firn_arrow_plan firn_arrow_plan;
struct firn_arrow_plan {
    const firn_type *type; /* wanted */
    const char *path;      /* for messages */
    bool required;
    bool missing;             /* nothing in the stream: null */
    firn_arrow_format format; /* of the values, those of a dictionary if there is one */
    bool dictionary;
    firn_arrow_format index; /* of the dictionary's indices */
    size_t source;           /* which child of the parent's array */
    firn_arrow_plan *children;
    size_t child_count;
};

/* Matches a field with an array's schema; source is left to the caller. */
FIRN_NODISCARD firn_code firn_arrow_plan_field(const firn_field *want, const struct ArrowSchema *s,
                                               const char *path, int depth, bool ignore_extra,
                                               firn_arena *a, firn_arrow_plan *ret, firn_err *err);

/* Matches the fields of a struct with an array's children. */
FIRN_NODISCARD firn_code firn_arrow_plan_struct(const firn_type *want, const struct ArrowSchema *s,
                                                const char *path, int depth, bool by_id,
                                                bool ignore_extra, firn_arena *a,
                                                firn_arrow_plan *ret, firn_err *err);

/* Whether all fields below have ids: then they are matched by them. */
bool firn_arrow_has_ids(const struct ArrowSchema *s);

/* Whether an array has the buffers and children that its plan reads. */
FIRN_NODISCARD firn_code firn_arrow_check(const firn_arrow_plan *p, const struct ArrowArray *array,
                                          firn_err *err);

/* Writes `count` values from `start` (within the array, its own offset apart) to rows `row` … of a
 * column.  Texts point into the array. */
FIRN_NODISCARD firn_code firn_arrow_fill(const firn_arrow_plan *p, const struct ArrowArray *array,
                                         int64_t start, size_t count, firn_column *col, size_t row,
                                         firn_err *err);

#endif
