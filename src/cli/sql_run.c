/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sql_run.h"

#include "cli/screen.h"
#include "cli/value_text.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/sql_front.h"
#include "pipeline/statement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT_MAX ((size_t)256 << 20)

/* --- scripts ------------------------------------------------------------------------------- */

static firn_code read_stdin(firn_arena *a, firn_str *ret, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(SCRIPT_MAX);
    char block[65536];
    for (;;) {
        ssize_t n = read(STDIN_FILENO, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return firn_raise_errno(err, errno, "standard input");
        if (n == 0)
            break;
        FIRN_TRY(firn_buf_add(&b, block, (size_t)n, err));
    }
    *ret = firn_arena_str(a, firn_buf_str(&b));
    return ret->p ? FIRN_OK : firn_arena_raise(a, err);
}

firn_code firn_sql_read(firn_command *c, const char *file, firn_arena *a, firn_str *ret,
                        firn_err *err)
{
    firn_slice text;
    if (strcmp(file, "-") == 0)
        return read_stdin(a, ret, err);
    FIRN_TRY(firn_fs_read(c->env, file, SCRIPT_MAX, a, &text, err));
    *ret = (firn_str){(const char *)text.p, text.n};
    return FIRN_OK;
}

/* What a script holds next: a statement without its semicolon, or a line with a dot. */
typedef struct item {
    firn_str text;
    bool dot;
} item;

static item line_of(firn_str script, size_t *at)
{
    firn_str rest = {script.p + *at, script.n - *at};
    firn_str line = firn_str_cut(&rest, '\n');
    *at = rest.p ? script.n - rest.n : script.n;
    line = firn_str_trim(line);
    while (line.n && line.p[line.n - 1] == ';')
        line = firn_str_trim((firn_str){line.p, line.n - 1});
    return (item){line, true};
}

/* False: there is nothing left. */
static bool next_item(firn_str script, size_t *at, item *ret)
{
    firn_sql_token t = firn_sql_next(script, *at);
    while (firn_sql_is_sign(script, t, ';'))
        t = firn_sql_next(script, t.offset + t.length);
    *at = t.offset;
    if (t.kind == FIRN_SQL_END)
        return false;
    if (firn_sql_is_sign(script, t, '.')) {
        *ret = line_of(script, at);
        return true;
    }
    size_t start = t.offset;
    while (t.kind != FIRN_SQL_END && !firn_sql_is_sign(script, t, ';'))
        t = firn_sql_next(script, t.offset + t.length);
    *at = t.offset + t.length;
    *ret = (item){firn_str_trim((firn_str){script.p + start, t.offset - start}), false};
    return true;
}

/* The line and column (from 1) at which a statement begins in the script. */
static void place_of(firn_str script, const char *p, int *line, int *column)
{
    *line = 1;
    *column = 1;
    for (const char *s = script.p; s < p; s++) {
        bool continues = ((unsigned char)*s & 0xc0) == 0x80;
        *column = *s == '\n' ? 1 : *column + !continues;
        *line += *s == '\n';
    }
}

/* --- errors -------------------------------------------------------------------------------- */

/* Reads "line 2, column 7", or "FILE:2:7" of this file. */
static bool place_in(const char *where, const char *file, int *line, int *column)
{
    if (!file)
        return sscanf(where, "line %d, column %d", line, column) == 2;
    size_t n = FIRN_MIN(strlen(file), 200);
    return strncmp(where, file, n) == 0 && sscanf(where + n, ":%d:%d", line, column) == 2;
}

#define EXCERPT 72 /* columns of a line that are shown */

/* The bytes of the first `count` characters. */
static size_t bytes_of(firn_str s, size_t count)
{
    size_t i = 0;
    for (; i < s.n && count > 0; count--) {
        uint32_t cp;
        size_t n = firn_utf8_decode(s.p + i, s.n - i, &cp);
        i += n ? n : 1;
    }
    return i;
}

/* Adds the line with the error, and a caret below its place, to the text of the error. */
static void show_place(firn_err *err, firn_str script, const char *file)
{
    int line = 0;
    int column = 0;
    size_t width;
    if (!err || err->code != FIRN_E_SQL || !place_in(err->where, file, &line, &column))
        return;
    firn_str rest = script;
    firn_str text = firn_str_cut(&rest, '\n');
    for (int i = 1; i < line && rest.p; i++)
        text = firn_str_cut(&rest, '\n');
    FIRN_AUTO(firn_buf_free) firn_buf shown = FIRN_BUF((size_t)1 << 20);
    firn_str before = {text.p, bytes_of(text, (size_t)FIRN_MAX(column - 1, 0))};
    while (firn_text_width(before) > EXCERPT * 2 / 3) { /* of a long line the part around it */
        size_t skip = bytes_of(before, 1);
        before = (firn_str){before.p + skip, before.n - skip};
        text = (firn_str){text.p + skip, text.n - skip};
    }
    text.n = firn_text_fit(text, EXCERPT, &width);
    if (firn_buf_addstr(&shown, text, NULL) != FIRN_OK || column < 1)
        return;
    for (size_t i = 0; i < shown.n; i++)
        if (shown.p[i] < 0x20)
            shown.p[i] = ' ';
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, "\n%s\n%*s^", firn_buf_cstr(&shown),
             (int)firn_text_width((firn_str){(const char *)shown.p, before.n}), "");
}

/* --- where results go ---------------------------------------------------------------------- */

static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

firn_code firn_sql_output(firn_sql_run *q, const char *path, bool whole, firn_err *err)
{
    FIRN_TRY(firn_sql_output_close(q, true, err));
    const char *made = NULL;
    if (whole && !is_special(path)) {
        made = firn_arena_printf(q->c->arena, "%s.firn-%ld", path, (long)getpid());
        if (!made)
            return firn_arena_raise(q->c->arena, err);
    }
    if (q->print.format != FIRN_PRINT_PARQUET) {
        q->out = fopen(made ? made : path, "we");
        if (!q->out)
            return firn_raise_errno(err, errno, "cannot write %s", firn_quotec(path).s);
    }
    q->out_path = path;
    q->out_made = made;
    q->results = 0;
    return FIRN_OK;
}

firn_code firn_sql_output_close(firn_sql_run *q, bool keep, firn_err *err)
{
    firn_code code = FIRN_OK;
    const char *path = q->out_path;
    const char *made = q->out_made;
    bool failed = q->out && fclose(q->out) != 0;
    q->out = NULL;
    q->out_path = q->out_made = NULL;
    if (failed)
        code = firn_raise_errno(err, errno, "cannot write %s", firn_quotec(path).s);
    keep = keep && !failed;
    if (made && keep && rename(made, path) != 0 && errno != ENOENT)
        code = firn_raise_errno(err, errno, "cannot write %s", firn_quotec(path).s);
    if (made && (!keep || code != FIRN_OK))
        unlink(made);
    return code;
}

/* The file that the engine is to write; NULL: none. */
static firn_code copy_target(firn_sql_run *q, const char **ret, firn_err *err)
{
    *ret = NULL;
    if (q->print.format != FIRN_PRINT_PARQUET || q->json_events || q->verbatim)
        return FIRN_OK;
    if (q->out_path && q->results && q->out_made) {
        firn_raise(err, FIRN_E_USAGE, "a Parquet file holds one result, and there are more");
        return firn_err_advise(err, "give one statement, or COPY (…) TO 'FILE.parquet' for each");
    }
    *ret = q->out_made ? q->out_made : q->out_path ? q->out_path : "/dev/stdout";
    if (q->out_path || !isatty(STDOUT_FILENO))
        return FIRN_OK;
    firn_raise(err, FIRN_E_USAGE, "Parquet is not for a terminal");
    return firn_err_advise(err, q->shell ? ".output FILE.parquet says where it goes"
                                         : "--output FILE.parquet says where it goes");
}

/* --- results ------------------------------------------------------------------------------- */

static json_t *table_stats(const firn_query_table *t)
{
    return json_pack(
        "{s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "namespace", firn_json_new_str(t->ident.ns), "table",
        firn_json_new_str(t->ident.name), "snapshot_id", (json_int_t)t->snapshot_id, "files_total",
        (json_int_t)t->files_total, "files_opened", (json_int_t)t->files_opened, "manifests_total",
        (json_int_t)t->manifests_total, "manifests_read", (json_int_t)t->manifests_read);
}

static firn_code send_rows(const firn_engine_ops *ops, firn_result *r, uint64_t *ret_rows,
                           firn_err *err)
{
    *ret_rows = 0;
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        for (size_t i = 0; i < rows; i++) {
            FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)1 << 30);
            FIRN_TRY(firn_buf_adds(&line, "{\"event\":\"row\",\"values\":", err));
            FIRN_TRY(firn_value_json(root, i, &line, err));
            FIRN_TRY(firn_buf_adds(&line, "}\n", err));
            if (fwrite(line.p, 1, line.n, stdout) != line.n)
                return firn_raise_errno(err, errno, "cannot write the result");
        }
        *ret_rows += rows;
    }
}

static firn_code print_events(firn_sql_run *q, const firn_engine_ops *ops, firn_result *r,
                              const firn_query_table *tables, size_t count, firn_err *err)
{
    uint64_t rows;
    FIRN_TRY(send_rows(ops, r, &rows, err));
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        json_array_append_new(list, table_stats(&tables[i]));
    firn_event(&q->c->run->events, "query_finished",
               json_pack("{s:I, s:o}", "rows", (json_int_t)rows, "tables", list));
    return FIRN_OK;
}

/* The texts of the first column, each as it is. */
static firn_code print_verbatim(const firn_engine_ops *ops, firn_result *r, FILE *f, firn_err *err)
{
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        for (size_t i = 0; i < rows && root->child_count; i++) {
            FIRN_AUTO(firn_buf_free) firn_buf raw = FIRN_BUF((size_t)1 << 30);
            FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 30);
            FIRN_TRY(firn_value_text(&root->children[0], i, &raw, err));
            FIRN_TRY(firn_text_safe(firn_buf_str(&raw), SIZE_MAX, true, &text, err));
            if (fprintf(f, "%s\n", firn_buf_cstr(&text)) < 0)
                return firn_raise_errno(err, errno, "cannot write the result");
        }
    }
}

static firn_code print_copied(firn_sql_run *q, const firn_engine_ops *ops, firn_result *r,
                              firn_err *err)
{
    char rows_text[32];
    const firn_column *root;
    size_t rows;
    FIRN_TRY(ops->next(r, &root, &rows, err));
    bool counted = rows && root->child_count && root->children[0].type->kind == FIRN_T_LONG;
    if (!counted || !q->shell)
        return FIRN_OK;
    q->rows = (uint64_t)((const int64_t *)root->children[0].data)[0];
    firn_human_count(q->rows, rows_text);
    printf("%s row%s written to %s\n", rows_text, q->rows == 1 ? "" : "s", q->out_path);
    return FIRN_OK;
}

/* What SET and its like return: a column without rows that nobody wants to see. */
static bool is_silent(const firn_engine_ops *ops, const firn_result *r)
{
    const firn_type *t = ops->result_type(r);
    return t->field_count == 0 ||
           (t->field_count == 1 && t->fields[0].type.kind == FIRN_T_BOOLEAN &&
            firn_str_eqc(t->fields[0].name, "Success"));
}

static firn_code print_to(firn_sql_run *q, const firn_engine_ops *ops, firn_result *r, FILE *f,
                          firn_err *err)
{
    firn_print_opt opt = q->print;
    size_t rows;
    if (opt.format == FIRN_PRINT_BOX && q->width)
        opt.width = q->width;
    else if (opt.format == FIRN_PRINT_BOX && q->fitted && !q->out)
        firn_screen_size(STDOUT_FILENO, &rows, &opt.width);
    opt.colour = opt.colour && !q->out;
    if (q->verbatim)
        return print_verbatim(ops, r, f, err);
    return firn_result_print(ops, r, &opt, f, &q->rows, err);
}

static firn_code print_paged(firn_sql_run *q, const firn_engine_ops *ops, firn_result *r,
                             firn_err *err)
{
    firn_err close_err = {0};
    bool gone;
    fflush(stdout);
    FILE *f = firn_pager_open(&q->pager);
    if (!f)
        return firn_raise_nomem(err);
    firn_code code = print_to(q, ops, r, f, err);
    firn_code closed = firn_pager_close(&q->pager, f, code == FIRN_E_CANCELLED, &gone, &close_err);
    if (gone && code != FIRN_E_CANCELLED)
        return FIRN_OK;
    if (code == FIRN_OK && closed != FIRN_OK && err)
        *err = close_err;
    return code == FIRN_OK ? closed : code;
}

static firn_code on_result(void *arg, const firn_engine_ops *ops, firn_result *r,
                           const firn_query_table *tables, size_t count, firn_err *err)
{
    firn_sql_run *q = arg;
    q->results++;
    if (q->json_events)
        return print_events(q, ops, r, tables, count, err);
    if (q->print.format == FIRN_PRINT_PARQUET && !q->verbatim)
        return print_copied(q, ops, r, err);
    if (q->shell && is_silent(ops, r))
        return FIRN_OK;
    if (q->shell && q->paging && !q->out)
        return print_paged(q, ops, r, err);
    return print_to(q, ops, r, q->out ? q->out : stdout, err);
}

/* --- statements ---------------------------------------------------------------------------- */

firn_code firn_sql_session(firn_sql_run *q, firn_session **ret, firn_err *err)
{
    if (!q->session)
        FIRN_TRY(firn_context_session(q->c->run, &q->session, err));
    *ret = q->session;
    return FIRN_OK;
}

/* In a context of its own that may write: the shell's only reads. */
static firn_code run_change(firn_sql_run *q, const firn_query_conf *conf, firn_err *err)
{
    firn_command writer = *q->c;
    const firn_command_opt open = {.keep_order = true};
    firn_session *s;
    writer.run = NULL;
    FIRN_TRY(firn_command_open(&writer, q->args, &open, err));
    if (q->watch)
        firn_watch_swap(q->watch, writer.run);
    firn_code code = firn_context_session(writer.run, &s, err);
    if (code == FIRN_OK) {
        code = firn_statement_run(writer.run, s, conf, on_result, q, err);
        firn_context_session_close(writer.run, s);
    }
    if (q->watch)
        firn_watch_swap(q->watch, q->c->run);
    firn_context_close(writer.run);
    return code;
}

static firn_code run_statement(firn_sql_run *q, const firn_query_conf *conf, firn_err *err)
{
    bool changes;
    firn_session *s;
    FIRN_TRY(firn_statement_script_changes(conf->sql, q->c->arena, &changes, err));
    if (changes && q->read_only && q->c->run->catalog)
        return run_change(q, conf, err);
    FIRN_TRY(firn_sql_session(q, &s, err));
    return firn_statement_run(q->c->run, s, conf, on_result, q, err);
}

firn_code firn_sql_one(firn_sql_run *q, firn_str sql, firn_err *err)
{
    const firn_query_conf conf = {.sql = sql, .line = 1, .column = 1, .prune = q->prune};
    return run_statement(q, &conf, err);
}

static double cpu_seconds(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0)
        return 0;
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static firn_code run_timed(firn_sql_run *q, const firn_query_conf *conf, firn_err *err)
{
    int64_t began = firn_env_mono_us(q->c->env);
    double cpu = cpu_seconds();
    firn_code code = run_statement(q, conf, err);
    if (q->timer)
        printf("time: %.3f s, CPU %.3f s\n", (double)(firn_env_mono_us(q->c->env) - began) / 1e6,
               cpu_seconds() - cpu);
    return code;
}

static firn_code flush_results(const firn_sql_run *q, firn_err *err)
{
    /* who reads need not wait for the next statement */
    if (fflush(stdout) != 0 || (q->out && fflush(q->out) != 0))
        return firn_raise_errno(err, errno, "cannot write the result");
    return FIRN_OK;
}

static firn_code run_item(firn_sql_run *q, firn_str script, const item *i, const char *file,
                          firn_err *err)
{
    if (i->dot)
        return firn_dot_run(q, i->text, err);
    firn_query_conf conf = {.sql = i->text, .file = file, .prune = q->prune};
    place_of(script, i->text.p, &conf.line, &conf.column);
    FIRN_TRY(copy_target(q, &conf.copy_to, err));
    firn_code code = run_timed(q, &conf, err);
    if (code != FIRN_OK)
        show_place(err, script, file);
    return code;
}

firn_code firn_sql_script(firn_sql_run *q, firn_str script, const char *file, size_t *ret_count,
                          firn_err *err)
{
    size_t at = 0;
    size_t count = 0;
    item i;
    for (; !q->leave && next_item(script, &at, &i); count++) {
        FIRN_TRY(firn_context_check(q->c->run, err));
        FIRN_TRY(run_item(q, script, &i, file, err));
        FIRN_TRY(flush_results(q, err));
    }
    if (ret_count)
        *ret_count = count;
    return FIRN_OK;
}
