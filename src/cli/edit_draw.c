/* SPDX-License-Identifier: Apache-2.0 */
/* The text being edited on the screen: wrapped by us, drawn anew after each key in one write. */
#include "cli/edit_int.h"
#include "cli/screen.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define SCREEN_BUF FIRN_BUF((size_t)64 << 20)
#define LIST_MAX   400 /* completions shown */

firn_code firn_edit_write(const void *p, size_t n, firn_err *err)
{
    const char *at = p;
    while (n) {
        ssize_t put = write(STDOUT_FILENO, at, n);
        if (put < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (put < 0)
            return firn_raise_errno(err, errno, "cannot write to the terminal");
        at += put;
        n -= (size_t)put;
    }
    return FIRN_OK;
}

/* --- characters ---------------------------------------------------------------------------- */

/* How a character is drawn: itself, a tab as blanks, a control character as ^X. */
static size_t draw_form(uint32_t cp, const char *bytes, size_t n, char out[8])
{
    if (cp == '\t') {
        memcpy(out, "    ", 5);
        return 4;
    }
    if (cp < 0x20 || cp == 0x7f) {
        snprintf(out, 8, "^%c", (char)(cp ^ 0x40));
        return 2;
    }
    memcpy(out, bytes, n);
    out[n] = '\0';
    int w = wcwidth((wchar_t)cp);
    return w < 0 ? 0 : (size_t)w;
}

/* Marks that stand on the character before, and what joins two. */
static bool belongs_to_last(uint32_t cp)
{
    return cp >= 0x300 && wcwidth((wchar_t)cp) == 0;
}

static uint32_t character_at(firn_str s, size_t i, size_t *ret_n)
{
    uint32_t cp = 0;
    size_t n = firn_utf8_decode(s.p + i, s.n - i, &cp);
    *ret_n = n ? n : 1;
    return cp;
}

size_t firn_edit_back(const firn_editor *e)
{
    firn_str s = firn_buf_str(&e->text);
    size_t i = e->cursor;
    while (i > 0) {
        size_t n;
        do
            i--;
        while (i > 0 && ((unsigned char)s.p[i] & 0xc0) == 0x80);
        if (!belongs_to_last(character_at(s, i, &n)))
            break;
    }
    return e->cursor - i;
}

size_t firn_edit_ahead(const firn_editor *e)
{
    firn_str s = firn_buf_str(&e->text);
    size_t i = e->cursor;
    size_t n;
    if (i >= s.n)
        return 0;
    character_at(s, i, &n);
    for (i += n; i < s.n; i += n)
        if (!belongs_to_last(character_at(s, i, &n)))
            break;
    return i - e->cursor;
}

/* --- drawing ------------------------------------------------------------------------------- */

/* A walk over the text: once to see where the cursor will be, once to draw. */
typedef struct walk {
    const firn_editor *e;
    size_t columns;
    size_t first, last; /* rows that are drawn */
    firn_buf *out;      /* NULL: nothing is drawn */
    size_t row, column;
    size_t cursor_row, cursor_column;
} walk;

static bool in_view(const walk *w)
{
    return w->out && w->row >= w->first && w->row <= w->last;
}

static firn_code put(walk *w, const char *s, firn_err *err)
{
    return in_view(w) ? firn_buf_adds(w->out, s, err) : FIRN_OK;
}

/* Erasing at the right margin would take the last character away. */
static firn_code new_row(walk *w, firn_err *err)
{
    FIRN_TRY(put(w, w->column < w->columns ? "\033[K" : "", err));
    bool next = in_view(w) && w->row < w->last;
    w->row++;
    w->column = 0;
    return next ? firn_buf_adds(w->out, "\r\n", err) : FIRN_OK;
}

static firn_code put_prompt(walk *w, const char *prompt, firn_err *err)
{
    bool colour = w->e->conf->colour;
    FIRN_TRY(put(w, colour ? "\033[1m" : "", err));
    FIRN_TRY(put(w, prompt, err));
    w->column += firn_text_width(firn_str_of(prompt));
    return put(w, colour ? "\033[0m" : "", err);
}

static firn_code put_character(walk *w, firn_str s, size_t i, size_t *ret_n, firn_err *err)
{
    char form[8];
    uint32_t cp = character_at(s, i, ret_n);
    if (cp == '\n') {
        FIRN_TRY(new_row(w, err));
        return put_prompt(w, w->e->conf->more, err);
    }
    size_t width = draw_form(cp, s.p + i, *ret_n, form);
    if (w->column + width > w->columns)
        FIRN_TRY(new_row(w, err));
    FIRN_TRY(put(w, form, err));
    w->column += width;
    return FIRN_OK;
}

static void mark_cursor(walk *w)
{
    bool wraps = w->column >= w->columns;
    w->cursor_row = w->row + wraps;
    w->cursor_column = wraps ? 0 : w->column;
}

static firn_code walk_text(walk *w, firn_err *err)
{
    const firn_editor *e = w->e;
    firn_str s = firn_buf_str(&e->text);
    size_t n;
    FIRN_TRY(put_prompt(w, e->prompt ? e->prompt : e->conf->prompt, err));
    for (size_t i = 0; i < s.n; i += n) {
        if (i == e->cursor)
            mark_cursor(w);
        FIRN_TRY(put_character(w, s, i, &n, err));
    }
    if (e->cursor >= s.n)
        mark_cursor(w);
    if (w->column >= w->columns) /* the row that the cursor stands in must be there */
        return new_row(w, err);
    return put(w, "\033[K", err);
}

static firn_code draw(firn_editor *e, firn_buf *out, firn_err *err)
{
    size_t rows;
    walk look = {.e = e};
    firn_screen_size(STDOUT_FILENO, &rows, &look.columns);
    FIRN_TRY(walk_text(&look, err));
    if (look.cursor_row < e->top)
        e->top = look.cursor_row;
    if (look.cursor_row >= e->top + rows)
        e->top = look.cursor_row - rows + 1;
    if (look.row < rows)
        e->top = 0;
    walk w = {.e = e, .columns = look.columns, .first = e->top, .last = e->top + rows - 1};
    w.out = out;
    FIRN_TRY(walk_text(&w, err));
    size_t bottom = FIRN_MIN(w.row, w.last);
    FIRN_TRY(firn_buf_adds(out, "\033[J\r", err));
    if (bottom > w.cursor_row)
        FIRN_TRY(firn_buf_addf(out, err, "\033[%zuA", bottom - w.cursor_row));
    if (w.cursor_column)
        FIRN_TRY(firn_buf_addf(out, err, "\033[%zuC", w.cursor_column));
    e->drawn = w.cursor_row - e->top;
    return FIRN_OK;
}

static firn_code to_first_row(const firn_editor *e, firn_buf *out, firn_err *err)
{
    if (e->drawn)
        FIRN_TRY(firn_buf_addf(out, err, "\033[%zuA", e->drawn));
    return firn_buf_addc(out, '\r', err);
}

firn_code firn_edit_draw(firn_editor *e, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = SCREEN_BUF;
    FIRN_TRY(to_first_row(e, &out, err));
    FIRN_TRY(draw(e, &out, err));
    return firn_edit_write(out.p, out.n, err);
}

firn_code firn_edit_leave(firn_editor *e, const char *mark, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = SCREEN_BUF;
    e->cursor = e->text.n;
    FIRN_TRY(to_first_row(e, &out, err));
    FIRN_TRY(draw(e, &out, err));
    FIRN_TRY(firn_buf_adds(&out, mark, err));
    FIRN_TRY(firn_buf_adds(&out, "\r\n", err));
    e->drawn = 0;
    e->top = 0;
    return firn_edit_write(out.p, out.n, err);
}

/* --- completions --------------------------------------------------------------------------- */

static firn_code add_list(const firn_completions *list, size_t columns, firn_buf *out,
                          firn_err *err)
{
    size_t widest = 1;
    size_t n = FIRN_MIN(list->n, LIST_MAX);
    for (size_t i = 0; i < n; i++)
        widest = FIRN_MAX(widest, firn_text_width(list->v[i].shown));
    size_t across = FIRN_MAX(columns / (widest + 2), 1);
    size_t down = (n + across - 1) / across;
    for (size_t r = 0; r < down; r++) {
        for (size_t i = r; i < n; i += down) {
            size_t pad = i + down < n ? widest + 2 - firn_text_width(list->v[i].shown) : 0;
            FIRN_TRY(firn_text_safe(list->v[i].shown, columns, false, out, err));
            for (size_t k = 0; k < pad; k++)
                FIRN_TRY(firn_buf_addc(out, ' ', err));
        }
        FIRN_TRY(firn_buf_adds(out, "\r\n", err));
    }
    if (n < list->n)
        FIRN_TRY(firn_buf_addf(out, err, "… and %zu more\r\n", list->n - n));
    return FIRN_OK;
}

firn_code firn_edit_list(firn_editor *e, const firn_completions *list, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = SCREEN_BUF;
    size_t rows;
    size_t columns;
    size_t cursor = e->cursor;
    firn_screen_size(STDOUT_FILENO, &rows, &columns);
    FIRN_TRY(firn_edit_leave(e, "", err));
    e->cursor = cursor;
    FIRN_TRY(add_list(list, columns, &out, err));
    return firn_edit_write(out.p, out.n, err);
}
