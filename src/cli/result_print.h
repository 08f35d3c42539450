/* SPDX-License-Identifier: Apache-2.0 */
/* result_print.h — results of queries for people and for programs. */
#ifndef FIRN_RESULT_PRINT_H
#define FIRN_RESULT_PRINT_H

#include "engine/engine.h"

#include <stdio.h>

typedef enum firn_print_format {
    FIRN_PRINT_TABLE,    /* lines around cells of at most 80 columns */
    FIRN_PRINT_CSV,      /* RFC 4180 with a header line; null is an empty cell */
    FIRN_PRINT_JSON,     /* an array of objects, one a line */
    FIRN_PRINT_BOX,      /* a table fitted to the screen */
    FIRN_PRINT_JSONL,    /* an object a line */
    FIRN_PRINT_MARKDOWN, /* a table of GitHub's Markdown */
    FIRN_PRINT_LINE,     /* a line for each value: name = value */
    FIRN_PRINT_PARQUET,  /* a file; made by the engine, not by firn_result_print */
} firn_print_format;

typedef struct firn_print_opt {
    firn_print_format format;
    size_t max_rows;       /* of a box or table; further rows are counted, not shown */
    size_t width;          /* columns of the screen that a box is fitted to; 0: not fitted */
    const char *null;      /* what stands for null in formats for people and CSV; NULL: NULL, and
                              nothing in CSV */
    int64_t count_ms;      /* so long are rows beyond max_rows counted; 0: to the end */
    const char *more_rows; /* how to see what is not shown: "-n all shows all"; may be NULL */
    const char *more_columns;
    bool unicode; /* box characters */
    bool colour;
} firn_print_opt;

/* The words are those of the enum in small letters. */
bool firn_print_format_parse(const char *text, firn_print_format *ret);
const char *firn_print_format_word(firn_print_format format);
#define FIRN_PRINT_WORDS "box, table, csv, json, jsonl, markdown, line or parquet"

/* Prints a whole result; *ret_rows (may be NULL) is how many rows it had.  Memory does not grow
 * with the rows.  FIRN_E_IO when the output goes away. */
FIRN_NODISCARD firn_code firn_result_print(const firn_engine_ops *ops, firn_result *r,
                                           const firn_print_opt *opt, FILE *f, uint64_t *ret_rows,
                                           firn_err *err);

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
