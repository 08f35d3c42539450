/* SPDX-License-Identifier: Apache-2.0 */
/* From what was written to a struct, row by row of a table of options. */
#include "base/option.h"

#include "base/datetime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_KEYS 64

static void *member(const firn_option *o, void *out)
{
    return (char *)out + o->offset;
}

/* --- messages ------------------------------------------------------------------------------ */

typedef struct but_was {
    char s[sizeof(firn_quoted) + 8];
} but_was;

/* ", not 'x'" for the end of a message; nothing for a secret. */
static but_was not_this(const firn_option *o, const firn_conf *c)
{
    but_was b = {""};
    if (!(o->flags & FIRN_OPT_SECRET))
        snprintf(b.s, sizeof b.s, ", not %s", firn_conf_quote(c).s);
    return b;
}

static void show_example(const firn_option *o, firn_err *err)
{
    if (o->example)
        firn_err_advise(err, "write it like this: %s: %s", o->key, o->example);
}

/* A plain value of the wrong kind; `wants` says what it should be. */
static firn_code wrong_value(const firn_option *o, const firn_conf *c, const char *wants,
                             firn_err *err)
{
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "'%s' wants %s%s", o->key, wants,
                    not_this(o, c).s);
    show_example(o, err);
    return FIRN_E_CONFIG;
}

static void list_keys(const firn_option *table, char *out, size_t cap)
{
    size_t n = 0;
    for (const firn_option *o = table; o->key && n < cap; o++) {
        int put = snprintf(out + n, cap - n, "%s%s", o == table ? "" : ", ", o->key);
        n += put > 0 ? (size_t)put : 0;
    }
}

static firn_code unknown_key(const firn_option *table, const firn_conf *c, firn_err *err)
{
    firn_str words[MAX_KEYS];
    size_t n = 0;
    while (table[n].key && n < MAX_KEYS) {
        words[n] = firn_str_of(table[n].key);
        n++;
    }
    firn_raise_conf(err, c->key_place, FIRN_ID_KEY, "unknown key %s", firn_quote(c->key).s);
    int near = firn_str_nearest(c->key, words, n);
    if (near >= 0) {
        firn_err_advise(err, "did you mean '%s'?", table[near].key);
        return FIRN_E_CONFIG;
    }
    char keys[380];
    list_keys(table, keys, sizeof keys);
    firn_err_advise(err, "the keys here are %s", keys);
    return FIRN_E_CONFIG;
}

/* Raises that a key is missing, with the table's example as advice. */
static firn_code option_missing(const firn_option *table, const char *key, firn_place place,
                                firn_err *err)
{
    firn_raise_conf(err, place, FIRN_ID_MISSING, "the key '%s' is missing", key);
    for (const firn_option *o = table; o->key; o++)
        if (strcmp(o->key, key) == 0 && o->example)
            firn_err_advise(err, "add a line like this: %s: %s", o->key, o->example);
    return FIRN_E_CONFIG;
}

/* --- texts --------------------------------------------------------------------------------- */

static unsigned shapes_of(const firn_option *o)
{
    if (o->kind == FIRN_OPT_CONF)
        return o->shapes;
    return o->kind == FIRN_OPT_STRINGS ? FIRN_CONF_TEXT | FIRN_CONF_LIST : FIRN_CONF_TEXT;
}

static const char *shapes_text(unsigned shapes)
{
    static const char *const names[] = {
        "nothing",       "a text",          "a list",          "a text or a list",
        "a map of keys", "a text or a map", "a list or a map", "a text, a list or a map",
    };
    return names[shapes & 7];
}

static firn_code check_shape(const firn_option *o, const firn_conf *c, firn_err *err)
{
    if (firn_conf_is_null(c)) {
        firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "'%s' has no value", o->key);
        if (c->text.n > 1)
            firn_err_advise(err, "%s means nothing in YAML; put it in quotes if it is the word",
                            firn_conf_quote(c).s);
        else if (o->example)
            firn_err_advise(err, "write it like this: %s: %s%s", o->key, o->example,
                            o->flags & FIRN_OPT_REQUIRED ? "" : "; or take the key out");
        return FIRN_E_CONFIG;
    }
    unsigned shapes = shapes_of(o);
    if (c->kind & shapes)
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_SHAPE, "'%s' wants %s, not %s", o->key,
                    shapes_text(shapes), firn_conf_kind_name(c->kind));
    show_example(o, err);
    return FIRN_E_CONFIG;
}

/* true, false and numbers are words of YAML: in quotes they are texts, unless a variable needs the
 * quotes. */
static firn_code check_plain(const firn_option *o, const firn_conf *c, const char *wants,
                             firn_err *err)
{
    if (c->plain || c->replaced)
        return FIRN_OK;
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "'%s' wants %s, not a text in quotes", o->key,
                    wants);
    show_example(o, err);
    return FIRN_E_CONFIG;
}

/* Whether a text is one of some words, which are parted by blanks, in whatever case. */
static bool is_one_of(firn_str text, const char *words)
{
    firn_str rest = firn_str_of(words);
    while (rest.p)
        if (firn_str_ieq(text, firn_str_cut(&rest, ' ')))
            return true;
    return false;
}

static firn_code set_bool(const firn_option *o, const firn_conf *c, void *out, firn_err *err)
{
    static const char wants[] = "true or false";
    FIRN_TRY(check_plain(o, c, wants, err));
    bool yes = firn_str_eqc(c->text, "true");
    if (!yes && !firn_str_eqc(c->text, "false")) {
        bool meant = is_one_of(c->text, "true yes on 1 y");
        bool no = is_one_of(c->text, "false no off 0 n");
        wrong_value(o, c, wants, err);
        if (meant || no)
            firn_err_advise(err, "write it like this: %s: %s", o->key, meant ? "true" : "false");
        return FIRN_E_CONFIG;
    }
    *(bool *)member(o, out) = yes;
    return FIRN_OK;
}

/* "5", "128MB" or "30d", as it would be written. */
static void print_limit(const firn_option *o, int64_t v, char *out, size_t cap)
{
    static const char *const sizes[] = {"", "KB", "MB", "GB", "TB"};
    static const struct {
        int64_t ms;
        const char *name;
    } times[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    if (o->kind == FIRN_OPT_BYTES) {
        size_t unit = 0;
        while (unit + 1 < FIRN_COUNT_OF(sizes) && v && v % 1024 == 0) {
            v /= 1024;
            unit++;
        }
        snprintf(out, cap, "%" PRId64 "%s", v, sizes[unit]);
        return;
    }
    size_t i = 0;
    while (o->kind == FIRN_OPT_DURATION && i + 1 < FIRN_COUNT_OF(times) &&
           (v == 0 || v % times[i].ms != 0))
        i++;
    if (o->kind == FIRN_OPT_DURATION)
        snprintf(out, cap, "%" PRId64 "%s", v / times[i].ms, times[i].name);
    else
        snprintf(out, cap, "%" PRId64, v);
}

static firn_code check_range(const firn_option *o, const firn_conf *c, int64_t v, firn_err *err)
{
    if ((o->min == 0 && o->max == 0) || (v >= o->min && v <= o->max))
        return FIRN_OK;
    char least[32];
    char most[32];
    print_limit(o, o->min, least, sizeof least);
    print_limit(o, o->max, most, sizeof most);
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "'%s' must be between %s and %s%s", o->key, least,
                    most, not_this(o, c).s);
    show_example(o, err);
    return FIRN_E_CONFIG;
}

static firn_code set_int(const firn_option *o, const firn_conf *c, void *out, firn_err *err)
{
    static const char wants[] = "a whole number";
    int64_t v;
    FIRN_TRY(check_plain(o, c, wants, err));
    if (!firn_str_i64(c->text, &v))
        return wrong_value(o, c, wants, err);
    FIRN_TRY(check_range(o, c, v, err));
    *(int64_t *)member(o, out) = v;
    return FIRN_OK;
}

static firn_code set_bytes(const firn_option *o, const firn_conf *c, void *out, firn_err *err)
{
    uint64_t v;
    if (!firn_str_bytes(c->text, &v))
        return wrong_value(o, c, "a size", err);
    FIRN_TRY(check_range(o, c, (int64_t)v, err));
    *(uint64_t *)member(o, out) = v;
    return FIRN_OK;
}

static firn_code set_duration(const firn_option *o, const firn_conf *c, void *out, firn_err *err)
{
    int64_t v = 0;
    if (!firn_duration_parse(c->text, &v))
        return wrong_value(o, c, "a time with its unit (ms, s, m, h, d, w)", err);
    FIRN_TRY(check_range(o, c, v, err));
    *(int64_t *)member(o, out) = v;
    return FIRN_OK;
}

static firn_code set_percent(const firn_option *o, const firn_conf *c, void *out, firn_err *err)
{
    firn_str s = firn_str_trim(c->text);
    double v;
    if (!firn_str_ends(s, "%"))
        return wrong_value(o, c, "a percentage", err);
    s.n--;
    if (!firn_str_f64(firn_str_trim(s), &v) || !(v >= 0 && v <= 100))
        return wrong_value(o, c, "a percentage from 0% to 100%", err);
    *(double *)member(o, out) = v / 100;
    return FIRN_OK;
}

/* "full", "full or incremental", "json, csv or auto". */
static void list_words(const firn_option *o, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; o->words[i] && n < cap; i++) {
        const char *sep = i == 0 ? "" : o->words[i + 1] ? ", " : " or ";
        int put = snprintf(out + n, cap - n, "%s%s", sep, o->words[i]);
        n += put > 0 ? (size_t)put : 0;
    }
}

static firn_code set_enum(const firn_option *o, const firn_conf *c, void *out, firn_err *err)
{
    firn_str words[MAX_KEYS];
    size_t n = 0;
    for (; o->words[n] && n < MAX_KEYS; n++) {
        words[n] = firn_str_of(o->words[n]);
        if (!firn_str_eq(c->text, words[n]))
            continue;
        *(int *)member(o, out) = (int)n;
        return FIRN_OK;
    }
    char allowed[380];
    list_words(o, allowed, sizeof allowed);
    firn_raise_conf(err, c->place, FIRN_ID_VALUE, "'%s' can be %s%s", o->key, allowed,
                    not_this(o, c).s);
    int near = o->flags & FIRN_OPT_SECRET || c->replaced ? -1 : firn_str_nearest(c->text, words, n);
    if (near >= 0)
        firn_err_advise(err, "did you mean '%s'?", o->words[near]);
    else
        show_example(o, err);
    return FIRN_E_CONFIG;
}

static firn_code set_char(const firn_option *o, const firn_conf *c, void *out, firn_err *err)
{
    firn_str s = c->text;
    bool tab = firn_str_eqc(s, "tab") || firn_str_eqc(s, "\\t");
    if (!tab && (s.n != 1 || (unsigned char)s.p[0] >= 0x7f || (s.p[0] < ' ' && s.p[0] != '\t')))
        return wrong_value(o, c, "one ASCII character, or the word tab", err);
    *(char *)member(o, out) = tab ? '\t' : s.p[0];
    return FIRN_OK;
}

static firn_code set_string(const firn_option *o, const firn_conf *c, void *out, firn_err *err)
{
    if (o->flags & FIRN_OPT_NOT_EMPTY && firn_str_trim(c->text).n == 0) {
        firn_raise_conf(err, c->place, FIRN_ID_VALUE, "'%s' is empty%s%s", o->key,
                        c->replaced ? ": " : "", c->replaced ? firn_quote(c->written).s : "");
        show_example(o, err);
        return FIRN_E_CONFIG;
    }
    *(firn_str *)member(o, out) = c->text;
    return FIRN_OK;
}

static firn_code set_strings(const firn_option *o, const firn_conf *c, void *out, firn_arena *a,
                             firn_err *err)
{
    const firn_conf *items = c->kind == FIRN_CONF_LIST ? c->items : c;
    size_t count = c->kind == FIRN_CONF_LIST ? c->count : 1;
    firn_strings list = {.v = firn_arena_array(a, count, sizeof *list.v), .n = count};
    if (!list.v)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind != FIRN_CONF_TEXT || firn_conf_is_null(&items[i])) {
            firn_raise_conf(err, items[i].place, FIRN_ID_SHAPE, "'%s' is a list of texts", o->key);
            show_example(o, err);
            return FIRN_E_CONFIG;
        }
        list.v[i] = items[i].text;
    }
    *(firn_strings *)member(o, out) = list;
    return FIRN_OK;
}

static firn_code set_value(const firn_option *o, const firn_conf *c, void *out, firn_arena *a,
                           firn_err *err)
{
    switch (o->kind) {
    case FIRN_OPT_STRING:
        return set_string(o, c, out, err);
    case FIRN_OPT_BOOL:
        return set_bool(o, c, out, err);
    case FIRN_OPT_INT:
        return set_int(o, c, out, err);
    case FIRN_OPT_BYTES:
        return set_bytes(o, c, out, err);
    case FIRN_OPT_DURATION:
        return set_duration(o, c, out, err);
    case FIRN_OPT_PERCENT:
        return set_percent(o, c, out, err);
    case FIRN_OPT_ENUM:
        return set_enum(o, c, out, err);
    case FIRN_OPT_CHAR:
        return set_char(o, c, out, err);
    case FIRN_OPT_STRINGS:
        return set_strings(o, c, out, a, err);
    case FIRN_OPT_CONF:
        break;
    }
    *(const firn_conf **)member(o, out) = c;
    return FIRN_OK;
}

/* --- whole tables -------------------------------------------------------------------------- */

/* A default that its own table does not take is a bug of the table. */
static firn_code set_defaults(const firn_option *table, void *out, firn_arena *a, firn_err *err)
{
    for (const firn_option *o = table; o->key; o++) {
        if (!o->otherwise)
            continue;
        firn_conf c = {.kind = FIRN_CONF_TEXT, .plain = true, .text = firn_str_of(o->otherwise)};
        firn_assert(o->kind != FIRN_OPT_CONF);
        firn_code code = set_value(o, &c, out, a, err);
        firn_assert(code != FIRN_E_CONFIG);
        FIRN_TRY(code);
    }
    return FIRN_OK;
}

firn_code firn_options_fill(const firn_option *table, const firn_conf *map, bool defaults,
                            void *out, firn_arena *a, firn_err *err)
{
    firn_assert(!map || map->kind == FIRN_CONF_MAP);
    if (defaults)
        FIRN_TRY(set_defaults(table, out, a, err));
    for (size_t i = 0; map && i < map->count; i++) {
        const firn_conf *c = &map->items[i];
        const firn_option *o = table;
        while (o->key && !firn_str_eqc(c->key, o->key))
            o++;
        if (!o->key)
            return unknown_key(table, c, err);
        FIRN_TRY(check_shape(o, c, err));
        FIRN_TRY(set_value(o, c, out, a, err));
    }
    for (const firn_option *o = table; defaults && o->key; o++)
        if (o->flags & FIRN_OPT_REQUIRED && !firn_conf_get(map, o->key))
            return option_missing(table, o->key, map ? map->place : (firn_place){0}, err);
    return FIRN_OK;
}
