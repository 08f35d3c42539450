/* SPDX-License-Identifier: Apache-2.0 */
/* partition.h — how a table's files are parted, and in which order its rows should lie.
 *
 * Partitions and sort orders are given as texts, one a field: "region", "day(ts)",
 * "bucket(16, id)", "truncate(4, name)"; sort orders with direction and place of nulls:
 * "ts desc nulls last". */
#ifndef FIRN_API_PARTITION_H
#define FIRN_API_PARTITION_H

#include <firn/type.h>

FIRN_BEGIN_C

/* A partition spec; belongs to its table.  A table keeps the specs it once had: each data file was
 * written with one of them. */
typedef struct firn_spec firn_spec;

/* The spec's id, and how many fields it has. */
FIRN_API int32_t firn_spec_get_id(const firn_spec *spec);
FIRN_API size_t firn_spec_field_count(const firn_spec *spec); /* 0: unpartitioned */

/* One field of a spec; texts belong to the table.  NULL or 0 for an index out of range. */
FIRN_API const char *firn_spec_field_name(const firn_spec *spec, size_t index);      /* "ts_day" */
FIRN_API const char *firn_spec_field_transform(const firn_spec *spec, size_t index); /* "day" */
FIRN_API int32_t firn_spec_field_source_id(const firn_spec *spec, size_t index);     /* of ts */
FIRN_API int32_t firn_spec_field_id(const firn_spec *spec, size_t index);            /* 1000 … */

FIRN_END_C

#endif
