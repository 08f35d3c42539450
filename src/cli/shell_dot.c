/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a script or the shell that begin with a dot: they say how results look and where they
 * go, and list what there is. */
#include "cli/sql_run.h"

#include "base/str.h"
#include "engine/sql.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 8
#define DEPTH_MAX 8 /* of .read in what .read reads */

typedef struct dot_words {
    const char *v[WORDS_MAX];
    size_t n; /* the name counts */
} dot_words;

typedef firn_code (*dot_fn)(firn_sql_run *q, const dot_words *w, firn_err *err);

typedef struct dot_command {
    const char *name;
    const char *takes; /* for the help */
    const char *help;
    size_t least, most; /* words behind the name */
    dot_fn run;
} dot_command;

#define COMMAND_COUNT 15 /* and the row that ends them */
static const dot_command commands[COMMAND_COUNT];

/* --- what they share ----------------------------------------------------------------------- */

static firn_code wants(const dot_words *w, const char *what, firn_err *err)
{
    return firn_raise(err, FIRN_E_USAGE, "%s takes %s, not %s", w->v[0], what,
                      firn_quotec(w->v[1]).s);
}

static firn_code on_off(const dot_words *w, bool *ret, firn_err *err)
{
    if (w->n == 1) {
        printf("%s is %s\n", w->v[0] + 1, *ret ? "on" : "off");
        return FIRN_OK;
    }
    bool on = strcmp(w->v[1], "on") == 0;
    if (!on && strcmp(w->v[1], "off") != 0)
        return wants(w, "on or off", err);
    *ret = on;
    return FIRN_OK;
}

/* --- how results look ---------------------------------------------------------------------- */

static firn_code dot_mode(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    firn_print_format format;
    if (w->n == 1) {
        printf("mode is %s\n", firn_print_format_word(q->print.format));
        return FIRN_OK;
    }
    if (!firn_print_format_parse(w->v[1], &format))
        return wants(w, FIRN_PRINT_WORDS, err);
    bool parquet = format == FIRN_PRINT_PARQUET;
    bool was = q->print.format == FIRN_PRINT_PARQUET;
    const char *path = q->out_path;
    q->print.format = format;
    if (!path || parquet == was)
        return FIRN_OK;
    return firn_sql_output(q, path, q->out_made != NULL, err); /* the engine's file, or ours */
}

static firn_code dot_timer(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    return on_off(w, &q->timer, err);
}

static firn_code dot_pager(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    bool word = w->n > 1 && strcmp(w->v[1], "on") != 0 && strcmp(w->v[1], "off") != 0;
    if (!word)
        return on_off(w, &q->paging, err);
    q->pager.command = firn_arena_strdup(q->c->arena, w->v[1]);
    q->paging = true;
    return q->pager.command ? FIRN_OK : firn_arena_raise(q->c->arena, err);
}

static firn_code dot_width(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    int64_t n = 0;
    if (w->n == 1) {
        if (q->width)
            printf("width is %zu\n", q->width);
        else
            puts("width is that of the screen");
        return FIRN_OK;
    }
    bool automatic = strcmp(w->v[1], "auto") == 0;
    if (!automatic && (!firn_str_i64(firn_str_of(w->v[1]), &n) || n < 0 || n > 100000))
        return wants(w, "a number of columns or auto", err);
    q->width = (size_t)n;
    return FIRN_OK;
}

static firn_code dot_rows(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    int64_t n = 0;
    if (w->n == 1) {
        if (q->print.max_rows == SIZE_MAX)
            puts("all rows are shown");
        else
            printf("%zu rows are shown\n", q->print.max_rows);
        return FIRN_OK;
    }
    bool all = strcmp(w->v[1], "all") == 0;
    if (!all && (!firn_str_i64(firn_str_of(w->v[1]), &n) || n < 1))
        return wants(w, "a number or all", err);
    q->print.max_rows = all ? SIZE_MAX : (size_t)n;
    return FIRN_OK;
}

static firn_code dot_nullvalue(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    q->print.null = w->n == 1 ? NULL : firn_arena_strdup(q->c->arena, w->v[1]);
    return w->n == 1 || q->print.null ? FIRN_OK : firn_arena_raise(q->c->arena, err);
}

/* --- where they go, where statements come from --------------------------------------------- */

static firn_code dot_output(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    if (w->n == 1)
        return firn_sql_output_close(q, true, err);
    const char *path = firn_arena_strdup(q->c->arena, w->v[1]);
    return path ? firn_sql_output(q, path, false, err) : firn_arena_raise(q->c->arena, err);
}

static firn_code dot_read(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a script", 0);
    firn_str script;
    const char *name = a ? firn_arena_strdup(a, w->v[1]) : NULL;
    if (!name)
        return firn_raise_nomem(err);
    if (q->depth == DEPTH_MAX)
        return firn_raise(err, FIRN_E_LIMIT, "scripts read each other %d deep", DEPTH_MAX);
    FIRN_TRY(firn_sql_read(q->c, name, a, &script, err));
    q->depth++;
    firn_code code = firn_sql_script(q, script, name, NULL, err);
    q->depth--;
    return code;
}

/* --- what there is ------------------------------------------------------------------------- */

/* SQL's % and *, both for any run of characters. */
static bool matches(const char *pattern, const char *name)
{
    char shell[256];
    size_t n = 0;
    for (; pattern[n] && n + 1 < sizeof shell; n++)
        shell[n] = pattern[n] == '%' ? '*' : pattern[n];
    shell[n] = '\0';
    const char *dot = strrchr(name, '.');
    return fnmatch(shell, name, FNM_CASEFOLD) == 0 ||
           (dot && fnmatch(shell, dot + 1, FNM_CASEFOLD) == 0);
}

static firn_code list_one(const char *pattern, firn_ident ident, const char *mark, firn_arena *a,
                          size_t *shown, firn_err *err)
{
    const char *name =
        firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name));
    if (!name)
        return firn_arena_raise(a, err);
    if (pattern && !matches(pattern, name))
        return FIRN_OK;
    printf("%s%s\n", name, mark);
    (*shown)++;
    return FIRN_OK;
}

static firn_code dot_tables(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("tables", 0);
    firn_catalog *c = q->c->run->catalog;
    const char *pattern = w->n > 1 ? w->v[1] : NULL;
    firn_ident *tables = NULL;
    size_t count = 0;
    size_t shown = 0;
    if (!a)
        return firn_raise_nomem(err);
    if (c)
        FIRN_TRY(c->ops->list_tables(c, a, &tables, &count, err));
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(list_one(pattern, tables[i], "", a, &shown, err));
    for (size_t i = 0; i < q->c->run->view_count; i++)
        FIRN_TRY(list_one(pattern, q->c->run->views[i].ident, " (view)", a, &shown, err));
    if (!shown)
        puts(pattern ? "no table is called so" : "there are no tables");
    return FIRN_OK;
}

static firn_code show_schema(firn_sql_run *q, const char *table, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_addf(&sql, err, "SHOW CREATE TABLE %s", table));
    q->verbatim = true;
    firn_code code = firn_sql_one(q, firn_buf_str(&sql), err);
    q->verbatim = false;
    return code;
}

static firn_code dot_schema(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("tables", 0);
    firn_catalog *c = q->c->run->catalog;
    firn_ident *tables = NULL;
    size_t count = 0;
    if (!a)
        return firn_raise_nomem(err);
    if (!c)
        return firn_raise(err, FIRN_E_USAGE,
                          ".schema is for tables of a catalog; "
                          "DESCRIBE SELECT … is for anything");
    if (w->n > 1)
        return show_schema(q, w->v[1], err);
    FIRN_TRY(c->ops->list_tables(c, a, &tables, &count, err));
    for (size_t i = 0; i < count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_SQL_BUF;
        FIRN_TRY(firn_sql_ident(&name, tables[i].ns, err));
        FIRN_TRY(firn_buf_addc(&name, '.', err));
        FIRN_TRY(firn_sql_ident(&name, tables[i].name, err));
        FIRN_TRY(show_schema(q, firn_buf_cstr(&name), err));
    }
    return FIRN_OK;
}

static firn_code dot_history(firn_sql_run *q, const dot_words *w, firn_err *err)
{
    int64_t n = 20;
    if (w->n > 1 && (!firn_str_i64(firn_str_of(w->v[1]), &n) || n < 1))
        return wants(w, "a number", err);
    size_t count = q->history ? firn_history_count(q->history) : 0;
    size_t first = count > (size_t)n ? count - (size_t)n : 0;
    for (size_t i = first; i < count; i++)
        printf("%.*s\n", FIRN_STR_ARG(firn_history_get(q->history, i)));
    return FIRN_OK;
}

static firn_code dot_show(firn_sql_run *q, const dot_words *w FIRN_UNUSED,
                          firn_err *err FIRN_UNUSED)
{
    printf("mode       %s\n", firn_print_format_word(q->print.format));
    printf("nullvalue  %s\n", q->print.null ? q->print.null : "NULL, in CSV nothing");
    printf("output     %s\n", q->out_path ? q->out_path : "the screen");
    printf("pager      %s%s%s\n", q->paging ? "on" : "off", q->pager.command ? ", " : "",
           q->pager.command ? q->pager.command : "");
    if (q->print.max_rows == SIZE_MAX)
        puts("rows       all");
    else
        printf("rows       %zu\n", q->print.max_rows);
    printf("timer      %s\n", q->timer ? "on" : "off");
    if (q->width)
        printf("width      %zu\n", q->width);
    else
        puts("width      auto");
    printf("warehouse  %s\n", q->c->run->warehouse ? q->c->run->warehouse : "none");
    return FIRN_OK;
}

static firn_code dot_quit(firn_sql_run *q, const dot_words *w FIRN_UNUSED,
                          firn_err *err FIRN_UNUSED)
{
    q->leave = true;
    return FIRN_OK;
}

static void print_command(const dot_command *c)
{
    char head[48];
    snprintf(head, sizeof head, "%s %s", c->name, c->takes);
    printf("  %-24s %s\n", head, c->help);
}

static firn_code unknown(const char *name, firn_err *err)
{
    firn_str names[24];
    size_t n = 0;
    for (; commands[n].name && n < FIRN_COUNT_OF(names); n++)
        names[n] = firn_str_of(commands[n].name);
    firn_raise(err, FIRN_E_USAGE, "there is no %s", firn_quotec(name).s);
    int near = firn_str_nearest(firn_str_of(name), names, n);
    if (near >= 0)
        return firn_err_advise(err, "did you mean %s?", commands[near].name);
    return firn_err_advise(err, ".help lists what there is");
}

static firn_code dot_help(firn_sql_run *q FIRN_UNUSED, const dot_words *w, firn_err *err)
{
    const char *name = w->n > 1 ? w->v[1] : NULL;
    for (size_t i = 0; name && commands[i].name; i++) {
        if (strcmp(commands[i].name + (name[0] != '.'), name) != 0)
            continue;
        print_command(&commands[i]);
        return FIRN_OK;
    }
    if (name)
        return unknown(name, err);
    puts(
        "Statements end with a semicolon and may have several lines:\n"
        "  SHOW TABLES;   DESCRIBE raw.orders;   FROM raw.orders LIMIT 10;   docs/SQL.md has more\n"
        "\n"
        "Lines that begin with a dot:");
    for (size_t i = 0; commands[i].name; i++)
        print_command(&commands[i]);
    puts("\n"
         "Tab completes, the arrows go through the text and then the history, Ctrl-R searches\n"
         "it, Alt-Enter begins a line, Ctrl-C clears the text or ends a query, Ctrl-D leaves.");
    return FIRN_OK;
}

static const dot_command commands[COMMAND_COUNT] = {
    {".help", "[NAME]", "this list, or one line of it", 0, 1, dot_help},
    {".tables", "[PATTERN]", "the tables: raw.*, %order%", 0, 1, dot_tables},
    {".schema", "[TABLE]", "CREATE TABLE of a table, or of all", 0, 1, dot_schema},
    {".mode", "[FORMAT]", "box, table, csv, json, jsonl, markdown, line, parquet", 0, 1, dot_mode},
    {".output", "[FILE]", "results go to a file; without one, to the screen", 0, 1, dot_output},
    {".read", "FILE", "run the statements of a file", 1, 1, dot_read},
    {".timer", "[on|off]", "say how long each statement took", 0, 1, dot_timer},
    {".pager", "[on|off|COMMAND]", "what does not fit, page by page ($PAGER, less)", 0, 1,
     dot_pager},
    {".rows", "[N|all]", "rows of a box or table that are shown", 0, 1, dot_rows},
    {".width", "[N|auto]", "columns of the screen that a box is fitted to", 0, 1, dot_width},
    {".nullvalue", "[TEXT]", "what stands for null", 0, 1, dot_nullvalue},
    {".history", "[N]", "what was typed, the newest last", 0, 1, dot_history},
    {".show", "", "the settings", 0, 0, dot_show},
    {".quit", "", "leave; .exit and Ctrl-D do it too", 0, 0, dot_quit},
    {NULL, NULL, NULL, 0, 0, NULL},
};

const char *firn_dot_name(size_t i)
{
    return i < COMMAND_COUNT ? commands[i].name : NULL;
}

/* --- running ------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* 'a text' or "a text"; NULL: none, or one that goes on behind the quote, as the name of a table
 * does: "my schema".orders. */
static const char *quoted_word(char *p, char **at)
{
    char *end = *p == '\'' || *p == '"' ? strchr(p + 1, *p) : NULL;
    if (!end || (end[1] != '\0' && !is_blank(end[1])))
        return NULL;
    *at = end[1] ? end + 2 : end + 1;
    *end = '\0';
    return p + 1;
}

/* The next word; NULL: there is none. */
static const char *next_word(char **at)
{
    char *p = *at;
    while (is_blank(*p))
        p++;
    if (*p == '\0')
        return NULL;
    const char *quoted = quoted_word(p, at);
    if (quoted)
        return quoted;
    char *start = p;
    bool inside = false;
    for (; *p && (inside || !is_blank(*p)); p++)
        inside = inside != (*p == '"');
    *at = *p ? p + 1 : p;
    *p = '\0';
    return start;
}

firn_code firn_dot_run(firn_sql_run *q, firn_str line, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a line", 0);
    dot_words w = {0};
    char *at = a ? firn_arena_strndup(a, line.p, line.n) : NULL;
    if (!at)
        return firn_raise_nomem(err);
    for (const char *word = next_word(&at); word && w.n < WORDS_MAX; word = next_word(&at))
        w.v[w.n++] = word;
    if (strcmp(w.v[0], ".exit") == 0)
        w.v[0] = ".quit";
    for (const dot_command *c = commands; c->name; c++) {
        if (strcmp(c->name, w.v[0]) != 0)
            continue;
        if (w.n - 1 >= c->least && w.n - 1 <= c->most)
            return c->run(q, &w, err);
        return firn_raise(err, FIRN_E_USAGE, "%s takes %s", c->name,
                          c->takes[0] ? c->takes : "nothing");
    }
    return unknown(w.v[0], err);
}
