/* SPDX-License-Identifier: Apache-2.0 */
/* args.h — the command line: one table of options a verb, from which parser and help are made. */
#ifndef FIRN_ARGS_H
#define FIRN_ARGS_H

#include "base/arena.h"
#include "base/err.h"

/* One option; `name` without the dashes.  Rows end with name == NULL. */
typedef struct firn_arg {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* "FILE"; NULL: a switch */
    const char *help;
} firn_arg;

/* What stood on a command line.  Values are in the order of the table. */
typedef struct firn_args {
    const firn_arg *table;
    const char **values; /* NULL: not given; a switch that was given: "" */
    const char **rest;   /* what is no option, in order */
    size_t rest_count;
    size_t *given; /* rows of the table in the order in which they stood there, … */
    const char **given_values;
    size_t given_count; /* … an option that was given twice two times */
} firn_args;

/* Parses argv[0..argc); options and the rest may be mixed, "--" ends the options, "--name=value"
 * works.  FIRN_E_USAGE names what is not understood and the nearest option. */
FIRN_NODISCARD firn_code firn_args_parse(const firn_arg *table, int argc, char **argv,
                                         firn_arena *a, firn_args *ret, firn_err *err);

/* The value of an option by name; NULL if it was not given, or the verb does not take it. */
const char *firn_args_get(const firn_args *args, const char *name);
static inline bool firn_args_has(const firn_args *args, const char *name)
{
    return firn_args_get(args, name) != NULL;
}

/* Every value of an option that may be given several times: begin with *at == 0; NULL at the end.
 */
const char *firn_args_next(const firn_args *args, const char *name, size_t *at);

typedef FIRN_VEC(const char *) firn_words;

/* Adds the words of "a, b,c" to *ret, copied to `a`. */
FIRN_NODISCARD firn_code firn_words_add(const char *text, firn_arena *a, firn_words *ret,
                                        firn_err *err);

/* The options that every verb takes and main() sees to; rows end with name == NULL. */
extern const firn_arg firn_args_of_all[];

/* One verb of the program. */
typedef struct firn_verb {
    const char *name;
    const char *synopsis; /* behind the verb: "[SELECT…] [options]" */
    const char *summary;  /* a line */
    const char *details;  /* more, with examples; may hold several lines */
    const firn_arg *args;
    /* Returns the exit status; prints its own errors. */
    int (*run)(const firn_args *args);
} firn_verb;

extern const firn_verb *const firn_verbs[]; /* in the order of the help; NULL at the end */

#endif
