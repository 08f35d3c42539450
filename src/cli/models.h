/* SPDX-License-Identifier: Apache-2.0 */
/* models.h — the models of a command's project, with the variables of its command line. */
#ifndef FIRN_CLI_MODELS_H
#define FIRN_CLI_MODELS_H

#include "cli/common.h"
#include "pipeline/model.h"

#define FIRN_ARG_VAR                                                                               \
    {                                                                                              \
        "var", 0, "NAME=VALUE", "a variable of the models, as ${NAME}; may be given several times" \
    }

/* The variables of c->project (which may be NULL): built-in ones, `vars:`, --var.  Gives the
 * command its run id; to be called before firn_command_open. */
FIRN_NODISCARD firn_code firn_command_variables(firn_command *c, const firn_args *args,
                                                firn_variables *ret, firn_err *err);

/* Loads the models of c->project with these variables and keeps its views for firn_command_open. */
FIRN_NODISCARD firn_code firn_command_models(firn_command *c, const firn_args *args,
                                             firn_model **ret, size_t *ret_count, firn_err *err);

#endif
