/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ice.h — tables for the targets that read manifests. */
#ifndef FIRN_FUZZ_ICE_H
#define FIRN_FUZZ_ICE_H

#include "fuzz.h"

#include "iceberg/manifest.h"

/* Metadata of a table with every type and a spec with every transform (id 0), one without fields
 * (1), and one whose source is gone (2). */
const firn_metadata *fuzz_table(firn_arena *a);

#endif
