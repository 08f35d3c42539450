/* SPDX-License-Identifier: Apache-2.0 */
/* avro_tool — lets avro_crosscheck.py look at what firn reads and writes.
 *
 *   avro_tool dump FILE            one JSON line a record: a record is an array of its fields
 *                                  that have ids, bytes and texts are hex, floats their bits
 *   avro_tool rewrite IN OUT CODEC the same schema, metadata and records, written by firn
 *                                  (every field needs an id) */
#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "format/avro.h"

#include <stdio.h>
#include <string.h>

#define MAX_FILE_BYTES  ((size_t)1 << 30)
#define MAX_BLOCK_BYTES ((size_t)256 << 20)

typedef struct wants {
    firn_avro_want *v;
    size_t n;
} wants;

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static void close_reader(firn_avro_reader **r)
{
    firn_avro_close(*r);
}

static firn_code load(const char *path, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(close_file) FILE *f = fopen(path, "rbe");
    if (!f)
        return firn_raise(err, FIRN_E_NOTFOUND, "open %s", firn_quotec(path).s);
    char piece[65536];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        FIRN_TRY(firn_buf_add(out, piece, n, err));
    return FIRN_OK;
}

/* --- everything that has an id is wanted --------------------------------------------------- */

static firn_code wants_of(const json_t *type, firn_arena *a, wants *ret, firn_err *err);

static firn_code wants_of_fields(const json_t *fields, firn_arena *a, wants *ret, firn_err *err)
{
    wants w = {firn_arena_array(a, json_array_size(fields), sizeof *w.v), 0};
    if (!w.v)
        return firn_arena_raise(a, err);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        int64_t id;
        wants inner = {0};
        FIRN_TRY(firn_json_opt_i64(field, "field-id", -1, &id, err));
        if (id < 0)
            continue;
        FIRN_TRY(wants_of(json_object_get(field, "type"), a, &inner, err));
        w.v[w.n++] = (firn_avro_want){(int32_t)id, inner.v, inner.n};
    }
    *ret = w;
    return FIRN_OK;
}

static firn_code wants_of(const json_t *type, firn_arena *a, wants *ret, firn_err *err)
{
    for (size_t i = 0; i < json_array_size(type); i++)
        FIRN_TRY(wants_of(json_array_get(type, i), a, ret, err));
    if (!json_is_object(type))
        return FIRN_OK;
    const json_t *fields = json_object_get(type, "fields");
    if (fields)
        return wants_of_fields(fields, a, ret, err);
    const json_t *item = json_object_get(type, "items");
    if (!item)
        item = json_object_get(type, "values");
    return item ? wants_of(item, a, ret, err) : FIRN_OK;
}

static firn_code open_all(firn_slice file, firn_arena *a, firn_avro_reader **ret, firn_err *err)
{
    FIRN_TRY(firn_avro_open(file, MAX_BLOCK_BYTES, a, ret, err));
    FIRN_AUTO(firn_json_unref) json_t *schema = NULL;
    FIRN_TRY(firn_json_parse(firn_avro_meta(*ret, "avro.schema"), &schema, err));
    wants w = {0};
    FIRN_TRY(wants_of(schema, a, &w, err));
    return firn_avro_project(*ret, w.v, w.n, err);
}

/* --- dump ---------------------------------------------------------------------------------- */

static void print_hex(const void *p, size_t n)
{
    const uint8_t *b = p;
    putchar('"');
    for (size_t i = 0; i < n; i++)
        printf("%02x", b[i]);
    putchar('"');
}

static void print_value(const firn_avro_value *v, unsigned depth)
{
    uint64_t bits = 0;
    switch (v->kind) {
    case FIRN_AVRO_NULL:
        printf("null");
        return;
    case FIRN_AVRO_BOOLEAN:
        printf(v->u.b ? "true" : "false");
        return;
    case FIRN_AVRO_LONG:
        printf("%lld", (long long)v->u.i);
        return;
    case FIRN_AVRO_FLOAT:
        memcpy(&bits, &v->u.f, sizeof v->u.f);
        printf("\"f%08llx\"", (unsigned long long)bits);
        return;
    case FIRN_AVRO_DOUBLE:
        memcpy(&bits, &v->u.d, sizeof v->u.d);
        printf("\"d%016llx\"", (unsigned long long)bits);
        return;
    case FIRN_AVRO_BYTES:
        print_hex(v->u.bytes.p, v->u.bytes.n);
        return;
    case FIRN_AVRO_RECORD:
    case FIRN_AVRO_ARRAY:
    case FIRN_AVRO_MAP:
        break;
    }
    putchar('[');
    for (size_t i = 0; depth < 100 && i < v->u.items.n; i++) {
        if (i)
            putchar(',');
        print_value(&v->u.items.v[i], depth + 1);
    }
    putchar(']');
}

static firn_code dump(const char *path, firn_arena *a, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MAX_FILE_BYTES);
    FIRN_AUTO(close_reader) firn_avro_reader *r = NULL;
    FIRN_TRY(load(path, &file, err));
    FIRN_TRY(open_all(firn_buf_slice(&file), a, &r, err));
    for (;;) {
        firn_avro_value v;
        bool end;
        FIRN_TRY(firn_avro_next(r, a, &v, &end, err));
        if (end)
            return FIRN_OK;
        print_value(&v, 0);
        putchar('\n');
    }
}

/* --- rewrite ------------------------------------------------------------------------------- */

static firn_code codec_of(const char *name, firn_avro_codec *ret, firn_err *err)
{
    static const char *const names[] = {"null", "deflate", "zstandard", "snappy"};
    for (size_t i = 0; i < FIRN_COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (firn_avro_codec)i;
            return FIRN_OK;
        }
    }
    return firn_raise(err, FIRN_E_USAGE, "no codec %s", firn_quotec(name).s);
}

static firn_code copy_records(firn_avro_reader *r, firn_avro_writer *w, firn_arena *a,
                              firn_err *err)
{
    for (;;) {
        firn_avro_value v;
        bool end;
        FIRN_TRY(firn_avro_next(r, a, &v, &end, err));
        if (end)
            return firn_avro_finish(w, err);
        FIRN_TRY(firn_avro_write(w, &v, err));
    }
}

static firn_code start_writer(const firn_avro_reader *r, const char *codec_name, firn_buf *out,
                              firn_arena *a, firn_avro_writer **ret, firn_err *err)
{
    static const char *const keys[] = {"schema",         "schema-id",         "partition-spec",
                                       "format-version", "content",           "partition-spec-id",
                                       "snapshot-id",    "first-row-id",      "sequence-number",
                                       "iceberg.schema", "parent-snapshot-id"};
    static const uint8_t sync[16] = "sixteen bytes..";
    firn_avro_meta_entry meta[FIRN_COUNT_OF(keys)];
    size_t n = 0;
    firn_avro_codec codec = FIRN_AVRO_CODEC_NULL;
    FIRN_TRY(codec_of(codec_name, &codec, err));
    for (size_t i = 0; i < FIRN_COUNT_OF(keys); i++) {
        firn_slice value = firn_avro_meta(r, keys[i]);
        if (value.p)
            meta[n++] = (firn_avro_meta_entry){keys[i], value};
    }
    firn_slice schema = firn_avro_meta(r, "avro.schema");
    return firn_avro_writer_new((firn_str){(const char *)schema.p, schema.n}, meta, n, codec, sync,
                                out, a, ret, err);
}

static firn_code store(const char *path, const firn_buf *out, firn_err *err)
{
    FIRN_AUTO(close_file) FILE *f = fopen(path, "wbe");
    if (!f || fwrite(out->p, 1, out->n, f) != out->n)
        return firn_raise(err, FIRN_E_IO, "write %s", firn_quotec(path).s);
    return FIRN_OK;
}

static firn_code rewrite(const char *in, const char *to, const char *codec, firn_arena *a,
                         firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf file = FIRN_BUF(MAX_FILE_BYTES);
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF(MAX_FILE_BYTES);
    FIRN_AUTO(close_reader) firn_avro_reader *r = NULL;
    firn_avro_writer *w = NULL;
    FIRN_TRY(load(in, &file, err));
    FIRN_TRY(open_all(firn_buf_slice(&file), a, &r, err));
    FIRN_TRY(start_writer(r, codec, &out, a, &w, err));
    FIRN_TRY(copy_records(r, w, a, err));
    return store(to, &out, err);
}

int main(int argc, char **argv)
{
    firn_err err = {0};
    firn_arena *a = firn_arena_new("avro_tool", 0);
    firn_code code = FIRN_E_USAGE;
    if (a && argc == 3 && strcmp(argv[1], "dump") == 0)
        code = dump(argv[2], a, &err);
    else if (a && argc == 5 && strcmp(argv[1], "rewrite") == 0)
        code = rewrite(argv[2], argv[3], argv[4], a, &err);
    else
        firn_raise(&err, code, "avro_tool dump FILE | rewrite IN OUT CODEC");
    firn_arena_free(a);
    if (code == FIRN_OK)
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return firn_code_policy_of(code)->exit_status;
}
