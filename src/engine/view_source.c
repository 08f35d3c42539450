/* SPDX-License-Identifier: Apache-2.0 */
/* A list of files as a SELECT: one read of all of them, or one for each group of files that have
 * the same columns. */
#include "engine/view_int.h"

#include "base/str.h"

#include <string.h>

/* Files that are read together. */
typedef struct part {
    const firn_type *have;         /* as the files have it; NULL: by ids, through the engine */
    firn_view_constant *constants; /* that the files lack */
    size_t constant_count;
    FIRN_VEC(firn_view_file) files;
    FIRN_VEC(firn_str) texts; /* constant_count a file */
} part;

typedef FIRN_VEC(part *) part_list;

firn_code firn_view_schema_map(const firn_type *want, bool own_names, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "MAP {", err));
    for (size_t i = 0; i < want->field_count; i++) {
        FIRN_AUTO(firn_buf_free) firn_buf type = FIRN_SQL_BUF;
        const firn_field *f = &want->fields[i];
        FIRN_TRY(firn_buf_addf(out, err, "%s%d: {name: ", i ? ", " : "", (int)f->id));
        FIRN_TRY(own_names ? firn_sql_text(out, f->name, err)
                           : firn_buf_addf(out, err, "'c%zu'", i));
        FIRN_TRY(firn_buf_adds(out, ", type: ", err));
        FIRN_TRY(firn_sql_type(&type, &f->type, err));
        FIRN_TRY(firn_sql_text(out, firn_buf_str(&type), err));
        FIRN_TRY(firn_buf_adds(out, ", default_value: NULL}", err));
    }
    return firn_buf_addc(out, '}', err);
}

/* --- columns that only the partition has --------------------------------------------------- */

/* What one file has instead of columns. */
typedef struct constants {
    FIRN_VEC(firn_view_constant) list;
    FIRN_VEC(firn_str) texts;
} constants;

static firn_code find_constants(firn_view_work *w, const firn_data_file *file,
                                const firn_type *have, constants *ret, firn_err *err)
{
    const firn_metadata *m = w->rq->metadata;
    const firn_spec *spec = file->partition ? firn_metadata_spec(m, file->spec_id) : NULL;
    for (size_t i = 0; spec && i < spec->field_count; i++) {
        const firn_partition_field *p = &spec->fields[i];
        firn_type type;
        FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_SQL_BUF;
        if (p->transform.kind != FIRN_TRANSFORM_IDENTITY || file->partition[i].is_null ||
            firn_schema_field(have, p->source_id) || !firn_metadata_partition_type(m, p, &type))
            continue;
        const firn_view_constant c = {.id = p->source_id,
                                      .which = FIRN_FILE_CONSTANT + (int32_t)ret->list.n,
                                      .binary =
                                          type.kind == FIRN_T_BINARY || type.kind == FIRN_T_FIXED};
        FIRN_TRY(firn_value_print(&type, &file->partition[i], &text, err));
        firn_str kept = firn_arena_str(w->a, firn_buf_str(&text));
        if (!kept.p || !firn_vec_push(w->a, &ret->list, c) ||
            !firn_vec_push(w->a, &ret->texts, kept))
            return firn_arena_raise(w->a, err);
    }
    return FIRN_OK;
}

/* --- parts --------------------------------------------------------------------------------- */

static firn_code part_of(firn_view_work *w, const firn_footer *f, const constants *c,
                         firn_map *by_signature, part_list *parts, part **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf key = FIRN_SQL_BUF;
    for (size_t i = 0; i < c->list.n; i++)
        FIRN_TRY(firn_buf_addf(&key, err, "%d%c ", (int)c->list.v[i].id,
                               c->list.v[i].binary ? 'b' : 't'));
    FIRN_TRY(firn_buf_addstr(&key, f->signature, err));
    part *p = firn_map_get(by_signature, firn_buf_str(&key));
    if (!p) {
        p = firn_arena_zalloc(w->a, sizeof *p);
        firn_str kept = firn_arena_str(w->a, firn_buf_str(&key));
        if (!p || !kept.p || !firn_map_put(by_signature, kept, p) || !firn_vec_push(w->a, parts, p))
            return firn_arena_raise(w->a, err);
        p->have = &f->type;
        p->constants = c->list.v;
        p->constant_count = c->list.n;
    }
    *ret = p;
    return FIRN_OK;
}

static firn_code split_by_footer(firn_view_work *w, const firn_view_file *files, size_t count,
                                 part_list *parts, firn_err *err)
{
    firn_map by_signature = FIRN_MAP(w->a);
    firn_footer *footers;
    FIRN_TRY(firn_view_footers(w, files, count, &footers, err));
    for (size_t i = 0; i < count; i++) {
        constants c = {0};
        part *p;
        FIRN_TRY(find_constants(w, files[i].file, &footers[i].type, &c, err));
        FIRN_TRY(part_of(w, &footers[i], &c, &by_signature, parts, &p, err));
        if (!firn_vec_push(w->a, &p->files, files[i]))
            return firn_arena_raise(w->a, err);
        for (size_t k = 0; k < c.texts.n; k++)
            if (!firn_vec_push(w->a, &p->texts, c.texts.v[k]))
                return firn_arena_raise(w->a, err);
    }
    return FIRN_OK;
}

static firn_code split(firn_view_work *w, const firn_view_file *files, size_t count, bool footers,
                       part_list *parts, firn_err *err)
{
    if (footers)
        return split_by_footer(w, files, count, parts, err);
    part *p = firn_arena_zalloc(w->a, sizeof *p);
    if (!p || !firn_vec_push(w->a, parts, p))
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < count; i++)
        if (!firn_vec_push(w->a, &p->files, files[i]))
            return firn_arena_raise(w->a, err);
    return FIRN_OK;
}

/* --- SQL ----------------------------------------------------------------------------------- */

static bool needs_set(const part *p, const firn_view_extra *x)
{
    return x->deleted || x->numbers || x->path || p->constant_count > 0;
}

/* A column of the file would be taken for the engine's own. */
static firn_code refuse_hidden(const firn_type *have, bool used, firn_err *err)
{
    static const char *const own[] = {"file_index", "file_row_number"};
    for (size_t i = 0; have && used && i < have->field_count; i++)
        for (size_t k = 0; k < FIRN_COUNT_OF(own); k++)
            if (firn_str_ieq(have->fields[i].name, firn_str_of(own[k])))
                return firn_raise(err, FIRN_E_UNSUPPORTED,
                                  "files with a column %s cannot be read by position", own[k]);
    return FIRN_OK;
}

static firn_code add_extras(const firn_view_extra *x, int64_t set, firn_buf *out, firn_err *err)
{
    for (int k = 0; k <= FIRN_FILE_PLACE; k++)
        if (x->numbers >> k & 1)
            FIRN_TRY(firn_buf_addf(out, err, ", firn_file_number(%lld, %d, file_index) AS n%d",
                                   (long long)set, k, k));
    if (x->path)
        FIRN_TRY(firn_buf_addf(out, err, ", firn_file_text(%lld, %d, file_index) AS t0",
                               (long long)set, FIRN_FILE_PATH));
    return x->row ? firn_buf_adds(out, ", file_row_number AS r", err) : FIRN_OK;
}

static firn_code need_all(const firn_type *want, const part *p, firn_err *err)
{
    for (size_t i = 0; i < want->field_count; i++)
        if (!firn_schema_field(p->have, want->fields[i].id))
            return firn_raise(err, FIRN_E_DATA, "%s has no column of id %d",
                              firn_quote(p->files.v[0].file->file_path).s, (int)want->fields[i].id);
    return FIRN_OK;
}

static firn_code add_part(firn_view_work *w, const firn_type *want, const part *p,
                          const firn_view_extra *x, firn_buf *out, firn_err *err)
{
    int64_t set = -1;
    const firn_type *have = x->plain ? NULL : p->have;
    FIRN_TRY(refuse_hidden(have, needs_set(p, x) || x->row, err));
    if (x->complete && p->have)
        FIRN_TRY(need_all(want, p, err));
    if (needs_set(p, x))
        FIRN_TRY(
            firn_view_add_set(w, p->files.v, p->files.n, p->texts.v, p->constant_count, &set, err));
    const firn_view_constants lacking = {p->constants, p->constant_count, set};
    FIRN_TRY(firn_buf_adds(out, "SELECT ", err));
    firn_code code =
        have ? firn_view_rebuild(want, have, &lacking, out, err) : firn_buf_addc(out, '*', err);
    if (code != FIRN_OK)
        return firn_wrap(err, "%s", firn_quote(p->files.v[0].file->file_path).s);
    FIRN_TRY(add_extras(x, set, out, err));
    FIRN_TRY(firn_buf_adds(out, " FROM read_parquet(", err));
    FIRN_TRY(firn_view_paths(w, p->files.v, p->files.n, out, err));
    FIRN_TRY(firn_buf_adds(out, ", hive_partitioning = false", err));
    if (!have) {
        FIRN_TRY(firn_buf_adds(out, ", schema = ", err));
        FIRN_TRY(firn_view_schema_map(want, false, out, err));
    }
    FIRN_TRY(firn_buf_addc(out, ')', err));
    if (!x->deleted)
        return FIRN_OK;
    return firn_buf_addf(out, err,
                         " WHERE NOT firn_file_deleted(%lld, file_index, file_row_number)",
                         (long long)set);
}

firn_code firn_view_source(firn_view_work *w, const firn_type *want, const firn_view_file *files,
                           size_t count, const firn_view_extra *extra, bool footers, firn_buf *out,
                           firn_err *err)
{
    part_list parts = {0};
    FIRN_TRY(split(w, files, count, footers, &parts, err));
    for (size_t i = 0; i < parts.n; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? " UNION ALL " : "", err));
        FIRN_TRY(add_part(w, want, parts.v[i], extra, out, err));
    }
    return FIRN_OK;
}
