/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of ours that SQL calls. */
#include "engine/duckdb_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

struct firn_duckdb_function {
    firn_duckdb_function *next;
    firn_int_function f;
    char name[];
};

static void call(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    const firn_duckdb_function *fn = duckdb_scalar_function_get_extra_info(info);
    duckdb_vector vector = duckdb_data_chunk_get_vector(input, 0);
    size_t rows = duckdb_data_chunk_get_size(input);
    const firn_column col = {.type = &fn->f.type,
                             .width = firn_column_width(&fn->f.type),
                             .capacity = rows,
                             .data = duckdb_vector_get_data(vector),
                             .validity = duckdb_vector_get_validity(vector)};
    int32_t *out = duckdb_vector_get_data(output);
    if (col.validity)
        duckdb_vector_ensure_validity_writable(output);
    uint64_t *valid = duckdb_vector_get_validity(output);
    for (size_t i = 0; i < rows; i++) {
        if (firn_column_is_valid(&col, i))
            out[i] = fn->f.of(fn->f.arg, &col, i);
        else
            duckdb_validity_set_row_invalid(valid, i);
    }
}

static firn_code add(firn_engine *e, firn_duckdb_function *fn, firn_err *err)
{
    duckdb_logical_type in = firn_duckdb_type(&fn->f.type);
    duckdb_logical_type out = duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
    duckdb_scalar_function s = duckdb_create_scalar_function();
    firn_code code = FIRN_OK;
    duckdb_scalar_function_set_name(s, fn->name);
    duckdb_scalar_function_add_parameter(s, in);
    duckdb_scalar_function_set_return_type(s, out);
    duckdb_scalar_function_set_extra_info(s, fn, NULL);
    duckdb_scalar_function_set_function(s, call);
    if (!in || duckdb_register_scalar_function(e->setup.con, s) != DuckDBSuccess)
        code = firn_raise(err, FIRN_E_BUG, "the engine refuses the function %s", fn->name);
    duckdb_destroy_scalar_function(&s);
    duckdb_destroy_logical_type(&out);
    if (in)
        duckdb_destroy_logical_type(&in);
    return code;
}

static bool is_there(const firn_engine *e, const char *name)
{
    for (const firn_duckdb_function *fn = e->functions; fn; fn = fn->next)
        if (strcmp(fn->name, name) == 0)
            return true;
    return false;
}

/* With the lock. */
static firn_code add_new(firn_engine *e, const firn_int_function *f, firn_err *err)
{
    if (is_there(e, f->name))
        return FIRN_OK;
    size_t bytes = strlen(f->name) + 1;
    firn_duckdb_function *fn = firn_mem_alloc(sizeof *fn + bytes);
    if (!fn)
        return firn_raise_nomem(err);
    *fn = (firn_duckdb_function){.next = e->functions, .f = *f};
    memcpy(fn->name, f->name, bytes);
    firn_code code = add(e, fn, err);
    if (code == FIRN_OK)
        e->functions = fn;
    else
        firn_mem_free(fn);
    return code;
}

firn_code firn_duckdb_function_add(firn_engine *e, const firn_int_function *f, firn_err *err)
{
    pthread_mutex_lock(&e->lock);
    firn_code code = add_new(e, f, err);
    pthread_mutex_unlock(&e->lock);
    return code;
}

void firn_duckdb_functions_free(firn_engine *e)
{
    while (e->functions) {
        firn_duckdb_function *fn = e->functions;
        e->functions = fn->next;
        firn_mem_free(fn);
    }
}
