/* SPDX-License-Identifier: Apache-2.0 */
/* DuckDB's types and firn's: which are the same, which need a cast, which are refused.
 * Source: LIBRARIES.md §2 (TRAPS); what the engine writes for a type is not always what it says. */
#include "engine/duckdb_int.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static firn_code map_type(duckdb_logical_type t, firn_arena *a, firn_result_column *c,
                          firn_buf *sql, firn_buf *cast, firn_type *ret, firn_err *err);

typedef struct plain {
    duckdb_type id;
    const char *sql;
    firn_type_kind kind;
    const char *cast; /* NULL: the same type */
    bool refuse;      /* the cast is for showing only */
} plain;

static const plain plains[] = {
    {DUCKDB_TYPE_BOOLEAN, "BOOLEAN", FIRN_T_BOOLEAN, NULL, false},
    {DUCKDB_TYPE_TINYINT, "TINYINT", FIRN_T_INT, "INTEGER", false},
    {DUCKDB_TYPE_SMALLINT, "SMALLINT", FIRN_T_INT, "INTEGER", false},
    {DUCKDB_TYPE_INTEGER, "INTEGER", FIRN_T_INT, NULL, false},
    {DUCKDB_TYPE_BIGINT, "BIGINT", FIRN_T_LONG, NULL, false},
    {DUCKDB_TYPE_UTINYINT, "UTINYINT", FIRN_T_INT, "INTEGER", false},
    {DUCKDB_TYPE_USMALLINT, "USMALLINT", FIRN_T_INT, "INTEGER", false},
    {DUCKDB_TYPE_UINTEGER, "UINTEGER", FIRN_T_LONG, "BIGINT", false},
    {DUCKDB_TYPE_FLOAT, "FLOAT", FIRN_T_FLOAT, NULL, false},
    {DUCKDB_TYPE_DOUBLE, "DOUBLE", FIRN_T_DOUBLE, NULL, false},
    {DUCKDB_TYPE_DATE, "DATE", FIRN_T_DATE, NULL, false},
    {DUCKDB_TYPE_TIME, "TIME", FIRN_T_TIME, NULL, false},
    {DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP", FIRN_T_TIMESTAMP, NULL, false},
    {DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S", FIRN_T_TIMESTAMP, "TIMESTAMP", false},
    {DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS", FIRN_T_TIMESTAMP, "TIMESTAMP", false},
    {DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE", FIRN_T_TIMESTAMPTZ, NULL, false},
    {DUCKDB_TYPE_UUID, "UUID", FIRN_T_UUID, NULL, false},
    {DUCKDB_TYPE_BLOB, "BLOB", FIRN_T_BINARY, NULL, false},
    {DUCKDB_TYPE_ENUM, "ENUM", FIRN_T_STRING, "VARCHAR", false},
    {DUCKDB_TYPE_INTERVAL, "INTERVAL", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_BIT, "BIT", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_TIME_NS, "TIME_NS", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_UHUGEINT, "UHUGEINT", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_UNION, "UNION", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_BIGNUM, "BIGNUM", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_GEOMETRY, "GEOMETRY", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_VARIANT, "VARIANT", FIRN_T_STRING, "VARCHAR", true},
    {DUCKDB_TYPE_SQLNULL, "NULL", FIRN_T_INT, "INTEGER", false},
};

static const plain *find_plain(duckdb_type id)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(plains); i++)
        if (plains[i].id == id)
            return &plains[i];
    return NULL;
}

/* Writes the same word into both spellings, or the cast into the second. */
static firn_code spell(firn_buf *sql, firn_buf *cast, const char *word, const char *cast_word,
                       firn_err *err)
{
    FIRN_TRY(firn_buf_adds(sql, word, err));
    return firn_buf_adds(cast, cast_word ? cast_word : word, err);
}

static firn_code map_decimal(int width, int scale, const char *sql_word, firn_result_column *c,
                             firn_buf *sql, firn_buf *cast, firn_type *ret, firn_err *err)
{
    char text[32];
    snprintf(text, sizeof text, "DECIMAL(%d,%d)", width, scale);
    *ret = (firn_type){.kind = FIRN_T_DECIMAL, .precision = width, .scale = scale};
    if (sql_word)
        c->mapped = false;
    return spell(sql, cast, sql_word ? sql_word : text, text, err);
}

static firn_code map_varchar(duckdb_logical_type t, firn_result_column *c, firn_buf *sql,
                             firn_buf *cast, firn_type *ret, firn_err *err)
{
    char *alias = duckdb_logical_type_get_alias(t);
    bool json = alias && strcmp(alias, "JSON") == 0;
    duckdb_free(alias);
    *ret = (firn_type){.kind = FIRN_T_STRING};
    if (json)
        c->mapped = false;
    return spell(sql, cast, json ? "JSON" : "VARCHAR", "VARCHAR", err);
}

static firn_code map_child(duckdb_logical_type child, const char *name, firn_arena *a,
                           firn_result_column *c, firn_buf *sql, firn_buf *cast, firn_field *ret,
                           firn_err *err)
{
    *ret = (firn_field){0};
    ret->name = firn_arena_str(a, firn_str_of(name));
    firn_code code =
        ret->name.p ? map_type(child, a, c, sql, cast, &ret->type, err) : firn_arena_raise(a, err);
    duckdb_destroy_logical_type(&child);
    return code;
}

static firn_code map_list(duckdb_logical_type t, firn_arena *a, firn_result_column *c,
                          firn_buf *sql, firn_buf *cast, firn_type *ret, firn_err *err)
{
    bool array = duckdb_get_type_id(t) == DUCKDB_TYPE_ARRAY;
    *ret = (firn_type){.kind = FIRN_T_LIST, .field_count = 1};
    ret->fields = firn_arena_array(a, 1, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    duckdb_logical_type child =
        array ? duckdb_array_type_child_type(t) : duckdb_list_type_child_type(t);
    FIRN_TRY(map_child(child, "element", a, c, sql, cast, &ret->fields[0], err));
    FIRN_TRY(firn_buf_adds(cast, "[]", err));
    if (!array)
        return firn_buf_adds(sql, "[]", err);
    c->mapped = false;
    return firn_buf_addf(sql, err, "[%llu]", (unsigned long long)duckdb_array_type_array_size(t));
}

static firn_code map_map(duckdb_logical_type t, firn_arena *a, firn_result_column *c, firn_buf *sql,
                         firn_buf *cast, firn_type *ret, firn_err *err)
{
    *ret = (firn_type){.kind = FIRN_T_MAP, .field_count = 2};
    ret->fields = firn_arena_array(a, 2, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    FIRN_TRY(spell(sql, cast, "MAP(", NULL, err));
    FIRN_TRY(map_child(duckdb_map_type_key_type(t), "key", a, c, sql, cast, &ret->fields[0], err));
    FIRN_TRY(spell(sql, cast, ", ", NULL, err));
    FIRN_TRY(
        map_child(duckdb_map_type_value_type(t), "value", a, c, sql, cast, &ret->fields[1], err));
    ret->fields[0].required = true;
    return spell(sql, cast, ")", NULL, err);
}

static firn_code add_ident(firn_buf *out, const char *name, firn_err *err)
{
    FIRN_TRY(firn_buf_addc(out, '"', err));
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            FIRN_TRY(firn_buf_addc(out, '"', err));
        FIRN_TRY(firn_buf_addc(out, *p, err));
    }
    return firn_buf_adds(out, "\" ", err);
}

static firn_code map_struct_field(duckdb_logical_type t, size_t i, firn_arena *a,
                                  firn_result_column *c, firn_buf *sql, firn_buf *cast,
                                  firn_field *ret, firn_err *err)
{
    char *name = duckdb_struct_type_child_name(t, i);
    if (!name)
        return firn_raise_nomem(err);
    firn_code code = i ? spell(sql, cast, ", ", NULL, err) : FIRN_OK;
    if (code == FIRN_OK)
        code = add_ident(sql, name, err);
    if (code == FIRN_OK)
        code = add_ident(cast, name, err);
    if (code == FIRN_OK)
        code = map_child(duckdb_struct_type_child_type(t, i), name, a, c, sql, cast, ret, err);
    duckdb_free(name);
    return code;
}

static bool has_unnamed_field(duckdb_logical_type t, size_t n)
{
    bool found = false;
    for (size_t i = 0; i < n && !found; i++) {
        char *name = duckdb_struct_type_child_name(t, i);
        found = name && name[0] == '\0';
        duckdb_free(name);
    }
    return found;
}

static firn_code map_struct(duckdb_logical_type t, firn_arena *a, firn_result_column *c,
                            firn_buf *sql, firn_buf *cast, firn_type *ret, firn_err *err)
{
    size_t n = duckdb_struct_type_child_count(t);
    if (has_unnamed_field(t, n)) { /* row(1, 2): nothing to call its fields */
        c->mapped = false;
        c->refuse = true;
        *ret = (firn_type){.kind = FIRN_T_STRING};
        return spell(sql, cast, "STRUCT without names", "VARCHAR", err);
    }
    *ret = (firn_type){.kind = FIRN_T_STRUCT, .field_count = n};
    ret->fields = firn_arena_array(a, n, sizeof *ret->fields);
    if (!ret->fields)
        return firn_arena_raise(a, err);
    FIRN_TRY(spell(sql, cast, "STRUCT(", NULL, err));
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(map_struct_field(t, i, a, c, sql, cast, &ret->fields[i], err));
    return spell(sql, cast, ")", NULL, err);
}

static firn_code map_other(duckdb_type id, firn_result_column *c, firn_buf *sql, firn_buf *cast,
                           firn_type *ret, firn_err *err)
{
    const plain *p = find_plain(id);
    if (!p) { /* a type of a later version: it can be shown, not kept */
        c->mapped = false;
        c->refuse = true;
        *ret = (firn_type){.kind = FIRN_T_STRING};
        return spell(sql, cast, "an unknown type", "VARCHAR", err);
    }
    c->mapped = c->mapped && !p->cast;
    c->refuse = c->refuse || p->refuse;
    *ret = (firn_type){.kind = p->kind};
    return spell(sql, cast, p->sql, p->cast, err);
}

static firn_code map_type(duckdb_logical_type t, firn_arena *a, firn_result_column *c,
                          firn_buf *sql, firn_buf *cast, firn_type *ret, firn_err *err)
{
    duckdb_type id = duckdb_get_type_id(t);
    switch ((int)id) {
    case DUCKDB_TYPE_VARCHAR:
        return map_varchar(t, c, sql, cast, ret, err);
    case DUCKDB_TYPE_DECIMAL:
        return map_decimal(duckdb_decimal_width(t), duckdb_decimal_scale(t), NULL, c, sql, cast,
                           ret, err);
    case DUCKDB_TYPE_HUGEINT: /* sums of integers; Parquet would get a DOUBLE */
        return map_decimal(38, 0, "HUGEINT", c, sql, cast, ret, err);
    case DUCKDB_TYPE_UBIGINT:
        return map_decimal(20, 0, "UBIGINT", c, sql, cast, ret, err);
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
        return map_list(t, a, c, sql, cast, ret, err);
    case DUCKDB_TYPE_MAP:
        return map_map(t, a, c, sql, cast, ret, err);
    case DUCKDB_TYPE_STRUCT:
        return map_struct(t, a, c, sql, cast, ret, err);
    default:
        return map_other(id, c, sql, cast, ret, err);
    }
}

firn_code firn_duckdb_map(duckdb_logical_type t, firn_arena *a, firn_result_column *ret,
                          firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_BUF((size_t)16 << 20);
    FIRN_AUTO(firn_buf_free) firn_buf cast = FIRN_BUF((size_t)16 << 20);
    firn_result_column c = {.mapped = true};
    FIRN_TRY(map_type(t, a, &c, &sql, &cast, &c.type, err));
    c.engine_type = firn_arena_str(a, firn_buf_str(&sql));
    c.cast = firn_arena_str(a, firn_buf_str(&cast));
    if (!c.engine_type.p || !c.cast.p)
        return firn_arena_raise(a, err);
    c.name = ret->name;
    *ret = c;
    return FIRN_OK;
}

/* --- from firn's types --------------------------------------------------------------------- */

static duckdb_logical_type struct_type(const firn_type *t)
{
    duckdb_logical_type *types = firn_mem_alloc((t->field_count + 1) * sizeof *types);
    const char **names = firn_mem_alloc((t->field_count + 1) * sizeof *names);
    duckdb_logical_type made = NULL;
    size_t n = 0;
    while (types && names && n < t->field_count) {
        types[n] = firn_duckdb_type(&t->fields[n].type);
        names[n] = t->fields[n].name.p; /* names of types end in NUL, see firn_arena_str */
        if (!types[n])
            break;
        n++;
    }
    if (types && names && n == t->field_count)
        made = duckdb_create_struct_type(types, names, n);
    while (n > 0)
        duckdb_destroy_logical_type(&types[--n]);
    firn_mem_free(types);
    firn_mem_free(names);
    return made;
}

static duckdb_logical_type list_type(const firn_type *t)
{
    duckdb_logical_type child = firn_duckdb_type(&t->fields[0].type);
    duckdb_logical_type made = child ? duckdb_create_list_type(child) : NULL;
    if (child)
        duckdb_destroy_logical_type(&child);
    return made;
}

static duckdb_logical_type map_type_of(const firn_type *t)
{
    duckdb_logical_type key = firn_duckdb_type(&t->fields[0].type);
    duckdb_logical_type value = firn_duckdb_type(&t->fields[1].type);
    duckdb_logical_type made = key && value ? duckdb_create_map_type(key, value) : NULL;
    if (key)
        duckdb_destroy_logical_type(&key);
    if (value)
        duckdb_destroy_logical_type(&value);
    return made;
}

duckdb_logical_type firn_duckdb_type(const firn_type *t)
{
    static const duckdb_type simple[FIRN_TYPE_KIND_COUNT] = {
        [FIRN_T_BOOLEAN] = DUCKDB_TYPE_BOOLEAN,
        [FIRN_T_INT] = DUCKDB_TYPE_INTEGER,
        [FIRN_T_LONG] = DUCKDB_TYPE_BIGINT,
        [FIRN_T_FLOAT] = DUCKDB_TYPE_FLOAT,
        [FIRN_T_DOUBLE] = DUCKDB_TYPE_DOUBLE,
        [FIRN_T_DATE] = DUCKDB_TYPE_DATE,
        [FIRN_T_TIME] = DUCKDB_TYPE_TIME,
        [FIRN_T_TIMESTAMP] = DUCKDB_TYPE_TIMESTAMP,
        [FIRN_T_TIMESTAMPTZ] = DUCKDB_TYPE_TIMESTAMP_TZ,
        [FIRN_T_TIMESTAMP_NS] = DUCKDB_TYPE_TIMESTAMP_NS,
        [FIRN_T_STRING] = DUCKDB_TYPE_VARCHAR,
        [FIRN_T_UUID] = DUCKDB_TYPE_UUID,
        [FIRN_T_BINARY] = DUCKDB_TYPE_BLOB,
        [FIRN_T_UNKNOWN] = DUCKDB_TYPE_INTEGER,
    };
    if (t->kind == FIRN_T_DECIMAL)
        return duckdb_create_decimal_type((uint8_t)t->precision, (uint8_t)t->scale);
    if (t->kind == FIRN_T_STRUCT)
        return struct_type(t);
    if (t->kind == FIRN_T_LIST)
        return list_type(t);
    if (t->kind == FIRN_T_MAP)
        return map_type_of(t);
    return simple[t->kind] ? duckdb_create_logical_type(simple[t->kind]) : NULL;
}
