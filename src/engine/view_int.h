/* SPDX-License-Identifier: Apache-2.0 */
/* view_int.h — the parts of a view: view.c puts them together.
 *
 * A view reads "wanted" columns: the schema's and, hidden behind them, those that deletes or
 * metadata columns need.  Inside of it the i-th is called c<i>, whatever the table calls it, so
 * that no name of the table can hide what the engine calls its own (file_index, file_row_number).
 */
#ifndef FIRN_VIEW_INT_H
#define FIRN_VIEW_INT_H

#include "base/json.h"
#include "base/map.h"
#include "engine/sql.h"
#include "engine/view.h"
#include "format/roaring.h"

/* Field ids that the specification keeps for itself. */
enum {
    FIRN_ID_ROW_ID = 2147483540,
    FIRN_ID_SEQUENCE = 2147483539,
    FIRN_ID_DELETE_POS = 2147483545,
    FIRN_ID_DELETE_PATH = 2147483546,
};

/* One view being made. */
typedef struct firn_view_work {
    firn_session *s;
    const firn_view_request *rq;
    firn_view_keep *keep;
    firn_arena *a;   /* until the SELECT is written */
    json_t *mapping; /* schema.name-mapping.default, parsed at first use */
} firn_view_work;

/* A file to be read, a data file or one of deletes. */
typedef struct firn_view_file {
    const firn_data_file *file;
    int64_t sequence_number;
    int64_t place; /* number of its partition among those with deletes by key; -1: none */
    const firn_bitmap *deleted; /* NULL: no rows by position */
} firn_view_file;

/* SQL types of the metadata columns, by bit. */
extern const char *const firn_view_meta_types[FIRN_META_COLUMN_COUNT];

/* --- view_shape.c: do the names of the files' columns say which they are? --- */

/* Whether files of this table must be looked into before these columns can be read from them. */
bool firn_view_needs_footers(const firn_metadata *m, const firn_type *want);

/* --- view_footer.c: the files' own schemas --- */

/* One file's columns: names, ids, the kind of nesting and, as type.text, the engine's type; ids by
 * the name mapping where the file has none. */
typedef struct firn_footer {
    firn_type type;     /* struct */
    firn_str signature; /* the same for files that can be read together */
} firn_footer;

/* Looks into all files at once; ret[i] is of files[i]. */
FIRN_NODISCARD firn_code firn_view_footers(firn_view_work *w, const firn_view_file *files,
                                           size_t count, firn_footer **ret, firn_err *err);

/* --- view_rebuild.c: columns by id as expressions --- */

/* A column that a file does not have, since it is the same in all of its rows: the partition's. */
typedef struct firn_view_constant {
    int32_t id;
    int32_t which; /* of firn_file_text */
    bool binary;   /* the text is base64 */
} firn_view_constant;

typedef struct firn_view_constants {
    firn_view_constant *v;
    size_t n;
    int64_t set; /* id of the file set that has the texts */
} firn_view_constants;

/* Appends "expr AS c0, expr AS c1, …": the wanted columns out of those that a file has. */
FIRN_NODISCARD firn_code firn_view_rebuild(const firn_type *want, const firn_type *have,
                                           const firn_view_constants *constants, firn_buf *out,
                                           firn_err *err);

/* --- view_files.c: what the engine is told about files --- */

typedef enum firn_file_number {
    FIRN_FILE_SEQUENCE,
    FIRN_FILE_FIRST_ROW,
    FIRN_FILE_SPEC,
    FIRN_FILE_PLACE,
} firn_file_number;

enum { FIRN_FILE_PATH = 0, FIRN_FILE_CONSTANT = 1 /* and behind it: one a constant */ };

/* Makes a set of these files known to the engine; texts[i * text_count + k] is text
 * FIRN_FILE_CONSTANT + k of file i.  It lives in keep->arena. */
FIRN_NODISCARD firn_code firn_view_add_set(firn_view_work *w, const firn_view_file *files,
                                           size_t count, const firn_str *texts, size_t text_count,
                                           int64_t *ret_id, firn_err *err);

/* Appends a list of files as read_parquet wants it: ['a','b']. */
FIRN_NODISCARD firn_code firn_view_paths(firn_view_work *w, const firn_view_file *files,
                                         size_t count, firn_buf *out, firn_err *err);

/* The name that the engine's own functions give a file. */
FIRN_NODISCARD firn_code firn_view_opened_path(firn_view_work *w, firn_str path, firn_str *ret,
                                               firn_err *err);

/* --- view_deletes.c: rows by position --- */

/* Reads the position deletes and deletion vectors of these files (places in the plan) and sets
 * files[i].deleted. */
FIRN_NODISCARD firn_code firn_view_load_deleted(firn_view_work *w, const size_t *places,
                                                size_t count, firn_view_file *files, firn_err *err);

/* --- view_source.c: a list of files as a SELECT of c0, c1, … --- */

/* What a source gives besides the wanted columns. */
typedef struct firn_view_extra {
    bool deleted;     /* leave out what files[i].deleted says */
    bool row;         /* "r": file_row_number */
    unsigned numbers; /* bits of firn_file_number: "n0", "n1", … */
    bool path;        /* "t0" */
    bool complete;    /* a file that lacks a wanted column is damaged; with footers only */
    bool plain;       /* read by ids through the engine, once the footers were looked at */
} firn_view_extra;

/* Appends SELECTs joined by UNION ALL. */
FIRN_NODISCARD firn_code firn_view_source(firn_view_work *w, const firn_type *want,
                                          const firn_view_file *files, size_t count,
                                          const firn_view_extra *extra, bool footers, firn_buf *out,
                                          firn_err *err);

/* MAP {1: {name: 'c0', type: 'BIGINT', default_value: NULL}, …}; names NULL: c<i>. */
FIRN_NODISCARD firn_code firn_view_schema_map(const firn_type *want, bool own_names, firn_buf *out,
                                              firn_err *err);

/* --- view_keys.c: rows by key --- */

typedef struct firn_view_keys firn_view_keys;

/* Looks at the deletes by key of the plan, adds what they need to the wanted columns (all hidden
 * behind the schema's) and numbers the partitions.  *ret is NULL if there are none. */
FIRN_NODISCARD firn_code firn_view_keys_make(firn_view_work *w, firn_type *want, bool *ret_footers,
                                             firn_view_keys **ret, firn_err *err);

/* Number of a data file's partition; -1: no deletes are in it. */
FIRN_NODISCARD firn_code firn_view_keys_place(firn_view_work *w, firn_view_keys *k,
                                              const firn_data_file *f, int64_t *ret, firn_err *err);

/* Appends an ANTI JOIN for each group of deletes, behind "… AS d". */
FIRN_NODISCARD firn_code firn_view_keys_joins(firn_view_work *w, const firn_view_keys *k,
                                              firn_buf *out, firn_err *err);

#endif
