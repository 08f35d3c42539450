/* SPDX-License-Identifier: Apache-2.0 */
/* roaring.h — sets of row positions: built up one by one, or read from Roaring bitmaps.
 *
 * Every byte that is read is untrusted: lengths, order and counts are checked before anything is
 * kept, and what is kept is at most a few times as large as what was read (runs stay runs).  That
 * is why the reader is firn's own: the CRoaring of Debian 12 (0.2.66) cannot validate a bitmap of
 * unknown origin.
 * Source: Roaring's format specification ("portable" 32-bit form, cookies 0x303A and 0x303B);
 * Iceberg Puffin spec, "deletion-vector-v1"; ICEBERG.md §7. */
#ifndef FIRN_ROARING_H
#define FIRN_ROARING_H

#include "base/base.h"
#include "base/err.h"

typedef struct firn_bitmap firn_bitmap;

/* An empty set of positions 0 … 2^63 − 1 that may grow to max_bytes.  NULL when memory is out.
 * Changes are for one thread; any number may read what nobody changes. */
firn_bitmap *firn_bitmap_new(size_t max_bytes);
void firn_bitmap_free(firn_bitmap *b); /* accepts NULL */
void firn_bitmap_freep(firn_bitmap **b);

/* Adds a position (≥ 0); one that is there already stays.  Quick in ascending order, sound in any.
 * FIRN_E_LIMIT beyond max_bytes. */
FIRN_NODISCARD firn_code firn_bitmap_add(firn_bitmap *b, int64_t position, firn_err *err);

bool firn_bitmap_has(const firn_bitmap *b, int64_t position);
/* ret[i] says whether positions[i] is in the set; quick where neighbours are near each other. */
void firn_bitmap_mark(const firn_bitmap *b, const int64_t *positions, size_t n, bool *ret);

uint64_t firn_bitmap_count(const firn_bitmap *b);
size_t firn_bitmap_bytes(const firn_bitmap *b); /* memory in use */

/* Smallest position ≥ `from` in the set; −1: none. */
int64_t firn_bitmap_next(const firn_bitmap *b, int64_t from);

/* Reads a 32-bit Roaring bitmap in its portable form; its values are added to `base` (a multiple of
 * 2^32 above everything in the set).  *ret_used is its length in bytes; what follows it is not
 * looked at.  FIRN_E_DATA names the offset; the set is then good for nothing but being freed. */
FIRN_NODISCARD firn_code firn_roaring_read(firn_slice bytes, uint64_t base, firn_bitmap *into,
                                           size_t *ret_used, firn_err *err);

/* Reads a whole blob of type deletion-vector-v1: length, magic, a bitmap for each upper half, CRC.
 * The set is the caller's. */
FIRN_NODISCARD firn_code firn_deletion_vector_read(firn_slice blob, size_t max_bytes,
                                                   firn_bitmap **ret, firn_err *err);

#endif
