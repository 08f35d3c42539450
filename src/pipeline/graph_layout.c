/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/graph_layout.h"

#include <stdlib.h>
#include <string.h>

#define SWEEPS       24 /* of orders */
#define MANY_ITEMS   20000
#define LEVELLING    12 /* of heights */
#define STRAIGHTNESS 4  /* how much a piece of a long edge insists on being level */

/* A node, or a point where a long edge passes a layer. */
typedef struct item {
    size_t node; /* SIZE_MAX: a point */
    size_t layer;
    size_t place; /* in its layer */
    double height;
    double y; /* of its middle */
    double wish;
    double weight;
    size_t *before; /* items to the left that it is joined to */
    size_t before_count;
    size_t *after;
    size_t after_count;
} item;

typedef struct layer {
    size_t *items; /* from top to bottom */
    size_t count;
} layer;

typedef struct placing {
    firn_placement *p;
    firn_arena *a;
    item *items;
    size_t item_count;
    layer *layers;
    size_t layer_count;
    size_t **chains; /* of each edge: the items it passes, its ends included */
    size_t *chain_counts;
} placing;

/* --- layers -------------------------------------------------------------------------------- */

static firn_code find_layers(placing *w, firn_err *err)
{
    firn_placement *p = w->p;
    w->layer_count = p->node_count ? 1 : 0;
    for (size_t i = 0; i < p->node_count; i++)
        p->nodes[i].layer = 0;
    /* edges in the order of their ends: all that lead to a node are seen before those from it */
    for (size_t n = 0; n < p->node_count; n++) {
        for (size_t i = 0; i < p->edge_count; i++) {
            const firn_place_edge *e = &p->edges[i];
            if (e->from >= e->to || e->to >= p->node_count)
                return firn_raise(err, FIRN_E_INVAL, "an edge leads backwards");
            if (e->from == n)
                p->nodes[e->to].layer = FIRN_MAX(p->nodes[e->to].layer, p->nodes[n].layer + 1);
        }
        w->layer_count = FIRN_MAX(w->layer_count, p->nodes[n].layer + 1);
    }
    return FIRN_OK;
}

/* A source stands right before the first that needs it, not far to the left of it. */
static void pull_sources(placing *w)
{
    firn_placement *p = w->p;
    for (size_t n = 0; n < p->node_count; n++) {
        size_t nearest = SIZE_MAX;
        bool source = true;
        for (size_t i = 0; i < p->edge_count; i++) {
            source = source && p->edges[i].to != n;
            if (p->edges[i].from == n)
                nearest = FIRN_MIN(nearest, p->nodes[p->edges[i].to].layer);
        }
        if (source && nearest != SIZE_MAX && nearest > 0)
            p->nodes[n].layer = nearest - 1;
    }
}

/* --- items --------------------------------------------------------------------------------- */

static size_t count_items(const firn_placement *p)
{
    size_t n = p->node_count;
    for (size_t i = 0; i < p->edge_count; i++)
        n += p->nodes[p->edges[i].to].layer - p->nodes[p->edges[i].from].layer - 1;
    return n;
}

static firn_code make_chain(placing *w, size_t edge, firn_err *err)
{
    const firn_place_edge *e = &w->p->edges[edge];
    size_t first = w->p->nodes[e->from].layer;
    size_t count = w->p->nodes[e->to].layer - first + 1;
    size_t *chain = firn_arena_array(w->a, count, sizeof *chain);
    if (!chain)
        return firn_arena_raise(w->a, err);
    chain[0] = e->from;
    chain[count - 1] = e->to;
    for (size_t k = 1; k + 1 < count; k++) {
        chain[k] = w->item_count;
        w->items[w->item_count++] = (item){.node = SIZE_MAX, .layer = first + k};
    }
    for (size_t k = 0; k + 1 < count; k++) {
        w->items[chain[k]].after_count++;
        w->items[chain[k + 1]].before_count++;
    }
    w->chains[edge] = chain;
    w->chain_counts[edge] = count;
    return FIRN_OK;
}

static firn_code join_items(placing *w, firn_err *err)
{
    for (size_t i = 0; i < w->item_count; i++) {
        item *x = &w->items[i];
        x->before = firn_arena_array(w->a, x->before_count, sizeof *x->before);
        x->after = firn_arena_array(w->a, x->after_count, sizeof *x->after);
        if (!x->before || !x->after)
            return firn_arena_raise(w->a, err);
        x->before_count = x->after_count = 0;
    }
    for (size_t e = 0; e < w->p->edge_count; e++)
        for (size_t k = 0; k + 1 < w->chain_counts[e]; k++) {
            item *x = &w->items[w->chains[e][k]];
            item *y = &w->items[w->chains[e][k + 1]];
            x->after[x->after_count++] = w->chains[e][k + 1];
            y->before[y->before_count++] = w->chains[e][k];
        }
    return FIRN_OK;
}

static firn_code fill_layers(placing *w, firn_err *err)
{
    w->layers = firn_arena_array(w->a, w->layer_count, sizeof *w->layers);
    if (!w->layers)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < w->item_count; i++)
        w->layers[w->items[i].layer].count++;
    for (size_t l = 0; l < w->layer_count; l++) {
        w->layers[l].items = firn_arena_array(w->a, w->layers[l].count, sizeof(size_t));
        if (!w->layers[l].items)
            return firn_arena_raise(w->a, err);
        w->layers[l].count = 0;
    }
    for (size_t i = 0; i < w->item_count; i++) {
        layer *l = &w->layers[w->items[i].layer];
        w->items[i].place = l->count;
        l->items[l->count++] = i;
    }
    return FIRN_OK;
}

static firn_code make_items(placing *w, firn_err *err)
{
    const firn_placement *p = w->p;
    w->items = firn_arena_array(w->a, count_items(p), sizeof *w->items);
    w->chains = firn_arena_array(w->a, p->edge_count, sizeof *w->chains);
    w->chain_counts = firn_arena_array(w->a, p->edge_count, sizeof *w->chain_counts);
    if (!w->items || !w->chains || !w->chain_counts)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < p->node_count; i++)
        w->items[i] = (item){.node = i, .layer = p->nodes[i].layer, .height = p->nodes[i].height};
    w->item_count = p->node_count;
    for (size_t e = 0; e < p->edge_count; e++)
        FIRN_TRY(make_chain(w, e, err));
    FIRN_TRY(join_items(w, err));
    return fill_layers(w, err);
}

/* --- orders -------------------------------------------------------------------------------- */

/* Items of one layer, to be sorted by a wish. */
static int by_wish(const void *a, const void *b)
{
    const item *x = *(item *const *)a;
    const item *y = *(item *const *)b;
    if (x->wish < y->wish || x->wish > y->wish)
        return x->wish < y->wish ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static double barycentre(const placing *w, const item *x, bool from_left)
{
    const size_t *others = from_left ? x->before : x->after;
    size_t count = from_left ? x->before_count : x->after_count;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)w->items[others[i]].place;
    return count ? sum / (double)count : (double)x->place;
}

static void sort_layer(placing *w, layer *l, bool from_left, item **room)
{
    for (size_t i = 0; i < l->count; i++) {
        room[i] = &w->items[l->items[i]];
        room[i]->wish = barycentre(w, room[i], from_left);
    }
    if (l->count > 1)
        qsort(room, l->count, sizeof(item *), by_wish);
    for (size_t i = 0; i < l->count; i++) {
        room[i]->place = i;
        l->items[i] = (size_t)(room[i] - w->items);
    }
}

/* Pairs of pieces between two layers that cross. */
static size_t crossings_of(const placing *w, const layer *left)
{
    size_t n = 0;
    for (size_t i = 0; i < left->count; i++) {
        const item *x = &w->items[left->items[i]];
        for (size_t k = i + 1; k < left->count; k++) {
            const item *y = &w->items[left->items[k]];
            for (size_t a = 0; a < x->after_count; a++)
                for (size_t b = 0; b < y->after_count; b++)
                    n += w->items[x->after[a]].place > w->items[y->after[b]].place;
        }
    }
    return n;
}

static size_t crossings(const placing *w)
{
    size_t n = 0;
    for (size_t l = 0; l + 1 < w->layer_count; l++)
        n += crossings_of(w, &w->layers[l]);
    return n;
}

static void keep_order(const placing *w, size_t *best)
{
    for (size_t i = 0; i < w->item_count; i++)
        best[i] = w->items[i].place;
}

static void take_order(placing *w, const size_t *best)
{
    for (size_t i = 0; i < w->item_count; i++) {
        w->items[i].place = best[i];
        w->layers[w->items[i].layer].items[best[i]] = i;
    }
}

/* Crossings of what two items of a layer are joined to on one side, the first standing above. */
static size_t crossings_between(const placing *w, const item *x, const item *y, bool left)
{
    const size_t *xs = left ? x->before : x->after;
    const size_t *ys = left ? y->before : y->after;
    size_t xn = left ? x->before_count : x->after_count;
    size_t yn = left ? y->before_count : y->after_count;
    size_t n = 0;
    for (size_t a = 0; a < xn; a++)
        for (size_t b = 0; b < yn; b++)
            n += w->items[xs[a]].place > w->items[ys[b]].place;
    return n;
}

/* Swaps neighbours in a layer where that takes crossings away. */
static bool swap_neighbours(placing *w, layer *l)
{
    bool swapped = false;
    for (size_t i = 0; i + 1 < l->count; i++) {
        item *x = &w->items[l->items[i]];
        item *y = &w->items[l->items[i + 1]];
        size_t now = crossings_between(w, x, y, true) + crossings_between(w, x, y, false);
        size_t then = crossings_between(w, y, x, true) + crossings_between(w, y, x, false);
        if (then >= now)
            continue;
        l->items[i] = (size_t)(y - w->items);
        l->items[i + 1] = (size_t)(x - w->items);
        y->place = i;
        x->place = i + 1;
        swapped = true;
    }
    return swapped;
}

static void swap_all(placing *w)
{
    bool swapped = true;
    for (int i = 0; i < SWEEPS && swapped; i++) {
        swapped = false;
        for (size_t l = 0; l < w->layer_count; l++)
            swapped = swap_neighbours(w, &w->layers[l]) || swapped;
    }
}

static firn_code find_orders(placing *w, firn_err *err)
{
    item **room = firn_arena_array(w->a, w->item_count, sizeof(item *));
    size_t *best = firn_arena_array(w->a, w->item_count, sizeof *best);
    if (!room || !best)
        return firn_arena_raise(w->a, err);
    int sweeps = w->item_count > MANY_ITEMS ? 2 : SWEEPS;
    size_t fewest = crossings(w);
    keep_order(w, best);
    for (int sweep = 0; sweep < sweeps && fewest; sweep++) {
        bool right = sweep % 2 == 0;
        for (size_t l = 1; l < w->layer_count; l++)
            sort_layer(w, &w->layers[right ? l : w->layer_count - 1 - l], right, room);
        if (sweeps == SWEEPS)
            swap_all(w);
        size_t now = crossings(w);
        if (now >= fewest)
            continue;
        fewest = now;
        keep_order(w, best);
    }
    take_order(w, best);
    return FIRN_OK;
}

/* --- heights ------------------------------------------------------------------------------- */

static double gap_between(const placing *w, const item *x, const item *y)
{
    bool points = x->node == SIZE_MAX && y->node == SIZE_MAX;
    double gap = points ? w->p->node_gap / 2 : w->p->node_gap;
    return (x->height + y->height) / 2 + gap;
}

/* A run of items that hang together: as high as they wish on average. */
typedef struct block {
    double sum;
    double weight;
    size_t first;
} block;

/* Gives the items of a layer the heights nearest to their wishes (by squares, weighted) that keep
 * their order and distances. */
static void settle(placing *w, const layer *l, double *offsets, block *blocks)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++) {
        const item *x = &w->items[l->items[i]];
        offsets[i] = i ? offsets[i - 1] + gap_between(w, &w->items[l->items[i - 1]], x) : 0;
        blocks[n++] = (block){(x->wish - offsets[i]) * x->weight, x->weight, i};
        while (n > 1 && blocks[n - 2].sum / blocks[n - 2].weight >=
                            blocks[n - 1].sum / blocks[n - 1].weight) {
            blocks[n - 2].sum += blocks[n - 1].sum;
            blocks[n - 2].weight += blocks[n - 1].weight;
            n--;
        }
    }
    for (size_t b = 0; b < n; b++) {
        size_t end = b + 1 < n ? blocks[b + 1].first : l->count;
        for (size_t i = blocks[b].first; i < end; i++)
            w->items[l->items[i]].y = blocks[b].sum / blocks[b].weight + offsets[i];
    }
}

/* Where an item would like to be: level with what it is joined to. */
static void set_wish(const placing *w, item *x, bool left, bool right)
{
    double sum = 0;
    double weight = 0;
    for (size_t i = 0; left && i < x->before_count; i++) {
        const item *o = &w->items[x->before[i]];
        double k = o->node == SIZE_MAX && x->node == SIZE_MAX ? STRAIGHTNESS : 1;
        sum += k * o->y;
        weight += k;
    }
    for (size_t i = 0; right && i < x->after_count; i++) {
        const item *o = &w->items[x->after[i]];
        double k = o->node == SIZE_MAX && x->node == SIZE_MAX ? STRAIGHTNESS : 1;
        sum += k * o->y;
        weight += k;
    }
    x->wish = weight > 0 ? sum / weight : x->y;
    x->weight = weight > 0 ? weight : 0.1;
}

static void level(placing *w, bool left, bool right, bool forward, double *offsets, block *blocks)
{
    for (size_t k = 0; k < w->layer_count; k++) {
        const layer *l = &w->layers[forward ? k : w->layer_count - 1 - k];
        for (size_t i = 0; i < l->count; i++)
            set_wish(w, &w->items[l->items[i]], left, right);
        settle(w, l, offsets, blocks);
    }
}

static firn_code find_heights(placing *w, firn_err *err)
{
    double *offsets = firn_arena_array(w->a, w->item_count, sizeof *offsets);
    block *blocks = firn_arena_array(w->a, w->item_count, sizeof *blocks);
    if (!offsets || !blocks)
        return firn_arena_raise(w->a, err);
    for (size_t l = 0; l < w->layer_count; l++) {
        double y = 0;
        for (size_t i = 0; i < w->layers[l].count; i++) {
            item *x = &w->items[w->layers[l].items[i]];
            x->y = y + x->height / 2;
            y += x->height + w->p->node_gap;
        }
    }
    for (int i = 0; i < LEVELLING; i++) {
        level(w, true, false, true, offsets, blocks);
        level(w, false, true, false, offsets, blocks);
    }
    for (int i = 0; i < LEVELLING; i++)
        level(w, true, true, i % 2 == 0, offsets, blocks);
    return FIRN_OK;
}

/* --- places -------------------------------------------------------------------------------- */

static void place_nodes(const placing *w, double top, double *lefts, double *widths)
{
    firn_placement *p = w->p;
    double x = 0;
    for (size_t l = 0; l < w->layer_count; l++) {
        lefts[l] = x;
        widths[l] = 0;
        for (size_t i = 0; i < p->node_count; i++)
            if (p->nodes[i].layer == l)
                widths[l] = FIRN_MAX(widths[l], p->nodes[i].width);
        x += widths[l] + p->layer_gap;
    }
    p->width = x > 0 ? x - p->layer_gap : 0;
    for (size_t i = 0; i < p->node_count; i++) {
        firn_place_node *n = &p->nodes[i];
        n->x = lefts[n->layer];
        n->y = w->items[i].y - n->height / 2 - top;
    }
}

static firn_code place_edge(const placing *w, size_t edge, double top, const double *lefts,
                            const double *widths, firn_err *err)
{
    firn_place_edge *e = &w->p->edges[edge];
    size_t count = w->chain_counts[edge];
    e->points = firn_arena_array(w->a, 2 * count, sizeof *e->points);
    if (!e->points)
        return firn_arena_raise(w->a, err);
    e->point_count = 0;
    for (size_t k = 0; k < count; k++) {
        const item *x = &w->items[w->chains[edge][k]];
        double right = lefts[x->layer] + widths[x->layer];
        double y = x->y - top;
        if (k > 0)
            e->points[e->point_count++] = (firn_place_point){lefts[x->layer], y};
        if (k + 1 < count && x->node != SIZE_MAX)
            right = lefts[x->layer] + w->p->nodes[x->node].width;
        if (k + 1 < count)
            e->points[e->point_count++] = (firn_place_point){right, y};
    }
    return FIRN_OK;
}

static firn_code place_all(const placing *w, firn_err *err)
{
    double *lefts = firn_arena_array(w->a, w->layer_count, sizeof *lefts);
    double *widths = firn_arena_array(w->a, w->layer_count, sizeof *widths);
    double top = 0;
    double bottom = 0;
    if (!lefts || !widths)
        return firn_arena_raise(w->a, err);
    for (size_t i = 0; i < w->item_count; i++) {
        const item *x = &w->items[i];
        top = i ? FIRN_MIN(top, x->y - x->height / 2) : x->y - x->height / 2;
        bottom = i ? FIRN_MAX(bottom, x->y + x->height / 2) : x->y + x->height / 2;
    }
    w->p->height = bottom - top;
    place_nodes(w, top, lefts, widths);
    for (size_t e = 0; e < w->p->edge_count; e++)
        FIRN_TRY(place_edge(w, e, top, lefts, widths, err));
    return FIRN_OK;
}

firn_code firn_graph_place(firn_placement *p, firn_arena *a, firn_err *err)
{
    placing w = {.p = p, .a = a};
    FIRN_TRY(find_layers(&w, err));
    pull_sources(&w);
    FIRN_TRY(make_items(&w, err));
    FIRN_TRY(find_orders(&w, err));
    FIRN_TRY(find_heights(&w, err));
    return place_all(&w, err);
}
