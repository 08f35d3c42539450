/* SPDX-License-Identifier: Apache-2.0 */
/* landing.h — one stream into one table: new files become a snapshot that carries its own position.
 * Design: docs/design/landing.md. */
#ifndef FIRN_LANDING_H
#define FIRN_LANDING_H

#include "pipeline/context.h"
#include "pipeline/project.h"

#define FIRN_ID_PARQUET_TYPES 2004 /* error id: files whose columns no type holds */
#define FIRN_ID_CHANGED       2003 /* error id: a landed file has other content now */

/* In a context with a shadow the event "files" tells what a landing reads, with so many names. */
#define FIRN_PLAN_NAMES_MAX 20

typedef struct firn_landing_opt {
    bool full_refresh;       /* land everything anew; the table is replaced */
    int64_t accept_position; /* a snapshot whose position the operator trusts; 0: none */
} firn_landing_opt;

/* What a landing did. */
typedef struct firn_landed_result {
    uint64_t rows;
    uint64_t rejects;
    uint64_t bytes_read; /* decompressed */
    uint64_t duplicate_keys;
    size_t files_found;
    size_t files_landed;
    size_t data_files;
    int64_t bytes_written;
    int64_t snapshot_id; /* FIRN_NO_SNAPSHOT: nothing was committed */
    size_t warnings;     /* checks with severity warn that found rows */
    bool exists;         /* the table; false: nothing ever landed */
    bool sampled; /* with a shadow: the numbers are worked out from a part of the files, … */
    double more_seconds; /* … and the others would take so much longer, about */
} firn_landed_result;

/* Lands what is new.  Nothing is committed unless FIRN_OK is returned (FIRN_E_COMMIT_UNKNOWN: it is
 * not known).  FIRN_E_CONFLICT: a twin landed the same stream, or the table changed in a way that
 * the landing does not survive.  Sends its own events. */
FIRN_NODISCARD firn_code firn_land(firn_context *run, const firn_project *project,
                                   const firn_ingest *ingest, const firn_landing_opt *opt,
                                   firn_landed_result *ret, firn_err *err);

/* The name of a stream in positions and events: its source, a dot, its path or glob. */
FIRN_NODISCARD firn_code firn_stream_name(const firn_ingest *ingest, firn_arena *a, firn_str *ret,
                                          firn_err *err);

#endif
