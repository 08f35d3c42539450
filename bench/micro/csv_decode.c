/* SPDX-License-Identifier: Apache-2.0 */
/* csv_decode FILE: how fast one core frames, infers, walks and fills a CSV file.
 * csv_decode make MEGABYTES: writes such a file of ten mixed columns to standard output.
 *
 * The file is read into memory first, then each step runs over all of it, in batches as the
 * pipeline makes them; the best of three passes is printed in MB/s (10^6 bytes).  The layout is
 * what the file itself suggests. */
#include "base/column.h"
#include "base/datetime.h"
#include "base/str.h"
#include "format/decoder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH_BYTES   ((size_t)16 << 20)
#define BATCH_RECORDS 65536
#define CHUNK_ROWS    2048
#define PASSES        3

typedef struct bench {
    firn_slice file;
    firn_framer *framer;
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
    clock_gettime(CLOCK_MONOTONIC, &t);
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

/* --- a file to measure with ---------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int make_row(uint64_t row, uint64_t *random)
{
    static const char *const cities[] = {"Frankfurt am Main", "Lyon", "Z\xc3\xbcrich", "Chicago"};
    char day[FIRN_TIME_TEXT_MAX];
    char time[FIRN_TIME_TEXT_MAX];
    uint64_t r = next_random(random);
    firn_date_print((int32_t)(18000 + r % 2000), day);
    firn_timestamp_print((int64_t)(r % 100000000) * 17 * FIRN_US_PER_SECOND, true, time);
    return printf("%" PRIu64 ",%u,customer number %u,%s,%u.%02u,%.6f,%s,%s,%s,\"item %u, %s\"\n",
                  row, (unsigned)(r >> 8 & 0xfffff), (unsigned)(r >> 16 & 0xffff),
                  cities[r >> 32 & 3], (unsigned)(r >> 34 & 0xffff), (unsigned)(r >> 50) % 100,
                  (double)(r >> 40) / 1e4, day, time, r & 1 ? "true" : "false",
                  (unsigned)(r >> 20 & 0xffff), r & 2 ? "with a note" : "");
}

static int make_file(const char *megabytes)
{
    uint64_t left;
    uint64_t random = 1;
    if (!firn_str_u64(firn_str_of(megabytes), &left))
        return 2;
    left *= 1000000;
    printf("id,customer,name,city,amount,rate,day,changed_at,paid,note\n");
    for (uint64_t row = 1;; row++) {
        int n = make_row(row, &random);
        if (n < 0)
            return 1;
        if ((uint64_t)n >= left)
            return 0;
        left -= (uint64_t)n;
    }
}

/* --- steps --------------------------------------------------------------------------------- */

/* Cuts the file; batches keep their own piece of the list of records. */
static firn_code frame(bench *b, firn_err *err)
{
    const firn_format_opt opt = {0};
    size_t at = 0;
    b->batches.n = 0;
    b->records.n = 0;
    firn_slice head = {b->file.p, FIRN_MIN(b->file.n, (size_t)1 << 20)};
    FIRN_TRY(firn_decoder_csv.open(&opt, head, head.n == b->file.n, b->arena, &b->framer, err));
    while (at < b->file.n) {
        if (!firn_vec_room(b->arena, (void **)&b->records.v, &b->records.cap,
                           b->records.n + BATCH_RECORDS, sizeof *b->records.v))
            return firn_raise_nomem(err);
        firn_cut cut = {.records = b->records.v + b->records.n, .cap = BATCH_RECORDS};
        firn_slice piece = {b->file.p + at, FIRN_MIN(b->file.n - at, BATCH_BYTES)};
        bool eof = at + piece.n == b->file.n;
        FIRN_TRY(firn_decoder_csv.cut(b->framer, piece, eof, true, &cut, err));
        firn_batch batch = {.bytes = {piece.p, cut.consumed},
                            .count = cut.n,
                            .first_offset = at,
                            .file = firn_decoder_csv.file(b->framer)};
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

static firn_code infer(bench *b, firn_err *err)
{
    firn_shape *seen = firn_shape_new(b->arena);
    firn_layout_out made;
    if (!seen)
        return firn_raise_nomem(err);
    for (size_t i = 0; i < b->batches.n; i++) {
        bool misfit;
        FIRN_TRY(firn_decoder_csv.walk(&b->batches.v[i], NULL, seen, b->arena, &misfit, err));
    }
    const firn_layout_in in = {.seen = seen, .null_columns = true};
    FIRN_TRY(firn_layout_make(&in, b->arena, &made, err));
    b->layout = made.layout;
    return FIRN_OK;
}

static firn_code walk(bench *b, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("shapes", 0);
    firn_shape *seen = firn_shape_new(a);
    for (size_t i = 0; i < b->batches.n; i++) {
        bool misfit;
        FIRN_TRY(firn_decoder_csv.walk(&b->batches.v[i], b->layout, seen, a, &misfit, err));
        if (misfit)
            return firn_raise(err, FIRN_E_DATA, "batch %zu does not fit", i);
    }
    return FIRN_OK;
}

static firn_code fill(bench *b, firn_err *err)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("texts", 0);
    FIRN_AUTO(firn_arena_freep) firn_arena *reject_arena = firn_arena_new("rejects", 0);
    firn_rejects rejects = {.arena = reject_arena};
    b->rows = 0;
    FIRN_TRY(firn_columns_in_arena(&b->layout->type, CHUNK_ROWS, b->arena, &b->root, err));
    for (size_t i = 0; i < b->batches.n; i++) {
        size_t next = 0;
        while (next < b->batches.v[i].count) {
            size_t rows;
            firn_arena_reset(a);
            FIRN_TRY(firn_decoder_csv.fill(&b->batches.v[i], &next, b->layout, &b->root, 0,
                                           CHUNK_ROWS, &rows, &rejects, a, err));
            b->rows += rows;
        }
    }
    b->rejects = rejects.n;
    return FIRN_OK;
}

static firn_code measure(bench *b, firn_err *err)
{
    static const struct {
        const char *name;
        firn_code (*run)(bench *b, firn_err *err);
    } steps[] = {{"frame", frame}, {"infer", infer}, {"walk", walk}, {"fill", fill}};
    for (size_t i = 0; i < FIRN_COUNT_OF(steps); i++) {
        double best = 1e9;
        for (int pass = 0; pass < PASSES; pass++) {
            double start = seconds();
            FIRN_TRY(steps[i].run(b, err));
            best = FIRN_MIN(best, seconds() - start);
        }
        printf("%-5s %8.0f MB/s\n", steps[i].name, (double)b->file.n / 1e6 / best);
    }
    printf("%s\n%zu records, %zu rows, %zu rejects\n", firn_type_text(&b->layout->type, b->arena),
           b->records.n, b->rows, b->rejects);
    return FIRN_OK;
}

int main(int argc, char **argv)
{
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("benchmark", 0);
    bench b = {.arena = a};
    firn_err err = {0};
    if (argc == 3 && firn_str_eqc(firn_str_of(argv[1]), "make"))
        return make_file(argv[2]);
    if (argc != 2 || !a || read_file(argv[1], a, &b.file) != 0) {
        fprintf(stderr, "usage: csv_decode FILE | csv_decode make MEGABYTES\n");
        return 2;
    }
    if (measure(&b, &err) == FIRN_OK)
        return 0;
    fprintf(stderr, "csv_decode: %s\n", err.text);
    return 1;
}
