/* SPDX-License-Identifier: Apache-2.0 */
/* commit.h — changes to tables, made visible in one atomic step.
 *
 * A change is prepared once (data files written, position read), then tried: manifests are written
 * once, list and metadata for each attempt, then the catalog swaps.  A definite conflict is rebased
 * and tried again; an unknown outcome is looked up, and until it is known nothing is deleted.
 * Design: docs/design/commit.md. */
#ifndef FIRN_COMMIT_H
#define FIRN_COMMIT_H

#include "iceberg/catalog.h"
#include "iceberg/position.h"
#include "iceberg/sort_order.h"

typedef enum firn_operation {
    FIRN_OP_NONE, /* schema and properties only: no snapshot */
    FIRN_OP_APPEND,
    FIRN_OP_REPLACE,            /* the files are all there is afterwards */
    FIRN_OP_REPLACE_PARTITIONS, /* … in the partitions that they touch */
} firn_operation;

typedef struct firn_property {
    const char *key;
    firn_str value; /* .p == NULL: removed */
} firn_property;

/* A change to one table.  Everything it points to lives until the commit has returned. */
typedef struct firn_table_change {
    firn_ident ident;
    const firn_metadata *start; /* what it was prepared on; NULL: the table is to be created */
    firn_str location;          /* of a table to be created */

    const firn_type *schema; /* columns with ids; NULL: as they are */
    int32_t last_column_id;  /* after `schema` */
    const firn_spec *spec;   /* of a table to be created; NULL: unpartitioned */
    /* the next four: of a table to be created as well */
    const firn_sort_order *sort_order; /* NULL: unsorted */
    int32_t *identifier_ids;
    size_t identifier_count;
    int32_t format_version; /* 0: 2 */

    /* Adds updates of its own, on the metadata that each attempt is based on, so that a change is
     * rebased by being made again; NULL: none.  What it raises ends the commit.  Only without
     * `schema`; with FIRN_OP_NONE on a table of any format version, with a snapshot only where it
     * changes neither partitions nor the version. */
    firn_code (*evolve)(void *arg, const firn_metadata *base, firn_arena *a, firn_updates *u,
                        firn_err *err);
    void *evolve_arg;

    const firn_property *properties;
    size_t property_count;
    const firn_property *summary; /* entries of the snapshot's summary beside the computed ones */
    size_t summary_count;

    firn_operation operation;
    const firn_data_file *files; /* to be added; partition values by the current default spec */
    size_t file_count;

    const firn_position_move *moves; /* none: the position is carried over */
    size_t move_count;
    int64_t accept_position; /* a snapshot whose stamp the operator chose; 0: find it */
    bool reset_position;     /* start from no position at all (--full-refresh) */
} firn_table_change;

typedef struct firn_table_result {
    const firn_metadata *metadata; /* after the commit, in the arena given */
    int64_t snapshot_id;           /* FIRN_NO_SNAPSHOT: none was made */
} firn_table_result;

/* Names of everything a run writes: UUIDs with a common beginning, so that what a dead run left
 * can be told. */
typedef struct firn_run_names {
    char prefix[31]; /* of a UUID, without its last six digits: "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxx" */
    _Atomic uint32_t next;
} firn_run_names;
FIRN_NODISCARD firn_code firn_run_names_new(const firn_io *io, firn_run_names *ret, firn_err *err);
#define FIRN_RUN_UUID_TEXT 37
/* The next UUID of the run; from any thread. */
void firn_run_names_next(firn_run_names *n, char out[FIRN_RUN_UUID_TEXT]);

typedef struct firn_commit_ctx {
    firn_catalog *catalog;
    const firn_io *io;
    firn_run_names *names;
    const char *engine_version; /* goes into the summary */
} firn_commit_ctx;

/* Commits all changes or none (with one change, or a catalog that can do several).  Results live in
 * `a`.  Codes a caller branches on:
 *   FIRN_E_CONFLICT        a table changed in a way that the change does not survive (a twin, a
 *                          replace beside somebody's append, another schema): prepare it again
 *   FIRN_E_COMMIT_UNKNOWN  nothing was deleted; look again later
 * After every other failure nothing of the change is visible and its manifests are removed; data
 * files are the caller's. */
FIRN_NODISCARD firn_code firn_commit(const firn_commit_ctx *ctx, const firn_table_change *changes,
                                     size_t count, firn_arena *a, firn_table_result *results,
                                     firn_err *err);

#endif
