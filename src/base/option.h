/* SPDX-License-Identifier: Apache-2.0 */
/* option.h — tables of options: one row a key, from which the parser, `firn help` and
 * docs/CONFIGURATION.md are made.
 *
 *     static const firn_option options[] = {
 *         {.key = "threads", .kind = FIRN_OPT_INT, .offset = offsetof(conf, threads),
 *          .otherwise = "2", .min = 1, .max = 64, .example = "4", .help = "Workers."},
 *         {.key = NULL},
 *     };
 */
#ifndef FIRN_OPTION_H
#define FIRN_OPTION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"

/* What a value is, and the member of the struct that holds it. */
typedef enum firn_option_kind {
    FIRN_OPT_STRING,   /* firn_str; one text, kept as written */
    FIRN_OPT_BOOL,     /* bool; true or false, nothing else */
    FIRN_OPT_INT,      /* int64_t, min … max */
    FIRN_OPT_BYTES,    /* uint64_t, min … max; "128MB" */
    FIRN_OPT_DURATION, /* int64_t, milliseconds, min … max; "30d", "12h", "5m", "90s", "500ms" */
    FIRN_OPT_PERCENT,  /* double, 0 … 1; "5%" */
    FIRN_OPT_ENUM,     /* int, an index into words */
    FIRN_OPT_CHAR,     /* char; one ASCII character, or the word tab */
    FIRN_OPT_STRINGS,  /* firn_strings; one text or a list of texts */
    FIRN_OPT_CONF,     /* const firn_conf *; read by the table's owner; NULL if absent */
} firn_option_kind;

typedef struct firn_strings {
    firn_str *v;
    size_t n;
} firn_strings;

enum {                              /* firn_option.flags */
       FIRN_OPT_REQUIRED = 1 << 0,  /* an error if it is not there */
       FIRN_OPT_SECRET = 1 << 1,    /* the value is never printed */
       FIRN_OPT_PATH = 1 << 2,      /* a file or folder (for the help) */
       FIRN_OPT_NOT_EMPTY = 1 << 3, /* the empty text is an error */
};

/* Rows with key == NULL end a table. */
typedef struct firn_option {
    const char *key;
    firn_option_kind kind;
    unsigned flags;
    size_t offset;            /* of the member; also of rows that only the owner fills */
    const char *otherwise;    /* default, in the words of the file; NULL: the member stays zero */
    const char *computed;     /* default that the owner works out, for the help; NULL: none */
    int64_t min;              /* of numbers, sizes (bytes) and durations (ms) … */
    int64_t max;              /* … 0 with min 0: no limits */
    const char *const *words; /* of FIRN_OPT_ENUM; ends with NULL */
    unsigned shapes;          /* of FIRN_OPT_CONF: which firn_conf_kind bits are accepted */
    const char *example;      /* a value, as it would be written behind "key: " */
    const char *help;         /* a sentence or two */
} firn_option;

/* Fills a struct from a map.
 *   map       its members are looked up in the table; NULL: as an empty map
 *   defaults  true: members that are not there get their default; false: they keep what *out holds
 *             and nothing is required (a map that overrides another one)
 * Texts point into the map or the table.  FIRN_E_CONFIG with place and the nearest right word:
 * unknown key, wrong shape, wrong value, missing key. */
FIRN_NODISCARD firn_code firn_options_fill(const firn_option *table, const firn_conf *map,
                                           bool defaults, void *out, firn_arena *a, firn_err *err);

/* Appends a table as text, `width` columns wide: key and kind of value, then the help. */
FIRN_NODISCARD firn_code firn_options_help(const firn_option *table, unsigned width, firn_buf *out,
                                           firn_err *err);

/* Appends a table as Markdown: a heading row, then one row a key. */
FIRN_NODISCARD firn_code firn_options_markdown(const firn_option *table, firn_buf *out,
                                               firn_err *err);

#endif
