/* SPDX-License-Identifier: Apache-2.0 */
/* manytool — tables of very many files, for tests/suites/scale.py and bench/plan:
 *   manytool make FOLDER days|ids FILES PER_MANIFEST
 *     writes the metadata of a table whose data files do not exist, and prints its path; `days`: is
 *     partitioned by day(ts), 1,000 days; `ids`: not at all.  File i holds 1,000 rows, the ids from
 *     1,000 i on; ten columns have bounds.
 *   manytool plan METADATA [COLUMN OP VALUE]…
 *     plans a scan with all these conditions (OP: = < > <= >=) and prints what it came to as JSON.
 */
#include "base/datetime.h"
#include "base/hash.h"
#include "base/str.h"
#include "env/env.h"
#include "iceberg/metadata.h"
#include "iceberg/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define ROWS     1000
#define DAYS     1000
#define COLUMNS  10
#define SNAPSHOT 4711
#define FIRST_US (INT64_C(1577836800) * FIRN_US_PER_SECOND) /* 2020-01-01 */

static const char schema_text[] =
    "struct<id: long, ts: timestamptz, customer: string, country: string, amount: decimal(12,2), "
    "quantity: int, price: double, paid: boolean, day: date, note: string>";

typedef struct tool {
    firn_env *env;
    const firn_io *io;
    firn_arena *a;
    firn_err *err;
    const firn_metadata *m;
    firn_type schema;
    size_t files;
    bool by_day;
} tool;

/* --- one file ------------------------------------------------------------------------------ */

/* The least and the greatest value of a column in file i. */
static void texts_of(const tool *t, size_t column, size_t i, char low[64], char high[64])
{
    int64_t us = FIRST_US + (int64_t)(i * DAYS / t->files) * FIRN_US_PER_DAY;
    int64_t hour = (int64_t)(i % 24) * FIRN_US_PER_HOUR;
    char day[FIRN_TIME_TEXT_MAX];
    char from[FIRN_TIME_TEXT_MAX];
    char to[FIRN_TIME_TEXT_MAX];
    firn_date_print((int32_t)(us / FIRN_US_PER_DAY), day);
    firn_timestamp_print(us + hour, true, from);
    firn_timestamp_print(us + hour + 3599999999, true, to);
    const size_t x = i * 2654435761u % 1000003;
    const struct {
        const char *before;
        size_t low;
        size_t high;
        int digits;
        const char *behind;
    } numbers[COLUMNS] = {[0] = {"", i * ROWS, i * ROWS + ROWS - 1, 1, ""},
                          [2] = {"customer-", x, x + 900000, 7, ""},
                          [3] = {"country-", x % 20, 20 + x % 60, 2, ""},
                          [4] = {"", x, x + 77777, 1, ".25"},
                          [5] = {"", x % 9, 10 + x % 90, 1, ""},
                          [6] = {"", x % 1000, 1000 + x % 5000, 1, ".125"},
                          [7] = {"", 0, x % 3 ? 1 : 0, 1, ""},
                          [9] = {"a note of file ", x, x + 1000003, 1, ""}},
      *n = &numbers[column];
    if (column == 1 || column == 8) {
        snprintf(low, 64, "%s", column == 1 ? from : day);
        snprintf(high, 64, "%s", column == 1 ? to : day);
        return;
    }
    snprintf(low, 64, "%s%0*zu%s", n->before, n->digits, n->low, n->behind);
    snprintf(high, 64, "%s%0*zu%s", n->before, n->digits, n->high, n->behind);
}

static firn_code bound(const tool *t, const firn_type *type, const char *text, firn_arena *a,
                       firn_slice *ret)
{
    firn_value v;
    FIRN_AUTO(firn_buf_free) firn_buf b = FIRN_BUF(256);
    if (!firn_value_from_engine(type, firn_str_of(text), a, &v))
        return firn_raise(t->err, FIRN_E_BUG, "'%s' is no %s", text, firn_type_text(type, a));
    FIRN_TRY(firn_value_to_bytes(type, &v, &b, t->err));
    *ret = firn_bound_lower(type, firn_arena_copy(a, firn_buf_slice(&b)), 16);
    return FIRN_OK;
}

static firn_code metrics(const tool *t, size_t i, firn_arena *a, firn_data_file *f)
{
    f->metrics = firn_arena_array(a, COLUMNS, sizeof *f->metrics);
    f->metrics_count = COLUMNS;
    for (size_t c = 0; c < COLUMNS; c++) {
        char low[64];
        char high[64];
        const firn_field *field = &t->schema.fields[c];
        bool floating = field->type.kind == FIRN_T_DOUBLE;
        texts_of(t, c, i, low, high);
        f->metrics[c] = (firn_column_metrics){
            .field_id = field->id,
            .column_size = 2000 + (int64_t)(i * 37 + c * 1009) % 5000,
            .value_count = ROWS,
            .null_value_count = c == 9 ? (int64_t)(i % 50) : 0,
            .nan_value_count = floating ? 0 : -1,
        };
        FIRN_TRY(bound(t, &field->type, low, a, &f->metrics[c].lower_bound));
        FIRN_TRY(bound(t, &field->type, high, a, &f->metrics[c].upper_bound));
    }
    return FIRN_OK;
}

static firn_code entry(const tool *t, size_t i, firn_arena *a, firn_manifest_entry *ret)
{
    int64_t day = FIRST_US / FIRN_US_PER_DAY + (int64_t)(i * DAYS / t->files);
    firn_value *partition = firn_arena_array(a, 1, sizeof *partition);
    int64_t *offsets = firn_arena_array(a, 1, sizeof *offsets);
    char date[FIRN_TIME_TEXT_MAX];
    firn_date_print((int32_t)day, date);
    const char *path =
        firn_arena_printf(a, "%.*s/data/%s%s%s%05zu-%d-%08zx-5a3f-4c1e-9d2b-%012zx.parquet",
                          FIRN_STR_ARG(t->m->location), t->by_day ? "ts_day=" : "",
                          t->by_day ? date : "", t->by_day ? "/" : "", i % 100000, SNAPSHOT,
                          i * 2654435761u % 4294967291u, i * 40503 % 281474976710597u);
    partition[0].u.i = day;
    offsets[0] = 4;
    *ret = (firn_manifest_entry){.status = FIRN_ENTRY_ADDED,
                                 .snapshot_id = SNAPSHOT,
                                 .sequence_number = -1,
                                 .file_sequence_number = -1,
                                 .file = {.file_path = firn_str_of(path),
                                          .file_format = FIRN_STR_LIT("PARQUET"),
                                          .partition = partition,
                                          .record_count = ROWS,
                                          .file_size_in_bytes = 40000 + (int64_t)(i * 31 % 9000),
                                          .split_offsets = offsets,
                                          .split_offset_count = 1,
                                          .sort_order_id = 0,
                                          .first_row_id = -1,
                                          .content_offset = -1,
                                          .content_size_in_bytes = -1}};
    return metrics(t, i, a, &ret->file);
}

/* --- the table ----------------------------------------------------------------------------- */

static firn_code empty_table(tool *t, const char *folder)
{
    firn_updates u;
    firn_spec spec = {0};
    int32_t last_column = 0;
    int32_t last_partition = FIRN_PARTITION_FIRST_ID - 1;
    const firn_partition_term term = {.kind = FIRN_TRANSFORM_DAY, .column = FIRN_STR_LIT("ts")};
    const char *location = firn_arena_printf(t->a, "file://%s", folder);
    FIRN_TRY(firn_type_parse(firn_str_of(schema_text), t->a, &t->schema, t->err));
    firn_schema_assign_ids(&t->schema, &last_column);
    const firn_schema schema = {.type = t->schema};
    if (t->by_day)
        FIRN_TRY(firn_spec_make(&t->schema, &term, 1, &last_partition, t->a, &spec, t->err));
    FIRN_TRY(firn_updates_new(t->a, &u, t->err));
    FIRN_TRY(firn_update_assign_uuid(&u, "7d9c1a34-52d1-4a8e-9d0f-0f2f5f8f1c11", t->err));
    FIRN_TRY(firn_update_format_version(&u, 2, t->err));
    FIRN_TRY(firn_update_location(&u, firn_str_of(location), t->err));
    FIRN_TRY(firn_update_schema(&u, &schema, last_column, t->err));
    FIRN_TRY(firn_update_spec(&u, &spec, t->err));
    FIRN_TRY(firn_update_unsorted(&u, t->err));
    return firn_metadata_apply(NULL, &u, 1760000000000, t->a, &t->m, t->err);
}

static void free_writer(firn_manifest_writer **w)
{
    firn_manifest_writer_free(*w);
}

static firn_code write_manifest(tool *t, size_t first, size_t count, size_t number,
                                firn_manifest_file *ret)
{
    FIRN_AUTO(free_writer) firn_manifest_writer *w = NULL;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a file", 0);
    const char *path = firn_arena_printf(t->a, "%.*s/metadata/many-m%zu.avro",
                                         FIRN_STR_ARG(t->m->location), number);
    FIRN_TRY(firn_manifest_writer_new(t->io, t->m, t->m->spec, false, t->a, &w, t->err));
    for (size_t i = first; i < first + count; i++) {
        firn_manifest_entry e;
        firn_arena_reset(a);
        FIRN_TRY(entry(t, i, a, &e));
        FIRN_TRY(firn_manifest_writer_add(w, &e, t->err));
    }
    return firn_manifest_writer_finish(w, firn_str_of(path), SNAPSHOT, ret, t->err);
}

static firn_code write_snapshot(tool *t, const firn_manifest_file *list, size_t count)
{
    firn_updates u;
    char files[24];
    char rows[24];
    const char *path = firn_arena_printf(t->a, "%.*s/metadata/snap-%d-1-many.avro",
                                         FIRN_STR_ARG(t->m->location), SNAPSHOT);
    const firn_manifest_list_head head = {.snapshot_id = SNAPSHOT,
                                          .parent_id = FIRN_NO_SNAPSHOT,
                                          .sequence_number = 1,
                                          .metadata = t->m};
    FIRN_TRY(firn_manifest_list_write(t->io, firn_str_of(path), &head, list, count, t->err));
    snprintf(files, sizeof files, "%zu", t->files);
    snprintf(rows, sizeof rows, "%zu", t->files * ROWS);
    json_t *s = json_pack("{s:i, s:i, s:I, s:{s:s, s:s, s:s, s:s, s:s}, s:s, s:i}", "snapshot-id",
                          SNAPSHOT, "sequence-number", 1, "timestamp-ms", (json_int_t)1760000000000,
                          "summary", "operation", "append", "added-data-files", files,
                          "added-records", rows, "total-data-files", files, "total-records", rows,
                          "manifest-list", path, "schema-id", 0);
    FIRN_TRY(firn_updates_new(t->a, &u, t->err));
    FIRN_TRY(firn_update_snapshot(&u, s, t->err));
    FIRN_TRY(firn_update_ref(&u, "main", SNAPSHOT, true, t->err));
    return firn_metadata_apply(t->m, &u, 1760000000000, t->a, &t->m, t->err);
}

static firn_code make(tool *t, char **args)
{
    size_t per = strtoul(args[3], NULL, 10);
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 30);
    t->by_day = strcmp(args[1], "days") == 0;
    t->files = strtoul(args[2], NULL, 10);
    size_t count = (t->files + per - 1) / per;
    firn_manifest_file *list = firn_arena_array(t->a, count, sizeof *list);
    FIRN_TRY(empty_table(t, args[0]));
    for (size_t i = 0; i < count; i++) /* the newest comes first */
        FIRN_TRY(
            write_manifest(t, i * per, FIRN_MIN(per, t->files - i * per), i, &list[count - 1 - i]));
    FIRN_TRY(write_snapshot(t, list, count));
    FIRN_TRY(firn_metadata_print(t->m, &text, t->err));
    const char *path = firn_arena_printf(t->a, "%s/metadata/00001-many.metadata.json", args[0]);
    FIRN_TRY(t->io->write_new(t->io->ctx, firn_str_of(path), firn_buf_slice(&text), t->err));
    printf("%s\n", path);
    return FIRN_OK;
}

/* --- planning ------------------------------------------------------------------------------ */

static firn_code condition(const tool *t, char **args, firn_expr *ret)
{
    static const struct {
        const char *word;
        firn_expr_op op;
    } ops[] = {{"=", FIRN_EXPR_EQ},
               {"<", FIRN_EXPR_LT},
               {">", FIRN_EXPR_GT},
               {"<=", FIRN_EXPR_LE},
               {">=", FIRN_EXPR_GE}};
    const firn_field *f = firn_type_field(&t->m->schema->type, firn_str_of(args[0]));
    firn_value *v = firn_arena_alloc(t->a, sizeof *v);
    if (!f || !v || !firn_value_from_engine(&f->type, firn_str_of(args[2]), t->a, v))
        return firn_raise(t->err, FIRN_E_USAGE, "%s %s %s", args[0], args[1], args[2]);
    *ret = (firn_expr){.field_id = f->id, .type = &f->type, .values = v, .value_count = 1};
    for (size_t i = 0; i < FIRN_COUNT_OF(ops); i++)
        if (strcmp(args[1], ops[i].word) == 0)
            ret->op = ops[i].op;
    return FIRN_OK;
}

static firn_code plan(tool *t, char **args, size_t count)
{
    firn_scan_plan p;
    struct rusage usage;
    FIRN_AUTO(firn_arena_freep) firn_arena *a = firn_arena_new("a plan", 0);
    int64_t begin = firn_env_mono_us(t->env);
    FIRN_TRY(firn_metadata_load(t->io, firn_str_of(args[0]), t->a, &t->m, t->err));
    firn_expr conditions[8];
    const firn_expr *parts[8];
    size_t n = FIRN_MIN((count - 1) / 3, FIRN_COUNT_OF(parts));
    for (size_t i = 0; i < n; i++) {
        FIRN_TRY(condition(t, args + 1 + 3 * i, &conditions[i]));
        parts[i] = &conditions[i];
    }
    const firn_expr all = {.op = FIRN_EXPR_AND, .parts = parts, .part_count = n};
    FIRN_TRY(firn_scan_plan_make(t->io, t->m, firn_metadata_current(t->m), n ? &all : NULL, a, &p,
                                 t->err));
    int64_t end = firn_env_mono_us(t->env);
    getrusage(RUSAGE_SELF, &usage);
    uint64_t sum = 0; /* of the places in which the names stand: tells the order */
    for (size_t i = 0; i < p.count; i++)
        sum = sum * 31 + firn_hash64(p.files[i].file.file_path.p, p.files[i].file.file_path.n);
    printf("{\"files\": %zu, \"rows\": %lld, \"bytes\": %lld, \"files_total\": %lld, "
           "\"manifests_total\": %zu, \"manifests_read\": %zu, \"order\": \"%016llx\", "
           "\"first\": \"%.*s\", \"ms\": %.1f, \"cpu_ms\": %.1f, \"peak_mb\": %.1f}\n",
           p.count, (long long)p.rows, (long long)p.bytes, (long long)p.files_total,
           p.manifests_total, p.manifests_read, (unsigned long long)sum,
           FIRN_STR_ARG(p.count ? p.files[0].file.file_path : FIRN_STR_LIT("")),
           (double)(end - begin) / 1000,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000,
           (double)usage.ru_maxrss / 1024);
    return FIRN_OK;
}

int main(int argc, char **argv)
{
    firn_err err = {0};
    tool t = {.err = &err, .a = firn_arena_new("manytool", 0)};
    if (argc < 3 || firn_env_new(&t.env, &err) != FIRN_OK)
        return 2;
    t.io = firn_env_io(t.env);
    firn_code code = FIRN_E_USAGE;
    if (strcmp(argv[1], "make") == 0 && argc == 6)
        code = make(&t, argv + 2);
    if (strcmp(argv[1], "plan") == 0)
        code = plan(&t, argv + 2, (size_t)argc - 2);
    if (code != FIRN_OK)
        fprintf(stderr, "%s\n", err.text);
    firn_arena_free(t.a);
    firn_env_free(t.env);
    return code == FIRN_OK ? 0 : 1;
}
