/* SPDX-License-Identifier: Apache-2.0 */
/* A table in the words of Spark's SQL, which other engines read as well.  Types that Spark has not
 * are the nearest one that it reads them as. */
#include "pipeline/statement_int.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* --- names and texts ----------------------------------------------------------------------- */

static bool is_plain(firn_str name)
{
    bool letter = false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (!isalnum(c) && c != '_')
            return false;
        letter = letter || !isdigit(c);
    }
    return letter && !isdigit((unsigned char)name.p[0]);
}

/* Words that Spark reads as something else in the place of a column's name (ANSI mode). */
static bool is_reserved(firn_str name)
{
    static const char *const words[] = {
        "all",    "and",        "any",       "as",    "both",    "case",     "cast",   "check",
        "column", "constraint", "create",    "cross", "date",    "distinct", "else",   "end",
        "except", "exists",     "false",     "fetch", "filter",  "for",      "from",   "full",
        "grant",  "group",      "having",    "in",    "inner",   "interval", "into",   "is",
        "join",   "left",       "like",      "limit", "not",     "null",     "offset", "on",
        "only",   "or",         "order",     "outer", "primary", "right",    "select", "table",
        "then",   "time",       "timestamp", "to",    "true",    "union",    "unique", "user",
        "using",  "values",     "when",      "where", "with"};
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (firn_str_ieq(name, firn_str_of(words[i])))
            return true;
    return false;
}

static firn_code add_marked(firn_str s, char mark, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, mark, err));
    for (size_t i = 0; i < s.n; i++) {
        bool special = s.p[i] == mark || (mark == '\'' && s.p[i] == '\\');
        if (special)
            FIRN_TRY(firn_buf_addc(out, mark == '`' ? '`' : '\\', err));
        FIRN_TRY(firn_buf_addc(out, s.p[i], err));
    }
    return firn_buf_addc(out, mark, err);
}

firn_code firn_spark_ident(firn_str name, firn_buf *out, firn_err *err)
{
    if (is_plain(name) && !is_reserved(name))
        return firn_buf_addstr(out, name, err);
    return add_marked(name, '`', out, err);
}

/* --- types --------------------------------------------------------------------------------- */

static const char *word_of(firn_type_kind kind)
{
    switch (kind) {
    case FIRN_T_BOOLEAN:
        return "boolean";
    case FIRN_T_INT:
        return "int";
    case FIRN_T_LONG:
        return "bigint";
    case FIRN_T_FLOAT:
        return "float";
    case FIRN_T_DOUBLE:
        return "double";
    case FIRN_T_DATE:
        return "date";
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMP_NS:
        return "timestamp_ntz";
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMPTZ_NS:
        return "timestamp";
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
        return "binary";
    case FIRN_T_UNKNOWN:
        return "void";
    case FIRN_T_TIME:
    case FIRN_T_STRING:
    case FIRN_T_UUID:
    case FIRN_T_DECIMAL:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return "string";
}

static firn_code add_notes(const firn_field *f, bool ddl, firn_buf *out, firn_err *err)
{
    if (ddl && f->required)
        FIRN_TRY(firn_buf_adds(out, " NOT NULL", err));
    if (!ddl || !f->doc.p)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(out, " COMMENT ", err));
    return add_marked(f->doc, '\'', out, err);
}

static firn_code add_struct(const firn_type *t, bool ddl, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "struct<", err));
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        FIRN_TRY(firn_buf_adds(out, i ? (ddl ? ", " : ",") : "", err));
        FIRN_TRY(firn_spark_ident(f->name, out, err));
        FIRN_TRY(firn_buf_adds(out, ddl ? ": " : ":", err));
        FIRN_TRY(firn_spark_type(&f->type, ddl, out, err));
        FIRN_TRY(add_notes(f, ddl, out, err));
    }
    return firn_buf_addc(out, '>', err);
}

firn_code firn_spark_type(const firn_type *t, bool ddl, firn_buf *out, firn_err *err)
{
    if (t->kind == FIRN_T_DECIMAL)
        return firn_buf_addf(out, err, "decimal(%d,%d)", t->precision, t->scale);
    if (t->kind == FIRN_T_FOREIGN)
        return firn_buf_addstr(out, t->text, err);
    if (t->kind == FIRN_T_STRUCT)
        return add_struct(t, ddl, out, err);
    if (t->kind == FIRN_T_LIST) {
        FIRN_TRY(firn_buf_adds(out, "array<", err));
        FIRN_TRY(firn_spark_type(&t->fields[0].type, ddl, out, err));
        return firn_buf_addc(out, '>', err);
    }
    if (t->kind != FIRN_T_MAP)
        return firn_buf_adds(out, word_of(t->kind), err);
    FIRN_TRY(firn_buf_adds(out, "map<", err));
    FIRN_TRY(firn_spark_type(&t->fields[0].type, ddl, out, err));
    FIRN_TRY(firn_buf_adds(out, ddl ? ", " : ",", err));
    FIRN_TRY(firn_spark_type(&t->fields[1].type, ddl, out, err));
    return firn_buf_addc(out, '>', err);
}

/* --- partitions ---------------------------------------------------------------------------- */

/* address.city, each level quoted as it needs; *found says whether the column is there. */
static firn_code add_path(const firn_type *t, int32_t id, firn_buf *out, bool *found, firn_err *err)
{
    for (size_t i = 0; i < t->field_count && !*found; i++) {
        const firn_field *f = &t->fields[i];
        size_t before = out->n;
        FIRN_TRY(firn_spark_ident(f->name, out, err));
        *found = f->id == id;
        if (*found)
            return FIRN_OK;
        if (f->type.kind == FIRN_T_STRUCT) {
            FIRN_TRY(firn_buf_addc(out, '.', err));
            FIRN_TRY(add_path(&f->type, id, out, found, err));
        }
        if (!*found)
            out->n = before;
    }
    return FIRN_OK;
}

static firn_code add_term(const firn_metadata *m, const firn_partition_field *p, firn_buf *out,
                          firn_err *err)
{
    static const char *const words[] = {
        [FIRN_TRANSFORM_YEAR] = "years(",    [FIRN_TRANSFORM_MONTH] = "months(",
        [FIRN_TRANSFORM_DAY] = "days(",      [FIRN_TRANSFORM_HOUR] = "hours(",
        [FIRN_TRANSFORM_BUCKET] = "bucket(", [FIRN_TRANSFORM_TRUNCATE] = "truncate(",
    };
    firn_transform_kind kind = p->transform.kind;
    bool plain = kind == FIRN_TRANSFORM_IDENTITY;
    bool found = false;
    if (!plain)
        FIRN_TRY(firn_buf_adds(out, words[kind], err));
    if (kind == FIRN_TRANSFORM_BUCKET || kind == FIRN_TRANSFORM_TRUNCATE)
        FIRN_TRY(firn_buf_addf(out, err, "%lld, ", (long long)p->transform.width));
    FIRN_TRY(add_path(&m->schema->type, p->source_id, out, &found, err));
    return plain ? FIRN_OK : firn_buf_addc(out, ')', err);
}

/* Fields that were dropped stay in version 1 as void; what firn does not know Spark does not
 * either. */
static bool is_shown(const firn_metadata *m, const firn_partition_field *p)
{
    return p->transform.kind != FIRN_TRANSFORM_VOID &&
           p->transform.kind != FIRN_TRANSFORM_UNKNOWN &&
           firn_schema_field(&m->schema->type, p->source_id);
}

firn_code firn_spark_partitions(const firn_metadata *m, firn_buf *out, firn_err *err)
{
    bool any = false;
    for (size_t i = 0; i < m->spec->field_count; i++) {
        if (!is_shown(m, &m->spec->fields[i]))
            continue;
        FIRN_TRY(firn_buf_adds(out, any ? ", " : "", err));
        FIRN_TRY(add_term(m, &m->spec->fields[i], out, err));
        any = true;
    }
    return FIRN_OK;
}

/* --- CREATE TABLE -------------------------------------------------------------------------- */

static firn_code add_columns(const firn_type *t, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        FIRN_TRY(firn_buf_adds(out, i ? ",\n  " : "\n  ", err));
        FIRN_TRY(firn_spark_ident(f->name, out, err));
        FIRN_TRY(firn_buf_addc(out, ' ', err));
        FIRN_TRY(firn_spark_type(&f->type, true, out, err));
        FIRN_TRY(add_notes(f, true, out, err));
    }
    return FIRN_OK;
}

/* Spark sets these itself, and refuses them. */
static bool is_kept(const char *key)
{
    static const char *const words[] = {"format-version", "owner",    "location",
                                        "provider",       "external", "is_managed_location",
                                        "comment"};
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (strcmp(key, words[i]) == 0)
            return true;
    return false;
}

static firn_code add_properties(const firn_metadata *m, firn_buf *out, firn_err *err)
{
    const char *key;
    json_t *value;
    FIRN_TRY(firn_buf_addf(out, err, "\nTBLPROPERTIES (\n  'format-version' = '%d'",
                           (int)m->format_version));
    json_object_foreach((json_t *)(uintptr_t)m->properties, key, value)
    {
        if (!json_is_string(value) || is_kept(key))
            continue;
        FIRN_TRY(firn_buf_adds(out, ",\n  ", err));
        FIRN_TRY(add_marked(firn_str_of(key), '\'', out, err));
        FIRN_TRY(firn_buf_adds(out, " = ", err));
        FIRN_TRY(add_marked(firn_json_text(value), '\'', out, err));
    }
    return firn_buf_adds(out, ")", err);
}

firn_code firn_spark_create(const firn_metadata *m, const firn_schema *schema, firn_str name,
                            firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf partitions = FIRN_BUF((size_t)1 << 20);
    FIRN_TRY(firn_buf_adds(out, "CREATE TABLE ", err));
    FIRN_TRY(firn_buf_addstr(out, name, err));
    FIRN_TRY(firn_buf_adds(out, " (", err));
    FIRN_TRY(add_columns(&schema->type, out, err));
    FIRN_TRY(firn_buf_adds(out, ")\nUSING iceberg", err));
    FIRN_TRY(firn_spark_partitions(m, &partitions, err));
    if (partitions.n)
        FIRN_TRY(firn_buf_addf(out, err, "\nPARTITIONED BY (%s)", firn_buf_cstr(&partitions)));
    firn_str comment = firn_metadata_property(m, "comment");
    if (comment.p) {
        FIRN_TRY(firn_buf_adds(out, "\nCOMMENT ", err));
        FIRN_TRY(add_marked(comment, '\'', out, err));
    }
    FIRN_TRY(firn_buf_adds(out, "\nLOCATION ", err));
    FIRN_TRY(add_marked(m->location, '\'', out, err));
    return add_properties(m, out, err);
}
