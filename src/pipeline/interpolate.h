/* SPDX-License-Identifier: Apache-2.0 */
/* interpolate.h — variables in a project file: ${VAR}, ${VAR:-default}, ${VAR:?why}.
 *
 * As in a shell, :- and :? treat an empty variable like an unset one.  $${ stands for ${.  A `$`
 * that is not followed by `{` is itself.  Variables come from the environment and from the file
 * .env beside the project file; the environment wins. */
#ifndef FIRN_INTERPOLATE_H
#define FIRN_INTERPOLATE_H

#include "base/conf.h"
#include "base/map.h"
#include "env/env.h"

typedef struct firn_vars {
    firn_map file; /* of .env: name → const firn_str * */
} firn_vars;

/* Reads .env: lines KEY=value, optionally behind `export`; '…' is literal, "…" knows \n \t \" \\
 * \$; an unquoted value ends at " #".  `path` is opened, `shown` stands in messages.  A file that
 * is not there gives no variables.  The values live in `a`.  FIRN_E_CONFIG with the line. */
FIRN_NODISCARD firn_code firn_vars_load(firn_env *env, const char *path, const char *shown,
                                        firn_arena *a, firn_vars *ret, firn_err *err);

/* Parses the text of such a file; later lines win. */
FIRN_NODISCARD firn_code firn_vars_parse(firn_str text, const char *shown, firn_arena *a,
                                         firn_vars *ret, firn_err *err);

/* Looks a variable up; false if it is not set anywhere. */
bool firn_vars_get(const firn_vars *vars, firn_str name, firn_str *ret);

/* Replaces the variables in all texts of a tree (keys may hold none), marking those texts
 * `replaced`.  vars == NULL: every ${ is refused.  New texts live in `a`. */
FIRN_NODISCARD firn_code firn_conf_replace(firn_conf *c, const firn_vars *vars, firn_arena *a,
                                           firn_err *err);

#endif
