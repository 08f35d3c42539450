/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/replace_schema.h"

#include "base/str.h"

static void keep_id(const firn_type *have, firn_field *want, int32_t *last_column_id, firn_arena *a)
{
    const firn_field *old = firn_type_field(have, want->name);
    if (!old)
        return;
    firn_field copy = *old;
    const firn_type only_old = {.kind = FIRN_T_STRUCT, .fields = &copy, .field_count = 1};
    const firn_type only_want = {.kind = FIRN_T_STRUCT, .fields = want, .field_count = 1};
    firn_type merged;
    bool changed;
    int32_t last = *last_column_id;
    if (firn_schema_merge(&only_old, &only_want, &last, a, &merged, &changed, NULL) != FIRN_OK)
        return;
    bool required = want->required && old->required;
    *want = merged.fields[0];
    want->required = required;
    *last_column_id = last;
}

void firn_replace_schema(const firn_type *have, firn_type *want, int32_t *last_column_id,
                         firn_arena *a)
{
    for (size_t i = 0; i < want->field_count; i++)
        keep_id(have, &want->fields[i], last_column_id, a);
    firn_schema_assign_ids(want, last_column_id);
}

firn_code firn_spec_of_table(const firn_metadata *m, const firn_type *schema, firn_spec *ret,
                             firn_err *err)
{
    for (size_t i = 0; i < m->spec->field_count; i++) {
        if (firn_spec_source(schema, &m->spec->fields[i]))
            continue;
        firn_raise(err, FIRN_E_CONFLICT, "the table is partitioned by %s, whose column is gone",
                   firn_quote(m->spec->fields[i].name).s);
        return firn_err_advise(err, "keep the column, or drop the table and make it anew");
    }
    *ret = *m->spec;
    return FIRN_OK;
}
