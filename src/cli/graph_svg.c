/* SPDX-License-Identifier: Apache-2.0 */
/* Lineage as a picture. */
#include "cli/graph_draw.h"

#include "base/str.h"
#include "cli/screen.h"
#include "pipeline/graph_layout.h"

#include <stdio.h>

#define MARGIN     24.0
#define HEAD       44.0 /* of the title */
#define FOOT       36.0 /* of the legend */
#define NAME_CHAR  7.3  /* width of a character of a name, 12 px in any monospaced font */
#define NOTE_CHAR  6.1  /* 10 px */
#define BOX_PAD    12.0
#define BOX_HEIGHT 40.0
#define MAX_CHARS  44

/* --- text ---------------------------------------------------------------------------------- */

/* A character as XML has it; what no XML file may hold becomes U+FFFD. */
static firn_code add_char(uint32_t cp, const char *bytes, size_t n, firn_buf *out, firn_err *err)
{
    bool control = cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r';
    if (cp == '&')
        return firn_buf_adds(out, "&amp;", err);
    if (cp == '<')
        return firn_buf_adds(out, "&lt;", err);
    if (cp == '>')
        return firn_buf_adds(out, "&gt;", err);
    if (cp == '"')
        return firn_buf_adds(out, "&quot;", err);
    if (control || (cp >= 0x7f && cp < 0xa0) || cp == 0xfffe || cp == 0xffff)
        return firn_buf_adds(out, "\xef\xbf\xbd", err);
    return firn_buf_add(out, bytes, n, err);
}

static firn_code add_text(firn_str s, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        size_t n = firn_utf8_decode(s.p + i, s.n - i, &cp);
        FIRN_TRY(n ? add_char(cp, s.p + i, n, out, err) : firn_buf_adds(out, "\xef\xbf\xbd", err));
        i += n ? n : 1;
    }
    return FIRN_OK;
}

/* At most so many columns of a text, "…" at the end of a cut one. */
static firn_code add_short(firn_str s, size_t columns, firn_buf *out, firn_err *err)
{
    size_t width;
    if (firn_text_width(s) <= columns)
        return add_text(s, out, err);
    size_t n = firn_text_fit(s, columns - 1, &width);
    FIRN_TRY(add_text((firn_str){s.p, n}, out, err));
    return firn_buf_adds(out, "…", err);
}

static size_t columns_of(firn_str s)
{
    return FIRN_MIN(firn_text_width(s), (size_t)MAX_CHARS);
}

/* The second line of a box. */
static firn_str note_of(const firn_drawn *n)
{
    if (n->kind == FIRN_DRAWN_INGEST)
        return n->note;
    if (n->description.p)
        return n->description;
    return firn_str_of(firn_drawn_word(n->kind));
}

static double width_of(const firn_drawn *n)
{
    double name = (double)columns_of(n->name) * NAME_CHAR;
    double note = (double)columns_of(note_of(n)) * NOTE_CHAR;
    return FIRN_MAX(name, note) + 2 * BOX_PAD;
}

/* --- parts --------------------------------------------------------------------------------- */

static const char style[] =
    "<style>\n"
    ".bg{fill:#fff}.edge{fill:none;stroke:#9aa5b1;stroke-width:1.4}.tip{fill:#9aa5b1}\n"
    "text{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2933}\n"
    ".title{font-size:15px;font-weight:bold}.name{font-size:12px;font-weight:bold}\n"
    ".ns{font-weight:normal;fill:#52606d}.note{font-size:10px;fill:#52606d}\n"
    "rect.files{fill:#e3f8ef;stroke:#2f9e73}rect.table{fill:#e6f0fd;stroke:#3674c9}\n"
    "rect.view{fill:#f3ecfc;stroke:#8a5cc4;stroke-dasharray:5 3}\n"
    "rect.outside{fill:#f2f2f2;stroke:#8d8d8d;stroke-dasharray:2 3}\n"
    "@media (prefers-color-scheme:dark){.bg{fill:#16191d}.edge{stroke:#6b7785}.tip{fill:#6b7785}\n"
    "text{fill:#e8ecf0}.ns,.note{fill:#aab4bf}\n"
    "rect.files{fill:#12372a;stroke:#48bb8b}rect.table{fill:#15294a;stroke:#6ea3ee}\n"
    "rect.view{fill:#2c1f42;stroke:#b08be0}rect.outside{fill:#26292d;stroke:#8d8d8d}}\n"
    "</style>\n";

static firn_code add_head(const firn_drawing *d, double width, double height, firn_buf *out,
                          firn_err *err)
{
    FIRN_TRY(firn_buf_addf(out, err,
                           "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
                           "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
                           width, height, width, height));
    FIRN_TRY(add_text(d->title, out, err));
    FIRN_TRY(firn_buf_adds(out, "</title>\n", err));
    FIRN_TRY(firn_buf_adds(out, style, err));
    FIRN_TRY(firn_buf_adds(out,
                           "<defs><marker id=\"tip\" markerWidth=\"8\" markerHeight=\"8\" "
                           "refX=\"7\" refY=\"4\" orient=\"auto\" markerUnits=\"userSpaceOnUse\">"
                           "<path class=\"tip\" d=\"M0 0 8 4 0 8z\"/></marker></defs>\n"
                           "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n",
                           err));
    FIRN_TRY(firn_buf_addf(out, err, "<text class=\"title\" x=\"%.0f\" y=\"30\">", MARGIN));
    FIRN_TRY(add_short(d->title, 100, out, err));
    return firn_buf_adds(out, "</text>\n", err);
}

static firn_code add_edge(const firn_place_edge *e, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < e->point_count; i++) {
        double x = e->points[i].x + MARGIN;
        double y = e->points[i].y + HEAD;
        if (i == 0)
            FIRN_TRY(firn_buf_addf(out, err, "<path class=\"edge\" d=\"M%.1f %.1f", x, y));
        else if (i % 2 == 0)
            FIRN_TRY(firn_buf_addf(out, err, "L%.1f %.1f", x, y));
        if (i % 2 == 0)
            continue;
        double x0 = e->points[i - 1].x + MARGIN;
        double y0 = e->points[i - 1].y + HEAD;
        double bend = (x - x0) / 2;
        FIRN_TRY(firn_buf_addf(out, err, "C%.1f %.1f %.1f %.1f %.1f %.1f", x0 + bend, y0, x - bend,
                               y, x, y));
    }
    return firn_buf_adds(out, "\" marker-end=\"url(#tip)\"/>\n", err);
}

/* The namespace pale, the table's own name behind it. */
static firn_code add_name(const firn_drawn *n, firn_buf *out, firn_err *err)
{
    size_t columns = firn_text_width(n->ident.ns);
    if (columns + 8 > MAX_CHARS)
        return add_short(n->name, MAX_CHARS, out, err);
    FIRN_TRY(firn_buf_adds(out, "<tspan class=\"ns\">", err));
    FIRN_TRY(add_text(n->ident.ns, out, err));
    FIRN_TRY(firn_buf_adds(out, ".</tspan>", err));
    return add_short(n->ident.name, MAX_CHARS - columns - 1, out, err);
}

static firn_code add_tip(const firn_drawn *n, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "<title>", err));
    FIRN_TRY(add_text(n->name, out, err));
    FIRN_TRY(firn_buf_addf(out, err, " (%s)", firn_drawn_word(n->kind)));
    if (n->description.p) {
        FIRN_TRY(firn_buf_addc(out, '\n', err));
        FIRN_TRY(add_text(n->description, out, err));
    }
    if (n->note.n) {
        FIRN_TRY(firn_buf_addc(out, '\n', err));
        FIRN_TRY(add_text(n->note, out, err));
    }
    return firn_buf_adds(out, "</title>", err);
}

static firn_code add_box(const firn_drawn *n, const firn_place_node *p, firn_buf *out,
                         firn_err *err)
{
    double x = p->x + MARGIN;
    double y = p->y + HEAD;
    FIRN_TRY(firn_buf_adds(out, "<g>", err));
    FIRN_TRY(add_tip(n, out, err));
    FIRN_TRY(firn_buf_addf(out, err,
                           "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                           "height=\"%.1f\" rx=\"6\"/><text class=\"name\" x=\"%.1f\" y=\"%.1f\">",
                           firn_drawn_word(n->kind), x, y, p->width, p->height, x + BOX_PAD,
                           y + 17));
    FIRN_TRY(add_name(n, out, err));
    FIRN_TRY(firn_buf_addf(out, err, "</text><text class=\"note\" x=\"%.1f\" y=\"%.1f\">",
                           x + BOX_PAD, y + 31));
    FIRN_TRY(add_short(note_of(n), MAX_CHARS, out, err));
    return firn_buf_adds(out, "</text></g>\n", err);
}

/* One square and word for each kind that is there. */
static firn_code add_legend(const firn_drawing *d, double y, firn_buf *out, firn_err *err)
{
    static const char *const words[] = {"landed from a source", "table", "view",
                                        "not of this project"};
    double x = MARGIN;
    for (int kind = 0; kind < (int)FIRN_COUNT_OF(words); kind++) {
        bool there = false;
        for (size_t i = 0; i < d->count && !there; i++)
            there = (int)d->nodes[i].kind == kind;
        if (!there)
            continue;
        FIRN_TRY(firn_buf_addf(out, err,
                               "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"14\" "
                               "height=\"10\" rx=\"3\"/><text class=\"note\" x=\"%.1f\" "
                               "y=\"%.1f\">%s</text>\n",
                               firn_drawn_word((firn_drawn_kind)kind), x, y - 9, x + 20, y,
                               words[kind]));
        x += 20 + NOTE_CHAR * (double)firn_text_width(firn_str_of(words[kind])) + 20;
    }
    return FIRN_OK;
}

/* --- the whole ----------------------------------------------------------------------------- */

static firn_code place(const firn_drawing *d, firn_arena *a, firn_placement *ret, firn_err *err)
{
    size_t edges = 0;
    for (size_t i = 0; i < d->count; i++)
        edges += d->nodes[i].need_count;
    firn_placement p = {.node_count = d->count, .node_gap = 14, .layer_gap = 64};
    p.nodes = firn_arena_array(a, d->count, sizeof *p.nodes);
    p.edges = firn_arena_array(a, edges, sizeof *p.edges);
    if (!p.nodes || !p.edges)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < d->count; i++) {
        p.nodes[i].width = width_of(&d->nodes[i]);
        p.nodes[i].height = BOX_HEIGHT;
        for (size_t k = 0; k < d->nodes[i].need_count; k++)
            p.edges[p.edge_count++] = (firn_place_edge){.from = d->nodes[i].needs[k], .to = i};
    }
    FIRN_TRY(firn_graph_place(&p, a, err));
    *ret = p;
    return FIRN_OK;
}

firn_code firn_drawing_svg(const firn_drawing *d, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a picture", 0);
    firn_placement p = {0};
    if (!a)
        return firn_raise_nomem(err);
    FIRN_TRY(place(d, a, &p, err));
    double title = (double)FIRN_MIN(firn_text_width(d->title), (size_t)100) * 9.2;
    double width = FIRN_MAX(FIRN_MAX(p.width, title), 360) + 2 * MARGIN;
    double height = p.height + HEAD + FOOT;
    FIRN_TRY(add_head(d, width, height, out, err));
    for (size_t i = 0; i < p.edge_count; i++)
        FIRN_TRY(add_edge(&p.edges[i], out, err));
    for (size_t i = 0; i < d->count; i++)
        FIRN_TRY(add_box(&d->nodes[i], &p.nodes[i], out, err));
    FIRN_TRY(add_legend(d, height - 12, out, err));
    return firn_buf_adds(out, "</svg>\n", err);
}
