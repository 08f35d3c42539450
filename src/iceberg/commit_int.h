/* SPDX-License-Identifier: Apache-2.0 */
/* commit_int.h — what commit.c (the loop), commit_check.c (may the change still be made?) and
 * commit_build.c (one table's attempt) share. */
#ifndef FIRN_COMMIT_INT_H
#define FIRN_COMMIT_INT_H

#include "base/map.h"
#include "iceberg/commit.h"

#define ATTEMPT_ALL  (-1) /* written once, used by every attempt */
#define ATTEMPT_NONE (-2)

typedef struct firn_pending firn_pending;

typedef struct firn_written {
    firn_str path;
    int attempt;
    const firn_pending *manifest_of; /* a manifest of this table; NULL: another file */
    bool unused;                     /* the newest attempt's list does not hold the manifest */
} firn_written;

/* One table on its way through the attempts. */
struct firn_pending {
    const firn_table_change *change;
    int64_t snapshot_id;
    bool has_added; /* the manifest of new files is written */
    firn_manifest_file added;
    firn_map merged; /* what manifests were merged into, by the attempts so far */
    /* of the current attempt */
    const firn_metadata *base; /* NULL: the table is created */
    firn_updates updates;
    const firn_metadata *next;
};

typedef struct firn_commit_work {
    const firn_commit_ctx *ctx;
    firn_arena *arena;
    firn_pending *pending;
    firn_catalog_change *swaps;
    size_t count;
    int last_attempt;
    FIRN_VEC(firn_written) written;
} firn_commit_work;

/* Notes a file that is about to be written; `manifest_of`: the table whose manifest it is. */
FIRN_NODISCARD firn_code firn_commit_note(firn_commit_work *w, firn_str path, int attempt,
                                          const firn_pending *manifest_of, firn_err *err);

/* Whether the change still makes sense on p->base; FIRN_E_CONFLICT if it must be prepared anew. */
FIRN_NODISCARD firn_code firn_commit_rebase_check(const firn_pending *p, firn_err *err);

/* Writes manifests and list for one attempt and fills p->updates and p->next. */
FIRN_NODISCARD firn_code firn_commit_build(firn_commit_work *w, firn_pending *p, int attempt,
                                           firn_err *err);

#endif
