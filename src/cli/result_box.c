/* SPDX-License-Identifier: Apache-2.0 */
/* Tables with lines around them, fitted to the screen where one is known.
 *
 * The first rows are gathered to learn how wide the columns are; what comes behind them is written
 * as it arrives, in the same widths, so that the memory does not grow with the rows. */
#include "cli/result_int.h"
#include "cli/screen.h"
#include "cli/value_text.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>
#include <time.h>

#define CELL_SHOWN  80    /* columns of the screen a cell takes at most where none is known */
#define GATHERED    10000 /* rows that tell the widths */
#define TEXT_FLOOR  8     /* texts are not shrunk below */
#define FIXED_FLOOR 29    /* numbers, dates and times are not below this */
#define BLOCK       ((size_t)128 << 10)
#define WHOLE_BYTES ((size_t)1 << 20) /* of a cell of a single row */

struct firn_text_table {
    firn_arena *arena;
    size_t columns;
    bool *right;
    size_t *widths;
    size_t *body;    /* the same without the head */
    bool *fixed;     /* half of a value would be another one */
    bool *hidden;    /* there is no room for the column */
    size_t cell_max; /* columns of the screen */
    size_t screen;   /* 0: not fitted */
    const char *null;
    bool quote_null;          /* a text that reads like a null stands in quotes */
    FIRN_VEC(firn_str) cells; /* row by row, heads first; .p == NULL: null */
    FIRN_VEC(firn_str) whole; /* the first row, lines and all */
};

void firn_text_table_free(firn_text_table *t)
{
    if (!t)
        return;
    firn_arena_free(t->arena);
    firn_mem_free(t);
}

static firn_code new_table(size_t columns, const firn_print_opt *opt, firn_text_table **ret,
                           firn_err *err)
{
    firn_text_table *t = firn_mem_alloc(sizeof *t);
    if (!t)
        return firn_raise_nomem(err);
    memset(t, 0, sizeof *t);
    t->columns = columns;
    t->null = opt && opt->null ? opt->null : "NULL";
    if (opt && opt->format == FIRN_PRINT_BOX)
        t->screen = opt->width;
    t->cell_max = t->screen ? FIRN_MAX(t->screen, 24) - 4 : CELL_SHOWN;
    t->arena = firn_arena_new("a table on the screen", 0);
    if (t->arena) {
        t->right = firn_arena_array(t->arena, columns, sizeof *t->right);
        t->widths = firn_arena_array(t->arena, columns, sizeof *t->widths);
        t->body = firn_arena_array(t->arena, columns, sizeof *t->body);
        t->fixed = firn_arena_array(t->arena, columns, sizeof *t->fixed);
        t->hidden = firn_arena_array(t->arena, columns, sizeof *t->hidden);
    }
    if (!t->arena || !t->right || !t->widths || !t->body || !t->fixed || !t->hidden) {
        firn_text_table_free(t);
        return firn_raise_nomem(err);
    }
    *ret = t;
    return FIRN_OK;
}

/* --- cells --------------------------------------------------------------------------------- */

/* A text as it is shown. */
static firn_code shown_text(const firn_text_table *t, firn_str text, size_t max, bool lines,
                            firn_buf *out, firn_err *err)
{
    firn_buf_clear(out);
    if (!t->quote_null || !firn_str_eqc(text, t->null))
        return firn_text_safe(text, max, lines, out, err);
    FIRN_TRY(firn_buf_addc(out, '\'', err));
    FIRN_TRY(firn_text_safe(text, max, lines, out, err));
    return firn_buf_addc(out, '\'', err);
}

static firn_code add_text(firn_text_table *t, firn_str text, bool is_null, firn_buf *scratch,
                          firn_err *err)
{
    size_t column = t->cells.n % t->columns;
    size_t width = strlen(t->null);
    firn_str kept = {NULL, 0};
    if (!is_null) {
        FIRN_TRY(shown_text(t, text, t->cell_max, false, scratch, err));
        kept = firn_arena_str(t->arena, firn_buf_str(scratch));
        if (!kept.p)
            return firn_arena_raise(t->arena, err);
        width = firn_text_width(kept);
    }
    t->widths[column] = FIRN_MAX(t->widths[column], width);
    if (t->cells.n >= t->columns)
        t->body[column] = FIRN_MAX(t->body[column], width);
    if (!firn_vec_push(t->arena, &t->cells, kept))
        return firn_arena_raise(t->arena, err);
    return FIRN_OK;
}

static firn_code add_whole(firn_text_table *t, firn_str text, bool is_null, firn_buf *scratch,
                           firn_err *err)
{
    firn_str kept = {NULL, 0};
    if (!is_null) {
        text.n = FIRN_MIN(text.n, WHOLE_BYTES);
        while (text.n && text.p[text.n - 1] == '\n')
            text.n--;
        FIRN_TRY(shown_text(t, text, SIZE_MAX, true, scratch, err));
        kept = firn_arena_str(t->arena, firn_buf_str(scratch));
        if (!kept.p)
            return firn_arena_raise(t->arena, err);
    }
    if (!firn_vec_push(t->arena, &t->whole, kept))
        return firn_arena_raise(t->arena, err);
    return FIRN_OK;
}

firn_code firn_text_table_add(firn_text_table *t, const char *const *cells, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf scratch = FIRN_BUF((size_t)1 << 20);
    for (size_t i = 0; i < t->columns; i++)
        FIRN_TRY(add_text(t, firn_str_of(cells[i]), false, &scratch, err));
    return FIRN_OK;
}

firn_code firn_text_table_new(const char *const *heads, size_t columns, const bool *right,
                              firn_text_table **ret, firn_err *err)
{
    firn_text_table *t;
    FIRN_TRY(new_table(columns, NULL, &t, err));
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

/* --- fitting ------------------------------------------------------------------------------- */

static size_t floor_of(const firn_text_table *t, size_t c)
{
    if (t->fixed[c])
        return FIRN_MIN(FIRN_MAX(t->body[c], 4), FIRN_MIN(t->widths[c], FIXED_FLOOR));
    return FIRN_MIN(t->widths[c], TEXT_FLOOR);
}

/* Columns of the screen that all take if texts are cut to `cap`. */
static size_t total_width(const firn_text_table *t, size_t cap)
{
    size_t total = 1;
    bool gap = false;
    for (size_t c = 0; c < t->columns; c++) {
        size_t w = FIRN_MAX(FIRN_MIN(t->widths[c], cap), floor_of(t, c));
        gap = gap || t->hidden[c];
        total += t->hidden[c] ? 0 : w + 3;
    }
    return total + (gap ? 4 : 0);
}

/* Takes a column in the middle away; false: only one is left. */
static bool hide_one(firn_text_table *t)
{
    size_t left = 0;
    for (size_t c = 0; c < t->columns; c++)
        left += !t->hidden[c];
    if (left < 2)
        return false;
    size_t place = left / 2;
    for (size_t c = 0; c < t->columns; c++) {
        if (t->hidden[c] || place-- > 0)
            continue;
        t->hidden[c] = true;
        break;
    }
    return true;
}

/* Gives columns beside the gap back, from the left, as long as they fit. */
static void unhide(firn_text_table *t)
{
    for (size_t c = 0; c < t->columns; c++) {
        if (!t->hidden[c])
            continue;
        t->hidden[c] = false;
        if (total_width(t, 0) <= t->screen)
            continue;
        t->hidden[c] = true;
        return;
    }
}

/* Hands what is left of the screen out to columns that are cut. */
static void widen_cut(firn_text_table *t, const size_t *wanted)
{
    size_t used = total_width(t, SIZE_MAX);
    for (bool more = true; more;) {
        more = false;
        for (size_t c = 0; c < t->columns && used < t->screen; c++) {
            if (t->hidden[c] || t->widths[c] >= wanted[c])
                continue;
            t->widths[c]++;
            used++;
            more = true;
        }
    }
}

/* Shrinks the widest texts first, all to the same width; columns that would get too narrow to be
 * read make room in the middle. */
static firn_code fit(firn_text_table *t, firn_err *err)
{
    if (!t->screen || total_width(t, SIZE_MAX) <= t->screen)
        return FIRN_OK;
    size_t *wanted = firn_arena_array(t->arena, t->columns, sizeof *wanted);
    if (!wanted)
        return firn_arena_raise(t->arena, err);
    while (total_width(t, 0) > t->screen && hide_one(t))
        continue;
    unhide(t);
    size_t cap = 1;
    while (cap < t->screen && total_width(t, cap + 1) <= t->screen)
        cap++;
    for (size_t c = 0; c < t->columns; c++) {
        wanted[c] = t->widths[c];
        size_t w = FIRN_MAX(FIRN_MIN(t->widths[c], cap), floor_of(t, c));
        t->widths[c] = FIRN_MAX(FIRN_MIN(w, t->cell_max), 1);
    }
    widen_cut(t, wanted);
    return FIRN_OK;
}

static size_t hidden_count(const firn_text_table *t)
{
    size_t n = 0;
    for (size_t c = 0; c < t->columns; c++)
        n += t->hidden[c];
    return n;
}

/* --- drawing ------------------------------------------------------------------------------- */

/* The characters a table is drawn with. */
typedef struct box {
    const char *line, *bar, *dots;
    const char *top[3], *middle[3], *bottom[3]; /* left, between, right */
} box;

static const box unicode_box = {"─", "│", "…", {"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}};
static const box ascii_box = {"-", "|", ">", {"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}};

/* A table on its way out. */
typedef struct drawing {
    const firn_text_table *t;
    const firn_print_opt *opt;
    const box *b;
    FILE *f;
    firn_buf out;
} drawing;

static firn_code send(drawing *d, size_t at_least, firn_err *err)
{
    if (d->out.n < at_least)
        return FIRN_OK;
    FIRN_TRY(firn_put(d->f, d->out.p, d->out.n, err));
    firn_buf_clear(&d->out);
    return FIRN_OK;
}

static firn_code spaces(drawing *d, size_t n, firn_err *err)
{
    static const char blanks[] = "                                ";
    for (; n >= sizeof blanks; n -= sizeof blanks - 1)
        FIRN_TRY(firn_buf_add(&d->out, blanks, sizeof blanks - 1, err));
    return firn_buf_add(&d->out, blanks, n, err);
}

/* Whether a column stands for those hidden: the first of them. */
static bool is_gap(const firn_text_table *t, size_t c)
{
    return t->hidden[c] && (c == 0 || !t->hidden[c - 1]);
}

static firn_code draw_rule(drawing *d, const char *const ends[3], firn_err *err)
{
    const firn_text_table *t = d->t;
    const char *edge = ends[0];
    for (size_t c = 0; c < t->columns; c++) {
        if (t->hidden[c] && !is_gap(t, c))
            continue;
        FIRN_TRY(firn_buf_adds(&d->out, edge, err));
        for (size_t i = 0; i < (t->hidden[c] ? 1 : t->widths[c]) + 2; i++)
            FIRN_TRY(firn_buf_adds(&d->out, d->b->line, err));
        edge = ends[1];
    }
    FIRN_TRY(firn_buf_adds(&d->out, ends[2], err));
    return firn_buf_addc(&d->out, '\n', err);
}

static firn_code draw_text(drawing *d, size_t c, firn_str text, const char *on, firn_err *err)
{
    const firn_text_table *t = d->t;
    size_t width = firn_text_width(text);
    size_t room = t->widths[c];
    bool cut = width > room && t->screen;
    if (cut)
        text.n = firn_text_fit(text, room - 1, &width);
    width += cut;
    size_t pad = room > width ? room - width : 0;
    size_t left = t->right[c] ? pad : 0;
    FIRN_TRY(spaces(d, left + 1, err));
    FIRN_TRY(firn_buf_adds(&d->out, on, err));
    FIRN_TRY(firn_buf_addstr(&d->out, text, err));
    FIRN_TRY(firn_buf_adds(&d->out, cut ? d->b->dots : "", err));
    FIRN_TRY(firn_buf_adds(&d->out, *on ? "\033[0m" : "", err));
    return spaces(d, pad - left + 1, err);
}

static firn_code draw_cell(drawing *d, size_t c, firn_str cell, bool head, firn_err *err)
{
    bool is_null = !cell.p;
    const char *on = !d->opt->colour ? "" : head ? "\033[1m" : is_null ? "\033[2m" : "";
    return draw_text(d, c, is_null ? firn_str_of(d->t->null) : cell, on, err);
}

static firn_code draw_row(drawing *d, const firn_str *cells, bool head, firn_err *err)
{
    const firn_text_table *t = d->t;
    for (size_t c = 0; c < t->columns; c++) {
        if (t->hidden[c] && !is_gap(t, c))
            continue;
        FIRN_TRY(firn_buf_adds(&d->out, d->b->bar, err));
        if (t->hidden[c])
            FIRN_TRY(firn_buf_addf(&d->out, err, " %s ", d->b->dots));
        else
            FIRN_TRY(draw_cell(d, c, cells[c], head, err));
    }
    FIRN_TRY(firn_buf_adds(&d->out, d->b->bar, err));
    FIRN_TRY(firn_buf_addc(&d->out, '\n', err));
    return send(d, BLOCK, err);
}

static firn_code draw_head(drawing *d, firn_err *err)
{
    FIRN_TRY(draw_rule(d, d->b->top, err));
    FIRN_TRY(draw_row(d, d->t->cells.v, true, err));
    return draw_rule(d, d->b->middle, err);
}

static drawing draw(const firn_text_table *t, const firn_print_opt *opt, FILE *f)
{
    return (drawing){.t = t,
                     .opt = opt,
                     .b = opt->unicode ? &unicode_box : &ascii_box,
                     .f = f,
                     .out = FIRN_BUF(FIRN_CELL_MAX_BYTES)};
}

static firn_code draw_table(drawing *d, firn_err *err)
{
    size_t rows = d->t->cells.n / d->t->columns;
    FIRN_TRY(draw_head(d, err));
    for (size_t i = 1; i < rows; i++)
        FIRN_TRY(draw_row(d, d->t->cells.v + i * d->t->columns, false, err));
    FIRN_TRY(draw_rule(d, d->b->bottom, err));
    return send(d, 0, err);
}

firn_code firn_text_table_print(firn_text_table *t, const firn_print_opt *opt, FILE *f,
                                firn_err *err)
{
    drawing d = draw(t, opt, f);
    firn_code code = draw_table(&d, err);
    firn_buf_free(&d.out);
    return code;
}

/* --- a single row -------------------------------------------------------------------------- */

/* Takes the next line of a text, at most `room` columns of it (0: all). */
static firn_str take_line(firn_str *rest, size_t room)
{
    firn_str line = *rest;
    size_t width;
    const char *end = line.n ? memchr(line.p, '\n', line.n) : NULL;
    if (end)
        line.n = (size_t)(end - line.p);
    size_t n = room ? firn_text_fit(line, room, &width) : line.n;
    if (n == 0 && line.n)
        n = line.n; /* not even one character fits */
    size_t taken = n == line.n && end ? n + 1 : n;
    *rest = (firn_str){rest->p + taken, rest->n - taken};
    line.n = n;
    return line;
}

/* The widths that the lines of the only row want. */
static void widen(firn_text_table *t)
{
    for (size_t c = 0; c < t->columns; c++) {
        firn_str rest = t->whole.v[c];
        size_t width = firn_text_width(t->cells.v[c]);
        if (!rest.p)
            width = FIRN_MAX(width, strlen(t->null));
        while (rest.n) {
            size_t line = firn_text_width(take_line(&rest, 0));
            width = FIRN_MAX(width, line);
        }
        t->widths[c] = width;
    }
}

/* Lines of a row until none of its cells has one left. */
static firn_code draw_lines(drawing *d, firn_str *line, firn_err *err)
{
    const firn_text_table *t = d->t;
    firn_str *rest = t->whole.v;
    for (bool more = true; more;) {
        more = false;
        for (size_t c = 0; c < t->columns; c++) {
            bool is_null = !rest[c].p;
            line[c] = is_null ? rest[c] : take_line(&rest[c], t->screen ? t->widths[c] : 0);
            if (is_null)
                rest[c] = FIRN_STR_LIT("");
            more = more || (rest[c].n && !t->hidden[c]);
        }
        FIRN_TRY(draw_row(d, line, false, err));
    }
    return FIRN_OK;
}

/* Draws the bottom and sends what is left; the drawing is gone then, also after an error. */
static firn_code finish(drawing *d, firn_code code, firn_err *err)
{
    if (code == FIRN_OK)
        code = draw_rule(d, d->b->bottom, err);
    if (code == FIRN_OK)
        code = send(d, 0, err);
    firn_buf_free(&d->out);
    return code;
}

/* The only row of a result is shown whole: its lines as lines, and wrapped where they are wider
 * than the screen. */
static firn_code draw_single(firn_text_table *t, const firn_print_opt *opt, FILE *f, firn_err *err)
{
    firn_str *line = firn_arena_array(t->arena, t->columns, sizeof *line);
    if (!line)
        return firn_arena_raise(t->arena, err);
    widen(t);
    t->cell_max = t->screen ? t->cell_max : SIZE_MAX;
    FIRN_TRY(fit(t, err));
    drawing d = draw(t, opt, f);
    firn_code code = draw_head(&d, err);
    if (code == FIRN_OK)
        code = draw_lines(&d, line, err);
    return finish(&d, code, err);
}

/* Whether something of it would be left out, or its lines, in an ordinary table. */
static bool wants_lines(const firn_text_table *t)
{
    bool wide = t->screen && total_width(t, SIZE_MAX) > t->screen;
    for (size_t c = 0; c < t->columns && t->whole.n; c++) {
        firn_str s = t->whole.v[c];
        if (s.n && memchr(s.p, '\n', s.n))
            return true;
        wide = wide || (t->screen && s.p && firn_text_width(s) > t->cell_max);
    }
    return wide;
}

/* --- results ------------------------------------------------------------------------------- */

/* A result being printed as a table. */
typedef struct boxing {
    firn_printing *p;
    firn_text_table *t;
    firn_buf cell;
    firn_buf scratch;
    size_t at;      /* the row of p->root that comes next */
    uint64_t shown; /* rows */
    bool more;      /* rows were not counted to the end */
} boxing;

/* The row at hand; false at the end. */
static firn_code have_row(boxing *x, bool *ret, firn_err *err)
{
    if (x->at == x->p->rows) {
        FIRN_TRY(firn_printing_next(x->p, err));
        x->at = 0;
    }
    *ret = x->p->rows != 0;
    return FIRN_OK;
}

static firn_code add_row(boxing *x, firn_err *err)
{
    const firn_column *root = x->p->root;
    for (size_t c = 0; c < root->child_count; c++) {
        bool valid = firn_column_is_valid(&root->children[c], x->at);
        firn_buf_clear(&x->cell);
        FIRN_TRY(firn_value_text(&root->children[c], x->at, &x->cell, err));
        FIRN_TRY(add_text(x->t, firn_buf_str(&x->cell), !valid, &x->scratch, err));
        if (x->shown == 0)
            FIRN_TRY(add_whole(x->t, firn_buf_str(&x->cell), !valid, &x->scratch, err));
    }
    x->at++;
    x->shown++;
    return FIRN_OK;
}

static bool is_fixed(firn_type_kind kind)
{
    return kind != FIRN_T_STRING && kind != FIRN_T_BINARY && kind != FIRN_T_FIXED &&
           !firn_type_is_nested(kind);
}

static firn_code gather(boxing *x, bool *ret_more, firn_err *err)
{
    const firn_type *type = x->p->ops->result_type(x->p->r);
    for (size_t i = 0; i < type->field_count; i++) {
        x->t->right[i] = firn_value_is_number(&type->fields[i].type);
        x->t->fixed[i] = is_fixed(type->fields[i].type.kind);
        firn_str name = type->fields[i].name;
        FIRN_TRY(add_text(x->t, name, false, &x->scratch, err));
    }
    x->t->quote_null = true;
    FIRN_TRY(have_row(x, ret_more, err));
    while (*ret_more && x->shown < FIRN_MIN(GATHERED, x->p->opt->max_rows)) {
        FIRN_TRY(add_row(x, err));
        FIRN_TRY(have_row(x, ret_more, err));
    }
    return FIRN_OK;
}

/* Rows behind the gathered ones, each drawn and forgotten. */
static firn_code stream(boxing *x, drawing *d, bool more, firn_err *err)
{
    firn_text_table *t = x->t;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("rows on the screen", 0);
    if (!a)
        return firn_raise_nomem(err);
    firn_str *line = firn_arena_array(t->arena, t->columns, sizeof *line);
    if (!line)
        return firn_arena_raise(t->arena, err);
    firn_buf *text = &x->scratch;
    for (; more && x->shown < x->p->opt->max_rows; x->shown++) {
        const firn_column *root = x->p->root;
        firn_arena_reset(a);
        for (size_t c = 0; c < t->columns; c++) {
            line[c] = (firn_str){NULL, 0};
            if (!firn_column_is_valid(&root->children[c], x->at))
                continue;
            firn_buf_clear(&x->cell);
            FIRN_TRY(firn_value_text(&root->children[c], x->at, &x->cell, err));
            FIRN_TRY(shown_text(t, firn_buf_str(&x->cell), t->cell_max, false, text, err));
            line[c] = firn_arena_str(a, firn_buf_str(text));
            if (!line[c].p)
                return firn_arena_raise(a, err);
        }
        FIRN_TRY(draw_row(d, line, false, err));
        x->at++;
        FIRN_TRY(have_row(x, &more, err));
    }
    return FIRN_OK;
}

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Counts the rows that are not shown, as long as the caller wants to wait for that. */
static firn_code count_rest(boxing *x, firn_err *err)
{
    int64_t limit = x->p->opt->count_ms;
    int64_t began = limit ? clock_ms() : 0;
    while (x->p->rows) {
        FIRN_TRY(firn_printing_next(x->p, err));
        x->more = limit && x->p->rows && clock_ms() - began > limit;
        if (x->more)
            return FIRN_OK;
    }
    return FIRN_OK;
}

static firn_code say_rows(const boxing *x, firn_err *err)
{
    char line[320];
    const firn_print_opt *opt = x->p->opt;
    unsigned long long total = x->p->total;
    size_t hidden = hidden_count(x->t);
    int n = snprintf(line, sizeof line, "%s%llu row%s", x->more ? "more than " : "", total,
                     total == 1 ? "" : "s");
    if (x->shown < total)
        n += snprintf(line + n, sizeof line - (size_t)n, ", the first %llu shown",
                      (unsigned long long)x->shown);
    if (hidden)
        n += snprintf(line + n, sizeof line - (size_t)n, ", %zu of %zu columns shown",
                      x->t->columns - hidden, x->t->columns);
    const char *more = x->shown < total ? opt->more_rows : hidden ? opt->more_columns : NULL;
    if (more)
        n += snprintf(line + n, sizeof line - (size_t)n, "; %.150s", more);
    snprintf(line + n, sizeof line - (size_t)n, "\n");
    return firn_puts(x->p->f, line, err);
}

static firn_code print_many(boxing *x, bool more, firn_err *err)
{
    FIRN_TRY(fit(x->t, err));
    drawing d = draw(x->t, x->p->opt, x->p->f);
    size_t rows = x->t->cells.n / x->t->columns;
    firn_code code = draw_head(&d, err);
    for (size_t i = 1; i < rows && code == FIRN_OK; i++)
        code = draw_row(&d, x->t->cells.v + i * x->t->columns, false, err);
    if (code == FIRN_OK)
        code = stream(x, &d, more, err);
    return finish(&d, code, err);
}

static firn_code print_boxed(boxing *x, firn_err *err)
{
    bool more;
    FIRN_TRY(gather(x, &more, err));
    if (x->shown == 1 && !more && wants_lines(x->t))
        FIRN_TRY(draw_single(x->t, x->p->opt, x->p->f, err));
    else
        FIRN_TRY(print_many(x, more, err));
    FIRN_TRY(count_rest(x, err));
    return say_rows(x, err);
}

firn_code firn_print_box(firn_printing *p, firn_err *err)
{
    size_t columns = p->ops->result_type(p->r)->field_count;
    if (columns == 0)
        return FIRN_OK;
    boxing x = {
        .p = p, .cell = FIRN_BUF(FIRN_CELL_MAX_BYTES), .scratch = FIRN_BUF(FIRN_CELL_MAX_BYTES)};
    FIRN_TRY(new_table(columns, p->opt, &x.t, err));
    firn_code code = print_boxed(&x, err);
    firn_text_table_free(x.t);
    firn_buf_free(&x.cell);
    firn_buf_free(&x.scratch);
    return code;
}
