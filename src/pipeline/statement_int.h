/* SPDX-License-Identifier: Apache-2.0 */
/* statement_int.h — the parts of statement.c: what is shown of tables and namespaces. */
#ifndef FIRN_STATEMENT_INT_H
#define FIRN_STATEMENT_INT_H

#include "pipeline/statement.h"

#define FIRN_LISTING_MAX 6 /* columns */

/* A small result made by firn: texts in rows and columns. */
typedef struct firn_listing {
    firn_arena *a;
    const char *columns[FIRN_LISTING_MAX];
    size_t column_count;
    FIRN_VEC(firn_str) cells; /* row by row; .p == NULL: null */
} firn_listing;

FIRN_NODISCARD firn_code firn_listing_add(firn_listing *l, const firn_str *row, firn_err *err);

/* A statement being answered. */
typedef struct firn_showing {
    firn_context *run;
    const firn_query_conf *conf;
    firn_arena *a;
    firn_sql_origin origin;
    size_t at;        /* behind the words read so far */
    firn_listing out; /* the answer */
    firn_str sql;     /* or a statement of the engine that gives it; .p == NULL: none */
} firn_showing;

/* Reads the next word if it is this one (in any case of letters). */
bool firn_showing_word(firn_showing *w, const char *word);
firn_sql_token firn_showing_next(const firn_showing *w);
/* Raises FIRN_E_SQL at an offset of the statement. */
firn_code firn_showing_fail(const firn_showing *w, size_t offset, firn_err *err, const char *fmt,
                            ...) FIRN_PRINTF(4, 5);
/* Fails unless nothing but what was read stands there. */
FIRN_NODISCARD firn_code firn_showing_end(const firn_showing *w, firn_err *err);

/* Reads the name of a namespace, with or without the catalog's before it. */
FIRN_NODISCARD firn_code firn_showing_namespace(firn_showing *w, firn_str *ret, firn_err *err);

/* Reads a table with its clause, iceberg('…') and t$files too, and loads it. */
FIRN_NODISCARD firn_code firn_showing_table(firn_showing *w, const firn_input **ret, firn_err *err);

/* The same for a table or a view: one of the two is set. */
FIRN_NODISCARD firn_code firn_showing_relation(firn_showing *w, const firn_input **ret,
                                               const firn_view_def **ret_view, firn_err *err);

/* SHOW TABLES and SHOW SCHEMAS, behind these words; DESCRIBE NAMESPACE. */
FIRN_NODISCARD firn_code firn_show_tables(firn_showing *w, firn_err *err);
FIRN_NODISCARD firn_code firn_show_views(firn_showing *w, firn_err *err);
FIRN_NODISCARD firn_code firn_show_namespaces(firn_showing *w, firn_err *err);
FIRN_NODISCARD firn_code firn_describe_namespace(firn_showing *w, firn_err *err);

/* Of one table. */
FIRN_NODISCARD firn_code firn_describe_table(firn_showing *w, bool extended, firn_err *err);
FIRN_NODISCARD firn_code firn_show_columns(firn_showing *w, firn_err *err);
FIRN_NODISCARD firn_code firn_show_create(firn_showing *w, firn_err *err);
FIRN_NODISCARD firn_code firn_show_properties(firn_showing *w, firn_err *err);
FIRN_NODISCARD firn_code firn_show_partitions(firn_showing *w, firn_err *err);

/* Of one view (statement_view.c): rows behind the heads of DESCRIBE, and a whole answer. */
FIRN_NODISCARD firn_code firn_view_columns(firn_showing *w, const firn_view_def *v, firn_err *err);
FIRN_NODISCARD firn_code firn_view_details(firn_showing *w, const firn_view_def *v, firn_err *err);
FIRN_NODISCARD firn_code firn_show_create_view(firn_showing *w, const firn_view_def *v,
                                               firn_err *err);

/* --- Spark's words (spark_ddl.c) ----------------------------------------------------------- */

/* Appends a type as Spark spells it: "struct<a:bigint>"; in a CREATE TABLE with NOT NULL and
 * COMMENT inside of structs. */
FIRN_NODISCARD firn_code firn_spark_type(const firn_type *t, bool ddl, firn_buf *out,
                                         firn_err *err);

/* Appends the table's partition fields, "days(ts), bucket(16, id)"; nothing if there are none. */
FIRN_NODISCARD firn_code firn_spark_partitions(const firn_metadata *m, firn_buf *out,
                                               firn_err *err);

/* Appends CREATE TABLE … USING iceberg …; `name` as it is to stand there. */
FIRN_NODISCARD firn_code firn_spark_create(const firn_metadata *m, const firn_schema *schema,
                                           firn_str name, firn_buf *out, firn_err *err);

/* Appends a name, in backticks if it needs them. */
FIRN_NODISCARD firn_code firn_spark_ident(firn_str name, firn_buf *out, firn_err *err);

#endif
