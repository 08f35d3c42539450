/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_schema.h — field ids of manifests and manifest lists, and their Avro schemas. */
#ifndef FIRN_MANIFEST_SCHEMA_H
#define FIRN_MANIFEST_SCHEMA_H

#include "format/avro.h"
#include "iceberg/partition.h"

/* manifest_entry */
enum {
    ID_STATUS = 0,
    ID_SNAPSHOT_ID = 1,
    ID_DATA_FILE = 2,
    ID_SEQUENCE_NUMBER = 3,
    ID_FILE_SEQUENCE_NUMBER = 4,
};

/* data_file */
enum {
    ID_CONTENT = 134,
    ID_FILE_PATH = 100,
    ID_FILE_FORMAT = 101,
    ID_PARTITION = 102,
    ID_RECORD_COUNT = 103,
    ID_FILE_SIZE = 104,
    ID_COLUMN_SIZES = 108,
    ID_VALUE_COUNTS = 109,
    ID_NULL_VALUE_COUNTS = 110,
    ID_NAN_VALUE_COUNTS = 137,
    ID_LOWER_BOUNDS = 125,
    ID_UPPER_BOUNDS = 128,
    ID_KEY_METADATA = 131,
    ID_SPLIT_OFFSETS = 132,
    ID_EQUALITY_IDS = 135,
    ID_SORT_ORDER_ID = 140,
    ID_FIRST_ROW_ID = 142,
    ID_REFERENCED_DATA_FILE = 143,
    ID_CONTENT_OFFSET = 144,
    ID_CONTENT_SIZE = 145,
};

/* manifest_file */
enum {
    ID_MANIFEST_PATH = 500,
    ID_MANIFEST_LENGTH = 501,
    ID_SPEC_ID = 502,
    ID_ADDED_SNAPSHOT_ID = 503,
    ID_ADDED_FILES = 504,
    ID_EXISTING_FILES = 505,
    ID_DELETED_FILES = 506,
    ID_PARTITIONS = 507,
    ID_LIST_SEQUENCE = 515,
    ID_LIST_MIN_SEQUENCE = 516,
    ID_LIST_CONTENT = 517,
    ID_ADDED_ROWS = 512,
    ID_EXISTING_ROWS = 513,
    ID_DELETED_ROWS = 514,
    ID_LIST_KEY_METADATA = 519,
    ID_LIST_FIRST_ROW_ID = 520,
    ID_CONTAINS_NULL = 509,
    ID_SUMMARY_LOWER = 510,
    ID_SUMMARY_UPPER = 511,
    ID_CONTAINS_NAN = 518,
};

/* The Avro schema of a manifest of a format version (2 or 3) for a spec; `types` are the partition
 * fields' result types. */
FIRN_NODISCARD firn_code firn_manifest_avro_schema(int32_t version, const firn_spec *spec,
                                                   const firn_type *types, firn_buf *out,
                                                   firn_err *err);

/* The Avro schema of a manifest list of a format version (2 or 3). */
const char *firn_manifest_list_avro_schema(int32_t version);

#endif
