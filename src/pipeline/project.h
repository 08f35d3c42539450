/* SPDX-License-Identifier: Apache-2.0 */
/* project.h — the project file (firn.yml), read, checked and with every default filled in.
 *
 * Plain data in an arena; nothing changes after it was loaded, so that threads share it.  Paths are
 * absolute.  Keys and defaults are the tables that firn_project_tables() returns. */
#ifndef FIRN_PROJECT_H
#define FIRN_PROJECT_H

#include "base/option.h"
#include "env/env.h"
#include "format/decoder.h"
#include "iceberg/commit.h"
#include "iceberg/partition.h"
#include "iceberg/sort_order.h"

/* --- parts --------------------------------------------------------------------------------- */

/* What firn writes about the rows it could not land into raw.x is in raw.x__rejects. */
#define FIRN_REJECTS_SUFFIX "__rejects"

/* Rows of curated.x that a check found are in curated.x__failures. */
#define FIRN_FAILURES_SUFFIX "__failures"

typedef struct firn_catalog_conf {
    firn_str type;    /* "sqlite" */
    firn_str name;    /* the first part of lake.raw.orders */
    const char *path; /* of the database file */
} firn_catalog_conf;

/* How data files are written. */
typedef struct firn_maintenance {
    uint64_t target_file_size; /* bytes */
    firn_str compression;      /* "snappy", "zstd", "uncompressed" */
    int64_t compression_level; /* of zstd; 0: the codec's default */
    int64_t row_group_rows;
} firn_maintenance;

/* When a flood of bad records becomes a failure. */
typedef struct firn_reject_limits {
    int64_t max;      /* records of one stream and run … */
    double max_ratio; /* … or this share of them (0 … 1), once more than `max` were read */
    int exit_status;  /* of a run that had some: 3, or 0 if they are accepted */
} firn_reject_limits;

/* How the files of a source are read. */
typedef struct firn_file_format {
    firn_str decoder; /* "json", "csv"; "": found out by looking at the file */
    firn_format_opt opt;
} firn_file_format;

/* By what a file counts as landed already. */
typedef enum firn_file_identity {
    FIRN_IDENTITY_PATH,    /* its path; the same path with other content is a change */
    FIRN_IDENTITY_CONTENT, /* its bytes, whatever it is called */
} firn_file_identity;

typedef struct firn_source_conf {
    firn_str name;
    firn_place place;
    firn_str type;    /* "files" */
    const char *path; /* of files: the folder below which streams are looked up */
    firn_file_format format;
    firn_file_identity identity;
} firn_source_conf;

typedef enum firn_check_kind {
    FIRN_CHECK_NOT_NULL,
    FIRN_CHECK_UNIQUE,
    FIRN_CHECK_EXPRESSION, /* an SQL condition that holds for every row */
    FIRN_CHECK_ACCEPTED_VALUES,
    FIRN_CHECK_RELATIONSHIPS, /* values that are there in another table */
    FIRN_CHECK_ROW_COUNT,
    FIRN_CHECK_FRESHNESS,
} firn_check_kind;

typedef enum firn_severity {
    FIRN_SEVERITY_ERROR, /* nothing is committed */
    FIRN_SEVERITY_WARN,  /* said and counted */
} firn_severity;

typedef struct firn_check {
    firn_check_kind kind;
    firn_severity severity;
    firn_str column;      /* "" for a check of whole rows */
    firn_str sql;         /* of an expression */
    firn_str where;       /* only rows for which it is true are looked at; "": all */
    firn_str name;        /* as given, or not_null(x), unique(x), …, the expression; unique in its
                           * table */
    firn_strings columns; /* of unique and not_null */
    firn_strings values;  /* of accepted_values; read as the column's type is */
    firn_ident to;        /* of relationships */
    firn_str field;       /* the column there */
    int64_t min_rows;     /* of row_count */
    int64_t max_rows;
    int64_t max_age_ms; /* of freshness */
    firn_place place;
} firn_check;

/* What a column means, by its path ("address.city"). */
typedef struct firn_column_doc {
    firn_str column;
    firn_str text;
} firn_column_doc;

/* What a table of an ingest entry or of a model is asked to be. */
typedef struct firn_table_conf {
    firn_ident ident;
    firn_partition_term *partition;
    size_t partition_count;
    firn_place partition_place; /* line 0: not given */
    firn_sort_term *sort;       /* of the rows within a file, when the table is made */
    size_t sort_count;
    firn_place sort_place; /* line 0: not given */
    firn_check *checks;    /* in the order of the file */
    size_t check_count;
    firn_property *properties; /* of the table, when it is made */
    size_t property_count;
    int32_t format_version; /* of the table, when it is made; 0: as the namespace says */
    firn_str description;   /* .p == NULL: none given */
    firn_column_doc *docs;  /* of columns */
    size_t doc_count;
    firn_strings tags; /* by which it is selected: tag:daily */
} firn_table_conf;

typedef enum firn_ingest_mode {
    FIRN_MODE_FULL,        /* everything, at each run that finds a change */
    FIRN_MODE_INCREMENTAL, /* what has not been landed yet */
} firn_ingest_mode;

typedef enum firn_write_mode {
    FIRN_WRITE_APPEND,
    FIRN_WRITE_REPLACE,
} firn_write_mode;

typedef enum firn_infer {
    FIRN_INFER_LOOKAHEAD, /* types from the first 64 MB; later data may widen them */
    FIRN_INFER_FULL,      /* types from everything, by reading it twice */
} firn_infer;

typedef struct firn_ingest {
    firn_place place;
    const firn_source_conf *source;
    firn_str stream; /* of files: a path or glob below the source's path */
    firn_table_conf table;
    firn_ingest_mode mode;
    firn_write_mode write;
    firn_infer infer;
    firn_file_format format; /* the source's, with what the entry says itself */
    firn_file_identity identity;
    firn_given *columns;
    size_t column_count;
    firn_layout_policy
        policy;        /* as written; firn_ingest_policy fills in what depends on the format */
    size_t max_fields; /* 0: the default */
} firn_ingest;

/* Settings of one namespace, and of those below it that have none of their own. */
typedef struct firn_namespace_conf {
    firn_str name;
    firn_place place;
    firn_str layout; /* the project's, or its own */
    firn_place layout_place;
    firn_maintenance maintenance;
    int32_t format_version; /* of its tables that are made; 0: 2 */
} firn_namespace_conf;

typedef struct firn_project {
    firn_str name;
    const char *file;      /* as the user knows it; NULL: there is no file */
    const char *folder;    /* that holds it */
    const char *warehouse; /* folder of the tables */
    firn_catalog_conf catalog;
    firn_str layout;         /* "{warehouse}/{namespace}/{table}" */
    firn_place layout_place; /* line 0: the default */
    firn_source_conf *sources;
    size_t source_count;
    firn_ingest *ingest;
    size_t ingest_count;
    const char *models;       /* folder */
    const char *models_shown; /* as the user knows it */
    firn_place models_place;  /* line 0: the default, which need not exist */
    const char *tests;        /* folder of the unit tests; the rest as of models */
    const char *tests_shown;
    firn_place tests_place;
    firn_namespace_conf *namespaces;
    size_t namespace_count;
    firn_maintenance maintenance;
    firn_reject_limits rejects;
    int64_t run_record_ms; /* how long runs are kept in the record */
    const firn_conf *vars; /* variables of the models (vars.h); NULL: none */
    firn_str timezone;     /* for display only; data is UTC */
    uint64_t memory;       /* bytes of the whole process */
    int64_t threads;       /* 0: one a processor */
} firn_project;

/* --- loading ------------------------------------------------------------------------------- */

#define FIRN_PROJECT_FILE "firn.yml"

/* Finds and loads a project: `where` is a project file, a folder that holds firn.yml or firn.yaml,
 * or NULL: the current folder or the nearest one above it that does.  Everything lives in `a`.
 * FIRN_E_CONFIG with file:line:column; FIRN_ID_NO_PROJECT if there is none. */
FIRN_NODISCARD firn_code firn_project_load(firn_env *env, const char *where, firn_arena *a,
                                           const firn_project **ret, firn_err *err);

/* A project without a file: every default, this warehouse (a path, seen from the current folder)
 * and name. */
FIRN_NODISCARD firn_code firn_project_bare(firn_env *env, firn_str name, firn_str warehouse,
                                           firn_arena *a, const firn_project **ret, firn_err *err);

/* --- asking -------------------------------------------------------------------------------- */

/* Returns the source of this name, or NULL. */
const firn_source_conf *firn_project_source(const firn_project *p, firn_str name);

/* How the records of an entry become columns, when they come in this format. */
firn_layout_policy firn_ingest_policy(const firn_ingest *ingest, const firn_decoder_ops *decoder);
firn_shape_limits firn_ingest_limits(const firn_ingest *ingest);

/* How the tables of a namespace are written: its own settings, those of the nearest namespace above
 * it, or the project's. */
const firn_maintenance *firn_project_maintenance(const firn_project *p, firn_str ns);

/* Iceberg's format version of a new table of a namespace. */
int32_t firn_project_format_version(const firn_project *p, firn_str ns);

/* Where a new table lies: its namespace's layout filled in, without a '/' at the end, in `a`.
 * `ingest` is the entry that writes it, NULL for a model.  FIRN_E_CONFIG if the layout uses a
 * placeholder that the table has no value for. */
FIRN_NODISCARD firn_code firn_project_location(const firn_project *p, firn_ident ident,
                                               const firn_ingest *ingest, firn_arena *a,
                                               const char **ret, firn_err *err);

/* Reads "raw.orders" or "curated.shared.orders" and checks its parts as `into` is checked. */
FIRN_NODISCARD firn_code firn_ident_parse(firn_str text, firn_arena *a, firn_ident *ret,
                                          firn_err *err);

/* --- the tables of options ----------------------------------------------------------------- */

/* One map of the project file. */
typedef struct firn_option_section {
    const char *title; /* "ingest[]" */
    const char *help;  /* a sentence */
    const firn_option *options;
} firn_option_section;

/* All maps of the project file and of a model's header, for `firn help` and CONFIGURATION.md. */
const firn_option_section *firn_project_tables(size_t *ret_count);

#endif
