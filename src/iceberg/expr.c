/* SPDX-License-Identifier: Apache-2.0 */
/* Inclusive evaluation of predicates: over partition values, partition summaries and column
 * bounds.  All three come down to one question: can a value in [lower, upper] match? */
#include "iceberg/expr.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

#define UUID_BYTES ((size_t)16)

/* What is known of the values of one column or partition field. */
typedef struct range {
    const firn_type *type;
    bool may_have_null;
    bool may_have_value; /* a value that is not null */
    bool may_have_nan;
    bool has_lower;
    bool has_upper;
    firn_value lower;
    firn_value upper;
    uint8_t uuids[2][UUID_BYTES]; /* what the bounds of uuids point to */
} range;

static bool is_floating(const firn_type *t)
{
    return t->kind == FIRN_T_FLOAT || t->kind == FIRN_T_DOUBLE;
}

static bool is_nan(const firn_type *t, const firn_value *v)
{
    return is_floating(t) && isnan(t->kind == FIRN_T_FLOAT ? (double)v->u.f : v->u.d);
}

/* Orders two values as SQL does: zero has two signs there that are equal. */
static int compare(const firn_type *t, const firn_value *a, const firn_value *b)
{
    if (!is_floating(t) || is_nan(t, a) || is_nan(t, b))
        return firn_value_cmp(t, a, b);
    double x = t->kind == FIRN_T_FLOAT ? (double)a->u.f : a->u.d;
    double y = t->kind == FIRN_T_FLOAT ? (double)b->u.f : b->u.d;
    return (x > y) - (x < y);
}

static bool can_equal(const range *r, const firn_value *v)
{
    if (is_nan(r->type, v))
        return r->may_have_nan;
    if (r->has_lower && compare(r->type, v, &r->lower) < 0)
        return false;
    return !r->has_upper || compare(r->type, v, &r->upper) <= 0;
}

static bool can_start_with(const range *r, const firn_value *prefix)
{
    firn_slice p = prefix->u.bytes;
    if (r->has_upper) {
        firn_slice u = r->upper.u.bytes;
        size_t n = FIRN_MIN(u.n, p.n);
        if (n && memcmp(u.p, p.p, n) < 0)
            return false;
        if (u.n < p.n && memcmp(u.p, p.p, n) == 0)
            return false; /* the upper bound is a proper prefix: all values are smaller */
    }
    if (!r->has_lower)
        return true;
    firn_slice l = r->lower.u.bytes;
    size_t n = FIRN_MIN(l.n, p.n);
    return n == 0 || memcmp(l.p, p.p, n) <= 0;
}

/* NaN sorts above all numbers in the engine, so a range that may hold one has no upper end. */
static bool can_exceed(const range *r, const firn_value *v, bool or_equal)
{
    if (r->may_have_nan || !r->has_upper)
        return true;
    int c = compare(r->type, &r->upper, v);
    return c > 0 || (or_equal && c == 0);
}

static bool can_be_below(const range *r, const firn_value *v, bool or_equal)
{
    if (!r->has_lower || is_nan(r->type, v))
        return true;
    int c = compare(r->type, &r->lower, v);
    return c < 0 || (or_equal && c == 0);
}

static bool single_value(const range *r, const firn_value *v)
{
    return r->has_lower && r->has_upper && !r->may_have_nan && !r->may_have_null &&
           compare(r->type, &r->lower, &r->upper) == 0 && compare(r->type, &r->lower, v) == 0;
}

static bool range_may_match(const firn_expr *e, const range *r)
{
    if (e->op == FIRN_EXPR_IS_NULL)
        return r->may_have_null;
    if (!r->may_have_value)
        return false; /* null satisfies no comparison */
    switch (e->op) {
    case FIRN_EXPR_EQ:
        return can_equal(r, &e->values[0]);
    case FIRN_EXPR_IN:
        for (size_t i = 0; i < e->value_count; i++)
            if (can_equal(r, &e->values[i]))
                return true;
        return false;
    case FIRN_EXPR_LT:
        return can_be_below(r, &e->values[0], false);
    case FIRN_EXPR_LE:
        return can_be_below(r, &e->values[0], true);
    case FIRN_EXPR_GT:
        return can_exceed(r, &e->values[0], false);
    case FIRN_EXPR_GE:
        return can_exceed(r, &e->values[0], true);
    case FIRN_EXPR_STARTS_WITH:
        return can_start_with(r, &e->values[0]);
    case FIRN_EXPR_TRUE:
    case FIRN_EXPR_FALSE:
    case FIRN_EXPR_AND:
    case FIRN_EXPR_OR:
    case FIRN_EXPR_NE:
    case FIRN_EXPR_IS_NULL:
    case FIRN_EXPR_NOT_NULL:
        break;
    }
    return true;
}

/* --- bounds -------------------------------------------------------------------------------- */

/* Java orders uuids as two signed longs where others order their bytes, and bounds come from both.
 * The two orders agree on the first halves if these have one sign; then the bounds are widened to
 * whole first halves.  If they do not, the bounds are the wrong way round by one order or the other
 * and say nothing. */
static void widen_uuids(range *r)
{
    if (!r->has_lower || !r->has_upper) {
        r->has_lower = r->has_upper = false;
        return;
    }
    memcpy(r->uuids[0], r->lower.u.bytes.p, UUID_BYTES);
    memcpy(r->uuids[1], r->upper.u.bytes.p, UUID_BYTES);
    memset(r->uuids[0] + UUID_BYTES / 2, 0x00, UUID_BYTES / 2);
    memset(r->uuids[1] + UUID_BYTES / 2, 0xff, UUID_BYTES / 2);
    r->lower.u.bytes.p = r->uuids[0];
    r->upper.u.bytes.p = r->uuids[1];
    r->has_lower = r->has_upper = firn_value_cmp(r->type, &r->lower, &r->upper) < 0;
}

static void set_bounds(range *r, firn_slice lower, firn_slice upper)
{
    r->has_lower = lower.p && firn_value_from_bytes(r->type, lower, &r->lower);
    r->has_upper = upper.p && firn_value_from_bytes(r->type, upper, &r->upper);
    if (r->type->kind == FIRN_T_UUID)
        widen_uuids(r);
}

/* --- partition fields ---------------------------------------------------------------------- */

/* The constants and the operator of a predicate in units of the partition: x < midnight lies in the
 * partitions up to the day before. */
static void project_time(const firn_expr *e, firn_transform transform, firn_expr *out,
                         firn_value *values)
{
    for (size_t i = 0; i < e->value_count; i++) {
        firn_value v = e->values[i];
        if (e->op == FIRN_EXPR_LT && v.u.i > INT64_MIN)
            v.u.i--;
        if (e->op == FIRN_EXPR_GT && v.u.i < INT64_MAX)
            v.u.i++;
        values[i] = firn_transform_apply(transform, e->type, &v);
    }
    out->values = values;
    if (e->op == FIRN_EXPR_LT)
        out->op = FIRN_EXPR_LE;
    if (e->op == FIRN_EXPR_GT)
        out->op = FIRN_EXPR_GE;
}

static void apply_to_all(const firn_expr *e, firn_transform transform, firn_expr *out,
                         firn_value *values)
{
    for (size_t i = 0; i < e->value_count; i++)
        values[i] = firn_transform_apply(transform, e->type, &e->values[i]);
    out->values = values;
}

static bool project_bucket(const firn_expr *e, firn_transform transform, firn_expr *out,
                           firn_value *values)
{
    if (e->op != FIRN_EXPR_EQ && e->op != FIRN_EXPR_IN)
        return false; /* hashes have no order */
    apply_to_all(e, transform, out, values);
    return true;
}

/* x < v and x > v mean v's neighbour or beyond, where there is one. */
static void step_inwards(const firn_expr *e, firn_value *v)
{
    int by = e->op == FIRN_EXPR_LT ? -1 : e->op == FIRN_EXPR_GT ? 1 : 0;
    if (e->type->kind == FIRN_T_DECIMAL)
        v->u.dec += by;
    else if ((e->type->kind == FIRN_T_INT || e->type->kind == FIRN_T_LONG) && v->u.i > INT64_MIN &&
             v->u.i < INT64_MAX)
        v->u.i += by;
}

/* Truncation keeps the order of numbers, texts and bytes. */
static bool project_truncate(const firn_expr *e, firn_transform transform, firn_expr *out,
                             firn_value *values)
{
    if (e->op == FIRN_EXPR_NE)
        return false;
    if (e->op == FIRN_EXPR_STARTS_WITH) {
        apply_to_all(e, transform, out, values);
        if (values[0].u.bytes.n < e->values[0].u.bytes.n)
            out->op = FIRN_EXPR_EQ; /* all of such a partition begins alike */
        return true;
    }
    for (size_t i = 0; i < e->value_count; i++) {
        firn_value v = e->values[i];
        step_inwards(e, &v);
        values[i] = firn_transform_apply(transform, e->type, &v);
        if (firn_value_cmp(e->type, &values[i], &v) > 0)
            return false; /* wrapped */
    }
    out->values = values;
    if (e->op == FIRN_EXPR_LT)
        out->op = FIRN_EXPR_LE;
    if (e->op == FIRN_EXPR_GT)
        out->op = FIRN_EXPR_GE;
    return true;
}

/* Translates a predicate on a column into one on a partition field: every row that satisfies the
 * first lies in a partition that satisfies the second.  `out` and `values` are the caller's. */
static bool project(const firn_expr *e, const firn_partition_field *f, const firn_type *result,
                    firn_expr *out, firn_value *values, size_t max_values)
{
    firn_transform_kind kind = f->transform.kind;
    *out = *e;
    out->type = result;
    if (kind == FIRN_TRANSFORM_VOID || kind == FIRN_TRANSFORM_UNKNOWN)
        return false;
    if (e->op == FIRN_EXPR_IS_NULL || e->op == FIRN_EXPR_NOT_NULL)
        return true;
    if (kind == FIRN_TRANSFORM_IDENTITY)
        return firn_type_eq(e->type, result);
    if (e->value_count > max_values)
        return false;
    if (kind == FIRN_TRANSFORM_BUCKET)
        return project_bucket(e, f->transform, out, values);
    if (kind == FIRN_TRANSFORM_TRUNCATE)
        return firn_type_eq(e->type, result) && project_truncate(e, f->transform, out, values);
    if (e->op == FIRN_EXPR_NE || e->op == FIRN_EXPR_STARTS_WITH)
        return false;
    project_time(e, f->transform, out, values);
    return true;
}

/* Truncation below the smallest whole number wraps to the largest ones: such a partition holds the
 * smallest values. */
static bool may_be_wrapped(const firn_partition_field *f, const range *r)
{
    if (f->transform.kind != FIRN_TRANSFORM_TRUNCATE || !r->has_upper)
        return false;
    if (r->type->kind == FIRN_T_INT)
        return r->upper.u.i > INT32_MAX - f->transform.width;
    return r->type->kind == FIRN_T_LONG && r->upper.u.i > INT64_MAX - f->transform.width;
}

enum { MAX_PROJECTED = 64 };

/* Answers for each partition field whose source is the predicate's column. */
typedef bool (*field_range_fn)(const void *arg, size_t field, const firn_type *type, range *ret);

static bool partitions_may_match(const firn_expr *e, const firn_spec *spec, const firn_type *types,
                                 field_range_fn get, const void *arg)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        const firn_partition_field *f = &spec->fields[i];
        firn_value values[MAX_PROJECTED];
        firn_expr projected;
        range r;
        if (f->source_id != e->field_id ||
            !project(e, f, &types[i], &projected, values, MAX_PROJECTED))
            continue;
        if (!get(arg, i, &types[i], &r))
            continue;
        /* several values share a partition: being of one value proves nothing about NE */
        if (!range_may_match(&projected, &r) && !may_be_wrapped(f, &r))
            return false;
        if (e->op == FIRN_EXPR_NE && f->transform.kind == FIRN_TRANSFORM_IDENTITY &&
            single_value(&r, &e->values[0]))
            return false;
    }
    return true;
}

static bool summary_range(const void *arg, size_t field, const firn_type *type, range *ret)
{
    const firn_manifest_file *mf = arg;
    if (field >= mf->partition_count)
        return false;
    const firn_field_summary *s = &mf->partitions[field];
    *ret = (range){.type = type,
                   .may_have_null = s->contains_null,
                   .may_have_nan = is_floating(type) && s->contains_nan != 0};
    set_bounds(ret, s->lower_bound, s->upper_bound);
    ret->may_have_value =
        s->lower_bound.p || s->upper_bound.p || ret->may_have_nan || !s->contains_null;
    return true;
}

static bool value_range(const void *arg, size_t field, const firn_type *type, range *ret)
{
    const firn_value *v = &((const firn_data_file *)arg)->partition[field];
    bool nan = !v->is_null && is_nan(type, v);
    *ret = (range){.type = type,
                   .may_have_null = v->is_null,
                   .may_have_value = !v->is_null,
                   .may_have_nan = nan,
                   .has_lower = !v->is_null && !nan,
                   .has_upper = !v->is_null && !nan,
                   .lower = *v,
                   .upper = *v};
    return true;
}

/* --- trees --------------------------------------------------------------------------------- */

/* How one predicate is judged. */
typedef struct judge {
    bool (*predicate)(const struct judge *j, const firn_expr *e);
    const firn_spec *spec;
    const firn_type *types;
    const firn_manifest_file *mf;
    const firn_data_file *file;
} judge;

static bool evaluate(const judge *j, const firn_expr *e, int depth)
{
    if (depth > 100)
        return true;
    switch (e->op) {
    case FIRN_EXPR_TRUE:
        return true;
    case FIRN_EXPR_FALSE:
        return false;
    case FIRN_EXPR_AND:
        for (size_t i = 0; i < e->part_count; i++)
            if (!evaluate(j, e->parts[i], depth + 1))
                return false;
        return true;
    case FIRN_EXPR_OR:
        for (size_t i = 0; i < e->part_count; i++)
            if (evaluate(j, e->parts[i], depth + 1))
                return true;
        return false;
    case FIRN_EXPR_EQ:
    case FIRN_EXPR_NE:
    case FIRN_EXPR_LT:
    case FIRN_EXPR_LE:
    case FIRN_EXPR_GT:
    case FIRN_EXPR_GE:
    case FIRN_EXPR_IN:
    case FIRN_EXPR_IS_NULL:
    case FIRN_EXPR_NOT_NULL:
    case FIRN_EXPR_STARTS_WITH:
        break;
    }
    return j->predicate(j, e);
}

static bool judge_manifest(const judge *j, const firn_expr *e)
{
    return partitions_may_match(e, j->spec, j->types, summary_range, j->mf);
}

bool firn_expr_manifest_may_match(const firn_expr *e, const firn_spec *spec, const firn_type *types,
                                  const firn_manifest_file *mf)
{
    judge j = {.predicate = judge_manifest, .spec = spec, .types = types, .mf = mf};
    return evaluate(&j, e, 0);
}

static const firn_column_metrics *metrics_of(const firn_data_file *f, int32_t id)
{
    size_t lo = 0;
    size_t hi = f->metrics_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (f->metrics[mid].field_id == id)
            return &f->metrics[mid];
        if (f->metrics[mid].field_id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static bool metrics_may_match(const firn_expr *e, const firn_data_file *f)
{
    const firn_column_metrics *c = metrics_of(f, e->field_id);
    if (!c)
        return true;
    range r = {.type = e->type,
               .may_have_null = c->null_value_count != 0,
               .may_have_nan = is_floating(e->type) && c->nan_value_count != 0,
               .may_have_value = c->null_value_count < 0 || c->value_count < 0 ||
                                 c->null_value_count < c->value_count};
    set_bounds(&r, c->lower_bound, c->upper_bound);
    return range_may_match(e, &r);
}

static bool judge_file(const judge *j, const firn_expr *e)
{
    return partitions_may_match(e, j->spec, j->types, value_range, j->file) &&
           metrics_may_match(e, j->file);
}

bool firn_expr_file_may_match(const firn_expr *e, const firn_spec *spec, const firn_type *types,
                              const firn_data_file *f)
{
    judge j = {.predicate = judge_file, .spec = spec, .types = types, .file = f};
    return evaluate(&j, e, 0);
}
