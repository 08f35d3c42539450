/* SPDX-License-Identifier: Apache-2.0 */
/* errprint.h — how an error looks to a person:
 *
 *     error E1102 firn.yml:3:1: unknown key 'warehose'
 *       did you mean 'warehouse'?
 *
 * The id can be typed (`firn help E1102`), the place can be clicked, the indented lines say what
 * to do.  The source line itself is not shown: it may hold a password. */
#ifndef FIRN_ERRPRINT_H
#define FIRN_ERRPRINT_H

#include "base/err.h"

#include <stdio.h>

/* Room for any error. */
#define FIRN_ERR_PRINT_MAX 8192

/* Writes the lines, with a newline at the end, into out[FIRN_ERR_PRINT_MAX]; returns their length.
 * Further lines of a text are indented; control characters become \xNN.  Needs no memory, so that
 * FIRN_E_NOMEM can be said.  `colour`: with ANSI colours. */
size_t firn_err_format(const firn_err *err, bool colour, char out[FIRN_ERR_PRINT_MAX]);

/* The same to a stream, in one write. */
void firn_err_print(const firn_err *err, FILE *f, bool colour);

#endif
