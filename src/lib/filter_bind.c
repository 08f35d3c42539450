/* SPDX-License-Identifier: Apache-2.0 */
/* Filters meet a table: as the core's predicates, as SQL, and as what a partition leaves of them.
 */
#include "lib/filter.h"

#include <math.h>
#include <string.h>

firn_code firn_filter_column(const firn_filter *f, const firn_schema *schema,
                             const firn_field **ret, firn_err *err)
{
    const firn_field *column = firn_schema_find(&schema->type, firn_str_of(f->column));
    if (!column)
        return firn_raise(err, FIRN_E_NOTFOUND, "there is no column %s to filter by",
                          firn_quotec(f->column).s);
    if (firn_schema_is_repeated(&schema->type, column->id))
        return firn_raise(err, FIRN_E_INVAL, "column %s lies in a list or map",
                          firn_quotec(f->column).s);
    bool null_test = f->kind == FILTER_IS_NULL || f->kind == FILTER_NOT_NULL;
    if (!null_test && (firn_type_is_nested(column->type.kind) ||
                       column->type.kind == FIRN_T_FOREIGN || column->type.kind == FIRN_T_UNKNOWN))
        return firn_raise(err, FIRN_E_INVAL, "column %s is no single value: it is a %s",
                          firn_quotec(f->column).s, firn_type_kind_name(column->type.kind));
    bool prefix = f->kind == FILTER_COMPARE && f->comparison == FIRN_STARTS_WITH;
    if (prefix && column->type.kind != FIRN_T_STRING)
        return firn_raise(err, FIRN_E_INVAL, "column %s is no string to start with something",
                          firn_quotec(f->column).s);
    if (f->kind == FILTER_COMPARE && (unsigned)f->comparison > FIRN_STARTS_WITH)
        return firn_raise(err, FIRN_E_INVAL, "an unknown comparison of column %s",
                          firn_quotec(f->column).s);
    *ret = column;
    return FIRN_OK;
}

firn_code firn_filter_values(const firn_filter *f, const firn_field *column, firn_arena *a,
                             firn_value **ret, firn_err *err)
{
    firn_value *values = firn_arena_array(a, f->value_count, sizeof *values);
    if (!values)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < f->value_count; i++)
        FIRN_TRY(firn_lib_value(&column->type, &f->values[i], a, f->column, &values[i], err));
    *ret = values;
    return FIRN_OK;
}

static firn_code too_deep(firn_err *err)
{
    return firn_raise(err, FIRN_E_LIMIT, "a filter nested more than %d levels deep",
                      FILTER_MAX_DEPTH);
}

/* --- the core's predicates ----------------------------------------------------------------- */

static const firn_expr always = {.op = FIRN_EXPR_TRUE};
static const firn_expr never = {.op = FIRN_EXPR_FALSE};

/* The comparison that is true where this one is false, nulls apart. */
static firn_expr_op op_of(firn_comparison c, bool negated)
{
    static const firn_expr_op ops[][2] = {
        [FIRN_EQUAL] = {FIRN_EXPR_EQ, FIRN_EXPR_NE},
        [FIRN_NOT_EQUAL] = {FIRN_EXPR_NE, FIRN_EXPR_EQ},
        [FIRN_LESS] = {FIRN_EXPR_LT, FIRN_EXPR_GE},
        [FIRN_LESS_EQUAL] = {FIRN_EXPR_LE, FIRN_EXPR_GT},
        [FIRN_GREATER] = {FIRN_EXPR_GT, FIRN_EXPR_LE},
        [FIRN_GREATER_EQUAL] = {FIRN_EXPR_GE, FIRN_EXPR_LT},
        [FIRN_STARTS_WITH] = {FIRN_EXPR_STARTS_WITH, FIRN_EXPR_TRUE},
    };
    return ops[c][negated];
}

static firn_code bind(const firn_filter *f, const firn_schema *schema, bool negated, firn_arena *a,
                      const firn_expr **ret, firn_err *err);

static firn_code bind_parts(const firn_filter *f, const firn_schema *schema, bool negated,
                            firn_arena *a, const firn_expr **ret, firn_err *err)
{
    bool is_and = (f->kind == FILTER_AND) != negated;
    firn_expr *e = firn_arena_zalloc(a, sizeof *e);
    const firn_expr **parts = firn_arena_array(a, f->part_count, sizeof *parts);
    if (!e || !parts)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < f->part_count; i++)
        FIRN_TRY(bind(f->parts[i], schema, negated, a, &parts[i], err));
    *e = (firn_expr){
        .op = is_and ? FIRN_EXPR_AND : FIRN_EXPR_OR, .parts = parts, .part_count = f->part_count};
    *ret = e;
    return FIRN_OK;
}

static bool any_null(const firn_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (values[i].is_null)
            return true;
    return false;
}

/* The values without nulls, which nothing equals. */
static size_t drop_nulls(firn_value *values, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!values[i].is_null)
            values[n++] = values[i];
    return n;
}

static bool is_null_test(const firn_filter *f)
{
    return f->kind == FILTER_IS_NULL || f->kind == FILTER_NOT_NULL;
}

static firn_expr_op op_of_leaf(const firn_filter *f, bool negated)
{
    if (is_null_test(f))
        return (f->kind == FILTER_IS_NULL) != negated ? FIRN_EXPR_IS_NULL : FIRN_EXPR_NOT_NULL;
    if (f->kind == FILTER_COMPARE)
        return op_of(f->comparison, negated);
    return negated ? FIRN_EXPR_TRUE : FIRN_EXPR_IN;
}

/* Takes nulls out of the values; false if the leaf can be true for no row: a comparison with null
 * is never true, nor is its opposite. */
static bool settle_nulls(const firn_filter *f, bool negated, firn_value *values, firn_expr *e)
{
    if (f->kind == FILTER_COMPARE)
        return !values[0].is_null;
    if (f->kind != FILTER_IN)
        return true;
    if (negated)
        return !any_null(values, f->value_count);
    e->value_count = drop_nulls(values, f->value_count);
    return e->value_count > 0;
}

static firn_code bind_leaf(const firn_filter *f, const firn_schema *schema, bool negated,
                           firn_arena *a, const firn_expr **ret, firn_err *err)
{
    const firn_field *column;
    firn_value *values = NULL;
    FIRN_TRY(firn_filter_column(f, schema, &column, err));
    FIRN_TRY(firn_filter_values(f, column, a, &values, err));
    if (is_null_test(f) && firn_type_is_nested(column->type.kind)) {
        *ret = &always; /* there are no metrics of structs */
        return FIRN_OK;
    }
    firn_expr *e = firn_arena_zalloc(a, sizeof *e);
    if (!e)
        return firn_arena_raise(a, err);
    *e = (firn_expr){.op = op_of_leaf(f, negated),
                     .field_id = column->id,
                     .type = &column->type,
                     .values = values,
                     .value_count = f->value_count};
    *ret = settle_nulls(f, negated, values, e) ? e : &never;
    return FIRN_OK;
}

static firn_code bind(const firn_filter *f, const firn_schema *schema, bool negated, firn_arena *a,
                      const firn_expr **ret, firn_err *err)
{
    switch (f->kind) {
    case FILTER_AND:
    case FILTER_OR:
        return bind_parts(f, schema, negated, a, ret, err);
    case FILTER_NOT:
        return bind(f->parts[0], schema, !negated, a, ret, err);
    case FILTER_NEVER:
        *ret = negated ? &always : &never;
        return FIRN_OK;
    case FILTER_TOO_DEEP:
        return too_deep(err);
    case FILTER_COMPARE:
    case FILTER_IN:
    case FILTER_IS_NULL:
    case FILTER_NOT_NULL:
        break;
    }
    return bind_leaf(f, schema, negated, a, ret, err);
}

firn_code firn_lib_filter_bind(const firn_filter *f, const firn_schema *schema, firn_arena *a,
                               const firn_expr **ret, firn_err *err)
{
    return bind(f, schema, false, a, ret, err);
}

/* --- residuals ----------------------------------------------------------------------------- */

typedef enum verdict { KEEP, ALL_TRUE, NONE_TRUE } verdict;

/* What a file's partition says. */
typedef struct partition {
    const firn_schema *schema;
    const firn_spec *spec;
    const firn_type *types;
    const firn_value *values;
    firn_arena *arena;
} partition;

/* The whole numbers that a transform's result stands for: the days of a month, the microseconds of
 * a day.  False if it is no such transform. */
static bool range_of(const firn_partition_field *pf, const firn_type *source, const firn_value *v,
                     int64_t *lo, int64_t *hi)
{
    int64_t at = v->u.i;
    int64_t unit = source->kind == FIRN_T_DATE ? 1 : FIRN_US_PER_DAY;
    bool timed = source->kind == FIRN_T_DATE || source->kind == FIRN_T_TIMESTAMP ||
                 source->kind == FIRN_T_TIMESTAMPTZ;
    if (!timed || at < -1000000000 || at > 1000000000)
        return false;
    switch (pf->transform.kind) {
    case FIRN_TRANSFORM_YEAR:
    case FIRN_TRANSFORM_MONTH: {
        int64_t months = pf->transform.kind == FIRN_TRANSFORM_YEAR ? 12 : 1;
        firn_civil from = {.year = (int32_t)(1970 + firn_floor_div(at * months, 12)), .day = 1};
        from.month = (int32_t)(at * months - firn_floor_div(at * months, 12) * 12) + 1;
        firn_civil to = from;
        to.year += months == 12 || from.month == 12;
        to.month = months == 12 ? from.month : from.month % 12 + 1;
        *lo = firn_days_from_civil(from) * unit;
        *hi = firn_days_from_civil(to) * unit - 1;
        return true;
    }
    case FIRN_TRANSFORM_DAY:
        *lo = at * unit;
        *hi = (at + 1) * unit - 1;
        return true;
    case FIRN_TRANSFORM_HOUR:
        *lo = at * FIRN_US_PER_HOUR;
        *hi = (at + 1) * FIRN_US_PER_HOUR - 1;
        return source->kind != FIRN_T_DATE;
    case FIRN_TRANSFORM_IDENTITY:
    case FIRN_TRANSFORM_VOID:
    case FIRN_TRANSFORM_BUCKET:
    case FIRN_TRANSFORM_TRUNCATE:
    case FIRN_TRANSFORM_UNKNOWN:
        break;
    }
    return false;
}

static verdict verdict_of(bool all, bool none)
{
    return all ? ALL_TRUE : none ? NONE_TRUE : KEEP;
}

/* A comparison over all values from `below` (how the least compares with the literal) to `above`.
 */
static verdict judge(firn_comparison c, int below, int above)
{
    switch (c) {
    case FIRN_EQUAL:
        return verdict_of(below == 0 && above == 0, below > 0 || above < 0);
    case FIRN_NOT_EQUAL:
        return verdict_of(below > 0 || above < 0, below == 0 && above == 0);
    case FIRN_LESS:
        return verdict_of(above < 0, below >= 0);
    case FIRN_LESS_EQUAL:
        return verdict_of(above <= 0, below > 0);
    case FIRN_GREATER:
        return verdict_of(below > 0, above <= 0);
    case FIRN_GREATER_EQUAL:
        return verdict_of(below >= 0, above < 0);
    case FIRN_STARTS_WITH:
        break;
    }
    return KEEP;
}

static bool starts_with(firn_slice s, firn_slice prefix)
{
    return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

/* Orders values as SQL does: the signs of zero are equal. */
static int compare(const firn_type *t, const firn_value *a, const firn_value *b)
{
    if (t->kind == FIRN_T_FLOAT && a->u.f == 0 && b->u.f == 0)
        return 0;
    if (t->kind == FIRN_T_DOUBLE && a->u.d == 0 && b->u.d == 0)
        return 0;
    return firn_value_cmp(t, a, b);
}

static verdict judge_value(const firn_partition_field *pf, const firn_field *column,
                           const firn_type *type, const firn_value *have, const firn_value *want,
                           firn_comparison c)
{
    int64_t lo;
    int64_t hi;
    if (want->is_null)
        return NONE_TRUE;
    if (pf->transform.kind == FIRN_TRANSFORM_IDENTITY && type->kind == column->type.kind) {
        if (c == FIRN_STARTS_WITH)
            return starts_with(have->u.bytes, want->u.bytes) ? ALL_TRUE : NONE_TRUE;
        int order = compare(type, have, want);
        return judge(c, order, order);
    }
    if (!range_of(pf, &column->type, have, &lo, &hi))
        return KEEP;
    return judge(c, (lo > want->u.i) - (lo < want->u.i), (hi > want->u.i) - (hi < want->u.i));
}

static verdict judge_in(const firn_filter *f, const firn_partition_field *pf,
                        const firn_field *column, const firn_type *type, const firn_value *have,
                        const firn_value *values)
{
    verdict all = NONE_TRUE;
    for (size_t i = 0; i < f->value_count; i++) {
        verdict v = judge_value(pf, column, type, have, &values[i], FIRN_EQUAL);
        if (v == ALL_TRUE)
            return v;
        all = v == KEEP ? KEEP : all;
    }
    return all;
}

/* What one field of the partition says of a leaf. */
static verdict judge_leaf(const firn_filter *f, const firn_partition_field *pf,
                          const firn_field *column, const firn_type *type, const firn_value *have,
                          const firn_value *values)
{
    bool keeps_null =
        pf->transform.kind != FIRN_TRANSFORM_VOID && pf->transform.kind != FIRN_TRANSFORM_UNKNOWN;
    if (!keeps_null)
        return KEEP;
    if (f->kind == FILTER_IS_NULL)
        return have->is_null ? ALL_TRUE : NONE_TRUE;
    if (f->kind == FILTER_NOT_NULL)
        return have->is_null ? NONE_TRUE : ALL_TRUE;
    if (have->is_null)
        return NONE_TRUE;
    if (f->kind == FILTER_IN)
        return judge_in(f, pf, column, type, have, values);
    return judge_value(pf, column, type, have, &values[0], f->comparison);
}

static firn_code leaf_verdict(const firn_filter *f, const partition *p, verdict *ret, firn_err *err)
{
    const firn_field *column;
    firn_value *values;
    *ret = KEEP;
    FIRN_TRY(firn_filter_column(f, p->schema, &column, err));
    FIRN_TRY(firn_filter_values(f, column, p->arena, &values, err));
    for (size_t i = 0; i < p->spec->field_count && *ret == KEEP; i++)
        if (p->spec->fields[i].source_id == column->id)
            *ret = judge_leaf(f, &p->spec->fields[i], column, &p->types[i], &p->values[i], values);
    return FIRN_OK;
}

/* A node of a residual; its parts belong to the filter or to the arena. */
static firn_filter *node_in(firn_arena *a, filter_kind kind, size_t parts)
{
    firn_filter *f = firn_arena_zalloc(a, sizeof *f);
    if (!f)
        return NULL;
    f->kind = kind;
    f->parts = firn_arena_array(a, parts, sizeof *f->parts);
    return f->parts ? f : NULL;
}

static firn_code residual(const firn_filter *f, const partition *p, const firn_filter **ret,
                          firn_err *err);

/* `absorbing` is the part that decides the whole (nothing for OR, never for AND). */
static firn_code residual_parts(const firn_filter *f, const partition *p, const firn_filter **ret,
                                firn_err *err)
{
    firn_filter *made = node_in(p->arena, f->kind, f->part_count);
    if (!made)
        return firn_arena_raise(p->arena, err);
    bool is_and = f->kind == FILTER_AND;
    for (size_t i = 0; i < f->part_count; i++) {
        const firn_filter *part;
        FIRN_TRY(residual(f->parts[i], p, &part, err));
        bool all = part == NULL;
        bool none = part && part->kind == FILTER_NEVER;
        if (is_and ? none : all) {
            *ret = part;
            return FIRN_OK;
        }
        if (!all && !none)
            made->parts[made->part_count++] = (firn_filter *)(uintptr_t)part;
    }
    *ret = made;
    if (made->part_count == 1)
        *ret = made->parts[0];
    if (made->part_count == 0 && is_and)
        *ret = NULL;
    if (made->part_count == 0 && !is_and)
        made->kind = FILTER_NEVER;
    return FIRN_OK;
}

/* Only leaves are taken apart; below a NOT everything stays, since unknown is not false there. */
static firn_code residual(const firn_filter *f, const partition *p, const firn_filter **ret,
                          firn_err *err)
{
    verdict v;
    switch (f->kind) {
    case FILTER_AND:
    case FILTER_OR:
        return residual_parts(f, p, ret, err);
    case FILTER_NOT:
    case FILTER_NEVER:
    case FILTER_TOO_DEEP:
        *ret = f;
        return FIRN_OK;
    case FILTER_COMPARE:
    case FILTER_IN:
    case FILTER_IS_NULL:
    case FILTER_NOT_NULL:
        break;
    }
    FIRN_TRY(leaf_verdict(f, p, &v, err));
    if (v != NONE_TRUE) {
        *ret = v == KEEP ? f : NULL;
        return FIRN_OK;
    }
    firn_filter *made = node_in(p->arena, FILTER_NEVER, 0);
    *ret = made;
    return made ? FIRN_OK : firn_arena_raise(p->arena, err);
}

firn_code firn_lib_filter_residual(const firn_filter *f, const firn_schema *schema,
                                   const firn_spec *spec, const firn_type *types,
                                   const firn_value *values, firn_arena *a, const firn_filter **ret,
                                   firn_err *err)
{
    const partition p = {schema, spec, types, values, a};
    return residual(f, &p, ret, err);
}
