/* SPDX-License-Identifier: Apache-2.0 */
/* runs.h — the run record: what ran here, in WAREHOUSE/.firn/runs.db (docs/formats/runs.md).
 *
 * Fed with events; a record that cannot be written never fails a run. */
#ifndef FIRN_RUNS_H
#define FIRN_RUNS_H

#include "base/json.h"
#include "env/env.h"

typedef struct firn_runs firn_runs;

/* Opens (creates) the record of a warehouse.  FIRN_E_UNSUPPORTED for one of a newer firn. */
FIRN_NODISCARD firn_code firn_runs_open(firn_env *env, const char *warehouse, firn_runs **ret,
                                        firn_err *err);
void firn_runs_close(firn_runs *r);

/* Takes an event; those that are not about runs and nodes are passed over. */
void firn_runs_event(firn_runs *r, const json_t *event);

#endif
