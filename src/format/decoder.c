/* SPDX-License-Identifier: Apache-2.0 */
/* What all decoders share: the list of formats, rejects, line numbers. */
#include "format/decoder.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const firn_decoder_ops *firn_decoder_find(firn_str name)
{
    static const firn_decoder_ops *const all[] = {&firn_decoder_json, &firn_decoder_csv};
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

uint64_t firn_batch_line(const firn_batch *b, size_t i)
{
    uint64_t line = b->first_line;
    const uint8_t *p = b->bytes.p;
    const uint8_t *end = p + b->records[i].offset;
    while (p < end) {
        const uint8_t *newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline)
            break;
        line++;
        p = newline + 1;
    }
    return line;
}
