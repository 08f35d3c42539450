/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h — files in, rows out: reading, type walk, sequencing, filling.
 *
 *   readers (threads) ─ raw batches ─ walk (parallel) ─ sequence (in order) ─ fill (parallel)
 *
 * Readers put raw batches into a queue bounded in bytes.  Engine workers take from it: they walk a
 * batch that nobody has walked yet, or fill from one that the sequencer released.  The sequencer
 * joins types in one order (file, then batch), so that the schema depends on the input and never on
 * threads.  A batch that does not fit the layout ends the unit; the next unit begins with it, under
 * a layout that also knows the batches of the following window.  Design: docs/design/landing.md. */
#ifndef FIRN_FEED_H
#define FIRN_FEED_H

#include "engine/engine.h"
#include "format/decoder.h"
#include "source/files.h"

#define FIRN_ID_BREACH 2005 /* error id: something came that a contract does not let in */

typedef struct firn_feed firn_feed;

/* How much of a file is looked at: for the plan of a large landing. */
typedef struct firn_feed_part {
    uint64_t decoded; /* raw bytes that become rows, about */
    uint64_t framed;  /* stored bytes whose records are counted, about; 0: the file is not opened */
} firn_feed_part;

typedef struct firn_feed_conf {
    firn_env *env;
    const firn_decoder_ops *decoder;
    const firn_format_opt *format;
    const firn_source_file *files; /* in landing order */
    size_t file_count;
    unsigned readers; /* threads; 1 or more */

    const firn_layout *layout; /* of the existing table; NULL: a new stream */
    const firn_given *given;
    size_t given_count;
    const firn_shape_limits *limits;
    const firn_layout_policy *policy;
    bool exists;              /* the table: contracts hold */
    const firn_str *reserved; /* column names added by the pipeline */
    size_t reserved_count;
    bool infer_full;             /* look at everything before the first unit */
    firn_str stream;             /* in the ids of rows */
    bool by_content;             /* a name may come again with other content */
    const firn_feed_part *parts; /* one a file; NULL: all of it */

    size_t batch_bytes;
    size_t queue_bytes;     /* of raw batches in memory */
    size_t lookahead_bytes; /* of a new stream (64 MB) */
    size_t window_bytes;    /* joined when a type changes (32 MB) */

    uint64_t rejects_max; /* records */
    double rejects_ratio; /* 0..1, once more than 1,000 records were read */
} firn_feed_conf;

/* What became of one file. */
typedef struct firn_feed_file {
    uint64_t hash; /* of its bytes as stored */
    firn_stat stat;
    uint64_t records;
    uint64_t seen;     /* records that were found; with parts more than became rows */
    uint64_t raw;      /* their bytes */
    uint64_t consumed; /* the same as stored, about */
    firn_str note;     /* what the format found out; "" */
} firn_feed_file;

/* A record that did not land, or a value that was left out of one; all in the feed's arena. */
typedef struct firn_feed_reject {
    size_t file; /* index into conf.files */
    uint64_t line;
    uint64_t offset; /* bytes, in the decompressed file */
    uint16_t id;
    bool cut;       /* longer than the limit: raw is only its beginning */
    bool landed;    /* the record did, without … */
    firn_str value; /* … this one; .p == NULL: it did not land */
    firn_str path;
    firn_str reason;
    firn_slice raw;
    bool binary;   /* raw is no text */
    firn_str text; /* the record for people, where raw is no text and can be read */
} firn_feed_reject;

typedef struct firn_feed_totals {
    uint64_t records; /* seen, rejects included */
    uint64_t bytes;   /* raw, decompressed */
    uint64_t stored;  /* the same as the files hold them */
    uint64_t waiting; /* of bytes: about how many are in the queue */
    uint64_t duplicate_keys;
} firn_feed_totals;

/* Starts reading.  `conf` and what it points to must outlive the feed. */
FIRN_NODISCARD firn_code firn_feed_open(const firn_feed_conf *conf, firn_feed **ret, firn_err *err);

/* Makes the layout ready for the next unit of at most max_bytes raw bytes: looks ahead, or joins
 * what made the last unit end.  *ret_more: there is something to land.  The layout lives as long
 * as the feed. */
FIRN_NODISCARD firn_code firn_feed_begin_unit(firn_feed *f, uint64_t max_bytes,
                                              const firn_layout **ret, bool *ret_more,
                                              firn_err *err);

/* The rows of the unit for the engine, of the type of the current layout. */
void firn_feed_source(firn_feed *f, firn_row_source *source, unsigned threads);

/* Ends the unit; FIRN_E_LIMIT if too many records were rejected so far. */
FIRN_NODISCARD firn_code firn_feed_end_unit(firn_feed *f, uint64_t *ret_bytes, firn_err *err);

/* After the last unit. */
const firn_feed_file *firn_feed_files(const firn_feed *f);
const firn_feed_reject *firn_feed_rejects(const firn_feed *f, size_t *ret_count);
firn_feed_totals firn_feed_total(firn_feed *f); /* at any time, from any thread */
/* Whether a -0.0 was among the rows so far; any thread. */
bool firn_feed_has_negative_zeros(const firn_feed *f);
/* What was seen in the records that were looked at before they landed (shape: NULL if none were),
 * how many of them were whole, and which values did not fit their columns. */
typedef struct firn_feed_seen_result {
    const firn_shape *shape;
    uint64_t records;
    const firn_conflicts_seen *conflicts;
} firn_feed_seen_result;
firn_feed_seen_result firn_feed_seen(const firn_feed *f);
const firn_layout_note *firn_feed_notes(const firn_feed *f, size_t *ret_count);

void firn_feed_close(firn_feed *f);

#endif
