/* SPDX-License-Identifier: Apache-2.0 */
/* metadata_int.h — what metadata.c and update.c share. */
#ifndef FIRN_METADATA_INT_H
#define FIRN_METADATA_INT_H

#include "iceberg/metadata.h"

/* Makes the view of a tree that lives at least as long as `a`. */
FIRN_NODISCARD firn_code firn_metadata_view(json_t *root, firn_str location_of_file, firn_arena *a,
                                            const firn_metadata **ret, firn_err *err);

/* Hands a reference to the arena; on failure it is dropped. */
FIRN_NODISCARD firn_code firn_json_keep(json_t *j, firn_arena *a, firn_err *err);

#endif
