/* SPDX-License-Identifier: Apache-2.0 */
/* firn demo: an example, copied and run before the user's eyes. */
#include "cli/examples.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "engine/sql_front.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRIPT_BYTES ((uint64_t)1 << 20)

extern char **environ;

static const firn_arg demo_args[] = {
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

typedef struct demo {
    firn_command *c;
    const char *own;    /* the program */
    const char *folder; /* of the copy, as shown */
} demo;

/* Runs firn in the folder of the demo, and says so; *ret is its exit status. */
static firn_code show(const demo *d, const char *const *args, const char *shown, int *ret,
                      firn_err *err)
{
    pid_t pid;
    int status;
    posix_spawn_file_actions_t actions;
    char *argv[8] = {(char *)(uintptr_t)d->own};
    for (size_t i = 0; args[i] && i + 2 < FIRN_COUNT_OF(argv); i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    printf("\n$ firn %s\n", shown);
    fflush(stdout);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return firn_raise_nomem(err);
    int rc = posix_spawn_file_actions_addchdir_np(&actions, d->folder);
    if (rc == 0)
        rc = posix_spawn(&pid, d->own, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc != 0)
        return firn_raise_errno(err, rc, "firn %s", shown);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return firn_raise_errno(err, errno, "firn %s", shown);
    *ret = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    return FIRN_OK;
}

/* The comment above a statement, without its dashes; *sql begins behind it. */
static firn_str cut_title(firn_str *sql)
{
    firn_str title = {"", 0};
    while (sql->n && (sql->p[0] == '-' || sql->p[0] == '\n' || sql->p[0] == ' ')) {
        firn_str line = firn_str_cut(sql, '\n');
        while (line.n && (line.p[0] == '-' || line.p[0] == ' '))
            line = (firn_str){line.p + 1, line.n - 1};
        if (line.n && title.n == 0)
            title = line;
    }
    return title;
}

/* The statements that come with the example, their comments as titles. */
static firn_code show_statements(const demo *d, firn_err *err)
{
    firn_slice text;
    firn_str *list;
    size_t count;
    int status;
    const char *file = firn_arena_printf(d->c->arena, "%s/quickstart.sql", d->folder);
    if (!file)
        return firn_arena_raise(d->c->arena, err);
    if (!firn_fs_exists(d->c->env, file))
        return FIRN_OK;
    FIRN_TRY(firn_fs_read(d->c->env, file, SCRIPT_BYTES, d->c->arena, &text, err));
    FIRN_TRY(
        firn_sql_split((firn_str){(const char *)text.p, text.n}, d->c->arena, &list, &count, err));
    for (size_t i = 0; i < count; i++) {
        firn_str text_of = list[i];
        firn_str title = cut_title(&text_of);
        const char *sql = firn_arena_strndup(d->c->arena, text_of.p, text_of.n);
        const char *shown = sql ? firn_arena_printf(d->c->arena, "sql \"%s\"", sql) : NULL;
        const char *const args[] = {"sql", "-c", sql, NULL};
        if (!shown)
            return firn_arena_raise(d->c->arena, err);
        if (title.n)
            printf("\n# %.*s", FIRN_STR_ARG(title));
        FIRN_TRY(show(d, args, shown, &status, err));
        if (status != 0)
            return firn_raise(err, FIRN_E_SQL, "a statement of the example failed");
    }
    return FIRN_OK;
}

/* The folder of the copy: here, or where one may write. */
static firn_code choose_folder(firn_command *c, const char *name, const char *said,
                               const char **ret, firn_err *err)
{
    const char *tmp = getenv("TMPDIR");
    *ret = said ? said : firn_arena_printf(c->arena, "firn-demo-%s", name);
    if (!said && access(".", W_OK) != 0)
        *ret = firn_arena_printf(c->arena, "%s/firn-demo-%s-%u", tmp && *tmp ? tmp : "/tmp", name,
                                 (unsigned)getuid());
    return *ret ? FIRN_OK : firn_arena_raise(c->arena, err);
}

/* A second demo finds the copy of the first. */
static firn_code prepare(demo *d, const char *name, const char *said, firn_err *err)
{
    size_t files;
    FIRN_TRY(firn_own_path(d->c->arena, &d->own, err));
    FIRN_TRY(choose_folder(d->c, name, said, &d->folder, err));
    const char *project = firn_arena_printf(d->c->arena, "%s/%s", d->folder, FIRN_PROJECT_FILE);
    if (!project)
        return firn_arena_raise(d->c->arena, err);
    if (!said && firn_fs_exists(d->c->env, project)) {
        printf("The example %s is in %s already; what follows goes on with it.\n", name, d->folder);
    } else {
        FIRN_TRY(firn_example_copy(d->c, name, d->folder, &files, err));
        printf("Copied the example %s (%zu files) to %s.\n", name, files, d->folder);
    }
    printf("\n$ cd %s\n", d->folder);
    return FIRN_OK;
}

static firn_code run(firn_command *c, const firn_args *args, int *ret_status, firn_err *err)
{
    demo d = {.c = c};
    const char *name = args->rest_count ? args->rest[0] : "accounting";
    const char *const run_args[] = {"run", NULL};
    if (!firn_is_example(name) || args->rest_count > 2) {
        firn_raise(err, FIRN_E_USAGE,
                   args->rest_count > 2 ? "one example and one folder at a time"
                                        : "there is no example %s",
                   firn_quotec(name).s);
        return firn_err_advise(err, "firn demo " FIRN_EXAMPLE_WORDS);
    }
    FIRN_TRY(prepare(&d, name, args->rest_count == 2 ? args->rest[1] : NULL, err));
    FIRN_TRY(show(&d, run_args, "run", ret_status, err));
    /* 3: done, with records in the rejects, which the example means to show */
    if (*ret_status != 0 && *ret_status != 3)
        return FIRN_OK;
    *ret_status = 0;
    FIRN_TRY(show_statements(&d, err));
    printf("\nThe project is %s/%s, its models are in %s/models: change them, and run again.\n"
           "next: cd %s && firn sql \"SHOW TABLES\"\n",
           d.folder, FIRN_PROJECT_FILE, d.folder, d.folder);
    return FIRN_OK;
}

static int verb_demo(const firn_args *args)
{
    return firn_command_do(args, run);
}

const firn_verb firn_verb_demo = {
    .name = "demo",
    .synopsis = "[accounting|orders] [FOLDER]",
    .summary = "run an example, command by command",
    .details = "Copies the example into a folder (default: firn-demo-NAME here), runs it and asks\n"
               "its tables, showing each command.  Without a name: accounting.\n"
               "\n"
               "  firn demo\n"
               "  firn demo orders",
    .args = demo_args,
    .run = verb_demo,
};
