/* SPDX-License-Identifier: Apache-2.0 */
/* firn show: one table at one state. */
#include "cli/show_more.h"
#include "cli/show_view.h"
#include "cli/table_args.h"
#include "cli/verbs.h"

#include "base/str.h"
#include "iceberg/sort_order.h"
#include "pipeline/seen.h"

#include <inttypes.h>
#include <string.h>

/* --- columns ------------------------------------------------------------------------------- */

static bool is_identifier(const firn_schema *s, int32_t id)
{
    for (size_t i = 0; i < s->identifier_count; i++)
        if (s->identifier_ids[i] == id)
            return true;
    return false;
}

/* What is said of a column beside its type. */
static bool has_more(const firn_schema *s, const firn_field *f)
{
    return f->doc.p || f->initial_default.p || f->write_default.p || is_identifier(s, f->id);
}

typedef struct column_rows {
    firn_command *c;
    const firn_schema *schema;
    firn_text_table *table;
    bool defaults; /* any column has one, or a doc: the columns for them are shown */
    bool docs;
} column_rows;

static void look_for_more(const firn_type *t, column_rows *r)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        r->docs |= f->doc.p != NULL;
        r->defaults |= f->initial_default.p || f->write_default.p;
        look_for_more(&f->type, r); /* schemas are of limited depth */
    }
}

static const char *defaults_text(firn_command *c, const firn_field *f)
{
    if (!f->initial_default.p && !f->write_default.p)
        return "";
    if (firn_str_eq(f->initial_default, f->write_default))
        return firn_arena_strndup(c->arena, f->write_default.p, f->write_default.n);
    return firn_arena_printf(c->arena, "%.*s%s%.*s%s", FIRN_STR_ARG(f->write_default),
                             f->write_default.p && f->initial_default.p ? ", " : "",
                             FIRN_STR_ARG(f->initial_default),
                             f->initial_default.p ? " in old rows" : "");
}

static firn_code add_column(column_rows *r, const char *path, const firn_field *f, firn_err *err)
{
    char id[16];
    const char *cells[6];
    size_t n = 0;
    snprintf(id, sizeof id, "%d", (int)f->id);
    cells[n++] = path;
    cells[n++] = firn_type_text(&f->type, r->c->arena);
    cells[n++] = id;
    cells[n++] = is_identifier(r->schema, f->id) ? "identifier" : f->required ? "yes" : "";
    if (r->defaults)
        cells[n++] = defaults_text(r->c, f);
    if (r->docs)
        cells[n++] = f->doc.p ? firn_arena_strndup(r->c->arena, f->doc.p, f->doc.n) : "";
    return firn_text_table_add(r->table, cells, err);
}

/* All columns, and the fields inside of them of which more is to be said than their types. */
static firn_code add_columns(column_rows *r, const firn_type *t, const char *parent, firn_err *err)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        const char *path = firn_arena_printf(r->c->arena, "%s%s%.*s", parent, *parent ? "." : "",
                                             FIRN_STR_ARG(f->name));
        if (!path)
            return firn_arena_raise(r->c->arena, err);
        if (!*parent || has_more(r->schema, f))
            FIRN_TRY(add_column(r, path, f, err));
        if (firn_type_is_nested(f->type.kind))
            FIRN_TRY(add_columns(r, &f->type, path, err));
    }
    return FIRN_OK;
}

static firn_code print_columns(firn_command *c, const firn_schema *schema, firn_err *err)
{
    static const bool right[] = {false, false, true, false, false, false};
    const char *heads[6] = {"column", "type", "id", "required"};
    size_t n = 4;
    firn_print_opt opt = firn_print_defaults();
    column_rows r = {.c = c, .schema = schema};
    look_for_more(&schema->type, &r);
    if (r.defaults)
        heads[n++] = "default";
    if (r.docs)
        heads[n++] = "doc";
    FIRN_TRY(firn_text_table_new(heads, n, right, &r.table, err));
    firn_code code = add_columns(&r, &schema->type, "", err);
    if (code == FIRN_OK)
        code = firn_text_table_print(r.table, &opt, stdout, err);
    firn_text_table_free(r.table);
    return code;
}

/* --- partitions and order ------------------------------------------------------------------ */

/* The path of a column by its id, in the schema shown or in any other: "?" if it is gone. */
static const char *column_path(const firn_type *t, int32_t id, const char *parent, firn_arena *a)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const firn_field *f = &t->fields[i];
        const char *path =
            firn_arena_printf(a, "%s%s%.*s", parent, *parent ? "." : "", FIRN_STR_ARG(f->name));
        if (!path || f->id == id)
            return path;
        const char *found = column_path(&f->type, id, path, a);
        if (found)
            return found;
    }
    return NULL;
}

static const char *source_name(const firn_table_at *t, int32_t id, firn_arena *a)
{
    const char *name = column_path(&t->schema->type, id, "", a);
    for (size_t i = 0; !name && i < t->metadata->schema_count; i++)
        name = column_path(&t->metadata->schemas[i].type, id, "", a);
    return name ? name : "?";
}

/* "bucket[16](id) as id_bucket, country". */
static void print_spec(const firn_table_at *t, const firn_spec *spec, firn_arena *a)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        const firn_partition_field *f = &spec->fields[i];
        const char *source = source_name(t, f->source_id, a);
        printf("%s", i ? ", " : " ");
        if (f->transform.kind != FIRN_TRANSFORM_IDENTITY)
            printf("%.*s(%s)", FIRN_STR_ARG(f->transform.text), source);
        else
            printf("%s", source);
        if (f->transform.kind != FIRN_TRANSFORM_IDENTITY || !firn_str_eqc(f->name, source))
            printf(" as %.*s", FIRN_STR_ARG(f->name));
    }
    printf(spec->field_count ? "\n" : " nothing\n");
}

static void print_specs(const firn_table_at *t, firn_arena *a)
{
    const firn_metadata *m = t->metadata;
    printf("partitioned by:");
    print_spec(t, m->spec, a);
    for (size_t i = 0; i < m->spec_count; i++) {
        if (&m->specs[i] == m->spec)
            continue;
        printf("  older files, by spec %d:", (int)m->specs[i].spec_id);
        print_spec(t, &m->specs[i], a);
    }
}

static firn_code print_order(const firn_table_at *t, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)16 << 20);
    firn_sort_order order;
    FIRN_TRY(firn_metadata_sort_order(t->metadata, a, &order, err));
    if (order.field_count == 0)
        return FIRN_OK;
    FIRN_TRY(firn_sort_order_print(&order, &t->schema->type, &text, err));
    printf("sorted by: %s\n", firn_buf_cstr(&text));
    return FIRN_OK;
}

/* --- the state ----------------------------------------------------------------------------- */

static firn_code print_head(const firn_table_at *t, const firn_totals *totals, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf at = FIRN_BUF((size_t)1 << 20);
    char rows[32];
    char files[32];
    char bytes[24] = "?";
    char deletes[32];
    firn_human_total(totals->rows, rows);
    firn_human_total(totals->data_files, files);
    if (totals->bytes >= 0)
        firn_human_bytes((uint64_t)totals->bytes, bytes);
    printf(FIRN_IDENT_FMT, FIRN_IDENT_ARG(t->ident));
    if (t->at.kind != FIRN_AT_CURRENT) {
        FIRN_TRY(firn_at_print(&t->at, &at, err));
        printf(" at %s", firn_buf_cstr(&at));
    }
    printf(": %s row%s, %s in %s file%s\n", rows, totals->rows == 1 ? "" : "s", bytes, files,
           totals->data_files == 1 ? "" : "s");
    if (totals->delete_files <= 0)
        return FIRN_OK;
    firn_human_count((uint64_t)(totals->position_deletes + totals->equality_deletes), deletes);
    printf("of these rows some are deleted: %s delete%s in %" PRId64 " delete file%s\n", deletes,
           totals->position_deletes + totals->equality_deletes == 1 ? "" : "s",
           totals->delete_files, totals->delete_files == 1 ? "" : "s");
    return FIRN_OK;
}

static firn_code print_snapshot(firn_command *c, const firn_table_at *t, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf words = FIRN_BUF((size_t)1 << 16);
    char when[32];
    const firn_snapshot *s = t->snapshot;
    firn_human_time(s->timestamp_ms, when);
    firn_str operation = firn_snapshot_summary(s, "operation");
    FIRN_TRY(firn_snapshot_words(c, s, &words, err));
    printf("%s: %s (%s UTC, snapshot %" PRId64,
           s->snapshot_id == t->metadata->current_snapshot_id ? "last commit" : "commit",
           firn_buf_cstr(&words), when, s->snapshot_id);
    if (operation.n)
        printf(", %.*s", FIRN_STR_ARG(operation));
    puts(")");
    for (size_t i = 0; i < t->metadata->ref_count; i++) {
        const firn_ref *r = &t->metadata->refs[i];
        if (r->snapshot_id == s->snapshot_id)
            printf("%s: %.*s\n", r->is_branch ? "branch" : "tag", FIRN_STR_ARG(r->name));
    }
    return FIRN_OK;
}

/* What the table is about, as its owner said it. */
static firn_str description_of(const firn_metadata *m)
{
    const json_t *text = json_object_get(json_object_get(m->root, "properties"), "comment");
    return json_is_string(text) ? firn_json_text(text) : (firn_str){NULL, 0};
}

/* Its text in lines of its own, without what could play with the terminal. */
static void print_description(firn_str text)
{
    while (text.p && text.n) {
        firn_quoted line = firn_quote(firn_str_cut(&text, '\n'));
        printf("  %.*s\n", (int)(strlen(line.s) - 2), line.s + 1);
    }
}

static void print_properties(const firn_metadata *m)
{
    const char *key;
    json_t *value;
    json_t *properties = json_object_get(m->root, "properties");
    if (json_object_size(properties))
        puts("properties:");
    json_object_foreach(properties, key, value)
    {
        if (strcmp(key, FIRN_SEEN_PROPERTY) == 0)
            continue; /* it was shown as a table */
        firn_quoted shown =
            firn_quote(json_is_string(value) ? firn_json_text(value) : FIRN_STR_LIT("?"));
        printf("  %s = %s\n", key, shown.s);
    }
}

static firn_code show_text(firn_command *c, const firn_args *args, const firn_table_at *t,
                           firn_err *err)
{
    const firn_metadata *m = t->metadata;
    FIRN_AUTO(firn_json_unref) json_t *streams = NULL;
    FIRN_AUTO(firn_json_unref) json_t *beside = NULL;
    firn_totals totals;
    firn_err why;
    FIRN_TRY(firn_command_totals(c, m, t->snapshot, &totals, &why, err));
    FIRN_TRY(print_head(t, &totals, err));
    if (totals.rows < 0)
        printf("what is in it cannot be read: %s\n", why.text);
    print_description(description_of(m));
    FIRN_TRY(print_columns(c, t->schema, err));
    print_specs(t, c->arena);
    FIRN_TRY(print_order(t, c->arena, err));
    if (t->snapshot)
        FIRN_TRY(print_snapshot(c, t, err));
    if (t->at.kind == FIRN_AT_CURRENT) {
        FIRN_TRY(firn_show_streams(c, t, &streams, err));
        FIRN_TRY(firn_show_beside(c, t, &beside, err));
        FIRN_TRY(firn_print_seen(t, c->arena, err));
        firn_print_streams(streams);
        firn_print_beside(beside);
    }
    printf("format version: %d\n", (int)m->format_version);
    print_properties(m);
    printf("location: %.*s\nmetadata: %.*s\n", FIRN_STR_ARG(m->location),
           FIRN_STR_ARG(m->location_of_file));
    firn_print_show_next(c, args, t, beside);
    return FIRN_OK;
}

/* --- JSON ---------------------------------------------------------------------------------- */

/* The member of a list of the metadata whose id is this. */
static json_t *by_id(const firn_metadata *m, const char *list, const char *key, int64_t id)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(m->root, list), i, entry)
    {
        if (json_integer_value(json_object_get(entry, key)) == id)
            return json_incref(entry);
    }
    return json_null();
}

static json_t *member(const firn_metadata *m, const char *key)
{
    json_t *j = json_object_get(m->root, key);
    return j ? json_incref(j) : json_object();
}

static firn_code specs_to_json(const firn_metadata *m, json_t *o, firn_err *err)
{
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(o, "partition_specs", list, err));
    FIRN_TRY(firn_json_set(o, "default_spec_id", json_integer(m->spec->spec_id), err));
    for (size_t i = 0; i < m->spec_count; i++) {
        json_t *fields;
        json_t *spec = json_object();
        FIRN_TRY(firn_json_append(list, spec, err));
        FIRN_TRY(firn_json_set(spec, "spec-id", json_integer(m->specs[i].spec_id), err));
        FIRN_TRY(firn_spec_fields_to_json(&m->specs[i], &fields, err));
        FIRN_TRY(firn_json_set(spec, "fields", fields, err));
    }
    return FIRN_OK;
}

static firn_code refs_to_json(const firn_metadata *m, const firn_snapshot *s, json_t *o,
                              firn_err *err)
{
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(o, "snapshot_refs", list, err));
    for (size_t i = 0; s && i < m->ref_count; i++)
        if (m->refs[i].snapshot_id == s->snapshot_id)
            FIRN_TRY(firn_json_append(list, firn_json_new_str(m->refs[i].name), err));
    return FIRN_OK;
}

static firn_code show_json(firn_command *c, const firn_table_at *t, firn_err *err)
{
    const firn_metadata *m = t->metadata;
    FIRN_AUTO(firn_json_unref) json_t *o = json_object();
    firn_totals totals;
    firn_err why;
    json_t *schema;
    FIRN_TRY(firn_command_totals(c, m, t->snapshot, &totals, &why, err));
    FIRN_TRY(firn_json_set(o, "v", json_integer(1), err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(t->ident.ns), err));
    FIRN_TRY(firn_json_set(o, "table", firn_json_new_str(t->ident.name), err));
    FIRN_TRY(firn_json_set(o, "uuid", firn_json_new_str(m->uuid), err));
    FIRN_TRY(firn_json_set(o, "format_version", json_integer(m->format_version), err));
    FIRN_TRY(firn_json_set(o, "location", firn_json_new_str(m->location), err));
    FIRN_TRY(firn_json_set(o, "metadata", firn_json_new_str(m->location_of_file), err));
    FIRN_TRY(firn_json_set_snapshot(o, t->snapshot, err));
    if (t->snapshot && t->snapshot->summary)
        FIRN_TRY(firn_json_set(o, "summary", json_deep_copy(t->snapshot->summary), err));
    FIRN_TRY(refs_to_json(m, t->snapshot, o, err));
    FIRN_TRY(firn_json_set_totals(o, &totals, err));
    FIRN_TRY(firn_schema_to_json(t->schema, &schema, err));
    FIRN_TRY(firn_json_set(o, "schema", schema, err));
    FIRN_TRY(specs_to_json(m, o, err));
    FIRN_TRY(firn_json_set(o, "sort_order",
                           by_id(m, "sort-orders", "order-id", m->default_sort_order_id), err));
    FIRN_TRY(firn_json_set(o, "properties", member(m, "properties"), err));
    FIRN_TRY(firn_json_set(o, "refs", member(m, "refs"), err));
    FIRN_TRY(firn_json_set_text(o, "description", description_of(m), err));
    if (t->at.kind == FIRN_AT_CURRENT) {
        json_t *list;
        FIRN_TRY(firn_show_streams(c, t, &list, err));
        FIRN_TRY(firn_json_set(o, "streams", list, err));
        FIRN_TRY(firn_show_beside(c, t, &list, err));
        FIRN_TRY(firn_json_set(o, "beside", list, err));
        FIRN_TRY(firn_show_seen(t, c->arena, &list, err));
        FIRN_TRY(firn_json_set(o, "seen", list, err));
    }
    return firn_command_print_json(o, err);
}

/* --- the verb ------------------------------------------------------------------------------ */

static firn_code show(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                      firn_err *err)
{
    firn_table_at t;
    const firn_view_def *view;
    firn_err local = {0};
    if (firn_command_table_at(c, args, "which table is to be shown?", &t, &local) != FIRN_OK) {
        FIRN_TRY(firn_command_view(c, args, &view, err));
        if (view)
            return firn_show_view(c, args, view, err);
        *err = local;
        return err->code;
    }
    return firn_args_has(args, "json") ? show_json(c, &t, err) : show_text(c, args, &t, err);
}

static int verb_show(const firn_args *args)
{
    return firn_command_do(args, show);
}

static const firn_arg show_args[] = {
    FIRN_ARG_AT, FIRN_ARG_JSON_DOCUMENT, FIRN_ARG_PROJECT, FIRN_ARG_HELP, {NULL, 0, NULL, NULL},
};

const firn_verb firn_verb_show = {
    .name = "show",
    .synopsis = "[WAREHOUSE] TABLE [options]",
    .summary = "show a table: columns, size, last commit, what was landed",
    .details = "As it is now, or as it was: the columns are those it is read with at that state,\n"
               "the current ones for a branch.\n"
               "\n"
               "  firn show raw.orders\n"
               "  firn show ./lake raw.orders\n"
               "  firn show /data/orders/metadata/v3.metadata.json\n"
               "  firn show raw.orders --at 2025-05-31T10:00:00Z",
    .args = show_args,
    .run = verb_show,
};
