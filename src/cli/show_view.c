/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show_view.h"

#include "base/json.h"
#include "base/str.h"
#include "cli/table_args.h"
#include "pipeline/project.h"

#include <string.h>

firn_code firn_command_view(firn_command *c, const firn_args *args, const firn_view_def **ret,
                            firn_err *err)
{
    firn_ident ident;
    firn_err local = {0};
    *ret = NULL;
    if (!c->run || !c->run->catalog || args->rest_count == 0)
        return FIRN_OK;
    firn_str text = firn_str_of(args->rest[args->rest_count - 1]);
    firn_str rest = text;
    firn_str first = firn_str_cut(&rest, '.');
    if (rest.p && memchr(rest.p, '.', rest.n) && firn_str_eq(first, c->run->catalog->name))
        text = rest;
    if (firn_ident_parse(text, c->arena, &ident, NULL) != FIRN_OK)
        return FIRN_OK;
    *ret = firn_view_among(c->run->views, c->run->view_count, ident);
    if (*ret)
        return FIRN_OK;
    firn_code code = firn_view_stored(c->run->catalog, c->run->io, ident, c->arena, ret, &local);
    if (code == FIRN_OK || code == FIRN_E_NOTFOUND)
        return FIRN_OK;
    *err = local;
    return code;
}

/* --- text ---------------------------------------------------------------------------------- */

static const char *type_text(firn_command *c, const firn_result_column *x)
{
    const char *text = x->mapped ? firn_type_text(&x->type, c->arena)
                                 : firn_arena_strndup(c->arena, x->engine_type.p, x->engine_type.n);
    return text ? text : "";
}

static firn_code print_columns(firn_command *c, const firn_view_def *v, const firn_bound_view *b,
                               firn_err *err)
{
    static const char *const heads[] = {"column", "type", "description"};
    static const bool right[] = {false, false, false};
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    size_t columns = v->doc_count ? 3 : 2;
    FIRN_TRY(firn_text_table_new(heads, columns, right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < b->column_count; i++) {
        firn_str doc = firn_view_doc(v, b->columns[i].name);
        const char *const cells[] = {
            firn_arena_strndup(c->arena, b->columns[i].name.p, b->columns[i].name.n),
            type_text(c, &b->columns[i]),
            doc.p ? firn_arena_strndup(c->arena, doc.p, doc.n) : "",
        };
        code = firn_text_table_add(t, cells, err);
    }
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

static void print_reads(const firn_bound_view *b)
{
    const firn_refs *refs = &b->inputs.statement;
    const char *sep = "reads ";
    for (size_t i = 0; i < refs->count; i++) {
        firn_ref_target t = refs->targets[i];
        bool seen = t.kind == FIRN_REF_NONE || refs->refs[i].column;
        for (size_t k = 0; k < i && !seen; k++)
            seen = refs->targets[k].kind == t.kind && refs->targets[k].index == t.index;
        if (seen)
            continue;
        firn_ident ident = t.kind == FIRN_REF_VIEW ? b->inputs.views[t.index].def->ident
                                                   : b->inputs.v[t.index].ident;
        printf("%s%.*s%s%.*s", sep, FIRN_STR_ARG(ident.ns), ident.ns.n ? "." : "",
               FIRN_STR_ARG(ident.name));
        sep = ", ";
    }
    if (strcmp(sep, ", ") == 0)
        printf("\n");
}

static firn_code print_text(firn_command *c, const firn_view_def *v, const firn_bound_view *b,
                            firn_err *err)
{
    firn_str sql = firn_str_trim(v->sql);
    printf("%.*s.%.*s is a view\n", FIRN_STR_ARG(v->ident.ns), FIRN_STR_ARG(v->ident.name));
    if (v->description.p)
        printf("%.*s\n", FIRN_STR_ARG(v->description));
    print_reads(b);
    FIRN_TRY(print_columns(c, v, b, err));
    printf("\n%.*s\n", FIRN_STR_ARG(sql));
    return FIRN_OK;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static firn_code print_json(firn_command *c, const firn_view_def *v, const firn_bound_view *b,
                            firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *o = json_object();
    json_t *columns = json_array();
    FIRN_TRY(firn_json_set(o, "v", json_integer(1), err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(v->ident.ns), err));
    FIRN_TRY(firn_json_set(o, "view", firn_json_new_str(v->ident.name), err));
    FIRN_TRY(firn_json_set_text(o, "comment", v->description, err));
    FIRN_TRY(firn_json_set(o, "sql", firn_json_new_str(firn_str_trim(v->sql)), err));
    FIRN_TRY(firn_json_set(o, "columns", columns, err));
    for (size_t i = 0; i < b->column_count; i++) {
        json_t *x = json_object();
        FIRN_TRY(firn_json_append(columns, x, err));
        FIRN_TRY(firn_json_set(x, "name", firn_json_new_str(b->columns[i].name), err));
        FIRN_TRY(firn_json_set(x, "type", json_string(type_text(c, &b->columns[i])), err));
        FIRN_TRY(firn_json_set_text(x, "doc", firn_view_doc(v, b->columns[i].name), err));
    }
    return firn_command_print_json(o, err);
}

firn_code firn_show_view(firn_command *c, const firn_args *args, const firn_view_def *v,
                         firn_err *err)
{
    firn_bound_view b;
    if (firn_args_get(args, "at")) {
        firn_raise(err, FIRN_E_USAGE, "%.*s.%.*s is a view: it has no states of its own",
                   FIRN_STR_ARG(v->ident.ns), FIRN_STR_ARG(v->ident.name));
        return firn_err_advise(err, "leave --at out, or show a table that it reads");
    }
    FIRN_TRY(firn_view_bind(c->run, v, c->arena, &b, err));
    return firn_args_has(args, "json") ? print_json(c, v, &b, err) : print_text(c, v, &b, err);
}
