/* SPDX-License-Identifier: Apache-2.0 */
/* lint.h — included first by tools/lint, never by the build: tells the analysers that what raises
 * an error returns one, which they cannot see across files.  Without it they follow paths on which
 * a function failed and returned FIRN_OK. */
#include "base/err.h"

static inline firn_code lint_failed(firn_code code)
{
    if (code == FIRN_OK)
        __builtin_unreachable();
    return code;
}

#undef firn_raise
#define firn_raise(err, code, ...)                                                                 \
    lint_failed(firn_raise_at((err), (code), __FILE__, __LINE__, __VA_ARGS__))
#undef firn_raise_errno
#define firn_raise_errno(err, errnum, ...)                                                         \
    lint_failed(firn_raise_errno_at((err), (errnum), __FILE__, __LINE__, __VA_ARGS__))
#define firn_wrap(...)       lint_failed(firn_wrap(__VA_ARGS__))
#define firn_err_where(...)  lint_failed(firn_err_where(__VA_ARGS__))
#define firn_err_advise(...) lint_failed(firn_err_advise(__VA_ARGS__))
#define firn_err_id(...)     lint_failed(firn_err_id(__VA_ARGS__))
