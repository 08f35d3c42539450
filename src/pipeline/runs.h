/* SPDX-License-Identifier: Apache-2.0 */
/* runs.h — the run record: what ran here, in WAREHOUSE/.firn/runs.db (docs/formats/runs.md).
 *
 * Fed with events; a record that cannot be written never fails a run. */
#ifndef FIRN_RUNS_H
#define FIRN_RUNS_H

#include "base/json.h"
#include "env/env.h"

typedef struct firn_runs firn_runs;

/* Opens (creates, migrates) the record of a warehouse for writing; runs that began longer than
 * `keep_ms` ago are forgotten at the end of the next run (0: never), the newest of each table is
 * kept.  FIRN_E_UNSUPPORTED for the record of a newer firn. */
FIRN_NODISCARD firn_code firn_runs_open(firn_env *env, const char *warehouse, int64_t keep_ms,
                                        firn_runs **ret, firn_err *err);
void firn_runs_close(firn_runs *r);

/* Behind the last event: what could not be written is tried once more (the run's own files may have
 * filled the disk).  False: the record is not whole. */
bool firn_runs_finish(firn_runs *r);

/* Takes an event; those that are not about runs and nodes are passed over.  One at a time. */
void firn_runs_event(firn_runs *r, const json_t *event);

/* --- asking -------------------------------------------------------------------------------- */

/* Opens the record of a warehouse to be read, also one of an older firn or where nothing can be
 * written; *ret is NULL if nothing was recorded yet.  FIRN_E_UNSUPPORTED as above. */
FIRN_NODISCARD firn_code firn_runs_open_to_read(firn_env *env, const char *warehouse,
                                                firn_runs **ret, firn_err *err);

/* Rows become objects whose members are the columns of docs/formats/runs.md.  A run also has
 * "state": "finished", "running" (its process lives) or "killed"; runs and nodes
 * "cpu_us_per_row".  The caller owns *ret. */

/* The newest runs first, at most `max`. */
FIRN_NODISCARD firn_code firn_runs_list(firn_runs *r, size_t max, json_t **ret, firn_err *err);

/* One run with its "nodes" and "checks", in the order in which they began.  `id` is the beginning
 * of its id, or "last".  FIRN_E_NOTFOUND; FIRN_E_USAGE if several begin so. */
FIRN_NODISCARD firn_code firn_runs_find(firn_runs *r, const char *id, json_t **ret, firn_err *err);

/* The newest node of every stream and model, by table, each with the "state" of its run,
 * "done_at" (when rows were last committed), "looked_at" (when it last ended well), "checks" and
 * "checks_failing" (how many it had). */
FIRN_NODISCARD firn_code firn_runs_newest(firn_runs *r, json_t **ret, firn_err *err);

/* Opens a copy of the record in memory, read without leaving a trace (catalog/sqlite_read.h); *ret
 * is NULL if nothing was recorded yet. */
FIRN_NODISCARD firn_code firn_runs_open_copy(firn_env *env, const char *warehouse, firn_runs **ret,
                                             firn_err *err);

/* The newest node of every stream and model that ended with the status "done". */
FIRN_NODISCARD firn_code firn_runs_last_done(firn_runs *r, json_t **ret, firn_err *err);

#endif
