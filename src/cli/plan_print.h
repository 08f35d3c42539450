/* SPDX-License-Identifier: Apache-2.0 */
/* plan_print.h — the document of a plan (docs/formats/plan.md) for people. */
#ifndef FIRN_PLAN_PRINT_H
#define FIRN_PLAN_PRINT_H

#include "base/json.h"

#include <stdio.h>

typedef struct firn_plan_style {
    bool colour;
    bool unicode;
    bool quiet; /* only what would change or fail */
} firn_plan_style;

/* Prints a plan; `next` is the command that does what it says. */
void firn_plan_print(const json_t *plan, const firn_plan_style *style, const char *next, FILE *f);

#endif
