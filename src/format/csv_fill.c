/* SPDX-License-Identifier: Apache-2.0 */
/* Cells into columns, record by record: a record that cannot land is undone and rejected. */
#include "format/csv_int.h"

#include "base/json.h"
#include "base/str.h"
#include "format/json_lex.h"
#include "format/residual.h"

#include <string.h>

/* A column of the file and where it goes; to == NULL: the table has no such column. */
typedef struct target {
    firn_column *to;
    const firn_layout *layout;
    bool string;
    bool json;
    bool nested;
} target;

typedef struct fill {
    const firn_batch *batch;
    const firn_csv_file *file;
    target *targets;
    const char *safe;     /* bytes of the batch end here */
    firn_column **absent; /* columns of the table that the file does not have */
    size_t absent_count;
    const firn_layout *missing; /* one of them that is required */
    const firn_layout *layout;
    firn_column *root;
    firn_misfits misfits;
    firn_buf quoted; /* a cell as JSON */
    firn_arena *arena;
    size_t record;
    size_t row;
    bool rejected;
} fill;

/* --- binding ------------------------------------------------------------------------------- */

static firn_code bind_columns(fill *f, const firn_layout *layout, firn_column *root, firn_err *err)
{
    f->targets = firn_arena_array(f->arena, f->file->count, sizeof *f->targets);
    f->absent = firn_arena_array(f->arena, layout->child_count, sizeof(firn_column *));
    bool *bound = firn_arena_array(f->arena, layout->child_count, sizeof *bound);
    if (!f->targets || !f->absent || !bound)
        return firn_arena_raise(f->arena, err);
    for (size_t i = 0; i < f->file->count; i++) {
        const firn_layout *column = firn_map_get(&layout->by_key, f->file->names[i]);
        if (!column)
            continue;
        size_t k = (size_t)(column - layout->children);
        bound[k] = true;
        f->targets[i] = (target){.to = &root->children[k],
                                 .layout = column,
                                 .string = column->type.kind == FIRN_T_STRING && !column->json,
                                 .json = column->json,
                                 .nested = firn_type_is_nested(column->type.kind)};
    }
    for (size_t k = 0; k < layout->child_count; k++) {
        if (bound[k] || layout->children[k].role != FIRN_ROLE_VALUE)
            continue;
        f->absent[f->absent_count++] = &root->children[k];
        if (layout->children[k].required && !f->missing)
            f->missing = &layout->children[k];
    }
    return FIRN_OK;
}

/* --- rejects ------------------------------------------------------------------------------- */

/* Says why cell i makes its record a reject; a reject is no error. */
#define reject_cell(f, i, id, err, ...)                                                            \
    ((f)->rejected = true,                                                                         \
     firn_misfits_reject(&(f)->misfits, &(firn_spot){.key = (f)->file->names[i]}, (id), (err),     \
                         __VA_ARGS__))

static firn_code quote_cell(fill *f, firn_str text, firn_err *err)
{
    firn_buf_clear(&f->quoted);
    return firn_json_escape(text, &f->quoted, err);
}

/* What was discarded is listed as the file has it, not as JSON. */
static firn_code list_as_is(fill *f, firn_misfit how, firn_str text, bool lands, firn_err *err)
{
    firn_rejects *r = f->misfits.rejects;
    if (how != FIRN_MISFIT_DISCARD || !lands)
        return FIRN_OK;
    r->v[r->n - 1].value = firn_arena_str(r->arena, text);
    return r->v[r->n - 1].value.p ? FIRN_OK : firn_arena_raise(r->arena, err);
}

/* A cell does not go into its column: null stands for it, or the record is a reject. */
static firn_code misfit(fill *f, size_t i, uint16_t id, firn_str text, const char *reason,
                        firn_err *err)
{
    const target *t = &f->targets[i];
    const firn_spot at = {.key = f->file->names[i]};
    bool lands = false;
    FIRN_TRY(quote_cell(f, text, err));
    FIRN_TRY(firn_misfits_value(&f->misfits, t->layout, &at, firn_buf_str(&f->quoted), id, &lands,
                                err, "value %s %s", firn_quote(text).s, reason));
    f->rejected = !lands;
    FIRN_TRY(list_as_is(f, t->layout->misfit, text, lands, err));
    return lands ? firn_column_null(t->to, f->row, err) : FIRN_OK;
}

static firn_code misfit_scalar(fill *f, size_t i, firn_fit fit, firn_str text, firn_err *err)
{
    if (fit == FIRN_FIT_NOMEM)
        return firn_arena_raise(f->arena, err);
    if (fit == FIRN_FIT_UTF8)
        return reject_cell(f, i, FIRN_REJ_UTF8, err, "value %s %s: %s", firn_quote(text).s,
                           firn_fit_text(fit),
                           firn_type_text(&f->targets[i].layout->type, f->misfits.rejects->arena));
    const char *reason =
        firn_arena_printf(f->misfits.rejects->arena, "%s: %s", firn_fit_text(fit),
                          firn_type_text(&f->targets[i].layout->type, f->misfits.rejects->arena));
    if (!reason)
        return firn_arena_raise(f->misfits.rejects->arena, err);
    return misfit(f, i, FIRN_REJ_TYPE, text, reason, err);
}

/* The table has no column of this name. */
static firn_code misfit_name(fill *f, size_t i, firn_str text, firn_err *err)
{
    const firn_spot at = {.key = f->file->names[i]};
    bool lands = false;
    FIRN_TRY(quote_cell(f, text, err));
    FIRN_TRY(firn_misfits_key(&f->misfits, f->layout, &at, firn_buf_str(&f->quoted), &lands, err));
    f->rejected = !lands;
    return list_as_is(f, f->layout->unknown, text, lands, err);
}

/* --- one record ---------------------------------------------------------------------------- */

/* The first n bytes of a word, n < 8. */
static inline uint64_t first_bytes(uint64_t word, uint32_t n)
{
    return word & ((UINT64_C(1) << (8 * n)) - 1);
}

/* Writes the view of a text.  Both halves are made in registers: a view that is put together byte
 * by byte and then read as a whole waits for each of its stores. */
static inline void put_view(firn_strview *to, const char *p, uint32_t n, const char *safe)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (FIRN_LIKELY(safe - p >= 12)) {
        uint64_t start;
        uint64_t rest;
        memcpy(&start, p, sizeof start);
        memcpy(&rest, p + 4, sizeof rest);
        start = first_bytes(start, FIRN_MIN(n, 4u));
        uint64_t half[2] = {start << 32 | n, (uint64_t)(uintptr_t)p};
        if (n <= sizeof to->near.inlined)
            half[1] = n >= 12 ? rest : n > 4 ? first_bytes(rest, n - 4) : 0;
        memcpy(to, half, sizeof half);
        return;
    }
#endif
    *to = firn_strview_of(p, n);
}

static firn_code put_null(fill *f, size_t i, firn_err *err)
{
    const target *t = &f->targets[i];
    if (!t->to)
        return FIRN_OK;
    if (t->layout->required)
        return reject_cell(f, i, FIRN_REJ_REQUIRED, err, "a value is required");
    return firn_column_null(t->to, f->row, err);
}

static firn_code put_string(fill *f, size_t i, const firn_csv_cell *cell, firn_err *err)
{
    firn_column *to = f->targets[i].to;
    if (firn_csv_is_null(f->file, cell))
        return put_null(f, i, err);
    firn_strview *view = (firn_strview *)to->data + f->row;
    if (cell->form == FIRN_CSV_DOUBLED) {
        firn_str text = firn_csv_text(&f->file->dialect, cell, f->arena);
        if (!text.p)
            return firn_arena_raise(f->arena, err);
        *view = firn_strview_of(text.p, text.n);
    } else {
        put_view(view, cell->p, cell->n, f->safe);
    }
    firn_column_set_valid(to, f->row);
    return FIRN_OK;
}

/* Whether a text is JSON; *ret_code: memory is out. */
static bool is_json(fill *f, firn_str text, firn_code *ret_code, firn_err *err)
{
    const char *first = (const char *)f->batch->bytes.p;
    bool has_slack = text.p >= first && text.p + text.n + FIRN_JSON_SLACK <= f->safe;
    *ret_code = FIRN_OK;
    if (has_slack)
        return firn_json_is_value(text.p, text.p + text.n);
    char *copy = firn_arena_zalloc(f->arena, text.n + FIRN_JSON_SLACK);
    if (!copy) {
        *ret_code = firn_arena_raise(f->arena, err);
        return false;
    }
    memcpy(copy, text.p, text.n);
    return firn_json_is_value(copy, copy + text.n);
}

static firn_code put_json(fill *f, size_t i, firn_str text, firn_err *err)
{
    firn_code code;
    firn_column *to = f->targets[i].to;
    if (!is_json(f, text, &code, err))
        return code ? code : misfit(f, i, FIRN_REJ_TYPE, text, "is not JSON", err);
    ((firn_strview *)to->data)[f->row] = firn_strview_of(text.p, text.n);
    firn_column_set_valid(to, f->row);
    return FIRN_OK;
}

static firn_code put_other(fill *f, size_t i, const firn_csv_cell *cell, firn_err *err)
{
    const target *t = &f->targets[i];
    if (firn_csv_is_blank(f->file, cell))
        return put_null(f, i, err);
    firn_str text = {cell->p, cell->n};
    if (cell->form == FIRN_CSV_DOUBLED)
        text = firn_csv_text(&f->file->dialect, cell, f->arena);
    if (!text.p)
        return firn_arena_raise(f->arena, err);
    if (!t->to)
        return misfit_name(f, i, text, err);
    if (t->nested)
        return reject_cell(f, i, FIRN_REJ_TYPE, err, "a %s cannot be read from CSV",
                           firn_type_kind_name(t->layout->type.kind));
    if (t->json)
        return put_json(f, i, text, err);
    firn_fit fit = firn_scalar_put(t->to, f->row, text, &t->layout->read, f->arena);
    return FIRN_LIKELY(fit == FIRN_FIT_OK) ? FIRN_OK : misfit_scalar(f, i, fit, text, err);
}

/* A row that is given up leaves no nulls behind. */
static void undo_row(fill *f)
{
    for (size_t i = 0; i < f->file->count; i++)
        if (f->targets[i].to)
            firn_column_set_valid(f->targets[i].to, f->row);
}

static firn_code fill_row(fill *f, const firn_csv_row *row, firn_err *err)
{
    f->rejected = false;
    firn_misfits_begin(&f->misfits, f->record);
    for (size_t i = 0; i < row->count && !f->rejected; i++) {
        if (f->targets[i].string)
            FIRN_TRY(put_string(f, i, &row->cells[i], err));
        else
            FIRN_TRY(put_other(f, i, &row->cells[i], err));
    }
    if (!f->rejected)
        return f->layout->residual ? firn_misfits_end(&f->misfits, f->root, f->row, err) : FIRN_OK;
    undo_row(f);
    return FIRN_OK;
}

static firn_code fill_record(fill *f, firn_csv_row *row, firn_err *err)
{
    firn_csv_fault fault = firn_csv_read(f->batch, f->record, row);
    if (FIRN_UNLIKELY(fault != FIRN_CSV_READABLE)) {
        f->rejected = true;
        return firn_csv_reject(f->batch, f->record, fault, row, f->misfits.rejects, err);
    }
    if (FIRN_UNLIKELY(f->missing != NULL)) {
        f->rejected = true;
        return firn_rejects_add(f->misfits.rejects, f->record, FIRN_REJ_REQUIRED, f->missing->key,
                                err, "the file has no column for a required value");
    }
    return fill_row(f, row, err);
}

static firn_code null_absent(const fill *f, size_t row, size_t rows, firn_err *err)
{
    for (size_t k = 0; k < f->absent_count; k++)
        for (size_t i = 0; i < rows; i++)
            FIRN_TRY(firn_column_null(f->absent[k], row + i, err));
    return FIRN_OK;
}

static firn_code fill_records(fill *f, firn_csv_row *cells, size_t first, size_t end_row,
                              firn_err *err)
{
    for (f->record = first; f->record < f->batch->count && f->row < end_row; f->record++) {
        FIRN_TRY(fill_record(f, cells, err));
        f->row += !f->rejected;
    }
    return FIRN_OK;
}

firn_code firn_csv_fill(const firn_batch *b, size_t *next, const firn_layout *layout,
                        firn_column *root, size_t row, size_t max_rows, size_t *ret_rows,
                        firn_rejects *rejects, firn_arena *a, firn_err *err)
{
    fill f = {.batch = b,
              .file = b->file,
              .layout = layout,
              .root = root,
              .quoted = FIRN_BUF((size_t)64 << 20),
              .arena = a,
              .row = row};
    firn_csv_row cells = {.cells = firn_arena_array(a, f.file->count, sizeof *cells.cells)};
    if (!cells.cells)
        return firn_arena_raise(a, err);
    f.safe = (const char *)b->bytes.p + b->bytes.n;
    FIRN_TRY(bind_columns(&f, layout, root, err));
    firn_misfits_open(&f.misfits, layout, rejects, a);
    firn_code code = fill_records(&f, &cells, *next, row + max_rows, err);
    firn_misfits_close(&f.misfits);
    firn_buf_free(&f.quoted);
    FIRN_TRY(code);
    FIRN_TRY(null_absent(&f, row, f.row - row, err));
    *next = f.record;
    *ret_rows = f.row - row;
    return FIRN_OK;
}
