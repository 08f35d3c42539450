/* SPDX-License-Identifier: Apache-2.0 */
/* sql_token.h — the words of a statement, told apart as the engine does. */
#ifndef FIRN_SQL_TOKEN_H
#define FIRN_SQL_TOKEN_H

#include "base/arena.h"

typedef enum firn_sql_token_kind {
    FIRN_SQL_END,
    FIRN_SQL_NAME,   /* orders, also keywords */
    FIRN_SQL_QUOTED, /* "My orders" */
    FIRN_SQL_TEXT,   /* 'x', E'x', $$x$$ */
    FIRN_SQL_NUMBER, /* without a sign */
    FIRN_SQL_SIGN    /* one character of anything else */
} firn_sql_token_kind;

typedef struct firn_sql_token {
    firn_sql_token_kind kind;
    size_t offset; /* in the statement, bytes */
    size_t length; /* as written, quotes included */
} firn_sql_token;

/* Returns the first token at or behind `from`; blanks and comments are passed over.  The next one
 * begins at offset + length.  What is not closed reaches to the end.  Pure. */
firn_sql_token firn_sql_next(firn_str sql, size_t from);

firn_str firn_sql_text_of(firn_str sql, firn_sql_token t); /* as written */
bool firn_sql_is_sign(firn_str sql, firn_sql_token t, char c);
bool firn_sql_is_word(firn_str sql, firn_sql_token t, const char *word); /* in any case */
bool firn_sql_is_identifier(firn_sql_token t);                           /* quoted or not */

/* Returns what a name or text says, without its quotes; other tokens as written.  In `a`. */
FIRN_NODISCARD firn_code firn_sql_unquote(firn_str sql, firn_sql_token t, firn_arena *a,
                                          firn_str *ret, firn_err *err);

#endif
