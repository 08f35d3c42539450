/* SPDX-License-Identifier: Apache-2.0 */
/* The engine module: DuckDB behind firn_engine_ops.  Nothing else in firn calls libduckdb.
 *
 * Settings are global to an instance and made when it is opened: UTC, no extension is ever
 * installed or loaded by itself, memory and threads limited.  Who runs foreign SQL locks them
 * (SET lock_configuration = true) once its own settings are made. */
#include "engine/duckdb_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a partitioned copy; pipeline/spread.c plans for fewer. */
#define MAX_OPEN_FILES "256"

struct firn_result {
    firn_session *session;
    firn_arena *arena;
    duckdb_prepared_statement statement;
    duckdb_result result;
    duckdb_data_chunk chunk;
    firn_type type;
    firn_column root;
    bool has_result;
    bool done; /* the engine fails when asked again */
};

/* --- errors -------------------------------------------------------------------------------- */

static firn_code code_of(duckdb_error_type type)
{
    switch ((int)type) {
    case DUCKDB_ERROR_INTERRUPT:
        return FIRN_E_CANCELLED;
    case DUCKDB_ERROR_OUT_OF_MEMORY:
        return FIRN_E_NOMEM;
    case DUCKDB_ERROR_IO:
        return FIRN_E_IO;
    case DUCKDB_ERROR_INTERNAL:
    case DUCKDB_ERROR_FATAL:
        return FIRN_E_BUG;
    default:
        return FIRN_E_SQL;
    }
}

/* The kind of an error that came as a text only: it stands at the beginning. */
static duckdb_error_type type_of_text(const char *text)
{
    static const struct {
        const char *prefix;
        duckdb_error_type type;
    } kinds[] = {{"IO Error: ", DUCKDB_ERROR_IO},
                 {"Out of Memory Error: ", DUCKDB_ERROR_OUT_OF_MEMORY},
                 {"INTERRUPT Error: ", DUCKDB_ERROR_INTERRUPT},
                 {"INTERNAL Error: ", DUCKDB_ERROR_INTERNAL},
                 {"FATAL Error: ", DUCKDB_ERROR_FATAL}};
    for (size_t i = 0; i < FIRN_COUNT_OF(kinds); i++)
        if (strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return kinds[i].type;
    return DUCKDB_ERROR_INVALID;
}

/* The engine begins its messages with the kind of error and may add hints over several lines. */
static firn_code raise_text(const char *text, duckdb_error_type type, firn_err *err)
{
    if (!text)
        text = "unknown error of the engine";
    firn_code code = code_of(type == DUCKDB_ERROR_INVALID ? type_of_text(text) : type);
    if (code == FIRN_E_IO && strstr(text, "No space left"))
        code = FIRN_E_NOSPC;
    firn_raise(err, code, "%s", text);
    if (code == FIRN_E_CANCELLED)
        return firn_raise(err, code, "interrupted");
    if (code == FIRN_E_NOMEM)
        firn_err_advise(err, "give the command more memory with --memory");
    return code;
}

/* An error of our own rows comes before the engine's retelling of it. */
static firn_code fail_result(firn_session *s, duckdb_result *r, firn_err *err)
{
    firn_code code = firn_duckdb_take_error(s->engine, s->number, err);
    if (code != FIRN_OK)
        return code;
    return raise_text(duckdb_result_error(r), duckdb_result_error_type(r), err);
}

/* --- opening ------------------------------------------------------------------------------- */

static firn_code set(duckdb_config c, const char *key, const char *value, firn_err *err)
{
    if (duckdb_set_config(c, key, value) == DuckDBSuccess)
        return FIRN_OK;
    return firn_raise(err, FIRN_E_BUG, "the engine refuses the setting %s=%s", key, value);
}

static firn_code configure(duckdb_config c, const firn_engine_conf *conf, firn_err *err)
{
    char number[32];
    snprintf(number, sizeof number, "%lluB", (unsigned long long)conf->memory_bytes);
    FIRN_TRY(set(c, "memory_limit", number, err));
    snprintf(number, sizeof number, "%u", conf->threads);
    FIRN_TRY(set(c, "threads", number, err));
    FIRN_TRY(set(c, "autoinstall_known_extensions", "false", err));
    FIRN_TRY(set(c, "autoload_known_extensions", "false", err));
    FIRN_TRY(set(c, "partitioned_write_max_open_files", MAX_OPEN_FILES, err));
    FIRN_TRY(set(c, "preserve_insertion_order", conf->preserve_order ? "true" : "false", err));
    return set(c, "temp_directory", conf->scratch ? conf->scratch : "", err);
}

static firn_code run(firn_session *s, const char *sql, firn_err *err)
{
    duckdb_result r;
    firn_code code = FIRN_OK;
    firn_duckdb_take_error(s->engine, s->number, NULL); /* of a statement that did not need it */
    if (duckdb_query(s->con, sql, &r) != DuckDBSuccess)
        code = fail_result(s, &r, err);
    duckdb_destroy_result(&r);
    return code;
}

static firn_code open_database(firn_engine *e, const firn_engine_conf *conf, firn_err *err)
{
    duckdb_config c;
    char *text = NULL;
    if (duckdb_create_config(&c) != DuckDBSuccess)
        return firn_raise_nomem(err);
    firn_code code = configure(c, conf, err);
    if (code == FIRN_OK && duckdb_open_ext(NULL, &e->db, c, &text) != DuckDBSuccess)
        code = firn_raise(err, FIRN_E_IO, "the engine does not start: %s", text ? text : "");
    duckdb_free(text);
    duckdb_destroy_config(&c);
    FIRN_TRY(code);
    if (duckdb_connect(e->db, &e->setup.con) != DuckDBSuccess)
        return firn_raise_nomem(err);
    e->setup.engine = e;
    e->setup.number = firn_duckdb_number(e->setup.con);
    /* the setting belongs to an extension that is not there before the instance is */
    FIRN_TRY(run(&e->setup, "SET GLOBAL TimeZone = 'UTC'", err));
    FIRN_TRY(firn_duckdb_register_files(e, err));
    return firn_duckdb_register_rows(e, err);
}

static firn_code load_httpfs(firn_engine *e, const char *path, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_BUF(8192);
    FIRN_TRY(firn_buf_adds(&sql, "LOAD '", err));
    for (const char *p = path; *p; p++)
        FIRN_TRY(*p == '\'' ? firn_buf_adds(&sql, "''", err) : firn_buf_addc(&sql, *p, err));
    FIRN_TRY(firn_buf_addc(&sql, '\'', err));
    return run(&e->setup, firn_buf_cstr(&sql), err);
}

static void engine_close(firn_engine *e)
{
    duckdb_disconnect(&e->setup.con);
    duckdb_close(&e->db);
    firn_duckdb_functions_free(e);
    firn_duckdb_files_free(e);
    for (size_t i = 0; i < MAX_SOURCES; i++)
        pthread_mutex_destroy(&e->sources[i].lock);
    pthread_mutex_destroy(&e->lock);
    firn_mem_free(e);
}

static firn_code engine_open(const firn_engine_conf *conf, firn_engine **ret, firn_err *err)
{
    firn_engine *e = firn_mem_alloc(sizeof *e);
    if (!e)
        return firn_raise_nomem(err);
    memset(e, 0, sizeof *e);
    pthread_mutex_init(&e->lock, NULL);
    for (size_t i = 0; i < MAX_SOURCES; i++)
        pthread_mutex_init(&e->sources[i].lock, NULL);
    firn_code code = open_database(e, conf, err);
    if (code == FIRN_OK && conf->httpfs)
        code = load_httpfs(e, conf->httpfs, err);
    if (code != FIRN_OK) {
        engine_close(e);
        return code;
    }
    *ret = e;
    return FIRN_OK;
}

static const char *engine_version(void)
{
    return duckdb_library_version();
}

/* --- sessions ------------------------------------------------------------------------------ */

static firn_code session_open(firn_engine *e, firn_session **ret, firn_err *err)
{
    firn_session *s = firn_mem_alloc(sizeof *s);
    if (!s)
        return firn_raise_nomem(err);
    *s = (firn_session){.engine = e};
    if (duckdb_connect(e->db, &s->con) != DuckDBSuccess) {
        firn_mem_free(s);
        return firn_raise_nomem(err);
    }
    s->number = firn_duckdb_number(s->con);
    /* so that it can be asked how far a statement is; it says nothing by itself */
    (void)run(s, "PRAGMA disable_print_progress_bar", NULL);
    (void)run(s, "PRAGMA enable_progress_bar", NULL);
    *ret = s;
    return FIRN_OK;
}

static void session_close(firn_session *s)
{
    if (!s)
        return;
    duckdb_disconnect(&s->con);
    firn_mem_free(s);
}

static void session_interrupt(firn_session *s)
{
    duckdb_interrupt(s->con);
}

static double session_progress(firn_session *s)
{
    return duckdb_query_progress(s->con).percentage;
}

/* A NUL-terminated copy of a statement. */
static firn_code terminated(firn_str sql, firn_buf *out, firn_err *err)
{
    if (sql.n && memchr(sql.p, '\0', sql.n))
        return firn_raise(err, FIRN_E_SQL, "the statement holds a NUL byte");
    return firn_buf_addstr(out, sql, err);
}

#define SQL_BUF FIRN_BUF((size_t)256 << 20)

static firn_code session_exec(firn_session *s, firn_str sql, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = SQL_BUF;
    FIRN_TRY(terminated(sql, &text, err));
    return run(s, firn_buf_cstr(&text), err);
}

/* --- statements ---------------------------------------------------------------------------- */

static firn_statement_kind kind_of(duckdb_statement_type type)
{
    switch ((int)type) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_RELATION:
        return FIRN_STATEMENT_SELECT;
    case DUCKDB_STATEMENT_TYPE_INSERT:
    case DUCKDB_STATEMENT_TYPE_UPDATE:
    case DUCKDB_STATEMENT_TYPE_DELETE:
    case DUCKDB_STATEMENT_TYPE_MERGE_INTO:
    case DUCKDB_STATEMENT_TYPE_CREATE:
    case DUCKDB_STATEMENT_TYPE_CREATE_FUNC:
    case DUCKDB_STATEMENT_TYPE_DROP:
    case DUCKDB_STATEMENT_TYPE_ALTER:
    case DUCKDB_STATEMENT_TYPE_TRANSACTION:
        return FIRN_STATEMENT_CHANGE;
    default:
        return FIRN_STATEMENT_OTHER;
    }
}

/* Prepares the i-th of the statements; it is run at once if it only prepares a later one. */
static firn_code prepare_part(firn_session *s, duckdb_extracted_statements parts, idx_t i,
                              bool last, duckdb_prepared_statement *ret, firn_err *err)
{
    duckdb_prepared_statement st;
    duckdb_result r;
    firn_code code = FIRN_OK;
    if (duckdb_prepare_extracted_statement(s->con, parts, i, &st) != DuckDBSuccess) {
        code = raise_text(duckdb_prepare_error(st), DUCKDB_ERROR_INVALID, err);
    } else if (last) {
        *ret = st;
        return FIRN_OK;
    } else if (duckdb_prepared_statement_type(st) != DUCKDB_STATEMENT_TYPE_CREATE) {
        code = firn_raise(err, FIRN_E_SQL, "more than one statement");
    } else {
        if (duckdb_execute_prepared(st, &r) != DuckDBSuccess)
            code = fail_result(s, &r, err);
        duckdb_destroy_result(&r);
    }
    duckdb_destroy_prepare(&st);
    return code;
}

/* The engine makes several statements of one PIVOT: types with the values it finds come first. */
static firn_code prepare(firn_session *s, firn_str sql, duckdb_prepared_statement *ret,
                         firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = SQL_BUF;
    duckdb_extracted_statements parts;
    firn_code code = FIRN_OK;
    FIRN_TRY(terminated(sql, &text, err));
    idx_t n = duckdb_extract_statements(s->con, firn_buf_cstr(&text), &parts);
    if (n == 0) {
        const char *why = duckdb_extract_statements_error(parts);
        code = why ? raise_text(why, DUCKDB_ERROR_INVALID, err)
                   : firn_raise(err, FIRN_E_SQL, "no statement");
    }
    for (idx_t i = 0; i < n && code == FIRN_OK; i++)
        code = prepare_part(s, parts, i, i + 1 == n, ret, err);
    duckdb_destroy_extracted(&parts);
    return code;
}

static firn_code describe_column(duckdb_prepared_statement st, size_t i, firn_arena *a,
                                 firn_result_column *ret, firn_err *err)
{
    const char *name = duckdb_prepared_statement_column_name(st, i);
    duckdb_logical_type t = duckdb_prepared_statement_column_logical_type(st, i);
    *ret = (firn_result_column){.name = firn_arena_str(a, firn_str_of(name))};
    duckdb_free((void *)(uintptr_t)name);
    firn_code code = ret->name.p ? firn_duckdb_map(t, a, ret, err) : firn_arena_raise(a, err);
    duckdb_destroy_logical_type(&t);
    return code;
}

static firn_code describe_prepared(duckdb_prepared_statement st, firn_arena *a,
                                   firn_statement_kind *kind, firn_result_column **ret,
                                   size_t *ret_count, firn_err *err)
{
    size_t n = duckdb_prepared_statement_column_count(st);
    firn_result_column *columns = firn_arena_array(a, n, sizeof *columns);
    if (!columns)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(describe_column(st, i, a, &columns[i], err));
    *kind = kind_of(duckdb_prepared_statement_type(st));
    *ret = columns;
    *ret_count = n;
    return FIRN_OK;
}

static firn_code session_describe(firn_session *s, firn_str sql, firn_arena *a,
                                  firn_statement_kind *kind, firn_result_column **ret,
                                  size_t *ret_count, firn_err *err)
{
    duckdb_prepared_statement st;
    FIRN_TRY(prepare(s, sql, &st, err));
    firn_code code = describe_prepared(st, a, kind, ret, ret_count, err);
    duckdb_destroy_prepare(&st);
    return code;
}

/* --- results ------------------------------------------------------------------------------- */

static void result_close(firn_result *r)
{
    if (!r)
        return;
    if (r->chunk)
        duckdb_destroy_data_chunk(&r->chunk);
    if (r->has_result)
        duckdb_destroy_result(&r->result);
    duckdb_destroy_prepare(&r->statement);
    firn_arena_free(r->arena);
    firn_mem_free(r);
}

/* The type in which a result's column is read.  Beyond the mapped ones, JSON is a text like any
 * other in memory, a HUGEINT an integer of 128 bits like a decimal without scale, and the counts
 * that COPY returns are unsigned but far below 2^63. */
static firn_code type_of_column(firn_result *r, size_t i, firn_type *ret, firn_err *err)
{
    firn_result_column c = {0};
    duckdb_logical_type t = duckdb_column_logical_type(&r->result, i);
    firn_code code = firn_duckdb_map(t, r->arena, &c, err);
    duckdb_destroy_logical_type(&t);
    FIRN_TRY(code);
    bool copy = duckdb_prepared_statement_type(r->statement) == DUCKDB_STATEMENT_TYPE_COPY;
    if (copy && firn_str_eqc(c.engine_type, "UBIGINT"))
        *ret = (firn_type){.kind = FIRN_T_LONG};
    else if (c.mapped || firn_str_eqc(c.engine_type, "JSON") ||
             firn_str_eqc(c.engine_type, "HUGEINT"))
        *ret = c.type;
    else
        return firn_raise(err, FIRN_E_BUG, "result column %zu is %.*s", i,
                          FIRN_STR_ARG(c.engine_type));
    return FIRN_OK;
}

static firn_code type_of_result(firn_result *r, firn_err *err)
{
    size_t n = duckdb_column_count(&r->result);
    r->type = (firn_type){.kind = FIRN_T_STRUCT, .field_count = n};
    r->type.fields = firn_arena_array(r->arena, n, sizeof *r->type.fields);
    if (!r->type.fields)
        return firn_arena_raise(r->arena, err);
    for (size_t i = 0; i < n; i++) {
        firn_field *f = &r->type.fields[i];
        FIRN_TRY(type_of_column(r, i, &f->type, err));
        f->name = firn_arena_str(r->arena, firn_str_of(duckdb_column_name(&r->result, i)));
        if (!f->name.p)
            return firn_arena_raise(r->arena, err);
    }
    return firn_duckdb_columns(&r->type, r->arena, &r->root, err);
}

static firn_code run_query(firn_session *s, firn_str sql, firn_result *r, firn_err *err)
{
    r->arena = firn_arena_new("a result", 0);
    if (!r->arena)
        return firn_raise_nomem(err);
    FIRN_TRY(prepare(s, sql, &r->statement, err));
    r->has_result = true;
    firn_duckdb_take_error(s->engine, s->number, NULL);
    /* any other way gathers all rows first, outside of the engine's memory limit */
    if (duckdb_execute_prepared_streaming(r->statement, &r->result) != DuckDBSuccess)
        return fail_result(s, &r->result, err);
    return type_of_result(r, err);
}

static firn_code session_query(firn_session *s, firn_str sql, firn_result **ret, firn_err *err)
{
    firn_result *r = firn_mem_alloc(sizeof *r);
    if (!r)
        return firn_raise_nomem(err);
    memset(r, 0, sizeof *r);
    r->session = s;
    firn_code code = run_query(s, sql, r, err);
    if (code != FIRN_OK) {
        result_close(r);
        return code;
    }
    *ret = r;
    return FIRN_OK;
}

static const firn_type *result_type(const firn_result *r)
{
    return &r->type;
}

static firn_code result_next(firn_result *r, const firn_column **ret, size_t *ret_rows,
                             firn_err *err)
{
    if (r->chunk)
        duckdb_destroy_data_chunk(&r->chunk);
    r->chunk = r->done ? NULL : duckdb_fetch_chunk(r->result);
    *ret_rows = 0;
    if (r->done)
        return FIRN_OK;
    if (!r->chunk) {
        r->done = true;
        const char *text = duckdb_result_error(&r->result);
        return text ? fail_result(r->session, &r->result, err) : FIRN_OK;
    }
    size_t rows = duckdb_data_chunk_get_size(r->chunk);
    firn_duckdb_attach(&r->root, r->chunk, rows);
    *ret = &r->root;
    *ret_rows = rows;
    return FIRN_OK;
}

/* --- sources ------------------------------------------------------------------------------- */

static firn_code source_add(firn_engine *e, const firn_row_source *source, int64_t *ret_id,
                            firn_err *err)
{
    int64_t id = -1;
    pthread_mutex_lock(&e->lock);
    for (int64_t i = 0; i < MAX_SOURCES && id < 0; i++)
        if (!e->sources[i].used)
            id = i;
    if (id >= 0) {
        e->sources[id].used = true;
        e->sources[id].source = *source;
        memset(&e->sources[id].err, 0, sizeof e->sources[id].err);
    }
    pthread_mutex_unlock(&e->lock);
    if (id < 0)
        return firn_raise(err, FIRN_E_LIMIT, "more than %d sources at once", MAX_SOURCES);
    *ret_id = id;
    return FIRN_OK;
}

static void source_remove(firn_engine *e, int64_t id)
{
    pthread_mutex_lock(&e->lock);
    e->sources[id].used = false;
    pthread_mutex_unlock(&e->lock);
}

static const firn_engine_ops ops = {
    .abi = FIRN_ENGINE_ABI,
    .name = "duckdb",
    .open = engine_open,
    .close = engine_close,
    .version = engine_version,
    .session = session_open,
    .session_close = session_close,
    .interrupt = session_interrupt,
    .progress = session_progress,
    .exec = session_exec,
    .describe = session_describe,
    .query = session_query,
    .result_type = result_type,
    .next = result_next,
    .result_close = result_close,
    .source_add = source_add,
    .source_remove = source_remove,
    .function_add = firn_duckdb_function_add,
    .files_add = firn_duckdb_files_add,
    .files_remove = firn_duckdb_files_remove,
};

__attribute__((visibility("default"))) const firn_engine_ops *firn_engine_module(void);

const firn_engine_ops *firn_engine_module(void)
{
#ifdef FIRN_FAILPOINTS
    firn_mem_fail_from(getenv("FIRN_FAIL_ENGINE_MEMORY")); /* the module has memory of its own */
#endif
    return &ops;
}
