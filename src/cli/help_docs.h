/* SPDX-License-Identifier: Apache-2.0 */
/* help_docs.h — everything `firn help` knows, in one piece and in other forms. */
#ifndef FIRN_HELP_DOCS_H
#define FIRN_HELP_DOCS_H

#include "cli/verbs.h"

#include <stdio.h>

/* The keys of the project file and of a model's header, `width` columns wide. */
FIRN_NODISCARD firn_code firn_print_project_help(FILE *out, unsigned width, firn_err *err);

/* docs/CONFIGURATION.md. */
FIRN_NODISCARD firn_code firn_print_markdown(FILE *out, firn_err *err);

/* The manual page, for man(7). */
FIRN_NODISCARD firn_code firn_print_man(FILE *out, firn_err *err);

#endif
