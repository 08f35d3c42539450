/* SPDX-License-Identifier: Apache-2.0 */
/* libfyaml's events become a tree.  Its document API is not used: it resolves aliases, prints, and
 * says less about places. */
#include "pipeline/yaml.h"

#include "base/buf.h"
#include "base/map.h"
#include "pipeline/yaml_int.h"

#include <libfyaml.h>
#include <string.h>

typedef FIRN_VEC(firn_conf) conf_vec;

/* A list or map that is not closed yet. */
typedef struct frame {
    firn_conf node;
    conf_vec items;
    firn_map keys; /* of a map: key → its place */
    bool flow;     /* […] or {…} */
    bool has_key;  /* of a map: a key waits for its value */
    bool nameless; /* … and it is empty */
    firn_str key;
    firn_place key_place;
    /* joining texts that a comma in brackets cut apart; flow collections only */
    bool last_is_plain; /* the last item is one that may be continued … */
    size_t last_start;  /* … its offset … */
    size_t last_end;    /* … the offset behind it … */
    int last_open;      /* … and how many of its brackets are open */
    bool last_is_type;  /* angle brackets count */
    bool joined;        /* it was put together: its text still lies in the file */
    bool skip_value;    /* of a map: the piece taken for a key still has its (empty) value */
} frame;

typedef struct reader {
    struct fy_diag *diag;
    struct fy_parser *parser;
    firn_str text;
    const char *file;
    firn_arena *a;
    firn_arena *scratch;
    frame *frames; /* FIRN_YAML_MAX_DEPTH */
    size_t depth;
    unsigned documents;
    firn_conf *root;
} reader;

/* --- places -------------------------------------------------------------------------------- */

static firn_place place_at(const reader *r, const struct fy_mark *m, int back)
{
    return (firn_place){r->file, (uint32_t)m->line + 1, (uint32_t)(m->column + 1 - back)};
}

static frame *top(reader *r)
{
    return r->depth ? &r->frames[r->depth - 1] : NULL;
}

/* Where an event stands; for an empty value: where its key or its list does. */
static firn_place place_of_event(reader *r, struct fy_event *e)
{
    const struct fy_mark *m = fy_event_start_mark(e);
    const frame *f = top(r);
    if (!m && f)
        return f->has_key ? f->key_place : f->node.place;
    if (!m)
        return firn_place_in(r->file, 1, 1);
    bool quoted = false;
    if (e->type == FYET_SCALAR) {
        enum fy_scalar_style style = fy_token_scalar_style(e->scalar.value);
        quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    }
    return place_at(r, m, quoted ? 1 : 0); /* its mark is behind the quote */
}

/* --- building ------------------------------------------------------------------------------ */

static firn_code twice(const frame *f, firn_str key, firn_place place, firn_err *err)
{
    const firn_place *first = firn_map_get(&f->keys, key);
    firn_raise_conf(err, place, FIRN_ID_TWICE, "the key %s stands here twice", firn_quote(key).s);
    firn_err_advise(err, "the first one is in line %u; keep one of them", first->line);
    return FIRN_E_CONFIG;
}

static firn_code add_key(reader *r, frame *f, const firn_conf *c, firn_err *err)
{
    if (firn_str_eqc(c->text, "<<") && c->plain) {
        firn_raise_conf(err, c->place, FIRN_ID_FEATURE, "merge keys (<<) are not taken");
        firn_err_advise(err, "write the keys out; every line then says what it means");
        return FIRN_E_CONFIG;
    }
    if (c->text.n == 0) {
        f->has_key = true;
        f->key_place = c->place;
        f->nameless = true; /* its value will say where it stands */
        return FIRN_OK;
    }
    if (firn_map_get(&f->keys, c->text))
        return twice(f, c->text, c->place, err);
    firn_place *place = firn_arena_alloc(r->scratch, sizeof *place);
    if (!place)
        return firn_arena_raise(r->scratch, err);
    *place = c->place;
    if (!firn_map_put(&f->keys, c->text, place))
        return firn_arena_raise(r->scratch, err);
    f->has_key = true;
    f->key = c->text;
    f->key_place = c->place;
    return FIRN_OK;
}

/* Adds a finished value to what is open, or makes it the root. */
static firn_code add_value(reader *r, firn_conf c, firn_err *err)
{
    frame *f = top(r);
    if (!f) {
        r->root = firn_arena_alloc(r->a, sizeof *r->root);
        if (!r->root)
            return firn_arena_raise(r->a, err);
        *r->root = c;
        return FIRN_OK;
    }
    if (f->node.kind == FIRN_CONF_MAP) {
        c.key = f->key;
        c.key_place = f->key_place;
        f->has_key = false;
    }
    return firn_vec_push(r->a, &f->items, c) ? FIRN_OK : firn_arena_raise(r->a, err);
}

/* --- texts cut apart by commas ------------------------------------------------------------- */

static bool is_type_head(firn_str s)
{
    static const char *const words[] = {"struct<", "list<", "array<", "map<"};
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++) {
        size_t n = strlen(words[i]);
        if (s.n >= n && firn_str_ieq((firn_str){s.p, n}, firn_str_of(words[i])))
            return true;
    }
    return false;
}

/* How many brackets a run of text leaves open. */
static int count_open(firn_str s, bool angles)
{
    int open = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '(' || (angles && c == '<'))
            open++;
        else if (c == ')' || (angles && c == '>'))
            open--;
    }
    return open;
}

static firn_code bracket_stays_open(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_YAML, "the bracket in %s is not closed",
                    firn_quote(c->text).s);
    firn_err_advise(err, "inside of '{…}' and '[…]' a comma ends a text; close the bracket, or put "
                         "the text in quotes");
    return FIRN_E_CONFIG;
}

/* Remembers a text that the next one may continue. */
static void note_last(frame *f, const firn_conf *c, struct fy_event *e)
{
    const struct fy_mark *start = fy_event_start_mark(e);
    const struct fy_mark *end = fy_event_end_mark(e);
    f->last_is_plain = c->plain && start && end;
    if (!f->last_is_plain)
        return;
    f->last_start = start->input_pos;
    f->last_end = end->input_pos;
    f->last_is_type = is_type_head(c->text);
    f->last_open = count_open(c->text, f->last_is_type);
}

/* Returns the text that this one continues, or NULL. */
static firn_conf *continued(frame *f)
{
    if (!f || !f->flow || f->has_key || !f->last_is_plain || f->last_open <= 0)
        return NULL;
    return &f->items.v[f->items.n - 1];
}

/* Adds a piece, and the comma before it, to the last text. */
static firn_code join(reader *r, frame *f, firn_conf *last, struct fy_event *e, firn_err *err)
{
    size_t end = fy_event_end_mark(e)->input_pos;
    firn_str piece = {r->text.p + f->last_end, end - f->last_end};
    if (memchr(piece.p, '\n', piece.n))
        return bracket_stays_open(last, err);
    last->text = (firn_str){r->text.p + f->last_start, end - f->last_start};
    f->last_end = end;
    f->last_open += count_open(piece, f->last_is_type);
    f->joined = true;
    f->skip_value = f->node.kind == FIRN_CONF_MAP;
    return FIRN_OK;
}

/* Before another item comes: a joined text must be whole, and is copied. */
static firn_code finish_joined(reader *r, frame *f, firn_err *err)
{
    if (!f || !f->joined)
        return FIRN_OK;
    firn_conf *last = &f->items.v[f->items.n - 1];
    if (f->last_open > 0)
        return bracket_stays_open(last, err);
    f->joined = false;
    last->text = firn_arena_str(r->a, last->text);
    last->written = last->text;
    return last->text.p ? FIRN_OK : firn_arena_raise(r->a, err);
}

/* --- events -------------------------------------------------------------------------------- */

static firn_code unreadable(firn_place place, const char *what, const char *advice, firn_err *err)
{
    firn_raise_conf(err, place, FIRN_ID_YAML, "%s", what);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

/* Appends the text of a plain token or a block.  Not through fy_token_get_text: where libfyaml
 * counts the bytes of a text wrongly, that cuts it and leaks. */
static firn_code put_token(struct fy_token *t, firn_place place, firn_buf *out, firn_err *err)
{
    size_t want = fy_token_get_text_length(t);
    int failed = 0;
    struct fy_token_iter *iter = fy_token_iter_create(t);
    if (!iter)
        return firn_raise_nomem(err);
    firn_code code = FIRN_OK;
    const struct fy_iter_chunk *chunk = fy_token_iter_chunk_next(iter, NULL, &failed);
    while (chunk && code == FIRN_OK) {
        code = firn_buf_add(out, chunk->str, chunk->len, err);
        chunk = fy_token_iter_chunk_next(iter, chunk, &failed);
    }
    fy_token_iter_destroy(iter);
    if (code == FIRN_OK && (failed || out->n != want))
        return unreadable(place, "this text of several lines cannot be read for sure",
                          "write it in one line", err);
    return code;
}

/* Appends the text of a token in quotes. */
static firn_code put_quoted(const reader *r, struct fy_event *e, bool single, firn_place place,
                            firn_buf *out, firn_err *err)
{
    size_t start = fy_event_start_mark(e)->input_pos;
    size_t end = fy_event_end_mark(e)->input_pos;
    firn_assert(start > 0 && start <= end && end < r->text.n);
    firn_str inside = {r->text.p + start, end - start};
    firn_code code = firn_yaml_unquote(inside, single, out, err);
    if (code != FIRN_E_DATA)
        return code;
    return unreadable(place, "an escape in this text stands for no character",
                      "take it out; \\x00 and \\ud800 to \\udfff are none", err);
}

static firn_code read_scalar(reader *r, struct fy_event *e, firn_conf *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(2 * FIRN_YAML_MAX_BYTES);
    enum fy_scalar_style style = fy_token_scalar_style(e->scalar.value);
    bool single = style == FYSS_SINGLE_QUOTED;
    firn_conf c = {
        .kind = FIRN_CONF_TEXT,
        .plain = style == FYSS_PLAIN,
        .place = place_of_event(r, e),
    };
    if (single || style == FYSS_DOUBLE_QUOTED)
        FIRN_TRY(put_quoted(r, e, single, c.place, &text, err));
    else if (e->scalar.value)
        FIRN_TRY(put_token(e->scalar.value, c.place, &text, err));
    firn_assert(firn_utf8_valid((const char *)text.p, text.n));
    c.text = firn_arena_str(r->a, firn_buf_str(&text));
    if (!c.text.p)
        return firn_arena_raise(r->a, err);
    c.written = c.text;
    *ret = c;
    return FIRN_OK;
}

static firn_code on_scalar(reader *r, struct fy_event *e, firn_err *err)
{
    frame *f = top(r);
    firn_conf c;
    FIRN_TRY(read_scalar(r, e, &c, err));
    bool marked = fy_event_start_mark(e) != NULL;
    if (f && f->skip_value) {
        f->skip_value = false;
        if (marked)
            return bracket_stays_open(&f->items.v[f->items.n - 1], err);
        return FIRN_OK;
    }
    firn_conf *before = continued(f);
    if (before)
        return c.plain && marked ? join(r, f, before, e, err) : bracket_stays_open(before, err);
    FIRN_TRY(finish_joined(r, f, err));
    if (f && f->node.kind == FIRN_CONF_MAP && !f->has_key)
        return add_key(r, f, &c, err);
    if (f)
        note_last(f, &c, e);
    return add_value(r, c, err);
}

static firn_code on_start(reader *r, struct fy_event *e, firn_conf_kind kind, firn_err *err)
{
    frame *f = top(r);
    firn_place place = place_of_event(r, e);
    const firn_conf *before = continued(f);
    if (before)
        return bracket_stays_open(before, err);
    FIRN_TRY(finish_joined(r, f, err));
    if (f && f->node.kind == FIRN_CONF_MAP && !f->has_key) {
        firn_raise_conf(err, place, FIRN_ID_FEATURE, "a key must be a text, not %s",
                        firn_conf_kind_name(kind));
        firn_err_advise(err, "a text that begins with '[' or '{' needs quotes");
        return FIRN_E_CONFIG;
    }
    if (r->depth == FIRN_YAML_MAX_DEPTH) {
        firn_raise_conf(err, place, FIRN_ID_TOO_LARGE, "lists and maps nest deeper than %d levels",
                        FIRN_YAML_MAX_DEPTH);
        firn_err_advise(err, "no setting needs that; is a bracket or a '-' repeated by mistake?");
        return FIRN_E_CONFIG;
    }
    if (f)
        f->last_is_plain = false;
    const struct fy_mark *m = fy_event_start_mark(e);
    char c = m && m->input_pos < r->text.n ? r->text.p[m->input_pos] : ' ';
    r->frames[r->depth++] = (frame){
        .node = {.kind = kind, .place = place},
        .flow = c == (kind == FIRN_CONF_MAP ? '{' : '[') && fy_event_get_node_style(e) == FYNS_FLOW,
        .keys = FIRN_MAP(r->scratch),
    };
    return FIRN_OK;
}

static firn_code on_end(reader *r, firn_err *err)
{
    frame *f = top(r);
    firn_assert(f);
    FIRN_TRY(finish_joined(r, f, err));
    firn_conf c = f->node;
    c.items = f->items.v;
    c.count = f->items.n;
    r->depth--;
    return add_value(r, c, err);
}

/* The mark may stand `back` characters behind the sign. */
static firn_code refuse(reader *r, const struct fy_mark *m, int back, const char *what,
                        const char *advice, firn_err *err)
{
    firn_place place = m ? place_at(r, m, back) : firn_place_in(r->file, 1, 1);
    if (place.column == 0)
        place.column = 1;
    firn_raise_conf(err, place, FIRN_ID_FEATURE, "%s are not taken", what);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

static firn_code on_document(reader *r, struct fy_event *e, firn_err *err)
{
    if (r->documents++ == 0)
        return FIRN_OK;
    const struct fy_mark *m = fy_event_start_mark(e);
    firn_raise_conf(err, m ? place_at(r, m, 0) : firn_place_in(r->file, 0, 0), FIRN_ID_FEATURE,
                    "a second document begins here");
    firn_err_advise(err, "one file is one document; take the line '---' or '...' out");
    return FIRN_E_CONFIG;
}

/* An empty key leaves no mark: the colon before its value is where it is missing. */
static firn_code missing_key(reader *r, struct fy_event *e, firn_err *err)
{
    const struct fy_mark *m = fy_event_start_mark(e);
    firn_place place = top(r)->key_place;
    size_t at = m ? FIRN_MIN(m->input_pos, r->text.n) : 0;
    while (at > 0 && r->text.p[at - 1] != ':')
        at--;
    if (at > 0)
        place = firn_place_of(r->text, at - 1, r->file);
    firn_raise_conf(err, place, FIRN_ID_YAML, "a key is missing before the colon");
    firn_err_advise(err, "write the key; a text that begins with a colon needs quotes");
    return FIRN_E_CONFIG;
}

static firn_code on_event(reader *r, struct fy_event *e, firn_err *err)
{
    if (top(r) && top(r)->nameless)
        return missing_key(r, e, err);
    struct fy_token *anchor = fy_event_get_anchor_token(e);
    struct fy_token *tag = fy_event_get_tag_token(e);
    if (anchor)
        return refuse(r, fy_token_start_mark(anchor), 1, "anchors (&name)",
                      "write the value where it is used; a text that begins with '&' needs quotes",
                      err);
    if (tag)
        return refuse(r, fy_token_start_mark(tag), 0, "tags (!name)",
                      "take it out; a text that begins with '!' needs quotes", err);
    switch (e->type) {
    case FYET_SCALAR:
        return on_scalar(r, e, err);
    case FYET_MAPPING_START:
        return on_start(r, e, FIRN_CONF_MAP, err);
    case FYET_SEQUENCE_START:
        return on_start(r, e, FIRN_CONF_LIST, err);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return on_end(r, err);
    case FYET_ALIAS:
        return refuse(r, fy_event_start_mark(e), 1, "aliases (*name)",
                      "write the value out; a text that begins with '*' needs quotes", err);
    case FYET_DOCUMENT_START:
        return on_document(r, e, err);
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        break;
    }
    return FIRN_OK;
}

/* --- the parser ---------------------------------------------------------------------------- */

static void swallow(struct fy_diag *diag FIRN_UNUSED, void *user FIRN_UNUSED,
                    const char *text FIRN_UNUSED, size_t n FIRN_UNUSED)
{
}

static firn_code parser_failed(reader *r, firn_err *err)
{
    firn_yaml_fault fault = {.text = r->text, .file = r->file, .line = 1, .column = 1};
    void *at = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(r->diag, &at);
    if (!first || !first->msg || !first->msg[0])
        return firn_raise_nomem(err); /* it has words for everything else */
    fault.message = first->msg;
    fault.line = (uint32_t)FIRN_MAX(first->line, 1);
    fault.column = (uint32_t)FIRN_MAX(first->column, 1);
    const frame *f = top(r);
    if (f && f->flow)
        fault.opener = f->node.place;
    return firn_yaml_explain(&fault, err);
}

static firn_code read_events(reader *r, firn_err *err)
{
    for (;;) {
        struct fy_event *e = fy_parser_parse(r->parser);
        if (!e)
            break;
        bool end = e->type == FYET_STREAM_END;
        firn_code code = on_event(r, e, err);
        fy_parser_event_free(r->parser, e);
        if (code != FIRN_OK || end)
            return code;
    }
    return parser_failed(r, err);
}

static firn_code open_parser(reader *r, firn_err *err)
{
    struct fy_diag_cfg diag;
    fy_diag_cfg_default(&diag);
    diag.fp = NULL;
    diag.output_fn = swallow;
    diag.level = FYET_ERROR;
    r->diag = fy_diag_create(&diag);
    if (!r->diag)
        return firn_raise_nomem(err);
    fy_diag_set_collect_errors(r->diag, true);
    const struct fy_parse_cfg conf = {
        .search_path = "",
        .flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE |
                 FYPCF_SLOPPY_FLOW_INDENTATION | FYPCF_DISABLE_MMAP_OPT,
        .diag = r->diag,
    };
    r->parser = fy_parser_create(&conf);
    if (!r->parser || fy_parser_set_string(r->parser, r->text.p, r->text.n) != 0)
        return firn_raise_nomem(err);
    return FIRN_OK;
}

static void close_reader(reader *r)
{
    if (r->parser)
        fy_parser_destroy(r->parser);
    if (r->diag)
        fy_diag_destroy(r->diag);
    firn_arena_free(r->scratch);
}

firn_code firn_yaml_parse(firn_str text, const char *file, firn_arena *a, firn_conf **ret,
                          firn_err *err)
{
    if (firn_str_starts(text, "\xef\xbb\xbf"))
        text = (firn_str){text.p + 3, text.n - 3};
    FIRN_TRY(firn_yaml_scan(text, file, err));
    FIRN_AUTO(close_reader) reader r = {.text = text, .file = file, .a = a};
    r.scratch = firn_arena_new("reading YAML", 0);
    if (!r.scratch)
        return firn_raise_nomem(err);
    r.frames = firn_arena_array(r.scratch, FIRN_YAML_MAX_DEPTH, sizeof *r.frames);
    if (!r.frames)
        return firn_raise_nomem(err);
    if (text.n) {
        FIRN_TRY(open_parser(&r, err));
        FIRN_TRY(read_events(&r, err));
    }
    *ret = r.root;
    return FIRN_OK;
}
