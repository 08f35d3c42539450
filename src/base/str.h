/* SPDX-License-Identifier: Apache-2.0 */
/* str.h — borrowed texts: comparing, UTF-8, numbers in text, safe quoting of foreign bytes.
 * All functions are pure and may be called from any thread. */
#ifndef FIRN_STR_H
#define FIRN_STR_H

#include "base/base.h"

#include <string.h>

/* Eight bytes as a number whose lowest byte is the first, whatever the machine. */
static inline uint64_t firn_load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

firn_str firn_str_of(const char *cstr); /* NULL gives the empty text */
bool firn_str_eq(firn_str a, firn_str b);
bool firn_str_eqc(firn_str a, const char *b);
bool firn_str_ieq(firn_str a, firn_str b); /* ASCII letters without case */
int firn_str_cmp(firn_str a, firn_str b);  /* by bytes, as memcmp */
bool firn_str_starts(firn_str s, const char *prefix);
bool firn_str_ends(firn_str s, const char *suffix);
firn_str firn_str_trim(firn_str s); /* without ASCII white space at both ends */

/* Cuts *rest at the first `sep`: returns what is before it and leaves what is behind it; without a
 * `sep` returns all and leaves an empty text with p == NULL. */
firn_str firn_str_cut(firn_str *rest, char sep);

/* Whole text as a number; false on anything else or overflow, *ret untouched. */
bool firn_str_i64(firn_str s, int64_t *ret);
bool firn_str_u64(firn_str s, uint64_t *ret);
bool firn_str_f64(firn_str s, double *ret); /* C locale, independent of the process's */

/* "128MB", "1.5 GiB", "4096": bytes; KB, MB, GB, TB are powers of 1024 as in DuckDB's docs … MiB.
 */
bool firn_str_bytes(firn_str s, uint64_t *ret);

/* UTF-8 as the Unicode standard has it: no surrogates, no overlong forms, at most U+10FFFF. */
bool firn_utf8_valid(const char *p, size_t n);
/* Returns the length of the longest valid prefix: n if all of it is valid. */
size_t firn_utf8_valid_prefix(const char *p, size_t n);
/* Decodes the code point at p (n > 0 bytes there); returns its length, 0 if invalid. */
size_t firn_utf8_decode(const char *p, size_t n, uint32_t *ret);
/* Writes a code point (≤ U+10FFFF) as 1–4 bytes; returns how many. */
size_t firn_utf8_encode(uint32_t cp, char out[4]);

/* A foreign text made safe to print: in single quotes, control and invalid bytes escaped as \xNN,
 * capped with "…" after 130 bytes, a location (a path from the root, a URL) after 440.  Use:
 * firn_raise(err, …, "no table %s", firn_quote(name).s) */
typedef struct firn_quoted {
    char s[448];
} firn_quoted;
firn_quoted firn_quote(firn_str s);
firn_quoted firn_quotec(const char *cstr);

/* Edit distance (insert, delete, replace, swap of neighbours), capped at 32 bytes a text. */
unsigned firn_str_distance(firn_str a, firn_str b);

/* Returns the index of the word nearest to `s`, or -1 if none is near enough to be meant. */
int firn_str_nearest(firn_str s, const firn_str *words, size_t count);

/* Order of names with numbers in them as a person expects: "p2" before "p10".  Total order. */
int firn_str_natural_cmp(firn_str a, firn_str b);

#endif
