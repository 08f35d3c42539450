/* SPDX-License-Identifier: Apache-2.0 */
/* landing_int.h — one landing in progress, shared by the files landing*.c. */
#ifndef FIRN_LANDING_INT_H
#define FIRN_LANDING_INT_H

#include "pipeline/feed.h"
#include "pipeline/landed.h"
#include "pipeline/landing.h"
#include "pipeline/writer.h"

#define FIRN_LOADED_AT "x_loaded_at"

/* What an earlier try found out. */
typedef struct landing_way {
    bool part_all;   /* part rows whatever the first ones look like */
    bool keep_signs; /* of zeros: there are negative ones */
} landing_way;

typedef struct landing {
    firn_context *run;
    const firn_project *project;
    const firn_ingest *ingest;
    const firn_landing_opt *opt;
    firn_landed_result *result;
    landing_way *way; /* of this try, and what it found out for the next */
    firn_arena *a;
    firn_str stream;
    bool replace; /* the table is replaced by what this run lands */

    /* where to */
    const firn_metadata *metadata; /* NULL: the table is to be created */
    firn_position position;
    firn_landed landed; /* files that landed before */
    const json_t *part; /* the position's part it came from; NULL: none */
    int64_t seq;        /* of this commit */

    /* what */
    firn_source_file *found;
    size_t found_count;
    firn_source_file *files; /* to be landed */
    size_t file_count;

    /* on the way */
    firn_feed *feed;
    firn_feed_conf feed_conf;
    firn_shape_limits limits;
    const firn_layout *layout;
    firn_type schema; /* with ids: the layout's columns and x_loaded_at */
    int32_t last_column_id;
    bool schema_changed;
    firn_spec spec;
    firn_write_target target;
    firn_data_files data;
    firn_scratch_paths scratch;
    size_t published;        /* of data, handed to the publisher */
    size_t notes_said;       /* of the feed's */
    uint64_t raw_bytes;      /* of all units */
    const firn_layout *head; /* of the rows that wait in the engine; NULL: none do */
    firn_publisher *publisher;

    /* rejects */
    firn_table_change rejects_change; /* .ident.name.p == NULL: none */
    firn_data_files reject_data;
    firn_scratch_paths reject_scratch;
} landing;

/* landing_table.c: the table that is written to */
FIRN_NODISCARD firn_code firn_landing_load_table(landing *l, firn_err *err);
/* Brings schema, spec and target up to l->layout. */
FIRN_NODISCARD firn_code firn_landing_schema(landing *l, firn_err *err);

/* landing_unit.c: rows into files */
/* Keeps the feed's unit in the engine, as the first rows of the next one, whose copy it plans. */
FIRN_NODISCARD firn_code firn_landing_take_head(landing *l, firn_session *s, firn_err *err);
/* Copies the rows kept and, if `fed`, the feed's unit; not published yet. */
FIRN_NODISCARD firn_code firn_landing_copy_unit(landing *l, firn_session *s, bool fed,
                                                firn_err *err);

/* landing_rejects.c: the table beside it */
FIRN_NODISCARD firn_code firn_landing_write_rejects(landing *l, firn_err *err);

/* landing_commit.c */
FIRN_NODISCARD firn_code firn_landing_commit(landing *l, firn_err *err);

#endif
