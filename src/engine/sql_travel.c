/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql_travel.h"

#include "base/str.h"
#include "engine/sql.h"
#include "engine/sql_token.h"

#define MAX_SECONDS INT64_C(99999999999) /* the year 5138: what is larger was meant otherwise */

/* A clause being read. */
typedef struct clause {
    firn_str sql;
    const firn_sql_origin *origin;
    firn_arena *a;
    firn_sql_at *ret;
} clause;

static firn_sql_token after(firn_str sql, firn_sql_token t)
{
    return firn_sql_next(sql, t.offset + t.length);
}

static firn_code fail(const clause *c, size_t offset, const char *what, firn_err *err)
{
    firn_raise(err, FIRN_E_SQL, "%s", what);
    firn_err_advise(err, "write AT (VERSION => 123), AT (TIMESTAMP => '2026-11-01 10:00:00'), "
                         "AT (BRANCH => 'b') or AT (TAG => 't')");
    return firn_sql_place(err, c->sql, offset, c->origin);
}

/* --- extents ------------------------------------------------------------------------------- */

/* Returns the offset of the ')' that closes the '(' just before `from`; the end of the statement if
 * none does. */
static size_t closing(firn_str sql, size_t from)
{
    int depth = 1;
    firn_sql_token t = firn_sql_next(sql, from);
    for (; t.kind != FIRN_SQL_END; t = after(sql, t)) {
        depth += firn_sql_is_sign(sql, t, '(');
        depth -= firn_sql_is_sign(sql, t, ')');
        if (depth == 0)
            return t.offset;
    }
    return sql.n;
}

static size_t skip_group(firn_str sql, size_t at)
{
    firn_sql_token t = firn_sql_next(sql, at);
    if (!firn_sql_is_sign(sql, t, '('))
        return at;
    return FIRN_MIN(closing(sql, t.offset + 1) + 1, sql.n);
}

static bool is_unit(firn_str sql, firn_sql_token t)
{
    static const char *const units[] = {
        "year", "years", "month",  "months",  "week",   "weeks",   "day",         "days",
        "hour", "hours", "minute", "minutes", "second", "seconds", "millisecond", "milliseconds"};
    for (size_t i = 0; i < FIRN_COUNT_OF(units); i++)
        if (firn_sql_is_word(sql, t, units[i]))
            return true;
    return false;
}

/* Behind TIMESTAMP: [WITH|WITHOUT TIME ZONE]. */
static size_t skip_zone_words(firn_str sql, size_t at)
{
    firn_sql_token t = firn_sql_next(sql, at);
    if (!firn_sql_is_word(sql, t, "with") && !firn_sql_is_word(sql, t, "without"))
        return at;
    firn_sql_token time = after(sql, t);
    firn_sql_token zone = after(sql, time);
    bool both = firn_sql_is_word(sql, time, "time") && firn_sql_is_word(sql, zone, "zone");
    return both ? zone.offset + zone.length : at;
}

static bool is_type_of_time(firn_str sql, firn_sql_token t)
{
    return firn_sql_is_word(sql, t, "timestamp") || firn_sql_is_word(sql, t, "timestamptz") ||
           firn_sql_is_word(sql, t, "date") || firn_sql_is_word(sql, t, "datetime");
}

static size_t skip_interval(firn_str sql, size_t at)
{
    firn_sql_token t = firn_sql_next(sql, at);
    at = firn_sql_is_sign(sql, t, '(') ? skip_group(sql, at) : t.offset + t.length;
    t = firn_sql_next(sql, at);
    return is_unit(sql, t) ? t.offset + t.length : at;
}

/* ::TYPE, AT TIME ZONE 'x' */
static size_t skip_postfix(firn_str sql, size_t at)
{
    firn_sql_token t = firn_sql_next(sql, at);
    firn_sql_token u = after(sql, t);
    firn_sql_token v = after(sql, u);
    if (firn_sql_is_sign(sql, t, ':') && firn_sql_is_sign(sql, u, ':'))
        return skip_group(sql, skip_zone_words(sql, v.offset + v.length));
    firn_sql_token zone = after(sql, v);
    if (firn_sql_is_word(sql, t, "at") && firn_sql_is_word(sql, u, "time") &&
        firn_sql_is_word(sql, v, "zone"))
        return zone.offset + zone.length;
    return at;
}

static size_t skip_operand(firn_str sql, size_t at)
{
    firn_sql_token t = firn_sql_next(sql, at);
    size_t end = t.offset + t.length;
    if (firn_sql_is_sign(sql, t, '('))
        end = skip_group(sql, at);
    else if (firn_sql_is_word(sql, t, "interval"))
        end = skip_interval(sql, end);
    else if (t.kind == FIRN_SQL_NAME || t.kind == FIRN_SQL_QUOTED) {
        firn_sql_token text = firn_sql_next(sql, skip_zone_words(sql, end));
        bool literal = is_type_of_time(sql, t) && text.kind == FIRN_SQL_TEXT;
        end = literal ? text.offset + text.length : skip_group(sql, end);
    }
    for (size_t next = skip_postfix(sql, end); next != end; next = skip_postfix(sql, end))
        end = next;
    return end;
}

/* A time behind AS OF, which no parenthesis ends: now() - INTERVAL '1' DAY. */
static size_t skip_time(firn_str sql, size_t at)
{
    for (;;) {
        at = skip_operand(sql, at);
        firn_sql_token t = firn_sql_next(sql, at);
        if (!firn_sql_is_sign(sql, t, '+') && !firn_sql_is_sign(sql, t, '-'))
            return at;
        at = t.offset + 1;
    }
}

/* --- values -------------------------------------------------------------------------------- */

static firn_str value_text(firn_str sql, size_t from, size_t end)
{
    return firn_str_trim((firn_str){sql.p + from, end - from});
}

/* The one token of a value; of kind FIRN_SQL_END if there are more of them, or none. */
static firn_sql_token only_token(firn_str sql, size_t from, size_t end)
{
    firn_sql_token t = firn_sql_next(sql, from);
    bool inside = t.kind != FIRN_SQL_END && t.offset + t.length <= end;
    if (!inside || after(sql, t).offset < end)
        return (firn_sql_token){FIRN_SQL_END, from, 0};
    return t;
}

static firn_code read_version(clause *c, size_t from, size_t end, firn_err *err)
{
    firn_sql_token t = only_token(c->sql, from, end);
    firn_at *at = &c->ret->at;
    if (t.kind == FIRN_SQL_END || t.kind == FIRN_SQL_SIGN)
        return fail(c, from, "a version is a snapshot id, or the name of a branch or tag", err);
    FIRN_TRY(firn_sql_unquote(c->sql, t, c->a, &at->name, err));
    at->kind = FIRN_AT_REF;
    if (firn_str_i64(at->name, &at->snapshot_id))
        at->kind = FIRN_AT_VERSION;
    else if (t.kind == FIRN_SQL_NUMBER)
        return fail(c, t.offset, "that number is no snapshot id", err);
    if (at->name.n == 0)
        return fail(c, t.offset, "the name is empty", err);
    return FIRN_OK;
}

/* A name as it stands there, also one that would have to be quoted elsewhere: audit-2026. */
static firn_code read_ref(clause *c, firn_at_kind kind, size_t from, size_t end, firn_err *err)
{
    firn_sql_token t = only_token(c->sql, from, end);
    firn_at *at = &c->ret->at;
    at->kind = kind;
    if (t.kind != FIRN_SQL_END) {
        FIRN_TRY(firn_sql_unquote(c->sql, t, c->a, &at->name, err));
    } else {
        at->name = value_text(c->sql, from, end);
        for (size_t i = 0; i < at->name.n; i++)
            if ((unsigned char)at->name.p[i] <= ' ' || at->name.p[i] == '\'' ||
                at->name.p[i] == '"' || at->name.p[i] == '(')
                return fail(c, from, "that is no name of a branch or tag", err);
    }
    return at->name.n ? FIRN_OK : fail(c, from, "the name is empty", err);
}

/* TIMESTAMP '…', DATE '…', '…': the text; FIRN_SQL_END for anything else. */
static firn_sql_token literal_of(firn_str sql, size_t from, size_t end)
{
    firn_sql_token t = firn_sql_next(sql, from);
    if (is_type_of_time(sql, t))
        return only_token(sql, skip_zone_words(sql, t.offset + t.length), end);
    return only_token(sql, from, end);
}

static firn_code computed(clause *c, firn_str expr, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_adds(&sql, "SELECT epoch_ms(CAST((", err));
    FIRN_TRY(firn_buf_addstr(&sql, expr, err));
    FIRN_TRY(firn_buf_adds(&sql, "\n) AS TIMESTAMPTZ))", err));
    c->ret->expr = firn_arena_str(c->a, firn_buf_str(&sql));
    return c->ret->expr.p ? FIRN_OK : firn_arena_raise(c->a, err);
}

static firn_code read_time(clause *c, size_t from, size_t end, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf quoted = FIRN_SQL_BUF;
    firn_sql_token t = literal_of(c->sql, from, end);
    firn_at *at = &c->ret->at;
    firn_str text = value_text(c->sql, from, end);
    int64_t seconds;
    at->kind = FIRN_AT_TIMESTAMP;
    if (text.n == 0)
        return fail(c, from, "the time is missing", err);
    if (t.kind == FIRN_SQL_NUMBER) { /* Spark: seconds since 1970 */
        if (!firn_str_i64(firn_sql_text_of(c->sql, t), &seconds) || seconds > MAX_SECONDS)
            return fail(c, t.offset, "a time that is a number counts seconds since 1970", err);
        at->timestamp_ms = seconds * 1000;
        return FIRN_OK;
    }
    if (t.kind != FIRN_SQL_TEXT && t.kind != FIRN_SQL_QUOTED)
        return computed(c, text, err);
    FIRN_TRY(firn_sql_unquote(c->sql, t, c->a, &text, err));
    if (firn_at_time(text, &at->timestamp_ms))
        return FIRN_OK;
    FIRN_TRY(firn_sql_text(&quoted, text, err)); /* 'Europe/Vienna' at its end: the engine knows */
    return computed(c, firn_buf_str(&quoted), err);
}

static firn_code read_value(clause *c, firn_at_kind kind, size_t from, size_t end, firn_err *err)
{
    if (kind == FIRN_AT_VERSION)
        return read_version(c, from, end, err);
    if (kind == FIRN_AT_TIMESTAMP)
        return read_time(c, from, end, err);
    return read_ref(c, kind, from, end, err);
}

/* --- clauses ------------------------------------------------------------------------------- */

static bool kind_of(firn_str sql, firn_sql_token t, firn_at_kind *ret)
{
    static const struct {
        const char *word;
        firn_at_kind kind;
    } words[] = {{"version", FIRN_AT_VERSION},     {"system_version", FIRN_AT_VERSION},
                 {"timestamp", FIRN_AT_TIMESTAMP}, {"system_time", FIRN_AT_TIMESTAMP},
                 {"branch", FIRN_AT_BRANCH},       {"tag", FIRN_AT_TAG}};
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++) {
        if (!firn_sql_is_word(sql, t, words[i].word))
            continue;
        *ret = words[i].kind;
        return true;
    }
    return false;
}

/* Returns the offset behind "=>", ":=" or "=" at `t`, 0 if there is none. */
static size_t behind_arrow(firn_str sql, firn_sql_token t)
{
    firn_sql_token next = after(sql, t);
    bool near = next.offset == t.offset + 1;
    if (firn_sql_is_sign(sql, t, ':') && near && firn_sql_is_sign(sql, next, '='))
        return next.offset + 1;
    if (!firn_sql_is_sign(sql, t, '='))
        return 0;
    return near && firn_sql_is_sign(sql, next, '>') ? next.offset + 1 : t.offset + 1;
}

/* AT (…): `open` is the parenthesis. */
static firn_code read_at(clause *c, firn_sql_token open, firn_err *err)
{
    firn_sql_token word = after(c->sql, open);
    firn_sql_token next = after(c->sql, word);
    firn_at_kind kind;
    size_t from = behind_arrow(c->sql, next);
    bool known = kind_of(c->sql, word, &kind);
    bool alias = !firn_sql_is_identifier(word) || next.kind == FIRN_SQL_END ||
                 firn_sql_is_sign(c->sql, next, ',') || firn_sql_is_sign(c->sql, next, ')');
    if (alias || (!known && !from))
        return FIRN_OK; /* FROM t at (version, x) */
    if (!known)
        return fail(c, word.offset, "AT takes VERSION, TIMESTAMP, BRANCH or TAG", err);
    from = from ? from : next.offset;
    size_t end = closing(c->sql, open.offset + 1);
    if (end == c->sql.n)
        return fail(c, open.offset, "this parenthesis is not closed", err);
    FIRN_TRY(read_value(c, kind, from, end, err));
    c->ret->end = end + 1;
    return FIRN_OK;
}

/* VERSION AS OF …; `word` is the first. */
static firn_code read_as_of(clause *c, firn_sql_token word, bool with_for, firn_err *err)
{
    firn_at_kind kind;
    firn_sql_token as = after(c->sql, word);
    firn_sql_token of = after(c->sql, as);
    bool known = kind_of(c->sql, word, &kind) && kind <= FIRN_AT_TIMESTAMP;
    bool as_of = firn_sql_is_word(c->sql, as, "as") && firn_sql_is_word(c->sql, of, "of");
    bool system = firn_sql_is_word(c->sql, word, "system_time") ||
                  firn_sql_is_word(c->sql, word, "system_version");
    if (known && with_for && system && !as_of)
        return fail(c, as.offset, "only AS OF is supported here, not a range of times", err);
    if (!known || !as_of)
        return FIRN_OK;
    size_t from = of.offset + of.length;
    firn_sql_token value = after(c->sql, of);
    size_t end = kind == FIRN_AT_TIMESTAMP ? skip_time(c->sql, from) : value.offset + value.length;
    if (value.kind == FIRN_SQL_END)
        return fail(c, of.offset, "behind AS OF stands what is meant", err);
    FIRN_TRY(read_value(c, kind, from, end, err));
    c->ret->end = end;
    return FIRN_OK;
}

firn_code firn_sql_travel(firn_str sql, size_t from, const firn_sql_origin *origin, firn_arena *a,
                          firn_sql_at *ret, firn_err *err)
{
    firn_sql_token t = firn_sql_next(sql, from);
    firn_sql_token next = after(sql, t);
    *ret = (firn_sql_at){.offset = t.offset, .end = t.offset};
    clause c = {.sql = sql, .origin = origin, .a = a, .ret = ret};
    if (firn_sql_is_word(sql, t, "at") && firn_sql_is_sign(sql, next, '('))
        return read_at(&c, next, err);
    if (firn_sql_is_word(sql, t, "for"))
        return read_as_of(&c, next, true, err);
    return read_as_of(&c, t, false, err);
}

/* --- selectors ----------------------------------------------------------------------------- */

static bool has_prefix(firn_str word, const char *prefix, firn_str *ret_rest)
{
    firn_str p = firn_str_of(prefix);
    if (word.n <= p.n || !firn_str_ieq((firn_str){word.p, p.n}, p))
        return false;
    *ret_rest = (firn_str){word.p + p.n, word.n - p.n};
    return true;
}

bool firn_sql_travel_selector(firn_str word, firn_at *ret)
{
    firn_str rest;
    firn_at at = {0};
    if (has_prefix(word, "branch_", &rest))
        at = (firn_at){.kind = FIRN_AT_BRANCH, .name = rest};
    else if (has_prefix(word, "tag_", &rest))
        at = (firn_at){.kind = FIRN_AT_TAG, .name = rest};
    else if (has_prefix(word, "snapshot_id_", &rest) && firn_str_i64(rest, &at.snapshot_id))
        at.kind = FIRN_AT_VERSION;
    else if (has_prefix(word, "at_timestamp_", &rest) && firn_str_i64(rest, &at.timestamp_ms))
        at.kind = FIRN_AT_TIMESTAMP;
    else
        return false;
    *ret = at;
    return true;
}
