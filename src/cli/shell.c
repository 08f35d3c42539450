/* SPDX-License-Identifier: Apache-2.0 */
/* The shell: what is typed on a terminal, statement by statement. */
#include "cli/sql_run.h"

#include "base/errprint.h"
#include "base/str.h"
#include "engine/sql_front.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROMPT      "firn> "
#define PROMPT_MORE "   -> "
#define COUNT_MS    2000 /* so long are rows counted that are not shown */

/* The dot command that somebody means who types a word as other shells have it; no statement is
 * one of these words. */
static const char *plain_word(firn_str text)
{
    static const char *const words[][2] = {
        {"help", ".help"}, {"exit", ".quit"}, {"quit", ".quit"}, {"\\q", ".quit"}, {"\\?", ".help"},
    };
    text = firn_str_trim(text);
    if (text.n && text.p[text.n - 1] == ';')
        text.n--;
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (firn_str_eqc(text, words[i][0]))
            return words[i][1];
    return NULL;
}

/* Whether what was typed is to be run: a line with a dot, or statements that all end in a
 * semicolon. */
static bool is_whole(void *arg FIRN_UNUSED, firn_str text)
{
    if (plain_word(text))
        return true;
    firn_sql_token t = firn_sql_next(text, 0);
    bool whole = t.kind == FIRN_SQL_END || firn_sql_is_sign(text, t, '.');
    for (; !whole && t.kind != FIRN_SQL_END; t = firn_sql_next(text, t.offset + t.length))
        if (firn_sql_is_sign(text, t, ';'))
            whole = firn_sql_next(text, t.offset + 1).kind == FIRN_SQL_END;
    return whole;
}

/* --- reading without an editor ------------------------------------------------------------- */

/* Lines of a terminal that cannot do more than that. */
typedef struct plain_input {
    firn_buf text; /* lines so far */
    size_t at;     /* in bytes */
    size_t n;
    char bytes[4096];
    bool ended;
} plain_input;

/* Waits for bytes; false: Ctrl-C, or there are no more. */
static bool plain_fill(firn_sql_run *q, plain_input *in, bool *ret_cancelled)
{
    struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {q->watch->told[0], POLLIN, 0}};
    char told;
    *ret_cancelled = false;
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        while (fds[1].revents && read(q->watch->told[0], &told, 1) == 1) {
            *ret_cancelled = *ret_cancelled || told == 'i';
            in->ended = in->ended || told == 'q';
        }
        if (*ret_cancelled || in->ended)
            return false;
        if (!fds[0].revents)
            continue;
        ssize_t got = read(STDIN_FILENO, in->bytes, sizeof in->bytes);
        if (got < 0 && errno == EINTR)
            continue;
        in->ended = got <= 0;
        in->at = 0;
        in->n = got > 0 ? (size_t)got : 0;
        return !in->ended;
    }
}

/* Adds a line to the text. */
static firn_code plain_line(firn_sql_run *q, plain_input *in, bool *ret_cancelled, firn_err *err)
{
    *ret_cancelled = false;
    for (;;) {
        if (in->at == in->n && !plain_fill(q, in, ret_cancelled))
            return FIRN_OK;
        char c = in->bytes[in->at++];
        FIRN_TRY(firn_buf_addc(&in->text, c, err));
        if (c == '\n')
            return FIRN_OK;
    }
}

static void plain_prompt(const char *prompt)
{
    FILE *f = isatty(STDOUT_FILENO) ? stdout : stderr;
    fputs(prompt, f);
    fflush(f);
}

static firn_code plain_read(firn_sql_run *q, plain_input *in, firn_arena *a, firn_edit_end *ret_end,
                            firn_str *ret, firn_err *err)
{
    bool cancelled;
    firn_terminal_restore(&q->terminal);
    firn_buf_clear(&in->text);
    do {
        plain_prompt(in->text.n ? PROMPT_MORE : PROMPT);
        FIRN_TRY(plain_line(q, in, &cancelled, err));
    } while (!cancelled && !in->ended && !is_whole(NULL, firn_buf_str(&in->text)));
    *ret_end = cancelled                  ? FIRN_EDIT_CANCELLED
               : in->ended && !in->text.n ? FIRN_EDIT_LEAVE
                                          : FIRN_EDIT_TEXT;
    if (*ret_end != FIRN_EDIT_TEXT)
        plain_prompt("\n");
    *ret = firn_arena_str(a, firn_buf_str(&in->text));
    firn_terminal_running(&q->terminal);
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

/* --- running ------------------------------------------------------------------------------- */

/* What the shell works with beside the statements. */
typedef struct shell {
    firn_sql_run *q;
    firn_editor *editor; /* NULL: the terminal cannot do it */
    plain_input *plain;
    firn_watch watch;
} shell;

static void show_error(shell *s, firn_err *err)
{
    fflush(stdout);
    bool stopped = err->code == FIRN_E_CANCELLED || atomic_load(&s->watch.stopped);
    if (stopped)
        fputs("interrupted\n", stderr);
    else
        firn_err_print(err, stderr, firn_use_colour(stderr));
}

static firn_code read_text(shell *s, firn_arena *a, firn_edit_end *ret_end, firn_str *ret,
                           firn_err *err)
{
    if (s->editor)
        return firn_edit_read(s->editor, a, ret_end, ret, err);
    return plain_read(s->q, s->plain, a, ret_end, ret, err);
}

static firn_code read_and_run(shell *s, firn_arena *a, firn_err *err)
{
    firn_edit_end end;
    firn_str text;
    firn_err wrong = {0};
    fflush(stdout);
    FIRN_TRY(read_text(s, a, &end, &text, err));
    s->q->leave = s->q->leave || end == FIRN_EDIT_LEAVE;
    if (end != FIRN_EDIT_TEXT || s->q->leave)
        return FIRN_OK;
    while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == ' '))
        text.n--;
    FIRN_TRY(firn_history_add(s->q->history, text, err));
    firn_watch_begin(&s->watch, s->q->c->run);
    const char *word = plain_word(text);
    firn_code code = firn_sql_script(s->q, word ? firn_str_of(word) : text, NULL, NULL, &wrong);
    firn_watch_end(&s->watch);
    if (code != FIRN_OK || atomic_load(&s->watch.stopped))
        show_error(s, &wrong);
    s->q->verbatim = false;
    return FIRN_OK;
}

static firn_code loop(shell *s, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a typed text", 0);
    if (!a)
        return firn_raise_nomem(err);
    while (!s->q->leave && !atomic_load(&s->watch.leave)) {
        firn_arena_reset(a);
        FIRN_TRY(read_and_run(s, a, err));
    }
    return FIRN_OK;
}

/* --- beginning and end --------------------------------------------------------------------- */

static bool can_edit(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
           strcmp(term, "dumb") != 0;
}

static void greet(const firn_sql_run *q)
{
    FILE *f = isatty(STDOUT_FILENO) ? stdout : stderr;
    const char *lake = q->c->run->warehouse;
    fprintf(f, "firn %s%s%s\n.help says what can be typed, Ctrl-D leaves\n", FIRN_VERSION,
            lake ? ", " : "", lake ? firn_quotec(lake).s : "");
}

static void prepare(shell *s)
{
    firn_sql_run *q = s->q;
    q->shell = true;
    q->paging = q->fitted && can_edit();
    q->pager.terminal = &q->terminal;
    q->watch = &s->watch;
    q->print.count_ms = COUNT_MS;
    q->print.more_rows = ".rows all shows all";
    q->print.more_columns = ".mode line shows all";
    s->watch.pager = &q->pager;
    s->watch.terminal = &q->terminal;
}

static firn_code run_shell(shell *s, firn_err *err)
{
    firn_sql_run *q = s->q;
    const firn_edit_conf conf = {.prompt = PROMPT,
                                 .more = PROMPT_MORE,
                                 .colour = firn_use_colour(stdout),
                                 .history = q->history,
                                 .wake = s->watch.told[0],
                                 .is_whole = is_whole,
                                 .complete = firn_shell_complete,
                                 .arg = q};
    plain_input plain = {.text = FIRN_BUF((size_t)16 << 20)};
    s->plain = &plain;
    if (can_edit())
        FIRN_TRY(firn_editor_new(&conf, &s->editor, err));
    greet(q);
    firn_terminal_running(&q->terminal);
    firn_code code = loop(s, err);
    firn_terminal_restore(&q->terminal);
    firn_editor_free(s->editor);
    firn_buf_free(&plain.text);
    return code;
}

firn_code firn_shell_run(firn_sql_run *q, firn_err *err)
{
    shell s = {.q = q};
    firn_terminal_open(&q->terminal);
    prepare(&s);
    FIRN_TRY(firn_watch_start(&s.watch, err));
    firn_code code = firn_history_open(&q->history, err);
    if (code == FIRN_OK)
        code = run_shell(&s, err);
    firn_watch_stop(&s.watch);
    q->watch = NULL;
    firn_history_free(q->history);
    q->history = NULL;
    return code;
}
