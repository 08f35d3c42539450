/* SPDX-License-Identifier: Apache-2.0 */
/* vars.h — variables of models: ${name} in a statement, `vars:` in the project file, --var.
 *
 * (interpolate.h is another thing: environment variables in the project file.)
 *
 * In quotes, single or double, a variable is its text, with quotes doubled; elsewhere it is an SQL
 * literal of its type: 0.06, true, DATE '2025-01-31', TIMESTAMPTZ '…', 'text', a list as
 * ('a', 'b').  ${name:-default} takes the default, read like a value of --var, where nobody set the
 * variable; $${ in quotes stands for ${.  In comments and dollar quotes nothing is replaced.
 *
 * Built in: today (date), now (timestamptz, when the command began), run_id (text); all UTC. */
#ifndef FIRN_VARS_H
#define FIRN_VARS_H

#include "base/arena.h"
#include "base/conf.h"
#include "engine/sql_front.h"

typedef enum firn_var_kind {
    FIRN_VAR_TEXT,
    FIRN_VAR_NUMBER, /* integer, decimal or with an exponent; written as it was given */
    FIRN_VAR_BOOL,
    FIRN_VAR_DATE,
    FIRN_VAR_TIMESTAMP, /* without a zone, or with one: then a TIMESTAMPTZ */
    FIRN_VAR_NULL,
    FIRN_VAR_LIST,
} firn_var_kind;

typedef struct firn_var firn_var;
struct firn_var {
    firn_str name;
    firn_var_kind kind;
    firn_str text;         /* as in single quotes, quotes not doubled; of a list: joined by ", " */
    const firn_var *items; /* of a list */
    size_t count;
    const char *from; /* "firn.yml:12:3", "--var", "built in" */
};

/* Variables by name; later ones of the same name win. */
typedef struct firn_variables {
    firn_arena *a;
    FIRN_VEC(firn_var) list;
} firn_variables;

/* Makes a value of what was written: `plain` text may mean a number, a date, a timestamp, true,
 * false or null by its looks; quoted text is text.  Texts point into `text`. */
firn_var firn_var_of(firn_str name, firn_str text, bool plain);

/* Adds the map `vars:` of the project file (NULL: none), or of a unit test (`built_in_too`: today,
 * now and run_id may be given; a project may pin today and now).  FIRN_E_CONFIG with its place: not
 * a name, run_id, a map as a value, another type than the built-in one's. */
FIRN_NODISCARD firn_code firn_variables_add_conf(firn_variables *vars, const firn_conf *map,
                                                 bool built_in_too, firn_err *err);

/* Adds "name=value" of --var.  A value is read as a plain one of `vars:`; in single quotes it is
 * text.  today and now may be given: a model runs as of another day.  FIRN_E_USAGE. */
FIRN_NODISCARD firn_code firn_variables_add_word(firn_variables *vars, const char *word,
                                                 firn_err *err);

/* Adds today, now and run_id, to be overridden by what is added later.  `now_us`: microseconds
 * since 1970; `run_id` lives as long as the variables. */
FIRN_NODISCARD firn_code firn_variables_add_built_in(firn_variables *vars, int64_t now_us,
                                                     firn_str run_id, firn_err *err);

/* NULL: there is none of this name. */
const firn_var *firn_variables_get(const firn_variables *vars, firn_str name);

/* A statement with the values of its variables. */
typedef struct firn_filled {
    firn_str sql;
    firn_sql_shift *shifts; /* for places in messages */
    size_t shift_count;
    firn_str *used; /* names, each once */
    size_t used_count;
    bool volatile_; /* now or run_id is among them: another value each time */
} firn_filled;

/* Puts the values in.  `place` is where the statement begins.  Everything lives in `a`.
 * FIRN_E_CONFIG with the place of the variable: unknown (with the nearest name), malformed. */
FIRN_NODISCARD firn_code firn_variables_fill(const firn_variables *vars, firn_str sql,
                                             firn_place place, firn_arena *a, firn_filled *ret,
                                             firn_err *err);

#endif
