/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h — what a run would do, found out by doing it against a shadow of the lake (shadow.h). */
#ifndef FIRN_PLAN_H
#define FIRN_PLAN_H

#include "pipeline/run.h"

#define FIRN_PLAN_VERSION 1

typedef struct firn_planner firn_planner;

/* Opens a context with a shadow for `project` and what else `conf` says.  Close with
 * firn_planner_close. */
FIRN_NODISCARD firn_code firn_planner_open(firn_env *env, const firn_project *project,
                                           firn_context_conf conf, firn_planner **ret,
                                           firn_err *err);
void firn_planner_close(firn_planner *p); /* accepts NULL */

/* For signals. */
firn_context *firn_planner_context(firn_planner *p);

/* Plans the selected nodes.  *ret is the document of docs/formats/plan.md, a new reference; its
 * "exit" is 0, or 1 when a run would fail. */
FIRN_NODISCARD firn_code firn_planner_plan(firn_planner *p, firn_graph *graph,
                                           const firn_run_opt *opt, json_t **ret, firn_err *err);

#endif
