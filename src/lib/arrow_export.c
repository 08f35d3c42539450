/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas as Arrow's.  Each node owns what it points to, so that a consumer may move any of them
 * out of the tree. */
#include "lib/arrow_int.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* What a node owns. */
typedef struct node {
    char format[32];
    char *name;
    char *metadata;
    struct ArrowSchema **children;
    int64_t child_count;
} node;

static void free_node(node *n)
{
    for (int64_t i = 0; n->children && i < n->child_count; i++) {
        struct ArrowSchema *child = n->children[i];
        if (child && child->release)
            child->release(child);
        firn_mem_free(child);
    }
    firn_mem_free(n->children);
    firn_mem_free(n->name);
    firn_mem_free(n->metadata);
    firn_mem_free(n);
}

static void release(struct ArrowSchema *s)
{
    free_node(s->private_data);
    s->release = NULL;
}

static const char *format_of(const firn_type *t, char out[32])
{
    static const char *const formats[FIRN_TYPE_KIND_COUNT] = {
        [FIRN_T_BOOLEAN] = "b",
        [FIRN_T_INT] = "i",
        [FIRN_T_LONG] = "l",
        [FIRN_T_FLOAT] = "f",
        [FIRN_T_DOUBLE] = "g",
        [FIRN_T_DATE] = "tdD",
        [FIRN_T_TIME] = "ttu",
        [FIRN_T_TIMESTAMP] = "tsu:",
        [FIRN_T_TIMESTAMPTZ] = "tsu:UTC",
        [FIRN_T_TIMESTAMP_NS] = "tsn:",
        [FIRN_T_TIMESTAMPTZ_NS] = "tsn:UTC",
        [FIRN_T_STRING] = "u",
        [FIRN_T_UUID] = "w:16",
        [FIRN_T_BINARY] = "z",
        [FIRN_T_UNKNOWN] = "n",
        [FIRN_T_STRUCT] = "+s",
        [FIRN_T_LIST] = "+l",
        [FIRN_T_MAP] = "+m",
    };
    if (t->kind == FIRN_T_DECIMAL)
        snprintf(out, 32, "d:%d,%d", t->precision, t->scale);
    else if (t->kind == FIRN_T_FIXED)
        snprintf(out, 32, "w:%lld", (long long)t->length);
    else if (formats[t->kind])
        snprintf(out, 32, "%s", formats[t->kind]);
    else
        return NULL;
    return out;
}

static firn_code add_text(firn_buf *out, firn_str s, firn_err *err)
{
    int32_t n = (int32_t)s.n;
    FIRN_TRY(firn_buf_add(out, &n, sizeof n, err));
    return firn_buf_addstr(out, s, err);
}

/* Field id, doc, and the extension type of uuids. */
static firn_code make_metadata(const firn_field *f, node *n, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF((size_t)16 << 20);
    char id[16];
    bool uuid = f->type.kind == FIRN_T_UUID;
    int32_t count = 1 + (f->doc.p != NULL) + 2 * uuid;
    snprintf(id, sizeof id, "%d", (int)f->id);
    FIRN_TRY(firn_buf_add(&b, &count, sizeof count, err));
    FIRN_TRY(add_text(&b, FIRN_STR_LIT("PARQUET:field_id"), err));
    FIRN_TRY(add_text(&b, firn_str_of(id), err));
    if (f->doc.p) {
        FIRN_TRY(add_text(&b, FIRN_STR_LIT("doc"), err));
        FIRN_TRY(add_text(&b, f->doc, err));
    }
    if (uuid) {
        FIRN_TRY(add_text(&b, FIRN_STR_LIT("ARROW:extension:name"), err));
        FIRN_TRY(add_text(&b, FIRN_STR_LIT("arrow.uuid"), err));
        FIRN_TRY(add_text(&b, FIRN_STR_LIT("ARROW:extension:metadata"), err));
        FIRN_TRY(add_text(&b, FIRN_STR_LIT(""), err));
    }
    n->metadata = firn_mem_alloc(b.n);
    if (!n->metadata)
        return firn_raise_nomem(err);
    memcpy(n->metadata, b.p, b.n);
    return FIRN_OK;
}

static firn_code export_field(const firn_field *f, struct ArrowSchema *ret, firn_err *err);

static firn_code export_children(const firn_field *const *fields, size_t count, node *n,
                                 firn_err *err)
{
    n->children = firn_mem_alloc(count * sizeof(struct ArrowSchema *));
    if (!n->children)
        return firn_raise_nomem(err);
    for (size_t i = 0; i < count; i++) {
        struct ArrowSchema *child = firn_mem_alloc(sizeof *child);
        if (!child)
            return firn_raise_nomem(err);
        memset(child, 0, sizeof *child);
        n->children[n->child_count++] = child;
        FIRN_TRY(export_field(fields[i], child, err));
    }
    return FIRN_OK;
}

static node *new_node(firn_str name, firn_err *err)
{
    node *n = firn_mem_alloc(sizeof *n);
    if (!n) {
        firn_raise_nomem(err);
        return NULL;
    }
    memset(n, 0, sizeof *n);
    n->name = firn_mem_alloc(name.n + 1);
    if (!n->name) {
        firn_mem_free(n);
        firn_raise_nomem(err);
        return NULL;
    }
    memcpy(n->name, name.n ? name.p : "", name.n);
    n->name[name.n] = '\0';
    return n;
}

static void finish(node *n, bool nullable, struct ArrowSchema *ret)
{
    *ret = (struct ArrowSchema){.format = n->format,
                                .name = n->name,
                                .metadata = n->metadata,
                                .flags = nullable ? ARROW_FLAG_NULLABLE : 0,
                                .n_children = n->child_count,
                                .children = n->children,
                                .release = release,
                                .private_data = n};
}

static firn_code fill_struct(const firn_type *t, node *n, firn_err *err)
{
    const firn_field **fields = firn_mem_alloc((t->field_count + 1) * sizeof *fields);
    if (!fields)
        return firn_raise_nomem(err);
    for (size_t i = 0; i < t->field_count; i++)
        fields[i] = &t->fields[i];
    firn_code code = export_children(fields, t->field_count, n, err);
    firn_mem_free(fields);
    return code;
}

/* The struct between a map and its key and value, which has no field of its own in Iceberg. */
static firn_code fill_map(const firn_type *t, node *n, firn_err *err)
{
    node *entries = new_node(FIRN_STR_LIT("entries"), err);
    n->children = firn_mem_alloc(sizeof(struct ArrowSchema *));
    struct ArrowSchema *child = firn_mem_alloc(sizeof *child);
    firn_code code = entries && n->children && child ? FIRN_OK : firn_raise_nomem(err);
    if (code == FIRN_OK) {
        snprintf(entries->format, sizeof entries->format, "+s");
        code = fill_struct(t, entries, err);
    }
    if (code != FIRN_OK) {
        if (entries)
            free_node(entries);
        firn_mem_free(child);
        return code;
    }
    finish(entries, false, child);
    n->children[n->child_count++] = child;
    return FIRN_OK;
}

static firn_code fill_field(const firn_field *f, node *n, firn_err *err)
{
    if (!format_of(&f->type, n->format))
        return firn_raise(err, FIRN_E_UNSUPPORTED, "column %s of type %.*s has no type in Arrow",
                          firn_quote(f->name).s, FIRN_STR_ARG(f->type.text));
    FIRN_TRY(make_metadata(f, n, err));
    if (f->type.kind == FIRN_T_MAP)
        return fill_map(&f->type, n, err);
    return f->type.field_count ? fill_struct(&f->type, n, err) : FIRN_OK;
}

static firn_code export_field(const firn_field *f, struct ArrowSchema *ret, firn_err *err)
{
    node *n = new_node(f->name, err);
    if (!n)
        return FIRN_E_NOMEM;
    firn_code code = fill_field(f, n, err);
    if (code != FIRN_OK) {
        free_node(n);
        return code;
    }
    finish(n, !f->required, ret);
    return FIRN_OK;
}

firn_code firn_arrow_export_fields(const firn_field *const *fields, size_t count,
                                   struct ArrowSchema *ret, firn_err *err)
{
    node *n = new_node(FIRN_STR_LIT(""), err);
    if (!n)
        return FIRN_E_NOMEM;
    snprintf(n->format, sizeof n->format, "+s");
    firn_code code = export_children(fields, count, n, err);
    if (code != FIRN_OK) {
        free_node(n);
        return code;
    }
    finish(n, false, ret);
    return FIRN_OK;
}

static firn_code export_schema(const firn_schema *schema, struct ArrowSchema *ret, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("fields", 0);
    FIRN_TRY(firn_lib_need(schema, "schema", err));
    FIRN_TRY(firn_lib_need(ret, "ret", err));
    size_t n = schema->type.field_count;
    const firn_field **fields = a ? firn_arena_array(a, n, sizeof *fields) : NULL;
    if (!fields)
        return firn_raise_nomem(err);
    for (size_t i = 0; i < n; i++)
        fields[i] = &schema->type.fields[i];
    return firn_arrow_export_fields(fields, n, ret, err);
}

firn_status firn_schema_export_arrow(const firn_schema *schema, struct ArrowSchema *ret,
                                     firn_error *error)
{
    firn_err err = {0};
    return firn_lib_end(export_schema(schema, ret, &err), &err, error);
}
