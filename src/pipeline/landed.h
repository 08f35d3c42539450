/* SPDX-License-Identifier: Apache-2.0 */
/* landed.h — which files of a stream have landed: the position of a `files` source.
 *
 * 24 bytes a file (docs/formats/position.md): hash of the name; size and a check of the times;
 * hash of the content.  A file whose name, size and times are as they were is not read again; when
 * only the times differ its content decides. */
#ifndef FIRN_LANDED_H
#define FIRN_LANDED_H

#include "base/json.h"
#include "source/files.h"

typedef struct firn_landed_file {
    uint64_t name_hash;
    uint64_t size;       /* up to 2^40 - 1; larger ones are kept as that */
    uint32_t times_hash; /* 24 bits of mtime and ctime; 0: not to be trusted */
    uint64_t content_hash;
} firn_landed_file;

typedef struct firn_landed {
    firn_landed_file *v; /* ascending by name_hash, then content_hash */
    size_t n;
} firn_landed;

/* Reads the part "files" of a position; NULL gives the empty set. */
FIRN_NODISCARD firn_code firn_landed_parse(const json_t *part, firn_arena *a, firn_landed *ret,
                                           firn_err *err);
/* Makes it; *ret is a new reference. */
FIRN_NODISCARD firn_code firn_landed_print(const firn_landed *set, json_t **ret, firn_err *err);

/* Makes the entry of a file from what was read of it.  `now_us`: times that are younger than two
 * seconds are not trusted, the file may change again within one tick of its clock. */
firn_landed_file firn_landed_entry(firn_str name, const firn_stat *st, uint64_t content_hash,
                                   int64_t now_us);

const firn_landed_file *firn_landed_by_name(const firn_landed *set, firn_str name);

/* Adds files (or, with `replace`, keeps nothing of the old set) in `a`. */
FIRN_NODISCARD firn_code firn_landed_union(const firn_landed *old, const firn_landed_file *added,
                                           size_t count, bool replace, firn_arena *a,
                                           firn_landed *ret, firn_err *err);

/* --- what is new --------------------------------------------------------------------------- */

typedef enum firn_file_state {
    FIRN_FILE_NEW,
    FIRN_FILE_LANDED,  /* as it was, or (by content) under another name */
    FIRN_FILE_CHANGED, /* the same name with other content */
    FIRN_FILE_EMPTY,   /* 0 bytes: nothing to land, nothing to remember */
} firn_file_state;

/* Tells what a file is to a set; reads its content only where name and size do not decide.
 * *ret_hash is set where the content was read, else 0. */
FIRN_NODISCARD firn_code firn_landed_state(const firn_landed *set, const firn_source_file *f,
                                           bool by_content, firn_file_state *ret,
                                           uint64_t *ret_hash, firn_err *err);

/* Of files with the same content keeps the first; *count is how many there are, and are left.
 * Reads only files that have the size of another one. */
FIRN_NODISCARD firn_code firn_landed_drop_twins(firn_source_file *files, size_t *count,
                                                firn_arena *a, firn_err *err);

#endif
