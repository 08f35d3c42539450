/* SPDX-License-Identifier: Apache-2.0 */
/* edit_int.h — the parts of edit.h: keys in edit_keys.c, the screen in edit_draw.c, what keys do in
 * edit.c. */
#ifndef FIRN_EDIT_INT_H
#define FIRN_EDIT_INT_H

#include "base/buf.h"
#include "cli/edit.h"

/* Control characters are themselves (1 = Ctrl-A …, 127 = backspace). */
typedef enum firn_key {
    FIRN_KEY_NONE = 0,
    FIRN_KEY_TEXT = 256, /* a character; its bytes are in the reader */
    FIRN_KEY_PASTE,      /* a pasted text */
    FIRN_KEY_UP,
    FIRN_KEY_DOWN,
    FIRN_KEY_LEFT,
    FIRN_KEY_RIGHT,
    FIRN_KEY_HOME,
    FIRN_KEY_END,
    FIRN_KEY_DELETE,
    FIRN_KEY_PAGE_UP,
    FIRN_KEY_PAGE_DOWN,
    FIRN_KEY_WORD_LEFT,
    FIRN_KEY_WORD_RIGHT,
    FIRN_KEY_KILL_WORD,      /* Alt-D */
    FIRN_KEY_KILL_WORD_LEFT, /* Alt-Backspace */
    FIRN_KEY_NEWLINE,        /* Alt-Enter */
    FIRN_KEY_OLDEST,         /* Alt-< */
    FIRN_KEY_NEWEST,
    FIRN_KEY_RESIZED,
    FIRN_KEY_LEAVE, /* end of input, or told to */
} firn_key;

#define FIRN_CTRL(letter) ((firn_key)((letter) - '@'))

/* Bytes on their way from the terminal. */
typedef struct firn_keys {
    int wake;
    size_t at;
    size_t n;
    unsigned char bytes[512];
    firn_buf text; /* of FIRN_KEY_TEXT and FIRN_KEY_PASTE */
} firn_keys;

/* Waits for a key. */
FIRN_NODISCARD firn_code firn_keys_next(firn_keys *k, firn_key *ret, firn_err *err);

struct firn_editor {
    const firn_edit_conf *conf;
    firn_keys keys;
    firn_buf text;
    size_t cursor; /* bytes */
    firn_buf killed;
    firn_buf draft; /* what was typed before the history was entered */
    size_t entry;   /* of the history; its count: the draft */
    bool done;
    firn_edit_end end;

    const char *prompt; /* another one while searching; NULL: conf's */
    size_t drawn;       /* rows above the cursor that are on the screen */
    size_t top;         /* first row shown of a text higher than the screen */
};

/* Draws the text and puts the cursor where it belongs. */
FIRN_NODISCARD firn_code firn_edit_draw(firn_editor *e, firn_err *err);
/* Puts the cursor behind the text, on a line of its own. */
FIRN_NODISCARD firn_code firn_edit_leave(firn_editor *e, const char *mark, firn_err *err);
/* Shows completions below the text; it is drawn again below them. */
FIRN_NODISCARD firn_code firn_edit_list(firn_editor *e, const firn_completions *list,
                                        firn_err *err);
/* Writes to the terminal, all of it. */
FIRN_NODISCARD firn_code firn_edit_write(const void *p, size_t n, firn_err *err);

/* The bytes of the character, with its combining marks, before and behind the cursor. */
size_t firn_edit_back(const firn_editor *e);
size_t firn_edit_ahead(const firn_editor *e);

/* edit.c's, for edit_complete.c */
FIRN_NODISCARD firn_code firn_edit_replace(firn_editor *e, size_t from, size_t to, firn_str with,
                                           firn_err *err);
FIRN_NODISCARD firn_code firn_edit_complete(firn_editor *e, firn_err *err);
FIRN_NODISCARD firn_code firn_edit_search(firn_editor *e, firn_err *err);

#endif
