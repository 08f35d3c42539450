/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/mem.h"

#include <openssl/evp.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct firn_hash64_state {
    XXH3_state_t x;
};

uint64_t firn_hash64(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}

firn_hash64_state *firn_hash64_new(void)
{
    firn_hash64_state *s = NULL;
    /* XXH3's state wants 64-byte alignment, which malloc does not promise */
    void *raw = firn_mem_alloc(sizeof *s + 64 + sizeof(void *));
    if (!raw)
        return NULL;
    uintptr_t at = ((uintptr_t)raw + sizeof(void *) + 63) & ~(uintptr_t)63;
    s = (firn_hash64_state *)at;
    ((void **)at)[-1] = raw;
    XXH3_64bits_reset(&s->x);
    return s;
}

void firn_hash64_add(firn_hash64_state *s, const void *p, size_t n)
{
    XXH3_64bits_update(&s->x, p, n);
}

uint64_t firn_hash64_value(const firn_hash64_state *s)
{
    return XXH3_64bits_digest(&s->x);
}

void firn_hash64_free(firn_hash64_state *s)
{
    if (s)
        firn_mem_free(((void **)s)[-1]);
}

firn_code firn_sha256(const void *p, size_t n, uint8_t out[32], firn_err *err)
{
    unsigned len = 0;
    if (EVP_Digest(p, n, out, &len, EVP_sha256(), NULL) != 1 || len != 32)
        return firn_raise(err, FIRN_E_NOMEM, "SHA-256 of %zu bytes", n);
    return FIRN_OK;
}

void firn_hex(const void *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
    out[2 * n] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool firn_unhex(firn_str hex, uint8_t *out)
{
    if (hex.n % 2)
        return false;
    for (size_t i = 0; i < hex.n / 2; i++) {
        int hi = hex_digit(hex.p[2 * i]);
        int lo = hex_digit(hex.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

firn_code firn_base64(firn_slice in, firn_buf *out, firn_err *err)
{
    size_t need = (in.n + 2) / 3 * 4;
    if (in.n > INT32_MAX / 2)
        return firn_raise(err, FIRN_E_LIMIT, "base64 of %zu bytes", in.n);
    FIRN_TRY(firn_buf_reserve(out, need, err));
    int n = EVP_EncodeBlock(out->p + out->n, in.p, (int)in.n);
    out->n += (size_t)n;
    return FIRN_OK;
}

firn_code firn_unbase64(firn_str in, firn_buf *out, firn_err *err)
{
    if (in.n % 4 || in.n > INT32_MAX)
        return firn_raise(err, FIRN_E_DATA, "%zu bytes are not base64", in.n);
    if (in.n == 0)
        return FIRN_OK;
    FIRN_TRY(firn_buf_reserve(out, in.n / 4 * 3, err));
    int n = EVP_DecodeBlock(out->p + out->n, (const uint8_t *)in.p, (int)in.n);
    if (n < 0)
        return firn_raise(err, FIRN_E_DATA, "not base64");
    size_t padding = (size_t)(in.p[in.n - 1] == '=') + (size_t)(in.p[in.n - 2] == '=');
    out->n += (size_t)n - padding;
    out->p[out->n] = '\0';
    return FIRN_OK;
}
