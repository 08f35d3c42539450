/* SPDX-License-Identifier: Apache-2.0 */
/* graph_layout.h — places for the nodes and edges of a directed graph without circles, in layers
 * from left to right: few crossings, short and straight edges, nothing on top of anything.
 *
 * The way of Sugiyama: layers by the longest way from a source, edges over several layers cut into
 * pieces by points of no height, orders by barycentres with the fewest crossings kept, heights by
 * least squares under the order (pool adjacent violators).  Pure: the same graph gives the same
 * picture. */
#ifndef FIRN_GRAPH_LAYOUT_H
#define FIRN_GRAPH_LAYOUT_H

#include "base/arena.h"
#include "base/err.h"

/* A node to be placed; sizes in points. */
typedef struct firn_place_node {
    double width;
    double height;
    size_t layer;
    double x; /* left */
    double y; /* top */
} firn_place_node;

typedef struct firn_place_point {
    double x;
    double y;
} firn_place_point;

/* An edge from the right side of one node to the left side of another. */
typedef struct firn_place_edge {
    size_t from;
    size_t to;
    firn_place_point *points; /* both ends included */
    size_t point_count;
} firn_place_edge;

typedef struct firn_placement {
    firn_place_node *nodes; /* the caller's sizes; every one stands behind those it needs */
    size_t node_count;
    firn_place_edge *edges;
    size_t edge_count;
    double node_gap;  /* between nodes above each other */
    double layer_gap; /* between layers */
    double width;     /* of the whole */
    double height;
} firn_placement;

/* Fills in layers, places, points and the size of the whole.  FIRN_E_INVAL if an edge does not lead
 * from a lower to a higher place in the list of nodes. */
FIRN_NODISCARD firn_code firn_graph_place(firn_placement *p, firn_arena *a, firn_err *err);

#endif
