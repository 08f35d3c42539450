/* SPDX-License-Identifier: Apache-2.0 */
/* firn diff: what changed between two states of a table, or differs between two tables. */
#include "cli/table_args.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "pipeline/diff.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define EXIT_DIFFERENT 5
#define ROWS_SHOWN     20

static const firn_arg diff_args[] = {
    {"with", 'w', "TABLE2", "compare with this table instead of another state"},
    {"key", 'k', "A,B", "columns that say which row is which (default: identifier fields)"},
    {"summary", 's', NULL, "numbers only, no rows"},
    {"limit", 'n', "N", "rows shown (default: 20 in a table, else all)"},
    {"format", 'o', "FORMAT", "table, csv or json (default: table)"},
    FIRN_ARG_JSON_DOCUMENT,
    {"exit-code", 0, NULL, "exit with 5 if anything differs"},
    FIRN_ARG_PROJECT,
    FIRN_ARG_MEMORY,
    FIRN_ARG_THREADS,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

typedef struct diff_command {
    firn_command *c;
    const firn_args *args;
    firn_diff_conf conf;
    firn_diff d;
    firn_print_format format;
    int64_t limit; /* < 0: all */
} diff_command;

/* --- what is compared ---------------------------------------------------------------------- */

static firn_code side_at(const char *text, firn_diff_side *s, firn_err *err)
{
    firn_at at = {.kind = FIRN_AT_CURRENT};
    if (text)
        FIRN_TRY(firn_at_parse(firn_str_of(text), &at, err));
    return firn_at_resolve(s->metadata, &at, &s->snapshot, &s->schema, err);
}

/* The state before `now`: of its parent, or no rows if it is the first one. */
static firn_code side_before(const firn_diff_side *now, firn_diff_side *was, firn_err *err)
{
    const firn_metadata *m = now->metadata;
    *was = *now;
    was->snapshot = NULL;
    if (!now->snapshot || now->snapshot->parent_id == FIRN_NO_SNAPSHOT)
        return FIRN_OK;
    was->snapshot = firn_metadata_snapshot(m, now->snapshot->parent_id);
    if (!was->snapshot) {
        firn_raise(err, FIRN_E_NOTFOUND, "snapshot %" PRId64 ", the one before, has expired",
                   now->snapshot->parent_id);
        return firn_err_advise(err, "name the state to compare with; `firn history` lists them");
    }
    const firn_schema *own = firn_metadata_schema(m, was->snapshot->schema_id);
    if (own)
        was->schema = own;
    return FIRN_OK;
}

static firn_code find_sides(diff_command *q, firn_err *err)
{
    const firn_args *a = q->args;
    const char *with = firn_args_get(a, "with");
    const char *texts[2] = {NULL, NULL};
    firn_diff_side *was = &q->conf.was;
    firn_diff_side *now = &q->conf.now;
    size_t rest;
    FIRN_TRY(firn_command_find_table(q->c, a, "which table is to be compared?", &rest, &was->ident,
                                     &was->metadata, err));
    if (a->rest_count - rest > 2)
        return firn_raise(err, FIRN_E_USAGE, "%s is one argument too many",
                          firn_quotec(a->rest[rest + 2]).s);
    for (size_t i = 0; rest + i < a->rest_count; i++)
        texts[i] = a->rest[rest + i];
    *now = *was;
    if (with && !q->c->run->catalog)
        return firn_raise(err, FIRN_E_USAGE, "--with is for tables of a catalog");
    if (with)
        FIRN_TRY(firn_command_table(q->c, with, &now->ident, &now->metadata, err));
    FIRN_TRY(side_at(texts[1], now, err));
    return texts[0] || with ? side_at(texts[0], was, err) : side_before(now, was, err);
}

static firn_code find_keys(diff_command *q, firn_err *err)
{
    const char *text = firn_args_get(q->args, "key");
    FIRN_VEC(firn_str) keys = {0};
    if (!text)
        return FIRN_OK;
    firn_str rest = firn_str_of(text);
    while (rest.p) {
        firn_str key = firn_str_trim(firn_str_cut(&rest, ','));
        if (key.n == 0)
            return firn_raise(err, FIRN_E_USAGE, "--key wants names of columns, not %s",
                              firn_quotec(text).s);
        if (!firn_vec_push(q->c->arena, &keys, key))
            return firn_arena_raise(q->c->arena, err);
    }
    q->conf.keys = keys.v;
    q->conf.key_count = keys.n;
    return FIRN_OK;
}

static firn_code find_options(diff_command *q, firn_err *err)
{
    const char *format = firn_args_get(q->args, "format");
    const char *limit = firn_args_get(q->args, "limit");
    q->format = firn_args_has(q->args, "json") ? FIRN_PRINT_JSON : FIRN_PRINT_TABLE;
    bool known =
        !format || (firn_print_format_parse(format, &q->format) && q->format <= FIRN_PRINT_JSON);
    if (!known)
        return firn_raise(err, FIRN_E_USAGE, "--format takes table, csv or json, not %s",
                          firn_quotec(format).s);
    q->limit = q->format == FIRN_PRINT_TABLE ? ROWS_SHOWN : -1;
    if (limit && (!firn_str_i64(firn_str_of(limit), &q->limit) || q->limit < 0))
        return firn_raise(err, FIRN_E_USAGE, "--limit wants a number, not %s",
                          firn_quotec(limit).s);
    if (firn_args_has(q->args, "summary"))
        q->limit = 0;
    return find_keys(q, err);
}

/* --- for people ---------------------------------------------------------------------------- */

static void print_side(const firn_diff_side *s)
{
    char when[32];
    printf(FIRN_IDENT_FMT " ", FIRN_IDENT_ARG(s->ident));
    if (!s->snapshot) {
        printf("without rows");
        return;
    }
    firn_human_time(s->snapshot->timestamp_ms, when);
    printf("at snapshot %" PRId64 " (%s UTC)", s->snapshot->snapshot_id, when);
}

static void print_change(const firn_schema_change *c)
{
    switch (c->kind) {
    case FIRN_SCHEMA_ADDED:
        printf("  + %.*s %.*s\n", FIRN_STR_ARG(c->column), FIRN_STR_ARG(c->now));
        return;
    case FIRN_SCHEMA_DROPPED:
        printf("  - %.*s %.*s\n", FIRN_STR_ARG(c->column), FIRN_STR_ARG(c->was));
        return;
    case FIRN_SCHEMA_IDENTIFIER:
        printf("  ~ identifier fields: %.*s, was %.*s\n",
               FIRN_STR_ARG(c->now.p ? c->now : FIRN_STR_LIT("none")),
               FIRN_STR_ARG(c->was.p ? c->was : FIRN_STR_LIT("none")));
        return;
    case FIRN_SCHEMA_RENAMED:
    case FIRN_SCHEMA_TYPE:
    case FIRN_SCHEMA_REQUIRED:
    case FIRN_SCHEMA_MOVED:
    case FIRN_SCHEMA_DOC:
    case FIRN_SCHEMA_DEFAULT:
        break;
    }
    printf("  ~ %.*s: %s %.*s, was %.*s\n", FIRN_STR_ARG(c->column),
           firn_schema_change_word(c->kind), FIRN_STR_ARG(c->now.p ? c->now : FIRN_STR_LIT("none")),
           FIRN_STR_ARG(c->was.p ? c->was : FIRN_STR_LIT("none")));
}

static void print_counts(const firn_diff *d)
{
    char added[32];
    char removed[32];
    char changed[32];
    firn_human_count((uint64_t)d->added, added);
    firn_human_count((uint64_t)d->removed, removed);
    firn_human_count((uint64_t)d->changed, changed);
    printf("rows: %s added, %s removed", added, removed);
    if (d->key_count) {
        printf(", %s changed (by", changed);
        for (size_t i = 0; i < d->key_count; i++)
            printf("%s %.*s", i ? "," : "", FIRN_STR_ARG(d->keys[i]));
        printf(")");
    }
    putchar('\n');
}

static firn_code print_rows(diff_command *q, firn_print_format format, firn_err *err)
{
    firn_print_opt opt = firn_print_defaults();
    firn_result *r;
    opt.format = format;
    opt.max_rows = SIZE_MAX;
    FIRN_TRY(firn_diff_rows(&q->d, q->limit, &r, err));
    firn_code code = firn_result_print(q->c->run->ops, r, &opt, stdout, NULL, err);
    q->c->run->ops->result_close(r);
    return code;
}

static int64_t row_count(const firn_diff *d)
{
    return d->added + d->removed + 2 * d->changed;
}

static firn_code print_text(diff_command *q, firn_err *err)
{
    const firn_diff *d = &q->d;
    printf("from ");
    print_side(&q->conf.was);
    printf("\nto   ");
    print_side(&q->conf.now);
    putchar('\n');
    if (firn_diff_is_equal(d)) {
        puts("nothing differs");
        return FIRN_OK;
    }
    if (d->change_count)
        puts("columns:");
    for (size_t i = 0; i < d->change_count; i++)
        print_change(&d->changes[i]);
    print_counts(d);
    if (q->limit == 0 || row_count(d) == 0)
        return FIRN_OK;
    FIRN_TRY(print_rows(q, FIRN_PRINT_TABLE, err));
    if (row_count(d) > q->limit)
        printf("%" PRId64 " rows differ; --limit N shows more, -o csv or -o json all\n",
               row_count(d));
    return FIRN_OK;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static firn_code side_json(const firn_diff_side *s, json_t *root, const char *key, firn_err *err)
{
    json_t *o = json_object();
    FIRN_TRY(firn_json_set(root, key, o, err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(s->ident.ns), err));
    FIRN_TRY(firn_json_set(o, "table", firn_json_new_str(s->ident.name), err));
    return firn_json_set_snapshot(o, s->snapshot, err);
}

static firn_code changes_json(const firn_diff *d, json_t *root, firn_err *err)
{
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(root, "columns", list, err));
    for (size_t i = 0; i < d->change_count; i++) {
        const firn_schema_change *c = &d->changes[i];
        json_t *o = json_object();
        FIRN_TRY(firn_json_append(list, o, err));
        FIRN_TRY(firn_json_set(o, "change", json_string(firn_schema_change_word(c->kind)), err));
        FIRN_TRY(firn_json_set_text(o, "column", c->column, err));
        FIRN_TRY(firn_json_set_text(o, "was", c->was, err));
        FIRN_TRY(firn_json_set_text(o, "now", c->now, err));
    }
    return FIRN_OK;
}

static firn_code head_json(const diff_command *q, json_t *o, firn_err *err)
{
    const firn_diff *d = &q->d;
    json_t *keys = json_array();
    FIRN_TRY(firn_json_set(o, "v", json_integer(1), err));
    FIRN_TRY(side_json(&q->conf.was, o, "from", err));
    FIRN_TRY(side_json(&q->conf.now, o, "to", err));
    FIRN_TRY(firn_json_set(o, "equal", json_boolean(firn_diff_is_equal(d)), err));
    FIRN_TRY(changes_json(d, o, err));
    FIRN_TRY(firn_json_set(o, "key", keys, err));
    for (size_t i = 0; i < d->key_count; i++)
        FIRN_TRY(firn_json_append(keys, firn_json_new_str(d->keys[i]), err));
    FIRN_TRY(firn_json_set(o, "added", json_integer(d->added), err));
    FIRN_TRY(firn_json_set(o, "removed", json_integer(d->removed), err));
    FIRN_TRY(firn_json_set(o, "changed", json_integer(d->changed), err));
    FIRN_TRY(firn_json_set(o, "files_shared", json_integer(d->files_shared), err));
    return firn_json_set(o, "files_compared", json_integer(d->files_compared), err);
}

/* The rows are written as they come: the document is closed behind them. */
static firn_code print_json(diff_command *q, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    FIRN_AUTO(firn_json_unref) json_t *o = json_object();
    FIRN_TRY(head_json(q, o, err));
    if (q->limit == 0)
        return firn_command_print_json(o, err);
    FIRN_TRY(firn_json_print(o, 0, &text, err));
    text.n--; /* its last brace */
    if (fwrite(text.p, 1, text.n, stdout) != text.n || fputs(",\"rows\":\n", stdout) == EOF)
        return firn_raise_errno(err, errno, "cannot write the result");
    FIRN_TRY(print_rows(q, FIRN_PRINT_JSON, err));
    if (puts("}") == EOF || fflush(stdout) != 0)
        return firn_raise_errno(err, errno, "cannot write the result");
    return FIRN_OK;
}

/* --- the verb ------------------------------------------------------------------------------ */

static firn_code print(diff_command *q, firn_err *err)
{
    if (q->format == FIRN_PRINT_CSV)
        return print_rows(q, FIRN_PRINT_CSV, err);
    return q->format == FIRN_PRINT_JSON ? print_json(q, err) : print_text(q, err);
}

static firn_code diff(firn_command *c, const firn_args *args, int *ret_status, firn_err *err)
{
    diff_command q = {.c = c, .args = args};
    firn_session *s;
    FIRN_TRY(find_options(&q, err));
    FIRN_TRY(find_sides(&q, err));
    firn_catch_signals(c->run);
    FIRN_TRY(firn_context_session(c->run, &s, err));
    firn_code code = firn_diff_make(c->run, s, &q.conf, c->arena, &q.d, err);
    if (code == FIRN_OK)
        code = print(&q, err);
    firn_context_session_close(c->run, s);
    if (code == FIRN_OK && firn_args_has(args, "exit-code") && !firn_diff_is_equal(&q.d))
        *ret_status = EXIT_DIFFERENT;
    return code;
}

static int verb_diff(const firn_args *args)
{
    return firn_command_do(args, diff);
}

const firn_verb firn_verb_diff = {
    .name = "diff",
    .synopsis = "[WAREHOUSE] TABLE [FROM [TO]] [options]",
    .summary = "show what changed between two states of a table",
    .details =
        "FROM and TO are snapshot ids, times, branches or tags; TO is the current state and FROM\n"
        "the one before TO unless they are said.  Columns come first, then rows: each as often as\n"
        "it is there more in one state than in the other.  With a key, rows that were changed are\n"
        "told apart from those added and removed.  Files that both states have are not read.\n"
        "Exits with 0 also if something differs, unless --exit-code is given.\n"
        "\n"
        "  firn diff raw.orders\n"
        "  firn diff raw.orders 2025-05-31 --key id\n"
        "  firn diff raw.orders v1 main -o csv > changes.csv\n"
        "  firn diff raw.orders --with curated.orders --summary --exit-code",
    .args = diff_args,
    .run = verb_diff,
};
