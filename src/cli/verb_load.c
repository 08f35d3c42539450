/* SPDX-License-Identifier: Apache-2.0 */
/* firn load: files into tables, without a project. */
#include "cli/common.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "source/files.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const firn_arg load_args[] = {
    {"into", 'i', "FOLDER", "warehouse; made if it is not there (default: ./lake)"},
    {"table", 0, "NS.TABLE", "one table for all files (default: raw.NAME, one a file)"},
    {"replace", 0, NULL, "replace the tables' rows instead of adding to them"},
    {"records", 0, "PATH", "JSON: path to the list of records, data.invoices"},
    FIRN_ARG_MEMORY,
    FIRN_ARG_THREADS,
    FIRN_ARG_JSON,
    FIRN_ARG_QUIET,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

static firn_code add_entry(firn_command *c, const firn_args *args, const firn_source_conf *source,
                           const char *path, firn_ingest *ret, firn_err *err)
{
    char resolved[PATH_MAX];
    const char *table = firn_args_get(args, "table");
    const char *records = firn_args_get(args, "records");
    if (!realpath(path, resolved))
        return firn_raise_errno(err, errno, "%s", firn_quotec(path).s);
    const char *stream = firn_arena_strdup(c->arena, resolved + 1); /* seen from / */
    if (!stream)
        return firn_arena_raise(c->arena, err);
    *ret = (firn_ingest){.source = source,
                         .stream = firn_str_of(stream),
                         .format = source->format,
                         .identity = FIRN_IDENTITY_PATH,
                         .write = firn_args_has(args, "replace") ? FIRN_WRITE_REPLACE
                                                                 : FIRN_WRITE_APPEND};
    if (records)
        ret->format.opt.records = firn_str_of(records);
    if (table)
        return firn_ident_parse(firn_str_of(table), c->arena, &ret->table.ident, err);
    ret->table.ident.ns = FIRN_STR_LIT("raw");
    const char *name;
    FIRN_TRY(firn_table_name_of(firn_str_of(path), c->arena, &name, err));
    ret->table.ident.name = firn_str_of(name);
    return FIRN_OK;
}

static firn_code check_into(firn_command *c, const char *into, firn_err *err)
{
    firn_stat st;
    if (!into || firn_fs_stat(c->env, into, &st, NULL) != FIRN_OK || st.is_dir)
        return FIRN_OK;
    firn_raise(err, FIRN_E_USAGE, "%s is a file, not a folder", firn_quotec(into).s);
    return firn_err_advise(err, "--into names the folder of the tables, for example --into ./lake");
}

/* Without --into nobody asked for the tables of the project here: rows that are loaded beside what
 * its streams landed would be there twice. */
static firn_code spare_project(firn_command *c, const char *into, firn_err *err)
{
    const firn_project *p;
    const char *lake;
    if (into || firn_project_load(c->env, NULL, c->arena, &p, NULL) != FIRN_OK)
        return FIRN_OK;
    FIRN_TRY(firn_path_absolute(FIRN_STR_LIT("lake"), c->arena, &lake, err));
    if (strcmp(p->warehouse, lake) != 0)
        return FIRN_OK;
    firn_raise(err, FIRN_E_USAGE, "./lake holds the tables of the project here, %s",
               firn_quotec(p->file).s);
    return firn_err_advise(err, "`firn run` lands what the project names; --into FOLDER makes "
                                "tables elsewhere, --into ./lake adds to the project's");
}

/* The shell's * also names what mongodump writes beside a dump; that is no data. */
static bool tells_of_another(const firn_args *args, size_t which)
{
    for (size_t i = 0; i < args->rest_count; i++)
        if (firn_files_tell_of(firn_str_of(args->rest[which]), firn_str_of(args->rest[i])))
            return true;
    return false;
}

/* A project as if it had been written: one source, the root of the file system, and one entry a
 * file. */
static firn_code make_project(firn_command *c, const firn_args *args, firn_err *err)
{
    const char *into = firn_args_get(args, "into");
    const firn_project *bare;
    firn_project *p = firn_arena_alloc(c->arena, sizeof *p);
    firn_source_conf *source = firn_arena_zalloc(c->arena, sizeof *source);
    firn_ingest *entries = firn_arena_array(c->arena, args->rest_count, sizeof *entries);
    if (!p || !source || !entries)
        return firn_arena_raise(c->arena, err);
    FIRN_TRY(check_into(c, into, err));
    FIRN_TRY(spare_project(c, into, err));
    FIRN_TRY(firn_project_bare(c->env, FIRN_STR_LIT("lake"), firn_str_of(into ? into : "lake"),
                               c->arena, &bare, err));
    *p = *bare;
    *source = (firn_source_conf){
        .name = FIRN_STR_LIT("load"), .type = FIRN_STR_LIT("files"), .path = "/"};
    size_t n = 0;
    for (size_t i = 0; i < args->rest_count; i++)
        if (!tells_of_another(args, i))
            FIRN_TRY(add_entry(c, args, source, args->rest[i], &entries[n++], err));
    p->sources = source;
    p->source_count = 1;
    p->ingest = entries;
    p->ingest_count = n;
    c->project = p;
    return FIRN_OK;
}

static firn_code run(firn_command *c, const firn_args *args, int *ret_status, firn_err *err)
{
    firn_graph graph;
    const char *into = firn_args_get(args, "into");
    const firn_selection all = {.ingest = true, .models = true};
    const firn_run_opt opt = {.command = firn_command_text("load", args, c->arena)};
    if (args->rest_count == 0) {
        firn_raise(err, FIRN_E_USAGE, "which files are to be loaded?");
        return firn_err_advise(err, "firn load data/*.json --into ./lake");
    }
    FIRN_TRY(make_project(c, args, err));
    FIRN_TRY(firn_graph_make(c->project, NULL, 0, c->arena, &graph, err));
    FIRN_TRY(firn_graph_select(&graph, &all, err));
    const char *sql = firn_arena_printf(c->arena, "firn sql %s", into ? into : "./lake");
    if (!sql)
        return firn_arena_raise(c->arena, err);
    return firn_run_command(c, args, &graph, &opt, sql, ret_status, err);
}

static int verb_load(const firn_args *args)
{
    return firn_command_do(args, run);
}

const firn_verb firn_verb_load = {
    .name = "load",
    .synopsis = "FILES… [--into FOLDER] [options]",
    .summary = "load files into tables, without a project",
    .details =
        "Reads JSON, CSV, TSV, BSON and Parquet, the first four also compressed (.gz, .zst).\n"
        "Each file becomes a table of its own name in the namespace raw; with --table all of\n"
        "them become one.  Types are found out.  A file that was loaded before is left out;\n"
        "one whose content changed stops the command, unless --replace is given.\n"
        "\n"
        "  firn load data/*.json --into ./lake\n"
        "  firn load 2025/*.csv.gz --into ./lake --table raw.sales\n"
        "  firn sql ./lake \"FROM raw.sales LIMIT 10\"",
    .args = load_args,
    .run = verb_load,
};
