/* SPDX-License-Identifier: Apache-2.0 */
/* A format that never cuts a record: the reader decompresses the beginning and hands it over. */
#include "pipeline/records_guess.h"

#include "base/str.h"

#include <string.h>

#define MAX_DEPTH 16

/* An object or array that is open. */
typedef struct level {
    bool array;
    firn_str key;   /* of it in the object around */
    size_t objects; /* array: how many stand in it */
    bool record;    /* object: it has an id, so it is none that only wraps */
    bool scalars;   /* object: it has values of its own */
} level;

typedef struct scan {
    firn_slice s;
    size_t at;
    level levels[MAX_DEPTH];
    size_t depth;
    size_t too_deep; /* levels beyond */
    firn_str key;    /* the last one */
    firn_arena *a;
    firn_str best;
    size_t best_count;
    bool done; /* the value at the top is closed, or this is no such file */
    bool bad;
} scan;

struct firn_framer {
    firn_str path;
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool next_is_colon(const scan *x, size_t at)
{
    while (at < x->s.n && is_blank(x->s.p[at]))
        at++;
    return at < x->s.n && x->s.p[at] == ':';
}

static bool is_id(firn_str key)
{
    return firn_str_eqc(key, "id") || firn_str_eqc(key, "_id") || firn_str_eqc(key, "uuid") ||
           firn_str_ends(key, "_id") || firn_str_ends(key, "Id");
}

/* A key that stands in the object on top: is its value one of its own? */
static void note_key(scan *x, level *in)
{
    size_t at = x->at;
    while (at < x->s.n && (is_blank(x->s.p[at]) || x->s.p[at] == ':'))
        at++;
    bool scalar = at < x->s.n && x->s.p[at] != '{' && x->s.p[at] != '[';
    in->scalars = in->scalars || scalar;
    in->record = in->record || (scalar && is_id(x->key));
}

/* Runs over a text; one that is a key is remembered. */
static void take_text(scan *x)
{
    size_t from = ++x->at;
    while (x->at < x->s.n && x->s.p[x->at] != '"')
        x->at += x->s.p[x->at] == '\\' ? 2 : 1;
    size_t end = FIRN_MIN(x->at, x->s.n);
    x->at = end + 1;
    level *in = x->depth ? &x->levels[x->depth - 1] : NULL;
    if (!in || in->array || x->too_deep || !next_is_colon(x, x->at))
        return;
    x->key = (firn_str){(const char *)x->s.p + from, end - from};
    note_key(x, in);
}

/* What lists of records are called, where pages and counts stand beside them. */
static bool is_list_name(firn_str key)
{
    static const char *const names[] = {
        "data", "items",   "results", "records", "rows",      "value",   "values",   "entries",
        "hits", "content", "list",    "docs",    "documents", "objects", "features", "elements"};
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++)
        if (firn_str_ieq(key, firn_str_of(names[i])))
            return true;
    return false;
}

/* An object with values of its own and a list of a few may be a record that holds them. */
static bool is_plausible(const scan *x)
{
    const level *top = &x->levels[x->depth - 1];
    bool scalars = false;
    for (size_t i = 0; i + 1 < x->depth; i++)
        scalars = scalars || x->levels[i].scalars;
    return !scalars || top->objects >= 10 || is_list_name(top->key);
}

/* The path to the array that is on top; .p == NULL: objects on the way are records. */
static firn_str path_of(const scan *x)
{
    firn_str path = {"", 0};
    for (size_t i = 0; i < x->depth; i++) {
        const level *l = &x->levels[i];
        bool last = i + 1 == x->depth;
        bool odd = i && (l->key.n == 0 || memchr(l->key.p, '.', l->key.n) ||
                         memchr(l->key.p, '\\', l->key.n));
        if (odd || (!last && (l->array || l->record)))
            return (firn_str){NULL, 0};
        if (i)
            path = firn_str_of(firn_arena_printf(x->a, "%.*s%s%.*s", FIRN_STR_ARG(path),
                                                 path.n ? "." : "", FIRN_STR_ARG(l->key)));
    }
    return path;
}

/* The array on top ends, or the bytes do. */
static void consider(scan *x)
{
    const level *top = &x->levels[x->depth - 1];
    bool array = top->array && x->depth >= 2;
    if (!array || top->objects <= x->best_count || !is_plausible(x))
        return;
    firn_str path = path_of(x);
    if (!path.p || path.n == 0)
        return;
    x->best = path;
    x->best_count = top->objects;
}

static void open_level(scan *x, bool array)
{
    if (x->depth && !array && x->levels[x->depth - 1].array && !x->too_deep)
        x->levels[x->depth - 1].objects++;
    if (x->depth == MAX_DEPTH) {
        x->too_deep++;
        return;
    }
    if (x->depth == 0 && array)
        x->bad = true; /* an array of records is no object around them */
    x->levels[x->depth++] = (level){.array = array, .key = x->key};
    x->key = (firn_str){"", 0};
}

static void close_level(scan *x)
{
    if (x->too_deep) {
        x->too_deep--;
        return;
    }
    if (x->depth == 0) {
        x->bad = true;
        return;
    }
    consider(x);
    x->depth--;
    x->done = x->depth == 0;
}

static void take_sign(scan *x, uint8_t c)
{
    if (c == '{' || c == '[')
        open_level(x, c == '[');
    else if (c == '}' || c == ']')
        close_level(x);
    else if (x->depth == 0)
        x->bad = true;
    x->at++;
}

static void scan_on(scan *x)
{
    while (x->at < x->s.n && !x->bad) {
        uint8_t c = x->s.p[x->at];
        if (is_blank(c))
            x->at++;
        else if (x->done)
            x->bad = true; /* one object after the other: each is a record */
        else if (c == '"')
            take_text(x);
        else
            take_sign(x, c);
    }
    for (; x->depth && !x->bad; x->depth--)
        consider(x);
}

static firn_code guess_open(const firn_format_opt *opt FIRN_UNUSED, firn_slice head,
                            bool whole FIRN_UNUSED, firn_arena *a, firn_framer **ret, firn_err *err)
{
    firn_framer *f = firn_arena_zalloc(a, sizeof *f);
    scan *x = firn_arena_zalloc(a, sizeof *x);
    if (!f || !x)
        return firn_arena_raise(a, err);
    bool bom = head.n >= 3 && memcmp(head.p, "\xef\xbb\xbf", 3) == 0;
    *x = (scan){.s = head, .a = a, .at = bom ? 3 : 0};
    scan_on(x);
    f->path = x->bad ? firn_str_of("") : x->best;
    *ret = f;
    return FIRN_OK;
}

static firn_code guess_cut(firn_framer *f FIRN_UNUSED, firn_slice bytes, bool eof FIRN_UNUSED,
                           bool force FIRN_UNUSED, firn_cut *out, firn_err *err FIRN_UNUSED)
{
    out->consumed = bytes.n;
    return FIRN_OK;
}

static const void *guess_file(firn_framer *f FIRN_UNUSED)
{
    return NULL;
}

static firn_str guess_describe(const firn_framer *f)
{
    return f->path;
}

static firn_str guess_encoding(const firn_framer *f FIRN_UNUSED)
{
    return (firn_str){"", 0};
}

static bool guess_lone_cr(const firn_framer *f FIRN_UNUSED)
{
    return false;
}

static const firn_decoder_ops guesser = {
    .name = "guess",
    .open = guess_open,
    .cut = guess_cut,
    .file = guess_file,
    .describe = guess_describe,
    .encoding = guess_encoding,
    .lone_cr = guess_lone_cr,
};

firn_code firn_records_guess(firn_env *env, const firn_source_file *file, firn_arena *a,
                             firn_str *ret, firn_err *err)
{
    const firn_format_opt format = {.max_record_bytes = 0};
    const firn_file_reader_opt opt = {.decoder = &guesser, .format = &format, .batch_bytes = 4096};
    firn_file_reader *r;
    FIRN_TRY(firn_file_reader_open(env, file, &opt, a, &r, err));
    *ret = firn_arena_str(a, firn_file_reader_note(r));
    firn_file_reader_close(r);
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}
