/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include "base/str.h"

#include <string.h>

const firn_arg firn_args_of_all[] = {
    {"color", 0, "auto|always|never", "colours (default: auto, on a terminal; see NO_COLOR)"},
    {NULL, 0, NULL, NULL},
};

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

static void note_given(firn_args *args, int i)
{
    args->given[args->given_count] = (size_t)i;
    args->given_values[args->given_count++] = args->values[i];
}

/* `given`: the value in the same word; .p == NULL: none, and the next word is taken. */
static firn_code set_value(firn_args *args, int i, firn_str given, int argc, char **argv, int *at,
                           firn_err *err)
{
    const firn_arg *a = &args->table[i];
    if (!a->value && given.p)
        return firn_raise(err, FIRN_E_USAGE, "--%s takes no value", a->name);
    args->values[i] = "";
    if (given.p)
        args->values[i] = given.p;
    else if (a->value && *at + 1 < argc)
        args->values[i] = argv[++*at];
    else if (a->value)
        return firn_raise(err, FIRN_E_USAGE, "--%s wants %s behind it", a->name, a->value);
    note_given(args, i);
    return FIRN_OK;
}

/* "--name" or "--name=value" */
static firn_code take_long(firn_args *args, int argc, char **argv, int *at, firn_err *err)
{
    firn_str rest = firn_str_of(argv[*at] + 2);
    firn_str name = firn_str_cut(&rest, '=');
    int i = find_long(args->table, name);
    return i < 0 ? unknown(args->table, name, err) : set_value(args, i, rest, argc, argv, at, err);
}

/* "-q", "-qt2", "-t=2", or "-t" and the word behind it */
static firn_code take_short(firn_args *args, int argc, char **argv, int *at, firn_err *err)
{
    for (const char *p = argv[*at] + 1; *p; p++) {
        int i = find_letter(args->table, *p);
        if (i < 0)
            return firn_raise(err, FIRN_E_USAGE, "unknown option -%c", *p);
        if (args->table[i].value) {
            const char *value = p[1] == '=' ? p + 2 : p + 1;
            firn_str given = p[1] ? firn_str_of(value) : (firn_str){NULL, 0};
            return set_value(args, i, given, argc, argv, at, err);
        }
        args->values[i] = "";
        note_given(args, i);
    }
    return FIRN_OK;
}

firn_code firn_args_parse(const firn_arg *table, int argc, char **argv, firn_arena *a,
                          firn_args *ret, firn_err *err)
{
    firn_args args = {.table = table};
    size_t letters = 1; /* every one of "-qvx" may be an option */
    for (int i = 0; i < argc; i++)
        letters += strlen(argv[i]) + 1;
    args.given = firn_arena_array(a, letters, sizeof *args.given);
    args.given_values = firn_arena_array(a, letters, sizeof *args.given_values);
    args.values = firn_arena_array(a, count_args(table) + 1, sizeof *args.values);
    args.rest = firn_arena_array(a, (size_t)argc + 1, sizeof *args.rest);
    if (!args.values || !args.rest || !args.given || !args.given_values)
        return firn_arena_raise(a, err);
    bool options = true;
    for (int i = 0; i < argc; i++) {
        bool option = options && argv[i][0] == '-' && argv[i][1] != '\0';
        if (option && strcmp(argv[i], "--") == 0)
            options = false;
        else if (option)
            FIRN_TRY(argv[i][1] == '-' ? take_long(&args, argc, argv, &i, err)
                                       : take_short(&args, argc, argv, &i, err));
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

const char *firn_args_next(const firn_args *args, const char *name, size_t *at)
{
    for (; *at < args->given_count; ++*at)
        if (strcmp(args->table[args->given[*at]].name, name) == 0)
            return args->given_values[(*at)++];
    return NULL;
}

firn_code firn_words_add(const char *text, firn_arena *a, firn_words *ret, firn_err *err)
{
    firn_str rest = firn_str_of(text);
    while (rest.p && rest.n) {
        firn_str word = firn_str_trim(firn_str_cut(&rest, ','));
        const char *copy = firn_arena_strndup(a, word.p, word.n);
        if (!copy || (word.n && !firn_vec_push(a, ret, copy)))
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}
