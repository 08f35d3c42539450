/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.h — the states a table has had, and the names given to some of them.
 *
 * Snapshots and refs belong to the table they were taken from and live until it is closed,
 * refreshed or committed to.  Immutable; any thread. */
#ifndef FIRN_API_SNAPSHOT_H
#define FIRN_API_SNAPSHOT_H

#include <firn/error.h>

FIRN_BEGIN_C

/* No snapshot: the parent of the first one. */
#define FIRN_NONE INT64_C(-1)

typedef struct firn_snapshot firn_snapshot;
typedef struct firn_ref firn_ref;

/* What the metadata says of a snapshot. */
FIRN_API int64_t firn_snapshot_get_id(const firn_snapshot *snapshot);
FIRN_API int64_t firn_snapshot_parent_id(const firn_snapshot *snapshot); /* FIRN_NONE */
FIRN_API int64_t firn_snapshot_sequence_number(const firn_snapshot *snapshot);
FIRN_API int64_t firn_snapshot_timestamp_ms(const firn_snapshot *snapshot); /* since 1970 UTC */
FIRN_API int32_t firn_snapshot_schema_id(const firn_snapshot *snapshot);    /* -1: not said */

/* Where its manifest list lies; NULL: it has none (format version 1). */
FIRN_API const char *firn_snapshot_manifest_list(const firn_snapshot *snapshot);

/* The summary: what the commit did ("operation", "added-records", …), what its writer noted.
 * NULL if the key is absent. */
FIRN_API const char *firn_snapshot_property(const firn_snapshot *snapshot, const char *key);
/* The same one after the other: sets *key and *value; false behind the last one. */
FIRN_API bool firn_snapshot_property_at(const firn_snapshot *snapshot, size_t index,
                                        const char **key, const char **value);

/* A branch moves with the commits to it (the table itself is the branch "main"), a tag stays. */
FIRN_API const char *firn_ref_name(const firn_ref *ref);
FIRN_API int64_t firn_ref_snapshot_id(const firn_ref *ref);
FIRN_API bool firn_ref_is_branch(const firn_ref *ref);

FIRN_END_C

#endif
