/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h — YAML 1.2 as people mean it in a settings file, read into a tree of firn_conf.
 *
 * Strict: one document, texts, lists and maps; no anchors, aliases, tags, merge keys, directives
 * or keys that are no texts; no key twice.  Scalars stay texts (`no` is a text; what is a number
 * or a boolean is the business of the option that wants one).  One thing is added: inside of […]
 * and {…} a comma in round brackets belongs to its text, and so does one in the angle brackets of a
 * type, so that {amount: decimal(18,2)} and [bucket(16, id)] mean what they say. */
#ifndef FIRN_YAML_H
#define FIRN_YAML_H

#include "base/arena.h"
#include "base/conf.h"

#define FIRN_YAML_MAX_BYTES ((size_t)1 << 20)
#define FIRN_YAML_MAX_DEPTH 32

/* Parses a whole file (a byte order mark is skipped); places name `file`.  The tree lives in `a`
 * and does not point into `text`.  A file without content gives *ret == NULL.
 * FIRN_E_CONFIG, ids FIRN_ID_YAML, _TWICE, _FEATURE, _TOO_LARGE.  Never prints.  Any thread. */
FIRN_NODISCARD firn_code firn_yaml_parse(firn_str text, const char *file, firn_arena *a,
                                         firn_conf **ret, firn_err *err);

/* The place of a byte of a text. */
firn_place firn_place_of(firn_str text, size_t offset, const char *file);

#endif
