/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/metrics.h"

#include "base/str.h"
#include "iceberg/sort_order.h"

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

/* A field of a struct, the element of a list, the key or value of a map. */
static const firn_field *child_named(const firn_type *t, firn_str name)
{
    if (t->kind == FIRN_T_LIST)
        return &t->fields[0];
    if (t->kind == FIRN_T_MAP)
        return &t->fields[firn_str_eqc(name, "key") ? 0 : 1];
    return t->kind == FIRN_T_STRUCT ? firn_type_field(t, name) : NULL;
}

/* Finds the primitive field a path leads to, NULL if there is none, and whether the path goes
 * through a list or map.  The dotted path comes back in `dotted`. */
static const firn_field *field_of_path(const firn_type *schema, firn_str path, firn_buf *dotted,
                                       bool *ret_repeated, firn_err *err)
{
    char name[2048];
    size_t n;
    const firn_type *at = schema;
    const firn_field *f = NULL;
    *ret_repeated = false;
    while (path.n && cut_name(&path, name, sizeof name, &n)) {
        *ret_repeated |= at->kind == FIRN_T_LIST || at->kind == FIRN_T_MAP;
        f = child_named(at, (firn_str){name, n});
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

/* Reads a bound; *ret_known is false when the text says none, which is always right.  A moment that
 * no table can keep is an error wherever it stands, also inside of lists and maps. */
static firn_code read_bound(const firn_type *t, firn_str path, firn_str text, firn_arena *a,
                            firn_value *ret, bool *ret_known, firn_err *err)
{
    *ret_known = firn_value_from_engine(t, text, a, ret);
    if (*ret_known || !is_moment(t->kind))
        return FIRN_OK;
    firn_raise(err, FIRN_E_DATA, "column %s holds %s, which no table can keep", firn_quote(path).s,
               firn_quote(text).s);
    return firn_err_advise(err, "values must lie in years 0001 to 9999 and be finite: turn "
                                "others into null, for example with CASE WHEN isfinite(…)");
}

static firn_code make_bound(const firn_field *f, firn_str path, firn_str text, bool upper,
                            firn_metrics_rule rule, firn_arena *a, firn_slice *ret, firn_err *err)
{
    firn_value v;
    bool known;
    FIRN_TRY(read_bound(&f->type, path, text, a, &v, &known, err));
    if (!known)
        return FIRN_OK;
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

static firn_code fill_column(const firn_field *f, firn_str path, const firn_engine_column *c,
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
        FIRN_TRY(make_bound(f, path, c->min, false, rule, a, &lower, err));
    if (c->has_max)
        FIRN_TRY(make_bound(f, path, c->max, true, rule, a, &upper, err));
    if (rule.mode == FIRN_METRICS_COUNTS)
        return FIRN_OK;
    m->lower_bound = lower;
    m->upper_bound = upper;
    return FIRN_OK;
}

/* Columns inside of lists and maps have no metrics, but what they hold is looked at. */
static firn_code check_repeated(const firn_field *f, firn_str path, const firn_engine_column *c,
                                firn_arena *a, firn_err *err)
{
    firn_value v;
    bool known;
    if (c->has_min)
        FIRN_TRY(read_bound(&f->type, path, c->min, a, &v, &known, err));
    return c->has_max ? read_bound(&f->type, path, c->max, a, &v, &known, err) : FIRN_OK;
}

static int by_field_id(const void *a, const void *b)
{
    int32_t x = ((const firn_column_metrics *)a)->field_id;
    int32_t y = ((const firn_column_metrics *)b)->field_id;
    return (x > y) - (x < y);
}

/* Bounds are what a sorted column is sorted for: as in Java it gets them unless its own property
 * says otherwise.  Buckets are in no order that bounds know of. */
static firn_metrics_rule promote(const firn_metadata *m, const firn_sort_order *order,
                                 const firn_field *f, firn_str path, firn_metrics_rule rule)
{
    char key[512];
    bool sorted = false;
    if (rule.mode != FIRN_METRICS_NONE && rule.mode != FIRN_METRICS_COUNTS)
        return rule;
    for (size_t i = 0; i < order->field_count; i++)
        sorted = sorted || (order->fields[i].source_id == f->id &&
                            order->fields[i].transform.kind != FIRN_TRANSFORM_BUCKET);
    if (!sorted)
        return rule;
    int n = snprintf(key, sizeof key, "write.metadata.metrics.column.%.*s", FIRN_STR_ARG(path));
    bool said = n > 0 && (size_t)n < sizeof key && firn_metadata_property(m, key).p;
    return !said ? (firn_metrics_rule){FIRN_METRICS_TRUNCATE, DEFAULT_TRUNCATE} : rule;
}

firn_code firn_metrics_fill(const firn_metadata *m, const firn_type *schema,
                            const firn_engine_column *columns, size_t count, firn_arena *a,
                            firn_data_file *file, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf dotted = FIRN_BUF((size_t)1 << 20);
    firn_column_metrics *list = firn_arena_array(a, count, sizeof *list);
    firn_sort_order order = {0};
    if (!list)
        return firn_arena_raise(a, err);
    if (m)
        FIRN_TRY(firn_metadata_sort_order(m, a, &order, err));
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        firn_buf_clear(&dotted);
        bool repeated;
        const firn_field *f = field_of_path(schema, columns[i].path, &dotted, &repeated, err);
        firn_str path = firn_buf_str(&dotted);
        if (f && repeated)
            FIRN_TRY(check_repeated(f, path, &columns[i], a, err));
        if (!f || repeated)
            continue;
        firn_metrics_rule rule = firn_metrics_rule_for(m, path, i);
        rule = promote(m, &order, f, path, rule);
        FIRN_TRY(fill_column(f, path, &columns[i], rule, file->record_count, a, &list[n], err));
        if (rule.mode != FIRN_METRICS_NONE)
            n++;
    }
    if (n > 1)
        qsort(list, n, sizeof *list, by_field_id);
    file->metrics = list;
    file->metrics_count = n;
    return FIRN_OK;
}
