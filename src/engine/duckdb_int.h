/* SPDX-License-Identifier: Apache-2.0 */
/* duckdb_int.h — inside the engine module: sessions, types, vectors. */
#ifndef FIRN_DUCKDB_INT_H
#define FIRN_DUCKDB_INT_H

#include "engine/engine.h"

#include <duckdb.h>

#include <pthread.h>

enum { MAX_SOURCES = 64 };

/* A registered source and the first error one of its workers raised: the engine only passes texts
 * on. */
typedef struct firn_duckdb_source {
    firn_row_source source;
    bool used;
    pthread_mutex_t lock; /* guards what follows */
    firn_err err;
    uint64_t failed_session; /* whose statement it was */
} firn_duckdb_source;

struct firn_session {
    firn_engine *engine;
    duckdb_connection con;
    uint64_t number;
};

typedef struct firn_duckdb_function firn_duckdb_function;
typedef struct firn_duckdb_files firn_duckdb_files;

struct firn_engine {
    duckdb_database db;
    firn_session setup;   /* keeps registrations alive */
    pthread_mutex_t lock; /* guards what follows */
    firn_duckdb_source sources[MAX_SOURCES];
    firn_duckdb_function *functions;
    firn_duckdb_files *files; /* newest first */
    int64_t next_files;       /* id of the next */
};

/* --- types --- */

/* Fills mapped, refuse, type, engine_type and cast of a column. */
FIRN_NODISCARD firn_code firn_duckdb_map(duckdb_logical_type t, firn_arena *a,
                                         firn_result_column *ret, firn_err *err);

/* The engine's type for a firn type; destroy with duckdb_destroy_logical_type.  NULL: out of
 * memory or not writable (fixed). */
duckdb_logical_type firn_duckdb_type(const firn_type *t);

/* --- vectors as columns --- */

/* Makes a tree of columns for a struct type, to be pointed at vectors. */
FIRN_NODISCARD firn_code firn_duckdb_columns(const firn_type *type, firn_arena *a, firn_column *ret,
                                             firn_err *err);
/* Points the tree at the vectors of a chunk, for writing or reading. */
void firn_duckdb_attach(firn_column *root, duckdb_data_chunk chunk, size_t capacity);
/* Tells the vectors how long the lists became. */
void firn_duckdb_finish(firn_column *root);

/* --- functions --- */
FIRN_NODISCARD firn_code firn_duckdb_function_add(firn_engine *e, const firn_int_function *f,
                                                  firn_err *err);
void firn_duckdb_functions_free(firn_engine *e);

/* --- files --- */
FIRN_NODISCARD firn_code firn_duckdb_register_files(firn_engine *e, firn_err *err);
FIRN_NODISCARD firn_code firn_duckdb_files_add(firn_engine *e, const firn_file_set *set,
                                               int64_t *ret_id, firn_err *err);
void firn_duckdb_files_remove(firn_engine *e, int64_t id);
void firn_duckdb_files_free(firn_engine *e);

/* --- firn_rows() --- */
FIRN_NODISCARD firn_code firn_duckdb_register_rows(firn_engine *e, firn_err *err);
/* What tells the sessions of an engine apart. */
uint64_t firn_duckdb_number(duckdb_connection con);
/* Takes the error that a source's worker left in a statement of this session and returns its code;
 * FIRN_OK: there is none. */
firn_code firn_duckdb_take_error(firn_engine *e, uint64_t session, firn_err *err);

#endif
