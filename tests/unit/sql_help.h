/* SPDX-License-Identifier: Apache-2.0 */
/* sql_help.h — statements beside what is found in them, as text. */
#ifndef FIRN_SQL_HELP_H
#define FIRN_SQL_HELP_H

#include "check.h"

#include "base/arena.h"

#include <string.h>

typedef struct sample {
    const char *sql;
    const char *want;
} sample;

static inline void check_samples(const char *(*text_of)(firn_str sql, firn_arena *a),
                                 const sample *cases, size_t count)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("test", 0);
    for (size_t i = 0; i < count; i++) {
        const char *got = text_of(firn_str_of(cases[i].sql), a);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s\n  gives '%s'\n  not   '%s'", cases[i].sql, got, cases[i].want);
    }
}

#endif
