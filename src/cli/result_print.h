/* SPDX-License-Identifier: Apache-2.0 */
/* result_print.h — results of queries on standard output: a table, CSV or JSON. */
#ifndef FIRN_RESULT_PRINT_H
#define FIRN_RESULT_PRINT_H

#include "engine/engine.h"

#include <stdio.h>

typedef enum firn_print_format {
    FIRN_PRINT_TABLE,
    FIRN_PRINT_CSV,  /* RFC 4180 with a header line; null is an empty cell */
    FIRN_PRINT_JSON, /* an array of objects, one a line */
} firn_print_format;

typedef struct firn_print_opt {
    firn_print_format format;
    size_t max_rows; /* of a table; further rows are counted, not shown */
    bool unicode;    /* box characters */
    bool colour;
} firn_print_opt;

bool firn_print_format_parse(const char *text, firn_print_format *ret);

/* Prints a whole result.  FIRN_E_IO when the output goes away. */
FIRN_NODISCARD firn_code firn_result_print(const firn_engine_ops *ops, firn_result *r,
                                           const firn_print_opt *opt, FILE *f, firn_err *err);

/* A small table of texts, for `tables`, `show`, `history` and the end of a run. */
typedef struct firn_text_table firn_text_table;
FIRN_NODISCARD firn_code firn_text_table_new(const char *const *heads, size_t columns,
                                             const bool *right, firn_text_table **ret,
                                             firn_err *err);
/* One row; the texts are copied.  NULL: an empty cell. */
FIRN_NODISCARD firn_code firn_text_table_add(firn_text_table *t, const char *const *cells,
                                             firn_err *err);
FIRN_NODISCARD firn_code firn_text_table_print(firn_text_table *t, const firn_print_opt *opt,
                                               FILE *f, firn_err *err);
void firn_text_table_free(firn_text_table *t);

#endif
