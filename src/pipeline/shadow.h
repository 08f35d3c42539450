/* SPDX-License-Identifier: Apache-2.0 */
/* shadow.h — the lake as a run would leave it, in memory: what `firn plan` runs against.
 *
 * A context with a shadow has a copy of the catalog in memory, and files of metadata that are
 * written stay in memory, before those on disk.  Rows that would become data files are kept in
 * tables of the engine and encoded into nothing, so that their bytes are known.  Everything else
 * is what a run does: the same code finds files, lands, models, checks and commits.  Nothing is
 * opened for writing but /dev/null, or a pipe.  Any thread. */
#ifndef FIRN_SHADOW_H
#define FIRN_SHADOW_H

#include "engine/copy.h"
#include "engine/view.h"
#include "env/env.h"
#include "iceberg/sort_order.h"

typedef struct firn_shadow firn_shadow;

/* *ret must be closed, after the engine, with firn_shadow_close. */
FIRN_NODISCARD firn_code firn_shadow_open(firn_env *env, firn_shadow **ret, firn_err *err);
void firn_shadow_close(firn_shadow *sh); /* accepts NULL */

/* Reads memory first, then the disk; writes go to memory.  Lives as long as the shadow. */
const firn_io *firn_shadow_io(firn_shadow *sh);

/* For firn_view_request: files whose rows are in the engine. */
const firn_view_memory *firn_shadow_memory(firn_shadow *sh);

/* --- rows ---------------------------------------------------------------------------------- */

/* Rows that stand for more: those of a sample, or computed from one. */
typedef struct firn_shadow_sample {
    double scale;   /* so many times the rows of its inputs are all of them; 0: not known yet */
    int64_t limit;  /* so many rows are kept at most; 0: all */
    double seconds; /* out: that all copies took */
    double growth;  /* out: partitions grow with this power of the rows, 0..1 */
    int64_t rows;   /* out, for all of them, if `scale` is more than 1; else 0 */
    int64_t bytes;
    int64_t files;
} firn_shadow_sample;

typedef struct firn_shadow_job {
    firn_copy_job copy; /* .select: rows of .schema, without partition values; .folder: unused */
    const firn_spec *spec;
    const firn_sort_order *sort;
    firn_shadow_sample *sample; /* NULL: the rows are all */
    bool may_lose;              /* rows that do not fit into memory: count them, keep none */
    const firn_engine_ops *ops;
    firn_engine *engine;
    unsigned threads;
} firn_shadow_job;

#define FIRN_SHADOW_LOST (-1.0) /* rows did not fit: they were counted, and are not there */

/* Rows that were kept. */
typedef struct firn_shadow_rows {
    firn_str table; /* in the engine, what may stand behind FROM; lives as long as the shadow */
    const firn_type *type;
    int64_t rows;
    double scale; /* they stand for so many times as many; FIRN_SHADOW_LOST */
} firn_shadow_rows;

/* Keeps the rows in the engine and returns the files, without paths, that they would become. */
FIRN_NODISCARD firn_code firn_shadow_copy(firn_shadow *sh, firn_session *s,
                                          const firn_shadow_job *job, firn_arena *a,
                                          firn_copied_file **ret, size_t *ret_count,
                                          firn_shadow_rows *ret_rows, firn_err *err);

/* The data files that unpartitioned rows become. */
int64_t firn_shadow_file_count(const firn_shadow_job *job, int64_t rows, int64_t bytes);

/* Says that the rows of a file are a sample: statements that are told to (firn_part, a variable of
 * the session) read the first part of them only, so that what grows with them can be told. */
FIRN_NODISCARD firn_code firn_shadow_set_scale(firn_shadow *sh, firn_str file_path, double scale,
                                               firn_err *err);
/* That of a file's rows; 1 for a file like any other; FIRN_SHADOW_LOST. */
double firn_shadow_scale(firn_shadow *sh, firn_str file_path);

/* How many raw bytes may be kept whole, and of how many a sample is taken, with the engine's
 * memory and what was kept so far. */
typedef struct firn_shadow_budget {
    uint64_t exact;
    uint64_t sample;
} firn_shadow_budget;
firn_shadow_budget firn_shadow_budget_of(firn_shadow *sh, uint64_t engine_bytes);
void firn_shadow_take(firn_shadow *sh, uint64_t raw_bytes);

/* Remembers that the rows of a file are there. */
FIRN_NODISCARD firn_code firn_shadow_note_file(firn_shadow *sh, firn_str file_path,
                                               const firn_shadow_rows *rows, firn_err *err);

#endif
