/* SPDX-License-Identifier: Apache-2.0 */
/* json_frame.h — what the parts of the JSON framer share: json_frame.c decides what a file is and
 * cuts lines, objects and arrays, json_path.c finds the way to `records: data.invoices`. */
#ifndef FIRN_JSON_FRAME_H
#define FIRN_JSON_FRAME_H

#include "format/json.h"
#include "format/json_scan.h"

typedef enum firn_json_mode {
    FIRN_JSON_UNKNOWN, /* nothing but white space so far */
    FIRN_JSON_LINES,   /* one value a line */
    FIRN_JSON_OBJECTS, /* objects, over several lines or several a line */
    FIRN_JSON_ARRAY,
    FIRN_JSON_PATH, /* an array or object at a path */
} firn_json_mode;

/* Where in an array the next byte stands. */
typedef enum firn_json_array_at {
    FIRN_JSON_BEFORE, /* [ */
    FIRN_JSON_FIRST,  /* a value or ] */
    FIRN_JSON_VALUE,
    FIRN_JSON_COMMA, /* , or ] */
    FIRN_JSON_BEHIND,
} firn_json_array_at;

/* Where on the way to the records the next byte stands. */
typedef enum firn_json_path_at {
    FIRN_JSON_PATH_OPEN, /* { of the top level */
    FIRN_JSON_PATH_KEY,  /* a key or } */
    FIRN_JSON_PATH_NEXT, /* a key */
    FIRN_JSON_PATH_COLON,
    FIRN_JSON_PATH_VALUE,
    FIRN_JSON_PATH_ARRAY, /* in the array of records */
    FIRN_JSON_PATH_COMMA, /* , or } */
    FIRN_JSON_PATH_DONE,
} firn_json_path_at;

typedef struct firn_json_path {
    firn_str *keys;
    size_t count;
    firn_str text; /* as given */
    firn_json_path_at at;
    size_t level;    /* objects open on the way, but for the first */
    size_t reached;  /* keys found so far, on the way in */
    bool match;      /* the value that comes is the one looked for */
    char names[200]; /* keys seen at this level, for messages */
} firn_json_path;

struct firn_framer {
    firn_json_mode mode;
    uint64_t offset; /* in the file: of the first byte of the next call */
    size_t max_record_bytes;
    firn_json_file file;
    bool started; /* a byte order mark was looked for */

    /* a value that a call did not see the end of */
    bool pending;
    bool skipping;   /* it is too long, or not wanted: no record is made of it */
    size_t scanned;  /* bytes of it that were looked at and come again */
    uint64_t begins; /* in the file */
    firn_json_scan scan;

    firn_json_array_at array_at;
    firn_json_path path;
};

/* One call of cut. */
typedef struct firn_json_cut {
    firn_framer *f;
    const uint8_t *p;
    size_t n;
    size_t at; /* everything before it is done with */
    bool eof;
    bool force;
    firn_cut *out;
    bool stop; /* there is nothing more to do in this call */
    firn_err *err;
} firn_json_cut;

/* Raises FIRN_E_DATA: "byte 17: …", the byte being that at c->at. */
firn_code firn_json_broken(const firn_json_cut *c, const char *fmt, ...) FIRN_PRINTF(2, 3);

/* Skips white space; false (and c->stop) if nothing else is there. */
bool firn_json_next(firn_json_cut *c);

/* Takes the value at c->at, or goes on with the pending one: a record, unless it is skipped.
 * Stops where its end is not there yet or there is no room for a record. */
FIRN_NODISCARD firn_code firn_json_take(firn_json_cut *c, bool skip);

/* Goes on in an array until it ends, or until c->stop. */
FIRN_NODISCARD firn_code firn_json_take_array(firn_json_cut *c);

/* Goes on to, through and behind the records of a path. */
FIRN_NODISCARD firn_code firn_json_take_path(firn_json_cut *c);

/* Takes "data.invoices" apart.  FIRN_E_CONFIG. */
FIRN_NODISCARD firn_code firn_json_path_parse(firn_str text, firn_arena *a, firn_json_path *ret,
                                              firn_err *err);

#endif
