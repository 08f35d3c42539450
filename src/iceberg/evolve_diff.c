/* SPDX-License-Identifier: Apache-2.0 */
/* What an evolution changes, for people. */
#include "iceberg/evolve_int.h"

#include "base/str.h"

/* --- columns ------------------------------------------------------------------------------- */

static firn_code print_field(const firn_evolution *e, const firn_type *in, const firn_field *f,
                             char sign, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "%c %s ", sign, firn_evolve_path(e, in, f->id)));
    FIRN_TRY(firn_type_print(&f->type, out, err));
    FIRN_TRY(firn_buf_adds(out, f->required ? " required" : "", err));
    if (sign == '+' && f->initial_default.p)
        FIRN_TRY(firn_buf_addf(out, err, " default %.*s", FIRN_STR_ARG(f->initial_default)));
    if (sign == '+' && f->doc.p)
        FIRN_TRY(firn_buf_addf(out, err, " comment %s", firn_quote(f->doc).s));
    return FIRN_OK;
}

static bool same_text(firn_str x, firn_str y)
{
    return (x.p != NULL) == (y.p != NULL) && firn_str_eq(x, y);
}

static firn_code change_of_type(const firn_evolution *e, const firn_field *old,
                                const firn_field *now, const char *path, firn_buf *out,
                                firn_err *err)
{
    bool same = firn_type_is_nested(now->type.kind) || firn_type_eq(&old->type, &now->type);
    if (!same)
        FIRN_TRY(firn_buf_addf(out, err, "~ %s %s → %s\n", path, firn_type_text(&old->type, e->a),
                               firn_type_text(&now->type, e->a)));
    if (old->required != now->required)
        FIRN_TRY(firn_buf_addf(out, err, "~ %s %s\n", path,
                               now->required ? "optional → required" : "required → optional"));
    return FIRN_OK;
}

static firn_code change_of_field(const firn_evolution *e, const firn_field *old,
                                 const firn_field *now, firn_buf *out, firn_err *err)
{
    const char *path = firn_evolve_path(e, &e->view.type, now->id);
    if (!firn_str_eq(old->name, now->name))
        FIRN_TRY(firn_buf_addf(out, err, "~ %s → %.*s\n",
                               firn_evolve_path(e, &e->base->schema->type, old->id),
                               FIRN_STR_ARG(now->name)));
    FIRN_TRY(change_of_type(e, old, now, path, out, err));
    if (!same_text(old->doc, now->doc))
        FIRN_TRY(firn_buf_addf(out, err, "~ %s comment %s → %s\n", path,
                               old->doc.p ? firn_quote(old->doc).s : "none",
                               now->doc.p ? firn_quote(now->doc).s : "none"));
    if (!same_text(old->write_default, now->write_default))
        FIRN_TRY(firn_buf_addf(
            out, err, "~ %s default %.*s → %.*s\n", path,
            FIRN_STR_ARG(old->write_default.p ? old->write_default : FIRN_STR_LIT("none")),
            FIRN_STR_ARG(now->write_default.p ? now->write_default : FIRN_STR_LIT("none"))));
    return FIRN_OK;
}

/* Whether the columns that both have stand in another order now. */
static bool is_reordered(const firn_type *old, const firn_type *now)
{
    size_t last = 0;
    for (size_t i = 0; i < now->field_count; i++)
        for (size_t k = 0; k < old->field_count; k++) {
            if (old->fields[k].id != now->fields[i].id)
                continue;
            if (k < last)
                return true;
            last = k;
        }
    return false;
}

static firn_code print_order(const char *path, const firn_type *now, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "~ order%s%s:", path[0] ? " of " : "", path));
    for (size_t i = 0; i < now->field_count; i++)
        FIRN_TRY(
            firn_buf_addf(out, err, "%s %.*s", i ? "," : "", FIRN_STR_ARG(now->fields[i].name)));
    return firn_buf_addc(out, '\n', err);
}

/* Whether a column that was there before stands behind the new one at `i`: its place says
 * something. */
static bool old_follows(const firn_type *old, const firn_type *now, size_t i)
{
    for (size_t k = i + 1; k < now->field_count; k++)
        if (firn_schema_field(old, now->fields[k].id))
            return true;
    return false;
}

/* `old` and `now` are one struct, list or map, before and after. */
static firn_code diff(const firn_evolution *e, const firn_type *old, const firn_type *now,
                      const char *path, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < old->field_count; i++) {
        if (firn_schema_field(&e->view.type, old->fields[i].id))
            continue;
        FIRN_TRY(print_field(e, &e->base->schema->type, &old->fields[i], '-', out, err));
        FIRN_TRY(firn_buf_addc(out, '\n', err));
    }
    for (size_t i = 0; i < now->field_count; i++) {
        const firn_field *f = &now->fields[i];
        const firn_field *before = firn_schema_field(old, f->id);
        if (before) {
            FIRN_TRY(change_of_field(e, before, f, out, err));
            FIRN_TRY(diff(e, &before->type, &f->type, firn_evolve_path(e, &e->view.type, f->id),
                          out, err));
            continue;
        }
        FIRN_TRY(print_field(e, &e->view.type, f, '+', out, err));
        if (old_follows(old, now, i))
            FIRN_TRY(
                i ? firn_buf_addf(out, err, " (after %.*s)", FIRN_STR_ARG(now->fields[i - 1].name))
                  : firn_buf_adds(out, " (first)", err));
        FIRN_TRY(firn_buf_addc(out, '\n', err));
    }
    return is_reordered(old, now) ? print_order(path, now, out, err) : FIRN_OK;
}

static firn_code print_identifiers(const firn_evolution *e, const firn_schema *s, firn_buf *out,
                                   firn_err *err)
{
    for (size_t i = 0; i < s->identifier_count; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%s%s", i ? ", " : "",
                               firn_evolve_path(e, &s->type, s->identifier_ids[i])));
    return s->identifier_count ? FIRN_OK : firn_buf_adds(out, "none", err);
}

static bool same_identifiers(const firn_schema *x, const firn_schema *y)
{
    if (x->identifier_count != y->identifier_count)
        return false;
    for (size_t i = 0; i < x->identifier_count; i++)
        if (x->identifier_ids[i] != y->identifier_ids[i])
            return false;
    return true;
}

firn_code firn_evolve_diff_columns(const firn_evolution *e, firn_buf *out, firn_err *err)
{
    const firn_schema *old = e->base->schema;
    FIRN_TRY(diff(e, &old->type, &e->view.type, "", out, err));
    if (same_identifiers(old, &e->view))
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(out, "~ identifier fields ", err));
    FIRN_TRY(print_identifiers(e, old, out, err));
    FIRN_TRY(firn_buf_adds(out, " → ", err));
    FIRN_TRY(print_identifiers(e, &e->view, out, err));
    return firn_buf_addc(out, '\n', err);
}

/* --- partitions, sort order ---------------------------------------------------------------- */

static firn_code print_spec(const firn_evolution *e, const firn_type *type,
                            const firn_partition_field *fields, size_t count, firn_buf *out,
                            firn_err *err)
{
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        const firn_partition_field *f = &fields[i];
        if (f->transform.kind == FIRN_TRANSFORM_VOID)
            continue;
        const char *path = firn_evolve_path(e, type, f->source_id);
        FIRN_TRY(firn_buf_adds(out, shown++ ? ", " : "", err));
        if (f->transform.kind == FIRN_TRANSFORM_IDENTITY)
            FIRN_TRY(firn_buf_adds(out, path, err));
        else
            FIRN_TRY(firn_buf_addf(out, err, "%.*s(%s)", FIRN_STR_ARG(f->transform.text), path));
        if (!firn_str_eqc(f->name, path))
            FIRN_TRY(firn_buf_addf(out, err, " as %.*s", FIRN_STR_ARG(f->name)));
    }
    return shown ? FIRN_OK : firn_buf_adds(out, "none", err);
}

firn_code firn_evolve_diff_layout(const firn_evolution *e, firn_buf *out, firn_err *err)
{
    const firn_type *old = &e->base->schema->type;
    if (firn_evolve_spec_changed(e)) {
        FIRN_TRY(firn_buf_adds(out, "~ partitions ", err));
        FIRN_TRY(print_spec(e, old, e->base->spec->fields, e->base->spec->field_count, out, err));
        FIRN_TRY(firn_buf_adds(out, " → ", err));
        FIRN_TRY(print_spec(e, &e->view.type, e->spec.v, e->spec.n, out, err));
        FIRN_TRY(firn_buf_addc(out, '\n', err));
    }
    if (firn_sort_order_same(&e->sort, &e->base_sort))
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(out, "~ order of rows ", err));
    FIRN_TRY(firn_sort_order_print(&e->base_sort, old, out, err));
    FIRN_TRY(firn_buf_adds(out, " → ", err));
    FIRN_TRY(firn_sort_order_print(&e->sort, &e->view.type, out, err));
    return firn_buf_addc(out, '\n', err);
}
