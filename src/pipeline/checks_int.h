/* SPDX-License-Identifier: Apache-2.0 */
/* checks_int.h — one audit in progress, shared by the files check*.c. */
#ifndef FIRN_CHECKS_INT_H
#define FIRN_CHECKS_INT_H

#include "pipeline/checks.h"
#include "pipeline/tables.h"

/* A check that found something. */
typedef struct firn_finding {
    const firn_check *check;
    int64_t failing; /* rows, or values that are there twice */
    firn_str fact;   /* of row_count and freshness: JSON of what was found */
    char text[160];  /* the same for people: "3 rows" */
} firn_finding;

typedef struct firn_checking {
    firn_context *run;
    const firn_check_input *in;
    firn_session *session;
    firn_arena *a;
    const firn_type *schema;
    firn_str fresh; /* SELECT of the new rows */
    firn_str all;   /* SELECT of all rows; made when it is needed */
    firn_view_keep keep;
    int64_t now_us;

    firn_inputs inputs; /* tables that are looked into */
    firn_tables tables;
    bool tables_open;
    firn_ident *others; /* by place in inputs.statement.refs */
    size_t other_count;

    firn_check_counts counts;
    FIRN_VEC(firn_finding) found;
    firn_err first; /* of the checks that failed with severity error */
} firn_checking;

/* check_sql.c: what is looked at, as SQL */

/* Opens what the checks look into, and finds the new rows. */
FIRN_NODISCARD firn_code firn_checking_open(firn_checking *c, firn_err *err);
void firn_checking_close(firn_checking *c);
/* The rows that are there already and the new ones. */
FIRN_NODISCARD firn_code firn_checking_all(firn_checking *c, firn_err *err);
/* "x", or for a path into structs "a"."b". */
FIRN_NODISCARD firn_code firn_checking_column(const firn_checking *c, firn_str path, firn_buf *out,
                                              firn_err *err);
/* The type of a column by its path; NULL: there is none. */
const firn_type *firn_checking_type(const firn_checking *c, firn_str path);

/* " FROM (rows)" under the table's name, only those that `where` lets through. */
FIRN_NODISCARD firn_code firn_checking_from(const firn_checking *c, const firn_check *k,
                                            firn_str select, firn_buf *out, firn_err *err);
/* `what` over the failing rows; of a unique check over the values that are there twice. */
FIRN_NODISCARD firn_code firn_checking_failing(firn_checking *c, const firn_check *k,
                                               const char *what, firn_buf *out, firn_err *err);
/* `what` over the rows of the table that fail, also of a unique check. */
FIRN_NODISCARD firn_code firn_checking_rows(firn_checking *c, const firn_check *k, const char *what,
                                            firn_buf *out, firn_err *err);
bool firn_check_has_rows(const firn_check *k); /* else it says something of the table as a whole */

/* check_failures.c: NS.TABLE__failures */
FIRN_NODISCARD firn_code firn_checking_keep(firn_checking *c, firn_err *err);

#endif
