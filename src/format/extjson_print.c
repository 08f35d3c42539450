/* SPDX-License-Identifier: Apache-2.0 */
/* JSON texts made: strings, and Extended JSON in its relaxed spelling. */
#include "format/extjson.h"
#include "format/json_lex.h"

#include <math.h>

/* --- strings ------------------------------------------------------------------------------- */

static firn_code add_escape(firn_buf *out, unsigned char c, firn_err *err)
{
    static const char names[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *named = c ? strchr(names, c) : NULL;
    if (named)
        return firn_buf_addf(out, err, "\\%c", letters[named - names]);
    return firn_buf_addf(out, err, "\\u%04x", (unsigned)c);
}

/* Returns how many bytes at p need no change. */
static size_t plain_bytes(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && (unsigned char)p[i] >= ' ' && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

static firn_code add_valid(firn_buf *out, firn_str s, firn_err *err)
{
    for (;;) {
        size_t plain = plain_bytes(s.p, s.n);
        FIRN_TRY(firn_buf_add(out, s.p, plain, err));
        if (plain == s.n)
            return FIRN_OK;
        FIRN_TRY(add_escape(out, (unsigned char)s.p[plain], err));
        s = (firn_str){s.p + plain + 1, s.n - plain - 1};
    }
}

firn_code firn_json_add_string(firn_buf *out, firn_str s, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '"', err));
    while (s.n) {
        size_t valid = firn_utf8_valid_prefix(s.p, s.n);
        FIRN_TRY(add_valid(out, (firn_str){s.p, valid}, err));
        if (valid == s.n)
            break;
        FIRN_TRY(firn_buf_adds(out, "\xef\xbf\xbd", err));
        s = (firn_str){s.p + valid + 1, s.n - valid - 1};
    }
    return firn_buf_addc(out, '"', err);
}

/* --- relaxed ------------------------------------------------------------------------------- */

typedef struct relaxing {
    const char *p;
    const char *end;
    firn_extended mode;
    firn_arena *a;
    firn_buf *out;
    bool any;
    firn_err *err;
} relaxing;

/* Whether a value has a spelling as plain JSON. */
static bool is_bare(const firn_typed *v)
{
    return v->kind == FIRN_TYPED_INT || v->kind == FIRN_TYPED_LONG ||
           (v->kind == FIRN_TYPED_DOUBLE && isfinite(v->d));
}

static firn_code relax_typed(relaxing *r, const firn_typed *v, firn_str source)
{
    int64_t us;
    r->any = true;
    if (is_bare(v))
        return firn_buf_addstr(r->out, v->text, r->err);
    if (v->kind == FIRN_TYPED_DATE && v->ms >= 0 && firn_ms_to_us(v->ms, &us))
        return firn_buf_addf(r->out, r->err, "{\"$date\":\"%.*s\"}", FIRN_STR_ARG(v->text));
    return firn_buf_addstr(r->out, source, r->err);
}

static firn_code relax(relaxing *r);

static firn_code relax_key(relaxing *r)
{
    const char *start = r->p;
    firn_json_key key = firn_json_item_key(&r->p, r->end);
    FIRN_TRY(firn_buf_add(r->out, start, key.n + 2, r->err));
    return firn_buf_addc(r->out, ':', r->err);
}

static firn_code relax_items(relaxing *r)
{
    bool object = *r->p == '{';
    FIRN_TRY(firn_buf_addc(r->out, object ? '{' : '[', r->err));
    bool more = firn_json_first_item(&r->p, r->end);
    for (bool first = true; more; first = false) {
        if (!first)
            FIRN_TRY(firn_buf_addc(r->out, ',', r->err));
        if (object)
            FIRN_TRY(relax_key(r));
        FIRN_TRY(relax(r));
        more = firn_json_next_item(&r->p, r->end);
    }
    return firn_buf_addc(r->out, object ? '}' : ']', r->err);
}

/* Recursion ends with the depth of checked JSON. */
static firn_code relax(relaxing *r)
{
    firn_typed v = {.kind = FIRN_TYPED_NULL};
    const char *p = r->p;
    const char *behind = *p == '{' ? firn_extjson_read(p, r->end, r->mode, r->a, &v) : NULL;
    if (!behind && v.kind == FIRN_TYPED_NOMEM)
        return firn_arena_raise(r->a, r->err);
    if (!behind && (*p == '{' || *p == '['))
        return relax_items(r);
    r->p = behind ? behind : firn_json_behind(p, r->end);
    firn_str source = {p, (size_t)(r->p - p)};
    return behind ? relax_typed(r, &v, source) : firn_buf_addstr(r->out, source, r->err);
}

firn_code firn_extjson_relax(const char *p, const char *end, firn_extended mode, firn_arena *a,
                             firn_buf *out, bool *ret_any, firn_err *err)
{
    relaxing r = {.p = p, .end = end, .mode = mode, .a = a, .out = out, .err = err};
    FIRN_TRY(relax(&r));
    *ret_any = r.any;
    return FIRN_OK;
}
