/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h — digests and text forms of bytes. */
#ifndef FIRN_HASH_H
#define FIRN_HASH_H

#include "base/buf.h"

/* XXH3, 64 bits: identity of content, never security.  Any thread. */
uint64_t firn_hash64(const void *p, size_t n);

/* The same over pieces. */
typedef struct firn_hash64_state firn_hash64_state;
firn_hash64_state *firn_hash64_new(void); /* NULL when memory is out */
void firn_hash64_add(firn_hash64_state *s, const void *p, size_t n);
uint64_t firn_hash64_value(const firn_hash64_state *s);
void firn_hash64_free(firn_hash64_state *s);

/* SHA-256 (OpenSSL). */
FIRN_NODISCARD firn_code firn_sha256(const void *p, size_t n, uint8_t out[32], firn_err *err);

/* Lower-case hex of n bytes into out[2 n + 1]. */
void firn_hex(const void *p, size_t n, char *out);
/* The bytes of 2 n hex digits; false if they are not. */
bool firn_unhex(firn_str hex, uint8_t *out);

/* RFC 4648 base64 with padding. */
FIRN_NODISCARD firn_code firn_base64(firn_slice in, firn_buf *out, firn_err *err);
FIRN_NODISCARD firn_code firn_unbase64(firn_str in, firn_buf *out, firn_err *err);

#endif
