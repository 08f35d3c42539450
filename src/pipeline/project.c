/* SPDX-License-Identifier: Apache-2.0 */
/* The project file as a whole: its top level and what is not a list of its own. */
#include "pipeline/project.h"

#include "pipeline/interpolate.h"
#include "pipeline/project_int.h"
#include "pipeline/vars.h"
#include "pipeline/yaml.h"

#include <string.h>

/* --- options ------------------------------------------------------------------------------- */

typedef struct root_raw {
    const firn_conf *name;
    const firn_conf *warehouse;
    firn_settings_in settings;
    const firn_conf *sources;
    const firn_conf *ingest;
    const firn_conf *models;
    const firn_conf *tests;
    const firn_conf *vars;
    uint64_t memory;
    int64_t threads;
} root_raw;

static const firn_option root_options[] = {
    {.key = "name",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED,
     .offset = offsetof(root_raw, name),
     .shapes = FIRN_CONF_TEXT,
     .example = "accounting",
     .help = "What the project is called."},
    {.key = "warehouse",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_REQUIRED | FIRN_OPT_PATH,
     .offset = offsetof(root_raw, warehouse),
     .shapes = FIRN_CONF_TEXT,
     .example = "./lake",
     .help = "The folder of the tables: a path, seen from the project file, or file:///…"},
    {.key = "catalog",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, settings.catalog),
     .shapes = FIRN_CONF_MAP,
     .example = "{type: sqlite, name: lake}",
     .help = "Where the names of tables are kept."},
    {.key = "layout",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, settings.layout),
     .shapes = FIRN_CONF_TEXT,
     .computed = "{warehouse}/{namespace}/{table}",
     .example = "\"{warehouse}/{namespace}/{table}\"",
     .help = "The folder of a new table; also {app} (the project's name), {source} and {stream} "
             "(of landed tables)."},
    {.key = "sources",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, sources),
     .shapes = FIRN_CONF_MAP,
     .example = "{drop: {type: files, path: ./data}}",
     .help = "Where data comes from, by name."},
    {.key = "ingest",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, ingest),
     .shapes = FIRN_CONF_LIST,
     .example = "[{from: drop.orders.json, into: raw.orders}]",
     .help = "Which streams land in which tables."},
    {.key = "models",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_PATH,
     .offset = offsetof(root_raw, models),
     .shapes = FIRN_CONF_TEXT,
     .computed = "models",
     .example = "models",
     .help = "The folder of the models; models/curated/orders.sql is the table curated.orders."},
    {.key = "vars",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, vars),
     .shapes = FIRN_CONF_MAP,
     .example = "{rate: 0.06, start: 2025-01-01}",
     .help = "Variables of the models, there written ${rate}: numbers, dates, texts, true, false, "
             "null or lists of them; --var wins. today, now and run_id are built in."},
    {.key = "tests",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_PATH,
     .offset = offsetof(root_raw, tests),
     .shapes = FIRN_CONF_TEXT,
     .computed = "tests",
     .example = "tests",
     .help = "The folder of the unit tests of models; every .yml in it is read by firn test."},
    {.key = "namespaces",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, settings.namespaces),
     .shapes = FIRN_CONF_MAP,
     .example = "{raw: {maintenance: {compression: zstd}}}",
     .help = "Settings of namespaces, and of those below them, by name."},
    {.key = "maintenance",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, settings.maintenance),
     .shapes = FIRN_CONF_MAP,
     .example = "{target_file_size: 128MB}",
     .help = "How data files are written."},
    {.key = "rejects",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, settings.rejects),
     .shapes = FIRN_CONF_MAP,
     .example = "{max: 1000, max_ratio: 5%}",
     .help = "How many bad records are too many."},
    {.key = "run_record",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, settings.run_record),
     .shapes = FIRN_CONF_MAP,
     .example = "{keep: 90d}",
     .help = "How long it is kept what ran here; firn status and firn history show it."},
    {.key = "timezone",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(root_raw, settings.timezone),
     .shapes = FIRN_CONF_TEXT,
     .computed = "UTC",
     .example = "Europe/Berlin",
     .help = "For display only; data is UTC."},
    {.key = "memory",
     .kind = FIRN_OPT_BYTES,
     .offset = offsetof(root_raw, memory),
     .otherwise = "1GB",
     .min = (int64_t)256 << 20,
     .max = (int64_t)64 << 40,
     .example = "1GB",
     .help = "What the whole process may use; --memory wins."},
    {.key = "threads",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(root_raw, threads),
     .min = 1,
     .max = 1024,
     .computed = "one a processor",
     .example = "4",
     .help = "How many work at once; --threads wins."},
    {.key = NULL},
};

const firn_option_section *firn_project_tables(size_t *ret_count)
{
    static const firn_option_section sections[] = {
        {"project file", "The top level of firn.yml.", root_options},
        {"catalog", "Where the names of tables are kept.", firn_catalog_options},
        {"sources.NAME", "One source.", firn_source_options},
        {"ingest[]", "One stream and its table.", firn_ingest_options},
        {"ingest[].columns.NAME", "A given column; a type alone is short for {type: …}.",
         firn_ingest_column_options},
        {"ingest[].contract", "What may change once the table exists.", firn_contract_options},
        {"checks[]", "A check; a text alone is short for {check: …}.", firn_check_options},
        {"checks[].relationships", "Values that another table has.", firn_relationships_options},
        {"checks[].row_count", "How many rows there are.", firn_row_count_options},
        {"checks[].freshness", "How old the newest row may be.", firn_freshness_options},
        {"maintenance", "How data files are written.", firn_maintenance_options},
        {"namespaces.NAME", "Settings of a namespace.", firn_namespace_options},
        {"rejects", "How many bad records are too many.", firn_rejects_options},
        {"run_record", "How long it is kept what ran here.", firn_run_record_options},
        {"model header", "The comment at the head of a model.", firn_model_options},
        {"model header: columns.NAME", "A column of a model.", firn_model_column_options},
        {"tests: unit_tests[]", "A unit test, in a file of the folder of tests.",
         firn_unit_test_options},
        {"tests: given.TABLE", "Rows of a table; a list alone is short for {rows: …}.",
         firn_unit_given_options},
        {"tests: expect", "Rows of the model; a list alone is short for {rows: …}.",
         firn_unit_expect_options},
    };
    *ret_count = FIRN_COUNT_OF(sections);
    return sections;
}

/* --- the whole ----------------------------------------------------------------------------- */

const firn_source_conf *firn_project_source(const firn_project *p, firn_str name)
{
    for (size_t i = 0; i < p->source_count; i++)
        if (firn_str_eq(p->sources[i].name, name))
            return &p->sources[i];
    return NULL;
}

static firn_code read_streams(const root_raw *raw, firn_project *p, firn_arena *a, firn_err *err)
{
    firn_source_raw *sources;
    FIRN_TRY(firn_read_sources(raw->sources, p->folder, a, &sources, &p->source_count, err));
    p->sources = firn_arena_array(a, p->source_count, sizeof *p->sources);
    if (!p->sources)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < p->source_count; i++)
        p->sources[i] = sources[i].conf;
    return firn_read_ingest(raw->ingest, p, sources, a, err);
}

/* A folder of the project: where it is, and how it is shown. */
typedef struct folder_of {
    const char *path;
    const char *shown;
    firn_place place;
} folder_of;

static firn_code read_folder(const firn_conf *c, const char *name, const char *prefix,
                             const firn_project *p, firn_arena *a, folder_of *ret, firn_err *err)
{
    firn_str path = c ? c->text : firn_str_of(name);
    if (c) {
        ret->place = c->place;
        FIRN_TRY(firn_conf_path(c, name, p->folder, a, &ret->path, err));
    } else {
        FIRN_TRY(firn_path_join(p->folder, path, a, &ret->path, err));
    }
    while (firn_str_starts(path, "./"))
        path = (firn_str){path.p + 2, path.n - 2};
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    bool relative = path.n == 0 || (path.p[0] != '/' && !firn_str_starts(path, "file:"));
    ret->shown = relative ? firn_arena_printf(a, "%s%.*s", prefix, FIRN_STR_ARG(path)) : ret->path;
    return ret->shown ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_code read_folders(const root_raw *raw, const char *prefix, firn_project *p,
                              firn_arena *a, firn_err *err)
{
    folder_of models = {0};
    folder_of tests = {0};
    FIRN_TRY(read_folder(raw->models, "models", prefix, p, a, &models, err));
    FIRN_TRY(read_folder(raw->tests, "tests", prefix, p, a, &tests, err));
    p->models = models.path;
    p->models_shown = models.shown;
    p->models_place = models.place;
    p->tests = tests.path;
    p->tests_shown = tests.shown;
    p->tests_place = tests.place;
    return FIRN_OK;
}

/* Two tables in one folder would delete each other's files. */
static firn_code check_locations(const firn_project *p, firn_arena *a, firn_err *err)
{
    firn_locations seen = FIRN_LOCATIONS(p, a);
    for (size_t i = 0; i < p->ingest_count; i++)
        FIRN_TRY(firn_locations_add(&seen, p->ingest[i].table.ident, &p->ingest[i],
                                    p->ingest[i].place, err));
    return FIRN_OK;
}

static firn_code read_root(firn_env *env, const firn_conf *root, const char *prefix,
                           firn_project *p, firn_arena *a, firn_err *err)
{
    root_raw raw = {0};
    FIRN_TRY(firn_options_fill(root_options, root, true, &raw, a, err));
    FIRN_TRY(firn_read_name(raw.name, "a name", &p->name, err));
    FIRN_TRY(firn_conf_path(raw.warehouse, "warehouse", p->folder, a, &p->warehouse, err));
    FIRN_TRY(firn_read_settings(env, &raw.settings, p, a, err));
    firn_variables vars = {.a = a}; /* only to see whether they are right */
    FIRN_TRY(firn_variables_add_conf(&vars, raw.vars, false, err));
    p->vars = raw.vars;
    p->memory = raw.memory;
    p->threads = raw.threads;
    FIRN_TRY(read_streams(&raw, p, a, err));
    FIRN_TRY(read_folders(&raw, prefix, p, a, err));
    return check_locations(p, a, err);
}

static firn_code read_file(firn_env *env, const firn_found *found, firn_arena *a, firn_str *ret,
                           firn_err *err)
{
    firn_slice bytes;
    firn_code code = firn_fs_read(env, found->path, FIRN_YAML_MAX_BYTES, a, &bytes, err);
    if (code == FIRN_E_LIMIT) {
        firn_raise_conf(err, firn_place_in(found->shown, 0, 0), FIRN_ID_TOO_LARGE,
                        "a project file has at most %zu bytes", FIRN_YAML_MAX_BYTES);
        firn_err_advise(err, "is this the right file?");
        return FIRN_E_CONFIG;
    }
    if (code != FIRN_OK) {
        firn_wrap(err, "cannot read the project file");
        firn_err_id(err, FIRN_ID_NO_PROJECT);
        return code;
    }
    *ret = (firn_str){(const char *)bytes.p, bytes.n};
    return FIRN_OK;
}

static firn_code check_root(const firn_conf *root, const char *shown, firn_err *err)
{
    if (root && root->kind == FIRN_CONF_MAP)
        return FIRN_OK;
    bool empty = !root || firn_conf_is_null(root);
    firn_place place = root ? root->place : firn_place_in(shown, 1, 1);
    if (empty)
        firn_raise_conf(err, place, FIRN_ID_MISSING, "the project file is empty");
    else
        firn_raise_conf(err, place, FIRN_ID_SHAPE, "a project file is a map of keys, not %s",
                        firn_conf_kind_name(root->kind));
    firn_err_advise(err, "it begins like this: name: accounting");
    return FIRN_E_CONFIG;
}

firn_code firn_project_load(firn_env *env, const char *where, firn_arena *a,
                            const firn_project **ret, firn_err *err)
{
    firn_found found;
    firn_str text;
    firn_conf *root = NULL;
    firn_vars vars;
    FIRN_TRY(firn_project_find(env, where, a, &found, err));
    FIRN_TRY(read_file(env, &found, a, &text, err));
    FIRN_TRY(firn_yaml_parse(text, found.shown, a, &root, err));
    FIRN_TRY(check_root(root, found.shown, err));

    const char *dotenv = firn_arena_printf(a, "%s/.env", found.folder);
    const char *shown = firn_arena_printf(a, "%s.env", found.prefix);
    firn_project *p = firn_arena_zalloc(a, sizeof *p);
    if (!dotenv || !shown || !p)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_vars_load(env, dotenv, shown, a, &vars, err));
    FIRN_TRY(firn_conf_replace(root, &vars, a, err));
    p->file = found.shown;
    p->folder = found.folder;
    FIRN_TRY(read_root(env, root, found.prefix, p, a, err));
    *ret = p;
    return FIRN_OK;
}

firn_code firn_project_bare(firn_env *env, firn_str name, firn_str warehouse, firn_arena *a,
                            const firn_project **ret, firn_err *err)
{
    firn_conf members[2] = {
        {.kind = FIRN_CONF_TEXT, .key = FIRN_STR_LIT("name"), .text = name},
        {.kind = FIRN_CONF_TEXT, .key = FIRN_STR_LIT("warehouse"), .text = warehouse},
    };
    firn_conf root = {.kind = FIRN_CONF_MAP, .items = members, .count = 2};
    firn_project *p = firn_arena_zalloc(a, sizeof *p);
    if (!p)
        return firn_arena_raise(a, err);
    FIRN_TRY(firn_path_absolute(FIRN_STR_LIT("."), a, &p->folder, err));
    FIRN_TRY(read_root(env, &root, "", p, a, err));
    *ret = p;
    return FIRN_OK;
}
