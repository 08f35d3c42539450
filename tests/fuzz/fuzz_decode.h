/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_decode.h — a text taken the whole way through a decoder: cut, walked, laid out, filled. */
#ifndef FIRN_FUZZ_DECODE_H
#define FIRN_FUZZ_DECODE_H

#include "fuzz.h"

#include "format/decoder.h"

typedef struct fuzz_decode {
    const firn_decoder_ops *ops;
    firn_format_opt opt;
    size_t piece;  /* bytes that each call of cut sees more; 0: all at once */
    size_t rows;   /* of a call of fill */
    size_t buffer; /* the caller's largest buffer; 0: no limit */
} fuzz_decode;

/* Prints type, rows and rejects of a text: the same whatever the pieces.  An error gives its text.
 * The result lives in `a`. */
const char *fuzz_decode_print(const fuzz_decode *d, firn_slice text, firn_arena *a);

/* Decodes in several ways and requires that all give the same. */
void fuzz_decode_all(const firn_decoder_ops *ops, const firn_format_opt *opt, firn_slice text);

#endif
