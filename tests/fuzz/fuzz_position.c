/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps: a position that is read can be stamped again and is read as the same; moving a key that
 * is there as it is moves nothing else. */
#include "fuzz.h"

#include "iceberg/position.h"

const char *const fuzz_tokens[] = {
    "{\"v\":1,\"streams\":{\"a.b\":{\"seq\":17,\"parts\":{",
    "\"seq\":",
    "\"parts\":{",
    "\"v\":2",
    "\"firn.position\":",
    "\"firn.position-sha256\":",
    "\"firn.position-bytes\":",
    "\"operation\":",
    "\\\"",
    "}}}}",
    "9223372036854775807",
    "-1",
    "null",
    "[1,2]",
    NULL,
};

static bool stamp_of(const json_t *summary, firn_arena *a, json_t **ret)
{
    fuzz_io m;
    firn_err err = {0};
    fuzz_io_open(&m);
    const firn_snapshot s = {.snapshot_id = 1,
                             .parent_id = FIRN_NO_SNAPSHOT,
                             .manifest_list = FIRN_STR_LIT("/no such list"),
                             .summary = summary};
    *ret = NULL;
    bool ok = fuzz_ok(firn_position_of(&m.io, &s, a, ret, &err), &err);
    fuzz_io_close(&m);
    return ok && *ret;
}

/* Stamps a position; one that is short stands in the summary. */
static void stamp(const json_t *position, firn_arena *a)
{
    firn_err err = {0};
    firn_position_stamp made;
    json_t *again;
    json_t *summary = json_object();
    fuzz_require(summary, "no memory");
    fuzz_keep_json(summary, a);
    if (!fuzz_ok(firn_position_stamp_make(position, a, summary, &made, &err), &err) ||
        made.header_key)
        return;
    fuzz_require(stamp_of(summary, a, &again), "what was stamped is not there");
    fuzz_require(json_equal(again, position), "stamped otherwise");
}

static void move(json_t *root, firn_arena *a)
{
    firn_err err = {0};
    const firn_position p = {.state = FIRN_POSITION_FOUND, .root = root, .snapshot_id = 1};
    const firn_str stream = FIRN_STR_LIT("a.b");
    const firn_str part = FIRN_STR_LIT("p");
    int64_t seq = firn_position_seq(&p, stream);
    const firn_position_move moves[] = {
        {stream, part, firn_position_part(&p, stream, part), fuzz_json("[1]", a)}};
    json_t *next;
    if (!fuzz_ok(firn_position_advance(&p, moves, 1, a, &next, &err), &err))
        return;
    const firn_position q = {.state = FIRN_POSITION_FOUND, .root = next, .snapshot_id = 2};
    fuzz_require(firn_position_seq(&q, stream) == seq + 1, "from %lld to %lld", (long long)seq,
                 (long long)firn_position_seq(&q, stream));
    fuzz_require(json_equal(firn_position_part(&q, stream, part), moves[0].to), "not moved");
    stamp(next, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    json_t *position;
    json_t *root = NULL;
    json_t *summary = json_object();
    fuzz_require(summary, "no memory");
    fuzz_keep_json(summary, a);
    /* the text as the stamp; and as the whole summary */
    json_object_set_new(summary, "firn.position", json_stringn((const char *)data, size));
    if (stamp_of(summary, a, &position)) {
        stamp(position, a);
        move(position, a);
    }
    if (firn_json_parse((firn_slice){data, size}, &root, &err) == FIRN_OK) {
        fuzz_keep_json(root, a);
        if (json_is_object(root) && stamp_of(root, a, &position))
            move(position, a);
    }
    fuzz_free(a, size, (size_t)1 << 20, 2000);
    return 0;
}
