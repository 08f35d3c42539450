/* SPDX-License-Identifier: Apache-2.0 */
/* BSON as a format of decoder.h: the table of its functions, and framing, which trusts nothing but
 * that a document ends where its length says, with a zero. */
#include "format/bson.h"

#include "base/str.h"

/* What mongodump --archive begins with. */
#define ARCHIVE_MAGIC INT32_C(0x8199e26d - 0x100000000)

struct firn_framer {
    uint64_t offset; /* in the file: of the first byte of the next call */
    size_t max_record_bytes;
    uint64_t skip;   /* bytes left of a document that is too long */
    uint64_t begins; /* that document, in the file */
    uint64_t length;
};

/* --- what a file is ------------------------------------------------------------------------ */

static bool is_known_type(uint8_t type)
{
    return (type >= FIRN_BSON_DOUBLE && type <= FIRN_BSON_DECIMAL128) ||
           type == FIRN_BSON_MIN_KEY || type == FIRN_BSON_MAX_KEY;
}

/* Follows the lengths of the first documents. */
bool firn_bson_looks_like(firn_slice head, bool whole)
{
    size_t at = 0;
    if (head.n < FIRN_BSON_MIN_BYTES)
        return false;
    for (int i = 0; i < 16 && at + FIRN_BSON_MIN_BYTES <= head.n; i++) {
        int32_t n = firn_bson_i32(head.p + at);
        if (n < FIRN_BSON_MIN_BYTES ||
            (n == FIRN_BSON_MIN_BYTES ? head.p[at + 4] != 0 : !is_known_type(head.p[at + 4])))
            return false;
        if ((size_t)n > head.n - at)
            return !whole && (at > 0 || n <= (64 << 20));
        if (head.p[at + (size_t)n - 1] != 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static firn_code not_bson(firn_slice head, firn_err *err)
{
    if (head.n >= 4 && firn_bson_i32(head.p) == ARCHIVE_MAGIC) {
        firn_raise(err, FIRN_E_DATA, "this is an archive of mongodump");
        return firn_err_advise(err, "dump into a folder (without --archive), or unpack it: "
                                    "mongorestore --archive=FILE, then mongodump --out=FOLDER");
    }
    firn_raise(err, FIRN_E_DATA, "this is not BSON: it begins with %s",
               firn_quote((firn_str){(const char *)head.p, FIRN_MIN(head.n, (size_t)16)}).s);
    return firn_err_advise(err, "a file of BSON is documents one behind the other, as mongodump "
                                "writes them; for others say `format:`");
}

firn_code firn_bson_open(const firn_format_opt *opt, firn_slice head, bool whole, firn_arena *a,
                         firn_framer **ret, firn_err *err)
{
    firn_framer *f = firn_arena_zalloc(a, sizeof *f);
    if (!f)
        return firn_arena_raise(a, err);
    f->max_record_bytes = opt->max_record_bytes ? opt->max_record_bytes : FIRN_MAX_RECORD_BYTES;
    if (opt->records.n) {
        firn_raise(err, FIRN_E_CONFIG, "records: is for JSON; a file of BSON has no place for it");
        return firn_err_advise(err, "leave `records:` out");
    }
    bool odd = head.n >= FIRN_BSON_MIN_BYTES &&
               (firn_bson_i32(head.p) < FIRN_BSON_MIN_BYTES ||
                (firn_bson_i32(head.p) > FIRN_BSON_MIN_BYTES && !is_known_type(head.p[4])));
    if (odd || (whole && head.n && head.n < FIRN_BSON_MIN_BYTES))
        return not_bson(head, err);
    *ret = f;
    return FIRN_OK;
}

/* --- cutting ------------------------------------------------------------------------------- */

static firn_code ends_inside(uint64_t begins, uint64_t length, uint64_t there, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA,
                      "byte %llu: the file ends inside of a document that begins here: it says it "
                      "has %llu bytes, %llu are there",
                      (unsigned long long)begins, (unsigned long long)length,
                      (unsigned long long)there);
}

static firn_code bad_length(const firn_framer *f, size_t at, int32_t n, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA, "byte %llu: a document cannot be %ld bytes long",
                      (unsigned long long)(f->offset + at), (long)n);
}

static firn_code no_zero(uint64_t begins, uint64_t length, firn_err *err)
{
    return firn_raise(err, FIRN_E_DATA,
                      "byte %llu: the document of %llu bytes that begins at byte %llu does not end "
                      "here",
                      (unsigned long long)(begins + length - 1), (unsigned long long)length,
                      (unsigned long long)begins);
}

static void emit(firn_cut *out, size_t at, size_t n, uint32_t flags)
{
    out->records[out->n++] =
        (firn_record){.offset = (uint32_t)at, .length = (uint32_t)n, .flags = flags};
}

/* Goes on with a document that is too long, up to its end. */
static firn_code skip_on(firn_framer *f, firn_slice bytes, bool eof, size_t *at, firn_err *err)
{
    size_t n = (size_t)FIRN_MIN(f->skip, (uint64_t)(bytes.n - *at));
    f->skip -= n;
    *at += n;
    if (f->skip == 0 && bytes.p[*at - 1] != 0)
        return no_zero(f->begins, f->length, err);
    return f->skip && eof ? ends_inside(f->begins, f->length, f->length - f->skip, err) : FIRN_OK;
}

/* Takes the beginning of a document that is too long; the rest is skipped. */
static firn_code take_beginning(firn_framer *f, firn_slice bytes, bool eof, size_t *at, size_t n,
                                firn_cut *out, firn_err *err)
{
    emit(out, *at, f->max_record_bytes, FIRN_REC_OVERSIZE);
    f->begins = f->offset + *at;
    f->length = n;
    f->skip = n - f->max_record_bytes;
    *at += f->max_record_bytes;
    return skip_on(f, bytes, eof, at, err);
}

/* Takes the document at *at; *ret_wait: more of it must be there first. */
static firn_code cut_document(firn_framer *f, firn_slice bytes, bool eof, size_t *at, firn_cut *out,
                              bool *ret_wait, firn_err *err)
{
    int32_t length = firn_bson_i32(bytes.p + *at);
    size_t left = bytes.n - *at;
    if (length < FIRN_BSON_MIN_BYTES)
        return bad_length(f, *at, length, err);
    size_t n = (size_t)length;
    if (n > f->max_record_bytes && left > f->max_record_bytes)
        return take_beginning(f, bytes, eof, at, n, out, err);
    *ret_wait = n > left;
    if (n > left)
        return eof ? ends_inside(f->offset + *at, n, left, err) : FIRN_OK;
    if (bytes.p[*at + n - 1] != 0)
        return no_zero(f->offset + *at, n, err);
    emit(out, *at, n, 0);
    *at += n;
    return FIRN_OK;
}

static firn_code cut_documents(firn_framer *f, firn_slice bytes, bool eof, size_t *at,
                               firn_cut *out, firn_err *err)
{
    bool wait = false;
    while (!wait && !f->skip && out->n < out->cap && bytes.n - *at >= 4)
        FIRN_TRY(cut_document(f, bytes, eof, at, out, &wait, err));
    size_t left = bytes.n - *at;
    if (eof && left && left < 4)
        return firn_raise(err, FIRN_E_DATA,
                          "byte %llu: %zu bytes are left behind the last document",
                          (unsigned long long)(f->offset + *at), left);
    return FIRN_OK;
}

firn_code firn_bson_cut(firn_framer *f, firn_slice bytes, bool eof, bool force, firn_cut *out,
                        firn_err *err)
{
    (void)force; /* what does not fit a buffer of max_record_bytes is too long */
    size_t at = 0;
    out->n = 0;
    if (f->skip)
        FIRN_TRY(skip_on(f, bytes, eof, &at, err));
    if (!f->skip)
        FIRN_TRY(cut_documents(f, bytes, eof, &at, out, err));
    f->offset += at;
    out->consumed = at;
    return FIRN_OK;
}

/* --- the table ----------------------------------------------------------------------------- */

static const void *no_file(firn_framer *f)
{
    (void)f;
    return NULL;
}

static firn_str nothing(const firn_framer *f)
{
    (void)f;
    return (firn_str){"", 0};
}

static bool never(const firn_framer *f)
{
    (void)f;
    return false;
}

const firn_decoder_ops firn_decoder_bson = {
    .name = "bson",
    .open = firn_bson_open,
    .cut = firn_bson_cut,
    .file = no_file,
    .describe = nothing,
    .encoding = nothing,
    .lone_cr = never,
    .lineless = true,
    .text = firn_bson_text,
    .walk = firn_bson_walk,
    .fill = firn_bson_fill,
};
