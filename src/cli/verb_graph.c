/* SPDX-License-Identifier: Apache-2.0 */
/* firn graph: what stands on what. */
#include "cli/graph_draw.h"
#include "cli/models.h"
#include "cli/table_args.h"
#include "cli/verbs.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

static const firn_arg graph_args[] = {
    FIRN_ARG_PROJECT,
    {"format", 'o', "FORMAT", "text, json or svg (default: text)"},
    {"exclude", 'x', "PATTERN", "leave out what this selects; several with commas"},
    FIRN_ARG_VAR,
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

typedef enum graph_format { AS_TEXT, AS_JSON, AS_SVG } graph_format;

static firn_code read_format(const firn_args *args, graph_format *ret, firn_err *err)
{
    static const firn_str words[] = {{"text", 4}, {"json", 4}, {"svg", 3}};
    const char *text = firn_args_get(args, "format");
    *ret = AS_TEXT;
    if (!text)
        return FIRN_OK;
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++) {
        if (!firn_str_eq(words[i], firn_str_of(text)))
            continue;
        *ret = (graph_format)i;
        return FIRN_OK;
    }
    firn_raise(err, FIRN_E_USAGE, "--format takes text, json or svg, not %s", firn_quotec(text).s);
    int near = firn_str_nearest(firn_str_of(text), words, FIRN_COUNT_OF(words));
    return firn_err_advise(err, "for example: firn graph -o %s > graph.svg",
                           near >= 0 ? words[near].p : "svg");
}

/* What the catalog has, if there is one yet: a picture needs none. */
static firn_code outside(firn_command *c, const firn_args *args, firn_ident **ret,
                         size_t *ret_count, firn_err *err)
{
    const firn_command_opt opt = {.read_only = true};
    firn_ident *tables;
    firn_ident *views;
    size_t count;
    size_t view_count;
    *ret = NULL;
    *ret_count = 0;
    if (!firn_fs_exists(c->env, c->project->catalog.path))
        return FIRN_OK;
    FIRN_TRY(firn_command_open(c, args, &opt, err));
    firn_catalog *catalog = c->run->catalog;
    FIRN_TRY(catalog->ops->list_tables(catalog, c->arena, &tables, &count, err));
    FIRN_TRY(firn_views_list(NULL, 0, catalog, c->arena, &views, &view_count, err));
    firn_ident *all = firn_arena_array(c->arena, count + view_count, sizeof *all);
    if (!all)
        return firn_arena_raise(c->arena, err);
    if (count)
        memcpy(all, tables, count * sizeof *all);
    if (view_count)
        memcpy(all + count, views, view_count * sizeof *all);
    *ret = all;
    *ret_count = count + view_count;
    return FIRN_OK;
}

static firn_code print(const firn_drawing *d, graph_format format, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 30);
    const firn_print_opt look = firn_print_defaults();
    if (format == AS_JSON) {
        FIRN_AUTO(firn_json_unref) json_t *j = NULL;
        FIRN_TRY(firn_drawing_json(d, &j, err));
        return firn_command_print_json(j, err);
    }
    FIRN_TRY(format == AS_SVG ? firn_drawing_svg(d, &out, err)
                              : firn_drawing_text(d, look.unicode, look.colour, &out, err));
    if (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)
        return firn_raise_errno(err, errno, "cannot write the graph");
    return FIRN_OK;
}

static firn_code graph(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                       firn_err *err)
{
    graph_format format;
    firn_graph g;
    firn_ident *others;
    size_t other_count;
    firn_drawing d;
    FIRN_TRY(read_format(args, &format, err));
    FIRN_TRY(firn_run_chosen(c, args, &g, err));
    FIRN_TRY(outside(c, args, &others, &other_count, err));
    FIRN_TRY(firn_drawing_make(&g, c->project, others, other_count, c->arena, &d, err));
    if (d.count == 0 && format == AS_TEXT)
        printf("there is nothing in this project yet: add an ingest entry to %s, or a model to "
               "%s/\n",
               c->project->file, c->project->models_shown);
    return print(&d, format, err);
}

static int verb_graph(const firn_args *args)
{
    return firn_command_do(args, graph);
}

const firn_verb firn_verb_graph = {
    .name = "graph",
    .synopsis = "[SELECT…] [options]",
    .summary = "show what stands on what: as text, JSON or a picture",
    .details =
        "From what is landed to what nothing else needs; a table that stands on several is shown\n"
        "in full once.  SELECT is as in `firn run`; tables of the catalog that models read and\n"
        "the project does not make are shown too.  Nothing is read but files of the project and\n"
        "names of the catalog.  docs/formats/graph.md says what is in the JSON.\n"
        "\n"
        "  firn graph\n"
        "  firn graph +curated.sales\n"
        "  firn graph -o svg > lineage.svg",
    .args = graph_args,
    .run = verb_graph,
};
