/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that say what is known of a file beside its rows: which of them are deleted, numbers
 * and texts that are the same in all of them. */
#include "engine/duckdb_int.h"

#include "base/mem.h"

struct firn_duckdb_files {
    firn_duckdb_files *next;
    int64_t id;
    firn_file_set set;
};

firn_code firn_duckdb_files_add(firn_engine *e, const firn_file_set *set, int64_t *ret_id,
                                firn_err *err)
{
    firn_duckdb_files *f = firn_mem_alloc(sizeof *f);
    if (!f)
        return firn_raise_nomem(err);
    pthread_mutex_lock(&e->lock);
    *f = (firn_duckdb_files){.next = e->files, .id = e->next_files++, .set = *set};
    e->files = f;
    pthread_mutex_unlock(&e->lock);
    *ret_id = f->id;
    return FIRN_OK;
}

void firn_duckdb_files_remove(firn_engine *e, int64_t id)
{
    pthread_mutex_lock(&e->lock);
    firn_duckdb_files **at = &e->files;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    firn_duckdb_files *f = *at;
    if (f)
        *at = f->next;
    pthread_mutex_unlock(&e->lock);
    firn_mem_free(f);
}

void firn_duckdb_files_free(firn_engine *e)
{
    while (e->files)
        firn_duckdb_files_remove(e, e->files->id);
}

static bool find_set(firn_engine *e, int64_t id, firn_file_set *ret)
{
    pthread_mutex_lock(&e->lock);
    const firn_duckdb_files *f = e->files;
    while (f && f->id != id)
        f = f->next;
    if (f)
        *ret = f->set;
    pthread_mutex_unlock(&e->lock);
    return f != NULL;
}

/* --- calls --------------------------------------------------------------------------------- */

/* The values of one call. */
typedef struct call {
    firn_file_set set;
    const void *second;
    const void *third;
    size_t rows;
    uint64_t *valid; /* of the result */
    void *out;
} call;

static void *data_of(duckdb_data_chunk chunk, idx_t i)
{
    return duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, i));
}

static bool has_null(duckdb_data_chunk chunk, size_t rows)
{
    for (idx_t i = 0; i < 3; i++) {
        uint64_t *valid = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk, i));
        for (size_t k = 0; valid && k < rows; k++)
            if (!duckdb_validity_row_is_valid(valid, k))
                return true;
    }
    return false;
}

static bool in_range(const uint64_t *files, size_t rows, size_t count)
{
    for (size_t i = 0; i < rows; i++)
        if (files[i] >= count)
            return false;
    return true;
}

/* Fills the call in; false if there is nothing to do or an error was set.  The id is a constant in
 * every statement of firn's: the first one stands for all. */
static bool begin(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output,
                  int file_place, call *c)
{
    firn_engine *e = duckdb_scalar_function_get_extra_info(info);
    *c = (call){.rows = duckdb_data_chunk_get_size(input)};
    if (c->rows == 0)
        return false;
    const int64_t *ids = data_of(input, 0);
    c->second = data_of(input, 1);
    c->third = data_of(input, 2);
    if (has_null(input, c->rows) || !find_set(e, ids[0], &c->set)) {
        duckdb_scalar_function_set_error(info, "a function of firn's views called by itself");
        return false;
    }
    for (size_t i = 1; i < c->rows; i++)
        if (ids[i] != ids[0]) {
            duckdb_scalar_function_set_error(info, "files of several views in one call");
            return false;
        }
    if (!in_range(file_place == 1 ? c->second : c->third, c->rows, c->set.count)) {
        duckdb_scalar_function_set_error(info, "a file that is not in the view");
        return false;
    }
    duckdb_vector_ensure_validity_writable(output);
    c->valid = duckdb_vector_get_validity(output);
    c->out = duckdb_vector_get_data(output);
    return true;
}

static void call_deleted(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    call c;
    if (begin(info, input, output, 1, &c))
        c.set.deleted(c.set.arg, c.second, c.third, c.rows, c.out);
}

static void call_number(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    call c;
    if (!begin(info, input, output, 2, &c))
        return;
    for (size_t i = 0; i < c.rows; i++) {
        int32_t which = ((const int32_t *)c.second)[i];
        uint64_t file = ((const uint64_t *)c.third)[i];
        if (!c.set.number(c.set.arg, which, file, &((int64_t *)c.out)[i]))
            duckdb_validity_set_row_invalid(c.valid, i);
    }
}

static void call_text(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    call c;
    if (!begin(info, input, output, 2, &c))
        return;
    for (size_t i = 0; i < c.rows; i++) {
        firn_str s =
            c.set.text(c.set.arg, ((const int32_t *)c.second)[i], ((const uint64_t *)c.third)[i]);
        if (s.p)
            duckdb_vector_assign_string_element_len(output, i, s.p, s.n);
        else
            duckdb_validity_set_row_invalid(c.valid, i);
    }
}

/* --- registering --------------------------------------------------------------------------- */

typedef struct signature {
    const char *name;
    duckdb_type second;
    duckdb_type third;
    duckdb_type result;
    duckdb_scalar_function_t fn;
} signature;

static void add_parameter(duckdb_scalar_function f, duckdb_type id)
{
    duckdb_logical_type t = duckdb_create_logical_type(id);
    duckdb_scalar_function_add_parameter(f, t);
    duckdb_destroy_logical_type(&t);
}

static firn_code register_one(firn_engine *e, const signature *s, firn_err *err)
{
    duckdb_scalar_function f = duckdb_create_scalar_function();
    duckdb_logical_type result = duckdb_create_logical_type(s->result);
    duckdb_scalar_function_set_name(f, s->name);
    add_parameter(f, DUCKDB_TYPE_BIGINT);
    add_parameter(f, s->second);
    add_parameter(f, s->third);
    duckdb_scalar_function_set_return_type(f, result);
    duckdb_scalar_function_set_extra_info(f, e, NULL);
    duckdb_scalar_function_set_function(f, s->fn);
    bool ok = duckdb_register_scalar_function(e->setup.con, f) == DuckDBSuccess;
    duckdb_destroy_logical_type(&result);
    duckdb_destroy_scalar_function(&f);
    return ok ? FIRN_OK : firn_raise(err, FIRN_E_BUG, "the engine refuses %s", s->name);
}

firn_code firn_duckdb_register_files(firn_engine *e, firn_err *err)
{
    static const signature all[] = {
        {"firn_file_deleted", DUCKDB_TYPE_UBIGINT, DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BOOLEAN,
         call_deleted},
        {"firn_file_number", DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_UBIGINT, DUCKDB_TYPE_BIGINT,
         call_number},
        {"firn_file_text", DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_UBIGINT, DUCKDB_TYPE_VARCHAR,
         call_text},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(all); i++)
        FIRN_TRY(register_one(e, &all[i], err));
    return FIRN_OK;
}
