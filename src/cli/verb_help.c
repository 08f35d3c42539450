/* SPDX-License-Identifier: Apache-2.0 */
/* firn help and version. */
#include "cli/help_docs.h"

#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Columns of the text. */
#define HELP_WIDTH    100
#define ERROR_WIDTH   80
#define OPTION_INDENT 33 /* where the help of an option begins */

static const firn_arg help_args[] = {
    {"markdown", 0, NULL, "everything, as docs/CONFIGURATION.md"},
    {"man", 0, NULL, "everything, or one verb, as a manual page"},
    {"man-pages", 0, "FOLDER", "write the manual pages of firn and of each verb there"},
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

static const firn_arg version_args[] = {
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

static void print_general(void)
{
    printf("firn turns operational data into open tables: files become Apache Iceberg tables,\n"
           "tables become answers.\n\nusage: firn VERB [arguments]\n\n");
    for (size_t i = 0; firn_verbs[i]; i++)
        printf("  %-10s %s\n", firn_verbs[i]->name, firn_verbs[i]->summary);
    printf(
        "\n`firn help VERB` says more of a verb, `firn help project` of the project file and the\n"
        "headers of models, `firn help E1102` of an error (`firn help errors` lists them).\n");
}

/* "  -q, --quiet      say nothing but errors", its help broken before the width. */
static void print_option(const firn_arg *a)
{
    char left[64];
    firn_str rest = firn_str_of(a->help);
    int at = snprintf(left, sizeof left, "  %c%c%c --%s%s%s", a->letter ? '-' : ' ',
                      a->letter ? a->letter : ' ', a->letter ? ',' : ' ', a->name,
                      a->value ? " " : "", a->value ? a->value : "");
    printf("%-*s", OPTION_INDENT - 1, left);
    size_t column = (size_t)FIRN_MAX(at, OPTION_INDENT - 1);
    while (rest.p) {
        firn_str word = firn_str_cut(&rest, ' ');
        if (column + 1 + word.n > HELP_WIDTH) {
            printf("\n%*s", OPTION_INDENT - 1, "");
            column = OPTION_INDENT - 1;
        }
        printf(" %.*s", FIRN_STR_ARG(word));
        column += 1 + word.n;
    }
    putchar('\n');
}

void firn_print_verb_help(const firn_verb *v)
{
    printf("usage: firn %s %s\n\n%s.\n", v->name, v->synopsis, v->summary);
    if (v->details)
        printf("\n%s\n", v->details);
    printf("\noptions:\n");
    for (const firn_arg *a = v->args; a->name; a++)
        print_option(a);
    for (const firn_arg *a = firn_args_of_all; a->name; a++)
        print_option(a);
}

/* Words of a line behind those that stand there, `at` columns of them. */
static size_t print_words(firn_str line, size_t at)
{
    while (line.p) {
        firn_str word = firn_str_cut(&line, ' ');
        if (!word.n)
            continue;
        if (at && at + 1 + word.n > ERROR_WIDTH) {
            putchar('\n');
            at = 0;
        }
        printf("%s%.*s", at ? " " : "", FIRN_STR_ARG(word));
        at += word.n + (at ? 1 : 0);
    }
    return at;
}

/* Paragraphs, their lines broken anew; lines that begin with a blank stay as they are. */
static void print_wrapped(const char *text)
{
    firn_str rest = firn_str_of(text);
    size_t at = 0;
    while (rest.p) {
        firn_str line = firn_str_cut(&rest, '\n');
        bool kept = line.n == 0 || line.p[0] == ' ';
        if (kept && at)
            putchar('\n');
        if (kept)
            printf("%.*s\n", FIRN_STR_ARG(line));
        at = kept ? 0 : print_words(line, at);
    }
    if (at)
        putchar('\n');
}

static bool print_error_help(const char *word)
{
    char *end;
    if ((word[0] != 'E' && word[0] != 'e') || word[1] == '\0')
        return false;
    unsigned long id = strtoul(word + 1, &end, 10);
    const firn_errid *e = *end || id > UINT16_MAX ? NULL : firn_errid_find((uint16_t)id);
    if (!e)
        return false;
    const char *example = firn_errid_example(e->id);
    printf("E%04u: %s\n\n", (unsigned)e->id, e->title);
    print_wrapped(e->text);
    if (example)
        printf("\n%s\n", example);
    return true;
}

static void print_errors(void)
{
    for (size_t i = 0; i < firn_errid_count; i++)
        printf("  E%04u  %s\n", (unsigned)firn_errids[i].id, firn_errids[i].title);
    puts("\n`firn help E1102` explains one, with an example.");
}

static firn_code print_topic(const char *word, firn_err *err)
{
    firn_str names[32];
    size_t n = 0;
    for (size_t i = 0; firn_verbs[i]; i++) {
        if (strcmp(firn_verbs[i]->name, word) == 0) {
            firn_print_verb_help(firn_verbs[i]);
            return FIRN_OK;
        }
        names[n++] = firn_str_of(firn_verbs[i]->name);
    }
    if (strcmp(word, "project") == 0)
        return firn_print_project_help(stdout, HELP_WIDTH, err);
    if (print_error_help(word))
        return FIRN_OK;
    names[n] = FIRN_STR_LIT("project");
    if (strcmp(word, "errors") == 0) {
        print_errors();
        return FIRN_OK;
    }
    if (strspn(word, "Ee") == 1 && isdigit((unsigned char)word[1])) {
        firn_raise(err, FIRN_E_USAGE, "there is no error %s", firn_quotec(word).s);
        return firn_err_advise(err, "`firn help errors` lists those there are");
    }
    firn_raise(err, FIRN_E_USAGE, "there is no help on %s", firn_quotec(word).s);
    int near = firn_str_nearest(firn_str_of(word), names, n + 1);
    if (near >= 0)
        return firn_err_advise(err, "did you mean firn help %s?", names[near].p);
    return firn_err_advise(err, "`firn help` lists the verbs");
}

static firn_code print_man(const firn_args *args, firn_err *err)
{
    if (args->rest_count == 0)
        return firn_print_man(stdout, err);
    for (size_t i = 0; firn_verbs[i]; i++)
        if (strcmp(firn_verbs[i]->name, args->rest[0]) == 0)
            return firn_print_man_of(firn_verbs[i], stdout, err);
    firn_raise(err, FIRN_E_USAGE, "there is no verb %s", firn_quotec(args->rest[0]).s);
    return firn_err_advise(err, "`firn help` lists the verbs");
}

static int verb_help(const firn_args *args)
{
    firn_err err = {0};
    firn_code code = FIRN_OK;
    if (firn_args_has(args, "markdown"))
        code = firn_print_markdown(stdout, &err);
    else if (firn_args_has(args, "man-pages"))
        code = firn_write_man_pages(firn_args_get(args, "man-pages"), &err);
    else if (firn_args_has(args, "man"))
        code = print_man(args, &err);
    else if (args->rest_count)
        code = print_topic(args->rest[0], &err);
    else
        print_general();
    return code == FIRN_OK ? 0 : firn_command_fail(&err);
}

static int verb_version(const firn_args *args FIRN_UNUSED)
{
    printf("firn %s\n", FIRN_VERSION);
    return 0;
}

const firn_verb firn_verb_help = {
    .name = "help",
    .synopsis = "[VERB | ERROR | project | errors]",
    .summary = "explain a verb, an error or the project file",
    .details = "  firn help run\n  firn help E1102\n  firn help project",
    .args = help_args,
    .run = verb_help,
};

const firn_verb firn_verb_version = {
    .name = "version",
    .synopsis = "",
    .summary = "print the version",
    .args = version_args,
    .run = verb_version,
};
