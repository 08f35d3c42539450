/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/init_write.h"

#include "cli/common.h"

#include "base/str.h"
#include "engine/sql.h"

#include <ctype.h>
#include <string.h>

#define MAX_MODELS 3 /* of a kind */
#define TEXT_BYTES ((size_t)16 << 20)

/* --- YAML ---------------------------------------------------------------------------------- */

static firn_code add_quoted(firn_str s, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '\'', err));
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            FIRN_TRY(firn_buf_addc(out, '\'', err));
        FIRN_TRY(firn_buf_addc(out, s.p[i], err));
    }
    return firn_buf_addc(out, '\'', err);
}

static bool is_plain(firn_str s)
{
    static const char *const words[] = {"true", "false", "yes", "no", "null",
                                        "on",   "off",   "y",   "n"};
    bool word = s.n > 0 && (isalpha((unsigned char)s.p[0]) || s.p[0] == '_');
    for (size_t i = 0; i < s.n; i++)
        word = word && (isalnum((unsigned char)s.p[i]) || s.p[i] == '_');
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (firn_str_ieq(s, firn_str_of(words[i])))
            return false;
    return word;
}

static firn_code add_name(firn_str s, firn_buf *out, firn_err *err)
{
    return is_plain(s) ? firn_buf_addstr(out, s, err) : add_quoted(s, out, err);
}

/* Columns whose names read as paths cannot be named in the project file. */
static bool can_be_named(const firn_surveyed_column *c)
{
    bool path = memchr(c->name.p, '.', c->name.n) || memchr(c->name.p, '[', c->name.n);
    for (size_t i = 0; i < c->name.n; i++)
        path = path || (unsigned char)c->name.p[i] < ' ' || c->name.p[i] == '$';
    return !path && firn_str_eq(c->name, c->key);
}

static bool is_certain(firn_str formats)
{
    return formats.p && !memmem(formats.p, formats.n, " or ", 4);
}

/* --- one entry ----------------------------------------------------------------------------- */

static firn_code add_key(const firn_survey *v, firn_buf *out, firn_err *err)
{
    bool sure = v->whole && v->stream->file_count == 1;
    char rows[32];
    firn_human_count(v->rows, rows);
    FIRN_TRY(firn_buf_adds(out, "      ", err));
    FIRN_TRY(add_name(v->id->name, out, err));
    FIRN_TRY(firn_buf_adds(out,
                           sure ? ": {checks: [not_null, unique]}"
                                : ": {checks: [not_null, {check: unique, severity: warn}]}",
                           err));
    return firn_buf_addf(out, err, "   # looks like the key: different in %s%s records\n",
                         v->whole ? "all " : "the first ", rows);
}

/* The example stands in a comment: one line, and nothing that ends it. */
static firn_code add_example(firn_str s, firn_buf *out, firn_err *err)
{
    return firn_buf_addf(out, err, "%.*s", (int)FIRN_MIN(s.n, (size_t)20), s.p);
}

static firn_code add_date(const firn_surveyed_column *c, firn_buf *out, firn_err *err)
{
    bool certain = is_certain(c->formats);
    firn_str rest = c->formats;
    const char * or = memmem(rest.p, rest.n, " or ", 4);
    firn_str first = {rest.p, or ? (size_t)(or -rest.p) : rest.n};
    FIRN_TRY(firn_buf_adds(out, certain ? "      " : "      # ", err));
    FIRN_TRY(add_name(c->name, out, err));
    FIRN_TRY(firn_buf_addf(out, err, ": {type: date, format: \"%.*s\"}   # text like ",
                           FIRN_STR_ARG(first)));
    FIRN_TRY(add_example(c->example, out, err));
    if (!certain)
        FIRN_TRY(firn_buf_addf(out, err, "; which it is, or \"%.*s\", only you can tell",
                               (int)(rest.n - first.n - 4), or +4));
    return firn_buf_addc(out, '\n', err);
}

static firn_code add_hint(const firn_surveyed_column *c, firn_buf *out, firn_err *err)
{
    if (c->formats.p)
        return add_date(c, out, err);
    FIRN_TRY(firn_buf_adds(out, "      # ", err));
    FIRN_TRY(add_name(c->name, out, err));
    return firn_buf_adds(out, ": json   # text that holds JSON; broken cells become rejects\n",
                         err);
}

/* `columns:` with what is certain, and as comments what is not. */
static firn_code add_columns(const firn_survey *v, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf hints = FIRN_BUF(TEXT_BYTES);
    bool key = v->id && can_be_named(v->id);
    bool any = key;
    for (size_t i = 0; i < v->count; i++) {
        const firn_surveyed_column *c = &v->columns[i];
        bool hint = (c->formats.p || c->json) && c != v->id && can_be_named(c);
        any = any || (hint && is_certain(c->formats));
        if (hint)
            FIRN_TRY(add_hint(c, &hints, err));
    }
    if (!any && hints.n == 0)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(out, any ? "    columns:\n" : "    # columns:\n", err));
    if (key)
        FIRN_TRY(add_key(v, out, err));
    return firn_buf_addstr(out, firn_buf_str(&hints), err);
}

static firn_code add_partition(const firn_survey *v, firn_buf *out, firn_err *err)
{
    if (!v->day || !can_be_named(v->day))
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(out, "    # partition: [\"month(", err));
    FIRN_TRY(firn_buf_addstr(out, v->day->name, err));
    return firn_buf_adds(out, ")\"]   # for large tables: files kept apart by month\n", err);
}

static firn_code add_way(const firn_survey *v, firn_buf *out, firn_err *err)
{
    if (v->stream->file_count == 1)
        FIRN_TRY(firn_buf_adds(out,
                               "    write: replace   # the file as it is now is all there is; "
                               "without this line a changed one is refused\n",
                               err));
    else
        FIRN_TRY(firn_buf_adds(out,
                               "    # write: replace   # if the files are all there is; as it "
                               "stands, each new file is added once\n",
                               err));
    if (v->changed)
        return firn_buf_addf(out, err,
                             "    # %.*s says when a record changed: the newest of each "
                             "key is QUALIFY row_number() OVER (…) = 1 in a model\n",
                             FIRN_STR_ARG(v->changed->name));
    return FIRN_OK;
}

static firn_code add_title(const firn_init_stream *s, firn_buf *out, firn_err *err)
{
    char bytes[24];
    const firn_found_stream *f = s->survey.stream;
    firn_human_bytes(f->bytes, bytes);
    FIRN_TRY(firn_buf_addf(out, err, "\n  # %s, %s", s->survey.format, bytes));
    if (f->file_count > 1)
        FIRN_TRY(firn_buf_addf(out, err, " in %zu files", f->file_count));
    return firn_buf_addc(out, '\n', err);
}

static firn_code add_from(const firn_init_stream *s, const char *indent, firn_buf *out,
                          firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf from = FIRN_BUF(TEXT_BYTES);
    const firn_found_stream *f = s->survey.stream;
    FIRN_TRY(firn_buf_adds(&from, "data.", err));
    FIRN_TRY(firn_buf_addstr(&from, f->pattern, err));
    FIRN_TRY(firn_buf_addf(out, err, "%s- from: ", indent));
    FIRN_TRY(add_quoted(firn_buf_str(&from), out, err));
    return firn_buf_addf(out, err, "\n%s  into: raw.%.*s\n", indent, FIRN_STR_ARG(f->table));
}

static firn_code add_entry(const firn_init_stream *s, firn_buf *out, firn_err *err)
{
    const firn_survey *v = &s->survey;
    if (s->trouble) {
        FIRN_TRY(firn_buf_addf(out, err, "\n  # left out: %s\n", s->trouble));
        return add_from(s, "  # ", out, err);
    }
    FIRN_TRY(add_title(s, out, err));
    FIRN_TRY(add_from(s, "  ", out, err));
    if (v->records.n) {
        FIRN_TRY(firn_buf_adds(out, "    records: ", err));
        FIRN_TRY(add_quoted(v->records, out, err));
        FIRN_TRY(firn_buf_adds(out, "   # where in the document they are\n", err));
    }
    FIRN_TRY(add_way(v, out, err));
    FIRN_TRY(add_columns(v, out, err));
    return add_partition(v, out, err);
}

firn_code firn_init_write(const firn_init_project *p, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err,
                           "# Written by `%s` from what it found; it runs as it is.\n"
                           "#   firn check   looks this file and the models over\n"
                           "#   firn run     lands what is new, then makes the models\n"
                           "#   firn sql     asks the tables:  firn sql \"SHOW TABLES\"\n"
                           "# All keys: firn help, man firn\n",
                           p->command));
    FIRN_TRY(firn_buf_adds(out, "name: ", err));
    FIRN_TRY(add_name(firn_str_of(p->name), out, err));
    FIRN_TRY(firn_buf_adds(out,
                           "\nwarehouse: ./lake   # the tables, and their catalog "
                           "lake/catalog.db\n"
                           "catalog: {type: sqlite, name: lake}   # raw.orders is also "
                           "lake.raw.orders\n\n"
                           "sources:\n"
                           "  data: {type: files, path: ",
                           err));
    FIRN_TRY(add_quoted(firn_str_of(p->path), out, err));
    FIRN_TRY(firn_buf_adds(out,
                           "}\n\n"
                           "# One entry a stream: SOURCE.FILE or SOURCE.GLOB into "
                           "NAMESPACE.TABLE.  Types are found\n"
                           "# out; to say them: columns: {amount: decimal(18,2)}\n"
                           "ingest:",
                           err));
    for (size_t i = 0; i < p->count; i++)
        FIRN_TRY(add_entry(&p->streams[i], out, err));
    return firn_buf_adds(out,
                         "\n# models/curated/NAME.sql holds the SELECT that makes the table "
                         "curated.NAME.\n",
                         err);
}

/* --- models -------------------------------------------------------------------------------- */

typedef FIRN_VEC(firn_init_model) models;

static firn_code keep_model(models *list, const char *name, const firn_buf *text, firn_arena *a,
                            firn_err *err)
{
    firn_init_model m = {.text = firn_arena_str(a, firn_buf_str(text))};
    if (!name || !m.text.p)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_stream_table_name(firn_str_of(name), a, &m.name, err));
    return firn_vec_push(a, list, m) ? FIRN_OK : firn_arena_raise(a, err);
}

static const firn_surveyed_column *list_of_structs(const firn_survey *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const firn_type *t = v->columns[i].type;
        if (t->kind == FIRN_T_LIST && t->fields[0].type.kind == FIRN_T_STRUCT &&
            t->fields[0].type.field_count)
            return &v->columns[i];
    }
    return NULL;
}

/* SELECT o."id" AS orders_id, line."sku" AS "sku", … FROM raw.orders AS o, unnest(…) */
static firn_code open_list(const firn_survey *v, const firn_surveyed_column *list, models *out,
                           firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_BUF(TEXT_BYTES);
    firn_str table = v->stream->table;
    const firn_type *element = &list->type->fields[0].type;
    FIRN_TRY(firn_buf_addf(&sql, err,
                           "/* firn\nmaterialize: table\n*/\n"
                           "-- One row for each element of %.*s in raw.%.*s.\nSELECT\n",
                           FIRN_STR_ARG(list->name), FIRN_STR_ARG(table)));
    if (v->id) {
        FIRN_TRY(firn_buf_adds(&sql, "    o.", err));
        FIRN_TRY(firn_sql_ident(&sql, v->id->name, err));
        FIRN_TRY(firn_buf_addf(&sql, err, " AS \"%.*s__key\",\n", FIRN_STR_ARG(table)));
    }
    for (size_t i = 0; i < element->field_count; i++) {
        FIRN_TRY(firn_buf_adds(&sql, "    u.x.", err));
        FIRN_TRY(firn_sql_ident(&sql, element->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(&sql, " AS ", err));
        FIRN_TRY(firn_sql_ident(&sql, element->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(&sql, i + 1 < element->field_count ? ",\n" : "\n", err));
    }
    FIRN_TRY(firn_buf_addf(&sql, err, "FROM raw.\"%.*s\" AS o, unnest(o.", FIRN_STR_ARG(table)));
    FIRN_TRY(firn_sql_ident(&sql, list->name, err));
    FIRN_TRY(firn_buf_adds(&sql, ") AS u(x)\n", err));
    return keep_model(
        out, firn_arena_printf(a, "%.*s_%.*s", FIRN_STR_ARG(table), FIRN_STR_ARG(list->name)), &sql,
        a, err);
}

static firn_code sum_by_month(const firn_survey *v, models *out, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_BUF(TEXT_BYTES);
    firn_str table = v->stream->table;
    FIRN_TRY(firn_buf_addf(&sql, err,
                           "/* firn\nmaterialize: table\n*/\n"
                           "-- raw.%.*s by month.\nSELECT\n    CAST(date_trunc('month', ",
                           FIRN_STR_ARG(table)));
    FIRN_TRY(firn_sql_ident(&sql, v->day->name, err));
    FIRN_TRY(firn_buf_adds(&sql, ") AS DATE) AS month,\n    count(*) AS records,\n    sum(", err));
    FIRN_TRY(firn_sql_ident(&sql, v->amount->name, err));
    FIRN_TRY(firn_buf_adds(&sql, ") AS ", err));
    FIRN_TRY(firn_sql_ident(
        &sql, firn_str_of(firn_arena_printf(a, "total_%.*s", FIRN_STR_ARG(v->amount->name))), err));
    FIRN_TRY(firn_buf_addf(&sql, err, "\nFROM raw.\"%.*s\"\nGROUP BY ALL\nORDER BY ALL\n",
                           FIRN_STR_ARG(table)));
    return keep_model(out, firn_arena_printf(a, "%.*s_by_month", FIRN_STR_ARG(table)), &sql, a,
                      err);
}

static firn_code count_rows(const firn_init_project *p, models *out, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_BUF(TEXT_BYTES);
    bool first = true;
    FIRN_TRY(firn_buf_adds(&sql,
                           "/* firn\nmaterialize: table\nchecks: [\"records >= 0\"]\n*/\n"
                           "-- How many records each table holds.\n",
                           err));
    for (size_t i = 0; i < p->count; i++) {
        firn_str table = p->streams[i].survey.stream->table;
        if (p->streams[i].trouble)
            continue;
        FIRN_TRY(firn_buf_addf(&sql, err,
                               "%sSELECT 'raw.%.*s' AS name, count(*) AS records FROM "
                               "raw.\"%.*s\"\n",
                               first ? "" : "UNION ALL\n", FIRN_STR_ARG(table),
                               FIRN_STR_ARG(table)));
        first = false;
    }
    return keep_model(out, "row_counts", &sql, a, err);
}

firn_code firn_init_models(const firn_init_project *p, firn_arena *a, firn_init_model **ret,
                           size_t *ret_count, firn_err *err)
{
    models list = {0};
    size_t opened = 0;
    size_t summed = 0;
    for (size_t i = 0; i < p->count; i++) {
        const firn_survey *v = &p->streams[i].survey;
        const firn_surveyed_column *c = p->streams[i].trouble ? NULL : list_of_structs(v);
        if (c && opened++ < MAX_MODELS)
            FIRN_TRY(open_list(v, c, &list, a, err));
        if (!p->streams[i].trouble && v->day && v->amount && summed++ < MAX_MODELS)
            FIRN_TRY(sum_by_month(v, &list, a, err));
    }
    FIRN_TRY(count_rows(p, &list, a, err));
    *ret = list.v;
    *ret_count = list.n;
    return FIRN_OK;
}
