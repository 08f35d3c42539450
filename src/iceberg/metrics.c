/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/metrics.h"

#include "base/str.h"

#include <string.h>

#define DEFAULT_TRUNCATE     16
#define MAX_INFERRED_COLUMNS 100

firn_metrics_rule firn_metrics_rule_parse(firn_str text)
{
    firn_metrics_rule rule = {FIRN_METRICS_TRUNCATE, DEFAULT_TRUNCATE};
    int64_t length;
    if (firn_str_eqc(text, "none"))
        rule.mode = FIRN_METRICS_NONE;
    else if (firn_str_eqc(text, "counts"))
        rule.mode = FIRN_METRICS_COUNTS;
    else if (firn_str_eqc(text, "full"))
        rule.mode = FIRN_METRICS_FULL;
    else if (firn_str_starts(text, "truncate(") && firn_str_ends(text, ")") &&
             firn_str_i64((firn_str){text.p + 9, text.n - 10}, &length) && length > 0)
        rule.length = (size_t)length;
    return rule;
}

firn_metrics_rule firn_metrics_rule_for(const firn_metadata *m, firn_str path, size_t place)
{
    firn_str text = {NULL, 0};
    if (m) {
        char key[512];
        int n = snprintf(key, sizeof key, "write.metadata.metrics.column.%.*s", FIRN_STR_ARG(path));
        if (n > 0 && (size_t)n < sizeof key)
            text = firn_metadata_property(m, key);
        if (!text.p)
            text = firn_metadata_property(m, "write.metadata.metrics.default");
    }
    if (text.p)
        return firn_metrics_rule_parse(text);
    return (firn_metrics_rule){
        place < MAX_INFERRED_COLUMNS ? FIRN_METRICS_TRUNCATE : FIRN_METRICS_NONE, DEFAULT_TRUNCATE};
}

/* Cuts one quoted name off a path; false at the end or on a wrong form. */
static bool cut_name(firn_str *rest, char *name, size_t cap, size_t *ret_n)
{
    size_t i = 1;
    size_t n = 0;
    if (rest->n < 2 || rest->p[0] != '"')
        return false;
    for (; i < rest->n; i++) {
        if (rest->p[i] == '"') {
            if (i + 1 >= rest->n || rest->p[i + 1] != '"')
                break;
            i++;
        }
        if (n == cap)
            return false;
        name[n++] = rest->p[i];
    }
    size_t used = i + 1;
    if (used < rest->n && rest->p[used] == '.')
        used++;
    *rest = used < rest->n ? (firn_str){rest->p + used, rest->n - used} : (firn_str){NULL, 0};
    *ret_n = n;
    return true;
}

/* Finds the field a path leads to; NULL when it leads through a list or map.  The dotted path
 * comes back in `dotted`. */
static const firn_field *field_of_path(const firn_type *schema, firn_str path, firn_buf *dotted,
                                       firn_err *err)
{
    char name[2048];
    size_t n;
    const firn_type *at = schema;
    const firn_field *f = NULL;
    while (path.n && cut_name(&path, name, sizeof name, &n)) {
        if (at->kind != FIRN_T_STRUCT)
            return NULL;
        f = firn_type_field(at, (firn_str){name, n});
        if (!f)
            return NULL;
        if ((dotted->n && firn_buf_addc(dotted, '.', err) != FIRN_OK) ||
            firn_buf_add(dotted, name, n, err) != FIRN_OK)
            return NULL;
        at = &f->type;
    }
    return f && !firn_type_is_nested(f->type.kind) ? f : NULL;
}

static bool is_moment(firn_type_kind k)
{
    return k == FIRN_T_DATE || k == FIRN_T_TIMESTAMP || k == FIRN_T_TIMESTAMPTZ;
}

/* Zero has two signs: the lower bound takes −0.0, the upper one +0.0. */
static void widen_zero(const firn_type *t, bool upper, firn_value *v)
{
    if (t->kind == FIRN_T_DOUBLE && v->u.d >= 0.0 && v->u.d <= 0.0)
        v->u.d = upper ? 0.0 : -0.0;
    if (t->kind == FIRN_T_FLOAT && v->u.f >= 0.0f && v->u.f <= 0.0f)
        v->u.f = upper ? 0.0f : -0.0f;
}

static firn_code make_bound(const firn_field *f, firn_str text, bool upper, firn_metrics_rule rule,
                            firn_arena *a, firn_slice *ret, firn_err *err)
{
    firn_value v;
    if (!firn_value_from_engine(&f->type, text, a, &v)) {
        if (!is_moment(f->type.kind))
            return FIRN_OK; /* no bound is always right */
        firn_raise(err, FIRN_E_DATA, "column %s holds %s, which no table can keep",
                   firn_quote(f->name).s, firn_quote(text).s);
        return firn_err_advise(err, "values must lie in years 0001 to 9999 and be finite: turn "
                                    "others into null, for example with CASE WHEN isfinite(…)");
    }
    widen_zero(&f->type, upper, &v);
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF((size_t)1 << 20);
    FIRN_TRY(firn_value_to_bytes(&f->type, &v, &b, err));
    firn_slice bytes = firn_arena_copy(a, firn_buf_slice(&b));
    if (!bytes.p)
        return firn_arena_raise(a, err);
    bool has = true;
    if (rule.mode == FIRN_METRICS_TRUNCATE && upper)
        FIRN_TRY(firn_bound_upper(&f->type, bytes, rule.length, a, &bytes, &has, err));
    else if (rule.mode == FIRN_METRICS_TRUNCATE)
        bytes = firn_bound_lower(&f->type, bytes, rule.length);
    if (has)
        *ret = bytes;
    return FIRN_OK;
}

static firn_code fill_column(const firn_field *f, const firn_engine_column *c,
                             firn_metrics_rule rule, int64_t record_count, firn_arena *a,
                             firn_column_metrics *m, firn_err *err)
{
    *m = (firn_column_metrics){.field_id = f->id,
                               .column_size = c->column_size,
                               .value_count = record_count,
                               .null_value_count = c->null_count,
                               .nan_value_count = c->has_nan == 0 ? 0 : -1};
    firn_slice lower = {NULL, 0};
    firn_slice upper = {NULL, 0};
    if (c->has_min)
        FIRN_TRY(make_bound(f, c->min, false, rule, a, &lower, err));
    if (c->has_max)
        FIRN_TRY(make_bound(f, c->max, true, rule, a, &upper, err));
    if (rule.mode == FIRN_METRICS_COUNTS)
        return FIRN_OK;
    m->lower_bound = lower;
    m->upper_bound = upper;
    return FIRN_OK;
}

static int by_field_id(const void *a, const void *b)
{
    int32_t x = ((const firn_column_metrics *)a)->field_id;
    int32_t y = ((const firn_column_metrics *)b)->field_id;
    return (x > y) - (x < y);
}

firn_code firn_metrics_fill(const firn_metadata *m, const firn_type *schema,
                            const firn_engine_column *columns, size_t count, firn_arena *a,
                            firn_data_file *file, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf dotted = FIRN_BUF((size_t)1 << 20);
    firn_column_metrics *list = firn_arena_array(a, count, sizeof *list);
    if (!list)
        return firn_arena_raise(a, err);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        firn_buf_clear(&dotted);
        const firn_field *f = field_of_path(schema, columns[i].path, &dotted, err);
        if (!f)
            continue;
        firn_metrics_rule rule = firn_metrics_rule_for(m, firn_buf_str(&dotted), i);
        FIRN_TRY(fill_column(f, &columns[i], rule, file->record_count, a, &list[n], err));
        if (rule.mode != FIRN_METRICS_NONE)
            n++;
    }
    if (n > 1)
        qsort(list, n, sizeof *list, by_field_id);
    file->metrics = list;
    file->metrics_count = n;
    return FIRN_OK;
}
