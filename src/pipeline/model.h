/* SPDX-License-Identifier: Apache-2.0 */
/* model.h — models: one SELECT a file, with an optional header.
 *
 * models/curated/journal_lines.sql is the table curated.journal_lines; deeper folders are nested
 * namespaces.  The header is the first thing in the file: a comment that begins with the word firn
 * and holds YAML.  Files and folders whose names begin with '.' or '_' are passed over. */
#ifndef FIRN_MODEL_H
#define FIRN_MODEL_H

#include "pipeline/project.h"
#include "pipeline/vars.h"
#include "pipeline/views.h"

#define FIRN_ONE_SELECT_ADVICE                                                                     \
    "write the SELECT alone: its rows become the table that the file is named for"

typedef enum firn_materialize {
    FIRN_MATERIALIZE_TABLE, /* each run replaces the whole table */
    FIRN_MATERIALIZE_VIEW,  /* no rows: put in where it is named */
} firn_materialize;

typedef struct firn_model {
    firn_table_conf table;
    const char *file; /* as the user knows it */
    firn_materialize materialize;
    firn_str written;                 /* the statement, without a last ';'; may end in a comment */
    firn_place sql_place;             /* where it begins, for the engine's error positions */
    const firn_check *checks_written; /* of table.checks, without the values of variables */
    firn_filled filled;               /* the statement with the values of variables */
    firn_str sql;                     /* of `filled` */
    uint64_t memory;                  /* bytes that the engine may use for it; 0: all that it has */
    firn_place memory_place;
} firn_model;

/* Loads all models of a project, sorted by name, and puts the values of variables in.  Everything
 * lives in `a`.  FIRN_E_CONFIG with file:line:column; also when a model and an ingest entry, or two
 * models, mean the same table. */
FIRN_NODISCARD firn_code firn_models_load(firn_env *env, const firn_project *p,
                                          const firn_variables *vars, firn_arena *a,
                                          firn_model **ret, size_t *ret_count, firn_err *err);

/* Puts other values in: sets `filled` and `sql`.  FIRN_E_CONFIG as firn_variables_fill. */
FIRN_NODISCARD firn_code firn_model_fill(firn_model *m, const firn_variables *vars, firn_arena *a,
                                         firn_err *err);

/* Where the statement begins, for messages about `sql`. */
firn_sql_origin firn_model_origin(const firn_model *m);

/* The views among the models, in `a`, for firn_context.views. */
FIRN_NODISCARD firn_code firn_model_views(const firn_model *models, size_t count, firn_arena *a,
                                          firn_view_def **ret, size_t *ret_count, firn_err *err);

/* Reads one model's text; `file` stands in messages.  The text must live as long as `a`.  Variables
 * stay as they are written, also in `sql`. */
FIRN_NODISCARD firn_code firn_model_parse(firn_str text, firn_ident ident, const char *file,
                                          firn_arena *a, firn_model *ret, firn_err *err);

#endif
