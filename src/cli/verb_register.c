/* SPDX-License-Identifier: Apache-2.0 */
/* firn register: a table that exists becomes one of the catalog. */
#include "cli/verbs.h"

#include "base/str.h"
#include "pipeline/register.h"

#include <inttypes.h>
#include <string.h>

static const firn_arg register_args[] = {
    FIRN_ARG_PROJECT,
    {"replace", 0, NULL, "let a name that is taken stand for this table from now on"},
    FIRN_ARG_QUIET,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

/* The words behind the verb: [WAREHOUSE] NAME PLACE. */
typedef struct words {
    const char *warehouse; /* NULL: the project's */
    const char *name;
    const char *place;
} words;

static firn_code read_words(const firn_args *args, words *ret, firn_err *err)
{
    size_t n = args->rest_count;
    if (n < 2 || n > 3) {
        firn_raise(err, FIRN_E_USAGE,
                   n < 2 ? "register wants a name and the table's place"
                         : "there are words too many");
        return firn_err_advise(err, "firn register raw.orders /data/orders, with a warehouse "
                                    "before the name where there is no project");
    }
    ret->warehouse = n == 3 ? args->rest[0] : NULL;
    ret->name = args->rest[n - 2];
    ret->place = args->rest[n - 1];
    return FIRN_OK;
}

/* lake.raw.orders, where lake is the catalog */
static firn_code read_name(const firn_command *c, const char *name, firn_ident *ret, firn_err *err)
{
    firn_str text = firn_str_of(name);
    firn_str rest = text;
    firn_str first = firn_str_cut(&rest, '.');
    bool catalog =
        rest.p && memchr(rest.p, '.', rest.n) && firn_str_eq(first, c->run->catalog->name);
    return firn_ident_parse(catalog ? rest : text, c->arena, ret, err);
}

static void say(const firn_registered *t, firn_ident ident)
{
    const firn_snapshot *s = firn_metadata_current(t->metadata);
    uint64_t rows = 0;
    char text[32];
    if (s)
        firn_str_u64(firn_snapshot_summary(s, "total-records"), &rows);
    firn_human_count(rows, text);
    printf("%s %.*s.%.*s: %s row%s, metadata %.*s\n", t->replaced ? "replaced" : "registered",
           FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name), text, rows == 1 ? "" : "s",
           FIRN_STR_ARG(t->location));
}

static firn_code run_register(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                              firn_err *err)
{
    words w = {0};
    firn_registered t;
    firn_register_conf conf = {.replace = firn_args_has(args, "replace")};
    const firn_command_opt opt = {.read_only = false};
    FIRN_TRY(read_words(args, &w, err));
    if (w.warehouse)
        FIRN_TRY(firn_project_bare(c->env, FIRN_STR_LIT("lake"), firn_str_of(w.warehouse), c->arena,
                                   &c->project, err));
    else
        FIRN_TRY(firn_command_project(c, args, err));
    FIRN_TRY(firn_command_open(c, args, &opt, err));
    FIRN_TRY(read_name(c, w.name, &conf.ident, err));
    conf.where = firn_str_of(w.place);
    FIRN_TRY(firn_register(c->run, &conf, c->arena, &t, err));
    if (!firn_args_has(args, "quiet"))
        say(&t, conf.ident);
    return FIRN_OK;
}

static int verb_register(const firn_args *args)
{
    return firn_command_do(args, run_register);
}

const firn_verb firn_verb_register = {
    .name = "register",
    .synopsis = "[WAREHOUSE] TABLE FOLDER|METADATA [options]",
    .summary = "add a table that exists to the catalog",
    .details =
        "The table stays where it is and as it is; from now on the catalog says what its current\n"
        "state is.  Give its folder (the newest metadata is taken) or a metadata file.  Whoever\n"
        "wrote it before must write through this catalog too, or no more.\n"
        "\n"
        "  firn register raw.orders /data/warehouse/orders\n"
        "  firn register ./lake raw.orders /data/orders/metadata/00012-5c1e.metadata.json",
    .args = register_args,
    .run = verb_register,
};
