/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are in tables of the engine where a file will be: those of a plan. */
#include "engine/view_int.h"

#include "base/str.h"

static firn_code add_column(const firn_field *f, const firn_type *have, firn_buf *out,
                            firn_err *err)
{
    size_t i = 0;
    while (i < have->field_count && have->fields[i].id != f->id)
        i++;
    bool there = i < have->field_count;
    bool cast = !there || !firn_type_eq(&have->fields[i].type, &f->type);
    FIRN_TRY(firn_buf_adds(out, cast ? "CAST(" : "", err));
    FIRN_TRY(there ? firn_buf_addf(out, err, "c%zu", i) : firn_buf_adds(out, "NULL", err));
    if (cast) {
        FIRN_TRY(firn_buf_adds(out, " AS ", err));
        FIRN_TRY(firn_sql_type(out, &f->type, err));
        FIRN_TRY(firn_buf_addc(out, ')', err));
    }
    FIRN_TRY(firn_buf_adds(out, " AS ", err));
    return firn_sql_ident(out, f->name, err);
}

firn_code firn_view_select_memory(const firn_type *schema, unsigned meta, firn_str table,
                                  const firn_type *have, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < schema->field_count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(add_column(&schema->fields[i], have, out, err));
    }
    for (unsigned i = 0; i < FIRN_META_COLUMN_COUNT; i++)
        if (meta >> i & 1)
            FIRN_TRY(firn_buf_addf(out, err, ", CAST(NULL AS %s) AS %s", firn_view_meta_types[i],
                                   firn_meta_column_name(i)));
    FIRN_TRY(firn_buf_adds(out, " FROM ", err));
    return firn_buf_addstr(out, table, err);
}
