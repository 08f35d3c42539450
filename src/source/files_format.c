/* SPDX-License-Identifier: Apache-2.0 */
/* What files hold: by their names, else by their first bytes. */
#include "source/files.h"

#include "base/mem.h"
#include "base/str.h"
#include "format/bson.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define LOOK_BYTES ((size_t)64 << 10)

static const struct {
    const char *name;
    const char *endings[4];
} kinds[FIRN_FILE_KIND_COUNT] = {
    [FIRN_FILE_JSON] = {"json", {".json", ".jsonl", ".ndjson", ".geojson"}},
    [FIRN_FILE_CSV] = {"csv", {".csv", ".txt", ".psv"}},
    [FIRN_FILE_TSV] = {"tsv", {".tsv", ".tab"}},
    [FIRN_FILE_BSON] = {"bson", {".bson"}},
    [FIRN_FILE_PARQUET] = {"parquet", {".parquet", ".parq", ".pq"}},
};

const char *firn_file_kind_name(firn_file_kind kind)
{
    return kinds[kind].name;
}

/* --- by name ------------------------------------------------------------------------------- */

static bool ends_like(firn_str name, const char *ending)
{
    size_t n = strlen(ending);
    return name.n > n && strncasecmp(name.p + name.n - n, ending, n) == 0;
}

static firn_str without_compression(firn_str name)
{
    static const char *const endings[] = {".gz", ".zst", ".zstd"};
    for (size_t i = 0; i < FIRN_COUNT_OF(endings); i++)
        if (ends_like(name, endings[i]))
            return (firn_str){name.p, name.n - strlen(endings[i])};
    return name;
}

bool firn_file_kind_of_name(firn_str name, firn_file_kind *ret)
{
    firn_str bare = without_compression(name);
    for (size_t k = 0; k < FIRN_FILE_KIND_COUNT; k++)
        for (size_t i = 0; i < FIRN_COUNT_OF(kinds[k].endings) && kinds[k].endings[i]; i++)
            if (ends_like(bare, kinds[k].endings[i])) {
                *ret = (firn_file_kind)k;
                return true;
            }
    return false;
}

/* --- by content ---------------------------------------------------------------------------- */

firn_file_codec firn_file_codec_of(firn_slice head)
{
    /* the third byte as well: a document of BSON may be 0x8b1f bytes long */
    if (head.n >= 2 && head.p[0] == 0x1f && head.p[1] == 0x8b && (head.n == 2 || head.p[2] == 8))
        return FIRN_FILE_GZIP;
    if (head.n < 4)
        return FIRN_FILE_PLAIN;
    if (memcmp(head.p, "\x28\xb5\x2f\xfd", 4) == 0)
        return FIRN_FILE_ZSTD;
    bool skippable = (head.p[0] & 0xf0) == 0x50 && memcmp(head.p + 1, "\x2a\x4d\x18", 3) == 0;
    return skippable ? FIRN_FILE_ZSTD : FIRN_FILE_PLAIN;
}

firn_code firn_file_refuse_foreign(firn_slice head, firn_str name, firn_err *err)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *what;
        const char *advice;
    } others[] = {
        {"PK\3\4", 4, "a ZIP archive or a spreadsheet (.xlsx, .ods)",
         "unpack it, or save the sheet as CSV"},
        {"\xd0\xcf\x11\xe0", 4, "a spreadsheet (.xls)", "save the sheet as CSV"},
        {"PAR1", 4, "a Parquet file", "say format: parquet"},
        {"%PDF-", 5, "a PDF file", "ask for the data as CSV or JSON"},
        {"\xfd"
         "7zXZ",
         5, "compressed with xz", "xz -d it; gzip and zstd are read as they are"},
        {"\x04\x22\x4d\x18", 4, "compressed with lz4",
         "lz4 -d it; gzip and zstd are read as they are"},
        {"Obj\1", 4, "an Avro file", "write it as Parquet or JSON"},
        {"SQLite format 3", 16, "an SQLite database", "export its tables as CSV"},
        {"\x1f\x8b\x08", 3, "compressed twice", "gunzip it once"},
        {"\x28\xb5\x2f\xfd", 4, "compressed twice", "decompress it once"},
    };
    if (head.n >= 10 && memcmp(head.p, "BZh", 3) == 0 && memcmp(head.p + 4, "1AY&SY", 6) == 0) {
        firn_raise(err, FIRN_E_DATA, "file %s is compressed with bzip2", firn_quote(name).s);
        return firn_err_advise(err, "bunzip2 it; gzip and zstd are read as they are");
    }
    for (size_t i = 0; i < FIRN_COUNT_OF(others); i++) {
        if (head.n < others[i].n || memcmp(head.p, others[i].bytes, others[i].n) != 0)
            continue;
        firn_raise(err, FIRN_E_DATA, "file %s is %s", firn_quote(name).s, others[i].what);
        return firn_err_advise(err, "%s", others[i].advice);
    }
    return FIRN_OK;
}

static size_t look_gzip(firn_slice in, uint8_t *out, size_t cap)
{
    z_stream z = {0};
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return 0;
    z.next_in = (z_const Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    (void)inflate(&z, Z_SYNC_FLUSH);
    size_t n = cap - z.avail_out;
    inflateEnd(&z);
    return n;
}

static size_t look_zstd(firn_slice in, uint8_t *out, size_t cap)
{
    ZSTD_DStream *d = ZSTD_createDStream();
    ZSTD_inBuffer i = {in.p, in.n, 0};
    ZSTD_outBuffer o = {out, cap, 0};
    size_t state = d ? 1 : 0;
    while (state && !ZSTD_isError(state) && i.pos < i.size && o.pos < o.size)
        state = ZSTD_decompressStream(d, &o, &i);
    ZSTD_freeDStream(d);
    return o.pos;
}

static firn_file_kind kind_of_bytes(firn_slice head)
{
    size_t i = 0;
    if (head.n >= 4 && memcmp(head.p, "PAR1", 4) == 0)
        return FIRN_FILE_PARQUET;
    if (firn_bson_looks_like(head, false))
        return FIRN_FILE_BSON;
    if (head.n >= 3 && memcmp(head.p, "\xef\xbb\xbf", 3) == 0)
        i = 3;
    while (i < head.n && strchr(" \t\r\n", head.p[i]) && head.p[i])
        i++;
    bool json = i == head.n || head.p[i] == '{' || head.p[i] == '[';
    return json ? FIRN_FILE_JSON : FIRN_FILE_CSV;
}

static firn_code look_inside(const firn_source_file *file, firn_file_kind *ret, firn_err *err)
{
    uint8_t raw[4096];
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, raw, sizeof raw);
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return firn_raise_errno(err, why, "file %s", firn_quotec(file->path).s);
    firn_slice head = {raw, (size_t)n};
    firn_file_codec codec = firn_file_codec_of(head);
    if (codec == FIRN_FILE_PLAIN) {
        *ret = kind_of_bytes(head);
        return FIRN_OK;
    }
    uint8_t *plain = firn_mem_alloc(LOOK_BYTES);
    if (!plain)
        return firn_raise_nomem(err);
    size_t got = codec == FIRN_FILE_GZIP ? look_gzip(head, plain, LOOK_BYTES)
                                         : look_zstd(head, plain, LOOK_BYTES);
    *ret = kind_of_bytes((firn_slice){plain, got});
    firn_mem_free(plain);
    return FIRN_OK;
}

/* --- both ---------------------------------------------------------------------------------- */

static firn_code kind_of_word(firn_str word, firn_file_kind *ret, firn_err *err)
{
    for (size_t k = 0; k < FIRN_FILE_KIND_COUNT; k++)
        if (firn_str_eqc(word, kinds[k].name)) {
            *ret = (firn_file_kind)k;
            return FIRN_OK;
        }
    firn_raise(err, FIRN_E_CONFIG, "there is no format %s", firn_quote(word).s);
    return firn_err_advise(err, "formats are json, csv, tsv, bson and parquet");
}

static firn_code differ(const firn_source_file *x, firn_file_kind xk, const firn_source_file *y,
                        firn_file_kind yk, firn_err *err)
{
    firn_raise(err, FIRN_E_DATA, "file %s is %s and file %s is %s: a stream has one format",
               firn_quote(x->name).s, kinds[xk].name, firn_quote(y->name).s, kinds[yk].name);
    return firn_err_advise(err,
                           "give each format an entry of its own, with a glob such as *%s and "
                           "*%s; or say format: %s",
                           kinds[xk].endings[0], kinds[yk].endings[0], kinds[xk].name);
}

firn_code firn_files_kind(firn_env *env FIRN_UNUSED, const firn_source_file *files, size_t count,
                          firn_str word, firn_file_kind *ret, firn_err *err)
{
    size_t named = count; /* the first file whose name says it */
    firn_file_kind kind = FIRN_FILE_JSON;
    if (word.n)
        return kind_of_word(word, ret, err);
    for (size_t i = 0; i < count; i++) {
        firn_file_kind k;
        if (!firn_file_kind_of_name(files[i].name, &k))
            continue;
        if (named < count && k != kind)
            return differ(&files[named], kind, &files[i], k, err);
        if (named == count)
            named = i;
        kind = k;
    }
    for (size_t i = 0; named == count && i < count; i++) /* nothing to be seen in an empty one */
        if (files[i].stat.size || i + 1 == count) {
            FIRN_TRY(look_inside(&files[i], &kind, err));
            break;
        }
    *ret = kind;
    return FIRN_OK;
}

const firn_decoder_ops *firn_file_kind_decoder(firn_file_kind kind, firn_format_opt *opt)
{
    if (kind == FIRN_FILE_TSV && !opt->separator)
        opt->separator = '\t';
    return firn_decoder_find(firn_str_of(kind == FIRN_FILE_TSV ? "csv" : kinds[kind].name));
}
