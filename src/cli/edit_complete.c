/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that take over for a while: Tab, and the search in the history. */
#include "cli/edit_int.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* --- completion ---------------------------------------------------------------------------- */

/* How many bytes the texts have in common at their start, letters in any case. */
static size_t common(const firn_completions *list)
{
    size_t n = list->v[0].text.n;
    for (size_t i = 1; i < list->n; i++) {
        firn_str s = list->v[i].text;
        size_t k = 0;
        while (k < n && k < s.n &&
               tolower((unsigned char)s.p[k]) == tolower((unsigned char)list->v[0].text.p[k]))
            k++;
        n = k;
    }
    while (n && n < list->v[0].text.n && ((unsigned char)list->v[0].text.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* At the start of a further line a tab is room. */
static bool is_indent(const firn_editor *e)
{
    size_t i = e->cursor;
    while (i > 0 && (e->text.p[i - 1] == ' ' || e->text.p[i - 1] == '\t'))
        i--;
    return i > 0 && e->text.p[i - 1] == '\n';
}

firn_code firn_edit_complete(firn_editor *e, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("completions", 0);
    firn_completions list = {0};
    firn_err ignored = {0}; /* a broken table is no reason to disturb who types */
    if (!a)
        return firn_raise_nomem(err);
    if (is_indent(e))
        return firn_edit_replace(e, e->cursor, e->cursor, FIRN_STR_LIT("    "), err);
    firn_str text = firn_buf_str(&e->text);
    if (e->conf->complete(e->conf->arg, text, e->cursor, a, &list, &ignored) != FIRN_OK ||
        list.n == 0)
        return firn_edit_write("\a", 1, err);
    size_t from = e->cursor - list.length;
    size_t n = common(&list);
    bool one = list.n == 1;
    firn_str typed = {(const char *)e->text.p + from, list.length};
    firn_str best = {list.v[0].text.p, one ? list.v[0].text.n : n};
    if (one || best.n > typed.n || (best.n == typed.n && !firn_str_ieq(best, typed)))
        return firn_edit_replace(e, from, e->cursor, best, err);
    return firn_edit_list(e, &list, err);
}

/* --- search in the history ----------------------------------------------------------------- */

#define FOUND_NONE SIZE_MAX

static bool holds(firn_str s, firn_str part)
{
    for (size_t i = 0; part.n <= s.n && i <= s.n - part.n; i++)
        if (firn_str_ieq((firn_str){s.p + i, part.n}, part))
            return true;
    return false;
}

static size_t find_older(const firn_history *h, firn_str part, size_t before)
{
    for (size_t i = before; i-- > 0;)
        if (holds(firn_history_get(h, i), part))
            return i;
    return FOUND_NONE;
}

typedef struct search {
    firn_editor *e;
    firn_buf part;
    size_t found;
    char prompt[96];
} search;

static firn_code show_found(search *s, firn_err *err)
{
    firn_editor *e = s->e;
    snprintf(s->prompt, sizeof s->prompt,
             "%s '%.60s': ", s->found == FOUND_NONE && s->part.n ? "not found" : "search",
             firn_buf_cstr(&s->part));
    e->prompt = s->prompt;
    if (s->found != FOUND_NONE)
        FIRN_TRY(
            firn_edit_replace(e, 0, e->text.n, firn_history_get(e->conf->history, s->found), err));
    return firn_edit_draw(e, err);
}

/* Does one key; *ret_more: the search goes on. */
static firn_code search_key(search *s, firn_key key, bool *ret_more, firn_err *err)
{
    firn_editor *e = s->e;
    const firn_history *h = e->conf->history;
    size_t from = firn_history_count(h);
    *ret_more = true;
    if (key == FIRN_KEY_TEXT) {
        FIRN_TRY(firn_buf_addstr(&s->part, firn_buf_str(&e->keys.text), err));
    } else if ((key == (firn_key)127 || key == (firn_key)8) && s->part.n) {
        while (s->part.n && (s->part.p[--s->part.n] & 0xc0) == 0x80)
            continue;
        s->part.p[s->part.n] = '\0';
    } else if (key == FIRN_CTRL('R')) {
        from = s->found == FOUND_NONE ? from : s->found;
    } else if (key != FIRN_KEY_RESIZED) {
        *ret_more = false;
        return FIRN_OK;
    }
    size_t found = s->part.n ? find_older(h, firn_buf_str(&s->part), from) : FOUND_NONE;
    if (found != FOUND_NONE || key != FIRN_CTRL('R'))
        s->found = found;
    return FIRN_OK;
}

static firn_code run_search(search *s, firn_err *err)
{
    firn_editor *e = s->e;
    bool more = true;
    firn_key key;
    FIRN_AUTO(firn_buf_free) firn_buf before = FIRN_BUF((size_t)16 << 20);
    FIRN_TRY(firn_buf_addstr(&before, firn_buf_str(&e->text), err));
    while (more) {
        FIRN_TRY(show_found(s, err));
        FIRN_TRY(firn_keys_next(&e->keys, &key, err));
        FIRN_TRY(search_key(s, key, &more, err));
    }
    e->prompt = NULL;
    if (key == FIRN_CTRL('G') || key == FIRN_CTRL('C'))
        return firn_edit_replace(e, 0, e->text.n, firn_buf_str(&before), err);
    if (key == (firn_key)'\r' || key == (firn_key)'\n' || key == FIRN_KEY_LEAVE)
        e->keys.at -= e->keys.at > 0; /* Enter runs what was found */
    return FIRN_OK;
}

firn_code firn_edit_search(firn_editor *e, firn_err *err)
{
    search s = {.e = e, .part = FIRN_BUF(4096), .found = FOUND_NONE};
    firn_code code = run_search(&s, err);
    e->prompt = NULL;
    firn_buf_free(&s.part);
    return code;
}
