/* SPDX-License-Identifier: Apache-2.0 */
/* landing_int.h — one landing in progress, shared by the files landing*.c. */
#ifndef FIRN_LANDING_INT_H
#define FIRN_LANDING_INT_H

#include "pipeline/feed.h"
#include "pipeline/flatten.h"
#include "pipeline/landed.h"
#include "pipeline/landing.h"
#include "pipeline/writer.h"

#define FIRN_LOADED_AT "x_loaded_at"
/* Of raw bytes to Parquet bytes, until it is measured. */
#define FIRN_LANDING_FIRST_RATIO 4.0

/* A table of an array, beside the main one (nested: flatten). */
typedef struct landing_child {
    firn_str suffix;
    firn_ident ident;
    const firn_metadata *start; /* NULL: it is to be created */
    firn_type schema;           /* with ids */
    int32_t last_column_id;
    bool schema_changed;
    bool gone;      /* nothing leads to it any more: it is emptied */
    firn_spec spec; /* unpartitioned */
    firn_write_target target;
    firn_property property;
    firn_data_files data;
    firn_scratch_paths scratch;
    size_t published;
} landing_child;

/* What an earlier try found out. */
typedef struct landing_way {
    bool part_all;    /* part rows whatever the first ones look like */
    bool keep_signs;  /* of zeros: there are negative ones */
    unsigned samples; /* with a shadow: take one, the smaller the higher */
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
    const firn_source_file **changed; /* of `found`: have other content than when they landed */
    size_t changed_count;
    firn_file_kind kind;
    const firn_decoder_ops *decoder; /* NULL: Parquet, which the engine reads */
    firn_format_opt format;

    /* on the way */
    firn_feed *feed; /* NULL: Parquet */
    firn_feed_conf feed_conf;
    firn_shape_limits limits;
    firn_layout_policy policy;
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

    /* a plan of much */
    bool sampled;
    const firn_feed_part *parts; /* of `files`; NULL: all, or Parquet */
    firn_shadow_sample sample;
    int64_t kept;       /* rows of it */
    int64_t kept_bytes; /* as they were written; without the tables of arrays */

    /* what came of it */
    const firn_feed_file *done; /* of `files`, once all were read */
    const firn_feed_reject *rejects;
    size_t reject_count;
    uint64_t parquet_records; /* of all files, by their footers */

    /* the tables of arrays */
    firn_flat_table *flat; /* by the layout; NULL: records land as they are */
    size_t flat_count;
    int64_t loaded_us; /* x_loaded_at in all of them; 0: now */
    FIRN_VEC(landing_child *) children;

    /* the table of rejects */
    firn_table_change rejects_change; /* .ident.name.p == NULL: none */
    firn_data_files reject_data;
    firn_scratch_paths reject_scratch;
} landing;

/* landing_table.c: the table that is written to */
FIRN_NODISCARD firn_code firn_landing_load_table(landing *l, firn_err *err);
/* Makes the layout of the table as it is, if there is one and its columns stay. */
FIRN_NODISCARD firn_code firn_landing_old_layout(landing *l, firn_err *err);
/* Brings schema, spec and target up to l->layout. */
FIRN_NODISCARD firn_code firn_landing_schema(landing *l, firn_err *err);

/* landing.c */
void firn_landing_note(landing *l, firn_str message);
/* Hands what was written to the publisher. */
FIRN_NODISCARD firn_code firn_landing_publish_new(landing *l, firn_err *err);

/* landing_parquet.c: all files, unit by unit, as l->data, done and rejects. */
FIRN_NODISCARD firn_code firn_landing_parquet(landing *l, firn_session *s, firn_err *err);

/* landing_unit.c: rows into files */
/* Appends a SELECT of the table's columns from what has the columns of l->layout. */
FIRN_NODISCARD firn_code firn_landing_select(const landing *l, const char *from, firn_buf *sql,
                                             firn_err *err);
/* Counts the partitions of a SELECT of about `bytes`, and plans its copy. */
FIRN_NODISCARD firn_code firn_landing_spread(landing *l, firn_session *s, firn_str select,
                                             uint64_t bytes, firn_err *err);
/* Keeps the feed's unit in the engine, as the first rows of the next one, whose copy it plans. */
FIRN_NODISCARD firn_code firn_landing_take_head(landing *l, firn_session *s, firn_err *err);
/* Copies the rows kept and, if `fed`, the feed's unit; not published yet. */
FIRN_NODISCARD firn_code firn_landing_copy_unit(landing *l, firn_session *s, bool fed,
                                                firn_err *err);

/* landing_sample.c: with a shadow, whether everything becomes rows, or which part … */
FIRN_NODISCARD firn_code firn_landing_sample(landing *l, firn_err *err);
/* … and, once it did, what the whole comes to, as l->result.  FIRN_E_LIMIT: too many rejects. */
FIRN_NODISCARD firn_code firn_landing_sample_done(landing *l, firn_err *err);

/* Appends a SELECT of the columns of `schema` from what has those of `have`. */
FIRN_NODISCARD firn_code firn_landing_select_as(const landing *l, const firn_type *have,
                                                const firn_type *schema, const char *from,
                                                firn_buf *sql, firn_err *err);
/* The feed's unit as a table function; remove the source when it was read. */
#define FIRN_FED_MAX 48
FIRN_NODISCARD firn_code firn_landing_open_fed(landing *l, int64_t *ret_id,
                                               char ret_from[FIRN_FED_MAX], firn_err *err);

/* landing_flat.c: nested: flatten */
/* Copies the feed's unit into the main table and those of its arrays; those are handed to the
 * publisher, the main one's files not yet. */
FIRN_NODISCARD firn_code firn_landing_copy_flat(landing *l, firn_session *s, firn_err *err);
/* Of a table that is replaced: finds the tables of arrays that are not there any more. */
FIRN_NODISCARD firn_code firn_landing_gone_children(landing *l, firn_err *err);
/* Appends the changes of the children; room for l->children.n. */
void firn_landing_child_changes(landing *l, const firn_property *summary, size_t summary_count,
                                firn_table_change *changes, size_t *count);
/* What the table remembers of the records' own shape, changed for this stream; .p == NULL: as it
 * is. */
FIRN_NODISCARD firn_code firn_landing_nested_property(landing *l, firn_str *ret, firn_err *err);
/* The records' own type as the table remembers it; *ret_known: it does. */
FIRN_NODISCARD firn_code firn_landing_nested_type(landing *l, firn_type *ret, bool *ret_known,
                                                  firn_err *err);

/* landing_rejects.c: the table beside it */
FIRN_NODISCARD firn_code firn_landing_write_rejects(landing *l, firn_err *err);

/* landing_commit.c */
/* A property of JSON, with `mine` for this stream; .p == NULL: it is so already. */
FIRN_NODISCARD firn_code firn_landing_stream_property(landing *l, const char *key, json_t *mine,
                                                      firn_str *ret, firn_err *err);
FIRN_NODISCARD firn_code firn_landing_commit(landing *l, firn_err *err);

#endif
