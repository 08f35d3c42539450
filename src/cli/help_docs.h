/* SPDX-License-Identifier: Apache-2.0 */
/* help_docs.h — everything `firn help` knows, in one piece and in other forms. */
#ifndef FIRN_HELP_DOCS_H
#define FIRN_HELP_DOCS_H

#include "cli/verbs.h"

#include <stdio.h>

/* The keys of the project file and of a model's header, `width` columns wide. */
FIRN_NODISCARD firn_code firn_print_project_help(FILE *out, unsigned width, firn_err *err);

/* What an exit status means, in a line. */
const char *firn_exit_meaning(int status);

/* docs/CONFIGURATION.md. */
FIRN_NODISCARD firn_code firn_print_markdown(FILE *out, firn_err *err);

/* The manual pages, for man(7): of everything, firn(1), and of one verb, firn-VERB(1). */
FIRN_NODISCARD firn_code firn_print_man(FILE *out, firn_err *err);
FIRN_NODISCARD firn_code firn_print_man_of(const firn_verb *v, FILE *out, firn_err *err);

/* Writes all of them into a folder that is there. */
FIRN_NODISCARD firn_code firn_write_man_pages(const char *folder, firn_err *err);

#endif
