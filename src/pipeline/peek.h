/* SPDX-License-Identifier: Apache-2.0 */
/* peek.h — the first records of a stream as rows, without landing anything.
 *
 * The same readers, decoders and rules as a landing's, stopped early: how large the files are does
 * not matter. */
#ifndef FIRN_PEEK_H
#define FIRN_PEEK_H

#include "pipeline/context.h"
#include "pipeline/feed.h"
#include "pipeline/parquet.h"
#include "pipeline/project.h"

typedef struct firn_peek_conf {
    const firn_ingest *ingest; /* format, columns and rules; its table need not exist */
    const firn_source_file *files;
    size_t file_count;     /* one or more */
    uint64_t sample_bytes; /* decompressed, about */
} firn_peek_conf;

typedef struct firn_peek {
    firn_file_kind kind;
    const char *format; /* for people: "CSV, separator ';', windows-1252" */
    const firn_layout *layout;
    firn_str rows;        /* SQL: what stands behind FROM and has the columns of the layout */
    uint64_t total_bytes; /* of all files, as stored */
    uint64_t total_rows;  /* Parquet: of all files, the footers say so; else 0 */
    const firn_layout_note *notes;
    size_t note_count;

    /* private */
    firn_context *run;
    firn_feed *feed;
    firn_feed_conf feed_conf;
    firn_format_opt opt;
    firn_shape_limits limits;
    firn_layout_policy policy;
    firn_parquet parquet;
    int64_t source;
    bool has_source;
    bool whole;
} firn_peek;

/* Looks at the beginning of the files; close it with firn_peek_close whatever it returns.
 * ret->layout == NULL: there are no records.  Everything lives in `a`. */
FIRN_NODISCARD firn_code firn_peek_open(firn_context *run, firn_session *s,
                                        const firn_peek_conf *conf, firn_arena *a, firn_peek *ret,
                                        firn_err *err);

/* After the rows were read: whether they were all there are; records that would be rejects. */
bool firn_peek_is_whole(const firn_peek *p);
uint64_t firn_peek_bytes(const firn_peek *p); /* looked at, as the files hold them */
const firn_feed_reject *firn_peek_rejects(const firn_peek *p, size_t *ret_count);

void firn_peek_close(firn_peek *p);

#endif
