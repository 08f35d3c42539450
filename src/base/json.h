/* SPDX-License-Identifier: Apache-2.0 */
/* json.h — JSON documents as trees (jansson): metadata, positions, events; not for data.
 * Integers stay exact to 64 bits; duplicate keys are refused.  jansson allocates for itself: tests
 * that make allocations fail leave it out, as 2.14 does not survive that. */
#ifndef FIRN_JSON_H
#define FIRN_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

void firn_json_unref(json_t **j); /* for FIRN_AUTO; accepts NULL inside */

/* Parses one document; *ret is a new reference.  FIRN_E_DATA names line and column. */
FIRN_NODISCARD firn_code firn_json_parse(firn_slice text, json_t **ret, firn_err *err);

/* The same for trees of others in which no integer matters: those beyond 64 bits become reals. */
FIRN_NODISCARD firn_code firn_json_parse_loose(firn_slice text, json_t **ret, firn_err *err);

/* Prints compactly (indent == 0) or with `indent` blanks, keys in the tree's order. */
FIRN_NODISCARD firn_code firn_json_print(const json_t *j, int indent, firn_buf *out, firn_err *err);

/* A member that must be there and of this type; FIRN_E_DATA says which is missing or wrong.
 * Borrowed from obj. */
FIRN_NODISCARD firn_code firn_json_i64(const json_t *obj, const char *key, int64_t *ret,
                                       firn_err *err);
FIRN_NODISCARD firn_code firn_json_i32(const json_t *obj, const char *key, int32_t *ret,
                                       firn_err *err);
FIRN_NODISCARD firn_code firn_json_str(const json_t *obj, const char *key, firn_str *ret,
                                       firn_err *err);
FIRN_NODISCARD firn_code firn_json_array(const json_t *obj, const char *key, json_t **ret,
                                         firn_err *err);
FIRN_NODISCARD firn_code firn_json_object(const json_t *obj, const char *key, json_t **ret,
                                          firn_err *err);

/* The same for members that may be absent or null: the value given is returned then. */
FIRN_NODISCARD firn_code firn_json_opt_i64(const json_t *obj, const char *key, int64_t otherwise,
                                           int64_t *ret, firn_err *err);
FIRN_NODISCARD firn_code firn_json_opt_str(const json_t *obj, const char *key, firn_str *ret,
                                           firn_err *err); /* absent: .p == NULL */
FIRN_NODISCARD firn_code firn_json_opt_bool(const json_t *obj, const char *key, bool otherwise,
                                            bool *ret, firn_err *err);
FIRN_NODISCARD firn_code firn_json_opt_array(const json_t *obj, const char *key, json_t **ret,
                                             firn_err *err); /* absent: NULL */
FIRN_NODISCARD firn_code firn_json_opt_object(const json_t *obj, const char *key, json_t **ret,
                                              firn_err *err);

firn_str firn_json_text(const json_t *string); /* the text of a JSON string */

/* Sets a member, taking over the reference to `value`; a NULL value is a failed allocation. */
FIRN_NODISCARD firn_code firn_json_set(json_t *obj, const char *key, json_t *value, firn_err *err);
FIRN_NODISCARD firn_code firn_json_setn(json_t *obj, firn_str key, json_t *value, firn_err *err);
FIRN_NODISCARD firn_code firn_json_append(json_t *array, json_t *value, firn_err *err);
json_t *firn_json_new_str(firn_str s); /* NULL also when s is not UTF-8 */

/* Appends s as a JSON string with its quotes, escaped; invalid UTF-8 becomes U+FFFD. */
FIRN_NODISCARD firn_code firn_json_escape(firn_str s, firn_buf *out, firn_err *err);

#endif
