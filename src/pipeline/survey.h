/* SPDX-License-Identifier: Apache-2.0 */
/* survey.h — what can be guessed of a stream from its first records: keys, dates that need a
 * format, times of change, where the records are. */
#ifndef FIRN_SURVEY_H
#define FIRN_SURVEY_H

#include "pipeline/peek.h"
#include "pipeline/streams.h"

typedef struct firn_surveyed_column {
    firn_str name;
    firn_str key; /* in the source */
    const firn_type *type;
    bool full;        /* no null in the sample */
    bool unique;      /* no value twice */
    firn_str formats; /* of text that looks like dates: "%d.%m.%y or %m.%d.%y"; .p == NULL: no */
    firn_str example; /* one of them */
    bool json;        /* text that holds JSON objects or arrays */
} firn_surveyed_column;

typedef struct firn_survey {
    const firn_found_stream *stream;
    const char *format; /* for people */
    firn_str records;   /* guessed path; "" for the top level */
    firn_surveyed_column *columns;
    size_t count;
    uint64_t rows;                       /* looked at */
    uint64_t rejects;                    /* among them */
    bool whole;                          /* that was everything */
    const firn_surveyed_column *id;      /* guessed key; NULL: none */
    const firn_surveyed_column *changed; /* time of change; NULL: none */
    const firn_surveyed_column *day;     /* date or time of what happened; NULL: none */
    const firn_surveyed_column *amount;  /* a measure; NULL: none */
} firn_survey;

/* Looks at a stream; everything in `a`. */
FIRN_NODISCARD firn_code firn_survey_stream(firn_context *run, firn_session *s,
                                            const firn_found_stream *stream, firn_arena *a,
                                            firn_survey *ret, firn_err *err);

#endif
