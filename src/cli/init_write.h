/* SPDX-License-Identifier: Apache-2.0 */
/* init_write.h — the files that `firn init` writes, as texts. */
#ifndef FIRN_CLI_INIT_WRITE_H
#define FIRN_CLI_INIT_WRITE_H

#include "pipeline/survey.h"

typedef struct firn_init_stream {
    firn_survey survey;
    const char *trouble; /* why it is left out; NULL: it is not */
} firn_init_stream;

typedef struct firn_init_project {
    const char *command; /* "firn init data" */
    const char *name;
    const char *path; /* of the source, as it stands in the file */
    firn_init_stream *streams;
    size_t count;
} firn_init_project;

/* firn.yml */
FIRN_NODISCARD firn_code firn_init_write(const firn_init_project *p, firn_buf *out, firn_err *err);

typedef struct firn_init_model {
    firn_str name; /* of the table in curated */
    firn_str text;
} firn_init_model;

/* The models for what was found: lists opened, sums by month, counts. */
FIRN_NODISCARD firn_code firn_init_models(const firn_init_project *p, firn_arena *a,
                                          firn_init_model **ret, size_t *ret_count, firn_err *err);

#endif
