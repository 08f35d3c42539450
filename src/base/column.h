/* SPDX-License-Identifier: Apache-2.0 */
/* column.h — where a decoder writes values: pointers to somebody's memory, column by column.
 *
 * The words are Arrow's (data, validity, offsets, children); the memory belongs to whoever made
 * the columns: the engine hands its own vectors, so that a value is written once.
 *
 * Layout of `data`, one element a row:
 *   boolean u8 · int, date i32 · long, time, timestamp(tz) i64 · float f32 · double f64
 *   decimal: signed integer of `width` bytes (2 for precision ≤ 4, 4 ≤ 9, 8 ≤ 18, else 16)
 *   string, binary: firn_strview · list, map: firn_listview into the child
 *   uuid: 128 bits whose signed order is the order of the bytes: the 16 bytes as a big-endian
 *     number with the top bit flipped · struct: no data
 * A list has one child (element), a map one child (struct of key, value), a struct one a field.
 * The child of a list or map is longer than its parent: it grows with firn_column_reserve. */
#ifndef FIRN_COLUMN_H
#define FIRN_COLUMN_H

#include "base/dec.h"
#include "base/err.h"
#include "base/type.h"

/* A text of 12 bytes or less stands in place, a longer one behind a pointer with its first four
 * bytes beside the length.  The bytes pointed to must live until the batch is released. */
typedef union firn_strview {
    struct {
        uint32_t n;
        char inlined[12];
    } near;
    struct {
        uint32_t n;
        char prefix[4];
        const char *p;
    } far;
} firn_strview;

typedef struct firn_listview {
    uint64_t offset;
    uint64_t length;
} firn_listview;

typedef struct firn_column firn_column;

/* What the owner of the memory does for a column. */
typedef struct firn_column_ops {
    /* Makes col->validity writable, all rows valid. */
    firn_code (*need_validity)(firn_column *col, firn_err *err);
    /* Makes room for `rows` rows in col (a list's child) and everything below it, keeping the
     * first col->capacity ones; updates data, validity and capacity of all of them. */
    firn_code (*reserve)(firn_column *col, size_t rows, firn_err *err);
} firn_column_ops;

struct firn_column {
    const firn_type *type;
    uint8_t width;   /* bytes of one element of data; 0 for structs */
    size_t capacity; /* rows that fit */
    size_t length;   /* children of lists: rows used; elsewhere the caller's business */
    void *data;
    uint64_t *validity; /* bit set = valid; NULL: all valid so far */
    firn_column *children;
    size_t child_count;
    const firn_column_ops *ops;
    void *owner; /* the ops' business */
};

/* Returns the width of data for a type as above. */
uint8_t firn_column_width(const firn_type *t);

/* Marks a row null; a struct's children must be marked by the caller as well (firn_column_null). */
FIRN_NODISCARD firn_code firn_column_set_null(firn_column *col, size_t row, firn_err *err);

/* Marks a row and everything below it null, with an empty list where there is one. */
FIRN_NODISCARD firn_code firn_column_null(firn_column *col, size_t row, firn_err *err);

static inline bool firn_column_is_valid(const firn_column *col, size_t row)
{
    return !col->validity || (col->validity[row / 64] >> (row % 64) & 1);
}

/* Ensures room for `rows` rows in the child of a list. */
FIRN_NODISCARD firn_code firn_column_reserve(firn_column *child, size_t rows, firn_err *err);

static inline firn_strview firn_strview_of(const char *p, size_t n)
{
    firn_strview v = {.far = {0}};
    v.near.n = (uint32_t)n;
    if (n <= sizeof v.near.inlined) {
        for (size_t i = 0; i < n; i++)
            v.near.inlined[i] = p[i];
        return v;
    }
    for (size_t i = 0; i < sizeof v.far.prefix; i++)
        v.far.prefix[i] = p[i];
    v.far.p = p;
    return v;
}

static inline firn_str firn_strview_str(const firn_strview *v)
{
    return (firn_str){v->near.n <= sizeof v->near.inlined ? v->near.inlined : v->far.p, v->near.n};
}

/* Writes and reads the unscaled value of a decimal of any width. */
static inline void firn_column_put_dec(firn_column *col, size_t row, firn_i128 v)
{
    switch (col->width) {
    case 2:
        ((int16_t *)col->data)[row] = (int16_t)v;
        break;
    case 4:
        ((int32_t *)col->data)[row] = (int32_t)v;
        break;
    case 8:
        ((int64_t *)col->data)[row] = (int64_t)v;
        break;
    default:
        ((firn_i128 *)col->data)[row] = v;
        break;
    }
}

static inline firn_i128 firn_column_dec(const firn_column *col, size_t row)
{
    switch (col->width) {
    case 2:
        return ((const int16_t *)col->data)[row];
    case 4:
        return ((const int32_t *)col->data)[row];
    case 8:
        return ((const int64_t *)col->data)[row];
    default:
        return ((const firn_i128 *)col->data)[row];
    }
}

/* Writes and reads the 16 bytes of a uuid. */
static inline void firn_column_put_uuid(firn_column *col, size_t row, const uint8_t bytes[16])
{
    firn_u128 v = 0;
    for (size_t i = 0; i < 16; i++)
        v = v << 8 | bytes[i];
    ((firn_u128 *)col->data)[row] = v ^ (firn_u128)1 << 127;
}

static inline void firn_column_uuid(const firn_column *col, size_t row, uint8_t ret[16])
{
    firn_u128 v = ((const firn_u128 *)col->data)[row] ^ (firn_u128)1 << 127;
    for (size_t i = 16; i-- > 0; v >>= 8)
        ret[i] = (uint8_t)v;
}

/* Columns in plain memory, for tests and small things: a struct column per call, rows × fields of
 * `type`; everything lives in `a`. */
FIRN_NODISCARD firn_code firn_columns_in_arena(const firn_type *type, size_t rows, firn_arena *a,
                                               firn_column *ret, firn_err *err);

#endif
