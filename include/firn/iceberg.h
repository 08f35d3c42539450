/* SPDX-License-Identifier: Apache-2.0 */
/* iceberg.h — Apache Iceberg tables for C: metadata, scan planning, commits of given files.
 *
 * The library is libfirn-iceberg (pkg-config firn-iceberg).  It opens no data files; reading and
 * writing rows through Arrow is firn.h and libfirn (pkg-config firn), which holds all of this too.
 * docs/C-API.md shows the way from nothing to rows in ten minutes.
 *
 * Rules that hold everywhere
 *   Names      functions firn_<noun>_<verb>, macros and enumerators FIRN_…; no other symbols.
 *   Errors     firn_status is returned, firn_error comes last; error.h.
 *   Ownership  what a function puts into `T **ret` is the caller's, to be given to firn_<noun>_free
 *              or _close; what it returns as `const T *` belongs to the object asked.
 *              Texts and arrays handed in are copied unless the function says otherwise.
 *   Texts      UTF-8 with a NUL at the end.
 *   Threads    different objects are independent of each other.  One object: functions that take
 *              it as `const T *` may run at the same time, others not.  Catalogs and storages may
 *              be shared.  The library has no global state; it starts threads only while it plans
 *              a large scan (storage.h says how to allow that) and in the engine of firn.h.
 *   Structs    what grows begins with `uint32_t size`.  Zero the struct, set size = sizeof it: the
 *              library takes what lies beyond for zero, and zero is always the default.  A struct
 *              made for a later version that uses more than this library knows is refused:
 *              FIRN_STATUS_UNSUPPORTED.  In structs that the library returns, size says how much
 *              it knew.
 *   Enums      their numbers stay; later versions add some at the end. */
#ifndef FIRN_API_ICEBERG_H
#define FIRN_API_ICEBERG_H

#include <firn/arrow.h>
#include <firn/catalog.h>
#include <firn/error.h>
#include <firn/export.h>
#include <firn/file.h>
#include <firn/filter.h>
#include <firn/listing.h>
#include <firn/literal.h>
#include <firn/partition.h>
#include <firn/scan.h>
#include <firn/schema.h>
#include <firn/snapshot.h>
#include <firn/storage.h>
#include <firn/table.h>
#include <firn/transaction.h>
#include <firn/type.h>

#endif
