/* SPDX-License-Identifier: Apache-2.0 */
/* One file as raw batches: read → decompress → convert the encoding → cut into records.
 *
 * Bytes go straight into the buffer of the batch; only what is behind its last whole record is
 * copied, to the beginning of the next one. */
#include "source/files.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define HEAD_BYTES        ((size_t)1 << 20)
#define IO_BYTES          ((size_t)256 << 10)
#define MAX_BATCH_RECORDS ((size_t)65536)
/* Of zstd, as its own program has it: 128 MB. */
#define MAX_WINDOW_LOG 27
#define MAX_RATIO      1000 /* of decompressed to compressed bytes, after the first 64 MB */

typedef enum codec { PLAIN, GZIP, ZSTD } codec;

struct firn_file_reader {
    firn_env *env;
    const firn_source_file *file;
    firn_file_reader_opt opt;
    size_t max_record_bytes;
    firn_framer *framer;
    int fd;
    firn_stat stat;
    firn_hash64_state *hash;
    bool at_eof; /* of the bytes that records are cut from */
    bool broken;

    codec codec;
    bool inside; /* of a gzip member or zstd frame */
    z_stream z;
    ZSTD_DStream *zstd;
    uint8_t *io; /* compressed or foreign-encoded bytes */
    size_t io_n;
    size_t io_at;
    bool io_eof;
    bool held_back; /* the decoder filled all there was room for: it may have more */
    uint64_t bytes_in;
    uint64_t bytes_out;

    iconv_t convert;  /* (iconv_t)-1: none */
    uint8_t *foreign; /* decompressed, not yet converted */
    size_t foreign_n;

    uint8_t *tail; /* bytes behind the last whole record */
    size_t tail_n;
    uint64_t offset; /* of the tail in the (converted) file */
    firn_line_counter lines;
    uint64_t records;
};

void firn_raw_batch_free(firn_raw_batch *b)
{
    if (!b)
        return;
    firn_mem_free(b->buffer);
    firn_mem_free(b->records);
    firn_mem_free(b);
}

static firn_code broken(firn_file_reader *r, firn_code code, const char *what, firn_err *err)
{
    r->broken = true;
    firn_raise(err, code, "file %s %s", firn_quote(r->file->name).s, what);
    return firn_err_advise(err, "nothing of this file was landed; put the whole file in its place "
                                "and run again");
}

/* --- bytes as stored ----------------------------------------------------------------------- */

static firn_code read_some(firn_file_reader *r, uint8_t *p, size_t cap, size_t *ret, firn_err *err)
{
    for (;;) {
        ssize_t n = read(r->fd, p, cap);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return firn_raise_errno(err, errno, "file %s", firn_quote(r->file->name).s);
        firn_hash64_add(r->hash, p, (size_t)n);
        r->bytes_in += (uint64_t)n;
        *ret = (size_t)n;
        return FIRN_OK;
    }
}

static firn_code refill(firn_file_reader *r, firn_err *err)
{
    if (r->io_at < r->io_n || r->io_eof)
        return FIRN_OK;
    r->io_at = 0;
    FIRN_TRY(read_some(r, r->io, IO_BYTES, &r->io_n, err));
    r->io_eof = r->io_n == 0;
    return FIRN_OK;
}

/* --- decompression ------------------------------------------------------------------------- */

static firn_code refuse_bomb(firn_file_reader *r, firn_err *err)
{
    bool bomb = r->bytes_out > (uint64_t)64 << 20 && r->bytes_out / MAX_RATIO > r->bytes_in;
    if (!bomb)
        return FIRN_OK;
    broken(r, FIRN_E_LIMIT, "inflates to more than 1000 times its size", err);
    return firn_err_advise(err,
                           "nothing of this file was landed, lest it fill the disk; if it is "
                           "meant so, land it unpacked: `%s -d`",
                           r->codec == ZSTD ? "zstd" : "gzip");
}

static firn_code inflate_step(firn_file_reader *r, uint8_t *p, size_t cap, size_t *ret,
                              firn_err *err)
{
    if (!r->inside && inflateReset(&r->z) != Z_OK)
        return firn_raise_nomem(err);
    r->inside = true;
    r->z.next_in = r->io + r->io_at;
    r->z.avail_in = (uInt)(r->io_n - r->io_at);
    r->z.next_out = p;
    r->z.avail_out = (uInt)cap;
    int state = inflate(&r->z, Z_NO_FLUSH);
    r->io_at = r->io_n - r->z.avail_in;
    *ret = cap - r->z.avail_out;
    if (state == Z_STREAM_END)
        r->inside = false;
    else if (state == Z_MEM_ERROR)
        return firn_raise_nomem(err);
    else if (state != Z_OK && state != Z_BUF_ERROR)
        return broken(r, FIRN_E_DATA, "holds damaged gzip data", err);
    return FIRN_OK;
}

static firn_code zstd_failed(firn_file_reader *r, size_t state, firn_err *err)
{
    ZSTD_ErrorCode why = ZSTD_getErrorCode(state);
    if (why == ZSTD_error_memory_allocation)
        return firn_raise_nomem(err);
    if (why != ZSTD_error_frameParameter_windowTooLarge)
        return broken(r, FIRN_E_DATA, "holds damaged zstd data", err);
    r->broken = true;
    firn_raise(err, FIRN_E_UNSUPPORTED, "file %s needs more than 128 MB to be decompressed",
               firn_quote(r->file->name).s);
    return firn_err_advise(err, "it was made with zstd --long; compress it again without");
}

static firn_code zstd_step(firn_file_reader *r, uint8_t *p, size_t cap, size_t *ret, firn_err *err)
{
    ZSTD_inBuffer in = {r->io, r->io_n, r->io_at};
    ZSTD_outBuffer out = {p, cap, 0};
    size_t state = ZSTD_decompressStream(r->zstd, &out, &in);
    if (ZSTD_isError(state))
        return zstd_failed(r, state, err);
    r->io_at = in.pos;
    r->inside = state != 0;
    *ret = out.pos;
    return FIRN_OK;
}

/* Decompresses into p; *ret == 0 only at the end.  A file may hold several gzip members or zstd
 * frames, one behind the other. */
static firn_code decompress_some(firn_file_reader *r, uint8_t *p, size_t cap, size_t *ret,
                                 firn_err *err)
{
    *ret = 0;
    while (*ret == 0) {
        FIRN_TRY(refill(r, err));
        /* zstd may hold back bytes that it has read */
        bool more = r->codec == ZSTD && r->inside && r->held_back;
        if (r->io_eof && !more)
            break;
        FIRN_TRY(r->codec == ZSTD ? zstd_step(r, p, cap, ret, err)
                                  : inflate_step(r, p, cap, ret, err));
        r->held_back = *ret == cap;
    }
    if (*ret == 0 && r->inside)
        return broken(r, FIRN_E_DATA,
                      r->codec == ZSTD ? "ends in the middle of its zstd data"
                                       : "ends in the middle of its gzip data",
                      err);
    r->bytes_out += *ret;
    return refuse_bomb(r, err);
}

static firn_code stored_bytes(firn_file_reader *r, uint8_t *p, size_t cap, size_t *ret,
                              firn_err *err)
{
    if (r->codec != PLAIN)
        return decompress_some(r, p, cap, ret, err);
    if (r->io_at < r->io_n) { /* what was read to look at the beginning */
        *ret = FIRN_MIN(cap, r->io_n - r->io_at);
        memcpy(p, r->io + r->io_at, *ret);
        r->io_at += *ret;
        return FIRN_OK;
    }
    return read_some(r, p, cap, ret, err);
}

/* --- encodings ----------------------------------------------------------------------------- */

/* Converts to UTF-8.  Bytes that mean nothing in the encoding are left as they are: the record
 * they stand in is rejected for not being UTF-8. */
static firn_code convert_some(firn_file_reader *r, uint8_t *p, size_t cap, size_t *ret,
                              firn_err *err)
{
    *ret = 0;
    while (*ret == 0) {
        size_t got = 0;
        bool reads = r->foreign_n < IO_BYTES / 2;
        if (reads)
            FIRN_TRY(
                stored_bytes(r, r->foreign + r->foreign_n, IO_BYTES - r->foreign_n, &got, err));
        r->foreign_n += got;
        if (r->foreign_n == 0)
            return FIRN_OK;
        char *in = (char *)r->foreign;
        char *out = (char *)p;
        size_t in_left = r->foreign_n;
        size_t out_left = cap;
        size_t state = iconv(r->convert, &in, &in_left, &out, &out_left);
        int why = errno;
        bool cut_short = why == EINVAL && reads && got == 0; /* the file ends in a character */
        if (state == (size_t)-1 && (why == EILSEQ || cut_short) && in_left && out_left) {
            in++;
            in_left--;
            *out++ = (char)0xff; /* stands in no UTF-8 text */
            out_left--;
        }
        *ret = cap - out_left;
        memmove(r->foreign, in, in_left);
        r->foreign_n = in_left;
    }
    return FIRN_OK;
}

/* The next bytes that records are cut from; *ret == 0 only at the end. */
static firn_code text_bytes(firn_file_reader *r, uint8_t *p, size_t cap, size_t *ret, firn_err *err)
{
    if (r->convert == (iconv_t)-1)
        return stored_bytes(r, p, cap, ret, err);
    return convert_some(r, p, cap, ret, err);
}

/* Reads until `want` bytes are there or the file ends. */
static firn_code fill_buffer(firn_file_reader *r, uint8_t *buffer, size_t *n, size_t want,
                             firn_err *err)
{
    while (*n < want && !r->at_eof) {
        size_t got = 0;
        FIRN_TRY(text_bytes(r, buffer + *n, want - *n, &got, err));
        *n += got;
        r->at_eof = got == 0;
    }
    return FIRN_OK;
}

/* --- batches ------------------------------------------------------------------------------- */

static firn_raw_batch *new_batch(firn_file_reader *r, size_t bytes, firn_err *err)
{
    firn_raw_batch *b = firn_mem_alloc(sizeof *b);
    if (!b) {
        firn_raise_nomem(err);
        return NULL;
    }
    *b = (firn_raw_batch){.buffer_bytes = bytes, .record_cap = MAX_BATCH_RECORDS};
    b->buffer = firn_mem_alloc(bytes);
    b->records = firn_mem_alloc(b->record_cap * sizeof *b->records);
    if (!b->buffer || !b->records) {
        firn_raw_batch_free(b);
        firn_raise_nomem(err);
        return NULL;
    }
    if (r->tail_n)
        memcpy(b->buffer, r->tail, r->tail_n);
    return b;
}

static firn_code resize_batch(firn_raw_batch *b, size_t bytes, firn_err *err)
{
    uint8_t *p = firn_mem_realloc(b->buffer, bytes);
    if (!p)
        return firn_raise_nomem(err);
    b->buffer = p;
    b->buffer_bytes = bytes;
    return FIRN_OK;
}

/* Gives back the memory that a batch of a few records, or of a small file, does not need. */
static void trim(firn_raw_batch *b)
{
    if (b->batch.count * 2 <= b->record_cap) {
        firn_record *fewer =
            firn_mem_realloc(b->records, FIRN_MAX(b->batch.count, (size_t)1) * sizeof *fewer);
        if (fewer)
            b->records = fewer;
    }
    if (b->batch.bytes.n * 2 <= b->buffer_bytes)
        (void)resize_batch(b, FIRN_MAX(b->batch.bytes.n, (size_t)1), NULL);
}

static firn_code keep_tail(firn_file_reader *r, const uint8_t *p, size_t n, firn_err *err)
{
    uint8_t *tail = firn_mem_realloc(r->tail, n ? n : 1);
    if (!tail)
        return firn_raise_nomem(err);
    if (n)
        memcpy(tail, p, n);
    r->tail = tail;
    r->tail_n = n;
    return FIRN_OK;
}

/* Cuts records out of the buffer, reading more where a record is longer than it. */
static firn_code cut(firn_file_reader *r, firn_raw_batch *b, size_t *n, firn_cut *c, firn_err *err)
{
    for (;;) {
        FIRN_TRY(fill_buffer(r, b->buffer, n, b->buffer_bytes, err));
        bool largest = b->buffer_bytes > r->max_record_bytes;
        bool force = *n == b->buffer_bytes && largest;
        *c = (firn_cut){.records = b->records, .cap = b->record_cap};
        firn_code code =
            r->opt.decoder->cut(r->framer, (firn_slice){b->buffer, *n}, r->at_eof, force, c, err);
        if (code != FIRN_OK) {
            r->broken = true;
            return firn_wrap(err, "file %s", firn_quote(r->file->name).s);
        }
        if (c->n || c->consumed || (r->at_eof && *n == 0))
            return FIRN_OK;
        if (r->at_eof)
            return firn_raise(err, FIRN_E_BUG, "the format left %zu bytes at the end of %s", *n,
                              firn_quote(r->file->name).s);
        /* beyond the longest record there must be room for the line's end */
        FIRN_TRY(resize_batch(b, FIRN_MIN(b->buffer_bytes * 2, r->max_record_bytes + 64), err));
    }
}

static firn_code make_batch(firn_file_reader *r, firn_raw_batch *b, firn_err *err)
{
    size_t n = r->tail_n;
    firn_cut c;
    FIRN_TRY(cut(r, b, &n, &c, err));
    b->batch = (firn_batch){
        .bytes = {b->buffer, c.consumed},
        .records = b->records,
        .count = c.n,
        .first_offset = r->offset,
        .file = r->opt.decoder->file(r->framer),
    };
    b->batch.lone_cr = r->opt.decoder->lone_cr(r->framer);
    b->batch.lineless = r->opt.decoder->lineless;
    b->batch.first_line = b->batch.lineless
                              ? r->records + 1
                              : firn_next_lines(&r->lines, b->batch.bytes, b->batch.lone_cr);
    r->records += c.n;
    r->offset += c.consumed;
    FIRN_TRY(keep_tail(r, b->buffer + c.consumed, n - c.consumed, err));
    trim(b);
    b->batch.records = b->records;
    b->batch.bytes.p = b->buffer;
    return FIRN_OK;
}

firn_code firn_file_reader_next(firn_file_reader *r, firn_raw_batch **ret, bool *ret_end,
                                firn_err *err)
{
    *ret_end = false;
    for (;;) {
        if (r->at_eof && r->tail_n == 0) {
            *ret_end = true;
            return FIRN_OK;
        }
        firn_raw_batch *b = new_batch(r, FIRN_MAX(r->opt.batch_bytes, r->tail_n), err);
        if (!b)
            return FIRN_E_NOMEM;
        firn_code code = make_batch(r, b, err);
        if (code == FIRN_OK && b->batch.count) {
            *ret = b;
            return FIRN_OK;
        }
        firn_raw_batch_free(b); /* blanks, or the middle of a record that is skipped */
        FIRN_TRY(code);
    }
}

/* --- opening and closing ------------------------------------------------------------------- */

static firn_code open_fd(firn_file_reader *r, firn_err *err)
{
    struct stat st;
    r->fd = open(r->file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (r->fd < 0 || fstat(r->fd, &st) != 0)
        return firn_raise_errno(err, errno, "file %s", firn_quotec(r->file->path).s);
    if (!S_ISREG(st.st_mode))
        return firn_raise(err, FIRN_E_INVAL, "%s is no regular file", firn_quotec(r->file->path).s);
    (void)posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return firn_fs_stat(r->env, r->file->path, &r->stat, err);
}

static firn_code start_gzip(firn_file_reader *r, firn_err *err)
{
    if (inflateInit2(&r->z, 15 + 16) != Z_OK)
        return firn_raise_nomem(err);
    r->codec = GZIP;
    return FIRN_OK;
}

static firn_code start_zstd(firn_file_reader *r, firn_err *err)
{
    r->zstd = ZSTD_createDStream();
    if (!r->zstd || ZSTD_isError(ZSTD_initDStream(r->zstd)) ||
        ZSTD_isError(ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, MAX_WINDOW_LOG)))
        return firn_raise_nomem(err);
    r->codec = ZSTD;
    return FIRN_OK;
}

/* By the first bytes, whatever the file is called. */
static firn_code start_codec(firn_file_reader *r, firn_err *err)
{
    switch (firn_file_codec_of((firn_slice){r->io, r->io_n})) {
    case FIRN_FILE_GZIP:
        return start_gzip(r, err);
    case FIRN_FILE_ZSTD:
        return start_zstd(r, err);
    case FIRN_FILE_PLAIN:
    default:
        return FIRN_OK;
    }
}

/* Reads the head: it stays in the tail, as if left over from a batch. */
static firn_code read_head(firn_file_reader *r, firn_err *err)
{
    uint8_t *head = firn_mem_alloc(HEAD_BYTES);
    if (!head)
        return firn_raise_nomem(err);
    size_t n = 0;
    firn_code code = fill_buffer(r, head, &n, HEAD_BYTES, err);
    if (code == FIRN_OK)
        code = keep_tail(r, head, n, err);
    firn_mem_free(head);
    return code;
}

/* The head was read before its encoding was known: it is taken back and converted. */
static firn_code start_conversion(firn_file_reader *r, firn_str encoding, firn_err *err)
{
    char name[64];
    if (encoding.n >= sizeof name)
        return firn_raise(err, FIRN_E_CONFIG, "unknown encoding %s", firn_quote(encoding).s);
    memcpy(name, encoding.p, encoding.n);
    name[encoding.n] = '\0';
    r->convert = iconv_open("UTF-8", name);
    if (r->convert == (iconv_t)-1)
        return firn_raise(err, FIRN_E_CONFIG, "unknown encoding %s", firn_quote(encoding).s);
    r->foreign = firn_mem_alloc(r->tail_n + IO_BYTES);
    if (!r->foreign)
        return firn_raise_nomem(err);
    if (r->tail_n)
        memcpy(r->foreign, r->tail, r->tail_n);
    r->foreign_n = r->tail_n;
    r->tail_n = 0;
    r->at_eof = false;
    return FIRN_OK;
}

static firn_code open_reader(firn_file_reader *r, firn_arena *a, firn_err *err)
{
    FIRN_TRY(open_fd(r, err));
    r->hash = firn_hash64_new();
    r->io = firn_mem_alloc(IO_BYTES);
    if (!r->hash || !r->io)
        return firn_raise_nomem(err);
    FIRN_TRY(refill(r, err));
    FIRN_TRY(start_codec(r, err));
    FIRN_TRY(read_head(r, err));
    firn_slice head = {r->tail, r->tail_n};
    FIRN_TRY(firn_file_refuse_foreign(head, r->file->name, err));
    if (r->opt.decoder->open(r->opt.format, head, r->at_eof, a, &r->framer, err) != FIRN_OK)
        return firn_wrap(err, "file %s", firn_quote(r->file->name).s);
    firn_str encoding = r->opt.decoder->encoding(r->framer);
    return encoding.n ? start_conversion(r, encoding, err) : FIRN_OK;
}

firn_code firn_file_reader_open(firn_env *env, const firn_source_file *file,
                                const firn_file_reader_opt *opt, firn_arena *a,
                                firn_file_reader **ret, firn_err *err)
{
    firn_file_reader *r = firn_mem_alloc(sizeof *r);
    if (!r)
        return firn_raise_nomem(err);
    memset(r, 0, sizeof *r);
    r->env = env;
    r->file = file;
    r->opt = *opt;
    r->max_record_bytes = opt->format->max_record_bytes;
    if (r->max_record_bytes == 0)
        r->max_record_bytes = FIRN_MAX_RECORD_BYTES;
    r->fd = -1;
    r->convert = (iconv_t)-1;
    r->lines.line = 1;
    firn_code code = open_reader(r, a, err);
    if (code != FIRN_OK) {
        firn_file_reader_close(r);
        return code;
    }
    *ret = r;
    return FIRN_OK;
}

static bool same_file(const firn_stat *a, const firn_stat *b)
{
    return a->size == b->size && a->mtime_ns == b->mtime_ns && a->inode == b->inode &&
           a->device == b->device;
}

firn_code firn_file_reader_finish(firn_file_reader *r, uint64_t *ret_hash, firn_stat *ret_stat,
                                  firn_err *err)
{
    firn_stat now;
    FIRN_TRY(firn_fs_stat(r->env, r->file->path, &now, err));
    if (!same_file(&now, &r->stat) || r->bytes_in != now.size)
        return broken(r, FIRN_E_DATA, "changed while it was read", err);
    *ret_hash = firn_hash64_value(r->hash);
    *ret_stat = r->stat;
    return FIRN_OK;
}

uint64_t firn_file_reader_stored(const firn_file_reader *r)
{
    return r->bytes_in;
}

/* Without what was read and stands in no batch yet. */
uint64_t firn_file_reader_consumed(const firn_file_reader *r)
{
    uint64_t taken = r->bytes_in - (r->io_n - r->io_at);
    double ratio = r->codec != PLAIN && taken ? (double)r->bytes_out / (double)taken : 1;
    uint64_t waiting = (uint64_t)((double)r->tail_n / FIRN_MAX(ratio, 1.0));
    return taken > waiting ? taken - waiting : 0;
}

firn_str firn_file_reader_note(const firn_file_reader *r)
{
    return r->opt.decoder->describe(r->framer);
}

const void *firn_file_reader_info(const firn_file_reader *r)
{
    return r->opt.decoder->file(r->framer);
}

void firn_file_reader_close(firn_file_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    if (r->codec == GZIP)
        inflateEnd(&r->z);
    ZSTD_freeDStream(r->zstd);
    if (r->convert != (iconv_t)-1)
        iconv_close(r->convert);
    firn_hash64_free(r->hash);
    firn_mem_free(r->io);
    firn_mem_free(r->foreign);
    firn_mem_free(r->tail);
    firn_mem_free(r);
}
