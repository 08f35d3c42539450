/* SPDX-License-Identifier: Apache-2.0 */
/* What keys do to the text. */
#include "cli/edit_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)16 << 20)

/* --- changing the text --------------------------------------------------------------------- */

firn_code firn_edit_replace(firn_editor *e, size_t from, size_t to, firn_str with, firn_err *err)
{
    FIRN_TRY(firn_buf_reserve(&e->text, with.n, err));
    memmove(e->text.p + from + with.n, e->text.p + to, e->text.n - to);
    if (with.n)
        memcpy(e->text.p + from, with.p, with.n);
    e->text.n = e->text.n - (to - from) + with.n;
    e->text.p[e->text.n] = '\0';
    e->cursor = from + with.n;
    return FIRN_OK;
}

static firn_code insert(firn_editor *e, firn_str s, firn_err *err)
{
    return firn_edit_replace(e, e->cursor, e->cursor, s, err);
}

static firn_code erase(firn_editor *e, size_t from, size_t to, firn_err *err)
{
    return firn_edit_replace(e, from, to, (firn_str){NULL, 0}, err);
}

/* Erases, and keeps what was there for Ctrl-Y. */
static firn_code kill_text(firn_editor *e, size_t from, size_t to, firn_err *err)
{
    if (from == to)
        return FIRN_OK;
    firn_buf_clear(&e->killed);
    FIRN_TRY(firn_buf_add(&e->killed, e->text.p + from, to - from, err));
    return erase(e, from, to, err);
}

static size_t line_start(const firn_editor *e, size_t at)
{
    while (at > 0 && e->text.p[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(const firn_editor *e, size_t at)
{
    while (at < e->text.n && e->text.p[at] != '\n')
        at++;
    return at;
}

static bool is_word(const firn_editor *e, size_t i)
{
    unsigned char c = e->text.p[i];
    return isalnum(c) || c == '_' || c >= 0x80;
}

static size_t word_left(const firn_editor *e)
{
    size_t i = e->cursor;
    while (i > 0 && !is_word(e, i - 1))
        i--;
    while (i > 0 && is_word(e, i - 1))
        i--;
    return i;
}

static size_t word_right(const firn_editor *e)
{
    size_t i = e->cursor;
    while (i < e->text.n && !is_word(e, i))
        i++;
    while (i < e->text.n && is_word(e, i))
        i++;
    return i;
}

/* Ctrl-W takes up to the blank. */
static size_t blank_left(const firn_editor *e)
{
    size_t i = e->cursor;
    while (i > 0 && isspace(e->text.p[i - 1]))
        i--;
    while (i > 0 && !isspace(e->text.p[i - 1]))
        i--;
    return i;
}

static size_t characters(const firn_editor *e, size_t from, size_t to)
{
    size_t n = 0;
    for (; from < to; from++)
        n += (e->text.p[from] & 0xc0) != 0x80;
    return n;
}

/* The place `count` characters behind `from`, on its line. */
static size_t along(const firn_editor *e, size_t from, size_t count)
{
    size_t end = line_end(e, from);
    while (from < end && count > 0) {
        from++;
        while (from < end && (e->text.p[from] & 0xc0) == 0x80)
            from++;
        count--;
    }
    return from;
}

/* --- the history --------------------------------------------------------------------------- */

static firn_code show_entry(firn_editor *e, size_t entry, firn_err *err)
{
    size_t count = firn_history_count(e->conf->history);
    if (e->entry == count) {
        firn_buf_clear(&e->draft);
        FIRN_TRY(firn_buf_addstr(&e->draft, firn_buf_str(&e->text), err));
    }
    e->entry = entry;
    firn_str s =
        entry < count ? firn_history_get(e->conf->history, entry) : firn_buf_str(&e->draft);
    return firn_edit_replace(e, 0, e->text.n, s, err);
}

static firn_code older(firn_editor *e, firn_err *err)
{
    return e->entry > 0 ? show_entry(e, e->entry - 1, err) : FIRN_OK;
}

static firn_code newer(firn_editor *e, firn_err *err)
{
    bool more = e->entry < firn_history_count(e->conf->history);
    return more ? show_entry(e, e->entry + 1, err) : FIRN_OK;
}

static firn_code up(firn_editor *e, firn_err *err)
{
    size_t start = line_start(e, e->cursor);
    if (start == 0)
        return older(e, err);
    e->cursor = along(e, line_start(e, start - 1), characters(e, start, e->cursor));
    return FIRN_OK;
}

static firn_code down(firn_editor *e, firn_err *err)
{
    size_t end = line_end(e, e->cursor);
    if (end == e->text.n)
        return newer(e, err);
    e->cursor = along(e, end + 1, characters(e, line_start(e, e->cursor), e->cursor));
    return FIRN_OK;
}

/* --- keys ---------------------------------------------------------------------------------- */

static void finish(firn_editor *e, firn_edit_end end)
{
    e->done = true;
    e->end = end;
}

static firn_code enter(firn_editor *e, firn_err *err)
{
    if (!e->conf->is_whole(e->conf->arg, firn_buf_str(&e->text)))
        return insert(e, FIRN_STR_LIT("\n"), err);
    finish(e, FIRN_EDIT_TEXT);
    return FIRN_OK;
}

static firn_code delete_or_leave(firn_editor *e, firn_err *err)
{
    if (e->text.n == 0) {
        finish(e, FIRN_EDIT_LEAVE);
        return FIRN_OK;
    }
    return erase(e, e->cursor, e->cursor + firn_edit_ahead(e), err);
}

static firn_code transpose(firn_editor *e, firn_err *err)
{
    if (e->cursor == e->text.n)
        e->cursor -= firn_edit_back(e);
    size_t left = firn_edit_back(e);
    size_t right = firn_edit_ahead(e);
    char moved[64];
    if (!left || !right || left > sizeof moved)
        return FIRN_OK;
    memcpy(moved, e->text.p + e->cursor - left, left);
    memmove(e->text.p + e->cursor - left, e->text.p + e->cursor, right);
    memcpy(e->text.p + e->cursor - left + right, moved, left);
    e->cursor += right;
    (void)err;
    return FIRN_OK;
}

static firn_code clear_screen(firn_editor *e, firn_err *err)
{
    e->drawn = 0;
    return firn_edit_write("\033[H\033[2J", 7, err);
}

static void edit_mode(const firn_terminal *t)
{
    struct termios m = t->found;
    m.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    m.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
    m.c_cc[VMIN] = 1;
    m.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &m);
}

static firn_code suspend(firn_editor *e, firn_err *err)
{
    firn_terminal t;
    firn_terminal_open(&t);
    struct termios mine = t.found;
    t.found.c_lflag |= ICANON | ECHO | ISIG | IEXTEN;
    t.found.c_iflag |= ICRNL | IXON;
    size_t cursor = e->cursor;
    FIRN_TRY(firn_edit_leave(e, "", err));
    e->cursor = cursor;
    FIRN_TRY(firn_edit_write("\033[?2004l", 8, err));
    firn_terminal_restore(&t);
    raise(SIGTSTP);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &mine);
    return firn_edit_write("\033[?2004h", 8, err);
}

static firn_code move(firn_editor *e, firn_key key)
{
    switch ((int)key) {
    case FIRN_KEY_LEFT:
    case FIRN_CTRL('B'):
        e->cursor -= firn_edit_back(e);
        break;
    case FIRN_KEY_RIGHT:
    case FIRN_CTRL('F'):
        e->cursor += firn_edit_ahead(e);
        break;
    case FIRN_KEY_HOME:
    case FIRN_CTRL('A'):
        e->cursor = line_start(e, e->cursor);
        break;
    case FIRN_KEY_END:
    case FIRN_CTRL('E'):
        e->cursor = line_end(e, e->cursor);
        break;
    case FIRN_KEY_WORD_LEFT:
        e->cursor = word_left(e);
        break;
    case FIRN_KEY_WORD_RIGHT:
        e->cursor = word_right(e);
        break;
    default:
        break;
    }
    return FIRN_OK;
}

static firn_code change(firn_editor *e, firn_key key, firn_err *err)
{
    size_t at = e->cursor;
    switch ((int)key) {
    case 8:
    case 127:
        return erase(e, at - firn_edit_back(e), at, err);
    case FIRN_KEY_DELETE:
        return erase(e, at, at + firn_edit_ahead(e), err);
    case FIRN_CTRL('K'): /* at the end of a line its end */
        return kill_text(e, at, FIRN_MAX(line_end(e, at), FIRN_MIN(at + 1, e->text.n)), err);
    case FIRN_CTRL('U'):
        return kill_text(e, line_start(e, at), at, err);
    case FIRN_CTRL('W'):
        return kill_text(e, blank_left(e), at, err);
    case FIRN_KEY_KILL_WORD:
        return kill_text(e, at, word_right(e), err);
    case FIRN_KEY_KILL_WORD_LEFT:
        return kill_text(e, word_left(e), at, err);
    case FIRN_CTRL('Y'):
        return insert(e, firn_buf_str(&e->killed), err);
    case FIRN_CTRL('T'):
        return transpose(e, err);
    case FIRN_KEY_NEWLINE:
        return insert(e, FIRN_STR_LIT("\n"), err);
    default:
        return move(e, key);
    }
}

static firn_code remember(firn_editor *e, firn_key key, firn_err *err)
{
    switch ((int)key) {
    case FIRN_KEY_UP:
        return up(e, err);
    case FIRN_KEY_DOWN:
        return down(e, err);
    case FIRN_CTRL('P'):
    case FIRN_KEY_PAGE_UP:
        return older(e, err);
    case FIRN_CTRL('N'):
    case FIRN_KEY_PAGE_DOWN:
        return newer(e, err);
    case FIRN_KEY_OLDEST:
        return firn_history_count(e->conf->history) ? show_entry(e, 0, err) : FIRN_OK;
    case FIRN_KEY_NEWEST:
        return show_entry(e, firn_history_count(e->conf->history), err);
    case FIRN_CTRL('R'):
        return firn_edit_search(e, err);
    default:
        return change(e, key, err);
    }
}

static firn_code act(firn_editor *e, firn_key key, firn_err *err)
{
    switch ((int)key) {
    case FIRN_KEY_TEXT:
    case FIRN_KEY_PASTE:
        return insert(e, firn_buf_str(&e->keys.text), err);
    case '\r':
    case '\n':
        return enter(e, err);
    case '\t':
        return firn_edit_complete(e, err);
    case FIRN_CTRL('C'):
        finish(e, FIRN_EDIT_CANCELLED);
        return FIRN_OK;
    case FIRN_CTRL('D'):
        return delete_or_leave(e, err);
    case FIRN_KEY_LEAVE:
        finish(e, FIRN_EDIT_LEAVE);
        return FIRN_OK;
    case FIRN_CTRL('L'):
        return clear_screen(e, err);
    case FIRN_CTRL('Z'):
        return suspend(e, err);
    case FIRN_KEY_RESIZED: /* where the rows went is not known: it is drawn from here on */
        e->drawn = 0;
        return FIRN_OK;
    default:
        return remember(e, key, err);
    }
}

/* --- reading ------------------------------------------------------------------------------- */

static firn_code edit(firn_editor *e, firn_err *err)
{
    e->entry = firn_history_count(e->conf->history);
    while (!e->done) {
        firn_key key;
        /* what is typed ahead or pasted needs to be seen only at its end */
        if (e->keys.at == e->keys.n)
            FIRN_TRY(firn_edit_draw(e, err));
        FIRN_TRY(firn_keys_next(&e->keys, &key, err));
        FIRN_TRY(act(e, key, err));
    }
    return firn_edit_leave(e, e->end == FIRN_EDIT_CANCELLED ? "^C" : "", err);
}

static firn_code read_text(firn_editor *e, firn_err *err)
{
    FIRN_TRY(firn_edit_write("\033[?2004h", 8, err)); /* pasted texts are marked */
    firn_code code = edit(e, err);
    FIRN_TRY(firn_edit_write("\033[?2004l", 8, code == FIRN_OK ? err : NULL));
    return code;
}

firn_code firn_edit_read(firn_editor *e, firn_arena *a, firn_edit_end *ret_end, firn_str *ret,
                         firn_err *err)
{
    firn_terminal t;
    firn_buf_clear(&e->text);
    firn_buf_clear(&e->draft);
    e->cursor = e->drawn = e->top = 0;
    e->done = false;
    firn_terminal_open(&t);
    edit_mode(&t);
    firn_code code = read_text(e, err);
    firn_terminal_restore(&t);
    FIRN_TRY(code);
    firn_str text = firn_arena_str(a, firn_buf_str(&e->text));
    if (!text.p)
        return firn_arena_raise(a, err);
    *ret_end = e->end;
    *ret = text;
    return FIRN_OK;
}

firn_code firn_editor_new(const firn_edit_conf *conf, firn_editor **ret, firn_err *err)
{
    firn_editor *e = firn_mem_alloc(sizeof *e);
    if (!e)
        return firn_raise_nomem(err);
    memset(e, 0, sizeof *e);
    e->conf = conf;
    e->keys.wake = conf->wake;
    e->keys.text = FIRN_BUF(TEXT_MAX);
    e->text = FIRN_BUF(TEXT_MAX);
    e->killed = FIRN_BUF(TEXT_MAX);
    e->draft = FIRN_BUF(TEXT_MAX);
    *ret = e;
    return FIRN_OK;
}

void firn_editor_free(firn_editor *e)
{
    if (!e)
        return;
    firn_buf_free(&e->keys.text);
    firn_buf_free(&e->text);
    firn_buf_free(&e->killed);
    firn_buf_free(&e->draft);
    firn_mem_free(e);
}
