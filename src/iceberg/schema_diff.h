/* SPDX-License-Identifier: Apache-2.0 */
/* schema_diff.h — what differs between two schemas, and the columns that rows of both have in
 * common. */
#ifndef FIRN_SCHEMA_DIFF_H
#define FIRN_SCHEMA_DIFF_H

#include "iceberg/schema.h"

typedef enum firn_schema_change_kind {
    FIRN_SCHEMA_ADDED,
    FIRN_SCHEMA_DROPPED,
    FIRN_SCHEMA_RENAMED,
    FIRN_SCHEMA_TYPE,
    FIRN_SCHEMA_REQUIRED, /* was and now: "required", "optional" */
    FIRN_SCHEMA_MOVED,    /* was and now: the place in its struct, from 1 */
    FIRN_SCHEMA_DOC,
    FIRN_SCHEMA_DEFAULT,    /* of new rows: JSON */
    FIRN_SCHEMA_IDENTIFIER, /* of the whole schema: names joined by ", " */
} firn_schema_change_kind;

typedef struct firn_schema_change {
    firn_schema_change_kind kind;
    firn_str column; /* dotted path, in the new schema unless it was dropped; "" for IDENTIFIER */
    firn_str was;    /* .p == NULL: there was nothing */
    firn_str now;
} firn_schema_change;

/* The word of a kind: "added", "type", … */
const char *firn_schema_change_word(firn_schema_change_kind kind);

/* How columns of two schemas are found to be one. */
typedef enum firn_schema_match {
    FIRN_MATCH_IDS,  /* of one table */
    FIRN_MATCH_NAMES /* of two; case does not matter */
} firn_schema_match;

/* Everything that differs, in the order of the columns of `now`, what was dropped last in its
 * struct.  Columns that moved are as few as can give the new order. */
FIRN_NODISCARD firn_code firn_schema_diff(const firn_schema *was, const firn_schema *now,
                                          firn_schema_match match, firn_arena *a,
                                          firn_schema_change **ret, size_t *ret_count,
                                          firn_err *err);

/* The columns of `now`, each of the wider one of its two types where `was` has it too (matched by
 * ids): rows of both can be read with it.  With `common`, fields that `was` does not have are left
 * out. */
FIRN_NODISCARD firn_code firn_schema_widest(const firn_type *was, const firn_type *now, bool common,
                                            firn_arena *a, firn_type *ret, firn_err *err);

#endif
