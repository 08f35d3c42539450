/* SPDX-License-Identifier: Apache-2.0 */
/* residual.h — values that do not fit: one place where all decoders ask what becomes of them.
 *
 * A fill makes one firn_misfits and calls, for each record,
 *
 *   firn_misfits_begin   before the first value
 *   firn_misfits_value   for a value that its column does not take: false means the record is a
 *                        reject, true means that null stands for the value
 *   firn_misfits_key     the same for a key without a column
 *   firn_misfits_reject  for what makes the whole record unreadable
 *   firn_misfits_end     when the record's row is complete: writes the residual column
 *
 * The residual column holds a JSON object, or null: one member for each value that has no place in
 * its column, the key its path (firn_spot_add), the value as it was.  Not thread-safe. */
#ifndef FIRN_RESIDUAL_H
#define FIRN_RESIDUAL_H

#include "base/buf.h"
#include "format/decoder.h"

/* The way to a value inside of a record, innermost first; NULL is the record itself. */
typedef struct firn_spot {
    const struct firn_spot *parent;
    firn_str key; /* .p == NULL: an element */
    size_t index;
} firn_spot;

#define FIRN_SPOT_ANY SIZE_MAX /* an index that is printed as [] */

/* Appends "lines[2].debit".  A key that is empty or holds one of . [ ] " or begins with $ or / is
 * written as a JSON string, so that a path is read in one way only. */
FIRN_NODISCARD firn_code firn_spot_add(const firn_spot *s, firn_buf *out, firn_err *err);

typedef struct firn_misfits {
    const firn_layout *layout; /* the root */
    firn_rejects *rejects;
    firn_arena *a; /* for texts of the residual column */
    size_t record;
    size_t mark;      /* rejects before the record */
    firn_buf text;    /* of the residual, without the closing brace */
    firn_buf path;    /* of the value at hand */
    firn_buf general; /* the same with [] for indexes */
    /* of the record, to be taken back if it becomes a reject */
    FIRN_VEC(size_t) counted; /* of rejects->conflicts */
    uint64_t residual;
} firn_misfits;

/* Prepares for a call of fill. */
void firn_misfits_open(firn_misfits *m, const firn_layout *layout, firn_rejects *rejects,
                       firn_arena *a);
void firn_misfits_close(firn_misfits *m);

/* Adds to a list of conflicts, in `a`; paths beyond some hundred are not added. */
FIRN_NODISCARD firn_code firn_conflicts_add(firn_conflicts_seen *list, const firn_conflict *c,
                                            firn_arena *a, firn_err *err);

/* Begins with a record: its index in the batch. */
void firn_misfits_begin(firn_misfits *m, size_t record);

/* Settles a value at `at` that column `node` does not take; `json` is the value as JSON text, the
 * message is the reason.  *ret_lands: null stands for it; else the record is a reject.  A required
 * column takes no null. */
FIRN_NODISCARD firn_code firn_misfits_value(firn_misfits *m, const firn_layout *node,
                                            const firn_spot *at, firn_str json, uint16_t id,
                                            bool *ret_lands, firn_err *err, const char *fmt, ...)
    FIRN_PRINTF(8, 9);

/* Settles a key of the struct `node` that has no column. */
FIRN_NODISCARD firn_code firn_misfits_key(firn_misfits *m, const firn_layout *node,
                                          const firn_spot *at, firn_str json, bool *ret_lands,
                                          firn_err *err);

/* Rejects the record. */
FIRN_NODISCARD firn_code firn_misfits_reject(firn_misfits *m, const firn_spot *at, uint16_t id,
                                             firn_err *err, const char *fmt, ...) FIRN_PRINTF(5, 6);

/* Ends a record that lands in `row` of the columns of `root`: null or the text. */
FIRN_NODISCARD firn_code firn_misfits_end(firn_misfits *m, firn_column *root, size_t row,
                                          firn_err *err);

/* --- walk ---------------------------------------------------------------------------------- */

/* Whether a value that `node` does not take can change the layout, so that walk must record it.
 * `value`: the shape of that value alone. */
bool firn_misfit_matters(const firn_layout *root, const firn_layout *node, const firn_shape *value);

/* The same for a key that has no column in the struct `node`. */
bool firn_misfit_key_matters(const firn_layout *root, const firn_layout *node);

#endif
