/* SPDX-License-Identifier: Apache-2.0 */
/* edit.h — a line editor for statements of several lines, as a person types them on a terminal.
 *
 * A statement is edited as one text, whatever its lines: the arrows move in it, and leave it for
 * the history at its first and last line.  Keys are those of Emacs and of every shell.  Needs a
 * terminal that knows the common sequences of ECMA-48; who has none reads lines (shell.c). */
#ifndef FIRN_EDIT_H
#define FIRN_EDIT_H

#include "cli/history.h"

#include <termios.h>

/* What may stand at the cursor instead of the `length` bytes before it. */
typedef struct firn_completion {
    firn_str text;  /* to be put in, with what closes it ("raw.orders ", "count(") */
    firn_str shown; /* in the list */
} firn_completion;

typedef struct firn_completions {
    firn_completion *v;
    size_t n;
    size_t length; /* bytes before the cursor that are replaced */
} firn_completions;

typedef struct firn_edit_conf {
    const char *prompt;
    const char *more; /* prompt of further lines; as wide as the other one */
    bool colour;
    firn_history *history;
    int wake; /* a descriptor that signals are told on: 'w' size changed, 'q' leave */
    /* Whether Enter ends the text. */
    bool (*is_whole)(void *arg, firn_str text);
    /* Everything lives in `a`. */
    firn_code (*complete)(void *arg, firn_str text, size_t cursor, firn_arena *a,
                          firn_completions *ret, firn_err *err);
    void *arg;
} firn_edit_conf;

typedef enum firn_edit_end {
    FIRN_EDIT_TEXT,
    FIRN_EDIT_CANCELLED, /* Ctrl-C */
    FIRN_EDIT_LEAVE,     /* Ctrl-D on an empty line, the terminal went away, or told to */
} firn_edit_end;

/* An editor keeps what was typed ahead, and what was cut, from one text to the next.  `conf` must
 * outlive it. */
typedef struct firn_editor firn_editor;
FIRN_NODISCARD firn_code firn_editor_new(const firn_edit_conf *conf, firn_editor **ret,
                                         firn_err *err);
void firn_editor_free(firn_editor *e);

/* Reads one text; *ret lives in `a`. */
FIRN_NODISCARD firn_code firn_edit_read(firn_editor *e, firn_arena *a, firn_edit_end *ret_end,
                                        firn_str *ret, firn_err *err);

/* --- the terminal -------------------------------------------------------------------------- */

/* How the terminal was found, and the way it is while a statement runs: no echo, what is typed
 * ahead waits, Ctrl-C is a signal. */
typedef struct firn_terminal {
    struct termios found;
    bool is_one;
} firn_terminal;

void firn_terminal_open(firn_terminal *t);
void firn_terminal_restore(const firn_terminal *t);
void firn_terminal_running(const firn_terminal *t);

#endif
