/* SPDX-License-Identifier: Apache-2.0 */
/* firn check: is the project right?  Nothing is read from sources or written. */
#include "cli/models.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "pipeline/checks.h"
#include "pipeline/lineage.h"
#include "pipeline/unit_test.h"
#include "source/files.h"

static const firn_arg check_args[] = {
    FIRN_ARG_PROJECT, FIRN_ARG_VAR, FIRN_ARG_QUIET, FIRN_ARG_HELP, {NULL, 0, NULL, NULL},
};

static firn_code check_streams(firn_command *c, firn_err *err)
{
    for (size_t i = 0; i < c->project->ingest_count; i++) {
        const firn_ingest *in = &c->project->ingest[i];
        firn_source_file *files;
        size_t count;
        if (firn_files_find(c->env, firn_str_of(in->source->path), in->stream, c->arena, &files,
                            &count, err) != FIRN_OK)
            return firn_err_place(err, in->place);
    }
    return FIRN_OK;
}

/* ", 9 unit tests"; "" if there are none. */
static const char *tests_text(const firn_unit_tests *tests, firn_arena *a)
{
    const char *text =
        tests->n ? firn_arena_printf(a, ", %zu unit test%s", tests->n, tests->n == 1 ? "" : "s")
                 : NULL;
    return text ? text : "";
}

static firn_code check(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                       firn_err *err)
{
    firn_model *models;
    size_t count;
    firn_graph graph;
    firn_unit_tests tests;
    FIRN_TRY(firn_command_project(c, args, err));
    FIRN_TRY(firn_command_models(c, args, &models, &count, err));
    FIRN_TRY(firn_graph_make(c->project, models, count, c->arena, &graph, err));
    FIRN_TRY(firn_unit_tests_load(c->env, c->project, c->arena, &tests, err));
    FIRN_TRY(firn_unit_tests_bind(&tests, &graph, err));
    FIRN_TRY(check_streams(c, err));
    const firn_command_opt opt = {.read_only = firn_fs_exists(c->env, c->project->catalog.path)};
    firn_project without = *c->project;
    if (!opt.read_only) { /* no catalog yet: nothing is created by looking */
        c->project = NULL;
        FIRN_TRY(firn_command_open(c, args, &opt, err));
        c->project = &without;
    } else {
        FIRN_TRY(firn_command_open(c, args, &opt, err));
    }
    FIRN_TRY(firn_checks_targets(c->run, &graph, err));
    FIRN_TRY(firn_lineage_check(c->run, &without, &graph, err));
    if (!firn_args_has(args, "quiet"))
        printf("%s is right: %zu stream%s, %zu model%s%s\nnext: firn run\n", without.file,
               without.ingest_count, without.ingest_count == 1 ? "" : "s", count,
               count == 1 ? "" : "s", tests_text(&tests, c->arena));
    return FIRN_OK;
}

static int verb_check(const firn_args *args)
{
    return firn_command_do(args, check);
}

const firn_verb firn_verb_check = {
    .name = "check",
    .synopsis = "[options]",
    .summary = "look whether the project file and the models are right",
    .details =
        "Reads the project file and the models, looks for the files of the streams, and has\n"
        "every statement parsed: unknown keys, unknown tables, circles and wrong SQL are told\n"
        "with file, line and column.  Nothing is landed or written.",
    .args = check_args,
    .run = verb_check,
};
