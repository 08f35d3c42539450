/* SPDX-License-Identifier: Apache-2.0 */
/* trips.c FOLDER — creates an Iceberg table below the folder, appends rows from an Arrow stream,
 * adds a column, and scans what it wrote. */
#include <firn/firn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static firn_error error = FIRN_ERROR_INIT;

static void check(firn_status status)
{
    if (status != FIRN_STATUS_OK) {
        fprintf(stderr, "%s: %s\n", firn_status_name(status), error.message);
        exit(1);
    }
}

/* --- a stream of one batch: what an Arrow library would give ------------------------------- */

static const int64_t ids[] = {1, 2, 3};
static const int64_t starts[] = {1717140600000000, 1717227000000000, 1717230600000000};
static const int32_t ends[] = {0, 6, 10, 16};
static const char cities[] = "BerlinOsloMadrid";
static int batches_left;

static void release_schema(struct ArrowSchema *s)
{
    s->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    static const char *const names[] = {"id", "city", "start"};
    static const char *const formats[] = {"l", "u", "tsu:UTC"};
    static struct ArrowSchema columns[3], *children[] = {&columns[0], &columns[1], &columns[2]};
    (void)stream;
    for (int i = 0; i < 3; i++)
        columns[i] = (struct ArrowSchema){
            .format = formats[i], .name = names[i], .flags = 2, .release = release_schema};
    *out = (struct ArrowSchema){
        .format = "+s", .n_children = 3, .children = children, .release = release_schema};
    return 0;
}

static void release_array(struct ArrowArray *a)
{
    a->release = NULL;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    static const void *buffers[4][3] = {{0, ids}, {0, ends, cities}, {0, starts}, {0}};
    static struct ArrowArray columns[3], *children[] = {&columns[0], &columns[1], &columns[2]};
    (void)stream;
    *out = (struct ArrowArray){.release = NULL}; /* the end */
    if (batches_left-- == 0)
        return 0;
    for (int i = 0; i < 3; i++)
        columns[i] = (struct ArrowArray){.length = 3,
                                         .n_buffers = i == 1 ? 3 : 2,
                                         .buffers = buffers[i],
                                         .release = release_array};
    *out = (struct ArrowArray){.length = 3, .n_buffers = 1, .buffers = buffers[3], .n_children = 3};
    out->children = children;
    out->release = release_array;
    return 0;
}

static void release_stream(struct ArrowArrayStream *s)
{
    s->release = NULL;
}

/* --- the table ----------------------------------------------------------------------------- */

static firn_table *create(firn_catalog *catalog, const char *location)
{
    static const char *const parts[] = {"day(start)"};
    firn_schema_builder *b = NULL;
    firn_schema *schema = NULL;
    firn_table *table = NULL;
    check(firn_schema_builder_new(&b, &error));
    check(firn_schema_builder_add(b, "id", "long", FIRN_COLUMN_IDENTIFIER, "of the trip", &error));
    check(firn_schema_builder_add(b, "city", "string", 0, NULL, &error));
    check(firn_schema_builder_add(b, "start", "timestamptz", 0, NULL, &error));
    check(firn_schema_builder_build(b, &schema, &error));
    const firn_table_definition definition = {.size = sizeof definition,
                                              .schema = schema,
                                              .location = location,
                                              .partition_by = parts,
                                              .partition_by_count = 1};
    check(firn_table_create(catalog, NULL, "demo", "trips", &definition, &table, &error));
    firn_schema_free(schema);
    firn_schema_builder_free(b);
    return table;
}

static void add_column(firn_table *table)
{
    firn_transaction *tx = NULL;
    check(firn_transaction_begin(table, &tx, &error));
    check(firn_transaction_add_column(tx, "fare", "decimal(9,2)", "in euros", &error));
    check(firn_transaction_rename_column(tx, "city", "start_city", &error));
    check(firn_transaction_commit(tx, NULL, &error));
    firn_transaction_free(tx);
}

static void scan(firn_table *table)
{
    firn_scanner *scanner = NULL;
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    check(firn_scanner_new(table, &scanner, &error));
    check(firn_scanner_filter(
        scanner, firn_filter_compare("start", FIRN_LESS, firn_literal_text("2024-06-01T08:00:00Z")),
        &error));
    check(firn_scan(scanner, NULL, &stream, &error));
    while (stream.get_next(&stream, &batch) == 0 && batch.release) {
        const int64_t *id = batch.children[0]->buffers[1];
        const int32_t *end = batch.children[1]->buffers[1];
        const char *city = batch.children[1]->buffers[2];
        for (int64_t i = 0; i < batch.length; i++)
            printf("%lld %.*s\n", (long long)id[i], (int)(end[i + 1] - end[i]), city + end[i]);
        batch.release(&batch);
    }
    stream.release(&stream);
    firn_scanner_free(scanner);
}

int main(int argc, char **argv)
{
    struct ArrowArrayStream rows = {get_schema, get_next, NULL, release_stream, NULL};
    char file[4096], location[4096];
    firn_catalog *catalog = NULL;
    if (argc != 2 || argv[1][0] != '/')
        return fprintf(stderr, "usage: trips /FOLDER\n"), 2;
    snprintf(file, sizeof file, "%s/catalog.db", argv[1]);
    snprintf(location, sizeof location, "%s/demo/trips", argv[1]);
    check(firn_catalog_open_sqlite(file, "lake", 0, &catalog, &error));
    firn_table *table = create(catalog, location);
    batches_left = 1;
    check(firn_append(table, &rows, NULL, &error));
    add_column(table);
    scan(table);
    firn_table_close(table);
    firn_catalog_close(catalog);
    return 0;
}
