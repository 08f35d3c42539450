/* SPDX-License-Identifier: Apache-2.0 */
/* csv.h — what the CSV format knows about a file beyond the table of decoder.h. */
#ifndef FIRN_CSV_H
#define FIRN_CSV_H

#include "format/decoder.h"

/* The columns of a file as its header names them, which are also the keys of its records: `file` is
 * what firn_decoder_csv.file returned.  Empty names are column_1, column_2, … by position, a name
 * that came before gets the suffix _2, _3, …; blanks are kept.  Without a header all are column_N.
 * 0 for a file that holds nothing.  *names lives as long as `file`. */
size_t firn_csv_header(const void *file, const firn_str **names);

#endif
