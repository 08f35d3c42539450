/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h — what the engine says of a file it wrote, as Iceberg's column metrics.
 * Source: ICEBERG.md §6.2, §6.3; LIBRARIES.md §2 (RETURN_STATS). */
#ifndef FIRN_METRICS_H
#define FIRN_METRICS_H

#include "iceberg/manifest.h"

/* One leaf column of a file, as the engine reports it: everything in text. */
typedef struct firn_engine_column {
    firn_str path; /* quoted names joined by dots: "addr"."geo"."lat", quotes doubled */
    bool has_min;
    bool has_max;
    firn_str min;
    firn_str max;
    int64_t null_count;  /* -1: not said */
    int64_t column_size; /* -1: not said */
    int has_nan;         /* -1: not said */
} firn_engine_column;

typedef enum firn_metrics_mode {
    FIRN_METRICS_NONE,
    FIRN_METRICS_COUNTS,
    FIRN_METRICS_TRUNCATE,
    FIRN_METRICS_FULL,
} firn_metrics_mode;

typedef struct firn_metrics_rule {
    firn_metrics_mode mode;
    size_t length; /* of truncate */
} firn_metrics_rule;

/* Reads "truncate(16)", "counts", …; anything else is truncate(16). */
firn_metrics_rule firn_metrics_rule_parse(firn_str text);

/* Returns the rule for a column: write.metadata.metrics.column.<path>, else …default, else
 * truncate(16) for the first 100 columns and none for the rest.  `m` may be NULL (new table). */
firn_metrics_rule firn_metrics_rule_for(const firn_metadata *m, firn_str path, size_t place);

/* Fills file->metrics from the engine's columns.  Columns inside of lists and maps get none.
 * FIRN_E_DATA when a date or timestamp is infinite or outside of years 0001–9999: the file must
 * not enter a table. */
FIRN_NODISCARD firn_code firn_metrics_fill(const firn_metadata *m, const firn_type *schema,
                                           const firn_engine_column *columns, size_t count,
                                           firn_arena *a, firn_data_file *file, firn_err *err);

#endif
