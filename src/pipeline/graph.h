/* SPDX-License-Identifier: Apache-2.0 */
/* graph.h — what a project consists of, what stands on what, and which part of it to run. */
#ifndef FIRN_GRAPH_H
#define FIRN_GRAPH_H

#include "pipeline/model.h"

typedef struct firn_node {
    const firn_ingest *ingest; /* one of the two */
    const firn_model *model;
    firn_ident ident; /* the table it writes */
    firn_str name;    /* "raw.orders" */
    firn_str stream;  /* of an ingest entry: "drop.orders.csv" */
    size_t *needs;    /* indexes of the nodes it reads, ascending */
    size_t need_count;
    bool selected;
} firn_node;

typedef struct firn_graph {
    firn_node *nodes; /* every one stands behind those it needs */
    size_t count;
} firn_graph;

/* Makes the graph of a project: a model needs every ingest entry and model whose table its
 * statement mentions.  FIRN_E_CONFIG names the models of a cycle. */
FIRN_NODISCARD firn_code firn_graph_make(const firn_project *p, const firn_model *models,
                                         size_t model_count, firn_arena *a, firn_graph *ret,
                                         firn_err *err);

typedef struct firn_selection {
    const char *const *select; /* "raw.x", "books.*", "+curated.y" (with what it needs),
                                * "raw.x+" (with what needs it), "tag:daily"; none: everything */
    size_t select_count;
    const char *const *exclude;
    size_t exclude_count;
    bool ingest; /* --only */
    bool models;
} firn_selection;

/* Sets `selected`.  FIRN_E_USAGE for a word that selects nothing, with the nearest name. */
FIRN_NODISCARD firn_code firn_graph_select(firn_graph *g, const firn_selection *s, firn_err *err);

#endif
