/* SPDX-License-Identifier: Apache-2.0 */
/* check.h — cmocka with messages that say what went wrong. */
#ifndef FIRN_CHECK_H
#define FIRN_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"

/* The call must succeed; prints the error otherwise. */
#define check_ok(expr, err)                                                                        \
    do {                                                                                           \
        firn_code check_code_ = (expr);                                                            \
        if (check_code_ != FIRN_OK)                                                                \
            fail_msg("%s: %s (%s:%d)", #expr, (err)->text, (err)->file ? (err)->file : "?",        \
                     (err)->line);                                                                 \
    } while (0)

/* The call must fail with this code, and its text must hold `part`. */
#define check_fails(expr, want, err, part)                                                         \
    do {                                                                                           \
        firn_err_clear(err);                                                                       \
        firn_code check_code_ = (expr);                                                            \
        if (check_code_ != (want))                                                                 \
            fail_msg("%s: code %d instead of %d: %s", #expr, (int)check_code_, (int)(want),        \
                     (err)->text);                                                                 \
        if (!strstr((err)->text, (part)))                                                          \
            fail_msg("%s: '%s' does not hold '%s'", #expr, (err)->text, (part));                   \
    } while (0)

#define check_str(actual, expected)                                                                \
    do {                                                                                           \
        firn_str check_a_ = (actual);                                                              \
        firn_str check_e_ = firn_str_of(expected);                                                 \
        if (!firn_str_eq(check_a_, check_e_))                                                      \
            fail_msg("%s is '%.*s', not '%s'", #actual, FIRN_STR_ARG(check_a_), check_e_.p);       \
    } while (0)

#define check_i64(actual, expected)                                                                \
    do {                                                                                           \
        long long check_a_ = (long long)(actual);                                                  \
        long long check_e_ = (long long)(expected);                                                \
        if (check_a_ != check_e_)                                                                  \
            fail_msg("%s is %lld, not %lld", #actual, check_a_, check_e_);                         \
    } while (0)

#endif
