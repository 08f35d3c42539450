/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common.h"
#include "cli/verbs.h"

#include "base/errprint.h"
#include "base/str.h"

#include <ctype.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static firn_code command_start(firn_command *c, firn_err *err)
{
    *c = (firn_command){0};
    c->arena = firn_arena_new("a command", 0);
    if (!c->arena)
        return firn_raise_nomem(err);
    return firn_env_new(&c->env, err);
}

static void command_end(firn_command *c)
{
    firn_context_close(c->run);
    firn_env_free(c->env);
    firn_arena_free(c->arena);
}

firn_code firn_command_project(firn_command *c, const firn_args *args, firn_err *err)
{
    return firn_project_load(c->env, firn_args_get(args, "project"), c->arena, &c->project, err);
}

static firn_code memory_arg(const firn_args *args, uint64_t otherwise, uint64_t *ret, firn_err *err)
{
    const char *text = firn_args_get(args, "memory");
    *ret = otherwise;
    if (!text)
        return FIRN_OK;
    if (!firn_str_bytes(firn_str_of(text), ret) || *ret < FIRN_MEMORY_MIN) {
        firn_raise(err, FIRN_E_USAGE, "--memory wants a size of at least 256MB, not %s",
                   firn_quotec(text).s);
        return firn_err_advise(err, "for example --memory 512MB");
    }
    return FIRN_OK;
}

static firn_code threads_arg(const firn_args *args, int64_t otherwise, unsigned *ret, firn_err *err)
{
    const char *text = firn_args_get(args, "threads");
    int64_t n = otherwise;
    if (text && (!firn_str_i64(firn_str_of(text), &n) || n < 1 || n > 256)) {
        firn_raise(err, FIRN_E_USAGE, "--threads wants a number from 1 to 256, not %s",
                   firn_quotec(text).s);
        return firn_err_advise(err, "for example --threads 4");
    }
    *ret = (unsigned)n;
    return FIRN_OK;
}

firn_code firn_command_conf(const firn_command *c, const firn_args *args,
                            const firn_command_opt *opt, firn_context_conf *ret, firn_err *err)
{
    firn_context_conf conf = {.read_only = opt->read_only,
                              .keep_order = opt->keep_order,
                              .on_event = opt->on_event,
                              .event_arg = opt->event_arg,
                              .names = c->run_id[0] ? &c->names : NULL,
                              .run_id = c->run_id,
                              .views = c->views,
                              .view_count = c->view_count};
    const firn_project *p = c->project;
    if (p) {
        conf.warehouse = firn_str_of(p->warehouse);
        conf.catalog_file = firn_str_of(p->catalog.path);
        if (p->file && p->file[0]) /* without a project file: whatever the catalog is called */
            conf.catalog_name = p->catalog.name;
    }
    FIRN_TRY(memory_arg(args, p ? p->memory : 0, &conf.memory_bytes, err));
    FIRN_TRY(threads_arg(args, p ? p->threads : 0, &conf.threads, err));
    *ret = conf;
    return FIRN_OK;
}

firn_code firn_command_open(firn_command *c, const firn_args *args, const firn_command_opt *opt,
                            firn_err *err)
{
    firn_context_conf conf;
    FIRN_TRY(firn_command_conf(c, args, opt, &conf, err));
    return firn_context_open(c->env, &conf, &c->run, err);
}

int firn_command_fail(const firn_err *err)
{
    fflush(stdout);
    firn_err_print(err, stderr, firn_use_colour(stderr));
    return firn_code_policy_of(err->code)->exit_status;
}

/* What a verb takes stands in its help. */
static void advise_usage(const firn_args *args, firn_err *err)
{
    for (size_t i = 0; firn_verbs[i] && err->code == FIRN_E_USAGE && !err->advice[0]; i++)
        if (firn_verbs[i]->args == args->table)
            firn_err_advise(err, "firn %s %s; `firn help %s` has examples", firn_verbs[i]->name,
                            firn_verbs[i]->synopsis, firn_verbs[i]->name);
}

int firn_command_do(const firn_args *args, firn_command_fn fn)
{
    firn_err err = {0};
    firn_command c;
    int status = 0;
    firn_code code = command_start(&c, &err);
    if (code == FIRN_OK)
        code = fn(&c, args, &status, &err);
    if (code != FIRN_OK) {
        advise_usage(args, &err);
        status = firn_command_fail(&err);
    }
    command_end(&c);
    return status;
}

firn_code firn_table_name_of(firn_str path, firn_arena *a, const char **ret, firn_err *err)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    firn_str rest = slash ? (firn_str){slash + 1, path.n - (size_t)(slash + 1 - path.p)} : path;
    firn_str stem = firn_str_cut(&rest, '.');
    char *name = firn_arena_strndup(a, stem.p, stem.n);
    if (!name)
        return firn_arena_raise(a, err);
    if (stem.n == 0)
        return firn_raise(err, FIRN_E_USAGE, "%s gives no name for a table", firn_quote(path).s);
    for (size_t i = 0; i < stem.n; i++) {
        unsigned char c = (unsigned char)name[i];
        name[i] = isalnum(c) || c >= 0x80 ? (char)tolower(c) : '_';
    }
    *ret = name;
    return FIRN_OK;
}

/* --- how output looks ---------------------------------------------------------------------- */

bool firn_use_colour(FILE *f)
{
    const char *no = getenv("NO_COLOR");
    const char *force = getenv("CLICOLOR_FORCE"); /* also what --color always sets */
    const char *term = getenv("TERM");
    if (no && *no)
        return false;
    if (force && *force && strcmp(force, "0") != 0)
        return true;
    if (term && strcmp(term, "dumb") == 0)
        return false;
    return isatty(fileno(f));
}

/* Unless the user's settings name another encoding. */
static bool use_unicode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
    }
    return true;
}

firn_print_opt firn_print_defaults(void)
{
    return (firn_print_opt){.format = FIRN_PRINT_TABLE,
                            .max_rows = 1000,
                            .unicode = use_unicode(),
                            .colour = firn_use_colour(stdout)};
}

/* --- signals ------------------------------------------------------------------------------- */

static sigset_t caught;

static void *wait_for_signals(void *arg)
{
    firn_context *run = arg;
    int signal;
    if (sigwait(&caught, &signal) != 0)
        return NULL;
    static const char text[] = "\nfirn: stopping; press Ctrl-C again to stop at once\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        return NULL;
    firn_context_cancel(run);
    if (sigwait(&caught, &signal) == 0)
        _exit(128 + signal);
    return NULL;
}

void firn_catch_signals(firn_context *run)
{
    pthread_t thread;
    sigemptyset(&caught);
    sigaddset(&caught, SIGINT);
    sigaddset(&caught, SIGTERM);
    /* threads made from now on inherit the mask: only the waiting one sees the signals */
    pthread_sigmask(SIG_BLOCK, &caught, NULL);
    if (pthread_create(&thread, NULL, wait_for_signals, run) == 0)
        pthread_detach(thread);
}
