/* SPDX-License-Identifier: Apache-2.0 */
/* Raising and decorating errors in fixed buffers; the policy table. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const firn_code_policy policies[FIRN_CODE_COUNT] = {
    [FIRN_OK] = {"ok", 0, false, 0, 200},
    [FIRN_E_NOMEM] = {"out of memory", 5002, true, 1, 503},
    [FIRN_E_INVAL] = {"invalid argument", 9002, false, 1, 400},
    [FIRN_E_USAGE] = {"usage", 1001, false, 2, 400},
    [FIRN_E_CONFIG] = {"configuration", 1100, false, 2, 400},
    [FIRN_E_IO] = {"input/output", 5001, true, 1, 500},
    [FIRN_E_NOSPC] = {"no space", 5003, true, 1, 507},
    [FIRN_E_NET] = {"network", 5004, true, 1, 502},
    [FIRN_E_TIMEOUT] = {"timeout", 5005, true, 1, 504},
    [FIRN_E_AUTH] = {"access refused", 5006, false, 1, 403},
    [FIRN_E_NOTFOUND] = {"not found", 5007, false, 1, 404},
    [FIRN_E_EXISTS] = {"exists", 5008, false, 1, 409},
    [FIRN_E_CONFLICT] = {"conflict", 3001, true, 1, 409},
    [FIRN_E_COMMIT_UNKNOWN] = {"commit unknown", 3002, false, 1, 503},
    [FIRN_E_DATA] = {"bad data", 2001, false, 1, 422},
    [FIRN_E_LIMIT] = {"limit", 2002, false, 1, 413},
    [FIRN_E_SOURCE_LOST] = {"source position lost", 3003, false, 1, 409},
    [FIRN_E_CHECK] = {"check failed", 6001, false, 4, 422},
    [FIRN_E_SQL] = {"sql", 4001, false, 1, 400},
    [FIRN_E_CANCELLED] = {"cancelled", 6002, false, 1, 499},
    [FIRN_E_UNSUPPORTED] = {"not supported", 9003, false, 1, 501},
    [FIRN_E_BUG] = {"internal error", 9001, false, 1, 500},
};

const firn_code_policy *firn_code_policy_of(firn_code code)
{
    firn_assert((unsigned)code < FIRN_CODE_COUNT);
    return &policies[code];
}

_Noreturn void firn_assert_fail(const char *cond, const char *file, int line)
{
    fprintf(stderr, "firn: internal error: %s:%d: %s\n", file, line, cond);
    abort();
}

/* What is to be done whoever raises the error. */
static const char *usual_advice(firn_code code)
{
    if (code == FIRN_E_NOSPC)
        return "free some space and run the same command again; nothing was lost";
    if (code == FIRN_E_CANCELLED)
        return "nothing half is visible; run the same command again to go on";
    return "";
}

static const char refused_advice[] = "`ls -ld` the file and the folders above it: who may do this? "
                                     "chmod, chown, or run as its owner";
static const char missing_advice[] = "look at the spelling; a path is seen from the current folder";

static void fill(firn_err *err, firn_code code, const char *file, int line)
{
    err->code = code;
    err->sys = 0;
    err->retry_after_ms = 0;
    err->file = file;
    err->line = line;
    err->id = policies[code].generic_id;
    err->where[0] = '\0';
    snprintf(err->advice, sizeof err->advice, "%s", usual_advice(code));
}

firn_code firn_raise_at(firn_err *err, firn_code code, const char *file, int line, const char *fmt,
                        ...)
{
    if (!err)
        return code;

    /* The arguments may point into err itself (a cause that is being rephrased). */
    char text[sizeof err->text];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fill(err, code, file, line);
    memcpy(err->text, text, sizeof text);
    return code;
}

static firn_code code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
        return FIRN_E_NOSPC;
    case ENOENT:
    case ENOTDIR:
        return FIRN_E_NOTFOUND;
    case EEXIST:
        return FIRN_E_EXISTS;
    case ENOMEM:
        return FIRN_E_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return FIRN_E_AUTH;
    default:
        return FIRN_E_IO;
    }
}

firn_code firn_raise_errno_at(firn_err *err, int errnum, const char *file, int line,
                              const char *fmt, ...)
{
    firn_code code = code_of_errno(errnum);
    if (!err)
        return code;

    char text[sizeof err->text];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);

    char reason[128];
    const char *message = strerror_r(errnum, reason, sizeof reason);
    fill(err, code, file, line);
    snprintf(err->text, sizeof err->text, "%.850s: %s", text, message);
    err->sys = errnum;
    if (code == FIRN_E_AUTH || code == FIRN_E_NOTFOUND)
        firn_err_advise(err, "%s", code == FIRN_E_AUTH ? refused_advice : missing_advice);
    return code;
}

firn_code firn_wrap(firn_err *err, const char *fmt, ...)
{
    if (!err)
        return FIRN_E_BUG;

    char context[sizeof err->text];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    if (n < 0)
        return err->code;

    size_t used = FIRN_MIN((size_t)n, sizeof context / 2);
    char rest[sizeof err->text];
    memcpy(rest, err->text, sizeof rest);
    snprintf(err->text, sizeof err->text, "%.*s: %.*s", (int)used, context,
             (int)(sizeof err->text - used - 3), rest);
    return err->code;
}

firn_code firn_err_where(firn_err *err, const char *fmt, ...)
{
    if (!err)
        return FIRN_E_BUG;
    if (err->where[0])
        return err->code; /* the innermost place is the most exact one */
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->where, sizeof err->where, fmt, ap);
    va_end(ap);
    return err->code;
}

firn_code firn_err_advise(firn_err *err, const char *fmt, ...)
{
    if (!err)
        return FIRN_E_BUG;
    char advice[sizeof err->advice];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(advice, sizeof advice, fmt, ap);
    va_end(ap);
    memcpy(err->advice, advice, sizeof advice);
    return err->code;
}

firn_code firn_err_id(firn_err *err, uint16_t id)
{
    if (!err)
        return FIRN_E_BUG;
    firn_assert(firn_errid_find(id));
    err->id = id;
    return err->code;
}

void firn_err_clear(firn_err *err)
{
    if (err)
        memset(err, 0, sizeof *err);
}

const firn_errid *firn_errid_find(uint16_t id)
{
    size_t lo = 0;
    size_t hi = firn_errid_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (firn_errids[mid].id == id)
            return &firn_errids[mid];
        if (firn_errids[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}
