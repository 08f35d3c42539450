/* SPDX-License-Identifier: Apache-2.0 */
/* Filters as SQL for the engine: columns by their whole path, literals of the columns' types. */
#include "lib/filter.h"

#include "engine/sql.h"

#include <math.h>

/* What the writing of one filter shares. */
typedef struct printing {
    const firn_schema *schema; /* that names are looked up in */
    const firn_schema *named;  /* the same with the names that are printed */
    const char *alias;
    firn_arena *arena;
    firn_buf *out;
} printing;

static bool has_field(const firn_type *t, int32_t id)
{
    return firn_schema_field(t, id) != NULL;
}

static firn_code add_column(printing *p, const firn_field *column, firn_err *err)
{
    const firn_type *t = &p->named->type;
    FIRN_TRY(firn_buf_adds(p->out, p->alias, err));
    while (t) {
        const firn_type *next = NULL;
        for (size_t i = 0; i < t->field_count; i++) {
            const firn_field *f = &t->fields[i];
            if (f->id != column->id && !has_field(&f->type, column->id))
                continue;
            FIRN_TRY(firn_buf_addc(p->out, '.', err));
            FIRN_TRY(firn_sql_ident(p->out, f->name, err));
            next = f->id == column->id ? NULL : &f->type;
            break;
        }
        t = next;
    }
    return FIRN_OK;
}

static firn_code add_bytes(printing *p, firn_slice s, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(p->out, "unhex('", err));
    for (size_t i = 0; i < s.n; i++)
        FIRN_TRY(firn_buf_addf(p->out, err, "%02x", s.p[i]));
    return firn_buf_adds(p->out, "')", err);
}

/* The engine's words for numbers that are none. */
static const char *odd_number(double d)
{
    if (isnan(d))
        return "nan";
    return isinf(d) ? (d > 0 ? "inf" : "-inf") : NULL;
}

static firn_code add_value(printing *p, const firn_type *t, const firn_value *v, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    const char *odd = NULL;
    if (v->is_null)
        return firn_buf_adds(p->out, "NULL", err);
    if (t->kind == FIRN_T_BINARY || t->kind == FIRN_T_FIXED)
        return add_bytes(p, v->u.bytes, err);
    if (t->kind == FIRN_T_FLOAT)
        odd = odd_number((double)v->u.f);
    if (t->kind == FIRN_T_DOUBLE)
        odd = odd_number(v->u.d);
    FIRN_TRY(odd ? firn_buf_adds(&text, odd, err) : firn_value_print(t, v, &text, err));
    FIRN_TRY(firn_buf_adds(p->out, "CAST(", err));
    FIRN_TRY(firn_sql_text(p->out, firn_buf_str(&text), err));
    FIRN_TRY(firn_buf_adds(p->out, " AS ", err));
    FIRN_TRY(firn_sql_type(p->out, t, err));
    return firn_buf_addc(p->out, ')', err);
}

static firn_code add_leaf(printing *p, const firn_filter *f, firn_err *err)
{
    static const char *const signs[] = {" = ", " <> ", " < ", " <= ", " > ", " >= ", ", "};
    const firn_field *column;
    firn_value *values;
    FIRN_TRY(firn_filter_column(f, p->schema, &column, err));
    FIRN_TRY(firn_filter_values(f, column, p->arena, &values, err));
    bool prefix = f->kind == FILTER_COMPARE && f->comparison == FIRN_STARTS_WITH;
    if (f->kind == FILTER_IN && f->value_count == 0)
        return firn_buf_adds(p->out, "false", err);
    FIRN_TRY(firn_buf_adds(p->out, prefix ? "starts_with(" : "(", err));
    FIRN_TRY(add_column(p, column, err));
    if (f->kind == FILTER_IS_NULL || f->kind == FILTER_NOT_NULL)
        return firn_buf_adds(p->out, f->kind == FILTER_IS_NULL ? " IS NULL)" : " IS NOT NULL)",
                             err);
    FIRN_TRY(firn_buf_adds(p->out, f->kind == FILTER_IN ? " IN (" : signs[f->comparison], err));
    for (size_t i = 0; i < f->value_count; i++) {
        FIRN_TRY(firn_buf_adds(p->out, i ? ", " : "", err));
        FIRN_TRY(add_value(p, &column->type, &values[i], err));
    }
    return firn_buf_adds(p->out, f->kind == FILTER_IN ? "))" : ")", err);
}

static firn_code add_filter(printing *p, const firn_filter *f, firn_err *err)
{
    switch (f->kind) {
    case FILTER_AND:
    case FILTER_OR:
        FIRN_TRY(firn_buf_addc(p->out, '(', err));
        for (size_t i = 0; i < f->part_count; i++) {
            FIRN_TRY(firn_buf_adds(p->out,
                                   i == 0                  ? ""
                                   : f->kind == FILTER_AND ? " AND "
                                                           : " OR ",
                                   err));
            FIRN_TRY(add_filter(p, f->parts[i], err));
        }
        return firn_buf_addc(p->out, ')', err);
    case FILTER_NOT:
        FIRN_TRY(firn_buf_adds(p->out, "(NOT ", err));
        FIRN_TRY(add_filter(p, f->parts[0], err));
        return firn_buf_addc(p->out, ')', err);
    case FILTER_NEVER:
    case FILTER_TOO_DEEP:
        return firn_buf_adds(p->out, "false", err);
    case FILTER_COMPARE:
    case FILTER_IN:
    case FILTER_IS_NULL:
    case FILTER_NOT_NULL:
        break;
    }
    return add_leaf(p, f, err);
}

firn_code firn_lib_filter_sql(const firn_filter *f, const firn_schema *schema,
                              const firn_schema *named, const char *alias, firn_buf *out,
                              firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("values of a filter", 0);
    printing p = {.schema = schema, .named = named, .alias = alias, .arena = a, .out = out};
    return a ? add_filter(&p, f, err) : firn_raise_nomem(err);
}
