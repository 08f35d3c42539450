/* SPDX-License-Identifier: Apache-2.0 */
/* run.h — a run: the selected streams landed, the selected models made, in the order in which they
 * need each other, side by side where they do not. */
#ifndef FIRN_RUN_H
#define FIRN_RUN_H

#include "pipeline/context.h"
#include "pipeline/graph.h"

typedef struct firn_run_opt {
    bool full_refresh;
    int64_t accept_position;
    const char *command; /* for the run record: "run raw.orders", without secrets */
} firn_run_opt;

typedef enum firn_node_status {
    FIRN_NODE_WAITING,
    FIRN_NODE_RUNNING,
    FIRN_NODE_DONE,
    FIRN_NODE_UNCHANGED, /* nothing new */
    FIRN_NODE_FAILED,
    FIRN_NODE_SKIPPED, /* what it needs failed */
} firn_node_status;

typedef struct firn_run_result {
    size_t done;
    size_t unchanged;
    size_t failed;
    size_t skipped;
    uint64_t rows;
    uint64_t rejects;
    int exit_status; /* 0, 1, 3 (rejects) or 4 (a check) */
} firn_run_result;

/* Runs the selected nodes.  A node that fails does not stop those that do not need it.  Each
 * outcome is an event; FIRN_OK means that all were tried, *ret says how it went. */
FIRN_NODISCARD firn_code firn_run_graph(firn_context *run, const firn_project *project,
                                        firn_graph *graph, const firn_run_opt *opt,
                                        firn_run_result *ret, firn_err *err);

#endif
