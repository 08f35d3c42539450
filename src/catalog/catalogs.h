/* SPDX-License-Identifier: Apache-2.0 */
/* catalogs.h — opening the catalogs that firn knows. */
#ifndef FIRN_CATALOGS_H
#define FIRN_CATALOGS_H

#include "iceberg/catalog.h"

/* Opens (creates, unless read_only) the SQLite file at `path` as the catalog `name`; close it with
 * (*ret)->ops->close.  An empty name: the only catalog in the file, or one called lake if there is
 * none or that one is among several.  FIRN_E_DATA if the file is something else, FIRN_E_CONFIG if
 * it holds several catalogs.  With read_only also a file is read that nobody may write. */
FIRN_NODISCARD firn_code firn_catalog_sqlite_open(firn_str path, firn_str name, bool read_only,
                                                  firn_catalog **ret, firn_err *err);

/* Opens a copy in memory of the SQLite catalog at `path`, an empty one where there is no file: it
 * can be changed like any catalog, and nothing of that is kept.  Reading leaves no trace
 * (catalog/sqlite_read.h).  The rest is as above. */
FIRN_NODISCARD firn_code firn_catalog_sqlite_copy(firn_str path, firn_str name, firn_catalog **ret,
                                                  firn_err *err);

#endif
