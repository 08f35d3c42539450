/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a model's result, and errors of the engine about its statement. */
#include "pipeline/model_int.h"

#include "base/str.h"

static firn_code refuse_column(const firn_model *m, const firn_result_column *c, const char *why,
                               const char *advice, firn_err *err)
{
    firn_raise(err, FIRN_E_SQL, "column %s of model %.*s.%.*s %s", firn_quote(c->name).s,
               FIRN_STR_ARG(m->table.ident.ns), FIRN_STR_ARG(m->table.ident.name), why);
    firn_err_advise(err, "%s", advice);
    return firn_err_place(err, m->sql_place);
}

static firn_code check_column(const firn_model *m, const firn_result_column *columns, size_t i,
                              firn_arena *a, firn_err *err)
{
    const firn_result_column *c = &columns[i];
    if (c->refuse) {
        const char *why = firn_arena_printf(a, "is %.*s, which no Iceberg table can keep",
                                            FIRN_STR_ARG(c->engine_type));
        return refuse_column(m, c, why ? why : "", "cast it, for example: CAST(x AS VARCHAR)", err);
    }
    if (c->name.n == 0)
        return refuse_column(m, c, "has no name", "give it one with AS", err);
    for (size_t k = 0; k < i; k++)
        if (firn_str_ieq(columns[k].name, c->name))
            return refuse_column(m, c, "is there twice (names are compared without case)",
                                 "give one of them another name with AS", err);
    return FIRN_OK;
}

static firn_str doc_of(const firn_table_conf *t, firn_str column)
{
    for (size_t i = 0; i < t->doc_count; i++)
        if (firn_str_ieq(t->docs[i].column, column))
            return t->docs[i].text;
    return (firn_str){NULL, 0};
}

firn_code firn_model_fields(const firn_model *m, const firn_result_column *columns, size_t count,
                            firn_arena *a, firn_field **ret, firn_err *err)
{
    firn_field *fields = firn_arena_array(a, count, sizeof *fields);
    if (!fields)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(check_column(m, columns, i, a, err));
        fields[i] = (firn_field){.name = columns[i].name,
                                 .doc = doc_of(&m->table, columns[i].name),
                                 .type = columns[i].type};
    }
    *ret = fields;
    return FIRN_OK;
}

firn_code firn_model_engine_error(firn_context *run, const firn_model *m, firn_str sql, int before,
                                  firn_err *err)
{
    firn_sql_origin origin = firn_model_origin(m);
    origin.before = before;
    if (err->code != FIRN_E_SQL)
        return err->code;
    firn_sql_locate(err, sql, &origin);
    firn_tables_advise(run, err);
    return err->where[0] ? err->code : firn_err_place(err, m->sql_place); /* it may say no line */
}

firn_code firn_model_refuse_itself(const firn_model *m, const firn_inputs *inputs, firn_err *err)
{
    for (size_t i = 0; i < inputs->n; i++) {
        if (!firn_ident_eq(inputs->v[i].ident, m->table.ident))
            continue;
        firn_raise(err, FIRN_E_CONFIG, "model %.*s.%.*s reads itself",
                   FIRN_STR_ARG(m->table.ident.ns), FIRN_STR_ARG(m->table.ident.name));
        firn_err_advise(err, "a table that is replaced as a whole cannot be its own input");
        return firn_err_place(err, m->sql_place);
    }
    return FIRN_OK;
}
