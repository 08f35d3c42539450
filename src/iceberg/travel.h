/* SPDX-License-Identifier: Apache-2.0 */
/* travel.h — which state of a table is meant: a snapshot, a time, a branch, a tag.
 *
 * Source: Iceberg table spec, "Snapshots", "Snapshot References", "Point in Time Reads". */
#ifndef FIRN_TRAVEL_H
#define FIRN_TRAVEL_H

#include "iceberg/metadata.h"

typedef enum firn_at_kind {
    FIRN_AT_CURRENT,   /* nothing said: the current state */
    FIRN_AT_VERSION,   /* the snapshot snapshot_id; `name` has its digits, which may be a ref's */
    FIRN_AT_TIMESTAMP, /* what was current at timestamp_ms */
    FIRN_AT_BRANCH,
    FIRN_AT_TAG,
    FIRN_AT_REF, /* the branch or tag `name` */
} firn_at_kind;

typedef struct firn_at {
    firn_at_kind kind;
    int64_t snapshot_id;
    int64_t timestamp_ms; /* UTC */
    firn_str name;
} firn_at;

/* Reads the command line's --at: all digits are a snapshot id, a date or time as in ISO 8601 (UTC
 * where it has no offset; a date is its midnight) a timestamp, anything else a branch or tag.
 * The result points into `text`.  FIRN_E_USAGE for an empty text and a number too large. */
FIRN_NODISCARD firn_code firn_at_parse(firn_str text, firn_at *ret, firn_err *err);

/* Reads a time as people write it: "2026-11-01", "2026-11-01 10:00[:00[.123456]]", "…T…",
 * followed by nothing (UTC), Z, UTC, or an offset (+02, +0200, +02:00).  Milliseconds, rounded
 * down.  False for anything else. */
bool firn_at_time(firn_str text, int64_t *ret_ms);

/* Finds the snapshot and the schema it is to be read with: the table's current schema for the
 * current state and branches, the snapshot's own for versions, timestamps and tags.
 * *ret_snapshot == NULL: the table is empty now (FIRN_AT_CURRENT or the branch main only).
 * FIRN_E_NOTFOUND names the nearest snapshots or refs there are. */
FIRN_NODISCARD firn_code firn_at_resolve(const firn_metadata *m, const firn_at *at,
                                         const firn_snapshot **ret_snapshot,
                                         const firn_schema **ret_schema, firn_err *err);

/* Appends what is meant, for people: "snapshot 12", "2026-11-01 10:00:00 UTC", "branch 'b'",
 * "now". */
FIRN_NODISCARD firn_code firn_at_print(const firn_at *at, firn_buf *out, firn_err *err);

#endif
