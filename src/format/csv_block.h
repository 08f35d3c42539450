/* SPDX-License-Identifier: Apache-2.0 */
/* csv_block.h — where a byte stands among 64: the inner step of framing and splitting. */
#ifndef FIRN_CSV_BLOCK_H
#define FIRN_CSV_BLOCK_H

#include "base/base.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define FIRN_CSV_BLOCK 64

#ifdef __SSE2__
static inline uint64_t firn_csv_matches_of(const uint8_t *p, __m128i wanted)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < FIRN_CSV_BLOCK / 16; i++) {
        __m128i bytes = _mm_loadu_si128((const void *)(p + 16 * i));
        int found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted));
        mask |= (uint64_t)(uint32_t)found << (16 * i);
    }
    return mask;
}

static inline uint64_t firn_csv_matches(const uint8_t *p, int c)
{
    return c < 0 ? 0 : firn_csv_matches_of(p, _mm_set1_epi8((char)c));
}
#else
/* Bit i of the result says that byte i is c: the zero bytes of a difference, without carries from
 * one byte to the next, gathered by a multiplication. */
static inline uint64_t firn_csv_matches(const uint8_t *p, int c)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t low = ones * 0x7f;
    uint64_t mask = 0;
    for (unsigned i = 0; c >= 0 && i < FIRN_CSV_BLOCK / 8; i++) {
        uint64_t x = 0;
        for (unsigned k = 0; k < 8; k++)
            x |= (uint64_t)p[8 * i + k] << (8 * k);
        x ^= ones * (uint64_t)c;
        uint64_t zero = ~(((x & low) + low) | x | low) >> 7;
        mask |= (zero * UINT64_C(0x0102040810204080)) >> 56 << (8 * i);
    }
    return mask;
}
#endif

#endif
