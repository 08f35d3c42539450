/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan.h — finds the end of a JSON value without reading it: only brackets and strings count.
 *
 * A scan may stop anywhere and go on with the next piece of the file.  It looks for the bracket
 * that closes the first one and ignores those of the other kind, so that a value in which they
 * do not match costs only itself. */
#ifndef FIRN_JSON_SCAN_H
#define FIRN_JSON_SCAN_H

#include "base/base.h"

typedef struct firn_json_scan {
    char open;  /* '{' or '[': up to its counterpart; '"': a string; else a bare word */
    char close; /* of a bracket */
    bool in_string;
    bool escape; /* the next byte stands behind a backslash */
    uint64_t depth;
} firn_json_scan;

/* Starts a scan at the first byte of a value. */
firn_json_scan firn_json_scan_start(char first);

/* Goes on over n bytes; returns how many belong to the value.  *ret_done: it ended there. */
size_t firn_json_scan_run(firn_json_scan *s, const uint8_t *p, size_t n, bool *ret_done);

#endif
