/* SPDX-License-Identifier: Apache-2.0 */
/* treetool — reads tables as `firn sql` does, in one process, for tests/suites/mutated.py.
 *
 * Each line of standard input is a statement; for each it prints a line of JSON:
 *   {"code": "ok", "rows": N, "ms": N, "peak_kb": N, "values": ["[…]", …]}
 *   {"code": "data", "error": "…", "ms": N, "peak_kb": N}
 * ms is time of the processor, for others may keep the machine busy; peak_kb is how much the
 * process's memory grew above what it was before the statement. */
#include "base/str.h"
#include "cli/value_text.h"
#include "pipeline/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct tool {
    firn_env *env;
    firn_context *run;
    firn_session *session;
    firn_buf out;
    size_t rows;
} tool;

/* --- memory and time ----------------------------------------------------------------------- */

static long status_kb(const char *key)
{
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0)
            kb = strtol(line + strlen(key), NULL, 10);
    if (f)
        fclose(f);
    return kb;
}

/* From now on VmHWM is the peak since now. */
static long forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        fputs("5", f);
        fclose(f);
    }
    return status_kb("VmRSS:");
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* --- a statement --------------------------------------------------------------------------- */

static firn_code put_row(const firn_column *root, size_t row, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, "[", err));
    for (size_t i = 0; i < root->child_count; i++) {
        FIRN_TRY(firn_buf_adds(out, i ? "," : "", err));
        FIRN_TRY(firn_value_json(&root->children[i], row, out, err));
    }
    return firn_buf_adds(out, "]", err);
}

static firn_code on_result(void *arg, const firn_engine_ops *ops, firn_result *r,
                           const firn_query_table *tables FIRN_UNUSED, size_t count FIRN_UNUSED,
                           firn_err *err)
{
    tool *t = arg;
    for (;;) {
        const firn_column *root;
        size_t rows;
        FIRN_TRY(ops->next(r, &root, &rows, err));
        if (rows == 0)
            return FIRN_OK;
        for (size_t i = 0; i < rows; i++) {
            FIRN_AUTO(firn_buf_free) firn_buf line = FIRN_BUF((size_t)1 << 28);
            FIRN_TRY(put_row(root, i, &line, err));
            FIRN_TRY(firn_buf_adds(&t->out, t->rows++ ? "," : "", err));
            FIRN_TRY(firn_json_escape(firn_buf_str(&line), &t->out, err));
        }
    }
}

static firn_code answer(tool *t, firn_str sql, firn_err *err)
{
    firn_err said = {0};
    long before = forget_peak();
    double began = now_ms();
    t->rows = 0;
    firn_buf_clear(&t->out);
    FIRN_TRY(firn_buf_adds(&t->out, "{\"values\": [", err));
    const firn_query_conf conf = {.sql = sql, .line = 1, .column = 1, .prune = true};
    firn_code code = firn_query(t->run, t->session, &conf, on_result, t, &said);
    double took = now_ms() - began;
    long peak = status_kb("VmHWM:") - before;
    if (code != FIRN_OK) {
        firn_buf_clear(&t->out);
        FIRN_TRY(firn_buf_adds(&t->out, "{\"error\": ", err));
        FIRN_TRY(firn_json_escape(firn_str_of(said.text), &t->out, err));
    } else {
        FIRN_TRY(firn_buf_adds(&t->out, "]", err));
    }
    return firn_buf_addf(&t->out, err,
                         ", \"rows\": %zu, \"code\": \"%s\", \"ms\": %.1f, "
                         "\"peak_kb\": %ld}",
                         t->rows, code ? firn_code_policy_of(code)->name : "ok", took, peak);
}

static firn_code serve(tool *t, firn_err *err)
{
    char *line = NULL;
    size_t cap = 0;
    firn_code code = FIRN_OK;
    for (ssize_t n; code == FIRN_OK && (n = getline(&line, &cap, stdin)) > 0;) {
        code = answer(t, firn_str_trim((firn_str){line, (size_t)n}), err);
        if (code == FIRN_OK)
            puts(firn_buf_cstr(&t->out));
        fflush(stdout);
    }
    free(line);
    return code;
}

int main(void)
{
    firn_err err = {0};
    tool t = {.out = FIRN_BUF((size_t)1 << 30)};
    const firn_context_conf conf = {
        .read_only = true, .threads = 1, .memory_bytes = (uint64_t)400 << 20};
    firn_code code = firn_env_new(&t.env, &err);
    if (code == FIRN_OK)
        code = firn_context_open(t.env, &conf, &t.run, &err);
    if (code == FIRN_OK)
        code = firn_context_session(t.run, &t.session, &err);
    if (code == FIRN_OK)
        code = serve(&t, &err);
    if (code != FIRN_OK)
        fprintf(stderr, "treetool: %s\n", err.text);
    if (t.session)
        firn_context_session_close(t.run, t.session);
    if (t.run)
        firn_context_close(t.run);
    firn_env_free(t.env);
    firn_buf_free(&t.out);
    return code != FIRN_OK;
}
