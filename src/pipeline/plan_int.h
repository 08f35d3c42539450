/* SPDX-License-Identifier: Apache-2.0 */
/* plan_int.h — shared by plan.c (running, listening) and plan_node.c (what is said). */
#ifndef FIRN_PLAN_INT_H
#define FIRN_PLAN_INT_H

#include "pipeline/plan.h"

struct firn_planner {
    firn_env *env;
    const firn_project *project;
    firn_context *run;
    firn_arena *a;
    firn_event_fn on_event;
    void *event_arg;
    bool full_refresh;
    bool failed;                  /* one of the nodes told so far would */
    json_t *heard;                /* an object a node: notes, checks, files, finished */
    const firn_metadata **before; /* by node; NULL: not there */
    json_t *history; /* an object a node: its newest run that did something; NULL: none */
};

/* One node, and the table as it is and as it would be. */
typedef struct firn_plan_in {
    const firn_node *node;
    const json_t *heard; /* NULL: nothing */
    const firn_metadata *before;
    const firn_metadata *after;
} firn_plan_in;

/* Makes the document's entry of a node; *ret is a new reference. */
FIRN_NODISCARD firn_code firn_plan_node(firn_planner *p, const firn_plan_in *in, json_t **ret,
                                        firn_err *err);

/* Adds "rejected": what would be put aside, by kind, at most five kinds. */
FIRN_NODISCARD firn_code firn_plan_rejects(firn_planner *p, const firn_plan_in *in, json_t *o,
                                           firn_err *err);

/* Reads what the run record knows of earlier runs; nothing is no failure. */
FIRN_NODISCARD firn_code firn_plan_history(firn_planner *p, firn_err *err);

/* Adds "scratch", "seconds" and "totals" to a document with its nodes. */
FIRN_NODISCARD firn_code firn_plan_totals(firn_planner *p, json_t *doc, firn_err *err);

#endif
