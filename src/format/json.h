/* SPDX-License-Identifier: Apache-2.0 */
/* json.h — the functions of firn_decoder_json, see decoder.h; json.c makes the table of them. */
#ifndef FIRN_FORMAT_JSON_H
#define FIRN_FORMAT_JSON_H

#include "format/decoder.h"

FIRN_NODISCARD firn_code firn_json_open(const firn_format_opt *opt, firn_slice head, bool whole,
                                        firn_arena *a, firn_framer **ret, firn_err *err);
FIRN_NODISCARD firn_code firn_json_cut_records(firn_framer *f, firn_slice bytes, bool eof,
                                               bool force, firn_cut *out, firn_err *err);
firn_str firn_json_describe(const firn_framer *f);

FIRN_NODISCARD firn_code firn_json_walk(const firn_batch *b, const firn_layout *layout,
                                        firn_shape *seen, firn_arena *a, bool *ret_misfit,
                                        firn_err *err);
FIRN_NODISCARD firn_code firn_json_fill(const firn_batch *b, size_t *next,
                                        const firn_layout *layout, firn_column *root, size_t row,
                                        size_t max_rows, size_t *ret_rows, firn_rejects *rejects,
                                        firn_arena *a, firn_err *err);

#endif
