/* SPDX-License-Identifier: Apache-2.0 */
/* Matching the columns of an Arrow stream with those of a table. */
#include "lib/arrow_read.h"

static bool is_list(firn_arrow_kind k)
{
    return k == FIRN_ARROW_LIST || k == FIRN_ARROW_LIST_VIEW || k == FIRN_ARROW_FIXED_LIST;
}

/* Whether some values of the format become values of the type exactly. */
static bool can_become(const firn_arrow_format *f, const firn_type *t)
{
    if (f->kind == FIRN_ARROW_NULL)
        return true;
    switch (t->kind) {
    case FIRN_T_BOOLEAN:
        return f->kind == FIRN_ARROW_BOOL;
    case FIRN_T_INT:
    case FIRN_T_LONG:
        return f->kind == FIRN_ARROW_INT;
    case FIRN_T_FLOAT:
        return f->kind == FIRN_ARROW_FLOAT && f->width <= 4;
    case FIRN_T_DOUBLE:
        return f->kind == FIRN_ARROW_FLOAT;
    case FIRN_T_DECIMAL:
        return f->kind == FIRN_ARROW_DECIMAL || f->kind == FIRN_ARROW_INT;
    case FIRN_T_DATE:
        return f->kind == FIRN_ARROW_DATE;
    case FIRN_T_TIME:
        return f->kind == FIRN_ARROW_TIME;
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMP_NS:
        return f->kind == FIRN_ARROW_TIMESTAMP && !f->zoned;
    case FIRN_T_TIMESTAMPTZ:
        return f->kind == FIRN_ARROW_TIMESTAMP && f->zoned;
    case FIRN_T_STRING:
        return f->kind == FIRN_ARROW_TEXT;
    case FIRN_T_UUID:
        return f->kind == FIRN_ARROW_FIXED && f->fixed == 16;
    case FIRN_T_BINARY:
        return f->kind == FIRN_ARROW_BYTES || f->kind == FIRN_ARROW_FIXED;
    case FIRN_T_STRUCT:
        return f->kind == FIRN_ARROW_STRUCT;
    case FIRN_T_LIST:
        return is_list(f->kind);
    case FIRN_T_MAP:
        return f->kind == FIRN_ARROW_MAP;
    case FIRN_T_TIMESTAMPTZ_NS: /* the engine has no such type */
    case FIRN_T_FIXED:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return false;
}

static bool is_writable(const firn_type *t)
{
    return t->kind != FIRN_T_TIMESTAMPTZ_NS && t->kind != FIRN_T_FIXED &&
           t->kind != FIRN_T_UNKNOWN && t->kind != FIRN_T_FOREIGN;
}

bool firn_arrow_has_ids(const struct ArrowSchema *s)
{
    for (int64_t i = 0; i < s->n_children; i++) {
        const struct ArrowSchema *child = s->children[i];
        firn_arrow_format f;
        /* the struct within a map has no id in Iceberg */
        bool entries = firn_arrow_format_read(s->format, &f) && f.kind == FIRN_ARROW_MAP;
        if ((!entries && firn_arrow_field_id(child) == 0) || !firn_arrow_has_ids(child))
            return false;
    }
    return true;
}

static const char *path_of(const char *parent, firn_str name, firn_arena *a)
{
    return firn_arena_printf(a, "%s%s%.*s", parent, parent[0] ? "." : "", FIRN_STR_ARG(name));
}

/* --- structs ------------------------------------------------------------------------------- */

static bool is_match(const firn_field *want, const struct ArrowSchema *s, bool by_id)
{
    return by_id ? firn_arrow_field_id(s) == want->id
                 : firn_str_eq(firn_str_of(s->name), want->name);
}

/* A column of the table itself may have a default, which takes its place (write.c). */
static firn_code find_child(const firn_field *want, const struct ArrowSchema *s, const char *path,
                            bool by_id, int depth, int64_t *ret, firn_err *err)
{
    bool has_default = depth == 0 && want->write_default.p;
    *ret = -1;
    for (int64_t i = 0; i < s->n_children; i++) {
        if (!is_match(want, s->children[i], by_id))
            continue;
        if (*ret >= 0)
            return firn_raise(err, FIRN_E_INVAL, "the stream has column %s twice",
                              firn_quotec(path).s);
        *ret = i;
    }
    if (*ret < 0 && want->required && !has_default)
        return firn_raise(err, FIRN_E_INVAL, "the stream has no column %s, which is required",
                          firn_quotec(path).s);
    return FIRN_OK;
}

static firn_code refuse_extra(const firn_type *want, const struct ArrowSchema *s, const char *path,
                              bool by_id, firn_arena *a, firn_err *err)
{
    for (int64_t i = 0; i < s->n_children; i++) {
        bool known = false;
        for (size_t k = 0; k < want->field_count && !known; k++)
            known = is_match(&want->fields[k], s->children[i], by_id);
        if (known)
            continue;
        const char *name = path_of(path, firn_str_of(s->children[i]->name), a);
        firn_raise(err, FIRN_E_INVAL, "the table has no column for %s of the stream",
                   firn_quotec(name ? name : "?").s);
        return firn_err_advise(err, "add the column first, or ignore it: FIRN_WRITE_IGNORE_EXTRA");
    }
    return FIRN_OK;
}

firn_code firn_arrow_plan_struct(const firn_type *want, const struct ArrowSchema *s,
                                 const char *path, int depth, bool by_id, bool ignore_extra,
                                 firn_arena *a, firn_arrow_plan *ret, firn_err *err)
{
    ret->type = want;
    ret->path = path;
    ret->format = (firn_arrow_format){.kind = FIRN_ARROW_STRUCT};
    ret->children = firn_arena_array(a, want->field_count, sizeof *ret->children);
    if (!ret->children)
        return firn_arena_raise(a, err);
    ret->child_count = want->field_count;
    for (size_t i = 0; i < want->field_count; i++) {
        const firn_field *f = &want->fields[i];
        firn_arrow_plan *child = &ret->children[i];
        int64_t at;
        const char *name = path_of(path, f->name, a);
        if (!name)
            return firn_arena_raise(a, err);
        FIRN_TRY(find_child(f, s, name, by_id, depth, &at, err));
        *child = (firn_arrow_plan){.type = &f->type, .path = name, .missing = true};
        if (at < 0)
            continue;
        FIRN_TRY(firn_arrow_plan_field(f, s->children[at], name, depth + 1, ignore_extra, a, child,
                                       err));
        child->source = (size_t)at;
    }
    return ignore_extra ? FIRN_OK : refuse_extra(want, s, path, by_id, a, err);
}

/* --- fields -------------------------------------------------------------------------------- */

static firn_code plan_list(const firn_field *want, const struct ArrowSchema *s, const char *path,
                           int depth, bool ignore_extra, firn_arena *a, firn_arrow_plan *ret,
                           firn_err *err)
{
    const char *name = path_of(path, FIRN_STR_LIT("element"), a);
    ret->children = firn_arena_array(a, 1, sizeof *ret->children);
    if (!ret->children || !name)
        return firn_arena_raise(a, err);
    ret->child_count = 1;
    if (s->n_children != 1)
        return firn_raise(err, FIRN_E_INVAL, "column %s: a list without its element",
                          firn_quotec(path).s);
    return firn_arrow_plan_field(&want->type.fields[0], s->children[0], name, depth + 1,
                                 ignore_extra, a, &ret->children[0], err);
}

/* The child of a map's column is a struct of key and value, as it is in Arrow. */
static firn_code plan_map(const firn_field *want, const struct ArrowSchema *s, const char *path,
                          int depth, bool ignore_extra, firn_arena *a, firn_arrow_plan *ret,
                          firn_err *err)
{
    if (s->n_children != 1 || s->children[0]->n_children != 2)
        return firn_raise(err, FIRN_E_INVAL, "column %s: a map without key and value",
                          firn_quotec(path).s);
    ret->children = firn_arena_array(a, 1, sizeof *ret->children);
    firn_arrow_plan *parts = firn_arena_array(a, 2, sizeof *parts);
    if (!ret->children || !parts)
        return firn_arena_raise(a, err);
    ret->child_count = 1;
    ret->children[0] = (firn_arrow_plan){.path = path,
                                         .required = true,
                                         .format = (firn_arrow_format){.kind = FIRN_ARROW_STRUCT},
                                         .children = parts,
                                         .child_count = 2};
    for (size_t i = 0; i < 2; i++) {
        const firn_field *f = &want->type.fields[i];
        const char *name = path_of(path, f->name, a);
        if (!name)
            return firn_arena_raise(a, err);
        FIRN_TRY(firn_arrow_plan_field(f, s->children[0]->children[i], name, depth + 1,
                                       ignore_extra, a, &parts[i], err));
        parts[i].source = i;
    }
    return FIRN_OK;
}

static firn_code read_formats(const struct ArrowSchema *s, const char *path, firn_arrow_plan *ret,
                              firn_err *err)
{
    const struct ArrowSchema *of = s->dictionary ? s->dictionary : s;
    ret->dictionary = s->dictionary != NULL;
    bool known = firn_arrow_format_read(of->format, &ret->format);
    bool nested = known && (is_list(ret->format.kind) || ret->format.kind == FIRN_ARROW_STRUCT ||
                            ret->format.kind == FIRN_ARROW_MAP);
    if (known && ret->dictionary)
        known = !nested && firn_arrow_format_read(s->format, &ret->index) &&
                ret->index.kind == FIRN_ARROW_INT;
    return known ? FIRN_OK
                 : firn_raise(err, FIRN_E_UNSUPPORTED, "column %s: Arrow's type %s is not read",
                              firn_quotec(path).s, firn_quotec(of->format ? of->format : "").s);
}

firn_code firn_arrow_plan_field(const firn_field *want, const struct ArrowSchema *s,
                                const char *path, int depth, bool ignore_extra, firn_arena *a,
                                firn_arrow_plan *ret, firn_err *err)
{
    firn_arrow_plan p = {.type = &want->type, .path = path, .required = want->required};
    if (depth > FIRN_ARROW_MAX_DEPTH)
        return firn_raise(err, FIRN_E_LIMIT, "an Arrow schema nested more than %d levels deep",
                          FIRN_ARROW_MAX_DEPTH);
    FIRN_TRY(read_formats(s, path, &p, err));
    if (!is_writable(&want->type))
        return firn_raise(err, FIRN_E_UNSUPPORTED, "column %s: values of type %s are not written",
                          firn_quotec(path).s, firn_type_text(&want->type, a));
    if (!can_become(&p.format, &want->type))
        return firn_raise(err, FIRN_E_INVAL, "column %s is %s; the stream has Arrow's type %s",
                          firn_quotec(path).s, firn_type_text(&want->type, a),
                          firn_quotec(s->format).s);
    const struct ArrowSchema *of = s->dictionary ? s->dictionary : s;
    if (p.format.kind == FIRN_ARROW_STRUCT)
        FIRN_TRY(firn_arrow_plan_struct(&want->type, of, path, depth, firn_arrow_has_ids(of),
                                        ignore_extra, a, &p, err));
    else if (p.format.kind == FIRN_ARROW_MAP)
        FIRN_TRY(plan_map(want, of, path, depth, ignore_extra, a, &p, err));
    else if (is_list(p.format.kind))
        FIRN_TRY(plan_list(want, of, path, depth, ignore_extra, a, &p, err));
    *ret = p;
    return FIRN_OK;
}
