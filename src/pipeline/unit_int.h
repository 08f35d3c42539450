/* SPDX-License-Identifier: Apache-2.0 */
/* unit_int.h — what the files unit_*.c share. */
#ifndef FIRN_UNIT_INT_H
#define FIRN_UNIT_INT_H

#include "engine/sql_refs.h"
#include "pipeline/tables.h"
#include "pipeline/unit_test.h"

/* --- unit_csv.c ---------------------------------------------------------------------------- */

/* Reads CSV with a header into maps: cells without quotes are plain (empty: null), those in quotes
 * are texts.  `c` is the text as it stands in the file. */
FIRN_NODISCARD firn_code firn_unit_csv(const firn_conf *c, firn_arena *a, firn_conf **ret,
                                       size_t *ret_count, firn_err *err);

/* --- unit_value.c -------------------------------------------------------------------------- */

/* Joins a value's type into *type (which starts as FIRN_T_UNKNOWN), by its looks: numbers, dates,
 * true and false without quotes; everything else is text.  Types live in `a`. */
FIRN_NODISCARD firn_code firn_unit_infer(const firn_conf *c, firn_arena *a, firn_type *type,
                                         firn_err *err);

/* Appends a value as an SQL literal of a type.  `strict`: a text in quotes is no number, true or
 * false.  FIRN_E_CONFIG at its place says what it is not. */
FIRN_NODISCARD firn_code firn_unit_literal(const firn_conf *c, const firn_type *t, bool strict,
                                           firn_buf *out, firn_err *err);

/* "text", "a number", "a list": what was written, for messages. */
const char *firn_unit_looks(const firn_conf *c);

/* --- a test being run ---------------------------------------------------------------------- */

typedef FIRN_VEC(firn_field) firn_unit_fields;

/* Adds the columns of rows, in the order of their first mention, and joins their types. */
FIRN_NODISCARD firn_code firn_unit_columns_of(const firn_unit_rows *rows, firn_arena *a,
                                              firn_unit_fields *ret, firn_err *err);

/* A table or view that tests may name. */
typedef struct firn_unit_source {
    firn_ident ident;
    const firn_node *node; /* NULL: only in the catalog */
    bool in_catalog;
    const firn_metadata *metadata; /* NULL: not loaded */
    firn_unit_fields told;         /* columns that the rows of all tests name; once asked for */
    bool was_told;
} firn_unit_source;

struct firn_unit_bench {
    firn_context *run;
    const firn_project *project;
    const firn_graph *graph;
    const firn_unit_tests *tests;
    const firn_variables *vars;
    firn_arena *a;
    firn_session *session;
    firn_unit_source *sources;
    firn_ident *names; /* of the sources, for firn_sql_refs */
    size_t source_count;
    unsigned begun; /* tests so far, for names */
};

typedef enum firn_mock_state {
    FIRN_MOCK_NONE,
    FIRN_MOCK_OPEN, /* its own inputs are being made */
    FIRN_MOCK_MADE,
} firn_mock_state;

/* One test being run. */
typedef struct firn_unit_work {
    firn_unit_bench *bench;
    const firn_unit_test *test;
    firn_arena *a;
    firn_variables vars;
    char alias[32];
    firn_mock_state *states; /* by source */
    bool *open_ended;        /* by source: a table that may have more columns than are known */
    const firn_unit_given **given; /* by source; NULL: not given */
    unsigned depth;
    unsigned added; /* columns that only statements name, so far */
} firn_unit_work;

/* Makes the tables and views that a model reads; *ret is its statement as it runs over them. */
FIRN_NODISCARD firn_code firn_unit_mock(firn_unit_work *w, const firn_model *model, firn_str *ret,
                                        firn_err *err);

/* --- unit_columns.c ------------------------------------------------------------------------ */

const firn_field *firn_unit_find_field(const firn_unit_fields *fields, firn_str name);
/* Adds a column, or gives the one of this name another type. */
FIRN_NODISCARD firn_code firn_unit_add_field(const firn_unit_work *w, firn_unit_fields *fields,
                                             firn_str name, const firn_type *type, firn_err *err);
/* Those that the table has in the catalog. */
FIRN_NODISCARD firn_code firn_unit_catalog_columns(firn_unit_work *w, firn_unit_source *s,
                                                   firn_unit_fields *fields, firn_err *err);
/* Those that `columns:` of the entries that land in it gives a type; nested paths are found out
 * from values. */
FIRN_NODISCARD firn_code firn_unit_ingest_columns(firn_unit_work *w, firn_ident ident,
                                                  firn_unit_fields *fields, firn_err *err);
/* Those that the test gives a type (NULL: none). */
FIRN_NODISCARD firn_code firn_unit_given_types(firn_unit_work *w, const firn_conf *map,
                                               firn_unit_fields *fields, firn_err *err);
/* Those that the rows of all tests of the project name beside the ones in `fields`. */
FIRN_NODISCARD firn_code firn_unit_add_told(firn_unit_work *w, size_t i, firn_unit_fields *fields,
                                            firn_err *err);
/* Raises an error for a row that names a column the table has not. */
FIRN_NODISCARD firn_code firn_unit_refuse_unknown(const firn_unit_rows *rows, firn_ident ident,
                                                  const firn_unit_fields *known, firn_err *err);
firn_code firn_unit_no_column(const firn_conf *c, firn_ident ident, const firn_unit_fields *known,
                              firn_err *err);

/* --- unit_mock.c --------------------------------------------------------------------------- */

/* The cell of a row by its column's name; NULL: there is none. */
const firn_conf *firn_unit_cell_of(const firn_conf *row, firn_str column);

/* Where a statement asks for a column that the tables of the test lack: adds it, of nulls, to those
 * whose columns are not known.  True: the statement may be tried again. */
bool firn_unit_add_missing(firn_unit_work *w, const firn_err *err);

/* The engine's message about a model at its place; `sql`: the statement as the engine had it, .p ==
 * NULL: another one was around it. */
firn_code firn_unit_model_error(const firn_unit_work *w, const firn_model *model, firn_str sql,
                                firn_err *err);

/* The engine's message about a statement of the test itself, at the place of the rows. */
firn_code firn_unit_sql_error(const firn_unit_rows *rows, firn_err *err);

/* --- unit_compare.c ------------------------------------------------------------------------ */

/* How values of a column are compared. */
typedef enum firn_unit_class {
    FIRN_UNIT_EXACT,  /* by their texts */
    FIRN_UNIT_NUMBER, /* integers and decimals: by their values */
    FIRN_UNIT_FLOAT,  /* within the tolerance */
} firn_unit_class;

typedef struct firn_unit_table {
    firn_unit_cell **rows;
    size_t count;
} firn_unit_table;

/* Fills diffs of the result; `classes` by column. */
FIRN_NODISCARD firn_code firn_unit_compare(const firn_unit_test *test,
                                           const firn_unit_class *classes,
                                           const firn_unit_table *expected,
                                           const firn_unit_table *found, firn_arena *a,
                                           firn_unit_result *ret, firn_err *err);

bool firn_unit_cell_eq(const firn_unit_cell *x, const firn_unit_cell *y, firn_unit_class kind,
                       double tolerance);

#endif
