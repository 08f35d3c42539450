/* SPDX-License-Identifier: Apache-2.0 */
/* project_int.h — what the readers of the project file and of models share. */
#ifndef FIRN_PROJECT_INT_H
#define FIRN_PROJECT_INT_H

#include "base/map.h"
#include "pipeline/model.h"
#include "pipeline/project.h"

/* --- name.c -------------------------------------------------------------------------------- */

/* Says why a text is not one part of a name ("it is empty"), or NULL if it is. */
const char *firn_name_fault(firn_str part);
/* The same for "ns.table"; a table of rejects is not one. */
const char *firn_ident_fault(firn_str text);

/* Cuts a good "ns.table" in two; the parts point into it. */
firn_ident firn_ident_of(firn_str text);

/* Reads a table's name with its place. */
FIRN_NODISCARD firn_code firn_conf_ident(const firn_conf *c, firn_ident *ret, firn_err *err);

/* The names of all tables of a project: two that differ only in case, a table that is a namespace
 * as well, and two owners of one table are errors. */
typedef struct firn_names {
    firn_arena *a;
    firn_map tables; /* in small letters → firn_named * */
    firn_map namespaces;
} firn_names;

#define FIRN_NAMES(arena)                                                                          \
    ((firn_names){.a = (arena), .tables = FIRN_MAP(arena), .namespaces = FIRN_MAP(arena)})

typedef enum firn_name_owner { FIRN_OWNER_INGEST, FIRN_OWNER_MODEL } firn_name_owner;

FIRN_NODISCARD firn_code firn_names_add(firn_names *names, firn_ident ident, firn_name_owner owner,
                                        firn_place place, firn_err *err);

/* --- path.c -------------------------------------------------------------------------------- */

/* Resolves a path of the file against an absolute folder: "..", "." and "//" are taken out, file:
 * URIs become paths.  Other schemes and "~" are errors, named with `what` ("warehouse"). */
FIRN_NODISCARD firn_code firn_conf_path(const firn_conf *c, const char *what, const char *folder,
                                        firn_arena *a, const char **ret, firn_err *err);

/* The same without the checks: joins and cleans. */
FIRN_NODISCARD firn_code firn_path_join(const char *folder, firn_str path, firn_arena *a,
                                        const char **ret, firn_err *err);

/* --- location.c ---------------------------------------------------------------------------- */

/* Refuses layouts with unknown placeholders, or that put all tables into one folder. */
FIRN_NODISCARD firn_code firn_layout_check(const firn_conf *c, firn_err *err);

/* The folders of all tables: two tables in one are an error. */
typedef struct firn_locations {
    const firn_project *p;
    firn_arena *a;
    firn_map seen; /* folder → firn_ident * */
} firn_locations;

#define FIRN_LOCATIONS(project, arena)                                                             \
    ((firn_locations){.p = (project), .a = (arena), .seen = FIRN_MAP(arena)})

FIRN_NODISCARD firn_code firn_locations_add(firn_locations *l, firn_ident ident,
                                            const firn_ingest *ingest, firn_place place,
                                            firn_err *err);

/* --- check_conf.c -------------------------------------------------------------------------- */

typedef FIRN_VEC(firn_check) firn_check_vec;

/* Adds the checks of a list (NULL: none) of a column, or of a table (column "").  Names that are
 * there already are errors. */
FIRN_NODISCARD firn_code firn_read_checks(const firn_conf *list, firn_str column, firn_arena *a,
                                          firn_check_vec *vec, firn_err *err);

extern const firn_option firn_check_options[];
extern const firn_option firn_relationships_options[];
extern const firn_option firn_row_count_options[];
extern const firn_option firn_freshness_options[];

/* --- table_conf.c -------------------------------------------------------------------------- */

/* Reads `partition:` (a term or a list of them; NULL: none). */
FIRN_NODISCARD firn_code firn_read_partition(const firn_conf *c, firn_arena *a,
                                             firn_table_conf *ret, firn_err *err);

/* What `columns:` of an ingest entry or of a model says. */
typedef struct firn_columns_in {
    const firn_conf *columns; /* NULL: none */
    const firn_conf *checks;  /* of whole rows; NULL: none */
    bool typed;               /* an ingest entry: type, format, from, required */
} firn_columns_in;
FIRN_NODISCARD firn_code firn_read_columns(const firn_columns_in *in, firn_arena *a,
                                           firn_table_conf *ret, firn_given **ret_given,
                                           size_t *ret_given_count, firn_err *err);

/* --- policy_conf.c ------------------------------------------------------------------------- */

/* Options of an ingest entry about what does not fit. */
typedef struct firn_policy_raw {
    int conflicts;
    const firn_conf *contract;
    int nested;
    int64_t max_fields;
} firn_policy_raw;

extern const char *const firn_conflicts_words[];
extern const char *const firn_nested_words[];
extern const firn_option firn_contract_options[];

/* Fills in an entry's policy; `map`: the entry. */
FIRN_NODISCARD firn_code firn_read_policy(const firn_policy_raw *raw, const firn_conf *map,
                                          firn_arena *a, firn_ingest *ret, firn_err *err);

/* Reads one word of a contract (NULL: none). */
FIRN_NODISCARD firn_code firn_read_contract(const firn_conf *c, firn_contract *ret, firn_err *err);

/* Reads `sort:` (NULL: none). */
FIRN_NODISCARD firn_code firn_read_sort(const firn_conf *c, firn_arena *a, firn_table_conf *ret,
                                        firn_err *err);

/* `description:` and `tags:`. */
typedef struct firn_about_raw {
    firn_str description;
    firn_strings tags;
} firn_about_raw;

/* Checks them; `map`: where they were written (NULL: nowhere). */
FIRN_NODISCARD firn_code firn_read_about(const firn_about_raw *raw, const firn_conf *map,
                                         firn_table_conf *ret, firn_err *err);

/* Reads `properties:` (NULL: none). */
FIRN_NODISCARD firn_code firn_read_properties(const firn_conf *map, firn_arena *a,
                                              firn_table_conf *ret, firn_err *err);

extern const firn_option firn_ingest_column_options[];
extern const firn_option firn_model_column_options[];

/* Options that ingest entries and models have alike; `raw`: the struct that gets them, with members
 * of these names. */
#define FIRN_OPTION_SORT(raw)                                                                      \
    {                                                                                              \
        .key = "sort", .kind = FIRN_OPT_CONF, .offset = offsetof(raw, sort),                       \
        .shapes = FIRN_CONF_TEXT | FIRN_CONF_LIST, .example = "[order_date desc, id]",             \
        .help = "How rows are sorted within a file: columns or transforms of them, with desc "     \
                "and nulls first or nulls last behind them; for a table that is made."             \
    }

/* `about`: a firn_about_raw. */
#define FIRN_OPTIONS_ABOUT(raw)                                                                    \
    {.key = "description",                                                                         \
     .kind = FIRN_OPT_STRING,                                                                      \
     .offset = offsetof(raw, about.description),                                                   \
     .example = "One row per order",                                                               \
     .help = "What the table holds; kept as its comment in Iceberg, where all engines show it."},  \
    {                                                                                              \
        .key = "tags", .kind = FIRN_OPT_STRINGS, .offset = offsetof(raw, about.tags),              \
        .example = "[daily, finance]", .help = "Words by which it is selected: firn run tag:daily" \
    }

#define FIRN_OPTIONS_OF_TABLE(raw)                                                                 \
    {.key = "checks",                                                                              \
     .kind = FIRN_OPT_CONF,                                                                        \
     .offset = offsetof(raw, checks),                                                              \
     .shapes = FIRN_CONF_LIST,                                                                     \
     .example = "[\"debit >= 0\", {row_count: {min: 1}}]",                                         \
     .help = "SQL conditions that hold for every row, and other checks of the table, audited "     \
             "before the commit."},                                                                \
        {.key = "format_version",                                                                  \
         .kind = FIRN_OPT_INT,                                                                     \
         .offset = offsetof(raw, format_version),                                                  \
         .computed = "the namespace's, else 2",                                                    \
         .min = 2,                                                                                 \
         .max = 3,                                                                                 \
         .example = "3",                                                                           \
         .help = "Iceberg's format version of a table that is made. Version 3 has row "            \
                 "ids, defaults and nanoseconds; not all engines read it."},                       \
    {                                                                                              \
        .key = "properties", .kind = FIRN_OPT_CONF, .offset = offsetof(raw, properties),           \
        .shapes = FIRN_CONF_MAP, .example = "{write.object-storage.enabled: true}",                \
        .help =                                                                                    \
            "Iceberg's properties of the table, when it is made; later on the table's own hold."   \
    }

/* --- project_settings.c -------------------------------------------------------------------- */

/* Maps and texts of the top level; NULL: not given. */
typedef struct firn_settings_in {
    const firn_conf *catalog;
    const firn_conf *layout;
    const firn_conf *namespaces;
    const firn_conf *maintenance;
    const firn_conf *rejects;
    const firn_conf *run_record;
    const firn_conf *timezone;
} firn_settings_in;

/* Fills in what they say; p's name, folder and warehouse are there already. */
FIRN_NODISCARD firn_code firn_read_settings(firn_env *env, const firn_settings_in *in,
                                            firn_project *p, firn_arena *a, firn_err *err);

/* Reads a name of one part; `what` is "a name", "the name of a catalog". */
FIRN_NODISCARD firn_code firn_read_name(const firn_conf *c, const char *what, firn_str *ret,
                                        firn_err *err);

extern const firn_option firn_catalog_options[];
extern const firn_option firn_maintenance_options[];
extern const firn_option firn_namespace_options[];
extern const firn_option firn_rejects_options[];
extern const firn_option firn_run_record_options[];

/* --- project_source.c ---------------------------------------------------------------------- */

/* Options of file formats, with defaults or over those of the source. */
typedef struct firn_format_raw {
    int format;
    char separator; /* 0: found out */
    int quote;
    bool header;
    firn_str encoding;
    firn_str null_text;
    firn_str records;
    int extended; /* firn_extended */
    int identity;
} firn_format_raw;

extern const char *const firn_format_words[];
extern const char *const firn_quote_words[];
extern const char *const firn_extended_words[];
extern const char *const firn_identity_words[];

/* Checks that the options written in `map` belong to the format, and makes them the decoder's. */
FIRN_NODISCARD firn_code firn_format_finish(const firn_format_raw *raw, const firn_conf *map,
                                            firn_file_format *ret, firn_err *err);

/* A name that can stand before the '.' of `from`: letters, digits, '_' and '-'. */
bool firn_is_source_name(firn_str s);

/* A source and the options its entries start from. */
typedef struct firn_source_raw {
    firn_source_conf conf;
    firn_format_raw format;
} firn_source_raw;

FIRN_NODISCARD firn_code firn_read_sources(const firn_conf *map, const char *folder, firn_arena *a,
                                           firn_source_raw **ret, size_t *ret_count, firn_err *err);
extern const firn_option firn_source_options[];

/* --- project_ingest.c ---------------------------------------------------------------------- */

FIRN_NODISCARD firn_code firn_read_ingest(const firn_conf *list, firn_project *p,
                                          const firn_source_raw *sources, firn_arena *a,
                                          firn_err *err);
extern const firn_option firn_ingest_options[];

/* --- project_find.c ------------------------------------------------------------------------ */

typedef struct firn_found {
    const char *path;   /* absolute, of the file */
    const char *folder; /* absolute */
    const char *shown;  /* the file as the user knows it */
    const char *prefix; /* what stands before its name in `shown`: "", "../", "sub/" */
} firn_found;

FIRN_NODISCARD firn_code firn_project_find(firn_env *env, const char *where, firn_arena *a,
                                           firn_found *ret, firn_err *err);

/* --- unit_conf.c --------------------------------------------------------------------------- */

extern const firn_option firn_unit_test_options[];
extern const firn_option firn_unit_given_options[];
extern const firn_option firn_unit_expect_options[];

/* --- model.c ------------------------------------------------------------------------------- */

extern const firn_option firn_model_options[];

#endif
