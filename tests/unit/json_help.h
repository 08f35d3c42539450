/* SPDX-License-Identifier: Apache-2.0 */
/* json_help.h — what the tests of shapes, layouts and JSON share: batches from text, columns as
 * text, random numbers. */
#ifndef FIRN_JSON_HELP_H
#define FIRN_JSON_HELP_H

#include "base/column.h"
#include "base/datetime.h"
#include "base/mem.h"
#include "check.h"
#include "format/decoder.h"

/* --- random numbers: splitmix64 ------------------------------------------------------------ */

FIRN_UNUSED static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

FIRN_UNUSED static unsigned below(uint64_t *seed, unsigned n)
{
    return (unsigned)(next_random(seed) % n);
}

/* --- batches ------------------------------------------------------------------------------- */

/* A file in memory of exactly its size, so that a sanitizer sees every byte read behind it. */
typedef struct file {
    uint8_t *bytes;
    size_t n;
    firn_record *records;
    firn_batch batch;
} file;

FIRN_UNUSED static void file_free(file *f)
{
    firn_mem_free(f->bytes);
    firn_mem_free(f->records);
}

/* Frames a text as a whole file. */
FIRN_UNUSED static firn_code file_make(const firn_format_opt *opt, const char *text, size_t n,
                                       firn_arena *a, file *ret, firn_err *err)
{
    firn_framer *framer;
    *ret = (file){.bytes = firn_mem_alloc(n), .n = n};
    ret->records = firn_mem_alloc((n + 1) * sizeof *ret->records);
    assert_non_null(ret->bytes);
    assert_non_null(ret->records);
    memcpy(ret->bytes, text, n);
    firn_slice all = {ret->bytes, n};
    FIRN_TRY(firn_decoder_json.open(opt, all, true, a, &framer, err));
    firn_cut cut = {.records = ret->records, .cap = n + 1};
    FIRN_TRY(firn_decoder_json.cut(framer, all, true, false, &cut, err));
    assert_int_equal(cut.consumed, n);
    ret->batch = (firn_batch){.bytes = all,
                              .records = ret->records,
                              .count = cut.n,
                              .first_line = 1,
                              .lone_cr = firn_decoder_json.lone_cr(framer)};
    return FIRN_OK;
}

/* Joins all that a text holds into a shape. */
FIRN_UNUSED static void walk_text(const char *text, firn_shape *seen, firn_arena *a)
{
    firn_err err = {0};
    firn_format_opt opt = {0};
    file f;
    bool misfit;
    check_ok(file_make(&opt, text, strlen(text), a, &f, &err), &err);
    check_ok(firn_decoder_json.walk(&f.batch, NULL, seen, a, &misfit, &err), &err);
    file_free(&f);
}

/* --- columns as text ----------------------------------------------------------------------- */

FIRN_UNUSED static void dump_value(const firn_column *col, size_t row, firn_buf *out);

FIRN_UNUSED static void dump_quoted(firn_str s, firn_buf *out)
{
    assert_int_equal(firn_buf_addc(out, '\'', NULL), FIRN_OK);
    assert_int_equal(firn_buf_addstr(out, s, NULL), FIRN_OK);
    assert_int_equal(firn_buf_addc(out, '\'', NULL), FIRN_OK);
}

FIRN_UNUSED static void dump_list(const firn_column *col, size_t row, firn_buf *out)
{
    firn_listview v = ((firn_listview *)col->data)[row];
    const firn_column *child = col->children;
    assert_int_equal(firn_buf_addc(out, '[', NULL), FIRN_OK);
    assert_true(v.offset + v.length <= child->length);
    for (uint64_t i = 0; i < v.length; i++) {
        if (i)
            assert_int_equal(firn_buf_adds(out, ", ", NULL), FIRN_OK);
        dump_value(child, v.offset + i, out);
    }
    assert_int_equal(firn_buf_addc(out, ']', NULL), FIRN_OK);
}

FIRN_UNUSED static void dump_struct(const firn_column *col, size_t row, firn_buf *out)
{
    assert_int_equal(firn_buf_addc(out, '{', NULL), FIRN_OK);
    for (size_t i = 0; i < col->child_count; i++) {
        firn_str name = col->type->fields[i].name;
        assert_int_equal(firn_buf_addf(out, NULL, "%s%.*s: ", i ? ", " : "", FIRN_STR_ARG(name)),
                         FIRN_OK);
        dump_value(&col->children[i], row, out);
    }
    assert_int_equal(firn_buf_addc(out, '}', NULL), FIRN_OK);
}

FIRN_UNUSED static firn_i128 dump_integer(const firn_column *col, size_t row)
{
    switch (col->width) {
    case 1:
        return ((uint8_t *)col->data)[row];
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

FIRN_UNUSED static void dump_value(const firn_column *col, size_t row, firn_buf *out)
{
    char text[FIRN_TIME_TEXT_MAX];
    firn_code code = FIRN_OK;
    if (!firn_column_is_valid(col, row)) {
        assert_int_equal(firn_buf_adds(out, "null", NULL), FIRN_OK);
        return;
    }
    switch (col->type->kind) {
    case FIRN_T_STRUCT:
        dump_struct(col, row, out);
        return;
    case FIRN_T_LIST:
    case FIRN_T_MAP:
        dump_list(col, row, out);
        return;
    case FIRN_T_STRING:
    case FIRN_T_BINARY:
        dump_quoted(firn_strview_str(&((firn_strview *)col->data)[row]), out);
        return;
    case FIRN_T_DATE:
        firn_date_print((int32_t)dump_integer(col, row), text);
        break;
    case FIRN_T_TIME:
        firn_time_print((int64_t)dump_integer(col, row), text);
        break;
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
        fail_msg("a column of type %s", firn_type_kind_name(col->type->kind));
        return;
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
        firn_timestamp_print((int64_t)dump_integer(col, row), col->type->kind == FIRN_T_TIMESTAMPTZ,
                             text);
        break;
    case FIRN_T_FLOAT:
        snprintf(text, sizeof text, "%.9gf", (double)((float *)col->data)[row]);
        break;
    case FIRN_T_DOUBLE:
        snprintf(text, sizeof text, "%.17gd", ((double *)col->data)[row]);
        break;
    case FIRN_T_BOOLEAN:
        snprintf(text, sizeof text, "%s", dump_integer(col, row) ? "true" : "false");
        break;
    case FIRN_T_UUID:
        snprintf(text, sizeof text, "%016llx%016llx",
                 (unsigned long long)((firn_u128)dump_integer(col, row) >> 64),
                 (unsigned long long)dump_integer(col, row));
        break;
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_DECIMAL:
        firn_dec_print(dump_integer(col, row), col->type->scale, text);
        break;
    case FIRN_T_FIXED:
    case FIRN_TYPE_KIND_COUNT:
        fail_msg("no such column");
    }
    code = firn_buf_adds(out, text, NULL);
    assert_int_equal(code, FIRN_OK);
}

/* --- filling ------------------------------------------------------------------------------- */

FIRN_UNUSED static void empty_lists(firn_column *col)
{
    bool is_list = col->type->kind == FIRN_T_LIST || col->type->kind == FIRN_T_MAP;
    for (size_t i = 0; i < col->child_count; i++) {
        if (is_list)
            col->children[i].length = 0;
        empty_lists(&col->children[i]);
    }
}

/* Fills all records of a file in chunks of `rows` into one set of columns; the rows go to *out,
 * one a line. */
FIRN_UNUSED static firn_code fill_text(const firn_batch *b, const firn_layout *layout, size_t rows,
                                       firn_rejects *rejects, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("columns", 0);
    FIRN_AUTO(firn_arena_freep) firn_arena *texts = firn_arena_new("texts", 0);
    firn_column root;
    size_t next = 0;
    if (!a || !texts)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_columns_in_arena(&layout->type, rows, a, &root, err));
    while (next < b->count) {
        size_t n = 0;
        size_t before = next;
        empty_lists(&root);
        FIRN_TRY(firn_decoder_json.fill(b, &next, layout, &root, 0, rows, &n, rejects, texts, err));
        assert_true(n <= rows && next > before && n <= next - before);
        for (size_t i = 0; i < n; i++) {
            dump_struct(&root, i, out);
            FIRN_TRY(firn_buf_addc(out, '\n', err));
        }
        firn_arena_reset(texts);
    }
    return FIRN_OK;
}

#endif
