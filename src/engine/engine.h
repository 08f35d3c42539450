/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h — the embedded SQL engine as firn sees it: sessions, statements, columns.
 *
 * The engine itself is a module beside the program (modules/firn_engine_duckdb.so), loaded at
 * first use; this table is all that is known of it, so that a machine or a command without it pays
 * nothing.  An engine may be used by many threads, a session by one at a time (interrupt apart). */
#ifndef FIRN_ENGINE_H
#define FIRN_ENGINE_H

#include "base/column.h"
#include "base/type.h"

#define FIRN_ENGINE_ABI 3

typedef struct firn_engine firn_engine;
typedef struct firn_session firn_session;
typedef struct firn_result firn_result;

typedef struct firn_engine_conf {
    uint64_t memory_bytes; /* limit of the engine's own buffers */
    unsigned threads;
    const char *scratch; /* absolute folder for spilling; NULL: do not spill */
    bool preserve_order; /* insertion order of results and files */
    const char *httpfs;  /* absolute path of the httpfs extension to load; NULL: none */
} firn_engine_conf;

/* Rows made by firn, read by the engine as the table function firn_rows(id). */
typedef struct firn_row_source {
    const firn_type *type; /* struct: the columns */
    unsigned threads;      /* workers at most */
    void *arg;
    /* A worker serves one thread of the engine. */
    firn_code (*open_worker)(void *arg, void **ret, firn_err *err);
    /* Fills rows 0 .. *ret_rows - 1 (at most `max`) of the columns of `root`; 0 rows: no more.
     * Texts may point into memory of the worker that stays until its next call. */
    firn_code (*fill)(void *worker, firn_column *root, size_t max, size_t *ret_rows, firn_err *err);
    void (*close_worker)(void *worker);
} firn_row_source;

/* A function of one value that SQL can call; null gives null. */
typedef struct firn_int_function {
    const char *name; /* of one engine: two of the same name are the same */
    firn_type type;   /* of the value; primitive */
    int64_t arg;
    int32_t (*of)(int64_t arg, const firn_column *col, size_t row);
} firn_int_function;

/* What is known of a list of data files beside their rows, for the functions
 *   firn_file_deleted(id, file_index, file_row_number)  BOOLEAN
 *   firn_file_number(id, which, file_index)             BIGINT, null where there is none
 *   firn_file_text(id, which, file_index)               VARCHAR, the same
 * whose file_index is the engine's: the place in the list handed to read_parquet.  The functions
 * of a set are called by any thread and only with files < count. */
typedef struct firn_file_set {
    void *arg;
    size_t count;
    void (*deleted)(void *arg, const uint64_t *files, const int64_t *rows, size_t n, bool *ret);
    bool (*number)(void *arg, int32_t which, uint64_t file, int64_t *ret);
    firn_str (*text)(void *arg, int32_t which, uint64_t file); /* .p == NULL: null */
} firn_file_set;

/* What a statement is, found out without running it. */
typedef enum firn_statement_kind {
    FIRN_STATEMENT_SELECT, /* also SHOW, DESCRIBE, EXPLAIN, VALUES, FROM … */
    FIRN_STATEMENT_CHANGE, /* INSERT, UPDATE, DELETE, MERGE, CREATE, DROP, ALTER, … */
    FIRN_STATEMENT_OTHER,  /* SET, PRAGMA, LOAD, COPY, ATTACH, … */
} firn_statement_kind;

/* A column of a statement's result in the engine's own type. */
typedef struct firn_result_column {
    firn_str name;
    firn_str engine_type; /* as SQL, "STRUCT(a INTEGER)[]" */
    bool mapped;          /* firn has this type; else `type` is what it must be cast to */
    bool refuse;          /* no cast keeps all of its values: a model must say how */
    firn_type type;
    firn_str cast; /* SQL type to cast to when !mapped */
} firn_result_column;

typedef struct firn_engine_ops {
    uint32_t abi;
    const char *name;

    firn_code (*open)(const firn_engine_conf *conf, firn_engine **ret, firn_err *err);
    void (*close)(firn_engine *e);
    const char *(*version)(void);

    firn_code (*session)(firn_engine *e, firn_session **ret, firn_err *err);
    void (*session_close)(firn_session *s);
    /* Makes a running statement of the session fail with FIRN_E_CANCELLED.  Any thread. */
    void (*interrupt)(firn_session *s);
    /* Percentage done of the running statement, -1 if it cannot be told.  Any thread. */
    double (*progress)(firn_session *s);

    /* Runs statements whose results nobody wants. */
    firn_code (*exec)(firn_session *s, firn_str sql, firn_err *err);

    /* Says what one statement is and which columns it returns, without running it (a PIVOT reads
     * its table to know them). */
    firn_code (*describe)(firn_session *s, firn_str sql, firn_arena *a, firn_statement_kind *kind,
                          firn_result_column **ret, size_t *ret_count, firn_err *err);

    /* Runs one statement whose columns are all mapped (cast others to what describe says; JSON
     * and the counts of COPY are read as they are).  Rows of a SELECT are made while they are
     * read: next() may fail after some.  A session has one result at a time, to be closed before
     * the next statement and before the session. */
    firn_code (*query)(firn_session *s, firn_str sql, firn_result **ret, firn_err *err);
    const firn_type *(*result_type)(const firn_result *r); /* struct of the columns */
    /* Next rows; *ret_rows == 0: no more.  The columns live until the next call. */
    firn_code (*next)(firn_result *r, const firn_column **ret, size_t *ret_rows, firn_err *err);
    void (*result_close)(firn_result *r);

    /* Makes a source readable as firn_rows(*ret_id) in all sessions, until removed. */
    firn_code (*source_add)(firn_engine *e, const firn_row_source *source, int64_t *ret_id,
                            firn_err *err);
    void (*source_remove)(firn_engine *e, int64_t id);

    /* Makes a function callable in all sessions; one that is there already stays. */
    firn_code (*function_add)(firn_engine *e, const firn_int_function *f, firn_err *err);

    /* Makes a set usable in all sessions under *ret_id, until removed. */
    firn_code (*files_add)(firn_engine *e, const firn_file_set *set, int64_t *ret_id,
                           firn_err *err);
    void (*files_remove)(firn_engine *e, int64_t id);
} firn_engine_ops;

/* Loads the module found beside the program (or named by FIRN_ENGINE_MODULE, for unit tests); an
 * error when it is not there or of another build.  Loaded once, never unloaded.  Any thread. */
FIRN_NODISCARD firn_code firn_engine_load(const firn_engine_ops **ret, firn_err *err);

#endif
