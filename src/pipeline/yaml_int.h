/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_int.h — what yaml.c and yaml_error.c share. */
#ifndef FIRN_YAML_INT_H
#define FIRN_YAML_INT_H

#include "base/buf.h"
#include "pipeline/yaml.h"

/* What the parser said about a broken file. */
typedef struct firn_yaml_fault {
    firn_str text;
    const char *file;
    const char *message; /* libfyaml's words; NULL: none */
    uint32_t line;       /* from 1 */
    uint32_t column;     /* from 1 */
    firn_place opener;   /* of the innermost '[' or '{'; line 0: none is open */
} firn_yaml_fault;

/* Refuses what must not reach the parser: size, encoding, control characters, directives. */
FIRN_NODISCARD firn_code firn_yaml_scan(firn_str text, const char *file, firn_err *err);

/* Raises a syntax error in our words. */
firn_code firn_yaml_explain(const firn_yaml_fault *fault, firn_err *err);

/* Appends the value of a text, given as it stands between its quotes.  FIRN_E_DATA for an escape
 * that is none, or of NUL or a surrogate. */
FIRN_NODISCARD firn_code firn_yaml_unquote(firn_str s, bool single, firn_buf *out, firn_err *err);

#endif
