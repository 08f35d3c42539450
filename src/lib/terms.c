/* SPDX-License-Identifier: Apache-2.0 */
/* Partition and sort terms as texts: "bucket(16, id)", "ts desc nulls last". */
#include "lib/lib_int.h"

#include "iceberg/term.h"

/* The index-th text of a list, in `a`. */
static firn_code text_at(const char *const *texts, size_t i, const char *what, firn_arena *a,
                         firn_str *ret, firn_err *err)
{
    FIRN_TRY(firn_lib_need(texts, what, err));
    FIRN_TRY(firn_lib_text(texts[i], what, ret, err));
    *ret = firn_arena_str(a, *ret);
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

firn_code firn_lib_partition_terms(const char *const *texts, size_t count, firn_arena *a,
                                   firn_partition_term **ret, firn_err *err)
{
    firn_partition_term *terms = firn_arena_array(a, count, sizeof *terms);
    firn_str text;
    if (!terms)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(text_at(texts, i, "a partition term", a, &text, err));
        FIRN_TRY(firn_partition_term_parse(text, a, &terms[i], err));
    }
    *ret = terms;
    return FIRN_OK;
}

firn_code firn_lib_sort_terms(const char *const *texts, size_t count, firn_arena *a,
                              firn_sort_term **ret, firn_err *err)
{
    firn_sort_term *terms = firn_arena_array(a, count, sizeof *terms);
    firn_str text;
    if (!terms)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(text_at(texts, i, "a sort term", a, &text, err));
        FIRN_TRY(firn_sort_term_parse(text, a, &terms[i], err));
    }
    *ret = terms;
    return FIRN_OK;
}
