/* SPDX-License-Identifier: Apache-2.0 */
/* What all decoders share: the list of formats, rejects, line numbers. */
#include "format/decoder.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const firn_decoder_ops *firn_decoder_find(firn_str name)
{
    static const firn_decoder_ops *const all[] = {&firn_decoder_json, &firn_decoder_csv,
                                                  &firn_decoder_bson};
    for (size_t i = 0; i < FIRN_COUNT_OF(all); i++)
        if (firn_str_eqc(name, all[i]->name))
            return all[i];
    return NULL;
}

firn_code firn_rejects_add(firn_rejects *r, size_t record, uint16_t id, firn_str path,
                           firn_err *err, const char *fmt, ...)
{
    char reason[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : FIRN_MIN((size_t)n, sizeof reason - 1);
    used = firn_utf8_valid_prefix(reason, used); /* a cut may fall inside a character */
    firn_reject reject = {
        .record = record,
        .id = id,
        .path = firn_arena_str(r->arena, path),
        .reason = firn_arena_str(r->arena, (firn_str){reason, used}),
    };
    if (!reject.path.p || !reject.reason.p || !firn_vec_push(r->arena, r, reject))
        return firn_arena_raise(r->arena, err);
    return FIRN_OK;
}

static uint64_t count_lf(firn_slice bytes)
{
    uint64_t count = 0;
    const uint8_t *end = bytes.p + bytes.n;
    for (const uint8_t *p = bytes.p; p < end; count++, p++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (!p)
            break;
    }
    return count;
}

static uint64_t count_lone_cr(firn_slice bytes)
{
    uint64_t count = 0;
    const uint8_t *end = bytes.p + bytes.n;
    for (const uint8_t *p = bytes.p; p < end; p++) {
        p = memchr(p, '\r', (size_t)(end - p));
        if (!p)
            break;
        count += p + 1 == end || p[1] != '\n';
    }
    return count;
}

uint64_t firn_count_lines(firn_slice bytes, bool lone_cr)
{
    return count_lf(bytes) + (lone_cr ? count_lone_cr(bytes) : 0);
}

uint64_t firn_next_lines(firn_line_counter *c, firn_slice bytes, bool lone_cr)
{
    if (bytes.n == 0)
        return c->line;
    uint64_t first = c->line - (c->after_cr && bytes.p[0] == '\n');
    c->line = first + firn_count_lines(bytes, lone_cr);
    c->after_cr = lone_cr && bytes.p[bytes.n - 1] == '\r';
    return first;
}

uint64_t firn_batch_line(const firn_batch *b, size_t i)
{
    if (b->lineless)
        return b->first_line + i;
    firn_slice before = {b->bytes.p, b->records[i].offset};
    const uint8_t *at = before.p + before.n;
    bool in_line_end =
        b->lone_cr && before.n && at[-1] == '\r' && before.n < b->bytes.n && *at == '\n';
    return b->first_line + firn_count_lines(before, b->lone_cr) - in_line_end;
}
