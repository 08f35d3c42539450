/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/models.h"

#include "base/str.h"

firn_code firn_command_variables(firn_command *c, const firn_args *args, firn_variables *ret,
                                 firn_err *err)
{
    firn_variables vars = {.a = c->arena};
    if (!c->run_id[0]) {
        FIRN_TRY(firn_run_names_new(firn_env_io(c->env), &c->names, err));
        firn_run_names_next(&c->names, c->run_id);
    }
    FIRN_TRY(
        firn_variables_add_built_in(&vars, firn_env_now_us(c->env), firn_str_of(c->run_id), err));
    if (c->project)
        FIRN_TRY(firn_variables_add_conf(&vars, c->project->vars, false, err));
    size_t at = 0;
    for (const char *word; (word = firn_args_next(args, "var", &at)) != NULL;)
        FIRN_TRY(firn_variables_add_word(&vars, word, err));
    *ret = vars;
    return FIRN_OK;
}

firn_code firn_command_models(firn_command *c, const firn_args *args, firn_model **ret,
                              size_t *ret_count, firn_err *err)
{
    firn_variables vars;
    FIRN_TRY(firn_command_variables(c, args, &vars, err));
    FIRN_TRY(firn_models_load(c->env, c->project, &vars, c->arena, ret, ret_count, err));
    return firn_model_views(*ret, *ret_count, c->arena, &c->views, &c->view_count, err);
}
