/* SPDX-License-Identifier: Apache-2.0 */
/* What is drawn of a project, as text and as JSON. */
#include "cli/graph_draw.h"

#include "base/str.h"
#include "cli/screen.h"
#include "engine/sql_front.h"

#include <string.h>

const char *firn_drawn_word(firn_drawn_kind kind)
{
    static const char *const words[] = {"files", "table", "view", "outside"};
    return words[kind];
}

/* --- what is drawn ------------------------------------------------------------------------- */

static bool is_made(const firn_graph *g, firn_ident ident)
{
    for (size_t i = 0; i < g->count; i++)
        if (firn_str_ieq(g->nodes[i].ident.ns, ident.ns) &&
            firn_str_ieq(g->nodes[i].ident.name, ident.name))
            return true;
    return false;
}

/* Whether a model's statement names a table. */
static firn_code names_it(const firn_node *n, firn_str catalog, firn_ident ident, firn_arena *a,
                          bool *ret, firn_err *err)
{
    firn_sql_name *names;
    size_t count;
    *ret = false;
    if (!n->model)
        return FIRN_OK;
    FIRN_TRY(firn_sql_names(n->model->sql, a, &names, &count, err));
    for (size_t i = 0; i < count && !*ret; i++)
        *ret = firn_sql_name_is(&names[i], catalog, ident.ns, ident.name);
    return FIRN_OK;
}

static firn_drawn drawn_of(const firn_node *n)
{
    const firn_table_conf *t = n->ingest ? &n->ingest->table : &n->model->table;
    bool view = n->model && n->model->materialize == FIRN_MATERIALIZE_VIEW;
    return (firn_drawn){
        .kind = n->ingest ? FIRN_DRAWN_INGEST
                : view    ? FIRN_DRAWN_VIEW
                          : FIRN_DRAWN_TABLE,
        .ident = n->ident,
        .name = n->name,
        .note = n->ingest ? n->stream : firn_str_of(n->model->file),
        .description = t->description,
        .tags = &t->tags,
    };
}

typedef struct drawing_work {
    const firn_graph *g;
    firn_str catalog;
    firn_arena *a;
    firn_drawing *d;
    size_t *places; /* of the graph's nodes in the drawing; SIZE_MAX: not drawn */
    size_t room;
} drawing_work;

/* A table of the catalog, if a selected model names it; before all others. */
static firn_code add_outside(drawing_work *w, firn_ident ident, bool *ret_named, firn_err *err)
{
    bool named = false;
    *ret_named = false;
    if (is_made(w->g, ident))
        return FIRN_OK;
    for (size_t i = 0; i < w->g->count && !named; i++)
        if (w->g->nodes[i].selected)
            FIRN_TRY(names_it(&w->g->nodes[i], w->catalog, ident, w->a, &named, err));
    if (!named)
        return FIRN_OK;
    const char *name =
        firn_arena_printf(w->a, "%.*s.%.*s", FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name));
    if (!name)
        return firn_arena_raise(w->a, err);
    w->d->nodes[w->d->count++] = (firn_drawn){
        .kind = FIRN_DRAWN_OUTSIDE, .ident = ident, .name = firn_str_of(name), .note = {"", 0}};
    *ret_named = true;
    return FIRN_OK;
}

static firn_code add_node(drawing_work *w, size_t at, size_t outside, firn_err *err)
{
    const firn_node *n = &w->g->nodes[at];
    firn_drawn d = drawn_of(n);
    d.needs = firn_arena_array(w->a, n->need_count + outside, sizeof *d.needs);
    if (!d.needs)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < outside; i++) {
        bool named;
        FIRN_TRY(names_it(n, w->catalog, w->d->nodes[i].ident, w->a, &named, err));
        if (named)
            d.needs[d.need_count++] = i;
    }
    for (size_t i = 0; i < n->need_count; i++)
        if (w->places[n->needs[i]] != SIZE_MAX)
            d.needs[d.need_count++] = w->places[n->needs[i]];
    w->places[at] = w->d->count;
    w->d->nodes[w->d->count++] = d;
    return FIRN_OK;
}

firn_code firn_drawing_make(const firn_graph *g, const firn_project *p, const firn_ident *outside,
                            size_t outside_count, firn_arena *a, firn_drawing *ret, firn_err *err)
{
    drawing_work w = {.g = g, .catalog = p->catalog.name, .a = a, .d = ret};
    size_t named_count = 0;
    *ret = (firn_drawing){.title = p->name};
    ret->nodes = firn_arena_array(a, g->count + outside_count, sizeof *ret->nodes);
    w.places = firn_arena_array(a, g->count, sizeof *w.places);
    if (!ret->nodes || !w.places)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < outside_count; i++) {
        bool named;
        FIRN_TRY(add_outside(&w, outside[i], &named, err));
        named_count += named;
    }
    for (size_t i = 0; i < g->count; i++) {
        w.places[i] = SIZE_MAX;
        if (g->nodes[i].selected)
            FIRN_TRY(add_node(&w, i, named_count, err));
    }
    return FIRN_OK;
}

/* --- text ---------------------------------------------------------------------------------- */

typedef struct text_line {
    firn_str tree; /* lines and name */
    size_t node;
    bool again; /* printed in full above */
} text_line;

typedef struct texting {
    const firn_drawing *d;
    bool unicode;
    firn_arena *a;
    bool *printed;
    FIRN_VEC(text_line) lines;
    firn_buf prefix;
    size_t width; /* of the widest tree */
} texting;

static bool needs_it(const firn_drawn *n, size_t k)
{
    for (size_t i = 0; i < n->need_count; i++)
        if (n->needs[i] == k)
            return true;
    return false;
}

static size_t next_user(const firn_drawing *d, size_t k, size_t from)
{
    while (from < d->count && !needs_it(&d->nodes[from], k))
        from++;
    return from;
}

static firn_code add_line(texting *t, size_t k, const char *branch, bool again, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF((size_t)1 << 20);
    FIRN_TRY(firn_buf_addstr(&b, firn_buf_str(&t->prefix), err));
    FIRN_TRY(firn_buf_adds(&b, branch, err));
    FIRN_TRY(firn_text_safe(t->d->nodes[k].name, 200, false, &b, err));
    text_line line = {.tree = firn_arena_str(t->a, firn_buf_str(&b)), .node = k, .again = again};
    if (!line.tree.p || !firn_vec_push(t->a, &t->lines, line))
        return firn_arena_raise(t->a, err);
    t->width = FIRN_MAX(t->width, firn_text_width(line.tree));
    return FIRN_OK;
}

/* The tree below a node.  Recursion is bounded by the longest way through the graph, which has at
 * most as many nodes as a project has models. */
static firn_code add_tree(texting *t, size_t k, const char *branch, const char *below, int depth,
                          firn_err *err)
{
    bool again = t->printed[k];
    FIRN_TRY(add_line(t, k, branch, again, err));
    if (again || depth > 1000)
        return FIRN_OK;
    t->printed[k] = true;
    size_t keep = t->prefix.n;
    FIRN_TRY(firn_buf_adds(&t->prefix, below, err));
    for (size_t i = next_user(t->d, k, k + 1); i < t->d->count;) {
        size_t next = next_user(t->d, k, i + 1);
        bool last = next == t->d->count;
        const char *join = t->unicode ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- ");
        const char *line = last ? "   " : t->unicode ? "│  " : "|  ";
        FIRN_TRY(add_tree(t, i, join, line, depth + 1, err));
        i = next;
    }
    t->prefix.n = keep;
    if (t->prefix.p)
        t->prefix.p[keep] = '\0';
    return FIRN_OK;
}

/* What stands behind the name: kind, then where it comes from and what else it needs. */
static firn_code add_about(const texting *t, const text_line *l, firn_buf *out, firn_err *err)
{
    const firn_drawn *n = &t->d->nodes[l->node];
    const char *sep = "";
    if (l->again)
        return firn_buf_adds(out, t->unicode ? "↑ see above" : "^ see above", err);
    FIRN_TRY(firn_buf_addf(out, err, "%-7s", firn_drawn_word(n->kind)));
    if (n->kind == FIRN_DRAWN_INGEST) {
        FIRN_TRY(firn_text_safe(n->note, 200, false, out, err));
        sep = "; ";
    }
    if (n->need_count > 1) {
        FIRN_TRY(firn_buf_addf(out, err, "%sfrom ", sep));
        for (size_t i = 0; i < n->need_count; i++) {
            FIRN_TRY(firn_buf_adds(out, i ? ", " : "", err));
            FIRN_TRY(firn_text_safe(t->d->nodes[n->needs[i]].name, 200, false, out, err));
        }
        sep = "; ";
    }
    for (size_t i = 0; n->tags && i < n->tags->n; i++)
        FIRN_TRY(firn_buf_addf(out, err, "%s#%.*s", i ? " " : sep, FIRN_STR_ARG(n->tags->v[i])));
    return FIRN_OK;
}

static firn_code print_line(const texting *t, const text_line *l, bool colour, firn_buf *out,
                            firn_err *err)
{
    FIRN_TRY(firn_buf_addstr(out, l->tree, err));
    for (size_t i = firn_text_width(l->tree); i < t->width + 2; i++)
        FIRN_TRY(firn_buf_addc(out, ' ', err));
    FIRN_TRY(firn_buf_adds(out, colour ? "\033[2m" : "", err));
    FIRN_TRY(add_about(t, l, out, err));
    while (out->n && out->p[out->n - 1] == ' ')
        out->p[--out->n] = '\0';
    return firn_buf_adds(out, colour ? "\033[0m\n" : "\n", err);
}

static firn_code make_text(texting *t, bool colour, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < t->d->count; i++)
        if (t->d->nodes[i].need_count == 0)
            FIRN_TRY(add_tree(t, i, "", "", 0, err));
    for (size_t i = 0; i < t->lines.n; i++)
        FIRN_TRY(print_line(t, &t->lines.v[i], colour, out, err));
    return FIRN_OK;
}

firn_code firn_drawing_text(const firn_drawing *d, bool unicode, bool colour, firn_buf *out,
                            firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a drawing", 0);
    texting t = {.d = d, .unicode = unicode, .a = a, .prefix = FIRN_BUF((size_t)1 << 20)};
    t.printed = a ? firn_arena_array(a, d->count, sizeof *t.printed) : NULL;
    if (!t.printed)
        return firn_raise_nomem(err);
    firn_code code = make_text(&t, colour, out, err);
    firn_buf_free(&t.prefix);
    return code;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static firn_code node_json(const firn_drawing *d, const firn_drawn *n, json_t *list, firn_err *err)
{
    json_t *o = json_object();
    json_t *tags = json_array();
    json_t *needs = json_array();
    const char *note = n->kind == FIRN_DRAWN_INGEST ? "stream" : "file";
    FIRN_TRY(firn_json_append(list, o, err));
    FIRN_TRY(firn_json_set(o, "tags", tags, err));
    FIRN_TRY(firn_json_set(o, "needs", needs, err));
    FIRN_TRY(firn_json_set(o, "name", firn_json_new_str(n->name), err));
    FIRN_TRY(firn_json_set(o, "namespace", firn_json_new_str(n->ident.ns), err));
    FIRN_TRY(firn_json_set(o, "table", firn_json_new_str(n->ident.name), err));
    FIRN_TRY(firn_json_set(o, "kind", json_string(firn_drawn_word(n->kind)), err));
    if (n->note.n)
        FIRN_TRY(firn_json_set(o, note, firn_json_new_str(n->note), err));
    if (n->description.p)
        FIRN_TRY(firn_json_set(o, "description", firn_json_new_str(n->description), err));
    for (size_t i = 0; n->tags && i < n->tags->n; i++)
        FIRN_TRY(firn_json_append(tags, firn_json_new_str(n->tags->v[i]), err));
    for (size_t i = 0; i < n->need_count; i++)
        FIRN_TRY(firn_json_append(needs, firn_json_new_str(d->nodes[n->needs[i]].name), err));
    return FIRN_OK;
}

firn_code firn_drawing_json(const firn_drawing *d, json_t **ret, firn_err *err)
{
    FIRN_AUTO(firn_json_unref) json_t *root = json_object();
    json_t *list = json_array();
    FIRN_TRY(firn_json_set(root, "v", json_integer(1), err));
    FIRN_TRY(firn_json_set(root, "project", firn_json_new_str(d->title), err));
    FIRN_TRY(firn_json_set(root, "nodes", list, err));
    for (size_t i = 0; i < d->count; i++)
        FIRN_TRY(node_json(d, &d->nodes[i], list, err));
    *ret = json_incref(root);
    return FIRN_OK;
}
