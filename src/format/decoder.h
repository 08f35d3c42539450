/* SPDX-License-Identifier: Apache-2.0 */
/* decoder.h — from bytes to columns in three steps, each pure and free of the engine:
 *
 *   frame   cuts a stream of bytes into whole records          (one thread a file, in order)
 *   walk    looks at the records of a batch: does it fit?      (any thread, batches in parallel)
 *   fill    writes the values into columns                     (any thread, batches in parallel)
 *
 * A format (format/json.c, format/csv.c) is one constant table of these. */
#ifndef FIRN_DECODER_H
#define FIRN_DECODER_H

#include "base/column.h"
#include "format/layout.h"

/* Whether objects like {"$oid": "…"} in JSON are the values that MongoDB means by them. */
typedef enum firn_extended {
    FIRN_EXTENDED_AUTO, /* those of Extended JSON v2, canonical and relaxed */
    FIRN_EXTENDED_TRUE, /* also the older spellings, which other objects may have by chance */
    FIRN_EXTENDED_FALSE,
} firn_extended;

/* Options of the file formats; zero means: detect, or the default. */
typedef struct firn_format_opt {
    firn_str records;   /* JSON: path to the array of records ("data.invoices"); "" = top level */
    char separator;     /* CSV */
    char quote;         /* CSV; 0: detect */
    bool no_quote;      /* CSV: quotes are ordinary bytes */
    bool no_header;     /* CSV: the first line is data; columns are column_1, column_2, … */
    firn_str encoding;  /* CSV: "utf-8", "utf-16", "latin1", "windows-1252", …; "" = detect */
    firn_str null_text; /* CSV: an unquoted cell of this text is null, besides the empty one */
    size_t max_record_bytes; /* longer records go to the rejects; 0: FIRN_MAX_RECORD_BYTES */
    firn_extended extended;  /* JSON */
} firn_format_opt;

#define FIRN_MAX_RECORD_BYTES ((size_t)16 << 20)

/* One record inside a batch. */
typedef struct firn_record {
    uint32_t offset; /* into batch.bytes */
    uint32_t length;
    uint32_t flags; /* FIRN_REC_… */
} firn_record;
#define FIRN_REC_OVERSIZE 1u /* longer than max_record_bytes; only its beginning is here */
#define FIRN_REC_BROKEN   2u /* the framer knows it to be bad; `fill` says in which way */

/* Whole records of one file, ≤ 16 MB or 64 k records. */
typedef struct firn_batch {
    firn_slice bytes;
    const firn_record *records;
    size_t count;
    uint64_t first_offset; /* of bytes.p in the (decompressed) file */
    uint64_t first_line;   /* 1-based line of bytes.p */
    bool lone_cr;          /* see firn_decoder_ops.lone_cr */
    bool lineless;         /* see firn_decoder_ops.lineless: first_line counts records */
    const void *file;      /* what the framer learned about the file (CSV: dialect and header);
                            * lives until all batches of the file are released */
} firn_batch;

/* A record that could not be landed, or a value that was left out of one. */
typedef struct firn_reject {
    size_t record;   /* index into the batch */
    uint16_t id;     /* E2xxx */
    firn_str path;   /* "lines[2].debit"; "" for the whole record */
    firn_str reason; /* a sentence */
    firn_str value;  /* the record lands, without this value (JSON; of CSV the cell); .p == NULL: it
                      * does not */
    bool fatal;      /* nothing shall land (FIRN_MISFIT_FAIL) */
} firn_reject;

/* Values at one path that did not fit, of records that landed all the same. */
typedef struct firn_conflict {
    firn_str path; /* "lines[].debit" */
    uint64_t count;
    firn_str example; /* the beginning of one, as JSON */
} firn_conflict;

typedef struct firn_conflicts_seen {
    firn_conflict *v; /* some hundred at most */
    size_t n;
    size_t cap;
    uint64_t residual; /* how many went to the residual column, at any path */
} firn_conflicts_seen;

typedef struct firn_rejects {
    firn_arena *arena; /* where texts and the arrays go */
    firn_reject *v;
    size_t n;
    size_t cap;
    uint64_t duplicate_keys; /* counted, not rejected: the last one wins */
    firn_conflicts_seen conflicts;
} firn_rejects;

FIRN_NODISCARD firn_code firn_rejects_add(firn_rejects *r, size_t record, uint16_t id,
                                          firn_str path, firn_err *err, const char *fmt, ...)
    FIRN_PRINTF(6, 7);

/* Returns the 1-based line in the file at which record i of a batch begins, or its number where
 * there are no lines. */
uint64_t firn_batch_line(const firn_batch *b, size_t i);

/* Counts line ends: LF, CR LF and, with lone_cr, a CR without an LF behind it. */
uint64_t firn_count_lines(firn_slice bytes, bool lone_cr);

/* Where a file that is cut into batches has come to.  Begin with line 1. */
typedef struct firn_line_counter {
    uint64_t line;
    bool after_cr; /* which was counted: an LF that follows belongs to it */
} firn_line_counter;

/* Returns the line at which `bytes` begin (firn_batch.first_line) and moves behind them. */
uint64_t firn_next_lines(firn_line_counter *c, firn_slice bytes, bool lone_cr);

/* --- framing ------------------------------------------------------------------------------- */

/* State of one file; the fields are the framer's, the caller only passes it on. */
typedef struct firn_framer firn_framer;

typedef struct firn_cut {
    firn_record *records; /* room for `cap`; offsets count from bytes.p of the call */
    size_t cap;
    size_t n;        /* out: records found */
    size_t consumed; /* out: bytes of the input that are done with; the rest comes again */
} firn_cut;

typedef struct firn_decoder_ops {
    const char *name; /* "json", "csv": `format:` in the project file */

    /* Looks at the first bytes of a file (up to 1 MB, `whole` if that is all of it) and decides
     * what it is.  Everything lives in `a`, which lives as long as the file's batches.
     * FIRN_E_DATA when it is not this format at all. */
    firn_code (*open)(const firn_format_opt *opt, firn_slice head, bool whole, firn_arena *a,
                      firn_framer **ret, firn_err *err);

    /* Cuts records from bytes (a run of the file, continuing where the last call's `consumed`
     * ended).  `eof`: nothing follows.  `force`: the buffer is full and holds no whole record:
     * the framer gives its beginning as FIRN_REC_OVERSIZE and skips the rest in later calls.
     * FIRN_E_DATA with the byte offset in the file when the file itself is broken (nothing of it
     * may land then): garbage behind an array, an unclosed array, an array among lines. */
    firn_code (*cut)(firn_framer *f, firn_slice bytes, bool eof, bool force, firn_cut *out,
                     firn_err *err);

    /* What `firn_batch.file` shall be for batches cut so far; may be NULL. */
    const void *(*file)(firn_framer *f);

    /* Notes about the file for the user ("separator ';', windows-1252"); "" if there is nothing. */
    firn_str (*describe)(const firn_framer *f);

    /* CSV: an encoding other than UTF-8 must be converted before `cut`: its iconv name, "" for
     * UTF-8 (a UTF-8 byte order mark is skipped by `cut`). */
    firn_str (*encoding)(const firn_framer *f);

    /* Whether a CR alone ends a line of this file.  Elsewhere it is a byte like others. */
    bool (*lone_cr)(const firn_framer *f);

    /* The file has no lines: its records are counted instead. */
    bool lineless;

    /* A record as text for people, in `a` (canonical Extended JSON); NULL: records are text. */
    firn_code (*text)(const firn_batch *b, size_t record, firn_arena *a, firn_str *ret,
                      firn_err *err);

    /* Records what the batch holds that `layout` cannot take (layout == NULL: all it holds) into
     * *seen, which stays as it was when everything fits.  Records that fill would reject as
     * unreadable are passed over.  *ret_misfit says whether anything was recorded. */
    firn_code (*walk)(const firn_batch *b, const firn_layout *layout, firn_shape *seen,
                      firn_arena *a, bool *ret_misfit, firn_err *err);

    /* Decodes records from *next on into the columns of `root` (a struct column of the layout's
     * type), rows row .. row + max_rows - 1; advances *next past every record it is done with and
     * sets *ret_rows.  Records that cannot land are added to `rejects` and leave no trace in the
     * columns.  Decoded texts live in the batch's bytes or in `a`. */
    firn_code (*fill)(const firn_batch *b, size_t *next, const firn_layout *layout,
                      firn_column *root, size_t row, size_t max_rows, size_t *ret_rows,
                      firn_rejects *rejects, firn_arena *a, firn_err *err);
} firn_decoder_ops;

extern const firn_decoder_ops firn_decoder_json;
extern const firn_decoder_ops firn_decoder_csv;
extern const firn_decoder_ops firn_decoder_bson;

/* By name, or NULL. */
const firn_decoder_ops *firn_decoder_find(firn_str name);

/* Ids of rejects, explained by `firn help`. */
enum {
    FIRN_REJ_SYNTAX = 2101,   /* the record is not JSON, or a row has another number of cells */
    FIRN_REJ_UTF8 = 2102,     /* bytes that are not UTF-8 */
    FIRN_REJ_TYPE = 2103,     /* a value does not fit its column */
    FIRN_REJ_REQUIRED = 2104, /* a required value is missing */
    FIRN_REJ_OVERSIZE = 2105, /* longer than max_record_bytes */
    FIRN_REJ_DEPTH = 2106,    /* nested deeper than 100 levels */
};

#endif
