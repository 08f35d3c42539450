/* SPDX-License-Identifier: Apache-2.0 */
/* What the files themselves say of their columns, asked through the engine for all at once. */
#include "engine/view_int.h"

#include "base/str.h"

#define MAPPING_KEY "schema.name-mapping.default"

typedef struct footer_row {
    firn_str name;
    firn_str type; /* as far as it tells files apart */
    int32_t id;    /* 0: none */
    int64_t children;
    bool repeated;
} footer_row;

/* One file's fields as the rows of parquet_schema(). */
typedef struct footer {
    FIRN_VEC(footer_row) rows;
} footer;

static firn_str text_at(const firn_column *c, size_t row, firn_arena *a)
{
    return firn_arena_str(a, firn_strview_str(&((const firn_strview *)c->data)[row]));
}

static firn_code keep_row(const firn_column *c, size_t i, firn_arena *a, firn_map *footers,
                          firn_err *err)
{
    firn_str path = firn_strview_str(&((const firn_strview *)c[0].data)[i]);
    footer *f = firn_map_get(footers, path);
    if (!f) {
        path = firn_arena_str(a, path);
        f = firn_arena_zalloc(a, sizeof *f);
        if (!path.p || !f || !firn_map_put(footers, path, f))
            return firn_arena_raise(a, err);
    }
    footer_row row = {.name = text_at(&c[1], i, a),
                      .type = text_at(&c[2], i, a),
                      .id = ((const int32_t *)c[3].data)[i],
                      .children = ((const int64_t *)c[4].data)[i],
                      .repeated = ((const uint8_t *)c[5].data)[i] != 0};
    if (!row.name.p || !row.type.p || !firn_vec_push(a, &f->rows, row))
        return firn_arena_raise(a, err);
    return FIRN_OK;
}

static firn_code read_footers(const firn_engine_ops *ops, firn_result *r, firn_arena *a,
                              firn_map *footers, firn_err *err)
{
    for (;;) {
        const firn_column *root;
        size_t n;
        FIRN_TRY(ops->next(r, &root, &n, err));
        if (n == 0)
            return FIRN_OK;
        for (size_t i = 0; i < n; i++)
            FIRN_TRY(keep_row(root->children, i, a, footers, err));
    }
}

/* Opened paths to footers. */
static firn_code query_footers(firn_view_work *w, const firn_view_file *files, size_t count,
                               firn_map *footers, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf sql = FIRN_SQL_BUF;
    const firn_engine_ops *ops = w->keep->ops;
    firn_result *r = NULL;
    FIRN_TRY(firn_buf_adds(&sql,
                           "SELECT file_name, name, concat(type, type_length, ' ', duckdb_type), "
                           "CAST(coalesce(field_id, 0) AS INTEGER), "
                           "CAST(coalesce(num_children, 0) AS BIGINT), "
                           "coalesce(repetition_type = 'REPEATED', false) FROM parquet_schema(",
                           err));
    FIRN_TRY(firn_view_paths(w, files, count, &sql, err));
    FIRN_TRY(firn_buf_addc(&sql, ')', err));
    FIRN_TRY(ops->query(w->s, firn_buf_str(&sql), &r, err));
    firn_code code = read_footers(ops, r, w->a, footers, err);
    ops->result_close(r);
    return code;
}

/* Builds the field at rows[*at] and below, leaving out the levels that Parquet adds for lists and
 * maps.  Only names, ids, the kind of nesting and the engine's type (`text`) are filled in. */
static firn_code build_field(const footer *f, size_t *at, int depth, firn_arena *a, firn_field *ret,
                             firn_err *err)
{
    if (*at >= f->rows.n || depth > 100)
        return firn_raise(err, FIRN_E_DATA, "a Parquet footer that does not add up");
    const footer_row *row = &f->rows.v[(*at)++];
    *ret = (firn_field){.name = row->name, .id = row->id};
    size_t n = (size_t)row->children;
    bool wraps = n == 1 && *at < f->rows.n && f->rows.v[*at].repeated;
    if (wraps) { /* the repeated group in the middle of LIST and MAP */
        n = (size_t)f->rows.v[*at].children;
        (*at)++;
    }
    ret->type.kind = n == 0   ? FIRN_T_BINARY
                     : !wraps ? FIRN_T_STRUCT
                     : n == 2 ? FIRN_T_MAP
                              : FIRN_T_LIST;
    ret->type.text = row->type;
    firn_str_cut(&ret->type.text, ' ');
    ret->type.fields = firn_arena_array(a, n, sizeof *ret->type.fields);
    if (!ret->type.fields)
        return firn_arena_raise(a, err);
    ret->type.field_count = n;
    for (size_t i = 0; i < n; i++)
        FIRN_TRY(build_field(f, at, depth + 1, a, &ret->type.fields[i], err));
    return FIRN_OK;
}

/* --- files without ids --------------------------------------------------------------------- */

static firn_code load_mapping(firn_view_work *w, firn_err *err)
{
    firn_str text = firn_metadata_property(w->rq->metadata, MAPPING_KEY);
    if (w->mapping || !text.p)
        return FIRN_OK;
    firn_slice bytes = {(const uint8_t *)text.p, text.n};
    if (firn_json_parse(bytes, &w->mapping, err) != FIRN_OK)
        return firn_wrap(err, "property " MAPPING_KEY);
    return FIRN_OK;
}

/* The entry of a mapping that has this name among its own. */
static const json_t *entry_of(const json_t *mapping, firn_str name)
{
    for (size_t i = 0; i < json_array_size(mapping); i++) {
        const json_t *entry = json_array_get(mapping, i);
        const json_t *names = json_object_get(entry, "names");
        for (size_t k = 0; k < json_array_size(names); k++) {
            const json_t *have = json_array_get(names, k);
            if (json_is_string(have) && firn_str_eq(firn_json_text(have), name))
                return entry;
        }
    }
    return NULL;
}

/* Gives the fields below the ids that the mapping has for their names; children of lists and maps
 * are called element, key and value there, whatever the file calls them. */
static void map_names(const json_t *mapping, firn_type *t, int depth)
{
    static const char *const own[] = {"key", "value"};
    for (size_t i = 0; i < t->field_count && depth < 100; i++) {
        firn_field *f = &t->fields[i];
        firn_str name = t->kind == FIRN_T_LIST  ? FIRN_STR_LIT("element")
                        : t->kind == FIRN_T_MAP ? firn_str_of(own[i % 2])
                                                : f->name;
        const json_t *entry = entry_of(mapping, name);
        const json_t *id = json_object_get(entry, "field-id");
        f->id = json_is_integer(id) ? (int32_t)json_integer_value(id) : 0;
        map_names(json_object_get(entry, "fields"), &f->type, depth + 1);
    }
}

static bool has_ids(const footer *f)
{
    for (size_t i = 1; i < f->rows.n; i++)
        if (f->rows.v[i].id)
            return true;
    return false;
}

static firn_code build_schema(firn_view_work *w, const footer *f, firn_str path, firn_type *ret,
                              firn_err *err)
{
    firn_field root = {0};
    size_t at = 0;
    FIRN_TRY(build_field(f, &at, 0, w->a, &root, err));
    root.type.kind = FIRN_T_STRUCT;
    if (!has_ids(f)) {
        FIRN_TRY(load_mapping(w, err));
        if (!w->mapping) {
            firn_raise(err, FIRN_E_UNSUPPORTED,
                       "%s has no field ids, and the table no name mapping", firn_quote(path).s);
            return firn_err_advise(err, "set the table property " MAPPING_KEY);
        }
        map_names(w->mapping, &root.type, 0);
    }
    *ret = root.type;
    return FIRN_OK;
}

/* --- all of them --------------------------------------------------------------------------- */

/* What tells the columns of two files apart: the engine gives all files that it reads together the
 * types of the first. */
static firn_code sign(const footer *f, firn_arena *a, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_SQL_BUF;
    for (size_t i = 0; i < f->rows.n; i++) {
        const footer_row *row = &f->rows.v[i];
        FIRN_TRY(firn_buf_addf(&out, err, "%zu ", row->name.n));
        FIRN_TRY(firn_buf_addstr(&out, row->name, err));
        FIRN_TRY(firn_buf_addf(&out, err, " %d %lld ", (int)row->id, (long long)row->children));
        FIRN_TRY(firn_buf_addstr(&out, row->type, err));
        FIRN_TRY(firn_buf_addc(&out, '\n', err));
    }
    *ret = firn_arena_str(a, firn_buf_str(&out));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

firn_code firn_view_footers(firn_view_work *w, const firn_view_file *files, size_t count,
                            firn_footer **ret, firn_err *err)
{
    firn_map footers = FIRN_MAP(w->a);
    firn_map built = FIRN_MAP(w->a); /* types by signature */
    firn_footer *all = firn_arena_array(w->a, count, sizeof *all);
    if (!all)
        return firn_arena_raise(w->a, err);
    FIRN_TRY(query_footers(w, files, count, &footers, err));
    for (size_t i = 0; i < count; i++) {
        firn_str path = files[i].file->file_path;
        firn_str opened;
        FIRN_TRY(firn_view_opened_path(w, path, &opened, err));
        const footer *f = firn_map_get(&footers, opened);
        if (!f)
            return firn_raise(err, FIRN_E_BUG, "no footer of %s", firn_quote(path).s);
        FIRN_TRY(sign(f, w->a, &all[i].signature, err));
        const firn_footer *same = firn_map_get(&built, all[i].signature);
        if (same) {
            all[i] = *same;
            continue;
        }
        FIRN_TRY(build_schema(w, f, path, &all[i].type, err));
        if (!firn_map_put(&built, all[i].signature, &all[i]))
            return firn_arena_raise(w->a, err);
    }
    *ret = all;
    return FIRN_OK;
}
