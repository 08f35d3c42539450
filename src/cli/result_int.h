/* SPDX-License-Identifier: Apache-2.0 */
/* result_int.h — the parts of result_print.h: tables in result_box.c, the rest in result_text.c. */
#ifndef FIRN_RESULT_INT_H
#define FIRN_RESULT_INT_H

#include "cli/result_print.h"

#define FIRN_CELL_MAX_BYTES ((size_t)1 << 30)

/* A result being printed. */
typedef struct firn_printing {
    const firn_engine_ops *ops;
    firn_result *r;
    const firn_print_opt *opt;
    FILE *f;
    const firn_column *root; /* the rows at hand */
    size_t rows;
    uint64_t total; /* rows read so far */
} firn_printing;

/* Reads the next rows into p->root; p->rows == 0: no more. */
FIRN_NODISCARD firn_code firn_printing_next(firn_printing *p, firn_err *err);

FIRN_NODISCARD firn_code firn_put(FILE *f, const void *p, size_t n, firn_err *err);
FIRN_NODISCARD firn_code firn_puts(FILE *f, const char *s, firn_err *err);

FIRN_NODISCARD firn_code firn_print_box(firn_printing *p, firn_err *err);
FIRN_NODISCARD firn_code firn_print_csv(firn_printing *p, firn_err *err);
FIRN_NODISCARD firn_code firn_print_json(firn_printing *p, firn_err *err); /* JSONL too */
FIRN_NODISCARD firn_code firn_print_markdown_rows(firn_printing *p, firn_err *err);
FIRN_NODISCARD firn_code firn_print_lines(firn_printing *p, firn_err *err);

#endif
