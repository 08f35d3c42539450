/* SPDX-License-Identifier: Apache-2.0 */
/* examples.h — the examples that come with the program. */
#ifndef FIRN_CLI_EXAMPLES_H
#define FIRN_CLI_EXAMPLES_H

#include "cli/common.h"

/* Whether a word names an example: "accounting", "orders". */
bool firn_is_example(const char *name);
#define FIRN_EXAMPLE_WORDS "accounting or orders"

/* The path of the program that runs, links resolved, in `a`. */
FIRN_NODISCARD firn_code firn_own_path(firn_arena *a, const char **ret, firn_err *err);

/* Copies an example (without what running it left) into a folder that is made if it is not there.
 * The folder is that of the installed program, ../share/firn/examples, or of its checkout,
 * ../examples; FIRN_EXAMPLES of the environment names another one.  FIRN_E_EXISTS when the folder
 * holds a project or one of the files; nothing is overwritten. */
FIRN_NODISCARD firn_code firn_example_copy(firn_command *c, const char *name, const char *to,
                                           size_t *ret_files, firn_err *err);

#endif
