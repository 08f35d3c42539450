/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h — settings as they were written: texts, lists and maps, each with its place.
 *
 * A tree of plain data in an arena.  A reader (pipeline/yaml.c) makes it from a file; tables of
 * options (base/option.h) turn it into structs.  Neither knows of the other. */
#ifndef FIRN_CONF_H
#define FIRN_CONF_H

#include "base/err.h"
#include "base/str.h"

/* Where something was written. */
typedef struct firn_place {
    const char *file; /* as the user knows it; NULL: nowhere */
    uint32_t line;    /* from 1; 0: the file as a whole */
    uint32_t column;  /* from 1, in characters */
} firn_place;

/* A place in a file; without line and column: the file as a whole. */
static inline firn_place firn_place_in(const char *file, uint32_t line, uint32_t column)
{
    return (firn_place){.file = file, .line = line, .column = column};
}

typedef enum firn_conf_kind { /* bits, so that an option can accept several */
                              FIRN_CONF_TEXT = 1 << 0,
                              FIRN_CONF_LIST = 1 << 1,
                              FIRN_CONF_MAP = 1 << 2,
} firn_conf_kind;

typedef struct firn_conf firn_conf;
struct firn_conf {
    firn_conf_kind kind;
    bool plain;    /* text without quotes: null, true and 1 may mean what they look like */
    bool replaced; /* the text holds the value of a variable: messages show `written` only */
    firn_str key;  /* of a member of a map; .p == NULL for items of lists and the root */
    firn_place key_place;
    firn_place place;
    firn_str text;    /* the value; valid UTF-8 */
    firn_str written; /* as it stands in the file, with its ${…} */
    firn_conf *items; /* of a list or map, in the order of the file; keys of a map are unique */
    size_t count;
};

/* Returns the member of a map with this key, or NULL (also when `c` is NULL or no map). */
const firn_conf *firn_conf_get(const firn_conf *c, const char *key);

/* True for a plain null: nothing, ~, null, Null or NULL. */
bool firn_conf_is_null(const firn_conf *c);

/* "a text", "a list", "a map": what stands there, for messages. */
const char *firn_conf_kind_name(firn_conf_kind kind);

/* The text of `c` in quotes, safe to print; what came from a variable is shown as "${NAME}". */
firn_quoted firn_conf_quote(const firn_conf *c);

/* Raises FIRN_E_CONFIG with this id at this place. */
#define firn_raise_conf(err, place, id, ...)                                                       \
    firn_raise_conf_at((err), __FILE__, __LINE__, (place), (id), __VA_ARGS__)
firn_code firn_raise_conf_at(firn_err *err, const char *file, int line, firn_place place,
                             uint16_t id, const char *fmt, ...) FIRN_PRINTF(6, 7);

/* Sets err->where to the place, unless it has one. */
firn_code firn_err_place(firn_err *err, firn_place place);

/* Ids of errors in project files and models, explained by `firn help`. */
enum {
    FIRN_ID_YAML = 1101,        /* not YAML */
    FIRN_ID_KEY = 1102,         /* unknown key */
    FIRN_ID_TWICE = 1103,       /* the same key twice in one map */
    FIRN_ID_SHAPE = 1104,       /* a list where a text is wanted, … */
    FIRN_ID_VALUE = 1105,       /* a value that is not one of those allowed */
    FIRN_ID_MISSING = 1106,     /* a key that must be there */
    FIRN_ID_VARIABLE = 1107,    /* ${…} */
    FIRN_ID_FEATURE = 1108,     /* YAML that firn does not take: anchors, tags, … */
    FIRN_ID_NO_PROJECT = 1109,  /* no project file, or it cannot be read */
    FIRN_ID_UNSUPPORTED = 1110, /* refused by name */
    FIRN_ID_NAME = 1111,        /* not a name of a table, namespace, source or column */
    FIRN_ID_CLASH = 1112,       /* two things that would be the same */
    FIRN_ID_SOURCE = 1113,      /* `from` names no source, or a stream it cannot have */
    FIRN_ID_PARTITION = 1114,   /* not a partition term */
    FIRN_ID_TYPE = 1115,        /* not a type, or not a format of dates */
    FIRN_ID_CHECK = 1116,       /* not a check */
    FIRN_ID_MODEL = 1117,       /* a model file that is no model */
    FIRN_ID_DOTENV = 1118,      /* .env */
    FIRN_ID_LAYOUT = 1119,      /* a layout that cannot hold tables */
    FIRN_ID_TOO_LARGE = 1120,   /* size or depth of a file */
    FIRN_ID_UNIT_TEST = 1121,   /* not a unit test */
};

#endif
