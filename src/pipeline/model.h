/* SPDX-License-Identifier: Apache-2.0 */
/* model.h — models: one SELECT a file, with an optional header.
 *
 * models/curated/journal_lines.sql is the table curated.journal_lines; deeper folders are nested
 * namespaces.  The header is the first thing in the file: a comment that begins with the word firn
 * and holds YAML.  Files and folders whose names begin with '.' or '_' are passed over. */
#ifndef FIRN_MODEL_H
#define FIRN_MODEL_H

#include "pipeline/project.h"

typedef enum firn_materialize {
    FIRN_MATERIALIZE_TABLE, /* each run replaces the whole table */
} firn_materialize;

typedef struct firn_model {
    firn_table_conf table;
    const char *file; /* as the user knows it */
    firn_materialize materialize;
    firn_str sql;         /* the statement as written, without a last ';'; may end in a comment */
    firn_place sql_place; /* where it begins, for the engine's error positions */
} firn_model;

/* Loads all models of a project, sorted by name.  Everything lives in `a`.  FIRN_E_CONFIG with
 * file:line:column; also when a model and an ingest entry, or two models, mean the same table. */
FIRN_NODISCARD firn_code firn_models_load(firn_env *env, const firn_project *p, firn_arena *a,
                                          firn_model **ret, size_t *ret_count, firn_err *err);

/* Reads one model's text; `file` stands in messages.  The text must live as long as `a`. */
FIRN_NODISCARD firn_code firn_model_parse(firn_str text, firn_ident ident, const char *file,
                                          firn_arena *a, firn_model *ret, firn_err *err);

#endif
