/* SPDX-License-Identifier: Apache-2.0 */
/* json_lex.h — the tokens of JSON, for the inner loops of walk and fill.
 *
 * Every function may read up to FIRN_JSON_SLACK bytes behind `end` (firn_json_span sees to it that
 * they are there) and returns NULL, or a place at or behind `end`, when the record is broken. */
#ifndef FIRN_JSON_LEX_H
#define FIRN_JSON_LEX_H

#include "base/str.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define FIRN_JSON_SLACK 64

/* Levels of objects and arrays in a record, itself the first. */
#define FIRN_JSON_MAX_DEPTH 100

/* Why a record cannot be read. */
typedef struct firn_json_why {
    uint16_t id;      /* FIRN_REJ_…; 0: nothing is wrong */
    const char *at;   /* in the record */
    const char *what; /* "a value is missing" */
} firn_json_why;

static inline bool firn_json_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Skips white space; most often there is none. */
static inline const char *firn_json_space(const char *p, const char *end)
{
    if (FIRN_LIKELY((unsigned char)*p > ' '))
        return p;
    while (p < end && firn_json_is_space(*p))
        p++;
    return p;
}

/* --- strings ------------------------------------------------------------------------------- */

#if defined(__SSE2__) && !defined(FIRN_JSON_PORTABLE)

#define FIRN_JSON_STEP 32

/* Marks of 32 bytes: the ends of plain text (quote, backslash, control byte), and what is not
 * ASCII. */
static inline uint32_t firn_json_stops(const char *p, uint32_t *ret_high)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);
    uint32_t stops = 0;
    uint32_t high = 0;
    for (unsigned i = 0; i < 2; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        stops |= (uint32_t)_mm_movemask_epi8(stop) << (16 * i);
        high |= (uint32_t)_mm_movemask_epi8(v) << (16 * i);
    }
    *ret_high = high;
    return stops;
}

#else

#define FIRN_JSON_STEP 8

/* One bit for each byte of a word whose top bit is set. */
static inline uint32_t firn_json_tops(uint64_t word)
{
    return (uint32_t)(((word >> 7 & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080)) >>
                      56);
}

/* The top bit of each byte of a word that equals c, exactly. */
static inline uint64_t firn_json_equal(uint64_t word, char c)
{
    const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t x = word ^ UINT64_C(0x0101010101010101) * (unsigned char)c;
    return ~(((x & low7) + low7) | x | low7);
}

static inline uint32_t firn_json_stops(const char *p, uint32_t *ret_high)
{
    uint64_t word = firn_load8(p);
    /* below 0x20: neither of the bits 0x60, nor the top one */
    uint64_t low = ~((word & UINT64_C(0x6060606060606060)) + UINT64_C(0x7f7f7f7f7f7f7f7f)) & ~word;
    *ret_high = firn_json_tops(word);
    return firn_json_tops(firn_json_equal(word, '"') | firn_json_equal(word, '\\') | low);
}

#endif

/* Runs over plain text: returns the first quote, backslash or control byte, or a place at or
 * behind `end`.  *high is set if a byte before it is not ASCII. */
static inline const char *firn_json_plain(const char *p, const char *end, bool *high)
{
    uint32_t seen = 0;
    for (;;) {
        uint32_t bits;
        uint32_t stops = firn_json_stops(p, &bits);
        if (FIRN_LIKELY(stops)) {
            unsigned i = (unsigned)__builtin_ctz(stops);
            *high = seen | (bits & ((1u << i) - 1));
            return p + i;
        }
        seen |= bits;
        p += FIRN_JSON_STEP;
        if (p >= end) {
            *high = seen;
            return p;
        }
    }
}

/* Checks the rest of a string from p on (behind its opening quote) and returns its closing quote.
 * *ret_escaped: it holds backslashes.  NULL: *why says what is wrong. */
const char *firn_json_string(const char *p, const char *end, bool *ret_escaped, firn_json_why *why);

/* Writes the text that n checked bytes between two quotes stand for; at most n bytes.  Returns how
 * many. */
size_t firn_json_unescape(const char *p, size_t n, char *out);

/* --- numbers ------------------------------------------------------------------------------- */

typedef struct firn_json_number {
    uint64_t digits;   /* all digits as one number; means nothing unless `plain` */
    uint32_t fraction; /* how many of them stand behind the point */
    bool negative;
    bool plain; /* at most 18 digits and no exponent */
} firn_json_number;

/* Adds the digits at p to *v; returns what is behind them. */
static inline const char *firn_json_digits(const char *p, const char *end, uint64_t *v)
{
    unsigned d = (unsigned)(unsigned char)*p - '0';
    while (d <= 9 && p < end) {
        *v = *v * 10 + d;
        d = (unsigned)(unsigned char)*++p - '0';
    }
    return p;
}

/* Reads a number; returns its end, NULL if it is none. */
static inline const char *firn_json_read_number(const char *p, const char *end,
                                                firn_json_number *ret)
{
    uint64_t v = 0;
    uint64_t exponent = 0;
    ret->negative = *p == '-';
    p += ret->negative;
    const char *first = p;
    p = firn_json_digits(p, end, &v);
    size_t whole = (size_t)(p - first);
    if (FIRN_UNLIKELY(whole == 0 || (whole > 1 && *first == '0')))
        return NULL;
    size_t fraction = 0;
    if (*p == '.') {
        const char *digits = ++p;
        p = firn_json_digits(p, end, &v);
        fraction = (size_t)(p - digits);
        if (FIRN_UNLIKELY(fraction == 0))
            return NULL;
    }
    ret->digits = v;
    ret->fraction = (uint32_t)fraction;
    ret->plain = whole + fraction <= 18;
    if (FIRN_LIKELY((*p | 0x20) != 'e'))
        return p;
    ret->plain = false;
    p++;
    p += *p == '+' || *p == '-';
    first = p;
    p = firn_json_digits(p, end, &exponent);
    return p > first ? p : NULL;
}

/* --- whole values -------------------------------------------------------------------------- */

/* Checks the value at p, which lies inside of `depth` objects and arrays, and returns its end.
 * NULL: *why says what is wrong. */
const char *firn_json_skip(const char *p, const char *end, unsigned depth, firn_json_why *why);

/* Checks a whole record: one value with nothing but white space around it, the value an object. */
bool firn_json_check(const char *p, const char *end, firn_json_why *why);

/* Whether the text is one JSON value with nothing but white space around it. */
bool firn_json_is_value(const char *p, const char *end);

/* --- inside of what was checked ------------------------------------------------------------ */

/* Moves from an opening bracket to the first item; false if there is none. */
bool firn_json_first_item(const char **p, const char *end);

/* Moves from behind a value to the next item; false (and behind the bracket) if that was the
 * last. */
bool firn_json_next_item(const char **p, const char *end);

typedef struct firn_json_key {
    const char *p; /* raw bytes between the quotes */
    size_t n;
    bool escaped;
} firn_json_key;

/* Reads the key at *p and moves to its value. */
firn_json_key firn_json_item_key(const char **p, const char *end);

/* Returns what is behind a value. */
const char *firn_json_behind(const char *p, const char *end);

#endif
