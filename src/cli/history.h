/* SPDX-License-Identifier: Apache-2.0 */
/* history.h — what was typed into the shell, kept in a file that only its owner can read.
 *
 * One entry a line, `\n` for a line end and `\\` for a backslash; the newest is the last.  Shells
 * side by side append to the same file; the next one that starts reads all. */
#ifndef FIRN_HISTORY_H
#define FIRN_HISTORY_H

#include "base/arena.h"
#include "base/err.h"

typedef struct firn_history firn_history;

/* Reads $XDG_STATE_HOME/firn/history (~/.local/state/firn/history).  A file that cannot be read or
 * written is no error: then nothing is kept beyond the shell. */
FIRN_NODISCARD firn_code firn_history_open(firn_history **ret, firn_err *err);
void firn_history_free(firn_history *h);

/* Adds an entry; an older one of the same text goes.  Nothing is kept of one that begins with a
 * blank. */
FIRN_NODISCARD firn_code firn_history_add(firn_history *h, firn_str text, firn_err *err);

size_t firn_history_count(const firn_history *h);
firn_str firn_history_get(const firn_history *h, size_t i); /* 0: the oldest */

#endif
