/* SPDX-License-Identifier: Apache-2.0 */
/* catalog.h — what a catalog must do: table name to metadata file, swapped atomically.
 *
 * The Iceberg core calls catalogs through this table; the folder catalog/ holds them. */
#ifndef FIRN_CATALOG_H
#define FIRN_CATALOG_H

#include "iceberg/metadata.h"

/* A table's name; levels of a namespace are joined by dots ("curated.shared"). */
typedef struct firn_ident {
    firn_str ns;
    firn_str name;
} firn_ident;

bool firn_ident_eq(firn_ident a, firn_ident b);

typedef struct firn_catalog firn_catalog;

/* One table's part of a commit. */
typedef struct firn_catalog_change {
    firn_ident ident;
    const firn_metadata *base;   /* NULL: the table is created */
    const firn_updates *updates; /* what changes, for catalogs that apply it themselves; NULL: the
                                    table is registered, new_location is all there is */
    firn_str new_location;       /* the metadata file written for it */
} firn_catalog_change;

enum {                                    /* firn_catalog_ops.caps */
       FIRN_CATALOG_MULTI_TABLE = 1 << 0, /* several tables change in one commit */
       /* after a failed commit a fresh load says for sure whether it happened */
       FIRN_CATALOG_DEFINITE = 1 << 1,
       FIRN_CATALOG_REFUSES = 1 << 2, /* opened to be read only: nothing can be changed */
};

/* A view that is made, changed or taken away, and in the same step a table that gives its name to
 * the view, or takes it again. */
typedef struct firn_view_change {
    firn_ident ident;
    firn_str base;         /* where its metadata lies now; .p == NULL: there is none */
    firn_str new_location; /* of its new metadata; .p == NULL: it is taken away */
    bool move_table;       /* … */
    firn_ident table_from; /* … a table changes its name: before a view is made, behind one that */
    firn_ident table_to;   /* … is taken away */
} firn_view_change;

typedef struct firn_catalog_ops {
    const char *name; /* `type:` in the project file */
    uint32_t caps;    /* FIRN_CATALOG_… */

    void (*close)(firn_catalog *c);

    /* Namespaces, sorted, in `a`. */
    firn_code (*list_namespaces)(firn_catalog *c, firn_arena *a, firn_str **ret, size_t *ret_count,
                                 firn_err *err);
    /* Creates a namespace (and, by its name, its parents); one that is there is no error. */
    firn_code (*create_namespace)(firn_catalog *c, firn_str ns, firn_err *err);
    /* Tables of all namespaces, sorted by namespace and name, in `a`. */
    firn_code (*list_tables)(firn_catalog *c, firn_arena *a, firn_ident **ret, size_t *ret_count,
                             firn_err *err);

    /* Returns where the table's current metadata lies, in `a`.  FIRN_E_NOTFOUND;
     * FIRN_E_UNSUPPORTED if the name is a view's. */
    firn_code (*load)(firn_catalog *c, firn_ident ident, firn_arena *a, firn_str *ret_location,
                      firn_err *err);

    /* Swaps all of the tables or none.  Returns nothing but: FIRN_OK; FIRN_E_CONFLICT (a table is
     * not as `base` says any more, or exists already); FIRN_E_COMMIT_UNKNOWN (it may or may not
     * have happened); any other code: it did not happen. */
    firn_code (*commit)(firn_catalog *c, const firn_catalog_change *changes, size_t count,
                        firn_err *err);

    firn_code (*drop)(firn_catalog *c, firn_ident ident, firn_err *err); /* FIRN_E_NOTFOUND */

    /* Gives a table another name; its files stay where they are.  NULL: the catalog does not.
     * FIRN_E_NOTFOUND, FIRN_E_EXISTS. */
    firn_code (*rename)(firn_catalog *c, firn_ident from, firn_ident to, firn_err *err);

    /* Views, as tables above; all three NULL: the catalog keeps none. */
    firn_code (*list_views)(firn_catalog *c, firn_arena *a, firn_ident **ret, size_t *ret_count,
                            firn_err *err);
    firn_code (*load_view)(firn_catalog *c, firn_ident ident, firn_arena *a, firn_str *ret_location,
                           firn_err *err);
    /* All of the change or nothing.  FIRN_E_CONFLICT: it is not as `base` says any more;
     * FIRN_E_EXISTS: a name is taken; FIRN_E_UNSUPPORTED: this file cannot hold views;
     * FIRN_E_COMMIT_UNKNOWN as of commit. */
    firn_code (*swap_view)(firn_catalog *c, const firn_view_change *x, firn_err *err);
} firn_catalog_ops;

/* The common head of every catalog.  Any thread; a catalog locks for itself. */
struct firn_catalog {
    const firn_catalog_ops *ops;
    firn_str name; /* the first part of lake.raw.orders */
};

/* Loads a table's metadata.  FIRN_E_NOTFOUND names the table. */
FIRN_NODISCARD firn_code firn_table_load(firn_catalog *c, const firn_io *io, firn_ident ident,
                                         firn_arena *a, const firn_metadata **ret, firn_err *err);

#endif
