/* SPDX-License-Identifier: Apache-2.0 */
/* `properties:` of an ingest entry or a model: Iceberg's settings of a table that is made. */
#include "pipeline/project_int.h"

/* Words that are no properties though they are set like some, and what to write instead. */
static const struct {
    const char *key;
    const char *advice;
} reserved[] = {
    {"format-version", "firn makes tables of the version that all engines read"},
    {"uuid", "each table gets one of its own"},
    {"location", "the folder of a table is its layout: namespaces: {NAME: {layout: …}}"},
    {"current-schema", "the columns follow from the source"},
    {"default-partition-spec", "write `partition` beside `properties`"},
    {"default-sort-order", "ALTER TABLE … WRITE ORDERED BY sets it"},
    {"current-snapshot-id", "it changes with each commit"},
    {"current-snapshot-summary", "it changes with each commit"},
    {"current-snapshot-timestamp-ms", "it changes with each commit"},
    {"snapshot-count", "it changes with each commit"},
};

static firn_code refuse(const firn_conf *c, const char *why, const char *advice, firn_err *err)
{
    firn_raise_conf(err, c->key_place, FIRN_ID_VALUE, "the property %s %s", firn_quote(c->key).s,
                    why);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

static firn_code check_key(const firn_conf *c, firn_err *err)
{
    if (c->key.n == 0)
        return refuse(c, "has no name", "write it like this: commit.manifest-merge.enabled: false",
                      err);
    if (firn_str_starts(c->key, "firn."))
        return refuse(c, "is one that firn sets itself", "take it out", err);
    for (size_t i = 0; i < FIRN_COUNT_OF(reserved); i++)
        if (firn_str_eqc(c->key, reserved[i].key))
            return refuse(c, "is none that can be set", reserved[i].advice, err);
    return FIRN_OK;
}

static firn_code check_value(const firn_conf *c, firn_err *err)
{
    if (c->kind == FIRN_CONF_TEXT && !firn_conf_is_null(c))
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "the property %s is a text, not %s",
                    firn_quote(c->key).s,
                    firn_conf_is_null(c) ? "nothing" : firn_conf_kind_name(c->kind));
    firn_err_advise(err, "write it like this: properties: {write.object-storage.enabled: true}");
    return FIRN_E_CONFIG;
}

firn_code firn_read_properties(const firn_conf *map, firn_arena *a, firn_table_conf *ret,
                               firn_err *err)
{
    size_t count = map ? map->count : 0;
    firn_property *list = firn_arena_array(a, count, sizeof *list);
    if (!list)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        const firn_conf *c = &map->items[i];
        FIRN_TRY(check_key(c, err));
        FIRN_TRY(check_value(c, err));
        list[i] = (firn_property){firn_arena_strndup(a, c->key.p, c->key.n), c->text};
        if (!list[i].key)
            return firn_arena_raise(a, err);
    }
    ret->properties = list;
    ret->property_count = count;
    return FIRN_OK;
}
