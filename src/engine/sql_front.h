/* SPDX-License-Identifier: Apache-2.0 */
/* sql_front.h — what a statement mentions, found without the engine.
 *
 * A tokenizer, not a parser: strings, quoted names, comments and dollar quotes are told apart as
 * the engine does, so that a name in a text is never taken for a table. */
#ifndef FIRN_SQL_FRONT_H
#define FIRN_SQL_FRONT_H

#include "base/arena.h"
#include "base/buf.h"

/* A name of two or more parts, "raw.orders" or lake."My NS".t, wherever it stands. */
typedef struct firn_sql_name {
    firn_str *parts; /* unquoted */
    size_t *ends;    /* behind each part, in the statement */
    size_t part_count;
    size_t offset;       /* of the first part in the statement */
    size_t first_length; /* of the first part as written, quotes included */
} firn_sql_name;

/* All dotted names of a statement, in `a`.  Never fails on wrong SQL: the engine says what is
 * wrong with it. */
FIRN_NODISCARD firn_code firn_sql_names(firn_str sql, firn_arena *a, firn_sql_name **ret,
                                        size_t *ret_count, firn_err *err);

/* Whether running the statement twice over the same tables may give different rows, as far as
 * words tell: it asks for the time, for random values, or reads files.  Errs towards true. */
bool firn_sql_is_volatile(firn_str sql);

/* Whether the statement is nothing but blanks, comments and semicolons. */
bool firn_sql_is_empty(firn_str sql);

/* Splits a script at the semicolons outside of texts and comments; empty statements are left out.
 * The parts point into the script. */
FIRN_NODISCARD firn_code firn_sql_split(firn_str script, firn_arena *a, firn_str **ret,
                                        size_t *ret_count, firn_err *err);

/* Copies a statement with the first part of each name that is `catalog` followed by two more parts
 * replaced by `alias`, padded with blanks so that positions stay true where the alias is no longer
 * than the name. */
FIRN_NODISCARD firn_code firn_sql_rename_catalog(firn_str sql, firn_str catalog, firn_str alias,
                                                 firn_buf *out, firn_err *err);

/* Whether a name begins with ns.table or catalog.ns.table, without regard to case.  A namespace of
 * several parts, "curated.shared", may be written as one quoted name or as several. */
bool firn_sql_name_is(const firn_sql_name *n, firn_str catalog, firn_str ns, firn_str table);

/* As firn_sql_rename_catalog, and puts the parts of the given namespaces together, as the engine
 * knows but one: curated.shared.t becomes "curated.shared".t. */
FIRN_NODISCARD firn_code firn_sql_rename_tables(firn_str sql, firn_str catalog, firn_str alias,
                                                const firn_str *nested, size_t nested_count,
                                                firn_buf *out, firn_err *err);

/* Turns the engine's "LINE 3: …" with its caret into a place: err->where becomes
 * "file:line:column", counted from the line and column where the statement began in its file, and
 * the excerpt is cut from the text.  Columns count characters; of a long line the engine shows only
 * a part, and no column is said then.  `file` NULL: "line L, column C".  Other errors stay as they
 * are. */
void firn_sql_locate(firn_err *err, const char *file, int first_line, int first_column);

#endif
