/* SPDX-License-Identifier: Apache-2.0 */
/* What the policy of a stream makes of a place: the kind a new column has, what becomes of values
 * that do not fit, what may change later. */
#include "format/layout_int.h"

static const firn_layout_policy no_policy = {.conflicts = FIRN_CONFLICTS_STRING};

static const firn_layout_policy *policy_of(const firn_layout_maker *m)
{
    return m->in->policy ? m->in->policy : &no_policy;
}

/* --- contracts ----------------------------------------------------------------------------- */

/* What the nearest column around says itself. */
static firn_contract said_at(const firn_layout_place *at)
{
    for (; at; at = at->parent)
        if (at->given && at->given->contract != FIRN_CONTRACT_UNSAID)
            return at->given->contract;
    return FIRN_CONTRACT_UNSAID;
}

static firn_contract contract_at(const firn_layout_place *at, firn_contract of_stream, bool holds)
{
    firn_contract said = said_at(at);
    if (!holds)
        return FIRN_CONTRACT_EVOLVE;
    if (said != FIRN_CONTRACT_UNSAID)
        return said;
    return of_stream != FIRN_CONTRACT_UNSAID ? of_stream : FIRN_CONTRACT_EVOLVE;
}

/* A type that was given is known before there is a table. */
firn_contract firn_layout_type_contract(const firn_layout_maker *m, const firn_layout_place *at,
                                        bool given)
{
    return contract_at(at, policy_of(m)->data_type, m->in->exists || given);
}

firn_contract firn_layout_field_contract(const firn_layout_maker *m, const firn_layout_place *at)
{
    return contract_at(at, policy_of(m)->columns, m->in->exists);
}

/* --- new columns --------------------------------------------------------------------------- */

static bool is_one_kind(uint32_t kinds)
{
    return (kinds & (kinds - 1)) == 0;
}

static bool has_too_many_keys(const firn_layout_maker *m, const firn_shape *s)
{
    return s->rest || s->field_count > firn_layout_max_fields(m);
}

/* Several kinds: which of them the column is for. */
static void settle_kinds(const firn_layout_policy *policy, firn_layout_head *head)
{
    uint32_t kinds = head->seen.seen & ~(uint32_t)FIRN_SEEN_NULL;
    if (is_one_kind(kinds) || policy->conflicts == FIRN_CONFLICTS_STRING)
        return;
    head->json = policy->conflicts == FIRN_CONFLICTS_JSON;
    if (!head->json)
        head->seen.seen = firn_shape_main_kind(&head->seen);
}

firn_layout_head firn_layout_choose(const firn_layout_maker *m, const firn_layout_place *at)
{
    firn_layout_head head = {.seen = *at->seen};
    const firn_layout_policy *policy = policy_of(m);
    settle_kinds(policy, &head);
    uint32_t kinds = head.seen.seen & ~(uint32_t)FIRN_SEEN_NULL;
    bool nested = kinds == FIRN_SEEN_OBJECT || kinds == FIRN_SEEN_ARRAY;
    head.known = firn_shape_head(&head.seen, m->in->limits, at->level, &head.type);
    bool strict = policy->conflicts != FIRN_CONFLICTS_STRING;
    if (strict && head.type.kind == FIRN_T_STRING && !(head.seen.seen & FIRN_SEEN_TEXT))
        head.json = true; /* numbers of any length */
    if (!m->in->policy || !nested)
        return head;
    head.map = head.seen.seen & FIRN_SEEN_OBJECT && has_too_many_keys(m, &head.seen) &&
               policy->nested != FIRN_NESTED_JSON;
    head.json |=
        !head.map && (policy->nested == FIRN_NESTED_JSON || head.type.kind == FIRN_T_STRING);
    if (head.json)
        head.type = (firn_type){.kind = FIRN_T_STRING};
    return head;
}

/* --- misfits ------------------------------------------------------------------------------- */

static firn_misfit by_contract(firn_contract contract, firn_misfit otherwise)
{
    switch (contract) {
    case FIRN_CONTRACT_FREEZE:
        return FIRN_MISFIT_FAIL;
    case FIRN_CONTRACT_DISCARD_VALUE:
        return FIRN_MISFIT_DISCARD;
    case FIRN_CONTRACT_REJECT:
        return FIRN_MISFIT_REJECT;
    case FIRN_CONTRACT_UNSAID:
    case FIRN_CONTRACT_EVOLVE:
        break;
    }
    return otherwise;
}

/* A type that was given is a promise of the source: what breaks it is a bad record, unless the user
 * says otherwise. */
static bool follows_policy(const firn_layout_maker *m, const firn_layout_place *at, bool given)
{
    return !given || policy_of(m)->conflicts_said || said_at(at) == FIRN_CONTRACT_EVOLVE;
}

static firn_misfit value_misfit(const firn_layout_maker *m, const firn_layout_place *at, bool given)
{
    firn_misfit how = FIRN_MISFIT_REJECT;
    if (follows_policy(m, at, given) && policy_of(m)->conflicts == FIRN_CONFLICTS_RESIDUAL)
        how = FIRN_MISFIT_RESIDUAL;
    if (follows_policy(m, at, given) && policy_of(m)->conflicts == FIRN_CONFLICTS_FAIL)
        how = FIRN_MISFIT_FAIL;
    return by_contract(firn_layout_type_contract(m, at, given), how);
}

firn_misfit firn_layout_key_misfit(const firn_layout_maker *m, const firn_layout_place *at,
                                   bool given)
{
    firn_misfit how = FIRN_MISFIT_REJECT;
    if (follows_policy(m, at, given) && policy_of(m)->conflicts == FIRN_CONFLICTS_RESIDUAL)
        how = FIRN_MISFIT_RESIDUAL;
    return by_contract(firn_layout_field_contract(m, at), how);
}

/* The parts of a map whose type was given are made from the type alone. */
static void inherit(const firn_layout *from, firn_layout *below)
{
    for (size_t i = 0; i < below->child_count; i++) {
        below->children[i].misfit = from->misfit;
        below->children[i].unknown = from->unknown;
        inherit(from, &below->children[i]);
    }
}

static bool takes_all(const firn_layout *node)
{
    return node->json || (node->type.kind == FIRN_T_STRING && !node->strict);
}

static bool is_strict(const firn_layout_maker *m, const firn_layout *node)
{
    firn_conflicts c = policy_of(m)->conflicts;
    return node->type.kind == FIRN_T_STRING && !node->json && !node->given &&
           c != FIRN_CONFLICTS_STRING && c != FIRN_CONFLICTS_JSON;
}

static void decide_struct(firn_layout_maker *m, const firn_layout_place *at, firn_layout *node)
{
    node->grows = !node->given && !m->in->freeze &&
                  firn_layout_field_contract(m, at) == FIRN_CONTRACT_EVOLVE &&
                  node->child_count < firn_layout_max_fields(m);
    node->unknown = firn_layout_key_misfit(m, at, node->given);
    node->crowded |= at->old && at->old->crowded;
    m->overflows |= node->unknown == FIRN_MISFIT_RESIDUAL && (node->crowded || node->given);
}

void firn_layout_decide(firn_layout_maker *m, const firn_layout_place *at, firn_layout *node)
{
    bool root = !at->parent;
    node->misfit = value_misfit(m, at, node->given);
    node->strict = is_strict(m, node);
    node->widens = !node->given && !m->in->freeze &&
                   firn_layout_type_contract(m, at, false) == FIRN_CONTRACT_EVOLVE;
    bool misfits = !root && at->seen && firn_layout_misfits(at, node);
    node->settled = (at->old && at->old->settled) || misfits;
    if (node->misfit == FIRN_MISFIT_RESIDUAL && !root)
        m->overflows |= misfits || (node->given && !takes_all(node));
    if (node->type.kind == FIRN_T_STRUCT)
        decide_struct(m, at, node);
    if (node->type.kind == FIRN_T_MAP && node->given)
        inherit(node, node);
}

const char *firn_layout_way(firn_misfit how)
{
    switch (how) {
    case FIRN_MISFIT_RESIDUAL:
        return "go to " FIRN_RESIDUAL_NAME;
    case FIRN_MISFIT_DISCARD:
        return "are left out and listed in the rejects";
    case FIRN_MISFIT_FAIL:
        return "end the landing";
    case FIRN_MISFIT_REJECT:
        break;
    }
    return "go to the rejects";
}
