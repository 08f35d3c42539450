/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses, errors and structs with a size: where the core's conventions meet the public ones. */
#include "lib/lib_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STRING(x)  #x
#define VERSION(x) STRING(x)

const char *firn_version(void)
{
    return VERSION(FIRN_VERSION_MAJOR) "." VERSION(FIRN_VERSION_MINOR) "." VERSION(
        FIRN_VERSION_PATCH);
}

/* --- statuses ------------------------------------------------------------------------------ */

static firn_status status_of(firn_code code)
{
    switch (code) {
    case FIRN_OK:
        return FIRN_STATUS_OK;
    case FIRN_E_NOMEM:
        return FIRN_STATUS_NO_MEMORY;
    case FIRN_E_INVAL:
    case FIRN_E_USAGE:
    case FIRN_E_CONFIG:
        return FIRN_STATUS_INVALID;
    case FIRN_E_NOTFOUND:
        return FIRN_STATUS_NOT_FOUND;
    case FIRN_E_EXISTS:
        return FIRN_STATUS_EXISTS;
    case FIRN_E_CONFLICT:
        return FIRN_STATUS_CONFLICT;
    case FIRN_E_COMMIT_UNKNOWN:
        return FIRN_STATUS_COMMIT_UNKNOWN;
    case FIRN_E_IO:
        return FIRN_STATUS_IO;
    case FIRN_E_NOSPC:
        return FIRN_STATUS_NO_SPACE;
    case FIRN_E_NET:
        return FIRN_STATUS_NETWORK;
    case FIRN_E_TIMEOUT:
        return FIRN_STATUS_TIMEOUT;
    case FIRN_E_AUTH:
        return FIRN_STATUS_DENIED;
    case FIRN_E_DATA:
    case FIRN_E_SOURCE_LOST: /* firn's own stamps do not fit the table any more */
    case FIRN_E_CHECK:
        return FIRN_STATUS_DATA;
    case FIRN_E_LIMIT:
        return FIRN_STATUS_LIMIT;
    case FIRN_E_UNSUPPORTED:
        return FIRN_STATUS_UNSUPPORTED;
    case FIRN_E_CANCELLED:
        return FIRN_STATUS_CANCELLED;
    case FIRN_E_SQL: /* the library writes the statements itself */
    case FIRN_E_BUG:
    case FIRN_CODE_COUNT:
        break;
    }
    return FIRN_STATUS_INTERNAL;
}

/* One row a status, by its number. */
static const struct {
    const char *name;
    firn_code code;
} statuses[] = {
    [FIRN_STATUS_OK] = {"ok", FIRN_OK},
    [FIRN_STATUS_NO_MEMORY] = {"no memory", FIRN_E_NOMEM},
    [FIRN_STATUS_INVALID] = {"invalid", FIRN_E_INVAL},
    [FIRN_STATUS_NOT_FOUND] = {"not found", FIRN_E_NOTFOUND},
    [FIRN_STATUS_EXISTS] = {"exists", FIRN_E_EXISTS},
    [FIRN_STATUS_CONFLICT] = {"conflict", FIRN_E_CONFLICT},
    [FIRN_STATUS_COMMIT_UNKNOWN] = {"commit unknown", FIRN_E_COMMIT_UNKNOWN},
    [FIRN_STATUS_IO] = {"io", FIRN_E_IO},
    [FIRN_STATUS_NO_SPACE] = {"no space", FIRN_E_NOSPC},
    [FIRN_STATUS_NETWORK] = {"network", FIRN_E_NET},
    [FIRN_STATUS_TIMEOUT] = {"timeout", FIRN_E_TIMEOUT},
    [FIRN_STATUS_DENIED] = {"denied", FIRN_E_AUTH},
    [FIRN_STATUS_DATA] = {"data", FIRN_E_DATA},
    [FIRN_STATUS_LIMIT] = {"limit", FIRN_E_LIMIT},
    [FIRN_STATUS_UNSUPPORTED] = {"unsupported", FIRN_E_UNSUPPORTED},
    [FIRN_STATUS_CANCELLED] = {"cancelled", FIRN_E_CANCELLED},
    [FIRN_STATUS_INTERNAL] = {"internal", FIRN_E_BUG},
};

static bool is_known(firn_status status)
{
    return (unsigned)status < FIRN_COUNT_OF(statuses);
}

static firn_code code_of_status(firn_status status)
{
    return is_known(status) ? statuses[status].code : FIRN_E_IO;
}

const char *firn_status_name(firn_status status)
{
    return is_known(status) ? statuses[status].name : "unknown status";
}

bool firn_status_is_retryable(firn_status status)
{
    /* doing again what may have been done would do it twice */
    bool safe =
        is_known(status) && status != FIRN_STATUS_OK && status != FIRN_STATUS_COMMIT_UNKNOWN;
    return safe && firn_code_policy_of(statuses[status].code)->retryable;
}

/* --- errors -------------------------------------------------------------------------------- */

static void copy_text(char *out, size_t size, const char *text)
{
    size_t n = FIRN_MIN(strlen(text), size - 1);
    memcpy(out, text, n);
    out[n] = '\0';
}

/* A message is one line, whatever a stream or a storage says. */
static void copy_line(char *out, size_t size, const char *text)
{
    copy_text(out, size, text);
    for (char *p = out; *p; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
}

/* An error that nobody initialised has the first version's size. */
static void store(firn_error *out, const firn_error *full)
{
    uint32_t size = out->size ? out->size : (uint32_t)sizeof *out;
    memcpy(out, full, FIRN_MIN((size_t)size, sizeof *full));
    out->size = size;
}

/* The core's advice is for those who type commands: what names one is left out, with the sentence
 * around it. */
static void copy_advice(char *out, size_t size, firn_status status, const char *advice)
{
    static const char *const words[] = {"`firn ", "the command", "the same command"};
    if (status == FIRN_STATUS_COMMIT_UNKNOWN)
        advice = "delete none of its files; refresh the table later and look for the change before "
                 "it is made again";
    copy_line(out, size, advice);
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++) {
        char *word = strstr(out, words[i]);
        while (word && word > out && *word != ';' && *word != ':')
            word--;
        if (word)
            *word = '\0';
    }
}

firn_status firn_lib_fail(firn_code code, const firn_err *err, firn_error *out)
{
    firn_status status = status_of(code);
    if (!out)
        return status;
    firn_error full = {
        .status = status, .system_error = err->sys, .retry_after_ms = err->retry_after_ms};
    copy_line(full.message, sizeof full.message, err->text);
    copy_advice(full.advice, sizeof full.advice, status, err->advice);
    copy_text(full.where, sizeof full.where, err->where);
    store(out, &full);
    return status;
}

firn_status firn_error_set(firn_error *error, firn_status status, const char *format, ...)
{
    if (!error)
        return status;
    firn_error full = {.status = status};
    va_list args;
    va_start(args, format);
    vsnprintf(full.message, sizeof full.message, format, args);
    va_end(args);
    store(error, &full);
    return status;
}

void firn_error_clear(firn_error *error)
{
    static const firn_error none;
    if (error)
        store(error, &none);
}

firn_code firn_lib_raise(firn_err *err, firn_status status, const firn_error *from,
                         const char *what)
{
    if (status == FIRN_STATUS_CONFLICT || status == FIRN_STATUS_COMMIT_UNKNOWN)
        status = FIRN_STATUS_IO;
    return firn_lib_raise_swap(err, status, from, what);
}

firn_code firn_lib_raise_swap(firn_err *err, firn_status status, const firn_error *from,
                              const char *what)
{
    firn_code code = code_of_status(status);
    firn_raise(err, code, "%.200s: %.700s", what,
               from->message[0] ? from->message : firn_status_name(status));
    if (err) {
        err->sys = from->system_error;
        err->retry_after_ms = from->retry_after_ms;
    }
    if (from->advice[0])
        firn_err_advise(err, "%s", from->advice);
    return code;
}

/* --- structs and arguments ----------------------------------------------------------------- */

firn_code firn_lib_take(void *dst, size_t known, const void *src, const char *what, firn_err *err)
{
    uint32_t size;
    memset(dst, 0, known);
    if (!src)
        return FIRN_OK;
    memcpy(&size, src, sizeof size);
    if (size < sizeof size)
        return firn_raise(err, FIRN_E_INVAL, "%s has no size: set .size = sizeof it", what);
    for (size_t i = known; i < size; i++)
        if (((const uint8_t *)src)[i])
            return firn_raise(err, FIRN_E_UNSUPPORTED,
                              "%s says more than this version of the library knows", what);
    memcpy(dst, src, FIRN_MIN((size_t)size, known));
    return FIRN_OK;
}

void firn_lib_give(void *dst, const void *src, size_t known)
{
    uint32_t size;
    if (!dst)
        return;
    memcpy(&size, dst, sizeof size);
    if (size > sizeof size)
        memcpy((uint8_t *)dst + sizeof size, (const uint8_t *)src + sizeof size,
               FIRN_MIN((size_t)size, known) - sizeof size);
}

firn_code firn_lib_need(const void *arg, const char *what, firn_err *err)
{
    return arg ? FIRN_OK : firn_raise(err, FIRN_E_INVAL, "%s is NULL", what);
}

firn_code firn_lib_text(const char *arg, const char *what, firn_str *ret, firn_err *err)
{
    FIRN_TRY(firn_lib_need(arg, what, err));
    *ret = firn_str_of(arg);
    if (!firn_utf8_valid(ret->p, ret->n))
        return firn_raise(err, FIRN_E_INVAL, "%s is not UTF-8: %s", what, firn_quote(*ret).s);
    return FIRN_OK;
}

size_t firn_lib_print(firn_str text, char *out, size_t capacity)
{
    if (capacity) {
        size_t n = FIRN_MIN(text.n, capacity - 1);
        memcpy(out, text.n ? text.p : "", n);
        out[n] = '\0';
    }
    return text.n;
}
