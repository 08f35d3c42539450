/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the project file, seen from its folder. */
#include "pipeline/project_int.h"

#include <string.h>

/* "s3" of "s3://bucket/x", "file" of "file:/x"; .n == 0 if it is a path. */
static firn_str scheme_of(firn_str path)
{
    size_t n = 0;
    while (n < path.n &&
           ((path.p[n] >= 'a' && path.p[n] <= 'z') || (path.p[n] >= 'A' && path.p[n] <= 'Z') ||
            (n && path.p[n] >= '0' && path.p[n] <= '9')))
        n++;
    bool uri = n > 1 && n + 1 < path.n && path.p[n] == ':' &&
               (path.p[n + 1] == '/' || firn_str_ieq((firn_str){path.p, n}, FIRN_STR_LIT("file")));
    return (firn_str){path.p, uri ? n : 0};
}

/* Drops the last name of an absolute path under construction. */
static size_t parent_of(const char *p, size_t n)
{
    while (n > 0 && p[n - 1] != '/')
        n--;
    return n > 0 ? n - 1 : 0;
}

firn_code firn_path_join(const char *folder, firn_str path, firn_arena *a, const char **ret,
                         firn_err *err)
{
    bool absolute = path.n && path.p[0] == '/';
    firn_str parts[2] = {firn_str_of(absolute ? "" : folder), path};
    char *out = firn_arena_alloc(a, parts[0].n + path.n + 3);
    if (!out)
        return firn_arena_raise(a, err);
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        firn_str rest = parts[i];
        while (rest.p) {
            firn_str name = firn_str_cut(&rest, '/');
            if (name.n == 0 || firn_str_eqc(name, "."))
                continue;
            if (firn_str_eqc(name, "..")) {
                n = parent_of(out, n);
                continue;
            }
            out[n++] = '/';
            memcpy(out + n, name.p, name.n);
            n += name.n;
        }
    }
    if (n == 0)
        out[n++] = '/';
    out[n] = '\0';
    *ret = out;
    return FIRN_OK;
}

static firn_code refuse_scheme(const firn_conf *c, const char *what, firn_str scheme, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_UNSUPPORTED, "'%s' at %.*s:// is not supported", what,
                    FIRN_STR_ARG(scheme));
    firn_err_advise(err, "only local folders are: a path, or file:///…");
    return FIRN_E_CONFIG;
}

static firn_code bad_path(const firn_conf *c, const char *what, const char *why, const char *advice,
                          firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "'%s': %s %s", what, firn_conf_quote(c).s, why);
    firn_err_advise(err, "%s", advice);
    return FIRN_E_CONFIG;
}

firn_code firn_conf_path(const firn_conf *c, const char *what, const char *folder, firn_arena *a,
                         const char **ret, firn_err *err)
{
    firn_str path = c->text;
    firn_str scheme = scheme_of(path);
    bool is_file = firn_str_ieq(scheme, FIRN_STR_LIT("file"));
    if (scheme.n && !is_file)
        return refuse_scheme(c, what, scheme, err);
    if (firn_str_trim(path).n == 0)
        return bad_path(c, what, "is empty", "write a path; '.' is the project's own folder", err);
    if (path.n && path.p[0] == '~' && (path.n == 1 || path.p[1] == '/'))
        return bad_path(c, what, "begins with '~', which only a shell knows",
                        "write ${HOME} instead of ~", err);
    if (memchr(path.p, '\0', path.n) || memchr(path.p, '\n', path.n))
        return bad_path(c, what, "is not a path", "a path is one line of text", err);
    if (is_file) {
        path = (firn_str){path.p + 5, path.n - 5};
        if (firn_str_starts(path, "//"))
            path = (firn_str){path.p + 2, path.n - 2};
        if (!firn_str_starts(path, "/"))
            return bad_path(c, what, "is not a file on this machine",
                            "write file:///absolute/path, or a path without file:", err);
    }
    return firn_path_join(folder, path, a, ret, err);
}
