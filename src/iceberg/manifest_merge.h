/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_merge.h — few large manifests instead of many small ones, as a table's properties say.
 *
 * Manifests of one spec and content are packed into bins of commit.manifest.target-size-bytes from
 * the oldest on; each bin becomes one manifest, except that the bin with the newest waits until it
 * holds commit.manifest.min-count-to-merge.  The order of manifests and files stays, so do their
 * sequence numbers and row ids.  Source: Java's ManifestMergeManager; ICEBERG.md §11. */
#ifndef FIRN_MANIFEST_MERGE_H
#define FIRN_MANIFEST_MERGE_H

#include "base/map.h"
#include "iceberg/manifest.h"

typedef struct firn_merge_job {
    const firn_io *io;
    const firn_metadata *m; /* whose properties, schema and specs hold */
    int64_t snapshot_id;    /* being made: its own entries keep their status */
    firn_arena *arena;
    firn_map *done; /* what earlier attempts merged is used again; lives as long as the commit */
    /* Names a manifest to be written, and notes it. */
    firn_code (*new_path)(void *arg, firn_str *ret, firn_err *err);
    void *arg;
    size_t replaced; /* gets the number of manifests that were merged into others */
} firn_merge_job;

/* Rewrites the list of a snapshot being made, newest manifests first.  Left alone are manifests of
 * transforms that firn does not know, encrypted ones, and everything if
 * commit.manifest-merge.enabled is false. */
FIRN_NODISCARD firn_code firn_manifests_merge(firn_merge_job *job, firn_manifest_file *list,
                                              size_t *count, firn_err *err);

#endif
