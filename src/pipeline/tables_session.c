/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of a statement in an engine session: its catalog, pruning, views. */
#include "pipeline/tables.h"

#include "base/str.h"
#include "engine/prune.h"
#include "engine/sql.h"

#include <stdio.h>
#include <string.h>

/* --- the session's catalog ----------------------------------------------------------------- */

static firn_code exec_buf(const firn_tables *t, const firn_buf *sql, firn_err *err)
{
    return t->run->ops->exec(t->session, firn_buf_str(sql), err);
}

static firn_code qualified(const firn_tables *t, const firn_in_engine *x, firn_buf *out,
                           firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err, "%s.", t->alias));
    FIRN_TRY(firn_sql_ident(out, x->name.ns, err));
    FIRN_TRY(firn_buf_addc(out, '.', err));
    return firn_sql_ident(out, x->name.name, err);
}

static firn_code make_schema(const firn_tables *t, const firn_in_engine *x, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_addf(&sql, err, "CREATE SCHEMA IF NOT EXISTS %s.", t->alias));
    FIRN_TRY(firn_sql_ident(&sql, x->name.ns, err));
    return exec_buf(t, &sql, err);
}

static firn_code make_schemas(const firn_tables *t, firn_err *err)
{
    for (size_t i = 0; i < t->inputs->n; i++)
        FIRN_TRY(make_schema(t, &t->inputs->v[i].in_engine, err));
    for (size_t i = 0; i < t->inputs->view_count; i++)
        FIRN_TRY(make_schema(t, &t->inputs->views[i].in_engine, err));
    return FIRN_OK;
}

/* As long as the catalog's own name where that is possible, so that the positions in the engine's
 * messages stay true; unlike any name a person would choose. */
static void make_alias(firn_tables *t)
{
    unsigned n = atomic_fetch_add(&t->run->scratch_next, 1);
    size_t want = t->run->catalog ? FIRN_MIN(t->run->catalog->name.n, sizeof t->alias - 1) : 0;
    int len = snprintf(t->alias, sizeof t->alias, "_%u", n);
    for (size_t i = (size_t)len; i < want; i++)
        t->alias[i] = '_';
    t->alias[FIRN_MAX(want, (size_t)len)] = '\0';
}

static firn_code add_source(firn_tables *t, firn_input *in, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    int64_t id;
    firn_row_source *source = firn_arena_zalloc(t->a, sizeof *source);
    if (!source)
        return firn_arena_raise(t->a, err);
    *source = (firn_row_source){.type = firn_metadata_table_type(in->metadata_table),
                                .threads = 1,
                                .arg = (void *)(uintptr_t)in->metadata_table,
                                .open_worker = firn_metadata_table_worker,
                                .fill = firn_metadata_table_fill,
                                .close_worker = firn_metadata_table_worker_close};
    if (!firn_vec_room(t->a, (void **)&t->sources.v, &t->sources.cap, t->sources.n + 1,
                       sizeof *t->sources.v))
        return firn_arena_raise(t->a, err);
    FIRN_TRY(t->run->ops->source_add(t->run->engine, source, &id, err));
    t->sources.v[t->sources.n++] = id;
    FIRN_TRY(firn_buf_adds(&sql, "CREATE VIEW ", err));
    FIRN_TRY(qualified(t, &in->in_engine, &sql, err));
    FIRN_TRY(firn_buf_addf(&sql, err, " AS FROM firn_rows(%lld)", (long long)id));
    return exec_buf(t, &sql, err);
}

/* The views of metadata are made at once: nothing is pruned there. */
static firn_code add_sources(firn_tables *t, firn_err *err)
{
    for (size_t i = 0; i < t->inputs->n; i++)
        if (t->inputs->v[i].metadata_table)
            FIRN_TRY(add_source(t, &t->inputs->v[i], err));
    return FIRN_OK;
}

static firn_code fill_session(firn_tables *t, firn_err *err)
{
    FIRN_TRY(make_schemas(t, err));
    return add_sources(t, err);
}

firn_code firn_tables_open(firn_context *run, firn_session *s, firn_inputs *inputs, firn_arena *a,
                           firn_tables *ret, firn_err *err)
{
    firn_tables t = {.run = run, .session = s, .a = a, .inputs = inputs};
    char sql[128];
    t.keep = (firn_view_keep){.ops = run->ops, .engine = run->engine, .arena = a};
    make_alias(&t);
    snprintf(sql, sizeof sql, "ATTACH ':memory:' AS %s; USE %s", t.alias, t.alias);
    FIRN_TRY(run->ops->exec(s, firn_str_of(sql), err));
    firn_code code = fill_session(&t, err);
    if (code != FIRN_OK) {
        firn_tables_close(&t);
        return code;
    }
    *ret = t;
    return FIRN_OK;
}

void firn_tables_close(firn_tables *t)
{
    char sql[128];
    firn_err ignored = {0};
    snprintf(sql, sizeof sql, "USE memory; DETACH %s", t->alias);
    firn_code code = t->run->ops->exec(t->session, firn_str_of(sql), &ignored);
    (void)code; /* it goes with the engine */
    for (size_t i = 0; i < t->sources.n; i++)
        t->run->ops->source_remove(t->run->engine, t->sources.v[i]);
    t->sources.n = 0;
    firn_view_close(&t->keep);
}

/* --- the statement ------------------------------------------------------------------------- */

/* What a reference means; NULL: nothing that is in the engine. */
static const firn_in_engine *in_engine_of(const firn_tables *t, firn_ref_target target)
{
    if (target.kind == FIRN_REF_INPUT)
        return &t->inputs->v[target.index].in_engine;
    return target.kind == FIRN_REF_VIEW ? &t->inputs->views[target.index].in_engine : NULL;
}

/* Whether what is written there is the name in the engine already. */
static bool is_plain(firn_str sql, const firn_sql_ref *r, const firn_in_engine *x)
{
    bool spark = r->metadata.p && r->end > r->name.ends[r->first + r->ns_parts];
    return !r->call && r->first == 0 && r->ns_parts == 1 && !x->prefix.n && !spark &&
           r->end == r->name.ends[r->first + r->ns_parts] &&
           !memchr(sql.p + r->name.starts[0], '.', r->name.ends[0] - r->name.starts[0]);
}

static firn_code name_edit(const firn_tables *t, firn_str sql, const firn_sql_ref *r,
                           const firn_in_engine *x, firn_sql_edit *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
    firn_str alias = r->first ? firn_str_of(t->alias) : (firn_str){NULL, 0};
    FIRN_TRY(firn_sql_ref_text(sql, r, alias, x->prefix, t->a, &text, err));
    *ret = (firn_sql_edit){.from = r->name.starts[0], .to = r->end};
    ret->text = firn_arena_str(t->a, firn_buf_str(&text));
    return ret->text.p ? FIRN_OK : firn_arena_raise(t->a, err);
}

static firn_code rewrite(const firn_tables *t, const firn_refs *refs, firn_buf *out, firn_err *err)
{
    firn_sql_edit *edits = firn_arena_array(t->a, 2 * refs->count, sizeof *edits);
    size_t n = 0;
    if (!edits)
        return firn_arena_raise(t->a, err);
    for (size_t i = 0; i < refs->count; i++) {
        const firn_sql_ref *r = &refs->refs[i];
        const firn_in_engine *x = in_engine_of(t, refs->targets[i]);
        if (!x)
            continue;
        if (!is_plain(refs->sql, r, x))
            FIRN_TRY(name_edit(t, refs->sql, r, x, &edits[n++], err));
        bool clause = r->at.end > r->at.offset;
        if (clause)
            edits[n++] = (firn_sql_edit){.from = r->at.offset, .to = r->at.end, .text = {"", 0}};
    }
    return firn_sql_apply(refs->sql, edits, n, out, err);
}

firn_code firn_tables_rewrite(const firn_tables *t, firn_buf *out, firn_err *err)
{
    return rewrite(t, &t->inputs->statement, out, err);
}

/* --- views that the statement names -------------------------------------------------------- */

/* An error of a view's own statement, told where that was written. */
static firn_code named_view_failed(const firn_tables *t, const firn_used_view *v, firn_str sql,
                                   size_t before, firn_err *err)
{
    firn_sql_origin origin = v->def->origin;
    origin.before = (int)before;
    if (err->code != FIRN_E_SQL)
        return err->code;
    firn_sql_locate(err, sql, &origin);
    firn_tables_advise(t->run, err);
    firn_wrap(err, "view %.*s.%.*s", FIRN_STR_ARG(v->def->ident.ns),
              FIRN_STR_ARG(v->def->ident.name));
    if (!err->where[0] && origin.file)
        firn_err_where(err, "%.200s:%d:%d", origin.file, origin.line, origin.column);
    return err->code;
}

static size_t count_chars(firn_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static firn_code make_named_view(const firn_tables *t, const firn_used_view *v, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_err local = {0};
    firn_err *e = err ? err : &local;
    FIRN_TRY(firn_buf_adds(&sql, "CREATE VIEW ", e));
    FIRN_TRY(qualified(t, &v->in_engine, &sql, e));
    FIRN_TRY(firn_buf_adds(&sql, " AS ", e));
    size_t before = count_chars(firn_buf_str(&sql));
    FIRN_TRY(rewrite(t, &v->refs, &sql, e));
    if (exec_buf(t, &sql, e) == FIRN_OK)
        return FIRN_OK;
    return named_view_failed(t, v, firn_buf_str(&sql), before, e);
}

static firn_code make_named_views(const firn_tables *t, firn_err *err)
{
    for (size_t i = 0; i < t->inputs->view_count; i++)
        FIRN_TRY(make_named_view(t, &t->inputs->views[i], err));
    return FIRN_OK;
}

static firn_code drop_named_views(const firn_tables *t, firn_err *err)
{
    for (size_t i = t->inputs->view_count; i > 0; i--) {
        FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
        FIRN_TRY(firn_buf_adds(&sql, "DROP VIEW ", err));
        FIRN_TRY(qualified(t, &t->inputs->views[i - 1].in_engine, &sql, err));
        FIRN_TRY(exec_buf(t, &sql, err));
    }
    return FIRN_OK;
}

/* --- pruning ------------------------------------------------------------------------------- */

static bool name_taken(const firn_field *fields, size_t count, firn_str name)
{
    for (size_t i = 0; i < count; i++)
        if (firn_str_ieq(fields[i].name, name))
            return true;
    return false;
}

/* x → x_1, or x_2 where there is one: as the engine names the columns of a result. */
static firn_code number_name(const firn_type *all, firn_field *seen, size_t at, firn_arena *a,
                             firn_err *err)
{
    firn_str name = all->fields[at].name;
    if (!name_taken(seen, at, name))
        return FIRN_OK;
    for (size_t n = 1;
         name_taken(seen, at, name) || name_taken(all->fields, all->field_count, name); n++) {
        const char *text = firn_arena_printf(a, "%.*s_%zu", FIRN_STR_ARG(all->fields[at].name), n);
        if (!text)
            return firn_arena_raise(a, err);
        name = firn_str_of(text);
    }
    seen[at].name = name;
    return FIRN_OK;
}

/* A number that names differing only in case share. */
static uint64_t caseless(firn_str name)
{
    uint64_t h = 14695981039346656037U; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        h = (h ^ (c >= 'A' && c <= 'Z' ? c | 0x20U : c)) * 1099511628211U;
    }
    return h;
}

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x;
    uint64_t b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static firn_code may_clash(const firn_type *t, firn_arena *a, bool *ret, firn_err *err)
{
    uint64_t *seen = firn_arena_array(a, t->field_count, sizeof *seen);
    if (!seen)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < t->field_count; i++)
        seen[i] = caseless(t->fields[i].name);
    if (t->field_count)
        qsort(seen, t->field_count, sizeof *seen, by_number);
    *ret = false;
    for (size_t i = 1; i < t->field_count; i++)
        *ret = *ret || seen[i] == seen[i - 1];
    return FIRN_OK;
}

/* SQL does not tell columns apart whose names differ only in case; Iceberg and the files do: the
 * later ones get a number. */
static firn_code distinct_columns(firn_input *in, firn_arena *a, firn_err *err)
{
    const firn_type *all = &in->schema->type;
    bool clash;
    FIRN_TRY(may_clash(all, a, &clash, err));
    if (!clash)
        return FIRN_OK;
    firn_schema *schema = firn_arena_alloc(a, sizeof *schema);
    firn_field *fields = firn_arena_array(a, all->field_count, sizeof *fields);
    if (!schema || !fields)
        return firn_arena_raise(a, err);
    memcpy(fields, all->fields, all->field_count * sizeof *fields);
    for (size_t i = 0; i < all->field_count; i++)
        FIRN_TRY(number_name(all, fields, i, a, err));
    *schema = *in->schema;
    schema->type.fields = fields;
    in->schema = schema;
    return FIRN_OK;
}

static firn_code add_meta_stub(const firn_input *in, firn_buf *sql, firn_err *err)
{
    for (unsigned i = 0; i < FIRN_META_COLUMN_COUNT; i++) {
        unsigned bit = 1u << i;
        if (!(firn_meta_columns_for(&in->schema->type, in->meta_columns) & bit))
            continue;
        const char *type = bit == FIRN_META_FILE      ? "VARCHAR"
                           : bit == FIRN_META_SPEC_ID ? "INTEGER"
                                                      : "BIGINT";
        const char *comma = i || in->schema->type.field_count ? ", " : "";
        FIRN_TRY(firn_buf_addf(sql, err, "%s\"%s\" %s", comma, firn_meta_column_name(i), type));
    }
    return FIRN_OK;
}

static firn_code make_stub(const firn_tables *t, const firn_input *in, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_type *schema = &in->schema->type;
    FIRN_TRY(firn_view_refuse_types(schema, err));
    FIRN_TRY(firn_buf_adds(&sql, "CREATE TABLE ", err));
    FIRN_TRY(qualified(t, &in->in_engine, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, " (", err));
    for (size_t i = 0; i < schema->field_count; i++) {
        FIRN_TRY(firn_buf_adds(&sql, i ? ", " : "", err));
        FIRN_TRY(firn_sql_ident(&sql, schema->fields[i].name, err));
        FIRN_TRY(firn_buf_addc(&sql, ' ', err));
        FIRN_TRY(firn_sql_type(&sql, &schema->fields[i].type, err));
    }
    FIRN_TRY(add_meta_stub(in, &sql, err));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    return exec_buf(t, &sql, err);
}

static firn_code drop_stub(const firn_tables *t, const firn_input *in, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_adds(&sql, "DROP TABLE ", err));
    FIRN_TRY(qualified(t, &in->in_engine, &sql, err));
    return exec_buf(t, &sql, err);
}

static firn_code read_plan(firn_tables *t, firn_result *r, json_t **ret, firn_err *err)
{
    const firn_column *root;
    size_t rows;
    FIRN_TRY(t->run->ops->next(r, &root, &rows, err));
    if (rows == 0 || root->child_count < 2)
        return firn_raise(err, FIRN_E_BUG, "the engine explained nothing");
    firn_str text = firn_strview_str(&((const firn_strview *)root->children[1].data)[0]);
    return firn_json_parse_loose((firn_slice){(const uint8_t *)text.p, text.n}, ret, err);
}

static firn_code explain(firn_tables *t, firn_str rewritten, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    firn_result *r;
    FIRN_TRY(firn_buf_adds(&sql, FIRN_EXPLAIN, err));
    FIRN_TRY(firn_buf_addstr(&sql, rewritten, err));
    FIRN_TRY(t->run->ops->query(t->session, firn_buf_str(&sql), &r, err));
    firn_code code = read_plan(t, r, ret, err);
    t->run->ops->result_close(r);
    return code;
}

static firn_code set_filters(firn_tables *t, const json_t *plan, firn_err *err)
{
    for (size_t i = 0; i < t->inputs->n; i++) {
        firn_input *in = &t->inputs->v[i];
        const char *name =
            firn_arena_printf(t->a, "%s.%.*s.%.*s", t->alias, FIRN_STR_ARG(in->in_engine.name.ns),
                              FIRN_STR_ARG(in->in_engine.name.name));
        if (!name)
            return firn_arena_raise(t->a, err);
        if (!in->metadata_table)
            FIRN_TRY(firn_prune_filter(plan, firn_str_of(name), &in->schema->type, t->a,
                                       &in->filter, err));
    }
    return FIRN_OK;
}

/* Empty tables, and the views over them. */
static firn_code make_stubs(firn_tables *t, firn_err *err)
{
    for (size_t i = 0; i < t->inputs->n; i++) {
        if (t->inputs->v[i].metadata_table)
            continue;
        FIRN_TRY(distinct_columns(&t->inputs->v[i], t->a, err));
        FIRN_TRY(make_stub(t, &t->inputs->v[i], err));
    }
    return make_named_views(t, err);
}

static firn_code drop_stubs(firn_tables *t, firn_err *err)
{
    FIRN_TRY(drop_named_views(t, err));
    for (size_t i = 0; i < t->inputs->n; i++)
        if (!t->inputs->v[i].metadata_table)
            FIRN_TRY(drop_stub(t, &t->inputs->v[i], err));
    return FIRN_OK;
}

static firn_code prune(firn_tables *t, firn_str rewritten, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *plan = NULL;
    FIRN_TRY(make_stubs(t, err));
    FIRN_TRY(explain(t, rewritten, &plan, err));
    FIRN_TRY(set_filters(t, plan, err));
    return drop_stubs(t, err);
}

firn_code firn_tables_describe(firn_tables *t, firn_str rewritten, firn_statement_kind *ret_kind,
                               firn_result_column **ret, size_t *ret_count, firn_err *err)
{
    FIRN_TRY(make_stubs(t, err));
    FIRN_TRY(t->run->ops->describe(t->session, rewritten, t->a, ret_kind, ret, ret_count, err));
    return drop_stubs(t, err);
}

firn_code firn_tables_try_view(firn_tables *t, firn_str rewritten, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(make_stubs(t, err));
    FIRN_TRY(firn_buf_adds(&sql, FIRN_TRIED, err));
    FIRN_TRY(firn_buf_addstr(&sql, rewritten, err));
    FIRN_TRY(exec_buf(t, &sql, err));
    FIRN_TRY(t->run->ops->exec(t->session, FIRN_STR_LIT("DROP VIEW main._firn_tried"), err));
    return drop_stubs(t, err);
}

/* A PIVOT reads its table to know its columns: over empty ones it would have none. */
static bool reads_ahead(firn_str sql)
{
    firn_sql_token t = firn_sql_next(sql, 0);
    for (; t.kind != FIRN_SQL_END; t = firn_sql_next(sql, t.offset + t.length))
        if (firn_sql_is_word(sql, t, "pivot") || firn_sql_is_word(sql, t, "pivot_wider"))
            return true;
    return false;
}

/* The optimizer would fold an empty table away by its statistics: they are left out while plans
 * are made.  The setting is global to the engine, hence the lock. */
firn_code firn_tables_prune(firn_tables *t, firn_str rewritten, firn_err *err)
{
    const firn_engine_ops *ops = t->run->ops;
    if (reads_ahead(rewritten))
        return FIRN_OK;
    pthread_mutex_lock(&t->run->lock);
    firn_code code = ops->exec(
        t->session, FIRN_STR_LIT("SET disabled_optimizers = '" FIRN_PRUNE_OPTIMIZERS "'"), err);
    if (code == FIRN_OK)
        code = prune(t, rewritten, err);
    firn_code reset = ops->exec(t->session, FIRN_STR_LIT("SET disabled_optimizers = ''"),
                                code == FIRN_OK ? err : NULL);
    pthread_mutex_unlock(&t->run->lock);
    return code == FIRN_OK ? reset : code;
}

/* --- views --------------------------------------------------------------------------------- */

static firn_code make_view(firn_tables *t, firn_input *in, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    FIRN_TRY(distinct_columns(in, t->a, err));
    FIRN_TRY(
        firn_scan_plan_make(in->io, in->metadata, in->snapshot, in->filter, t->a, &in->plan, err));
    FIRN_TRY(firn_buf_adds(&sql, "CREATE VIEW ", err));
    FIRN_TRY(qualified(t, &in->in_engine, &sql, err));
    FIRN_TRY(firn_buf_adds(&sql, " AS ", err));
    const firn_view_request request = {.io = in->io,
                                       .metadata = in->metadata,
                                       .schema = in->schema,
                                       .plan = &in->plan,
                                       .meta_columns = in->meta_columns,
                                       .moved = in->located ? in->located->moved : NULL,
                                       .memory = firn_shadow_memory(t->run->shadow)};
    FIRN_TRY(firn_view_select(t->session, &request, &t->keep, &sql, err));
    return exec_buf(t, &sql, err);
}

static firn_code view_failed(const firn_input *in, firn_err *err)
{
    char *excerpt = err ? strstr(err->text, "\n\nLINE ") : NULL;
    if (excerpt)
        *excerpt = '\0'; /* of a statement nobody wrote */
    if (!in->located)
        return firn_wrap(err, "table %.*s.%.*s", FIRN_STR_ARG(in->ident.ns),
                         FIRN_STR_ARG(in->ident.name));
    firn_wrap(err, "%s", firn_quote(in->ident.name).s);
    return firn_located_advise(in->located, err);
}

firn_code firn_tables_views(firn_tables *t, firn_err *err)
{
    for (size_t i = 0; i < t->inputs->n; i++) {
        firn_input *in = &t->inputs->v[i];
        if (!in->metadata_table && make_view(t, in, err) != FIRN_OK)
            return view_failed(in, err);
    }
    return make_named_views(t, err);
}
