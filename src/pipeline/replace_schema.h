/* SPDX-License-Identifier: Apache-2.0 */
/* replace_schema.h — the schema of a table whose rows are all replaced. */
#ifndef FIRN_REPLACE_SCHEMA_H
#define FIRN_REPLACE_SCHEMA_H

#include "iceberg/metadata.h"

/* Gives ids to the columns of `want`, which will be all the table has: a column that the table has
 * by name, of a type that can become the wanted one, keeps its id (and takes the wider of the two
 * types); every other one is new, also when it has the name of one that goes. */
void firn_replace_schema(const firn_type *have, firn_type *want, int32_t *last_column_id,
                         firn_arena *a);

/* Copies the table's spec; FIRN_E_CONFLICT when a column it partitions by is not in `schema`. */
FIRN_NODISCARD firn_code firn_spec_of_table(const firn_metadata *m, const firn_type *schema,
                                            firn_spec *ret, firn_err *err);

#endif
