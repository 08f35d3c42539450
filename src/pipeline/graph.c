/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/graph.h"
#include "pipeline/checks.h"
#include "pipeline/landing.h"

#include "base/str.h"
#include "engine/sql_front.h"

#include <fnmatch.h>
#include <string.h>

/* --- nodes --------------------------------------------------------------------------------- */

static firn_code name_node(firn_node *n, firn_arena *a, firn_err *err)
{
    const char *name =
        firn_arena_printf(a, "%.*s.%.*s", FIRN_STR_ARG(n->ident.ns), FIRN_STR_ARG(n->ident.name));
    if (!name)
        return firn_arena_raise(a, err);
    n->name = firn_str_of(name);
    return FIRN_OK;
}

static firn_code make_nodes(const firn_project *p, const firn_model *models, size_t model_count,
                            firn_arena *a, firn_node **ret, firn_err *err)
{
    firn_node *nodes = firn_arena_array(a, p->ingest_count + model_count, sizeof *nodes);
    if (!nodes)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < p->ingest_count; i++) {
        nodes[i] = (firn_node){.ingest = &p->ingest[i], .ident = p->ingest[i].table.ident};
        FIRN_TRY(firn_stream_name(&p->ingest[i], a, &nodes[i].stream, err));
        FIRN_TRY(name_node(&nodes[i], a, err));
    }
    for (size_t i = 0; i < model_count; i++) {
        firn_node *n = &nodes[p->ingest_count + i];
        *n = (firn_node){.model = &models[i], .ident = models[i].table.ident};
        FIRN_TRY(name_node(n, a, err));
    }
    *ret = nodes;
    return FIRN_OK;
}

/* Whether a name is that of a table which flattening makes beside a stream's own. */
static bool is_array_of(const firn_sql_name *name, firn_str catalog, const firn_node *n)
{
    if (!n->ingest || n->ingest->policy.nested != FIRN_NESTED_FLATTEN)
        return false;
    size_t length = n->ident.name.n;
    for (size_t i = 0; i < name->part_count; i++) {
        firn_str part = name->parts[i];
        if (part.n > length + 2 && firn_str_ieq((firn_str){part.p, length}, n->ident.name) &&
            memcmp(part.p + length, "__", 2) == 0 &&
            firn_sql_name_is(name, catalog, n->ident.ns, part))
            return true;
    }
    return false;
}

/* --- what stands on what ------------------------------------------------------------------- */

static firn_code add_named(const firn_project *p, const firn_node *nodes, size_t count,
                           const firn_model *model, bool *marks, firn_arena *a, firn_err *err)
{
    firn_sql_name *names;
    size_t name_count;
    FIRN_TRY(firn_sql_names(model->sql, a, &names, &name_count, err));
    for (size_t k = 0; k < count; k++)
        for (size_t j = 0; j < name_count && !marks[k]; j++)
            marks[k] = firn_sql_name_is(&names[j], p->catalog.name, nodes[k].ident.ns,
                                        nodes[k].ident.name) ||
                       is_array_of(&names[j], p->catalog.name, &nodes[k]);
    return FIRN_OK;
}

/* What the checks of its table look into must be there when they look. */
static firn_code add_checked(const firn_node *nodes, size_t count, const firn_node *n, bool *marks,
                             firn_arena *a, firn_err *err)
{
    firn_ident *needs;
    size_t need_count;
    FIRN_TRY(firn_checks_needs(n->ingest ? &n->ingest->table : &n->model->table, a, &needs,
                               &need_count, err));
    for (size_t k = 0; k < count; k++)
        for (size_t j = 0; j < need_count && !marks[k]; j++)
            marks[k] = firn_ident_eq(nodes[k].ident, needs[j]);
    return FIRN_OK;
}

static firn_code find_needs(const firn_project *p, firn_node *nodes, size_t count, size_t i,
                            firn_arena *a, firn_err *err)
{
    firn_node *n = &nodes[i];
    bool *marks = firn_arena_array(a, count, sizeof *marks);
    n->needs = firn_arena_array(a, count, sizeof *n->needs);
    if (!n->needs || !marks)
        return firn_arena_raise(a, err);
    if (n->model)
        FIRN_TRY(add_named(p, nodes, count, n->model, marks, a, err));
    FIRN_TRY(add_checked(nodes, count, n, marks, a, err));
    for (size_t k = 0; k < count; k++)
        if (marks[k])
            n->needs[n->need_count++] = k;
    return FIRN_OK;
}

/* --- order --------------------------------------------------------------------------------- */

enum { WHITE, GREY, BLACK };

typedef struct sorting {
    firn_node *nodes;
    size_t count;
    uint8_t *colour;
    size_t *order; /* old indexes in their new order */
    size_t placed;
    size_t *path; /* from the node a walk began with */
    size_t depth;
} sorting;

static firn_code say_cycle(const sorting *s, size_t again, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 16);
    size_t from = 0;
    while (s->path[from] != again)
        from++;
    for (size_t i = from; i < s->depth; i++)
        FIRN_TRY(firn_buf_addf(&text, err, "%.*s → ", FIRN_STR_ARG(s->nodes[s->path[i]].name)));
    FIRN_TRY(firn_buf_addstr(&text, s->nodes[again].name, err));
    const char *cycle = firn_arena_strndup(a, firn_buf_cstr(&text), text.n);
    const firn_node *n = &s->nodes[again];
    firn_raise(err, FIRN_E_CONFIG, "%s need each other in a circle: %s",
               n->model ? "models" : "tables", cycle ? cycle : "");
    firn_err_advise(err, "take one of these tables out of the other's FROM, or out of its "
                         "relationships checks");
    return firn_err_place(err, n->model ? n->model->sql_place : n->ingest->place);
}

static firn_code visit(sorting *s, size_t i, firn_arena *a, firn_err *err)
{
    if (s->colour[i] == BLACK)
        return FIRN_OK;
    if (s->colour[i] == GREY)
        return say_cycle(s, i, a, err);
    s->colour[i] = GREY;
    s->path[s->depth++] = i;
    for (size_t k = 0; k < s->nodes[i].need_count; k++)
        FIRN_TRY(visit(s, s->nodes[i].needs[k], a, err));
    s->depth--;
    s->colour[i] = BLACK;
    s->order[s->placed++] = i;
    return FIRN_OK;
}

static int by_index(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Puts the nodes into the order found and renames their needs. */
static firn_code reorder(const sorting *s, firn_arena *a, firn_graph *ret, firn_err *err)
{
    firn_node *nodes = firn_arena_array(a, s->count, sizeof *nodes);
    size_t *place = firn_arena_array(a, s->count, sizeof *place);
    if (!nodes || !place)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < s->count; i++)
        place[s->order[i]] = i;
    for (size_t i = 0; i < s->count; i++) {
        nodes[i] = s->nodes[s->order[i]];
        for (size_t k = 0; k < nodes[i].need_count; k++)
            nodes[i].needs[k] = place[nodes[i].needs[k]];
        if (nodes[i].need_count > 1)
            qsort(nodes[i].needs, nodes[i].need_count, sizeof *nodes[i].needs, by_index);
    }
    *ret = (firn_graph){nodes, s->count};
    return FIRN_OK;
}

firn_code firn_graph_make(const firn_project *p, const firn_model *models, size_t model_count,
                          firn_arena *a, firn_graph *ret, firn_err *err)
{
    sorting s = {.count = p->ingest_count + model_count};
    FIRN_TRY(make_nodes(p, models, model_count, a, &s.nodes, err));
    for (size_t i = 0; i < s.count; i++)
        FIRN_TRY(find_needs(p, s.nodes, s.count, i, a, err));
    s.colour = firn_arena_array(a, s.count, sizeof *s.colour);
    s.order = firn_arena_array(a, s.count, sizeof *s.order);
    s.path = firn_arena_array(a, s.count + 1, sizeof *s.path);
    if (!s.colour || !s.order || !s.path)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < s.count; i++)
        FIRN_TRY(visit(&s, i, a, err));
    return reorder(&s, a, ret, err);
}

/* --- selecting ----------------------------------------------------------------------------- */

static bool matches(firn_str pattern, firn_str name)
{
    char p[512];
    char s[512];
    if (pattern.n >= sizeof p || name.n >= sizeof s)
        return false;
    memcpy(p, pattern.p, pattern.n);
    memcpy(s, name.p, name.n);
    p[pattern.n] = '\0';
    s[name.n] = '\0';
    return fnmatch(p, s, 0) == 0;
}

static void select_upstream(firn_graph *g, bool *marks)
{
    for (size_t i = g->count; i > 0; i--)
        for (size_t k = 0; marks[i - 1] && k < g->nodes[i - 1].need_count; k++)
            marks[g->nodes[i - 1].needs[k]] = true;
}

static void select_downstream(firn_graph *g, bool *marks)
{
    for (size_t i = 0; i < g->count; i++)
        for (size_t k = 0; k < g->nodes[i].need_count; k++)
            marks[i] = marks[i] || marks[g->nodes[i].needs[k]];
}

static firn_code selects_nothing(const firn_graph *g, const char *word, firn_err *err)
{
    firn_str names[256];
    size_t n = FIRN_MIN(g->count, FIRN_COUNT_OF(names));
    for (size_t i = 0; i < n; i++)
        names[i] = g->nodes[i].name;
    firn_raise(err, FIRN_E_USAGE, "%s selects nothing", firn_quotec(word).s);
    int near = firn_str_nearest(firn_str_of(word), names, n);
    if (near >= 0)
        return firn_err_advise(err, "did you mean %.*s?", FIRN_STR_ARG(names[near]));
    return firn_err_advise(err, "tables are selected as namespace.table, streams as source.stream; "
                                "* stands for any text, +x adds what x needs; "
                                "`firn graph` shows them all");
}

/* Of +x+: what x needs and what needs x, but not what else the latter need. */
static firn_code mark_around(firn_graph *g, bool up, bool down, bool *marks, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a selection", 0);
    bool *below = a ? firn_arena_array(a, g->count + 1, sizeof *below) : NULL;
    if (!below)
        return firn_raise_nomem(err);
    memcpy(below, marks, g->count * sizeof *below);
    if (down)
        select_downstream(g, below);
    if (up)
        select_upstream(g, marks);
    for (size_t i = 0; i < g->count; i++)
        marks[i] = marks[i] || below[i];
    return FIRN_OK;
}

static bool has_tag(const firn_node *n, firn_str tag)
{
    const firn_strings *tags = n->ingest ? &n->ingest->table.tags : &n->model->table.tags;
    for (size_t i = 0; i < tags->n; i++)
        if (matches(tag, tags->v[i]))
            return true;
    return false;
}

static firn_code unknown_tag(const firn_graph *g, firn_str tag, firn_err *err)
{
    firn_str names[256];
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++) {
        const firn_node *x = &g->nodes[i];
        const firn_strings *tags = x->ingest ? &x->ingest->table.tags : &x->model->table.tags;
        for (size_t k = 0; k < tags->n && n < FIRN_COUNT_OF(names); k++)
            names[n++] = tags->v[k];
    }
    firn_raise(err, FIRN_E_USAGE, "no table has the tag %s", firn_quote(tag).s);
    int near = firn_str_nearest(tag, names, n);
    if (near >= 0)
        return firn_err_advise(err, "did you mean tag:%.*s?", FIRN_STR_ARG(names[near]));
    return firn_err_advise(err,
                           "a model has tags in its header, an ingest entry beside `into`: "
                           "tags: [%.*s]",
                           FIRN_STR_ARG(tag));
}

static firn_code mark_word(firn_graph *g, const char *word, bool *marks, firn_err *err)
{
    firn_str w = firn_str_of(word);
    bool up = firn_str_starts(w, "+");
    bool down = w.n > 1 && firn_str_ends(w, "+");
    bool found = false;
    w = (firn_str){w.p + up, w.n - (size_t)up - (size_t)down};
    bool by_tag = firn_str_starts(w, "tag:");
    firn_str tag = by_tag ? (firn_str){w.p + 4, w.n - 4} : w;
    for (size_t i = 0; i < g->count; i++) {
        const firn_node *n = &g->nodes[i];
        bool hit = by_tag ? has_tag(n, tag)
                          : matches(w, n->name) || (n->stream.n && matches(w, n->stream));
        marks[i] = hit;
        found = found || hit;
    }
    if (!found)
        return by_tag ? unknown_tag(g, tag, err) : selects_nothing(g, word, err);
    return mark_around(g, up, down, marks, err);
}

firn_code firn_graph_select(firn_graph *g, const firn_selection *s, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a selection", 0);
    bool *marks = a ? firn_arena_array(a, g->count + 1, sizeof *marks) : NULL;
    if (!marks)
        return firn_raise_nomem(err);
    for (size_t i = 0; i < g->count; i++)
        g->nodes[i].selected = s->select_count == 0;
    for (size_t w = 0; w < s->select_count; w++) {
        FIRN_TRY(mark_word(g, s->select[w], marks, err));
        for (size_t i = 0; i < g->count; i++)
            g->nodes[i].selected = g->nodes[i].selected || marks[i];
    }
    for (size_t w = 0; w < s->exclude_count; w++) {
        FIRN_TRY(mark_word(g, s->exclude[w], marks, err));
        for (size_t i = 0; i < g->count; i++)
            g->nodes[i].selected = g->nodes[i].selected && !marks[i];
    }
    for (size_t i = 0; i < g->count; i++)
        g->nodes[i].selected = g->nodes[i].selected && (g->nodes[i].ingest ? s->ingest : s->models);
    return FIRN_OK;
}
