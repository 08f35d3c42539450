/* SPDX-License-Identifier: Apache-2.0 */
/* Small things that people type: times and names of --at, partition and sort terms, lists. */
#include "fuzz.h"

#include "iceberg/term.h"
#include "iceberg/travel.h"

const char *const fuzz_tokens[] = {
    "2026-11-01",
    " 10:00:00.123456",
    "T",
    "Z",
    "+02:00",
    " UTC",
    "bucket(16, ",
    "days(",
    "truncate(name, 4)",
    ")",
    "[16]",
    "\"",
    "\"\"",
    "`",
    " DESC",
    " ASC",
    " NULLS FIRST",
    " NULLS LAST",
    ",",
    "9223372036854775807",
    "main",
    ".",
    "-",
    NULL,
};

static void try_at(firn_str text)
{
    firn_err err = {0};
    firn_at at;
    int64_t ms;
    FIRN_AUTO(firn_buf_free) firn_buf out = FIRN_BUF((size_t)1 << 20);
    bool time = firn_at_time(text, &ms);
    if (!fuzz_ok(firn_at_parse(text, &at, &err), &err))
        return;
    fuzz_require(!time || at.kind == FIRN_AT_TIMESTAMP || at.kind == FIRN_AT_VERSION, "kind %d",
                 (int)at.kind);
    fuzz_require(firn_at_print(&at, &out, &err) == FIRN_OK && out.n, "%s", err.text);
}

static void try_list(firn_str text, firn_arena *a)
{
    firn_err err = {0};
    size_t n = 0;
    firn_str rest = text;
    while (rest.p) {
        firn_str item = firn_list_cut(&rest);
        firn_partition_term term;
        firn_sort_term sort;
        firn_str name;
        fuzz_require(n++ <= text.n, "more items than bytes");
        fuzz_require(!item.n || (item.p >= text.p && item.p + item.n <= text.p + text.n), "item");
        if (n > 50)
            continue;
        (void)fuzz_ok(firn_partition_term_parse(item, a, &term, &err), &err);
        (void)fuzz_ok(firn_sort_term_parse(item, a, &sort, &err), &err);
        (void)fuzz_ok(firn_name_unquote(item, a, &name, &err), &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_arena *a = fuzz_arena();
    firn_str text = {(const char *)data, size};
    try_at(text);
    if (size)
        try_list(text, a);
    fuzz_free(a, size, (size_t)1 << 20, 2000);
    return 0;
}
