/* SPDX-License-Identifier: Apache-2.0 */
/* spread.h — partitioned writes that stay within the engine's memory and make few files.
 *
 * Few partitions are copied at once.  For many the rows are parted first by the hash of their
 * partition into buckets of scratch files, and each bucket is copied by itself. */
#ifndef FIRN_SPREAD_H
#define FIRN_SPREAD_H

#include "engine/copy.h"
#include "pipeline/context.h"

#define FIRN_SPREAD_MAX 64 /* buckets */

typedef struct firn_spread {
    unsigned buckets;       /* 0 or 1: copy at once */
    int64_t row_group_rows; /* that fit into memory with all open partitions; 0: any */
} firn_spread;

/* What a look at some rows told. */
typedef struct firn_spread_sample {
    uint64_t rows;
    uint64_t partitions; /* different ones among them */
    uint64_t row_bytes;  /* about; 0: unknown */
} firn_spread_sample;

/* How to write rows like these with `engine_bytes` of memory. */
firn_spread firn_spread_plan(const firn_spread_sample *sample, uint64_t engine_bytes);

/* Copies as firn_copy_run does, by the plan; without one ({0}) it tries a copy at once, and does it
 * over, rows parted, when that ran out of memory or scattered partitions over too many files:
 * job->select must allow to be run twice.  The files are in job->folder, which must be empty, or in
 * other folders of the run's scratch. */
FIRN_NODISCARD firn_code firn_spread_copy(firn_context *run, firn_session *s,
                                          const firn_copy_job *job, firn_spread spread,
                                          firn_arena *a, firn_copied_file **ret, size_t *ret_count,
                                          firn_err *err);

#endif
