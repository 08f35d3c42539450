/* SPDX-License-Identifier: Apache-2.0 */
/* What an ingest entry says about values that do not fit: conflicts of types, contracts, nesting.
 */
#include "pipeline/project_int.h"

#define MAX_FIELDS 1000
#define MAX_DEPTH  32

const char *const firn_conflicts_words[] = {"residual", "string", "json", "reject", "fail", NULL};
const char *const firn_nested_words[] = {"native", "json", "flatten", NULL};

static const firn_conflicts conflicts_of[] = {FIRN_CONFLICTS_RESIDUAL, FIRN_CONFLICTS_STRING,
                                              FIRN_CONFLICTS_JSON, FIRN_CONFLICTS_REJECT,
                                              FIRN_CONFLICTS_FAIL};

typedef struct contract_raw {
    const firn_conf *tables;
    const firn_conf *columns;
    const firn_conf *data_type;
} contract_raw;

const firn_option firn_contract_options[] = {
    {.key = "tables",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(contract_raw, tables),
     .shapes = FIRN_CONF_TEXT,
     .computed = "evolve",
     .example = "freeze",
     .help = "When there is no table yet: evolve makes it; anything else refuses to land."},
    {.key = "columns",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(contract_raw, columns),
     .shapes = FIRN_CONF_TEXT,
     .computed = "evolve",
     .example = "discard_value",
     .help = "A key or header that the table has no column for: evolve adds one; freeze fails; "
             "discard_value lands the record without it and lists the value in the rejects; "
             "reject, or discard_row, sends the record to the rejects."},
    {.key = "data_type",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(contract_raw, data_type),
     .shapes = FIRN_CONF_TEXT,
     .computed = "evolve",
     .example = "reject",
     .help = "A value that its column does not take: evolve widens the type where Iceberg can, and "
             "leaves the rest to on_conflict_of_types; the other words as with columns."},
    {.key = NULL},
};

firn_code firn_read_contract(const firn_conf *c, firn_contract *ret, firn_err *err)
{
    static const struct {
        const char *word;
        firn_contract contract;
    } words[] = {{"evolve", FIRN_CONTRACT_EVOLVE},
                 {"freeze", FIRN_CONTRACT_FREEZE},
                 {"discard_value", FIRN_CONTRACT_DISCARD_VALUE},
                 {"discard_row", FIRN_CONTRACT_REJECT},
                 {"reject", FIRN_CONTRACT_REJECT}};
    firn_str names[FIRN_COUNT_OF(words)];
    if (!c)
        return FIRN_OK;
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++) {
        names[i] = firn_str_of(words[i].word);
        if (!firn_str_eq(c->text, names[i]))
            continue;
        *ret = words[i].contract;
        return FIRN_OK;
    }
    int near = firn_str_nearest(c->text, names, FIRN_COUNT_OF(words));
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "'contract' has no word %s",
                    firn_conf_quote(c).s);
    if (near >= 0 && !c->replaced)
        firn_err_advise(err, "did you mean '%s'?", words[near].word);
    else
        firn_err_advise(err, "evolve, freeze, discard_value, discard_row or reject");
    return FIRN_E_CONFIG;
}

firn_code firn_read_policy(const firn_policy_raw *raw, const firn_conf *map, firn_arena *a,
                           firn_ingest *ret, firn_err *err)
{
    contract_raw c = {
        .tables = raw->contract, .columns = raw->contract, .data_type = raw->contract};
    firn_layout_policy *p = &ret->policy;
    bool is_map = raw->contract && raw->contract->kind == FIRN_CONF_MAP;
    if (is_map) {
        c = (contract_raw){0};
        FIRN_TRY(firn_options_fill(firn_contract_options, raw->contract, true, &c, a, err));
    }
    FIRN_TRY(firn_read_contract(c.tables, &p->tables, err));
    FIRN_TRY(firn_read_contract(c.columns, &p->columns, err));
    FIRN_TRY(firn_read_contract(c.data_type, &p->data_type, err));
    if (raw->contract && !is_map) /* one word is about what changes; a first table is none */
        p->tables = FIRN_CONTRACT_UNSAID;
    p->conflicts_said = firn_conf_get(map, "on_conflict_of_types") != NULL;
    p->conflicts = conflicts_of[raw->conflicts];
    p->nested = (firn_nested)raw->nested;
    ret->max_fields = (size_t)raw->max_fields;
    return FIRN_OK;
}

/* The cells of a CSV file are texts: a column of several kinds is text, as everybody expects.
 * Parquet (no decoder) knows its types. */
firn_layout_policy firn_ingest_policy(const firn_ingest *ingest, const firn_decoder_ops *decoder)
{
    firn_layout_policy p = ingest->policy;
    if (!p.conflicts_said)
        p.conflicts = !decoder || decoder == &firn_decoder_csv ? FIRN_CONFLICTS_STRING
                                                               : FIRN_CONFLICTS_RESIDUAL;
    return p;
}

firn_shape_limits firn_ingest_limits(const firn_ingest *ingest)
{
    return (firn_shape_limits){.max_fields = ingest->max_fields ? ingest->max_fields : MAX_FIELDS,
                               .max_depth = MAX_DEPTH};
}
