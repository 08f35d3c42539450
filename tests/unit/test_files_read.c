/* SPDX-License-Identifier: Apache-2.0 */
/* source/files_read: batches of a file know where they begin, wherever the cut falls. */
#include "check.h"

#include "base/mem.h"
#include "source/files.h"

#include <stdlib.h>
#include <unistd.h>

#define HEAD ((size_t)1 << 20) /* the first batch of a larger file is this long */

typedef struct fixture {
    firn_env *env;
    firn_arena *a;
    char path[64];
} fixture;

static int open_fixture(void **state)
{
    firn_err err = {0};
    fixture *f = firn_mem_alloc(sizeof *f);
    assert_non_null(f);
    *f = (fixture){.path = "/tmp/firn-test-files-XXXXXX", .a = firn_arena_new("test", 0)};
    assert_non_null(f->a);
    check_ok(firn_env_new(&f->env, &err), &err);
    int fd = mkstemp(f->path);
    assert_true(fd >= 0);
    close(fd);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    unlink(f->path);
    firn_env_free(f->env);
    firn_arena_free(f->a);
    firn_mem_free(f);
    return 0;
}

static void write_file(const fixture *f, firn_slice bytes)
{
    FILE *out = fopen(f->path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, out), bytes.n);
    assert_int_equal(fclose(out), 0);
}

/* Compares the line of each record with a count from the beginning of the file. */
static void check_lines(const fixture *f, firn_slice bytes, const char *end, size_t *ret_batches)
{
    firn_err err = {0};
    firn_source_file file = {.name = FIRN_STR_LIT("x.json"), .path = f->path};
    const firn_format_opt format = {0};
    const firn_file_reader_opt opt = {
        .decoder = &firn_decoder_json, .format = &format, .batch_bytes = 4096};
    firn_file_reader *r;
    *ret_batches = 0;
    check_ok(firn_file_reader_open(f->env, &file, &opt, f->a, &r, &err), &err);
    for (;;) {
        firn_raw_batch *raw = NULL;
        bool done;
        check_ok(firn_file_reader_next(r, &raw, &done, &err), &err);
        if (done)
            break;
        ++*ret_batches;
        const size_t outer[] = {0, raw->batch.count - 1};
        for (size_t n = 0; n < 2; n++) {
            size_t i = outer[n];
            size_t at = raw->batch.first_offset + raw->batch.records[i].offset;
            uint64_t line = 1;
            for (size_t k = 0; k + strlen(end) <= at; k++)
                line += memcmp(bytes.p + k, end, strlen(end)) == 0;
            check_i64(firn_batch_line(&raw->batch, i), line);
        }
        firn_raw_batch_free(raw);
    }
    firn_file_reader_close(r);
}

/* An array of a few megabytes, one record a line, moved byte by byte so that the cut falls before,
 * into and behind a line end. */
static void lines_across_batches(void **state)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    const fixture *f = *state;
    for (size_t i = 0; i < FIRN_COUNT_OF(ends); i++) {
        for (int shift = 0; shift < 16; shift++) {
            firn_err err = {0};
            size_t batches;
            FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF(4 * HEAD);
            check_ok(firn_buf_addf(&text, &err, "[%*s", shift, ""), &err);
            for (int n = 0; text.n < HEAD + 64; n++)
                check_ok(firn_buf_addf(&text, &err, "%s{\"a\":1}%s", n ? "," : "", ends[i]), &err);
            check_ok(firn_buf_adds(&text, "]", &err), &err);
            write_file(f, firn_buf_slice(&text));
            check_lines(f, firn_buf_slice(&text), ends[i], &batches);
            assert_true(batches > 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_across_batches, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests_name("files_read", tests, NULL, NULL);
}
