/* SPDX-License-Identifier: Apache-2.0 */
/* `records: data.invoices`: enters the objects on the way, skips every other key, and goes on
 * behind the records until the top level is closed, so that a truncated file is seen. */
#include "format/json_frame.h"

#include "base/str.h"
#include "format/json_lex.h"

#include <stdio.h>

#define MAX_KEY_BYTES 1024

firn_code firn_json_path_parse(firn_str text, firn_arena *a, firn_json_path *ret, firn_err *err)
{
    FIRN_VEC(firn_str) keys = {0};
    firn_json_path path = {.text = firn_arena_str(a, text)};
    if (!path.text.p)
        return firn_arena_raise(a, err);
    firn_str rest = path.text;
    while (text.n && rest.p) {
        firn_str key = firn_str_cut(&rest, '.');
        if (key.n == 0)
            return firn_raise(err, FIRN_E_CONFIG, "records: %s has an empty key",
                              firn_quote(text).s);
        if (!firn_vec_push(a, &keys, key))
            return firn_arena_raise(a, err);
    }
    path.keys = keys.v;
    path.count = keys.n;
    *ret = path;
    return FIRN_OK;
}

static firn_code key_missing(firn_json_cut *c)
{
    firn_json_path *path = &c->f->path;
    firn_quoted want = firn_quote(path->keys[path->level]);
    firn_json_broken(c, "there is no key %s%s%s (records: %s); there %s%s", want.s,
                     path->level ? " in " : "",
                     path->level ? firn_quote(path->keys[path->level - 1]).s : "",
                     firn_quote(path->text).s, path->names[0] ? "is " : "are no keys", path->names);
    return firn_err_advise(c->err, "`records` names the list of records by the keys that lead to "
                                   "it, like data.rows; `firn peek FILE` guesses it");
}

/* Remembers a key for key_missing. */
static void note_key(firn_json_path *path, firn_str key)
{
    size_t used = strlen(path->names);
    size_t room = sizeof path->names - used;
    firn_quoted quoted = firn_quote(key);
    if (used + 8 > sizeof path->names || strstr(path->names, "…"))
        return;
    const char *comma = used ? ", " : "";
    int n = snprintf(path->names + used, room, "%s%s", comma, quoted.s);
    if (n < 0 || (size_t)n + 8 > room)
        snprintf(path->names + used, room, "%s…", comma);
}

/* Whether the raw bytes between two quotes spell the key. */
static bool spells(firn_slice raw, firn_str key)
{
    char text[MAX_KEY_BYTES + FIRN_JSON_SLACK];
    char plain[MAX_KEY_BYTES];
    bool escaped;
    firn_json_why why;
    if (!memchr(raw.p, '\\', raw.n))
        return firn_str_eq((firn_str){(const char *)raw.p, raw.n}, key);
    if (raw.n >= MAX_KEY_BYTES)
        return false;
    memcpy(text, raw.p, raw.n);
    memset(text + raw.n, 0, sizeof text - raw.n);
    text[raw.n] = '"';
    if (firn_json_string(text, text + raw.n + 1, &escaped, &why) != text + raw.n)
        return false;
    return firn_str_eq((firn_str){plain, firn_json_unescape(text, raw.n, plain)}, key);
}

static firn_code path_key(firn_json_cut *c)
{
    firn_json_path *path = &c->f->path;
    bool done;
    if (c->p[c->at] != '"')
        return firn_json_broken(c, "a key in double quotes is missing");
    firn_json_scan scan = firn_json_scan_start('"');
    size_t n = firn_json_scan_run(&scan, c->p + c->at, c->n - c->at, &done);
    if (!done) {
        c->stop = true;
        if (c->eof || (c->force && c->at == 0) || c->n - c->at > c->f->max_record_bytes)
            return firn_json_broken(c, "a key is not closed");
        return FIRN_OK;
    }
    firn_slice raw = {c->p + c->at + 1, n - 2};
    path->match = spells(raw, path->keys[path->level]);
    if (path->match && path->reached > path->level)
        return firn_json_broken(c, "key %s is there twice", firn_quote(path->keys[path->level]).s);
    note_key(path, (firn_str){(const char *)raw.p, raw.n});
    path->at = FIRN_JSON_PATH_COLON;
    c->at += n;
    return FIRN_OK;
}

static firn_code close_level(firn_json_cut *c)
{
    firn_json_path *path = &c->f->path;
    if (path->reached == path->level)
        return key_missing(c);
    c->at++;
    path->at = path->level ? FIRN_JSON_PATH_COMMA : FIRN_JSON_PATH_DONE;
    path->level -= path->level > 0;
    return FIRN_OK;
}

static firn_code wrong_value(firn_json_cut *c, const char *what)
{
    firn_json_path *path = &c->f->path;
    return firn_json_broken(c, "the value of %s is not %s (records: %s)",
                            firn_quote(path->keys[path->level]).s, what, firn_quote(path->text).s);
}

/* The value of a key on the way: an object to enter, or the records. */
static firn_code enter_value(firn_json_cut *c)
{
    firn_json_path *path = &c->f->path;
    char b = (char)c->p[c->at];
    bool last = path->level + 1 == path->count;
    if (!last && b != '{')
        return wrong_value(c, "an object");
    if (last && b != '{' && b != '[')
        return wrong_value(c, "an array of records");
    path->reached = path->level + 1;
    path->match = false;
    if (!last) {
        path->level++;
        path->names[0] = '\0';
        path->at = FIRN_JSON_PATH_KEY;
    } else {
        c->f->array_at = FIRN_JSON_FIRST;
        path->at = b == '[' ? FIRN_JSON_PATH_ARRAY : FIRN_JSON_PATH_VALUE;
    }
    c->at += !last || b == '[';
    return FIRN_OK;
}

/* Takes a value that is not on the way, or the one object at its end. */
static firn_code other_value(firn_json_cut *c)
{
    firn_framer *f = c->f;
    bool record = f->path.reached == f->path.count && f->path.level + 1 == f->path.count &&
                  f->array_at == FIRN_JSON_FIRST;
    if (!f->pending && (c->p[c->at] == ',' || c->p[c->at] == '}' || c->p[c->at] == ']'))
        return firn_json_broken(c, "a value is missing behind a key");
    FIRN_TRY(firn_json_take(c, !record));
    if (f->pending || c->stop)
        return FIRN_OK;
    f->array_at = FIRN_JSON_BEHIND;
    f->path.at = FIRN_JSON_PATH_COMMA;
    return FIRN_OK;
}

static firn_code expect(firn_json_cut *c, char want, firn_json_path_at next)
{
    if (c->p[c->at] != (uint8_t)want)
        return firn_json_broken(c, "'%c' is missing", want);
    c->at++;
    c->f->path.at = next;
    return FIRN_OK;
}

static firn_code path_step(firn_json_cut *c)
{
    firn_json_path *path = &c->f->path;
    switch (path->at) {
    case FIRN_JSON_PATH_OPEN:
        return expect(c, '{', FIRN_JSON_PATH_KEY);
    case FIRN_JSON_PATH_KEY:
        return c->p[c->at] == '}' ? close_level(c) : path_key(c);
    case FIRN_JSON_PATH_NEXT:
        return path_key(c);
    case FIRN_JSON_PATH_COLON:
        return expect(c, ':', FIRN_JSON_PATH_VALUE);
    case FIRN_JSON_PATH_VALUE:
        return path->match ? enter_value(c) : other_value(c);
    case FIRN_JSON_PATH_ARRAY:
        FIRN_TRY(firn_json_take_array(c));
        if (c->f->array_at == FIRN_JSON_BEHIND)
            path->at = FIRN_JSON_PATH_COMMA;
        return FIRN_OK;
    case FIRN_JSON_PATH_COMMA:
        return c->p[c->at] == '}' ? close_level(c) : expect(c, ',', FIRN_JSON_PATH_NEXT);
    case FIRN_JSON_PATH_DONE:
        break;
    }
    return firn_json_broken(c, "there is something behind the end of the object");
}

firn_code firn_json_take_path(firn_json_cut *c)
{
    firn_framer *f = c->f;
    while (!c->stop) {
        if (!f->pending && !firn_json_next(c))
            break;
        FIRN_TRY(path_step(c));
    }
    if (c->eof && c->at == c->n && f->path.at != FIRN_JSON_PATH_DONE)
        return firn_json_broken(c, f->path.at == FIRN_JSON_PATH_ARRAY
                                       ? "the file ends inside of an array of records"
                                       : "the file ends before its top object is closed");
    return FIRN_OK;
}
