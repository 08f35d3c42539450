/* SPDX-License-Identifier: Apache-2.0 */
/* Brackets in blocks of 64 bytes, one bit a byte: quotes become the mask of what lies inside of
 * strings by a prefix xor, and only brackets outside of it are looked at one by one. */
#include "format/json_scan.h"

#include "format/json_lex.h"

#define BLOCK 64

typedef struct marks {
    uint64_t quote;
    uint64_t slash;
    uint64_t open;
    uint64_t close;
} marks;

#if defined(__SSE2__) && !defined(FIRN_JSON_PORTABLE)

static inline uint64_t equal16(__m128i v, char c)
{
    return (uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c)));
}

static inline marks marks_of(const uint8_t *p, char open, char close)
{
    marks m = {0};
    for (unsigned i = 0; i < BLOCK; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        m.quote |= equal16(v, '"') << i;
        m.slash |= equal16(v, '\\') << i;
        m.open |= equal16(v, open) << i;
        m.close |= equal16(v, close) << i;
    }
    return m;
}

#else

static inline marks marks_of(const uint8_t *p, char open, char close)
{
    marks m = {0};
    for (unsigned i = 0; i < BLOCK; i += 8) {
        uint64_t word = firn_load8((const char *)p + i);
        m.quote |= (uint64_t)firn_json_tops(firn_json_equal(word, '"')) << i;
        m.slash |= (uint64_t)firn_json_tops(firn_json_equal(word, '\\')) << i;
        m.open |= (uint64_t)firn_json_tops(firn_json_equal(word, open)) << i;
        m.close |= (uint64_t)firn_json_tops(firn_json_equal(word, close)) << i;
    }
    return m;
}

#endif

/* Returns the bytes that stand behind an odd run of backslashes; *carry goes in and comes out for
 * the byte behind the block. */
static uint64_t escaped_bytes(uint64_t slash, bool *carry)
{
    const uint64_t even = UINT64_C(0x5555555555555555);
    slash &= ~(uint64_t)*carry;
    uint64_t behind = slash << 1 | *carry;
    uint64_t odd_starts = slash & ~even & ~behind;
    uint64_t runs;
    *carry = __builtin_add_overflow(odd_starts, slash, &runs);
    return (even ^ (runs << 1)) & behind;
}

/* Bit i of the result: whether an odd number of quotes stands at or before byte i. */
static inline uint64_t prefix_xor(uint64_t x)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        x ^= x << shift;
    return x;
}

/* Looks at one block of which `n` bytes count; returns as firn_json_scan_run. */
static inline size_t scan_block(firn_json_scan *s, const uint8_t *p, size_t n, bool *ret_done)
{
    marks m = marks_of(p, s->open, s->close);
    if (FIRN_UNLIKELY(m.slash || s->escape)) {
        bool carry = s->escape;
        uint64_t escaped = escaped_bytes(m.slash, &carry);
        m.quote &= ~escaped;
        s->escape = n < BLOCK ? escaped >> n & 1 : carry;
    }
    uint64_t inside = prefix_xor(m.quote) ^ (0 - (uint64_t)s->in_string);
    uint64_t brackets = (m.open | m.close) & ~inside;
    s->in_string = inside >> 63;
    while (brackets) {
        unsigned i = (unsigned)__builtin_ctzll(brackets);
        brackets &= brackets - 1;
        s->depth += m.open >> i & 1 ? 1 : UINT64_MAX;
        if (s->depth == 0) {
            *ret_done = true;
            return i + 1;
        }
    }
    return n;
}

static size_t scan_brackets(firn_json_scan *s, const uint8_t *p, size_t n, bool *ret_done)
{
    size_t at = 0;
    while (n - at >= BLOCK && !*ret_done)
        at += scan_block(s, p + at, BLOCK, ret_done);
    if (*ret_done || at == n)
        return at;
    uint8_t last[BLOCK] = {0};
    memcpy(last, p + at, n - at);
    return at + scan_block(s, last, n - at, ret_done);
}

static size_t scan_string(firn_json_scan *s, const uint8_t *p, size_t n, bool *ret_done)
{
    for (size_t i = 0; i < n; i++) {
        bool quote = p[i] == '"' && !s->escape;
        s->escape = p[i] == '\\' && !s->escape;
        if (quote && s->in_string) {
            *ret_done = true;
            return i + 1;
        }
        s->in_string |= quote;
    }
    return n;
}

static size_t scan_word(const uint8_t *p, size_t n, bool *ret_done)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != ',' && p[i] != ']' && p[i] != '}' && !firn_json_is_space((char)p[i]))
            continue;
        *ret_done = true;
        return i;
    }
    return n;
}

firn_json_scan firn_json_scan_start(char first)
{
    return (firn_json_scan){.open = first, .close = first == '{' ? '}' : ']'};
}

size_t firn_json_scan_run(firn_json_scan *s, const uint8_t *p, size_t n, bool *ret_done)
{
    *ret_done = false;
    if (s->open == '{' || s->open == '[')
        return scan_brackets(s, p, n, ret_done);
    return s->open == '"' ? scan_string(s, p, n, ret_done) : scan_word(p, n, ret_done);
}
