/* SPDX-License-Identifier: Apache-2.0 */
/* Where CSV records end: one scan, 64 bytes at a time, that looks at quotes and line ends only.
 * The bytes of a record that is not whole come again in the next call and are not scanned again. */
#include "format/csv_block.h"
#include "format/csv_int.h"

#include <string.h>

#define BOM_BYTES 3

/* One call of cut. */
typedef struct scan {
    firn_framer *f;
    const uint8_t *p;
    size_t n;
    size_t start;      /* of the record */
    int64_t closed_at; /* the last closing quote; -2: none, -1: the byte before p */
    firn_cut *out;
} scan;

/* --- records ------------------------------------------------------------------------------- */

static void push(scan *s, size_t offset, size_t length, uint32_t flags)
{
    s->out->records[s->out->n++] =
        (firn_record){.offset = (uint32_t)offset, .length = (uint32_t)length, .flags = flags};
}

/* Ends the record at `end`: its line end, or the end of the file. */
static void end_record(scan *s, size_t end)
{
    firn_framer *f = s->f;
    size_t max = f->file->max_record_bytes;
    size_t length = end - s->start;
    bool told = f->skipping;
    f->skipping = false;
    if (!f->in_quotes && !f->file->dialect.lone_cr && length && s->p[end - 1] == '\r')
        length--;
    if (told || length == 0)
        return;
    if (f->header_pending) {
        f->header_pending = false;
        return;
    }
    push(s, s->start, FIRN_MIN(length, max),
         (length > max ? FIRN_REC_OVERSIZE : 0) | (f->in_quotes ? FIRN_REC_BROKEN : 0));
}

/* Whether the quote at `at`, seen outside of quotes, opens a cell or doubles the one before. */
static bool opens(const scan *s, size_t at)
{
    const firn_framer *f = s->f;
    int before = at ? s->p[at - 1] : f->last;
    return (at == s->start && !f->skipping) || s->closed_at == (int64_t)at - 1 ||
           (before >= 0 && before == f->file->dialect.separator);
}

/* Goes through the quotes and line ends of the block at `base`.  False: there is no more room, and
 * s->start is where to go on. */
static inline bool scan_block(scan *s, size_t base, uint64_t quotes, uint64_t ends)
{
    firn_framer *f = s->f;
    for (;;) {
        uint64_t next = f->in_quotes ? quotes : quotes | ends;
        if (!next)
            return true;
        size_t at = base + (size_t)__builtin_ctzll(next);
        uint64_t bit = next & (0 - next);
        if (f->in_quotes) {
            f->in_quotes = false;
            s->closed_at = (int64_t)at;
            ends &= ~(bit - 1); /* those before were quoted */
        } else if (quotes & bit) {
            f->in_quotes = opens(s, at);
        } else {
            end_record(s, at);
            s->start = at + 1;
            if (s->out->n == s->out->cap)
                return false;
        }
        quotes &= ~bit;
        ends &= ~bit;
    }
}

static bool scan_all(scan *s, size_t from)
{
    const firn_csv_dialect *d = &s->f->file->dialect;
    int line_end = d->lone_cr ? '\r' : '\n';
    size_t base = from;
    for (; s->n - base >= FIRN_CSV_BLOCK; base += FIRN_CSV_BLOCK)
        if (!scan_block(s, base, firn_csv_matches(s->p + base, d->quote),
                        firn_csv_matches(s->p + base, line_end)))
            return false;
    uint8_t last[FIRN_CSV_BLOCK] = {0};
    if (base == s->n)
        return true;
    memcpy(last, s->p + base, s->n - base);
    return scan_block(s, base, firn_csv_matches(last, d->quote), firn_csv_matches(last, line_end));
}

/* --- what is left at the end of the bytes -------------------------------------------------- */

/* Gives the beginning of a record that is too long; the rest of it is skipped. */
static void push_beginning(scan *s)
{
    firn_framer *f = s->f;
    size_t rest = s->n - s->start;
    size_t kept = FIRN_MIN(rest, f->file->max_record_bytes);
    push(s, s->start, kept, FIRN_REC_OVERSIZE);
    f->skipping = true;
    f->skipped = rest - kept;
}

static firn_code leave_rest(scan *s, bool force, firn_err *err)
{
    firn_framer *f = s->f;
    size_t rest = s->n - s->start;
    size_t max = f->file->max_record_bytes;
    bool stuck = force && rest && s->start == 0;
    s->out->consumed = s->n;
    if (f->skipping)
        return FIRN_OK;
    /* one byte may be the carriage return of the line end; that of a header was seen */
    if ((f->header_pending || rest <= max + 1) && !stuck) {
        s->out->consumed = s->start;
        f->scanned = rest;
        return FIRN_OK;
    }
    if (f->header_pending)
        return firn_raise(err, FIRN_E_DATA, "the header is longer than %zu bytes", rest);
    push_beginning(s);
    return FIRN_OK;
}

/* The file ends here.  A quote that is still open makes the record, or what is left out of it, a
 * reject. */
static void finish_file(scan *s)
{
    firn_framer *f = s->f;
    size_t rest = s->n - s->start;
    s->out->consumed = s->n;
    if (!f->skipping && !(f->in_quotes && rest > f->file->max_record_bytes)) {
        if (rest)
            end_record(s, s->n);
        s->start = s->n;
        f->in_quotes = false;
        return;
    }
    if (!f->skipping)
        push_beginning(s);
    if (f->in_quotes && s->out->n == s->out->cap) { /* the last byte comes again */
        s->out->consumed = s->n - 1;
        f->scanned = 1;
        return;
    }
    if (f->in_quotes) {
        f->file->unclosed_bytes = f->skipped;
        push(s, s->n, 0, FIRN_REC_BROKEN);
    }
    f->skipping = false;
    f->in_quotes = false;
}

/* Skips a byte order mark at the start of the file; false: it cannot be told yet. */
static bool skip_bom(firn_framer *f, firn_slice bytes, bool eof, size_t *ret_start)
{
    static const uint8_t bom[BOM_BYTES] = {0xef, 0xbb, 0xbf};
    size_t n = FIRN_MIN(bytes.n, (size_t)BOM_BYTES);
    bool same = n == 0 || memcmp(bytes.p, bom, n) == 0;
    if (f->started)
        return true;
    if (same && n < BOM_BYTES && !eof)
        return false;
    f->started = true;
    *ret_start = same && n == BOM_BYTES ? BOM_BYTES : 0;
    return true;
}

firn_code firn_csv_cut(firn_framer *f, firn_slice bytes, bool eof, bool force, firn_cut *out,
                       firn_err *err)
{
    size_t start = 0;
    size_t n = FIRN_MIN(bytes.n, (size_t)UINT32_MAX);
    size_t scanned = FIRN_MIN(f->scanned, n);
    out->n = 0;
    out->consumed = 0;
    if (out->cap == 0 || !skip_bom(f, bytes, eof, &start))
        return FIRN_OK;
    scan s = {.f = f, .p = bytes.p, .n = n, .start = start, .out = out};
    s.closed_at = f->closed ? (int64_t)scanned - 1 : -2;
    f->scanned = 0;
    bool skipped = f->skipping;
    bool whole = scan_all(&s, start + scanned);
    f->closed = whole && s.closed_at == (int64_t)n - 1;
    if (n)
        f->last = whole ? bytes.p[n - 1] : '\n';
    if (skipped && f->skipping)
        f->skipped += n - scanned;
    if (!whole) {
        out->consumed = s.start;
        return FIRN_OK;
    }
    if (!eof || n < bytes.n)
        return leave_rest(&s, force || n < bytes.n, err);
    finish_file(&s);
    return FIRN_OK;
}
