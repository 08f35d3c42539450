/* SPDX-License-Identifier: Apache-2.0 */
/* junit.h — outcomes of tests as the XML that CI servers read (JUnit's, as Jenkins and GitLab do).
 */
#ifndef FIRN_JUNIT_H
#define FIRN_JUNIT_H

#include "base/buf.h"
#include "env/env.h"

typedef enum firn_junit_outcome {
    FIRN_JUNIT_PASSED,
    FIRN_JUNIT_WARNED, /* passed, with something to say */
    FIRN_JUNIT_FAILED,
    FIRN_JUNIT_ERROR,
} firn_junit_outcome;

typedef struct firn_junit_case {
    const char *suite; /* "unit tests"; those of one suite stand together */
    firn_str group;    /* "curated.orders" */
    firn_str name;
    const char *file; /* NULL: not known */
    uint32_t line;
    double seconds;
    firn_junit_outcome outcome;
    firn_str message; /* one line */
    firn_str text;    /* several; may be empty */
} firn_junit_case;

typedef struct firn_junit {
    firn_arena *a;
    FIRN_VEC(firn_junit_case) cases;
} firn_junit;

/* Adds a case; its texts are copied. */
FIRN_NODISCARD firn_code firn_junit_add(firn_junit *j, const firn_junit_case *c, firn_err *err);

/* Appends the document.  What XML cannot hold (control characters, broken UTF-8) becomes U+FFFD. */
FIRN_NODISCARD firn_code firn_junit_print(const firn_junit *j, firn_buf *out, firn_err *err);

/* Writes it to a file, as a whole or not at all. */
FIRN_NODISCARD firn_code firn_junit_write(const firn_junit *j, firn_env *env, const char *path,
                                          firn_err *err);

#endif
