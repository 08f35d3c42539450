/* SPDX-License-Identifier: Apache-2.0 */
/* Joins the writer's schema with what is wanted, by field id, before the first record is read. */
#include "format/avro_int.h"

#include "base/str.h"

/* Fields looked at while planning.  A schema of unions of records that refer to each other has
 * more ways through it than bytes. */
#define MAX_FIELDS ((size_t)1 << 18)

typedef struct planner {
    firn_arena *a;
    firn_err *err;
    size_t left; /* fields that may still be looked at */
} planner;

typedef struct wanted {
    const firn_avro_want *v;
    size_t n;
} wanted;

static firn_code plan_type(planner *p, const firn_avro_node *node, wanted w,
                           const firn_avro_plan **ret);

/* Returns the index of the want with this id, or w.n.  Both sides mostly have the same order:
 * the search starts where the last one ended. */
static size_t find_want(wanted w, int32_t id, size_t hint)
{
    for (size_t i = 0; i < w.n; i++) {
        size_t k = hint + i < w.n ? hint + i : hint + i - w.n;
        if (w.v[k].id == id)
            return k;
    }
    return w.n;
}

/* Appends the skip of a field that is not wanted; runs of them become one step where they can. */
static void add_skip(firn_avro_plan *plan, const firn_avro_skip *skip)
{
    firn_avro_step *last = plan->step_count ? &plan->steps[plan->step_count - 1] : NULL;
    size_t had = last && !last->plan;
    size_t n = had;
    firn_avro_skip merged[2] = {had ? last->skip : *skip};
    firn_avro_skip_append(merged, &n, skip);
    if (had)
        last->skip = merged[0];
    if (n > had)
        plan->steps[plan->step_count++] = (firn_avro_step){.skip = merged[had]};
}

static firn_code add_wanted(planner *p, firn_avro_plan *plan, const firn_avro_field *field,
                            const firn_avro_want *want, size_t slot)
{
    firn_avro_step *step = &plan->steps[plan->step_count];
    *step = (firn_avro_step){.slot = slot, .name = field->name};
    wanted inner = {want->fields, want->field_count};
    if (plan_type(p, field->type, inner, &step->plan) != FIRN_OK)
        return firn_wrap(p->err, "field %s (id %d)", firn_quote(field->name).s, (int)field->id);
    plan->step_count++;
    return FIRN_OK;
}

static bool is_pair(const firn_avro_node *node, const firn_avro_plan *plan)
{
    if (node->field_count != 2 || plan->slot_count != 2 || plan->step_count != 2)
        return false;
    firn_avro_type key = node->fields[0].type->type;
    return (key == FIRN_AVRO_T_INT || key == FIRN_AVRO_T_LONG) && plan->steps[0].plan &&
           plan->steps[0].slot == 0 && plan->steps[1].plan && plan->steps[1].slot == 1;
}

static firn_code plan_fields(planner *p, const firn_avro_node *node, wanted w, firn_avro_plan *plan)
{
    bool *seen = firn_arena_array(p->a, w.n, sizeof *seen);
    if (!seen)
        return firn_arena_raise(p->a, p->err);
    size_t hint = 0;
    size_t found = 0;
    for (size_t i = 0; i < node->field_count; i++) {
        const firn_avro_field *field = &node->fields[i];
        size_t slot = field->id < 0 ? w.n : find_want(w, field->id, hint);
        if (slot == w.n) {
            add_skip(plan, &field->type->skip);
            continue;
        }
        if (seen[slot])
            return firn_raise(p->err, FIRN_E_DATA, "two fields have the id %d", (int)field->id);
        seen[slot] = true;
        hint = slot + 1;
        found++;
        FIRN_TRY(add_wanted(p, plan, field, &w.v[slot], slot));
    }
    plan->has_gaps = found < w.n;
    plan->is_pair = is_pair(node, plan);
    return FIRN_OK;
}

static firn_code plan_record(planner *p, const firn_avro_node *node, wanted w, firn_avro_plan *plan)
{
    if (node->field_count >= p->left)
        return firn_raise(p->err, FIRN_E_DATA, "the schema refers to itself too often");
    p->left -= node->field_count + 1;
    plan->slot_count = w.n;
    plan->steps = firn_arena_array(p->a, node->field_count, sizeof *plan->steps);
    if (!plan->steps)
        return firn_arena_raise(p->a, p->err);
    return plan_fields(p, node, w, plan);
}

static firn_code plan_union(planner *p, const firn_avro_node *node, wanted w, firn_avro_plan *plan)
{
    if (node->branch_count >= p->left)
        return firn_raise(p->err, FIRN_E_DATA, "the schema refers to itself too often");
    p->left -= node->branch_count + 1;
    plan->branches = firn_arena_array(p->a, node->branch_count, sizeof(firn_avro_plan *));
    if (!plan->branches)
        return firn_arena_raise(p->a, p->err);
    for (size_t i = 0; i < node->branch_count; i++)
        FIRN_TRY(plan_type(p, node->branches[i], w, &plan->branches[i]));
    return FIRN_OK;
}

static firn_code plan_type(planner *p, const firn_avro_node *node, wanted w,
                           const firn_avro_plan **ret)
{
    firn_avro_plan *plan = firn_arena_zalloc(p->a, sizeof *plan);
    if (!plan)
        return firn_arena_raise(p->a, p->err);
    plan->type = node->type;
    plan->node = node;
    if (node->type == FIRN_AVRO_T_RECORD)
        FIRN_TRY(plan_record(p, node, w, plan));
    else if (node->type == FIRN_AVRO_T_UNION)
        FIRN_TRY(plan_union(p, node, w, plan));
    else if (node->item)
        FIRN_TRY(plan_type(p, node->item, w, &plan->item));
    else if (node->type != FIRN_AVRO_T_NULL && w.n > 0)
        return firn_raise(p->err, FIRN_E_DATA, "it is written as %s where records are expected",
                          firn_avro_type_name(node->type));
    *ret = plan;
    return FIRN_OK;
}

static firn_code check_wants(const firn_avro_want *wants, size_t count, firn_err *err)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (wants[i].id == wants[k].id)
                return firn_raise(err, FIRN_E_INVAL, "the field id %d is wanted twice",
                                  (int)wants[i].id);
    return FIRN_OK;
}

firn_code firn_avro_plan_make(const firn_avro_node *record, const firn_avro_want *wants,
                              size_t count, firn_arena *a, const firn_avro_plan **ret,
                              firn_err *err)
{
    FIRN_TRY(check_wants(wants, count, err));
    planner p = {.a = a, .err = err, .left = MAX_FIELDS};
    return plan_type(&p, record, (wanted){wants, count}, ret);
}
