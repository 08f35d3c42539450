/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas, specs and types as texts: parse, print, parse gives the same; merging a schema with
 * itself changes nothing. */
#include "fuzz.h"

#include "iceberg/partition.h"
#include "iceberg/schema.h"

const char *const fuzz_tokens[] = {
    "{\"type\":\"struct\",\"schema-id\":0,\"fields\":[",
    "{\"id\":1,\"name\":\"a\",\"required\":",
    "{\"type\":\"list\",\"element-id\":3,\"element-required\":true,\"element\":",
    "{\"type\":\"map\",\"key-id\":4,\"key\":\"string\",\"value-id\":5,\"value-required\":false,",
    "\"value\":",
    "\"decimal(9,2)\"",
    "\"fixed[16]\"",
    "\"timestamptz\"",
    "\"timestamp_ns\"",
    "\"variant\"",
    "\"geometry\"",
    "\"unknown\"",
    "\"doc\":\"x\"",
    "\"initial-default\":1",
    "\"identifier-field-ids\":[1]",
    "{\"spec-id\":0,\"fields\":[",
    "\"transform\":\"bucket[4]\"",
    "\"source-id\":1",
    "\"field-id\":1000",
    "struct<a: int, b: list<string>>",
    "map<string, ",
    "decimal(38,9)",
    "timestamp with time zone",
    "bucket(16, a)",
    "day(ts)",
    ">",
    ",",
    "<",
    NULL,
};

static void schema_round_trip(const firn_schema *s, firn_arena *a)
{
    firn_err err = {0};
    json_t *j = NULL;
    firn_schema again;
    firn_type merged;
    bool changed;
    int32_t last = firn_schema_max_id(&s->type);
    fuzz_require(firn_schema_to_json(s, &j, &err) == FIRN_OK, "%s", err.text);
    fuzz_keep_json(j, a);
    fuzz_require(firn_schema_parse(j, a, &again, &err) == FIRN_OK, "%s", err.text);
    fuzz_require(firn_schema_same(&s->type, &again.type), "another schema");
    fuzz_require(again.identifier_count == s->identifier_count, "identifiers");
    if (fuzz_ok(firn_schema_merge(&s->type, &s->type, &last, a, &merged, &changed, &err), &err))
        fuzz_require(!changed && firn_schema_same(&s->type, &merged), "merged with itself");
    for (size_t i = 0; i < s->type.field_count; i++) {
        const firn_field *f = &s->type.fields[i];
        fuzz_require(firn_schema_field(&s->type, f->id) == f, "field %d", (int)f->id);
        fuzz_require(firn_schema_promotes(&f->type, &f->type), "a type becomes itself");
    }
}

static void spec_round_trip(const firn_spec *s, firn_arena *a)
{
    firn_err err = {0};
    json_t *j = NULL;
    firn_spec again;
    fuzz_require(firn_spec_fields_to_json(s, &j, &err) == FIRN_OK, "%s", err.text);
    fuzz_keep_json(j, a);
    fuzz_require(firn_spec_parse(j, s->spec_id, a, &again, &err) == FIRN_OK, "%s", err.text);
    fuzz_require(firn_spec_same(s, &again), "another spec");
}

static void try_json(firn_slice text, firn_arena *a)
{
    firn_err err = {0};
    json_t *j = NULL;
    firn_schema schema;
    firn_spec spec;
    if (!fuzz_ok(firn_json_parse(text, &j, &err), &err))
        return;
    fuzz_keep_json(j, a);
    if (fuzz_ok(firn_schema_parse(j, a, &schema, &err), &err))
        schema_round_trip(&schema, a);
    if (fuzz_ok(firn_spec_parse(j, 3, a, &spec, &err), &err))
        spec_round_trip(&spec, a);
}

static void try_type(firn_str text, firn_arena *a)
{
    firn_err err = {0};
    firn_type t;
    firn_type again;
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 24);
    if (!fuzz_ok(firn_type_parse(text, a, &t, &err), &err))
        return;
    fuzz_require(firn_type_print(&t, &out, &err) == FIRN_OK, "%s", err.text);
    fuzz_require(firn_type_parse(firn_buf_str(&out), a, &again, &err) == FIRN_OK, "%s: %s",
                 firn_buf_cstr(&out), err.text);
    fuzz_require(firn_type_eq(&t, &again), "another type: %s", firn_buf_cstr(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_slice text = {data, size};
    firn_arena *a = fuzz_arena();
    try_json(text, a);
    try_type(fuzz_str(text), a);
    (void)firn_transform_parse(fuzz_str(text));
    fuzz_free(a, size, (size_t)1 << 20, 4000);
    return 0;
}
