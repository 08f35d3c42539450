/* SPDX-License-Identifier: Apache-2.0 */
/* `sort:` of an ingest entry or a model. */
#include "iceberg/term.h"
#include "pipeline/project_int.h"

static firn_code read_term(const firn_conf *c, firn_arena *a, firn_sort_term *ret, firn_err *err)
{
    if (c->kind != FIRN_CONF_TEXT || firn_conf_is_null(c)) {
        firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "a sort column is a text, not %s",
                        firn_conf_is_null(c) ? "nothing" : firn_conf_kind_name(c->kind));
        firn_err_advise(err, "write it like this: sort: [order_date desc, id]");
        return FIRN_E_CONFIG;
    }
    firn_code code = firn_sort_term_parse(c->text, a, ret, err);
    if (code != FIRN_E_CONFIG)
        return code;
    if (c->replaced) { /* the parser quotes what it read */
        firn_raise_conf(err, c->place, FIRN_ID_PARTITION, "sort %s: it is no term of an order",
                        firn_conf_quote(c).s);
        firn_err_advise(err, "write a column, or year(x), bucket(16, x) … of one, then desc or "
                             "nulls last");
        return FIRN_E_CONFIG;
    }
    firn_wrap(err, "sort");
    firn_err_id(err, FIRN_ID_PARTITION);
    return firn_err_place(err, c->place);
}

firn_code firn_read_sort(const firn_conf *c, firn_arena *a, firn_table_conf *ret, firn_err *err)
{
    if (!c)
        return FIRN_OK;
    const firn_conf *items = c->kind == FIRN_CONF_LIST ? c->items : c;
    size_t count = c->kind == FIRN_CONF_LIST ? c->count : 1;
    firn_sort_term *terms = firn_arena_array(a, count, sizeof *terms);
    if (!terms)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++)
        FIRN_TRY(read_term(&items[i], a, &terms[i], err));
    ret->sort = terms;
    ret->sort_count = count;
    ret->sort_place = c->place;
    return FIRN_OK;
}
