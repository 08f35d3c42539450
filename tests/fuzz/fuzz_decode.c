/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way of a text through a decoder, as source/files_read.c and the feed take it. */
#include "fuzz_decode.h"

#include "base/column.h"
#include "base/mem.h"
#include "format/csv.h"

#include <inttypes.h>
#include <stdio.h>

#define RECORDS 500

typedef struct decoding {
    const fuzz_decode *d;
    firn_arena *a;
    firn_framer *framer;
    FIRN_VEC(firn_batch) batches;
    const firn_layout *layout;
    uint64_t records; /* in the batches */
} decoding;

/* --- cutting ------------------------------------------------------------------------------- */

static void add_batch(decoding *x, firn_slice bytes, const firn_cut *cut, uint64_t offset,
                      uint64_t line)
{
    size_t end = 0;
    for (size_t i = 0; i < cut->n; i++) {
        const firn_record *r = &cut->records[i];
        fuzz_require(r->offset >= end && (size_t)r->offset + r->length <= bytes.n,
                     "record %zu lies at %u+%u", i, r->offset, r->length);
        end = (size_t)r->offset + r->length;
    }
    firn_record *records = firn_arena_array(x->a, cut->n, sizeof *records);
    uint8_t *copy = firn_mem_alloc(bytes.n); /* exactly as long: a byte too far is seen */
    fuzz_require(records && copy && firn_arena_defer(x->a, firn_mem_free, copy, NULL) == FIRN_OK,
                 "no memory");
    memcpy(records, cut->records, cut->n * sizeof *records);
    memcpy(copy, bytes.p, bytes.n);
    const firn_decoder_ops *ops = x->d->ops;
    firn_batch b = {.bytes = {copy, bytes.n},
                    .records = records,
                    .count = cut->n,
                    .first_offset = offset,
                    .first_line = ops->lineless ? x->records + 1 : line,
                    .lone_cr = ops->lone_cr(x->framer),
                    .lineless = ops->lineless,
                    .file = ops->file(x->framer)};
    fuzz_require(firn_vec_push(x->a, &x->batches, b), "no memory");
    x->records += cut->n;
}

static firn_code cut_all(decoding *x, firn_slice text, firn_err *err)
{
    const fuzz_decode *d = x->d;
    size_t at = 0;
    size_t end = 0;
    firn_line_counter lines = {.line = 1};
    static firn_record records[RECORDS];
    while (end < text.n || at < text.n || end == 0) {
        end = d->piece ? FIRN_MIN(end + d->piece, text.n) : text.n;
        if (d->buffer)
            end = FIRN_MIN(end, at + d->buffer);
        bool eof = end == text.n;
        bool force = d->buffer && end - at == d->buffer;
        firn_slice bytes = {text.p + at, end - at};
        firn_cut cut = {.records = records, .cap = RECORDS};
        FIRN_TRY(d->ops->cut(x->framer, bytes, eof, force, &cut, err));
        fuzz_require(cut.consumed <= bytes.n && cut.n <= RECORDS, "%zu of %zu bytes", cut.consumed,
                     bytes.n);
        fuzz_require(cut.n || cut.consumed || !(eof || force) || !bytes.n, "no progress at %zu",
                     at);
        firn_slice done = {bytes.p, cut.consumed};
        uint64_t line = firn_next_lines(&lines, done, d->ops->lone_cr(x->framer));
        if (cut.n)
            add_batch(x, done, &cut, at, line);
        at += cut.consumed;
        if (eof && at == text.n)
            break;
    }
    return FIRN_OK;
}

/* --- printing ------------------------------------------------------------------------------ */

static void put(firn_buf *out, const char *s)
{
    fuzz_require(firn_buf_adds(out, s, NULL) == FIRN_OK, "the print is too long");
}

static void print_number(const firn_column *c, size_t row, firn_buf *out)
{
    char text[80];
    uint64_t bits[2] = {0, 0};
    memcpy(bits, (const uint8_t *)c->data + row * c->width, c->width);
    snprintf(text, sizeof text, "%" PRIx64 ".%" PRIx64, bits[1], bits[0]);
    put(out, text);
}

static void print_value(const firn_column *c, size_t row, firn_buf *out)
{
    if (!firn_column_is_valid(c, row)) {
        put(out, "~");
        return;
    }
    firn_listview v;
    switch ((int)c->type->kind) {
    case FIRN_T_STRUCT:
        for (size_t i = 0; i < c->child_count; i++, put(out, ","))
            print_value(&c->children[i], row, out);
        break;
    case FIRN_T_LIST:
    case FIRN_T_MAP:
        v = ((const firn_listview *)c->data)[row];
        fuzz_require(v.offset + v.length <= c->children[0].length, "a list behind its end");
        put(out, "[");
        for (uint64_t i = 0; i < v.length; i++, put(out, ","))
            print_value(&c->children[0], v.offset + i, out);
        put(out, "]");
        break;
    case FIRN_T_STRING:
    case FIRN_T_BINARY:
    case FIRN_T_FIXED: {
        firn_str s = firn_strview_str(&((const firn_strview *)c->data)[row]);
        fuzz_require(c->type->kind != FIRN_T_STRING || firn_utf8_valid(s.p, s.n),
                     "a text that is not UTF-8");
        fuzz_require(firn_buf_addstr(out, s, NULL) == FIRN_OK, "the print is too long");
        break;
    }
    default:
        print_number(c, row, out);
    }
}

static void print_rejects(const firn_batch *b, const firn_rejects *r, firn_buf *out)
{
    for (size_t i = 0; i < r->n; i++) {
        fuzz_require(r->v[i].record < b->count && r->v[i].reason.n, "reject %zu", i);
        fuzz_require(firn_buf_addf(out, NULL, "! %" PRIu64 " E%d %.*s %.*s\n",
                                   firn_batch_line(b, r->v[i].record), (int)r->v[i].id,
                                   FIRN_STR_ARG(r->v[i].path),
                                   FIRN_STR_ARG(r->v[i].reason)) == FIRN_OK,
                     "the print is too long");
    }
}

/* --- filling ------------------------------------------------------------------------------- */

static firn_code fill_batch(const decoding *x, const firn_batch *b, firn_buf *out,
                            firn_buf *rejected, firn_err *err)
{
    size_t next = 0;
    firn_rejects rejects = {.arena = x->a};
    while (next < b->count) {
        FIRN_AUTO(firn_arena_freep) firn_arena *a = fuzz_arena();
        firn_column root;
        size_t rows = 0;
        size_t before = next;
        FIRN_TRY(firn_columns_in_arena(&x->layout->type, x->d->rows, a, &root, err));
        FIRN_TRY(
            x->d->ops->fill(b, &next, x->layout, &root, 0, x->d->rows, &rows, &rejects, a, err));
        fuzz_require(next > before && next <= b->count && rows <= next - before,
                     "%zu rows of records %zu to %zu", rows, before, next);
        for (size_t i = 0; i < rows; i++, put(out, "\n"))
            print_value(&root, i, out);
    }
    print_rejects(b, &rejects, rejected);
    return FIRN_OK;
}

static firn_code make_layout(decoding *x, firn_err *err)
{
    firn_layout_out made;
    bool misfit;
    firn_shape *seen = firn_shape_new(x->a);
    bool csv = x->d->ops == &firn_decoder_csv;
    fuzz_require(seen, "no memory");
    const firn_str *names = NULL;
    size_t count = csv ? firn_csv_header(x->d->ops->file(x->framer), &names) : 0;
    if (csv)
        firn_shape_add_object(seen);
    for (size_t i = 0; i < count; i++)
        fuzz_require(firn_shape_field_of(seen, names[i], x->a), "no memory");
    for (size_t i = 0; i < x->batches.n; i++)
        FIRN_TRY(x->d->ops->walk(&x->batches.v[i], NULL, seen, x->a, &misfit, err));
    const firn_layout_in in = {.seen = seen, .null_columns = csv};
    FIRN_TRY(firn_layout_make(&in, x->a, &made, err));
    x->layout = made.layout;
    for (size_t i = 0; i < x->batches.n; i++) {
        firn_shape *more = firn_shape_new(x->a);
        fuzz_require(more, "no memory");
        FIRN_TRY(x->d->ops->walk(&x->batches.v[i], x->layout, more, x->a, &misfit, err));
        fuzz_require(!misfit, "batch %zu does not fit what was made of it", i);
    }
    return FIRN_OK;
}

static firn_code decode(decoding *x, firn_slice text, firn_buf *out, firn_buf *rejected,
                        firn_err *err)
{
    FIRN_TRY(x->d->ops->open(&x->d->opt, text, true, x->a, &x->framer, err));
    if (x->d->ops->encoding && x->d->ops->encoding(x->framer).n)
        return firn_buf_adds(out, "to be converted", err);
    (void)x->d->ops->describe(x->framer);
    FIRN_TRY(cut_all(x, text, err));
    FIRN_TRY(make_layout(x, err));
    FIRN_TRY(firn_type_print(&x->layout->type, out, err));
    put(out, "\n");
    for (size_t i = 0; i < x->batches.n; i++)
        FIRN_TRY(fill_batch(x, &x->batches.v[i], out, rejected, err));
    return firn_buf_addstr(out, firn_buf_str(rejected), err);
}

const char *fuzz_decode_print(const fuzz_decode *d, firn_slice text, firn_arena *a)
{
    firn_err err = {0};
    decoding x = {.d = d, .a = a};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 28);
    FIRN_AUTO(firn_buf_free) firn_buf rejected = FIRN_BUF((size_t)1 << 28);
    if (!text.p) /* a buffer that nothing was put into; readers always have one */
        text = (firn_slice){(const uint8_t *)"", 0};
    firn_code code = decode(&x, text, &out, &rejected, &err);
    const char *print = fuzz_ok(code, &err) ? firn_arena_strndup(a, firn_buf_cstr(&out), out.n)
                                            : firn_arena_printf(a, "error: %s", err.text);
    fuzz_require(print, "no memory");
    return print;
}

void fuzz_decode_all(const firn_decoder_ops *ops, const firn_format_opt *opt, firn_slice text)
{
    firn_arena *a = fuzz_arena();
    const size_t pieces[][2] = {{1 + text.n / 7, 3}, {1, 1}}; /* and rows */
    fuzz_decode d = {.ops = ops, .opt = *opt, .rows = 1000};
    const char *whole = fuzz_decode_print(&d, text, a);
    /* pieces cost time: each call looks again at what is not consumed yet */
    for (size_t i = 0; i < (text.n < 300 ? 2 : 1); i++) {
        d.piece = pieces[i][0];
        d.rows = pieces[i][1];
        const char *cut = fuzz_decode_print(&d, text, a);
        fuzz_require(strcmp(whole, cut) == 0, "pieces of %zu\n--- whole\n%.600s\n--- cut\n%.600s",
                     d.piece, whole, cut);
    }
    firn_arena_free(a);
}
