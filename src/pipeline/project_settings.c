/* SPDX-License-Identifier: Apache-2.0 */
/* The maps of the project file that are settings: catalog, maintenance, namespaces, rejects, run
 * record, time zone. */
#include "pipeline/project_int.h"

#include <string.h>

#define ZONEINFO "/usr/share/zoneinfo"

/* --- options ------------------------------------------------------------------------------- */

static const char *const catalog_words[] = {"sqlite", NULL};
static const char *const compression_words[] = {"snappy", "zstd", "uncompressed", NULL};
static const char *const exit_words[] = {"3", "0", NULL};

typedef struct catalog_raw {
    int type;
    const firn_conf *name;
    const firn_conf *path;
} catalog_raw;

const firn_option firn_catalog_options[] = {
    {.key = "type",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(catalog_raw, type),
     .otherwise = "sqlite",
     .words = catalog_words,
     .example = "sqlite",
     .help = "The kind of catalog; sqlite: a file with the tables of Iceberg's JDBC catalog."},
    {.key = "name",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(catalog_raw, name),
     .shapes = FIRN_CONF_TEXT,
     .computed = "the project's name, in letters, digits and _",
     .example = "lake",
     .help = "The first part of lake.raw.orders; tables belong to it, so keep it."},
    {.key = "path",
     .kind = FIRN_OPT_CONF,
     .flags = FIRN_OPT_PATH,
     .offset = offsetof(catalog_raw, path),
     .shapes = FIRN_CONF_TEXT,
     .computed = "WAREHOUSE/catalog.db",
     .example = "./catalog.db",
     .help = "The database file."},
    {.key = NULL},
};

typedef struct maintenance_raw {
    uint64_t target_file_size;
    int compression;
    int64_t compression_level;
    int64_t row_group_rows;
} maintenance_raw;

const firn_option firn_maintenance_options[] = {
    {.key = "target_file_size",
     .kind = FIRN_OPT_BYTES,
     .offset = offsetof(maintenance_raw, target_file_size),
     .otherwise = "128MB",
     .min = 64 << 10,
     .max = (int64_t)16 << 30,
     .example = "128MB",
     .help = "A new data file is begun when one has about this size."},
    {.key = "compression",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(maintenance_raw, compression),
     .otherwise = "snappy",
     .words = compression_words,
     .example = "zstd",
     .help = "Of data files; zstd is smaller, snappy quicker."},
    {.key = "compression_level",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(maintenance_raw, compression_level),
     .min = 1,
     .max = 22,
     .computed = "the codec's own",
     .example = "3",
     .help = "Of zstd."},
    {.key = "row_group_rows",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(maintenance_raw, row_group_rows),
     .otherwise = "122880",
     .min = 2048,
     .max = 10000000,
     .example = "122880",
     .help = "Rows of a Parquet row group."},
    {.key = NULL},
};

typedef struct rejects_raw {
    int64_t max;
    double max_ratio;
    int exit_status;
} rejects_raw;

const firn_option firn_rejects_options[] = {
    {.key = "max",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(rejects_raw, max),
     .otherwise = "1000",
     .max = INT64_MAX,
     .example = "1000",
     .help = "More bad records of one stream in one run are a failure, and nothing is committed …"},
    {.key = "max_ratio",
     .kind = FIRN_OPT_PERCENT,
     .offset = offsetof(rejects_raw, max_ratio),
     .otherwise = "5%",
     .example = "5%",
     .help = "… or, once more than that many records were read, a larger share of them."},
    {.key = "exit",
     .kind = FIRN_OPT_ENUM,
     .offset = offsetof(rejects_raw, exit_status),
     .otherwise = "3",
     .words = exit_words,
     .example = "0",
     .help = "Exit status of a run with bad records within the limits; 0: they are accepted."},
    {.key = NULL},
};

typedef struct run_record_raw {
    int64_t keep;
} run_record_raw;

const firn_option firn_run_record_options[] = {
    {.key = "keep",
     .kind = FIRN_OPT_DURATION,
     .offset = offsetof(run_record_raw, keep),
     .otherwise = "90d",
     .min = 60000,
     .max = INT64_MAX,
     .example = "90d",
     .help = "Older runs are forgotten, but the newest of each table never is."},
    {.key = NULL},
};

typedef struct namespace_raw {
    const firn_conf *layout;
    const firn_conf *maintenance;
    int64_t format_version;
} namespace_raw;

const firn_option firn_namespace_options[] = {
    {.key = "layout",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(namespace_raw, layout),
     .shapes = FIRN_CONF_TEXT,
     .computed = "the project's",
     .example = "\"{warehouse}/raw/{app}/{stream}\"",
     .help = "The folder of a new table of this namespace."},
    {.key = "maintenance",
     .kind = FIRN_OPT_CONF,
     .offset = offsetof(namespace_raw, maintenance),
     .shapes = FIRN_CONF_MAP,
     .computed = "the project's",
     .example = "{compression: zstd}",
     .help = "How its data files are written; keys that are not there are the project's."},
    {.key = "format_version",
     .kind = FIRN_OPT_INT,
     .offset = offsetof(namespace_raw, format_version),
     .computed = "2",
     .min = 2,
     .max = 3,
     .example = "3",
     .help = "Iceberg's format version of its tables that are made. Version 3 has row "
             "ids, defaults and nanoseconds; not all engines read it."},
    {.key = NULL},
};

/* --- names --------------------------------------------------------------------------------- */

firn_code firn_read_name(const firn_conf *c, const char *what, firn_str *ret, firn_err *err)
{
    const char *fault = firn_name_fault(c->text);
    if (fault) {
        firn_raise_conf(err, c->place, FIRN_ID_NAME, "%s is not %s: %s", firn_conf_quote(c).s, what,
                        fault);
        firn_err_advise(err, "a name like this will do: sales_2025");
        return FIRN_E_CONFIG;
    }
    *ret = c->text;
    return FIRN_OK;
}

/* A name that SQL takes without quotes. */
static firn_code sanitise(firn_str name, firn_arena *a, firn_str *ret, firn_err *err)
{
    char *out = firn_arena_alloc(a, name.n + 2);
    if (!out)
        return firn_arena_raise(a, err);
    size_t n = 0;
    if (name.p[0] >= '0' && name.p[0] <= '9')
        out[n++] = '_';
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out[n++] = good ? c : '_';
    }
    *ret = (firn_str){out, n};
    return FIRN_OK;
}

/* --- parts --------------------------------------------------------------------------------- */

static firn_code dotted_catalog(const firn_conf *c, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_NAME, "%s is not the name of a catalog: it holds a '.'",
                    firn_conf_quote(c).s);
    firn_err_advise(err, "it is the first part of names like lake.raw.orders");
    return FIRN_E_CONFIG;
}

static firn_code read_catalog(const firn_conf *c, firn_project *p, firn_arena *a, firn_err *err)
{
    catalog_raw raw = {0};
    FIRN_TRY(firn_options_fill(firn_catalog_options, c, true, &raw, a, err));
    p->catalog.type = firn_str_of(catalog_words[raw.type]);
    if (raw.name)
        FIRN_TRY(firn_read_name(raw.name, "the name of a catalog", &p->catalog.name, err));
    else
        FIRN_TRY(sanitise(p->name, a, &p->catalog.name, err));
    if (raw.name && memchr(raw.name->text.p, '.', raw.name->text.n))
        return dotted_catalog(raw.name, err);
    if (raw.path)
        return firn_conf_path(raw.path, "path", p->folder, a, &p->catalog.path, err);
    return firn_path_join(p->warehouse, FIRN_STR_LIT("catalog.db"), a, &p->catalog.path, err);
}

static firn_code finish_maintenance(const maintenance_raw *raw, const firn_conf *map,
                                    firn_maintenance *ret, firn_err *err)
{
    const firn_conf *level = firn_conf_get(map, "compression_level");
    const char *compression = compression_words[raw->compression];
    bool zstd = strcmp(compression, "zstd") == 0;
    if (level && !zstd) {
        firn_raise_conf(err, level->key_place, FIRN_ID_VALUE,
                        "'compression_level' is for zstd, and compression is %s", compression);
        firn_err_advise(err, "add compression: zstd, or take the level out");
        return FIRN_E_CONFIG;
    }
    *ret = (firn_maintenance){
        .target_file_size = raw->target_file_size,
        .compression = firn_str_of(compression),
        .compression_level = zstd ? raw->compression_level : 0,
        .row_group_rows = raw->row_group_rows,
    };
    return FIRN_OK;
}

static firn_code read_rejects(const firn_conf *c, firn_project *p, firn_arena *a, firn_err *err)
{
    static const int statuses[] = {3, 0}; /* in the order of exit_words */
    rejects_raw raw = {0};
    FIRN_TRY(firn_options_fill(firn_rejects_options, c, true, &raw, a, err));
    p->rejects = (firn_reject_limits){
        .max = raw.max,
        .max_ratio = raw.max_ratio,
        .exit_status = statuses[raw.exit_status],
    };
    return FIRN_OK;
}

static firn_code read_run_record(const firn_conf *c, firn_project *p, firn_arena *a, firn_err *err)
{
    run_record_raw raw = {0};
    FIRN_TRY(firn_options_fill(firn_run_record_options, c, true, &raw, a, err));
    p->run_record_ms = raw.keep;
    return FIRN_OK;
}

static firn_code read_layout(const firn_conf *c, firn_str *ret, firn_place *ret_place,
                             firn_err *err)
{
    if (!c)
        return FIRN_OK;
    FIRN_TRY(firn_layout_check(c, err));
    *ret = c->text;
    *ret_place = c->place;
    return FIRN_OK;
}

static firn_code bad_namespace(const firn_conf *c, const char *fault, firn_err *err)
{
    firn_raise_conf(err, c->key_place, FIRN_ID_NAME, "%s is not the name of a namespace: %s",
                    firn_quote(c->key).s, fault);
    firn_err_advise(err, "a name like this will do: curated, or curated.shared");
    return FIRN_E_CONFIG;
}

static firn_code check_namespace_name(const firn_conf *map, size_t index, firn_err *err)
{
    const firn_conf *c = &map->items[index];
    firn_str rest = c->key;
    while (rest.p) {
        const char *fault = firn_name_fault(firn_str_cut(&rest, '.'));
        if (fault)
            return bad_namespace(c, fault, err);
    }
    for (size_t i = 0; i < index; i++) {
        if (!firn_str_ieq(map->items[i].key, c->key))
            continue;
        firn_raise_conf(err, c->key_place, FIRN_ID_CLASH,
                        "%s differs from %s in line %u only in case", firn_quote(c->key).s,
                        firn_quote(map->items[i].key).s, map->items[i].key_place.line);
        firn_err_advise(err, "SQL does not tell them apart: take one of them out");
        return FIRN_E_CONFIG;
    }
    return FIRN_OK;
}

static firn_code read_namespace(const firn_conf *c, const maintenance_raw *defaults,
                                const firn_project *p, firn_arena *a, firn_namespace_conf *ret,
                                firn_err *err)
{
    namespace_raw raw = {0};
    maintenance_raw own = *defaults;
    if (c->kind != FIRN_CONF_MAP) {
        firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "a namespace is a map of keys, not %s",
                        firn_conf_is_null(c) ? "nothing" : firn_conf_kind_name(c->kind));
        firn_err_advise(err, "write it like this: NAME: {maintenance: {compression: zstd}}");
        return FIRN_E_CONFIG;
    }
    FIRN_TRY(firn_options_fill(firn_namespace_options, c, true, &raw, a, err));
    *ret = (firn_namespace_conf){
        .name = c->key,
        .place = c->key_place,
        .layout = p->layout,
        .layout_place = p->layout_place,
        .format_version = (int32_t)raw.format_version,
    };
    FIRN_TRY(read_layout(raw.layout, &ret->layout, &ret->layout_place, err));
    FIRN_TRY(firn_options_fill(firn_maintenance_options, raw.maintenance, false, &own, a, err));
    return finish_maintenance(&own, raw.maintenance, &ret->maintenance, err);
}

static firn_code read_namespaces(const firn_conf *map, const maintenance_raw *defaults,
                                 firn_project *p, firn_arena *a, firn_err *err)
{
    size_t count = map ? map->count : 0;
    p->namespaces = firn_arena_array(a, count, sizeof *p->namespaces);
    if (!p->namespaces)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        FIRN_TRY(check_namespace_name(map, i, err));
        FIRN_TRY(read_namespace(&map->items[i], defaults, p, a, &p->namespaces[i], err));
    }
    p->namespace_count = count;
    return FIRN_OK;
}

/* --- time zones ---------------------------------------------------------------------------- */

/* Looks for a zone of nearly this name in its folder; .p == NULL if there is none. */
static firn_str nearest_zone(firn_env *env, firn_str zone, firn_arena *a)
{
    size_t slash = zone.n;
    while (slash > 0 && zone.p[slash - 1] != '/')
        slash--;
    const char *folder = firn_arena_printf(a, ZONEINFO "/%.*s", (int)slash, zone.p);
    firn_str *names;
    size_t count;
    if (!folder || firn_fs_list(env, folder, a, &names, &count, NULL) != FIRN_OK)
        return (firn_str){NULL, 0};
    int near = firn_str_nearest((firn_str){zone.p + slash, zone.n - slash}, names, count);
    if (near < 0)
        return (firn_str){NULL, 0};
    return firn_str_of(
        firn_arena_printf(a, "%.*s%.*s", (int)slash, zone.p, FIRN_STR_ARG(names[near])));
}

/* By form only: letters first, no dots, no way out of the folder. */
static bool is_zone_name(firn_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool other = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' || c == '/';
        if (!letter && !(i && other))
            return false;
    }
    return s.n > 0 && s.n < 100;
}

/* Without the system's table of zones any name of the right form is taken. */
static firn_code read_timezone(firn_env *env, const firn_conf *c, firn_project *p, firn_arena *a,
                               firn_err *err)
{
    p->timezone = FIRN_STR_LIT("UTC");
    if (!c)
        return FIRN_OK;
    bool good = is_zone_name(c->text);
    if (good && firn_fs_exists(env, ZONEINFO)) {
        const char *path = firn_arena_printf(a, ZONEINFO "/%.*s", FIRN_STR_ARG(c->text));
        firn_stat st;
        if (!path)
            return firn_arena_raise(a, err);
        good = firn_fs_stat(env, path, &st, NULL) == FIRN_OK && st.is_file;
    }
    if (good) {
        p->timezone = c->text;
        return FIRN_OK;
    }
    firn_str near =
        is_zone_name(c->text) && !c->replaced ? nearest_zone(env, c->text, a) : (firn_str){NULL, 0};
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "there is no time zone %s", firn_conf_quote(c).s);
    if (near.n)
        firn_err_advise(err, "did you mean '%.*s'?", FIRN_STR_ARG(near));
    else
        firn_err_advise(err, "zones are named like Europe/Berlin, America/New_York or UTC");
    return FIRN_E_CONFIG;
}

/* --- all of them --------------------------------------------------------------------------- */

firn_code firn_read_settings(firn_env *env, const firn_settings_in *in, firn_project *p,
                             firn_arena *a, firn_err *err)
{
    maintenance_raw raw = {0};
    FIRN_TRY(read_catalog(in->catalog, p, a, err));
    p->layout = FIRN_STR_LIT("{warehouse}/{namespace}/{table}");
    FIRN_TRY(read_layout(in->layout, &p->layout, &p->layout_place, err));
    FIRN_TRY(firn_options_fill(firn_maintenance_options, in->maintenance, true, &raw, a, err));
    FIRN_TRY(finish_maintenance(&raw, in->maintenance, &p->maintenance, err));
    FIRN_TRY(read_namespaces(in->namespaces, &raw, p, a, err));
    FIRN_TRY(read_rejects(in->rejects, p, a, err));
    FIRN_TRY(read_run_record(in->run_record, p, a, err));
    return read_timezone(env, in->timezone, p, a, err);
}
