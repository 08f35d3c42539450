/* SPDX-License-Identifier: Apache-2.0 */
/* Does a batch fit its layout?  Only columns that were inferred and are no strings can be too
 * narrow; a column of the file that the layout does not know is new. */
#include "format/csv_int.h"
#include "format/residual.h"

/* A column of the file. */
typedef struct watch {
    const firn_layout *column; /* NULL: a new one */
    firn_shape *shape;         /* where its misfits go; NULL: none so far */
    bool idle;                 /* every cell fits */
} watch;

typedef struct walk {
    const firn_csv_file *file;
    const firn_layout *layout; /* NULL: none yet */
    watch *watches;
    firn_shape *seen;
    firn_arena *arena;
    bool started; /* new columns are in `seen` */
    bool misfit;
} walk;

static watch watch_of(const firn_layout *layout, firn_str name)
{
    const firn_layout *column = layout ? firn_map_get(&layout->by_key, name) : NULL;
    if (!column)
        return (watch){.idle = layout && !firn_misfit_key_matters(layout, layout)};
    return (watch){.column = column, .idle = column->given || column->type.kind == FIRN_T_STRING};
}

/* Returns true if there is nothing to look for. */
static bool bind_columns(walk *w, const firn_layout *layout)
{
    bool idle = true;
    for (size_t i = 0; i < w->file->count; i++) {
        w->watches[i] = watch_of(layout, w->file->names[i]);
        idle &= w->watches[i].idle;
    }
    return idle;
}

static firn_shape *shape_of(walk *w, size_t i)
{
    if (!w->watches[i].shape)
        w->watches[i].shape = firn_shape_field_of(w->seen, w->file->names[i], w->arena);
    return w->watches[i].shape;
}

/* All new columns in the order of the header, whichever has a value first. */
static bool start_new_columns(walk *w)
{
    w->started = true;
    for (size_t i = 0; i < w->file->count; i++)
        if (!w->watches[i].column && !w->watches[i].idle && !shape_of(w, i))
            return false;
    return true;
}

/* Whether a cell that does not fit says something new. */
static bool matters(const walk *w, const firn_layout *column, firn_str text)
{
    firn_shape cell = {0};
    firn_shape_add_cell(&cell, text);
    return firn_misfit_matters(w->layout, column, &cell);
}

/* Records what does not fit; false: no memory.  Doubled quotes are left as they are: a text with a
 * quote is neither a number nor a date either way. */
static bool walk_cell(walk *w, size_t i, const firn_csv_cell *cell, bool *misfit)
{
    watch *at = &w->watches[i];
    firn_str text = {cell->p, cell->n};
    bool blank = firn_csv_is_blank(w->file, cell);
    if (at->column &&
        (blank || firn_scalar_fits(&at->column->type, text, &at->column->read) == FIRN_FIT_OK ||
         !matters(w, at->column, text)))
        return true;
    firn_shape *shape = shape_of(w, i);
    if (!shape)
        return false;
    *misfit = true;
    if (blank)
        firn_shape_add_null(shape);
    else
        firn_shape_add_cell(shape, text);
    return true;
}

static firn_code walk_row(walk *w, const firn_csv_row *row, firn_err *err)
{
    bool misfit = false;
    if (!w->started && !start_new_columns(w))
        return firn_arena_raise(w->arena, err);
    for (size_t i = 0; i < row->count; i++)
        if (!w->watches[i].idle && !walk_cell(w, i, &row->cells[i], &misfit))
            return firn_arena_raise(w->arena, err);
    if (misfit)
        firn_shape_add_object(w->seen);
    w->misfit |= misfit;
    return FIRN_OK;
}

firn_code firn_csv_walk(const firn_batch *b, const firn_layout *layout, firn_shape *seen,
                        firn_arena *a, bool *ret_misfit, firn_err *err)
{
    walk w = {.file = b->file, .layout = layout, .seen = seen, .arena = a};
    firn_csv_row row = {.cells = firn_arena_array(a, w.file->count, sizeof *row.cells)};
    w.watches = firn_arena_array(a, w.file->count, sizeof *w.watches);
    if (!row.cells || !w.watches)
        return firn_arena_raise(a, err);
    size_t count = bind_columns(&w, layout) ? 0 : b->count;
    for (size_t i = 0; i < count; i++)
        if (firn_csv_read(b, i, &row) == FIRN_CSV_READABLE)
            FIRN_TRY(walk_row(&w, &row, err));
    *ret_misfit = w.misfit;
    return FIRN_OK;
}
