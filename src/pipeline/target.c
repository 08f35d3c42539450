/* SPDX-License-Identifier: Apache-2.0 */
/* Where and how a table's files are written: its properties say so, else the project. */
#include "pipeline/project_int.h"
#include "pipeline/writer.h"

#include "base/str.h"
#include "iceberg/metadata_int.h"

#include <string.h>

#define CODEC "write.parquet.compression-codec"

static firn_str property(const json_t *properties, const char *key)
{
    const json_t *v = json_object_get(properties, key);
    return json_is_string(v) ? firn_json_text(v) : (firn_str){NULL, 0};
}

static int64_t number(const json_t *properties, const char *key, int64_t otherwise)
{
    int64_t v = otherwise;
    firn_str text = property(properties, key);
    if (text.p)
        firn_str_i64(text, &v);
    return v;
}

static firn_write_format write_format(const firn_maintenance *m, const json_t *properties)
{
    firn_write_format f = {.compression = m->compression,
                           .compression_level = (int)m->compression_level,
                           .row_group_rows = m->row_group_rows,
                           .target_file_bytes = (int64_t)m->target_file_size};
    firn_str codec = property(properties, CODEC);
    bool known = firn_str_eqc(codec, "snappy") || firn_str_eqc(codec, "zstd") ||
                 firn_str_eqc(codec, "gzip") || firn_str_eqc(codec, "uncompressed");
    if (codec.p && known) {
        f.compression = codec;
        f.compression_level =
            (int)number(properties, "write.parquet.compression-level", f.compression_level);
    }
    f.target_file_bytes = number(properties, "write.target-file-size-bytes", f.target_file_bytes);
    return f;
}

/* --- a table to be created ----------------------------------------------------------------- */

/* What the project asks for, and how the files are compressed, so that others go on like that. */
static firn_code new_properties(const firn_table_conf *conf, const firn_maintenance *m,
                                firn_arena *a, firn_write_target *ret, const json_t **ret_json,
                                firn_err *err)
{
    size_t n = conf ? conf->property_count : 0;
    firn_property *list = firn_arena_array(a, n + 1, sizeof *list);
    json_t *json = json_object();
    if (!list || !json) {
        json_decref(json);
        return firn_raise_nomem(err);
    }
    FIRN_TRY(firn_json_keep(json, a, err));
    for (size_t i = 0; i < n; i++) {
        list[i] = conf->properties[i];
        FIRN_TRY(firn_json_set(json, list[i].key, firn_json_new_str(list[i].value), err));
    }
    if (!json_object_get(json, CODEC))
        list[n++] = (firn_property){CODEC, m->compression};
    ret->properties = list;
    ret->property_count = n;
    *ret_json = json;
    return FIRN_OK;
}

static firn_code new_location(const firn_project *project, firn_ident ident,
                              const firn_ingest *ingest, firn_arena *a, firn_str *ret,
                              firn_err *err)
{
    const char *folder;
    FIRN_TRY(firn_project_location(project, ident, ingest, a, &folder, err));
    const char *uri = firn_arena_printf(a, "file://%s", folder);
    if (!uri)
        return firn_arena_raise(a, err);
    *ret = firn_str_of(uri);
    return FIRN_OK;
}

/* --- folders ------------------------------------------------------------------------------- */

static firn_code check_folder(firn_ident ident, firn_str folder, const char *said, firn_err *err)
{
    firn_str path = firn_local_path(folder);
    if (path.n && path.p[0] == '/' && !memchr(path.p, '\0', path.n))
        return FIRN_OK;
    firn_raise(err, FIRN_E_UNSUPPORTED, "table %s.%s keeps its files in %s, by its %s",
               firn_quote(ident.ns).s, firn_quote(ident.name).s, firn_quote(folder).s,
               said ? said : "location");
    return firn_err_advise(err, "firn writes to folders of this machine: file:///…, or a path that "
                                "begins with a '/'");
}

firn_code firn_write_target_make(const firn_project *project, firn_ident ident,
                                 const firn_ingest *ingest, const firn_table_conf *conf,
                                 const firn_metadata *m, firn_arena *a, firn_write_target *ret,
                                 firn_err *err)
{
    firn_write_target t = {.metadata = m};
    const firn_maintenance *maintenance = firn_project_maintenance(project, ident.ns);
    const json_t *properties = m ? m->properties : NULL;
    if (m)
        t.location = m->location;
    else
        FIRN_TRY(new_location(project, ident, ingest, a, &t.location, err));
    if (!m)
        FIRN_TRY(new_properties(conf, maintenance, a, &t, &properties, err));
    t.format_version = conf && conf->format_version
                           ? conf->format_version
                           : firn_project_format_version(project, ident.ns);
    t.format = write_format(maintenance, properties);
    FIRN_TRY(firn_data_layout_read(t.location, properties, a, &t.layout, err));
    FIRN_TRY(firn_metadata_folder_of(t.location, properties, a, &t.metadata_folder, err));
    FIRN_TRY(check_folder(ident, t.layout.folder, t.layout.said, err));
    bool apart = property(properties, "write.metadata.path").p != NULL;
    FIRN_TRY(check_folder(ident, t.metadata_folder, apart ? "write.metadata.path" : NULL, err));
    *ret = t;
    return FIRN_OK;
}

firn_code firn_write_target_note(firn_context *run, const firn_write_target *t, firn_ident ident,
                                 firn_err *err)
{
    return firn_context_note_table(run, t->layout.folder, t->metadata_folder, ident, err);
}
