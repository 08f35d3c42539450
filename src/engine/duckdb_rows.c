/* SPDX-License-Identifier: Apache-2.0 */
/* firn_rows(id): rows of a firn_row_source as a table function.  Each thread of the engine has a
 * worker of its own, which writes straight into the engine's vectors. */
#include "engine/duckdb_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* One place where a statement reads a source. */
typedef struct reading {
    firn_duckdb_source *slot;
    uint64_t session; /* number of the session */
} reading;

/* One thread's state. */
typedef struct worker {
    firn_duckdb_source *slot;
    uint64_t session;
    void *impl;
    firn_arena *arena;
    firn_column root;
} worker;

/* Keeps the first error of a source's workers: of several that fail at once the engine may say
 * only that the others interrupted one. */
static void keep_error(worker *w, const firn_err *err)
{
    firn_duckdb_source *slot = w->slot;
    pthread_mutex_lock(&slot->lock);
    if (slot->err.code == FIRN_OK) {
        slot->err = *err;
        slot->failed_session = w->session;
    }
    pthread_mutex_unlock(&slot->lock);
}

static firn_duckdb_source *slot_of(firn_engine *e, int64_t id)
{
    if (id < 0 || id >= MAX_SOURCES)
        return NULL;
    pthread_mutex_lock(&e->lock);
    firn_duckdb_source *slot = e->sources[id].used ? &e->sources[id] : NULL;
    pthread_mutex_unlock(&e->lock);
    return slot;
}

/* A source whose records were all rejected has no columns; the engine wants one at least. */
static void add_dummy_column(duckdb_bind_info info)
{
    duckdb_logical_type t = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    duckdb_bind_add_result_column(info, "firn_no_columns", t);
    duckdb_destroy_logical_type(&t);
}

static void fill_dummy_column(duckdb_data_chunk chunk, size_t rows)
{
    memset(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)), 0, rows * sizeof(bool));
}

static void bind(duckdb_bind_info info)
{
    firn_engine *e = duckdb_bind_get_extra_info(info);
    duckdb_value value = duckdb_bind_get_parameter(info, 0);
    int64_t id = duckdb_is_null_value(value) ? -1 : duckdb_get_int64(value);
    firn_duckdb_source *slot = slot_of(e, id);
    duckdb_destroy_value(&value);
    if (!slot) {
        duckdb_bind_set_error(info, "firn_rows: no such source");
        return;
    }
    const firn_type *type = slot->source.type;
    for (size_t i = 0; i < type->field_count; i++) {
        duckdb_logical_type t = firn_duckdb_type(&type->fields[i].type);
        if (!t) {
            duckdb_bind_set_error(info, "firn_rows: a type that the engine cannot write");
            return;
        }
        duckdb_bind_add_result_column(info, type->fields[i].name.p, t);
        duckdb_destroy_logical_type(&t);
    }
    if (type->field_count == 0)
        add_dummy_column(info);
    reading *r = firn_mem_alloc(sizeof *r);
    if (!r) {
        duckdb_bind_set_error(info, "out of memory");
        return;
    }
    duckdb_client_context context;
    duckdb_table_function_get_client_context(info, &context);
    *r = (reading){slot, duckdb_client_context_get_connection_id(context)};
    duckdb_destroy_client_context(&context);
    duckdb_bind_set_bind_data(info, r, firn_mem_free);
}

static void init(duckdb_init_info info)
{
    const reading *r = duckdb_init_get_bind_data(info);
    duckdb_init_set_max_threads(info, r->slot->source.threads);
}

static void close_worker(void *p)
{
    worker *w = p;
    if (w->impl)
        w->slot->source.close_worker(w->impl);
    firn_arena_free(w->arena);
    firn_mem_free(w);
}

static firn_code open_worker(worker *w, firn_err *err)
{
    w->arena = firn_arena_new("a worker of the engine", 0);
    if (!w->arena)
        return firn_raise_nomem(err);
    FIRN_TRY(firn_duckdb_columns(w->slot->source.type, w->arena, &w->root, err));
    return w->slot->source.open_worker(w->slot->source.arg, &w->impl, err);
}

static void init_local(duckdb_init_info info)
{
    const reading *r = duckdb_init_get_bind_data(info);
    firn_err err = {0};
    worker *w = firn_mem_alloc(sizeof *w);
    if (!w) {
        duckdb_init_set_error(info, "out of memory");
        return;
    }
    *w = (worker){.slot = r->slot, .session = r->session};
    if (open_worker(w, &err) != FIRN_OK) {
        keep_error(w, &err);
        duckdb_init_set_error(info, err.text);
        close_worker(w);
        return;
    }
    duckdb_init_set_init_data(info, w, close_worker);
}

static void produce(duckdb_function_info info, duckdb_data_chunk chunk)
{
    worker *w = duckdb_function_get_local_init_data(info);
    firn_err err = {0};
    size_t rows = 0;
    size_t max = duckdb_vector_size();
    firn_duckdb_attach(&w->root, chunk, max);
    if (w->slot->source.fill(w->impl, &w->root, max, &rows, &err) != FIRN_OK) {
        keep_error(w, &err);
        duckdb_function_set_error(info, err.text);
        return;
    }
    firn_assert(rows <= max);
    firn_duckdb_finish(&w->root);
    if (w->root.child_count == 0)
        fill_dummy_column(chunk, rows);
    duckdb_data_chunk_set_size(chunk, rows);
}

firn_code firn_duckdb_register_rows(firn_engine *e, firn_err *err)
{
    duckdb_table_function f = duckdb_create_table_function();
    duckdb_logical_type id = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_table_function_set_name(f, "firn_rows");
    duckdb_table_function_add_parameter(f, id);
    duckdb_table_function_set_extra_info(f, e, NULL);
    duckdb_table_function_set_bind(f, bind);
    duckdb_table_function_set_init(f, init);
    duckdb_table_function_set_local_init(f, init_local);
    duckdb_table_function_set_function(f, produce);
    duckdb_state state = duckdb_register_table_function(e->setup.con, f);
    duckdb_destroy_logical_type(&id);
    duckdb_destroy_table_function(&f);
    return state == DuckDBSuccess ? FIRN_OK : firn_raise_nomem(err);
}

uint64_t firn_duckdb_number(duckdb_connection con)
{
    duckdb_client_context context;
    duckdb_connection_get_client_context(con, &context);
    uint64_t number = duckdb_client_context_get_connection_id(context);
    duckdb_destroy_client_context(&context);
    return number;
}

firn_code firn_duckdb_take_error(firn_engine *e, uint64_t session, firn_err *err)
{
    firn_code code = FIRN_OK;
    for (size_t i = 0; i < MAX_SOURCES; i++) {
        firn_duckdb_source *slot = &e->sources[i];
        pthread_mutex_lock(&slot->lock);
        if (slot->err.code != FIRN_OK && slot->failed_session == session) {
            if (code == FIRN_OK && err)
                *err = slot->err;
            code = slot->err.code;
            slot->err.code = FIRN_OK;
        }
        pthread_mutex_unlock(&slot->lock);
    }
    return code;
}
