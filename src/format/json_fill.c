/* SPDX-License-Identifier: Apache-2.0 */
/* JSON into columns: the fast loop first; what it does not take is read again, carefully, which
 * either lands it (a key that is there twice may do so) or says exactly why it cannot land. */
#define FIRN_JSON_STORE 1
#include "format/json_fast.h"

#include "base/mem.h"
#include "base/str.h"
#include "format/json.h"
#include "format/residual.h"

#include <stdarg.h>
#include <stdio.h>

/* One call of fill. */
typedef struct firn_json_filler {
    firn_json_run run;
    firn_rejects *rejects;
    firn_column *root;
    firn_misfits misfits;
    size_t record;     /* the index of the current one */
    const char *start; /* of its bytes */
} filler;

/* --- undoing ------------------------------------------------------------------------------- */

void firn_json_save(firn_json_run *run)
{
    for (size_t i = 0; i < run->lists.n; i++)
        run->lists.v[i]->saved = run->lists.v[i]->col->children[0].length;
}

static void set_valid_below(firn_column *col, size_t row)
{
    firn_column_set_valid(col, row);
    if (col->type->kind == FIRN_T_STRUCT)
        for (size_t i = 0; i < col->child_count; i++)
            set_valid_below(&col->children[i], row);
}

void firn_json_undo(firn_json_run *run, size_t row)
{
    for (size_t i = 0; i < run->lists.n; i++) {
        firn_column *child = &run->lists.v[i]->col->children[0];
        size_t saved = run->lists.v[i]->saved;
        for (size_t r = saved; r <= child->length && r < child->capacity; r++)
            set_valid_below(child, r);
        child->length = saved;
    }
    for (size_t i = 0; i < run->root->child_count; i++)
        set_valid_below(run->root->children[i].col, row);
    run->duplicate_keys = 0;
}

/* --- rejects ------------------------------------------------------------------------------- */

/* Adds a reject; false, so that it ends what cannot go on. */
static bool reject(filler *f, const firn_spot *s, uint16_t id, const char *fmt, ...)
    FIRN_PRINTF(4, 5);
static bool reject(filler *f, const firn_spot *s, uint16_t id, const char *fmt, ...)
{
    char reason[480];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    f->run.code = firn_misfits_reject(&f->misfits, s, id, f->run.err, "%s", reason);
    return false;
}

static bool reject_unreadable(filler *f, const firn_json_why *why)
{
    return reject(f, NULL, why->id, "%s, at byte %zu of the record", why->what,
                  (size_t)(why->at - f->start) + 1);
}

static const char *kind_of(char c)
{
    switch (c) {
    case '"':
        return "a text";
    case '{':
        return "an object";
    case '[':
        return "an array";
    case 't':
    case 'f':
        return "a boolean";
    default:
        return "a number";
    }
}

static bool is_number_type(firn_type_kind kind)
{
    return kind == FIRN_T_INT || kind == FIRN_T_LONG || kind == FIRN_T_FLOAT ||
           kind == FIRN_T_DOUBLE || kind == FIRN_T_DECIMAL;
}

/* A value does not go into its column: null stands for it, or the record is a reject.  The reason
 * is the message. */
static bool misfit(filler *f, firn_json_node *n, size_t row, firn_str json, const firn_spot *s,
                   const char *fmt, ...) FIRN_PRINTF(6, 7);
static bool misfit(filler *f, firn_json_node *n, size_t row, firn_str json, const firn_spot *s,
                   const char *fmt, ...)
{
    char reason[480];
    bool lands = false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    f->run.code = firn_misfits_value(&f->misfits, n->layout, s, json, FIRN_REJ_TYPE, &lands,
                                     f->run.err, "%s", reason);
    if (!f->run.code && lands)
        f->run.code = firn_column_null(n->col, row, f->run.err);
    return !f->run.code && lands;
}

/* Whether values of this look are read at all for a column. */
static bool is_readable(const firn_json_node *n, char c)
{
    firn_type_kind kind = n->layout->type.kind;
    if (c == '-' || (c >= '0' && c <= '9'))
        return is_number_type(kind);
    return c == '"' && !firn_type_is_nested(kind) &&
           (n->layout->read.given || (kind != FIRN_T_BOOLEAN && !is_number_type(kind)));
}

/* Finds out why a value does not go into its column. */
static bool misfit_value(filler *f, firn_json_node *n, size_t row, const char *p,
                         const firn_spot *s)
{
    firn_json_run *run = &f->run;
    const firn_type *type = &n->layout->type;
    const char *behind = firn_json_behind(p, run->end);
    firn_str json = {p, (size_t)(behind - p)};
    firn_str text = json;
    const char *type_text = firn_type_text(type, run->scratch);
    run->scratch_used = true;
    if (*p == 'n')
        return reject(f, s, FIRN_REJ_REQUIRED, "the value is null, which the column does not take");
    firn_typed v;
    if (firn_json_typed(run, p, run->scratch, &v) && v.kind != FIRN_TYPED_NULL) {
        firn_fit typed_fit = firn_typed_fits(type, &v, &n->layout->read);
        return misfit(f, n, row, json, s, "value %s %s: %s", firn_quote(v.text).s,
                      firn_fit_text(typed_fit ? typed_fit : FIRN_FIT_SYNTAX), type_text);
    }
    if (run->code)
        return false;
    if (!is_readable(n, *p))
        return misfit(f, n, row, json, s, "%s where the column is %s: %s", kind_of(*p), type_text,
                      firn_quote(text).s);
    if (*p == '"')
        text = firn_json_decode(p + 1, text.n - 2, true, run->scratch);
    if (!text.p) {
        run->code = firn_arena_raise(run->scratch, run->err);
        return false;
    }
    firn_fit fit = firn_scalar_fits(type, text, &n->layout->read);
    return misfit(f, n, row, json, s, "value %s %s: %s", firn_quote(text).s, firn_fit_text(fit),
                  type_text);
}

/* --- the careful pass ---------------------------------------------------------------------- */

static bool careful_value(filler *f, firn_json_node *n, size_t row, const char *p,
                          const firn_spot *s);

/* Remembers where the value of a key without a column begins, of equal keys the last one's. */
static bool note_key(filler *f, firn_json_key key, const char *p, firn_map *unknown)
{
    firn_json_run *run = &f->run;
    firn_str name = firn_json_decode(key.p, key.n, key.escaped, run->scratch);
    run->scratch_used = true;
    run->duplicate_keys += name.p && firn_map_get(unknown, name);
    if (name.p && firn_map_put(unknown, name, (void *)(uintptr_t)p))
        return true;
    run->code = firn_arena_raise(run->scratch, run->err);
    return false;
}

/* Keys without a column: their values are kept elsewhere, or the record is a reject. */
static bool misfit_keys(filler *f, firn_json_node *n, const firn_map *unknown, const firn_spot *s)
{
    firn_json_run *run = &f->run;
    for (size_t i = 0; i < unknown->n; i++) {
        const char *p = unknown->v[i].value;
        firn_spot here = {s, unknown->v[i].key, 0};
        bool lands = true;
        firn_str json = {p, (size_t)(firn_json_behind(p, run->end) - p)};
        if (!firn_json_is_null(run, p))
            run->code = firn_misfits_key(&f->misfits, n->layout, &here, json, &lands, run->err);
        if (run->code || !lands)
            return false;
    }
    return true;
}

/* Finds where the values of an object's columns are, the last one where a key is there twice. */
static bool find_values(filler *f, firn_json_node *n, const char *p, const firn_spot *s)
{
    firn_json_run *run = &f->run;
    firn_map unknown = FIRN_MAP(run->scratch);
    uint32_t instance = ++n->instance;
    bool more = firn_json_first_item(&p, run->end);
    while (more) {
        const char *behind;
        firn_json_node *child = firn_json_find(run, n, p + 1, &behind);
        if (run->code)
            return false;
        firn_json_key key = firn_json_item_key(&p, run->end);
        if (child) {
            run->duplicate_keys += child->stamp == instance;
            child->stamp = instance;
            child->value = p;
        } else if (!note_key(f, key, p, &unknown)) {
            return false;
        }
        p = firn_json_behind(p, run->end);
        more = firn_json_next_item(&p, run->end);
    }
    return misfit_keys(f, n, &unknown, s);
}

static bool careful_object(filler *f, firn_json_node *n, size_t row, const char *p,
                           const firn_spot *s)
{
    firn_json_run *run = &f->run;
    if (!find_values(f, n, p, s))
        return false;
    for (size_t i = 0; i < n->child_count; i++) {
        firn_json_node *child = &n->children[i];
        firn_spot here = {s, child->layout->key, 0};
        bool there = child->stamp == n->instance;
        if (child->layout->role != FIRN_ROLE_VALUE)
            continue;
        if (there && !careful_value(f, child, row, child->value, &here))
            return false;
        if (!there && child->required)
            return reject(f, &here, FIRN_REJ_REQUIRED, "the key is missing");
        if (!there)
            run->code = firn_column_null(child->col, row, run->err);
        if (run->code)
            return false;
    }
    if (n != run->root)
        firn_column_set_valid(n->col, row);
    return true;
}

static bool careful_list(filler *f, firn_json_node *n, size_t row, const char *p,
                         const firn_spot *s)
{
    firn_json_run *run = &f->run;
    firn_column *child = n->col->children;
    size_t first = child->length;
    bool more = firn_json_first_item(&p, run->end);
    for (size_t i = 0; more; i++) {
        firn_spot here = {s, {NULL, 0}, i};
        if (!make_room(run, child) || !careful_value(f, n->children, child->length, p, &here))
            return false;
        child->length++;
        p = firn_json_behind(p, run->end);
        more = firn_json_next_item(&p, run->end);
    }
    SET(firn_listview, ((firn_listview){first, child->length - first}));
    firn_column_set_valid(n->col, row);
    return true;
}

static bool map_entries(filler *f, firn_json_run *run, firn_json_node *n, size_t row, const char *p,
                        const firn_spot *s);

static bool careful_value(filler *f, firn_json_node *n, size_t row, const char *p,
                          const firn_spot *s)
{
    bool null = *p == '{' && !n->required && firn_json_is_null(&f->run, p);
    if (null)
        f->run.code = firn_column_null(n->col, row, f->run.err);
    const char *object = firn_json_object_in(&f->run, n, p);
    if (null || f->run.code)
        return f->run.code == FIRN_OK;
    if (n->op == FIRN_JSON_STRUCT && object)
        return careful_object(f, n, row, object, s);
    if (n->op == FIRN_JSON_LIST && *p == '[')
        return careful_list(f, n, row, p, s);
    if (n->op == FIRN_JSON_MAP && object)
        return map_entries(f, &f->run, n, row, object, s);
    if (fast_value(&f->run, n, row, p))
        return true;
    return f->run.code ? false : misfit_value(f, n, row, p, s);
}

/* --- maps ---------------------------------------------------------------------------------- */

typedef struct map_item {
    firn_str key;
    const char *value;
} map_item;

typedef struct map_items {
    FIRN_VEC(map_item) items;
    firn_map index; /* key → item index + 1 */
} map_items;

/* Lists the keys of a map, the last value where one is there twice. */
static firn_code list_items(firn_json_run *run, const char *p, map_items *ret)
{
    run->scratch_used = true;
    bool more = firn_json_first_item(&p, run->end);
    while (more) {
        firn_json_key raw = firn_json_item_key(&p, run->end);
        map_item item = {firn_json_decode(raw.p, raw.n, raw.escaped, run->arena), p};
        if (!item.key.p)
            return firn_arena_raise(run->arena, run->err);
        uintptr_t at = (uintptr_t)firn_map_get(&ret->index, item.key);
        run->duplicate_keys += at != 0;
        if (at) {
            ret->items.v[at - 1].value = p;
        } else {
            void *index = (void *)(uintptr_t)(ret->items.n + 1);
            if (!firn_map_put(&ret->index, item.key, index) ||
                !firn_vec_push(run->scratch, &ret->items, item))
                return firn_arena_raise(run->scratch, run->err);
        }
        p = firn_json_behind(p, run->end);
        more = firn_json_next_item(&p, run->end);
    }
    return FIRN_OK;
}

static firn_fit put_key(firn_json_run *run, firn_json_node *n, size_t row, firn_str key)
{
    if (n->op != FIRN_JSON_STRING)
        return firn_scalar_put(n->col, row, key, &n->layout->read, run->arena);
    ((firn_strview *)n->col->data)[row] = firn_strview_of(key.p, key.n);
    firn_column_set_valid(n->col, row);
    return FIRN_FIT_OK;
}

/* Stores one entry.  f == NULL: in the fast loop, nobody asks for the reason. */
static bool map_entry(filler *f, firn_json_run *run, firn_json_node *n, size_t at,
                      const map_item *item, const firn_spot *s)
{
    firn_spot here = {s, item->key, 0};
    firn_fit fit = put_key(run, &n->children[0], at, item->key);
    if (fit == FIRN_FIT_NOMEM)
        run->code = firn_arena_raise(run->arena, run->err);
    if (fit != FIRN_FIT_OK)
        return f && !run->code ? reject(f, &here, FIRN_REJ_TYPE, "key %s %s: %s",
                                        firn_quote(item->key).s, firn_fit_text(fit),
                                        firn_type_kind_name(n->children[0].layout->type.kind))
                               : false;
    return f ? careful_value(f, &n->children[1], at, item->value, &here)
             : fast_value(run, &n->children[1], at, item->value) != NULL;
}

/* Stores an object that was checked as the entries of a map. */
static bool map_entries(filler *f, firn_json_run *run, firn_json_node *n, size_t row, const char *p,
                        const firn_spot *s)
{
    map_items list = {.index = FIRN_MAP(run->scratch)};
    firn_column *entries = n->col->children;
    size_t first = entries->length;
    run->code = list_items(run, p, &list);
    for (size_t i = 0; !run->code && i < list.items.n; i++) {
        if (!make_room(run, entries) || !map_entry(f, run, n, entries->length, &list.items.v[i], s))
            return false;
        firn_column_set_valid(entries, entries->length);
        entries->length++;
    }
    SET(firn_listview, ((firn_listview){first, entries->length - first}));
    firn_column_set_valid(n->col, row);
    return run->code == FIRN_OK;
}

static const char *map_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    firn_json_why why;
    if (*p != '{')
        return *p == 'n' ? null_value(run, n, row, p) : NULL;
    const char *behind = firn_json_skip(p, run->end, n->depth, &why);
    if (!behind || firn_json_object_in(run, n, p) != p)
        return NULL;
    return map_entries(NULL, run, n, row, p, NULL) ? behind : NULL;
}

/* --- records ------------------------------------------------------------------------------- */

static bool careful_record(filler *f, size_t row, firn_str record)
{
    firn_json_run *run = &f->run;
    firn_json_why why;
    firn_json_undo(run, row);
    firn_misfits_begin(&f->misfits, f->record);
    if (!firn_json_check(record.p, run->end, &why))
        return reject_unreadable(f, &why);
    bool landed = careful_object(f, run->root, row, firn_json_space(record.p, run->end), NULL);
    if (!landed)
        firn_json_undo(run, row);
    return landed;
}

/* Lands the text of a record in `row`, or rejects it. */
static firn_code land(filler *f, firn_str record, size_t row, bool *ret_landed)
{
    firn_json_run *run = &f->run;
    f->start = record.p;
    firn_json_save(run);
    *ret_landed = fast_record(run, row, record);
    if (FIRN_UNLIKELY(!*ret_landed) && !run->code)
        *ret_landed = careful_record(f, row, record);
    f->rejects->duplicate_keys += run->duplicate_keys;
    if (*ret_landed && f->misfits.layout->residual)
        run->code = firn_misfits_end(&f->misfits, f->root, row, run->err);
    if (FIRN_UNLIKELY(run->scratch_used)) {
        firn_arena_reset(run->scratch);
        run->scratch_used = false;
    }
    return run->code;
}

/* Lands a record in `row`, or rejects it. */
static firn_code fill_record(filler *f, const firn_batch *b, size_t row, bool *ret_landed)
{
    firn_json_run *run = &f->run;
    const firn_record *rec = &b->records[f->record];
    *ret_landed = false;
    firn_misfits_begin(&f->misfits, f->record);
    if (FIRN_UNLIKELY(rec->flags & FIRN_REC_OVERSIZE)) {
        reject(f, NULL, FIRN_REJ_OVERSIZE,
               "the record is longer than the limit; it begins with "
               "the %u bytes kept here",
               rec->length);
        return run->code;
    }
    if (FIRN_UNLIKELY(rec->flags & FIRN_REC_BROKEN)) {
        reject(f, NULL, FIRN_REJ_SYNTAX, "the record is broken");
        return run->code;
    }
    firn_str record = firn_json_span(b, rec, run->arena);
    if (!record.p)
        return firn_arena_raise(run->arena, run->err);
    return land(f, record, row, ret_landed);
}

static firn_code fill_rows(filler *f, const firn_batch *b, size_t *next, size_t row,
                           size_t max_rows, size_t *ret_rows)
{
    size_t rows = 0;
    while (*next < b->count && rows < max_rows) {
        bool landed;
        f->record = *next;
        FIRN_TRY(fill_record(f, b, row + rows, &landed));
        rows += landed;
        ++*next;
    }
    *ret_rows = rows;
    return FIRN_OK;
}

static void close_filler(filler *f)
{
    firn_misfits_close(&f->misfits);
    firn_arena_free(f->run.plan);
    firn_arena_free(f->run.scratch);
}

static firn_code open_filler(filler *f, const firn_layout *layout, firn_column *root,
                             firn_rejects *rejects, firn_arena *a, firn_err *err)
{
    *f = (filler){.run = {.arena = a}, .root = root, .rejects = rejects};
    f->run.plan = firn_arena_new("a plan", 0);
    f->run.scratch = firn_arena_new("a record", 0);
    firn_misfits_open(&f->misfits, layout, rejects, a);
    firn_code code = f->run.plan && f->run.scratch ? firn_json_plan(&f->run, layout, root, err)
                                                   : firn_raise_nomem(err);
    if (code)
        close_filler(f);
    return code;
}

firn_code firn_json_fill(const firn_batch *b, size_t *next, const firn_layout *layout,
                         firn_column *root, size_t row, size_t max_rows, size_t *ret_rows,
                         firn_rejects *rejects, firn_arena *a, firn_err *err)
{
    filler f;
    FIRN_TRY(open_filler(&f, layout, root, rejects, a, err));
    f.run.extended = firn_json_extended(b);
    firn_code code = fill_rows(&f, b, next, row, max_rows, ret_rows);
    close_filler(&f);
    return code;
}

/* --- one by one ---------------------------------------------------------------------------- */

firn_code firn_json_filler_open(const firn_layout *layout, firn_column *root, firn_rejects *rejects,
                                firn_arena *a, firn_json_filler **ret, firn_err *err)
{
    filler *f = firn_mem_alloc(sizeof *f);
    if (!f)
        return firn_raise_nomem(err);
    firn_code code = open_filler(f, layout, root, rejects, a, err);
    if (code)
        firn_mem_free(f);
    else
        *ret = f;
    return code;
}

firn_code firn_json_filler_land(firn_json_filler *f, size_t record, firn_str text, size_t row,
                                bool *ret_landed)
{
    f->record = record;
    firn_misfits_begin(&f->misfits, record);
    return land(f, text, row, ret_landed);
}

void firn_json_filler_close(firn_json_filler *f)
{
    if (!f)
        return;
    close_filler(f);
    firn_mem_free(f);
}
