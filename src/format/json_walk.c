/* SPDX-License-Identifier: Apache-2.0 */
/* Does a batch fit its layout?  The fast loop answers for whole records; only where it says no are
 * the values sought that do not fit, and recorded at their places in a shape. */
#define FIRN_JSON_STORE 0
#include "format/json_fast.h"

#include "base/mem.h"
#include "format/json.h"
#include "format/residual.h"

/* Recording into shapes. */
typedef struct firn_json_walker {
    firn_json_run run;
    firn_arena *a; /* of the shapes */
} recorder;

static firn_shape *out_of_memory(recorder *r)
{
    r->run.code = firn_arena_raise(r->a, r->run.err);
    return NULL;
}

/* --- whole values -------------------------------------------------------------------------- */

static const char *record_value(recorder *r, firn_shape *s, const char *p);

/* Returns the field that the key at *p names and moves to its value.  Keys tend to come in the
 * order in which they came before: `hint` is looked at first. */
static firn_shape *field_at(recorder *r, firn_shape *s, const char **p, size_t hint)
{
    firn_json_key raw = firn_json_item_key(p, r->run.end);
    if (hint < s->field_count && !raw.escaped && s->fields[hint].key.n == raw.n &&
        memcmp(s->fields[hint].key.p, raw.p, raw.n) == 0)
        return s->fields[hint].shape;
    r->run.scratch_used |= raw.escaped;
    firn_str key = firn_json_decode(raw.p, raw.n, raw.escaped, r->run.scratch);
    firn_shape *field = key.p ? firn_shape_field_of(s, key, r->a) : NULL;
    return field ? field : out_of_memory(r);
}

static const char *record_object(recorder *r, firn_shape *s, const char *p)
{
    firn_shape_add_object(s);
    bool more = firn_json_first_item(&p, r->run.end);
    for (size_t i = 0; more; i++) {
        firn_shape *field = field_at(r, s, &p, i);
        p = field ? record_value(r, field, p) : NULL;
        if (!p)
            return NULL;
        more = firn_json_next_item(&p, r->run.end);
    }
    return p;
}

/* An object, unless it is a value of Extended JSON. */
static const char *record_typed(recorder *r, firn_shape *s, const char *p)
{
    firn_json_run *run = &r->run;
    firn_typed v;
    const char *behind = firn_json_typed(run, p, run->scratch, &v);
    if (run->code)
        return NULL;
    if (behind) {
        firn_typed_see(s, &v);
        return behind;
    }
    const char *inside = firn_extjson_inside(p, run->end, run->extended);
    behind = inside == p ? NULL : firn_json_behind(p, run->end);
    const char *end = record_object(r, s, inside);
    return behind && end ? behind : end;
}

static const char *record_array(recorder *r, firn_shape *s, const char *p)
{
    firn_shape_add_array(s);
    bool more = firn_json_first_item(&p, r->run.end);
    firn_shape *element = more ? firn_shape_element_of(s, r->a) : NULL;
    if (more && !element) {
        out_of_memory(r);
        return NULL;
    }
    while (more) {
        p = record_value(r, element, p);
        if (!p)
            return NULL;
        more = firn_json_next_item(&p, r->run.end);
    }
    return p;
}

static const char *record_text(recorder *r, firn_shape *s, const char *p)
{
    bool escaped;
    firn_json_why why;
    const char *close = firn_json_string(p + 1, r->run.end, &escaped, &why);
    firn_assert(close);
    r->run.scratch_used |= escaped;
    firn_str text = firn_json_decode(p + 1, (size_t)(close - p - 1), escaped, r->run.scratch);
    if (!text.p) {
        r->run.code = firn_arena_raise(r->run.scratch, r->run.err);
        return NULL;
    }
    firn_shape_add_text(s, text);
    return close + 1;
}

/* Records a checked value and all that is in it; returns what is behind it, NULL: run.code. */
static const char *record_value(recorder *r, firn_shape *s, const char *p)
{
    switch (*p) {
    case '{':
        return record_typed(r, s, p);
    case '[':
        return record_array(r, s, p);
    case '"':
        return record_text(r, s, p);
    case 'n':
        firn_shape_add_null(s);
        break;
    case 't':
    case 'f':
        firn_shape_add_boolean(s);
        break;
    default: {
        const char *behind = firn_json_behind(p, r->run.end);
        firn_shape_add_number(s, (firn_str){p, (size_t)(behind - p)});
        return behind;
    }
    }
    return p + (*p == 'f' ? 5 : 4);
}

/* --- what does not fit --------------------------------------------------------------------- */

static bool misfits(recorder *r, firn_json_node *n, const char *p);

static bool key_matters(const recorder *r, const firn_json_node *n)
{
    return firn_misfit_key_matters(r->run.root->layout, n->layout);
}

/* Whether a value that does not fit its node says something new. */
static bool matters(recorder *r, const firn_json_node *n, const char *p)
{
    firn_shape value = {0};
    if (r->run.code)
        return false;
    firn_typed v;
    if (starts_number(*p))
        firn_shape_add_number(&value, (firn_str){p, (size_t)(firn_json_behind(p, r->run.end) - p)});
    else if (*p == '{' && firn_json_typed(&r->run, p, r->run.scratch, &v))
        firn_typed_see(&value, &v);
    return firn_misfit_matters(r->run.root->layout, n->layout, &value);
}

/* Notes where the values of an object's columns begin, the last one where a key is there twice;
 * true if there is a value that no column takes, but one may. */
static bool find_values(recorder *r, firn_json_node *n, const char *p)
{
    firn_json_run *run = &r->run;
    uint32_t instance = ++n->instance;
    bool unknown = false;
    bool more = firn_json_first_item(&p, run->end);
    while (more) {
        const char *behind;
        firn_json_node *child = firn_json_find(run, n, p + 1, &behind);
        if (run->code)
            return false;
        firn_json_item_key(&p, run->end);
        if (child) {
            child->stamp = instance;
            child->value = p;
        } else {
            unknown |= !firn_json_is_null(run, p) && key_matters(r, n);
        }
        p = firn_json_behind(p, run->end);
        more = firn_json_next_item(&p, run->end);
    }
    return unknown;
}

static bool object_misfits(recorder *r, firn_json_node *n, const char *p)
{
    if (find_values(r, n, p))
        return true;
    for (size_t i = 0; i < n->child_count && !r->run.code; i++)
        if (n->children[i].stamp == n->instance &&
            misfits(r, &n->children[i], n->children[i].value))
            return true;
    return false;
}

/* Whether an element of an array, or a value of a map, does not fit. */
static bool items_misfit(recorder *r, firn_json_node *child, bool keyed, const char *p)
{
    bool more = firn_json_first_item(&p, r->run.end);
    while (more) {
        if (keyed)
            firn_json_item_key(&p, r->run.end);
        if (misfits(r, child, p))
            return true;
        p = firn_json_behind(p, r->run.end);
        more = firn_json_next_item(&p, r->run.end);
    }
    return false;
}

/* Whether a checked value does not fit its node, and matters. */
static bool misfits(recorder *r, firn_json_node *n, const char *p)
{
    if (r->run.code || fast_value(&r->run, n, 0, p) || (*p == '{' && firn_json_is_null(&r->run, p)))
        return false;
    const char *object = firn_json_object_in(&r->run, n, p);
    if (n->op == FIRN_JSON_STRUCT && object)
        return object_misfits(r, n, object);
    if (n->op == FIRN_JSON_LIST && *p == '[')
        return items_misfit(r, n->children, false, p);
    if (n->op == FIRN_JSON_MAP && object)
        return items_misfit(r, &n->children[1], true, object);
    return matters(r, n, p);
}

static void record_misfits(recorder *r, firn_json_node *n, firn_shape *s, const char *p);

static void object_record(recorder *r, firn_json_node *n, firn_shape *s, const char *p)
{
    firn_json_run *run = &r->run;
    firn_shape_add_object(s);
    find_values(r, n, p);
    bool more = firn_json_first_item(&p, run->end);
    while (more && !run->code) {
        const char *behind;
        const char *key = p;
        firn_json_node *child = firn_json_find(run, n, p + 1, &behind);
        firn_json_item_key(&p, run->end);
        bool wanted = child ? child->value == p && misfits(r, child, p)
                            : !firn_json_is_null(run, p) && key_matters(r, n);
        firn_shape *field = wanted && !run->code ? field_at(r, s, &key, SIZE_MAX) : NULL;
        if (field && child)
            record_misfits(r, child, field, p);
        else if (field)
            record_value(r, field, p);
        p = firn_json_behind(p, run->end);
        more = firn_json_next_item(&p, run->end);
    }
}

static void items_record(recorder *r, firn_json_node *child, bool keyed, firn_shape *s,
                         const char *p)
{
    firn_shape *element = firn_shape_element_of(s, r->a);
    if (!element) {
        out_of_memory(r);
        return;
    }
    bool more = firn_json_first_item(&p, r->run.end);
    while (more && !r->run.code) {
        if (keyed)
            firn_json_item_key(&p, r->run.end);
        if (misfits(r, child, p))
            record_misfits(r, child, element, p);
        p = firn_json_behind(p, r->run.end);
        more = firn_json_next_item(&p, r->run.end);
    }
}

/* Records those parts of a checked value that do not fit their node. */
static void record_misfits(recorder *r, firn_json_node *n, firn_shape *s, const char *p)
{
    const char *object = firn_json_object_in(&r->run, n, p);
    if (n->op == FIRN_JSON_STRUCT && object) {
        object_record(r, n, s, object);
    } else if (n->op == FIRN_JSON_LIST && *p == '[') {
        firn_shape_add_array(s);
        items_record(r, n->children, false, s, p);
    } else if (n->op == FIRN_JSON_MAP && object) {
        firn_shape_add_object(s);
        items_record(r, &n->children[1], true, s, object);
    } else {
        record_value(r, s, p);
    }
}

/* A map in the fast loop: only its values can make a difference. */
static const char *map_value(firn_json_run *run, firn_json_node *n, size_t row, const char *p)
{
    firn_json_why why;
    if (*p != '{')
        return *p == 'n' ? null_value(run, n, row, p) : NULL;
    const char *behind = firn_json_skip(p, run->end, n->depth, &why);
    if (!behind || firn_json_object_in(run, n, p) != p)
        return NULL;
    bool more = firn_json_first_item(&p, run->end);
    while (more) {
        firn_json_item_key(&p, run->end);
        p = fast_value(run, &n->children[1], 0, p);
        if (!p)
            return NULL;
        more = firn_json_next_item(&p, run->end);
    }
    return behind;
}

/* --- records ------------------------------------------------------------------------------- */

/* Records what of a record does not fit; unreadable ones are left to fill. */
static firn_code walk_record(recorder *r, firn_shape *seen, firn_str record, bool *ret_misfit)
{
    firn_json_run *run = &r->run;
    firn_json_why why;
    run->end = record.p + record.n;
    if (run->root && fast_record(run, 0, record))
        return FIRN_OK;
    if (run->code || !firn_json_check(record.p, run->end, &why))
        return run->code;
    const char *p = firn_json_space(record.p, run->end);
    if (!run->root) {
        record_object(r, seen, p);
        *ret_misfit = true;
    } else if (object_misfits(r, run->root, p) && !run->code) {
        object_record(r, run->root, seen, p);
        *ret_misfit = true;
    }
    return run->code;
}

firn_code firn_json_walker_see(firn_json_walker *r, firn_str record, firn_shape *seen,
                               bool *ret_misfit)
{
    FIRN_TRY(walk_record(r, seen, record, ret_misfit));
    if (FIRN_UNLIKELY(r->run.scratch_used)) {
        firn_arena_reset(r->run.scratch);
        r->run.scratch_used = false;
    }
    return FIRN_OK;
}

static firn_code walk_batch(recorder *r, const firn_batch *b, firn_shape *seen, bool *ret_misfit)
{
    firn_json_run *run = &r->run;
    for (size_t i = 0; i < b->count; i++) {
        const firn_record *rec = &b->records[i];
        if (rec->flags & (FIRN_REC_OVERSIZE | FIRN_REC_BROKEN))
            continue;
        firn_str record = firn_json_span(b, rec, run->arena);
        if (!record.p)
            return firn_arena_raise(run->arena, run->err);
        FIRN_TRY(firn_json_walker_see(r, record, seen, ret_misfit));
    }
    return FIRN_OK;
}

firn_code firn_json_walker_open(const firn_layout *layout, firn_arena *a, firn_json_walker **ret,
                                firn_err *err)
{
    recorder *r = firn_mem_alloc(sizeof *r);
    if (!r)
        return firn_raise_nomem(err);
    *r = (recorder){.run = {.err = err}, .a = a};
    r->run.plan = firn_arena_new("a plan", 0);
    r->run.arena = r->run.plan;
    r->run.scratch = firn_arena_new("a record", 0);
    firn_code code = r->run.plan && r->run.scratch ? FIRN_OK : firn_raise_nomem(err);
    if (code == FIRN_OK && layout)
        code = firn_json_plan(&r->run, layout, NULL, err);
    if (code)
        firn_json_walker_close(r);
    else
        *ret = r;
    return code;
}

void firn_json_walker_close(firn_json_walker *r)
{
    if (!r)
        return;
    firn_arena_free(r->run.plan);
    firn_arena_free(r->run.scratch);
    firn_mem_free(r);
}

firn_code firn_json_walk(const firn_batch *b, const firn_layout *layout, firn_shape *seen,
                         firn_arena *a, bool *ret_misfit, firn_err *err)
{
    recorder *r;
    bool misfit = false;
    FIRN_TRY(firn_json_walker_open(layout, a, &r, err));
    r->run.extended = firn_json_extended(b);
    firn_code code = walk_batch(r, b, seen, &misfit);
    firn_json_walker_close(r);
    if (code == FIRN_OK)
        *ret_misfit = misfit;
    return code;
}
