/* SPDX-License-Identifier: Apache-2.0 */
/* Most of a small commit's time is spent on parsing JSON: Avro schemas, and metadata that was
 * printed a moment ago.  Here each schema is parsed once, and a tree that was printed is known by
 * its text: all writers share it, so whoever changes what is not his alone is found out.  The
 * linker puts these before the real ones (--wrap). */
#include "sim.h"

#include "base/hash.h"
#include "base/json.h"
#include "format/avro_int.h"

enum { MAX_SCHEMAS = 8, MAX_TREES = 256, WORTH_BYTES = 500 };

typedef struct known_schema {
    uint64_t hash;
    bool strict;
    const firn_avro_node *node;
} known_schema;

typedef struct known_tree {
    uint64_t hash;
    size_t n;
    json_t *tree;
} known_tree;

static known_schema schemas[MAX_SCHEMAS];
static size_t schema_count;
static bool schemas_closed;
static known_tree trees[MAX_TREES];
static size_t tree_count;

firn_code __real_firn_avro_schema_parse(firn_slice json, bool strict, firn_arena *a,
                                        const firn_avro_node **ret, firn_err *err);
firn_code __wrap_firn_avro_schema_parse(firn_slice json, bool strict, firn_arena *a,
                                        const firn_avro_node **ret, firn_err *err);
firn_code __real_firn_json_parse(firn_slice text, json_t **ret, firn_err *err);
firn_code __wrap_firn_json_parse(firn_slice text, json_t **ret, firn_err *err);
firn_code __real_firn_json_print(const json_t *j, int indent, firn_buf *out, firn_err *err);
firn_code __wrap_firn_json_print(const json_t *j, int indent, firn_buf *out, firn_err *err);

void sim_memo_close(void)
{
    schemas_closed = true;
}

void sim_memo_reset(void)
{
    for (size_t i = 0; i < tree_count; i++)
        json_decref(trees[i].tree);
    tree_count = 0;
}

firn_code __wrap_firn_avro_schema_parse(firn_slice json, bool strict, firn_arena *a,
                                        const firn_avro_node **ret, firn_err *err)
{
    uint64_t hash = firn_hash64(json.p, json.n);
    for (size_t i = 0; i < schema_count; i++) {
        if (schemas[i].hash != hash || schemas[i].strict != strict)
            continue;
        *ret = schemas[i].node;
        return FIRN_OK;
    }
    if (schemas_closed || schema_count == MAX_SCHEMAS)
        return __real_firn_avro_schema_parse(json, strict, a, ret, err);
    static firn_arena *forever;
    if (!forever)
        forever = firn_arena_new("schemas", 0);
    /* names in the schema point into the text */
    FIRN_TRY(
        __real_firn_avro_schema_parse(firn_arena_copy(forever, json), strict, forever, ret, err));
    schemas[schema_count++] = (known_schema){hash, strict, *ret};
    return FIRN_OK;
}

static void remember(uint64_t hash, size_t n, json_t *tree)
{
    if (tree_count < MAX_TREES)
        trees[tree_count++] = (known_tree){hash, n, json_incref(tree)};
}

firn_code __wrap_firn_json_parse(firn_slice text, json_t **ret, firn_err *err)
{
    uint64_t hash = firn_hash64(text.p, text.n);
    for (size_t i = 0; i < tree_count; i++) {
        if (trees[i].hash != hash || trees[i].n != text.n)
            continue;
        *ret = json_incref(trees[i].tree);
        return FIRN_OK;
    }
    FIRN_TRY(__real_firn_json_parse(text, ret, err));
    remember(hash, text.n, *ret);
    return FIRN_OK;
}

firn_code __wrap_firn_json_print(const json_t *j, int indent, firn_buf *out, firn_err *err)
{
    size_t before = out->n;
    FIRN_TRY(__real_firn_json_print(j, indent, out, err));
    size_t n = out->n - before;
    if (n >= WORTH_BYTES)
        remember(firn_hash64(out->p + before, n), n, (json_t *)(uintptr_t)j);
    return FIRN_OK;
}
