/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql.h"

#include "base/str.h"

#include <string.h>

static firn_code quote(firn_buf *out, firn_str s, char mark, firn_err *err)
{
    if (s.n && memchr(s.p, '\0', s.n))
        return firn_raise(err, FIRN_E_INVAL, "%s holds a NUL", firn_quote(s).s);
    FIRN_TRY(firn_buf_addc(out, mark, err));
    firn_str rest = s;
    while (rest.p && rest.n) {
        const char *at = memchr(rest.p, mark, rest.n);
        size_t run = at ? (size_t)(at - rest.p) + 1 : rest.n;
        FIRN_TRY(firn_buf_add(out, rest.p, run, err));
        if (at)
            FIRN_TRY(firn_buf_addc(out, mark, err));
        rest = (firn_str){rest.p + run, rest.n - run};
    }
    return firn_buf_addc(out, mark, err);
}

firn_code firn_sql_ident(firn_buf *out, firn_str name, firn_err *err)
{
    if (name.n == 0)
        return firn_raise(err, FIRN_E_INVAL, "an empty name");
    return quote(out, name, '"', err);
}

firn_code firn_sql_text(firn_buf *out, firn_str text, firn_err *err)
{
    return quote(out, text, '\'', err);
}

static firn_code add_struct(firn_buf *out, const firn_type *t, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "STRUCT(", err));
    for (size_t i = 0; i < t->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(firn_sql_ident(out, t->fields[i].name, err));
        FIRN_TRY(firn_buf_addc(out, ' ', err));
        FIRN_TRY(firn_sql_type(out, &t->fields[i].type, err));
    }
    return firn_buf_addc(out, ')', err);
}

static firn_code add_map(firn_buf *out, const firn_type *t, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "MAP(", err));
    FIRN_TRY(firn_sql_type(out, &t->fields[0].type, err));
    FIRN_TRY(firn_buf_adds(out, ", ", err));
    FIRN_TRY(firn_sql_type(out, &t->fields[1].type, err));
    return firn_buf_addc(out, ')', err);
}

firn_code firn_sql_type(firn_buf *out, const firn_type *t, firn_err *err)
{
    static const char *const words[FIRN_TYPE_KIND_COUNT] = {
        [FIRN_T_BOOLEAN] = "BOOLEAN",
        [FIRN_T_INT] = "INTEGER",
        [FIRN_T_LONG] = "BIGINT",
        [FIRN_T_FLOAT] = "FLOAT",
        [FIRN_T_DOUBLE] = "DOUBLE",
        [FIRN_T_DATE] = "DATE",
        [FIRN_T_TIME] = "TIME",
        [FIRN_T_TIMESTAMP] = "TIMESTAMP",
        [FIRN_T_TIMESTAMPTZ] = "TIMESTAMPTZ",
        [FIRN_T_TIMESTAMP_NS] = "TIMESTAMP_NS",
        /* the engine has none: its digits behind the microsecond are cut */
        [FIRN_T_TIMESTAMPTZ_NS] = "TIMESTAMPTZ",
        [FIRN_T_STRING] = "VARCHAR",
        [FIRN_T_UUID] = "UUID",
        [FIRN_T_FIXED] = "BLOB",
        [FIRN_T_BINARY] = "BLOB",
        [FIRN_T_UNKNOWN] = "INTEGER",
    };
    if (t->kind == FIRN_T_DECIMAL)
        return firn_buf_addf(out, err, "DECIMAL(%d,%d)", t->precision, t->scale);
    if (t->kind == FIRN_T_STRUCT)
        return add_struct(out, t, err);
    if (t->kind == FIRN_T_MAP)
        return add_map(out, t, err);
    if (t->kind == FIRN_T_LIST) {
        FIRN_TRY(firn_sql_type(out, &t->fields[0].type, err));
        return firn_buf_adds(out, "[]", err);
    }
    if (t->kind == FIRN_T_FOREIGN)
        return firn_raise(err, FIRN_E_UNSUPPORTED, "type %s is not read", firn_quote(t->text).s);
    return firn_buf_adds(out, words[t->kind], err);
}
