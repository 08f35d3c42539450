/* SPDX-License-Identifier: Apache-2.0 */
/* Values in a form in which SQL finds them equal exactly when they are: maps have no order. */
#include "pipeline/diff_int.h"

#include "engine/sql.h"

#include <stdio.h>

bool firn_diff_has_map(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (firn_diff_has_map(&t->fields[i].type))
            return true;
    return t->kind == FIRN_T_MAP;
}

/* The canonical form of an element, as a lambda. */
static firn_code canonical_items(const firn_type *t, firn_str e, int depth, firn_buf *out,
                                 firn_err *err)
{
    char x[16];
    firn_str item = {x, (size_t)snprintf(x, sizeof x, "x%d", depth)};
    FIRN_TRY(firn_buf_addf(out, err, "list_transform(%.*s, lambda %s: ", FIRN_STR_ARG(e), x));
    FIRN_TRY(firn_diff_canonical(t, item, depth + 1, out, err));
    return firn_buf_addc(out, ')', err);
}

static firn_code canonical_struct(const firn_type *t, firn_str e, int depth, firn_buf *out,
                                  firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "struct_pack(", err));
    for (size_t i = 0; i < t->field_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf part = FIRN_SQL_BUF;
        FIRN_TRY(firn_buf_addf(&part, err, "struct_extract(%.*s, ", FIRN_STR_ARG(e)));
        FIRN_TRY(firn_sql_text(&part, t->fields[i].name, err));
        FIRN_TRY(firn_buf_addc(&part, ')', err));
        FIRN_TRY(firn_buf_addf(out, err, "%sf%zu := ", i ? ", " : "", i));
        FIRN_TRY(firn_diff_canonical(&t->fields[i].type, firn_buf_str(&part), depth, out, err));
    }
    return firn_buf_addc(out, ')', err);
}

firn_code firn_diff_canonical(const firn_type *t, firn_str e, int depth, firn_buf *out,
                              firn_err *err)
{
    if (!firn_diff_has_map(t))
        return firn_buf_addstr(out, e, err);
    FIRN_TRY(firn_buf_addf(out, err, "CASE WHEN %.*s IS NOT NULL THEN ", FIRN_STR_ARG(e)));
    if (t->kind == FIRN_T_LIST) {
        FIRN_TRY(canonical_items(&t->fields[0].type, e, depth, out, err));
    } else if (t->kind == FIRN_T_STRUCT) {
        FIRN_TRY(canonical_struct(t, e, depth, out, err));
    } else {
        FIRN_AUTO(firn_buf_free) firn_buf entries = FIRN_SQL_BUF;
        const firn_type pair = {
            .kind = FIRN_T_STRUCT, .fields = t->fields, .field_count = t->field_count};
        FIRN_TRY(firn_buf_addf(&entries, err, "map_entries(%.*s)", FIRN_STR_ARG(e)));
        FIRN_TRY(firn_buf_adds(out, "list_sort(", err));
        if (firn_diff_has_map(&pair))
            FIRN_TRY(canonical_items(&pair, firn_buf_str(&entries), depth, out, err));
        else
            FIRN_TRY(firn_buf_addstr(out, firn_buf_str(&entries), err));
        FIRN_TRY(firn_buf_addc(out, ')', err));
    }
    return firn_buf_adds(out, " END", err);
}
