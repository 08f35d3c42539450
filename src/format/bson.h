/* SPDX-License-Identifier: Apache-2.0 */
/* bson.h — documents of BSON (bsonspec.org): types, checking, printing; and the functions of
 * firn_decoder_bson, see decoder.h.
 *
 * A file is documents one behind the other, as mongodump writes them. */
#ifndef FIRN_BSON_H
#define FIRN_BSON_H

#include "base/buf.h"
#include "base/str.h"
#include "format/decoder.h"

typedef enum firn_bson_type {
    FIRN_BSON_DOUBLE = 0x01,
    FIRN_BSON_STRING = 0x02,
    FIRN_BSON_DOCUMENT = 0x03,
    FIRN_BSON_ARRAY = 0x04,
    FIRN_BSON_BINARY = 0x05,
    FIRN_BSON_UNDEFINED = 0x06, /* deprecated */
    FIRN_BSON_OBJECT_ID = 0x07,
    FIRN_BSON_BOOLEAN = 0x08,
    FIRN_BSON_DATE = 0x09,
    FIRN_BSON_NULL = 0x0a,
    FIRN_BSON_REGEX = 0x0b,
    FIRN_BSON_DB_POINTER = 0x0c, /* deprecated */
    FIRN_BSON_CODE = 0x0d,
    FIRN_BSON_SYMBOL = 0x0e,          /* deprecated */
    FIRN_BSON_CODE_WITH_SCOPE = 0x0f, /* deprecated */
    FIRN_BSON_INT = 0x10,
    FIRN_BSON_TIMESTAMP = 0x11,
    FIRN_BSON_LONG = 0x12,
    FIRN_BSON_DECIMAL128 = 0x13,
    FIRN_BSON_MIN_KEY = 0xff,
    FIRN_BSON_MAX_KEY = 0x7f,
} firn_bson_type;

#define FIRN_BSON_MIN_BYTES 5 /* of a document: its length and the zero at its end */
#define FIRN_BSON_MAX_DEPTH 100

/* Lengths and numbers are little-endian whatever the machine. */
static inline int32_t firn_bson_i32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    return (int32_t)v;
}

static inline int64_t firn_bson_i64(const uint8_t *p)
{
    return (int64_t)firn_load8((const char *)p);
}

static inline double firn_bson_f64(const uint8_t *p)
{
    double d;
    uint64_t bits = firn_load8((const char *)p);
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* Returns how many bytes the value of an element takes, which begins at p and whose document ends
 * before `end`; 0: it does not fit (or its type is unknown), *ret_empty: it takes none.  Does not
 * look into documents. */
size_t firn_bson_value_bytes(uint8_t type, const uint8_t *p, const uint8_t *end, bool *ret_empty);

/* Why a document cannot be read. */
typedef struct firn_bson_why {
    uint16_t id;      /* FIRN_REJ_…; 0: nothing is wrong */
    const char *what; /* "a text is not UTF-8" */
    size_t at;        /* byte of the document */
    char path[160];   /* of the value, "lines.2.debit" */
} firn_bson_why;

/* Checks a whole document: lengths, zeros at ends, types, UTF-8, at most FIRN_BSON_MAX_DEPTH
 * levels. False: *why says what is wrong. */
bool firn_bson_check(firn_slice document, firn_bson_why *why);

/* Appends a checked value, or a checked document, as canonical Extended JSON v2, without blanks. */
FIRN_NODISCARD firn_code firn_bson_print(uint8_t type, firn_slice value, firn_buf *out,
                                         firn_err *err);

/* Checks the value of an element, which firn_bson_value_bytes measured, inside of `level` documents
 * and arrays. */
bool firn_bson_check_value(uint8_t type, firn_slice value, unsigned level, firn_bson_why *why);

/* Appends a checked value as a column of texts has it, or (json) one of JSON texts: relaxed
 * Extended JSON, which of a decimal of its own has the digits. */
FIRN_NODISCARD firn_code firn_bson_print_cell(uint8_t type, firn_slice value, bool json,
                                              firn_buf *out, firn_err *err);

/* Whether the first bytes of a file (`whole`: all of it) look like documents of BSON. */
bool firn_bson_looks_like(firn_slice head, bool whole);

/* --- the decoder --------------------------------------------------------------------------- */

FIRN_NODISCARD firn_code firn_bson_open(const firn_format_opt *opt, firn_slice head, bool whole,
                                        firn_arena *a, firn_framer **ret, firn_err *err);
FIRN_NODISCARD firn_code firn_bson_cut(firn_framer *f, firn_slice bytes, bool eof, bool force,
                                       firn_cut *out, firn_err *err);
FIRN_NODISCARD firn_code firn_bson_text(const firn_batch *b, size_t record, firn_arena *a,
                                        firn_str *ret, firn_err *err);
FIRN_NODISCARD firn_code firn_bson_walk(const firn_batch *b, const firn_layout *layout,
                                        firn_shape *seen, firn_arena *a, bool *ret_misfit,
                                        firn_err *err);
FIRN_NODISCARD firn_code firn_bson_fill(const firn_batch *b, size_t *next,
                                        const firn_layout *layout, firn_column *root, size_t row,
                                        size_t max_rows, size_t *ret_rows, firn_rejects *rejects,
                                        firn_arena *a, firn_err *err);

#endif
