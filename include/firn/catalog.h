/* SPDX-License-Identifier: Apache-2.0 */
/* catalog.h — from a table's name to its metadata, swapped in one step.
 *
 * Use the SQLite catalog that is included (the same file that firn, PyIceberg's SqlCatalog and
 * Java's JdbcCatalog use), or give the library functions of your own.  Namespaces of several levels
 * are joined by dots: "curated.shared". */
#ifndef FIRN_API_CATALOG_H
#define FIRN_API_CATALOG_H

#include <firn/error.h>

FIRN_BEGIN_C

typedef struct firn_catalog firn_catalog;

enum {
    FIRN_CATALOG_READ_ONLY = 1 << 0 /* nothing is created or changed, not even the file: what would
                                       do so is FIRN_STATUS_UNSUPPORTED */
};

/* Opens the SQLite database `path`, which is made if it is not there, as the catalog `name`
 * (several may share a file; NULL: the only one in it, or "lake").  Close it with
 * firn_catalog_close.  Any thread may use it. */
FIRN_CHECKED FIRN_API firn_status firn_catalog_open_sqlite(const char *path, const char *name,
                                                           uint32_t flags, firn_catalog **ret,
                                                           firn_error *error);

enum {
    /* After a failed swap, `load` says for sure whether it happened.  Without it the library
     * answers FIRN_STATUS_COMMIT_UNKNOWN when it cannot find the change. */
    FIRN_CATALOG_IS_DEFINITE = 1 << 0
};

/* A catalog of the caller's.  Zero it, set `size`.  Functions may be called from every thread that
 * uses a table of the catalog. */
typedef struct firn_catalog_functions {
    uint32_t size;
    uint32_t flags; /* FIRN_CATALOG_IS_… */
    void *context;  /* first argument of all functions; outlives the catalog */
    const char *name;

    /* Writes where the table's current metadata lies, with its NUL, into `location`.
     * FIRN_STATUS_NOT_FOUND: there is no such table; FIRN_STATUS_LIMIT: it does not fit (capacity
     * is at least 4096).  Required. */
    firn_status (*load)(void *context, const char *name_space, const char *table, char *location,
                        size_t capacity, firn_error *error);

    /* Puts `next` in the place of `current` if that is what the catalog holds, in one step;
     * current == NULL: creates the table.  Returns FIRN_STATUS_OK; FIRN_STATUS_CONFLICT: it holds
     * something else, or (creating) the table exists; FIRN_STATUS_COMMIT_UNKNOWN: it may or may
     * not have happened; anything else: it surely did not happen.
     * NULL: tables are read only. */
    firn_status (*swap)(void *context, const char *name_space, const char *table,
                        const char *current, const char *next, firn_error *error);

    /* Forgets a table; its files stay.  NULL: cannot be done. */
    firn_status (*drop)(void *context, const char *name_space, const char *table,
                        firn_error *error);
} firn_catalog_functions;

/* Makes a catalog of functions, which are copied.  Close it with firn_catalog_close. */
FIRN_CHECKED FIRN_API firn_status firn_catalog_open_functions(
    const firn_catalog_functions *functions, firn_catalog **ret, firn_error *error);

/* Closes a catalog; its tables must be closed before.  Accepts NULL. */
FIRN_API void firn_catalog_close(firn_catalog *catalog);

/* Creates a namespace; one that is there is no error.  Catalogs of functions have all namespaces.
 * (firn_table_create does not create any; the SQLite catalog does not ask for them.) */
FIRN_CHECKED FIRN_API firn_status firn_catalog_create_namespace(firn_catalog *catalog,
                                                                const char *name_space,
                                                                firn_error *error);

/* Calls `each` for every table, sorted by namespace and name; what it returns other than
 * FIRN_STATUS_OK ends the listing and is returned.  FIRN_STATUS_UNSUPPORTED for catalogs of
 * functions. */
typedef firn_status (*firn_table_name_function)(void *argument, const char *name_space,
                                                const char *table, firn_error *error);
FIRN_CHECKED FIRN_API firn_status firn_catalog_list_tables(firn_catalog *catalog,
                                                           firn_table_name_function each,
                                                           void *argument, firn_error *error);

/* Forgets a table; its files stay.  FIRN_STATUS_NOT_FOUND. */
FIRN_CHECKED FIRN_API firn_status firn_catalog_drop_table(firn_catalog *catalog,
                                                          const char *name_space, const char *table,
                                                          firn_error *error);

FIRN_END_C

#endif
