/* SPDX-License-Identifier: Apache-2.0 */
/* sql.h — writing SQL: the only place where names and values become part of a statement. */
#ifndef FIRN_SQL_H
#define FIRN_SQL_H

#include "base/buf.h"
#include "base/type.h"

/* A statement being written; large lists of files are the reason for the maximum. */
#define FIRN_SQL_BUF FIRN_BUF((size_t)256 << 20)

/* Appends a name in double quotes; FIRN_E_INVAL for a NUL or an empty name. */
FIRN_NODISCARD firn_code firn_sql_ident(firn_buf *out, firn_str name, firn_err *err);

/* Appends a text in single quotes; FIRN_E_INVAL for a NUL. */
FIRN_NODISCARD firn_code firn_sql_text(firn_buf *out, firn_str text, firn_err *err);

/* Appends a type as the engine spells it ("STRUCT("a" INTEGER)[]"). */
FIRN_NODISCARD firn_code firn_sql_type(firn_buf *out, const firn_type *t, firn_err *err);

#endif
