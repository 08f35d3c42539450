/* SPDX-License-Identifier: Apache-2.0 */
/* arrow_int.h — Arrow's format strings and metadata, read once for schemas and data. */
#ifndef FIRN_LIB_ARROW_INT_H
#define FIRN_LIB_ARROW_INT_H

#include "firn/arrow.h"
#include "lib/lib_int.h"

typedef enum firn_arrow_kind {
    FIRN_ARROW_NULL,
    FIRN_ARROW_BOOL,
    FIRN_ARROW_INT,        /* width, is_signed */
    FIRN_ARROW_FLOAT,      /* width 2, 4, 8 */
    FIRN_ARROW_DECIMAL,    /* width 4, 8, 16, 32; precision, scale */
    FIRN_ARROW_DATE,       /* width 4: days; 8: milliseconds */
    FIRN_ARROW_TIME,       /* width 4 or 8; unit */
    FIRN_ARROW_TIMESTAMP,  /* unit, zoned */
    FIRN_ARROW_TEXT,       /* utf8: offsets of `width` 4 or 8; width 0: views */
    FIRN_ARROW_BYTES,      /* binary: the same */
    FIRN_ARROW_FIXED,      /* fixed bytes */
    FIRN_ARROW_LIST,       /* offsets of `width` 4 or 8 */
    FIRN_ARROW_LIST_VIEW,  /* offsets and sizes of `width` */
    FIRN_ARROW_FIXED_LIST, /* `fixed` elements each */
    FIRN_ARROW_STRUCT,
    FIRN_ARROW_MAP,
} firn_arrow_kind;

typedef struct firn_arrow_format {
    firn_arrow_kind kind;
    int width;
    bool is_signed;
    int precision;
    int scale;
    int unit; /* digits behind the second: 0, 3, 6, 9 */
    bool zoned;
    int64_t fixed;
} firn_arrow_format;

/* Nested schemas are read to this depth. */
enum { FIRN_ARROW_MAX_DEPTH = 64 };

/* Reads a format string; false for types that Iceberg has nothing for. */
bool firn_arrow_format_read(const char *format, firn_arrow_format *ret);

/* The field id in the metadata; 0: none. */
int32_t firn_arrow_field_id(const struct ArrowSchema *s);

/* Makes a field from a schema, as for a new table; ids where the schema has them, else 0. */
FIRN_NODISCARD firn_code firn_arrow_import_field(const struct ArrowSchema *s, int depth,
                                                 firn_arena *a, firn_field *ret, firn_err *err);

/* Makes the schema of these fields as a struct. */
FIRN_NODISCARD firn_code firn_arrow_export_fields(const firn_field *const *fields, size_t count,
                                                  struct ArrowSchema *ret, firn_err *err);

#endif
