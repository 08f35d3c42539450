/* SPDX-License-Identifier: Apache-2.0 */
/* json.h — the functions of firn_decoder_json, see decoder.h; json.c makes the table of them. */
#ifndef FIRN_FORMAT_JSON_H
#define FIRN_FORMAT_JSON_H

#include "format/decoder.h"

/* What the framer learned about a file, as in firn_batch.file. */
typedef struct firn_json_file {
    firn_extended extended;
} firn_json_file;

/* Whether the objects of a batch may be values of Extended JSON. */
static inline firn_extended firn_json_extended(const firn_batch *b)
{
    const firn_json_file *file = b->file;
    return file ? file->extended : FIRN_EXTENDED_AUTO;
}

FIRN_NODISCARD firn_code firn_json_open(const firn_format_opt *opt, firn_slice head, bool whole,
                                        firn_arena *a, firn_framer **ret, firn_err *err);
FIRN_NODISCARD firn_code firn_json_cut_records(firn_framer *f, firn_slice bytes, bool eof,
                                               bool force, firn_cut *out, firn_err *err);
const void *firn_json_file_of(firn_framer *f);
firn_str firn_json_describe(const firn_framer *f);

FIRN_NODISCARD firn_code firn_json_walk(const firn_batch *b, const firn_layout *layout,
                                        firn_shape *seen, firn_arena *a, bool *ret_misfit,
                                        firn_err *err);
FIRN_NODISCARD firn_code firn_json_fill(const firn_batch *b, size_t *next,
                                        const firn_layout *layout, firn_column *root, size_t row,
                                        size_t max_rows, size_t *ret_rows, firn_rejects *rejects,
                                        firn_arena *a, firn_err *err);

/* --- records as texts, one by one ---------------------------------------------------------- */

/* For formats that have documents as JSON does: what their own loop does not take is written as
 * Extended JSON and goes this way.  The texts have FIRN_JSON_SLACK readable bytes behind them.
 * After a failure these may only be closed; closing accepts NULL. */

typedef struct firn_json_walker firn_json_walker;
FIRN_NODISCARD firn_code firn_json_walker_open(const firn_layout *layout, firn_arena *a,
                                               firn_json_walker **ret, firn_err *err);
/* As decoder.h's walk, for one record; *ret_misfit is only ever set. */
FIRN_NODISCARD firn_code firn_json_walker_see(firn_json_walker *w, firn_str text, firn_shape *seen,
                                              bool *ret_misfit);
void firn_json_walker_close(firn_json_walker *w);

typedef struct firn_json_filler firn_json_filler;
FIRN_NODISCARD firn_code firn_json_filler_open(const firn_layout *layout, firn_column *root,
                                               firn_rejects *rejects, firn_arena *a,
                                               firn_json_filler **ret, firn_err *err);
/* Lands a text, which lives as long as `a`, in a row, or rejects it as the record with this
 * index. */
FIRN_NODISCARD firn_code firn_json_filler_land(firn_json_filler *f, size_t record, firn_str text,
                                               size_t row, bool *ret_landed);
void firn_json_filler_close(firn_json_filler *f);

#endif
