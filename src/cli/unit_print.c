/* SPDX-License-Identifier: Apache-2.0 */
/* A test that failed, as a table of the rows that differ: a cell that is as expected stands as it
 * is, one that is not as `expected → found`. */
#include "cli/unit_print.h"

#include "base/errprint.h"
#include "base/str.h"
#include "cli/screen.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_ROWS 10
#define CELL_WIDTH 36 /* of one side */
#define INDENT     "      "
#define JSON_ROWS  100

typedef enum ink { INK_PLAIN, INK_GREEN, INK_RED, INK_FAINT, INK_BOLD, INK_YELLOW } ink;

static const char *const inks[] = {"", "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[33m"};

static firn_code put_ink(const firn_unit_print_opt *opt, ink colour, const char *text,
                         firn_buf *out, firn_err *err)
{
    if (!opt->colour || colour == INK_PLAIN)
        return firn_buf_adds(out, text, err);
    return firn_buf_addf(out, err, "%s%s\x1b[0m", inks[colour], text);
}

/* --- a value ------------------------------------------------------------------------------- */

/* The part of two long texts from shortly before they part. */
static firn_str from_difference(firn_str s, firn_str other)
{
    size_t same = 0;
    while (same < s.n && same < other.n && s.p[same] == other.p[same])
        same++;
    if (same <= CELL_WIDTH / 2)
        return s;
    same -= CELL_WIDTH / 4;
    while (same > 0 && same < s.n && ((unsigned char)s.p[same] & 0xc0) == 0x80)
        same--;
    return same < s.n ? (firn_str){s.p + same, s.n - same} : s;
}

/* 'text', 12.50, NULL; `other`: what it is compared with, so that long ones show where they part.
 */
static firn_code put_value(const firn_unit_cell *c, const firn_unit_column *col,
                           const firn_unit_cell *other, firn_buf *out, firn_err *err)
{
    bool quoted = c->alien ? strcmp(c->alien, "a text") == 0 : col->text;
    if (!c->text.p)
        return firn_buf_adds(out, "NULL", err);
    firn_str s = c->text;
    if (other && other->text.p && firn_text_width(s) > CELL_WIDTH)
        s = from_difference(s, other->text);
    FIRN_TRY(firn_buf_adds(out, quoted ? "'" : "", err));
    FIRN_TRY(firn_buf_adds(out, s.p != c->text.p ? "…" : "", err));
    FIRN_TRY(firn_text_safe(s, CELL_WIDTH, false, out, err));
    return firn_buf_adds(out, quoted ? "'" : "", err);
}

/* Types are told where the values look alike. */
static firn_code put_type(const firn_unit_cell *expected, const firn_unit_cell *found,
                          const firn_unit_column *col, bool of_found, firn_buf *out, firn_err *err)
{
    bool told = expected->alien && expected->alien[0] && found->text.p;
    if (!told)
        return FIRN_OK;
    if (of_found)
        return firn_buf_addf(out, err, " (%.*s)", FIRN_STR_ARG(col->type));
    const char *type = expected->alien;
    if (strncmp(type, "a ", 2) == 0)
        type += 2;
    return firn_buf_addf(out, err, " (%s)", type);
}

/* --- the table ----------------------------------------------------------------------------- */

/* A cell in two parts, each in its colour; the second one may be empty. */
typedef struct shown {
    firn_str first;
    firn_str second;
    ink first_ink;
    ink second_ink;
    size_t width;
} shown;

typedef struct table {
    const firn_unit_result *r;
    const firn_unit_print_opt *opt;
    firn_arena *a;
    size_t rows;
    shown *cells; /* rows × columns */
    size_t *widths;
    bool *wanted; /* columns that are shown */
    size_t left_out;
} table;

static firn_code keep(const table *t, firn_buf *text, firn_str *ret, firn_err *err)
{
    *ret = firn_arena_str(t->a, firn_buf_str(text));
    firn_buf_clear(text);
    return ret->p ? FIRN_OK : firn_arena_raise(t->a, err);
}

static firn_code make_cell(const table *t, const firn_unit_diff *d, size_t column, shown *ret,
                           firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 20);
    const firn_unit_column *col = &t->r->columns[column];
    const firn_unit_cell *x = d->expected ? &d->expected[column] : NULL;
    const firn_unit_cell *y = d->found ? &d->found[column] : NULL;
    bool differs = x && y && d->differs[column];
    ret->first_ink = differs || !y ? INK_RED : !x ? INK_GREEN : INK_PLAIN;
    ret->second_ink = INK_GREEN;
    FIRN_TRY(put_value(x ? x : y, col, differs ? y : NULL, &text, err));
    if (differs)
        FIRN_TRY(put_type(x, y, col, false, &text, err));
    FIRN_TRY(keep(t, &text, &ret->first, err));
    ret->width = firn_text_width(ret->first);
    if (!differs)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(&text, t->opt->unicode ? " → " : " -> ", err));
    FIRN_TRY(put_value(y, col, x, &text, err));
    FIRN_TRY(put_type(x, y, col, true, &text, err));
    FIRN_TRY(keep(t, &text, &ret->second, err));
    ret->width += firn_text_width(ret->second);
    return FIRN_OK;
}

static firn_code make_cells(table *t, firn_err *err)
{
    size_t columns = t->r->column_count;
    t->cells = firn_arena_array(t->a, t->rows * columns + 1, sizeof *t->cells);
    t->widths = firn_arena_array(t->a, columns + 1, sizeof *t->widths);
    t->wanted = firn_arena_array(t->a, columns + 1, sizeof *t->wanted);
    if (!t->cells || !t->widths || !t->wanted)
        return firn_arena_raise(t->a, err);
    for (size_t k = 0; k < columns; k++)
        t->widths[k] = firn_text_width(t->r->columns[k].name);
    for (size_t i = 0; i < t->rows; i++)
        for (size_t k = 0; k < columns; k++) {
            shown *s = &t->cells[i * columns + k];
            FIRN_TRY(make_cell(t, &t->r->diffs[i], k, s, err));
            t->widths[k] = FIRN_MAX(t->widths[k], s->width);
        }
    return FIRN_OK;
}

/* Columns in which something differs, then from the left what else fits on the screen. */
static void choose_columns(table *t)
{
    size_t used = sizeof INDENT + 1;
    for (size_t k = 0; k < t->r->column_count; k++)
        for (size_t i = 0; i < t->rows && !t->wanted[k]; i++) {
            const firn_unit_diff *d = &t->r->diffs[i];
            t->wanted[k] = d->differs && d->differs[k];
        }
    for (size_t k = 0; k < t->r->column_count; k++)
        used += t->wanted[k] ? t->widths[k] + 2 : 0;
    for (size_t k = 0; k < t->r->column_count; k++) {
        if (t->wanted[k])
            continue;
        t->wanted[k] = k == 0 || used + t->widths[k] + 2 <= t->opt->width;
        used += t->wanted[k] ? t->widths[k] + 2 : 0;
        t->left_out += !t->wanted[k];
    }
}

static firn_code pad(size_t n, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(firn_buf_addc(out, ' ', err));
    return FIRN_OK;
}

static void trim_line(firn_buf *out)
{
    while (out->n && out->p[out->n - 1] == ' ')
        out->n--;
}

static firn_code print_heads(const table *t, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, INDENT "  ", err));
    for (size_t k = 0; k < t->r->column_count; k++) {
        FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_BUF((size_t)1 << 16);
        if (!t->wanted[k])
            continue;
        FIRN_TRY(firn_text_safe(t->r->columns[k].name, 200, false, &name, err));
        FIRN_TRY(put_ink(t->opt, INK_BOLD, firn_buf_cstr(&name), out, err));
        FIRN_TRY(
            pad(t->widths[k] - FIRN_MIN(t->widths[k], firn_text_width(t->r->columns[k].name)) + 2,
                out, err));
    }
    if (t->left_out)
        FIRN_TRY(firn_buf_addf(out, err, "(%zu more)", t->left_out));
    trim_line(out);
    return firn_buf_addc(out, '\n', err);
}

static firn_code print_row(const table *t, size_t i, firn_buf *out, firn_err *err)
{
    const firn_unit_diff *d = &t->r->diffs[i];
    const char *changed = t->opt->unicode ? "≠" : "~";
    const char *mark = !d->found ? "-" : !d->expected ? "+" : changed;
    ink colour = !d->found ? INK_RED : !d->expected ? INK_GREEN : INK_YELLOW;
    FIRN_TRY(firn_buf_adds(out, INDENT, err));
    FIRN_TRY(put_ink(t->opt, colour, mark, out, err));
    FIRN_TRY(firn_buf_addc(out, ' ', err));
    for (size_t k = 0; k < t->r->column_count; k++) {
        const shown *s = &t->cells[i * t->r->column_count + k];
        if (!t->wanted[k])
            continue;
        FIRN_TRY(put_ink(t->opt, s->first_ink, s->first.p, out, err));
        if (s->second.p)
            FIRN_TRY(put_ink(t->opt, s->second_ink, s->second.p, out, err));
        FIRN_TRY(pad(t->widths[k] - s->width + 2, out, err));
    }
    if (d->row)
        FIRN_TRY(firn_buf_addf(out, err, "row %zu", d->row));
    trim_line(out);
    return firn_buf_addc(out, '\n', err);
}

/* What the marks mean, of those that are there. */
static firn_code print_legend(const table *t, firn_buf *out, firn_err *err)
{
    bool changed = false;
    bool missing = false;
    bool extra = false;
    for (size_t i = 0; i < t->r->diff_count; i++) {
        const firn_unit_diff *d = &t->r->diffs[i];
        changed = changed || (d->expected && d->found);
        missing = missing || !d->found;
        extra = extra || !d->expected;
    }
    const char *sep = "";
    FIRN_TRY(firn_buf_adds(out, INDENT, err));
    if (changed) {
        FIRN_TRY(firn_buf_adds(out, t->opt->unicode ? "≠ expected → found" : "~ expected -> found",
                               err));
        sep = ", ";
    }
    if (missing) {
        FIRN_TRY(firn_buf_addf(out, err, "%s- expected, not found", sep));
        sep = ", ";
    }
    if (extra)
        FIRN_TRY(firn_buf_addf(out, err, "%s+ found, not expected", sep));
    return firn_buf_addc(out, '\n', err);
}

static firn_code say_counts(const firn_unit_result *r, firn_buf *out, firn_err *err)
{
    size_t good = r->expected_rows;
    for (size_t i = 0; i < r->diff_count; i++)
        good -= r->diffs[i].expected != NULL;
    FIRN_TRY(firn_buf_addf(out, err, INDENT "%zu row%s expected, %zu found; ", r->expected_rows,
                           r->expected_rows == 1 ? "" : "s", r->found_rows));
    if (good == 0)
        return firn_buf_adds(out, "none is as expected:\n", err);
    return firn_buf_addf(out, err, "%zu %s as expected:\n", good, good == 1 ? "is" : "are");
}

firn_code firn_unit_print_diff(const firn_unit_result *r, const firn_unit_print_opt *opt,
                               firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a diff", 0);
    table t = {.r = r, .opt = opt, .a = a, .rows = FIRN_MIN(r->diff_count, (size_t)SHOWN_ROWS)};
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(say_counts(r, out, err));
    FIRN_TRY(make_cells(&t, err));
    choose_columns(&t);
    FIRN_TRY(print_heads(&t, out, err));
    for (size_t i = 0; i < t.rows; i++)
        FIRN_TRY(print_row(&t, i, out, err));
    if (r->diff_count > t.rows)
        FIRN_TRY(firn_buf_addf(out, err, INDENT "%s %zu more\n", opt->unicode ? "…" : "...",
                               r->diff_count - t.rows));
    return print_legend(&t, out, err);
}

/* --- a test -------------------------------------------------------------------------------- */

static firn_code print_head(const firn_unit_result *r, const firn_unit_print_opt *opt,
                            firn_buf *out, firn_err *err)
{
    bool passed = r->status == FIRN_UNIT_PASSED;
    const char *mark = opt->unicode ? (passed ? "✓" : "✗") : passed ? "ok  " : "FAIL";
    const firn_unit_test *t = r->test;
    FIRN_TRY(firn_buf_adds(out, "  ", err));
    FIRN_TRY(put_ink(opt, passed ? INK_GREEN : INK_RED, mark, out, err));
    FIRN_TRY(firn_buf_addf(out, err, " %.*s · ", FIRN_STR_ARG(t->node->name)));
    FIRN_TRY(firn_text_safe(t->name, 200, false, out, err));
    if (passed)
        return firn_buf_addc(out, '\n', err);
    FIRN_AUTO(firn_buf_free) firn_buf place = FIRN_BUF((size_t)1 << 16);
    FIRN_TRY(
        firn_buf_addf(&place, err, "  %s:%u", t->place.file ? t->place.file : "", t->place.line));
    FIRN_TRY(put_ink(opt, INK_FAINT, firn_buf_cstr(&place), out, err));
    return firn_buf_addc(out, '\n', err);
}

static firn_code print_error(const firn_unit_result *r, firn_buf *out, firn_err *err)
{
    const firn_err *e = &r->err;
    uint16_t id = e->id ? e->id : firn_code_policy_of(e->code)->generic_id;
    FIRN_TRY(firn_buf_addf(out, err, INDENT "error E%04u %s%s%s\n", (unsigned)id, e->where,
                           e->where[0] ? ": " : "", e->text));
    return e->advice[0] ? firn_buf_addf(out, err, INDENT "  %s\n", e->advice) : FIRN_OK;
}

firn_code firn_unit_print(const firn_unit_result *r, const firn_unit_print_opt *opt, FILE *f,
                          firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)16 << 20);
    FIRN_TRY(print_head(r, opt, &out, err));
    if (r->status == FIRN_UNIT_FAILED)
        FIRN_TRY(firn_unit_print_diff(r, opt, &out, err));
    if (r->status == FIRN_UNIT_ERROR)
        FIRN_TRY(print_error(r, &out, err));
    if (fwrite(out.p, 1, out.n, f) != out.n)
        return firn_raise(err, FIRN_E_IO, "cannot write the outcome of the tests");
    return FIRN_OK;
}

/* --- as an event --------------------------------------------------------------------------- */

static json_t *row_json(const firn_unit_result *r, const firn_unit_cell *cells)
{
    json_t *row = json_object();
    for (size_t k = 0; row && k < r->column_count; k++) {
        json_t *v = cells[k].text.p ? firn_json_new_str(cells[k].text) : json_null();
        if (firn_json_setn(row, r->columns[k].name, v, NULL) != FIRN_OK)
            return row;
    }
    return row;
}

static json_t *diff_json(const firn_unit_result *r, const firn_unit_diff *d)
{
    json_t *o = json_object();
    if (!o)
        return NULL;
    if (d->row)
        json_object_set_new(o, "row", json_integer((json_int_t)d->row));
    if (d->expected)
        json_object_set_new(o, "expected", row_json(r, d->expected));
    if (d->found)
        json_object_set_new(o, "found", row_json(r, d->found));
    json_t *columns = d->differs ? json_array() : NULL;
    for (size_t k = 0; columns && k < r->column_count; k++)
        if (d->differs[k])
            json_array_append_new(columns, firn_json_new_str(r->columns[k].name));
    if (columns)
        json_object_set_new(o, "columns", columns);
    return o;
}

json_t *firn_unit_json(const firn_unit_result *r)
{
    static const char *const words[] = {"passed", "failed", "error"};
    const firn_unit_test *t = r->test;
    json_t *o = json_pack(
        "{s:o, s:o, s:o, s:s, s:i, s:s, s:f}", "namespace", firn_json_new_str(t->node->ident.ns),
        "table", firn_json_new_str(t->node->ident.name), "test", firn_json_new_str(t->name), "file",
        t->place.file ? t->place.file : "", "line", (int)t->place.line, "status", words[r->status],
        "seconds", (double)r->duration_us / 1e6);
    if (!o || r->status == FIRN_UNIT_PASSED)
        return o;
    if (r->status == FIRN_UNIT_ERROR) {
        json_object_set_new(o, "error", firn_event_error(&r->err));
        return o;
    }
    json_t *list = json_array();
    for (size_t i = 0; list && i < r->diff_count && i < JSON_ROWS; i++)
        json_array_append_new(list, diff_json(r, &r->diffs[i]));
    json_object_set_new(o, "expected_rows", json_integer((json_int_t)r->expected_rows));
    json_object_set_new(o, "found_rows", json_integer((json_int_t)r->found_rows));
    json_object_set_new(o, "differing", json_integer((json_int_t)r->diff_count));
    if (list)
        json_object_set_new(o, "diffs", list);
    return o;
}
