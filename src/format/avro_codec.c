/* SPDX-License-Identifier: Apache-2.0 */
/* Block codecs.  Source: Avro 1.11 specification, "Required Codecs" and "Optional Codecs". */
#define ZLIB_CONST
#include "format/avro_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <limits.h>
#include <snappy-c.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define RAW_DEFLATE_BITS (-15) /* no zlib header, no checksum */
#define CRC_BYTES        ((size_t)4)
#define LEAST_ROOM       ((size_t)64 << 10)

struct firn_avro_press {
    z_stream z;
    bool inflates; /* z is open to inflate */
    bool deflates; /* z is open to deflate */
    ZSTD_DCtx *unzstd;
    ZSTD_CCtx *zstd;
};

static const char *const codec_names[] = {
    [FIRN_AVRO_CODEC_NULL] = "null",
    [FIRN_AVRO_CODEC_DEFLATE] = "deflate",
    [FIRN_AVRO_CODEC_ZSTD] = "zstandard",
    [FIRN_AVRO_CODEC_SNAPPY] = "snappy",
};

const char *firn_avro_codec_name(firn_avro_codec codec)
{
    return codec_names[codec];
}

firn_code firn_avro_codec_find(firn_str name, firn_avro_codec *ret, firn_err *err)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(codec_names); i++) {
        if (firn_str_eqc(name, codec_names[i])) {
            *ret = (firn_avro_codec)i;
            return FIRN_OK;
        }
    }
    return firn_raise(err, FIRN_E_UNSUPPORTED,
                      "the codec %s; firn reads null, deflate, snappy and zstandard",
                      firn_quote(name).s);
}

void firn_avro_press_free(firn_avro_press **state)
{
    firn_avro_press *s = *state;
    if (!s)
        return;
    if (s->inflates)
        inflateEnd(&s->z);
    if (s->deflates)
        deflateEnd(&s->z);
    ZSTD_freeDCtx(s->unzstd);
    ZSTD_freeCCtx(s->zstd);
    firn_mem_free(s);
    *state = NULL;
}

static voidpf z_alloc(voidpf opaque FIRN_UNUSED, uInt count, uInt bytes)
{
    size_t n;
    return __builtin_mul_overflow((size_t)count, (size_t)bytes, &n) ? Z_NULL : firn_mem_alloc(n);
}

static void z_free(voidpf opaque FIRN_UNUSED, voidpf p)
{
    firn_mem_free(p);
}

static firn_code open_state(firn_avro_press **state, firn_err *err)
{
    if (*state)
        return FIRN_OK;
    firn_avro_press *s = firn_mem_alloc(sizeof *s);
    if (!s)
        return firn_raise_nomem(err);
    *s = (firn_avro_press){.z = {.zalloc = z_alloc, .zfree = z_free}};
    *state = s;
    return FIRN_OK;
}

static firn_code too_large(const firn_buf *out, firn_err *err)
{
    return firn_raise(err, FIRN_E_LIMIT, "a block inflates to more than %zu bytes", out->max);
}

/* --- reading ------------------------------------------------------------------------------- */

static firn_code start_inflate(firn_avro_press *s, firn_slice in, firn_err *err)
{
    if (s->inflates)
        inflateReset(&s->z);
    else if (inflateInit2(&s->z, RAW_DEFLATE_BITS) != Z_OK)
        return firn_raise_nomem(err);
    s->inflates = true;
    s->z.next_in = in.p;
    s->z.avail_in = (uInt)in.n;
    return FIRN_OK;
}

/* Gives inflate at least one byte to write to. */
static firn_code make_room(firn_avro_press *s, firn_buf *out, firn_err *err)
{
    size_t room = out->cap > out->n + 1 ? out->cap - out->n - 1 : 0;
    size_t most = out->max - out->n;
    if (room < FIRN_MIN(most, (size_t)512)) {
        room = FIRN_MIN(FIRN_MAX(out->n, LEAST_ROOM), most);
        FIRN_TRY(firn_buf_reserve(out, room, err));
    }
    room = FIRN_MIN(room, most);
    s->z.next_out = out->p + out->n;
    s->z.avail_out = (uInt)FIRN_MIN(room, (size_t)INT_MAX);
    return FIRN_OK;
}

/* What follows the end of the deflate stream is ignored: writers that cut the zlib frame off a
 * stream leave part of its checksum. */
static firn_code read_deflate(firn_avro_press *s, firn_slice in, firn_buf *out, firn_err *err)
{
    FIRN_TRY(start_inflate(s, in, err));
    uint8_t spare;
    for (;;) {
        bool full = out->n == out->max; /* the stream's end may still be missing */
        if (!full)
            FIRN_TRY(make_room(s, out, err));
        else {
            s->z.next_out = &spare;
            s->z.avail_out = 1;
        }
        uInt room = s->z.avail_out;
        int rc = inflate(&s->z, Z_FINISH);
        size_t got = room - s->z.avail_out;
        if (full && got)
            return too_large(out, err);
        out->n += got;
        if (rc == Z_STREAM_END)
            return FIRN_OK;
        if (rc == Z_MEM_ERROR)
            return firn_raise_nomem(err);
        if (rc != Z_OK && rc != Z_BUF_ERROR)
            return firn_raise(err, FIRN_E_DATA, "the deflate stream is damaged (%s)",
                              s->z.msg ? s->z.msg : "no message");
        if (s->z.avail_out > 0)
            return firn_raise(err, FIRN_E_DATA, "the deflate stream is cut off");
    }
}

/* Inflates in one go: without a window of its own, a frame cannot ask for more memory than the
 * block may have.  Frames need not say how large they get: the room grows until it is enough. */
static firn_code read_zstd(firn_avro_press *s, firn_slice in, firn_buf *out, firn_err *err)
{
    if (!s->unzstd)
        s->unzstd = ZSTD_createDCtx();
    if (!s->unzstd)
        return firn_raise_nomem(err);
    unsigned long long told = ZSTD_getFrameContentSize(in.p, in.n);
    if (told != ZSTD_CONTENTSIZE_UNKNOWN && told != ZSTD_CONTENTSIZE_ERROR && told > out->max)
        return too_large(out, err);
    size_t room = FIRN_MIN(FIRN_MAX(in.n * 4, LEAST_ROOM), out->max);
    if (told > room && told <= out->max)
        room = (size_t)told;
    for (;;) {
        FIRN_TRY(firn_buf_reserve(out, room, err));
        size_t n = ZSTD_decompressDCtx(s->unzstd, out->p, room, in.p, in.n);
        if (!ZSTD_isError(n)) {
            out->n = n;
            return FIRN_OK;
        }
        ZSTD_ErrorCode e = ZSTD_getErrorCode(n);
        if (e == ZSTD_error_memory_allocation)
            return firn_raise_nomem(err);
        if (e != ZSTD_error_dstSize_tooSmall)
            return firn_raise(err, FIRN_E_DATA, "the zstandard frame is damaged (%s)",
                              ZSTD_getErrorName(n));
        if (room == out->max)
            return too_large(out, err);
        room = room > out->max / 4 ? out->max : room * 4;
    }
}

static uint32_t crc_of(const uint8_t *p, size_t n)
{
    return (uint32_t)crc32_z(0, p, n);
}

static firn_code read_snappy(firn_slice in, firn_buf *out, firn_err *err)
{
    size_t n;
    if (in.n < CRC_BYTES)
        return firn_raise(err, FIRN_E_DATA, "a snappy block without its checksum");
    const char *data = (const char *)in.p;
    size_t size = in.n - CRC_BYTES;
    /* a copy of three bytes gives at most 64: a larger length is a lie */
    if (snappy_uncompressed_length(data, size, &n) != SNAPPY_OK || n / 22 > size)
        return firn_raise(err, FIRN_E_DATA, "the snappy block has no true length");
    if (n > out->max)
        return too_large(out, err);
    FIRN_TRY(firn_buf_reserve(out, n, err));
    if (snappy_uncompress(data, size, (char *)out->p, &n) != SNAPPY_OK)
        return firn_raise(err, FIRN_E_DATA, "the snappy block is damaged");
    const uint8_t *c = in.p + size;
    uint32_t crc = (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 | (uint32_t)c[2] << 8 | c[3];
    if (crc_of(out->p, n) != crc)
        return firn_raise(err, FIRN_E_DATA, "the checksum of a snappy block is wrong");
    out->n = n;
    return FIRN_OK;
}

firn_code firn_avro_inflate(firn_avro_press **state, firn_avro_codec codec, firn_slice in,
                            firn_buf *out, firn_err *err)
{
    if (in.n > INT_MAX)
        return firn_raise(err, FIRN_E_LIMIT, "a compressed block of more than %d bytes", INT_MAX);
    FIRN_TRY(open_state(state, err));
    firn_buf_clear(out);
    switch (codec) {
    case FIRN_AVRO_CODEC_DEFLATE:
        return read_deflate(*state, in, out, err);
    case FIRN_AVRO_CODEC_ZSTD:
        return read_zstd(*state, in, out, err);
    case FIRN_AVRO_CODEC_SNAPPY:
        return read_snappy(in, out, err);
    case FIRN_AVRO_CODEC_NULL:
        break;
    }
    return firn_raise(err, FIRN_E_BUG, "the codec null has nothing to inflate");
}

/* --- writing ------------------------------------------------------------------------------- */

static firn_code write_deflate(firn_avro_press *s, firn_slice in, firn_buf *out, firn_err *err)
{
    if (s->deflates)
        deflateReset(&s->z);
    else if (deflateInit2(&s->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW_DEFLATE_BITS, 8,
                          Z_DEFAULT_STRATEGY) != Z_OK)
        return firn_raise_nomem(err);
    s->deflates = true;
    uLong bound = deflateBound(&s->z, (uLong)in.n);
    FIRN_TRY(firn_buf_reserve(out, bound, err));
    s->z.next_in = in.p;
    s->z.avail_in = (uInt)in.n;
    s->z.next_out = out->p;
    s->z.avail_out = (uInt)bound;
    if (deflate(&s->z, Z_FINISH) != Z_STREAM_END)
        return firn_raise(err, FIRN_E_BUG, "deflate did not finish");
    out->n = bound - s->z.avail_out;
    return FIRN_OK;
}

static firn_code write_zstd(firn_avro_press *s, firn_slice in, firn_buf *out, firn_err *err)
{
    if (!s->zstd)
        s->zstd = ZSTD_createCCtx();
    if (!s->zstd)
        return firn_raise_nomem(err);
    size_t bound = ZSTD_compressBound(in.n);
    FIRN_TRY(firn_buf_reserve(out, bound, err));
    size_t n = ZSTD_compressCCtx(s->zstd, out->p, bound, in.p, in.n, ZSTD_CLEVEL_DEFAULT);
    if (ZSTD_isError(n) && ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
        return firn_raise_nomem(err);
    if (ZSTD_isError(n))
        return firn_raise(err, FIRN_E_BUG, "zstandard: %s", ZSTD_getErrorName(n));
    out->n = n;
    return FIRN_OK;
}

static firn_code write_snappy(firn_slice in, firn_buf *out, firn_err *err)
{
    size_t n = snappy_max_compressed_length(in.n);
    FIRN_TRY(firn_buf_reserve(out, n + CRC_BYTES, err));
    if (snappy_compress((const char *)in.p, in.n, (char *)out->p, &n) != SNAPPY_OK)
        return firn_raise(err, FIRN_E_BUG, "snappy did not finish");
    uint32_t crc = crc_of(in.p, in.n);
    for (size_t i = 0; i < CRC_BYTES; i++)
        out->p[n + i] = (uint8_t)(crc >> (24 - 8 * i));
    out->n = n + CRC_BYTES;
    return FIRN_OK;
}

firn_code firn_avro_deflate(firn_avro_press **state, firn_avro_codec codec, firn_slice in,
                            firn_buf *out, firn_err *err)
{
    if (in.n > INT_MAX / 2)
        return firn_raise(err, FIRN_E_LIMIT, "a block of more than %d bytes", INT_MAX / 2);
    FIRN_TRY(open_state(state, err));
    firn_buf_clear(out);
    switch (codec) {
    case FIRN_AVRO_CODEC_DEFLATE:
        return write_deflate(*state, in, out, err);
    case FIRN_AVRO_CODEC_ZSTD:
        return write_zstd(*state, in, out, err);
    case FIRN_AVRO_CODEC_SNAPPY:
        return write_snappy(in, out, err);
    case FIRN_AVRO_CODEC_NULL:
        break;
    }
    return firn_raise(err, FIRN_E_BUG, "the codec null has nothing to deflate");
}
