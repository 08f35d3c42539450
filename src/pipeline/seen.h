/* SPDX-License-Identifier: Apache-2.0 */
/* seen.h — what was seen at each path of a stream, kept with its table: how many values of which
 * kind in the records that were looked at to find the types, and how many values did not fit their
 * columns since.
 *
 * It is the table property firn.seen, {STREAM: {"records": n, "left_out": n, "paths": [{"path": …,
 * "number": n, "null": n, …, "conflicts": n, "example": …}]}}, bounded in paths and bytes. */
#ifndef FIRN_SEEN_H
#define FIRN_SEEN_H

#include "format/residual.h"
#include "iceberg/metadata.h"

#define FIRN_SEEN_PROPERTY  "firn.seen"
#define FIRN_SEEN_MAX_PATHS 200

typedef struct firn_seen_path {
    firn_str path;                    /* "lines[].debit"; "" for whole records */
    uint64_t counts[FIRN_SEEN_KINDS]; /* by the number of the bit of firn_seen; nulls included */
    uint64_t conflicts; /* values that went to the residual column or were discarded, ever */
    firn_str example;   /* one of them, as JSON, its beginning; .p == NULL: none */
} firn_seen_path;

typedef struct firn_seen_stream {
    firn_str stream;
    uint64_t records;  /* that were looked at */
    uint64_t left_out; /* paths beyond the limit */
    firn_seen_path *paths;
    size_t count;
    size_t cap;
} firn_seen_stream;

/* The word for a kind by the number of its bit ("null", "number", "text", …); NULL: there is none.
 */
const char *firn_seen_word(size_t kind);

/* Reads what a table remembers, a stream each; none for a table that was not landed.  A property
 * that somebody else wrote is passed over.  Everything in `a`. */
FIRN_NODISCARD firn_code firn_seen_read(const firn_metadata *m, firn_arena *a,
                                        firn_seen_stream **ret, size_t *ret_count, firn_err *err);

/* Adds what was seen and what did not fit to a stream's list; texts live in `a`. */
FIRN_NODISCARD firn_code firn_seen_add_shape(firn_seen_stream *s, const firn_shape *shape,
                                             firn_arena *a, firn_err *err);
FIRN_NODISCARD firn_code firn_seen_add_conflicts(firn_seen_stream *s, const firn_conflict *list,
                                                 size_t count, firn_arena *a, firn_err *err);

/* Prints the property of a table, `old` (.p == NULL: none) with this stream in it.  *ret.p == NULL:
 * nothing is to be said. */
FIRN_NODISCARD firn_code firn_seen_print(const firn_seen_stream *s, firn_str old, firn_arena *a,
                                         firn_str *ret, firn_err *err);

#endif
