/* SPDX-License-Identifier: Apache-2.0 */
/* firn help and version. */
#include "cli/help_docs.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Columns of the text. */
#define HELP_WIDTH 100

static const firn_arg help_args[] = {
    {"markdown", 0, NULL, "everything, as docs/CONFIGURATION.md"},
    {"man", 0, NULL, "everything, as a manual page"},
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
        printf("  %-9s %s\n", firn_verbs[i]->name, firn_verbs[i]->summary);
    printf(
        "\n`firn help VERB` says more of a verb, `firn help project` of the project file and the\n"
        "headers of models, `firn help E1102` of an error.\n");
}

void firn_print_verb_help(const firn_verb *v)
{
    printf("usage: firn %s %s\n\n%s.\n", v->name, v->synopsis, v->summary);
    if (v->details)
        printf("\n%s\n", v->details);
    printf("\noptions:\n");
    for (const firn_arg *a = v->args; a->name; a++) {
        char left[48];
        snprintf(left, sizeof left, "%c%c%c --%s%s%s", a->letter ? '-' : ' ',
                 a->letter ? a->letter : ' ', a->letter ? ',' : ' ', a->name, a->value ? " " : "",
                 a->value ? a->value : "");
        printf("  %-30s %s\n", left, a->help);
    }
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
    printf("E%04u: %s\n\n%s\n", (unsigned)e->id, e->title, e->text);
    return true;
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
    firn_raise(err, FIRN_E_USAGE, "there is no help on %s", firn_quotec(word).s);
    int near = firn_str_nearest(firn_str_of(word), names, n + 1);
    if (near >= 0)
        return firn_err_advise(err, "did you mean firn help %s?", names[near].p);
    return firn_err_advise(err, "`firn help` lists the verbs");
}

static int verb_help(const firn_args *args)
{
    firn_err err = {0};
    firn_code code = FIRN_OK;
    if (firn_args_has(args, "markdown"))
        code = firn_print_markdown(stdout, &err);
    else if (firn_args_has(args, "man"))
        code = firn_print_man(stdout, &err);
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
    .synopsis = "[VERB | ERROR | project]",
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
