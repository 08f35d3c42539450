/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/catalog.h"

#include "base/str.h"

bool firn_ident_eq(firn_ident a, firn_ident b)
{
    return firn_str_eq(a.ns, b.ns) && firn_str_eq(a.name, b.name);
}

firn_code firn_table_load(firn_catalog *c, const firn_io *io, firn_ident ident, firn_arena *a,
                          const firn_metadata **ret, firn_err *err)
{
    firn_str location;
    FIRN_TRY(c->ops->load(c, ident, a, &location, err));
    firn_code code = firn_metadata_load(io, location, a, ret, err);
    if (code == FIRN_OK)
        return FIRN_OK;
    /* a table whose metadata is gone is damaged, not absent */
    if (code == FIRN_E_NOTFOUND) {
        firn_raise(err, FIRN_E_DATA, "the catalog names the metadata file %s, which is not there",
                   firn_quote(location).s);
        firn_err_advise(err, "was the table's folder removed or moved? put it back, or make the "
                             "catalog anew: move catalog.db away and `firn register` what is left");
    }
    firn_err_where(err, "table %.100s.%.100s", firn_quote(ident.ns).s, firn_quote(ident.name).s);
    return err ? err->code : code;
}
