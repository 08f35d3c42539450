/* SPDX-License-Identifier: Apache-2.0 */
/* Where tables lie: layouts and their placeholders. */
#include "pipeline/project_int.h"

#include <string.h>

typedef enum placeholder {
    PH_WAREHOUSE,
    PH_NAMESPACE,
    PH_TABLE,
    PH_APP,
    PH_SOURCE,
    PH_STREAM,
    PH_COUNT
} placeholder;

static const char *const names[PH_COUNT] = {"warehouse", "namespace", "table",
                                            "app",       "source",    "stream"};

static placeholder placeholder_of(firn_str name)
{
    int i = 0;
    while (i < PH_COUNT && !firn_str_eqc(name, names[i]))
        i++;
    return (placeholder)i;
}

/* --- checking ------------------------------------------------------------------------------ */

static firn_code bad_layout(const firn_conf *c, const char *why, firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_LAYOUT, "the layout %s %s", firn_conf_quote(c).s, why);
    firn_err_advise(err, "the default is {warehouse}/{namespace}/{table}; there are also {app}, "
                         "{source} and {stream}");
    return FIRN_E_CONFIG;
}

static firn_code unknown_placeholder(const firn_conf *c, firn_str name, firn_err *err)
{
    firn_str words[PH_COUNT];
    for (int i = 0; i < PH_COUNT; i++)
        words[i] = firn_str_of(names[i]);
    firn_raise_conf(err, c->place, FIRN_ID_LAYOUT, "a layout has no placeholder %s",
                    firn_quote(name).s);
    int near = firn_str_nearest(name, words, PH_COUNT);
    if (near >= 0)
        firn_err_advise(err, "did you mean {%s}?", names[near]);
    else
        firn_err_advise(err, "there are {warehouse}, {namespace}, {table}, {app}, {source} and "
                             "{stream}");
    return FIRN_E_CONFIG;
}

/* Which placeholders a layout holds, as bits. */
static firn_code placeholders_in(const firn_conf *c, unsigned *ret, firn_err *err)
{
    firn_str rest = c->text;
    *ret = 0;
    while (rest.p) {
        firn_str literal = firn_str_cut(&rest, '{');
        if (literal.n && memchr(literal.p, '}', literal.n))
            return bad_layout(c, "has a '}' without its '{'", err);
        if (!rest.p)
            return FIRN_OK;
        firn_str name = firn_str_cut(&rest, '}');
        if (!rest.p)
            return bad_layout(c, "has a '{' without its '}'", err);
        placeholder ph = placeholder_of(name);
        if (ph == PH_COUNT)
            return unknown_placeholder(c, name, err);
        if (ph == PH_WAREHOUSE && *ret & 1u << PH_WAREHOUSE)
            return bad_layout(c, "names {warehouse} twice", err);
        *ret |= 1u << ph;
    }
    return FIRN_OK;
}

firn_code firn_layout_check(const firn_conf *c, firn_err *err)
{
    unsigned found = 0;
    FIRN_TRY(placeholders_in(c, &found, err));
    if (!firn_str_starts(c->text, "{warehouse}/"))
        return bad_layout(c, "does not begin with {warehouse}/", err);
    if (!(found & (1u << PH_TABLE | 1u << PH_STREAM)))
        return bad_layout(c, "gives all tables one folder: it has neither {table} nor {stream}",
                          err);
    firn_str rest = c->text;
    while (rest.p) {
        firn_str part = firn_str_cut(&rest, '/');
        if (firn_str_eqc(part, "..") || (part.n && part.p[0] == '.'))
            return bad_layout(c, "has a folder that begins with a dot", err);
        if (part.n == 0)
            return bad_layout(c, "has an empty folder name", err);
    }
    return FIRN_OK;
}

/* --- filling in ---------------------------------------------------------------------------- */

typedef struct layout_values {
    const firn_project *p;
    firn_ident ident;
    const firn_ingest *ingest;
    firn_place place; /* of the layout */
} layout_values;

/* A text of the outside as one harmless file name. */
static firn_code put_safe(firn_str s, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || (c == '.' && i) || (unsigned char)c >= 0x80;
        FIRN_TRY(firn_buf_addc(out, good ? c : '_', err));
    }
    return FIRN_OK;
}

/* A name as a folder.  Locations are URIs to many readers: '#' and '?' would end the path there. */
static firn_code put_name(firn_str s, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool special = c == '#' || c == '?' || c == '%';
        FIRN_TRY(special ? firn_buf_addf(out, err, "%%%02X", (unsigned char)c)
                         : firn_buf_addc(out, c, err));
    }
    return FIRN_OK;
}

static firn_code put_levels(firn_str ns, firn_buf *out, firn_err *err)
{
    for (firn_str rest = ns; rest.p;) {
        FIRN_TRY(put_name(firn_str_cut(&rest, '.'), out, err));
        if (rest.p)
            FIRN_TRY(firn_buf_addc(out, '/', err));
    }
    return FIRN_OK;
}

static firn_code no_value(const layout_values *v, placeholder ph, firn_err *err)
{
    firn_raise_conf(err, v->place, FIRN_ID_LAYOUT,
                    "the layout of %.*s.%.*s holds {%s}, which a model does not have",
                    FIRN_STR_ARG(v->ident.ns), FIRN_STR_ARG(v->ident.name), names[ph]);
    firn_err_advise(err,
                    "give the namespace a layout of its own: namespaces: {%.*s: {layout: "
                    "\"{warehouse}/{namespace}/{table}\"}}",
                    FIRN_STR_ARG(v->ident.ns));
    return FIRN_E_CONFIG;
}

static firn_code put_value(const layout_values *v, placeholder ph, firn_buf *out, firn_err *err)
{
    switch (ph) {
    case PH_WAREHOUSE:
        return firn_buf_adds(out, v->p->warehouse, err);
    case PH_NAMESPACE:
        return put_levels(v->ident.ns, out, err);
    case PH_TABLE:
        return put_name(v->ident.name, out, err);
    case PH_APP:
        return put_safe(v->p->name, out, err);
    case PH_SOURCE:
    case PH_STREAM:
        if (!v->ingest)
            return no_value(v, ph, err);
        return put_safe(ph == PH_SOURCE ? v->ingest->source->name : v->ingest->stream, out, err);
    case PH_COUNT:
        break;
    }
    return firn_raise(err, FIRN_E_BUG, "a layout that was not checked");
}

/* The settings of a namespace or of the nearest one above it that has any. */
static const firn_namespace_conf *namespace_of(const firn_project *p, firn_str ns)
{
    for (;;) {
        for (size_t i = 0; i < p->namespace_count; i++)
            if (firn_str_eq(p->namespaces[i].name, ns))
                return &p->namespaces[i];
        while (ns.n && ns.p[ns.n - 1] != '.')
            ns.n--;
        if (ns.n == 0)
            return NULL;
        ns.n--;
    }
}

const firn_maintenance *firn_project_maintenance(const firn_project *p, firn_str ns)
{
    const firn_namespace_conf *own = namespace_of(p, ns);
    return own ? &own->maintenance : &p->maintenance;
}

int32_t firn_project_format_version(const firn_project *p, firn_str ns)
{
    const firn_namespace_conf *own = namespace_of(p, ns);
    return own && own->format_version ? own->format_version : 2;
}

static firn_code put_location(const layout_values *v, firn_str layout, firn_buf *out, firn_err *err)
{
    bool has_table = false;
    while (layout.p) {
        FIRN_TRY(firn_buf_addstr(out, firn_str_cut(&layout, '{'), err));
        if (!layout.p)
            break;
        placeholder ph = placeholder_of(firn_str_cut(&layout, '}'));
        FIRN_TRY(put_value(v, ph, out, err));
        has_table |= ph == PH_TABLE;
    }
    /* the rejects and arrays of a stream must not lie in the stream's own folder */
    firn_str main_name = v->ingest ? v->ingest->table.ident.name : v->ident.name;
    if (has_table || main_name.n >= v->ident.name.n ||
        memcmp(main_name.p, v->ident.name.p, main_name.n) != 0)
        return FIRN_OK;
    firn_str suffix = {v->ident.name.p + main_name.n, v->ident.name.n - main_name.n};
    return firn_buf_addstr(out, suffix, err);
}

firn_code firn_project_location(const firn_project *p, firn_ident ident, const firn_ingest *ingest,
                                firn_arena *a, const char **ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(16384);
    const firn_namespace_conf *own = namespace_of(p, ident.ns);
    layout_values v = {
        .p = p,
        .ident = ident,
        .ingest = ingest,
        .place = own ? own->layout_place : p->layout_place,
    };
    FIRN_TRY(put_location(&v, own ? own->layout : p->layout, &out, err));
    return firn_path_join("/", firn_buf_str(&out), a, ret, err);
}

firn_code firn_locations_add(firn_locations *l, firn_ident ident, const firn_ingest *ingest,
                             firn_place place, firn_err *err)
{
    const char *location;
    firn_code code = firn_project_location(l->p, ident, ingest, l->a, &location, err);
    if (code != FIRN_OK)
        return code;
    const firn_ident *first = firn_map_get(&l->seen, firn_str_of(location));
    if (first && !firn_ident_eq(*first, ident)) {
        firn_raise_conf(err, place, FIRN_ID_LAYOUT,
                        "the layout puts %.*s.%.*s into the folder of %.*s.%.*s",
                        FIRN_STR_ARG(ident.ns), FIRN_STR_ARG(ident.name), FIRN_STR_ARG(first->ns),
                        FIRN_STR_ARG(first->name));
        firn_err_advise(err, "a layout with {namespace} and {table} keeps all tables apart");
        return FIRN_E_CONFIG;
    }
    firn_ident *copy = firn_arena_alloc(l->a, sizeof *copy);
    if (!copy)
        return firn_arena_raise(l->a, err);
    *copy = ident;
    return firn_map_put(&l->seen, firn_str_of(location), copy) ? FIRN_OK
                                                               : firn_arena_raise(l->a, err);
}
