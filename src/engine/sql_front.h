/* SPDX-License-Identifier: Apache-2.0 */
/* sql_front.h — what a statement mentions, found without the engine.
 *
 * A tokenizer, not a parser: strings, quoted names, comments and dollar quotes are told apart as
 * the engine does, so that a name in a text is never taken for a table. */
#ifndef FIRN_SQL_FRONT_H
#define FIRN_SQL_FRONT_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/sql_token.h"

/* A name of two or more parts, "raw.orders" or lake."My NS".t, wherever it stands. */
typedef struct firn_sql_name {
    firn_str *parts; /* unquoted */
    size_t *starts;  /* of each part, in the statement */
    size_t *ends;    /* behind each part */
    size_t part_count;
} firn_sql_name;

/* All dotted names of a statement, in `a`.  Never fails on wrong SQL: the engine says what is
 * wrong with it. */
FIRN_NODISCARD firn_code firn_sql_names(firn_str sql, firn_arena *a, firn_sql_name **ret,
                                        size_t *ret_count, firn_err *err);

/* Reads the identifiers joined by dots that begin with the token `first`; one part at least. */
FIRN_NODISCARD firn_code firn_sql_chain(firn_str sql, firn_sql_token first, firn_arena *a,
                                        firn_sql_name *ret, firn_err *err);

/* How many of the parts, joined by dots, are the namespace (in any case of letters); 0: they are
 * another one. */
size_t firn_sql_namespace_parts(const firn_str *parts, size_t count, firn_str ns);

/* Whether a name begins with ns.table or catalog.ns.table, without regard to case, or names a
 * metadata table of it (ns.table$files).  A namespace of several parts, "curated.shared", may be
 * written as one quoted name or as several. */
bool firn_sql_name_is(const firn_sql_name *n, firn_str catalog, firn_str ns, firn_str table);

/* Whether running the statement twice over the same tables may give different rows, as far as
 * words tell: it asks for the time, for random values, or reads files.  Errs towards true. */
bool firn_sql_is_volatile(firn_str sql);

/* Whether the statement is nothing but blanks, comments and semicolons. */
bool firn_sql_is_empty(firn_str sql);

/* Splits a script at the semicolons outside of texts and comments; empty statements are left out.
 * The parts point into the script. */
FIRN_NODISCARD firn_code firn_sql_split(firn_str script, firn_arena *a, firn_str **ret,
                                        size_t *ret_count, firn_err *err);

/* --- places -------------------------------------------------------------------------------- */

/* A text in a statement that stands for another one as its author wrote it, on one line. */
typedef struct firn_sql_shift {
    int line;    /* of the statement, from 1 */
    int column;  /* where the text begins, in characters from 1 */
    int length;  /* of it, in characters */
    int written; /* of what was written */
} firn_sql_shift;

/* Where a statement begins, for messages. */
typedef struct firn_sql_origin {
    const char *file; /* NULL: typed */
    int line;         /* both from 1; columns count characters */
    int column;
    int before; /* characters that the engine had on the first line before the statement */
    const firn_sql_shift *shifts; /* what is not as it was written, ascending */
    size_t shift_count;
} firn_sql_origin;

/* The column of a place of the statement as its author wrote it; line and column from 1. */
int firn_sql_unshift(const firn_sql_origin *origin, int line, int column);

/* Sets err->where to the place of an offset ("file:line:column", or "line L, column C") and returns
 * the error's code. */
firn_code firn_sql_place(firn_err *err, firn_str sql, size_t offset, const firn_sql_origin *origin);

/* Says what to do about a statement that the engine refused, where its message tells: near names
 * move from the text to the advice.  Advice that is there stays. */
void firn_sql_advise(firn_err *err);

/* Turns the engine's "LINE 3: …" with its caret into a place: err->where becomes
 * "file:line:column", counted from where the statement began, and the excerpt is cut from the
 * text.  Of a long line the engine shows only a part: `sql`, the statement as the engine had it,
 * tells the column then; without it (.p == NULL) none is said.  Other errors stay as they are. */
void firn_sql_locate(firn_err *err, firn_str sql, const firn_sql_origin *origin);

#endif
