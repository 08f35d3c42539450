/* SPDX-License-Identifier: Apache-2.0 */
/* json_decode FILE: how fast one core frames, walks and fills the journal of the benchmark, as JSON
 * or (FILE.bson) as BSON, and (infer) walks it without knowing its columns.
 *
 * The file is read into memory first, then each step runs over all of it, in batches as the
 * pipeline makes them; the best of three passes is printed in MB/s (10^6 bytes a second of CPU
 * time, which a busy machine changes less than the wall's). */
#include "base/column.h"
#include "base/str.h"
#include "format/decoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH_BYTES   ((size_t)16 << 20)
#define BATCH_RECORDS 65536
#define CHUNK_ROWS    2048
#define PASSES        3

static const char journal_type[] =
    "struct<_id: string, entry_number: long, company: string, date: date, currency: string, "
    "memo: string, updated_at: timestamptz, lines: list<struct<account: string, "
    "debit: decimal(18,2), credit: decimal(18,2), description: string>>>";

typedef struct bench {
    const firn_decoder_ops *ops;
    firn_slice file;
    FIRN_VEC(firn_batch) batches;
    FIRN_VEC(firn_record) records;
    const firn_layout *layout;
    firn_column root;
    firn_arena *arena;
    size_t rows;
    size_t rejects;
} bench;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int read_file(const char *path, firn_arena *a, firn_slice *ret)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        return -1;
    long n = ftell(f);
    uint8_t *p = n >= 0 ? firn_arena_alloc(a, (size_t)n) : NULL;
    rewind(f);
    bool whole = p && fread(p, 1, (size_t)n, f) == (size_t)n;
    fclose(f);
    if (!whole)
        return -1;
    *ret = (firn_slice){p, (size_t)n};
    return 0;
}

/* Cuts the file; batches keep their own piece of the list of records. */
static firn_code frame(bench *b, firn_err *err)
{
    const firn_format_opt opt = {0};
    firn_framer *f;
    size_t at = 0;
    b->batches.n = 0;
    b->records.n = 0;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("framer", 0);
    firn_slice head = {b->file.p, FIRN_MIN(b->file.n, (size_t)1 << 20)};
    FIRN_TRY(b->ops->open(&opt, head, head.n == b->file.n, a, &f, err));
    while (at < b->file.n) {
        if (!firn_vec_room(b->arena, (void **)&b->records.v, &b->records.cap,
                           b->records.n + BATCH_RECORDS, sizeof *b->records.v))
            return firn_raise_nomem(err);
        firn_cut cut = {.records = b->records.v + b->records.n, .cap = BATCH_RECORDS};
        firn_slice piece = {b->file.p + at, FIRN_MIN(b->file.n - at, BATCH_BYTES)};
        bool eof = at + piece.n == b->file.n;
        FIRN_TRY(b->ops->cut(f, piece, eof, true, &cut, err));
        firn_batch batch = {.bytes = {piece.p, cut.consumed}, .count = cut.n, .first_offset = at};
        if (!firn_vec_push(b->arena, &b->batches, batch))
            return firn_raise_nomem(err);
        b->records.n += cut.n;
        at += cut.consumed;
    }
    size_t first = 0;
    for (size_t i = 0; i < b->batches.n; i++) {
        b->batches.v[i].records = b->records.v + first;
        first += b->batches.v[i].count;
    }
    return FIRN_OK;
}

static firn_code walk(bench *b, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("shapes", 0);
    firn_shape *seen = firn_shape_new(a);
    for (size_t i = 0; i < b->batches.n; i++) {
        bool misfit;
        FIRN_TRY(b->ops->walk(&b->batches.v[i], b->layout, seen, a, &misfit, err));
        if (misfit)
            return firn_raise(err, FIRN_E_DATA, "batch %zu does not fit", i);
    }
    return FIRN_OK;
}

static firn_code infer(bench *b, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("shapes", 0);
    firn_shape *seen = firn_shape_new(a);
    for (size_t i = 0; i < b->batches.n; i++) {
        bool misfit;
        FIRN_TRY(b->ops->walk(&b->batches.v[i], NULL, seen, a, &misfit, err));
    }
    return FIRN_OK;
}

/* What an engine does between two chunks. */
static void empty_lists(firn_column *col)
{
    bool is_list = col->type->kind == FIRN_T_LIST || col->type->kind == FIRN_T_MAP;
    for (size_t i = 0; i < col->child_count; i++) {
        if (is_list)
            col->children[i].length = 0;
        empty_lists(&col->children[i]);
    }
}

static firn_code fill(bench *b, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("texts", 0);
    FIRN_AUTO(firn_arena_freep) firn_arena *reject_arena = firn_arena_new("rejects", 0);
    firn_rejects rejects = {.arena = reject_arena};
    b->rows = 0;
    for (size_t i = 0; i < b->batches.n; i++) {
        size_t next = 0;
        while (next < b->batches.v[i].count) {
            size_t rows;
            empty_lists(&b->root);
            firn_arena_reset(a);
            FIRN_TRY(b->ops->fill(&b->batches.v[i], &next, b->layout, &b->root, 0, CHUNK_ROWS,
                                  &rows, &rejects, a, err));
            b->rows += rows;
        }
    }
    b->rejects = rejects.n;
    return FIRN_OK;
}

static firn_code prepare(bench *b, firn_err *err)
{
    firn_type type;
    FIRN_TRY(firn_type_parse(firn_str_of(journal_type), b->arena, &type, err));
    FIRN_TRY(firn_layout_of_type(&type, NULL, 0, NULL, b->arena, &b->layout, err));
    return firn_columns_in_arena(&b->layout->type, CHUNK_ROWS, b->arena, &b->root, err);
}

static firn_code measure(bench *b, firn_err *err)
{
    static const struct {
        const char *name;
        firn_code (*run)(bench *b, firn_err *err);
    } steps[] = {{"frame", frame}, {"walk", walk}, {"fill", fill}, {"infer", infer}};
    for (size_t i = 0; i < FIRN_COUNT_OF(steps); i++) {
        double best = 1e9;
        for (int pass = 0; pass < PASSES; pass++) {
            double start = seconds();
            FIRN_TRY(steps[i].run(b, err));
            best = FIRN_MIN(best, seconds() - start);
        }
        printf("%-5s %8.0f MB/s\n", steps[i].name, (double)b->file.n / 1e6 / best);
    }
    printf("%zu records, %zu rows, %zu rejects\n", b->records.n, b->rows, b->rejects);
    return FIRN_OK;
}

int main(int argc, char **argv)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("benchmark", 0);
    bench b = {.arena = a, .ops = &firn_decoder_json};
    firn_err err = {0};
    if (argc == 2 && firn_str_ends(firn_str_of(argv[1]), ".bson"))
        b.ops = &firn_decoder_bson;
    if (argc != 2 || !a || read_file(argv[1], a, &b.file) != 0) {
        fprintf(stderr, "usage: json_decode FILE\n");
        return 2;
    }
    if (prepare(&b, &err) == FIRN_OK && measure(&b, &err) == FIRN_OK)
        return 0;
    fprintf(stderr, "json_decode: %s\n", err.text);
    return 1;
}
