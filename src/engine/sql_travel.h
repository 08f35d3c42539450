/* SPDX-License-Identifier: Apache-2.0 */
/* sql_travel.h — the clauses that ask for an earlier state of a table. */
#ifndef FIRN_SQL_TRAVEL_H
#define FIRN_SQL_TRAVEL_H

#include "engine/sql_front.h"
#include "iceberg/travel.h"

typedef struct firn_sql_at {
    firn_at at;    /* FIRN_AT_CURRENT: there is no clause */
    firn_str expr; /* a time still to be computed, as SQL; .p == NULL: none */
    size_t offset; /* of the clause in the statement */
    size_t end;    /* behind it */
} firn_sql_at;

/* Reads a clause that begins with the first token at or behind `from`:
 *     AT (VERSION|TIMESTAMP|BRANCH|TAG [=>] value)
 *     [FOR] VERSION|SYSTEM_VERSION AS OF value
 *     [FOR] TIMESTAMP|SYSTEM_TIME AS OF value
 * ret->at.kind == FIRN_AT_CURRENT if none does; AT TIME ZONE, an alias `at (version, x)` and
 * FOR UPDATE are none.  FIRN_E_SQL with its place if one begins but is wrong. */
FIRN_NODISCARD firn_code firn_sql_travel(firn_str sql, size_t from, const firn_sql_origin *origin,
                                         firn_arena *a, firn_sql_at *ret, firn_err *err);

/* Reads Spark's selectors behind a table's name: branch_x, tag_x, snapshot_id_N, at_timestamp_MS.
 * False if the word is none. */
bool firn_sql_travel_selector(firn_str word, firn_at *ret);

#endif
