/* SPDX-License-Identifier: Apache-2.0 */
/* graph_draw.h — lineage as text, JSON and SVG. */
#ifndef FIRN_GRAPH_DRAW_H
#define FIRN_GRAPH_DRAW_H

#include "base/buf.h"
#include "base/json.h"
#include "pipeline/graph.h"

typedef enum firn_drawn_kind {
    FIRN_DRAWN_INGEST,  /* a landed table */
    FIRN_DRAWN_TABLE,   /* a model that is a table */
    FIRN_DRAWN_VIEW,    /* a model that is a view */
    FIRN_DRAWN_OUTSIDE, /* a table or view of the catalog that no part of the project makes */
} firn_drawn_kind;

typedef struct firn_drawn {
    firn_drawn_kind kind;
    firn_ident ident;
    firn_str name;            /* "raw.orders" */
    firn_str note;            /* the stream, or the model's file */
    firn_str description;     /* .p == NULL: none */
    const firn_strings *tags; /* NULL: none */
    size_t *needs;            /* places in the list, ascending, all before its own */
    size_t need_count;
} firn_drawn;

typedef struct firn_drawing {
    firn_str title;
    firn_drawn *nodes;
    size_t count;
} firn_drawing;

/* Makes a drawing of the selected nodes of a graph; `outside`: names of the catalog, of which those
 * that a selected model names are drawn too.  Everything lives in `a`. */
FIRN_NODISCARD firn_code firn_drawing_make(const firn_graph *g, const firn_project *p,
                                           const firn_ident *outside, size_t outside_count,
                                           firn_arena *a, firn_drawing *ret, firn_err *err);

/* "files", "table", "view", "outside". */
const char *firn_drawn_word(firn_drawn_kind kind);

/* A tree from what needs nothing to what nothing needs; what stands on several is printed in full
 * once. */
FIRN_NODISCARD firn_code firn_drawing_text(const firn_drawing *d, bool unicode, bool colour,
                                           firn_buf *out, firn_err *err);

/* docs/formats/graph.md */
FIRN_NODISCARD firn_code firn_drawing_json(const firn_drawing *d, json_t **ret, firn_err *err);

/* A picture that needs nothing else: no fonts, no scripts, no links. */
FIRN_NODISCARD firn_code firn_drawing_svg(const firn_drawing *d, firn_buf *out, firn_err *err);

#endif
