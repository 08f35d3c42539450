/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/result_int.h"

#include <errno.h>
#include <string.h>

static const char *const words[] = {"table", "csv",      "json", "box",
                                    "jsonl", "markdown", "line", "parquet"};

bool firn_print_format_parse(const char *text, firn_print_format *ret)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        *ret = (firn_print_format)i;
        return true;
    }
    return false;
}

const char *firn_print_format_word(firn_print_format format)
{
    return words[format];
}

firn_code firn_put(FILE *f, const void *p, size_t n, firn_err *err)
{
    if (n && fwrite(p, 1, n, f) != n)
        return firn_raise_errno(err, errno, "cannot write the result");
    return FIRN_OK;
}

firn_code firn_puts(FILE *f, const char *s, firn_err *err)
{
    return firn_put(f, s, strlen(s), err);
}

firn_code firn_printing_next(firn_printing *p, firn_err *err)
{
    FIRN_TRY(p->ops->next(p->r, &p->root, &p->rows, err));
    p->total += p->rows;
    return FIRN_OK;
}

static firn_code print(firn_printing *p, firn_err *err)
{
    switch (p->opt->format) {
    case FIRN_PRINT_CSV:
        return firn_print_csv(p, err);
    case FIRN_PRINT_JSON:
    case FIRN_PRINT_JSONL:
        return firn_print_json(p, err);
    case FIRN_PRINT_MARKDOWN:
        return firn_print_markdown_rows(p, err);
    case FIRN_PRINT_LINE:
        return firn_print_lines(p, err);
    case FIRN_PRINT_TABLE:
    case FIRN_PRINT_BOX:
    case FIRN_PRINT_PARQUET: /* what its statement returned, a count */
        break;
    }
    return firn_print_box(p, err);
}

firn_code firn_result_print(const firn_engine_ops *ops, firn_result *r, const firn_print_opt *opt,
                            FILE *f, uint64_t *ret_rows, firn_err *err)
{
    firn_printing p = {.ops = ops, .r = r, .opt = opt, .f = f};
    FIRN_TRY(print(&p, err));
    if (ret_rows)
        *ret_rows = p.total;
    return FIRN_OK;
}
