/* SPDX-License-Identifier: Apache-2.0 */
/* screen.h — texts on a screen: how wide they are, and foreign ones made safe to show.
 *
 * Needs LC_CTYPE to be UTF-8, which main() sees to.  Pure; any thread. */
#ifndef FIRN_SCREEN_H
#define FIRN_SCREEN_H

#include "base/buf.h"

/* Columns that a text takes; 0 for combining marks, 2 for wide characters, 1 for a broken byte. */
size_t firn_text_width(firn_str s);

/* How many bytes at the start of `s` fit into `width` columns, combining marks behind the last one
 * included; *ret_width is what they take. */
size_t firn_text_fit(firn_str s, size_t width, size_t *ret_width);

/* Appends a text with control characters, broken UTF-8 and marks of writing direction escaped
 * ("\n", "\x1b", "\u202e"), so that it can neither play with the terminal nor break a line; at most
 * `max_width` columns, "…" for what is left out.  `lines`: line ends stay as they are. */
FIRN_NODISCARD firn_code firn_text_safe(firn_str s, size_t max_width, bool lines, firn_buf *out,
                                        firn_err *err);

/* Rows and columns of the terminal behind a descriptor; false (and 24 × 80) where there is none. */
bool firn_screen_size(int fd, size_t *ret_rows, size_t *ret_columns);

#endif
