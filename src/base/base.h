/* SPDX-License-Identifier: Apache-2.0 */
/* base.h — the few words every file of firn uses: attributes, slices, control-flow macros. */
#ifndef FIRN_BASE_H
#define FIRN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIRN_NODISCARD                    __attribute__((warn_unused_result))
#define FIRN_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))
#define FIRN_UNUSED                       __attribute__((unused))

/* Closes a local when it goes out of scope: FIRN_AUTO(firn_buf_free) firn_buf b; the function takes
 * a pointer to the local and must accept a zeroed one. */
#define FIRN_AUTO(closer) __attribute__((cleanup(closer)))

#define FIRN_LIKELY(x)   __builtin_expect(!!(x), 1)
#define FIRN_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define FIRN_COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define FIRN_MIN(a, b)   ((a) < (b) ? (a) : (b))
#define FIRN_MAX(a, b)   ((a) > (b) ? (a) : (b))

/* A borrowed run of bytes; the header that returns one says until when it lives. */
typedef struct firn_slice {
    const uint8_t *p;
    size_t n;
} firn_slice;

/* A borrowed text, UTF-8 unless said otherwise, not NUL-terminated. */
typedef struct firn_str {
    const char *p;
    size_t n;
} firn_str;

/* a + b, or the end of the range where the sum lies beyond it: for counts that others wrote. */
static inline int64_t firn_sum(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/* For printf: printf("%.*s", FIRN_STR_ARG(s)). */
#define FIRN_STR_ARG(s)   (int)(s).n, ((s).n ? (s).p : "")
#define FIRN_STR_LIT(lit) ((firn_str){(lit), sizeof(lit) - 1})

/* A broken invariant: prints one line and aborts; stays on in release builds. */
#define firn_assert(cond) ((cond) ? (void)0 : firn_assert_fail(#cond, __FILE__, __LINE__))
_Noreturn void firn_assert_fail(const char *cond, const char *file, int line);

#endif
