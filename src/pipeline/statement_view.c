/* SPDX-License-Identifier: Apache-2.0 */
/* Views in SHOW and DESCRIBE: SHOW VIEWS, SHOW CREATE VIEW, DESCRIBE and SHOW COLUMNS of a view. */
#include "pipeline/statement_int.h"

#include "base/str.h"
#include "engine/sql.h"

static firn_code add_row(firn_showing *w, firn_str a, firn_str b, firn_str c, firn_str d,
                         firn_err *err)
{
    const firn_str row[] = {a, b, c, d};
    return firn_listing_add(&w->out, row, err);
}

static firn_code add_note(firn_showing *w, const char *name, firn_str value, firn_err *err)
{
    const firn_str none = {NULL, 0};
    return add_row(w, firn_str_of(name), value, none, none, err);
}

static firn_code add_column(firn_showing *w, const firn_view_def *v, const firn_result_column *c,
                            firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf type = FIRN_SQL_BUF;
    if (c->mapped)
        FIRN_TRY(firn_spark_type(&c->type, false, &type, err));
    return add_row(w, c->name, c->mapped ? firn_buf_str(&type) : c->engine_type,
                   FIRN_STR_LIT("YES"), firn_view_doc(v, c->name), err);
}

firn_code firn_view_columns(firn_showing *w, const firn_view_def *v, firn_err *err)
{
    firn_bound_view bound;
    FIRN_TRY(firn_view_bind(w->run, v, w->a, &bound, err));
    for (size_t i = 0; i < bound.column_count; i++)
        FIRN_TRY(add_column(w, v, &bound.columns[i], err));
    return FIRN_OK;
}

firn_code firn_view_details(firn_showing *w, const firn_view_def *v, firn_err *err)
{
    const char *name =
        firn_arena_printf(w->a, "%.*s.%.*s.%.*s", FIRN_STR_ARG(w->run->catalog->name),
                          FIRN_STR_ARG(v->ident.ns), FIRN_STR_ARG(v->ident.name));
    if (!name)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(add_note(w, "", FIRN_STR_LIT(""), err));
    FIRN_TRY(add_note(w, "# Detailed View Information", FIRN_STR_LIT(""), err));
    FIRN_TRY(add_note(w, "Name", firn_str_of(name), err));
    FIRN_TRY(add_note(w, "Type", FIRN_STR_LIT("VIEW"), err));
    if (v->description.p)
        FIRN_TRY(add_note(w, "Comment", v->description, err));
    return add_note(w, "View text", firn_str_trim(v->sql), err);
}

/* --- SHOW CREATE VIEW ---------------------------------------------------------------------- */

static firn_code add_docs(const firn_view_def *v, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < v->doc_count; i++) {
        FIRN_TRY(firn_buf_addf(out, err, "%s\nCOMMENT ON COLUMN %.*s.%.*s.", i ? ";" : "",
                               FIRN_STR_ARG(v->ident.ns), FIRN_STR_ARG(v->ident.name)));
        FIRN_TRY(firn_sql_ident(out, v->docs[2 * i], err));
        FIRN_TRY(firn_buf_adds(out, " IS ", err));
        FIRN_TRY(firn_sql_text(out, v->docs[2 * i + 1], err));
    }
    return FIRN_OK;
}

static firn_code add_name(const firn_view_def *v, firn_buf *out, firn_err *err)
{
    firn_str rest = v->ident.ns;
    while (rest.p) {
        FIRN_TRY(firn_sql_ident(out, firn_str_cut(&rest, '.'), err));
        FIRN_TRY(firn_buf_addc(out, '.', err));
    }
    return firn_sql_ident(out, v->ident.name, err);
}

firn_code firn_show_create_view(firn_showing *w, const firn_view_def *v, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf ddl = FIRN_SQL_BUF;
    FIRN_TRY(firn_buf_adds(&ddl, "CREATE VIEW ", err));
    FIRN_TRY(add_name(v, &ddl, err));
    FIRN_TRY(firn_buf_adds(&ddl, " AS\n", err));
    FIRN_TRY(firn_buf_addstr(&ddl, firn_str_trim(v->sql), err));
    if (v->doc_count)
        FIRN_TRY(firn_buf_addc(&ddl, ';', err));
    FIRN_TRY(add_docs(v, &ddl, err));
    w->out.columns[0] = "createtab_stmt";
    w->out.column_count = 1;
    firn_str text = firn_arena_str(w->a, firn_buf_str(&ddl));
    return text.p ? firn_listing_add(&w->out, &text, err) : firn_arena_raise(w->a, err);
}
