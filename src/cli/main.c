/* SPDX-License-Identifier: Apache-2.0 */
/* The program: finds the verb and hands the rest of the command line to it. */
#include "cli/verbs.h"

#include "base/errprint.h"
#include "base/log.h"
#include "base/str.h"
#include "env/fail.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const firn_verb *const firn_verbs[] = {
    &firn_verb_init,     &firn_verb_load,
    &firn_verb_check,    &firn_verb_run,
    &firn_verb_sql,      &firn_verb_tables,
    &firn_verb_show,     &firn_verb_history,
    &firn_verb_diff,     &firn_verb_alter,
    &firn_verb_register, &firn_verb_version,
    &firn_verb_help,     NULL,
};

static const firn_verb *find_verb(const char *name)
{
    static const struct {
        const char *flag;
        const char *verb;
    } flags[] = {{"--help", "help"}, {"-h", "help"}, {"--version", "version"}, {"-V", "version"}};
    for (size_t i = 0; i < FIRN_COUNT_OF(flags); i++)
        if (strcmp(name, flags[i].flag) == 0)
            name = flags[i].verb;
    for (size_t i = 0; firn_verbs[i]; i++)
        if (strcmp(name, firn_verbs[i]->name) == 0)
            return firn_verbs[i];
    return NULL;
}

static int unknown_verb(const char *name)
{
    firn_err err = {0};
    firn_str names[32];
    size_t n = 0;
    for (; firn_verbs[n]; n++)
        names[n] = firn_str_of(firn_verbs[n]->name);
    firn_raise(&err, FIRN_E_USAGE, "there is no verb %s", firn_quotec(name).s);
    int near = firn_str_nearest(firn_str_of(name), names, n);
    if (near >= 0)
        firn_err_advise(&err, "did you mean firn %s?", firn_verbs[near]->name);
    else
        firn_err_advise(&err, "`firn help` lists the verbs");
    return firn_command_fail(&err);
}

static int run_verb(const firn_verb *v, int argc, char **argv)
{
    firn_err err = {0};
    firn_args args;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("the command line", 0);
    firn_code code =
        a ? firn_args_parse(v->args, argc, argv, a, &args, &err) : firn_raise_nomem(&err);
    if (code != FIRN_OK) {
        if (!err.advice[0])
            firn_err_advise(&err, "`firn help %s` shows what it takes", v->name);
        return firn_command_fail(&err);
    }
    if (firn_args_has(&args, "help")) {
        firn_print_verb_help(v);
        return 0;
    }
    return v->run(&args);
}

static void list_failpoints(void)
{
    for (size_t i = 0; firn_fail_names[i]; i++)
        puts(firn_fail_names[i]);
}

int main(int argc, char **argv)
{
    /* widths of characters; numbers and dates stay those of the C locale */
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    firn_fail_memory();
    const char *log = getenv("FIRN_LOG");
    if (log && strcmp(log, "debug") == 0)
        firn_log_set_level(FIRN_LOG_DEBUG);
    if (argc < 2)
        return run_verb(&firn_verb_help, 0, argv);
    if (strcmp(argv[1], "--list-failpoints") == 0) {
        list_failpoints();
        return 0;
    }
    const firn_verb *v = find_verb(argv[1]);
    return v ? run_verb(v, argc - 2, argv + 2) : unknown_verb(argv[1]);
}
