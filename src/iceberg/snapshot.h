/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.h — what can be said of a snapshot: where it comes from, how much is in it. */
#ifndef FIRN_SNAPSHOT_H
#define FIRN_SNAPSHOT_H

#include "iceberg/manifest.h"

/* Says of each snapshot, by its place in m->snapshots, whether `s` is it or stems from it; `s` may
 * be NULL.  The chain ends where a parent has expired. */
FIRN_NODISCARD firn_code firn_snapshot_ancestors(const firn_metadata *m, const firn_snapshot *s,
                                                 firn_arena *a, bool **ret, firn_err *err);

/* Whether main once stood on the snapshot, by the snapshot log. */
bool firn_snapshot_was_main(const firn_metadata *m, int64_t snapshot_id);

/* What is alive in a snapshot. */
typedef struct firn_totals {
    int64_t rows; /* in data files: those that delete files delete are counted too */
    int64_t data_files;
    int64_t delete_files;
    int64_t position_deletes; /* in position delete files and deletion vectors */
    int64_t equality_deletes;
    int64_t bytes; /* of all these files */
} firn_totals;

/* By the snapshot's summary or, where that leaves something out, by its manifests; of NULL all is
 * 0. */
FIRN_NODISCARD firn_code firn_snapshot_totals(const firn_io *io, const firn_metadata *m,
                                              const firn_snapshot *s, firn_totals *ret,
                                              firn_err *err);

#endif
