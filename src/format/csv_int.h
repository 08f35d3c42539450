/* SPDX-License-Identifier: Apache-2.0 */
/* csv_int.h — what the parts of the CSV format share.  Not for callers of csv.h and decoder.h.
 *
 *   record := cell (separator cell)* line-end
 *   cell   := quote (any byte but a quote | quote quote)* quote | bytes that begin with no quote
 *
 * A quote opens only as the first byte of a cell; elsewhere it is an ordinary byte, as the
 * backslash is everywhere.  Text behind a closing quote makes the record a reject; it reaches to
 * the next separator or line end.  Line ends are LF, CRLF, or CR in a file without the others. */
#ifndef FIRN_CSV_INT_H
#define FIRN_CSV_INT_H

#include "format/csv.h"

#define FIRN_CSV_NONE (-1)

typedef struct firn_csv_dialect {
    int separator; /* FIRN_CSV_NONE: one column */
    int quote;     /* FIRN_CSV_NONE: quotes are ordinary bytes */
    bool lone_cr;  /* lines end in CR */
} firn_csv_dialect;

/* One file: what batches carry as firn_batch.file. */
typedef struct firn_csv_file {
    firn_csv_dialect dialect;
    firn_str null_text;
    size_t max_record_bytes;
    firn_str *names;
    size_t count;
    /* Bytes left out behind a too long record whose quote never closes; set by the framer before it
     * hands over the last record of the file, which is the only one that is read with it. */
    uint64_t unclosed_bytes;
} firn_csv_file;

/* --- framing ------------------------------------------------------------------------------- */

struct firn_framer {
    firn_csv_file *file;
    firn_str encoding;
    firn_str note;

    bool started;        /* a byte order mark was looked for */
    bool header_pending; /* the next record is the header */
    bool skipping;       /* inside of a record that is too long, whose beginning was given */
    bool in_quotes;      /* state behind the bytes that were scanned */
    bool closed;         /* the last byte scanned is a closing quote */
    int last;            /* the last byte scanned; -1: none */
    size_t scanned;      /* bytes of the next call that were scanned in this one */
    uint64_t skipped;    /* bytes of the record that is skipped, its beginning left out */
};

/* decoder.h: cut. */
FIRN_NODISCARD firn_code firn_csv_cut(firn_framer *f, firn_slice bytes, bool eof, bool force,
                                      firn_cut *out, firn_err *err);

/* --- cells --------------------------------------------------------------------------------- */

typedef enum firn_csv_form {
    FIRN_CSV_PLAIN,
    FIRN_CSV_QUOTED,
    FIRN_CSV_DOUBLED, /* quoted, and quotes inside stand twice */
} firn_csv_form;

typedef struct firn_csv_cell {
    const char *p; /* without the quotes around it; doubled ones still stand twice */
    uint32_t n;
    uint32_t form;
} firn_csv_cell;

typedef enum firn_csv_trouble {
    FIRN_CSV_FINE,
    FIRN_CSV_UNCLOSED, /* a quote does not close; `at` is its offset in the record */
    FIRN_CSV_BEHIND,   /* text behind a closing quote; `at` is the index of the cell */
} firn_csv_trouble;

/* Takes a record apart.  Writes the first `cap` cells and counts all of them.  Bytes up to `safe`
 * (at or behind the record's end) may be read. */
firn_csv_trouble firn_csv_split(const firn_csv_dialect *d, firn_str record, const char *safe,
                                firn_csv_cell *cells, size_t cap, size_t *ret_count,
                                size_t *ret_at);

/* The text of a cell: the cell itself, or a copy in `a` with single quotes; .p == NULL: no memory.
 */
firn_str firn_csv_text(const firn_csv_dialect *d, const firn_csv_cell *cell, firn_arena *a);

/* True for a cell that is null in a column of any type. */
bool firn_csv_is_null(const firn_csv_file *file, const firn_csv_cell *cell);
/* True for a cell without a value in a column that is no string: null, or nothing but blanks. */
bool firn_csv_is_blank_slow(const firn_csv_file *file, const firn_csv_cell *cell);

static inline bool firn_csv_is_blank(const firn_csv_file *file, const firn_csv_cell *cell)
{
    if (FIRN_LIKELY(cell->n && (unsigned char)cell->p[0] > ' ' && !file->null_text.n))
        return false;
    return firn_csv_is_blank_slow(file, cell);
}

/* --- records of a batch -------------------------------------------------------------------- */

/* Why a record cannot be read at all. */
typedef enum firn_csv_fault {
    FIRN_CSV_READABLE,
    FIRN_CSV_TOO_LONG,
    FIRN_CSV_REST_UNCLOSED, /* the end of a file whose too long record never ended */
    FIRN_CSV_QUOTE_UNCLOSED,
    FIRN_CSV_QUOTE_BEHIND,
    FIRN_CSV_CELL_COUNT,
    FIRN_CSV_NOT_UTF8,
} firn_csv_fault;

typedef struct firn_csv_row {
    firn_csv_cell *cells; /* room for file->count */
    size_t count;         /* cells there are; file->count of them when readable */
    size_t at;            /* QUOTE_*: as in firn_csv_trouble; NOT_UTF8: index of the cell */
} firn_csv_row;

/* Reads record i of a batch into *row, whose `cells` the caller provides. */
firn_csv_fault firn_csv_read(const firn_batch *b, size_t i, firn_csv_row *row);

/* Adds the reject that a fault means. */
FIRN_NODISCARD firn_code firn_csv_reject(const firn_batch *b, size_t i, firn_csv_fault fault,
                                         const firn_csv_row *row, firn_rejects *rejects,
                                         firn_err *err);

/* decoder.h: walk and fill. */
FIRN_NODISCARD firn_code firn_csv_walk(const firn_batch *b, const firn_layout *layout,
                                       firn_shape *seen, firn_arena *a, bool *ret_misfit,
                                       firn_err *err);
FIRN_NODISCARD firn_code firn_csv_fill(const firn_batch *b, size_t *next, const firn_layout *layout,
                                       firn_column *root, size_t row, size_t max_rows,
                                       size_t *ret_rows, firn_rejects *rejects, firn_arena *a,
                                       firn_err *err);

/* --- detection ----------------------------------------------------------------------------- */

/* Finds the encoding of the head: its iconv name in *ret, "" for UTF-8. */
FIRN_NODISCARD firn_code firn_csv_encoding(const firn_format_opt *opt, firn_slice head,
                                           firn_str *ret, firn_err *err);

/* Converts the head to UTF-8 without a byte order mark, in `a` if it is another encoding.  What
 * cannot be converted, and a character cut in two at the end, is left out. */
FIRN_NODISCARD firn_code firn_csv_decode_head(firn_str encoding, firn_slice head, firn_arena *a,
                                              firn_str *ret, firn_err *err);

/* What the first records of a file look like. */
typedef struct firn_csv_guess {
    firn_csv_dialect dialect;
    size_t cells; /* the number of cells that most of the first records have */
} firn_csv_guess;

/* Finds the dialect of a text; `whole`: it is all of the file. */
firn_csv_guess firn_csv_guess_dialect(const firn_format_opt *opt, firn_str text, bool whole);

#endif
