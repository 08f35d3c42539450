/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER TABLE …: what stands at its head, and changes of columns. */
#include "pipeline/alter_int.h"

#include "base/str.h"

/* --- small things -------------------------------------------------------------------------- */

firn_code firn_alter_push(alter_reader *r, alter_changes *out, alter_change c, firn_err *err)
{
    if (!firn_vec_push(r->a, out, c))
        return firn_arena_raise(r->a, err);
    return FIRN_OK;
}

bool firn_alter_if_exists(alter_reader *r)
{
    return firn_alter_take2(r, "if", "exists");
}

bool firn_alter_if_not_exists(alter_reader *r)
{
    bool found =
        firn_alter_is(r, 0, "if") && firn_alter_is(r, 1, "not") && firn_alter_is(r, 2, "exists");
    r->at += found ? 3 : 0;
    return found;
}

static bool take_column_word(alter_reader *r)
{
    return firn_alter_take(r, "column") || firn_alter_take(r, "columns");
}

alter_change firn_alter_change(const alter_reader *r, alter_kind kind)
{
    return (alter_change){.kind = kind,
                          .offset = firn_alter_peek(r, 0)->offset,
                          .at = {.kind = FIRN_AT_CURRENT},
                          .retention = FIRN_RETENTION_NONE};
}

firn_code firn_alter_names(alter_reader *r, firn_str **ret, size_t *ret_count, firn_err *err)
{
    FIRN_VEC(firn_str) names = {0};
    bool bracket = firn_alter_take_sign(r, '(');
    do {
        firn_str name;
        FIRN_TRY(firn_alter_path(r, "a column", &name, err));
        if (!firn_vec_push(r->a, &names, name))
            return firn_arena_raise(r->a, err);
    } while (firn_alter_take_comma(r, bracket));
    *ret = names.v;
    *ret_count = names.n;
    return bracket ? firn_alter_need_sign(r, ')', err) : FIRN_OK;
}

/* FIRST, AFTER x, BEFORE x; FIRN_MOVE_NONE if none stands there. */
static firn_code read_place(alter_reader *r, firn_move *ret, firn_err *err)
{
    *ret = (firn_move){.kind = FIRN_MOVE_NONE};
    if (firn_alter_take(r, "first"))
        ret->kind = FIRN_MOVE_FIRST;
    else if (firn_alter_take(r, "after"))
        ret->kind = FIRN_MOVE_AFTER;
    else if (firn_alter_take(r, "before"))
        ret->kind = FIRN_MOVE_BEFORE;
    if (ret->kind == FIRN_MOVE_AFTER || ret->kind == FIRN_MOVE_BEFORE)
        return firn_alter_path(r, "a column", &ret->other, err);
    return FIRN_OK;
}

/* --- ADD COLUMN ---------------------------------------------------------------------------- */

/* What may stand behind the type, in any order. */
static firn_code read_clauses(alter_reader *r, alter_change *c, firn_err *err)
{
    for (;;) {
        if (firn_alter_take2(r, "not", "null")) {
            c->required = true;
        } else if (firn_alter_take(r, "null")) {
            c->required = false;
        } else if (firn_alter_take(r, "default")) {
            c->has_default = true;
            FIRN_TRY(firn_alter_literal(r, &c->literal, err));
        } else if (firn_alter_take(r, "comment")) {
            FIRN_TRY(firn_alter_string(r, "a text in quotes", &c->doc, err));
        } else if (firn_alter_is(r, 0, "first") || firn_alter_is(r, 0, "after") ||
                   firn_alter_is(r, 0, "before")) {
            FIRN_TRY(read_place(r, &c->place, err));
        } else {
            return FIRN_OK;
        }
    }
}

static firn_code read_column(alter_reader *r, bool if_absent, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_ADD_COLUMN);
    c.if_absent = firn_alter_if_not_exists(r) || if_absent;
    c.offset = firn_alter_peek(r, 0)->offset;
    FIRN_TRY(firn_alter_path(r, "the name of a column", &c.name, err));
    firn_alter_take_sign(r, ':');
    FIRN_TRY(firn_alter_type(r, &c.type, err));
    FIRN_TRY(read_clauses(r, &c, err));
    return firn_alter_push(r, out, c, err);
}

/* Whether a name stands behind the next word that is neither a type, as behind a new column, nor a
 * direction, as behind one to sort by. */
static bool names_no_type(const alter_reader *r)
{
    static const char *const directions[] = {"asc", "desc", "nulls"};
    firn_type ignored;
    alter_reader ahead = *r;
    alter_token_kind kind = firn_alter_peek(r, 1)->kind;
    if (kind != ALTER_WORD && kind != ALTER_QUOTED)
        return false;
    for (size_t i = 0; i < FIRN_COUNT_OF(directions); i++)
        if (firn_alter_is(r, 1, directions[i]))
            return false;
    ahead.at++;
    return firn_alter_type(&ahead, &ignored, NULL) != FIRN_OK;
}

/* Whether the next words begin another change, "ADD COLUMN", and no item of a list. */
static bool begins_change(const alter_reader *r)
{
    static const char *const verbs[] = {"add",   "drop",   "alter",   "rename", "set",
                                        "unset", "create", "replace", "change", "write",
                                        "move",  "modify", "fast",    "sort",   "partition"};
    static const char *const nouns[] = {"column",   "columns",    "partition", "branch",
                                        "tag",      "identifier", "or",        "properties",
                                        "ordered",  "unordered",  "locally",   "distributed",
                                        "location", "forward",    "by",        "tblproperties"};
    bool verb = false;
    bool noun = false;
    for (size_t i = 0; i < FIRN_COUNT_OF(verbs); i++)
        verb = verb || firn_alter_is(r, 0, verbs[i]);
    for (size_t i = 0; i < FIRN_COUNT_OF(nouns); i++)
        noun = noun || firn_alter_is(r, 1, nouns[i]);
    return verb && (noun || names_no_type(r));
}

bool firn_alter_take_comma(alter_reader *r, bool bracket)
{
    if (!firn_alter_take_sign(r, ','))
        return false;
    if (bracket || !begins_change(r))
        return true;
    r->at--;
    return false;
}

static firn_code read_add(alter_reader *r, alter_changes *out, firn_err *err)
{
    take_column_word(r);
    bool if_absent = firn_alter_if_not_exists(r);
    bool bracket = firn_alter_take_sign(r, '(');
    do {
        FIRN_TRY(read_column(r, if_absent, out, err));
    } while (firn_alter_take_comma(r, bracket));
    return bracket ? firn_alter_need_sign(r, ')', err) : FIRN_OK;
}

/* --- DROP COLUMN, RENAME ------------------------------------------------------------------- */

static firn_code read_drop(alter_reader *r, alter_changes *out, firn_err *err)
{
    take_column_word(r);
    bool if_exists = firn_alter_if_exists(r);
    bool bracket = firn_alter_take_sign(r, '(');
    do {
        alter_change c = firn_alter_change(r, ALTER_DROP_COLUMN);
        c.if_exists = if_exists;
        FIRN_TRY(firn_alter_path(r, "a column", &c.name, err));
        FIRN_TRY(firn_alter_push(r, out, c, err));
    } while (firn_alter_take_comma(r, bracket));
    if (bracket)
        return firn_alter_need_sign(r, ')', err);
    firn_alter_take(r, "cascade");
    return FIRN_OK;
}

/* The table's new name: one part, or a namespace and a part. */
static firn_code read_rename_table(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_RENAME_TABLE);
    FIRN_VEC(firn_str) parts = {0};
    do {
        firn_str part;
        FIRN_TRY(firn_alter_name(r, "the table's new name", &part, err));
        if (!firn_vec_push(r->a, &parts, part))
            return firn_arena_raise(r->a, err);
    } while (firn_alter_take_sign(r, '.'));
    c.names = parts.v;
    c.name_count = parts.n;
    return firn_alter_push(r, out, c, err);
}

static firn_code read_rename(alter_reader *r, alter_changes *out, firn_err *err)
{
    if (firn_alter_is(r, 0, "to") && !firn_alter_is(r, 1, "to"))
        return r->at++, read_rename_table(r, out, err);
    take_column_word(r);
    alter_change c = firn_alter_change(r, ALTER_RENAME_COLUMN);
    c.if_exists = firn_alter_if_exists(r);
    FIRN_TRY(firn_alter_path(r, "a column", &c.name, err));
    if (!firn_alter_take(r, "as"))
        FIRN_TRY(firn_alter_need(r, "TO", err));
    FIRN_TRY(firn_alter_path(r, "the new name", &c.value, err));
    return firn_alter_push(r, out, c, err);
}

/* --- ALTER COLUMN -------------------------------------------------------------------------- */

/* 'a text', or NULL: none. */
static firn_code read_doc(alter_reader *r, firn_str *ret, firn_err *err)
{
    *ret = (firn_str){0};
    if (firn_alter_take(r, "null"))
        return FIRN_OK;
    return firn_alter_string(r, "a text in quotes", ret, err);
}

static firn_code read_alteration(alter_reader *r, alter_change c, alter_changes *out, bool *ret,
                                 firn_err *err)
{
    *ret = true;
    if (firn_alter_take2(r, "drop", "not")) {
        c.kind = ALTER_OPTIONAL;
        FIRN_TRY(firn_alter_need(r, "NULL", err));
    } else if (firn_alter_take2(r, "set", "not")) {
        c.kind = ALTER_REQUIRED;
        FIRN_TRY(firn_alter_need(r, "NULL", err));
    } else if (firn_alter_take2(r, "set", "default")) {
        c.kind = ALTER_DEFAULT;
        FIRN_TRY(firn_alter_literal(r, &c.literal, err));
    } else if (firn_alter_take2(r, "drop", "default")) {
        c.kind = ALTER_DEFAULT;
    } else if (firn_alter_take(r, "type") || firn_alter_take2(r, "set", "type")) {
        c.kind = ALTER_TYPE;
        FIRN_TRY(firn_alter_type(r, &c.type, err));
    } else if (firn_alter_take2(r, "set", "data")) {
        c.kind = ALTER_TYPE;
        FIRN_TRY(firn_alter_need(r, "TYPE", err));
        FIRN_TRY(firn_alter_type(r, &c.type, err));
    } else if (firn_alter_take(r, "comment")) {
        c.kind = ALTER_DOC;
        FIRN_TRY(read_doc(r, &c.value, err));
    } else if (firn_alter_is(r, 0, "first") || firn_alter_is(r, 0, "after") ||
               firn_alter_is(r, 0, "before")) {
        c.kind = ALTER_MOVE;
        FIRN_TRY(read_place(r, &c.place, err));
    } else {
        *ret = false;
        return FIRN_OK;
    }
    return firn_alter_push(r, out, c, err);
}

static firn_code read_alter(alter_reader *r, alter_changes *out, firn_err *err)
{
    bool more;
    take_column_word(r);
    alter_change c = firn_alter_change(r, ALTER_TYPE);
    c.if_exists = firn_alter_if_exists(r);
    FIRN_TRY(firn_alter_path(r, "a column", &c.name, err));
    FIRN_TRY(read_alteration(r, c, out, &more, err));
    if (!more)
        return firn_alter_expected(r,
                                   "TYPE, SET DATA TYPE, DROP NOT NULL, SET DEFAULT, DROP DEFAULT, "
                                   "COMMENT, FIRST, AFTER or BEFORE",
                                   err);
    while (more)
        FIRN_TRY(read_alteration(r, c, out, &more, err));
    return FIRN_OK;
}

/* --- short forms of firn alter ------------------------------------------------------------- */

static firn_code read_move(alter_reader *r, alter_changes *out, firn_err *err)
{
    take_column_word(r);
    alter_change c = firn_alter_change(r, ALTER_MOVE);
    FIRN_TRY(firn_alter_path(r, "a column", &c.name, err));
    FIRN_TRY(read_place(r, &c.place, err));
    if (c.place.kind == FIRN_MOVE_NONE)
        return firn_alter_expected(r, "FIRST, AFTER or BEFORE", err);
    return firn_alter_push(r, out, c, err);
}

static firn_code read_type(alter_reader *r, alter_changes *out, firn_err *err)
{
    take_column_word(r);
    alter_change c = firn_alter_change(r, ALTER_TYPE);
    FIRN_TRY(firn_alter_path(r, "a column", &c.name, err));
    if (!firn_alter_take_sign(r, ':'))
        firn_alter_take(r, "to");
    FIRN_TRY(firn_alter_type(r, &c.type, err));
    return firn_alter_push(r, out, c, err);
}

static firn_code read_optional(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_OPTIONAL);
    FIRN_TRY(firn_alter_path(r, "a column", &c.name, err));
    return firn_alter_push(r, out, c, err);
}

/* COMMENT a 'text', COMMENT ON COLUMN a IS 'text'; NULL takes it away. */
static firn_code read_comment(alter_reader *r, alter_changes *out, firn_err *err)
{
    if (firn_alter_take(r, "on"))
        FIRN_TRY(firn_alter_need(r, "COLUMN", err));
    alter_change c = firn_alter_change(r, ALTER_DOC);
    FIRN_TRY(firn_alter_path(r, "a column", &c.name, err));
    firn_alter_take(r, "is");
    FIRN_TRY(read_doc(r, &c.value, err));
    return firn_alter_push(r, out, c, err);
}

static firn_code read_default(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_DEFAULT);
    FIRN_TRY(firn_alter_path(r, "a column", &c.name, err));
    FIRN_TRY(firn_alter_literal(r, &c.literal, err));
    return firn_alter_push(r, out, c, err);
}

/* --- one change, a statement --------------------------------------------------------------- */

static const struct {
    const char *word;
    firn_code (*read)(alter_reader *r, alter_changes *out, firn_err *err);
} column_changes[] = {
    {"add", read_add},         {"drop", read_drop},    {"rename", read_rename},
    {"alter", read_alter},     {"change", read_alter}, {"modify", read_alter},
    {"move", read_move},       {"type", read_type},    {"optional", read_optional},
    {"comment", read_comment}, {"doc", read_comment},  {"default", read_default},
};

static firn_code unknown_change(const alter_reader *r, firn_err *err)
{
    static const char *const words[] = {
        "add",     "drop",   "rename",  "alter",   "change", "move",    "type",      "set",
        "unset",   "create", "replace", "write",   "branch", "tag",     "partition", "sort",
        "upgrade", "fast",   "comment", "default", "retain", "optional"};
    firn_str list[FIRN_COUNT_OF(words)];
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        list[i] = firn_str_of(words[i]);
    firn_alter_expected(r, "a change (ADD, DROP, RENAME, ALTER COLUMN, SET …)", err);
    const alter_token *t = firn_alter_peek(r, 0);
    int near = t->kind == ALTER_WORD
                   ? firn_str_nearest(firn_alter_text(r, t), list, FIRN_COUNT_OF(words))
                   : -1;
    if (near >= 0)
        firn_err_advise(err, "did you mean %s?", words[near]);
    return FIRN_E_SQL;
}

static firn_code read_change(alter_reader *r, alter_changes *out, firn_err *err)
{
    bool found;
    FIRN_TRY(firn_alter_parse_layout(r, out, &found, err));
    if (!found)
        FIRN_TRY(firn_alter_parse_refs(r, out, &found, err));
    if (found)
        return FIRN_OK;
    for (size_t i = 0; i < FIRN_COUNT_OF(column_changes); i++)
        if (firn_alter_take(r, column_changes[i].word))
            return column_changes[i].read(r, out, err);
    return unknown_change(r, err);
}

static firn_code read_changes(alter_reader *r, alter_script *s, firn_err *err)
{
    do {
        FIRN_TRY(read_change(r, &s->changes, err));
    } while (firn_alter_take_sign(r, ','));
    if (firn_alter_peek(r, 0)->kind != ALTER_END)
        return firn_alter_expected(r, "',' or the end", err);
    return FIRN_OK;
}

static firn_code read_table(alter_reader *r, alter_script *s, firn_err *err)
{
    FIRN_VEC(firn_str) parts = {0};
    s->if_exists = firn_alter_if_exists(r);
    s->table_offset = firn_alter_peek(r, 0)->offset;
    do {
        firn_str part;
        FIRN_TRY(firn_alter_name(r, "the name of a table", &part, err));
        if (!firn_vec_push(r->a, &parts, part))
            return firn_arena_raise(r->a, err);
    } while (firn_alter_take_sign(r, '.'));
    s->table = parts.v;
    s->table_parts = parts.n;
    return FIRN_OK;
}

/* Trino's COMMENT ON TABLE t IS 'text' and COMMENT ON COLUMN t.c IS 'text': of a dotted name the
 * last part is the column.  NULL takes the comment away. */
static firn_code parse_comment(alter_reader *r, alter_script *s, firn_err *err)
{
    FIRN_TRY(firn_alter_need(r, "ON", err));
    bool column = firn_alter_take(r, "column");
    if (!column && !firn_alter_take(r, "table"))
        return firn_alter_expected(r, "TABLE or COLUMN", err);
    alter_change c = firn_alter_change(r, column ? ALTER_DOC : ALTER_SET_PROPERTY);
    FIRN_TRY(read_table(r, s, err));
    c.name = FIRN_STR_LIT("comment");
    if (column && s->table_parts < 2)
        return firn_alter_expected(r, "'.' and a column of the table", err);
    if (column)
        c.name = s->table[--s->table_parts];
    FIRN_TRY(firn_alter_need(r, "IS", err));
    FIRN_TRY(read_doc(r, &c.value, err));
    if (!column && !c.value.p) {
        c.kind = ALTER_UNSET_PROPERTY;
        c.if_exists = true;
    }
    FIRN_TRY(firn_alter_push(r, &s->changes, c, err));
    if (firn_alter_peek(r, 0)->kind != ALTER_END)
        return firn_alter_expected(r, "the end", err);
    return FIRN_OK;
}

static firn_code parse_script(alter_reader *r, alter_script *ret, firn_err *err)
{
    *ret = (alter_script){0};
    if (firn_alter_take(r, "call"))
        return firn_alter_parse_call(r, ret, err);
    if (firn_alter_take(r, "comment"))
        return parse_comment(r, ret, err);
    FIRN_TRY(firn_alter_need(r, "ALTER", err));
    FIRN_TRY(firn_alter_need(r, "TABLE", err));
    FIRN_TRY(read_table(r, ret, err));
    return read_changes(r, ret, err);
}

firn_code firn_alter_parse(alter_reader *r, alter_script *ret, firn_err *err)
{
    firn_code code = parse_script(r, ret, err);
    if (code == FIRN_OK || code == FIRN_E_NOMEM)
        return code;
    /* what is wrong with a term or a name has no place of its own */
    firn_alter_where(r, firn_alter_peek(r, 0)->offset, err);
    return code;
}
