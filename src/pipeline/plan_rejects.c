/* SPDX-License-Identifier: Apache-2.0 */
/* The records that would be rejected, by what is wrong with them, each with its first example. */
#include "pipeline/plan_int.h"
#include "pipeline/query.h"

#include "base/str.h"
#include "engine/sql.h"

#define KINDS_MAX "5"

enum { C_ERROR, C_PATH, C_COUNT, C_REASON, C_FILE, C_LINE, C_RAW };

static json_t *text_at(const firn_column *root, size_t i, size_t row)
{
    const firn_column *col = &root->children[i];
    if (!firn_column_is_valid(col, row))
        return json_null();
    return firn_event_text(firn_strview_str(&((const firn_strview *)col->data)[row]));
}

static json_t *number_at(const firn_column *root, size_t i, size_t row)
{
    const firn_column *col = &root->children[i];
    return firn_column_is_valid(col, row) ? json_integer(((const int64_t *)col->data)[row])
                                          : json_null();
}

static firn_code read_rows(void *arg, const firn_engine_ops *ops, firn_result *r,
                           const firn_query_table *tables FIRN_UNUSED, size_t count FIRN_UNUSED,
                           firn_err *err)
{
    json_t *list = arg;
    const firn_column *root;
    size_t rows;
    do {
        FIRN_TRY(ops->next(r, &root, &rows, err));
        for (size_t i = 0; i < rows; i++)
            FIRN_TRY(firn_json_append(
                list,
                json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "error", text_at(root, C_ERROR, i),
                          "path", text_at(root, C_PATH, i), "count", number_at(root, C_COUNT, i),
                          "reason", text_at(root, C_REASON, i), "file", text_at(root, C_FILE, i),
                          "line", number_at(root, C_LINE, i), "raw", text_at(root, C_RAW, i)),
                err));
    } while (rows);
    return FIRN_OK;
}

static firn_code add_table(const firn_node *n, firn_buf *sql, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_BUF((size_t)1 << 16);
    firn_str ns = n->ident.ns;
    while (ns.p) {
        FIRN_TRY(firn_sql_ident(sql, firn_str_cut(&ns, '.'), err));
        FIRN_TRY(firn_buf_addc(sql, '.', err));
    }
    FIRN_TRY(firn_buf_addstr(&name, n->ident.name, err));
    FIRN_TRY(firn_buf_adds(&name, FIRN_REJECTS_SUFFIX, err));
    return firn_sql_ident(sql, firn_buf_str(&name), err);
}

static firn_code statement(const firn_planner *p, const firn_node *n, firn_buf *sql, firn_err *err)
{
    static const char *const columns[] = {"reason", "file", "line", "left(raw, 200)"};
    FIRN_TRY(firn_buf_adds(sql, "SELECT error, path, count(*)", err));
    for (size_t i = 0; i < FIRN_COUNT_OF(columns); i++)
        FIRN_TRY(firn_buf_addf(sql, err, ", arg_min(%s, struct_pack(f := file, l := line))",
                               columns[i]));
    FIRN_TRY(firn_buf_adds(sql, " FROM ", err));
    FIRN_TRY(add_table(n, sql, err));
    FIRN_TRY(firn_buf_addf(sql, err, " WHERE x_run = '%s' AND stream = ", p->run->run_id));
    FIRN_TRY(firn_sql_text(sql, n->stream, err));
    return firn_buf_adds(
        sql, " GROUP BY error, path ORDER BY count(*) DESC, error, path LIMIT " KINDS_MAX, err);
}

firn_code firn_plan_rejects(firn_planner *p, const firn_plan_in *in, json_t *o, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_BUF((size_t)1 << 20);
    const json_t *finished = json_object_get(in->heard, "finished");
    json_t *list = json_array();
    firn_session *s;
    FIRN_TRY(firn_json_set(o, "rejected", list, err));
    if (json_integer_value(json_object_get(finished, "rejects")) == 0)
        return FIRN_OK;
    FIRN_TRY(statement(p, in->node, &sql, err));
    FIRN_TRY(firn_context_session(p->run, &s, err));
    const firn_query_conf conf = {.sql = firn_buf_str(&sql), .line = 1, .column = 1};
    firn_code code = firn_query(p->run, s, &conf, read_rows, list, err);
    firn_context_session_close(p->run, s);
    return code;
}
