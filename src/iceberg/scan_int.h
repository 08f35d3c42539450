/* SPDX-License-Identifier: Apache-2.0 */
/* scan_int.h — what scan.c (data files) and scan_deletes.c (what deletes rows of them) share. */
#ifndef FIRN_SCAN_INT_H
#define FIRN_SCAN_INT_H

#include "iceberg/scan.h"

/* Finds for each of the plan's files what deletes rows of it: reads the delete manifests among
 * these, as far as `filter` (NULL: all) leaves their partitions in.  Everything in `a`. */
FIRN_NODISCARD firn_code firn_scan_attach_deletes(const firn_io *io, const firn_metadata *m,
                                                  const firn_expr *filter,
                                                  const firn_manifest_file *manifests, size_t count,
                                                  firn_arena *a, firn_scan_plan *plan,
                                                  firn_err *err);

/* FIRN_E_UNSUPPORTED for a file that is encrypted. */
FIRN_NODISCARD firn_code firn_scan_refuse_encrypted(const firn_data_file *f, firn_err *err);

#endif
