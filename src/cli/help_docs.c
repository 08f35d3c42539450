/* SPDX-License-Identifier: Apache-2.0 */
/* All of the help at once, from the same tables: docs/CONFIGURATION.md and the manual page. */
#include "cli/help_docs.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    int status;
    const char *meaning;
} statuses[] = {
    {0, "done; also if there was nothing new"},
    {1, "failed: the message says what, where and what to do"},
    {2, "wrong usage, project file or model: nothing was started"},
    {3, "done, but some records were rejected (rejects.exit in the project file)"},
    {4, "a check or a unit test failed: that table was not committed"},
    {5, "`firn diff` found a difference, and was asked to say so: --exit-code"},
};

static const struct {
    const char *name;
    const char *meaning;
} variables[] = {
    {"TMPDIR", "where `firn sql` over files spills what does not fit into memory (default: /tmp); "
               "with a warehouse it is .firn/tmp there"},
    {"NO_COLOR", "not empty: no colours; --color always wins over it"},
    {"CLICOLOR_FORCE", "neither empty nor 0: colours also where no terminal is; NO_COLOR wins"},
    {"TERM", "dumb: no colours, and no line of progress that is written over"},
    {"LC_ALL, LC_CTYPE, LANG", "the first that is set says whether tables are drawn with Unicode "
                               "or (another encoding than UTF-8) with ASCII"},
    {"FIRN_LOG", "debug: technical details on standard error"},
    {"FIRN_ENGINE_MODULE", "path of firn_engine_duckdb.so, if it is neither beside the program nor "
                           "in ../lib/firn"},
};

const char *firn_exit_meaning(int status)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].meaning;
    return "not a status of firn";
}

/* --- project ------------------------------------------------------------------------------- */

firn_code firn_print_project_help(FILE *out, unsigned width, firn_err *err)
{
    size_t count;
    const firn_option_section *sections = firn_project_tables(&count);
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(1 << 20);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(firn_buf_addf(&text, err, "%s%s\n  %s\n\n", i ? "\n" : "", sections[i].title,
                               sections[i].help));
        FIRN_TRY(firn_options_help(sections[i].options, width, &text, err));
    }
    fwrite(text.p, 1, text.n, out);
    return FIRN_OK;
}

/* --- Markdown ------------------------------------------------------------------------------ */

static void markdown_options(FILE *out, const firn_arg *table)
{
    fputs("\n| option | meaning |\n|---|---|\n", out);
    for (const firn_arg *a = table; a->name; a++) {
        fputs("| `", out);
        if (a->letter)
            fprintf(out, "-%c, ", a->letter);
        fprintf(out, "--%s%s", a->name, a->value ? " " : "");
        for (const char *p = a->value ? a->value : ""; *p; p++)
            fprintf(out, *p == '|' ? "\\|" : "%c", *p);
        fprintf(out, "` | %s |\n", a->help);
    }
}

static void markdown_verb(FILE *out, const firn_verb *v)
{
    fprintf(out, "\n### firn %s\n\n```text\nfirn %s%s%s\n```\n\n%s.\n", v->name, v->name,
            v->synopsis[0] ? " " : "", v->synopsis, v->summary);
    if (v->details)
        fprintf(out, "\n```text\n%s\n```\n", v->details);
    markdown_options(out, v->args);
}

/* One line of the table: the text may hold several. */
static void markdown_error(FILE *out, const firn_errid *e)
{
    fprintf(out, "| E%04u | **%s.** ", (unsigned)e->id, e->title);
    for (const char *p = e->text; *p; p++)
        fputc(*p == '\n' ? ' ' : *p, out);
    fputs(" |\n", out);
}

static firn_code markdown_project(FILE *out, firn_err *err)
{
    size_t count;
    const firn_option_section *sections = firn_project_tables(&count);
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(1 << 20);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(
            firn_buf_addf(&text, err, "\n### %s\n\n%s\n\n", sections[i].title, sections[i].help));
        FIRN_TRY(firn_options_markdown(sections[i].options, &text, err));
    }
    fwrite(text.p, 1, text.n, out);
    return FIRN_OK;
}

firn_code firn_print_markdown(FILE *out, firn_err *err)
{
    fputs("# Configuration\n\nGenerated from the tables in the source by `tools/docs`; the same as "
          "`firn help project`,\n`firn help VERB` and `firn help E1102`.\n\n"
          "## Project file and models\n",
          out);
    FIRN_TRY(markdown_project(out, err));
    fputs("\n## Commands\n", out);
    for (size_t i = 0; firn_verbs[i]; i++)
        markdown_verb(out, firn_verbs[i]);
    fputs("\n### Options of every verb\n", out);
    markdown_options(out, firn_args_of_all);
    fputs("\n## Exit status\n\n| status | meaning |\n|---:|---|\n", out);
    for (size_t i = 0; i < FIRN_COUNT_OF(statuses); i++)
        fprintf(out, "| %d | %s |\n", statuses[i].status, statuses[i].meaning);
    fputs("\n## Environment\n\n| variable | meaning |\n|---|---|\n", out);
    for (size_t i = 0; i < FIRN_COUNT_OF(variables); i++)
        fprintf(out, "| `%s` | %s |\n", variables[i].name, variables[i].meaning);
    fputs("\n## Errors\n\n`firn help E1102` shows the same, with an example of cause and cure.\n\n"
          "| error | what it is |\n|---|---|\n",
          out);
    for (size_t i = 0; i < firn_errid_count; i++)
        markdown_error(out, &firn_errids[i]);
    return FIRN_OK;
}

/* --- the manual page ----------------------------------------------------------------------- */

/* Text for roff: backslashes, hyphens that are typed, and dots or quotes that begin a line. */
static void roff(FILE *out, const char *text)
{
    bool begin = true;
    for (; *text; text++) {
        if (begin && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
        begin = *text == '\n';
    }
}

static void roff_tagged(FILE *out, const char *tag, const char *text)
{
    fputs(".TP\n.B ", out);
    roff(out, tag);
    fputc('\n', out);
    roff(out, text);
    fputc('\n', out);
}

static void roff_options(FILE *out, const firn_arg *table)
{
    for (const firn_arg *a = table; a->name; a++) {
        char tag[96];
        char letter[8] = "";
        if (a->letter)
            snprintf(letter, sizeof letter, "-%c, ", a->letter);
        snprintf(tag, sizeof tag, "%s--%s%s%s", letter, a->name, a->value ? " " : "",
                 a->value ? a->value : "");
        roff_tagged(out, tag, a->help);
    }
}

static void roff_details(FILE *out, const firn_verb *v)
{
    if (!v->details)
        return;
    fputs(".PP\n.nf\n", out);
    roff(out, v->details);
    fputs("\n.fi\n", out);
}

static void roff_verb(FILE *out, const firn_verb *v)
{
    fputs(".SS firn ", out);
    roff(out, v->name);
    fputc(' ', out);
    roff(out, v->synopsis);
    fputc('\n', out);
    roff(out, v->summary);
    fputs(".\n", out);
    roff_details(out, v);
    roff_options(out, v->args);
}

static void roff_statuses(FILE *out)
{
    fputs(".SH EXIT STATUS\n", out);
    for (size_t i = 0; i < FIRN_COUNT_OF(statuses); i++)
        roff_tagged(out, (char[]){(char)('0' + statuses[i].status), '\0'}, statuses[i].meaning);
}

static void roff_variables(FILE *out)
{
    fputs(".SH ENVIRONMENT\n", out);
    for (size_t i = 0; i < FIRN_COUNT_OF(variables); i++)
        roff_tagged(out, variables[i].name, variables[i].meaning);
}

static firn_code roff_project(FILE *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(1 << 20);
    size_t count;
    const firn_option_section *sections = firn_project_tables(&count);
    for (size_t i = 0; i < count; i++) {
        fputs(".SS ", out);
        roff(out, sections[i].title);
        fputc('\n', out);
        roff(out, sections[i].help);
        fputs("\n.PP\n.nf\n", out);
        text.n = 0;
        FIRN_TRY(firn_options_help(sections[i].options, 78, &text, err));
        roff(out, firn_buf_cstr(&text));
        fputs(".fi\n", out);
    }
    return FIRN_OK;
}

firn_code firn_print_man(FILE *out, firn_err *err)
{
    fprintf(out,
            ".TH FIRN 1 \"\" \"firn %s\" \"User Commands\"\n.SH NAME\nfirn \\- files become Apache "
            "Iceberg tables, tables become answers\n.SH SYNOPSIS\n.B firn\n.I VERB\n[arguments]\n"
            ".SH DESCRIPTION\nfirn lands files as Apache Iceberg tables, transforms and checks "
            "them with SQL and answers questions.\nWhat it does in a folder stands in its project "
            "file, firn.yml; load and sql work without one.\n.SH COMMANDS\n",
            FIRN_VERSION);
    for (size_t i = 0; firn_verbs[i]; i++)
        roff_verb(out, firn_verbs[i]);
    fputs(".SS Options of every verb\n", out);
    roff_options(out, firn_args_of_all);
    fputs(".SH PROJECT FILE AND MODELS\n", out);
    FIRN_TRY(roff_project(out, err));
    roff_statuses(out);
    roff_variables(out);
    return FIRN_OK;
}

firn_code firn_print_man_of(const firn_verb *v, FILE *out, firn_err *err)
{
    fputs(".TH FIRN-", out);
    for (const char *p = v->name; *p; p++)
        fputc(toupper((unsigned char)*p), out);
    fprintf(out, " 1 \"\" \"firn %s\" \"User Commands\"\n.SH NAME\nfirn-%s \\- ", FIRN_VERSION,
            v->name);
    roff(out, v->summary);
    fprintf(out, "\n.SH SYNOPSIS\n.B firn %s\n", v->name);
    roff(out, v->synopsis);
    fputs("\n.SH DESCRIPTION\n", out);
    roff(out, v->summary);
    fputs(".\n", out);
    roff_details(out, v);
    fputs(".SH OPTIONS\n", out);
    roff_options(out, v->args);
    roff_options(out, firn_args_of_all);
    roff_statuses(out);
    roff_variables(out);
    fputs(".SH SEE ALSO\n.BR firn (1)\n", out);
    return ferror(out) ? firn_raise_errno(err, errno, "cannot write the page") : FIRN_OK;
}

static firn_code write_page(const char *folder, const firn_verb *v, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF(1 << 16);
    FIRN_TRY(firn_buf_addf(&path, err, "%s/firn%s%s.1", folder, v ? "-" : "", v ? v->name : ""));
    FILE *f = fopen(firn_buf_cstr(&path), "w");
    if (!f)
        return firn_raise_errno(err, errno, "%s", firn_quotec(firn_buf_cstr(&path)).s);
    firn_code code = v ? firn_print_man_of(v, f, err) : firn_print_man(f, err);
    if (fclose(f) != 0 && code == FIRN_OK)
        code = firn_raise_errno(err, errno, "%s", firn_quotec(firn_buf_cstr(&path)).s);
    return code;
}

firn_code firn_write_man_pages(const char *folder, firn_err *err)
{
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return firn_raise_errno(err, errno, "the folder %s", firn_quotec(folder).s);
    FIRN_TRY(write_page(folder, NULL, err));
    for (size_t i = 0; firn_verbs[i]; i++)
        FIRN_TRY(write_page(folder, firn_verbs[i], err));
    return FIRN_OK;
}
