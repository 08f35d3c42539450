/* SPDX-License-Identifier: Apache-2.0 */
/* DESCRIBE, SHOW COLUMNS, SHOW CREATE TABLE, SHOW TBLPROPERTIES, SHOW PARTITIONS: one table. */
#include "pipeline/statement_int.h"

#include "base/datetime.h"
#include "base/str.h"
#include "engine/sql.h"
#include "iceberg/sort_order.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- columns ------------------------------------------------------------------------------- */

static const firn_type *columns_of(const firn_input *in)
{
    return in->metadata_table ? firn_metadata_table_type(in->metadata_table) : &in->schema->type;
}

static firn_code add_column(firn_showing *w, const firn_field *f, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf type = FIRN_SQL_BUF;
    FIRN_TRY(firn_spark_type(&f->type, false, &type, err));
    const firn_str row[] = {f->name, firn_buf_str(&type),
                            f->required ? FIRN_STR_LIT("NO") : FIRN_STR_LIT("YES"), f->doc};
    return firn_listing_add(&w->out, row, err);
}

static void column_heads(firn_showing *w)
{
    static const char *const heads[] = {"col_name", "data_type", "nullable", "comment"};
    for (size_t i = 0; i < FIRN_COUNT_OF(heads); i++)
        w->out.columns[i] = heads[i];
    w->out.column_count = FIRN_COUNT_OF(heads);
}

static firn_code add_columns(firn_showing *w, const firn_input *in, firn_err *err)
{
    const firn_type *t = columns_of(in);
    for (size_t i = 0; i < t->field_count; i++)
        FIRN_TRY(add_column(w, &t->fields[i], err));
    return FIRN_OK;
}

/* SHOW COLUMNS FROM t [FROM ns], FROM or IN */
firn_code firn_show_columns(firn_showing *w, firn_err *err)
{
    const firn_input *in;
    const firn_view_def *view;
    if (!firn_showing_word(w, "from") && !firn_showing_word(w, "in"))
        return firn_showing_fail(w, firn_showing_next(w).offset, err,
                                 "write SHOW COLUMNS FROM namespace.table");
    FIRN_TRY(firn_showing_relation(w, &in, &view, err));
    FIRN_TRY(firn_showing_end(w, err));
    column_heads(w);
    return view ? firn_view_columns(w, view, err) : add_columns(w, in, err);
}

/* --- DESCRIBE EXTENDED --------------------------------------------------------------------- */

static firn_code add_note(firn_showing *w, const char *name, firn_str value, firn_err *err)
{
    const firn_str row[] = {firn_str_of(name), value, {NULL, 0}, {NULL, 0}};
    return firn_listing_add(&w->out, row, err);
}

static firn_code add_head(firn_showing *w, const char *head, firn_err *err)
{
    FIRN_TRY(add_note(w, "", FIRN_STR_LIT(""), err));
    return add_note(w, head, FIRN_STR_LIT(""), err);
}

static firn_code add_number(firn_showing *w, const char *name, int64_t n, firn_err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, n);
    return add_note(w, name, firn_str_of(text), err);
}

static firn_code add_partitioning(firn_showing *w, const firn_metadata *m, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf terms = FIRN_SQL_BUF;
    FIRN_TRY(firn_spark_partitions(m, &terms, err));
    FIRN_TRY(add_head(w, "# Partitioning", err));
    return add_note(w, "Partitioned by",
                    terms.n ? firn_buf_str(&terms) : FIRN_STR_LIT("not partitioned"), err);
}

static firn_code add_snapshot(firn_showing *w, const firn_snapshot *s, firn_err *err)
{
    char when[FIRN_TIME_TEXT_MAX + 8];
    if (!s)
        return add_note(w, "Snapshot", FIRN_STR_LIT("none"), err);
    FIRN_TRY(add_number(w, "Snapshot", s->snapshot_id, err));
    firn_timestamp_print(s->timestamp_ms * 1000, true, when);
    FIRN_TRY(add_note(w, "Snapshot time", firn_str_of(when), err));
    FIRN_TRY(add_note(w, "Rows", firn_snapshot_summary(s, "total-records"), err));
    FIRN_TRY(add_note(w, "Data files", firn_snapshot_summary(s, "total-data-files"), err));
    return add_note(w, "Bytes", firn_snapshot_summary(s, "total-files-size"), err);
}

static firn_code add_details(firn_showing *w, const firn_input *in, firn_err *err)
{
    const firn_metadata *m = in->metadata;
    const char *name =
        in->located ? firn_arena_strndup(w->a, in->ident.name.p, in->ident.name.n)
                    : firn_arena_printf(w->a, "%.*s.%.*s.%.*s", FIRN_STR_ARG(w->run->catalog->name),
                                        FIRN_STR_ARG(in->ident.ns), FIRN_STR_ARG(in->ident.name));
    if (!name)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(add_partitioning(w, m, err));
    FIRN_TRY(add_head(w, "# Detailed Table Information", err));
    FIRN_TRY(add_note(w, "Name", firn_str_of(name), err));
    FIRN_TRY(add_note(w, "Provider", FIRN_STR_LIT("iceberg"), err));
    FIRN_TRY(add_note(w, "Location", m->location, err));
    FIRN_TRY(add_note(w, "Metadata", m->location_of_file, err));
    FIRN_TRY(add_note(w, "UUID", m->uuid, err));
    FIRN_TRY(add_number(w, "Format version", m->format_version, err));
    FIRN_TRY(add_number(w, "Schema", in->schema->schema_id, err));
    FIRN_TRY(add_snapshot(w, in->snapshot, err));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)m->properties, key, value) if (json_is_string(value))
        FIRN_TRY(add_note(w, key, firn_json_text(value), err));
    return FIRN_OK;
}

firn_code firn_describe_table(firn_showing *w, bool extended, firn_err *err)
{
    const firn_input *in;
    const firn_view_def *view;
    FIRN_TRY(firn_showing_relation(w, &in, &view, err));
    FIRN_TRY(firn_showing_end(w, err));
    column_heads(w);
    if (view) {
        FIRN_TRY(firn_view_columns(w, view, err));
        return extended ? firn_view_details(w, view, err) : FIRN_OK;
    }
    FIRN_TRY(add_columns(w, in, err));
    return extended && !in->metadata_table ? add_details(w, in, err) : FIRN_OK;
}

/* --- SHOW CREATE TABLE --------------------------------------------------------------------- */

static firn_code full_name(const firn_showing *w, const firn_input *in, firn_buf *out,
                           firn_err *err)
{
    firn_str rest = in->ident.ns;
    FIRN_TRY(firn_spark_ident(w->run->catalog->name, out, err));
    while (rest.p && !in->located) {
        FIRN_TRY(firn_buf_addc(out, '.', err));
        FIRN_TRY(firn_spark_ident(firn_str_cut(&rest, '.'), out, err));
    }
    FIRN_TRY(firn_buf_addc(out, '.', err));
    return firn_spark_ident(in->ident.name, out, err);
}

static firn_code refuse_metadata(const firn_showing *w, const firn_input *in, size_t offset,
                                 firn_err *err)
{
    if (!in->metadata_table)
        return FIRN_OK;
    return firn_showing_fail(w, offset, err, "a metadata table has none of its own");
}

firn_code firn_show_create(firn_showing *w, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf name = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf ddl = FIRN_SQL_BUF;
    const firn_input *in;
    const firn_view_def *view;
    size_t offset = firn_showing_next(w).offset;
    FIRN_TRY(firn_showing_relation(w, &in, &view, err));
    FIRN_TRY(firn_showing_end(w, err));
    if (view)
        return firn_show_create_view(w, view, err);
    FIRN_TRY(refuse_metadata(w, in, offset, err));
    FIRN_TRY(full_name(w, in, &name, err));
    FIRN_TRY(firn_spark_create(in->metadata, in->schema, firn_buf_str(&name), &ddl, err));
    w->out.columns[0] = "createtab_stmt";
    w->out.column_count = 1;
    firn_str text = firn_buf_str(&ddl);
    return firn_listing_add(&w->out, &text, err);
}

/* --- SHOW TBLPROPERTIES, SHOW PARTITIONS --------------------------------------------------- */

static firn_code add_property(firn_showing *w, firn_str only, const char *key, firn_str value,
                              firn_err *err)
{
    const firn_str row[] = {firn_str_of(key), value};
    if (only.p && !firn_str_eqc(only, key))
        return FIRN_OK;
    return firn_listing_add(&w->out, row, err);
}

/* ('key') behind the table */
static firn_code read_key(firn_showing *w, firn_str *ret, firn_err *err)
{
    firn_sql_token t = firn_showing_next(w);
    *ret = (firn_str){NULL, 0};
    if (!firn_sql_is_sign(w->conf->sql, t, '('))
        return FIRN_OK;
    w->at = t.offset + 1;
    t = firn_showing_next(w);
    if (t.kind != FIRN_SQL_TEXT)
        return firn_showing_fail(w, t.offset, err, "a property is named as a text: ('format')");
    FIRN_TRY(firn_sql_unquote(w->conf->sql, t, w->a, ret, err));
    w->at = t.offset + t.length;
    t = firn_showing_next(w);
    if (!firn_sql_is_sign(w->conf->sql, t, ')'))
        return firn_showing_fail(w, t.offset, err, "a ')' is missing here");
    w->at = t.offset + 1;
    return FIRN_OK;
}

firn_code firn_show_properties(firn_showing *w, firn_err *err)
{
    const firn_input *in;
    firn_str only;
    char version[16];
    char snapshot[24];
    size_t offset = firn_showing_next(w).offset;
    FIRN_TRY(firn_showing_table(w, &in, err));
    FIRN_TRY(read_key(w, &only, err));
    FIRN_TRY(firn_showing_end(w, err));
    FIRN_TRY(refuse_metadata(w, in, offset, err));
    snprintf(version, sizeof version, "%d", (int)in->metadata->format_version);
    snprintf(snapshot, sizeof snapshot, "%" PRId64, in->snapshot ? in->snapshot->snapshot_id : 0);
    w->out.columns[0] = "key";
    w->out.columns[1] = "value";
    w->out.column_count = 2;
    FIRN_TRY(add_property(w, only, "current-snapshot-id",
                          firn_str_of(in->snapshot ? snapshot : "none"), err));
    FIRN_TRY(add_property(w, only, "format", FIRN_STR_LIT("iceberg/parquet"), err));
    FIRN_TRY(add_property(w, only, "format-version", firn_str_of(version), err));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in->metadata->properties, key,
                        value) if (json_is_string(value))
        FIRN_TRY(add_property(w, only, key, firn_json_text(value), err));
    return FIRN_OK;
}

/* The rows of t$partitions, in the state asked for. */
firn_code firn_show_partitions(firn_showing *w, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_input *in;
    size_t offset = firn_showing_next(w).offset;
    FIRN_TRY(firn_showing_table(w, &in, err));
    FIRN_TRY(firn_showing_end(w, err));
    FIRN_TRY(refuse_metadata(w, in, offset, err));
    if (in->located)
        return firn_showing_fail(w, offset, err, "SHOW PARTITIONS is for tables of the catalog");
    if (in->metadata->spec->field_count == 0)
        return firn_showing_fail(w, offset, err, "table %.*s.%.*s is not partitioned",
                                 FIRN_STR_ARG(in->ident.ns), FIRN_STR_ARG(in->ident.name));
    const char *name = firn_arena_printf(w->a, "%.*s$partitions", FIRN_STR_ARG(in->ident.name));
    if (!name)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(firn_buf_adds(&sql, "FROM ", err));
    FIRN_TRY(firn_sql_ident(&sql, in->ident.ns, err));
    FIRN_TRY(firn_buf_addc(&sql, '.', err));
    FIRN_TRY(firn_sql_ident(&sql, firn_str_of(name), err));
    if (in->snapshot)
        FIRN_TRY(firn_buf_addf(&sql, err, " AT (VERSION => %lld)",
                               (long long)in->snapshot->snapshot_id));
    w->sql = firn_arena_str(w->a, firn_buf_str(&sql));
    return w->sql.p ? FIRN_OK : firn_arena_raise(w->a, err);
}
