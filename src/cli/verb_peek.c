/* SPDX-License-Identifier: Apache-2.0 */
/* firn peek: the first records of a file, a folder or a stream, as they would land. */
#include "cli/common.h"
#include "cli/screen.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "pipeline/peek.h"
#include "pipeline/records_guess.h"
#include "pipeline/streams.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE_BYTES ((uint64_t)1 << 20)
#define MAX_STREAMS  20

static const firn_arg peek_args[] = {
    FIRN_ARG_PROJECT,
    {"rows", 'n', "N", "records that are shown (default: 10)"},
    {"records", 0, "PATH", "JSON: path to the list of records, data.invoices"},
    {"format", 'f', "FORMAT", "json, csv, tsv, bson or parquet, if the names do not say it"},
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

typedef struct peeking {
    firn_command *c;
    const firn_args *args;
    firn_session *s;
    size_t rows;
    firn_print_opt print;
} peeking;

/* --- what was found out -------------------------------------------------------------------- */

static firn_code print_rows(peeking *p, const firn_peek *k, firn_err *err)
{
    const firn_engine_ops *ops = p->c->run->ops;
    firn_result *r;
    const char *sql = firn_arena_printf(p->c->arena, "SELECT * FROM %.*s LIMIT %zu",
                                        FIRN_STR_ARG(k->rows), p->rows);
    if (!sql)
        return firn_arena_raise(p->c->arena, err);
    FIRN_TRY(ops->query(p->s, firn_str_of(sql), &r, err));
    firn_code code = firn_result_print(ops, r, &p->print, stdout, NULL, err);
    ops->result_close(r);
    return code;
}

static firn_code print_columns(peeking *p, const firn_peek *k, firn_err *err)
{
    static const char *const heads[] = {"column", "type", "key in the source"};
    static const bool right[] = {false, false, false};
    firn_text_table *t;
    size_t columns = 2;
    for (size_t i = 0; i < k->layout->child_count; i++)
        if (!firn_str_eq(k->layout->children[i].key, k->layout->children[i].name))
            columns = 3;
    FIRN_TRY(firn_text_table_new(heads, columns, right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; i < k->layout->child_count && code == FIRN_OK; i++) {
        const firn_layout *c = &k->layout->children[i];
        const char *cells[] = {
            firn_arena_strndup(p->c->arena, c->name.p, c->name.n),
            firn_type_text(&k->layout->type.fields[i].type, p->c->arena),
            firn_arena_strndup(p->c->arena, c->key.p, c->key.n),
        };
        code = firn_text_table_add(t, cells, err);
    }
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &p->print, stdout, err);
    firn_text_table_free(t);
    return code;
}

static void print_head(const char *title, const firn_peek *k, size_t files)
{
    char size[24];
    firn_human_bytes(k->total_bytes, size);
    printf("%s: %s, %s", title, k->format, size);
    if (files > 1)
        printf(" in %zu files", files);
    if (k->total_rows) {
        char rows[32];
        firn_human_count(k->total_rows, rows);
        printf(", %s rows", rows);
    }
    printf("\n");
}

static void print_notes(const firn_peek *k)
{
    size_t count;
    const firn_feed_reject *r = firn_peek_rejects(k, &count);
    for (size_t i = 0; i < k->note_count; i++)
        printf("note: %.*s\n", FIRN_STR_ARG(k->notes[i].text));
    if (count)
        printf("note: %zu of these records would be rejects, the first in line %llu: %.*s%s%.*s\n",
               count, (unsigned long long)r[0].line, FIRN_STR_ARG(r[0].path),
               r[0].path.n ? ": " : "", FIRN_STR_ARG(r[0].reason));
    if (k->feed && !firn_peek_is_whole(k))
        printf("note: types as of the first MB; a landing looks at more\n");
}

/* Without a project nobody says where in a document the records are. */
static firn_code guess_records(peeking *p, const firn_source_file *files, size_t count,
                               firn_ingest *ingest, firn_err *err)
{
    firn_file_kind kind;
    if (firn_args_has(p->args, "records"))
        return FIRN_OK;
    FIRN_TRY(firn_files_kind(p->c->env, files, count, ingest->format.decoder, &kind, err));
    if (kind != FIRN_FILE_JSON)
        return FIRN_OK;
    return firn_records_guess(p->c->env, &files[0], p->c->arena, &ingest->format.opt.records, err);
}

static firn_code peek_files(peeking *p, const char *title, const firn_ingest *ingest,
                            const firn_source_file *files, size_t count, firn_err *err)
{
    const firn_peek_conf conf = {
        .ingest = ingest, .files = files, .file_count = count, .sample_bytes = SAMPLE_BYTES};
    firn_peek k;
    firn_code code = firn_peek_open(p->c->run, p->s, &conf, p->c->arena, &k, err);
    if (code == FIRN_OK) {
        print_head(title, &k, count);
        if (!k.layout)
            printf("there is no record in it that can be read; firn load says why\n");
    }
    if (code == FIRN_OK && k.layout)
        code = print_rows(p, &k, err);
    if (code == FIRN_OK && k.layout)
        code = print_columns(p, &k, err);
    if (code == FIRN_OK)
        print_notes(&k);
    firn_peek_close(&k);
    return code;
}

/* --- what was asked for -------------------------------------------------------------------- */

static firn_ingest bare_ingest(const peeking *p, firn_file_format format)
{
    const char *records = firn_args_get(p->args, "records");
    const char *word = firn_args_get(p->args, "format");
    if (records)
        format.opt.records = firn_str_of(records);
    if (word)
        format.decoder = firn_str_of(word);
    return (firn_ingest){.format = format};
}

static firn_code peek_folder(peeking *p, const char *folder, firn_err *err)
{
    firn_found_stream *streams;
    size_t count;
    FIRN_TRY(firn_streams_find(p->c->env, firn_str_of(folder), p->c->arena, &streams, &count, err));
    bool few = count > 1 && !firn_args_has(p->args, "rows");
    if (few)
        p->rows = 3;
    for (size_t i = 0; i < FIRN_MIN(count, (size_t)MAX_STREAMS); i++) {
        const char *title =
            firn_arena_strndup(p->c->arena, streams[i].pattern.p, streams[i].pattern.n);
        if (!title)
            return firn_arena_raise(p->c->arena, err);
        firn_ingest ingest = bare_ingest(p, (firn_file_format){.decoder = {"", 0}});
        FIRN_TRY(guess_records(p, streams[i].files, streams[i].file_count, &ingest, err));
        if (i)
            printf("\n");
        FIRN_TRY(peek_files(p, title, &ingest, streams[i].files, streams[i].file_count, err));
    }
    if (count > MAX_STREAMS)
        printf("\nand %zu more\n", count - MAX_STREAMS);
    printf("next: firn init %s\n", folder);
    return FIRN_OK;
}

static firn_code peek_file(peeking *p, const char *path, firn_err *err)
{
    char resolved[PATH_MAX];
    firn_source_file *files;
    size_t count;
    firn_ingest ingest = bare_ingest(p, (firn_file_format){.decoder = {"", 0}});
    if (!realpath(path, resolved))
        return firn_raise_errno(err, errno, "%s", firn_quotec(path).s);
    FIRN_TRY(firn_files_find(p->c->env, FIRN_STR_LIT("/"), firn_str_of(resolved + 1), p->c->arena,
                             &files, &count, err));
    files[0].name = firn_str_of(path);
    FIRN_TRY(guess_records(p, files, count, &ingest, err));
    FIRN_TRY(peek_files(p, path, &ingest, files, count, err));
    firn_str records = ingest.format.opt.records;
    printf("next: firn load %s --into ./lake%s%.*s\n", path, records.n ? " --records " : "",
           FIRN_STR_ARG(records));
    return FIRN_OK;
}

/* The entry that lands a stream, by the stream's name or its table's. */
static const firn_ingest *entry_of(const firn_project *p, firn_str name)
{
    for (size_t i = 0; i < p->ingest_count; i++) {
        const firn_ingest *in = &p->ingest[i];
        firn_str rest = name;
        firn_str first = firn_str_cut(&rest, '.');
        bool stream =
            rest.p && firn_str_eq(first, in->source->name) && firn_str_eq(rest, in->stream);
        bool table = name.n == in->table.ident.ns.n + 1 + in->table.ident.name.n &&
                     firn_str_ends(name, in->table.ident.name.p) &&
                     memcmp(name.p, in->table.ident.ns.p, in->table.ident.ns.n) == 0;
        if (stream || table)
            return in;
    }
    return NULL;
}

/* Whether the project makes it: models/curated/orders.sql is curated.orders. */
static bool is_model(const peeking *p, const char *word)
{
    firn_str name = firn_str_of(word);
    firn_str ns = firn_str_cut(&name, '.');
    firn_stat st;
    const char *file =
        p->c->project->models && ns.n && name.n && !strchr(word, '/')
            ? firn_arena_printf(p->c->arena, "%s/%.*s/%.*s.sql", p->c->project->models,
                                FIRN_STR_ARG(ns), FIRN_STR_ARG(name))
            : NULL;
    return file && firn_fs_stat(p->c->env, file, &st, NULL) == FIRN_OK && !st.is_dir;
}

static firn_code no_stream(peeking *p, const char *word, firn_err *err)
{
    const firn_project *project = p->c->project;
    firn_str *words = firn_arena_array(p->c->arena, project->ingest_count, sizeof *words);
    if (!words)
        return firn_arena_raise(p->c->arena, err);
    for (size_t i = 0; i < project->ingest_count; i++)
        words[i] = firn_str_of(firn_arena_printf(p->c->arena, "%.*s.%.*s",
                                                 FIRN_STR_ARG(project->ingest[i].source->name),
                                                 FIRN_STR_ARG(project->ingest[i].stream)));
    firn_raise(err, FIRN_E_NOTFOUND, "there is no file, folder or stream %s", firn_quotec(word).s);
    if (is_model(p, word))
        return firn_err_advise(err, "it is a model, a table or view: firn sql \"FROM %s LIMIT 10\"",
                               word);
    int near = firn_str_nearest(firn_str_of(word), words, project->ingest_count);
    if (near >= 0)
        return firn_err_advise(err, "did you mean firn peek %.*s?", FIRN_STR_ARG(words[near]));
    if (project->source_count)
        return firn_err_advise(err, "firn peek %.*s.FILE shows a file of the source %.*s",
                               FIRN_STR_ARG(project->sources[0].name),
                               FIRN_STR_ARG(project->sources[0].name));
    return firn_err_advise(err, "the project has no sources");
}

static firn_code peek_stream(peeking *p, const char *word, firn_err *err)
{
    firn_source_file *files;
    size_t count;
    firn_ingest bare;
    const firn_ingest *in = entry_of(p->c->project, firn_str_of(word));
    firn_str rest = firn_str_of(word);
    firn_str name = firn_str_cut(&rest, '.');
    const firn_source_conf *source = firn_project_source(p->c->project, name);
    if (!in && (!source || !rest.p))
        return no_stream(p, word, err);
    if (!in) {
        bare = bare_ingest(p, source->format);
        bare.source = source;
        bare.stream = rest;
        in = &bare;
    }
    FIRN_TRY(firn_files_find(p->c->env, firn_str_of(in->source->path), in->stream, p->c->arena,
                             &files, &count, err));
    FIRN_TRY(peek_files(p, word, in, files, count, err));
    if (in != &bare)
        printf("next: firn run %.*s.%.*s\n", FIRN_STR_ARG(in->table.ident.ns),
               FIRN_STR_ARG(in->table.ident.name));
    return FIRN_OK;
}

static firn_code refuse_url(const char *word, firn_err *err)
{
    if (!strstr(word, "://"))
        return FIRN_OK;
    firn_raise(err, FIRN_E_UNSUPPORTED, "%s cannot be read yet", firn_quotec(word).s);
    return firn_err_advise(err, "files and folders of this machine can: firn peek data/orders.csv");
}

static firn_code find_project(peeking *p, const char *word, firn_err *err)
{
    firn_err local = {0};
    firn_code code = firn_command_project(p->c, p->args, &local);
    if (code == FIRN_OK)
        return FIRN_OK;
    *err = local;
    if (local.id != FIRN_ID_NO_PROJECT || firn_args_has(p->args, "project"))
        return code;
    firn_err_clear(err);
    firn_raise(err, FIRN_E_NOTFOUND, "there is no file or folder %s", firn_quotec(word).s);
    return firn_err_advise(err, "a stream, SOURCE.STREAM, is looked up in the project of this "
                                "folder, and there is no firn.yml");
}

static firn_code read_args(peeking *p, firn_err *err)
{
    const char *rows = firn_args_get(p->args, "rows");
    int64_t n = 10;
    if (rows && (!firn_str_i64(firn_str_of(rows), &n) || n < 1 || n > 10000))
        return firn_raise(err, FIRN_E_USAGE, "--rows wants a number from 1 to 10000, not %s",
                          firn_quotec(rows).s);
    p->rows = (size_t)n;
    p->print = firn_print_defaults();
    p->print.max_rows = (size_t)n;
    p->print.format = FIRN_PRINT_BOX;
    size_t lines;
    if (!firn_screen_size(STDOUT_FILENO, &lines, &p->print.width))
        p->print.width = 0;
    if (p->args->rest_count != 1) {
        firn_raise(err, FIRN_E_USAGE,
                   p->args->rest_count ? "one file, folder or stream at a time"
                                       : "what is to be looked at?");
        return firn_err_advise(err, "firn peek data/orders.csv, firn peek data, or firn peek "
                                    "SOURCE.STREAM of the project here");
    }
    return refuse_url(p->args->rest[0], err);
}

static firn_code peek_word(peeking *p, const char *word, bool exists, bool is_dir, firn_err *err)
{
    if (!exists)
        return peek_stream(p, word, err);
    return is_dir ? peek_folder(p, word, err) : peek_file(p, word, err);
}

static firn_code run(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                     firn_err *err)
{
    peeking p = {.c = c, .args = args};
    const firn_command_opt open = {.read_only = true, .keep_order = true};
    firn_stat st = {0};
    FIRN_TRY(read_args(&p, err));
    const char *word = args->rest[0];
    bool exists = firn_fs_stat(c->env, word, &st, NULL) == FIRN_OK;
    const firn_project *project = NULL;
    if (!exists) {
        FIRN_TRY(find_project(&p, word, err));
        project = c->project;
    }
    c->project = NULL; /* its catalog need not be there */
    FIRN_TRY(firn_command_open(c, args, &open, err));
    c->project = project;
    firn_catch_signals(c->run);
    FIRN_TRY(firn_context_session(c->run, &p.s, err));
    firn_code code = peek_word(&p, word, exists, st.is_dir, err);
    firn_context_session_close(c->run, p.s);
    return code;
}

static int verb_peek(const firn_args *args)
{
    return firn_command_do(args, run);
}

const firn_verb firn_verb_peek = {
    .name = "peek",
    .synopsis = "FILE|FOLDER|SOURCE.STREAM [-n N]",
    .summary = "show the first records of files, and the columns they would have",
    .details = "Reads the beginning only, and writes nothing.  Files need no project; a stream is\n"
               "looked at with the formats and columns that the project gives it.\n"
               "\n"
               "  firn peek data/orders.csv\n"
               "  firn peek data/invoices.json --records data.invoices -n 3\n"
               "  firn peek dump/\n"
               "  firn peek drop.orders.csv",
    .args = peek_args,
    .run = verb_peek,
};
