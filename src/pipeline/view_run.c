/* SPDX-License-Identifier: Apache-2.0 */
/* Models that are views: bound over what they read, checked, kept in the catalog. */
#include "pipeline/model_int.h"

#include "base/hash.h"
#include "base/str.h"
#include "engine/sql.h"
#include "iceberg/view_metadata.h"
#include "pipeline/checks.h"

#include <stdio.h>
#include <string.h>

#define KEPT    "firn.kept-table" /* the table that had the view's name before */
#define CHECKED "firn.checked"    /* what the checks were run on */
#define COMMENT "comment"

typedef struct view_work {
    firn_context *run;
    const firn_project *project;
    const firn_model *model;
    firn_arena *a;
    firn_model_result *result;
    firn_inputs inputs;
    firn_type columns;
    const firn_view_metadata *stored; /* NULL: the catalog has none yet */
    char checked[65];                 /* fingerprint; "": there are no checks */
} view_work;

/* --- binding ------------------------------------------------------------------------------- */

/* A view has no rows: its statement is bound over what it reads, so that a mistake is told here and
 * not to who asks it. */
static firn_code find_columns(view_work *w, firn_err *err)
{
    const firn_view_def v = {.sql = w->model->sql, .origin = firn_model_origin(w->model)};
    firn_bound_view bound;
    firn_field *fields;
    int32_t last = 0;
    FIRN_TRY(firn_view_bind(w->run, &v, w->a, &bound, err));
    FIRN_TRY(firn_model_refuse_itself(w->model, &bound.inputs, err));
    if (bound.kind != FIRN_STATEMENT_SELECT) {
        firn_raise(err, FIRN_E_CONFIG, "a model is one SELECT");
        firn_err_advise(err, FIRN_ONE_SELECT_ADVICE);
        return firn_err_place(err, w->model->sql_place);
    }
    FIRN_TRY(firn_model_fields(w->model, bound.columns, bound.column_count, w->a, &fields, err));
    w->inputs = bound.inputs;
    w->columns =
        (firn_type){.kind = FIRN_T_STRUCT, .fields = fields, .field_count = bound.column_count};
    firn_schema_assign_ids(&w->columns, &last);
    return FIRN_OK;
}

/* --- checks -------------------------------------------------------------------------------- */

/* The states of tables that checks look into beside the view. */
static firn_code add_other_tables(view_work *w, firn_buf *b, firn_err *err)
{
    firn_ident *needs;
    size_t count;
    FIRN_TRY(firn_checks_needs(&w->model->table, w->a, &needs, &count, err));
    for (size_t i = 0; i < count; i++) {
        firn_str location = {"", 0};
        firn_err missing = {0}; /* the check says so */
        if (w->run->catalog->ops->load(w->run->catalog, needs[i], w->a, &location, &missing) !=
            FIRN_OK)
            location = FIRN_STR_LIT("");
        FIRN_TRY(firn_buf_addf(b, err, "\nbeside %.*s", FIRN_STR_ARG(location)));
    }
    return FIRN_OK;
}

/* What the outcome of the checks depends on: themselves, the statement, the rows it reads. */
static firn_code fingerprint(view_work *w, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_SQL_BUF;
    const firn_table_conf *t = &w->model->table;
    uint8_t sha[32];
    if (t->check_count == 0)
        return FIRN_OK;
    FIRN_TRY(firn_buf_addstr(&b, w->model->sql, err));
    for (size_t i = 0; i < t->check_count; i++) {
        FIRN_TRY(firn_buf_addc(&b, '\n', err));
        FIRN_TRY(firn_check_print(&t->checks[i], &b, err));
    }
    for (size_t i = 0; i < w->inputs.view_count; i++)
        FIRN_TRY(firn_buf_addf(&b, err, "\nview %.*s", FIRN_STR_ARG(w->inputs.views[i].def->sql)));
    for (size_t i = 0; i < w->inputs.n; i++) {
        const firn_input *in = &w->inputs.v[i];
        long long id = in->snapshot ? (long long)in->snapshot->snapshot_id : FIRN_NO_SNAPSHOT;
        FIRN_TRY(firn_buf_addf(&b, err, "\ninput %.*s %lld", FIRN_STR_ARG(in->metadata->uuid), id));
    }
    FIRN_TRY(add_other_tables(w, &b, err));
    FIRN_TRY(firn_sha256(b.p, b.n, sha, err));
    firn_hex(sha, sizeof sha, w->checked);
    return FIRN_OK;
}

static bool are_checked(const view_work *w)
{
    if (!w->checked[0]) /* what earlier ones found is forgotten once */
        return !w->stored || !firn_view_property(w->stored, CHECKED).n;
    bool changes = w->model->filled.volatile_ || firn_sql_is_volatile(w->model->sql);
    for (size_t i = 0; i < w->model->table.check_count; i++) /* time goes on */
        changes = changes || w->model->table.checks[i].kind == FIRN_CHECK_FRESHNESS;
    return w->stored && !changes &&
           firn_str_eqc(firn_view_property(w->stored, CHECKED), w->checked);
}

static firn_code check(view_work *w, firn_err *err)
{
    const firn_check_input in = {.project = w->project,
                                 .ident = w->model->table.ident,
                                 .checks = w->model->table.checks,
                                 .check_count = w->model->table.check_count,
                                 .committed = true};
    firn_check_counts counts = {0};
    firn_code code = firn_checks_run(w->run, &in, &counts, err);
    w->result->warnings = counts.warnings;
    return code;
}

/* --- keeping it ---------------------------------------------------------------------------- */

/* A free name for the table that the view takes the place of. */
static firn_code name_kept(view_work *w, firn_ident *ret, firn_err *err)
{
    const firn_ident was = w->model->table.ident;
    firn_catalog *c = w->run->catalog;
    for (unsigned n = 1; n < 1000; n++) {
        firn_str ignored;
        char number[16] = "";
        if (n > 1)
            snprintf(number, sizeof number, "_%u", n);
        const char *name = firn_arena_printf(w->a, "%.*s__table%s", FIRN_STR_ARG(was.name), number);
        if (!name)
            return firn_arena_raise(w->a, err);
        *ret = (firn_ident){was.ns, firn_str_of(name)};
        if (c->ops->load(c, *ret, w->a, &ignored, NULL) == FIRN_E_NOTFOUND)
            return FIRN_OK;
    }
    return firn_raise(err, FIRN_E_EXISTS, "no name is free for the table %.*s.%.*s",
                      FIRN_STR_ARG(was.ns), FIRN_STR_ARG(was.name));
}

/* The model was a table before: it keeps its rows and snapshots under another name. */
static firn_code find_table(view_work *w, firn_view_change *x, firn_err *err)
{
    firn_str location;
    firn_catalog *c = w->run->catalog;
    firn_err local = {0};
    if (w->stored)
        return FIRN_OK;
    firn_code code = c->ops->load(c, x->ident, w->a, &location, &local);
    if (code == FIRN_E_NOTFOUND || code == FIRN_E_UNSUPPORTED)
        return FIRN_OK;
    if (code != FIRN_OK) {
        *err = local;
        return code;
    }
    x->move_table = true;
    x->table_from = x->ident;
    return name_kept(w, &x->table_to, err);
}

static firn_code new_location(view_work *w, firn_str *ret, firn_err *err)
{
    const char *folder;
    FIRN_TRY(firn_project_location(w->project, w->model->table.ident, NULL, w->a, &folder, err));
    const char *uri = firn_arena_printf(w->a, "file://%s__view", folder);
    if (!uri)
        return firn_arena_raise(w->a, err);
    *ret = firn_str_of(uri);
    return FIRN_OK;
}

static firn_code write_metadata(view_work *w, const firn_view_wanted *want, firn_str *ret,
                                firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)64 << 20);
    const firn_io *io = w->run->io;
    firn_str location = w->stored ? w->stored->location : want->location;
    int64_t number = w->stored ? firn_metadata_file_version(w->stored->location_of_file) + 1 : 0;
    const char *path = firn_arena_printf(w->a, "%.*s/metadata/%05lld-%s.metadata.json",
                                         FIRN_STR_ARG(location), (long long)number, want->uuid);
    if (!path)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(firn_view_metadata_next(w->stored, want, &text, err));
    FIRN_TRY(io->write_new(io->ctx, firn_str_of(path), firn_buf_slice(&text), err));
    *ret = firn_str_of(path);
    return io->flush(io->ctx, err);
}

static void say_kept(const view_work *w, const firn_view_change *x)
{
    const char *text = firn_arena_printf(
        w->a,
        "the table of this name is kept as %.*s.%.*s, with its rows and snapshots; it comes back "
        "with materialize: table",
        FIRN_STR_ARG(x->table_to.ns), FIRN_STR_ARG(x->table_to.name));
    if (text)
        firn_event_note(&w->run->events, FIRN_STR_LIT(""), x->ident.ns, x->ident.name,
                        firn_str_of(text));
}

static firn_code swap(view_work *w, firn_view_wanted *want, firn_property *kept, firn_err *err)
{
    firn_catalog *c = w->run->catalog;
    firn_view_change x = {.ident = want->ident};
    if (w->stored)
        x.base = w->stored->location_of_file;
    FIRN_TRY(find_table(w, &x, err));
    if (x.move_table) {
        const char *name = firn_arena_printf(w->a, "%.*s.%.*s", FIRN_STR_ARG(x.table_to.ns),
                                             FIRN_STR_ARG(x.table_to.name));
        if (!name)
            return firn_arena_raise(w->a, err);
        kept->value = firn_str_of(name);
        want->property_count++;
    }
    FIRN_TRY(write_metadata(w, want, &x.new_location, err));
    FIRN_TRY(c->ops->create_namespace(c, x.ident.ns, err));
    firn_code code = c->ops->swap_view(c, &x, err);
    if (code == FIRN_OK && x.move_table)
        say_kept(w, &x);
    if (code != FIRN_OK && code != FIRN_E_COMMIT_UNKNOWN)
        (void)w->run->io->remove(w->run->io->ctx, x.new_location, NULL);
    if (code == FIRN_E_EXISTS && err)
        err->code = FIRN_E_CONFLICT;
    return code == FIRN_E_EXISTS ? FIRN_E_CONFLICT : code;
}

static firn_code store(view_work *w, firn_err *err)
{
    char uuid[FIRN_RUN_UUID_TEXT];
    firn_str checked = firn_str_of(w->checked);
    firn_property properties[3] = {
        {COMMENT, w->model->table.description},
        {CHECKED, w->checked[0] ? checked : (firn_str){NULL, 0}},
        {KEPT, {NULL, 0}},
    };
    firn_view_wanted want = {.ident = w->model->table.ident,
                             .sql = w->model->sql,
                             .columns = &w->columns,
                             .properties = properties,
                             .property_count = 2,
                             .engine_version = FIRN_VERSION,
                             .now_ms = w->run->io->now_ms(w->run->io->ctx)};
    if (w->stored && firn_view_metadata_is(w->stored, &want)) {
        w->result->unchanged = are_checked(w);
        return FIRN_OK;
    }
    firn_run_names_next(&w->run->names, uuid);
    want.uuid = uuid;
    FIRN_TRY(new_location(w, &want.location, err));
    return swap(w, &want, &properties[2], err);
}

static firn_code load_stored(view_work *w, firn_err *err)
{
    firn_err local = {0};
    firn_code code = firn_view_load(w->run->catalog, w->run->io, w->model->table.ident, w->a,
                                    &w->stored, &local);
    if (code == FIRN_OK || code == FIRN_E_NOTFOUND)
        return FIRN_OK;
    *err = local;
    return code;
}

firn_code firn_view_run(firn_context *run, const firn_project *project, const firn_model *model,
                        bool full_refresh, firn_arena *a, firn_model_result *ret, firn_err *err)
{
    view_work w = {.run = run, .project = project, .model = model, .a = a, .result = ret};
    FIRN_TRY(firn_context_check(run, err));
    FIRN_TRY(find_columns(&w, err));
    FIRN_TRY(load_stored(&w, err));
    FIRN_TRY(fingerprint(&w, err));
    if (full_refresh || !are_checked(&w))
        FIRN_TRY(check(&w, err));
    if (!run->catalog->ops->swap_view)
        return FIRN_OK;
    firn_err local = {0};
    firn_code code = store(&w, &local);
    if (code == FIRN_E_UNSUPPORTED) /* an old file: the view is the project's alone */
        return FIRN_OK;
    if (code != FIRN_OK)
        *err = local;
    return code;
}

/* --- a view that becomes a table ----------------------------------------------------------- */

firn_code firn_view_find_replaced(firn_context *run, firn_ident ident, firn_arena *a,
                                  firn_replaced_view *ret, firn_err *err)
{
    const firn_view_metadata *v;
    firn_str location;
    firn_err local = {0};
    *ret = (firn_replaced_view){.there = false};
    firn_code code = firn_view_load(run->catalog, run->io, ident, a, &v, &local);
    if (code == FIRN_E_NOTFOUND)
        return FIRN_OK;
    if (code != FIRN_OK) {
        *err = local;
        return code;
    }
    *ret = (firn_replaced_view){.there = true, .metadata_location = v->location_of_file};
    firn_str kept = firn_view_property(v, KEPT);
    firn_catalog *c = run->catalog;
    if (kept.p && firn_ident_parse(kept, a, &ret->kept, NULL) == FIRN_OK &&
        c->ops->load(c, ret->kept, a, &location, NULL) == FIRN_OK)
        return FIRN_OK;
    ret->kept = (firn_ident){{NULL, 0}, {NULL, 0}};
    return FIRN_OK;
}

firn_code firn_view_give_way(firn_context *run, firn_ident ident, const firn_replaced_view *v,
                             firn_err *err)
{
    char text[600];
    bool kept = v->kept.name.p != NULL;
    const firn_view_change x = {.ident = ident,
                                .base = v->metadata_location,
                                .move_table = kept,
                                .table_from = v->kept,
                                .table_to = ident};
    FIRN_TRY(run->catalog->ops->swap_view(run->catalog, &x, err));
    if (kept)
        snprintf(text, sizeof text,
                 "the view of this name gave way; the table that was kept as %.*s.%.*s has its "
                 "name again",
                 FIRN_STR_ARG(v->kept.ns), FIRN_STR_ARG(v->kept.name));
    else
        snprintf(text, sizeof text, "the view of this name gave way to the table");
    firn_event_note(&run->events, FIRN_STR_LIT(""), ident.ns, ident.name, firn_str_of(text));
    return FIRN_OK;
}
