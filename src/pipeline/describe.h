/* SPDX-License-Identifier: Apache-2.0 */
/* describe.h — descriptions of tables and columns, kept in Iceberg: the property `comment` and the
 * docs of columns. */
#ifndef FIRN_DESCRIBE_H
#define FIRN_DESCRIBE_H

#include "pipeline/context.h"
#include "pipeline/project.h"

/* Writes what a project says about a table into the table, in a commit of its own if anything
 * differs.  What the project does not describe stays as it is.  A column that is described and not
 * there is noted.  A table that is not there is no error. */
FIRN_NODISCARD firn_code firn_describe(firn_context *run, const firn_table_conf *conf,
                                       firn_err *err);

#endif
