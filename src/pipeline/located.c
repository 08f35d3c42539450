/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/located.h"

#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HINT_BYTES 4096

/* --- places -------------------------------------------------------------------------------- */

static firn_code resolve(firn_str where, firn_arena *a, const char **ret, firn_err *err)
{
    char real[PATH_MAX];
    firn_str local = firn_local_path(where);
    if (!local.p && memmem(where.p, where.n, "://", 3))
        return firn_raise(err, FIRN_E_UNSUPPORTED,
                          "%s is not a local path: tables without a "
                          "catalog are read from local folders",
                          firn_quote(where).s);
    const char *path =
        firn_arena_strndup(a, local.p ? local.p : where.p, local.p ? local.n : where.n);
    if (!path)
        return firn_arena_raise(a, err);
    if (!realpath(path, real))
        return firn_raise_errno(err, errno, "%s", firn_quote(where).s);
    *ret = firn_arena_strdup(a, real);
    return *ret ? FIRN_OK : firn_arena_raise(a, err);
}

static firn_str parent_of(firn_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? (firn_str){path.p, FIRN_MAX((size_t)(slash - path.p), (size_t)1)} : path;
}

static firn_str last_part(firn_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? (firn_str){slash + 1, path.n - (size_t)(slash + 1 - path.p)} : path;
}

/* The table's folder of a folder that may be its metadata. */
static firn_str table_folder(firn_str folder)
{
    return firn_str_eqc(last_part(folder), "metadata") ? parent_of(folder) : folder;
}

static bool is_metadata_name(firn_str name)
{
    return firn_str_ends(name, ".metadata.json") || firn_str_ends(name, ".metadata.json.gz");
}

/* --- which file ---------------------------------------------------------------------------- */

typedef struct search {
    firn_env *env;
    firn_arena *a;
    const char *folder; /* of the metadata files */
    firn_str *names;
    size_t count;
} search;

static firn_code in_folder(search *s, firn_str name, firn_str *ret, firn_err *err)
{
    const char *path = firn_arena_printf(s->a, "%s/%.*s", s->folder, FIRN_STR_ARG(name));
    if (!path)
        return firn_arena_raise(s->a, err);
    *ret = firn_str_of(path);
    return FIRN_OK;
}

static bool has_name(const search *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (firn_str_eqc(s->names[i], name))
            return true;
    return false;
}

/* The file of version N as Hadoop tables name it, in its three ways; NULL if there is none. */
static const char *versioned_name(const search *s, int64_t n)
{
    static const char *const endings[] = {".metadata.json", ".gz.metadata.json",
                                          ".metadata.json.gz"};
    for (size_t i = 0; i < FIRN_COUNT_OF(endings); i++) {
        const char *name = firn_arena_printf(s->a, "v%lld%s", (long long)n, endings[i]);
        if (name && has_name(s, name))
            return name;
    }
    return NULL;
}

static const char *hinted_name(const search *s, firn_str hint)
{
    int64_t n;
    firn_str digits = hint.n > 1 && hint.p[0] == 'v' ? (firn_str){hint.p + 1, hint.n - 1} : hint;
    const char *found = NULL;
    if (firn_str_i64(digits, &n) && n >= 0) {
        const char *name = versioned_name(s, n);
        for (; name; name = versioned_name(s, ++n))
            found = name; /* the hint is written last, and may be behind */
        return found;
    }
    static const char *const endings[] = {"", ".metadata.json", ".gz.metadata.json",
                                          ".metadata.json.gz"};
    for (size_t i = 0; i < FIRN_COUNT_OF(endings); i++) {
        const char *name = firn_arena_printf(s->a, "%.*s%s", FIRN_STR_ARG(hint), endings[i]);
        if (name && is_metadata_name(firn_str_of(name)) && has_name(s, name))
            return name;
    }
    return NULL;
}

/* A hint that says nothing of use is passed over. */
static const char *by_hint(search *s)
{
    firn_slice text;
    const char *path = firn_arena_printf(s->a, "%s/version-hint.text", s->folder);
    if (!path || !has_name(s, "version-hint.text") ||
        firn_fs_read(s->env, path, MAX_HINT_BYTES, s->a, &text, NULL) != FIRN_OK)
        return NULL;
    return hinted_name(s, firn_str_trim((firn_str){(const char *)text.p, text.n}));
}

static firn_code several(const search *s, firn_str x, firn_str y, firn_err *err)
{
    firn_raise(err, FIRN_E_CONFIG, "%s holds %s and %s: which is the newest cannot be told",
               firn_quotec(s->folder).s, firn_quote(x).s, firn_quote(y).s);
    return firn_err_advise(err, "name the metadata file that is meant instead of the folder");
}

static firn_code nothing_there(const search *s, int64_t version, firn_err *err)
{
    if (version >= 0)
        return firn_raise(err, FIRN_E_NOTFOUND, "%s holds no metadata file of version %lld",
                          firn_quotec(s->folder).s, (long long)version);
    firn_raise(err, FIRN_E_NOTFOUND, "%s holds no Iceberg table", firn_quotec(s->folder).s);
    return firn_err_advise(err, "a table's folder holds metadata/….metadata.json");
}

/* The one with the highest number, or with the number `version`. */
static firn_code by_number(search *s, int64_t version, firn_str *ret, firn_err *err)
{
    int64_t best = INT64_MIN;
    firn_str found = {NULL, 0};
    firn_str other = {NULL, 0};
    for (size_t i = 0; i < s->count; i++) {
        if (!is_metadata_name(s->names[i]))
            continue;
        int64_t n = firn_metadata_file_version(s->names[i]);
        if ((version >= 0 && n != version) || n < best)
            continue;
        other = n == best ? found : (firn_str){NULL, 0};
        found = s->names[i];
        best = n;
    }
    if (!found.p)
        return nothing_there(s, version, err);
    if (other.p)
        return several(s, other, found, err);
    return in_folder(s, found, ret, err);
}

static firn_code find_in_folder(firn_env *env, const char *folder, int64_t version, firn_arena *a,
                                firn_str *ret, firn_err *err)
{
    search s = {.env = env, .a = a, .folder = folder};
    const char *below = firn_arena_printf(a, "%s/metadata", folder);
    firn_stat st;
    if (!below)
        return firn_arena_raise(a, err);
    if (firn_fs_stat(env, below, &st, NULL) == FIRN_OK && st.is_dir)
        s.folder = below;
    FIRN_TRY(firn_fs_list(env, s.folder, a, &s.names, &s.count, err));
    const char *name = version >= 0 ? versioned_name(&s, version) : by_hint(&s);
    if (name)
        return in_folder(&s, firn_str_of(name), ret, err);
    return by_number(&s, version, ret, err);
}

/* --- loading ------------------------------------------------------------------------------- */

static firn_code find_file(firn_env *env, const firn_located_conf *conf, firn_arena *a,
                           firn_str *ret_file, firn_str *ret_folder, firn_err *err)
{
    const char *path;
    firn_stat st;
    FIRN_TRY(resolve(conf->where, a, &path, err));
    FIRN_TRY(firn_fs_stat(env, path, &st, err));
    if (st.is_dir) {
        *ret_folder = table_folder(firn_str_of(path));
        return find_in_folder(env, path, conf->version, a, ret_file, err);
    }
    if (conf->version >= 0)
        return firn_raise(err, FIRN_E_CONFIG, "%s is a file: a version is chosen in a folder",
                          firn_quotec(path).s);
    if (!memmem(path, strlen(path), ".json", 5)) {
        firn_raise(err, FIRN_E_CONFIG, "%s is neither a folder nor a metadata file",
                   firn_quotec(path).s);
        return firn_err_advise(err, "give the table's folder, or its newest ….metadata.json");
    }
    *ret_file = firn_str_of(path);
    *ret_folder = table_folder(parent_of(*ret_file));
    return FIRN_OK;
}

/* Whether the recorded location is the folder where the table was found. */
static bool lies_there(firn_str location, firn_str folder, firn_arena *a)
{
    const char *path;
    firn_str local = firn_local_path(location);
    if (firn_str_eq(local, folder))
        return true;
    return local.p && resolve(location, a, &path, NULL) == FIRN_OK &&
           firn_str_eq(firn_str_of(path), folder);
}

firn_code firn_located_load(firn_env *env, const firn_located_conf *conf, firn_arena *a,
                            firn_located *ret, firn_err *err)
{
    firn_located t = {.io = firn_env_io(env)};
    firn_str file;
    FIRN_TRY(find_file(env, conf, a, &file, &t.folder, err));
    FIRN_TRY(firn_metadata_load(t.io, file, a, &t.metadata, err));
    t.elsewhere = !lies_there(t.metadata->location, t.folder, a);
    if (conf->moved && (t.elsewhere || conf->moved_from.p)) {
        firn_moved *moved = firn_arena_zalloc(a, sizeof *moved);
        if (!moved)
            return firn_arena_raise(a, err);
        FIRN_TRY(firn_moved_make(t.metadata->location, t.folder, conf->moved_from, a, moved, err));
        FIRN_TRY(firn_moved_io(t.io, moved, a, &t.io, err));
        t.moved = moved;
    }
    *ret = t;
    return FIRN_OK;
}

firn_code firn_located_advise(const firn_located *t, firn_err *err)
{
    if (!err)
        return FIRN_E_IO;
    bool unreachable = err->code == FIRN_E_NOTFOUND || err->code == FIRN_E_UNSUPPORTED ||
                       err->code == FIRN_E_SQL || err->code == FIRN_E_IO;
    if (!t->elsewhere || t->moved || !unreachable)
        return err->code;
    return firn_err_advise(err,
                           "the table was recorded at %s, and this is %s: if its files moved "
                           "along, write iceberg('…', moved => true)",
                           firn_quote(t->metadata->location).s, firn_quote(t->folder).s);
}
