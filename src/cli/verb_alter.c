/* SPDX-License-Identifier: Apache-2.0 */
/* firn alter: what a table is, changed. */
#include "cli/verbs.h"

#include "base/str.h"
#include "engine/sql.h"
#include "pipeline/alter.h"

#include <ctype.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 << 20)

static const firn_arg alter_args[] = {
    FIRN_ARG_PROJECT, {"dry-run", 'n', NULL, "show what would change, and change nothing"},
    FIRN_ARG_JSON,    FIRN_ARG_QUIET,
    FIRN_ARG_HELP,    {NULL, 0, NULL, NULL},
};

/* --- the statement ------------------------------------------------------------------------- */

static bool is_word(const char *text, const char *word)
{
    return firn_str_ieq(firn_str_of(text), firn_str_of(word));
}

/* "key=value", as the shell hands it over: the value has no quotes, but may hold blanks. */
static bool is_setting(const char *text)
{
    const char *equals = strchr(text, '=');
    return equals && equals != text && !strchr("('\"`", text[0]);
}

static firn_code add_setting(const char *text, firn_buf *out, firn_err *err)
{
    const char *equals = strchr(text, '=');
    FIRN_TRY(firn_sql_text(out, (firn_str){text, (size_t)(equals - text)}, err));
    FIRN_TRY(firn_buf_adds(out, " = ", err));
    return firn_sql_text(out, firn_str_of(equals + 1), err);
}

/* set key=value [key=value …] */
static firn_code add_settings(const char *const *words, size_t count, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, " SET PROPERTIES (", err));
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
        FIRN_TRY(add_setting(words[i], out, err));
    }
    return firn_buf_adds(out, ")", err);
}

static bool all_settings(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_setting(words[i]))
            return false;
    return count > 0;
}

/* comment COLUMN "a text": the shell took the quotes. */
static firn_code add_comment(const char *const *words, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, " COMMENT %s ", words[1]));
    if (words[2][0] == '\'')
        return firn_buf_adds(out, words[2], err);
    return firn_sql_text(out, firn_str_of(words[2]), err);
}

/* A default is a number, a word (true, null), or a text without its quotes. */
static firn_code add_default(const char *const *words, firn_buf *out, firn_err *err)
{
    const char *value = words[2];
    bool bare = is_word(value, "null") || value[0] == '\'';
    FIRN_TRY(firn_buf_addf(out, err, " DEFAULT %s ", words[1]));
    return bare ? firn_buf_adds(out, value, err) : firn_sql_text(out, firn_str_of(value), err);
}

static firn_code add_words(const char *const *words, size_t count, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(firn_buf_addf(out, err, " %s", words[i]));
    return FIRN_OK;
}

/* The words behind the table's name as the statement that they stand for. */
static firn_code statement(const char *table, const char *const *words, size_t count, firn_buf *out,
                           firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "ALTER TABLE %s", table));
    if (count > 1 && is_word(words[0], "set") && all_settings(words + 1, count - 1))
        return add_settings(words + 1, count - 1, out, err);
    bool short_comment = count == 3 && (is_word(words[0], "comment") || is_word(words[0], "doc"));
    if (short_comment && !is_word(words[2], "null"))
        return add_comment(words, out, err);
    if (count == 3 && is_word(words[0], "default"))
        return add_default(words, out, err);
    return add_words(words, count, out, err);
}

/* raw.orders stays; names that SQL would not take for one are quoted part by part. */
static firn_code table_name(firn_command *c, const char *name, const char **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(TEXT_MAX);
    firn_str rest = firn_str_of(name);
    bool quoted = strpbrk(name, "\"`") != NULL;
    for (bool first = true; rest.p && !quoted; first = false) {
        firn_str part = firn_str_cut(&rest, '.');
        FIRN_TRY(first ? FIRN_OK : firn_buf_addc(&out, '.', err));
        bool plain = part.n && !isdigit((unsigned char)part.p[0]);
        for (size_t i = 0; i < part.n; i++)
            plain = plain && (isalnum((unsigned char)part.p[i]) || part.p[i] == '_');
        FIRN_TRY(plain ? firn_buf_addstr(&out, part, err) : firn_sql_ident(&out, part, err));
    }
    *ret = quoted ? name : firn_arena_strdup(c->arena, firn_buf_cstr(&out));
    return *ret ? FIRN_OK : firn_arena_raise(c->arena, err);
}

/* --- the catalog --------------------------------------------------------------------------- */

/* The warehouse that comes first, or the project's. */
static firn_code open_lake(firn_command *c, const firn_args *args, bool dry_run, size_t *ret_rest,
                           firn_err *err)
{
    const firn_command_opt opt = {.read_only = dry_run};
    const char *db =
        args->rest_count ? firn_arena_printf(c->arena, "%s/catalog.db", args->rest[0]) : NULL;
    *ret_rest = db && firn_fs_exists(c->env, db) ? 1 : 0;
    if (*ret_rest)
        FIRN_TRY(firn_project_bare(c->env, FIRN_STR_LIT("lake"), firn_str_of(args->rest[0]),
                                   c->arena, &c->project, err));
    else
        FIRN_TRY(firn_command_project(c, args, err));
    if (!firn_fs_exists(c->env, c->project->catalog.path)) {
        firn_raise(err, FIRN_E_NOTFOUND, "there is no catalog %s yet",
                   firn_quotec(c->project->catalog.path).s);
        return firn_err_advise(err, "`firn run` makes it");
    }
    return firn_command_open(c, args, &opt, err);
}

/* --- results ------------------------------------------------------------------------------- */

static firn_code print_json(const firn_altered *done, bool dry_run, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *o = json_object();
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(TEXT_MAX);
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(o, "event", json_string("table_altered"), err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(done->ident.ns), err));
    FIRN_TRY(firn_json_set(o, "table", firn_json_new_str(done->ident.name), err));
    FIRN_TRY(firn_json_set(o, "changes", list, err));
    firn_str rest = done->diff;
    while (rest.n) {
        firn_str line = firn_str_cut(&rest, '\n');
        if (line.n)
            FIRN_TRY(firn_json_append(list, firn_json_new_str(line), err));
    }
    FIRN_TRY(firn_json_set(o, "dry_run", json_boolean(dry_run), err));
    FIRN_TRY(firn_json_print(o, 0, &text, err));
    puts(firn_buf_cstr(&text));
    return FIRN_OK;
}

static void print_text(const firn_altered *done, bool dry_run)
{
    if (done->missing)
        printf("there is no table %.*s\n", FIRN_STR_ARG(done->ident.name));
    else if (done->diff.n == 0)
        printf("%.*s.%.*s: nothing to change, it is so already\n", FIRN_STR_ARG(done->ident.ns),
               FIRN_STR_ARG(done->ident.name));
    else
        printf("%.*s.%.*s%s\n%.*s", FIRN_STR_ARG(done->ident.ns), FIRN_STR_ARG(done->ident.name),
               dry_run ? " would change:" : "", FIRN_STR_ARG(done->diff));
}

/* --- the verb ------------------------------------------------------------------------------ */

static firn_code run(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                     firn_err *err)
{
    size_t rest;
    const char *table;
    firn_altered done;
    bool dry_run = firn_args_has(args, "dry-run");
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_BUF(TEXT_MAX);
    FIRN_TRY(open_lake(c, args, dry_run, &rest, err));
    if (rest + 1 >= args->rest_count) {
        firn_raise(err, FIRN_E_USAGE, "which table, and what is to change?");
        return firn_err_advise(err, "firn alter raw.orders add \"note string\" after id");
    }
    const char *const *words = args->rest + rest;
    FIRN_TRY(table_name(c, words[0], &table, err));
    FIRN_TRY(statement(table, words + 1, args->rest_count - rest - 1, &sql, err));
    const firn_query_conf conf = {.sql = firn_buf_str(&sql), .line = 1, .column = 1};
    firn_catch_signals(c->run);
    firn_code code = firn_alter_run(c->run, &conf, dry_run, c->arena, &done, err);
    if (code == FIRN_E_SQL && err->where[0]) {
        /* the place is one in the statement, which nobody has seen */
        err->where[0] = '\0';
        firn_wrap(err, "%.600s", firn_buf_cstr(&sql));
    } else if (code != FIRN_OK) {
        err->where[0] = '\0';
    }
    FIRN_TRY(code);
    if (firn_args_has(args, "json"))
        return print_json(&done, dry_run, err);
    if (!firn_args_has(args, "quiet"))
        print_text(&done, dry_run);
    if (done.hint.n && !firn_args_has(args, "quiet"))
        fprintf(stderr, "note: %.*s\n", FIRN_STR_ARG(done.hint));
    return FIRN_OK;
}

static int verb_alter(const firn_args *args)
{
    return firn_command_do(args, run);
}

const firn_verb firn_verb_alter = {
    .name = "alter",
    .synopsis = "[WAREHOUSE] TABLE CHANGE… [options]",
    .summary = "change a table: columns, partitions, order, branches, properties",
    .details =
        "Changes are written as behind ALTER TABLE, or shorter.  Several, with commas between\n"
        "them, are one commit.  No data file is read or written (docs/EVOLUTION.md).\n"
        "\n"
        "  firn alter raw.orders add \"note string\" after id\n"
        "  firn alter raw.orders rename qty to quantity\n"
        "  firn alter raw.orders type quantity bigint\n"
        "  firn alter raw.orders \"ADD COLUMN address.zip varchar COMMENT 'as typed'\"\n"
        "  firn alter raw.orders partition by \"month(order_date), bucket(16, id)\"\n"
        "  firn alter raw.orders sort by \"order_date desc, id\"\n"
        "  firn alter raw.orders tag create eoy2025 at 2026-01-01\n"
        "  firn alter raw.orders set write.target-file-size-bytes=134217728\n"
        "  firn alter raw.orders drop note --dry-run",
    .args = alter_args,
    .run = verb_alter,
};
