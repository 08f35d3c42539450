/* SPDX-License-Identifier: Apache-2.0 */
/* Deletes of other engines: which of them a scan finds for which file, and what becomes of them
 * when firn appends and replaces.  Rules: Iceberg table spec, "Scan Planning"; ICEBERG.md §7. */
#include "check.h"
#include "ice_help.h"
#include "lake_help.h"

#include "iceberg/scan.h"

/* A file of deletes in partition `kind`. */
static firn_data_file deletes_of(const char *path, const char *kind, firn_content content)
{
    static int32_t key = 1;
    firn_data_file f = file_of(path, kind, 2);
    f.content = content;
    f.sort_order_id = -1;
    f.first_row_id = f.content_offset = f.content_size_in_bytes = -1;
    if (content == FIRN_CONTENT_EQUALITY_DELETES) {
        f.equality_ids = &key;
        f.equality_id_count = 1;
    }
    return f;
}

static firn_data_file vector_of(const char *path, const char *kind, const char *file)
{
    firn_data_file f = deletes_of(path, kind, FIRN_CONTENT_POSITION_DELETES);
    f.file_format = s_("PUFFIN");
    f.referenced_data_file = s_(file);
    f.content_offset = 4;
    f.content_size_in_bytes = 40;
    return f;
}

/* Commits a manifest of deletes behind those that are there, as another engine does. */
static const firn_metadata *delete_rows(const firn_metadata *m, const char *name,
                                        const firn_data_file *files, size_t count, int64_t id)
{
    firn_manifest_file *old;
    size_t n;
    firn_manifest_entry entries[8];
    const firn_snapshot *now = firn_metadata_current(m);
    check_ok(firn_manifest_list_read(L.io, now, NULL, A, &old, &n, NULL, &E), &E);
    firn_manifest_file *list = firn_arena_array(A, n + 1, sizeof *list);
    memcpy(list, old, n * sizeof *list);
    for (size_t i = 0; i < count; i++)
        entries[i] = (firn_manifest_entry){.status = FIRN_ENTRY_ADDED,
                                           .snapshot_id = id,
                                           .sequence_number = -1,
                                           .file_sequence_number = -1,
                                           .file = files[i]};
    const char *path = firn_arena_printf(A, "%s/%s-%lld", L.dir, name, (long long)id);
    check_ok(firn_manifest_write(L.io, m, m->spec, s_(firn_arena_printf(A, "%s-m.avro", path)), id,
                                 entries, count, A, &list[n], &E),
             &E);
    const firn_manifest_list_head head = {.snapshot_id = id,
                                          .parent_id = now->snapshot_id,
                                          .sequence_number = m->last_sequence_number + 1,
                                          .metadata = m};
    const char *list_path = firn_arena_printf(A, "%s-l.avro", path);
    check_ok(firn_manifest_list_write(L.io, s_(list_path), &head, list, n + 1, &E), &E);
    json_t *s =
        json_pack("{s:I, s:I, s:I, s:I, s:{s:s}, s:s}", "snapshot-id", (json_int_t)id,
                  "parent-snapshot-id", (json_int_t)now->snapshot_id, "sequence-number",
                  (json_int_t)head.sequence_number, "timestamp-ms", (json_int_t)m->last_updated_ms,
                  "summary", "operation", "delete", "manifest-list", list_path);
    if (m->format_version >= 3) {
        json_object_set_new(s, "first-row-id", json_integer(m->next_row_id));
        json_object_set_new(s, "added-rows", json_integer(0));
    }
    firn_updates u = new_updates();
    check_ok(firn_update_snapshot(&u, s, &E), &E);
    check_ok(firn_update_ref(&u, "main", id, true, &E), &E);
    check_ok(commit_updates(m, name, &u), &E);
    return load(name);
}

/* "/a: d1 d2, /b:" of a scan, files and deletes in the order of their paths. */
static const char *found_in(const firn_metadata *m)
{
    firn_scan_plan plan;
    firn_buf out = FIRN_BUF(4096);
    const char *files[16];
    check_ok(firn_scan_plan_make(L.io, m, firn_metadata_current(m), NULL, A, &plan, &E), &E);
    for (size_t i = 0; i < plan.count; i++) {
        const firn_scan_file *f = &plan.files[i];
        const char *names[8];
        for (size_t k = 0; k < f->delete_count; k++) {
            assert_ptr_equal(plan.deletes[f->deletes[k]->place], f->deletes[k]);
            names[k] = firn_arena_printf(A, " %.*s", FIRN_STR_ARG(f->deletes[k]->file.file_path));
        }
        qsort(names, f->delete_count, sizeof *names, by_text);
        files[i] = firn_arena_printf(A, "%.*s:", FIRN_STR_ARG(f->file.file_path));
        for (size_t k = 0; k < f->delete_count; k++)
            files[i] = firn_arena_printf(A, "%s%s", files[i], names[k]);
    }
    qsort(files, plan.count, sizeof *files, by_text);
    for (size_t i = 0; i < plan.count; i++)
        check_ok(firn_buf_addf(&out, &E, "%s%s", i ? ", " : "", files[i]), &E);
    const char *text = firn_arena_strdup(A, firn_buf_cstr(&out));
    firn_buf_free(&out);
    return text;
}

static const firn_metadata *two_partitions(const char *name)
{
    const firn_metadata *m = create(name, "kind");
    const firn_data_file files[] = {file_of("/x1", "x", 10), file_of("/y1", "y", 10)};
    const firn_table_change c = change_of(m, name, FIRN_OP_APPEND, files, 2);
    check_ok(commit1(&c, NULL), &E);
    return load(name);
}

static const firn_metadata *append_to(const char *name, const char *path, const char *kind)
{
    const firn_data_file f = file_of(path, kind, 10);
    const firn_table_change c = change_of(load(name), name, FIRN_OP_APPEND, &f, 1);
    check_ok(commit1(&c, NULL), &E);
    return load(name);
}

static void deletes_are_found_by_partition_and_age(void **state FIRN_UNUSED)
{
    const firn_metadata *m = two_partitions("t");
    firn_data_file of_x1 = deletes_of("/d-x1", "y", FIRN_CONTENT_POSITION_DELETES);
    of_x1.referenced_data_file = s_("/x1"); /* by path, whatever its partition */
    const firn_data_file d[] = {deletes_of("/d-x", "x", FIRN_CONTENT_POSITION_DELETES),
                                deletes_of("/k-y", "y", FIRN_CONTENT_EQUALITY_DELETES),
                                deletes_of("/k-x", "x", FIRN_CONTENT_EQUALITY_DELETES), of_x1};
    m = delete_rows(m, "t", d, 4, 77);
    assert_string_equal(found_in(m), "/x1: /d-x /d-x1 /k-x, /y1: /k-y");
    m = append_to("t", "/x2", "x");
    assert_string_equal(found_in(m), "/x1: /d-x /d-x1 /k-x, /x2:, /y1: /k-y");
    const firn_data_file later = deletes_of("/late", "x", FIRN_CONTENT_EQUALITY_DELETES);
    m = delete_rows(m, "t", &later, 1, 78);
    assert_string_equal(found_in(m), "/x1: /d-x /d-x1 /k-x /late, /x2: /late, /y1: /k-y");
}

static void a_vector_stands_for_all_positions(void **state FIRN_UNUSED)
{
    const firn_metadata *m = two_partitions("t");
    const firn_data_file d = deletes_of("/d-x", "x", FIRN_CONTENT_POSITION_DELETES);
    m = delete_rows(m, "t", &d, 1, 77);
    firn_updates u = new_updates();
    check_ok(firn_update_format_version(&u, 3, &E), &E);
    check_ok(commit_updates(m, "t", &u), &E);
    m = load("t");
    const firn_data_file v[] = {vector_of("/v", "x", "/x1"),
                                deletes_of("/k-x", "x", FIRN_CONTENT_EQUALITY_DELETES)};
    m = delete_rows(m, "t", v, 2, 78);
    assert_string_equal(found_in(m), "/x1: /k-x /v, /y1:");
}

static firn_code count_status(void *arg, const firn_manifest_entry *e, bool *stop FIRN_UNUSED,
                              firn_err *err FIRN_UNUSED)
{
    ((int64_t *)arg)[e->status]++;
    return FIRN_OK;
}

static int64_t entries_of(const firn_metadata *m, firn_entry_status status, bool deletes)
{
    firn_manifest_file *list;
    size_t n;
    int64_t counts[3] = {0};
    check_ok(firn_manifest_list_read(L.io, firn_metadata_current(m), NULL, A, &list, &n, NULL, &E),
             &E);
    for (size_t i = 0; i < n; i++)
        if (list[i].deletes == deletes)
            check_ok(
                firn_manifest_read(L.io, m, &list[i], FIRN_DETAIL_ALL, count_status, counts, &E),
                &E);
    return counts[status];
}

/* The deletes of the partitions that are replaced go with them, those of others stay. */
static void partitions_are_replaced_with_their_deletes(void **state FIRN_UNUSED)
{
    const firn_metadata *m = two_partitions("t");
    const firn_data_file d[] = {deletes_of("/d-x", "x", FIRN_CONTENT_POSITION_DELETES),
                                deletes_of("/d-y", "y", FIRN_CONTENT_POSITION_DELETES),
                                deletes_of("/k-x", "x", FIRN_CONTENT_EQUALITY_DELETES)};
    m = delete_rows(m, "t", d, 3, 77);
    const firn_data_file f = file_of("/x2", "x", 3);
    const firn_table_change c = change_of(m, "t", FIRN_OP_REPLACE_PARTITIONS, &f, 1);
    check_ok(commit1(&c, NULL), &E);
    m = load("t");
    assert_string_equal(found_in(m), "/x2:, /y1: /d-y");
    check_i64(entries_of(m, FIRN_ENTRY_DELETED, true), 2);
    check_i64(entries_of(m, FIRN_ENTRY_EXISTING, true), 1);
    assert_string_equal(summary_of(m, "removed-delete-files"), "2");
    assert_string_equal(summary_of(m, "removed-position-deletes"), "2");
    assert_string_equal(summary_of(m, "removed-equality-deletes"), "2");
    assert_string_equal(summary_of(m, "deleted-data-files"), "1");
}

static void a_table_is_replaced_with_its_deletes(void **state FIRN_UNUSED)
{
    const firn_metadata *m = two_partitions("t");
    const firn_data_file d[] = {deletes_of("/d-x", "x", FIRN_CONTENT_POSITION_DELETES),
                                deletes_of("/k-y", "y", FIRN_CONTENT_EQUALITY_DELETES)};
    m = delete_rows(m, "t", d, 2, 77);
    const firn_data_file f = file_of("/n", "x", 3);
    const firn_table_change c = change_of(m, "t", FIRN_OP_REPLACE, &f, 1);
    check_ok(commit1(&c, NULL), &E);
    m = load("t");
    assert_string_equal(found_in(m), "/n:");
    check_i64(entries_of(m, FIRN_ENTRY_DELETED, true), 2);
    assert_string_equal(summary_of(m, "total-delete-files"), "0");
    m = append_to("t", "/n2", "y");
    check_i64(entries_of(m, FIRN_ENTRY_DELETED, true), 0);
}

/* ICEBERG.md §4.2: the manifests of one snapshot get running ids, those that have them keep them.
 */
static void rows_get_ids_once(void **state FIRN_UNUSED)
{
    const firn_metadata *m = two_partitions("t"); /* 10 + 10 rows */
    firn_updates u = new_updates();
    check_ok(firn_update_format_version(&u, 3, &E), &E);
    check_ok(commit_updates(m, "t", &u), &E);
    m = append_to("t", "/x2", "x");
    check_i64(m->next_row_id, 30);
    m = append_to("t", "/y2", "y");
    check_i64(m->next_row_id, 40);
    check_i64(firn_metadata_current(m)->first_row_id, 30);
    check_i64(firn_metadata_current(m)->added_rows, 10);
    firn_scan_plan plan;
    check_ok(firn_scan_plan_make(L.io, m, firn_metadata_current(m), NULL, A, &plan, &E), &E);
    bool seen[4] = {false};
    for (size_t i = 0; i < plan.count; i++) {
        check_i64(plan.files[i].file.first_row_id % 10, 0);
        assert_false(seen[plan.files[i].file.first_row_id / 10]);
        seen[plan.files[i].file.first_row_id / 10] = true;
        if (firn_str_eqc(plan.files[i].file.file_path, "/y2"))
            check_i64(plan.files[i].file.first_row_id, 30);
    }
    assert_int_equal(plan.count, 4);
    /* a manifest that is rewritten writes them down */
    const firn_data_file f = file_of("/x3", "x", 5);
    const firn_table_change c = change_of(m, "t", FIRN_OP_REPLACE_PARTITIONS, &f, 1);
    check_ok(commit1(&c, NULL), &E);
    m = load("t");
    check_ok(firn_scan_plan_make(L.io, m, firn_metadata_current(m), NULL, A, &plan, &E), &E);
    for (size_t i = 0; i < plan.count; i++) {
        const firn_data_file *x = &plan.files[i].file;
        if (firn_str_eqc(x->file_path, "/y2"))
            check_i64(x->first_row_id, 30);
        if (firn_str_eqc(x->file_path, "/x3"))
            assert_true(x->first_row_id >= 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAKE_TEST(deletes_are_found_by_partition_and_age),
        LAKE_TEST(a_vector_stands_for_all_positions),
        LAKE_TEST(partitions_are_replaced_with_their_deletes),
        LAKE_TEST(a_table_is_replaced_with_its_deletes),
        LAKE_TEST(rows_get_ids_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
