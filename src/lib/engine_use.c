/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/engine_use.h"

#include <unistd.h>

#define DEFAULT_MEMORY ((uint64_t)1 << 30)
#define MAX_THREADS    8

firn_code firn_lib_engine_options(const firn_engine_options *given, firn_engine_options *ret,
                                  firn_err *err)
{
    FIRN_TRY(firn_lib_take(ret, sizeof *ret, given, "firn_engine_options", err));
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (ret->threads == 0)
        ret->threads = (uint32_t)FIRN_MAX(FIRN_MIN(processors, MAX_THREADS), 1);
    if (ret->memory_bytes == 0)
        ret->memory_bytes = DEFAULT_MEMORY;
    if (ret->scratch_folder && ret->scratch_folder[0] != '/')
        return firn_raise(err, FIRN_E_INVAL, "the scratch folder %s is not absolute",
                          firn_quotec(ret->scratch_folder).s);
    return FIRN_OK;
}

firn_code firn_lib_engine_open(const firn_engine_options *options, const char *scratch,
                               firn_lib_engine *ret, firn_err *err)
{
    const firn_engine_conf conf = {.memory_bytes = options->memory_bytes,
                                   .threads = options->threads,
                                   .scratch = scratch,
                                   .preserve_order = true};
    FIRN_TRY(firn_engine_load(&ret->ops, err));
    FIRN_TRY(ret->ops->open(&conf, &ret->engine, err));
    return ret->ops->session(ret->engine, &ret->session, err);
}

void firn_lib_engine_close(firn_lib_engine *e)
{
    if (e->session)
        e->ops->session_close(e->session);
    if (e->engine)
        e->ops->close(e->engine);
    e->session = NULL;
    e->engine = NULL;
}

bool firn_lib_names_clash(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        for (size_t k = 0; k < i; k++)
            if (firn_str_ieq(t->fields[i].name, t->fields[k].name))
                return true;
    return false;
}
