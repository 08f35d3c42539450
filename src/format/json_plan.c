/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_plan.h"

#include "base/dec.h"
#include "base/str.h"

/* A spelling of a key is expected again unless it is very long, or one of very many. */
#define MAX_LEARNED_KEY       256
#define MAX_LEARNED_SPELLINGS 16

/* Makes a spelling the expected one. */
static bool expect_key(firn_json_run *run, firn_json_node *node, firn_str raw)
{
    size_t n = raw.n + (run->bson ? 1 : 2);
    char *key = firn_arena_zalloc(run->plan, FIRN_MAX(n, (size_t)16));
    if (!key)
        return false;
    if (raw.n)
        memcpy(key, raw.p, raw.n);
    if (!run->bson)
        memcpy(key + raw.n, "\":", 2);
    node->key = key;
    node->key_bytes = (uint32_t)n;
    for (size_t i = 0; i < 2; i++) {
        size_t bytes = n > 8 * i ? n - 8 * i : 0;
        node->key_words[i] = firn_load8(key + 8 * i);
        node->key_masks[i] = bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * bytes)) - 1;
    }
    return true;
}

static firn_json_op decimal_op(const firn_type *type, firn_json_node *node)
{
    if (type->precision > 18)
        return FIRN_JSON_NUMBER;
    node->scale = (uint8_t)type->scale;
    node->limit = (uint64_t)firn_dec_pow10(type->precision);
    return FIRN_JSON_DECIMAL;
}

static firn_json_op op_of(const firn_layout *l, firn_json_node *node)
{
    switch (l->type.kind) {
    case FIRN_T_BOOLEAN:
        return FIRN_JSON_BOOLEAN;
    case FIRN_T_INT:
        return FIRN_JSON_INT;
    case FIRN_T_LONG:
        return FIRN_JSON_LONG;
    case FIRN_T_FLOAT:
        return FIRN_JSON_NUMBER;
    case FIRN_T_DOUBLE:
        return FIRN_JSON_DOUBLE;
    case FIRN_T_DECIMAL:
        return decimal_op(&l->type, node);
    case FIRN_T_DATE:
        return l->read.format ? FIRN_JSON_TEXT : FIRN_JSON_DATE;
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
        return l->read.format ? FIRN_JSON_TEXT : FIRN_JSON_TIMESTAMP;
    case FIRN_T_STRING:
        return l->json ? FIRN_JSON_RAW : FIRN_JSON_STRING;
    case FIRN_T_STRUCT:
        return FIRN_JSON_STRUCT;
    case FIRN_T_LIST:
        return FIRN_JSON_LIST;
    case FIRN_T_MAP:
        return FIRN_JSON_MAP;
    case FIRN_T_TIME:
    case FIRN_T_UUID:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
    case FIRN_T_UNKNOWN:
    case FIRN_T_FOREIGN:
    case FIRN_TYPE_KIND_COUNT:
        break;
    }
    return FIRN_JSON_TEXT;
}

/* The column of a child: those of a map stand in the struct that is its one child. */
static firn_column *column_of(const firn_json_node *node, size_t i)
{
    if (!node->col)
        return NULL;
    return node->op == FIRN_JSON_MAP ? &node->col->children[0].children[i]
                                     : &node->col->children[i];
}

static firn_code make_node(firn_json_run *run, const firn_layout *l, firn_column *col,
                           unsigned depth, firn_json_node *node, firn_err *err)
{
    *node = (firn_json_node){.layout = l, .col = col, .required = l->required && col};
    node->depth = (uint8_t)FIRN_MIN(depth, 255u);
    node->op = op_of(l, node);
    if (!col && l->given && depth) {
        node->op = FIRN_JSON_ANY; /* what was given is not changed by what is seen */
        return expect_key(run, node, l->key) ? FIRN_OK : firn_arena_raise(run->plan, err);
    }
    node->child_count = (uint32_t)l->child_count;
    node->children = firn_arena_array(run->plan, l->child_count, sizeof *node->children);
    if (!node->children || !expect_key(run, node, l->key))
        return firn_arena_raise(run->plan, err);
    firn_json_node **link = &node->first;
    for (size_t i = 0; i < l->child_count; i++) {
        firn_json_node *child = &node->children[i];
        FIRN_TRY(make_node(run, &l->children[i], column_of(node, i), depth + 1, child, err));
        if (l->children[i].role != FIRN_ROLE_VALUE)
            continue; /* no key leads to it */
        *link = child;
        link = &child->next;
        node->expected++;
    }
    bool is_list = node->op == FIRN_JSON_LIST || node->op == FIRN_JSON_MAP;
    if (is_list && !firn_vec_push(run->plan, &run->lists, node))
        return firn_arena_raise(run->plan, err);
    return FIRN_OK;
}

firn_code firn_json_plan(firn_json_run *run, const firn_layout *layout, firn_column *root,
                         firn_err *err)
{
    run->err = err;
    run->root = firn_arena_zalloc(run->plan, sizeof *run->root);
    if (!run->root)
        return firn_arena_raise(run->plan, err);
    return make_node(run, layout, root, 0, run->root, err);
}

/* --- keys ---------------------------------------------------------------------------------- */

firn_str firn_json_decode(const char *p, size_t n, bool escaped, firn_arena *a)
{
    if (!escaped)
        return (firn_str){p, n};
    char *out = firn_arena_alloc(a, n);
    if (!out)
        return (firn_str){NULL, 0};
    return (firn_str){out, firn_json_unescape(p, n, out)};
}

/* The text of a checked key; short ones fit the caller's buffer. */
static firn_str key_text(firn_json_run *run, firn_str raw, bool escaped, char *buffer)
{
    if (!escaped || raw.n > MAX_LEARNED_KEY) {
        run->scratch_used |= escaped;
        return firn_json_decode(raw.p, raw.n, escaped, run->scratch);
    }
    return (firn_str){buffer, firn_json_unescape(raw.p, raw.n, buffer)};
}

static bool learn(firn_json_run *run, firn_json_node *node, firn_str raw)
{
    bool same = raw.n + 2 == node->key_bytes && memcmp(raw.p, node->key, raw.n) == 0;
    if (same || raw.n > MAX_LEARNED_KEY || node->spellings == MAX_LEARNED_SPELLINGS)
        return true;
    node->spellings++;
    return expect_key(run, node, raw);
}

firn_json_node *firn_json_find(firn_json_run *run, firn_json_node *node, const char *p,
                               const char **ret_behind)
{
    bool escaped;
    firn_json_why why;
    char buffer[MAX_LEARNED_KEY];
    *ret_behind = NULL;
    const char *close = firn_json_string(p, run->end, &escaped, &why);
    if (!close)
        return NULL;
    firn_str raw = {p, (size_t)(close - p)};
    firn_str key = key_text(run, raw, escaped, buffer);
    if (!key.p) {
        run->code = firn_arena_raise(run->scratch, run->err);
        return NULL;
    }
    const firn_layout *found = firn_map_get(&node->layout->by_key, key);
    firn_json_node *child = found ? &node->children[found - node->layout->children] : NULL;
    if (child && !learn(run, child, raw)) {
        run->code = firn_arena_raise(run->plan, run->err);
        return NULL;
    }
    *ret_behind = close;
    return child;
}

/* --- Extended JSON ------------------------------------------------------------------------- */

const char *firn_json_typed(firn_json_run *run, const char *p, firn_arena *a, firn_typed *ret)
{
    if (!firn_extjson_maybe(p))
        return NULL;
    const char *behind = firn_extjson_read(p, run->end, run->extended, a, ret);
    run->scratch_used |= a == run->scratch;
    if (!behind && ret->kind == FIRN_TYPED_NOMEM)
        run->code = firn_arena_raise(a, run->err);
    return behind;
}

/* Relaxed, in the arena; .p == NULL: there is nothing to relax, or run->code says what failed. */
static firn_str relaxed(firn_json_run *run, firn_str raw)
{
    bool any = false;
    firn_str made = {NULL, 0};
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(raw.n * 2 + 64);
    run->scratch_used = true;
    run->code =
        firn_extjson_relax(raw.p, raw.p + raw.n, run->extended, run->scratch, &out, &any, run->err);
    if (run->code || !any)
        return made;
    made = firn_arena_str(run->arena, firn_buf_str(&out));
    if (!made.p)
        run->code = firn_arena_raise(run->arena, run->err);
    return made;
}

firn_str firn_json_raw(firn_json_run *run, const char *p, const char *behind)
{
    firn_typed v;
    firn_str raw = {p, (size_t)(behind - p)};
    bool nested = *p == '{' || *p == '[';
    if (!nested || run->extended == FIRN_EXTENDED_FALSE || !memmem(p, raw.n, "\"$", 2))
        return raw;
    if (*p == '{' && firn_json_typed(run, p, run->arena, &v) && v.kind == FIRN_TYPED_DECIMAL &&
        v.dec.kind == FIRN_D128_FINITE)
        return v.text; /* a number of its own stands bare, whatever its length */
    firn_str made = run->code ? (firn_str){NULL, 0} : relaxed(run, raw);
    return made.p || run->code ? made : raw;
}

/* Whether the first key of an object has a column. */
static bool has_column(firn_json_run *run, const firn_json_node *n, const char *p)
{
    bool more = firn_json_first_item(&p, run->end);
    if (n->op != FIRN_JSON_STRUCT || !more)
        return !more;
    firn_json_key key = firn_json_item_key(&p, run->end);
    return firn_map_get(&n->layout->by_key, (firn_str){key.p, key.n}) != NULL;
}

const char *firn_json_object_in(firn_json_run *run, const firn_json_node *n, const char *p)
{
    firn_typed v;
    if (*p != '{')
        return NULL;
    if (!firn_extjson_maybe(p) || has_column(run, n, p))
        return p;
    if (firn_json_typed(run, p, run->scratch, &v) || run->code)
        return NULL;
    return firn_extjson_inside(p, run->end, run->extended);
}

bool firn_json_is_null(firn_json_run *run, const char *p)
{
    firn_typed v;
    return *p == 'n' ||
           (*p == '{' && firn_json_typed(run, p, run->scratch, &v) && v.kind == FIRN_TYPED_NULL);
}

/* --- records ------------------------------------------------------------------------------- */

firn_str firn_json_span(const firn_batch *b, const firn_record *rec, firn_arena *a)
{
    const char *p = (const char *)b->bytes.p + rec->offset;
    if ((size_t)rec->offset + rec->length + FIRN_JSON_SLACK <= b->bytes.n)
        return (firn_str){p, rec->length};
    char *copy = firn_arena_alloc(a, (size_t)rec->length + FIRN_JSON_SLACK);
    if (!copy)
        return (firn_str){NULL, 0};
    if (rec->length)
        memcpy(copy, p, rec->length);
    memset(copy + rec->length, 0, FIRN_JSON_SLACK);
    return (firn_str){copy, rec->length};
}

bool firn_json_absent(firn_json_run *run, const firn_json_node *n, size_t row)
{
    for (size_t i = 0; i < n->child_count; i++) {
        const firn_json_node *child = &n->children[i];
        if (child->stamp == n->instance || child->layout->role != FIRN_ROLE_VALUE)
            continue;
        if (child->required)
            return false;
        run->code = firn_column_null(child->col, row, run->err);
        if (run->code)
            return false;
    }
    return true;
}
