/* SPDX-License-Identifier: Apache-2.0 */
/* views.h — views: a SELECT under a table's name, put in wherever a statement names it.
 *
 * A view is a model with `materialize: view`, or one that the catalog keeps.  It has no rows and no
 * states of its own: whoever reads it reads the tables it names, in their current states. */
#ifndef FIRN_VIEWS_H
#define FIRN_VIEWS_H

#include "engine/sql_front.h"
#include "iceberg/catalog.h"

typedef struct firn_view_def {
    firn_ident ident;
    firn_str sql;           /* one SELECT, with the values of variables in it */
    firn_sql_origin origin; /* where it was written, for messages */
    firn_str description;   /* .p == NULL: none */
    const firn_str *docs;   /* of columns: a name, its text, a name … */
    size_t doc_count;       /* pairs */
} firn_view_def;

/* Makes the definition of a view that the catalog keeps, in `a`.  FIRN_E_NOTFOUND. */
FIRN_NODISCARD firn_code firn_view_stored(firn_catalog *c, const firn_io *io, firn_ident ident,
                                          firn_arena *a, const firn_view_def **ret, firn_err *err);

/* The names of all views: those given, and those of the catalog (NULL: none) that are not among
 * them; sorted, in `a`. */
FIRN_NODISCARD firn_code firn_views_list(const firn_view_def *views, size_t view_count,
                                         firn_catalog *c, firn_arena *a, firn_ident **ret,
                                         size_t *ret_count, firn_err *err);

/* What is said of a column; .p == NULL: nothing. */
firn_str firn_view_doc(const firn_view_def *v, firn_str column);

/* The view of this name (in any case of letters) among those given; NULL: none. */
const firn_view_def *firn_view_among(const firn_view_def *views, size_t count, firn_ident ident);

/* Views may stand on views so far. */
#define FIRN_VIEW_DEPTH_MAX 32

#endif
