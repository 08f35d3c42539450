/* SPDX-License-Identifier: Apache-2.0 */
/* writer.h — rows of a SELECT become data files of a table: written in scratch, described,
 * published while the next ones are written. */
#ifndef FIRN_WRITER_H
#define FIRN_WRITER_H

#include "engine/copy.h"
#include "iceberg/commit.h"
#include "iceberg/location.h"
#include "iceberg/sort_order.h"
#include "pipeline/context.h"
#include "pipeline/project.h"
#include "pipeline/spread.h"

/* How a table's files are written; from the table's properties, else from the project. */
typedef struct firn_write_format {
    firn_str compression;
    int compression_level;
    int64_t row_group_rows;
    int64_t target_file_bytes;
} firn_write_format;

/* The table that files are written for. */
typedef struct firn_write_target {
    const firn_type *schema; /* with ids */
    const firn_spec *spec;
    firn_sort_order sort;          /* no fields: as the rows come */
    const firn_metadata *metadata; /* NULL: the table is to be created */
    firn_str location;
    firn_data_layout layout;  /* where its data files lie */
    firn_str metadata_folder; /* and the others */
    firn_write_format format;
    const firn_property *properties; /* of a table to be created */
    size_t property_count;
    int32_t format_version; /* of a table to be created */
    int64_t seq;            /* of the commit, in the names of the files */
    bool keep_signs;        /* as of firn_copy_job */
    firn_spread spread;     /* over partitions; {0}: not known, the copy is tried at once */
    bool may_lose;          /* with a shadow: rows that do not fit into memory need not be kept */
    firn_shadow_sample *sample; /* with a shadow: the rows stand for more; NULL: they do not */
} firn_write_target;

/* Finds out where and how a table's files are written; schema, spec, seq, keep_signs and spread are
 * the caller's to fill in.  `m`: the table as it is, NULL if it is to be created, as `conf` (may be
 * NULL) asks; `ingest`: the entry that lands in it, NULL for a model.  FIRN_E_UNSUPPORTED when its
 * properties name a folder that is not on this machine. */
FIRN_NODISCARD firn_code firn_write_target_make(const firn_project *project, firn_ident ident,
                                                const firn_ingest *ingest,
                                                const firn_table_conf *conf, const firn_metadata *m,
                                                firn_arena *a, firn_write_target *ret,
                                                firn_err *err);

/* Notes the folders of a target, as firn_context_note_table. */
FIRN_NODISCARD firn_code firn_write_target_note(firn_context *run, const firn_write_target *t,
                                                firn_ident ident, firn_err *err);

/* Files on their way from scratch to the table. */
typedef struct firn_publisher firn_publisher;

/* Starts a thread that publishes; close it with firn_publisher_close. */
FIRN_NODISCARD firn_code firn_publisher_open(firn_env *env, firn_publisher **ret, firn_err *err);
/* Hands a file over; the texts must stay until it is closed.  scratch_path == NULL: there is none.
 */
FIRN_NODISCARD firn_code firn_publisher_add(firn_publisher *p, const char *scratch_path,
                                            firn_str uri, firn_err *err);
/* Waits until all files are in place. */
FIRN_NODISCARD firn_code firn_publisher_wait(firn_publisher *p, firn_err *err);
void firn_publisher_close(firn_publisher *p);

typedef FIRN_VEC(firn_data_file) firn_data_files;

/* Writes the rows of `select` (columns of target->schema in order) into a fresh folder of the run's
 * scratch and appends what came out to `files`, with names in the table.  Not published yet;
 * scratch_paths gets the same number of paths.  In a context with a shadow nothing is written:
 * the rows stay in the engine, and the paths are NULL. */
typedef FIRN_VEC(const char *) firn_scratch_paths;
FIRN_NODISCARD firn_code firn_write_rows(firn_context *run, firn_session *s,
                                         const firn_write_target *target, firn_str select,
                                         firn_arena *a, firn_data_files *files,
                                         firn_scratch_paths *scratch, firn_err *err);

/* How many files so many rows of an unpartitioned table become in one copy, about. */
int64_t firn_write_file_count(const firn_context *run, const firn_write_target *t, int64_t rows,
                              int64_t bytes);

/* Publishes such a file at once. */
FIRN_NODISCARD firn_code firn_written_publish(firn_context *run, const char *scratch_path,
                                              firn_str uri, firn_err *err);

/* Appends a SELECT of the rows of such files, published or not to be. */
FIRN_NODISCARD firn_code firn_written_select(firn_context *run, const firn_type *schema,
                                             const firn_data_file *files, size_t count,
                                             firn_arena *a, firn_buf *out, firn_err *err);

#endif
