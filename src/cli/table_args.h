/* SPDX-License-Identifier: Apache-2.0 */
/* table_args.h — what the verbs about tables share: which table, at which state, and how it is said
 * in JSON. */
#ifndef FIRN_TABLE_ARGS_H
#define FIRN_TABLE_ARGS_H

#include "cli/common.h"
#include "iceberg/catalog.h"
#include "iceberg/snapshot.h"
#include "iceberg/travel.h"

/* To be put into the tables of options. */
#define FIRN_ARG_AT                                                                                \
    {                                                                                              \
        "at", 0, "WHEN", "a snapshot id, a time (2025-05-31T10:00:00Z), a branch or a tag"         \
    }
#define FIRN_ARG_JSON_DOCUMENT                                                                     \
    {                                                                                              \
        "json", 0, NULL, "as one JSON document"                                                    \
    }

/* A table at one state. */
typedef struct firn_table_at {
    firn_ident ident;
    const firn_metadata *metadata;
    firn_at at;
    const firn_snapshot *snapshot; /* NULL: it has none */
    const firn_schema *schema;     /* to read it with */
} firn_table_at;

/* Opens, read-only, the catalog of the warehouse that the first argument names, or of the project;
 * *ret_rest is the first argument behind it.  FIRN_E_USAGE with the question `what`, if it is not
 * NULL, where there is none. */
FIRN_NODISCARD firn_code firn_command_lake(firn_command *c, const firn_args *args, const char *what,
                                           size_t *ret_rest, firn_err *err);

/* Finds the table that the command line names, in a warehouse or a project, or by its place: a
 * folder or a metadata file of a table that need not be in any catalog (its namespace is empty
 * then).  *ret_rest is the first argument behind it. */
FIRN_NODISCARD firn_code firn_command_find_table(firn_command *c, const firn_args *args,
                                                 const char *what, size_t *ret_rest,
                                                 firn_ident *ret_ident, const firn_metadata **ret,
                                                 firn_err *err);

/* For printf: "raw.orders", or the place of a table without a namespace. */
#define FIRN_IDENT_FMT "%.*s%s%.*s"
#define FIRN_IDENT_ARG(ident)                                                                      \
    FIRN_STR_ARG((ident).ns), (ident).ns.n ? "." : "", FIRN_STR_ARG((ident).name)

/* Finds the one table that is named, at the state that --at says; `what` asks for it where none
 * is. */
FIRN_NODISCARD firn_code firn_command_table_at(firn_command *c, const firn_args *args,
                                               const char *what, firn_table_at *ret, firn_err *err);

/* Totals of a snapshot; where its manifests would have to be asked and cannot be read, all are -1
 * and *ret_why says why. */
FIRN_NODISCARD firn_code firn_command_totals(firn_command *c, const firn_metadata *m,
                                             const firn_snapshot *s, firn_totals *ret,
                                             firn_err *ret_why, firn_err *err);

/* As firn_human_count, "?" for a number that is not known. */
void firn_human_total(int64_t n, char out[32]);

/* Prints a document on standard output. */
FIRN_NODISCARD firn_code firn_command_print_json(const json_t *j, firn_err *err);

/* Members of a document: a text or null; a snapshot's id and time; totals. */
FIRN_NODISCARD firn_code firn_json_set_text(json_t *o, const char *key, firn_str text,
                                            firn_err *err);
FIRN_NODISCARD firn_code firn_json_set_snapshot(json_t *o, const firn_snapshot *s, firn_err *err);
FIRN_NODISCARD firn_code firn_json_set_totals(json_t *o, const firn_totals *t, firn_err *err);

#endif
