/* SPDX-License-Identifier: Apache-2.0 */
/* model_run.h — a model becomes its table: written, checked, then visible in one commit. */
#ifndef FIRN_MODEL_RUN_H
#define FIRN_MODEL_RUN_H

#include "pipeline/context.h"
#include "pipeline/model.h"
#include "pipeline/model_why.h"

typedef struct firn_model_result {
    bool unchanged; /* the statement and its inputs are as they were: nothing was done */
    uint64_t rows;
    size_t data_files;
    int64_t bytes_written;
    int64_t snapshot_id;
    size_t warnings;
    bool sampled; /* with a shadow: the numbers are worked out from a part of what it reads */
    char why[FIRN_MODEL_WHY_MAX]; /* it is made, or is not: for people */
} firn_model_result;

/* Runs a model.  `full_refresh`: also when nothing changed.  If the table changed while the model
 * ran it runs again, at most three times.  Nothing is visible unless FIRN_OK is returned. */
FIRN_NODISCARD firn_code firn_model_run(firn_context *run, const firn_project *project,
                                        const firn_model *model, bool full_refresh,
                                        firn_model_result *ret, firn_err *err);

#endif
