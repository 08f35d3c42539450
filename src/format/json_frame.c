/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts a file of JSON into records.
 *
 * Lines are cut at newlines, whatever stands between them, so that a broken one costs only itself.
 * In an array, and among objects without an order of lines, brackets are counted; what makes it
 * unclear where a record ends makes the file unreadable. */
#include "format/json_frame.h"

#include "base/str.h"
#include "format/json.h"
#include "format/json_lex.h"

#include <stdarg.h>
#include <stdio.h>

firn_code firn_json_broken(const firn_json_cut *c, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return firn_raise(c->err, FIRN_E_DATA, "byte %llu: %s",
                      (unsigned long long)(c->f->offset + c->at), text);
}

bool firn_json_next(firn_json_cut *c)
{
    while (c->at < c->n && firn_json_is_space((char)c->p[c->at]))
        c->at++;
    c->stop = c->at == c->n;
    return !c->stop;
}

/* --- values -------------------------------------------------------------------------------- */

static void emit(firn_json_cut *c, size_t from, size_t n)
{
    size_t max = c->f->max_record_bytes;
    c->out->records[c->out->n++] = (firn_record){
        .offset = (uint32_t)from,
        .length = (uint32_t)FIRN_MIN(n, max),
        .flags = n > max ? FIRN_REC_OVERSIZE : 0,
    };
}

/* Gives the beginning of a value that is too long as a record and forgets the rest. */
static void emit_beginning(firn_json_cut *c, size_t from)
{
    emit(c, from, c->n - from);
    c->out->records[c->out->n - 1].flags |= FIRN_REC_OVERSIZE;
    c->at = c->n;
    c->f->skipping = true;
    c->f->scanned = 0;
    c->stop = true;
}

/* Whether the value at c->at, which goes on behind the bytes at hand, is too long to wait for. */
static bool is_too_long(const firn_json_cut *c)
{
    return c->n - c->at > c->f->max_record_bytes || (c->force && c->out->n == 0 && c->at == 0);
}

/* Runs over the pending value as far as the bytes go; true where it ends. */
static bool scan_on(firn_json_cut *c)
{
    firn_framer *f = c->f;
    bool done;
    size_t from = c->at + FIRN_MIN(f->scanned, c->n - c->at);
    f->scanned += firn_json_scan_run(&f->scan, c->p + from, c->n - from, &done);
    bool bare = f->scan.open != '{' && f->scan.open != '[' && f->scan.open != '"';
    return done || (bare && c->eof);
}

static firn_code not_closed(firn_json_cut *c)
{
    firn_framer *f = c->f;
    if (f->mode != FIRN_JSON_OBJECTS)
        return firn_raise(c->err, FIRN_E_DATA,
                          "byte %llu: the file ends inside of a value that begins here",
                          (unsigned long long)f->begins);
    if (!f->skipping)
        emit(c, c->at, c->n - c->at); /* it can only be this record that is broken */
    c->at = c->n;
    f->pending = false;
    c->stop = true;
    return FIRN_OK;
}

firn_code firn_json_take(firn_json_cut *c, bool skip)
{
    firn_framer *f = c->f;
    if (!f->pending) {
        c->stop = !skip && c->out->n == c->out->cap;
        if (c->stop)
            return FIRN_OK;
        f->pending = true;
        f->skipping = skip;
        f->scanned = 0;
        f->begins = f->offset + c->at;
        f->scan = firn_json_scan_start((char)c->p[c->at]);
    }
    bool done = scan_on(c);
    if (done && !f->skipping)
        emit(c, c->at, f->scanned);
    if (!done && c->eof)
        return not_closed(c);
    if (!done && !f->skipping && is_too_long(c)) {
        emit_beginning(c, c->at);
        return FIRN_OK;
    }
    c->stop = !done;
    if (done || f->skipping) {
        c->at += f->scanned;
        f->scanned = 0;
    }
    f->pending = !done;
    return FIRN_OK;
}

/* --- arrays -------------------------------------------------------------------------------- */

static firn_code array_bracket(firn_json_cut *c)
{
    firn_framer *f = c->f;
    char b = (char)c->p[c->at];
    if (f->array_at == FIRN_JSON_COMMA && b != ',' && b != ']')
        return firn_json_broken(c, "a comma is missing between two records");
    c->at++;
    if (f->array_at == FIRN_JSON_BEFORE)
        f->array_at = FIRN_JSON_FIRST;
    else
        f->array_at = b == ',' ? FIRN_JSON_VALUE : FIRN_JSON_BEHIND;
    return FIRN_OK;
}

static firn_code array_value(firn_json_cut *c)
{
    firn_framer *f = c->f;
    char b = f->pending ? '\0' : (char)c->p[c->at];
    if (b == ',' || b == ']' || b == '}')
        return firn_json_broken(c, "a record is missing before '%c'", b);
    FIRN_TRY(firn_json_take(c, false));
    if (!f->pending && !c->stop)
        f->array_at = FIRN_JSON_COMMA;
    return FIRN_OK;
}

firn_code firn_json_take_array(firn_json_cut *c)
{
    firn_framer *f = c->f;
    while (f->array_at != FIRN_JSON_BEHIND && !c->stop) {
        if (!f->pending && !firn_json_next(c))
            break;
        bool bracket = f->array_at == FIRN_JSON_BEFORE || f->array_at == FIRN_JSON_COMMA ||
                       (f->array_at == FIRN_JSON_FIRST && !f->pending && c->p[c->at] == ']');
        FIRN_TRY(bracket ? array_bracket(c) : array_value(c));
    }
    if (c->at == c->n && c->eof && f->array_at != FIRN_JSON_BEHIND)
        return firn_json_broken(c, "the file ends inside of an array of records");
    return FIRN_OK;
}

static firn_code cut_array(firn_json_cut *c)
{
    FIRN_TRY(firn_json_take_array(c));
    if (c->stop || !firn_json_next(c))
        return FIRN_OK;
    return firn_json_broken(c, "there is something behind the end of the array");
}

/* --- objects one after the other ----------------------------------------------------------- */

static firn_code cut_objects(firn_json_cut *c)
{
    while (!c->stop) {
        if (!c->f->pending) {
            if (!firn_json_next(c))
                break;
            if (c->p[c->at] != '{')
                return firn_json_broken(c, "there is something between two objects");
        }
        FIRN_TRY(firn_json_take(c, false));
    }
    return FIRN_OK;
}

/* --- lines --------------------------------------------------------------------------------- */

static firn_code array_among_lines(firn_json_cut *c, size_t at)
{
    c->at = at;
    firn_json_broken(c, "an array begins among lines of objects");
    return firn_err_advise(c->err, "a file of JSON is either one array, or one object a line");
}

/* Takes the line from c->at up to `end`; a blank one is none. */
static firn_code take_line(firn_json_cut *c, size_t end)
{
    size_t from = c->at;
    if (FIRN_UNLIKELY(c->p[from] != '{'))
        while (from < end && firn_json_is_space((char)c->p[from]))
            from++;
    if (from == end)
        return FIRN_OK;
    if (c->p[from] == '[')
        return array_among_lines(c, from);
    emit(c, from, end - from - (c->p[end - 1] == '\r'));
    return FIRN_OK;
}

static firn_code unfinished_line(firn_json_cut *c)
{
    firn_json_next(c); /* blanks before a record do not count */
    c->f->scanned = c->n - c->at;
    c->stop = true;
    if (!is_too_long(c) || (c->n - c->at == c->f->max_record_bytes + 1 && !c->force))
        return FIRN_OK; /* the last byte may be a carriage return, which does not count */
    size_t before = c->out->n;
    FIRN_TRY(take_line(c, c->n));
    if (c->out->n > before) {
        c->out->n = before;
        emit_beginning(c, c->out->records[before].offset);
    }
    c->at = c->n;
    c->f->scanned = 0;
    return FIRN_OK;
}

static firn_code cut_lines(firn_json_cut *c)
{
    firn_framer *f = c->f;
    while (c->at < c->n && !c->stop) {
        if (!f->skipping && c->out->n == c->out->cap)
            break;
        size_t from = c->at + FIRN_MIN(f->scanned, c->n - c->at);
        const uint8_t *newline = memchr(c->p + from, '\n', c->n - from);
        if (!newline && !c->eof && !f->skipping)
            return unfinished_line(c);
        size_t end = newline ? (size_t)(newline - c->p) : c->n;
        if (!f->skipping)
            FIRN_TRY(take_line(c, end));
        f->skipping = f->skipping && !newline;
        f->scanned = 0;
        c->at = end + (newline != NULL);
    }
    return FIRN_OK;
}

/* --- what a file is ------------------------------------------------------------------------ */

/* The first lines of a file. */
typedef struct head {
    firn_slice bytes;
    bool whole;
} head;

/* Returns the next line that is not blank and moves behind it; .p == NULL: there is none.
 * *ret_ends: its newline, or the end of the file, was there. */
static firn_slice next_line(const head *h, size_t *at, bool *ret_ends)
{
    while (*at < h->bytes.n && firn_json_is_space((char)h->bytes.p[*at]))
        ++*at;
    if (*at == h->bytes.n)
        return (firn_slice){0};
    const uint8_t *p = h->bytes.p + *at;
    const uint8_t *newline = memchr(p, '\n', h->bytes.n - *at);
    size_t n = newline ? (size_t)(newline - p) : h->bytes.n - *at;
    *ret_ends = newline || h->whole;
    *at += n;
    while (n && firn_json_is_space((char)p[n - 1]))
        n--;
    return (firn_slice){p, n};
}

/* Returns how many bytes the object at the start of a line takes, 0 if it does not end in it. */
static size_t object_in(firn_slice line)
{
    bool done = false;
    if (line.n == 0 || line.p[0] != '{')
        return 0;
    firn_json_scan scan = firn_json_scan_start('{');
    size_t n = firn_json_scan_run(&scan, line.p, line.n, &done);
    return done ? n : 0;
}

/* A first line that is not a whole object is either the start of one over several lines, or a
 * broken line among others: then the second line could not follow within one. */
static bool goes_on(firn_slice first, const head *h, size_t at)
{
    bool ends;
    char last = (char)first.p[first.n - 1];
    if (last == ':' || last == ',' || last == '[')
        return true;
    firn_slice second = next_line(h, &at, &ends);
    if (!second.p)
        return true;
    return last == '{' ? second.p[0] != '{' : memchr(",:}]", second.p[0], 4) != NULL;
}

static firn_json_mode lines_or_objects(const head *h)
{
    size_t at = 0;
    bool ends;
    firn_slice line = next_line(h, &at, &ends);
    size_t n = object_in(line);
    if (n) {
        while (n < line.n && firn_json_is_space((char)line.p[n]))
            n++;
        return n < line.n && line.p[n] == '{' ? FIRN_JSON_OBJECTS : FIRN_JSON_LINES;
    }
    return ends && goes_on(line, h, at) ? FIRN_JSON_OBJECTS : FIRN_JSON_LINES;
}

/* A file may begin with a line that holds a value but no object: only that line is wrong. */
static bool begins_with_scalar(const head *h)
{
    size_t at = 0;
    bool ends;
    char text[128 + FIRN_JSON_SLACK] = {0};
    firn_json_why why;
    firn_slice line = next_line(h, &at, &ends);
    if (line.n > 128 || line.p[0] == '{' || line.p[0] == '[')
        return false;
    memcpy(text, line.p, line.n);
    return firn_json_skip(text, text + line.n, 0, &why) == text + line.n;
}

static firn_code wants_object(const firn_framer *f, firn_err *err)
{
    firn_raise(err, FIRN_E_DATA, "records: %s needs a file that is one object",
               firn_quote(f->path.text).s);
    return firn_err_advise(err, "leave `records:` out if the file is an array of records");
}

/* Decides by the first byte that is no white space, and the lines that follow. */
static firn_code decide(firn_framer *f, const head *h, firn_err *err)
{
    size_t at = 0;
    while (at < h->bytes.n && firn_json_is_space((char)h->bytes.p[at]))
        at++;
    if (at == h->bytes.n)
        return FIRN_OK;
    char first = (char)h->bytes.p[at];
    if (f->path.count && first != '{')
        return wants_object(f, err);
    if (f->path.count)
        f->mode = FIRN_JSON_PATH;
    else if (first == '[')
        f->mode = FIRN_JSON_ARRAY;
    else if (first == '{')
        f->mode = lines_or_objects(h);
    else if (begins_with_scalar(h))
        f->mode = FIRN_JSON_LINES;
    else
        return firn_raise(err, FIRN_E_DATA, "this is not JSON: it begins with %s",
                          firn_quote((firn_str){(const char *)h->bytes.p + at,
                                                FIRN_MIN(h->bytes.n - at, (size_t)16)})
                              .s);
    return FIRN_OK;
}

/* --- the table's functions ----------------------------------------------------------------- */

static bool starts_with(firn_slice s, const char *bytes, size_t n)
{
    return n == 0 || (s.n >= n && memcmp(s.p, bytes, n) == 0);
}

static size_t mark_bytes(firn_slice s)
{
    return starts_with(s, "\xef\xbb\xbf", 3) ? 3 : 0;
}

static firn_code refuse_utf16(firn_slice head_bytes, firn_err *err)
{
    bool wide = starts_with(head_bytes, "\xff\xfe", 2) || starts_with(head_bytes, "\xfe\xff", 2) ||
                starts_with(head_bytes, "{\0", 2) || starts_with(head_bytes, "[\0", 2) ||
                starts_with(head_bytes, "\0", 1);
    if (!wide)
        return FIRN_OK;
    firn_raise(err, FIRN_E_DATA, "the file is UTF-16; JSON must be UTF-8");
    return firn_err_advise(err, "convert it: iconv -f UTF-16 -t UTF-8");
}

firn_code firn_json_open(const firn_format_opt *opt, firn_slice head_bytes, bool whole,
                         firn_arena *a, firn_framer **ret, firn_err *err)
{
    firn_framer *f = firn_arena_zalloc(a, sizeof *f);
    if (!f)
        return firn_arena_raise(a, err);
    f->max_record_bytes = opt->max_record_bytes ? opt->max_record_bytes : FIRN_MAX_RECORD_BYTES;
    f->file.extended = opt->extended;
    FIRN_TRY(firn_json_path_parse(opt->records, a, &f->path, err));
    FIRN_TRY(refuse_utf16(head_bytes, err));
    size_t mark = mark_bytes(head_bytes);
    head h = {head_bytes, whole};
    if (mark) /* an empty file has no bytes to point behind */
        h.bytes = (firn_slice){head_bytes.p + mark, head_bytes.n - mark};
    if (h.bytes.n)
        FIRN_TRY(decide(f, &h, err));
    *ret = f;
    return FIRN_OK;
}

/* Skips the byte order mark; false while it cannot be told yet. */
static bool start(firn_json_cut *c)
{
    firn_framer *f = c->f;
    if (f->started)
        return true;
    if (c->n < 3 && !c->eof && starts_with((firn_slice){c->p, c->n}, "\xef\xbb\xbf", c->n))
        return false;
    c->at = mark_bytes((firn_slice){c->p, c->n});
    f->started = true;
    return true;
}

static firn_code cut_all(firn_json_cut *c)
{
    firn_framer *f = c->f;
    if (!start(c))
        return FIRN_OK;
    if (f->mode == FIRN_JSON_UNKNOWN && firn_json_next(c)) {
        head h = {{c->p + c->at, c->n - c->at}, c->eof};
        FIRN_TRY(decide(f, &h, c->err));
    }
    switch (f->mode) {
    case FIRN_JSON_UNKNOWN:
        return FIRN_OK;
    case FIRN_JSON_LINES:
        return cut_lines(c);
    case FIRN_JSON_OBJECTS:
        return cut_objects(c);
    case FIRN_JSON_ARRAY:
        return cut_array(c);
    case FIRN_JSON_PATH:
        break;
    }
    return firn_json_take_path(c);
}

firn_code firn_json_cut_records(firn_framer *f, firn_slice bytes, bool eof, bool force,
                                firn_cut *out, firn_err *err)
{
    out->n = 0;
    out->consumed = 0;
    if (out->cap == 0)
        return FIRN_OK;
    size_t n = FIRN_MIN(bytes.n, (size_t)UINT32_MAX); /* offsets of records have 32 bits */
    firn_json_cut c = {.f = f,
                       .p = bytes.p,
                       .n = n,
                       .eof = eof && n == bytes.n,
                       .force = force,
                       .out = out,
                       .err = err};
    FIRN_TRY(cut_all(&c));
    out->consumed = c.at;
    f->offset += c.at;
    return FIRN_OK;
}

const void *firn_json_file_of(firn_framer *f)
{
    return f->file.extended ? &f->file : NULL;
}

firn_str firn_json_describe(const firn_framer *f)
{
    switch (f->mode) {
    case FIRN_JSON_UNKNOWN:
        return FIRN_STR_LIT("");
    case FIRN_JSON_LINES:
        return FIRN_STR_LIT("JSON, one object a line");
    case FIRN_JSON_OBJECTS:
        return FIRN_STR_LIT("JSON, one object after the other");
    case FIRN_JSON_ARRAY:
        return FIRN_STR_LIT("JSON, an array of records");
    case FIRN_JSON_PATH:
        break;
    }
    return FIRN_STR_LIT("JSON, records inside of an object");
}
