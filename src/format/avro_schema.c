/* SPDX-License-Identifier: Apache-2.0 */
/* An Avro schema's JSON becomes a graph of nodes.  Source: Avro 1.11 specification, "Schema
 * Declaration" and "Names"; Iceberg's attribute "field-id" is all of the annotations that reading
 * by id needs: an array or map has only one place its element, key and value ids can mean. */
#include "format/avro_int.h"

#include "base/json.h"
#include "base/map.h"
#include "base/str.h"

#include <string.h>

/* A tree of JSON values takes twenty times its text. */
#define MAX_SCHEMA_BYTES ((size_t)4 << 20)

typedef struct parser {
    firn_arena *a;
    firn_map names; /* full name → node */
    bool strict;
    unsigned depth;
    firn_err *err;
} parser;

/* Types without parts are shared by all schemas. */
static const firn_avro_node simple_nodes[] = {
    {.type = FIRN_AVRO_T_NULL, .skip = {.kind = FIRN_AVRO_SKIP_BYTES}},
    {.type = FIRN_AVRO_T_BOOLEAN, .min_bytes = 1, .skip = {.kind = FIRN_AVRO_SKIP_BYTES, .n = 1}},
    {.type = FIRN_AVRO_T_INT, .min_bytes = 1, .skip = {.kind = FIRN_AVRO_SKIP_VARINTS, .n = 1}},
    {.type = FIRN_AVRO_T_LONG, .min_bytes = 1, .skip = {.kind = FIRN_AVRO_SKIP_VARINTS, .n = 1}},
    {.type = FIRN_AVRO_T_FLOAT, .min_bytes = 4, .skip = {.kind = FIRN_AVRO_SKIP_BYTES, .n = 4}},
    {.type = FIRN_AVRO_T_DOUBLE, .min_bytes = 8, .skip = {.kind = FIRN_AVRO_SKIP_BYTES, .n = 8}},
    {.type = FIRN_AVRO_T_BYTES, .min_bytes = 1, .skip = {.kind = FIRN_AVRO_SKIP_RUNS, .n = 1}},
    {.type = FIRN_AVRO_T_STRING, .min_bytes = 1, .skip = {.kind = FIRN_AVRO_SKIP_RUNS, .n = 1}},
};

static const char *const type_names[FIRN_AVRO_T_COUNT] = {
    [FIRN_AVRO_T_NULL] = "null",     [FIRN_AVRO_T_BOOLEAN] = "boolean",
    [FIRN_AVRO_T_INT] = "int",       [FIRN_AVRO_T_LONG] = "long",
    [FIRN_AVRO_T_FLOAT] = "float",   [FIRN_AVRO_T_DOUBLE] = "double",
    [FIRN_AVRO_T_BYTES] = "bytes",   [FIRN_AVRO_T_STRING] = "string",
    [FIRN_AVRO_T_FIXED] = "fixed",   [FIRN_AVRO_T_ENUM] = "enum",
    [FIRN_AVRO_T_RECORD] = "record", [FIRN_AVRO_T_ARRAY] = "array",
    [FIRN_AVRO_T_MAP] = "map",       [FIRN_AVRO_T_UNION] = "union",
};

const char *firn_avro_type_name(firn_avro_type t)
{
    return type_names[t];
}

static firn_code parse_type(parser *p, const json_t *j, firn_str ns, const firn_avro_node **ret);

/* --- names --------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_plain_name(firn_str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!is_letter(name.p[i]) && (i == 0 || !is_digit(name.p[i])))
            return false;
    return name.n > 0;
}

static firn_code check_name(const parser *p, firn_str name)
{
    if (!p->strict || is_plain_name(name))
        return FIRN_OK;
    return firn_raise(p->err, FIRN_E_DATA, "%s is not a name that Avro accepts",
                      firn_quote(name).s);
}

static firn_code check_full_name(const parser *p, firn_str name)
{
    firn_str rest = name;
    do
        FIRN_TRY(check_name(p, firn_str_cut(&rest, '.')));
    while (rest.p);
    return FIRN_OK;
}

/* Returns what stands before the last dot; empty if there is none. */
static firn_str space_of(firn_str name)
{
    size_t n = name.n;
    while (n > 0 && name.p[n - 1] != '.')
        n--;
    return (firn_str){name.p, n ? n - 1 : 0};
}

/* Returns the full name of `name` in a namespace; .p == NULL when memory is out. */
static firn_str qualify(parser *p, firn_str name, firn_str ns)
{
    if (ns.n == 0 || memchr(name.p, '.', name.n))
        return firn_arena_str(p->a, name);
    char *full = firn_arena_alloc(p->a, ns.n + 1 + name.n);
    if (!full)
        return (firn_str){NULL, 0};
    memcpy(full, ns.p, ns.n);
    full[ns.n] = '.';
    memcpy(full + ns.n + 1, name.p, name.n);
    return (firn_str){full, ns.n + 1 + name.n};
}

/* Returns NULL when there is no memory, as the arena does. */
static firn_avro_node *new_node(parser *p, firn_avro_type type)
{
    firn_avro_node *node = firn_arena_zalloc(p->a, sizeof *node);
    if (node)
        node->type = type;
    return node;
}

/* Gives a node its name and makes it known.  *ret_ns is the namespace of what stands inside. */
static firn_code set_name(parser *p, const json_t *j, firn_avro_node *node, firn_str ns,
                          firn_str *ret_ns)
{
    firn_str name;
    firn_str space;
    FIRN_TRY(firn_json_str(j, "name", &name, p->err));
    FIRN_TRY(firn_json_opt_str(j, "namespace", &space, p->err));
    node->name = qualify(p, name, space.p ? space : ns);
    if (!node->name.p)
        return firn_arena_raise(p->a, p->err);
    FIRN_TRY(check_full_name(p, node->name));
    if (p->strict && firn_map_get(&p->names, node->name))
        return firn_raise(p->err, FIRN_E_DATA, "the name %s is defined twice",
                          firn_quote(node->name).s);
    if (!firn_map_put(&p->names, node->name, node))
        return firn_arena_raise(p->a, p->err);
    *ret_ns = space_of(node->name);
    return FIRN_OK;
}

/* Finds what a name in a type's place means. */
static firn_code find_type(parser *p, firn_str name, firn_str ns, const firn_avro_node **ret)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(simple_nodes); i++) {
        if (firn_str_eqc(name, type_names[i])) {
            *ret = &simple_nodes[i];
            return FIRN_OK;
        }
    }
    firn_str full = qualify(p, name, ns);
    if (!full.p)
        return firn_arena_raise(p->a, p->err);
    const firn_avro_node *node = firn_map_get(&p->names, full);
    if (!node)
        node = firn_map_get(&p->names, name);
    if (!node)
        return firn_raise(p->err, FIRN_E_DATA, "no type is named %s", firn_quote(name).s);
    *ret = node;
    return FIRN_OK;
}

/* --- types with parts ---------------------------------------------------------------------- */

static firn_code parse_field(parser *p, const json_t *j, firn_str ns, firn_avro_field *ret)
{
    firn_str name;
    int64_t id;
    FIRN_TRY(firn_json_str(j, "name", &name, p->err));
    FIRN_TRY(check_name(p, name));
    ret->name = firn_arena_str(p->a, name);
    if (!ret->name.p)
        return firn_arena_raise(p->a, p->err);
    FIRN_TRY(firn_json_opt_i64(j, "field-id", -1, &id, p->err));
    if (id < -1 || id > INT32_MAX)
        return firn_raise(p->err, FIRN_E_DATA, "field-id %lld of %s is out of range", (long long)id,
                          firn_quote(name).s);
    ret->id = (int32_t)id;
    const json_t *type = json_object_get(j, "type");
    if (!type)
        return firn_raise(p->err, FIRN_E_DATA, "field %s has no type", firn_quote(name).s);
    if (parse_type(p, type, ns, &ret->type) != FIRN_OK)
        return firn_wrap(p->err, "field %s", firn_quote(name).s);
    return FIRN_OK;
}

/* Two columns may become the same name only when they are made acceptable. */
static firn_code check_fields(const parser *p, const firn_avro_node *node)
{
    for (size_t i = 0; i < node->field_count; i++)
        for (size_t k = 0; k < i; k++)
            if (firn_str_eq(node->fields[i].name, node->fields[k].name))
                return firn_raise(p->err, FIRN_E_DATA, "the record %s has two fields %s",
                                  firn_quote(node->name).s, firn_quote(node->fields[i].name).s);
    return FIRN_OK;
}

static firn_code parse_record(parser *p, const json_t *j, firn_str ns, const firn_avro_node **ret)
{
    firn_avro_node *node = new_node(p, FIRN_AVRO_T_RECORD);
    json_t *fields;
    if (!node)
        return firn_arena_raise(p->a, p->err);
    FIRN_TRY(set_name(p, j, node, ns, &ns));
    FIRN_TRY(firn_json_array(j, "fields", &fields, p->err));
    /* until it is complete, whoever refers to it skips it by its type */
    node->skip = (firn_avro_skip){.kind = FIRN_AVRO_SKIP_NODE, .node = node};
    node->field_count = json_array_size(fields);
    node->fields = firn_arena_array(p->a, node->field_count, sizeof *node->fields);
    if (!node->fields)
        return firn_arena_raise(p->a, p->err);
    for (size_t i = 0; i < node->field_count; i++)
        FIRN_TRY(parse_field(p, json_array_get(fields, i), ns, &node->fields[i]));
    if (p->strict)
        FIRN_TRY(check_fields(p, node));
    FIRN_TRY(firn_avro_skip_plan(node, p->a, p->err));
    *ret = node;
    return FIRN_OK;
}

static firn_code parse_symbols(parser *p, const json_t *symbols, firn_avro_node *node)
{
    node->symbol_count = json_array_size(symbols);
    node->symbols = firn_arena_array(p->a, node->symbol_count, sizeof *node->symbols);
    if (!node->symbols)
        return firn_arena_raise(p->a, p->err);
    for (size_t i = 0; i < node->symbol_count; i++) {
        const json_t *s = json_array_get(symbols, i);
        if (!json_is_string(s))
            return firn_raise(p->err, FIRN_E_DATA, "symbol %zu of the enum %s is not a string", i,
                              firn_quote(node->name).s);
        FIRN_TRY(check_name(p, firn_json_text(s)));
        node->symbols[i] = firn_arena_str(p->a, firn_json_text(s));
        if (!node->symbols[i].p)
            return firn_arena_raise(p->a, p->err);
    }
    return FIRN_OK;
}

static firn_code parse_enum(parser *p, const json_t *j, firn_str ns, const firn_avro_node **ret)
{
    firn_avro_node *node = new_node(p, FIRN_AVRO_T_ENUM);
    json_t *symbols;
    if (!node)
        return firn_arena_raise(p->a, p->err);
    FIRN_TRY(set_name(p, j, node, ns, &ns));
    FIRN_TRY(firn_json_array(j, "symbols", &symbols, p->err));
    FIRN_TRY(parse_symbols(p, symbols, node));
    FIRN_TRY(firn_avro_skip_plan(node, p->a, p->err));
    *ret = node;
    return FIRN_OK;
}

static firn_code parse_fixed(parser *p, const json_t *j, firn_str ns, const firn_avro_node **ret)
{
    firn_avro_node *node = new_node(p, FIRN_AVRO_T_FIXED);
    int32_t size;
    if (!node)
        return firn_arena_raise(p->a, p->err);
    FIRN_TRY(set_name(p, j, node, ns, &ns));
    FIRN_TRY(firn_json_i32(j, "size", &size, p->err));
    if (size < 0)
        return firn_raise(p->err, FIRN_E_DATA, "the fixed %s has the size %d",
                          firn_quote(node->name).s, (int)size);
    node->fixed_bytes = (uint64_t)size;
    FIRN_TRY(firn_avro_skip_plan(node, p->a, p->err));
    *ret = node;
    return FIRN_OK;
}

static firn_code parse_list(parser *p, const json_t *j, firn_avro_type type, firn_str ns,
                            const firn_avro_node **ret)
{
    const char *key = type == FIRN_AVRO_T_MAP ? "values" : "items";
    const json_t *item = json_object_get(j, key);
    if (!item)
        return firn_raise(p->err, FIRN_E_DATA, "the %s has no '%s'", type_names[type], key);
    firn_avro_node *node = new_node(p, type);
    if (!node)
        return firn_arena_raise(p->a, p->err);
    FIRN_TRY(parse_type(p, item, ns, &node->item));
    FIRN_TRY(firn_avro_skip_plan(node, p->a, p->err));
    *ret = node;
    return FIRN_OK;
}

/* Finds a branch that a reader could not tell from a later one. */
static firn_code check_union(const parser *p, const firn_avro_node *node)
{
    for (size_t i = 0; i < node->branch_count; i++) {
        const firn_avro_node *x = node->branches[i];
        if (x->type == FIRN_AVRO_T_UNION)
            return firn_raise(p->err, FIRN_E_DATA, "a union stands directly in a union");
        for (size_t k = 0; k < i; k++) {
            const firn_avro_node *y = node->branches[k];
            if (x->type == y->type && (!x->name.n || x == y))
                return firn_raise(p->err, FIRN_E_DATA, "a union holds the type %s twice",
                                  type_names[x->type]);
        }
    }
    return FIRN_OK;
}

static firn_code parse_union(parser *p, const json_t *j, firn_str ns, const firn_avro_node **ret)
{
    firn_avro_node *node = new_node(p, FIRN_AVRO_T_UNION);
    if (!node)
        return firn_arena_raise(p->a, p->err);
    node->branch_count = json_array_size(j);
    node->branches = firn_arena_array(p->a, node->branch_count, sizeof(firn_avro_node *));
    if (!node->branches)
        return firn_arena_raise(p->a, p->err);
    for (size_t i = 0; i < node->branch_count; i++)
        FIRN_TRY(parse_type(p, json_array_get(j, i), ns, &node->branches[i]));
    if (p->strict)
        FIRN_TRY(check_union(p, node));
    FIRN_TRY(firn_avro_skip_plan(node, p->a, p->err));
    *ret = node;
    return FIRN_OK;
}

static firn_code parse_object(parser *p, const json_t *j, firn_str ns, const firn_avro_node **ret)
{
    const json_t *type = json_object_get(j, "type");
    if (!type)
        return firn_raise(p->err, FIRN_E_DATA, "a schema has no 'type'");
    if (!json_is_string(type))
        return parse_type(p, type, ns, ret);
    firn_str name = firn_json_text(type);
    if (firn_str_eqc(name, "record"))
        return parse_record(p, j, ns, ret);
    if (firn_str_eqc(name, "array"))
        return parse_list(p, j, FIRN_AVRO_T_ARRAY, ns, ret);
    if (firn_str_eqc(name, "map"))
        return parse_list(p, j, FIRN_AVRO_T_MAP, ns, ret);
    if (firn_str_eqc(name, "fixed"))
        return parse_fixed(p, j, ns, ret);
    if (firn_str_eqc(name, "enum"))
        return parse_enum(p, j, ns, ret);
    return find_type(p, name, ns, ret);
}

static firn_code parse_type(parser *p, const json_t *j, firn_str ns, const firn_avro_node **ret)
{
    if (p->depth == FIRN_AVRO_MAX_DEPTH)
        return firn_raise(p->err, FIRN_E_DATA, "types are nested deeper than %d levels",
                          FIRN_AVRO_MAX_DEPTH);
    p->depth++;
    firn_code code;
    if (json_is_string(j))
        code = find_type(p, firn_json_text(j), ns, ret);
    else if (json_is_array(j))
        code = parse_union(p, j, ns, ret);
    else if (json_is_object(j))
        code = parse_object(p, j, ns, ret);
    else
        code = firn_raise(p->err, FIRN_E_DATA, "a type is neither a name, an object nor an array");
    p->depth--;
    return code;
}

firn_code firn_avro_schema_parse(firn_slice json, bool strict, firn_arena *a,
                                 const firn_avro_node **ret, firn_err *err)
{
    if (json.n > MAX_SCHEMA_BYTES)
        return firn_raise(err, FIRN_E_LIMIT, "a schema of %zu bytes; at most %zu are read", json.n,
                          MAX_SCHEMA_BYTES);
    FIRN_AUTO(firn_json_unref) json_t *j = NULL;
    FIRN_TRY(firn_json_parse(json, &j, err));
    parser p = {.a = a, .names = FIRN_MAP(a), .strict = strict, .err = err};
    const firn_avro_node *root = NULL;
    FIRN_TRY(parse_type(&p, j, (firn_str){"", 0}, &root));
    if (root->type != FIRN_AVRO_T_RECORD)
        return firn_raise(err, FIRN_E_DATA, "the schema is a %s, not a record",
                          type_names[root->type]);
    *ret = root;
    return FIRN_OK;
}

/* --- making names -------------------------------------------------------------------------- */

/* Writes "_x<HEX>" for a UTF-16 unit, as Java sees characters. */
static char *put_unit(char *out, uint32_t unit)
{
    static const char digits[] = "0123456789ABCDEF";
    *out++ = '_';
    *out++ = 'x';
    int shift = 12;
    while (shift > 0 && unit >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        *out++ = digits[(unit >> shift) & 15];
    return out;
}

static char *put_code_point(char *out, uint32_t cp)
{
    if (cp < 0x10000)
        return put_unit(out, cp);
    out = put_unit(out, 0xd800 + ((cp - 0x10000) >> 10));
    return put_unit(out, 0xdc00 + ((cp - 0x10000) & 0x3ff));
}

firn_str firn_avro_sanitize(firn_str name, firn_arena *a)
{
    if (name.n == 0)
        return FIRN_STR_LIT("_");
    if (is_plain_name(name))
        return name;
    if (name.n > SIZE_MAX / 8)
        return (firn_str){NULL, 0};
    char *start = firn_arena_alloc(a, name.n * 4 + 8); /* four a byte: "_x7F", "_xD83D_xDE00" */
    if (!start)
        return (firn_str){NULL, 0};
    char *out = start;
    for (size_t i = 0; i < name.n;) {
        char c = name.p[i];
        uint32_t cp = (unsigned char)c;
        size_t len = firn_utf8_decode(name.p + i, name.n - i, &cp);
        if (is_digit(c) && i == 0)
            *out++ = '_';
        if (is_letter(c) || is_digit(c))
            *out++ = c;
        else
            out = put_code_point(out, len ? cp : (unsigned char)c);
        i += len ? len : 1;
    }
    return (firn_str){start, (size_t)(out - start)};
}
