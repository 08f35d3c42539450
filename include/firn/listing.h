/* SPDX-License-Identifier: Apache-2.0 */
/* listing.h — all files that belong to a table, for whoever removes, copies or counts files. */
#ifndef FIRN_API_LISTING_H
#define FIRN_API_LISTING_H

#include <firn/table.h>

FIRN_BEGIN_C

typedef enum firn_listed_kind {
    FIRN_LISTED_METADATA = 0, /* the current metadata file, and those in its log */
    FIRN_LISTED_MANIFEST_LIST = 1,
    FIRN_LISTED_MANIFEST = 2,
    FIRN_LISTED_DATA = 3,
    FIRN_LISTED_DELETES = 4, /* position and equality deletes, deletion vectors */
    FIRN_LISTED_STATISTICS = 5
} firn_listed_kind;

typedef struct firn_listed_file {
    uint32_t size;
    firn_listed_kind kind;
    const char *path;    /* as the metadata has it; lives during the call */
    int64_t size_bytes;  /* -1: not said */
    int64_t snapshot_id; /* one of those that need it; FIRN_NONE: the table itself */
} firn_listed_file;

typedef firn_status (*firn_listed_file_function)(void *argument, const firn_listed_file *file,
                                                 firn_error *error);

/* Calls `each` once for every file that some of the snapshots need, and for the metadata files; no
 * file that it names may be deleted as long as one of the snapshots shall be readable.
 *   snapshot_ids, count   NULL and 0: every snapshot of the table, whatever branch it is on
 * Everything is read before the first call: a list or manifest that cannot be read fails the whole
 * listing, since a part of it would be mistaken for the whole.  What `each` returns other than
 * FIRN_STATUS_OK ends the listing and is returned.  Memory: about 200 bytes a file.
 * Files that commits in progress have written already are not among them: whoever deletes must
 * spare files younger than the longest commit. */
FIRN_CHECKED FIRN_API firn_status firn_table_list_files(const firn_table *table,
                                                        const int64_t *snapshot_ids, size_t count,
                                                        firn_listed_file_function each,
                                                        void *argument, firn_error *error);

FIRN_END_C

#endif
