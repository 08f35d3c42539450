/* SPDX-License-Identifier: Apache-2.0 */
/* unit_print.h — outcomes of unit tests: for people with a diff, and as events. */
#ifndef FIRN_UNIT_PRINT_H
#define FIRN_UNIT_PRINT_H

#include "base/json.h"
#include "pipeline/unit_test.h"

#include <stdio.h>

typedef struct firn_unit_print_opt {
    bool colour;
    bool unicode;
    size_t width; /* columns of the screen */
} firn_unit_print_opt;

/* One line for a test that passed; for another one also its place, its error or its diff. */
FIRN_NODISCARD firn_code firn_unit_print(const firn_unit_result *r, const firn_unit_print_opt *opt,
                                         FILE *f, firn_err *err);

/* The rows that differ, cell by cell. */
FIRN_NODISCARD firn_code firn_unit_print_diff(const firn_unit_result *r,
                                              const firn_unit_print_opt *opt, firn_buf *out,
                                              firn_err *err);

/* The event "unit_test" (docs/formats/events.md); NULL when memory is out. */
json_t *firn_unit_json(const firn_unit_result *r);

#endif
