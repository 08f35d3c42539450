/* SPDX-License-Identifier: Apache-2.0 */
/* Expected rows and found rows: which belong together, and where they differ. */
#include "pipeline/unit_int.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

#define PAIR_MAX 500 /* rows left over on one side: above, they are not paired by likeness */

/* --- cells --------------------------------------------------------------------------------- */

/* "12.50" and "12.5" are one number; "-0.0" is "0". */
static firn_str bare_number(firn_str s)
{
    if (s.n && memchr(s.p, '.', s.n)) {
        while (s.n && s.p[s.n - 1] == '0')
            s.n--;
        if (s.n && s.p[s.n - 1] == '.')
            s.n--;
    }
    return firn_str_eqc(s, "-0") ? (firn_str){s.p + 1, 1} : s;
}

static bool near(firn_str x, firn_str y, double tolerance)
{
    double a;
    double b;
    if (!firn_str_f64(x, &a) || !firn_str_f64(y, &b))
        return firn_str_ieq(x, y); /* nan, inf */
    return a == b || fabs(a - b) <= tolerance;
}

bool firn_unit_cell_eq(const firn_unit_cell *x, const firn_unit_cell *y, firn_unit_class kind,
                       double tolerance)
{
    if (x->alien || y->alien)
        return false;
    if (!x->text.p || !y->text.p)
        return !x->text.p && !y->text.p;
    if (firn_str_eq(x->text, y->text))
        return true;
    if (kind == FIRN_UNIT_NUMBER)
        return firn_str_eq(bare_number(x->text), bare_number(y->text));
    return kind == FIRN_UNIT_FLOAT && near(x->text, y->text, tolerance);
}

/* --- rows ---------------------------------------------------------------------------------- */

typedef struct comparing {
    const firn_unit_test *test;
    const firn_unit_class *classes;
    const firn_unit_table *expected;
    const firn_unit_table *found;
    size_t columns;
    bool *expected_done;
    bool *found_done;
    firn_arena *a;
    FIRN_VEC(firn_unit_diff) diffs;
} comparing;

static size_t differences(const comparing *c, const firn_unit_cell *x, const firn_unit_cell *y)
{
    size_t n = 0;
    for (size_t i = 0; i < c->columns; i++)
        n += !firn_unit_cell_eq(&x[i], &y[i], c->classes[i], c->test->tolerance);
    return n;
}

static bool are_equal(const comparing *c, const firn_unit_cell *x, const firn_unit_cell *y)
{
    for (size_t i = 0; i < c->columns; i++)
        if (!firn_unit_cell_eq(&x[i], &y[i], c->classes[i], c->test->tolerance))
            return false;
    return true;
}

static firn_code add_diff(comparing *c, size_t row, firn_unit_cell *expected,
                          const firn_unit_cell *found, firn_err *err)
{
    firn_unit_diff d = {.row = row, .expected = expected, .found = found};
    if (expected && found) {
        bool *differs = firn_arena_array(c->a, c->columns, sizeof *differs);
        if (!differs)
            return firn_arena_raise(c->a, err);
        for (size_t i = 0; i < c->columns; i++)
            differs[i] =
                !firn_unit_cell_eq(&expected[i], &found[i], c->classes[i], c->test->tolerance);
        d.differs = differs;
    }
    return firn_vec_push(c->a, &c->diffs, d) ? FIRN_OK : firn_arena_raise(c->a, err);
}

static firn_code compare_ordered(comparing *c, firn_err *err)
{
    size_t n = FIRN_MAX(c->expected->count, c->found->count);
    for (size_t i = 0; i < n; i++) {
        firn_unit_cell *x = i < c->expected->count ? c->expected->rows[i] : NULL;
        firn_unit_cell *y = i < c->found->count ? c->found->rows[i] : NULL;
        if (!x || !y || !are_equal(c, x, y))
            FIRN_TRY(add_diff(c, i + 1, x, y, err));
    }
    return FIRN_OK;
}

/* Each expected row takes one found row that is as it is. */
static void match_equal(comparing *c)
{
    size_t first = 0; /* those before it are all taken */
    for (size_t i = 0; i < c->expected->count; i++) {
        while (first < c->found->count && c->found_done[first])
            first++;
        for (size_t k = first; k < c->found->count; k++) {
            if (c->found_done[k] || !are_equal(c, c->expected->rows[i], c->found->rows[k]))
                continue;
            c->expected_done[i] = true;
            c->found_done[k] = true;
            break;
        }
    }
}

/* The rows that are most alike; at least half of the cells must be. */
static bool best_pair(const comparing *c, size_t *ret_expected, size_t *ret_found)
{
    size_t best = c->columns / 2 + 1;
    bool any = false;
    for (size_t i = 0; i < c->expected->count; i++)
        for (size_t k = 0; !c->expected_done[i] && k < c->found->count; k++) {
            size_t n =
                c->found_done[k] ? best : differences(c, c->expected->rows[i], c->found->rows[k]);
            if (n >= best)
                continue;
            best = n;
            any = true;
            *ret_expected = i;
            *ret_found = k;
        }
    return any;
}

static size_t left_over(const bool *done, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += !done[i];
    return n;
}

static firn_code pair_alike(comparing *c, firn_err *err)
{
    size_t x = left_over(c->expected_done, c->expected->count);
    size_t y = left_over(c->found_done, c->found->count);
    size_t i;
    size_t k;
    /* pairs × rows × rows: the work stays small */
    if (x * y * FIRN_MIN(x, y) > (size_t)PAIR_MAX * PAIR_MAX)
        return FIRN_OK;
    if (x == 1 && y == 1) { /* nothing else to be meant */
        for (i = 0; c->expected_done[i]; i++)
            continue;
        for (k = 0; c->found_done[k]; k++)
            continue;
        c->expected_done[i] = true;
        c->found_done[k] = true;
        return add_diff(c, 0, c->expected->rows[i], c->found->rows[k], err);
    }
    while (best_pair(c, &i, &k)) {
        c->expected_done[i] = true;
        c->found_done[k] = true;
        FIRN_TRY(add_diff(c, 0, c->expected->rows[i], c->found->rows[k], err));
    }
    return FIRN_OK;
}

static firn_code compare_sets(comparing *c, firn_err *err)
{
    c->expected_done = firn_arena_array(c->a, c->expected->count + 1, sizeof *c->expected_done);
    c->found_done = firn_arena_array(c->a, c->found->count + 1, sizeof *c->found_done);
    if (!c->expected_done || !c->found_done)
        return firn_arena_raise(c->a, err);
    match_equal(c);
    FIRN_TRY(pair_alike(c, err));
    for (size_t i = 0; i < c->expected->count; i++)
        if (!c->expected_done[i])
            FIRN_TRY(add_diff(c, 0, c->expected->rows[i], NULL, err));
    for (size_t k = 0; k < c->found->count; k++)
        if (!c->found_done[k])
            FIRN_TRY(add_diff(c, 0, NULL, c->found->rows[k], err));
    return FIRN_OK;
}

firn_code firn_unit_compare(const firn_unit_test *test, const firn_unit_class *classes,
                            const firn_unit_table *expected, const firn_unit_table *found,
                            firn_arena *a, firn_unit_result *ret, firn_err *err)
{
    comparing c = {.test = test,
                   .classes = classes,
                   .expected = expected,
                   .found = found,
                   .columns = ret->column_count,
                   .a = a};
    FIRN_TRY(test->ordered ? compare_ordered(&c, err) : compare_sets(&c, err));
    ret->expected_rows = expected->count;
    ret->found_rows = found->count;
    ret->diffs = c.diffs.v;
    ret->diff_count = c.diffs.n;
    ret->status = c.diffs.n ? FIRN_UNIT_FAILED : FIRN_UNIT_PASSED;
    return FIRN_OK;
}
