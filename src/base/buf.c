/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void firn_buf_free(firn_buf *b)
{
    firn_mem_free(b->p);
    *b = (firn_buf){.max = b->max};
}

void firn_buf_clear(firn_buf *b)
{
    b->n = 0;
    if (b->p)
        b->p[0] = '\0';
}

firn_code firn_buf_reserve(firn_buf *b, size_t more, firn_err *err)
{
    firn_assert(b->max > 0);
    if (more > b->max || b->n > b->max - more)
        return firn_raise(err, FIRN_E_LIMIT, "more than %zu bytes in one buffer", b->max);

    size_t want = b->n + more + 1;
    if (want <= b->cap)
        return FIRN_OK;
    size_t cap = FIRN_MAX(want, b->cap + b->cap / 2);
    cap = FIRN_MAX(cap, (size_t)64);
    uint8_t *p = firn_mem_realloc(b->p, cap);
    if (!p)
        return firn_raise_nomem(err);
    b->p = p;
    b->cap = cap;
    b->p[b->n] = '\0';
    return FIRN_OK;
}

firn_code firn_buf_add(firn_buf *b, const void *bytes, size_t n, firn_err *err)
{
    FIRN_TRY(firn_buf_reserve(b, n, err));
    if (n)
        memcpy(b->p + b->n, bytes, n);
    b->n += n;
    b->p[b->n] = '\0';
    return FIRN_OK;
}

firn_code firn_buf_addc(firn_buf *b, char c, firn_err *err)
{
    return firn_buf_add(b, &c, 1, err);
}

firn_code firn_buf_adds(firn_buf *b, const char *s, firn_err *err)
{
    return firn_buf_add(b, s, strlen(s), err);
}

firn_code firn_buf_addstr(firn_buf *b, firn_str s, firn_err *err)
{
    return firn_buf_add(b, s.p, s.n, err);
}

firn_code firn_buf_addf(firn_buf *b, firn_err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return firn_raise(err, FIRN_E_BUG, "bad format '%s'", fmt);
    FIRN_TRY(firn_buf_reserve(b, (size_t)n, err));
    va_start(ap, fmt);
    vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
    return FIRN_OK;
}

firn_slice firn_buf_slice(const firn_buf *b)
{
    return (firn_slice){b->p, b->n};
}

firn_str firn_buf_str(const firn_buf *b)
{
    return (firn_str){(const char *)b->p, b->n};
}

const char *firn_buf_cstr(const firn_buf *b)
{
    return b->p ? (const char *)b->p : "";
}
