/* SPDX-License-Identifier: Apache-2.0 */
/* files.h — local files as a source: which ones there are, and their records in raw batches.
 *
 * Transport only: reads, decompresses, converts the encoding, asks the format where records end. */
#ifndef FIRN_FILES_H
#define FIRN_FILES_H

#include "env/env.h"
#include "format/decoder.h"

/* One file of a stream. */
typedef struct firn_source_file {
    firn_str name;    /* below the source's folder, as shown to people: "2025/a.json" */
    const char *path; /* absolute, links resolved */
    firn_stat stat;
} firn_source_file;

/* Finds the files of a stream: `pattern` below `folder` is a file, a folder (the files directly in
 * it) or a glob with *, ?, [a-z] in one level and ** for any number of levels.  Hidden files and
 * folders are passed over unless named.  Sorted by name, numbers in them as numbers.
 * Errors say what is there instead: FIRN_E_NOTFOUND (no such file, nothing matches), FIRN_E_INVAL
 * (a FIFO or device, a link that leads out of the folder). */
FIRN_NODISCARD firn_code firn_files_find(firn_env *env, firn_str folder, firn_str pattern,
                                         firn_arena *a, firn_source_file **ret, size_t *ret_count,
                                         firn_err *err);

/* Whether `name` is what mongodump writes about the dump `dump`, beside it: orders.metadata.json
 * about orders.bson.  firn_files_find passes such files over, unless they are named. */
bool firn_files_tell_of(firn_str name, firn_str dump);

/* What the files of a stream hold. */
typedef enum firn_file_kind {
    FIRN_FILE_JSON,
    FIRN_FILE_CSV,
    FIRN_FILE_TSV, /* CSV whose separator is a tab */
    FIRN_FILE_BSON,
    FIRN_FILE_PARQUET, /* read by the engine */
    FIRN_FILE_KIND_COUNT
} firn_file_kind;

/* "json", "csv", …: as `format:` in the project file. */
const char *firn_file_kind_name(firn_file_kind kind);

/* Finds out what files hold: `word` says it, or, if it is empty, the ending of their names
 * ("a.csv.gz"), or, where that says nothing, their first bytes.  FIRN_E_DATA names two files of
 * different formats. */
FIRN_NODISCARD firn_code firn_files_kind(firn_env *env, const firn_source_file *files, size_t count,
                                         firn_str word, firn_file_kind *ret, firn_err *err);

/* What the ending of a name says, compression apart; false: nothing. */
bool firn_file_kind_of_name(firn_str name, firn_file_kind *ret);

/* The decoder of a format that has one (all but Parquet; NULL), and in *opt what the format says of
 * its options. */
const firn_decoder_ops *firn_file_kind_decoder(firn_file_kind kind, firn_format_opt *opt);

/* How the bytes of a file are stored, by its first ones. */
typedef enum firn_file_codec { FIRN_FILE_PLAIN, FIRN_FILE_GZIP, FIRN_FILE_ZSTD } firn_file_codec;
firn_file_codec firn_file_codec_of(firn_slice head);

/* FIRN_E_UNSUPPORTED for the beginnings of files that are none of the formats: other compressions,
 * archives, spreadsheets.  FIRN_E_DATA for a Parquet file. */
FIRN_NODISCARD firn_code firn_file_refuse_foreign(firn_slice head, firn_str name, firn_err *err);

/* Hash of a whole file's bytes, for identity. */
FIRN_NODISCARD firn_code firn_file_hash(const char *path, uint64_t *ret, firn_err *err);

/* A batch and the memory it stands in; free with firn_raw_batch_free. */
typedef struct firn_raw_batch {
    firn_batch batch;
    uint8_t *buffer;
    size_t buffer_bytes;
    firn_record *records;
    size_t record_cap;
} firn_raw_batch;

void firn_raw_batch_free(firn_raw_batch *b);

/* One file being read; used by one thread at a time. */
typedef struct firn_file_reader firn_file_reader;

typedef struct firn_file_reader_opt {
    const firn_decoder_ops *decoder;
    const firn_format_opt *format;
    size_t batch_bytes; /* of a usual batch; one long record may make it larger */
} firn_file_reader_opt;

/* Opens a file and lets the format look at its beginning.  What the format learned lives in `a`
 * until all batches of the file are released. */
FIRN_NODISCARD firn_code firn_file_reader_open(firn_env *env, const firn_source_file *file,
                                               const firn_file_reader_opt *opt, firn_arena *a,
                                               firn_file_reader **ret, firn_err *err);

/* Reads the next batch; *ret_end with no batch when the file is done.  FIRN_E_DATA with the byte
 * offset when the file is broken (truncated gzip, an unclosed array): nothing of it may land. */
FIRN_NODISCARD firn_code firn_file_reader_next(firn_file_reader *r, firn_raw_batch **ret,
                                               bool *ret_end, firn_err *err);

/* After the end: hash of the file's bytes as stored, and its stat when it was opened.  FIRN_E_DATA
 * if the file changed while it was read. */
FIRN_NODISCARD firn_code firn_file_reader_finish(firn_file_reader *r, uint64_t *ret_hash,
                                                 firn_stat *ret_stat, firn_err *err);

/* How many of the file's bytes, as stored, were read so far. */
uint64_t firn_file_reader_stored(const firn_file_reader *r);

/* How many of them the batches so far came from, about. */
uint64_t firn_file_reader_consumed(const firn_file_reader *r);

/* What the format found out, for people ("separator ';'"); "" if nothing. */
firn_str firn_file_reader_note(const firn_file_reader *r);
/* The framer's knowledge of the file, as in firn_batch.file. */
const void *firn_file_reader_info(const firn_file_reader *r);

void firn_file_reader_close(firn_file_reader *r);

#endif
