/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/bucket.h"

#include "base/datetime.h"

#include <string.h>

static uint32_t rotate(uint32_t x, int bits)
{
    return x << bits | x >> (32 - bits);
}

static uint32_t mix_key(uint32_t k)
{
    return rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
}

static uint32_t word_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t tail_of(const uint8_t *p, size_t n)
{
    uint32_t k = 0;
    for (size_t i = n; i > 0; i--)
        k = k << 8 | p[i - 1];
    return k;
}

static uint32_t finish(uint32_t h)
{
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

uint32_t firn_murmur3(firn_slice bytes)
{
    uint32_t h = 0;
    size_t whole = bytes.n & ~(size_t)3;
    for (size_t i = 0; i < whole; i += 4)
        h = rotate(h ^ mix_key(word_at(bytes.p + i)), 13) * 5 + 0xe6546b64u;
    if (bytes.n > whole)
        h ^= mix_key(tail_of(bytes.p + whole, bytes.n - whole));
    return finish(h ^ (uint32_t)bytes.n);
}

static uint32_t hash_long(int64_t i)
{
    uint8_t bytes[8];
    for (int k = 0; k < 8; k++)
        bytes[k] = (uint8_t)((uint64_t)i >> (8 * k));
    return firn_murmur3((firn_slice){bytes, sizeof bytes});
}

/* The fewest bytes of two's complement, big endian. */
static uint32_t hash_decimal(firn_i128 d)
{
    uint8_t bytes[16];
    for (int k = 0; k < 16; k++)
        bytes[k] = (uint8_t)((firn_u128)d >> (8 * (15 - k)));
    size_t skip = 0;
    uint8_t sign = d < 0 ? 0xff : 0x00;
    while (skip < 15 && bytes[skip] == sign && (bytes[skip + 1] & 0x80) == (sign & 0x80))
        skip++;
    return firn_murmur3((firn_slice){bytes + skip, sizeof bytes - skip});
}

uint32_t firn_bucket_hash(const firn_type *t, const firn_value *v)
{
    switch (t->kind) {
    case FIRN_T_INT:
    case FIRN_T_LONG:
    case FIRN_T_DATE: /* as a long too, whatever Appendix B says: its own vector needs it */
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
        return hash_long(v->u.i);
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS: /* so that a column may become one of these */
        return hash_long(firn_floor_div(v->u.i, 1000));
    case FIRN_T_DECIMAL:
        return hash_decimal(v->u.dec);
    case FIRN_T_STRING:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
        return firn_murmur3(v->u.bytes);
    case FIRN_T_BOOLEAN:
    case FIRN_T_FLOAT:
    case FIRN_T_DOUBLE:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    firn_assert(false); /* no such spec is made or applied */
    return 0;
}

int32_t firn_bucket_of(const firn_type *t, const firn_value *v, int64_t count)
{
    return (int32_t)((firn_bucket_hash(t, v) & 0x7fffffffu) % (uint64_t)count);
}
