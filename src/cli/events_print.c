/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/events_print.h"
#include "cli/common.h"

#include "base/errprint.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct firn_events_printer {
    firn_events_style style;
    firn_runs *runs;
    bool terminal;    /* standard error is one */
    bool on_line;     /* a progress line stands there */
    json_t *finished; /* node_finished events, for the table */
    json_t *begin;    /* run_started */
    json_t *end;      /* run_finished */
};

/* Standard error is a terminal that can take a line back. */
static bool can_rewrite(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

firn_code firn_events_printer_new(firn_events_style style, firn_runs *runs,
                                  firn_events_printer **ret, firn_err *err)
{
    firn_events_printer *p = firn_mem_alloc(sizeof *p);
    if (!p)
        return firn_raise_nomem(err);
    *p = (firn_events_printer){
        .style = style, .runs = runs, .terminal = can_rewrite(), .finished = json_array()};
    *ret = p;
    return FIRN_OK;
}

/* Takes the progress line back. */
static void clear_line(firn_events_printer *p)
{
    if (p->on_line)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    p->on_line = false;
}

void firn_events_printer_free(firn_events_printer *p)
{
    if (!p)
        return;
    clear_line(p);
    json_decref(p->finished);
    json_decref(p->begin);
    json_decref(p->end);
    firn_mem_free(p);
}

/* --- reading events ------------------------------------------------------------------------ */

static const char *str(const json_t *e, const char *key)
{
    const char *s = json_string_value(json_object_get(e, key));
    return s ? s : "";
}

static int64_t num(const json_t *e, const char *key)
{
    return json_integer_value(json_object_get(e, key));
}

static double real(const json_t *e, const char *key)
{
    return json_number_value(json_object_get(e, key));
}

static bool is_event(const json_t *e, const char *name)
{
    return strcmp(str(e, "event"), name) == 0;
}

/* --- lines --------------------------------------------------------------------------------- */

static void print_json(const json_t *e)
{
    FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)64 << 20);
    if (firn_json_print(e, 0, &line, NULL) != FIRN_OK)
        return;
    fwrite(line.p, 1, line.n, stdout);
    fputc('\n', stdout);
    fflush(stdout);
}

/* A longer line would wrap, and could not be taken back. */
static size_t line_width(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 20)
        return 79;
    return (size_t)w.ws_col - 1;
}

/* ", 12 s left", or nothing where it is not known. */
static void rest_text(const json_t *e, char out[48])
{
    long long s = num(e, "eta_seconds");
    out[0] = '\0';
    if (!json_object_get(e, "eta_seconds"))
        return;
    if (s < 60)
        snprintf(out, 48, ", %lld s left", s);
    else if (s < 3600)
        snprintf(out, 48, ", %lld min %lld s left", s / 60, s % 60);
    else
        snprintf(out, 48, ", %lld h %lld min left", s / 3600, s / 60 % 60);
}

static void print_progress(firn_events_printer *p, const json_t *e)
{
    char records[32];
    char rate[32];
    char bytes[24];
    char rest[48];
    FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)1 << 16);
    if (!p->terminal)
        return;
    firn_human_count((uint64_t)num(e, "records"), records);
    firn_human_count((uint64_t)num(e, "records_per_second"), rate);
    firn_human_bytes((uint64_t)num(e, "bytes"), bytes);
    rest_text(e, rest);
    if (firn_buf_addf(&line, NULL, "%s.%s: %s rows, %s, %s rows/s%s", str(e, "namespace"),
                      str(e, "table"), records, bytes, rate, rest) != FIRN_OK)
        return;
    clear_line(p);
    size_t n = firn_utf8_valid_prefix(firn_buf_cstr(&line), FIRN_MIN(line.n, line_width()));
    fwrite(line.p, 1, n, stderr);
    fflush(stderr);
    p->on_line = true;
}

static void print_note(firn_events_printer *p, const json_t *e)
{
    clear_line(p);
    fprintf(stderr, "note %s.%s: %s\n", str(e, "namespace"), str(e, "table"), str(e, "text"));
}

static void print_check(firn_events_printer *p, const json_t *e)
{
    const json_t *samples = json_object_get(e, "samples");
    if (num(e, "failing") == 0)
        return;
    clear_line(p);
    fprintf(stderr, "%s %s.%s: check '%s' found %s\n",
            strcmp(str(e, "severity"), "warn") == 0 ? "warning" : "failed", str(e, "namespace"),
            str(e, "table"), str(e, "check"), str(e, "text"));
    for (size_t i = 0; i < json_array_size(samples); i++)
        fprintf(stderr, "  %.200s\n", json_string_value(json_array_get(samples, i)));
}

/* An error that travelled as an event, back in the form it is printed in. */
static void print_error(firn_events_printer *p, const json_t *e)
{
    const json_t *x = json_object_get(e, "error");
    const char *id = str(x, "id");
    firn_err err = {.code = FIRN_E_IO};
    if (!x)
        return;
    clear_line(p);
    err.id = id[0] == 'E' ? (uint16_t)strtoul(id + 1, NULL, 10) : 0;
    snprintf(err.where, sizeof err.where, "%s", str(x, "where"));
    snprintf(err.text, sizeof err.text, "%s.%s: %s", str(e, "namespace"), str(e, "table"),
             str(x, "text"));
    snprintf(err.advice, sizeof err.advice, "%s", str(x, "advice"));
    firn_err_print(&err, stderr, firn_use_colour(stderr));
}

static void print_human(firn_events_printer *p, const json_t *e)
{
    if (is_event(e, "node_finished") || is_event(e, "run_finished"))
        clear_line(p);
    else if (is_event(e, "progress"))
        print_progress(p, e);
    else if (is_event(e, "note"))
        print_note(p, e);
    else if (is_event(e, "check"))
        print_check(p, e);
}

void firn_events_print(void *printer, const json_t *event)
{
    firn_events_printer *p = printer;
    if (p->runs)
        firn_runs_event(p->runs, event);
    if (is_event(event, "node_finished") && p->finished)
        json_array_append(p->finished, (json_t *)(uintptr_t)event);
    if (is_event(event, "run_started") && !p->begin)
        p->begin = json_incref((json_t *)(uintptr_t)event);
    if (is_event(event, "run_finished") && !p->end)
        p->end = json_incref((json_t *)(uintptr_t)event);
    if (p->style == FIRN_EVENTS_JSON) {
        print_json(event);
        return;
    }
    if (p->style == FIRN_EVENTS_HUMAN)
        print_human(p, event);
    if (is_event(event, "node_finished"))
        print_error(p, event);
}

/* --- the end ------------------------------------------------------------------------------- */

static firn_code add_node(firn_text_table *t, const json_t *e, firn_err *err)
{
    char name[512];
    char rows[32];
    char rejects[32] = "";
    char written[24] = "";
    char seconds[24];
    snprintf(name, sizeof name, "%s.%s", str(e, "namespace"), str(e, "table"));
    if (json_is_true(json_object_get(e, "view")))
        snprintf(rows, sizeof rows, "view");
    else
        firn_human_count((uint64_t)num(e, "rows"), rows);
    if (num(e, "rejects"))
        firn_human_count((uint64_t)num(e, "rejects"), rejects);
    if (num(e, "bytes_written"))
        firn_human_bytes((uint64_t)num(e, "bytes_written"), written);
    snprintf(seconds, sizeof seconds, "%.2f s", real(e, "seconds"));
    const char *const cells[] = {name, str(e, "status"), rows, rejects, written, seconds};
    return firn_text_table_add(t, cells, err);
}

static firn_code print_table(const firn_events_printer *p, firn_err *err)
{
    static const char *const heads[] = {"table", "status", "rows", "rejects", "written", "time"};
    static const bool right[] = {false, false, true, true, true, true};
    firn_text_table *t;
    firn_print_opt opt = firn_print_defaults();
    FIRN_TRY(firn_text_table_new(heads, FIRN_COUNT_OF(heads), right, &t, err));
    firn_code code = FIRN_OK;
    for (size_t i = 0; code == FIRN_OK && i < json_array_size(p->finished); i++)
        code = add_node(t, json_array_get(p->finished, i), err);
    if (code == FIRN_OK)
        code = firn_text_table_print(t, &opt, stdout, err);
    firn_text_table_free(t);
    return code;
}

/* The first node with this property, or NULL. */
static const json_t *find_node(const firn_events_printer *p, bool (*is)(const json_t *e))
{
    for (size_t i = 0; i < json_array_size(p->finished); i++)
        if (is(json_array_get(p->finished, i)))
            return json_array_get(p->finished, i);
    return NULL;
}

static bool has_rejects(const json_t *e)
{
    return num(e, "rejects") > 0;
}

static bool has_failed(const json_t *e)
{
    return json_object_get(e, "error") != NULL;
}

static bool is_table(const json_t *e)
{
    return !has_failed(e) && strcmp(str(e, "status"), "skipped") != 0 &&
           !json_is_false(json_object_get(e, "exists"));
}

static void print_next_of_failed(const firn_events_printer *p, const json_t *failed,
                                 const char *sql)
{
    const char *id = str(json_object_get(failed, "error"), "id");
    if (strcmp(id, "E6002") == 0 && p->begin)
        printf("next: firn %s\n", str(p->begin, "command"));
    else if (strcmp(id, "E6001") == 0)
        printf("next: %s \"FROM %s.%s__failures LIMIT 10\"\n", sql, str(failed, "namespace"),
               str(failed, "table"));
    else
        printf("next: firn help %s\n", id);
}

static void print_next(const firn_events_printer *p, const char *sql)
{
    const json_t *failed = find_node(p, has_failed);
    const json_t *rejects = find_node(p, has_rejects);
    const json_t *table = NULL;
    for (size_t i = 0; i < json_array_size(p->finished); i++)
        if (is_table(json_array_get(p->finished, i)))
            table = json_array_get(p->finished, i); /* the last one: what it was all for */
    if (failed) {
        print_next_of_failed(p, failed, sql);
    } else if (rejects) {
        printf("next: %s \"SELECT file, line, reason FROM %s.%s__rejects\"\n", sql,
               str(rejects, "namespace"), str(rejects, "table"));
    } else if (table) {
        printf("next: %s \"FROM %s.%s LIMIT 10\"\n", sql, str(table, "namespace"),
               str(table, "table"));
    }
}

void firn_events_summary(firn_events_printer *p, const char *sql)
{
    firn_err err = {0};
    clear_line(p);
    if (p->style != FIRN_EVENTS_HUMAN || json_array_size(p->finished) == 0)
        return;
    if (print_table(p, &err) != FIRN_OK) {
        firn_err_print(&err, stderr, false);
        return;
    }
    if (p->end) {
        char memory[24];
        firn_human_bytes((uint64_t)num(p->end, "peak_memory"), memory);
        printf("%.2f s, %.2f s of CPU, %s of memory at most\n", real(p->end, "seconds"),
               real(p->end, "cpu_seconds"), memory);
    }
    print_next(p, sql);
}
