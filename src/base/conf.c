/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const firn_conf *firn_conf_get(const firn_conf *c, const char *key)
{
    if (!c || c->kind != FIRN_CONF_MAP)
        return NULL;
    for (size_t i = 0; i < c->count; i++)
        if (firn_str_eqc(c->items[i].key, key))
            return &c->items[i];
    return NULL;
}

bool firn_conf_is_null(const firn_conf *c)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (c->kind != FIRN_CONF_TEXT || !c->plain || c->replaced)
        return false;
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (firn_str_eqc(c->text, words[i]))
            return true;
    return false;
}

const char *firn_conf_kind_name(firn_conf_kind kind)
{
    switch (kind) {
    case FIRN_CONF_TEXT:
        return "a text";
    case FIRN_CONF_LIST:
        return "a list";
    case FIRN_CONF_MAP:
        break;
    }
    return "a map";
}

firn_quoted firn_conf_quote(const firn_conf *c)
{
    return firn_quote(c->replaced ? c->written : c->text);
}

firn_code firn_raise_conf_at(firn_err *err, const char *file, int line, firn_place place,
                             uint16_t id, const char *fmt, ...)
{
    char text[sizeof err->text];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    firn_raise_at(err, FIRN_E_CONFIG, file, line, "%s", text);
    firn_err_id(err, id);
    firn_err_place(err, place);
    return FIRN_E_CONFIG;
}

firn_code firn_err_place(firn_err *err, firn_place place)
{
    enum { TAIL = 190 }; /* of a long path its end says more than its beginning */
    if (!place.file)
        return err ? err->code : FIRN_E_CONFIG;
    size_t n = strlen(place.file);
    const char *dots = n > TAIL ? "…" : "";
    const char *tail = n > TAIL ? place.file + n - TAIL : place.file;
    if (place.line == 0)
        return firn_err_where(err, "%s%s", dots, tail);
    return firn_err_where(err, "%s%s:%u:%u", dots, tail, place.line, place.column);
}
