/* SPDX-License-Identifier: Apache-2.0 */
/* Two ways to read by field id.  The engine's own (`schema` of read_parquet) finds top-level
 * columns by id and fields inside of them by name: right as long as no nested field was ever
 * renamed or replaced.  Otherwise the files are read with the names they have, and each column is
 * rebuilt by id with an expression made from the file's schema.  So are files that may lack a
 * column they are partitioned by: the partition has its value. */
#include "engine/view.h"
#include "engine/sql.h"

#include "base/map.h"
#include "base/str.h"
#include "env/env.h"

#include <stdio.h>
#include <string.h>

/* --- the plain way ------------------------------------------------------------------------- */

static firn_str local_or_uri(firn_str path)
{
    firn_str local = firn_local_path(path);
    return local.p ? local : path;
}

static bool is_pattern_sign(char c)
{
    return c == '*' || c == '?' || c == '[';
}

static bool is_pattern(firn_str path)
{
    for (size_t i = 0; i < path.n; i++)
        if (is_pattern_sign(path.p[i]))
            return true;
    return false;
}

/* The engine takes every path for a pattern: `kind=a*b` would also read the folder kind=axb. */
static firn_code add_path(firn_str path, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf escaped = FIRN_BUF((size_t)1 << 20);
    if (!is_pattern(path))
        return firn_sql_text(out, path, err);
    if (memchr(path.p, '\\', path.n))
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "the engine cannot open %s: a backslash beside one of * ? [",
                          firn_quote(path).s);
    for (size_t i = 0; i < path.n; i++) {
        bool sign = is_pattern_sign(path.p[i]);
        FIRN_TRY(sign ? firn_buf_addf(&escaped, err, "[%c]", path.p[i])
                      : firn_buf_addc(&escaped, path.p[i], err));
    }
    return firn_sql_text(out, firn_buf_str(&escaped), err);
}

static firn_code add_path_list(const firn_str *paths, size_t count, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '[', err));
    for (size_t i = 0; i < count; i++) {
        if (i)
            FIRN_TRY(firn_buf_addc(out, ',', err));
        FIRN_TRY(add_path(local_or_uri(paths[i]), out, err));
    }
    return firn_buf_addc(out, ']', err);
}

/* MAP {1: {name: 'id', type: 'BIGINT', default_value: NULL}, …} */
static firn_code add_schema_map(const firn_type *schema, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "MAP {", err));
    for (size_t i = 0; i < schema->field_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf type = FIRN_SQL_BUF;
        const firn_field *f = &schema->fields[i];
        FIRN_TRY(firn_buf_addf(out, err, "%s%d: {name: ", i ? ", " : "", (int)f->id));
        FIRN_TRY(firn_sql_text(out, f->name, err));
        FIRN_TRY(firn_buf_adds(out, ", type: ", err));
        FIRN_TRY(firn_sql_type(&type, &f->type, err));
        FIRN_TRY(firn_sql_text(out, firn_buf_str(&type), err));
        FIRN_TRY(firn_buf_adds(out, ", default_value: NULL}", err));
    }
    return firn_buf_addc(out, '}', err);
}

static firn_code add_empty(const firn_type *schema, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < schema->field_count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? ", CAST(NULL AS " : "CAST(NULL AS ", err));
        FIRN_TRY(firn_sql_type(out, &schema->fields[i].type, err));
        FIRN_TRY(firn_buf_adds(out, ") AS ", err));
        FIRN_TRY(firn_sql_ident(out, schema->fields[i].name, err));
    }
    return firn_buf_adds(out, " WHERE false", err);
}

firn_code firn_view_select_paths(const firn_type *schema, const firn_str *paths, size_t count,
                                 firn_buf *out, firn_err *err)
{
    if (count == 0)
        return add_empty(schema, out, err);
    FIRN_TRY(firn_buf_adds(out, "SELECT * FROM read_parquet(", err));
    FIRN_TRY(add_path_list(paths, count, out, err));
    FIRN_TRY(firn_buf_adds(out, ", hive_partitioning = false, schema = ", err));
    FIRN_TRY(add_schema_map(schema, out, err));
    return firn_buf_addc(out, ')', err);
}

/* --- do nested fields have the names they always had? -------------------------------------- */

/* Looks for nested fields of `now` that `then` knows by another name, or whose name `then` gives to
 * another field; the engine also refuses structs that have no field in common. */
static bool nested_differs(const firn_type *now, const firn_type *then)
{
    bool common = false;
    for (size_t i = 0; i < now->field_count; i++) {
        for (size_t k = 0; k < then->field_count; k++) {
            const firn_field *x = &now->fields[i];
            const firn_field *y = &then->fields[k];
            bool same_id = x->id == y->id;
            if (same_id != firn_str_eq(x->name, y->name))
                return true;
            if (same_id && nested_differs(&x->type, &y->type))
                return true;
            common = common || same_id;
        }
    }
    return !common && now->field_count && then->field_count;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Other writers put "a_x20b" into a file for "a b": names that Avro does not allow. */
static bool written_as_it_is(firn_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        bool digit = i > 0 && name.p[i] >= '0' && name.p[i] <= '9';
        if (!is_letter(name.p[i]) && !digit)
            return false;
    }
    return name.n > 0;
}

static bool nested_names_plain(const firn_type *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (!written_as_it_is(t->fields[i].name) || !nested_names_plain(&t->fields[i].type))
            return false;
    return true;
}

static bool has_nested(const firn_type *schema)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (firn_type_is_nested(schema->fields[i].type.kind))
            return true;
    return false;
}

/* Schemas that the metadata no longer lists may have had any names. */
static bool schemas_missing(const firn_metadata *m)
{
    int32_t max = 0;
    for (size_t i = 0; i < m->schema_count; i++)
        max = FIRN_MAX(max, m->schemas[i].schema_id);
    return (size_t)max + 1 != m->schema_count;
}

static bool names_may_differ(const firn_metadata *m)
{
    const firn_type *now = &m->schema->type;
    /* with a name mapping there may be files without ids, which must not be read as nulls */
    if (firn_metadata_property(m, "schema.name-mapping.default").p)
        return true;
    if (!has_nested(now))
        return false;
    if (schemas_missing(m))
        return true;
    for (size_t i = 0; i < now->field_count; i++)
        if (!nested_names_plain(&now->fields[i].type))
            return true;
    for (size_t s = 0; s < m->schema_count; s++) {
        const firn_type *then = &m->schemas[s].type;
        for (size_t i = 0; i < now->field_count; i++)
            for (size_t k = 0; k < then->field_count; k++)
                if (now->fields[i].id == then->fields[k].id &&
                    nested_differs(&now->fields[i].type, &then->fields[k].type))
                    return true;
    }
    return false;
}

/* --- the files' own schemas ---------------------------------------------------------------- */

typedef struct footer_row {
    firn_str name;
    firn_str type; /* as far as it tells files apart */
    int32_t id;    /* 0: none */
    int64_t children;
    bool repeated;
} footer_row;

/* One file's fields as the rows of parquet_schema(). */
typedef struct footer {
    FIRN_VEC(footer_row) rows;
} footer;

static firn_str text_at(const firn_column *c, size_t row, firn_arena *a)
{
    return firn_arena_str(a, firn_strview_str(&((const firn_strview *)c->data)[row]));
}

static firn_code keep_row(const firn_column *c, size_t i, firn_arena *a, firn_map *footers,
                          firn_err *err)
{
    firn_str path = firn_strview_str(&((const firn_strview *)c[0].data)[i]);
    footer *f = firn_map_get(footers, path);
    if (!f) {
        path = firn_arena_str(a, path);
        f = firn_arena_zalloc(a, sizeof *f);
        if (!path.p || !f || !firn_map_put(footers, path, f))
            return firn_arena_raise(a, err);
    }
    footer_row row = {.name = text_at(&c[1], i, a),
                      .type = text_at(&c[2], i, a),
                      .id = ((const int32_t *)c[3].data)[i],
                      .children = ((const int64_t *)c[4].data)[i],
                      .repeated = ((const uint8_t *)c[5].data)[i] != 0};
    if (!row.name.p || !row.type.p || !firn_vec_push(a, &f->rows, row))
        return firn_arena_raise(a, err);
    return FIRN_OK;
}

static firn_code read_footers(const firn_engine_ops *ops, firn_result *r, firn_arena *a,
                              firn_map *footers, firn_err *err)
{
    for (;;) {
        const firn_column *root;
        size_t n;
        FIRN_TRY(ops->next(r, &root, &n, err));
        if (n == 0)
            return FIRN_OK;
        for (size_t i = 0; i < n; i++)
            FIRN_TRY(keep_row(root->children, i, a, footers, err));
    }
}

/* Paths to footers, of all files at once. */
static firn_code query_footers(const firn_engine_ops *ops, firn_session *s, const firn_str *paths,
                               size_t count, firn_arena *a, firn_map *footers, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r = NULL;
    FIRN_TRY(firn_buf_adds(&sql,
                           "SELECT file_name, name, concat(type, type_length, ' ', duckdb_type), "
                           "CAST(coalesce(field_id, 0) AS INTEGER), "
                           "CAST(coalesce(num_children, 0) AS BIGINT), "
                           "coalesce(repetition_type = 'REPEATED', false) FROM parquet_schema(",
                           err));
    FIRN_TRY(add_path_list(paths, count, &sql, err));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    FIRN_TRY(ops->query(s, firn_buf_str(&sql), &r, err));
    firn_code code = read_footers(ops, r, a, footers, err);
    ops->result_close(r);
    return code;
}

/* Builds the field at rows[*at] and below, leaving out the levels that Parquet adds for lists and
 * maps.  Only names, ids and the kind of nesting are filled in. */
static firn_code build_field(const footer *f, size_t *at, int depth, firn_arena *a, firn_field *ret,
                             firn_err *err)
{
    if (*at >= f->rows.n || depth > 100)
        return firn_raise(err, FIRN_E_DATA, "a Parquet footer that does not add up");
    const footer_row *row = &f->rows.v[(*at)++];
    *ret = (firn_field){.name = row->name, .id = row->id};
    size_t n = (size_t)row->children;
    bool wraps = n == 1 && *at < f->rows.n && f->rows.v[*at].repeated;
    if (wraps) { /* the repeated group in the middle of LIST and MAP */
        n = (size_t)f->rows.v[*at].children;
        (*at)++;
    }
    ret->type.kind = n == 0   ? FIRN_T_BINARY
                     : !wraps ? FIRN_T_STRUCT
                     : n == 2 ? FIRN_T_MAP
                              : FIRN_T_LIST;
    ret->type.fields = firn_arena_array(a, n, sizeof *ret->type.fields);
    if (!ret->type.fields)
        return firn_arena_raise(a, err);
    ret->type.field_count = n;
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(build_field(f, at, depth + 1, a, &ret->type.fields[i], err));
    return FIRN_OK;
}

static firn_code build_schema(const footer *f, firn_str path, firn_arena *a, firn_type *ret,
                              firn_err *err)
{
    firn_field root = {0};
    size_t at = 0;
    FIRN_TRY(build_field(f, &at, 0, a, &root, err));
    for (size_t i = 0; i < root.type.field_count; i++) {
        if (root.type.fields[i].id) {
            *ret = root.type;
            return FIRN_OK;
        }
    }
    return firn_raise(err, FIRN_E_UNSUPPORTED,
                      "%s has no field ids: files found by schema.name-mapping.default are not "
                      "read by this version",
                      firn_quote(path).s);
}

/* --- rebuilding columns by id -------------------------------------------------------------- */

/* Parameters of lambdas are called this and a number: the engine would take a column of the same
 * name first. */
typedef struct element_name {
    char s[64];
} element_name;

static bool is_prefix_of_column(const firn_type *have, const char *prefix)
{
    size_t n = strlen(prefix);
    for (size_t i = 0; i < have->field_count; i++) {
        firn_str name = have->fields[i].name;
        if (name.n >= n && firn_str_ieq((firn_str){name.p, n}, (firn_str){prefix, n}))
            return true;
    }
    return false;
}

static firn_code choose_element_name(const firn_type *have, element_name *ret, firn_err *err)
{
    for (size_t n = 1; n + 1 < sizeof ret->s; n++) {
        memset(ret->s, '_', n);
        memcpy(ret->s + n, "e", 2);
        if (!is_prefix_of_column(have, ret->s))
            return FIRN_OK;
    }
    return firn_raise(err, FIRN_E_UNSUPPORTED, "columns with too many underscores");
}

/* A column that a file does not have, since it is the same in all of its rows: the partition's. */
typedef struct constant {
    int32_t id;
    firn_str sql;
} constant;

typedef FIRN_VEC(constant) constant_list;

/* How far the writing of an expression has come. */
typedef struct rebuild {
    firn_buf *out;
    const constant_list *constants;
    element_name element;
    int depth; /* of lambdas */
} rebuild;

static firn_code add_column(rebuild *b, const firn_field *want, const firn_type *have,
                            const char *from, firn_err *err);

static const firn_field *field_with_id(const firn_type *t, int32_t id)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (t->fields[i].id == id)
            return &t->fields[i];
    return NULL;
}

static firn_code add_rebuilt(rebuild *b, const firn_field *want, const firn_field *have,
                             const char *expr, firn_err *err);

static firn_code add_struct(rebuild *b, const firn_type *want, const firn_type *have,
                            const char *expr, firn_err *err)
{
    firn_buf *out = b->out;
    FIRN_TRY(firn_buf_addf(out, err, "CASE WHEN %s IS NULL THEN NULL ELSE struct_pack(", expr));
    for (size_t i = 0; i < want->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(firn_sql_ident(out, want->fields[i].name, err));
        FIRN_TRY(firn_buf_adds(out, " := ", err));
        FIRN_TRY(add_column(b, &want->fields[i], have, expr, err));
    }
    return firn_buf_adds(out, ") END", err);
}

static firn_code add_list(rebuild *b, const firn_type *want, const firn_type *have,
                          const char *expr, firn_err *err)
{
    char element[80];
    snprintf(element, sizeof element, "%s%d", b->element.s, b->depth++);
    FIRN_TRY(firn_buf_addf(b->out, err, "list_transform(%s, lambda %s: ", expr, element));
    FIRN_TRY(add_rebuilt(b, &want->fields[0], &have->fields[0], element, err));
    b->depth--;
    return firn_buf_addc(b->out, ')', err);
}

static firn_code add_map(rebuild *b, const firn_type *want, const firn_type *have, const char *expr,
                         firn_err *err)
{
    char element[80];
    char part[96];
    snprintf(element, sizeof element, "%s%d", b->element.s, b->depth++);
    FIRN_TRY(firn_buf_addf(b->out, err,
                           "map_from_entries(list_transform(map_entries(%s), lambda %s: "
                           "struct_pack(k := ",
                           expr, element));
    snprintf(part, sizeof part, "%s.\"key\"", element);
    FIRN_TRY(add_rebuilt(b, &want->fields[0], &have->fields[0], part, err));
    FIRN_TRY(firn_buf_adds(b->out, ", v := ", err));
    snprintf(part, sizeof part, "%s.\"value\"", element);
    FIRN_TRY(add_rebuilt(b, &want->fields[1], &have->fields[1], part, err));
    b->depth--;
    return firn_buf_adds(b->out, ")))", err);
}

/* The same ids under the same names in the same places. */
static bool same_fields(const firn_type *x, const firn_type *y)
{
    if (x->field_count != y->field_count)
        return false;
    for (size_t i = 0; i < x->field_count; i++)
        if (x->fields[i].id != y->fields[i].id ||
            !firn_str_eq(x->fields[i].name, y->fields[i].name) ||
            !same_fields(&x->fields[i].type, &y->fields[i].type))
            return false;
    return true;
}

/* The value of `expr`, a field of the file, as the table's field of the same id. */
static firn_code add_rebuilt(rebuild *b, const firn_field *want, const firn_field *have,
                             const char *expr, firn_err *err)
{
    firn_buf *out = b->out;
    if (firn_type_is_nested(want->type.kind) && want->type.kind != have->type.kind)
        return firn_raise(err, FIRN_E_DATA, "column %s of a file is no %s",
                          firn_quote(want->name).s, firn_type_kind_name(want->type.kind));
    FIRN_TRY(firn_buf_adds(out, "CAST(", err));
    if (same_fields(&want->type, &have->type))
        FIRN_TRY(firn_buf_adds(out, expr, err));
    else if (want->type.kind == FIRN_T_STRUCT)
        FIRN_TRY(add_struct(b, &want->type, &have->type, expr, err));
    else if (want->type.kind == FIRN_T_LIST)
        FIRN_TRY(add_list(b, &want->type, &have->type, expr, err));
    else
        FIRN_TRY(add_map(b, &want->type, &have->type, expr, err));
    FIRN_TRY(firn_buf_adds(out, " AS ", err));
    FIRN_TRY(firn_sql_type(out, &want->type, err));
    return firn_buf_addc(out, ')', err);
}

/* A field that the file does not have: the partition's value, else null. */
static firn_code add_missing(rebuild *b, const firn_field *want, firn_err *err)
{
    for (size_t i = 0; i < b->constants->n; i++) {
        const constant *c = &b->constants->v[i];
        if (c->id == want->id)
            return firn_buf_addstr(b->out, c->sql, err);
        if (firn_schema_field(&want->type, c->id))
            return firn_raise(err, FIRN_E_UNSUPPORTED,
                              "a file without column %s, of which a field is partitioned by",
                              firn_quote(want->name).s);
    }
    FIRN_TRY(firn_buf_adds(b->out, "CAST(NULL AS ", err));
    FIRN_TRY(firn_sql_type(b->out, &want->type, err));
    return firn_buf_addc(b->out, ')', err);
}

/* The table's field out of the struct `from` ("" = the row itself). */
static firn_code add_column(rebuild *b, const firn_field *want, const firn_type *have,
                            const char *from, firn_err *err)
{
    const firn_field *f = field_with_id(have, want->id);
    if (!f)
        return add_missing(b, want, err);
    FIRN_AUTO(firn_buf_free) firn_buf expr = FIRN_SQL_BUF;
    if (from[0])
        FIRN_TRY(firn_buf_addf(&expr, err, "%s.", from));
    FIRN_TRY(firn_sql_ident(&expr, f->name, err));
    return add_rebuilt(b, want, f, firn_buf_cstr(&expr), err);
}

static firn_code add_rebuilt_select(const firn_type *schema, const firn_type *have,
                                    const constant_list *constants, firn_buf *out, firn_err *err)
{
    rebuild b = {.out = out, .constants = constants};
    FIRN_TRY(choose_element_name(have, &b.element, err));
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    for (size_t i = 0; i < schema->field_count; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(out, ", ", err));
        FIRN_TRY(add_column(&b, &schema->fields[i], have, "", err));
        FIRN_TRY(firn_buf_adds(out, " AS ", err));
        FIRN_TRY(firn_sql_ident(out, schema->fields[i].name, err));
    }
    return FIRN_OK;
}

/* --- columns that only the partition has --------------------------------------------------- */

static bool has_field(const footer *f, int32_t id)
{
    for (size_t i = 0; i < f->rows.n; i++)
        if (f->rows.v[i].id == id)
            return true;
    return false;
}

/* CAST('2024-05-31' AS DATE) */
static firn_code constant_sql(const firn_type *have, const firn_type *want, const firn_value *v,
                              firn_arena *a, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    bool binary = have->kind == FIRN_T_BINARY || have->kind == FIRN_T_FIXED;
    FIRN_TRY(firn_value_print(have, v, &text, err));
    FIRN_TRY(firn_buf_adds(&sql, binary ? "CAST(from_base64(" : "CAST(", err));
    FIRN_TRY(firn_sql_text(&sql, firn_buf_str(&text), err));
    FIRN_TRY(firn_buf_adds(&sql, binary ? ") AS " : " AS ", err));
    FIRN_TRY(firn_sql_type(&sql, want, err));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    *ret = firn_arena_str(a, firn_buf_str(&sql));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code find_constants(const firn_metadata *m, const firn_data_file *file, const footer *f,
                                firn_arena *a, constant_list *ret, firn_err *err)
{
    const firn_spec *spec = file->partition ? firn_metadata_spec(m, file->spec_id) : NULL;
    for (size_t i = 0; spec && i < spec->field_count; i++) {
        const firn_partition_field *p = &spec->fields[i];
        const firn_field *source = firn_schema_field(&m->schema->type, p->source_id);
        firn_type have;
        if (p->transform.kind != FIRN_TRANSFORM_IDENTITY || !source || file->partition[i].is_null ||
            has_field(f, p->source_id) || !firn_metadata_partition_type(m, p, &have))
            continue;
        constant c = {.id = p->source_id};
        FIRN_TRY(constant_sql(&have, &source->type, &file->partition[i], a, &c.sql, err));
        if (!firn_vec_push(a, ret, c))
            return firn_arena_raise(a, err);
    }
    return FIRN_OK;
}

/* --- groups of files ----------------------------------------------------------------------- */

/* Files with the same columns are read together. */
typedef struct file_group {
    firn_str select;
    FIRN_VEC(firn_str) paths;
} file_group;

typedef FIRN_VEC(file_group *) group_list;

/* What tells the columns of two files apart: the engine gives all files that it reads together the
 * types of the first. */
static firn_code write_signature(const footer *f, const constant_list *constants, firn_buf *out,
                                 firn_err *err)
{
    for (size_t i = 0; i < constants->n; i++) {
        FIRN_TRY(firn_buf_addf(out, err, "%d ", (int)constants->v[i].id));
        FIRN_TRY(firn_buf_addstr(out, constants->v[i].sql, err));
        FIRN_TRY(firn_buf_addc(out, '\n', err));
    }
    for (size_t i = 0; i < f->rows.n; i++) {
        const footer_row *row = &f->rows.v[i];
        FIRN_TRY(firn_buf_addf(out, err, "%zu ", row->name.n));
        FIRN_TRY(firn_buf_addstr(out, row->name, err));
        FIRN_TRY(firn_buf_addf(out, err, " %d %lld ", (int)row->id, (long long)row->children));
        FIRN_TRY(firn_buf_addstr(out, row->type, err));
        FIRN_TRY(firn_buf_addc(out, '\n', err));
    }
    return FIRN_OK;
}

static firn_code new_group(const firn_type *schema, const footer *f, firn_str path,
                           const constant_list *constants, firn_arena *a, file_group **ret,
                           firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf select = FIRN_SQL_BUF;
    firn_type have = {0};
    FIRN_TRY(build_schema(f, path, a, &have, err));
    FIRN_TRY(add_rebuilt_select(schema, &have, constants, &select, err));
    file_group *g = firn_arena_zalloc(a, sizeof *g);
    if (!g)
        return firn_arena_raise(a, err);
    g->select = firn_arena_str(a, firn_buf_str(&select));
    if (!g->select.p)
        return firn_arena_raise(a, err);
    *ret = g;
    return FIRN_OK;
}

static firn_code group_file(const firn_metadata *m, const firn_data_file *file, const footer *f,
                            firn_arena *a, firn_map *by_signature, group_list *groups,
                            firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf signature = FIRN_SQL_BUF;
    constant_list constants = {0};
    FIRN_TRY(find_constants(m, file, f, a, &constants, err));
    FIRN_TRY(write_signature(f, &constants, &signature, err));
    file_group *g = firn_map_get(by_signature, firn_buf_str(&signature));
    if (!g) {
        FIRN_TRY(new_group(&m->schema->type, f, file->file_path, &constants, a, &g, err));
        firn_str key = firn_arena_str(a, firn_buf_str(&signature));
        if (!key.p || !firn_map_put(by_signature, key, g) || !firn_vec_push(a, groups, g))
            return firn_arena_raise(a, err);
    }
    return firn_vec_push(a, &g->paths, file->file_path) ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code select_by_footer(const firn_engine_ops *ops, firn_session *s,
                                  const firn_metadata *m, const firn_scan_file *files,
                                  const firn_str *paths, size_t count, firn_arena *a, firn_buf *out,
                                  firn_err *err)
{
    firn_map footers = FIRN_MAP(a);
    firn_map by_signature = FIRN_MAP(a);
    group_list groups = {0};
    FIRN_TRY(query_footers(ops, s, paths, count, a, &footers, err));
    for (size_t i = 0; i < count; i++) {
        const footer *f = firn_map_get(&footers, local_or_uri(paths[i]));
        if (!f)
            return firn_raise(err, FIRN_E_BUG, "no footer of %s", firn_quote(paths[i]).s);
        FIRN_TRY(group_file(m, &files[i].file, f, a, &by_signature, &groups, err));
    }
    for (size_t i = 0; i < groups.n; i++) {
        if (i)
            FIRN_TRY(firn_buf_adds(out, " UNION ALL ", err));
        FIRN_TRY(firn_buf_addstr(out, groups.v[i]->select, err));
        FIRN_TRY(firn_buf_adds(out, " FROM read_parquet(", err));
        FIRN_TRY(add_path_list(groups.v[i]->paths.v, groups.v[i]->paths.n, out, err));
        FIRN_TRY(firn_buf_adds(out, ", hive_partitioning = false)", err));
    }
    return FIRN_OK;
}

firn_code firn_view_select(const firn_engine_ops *ops, firn_session *s, const firn_metadata *m,
                           const firn_scan_file *files, size_t count, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a view", 0);
    firn_str *paths = a ? firn_arena_array(a, count, sizeof *paths) : NULL;
    if (!paths)
        return firn_raise_nomem(err);
    bool unproven = false;
    for (size_t i = 0; i < count; i++) {
        paths[i] = files[i].file.file_path;
        unproven |= files[i].partition_column_unproven;
    }
    if (unproven || (count && names_may_differ(m)))
        return select_by_footer(ops, s, m, files, paths, count, a, out, err);
    return firn_view_select_paths(&m->schema->type, paths, count, out, err);
}
