/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a unit become files.  Of a partitioned table the first rows are kept in a temporary
 * table and looked at, so that the copy of them and of all others is planned. */
#include "pipeline/landing_int.h"

#include "base/datetime.h"
#include "base/str.h"
#include "engine/partition_sql.h"
#include "engine/sql.h"
#include "engine/view.h"

#define HEAD "firn_head"

/* --- the rows as the table wants them ------------------------------------------------------ */

/* The value that the records have for a column; *ret_plain: it is the column itself. */
static firn_code add_value(const firn_field *have, const firn_field *f, firn_buf *sql,
                           bool *ret_plain, firn_err *err)
{
    *ret_plain = have && firn_type_eq(&have->type, &f->type);
    if (*ret_plain)
        return firn_sql_ident(sql, f->name, err);
    FIRN_TRY(firn_buf_adds(sql, "CAST(", err));
    FIRN_TRY(have ? firn_sql_ident(sql, f->name, err) : firn_buf_adds(sql, "NULL", err));
    FIRN_TRY(firn_buf_adds(sql, " AS ", err));
    FIRN_TRY(firn_sql_type(sql, &f->type, err));
    return firn_buf_addc(sql, ')', err);
}

/* A required column with a default has it where a record has no value.  In an optional one that is
 * null: whether a record leaves a key out or says null makes no difference. */
static firn_code add_column(const firn_type *type, const firn_field *f, const char *loaded_at,
                            firn_buf *sql, firn_err *err)
{
    const firn_field *have = firn_type_field(type, f->name);
    bool fills = f->required && f->write_default.p && !firn_str_eqc(f->name, FIRN_LOADED_AT);
    bool plain = false;
    if (firn_str_eqc(f->name, FIRN_LOADED_AT)) {
        FIRN_TRY(firn_buf_addf(sql, err, "TIMESTAMPTZ '%s'", loaded_at));
    } else {
        FIRN_TRY(firn_buf_adds(sql, fills ? "coalesce(" : "", err));
        FIRN_TRY(add_value(have, f, sql, &plain, err));
    }
    if (fills) {
        FIRN_TRY(firn_buf_adds(sql, ", ", err));
        FIRN_TRY(firn_view_default(&f->type, f->write_default, sql, err));
        FIRN_TRY(firn_buf_addc(sql, ')', err));
    } else if (plain) {
        return FIRN_OK;
    }
    FIRN_TRY(firn_buf_adds(sql, " AS ", err));
    return firn_sql_ident(sql, f->name, err);
}

firn_code firn_landing_select_as(const landing *l, const firn_type *have, const firn_type *schema,
                                 const char *from, firn_buf *sql, firn_err *err)
{
    char loaded_at[FIRN_TIME_TEXT_MAX];
    int64_t now = l->loaded_us ? l->loaded_us : firn_env_now_us(l->run->env);
    firn_timestamp_print(now, true, loaded_at);
    FIRN_TRY(firn_buf_adds(sql, "SELECT ", err));
    for (size_t i = 0; i < schema->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(sql, ", ", err));
        FIRN_TRY(add_column(have, &schema->fields[i], loaded_at, sql, err));
    }
    return firn_buf_addf(sql, err, " FROM %s", from);
}

/* `from` has the columns of `layout`. */
static firn_code add_select(const landing *l, const firn_layout *layout, const char *from,
                            firn_buf *sql, firn_err *err)
{
    return firn_landing_select_as(l, &layout->type, &l->schema, from, sql, err);
}

firn_code firn_landing_select(const landing *l, const char *from, firn_buf *sql, firn_err *err)
{
    return add_select(l, l->layout, from, sql, err);
}

/* --- the rows of the feed ------------------------------------------------------------------ */

firn_code firn_landing_open_fed(landing *l, int64_t *ret_id, char ret_from[FIRN_FED_MAX],
                                firn_err *err)
{
    firn_row_source source;
    firn_feed_source(l->feed, &source, l->run->threads);
    FIRN_TRY(l->run->ops->source_add(l->run->engine, &source, ret_id, err));
    snprintf(ret_from, FIRN_FED_MAX, "firn_rows(%lld)", (long long)*ret_id);
    return FIRN_OK;
}

/* --- the first rows ------------------------------------------------------------------------ */

static firn_code count_partitions(landing *l, firn_session *s, firn_str select,
                                  firn_spread_sample *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_engine_ops *ops = l->run->ops;
    firn_result *r;
    const firn_column *root;
    size_t rows;
    FIRN_TRY(firn_partition_functions(ops, l->run->engine, &l->schema, &l->spec, err));
    FIRN_TRY(firn_buf_adds(&sql, "SELECT count(*), count(DISTINCT hash(", err));
    FIRN_TRY(firn_partition_names(l->spec.field_count, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, ")) FROM (", err));
    FIRN_TRY(firn_partition_select(&l->schema, &l->spec, select, &sql, err));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    FIRN_TRY(ops->query(s, firn_buf_str(&sql), &r, err));
    firn_code code = ops->next(r, &root, &rows, err);
    if (code == FIRN_OK && rows == 1) {
        ret->rows = (uint64_t)((const int64_t *)root->children[0].data)[0];
        ret->partitions = (uint64_t)((const int64_t *)root->children[1].data)[0];
    }
    ops->result_close(r);
    return code;
}

firn_code firn_landing_spread(landing *l, firn_session *s, firn_str select, uint64_t bytes,
                              firn_err *err)
{
    firn_spread_sample sample = {0};
    FIRN_TRY(count_partitions(l, s, select, &sample, err));
    sample.row_bytes = sample.rows ? bytes / sample.rows : 0;
    l->target.spread = firn_spread_plan(&sample, l->run->memory.engine);
    if (l->way->part_all)
        l->target.spread.buckets = FIRN_SPREAD_MAX;
    return FIRN_OK;
}

static firn_code keep_head(landing *l, firn_session *s, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    char from[FIRN_FED_MAX];
    int64_t id;
    FIRN_TRY(firn_landing_open_fed(l, &id, from, err));
    firn_code code = firn_buf_addf(&sql, err, "CREATE TEMP TABLE " HEAD " AS FROM %s", from);
    if (code == FIRN_OK)
        code = l->run->ops->exec(s, firn_buf_str(&sql), err);
    l->run->ops->source_remove(l->run->engine, id);
    return code;
}

firn_code firn_landing_take_head(landing *l, firn_session *s, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf select = FIRN_SQL_BUF;
    uint64_t bytes;
    FIRN_TRY(keep_head(l, s, err));
    FIRN_TRY(firn_feed_end_unit(l->feed, &bytes, err));
    l->raw_bytes += bytes;
    l->head = l->layout;
    FIRN_TRY(add_select(l, l->head, HEAD, &select, err));
    return firn_landing_spread(l, s, firn_buf_str(&select), bytes, err);
}

/* --- a unit -------------------------------------------------------------------------------- */

static firn_code unit_select(const landing *l, const char *fed, firn_buf *sql, firn_err *err)
{
    if (l->head)
        FIRN_TRY(add_select(l, l->head, HEAD, sql, err));
    if (l->head && fed)
        FIRN_TRY(firn_buf_adds(sql, " UNION ALL ", err));
    return fed ? add_select(l, l->layout, fed, sql, err) : FIRN_OK;
}

static firn_code write_select(landing *l, firn_session *s, const char *fed, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(unit_select(l, fed, &sql, err));
    return firn_write_rows(l->run, s, &l->target, firn_buf_str(&sql), l->a, &l->data, &l->scratch,
                           err);
}

static firn_code copy_fed(landing *l, firn_session *s, firn_err *err)
{
    char from[FIRN_FED_MAX];
    int64_t id;
    uint64_t bytes;
    FIRN_TRY(firn_landing_open_fed(l, &id, from, err));
    firn_code code = write_select(l, s, from, err);
    l->run->ops->source_remove(l->run->engine, id);
    FIRN_TRY(code);
    FIRN_TRY(firn_feed_end_unit(l->feed, &bytes, err));
    l->raw_bytes += bytes;
    return FIRN_OK;
}

firn_code firn_landing_copy_unit(landing *l, firn_session *s, bool fed, firn_err *err)
{
    l->target.keep_signs = l->way->keep_signs;
    FIRN_TRY(fed ? copy_fed(l, s, err) : write_select(l, s, NULL, err));
    if (firn_feed_has_negative_zeros(l->feed) && !l->way->keep_signs) {
        l->way->keep_signs = true;
        return firn_raise(err, FIRN_E_CONFLICT, "a negative zero: the landing begins again");
    }
    if (!l->head)
        return FIRN_OK;
    l->head = NULL;
    return l->run->ops->exec(s, FIRN_STR_LIT("DROP TABLE " HEAD), err);
}
