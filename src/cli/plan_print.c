/* SPDX-License-Identifier: Apache-2.0 */
/* A plan for people: a block a table, marked by what would happen to it, then memory, disk, time
 * and a line that sums it up. */
#include "cli/plan_print.h"
#include "cli/common.h"

#include "base/str.h"

#include <string.h>

#define COLUMNS_MAX 16 /* of a schema */
#define NOTES_MAX   8

/* Texts of the document are foreign: control characters are not printed. */
typedef struct printing {
    const firn_plan_style *style;
    FILE *f;
} printing;

typedef enum colour { PLAIN, GREEN, YELLOW, CYAN, RED, DIM, BOLD } colour;

static const char *code_of(const printing *p, colour c)
{
    static const char *const codes[] = {"",           "\033[32m", "\033[33m", "\033[36m",
                                        "\033[1;31m", "\033[2m",  "\033[1m"};
    return p->style->colour ? codes[c] : "";
}

static const char *end_of(const printing *p)
{
    return p->style->colour ? "\033[0m" : "";
}

/* --- reading ------------------------------------------------------------------------------- */

static int64_t num(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static const char *str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static bool is(const json_t *o, const char *key, const char *value)
{
    return strcmp(str(o, key), value) == 0;
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* Without what could move the cursor. */
static void put_text(const printing *p, const char *s)
{
    for (; *s; s++)
        fputc((unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : *s, p->f);
}

/* --- numbers ------------------------------------------------------------------------------- */

static void put_count(const printing *p, int64_t n, const char *what)
{
    char text[32];
    firn_human_count((uint64_t)n, text);
    fprintf(p->f, "%s %s%s", text, what, plural(n));
}

static void put_bytes(const printing *p, int64_t n)
{
    char text[24];
    firn_human_bytes((uint64_t)n, text);
    fputs(text, p->f);
}

/* In the units of --memory. */
static void put_mb(const printing *p, int64_t n)
{
    fprintf(p->f, "%lld MB", (long long)(n >> 20));
}

static void seconds_text(double s, char out[32])
{
    if (s < 1)
        snprintf(out, 32, "less than a second");
    else
        firn_human_seconds(s < 10 ? s : (double)(int64_t)(s + 0.5), out);
}

/* --- a table ------------------------------------------------------------------------------- */

typedef struct action_style {
    const char *action;
    const char *mark;
    const char *plain; /* where there is no Unicode */
    colour colour;
    const char *words;
} action_style;

static const action_style actions[] = {
    {"create", "+", "+", GREEN, "is created"},     {"append", "~", "~", YELLOW, "gets rows"},
    {"replace", "±", "~", CYAN, "is replaced"},    {"view", "·", ".", DIM, "is a view"},
    {"nothing", "=", "=", DIM, "stays as it is"},  {"fail", "✗", "x", RED, "would fail"},
    {"unknown", "?", "?", YELLOW, "is not known"}, {"skip", "✗", "x", RED, "would not be tried"},
};

static const action_style *style_of(const json_t *node)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(actions); i++)
        if (is(node, "action", actions[i].action))
            return &actions[i];
    return &actions[FIRN_COUNT_OF(actions) - 1];
}

static bool is_written(const json_t *node)
{
    return is(node, "action", "create") || is(node, "action", "append") ||
           is(node, "action", "replace");
}

static void print_head(const printing *p, const json_t *node)
{
    const action_style *s = style_of(node);
    fprintf(p->f, "%s%s%s %s", code_of(p, s->colour), p->style->unicode ? s->mark : s->plain,
            end_of(p), code_of(p, BOLD));
    put_text(p, str(node, "namespace"));
    fputc('.', p->f);
    put_text(p, str(node, "table"));
    fprintf(p->f, "%s %s%s%s", end_of(p), code_of(p, s->colour), s->words, end_of(p));
    if (str(node, "why")[0]) {
        fputs(": ", p->f);
        put_text(p, str(node, "why"));
    }
    fputc('\n', p->f);
}

static void print_reads(const printing *p, const json_t *node)
{
    const json_t *files = json_object_get(node, "files");
    const json_t *names = json_object_get(files, "names");
    if (!files || num(files, "read") == 0)
        return;
    fputs("    reads   ", p->f);
    put_text(p, str(node, "stream"));
    fputs(": ", p->f);
    put_count(p, num(files, "read"), "file");
    fputs(", ", p->f);
    put_bytes(p, num(files, "bytes"));
    if (json_array_size(names) == 1) {
        fputs(" (", p->f);
        put_text(p, str(json_array_get(names, 0), "name"));
        fputc(')', p->f);
    }
    fputs(json_is_true(json_object_get(node, "sampled")) ? ", a sample of them for this plan\n"
                                                         : "\n",
          p->f);
}

static void print_changed(const printing *p, const json_t *node)
{
    const json_t *changed = json_object_get(json_object_get(node, "files"), "changed");
    size_t count = json_array_size(changed);
    if (count == 0)
        return;
    fputs("            other content than when it landed: ", p->f);
    for (size_t i = 0; i < FIRN_MIN(count, (size_t)5); i++) {
        fputs(i ? ", " : "", p->f);
        put_text(p, str(json_array_get(changed, i), "name"));
    }
    fputs(count <= 5 ? "\n" : p->style->unicode ? ", …\n" : ", ...\n", p->f);
}

/* With the shortest of the values, as JSON. */
static void print_conflicts(const printing *p, const json_t *node)
{
    const json_t *c;
    size_t i;
    json_array_foreach(json_object_get(node, "conflicts"), i, c)
    {
        fputs(i ? "            " : "    misfits ", p->f);
        put_text(p, str(c, "path"));
        fputs(": ", p->f);
        put_count(p, num(c, "count"), "value");
        fputs(", such as ", p->f);
        put_text(p, str(c, "example"));
        fputc('\n', p->f);
    }
}

static void print_writes(const printing *p, const json_t *node)
{
    const char *about = json_is_true(json_object_get(node, "sampled")) ? "about " : "";
    const json_t *fields = json_object_get(node, "partition");
    if (!is_written(node))
        return;
    fprintf(p->f, "    writes  %s", about);
    put_count(p, num(node, "rows"), "row");
    fputs(", ", p->f);
    put_count(p, num(node, "data_files"), "file");
    fputs(", about ", p->f);
    put_bytes(p, num(node, "bytes_written"));
    if (json_array_size(fields)) {
        fputs(", ", p->f);
        put_count(p, num(node, "partitions"), "partition");
        fputs(" by ", p->f);
    }
    for (size_t i = 0; i < json_array_size(fields); i++) {
        fputs(i ? ", " : "", p->f);
        put_text(p, json_string_value(json_array_get(fields, i)));
    }
    if (num(node, "memory")) {
        fputs(", in ", p->f);
        put_mb(p, num(node, "memory"));
    }
    fputc('\n', p->f);
}

/* --- its columns --------------------------------------------------------------------------- */

static size_t name_width(const json_t *changes)
{
    size_t width = 8;
    for (size_t i = 0; i < FIRN_MIN(json_array_size(changes), (size_t)COLUMNS_MAX); i++) {
        firn_str name = firn_json_text(json_object_get(json_array_get(changes, i), "column"));
        size_t n = 0;
        for (size_t k = 0; k < name.n; k++)
            n += ((unsigned char)name.p[k] & 0xc0) != 0x80;
        width = FIRN_MAX(width, n);
    }
    return FIRN_MIN(width, (size_t)40);
}

static void put_padded(const printing *p, const char *s, size_t width)
{
    size_t n = 0;
    for (const char *x = s; *x; x++)
        n += ((unsigned char)*x & 0xc0) != 0x80;
    put_text(p, s);
    for (; n < width; n++)
        fputc(' ', p->f);
}

/* One that was there in another way. */
static void print_was(const printing *p, const json_t *c)
{
    if (!is(c, "change", "type"))
        fprintf(p->f, "%s: ", str(c, "change"));
    if (!str(c, "was")[0])
        return;
    put_text(p, str(c, "was"));
    fputs(p->style->unicode ? " → " : " -> ", p->f);
}

static void print_change(const printing *p, const json_t *c, size_t width)
{
    bool added = is(c, "change", "added");
    bool dropped = is(c, "change", "dropped");
    const char *name = str(c, "column");
    fprintf(p->f, "            %s%s%s ",
            code_of(p, added     ? GREEN
                       : dropped ? RED
                                 : YELLOW),
            added     ? "+"
            : dropped ? "-"
                      : "~",
            end_of(p));
    put_padded(p, name[0] ? name : "key", width);
    fputs("  ", p->f);
    if (!added && !dropped)
        print_was(p, c);
    put_text(p, str(c, dropped ? "was" : "now"));
    fputc('\n', p->f);
}

static void print_schema(const printing *p, const json_t *node)
{
    const json_t *changes = json_object_get(node, "schema");
    size_t count = json_array_size(changes);
    size_t shown = count > COLUMNS_MAX + 2 ? COLUMNS_MAX : count;
    if (count == 0 || !is_written(node))
        return;
    size_t width = name_width(changes);
    fputs("    columns\n", p->f);
    for (size_t i = 0; i < shown; i++)
        print_change(p, json_array_get(changes, i), width);
    if (shown < count)
        fprintf(p->f, "            %s and %zu more (--json shows all)\n",
                p->style->unicode ? "…" : "...", count - shown);
}

/* --- what is wrong ------------------------------------------------------------------------- */

static void print_rejects(const printing *p, const json_t *node)
{
    const json_t *kinds = json_object_get(node, "rejected");
    const json_t *k;
    size_t i;
    if (num(node, "rejects") == 0)
        return;
    fprintf(p->f, "    %srejects%s ", code_of(p, YELLOW), end_of(p));
    put_count(p, num(node, "rejects"), "record");
    fprintf(p->f, ", into %s.%s__rejects\n", str(node, "namespace"), str(node, "table"));
    json_array_foreach(kinds, i, k)
    {
        fprintf(p->f, "            %s, %lld time%s, first in ", str(k, "error"),
                (long long)num(k, "count"), plural(num(k, "count")));
        put_text(p, str(k, "file"));
        fprintf(p->f, ":%lld: ", (long long)num(k, "line"));
        if (str(k, "path")[0]) {
            put_text(p, str(k, "path"));
            fputs(": ", p->f);
        }
        put_text(p, str(k, "reason"));
        fputc('\n', p->f);
    }
}

static void print_checks(const printing *p, const json_t *node)
{
    const json_t *checks = json_object_get(node, "checks");
    const json_t *c;
    size_t i;
    size_t passed = 0;
    json_array_foreach(checks, i, c) passed += num(c, "failing") == 0;
    if (json_array_size(checks))
        fprintf(p->f, "    checks  %zu of %zu pass\n", passed, json_array_size(checks));
    json_array_foreach(checks, i, c)
    {
        bool warn = is(c, "severity", "warn");
        if (num(c, "failing") == 0)
            continue;
        fprintf(p->f, "            %s%s%s ", code_of(p, warn ? YELLOW : RED),
                warn ? "warning" : "failed", end_of(p));
        put_text(p, str(c, "check"));
        fprintf(p->f, ": %lld row%s\n", (long long)num(c, "failing"), plural(num(c, "failing")));
    }
}

static void print_notes(const printing *p, const json_t *node)
{
    const json_t *notes = json_object_get(node, "notes");
    size_t count = json_array_size(notes);
    for (size_t i = 0; i < FIRN_MIN(count, (size_t)NOTES_MAX); i++) {
        fputs("    note    ", p->f);
        put_text(p, json_string_value(json_array_get(notes, i)));
        fputc('\n', p->f);
    }
    if (count > NOTES_MAX)
        fprintf(p->f, "    note    and %zu more\n", count - NOTES_MAX);
}

static void print_error(const printing *p, const json_t *node)
{
    const json_t *e = json_object_get(node, "error");
    if (!e)
        return;
    fprintf(p->f, "    %serror%s   %s", code_of(p, RED), end_of(p), str(e, "id"));
    if (str(e, "where")[0]) {
        fputs(" at ", p->f);
        put_text(p, str(e, "where"));
    }
    fputs(": ", p->f);
    put_text(p, str(e, "text"));
    fputc('\n', p->f);
    if (str(e, "advice")[0]) {
        fputs("            ", p->f);
        put_text(p, str(e, "advice"));
        fputc('\n', p->f);
    }
}

static void print_node(const printing *p, const json_t *node)
{
    bool told = is_written(node) || json_object_get(node, "error");
    if (p->style->quiet && !told)
        return;
    print_head(p, node);
    print_reads(p, node);
    print_changed(p, node);
    print_writes(p, node);
    print_schema(p, node);
    print_conflicts(p, node);
    print_rejects(p, node);
    print_checks(p, node);
    print_notes(p, node);
    print_error(p, node);
}

/* --- the end ------------------------------------------------------------------------------- */

static void print_memory(const printing *p, const json_t *plan)
{
    static const struct {
        const char *key;
        const char *word;
    } parts[] = {
        {"engine", " engine"}, {"queues", " queues"}, {"arenas", " arenas"}, {"base", " program"}};
    const json_t *m = json_object_get(plan, "memory");
    fputs("memory  ", p->f);
    put_mb(p, num(m, "total"));
    for (size_t i = 0; i < FIRN_COUNT_OF(parts); i++) {
        fputs(i ? " + " : " = ", p->f);
        put_mb(p, num(m, parts[i].key));
        fputs(parts[i].word, p->f);
    }
    fprintf(p->f, "; %lld thread%s\n", (long long)num(plan, "threads"),
            plural(num(plan, "threads")));
}

static void print_scratch(const printing *p, const json_t *plan)
{
    const json_t *s = json_object_get(plan, "scratch");
    bool full = json_is_integer(json_object_get(s, "free")) && num(s, "needed") > num(s, "free");
    fputs("scratch about ", p->f);
    put_bytes(p, num(s, "needed"));
    if (json_is_integer(json_object_get(s, "free"))) {
        fprintf(p->f, "%s of ", full ? code_of(p, RED) : "");
        put_bytes(p, num(s, "free"));
        fprintf(p->f, " free%s", full ? ": too little" : "");
        fputs(full ? end_of(p) : "", p->f);
    }
    fputc('\n', p->f);
}

static void print_time(const printing *p, const json_t *plan)
{
    char text[32];
    if (is(plan, "seconds_from", "nothing"))
        return;
    seconds_text(json_number_value(json_object_get(plan, "seconds")), text);
    fprintf(p->f, "time    about %s, %s\n", text,
            is(plan, "seconds_from", "record")     ? "by the last runs"
            : is(plan, "seconds_from", "measured") ? "by what this plan took"
                                                   : "by the last runs and what this plan took");
}

static void print_sum(const printing *p, const json_t *plan)
{
    static const struct {
        const char *key;
        const char *words;
    } parts[] = {{"create", "to create"},   {"append", "to append to"},
                 {"replace", "to replace"}, {"view", "to look through"},
                 {"nothing", "unchanged"},  {"unknown", "not known"},
                 {"fail", "would fail"},    {"skip", "would be left out"}};
    const json_t *t = json_object_get(plan, "totals");
    bool some = false;
    fprintf(p->f, "%splan%s    ", code_of(p, BOLD), end_of(p));
    for (size_t i = 0; i < FIRN_COUNT_OF(parts); i++) {
        if (num(t, parts[i].key) == 0)
            continue;
        fprintf(p->f, "%s%lld %s", some ? ", " : "", (long long)num(t, parts[i].key),
                parts[i].words);
        some = true;
    }
    fputs(some ? "; nothing was written\n" : "nothing is selected\n", p->f);
}

static const char *first_error(const json_t *plan)
{
    static const char *const kinds[] = {"streams", "models"};
    for (size_t k = 0; k < FIRN_COUNT_OF(kinds); k++) {
        const json_t *node;
        size_t i;
        json_array_foreach(json_object_get(plan, kinds[k]), i, node)
        {
            if (json_object_get(node, "error"))
                return str(json_object_get(node, "error"), "id");
        }
    }
    return "";
}

void firn_plan_print(const json_t *plan, const firn_plan_style *style, const char *next, FILE *f)
{
    static const char *const kinds[] = {"streams", "models"};
    const printing p = {style, f};
    for (size_t k = 0; k < FIRN_COUNT_OF(kinds); k++) {
        const json_t *node;
        size_t i;
        json_array_foreach(json_object_get(plan, kinds[k]), i, node) print_node(&p, node);
    }
    fputc('\n', f);
    print_memory(&p, plan);
    print_scratch(&p, plan);
    print_time(&p, plan);
    print_sum(&p, plan);
    if (first_error(plan)[0])
        fprintf(f, "next: firn help %s\n", first_error(plan));
    else if (num(json_object_get(plan, "totals"), "create") +
             num(json_object_get(plan, "totals"), "append") +
             num(json_object_get(plan, "totals"), "replace"))
        fprintf(f, "next: %s\n", next);
}
