/* SPDX-License-Identifier: Apache-2.0 */
/* sql_refs.h — where a statement names tables of a catalog, and in which state it wants them; and
 * the statement with other names in their place. */
#ifndef FIRN_SQL_REFS_H
#define FIRN_SQL_REFS_H

#include "engine/sql_travel.h"
#include "iceberg/catalog.h"

/* What the names of a statement may mean. */
typedef struct firn_sql_known {
    firn_str catalog; /* .p == NULL: none, and no tables then */
    /* any order; one may be there twice */
    const firn_ident *tables;
    size_t count;
} firn_sql_known;

/* iceberg('where', moved => true, …) */
typedef struct firn_sql_call {
    firn_str where;
    bool moved;
    firn_str moved_from; /* .p == NULL: not said */
    int64_t version;     /* of the metadata file; -1: not said */
    int64_t snapshot;    /* -1: not said */
} firn_sql_call;

typedef struct firn_sql_ref {
    const firn_sql_call *call; /* NULL: a table of the catalog */
    size_t table;              /* place in the list of known ones */
    firn_sql_name name;        /* as written; of a call: iceberg */
    size_t first;              /* 1: the name begins with the catalog's; else 0 */
    size_t ns_parts;           /* how many parts the namespace was written in */
    size_t end;                /* behind the table's name or the call */
    firn_str metadata;         /* "files" of t$files and ns.t.files; .p == NULL: the table itself */
    firn_sql_at at;
    bool column; /* the name goes on to a column: nothing is read for it */
} firn_sql_ref;

/* Finds all references, in the order of the statement.  Exact names come before those that differ
 * in case.  FIRN_E_SQL with its place for a clause that is wrong or stands behind what is no table
 * of the catalog, for a name that differs only in case from several tables, for a metadata table
 * that does not exist, and for names of four parts and more that are nothing. */
FIRN_NODISCARD firn_code firn_sql_refs(firn_str sql, const firn_sql_origin *origin,
                                       const firn_sql_known *known, firn_arena *a,
                                       firn_sql_ref **ret, size_t *ret_count, firn_err *err);

/* Raises FIRN_E_SQL at its place: there is no such table; the advice names the nearest one. */
firn_code firn_sql_no_table(firn_str sql, const firn_sql_origin *origin,
                            const firn_sql_known *known, const firn_sql_name *n, firn_arena *a,
                            firn_err *err);

/* The engine's name of a namespace: levels joined by '$', as it has no nested ones.  In `a`. */
FIRN_NODISCARD firn_code firn_sql_flat_namespace(firn_str ns, firn_arena *a, firn_str *ret,
                                                 firn_err *err);

/* Appends the text that stands for a reference in the engine: ALIAS.PREFIXns.table, its parts
 * quoted as they were written; without "ALIAS." where alias.p == NULL. */
FIRN_NODISCARD firn_code firn_sql_ref_text(firn_str sql, const firn_sql_ref *ref, firn_str alias,
                                           firn_str prefix, firn_arena *a, firn_buf *out,
                                           firn_err *err);

/* One replacement in a statement. */
typedef struct firn_sql_edit {
    size_t from;
    size_t to;
    firn_str text; /* "": blanks, and the line ends that were there */
} firn_sql_edit;

/* Copies a statement with replacements (ascending, apart from each other).  Blanks are put in and
 * left out so that what follows keeps its line, and its column where that is possible. */
FIRN_NODISCARD firn_code firn_sql_apply(firn_str sql, const firn_sql_edit *edits, size_t count,
                                        firn_buf *out, firn_err *err);

#endif
