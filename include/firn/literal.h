/* SPDX-License-Identifier: Apache-2.0 */
/* literal.h — single values: in filters, of partitions, as bounds of columns.
 *
 * A literal is given in whatever form is at hand and becomes a value of the column it is used with,
 * exactly: FIRN_STATUS_INVALID if that is not possible (a text that is no date, 300.5 for an int).
 *   boolean              BOOLEAN
 *   int, long            INTEGER; TEXT "42"
 *   float, double        DOUBLE; INTEGER; TEXT
 *   decimal              TEXT "12.34"; INTEGER
 *   date                 INTEGER days since 1970; TEXT "2024-05-31"
 *   time                 INTEGER microseconds since midnight; TEXT "10:30:00.5"
 *   timestamp(tz)        INTEGER microseconds since 1970; TEXT "2024-05-31T10:30:00.5",
 *                        "2024-05-31" (midnight), of timestamptz also with "Z" or "+02:00"
 *                        (without: UTC)
 *   timestamp(tz)_ns     INTEGER nanoseconds since 1970; TEXT as above
 *   string               TEXT
 *   uuid                 BYTES, 16; TEXT "f79c3e09-677c-4bbd-a479-3f349cb785e7"
 *   fixed, binary        BYTES; TEXT, its bytes
 * NULL is given for partition values and unknown bounds; a comparison with it is never true.
 *
 * The library returns literals in the first form of each line.  Texts are UTF-8 and need no NUL. */
#ifndef FIRN_API_LITERAL_H
#define FIRN_API_LITERAL_H

#include <firn/error.h>

#include <string.h>

FIRN_BEGIN_C

typedef enum firn_literal_kind {
    FIRN_LITERAL_NULL = 0,
    FIRN_LITERAL_BOOLEAN = 1,
    FIRN_LITERAL_INTEGER = 2,
    FIRN_LITERAL_DOUBLE = 3,
    FIRN_LITERAL_TEXT = 4,
    FIRN_LITERAL_BYTES = 5
} firn_literal_kind;

/* Points to the caller's (or, when returned, the library's) memory; 24 bytes, never grows. */
typedef struct firn_literal {
    firn_literal_kind kind;
    uint32_t reserved; /* 0 */
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct {
            const void *data;
            size_t size;
        } bytes; /* TEXT, BYTES */
    } value;
} firn_literal;

static inline firn_literal firn_literal_null(void)
{
    firn_literal v;
    memset(&v, 0, sizeof v);
    return v;
}

static inline firn_literal firn_literal_boolean(bool boolean)
{
    firn_literal v = firn_literal_null();
    v.kind = FIRN_LITERAL_BOOLEAN;
    v.value.boolean = boolean;
    return v;
}

static inline firn_literal firn_literal_integer(int64_t integer)
{
    firn_literal v = firn_literal_null();
    v.kind = FIRN_LITERAL_INTEGER;
    v.value.integer = integer;
    return v;
}

static inline firn_literal firn_literal_double(double number)
{
    firn_literal v = firn_literal_null();
    v.kind = FIRN_LITERAL_DOUBLE;
    v.value.number = number;
    return v;
}

static inline firn_literal firn_literal_text(const char *text)
{
    firn_literal v = firn_literal_null();
    v.kind = FIRN_LITERAL_TEXT;
    v.value.bytes.data = text;
    v.value.bytes.size = strlen(text);
    return v;
}

static inline firn_literal firn_literal_bytes(const void *data, size_t size)
{
    firn_literal v = firn_literal_null();
    v.kind = FIRN_LITERAL_BYTES;
    v.value.bytes.data = data;
    v.value.bytes.size = size;
    return v;
}

FIRN_END_C

#endif
