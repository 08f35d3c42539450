/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in and out over Arrow streams: who releases what, when, and what a failure leaves behind. */
#include "lib_help.h"

#include "base/mem.h"
#include "firn/firn.h"

#include <dirent.h>
#include <errno.h>

/* --- a stream that counts its releases ----------------------------------------------------- */

typedef struct producer {
    int64_t batches; /* to come */
    int64_t rows;    /* in each */
    int64_t next;    /* value */
    int fail_schema;
    int64_t fail_batch; /* the n-th fails; 0: none */
    const char *second; /* name of the second column */
    int schemas;        /* not released */
    int arrays;
    int streams;
    int64_t given;
} producer;

typedef struct owned_schema {
    producer *p;
    struct ArrowSchema columns[2];
    struct ArrowSchema *children[2];
} owned_schema;

static void release_child_schema(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void release_schema(struct ArrowSchema *s)
{
    owned_schema *o = s->private_data;
    o->p->schemas--;
    free(o);
    s->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    producer *p = stream->private_data;
    if (p->fail_schema)
        return p->fail_schema;
    owned_schema *o = calloc(1, sizeof *o);
    o->p = p;
    for (int i = 0; i < 2; i++) {
        o->columns[i] = (struct ArrowSchema){.format = i ? "u" : "l",
                                             .name = i ? p->second : "n",
                                             .flags = ARROW_FLAG_NULLABLE,
                                             .release = release_child_schema};
        o->children[i] = &o->columns[i];
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .n_children = 2,
                                .children = o->children,
                                .release = release_schema,
                                .private_data = o};
    p->schemas++;
    return 0;
}

typedef struct owned_array {
    producer *p;
    int64_t *values;
    int32_t *ends;
    char *texts;
    const void *buffers[3][3];
    struct ArrowArray columns[2];
    struct ArrowArray *children[2];
} owned_array;

static void release_child(struct ArrowArray *a)
{
    a->release = NULL;
}

static void release_array(struct ArrowArray *a)
{
    owned_array *o = a->private_data;
    o->p->arrays--;
    free(o->values);
    free(o->ends);
    free(o->texts);
    free(o);
    a->release = NULL;
}

enum { TEXT_BYTES = 20 };

static void fill_array(owned_array *o, producer *p)
{
    size_t n = (size_t)p->rows;
    o->p = p;
    o->values = calloc(n + 1, sizeof *o->values);
    o->ends = calloc(n + 1, sizeof *o->ends);
    o->texts = calloc(n + 1, TEXT_BYTES + 1);
    for (size_t i = 0; i < n; i++) {
        o->values[i] = p->next++;
        snprintf(o->texts + i * TEXT_BYTES, TEXT_BYTES + 1, "text %015lld",
                 (long long)o->values[i]);
        o->ends[i + 1] = (int32_t)(i + 1) * TEXT_BYTES;
    }
    o->buffers[0][1] = o->values;
    o->buffers[1][1] = o->ends;
    o->buffers[1][2] = o->texts;
    for (int i = 0; i < 2; i++) {
        o->columns[i] = (struct ArrowArray){.length = p->rows,
                                            .n_buffers = 2 + i,
                                            .buffers = o->buffers[i],
                                            .release = release_child};
        o->children[i] = &o->columns[i];
    }
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    producer *p = stream->private_data;
    memset(out, 0, sizeof *out);
    if (p->batches == 0)
        return 0;
    p->given++;
    if (p->given == p->fail_batch)
        return EIO;
    p->batches--;
    owned_array *o = calloc(1, sizeof *o);
    fill_array(o, p);
    *out = (struct ArrowArray){.length = p->rows,
                               .n_buffers = 1,
                               .n_children = 2,
                               .buffers = o->buffers[2],
                               .children = o->children,
                               .release = release_array,
                               .private_data = o};
    p->arrays++;
    return 0;
}

static const char *last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the producer\nis tired";
}

static void release_stream(struct ArrowArrayStream *stream)
{
    ((producer *)stream->private_data)->streams--;
    stream->release = NULL;
}

static struct ArrowArrayStream open_stream(producer *p)
{
    p->streams++;
    if (!p->second)
        p->second = "s";
    return (struct ArrowArrayStream){get_schema, get_next, last_error, release_stream, p};
}

static void check_released(const producer *p, const struct ArrowArrayStream *s)
{
    assert_null(s->release);
    assert_int_equal(p->streams, 0);
    assert_int_equal(p->schemas, 0);
    assert_int_equal(p->arrays, 0);
}

/* --- a table in a folder of its own -------------------------------------------------------- */

typedef struct place {
    char folder[64];
    firn_catalog *catalog;
    firn_table *table;
} place;

/* How many files lie below a folder, whose names end in `suffix`. */
static int count_files(const char *path, const char *suffix)
{
    DIR *d = opendir(path);
    char below[1024];
    int n = 0;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        size_t len = strlen(below);
        n += count_files(below, suffix);
        n += len > strlen(suffix) && strcmp(below + len - strlen(suffix), suffix) == 0;
    }
    if (d)
        closedir(d);
    return n;
}

static place *open_place(const firn_storage *storage)
{
    firn_error error;
    char path[256];
    char location[128];
    place *w = test_calloc(1, sizeof *w);
    firn_schema *schema = NULL;
    snprintf(w->folder, sizeof w->folder, "/tmp/firn-lib-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(path, sizeof path, "%s/catalog.db", w->folder);
    snprintf(location, sizeof location, "%s/ns/t", w->folder);
    OK(firn_schema_parse_json("{\"type\":\"struct\",\"fields\":["
                              "{\"id\":1,\"name\":\"n\",\"required\":false,\"type\":\"long\"},"
                              "{\"id\":2,\"name\":\"s\",\"required\":false,\"type\":\"string\"}]}",
                              &schema, &error));
    const firn_table_definition d = {.size = sizeof d, .schema = schema, .location = location};
    OK(firn_catalog_open_sqlite(path, "lake", 0, &w->catalog, &error));
    OK(firn_table_create(w->catalog, storage, "ns", "t", &d, &w->table, &error));
    firn_schema_free(schema);
    return w;
}

static void close_place(place *w)
{
    firn_table_close(w->table);
    firn_catalog_close(w->catalog);
    remove_all(w->folder);
    test_free(w);
}

static const firn_engine_options few = {
    .size = sizeof few, .threads = 2, .memory_bytes = 256 << 20};

/* Sum of n and number of rows of a scan. */
static void sum_rows(firn_table *t, int64_t *sum, int64_t *count)
{
    firn_error error;
    firn_scanner *s = NULL;
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    *sum = *count = 0;
    OK(firn_scanner_new(t, &s, &error));
    OK(firn_scan(s, &few, &stream, &error));
    while (stream.get_next(&stream, &batch) == 0 && batch.release) {
        const int64_t *n = batch.children[0]->buffers[1];
        for (int64_t i = 0; i < batch.length; i++)
            *sum += n[i];
        *count += batch.length;
        batch.release(&batch);
    }
    assert_null(stream.get_last_error(&stream));
    stream.release(&stream);
    assert_null(stream.release);
    firn_scanner_free(s);
}

/* --- tests --- */

static void test_round_trip(void **state)
{
    (void)state;
    firn_error error;
    int64_t sum;
    int64_t count;
    place *w = open_place(NULL);
    producer p = {.batches = 3, .rows = 5000};
    struct ArrowArrayStream s = open_stream(&p);
    OK(firn_append(w->table, &s, &few, &error));
    check_released(&p, &s);
    sum_rows(w->table, &sum, &count);
    assert_int_equal(count, 15000);
    assert_int_equal(sum, (int64_t)15000 * 14999 / 2);
    assert_int_equal(count_files(w->folder, ".parquet"), 1);
    /* no rows: no snapshot */
    int64_t before = firn_snapshot_get_id(firn_table_snapshot(w->table));
    p = (producer){.batches = 2, .rows = 0};
    s = open_stream(&p);
    OK(firn_append(w->table, &s, &few, &error));
    check_released(&p, &s);
    assert_int_equal(firn_snapshot_get_id(firn_table_snapshot(w->table)), before);
    close_place(w);
}

static void test_failing_streams(void **state)
{
    (void)state;
    firn_error error;
    place *w = open_place(NULL);
    producer p = {.fail_schema = ENOMEM};
    struct ArrowArrayStream s = open_stream(&p);
    FAILS(firn_append(w->table, &s, &few, &error), FIRN_STATUS_NO_MEMORY, "tired");
    check_released(&p, &s);
    for (int64_t n = 1; n <= 4; n++) {
        p = (producer){.batches = 4, .rows = 3000, .fail_batch = n};
        s = open_stream(&p);
        FAILS(firn_append(w->table, &s, &few, &error), FIRN_STATUS_IO, "producer is tired");
        check_released(&p, &s);
    }
    p = (producer){.batches = 1, .rows = 1, .second = "unknown"};
    s = open_stream(&p);
    FAILS(firn_append(w->table, &s, &few, &error), FIRN_STATUS_INVALID, "'unknown'");
    check_released(&p, &s);
    FAILS(firn_append(w->table, &s, &few, &error), FIRN_STATUS_INVALID, "released");
    FAILS(firn_append(w->table, NULL, &few, &error), FIRN_STATUS_INVALID, "NULL");
    const firn_engine_options relative = {.size = sizeof relative, .scratch_folder = "here"};
    p = (producer){.batches = 1, .rows = 1};
    s = open_stream(&p);
    FAILS(firn_append(w->table, &s, &relative, &error), FIRN_STATUS_INVALID, "absolute");
    check_released(&p, &s);
    assert_int_equal(count_files(w->folder, ".parquet"), 0);
    assert_null(firn_table_snapshot(w->table));
    close_place(w);
}

static void test_transactions(void **state)
{
    (void)state;
    firn_error error;
    firn_transaction *tx = NULL;
    int64_t rows = 0;
    int64_t sum;
    int64_t count;
    place *w = open_place(NULL);
    producer p = {.batches = 1, .rows = 10, .second = "unknown"};
    struct ArrowArrayStream s = open_stream(&p);
    OK(firn_transaction_begin(w->table, &tx, &error));
    OK(firn_write(tx, &s, FIRN_WRITE_IGNORE_EXTRA, &few, &rows, &error));
    check_released(&p, &s);
    assert_int_equal(rows, 10);
    p = (producer){.batches = 2, .rows = 10, .next = 10};
    s = open_stream(&p);
    OK(firn_write(tx, &s, 0, &few, &rows, &error));
    assert_int_equal(rows, 20);
    /* one that fails takes only its own files back */
    p = (producer){.batches = 2, .rows = 10, .fail_batch = 2};
    s = open_stream(&p);
    FAILS(firn_write(tx, &s, 0, &few, &rows, &error), FIRN_STATUS_IO, "tired");
    assert_int_equal(count_files(w->folder, ".parquet"), 2);
    OK(firn_transaction_commit(tx, NULL, &error));
    firn_transaction_free(tx);
    sum_rows(w->table, &sum, &count);
    assert_int_equal(count, 30);
    assert_int_equal(sum, 30 * 29 / 2);
    /* given up: its files go */
    OK(firn_transaction_begin(w->table, &tx, &error));
    p = (producer){.batches = 1, .rows = 10};
    s = open_stream(&p);
    OK(firn_write(tx, &s, 0, &few, NULL, &error));
    assert_int_equal(count_files(w->folder, ".parquet"), 3);
    firn_transaction_free(tx);
    assert_int_equal(count_files(w->folder, ".parquet"), 2);
    /* columns that are not there yet */
    OK(firn_transaction_begin(w->table, &tx, &error));
    OK(firn_transaction_add_column(tx, "more", "int", NULL, &error));
    p = (producer){.batches = 1, .rows = 10};
    s = open_stream(&p);
    FAILS(firn_write(tx, &s, 0, &few, NULL, &error), FIRN_STATUS_INVALID, "changes columns");
    check_released(&p, &s);
    firn_transaction_free(tx);
    close_place(w);
}

static void test_scan_streams(void **state)
{
    (void)state;
    static const char *const only[] = {"s"};
    firn_error error;
    firn_scanner *scanner = NULL;
    struct ArrowArrayStream out;
    struct ArrowSchema schema;
    struct ArrowSchema moved;
    struct ArrowArray batch;
    place *w = open_place(NULL);
    producer p = {.batches = 50, .rows = 4000};
    struct ArrowArrayStream s = open_stream(&p);
    OK(firn_append(w->table, &s, &few, &error));
    OK(firn_scanner_new(w->table, &scanner, &error));
    OK(firn_scanner_select(scanner, only, 1, &error));
    OK(firn_scan(scanner, &few, &out, &error));
    assert_int_equal(out.get_schema(&out, &schema), 0);
    assert_string_equal(schema.format, "+s");
    assert_int_equal(schema.n_children, 1);
    assert_string_equal(schema.children[0]->name, "s");
    /* a child is moved out, as the interface allows, and outlives its parent */
    moved = *schema.children[0];
    schema.children[0]->release = NULL;
    schema.release(&schema);
    assert_string_equal(moved.format, "u");
    moved.release(&moved);
    assert_int_equal(out.get_next(&out, &batch), 0);
    assert_true(batch.length > 0 && batch.length <= 65536);
    struct ArrowArray texts = *batch.children[0];
    batch.children[0]->release = NULL;
    batch.release(&batch);
    const int32_t *ends = texts.buffers[1];
    assert_int_equal(ends[1], TEXT_BYTES);
    out.release(&out); /* in the middle */
    assert_memory_equal(texts.buffers[2], "text ", 5);
    texts.release(&texts);
    firn_scanner_free(scanner);
    close_place(w);
}

static void test_export_schema(void **state)
{
    (void)state;
    firn_error error;
    struct ArrowSchema arrow;
    firn_schema *schema = NULL;
    firn_schema *again = NULL;
    char *a = NULL;
    char *b = NULL;
    OK(firn_schema_parse_json(
        "{\"type\":\"struct\",\"fields\":["
        "{\"id\":3,\"name\":\"u\",\"required\":true,\"type\":\"uuid\",\"doc\":\"x\"},"
        "{\"id\":5,\"name\":\"f\",\"required\":false,\"type\":\"fixed[3]\"},"
        "{\"id\":7,\"name\":\"m\",\"required\":false,\"type\":{\"type\":\"map\",\"key-id\":8,"
        "\"key\":\"string\",\"value-id\":9,\"value-required\":false,\"value\":\"decimal(9,2)\"}},"
        "{\"id\":10,\"name\":\"l\",\"required\":false,\"type\":{\"type\":\"list\","
        "\"element-id\":11,\"element-required\":true,\"element\":\"timestamptz\"}}]}",
        &schema, &error));
    OK(firn_schema_export_arrow(schema, &arrow, &error));
    assert_string_equal(arrow.children[2]->format, "+m");
    assert_string_equal(arrow.children[2]->children[0]->children[1]->format, "d:9,2");
    assert_string_equal(arrow.children[3]->children[0]->format, "tsu:UTC");
    assert_int_equal(arrow.children[3]->children[0]->flags, 0);
    OK(firn_schema_import_arrow(&arrow, &again, &error));
    arrow.release(&arrow);
    OK(firn_schema_format_json(schema, &a, &error));
    OK(firn_schema_format_json(again, &b, &error));
    assert_string_equal(a, b);
    firn_free(a);
    firn_free(b);
    firn_schema_free(again);
    firn_schema_free(schema);
}

/* Memory is out once, at every allocation in turn. */
static void test_nth_allocation_fails(void **state)
{
    (void)state;
    firn_error error;
    firn_schema *schema = NULL;
    bool done = false;
    OK(firn_schema_parse_json(
        "{\"type\":\"struct\",\"fields\":["
        "{\"id\":1,\"name\":\"u\",\"required\":true,\"type\":\"uuid\"},"
        "{\"id\":2,\"name\":\"m\",\"required\":false,\"type\":{\"type\":\"map\",\"key-id\":3,"
        "\"key\":\"string\",\"value-id\":4,\"value-required\":false,\"value\":\"int\"}}]}",
        &schema, &error));
    for (uint64_t n = 1; !done; n++) {
        struct ArrowSchema arrow = {.release = NULL};
        firn_schema *again = NULL;
        error = (firn_error)FIRN_ERROR_INIT;
        firn_mem_fail_nth(n, false);
        firn_status status = firn_schema_export_arrow(schema, &arrow, &error);
        if (status == FIRN_STATUS_OK)
            status = firn_schema_import_arrow(&arrow, &again, &error);
        done = firn_mem_failed() == 0;
        firn_mem_fail_nth(0, false);
        assert_int_equal(status, done ? FIRN_STATUS_OK : FIRN_STATUS_NO_MEMORY);
        assert_int_equal(again != NULL, done);
        if (arrow.release)
            arrow.release(&arrow);
        firn_schema_free(again);
        assert_true(n < 500);
    }
    firn_schema_free(schema);
}

/* --- rows through a storage of the caller's ------------------------------------------------ */

typedef struct wrapped {
    firn_storage local;
    uint64_t calls;
    uint64_t fail_at;
} wrapped;

static firn_status count_call(wrapped *w, firn_error *e)
{
    return ++w->calls == w->fail_at ? firn_error_set(e, FIRN_STATUS_NETWORK, "cut off")
                                    : FIRN_STATUS_OK;
}

static firn_status wrapped_read(void *context, const char *location, uint64_t max_bytes,
                                firn_buffer *out, firn_error *e)
{
    wrapped *w = context;
    firn_status s = count_call(w, e);
    return s ? s : w->local.read(w->local.context, location, max_bytes, out, e);
}

static firn_status wrapped_write(void *context, const char *location, const void *bytes,
                                 size_t size, firn_error *e)
{
    wrapped *w = context;
    firn_status s = count_call(w, e);
    return s ? s : w->local.write(w->local.context, location, bytes, size, e);
}

static firn_status wrapped_remove(void *context, const char *location, firn_error *e)
{
    wrapped *w = context;
    return w->local.remove(w->local.context, location, e);
}

static void test_storage(void **state)
{
    (void)state;
    firn_error error;
    wrapped *f = test_calloc(1, sizeof *f);
    f->local.size = sizeof f->local;
    OK(firn_storage_local_open(&f->local, &error));
    const firn_storage storage = {.size = sizeof storage,
                                  .context = f,
                                  .read = wrapped_read,
                                  .write = wrapped_write,
                                  .remove = wrapped_remove};
    place *w = open_place(&storage);
    int64_t good = 0;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        producer p = {.batches = 1, .rows = 10};
        struct ArrowArrayStream s = open_stream(&p);
        f->calls = 0;
        f->fail_at = n;
        error = (firn_error)FIRN_ERROR_INIT;
        firn_status status = firn_append(w->table, &s, &few, &error);
        check_released(&p, &s);
        done = f->calls < n;
        f->fail_at = 0;
        good += status == FIRN_STATUS_OK;
        if (status != FIRN_STATUS_OK && status != FIRN_STATUS_NETWORK)
            fail_msg("call %llu: %s: %s", (unsigned long long)n, firn_status_name(status),
                     error.message);
        OK(firn_table_refresh(w->table, &error));
        /* as many files as commits: what failed left nothing */
        assert_int_equal(count_files(w->folder, ".parquet"), good);
        assert_int_equal(firn_table_snapshot_count(w->table), good);
        assert_true(n < 100);
    }
    assert_true(good > 0);
    close_place(w);
    firn_storage_local_free(&f->local);
    test_free(f);
}

static firn_status name_it(void *argument, const char *ns, const char *name, firn_error *e)
{
    (void)e;
    assert_string_equal(ns, "ns");
    assert_string_equal(name, "t");
    ++*(int *)argument;
    return FIRN_STATUS_OK;
}

/* What is opened to be read only is read, and not changed by anything. */
static void test_read_only(void **state)
{
    (void)state;
    firn_error error;
    place *w = open_place(NULL);
    char path[256];
    firn_catalog *c = NULL;
    firn_table *t = NULL;
    firn_transaction *tx = NULL;
    producer p = {.batches = 1, .rows = 3};
    struct ArrowArrayStream s = open_stream(&p);
    int tables = 0;
    snprintf(path, sizeof path, "%s/catalog.db", w->folder);
    FAILS(firn_catalog_open_sqlite(path, NULL, 1 << 7, &c, &error), FIRN_STATUS_UNSUPPORTED,
          "flags");
    OK(firn_catalog_open_sqlite(path, NULL, FIRN_CATALOG_READ_ONLY, &c, &error));
    OK(firn_table_open(c, NULL, "ns", "t", &t, &error));
    FAILS(firn_transaction_begin(t, &tx, &error), FIRN_STATUS_UNSUPPORTED, "read only");
    FAILS(firn_append(t, &s, &few, &error), FIRN_STATUS_UNSUPPORTED, "read only");
    check_released(&p, &s);
    FAILS(firn_catalog_drop_table(c, "ns", "t", &error), FIRN_STATUS_UNSUPPORTED, "read only");
    FAILS(firn_catalog_create_namespace(c, "more", &error), FIRN_STATUS_UNSUPPORTED, "read only");
    OK(firn_catalog_list_tables(c, name_it, &tables, &error));
    assert_int_equal(tables, 1);
    firn_table_close(t);
    firn_catalog_close(c);
    OK(firn_table_refresh(w->table, &error)); /* it is there still */
    close_place(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_failing_streams), cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_scan_streams),    cmocka_unit_test(test_export_schema),
        cmocka_unit_test(test_storage),         cmocka_unit_test(test_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
