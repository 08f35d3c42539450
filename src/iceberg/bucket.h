/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.h — the hash of the bucket transform.
 * Source: Iceberg table spec, Appendix B ("32-bit Hash Requirements"); ICEBERG.md §5.2. */
#ifndef FIRN_BUCKET_H
#define FIRN_BUCKET_H

#include "iceberg/value.h"

/* Returns Murmur3 (x86, 32 bits, seed 0) of bytes. */
uint32_t firn_murmur3(firn_slice bytes);

/* Returns the hash of a value that is not null, of a type that can be bucketed. */
uint32_t firn_bucket_hash(const firn_type *t, const firn_value *v);

/* Returns its bucket among `count` (1 … 2^31 - 1). */
int32_t firn_bucket_of(const firn_type *t, const firn_value *v, int64_t count);

#endif
