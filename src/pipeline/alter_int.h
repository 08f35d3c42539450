/* SPDX-License-Identifier: Apache-2.0 */
/* alter_int.h — what the files of alter.h share: words, types, parsed changes. */
#ifndef FIRN_ALTER_INT_H
#define FIRN_ALTER_INT_H

#include "iceberg/evolve.h"
#include "iceberg/travel.h"
#include "pipeline/alter.h"

/* --- words (alter_lex.c) ------------------------------------------------------------------- */

typedef enum alter_token_kind {
    ALTER_END,
    ALTER_WORD,   /* a name without quotes, or a keyword */
    ALTER_QUOTED, /* "a name" or `a name` */
    ALTER_TEXT,   /* 'a text' */
    ALTER_NUMBER,
    ALTER_SIGN, /* one character */
} alter_token_kind;

typedef struct alter_token {
    alter_token_kind kind;
    size_t offset;
    size_t length;
} alter_token;

typedef struct alter_reader {
    firn_str sql;
    const firn_query_conf *conf;
    firn_arena *a;
    alter_token *tokens; /* ALTER_END at the end */
    size_t count;
    size_t at;
} alter_reader;

FIRN_NODISCARD firn_code firn_alter_lex(const firn_query_conf *conf, firn_arena *a,
                                        alter_reader *ret, firn_err *err);

/* Puts a place of the statement into err->where, unless there is one; returns err->code. */
firn_code firn_alter_where(const alter_reader *r, size_t offset, firn_err *err);
/* Makes an error of a parser that knows no statements FIRN_E_SQL, at a place of this one. */
firn_code firn_alter_as_sql(const alter_reader *r, size_t offset, firn_err *err);
/* Raises FIRN_E_SQL at the next token: "a type is expected, not 'x'". */
firn_code firn_alter_expected(const alter_reader *r, const char *what, firn_err *err);

firn_str firn_alter_text(const alter_reader *r, const alter_token *t); /* as written */
const alter_token *firn_alter_peek(const alter_reader *r, size_t ahead);
/* Whether the token is this keyword, this sign; take: and steps behind it. */
bool firn_alter_is(const alter_reader *r, size_t ahead, const char *word);
bool firn_alter_take(alter_reader *r, const char *word);
bool firn_alter_take2(alter_reader *r, const char *first, const char *second);
bool firn_alter_take_sign(alter_reader *r, char sign);
FIRN_NODISCARD firn_code firn_alter_need(alter_reader *r, const char *word, firn_err *err);
FIRN_NODISCARD firn_code firn_alter_need_sign(alter_reader *r, char sign, firn_err *err);

/* One name without its quotes; a name of parts, joined by dots; the parts themselves. */
FIRN_NODISCARD firn_code firn_alter_name(alter_reader *r, const char *what, firn_str *ret,
                                         firn_err *err);
FIRN_NODISCARD firn_code firn_alter_path(alter_reader *r, const char *what, firn_str *ret,
                                         firn_err *err);
/* 'a text', its quotes undone. */
FIRN_NODISCARD firn_code firn_alter_string(alter_reader *r, const char *what, firn_str *ret,
                                           firn_err *err);
FIRN_NODISCARD firn_code firn_alter_number(alter_reader *r, const char *what, int64_t *ret,
                                           firn_err *err);

/* --- types and literals (alter_type.c) ----------------------------------------------------- */

/* bigint, varchar(20), timestamp(6) with time zone, struct<a: int>, STRUCT(a INT), int[], … */
FIRN_NODISCARD firn_code firn_alter_type(alter_reader *r, firn_type *ret, firn_err *err);

/* A literal as text, for firn_evolve_default; NULL gives .p == NULL. */
FIRN_NODISCARD firn_code firn_alter_literal(alter_reader *r, firn_str *ret, firn_err *err);

/* --- changes (alter_parse*.c) --------------------------------------------------------------- */

typedef enum alter_kind {
    ALTER_ADD_COLUMN,
    ALTER_DROP_COLUMN,
    ALTER_RENAME_COLUMN,
    ALTER_MOVE,
    ALTER_TYPE,
    ALTER_OPTIONAL,
    ALTER_REQUIRED,
    ALTER_DOC,
    ALTER_DEFAULT,
    ALTER_SET_IDENTIFIERS,
    ALTER_DROP_IDENTIFIERS,
    ALTER_ADD_PARTITION,
    ALTER_DROP_PARTITION,
    ALTER_REPLACE_PARTITION,
    ALTER_RENAME_PARTITION,
    ALTER_PARTITION_BY,
    ALTER_SORT_BY,
    ALTER_SET_PROPERTY,
    ALTER_UNSET_PROPERTY,
    ALTER_FORMAT_VERSION,
    ALTER_LOCATION,
    ALTER_SET_REF,
    ALTER_DROP_REF,
    ALTER_FAST_FORWARD,
    ALTER_RETENTION,
    ALTER_RENAME_BRANCH,
    ALTER_RENAME_TABLE,
} alter_kind;

/* One change; which members mean something depends on the kind. */
typedef struct alter_change {
    alter_kind kind;
    size_t offset;    /* of what it is about, in the statement */
    bool if_exists;   /* no error if what is to go, or to change, is not there */
    bool if_absent;   /* no error if what is to be made is there */
    firn_str name;    /* column path, field, ref, property */
    firn_str value;   /* new name, doc, value, location, target; .p == NULL: none */
    firn_type type;   /* ADD_COLUMN, TYPE */
    bool required;    /* ADD_COLUMN */
    firn_str doc;     /* ADD_COLUMN */
    bool has_default; /* ADD_COLUMN, DEFAULT: `literal` says it */
    firn_str literal;
    firn_move place;
    firn_str *names; /* identifier fields */
    size_t name_count;
    bool by_term; /* DROP_PARTITION, REPLACE_PARTITION: terms[0] says which, not `name` */
    firn_partition_term *terms;
    size_t term_count;
    firn_sort_term *sort;
    size_t sort_count;
    int64_t number; /* format version */
    bool is_branch;
    firn_ref_mode mode;
    firn_at at; /* SET_REF */
    firn_retention retention;
} alter_change;

typedef FIRN_VEC(alter_change) alter_changes;

/* A statement as it was read. */
typedef struct alter_script {
    firn_str *table; /* parts of its name */
    size_t table_parts;
    size_t table_offset;
    bool if_exists;
    alter_changes changes;
} alter_script;

/* Reads ALTER TABLE … or CALL …. */
FIRN_NODISCARD firn_code firn_alter_parse(alter_reader *r, alter_script *ret, firn_err *err);

/* Parts of it: what is about partitions, order, properties, refs; false in *ret if the next words
 * begin no such change. */
FIRN_NODISCARD firn_code firn_alter_parse_layout(alter_reader *r, alter_changes *out, bool *ret,
                                                 firn_err *err);
FIRN_NODISCARD firn_code firn_alter_parse_refs(alter_reader *r, alter_changes *out, bool *ret,
                                               firn_err *err);
FIRN_NODISCARD firn_code firn_alter_parse_call(alter_reader *r, alter_script *ret, firn_err *err);

/* A change of nothing yet, at the next token. */
alter_change firn_alter_change(const alter_reader *r, alter_kind kind);
FIRN_NODISCARD firn_code firn_alter_push(alter_reader *r, alter_changes *out, alter_change c,
                                         firn_err *err);
/* Takes a comma that goes on with a list; outside of brackets one behind which another change
 * begins is left alone. */
bool firn_alter_take_comma(alter_reader *r, bool bracket);
bool firn_alter_if_exists(alter_reader *r);
bool firn_alter_if_not_exists(alter_reader *r);
FIRN_NODISCARD firn_code firn_alter_names(alter_reader *r, firn_str **ret, size_t *ret_count,
                                          firn_err *err);

#endif
