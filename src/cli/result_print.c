/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/result_print.h"
#include "cli/value_text.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <wchar.h>

#define CELL_MAX_BYTES ((size_t)1 << 30)
#define CELL_SHOWN     80 /* columns of the screen a cell may take in a table */

bool firn_print_format_parse(const char *text, firn_print_format *ret)
{
    static const char *const words[] = {"table", "csv", "json"};
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        *ret = (firn_print_format)i;
        return true;
    }
    return false;
}

static firn_code put(FILE *f, const char *p, size_t n, firn_err *err)
{
    if (n && fwrite(p, 1, n, f) != n)
        return firn_raise_errno(err, errno, "cannot write the result");
    return FIRN_OK;
}

static firn_code puts_to(FILE *f, const char *s, firn_err *err)
{
    return put(f, s, strlen(s), err);
}

/* --- width on the screen ------------------------------------------------------------------- */

/* Needs LC_CTYPE to be UTF-8, which main() sees to. */
static size_t char_width(uint32_t cp)
{
    int w = wcwidth((wchar_t)cp);
    return w < 0 ? 0 : (size_t)w;
}

static size_t text_width(firn_str s)
{
    size_t width = 0;
    size_t i = 0;
    while (i < s.n) {
        uint32_t cp;
        size_t n = firn_utf8_decode(s.p + i, s.n - i, &cp);
        width += n ? char_width(cp) : 1;
        i += n ? n : 1;
    }
    return width;
}

/* Appends a text for one line of a table: line ends and control characters made visible, cut to
 * CELL_SHOWN columns. */
static firn_code add_cell(firn_str s, firn_buf *out, firn_err *err)
{
    size_t width = 0;
    size_t i = 0;
    while (i < s.n) {
        uint32_t cp = 0;
        size_t n = firn_utf8_decode(s.p + i, s.n - i, &cp);
        bool plain = n && cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0);
        char escaped[8];
        snprintf(escaped, sizeof escaped,
                 cp == '\n'   ? "\\n"
                 : cp == '\t' ? "\\t"
                              : "\\x%02x",
                 (unsigned char)s.p[i]);
        size_t w = plain ? char_width(cp) : strlen(escaped);
        if (width + w > CELL_SHOWN - 1 && i + (n ? n : 1) < s.n)
            return firn_buf_adds(out, "…", err);
        FIRN_TRY(plain ? firn_buf_add(out, s.p + i, n, err) : firn_buf_adds(out, escaped, err));
        width += w;
        i += n ? n : 1;
    }
    return FIRN_OK;
}

/* --- tables of texts ----------------------------------------------------------------------- */

struct firn_text_table {
    firn_arena *arena;
    size_t columns;
    bool *right;
    size_t *widths;
    FIRN_VEC(firn_str) cells; /* row by row, heads first; .p == NULL: null */
};

void firn_text_table_free(firn_text_table *t)
{
    if (!t)
        return;
    firn_arena_free(t->arena);
    firn_mem_free(t);
}

static firn_code add_text(firn_text_table *t, firn_str text, bool is_null, firn_err *err)
{
    size_t column = t->cells.n % t->columns;
    FIRN_AUTO(firn_buf_free) firn_buf shown = FIRN_BUF((size_t)1 << 20);
    firn_str kept = {NULL, 4};
    if (!is_null) {
        FIRN_TRY(add_cell(text, &shown, err));
        kept = firn_arena_str(t->arena, firn_buf_str(&shown));
        if (!kept.p)
            return firn_arena_raise(t->arena, err);
    }
    size_t width = is_null ? 4 : text_width(kept);
    t->widths[column] = FIRN_MAX(t->widths[column], width);
    if (!firn_vec_push(t->arena, &t->cells, kept))
        return firn_arena_raise(t->arena, err);
    return FIRN_OK;
}

static firn_code new_table(size_t columns, firn_text_table **ret, firn_err *err)
{
    firn_text_table *t = firn_mem_alloc(sizeof *t);
    if (!t)
        return firn_raise_nomem(err);
    memset(t, 0, sizeof *t);
    t->columns = columns;
    t->arena = firn_arena_new("a table on the screen", 0);
    if (t->arena) {
        t->right = firn_arena_array(t->arena, columns, sizeof *t->right);
        t->widths = firn_arena_array(t->arena, columns, sizeof *t->widths);
    }
    if (!t->arena || !t->right || !t->widths) {
        firn_text_table_free(t);
        return firn_raise_nomem(err);
    }
    *ret = t;
    return FIRN_OK;
}

firn_code firn_text_table_add(firn_text_table *t, const char *const *cells, firn_err *err)
{
    for (size_t i = 0; i < t->columns; i++)
        FIRN_TRY(add_text(t, firn_str_of(cells[i]), false, err));
    return FIRN_OK;
}

firn_code firn_text_table_new(const char *const *heads, size_t columns, const bool *right,
                              firn_text_table **ret, firn_err *err)
{
    firn_text_table *t;
    FIRN_TRY(new_table(columns, &t, err));
    for (size_t i = 0; i < columns; i++)
        t->right[i] = right && right[i];
    firn_code code = firn_text_table_add(t, heads, err);
    if (code != FIRN_OK) {
        firn_text_table_free(t);
        return code;
    }
    *ret = t;
    return FIRN_OK;
}

/* The characters a table is drawn with. */
typedef struct box {
    const char *line, *bar;
    const char *top[3], *middle[3], *bottom[3]; /* left, between, right */
} box;

static const box unicode_box = {"─", "│", {"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}};
static const box ascii_box = {"-", "|", {"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}};

static firn_code print_rule(const firn_text_table *t, const box *b, const char *const ends[3],
                            FILE *f, firn_err *err)
{
    FIRN_TRY(puts_to(f, ends[0], err));
    for (size_t c = 0; c < t->columns; c++) {
        for (size_t i = 0; i < t->widths[c] + 2; i++)
            FIRN_TRY(puts_to(f, b->line, err));
        FIRN_TRY(puts_to(f, ends[c + 1 < t->columns ? 1 : 2], err));
    }
    return puts_to(f, "\n", err);
}

static firn_code print_cell(const firn_text_table *t, size_t column, firn_str cell, bool head,
                            const firn_print_opt *opt, FILE *f, firn_err *err)
{
    bool is_null = !cell.p;
    firn_str text = is_null ? FIRN_STR_LIT("NULL") : cell;
    size_t pad = t->widths[column] - text_width(text);
    size_t left = t->right[column] ? pad : 0;
    const char *on = !opt->colour ? "" : head ? "\033[1m" : is_null ? "\033[2m" : "";
    FIRN_TRY(puts_to(f, " ", err));
    for (size_t i = 0; i < left; i++)
        FIRN_TRY(puts_to(f, " ", err));
    FIRN_TRY(puts_to(f, on, err));
    FIRN_TRY(put(f, text.p, text.n, err));
    FIRN_TRY(puts_to(f, *on ? "\033[0m" : "", err));
    for (size_t i = left; i < pad; i++)
        FIRN_TRY(puts_to(f, " ", err));
    return puts_to(f, " ", err);
}

static firn_code print_row(const firn_text_table *t, const box *b, size_t row,
                           const firn_print_opt *opt, FILE *f, firn_err *err)
{
    FIRN_TRY(puts_to(f, b->bar, err));
    for (size_t c = 0; c < t->columns; c++) {
        FIRN_TRY(print_cell(t, c, t->cells.v[row * t->columns + c], row == 0, opt, f, err));
        FIRN_TRY(puts_to(f, b->bar, err));
    }
    return puts_to(f, "\n", err);
}

firn_code firn_text_table_print(firn_text_table *t, const firn_print_opt *opt, FILE *f,
                                firn_err *err)
{
    const box *b = opt->unicode ? &unicode_box : &ascii_box;
    size_t rows = t->cells.n / t->columns;
    FIRN_TRY(print_rule(t, b, b->top, f, err));
    for (size_t i = 0; i < rows; i++) {
        FIRN_TRY(print_row(t, b, i, opt, f, err));
        if (i == 0)
            FIRN_TRY(print_rule(t, b, b->middle, f, err));
    }
    return print_rule(t, b, b->bottom, f, err);
}

/* --- results ------------------------------------------------------------------------------- */

static firn_code add_result_row(firn_text_table *t, const firn_column *root, size_t row,
                                firn_err *err)
{
    for (size_t c = 0; c < root->child_count; c++) {
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(CELL_MAX_BYTES);
        FIRN_TRY(firn_value_text(&root->children[c], row, &text, err));
        FIRN_TRY(
            add_text(t, firn_buf_str(&text), !firn_column_is_valid(&root->children[c], row), err));
    }
    return FIRN_OK;
}

static firn_code fill_table(const firn_engine_ops *ops, firn_result *r, size_t max_rows,
                            firn_text_table *t, size_t *ret_total, firn_err *err)
{
    const firn_type *type = ops->result_type(r);
    size_t total = 0;
    for (size_t i = 0; i < type->field_count; i++) {
        t->right[i] = firn_value_is_number(&type->fields[i].type);
        FIRN_TRY(add_text(t, type->fields[i].name, false, err));
    }
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            break;
        for (size_t i = 0; i < rows && total + i < max_rows; i++)
            FIRN_TRY(add_result_row(t, root, i, err));
        total += rows;
    }
    *ret_total = total;
    return FIRN_OK;
}

static firn_code print_table(const firn_engine_ops *ops, firn_result *r, const firn_print_opt *opt,
                             FILE *f, firn_err *err)
{
    firn_text_table *t;
    size_t total;
    if (ops->result_type(r)->field_count == 0)
        return FIRN_OK;
    FIRN_TRY(new_table(ops->result_type(r)->field_count, &t, err));
    firn_code code = fill_table(ops, r, opt->max_rows, t, &total, err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, opt, f, err);
    firn_text_table_free(t);
    FIRN_TRY(code);
    if (total > opt->max_rows)
        fprintf(f, "%zu rows, the first %zu shown; --format csv or json prints all\n", total,
                opt->max_rows);
    else
        fprintf(f, "%zu row%s\n", total, total == 1 ? "" : "s");
    return FIRN_OK;
}

static firn_code add_csv_cell(firn_str s, bool is_null, firn_buf *out, firn_err *err)
{
    bool quote = !is_null && s.n == 0;
    for (size_t i = 0; i < s.n && !quote; i++)
        quote = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
    if (!quote)
        return firn_buf_addstr(out, s, err);
    FIRN_TRY(firn_buf_addc(out, '"', err));
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            FIRN_TRY(firn_buf_addc(out, '"', err));
        FIRN_TRY(firn_buf_addc(out, s.p[i], err));
    }
    return firn_buf_addc(out, '"', err);
}

static firn_code add_csv_row(const firn_column *root, size_t row, firn_buf *out, firn_err *err)
{
    for (size_t c = 0; c < root->child_count; c++) {
        const firn_column *col = &root->children[c];
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(CELL_MAX_BYTES);
        bool nested = firn_type_is_nested(col->type->kind);
        if (c)
            FIRN_TRY(firn_buf_addc(out, ',', err));
        bool valid = firn_column_is_valid(col, row);
        if (valid)
            FIRN_TRY(nested ? firn_value_json(col, row, &text, err)
                            : firn_value_text(col, row, &text, err));
        FIRN_TRY(add_csv_cell(firn_buf_str(&text), !valid, out, err));
    }
    return firn_buf_addc(out, '\n', err);
}

static firn_code print_csv(const firn_engine_ops *ops, firn_result *r, FILE *f, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF(CELL_MAX_BYTES * 2);
    const firn_type *type = ops->result_type(r);
    for (size_t i = 0; i < type->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_addc(&line, ',', err));
        FIRN_TRY(add_csv_cell(type->fields[i].name, false, &line, err));
    }
    FIRN_TRY(firn_buf_addc(&line, '\n', err));
    FIRN_TRY(put(f, firn_buf_cstr(&line), line.n, err));
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        for (size_t i = 0; i < rows; i++) {
            firn_buf_clear(&line);
            FIRN_TRY(add_csv_row(root, i, &line, err));
            FIRN_TRY(put(f, firn_buf_cstr(&line), line.n, err));
        }
    }
}

static firn_code print_json(const firn_engine_ops *ops, firn_result *r, FILE *f, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF(CELL_MAX_BYTES * 2);
    bool first = true;
    FIRN_TRY(puts_to(f, "[", err));
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            return puts_to(f, "]\n", err);
        for (size_t i = 0; i < rows; i++) {
            firn_buf_clear(&line);
            FIRN_TRY(firn_buf_adds(&line, first ? "" : ",\n", err));
            FIRN_TRY(firn_value_json(root, i, &line, err));
            FIRN_TRY(put(f, firn_buf_cstr(&line), line.n, err));
            first = false;
        }
    }
}

firn_code firn_result_print(const firn_engine_ops *ops, firn_result *r, const firn_print_opt *opt,
                            FILE *f, firn_err *err)
{
    switch (opt->format) {
    case FIRN_PRINT_CSV:
        return print_csv(ops, r, f, err);
    case FIRN_PRINT_JSON:
        return print_json(ops, r, f, err);
    case FIRN_PRINT_TABLE:
        break;
    }
    return print_table(ops, r, opt, f, err);
}
