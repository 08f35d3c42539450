/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a batch taken apart into cells, and why some cannot be. */
#include "format/csv_block.h"
#include "format/csv_int.h"

#include "base/str.h"

#include <string.h>

/* --- bytes --------------------------------------------------------------------------------- */

static bool is_ascii(const char *p, size_t n)
{
    uint64_t bits = 0;
    uint64_t words[4];
    for (; n >= sizeof words; p += sizeof words, n -= sizeof words) {
        memcpy(words, p, sizeof words);
        bits |= words[0] | words[1] | words[2] | words[3];
    }
    for (; n >= sizeof words[0]; p += sizeof words[0], n -= sizeof words[0]) {
        memcpy(words, p, sizeof words[0]);
        bits |= words[0];
    }
    for (; n; p++, n--)
        bits |= (uint8_t)*p;
    return (bits & UINT64_C(0x8080808080808080)) == 0;
}

/* --- cells --------------------------------------------------------------------------------- */

/* Separators and quotes of the block of a record that was looked at last. */
typedef struct finder {
    const firn_csv_dialect *d;
    firn_str text;
    const char *safe;
    size_t base;
    uint64_t separators;
    uint64_t quotes;
} finder;

static inline void load_from(finder *f, const uint8_t *p, size_t base)
{
    size_t left = f->text.n - base;
    uint64_t inside = left < FIRN_CSV_BLOCK ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
    f->base = base;
    f->separators = firn_csv_matches(p, f->d->separator) & inside;
    f->quotes = firn_csv_matches(p, f->d->quote) & inside;
}

/* At the end of a batch, behind which nothing may be read. */
__attribute__((cold, noinline)) static void load_last_block(finder *f, size_t base)
{
    uint8_t copy[FIRN_CSV_BLOCK] = {0};
    memcpy(copy, f->text.p + base, f->text.n - base);
    load_from(f, copy, base);
}

static inline void load_block(finder *f, size_t base)
{
    if (FIRN_LIKELY((size_t)(f->safe - f->text.p) - base >= FIRN_CSV_BLOCK))
        load_from(f, (const uint8_t *)f->text.p + base, base);
    else
        load_last_block(f, base);
}

/* Returns the offset of the first separator or quote at or behind `at`, the length if there is
 * none. */
static inline size_t find_next(finder *f, size_t at, bool quote)
{
    while (at < f->text.n) {
        if (at - f->base >= FIRN_CSV_BLOCK)
            load_block(f, at - at % FIRN_CSV_BLOCK);
        uint64_t found = (quote ? f->quotes : f->separators) & (~UINT64_C(0) << (at - f->base));
        if (found)
            return f->base + (size_t)__builtin_ctzll(found);
        at = f->base + FIRN_CSV_BLOCK;
    }
    return f->text.n;
}

/* Reads the quoted cell at `at`; returns what is behind its closing quote, 0 if it does not
 * close. */
static size_t split_quoted(finder *f, size_t at, firn_csv_cell *ret)
{
    firn_str text = f->text;
    size_t start = at + 1;
    firn_csv_form form = FIRN_CSV_QUOTED;
    for (at = start;; at += 2) {
        at = find_next(f, at, true);
        if (at >= text.n)
            return 0;
        if (at + 1 == text.n || text.p[at + 1] != text.p[start - 1])
            break;
        form = FIRN_CSV_DOUBLED;
    }
    *ret = (firn_csv_cell){.p = text.p + start, .n = (uint32_t)(at - start), .form = form};
    return at + 1;
}

firn_csv_trouble firn_csv_split(const firn_csv_dialect *d, firn_str record, const char *safe,
                                firn_csv_cell *cells, size_t cap, size_t *ret_count, size_t *ret_at)
{
    finder f = {.d = d, .text = record, .safe = safe};
    const int quote = d->quote;
    const int separator = d->separator;
    size_t count = 0;
    size_t at = 0;
    if (record.n)
        load_block(&f, 0);
    for (;; at++) {
        firn_csv_cell cell = {.p = record.p + at};
        size_t start = at;
        if (at < record.n && (unsigned char)record.p[at] == quote) {
            at = split_quoted(&f, at, &cell);
            *ret_at = at ? count : start;
            if (at == 0)
                return FIRN_CSV_UNCLOSED;
            if (at < record.n && (unsigned char)record.p[at] != separator)
                return FIRN_CSV_BEHIND;
        } else {
            at = find_next(&f, at, false);
            cell.n = (uint32_t)(at - start);
        }
        if (count < cap)
            cells[count] = cell;
        count++;
        if (at == record.n)
            break;
    }
    *ret_count = count;
    return FIRN_CSV_FINE;
}

firn_str firn_csv_text(const firn_csv_dialect *d, const firn_csv_cell *cell, firn_arena *a)
{
    if (cell->form != FIRN_CSV_DOUBLED)
        return (firn_str){cell->p, cell->n};
    char *out = firn_arena_alloc(a, cell->n);
    size_t n = 0;
    for (uint32_t i = 0; out && i < cell->n; i++) {
        out[n++] = cell->p[i];
        i += (unsigned char)cell->p[i] == d->quote; /* the second one of a pair */
    }
    return (firn_str){out, n};
}

bool firn_csv_is_null(const firn_csv_file *file, const firn_csv_cell *cell)
{
    if (cell->form != FIRN_CSV_PLAIN)
        return false;
    return cell->n == 0 ||
           (file->null_text.n && firn_str_eq((firn_str){cell->p, cell->n}, file->null_text));
}

bool firn_csv_is_blank_slow(const firn_csv_file *file, const firn_csv_cell *cell)
{
    if (cell->n && (unsigned char)cell->p[0] > ' ')
        return firn_csv_is_null(file, cell);
    return firn_str_trim((firn_str){cell->p, cell->n}).n == 0 || firn_csv_is_null(file, cell);
}

/* --- records of a batch -------------------------------------------------------------------- */

static firn_str record_text(const firn_batch *b, size_t i)
{
    const firn_record *r = &b->records[i];
    return (firn_str){(const char *)b->bytes.p + r->offset, r->length};
}

static firn_csv_fault fault_of(firn_csv_trouble trouble)
{
    switch (trouble) {
    case FIRN_CSV_FINE:
        return FIRN_CSV_READABLE;
    case FIRN_CSV_UNCLOSED:
        return FIRN_CSV_QUOTE_UNCLOSED;
    case FIRN_CSV_BEHIND:
        return FIRN_CSV_QUOTE_BEHIND;
    }
    return FIRN_CSV_READABLE;
}

static size_t bad_utf8_cell(const firn_csv_row *row)
{
    size_t i = 0;
    while (i < row->count && firn_utf8_valid(row->cells[i].p, row->cells[i].n))
        i++;
    return i;
}

firn_csv_fault firn_csv_read(const firn_batch *b, size_t i, firn_csv_row *row)
{
    const firn_csv_file *file = b->file;
    const char *safe = (const char *)b->bytes.p + b->bytes.n;
    uint32_t flags = b->records[i].flags;
    firn_str text = record_text(b, i);
    if (FIRN_UNLIKELY(flags & FIRN_REC_OVERSIZE))
        return FIRN_CSV_TOO_LONG;
    if (FIRN_UNLIKELY((flags & FIRN_REC_BROKEN) && text.n == 0))
        return FIRN_CSV_REST_UNCLOSED;
    firn_csv_trouble trouble =
        firn_csv_split(&file->dialect, text, safe, row->cells, file->count, &row->count, &row->at);
    if (FIRN_UNLIKELY(trouble != FIRN_CSV_FINE))
        return fault_of(trouble);
    if (FIRN_UNLIKELY(row->count != file->count))
        return FIRN_CSV_CELL_COUNT;
    if (FIRN_LIKELY(is_ascii(text.p, text.n) || firn_utf8_valid(text.p, text.n)))
        return FIRN_CSV_READABLE;
    row->at = bad_utf8_cell(row);
    return FIRN_CSV_NOT_UTF8;
}

/* --- rejects ------------------------------------------------------------------------------- */

/* The line of the byte `at` of record i. */
static uint64_t line_at(const firn_batch *b, size_t i, size_t at)
{
    firn_slice before = {(const uint8_t *)record_text(b, i).p, at};
    return firn_batch_line(b, i) + firn_count_lines(before, b->lone_cr);
}

static firn_code reject_too_long(const firn_batch *b, size_t i, firn_rejects *rejects,
                                 firn_err *err)
{
    const firn_csv_file *file = b->file;
    firn_csv_cell none;
    size_t count;
    size_t at;
    firn_str text = record_text(b, i);
    firn_csv_trouble trouble =
        firn_csv_split(&file->dialect, text, text.p + text.n, &none, 0, &count, &at);
    if (trouble != FIRN_CSV_UNCLOSED)
        return firn_rejects_add(rejects, i, FIRN_REJ_OVERSIZE, FIRN_STR_LIT(""), err,
                                "the record is longer than %zu bytes", file->max_record_bytes);
    return firn_rejects_add(rejects, i, FIRN_REJ_OVERSIZE, FIRN_STR_LIT(""), err,
                            "the record is longer than %zu bytes: the quote that opens on line "
                            "%llu does not close before",
                            file->max_record_bytes, (unsigned long long)line_at(b, i, at));
}

static firn_code reject_count(const firn_batch *b, size_t i, const firn_csv_row *row,
                              firn_rejects *rejects, firn_err *err)
{
    const firn_csv_file *file = b->file;
    return firn_rejects_add(rejects, i, FIRN_REJ_SYNTAX, FIRN_STR_LIT(""), err,
                            "the record has %zu cell%s, the file has %zu column%s", row->count,
                            row->count == 1 ? "" : "s", file->count, file->count == 1 ? "" : "s");
}

firn_code firn_csv_reject(const firn_batch *b, size_t i, firn_csv_fault fault,
                          const firn_csv_row *row, firn_rejects *rejects, firn_err *err)
{
    const firn_csv_file *file = b->file;
    const firn_str all = FIRN_STR_LIT("");
    firn_str name = row->at < file->count ? file->names[row->at] : all;
    switch (fault) {
    case FIRN_CSV_READABLE:
        break;
    case FIRN_CSV_TOO_LONG:
        return reject_too_long(b, i, rejects, err);
    case FIRN_CSV_REST_UNCLOSED:
        return firn_rejects_add(rejects, i, FIRN_REJ_SYNTAX, all, err,
                                "the quote of the record before never closes: %llu more bytes up "
                                "to the end of the file belong to it",
                                (unsigned long long)file->unclosed_bytes);
    case FIRN_CSV_QUOTE_UNCLOSED:
        return firn_rejects_add(rejects, i, FIRN_REJ_SYNTAX, all, err,
                                "the quote that opens on line %llu never closes",
                                (unsigned long long)line_at(b, i, row->at));
    case FIRN_CSV_QUOTE_BEHIND:
        return firn_rejects_add(rejects, i, FIRN_REJ_SYNTAX, name, err,
                                "text follows the closing quote of cell %zu", row->at + 1);
    case FIRN_CSV_CELL_COUNT:
        return reject_count(b, i, row, rejects, err);
    case FIRN_CSV_NOT_UTF8:
        return firn_rejects_add(rejects, i, FIRN_REJ_UTF8, name, err,
                                "cell %zu holds bytes that are not UTF-8", row->at + 1);
    }
    return firn_raise(err, FIRN_E_BUG, "no fault in record %zu", i);
}
