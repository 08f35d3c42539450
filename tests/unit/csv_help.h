/* SPDX-License-Identifier: Apache-2.0 */
/* csv_help.h — a CSV text taken the whole way, as the files source and the feed do: cut in pieces
 * into batches, walked, laid out, filled, and printed. */
#ifndef FIRN_TEST_CSV_HELP_H
#define FIRN_TEST_CSV_HELP_H

#include "check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "format/csv.h"

#include <iconv.h>

typedef struct csv_run {
    firn_format_opt opt;
    const firn_given *given;
    size_t given_count;
    const firn_layout *layout; /* NULL: made from what is seen */
    size_t piece;              /* bytes more a call of cut; 0: all at once */
    size_t cap;                /* records a call; 0: 1000 */
    size_t chunk;              /* rows a call of fill; 0: 1000 */
    size_t buffer;             /* the caller's largest buffer; 0: no limit */
    bool head_only;            /* open sees no more than `piece` bytes */
} csv_run;

typedef struct csv_batches {
    firn_framer *framer;
    FIRN_VEC(firn_batch) v;
} csv_batches;

/* --- batches ------------------------------------------------------------------------------- */

/* The records of one call, in memory of exactly their size, so that ASan sees what reads beyond. */
static inline firn_code csv_add_batch(csv_batches *b, firn_slice bytes, const firn_cut *cut,
                                      uint64_t offset, uint64_t line, firn_arena *a, firn_err *err)
{
    void *copy = firn_mem_alloc(cut->consumed);
    if (!copy)
        return firn_raise_nomem(err);
    if (firn_arena_defer(a, firn_mem_free, copy, err) != FIRN_OK) {
        firn_mem_free(copy);
        return err->code;
    }
    if (cut->consumed)
        memcpy(copy, bytes.p, cut->consumed);
    firn_record *records = firn_arena_array(a, cut->n, sizeof *records);
    if (!records)
        return firn_arena_raise(a, err);
    memcpy(records, cut->records, cut->n * sizeof *records);
    firn_batch batch = {.bytes = {copy, cut->consumed},
                        .records = records,
                        .count = cut->n,
                        .first_offset = offset,
                        .first_line = line,
                        .lone_cr = firn_decoder_csv.lone_cr(b->framer),
                        .file = firn_decoder_csv.file(b->framer)};
    return firn_vec_push(a, &b->v, batch) ? FIRN_OK : firn_arena_raise(a, err);
}

/* As files_read.c: what was not consumed comes again with more behind it. */
static inline firn_code csv_cut_all(const csv_run *run, firn_slice text, csv_batches *b,
                                    firn_arena *a, firn_err *err)
{
    size_t piece = run->piece ? run->piece : FIRN_MAX(text.n, (size_t)1);
    size_t cap = run->cap ? run->cap : 1000;
    size_t at = 0;
    size_t end = 0;
    firn_line_counter lines = {.line = 1};
    firn_record *records = firn_arena_array(a, cap, sizeof *records);
    if (!records)
        return firn_arena_raise(a, err);
    for (bool more = true; more;) {
        if (end - at < run->buffer || !run->buffer)
            end = FIRN_MIN(end + piece, text.n);
        if (run->buffer)
            end = FIRN_MIN(end, at + run->buffer);
        bool force = run->buffer && end - at == run->buffer;
        bool eof = end == text.n;
        firn_slice bytes = {text.p + at, end - at};
        firn_cut cut = {.records = records, .cap = cap};
        FIRN_TRY(firn_decoder_csv.cut(b->framer, bytes, eof, force, &cut, err));
        if (eof && bytes.n && !cut.n && !cut.consumed)
            return firn_raise(err, FIRN_E_BUG, "no progress at byte %zu", at);
        uint64_t line = firn_next_lines(&lines, (firn_slice){bytes.p, cut.consumed},
                                        firn_decoder_csv.lone_cr(b->framer));
        if (cut.n)
            FIRN_TRY(csv_add_batch(b, bytes, &cut, at, line, a, err));
        at += cut.consumed;
        more = !(eof && at == text.n);
    }
    return FIRN_OK;
}

/* Converts the text as the caller of cut must. */
static inline firn_slice csv_utf8(firn_str encoding, firn_slice text, firn_arena *a)
{
    if (encoding.n == 0)
        return text;
    iconv_t convert = iconv_open("UTF-8", firn_arena_strndup(a, encoding.p, encoding.n));
    assert_true(convert != (iconv_t)-1);
    size_t room = text.n * 4 + 16;
    char *out = firn_arena_alloc(a, room);
    char *in = firn_arena_strndup(a, (const char *)text.p, text.n);
    char *to = out;
    size_t left = text.n;
    size_t out_left = room;
    while (left && iconv(convert, &in, &left, &to, &out_left) == (size_t)-1 && left) {
        in++;
        left--;
        *to++ = (char)0xff;
    }
    iconv_close(convert);
    return (firn_slice){(const uint8_t *)out, (size_t)(to - out)};
}

static inline firn_code csv_open_and_cut(const csv_run *run, firn_slice text, csv_batches *b,
                                         firn_arena *a, firn_err *err)
{
    firn_slice head = text;
    if (run->head_only)
        head.n = FIRN_MIN(head.n, run->piece);
    FIRN_TRY(firn_decoder_csv.open(&run->opt, head, head.n == text.n, a, &b->framer, err));
    return csv_cut_all(run, csv_utf8(firn_decoder_csv.encoding(b->framer), text, a), b, a, err);
}

/* --- printing ------------------------------------------------------------------------------ */

static inline firn_i128 csv_unscaled(const firn_column *col, size_t row)
{
    switch (col->width) {
    case 2:
        return ((int16_t *)col->data)[row];
    case 4:
        return ((int32_t *)col->data)[row];
    case 8:
        return ((int64_t *)col->data)[row];
    default:
        return ((firn_i128 *)col->data)[row];
    }
}

static inline firn_code csv_print_value(const firn_column *col, size_t row, firn_buf *out,
                                        firn_err *err)
{
    char text[64];
    const firn_strview *view = (const firn_strview *)col->data + row;
    if (!firn_column_is_valid(col, row))
        return firn_buf_adds(out, "~", err);
    switch ((int)col->type->kind) {
    case FIRN_T_STRING:
    case FIRN_T_BINARY:
        return firn_buf_addstr(out, firn_strview_str(view), err);
    case FIRN_T_DOUBLE:
        snprintf(text, sizeof text, "%.17g", ((double *)col->data)[row]);
        break;
    case FIRN_T_BOOLEAN:
        snprintf(text, sizeof text, "%s", ((uint8_t *)col->data)[row] ? "true" : "false");
        break;
    default:
        firn_dec_print(csv_unscaled(col, row), col->type->scale, text);
    }
    return firn_buf_adds(out, text, err);
}

static inline firn_code csv_print_rows(const firn_column *root, size_t rows, firn_buf *out,
                                       firn_err *err)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < root->child_count; k++) {
            FIRN_TRY(firn_buf_adds(out, k ? "|" : "", err));
            FIRN_TRY(csv_print_value(&root->children[k], i, out, err));
        }
        FIRN_TRY(firn_buf_addc(out, '\n', err));
    }
    return FIRN_OK;
}

static inline firn_code csv_print_rejects(const firn_batch *b, const firn_rejects *rejects,
                                          firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < rejects->n; i++) {
        const firn_reject *r = &rejects->v[i];
        FIRN_TRY(firn_buf_addf(out, err, "! %llu E%d [%.*s] %.*s\n",
                               (unsigned long long)firn_batch_line(b, r->record), r->id,
                               FIRN_STR_ARG(r->path), FIRN_STR_ARG(r->reason)));
    }
    return FIRN_OK;
}

/* --- the whole way ------------------------------------------------------------------------- */

static inline firn_code csv_layout(const csv_run *run, const csv_batches *b, firn_arena *a,
                                   const firn_layout **ret, firn_err *err)
{
    const firn_str *names;
    firn_shape *seen = firn_shape_new(a);
    if (!seen)
        return firn_arena_raise(a, err);
    size_t count = firn_csv_header(firn_decoder_csv.file(b->framer), &names);
    firn_shape_add_object(seen);
    for (size_t i = 0; i < count; i++)
        if (!firn_shape_field_of(seen, names[i], a))
            return firn_arena_raise(a, err);
    for (size_t i = 0; i < b->v.n; i++) {
        bool misfit;
        FIRN_TRY(firn_decoder_csv.walk(&b->v.v[i], NULL, seen, a, &misfit, err));
    }
    firn_layout_out made;
    const firn_layout_in in = {
        .seen = seen, .given = run->given, .given_count = run->given_count, .null_columns = true};
    FIRN_TRY(firn_layout_make(&in, a, &made, err));
    *ret = made.layout;
    return FIRN_OK;
}

static inline firn_code csv_fill_batch(const csv_run *run, const firn_batch *b,
                                       const firn_layout *layout, firn_arena *a, firn_buf *out,
                                       firn_buf *rejected, firn_err *err)
{
    size_t chunk = run->chunk ? run->chunk : 1000;
    size_t next = 0;
    firn_rejects rejects = {.arena = a};
    while (next < b->count) {
        firn_column root;
        size_t rows = 0;
        /* the rows stand in the middle, as where a vector is filled from several batches */
        FIRN_TRY(firn_columns_in_arena(&layout->type, chunk + 3, a, &root, err));
        FIRN_TRY(firn_decoder_csv.fill(b, &next, layout, &root, 0, FIRN_MIN(chunk, (size_t)1),
                                       &rows, &rejects, a, err));
        size_t more = 0;
        if (rows == 1 && chunk > 1)
            FIRN_TRY(firn_decoder_csv.fill(b, &next, layout, &root, 1, chunk - 1, &more, &rejects,
                                           a, err));
        FIRN_TRY(csv_print_rows(&root, rows + more, out, err));
    }
    return csv_print_rejects(b, &rejects, rejected, err);
}

/* Prints the type, every row and then every reject of a text into `out`. */
static inline firn_code csv_decode(const csv_run *run, firn_slice text, firn_arena *a,
                                   firn_buf *out, firn_err *err)
{
    csv_batches b = {.framer = NULL};
    const firn_layout *layout = run->layout;
    FIRN_AUTO(firn_buf_free) firn_buf rejected = FIRN_BUF((size_t)1 << 28);
    FIRN_TRY(csv_open_and_cut(run, text, &b, a, err));
    if (!layout)
        FIRN_TRY(csv_layout(run, &b, a, &layout, err));
    FIRN_TRY(firn_type_print(&layout->type, out, err));
    FIRN_TRY(firn_buf_addc(out, '\n', err));
    for (size_t i = 0; i < b.v.n; i++) {
        firn_shape *seen = firn_shape_new(a);
        bool misfit;
        if (!seen)
            return firn_arena_raise(a, err);
        FIRN_TRY(firn_decoder_csv.walk(&b.v.v[i], layout, seen, a, &misfit, err));
        if (misfit && !run->layout)
            return firn_raise(err, FIRN_E_BUG, "batch %zu does not fit what was made of it", i);
        FIRN_TRY(csv_fill_batch(run, &b.v.v[i], layout, a, out, &rejected, err));
    }
    return firn_buf_addstr(out, firn_buf_str(&rejected), err);
}

/* The print of a text, in `a`; an error becomes "CODE: text". */
static inline const char *csv_print(const csv_run *run, firn_slice text, firn_arena *a)
{
    firn_err err = {0};
    firn_buf out = FIRN_BUF((size_t)1 << 28);
    firn_code code = csv_decode(run, text, a, &out, &err);
    const char *print =
        code ? firn_arena_printf(a, "%s: %s", firn_code_policy_of(code)->name, err.text)
             : firn_arena_strndup(a, firn_buf_cstr(&out), out.n);
    firn_buf_free(&out);
    assert_non_null(print);
    return print;
}

#endif
