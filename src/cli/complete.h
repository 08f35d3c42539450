/* SPDX-License-Identifier: Apache-2.0 */
/* complete.h — what can stand next on a command line: from the tables of verbs and options, the
 * project and the catalog. */
#ifndef FIRN_COMPLETE_H
#define FIRN_COMPLETE_H

#include "cli/common.h"

/* Prints, one a line, what may stand for the last of the words (words[0] is the program), a tab and
 * what it is behind it; ":files" and ":folders" stand for the paths that the shell finds.  Names of
 * tables, streams and runs are looked up without the engine; what cannot be read gives none. */
void firn_complete(firn_command *c, const char *const *words, size_t count, FILE *out);

#endif
