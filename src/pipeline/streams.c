/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/streams.h"

#include "base/map.h"
#include "base/str.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#define NUMBER '\1' /* stands for a number or UUID in a key */

typedef FIRN_VEC(firn_source_file) file_list;

typedef struct group {
    firn_str key;
    file_list files;
    firn_file_kind kind;
    bool apart; /* its names hold signs of globs */
} group;

typedef struct grouping {
    firn_arena *a;
    firn_str folder;
    const firn_source_file *all;
    size_t all_count;
    firn_map by_key;
    FIRN_VEC(group *) groups;
} grouping;

/* --- names --------------------------------------------------------------------------------- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of a UUID that begins here; 0: none does. */
static size_t uuid_length(firn_str s)
{
    static const size_t parts[] = {8, 4, 4, 4, 12};
    size_t at = 0;
    for (size_t p = 0; p < FIRN_COUNT_OF(parts); p++) {
        for (size_t i = 0; i < parts[p]; i++, at++)
            if (at >= s.n || !is_hex(s.p[at]))
                return 0;
        if (p + 1 < FIRN_COUNT_OF(parts) && (at >= s.n || s.p[at++] != '-'))
            return 0;
    }
    return at;
}

/* Length of the number that begins here; 0: none does. */
static size_t number_length(firn_str s)
{
    size_t n = uuid_length(s);
    if (n)
        return n;
    while (n < s.n && isdigit((unsigned char)s.p[n]))
        n++;
    return n;
}

static firn_str from(firn_str s, size_t at)
{
    return (firn_str){s.p + at, s.n - at};
}

static firn_str without_compression(firn_str name)
{
    firn_str rest = name;
    if (firn_str_ends(name, ".gz"))
        rest.n -= 3;
    else if (firn_str_ends(name, ".zst"))
        rest.n -= 4;
    else if (firn_str_ends(name, ".zstd"))
        rest.n -= 5;
    return rest;
}

static firn_str key_of(firn_str name, firn_arena *a)
{
    firn_str bare = without_compression(name);
    char *key = firn_arena_alloc(a, bare.n + 1);
    size_t n = 0;
    if (!key)
        return (firn_str){NULL, 0};
    for (size_t i = 0; i < bare.n;) {
        size_t digits = number_length(from(bare, i));
        key[n++] = digits ? NUMBER : bare.p[i];
        i += digits ? digits : 1;
    }
    key[n] = '\0';
    return (firn_str){key, n};
}

static bool has_glob_signs(firn_str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (strchr("*?[\\", name.p[i]))
            return true;
    return false;
}

firn_code firn_stream_table_name(firn_str text, firn_arena *a, firn_str *ret, firn_err *err)
{
    char *name = firn_arena_alloc(a, text.n + 1);
    size_t n = 0;
    if (!name)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool word = isalnum(c) || c >= 0x80;
        if (word)
            name[n++] = (char)tolower(c);
        else if (n && name[n - 1] != '_')
            name[n++] = '_';
    }
    while (n && name[n - 1] == '_')
        n--;
    name[n] = '\0';
    *ret = (firn_str){name, n};
    return FIRN_OK;
}

/* --- groups -------------------------------------------------------------------------------- */

static firn_code add_file(grouping *g, const firn_source_file *file, firn_file_kind kind,
                          firn_err *err)
{
    firn_str key = has_glob_signs(file->name) ? file->name : key_of(file->name, g->a);
    group *x = key.p ? firn_map_get(&g->by_key, key) : NULL;
    if (!x) {
        x = firn_arena_zalloc(g->a, sizeof *x);
        if (!x || !key.p || !firn_map_put(&g->by_key, key, x) ||
            !firn_vec_push(g->a, &g->groups, x))
            return firn_arena_raise(g->a, err);
        x->key = key;
        x->kind = kind;
        x->apart = has_glob_signs(file->name);
    }
    return firn_vec_push(g->a, &x->files, *file) ? FIRN_OK : firn_arena_raise(g->a, err);
}

/* Files of a warehouse are tables, not sources. */
static bool is_in_warehouse(const firn_str *lakes, size_t count, firn_str name)
{
    for (size_t i = 0; i < count; i++)
        if (name.n > lakes[i].n && memcmp(name.p, lakes[i].p, lakes[i].n) == 0)
            return true;
    return false;
}

static bool is_data(firn_str name, firn_file_kind *kind)
{
    /* a text may be anything */
    return firn_file_kind_of_name(name, kind) && !firn_str_ends(without_compression(name), ".txt");
}

static firn_code make_groups(grouping *g, firn_err *err)
{
    FIRN_VEC(firn_str) lakes = {0};
    for (size_t i = 0; i < g->all_count; i++) {
        firn_str name = g->all[i].name;
        bool root = firn_str_eqc(name, "catalog.db");
        if (!root && !firn_str_ends(name, "/catalog.db"))
            continue;
        name.n -= strlen("catalog.db");
        if (!firn_vec_push(g->a, &lakes, name))
            return firn_arena_raise(g->a, err);
    }
    for (size_t i = 0; i < g->all_count; i++) {
        firn_file_kind kind;
        if (is_data(g->all[i].name, &kind) && !is_in_warehouse(lakes.v, lakes.n, g->all[i].name))
            FIRN_TRY(add_file(g, &g->all[i], kind, err));
    }
    return FIRN_OK;
}

/* --- globs --------------------------------------------------------------------------------- */

/* Whether the number at a place in the key stands directly behind a letter and is the same in all
 * files: the 2 of sales_v2. */
static bool is_constant(const group *x, size_t which, char before)
{
    firn_str first = {NULL, 0};
    if (!isalpha((unsigned char)before))
        return false;
    for (size_t f = 0; f < x->files.n; f++) {
        firn_str name = x->files.v[f].name;
        size_t seen = 0;
        for (size_t i = 0; i < name.n;) {
            size_t digits = number_length(from(name, i));
            firn_str number = {name.p + i, digits};
            i += digits ? digits : 1;
            if (!digits || seen++ != which)
                continue;
            if (first.p && !firn_str_eq(first, number))
                return false;
            first = number;
            break;
        }
    }
    return first.p != NULL;
}

static firn_str number_at(firn_str name, size_t which)
{
    size_t seen = 0;
    for (size_t i = 0; i < name.n;) {
        size_t digits = number_length(from(name, i));
        if (digits && seen++ == which)
            return (firn_str){name.p + i, digits};
        i += digits ? digits : 1;
    }
    return (firn_str){"", 0};
}

/* ".gz", ".zst" or nothing, if that is so of all files; else "*". */
static firn_str ending_of(const group *x)
{
    firn_str first = x->files.v[0].name;
    firn_str ending = from(first, without_compression(first).n);
    for (size_t i = 0; i < x->files.n; i++) {
        firn_str name = x->files.v[i].name;
        if (!firn_str_eq(from(name, without_compression(name).n), ending))
            return FIRN_STR_LIT("*");
    }
    return ending;
}

static bool ends_in_star(const firn_buf *b)
{
    return b->n && b->p[b->n - 1] == '*';
}

/* Whether a sign of the key stands between two numbers that become one star. */
static bool is_joint(const group *x, size_t i, const firn_buf *out)
{
    return strchr("-_.", x->key.p[i]) && ends_in_star(out) && i + 1 < x->key.n &&
           x->key.p[i + 1] == NUMBER;
}

/* `squeeze`: "*-*-*" becomes "*". */
static firn_code write_glob(const group *x, bool squeeze, firn_buf *out, firn_err *err)
{
    size_t which = 0;
    for (size_t i = 0; i < x->key.n; i++) {
        if (squeeze && is_joint(x, i, out))
            continue;
        if (x->key.p[i] != NUMBER) {
            FIRN_TRY(firn_buf_addc(out, x->key.p[i], err));
            continue;
        }
        if (is_constant(x, which, i ? x->key.p[i - 1] : '\0'))
            FIRN_TRY(firn_buf_addstr(out, number_at(x->files.v[0].name, which), err));
        else if (!squeeze || !ends_in_star(out))
            FIRN_TRY(firn_buf_addc(out, '*', err));
        which++;
    }
    return firn_buf_addstr(out, ending_of(x), err);
}

/* Digits where digits stand; numbers of different lengths take '*' behind the first digit. */
static firn_code write_exact_glob(const group *x, firn_buf *out, firn_err *err)
{
    firn_str first = x->files.v[0].name;
    size_t which = 0;
    for (size_t i = 0; i < x->key.n; i++) {
        if (x->key.p[i] != NUMBER) {
            FIRN_TRY(firn_buf_addc(out, x->key.p[i], err));
            continue;
        }
        size_t n = number_at(first, which).n;
        bool even = n <= 8;
        for (size_t f = 1; f < x->files.n; f++)
            even = even && number_at(x->files.v[f].name, which).n == n;
        for (size_t k = 0; k < (even ? n : 1); k++)
            FIRN_TRY(firn_buf_adds(out, "[0-9]", err));
        FIRN_TRY(firn_buf_adds(out, even ? "" : "*", err));
        which++;
    }
    return firn_buf_adds(out, "*", err);
}

/* Whether a glob matches data files of other groups. */
static bool matches_others(const grouping *g, const group *x, const char *glob)
{
    size_t found = 0;
    for (size_t i = 0; i < g->all_count; i++) {
        const char *name = firn_arena_strndup(g->a, g->all[i].name.p, g->all[i].name.n);
        found += name && fnmatch(glob, name, FNM_PATHNAME | FNM_PERIOD) == 0;
    }
    return found != x->files.n;
}

static firn_code make_pattern(grouping *g, const group *x, firn_str *ret, firn_err *err)
{
    *ret = x->files.v[0].name;
    if (x->files.n == 1)
        return FIRN_OK;
    for (int attempt = 0; attempt < 3; attempt++) {
        FIRN_AUTO(firn_buf_free) firn_buf glob = FIRN_BUF((size_t)1 << 20);
        FIRN_TRY(attempt < 2 ? write_glob(x, attempt == 0, &glob, err)
                             : write_exact_glob(x, &glob, err));
        *ret = firn_arena_str(g->a, firn_buf_str(&glob));
        if (!ret->p)
            return firn_arena_raise(g->a, err);
        if (!matches_others(g, x, ret->p))
            return FIRN_OK;
    }
    return FIRN_OK;
}

/* --- streams ------------------------------------------------------------------------------- */

static firn_str last_part(firn_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? from(path, (size_t)(slash + 1 - path.p)) : path;
}

/* The folder that a name lies in; that of the source at the top. */
static firn_str folder_of(const grouping *g, firn_str name)
{
    firn_str path = name;
    while (path.n && path.p[path.n - 1] != '/')
        path.n--;
    if (path.n)
        return last_part((firn_str){path.p, path.n - 1});
    firn_str folder = g->folder;
    while (folder.n > 1 && folder.p[folder.n - 1] == '/')
        folder.n--;
    return last_part(folder);
}

static firn_code base_name(grouping *g, const group *x, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf glob = FIRN_BUF((size_t)1 << 20);
    FIRN_TRY(x->files.n > 1 ? write_glob(x, true, &glob, err)
                            : firn_buf_addstr(&glob, x->files.v[0].name, err));
    firn_str rest = last_part(firn_buf_str(&glob));
    firn_str stem = firn_str_cut(&rest, '.');
    FIRN_TRY(firn_stream_table_name(stem, g->a, ret, err));
    bool part = x->kind == FIRN_FILE_PARQUET && firn_str_starts(*ret, "part");
    if (ret->n && !part)
        return FIRN_OK;
    FIRN_TRY(firn_stream_table_name(folder_of(g, x->key), g->a, ret, err));
    if (ret->n == 0)
        *ret = FIRN_STR_LIT("records");
    return FIRN_OK;
}

static bool is_taken(const firn_found_stream *v, size_t n, firn_str name)
{
    for (size_t i = 0; i < n; i++)
        if (firn_str_eq(v[i].table, name))
            return true;
    return false;
}

/* orders of the folder eu beside orders: eu_orders. */
static firn_code choose_name(grouping *g, const group *x, const firn_found_stream *before, size_t n,
                             firn_str *ret, firn_err *err)
{
    firn_str base;
    FIRN_TRY(base_name(g, x, &base, err));
    *ret = base;
    for (size_t i = 1; is_taken(before, n, *ret); i++) {
        firn_str folder = folder_of(g, x->files.v[0].name);
        const char *text =
            i == 1 && folder.n
                ? firn_arena_printf(g->a, "%.*s_%.*s", FIRN_STR_ARG(folder), FIRN_STR_ARG(base))
                : firn_arena_printf(g->a, "%.*s_%zu", FIRN_STR_ARG(base), i);
        if (!text)
            return firn_arena_raise(g->a, err);
        FIRN_TRY(firn_stream_table_name(firn_str_of(text), g->a, ret, err));
    }
    return FIRN_OK;
}

static firn_code nothing(firn_str folder, firn_err *err)
{
    firn_raise(err, FIRN_E_NOTFOUND, "there is no data file in %s", firn_quote(folder).s);
    return firn_err_advise(err, "files that are read end in .json, .jsonl, .csv, .tsv, .bson or "
                                ".parquet, most of them also in .gz or .zst: name the folder that "
                                "holds them; `firn init accounting` copies an example");
}

firn_code firn_streams_find(firn_env *env, firn_str folder, firn_arena *a, firn_found_stream **ret,
                            size_t *ret_count, firn_err *err)
{
    firn_source_file *files;
    grouping g = {.a = a, .folder = folder, .by_key = FIRN_MAP(a)};
    firn_err local = {0};
    const char *path;
    FIRN_TRY(firn_path_absolute(folder, a, &path, err));
    g.folder = firn_str_of(path);
    firn_code code =
        firn_files_find(env, folder, FIRN_STR_LIT("**/*"), a, &files, &g.all_count, &local);
    if (code == FIRN_E_NOTFOUND && firn_fs_exists(env, path))
        return nothing(folder, err);
    if (code != FIRN_OK) {
        *err = local;
        return code;
    }
    g.all = files;
    FIRN_TRY(make_groups(&g, err));
    if (g.groups.n == 0)
        return nothing(folder, err);
    firn_found_stream *v = firn_arena_array(a, g.groups.n, sizeof *v);
    if (!v)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < g.groups.n; i++) {
        const group *x = g.groups.v[i];
        v[i].kind = x->kind;
        v[i].files = x->files.v;
        v[i].file_count = x->files.n;
        for (size_t k = 0; k < x->files.n; k++)
            v[i].bytes += x->files.v[k].stat.size;
        FIRN_TRY(make_pattern(&g, x, &v[i].pattern, err));
        FIRN_TRY(choose_name(&g, x, v, i, &v[i].table, err));
    }
    *ret = v;
    *ret_count = g.groups.n;
    return FIRN_OK;
}
