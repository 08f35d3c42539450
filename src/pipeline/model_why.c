/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/model_why.h"

#include "base/str.h"

#include <stdio.h>

#define PARTS_MAX 1500 /* bytes: of many inputs only the first are told apart */
#define NAMES_MAX 3

firn_code firn_model_parts(firn_str statement, const firn_inputs *inputs, firn_arena *a,
                           firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF((size_t)1 << 20);
    FIRN_TRY(firn_buf_addf(&b, err, "%s %.*s", FIRN_VERSION, FIRN_STR_ARG(statement)));
    for (size_t i = 0; i < inputs->n && b.n < PARTS_MAX; i++) {
        const firn_input *in = &inputs->v[i];
        FIRN_TRY(firn_buf_addf(&b, err, " %.*s.%.*s=", FIRN_STR_ARG(in->ident.ns),
                               FIRN_STR_ARG(in->ident.name)));
        FIRN_TRY(in->snapshot ? firn_buf_addf(&b, err, "%lld", (long long)in->snapshot->snapshot_id)
                              : firn_buf_addc(&b, '-', err));
    }
    *ret = firn_arena_str(a, firn_buf_str(&b));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static bool holds(firn_str parts, firn_str word)
{
    while (parts.p)
        if (firn_str_eq(firn_str_cut(&parts, ' '), word))
            return true;
    return false;
}

/* The names of inputs that are in another state, or new. */
static void say_inputs(firn_str was, firn_str now, char ret[FIRN_MODEL_WHY_MAX])
{
    size_t count = 0;
    size_t at = 0;
    while (now.p) {
        firn_str word = firn_str_cut(&now, ' ');
        if (holds(was, word) || count++ >= NAMES_MAX)
            continue;
        firn_str name = firn_str_cut(&word, '=');
        int n = snprintf(ret + at, FIRN_MODEL_WHY_MAX - at, "%s%.*s", at ? ", " : "",
                         (int)FIRN_MIN(name.n, (size_t)60), name.p);
        at += n > 0 ? FIRN_MIN((size_t)n, FIRN_MODEL_WHY_MAX - 1 - at) : 0;
    }
    if (count == 0)
        snprintf(ret, FIRN_MODEL_WHY_MAX, "what it reads changed");
    else if (count > NAMES_MAX)
        snprintf(ret + at, FIRN_MODEL_WHY_MAX - at, " and %zu more changed", count - NAMES_MAX);
    else
        snprintf(ret + at, FIRN_MODEL_WHY_MAX - at, " changed");
}

void firn_model_why(firn_str was, firn_str now, char ret[FIRN_MODEL_WHY_MAX])
{
    if (was.n == 0) {
        snprintf(ret, FIRN_MODEL_WHY_MAX, "its statement or what it reads changed");
        return;
    }
    firn_str version_was = firn_str_cut(&was, ' ');
    firn_str version = firn_str_cut(&now, ' ');
    firn_str statement_was = firn_str_cut(&was, ' ');
    firn_str statement = firn_str_cut(&now, ' ');
    if (!firn_str_eq(statement_was, statement))
        snprintf(ret, FIRN_MODEL_WHY_MAX, "the statement or its settings changed");
    else if (!firn_str_eq(version_was, version))
        snprintf(ret, FIRN_MODEL_WHY_MAX, "it was made by firn %.*s, this is %.*s",
                 (int)FIRN_MIN(version_was.n, (size_t)40), version_was.p,
                 (int)FIRN_MIN(version.n, (size_t)40), version.p);
    else
        say_inputs(was, now, ret);
}
