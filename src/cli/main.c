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
    &firn_verb_init,    &firn_verb_demo,     &firn_verb_peek,
    &firn_verb_load,    &firn_verb_check,    &firn_verb_plan,
    &firn_verb_run,     &firn_verb_test,     &firn_verb_graph,
    &firn_verb_sql,     &firn_verb_tables,   &firn_verb_show,
    &firn_verb_history, &firn_verb_status,   &firn_verb_diff,
    &firn_verb_alter,   &firn_verb_register, &firn_verb_completion,
    &firn_verb_version, &firn_verb_help,     NULL,
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

/* Options of every verb: taken out of the command line.  What --color asks for is handed on as the
 * variables of the environment that programs agree on. */
static firn_code take_common(int *argc, char **argv, firn_err *err)
{
    int n = 1;
    bool options = true;
    for (int i = 1; i < *argc; i++) {
        firn_str rest = firn_str_of(argv[i]);
        firn_str name = firn_str_cut(&rest, '=');
        options = options && strcmp(argv[i], "--") != 0;
        if (!options || (!firn_str_eqc(name, "--color") && !firn_str_eqc(name, "--colour"))) {
            argv[n++] = argv[i];
            continue;
        }
        const char *when = rest.p ? rest.p : i + 1 < *argc ? argv[++i] : "";
        if (strcmp(when, "always") == 0) {
            setenv("CLICOLOR_FORCE", "1", 1);
            unsetenv("NO_COLOR");
        } else if (strcmp(when, "never") == 0) {
            setenv("NO_COLOR", "1", 1);
        } else if (strcmp(when, "auto") != 0) {
            firn_raise(err, FIRN_E_USAGE, "--color takes auto, always or never, not %s",
                       firn_quotec(when).s);
            return firn_err_advise(err, "for example --color never");
        }
    }
    argv[n] = NULL;
    *argc = n;
    return FIRN_OK;
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
    firn_err err = {0};
    if (take_common(&argc, argv, &err) != FIRN_OK)
        return firn_command_fail(&err);
    if (argc < 2)
        return run_verb(&firn_verb_help, 0, argv);
    if (strcmp(argv[1], "--list-failpoints") == 0) {
        list_failpoints();
        return 0;
    }
    const firn_verb *v = find_verb(argv[1]);
    return v ? run_verb(v, argc - 2, argv + 2) : unknown_verb(argv[1]);
}
