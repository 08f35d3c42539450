/* SPDX-License-Identifier: Apache-2.0 */
/* The run record, read without leaving a trace. */
#include "pipeline/runs_int.h"

#include "catalog/sqlite_read.h"

firn_code firn_runs_open_copy(firn_env *env, const char *warehouse, firn_runs **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf path = FIRN_BUF((size_t)1 << 16);
    firn_runs *r;
    int version;
    *ret = NULL;
    FIRN_TRY(firn_runs_new(env, warehouse, &r, &path, err));
    if (!firn_fs_exists(env, firn_buf_cstr(&path))) {
        firn_runs_close(r);
        return FIRN_OK;
    }
    firn_code code = FIRN_OK;
    if (sqlite3_open(":memory:", &r->db) != SQLITE_OK)
        code = firn_runs_fail(r, firn_buf_cstr(&path), err);
    if (code == FIRN_OK)
        code = firn_sqlite_read(firn_buf_cstr(&path), r->db, err);
    if (code == FIRN_OK)
        code = firn_runs_version(r, firn_buf_cstr(&path), &version, err);
    if (code != FIRN_OK) {
        firn_runs_close(r);
        return code;
    }
    *ret = r;
    return FIRN_OK;
}
