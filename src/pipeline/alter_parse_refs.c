/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER TABLE …: branches and tags; CALL. */
#include "pipeline/alter_int.h"

#include "base/str.h"
#include "iceberg/term.h"

#define MS_PER_MINUTE INT64_C(60000)

/* --- branches and tags --------------------------------------------------------------------- */

static firn_code read_age(alter_reader *r, int64_t *ret, firn_err *err)
{
    static const struct {
        const char *word;
        int64_t minutes;
    } units[] = {{"days", 1440}, {"day", 1440}, {"hours", 60},    {"hour", 60},
                 {"minutes", 1}, {"minute", 1}, {"weeks", 10080}, {"week", 10080}};
    int64_t n;
    size_t offset = firn_alter_peek(r, 0)->offset;
    FIRN_TRY(firn_alter_number(r, "a number", &n, err));
    for (size_t i = 0; i < FIRN_COUNT_OF(units); i++) {
        if (!firn_alter_take(r, units[i].word))
            continue;
        if (!__builtin_mul_overflow(n, units[i].minutes * MS_PER_MINUTE, ret))
            return FIRN_OK;
        firn_raise(err, FIRN_E_SQL, "%lld %s are too many", (long long)n, units[i].word);
        return firn_alter_where(r, offset, err);
    }
    return firn_alter_expected(r, "DAYS, HOURS or MINUTES", err);
}

/* WITH SNAPSHOT RETENTION [n SNAPSHOTS] [n DAYS] */
static firn_code read_snapshot_retention(alter_reader *r, firn_retention *ret, firn_err *err)
{
    size_t before = r->at;
    for (;;) {
        bool number = firn_alter_peek(r, 0)->kind == ALTER_NUMBER;
        if (!number)
            break;
        bool count = firn_alter_is(r, 1, "snapshots") || firn_alter_is(r, 1, "snapshot");
        if (!count) {
            FIRN_TRY(read_age(r, &ret->max_snapshot_age_ms, err));
            continue;
        }
        FIRN_TRY(firn_alter_number(r, "a number", &ret->min_snapshots_to_keep, err));
        r->at++;
    }
    return r->at > before ? FIRN_OK : firn_alter_expected(r, "2 SNAPSHOTS, or 7 DAYS", err);
}

static firn_code read_retention(alter_reader *r, firn_retention *ret, firn_err *err)
{
    for (;;) {
        if (firn_alter_take(r, "retain")) {
            FIRN_TRY(read_age(r, &ret->max_ref_age_ms, err));
        } else if (firn_alter_take2(r, "with", "snapshot")) {
            FIRN_TRY(firn_alter_need(r, "RETENTION", err));
            FIRN_TRY(read_snapshot_retention(r, ret, err));
        } else {
            return FIRN_OK;
        }
    }
}

/* AS OF VERSION 12 | AS OF TIMESTAMP '…' | AT 12, AT '…' */
static firn_code read_at(alter_reader *r, firn_at *ret, firn_err *err)
{
    bool as_of = firn_alter_take2(r, "as", "of");
    if (!as_of && !firn_alter_take(r, "at"))
        return FIRN_OK;
    if (!firn_alter_take(r, "version") && !firn_alter_take(r, "snapshot"))
        firn_alter_take(r, "timestamp");
    const alter_token *t = firn_alter_peek(r, 0);
    firn_str text = firn_alter_text(r, t);
    if (t->kind == ALTER_NUMBER)
        r->at++;
    else if (t->kind == ALTER_TEXT)
        FIRN_TRY(firn_alter_string(r, "a time", &text, err));
    else
        FIRN_TRY(firn_alter_path(r, "a snapshot, a time, a branch or a tag", &text, err));
    if (firn_at_parse(text, ret, err) == FIRN_OK)
        return FIRN_OK;
    return firn_alter_where(r, t->offset, err);
}

static firn_code set_ref(alter_reader *r, bool is_branch, firn_ref_mode mode, alter_changes *out,
                         firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_SET_REF);
    c.if_absent = firn_alter_if_not_exists(r);
    c.offset = firn_alter_peek(r, 0)->offset;
    c.is_branch = is_branch;
    c.mode = mode;
    FIRN_TRY(
        firn_alter_path(r, is_branch ? "the name of a branch" : "the name of a tag", &c.name, err));
    FIRN_TRY(read_at(r, &c.at, err));
    FIRN_TRY(read_retention(r, &c.retention, err));
    return firn_alter_push(r, out, c, err);
}

static firn_code drop_ref(alter_reader *r, bool is_branch, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_DROP_REF);
    c.if_exists = firn_alter_if_exists(r);
    c.is_branch = is_branch;
    FIRN_TRY(firn_alter_path(r, is_branch ? "a branch" : "a tag", &c.name, err));
    return firn_alter_push(r, out, c, err);
}

static firn_code fast_forward(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_FAST_FORWARD);
    firn_alter_take(r, "branch");
    FIRN_TRY(firn_alter_path(r, "a branch", &c.name, err));
    FIRN_TRY(firn_alter_need(r, "TO", err));
    FIRN_TRY(firn_alter_path(r, "a branch or tag", &c.value, err));
    return firn_alter_push(r, out, c, err);
}

/* "fast forward", "fast-forward", "fast_forward". */
static bool take_fast_forward(alter_reader *r)
{
    size_t from = r->at;
    if (firn_alter_take(r, "fast_forward"))
        return true;
    if (firn_alter_take(r, "fast")) {
        firn_alter_take_sign(r, '-');
        if (firn_alter_take(r, "forward"))
            return true;
    }
    r->at = from;
    return false;
}

static firn_code rename_branch(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_RENAME_BRANCH);
    FIRN_TRY(firn_alter_path(r, "a branch", &c.name, err));
    FIRN_TRY(firn_alter_need(r, "TO", err));
    FIRN_TRY(firn_alter_path(r, "the new name", &c.value, err));
    return firn_alter_push(r, out, c, err);
}

static firn_code retain_ref(alter_reader *r, alter_changes *out, firn_err *err)
{
    alter_change c = firn_alter_change(r, ALTER_RETENTION);
    FIRN_TRY(firn_alter_path(r, "a branch or tag", &c.name, err));
    if (firn_alter_peek(r, 0)->kind == ALTER_NUMBER && !firn_alter_is(r, 1, "snapshots") &&
        !firn_alter_is(r, 1, "snapshot"))
        FIRN_TRY(read_age(r, &c.retention.max_ref_age_ms, err));
    else if (firn_alter_peek(r, 0)->kind == ALTER_NUMBER)
        FIRN_TRY(read_snapshot_retention(r, &c.retention, err));
    FIRN_TRY(read_retention(r, &c.retention, err));
    return firn_alter_push(r, out, c, err);
}

static bool take_kind(alter_reader *r, bool *ret_branch)
{
    *ret_branch = firn_alter_is(r, 0, "branch");
    return firn_alter_take(r, "branch") || firn_alter_take(r, "tag");
}

/* firn alter's short forms: "branch create x", "tag drop x", "tag x". */
static firn_code read_kind_first(alter_reader *r, bool is_branch, alter_changes *out, firn_err *err)
{
    if (firn_alter_take(r, "drop") || firn_alter_take(r, "delete"))
        return drop_ref(r, is_branch, out, err);
    if (firn_alter_take(r, "replace") || firn_alter_take(r, "move"))
        return set_ref(r, is_branch, FIRN_REF_REPLACE, out, err);
    if (is_branch && firn_alter_take(r, "rename"))
        return rename_branch(r, out, err);
    if (is_branch && take_fast_forward(r))
        return fast_forward(r, out, err);
    if (firn_alter_take(r, "retain"))
        return retain_ref(r, out, err);
    firn_alter_take(r, "create");
    return set_ref(r, is_branch, FIRN_REF_CREATE, out, err);
}

firn_code firn_alter_parse_refs(alter_reader *r, alter_changes *out, bool *ret, firn_err *err)
{
    bool is_branch;
    size_t from = r->at;
    *ret = true;
    if (firn_alter_take(r, "create")) {
        bool either = firn_alter_take2(r, "or", "replace");
        if (!take_kind(r, &is_branch))
            return firn_alter_expected(r, "BRANCH or TAG", err);
        return set_ref(r, is_branch, either ? FIRN_REF_CREATE_OR_REPLACE : FIRN_REF_CREATE, out,
                       err);
    }
    if (firn_alter_take(r, "replace")) {
        if (!take_kind(r, &is_branch))
            return firn_alter_expected(r, "PARTITION FIELD, BRANCH or TAG", err);
        return set_ref(r, is_branch, FIRN_REF_REPLACE, out, err);
    }
    if (firn_alter_take(r, "drop") && take_kind(r, &is_branch))
        return drop_ref(r, is_branch, out, err);
    r->at = from;
    if (firn_alter_take2(r, "rename", "branch"))
        return rename_branch(r, out, err);
    if (take_fast_forward(r))
        return fast_forward(r, out, err);
    if (firn_alter_take(r, "retain"))
        return retain_ref(r, out, err);
    if (take_kind(r, &is_branch))
        return read_kind_first(r, is_branch, out, err);
    *ret = false;
    return FIRN_OK;
}

/* --- CALL ---------------------------------------------------------------------------------- */

/* 'db.t' as the parts of a name. */
static firn_code split_table(alter_reader *r, firn_str text, alter_script *s, firn_err *err)
{
    FIRN_VEC(firn_str) parts = {0};
    while (text.p) {
        firn_str part = firn_str_cut(&text, '.');
        FIRN_TRY(firn_name_unquote(part, r->a, &part, err));
        if (!firn_vec_push(r->a, &parts, part))
            return firn_arena_raise(r->a, err);
    }
    s->table = parts.v;
    s->table_parts = parts.n;
    return FIRN_OK;
}

/* [name =>] 'text' */
static firn_code read_argument(alter_reader *r, const char *const names[3], size_t place,
                               firn_str values[3], firn_err *err)
{
    size_t at = place;
    const alter_token *t = firn_alter_peek(r, 0);
    if (t->kind == ALTER_WORD) {
        firn_str name = firn_alter_text(r, t);
        for (at = 0; at < 3 && !firn_str_ieq(name, firn_str_of(names[at])); at++)
            continue;
        if (at == 3)
            return firn_alter_expected(r, "table, branch or to", err);
        r->at++;
        FIRN_TRY(firn_alter_need_sign(r, '=', err));
        FIRN_TRY(firn_alter_need_sign(r, '>', err));
    }
    if (at >= 3)
        return firn_alter_expected(r, "')'", err);
    return firn_alter_string(r, "a text in quotes", &values[at], err);
}

firn_code firn_alter_parse_call(alter_reader *r, alter_script *ret, firn_err *err)
{
    static const char *const names[3] = {"table", "branch", "to"};
    firn_str values[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    firn_str procedure;
    size_t offset = firn_alter_peek(r, 0)->offset;
    FIRN_TRY(firn_alter_path(r, "a procedure", &procedure, err));
    if (!firn_str_ends(procedure, "system.fast_forward")) {
        firn_raise(err, FIRN_E_UNSUPPORTED, "there is no procedure %s", firn_quote(procedure).s);
        firn_err_advise(err, "there is system.fast_forward('table', 'branch', 'to')");
        return firn_alter_where(r, offset, err);
    }
    FIRN_TRY(firn_alter_need_sign(r, '(', err));
    ret->table_offset = firn_alter_peek(r, 0)->offset;
    size_t n = 0;
    do {
        FIRN_TRY(read_argument(r, names, n++, values, err));
    } while (firn_alter_take_sign(r, ','));
    for (size_t i = 0; i < 3; i++)
        if (!values[i].p)
            return firn_alter_expected(r, "the argument after it", err);
    FIRN_TRY(firn_alter_need_sign(r, ')', err));
    if (firn_alter_peek(r, 0)->kind != ALTER_END)
        return firn_alter_expected(r, "the end", err);
    alter_change c = firn_alter_change(r, ALTER_FAST_FORWARD);
    c.offset = ret->table_offset;
    c.name = values[1];
    c.value = values[2];
    FIRN_TRY(split_table(r, values[0], ret, err));
    return firn_alter_push(r, &ret->changes, c, err);
}
