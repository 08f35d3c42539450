/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h — a growing run of bytes that carries its own maximum.
 *
 * Invariant: p[n] is a NUL whenever p is set, so a text buffer can be handed to C functions.
 * After a failed append the buffer is unchanged. */
#ifndef FIRN_BUF_H
#define FIRN_BUF_H

#include "base/base.h"
#include "base/err.h"

typedef struct firn_buf {
    uint8_t *p;
    size_t n;
    size_t cap;
    size_t max; /* bytes; appends beyond it fail with FIRN_E_LIMIT */
} firn_buf;

/* An empty buffer that may grow to max_bytes (> 0). */
#define FIRN_BUF(max_bytes) ((firn_buf){.max = (max_bytes)})

void firn_buf_free(firn_buf *b);
void firn_buf_clear(firn_buf *b); /* keeps the memory */

/* Makes room for `more` bytes behind n. */
FIRN_NODISCARD firn_code firn_buf_reserve(firn_buf *b, size_t more, firn_err *err);

FIRN_NODISCARD firn_code firn_buf_add(firn_buf *b, const void *bytes, size_t n, firn_err *err);
FIRN_NODISCARD firn_code firn_buf_addc(firn_buf *b, char c, firn_err *err);
FIRN_NODISCARD firn_code firn_buf_adds(firn_buf *b, const char *s, firn_err *err);
FIRN_NODISCARD firn_code firn_buf_addstr(firn_buf *b, firn_str s, firn_err *err);
FIRN_NODISCARD firn_code firn_buf_addf(firn_buf *b, firn_err *err, const char *fmt, ...)
    FIRN_PRINTF(3, 4);

/* Views of the content, valid until the next change. */
firn_slice firn_buf_slice(const firn_buf *b);
firn_str firn_buf_str(const firn_buf *b);
const char *firn_buf_cstr(const firn_buf *b); /* "" when empty */

#endif
