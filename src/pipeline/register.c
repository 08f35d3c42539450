/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/register.h"

#include "base/map.h"
#include "base/str.h"
#include "iceberg/manifest.h"

#include <string.h>

typedef struct registering {
    firn_context *run;
    const firn_register_conf *conf;
    firn_arena *a;
    firn_located t;
    firn_str location;         /* of the metadata file as it will be recorded */
    const firn_metadata *base; /* what the name means now; NULL: nothing */
    size_t manifests;
} registering;

static firn_str last_part(firn_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? (firn_str){slash + 1, path.n - (size_t)(slash + 1 - path.p)} : path;
}

/* NULL: it is no local file. */
static const char *local_path(const registering *r, firn_str uri)
{
    firn_str local = firn_local_path(uri);
    return local.p ? firn_arena_strndup(r->a, local.p, local.n) : NULL;
}

static bool exists(const registering *r, firn_str uri)
{
    const char *path = local_path(r, uri);
    return path && firn_fs_exists(r->run->env, path);
}

/* Whether two paths lead to one file. */
static bool is_same_file(const registering *r, firn_str a, firn_str b)
{
    firn_stat x;
    firn_stat y;
    const char *first = local_path(r, a);
    const char *second = local_path(r, b);
    return first && second && firn_fs_stat(r->run->env, first, &x, NULL) == FIRN_OK &&
           firn_fs_stat(r->run->env, second, &y, NULL) == FIRN_OK && x.inode == y.inode &&
           x.device == y.device;
}

/* --- where it lies ------------------------------------------------------------------------- */

/* The place of the file in the words of the metadata, which may name a folder by a symbolic link
 * or with file: before it. */
static firn_code recorded_location(registering *r, firn_err *err)
{
    firn_str folder;
    firn_str found = r->t.metadata->location_of_file;
    FIRN_TRY(firn_metadata_folder(r->t.metadata, r->a, &folder, err));
    const char *text =
        firn_arena_printf(r->a, "%.*s/%.*s", FIRN_STR_ARG(folder), FIRN_STR_ARG(last_part(found)));
    if (!text)
        return firn_arena_raise(r->a, err);
    r->location = firn_str_of(text);
    return FIRN_OK;
}

/* A table that was copied names the files of the original: a commit would go there. */
static firn_code check_place(registering *r, firn_err *err)
{
    FIRN_TRY(recorded_location(r, err));
    if (is_same_file(r, r->location, r->t.metadata->location_of_file))
        return FIRN_OK;
    firn_raise(err, FIRN_E_CONFIG, "%s was moved: its metadata says that it lies at %s",
               firn_quote(r->t.metadata->location_of_file).s, firn_quote(r->location).s);
    return firn_err_advise(err, "put it back there; or read it where it is, with "
                                "iceberg('…', moved => true), and write a new table from that");
}

/* --- is it whole? -------------------------------------------------------------------------- */

static firn_code incomplete(const char *what, firn_str path, firn_err *err)
{
    firn_raise(err, FIRN_E_DATA, "the %s %s is not there", what, firn_quote(path).s);
    return firn_err_advise(err, "the table is not whole: nothing was registered");
}

static firn_code check_snapshot(registering *r, const firn_snapshot *s, firn_map *seen,
                                firn_err *err)
{
    firn_manifest_file *list;
    size_t count;
    if (s->manifest_list.p && !exists(r, s->manifest_list))
        return incomplete("manifest list", s->manifest_list, err);
    FIRN_TRY(firn_manifest_list_read(r->run->io, s, NULL, r->a, &list, &count, NULL, err));
    for (size_t i = 0; i < count; i++) {
        if (firn_map_get(seen, list[i].manifest_path))
            continue;
        if (!exists(r, list[i].manifest_path))
            return incomplete("manifest", list[i].manifest_path, err);
        if (!firn_map_put(seen, list[i].manifest_path, r))
            return firn_arena_raise(r->a, err);
        r->manifests++;
    }
    return FIRN_OK;
}

static firn_code check_files(registering *r, firn_err *err)
{
    const firn_metadata *m = r->t.metadata;
    const firn_snapshot *current = firn_metadata_current(m);
    firn_map seen = FIRN_MAP(r->a);
    if (current)
        FIRN_TRY(check_snapshot(r, current, &seen, err));
    for (size_t i = 0; i < m->ref_count; i++)
        if (m->refs[i].snapshot_id != m->current_snapshot_id)
            FIRN_TRY(
                check_snapshot(r, firn_metadata_snapshot(m, m->refs[i].snapshot_id), &seen, err));
    return FIRN_OK;
}

/* --- the catalog --------------------------------------------------------------------------- */

static firn_str folder_of(firn_str location)
{
    firn_str local = firn_local_path(location);
    firn_str path = local.p ? local : location;
    return (firn_str){path.p, path.n - last_part(path).n};
}

/* Two names of one table would overwrite each other's commits. */
static firn_code check_others(registering *r, firn_err *err)
{
    firn_catalog *c = r->run->catalog;
    firn_ident *tables;
    size_t count;
    FIRN_TRY(c->ops->list_tables(c, r->a, &tables, &count, err));
    for (size_t i = 0; i < count; i++) {
        firn_str other;
        if (firn_ident_eq(tables[i], r->conf->ident))
            continue;
        if (c->ops->load(c, tables[i], r->a, &other, NULL) != FIRN_OK ||
            !firn_str_eq(folder_of(other), folder_of(r->location)))
            continue;
        firn_raise(err, FIRN_E_EXISTS, "the catalog has this table as %.*s.%.*s",
                   FIRN_STR_ARG(tables[i].ns), FIRN_STR_ARG(tables[i].name));
        return firn_err_advise(err, "a table with two names loses commits: use that one");
    }
    return FIRN_OK;
}

static firn_code check_name(registering *r, firn_err *err)
{
    firn_ident ident = r->conf->ident;
    firn_str other;
    firn_catalog *c = r->run->catalog;
    firn_err local = {0};
    firn_code code = c->ops->load(c, ident, r->a, &other, &local);
    if (code == FIRN_E_NOTFOUND)
        return FIRN_OK;
    if (code != FIRN_OK) {
        *err = local;
        return code;
    }
    if (r->conf->replace) { /* also where its metadata cannot be read any more */
        firn_metadata *base = firn_arena_zalloc(r->a, sizeof *base);
        if (!base)
            return firn_arena_raise(r->a, err);
        base->location_of_file = other;
        r->base = base;
        return FIRN_OK;
    }
    firn_raise(err, FIRN_E_EXISTS, "there is a table %.*s.%.*s", FIRN_STR_ARG(ident.ns),
               FIRN_STR_ARG(ident.name));
    return firn_err_advise(err, "its metadata is %s; --replace lets the name stand for this one",
                           firn_quote(other).s);
}

static firn_code put(registering *r, firn_err *err)
{
    firn_catalog *c = r->run->catalog;
    const firn_catalog_change change = {
        .ident = r->conf->ident, .base = r->base, .new_location = r->location};
    FIRN_TRY(c->ops->create_namespace(c, r->conf->ident.ns, err));
    return c->ops->commit(c, &change, 1, err);
}

static firn_code do_register(registering *r, firn_err *err)
{
    const firn_located_conf where = {.where = r->conf->where, .version = -1};
    FIRN_TRY(firn_located_load(r->run->env, &where, r->a, &r->t, err));
    FIRN_TRY(check_place(r, err));
    FIRN_TRY(check_name(r, err));
    FIRN_TRY(check_others(r, err));
    FIRN_TRY(check_files(r, err));
    return put(r, err);
}

firn_code firn_register(firn_context *run, const firn_register_conf *conf, firn_arena *a,
                        firn_registered *ret, firn_err *err)
{
    registering r = {.run = run, .conf = conf, .a = a};
    firn_err local = {0};
    FIRN_TRY(do_register(&r, err ? err : &local));
    *ret = (firn_registered){.location = r.location,
                             .metadata = r.t.metadata,
                             .manifests = r.manifests,
                             .replaced = r.base != NULL};
    return FIRN_OK;
}
