/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/spec_note.h"

#include "base/str.h"

#define TEXT_MAX ((size_t)1 << 16)

/* The next field that partitions anything: void is how format version 1 drops one. */
static const firn_partition_field *next_field(const firn_spec *s, size_t *i)
{
    while (*i < s->field_count) {
        const firn_partition_field *f = &s->fields[(*i)++];
        if (f->transform.kind != FIRN_TRANSFORM_VOID)
            return f;
    }
    return NULL;
}

/* The same columns by the same transforms, whatever the partitions are called. */
static bool same_terms(const firn_spec *x, const firn_spec *y)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        const firn_partition_field *f = next_field(x, &i);
        const firn_partition_field *g = next_field(y, &k);
        if (!f || !g)
            return !f && !g;
        if (f->source_id != g->source_id || !firn_str_eq(f->transform.text, g->transform.text))
            return false;
    }
}

/* A spec that cannot be made for the table's columns is not the table's. */
static firn_code is_as_asked(const firn_table_conf *asked, const firn_metadata *table,
                             firn_arena *a, bool *ret, firn_err *err)
{
    firn_err local = {0};
    firn_spec want;
    int32_t last = FIRN_PARTITION_FIRST_ID - 1;
    firn_code code = firn_spec_make(&table->schema->type, asked->partition, asked->partition_count,
                                    &last, a, &want, &local);
    if (code == FIRN_E_NOMEM || code == FIRN_E_LIMIT) {
        if (err)
            *err = local;
        return code;
    }
    *ret = code == FIRN_OK && same_terms(&want, table->spec);
    return FIRN_OK;
}

static firn_code add_spec(const firn_metadata *table, firn_buf *out, firn_err *err)
{
    const firn_spec *s = table->spec;
    size_t i = 0;
    size_t shown = 0;
    const firn_partition_field *f;
    while ((f = next_field(s, &i))) {
        const firn_field *source = firn_spec_source(&table->schema->type, f);
        firn_str name = source ? source->name : f->name;
        FIRN_TRY(firn_buf_adds(out, shown++ ? ", " : "partitioned by ", err));
        if (f->transform.kind == FIRN_TRANSFORM_IDENTITY)
            FIRN_TRY(firn_buf_addstr(out, name, err));
        else
            FIRN_TRY(firn_buf_addf(out, err, "%.*s(%.*s)", FIRN_STR_ARG(f->transform.text),
                                   FIRN_STR_ARG(name)));
    }
    return shown ? FIRN_OK : firn_buf_adds(out, "not partitioned", err);
}

firn_code firn_spec_note(firn_context *run, const firn_table_conf *asked, firn_str stream,
                         const firn_metadata *table, firn_arena *a, firn_err *err)
{
    bool same = true;
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(TEXT_MAX);
    if (asked->partition_place.line == 0)
        return FIRN_OK;
    FIRN_TRY(is_as_asked(asked, table, a, &same, err));
    if (same)
        return FIRN_OK;
    FIRN_TRY(firn_buf_adds(&text, "the table is ", err));
    FIRN_TRY(add_spec(table, &text, err));
    FIRN_TRY(firn_buf_addf(&text, err,
                           " and stays so: `partition` is for a table that is made; firn alter "
                           "%.*s.%.*s partition by … changes it",
                           FIRN_STR_ARG(asked->ident.ns), FIRN_STR_ARG(asked->ident.name)));
    firn_event_note(&run->events, stream, asked->ident.ns, asked->ident.name, firn_buf_str(&text));
    return FIRN_OK;
}
