/* SPDX-License-Identifier: Apache-2.0 */
/* Places of a graph: nothing overlaps, edges lead to the right, what can be drawn straight is. */
#include "check.h"

#include "pipeline/graph_layout.h"

#include <math.h>

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void check_places(const firn_placement *p)
{
    for (size_t i = 0; i < p->node_count; i++) {
        const firn_place_node *x = &p->nodes[i];
        assert_true(x->x >= 0 && x->x + x->width <= p->width + 1e-6);
        assert_true(x->y >= -1e-6 && x->y + x->height <= p->height + 1e-6);
        for (size_t k = i + 1; k < p->node_count; k++) {
            const firn_place_node *y = &p->nodes[k];
            bool apart = x->y + x->height + p->node_gap <= y->y + 1e-6 ||
                         y->y + y->height + p->node_gap <= x->y + 1e-6;
            assert_true(x->layer != y->layer || apart);
        }
    }
    for (size_t i = 0; i < p->edge_count; i++) {
        const firn_place_edge *e = &p->edges[i];
        const firn_place_node *from = &p->nodes[e->from];
        const firn_place_node *to = &p->nodes[e->to];
        assert_true(from->layer < to->layer);
        assert_int_equal(e->point_count, 2 * (to->layer - from->layer));
        assert_true(fabs(e->points[0].x - from->x - from->width) < 1e-6);
        assert_true(fabs(e->points[0].y - from->y - from->height / 2) < 1e-6);
        assert_true(fabs(e->points[e->point_count - 1].x - to->x) < 1e-6);
        for (size_t k = 1; k < e->point_count; k++)
            assert_true(e->points[k].x >= e->points[k - 1].x);
    }
}

/* Random graphs: each node needs up to three of those before it. */
static void random_graphs(void **state FIRN_UNUSED)
{
    for (uint32_t seed = 1; seed <= 60; seed++) {
        firn_arena *a = firn_arena_new("a test", 0);
        firn_err err = {0};
        uint32_t r = seed;
        size_t n = 1 + next_random(&r) % 60;
        firn_placement p = {.node_count = n, .node_gap = 10, .layer_gap = 50};
        p.nodes = firn_arena_array(a, n, sizeof *p.nodes);
        p.edges = firn_arena_array(a, 3 * n, sizeof *p.edges);
        for (size_t i = 0; i < n; i++) {
            p.nodes[i] = (firn_place_node){.width = 40 + next_random(&r) % 200,
                                           .height = 20 + next_random(&r) % 40};
            for (size_t k = i ? next_random(&r) % 4 : 0; k > 0; k--)
                p.edges[p.edge_count++] = (firn_place_edge){.from = next_random(&r) % i, .to = i};
        }
        check_ok(firn_graph_place(&p, a, &err), &err);
        check_places(&p);
        firn_arena_free(a);
    }
}

/* Chains side by side, given in an order that crosses them. */
static void straight(void **state FIRN_UNUSED)
{
    firn_arena *a = firn_arena_new("a test", 0);
    firn_err err = {0};
    firn_place_node nodes[30];
    firn_place_edge edges[20];
    for (size_t i = 0; i < 30; i++)
        nodes[i] = (firn_place_node){.width = 50, .height = 30};
    for (size_t i = 0; i < 10; i++) {
        edges[i] = (firn_place_edge){.from = i, .to = 10 + (i * 7 + 3) % 10};
        edges[10 + i] = (firn_place_edge){.from = 10 + i, .to = 20 + (i * 3 + 1) % 10};
    }
    firn_placement p = {.nodes = nodes,
                        .node_count = 30,
                        .edges = edges,
                        .edge_count = 20,
                        .node_gap = 10,
                        .layer_gap = 40};
    check_ok(firn_graph_place(&p, a, &err), &err);
    check_places(&p);
    for (size_t i = 0; i < 20; i++)
        assert_true(fabs(nodes[edges[i].from].y - nodes[edges[i].to].y) < 0.5);
    firn_arena_free(a);
}

static void edges_of_it(void **state FIRN_UNUSED)
{
    firn_arena *a = firn_arena_new("a test", 0);
    firn_err err = {0};
    firn_placement none = {0};
    check_ok(firn_graph_place(&none, a, &err), &err);
    assert_true(none.width == 0 && none.height == 0);
    firn_place_node two[2] = {{.width = 10, .height = 10}, {.width = 10, .height = 10}};
    firn_place_edge back = {.from = 1, .to = 0};
    firn_placement p = {.nodes = two, .node_count = 2, .edges = &back, .edge_count = 1};
    check_fails(firn_graph_place(&p, a, &err), FIRN_E_INVAL, &err, "backwards");
    firn_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs),
        cmocka_unit_test(straight),
        cmocka_unit_test(edges_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
