/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_int.h — what the readers of manifest lists and of manifests share: limits, and single
 * Avro values as what they should be. */
#ifndef FIRN_MANIFEST_INT_H
#define FIRN_MANIFEST_INT_H

#include "format/avro.h"

#define MAX_MANIFEST_BYTES ((uint64_t)1 << 30)
#define MAX_BLOCK_BYTES    ((size_t)256 << 20)

static inline int64_t as_i64(const firn_avro_value *v, int64_t otherwise)
{
    return v->kind == FIRN_AVRO_LONG ? v->u.i : otherwise;
}

static inline firn_slice as_bytes(const firn_avro_value *v)
{
    return v->kind == FIRN_AVRO_BYTES ? v->u.bytes : (firn_slice){NULL, 0};
}

static inline firn_str as_str(const firn_avro_value *v)
{
    firn_slice b = as_bytes(v);
    return (firn_str){(const char *)b.p, b.n};
}

static inline firn_code need_i64(const firn_avro_value *v, const char *name, int64_t *ret,
                                 firn_err *err)
{
    if (v->kind != FIRN_AVRO_LONG)
        return firn_raise(err, FIRN_E_DATA, "%s is missing", name);
    *ret = v->u.i;
    return FIRN_OK;
}

static inline firn_code need_str(const firn_avro_value *v, const char *name, firn_str *ret,
                                 firn_err *err)
{
    if (v->kind != FIRN_AVRO_BYTES || v->u.bytes.n == 0)
        return firn_raise(err, FIRN_E_DATA, "%s is missing", name);
    *ret = as_str(v);
    return FIRN_OK;
}

#endif
