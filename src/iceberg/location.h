/* SPDX-License-Identifier: Apache-2.0 */
/* location.h — where a table's properties want its data files.
 *
 *   write.data.path                             the folder; older names are looked at as Java does
 *   write.object-storage.enabled                folders made of a hash of the path come first, so
 *                                               that a store spreads the keys
 *   write.object-storage.partitioned-paths      false: no folders of partitions behind the hash
 *
 * Source: Java's LocationProviders of Iceberg 1.10; ICEBERG.md §5.5. */
#ifndef FIRN_LOCATION_H
#define FIRN_LOCATION_H

#include "iceberg/partition.h"

typedef struct firn_data_layout {
    firn_str folder;    /* all data files lie below it; no '/' at the end */
    const char *said;   /* the property that says so; NULL: <location>/data */
    bool hashed;        /* a hash is the first part of the path */
    bool unpartitioned; /* … and no partition stands in it */
    firn_str context;   /* of a hashed folder outside of the table's: "namespace/table"; "": none */
} firn_data_layout;

/* Reads a table's layout.  `properties`: an object or NULL.  Texts in `a`. */
FIRN_NODISCARD firn_code firn_data_layout_read(firn_str location, const json_t *properties,
                                               firn_arena *a, firn_data_layout *ret, firn_err *err);

/* Appends the path of a new data file of this name in a partition of the spec. */
FIRN_NODISCARD firn_code firn_data_layout_path(const firn_data_layout *l, const firn_spec *spec,
                                               const firn_type *types, const firn_value *partition,
                                               firn_str name, firn_buf *out, firn_err *err);

#endif
