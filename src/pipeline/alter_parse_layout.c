/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER TABLE …: partitions, order, identifier fields, properties. */
#include "pipeline/alter_int.h"

#include "base/str.h"
#include "iceberg/term.h"

#include <string.h>

/* --- terms --------------------------------------------------------------------------------- */

static bool is_sign(const alter_reader *r, size_t ahead, char sign)
{
    const alter_token *t = firn_alter_peek(r, ahead);
    return t->kind == ALTER_SIGN && r->sql.p[t->offset] == sign;
}

/* Steps over name[.name…][(…)][[n](…)] and returns what stands there. */
static firn_code skip_term(alter_reader *r, firn_str *ret, firn_err *err)
{
    firn_str ignored;
    size_t from = firn_alter_peek(r, 0)->offset;
    FIRN_TRY(firn_alter_path(r, "a column or a transform of one", &ignored, err));
    if (firn_alter_take_sign(r, '[')) {
        int64_t width;
        FIRN_TRY(firn_alter_number(r, "a number", &width, err));
        FIRN_TRY(firn_alter_need_sign(r, ']', err));
    }
    if (firn_alter_take_sign(r, '(')) {
        while (firn_alter_peek(r, 0)->kind != ALTER_END && !is_sign(r, 0, ')'))
            r->at++;
        FIRN_TRY(firn_alter_need_sign(r, ')', err));
    }
    const alter_token *last = &r->tokens[r->at - 1];
    *ret = (firn_str){r->sql.p + from, last->offset + last->length - from};
    return FIRN_OK;
}

/* The parsers of terms know nothing of statements. */
static firn_code located(const alter_reader *r, size_t offset, firn_code code, firn_err *err)
{
    if (code != FIRN_E_CONFIG)
        return code;
    return firn_alter_as_sql(r, offset, err);
}

static firn_code read_term(alter_reader *r, firn_partition_term *ret, firn_err *err)
{
    firn_str text;
    size_t offset = firn_alter_peek(r, 0)->offset;
    FIRN_TRY(skip_term(r, &text, err));
    return located(r, offset, firn_partition_term_parse(text, r->a, ret, err), err);
}

static firn_code read_sort_term(alter_reader *r, firn_sort_term *ret, firn_err *err)
{
    firn_partition_term term;
    FIRN_TRY(read_term(r, &term, err));
    *ret = (firn_sort_term){.kind = term.kind, .width = term.width, .column = term.column};
    ret->descending = firn_alter_take(r, "desc");
    if (!ret->descending)
        firn_alter_take(r, "asc");
    ret->nulls_last = ret->descending;
    if (!firn_alter_take(r, "nulls"))
        return FIRN_OK;
    ret->nulls_last = firn_alter_take(r, "last");
    return ret->nulls_last || firn_alter_take(r, "first")
               ? FIRN_OK
               : firn_alter_expected(r, "FIRST or LAST", err);
}

/* The words of Trino's ARRAY['day(ts)', 'id']. */
static firn_code read_array(alter_reader *r, alter_change *c, bool sort, firn_err *err)
{
    FIRN_VEC(firn_partition_term) terms = {0};
    FIRN_VEC(firn_sort_term) order = {0};
    firn_alter_take(r, "array");
    FIRN_TRY(firn_alter_need_sign(r, '[', err));
    while (!firn_alter_take_sign(r, ']')) {
        firn_str text;
        firn_partition_term p = {0};
        firn_sort_term s = {0};
        size_t offset = firn_alter_peek(r, 0)->offset;
        FIRN_TRY(firn_alter_string(r, "a text in quotes", &text, err));
        firn_code code = sort ? firn_sort_term_parse(text, r->a, &s, err)
                              : firn_partition_term_parse(text, r->a, &p, err);
        FIRN_TRY(located(r, offset, code, err));
        if (!firn_vec_push(r->a, &terms, p) || !firn_vec_push(r->a, &order, s))
            return firn_arena_raise(r->a, err);
        firn_alter_take_sign(r, ',');
    }
    c->terms = terms.v;
    c->term_count = terms.n;
    c->sort = order.v;
    c->sort_count = order.n;
    return FIRN_OK;
}

/* --- partitions ---------------------------------------------------------------------------- */

static firn_code one_term(alter_reader *r, alter_change *c, size_t count, firn_err *err)
{
    firn_partition_term *terms = firn_arena_array(r->a, 2, sizeof *terms);
    if (!terms)
        return firn_arena_raise(r->a, err);
    if (c->terms)
        terms[0] = c->terms[0];
    c->terms = terms;
    c->term_count = count;
    return read_term(r, &terms[count - 1], err);
}

static firn_code read_as(alter_reader *r, firn_str *ret, firn_err *err)
{
    *ret = (firn_str){NULL, 0};
    return firn_alter_take(r, "as") ? firn_alter_name(r, "a name", ret, err) : FIRN_OK;
}

static firn_code add_partition(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_ADD_PARTITION);
    c.if_absent = firn_alter_if_not_exists(r);
    FIRN_TRY(one_term(r, &c, 1, err));
    FIRN_TRY(read_as(r, &c.name, err));
    return firn_alter_push(r, out, c, err);
}

/* A field by its name ("ts_day") or by what it is ("day(ts)"): a name alone may be either. */
static firn_code which_field(alter_reader *r, alter_change *c, firn_err *err)
{
    size_t from = r->at;
    FIRN_TRY(one_term(r, c, 1, err));
    c->by_term = c->terms[0].kind != FIRN_TRANSFORM_IDENTITY;
    c->name = c->terms[0].column;
    const alter_token *t = &r->tokens[FIRN_MIN(from + 1, r->count - 1)];
    if (t->kind == ALTER_SIGN && r->sql.p[t->offset] == '(')
        c->by_term = true; /* identity(x) */
    return FIRN_OK;
}

static firn_code drop_partition(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_DROP_PARTITION);
    c.if_exists = firn_alter_if_exists(r);
    FIRN_TRY(which_field(r, &c, err));
    return firn_alter_push(r, out, c, err);
}

static firn_code replace_partition(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_REPLACE_PARTITION);
    FIRN_TRY(which_field(r, &c, err));
    FIRN_TRY(firn_alter_need(r, "WITH", err));
    FIRN_TRY(one_term(r, &c, 2, err));
    FIRN_TRY(read_as(r, &c.value, err));
    return firn_alter_push(r, out, c, err);
}

static firn_code rename_partition(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_RENAME_PARTITION);
    FIRN_TRY(firn_alter_name(r, "a partition field", &c.name, err));
    FIRN_TRY(firn_alter_need(r, "TO", err));
    FIRN_TRY(firn_alter_name(r, "the new name", &c.value, err));
    return firn_alter_push(r, out, c, err);
}

/* Begins a list of terms, "a, b", "(a, b)", "none" or "()"; false if there is none in it. */
static bool list_begins(alter_reader *r, bool *ret_bracket)
{
    *ret_bracket = firn_alter_take_sign(r, '(');
    return *ret_bracket ? !firn_alter_take_sign(r, ')') : !firn_alter_take(r, "none");
}

/* Behind a term: *ret_more if another follows, else the bracket is closed. */
static firn_code list_goes_on(alter_reader *r, bool bracket, bool *ret_more, firn_err *err)
{
    *ret_more = firn_alter_take_comma(r, bracket);
    return *ret_more || !bracket ? FIRN_OK : firn_alter_need_sign(r, ')', err);
}

/* PARTITION BY day(ts), id · (day(ts), id) · NONE · () */
static firn_code partition_by(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_PARTITION_BY);
    FIRN_VEC(firn_partition_term) terms = {0};
    bool bracket;
    bool more = list_begins(r, &bracket);
    while (more) {
        firn_partition_term term;
        FIRN_TRY(read_term(r, &term, err));
        if (!firn_vec_push(r->a, &terms, term))
            return firn_arena_raise(r->a, err);
        FIRN_TRY(list_goes_on(r, bracket, &more, err));
    }
    c.terms = terms.v;
    c.term_count = terms.n;
    return firn_alter_push(r, out, c, err);
}

/* --- order of rows ------------------------------------------------------------------------- */

/* Engines that shuffle before they write look here. */
static firn_code push_distribution(alter_reader *r, const char *mode, alter_changes *out,
                                   firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_SET_PROPERTY);
    c.name = FIRN_STR_LIT("write.distribution-mode");
    c.value = firn_str_of(mode);
    return firn_alter_push(r, out, c, err);
}

static firn_code sort_by(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_SORT_BY);
    FIRN_VEC(firn_sort_term) terms = {0};
    bool bracket;
    bool more = list_begins(r, &bracket);
    while (more) {
        firn_sort_term term;
        FIRN_TRY(read_sort_term(r, &term, err));
        if (!firn_vec_push(r->a, &terms, term))
            return firn_arena_raise(r->a, err);
        FIRN_TRY(list_goes_on(r, bracket, &more, err));
    }
    c.sort = terms.v;
    c.sort_count = terms.n;
    return firn_alter_push(r, out, c, err);
}

/* WRITE [DISTRIBUTED BY PARTITION] [LOCALLY] ORDERED BY … | WRITE UNORDERED */
static firn_code read_write(alter_reader *r, alter_changes *out, firn_err *err)
{
    bool distributed = firn_alter_take2(r, "distributed", "by");
    if (distributed) {
        FIRN_TRY(firn_alter_need(r, "PARTITION", err));
        FIRN_TRY(push_distribution(r, "hash", out, err));
    }
    bool locally = firn_alter_take(r, "locally");
    if (firn_alter_take(r, "unordered")) {
        alter_change c = firn_alter_change(r, ALTER_SORT_BY);
        FIRN_TRY(distributed ? FIRN_OK : push_distribution(r, "none", out, err));
        return firn_alter_push(r, out, c, err);
    }
    if (firn_alter_take2(r, "ordered", "by")) {
        FIRN_TRY(locally || distributed ? FIRN_OK : push_distribution(r, "range", out, err));
        return sort_by(r, out, err);
    }
    return distributed && !locally ? FIRN_OK
                                   : firn_alter_expected(r, "ORDERED BY or UNORDERED", err);
}

/* --- properties ---------------------------------------------------------------------------- */

static firn_code read_key(alter_reader *r, firn_str *ret, firn_err *err)
{
    if (firn_alter_peek(r, 0)->kind == ALTER_TEXT)
        return firn_alter_string(r, "the name of a property", ret, err);
    /* write.target-file-size-bytes: blanks end it */
    size_t from = firn_alter_peek(r, 0)->offset;
    FIRN_TRY(firn_alter_name(r, "the name of a property", ret, err));
    if (r->tokens[r->at - 1].kind == ALTER_QUOTED)
        return FIRN_OK;
    for (;;) {
        const alter_token *last = &r->tokens[r->at - 1];
        const alter_token *t = firn_alter_peek(r, 0);
        bool joined = t->offset == last->offset + last->length && t->kind != ALTER_END;
        bool part =
            t->kind == ALTER_WORD || t->kind == ALTER_NUMBER ||
            (t->kind == ALTER_SIGN && (r->sql.p[t->offset] == '.' || r->sql.p[t->offset] == '-'));
        if (!joined || !part)
            break;
        r->at++;
    }
    const alter_token *last = &r->tokens[r->at - 1];
    *ret = (firn_str){r->sql.p + from, last->offset + last->length - from};
    return FIRN_OK;
}

/* 'a text', or what stands there up to a blank, a comma or a bracket. */
static firn_code read_value(alter_reader *r, firn_str *ret, firn_err *err)
{
    const alter_token *first = firn_alter_peek(r, 0);
    size_t end = first->offset;
    if (first->kind == ALTER_TEXT)
        return firn_alter_string(r, "a value", ret, err);
    if (first->kind == ALTER_QUOTED)
        return firn_alter_name(r, "a value", ret, err);
    for (;;) {
        const alter_token *t = firn_alter_peek(r, 0);
        bool ends = t->kind == ALTER_END || t->offset != end ||
                    (t->kind == ALTER_SIGN && strchr(",()", r->sql.p[t->offset]));
        if (ends)
            break;
        end = t->offset + t->length;
        r->at++;
    }
    *ret = (firn_str){r->sql.p + first->offset, end - first->offset};
    return ret->n ? FIRN_OK : firn_alter_expected(r, "a value", err);
}

static firn_code push_version(alter_reader *r, alter_change c, alter_changes *out, firn_err *err)
{
    c.kind = ALTER_FORMAT_VERSION;
    if (!firn_str_i64(c.value, &c.number)) {
        firn_raise(err, FIRN_E_SQL, "%s is no format version", firn_quote(c.value).s);
        return firn_alter_where(r, c.offset, err);
    }
    return firn_alter_push(r, out, c, err);
}

/* Trino's own table properties say what other engines have statements for. */
static firn_code read_property(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_SET_PROPERTY);
    FIRN_TRY(read_key(r, &c.name, err));
    if (!firn_alter_take_sign(r, '='))
        firn_alter_take_sign(r, ':');
    bool partitioning = firn_str_ieq(c.name, FIRN_STR_LIT("partitioning"));
    if (partitioning || firn_str_ieq(c.name, FIRN_STR_LIT("sorted_by"))) {
        c.kind = partitioning ? ALTER_PARTITION_BY : ALTER_SORT_BY;
        FIRN_TRY(read_array(r, &c, !partitioning, err));
        return firn_alter_push(r, out, c, err);
    }
    FIRN_TRY(read_value(r, &c.value, err));
    if (firn_str_eqc(c.name, "format-version") ||
        firn_str_ieq(c.name, FIRN_STR_LIT("format_version")))
        return push_version(r, c, out, err);
    if (firn_str_eqc(c.name, "location"))
        c.kind = ALTER_LOCATION;
    return firn_alter_push(r, out, c, err);
}

static firn_code read_properties(alter_reader *r, alter_changes *out, firn_err *err)
{
    bool bracket = firn_alter_take_sign(r, '(');
    do {
        FIRN_TRY(read_property(r, out, err));
    } while (firn_alter_take_comma(r, bracket));
    return bracket ? firn_alter_need_sign(r, ')', err) : FIRN_OK;
}

static firn_code read_unset(alter_reader *r, alter_changes *out, firn_err *err)
{
    if (!firn_alter_take(r, "tblproperties"))
        firn_alter_take(r, "properties");
    bool if_exists = firn_alter_if_exists(r);
    bool bracket = firn_alter_take_sign(r, '(');
    do {
        alter_change c = firn_alter_change(r, ALTER_UNSET_PROPERTY);
        c.if_exists = if_exists;
        FIRN_TRY(read_key(r, &c.name, err));
        FIRN_TRY(firn_alter_push(r, out, c, err));
    } while (firn_alter_take_comma(r, bracket));
    return bracket ? firn_alter_need_sign(r, ')', err) : FIRN_OK;
}

static firn_code read_identifiers(alter_reader *r, alter_kind kind, alter_changes *out,
                                  firn_err *err)
{
    FIRN_TRY(firn_alter_need(r, "FIELDS", err));
    alter_change c = firn_alter_change(r, kind);
    bool none = kind == ALTER_SET_IDENTIFIERS && firn_alter_take(r, "none");
    if (!none)
        FIRN_TRY(firn_alter_names(r, &c.names, &c.name_count, err));
    return firn_alter_push(r, out, c, err);
}

static firn_code read_set(alter_reader *r, alter_changes *out, firn_err *err)
{
    if (firn_alter_take(r, "identifier"))
        return read_identifiers(r, ALTER_SET_IDENTIFIERS, out, err);
    if (firn_alter_take2(r, "sorted", "by"))
        return sort_by(r, out, err);
    if (firn_alter_take2(r, "partitioned", "by"))
        return partition_by(r, out, err);
    if (firn_alter_is(r, 0, "location") && firn_alter_peek(r, 1)->kind == ALTER_TEXT) {
        r->at++;
        alter_change c = firn_alter_change(r, ALTER_LOCATION);
        FIRN_TRY(firn_alter_string(r, "a place", &c.value, err));
        return firn_alter_push(r, out, c, err);
    }
    if (!firn_alter_take(r, "tblproperties"))
        firn_alter_take(r, "properties");
    return read_properties(r, out, err);
}

static firn_code read_upgrade(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_FORMAT_VERSION);
    firn_alter_take(r, "to");
    firn_alter_take(r, "version");
    FIRN_TRY(firn_alter_number(r, "a format version", &c.number, err));
    return firn_alter_push(r, out, c, err);
}

/* ADD|DROP|REPLACE|RENAME PARTITION FIELD … */
static firn_code read_field_change(alter_reader *r, alter_changes *out, bool *ret, firn_err *err)
{
    static const struct {
        const char *word;
        firn_code (*read)(alter_reader *r, alter_changes *out, firn_err *err);
    } verbs[] = {{"add", add_partition},
                 {"drop", drop_partition},
                 {"replace", replace_partition},
                 {"rename", rename_partition}};
    *ret = false;
    if (!firn_alter_is(r, 1, "partition") || !firn_alter_is(r, 2, "field"))
        return FIRN_OK;
    for (size_t i = 0; i < FIRN_COUNT_OF(verbs); i++) {
        if (!firn_alter_is(r, 0, verbs[i].word))
            continue;
        r->at += 3;
        *ret = true;
        return verbs[i].read(r, out, err);
    }
    return FIRN_OK;
}

static bool take_by(alter_reader *r, const char *const words[])
{
    for (; *words; words++)
        if (firn_alter_take2(r, *words, "by"))
            return true;
    return false;
}

firn_code firn_alter_parse_layout(alter_reader *r, alter_changes *out, bool *ret, firn_err *err)
{
    static const char *const partition[] = {"partition", "partitioned", NULL};
    static const char *const sort[] = {"sort", "sorted", "order", NULL};
    FIRN_TRY(read_field_change(r, out, ret, err));
    if (*ret)
        return FIRN_OK;
    *ret = true;
    if (firn_alter_take2(r, "drop", "identifier"))
        return read_identifiers(r, ALTER_DROP_IDENTIFIERS, out, err);
    if (take_by(r, partition))
        return partition_by(r, out, err);
    if (take_by(r, sort))
        return sort_by(r, out, err);
    if (firn_alter_take(r, "write"))
        return read_write(r, out, err);
    if (firn_alter_take(r, "set"))
        return read_set(r, out, err);
    if (firn_alter_take(r, "unset"))
        return read_unset(r, out, err);
    if (firn_alter_take(r, "upgrade"))
        return read_upgrade(r, out, err);
    *ret = false;
    return FIRN_OK;
}
