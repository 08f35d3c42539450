/* SPDX-License-Identifier: Apache-2.0 */
/* csv.h — what the CSV format knows about a file beyond the table of decoder.h.
 *
 * Empty lines are no records, in a file of one column as well.  An unquoted empty cell, and one
 * that is null_text, is null; a quoted empty one is the empty text in a string column and null in
 * others, as is a cell of nothing but blanks.  Quoted cells are numbers and dates like others.  A
 * record with more or fewer cells than the header, with text behind a closing quote, or with a
 * quote that never closes is rejected; what is behind max_record_bytes is skipped to the end of
 * the record.  Columns of the table that a file does not have are null; a value in a column that
 * the table does not have rejects its record. */
#ifndef FIRN_CSV_H
#define FIRN_CSV_H

#include "format/decoder.h"

/* The columns of a file as its header names them, which are also the keys of its records: `file` is
 * what firn_decoder_csv.file returned.  Empty names are column_1, column_2, … by position, a name
 * that came before gets the suffix _2, _3, …; blanks are kept.  Without a header all are column_N.
 * 0 for a file that holds nothing.  *names lives as long as `file`. */
size_t firn_csv_header(const void *file, const firn_str **names);

#endif
