/* SPDX-License-Identifier: Apache-2.0 */
/* Results row by row: CSV, JSON, Markdown, lines.  Rows gather in one buffer that is written when
 * it is full, so that a result of any size needs the same memory. */
#include "cli/result_int.h"
#include "cli/screen.h"
#include "cli/value_text.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>

#define BLOCK     ((size_t)128 << 10)
#define ROWS_BUF  FIRN_BUF(FIRN_CELL_MAX_BYTES * 2)
#define CELL_BUF  FIRN_BUF(FIRN_CELL_MAX_BYTES)
#define NAME_WIDE 40 /* columns that names are padded to at most, a name a line */

static firn_code write_block(firn_printing *p, firn_buf *out, size_t at_least, firn_err *err)
{
    if (out->n < at_least)
        return FIRN_OK;
    FIRN_TRY(firn_put(p->f, out->p, out->n, err));
    firn_buf_clear(out);
    return FIRN_OK;
}

/* --- CSV ----------------------------------------------------------------------------------- */

static firn_code add_csv_text(firn_str s, bool quote, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < s.n && !quote; i++)
        quote = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
    if (!quote)
        return firn_buf_addstr(out, s, err);
    FIRN_TRY(firn_buf_addc(out, '"', err));
    for (const char *mark; s.n && (mark = memchr(s.p, '"', s.n));) {
        size_t n = (size_t)(mark - s.p) + 1;
        FIRN_TRY(firn_buf_add(out, s.p, n, err));
        FIRN_TRY(firn_buf_addc(out, '"', err));
        s = (firn_str){s.p + n, s.n - n};
    }
    FIRN_TRY(firn_buf_addstr(out, s, err));
    return firn_buf_addc(out, '"', err);
}

/* A text is quoted where it could be taken for null. */
static firn_code add_csv_cell(const firn_column *col, size_t row, firn_str null, firn_buf *cell,
                              firn_buf *out, firn_err *err)
{
    if (!firn_column_is_valid(col, row))
        return firn_buf_addstr(out, null, err);
    if (col->type->kind == FIRN_T_STRING) {
        firn_str s = firn_strview_str(&((const firn_strview *)col->data)[row]);
        return add_csv_text(s, firn_str_eq(s, null), out, err);
    }
    if (!firn_type_is_nested(col->type->kind))
        return firn_value_text(col, row, out, err); /* none has a mark of CSV in it */
    firn_buf_clear(cell);
    FIRN_TRY(firn_value_json(col, row, cell, err));
    return add_csv_text(firn_buf_str(cell), false, out, err);
}

static firn_code add_csv_head(const firn_type *type, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < type->field_count; i++) {
        firn_str name = type->fields[i].name;
        FIRN_TRY(firn_buf_adds(out, i ? "," : "", err));
        FIRN_TRY(add_csv_text(name, name.n == 0, out, err));
    }
    return firn_buf_addc(out, '\n', err);
}

firn_code firn_print_csv(firn_printing *p, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = ROWS_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf cell = CELL_BUF;
    firn_str null = firn_str_of(p->opt->null ? p->opt->null : "");
    FIRN_TRY(add_csv_head(p->ops->result_type(p->r), &out, err));
    for (;;) {
        FIRN_TRY(firn_printing_next(p, err));
        if (p->rows == 0)
            return write_block(p, &out, 0, err);
        for (size_t i = 0; i < p->rows; i++) {
            for (size_t c = 0; c < p->root->child_count; c++) {
                if (c)
                    FIRN_TRY(firn_buf_addc(&out, ',', err));
                FIRN_TRY(add_csv_cell(&p->root->children[c], i, null, &cell, &out, err));
            }
            FIRN_TRY(firn_buf_addc(&out, '\n', err));
            FIRN_TRY(write_block(p, &out, BLOCK, err));
        }
    }
}

/* --- JSON ---------------------------------------------------------------------------------- */

/* "{"a":", ","b":" …: what stands before each value of a row, which is the same in all rows. */
static firn_code json_keys(const firn_type *type, firn_arena *a, firn_str **ret, firn_err *err)
{
    firn_str *keys = firn_arena_array(a, type->field_count, sizeof *keys);
    if (!keys)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < type->field_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf key = CELL_BUF;
        FIRN_TRY(firn_buf_addc(&key, i ? ',' : '{', err));
        FIRN_TRY(firn_json_escape(type->fields[i].name, &key, err));
        FIRN_TRY(firn_buf_addc(&key, ':', err));
        keys[i] = firn_arena_str(a, firn_buf_str(&key));
        if (!keys[i].p)
            return firn_arena_raise(a, err);
    }
    *ret = keys;
    return FIRN_OK;
}

static firn_code add_json_row(const firn_printing *p, const firn_str *keys, size_t row,
                              firn_buf *out, firn_err *err)
{
    for (size_t c = 0; c < p->root->child_count; c++) {
        FIRN_TRY(firn_buf_addstr(out, keys[c], err));
        FIRN_TRY(firn_value_json(&p->root->children[c], row, out, err));
    }
    return firn_buf_adds(out, p->root->child_count ? "}" : "{}", err);
}

firn_code firn_print_json(firn_printing *p, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = ROWS_BUF;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("keys of rows", 0);
    bool list = p->opt->format == FIRN_PRINT_JSON;
    bool first = true;
    firn_str *keys;
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(json_keys(p->ops->result_type(p->r), a, &keys, err));
    FIRN_TRY(firn_buf_adds(&out, list ? "[" : "", err));
    for (;;) {
        FIRN_TRY(firn_printing_next(p, err));
        if (p->rows == 0)
            break;
        for (size_t i = 0; i < p->rows; i++) {
            FIRN_TRY(firn_buf_adds(&out, list && !first ? ",\n" : "", err));
            FIRN_TRY(add_json_row(p, keys, i, &out, err));
            FIRN_TRY(firn_buf_adds(&out, list ? "" : "\n", err));
            FIRN_TRY(write_block(p, &out, BLOCK, err));
            first = false;
        }
    }
    FIRN_TRY(firn_buf_adds(&out, list ? "]\n" : "", err));
    return write_block(p, &out, 0, err);
}

/* --- Markdown ------------------------------------------------------------------------------ */

static firn_code add_markdown_text(firn_str s, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        bool newline = s.p[i] == '\n';
        if (newline || s.p[i] == '\r') {
            FIRN_TRY(firn_buf_adds(out, newline ? "<br>" : "", err));
            continue;
        }
        if (s.p[i] == '|' || s.p[i] == '\\')
            FIRN_TRY(firn_buf_addc(out, '\\', err));
        FIRN_TRY(firn_buf_addc(out, s.p[i], err));
    }
    return FIRN_OK;
}

static firn_code add_markdown_head(const firn_type *type, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < type->field_count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? " | " : "| ", err));
        FIRN_TRY(add_markdown_text(type->fields[i].name, out, err));
    }
    FIRN_TRY(firn_buf_adds(out, " |\n", err));
    for (size_t i = 0; i < type->field_count; i++)
        FIRN_TRY(
            firn_buf_adds(out, firn_value_is_number(&type->fields[i].type) ? "|--:" : "|---", err));
    return firn_buf_adds(out, "|\n", err);
}

static firn_code add_markdown_row(firn_printing *p, size_t row, firn_buf *cell, firn_buf *out,
                                  firn_err *err)
{
    for (size_t c = 0; c < p->root->child_count; c++) {
        const firn_column *col = &p->root->children[c];
        firn_buf_clear(cell);
        FIRN_TRY(firn_value_text(col, row, cell, err));
        FIRN_TRY(firn_buf_adds(out, c ? " | " : "| ", err));
        if (firn_column_is_valid(col, row))
            FIRN_TRY(add_markdown_text(firn_buf_str(cell), out, err));
        else
            FIRN_TRY(firn_buf_adds(out, p->opt->null ? p->opt->null : "NULL", err));
    }
    return firn_buf_adds(out, " |\n", err);
}

firn_code firn_print_markdown_rows(firn_printing *p, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = ROWS_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf cell = CELL_BUF;
    FIRN_TRY(add_markdown_head(p->ops->result_type(p->r), &out, err));
    for (;;) {
        FIRN_TRY(firn_printing_next(p, err));
        if (p->rows == 0)
            return write_block(p, &out, 0, err);
        for (size_t i = 0; i < p->rows; i++) {
            FIRN_TRY(add_markdown_row(p, i, &cell, &out, err));
            FIRN_TRY(write_block(p, &out, BLOCK, err));
        }
    }
}

/* --- a value a line ------------------------------------------------------------------------ */

static size_t widest_name(const firn_type *type)
{
    size_t width = 0;
    for (size_t i = 0; i < type->field_count; i++)
        width = FIRN_MAX(width, firn_text_width(type->fields[i].name));
    return FIRN_MIN(width, NAME_WIDE);
}

static firn_code add_line(firn_printing *p, size_t c, size_t row, size_t width, firn_buf *cell,
                          firn_buf *out, firn_err *err)
{
    const firn_column *col = &p->root->children[c];
    firn_str name = p->ops->result_type(p->r)->fields[c].name;
    size_t at = out->n;
    FIRN_TRY(firn_text_safe(name, SIZE_MAX, false, out, err));
    size_t shown = firn_text_width((firn_str){(const char *)out->p + at, out->n - at});
    for (size_t i = shown; i < width; i++)
        FIRN_TRY(firn_buf_addc(out, ' ', err));
    FIRN_TRY(firn_buf_adds(out, " = ", err));
    firn_buf_clear(cell);
    FIRN_TRY(firn_value_text(col, row, cell, err));
    if (!firn_column_is_valid(col, row))
        FIRN_TRY(firn_buf_adds(out, p->opt->null ? p->opt->null : "NULL", err));
    else
        FIRN_TRY(firn_text_safe(firn_buf_str(cell), SIZE_MAX, true, out, err));
    return firn_buf_addc(out, '\n', err);
}

firn_code firn_print_lines(firn_printing *p, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = ROWS_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf cell = CELL_BUF;
    size_t width = widest_name(p->ops->result_type(p->r));
    bool first = true;
    for (;;) {
        FIRN_TRY(firn_printing_next(p, err));
        if (p->rows == 0)
            return write_block(p, &out, 0, err);
        for (size_t i = 0; i < p->rows; i++) {
            FIRN_TRY(firn_buf_adds(&out, first ? "" : "\n", err));
            first = false;
            for (size_t c = 0; c < p->root->child_count; c++)
                FIRN_TRY(add_line(p, c, i, width, &cell, &out, err));
            FIRN_TRY(write_block(p, &out, BLOCK, err));
        }
    }
}
