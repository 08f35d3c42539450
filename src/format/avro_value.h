/* SPDX-License-Identifier: Apache-2.0 */
/* avro_value.h — decodes one record by a plan.  Not for callers of avro.h. */
#ifndef FIRN_AVRO_VALUE_H
#define FIRN_AVRO_VALUE_H

#include "format/avro_int.h"

/* Reads the record at in->p.  *free_items is how many more items that take no bytes may be built;
 * both are advanced, also on failure.  `only`: as firn_avro_only_keys. */
FIRN_NODISCARD firn_code firn_avro_read_record(firn_avro_in *in, const firn_avro_plan *plan,
                                               firn_avro_keys only, uint64_t *free_items,
                                               firn_arena *a, firn_avro_value *ret, firn_err *err);

#endif
