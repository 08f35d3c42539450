/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete.h"
#include "cli/models.h"
#include "cli/runs_print.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "catalog/catalogs.h"
#include "pipeline/graph.h"

#include <ctype.h>
#include <string.h>

#define MAX_RUNS 20

/* What is known of the line. */
typedef struct completing {
    firn_command *c;
    FILE *out;
    const firn_verb *verb; /* NULL: not said yet */
    const char *folder;    /* the first word behind the verb: perhaps a warehouse */
    const char *project;   /* --project */
    const char *prefix;    /* what the candidates begin with */
    const char *before;    /* what of the word stands before the candidates: "--format=" */
} completing;

static void offer(const completing *k, const char *word, size_t n, const char *text)
{
    size_t prefix = strlen(k->prefix);
    if (n < prefix || memcmp(word, k->prefix, prefix) != 0)
        return;
    fprintf(k->out, "%s%.*s%s%s\n", k->before, (int)n, word, text[0] ? "\t" : "", text);
}

static void offer_word(const completing *k, const char *word, const char *text)
{
    offer(k, word, strlen(word), text);
}

/* --- names --------------------------------------------------------------------------------- */

static bool is_warehouse(const completing *k)
{
    const char *db = k->folder ? firn_arena_printf(k->c->arena, "%s/catalog.db", k->folder) : NULL;
    return db && firn_fs_exists(k->c->env, db);
}

/* The project of the line, or the warehouse as one; NULL: neither. */
static const firn_project *project_of(const completing *k)
{
    firn_command *c = k->c;
    if (c->project)
        return c->project;
    firn_code code = is_warehouse(k)
                         ? firn_project_bare(c->env, FIRN_STR_LIT("lake"), firn_str_of(k->folder),
                                             c->arena, &c->project, NULL)
                         : firn_project_load(c->env, k->project, c->arena, &c->project, NULL);
    return code == FIRN_OK ? c->project : NULL;
}

static void offer_tables(const completing *k)
{
    const firn_project *p = project_of(k);
    firn_catalog *catalog;
    firn_ident *tables;
    size_t count = 0;
    if (!p || !firn_fs_exists(k->c->env, p->catalog.path))
        return;
    firn_str name = p->file && p->file[0] ? p->catalog.name : FIRN_STR_LIT("");
    if (firn_catalog_sqlite_open(firn_str_of(p->catalog.path), name, true, &catalog, NULL) !=
        FIRN_OK)
        return;
    if (catalog->ops->list_tables(catalog, k->c->arena, &tables, &count, NULL) != FIRN_OK)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = firn_arena_printf(k->c->arena, "%.*s.%.*s", FIRN_STR_ARG(tables[i].ns),
                                             FIRN_STR_ARG(tables[i].name));
        if (text)
            offer_word(k, text, "table");
    }
    catalog->ops->close(catalog);
}

/* Tables that the project makes, and streams; with '+' before them as it is typed. */
static void offer_graph(const completing *k, bool models_too)
{
    static const firn_arg none[] = {{NULL, 0, NULL, NULL}};
    const firn_args args = {.table = none};
    const firn_project *p = project_of(k);
    firn_model *models;
    size_t count;
    firn_graph graph;
    completing own = *k;
    if (!p || firn_command_models(k->c, &args, &models, &count, NULL) != FIRN_OK ||
        firn_graph_make(p, models, count, k->c->arena, &graph, NULL) != FIRN_OK)
        return;
    if (k->prefix[0] == '+') {
        own.before = firn_arena_printf(k->c->arena, "%s+", k->before);
        own.prefix = k->prefix + 1;
    }
    for (size_t i = 0; own.before && i < graph.count; i++) {
        const firn_node *n = &graph.nodes[i];
        if (!n->ingest && !models_too)
            continue;
        offer(&own, n->name.p, n->name.n, n->ingest ? "landed" : "model");
        if (n->ingest)
            offer(&own, n->stream.p, n->stream.n, "stream");
    }
}

static void offer_nodes(const completing *k)
{
    offer_graph(k, true);
}

static void offer_streams(const completing *k)
{
    offer_graph(k, false);
}

static void offer_runs(const completing *k)
{
    const firn_project *p = project_of(k);
    firn_runs *runs = NULL;
    json_t *list = NULL;
    offer_word(k, "last", "the newest run");
    if (!p || firn_runs_open_to_read(k->c->env, p->warehouse, &runs, NULL) != FIRN_OK || !runs)
        return;
    if (firn_runs_list(runs, MAX_RUNS, &list, NULL) == FIRN_OK)
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *run = json_array_get(list, i);
            const char *id = firn_row_text(run, "run");
            offer(k, id, FIRN_MIN(strlen(id), (size_t)8), firn_row_text(run, "command"));
        }
    json_decref(list);
    firn_runs_close(runs);
}

static void offer_verbs(const completing *k)
{
    for (size_t i = 0; firn_verbs[i]; i++)
        offer_word(k, firn_verbs[i]->name, firn_verbs[i]->summary);
}

static void offer_errors(const completing *k)
{
    for (size_t i = 0; k->prefix[0] == 'E' && i < firn_errid_count; i++) {
        char id[8];
        snprintf(id, sizeof id, "E%04u", (unsigned)firn_errids[i].id);
        offer_word(k, id, firn_errids[i].title);
    }
}

static void offer_files(const completing *k)
{
    fputs(":files\n", k->out);
}

static void offer_folders(const completing *k)
{
    fputs(":folders\n", k->out);
}

/* What the words in capitals of a synopsis or of an option's value stand for. */
static const struct {
    const char *name;
    void (*offer)(const completing *k);
} kinds[] = {
    {"TABLE", offer_tables},          {"NS.TABLE", offer_tables}, {"SELECT", offer_nodes},
    {"PATTERN", offer_nodes},         {"MODEL", offer_nodes},     {"STREAM", offer_streams},
    {"SOURCE.STREAM", offer_streams}, {"RUN", offer_runs},        {"VERB", offer_verbs},
    {"ERROR", offer_errors},          {"FILE", offer_files},      {"FILES", offer_files},
    {"FOLDER", offer_folders},        {"DIR", offer_folders},     {"WAREHOUSE", offer_folders},
};

/* A word of a synopsis: in capitals a kind, in small letters itself. */
static void offer_kind(const completing *k, firn_str word)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(kinds); i++)
        if (firn_str_eqc(word, kinds[i].name)) {
            kinds[i].offer(k);
            return;
        }
    for (size_t i = 0; i < word.n; i++)
        if (!islower((unsigned char)word.p[i]))
            return;
    if (word.n && !firn_str_eqc(word, "options"))
        offer(k, word.p, word.n, "");
}

/* Splits "[WAREHOUSE] TABLE | RUN | --runs [options]" into its words. */
static void offer_synopsis(const completing *k, const char *synopsis)
{
    static const char breaks[] = " []|,";
    bool option = false; /* the word before was one: this one is its value */
    for (const char *p = synopsis; *p;) {
        size_t n = strcspn(p, breaks);
        firn_str word = {p, n};
        if (firn_str_ends(word, "…"))
            word.n -= strlen("…");
        if (!option)
            offer_kind(k, word);
        option = firn_str_starts(word, "-") && p[n] == ' ';
        p += n;
        p += strspn(p, breaks);
    }
}

/* --- options ------------------------------------------------------------------------------- */

/* "table, csv or json (default: table)": the single words of it. */
static void offer_listed(const completing *k, const char *help)
{
    firn_str rest = {help, strcspn(help, "(;:")};
    while (rest.p) {
        firn_str part = firn_str_trim(firn_str_cut(&rest, ','));
        const char * or = memmem(part.p, part.n, " or ", 4);
        firn_str first = or ? (firn_str){part.p, (size_t)(or -part.p)} : part;
        firn_str second =
            or ? (firn_str){ or +4, part.n - (size_t)(or +4 - part.p)} : (firn_str){NULL, 0};
        if (firn_str_starts(first, "or "))
            first = (firn_str){first.p + 3, first.n - 3};
        if (first.n && !memchr(first.p, ' ', first.n))
            offer(k, first.p, first.n, "");
        if (second.n && !memchr(second.p, ' ', second.n))
            offer(k, second.p, second.n, "");
    }
}

static void offer_value(const completing *k, const firn_arg *a)
{
    if (strcmp(a->value, "FORMAT") == 0 || strcmp(a->value, "KINDS") == 0)
        offer_listed(k, a->help);
    else
        offer_synopsis(k, a->value);
}

static void offer_options(const completing *k, const firn_arg *table)
{
    for (; table && table->name; table++) {
        const char *text = firn_arena_printf(k->c->arena, "--%s", table->name);
        if (text)
            offer_word(k, text, table->help);
    }
}

static const firn_arg *find_option(const firn_arg *table, firn_str word)
{
    for (; table && table->name; table++) {
        bool letter = word.n == 2 && word.p[1] == table->letter && table->letter;
        bool name = word.n > 2 && word.p[1] == '-' &&
                    firn_str_eqc((firn_str){word.p + 2, word.n - 2}, table->name);
        if (word.p[0] == '-' && (letter || name))
            return table;
    }
    return NULL;
}

static const firn_arg *option_of(const completing *k, firn_str word)
{
    if (word.n < 2)
        return NULL;
    const firn_arg *a = find_option(k->verb ? k->verb->args : NULL, word);
    return a ? a : find_option(firn_args_of_all, word);
}

/* --- the line ------------------------------------------------------------------------------ */

static const firn_verb *find_verb(const char *name)
{
    for (size_t i = 0; firn_verbs[i]; i++)
        if (strcmp(firn_verbs[i]->name, name) == 0)
            return firn_verbs[i];
    return NULL;
}

/* Takes the words before the last one in.  Returns the option whose value comes next, or NULL. */
static const firn_arg *read_words(completing *k, const char *const *words, size_t count)
{
    const firn_arg *open = NULL;
    for (size_t i = 1; i + 1 < count; i++) {
        const firn_arg *option = option_of(k, firn_str_of(words[i]));
        if (open && strcmp(open->name, "project") == 0)
            k->project = words[i];
        if (open)
            open = NULL;
        else if (option)
            open = option->value ? option : NULL;
        else if (words[i][0] != '-' && !k->verb)
            k->verb = find_verb(words[i]);
        else if (words[i][0] != '-' && !k->folder)
            k->folder = words[i];
    }
    return open;
}

static void complete_option(completing *k, const char *word)
{
    const char *equals = strchr(word, '=');
    firn_str name = {word, equals ? (size_t)(equals - word) : 0};
    const firn_arg *a = equals ? option_of(k, name) : NULL;
    if (a && a->value) {
        k->before = firn_arena_printf(k->c->arena, "%.*s=", FIRN_STR_ARG(name));
        k->prefix = equals + 1;
        if (k->before)
            offer_value(k, a);
        return;
    }
    offer_options(k, k->verb ? k->verb->args : NULL);
    offer_options(k, firn_args_of_all);
    if (!k->verb) {
        offer_word(k, "--help", "the list of verbs");
        offer_word(k, "--version", "the version");
    }
}

void firn_complete(firn_command *c, const char *const *words, size_t count, FILE *out)
{
    completing k = {.c = c, .out = out, .before = "", .prefix = count ? words[count - 1] : ""};
    const firn_arg *open = read_words(&k, words, count);
    if (open)
        offer_value(&k, open);
    else if (k.prefix[0] == '-')
        complete_option(&k, k.prefix);
    else if (k.verb)
        offer_synopsis(&k, k.verb->synopsis);
    else if (count <= 2)
        offer_verbs(&k);
}
