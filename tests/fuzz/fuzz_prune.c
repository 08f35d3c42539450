/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as the engine's plans print them, alone and in plans: understood or not, and what is
 * understood is a predicate that files can be held against. */
#include "fuzz_ice.h"

#include "engine/prune.h"

const char *const fuzz_tokens[] = {
    " AND ",
    " OR ",
    " IS NULL",
    " IS NOT NULL",
    "'2024-05-01'::DATE",
    "NOT ",
    "optional: ",
    " IN (",
    "(",
    ")",
    ",",
    "=",
    "!=",
    "<=",
    "CAST(",
    " AS DATE)",
    "::VARCHAR",
    "prefix(",
    "starts_with(",
    "'",
    "''",
    "NULL",
    "i",
    "l",
    "s",
    "ts",
    "dec",
    "db",
    "\"l\"",
    "'1969-12-31 23:59:59+00'::TIMESTAMP WITH TIME ZONE",
    "-9223372036854775808",
    "1e400",
    "'NaN'::DOUBLE",
    "\"name\":\"SEQ_SCAN\"",
    "\"extra_info\":{\"Table\":\"a.b.c\"",
    "\"Filters\":\"",
    "\"children\":[",
    NULL,
};

/* Trees of predicates are as the header says, and can be asked. */
static void check_expr(const firn_expr *e, int depth)
{
    fuzz_require(depth < 1000, "deeper than the text");
    fuzz_require(e->part_count == 0 || e->op == FIRN_EXPR_AND || e->op == FIRN_EXPR_OR, "parts");
    for (size_t i = 0; i < e->part_count; i++)
        check_expr(e->parts[i], depth + 1);
    for (size_t i = 0; e->type && i + 1 < e->value_count; i++)
        (void)firn_value_cmp(e->type, &e->values[i], &e->values[i + 1]);
}

static void ask(const firn_expr *e, const firn_metadata *m, firn_arena *a)
{
    firn_err err = {0};
    firn_type *types;
    const firn_spec *spec = firn_metadata_spec(m, 0);
    fuzz_require(firn_metadata_partition_types(m, spec, a, &types, &err) == FIRN_OK, "%s",
                 err.text);
    firn_value *values = firn_arena_zalloc(a, spec->field_count * sizeof *values);
    fuzz_require(values, "no memory");
    for (size_t i = 0; i < spec->field_count; i++)
        values[i] = FIRN_VALUE_NULL;
    static const uint8_t bytes[16];
    firn_column_metrics metrics[13];
    for (int i = 0; i < 13; i++)
        metrics[i] = (firn_column_metrics){.field_id = i + 1,
                                           .column_size = -1,
                                           .value_count = 1,
                                           .nan_value_count = -1,
                                           .lower_bound = {bytes, i == 0 ? 4 : 8},
                                           .upper_bound = {bytes, i == 0 ? 4 : 8}};
    firn_data_file f = {.partition = values,
                        .record_count = 1,
                        .metrics = metrics,
                        .metrics_count = FIRN_COUNT_OF(metrics)};
    firn_manifest_file mf = {.added_files_count = 1};
    bool may = firn_expr_file_may_match(e, spec, types, &f);
    fuzz_require(may || e->op != FIRN_EXPR_TRUE, "what prunes nothing prunes");
    (void)firn_expr_manifest_may_match(e, spec, types, &mf);
}

static void try_plan(firn_slice text, const firn_metadata *m, firn_arena *a)
{
    firn_err err = {0};
    json_t *plan = NULL;
    const firn_expr *e = NULL;
    if (firn_json_parse_loose(text, &plan, &err) != FIRN_OK)
        return;
    fuzz_keep_json(plan, a);
    if (fuzz_ok(firn_prune_filter(plan, FIRN_STR_LIT("a.b.c"), &m->schema->type, a, &e, &err),
                &err) &&
        e) {
        check_expr(e, 0);
        ask(e, m, a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    const firn_metadata *m = fuzz_table(a);
    const firn_expr *e = NULL;
    firn_str text = {(const char *)data, size};
    if (fuzz_ok(firn_prune_condition(text, &m->schema->type, a, &e, &err), &err) && e) {
        check_expr(e, 0);
        ask(e, m, a);
    }
    try_plan((firn_slice){data, size}, m, a);
    fuzz_free(a, size, (size_t)2 << 20, 4000);
    return 0;
}
