/* SPDX-License-Identifier: Apache-2.0 */
/* unit_test.h — unit tests of models: given rows, expected rows.
 *
 * They run in the engine's memory: tables of the lake are only asked for their columns' types, and
 * nothing is written.  docs/how-to/test-your-models.md, docs/reference/checks.md. */
#ifndef FIRN_UNIT_TEST_H
#define FIRN_UNIT_TEST_H

#include "pipeline/context.h"
#include "pipeline/graph.h"

/* --- as written ---------------------------------------------------------------------------- */

/* Rows of a table: a list of maps, or a SELECT. */
typedef struct firn_unit_rows {
    firn_conf *items; /* maps; CSV is read into such ones */
    size_t count;
    const firn_conf *columns; /* types by name; NULL: none given */
    bool csv;                 /* quotes are its syntax, and say nothing of types */
    firn_str sql;             /* .p == NULL: items */
    firn_place place;
} firn_unit_rows;

typedef struct firn_unit_given {
    firn_ident ident;
    firn_unit_rows rows;
    firn_place place;
} firn_unit_given;

typedef struct firn_unit_test {
    firn_str name;
    firn_str description; /* "": none */
    firn_str model_name;  /* as written: "curated.orders", or "orders" where that is enough */
    firn_place model_place;
    const firn_conf *vars; /* NULL: none */
    firn_unit_given *given;
    size_t given_count;
    firn_unit_rows expect;
    bool ordered;
    double tolerance; /* of floating-point numbers; 0: they are equal or not */
    firn_place place;
    const firn_node *node; /* its model, once bound */
} firn_unit_test;

typedef struct firn_unit_tests {
    firn_unit_test *v;
    size_t n;
    size_t files;
} firn_unit_tests;

/* Reads the folder of tests of a project (*.yml and *.yaml, also in folders below it), in the order
 * of the files' names.  Everything lives in `a`.  FIRN_E_CONFIG with its place. */
FIRN_NODISCARD firn_code firn_unit_tests_load(firn_env *env, const firn_project *p, firn_arena *a,
                                              firn_unit_tests *ret, firn_err *err);

/* Reads the text of one file and adds its tests; `file` stands in messages. */
typedef FIRN_VEC(firn_unit_test) firn_unit_vec;
FIRN_NODISCARD firn_code firn_unit_tests_parse(firn_str text, const char *file, firn_arena *a,
                                               firn_unit_vec *tests, firn_err *err);

/* Finds the model of each test.  FIRN_E_CONFIG names the nearest one. */
FIRN_NODISCARD firn_code firn_unit_tests_bind(firn_unit_tests *tests, const firn_graph *g,
                                              firn_err *err);

/* --- running ------------------------------------------------------------------------------- */

typedef enum firn_unit_status {
    FIRN_UNIT_PASSED,
    FIRN_UNIT_FAILED,
    FIRN_UNIT_ERROR, /* the model, or the test, is wrong: see `err` */
} firn_unit_status;

/* A value as text; .p == NULL: null. */
typedef struct firn_unit_cell {
    firn_str text;
    const char *alien; /* expected, but of a type that the column does not have: that type, "text";
                        * NULL: of the column's type */
} firn_unit_cell;

/* A row that is not as expected. */
typedef struct firn_unit_diff {
    size_t row;                  /* of `ordered`: from 1 */
    firn_unit_cell *expected;    /* NULL: the row was not expected */
    const firn_unit_cell *found; /* NULL: the row is not there */
    const bool *differs;         /* of both: by column */
} firn_unit_diff;

typedef struct firn_unit_column {
    firn_str name;
    firn_str type; /* of the engine: "DECIMAL(18,2)" */
    bool text;     /* its values are texts: shown in quotes */
} firn_unit_column;

typedef struct firn_unit_result {
    const firn_unit_test *test;
    firn_unit_status status;
    firn_err err;
    int64_t duration_us;
    firn_unit_column *columns; /* that were compared */
    size_t column_count;
    size_t expected_rows;
    size_t found_rows;
    firn_unit_diff *diffs; /* changed rows, then missing ones, then those not expected */
    size_t diff_count;
} firn_unit_result;

/* What all tests of a command share. */
typedef struct firn_unit_bench firn_unit_bench;

/* `tests`: all of the project, for columns and types that only their rows tell; `vars`: those of
 * the command, which tests may override.  `run` may have no catalog.  *ret is closed with
 * firn_unit_bench_close. */
FIRN_NODISCARD firn_code firn_unit_bench_open(firn_context *run, const firn_project *p,
                                              const firn_graph *g, const firn_unit_tests *tests,
                                              const firn_variables *vars, firn_unit_bench **ret,
                                              firn_err *err);
void firn_unit_bench_close(firn_unit_bench *b);

/* Runs one test; the result lives in `a`.  What is wrong with the test or its model stands in the
 * result; fails only for reasons beyond them (memory, interruption). */
FIRN_NODISCARD firn_code firn_unit_test_run(firn_unit_bench *b, const firn_unit_test *test,
                                            firn_arena *a, firn_unit_result *ret, firn_err *err);

#endif
