/* SPDX-License-Identifier: Apache-2.0 */
/* firn init: a project for the files that are there, or a copy of an example. */
#include "cli/examples.h"
#include "cli/init_write.h"
#include "cli/verbs.h"

#include "base/str.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const firn_arg init_args[] = {
    FIRN_ARG_MEMORY,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

typedef struct initing {
    firn_command *c;
    const char *from;     /* as typed */
    const char *to;       /* absolute folder of the project */
    const char *to_shown; /* NULL: the current folder */
    firn_init_project project;
    firn_init_model *models;
    size_t model_count;
} initing;

/* --- what there is to read ----------------------------------------------------------------- */

/* What has a scheme is read later, and what does its work until then. */
static firn_code refuse_url(const char *url, firn_err *err)
{
    static const struct {
        const char *scheme;
        const char *advice;
    } all[] = {
        {"mongodb", "until then: mongodump --uri=…, then firn init dump"},
        {"postgres", "until then: COPY … TO 'orders.csv' WITH CSV HEADER, then firn init FOLDER"},
        {"redshift", "until then: UNLOAD … FORMAT PARQUET, then firn init FOLDER"},
        {"kafka", "until then: write the messages to files, a JSON object a line"},
        {"s3", "until then: aws s3 sync s3://… data, then firn init data"},
        {"gs", "until then: gsutil rsync gs://… data, then firn init data"},
        {"http", "until then: curl -O …, then firn init FOLDER"},
    };
    const char *advice = "firn init FOLDER reads files of this machine";
    firn_str rest = firn_str_of(url);
    firn_str scheme = firn_str_cut(&rest, ':');
    for (size_t i = 0; i < FIRN_COUNT_OF(all); i++)
        if (firn_str_starts(scheme, all[i].scheme))
            advice = all[i].advice;
    firn_raise(err, FIRN_E_UNSUPPORTED,
               "%.*s:// cannot be read yet; files and folders of this "
               "machine can",
               FIRN_STR_ARG(scheme));
    return firn_err_advise(err, "%s", advice);
}

/* --- surveying ----------------------------------------------------------------------------- */

static firn_code survey_all(initing *x, firn_found_stream *streams, size_t count, firn_err *err)
{
    firn_session *s;
    const firn_command_opt open = {.read_only = true, .keep_order = true};
    firn_args none = {.table = init_args};
    const char *empty[FIRN_COUNT_OF(init_args)] = {NULL};
    size_t troubles = 0;
    none.values = empty;
    FIRN_TRY(firn_command_open(x->c, &none, &open, err));
    firn_catch_signals(x->c->run);
    FIRN_TRY(firn_context_session(x->c->run, &s, err));
    for (size_t i = 0; i < count; i++) {
        firn_err local = {0};
        firn_init_stream *v = &x->project.streams[i];
        firn_code code =
            firn_survey_stream(x->c->run, s, &streams[i], x->c->arena, &v->survey, &local);
        if (code == FIRN_OK && v->survey.count)
            continue;
        if (code == FIRN_OK)
            firn_raise(&local, FIRN_E_NOTFOUND, "%s holds no records",
                       firn_quote(streams[i].pattern).s);
        v->trouble = firn_arena_strdup(x->c->arena, local.text);
        troubles++;
        if (troubles == count || local.code == FIRN_E_CANCELLED || !v->trouble) {
            firn_context_session_close(x->c->run, s);
            *err = local;
            return local.code;
        }
    }
    firn_context_session_close(x->c->run, s);
    return FIRN_OK;
}

static firn_code find_streams(initing *x, const char *folder, const char *only, firn_err *err)
{
    firn_found_stream *streams;
    size_t count;
    FIRN_TRY(firn_streams_find(x->c->env, firn_str_of(folder), x->c->arena, &streams, &count, err));
    for (size_t i = 0; only && i < count; i++) {
        for (size_t k = 0; k < streams[i].file_count; k++) {
            if (!firn_str_eqc(streams[i].files[k].name, only))
                continue;
            streams[0] = streams[i];
            streams[0].files = &streams[i].files[k];
            streams[0].pattern = streams[0].files->name;
            streams[0].file_count = 1;
            streams[0].bytes = streams[0].files->stat.size;
            count = 1;
            only = NULL;
            break;
        }
    }
    if (only) {
        firn_raise(err, FIRN_E_UNSUPPORTED, "it is not known what %s holds", firn_quotec(only).s);
        return firn_err_advise(err, "firn peek %s --format csv shows whether it can be read as CSV",
                               x->from);
    }
    x->project.streams = firn_arena_array(x->c->arena, count, sizeof *x->project.streams);
    x->project.count = count;
    if (!x->project.streams)
        return firn_arena_raise(x->c->arena, err);
    return survey_all(x, streams, count, err);
}

/* --- where the project goes ---------------------------------------------------------------- */

/* The absolute form of a folder that need not exist, without links and ".." in what does: only
 * from there ".." leads to the folder above. */
static firn_code physical_path(const char *folder, firn_arena *a, const char **ret, firn_err *err)
{
    char found[PATH_MAX];
    const char *path;
    FIRN_TRY(firn_path_absolute(firn_str_of(folder), a, &path, err));
    const char *head = path;
    size_t n = strlen(path);
    while (head && !realpath(head, found) && n > 1) { /* "/" is there */
        while (n > 1 && path[n - 1] != '/')
            n--;
        while (n > 1 && path[n - 1] == '/')
            n--;
        head = firn_arena_strndup(a, path, n);
    }
    if (!head)
        return firn_arena_raise(a, err);
    const char *rest = path + n;
    while (*rest == '/')
        rest++;
    bool root = strcmp(found, "/") == 0;
    *ret = firn_arena_printf(a, "%s%s%s", root ? "" : found, root || *rest ? "/" : "", rest);
    return *ret ? FIRN_OK : firn_arena_raise(a, err);
}

/* How long the folders are that two absolute paths share. */
static size_t common_length(const char *x, const char *y)
{
    size_t common = 0;
    for (size_t i = 0;; i++) {
        bool end_x = x[i] == '\0' || x[i] == '/';
        bool end_y = y[i] == '\0' || y[i] == '/';
        if (end_x && end_y)
            common = i;
        if (x[i] != y[i] || x[i] == '\0')
            return common;
    }
}

/* `to` as seen from the folder `from`, both absolute. */
static const char *relative_path(const char *from, const char *to, firn_arena *a)
{
    size_t common = common_length(from, to);
    const char *path = "";
    for (const char *p = from + common; *p; p++)
        if (*p == '/' && p[1])
            path = firn_arena_printf(a, "%s../", path ? path : "");
    const char *rest = to + common;
    while (*rest == '/')
        rest++;
    if (path && !*path && !*rest)
        return ".";
    return path ? firn_arena_printf(a, "%s%s", path, rest) : NULL;
}

static firn_code choose_names(initing *x, const char *folder, firn_err *err)
{
    const char *absolute;
    firn_str name;
    firn_str here = firn_str_of(strrchr(x->to, '/') + 1);
    FIRN_TRY(firn_path_absolute(firn_str_of(folder), x->c->arena, &absolute, err));
    x->project.path = folder[0] == '/' ? absolute : relative_path(x->to, absolute, x->c->arena);
    FIRN_TRY(firn_stream_table_name(here, x->c->arena, &name, err));
    x->project.name = name.n ? name.p : "project";
    x->project.command = firn_arena_printf(x->c->arena, "firn init %s", x->from);
    if (!x->project.path || !x->project.command)
        return firn_arena_raise(x->c->arena, err);
    return FIRN_OK;
}

static firn_code refuse_existing(initing *x, const char *name, firn_err *err)
{
    const char *path = firn_arena_printf(x->c->arena, "%s/%s", x->to, name);
    if (!path)
        return firn_arena_raise(x->c->arena, err);
    if (!firn_fs_exists(x->c->env, path))
        return FIRN_OK;
    firn_raise(err, FIRN_E_EXISTS, "there is a %s here already", name);
    return firn_err_advise(err, "nothing was written; firn check looks over the project that is "
                                "here, firn init FOLDER DIR makes one elsewhere");
}

/* --- writing ------------------------------------------------------------------------------- */

static firn_code write_file(initing *x, const char *name, firn_str text, firn_err *err)
{
    const char *path = firn_arena_printf(x->c->arena, "%s/%s", x->to, name);
    if (!path)
        return firn_arena_raise(x->c->arena, err);
    return firn_fs_replace(x->c->env, path, (firn_slice){(const uint8_t *)text.p, text.n}, err);
}

static const char *model_path(const initing *x, size_t i)
{
    return firn_arena_printf(x->c->arena, "models/curated/%.*s.sql",
                             FIRN_STR_ARG(x->models[i].name));
}

static firn_code write_all(initing *x, bool *ret_ignore, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf yml = FIRN_BUF((size_t)16 << 20);
    const char *folder = firn_arena_printf(x->c->arena, "%s/models/curated", x->to);
    const char *ignore = firn_arena_printf(x->c->arena, "%s/.gitignore", x->to);
    if (!folder || !ignore)
        return firn_arena_raise(x->c->arena, err);
    FIRN_TRY(firn_init_write(&x->project, &yml, err));
    FIRN_TRY(firn_init_models(&x->project, x->c->arena, &x->models, &x->model_count, err));
    for (size_t i = 0; i < x->model_count; i++)
        FIRN_TRY(refuse_existing(x, model_path(x, i), err));
    FIRN_TRY(firn_fs_mkdirs(x->c->env, folder, err));
    for (size_t i = 0; i < x->model_count; i++)
        FIRN_TRY(write_file(x, model_path(x, i), x->models[i].text, err));
    *ret_ignore = !firn_fs_exists(x->c->env, ignore);
    if (*ret_ignore)
        FIRN_TRY(write_file(x, ".gitignore", FIRN_STR_LIT("/lake/\n.env\n"), err));
    return write_file(x, FIRN_PROJECT_FILE, firn_buf_str(&yml), err);
}

/* --- what is said -------------------------------------------------------------------------- */

static firn_code add_row(initing *x, firn_text_table *t, const firn_init_stream *s, firn_err *err)
{
    firn_arena *a = x->c->arena;
    const firn_survey *v = &s->survey;
    char bytes[24];
    firn_human_bytes(v->stream->bytes, bytes);
    const char *files = firn_arena_printf(a, "%zu", v->stream->file_count);
    const char *cells[] = {
        firn_arena_strndup(a, v->stream->pattern.p, v->stream->pattern.n),
        firn_arena_printf(a, "raw.%.*s", FIRN_STR_ARG(v->stream->table)),
        s->trouble ? "left out" : v->format,
        files,
        bytes,
        v->id ? firn_arena_strndup(a, v->id->name.p, v->id->name.n) : "",
    };
    return firn_text_table_add(t, cells, err);
}

static firn_code print_streams(initing *x, firn_err *err)
{
    static const char *const heads[] = {"stream", "table", "format", "files", "size", "key"};
    static const bool right[] = {false, false, false, true, true, false};
    firn_print_opt opt = firn_print_defaults();
    firn_text_table *t;
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; i < x->project.count && code == FIRN_OK; i++)
        code = add_row(x, t, &x->project.streams[i], err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

static void print_questions(const initing *x)
{
    for (size_t i = 0; i < x->project.count; i++) {
        const firn_init_stream *s = &x->project.streams[i];
        if (s->trouble)
            printf("left out: %s\n", s->trouble);
        for (size_t k = 0; k < s->survey.count && !s->trouble; k++) {
            const firn_surveyed_column *c = &s->survey.columns[k];
            if (c->formats.p && memmem(c->formats.p, c->formats.n, " or ", 4))
                printf("to be said by you: %.*s of raw.%.*s is %.*s; until then it stays text\n",
                       FIRN_STR_ARG(c->name), FIRN_STR_ARG(s->survey.stream->table),
                       FIRN_STR_ARG(c->formats));
        }
    }
}

static void print_end(const initing *x, bool ignore)
{
    printf("wrote %s%s%s with %zu stream%s", x->to_shown ? x->to_shown : "", x->to_shown ? "/" : "",
           FIRN_PROJECT_FILE, x->project.count, x->project.count == 1 ? "" : "s");
    for (size_t i = 0; i < x->model_count; i++)
        printf(", %s", model_path(x, i));
    printf("%s\n", ignore ? " and .gitignore" : "");
    if (x->to_shown)
        printf("next: cd %s && firn run\n", x->to_shown);
    else
        printf("next: firn run\n");
}

/* --- the verb ------------------------------------------------------------------------------ */

static firn_code init_folder(initing *x, firn_err *err)
{
    firn_stat st;
    const char *folder = x->from;
    const char *only = NULL;
    bool ignore;
    FIRN_TRY(refuse_existing(x, FIRN_PROJECT_FILE, err));
    if (firn_fs_stat(x->c->env, x->from, &st, err) != FIRN_OK)
        return firn_err_advise(err, "firn init FOLDER wants a folder with data files; firn init "
                                    "accounting and firn init orders copy an example");
    if (st.is_file) {
        const char *slash = strrchr(x->from, '/');
        only = slash ? slash + 1 : x->from;
        folder = slash ? firn_arena_strndup(x->c->arena, x->from, (size_t)(slash - x->from)) : ".";
        if (!folder)
            return firn_arena_raise(x->c->arena, err);
        if (!*folder)
            folder = "/";
    }
    FIRN_TRY(find_streams(x, folder, only, err));
    FIRN_TRY(choose_names(x, folder, err));
    FIRN_TRY(write_all(x, &ignore, err));
    FIRN_TRY(print_streams(x, err));
    print_questions(x);
    print_end(x, ignore);
    return FIRN_OK;
}

static firn_code init_example(firn_command *c, const char *name, const char *dir, firn_err *err)
{
    size_t files;
    const char *to = dir ? dir : name;
    FIRN_TRY(firn_example_copy(c, name, to, &files, err));
    printf("copied the example %s to %s: %zu files\nnext: cd %s && firn run\n", name, to, files,
           to);
    return FIRN_OK;
}

static firn_code init(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                      firn_err *err)
{
    initing x = {.c = c, .from = args->rest_count ? args->rest[0] : "."};
    const char *dir = args->rest_count > 1 ? args->rest[1] : NULL;
    if (args->rest_count > 2) {
        firn_raise(err, FIRN_E_USAGE, "%s is one argument too many", firn_quotec(args->rest[2]).s);
        return firn_err_advise(err, "firn init FOLDER [DIR]: DIR is where the project goes");
    }
    if (firn_str_starts(firn_str_of(x.from), "file://"))
        x.from += strlen("file://");
    if (strstr(x.from, "://"))
        return refuse_url(x.from, err);
    const char *copy = firn_arena_printf(c->arena, "%s/%s", x.from, FIRN_PROJECT_FILE);
    if (!copy)
        return firn_arena_raise(c->arena, err);
    /* a folder of that name is meant, unless it is an earlier copy */
    if (firn_is_example(x.from) &&
        (!firn_fs_exists(c->env, x.from) || firn_fs_exists(c->env, copy)))
        return init_example(c, x.from, dir, err);
    FIRN_TRY(physical_path(dir ? dir : ".", c->arena, &x.to, err));
    x.to_shown = dir;
    return init_folder(&x, err);
}

static int verb_init(const firn_args *args)
{
    return firn_command_do(args, init);
}

const firn_verb firn_verb_init = {
    .name = "init",
    .synopsis = "[FOLDER|accounting|orders] [DIR]",
    .summary = "write a project for the data files of a folder, or copy an example",
    .details =
        "Looks at the files below FOLDER (default: here): those whose names differ in numbers\n"
        "only are one stream; keys, dates and the place of the records are guessed from their\n"
        "beginnings.  Writes firn.yml, models and .gitignore into DIR (default: here), and\n"
        "overwrites nothing.  The project runs as it is.\n"
        "\n"
        "  firn init data\n"
        "  firn init data my-project\n"
        "  firn init orders              # a copy of the example, in ./orders",
    .args = init_args,
    .run = verb_init,
};
