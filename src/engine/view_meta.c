/* SPDX-License-Identifier: Apache-2.0 */
/* The names of columns that no file has. */
#include "engine/view.h"

#include "base/str.h"

const char *firn_meta_column_name(unsigned i)
{
    static const char *const names[FIRN_META_COLUMN_COUNT] = {
        "_file", "_pos", "_row_id", "_last_updated_sequence_number", "_spec_id"};
    return i < FIRN_META_COLUMN_COUNT ? names[i] : NULL;
}

unsigned firn_meta_column_of(firn_str name)
{
    for (unsigned i = 0; i < FIRN_META_COLUMN_COUNT; i++)
        if (firn_str_ieq(name, firn_str_of(firn_meta_column_name(i))))
            return 1u << i;
    return 0;
}

unsigned firn_meta_columns_for(const firn_type *schema, unsigned meta_columns)
{
    for (size_t i = 0; i < schema->field_count; i++)
        meta_columns &= ~firn_meta_column_of(schema->fields[i].name);
    return meta_columns;
}
