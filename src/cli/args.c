/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include "base/str.h"

#include <string.h>

static size_t count_args(const firn_arg *table)
{
    size_t n = 0;
    while (table[n].name)
        n++;
    return n;
}

static int find_long(const firn_arg *table, firn_str name)
{
    for (int i = 0; table[i].name; i++)
        if (firn_str_eqc(name, table[i].name))
            return i;
    return -1;
}

static int find_letter(const firn_arg *table, char c)
{
    for (int i = 0; table[i].name; i++)
        if (table[i].letter == c)
            return i;
    return -1;
}

static firn_code unknown(const firn_arg *table, firn_str name, firn_err *err)
{
    firn_str names[64];
    size_t n = FIRN_MIN(count_args(table), FIRN_COUNT_OF(names));
    for (size_t i = 0; i < n; i++)
        names[i] = firn_str_of(table[i].name);
    firn_raise(err, FIRN_E_USAGE, "unknown option --%.*s", FIRN_STR_ARG(name));
    int near = firn_str_nearest(name, names, n);
    if (near >= 0)
        return firn_err_advise(err, "did you mean --%s?", table[near].name);
    return err->code;
}

/* Takes "--name", "--name=value" or "-c" and, where needed, the word behind it. */
static firn_code take_option(firn_args *args, int argc, char **argv, int *at, firn_err *err)
{
    firn_str rest = firn_str_of(argv[*at]);
    bool is_long = firn_str_starts(rest, "--");
    rest = (firn_str){rest.p + (is_long ? 2 : 1), rest.n - (is_long ? 2 : 1)};
    firn_str name = firn_str_cut(&rest, '=');
    int i = is_long       ? find_long(args->table, name)
            : name.n == 1 ? find_letter(args->table, name.p[0])
                          : -1;
    if (i < 0)
        return unknown(args->table, name, err);
    const firn_arg *a = &args->table[i];
    if (!a->value && rest.p)
        return firn_raise(err, FIRN_E_USAGE, "--%s takes no value", a->name);
    const char *value = "";
    if (a->value && rest.p)
        value = rest.p;
    else if (a->value && *at + 1 < argc)
        value = argv[++*at];
    else if (a->value)
        return firn_raise(err, FIRN_E_USAGE, "--%s wants %s behind it", a->name, a->value);
    args->values[i] = value;
    return FIRN_OK;
}

firn_code firn_args_parse(const firn_arg *table, int argc, char **argv, firn_arena *a,
                          firn_args *ret, firn_err *err)
{
    firn_args args = {.table = table};
    args.values = firn_arena_array(a, count_args(table) + 1, sizeof *args.values);
    args.rest = firn_arena_array(a, (size_t)argc + 1, sizeof *args.rest);
    if (!args.values || !args.rest)
        return firn_arena_raise(a, err);
    bool options = true;
    for (int i = 0; i < argc; i++) {
        bool option = options && argv[i][0] == '-' && argv[i][1] != '\0';
        if (option && strcmp(argv[i], "--") == 0)
            options = false;
        else if (option)
            FIRN_TRY(take_option(&args, argc, argv, &i, err));
        else
            args.rest[args.rest_count++] = argv[i];
    }
    *ret = args;
    return FIRN_OK;
}

const char *firn_args_get(const firn_args *args, const char *name)
{
    int i = find_long(args->table, firn_str_of(name));
    return i < 0 ? NULL : args->values[i];
}
